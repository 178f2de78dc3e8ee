//! Values of Secrets that replacements and variables have copied into other resources: reports do not show them
//! there either.

use std::process::Command;

use krm_parity::report::survey::Format;

use super::{NEWEST, check};
use crate::support::{Run, Tree, binary, require, run};

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: d}
spec:
  template:
    spec:
      containers:
      - name: d
        image: registry.example.com/d:1
        args: [\"--pw=$(PW)\", --mode=plain]
        livenessProbe: {exec: {command: [probe, none]}}
";

/// A base with a Secret `s` that has the key `pw`, and an overlay that gives the key another value.
struct Case {
    name: &'static str,
    base: &'static str,
    overlay: &'static str,
    /// Whether the engine knows the value, so that `build` shows the rest.
    is_built: bool,
}

const PLAIN: &str = "patches:\n- target: {kind: Secret, name: s}\n  patch: '[{\"op\": \"replace\", \"path\": \"/stringData/pw\", \"value\": \"VALUE\"}]'\n";

const CASES: &[Case] = &[
    Case {
        name: "a variable",
        base: "resources: [d.yaml, s.yaml]\nvars:\n- {name: PW, objref: {apiVersion: v1, kind: Secret, name: s}, fieldref: {fieldPath: stringData.pw}}\n",
        overlay: PLAIN,
        is_built: true,
    },
    Case {
        name: "a replacement",
        base: "resources: [d.yaml, s.yaml]\n",
        overlay: "replacements:\n- source: {kind: Secret, name: s, fieldPath: stringData.pw}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.livenessProbe.exec.command.1]\n",
        is_built: true,
    },
    Case {
        name: "a replacement of a part of a value",
        base: "resources: [d.yaml, s.yaml]\n",
        overlay: "replacements:\n- source: {kind: Secret, name: s, fieldPath: stringData.url, options: {delimiter: '@', index: 0}}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.livenessProbe.exec.command.1]\n",
        is_built: true,
    },
    Case {
        name: "a replacement of a replacement",
        base: "resources: [d.yaml, s.yaml]\nreplacements:\n- source: {kind: Secret, name: s, fieldPath: stringData.pw}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.annotations.pw]\n    options: {create: true}\n",
        overlay: "replacements:\n- source: {kind: Deployment, fieldPath: metadata.annotations.pw}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.livenessProbe.exec.command.1]\n",
        is_built: true,
    },
    Case {
        name: "a part of a replacement",
        base: "resources: [d.yaml, s.yaml]\nreplacements:\n- source: {kind: Secret, name: s, fieldPath: stringData.url}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.annotations.pw]\n    options: {create: true}\n",
        overlay: "replacements:\n- source: {kind: Deployment, fieldPath: metadata.annotations.pw, options: {delimiter: '@'}}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.livenessProbe.exec.command.1]\n",
        is_built: true,
    },
    Case {
        name: "a replacement in a file, by a transformer",
        base: "resources: [d.yaml, s.yaml]\n",
        overlay: "transformers:\n- |-\n  apiVersion: builtin\n  kind: ReplacementTransformer\n  metadata: {name: x}\n  replacements:\n  - source: {kind: Secret, name: s, fieldPath: stringData.pw}\n    targets:\n    - select: {kind: Deployment}\n      fieldPaths: [spec.template.spec.containers.0.livenessProbe.exec.command.1]\n",
        is_built: true,
    },
    Case {
        name: "a replacement out of a generated one",
        base: "resources: [d.yaml]\nsecretGenerator:\n- {name: s, literals: [pw=swordfish1]}\nreplacements:\n- source: {kind: Secret, name: s, fieldPath: data.pw}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.livenessProbe.exec.command.1]\n",
        overlay: concat!(
            "secretGenerator:\n- {name: s, behavior: merge, literals: [pw=swordfish2]}\n",
            "replacements:\n- source: {kind: Secret, name: s, fieldPath: data.pw}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.livenessProbe.exec.command.1]\n"
        ),
        is_built: false,
    },
    Case {
        name: "an operation that copies",
        base: "resources: [d.yaml, s.yaml]\n",
        overlay: "patches:\n- target: {kind: Secret, name: s}\n  patch: |-\n    - {op: add, path: /metadata/annotations, value: {}}\n    - {op: copy, from: /stringData/pw, path: /metadata/annotations/z}\n",
        is_built: true,
    },
    Case {
        name: "an operation that moves all of it",
        base: "resources: [d.yaml, s.yaml]\n",
        overlay: "patches:\n- target: {kind: Secret, name: s}\n  patch: |-\n    - {op: add, path: /stringData/new, value: swordfish3}\n    - {op: move, from: /stringData, path: /metadata/annotations}\n",
        is_built: true,
    },
    Case {
        name: "a Secret that becomes a ConfigMap",
        base: "resources: [d.yaml, s.yaml]\npatches:\n- target: {kind: Secret, name: s}\n  patch: |-\n    - {op: replace, path: /kind, value: ConfigMap}\n    - {op: move, from: /stringData, path: /data}\n",
        overlay: "replacements:\n- source: {kind: ConfigMap, name: s, fieldPath: data.pw}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.livenessProbe.exec.command.1]\n",
        is_built: true,
    },
];

/// Both values, as plain text and as a Secret encodes them.
const PLANTED: [&str; 5] = [
    "swordfish",
    "c3dvcmRmaXNo",
    "zd29yZGZpc2",
    "N3b3JkZmlza",
    "hunter",
];

fn tree(case: &Case) -> Tree {
    let tree = Tree::new();
    tree.write("base/d.yaml", DEPLOYMENT);
    tree.write(
        "base/s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {pw: swordfish1, url: 'hunter@host'}\n",
    );
    tree.write("base/kustomization.yaml", case.base);
    tree.write(
        "overlays/production/kustomization.yaml",
        &format!(
            "resources: [../../base]\n{}",
            case.overlay.replace("VALUE", "swordfish2")
        ),
    );
    tree
}

fn verb(tree: &Tree, arguments: &[&str]) -> Run {
    let mut command = Command::new(binary());
    run(command.args(arguments).current_dir(tree.path("")))
}

fn assert_untold(what: &str, run: &Run) {
    for value in PLANTED {
        for text in [&run.stdout, &run.stderr] {
            assert!(!text.contains(value), "{what} tells {value}: {text}");
        }
    }
}

#[test]
fn a_value_copied_from_a_secret_is_reported_as_a_change_without_the_value() {
    let kustomize = require!(kustomize(NEWEST));
    for case in CASES {
        let tree = tree(case);
        for builder in ["auto", "kustomize"] {
            for format in Format::ALL {
                let format = format!("--format={}", format.id());
                let run = check(&kustomize, &tree.path(""), &["--builder", builder, &format]);
                assert_eq!(run.code, Some(1), "{}: {run:#?}", case.name);
                assert!(!run.stdout.contains("does not build:"), "{run:#?}");
                assert_untold(&format!("{}, {builder}, {format}", case.name), &run);
            }
        }
        let mut command = Command::new(binary());
        let path = kustomize.parent().expect("a directory");
        command.args(["explain", "."]).env("PATH", path);
        let run = run(command.current_dir(tree.path("")));
        assert!(run.stdout.contains("<redacted>"), "{}: {run:#?}", case.name);
        assert_untold(case.name, &run);
        for more in [&["--origins"][..], &["--format=json"]] {
            let run = verb(&tree, &[&["build", "overlays/production"], more].concat());
            assert_eq!(run.succeeded(), case.is_built, "{}: {run:#?}", case.name);
            assert_untold(case.name, &run);
            // An image that was not copied from a Secret is shown.
            let is_shown = run.stdout.contains("registry.example.com/d:1");
            assert_eq!(is_shown, case.is_built, "{}: {run:#?}", case.name);
        }
    }
}

/// The closest text that is shown: the same value, but not copied from the Secret, and other changes beside a
/// hidden one.
#[test]
fn text_that_only_looks_like_a_secret_is_shown() {
    let tree = Tree::new();
    tree.write("base/d.yaml", DEPLOYMENT);
    tree.write(
        "base/s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {pw: plain}\n",
    );
    tree.write("base/kustomization.yaml", "resources: [d.yaml, s.yaml]\n");
    tree.write(
        "overlays/production/kustomization.yaml",
        "resources: [../../base]\npatches:\n- target: {kind: Deployment}\n  patch: '[{\"op\": \"replace\", \"path\": \"/spec/template/spec/containers/0/args/1\", \"value\": \"--mode=other\"}]'\n",
    );
    let run = verb(&tree, &["check", "--builder", "engine", "."]);
    assert!(run.stdout.contains("--mode=plain"), "{run:#?}");
    assert!(run.stdout.contains("--mode=other"), "{run:#?}");
    // The name of a Secret is not one of its values.
    tree.write(
        "overlays/production/kustomization.yaml",
        "resources: [../../base]\nreplacements:\n- source: {kind: Secret, name: s}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.template.spec.containers.0.livenessProbe.exec.command.1]\n",
    );
    let run = verb(&tree, &["check", "--builder", "engine", "."]);
    assert!(!run.stdout.contains("<redacted>"), "{run:#?}");
}

/// The function sees a build but not how it was made, and so does a check of rendered manifests: a text that looks
/// like a credential of a Secret is hidden everywhere.
#[test]
fn the_function_hides_a_credential_that_is_elsewhere_too() {
    let tree = Tree::new();
    let list = |pw: &str, encoded: &str, mode: &str| {
        format!(
            "{}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{pw: {encoded}}}\nstringData: {{mode: {mode}}}\n",
            DEPLOYMENT.replace("$(PW)", pw).replace("plain", mode)
        )
    };
    tree.write(
        "base.yaml",
        &list("swordfish1", "c3dvcmRmaXNoMQ==", "plain"),
    );
    tree.write(
        "overlay.yaml",
        &list("swordfish2", "c3dvcmRmaXNoMg==", "other"),
    );
    let run = verb(&tree, &["explain", "overlay.yaml", "--base", "base.yaml"]);
    assert!(run.stdout.contains("args[flag=--pw]"), "{run:#?}");
    assert!(run.stdout.contains("--mode=other"), "{run:#?}");
    assert_untold("the function", &run);
    for format in Format::ALL {
        let format = format!("--format={}", format.id());
        let rendered = ["base=base.yaml", "production=overlay.yaml"];
        let rendered = rendered.iter().flat_map(|one| ["--rendered", one]);
        let arguments: Vec<&str> = ["check", &format].into_iter().chain(rendered).collect();
        let run = verb(&tree, &arguments);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert_untold(&format!("what is rendered, {format}"), &run);
    }
}

#[test]
fn drift_hides_a_credential_that_is_elsewhere_too() {
    let tree = tree(&CASES[0]);
    tree.write(
        "live.yaml",
        &format!(
            "{}---\napiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata: {{pw: c3dvcmRmaXNoMw==}}\n",
            DEPLOYMENT
                .replace("$(PW)", "swordfish3")
                .replace("plain", "other")
        ),
    );
    let run = verb(
        &tree,
        &["drift", "overlays/production", "--live", "live.yaml"],
    );
    assert!(run.stdout.contains("containers[name=d].args"), "{run:#?}");
    assert_untold("drift", &run);
}
