//! Directories of manifests without a kustomization, in the places of environments.

use std::fs;

use super::bases::deployment;
use super::hidden::service;
use super::report;
use crate::support::{Tree, binary};

/// Rule, severity, environment, file and headline of each finding.
fn told(tree: &Tree) -> Vec<String> {
    let report = report(binary(), &tree.path(""), &[]);
    let findings = report["findings"].as_array().expect("findings").clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let one = |finding: &serde_json::Value| {
        let fields = ["rule", "severity", "service", "environment"].map(|key| text(&finding[key]));
        let place = text(&finding["place"]["file"]);
        format!(
            "{} {place}: {}",
            fields.join(" "),
            text(&finding["headline"])
        )
    };
    findings.iter().map(one).collect()
}

#[test]
fn production_of_plain_manifests_is_reported_at_its_file() {
    let tree = Tree::new();
    service(&tree, "web");
    let production = tree.path("web/overlays/production");
    fs::remove_dir_all(&production).expect("a folder");
    tree.write("web/overlays/production/web.yaml", &deployment("1", 10));
    assert_eq!(
        told(&tree),
        [
            "unjudged-overlay error web production web/overlays/production/web.yaml: web/overlays/production has manifests but no kustomization, so it was not checked"
        ]
    );
    // Values of a chart and objects of a deployer are not manifests.
    fs::remove_dir_all(&production).expect("a folder");
    tree.write("web/overlays/production/values.yaml", "replicas: 1\n");
    tree.write("web/overlays/production/README.md", "kind: x\n");
    let project = "apiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata: {name: web}\n";
    tree.write("web/overlays/production/project.yaml", project);
    assert_eq!(told(&tree), Vec::<String>::new());
}
