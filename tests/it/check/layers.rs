//! Environments that load environments: each is compared with the layer below it, which is shown by its own name.

use serde_json::Value;

use super::{NEWEST, check, findings, report};
use crate::support::{Tree, require};

const BASE: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {terminationGracePeriodSeconds: 30, containers: [{name: app, image: app}]}}}\n";

const PATH: &str = "spec.template.spec.terminationGracePeriodSeconds";

/// An overlay that loads something and sets the grace period, at the seventh line.
fn overlay(tree: &Tree, directory: &str, loads: &str, seconds: u32) {
    tree.write(
        &format!("overlays/{directory}/kustomization.yaml"),
        &format!(
            "resources: [{loads}]\npatches:\n- target: {{kind: Deployment}}\n  patch: |\n    - op: replace\n      path: /spec/template/spec/terminationGracePeriodSeconds\n      value: {seconds}\n"
        ),
    );
}

fn repository() -> Tree {
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", BASE);
    tree.overlay("overlays/staging", "");
    tree
}

/// Environment, baseline, both values and both places of every finding.
fn told(report: &Value) -> Vec<String> {
    let all = report["findings"].as_array().expect("findings").iter();
    let one = |finding: &Value| {
        assert_eq!(finding["field"]["path"], PATH, "{finding:#}");
        let place = |key: &str| format!("{}:{}", finding[key]["file"], finding[key]["line"]);
        format!(
            "{} {} {} {} {} {}",
            finding["environment"],
            finding["baseline"],
            finding["field"]["base"],
            finding["field"]["overlay"],
            place("basePlace"),
            place("place"),
        )
        .replace(['"', '\\'], "")
        .replace("overlays/", "")
        .replace("kustomization.yaml", "")
    };
    all.map(one).collect()
}

#[test]
fn a_layer_is_shown_by_its_name() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = repository();
    overlay(&tree, "production/base", "../../../base", 60);
    overlay(&tree, "production/eu", "../base", 90);
    overlay(&tree, "production/us", "../base", 100);
    let all = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(
        told(&all),
        [
            "production base 30 60 base/web.yaml:4 production/base/:7",
            "production-eu production 60 90 production/base/:7 production/eu/:7",
            "production-us production 60 100 production/base/:7 production/us/:7",
        ]
    );
    let eu = &all["findings"][1];
    let message = eu["message"].as_str().expect("a message");
    assert!(
        message.contains("90 in production-eu, 60 in production."),
        "{message}"
    );
    assert!(
        !all["findings"][1].to_string().contains("the base"),
        "{eu:#}"
    );
    let text = check(&kustomize, &tree.path(""), &[]).stdout;
    assert!(
        text.contains("production-eu and production-us against production\n"),
        "{text}"
    );
    assert!(
        text.contains("production against base (overlays/production/base)"),
        "{text}"
    );
    for format in ["markdown", "html", "sarif", "github", "junit", "krm"] {
        let other = check(&kustomize, &tree.path(""), &["--format", format]).stdout;
        let wrong = [
            "production-eu against base",
            "90 in production-eu, 60 in the base",
        ];
        assert!(
            !wrong.iter().any(|wrong| other.contains(wrong)),
            "{format}: {other}"
        );
        assert!(other.contains("production"), "{format}: {other}");
    }
    // A check of only the layer reports nothing about its regions.
    let one = report(&kustomize, &tree.path(""), &["overlays/production/base"]);
    assert_eq!(told(&one).len(), 1, "{one:#}");
}

/// Three levels: each is compared with the one below it.
#[test]
fn a_region_is_compared_with_the_region_that_it_loads() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = repository();
    overlay(&tree, "production", "../../base", 60);
    overlay(&tree, "production-eu", "../production", 90);
    overlay(&tree, "production-eu-west", "../production-eu", 120);
    assert_eq!(
        told(&report(&kustomize, &tree.path(""), &[])),
        [
            "production base 30 60 base/web.yaml:4 production/:7",
            "production-eu production 60 90 production/:7 production-eu/:7",
            "production-eu-west production-eu 90 120 production-eu/:7 production-eu-west/:7",
        ]
    );
}

/// Additions and removals also name the layer, and never the base.
#[test]
fn a_layer_is_named_by_every_rule() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = repository();
    overlay(&tree, "production/base", "../../../base", 30);
    tree.write(
        "overlays/production/eu/kustomization.yaml",
        "resources: [../base]\nconfigMapGenerator: [{name: more, literals: [a=b]}]\npatches:\n- patch: |\n    $patch: delete\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {name: web}\n",
    );
    let all = report(&kustomize, &tree.path(""), &[]);
    let of_region = findings(&all).into_iter();
    let of_region: Vec<String> = of_region
        .filter(|line| line.contains("production-eu"))
        .map(|line| {
            line.split(' ')
                .filter(|word| !word.is_empty())
                .skip(3)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(of_region, ["production ConfigMap", "production Deployment"]);
    for finding in all["findings"].as_array().expect("findings") {
        let is_region = finding["environment"] == "production-eu";
        assert!(
            !is_region || !finding.to_string().contains("the base"),
            "{finding:#}"
        );
    }
}

/// A layer that is not an environment has no other name.
#[test]
fn a_shared_layer_is_the_base() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = repository();
    tree.write(
        "common/kustomization.yaml",
        "resources: [../base]\ncommonAnnotations: {a: b}\n",
    );
    overlay(&tree, "staging", "../../common", 40);
    overlay(&tree, "production", "../../common", 50);
    assert_eq!(
        told(&report(&kustomize, &tree.path(""), &[])),
        [
            "production base 30 50 base/web.yaml:4 production/:7",
            // Both override the base there, so they are also compared with each other.
            "production staging 40 50 staging/:7 production/:7",
            "staging base 30 40 base/web.yaml:4 staging/:7",
        ]
    );
}

