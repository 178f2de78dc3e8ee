//! Values that are the same to Kubernetes: zero values, defaults of the API server, and fields that
//! only it writes.

use super::silence::Silence;
use crate::compare::defaults::is_default;
use crate::compare::diff::{Change, Step};
use crate::compare::steps::{Side, locate};
use crate::resource::{Resource, is_bookkeeping};
use crate::yaml::{Kind, Node, Number};

/// Fields that default to true, so that `false` is not the same as an absent value.
const TRUE_WHEN_ABSENT: [&str; 4] = [
    "allowPrivilegeEscalation",
    "automountServiceAccountToken",
    "enableServiceLinks",
    "hostUsers",
];

/// Maps with free keys, whose entries count even if they are empty.
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

/// The metadata that the API server writes.
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

/// The annotations that controllers write into the objects they work on.
const OF_CONTROLLERS: [&str; 3] = [
    "deployment.kubernetes.io/",
    "deprecated.daemonset.template.generation",
    "pv.kubernetes.io/",
];

/// Labels and annotations by which deployers recognize their objects.
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

/// Defaults that accompany a field that was set: the last fields of the path, and the value that
/// the API server adds.
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

/// Whether a field means the same as an absent one; `parent` is the field around it.
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

/// Whether a map or a list contains no value.
fn is_hollow(node: Node<'_>) -> bool {
    match node.kind() {
        Kind::Null => true,
        Kind::Map => node.entries().all(|(_, value)| is_hollow(value)),
        Kind::Seq => node.is_childless(),
        _ => false,
    }
}

/// The names of the last two fields of a path; an element of a list has no name of its own.
pub(super) fn last_two<'s>(steps: &[Step<'s>]) -> (&'s str, &'s str) {
    let mut fields = steps.iter().rev().map(|step| match step {
        Step::Field(name) => *name,
        Step::Element { .. } => "",
    });
    let last = fields.next().unwrap_or_default();
    (fields.next().unwrap_or_default(), last)
}

/// Whether a value on one side only has no meaning: a zero value, or the API server's own default.
pub(super) fn is_same_as_absent(change: &Change<'_>, resource: &Resource<'_>) -> bool {
    why_absent(change, resource).is_some()
}

/// Why a value on one side only has no meaning, if that is so.
pub(super) fn why_absent(change: &Change<'_>, resource: &Resource<'_>) -> Option<Silence> {
    let ((Some(said), None) | (None, Some(said))) = (change.base, change.overlay) else {
        return None;
    };
    let (parent, name) = last_two(&change.steps);
    // The cluster kept the value, so a zero has a meaning there.
    let is_nothing = match change.base {
        Some(_) => is_nothing(parent, name, said),
        None => is_hollow(said),
    };
    if is_nothing {
        Some(Silence::Zero)
    } else if is_default(change, resource) {
        Some(Silence::Default)
    } else {
        (is_brought(&change.steps, said) || is_second_name(change, said, resource))
            .then_some(Silence::Brought)
    }
}

/// Whether it is the old name of a pod's service account, to which the API server copies the new
/// one.
fn is_second_name(change: &Change<'_>, said: Node<'_>, live: &Resource<'_>) -> bool {
    let [around @ .., Step::Field("serviceAccount")] = change.steps.as_slice() else {
        return false;
    };
    let first = [around, &[Step::Field("serviceAccountName")]].concat();
    let first = locate(live.node, &first, Side::Overlay);
    change.base.is_none() && first.is_some_and(|first| first.same_scalar(said))
}

/// Whether a value is one that the API server adds to a field that was set.
fn is_brought(steps: &[Step<'_>], said: Node<'_>) -> bool {
    if said.is_map() && !said.is_childless() {
        // The value is a setting of its own if a part of it is not a default.
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

/// Whether a field is never compared: the status, fields that only the API server or a controller
/// writes, and the object's identity.
pub(super) fn is_of_server(steps: &[Step<'_>]) -> bool {
    match steps {
        [Step::Field("status" | "apiVersion" | "kind"), ..]
        | [
            ..,
            Step::Field("metadata"),
            Step::Field("creationTimestamp"),
        ] => true,
        [
            Step::Field("metadata"),
            Step::Field("annotations"),
            Step::Field(key),
        ] => is_known(&OF_CONTROLLERS, key),
        [Step::Field("metadata"), Step::Field(name), ..] => OF_SERVER.contains(name),
        // The claims of a StatefulSet are separate objects.
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

/// Whether a label or an annotation belongs to a deployer.
pub(super) fn is_of_deployer(steps: &[Step<'_>]) -> bool {
    let [
        Step::Field("metadata"),
        Step::Field("labels" | "annotations"),
        Step::Field(key),
    ] = steps
    else {
        return false;
    };
    is_bookkeeping(key) || is_known(&OF_DEPLOYERS, key)
}

/// Whether a key is in a list of names, and of prefixes that end with a slash.
fn is_known(list: &[&str], key: &str) -> bool {
    list.iter()
        .any(|known| key == *known || known.ends_with('/') && key.starts_with(known))
}
