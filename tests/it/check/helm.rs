//! Manifests that Helm has rendered: one release per environment, each named after it.

use super::{findings, report};
use crate::support::Tree;

/// A release as a chart renders it: a workload with its references, and a part that has a longer name.
fn release(name: &str) -> String {
    format!(
        "apiVersion: v1
kind: ConfigMap
metadata: {{name: {name}-config}}
data: {{LEVEL: info}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: {name}}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}}}
spec: {{ports: [{{port: 80}}], selector: {{app: web, release: {name}}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  selector: {{matchLabels: {{app: web, release: {name}}}}}
  template:
    metadata: {{labels: {{app: web, release: {name}}}}}
    spec:
      serviceAccountName: {name}
      containers:
      - {{name: web, image: web:1, envFrom: [{{configMapRef: {{name: {name}-config}}}}]}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}-cache}}
spec: {{ports: [{{port: 6379}}], selector: {{app: cache, release: {name}}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {{name: {name}-cache}}
spec: {{selector: {{matchLabels: {{app: cache, release: {name}}}}}}}
"
    )
}

/// The findings of one environment against another one, from rendered files.
fn found(early: (&str, &str), late: (&str, &str)) -> Vec<String> {
    let tree = Tree::new();
    tree.write("early.yaml", early.1);
    tree.write("late.yaml", late.1);
    let (early, late) = (
        format!("web/{}=early.yaml", early.0),
        format!("web/{}=late.yaml", late.0),
    );
    let arguments = ["--rendered", &early, "--rendered", &late];
    findings(&report(&tree.path("none"), &tree.path(""), &arguments))
}

#[test]
fn releases_that_are_named_after_their_environments_are_one() {
    for (early, late, one, other) in [
        ("staging", "production", "web-staging", "web-production"),
        ("dev", "prod", "dev-web", "prod-web"),
        ("dev", "eu-prod", "shop-development-web", "shop-prd-web"),
        ("blue", "green", "web-blue", "web-green"),
        ("base", "production", "web-qa", "web-production"),
        ("base", "production", "web-dev", "web-production"),
    ] {
        let found = found((early, &release(one)), (late, &release(other)));
        assert_eq!(found, [""; 0], "{early} {late} {one} {other}");
    }
}

#[test]
fn differences_other_than_the_own_name_are_reported() {
    let (staging, production) = (release("web-staging"), release("web-production"));
    let told = |late: &str, wanted: &[&str]| {
        assert_ne!(late, production, "nothing was changed");
        let found = found(("staging", &staging), ("production", late));
        assert!(!found.is_empty(), "{late}");
        for wanted in wanted {
            let is_there = found.iter().any(|found| found.contains(wanted));
            assert!(is_there, "{wanted} is not in {found:#?}");
        }
    };
    // A reference to another environment, or to a resource that does not exist.
    for name in [
        "web-dev",
        "web-preview",
        "web-pre-production",
        "shop-production",
    ] {
        let account = format!("serviceAccountName: {name}\n");
        told(
            &production.replace("serviceAccountName: web-production\n", &account),
            &["spec.template.spec.serviceAccountName"],
        );
    }
    // A selector that does not follow its pods.
    told(
        &production.replace(
            "selector: {app: web, release: web-production}}",
            "selector: {app: web, release: web-staging}}",
        ),
        &["spec.template.metadata.labels.release"],
    );
    // Another release in the same file: a copy is added.
    told(
        &(production.clone()
            + "---\napiVersion: v1\nkind: Service\nmetadata: {name: web-prod-cache}\nspec: {ports: [{port: 6379}]}\n"),
        &["Service  "],
    );
    // A part whose name has another ending.
    told(
        &production.replace("name: web-production-cache", "name: web-production-store"),
        &["Service  "],
    );
    // A change to its contents.
    told(
        &production.replace("port: 6379", "port: 6380"),
        &["Service web-staging-cache spec.ports"],
    );
}

#[test]
fn a_name_that_is_only_the_environment_is_not_an_own_name() {
    let found = found(
        ("staging", &release("staging")),
        ("production", &release("production")),
    );
    assert!(
        found.iter().any(|one| one.ends_with("Deployment  ")),
        "{found:#?}"
    );
}

/// A release as a current chart renders it, with a `ConfigMap` and a Secret that its pod reads, and a test.
fn noted(name: &str, version: &str, level: &str, checksum: &str, test: &str) -> String {
    let labels = format!(
        "{{helm.sh/chart: web-{version}, app.kubernetes.io/instance: {name}, app.kubernetes.io/version: '{version}'}}"
    );
    format!(
        "apiVersion: v1
kind: ConfigMap
metadata: {{name: web, labels: {labels}}}
data: {{LEVEL: {level}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: other, labels: {labels}}}
data: {{COLOUR: red}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, labels: {labels}}}
spec: {{ports: [{{port: 80}}], selector: {{app: web}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web, labels: {labels}}}
spec:
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata:
      annotations: {{checksum/config: {checksum}}}
      labels: {{app: web, helm.sh/chart: web-{version}, app.kubernetes.io/instance: {name}}}
    spec:
      containers:
      - {{name: web, image: web:1, envFrom: [{{configMapRef: {{name: web}}}}]}}
---
apiVersion: v1
kind: Pod
metadata:
  name: web-test
  labels: {labels}
  annotations: {{helm.sh/hook: test}}
spec: {{containers: [{{name: wget, image: busybox:1, args: [{test}]}}]}}
"
    )
}

#[test]
fn notes_of_helm_are_not_reported() {
    let one = noted("blue", "1.0.0", "info", "aaaa", "blue:80");
    let other = noted("green", "1.1.0", "warn", "bbbb", "green:80");
    for (early, late) in [("staging", "production"), ("base", "production")] {
        let found = found((early, &one), (late, &other));
        assert_eq!(found, [""; 0], "{early} {late}");
    }
}

#[test]
fn notes_that_helm_acts_on_and_unexplained_changes_are_reported() {
    let one = noted("blue", "1.0.0", "info", "aaaa", "blue:80");
    let other = |level: &str, checksum: &str| noted("green", "1.1.0", level, checksum, "green:80");
    let warn = other("warn", "bbbb");
    for (late, wanted) in [
        // Nothing that the pod reads has changed, or only something that another pod reads.
        (
            other("info", "bbbb"),
            "Deployment web spec.template.metadata.annotations[\"checksum/config\"]",
        ),
        (
            other("info", "bbbb").replace("COLOUR: red", "COLOUR: blue"),
            "Deployment web spec.template.metadata.annotations[\"checksum/config\"]",
        ),
        // Helm acts on a hook, and a resource that is also a hook at another time is compared.
        (
            warn.replace("helm.sh/hook: test", "helm.sh/hook: pre-install"),
            "Pod web-test metadata.annotations[\"helm.sh/hook\"]",
        ),
        (
            warn.replace("helm.sh/hook: test", "helm.sh/hook: 'test,pre-install'"),
            "Pod web-test metadata.annotations[\"helm.sh/hook\"]",
        ),
        // Another label of the same domain, and a label that is removed.
        (
            warn.replacen(
                "app.kubernetes.io/version: '1.1.0'",
                "app.kubernetes.io/part-of: x",
                1,
            ),
            "ConfigMap web metadata.labels[\"app.kubernetes.io/part-of\"]",
        ),
        // A key that only looks similar.
        (
            warn.replace(
                "checksum/config: bbbb",
                "checksum/config: bbbb, helm.sh/resource-policy: keep",
            ),
            "Deployment web spec.template.metadata.annotations[\"helm.sh/resource-policy\"]",
        ),
    ] {
        assert_ne!(late, warn, "nothing was changed");
        for early in ["staging", "base"] {
            let found = found((early, &one), ("production", &late));
            let is_there = found.iter().any(|found| found.ends_with(wanted));
            assert!(is_there, "{early}: {wanted} is not in {found:#?}");
        }
    }
    // If only one side has a pod, no one knows what it tests.
    let (rest, _) = one.rsplit_once("---").expect("the last one");
    let found = found(("staging", rest), ("production", &warn));
    assert_eq!(found.len(), 1, "{found:#?}");
}
