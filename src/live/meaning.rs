//! What Kubernetes takes for the same: zero values, what the API server adds, and what it alone writes.

use super::silence::Silence;
use crate::compare::defaults::is_default;
use crate::compare::diff::{Change, Step};
use crate::resource::{Resource, is_bookkeeping};
use crate::yaml::{Kind, Node, Number};

/// Fields that are true where nothing is said, so that `false` is no absent value.
const TRUE_WHEN_ABSENT: [&str; 4] = [
    "allowPrivilegeEscalation",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "hostUsers",
];

/// Maps with free keys, whose entries are there however empty they are.
const FREE_MAPS: [&str; 8] = [
    "annotations",
    "binaryData",
    "data",
    "labels",
    "matchLabels",
    "nodeSelector",
    "parameters",
    "stringData",
];

/// What the API server writes into metadata.
const OF_SERVER: [&str; 10] = [
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generateName",
    "generation",
    "managedFields",
    "namespace",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Labels and annotations by which deployers know their objects.
const OF_DEPLOYERS: [&str; 12] = [
    "app.kubernetes.io/instance",
    "app.kubernetes.io/managed-by",
    "argocd.argoproj.io/",
    "config.k8s.io/",
    "fleet.cattle.io/",
    "helm.toolkit.fluxcd.io/",
    "helm.sh/chart",
    "internal.kpt.dev/",
    "kapp.k14s.io/",
    "kustomize.toolkit.fluxcd.io/",
    "meta.helm.sh/",
    "objectset.rio.cattle.io/",
];

/// What comes with a field that somebody sets: the last fields of the way, and the value that the API server puts there.
#[rustfmt::skip]
const BROUGHT: &[(&[&str], &str)] = &[
    (&["spec", "allocateLoadBalancerNodePorts"], "true"),
    (&["spec", "externalTrafficPolicy"], "Cluster"),
    (&["spec", "internalTrafficPolicy"], "Cluster"),
    (&["spec", "sessionAffinity"], "None"),
    (&["ports", "protocol"], "TCP"),
    (&["strategy", "type"], "RollingUpdate"),
    (&["rollingUpdate", "maxSurge"], "25%"),
    (&["rollingUpdate", "maxUnavailable"], "25%"),
    (&["rollingUpdate", "maxUnavailable"], "1"),
    (&["rollingUpdate", "maxSurge"], "0"),
    (&["rollingUpdate", "partition"], "0"),
    (&["containers", "imagePullPolicy"], "IfNotPresent"),
    (&["initContainers", "imagePullPolicy"], "IfNotPresent"),
    (&["configMap", "defaultMode"], "420"),
    (&["secret", "defaultMode"], "420"),
    (&["projected", "defaultMode"], "420"),
    (&["downwardAPI", "defaultMode"], "420"),
    (&["fieldRef", "apiVersion"], "v1"),
    (&["httpGet", "scheme"], "HTTP"),
];

/// Whether a field says nothing that an absent one does not; `parent` is the field around it.
pub(super) fn is_nothing(parent: &str, name: &str, node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Null => true,
        Kind::Seq => node.is_childless(),
        Kind::Map => {
            let mut entries = node.entries();
            entries.all(|(key, value)| is_nothing(name, key.text(), value))
        }
        _ if FREE_MAPS.contains(&parent) => false,
        Kind::Bool => {
            node.text().eq_ignore_ascii_case("false") && !TRUE_WHEN_ABSENT.contains(&name)
        }
        Kind::Str => node.text().is_empty(),
        Kind::Int | Kind::Float => match node.number() {
            Some(Number::Int(number)) => number == 0,
            Some(Number::Float(number)) => number.abs() < f64::MIN_POSITIVE,
            None => false,
        },
    }
}

/// Whether a map or a list has no value in it.
fn is_hollow(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Null => true,
        Kind::Map => node.entries().all(|(_, value)| is_hollow(value)),
        Kind::Seq => node.is_childless(),
        _ => false,
    }
}

/// The names of the last two fields of a way; an element of a list has none of its own.
pub(super) fn last_two<'s>(steps: &[Step<'s>]) -> (&'s str, &'s str) {
    let mut fields = steps.iter().rev().map(|step| match step {
        Step::Field(name) => *name,
        Step::Element { .. } => "",
    });
    let last = fields.next().unwrap_or_default();
    (fields.next().unwrap_or_default(), last)
}

/// Whether what one side alone has says nothing: a zero value, or the API server's own default.
pub(super) fn is_same_as_absent(change: &Change<'_>, resource: &Resource<'_>) -> bool {
    why_absent(change, resource).is_some()
}

/// Why what one side alone has says nothing, if that is so.
pub(super) fn why_absent(change: &Change<'_>, resource: &Resource<'_>) -> Option<Silence> {
    let ((Some(said), None) | (None, Some(said))) = (change.base, change.overlay) else {
        return None;
    };
    let (parent, name) = last_two(&change.steps);
    // What is in the cluster was kept there, so that a zero says something.
    let is_nothing = match change.base {
        Some(_) => is_nothing(parent, name, said),
        None => is_hollow(said),
    };
    if is_nothing {
        Some(Silence::Zero)
    } else if is_default(change, resource) {
        Some(Silence::Default)
    } else {
        is_brought(&change.steps, said).then_some(Silence::Brought)
    }
}

/// Whether a value is what the API server puts beside what somebody sets.
fn is_brought(steps: &[Step<'_>], said: Node<'_>) -> bool {
    if said.is_map() && !said.is_childless() {
        // A part of it that is no default makes it one of its own.
        return said.entries().all(|(key, value)| {
            let inner: Vec<Step<'_>> = steps
                .iter()
                .cloned()
                .chain([Step::Field(key.text())])
                .collect();
            is_brought(&inner, value)
        });
    }
    let fields: Vec<&str> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            Step::Element { .. } => None,
        })
        .collect();
    said.is_scalar()
        && BROUGHT
            .iter()
            .any(|(way, value)| fields.ends_with(way) && said.text() == *value)
}

/// Whether a field is never compared: the status, what the API server alone writes, and who the object is.
pub(super) fn is_of_server(steps: &[Step<'_>]) -> bool {
    match steps {
        [Step::Field("status" | "apiVersion" | "kind"), ..]
        | [
            ..,
            Step::Field("metadata"),
            Step::Field("creationTimestamp"),
        ] => true,
        [Step::Field("metadata"), Step::Field(name), ..] => OF_SERVER.contains(name),
        // The claims of a StatefulSet are objects of their own.
        [
            Step::Field("spec"),
            Step::Field("volumeClaimTemplates"),
            Step::Element { .. },
            Step::Field(name),
            ..,
        ] => matches!(*name, "apiVersion" | "kind" | "status"),
        _ => false,
    }
}

/// Whether a label or an annotation is a deployer's own note.
pub(super) fn is_of_deployer(steps: &[Step<'_>]) -> bool {
    let [
        Step::Field("metadata"),
        Step::Field("labels" | "annotations"),
        Step::Field(key),
    ] = steps
    else {
        return false;
    };
    is_bookkeeping(key)
        || OF_DEPLOYERS
            .iter()
            .any(|known| key == known || known.ends_with('/') && key.starts_with(known))
}
