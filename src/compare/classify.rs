//! The purpose of a changed field.
//!
//! Every change has exactly one class. The tables here are data; the only question
//! that involves other resources is the target of an `envFrom`,
//! which may change only to a source with the same keys.

mod encrypted;
mod groups;
mod hosts;
mod operators;
mod parts;
mod settings;
mod traefik;

pub use hosts::takes_all_traffic;

use groups::CONTOUR;
pub(super) use groups::is_within;
use parts::{image, in_resources};

use crate::catalog::Class;
use crate::compare::diff::{Change, ChangeKind, Step};
use crate::resource::Resource;
use crate::yaml::Node;

/// The resources around a change, for the classes that depend on them.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s, 'a> {
    /// The resource that the change was found in, as the overlay has it.
    pub resource: &'s Resource<'a>,
    /// All resources of the base.
    pub base: &'s [Resource<'a>],
    /// All resources of the overlay.
    pub overlay: &'s [Resource<'a>],
}

/// A change and what it is for.
#[derive(Clone, Debug)]
pub struct Classified<'a> {
    /// The change.
    pub change: Change<'a>,
    /// Its class.
    pub class: Class,
    /// Whether it is about a label that a selector asks for, and the selector no longer finds what it found.
    pub is_left_behind: bool,
}

/// The class of a change.
#[must_use]
pub fn classify(change: &Change<'_>, around: Surroundings<'_, '_>) -> Class {
    let steps = change.steps.as_slice();
    if let Some(class) = metadata(steps) {
        return class;
    }
    if let Some(pod) = change.pod {
        return in_pod(change, &steps[pod..], around);
    }
    let resource = around.resource;
    if is_replica_count(resource, steps) {
        return Class::Replicas;
    }
    if let Some(class) = claim(change, steps, resource) {
        return class;
    }
    if let Some(class) = operators::class(resource, change) {
        return class;
    }
    if let Some(class) = hosts::class(resource, change).or_else(|| traefik::class(resource, change))
    {
        return class;
    }
    if let Some(class) = encrypted::class(resource, change) {
        return class;
    }
    if is_config(resource)
        && let [Step::Field("data" | "stringData" | "binaryData"), rest @ ..] = steps
    {
        let existing = change.kind == ChangeKind::Modified && !rest.is_empty();
        return if existing {
            Class::EnvValues
        } else {
            Class::ConfigKeys
        };
    }
    let top = matches!(steps.first(), Some(Step::Field(first)) if !matches!(*first, "apiVersion" | "kind" | "metadata"));
    if top && is_mesh_group(resource.group()) {
        return Class::ServiceMesh;
    }
    if top && is_ingress(resource) {
        return Class::IngressStructure;
    }
    if let Some(class) = settings::class(resource, change) {
        return class;
    }
    if encrypted::is_setting(resource, change) {
        return Class::EnvValues;
    }
    operators::compute(change).unwrap_or(Class::Other)
}

fn is_config(resource: &Resource<'_>) -> bool {
    matches!(resource.kind(), "ConfigMap" | "Secret") && resource.group().is_empty()
}

/// The class of a label or an annotation, on the resource itself or on a template in it.
fn metadata(steps: &[Step<'_>]) -> Option<Class> {
    let at = steps
        .iter()
        .rposition(|step| *step == Step::Field("metadata"))?;
    match &steps[at + 1..] {
        [Step::Field("labels"), rest @ ..] => Some(match rest.first() {
            Some(Step::Field(key)) => of_label(key),
            _ => Class::Labels,
        }),
        [Step::Field("annotations"), rest @ ..] => Some(match rest.first() {
            Some(Step::Field(key)) => annotation(key),
            _ => Class::Annotations,
        }),
        _ => None,
    }
}

fn annotation(key: &str) -> Class {
    if is_mesh_key(key) {
        Class::ServiceMesh
    } else if is_hostname_annotation(key) {
        Class::Hostnames
    } else if is_health_annotation(key) {
        Class::HealthChecks
    } else if key == "kubernetes.io/ingress.class" {
        Class::IngressStructure
    } else {
        Class::Annotations
    }
}

/// external-dns publishes the names in these annotations.
fn is_hostname_annotation(key: &str) -> bool {
    matches!(
        key,
        "external-dns.alpha.kubernetes.io/hostname"
            | "external-dns.alpha.kubernetes.io/internal-hostname"
            | "external-dns.kubernetes.io/hostname"
            | "external-dns.kubernetes.io/internal-hostname"
    )
}

/// Cloud load balancers take their health checks from annotations whose names say so.
fn is_health_annotation(key: &str) -> bool {
    let name = key.rsplit('/').next().unwrap_or(key);
    ["healthcheck", "health-check", "health-probe"]
        .iter()
        .any(|word| name.contains(word))
        || key == "alb.ingress.kubernetes.io/success-codes"
}

/// The class of a label, whether metadata sets it or a selector asks for it.
pub(super) fn of_label(key: &str) -> Class {
    if is_mesh_key(key) {
        Class::ServiceMesh
    } else {
        Class::Labels
    }
}

/// API groups whose kinds configure a service mesh.
const MESH_GROUPS: &[&str] = &[
    "cilium.io",
    "consul.hashicorp.com",
    "istio.io",
    "kuma.io",
    "linkerd.io",
    "smi-spec.io",
];

/// Domains of labels and annotations that a service mesh reads.
const MESH_DOMAINS: &[&str] = &[
    "cilium.io",
    "consul.hashicorp.com",
    "istio.io",
    "kuma.io",
    "linkerd.io",
    "openservicemesh.io",
    "smi-spec.io",
];

fn is_mesh_group(group: &str) -> bool {
    is_within(group, MESH_GROUPS)
}

/// Whether a service mesh reads a label or an annotation.
pub(super) fn is_mesh_key(key: &str) -> bool {
    key == "istio-injection"
        || key
            .split_once('/')
            .is_some_and(|(domain, _)| is_within(domain, MESH_DOMAINS))
}

/// Kinds that route traffic from outside.
fn is_ingress(resource: &Resource<'_>) -> bool {
    match resource.group() {
        "networking.k8s.io" | "extensions" => matches!(resource.kind(), "Ingress" | "IngressClass"),
        "gateway.networking.k8s.io" => true,
        "route.openshift.io" | "" => resource.kind() == "Route",
        CONTOUR => resource.kind() == "HTTPProxy",
        _ => traefik::is_route(resource),
    }
}

fn is_replica_count(resource: &Resource<'_>, steps: &[Step<'_>]) -> bool {
    let [Step::Field("spec"), rest @ ..] = steps else {
        return false;
    };
    match (resource.group(), resource.kind(), rest) {
        ("autoscaling", "HorizontalPodAutoscaler", [Step::Field(field)]) => {
            matches!(*field, "minReplicas" | "maxReplicas")
        }
        ("keda.sh", _, [Step::Field(field)]) => {
            matches!(
                *field,
                "minReplicaCount" | "maxReplicaCount" | "idleReplicaCount"
            )
        }
        ("policy", "PodDisruptionBudget", [Step::Field(field)]) => {
            matches!(*field, "minAvailable" | "maxUnavailable")
        }
        (_, _, [Step::Field("replicas")]) => true,
        // Kubeflow names the replicas of each role.
        ("kubeflow.org", _, [Step::Field(roles), Step::Field(_), Step::Field("replicas")]) => {
            roles.ends_with("ReplicaSpecs")
        }
        _ => false,
    }
}

