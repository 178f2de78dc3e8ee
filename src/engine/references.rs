//! References by name follow a resource that is renamed.
//!
//! kustomize does this once, at the end of a build, when all names are known.

use std::collections::{BTreeSet, HashMap};

use super::item::{Id, Item, To};
use super::piece::{Body, Lost, Mark, Piece, lose, spend};
use super::reach::{Kinds, Referred, Spec};
use super::transform::{Astray, each_at};
use super::unknown::Reason;

/// A resource that others may refer to, reduced to the parts that matter.
struct Candidate {
    group: String,
    version: String,
    kind: String,
    /// Its earlier identities: kind, name, and the first namespace.
    before: Vec<Id>,
    first_within: String,
    within: String,
    namespace: String,
    name: String,
    is_cluster_wide: bool,
    prefixes: Vec<String>,
    suffixes: Vec<String>,
    /// The mark that gave it its current name.
    renamed: Mark,
}

impl Candidate {
    fn of(item: &Item) -> Self {
        let affixes = |is_prefix: bool| {
            let forgotten = item.forgotten.as_ref().map_or(0, |one| one.reaches);
            let known = item.reach.iter().skip(forgotten);
            let all = known.filter_map(|reach| match &reach.to {
                To::Prefix(text) if is_prefix => Some(text.clone()),
                To::Suffix(text) if !is_prefix => Some(text.clone()),
                _ => None,
            });
            all.collect()
        };
        let last = item
            .reach
            .iter()
            .rev()
            .find(|reach| matches!(reach.to, To::Prefix(_) | To::Suffix(_)));
        Self {
            group: item.group.clone(),
            version: item.version.clone(),
            kind: item.kind.clone(),
            before: item.before().to_vec(),
            first_within: item.effective(item.original()).to_owned(),
            within: item.effective(item.id()).to_owned(),
            namespace: item.namespace().to_owned(),
            name: item.name().to_owned(),
            is_cluster_wide: item.is_cluster_wide(),
            prefixes: affixes(true),
            suffixes: affixes(false),
            renamed: last
                .map(|reach| reach.mark)
                .or(item.named)
                .unwrap_or(item.origin),
        }
    }

    /// Whether it once was one of these.
    fn was(&self, kinds: &Kinds) -> bool {
        let mut before = self.before.iter();
        before.any(|id| kinds.have(&self.group, &self.version, &id.kind))
    }

    fn is_affixed_like(&self, other: &Self, empty_fits: bool) -> bool {
        let fit = |ours: &[String], theirs: &[String]| {
            empty_fits && (ours.is_empty() || theirs.is_empty()) || ends_alike(ours, theirs)
        };
        fit(&self.prefixes, &other.prefixes) && fit(&self.suffixes, &other.suffixes)
    }
}

/// Whether the shorter of two lists is the end of the longer one; an empty list matches only
/// itself.
fn ends_alike(one: &[String], other: &[String]) -> bool {
    let (short, long) = if one.len() > other.len() {
        (other, one)
    } else {
        (one, other)
    };
    short.is_empty() == long.is_empty() && long.ends_with(short)
}

/// All candidates, with an index.
struct Known {
    all: Vec<Candidate>,
    /// The candidates by each name that they once had.
    called: HashMap<String, Vec<usize>>,
}

