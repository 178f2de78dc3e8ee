//! Git's side: an overlay that the engine builds, rendered files, and the policy.

use crate::support::Tree;

const LIVE: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  managedFields:
  - manager: argocd-controller
    operation: Apply
    time: "2026-01-01T00:00:00Z"
    fieldsV1: {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {.: {}, "f:name": {}}}}}}}
  - manager: kubectl-set
    operation: Update
    time: "2026-01-02T00:00:00Z"
    fieldsV1: {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {"f:image": {}}}}}}}
spec: {template: {spec: {containers: [{name: web, image: "web:2"}]}}}
"#;

const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web, image: \"web:1\"}]}}}\n";

fn tree() -> Tree {
    let tree = Tree::new();
    tree.write("shop/base/kustomization.yaml", "resources: [web.yaml]\n");
    tree.write("shop/base/web.yaml", BASE);
    for environment in ["staging", "production"] {
        tree.write(
            &format!("shop/overlays/{environment}/kustomization.yaml"),
            "resources: [../../base]\nnamespace: shop\nsecretGenerator: [{name: key, literals: [a=b]}]\n",
        );
    }
    tree.write("live.yaml", LIVE);
    tree
}

const OVERLAY: &str = "shop/overlays/production";

#[test]
fn an_overlay_is_built_by_the_engine_and_named_as_in_check() {
    let tree = tree();
    let run = super::drift(&tree.path(""), &[OVERLAY, "--live", "live.yaml"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    for part in [
        "production against Git",
        "error[manual-change]: the image's tag or digest of container web was changed by hand with kubectl-set (Update, 2026-01-02T00:00:00Z)",
        "error[missing-object]",
        "values of generated Secrets were not compared",
        "shop",
    ] {
        assert!(run.stdout.contains(part), "{part}: {}", run.stdout);
    }
    // Every service and environment of an entry is that of `check`.
    let policy = |fields: &str| {
        format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {{name: p}}\nspec:\n{fields}"
        )
    };
    let target = "target: {kind: Deployment, name: web}, services: [shop], environments: [production], reason: INC-1";
    let path = "path: \"**.image\"";
    for (fields, is_told, code) in [
        (
            format!(
                "  exemptions:\n  - {{rule: manual-change, {target}, {path}, expires: 2099-01-01}}\n  - {{rule: missing-object, target: {{kind: Secret}}, reason: x, expires: 2099-01-01}}\n"
            ),
            true,
            0,
        ),
        (
            format!("  allow: {{fields: [{{{target}, {path}}}]}}\n"),
            false,
            1,
        ),
        (
            "  rules: {manual-change: {severity: warning}, missing-object: {severity: ignore}}\n"
                .to_owned(),
            true,
            0,
        ),
        // Classes that overlays may change are not a reason to change them in a cluster.
        (
            "  allow: {classes: [image, image-tag]}\n".to_owned(),
            true,
            1,
        ),
    ] {
        tree.write("parity.yaml", &policy(&fields));
        let arguments = [OVERLAY, "--live", "live.yaml", "--show-exempt"];
        let run = super::drift(&tree.path(""), &arguments);
        assert_eq!(run.code, Some(code), "{fields}: {run:#?}");
        assert_eq!(run.stdout.contains("manual-change]"), is_told, "{run:#?}");
        assert!(!run.stdout.contains("unused-exemption"), "{run:#?}");
    }
}

#[test]
fn unknown_parts_of_the_engine_are_not_guessed() {
    let tree = tree();
    tree.write(
        "shop/overlays/production/kustomization.yaml",
        "resources: [../../base]\nhelmCharts: [{name: x}]\n",
    );
    let run = super::drift(&tree.path(""), &[OVERLAY, "--live", "live.yaml"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert_eq!(run.stdout, "");
    for part in [
        "kustomization.yaml:2: x: only helm can render it",
        "kustomize build shop/overlays/production | krm-parity drift --rendered -",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

#[test]
fn inputs_that_cannot_be_compared_cannot_run() {
    let tree = tree();
    let status = "{apiVersion: v1, kind: Status, message: no such host}\n";
    for (name, text, part) in [
        ("status.yaml", status, "no such host"),
        (
            "raw.yaml",
            "{apiVersion: apps/v1, kind: DeploymentList, items: []}\n",
            "pass the output of kubectl get -o yaml",
        ),
        (
            "twice.yaml",
            "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: a, uid: x}}\n",
            "Pod a appears twice",
        ),
        ("broken.yaml", "a: [\n", "broken.yaml"),
        ("none.yaml", "- 1\n", "must be a resource"),
    ] {
        tree.write(name, text);
        let run = super::drift(&tree.path(""), &[OVERLAY, "--live", name]);
        assert_eq!(run.code, Some(2), "{name}: {run:#?}");
        assert!(run.stderr.contains(part), "{name}: {}", run.stderr);
    }
    for arguments in [
        &["--live", "live.yaml"][..],
        &[OVERLAY],
        &["--rendered", "-", "--live", "-"],
        &[OVERLAY, "--rendered", "live.yaml", "--live", "live.yaml"],
        &["nowhere", "--live", "live.yaml"],
        &["shop", "--live", "live.yaml"],
        &[OVERLAY, "--live", "nowhere.yaml"],
    ] {
        let run = super::drift(&tree.path(""), arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:#?}");
    }
}
