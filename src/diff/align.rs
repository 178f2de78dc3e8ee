//! Which elements of two lists without keys are the same ones.
//!
//! Both alignments treat the two sides alike, so that a difference read
//! backwards is the same difference.

use std::collections::HashMap;

use crate::schema::{Field, List};
use crate::yaml::Node;

use super::meaning;

/// An element of both lists, or of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub base: Option<usize>,
    pub overlay: Option<usize>,
}

impl Pair {
    fn swapped(self) -> Self {
        Self {
            base: self.overlay,
            overlay: self.base,
        }
    }
}

/// How many cells an alignment may look at; beyond it, elements pair by place.
const MAX_CELLS: usize = 1 << 20;

/// How many pairs may be weighed by likeness; beyond it, unequal elements pair by place or not at all.
const MAX_WEIGHED: usize = 4096;

/// From this likeness on, of 1000, two unequal elements of a set are versions of one another.
const ALIKE: u32 = 340;

/// Aligns lists whose order means something, by their longest common part.
pub(super) fn align_ordered(base: &[Node<'_>], overlay: &[Node<'_>], field: Field) -> Vec<Pair> {
    let (left, right) = (
        meaning::of_elements(base, field),
        meaning::of_elements(overlay, field),
    );
    if left > right {
        let mut pairs = align_texts((overlay, &right), (base, &left));
        for pair in &mut pairs {
            *pair = pair.swapped();
        }
        return pairs;
    }
    align_texts((base, &left), (overlay, &right))
}