/// Updates all references, and notes those that kustomize does not accept.
pub(super) fn follow(
    items: &mut [Item],
    names: &[Referred],
    budget: &mut usize,
    unknown: &mut Vec<Lost>,
) -> Option<()> {
    let mut known = Known {
        all: items.iter().map(Candidate::of).collect(),
        called: HashMap::new(),
    };
    for (at, candidate) in known.all.iter().enumerate() {
        for id in &candidate.before {
            let called = known.called.entry(id.name.clone()).or_default();
            if called.last() != Some(&at) {
                called.push(at);
            }
        }
    }
    for (at, item) in items.iter_mut().enumerate() {
        let first = item.original().kind.clone();
        let reachable = Reachable::of(item);
        if let Some(mark) = odd_subject(item) {
            lose(unknown, Reason::Type, "subjects", Some(mark));
        }
        let role = role(item);
        for referred in names {
            for spec in &referred.by {
                if !spec.of.have(&item.group, &item.version, &first) {
                    continue;
                }
                spend(budget, 1)?;
                let asks_role = spec
                    .path
                    .ends_with(&["roleRef".to_owned(), "name".to_owned()]);
                let search = Search {
                    known: &known,
                    referrer: at,
                    reachable: &reachable,
                    to: &referred.to,
                    role: role.as_ref().filter(|_| asks_role),
                };
                search.run(item, spec, budget, unknown)?;
            }
        }
    }
    Some(())
}

/// A subject of a binding on which kustomize crashes.
fn odd_subject(item: &Item) -> Option<Mark> {
    let subjects = item
        .root
        .get("subjects")
        .filter(|_| item.kind == "RoleBinding");
    let mut subjects = subjects.map_or(&[][..], Piece::items).iter();
    let is_text = |piece: &Piece| piece.as_str().is_some();
    let is_odd = |one: &&Piece| match (one.get("namespace"), one.get("kind")) {
        (Some(within), Some(kind)) => !is_text(kind) || !is_text(within),
        _ => !matches!(one.body, Body::Map(_)),
    };
    subjects.find(is_odd).map(|one| one.mark)
}

/// The kind that the `roleRef` of a binding names.
fn role(item: &Item) -> Option<Kinds> {
    let text = |key: &str| item.root.at(&["roleRef", key]).and_then(Piece::scalar_text);
    Some(Kinds {
        group: text("apiGroup")?,
        version: String::new(),
        kind: text("kind")?,
    })
}

/// The resources that one resource can refer to.
struct Reachable {
    is_cluster_wide: bool,
    within: String,
    /// The namespaces of the accounts that a binding names.
    accounts: BTreeSet<String>,
}

impl Reachable {
    fn of(item: &Item) -> Self {
        let subjects = item.root.get("subjects").map_or(&[][..], Piece::items);
        let subjects = subjects.iter().filter(|_| item.kind == "RoleBinding");
        let accounts = subjects.filter_map(|subject| {
            let is_account = subject.get("kind").and_then(Piece::as_str) == Some("ServiceAccount");
            let within = subject.get("namespace").and_then(Piece::as_str)?;
            is_account.then(|| within.to_owned())
        });
        Self {
            is_cluster_wide: item.is_cluster_wide(),
            within: item.effective(item.id()).to_owned(),
            accounts: accounts.collect(),
        }
    }

    fn holds(&self, candidate: &Candidate) -> bool {
        self.is_cluster_wide
            || candidate.is_cluster_wide
            || candidate.within == self.within
            || self.accounts.contains(&candidate.namespace)
    }
}

/// The search for the target of one field.
struct Search<'s> {
    known: &'s Known,
    referrer: usize,
    reachable: &'s Reachable,
    to: &'s Kinds,
    role: Option<&'s Kinds>,
}

