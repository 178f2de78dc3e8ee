//! The laws of the comparison, for every test that has suitable input.
//!
//! A golden only shows that nothing has changed since someone reviewed it; a law shows that the
//! result is right.

mod cover;
mod list;
mod shuffle;

use std::collections::HashSet;

use krm_parity::compare::diff::{Change, ChangeKind, Step, diff};
use krm_parity::compare::pair::pair;
use krm_parity::compare::steps::{field_path, keyed_path};
use krm_parity::path::{Path, Segment};
use krm_parity::resource::Resource;
use krm_parity::yaml::{Node, Tree, parse};

use crate::support::corpus;

pub use cover::assert_covered;
pub use list::{
    TODAY, assert_list_laws, assert_spliced, differences, documents, findings, list, run, sealed,
    sealed_as,
};
pub use shuffle::{shuffled, shuffled_keys, shuffled_unordered};

/// Every document of a text, as a resource.
pub fn resources<'a>(tree: &'a Tree<'a>) -> Vec<Resource<'a>> {
    tree.roots().filter_map(Resource::read).collect()
}

/// Checks the laws of the diff on every pair of resources of two texts.
pub fn assert_diff_laws(base: &str, overlay: &str) {
    let tree = |text| parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    let (base, overlay) = (tree(base), tree(overlay));
    let (base, overlay) = (resources(&base), resources(&overlay));
    for resource in base.iter().chain(&overlay) {
        assert_same(resource, resource);
    }
    for (at, other) in pair(&base, &overlay, &[]).matched {
        let (base, overlay) = (&base[at], &overlay[other]);
        assert_reversible(base, overlay);
        assert_distinct(base, overlay);
        assert_covered(base, overlay);
        assert_covered(overlay, base);
    }
}

/// Two resources with the same meaning have no difference.
pub fn assert_same(base: &Resource<'_>, overlay: &Resource<'_>) {
    let changes = diff(base, overlay);
    assert!(
        changes.is_empty(),
        "{:?} and\n{:?} differ:\n{changes:#?}",
        base.node,
        overlay.node
    );
}

/// No two differences have the same path, so that a permit for one permits no other; no removed
/// element is named by an index.
pub fn assert_distinct(base: &Resource<'_>, overlay: &Resource<'_>) {
    let changes = diff(base, overlay);
    let mut paths = HashSet::new();
    for change in &changes {
        let path = field_path(&change.steps);
        let text = path.to_string();
        assert_eq!(
            Path::parse(&text),
            Ok(keyed_path(&change.steps)),
            "{text} leads elsewhere"
        );
        let is_missing = change.kind == ChangeKind::Removed
            && matches!(change.steps.last(), Some(Step::Element { .. }));
        let last = path.spots().last();
        let has_index = last
            .is_some_and(|last| last.index.is_some() || matches!(last.segment, Segment::Index(_)));
        assert!(
            !(is_missing && has_index),
            "{text} has the index of another element"
        );
        assert!(
            paths.insert(text.clone()),
            "two differences at {text}:\n{:?}\n{:?}",
            base.node,
            overlay.node
        );
    }
}

/// A reversed comparison has the same difference with its sides swapped.
pub fn assert_reversible(base: &Resource<'_>, overlay: &Resource<'_>) {
    let mut there: Vec<_> = diff(base, overlay).iter().map(told).collect();
    let mut back: Vec<_> = diff(overlay, base)
        .iter()
        .map(|change| told_of(&swapped(change)))
        .collect();
    there.sort();
    back.sort();
    assert_eq!(there, back, "{:?}\n{:?}", base.node, overlay.node);
}

fn told(change: &Change<'_>) -> String {
    told_of(&(
        change.steps.clone(),
        change.kind,
        change.base,
        change.overlay,
        change.pod,
        change.secret,
    ))
}

type Parts<'a> = (
    Vec<Step<'a>>,
    ChangeKind,
    Option<Node<'a>>,
    Option<Node<'a>>,
    Option<usize>,
    bool,
);

fn told_of(parts: &Parts<'_>) -> String {
    format!("{parts:?}")
}

fn swapped<'a>(change: &Change<'a>) -> Parts<'a> {
    let steps = change.steps.iter().map(|step| match step {
        Step::Field(name) => Step::Field(name),
        Step::Element { base, overlay, by } => Step::Element {
            base: *overlay,
            overlay: *base,
            by: by.turned(),
        },
    });
    let kind = match change.kind {
        ChangeKind::Added => ChangeKind::Removed,
        ChangeKind::Removed => ChangeKind::Added,
        kind => kind,
    };
    (
        steps.collect(),
        kind,
        change.overlay,
        change.base,
        change.pod,
        change.secret,
    )
}

/// Every rendered pair of the corpus: its id, the base and the overlay.
pub fn corpus_pairs() -> Vec<(String, String, String)> {
    let Some(corpus) = corpus() else {
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for owner in std::fs::read_dir(&corpus).unwrap() {
        let rendered = owner.unwrap().path().join("rendered");
        if !rendered.is_dir() {
            continue;
        }
        for pair in std::fs::read_dir(rendered).unwrap() {
            let pair = pair.unwrap().path();
            let read = |name| std::fs::read_to_string(pair.join(name)).unwrap();
            let id = pair.file_name().unwrap().to_string_lossy().into_owned();
            pairs.push((id, read("base.yaml"), read("overlay.yaml")));
        }
    }
    pairs.sort();
    assert!(pairs.len() >= 64, "the corpus has {} pairs", pairs.len());
    pairs
}
