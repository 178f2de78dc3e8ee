//! Helm's own notes in the resources that it renders: the chart, the release, and checksums of what it has read.

use std::collections::HashSet;

use crate::compare::diff::{Change, ChangeKind, Step, diff};
use crate::compare::pair::Pairing;
use crate::resource::Resource;
use crate::yaml::Node;

/// Labels that say what was rendered, and for which release.
const LABELS: [&str; 3] = [
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "helm.sh/chart",
];

/// How deep a workload is searched for its references.
const MAX_DEPTH: usize = 24;

/// Two rendered environments, with the resources that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Rendered<'r, 'a> {
    /// The base's resources.
    pub base: &'r [Resource<'a>],
    /// The overlay's resources.
    pub overlay: &'r [Resource<'a>],
    /// The resources that belong together.
    pub pairing: &'r Pairing,
}

impl Rendered<'_, '_> {
    /// Whether a change is a note by Helm that follows from a change judged elsewhere, or from nothing that runs.
    #[must_use]
    pub fn is_note(
        &self,
        change: &Change<'_>,
        base: &Resource<'_>,
        overlay: &Resource<'_>,
    ) -> bool {
        if is_test(base) && is_test(overlay) {
            return true;
        }
        if change.kind != ChangeKind::Modified {
            return false;
        }
        match change.steps.as_slice() {
            [
                ..,
                Step::Field("metadata"),
                Step::Field("labels"),
                Step::Field(key),
            ] => LABELS.contains(key),
            [
                ..,
                Step::Field("metadata"),
                Step::Field("annotations"),
                Step::Field(key),
            ] => key.starts_with("checksum/") && self.has_read_another(base, overlay),
            _ => false,
        }
    }

    /// Whether a `ConfigMap` or a Secret that a workload refers to differs, as far as can be seen.
    fn has_read_another(&self, base: &Resource<'_>, overlay: &Resource<'_>) -> bool {
        let (before, after) = (sources(base), sources(overlay));
        let is_read = |one: &Resource<'_>, by: &Resource<'_>, from: &HashSet<(&str, &str)>| {
            one.group().is_empty()
                && one.identity.namespace == by.identity.namespace
                && from.contains(&(one.kind(), one.name()))
        };
        let of = |side: &'_ [Resource<'_>], at: usize, by: &Resource<'_>, from: &HashSet<_>| {
            side.get(at).is_some_and(|one| is_read(one, by, from))
        };
        let pairing = self.pairing;
        let mut added = pairing.added.iter();
        let mut removed = pairing.removed.iter();
        let mut matched = pairing.matched.iter();
        added.any(|&at| of(self.overlay, at, overlay, &after))
            || removed.any(|&at| of(self.base, at, base, &before))
            || matched.any(|&(at, other)| {
                let pair = self.base.get(at).zip(self.overlay.get(other));
                of(self.overlay, other, overlay, &after)
                    && pair.is_some_and(|(early, late)| says_another(early, late))
            })
    }
}

/// Whether the data of two `ConfigMap`s or Secrets differ.
fn says_another(early: &Resource<'_>, late: &Resource<'_>) -> bool {
    let is_data = |change: &Change<'_>| {
        matches!(
            change.steps.first(),
            Some(Step::Field("data" | "stringData" | "binaryData"))
        )
    };
    diff(early, late).iter().any(is_data)
}

/// Whether a resource is a pod that Helm runs when it is asked to test a release, and at no other time.
fn is_test(resource: &Resource<'_>) -> bool {
    let hook = resource.annotation("helm.sh/hook").map(str::trim);
    resource.kind() == "Pod"
        && resource.group().is_empty()
        && matches!(hook, Some("test" | "test-success"))
}

/// The `ConfigMap`s and Secrets that the pods of a workload refer to, by kind and name.
fn sources<'a>(workload: &Resource<'a>) -> HashSet<(&'static str, &'a str)> {
    let mut found = HashSet::new();
    collect(workload.node, 0, &mut found);
    found
}

fn collect<'a>(node: Node<'a>, depth: usize, found: &mut HashSet<(&'static str, &'a str)>) {
    if depth > MAX_DEPTH {
        return;
    }
    for (key, value) in node.entries() {
        let kind = match key.text() {
            "configMap" | "configMapKeyRef" | "configMapRef" => Some("ConfigMap"),
            "secret" | "secretKeyRef" | "secretRef" => Some("Secret"),
            _ => None,
        };
        if let Some(kind) = kind {
            let names = ["name", "secretName"].into_iter();
            let names = names.filter_map(|field| value.get(field)?.as_str());
            found.extend(names.map(|name| (kind, name)));
        }
        collect(value, depth + 1, found);
    }
    for item in node.items() {
        collect(item, depth + 1, found);
    }
}
