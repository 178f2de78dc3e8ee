//! `spec.drift.managers`: the managers that a policy defines beside the known ones.

use serde_json::Value;

use super::{drift, recordings, text};
use crate::support::{Run, Tree};

const HEAD: &str =
    "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec:\n";

/// A tree with a policy, an object of Git, and the same object with a value that this manager has
/// written.
fn tree(manager: &str, spec: &str) -> Tree {
    let tree = Tree::new();
    tree.write("parity.yaml", &format!("{HEAD}{spec}"));
    tree.write(
        "git.yaml",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: n}, data: {x: y}}\n",
    );
    tree.write(
        "live.yaml",
        &format!(
            "{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: n, creationTimestamp: \"2026-01-01T00:00:00Z\", managedFields: [{{manager: {manager}, operation: Update, time: \"2026-01-02T00:00:00Z\", fieldsV1: {{'f:data': {{'f:x': {{}}}}}}}}]}}, data: {{x: z}}}}\n"
        ),
    );
    tree
}

fn run(tree: &Tree) -> Run {
    let arguments = [
        "--rendered",
        "git.yaml",
        "--live",
        "live.yaml",
        "--policy",
        "parity.yaml",
        "--format",
        "json",
    ];
    drift(&tree.path(""), &arguments)
}

/// The rule and the headline of the only finding.
fn told(manager: &str, spec: &str) -> String {
    let run = run(&tree(manager, spec));
    let report: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    let all = report["findings"].as_array().expect("findings");
    let [one] = all.as_slice() else {
        panic!("{manager} {spec}: {all:#?}")
    };
    format!("{}: {}", text(&one["rule"]), text(&one["headline"]))
}

#[test]
fn a_policy_adds_managers_to_the_built_in_list() {
    let stranger = "manual-change: key x was changed by my-cd (Update, 2026-01-02T00:00:00Z), an unknown manager";
    for spec in ["  {}", "  drift: {}", "  drift: {managers: {people: []}}"] {
        assert_eq!(told("my-cd", spec), stranger);
    }
    for (group, expected) in [
        ("deployers", "out-of-sync: "),
        (
            "people",
            "manual-change: key x was changed by hand with my-cd (",
        ),
        ("controllers", "controller-change: "),
        ("unknown", stranger),
    ] {
        for name in ["my-cd", "'my-*'", "'*-cd'", "'my?cd'"] {
            let said = told(
                "my-cd",
                &format!("  drift: {{managers: {{{group}: [{name}]}}}}"),
            );
            assert!(said.starts_with(expected), "{group} {name}: {said}");
        }
    }
}

#[test]
fn a_policy_overrides_the_built_in_list() {
    for (manager, group, expected) in [
        ("kubectl-edit", "controllers", "controller-change: "),
        ("kubectl-edit", "deployers", "out-of-sync: "),
        (
            "kubectl-edit",
            "unknown",
            "manual-change: key x was changed by kubectl-edit (",
        ),
        (
            "argocd-controller",
            "people",
            "manual-change: key x was changed by hand with argocd-controller (",
        ),
        // A manager that applies whole files is the deployer if there is no other, unless the
        // policy says that people use it.
        (
            "kubectl-client-side-apply",
            "people",
            "manual-change: key x was changed by hand with kubectl-client-side-apply (",
        ),
    ] {
        let said = told(
            manager,
            &format!("  drift: {{managers: {{{group}: [{manager}]}}}}"),
        );
        assert!(said.starts_with(expected), "{manager} {group}: {said}");
    }
    let applied = told("kubectl-client-side-apply", "  {}");
    assert!(applied.starts_with("out-of-sync: "), "{applied}");
}

/// A literal name takes precedence over a pattern, in any position.
#[test]
fn a_name_takes_precedence_over_a_pattern() {
    for spec in [
        "  drift: {managers: {deployers: [my-cd], people: ['my-*']}}",
        "  drift: {managers: {people: ['my-*'], deployers: [my-cd]}}",
    ] {
        assert!(told("my-cd", spec).starts_with("out-of-sync: "), "{spec}");
        let said = told("my-cli", spec);
        assert!(said.contains("by hand with my-cli"), "{spec}: {said}");
    }
}

