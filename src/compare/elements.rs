//! List elements that each side names after its own environment, such as `regcred-dev` and `regcred-prod`.
//!
//! A diff sees one element removed and another added. They are the same element: its name only says
//! which environment it is in, so its contents are compared.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::classify::Classified;
use super::diff::{By, Change, ChangeKind, Step, diff_elements, is_in_order};
use super::identity::may_name;
use super::pair::{OwnWords, without};
use super::steps::keyed_path;
use crate::catalog::Class;
use crate::naming::is_taken;
use crate::path::Path;
use crate::resource::Resource;
use crate::yaml::Node;

/// The words that each side may use for itself: pairs of a word of the base and one of the overlay.
#[derive(Debug)]
pub(super) struct OwnNames(Vec<(String, String)>);

impl OwnNames {
    /// Pairs each name that the base may have with that of the overlay, and adds the words that names of resources hold.
    pub(super) fn of(early: &[&str], late: &str, words: Option<&OwnWords>) -> Self {
        let names = early.iter().map(|early| (*early, late));
        let words = words.map(|words| (words.base.as_str(), words.overlay.as_str()));
        let is_name = |name: &str| !name.is_empty() && !is_taken(name);
        let all = names.chain(words);
        let all = all.filter(|(early, late)| is_name(early) && is_name(late));
        let all = all.map(|(early, late)| (early.to_owned(), late.to_owned()));
        Self(all.collect())
    }
}

/// Changes of one resource, in which elements that each side names after itself are one.
#[derive(Debug, Default)]
pub(super) struct Paired<'a> {
    /// The changes; a removed and an added element of a keyed list that are one are replaced by the differences inside.
    pub changes: Vec<Classified<'a>>,
    /// The indices of changes in lists of plain texts that say the same on both sides, each with its own name.
    pub named: BTreeSet<usize>,
}

/// Pairs the removed and the added elements of each list.
pub(super) fn pair<'a>(
    changes: Vec<Classified<'a>>,
    resource: &Resource<'_>,
    names: &OwnNames,
    classify: impl Fn(Change<'a>) -> Classified<'a>,
) -> Paired<'a> {
    let mut inside: HashMap<usize, Vec<Change<'a>>> = HashMap::new();
    let (mut inner, mut texts) = (HashSet::new(), HashSet::new());
    for list in lists(&changes, resource.kind()).values() {
        for (gone, new) in list.pairs(&changes, resource, names) {
            let (before, after) = (&changes[gone].change, &changes[new].change);
            if let Some(differences) = diff_elements(resource, before, after) {
                inside.insert(gone, differences);
                inner.insert(new);
            } else if is_text(before.base) && is_text(after.overlay) {
                texts.extend([gone, new]);
            }
        }
    }
    let mut paired = Paired::default();
    for (at, one) in changes.into_iter().enumerate() {
        if let Some(differences) = inside.remove(&at) {
            let classified = differences.into_iter().map(&classify);
            paired.changes.extend(classified);
        } else if !inner.contains(&at) {
            if texts.contains(&at) {
                paired.named.insert(paired.changes.len());
            }
            paired.changes.push(one);
        }
    }
    paired
}

fn is_text(node: Option<Node<'_>>) -> bool {
    node.and_then(Node::as_str).is_some()
}

/// The changes of whole elements of one list, by their indices, in the order of the elements.
#[derive(Debug, Default)]
struct List {
    gone: Vec<usize>,
    new: Vec<usize>,
}

/// The lists that have both lost and gained elements with names.
fn lists<'a>(changes: &[Classified<'a>], kind: &str) -> BTreeMap<Path<'a>, List> {
    let mut lists: BTreeMap<Path<'a>, List> = BTreeMap::new();
    for (at, one) in changes.iter().enumerate() {
        let Some((Step::Element { by, .. }, way)) = one.change.steps.split_last() else {
            continue;
        };
        if !matches!(by, By::Keys(_) | By::Value(_)) || !has_names(one, kind) {
            continue;
        }
        let list = lists.entry(keyed_path(way)).or_default();
        match one.change.kind {
            ChangeKind::Removed => list.gone.push(at),
            ChangeKind::Added => list.new.push(at),
            ChangeKind::Modified | ChangeKind::Reordered => {}
        }
    }
    lists.retain(|_, list| !list.gone.is_empty() && !list.new.is_empty());
    lists
}

