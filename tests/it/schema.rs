//! The table of types compared with the published definitions, and its own laws.

use std::collections::BTreeSet;

use krm_parity::schema::{Field, KeyField, List, Scalar, Type, infer_keys, is_transparent, roots};

/// Lists that are published as atomic and that we pair by key, each with the reason.
#[rustfmt::skip]
const JUDGED: &[(&str, &str, &str)] = &[
    ("BasicDevice", "consumesCounters", "one entry draws from one counter set"),
    ("CSIDriverSpec", "tokenRequests", "validation refuses an audience twice"),
    ("ConfigMapProjection", "items", "the path is the file that the item makes"),
    ("ConfigMapVolumeSource", "items", "the path is the file that the item makes"),
    ("Container", "resizePolicy", "validation refuses a resource twice"),
    ("CustomResourceDefinitionSpec", "versions", "validation refuses a version name twice"),
    ("CustomResourceDefinitionVersion", "additionalPrinterColumns", "a column is known by its heading"),
    ("Device", "consumesCounters", "one entry draws from one counter set"),
    ("DeviceClaim", "requests", "constraints and containers refer to a request by name"),
    ("DeviceClaimV1beta1", "requests", "constraints and containers refer to a request by name"),
    ("DeviceRequest", "firstAvailable", "a subrequest is referred to by name; the first that fits is taken"),
    ("DeviceRequestV1beta1", "firstAvailable", "a subrequest is referred to by name; the first that fits is taken"),
    ("DownwardAPIProjection", "items", "the path is the file that the item makes"),
    ("DownwardAPIVolumeSource", "items", "the path is the file that the item makes"),
    ("EndpointHints", "forNodes", "a hint is nothing but the name of a node"),
    ("EndpointHints", "forZones", "a hint is nothing but the name of a zone"),
    ("EndpointSlice", "ports", "each port of a slice must have a name of its own"),
    ("EndpointSubset", "addresses", "an address is known by its IP"),
    ("EndpointSubset", "notReadyAddresses", "an address is known by its IP"),
    ("EndpointSubset", "ports", "a port is found by the name that its service gives it"),
    ("EphemeralContainer", "resizePolicy", "validation refuses a resource twice"),
    ("HTTPIngressRuleValue", "paths", "a path is what a request is matched with; two of one path fall back to order"),
    ("LimitRangeSpec", "limits", "validation refuses a type twice"),
    ("MutatingAdmissionPolicySpec", "variables", "expressions refer to a variable by name; the validating policy publishes this key"),
    ("NodeSpec", "taints", "validation refuses a pair of key and effect twice"),
    ("PodDNSConfig", "options", "a resolver option is known by its name"),
    ("PodSecurityContext", "sysctls", "validation refuses a name twice"),
    ("PodSpec", "readinessGates", "a gate is nothing but its condition type"),
    ("ResourceSliceSpec", "devices", "a device is allocated by its name"),
    ("ResourceSliceSpec", "sharedCounters", "devices refer to a counter set by name"),
    ("ResourceSliceSpecV1beta1", "devices", "a device is allocated by its name"),
    ("ResourceSliceSpecV1beta1", "sharedCounters", "devices refer to a counter set by name"),
    ("SecretProjection", "items", "the path is the file that the item makes"),
    ("SecretVolumeSource", "items", "the path is the file that the item makes"),
    ("ServiceAccount", "imagePullSecrets", "a reference is nothing but its name; the pod's own list publishes this key"),
    ("StatefulSetSpec", "volumeClaimTemplates", "a claim is named after its template, and volume mounts refer to it"),
    ("ValidatingAdmissionPolicySpec", "auditAnnotations", "validation refuses a key twice"),
];

/// Lists whose published definitions are not in manifests.
const NOT_IN_MANIFESTS: &str = "answers of the discovery and status APIs";

struct Fact {
    definition: &'static str,
    ty: &'static str,
    field: &'static str,
    list_type: &'static str,
    map_keys: Vec<&'static str>,
    patch_key: Option<&'static str>,
}

fn facts() -> Vec<Fact> {
    let lines = include_str!("../data/list-keys.tsv").lines();
    let rows = lines.filter(|line| !line.starts_with('#')).map(|line| {
        let columns: Vec<_> = line.split('\t').collect();
        let [definition, ty, field, list_type, map_keys, patch_key] = columns[..] else {
            panic!("six columns: {line}")
        };
        Fact {
            definition,
            ty,
            field,
            list_type,
            map_keys: map_keys.split(',').filter(|key| *key != "-").collect(),
            patch_key: Some(patch_key).filter(|key| *key != "-"),
        }
    });
    rows.collect()
}

