//! The schema in the form that Kubernetes requires.

use super::super::*;
use super::*;

#[test]
fn schemas_are_structural() {
    fn check(schema: &serde_json::Value, at: &str) {
        let keys = schema.as_object().unwrap_or_else(|| panic!("{at}"));
        for banned in [
            "$ref",
            "$schema",
            "definitions",
            "oneOf",
            "anyOf",
            "allOf",
            "uniqueItems",
        ] {
            assert!(!keys.contains_key(banned), "{at} {banned}");
        }
        let kind = keys["type"]
            .as_str()
            .unwrap_or_else(|| panic!("{at} has no type"));
        assert!(
            ["object", "array", "string", "number"].contains(&kind),
            "{at} {kind}"
        );
        for (name, inner) in keys
            .get("properties")
            .and_then(|all| all.as_object())
            .into_iter()
            .flatten()
        {
            check(inner, &format!("{at}.{name}"));
        }
        // A map has listed keys, or any key with values of one type.
        if let Some(values) = keys.get("additionalProperties") {
            assert!(kind == "object" && !keys.contains_key("properties"), "{at}");
            check(values, &format!("{at}.*"));
        }
        if kind == "array" {
            check(&keys["items"], &format!("{at}[]"));
        }
        if let Some(default) = keys.get("default") {
            let fits = explain::first_fault(&serde_yaml::to_value(default).unwrap(), schema);
            assert!(fits.is_none() || default.is_number(), "{at} {fits:?}");
        }
    }
    for kind in [
        wire::Kind::ParityPolicy,
        wire::Kind::SnapshotRecorder,
        wire::Kind::ConfigMap,
        wire::Kind::RecorderConfigMap,
    ] {
        check(&schema(RULES, kind), &format!("{kind:?}"));
    }
    let policy = schema(RULES, wire::Kind::ParityPolicy);
    assert_eq!(
        policy["required"],
        serde_json::json!(["apiVersion", "kind"])
    );
    let spec = &policy["properties"]["spec"]["properties"];
    assert_eq!(
        spec["failOn"]["enum"],
        serde_json::json!(["error", "warning"])
    );
    assert_eq!(
        spec["rules"]["properties"].as_object().unwrap().len(),
        RULES.len()
    );
    assert_eq!(
        spec["rules"]["properties"]["limit-request-ratio"]["properties"]["max"]["default"]
            .to_string(),
        "1.5"
    );
}
