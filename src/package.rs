//! A kustomize tree that was not built, as kpt passes it to a function: judged by replaying its
//! files.
//!
//! Nothing is built, and only the items are read. A file that the tree names and the host did not
//! pass on is an error, and never a silent pass.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;

use crate::api::PATH;
use crate::finding::{FileRef, Report};
use crate::gate::{self, Builds, Gate, Scope, Stage};
use crate::layout::{self, Site};
use crate::policy::Policy;
use crate::repo::{NAMES, Sources, is_remote, split};
use crate::resource::{Resource, is_bookkeeping, is_history};
use crate::rules::files::unchecked_file::{unchecked, untold};
use crate::snapshot;
use crate::survey::Survey;
use crate::yaml::Node;

/// The name of a service whose base is at the root of a package.
const PACKAGE: &str = "package";

/// The annotation with the package's path, from which the item's path starts.
const PACKAGE_PATH: &str = "internal.config.kubernetes.io/package-path";

/// The largest total size of all replays of a tree; a real tree of a thousand environments stays
/// far below.
const MAX_SIZE: usize = 1 << 20;

/// Judges a tree by its files; `None` if the items are not a tree, or have no environments.
#[must_use]
pub fn check(resources: &[Resource<'_>], policy: &Policy, today: Date) -> Option<Report> {
    if !resources.iter().all(is_of_package) {
        return None;
    }
    let mut report = survey(&sources(resources)?, PACKAGE, policy, today)?.report;
    for finding in &mut report.findings {
        finding.base_place = None;
        if let Some(place) = finding.place.take() {
            finding.file = Some(FileRef {
                index: Some(index_of(place.line)),
                path: place.file,
            });
        }
    }
    Some(report)
}

/// Judges a tree of files; `None` if it has no service.
///
/// `name` is the name of a service whose base is at the root.
#[must_use]
pub fn survey(sources: &Sources, name: &str, policy: &Policy, today: Date) -> Option<Survey> {
    let parsed = sources.parse();
    let root = [String::new()];
    let whole = Site {
        asked: &root,
        here: "",
        whole: "",
        root: "",
        name,
    };
    let layout = layout::discover(&parsed, &whole, policy);
    if layout.services.is_empty() {
        return None;
    }
    let mut others = Vec::new();
    let mut builds = Builds::new();
    let mut told = BTreeSet::new();
    let mut size = 0;
    let own = |directory: &str| parsed.kustomization(directory).map(|found| found.file);
    let ways = layout.ways(&parsed, layout.directories(), &[]);
    let plain: BTreeSet<&str> = ways.plain.iter().copied().collect();
    for directory in layout.directories() {
        // The tree that names it was not passed on completely, which is reported there.
        if is_remote(directory) {
            continue;
        }
        if size >= MAX_SIZE {
            others.push(untold(directory, own(directory), &[], index_of));
            continue;
        }
        let (absent, visits) = parsed.graph().absent(directory);
        size += visits;
        let is_whole = absent.is_empty();
        for edge in absent {
            let path = edge.to.name().unwrap_or_default();
            if told.insert((edge.file.clone(), path.to_owned())) {
                others.push(unchecked(&edge.file, path));
            }
        }
        let stage = if plain.contains(directory) {
            Stage::Recorded
        } else {
            Stage::Deployed
        };
        let (built, work) = gate::build(&parsed, directory, stage);
        size += work;
        match built {
            Ok(content) => {
                builds.insert(directory.to_owned(), Ok(content));
            }
            // If files are missing, they have been reported above.
            Err(unknown) if is_whole || unknown.is_empty() => {
                others.push(untold(directory, own(directory), &unknown, index_of));
            }
            Err(_) => {}
        }
    }
    // A tree that was too large to replay once is not replayed again for tracing.
    let parsed = (size < MAX_SIZE).then_some(&parsed);
    let (lacking, hidden) = (gate::Lacking::new(), gate::Hidden::new());
    let gate = Gate {
        layout: &layout,
        builds: &builds,
        lacking: &lacking,
        hidden: &hidden,
        policy,
        today,
        parsed,
        site: Some(whole),
        scope: Scope::Unknown,
        history: None,
        tells_deployers: false,
        others,
    };
    // The contents were sealed above, so they can be parsed.
    gate::judge(&gate).ok()
}

/// The index of an item in its file, from a line of [`sources`]: each item has one line, with a
/// separator line before the next.
fn index_of(line: usize) -> u64 {
    (line.saturating_sub(1) / 2) as u64
}

/// Whether an item is a file of a package, and not part of a build or a snapshot.
///
/// kpt records the file of every item. kustomize gives every item an id, and records its identity
/// beside it; a build could invent all other annotations.
fn is_of_package(resource: &Resource<'_>) -> bool {
    let is_made = |key: &str| {
        key.starts_with("kustomize.config.k8s.io/")
            || key.starts_with("internal.config.kubernetes.io/previous")
    };
    let annotations = resource.node.at(&["metadata", "annotations"]);
    resource.annotation(PATH).is_some()
        && annotations.is_none_or(|all| !all.entries().any(|(key, _)| is_made(key.text())))
        && !snapshot::is_snapshot(resource)
}

/// The files of the items; `None` if there is no kustomization among them.
fn sources(resources: &[Resource<'_>]) -> Option<Sources> {
    let mut files: BTreeMap<String, Vec<(u64, Value)>> = BTreeMap::new();
    let root = root_of(resources);
    for resource in resources {
        let file = file_of(resource, root)?;
        let index = file.index.unwrap_or_default();
        let items = files.entry(file.path).or_default();
        items.push((index, written(resource.node)));
    }
    let is_tree = files.keys().any(|path| NAMES.contains(&split(path).1));
    let mut sources = Sources::default();
    for (path, mut items) in files {
        items.sort_by_key(|(index, _)| *index);
        let lines: Vec<String> = items.iter().map(|(_, item)| item.to_string()).collect();
        sources.insert(path, lines.join("\n---\n"));
    }
    is_tree.then_some(sources)
}

/// The directory that contains all packages of the items; empty if the host names none.
///
/// A `Kptfile` makes any directory of a tree a separate package, and the paths of its files start
/// there.
fn root_of<'a>(resources: &'a [Resource<'_>]) -> &'a str {
    let mut packages = resources
        .iter()
        .filter_map(|resource| resource.annotation(PACKAGE_PATH));
    let first = packages.next().unwrap_or_default();
    packages.fold(first, |root, package| {
        let mut root = root;
        while below(package, root).is_none() {
            root = split(root).0;
        }
        root
    })
}

/// The rest of a path below a directory; the whole path if the directory is empty.
fn below<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(directory)?;
    (directory.is_empty() || rest.is_empty() || rest.starts_with('/'))
        .then(|| rest.trim_start_matches('/'))
}

/// The file of an item, as the host recorded it, relative to the directory that contains all
/// packages.
fn file_of(resource: &Resource<'_>, root: &str) -> Option<FileRef> {
    let file = resource.file()?;
    let package = resource
        .annotation(PACKAGE_PATH)
        .and_then(|package| below(package, root))
        .unwrap_or_default();
    Some(FileRef {
        path: crate::repo::join(package, &file.path),
        ..file
    })
}

/// An item as it was in its file.
fn written(node: Node<'_>) -> Value {
    let mut value = node.to_json();
    let is_note = |key: &String| is_bookkeeping(key) || is_history(key);
    if let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) {
        let mut is_empty = false;
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            annotations.retain(|key, _| !is_note(key));
            is_empty = annotations.is_empty();
        }
        if is_empty {
            metadata.remove("annotations");
        }
    }
    value
}
