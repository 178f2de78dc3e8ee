//! `explain DIR`: the decision about each change of the overlays in a directory, with its lines.

use std::process::Command;

use crate::support::{Run, Tree, binary, run};

const POLICY: &str = "\
apiVersion: krm-parity.io/v1alpha1
kind: ParityPolicy
metadata:
  name: shop
spec:
  exemptions:
  - rule: health-checks
    services: [api]
    environments: [staging]
    reason: it starts slowly there
    expires: 2999-01-01
";

fn tree() -> Tree {
    let tree = Tree::new();
    tree.write("parity.yaml", POLICY);
    tree.write("api/base/kustomization.yaml", "resources: [api.yaml]\n");
    tree.write(
        "api/base/api.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: api\n        image: api:1\n        livenessProbe:\n          periodSeconds: 10\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: hunter1}\n",
    );
    for environment in ["staging", "production"] {
        tree.write(
            &format!("api/overlays/{environment}/kustomization.yaml"),
            &format!("namespace: {environment}\nresources: [../../base]\nreplicas:\n- name: api\n  count: 3\npatches:\n- path: probe.yaml\n"),
        );
        tree.write(
            &format!("api/overlays/{environment}/probe.yaml"),
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec:\n  template:\n    spec:\n      containers:\n      - name: api\n        livenessProbe:\n          periodSeconds: 99\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {token: hunter2}\n",
        );
    }
    tree
}

fn explain(tree: &Tree, arguments: &[&str]) -> Run {
    let mut command = Command::new(binary());
    // kustomize is not needed.
    command.env("PATH", "").current_dir(tree.path(""));
    run(command.arg("explain").args(arguments))
}

