//! Selectors that follow their own pods.
//!
//! An overlay that puts a label on all pods and on all selectors has changed
//! nothing, as long as every selector still finds what it found. One that asks
//! for another owner's pods finds nothing any more.

use crate::catalog::Class;
use crate::compare::classify::of_label;
use crate::compare::diff::{Change, Step};
use crate::compare::steps::{Side, locate};
use crate::resource::Resource;
use crate::yaml::Node;

/// How deep a resource is searched for pod templates.
const MAX_DEPTH: usize = 16;

/// The labels of pods, before and after.
#[derive(Debug)]
pub(in crate::compare) struct Pod<'a> {
    /// The namespace that the overlay has it in.
    namespace: &'a str,
    /// Its labels in the base; `None` if the overlay has added it.
    base: Option<Node<'a>>,
    /// Its labels in the overlay.
    overlay: Option<Node<'a>>,
    is_added: bool,
}

/// All pods that the overlay has.
pub(in crate::compare) fn pods<'a>(
    pairs: &[(&Resource<'a>, &Resource<'a>)],
    added: &[&Resource<'a>],
) -> Vec<Pod<'a>> {
    let mut pods = Vec::new();
    for (base, overlay) in pairs {
        let before = templates(base);
        for (path, labels) in templates(overlay) {
            let base = before.iter().find(|(other, _)| *other == path);
            pods.push(Pod {
                namespace: overlay.identity.namespace,
                base: base.and_then(|(_, labels)| *labels),
                overlay: labels,
                is_added: base.is_none(),
            });
        }
    }
    for overlay in added {
        pods.extend(
            templates(overlay)
                .into_iter()
                .map(|(_, overlay_labels)| Pod {
                    namespace: overlay.identity.namespace,
                    base: None,
                    overlay: overlay_labels,
                    is_added: true,
                }),
        );
    }
    pods
}

/// The path to a template, and the labels of its pods.
type Template<'a> = (Vec<&'a str>, Option<Node<'a>>);

fn templates<'a>(resource: &Resource<'a>) -> Vec<Template<'a>> {
    let mut found = Vec::new();
    if resource.kind() == "Pod" && resource.group().is_empty() {
        found.push((Vec::new(), resource.node.at(&["metadata", "labels"])));
    } else {
        collect(resource.node, &mut Vec::new(), &mut found);
    }
    found
}

fn collect<'a>(node: Node<'a>, path: &mut Vec<&'a str>, found: &mut Vec<Template<'a>>) {
    if path.len() > MAX_DEPTH {
        return;
    }
    for (key, value) in node.entries().filter(|(_, value)| value.is_map()) {
        path.push(key.text());
        let containers = value.at(&["spec", "containers"]);
        if containers.is_some_and(Node::is_seq) {
            found.push((path.clone(), value.at(&["metadata", "labels"])));
        } else {
            collect(value, path, found);
        }
        path.pop();
    }
}

