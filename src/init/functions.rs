//! The annotation by which hosts find the program for a function, for files that lack it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::api;
use crate::edit::{self, EditError};
use crate::repo::{Edge, Ours, Parsed, Role, To, join};
use crate::yaml::{self, Node, Tree};

/// The file beside a base's kustomization by which it records itself.
pub const RECORDER: &str = "parity.yaml";

const NAME: [&str; 2] = ["metadata", "name"];
const ANNOTATION: [&str; 3] = ["metadata", "annotations", api::FUNCTION];

/// A policy as builds can load it: with a name, a `spec` to set the environment in, and the annotation of its function.
///
/// # Errors
///
/// Fails on a text in which nothing can be inserted.
pub fn loadable(text: &str, function: Option<&str>) -> Result<String, EditError> {
    let tree = yaml::parse_lax(text)?;
    let Some(root) = tree.roots().next() else {
        return Ok(text.to_owned());
    };
    let mut edited = text.to_owned();
    if root.get("spec").is_none() {
        edited = edit::insert(&edited, 0, &["spec"], &Value::Object(Map::new()))?;
    }
    if root.at(&NAME).is_none() {
        edited = edit::insert(&edited, 0, &NAME, &Value::from("parity"))?;
    }
    match function {
        Some(function) => annotated(&edited, function),
        None => Ok(edited),
    }
}

/// The text of a file in which every function of ours has the annotation.
fn annotated(text: &str, function: &str) -> Result<String, EditError> {
    let tree = yaml::parse_lax(text)?;
    let mut edited = text.to_owned();
    for (document, root) in tree.roots().enumerate() {
        if Ours::is_plugin(root) {
            edited = edit::insert(&edited, document, &ANNOTATION, &Value::from(function))?;
        }
    }
    Ok(edited)
}

/// The places to search for functions that lack the annotation.
pub(super) struct Search<'s> {
    pub parsed: &'s Parsed<'s>,
    /// Nothing outside of it changes.
    pub home: &'s str,
    /// The policy, which was checked before.
    pub policy: &'s str,
    /// The directories to search.
    pub directories: &'s BTreeSet<&'s str>,
}

/// Files by their paths, and the notes, one per line.
type Repaired = (BTreeMap<String, String>, Vec<String>);

/// The files whose functions get the annotation that they lack; notes name the functions that are written inline.
///
/// # Errors
///
/// Fails on a file in which nothing can be inserted, with its path.
pub(super) fn repair(search: &Search<'_>, function: &str) -> Result<Repaired, (String, EditError)> {
    let parsed = search.parsed;
    let mut files: BTreeSet<String> = BTreeSet::new();
    let mut notes = Vec::new();
    for directory in search.directories {
        // A recorder that is present already is listed from now on.
        let beside = join(directory, RECORDER);
        let is_recorder = |root: Node<'_>| Ours::read(root) == Some(Ours::Recorder);
        if let Some(tree) = parsed.tree(&beside)
            && tree.roots().any(is_recorder)
        {
            files.insert(beside);
        }
        for edge in functions(parsed, directory) {
            match &edge.to {
                To::File(file) => drop(files.insert(file.clone())),
                To::Kustomization(gathered) => files.extend(loads(parsed, gathered)),
                To::Inline if parsed.runs(edge, Ours::is_plugin) => {
                    notes.push(format!(
                        "{}:{} has a function of krm-parity inline, without the annotation {}; add it there",
                        edge.file,
                        parsed.node(edge).map_or(1, Node::line),
                        api::FUNCTION
                    ));
                }
                To::Inline | To::Absent(_) | To::Remote(_) => {}
            }
        }
    }
    files.remove(search.policy);
    let mut repaired = BTreeMap::new();
    for file in files
        .into_iter()
        .filter(|file| is_within(file, search.home))
    {
        let Some(text) = parsed.sources.text(&file) else {
            continue;
        };
        let mut roots = parsed.tree(&file).into_iter().flat_map(Tree::roots);
        if roots.any(Ours::is_plugin) {
            match annotated(text, function) {
                Ok(edited) => drop(repaired.insert(file, edited)),
                Err(error) => return Err((file, error)),
            }
        }
    }
    Ok((repaired, notes))
}

/// Whether a path is a directory, or is inside of it.
pub(super) fn is_within(path: &str, home: &str) -> bool {
    if home.is_empty() {
        return !path.starts_with("..");
    }
    path == home
        || path
            .strip_prefix(home)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// The functions that run on the resources of a directory, in its kustomization or in a component of it.
fn functions<'p>(parsed: &'p Parsed<'_>, directory: &str) -> impl Iterator<Item = &'p Edge> {
    let is_component = |edge: &Edge| edge.role == Role::Component;
    let edges = parsed.graph().reach(&[directory], is_component);
    edges
        .map(|(_, edge)| edge)
        .filter(|edge| matches!(edge.role, Role::Transformer | Role::Validator))
}

/// The files that a directory loads.
fn loads(parsed: &Parsed<'_>, directory: &str) -> Vec<String> {
    let is_load = |edge: &Edge| edge.role == Role::Load;
    let edges = parsed.graph().reach(&[directory], is_load);
    edges
        .filter_map(|(_, edge)| match &edge.to {
            To::File(file) if edge.role == Role::Load => Some(file.clone()),
            _ => None,
        })
        .collect()
}
