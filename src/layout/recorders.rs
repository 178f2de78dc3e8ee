//! The service and the environment that the recorders of a base name.

use std::collections::BTreeSet;

use super::candidates::through_components;
use crate::policy::BASE;
use crate::repo::{Kustomization, Ours, Parsed, is_inline};
use crate::yaml::{self, Node};

/// The service that a recorder among the functions of a directory, or of its components, names.
pub fn recorded_service(parsed: &Parsed<'_>, directory: &str, baseline: &str) -> Option<String> {
    let mut found = recorded(parsed, directory, |root| service_of(root, baseline));
    // If two disagree, there is no name.
    (found.len() == 1).then(|| found.pop_first()).flatten()
}

/// The environments that the recorders of a directory, and of its components, name.
pub fn recorded_environments(parsed: &Parsed<'_>, directory: &str) -> BTreeSet<String> {
    recorded(parsed, directory, |root| {
        let is_recorder = Ours::read(root) == Some(Ours::Recorder);
        let name = said(root, "environment").unwrap_or(BASE);
        is_recorder.then(|| name.to_owned())
    })
}

/// The values that are read from every function of a directory, and of its components.
fn recorded(
    parsed: &Parsed<'_>,
    directory: &str,
    read: impl Fn(Node<'_>) -> Option<String>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let Some(kustomization) = parsed.kustomization(directory) else {
        return found;
    };
    let mut look = |kustomization: Kustomization<'_>| {
        for entry in kustomization.strings("transformers") {
            found.extend(recorded_by(parsed, kustomization, entry.text(), &read));
        }
    };
    look(kustomization);
    through_components(parsed, kustomization, look);
    found
}

fn recorded_by(
    parsed: &Parsed<'_>,
    kustomization: Kustomization<'_>,
    entry: &str,
    read: &impl Fn(Node<'_>) -> Option<String>,
) -> Vec<String> {
    if is_inline(entry) {
        let tree = yaml::parse(entry);
        return tree.map_or_else(
            |_| Vec::new(),
            |tree| tree.roots().filter_map(read).collect(),
        );
    }
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut left: Vec<String> = kustomization.resolve(entry).into_iter().collect();
    while let Some(path) = left.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        if let Some(inner) = parsed.kustomization(&path) {
            left.extend(
                inner
                    .loads()
                    .filter_map(|entry| inner.resolve(entry.text())),
            );
        } else if let Some(tree) = parsed.tree(&path) {
            found.extend(tree.roots().filter_map(read));
        }
    }
    found
}

/// A value of a recorder; a `ConfigMap` has under `data` the values that a recorder has under
/// `spec`.
fn said<'n>(root: Node<'n>, name: &str) -> Option<&'n str> {
    let places = [["spec", name], ["data", name]];
    places.iter().find_map(|place| root.str_at(place))
}

/// The service that a recorder of the base names.
fn service_of(root: Node<'_>, baseline: &str) -> Option<String> {
    let is_recorder = Ours::read(root) == Some(Ours::Recorder);
    let environment = said(root, "environment");
    let is_of_base = environment.is_none_or(|name| name == baseline || name == BASE);
    let name = said(root, "service")
        .or_else(|| root.str_at(&["metadata", "name"]))
        .filter(|name| !name.is_empty());
    name.filter(|_| is_recorder && is_of_base)
        .map(str::to_owned)
}
