//! Applies the advice about differences: patches with kustomize, commands with kubectl.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize as _;
use serde_json::{Value, json};

use super::{drift, line, recordings, text};
use crate::support::{self, Run, Tree, run};

/// Every class, so that every recorded change gets a patch.
const ALL: &str = "replicas, resource-values, env-values, hostnames, image, image-tag, resource-names, env-names, config-keys, health-checks, ingress-structure, service-mesh, labels, annotations, containers, other";

/// A tree with an overlay that leaves the resources of a scenario unchanged.
pub fn overlay(scenario: &str, classes: Option<&str>) -> Tree {
    let tree = Tree::new();
    let read = |name: &str| {
        fs::read_to_string(recordings().join(scenario).join(name)).expect("a recording")
    };
    tree.write("base/want.yaml", &read("want.yaml"));
    tree.write("base/kustomization.yaml", "resources: [want.yaml]\n");
    tree.write(
        "overlays/production/kustomization.yaml",
        "# What production has of its own.\nresources: [../../base]\n",
    );
    tree.write("live.yaml", &read("live.yaml"));
    if let Some(classes) = classes {
        tree.write(
            "parity.yaml",
            &format!(
                "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {{name: p}}\nspec: {{allow: {{classes: [{classes}]}}}}\n"
            ),
        );
    }
    tree
}

fn report(run: &Run) -> Vec<Value> {
    let report: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    report["findings"].as_array().expect("findings").clone()
}

pub fn findings(tree: &Tree, git: &[&str]) -> Vec<Value> {
    let mut arguments = git.to_vec();
    arguments.extend(["--live", "live.yaml", "--format", "json"]);
    report(&drift(&tree.path(""), &arguments))
}

fn is_by_hand(finding: &Value) -> bool {
    text(&finding["rule"]).starts_with("manual-")
}

/// The entry of `patches` in a help text.
fn entry(finding: &Value) -> Option<&str> {
    let help = text(&finding["help"]);
    let start = help.find(": {target: ")? + 2;
    let end = help.rfind("'}")? + 2;
    Some(&help[start..end])
}

/// The command at the end of a help text.
fn command(finding: &Value) -> Option<&str> {
    let help = text(&finding["help"]);
    Some(&help[help.rfind(": kubectl ")? + 2..])
}

/// The scenarios in which something was changed by hand.
pub fn scenarios() -> BTreeSet<String> {
    let rows = super::rows();
    rows.into_iter().map(|row| row[0].clone()).collect()
}

#[test]
fn patches_make_git_match_the_cluster() {
    let Some(host) = support::kustomize_host("v5.8.1") else {
        support::missing("kustomize v5.8.1");
        return;
    };
    let mut kept = 0;
    for classes in [None, Some(ALL)] {
        for scenario in scenarios() {
            let tree = overlay(&scenario, classes);
            let before = findings(&tree, &["overlays/production"]);
            let entries: BTreeSet<&str> = before
                .iter()
                .filter(|one| is_by_hand(one))
                .filter_map(entry)
                .collect();
            if classes.is_some() {
                let without: Vec<String> = before
                    .iter()
                    .filter(|one| is_by_hand(one) && entry(one).is_none())
                    .filter(|one| !one["field"]["overlay"].to_string().contains("<redacted>"))
                    .map(line)
                    .collect();
                assert!(without.is_empty(), "{scenario}: {without:?}");
            }
            let mut file = "resources: [../../base]\npatches:\n".to_owned();
            for entry in &entries {
                let _ = writeln!(file, "- {entry}");
            }
            if !entries.is_empty() {
                tree.write("overlays/production/kustomization.yaml", &file);
            }
            let built = host.build(&tree.path("overlays/production"), &[]);
            let built = built.expect_success(&format!("{scenario}: {file}"));
            tree.write("built.yaml", &built);
            for git in [&["overlays/production"][..], &["--rendered", "built.yaml"]] {
                let after: BTreeSet<String> = findings(&tree, git).iter().map(line).collect();
                let expected: BTreeSet<String> = before
                    .iter()
                    .filter(|one| !is_by_hand(one) || entry(one).is_none())
                    .map(line)
                    .collect();
                assert_eq!(after, expected, "{scenario}: {file}");
            }
            kept += entries.len();
        }
    }
    assert!(kept > 35, "{kept}");
}

