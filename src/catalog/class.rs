//! The classes of fields, of which every change has exactly one.

use super::rule::RuleId;

/// What a field is for; every change has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Class {
    /// How many copies run.
    Replicas,
    /// The quantity of a compute resource.
    ResourceValues,
    /// The value of a setting whose name is shared.
    EnvValues,
    /// The name under which a service is reached from outside.
    Hostnames,
    /// Which program runs.
    Image,
    /// Which version of the same program runs.
    ImageTag,
    /// Which compute resources are requested or limited at all.
    ResourceNames,
    /// Which environment variables exist, and in which order.
    EnvNames,
    /// Which keys a `ConfigMap` or Secret has.
    ConfigKeys,
    /// How health is probed.
    HealthChecks,
    /// How traffic is routed, hostnames aside.
    IngressStructure,
    /// What a service mesh does with the traffic.
    ServiceMesh,
    /// Labels of single resources.
    Labels,
    /// Annotations of single resources.
    Annotations,
    /// Which containers a pod has, and in which order.
    Containers,
    /// Everything else.
    Other,
}

impl Class {
    /// All classes, in the order of the rule reference.
    pub const ALL: [Self; 16] = [
        Self::Replicas,
        Self::ResourceValues,
        Self::EnvValues,
        Self::Hostnames,
        Self::Image,
        Self::ImageTag,
        Self::ResourceNames,
        Self::EnvNames,
        Self::ConfigKeys,
        Self::HealthChecks,
        Self::IngressStructure,
        Self::ServiceMesh,
        Self::Labels,
        Self::Annotations,
        Self::Containers,
        Self::Other,
    ];

    /// The classes that an overlay may change when the policy does not say otherwise.
    pub const ALLOWED_BY_DEFAULT: [Self; 4] = [
        Self::Replicas,
        Self::ResourceValues,
        Self::EnvValues,
        Self::Hostnames,
    ];

    /// The name that policies and tags use.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Replicas => "replicas",
            Self::ResourceValues => "resource-values",
            Self::EnvValues => "env-values",
            Self::Hostnames => "hostnames",
            Self::Image => "image",
            Self::ImageTag => "image-tag",
            Self::ResourceNames => "resource-names",
            Self::EnvNames => "env-names",
            Self::ConfigKeys => "config-keys",
            Self::HealthChecks => "health-checks",
            Self::IngressStructure => "ingress-structure",
            Self::ServiceMesh => "service-mesh",
            Self::Labels => "labels",
            Self::Annotations => "annotations",
            Self::Containers => "containers",
            Self::Other => "other",
        }
    }

    /// The fields that belong to the class, in one phrase.
    #[must_use]
    pub const fn fields(self) -> &'static str {
        match self {
            Self::Replicas => {
                "`spec.replicas`; the bounds of a HorizontalPodAutoscaler, of KEDA's scalers and of a PodDisruptionBudget"
            }
            Self::ResourceValues => {
                "the quantity of a key under `resources.requests` or `resources.limits` that the base also has, in containers, pods and storage claims; a value that is not a quantity is in the class `other`"
            }
            Self::EnvValues => {
                "the value or source of an existing environment variable; the target of an `envFrom` with the same keys; the value of an existing key of a ConfigMap or Secret, and its ciphertext in a SealedSecret or under SOPS; chart values below `env`, `config` and similar keys, in a HelmRelease or an Argo CD Application; the source of an Application or a Flux Kustomization (path, Git revision) and its destination"
            }
            Self::Hostnames => {
                "hosts of an Ingress and its TLS entries, of Gateway API routes and listeners, of an OpenShift Route, and of Istio's kinds except those that grant access (AuthorizationPolicy, ServiceEntry, Sidecar); DNS names of a Certificate; external-dns hostname annotations"
            }
            Self::Image => "the repository of a container's image",
            Self::ImageTag => {
                "the tag or digest of a container's image, where the repository is the same; reported under the rule `image`, and also allowed by the class `image`"
            }
            Self::ResourceNames => "a key added to or removed from `requests` or `limits`",
            Self::EnvNames => {
                "an environment variable added, removed, or moved past one that it refers to; an `envFrom` source added or removed"
            }
            Self::ConfigKeys => {
                "a key added to or removed from a ConfigMap, Secret or SealedSecret; `data` and `stringData` of a Secret are one set of keys; a chart value, a parameter or a Flux substitution that only one side has"
            }
            Self::HealthChecks => {
                "liveness, readiness and startup probes; health-check annotations of load balancers"
            }
            Self::IngressStructure => {
                "everything except the hostnames in an Ingress, a Gateway API kind or an OpenShift Route: paths, backends, TLS entries, the class; also a host that becomes `*` or is removed, since such a route catches all traffic"
            }
            Self::ServiceMesh => {
                "kinds, labels and annotations of Istio, Linkerd, Consul, Kuma, Cilium and SMI"
            }
            Self::Labels => "a label of a single resource or pod template",
            Self::Annotations => "an annotation of a single resource or pod template",
            Self::Containers => "a container or init container added, removed or moved",
            Self::Other => "everything else, in built-in kinds and custom resources alike",
        }
    }

    /// The class of that name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.id() == id)
    }

    /// The rule under which a forbidden change of this class is reported.
    #[must_use]
    pub const fn rule(self) -> RuleId {
        match self {
            Self::Replicas => RuleId::Replicas,
            Self::ResourceValues => RuleId::ResourceValues,
            Self::EnvValues => RuleId::EnvValues,
            Self::Hostnames => RuleId::Hostnames,
            Self::Image | Self::ImageTag => RuleId::Image,
            Self::ResourceNames => RuleId::ResourceNames,
            Self::EnvNames => RuleId::EnvNames,
            Self::ConfigKeys => RuleId::ConfigKeys,
            Self::HealthChecks => RuleId::HealthChecks,
            Self::IngressStructure => RuleId::IngressStructure,
            Self::ServiceMesh => RuleId::ServiceMesh,
            Self::Labels => RuleId::Labels,
            Self::Annotations => RuleId::Annotations,
            Self::Containers => RuleId::Containers,
            Self::Other => RuleId::Other,
        }
    }
}