/// Whether a selector that a change narrows down to a label still finds all pods that it found before, and finds one.
pub(super) fn follows(
    change: &Change<'_>,
    base: &Resource<'_>,
    overlay: &Resource<'_>,
    pods: &[Pod<'_>],
) -> bool {
    is_followed(change, (base, overlay), pods, |_, _| true)
}

/// The class of a label that a selector asks for because its pods have it now, if it finds the same pods by it.
///
/// Its change only follows theirs. A selector that asks for a label that its pods already had finds other pods than
/// it did, or will, and one that now also finds another owner's pods is another selector.
pub(in crate::compare) fn goes_with_label(
    change: &Change<'_>,
    base: &Resource<'_>,
    overlay: &Resource<'_>,
    pods: &[Pod<'_>],
) -> Option<Class> {
    let (way, key) = match change.steps.as_slice() {
        [
            Step::Field("spec"),
            Step::Field("selector"),
            Step::Field("matchLabels"),
            Step::Field(key),
        ]
        | [
            Step::Field("spec"),
            Step::Field("selector"),
            Step::Field(key),
        ] => (&change.steps[..2], *key),
        _ => return None,
    };
    let is_plain = change.steps.len() == 3;
    let now = locate(overlay.node, way, Side::Overlay);
    let is_of_pod = |pod: &Pod<'_>, is_own: bool| {
        let [before, after] = [pod.base, pod.overlay].map(|labels| {
            let value = labels.and_then(|labels| labels.get(key));
            value.and_then(Node::as_str)
        });
        if is_own {
            before != after
        } else {
            !matches(now, is_plain, pod.overlay)
        }
    };
    is_followed(change, (base, overlay), pods, is_of_pod).then(|| of_label(key))
}

/// [`follows`], if every pod of the namespace fits as well, whether or not the selector found it before.
fn is_followed(
    change: &Change<'_>,
    (base, overlay): (&Resource<'_>, &Resource<'_>),
    pods: &[Pod<'_>],
    fits: impl Fn(&Pod<'_>, bool) -> bool,
) -> bool {
    let (Some(after), [outer @ .., Step::Field(parent), Step::Field(key)]) = (
        change.overlay.and_then(Node::as_str),
        change.steps.as_slice(),
    ) else {
        return false;
    };
    // The map that is the selector, and the map that contains the selector.
    let (selector, around) = match (*parent, outer) {
        ("matchLabels", [around @ .., Step::Field(_)]) => (outer, around),
        ("selector", around) => (&change.steps[..=around.len()], around),
        _ => return false,
    };
    let name = match selector.last() {
        Some(Step::Field(name)) => *name,
        _ => return false,
    };
    let is_of_claims = overlay.kind() == "PersistentVolumeClaim"
        || around.contains(&Step::Field("volumeClaimTemplates"));
    if !matches!(name, "selector" | "podSelector" | "labelSelector") || is_of_claims {
        return false;
    }
    let elsewhere = [
        locate(base.node, around, Side::Base),
        locate(overlay.node, around, Side::Overlay),
    ];
    let says = |field| {
        let mut sides = elsewhere.iter().flatten();
        sides.any(|node| node.get(field).is_some_and(|value| !value.is_null()))
    };
    if says("namespaceSelector") || says("namespaces") {
        return false;
    }
    let before = locate(base.node, selector, Side::Base);
    let is_plain = *parent == "selector";
    // A Service without a selector finds nothing; an empty selector elsewhere finds everything.
    if is_plain && before.is_none_or(Node::is_childless) {
        return false;
    }
    let namespace = plain(overlay.identity.namespace);
    let mut near = pods.iter().filter(|pod| plain(pod.namespace) == namespace);
    let mut is_met = false;
    near.all(|pod| {
        let labels = if pod.is_added { pod.overlay } else { pod.base };
        if !matches(before, is_plain, labels) {
            return fits(pod, false);
        }
        is_met |= !pod.is_added;
        if !pod.is_added && !fits(pod, true) {
            return false;
        }
        let own = pod.overlay.and_then(|labels| labels.get(key));
        own.and_then(Node::as_str) == Some(after)
    }) && is_met
}

fn plain(namespace: &str) -> &str {
    if namespace == "default" {
        ""
    } else {
        namespace
    }
}

/// Whether a selector finds pods with these labels.
pub(super) fn matches(
    selector: Option<Node<'_>>,
    is_plain: bool,
    labels: Option<Node<'_>>,
) -> bool {
    let of = |key: &str| {
        let value = labels.and_then(|labels| labels.get(key));
        value.and_then(Node::as_str)
    };
    let Some(selector) = selector else {
        return true;
    };
    let wanted = if is_plain {
        Some(selector)
    } else {
        selector.get("matchLabels")
    };
    let mut wanted = wanted.into_iter().flat_map(Node::entries);
    let mut expressions = selector
        .get("matchExpressions")
        .filter(|_| !is_plain)
        .into_iter()
        .flat_map(Node::items);
    wanted.all(|(key, value)| of(key.text()) == value.as_str())
        && expressions.all(|expression| {
            let own = of(expression.str_at(&["key"]).unwrap_or_default());
            let is_among = || {
                let mut values = expression.get("values").into_iter().flat_map(Node::items);
                values.any(|value| value.as_str() == own)
            };
            match expression.str_at(&["operator"]).unwrap_or_default() {
                "In" => own.is_some() && is_among(),
                "NotIn" => own.is_none() || !is_among(),
                "Exists" => own.is_some(),
                "DoesNotExist" => own.is_none(),
                _ => false,
            }
        })
}
