//! Which directories may be built together, each sealed on the way.

use std::collections::BTreeSet;

use crate::repo::{Parsed, is_remote, runs_only_own};
use crate::yaml::Node;

/// Whether a directory builds the same with and without plugins enabled, so that it can be sealed on the way.
///
/// That is so for kustomizations of known fields without functions, other than
/// this program's own, whose files are all here.
#[must_use]
pub fn is_plain(parsed: &Parsed<'_>, directory: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        if !seen.insert(directory.clone()) {
            continue;
        }
        let Some(kustomization) = parsed.kustomization(&directory) else {
            return false;
        };
        // What kustomize reads elsewhere, or otherwise, is not what is looked at here.
        if parsed.sources.is_linked(&directory) || !parsed.is_unambiguous(kustomization) {
            return false;
        }
        let is_known = |key: &str| PLAIN_FIELDS.contains(&key);
        let entries = || kustomization.root.entries();
        if !entries().all(|(key, value)| is_known(key.text()) || value.is_null())
            || !has_known_order(kustomization.root)
        {
            return false;
        }
        for entry in kustomization
            .loads()
            .chain(kustomization.strings("components"))
        {
            let entry = entry.text();
            if is_remote(entry) {
                return false;
            }
            let Some(path) = kustomization.resolve(entry) else {
                return false;
            };
            if parsed.kustomization(&path).is_some() {
                left.push(path);
            } else if !parsed.sources.contains(&path) {
                return false;
            }
        }
        if !runs_only_own(parsed, kustomization) {
            return false;
        }
    }
    true
}

/// Whether an order of sorting, which only the outermost kustomization obeys, is one that kustomize knows.
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

/// The fields of a kustomization that work alike whatever stands around it.
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
