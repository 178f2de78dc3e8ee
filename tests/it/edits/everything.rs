//! Edits of all resources, which make an overlay an environment.

use std::collections::{BTreeMap, BTreeSet};

use krm_parity::text::without_hash;
use serde_json::{Value, json};

use super::{Dice, group, maps, text};

/// Kinds without a namespace.
fn is_cluster_wide(resource: &Value) -> bool {
    let kind = text(resource, "/kind");
    kind.starts_with("Cluster")
        || kind.ends_with("WebhookConfiguration")
        || kind.ends_with("Class")
        || matches!(
            kind,
            "Namespace" | "CustomResourceDefinition" | "APIService" | "PersistentVolume"
        )
}

fn identity(resource: &Value) -> (String, String) {
    (
        format!("{}/{}", group(resource), text(resource, "/kind")),
        text(resource, "/metadata/name").to_owned(),
    )
}

pub(super) fn namespace(resources: &mut [Value], dice: &mut Dice) {
    let namespace = dice.word();
    // Resources that only their namespaces distinguish cannot move to one.
    let mut seen = BTreeSet::new();
    if !resources
        .iter()
        .all(|resource| seen.insert(identity(resource)))
    {
        return;
    }
    // kustomize finds an account by its earlier place.
    let place = |value: &Value, pointer: &str| match text(value, pointer) {
        "default" => String::new(),
        other => other.to_owned(),
    };
    let mut accounts: BTreeSet<(String, String)> = BTreeSet::new();
    for resource in resources.iter().filter(|one| !is_cluster_wide(one)) {
        let from = place(resource, "/metadata/namespace");
        if text(resource, "/kind") == "ServiceAccount" {
            accounts.insert((from.clone(), text(resource, "/metadata/name").to_owned()));
        }
        accounts.insert((from, "default".to_owned()));
    }
    for resource in resources {
        if text(resource, "/kind") == "EnvironmentSnapshot" || !is_cluster_wide(resource) {
            resource["metadata"]["namespace"] = namespace.clone().into();
        }
        if text(resource, "/kind").ends_with("RoleBinding") {
            let subjects = resource.get_mut("subjects").and_then(Value::as_array_mut);
            for subject in subjects.into_iter().flatten() {
                let account = (
                    place(subject, "/namespace"),
                    text(subject, "/name").to_owned(),
                );
                if text(subject, "/kind") == "ServiceAccount" && accounts.contains(&account) {
                    subject["namespace"] = namespace.clone().into();
                }
            }
        }
    }
}

/// A generator's hash, in the characters that kustomize uses.
fn hash(dice: &mut Dice) -> String {
    (0..10)
        .map(|_| char::from(*dice.pick(b"2456789bcdfghkmt")))
        .collect()
}

/// A prefix, a suffix or both, and generators' hashes, with the references that kustomize updates.
pub(super) fn names(resources: &mut [Value], dice: &mut Dice) {
    let prefix = if dice.roll(2) == 0 {
        format!("{}-", dice.word())
    } else {
        String::new()
    };
    let suffix = if prefix.is_empty() || dice.roll(2) == 0 {
        format!("-{}", dice.word())
    } else {
        String::new()
    };
    let hashed = dice.roll(2) == 0;
    let mut renamed: BTreeMap<(String, String), String> = BTreeMap::new();
    for resource in resources.iter_mut() {
        let kind = text(resource, "/kind").to_owned();
        if matches!(
            kind.as_str(),
            "Namespace" | "CustomResourceDefinition" | "APIService"
        ) {
            continue;
        }
        let old = text(resource, "/metadata/name").to_owned();
        let mut new = format!("{prefix}{old}{suffix}");
        let is_generated =
            matches!(kind.as_str(), "ConfigMap" | "Secret") && without_hash(&old) == old;
        if is_generated && hashed {
            new = format!("{new}-{}", hash(dice));
        }
        resource["metadata"]["name"] = new.clone().into();
        if kind == "EnvironmentSnapshot" {
            continue;
        }
        let namespace = match text(resource, "/metadata/namespace") {
            "" => "default",
            namespace => namespace,
        };
        let notes = json!({
            "internal.config.kubernetes.io/previousKinds": kind,
            "internal.config.kubernetes.io/previousNames": old,
            "internal.config.kubernetes.io/previousNamespaces": namespace,
        });
        if !resource["metadata"]["annotations"].is_object() {
            resource["metadata"]["annotations"] = json!({});
        }
        let annotations = resource["metadata"]["annotations"]
            .as_object_mut()
            .expect("a map");
        annotations.extend(notes.as_object().expect("a map").clone());
        renamed.insert((kind, old), new);
    }
    follow_names(resources, &renamed);
}

