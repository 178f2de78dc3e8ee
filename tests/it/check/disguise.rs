//! Declarations that would make a build run programs of the repository, disguised as something that is allowed.

use std::path::{Path, PathBuf};

use super::{NEWEST, findings, report};
use crate::support::{Tree, require};

const BASE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";
const CONTAINER: &str = "container: {image: example.com/evil:1}";
const PLAIN: &str =
    "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\n";

fn own(annotations: &str) -> String {
    format!(
        "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata:\n  name: web\n  annotations:\n    {annotations}\n"
    )
}

/// A container engine that records that it was started, beside kustomize.
fn engine(folder: &Tree, ran: &Path, kustomize: &Path) -> PathBuf {
    let engine = folder.script("docker", &format!("echo ran >> {}; cat", ran.display()));
    let link = engine.with_file_name("kustomize");
    std::os::unix::fs::symlink(kustomize, &link).expect("a link");
    link
}

/// The disguises: a name, the kustomization of the directory `f` in `transformers: [f]`, and the file that it loads.
fn disguises() -> Vec<(&'static str, String, String)> {
    let loader = |more: &str| format!("resources: [f.yaml]\n{more}");
    vec![
        (
            "the older annotation",
            loader(""),
            own(&format!("config.k8s.io/function: '{CONTAINER}'")),
        ),
        (
            "an escaped word",
            loader(""),
            own("config.kubernetes.io/function: '{\"\\u0063ontainer\": {\"image\": \"example.com/evil:1\"}}'"),
        ),
        (
            "a key that stands twice",
            loader(""),
            own(&format!(
                "a: b\n  annotations:\n    config.kubernetes.io/function: '{CONTAINER}'"
            )),
        ),
        (
            "metadata.configFn",
            loader(""),
            format!("apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata:\n  name: parity\n  configFn: {{{CONTAINER}}}\n"),
        ),
        (
            "a built-in one",
            loader(""),
            format!("apiVersion: builtin\nkind: NamespaceTransformer\nmetadata:\n  name: x\n  annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n"),
        ),
        (
            "a list",
            loader(""),
            format!("apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicyList\nitems:\n- apiVersion: example.com/v1\n  kind: F\n  metadata:\n    name: f\n    annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n"),
        ),
        (
            "annotations for all",
            loader(&format!("commonAnnotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n")),
            PLAIN.to_owned(),
        ),
        (
            "a generator",
            loader(&format!("configMapGenerator:\n- name: f\n  options: {{annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}}}\n")),
            PLAIN.to_owned(),
        ),
        (
            "a patch",
            loader(&format!("patches:\n- target: {{kind: ParityPolicy}}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {{config.kubernetes.io/function: '{CONTAINER}'}}\n")),
            PLAIN.to_owned(),
        ),
        (
            "a component",
            loader("components: [more]\n"),
            PLAIN.to_owned(),
        ),
        (
            // The path of a plugin is made from its kind.
            "a kind that is a path",
            loader(""),
            "apiVersion: krm-parity.io/v1alpha1\nkind: ../../../../../REPOSITORY/evil\nmetadata: {name: x}\n".to_owned(),
        ),
    ]
}

/// Everything for which kustomize would start a program if plugins were enabled, disguised as something that is
/// allowed.
#[test]
fn no_disguise_makes_a_function_of_the_repository_run() {
    let kustomize = require!(kustomize(NEWEST));
    let marker = Tree::new();
    let ran = marker.path("ran");
    let kustomize = engine(&marker, &ran, &kustomize);
    for (name, loader, file) in disguises() {
        let tree = Tree::new();
        let evil = tree.script("evil/evil", &format!("echo ran >> {}; cat", ran.display()));
        let up = "../".repeat(12);
        let here = evil
            .parent()
            .and_then(std::path::Path::parent)
            .expect("a directory");
        let file = file.replace(
            "../../../../../REPOSITORY",
            &format!("{up}{}", here.display().to_string().trim_start_matches('/')),
        );
        tree.kustomization("base", "c.yaml", BASE);
        tree.overlay("overlays/dev", "transformers: [f]\n");
        tree.write("overlays/dev/f/kustomization.yaml", &loader);
        tree.write("overlays/dev/f/f.yaml", &file);
        tree.write(
            "overlays/dev/f/more/kustomization.yaml",
            &format!("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n"),
        );
        for flags in [&[][..], &["--one-by-one"]] {
            let report = report(&kustomize, &tree.path(""), flags);
            let found = findings(&report);
            assert!(!ran.exists(), "{name} ran: {found:?}");
            // It is reported, not skipped silently; kustomize's own transformers are built without plugins.
            assert!(
                name == "a built-in one"
                    || found.iter().any(|line| line.starts_with("build-failure")),
                "{name}: {found:?}"
            );
        }
    }
}

/// A linked file is not where its path says, and neither are the files beside it.
#[test]
fn nothing_runs_from_behind_a_link() {
    let kustomize = require!(kustomize(NEWEST));
    let marker = Tree::new();
    let ran = marker.path("ran");
    let kustomize = engine(&marker, &ran, &kustomize);
    let tree = Tree::new();
    tree.kustomization("base", "c.yaml", BASE);
    tree.write(
        "elsewhere/f.yaml",
        &own(&format!("config.kubernetes.io/function: '{CONTAINER}'")),
    );
    tree.overlay("elsewhere/middle", "transformers: [../f.yaml]\n");
    tree.write("overlays/f.yaml", PLAIN);
    tree.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../middle]\n",
    );
    std::os::unix::fs::symlink(tree.path("elsewhere/middle"), tree.path("overlays/middle"))
        .expect("a link");
    let found = findings(&report(&kustomize, &tree.path(""), &[]));
    assert!(!ran.exists(), "behind a link: {found:?}");
}
