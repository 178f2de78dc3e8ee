//! Objects that are on only one side.

use super::{found, short};
use crate::support::Tree;

const GIT: &str =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: n}, data: {x: y}}\n";

fn entry(manager: &str) -> String {
    format!(
        "managedFields: [{{manager: {manager}, operation: Update, time: \"2026-01-02T00:00:00Z\", fieldsV1: {{'f:data': {{'f:x': {{}}}}}}}}]"
    )
}

fn object(name: &str, metadata: &str) -> String {
    format!(
        "---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}, namespace: n, {metadata}}}, data: {{x: y}}}}\n"
    )
}

fn tracked(name: &str, id: &str) -> String {
    let manager = entry("argocd-controller");
    object(
        name,
        &format!("annotations: {{argocd.argoproj.io/tracking-id: \"{id}\"}}, {manager}"),
    )
}

#[test]
fn an_extra_object_belongs_to_this_application_or_a_person() {
    let own = tracked("a", "shop:/ConfigMap:n/a");
    for (other, told) in [
        (tracked("b", "shop:/ConfigMap:n/b"), true),
        (tracked("b", "other:/ConfigMap:n/b"), false),
        // A controller has copied the annotation of another object.
        (tracked("b", "shop:/ConfigMap:n/a"), false),
        (object("b", &entry("kubectl-create")), true),
        (object("b", &entry("kube-controller-manager")), false),
        (object("b", &entry("something")), false),
        (
            object(
                "b",
                &format!(
                    "ownerReferences: [{{name: x}}], {}",
                    entry("kubectl-create")
                ),
            ),
            false,
        ),
        (object("b", ""), false),
    ] {
        let found = short(GIT, &format!("{own}{other}"));
        let wanted: &[&str] = if told {
            &["extra-object ConfigMap/b"]
        } else {
            &[]
        };
        assert_eq!(found, wanted, "{other}");
    }
}

#[test]
fn a_missing_object_is_reported_unless_it_is_temporary() {
    let missing = |annotations: &str| {
        format!(
            "{GIT}---\n{{apiVersion: batch/v1, kind: Job, metadata: {{name: b, namespace: n{annotations}}}, spec: {{}}}}\n"
        )
    };
    assert_eq!(short(&missing(""), GIT), ["missing-object Job/b"]);
    let hook = ", annotations: {argocd.argoproj.io/hook: PreSync}";
    assert!(short(&missing(hook), GIT).is_empty());
}

#[test]
fn namespaces_and_versions_are_not_guessed() {
    let git = "{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {name: a}, spec: {maxReplicas: 3}}\n";
    let live = |version: &str, namespace: &str| {
        format!(
            "---\n{{apiVersion: autoscaling/{version}, kind: HorizontalPodAutoscaler, metadata: {{name: a, namespace: {namespace}}}, spec: {{maxReplicas: 4}}}}\n"
        )
    };
    // The only object of its name is the right one.
    assert_eq!(
        short(git, &live("v1", "n")),
        ["manual-change HorizontalPodAutoscaler/a spec.maxReplicas"]
    );
    // Another version has other fields.
    assert_eq!(
        short(git, &live("v2", "n")),
        ["out-of-sync HorizontalPodAutoscaler/a"]
    );
    let tree = crate::support::Tree::new();
    tree.write("git.yaml", git);
    tree.write("live.yaml", &(live("v1", "n") + &live("v1", "m")));
    let run = super::drift(
        &tree.path(""),
        &["--rendered", "git.yaml", "--live", "live.yaml"],
    );
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("m and n"), "{}", run.stderr);
}

/// A command to paste must be what it looks like, whatever the name of an object.
#[test]
fn no_name_becomes_a_command() {
    let tree = Tree::new();
    tree.write("git.yaml", &object("web", ""));
    for (name, is_plain) in [("hand", true), ("a; reboot", false), ("$(reboot)", false)] {
        let live = object("web", "") + &object(&format!("'{name}'"), &entry("kubectl-create"));
        tree.write("live.yaml", &live);
        let found = found(&tree.path(""), "git.yaml", "live.yaml");
        let extra = found.iter().find(|one| one["rule"] == "extra-object");
        let help = extra.expect("an object of nobody")["help"].as_str();
        let help = help.expect("a help");
        assert_eq!(
            help.contains("kubectl -n n delete configmap"),
            is_plain,
            "{help}"
        );
        assert!(is_plain || !help.contains("reboot"), "{help}");
    }
}