/// Updates references.
fn follow_names(resources: &mut [Value], renamed: &BTreeMap<(String, String), String>) {
    let follow = |value: Option<&mut Value>, kind: &str| {
        if let Some(value) = value
            && let Some(new) = value
                .as_str()
                .and_then(|old| renamed.get(&(kind.to_owned(), old.to_owned())))
        {
            *value = new.clone().into();
        }
    };
    for resource in resources.iter_mut() {
        let kind = text(resource, "/kind").to_owned();
        if matches!(
            kind.as_str(),
            "EnvironmentSnapshot" | "CustomResourceDefinition"
        ) {
            continue;
        }
        maps(resource, &mut |map| {
            for (field, kind) in [
                ("configMapRef", "ConfigMap"),
                ("configMapKeyRef", "ConfigMap"),
                ("secretRef", "Secret"),
                ("secretKeyRef", "Secret"),
            ] {
                follow(map.get_mut(field).and_then(|to| to.get_mut("name")), kind);
            }
            follow(map.get_mut("serviceAccountName"), "ServiceAccount");
            let volumes = map.get_mut("volumes").and_then(Value::as_array_mut);
            for volume in volumes.into_iter().flatten() {
                follow(volume.pointer_mut("/configMap/name"), "ConfigMap");
                follow(volume.pointer_mut("/secret/secretName"), "Secret");
                follow(
                    volume.pointer_mut("/persistentVolumeClaim/claimName"),
                    "PersistentVolumeClaim",
                );
                let sources = volume
                    .pointer_mut("/projected/sources")
                    .and_then(Value::as_array_mut);
                for source in sources.into_iter().flatten() {
                    follow(source.pointer_mut("/configMap/name"), "ConfigMap");
                    follow(source.pointer_mut("/secret/name"), "Secret");
                }
            }
            for field in ["imagePullSecrets", "secrets"] {
                let list = map.get_mut(field).and_then(Value::as_array_mut);
                for one in list.into_iter().flatten() {
                    follow(one.get_mut("name"), "Secret");
                }
            }
        });
        match kind.as_str() {
            "HorizontalPodAutoscaler" => {
                let target = text(resource, "/spec/scaleTargetRef/kind").to_owned();
                follow(resource.pointer_mut("/spec/scaleTargetRef/name"), &target);
            }
            "RoleBinding" | "ClusterRoleBinding" => {
                let role = text(resource, "/roleRef/kind").to_owned();
                follow(resource.pointer_mut("/roleRef/name"), &role);
                let subjects = resource.get_mut("subjects").and_then(Value::as_array_mut);
                for subject in subjects.into_iter().flatten() {
                    let kind = text(subject, "/kind").to_owned();
                    follow(subject.get_mut("name"), &kind);
                }
            }
            "StatefulSet" => follow(resource.pointer_mut("/spec/serviceName"), "Service"),
            "Ingress" => maps(resource, &mut |map| {
                follow(
                    map.get_mut("service").and_then(|to| to.get_mut("name")),
                    "Service",
                );
                follow(map.get_mut("serviceName"), "Service");
                follow(map.get_mut("secretName"), "Secret");
            }),
            _ => {}
        }
    }
}