/// The class of a field of a pod specification; `steps` begin inside it.
fn in_pod(change: &Change<'_>, steps: &[Step<'_>], around: Surroundings<'_, '_>) -> Class {
    match steps {
        [
            Step::Field("containers" | "initContainers" | "ephemeralContainers"),
            rest @ ..,
        ] => match rest {
            [] | [Step::Element { .. }] => Class::Containers,
            [Step::Element { .. }, inner @ ..] => in_container(change, inner, around),
            _ => Class::Other,
        },
        [Step::Field("resources"), rest @ ..] => in_resources(change, rest),
        [Step::Field("volumes"), ..] => {
            claim(change, steps, around.resource).unwrap_or(Class::Other)
        }
        _ => Class::Other,
    }
}

fn in_container(change: &Change<'_>, steps: &[Step<'_>], around: Surroundings<'_, '_>) -> Class {
    match steps {
        [Step::Field("image")] => image(change),
        [Step::Field("name")] => Class::Containers,
        [
            Step::Field("livenessProbe" | "readinessProbe" | "startupProbe"),
            ..,
        ] => Class::HealthChecks,
        [Step::Field("resources"), rest @ ..] => in_resources(change, rest),
        [
            Step::Field("env"),
            Step::Element { .. },
            Step::Field("value" | "valueFrom"),
            ..,
        ] => Class::EnvValues,
        [
            Step::Field("envFrom"),
            Step::Element { .. },
            Step::Field(source),
            Step::Field("name"),
        ] if same_keys(change, source, around) => Class::EnvValues,
        [Step::Field("env" | "envFrom"), ..] => Class::EnvNames,
        _ => Class::Other,
    }
}

/// The class of the storage that a claim requests, whether it is a separate claim or a template of one.
fn claim(change: &Change<'_>, steps: &[Step<'_>], resource: &Resource<'_>) -> Option<Class> {
    let is_claim = resource.kind() == "PersistentVolumeClaim" && resource.group().is_empty();
    let from = if is_claim {
        Some(0)
    } else {
        steps
            .iter()
            .rposition(|step| *step == Step::Field("volumeClaimTemplate"))
            .map(|at| at + 1)
            .or_else(|| {
                let list = Step::Field("volumeClaimTemplates");
                Some(steps.iter().rposition(|step| *step == list)? + 2)
            })
    };
    match steps.get(from?..)? {
        [Step::Field("spec"), Step::Field("resources"), rest @ ..] => {
            Some(in_resources(change, rest))
        }
        _ => None,
    }
}

/// Whether the old and the new source of an `envFrom` have the same keys.
fn same_keys(change: &Change<'_>, source: &str, around: Surroundings<'_, '_>) -> bool {
    let kind = match source {
        "configMapRef" => "ConfigMap",
        "secretRef" => "Secret",
        _ => return false,
    };
    let keys = |resources: &[Resource<'_>], name: Option<Node<'_>>| {
        let name = name?.as_str()?.to_owned();
        let found = resources.iter().find(|resource| {
            resource.kind() == kind && resource.group().is_empty() && resource.name() == name
        })?;
        let mut keys: Vec<String> = ["data", "stringData", "binaryData"]
            .iter()
            .filter_map(|field| found.node.get(field))
            .flat_map(Node::entries)
            .map(|(key, _)| key.text().to_owned())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        Some(keys)
    };
    match (
        keys(around.base, change.base),
        keys(around.overlay, change.overlay),
    ) {
        (Some(base), Some(overlay)) => base == overlay,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mesh_keys_are_recognised_by_domain() {
        assert!(is_mesh_key("sidecar.istio.io/inject") && is_mesh_key("istio-injection"));
        assert!(is_mesh_key("linkerd.io/inject") && is_mesh_group("networking.istio.io"));
        assert!(!is_mesh_key("notistio.io/x") && !is_mesh_key("app") && !is_mesh_group("apps"));
    }
}
