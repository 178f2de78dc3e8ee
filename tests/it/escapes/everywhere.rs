//! Changes of everything, and changes that resemble them: keys with an effect, selectors of other
//! services' pods, copies.

use serde_json::{Value, json};

use super::{classes_and_paths, every_kind, judged_beside, pairs, resource, told};

/// Keys that controllers act on, each with the class of an annotation and of a label.
const OPERATIVE: &[(&str, &str, &str)] = &[
    ("sidecar.istio.io/inject", "service-mesh", "service-mesh"),
    ("linkerd.io/inject", "service-mesh", "service-mesh"),
    ("istio-injection", "service-mesh", "service-mesh"),
    ("argocd.argoproj.io/sync-options", "annotations", "labels"),
    ("helm.sh/hook", "annotations", "labels"),
    (
        "pod-security.kubernetes.io/enforce",
        "annotations",
        "labels",
    ),
    ("vault.hashicorp.com/agent-inject", "annotations", "labels"),
    ("eks.amazonaws.com/role-arn", "annotations", "labels"),
    ("azure.workload.identity/use", "annotations", "labels"),
    ("kapp.k14s.io/disable", "annotations", "labels"),
];

/// Keys that are only descriptions.
const DESCRIPTIVE: &[&str] = &[
    "environment",
    "example.com/team",
    "app.kubernetes.io/part-of",
    "tags.datadoghq.com/env",
];

fn put(resource: &mut Value, field: &str, key: &str) {
    if !resource["metadata"][field].is_object() {
        resource["metadata"][field] = json!({});
    }
    resource["metadata"][field][key] = "production".into();
}

/// The findings if a key is set on a resource, on its sibling and on the snapshot.
fn put_on_all(base: &[Value; 2], field: &str, key: &str) -> Vec<(String, String)> {
    let mut overlay = base.clone();
    for resource in &mut overlay {
        put(resource, field, key);
    }
    let mut found = classes_and_paths(&judged_beside(base, &overlay, "cancel", |snapshot| {
        put(snapshot, field, key);
    }));
    found.sort();
    found
}

#[test]
fn keys_with_an_effect_are_reported_even_on_everything() {
    let mut tried = 0;
    for kind in every_kind() {
        let it = resource(&kind.api_version(), &kind.kind, "web", "");
        let base = [it, resource("v1", "ConfigMap", "mate", "")];
        for (at, field) in ["annotations", "labels"].into_iter().enumerate() {
            for (key, annotation, label) in OPERATIVE {
                let path = if key.contains(['.', '/']) {
                    format!("metadata.{field}[\"{key}\"]")
                } else {
                    format!("metadata.{field}.{key}")
                };
                let class = [annotation, label][at];
                let found = put_on_all(&base, field, key);
                let expected = pairs(&[(*class, path.as_str()); 2]);
                assert_eq!(found, expected, "{}: {field} {key}", kind.name());
                tried += 1;
            }
            for key in DESCRIPTIVE {
                let found = put_on_all(&base, field, key);
                assert_eq!(found, [], "{}: {field} {key}", kind.name());
                tried += 1;
            }
        }
    }
    println!("keys on everything: {tried} overlays");
    assert!(tried > 3_000);
}

/// The places of selectors: the resource around each, and its path.
fn selectors() -> Vec<(Value, &'static str, &'static str)> {
    let of = |api_version: &str, kind: &str, spec: Value| {
        let mut value = resource(api_version, kind, "it", "");
        value["spec"] = spec;
        value
    };
    let app = || json!({"app": "APP"});
    let matching = || json!({"matchLabels": {"app": "APP"}});
    vec![
        (
            of("v1", "Service", json!({"selector": app()})),
            "/spec/selector",
            "spec.selector.environment",
        ),
        (
            of(
                "policy/v1",
                "PodDisruptionBudget",
                json!({"selector": matching()}),
            ),
            "/spec/selector/matchLabels",
            "spec.selector.matchLabels.environment",
        ),
        (
            of(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                json!({"podSelector": matching()}),
            ),
            "/spec/podSelector/matchLabels",
            "spec.podSelector.matchLabels.environment",
        ),
        (
            of(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                json!({"podSelector": {}, "ingress": [{"from": [{"podSelector": matching()}]}]}),
            ),
            "/spec/ingress/0/from/0/podSelector/matchLabels",
            "spec.ingress[0].from[0].podSelector.matchLabels.environment",
        ),
        (
            of("apps/v1", "Deployment", affine(&matching())),
            "/spec/template/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution/0/labelSelector/matchLabels",
            "spec.template.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchLabels.environment",
        ),
    ]
}

/// A Deployment of other pods, with an anti-affinity to those of a selector.
fn affine(selector: &Value) -> Value {
    let term = json!({"labelSelector": selector, "topologyKey": "zone"});
    json!({"template": {"metadata": {"labels": {"app": "other"}}, "spec": {
        "containers": [{"name": "c", "image": "i"}],
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}},
    }}})
}

fn named_app(value: &Value, app: &str) -> Value {
    let text = value.to_string().replace("APP", app);
    serde_json::from_str(&text).expect("JSON")
}

/// A narrowed selector is reported if it selects pods that the overlay does not have.
#[test]
fn selectors_of_other_pods_are_reported() {
    let mut web = resource("apps/v1", "Deployment", "web", "");
    web["spec"] = json!({"template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}});
    for (around, pointer, path) in selectors() {
        for (app, is_stranger) in [("web", false), ("operator", true)] {
            let base = [web.clone(), named_app(&around, app)];
            let mut overlay = base.clone();
            for resource in &mut overlay {
                put(resource, "labels", "environment");
                if let Some(labels) = resource.pointer_mut("/spec/template/metadata/labels") {
                    labels["environment"] = "production".into();
                }
            }
            let selector = overlay[1].pointer_mut(pointer).expect("a selector");
            selector["environment"] = "production".into();
            let found = judged_beside(&base, &overlay, "cancel", |snapshot| {
                put(snapshot, "labels", "environment");
            });
            let paths: Vec<String> = classes_and_paths(&found)
                .into_iter()
                .map(|(_, path)| path)
                .collect();
            let expected: &[&str] = if is_stranger { &[path] } else { &[] };
            assert_eq!(paths, expected, "{} of {app}", around["kind"]);
        }
    }
}

/// A copy of a resource in the base is an added resource, whatever its name.
#[test]
fn copies_are_added_resources() {
    let mut tried = 0;
    for kind in every_kind() {
        let it = |name: &str, namespace: &str| {
            resource(&kind.api_version(), &kind.kind, name, namespace)
        };
        let mate = resource("v1", "ConfigMap", "mate", "");
        let base = [it("web", ""), mate.clone()];
        for copy in [
            "web2",
            "web-copy",
            "production-web",
            "web-production",
            "copy",
        ] {
            let overlay = [it("web", ""), mate.clone(), it(copy, "")];
            let found = told(&base, &overlay, "cancel");
            assert_eq!(
                found,
                pairs(&[("added-resource", "")]),
                "{}: {copy}",
                kind.name()
            );
            tried += 1;
        }
        let overlay = [it("web", ""), mate.clone(), it("web", "elsewhere")];
        let found = told(&base, &overlay, "cancel");
        assert_eq!(
            found.len(),
            1,
            "{}: in another namespace, {found:?}",
            kind.name()
        );
        assert_eq!(found[0].0, "added-resource", "{}", kind.name());
        tried += 1;
    }
    println!("copies: {tried} overlays");
    assert!(tried > 800);
}