fn ty(name: &str) -> Type {
    Type::all()
        .find(|ty| ty.name() == name)
        .unwrap_or_else(|| panic!("no type {name}"))
}

fn names(keys: &[KeyField]) -> Vec<&'static str> {
    keys.iter().map(|key| key.name).collect()
}

/// Walks a dotted path from a root.
fn at(root: Type, path: &str) -> Field {
    let mut field = Field {
        ty: root,
        ..Field::UNKNOWN
    };
    for name in path.split('.') {
        field = field.ty.field(name);
    }
    field
}

#[test]
fn every_published_list_is_in_the_table() {
    let facts = facts();
    let mut judged = BTreeSet::new();
    for fact in &facts {
        let place = format!("{}.{}", fact.definition, fact.field);
        if fact.ty == "-" {
            let group = fact.definition.rsplit_once('.').map(|(group, _)| group);
            assert_eq!(
                group,
                Some("meta.v1"),
                "{place} is missing, and not for being one of the {NOT_IN_MANIFESTS}"
            );
            continue;
        }
        let ours = ty(fact.ty).field(fact.field).list;
        let published = if fact.map_keys.is_empty() {
            fact.patch_key.into_iter().collect()
        } else {
            fact.map_keys.clone()
        };
        match (fact.list_type, ours) {
            (_, List::Keyed { keys, .. }) if !published.is_empty() => {
                assert_eq!(names(keys), published, "{place}");
            }
            (_, other) if !published.is_empty() => {
                panic!("{place} has the keys {published:?} and is {other:?}")
            }
            ("set", ours) => assert_eq!(ours, List::Set, "{place}"),
            ("atomic", List::Keyed { .. }) => {
                judged.insert((fact.ty, fact.field));
            }
            (_, ours) => assert_ne!(ours, List::Unknown, "{place}"),
        }
    }
    assert!(facts.len() > 400);
    let listed: BTreeSet<_> = JUDGED.iter().map(|(ty, field, _)| (*ty, *field)).collect();
    assert_eq!(
        judged, listed,
        "differences from what is published: found, listed"
    );
    assert!(JUDGED.iter().all(|(_, _, reason)| reason.len() > 20));
}

#[test]
fn the_table_is_sorted_and_closed() {
    let mut seen = BTreeSet::new();
    let all: BTreeSet<u64> = Type::all().map(hash).collect();
    for ty in Type::all() {
        assert!(seen.insert(ty.name()), "{} twice", ty.name());
        assert!(
            ty.fields().is_sorted_by(|a, b| a.0 < b.0),
            "the fields of {}",
            ty.name()
        );
        for (name, field) in ty.fields() {
            assert!(
                all.contains(&hash(field.ty)),
                "{}.{name} leads nowhere",
                ty.name()
            );
            assert_ne!(*field, Field::UNKNOWN, "{}.{name} says nothing", ty.name());
            assert_eq!(ty.field(name), *field);
            if let List::Keyed { keys, .. } = field.list {
                assert!(
                    !keys.is_empty() && field.scalar == Scalar::Plain,
                    "{}.{name}",
                    ty.name()
                );
            }
        }
    }
    assert!(Type::all().all(|ty| ty == Type::UNKNOWN || !ty.fields().is_empty()));
}

fn hash(ty: Type) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    ty.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn every_type_is_reached_from_a_root() {
    let mut reached: Vec<Type> = roots()
        .map(|(group, kind, version)| Type::of(group, version, kind))
        .collect();
    let mut seen = BTreeSet::from([Type::UNKNOWN.name()]);
    while let Some(ty) = reached.pop() {
        if seen.insert(ty.name()) {
            reached.extend(ty.fields().iter().map(|(_, field)| field.ty));
        }
    }
    let lost: Vec<_> = Type::all()
        .map(Type::name)
        .filter(|name| !seen.contains(name))
        .collect();
    assert_eq!(lost, Vec::<&str>::new());
}

#[test]
fn any_question_has_an_answer() {
    for ty in Type::all() {
        for name in ["", "*", "metadata", "no such field", "\u{0}", "zzz", "Ω"] {
            let _ = ty.field(name);
        }
    }
    assert_eq!(Type::UNKNOWN.field("spec"), Field::UNKNOWN);
    let unheard = Type::of("example.com", "v1", "Unheard");
    assert_eq!(unheard.field("metadata").ty, Type::OBJECT_META);
    assert_eq!(unheard.field("spec"), Field::UNKNOWN);
}

