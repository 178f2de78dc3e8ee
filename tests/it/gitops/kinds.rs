//! Checks every object of the examples against the published schema of its kind, without unknown
//! fields.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::error::ValidationErrorKind;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{ConfigMap, Service, ServiceAccount};
use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::documents;
use crate::support::{example, require};

/// Files that are not objects of a cluster: those of kustomize, of this project, of GitHub, and of
/// the API server's command line.
const OTHERS: [&str; 4] = [
    "kustomize.config.k8s.io/v1beta1",
    "krm-parity.io/v1alpha1",
    "audit.k8s.io/v1",
    "",
];

/// Makes a schema refuse unknown fields, as `kubectl --validate=strict` does.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let is_open = map.contains_key("additionalProperties")
                || map.get("x-kubernetes-preserve-unknown-fields") == Some(&json!(true));
            map.values_mut().for_each(close);
            // A field of an object may have this name.
            if map.get("properties").is_some_and(Value::is_object)
                && map.get("type") == Some(&json!("object"))
                && !is_open
            {
                map.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        _ => {}
    }
}

fn of<T: JsonSchema>() -> Value {
    schemars::schema_for!(T).to_value()
}

/// The schema of a kind that is part of Kubernetes.
fn builtin(api_version: &str, kind: &str) -> Option<Value> {
    Some(match (api_version, kind) {
        ("apps/v1", "Deployment") => of::<Deployment>(),
        ("autoscaling/v2", "HorizontalPodAutoscaler") => of::<HorizontalPodAutoscaler>(),
        ("batch/v1", "CronJob") => of::<CronJob>(),
        ("batch/v1", "Job") => of::<Job>(),
        ("v1", "ConfigMap") => of::<ConfigMap>(),
        ("v1", "Service") => of::<Service>(),
        ("v1", "ServiceAccount") => of::<ServiceAccount>(),
        ("rbac.authorization.k8s.io/v1", "Role") => of::<Role>(),
        ("rbac.authorization.k8s.io/v1", "RoleBinding") => of::<RoleBinding>(),
        _ => return None,
    })
}

/// The schema of a kind of Argo CD or Flux, from its definition.
fn custom(folder: &Path, api_version: &str, kind: &str) -> Option<Value> {
    let (group, version) = api_version.split_once('/')?;
    let files = fs::read_dir(folder).expect("definitions");
    let files = files.map(|file| file.expect("a file").path());
    let mut files = files.filter(|file| file.extension().is_some_and(|end| end == "yaml"));
    files.find_map(|file| {
        let text = fs::read_to_string(&file).expect("a definition");
        let definition: Value = serde_yaml::from_str(&text).expect("YAML");
        let spec = &definition["spec"];
        let versions = spec["versions"].as_array().expect("versions");
        let it = versions.iter().find(|one| one["name"] == version)?;
        let is_it = spec["group"] == group && spec["names"]["kind"] == kind;
        is_it.then(|| it["schema"]["openAPIV3Schema"].clone())
    })
}

/// All YAML files below a folder.
fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            into.push(path);
        }
    }
}

/// The errors of a schema; fields that a patch lacks are in the patched resource.
fn complaints(schema: &jsonschema::Validator, object: &Value, is_patch: bool) -> Vec<String> {
    let errors = schema.iter_errors(object);
    let errors = errors.filter(|error| {
        let is_lacking = matches!(error.kind(), ValidationErrorKind::Required { .. });
        !(is_patch && is_lacking)
    });
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// The object with one extra field, in each of its maps in turn.
fn spoilt(object: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for key in ["spec", "metadata", "data", "rules", "roleRef"] {
        let mut object = object.clone();
        let Some(inner) = object.get_mut(key).and_then(Value::as_object_mut) else {
            continue;
        };
        inner.insert("noSuchField".to_owned(), json!({"a": [1]}));
        all.push(object);
    }
    let mut more = object.as_object().cloned().unwrap_or_else(Map::new);
    more.insert("noSuchField".to_owned(), json!(1));
    all.push(Value::Object(more));
    all
}

#[test]
fn examples_follow_the_schemas_of_their_kinds() {
    let definitions = require!(crds());
    let mut all = Vec::new();
    for folder in ["argocd", "flux", "recipes/argo-cd"] {
        files(&example(folder), &mut all);
    }
    all.sort();
    let mut objects = 0;
    for file in all {
        let name = file.display();
        let is_patch = file
            .parent()
            .is_some_and(|parent| parent.ends_with("install"));
        for object in documents(&file) {
            let object = serde_json::to_value(object).expect("JSON");
            let word = |key: &str| object[key].as_str().unwrap_or_default();
            let (api_version, kind) = (word("apiVersion"), word("kind"));
            if OTHERS.contains(&api_version) {
                continue;
            }
            let schema = builtin(api_version, kind);
            let schema = schema.or_else(|| custom(&definitions, api_version, kind));
            let mut schema = schema.unwrap_or_else(|| panic!("{name}: no schema of {kind}"));
            close(&mut schema);
            let schema = jsonschema::validator_for(&schema).expect("a schema");
            let found = complaints(&schema, &object, is_patch);
            assert!(found.is_empty(), "{name}: {kind}: {found:#?}");
            // The schema is effective: it accepts no extra field, in any place.
            let spoilt = spoilt(&object);
            let taken = spoilt
                .iter()
                .filter(|one| complaints(&schema, one, is_patch).is_empty());
            // Kubernetes accepts any metadata of a definition.
            let of_metadata = usize::from(builtin(api_version, kind).is_none());
            assert_eq!(taken.count(), of_metadata, "{name}: {kind}");
            objects += 1;
        }
    }
    println!("{objects} objects");
    assert!(objects >= 20, "{objects}");
}