fn align_texts(
    (base, left): (&[Node<'_>], &[String]),
    (overlay, right): (&[Node<'_>], &[String]),
) -> Vec<Pair> {
    let start = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let end = left[start..]
        .iter()
        .rev()
        .zip(right[start..].iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (left_end, right_end) = (left.len() - end, right.len() - end);
    let mut pairs: Vec<Pair> = (0..start).map(|at| both(at, at)).collect();
    let (mut from, mut other_from) = (start, start);
    for (at, other) in common(&left[start..left_end], &right[start..right_end]) {
        gap(
            &mut pairs,
            base,
            overlay,
            from..start + at,
            other_from..start + other,
        );
        pairs.push(both(start + at, start + other));
        (from, other_from) = (start + at + 1, start + other + 1);
    }
    gap(
        &mut pairs,
        base,
        overlay,
        from..left_end,
        other_from..right_end,
    );
    pairs.extend((0..end).map(|step| both(left_end + step, right_end + step)));
    pairs
}

const fn both(base: usize, overlay: usize) -> Pair {
    Pair {
        base: Some(base),
        overlay: Some(overlay),
    }
}

/// The longest common subsequence as pairs of indices; empty where it would cost too much.
fn common(left: &[String], right: &[String]) -> Vec<(usize, usize)> {
    if left.is_empty() || right.is_empty() || left.len().saturating_mul(right.len()) > MAX_CELLS {
        return Vec::new();
    }
    let width = right.len() + 1;
    let mut length = vec![0_u32; (left.len() + 1) * width];
    for at in (0..left.len()).rev() {
        for other in (0..right.len()).rev() {
            length[at * width + other] = if left[at] == right[other] {
                length[(at + 1) * width + other + 1] + 1
            } else {
                length[(at + 1) * width + other].max(length[at * width + other + 1])
            };
        }
    }
    let (mut at, mut other) = (0, 0);
    let mut pairs = Vec::new();
    while at < left.len() && other < right.len() {
        if left[at] == right[other] {
            pairs.push((at, other));
            (at, other) = (at + 1, other + 1);
        } else if length[(at + 1) * width + other] >= length[at * width + other + 1] {
            at += 1;
        } else {
            other += 1;
        }
    }
    pairs
}

/// Pairs what stands between two common elements: the most alike, in order.
fn gap(
    pairs: &mut Vec<Pair>,
    base: &[Node<'_>],
    overlay: &[Node<'_>],
    left: std::ops::Range<usize>,
    right: std::ops::Range<usize>,
) {
    let (rows, columns) = (left.len(), right.len());
    let few = rows.min(columns);
    if rows == columns || few == 0 || rows.saturating_mul(columns) > MAX_WEIGHED {
        pairs.extend((0..few).map(|step| both(left.start + step, right.start + step)));
        pairs.extend((left.start + few..left.end).map(|at| Pair {
            base: Some(at),
            overlay: None,
        }));
        pairs.extend((right.start + few..right.end).map(|at| Pair {
            base: None,
            overlay: Some(at),
        }));
        return;
    }
    // The best total likeness of the rests, where every pair counts at least one.
    let width = columns + 1;
    let mut best = vec![0_u64; (rows + 1) * width];
    let mut weight = vec![0_u64; rows * columns];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            let alike = u64::from(likeness(
                base[left.start + row],
                overlay[right.start + column],
            )) + 1;
            weight[row * columns + column] = alike;
            best[row * width + column] = (best[(row + 1) * width + column + 1] + alike)
                .max(best[(row + 1) * width + column])
                .max(best[row * width + column + 1]);
        }
    }
    let (mut row, mut column) = (0, 0);
    while row < rows && column < columns {
        let here = best[row * width + column];
        if here == best[(row + 1) * width + column + 1] + weight[row * columns + column] {
            pairs.push(both(left.start + row, right.start + column));
            (row, column) = (row + 1, column + 1);
        } else if here == best[(row + 1) * width + column] {
            pairs.push(Pair {
                base: Some(left.start + row),
                overlay: None,
            });
            row += 1;
        } else {
            pairs.push(Pair {
                base: None,
                overlay: Some(right.start + column),
            });
            column += 1;
        }
    }
    pairs.extend((left.start + row..left.end).map(|at| Pair {
        base: Some(at),
        overlay: None,
    }));
    pairs.extend((right.start + column..right.end).map(|at| Pair {
        base: None,
        overlay: Some(at),
    }));
}

/// Aligns lists whose order means nothing: equal elements first, then the most alike.
pub(super) fn align_set(base: &[Node<'_>], overlay: &[Node<'_>], field: Field) -> Vec<Pair> {
    let (left, right) = (
        meaning::of_elements(base, field),
        meaning::of_elements(overlay, field),
    );
    let mut first: HashMap<&str, usize> = HashMap::new();
    for (at, text) in right.iter().enumerate() {
        first.entry(text).or_insert(at);
    }
    let mut pairs = Vec::new();
    let mut seen: HashMap<&str, bool> = HashMap::new();
    let mut rest = Vec::new();
    for (at, text) in left.iter().enumerate() {
        if seen.contains_key(text.as_str()) {
            continue;
        }
        let other = first.get(text.as_str());
        seen.insert(text, other.is_some());
        match other {
            Some(&other) => pairs.push(both(at, other)),
            None => rest.push(at),
        }
    }
    let mut others: Vec<usize> = first
        .iter()
        .filter(|(text, _)| !seen.contains_key(*text))
        .map(|(_, &at)| at)
        .collect();
    // Sorted by what they say, so that the order of writing has no influence.
    rest.sort_by(|a, b| left[*a].cmp(&left[*b]));
    others.sort_by(|a, b| right[*a].cmp(&right[*b]));
    pair_alike(
        (base, &left),
        (overlay, &right),
        &mut rest,
        &mut others,
        field.list,
        &mut pairs,
    );
    pairs.extend(rest.into_iter().map(|at| Pair {
        base: Some(at),
        overlay: None,
    }));
    pairs.extend(others.into_iter().map(|at| Pair {
        base: None,
        overlay: Some(at),
    }));
    pairs
}

/// Takes pairs of unequal maps out of both rests, the most alike first.
fn pair_alike(
    (base, left): (&[Node<'_>], &[String]),
    (overlay, right): (&[Node<'_>], &[String]),
    rest: &mut Vec<usize>,
    others: &mut Vec<usize>,
    list: List,
    pairs: &mut Vec<Pair>,
) {
    let scalars = rest
        .iter()
        .map(|&at| base[at])
        .chain(others.iter().map(|&at| overlay[at]))
        .any(Node::is_scalar);
    if scalars || rest.len().saturating_mul(others.len()) > MAX_WEIGHED {
        return;
    }
    let single = rest.len() == 1 && others.len() == 1;
    let mut weighed = Vec::new();
    for &at in rest.iter() {
        for &other in others.iter() {
            let weight = meaning(base[at], overlay[other], list);
            if weight >= ALIKE || single {
                let (a, b) = (left[at].as_str(), right[other].as_str());
                weighed.push((std::cmp::Reverse(weight), (a.min(b), a.max(b)), at, other));
            }
        }
    }
    weighed.sort();
    for (_, _, at, other) in weighed {
        if let (Some(mine), Some(theirs)) = (
            rest.iter().position(|&left| left == at),
            others.iter().position(|&left| left == other),
        ) {
            rest.remove(mine);
            others.remove(theirs);
            pairs.push(both(at, other));
        }
    }
}

/// How surely two elements are versions of one another, given what the list is for.
fn meaning(base: Node<'_>, overlay: Node<'_>, list: List) -> u32 {
    let same = |key: &str| match (base.get(key), overlay.get(key)) {
        (Some(left), Some(right)) => likeness(left, right) == 1000,
        (None, None) => true,
        _ => false,
    };
    match list {
        // The same host, or the same paths under another host.
        List::IngressRules if same("host") => 2000 + likeness(base, overlay),
        List::IngressRules if same("http") => 1500,
        List::RouteRules if same("matches") => 2000 + likeness(base, overlay),
        List::IngressRules | List::RouteRules => likeness(base, overlay).max(ALIKE),
        _ => likeness(base, overlay),
    }
}

/// How alike two values are, from 0 to 1000, at a bounded cost.
fn likeness(base: Node<'_>, overlay: Node<'_>) -> u32 {
    weigh(base, overlay, 6)
}

/// Entries beyond this many are not weighed.
const WEIGHED_ENTRIES: usize = 24;

fn weigh(base: Node<'_>, overlay: Node<'_>, depth: usize) -> u32 {
    if base.same_in_order(overlay) {
        return 1000;
    }
    if depth == 0 || base.kind() != overlay.kind() {
        return 0;
    }
    if base.is_map() {
        let mut total = 0;
        let mut count = 0;
        for (key, value) in base.entries().take(WEIGHED_ENTRIES) {
            count += 1;
            total += overlay
                .get(key.text())
                .map_or(0, |other| weigh(value, other, depth - 1));
        }
        count += overlay
            .entries()
            .take(WEIGHED_ENTRIES)
            .filter(|(key, _)| base.get(key.text()).is_none())
            .count();
        return total / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    }
    if base.is_seq() {
        let count = base.items().count().max(overlay.items().count()).max(1);
        let total: u32 = base
            .items()
            .zip(overlay.items())
            .take(WEIGHED_ENTRIES)
            .map(|(left, right)| weigh(left, right, depth - 1))
            .sum();
        return total / u32::try_from(count).unwrap_or(u32::MAX);
    }
    let (left, right) = (base.text().as_bytes(), overlay.text().as_bytes());
    let longest = left.len().max(right.len()).max(1);
    let shared = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    u32::try_from(shared.min(1 << 20) * 500 / longest.min(1 << 20))
        .unwrap_or(0)
        .min(500)
}
