//! The table of types compared with the merge keys that k8s-openapi compiles into its `DeepMerge`,
//! found by merging real objects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use k8s_openapi::{DeepMerge, Resource};
use krm_parity::schema::{KeyField, List, Type};
use serde_json::{Map, Value, json};

/// Lists for which k8s-openapi uses the patch merge key although there are more published map keys.
///
/// For each of these the API server keeps two elements separate that k8s-openapi merges into one;
/// we follow the API server.
const FEWER_KEYS: &[&str] = &[
    "Container.ports",
    "EphemeralContainer.ports",
    "PodSpec.topologySpreadConstraints",
    "PodVolumeHealth.healthConditions",
    "ServiceSpec.ports",
    "VolumeHealthStatus.healthConditions",
];

/// Parses two objects as a typed resource, merges them and writes the result.
type Merge = fn(Value, Value) -> Value;

fn merge<T: DeepMerge + serde::Serialize + serde::de::DeserializeOwned>(
    one: Value,
    other: Value,
) -> Value {
    let mut merged: T = serde_json::from_value(one).expect("a typed object");
    merged.merge_from(serde_json::from_value(other).expect("a typed object"));
    serde_json::to_value(merged).expect("an object")
}

fn resource<T: Resource + DeepMerge + serde::Serialize + serde::de::DeserializeOwned>()
-> (Type, Value, Merge) {
    let head = json!({"apiVersion": T::API_VERSION, "kind": T::KIND});
    (Type::of(T::GROUP, T::VERSION, T::KIND), head, merge::<T>)
}

fn resources() -> Vec<(Type, Value, Merge)> {
    use k8s_openapi::api::*;
    use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
        CustomResourceDefinition, JSONSchemaProps,
    };
    use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
    macro_rules! all {
        ($($ty:ty),* $(,)?) => { vec![$(resource::<$ty>()),*] };
    }
    let mut all = all![
        core::v1::Pod,
        core::v1::ComponentStatus,
        core::v1::Endpoints,
        core::v1::LimitRange,
        core::v1::Namespace,
        core::v1::Node,
        core::v1::PersistentVolume,
        core::v1::PersistentVolumeClaim,
        core::v1::ReplicationController,
        core::v1::Service,
        core::v1::ServiceAccount,
        admissionregistration::v1::MutatingAdmissionPolicy,
        admissionregistration::v1::MutatingWebhookConfiguration,
        admissionregistration::v1::ValidatingAdmissionPolicy,
        admissionregistration::v1::ValidatingWebhookConfiguration,
        apiserverinternal::v1alpha1::StorageVersion,
        apps::v1::DaemonSet,
        apps::v1::Deployment,
        apps::v1::ReplicaSet,
        apps::v1::StatefulSet,
        autoscaling::v2::HorizontalPodAutoscaler,
        batch::v1::CronJob,
        batch::v1::Job,
        certificates::v1::CertificateSigningRequest,
        certificates::v1::PodCertificateRequest,
        discovery::v1::EndpointSlice,
        flowcontrol::v1::FlowSchema,
        flowcontrol::v1::PriorityLevelConfiguration,
        lifecycle::v1alpha1::Eviction,
        lifecycle::v1alpha1::EvictionRequest,
        networking::v1::Ingress,
        networking::v1::ServiceCIDR,
        policy::v1::PodDisruptionBudget,
        resource::v1::DeviceTaintRule,
        resource::v1::ResourceClaim,
        resource::v1::ResourceSlice,
        resource::v1beta1::ResourceClaim,
        resource::v1alpha3::ResourcePoolStatusRequest,
        scheduling::v1alpha3::CompositePodGroup,
        scheduling::v1beta1::PodGroup,
        scheduling::v1beta1::Workload,
        storage::v1::CSIDriver,
        storage::v1::CSINode,
        storagemigration::v1beta1::StorageVersionMigration,
        CustomResourceDefinition,
        APIService,
    ];
    // These are in atomic lists (versions, container statuses), so no merge from a root reaches
    // them.
    let described = |name| Type::all().find(|ty| ty.name() == name).expect("described");
    all.push((
        described("JSONSchemaProps"),
        json!({}),
        merge::<JSONSchemaProps>,
    ));
    all.push((
        described("ContainerStatus"),
        json!({}),
        merge::<core::v1::ContainerStatus>,
    ));
    all
}

/// One step of the path from a root: a field, or an element of a keyed list.
#[derive(Clone)]
struct Step {
    name: &'static str,
    keys: Option<&'static [KeyField]>,
}

