//! The lists that kustomize merges, and their keys.
//!
//! kustomize uses a schema of Kubernetes 1.21, whatever the cluster says: newer kinds, versions and
//! lists have no keys in it. `tests/it/engine/defaults.rs` compares this table with kustomize.

/// The schema of a map: the fields with merged lists at any depth below.
pub(in crate::engine) struct Shape(&'static [(&'static str, Field)]);

/// A field of a map.
#[derive(Clone, Copy)]
pub(super) enum Field {
    Map(&'static Shape),
    /// A list that is merged by keys; if it has none, its elements are strings.
    List(&'static [&'static str], &'static Shape),
}

use Field::{List, Map};

impl Shape {
    /// The schema of a kind.
    pub fn of(group: &str, version: &str, kind: &str) -> Option<&'static Self> {
        let is_this = |(of, versions, _): &&(&str, &str, &str)| {
            *of == group && versions.split(' ').any(|known| known == version)
        };
        let mut known = KINDS.iter().filter(is_this);
        if !known.any(|(_, _, kinds)| kinds.split(' ').any(|known| known == kind)) {
            return None;
        }
        Some(match kind {
            "Pod" => &POD,
            "PodTemplate" => &POD_TEMPLATE,
            "DaemonSet"
            | "Deployment"
            | "Job"
            | "ReplicaSet"
            | "ReplicationController"
            | "StatefulSet" => &WORKLOAD,
            "CronJob" => &CRON_JOB,
            "Service" => &SERVICE,
            "ServiceAccount" => &SERVICE_ACCOUNT,
            "Node" => &NODE,
            "CSINode" => &CSI_NODE,
            "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => &WEBHOOKS,
            "ComponentStatus" => &COMPONENT,
            "APIService" | "Namespace" | "PersistentVolumeClaim" | "PodDisruptionBudget" => {
                &CONDITIONED
            }
            "Kustomization" => &KUSTOMIZATION,
            _ => &OBJECT,
        })
    }

    /// The schema of one of its fields.
    pub(super) fn field(&self, name: &str) -> Option<Field> {
        let found = self.0.iter().find(|(field, _)| *field == name);
        found.map(|(_, field)| *field)
    }
}

/// The kinds that kustomize has a schema for: group, versions, and kinds of all these versions.
const KINDS: [(&str, &str, &str); 28] = [
    (
        "",
        "v1",
        "Binding ComponentStatus ConfigMap Endpoints Event LimitRange Namespace Node PersistentVolume PersistentVolumeClaim Pod PodTemplate ReplicationController ResourceQuota Secret Service ServiceAccount",
    ),
    (
        "admissionregistration.k8s.io",
        "v1 v1beta1",
        "MutatingWebhookConfiguration ValidatingWebhookConfiguration",
    ),
    (
        "apiextensions.k8s.io",
        "v1 v1beta1",
        "CustomResourceDefinition",
    ),
    ("apiregistration.k8s.io", "v1 v1beta1", "APIService"),
    (
        "apps",
        "v1",
        "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
    ),
    ("authentication.k8s.io", "v1", "TokenRequest TokenReview"),
    ("authentication.k8s.io", "v1beta1", "TokenReview"),
    (
        "authorization.k8s.io",
        "v1 v1beta1",
        "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
    ),
    ("autoscaling", "v1", "HorizontalPodAutoscaler Scale"),
    ("autoscaling", "v2beta1 v2beta2", "HorizontalPodAutoscaler"),
    ("batch", "v1", "CronJob Job"),
    ("batch", "v1beta1", "CronJob"),
    (
        "certificates.k8s.io",
        "v1 v1beta1",
        "CertificateSigningRequest",
    ),
    ("coordination.k8s.io", "v1 v1beta1", "Lease"),
    ("discovery.k8s.io", "v1 v1beta1", "EndpointSlice"),
    ("events.k8s.io", "v1 v1beta1", "Event"),
    ("extensions", "v1beta1", "Ingress"),
    (
        "flowcontrol.apiserver.k8s.io",
        "v1beta1",
        "FlowSchema PriorityLevelConfiguration",
    ),
    ("kustomize.config.k8s.io", "v1beta1", "Kustomization"),
    (
        "networking.k8s.io",
        "v1",
        "Ingress IngressClass NetworkPolicy",
    ),
    ("networking.k8s.io", "v1beta1", "Ingress IngressClass"),
    ("node.k8s.io", "v1 v1beta1", "RuntimeClass"),
    ("policy", "v1", "PodDisruptionBudget"),
    (
        "policy",
        "v1beta1",
        "Eviction PodDisruptionBudget PodSecurityPolicy",
    ),
    (
        "rbac.authorization.k8s.io",
        "v1 v1beta1",
        "ClusterRole ClusterRoleBinding Role RoleBinding",
    ),
    ("scheduling.k8s.io", "v1 v1beta1", "PriorityClass"),
    (
        "storage.k8s.io",
        "v1",
        "CSIDriver CSINode StorageClass VolumeAttachment",
    ),
    (
        "storage.k8s.io",
        "v1beta1",
        "CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment",
    ),
];

