//! The kinds whose fields are tested, each with the JSON schema that Kubernetes publishes.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use k8s_openapi::Resource;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

/// One kind.
#[allow(clippy::struct_field_names, reason = "it is called so")]
pub struct Kind {
    /// The group; empty for the core group.
    pub group: String,
    pub version: String,
    pub kind: String,
    /// The schema, with all its references under `$defs`.
    pub schema: Value,
}

impl Kind {
    /// Its name in docs/fields.md.
    #[must_use]
    pub fn name(&self) -> String {
        if self.group.is_empty() {
            self.kind.clone()
        } else {
            format!("{}.{}", self.kind, self.group)
        }
    }

    /// `apiVersion`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }
}

fn kind<T: Resource + JsonSchema>() -> Kind {
    let schema = SchemaGenerator::default().into_root_schema_for::<T>();
    Kind {
        group: T::GROUP.to_owned(),
        version: T::VERSION.to_owned(),
        kind: T::KIND.to_owned(),
        schema: schema.into(),
    }
}

/// Published resources that are not in manifests: answers, and requests that are not stored.
pub const NO_MANIFESTS: &[&str] = &[
    "/v1 APIGroup",
    "/v1 APIGroupList",
    "/v1 APIResourceList",
    "/v1 APIVersions",
    "/v1 Binding",
    "/v1 Status",
    "authentication.k8s.io/v1 SelfSubjectReview",
    "authentication.k8s.io/v1 TokenRequest",
    "authentication.k8s.io/v1 TokenReview",
    "authorization.k8s.io/v1 LocalSubjectAccessReview",
    "authorization.k8s.io/v1 SelfSubjectAccessReview",
    "authorization.k8s.io/v1 SelfSubjectRulesReview",
    "authorization.k8s.io/v1 SubjectAccessReview",
    "autoscaling/v1 Scale",
    "policy/v1 Eviction",
];

/// Every kind of Kubernetes that may be in a manifest, in every version; [`published`] shows
/// whether one is missing.
#[must_use]
#[allow(clippy::too_many_lines, reason = "a list")]
pub fn built_in() -> Vec<Kind> {
    use k8s_openapi::api::*;
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
    use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
    // A program cannot list types, so they are written out.
    macro_rules! all {
        ($($ty:ty),* $(,)?) => { vec![$(kind::<$ty>()),*] };
    }
    all![
        core::v1::ComponentStatus,
        core::v1::ConfigMap,
        core::v1::Endpoints,
        core::v1::Event,
        core::v1::LimitRange,
        core::v1::Namespace,
        core::v1::Node,
        core::v1::PersistentVolume,
        core::v1::PersistentVolumeClaim,
        core::v1::Pod,
        core::v1::PodTemplate,
        core::v1::ReplicationController,
        core::v1::ResourceQuota,
        core::v1::Secret,
        core::v1::Service,
        core::v1::ServiceAccount,
        admissionregistration::v1::MutatingAdmissionPolicy,
        admissionregistration::v1::MutatingAdmissionPolicyBinding,
        admissionregistration::v1::MutatingWebhookConfiguration,
        admissionregistration::v1::ValidatingAdmissionPolicy,
        admissionregistration::v1::ValidatingAdmissionPolicyBinding,
        admissionregistration::v1::ValidatingWebhookConfiguration,
        admissionregistration::v1alpha1::MutatingAdmissionPolicy,
        admissionregistration::v1alpha1::MutatingAdmissionPolicyBinding,
        admissionregistration::v1beta1::MutatingAdmissionPolicy,
        admissionregistration::v1beta1::MutatingAdmissionPolicyBinding,
        apiserverinternal::v1alpha1::StorageVersion,
        apps::v1::ControllerRevision,
        apps::v1::DaemonSet,
        apps::v1::Deployment,
        apps::v1::ReplicaSet,
        apps::v1::StatefulSet,
        autoscaling::v1::HorizontalPodAutoscaler,
        autoscaling::v2::HorizontalPodAutoscaler,
        batch::v1::CronJob,
        batch::v1::Job,
        certificates::v1::CertificateSigningRequest,
        certificates::v1::ClusterTrustBundle,
        certificates::v1::PodCertificateRequest,
        certificates::v1beta1::ClusterTrustBundle,
        certificates::v1beta1::PodCertificateRequest,
        coordination::v1::Lease,
        coordination::v1alpha2::LeaseCandidate,
        coordination::v1beta1::LeaseCandidate,
        discovery::v1::EndpointSlice,
        events::v1::Event,
        flowcontrol::v1::FlowSchema,
        flowcontrol::v1::PriorityLevelConfiguration,
        lifecycle::v1alpha1::Eviction,
        lifecycle::v1alpha1::EvictionRequest,
        networking::v1::IPAddress,
        networking::v1::Ingress,
        networking::v1::IngressClass,
        networking::v1::NetworkPolicy,
        networking::v1::ServiceCIDR,
        node::v1::RuntimeClass,
        policy::v1::PodDisruptionBudget,
        rbac::v1::ClusterRole,
        rbac::v1::ClusterRoleBinding,
        rbac::v1::Role,
        rbac::v1::RoleBinding,
        resource::v1::DeviceClass,
        resource::v1::DeviceTaintRule,
        resource::v1::ResourceClaim,
        resource::v1::ResourceClaimTemplate,
        resource::v1::ResourceSlice,
        resource::v1alpha3::DeviceTaintRule,
        resource::v1alpha3::ResourcePoolStatusRequest,
        resource::v1beta1::DeviceClass,
        resource::v1beta1::ResourceClaim,
        resource::v1beta1::ResourceClaimTemplate,
        resource::v1beta1::ResourceSlice,
        resource::v1beta2::DeviceClass,
        resource::v1beta2::DeviceTaintRule,
        resource::v1beta2::ResourceClaim,
        resource::v1beta2::ResourceClaimTemplate,
        resource::v1beta2::ResourceSlice,
        scheduling::v1::PriorityClass,
        scheduling::v1alpha3::CompositePodGroup,
        scheduling::v1alpha3::PodGroup,
        scheduling::v1alpha3::Workload,
        scheduling::v1beta1::PodGroup,
        scheduling::v1beta1::Workload,
        storage::v1::CSIDriver,
        storage::v1::CSINode,
        storage::v1::CSIStorageCapacity,
        storage::v1::StorageClass,
        storage::v1::VolumeAttachment,
        storage::v1::VolumeAttributesClass,
        storagemigration::v1::StorageVersionMigration,
        storagemigration::v1beta1::StorageVersionMigration,
        CustomResourceDefinition,
        APIService,
    ]
}