#[test]
fn contradictions_are_refused_with_their_line() {
    let long = "x".repeat(300);
    for (spec, expected) in [
        (
            "  drift:\n    managers:\n      deployer: [x]\n",
            "parity.yaml:7: spec.drift.managers: unknown key \"deployer\"; did you mean \"deployers\"?",
        ),
        (
            "  drift:\n    manager: {}\n",
            "parity.yaml:6: spec.drift: unknown key \"manager\"; did you mean \"managers\"?",
        ),
        (
            "  drift:\n    managers:\n      deployers: [a, my-cd]\n      people:\n      - b\n      - my-cd\n",
            "parity.yaml:10: spec.drift.managers.people[1]: \"my-cd\" is also listed under deployers; keep it in one group",
        ),
        (
            "  drift:\n    managers:\n      people: ['my-*']\n      controllers: [x, '*-operator']\n",
            "parity.yaml:8: spec.drift.managers.controllers[1]: \"*-operator\" and \"my-*\" of people can match the same name; make one of them narrower",
        ),
        (
            "  drift:\n    managers:\n      people: ['']\n",
            "parity.yaml:7: spec.drift.managers.people[0]: \"\" is not the name of a manager",
        ),
        (
            "  drift:\n    managers:\n      people: ['**']\n",
            "parity.yaml:7: spec.drift.managers.people[0]: \"**\" matches every manager",
        ),
        (
            "  drift:\n    managers:\n      people: [\"a\\nb\"]\n",
            "parity.yaml:7: spec.drift.managers.people[0]: \"a\\nb\" is not the name of a manager",
        ),
        (
            &format!("  drift:\n    managers:\n      people: [{long}]\n"),
            "parity.yaml:7: spec.drift.managers.people[0]: the name has more than 256 characters",
        ),
        (
            "  drift:\n    managers:\n      people: my-cd\n",
            "parity.yaml:7: spec.drift.managers.people: expected a list",
        ),
    ] {
        let run = run(&tree("my-cd", spec));
        assert_eq!(run.code, Some(2), "{spec}: {run:#?}");
        assert!(
            run.stderr.contains(expected),
            "{spec}: {expected}\n{}",
            run.stderr
        );
    }
}

/// An audit log names users beside tools: service accounts and people.
#[test]
fn a_log_is_judged_by_the_same_names() {
    for (names, expected) in [
        (
            "{deployers: [alice@acme.example]}",
            vec!["manual-addition bob@acme.example"],
        ),
        ("{controllers: ['*@acme.example']}", Vec::new()),
        (
            "{deployers: [nobody]}",
            vec![
                "manual-addition bob@acme.example",
                "manual-change alice@acme.example",
            ],
        ),
        ("{controllers: [Mozilla, node-fetch]}", Vec::new()),
        (
            "{controllers: [Mozilla]}",
            vec!["manual-change alice@acme.example"],
        ),
        (
            "{controllers: [alice@acme.example]}",
            vec!["manual-addition bob@acme.example"],
        ),
    ] {
        let tree = Tree::new();
        let spec = format!("{HEAD}  drift: {{managers: {names}}}\n");
        let policy = tree.write("parity.yaml", &spec);
        let mut command = std::process::Command::new(crate::support::binary());
        command
            .current_dir(recordings().join("other-managers"))
            .args([
                "audit",
                "--rendered",
                "want.yaml",
                "--events",
                "audit.jsonl",
            ])
            .args(["--format", "json", "--policy"])
            .arg(policy);
        let run = crate::support::run(&mut command);
        let report: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
        let all = report["findings"].as_array().expect("findings");
        let mut told: Vec<String> = all
            .iter()
            .map(|one| {
                let user = text(&one["request"]["user"]["name"]);
                format!("{} {user}", text(&one["rule"]))
            })
            .collect();
        told.sort();
        assert_eq!(told, expected, "{names}");
    }
}

/// The managers that Argo CD trusts are judged by the same names.
#[test]
fn argo_cd_must_not_trust_the_managers_of_people() {
    let tree = Tree::new();
    tree.write("base/kustomization.yaml", "resources: [b.yaml]\n");
    tree.write(
        "base/b.yaml",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {x: y}}\n",
    );
    tree.write(
        "overlays/production/kustomization.yaml",
        "resources: [../../base, a.yaml]\n",
    );
    tree.write(
        "overlays/production/a.yaml",
        "{apiVersion: argoproj.io/v1alpha1, kind: Application, metadata: {name: a}, spec: {project: shop, ignoreDifferences: [{kind: Deployment, managedFieldsManagers: [my-cli, kubectl-edit]}]}}\n",
    );
    for (names, expected) in [
        ("{}", vec!["kubectl-edit"]),
        ("{people: ['my-*']}", vec!["kubectl-edit", "my-cli"]),
        ("{controllers: [kubectl-edit]}", Vec::new()),
    ] {
        let spec = format!("{HEAD}  drift: {{managers: {names}}}\n");
        tree.write("parity.yaml", &spec);
        let mut command = std::process::Command::new(crate::support::binary());
        command
            .current_dir(tree.path(""))
            .args(["check", ".", "--format", "json"]);
        let run = crate::support::run(&mut command);
        let report: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
        let all = report["findings"].as_array().expect("findings");
        let mut told: Vec<&str> = all
            .iter()
            .filter(|one| one["rule"] == "argocd-ignored-drift")
            .filter_map(|one| {
                text(&one["headline"]).strip_prefix("Argo CD ignores all changes by ")
            })
            .filter_map(|rest| rest.split(',').next())
            .collect();
        told.sort_unstable();
        assert_eq!(told, expected, "{names}");
    }
}
