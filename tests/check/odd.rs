//! Odd repositories, wrong arguments, and what somebody might do to a gate.

use super::support::Tree;
use super::support::{example, require};
use super::{NEWEST, check, findings, report};

const BASE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";

#[test]
fn what_cannot_run_says_why_and_exits_2() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write("readme.txt", "nothing here\n");
    tree.write(
        "bad/parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  rule: {}\n",
    );
    let none = tree.path("bin/none");
    let fleet = example("fleet").display().to_string();
    let here = tree.path("");
    for (builder, arguments, part) in [
        (&kustomize, &["."][..], "no service was found"),
        (&kustomize, &["gone"], "cannot find gone"),
        (&kustomize, &["readme.txt"], "no directory"),
        (&kustomize, &["bad"], "parity.yaml:4"),
        (
            &kustomize,
            &["--policy", "gone.yaml"],
            "cannot read gone.yaml",
        ),
        (
            &kustomize,
            &["--rendered", "x"],
            "expected [SERVICE/]ENV=PATH",
        ),
        (
            &kustomize,
            &["--rendered", "a=x", "--rendered", "a=y"],
            "named twice",
        ),
        (&kustomize, &["--shard", "3/2"], "expected I/N"),
        (&kustomize, &["--format", "jsn"], "json"),
        (
            &kustomize,
            &[&fleet, "--", "--output", "x"],
            "cannot be passed on",
        ),
        (&none, &[&fleet], "neither kustomize nor kubectl is on PATH"),
    ] {
        let run = check(builder, &here, arguments);
        // The system's own folders may have a kubectl.
        if run.code == Some(1) && part.starts_with("neither") {
            continue;
        }
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:#?}");
        assert!(run.stderr.contains(part), "{arguments:?}: {run:#?}");
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn odd_trees_end_with_an_answer() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write("base/kustomization.yaml", "resources: [c.yaml]\n");
    tree.write("base/c.yaml", BASE);
    tree.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\n",
    );
    // Circles, a missing base, no YAML, a key that stands twice, spaces and odd letters in names.
    tree.write(
        "circle/overlays/a/kustomization.yaml",
        "resources: [../b]\nnamespace: x\n",
    );
    tree.write(
        "circle/overlays/b/kustomization.yaml",
        "resources: [../a]\nnamespace: x\n",
    );
    tree.write(
        "gone/overlays/prod/kustomization.yaml",
        "resources: [../../base, ../../../base]\n",
    );
    tree.write(
        "twice/overlays/prod/kustomization.yaml",
        "kind: Kustomization\nresources: [../../../base]\nkind: Kustomization\n",
    );
    tree.write(
        "odd ünd/overlays/pröd $x/kustomization.yaml",
        "resources: [../../../base]\ncommonAnnotations: {a: b}\n",
    );
    tree.write(
        "none/overlays/prod/kustomization.yaml",
        "resources: [../../../base\n",
    );
    let found = findings(&report(&kustomize, &tree.path(""), &[]));
    let is_there = |part: &str| found.iter().any(|line| line.starts_with(part));
    assert!(is_there("build-failure circle a"), "{found:#?}");
    assert!(is_there("build-failure circle b"), "{found:#?}");
    assert!(is_there("build-failure gone prod"), "{found:#?}");
    assert!(
        found.contains(&"build-failure      ".to_owned()),
        "{found:#?}"
    );
    assert!(
        !found
            .iter()
            .any(|line| line.contains("twice") || line.contains("odd")),
        "{found:#?}"
    );
    let run = check(&kustomize, &tree.path(""), &[]);
    assert!(run.stdout.contains("odd ünd"), "{}", run.stdout);
}

#[test]
fn functions_of_the_repository_are_not_run_unless_flags_say_so() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    let marker = tree.path("marker");
    let script = tree.script("tool", &format!("touch {}; cat", marker.display()));
    tree.write("base/kustomization.yaml", "resources: [c.yaml]\n");
    tree.write("base/c.yaml", BASE);
    tree.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\ntransformers: [f.yaml]\n",
    );
    tree.write(
        "overlays/dev/f.yaml",
        &format!(
            "apiVersion: example.com/v1\nkind: F\nmetadata:\n  name: f\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {{path: {}}}\n",
            script.display()
        ),
    );
    let found = findings(&report(&kustomize, &tree.path(""), &[]));
    assert!(
        found.iter().any(|line| line.starts_with("build-failure")),
        "{found:?}"
    );
    assert!(!marker.exists());
    let flags = ["--", "--enable-alpha-plugins", "--enable-exec"];
    let run = check(&kustomize, &tree.path(""), &flags);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(marker.exists(), "the flags are passed on");
}

#[test]
fn a_policy_names_the_layout() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write("web/kustomization.yaml", "resources: [c.yaml]\n");
    tree.write("web/c.yaml", BASE);
    for colour in ["blue", "green"] {
        tree.write(
            &format!("cells/{colour}/web/kustomization.yaml"),
            "resources: [../../../web]\nconfigMapGenerator:\n- {name: extra, literals: [a=b]}\n",
        );
    }
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  layout:\n    overlays: ['cells/{environment}/{service}']\n    ignore: ['cells/green/*']\n",
    );
    let report = report(&kustomize, &tree.path(""), &[]);
    let service = &report["services"][0];
    assert_eq!(service["name"], "web");
    assert_eq!(service["environments"].as_array().map(Vec::len), Some(1));
    assert_eq!(service["environments"][0]["name"], "blue");
    assert_eq!(
        findings(&report),
        ["added-resource web blue base ConfigMap  "]
    );
}

#[test]
fn an_exemption_that_is_wrong_is_shown_where_it_stands() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write("base/kustomization.yaml", "resources: [c.yaml]\n");
    tree.write("base/c.yaml", BASE);
    tree.write(
        "overlays/prod/kustomization.yaml",
        "resources: [../../base]\n",
    );
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  exemptions:\n  - rule: image\n    path: spec.x\n    reason: old\n    expires: 2020-01-01\n  - {rule: image, path: spec.x, reason: none, expires: 2099-01-01}\n",
    );
    let report = report(&kustomize, &tree.path(""), &[]);
    let all = report["findings"].as_array().expect("findings");
    let places: Vec<_> = all
        .iter()
        .map(|finding| {
            let place = &finding["place"];
            format!(
                "{} {}:{}:{}",
                finding["rule"], place["file"], place["line"], place["column"]
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            "\"expired-exemption\" \"parity.yaml\":5:5",
            "\"unused-exemption\" \"parity.yaml\":9:5"
        ]
    );
}
