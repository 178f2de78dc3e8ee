//! The directories that may be built together, each sealed midway.

use std::collections::BTreeSet;

use super::Service;
use crate::repo::{self, Edge, Parsed, Role, To};
use crate::yaml::Node;

/// Whether a directory builds the same with and without plugins enabled, so that it can be sealed
/// midway.
///
/// This holds for kustomizations with known fields, without functions except this program's own,
/// and with all files present.
#[must_use]
pub fn is_plain(parsed: &Parsed<'_>, directory: &str) -> bool {
    // A component cannot be loaded as a resource, although it builds on its own.
    let is_component = parsed
        .kustomization(directory)
        .is_some_and(|kustomization| kustomization.is_component());
    !is_component
        && is_known(parsed, directory, |root| {
            has_fields(root, &[PLAIN_FIELDS]) && has_known_order(root)
        })
}

/// Whether enabled plugins start nothing in a build of a directory except this program, and helm if
/// a flag allows that.
///
/// Fields that only work in a build of its own are allowed, because they start no plugin.
#[must_use]
pub fn starts_only_own(parsed: &Parsed<'_>, directory: &str, may_run_helm: bool) -> bool {
    let helm = if may_run_helm { HELM_FIELDS } else { &[] };
    is_known(parsed, directory, |root| {
        has_fields(root, &[PLAIN_FIELDS, ALONE_FIELDS, helm])
    })
}

/// Whether everything that a directory is built from is here, can be read in only one way, and
/// declares only harmless functions.
fn is_known(parsed: &Parsed<'_>, directory: &str, is_known: impl Fn(Node<'_>) -> bool) -> bool {
    let is_part = |edge: &Edge| matches!(edge.role, Role::Load | Role::Component);
    let is_here = |edge: &Edge| matches!(edge.to, To::Kustomization(_) | To::File(_));
    let graph = parsed.graph();
    let mut all = graph.directories(&[directory], is_part).peekable();
    all.peek().is_some()
        && all.all(|(directory, edges)| {
            // kustomize would read another file, or read this one differently.
            let found = parsed.kustomization(directory).filter(|kustomization| {
                !parsed.sources.is_linked(directory) && parsed.is_unambiguous(*kustomization)
            });
            found.is_some_and(|kustomization| {
                is_known(kustomization.root)
                    && edges.iter().filter(|edge| is_part(edge)).all(is_here)
                    && repo::starts_only_own(parsed, kustomization)
            })
        })
        && graph.is_whole()
}

/// Whether a kustomization has only fields of these lists.
fn has_fields(root: Node<'_>, lists: &[&[&str]]) -> bool {
    root.entries().all(|(key, value)| {
        value.is_null() || lists.iter().any(|fields| fields.contains(&key.text()))
    })
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

/// The fields that need a build of their own, and start nothing.
const ALONE_FIELDS: &[&str] = &["imageTags", "openapi", "vars"];

/// The fields that run helm, which enabled plugins allow even without its own flag.
const HELM_FIELDS: &[&str] = &["helmChartInflationGenerator", "helmCharts", "helmGlobals"];