/// Whether a list may name its elements after the environment: variables, ports and containers have names for their own sake.
fn has_names(one: &Classified<'_>, kind: &str) -> bool {
    let list = one.change.fields().next_back().unwrap_or_default();
    let list = list.to_ascii_lowercase();
    let is_own = ["containers", "ports", "variables"];
    let is_own = is_own.iter().any(|own| list.ends_with(own)) || list.contains("env");
    one.class == Class::Other && !is_own && may_name(&one.change, one.class, kind)
}

/// The texts that identify an element, with gaps in place of the name of its side.
type Gapped<'a> = Vec<(&'static str, Vec<Option<&'a str>>)>;

impl List {
    /// The removed and the added elements that say the same, each with its own name, if there is one of each.
    fn pairs(
        &self,
        changes: &[Classified<'_>],
        resource: &Resource<'_>,
        OwnNames(names): &OwnNames,
    ) -> Vec<(usize, usize)> {
        let mut found = BTreeSet::new();
        for (base, overlay) in names {
            let gone = sole(changes, &self.gone, base);
            let new = sole(changes, &self.new, overlay);
            let pairs = gone.iter().filter_map(|(key, gone)| {
                let new = new.get(key)?;
                Some(((*gone)?, (*new)?))
            });
            found.extend(pairs);
        }
        let mut counts: HashMap<usize, usize> = HashMap::new();
        for at in found.iter().flat_map(|(gone, new)| [gone, new]) {
            *counts.entry(*at).or_default() += 1;
        }
        found.retain(|pair| counts[&pair.0] == 1 && counts[&pair.1] == 1);
        let pairs: Vec<_> = found.into_iter().collect();
        let Some((first, _)) = pairs.first() else {
            return pairs;
        };
        if is_in_order(resource, &changes[*first].change) && !self.are_in_place(changes, &pairs) {
            return Vec::new();
        }
        pairs
    }

    /// Whether each added element is where the removed one was.
    fn are_in_place(&self, changes: &[Classified<'_>], pairs: &[(usize, usize)]) -> bool {
        // The number of elements before this one that both sides have.
        let before = |all: &[usize], at: usize| {
            let index = match changes[at].change.steps.last()? {
                Step::Element { base, overlay, .. } => base.or(*overlay)?,
                Step::Field(_) => return None,
            };
            index.checked_sub(all.binary_search(&at).ok()?)
        };
        let is_in_place = |&(gone, new): &(usize, usize)| {
            let kept = before(&self.gone, gone);
            kept.is_some() && kept == before(&self.new, new)
        };
        pairs.iter().all(is_in_place) && pairs.windows(2).all(|two| two[0].1 < two[1].1)
    }
}

/// The elements that hold a name, by what else they say; `None` if several say the same.
fn sole<'a>(
    changes: &[Classified<'a>],
    list: &[usize],
    name: &str,
) -> HashMap<Gapped<'a>, Option<usize>> {
    let mut all = HashMap::new();
    for &at in list {
        if let Some(key) = gapped_key(&changes[at].change, name) {
            let place = all.entry(key);
            place.and_modify(|one| *one = None).or_insert(Some(at));
        }
    }
    all
}

/// The texts that identify an element, with gaps for a name; `None` if it does not hold the name.
fn gapped_key<'a>(change: &Change<'a>, name: &str) -> Option<Gapped<'a>> {
    let Some(Step::Element { by, .. }) = change.steps.last() else {
        return None;
    };
    let texts = match by {
        By::Keys(keys) => keys.clone(),
        By::Value(text) => vec![("", *text)],
        _ => return None,
    };
    let mut is_named = false;
    let gaps = texts.into_iter().map(|(key, text)| {
        let gapped = without(text, name);
        is_named |= gapped.is_some();
        (key, gapped.unwrap_or_else(|| vec![Some(text)]))
    });
    let gaps = gaps.collect();
    is_named.then_some(gaps)
}
