//! Selectors that no longer find what they found, because the labels have changed and they have not.
//!
//! A label that an overlay puts on everything, or that holds the environment's own name, changes what runs if a selector
//! asks for its old value: a Service has no endpoints then, and a policy protects nothing.

use super::selector::matches;
use crate::compare::diff::{Change, Step};
use crate::compare::steps::{Side, locate};
use crate::resource::Resource;
use crate::yaml::Node;

/// How deep a resource is searched for selectors.
const MAX_DEPTH: usize = 32;

/// What a selector finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Pods,
    Namespaces,
    Services,
}

/// A selector of an overlay.
#[derive(Clone, Copy, Debug)]
pub(in crate::compare) struct Asking<'a> {
    wanted: Wanted,
    selector: Node<'a>,
    is_plain: bool,
    /// Whether the base has the same one.
    is_kept: bool,
}

/// The selectors of an overlay's resources.
pub(in crate::compare) fn asking<'a, 'r>(
    base: impl IntoIterator<Item = &'r Resource<'a>>,
    overlay: impl IntoIterator<Item = &'r Resource<'a>>,
) -> Vec<Asking<'a>>
where
    'a: 'r,
{
    let all = |resources: &mut dyn Iterator<Item = &'r Resource<'a>>| {
        let mut found = Vec::new();
        for resource in resources {
            search(resource.node, resource.kind(), 0, &mut found);
        }
        found
    };
    let before = all(&mut base.into_iter());
    let mut found = all(&mut overlay.into_iter());
    for one in &mut found {
        let mut same = before.iter();
        one.is_kept = same
            .any(|other| other.wanted == one.wanted && other.selector.same_in_order(one.selector));
    }
    found
}

fn search<'a>(node: Node<'a>, kind: &str, depth: usize, found: &mut Vec<Asking<'a>>) {
    if depth > MAX_DEPTH || kind == "PersistentVolumeClaim" {
        return;
    }
    for item in node.items() {
        search(item, kind, depth + 1, found);
    }
    for (key, value) in node.entries() {
        let name = key.text();
        // A claim's selector finds volumes.
        if name == "volumeClaimTemplates" {
            continue;
        }
        if !value.is_map() || !name.ends_with("elector") {
            search(value, kind, depth + 1, found);
            continue;
        }
        let wanted = match name {
            "selector" | "podSelector" | "labelSelector" | "endpointSelector"
            | "workloadSelector"
                if kind == "ServiceMonitor" =>
            {
                Wanted::Services
            }
            "selector" | "podSelector" | "labelSelector" | "endpointSelector"
            | "workloadSelector" => Wanted::Pods,
            "namespaceSelector" => Wanted::Namespaces,
            _ => continue,
        };
        let is_long = ["matchLabels", "matchExpressions"]
            .iter()
            .any(|field| value.get(field).is_some());
        let inner = value
            .get("labels")
            .filter(|labels| labels.is_map() && !is_long);
        let selector = inner.unwrap_or(value);
        if !selector.is_childless() {
            found.push(Asking {
                wanted,
                selector,
                is_plain: !is_long,
                is_kept: false,
            });
        }
    }
}

/// Whether a selector no longer finds a resource or a pod whose label has changed; or finds it now, and did not change.
pub(in crate::compare) fn is_left_behind(
    change: &Change<'_>,
    (base, overlay): (&Resource<'_>, &Resource<'_>),
    asking: &[Asking<'_>],
) -> bool {
    let [outer @ .., Step::Field("labels"), Step::Field(key)] = change.steps.as_slice() else {
        return false;
    };
    let Some(wanted) = wanted(outer, base, overlay) else {
        return false;
    };
    let way = &change.steps[..=outer.len()];
    let before = locate(base.node, way, Side::Base);
    let after = locate(overlay.node, way, Side::Overlay);
    let mut all = asking
        .iter()
        .filter(|one| one.wanted == wanted && one.names(key));
    all.any(|one| {
        let [was, is] =
            [before, after].map(|labels| matches(Some(one.selector), one.is_plain, labels));
        was != is && (was || one.is_kept)
    })
}

/// What labels at a place belong to, if selectors ask for them.
fn wanted(outer: &[Step<'_>], base: &Resource<'_>, overlay: &Resource<'_>) -> Option<Wanted> {
    let [holder @ .., Step::Field("metadata")] = outer else {
        return None;
    };
    if holder.is_empty() && overlay.group().is_empty() {
        match overlay.kind() {
            "Pod" => return Some(Wanted::Pods),
            "Namespace" => return Some(Wanted::Namespaces),
            "Service" => return Some(Wanted::Services),
            _ => {}
        }
    }
    let sides = [
        locate(base.node, holder, Side::Base),
        locate(overlay.node, holder, Side::Overlay),
    ];
    let mut templates = sides.iter().flatten();
    let is_template = !holder.is_empty()
        && templates.any(|node| node.at(&["spec", "containers"]).is_some_and(Node::is_seq));
    is_template.then_some(Wanted::Pods)
}

impl Asking<'_> {
    /// Whether it asks for a label.
    fn names(&self, key: &str) -> bool {
        if self.is_plain {
            return self.selector.get(key).is_some();
        }
        let labels = self.selector.get("matchLabels");
        let expressions = self.selector.get("matchExpressions").into_iter();
        labels.is_some_and(|labels| labels.get(key).is_some())
            || expressions
                .flat_map(Node::items)
                .any(|expression| expression.str_at(&["key"]) == Some(key))
    }
}