#[test]
fn roots_fall_back_to_the_newest_version() {
    let deployment = Type::of("apps", "v1", "Deployment");
    for (group, version) in [
        ("apps", "v1beta1"),
        ("apps", "v1beta2"),
        ("extensions", "v1beta1"),
        ("apps", ""),
    ] {
        assert_eq!(Type::of(group, version, "Deployment"), deployment);
    }
    assert_eq!(
        Type::of("batch", "v1beta1", "CronJob"),
        Type::of("batch", "v1", "CronJob")
    );
    assert_eq!(
        Type::of("extensions", "v1beta1", "Ingress"),
        Type::of("networking.k8s.io", "v1", "Ingress")
    );
    assert_eq!(
        Type::of("policy", "v1beta1", "PodDisruptionBudget").name(),
        "PodDisruptionBudget"
    );
    let autoscaler = Type::of("autoscaling", "v2", "HorizontalPodAutoscaler");
    assert_eq!(
        Type::of("autoscaling", "v2beta2", "HorizontalPodAutoscaler"),
        autoscaler
    );
    assert_ne!(
        Type::of("autoscaling", "v1", "HorizontalPodAutoscaler"),
        autoscaler
    );
    assert_ne!(
        Type::of("resource.k8s.io", "v1beta1", "ResourceClaim"),
        Type::of("resource.k8s.io", "v1", "ResourceClaim")
    );
    assert_ne!(
        Type::of("serving.knative.dev", "v1", "Service"),
        Type::of("", "v1", "Service")
    );
}

#[test]
fn pods_are_found_wherever_a_kind_keeps_them() {
    for (group, kind, path) in [
        ("", "Pod", "spec"),
        ("", "PodTemplate", "template.spec"),
        ("", "ReplicationController", "spec.template.spec"),
        ("apps", "Deployment", "spec.template.spec"),
        ("apps", "StatefulSet", "spec.template.spec"),
        ("apps", "DaemonSet", "spec.template.spec"),
        ("apps", "ReplicaSet", "spec.template.spec"),
        ("batch", "Job", "spec.template.spec"),
        ("batch", "CronJob", "spec.jobTemplate.spec.template.spec"),
        ("argoproj.io", "Rollout", "spec.template.spec"),
        ("serving.knative.dev", "Service", "spec.template.spec"),
        ("serving.knative.dev", "Configuration", "spec.template.spec"),
        ("keda.sh", "ScaledJob", "spec.jobTargetRef.template.spec"),
        (
            "kubeflow.org",
            "TFJob",
            "spec.tfReplicaSpecs.Worker.template.spec",
        ),
        (
            "kubeflow.org",
            "PyTorchJob",
            "spec.pytorchReplicaSpecs.Master.template.spec",
        ),
        (
            "kubeflow.org",
            "MPIJob",
            "spec.mpiReplicaSpecs.Launcher.template.spec",
        ),
        (
            "kubeflow.org",
            "XGBoostJob",
            "spec.xgbReplicaSpecs.Worker.template.spec",
        ),
        (
            "kubeflow.org",
            "MXJob",
            "spec.mxReplicaSpecs.Server.template.spec",
        ),
        (
            "kubeflow.org",
            "PaddleJob",
            "spec.paddleReplicaSpecs.Worker.template.spec",
        ),
        (
            "kubeflow.org",
            "JAXJob",
            "spec.jaxReplicaSpecs.Worker.template.spec",
        ),
        ("kubeflow.org", "Notebook", "spec.template.spec"),
        (
            "leaderworkerset.x-k8s.io",
            "LeaderWorkerSet",
            "spec.leaderWorkerTemplate.workerTemplate.spec",
        ),
        (
            "leaderworkerset.x-k8s.io",
            "LeaderWorkerSet",
            "spec.leaderWorkerTemplate.leaderTemplate.spec",
        ),
        (
            "apps.openshift.io",
            "DeploymentConfig",
            "spec.template.spec",
        ),
        ("apps.kruise.io", "CloneSet", "spec.template.spec"),
    ] {
        assert_eq!(
            at(Type::of(group, "v1", kind), path).ty,
            Type::POD_SPEC,
            "{kind}"
        );
    }
    assert_eq!(Type::POD_SPEC.field("containers").ty, Type::CONTAINER);
    assert_eq!(Type::POD_SPEC.field("initContainers").ty, Type::CONTAINER);
}

