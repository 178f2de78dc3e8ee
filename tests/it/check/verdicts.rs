//! One verdict: sealed environments, judged as a matrix by the function, get the findings of the gate, which builds
//! them.

use std::fmt::Write as _;
use std::process::Command;

use serde_yaml::Value;

use super::{NEWEST, report};
use crate::support::{Tree, binary, require, run};

const BASE: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
      - {name: app, image: 'app:1', resources: {limits: {memory: 1Gi}}, livenessProbe: {periodSeconds: 10}}
";

/// Environments with their memory, a policy, and the beginning of a finding.
type Case<'c> = (&'c [(&'c str, &'c str)], String, &'c str);

/// A repository of environments with their memory, each of which also sets an image, and a policy.
fn repository(environments: &[(&str, &str)], policy: &str) -> Tree {
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", BASE);
    for (name, memory) in environments {
        tree.overlay(
            &format!("overlays/{name}"),
            &format!(
                "patches:\n- target: {{kind: Deployment}}\n  patch: |\n    - {{op: replace, path: /spec/template/spec/containers/0/resources/limits/memory, value: {memory}}}\n    - {{op: replace, path: /spec/template/spec/containers/0/image, value: 'app:{memory}'}}\n"
            ),
        );
    }
    tree.write(
        "parity.yaml",
        &format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {{name: parity}}\nspec: {{{policy}}}\n"
        ),
    );
    tree
}

/// The findings of the gate: rule, environment and path of each.
fn built(tree: &Tree) -> Vec<String> {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let report = report(&kustomize, &tree.path(""), &[]);
    let found = report["findings"].as_array().expect("findings").iter();
    let mut found: Vec<String> = found
        .map(|finding| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
            let path = text(&finding["field"]["path"]);
            format!(
                "{} {} {path}",
                text(&finding["rule"]),
                text(&finding["environment"])
            )
        })
        .collect();
    found.sort();
    found
}

/// The same findings by the function, where each environment is sealed.
fn sealed(tree: &Tree, environments: &[(&str, &str)], policy: &str) -> Vec<String> {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let mut list = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n".to_owned();
    let overlays = environments
        .iter()
        .map(|(name, _)| (*name, format!("overlays/{name}")));
    for (name, directory) in [("base", "base".to_owned())].into_iter().chain(overlays) {
        let mut path = kustomize.parent().expect("a folder").as_os_str().to_owned();
        path.push(":/usr/bin:/bin");
        let mut command = Command::new(binary());
        command.current_dir(tree.path("")).env("PATH", path);
        let command = command.args(["snapshot", "--service", "web", "--environment", name]);
        let snapshot = run(command.arg(directory)).expect_success("a snapshot");
        for (at, line) in snapshot.lines().enumerate() {
            let lead = if at == 0 { "- " } else { "  " };
            writeln!(list, "{lead}{line}").expect("a string");
        }
    }
    write!(
        list,
        "functionConfig:\n  apiVersion: krm-parity.io/v1alpha1\n  kind: ParityPolicy\n  metadata: {{name: parity}}\n  spec: {{{policy}}}\n"
    )
    .expect("a string");
    tree.write("matrix.yaml", &list);
    let input = std::fs::File::open(tree.path("matrix.yaml")).expect("the matrix");
    let answer = Command::new(binary()).stdin(input).output().expect("a run");
    let list: Value = serde_yaml::from_slice(&answer.stdout).expect("a ResourceList");
    let none = Vec::new();
    let results = list["results"].as_sequence().unwrap_or(&none).iter();
    let mut found: Vec<String> = results
        .map(|result| {
            let tag = |key: &str| result["tags"][key].as_str().unwrap_or_default().to_owned();
            format!(
                "{} {} {}",
                tag("rule"),
                tag("environment"),
                tag("field-path")
            )
        })
        .collect();
    found.sort();
    found
}

#[test]
fn a_matrix_of_snapshots_has_the_verdicts_of_the_gate() {
    let _kustomize = require!(kustomize(NEWEST));
    let usual = [("dev", "1Gi"), ("staging", "2Gi"), ("production", "768Mi")];
    let short = [("dev", "1Gi"), ("stg", "2Gi"), ("prod", "768Mi")];
    let listed = "environments: [dev, staging, production]";
    let allowed = "allow: {classes: [image, image-tag, resource-values]}";
    let cases: &[Case<'_>] = &[
        // The names decide the order.
        (&usual, String::new(), "inverted-resources production"),
        (&short, String::new(), "inverted-resources prod"),
        (&usual, listed.to_owned(), "inverted-resources production"),
        // `prod` is the production of the policy.
        (&short, listed.to_owned(), "inverted-resources production"),
        (
            &short[..2],
            listed.to_owned(),
            "missing-environment production",
        ),
        (
            &usual,
            format!("environment: production, {listed}"),
            "image production",
        ),
        (
            &short,
            format!("environment: production, {listed}"),
            "image production",
        ),
        // The order is unknown: each is compared with the next by name, and not all with all.
        (
            &[("env-a", "1Gi"), ("env-b", "3Gi"), ("env-c", "9Gi")],
            format!("environments: [env-a, env-b, env-c], {allowed}"),
            "scale-factor env-c",
        ),
        (
            &[("prod-eu", "1Gi"), ("prod-us", "512Mi"), ("dev", "2Gi")],
            String::new(),
            "inverted-resources prod-us",
        ),
        // The other way round.
        (
            &usual,
            "environments: [production, staging, dev]".to_owned(),
            "inverted-resources dev",
        ),
    ];
    for (environments, policy, expected) in cases {
        let tree = repository(environments, policy);
        let found = built(&tree);
        assert_eq!(
            sealed(&tree, environments, policy),
            found,
            "{environments:?} {policy}"
        );
        assert!(
            found.iter().any(|line| line.starts_with(expected)),
            "{environments:?} {policy}: {found:#?}"
        );
    }
}
