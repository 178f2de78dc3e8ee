//! Resources that an environment runs twice, and additions from API groups that hosts use themselves.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::bases::deployment;
use super::{NEWEST, findings, report};
use crate::support::{Tree, require, run};

/// The kustomization of production, the copies below it with the field that renames each, and the added resources.
type Case<'c> = (&'c str, &'c [(&'c str, &'c str)], &'c [&'c str]);

const PRODUCTION: &str = "web/overlays/production";

/// A base of two resources, a dev that loads it unchanged, and a production with this kustomization.
fn repository(production: &str) -> Tree {
    let tree = Tree::new();
    tree.write("web/base/web.yaml", &deployment("1", 10));
    tree.write(
        "web/base/kustomization.yaml",
        "resources: [web.yaml]\nconfigMapGenerator: [{name: settings, literals: [A=b]}]\n",
    );
    tree.overlay("web/overlays/dev", "");
    tree.write(&format!("{PRODUCTION}/kustomization.yaml"), production);
    tree
}

/// Copies of the base below production, each renamed in its own way.
fn write(tree: &Tree, copies: &[(&str, &str)]) {
    for (name, rename) in copies {
        tree.write(
            &format!("{PRODUCTION}/{name}/kustomization.yaml"),
            &format!("resources: [../../../base]\n{rename}"),
        );
    }
}

/// The added resources, as each of three ways to build finds them.
fn added(tree: &Tree) -> [Vec<String>; 3] {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    [
        names(&report(&kustomize, &tree.path(""), &["web"])),
        names(&report(
            &kustomize,
            &tree.path(""),
            &["--one-by-one", "web"],
        )),
        rendered(tree, &kustomize),
    ]
}

/// The added resources, as they are found in manifests that others have rendered.
fn rendered(tree: &Tree, kustomize: &Path) -> Vec<String> {
    for (directory, file) in [("web/base", "base"), (PRODUCTION, "production")] {
        let mut command = Command::new(kustomize);
        let built = run(command.arg("build").arg(tree.path(directory)));
        tree.write(
            &format!("rendered/{file}.yaml"),
            &built.expect_success("a build"),
        );
    }
    let arguments = [
        "--rendered",
        "base=rendered/base.yaml",
        "--rendered",
        "production=rendered/production.yaml",
    ];
    names(&report(kustomize, &tree.path(""), &arguments))
}

/// The kinds, namespaces and names of the added resources; there must be no other finding.
fn names(report: &Value) -> Vec<String> {
    let name = |finding: &Value| {
        assert_eq!(finding["rule"], "added-resource", "{finding:#}");
        assert_eq!(finding["severity"], "error", "{finding:#}");
        let resource = &finding["resource"];
        let name = resource["name"].as_str().expect("a name");
        let kind = resource["kind"].as_str().expect("a kind");
        let plain = match name.rsplit_once('-') {
            Some((plain, hash)) if hash.len() == 10 => plain,
            _ => name,
        };
        let namespace = resource["namespace"].as_str().unwrap_or_default();
        format!("{kind} {namespace} {plain}")
    };
    let found = report["findings"].as_array().expect("findings").iter();
    let mut found: Vec<String> = found.map(name).collect();
    found.sort();
    found
}

/// Production holds the resources of the base and copies of them, which no other environment runs.
#[test]
fn a_copy_is_an_added_resource() {
    let _kustomize = require!(kustomize(NEWEST));
    let copies: &[Case<'_>] = &[
        (
            "resources: [../../base, canary]\n",
            &[("canary", "nameSuffix: -canary\n")],
            &["ConfigMap  settings-canary", "Deployment  web-canary"],
        ),
        // The copy comes first.
        (
            "resources: [canary, ../../base]\n",
            &[("canary", "namePrefix: canary-\n")],
            &["ConfigMap  canary-settings", "Deployment  canary-web"],
        ),
        // Everything has a prefix.
        (
            "namePrefix: p-\nresources: [a, ../../base]\n",
            &[("a", "nameSuffix: -a\n")],
            &["ConfigMap  p-settings-a", "Deployment  p-web-a"],
        ),
        (
            "resources: [../../base, canary]\n",
            &[("canary", "namespace: canary\n")],
            &["ConfigMap canary settings", "Deployment canary web"],
        ),
        // A copy without the original is the original under another name.
        (
            "resources: [canary]\n",
            &[("canary", "nameSuffix: -canary\n")],
            &[],
        ),
    ];
    for (production, copies, expected) in copies {
        let tree = repository(production);
        write(&tree, copies);
        for found in added(&tree) {
            assert_eq!(found, *expected, "{production}{copies:?}");
        }
    }
}

/// None has kept its name: one copy counts as the base's, and it is the same copy for every resource.
#[test]
fn one_of_several_copies_counts_as_the_original() {
    let kustomize = require!(kustomize(NEWEST));
    let copies: &[Case<'_>] = &[
        (
            "resources: [two, one]\n",
            &[("one", "namespace: one\n"), ("two", "namespace: two\n")],
            &["ConfigMap two settings", "Deployment two web"],
        ),
        (
            "resources: [c, b, a]\n",
            &[
                ("a", "namePrefix: a-\n"),
                ("b", "namePrefix: b-\n"),
                ("c", "namePrefix: c-\n"),
            ],
            &[
                "ConfigMap  b-settings",
                "ConfigMap  c-settings",
                "Deployment  b-web",
                "Deployment  c-web",
            ],
        ),
    ];
    for (production, copies, expected) in copies {
        let tree = repository(production);
        write(&tree, copies);
        assert_eq!(rendered(&tree, &kustomize), *expected, "{production}");
    }
}

/// kustomize emits resources of every group, and all of them are applied.
#[test]
fn no_group_is_skipped_by_its_name() {
    let _kustomize = require!(kustomize(NEWEST));
    let local =
        |value: &str| format!("  annotations: {{config.kubernetes.io/local-config: '{value}'}}\n");
    for (api, kind, annotations, is_added) in [
        ("kpt.dev/v1alpha1", "ResourceGroup", String::new(), true),
        ("kpt.dev/v1", "Kptfile", String::new(), true),
        ("kpt.dev/v1", "Kptfile", local("false"), true),
        ("kpt.dev/v1", "Kptfile", local("true"), false),
        ("krm-parity.io/v1", "ParityPolicy", String::new(), true),
        (
            "krm-parity.io/v1alpha1",
            "ParityPolicy",
            String::new(),
            true,
        ),
        (
            "krm-parity.io/v1alpha1",
            "ParityPolicy",
            local("true"),
            false,
        ),
        ("krm-parity.io/v1alpha1", "Anything", String::new(), true),
    ] {
        let tree = repository("resources: [../../base, more.yaml]\n");
        tree.write(
            &format!("{PRODUCTION}/more.yaml"),
            &format!("apiVersion: {api}\nkind: {kind}\nmetadata:\n  name: more\n{annotations}"),
        );
        let expected: &[String] = &[format!("{kind}  more")];
        for found in added(&tree) {
            let expected = if is_added { expected } else { &[] };
            assert_eq!(found, expected, "{api} {kind} {annotations}");
        }
    }
}

/// Where both environments run a copy, it is reported for each of them, and not for one against the other.
#[test]
fn copies_of_two_environments_belong_together() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = repository("resources: [../../base, canary]\n");
    for environment in ["dev", "production"] {
        let directory = format!("web/overlays/{environment}");
        tree.write(
            &format!("{directory}/kustomization.yaml"),
            "resources: [canary, ../../base]\n",
        );
        tree.write(
            &format!("{directory}/canary/kustomization.yaml"),
            "resources: [../../../base]\nnameSuffix: -canary\n",
        );
    }
    let found = findings(&report(&kustomize, &tree.path(""), &["web"]));
    assert_eq!(
        found,
        [
            "added-resource web dev base ConfigMap  ",
            "added-resource web dev base Deployment  ",
            "added-resource web production base ConfigMap  ",
            "added-resource web production base Deployment  ",
        ]
    );
}