/// New names without kustomize's annotations, which are lost in rendered files.
pub(super) fn rendered_names(resources: &mut [Value], dice: &mut Dice) {
    let noted = "/metadata/annotations/internal.config.kubernetes.io~1previousNames";
    if !resources.iter().any(|one| one.pointer(noted).is_some()) {
        names(resources, dice);
    }
    for resource in resources {
        let Some(metadata) = resource["metadata"].as_object_mut() else {
            continue;
        };
        if let Some(annotations) = metadata
            .get_mut("annotations")
            .and_then(Value::as_object_mut)
        {
            let before = annotations.len();
            annotations.retain(|key, _| !key.starts_with("internal.config.kubernetes.io/"));
            if before > 0 && annotations.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
}

fn put(resources: &mut [Value], field: &str, key: &str, value: &str, wanted: fn(&Value) -> bool) {
    for resource in resources.iter_mut().filter(|resource| wanted(resource)) {
        let map = &mut resource["metadata"][field];
        if !map.is_object() {
            *map = json!({});
        }
        map[key] = value.into();
    }
}

pub(super) fn labels(resources: &mut [Value], dice: &mut Dice) {
    put(
        resources,
        "labels",
        "example.com/team",
        &dice.word(),
        |_| true,
    );
}

pub(super) fn labels_and_selectors(resources: &mut [Value], dice: &mut Dice) {
    let value = dice.word();
    put(resources, "labels", "environment", &value, |_| true);
    let put_at = |resource: &mut Value, pointer: &str, create: bool| {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        if let Some(parent) = resource
            .pointer_mut(parent)
            .filter(|parent| parent.is_object())
            && (create || parent.get(name).is_some_and(Value::is_object))
        {
            if !parent[name].is_object() {
                parent[name] = json!({});
            }
            parent[name]["environment"] = value.clone().into();
        }
    };
    let own = pods(resources);
    for resource in resources {
        // A selector of pods that are not in this set does not follow a label.
        let namespace = text(resource, "/metadata/namespace").to_owned();
        let finds = |pointer: &str| {
            let selector = resource.pointer(pointer).and_then(Value::as_object);
            selector.is_some_and(|selector| {
                own.iter().any(|(within, labels)| {
                    *within == namespace
                        && selector
                            .iter()
                            .all(|(key, value)| labels.get(key) == Some(value))
                })
            })
        };
        let is_of_strangers = match text(resource, "/kind") {
            "Service" => !finds("/spec/selector"),
            "PodDisruptionBudget" => !finds("/spec/selector/matchLabels"),
            "NetworkPolicy" => !finds("/spec/podSelector/matchLabels"),
            _ => false,
        };
        if is_of_strangers {
            continue;
        }
        match text(resource, "/kind") {
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Rollout" => {
                put_at(resource, "/spec/selector/matchLabels", true);
                put_template(resource, "/spec/template", &put_at);
                let claims = resource
                    .pointer_mut("/spec/volumeClaimTemplates")
                    .and_then(Value::as_array_mut);
                for claim in claims.into_iter().flatten() {
                    put_at(claim, "/metadata/labels", true);
                }
            }
            "Job" => put_template(resource, "/spec/template", &put_at),
            "CronJob" => {
                put_template(resource, "/spec/jobTemplate", &put_at);
                put_template(resource, "/spec/jobTemplate/spec/template", &put_at);
            }
            "Service" if group(resource).is_empty() => put_at(resource, "/spec/selector", false),
            "PodDisruptionBudget" => put_at(resource, "/spec/selector/matchLabels", false),
            "NetworkPolicy" => put_at(resource, "/spec/podSelector/matchLabels", false),
            _ => {}
        }
    }
}

/// The namespace and the labels of all pods in this set.
fn pods(resources: &[Value]) -> Vec<(String, Value)> {
    const TEMPLATES: [&str; 2] = ["/spec/template", "/spec/jobTemplate/spec/template"];
    let of = |resource: &Value| {
        let templates = TEMPLATES.iter().filter_map(|at| resource.pointer(at));
        let labels = templates.map(|template| template["metadata"]["labels"].clone());
        let namespace = text(resource, "/metadata/namespace").to_owned();
        labels
            .map(|labels| (namespace.clone(), labels))
            .collect::<Vec<_>>()
    };
    resources.iter().flat_map(of).collect()
}

/// The labels of a template, whose metadata is created if it is missing.
fn put_template(resource: &mut Value, pointer: &str, put_at: &dyn Fn(&mut Value, &str, bool)) {
    if let Some(template) = resource.pointer_mut(pointer) {
        if !template["metadata"].is_object() {
            template["metadata"] = json!({});
        }
        put_at(template, "/metadata/labels", true);
    }
}

pub(super) fn annotations(resources: &mut [Value], dice: &mut Dice) {
    let word = dice.word();
    put(resources, "annotations", "example.com/owner", &word, |_| {
        true
    });
    for resource in resources {
        for pointer in [
            "/spec/template",
            "/spec/jobTemplate",
            "/spec/jobTemplate/spec/template",
        ] {
            let kind = text(resource, "/kind");
            if !matches!(
                kind,
                "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job" | "CronJob"
            ) {
                continue;
            }
            if let Some(template) = resource.pointer_mut(pointer) {
                put(
                    std::slice::from_mut(template),
                    "annotations",
                    "example.com/owner",
                    &word,
                    |_| true,
                );
            }
        }
    }
}
