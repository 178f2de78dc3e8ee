//! Wiring a repository that already has a policy: the policy moves to where builds load it, and functions that
//! hosts cannot run get their annotation.

use super::repository::Repository;
use crate::support::{NEWEST, require};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
spec:
  replicas: 1
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout}}
    spec:
      containers:
      - name: checkout
        image: example.com/checkout:1
        livenessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 10}
";

const FUNCTION: &str =
    "  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: krm-parity\n";

const WIRED: &str = "parity/policy/policy.yaml";

/// A base and two overlays; dev has its own image.
fn shop(kustomize: &std::path::Path) -> Repository {
    let repository = Repository::new("shop", kustomize);
    repository.write("base/deployment.yaml", DEPLOYMENT);
    repository.write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
    repository.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\nimages: [{name: example.com/checkout, newTag: '2'}]\n",
    );
    repository.write(
        "overlays/production/kustomization.yaml",
        "resources: [../../base]\n",
    );
    repository
}

/// Adopts, and gives the exemption an owner as a person does.
fn adopted(repository: &Repository) -> String {
    let made = repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert!(made.succeeded(), "{made:#?}");
    let text = repository.read("parity.yaml");
    let todo = "\"adopted 2026-06-15: TODO say why this may stay until then, and who fixes it\"";
    assert!(text.contains(todo), "{text}");
    let text = text.replace(todo, "'dev runs ahead'   # Ada, until the freeze ends");
    repository.write("parity.yaml", &text);
    text
}

/// Every overlay builds, checks itself and reports new findings.
fn assert_guarded(repository: &Repository) {
    for overlay in ["overlays/dev", "overlays/production"] {
        let built = repository.build(overlay, true);
        assert!(built.succeeded(), "{overlay}: {built:#?}");
        let name = format!("{overlay}/kustomization.yaml");
        let text = repository.read(&name);
        let patch = "patches:\n- target: {kind: Deployment}\n  patch: |\n    - {op: replace, path: \
                     /spec/template/spec/containers/0/livenessProbe/periodSeconds, value: 60}\n";
        repository.write(&name, &format!("{text}{patch}"));
        let built = repository.build(overlay, true);
        assert!(
            !built.succeeded() && built.stderr.contains("error[health-checks]"),
            "{overlay}: {built:#?}"
        );
        repository.write(&name, &text);
    }
}

#[test]
fn an_adopted_policy_moves_to_where_builds_load_it() {
    let kustomize = require!(kustomize(NEWEST));
    for place in ["parity.yaml", "parity.yml", "parity/policy.yaml"] {
        let repository = shop(&kustomize);
        let text = adopted(&repository);
        std::fs::remove_file(repository.root().join("parity.yaml")).unwrap();
        repository.write(place, &text);
        let before = repository.files();

        let shown = repository.krm_parity(&["init", "--wire", "--dry-run"]);
        assert!(shown.succeeded(), "{shown:#?}");
        let head = format!(
            "diff --git a/{place} b/{WIRED}\nrename from {place}\nrename to {WIRED}\n--- a/{place}\n+++ b/{WIRED}\n"
        );
        assert!(shown.stdout.starts_with(&head), "{shown:#?}");
        assert!(
            !shown.stdout.contains("-  - rule: image"),
            "only what changes is shown: {shown:#?}"
        );
        assert_eq!(repository.files(), before);

        let made = repository.krm_parity(&["init", "--wire", "--yes"]);
        assert!(made.succeeded(), "{made:#?}");
        assert!(
            made.stdout.contains(&format!("Moved {place} to {WIRED}.")),
            "{made:#?}"
        );
        assert!(!repository.files().contains_key(place));
        let expected = text.replacen(
            "  name: parity\n",
            &format!("  name: parity\n{FUNCTION}"),
            1,
        );
        assert_eq!(repository.read(WIRED), expected);
        assert!(repository.read("base/parity.yaml").contains(FUNCTION));

        let built = repository.build("overlays/dev", true);
        assert!(
            built.succeeded() && built.stderr.contains("info[image]"),
            "the exemption holds in builds: {built:#?}"
        );
        assert_guarded(&repository);
        assert!(repository.krm_parity(&["check"]).succeeded());
        let wired = repository.files();
        for again in [["init", "--wire"], ["init", "--adopt"]] {
            let again = repository.krm_parity(&again);
            assert!(again.succeeded(), "{again:#?}");
            assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
        }
        assert_eq!(repository.files(), wired);
    }
}