fn policy(tree: &Tree, spec: &str) {
    let head = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:";
    tree.write("parity.yaml", &format!("{head} {{{spec}}}\n"));
}

/// The policy decides which environment others are compared with, however they are built.
#[test]
fn a_baseline_is_the_environment_of_that_name() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = repository();
    overlay(&tree, "staging", "../../base", 60);
    overlay(&tree, "prod", "../../base", 90);
    tree.write("stands.yaml", &BASE.replace("30", "60"));
    tree.write("prod.yaml", &BASE.replace("30", "90"));
    tree.write("base.yaml", BASE);
    let rendered = [
        "--rendered",
        "base=base.yaml",
        "--rendered",
        "staging=stands.yaml",
        "--rendered",
        "prod=prod.yaml",
    ];
    let rows = |arguments: &[&str]| -> Vec<String> {
        let report = report(&kustomize, &tree.path(""), arguments);
        let all = report["findings"].as_array().expect("findings").iter();
        all.map(|one| {
            format!("{} {} {}", one["rule"], one["environment"], one["baseline"]).replace('"', "")
        })
        .collect()
    };
    for (spec, prod, baseline) in [
        ("baseline: staging", "prod", "staging"),
        (
            "environments: [staging, prod], baseline: staging",
            "prod",
            "staging",
        ),
        // Names with the same meaning count as equal.
        (
            "environments: [stg, production], baseline: stg",
            "production",
            "stg",
        ),
        ("baseline: stg", "prod", "stg"),
    ] {
        policy(&tree, spec);
        let expected = [
            format!("other {prod} {baseline}"),
            format!("other {baseline} base"),
        ];
        for arguments in [&[][..], &["--one-by-one"], &rendered] {
            let mut found = rows(arguments);
            found.sort();
            let mut expected = expected.to_vec();
            expected.sort();
            assert_eq!(found, expected, "{spec} {arguments:?}");
        }
    }
    policy(&tree, "baseline: staging");
    let found = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(told(&found)[0], "prod staging 60 90 staging/:7 prod/:7");
}

/// If there is no environment of that name, there is nothing to compare with.
#[test]
fn a_baseline_that_does_not_exist_is_missing() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = repository();
    overlay(&tree, "prod", "../../base", 90);
    tree.write("b.yaml", BASE);
    let rendered = [
        "--rendered",
        "base=b.yaml",
        "--rendered",
        "staging=b.yaml",
        "--rendered",
        "prod=b.yaml",
    ];
    policy(&tree, "baseline: stagging");
    for arguments in [&[][..], &["--one-by-one"], &rendered] {
        let found = report(&kustomize, &tree.path(""), arguments);
        assert_eq!(found["failed"], true);
        let missing = findings(&found);
        let missing = missing
            .iter()
            .filter(|line| line.starts_with("missing-baseline"));
        assert_eq!(missing.count(), 1, "{found:#}");
    }
    // An explicit base is missing where no environment has one.
    policy(&tree, "baseline: base");
    let without = ["--rendered", "staging=b.yaml", "--rendered", "prod=b.yaml"];
    let found = report(&kustomize, &tree.path(""), &without);
    assert_eq!(findings(&found), ["missing-baseline rendered  base   "]);
}

/// A layer below is a baseline by the name that its recorder gives it, or by its own name.
#[test]
fn a_baseline_may_be_a_layer_below() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = repository();
    overlay(&tree, "../middle", "../base", 60);
    for environment in ["production", "staging"] {
        let place = format!("overlays/{environment}/kustomization.yaml");
        tree.write(&place, "resources: [../../middle]\n");
    }
    for (name, spec) in [("middle", "baseline: middle"), ("base", "baseline: base")] {
        policy(&tree, spec);
        let found = report(&kustomize, &tree.path(""), &[]);
        assert!(findings(&found).is_empty(), "{name} {found:#}");
    }
    policy(&tree, "baseline: region");
    assert_eq!(findings(&report(&kustomize, &tree.path(""), &[])).len(), 1);
    let text = tree.read("middle/kustomization.yaml");
    tree.write(
        "middle/kustomization.yaml",
        &format!("{text}transformers: [record.yaml]\n"),
    );
    tree.write(
        "middle/record.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata: {name: web}\nspec: {environment: region}\n",
    );
    let found = report(&kustomize, &tree.path(""), &[]);
    assert!(findings(&found).is_empty(), "{found:#}");
    // It is compared with the baseline of the policy, although it loads a layer in between.
    overlay(&tree, "../between", "../middle", 90);
    overlay(&tree, "production", "../../between", 90);
    let found = report(&kustomize, &tree.path(""), &[]);
    let rows = findings(&found);
    assert!(
        rows.contains(&format!(
            "other {} production region Deployment web {PATH}",
            found["services"][0]["name"].as_str().expect("a name")
        )),
        "{rows:?}"
    );
}
