//! Matches many patterns at once: finds those of thousands that may match a place.
//!
//! Patterns share their common beginnings, so a search costs the length of the place, not of all
//! patterns. Literal texts are found directly. Only texts with `*` or `?` are tried one by one,
//! each of them once, however many patterns share it.

use std::collections::HashMap;

use super::one::Segment;
use super::pattern::{Glob, Part, Pattern, Spot};

/// The condition of an entry on a text, besides its pattern.
#[derive(Clone, Copy, Debug)]
pub enum Demand<'a> {
    /// Nothing.
    Any,
    /// This text.
    Text(&'a str),
    /// A text that matches.
    Glob(&'a Glob),
}

impl<'a> Demand<'a> {
    /// The demand for a glob, if there is one.
    #[must_use]
    pub fn of(glob: Option<&'a Glob>) -> Self {
        match glob {
            None => Self::Any,
            Some(glob) => Self::Glob(glob),
        }
    }
}

/// One step from the start of an entry to its end; texts are represented by numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Edge {
    /// A demand that every text meets.
    Any,
    /// A demand for one text.
    Text(u32),
    /// A demand for a matching text.
    Glob(u32),
    /// `**`
    Deep,
    /// `*`
    Step,
    Field(u32),
    Element,
    Index(usize),
    Pair(u32, u32),
    Value(u32),
    /// Any other part of a pattern, in its printed form.
    Part(u32),
}

/// A text that must be tried, because it is not literal.
#[derive(Clone, Debug)]
enum Trial {
    Glob(Glob, usize),
    Part(Part, usize),
}

#[derive(Clone, Debug, Default)]
struct Node {
    trials: Vec<Trial>,
    /// The node after a `**` at this place.
    deep: Option<usize>,
    /// Whether this is the node after a `**`.
    is_deep: bool,
    /// The entries that end here.
    entries: Vec<usize>,
}

/// Entries by their demands and their patterns.
#[derive(Clone, Debug)]
pub struct Index {
    words: HashMap<String, u32>,
    edges: HashMap<(usize, Edge), usize>,
    nodes: Vec<Node>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            words: HashMap::new(),
            edges: HashMap::new(),
            nodes: vec![Node::default()],
        }
    }
}