/// Functions that were wired without the annotation, by hand or by an old version, cannot be run; wiring repairs them.
#[test]
fn functions_without_the_annotation_are_repaired() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    adopted(&repository);
    assert!(
        repository
            .krm_parity(&["init", "--wire", "--yes"])
            .succeeded()
    );
    let wired = repository.files();
    let without = |name: &str| {
        let text = repository.read(name).replace(FUNCTION, "");
        assert_ne!(text, wired[name], "{name}");
        repository.write(name, &text);
    };
    for names in [
        &[WIRED][..],
        &["base/parity.yaml"],
        &[WIRED, "base/parity.yaml"],
    ] {
        for name in names {
            without(name);
        }
        let broken = repository.files();
        let built = repository.build("overlays/dev", true);
        assert!(built.stderr.contains("plugin"), "{built:#?}");

        let kept = repository.krm_parity(&["init", "--wire", "--plugin", "--yes"]);
        assert!(kept.succeeded(), "{kept:#?}");
        assert!(kept.stdout.starts_with("Nothing to do"), "{kept:#?}");
        assert_eq!(repository.files(), broken);
        let shown = repository.krm_parity(&["init", "--wire", "--dry-run"]);
        for name in names {
            let header = format!("--- a/{name}\n+++ b/{name}\n");
            assert!(shown.stdout.contains(&header), "{shown:#?}");
        }
        assert_eq!(repository.files(), broken);

        let made = repository.krm_parity(&["init", "--wire", "--yes"]);
        assert!(made.succeeded(), "{made:#?}");
        assert!(made.stderr.contains("--plugin"), "{made:#?}");
        assert_eq!(repository.files(), wired);
        let again = repository.krm_parity(&["init", "--wire"]);
        assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
    }
    assert_guarded(&repository);
}

/// A policy in any notation moves with every byte, and gets a name if it has none.
#[test]
fn any_notation_of_a_policy_can_be_wired() {
    let kustomize = require!(kustomize(NEWEST));
    let api = "apiVersion: krm-parity.io/v1alpha1";
    let classes = "allow: {classes: [replicas, image-tag]}";
    let json = r#""config.kubernetes.io/function": "exec:\n  path: krm-parity\n""#;
    for (before, after) in [
        (
            format!(
                "{api}\nkind: ParityPolicy\nmetadata: {{name: ours}} # ours\nspec: {{{classes}}}\n"
            ),
            format!(
                "{api}\nkind: ParityPolicy\nmetadata: {{name: ours, \"annotations\": {{{json}}}}} # ours\nspec: {{{classes}}}\n"
            ),
        ),
        (
            format!("{api}\r\nkind: ParityPolicy\r\nspec:\r\n  {classes}\r\n"),
            format!(
                "{api}\r\nkind: ParityPolicy\r\nspec:\r\n  {classes}\r\nmetadata:\r\n  name: parity\r\n{}",
                FUNCTION.replace('\n', "\r\n")
            ),
        ),
        (
            format!(
                "{api}\nkind: ParityPolicy\nmetadata:\n    annotations:\n        a: b # c\n    name: ours\nspec: {{{classes}}}"
            ),
            format!(
                "{api}\nkind: ParityPolicy\nmetadata:\n    annotations:\n        a: b # c\n        config.kubernetes.io/function: |\n          \
                 exec:\n            path: krm-parity\n    name: ours\nspec: {{{classes}}}"
            ),
        ),
        (
            format!("{api}\nkind: ParityPolicy\nmetadata:\n  name: ours\n{FUNCTION}"),
            format!("{api}\nkind: ParityPolicy\nmetadata:\n  name: ours\n{FUNCTION}spec: {{}}\n"),
        ),
    ] {
        let repository = shop(&kustomize);
        repository.write("parity.yaml", &before);
        let made = repository.krm_parity(&["init", "--wire", "--yes"]);
        assert!(made.succeeded(), "{before}\n{made:#?}");
        assert_eq!(repository.read(WIRED), after);
        let built = repository.build("overlays/production", true);
        assert!(built.succeeded(), "{before}\n{built:#?}");
        let again = repository.krm_parity(&["init", "--wire"]);
        assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
    }
}

/// A policy that builds load from its place, or that is a link, stays; a person must decide.
#[test]
fn a_policy_that_something_else_needs_does_not_move() {
    let kustomize = require!(kustomize(NEWEST));
    let policy = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec: {}\n";
    let loaded = shop(&kustomize);
    loaded.write("parity/policy.yaml", policy);
    loaded.write("parity/kustomization.yaml", "resources: [policy.yaml]\n");
    let linked = shop(&kustomize);
    linked.write("shared/policy.yaml", policy);
    std::os::unix::fs::symlink("shared/policy.yaml", linked.root().join("parity.yaml")).unwrap();
    for (repository, words) in [
        (loaded, "parity/kustomization.yaml loads it"),
        (linked, "parity.yaml is a link"),
    ] {
        let before = repository.files();
        let refused = repository.krm_parity(&["init", "--wire", "--yes"]);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        assert!(refused.stderr.contains(words), "{refused:#?}");
        assert_eq!(repository.files(), before);
    }
}