/// A keyed list of the table, and the path to it.
struct Place {
    name: String,
    steps: Vec<Step>,
    keys: &'static [KeyField],
}

/// Every list below a root that is published as a map and that a merge can reach: through maps and
/// such lists, because others are replaced.
fn places(root: Type, published: &BTreeSet<String>) -> Vec<Place> {
    let mut seen = BTreeSet::from([root.name()]);
    let mut queue = VecDeque::from([(root, Vec::<Step>::new())]);
    let mut found = Vec::new();
    while let Some((ty, steps)) = queue.pop_front() {
        for (name, field) in ty.fields() {
            let place = format!("{}.{name}", ty.name());
            let keys = match field.list {
                List::Unknown => None,
                List::Keyed { keys, .. } if published.contains(&place) => Some(keys),
                _ => continue,
            };
            if let Some(keys) = keys {
                found.push(Place {
                    name: place,
                    steps: [&steps[..], &[Step { name, keys: None }]].concat(),
                    keys,
                });
            }
            if seen.insert(field.ty.name()) {
                queue.push_back((field.ty, [&steps[..], &[Step { name, keys }]].concat()));
            }
        }
    }
    found
}

/// An element with the given keys; the key at `marked` has another value than in an unmarked
/// element.
fn element(keys: &[KeyField], marked: Option<usize>) -> Value {
    // Conditions require a time; in other types the field is ignored.
    let mut element = json!({"lastTransitionTime": "2020-01-01T00:00:00Z"});
    for (at, key) in keys.iter().enumerate() {
        let other = Some(at) == marked;
        let value = match key.name {
            "port" | "containerPort" => json!(if other { 81 } else { 80 }),
            _ => json!(if other { "b" } else { "a" }),
        };
        let path = format!("/{}", key.name.replace('.', "/"));
        let (parent, last) = path.rsplit_once('/').expect("a path");
        if !parent.is_empty() {
            element[&parent[1..]] = json!({});
        }
        element.pointer_mut(parent).expect("made above")[last] = value;
    }
    element
}

/// An object that contains one list at the end of the path.
fn object(head: &Value, steps: &[Step], list: Value) -> Value {
    let mut value = list;
    for step in steps.iter().rev() {
        if let Some(keys) = step.keys {
            let mut parent = element(keys, None);
            parent
                .as_object_mut()
                .expect("a map")
                .extend(value.as_object().expect("a map").clone());
            value = json!([parent]);
        }
        value = Value::Object(Map::from_iter([(step.name.to_string(), value)]));
    }
    value
        .as_object_mut()
        .expect("a map")
        .extend(head.as_object().expect("a map").clone());
    value
}

/// The number of elements at the end of the path.
fn count(mut value: &Value, steps: &[Step]) -> usize {
    for step in steps {
        value = &value[step.name];
        if step.keys.is_some() {
            value = &value[0];
        }
    }
    value.as_array().expect("a list").len()
}

/// The lists that are published as maps, by the names of our types.
fn published() -> BTreeSet<String> {
    let lines = include_str!("../data/list-keys.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'));
    let rows = lines.map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter(|row| row[3] == "map")
        .map(|row| format!("{}.{}", row[1], row[2]))
        .collect()
}

#[test]
fn keys_are_those_of_k8s_openapi() {
    let published = published();
    let mut verdicts: BTreeMap<String, bool> = BTreeMap::new();
    for (root, head, merge) in resources() {
        for place in places(root, &published) {
            let with = |marked| object(&head, &place.steps, json!([element(place.keys, marked)]));
            let merged = |marked| count(&merge(with(None), with(marked)), &place.steps);
            assert_eq!(
                merged(None),
                1,
                "{}: equal keys are one element",
                place.name
            );
            let all = (0..place.keys.len()).all(|key| merged(Some(key)) == 2);
            assert_eq!(
                *verdicts.entry(place.name.clone()).or_insert(all),
                all,
                "{}",
                place.name
            );
        }
    }
    let fewer: Vec<_> = verdicts
        .iter()
        .filter(|(_, all)| !**all)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        fewer, FEWER_KEYS,
        "where k8s-openapi knows fewer keys: found, listed"
    );
    let unseen: Vec<_> = published
        .iter()
        .filter(|name| !verdicts.contains_key(*name))
        .collect();
    assert_eq!(
        unseen,
        Vec::<&String>::new(),
        "published keys that no merge reached"
    );
    assert!(verdicts.len() >= 85, "{} lists", verdicts.len());
}
