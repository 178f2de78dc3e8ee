//! Which elements of two lists without keys are the same ones.
//!
//! Both alignments treat the two sides alike, so that a difference read
//! backwards is the same difference.

use std::collections::HashMap;

use super::likeness::{self, ALIKE, likeness};
use super::meaning;
use crate::schema::{Field, List};
use crate::yaml::Node;

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

/// The largest number of cells in an alignment; beyond it, elements pair by place.
const MAX_CELLS: usize = 1 << 20;

/// The largest number of pairs that are weighed by likeness; beyond it, unequal elements pair by place or not at all.
const MAX_WEIGHED: usize = 4096;

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

/// The longest common subsequence as pairs of indices; empty if it would cost too much.
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

/// Pairs the elements between two common ones: the most alike, in order.
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
    // Sorted by content, so that the order of writing has no influence.
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

/// Moves pairs of unequal maps from both rests to `pairs`, the most alike first.
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
            let weight = likeness::of_elements(base[at], overlay[other], list);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;
    use proptest::prelude::*;

    type Align = fn(&[Node<'_>], &[Node<'_>], Field) -> Vec<Pair>;

    /// Aligns two lists, and writes every pair as `base-overlay`.
    fn aligned(align: Align, list: List, base: &str, overlay: &str) -> String {
        let (base, overlay) = (parse(base).unwrap(), parse(overlay).unwrap());
        let left: Vec<_> = base.roots().next().unwrap().items().collect();
        let right: Vec<_> = overlay.roots().next().unwrap().items().collect();
        let field = Field {
            list,
            ..Field::UNKNOWN
        };
        let text = |at: Option<usize>| at.map_or(String::new(), |at| at.to_string());
        let pairs = align(&left, &right, field);
        let pairs: Vec<_> = pairs
            .iter()
            .map(|pair| format!("{}-{}", text(pair.base), text(pair.overlay)))
            .collect();
        pairs.join(" ")
    }

    #[test]
    fn ordered_lists_are_aligned_by_their_longest_common_part() {
        for (base, overlay, expected) in [
            ("[a, b, c]", "[a, x, b, c]", "0-0 -1 1-2 2-3"),
            ("[a, x, b, c]", "[a, b, c]", "0-0 1- 2-1 3-2"),
            ("[a, b, c]", "[a, x, c]", "0-0 1-1 2-2"),
            // Equal numbers on both sides pair by place, however alike other pairs are.
            (
                "[{k: 1, v: x}, {k: 2, v: x}]",
                "[{k: 2, v: y}, {k: 3, v: y}]",
                "0-0 1-1",
            ),
            ("[a, b, c, d, e]", "[b, x, d, y]", "0- 1-0 2-1 3-2 4-3"),
            ("[a, b]", "[b, a]", "0- 1-0 -1"),
            ("[a, a, a]", "[a, a]", "0-0 1-1 2-"),
            ("[a]", "[]", "0-"),
            ("[]", "[a]", "-0"),
            ("[b, c]", "[a, b, c, d]", "-0 0-1 1-2 -3"),
            // Elements between common ones are paired by likeness if their numbers differ.
            ("[{k: 1, v: 2}]", "[{z: 9}, {k: 1, v: 3}]", "-0 0-1"),
            ("[{z: 9}, {k: 1, v: 3}]", "[{k: 1, v: 2}]", "0- 1-0"),
            ("[{k: 1, v: 2}]", "[{k: 1, v: 3}, {z: 9}]", "0-0 -1"),
            (
                "[{a: 1, b: 1}, {c: 1, d: 1}]",
                "[{a: 1, b: 2}, {x: 1}, {c: 1, d: 2}]",
                "0-0 -1 1-2",
            ),
            (
                "[s, {a: 1, b: 1}, {c: 1, d: 1}, e]",
                "[s, {x: 1}, {a: 1, b: 2}, {c: 1, d: 2}, e]",
                "0-0 -1 1-2 2-3 3-4",
            ),
        ] {
            let found = aligned(align_ordered, List::Unknown, base, overlay);
            assert_eq!(found, expected, "{base} {overlay}");
        }
    }

    #[test]
    fn sets_are_aligned_by_what_their_elements_say() {
        for (base, overlay, expected) in [
            ("[a, b]", "[b, c]", "1-0 0- -1"),
            ("[a, a, b]", "[b, a]", "0-1 2-0"),
            ("[x, c, b]", "[x, d, e]", "0-0 2- 1- -1 -2"),
            // If one element is left on each side, the two are the same one, however unlike.
            ("[{a: 1}]", "[{z: 2}]", "0-0"),
            ("[{a: 1}, {b: 1}]", "[{z: 2}, {y: 2}]", "0- 1- -1 -0"),
            ("[{a: 1}]", "[{z: 2}, {y: 2}]", "0- -1 -0"),
            ("[{z: 2}, {y: 2}]", "[{a: 1}]", "1- 0- -0"),
            (
                "[{k: 1, v: 2}, {k: 5, v: 6}]",
                "[{k: 5, v: 7}, {k: 1, v: 3}]",
                "0-1 1-0",
            ),
            (
                "[{k: 1, v: 2, w: 3}, {k: 1, v: 9, w: 9}]",
                "[{k: 1, v: 2, w: 4}, {x: 1}]",
                "0-0 1- -1",
            ),
        ] {
            let found = aligned(align_set, List::Set, base, overlay);
            assert_eq!(found, expected, "{base} {overlay}");
        }
    }

    #[test]
    fn rules_of_an_ingress_are_known_by_host_and_then_by_paths() {
        let base = "[{host: a, http: {p: 1}}, {host: b, http: {p: 2}}]";
        for (overlay, expected) in [
            (
                "[{host: b, http: {p: 3}}, {host: c, http: {p: 1}}]",
                "1-0 0-1",
            ),
            (
                "[{host: x, http: {p: 2}}, {host: y, http: {p: 1}}]",
                "0-1 1-0",
            ),
            (
                "[{host: x, http: {q: 2}}, {host: y, http: {q: 1}}]",
                "0-0 1-1",
            ),
        ] {
            let found = aligned(align_set, List::IngressRules, base, overlay);
            let sorted = |text: &str| {
                let mut pairs: Vec<_> = text.split(' ').map(str::to_owned).collect();
                pairs.sort();
                pairs
            };
            assert_eq!(sorted(&found), sorted(expected), "{overlay}");
        }
    }

    #[test]
    fn likeness_is_the_share_that_both_have() {
        let deep = |text: &str, depth: usize| "{a: ".repeat(depth) + text + &"}".repeat(depth);
        let keys = |count: usize, value: &str| {
            let entries: Vec<_> = (0..count).map(|at| format!("k{at}: {value}")).collect();
            format!("{{{}, last: 1}}", entries.join(", "))
        };
        for (base, overlay, expected) in [
            ("1".to_owned(), "1".to_owned(), 1000),
            ("1".to_owned(), "[1]".to_owned(), 0),
            ("{a: 1, b: 2}".to_owned(), "{a: 1, b: 3}".to_owned(), 500),
            ("{a: 1}".to_owned(), "{a: 1, b: 2}".to_owned(), 500),
            ("{a: 1, b: 2}".to_owned(), "{a: 1}".to_owned(), 500),
            ("{}".to_owned(), "{a: 1}".to_owned(), 0),
            ("[1, 2]".to_owned(), "[1]".to_owned(), 500),
            ("[1]".to_owned(), "[1, 2, 3, 4]".to_owned(), 250),
            ("abcd".to_owned(), "abxy".to_owned(), 250),
            ("abcd".to_owned(), "abcdefgh".to_owned(), 250),
            ("\"\"".to_owned(), "a".to_owned(), 0),
            (
                "[[[[[abcd]]]]]".to_owned(),
                "[[[[[abxy]]]]]".to_owned(),
                250,
            ),
            (
                "[[[[[[abcd]]]]]]".to_owned(),
                "[[[[[[abxy]]]]]]".to_owned(),
                0,
            ),
            (deep("abcd", 5), deep("abxy", 5), 250),
            (deep("abcd", 6), deep("abxy", 6), 0),
            // The 24 entries that are weighed all agree; later ones are ignored.
            (
                keys(24, "1"),
                keys(23, "1").replace("last: 1", "k23: 1, last: 2"),
                1000,
            ),
            (keys(23, "1"), keys(23, "2"), 41),
        ] {
            let (one, other) = (parse(&base).unwrap(), parse(&overlay).unwrap());
            let (one, other) = (one.roots().next().unwrap(), other.roots().next().unwrap());
            assert_eq!(likeness(one, other), expected, "{base} {overlay}");
            assert_eq!(likeness(other, one), expected, "{overlay} {base}");
        }
    }

    #[test]
    fn rules_of_routes_are_known_by_what_they_are_for() {
        for (list, base, overlay, expected) in [
            // The same host, and half of the rest alike.
            (
                List::IngressRules,
                "{host: a, http: 1}",
                "{host: a, http: 2}",
                2500,
            ),
            (
                List::IngressRules,
                "{http: 1, x: 1}",
                "{http: 2, x: 1}",
                2500,
            ),
            (
                List::IngressRules,
                "{host: a, http: 1}",
                "{host: b, http: 1}",
                1500,
            ),
            (List::IngressRules, "{host: a, http: 1}", "{http: 1}", 1500),
            (
                List::IngressRules,
                "{host: a, http: 1}",
                "{host: b, http: 2}",
                ALIKE,
            ),
            (List::IngressRules, "{host: a, http: 1}", "{http: 2}", ALIKE),
            (
                List::RouteRules,
                "{matches: 1, x: 1}",
                "{matches: 1, x: 2}",
                2500,
            ),
            (
                List::RouteRules,
                "{matches: 1, x: 1}",
                "{matches: 2, x: 1}",
                500,
            ),
            (
                List::RouteRules,
                "{matches: 1, x: 1}",
                "{matches: 2, x: 2}",
                ALIKE,
            ),
            (List::Set, "{host: a, http: 1}", "{host: a, http: 2}", 500),
        ] {
            let (one, other) = (parse(base).unwrap(), parse(overlay).unwrap());
            let (one, other) = (one.roots().next().unwrap(), other.roots().next().unwrap());
            assert_eq!(
                likeness::of_elements(one, other, list),
                expected,
                "{base} {overlay}"
            );
            assert_eq!(
                likeness::of_elements(other, one, list),
                expected,
                "{overlay} {base}"
            );
        }
    }

    /// Beyond a bounded cost, elements pair by place.
    #[test]
    fn the_cost_is_bounded() {
        let lists = |size: usize| {
            let left: Vec<_> = (0..size).map(|at| format!("a{at}")).collect();
            let right: Vec<_> = (0..size).map(|at| format!("b{at}")).collect();
            (
                format!("[m, {}]", left.join(", ")),
                format!("[{}, m]", right.join(", ")),
            )
        };
        let is_found = |size: usize| {
            let (base, overlay) = lists(size - 1);
            let found = aligned(align_ordered, List::Unknown, &base, &overlay);
            found.contains(&format!("0-{}", size - 1))
        };
        assert!(is_found(1024));
        assert!(!is_found(1025));
    }

    /// The length of the longest common subsequence, by trying everything.
    fn longest(left: &[u8], right: &[u8]) -> usize {
        match (left, right) {
            ([first, rest @ ..], [other, others @ ..]) if first == other => {
                1 + longest(rest, others)
            }
            ([_, rest @ ..], [_, others @ ..]) => longest(rest, right).max(longest(left, others)),
            _ => 0,
        }
    }

    /// The best total likeness of pairs in order, by trying everything.
    fn likest(left: &[u8], right: &[u8]) -> usize {
        match (left, right) {
            ([first, rest @ ..], [other, others @ ..]) => {
                let here = if first == other { 501 } else { 1 };
                (here + likest(rest, others))
                    .max(likest(rest, right))
                    .max(likest(left, others))
            }
            _ => 0,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

        #[test]
        fn every_element_is_aligned_once_and_as_many_as_possible_are_common(
            left in proptest::collection::vec(0..3_u8, 0..8),
            right in proptest::collection::vec(0..3_u8, 1..8),
        ) {
            let text = |items: &[u8]| format!("{items:?}");
            let found = aligned(align_ordered, List::Unknown, &text(&left), &text(&right));
            let pairs: Vec<(Option<usize>, Option<usize>)> = found
                .split(' ')
                .map(|pair| {
                    let (base, overlay) = pair.split_once('-').unwrap();
                    (base.parse().ok(), overlay.parse().ok())
                })
                .collect();
            let bases: Vec<_> = pairs.iter().filter_map(|pair| pair.0).collect();
            let overlays: Vec<_> = pairs.iter().filter_map(|pair| pair.1).collect();
            prop_assert_eq!(bases, (0..left.len()).collect::<Vec<_>>());
            prop_assert_eq!(overlays, (0..right.len()).collect::<Vec<_>>());
            let common = pairs
                .iter()
                .filter(|pair| matches!(pair, (Some(a), Some(b)) if left[*a] == right[*b]))
                .count();
            prop_assert_eq!(common, longest(&left, &right));
        }

        /// Nothing is common here, so everything depends on likeness, which is half if the keys are equal.
        #[test]
        fn unequal_elements_are_paired_by_the_best_total_likeness(
            left in proptest::collection::vec(0..3_u8, 1..6),
            right in proptest::collection::vec(0..3_u8, 1..6),
        ) {
            prop_assume!(left.len() != right.len());
            let text = |items: &[u8], side: &str| {
                let items: Vec<_> = items.iter().map(|k| format!("{{k: {k}, v: {side}}}")).collect();
                format!("[{}]", items.join(", "))
            };
            let found = aligned(align_ordered, List::Unknown, &text(&left, "x"), &text(&right, "y"));
            let (mut bases, mut overlays, mut total) = (Vec::new(), Vec::new(), 0);
            for pair in found.split(' ') {
                let (base, overlay) = pair.split_once('-').unwrap();
                let (base, overlay) = (base.parse::<usize>().ok(), overlay.parse::<usize>().ok());
                bases.extend(base);
                overlays.extend(overlay);
                if let (Some(base), Some(overlay)) = (base, overlay) {
                    total += if left[base] == right[overlay] { 501 } else { 1 };
                }
            }
            prop_assert_eq!(bases, (0..left.len()).collect::<Vec<_>>());
            prop_assert_eq!(overlays, (0..right.len()).collect::<Vec<_>>());
            prop_assert_eq!(total, likest(&left, &right));
        }
    }
}
