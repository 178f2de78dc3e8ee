//! A tree beside the deployed one that gathers sealed environments.

use std::fs;

use crate::support::{Tap, copy_examples, require, rules};

const FAST: &str = "          periodSeconds: 10\n";

/// Only the broken environment is reported, and under its own name.
#[test]
fn exactly_the_broken_environment_fails() {
    for host in require!(kustomizes()) {
        for broken in ["dev", "staging", "production"] {
            let tree = copy_examples();
            let path = format!("side-tree/apps/shop/overlays/{broken}/kustomization.yaml");
            let text = fs::read_to_string(tree.path(&path)).expect("an overlay");
            let slow = "- target: {kind: Deployment}\n  patch: |\n    - {op: replace, path: \
                         /spec/template/spec/containers/0/readinessProbe/periodSeconds, value: 99}\n";
            tree.write(
                &path,
                &text.replace("\npatches:\n", &format!("\npatches:\n{slow}")),
            );

            let tap = Tap::on_binary();
            let built = host.build_tapped(&tree.path("side-tree/parity"), &tap);
            let calls = tap.calls();
            assert_eq!(calls.len(), 5, "{}: {built:#?}", host.name);
            assert!(!built.succeeded(), "{}: {broken}", host.name);
            let found = calls[4].found();
            assert_eq!(rules(&found), ["health-checks"], "{built:#?}");
            assert_eq!(found.len(), 1);
            assert_eq!(
                found[0].result["tags"]["environment"].as_str(),
                Some(broken)
            );
            assert_eq!(found[0].result["tags"]["service"].as_str(), Some("search"));
            let said = format!("({broken} against base)");
            assert!(built.stderr.contains(&said), "{}", built.stderr);
        }
    }
}

/// The base is changed for all: no environment deviates, so there is no finding.
#[test]
fn a_change_of_the_base_is_not_a_finding() {
    for host in require!(kustomizes()) {
        let tree = copy_examples();
        let base = tree.path("side-tree/apps/shop/base/search.yaml");
        let text = fs::read_to_string(&base).expect("a base");
        assert!(text.contains(FAST));
        fs::write(&base, text.replace(FAST, "          periodSeconds: 99\n")).expect("a file");
        let tap = Tap::on_binary();
        let built = host.build_tapped(&tree.path("side-tree/parity"), &tap);
        assert_eq!(tap.calls().len(), 5, "{}: {built:#?}", host.name);
        assert_eq!(built.stderr, "");
        assert_eq!(built.expect_success(&host.name), "");
    }
}

/// A matrix whose policy names the base requires it; another compares the environments that it has.
#[test]
fn a_matrix_without_its_base_compares_the_environments_alone() {
    for host in require!(kustomizes()) {
        for (baseline, expected) in [("  baseline: base\n", &["missing-baseline"][..]), ("", &[])] {
            let tree = copy_examples();
            let path = "side-tree/parity/kustomization.yaml";
            let text = tree.read(path).replace("\n- base\n", "\n");
            tree.write(path, &text);
            let path = "side-tree/parity/policy.yaml";
            let text = tree.read(path);
            tree.write(
                path,
                &text.replace("\nspec:\n", &format!("\nspec:\n{baseline}")),
            );
            let tap = Tap::on_binary();
            let built = host.build_tapped(&tree.path("side-tree/parity"), &tap);
            let calls = tap.calls();
            assert_eq!(calls.len(), 4, "{}: {built:#?}", host.name);
            assert_eq!(built.succeeded(), expected.is_empty(), "{built:#?}");
            assert_eq!(rules(&calls[3].found()), expected, "{built:#?}");
        }
    }
}