#[test]
fn order_counts_where_kubernetes_acts_on_it() {
    for name in ["containers", "initContainers"] {
        assert!(
            matches!(
                Type::POD_SPEC.field(name).list,
                List::Keyed { ordered: true, .. }
            ),
            "{name}"
        );
    }
    assert!(matches!(
        Type::CONTAINER.field("env").list,
        List::Keyed { ordered: true, .. }
    ));
    assert!(matches!(
        Type::CONTAINER.field("volumeMounts").list,
        List::Keyed { ordered: false, .. }
    ));
    for name in ["args", "command", "envFrom"] {
        assert_eq!(Type::CONTAINER.field(name).list, List::Ordered, "{name}");
    }
    assert_eq!(
        at(Type::CONTAINER, "lifecycle.preStop.exec.command").list,
        List::Ordered
    );
    assert_eq!(
        at(Type::CONTAINER, "securityContext.capabilities.add").list,
        List::Set
    );
    let role = Type::of("rbac.authorization.k8s.io", "v1", "Role");
    assert_eq!(at(role, "rules.verbs").list, List::Set);
    let ingress = Type::of("networking.k8s.io", "v1", "Ingress");
    assert_eq!(at(ingress, "spec.rules").list, List::IngressRules);
    let route = Type::of("gateway.networking.k8s.io", "v1", "HTTPRoute");
    assert_eq!(at(route, "spec.rules").list, List::RouteRules);
    let virtual_service = Type::of("networking.istio.io", "v1", "VirtualService");
    assert_eq!(at(virtual_service, "spec.http").list, List::Ordered);
}

#[test]
fn keys_carry_their_defaults() {
    static PORT: [KeyField; 2] = [
        KeyField {
            name: "containerPort",
            default: None,
        },
        KeyField {
            name: "protocol",
            default: Some("TCP"),
        },
    ];
    assert_eq!(
        Type::CONTAINER.field("ports").list,
        List::Keyed {
            keys: &PORT,
            ordered: false
        }
    );
    let claims = at(
        Type::of("apps", "v1", "StatefulSet"),
        "spec.volumeClaimTemplates",
    );
    assert_eq!(
        claims.list,
        List::Keyed {
            keys: &[KeyField {
                name: "metadata.name",
                default: None
            }],
            ordered: false
        }
    );
    assert_eq!(
        at(claims.ty, "spec.resources.requests").scalar,
        Scalar::QuantityMap
    );
}

#[test]
fn quantities_are_known_as_such() {
    for (group, version, kind, path, scalar) in [
        (
            "",
            "v1",
            "Pod",
            "spec.containers.resources.limits",
            Scalar::QuantityMap,
        ),
        (
            "",
            "v1",
            "Pod",
            "spec.resources.requests",
            Scalar::QuantityMap,
        ),
        (
            "",
            "v1",
            "Pod",
            "spec.volumes.emptyDir.sizeLimit",
            Scalar::Quantity,
        ),
        (
            "",
            "v1",
            "Pod",
            "spec.containers.env.valueFrom.resourceFieldRef.divisor",
            Scalar::Quantity,
        ),
        ("", "v1", "ResourceQuota", "spec.hard", Scalar::QuantityMap),
        (
            "",
            "v1",
            "LimitRange",
            "spec.limits.defaultRequest",
            Scalar::QuantityMap,
        ),
        (
            "",
            "v1",
            "PersistentVolume",
            "spec.capacity",
            Scalar::QuantityMap,
        ),
        (
            "",
            "v1",
            "PersistentVolumeClaim",
            "spec.resources.requests",
            Scalar::QuantityMap,
        ),
        (
            "autoscaling",
            "v2",
            "HorizontalPodAutoscaler",
            "spec.metrics.resource.target.averageValue",
            Scalar::Quantity,
        ),
        (
            "autoscaling",
            "v2beta1",
            "HorizontalPodAutoscaler",
            "spec.metrics.resource.targetAverageValue",
            Scalar::Quantity,
        ),
        (
            "autoscaling.k8s.io",
            "v1",
            "VerticalPodAutoscaler",
            "spec.resourcePolicy.containerPolicies.minAllowed",
            Scalar::QuantityMap,
        ),
        ("apps", "v1", "Deployment", "spec.replicas", Scalar::Plain),
    ] {
        assert_eq!(
            at(Type::of(group, version, kind), path).scalar,
            scalar,
            "{kind} {path}"
        );
    }
}

#[test]
fn unknown_lists_are_keyed_as_kyaml_would() {
    assert_eq!(
        infer_keys(|key| key == "name").map(names),
        Some(vec!["name"])
    );
    assert_eq!(infer_keys(|key| key == "id"), None);
}

#[test]
fn transparent_maps_are_those_whose_entries_have_classes() {
    for name in [
        "metadata",
        "labels",
        "annotations",
        "spec",
        "template",
        "jobTemplate",
        "resources",
        "requests",
        "limits",
        "data",
        "stringData",
        "binaryData",
        "selector",
        "matchLabels",
        "labelSelector",
        "podSelector",
    ] {
        assert!(is_transparent(name), "{name}");
    }
    for name in ["nodeSelector", "securityContext", "readinessProbe", ""] {
        assert!(!is_transparent(name), "{name}");
    }
}