#[test]
fn every_change_of_an_overlay_is_explained_with_its_lines() {
    let said = explain(&tree(), &["api/overlays/production"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    insta::assert_snapshot!(said.stdout, @r#"
    api/production against base:

    cancelled v1 Secret key
      at      metadata.namespace (added)
      base    (absent), api/base/api.yaml:16
      overlay "production", api/overlays/production/kustomization.yaml:1
      because it makes the overlay an environment: spec.identity is cancel (the default)

    cancelled apps/v1 Deployment api
      at      metadata.namespace (added)
      base    (absent), api/base/api.yaml:3
      overlay "production", api/overlays/production/kustomization.yaml:1
      because it makes the overlay an environment: spec.identity is cancel (the default)

    allowed   replicas  apps/v1 Deployment api
      at      spec.replicas (modified)
      base    1, api/base/api.yaml:5
      overlay 3, api/overlays/production/kustomization.yaml:5
      because spec.allow.classes contains replicas (the default)

    forbidden health-checks  apps/v1 Deployment api
      at      spec.template.spec.containers[name=api].livenessProbe.periodSeconds (modified)
      base    10, api/base/api.yaml:12
      overlay 99, api/overlays/production/probe.yaml:10
      because no entry allows it, and spec.allow.classes (the default) does not contain health-checks

    apps/v1 Deployment production/api (production against base)
      error[health-checks]: periodSeconds of the liveness probe of container api differs from the base
        at      spec.template.spec.containers[name=api].livenessProbe.periodSeconds
        base    10
        overlay 99
        help    Set the common value in the base, and keep only the differences in the overlays.
        permit  add this entry to spec.allow.fields of parity.yaml. To permit it only until a day, add it to spec.exemptions instead, with rule: health-checks and expires: YYYY-MM-DD. To permit the whole class, set spec.allow.classes: [replicas, resource-values, env-values, hostnames, health-checks].
        entry   {target: {kind: Deployment, name: api}, path: 'spec.template.spec.containers[name=api].livenessProbe.periodSeconds', services: [api], reason: TODO}
    krm-parity: api, production: 1 error in 4 resources
    "#);
}

#[test]
fn a_directory_of_many_is_narrowed_by_service_and_environment() {
    let tree = tree();
    let heads = |arguments: &[&str]| -> Vec<String> {
        let said = explain(&tree, arguments);
        assert_eq!(said.code, Some(0), "{said:#?}");
        let lines = said
            .stdout
            .lines()
            .filter(|line| line.contains(" against base:"));
        lines.map(str::to_owned).collect()
    };
    let (staging, production) = ("api/staging against base:", "api/production against base:");
    assert_eq!(heads(&["."]), [staging, production]);
    assert_eq!(heads(&["api/overlays"]), [staging, production]);
    assert_eq!(heads(&[".", "--environment", "staging"]), [staging]);
    assert_eq!(
        heads(&["api", "--service", "api", "--environment", "production"]),
        [production]
    );
    // A finding that is exempt in one environment is forbidden in the other, and the line of the
    // exemption is shown.
    let said = explain(&tree, &["."]).stdout;
    let exempt = "but spec.exemptions[0] (parity.yaml:7) exempts it until 2999-01-01 (it starts slowly there)";
    assert_eq!(said.matches(exempt).count(), 1, "{said}");
    assert_eq!(said.matches("forbidden health-checks").count(), 1, "{said}");
}

#[test]
fn an_overlay_without_changes_is_reported_as_such() {
    let tree = tree();
    tree.write(
        "api/overlays/production/kustomization.yaml",
        "resources: [../../base]\n",
    );
    let said = explain(&tree, &["api/overlays/production"]);
    assert!(
        said.stdout.starts_with(
            "api/production against base: no changes
"
        ),
        "{said:#?}"
    );
}

#[test]
fn a_failed_build_is_reported_with_its_line() {
    let tree = tree();
    tree.write(
        "api/overlays/production/kustomization.yaml",
        "resources: [../../base]\npatchs: []\n",
    );
    let said = explain(&tree, &["api/overlays/production"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.stdout.contains("error[build-failure]"), "{said:#?}");
    assert!(said.stdout.contains("patchs"), "{said:#?}");
}

#[test]
fn a_rule_is_meant_before_a_directory_of_its_name() {
    let tree = tree();
    for folder in ["base", "overlays/production"] {
        let text = tree.read(&format!("api/{folder}/kustomization.yaml"));
        tree.write(&format!("labels/{folder}/kustomization.yaml"), &text);
    }
    for file in ["base/api.yaml", "overlays/production/probe.yaml"] {
        let text = tree.read(&format!("api/{file}"));
        tree.write(&format!("labels/{file}"), &text);
    }
    let rule = explain(&tree, &["labels"]).stdout;
    assert!(rule.starts_with("labels\n"), "{rule}");
    let directory = explain(&tree, &["./labels"]).stdout;
    assert!(
        directory.starts_with("labels/production against base:"),
        "{directory}"
    );
}

#[test]
fn an_unknown_service_or_environment_is_an_error() {
    let tree = tree();
    tree.write("empty/README.md", "");
    let told = |arguments: &[&str]| {
        let said = explain(&tree, arguments);
        assert_eq!(
            (said.code, said.stdout.as_str()),
            (Some(2), ""),
            "{said:#?}"
        );
        said.stderr
    };
    insta::assert_snapshot!(told(&[".", "--environment", "prodution"]), @r#"krm-parity: there is no environment "prodution"; did you mean "production"?"#);
    insta::assert_snapshot!(told(&[".", "--service", "shop"]), @r#"krm-parity: there is no service "shop"; choose one of "api""#);
    insta::assert_snapshot!(told(&["api", "--base", "base.yaml"]), @"krm-parity: --base works only with an overlay's file: a directory names its base itself");
    insta::assert_snapshot!(told(&["labels", "--service", "api"]), @"krm-parity: --service works only with a directory, or with an overlay's file and its --base");
    insta::assert_snapshot!(told(&["parity.yaml", "--service", "api"]), @"krm-parity: --service works only with a directory, or with an overlay's file and its --base");
    let empty = told(&["empty"]);
    assert!(empty.contains("there is no kustomization"), "{empty}");
}

#[test]
fn no_value_of_a_secret_is_explained() {
    for arguments in [&["."][..], &["api/overlays/staging"]] {
        let said = explain(&tree(), arguments);
        assert!(said.stdout.contains("Secret key"), "{said:#?}");
        for secret in ["hunter1", "hunter2"] {
            assert!(!said.stdout.contains(secret), "{said:#?}");
            assert!(!said.stderr.contains(secret), "{said:#?}");
        }
    }
}