impl Index {
    /// Adds an entry: its demands on some texts, its pattern, and the lists of which one member
    /// must match.
    ///
    /// All entries of an index have the same number of demands and lists. An entry without a
    /// pattern matches every place.
    pub fn add(
        &mut self,
        entry: usize,
        demands: &[Demand<'_>],
        pattern: Option<&Pattern>,
        lists: &[Vec<Demand<'_>>],
    ) {
        let mut node = 0;
        for demand in demands {
            node = self.demand(node, *demand);
        }
        match pattern {
            None => node = self.follow(node, Edge::Deep),
            Some(pattern) => {
                for part in &pattern.parts {
                    node = self.part(node, part);
                }
            }
        }
        let mut ends = vec![node];
        for list in lists {
            let next = ends.iter().flat_map(|&end| {
                let list = list.iter();
                list.map(move |demand| (end, *demand))
            });
            let next: Vec<_> = next.collect();
            ends = next
                .into_iter()
                .map(|(end, demand)| self.demand(end, demand))
                .collect();
        }
        for end in ends {
            self.nodes[end].entries.push(entry);
        }
    }

    fn word(&mut self, text: &str) -> u32 {
        if let Some(&word) = self.words.get(text) {
            return word;
        }
        let word = u32::try_from(self.words.len()).unwrap_or(u32::MAX);
        self.words.insert(text.to_owned(), word);
        word
    }

    /// The node at the end of an edge, created if it does not exist.
    fn follow(&mut self, node: usize, edge: Edge) -> usize {
        self.grow(node, edge, None)
    }

    fn grow(&mut self, node: usize, edge: Edge, trial: Option<&dyn Fn(usize) -> Trial>) -> usize {
        if let Some(&next) = self.edges.get(&(node, edge)) {
            return next;
        }
        let next = self.nodes.len();
        self.edges.insert((node, edge), next);
        self.nodes.push(Node {
            is_deep: edge == Edge::Deep,
            ..Node::default()
        });
        if edge == Edge::Deep {
            self.nodes[node].deep = Some(next);
        }
        if let Some(trial) = trial {
            self.nodes[node].trials.push(trial(next));
        }
        next
    }

    fn demand(&mut self, node: usize, demand: Demand<'_>) -> usize {
        match demand {
            Demand::Any => self.follow(node, Edge::Any),
            Demand::Text(text) => {
                let word = self.word(text);
                self.follow(node, Edge::Text(word))
            }
            Demand::Glob(glob) if glob.is_literal() => {
                let word = self.word(glob.as_str());
                self.follow(node, Edge::Text(word))
            }
            Demand::Glob(glob) => {
                let word = self.word(glob.as_str());
                let trial = |next| Trial::Glob(glob.clone(), next);
                self.grow(node, Edge::Glob(word), Some(&trial))
            }
        }
    }

    fn part(&mut self, node: usize, part: &Part) -> usize {
        let edge = match part {
            Part::Deep => Edge::Deep,
            Part::Any => Edge::Step,
            Part::Element => Edge::Element,
            Part::Index(index) => Edge::Index(*index),
            Part::Field(glob) if glob.is_literal() => Edge::Field(self.word(glob.as_str())),
            Part::Value(glob) if glob.is_literal() => Edge::Value(self.word(glob.as_str())),
            Part::Key(keys) => match keys.as_slice() {
                [(key, value)] if value.is_literal() => {
                    Edge::Pair(self.word(key), self.word(value.as_str()))
                }
                _ => self.trial(part),
            },
            Part::Field(_) | Part::Value(_) => self.trial(part),
        };
        let trial = |next| Trial::Part(part.clone(), next);
        match edge {
            Edge::Part(_) => self.grow(node, edge, Some(&trial)),
            _ => self.follow(node, edge),
        }
    }

    fn trial(&mut self, part: &Part) -> Edge {
        Edge::Part(self.word(&format!("{part:?}")))
    }

    /// The matching entries, in order: each demand is met by one of its texts.
    #[must_use]
    pub fn find(&self, demands: &[&[&str]], place: &[Spot<'_>], lists: &[&[&str]]) -> Vec<usize> {
        let mut states = vec![0];
        for texts in demands {
            states = self.meet(&states, texts);
        }
        self.skip_deep(&mut states);
        for spot in place {
            if states.is_empty() {
                return Vec::new();
            }
            states = self.step(&states, spot);
            self.skip_deep(&mut states);
        }
        for texts in lists {
            states = self.meet(&states, texts);
        }
        let mut found: Vec<usize> = states
            .iter()
            .flat_map(|&state| self.nodes[state].entries.iter().copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The states after demands that one of some texts meets.
    fn meet(&self, states: &[usize], texts: &[&str]) -> Vec<usize> {
        let words: Vec<u32> = texts
            .iter()
            .filter_map(|text| self.words.get(*text).copied())
            .collect();
        let mut next = Vec::new();
        for &state in states {
            next.extend(self.edges.get(&(state, Edge::Any)));
            for &word in &words {
                next.extend(self.edges.get(&(state, Edge::Text(word))));
            }
            for trial in &self.nodes[state].trials {
                if let Trial::Glob(glob, to) = trial
                    && texts.iter().any(|text| glob.matches(text))
                {
                    next.push(*to);
                }
            }
        }
        next.sort_unstable();
        next.dedup();
        next
    }

    /// The states after parts that match a step of a place.
    fn step(&self, states: &[usize], spot: &Spot<'_>) -> Vec<usize> {
        let word = |text: &str| self.words.get(text).copied();
        let mut edges = vec![Edge::Step];
        match &spot.segment {
            Segment::Field(name) => edges.extend(word(name).map(Edge::Field)),
            Segment::Key(keys) => edges.extend(
                keys.iter()
                    .filter_map(|(key, value)| Some(Edge::Pair(word(key)?, word(value)?))),
            ),
            Segment::Value(value) => edges.extend(word(value).map(Edge::Value)),
            Segment::Index(_) => {}
        }
        edges.extend(spot.asked().map(Edge::Index));
        if !matches!(spot.segment, Segment::Field(_)) {
            edges.push(Edge::Element);
        }
        let mut next = Vec::new();
        for &state in states {
            let node = &self.nodes[state];
            if node.is_deep {
                next.push(state);
            }
            for &edge in &edges {
                next.extend(self.edges.get(&(state, edge)));
            }
            for trial in &node.trials {
                if let Trial::Part(part, to) = trial
                    && part.fits(spot)
                {
                    next.push(*to);
                }
            }
        }
        next.sort_unstable();
        next.dedup();
        next
    }

    /// Adds the states that a `**` reaches by matching no step.
    fn skip_deep(&self, states: &mut Vec<usize>) {
        let mut at = 0;
        while let Some(&state) = states.get(at) {
            states.extend(self.nodes[state].deep);
            at += 1;
        }
        states.sort_unstable();
        states.dedup();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::path::Path;

    fn pattern() -> impl Strategy<Value = String> {
        let segment = prop_oneof![
            Just("a"),
            Just("b"),
            Just("*"),
            Just("**"),
            Just("a*"),
            Just("?"),
        ];
        let bracket = prop_oneof![
            Just(""),
            Just(""),
            Just(""),
            Just("[*]"),
            Just("[0]"),
            Just("[1]"),
            Just("[k=a]"),
            Just("[k=?]"),
            Just("[k=a,l=b]"),
            Just("[=a]"),
            Just("[=a*]"),
        ];
        proptest::collection::vec((segment, bracket), 1..5).prop_map(|all| {
            let all: Vec<String> = all.iter().map(|(a, b)| format!("{a}{b}")).collect();
            all.join(".")
        })
    }

    fn place() -> impl Strategy<Value = Vec<Spot<'static>>> {
        let word = || prop_oneof![Just("a"), Just("b"), Just("ab"), Just("k")];
        let segment = prop_oneof![
            3 => word().prop_map(|word| Segment::Field(word.into())),
            1 => word().prop_map(|word| Segment::Key(vec![("k".into(), word.into())])),
            1 => (word(), word()).prop_map(|(one, two)| Segment::Key(vec![
                ("k".into(), one.into()),
                ("l".into(), two.into()),
            ])),
            1 => word().prop_map(|word| Segment::Value(word.into())),
            1 => (0..2_usize).prop_map(Segment::Index),
        ];
        let spot = (segment, proptest::option::of(0..2_usize))
            .prop_map(|(segment, index)| Spot { segment, index });
        proptest::collection::vec(spot, 0..6)
    }

    proptest! {
        /// The index and a plain loop agree for all inputs.
        #[test]
        fn an_index_finds_the_same_entries_as_a_loop(
            patterns in proptest::collection::vec(proptest::option::of(pattern()), 0..24),
            places in proptest::collection::vec(place(), 0..8),
        ) {
            let patterns: Vec<Option<Pattern>> = patterns
                .iter()
                .map(|text| text.as_ref().map(|text| Pattern::parse(text).unwrap()))
                .collect();
            let mut index = Index::default();
            for (at, pattern) in patterns.iter().enumerate() {
                index.add(at, &[], pattern.as_ref(), &[]);
            }
            for place in &places {
                let by_loop: Vec<usize> = (0..patterns.len())
                    .filter(|&at| patterns[at].as_ref().is_none_or(|one| one.matches(place)))
                    .collect();
                prop_assert_eq!(index.find(&[], place, &[]), by_loop);
            }
        }
    }

    #[test]
    fn one_pattern_of_thousands_is_found_by_its_text() {
        let mut index = Index::default();
        for at in 0..5_000 {
            let pattern = Pattern::parse(&format!("**.env[name=V{at}].value")).unwrap();
            index.add(at, &[], Some(&pattern), &[]);
        }
        let Path(segments) = Path::parse("spec.env[name=V77].value").unwrap();
        let place: Vec<Spot<'_>> = segments
            .into_iter()
            .map(|segment| Spot {
                segment,
                index: None,
            })
            .collect();
        assert_eq!(index.find(&[], &place, &[]), [77]);
        assert!(index.nodes.iter().all(|node| node.trials.is_empty()));
    }
}
