//! The directories that may be built together, each sealed midway.

use std::collections::BTreeSet;

use super::Service;
use crate::repo::{Edge, Parsed, Role, To, runs_only_own};
use crate::yaml::Node;

/// Whether a directory builds the same with and without plugins enabled, so that it can be sealed
/// midway.
///
/// This holds for kustomizations with known fields, without functions except this program's own,
/// and with all files present.
#[must_use]
pub fn is_plain(parsed: &Parsed<'_>, directory: &str) -> bool {
    let is_part = |edge: &Edge| matches!(edge.role, Role::Load | Role::Component);
    let is_here = |edge: &Edge| matches!(edge.to, To::Kustomization(_) | To::File(_));
    let is_known =
        |(key, value): (Node<'_>, Node<'_>)| PLAIN_FIELDS.contains(&key.text()) || value.is_null();
    // A component cannot be loaded as a resource, although it builds on its own.
    let is_component = parsed
        .kustomization(directory)
        .is_some_and(|kustomization| kustomization.is_component());
    let graph = parsed.graph();
    let mut all = graph.directories(&[directory], is_part).peekable();
    !is_component
        && all.peek().is_some()
        && all.all(|(directory, edges)| {
            // kustomize would read another file, or read this one differently.
            let found = parsed.kustomization(directory).filter(|kustomization| {
                !parsed.sources.is_linked(directory) && parsed.is_unambiguous(*kustomization)
            });
            found.is_some_and(|kustomization| {
                kustomization.root.entries().all(is_known)
                    && has_known_order(kustomization.root)
                    && edges.iter().filter(|edge| is_part(edge)).all(is_here)
                    && runs_only_own(parsed, kustomization)
            })
        })
        && graph.is_whole()
}

/// Whether the environments of a service and their bases disagree on which fields refer to names.
///
/// References follow renamed resources after everything was sealed, and a field that only one
/// overlay calls a reference may be the image of a container.
#[must_use]
pub fn refers_unlike(parsed: &Parsed<'_>, service: &Service) -> bool {
    let said = |directories: &[&str]| -> BTreeSet<&To> {
        let is_part = |edge: &Edge| matches!(edge.role, Role::Load | Role::Component);
        let all = parsed.graph().reach(directories, is_part);
        let all = all.map(|(_, edge)| edge);
        let said = all.filter(|edge| matches!(edge.role, Role::Configuration | Role::Crd));
        said.map(|edge| &edge.to).collect()
    };
    let mut all = BTreeSet::new();
    for overlay in &service.overlays {
        all.insert(said(&[&overlay.directory]));
        if !overlay.bases.is_empty() {
            let bases: Vec<&str> = overlay.bases.iter().map(String::as_str).collect();
            all.insert(said(&bases));
        }
    }
    all.len() > 1
}

/// Whether kustomize knows the sort order, which only the outermost kustomization obeys.
fn has_known_order(root: Node<'_>) -> bool {
    let Some(options) = root.get("sortOptions") else {
        return true;
    };
    match options.str_at(&["order"]) {
        Some("fifo") => options.entries().count() == 1,
        Some("legacy") => options.entries().all(|(key, value)| match key.text() {
            "order" => true,
            "legacySortOptions" => value.entries().all(|(key, kinds)| {
                ["orderFirst", "orderLast"].contains(&key.text())
                    && kinds.items().all(|kind| kind.as_str().is_some())
            }),
            _ => false,
        }),
        _ => options.is_null(),
    }
}

/// The fields of a kustomization that work the same in any context.
const PLAIN_FIELDS: &[&str] = &[
    "apiVersion",
    "bases",
    "buildMetadata",
    "commonAnnotations",
    "commonLabels",
    "components",
    "configMapGenerator",
    "configurations",
    "crds",
    "generatorOptions",
    "generators",
    "images",
    "kind",
    "labels",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "replicas",
    "resources",
    "secretGenerator",
    "sortOptions",
    "transformers",
    "validators",
];