const NAME: &[&str] = &["name"];
const TYPE: &[&str] = &["type"];

pub(super) static NOTHING: Shape = Shape(&[]);
static METADATA: Shape = Shape(&[
    ("finalizers", List(&[], &NOTHING)),
    ("ownerReferences", List(&["uid"], &NOTHING)),
]);
static OBJECT: Shape = Shape(&[("metadata", Map(&METADATA))]);
static CONDITIONS: Shape = Shape(&[("conditions", List(TYPE, &NOTHING))]);
static CONDITIONED: Shape = Shape(&[("metadata", Map(&METADATA)), ("status", Map(&CONDITIONS))]);

static CONTAINER: Shape = Shape(&[
    ("env", List(NAME, &NOTHING)),
    ("ports", List(&["containerPort", "protocol"], &NOTHING)),
    ("volumeDevices", List(&["devicePath"], &NOTHING)),
    ("volumeMounts", List(&["mountPath"], &NOTHING)),
]);
static EPHEMERAL_CONTAINER: Shape = Shape(&[
    ("env", List(NAME, &NOTHING)),
    ("volumeDevices", List(&["devicePath"], &NOTHING)),
    ("volumeMounts", List(&["mountPath"], &NOTHING)),
]);
static CLAIM: Shape = Shape(&[("volumeClaimTemplate", Map(&OBJECT))]);
static VOLUME: Shape = Shape(&[("ephemeral", Map(&CLAIM))]);
static POD_SPEC: Shape = Shape(&[
    ("containers", List(NAME, &CONTAINER)),
    ("ephemeralContainers", List(NAME, &EPHEMERAL_CONTAINER)),
    ("hostAliases", List(&["ip"], &NOTHING)),
    ("imagePullSecrets", List(NAME, &NOTHING)),
    ("initContainers", List(NAME, &CONTAINER)),
    (
        "topologySpreadConstraints",
        List(&["topologyKey", "whenUnsatisfiable"], &NOTHING),
    ),
    ("volumes", List(NAME, &VOLUME)),
]);
static POD_STATUS: Shape = Shape(&[
    ("conditions", List(TYPE, &NOTHING)),
    ("podIPs", List(&["ip"], &NOTHING)),
]);
static POD: Shape = Shape(&[
    ("metadata", Map(&METADATA)),
    ("spec", Map(&POD_SPEC)),
    ("status", Map(&POD_STATUS)),
]);
static TEMPLATE: Shape = Shape(&[("metadata", Map(&METADATA)), ("spec", Map(&POD_SPEC))]);
static TEMPLATED: Shape = Shape(&[("template", Map(&TEMPLATE))]);
static POD_TEMPLATE: Shape = Shape(&[("metadata", Map(&METADATA)), ("template", Map(&TEMPLATE))]);
static WORKLOAD: Shape = Shape(&[
    ("metadata", Map(&METADATA)),
    ("spec", Map(&TEMPLATED)),
    ("status", Map(&CONDITIONS)),
]);
static JOB_TEMPLATE: Shape = Shape(&[("metadata", Map(&METADATA)), ("spec", Map(&TEMPLATED))]);
static CRON_JOB_SPEC: Shape = Shape(&[("jobTemplate", Map(&JOB_TEMPLATE))]);
static CRON_JOB: Shape = Shape(&[("metadata", Map(&METADATA)), ("spec", Map(&CRON_JOB_SPEC))]);

static SERVICE_SPEC: Shape = Shape(&[("ports", List(&["port", "protocol"], &NOTHING))]);
static SERVICE: Shape = Shape(&[
    ("metadata", Map(&METADATA)),
    ("spec", Map(&SERVICE_SPEC)),
    ("status", Map(&CONDITIONS)),
]);
static SERVICE_ACCOUNT: Shape = Shape(&[
    ("metadata", Map(&METADATA)),
    ("secrets", List(NAME, &NOTHING)),
]);
static NODE_SPEC: Shape = Shape(&[("podCIDRs", List(&[], &NOTHING))]);
static NODE_STATUS: Shape = Shape(&[
    ("addresses", List(TYPE, &NOTHING)),
    ("conditions", List(TYPE, &NOTHING)),
]);
static NODE: Shape = Shape(&[
    ("metadata", Map(&METADATA)),
    ("spec", Map(&NODE_SPEC)),
    ("status", Map(&NODE_STATUS)),
]);
static CSI_NODE_SPEC: Shape = Shape(&[("drivers", List(NAME, &NOTHING))]);
static CSI_NODE: Shape = Shape(&[("metadata", Map(&METADATA)), ("spec", Map(&CSI_NODE_SPEC))]);
static WEBHOOKS: Shape = Shape(&[
    ("metadata", Map(&METADATA)),
    ("webhooks", List(NAME, &NOTHING)),
]);
static COMPONENT: Shape = Shape(&[
    ("conditions", List(TYPE, &NOTHING)),
    ("metadata", Map(&METADATA)),
]);
static KUSTOMIZATION: Shape = Shape(&[
    ("configMapGenerator", List(NAME, &NOTHING)),
    ("secretGenerator", List(NAME, &NOTHING)),
]);
