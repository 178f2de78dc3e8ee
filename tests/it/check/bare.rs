//! Directories of manifests without a kustomization, in the places of environments.

use std::fs;

use super::bases::deployment;
use super::hidden::service;
use super::outlined;
use crate::support::Tree;

/// Rule, severity, environment, file and headline of each finding.
fn told(tree: &Tree) -> Vec<String> {
    outlined(tree, |place| {
        place["file"].as_str().unwrap_or_default().to_owned()
    })
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