impl Search<'_> {
    fn run(
        &self,
        item: &mut Item,
        spec: &Spec,
        budget: &mut usize,
        unknown: &mut Vec<Lost>,
    ) -> Option<()> {
        let mut paid = Some(());
        let mark = item.root.mark;
        let done = each_at(&mut item.root, &spec.path, (None, mark), &mut |field| {
            let size = field.items().len();
            paid = paid.and_then(|()| spend(budget, 1 + size));
            if paid.is_none() {
                return Ok(());
            }
            match &mut field.body {
                Body::Unknown => Ok(()),
                Body::Scalar(_) => {
                    self.scalar(field, unknown);
                    Ok(())
                }
                Body::Map(_) => self.map(field, unknown),
                Body::List(items) => {
                    for item in items {
                        match &item.body {
                            Body::Unknown => {}
                            Body::Scalar(_) => self.scalar(item, unknown),
                            Body::Map(_) => self.map(item, unknown)?,
                            Body::List(_) => return Err(Astray(item.mark)),
                        }
                    }
                    Ok(())
                }
            }
        });
        if let Err(Astray(mark)) = done {
            lose(unknown, Reason::Type, &spec.path.join("."), Some(mark));
        }
        paid
    }

    fn scalar(&self, field: &mut Piece, unknown: &mut Vec<Lost>) {
        let Some(old) = field.scalar_text() else {
            return;
        };
        let found = self.find(&old, None, |one, other| one.name == other.name);
        match found {
            Err(Many) => lose(unknown, Reason::Ambiguous, &old, Some(field.mark)),
            Ok(Some(found)) if found.name != old => {
                *field = Piece::text(&found.name, found.renamed);
            }
            Ok(_) => {}
        }
    }

    fn map(&self, field: &mut Piece, unknown: &mut Vec<Lost>) -> Result<(), Astray> {
        let Some(name) = field.get("name") else {
            return Err(Astray(field.mark));
        };
        let mark = name.mark;
        let old = name.scalar_text().unwrap_or_default();
        let within = field.get("namespace");
        let within = within.map(|within| within.scalar_text().unwrap_or_default());
        let alike = |one: &Candidate, other: &Candidate| {
            one.name == other.name && one.namespace == other.namespace
        };
        let found = match self.find(&old, within.as_deref(), alike) {
            Err(Many) => {
                lose(unknown, Reason::Ambiguous, &old, Some(mark));
                return Ok(());
            }
            Ok(found) => found,
        };
        let Some(found) = found else { return Ok(()) };
        if found.name != old {
            field.set(&["name"], Piece::text(&found.name, found.renamed));
        }
        let has = field.get("namespace").and_then(Piece::as_str);
        if !found.namespace.is_empty() && has != Some(&found.namespace) {
            field.set(&["namespace"], Piece::text(&found.namespace, found.renamed));
        }
        Ok(())
    }

    /// The target of a name, in a namespace if one is given.
    fn find(
        &self,
        name: &str,
        within: Option<&str>,
        alike: impl Fn(&Candidate, &Candidate) -> bool,
    ) -> Result<Option<&Candidate>, Many> {
        let all = &self.known.all;
        let Some(called) = self.known.called.get(name) else {
            return Ok(None);
        };
        let reachable = || {
            let all = all.iter().filter(|one| self.reachable.holds(one));
            all.filter(|one| !one.is_cluster_wide)
        };
        // A match of a candidate's first namespace wins over a match of its current one.
        let is_first =
            within.is_some_and(|within| reachable().any(|one| one.first_within == within));
        let is_within = |one: &Candidate| match within {
            None => true,
            Some(_) if one.is_cluster_wide => false,
            Some(within) if is_first => one.first_within == within,
            Some(within) => one.within == within,
        };
        let is_near = |one: &Candidate| {
            self.reachable.is_cluster_wide
                || one.is_cluster_wide
                || one.kind == "ServiceAccount"
                || one.within == self.reachable.within
        };
        let mut found: Vec<&Candidate> = called
            .iter()
            .filter_map(|at| all.get(*at))
            .filter(|one| self.reachable.holds(one) && is_within(one) && one.was(self.to))
            .filter(|one| self.role.is_none_or(|role| one.was(role)) && is_near(one))
            .collect();
        if let [only] = found.as_slice() {
            return Ok(Some(only));
        }
        let Some(referrer) = all.get(self.referrer) else {
            return Ok(None);
        };
        found.retain(|one| one.is_affixed_like(referrer, true));
        if found.len() > 1 {
            found.retain(|one| one.is_affixed_like(referrer, false));
        }
        match found.as_slice() {
            [] => Ok(None),
            [first, others @ ..] if others.iter().all(|other| alike(first, other)) => {
                Ok(Some(first))
            }
            _ => Err(Many),
        }
    }
}

/// Several candidates match, and nothing decides between them.
struct Many;
