//! How the API server changes a field of an existing object, if it does.
//!
//! The tables follow the validation of Kubernetes (`pkg/apis/*/validation`), for the fields that can
//! differ from Git: those of an object that was deleted and created anew with other values, and
//! those that a subresource of pods writes.

use crate::compare::diff::Step;
use crate::resource::Resource;
use crate::yaml::Node;

/// How a field of an existing object is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InPlace {
    /// By a write to the object.
    Directly,
    /// By a write to this subresource.
    Through(&'static str),
    /// Not at all: the object must be deleted and created anew. `is_cheap` says that its deletion
    /// loses nothing besides.
    Never {
        /// Whether no data or running workload depends on the object.
        is_cheap: bool,
    },
}

/// Group, kinds, and the fields that never change.
#[rustfmt::skip]
const FIXED: &[(&str, &[&str], &[&str])] = &[
    ("", &["PersistentVolumeClaim"], &["spec", "accessModes"]),
    ("", &["PersistentVolumeClaim"], &["spec", "dataSource"]),
    ("", &["PersistentVolumeClaim"], &["spec", "selector"]),
    ("", &["PersistentVolumeClaim"], &["spec", "storageClassName"]),
    ("", &["PersistentVolumeClaim"], &["spec", "volumeMode"]),
    ("", &["PersistentVolumeClaim"], &["spec", "volumeName"]),
    ("", &["Secret"], &["type"]),
    ("apps", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"], &["spec", "selector"]),
    ("apps", &["StatefulSet"], &["spec", "podManagementPolicy"]),
    ("apps", &["StatefulSet"], &["spec", "serviceName"]),
    ("apps", &["StatefulSet"], &["spec", "volumeClaimTemplates"]),
    ("batch", &["Job"], &["spec", "completionMode"]),
    ("batch", &["Job"], &["spec", "selector"]),
    ("batch", &["Job"], &["spec", "template"]),
    ("rbac.authorization.k8s.io", &["ClusterRoleBinding", "RoleBinding"], &["roleRef"]),
    ("scheduling.k8s.io", &["PriorityClass"], &["preemptionPolicy"]),
    ("scheduling.k8s.io", &["PriorityClass"], &["value"]),
    ("storage.k8s.io", &["StorageClass"], &["parameters"]),
    ("storage.k8s.io", &["StorageClass"], &["provisioner"]),
    ("storage.k8s.io", &["StorageClass"], &["reclaimPolicy"]),
    ("storage.k8s.io", &["StorageClass"], &["volumeBindingMode"]),
];

/// Kinds whose objects can be deleted and deployed again, which loses nothing else.
const CHEAP: [&str; 7] = [
    "ClusterRoleBinding",
    "ConfigMap",
    "Pod",
    "PriorityClass",
    "RoleBinding",
    "Secret",
    "StorageClass",
];

/// How the field at these steps is changed in a live object.
#[must_use]
pub fn in_place(live: &Resource<'_>, steps: &[Step<'_>]) -> InPlace {
    let fields: Vec<&str> = steps
        .iter()
        .map(|step| match step {
            Step::Field(name) => *name,
            Step::Element { .. } => "[]",
        })
        .collect();
    let (group, kind) = (live.group(), live.kind());
    let never = InPlace::Never {
        is_cheap: CHEAP.contains(&kind),
    };
    let is_fixed = FIXED
        .iter()
        .any(|(of, kinds, path)| *of == group && kinds.contains(&kind) && fields.starts_with(path));
    match (group, kind, fields.as_slice()) {
        _ if is_fixed => never,
        (
            "",
            "Pod",
            ["spec", "activeDeadlineSeconds"]
            | ["spec", "containers" | "initContainers", "[]", "image"],
        ) => InPlace::Directly,
        ("", "Pod", ["spec", "containers", "[]", "resources", ..]) => InPlace::Through("resize"),
        ("", "Pod", ["spec", ..]) => never,
        ("", "ConfigMap" | "Secret", [first, ..]) if *first != "metadata" && is_locked(live) => {
            never
        }
        _ => InPlace::Directly,
    }
}

/// Whether the data of an object is locked.
fn is_locked(live: &Resource<'_>) -> bool {
    let locked = live.node.get("immutable").map(Node::text);
    locked.is_some_and(|locked| locked.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::diff::By;
    use crate::yaml::parse;

    #[test]
    fn fields_that_the_api_server_refuses_to_change_are_known() {
        let way = |object: &str, path: &str| {
            let tree = parse(object).expect("an object");
            let live = tree.roots().next().and_then(Resource::read);
            let steps: Vec<Step<'_>> = path
                .split('.')
                .map(|name| match name {
                    "0" => Step::Element {
                        base: Some(0),
                        overlay: Some(0),
                        by: By::Index,
                    },
                    name => Step::Field(name),
                })
                .collect();
            in_place(&live.expect("a resource"), &steps)
        };
        let pod = "{apiVersion: v1, kind: Pod, metadata: {name: a}}";
        let never = |is_cheap| InPlace::Never { is_cheap };
        for (object, path, wanted) in [
            (pod, "metadata.labels", InPlace::Directly),
            (pod, "spec.containers.0.image", InPlace::Directly),
            (
                pod,
                "spec.containers.0.resources.limits.cpu",
                InPlace::Through("resize"),
            ),
            (pod, "spec.containers.0.env", never(true)),
            (pod, "spec.ephemeralContainers", never(true)),
            (
                "{apiVersion: v1, kind: ConfigMap, immutable: true, metadata: {name: a}}",
                "data.a",
                never(true),
            ),
            (
                "{apiVersion: v1, kind: ConfigMap, immutable: true, metadata: {name: a}}",
                "metadata.labels",
                InPlace::Directly,
            ),
            (
                "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}",
                "data.a",
                InPlace::Directly,
            ),
            (
                "{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}",
                "spec.selector.matchLabels.app",
                never(false),
            ),
            (
                "{apiVersion: v1, kind: Service, metadata: {name: a}}",
                "spec.selector.app",
                InPlace::Directly,
            ),
            (
                "{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: a}}",
                "roleRef.name",
                never(true),
            ),
        ] {
            assert_eq!(way(object, path), wanted, "{object} {path}");
        }
    }
}
