//! Which arguments of two lists are the same ones: flags by name, the argument after a flag with it, the rest by order.
//!
//! Order is reported separately, so that a flag that only moved is neither missing nor new, and no other order is lost.

use std::collections::{HashMap, HashSet};

use super::align::{Pair, align_ordered};
use super::change::By;
use crate::path::argument::{Role, roles};
use crate::schema::Field;
use crate::yaml::{Kind, Node};

/// Two lists of arguments, aligned.
pub(super) struct Arguments<'a> {
    /// Every element once, in the order of the list that it is in; in that of the base if the overlay lacks it.
    pub pairs: Vec<(Pair, By<'a>)>,
    /// Whether the elements that both have are in another order.
    pub is_moved: bool,
}

/// The text of every element; an element that is not a text cannot be a flag.
pub(super) fn texts<'a>(items: &[Node<'a>]) -> Vec<Option<&'a str>> {
    let text = |item: &Node<'a>| (item.kind() == Kind::Str).then(|| item.text());
    items.iter().map(text).collect()
}

/// One list, with the roles of its elements.
struct Side<'a> {
    texts: Vec<Option<&'a str>>,
    roles: Vec<Role<'a>>,
    /// The flags by name, with all their places.
    flags: HashMap<&'a str, Vec<usize>>,
    /// The place of the element that follows a flag.
    after: HashMap<&'a str, usize>,
}

impl<'a> Side<'a> {
    fn of(items: &[Node<'a>]) -> Self {
        let texts = texts(items);
        let roles = roles(&texts);
        let mut flags: HashMap<&str, Vec<usize>> = HashMap::new();
        let mut after = HashMap::new();
        for (at, role) in roles.iter().enumerate() {
            match role {
                Role::Flag(name) => flags.entry(name).or_default().push(at),
                Role::After(name) => {
                    after.insert(*name, at);
                }
                Role::Plain => {}
            }
        }
        Self {
            texts,
            roles,
            flags,
            after,
        }
    }

    fn count(&self, name: &str) -> usize {
        self.flags.get(name).map_or(0, Vec::len)
    }

    /// The places of the elements that are not flags and do not go with one.
    fn plain(&self, bound: &HashSet<usize>) -> Vec<usize> {
        let is_flag = |at: &usize| matches!(self.roles[*at], Role::Flag(_));
        (0..self.roles.len())
            .filter(|at| !is_flag(at) && !bound.contains(at))
            .collect()
    }
}

/// Aligns two lists of arguments, both of which hold only scalars.
pub(super) fn align<'a>(base: &[Node<'a>], overlay: &[Node<'a>], field: Field) -> Arguments<'a> {
    let sides = [Side::of(base), Side::of(overlay)];
    let [left, right] = &sides;
    let mut pairs = Vec::new();
    let names: HashSet<&str> = left
        .flags
        .keys()
        .chain(right.flags.keys())
        .copied()
        .collect();
    let mut single = HashSet::new();
    for name in names {
        if left.count(name) < 2 && right.count(name) < 2 {
            single.insert(name);
            let at = |side: &Side<'_>| side.flags.get(name).and_then(|all| all.first().copied());
            let pair = Pair {
                base: at(left),
                overlay: at(right),
            };
            pairs.push((pair, By::Flag(name)));
        } else {
            repeated(name, left, right, &mut pairs);
        }
    }
    let mut bound = [HashSet::new(), HashSet::new()];
    follow(&sides, &single, &mut bound, &mut pairs);
    let rest = [left.plain(&bound[0]), right.plain(&bound[1])];
    let nodes = |items: &[Node<'a>], places: &[usize]| {
        places.iter().map(|&at| items[at]).collect::<Vec<_>>()
    };
    let aligned = align_ordered(&nodes(base, &rest[0]), &nodes(overlay, &rest[1]), field);
    pairs.extend(aligned.into_iter().map(|pair| {
        let pair = Pair {
            base: pair.base.map(|at| rest[0][at]),
            overlay: pair.overlay.map(|at| rest[1][at]),
        };
        (pair, By::Index)
    }));
    pairs.sort_by_key(|(pair, _)| (pair.overlay.or(pair.base), pair.base));
    let both = pairs
        .iter()
        .filter_map(|(pair, _)| Some((pair.base?, pair.overlay?)));
    let mut both: Vec<_> = both.collect();
    both.sort_unstable();
    Arguments {
        is_moved: both.windows(2).any(|pair| pair[0].1 > pair[1].1),
        pairs,
    }
}

/// Pairs a flag that one side has more than once: only those with the same text.
fn repeated<'a>(name: &'a str, left: &Side<'a>, right: &Side<'a>, pairs: &mut Vec<(Pair, By<'a>)>) {
    let by_text = |side: &Side<'a>| {
        let mut all: HashMap<&'a str, Vec<usize>> = HashMap::new();
        for &at in side.flags.get(name).into_iter().flatten() {
            all.entry(side.texts[at].unwrap_or(name))
                .or_default()
                .push(at);
        }
        all
    };
    let (ours, theirs) = (by_text(left), by_text(right));
    let texts: HashSet<&str> = ours.keys().chain(theirs.keys()).copied().collect();
    for text in texts {
        let places = |all: &HashMap<&str, Vec<usize>>| all.get(text).cloned().unwrap_or_default();
        let (ours, theirs) = (places(&ours), places(&theirs));
        let common = ours.len().min(theirs.len());
        // A single one that is left is known by its text; several are known only by their places.
        let is_single = ours.len().abs_diff(theirs.len()) == 1;
        for at in 0..ours.len().max(theirs.len()) {
            let pair = Pair {
                base: ours.get(at).copied(),
                overlay: theirs.get(at).copied(),
            };
            let by = if at < common || is_single {
                By::Flag(text)
            } else {
                By::Index
            };
            pairs.push((pair, by));
        }
    }
}

/// Pairs the element that follows a flag with the one that follows it on the other side.
///
/// If only one side has such an element, the flag may have no value at all, and the element belongs to the rest.
fn follow<'a>(
    [left, right]: &[Side<'a>; 2],
    single: &HashSet<&'a str>,
    bound: &mut [HashSet<usize>; 2],
    pairs: &mut Vec<(Pair, By<'a>)>,
) {
    for (&name, &at) in left.after.iter().filter(|(name, _)| single.contains(*name)) {
        if let Some(&other) = right.after.get(name) {
            bound[0].insert(at);
            bound[1].insert(other);
            let pair = Pair {
                base: Some(at),
                overlay: Some(other),
            };
            pairs.push((pair, By::After(name)));
        }
    }
    let texts = |side: &Side<'a>, bound: &HashSet<usize>| -> HashSet<Option<&'a str>> {
        side.plain(bound)
            .into_iter()
            .map(|at| side.texts[at])
            .collect()
    };
    let free = [texts(left, &bound[0]), texts(right, &bound[1])];
    for (number, side, other) in [(0, left, right), (1, right, left)] {
        for (&name, &at) in &side.after {
            // A flag that only one side has may have been put in front of an element that both have.
            let is_free = single.contains(name)
                && other.count(name) == 0
                && !free[1 - number].contains(&side.texts[at]);
            if is_free {
                bound[number].insert(at);
                let (base, overlay) = if number == 0 {
                    (Some(at), None)
                } else {
                    (None, Some(at))
                };
                pairs.push((Pair { base, overlay }, By::After(name)));
            }
        }
    }
}