/// Applies a command to its object, as kubectl does without a server.
fn applied(kubectl: &Path, tree: &Tree, command: &str, live: &Value) -> Value {
    tree.write("object.json", &live.to_string());
    // The shell itself parses the command.
    let script = format!(
        "kubectl() {{ while [ $# -gt 0 ]; do printf '%s\\0' \"$1\"; shift; done; }}\n{command}\n"
    );
    let words = Command::new("sh")
        .args(["-c", &script])
        .output()
        .expect("sh");
    let words = String::from_utf8(words.stdout).expect("UTF-8");
    let words: Vec<&str> = words.trim_end_matches('\0').split('\0').collect();
    let mut call = Command::new(kubectl);
    let object = tree.path("object.json");
    let object = object.to_str().expect("a path");
    // The object comes from a file, instead of by name.
    let local = [
        "--local",
        "--show-managed-fields",
        "-o",
        "json",
        "-f",
        object,
    ];
    match words.as_slice() {
        ["-n", _, "patch", _, _, rest @ ..] => call.arg("patch").args(local).args(rest),
        ["-n", _, "set", "env", _, rest @ ..] => call.args(["set", "env"]).args(local).args(rest),
        other => panic!("{other:?}"),
    };
    let run = run(&mut call);
    assert_eq!(run.code, Some(0), "{command}: {run:#?}");
    serde_json::from_str(&run.stdout).expect("JSON")
}

#[test]
fn commands_revert_changes() {
    let Some(kubectl) = support::kubectl() else {
        support::missing("kubectl");
        return;
    };
    let mut taken = 0;
    for scenario in scenarios() {
        let tree = overlay(&scenario, None);
        let before = findings(&tree, &["overlays/production"]);
        let all = fs::read_to_string(recordings().join(&scenario).join("live.yaml"))
            .expect("a recording");
        let all: Vec<Value> = serde_yaml::Deserializer::from_str(&all)
            .map(|one| Value::deserialize(one).expect("an object"))
            .collect();
        for finding in before.iter().filter(|one| is_by_hand(one)) {
            let Some(command) = command(finding) else {
                panic!("{scenario}: {finding:#}")
            };
            let mut all = all.clone();
            let is_it = |item: &&mut Value| {
                item["kind"] == finding["resource"]["kind"]
                    && item["metadata"]["name"] == finding["resource"]["name"]
            };
            let item = all.iter_mut().find(is_it).expect("the object");
            *item = applied(&kubectl, &tree, command, item);
            let all: Vec<String> = all.iter().map(Value::to_string).collect();
            tree.write("live.yaml", &all.join("\n---\n"));
            let after: BTreeSet<String> = findings(&tree, &["overlays/production"])
                .iter()
                .map(line)
                .collect();
            let expected: BTreeSet<String> = before
                .iter()
                .filter(|one| *one != finding)
                .map(line)
                .collect();
            assert_eq!(after, expected, "{scenario}: {command}");
            taken += 1;
        }
    }
    assert!(taken > 30, "{taken}");
}

const ODD: &str = r#"it's `id` $(reboot) "two"
lines \u202e; # '; reboot '"#;

/// A shell and YAML read values only as text.
#[test]
fn no_value_becomes_a_command_or_another_patch() {
    let (Some(kubectl), Some(host)) = (support::kubectl(), support::kustomize_host("v5.8.1"))
    else {
        support::missing("kubectl and kustomize v5.8.1");
        return;
    };
    let tree = Tree::new();
    let own = |value: &str| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "c", "namespace": "shop"},
            "data": {"k": value},
        })
    };
    tree.write("base/c.json", &own(ODD).to_string());
    tree.write("base/kustomization.yaml", "resources: [c.json]\n");
    tree.write(
        "overlays/production/kustomization.yaml",
        "resources: [../../base]\n",
    );
    let mut live = own(&format!("{ODD} \u{202e}and more"));
    live["metadata"]["labels"] = json!({"acme.example/team": "x"});
    live["metadata"]["managedFields"] = json!([
        {"manager": "argocd-controller", "operation": "Apply", "fieldsV1": {"f:immutable": {}}},
        {"manager": "kubectl-edit", "operation": "Update", "time": "2026-01-02T00:00:00Z",
         "fieldsV1": {"f:data": {"f:k": {}}, "f:metadata": {"f:labels": {"f:acme.example/team": {}}}}},
    ]);
    tree.write("live.yaml", &live.to_string());
    let before = findings(&tree, &["overlays/production"]);
    assert_eq!(before.len(), 2, "{before:#?}");
    let mut back = live.clone();
    for finding in &before {
        back = applied(&kubectl, &tree, command(finding).expect("a command"), &back);
    }
    assert_eq!(back["data"]["k"], ODD);
    let kept: Vec<&str> = before.iter().filter_map(entry).collect();
    let [entry] = kept.as_slice() else {
        panic!("{before:#?}")
    };
    let file = format!("resources: [../../base]\npatches:\n- {entry}\n");
    tree.write("overlays/production/kustomization.yaml", &file);
    let built = host.build(&tree.path("overlays/production"), &[]);
    let built = built.expect_success(&file);
    let built: Value = serde_yaml::from_str(&built).expect("a resource");
    assert_eq!(built["data"]["k"], live["data"]["k"]);
    assert_eq!(findings(&tree, &["overlays/production"]).len(), 1);
}
