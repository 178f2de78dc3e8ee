//! What findings advise works when somebody does it, and is said of what it is about.

use serde_json::Value;

use super::paste::entry;
use super::{NEWEST, report};
use crate::support::{Tree, require};

const HEAD: &str =
    "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec:\n";

/// A deployment that all share, or nothing, and a `ConfigMap` that every environment adds with these data.
fn adding(has_base: bool, data: [&str; 3]) -> Tree {
    let tree = Tree::new();
    let base = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n  selector: {matchLabels: {app: app}}\n  template:\n    metadata: {labels: {app: app}}\n    spec: {containers: [{name: app, image: 'app:1'}]}\n";
    tree.kustomization("base", "app.yaml", base);
    for (environment, data) in ["dev", "staging", "production"].into_iter().zip(data) {
        let folder = format!("overlays/{environment}");
        let loads = if has_base { "../../base, " } else { "" };
        tree.write(
            &format!("{folder}/kustomization.yaml"),
            &format!("resources: [{loads}settings.yaml]\n"),
        );
        tree.write(
            &format!("{folder}/settings.yaml"),
            &format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{{data}}}\n"
            ),
        );
    }
    tree
}

/// The findings of a rule.
fn of<'r>(report: &'r Value, rule: &str) -> Vec<&'r Value> {
    let all = report["findings"].as_array().expect("findings").iter();
    all.filter(|finding| finding["rule"] == rule).collect()
}

/// An entry that silences a finding is used, whichever of the two environments it names.
#[test]
fn a_pasted_entry_is_used_also_if_it_names_the_first_environment() {
    let kustomize = require!(kustomize(NEWEST));
    for has_base in [true, false] {
        for odd in 0..3 {
            let mut data = ["A: a"; 3];
            data[odd] = "A: a, EXTRA: b";
            let tree = adding(has_base, data);
            let before = report(&kustomize, &tree.path(""), &[]);
            let mismatches = of(&before, "environment-mismatch");
            let [mismatch] = mismatches.as_slice() else {
                panic!("{has_base} {odd}: {before:#}");
            };
            let (list, file, entry) = entry(mismatch);
            assert_eq!(list, "allow.fields");
            tree.write(
                &file,
                &format!("{HEAD}  allow:\n    fields:\n    - {entry}\n"),
            );
            let after = report(&kustomize, &tree.path(""), &[]);
            for rule in ["environment-mismatch", "unused-exemption"] {
                assert_eq!(of(&after, rule).len(), 0, "{has_base} {odd}: {after:#}");
            }
            // Where the difference is gone, the entry is used no more.
            tree.write(
                &format!(
                    "overlays/{}/settings.yaml",
                    ["dev", "staging", "production"][odd]
                ),
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {A: a}\n",
            );
            let fixed = report(&kustomize, &tree.path(""), &[]);
            assert_eq!(of(&fixed, "unused-exemption").len(), 1, "{fixed:#}");
        }
    }
}