/// Every resource in the source of k8s-openapi, as `group/version Kind`.
///
/// # Panics
/// If cargo cannot find that source, or if its form has changed.
#[must_use]
pub fn published() -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let find = |list: &Value, key: &str| {
        let all = list.as_array().expect("a list").iter();
        let mut all = all.filter(|one| {
            one[key]
                .as_str()
                .is_some_and(|is| is.contains("k8s-openapi"))
        });
        all.next().expect("k8s-openapi").clone()
    };
    let features = find(&metadata["resolve"]["nodes"], "id")["features"].clone();
    let version = features.as_array().expect("a list").iter();
    let version = version
        .filter_map(Value::as_str)
        .find(|name| name.starts_with("v1_"));
    let manifest = find(&metadata["packages"], "name")["manifest_path"].clone();
    let source = Path::new(manifest.as_str().expect("a path")).with_file_name("src");
    let mut all = BTreeSet::new();
    declared(&source.join(version.expect("a version")), &mut all);
    all
}

fn declared(folder: &Path, all: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("a folder of k8s-openapi") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            declared(&path, all);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        let Some((_, text)) = text.split_once("impl crate::Resource for ") else {
            continue;
        };
        let constant = |name: &str| {
            let (_, rest) = text
                .split_once(&format!("const {name}: &'static str = \""))
                .expect(name);
            rest.split('"').next().expect(name)
        };
        let (group, version) = (constant("GROUP"), constant("VERSION"));
        all.insert(format!("{group}/{version} {}", constant("KIND")));
    }
}

/// The kinds of samples: the content of a sample is its schema.
///
/// # Panics
/// If a document is not a resource.
#[must_use]
pub fn samples(text: &str) -> Vec<Kind> {
    let tree = krm_parity::yaml::parse(text).expect("YAML");
    tree.roots()
        .map(|root| {
            let value = root.to_json();
            let api_version = value["apiVersion"].as_str().expect("a version");
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            Kind {
                group: group.to_owned(),
                version: version.to_owned(),
                kind: value["kind"].as_str().expect("a kind").to_owned(),
                schema: described(&value),
            }
        })
        .collect()
}

/// The schema for a value and everything in it.
fn described(value: &Value) -> Value {
    match value {
        Value::Object(entries) => {
            let fields = entries
                .iter()
                .map(|(name, value)| (name.clone(), described(value)));
            json!({"type": "object", "properties": fields.collect::<serde_json::Map<_, _>>()})
        }
        Value::Array(items) => {
            let mut all = json!(null);
            for item in items {
                merge(&mut all, described(item));
            }
            json!({"type": "array", "items": all})
        }
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::Number(number) if number.is_i64() => json!({"type": "integer"}),
        Value::Number(_) => json!({"type": "number"}),
        _ => json!({"type": "string"}),
    }
}

fn merge(one: &mut Value, other: Value) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            for (key, value) in other {
                match one.get_mut(&key) {
                    Some(there) => merge(there, value),
                    None => {
                        one.insert(key, value);
                    }
                }
            }
        }
        (one @ Value::Null, other) => *one = other,
        _ => {}
    }
}
