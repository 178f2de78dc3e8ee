//! Kustomizations that load the overlays of other services for an environment.

use super::bases::deployment;
use super::hidden::service;
use super::outlined;
use crate::support::Tree;

/// Two services with dev and production, and kustomizations that gather them.
fn tree(gathers: &[(&str, &str)]) -> Tree {
    let tree = Tree::new();
    for at in ["apps/a", "apps/b"] {
        service(&tree, at);
        tree.overlay(&format!("{at}/overlays/staging"), "");
    }
    for (directory, text) in gathers {
        tree.write(&format!("{directory}/kustomization.yaml"), text);
    }
    tree
}

/// Rule, severity, service, environment, place and headline of each finding of this rule.
fn told(tree: &Tree) -> Vec<String> {
    let mut told = outlined(tree, |place| {
        let file = place["file"].as_str().unwrap_or_default();
        format!("{file}:{}", place["line"])
    });
    told.retain(|line| line.starts_with("foreign-environment"));
    told
}

#[test]
fn the_overlay_of_another_environment_is_reported_where_it_is_loaded() {
    let mixed = "\
resources:
- ../../apps/a/overlays/production
- ../../apps/b/overlays/staging
";
    let expected = |at: &str, line: usize, from: &str| {
        format!(
            "foreign-environment error b production {at}/kustomization.yaml:{line}: {from} loads apps/b/overlays/staging, which is another environment"
        )
    };
    let tree = self::tree(&[("clusters/production", mixed)]);
    assert_eq!(
        told(&tree),
        [expected("clusters/production", 3, "clusters/production")]
    );
    // In another spelling, and in a region.
    let tree = self::tree(&[("clusters/prod-eu", mixed)]);
    assert_eq!(
        told(&tree),
        [expected("clusters/prod-eu", 3, "clusters/prod-eu")]
    );
    // Through a list of applications.
    let tree = self::tree(&[
        ("clusters/production", "resources: [../../lists/all]\n"),
        ("lists/all", "resources: [../../apps/b/overlays/staging]\n"),
    ]);
    assert_eq!(
        told(&tree),
        [expected("lists/all", 1, "clusters/production")]
    );
}

#[test]
fn what_may_be_right_is_not_reported() {
    let all = "\
resources:
- ../../apps/a/overlays/dev
- ../../apps/a/overlays/staging
- ../../apps/b/overlays/dev
- ../../apps/b/overlays/production
";
    for (directory, text) in [
        ("clusters/dev", all),
        (
            "clusters/eu-west-1",
            "resources: [../../apps/b/overlays/staging]\n",
        ),
        (
            "clusters/prod",
            "resources: [../../apps/b/overlays/production]\n",
        ),
        // The service has no environment of that name.
        (
            "clusters/qa",
            "resources: [../../apps/b/overlays/staging]\n",
        ),
    ] {
        assert_eq!(
            told(&tree(&[(directory, text)])),
            Vec::<String>::new(),
            "{directory}"
        );
    }
    // An environment of the same service is its base.
    let tree = tree(&[]);
    tree.kustomization("apps/c/base", "web.yaml", &deployment("1", 10));
    tree.overlay("apps/c/overlays/staging", "");
    tree.write(
        "apps/c/overlays/production/kustomization.yaml",
        "resources: [../staging]\n",
    );
    assert_eq!(told(&tree), Vec::<String>::new());
}
