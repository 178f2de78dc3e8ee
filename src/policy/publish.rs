//! The schema of the functionConfigs in the formats that other tools read.
//!
//! Editors need JSON Schema, function catalogues a `KRMFunctionDefinition`, and tools for custom
//! resources a `CustomResourceDefinition`. All three are generated from the schema of the Rust
//! types.

use serde_json::{Map, Value, json};

use super::wire::{Kind, schema};
use crate::api::{GROUP, POLICY, RECORDER, VERSION};
use crate::catalog::Rule;

/// The kinds that are published, in the order of the documentation.
pub const PUBLISHED: [(Kind, &str); 2] = [
    (Kind::ParityPolicy, POLICY),
    (Kind::SnapshotRecorder, RECORDER),
];

/// The JSON Schema (draft 2020-12) of a kind, for editors: it refuses unknown keys.
#[must_use]
pub fn json_schema(rules: &[&Rule], kind: Kind, name: &str) -> Value {
    let mut out = Map::new();
    out.insert(
        "$schema".to_owned(),
        json!("https://json-schema.org/draft/2020-12/schema"),
    );
    out.insert("title".to_owned(), json!(name));
    if let Value::Object(fields) = closed(schema(rules, kind)) {
        out.extend(fields);
    }
    let mut out = Value::Object(out);
    out["properties"]["apiVersion"]["const"] = json!(format!("{GROUP}/{VERSION}"));
    out["properties"]["kind"]["const"] = json!(name);
    out
}

/// Turns a structural schema into a plain one that is as strict as the reader.
fn closed(schema: Value) -> Value {
    let Value::Object(mut fields) = schema else {
        return schema;
    };
    let nullable = fields.remove("nullable") == Some(Value::Bool(true));
    let open = fields.remove("x-kubernetes-preserve-unknown-fields") == Some(Value::Bool(true));
    if let Some(Value::Object(properties)) = fields.remove("properties") {
        let closed_properties: Map<_, _> = properties
            .into_iter()
            .map(|(key, value)| (key, closed(value)))
            .collect();
        fields.insert("properties".to_owned(), Value::Object(closed_properties));
        if !open {
            fields.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
    if let Some(items) = fields.remove("items") {
        fields.insert("items".to_owned(), closed(items));
    }
    if nullable {
        if let Some(kind) = fields.get("type").cloned() {
            fields.insert("type".to_owned(), json!([kind, "null"]));
        }
        if let Some(Value::Array(words)) = fields.get_mut("enum")
            && !words.contains(&Value::Null)
        {
            words.push(Value::Null);
        }
    }
    Value::Object(fields)
}

/// The `KRMFunctionDefinition` of the function: one version with the schema of its policy.
#[must_use]
pub fn function_definition(rules: &[&Rule], kind: Kind, name: &str) -> Value {
    json!({
        "apiVersion": "config.kubernetes.io/v1alpha1",
        "kind": "KRMFunctionDefinition",
        "metadata": {"name": definition_name(name)},
        "spec": {
            "group": GROUP,
            "names": {"kind": name},
            "description": schema(rules, kind)["description"].clone(),
            "publisher": "krm-parity",
            "tags": ["validator", "kustomize", "drift", "parity"],
            "versions": [{
                "name": VERSION,
                "schema": {"openAPIV3Schema": schema(rules, kind)},
                "idempotent": true,
                "license": "Apache-2.0",
                "runtime": {
                    "container": {
                        "image": concat!("krm-parity:", env!("CARGO_PKG_VERSION")),
                        "requireNetwork": false,
                        "requireStorageMount": false,
                    },
                },
            }],
        },
    })
}

/// The `CustomResourceDefinition` of a kind, for tools that validate resources against one; no
/// cluster needs it.
#[must_use]
pub fn custom_resource(rules: &[&Rule], kind: Kind, name: &str) -> Value {
    let plural = match kind {
        Kind::ParityPolicy => "paritypolicies",
        _ => "snapshotrecorders",
    };
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{GROUP}")},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": name,
                "listKind": format!("{name}List"),
                "plural": plural,
                "singular": name.to_lowercase(),
            },
            "versions": [{
                "name": VERSION,
                "served": true,
                "storage": true,
                "schema": {"openAPIV3Schema": schema(rules, kind)},
            }],
        },
    })
}

/// The definitions for a Krmfile's `openAPI.definitions`.
#[must_use]
pub fn krmfile_definitions(rules: &[&Rule]) -> Value {
    let definitions: Map<_, _> = PUBLISHED
        .into_iter()
        .map(|(kind, name)| {
            let mut definition = schema(rules, kind);
            definition["x-kubernetes-group-version-kind"] =
                json!([{"group": GROUP, "version": VERSION, "kind": name}]);
            (format!("io.{}.{VERSION}.{name}", "krm-parity"), definition)
        })
        .collect();
    Value::Object(definitions)
}

fn definition_name(name: &str) -> String {
    format!("{}.{GROUP}", name.to_lowercase())
}
