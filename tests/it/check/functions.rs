//! Every way in which kustomize starts a program, in every place where a repository can name it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{NEWEST, findings};
use crate::support::{Run, Tree, binary, require, run};

const CONTAINER: &str = "container: {image: example.com/evil:1}";

/// Functions that look like this program's own, but make kustomize start something where plugins are enabled.
fn mechanisms() -> Vec<(&'static str, String)> {
    [annotated_mechanisms(), other_mechanisms()].concat()
}

fn own(metadata: &str) -> String {
    format!(
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata:\n  name: parity\n{metadata}"
    )
}

fn annotated_mechanisms() -> Vec<(&'static str, String)> {
    let annotated = |annotation: &str| own(&format!("  annotations:\n    {annotation}\n"));
    vec![
        (
            "container",
            annotated(&format!("config.kubernetes.io/function: '{CONTAINER}'")),
        ),
        (
            "container beside exec",
            annotated(&format!(
                "config.kubernetes.io/function: '{{exec: {{path: ./evil}}, {CONTAINER}}}'"
            )),
        ),
        (
            "another program",
            annotated("config.kubernetes.io/function: 'exec: {path: ./evil}'"),
        ),
        (
            "a recorder that is another program",
            annotated("config.kubernetes.io/function: 'exec: {path: ./evil}'")
                .replace("ParityPolicy", "SnapshotRecorder"),
        ),
        (
            "container behind a line break that is none to most",
            annotated(&format!(
                "config.kubernetes.io/function: |\n      exec: {{path: krm-parity}} #\u{85}      {CONTAINER}"
            )),
        ),
        (
            "legacy container",
            annotated("config.kubernetes.io/container: example.com/evil:1"),
        ),
        (
            "legacy container beside exec",
            annotated(
                "config.kubernetes.io/container: example.com/evil:1\n    config.kubernetes.io/function: 'exec: {path: ./evil}'",
            ),
        ),
        (
            "older function",
            annotated(&format!("config.k8s.io/function: '{CONTAINER}'")),
        ),
        (
            "older container",
            annotated("config.k8s.io/container: example.com/evil:1"),
        ),
        (
            "starlark",
            annotated("config.kubernetes.io/function: 'starlark: {path: ./evil, name: x}'"),
        ),
    ]
}

fn other_mechanisms() -> Vec<(&'static str, String)> {
    vec![
        (
            "configFn",
            own(&format!("  configFn: {{{CONTAINER}}}\n")),
        ),
        (
            "annotations from elsewhere",
            own(&format!(
                "  labels: &x {{config.kubernetes.io/function: '{CONTAINER}'}}\n  annotations: *x\n"
            )),
        ),
        (
            "merged annotations",
            own(&format!(
                "  labels: &x {{config.kubernetes.io/function: '{CONTAINER}'}}\n  annotations: {{<<: *x}}\n"
            )),
        ),
        (
            "a second document",
            format!(
                "{}---\napiVersion: example.com/v1\nkind: Evil\nmetadata:\n  name: x\n",
                own("")
            ),
        ),
        (
            "a config map",
            format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n"
            ),
        ),
        (
            "a config map with an image that only begins like ours",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations: {config.kubernetes.io/function: 'container: {image: example.com/krm-paritys:1}'}\n".to_owned(),
        ),
        (
            "a list",
            format!(
                "apiVersion: v1\nkind: List\nitems:\n- apiVersion: krm-parity.io/v1alpha1\n  kind: ParityPolicy\n  metadata: {{name: x, annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}}}\n"
            ),
        ),
        (
            "a plugin",
            "apiVersion: example.com/v1\nkind: Evil\nmetadata:\n  name: x\n".to_owned(),
        ),
        (
            "a plugin of our group",
            "apiVersion: krm-parity.io/v1alpha1\nkind: Evil\nmetadata:\n  name: x\n".to_owned(),
        ),
        (
            "function behind a line break that is none to most",
            own(&format!("# \u{2028}  annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n")),
        ),
        (
            "a plugin of another version",
            "apiVersion: krm-parity.io/v1\nkind: ParityPolicy\nmetadata:\n  name: x\n".to_owned(),
        ),
        (
            "helm",
            "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata:\n  name: x\nname: chart\nrepo: https://example.com\n".to_owned(),
        ),
    ]
}

/// The places that name a function.
const PLACES: [&str; 4] = ["overlay", "base", "component", "gathering"];

const FIELDS: [&str; 4] = ["transformers", "generators", "validators", "Transformers"];

struct Scene {
    outside: Tree,
    kustomize: PathBuf,
}

impl Scene {
    /// Programs of every kind that leave a trace, beside kustomize and wherever it looks for plugins.
    fn new(kustomize: &Path) -> Self {
        let outside = Tree::new();
        let trace = format!("echo ran >> {}; cat", outside.path("ran").display());
        for program in [
            "docker",
            "podman",
            "nerdctl",
            "helm",
            "krm-parity",
            "grep",
            "sh",
            "cat",
        ] {
            outside.script(&format!("bin/{program}"), &trace);
        }
        for home in [
            "plugins",
            "xdg/kustomize/plugin",
            "home/.config/kustomize/plugin",
            "home/kustomize/plugin",
        ] {
            for plugin in [
                "example.com/v1/evil/Evil",
                "krm-parity.io/v1alpha1/evil/Evil",
                "krm-parity.io/v1alpha1/paritypolicy/ParityPolicy",
                "krm-parity.io/v1/paritypolicy/ParityPolicy",
                "v1/configmap/ConfigMap",
            ] {
                outside.script(&format!("{home}/{plugin}"), &trace);
            }
        }
        let link = outside.path("bin/kustomize");
        std::os::unix::fs::symlink(kustomize, &link).expect("a link");
        Self {
            outside,
            kustomize: link,
        }
    }

    fn run(&self, directory: &Path, arguments: &[&str]) -> Run {
        let path = self.kustomize.parent().expect("a folder");
        let mut command = Command::new(binary());
        command
            .current_dir(directory)
            .env("PATH", format!("{}:/usr/bin:/bin", path.display()))
            .env("KUSTOMIZE_PLUGIN_HOME", self.outside.path("plugins"))
            .env("XDG_CONFIG_HOME", self.outside.path("xdg"))
            .env("HOME", self.outside.path("home"))
            .env("SOURCE_DATE_EPOCH", "1781481600")
            .args(arguments);
        run(&mut command)
    }

    fn has_run(&self) -> bool {
        self.outside.path("ran").exists()
    }
}

/// A repository whose production names a function in one place.
fn repository(place: &str, field: &str, is_inline: bool, function: &str) -> Tree {
    let tree = Tree::new();
    let entry = if place == "gathering" {
        tree.write("overlays/prod/f/kustomization.yaml", "resources: [g]\n");
        tree.kustomization("overlays/prod/f/g", "f.yaml", function);
        "[f]\n".to_owned()
    } else if is_inline {
        let lines: String = function.lines().map(|line| format!("  {line}\n")).collect();
        format!("\n- |-\n{lines}")
    } else {
        "[f.yaml]\n".to_owned()
    };
    let functions = format!("{field}: {entry}");
    let of = |this: &str| {
        let is_here = this == place || (this == "overlay" && place == "gathering");
        if is_here { functions.as_str() } else { "" }
    };
    let folder = match place {
        "base" => "base",
        "component" => "part",
        _ => "overlays/prod",
    };
    tree.write(&format!("{folder}/f.yaml"), function);
    tree.script(&format!("{folder}/evil"), "cat");
    tree.write(
        "base/c.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n",
    );
    tree.write(
        "base/kustomization.yaml",
        &format!("resources: [c.yaml]\n{}", of("base")),
    );
    let components = if place == "component" {
        let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
        tree.write(
            "part/kustomization.yaml",
            &format!("{component}{functions}"),
        );
        "components: [../../part]\n"
    } else {
        ""
    };
    tree.overlay("overlays/prod", &format!("{components}{}", of("overlay")));
    tree
}

/// Nothing that a repository names is started, and an overlay that cannot be built without it is reported.
#[test]
fn nothing_that_a_repository_names_is_started() {
    let kustomize = require!(kustomize(NEWEST));
    let scene = Scene::new(&kustomize);
    let mut number = 0_usize;
    for (name, function) in mechanisms() {
        for place in PLACES {
            for is_inline in [false, true] {
                if is_inline && place == "gathering" {
                    continue;
                }
                // Fields and commands take turns, so that each is combined with each mechanism and each place.
                let field = FIELDS[number % FIELDS.len()];
                number += 1;
                let tree = repository(place, field, is_inline, &function);
                let said = format!("{name}, {field} of {place}, inline: {is_inline}");
                let arguments: &[&str] = match number % 3 {
                    0 => &["check", "--format", "json"],
                    1 => &["check", "--format", "json", "--one-by-one"],
                    _ => &["init", "--adopt", "--dry-run"],
                };
                let run = scene.run(&tree.path(""), arguments);
                assert!(!scene.has_run(), "{said}: {run:#?}");
                if arguments[0] == "check" {
                    let report = serde_json::from_str(&run.stdout)
                        .unwrap_or_else(|error| panic!("{said}: {error}: {run:#?}"));
                    let found = findings(&report);
                    let is_told = found.iter().any(|line| line.starts_with("build-failure"));
                    assert!(is_told, "{said}: {found:?}");
                    let is_not_run = run.stdout.contains("not run") || name == "helm";
                    assert!(is_not_run, "{said}: {run:#?}");
                }
            }
        }
    }
}

/// A kustomization that gathers functions must not turn them into others.
#[test]
fn a_kustomization_of_functions_cannot_declare_one() {
    let kustomize = require!(kustomize(NEWEST));
    let scene = Scene::new(&kustomize);
    let policy = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec: {}\n";
    let annotation = format!("{{config.kubernetes.io/function: '{CONTAINER}'}}");
    let legacy = "{config.kubernetes.io/container: example.com/evil:1}";
    for more in [
        format!("commonAnnotations: {annotation}\n"),
        format!("CommonAnnotations: {legacy}\n"),
        format!("patches:\n- patch: |\n    apiVersion: krm-parity.io/v1alpha1\n    kind: ParityPolicy\n    metadata: {{name: parity, annotations: {legacy}}}\n"),
        "patches: [{path: p.yaml}]\n".to_owned(),
        "Patches: [{Path: p.yaml}]\n".to_owned(),
        "patchesStrategicMerge: [p.yaml]\n".to_owned(),
        format!("patches:\n- target: {{kind: ParityPolicy}}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {legacy}\n"),
        format!("patchesJson6902:\n- target: {{version: v1alpha1, group: krm-parity.io, kind: ParityPolicy, name: parity}}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {legacy}\n"),
        format!("patches:\n- target: {{kind: ParityPolicy}}\n  options: {{allowKindChange: true}}\n  patch: |\n    apiVersion: example.com/v1\n    kind: Evil\n    metadata: {{name: parity, annotations: {legacy}}}\n"),
        format!("transformers:\n- |-\n  apiVersion: builtin\n  kind: AnnotationsTransformer\n  metadata: {{name: x}}\n  annotations: {legacy}\n  fieldSpecs: [{{path: metadata/annotations, create: true}}]\n"),
        format!("configMapGenerator:\n- name: x\n  options: {{annotations: {legacy}}}\n"),
        "replacements:\n- source: {kind: ParityPolicy, fieldPath: metadata.name}\n  targets:\n  - select: {kind: ParityPolicy}\n    fieldPaths: ['metadata.annotations.[config.kubernetes.io/container]']\n    options: {create: true}\n".to_owned(),
        "components: [c]\n".to_owned(),
        "resources: [f.yaml]\nresources: [f.yaml, e.yaml]\n".to_owned(),
    ] {
        for arguments in [
            &["check", "--format", "json"][..],
            &["check", "--format", "json", "--one-by-one"],
            &["init", "--adopt", "--dry-run"],
        ] {
            let tree = repository("gathering", "transformers", false, policy);
            let loads = if more.starts_with("resources") { "" } else { "resources: [f.yaml]\n" };
            let here = "overlays/prod/f/g";
            tree.write(&format!("{here}/kustomization.yaml"), &format!("{loads}{more}"));
            tree.write(&format!("{here}/p.yaml"), &format!("apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {{name: parity, annotations: {annotation}}}\n"));
            tree.write(&format!("{here}/e.yaml"), "apiVersion: example.com/v1\nkind: Evil\nmetadata: {name: x}\n");
            tree.write(&format!("{here}/c/kustomization.yaml"), &format!("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {annotation}\n"));
            let run = scene.run(&tree.path(""), arguments);
            assert!(!scene.has_run(), "{more}: {run:#?}");
            assert!(
                arguments[0] == "init" || run.stdout.contains("build-failure"),
                "{more}: {run:#?}"
            );
        }
    }
}

/// kustomize ends a line at characters that most readers take as part of a comment.
#[test]
fn nothing_that_a_comment_hides_is_started() {
    let kustomize = require!(kustomize(NEWEST));
    let scene = Scene::new(&kustomize);
    let function = format!(
        "apiVersion: example.com/v1\nkind: Evil\nmetadata:\n  name: x\n  annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n"
    );
    for char in ['\u{85}', '\u{2028}', '\u{2029}'] {
        for place in PLACES {
            for field in FIELDS {
                let hidden = format!("# a comment{char}{field}");
                let tree = repository(place, &hidden, false, &function);
                if place == "gathering" {
                    let loads = format!("resources: [ours.yaml] # {char}resources: [f.yaml]\n");
                    tree.write("overlays/prod/f/g/kustomization.yaml", &loads);
                    tree.write(
                        "overlays/prod/f/g/ours.yaml",
                        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\n",
                    );
                    tree.write(
                        "overlays/prod/kustomization.yaml",
                        &format!("resources: [../../base]\n{field}: [f]\n"),
                    );
                }
                let run = scene.run(&tree.path(""), &["check", "--format", "json"]);
                let said = format!("{char:?}, {field} of {place}");
                assert!(!scene.has_run(), "{said}: {run:#?}");
                assert!(run.code != Some(0), "{said}: {run:#?}");
            }
        }
    }
}

/// Functions of this program are skipped silently, even as a `ConfigMap` or with other annotations.
#[test]
fn functions_of_this_program_are_skipped() {
    let kustomize = require!(kustomize(NEWEST));
    let scene = Scene::new(&kustomize);
    let exec = "config.kubernetes.io/function: 'exec: {path: ./krm-parity}'";
    for function in [
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations: {{{exec}}}\ndata: {{environment: prod}}\n"),
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata:\n  name: parity\nspec: {environment: prod}\n".to_owned(),
        format!("apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata:\n  name: parity\n  annotations: {{owner: me, {exec}}}\n"),
        own("  annotations: {config.kubernetes.io/function: 'container: {image: ghcr.io/acme/krm-parity:0.1.0}'}\n"),
        own("  annotations: {config.kubernetes.io/container: 'example.com:5000/krm-parity@sha256:a', example.com/team: shop}\n"),
        own("  configFn: {container: {image: krm-parity}}\n"),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations: {config.k8s.io/function: 'exec: {path: krm-parity}'}\ndata: {environment: prod}\n".to_owned(),
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  annotations: {config.kubernetes.io/function: 'container: {image: example.com/krm-parity:1}'}\ndata: {environment: prod}\n".to_owned(),
    ] {
        for (place, field) in [("overlay", "transformers"), ("base", "Transformers"), ("gathering", "transformers"), ("component", "transformers")] {
            for flag in ["--format=text", "--one-by-one", "--builder=both"] {
                let tree = repository(place, field, false, &function);
                let run = scene.run(&tree.path(""), &["check", flag]);
                assert!(!scene.has_run(), "{function}: {run:#?}");
                assert_eq!(run.code, Some(0), "{place}: {function}: {run:#?}");
            }
        }
    }
    // A function under `validators:` must not return anything.
    let tree = repository(
        "overlay",
        "validators",
        false,
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata:\n  name: parity\nspec:\n  \"emit\": \"none\"\n",
    );
    let run = scene.run(&tree.path(""), &["check"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!scene.has_run());
}

/// A repository whose base records itself and whose production checks itself, as `init --wire` writes both.
fn wired(base: &str) -> Tree {
    let annotated = |kind: &str, spec: &str| {
        format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: web\n  annotations: {{config.kubernetes.io/function: 'exec: {{path: krm-parity}}'}}\n{spec}"
        )
    };
    let tree = Tree::new();
    tree.write("base/parity.yaml", &annotated("SnapshotRecorder", ""));
    tree.kustomization(
        "base",
        "web.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {selector: {app: web}}\n",
    );
    tree.write(
        "base/kustomization.yaml",
        &format!("resources: [web.yaml]\ntransformers: [parity.yaml]\n{base}"),
    );
    for environment in ["dev", "production"] {
        let overlay = format!("overlays/{environment}");
        let spec = format!("spec: {{environment: {environment}}}\n");
        tree.write(
            &format!("{overlay}/parity.yaml"),
            &annotated("ParityPolicy", &spec),
        );
        tree.overlay(&overlay, "transformers: [parity.yaml]\n");
    }
    tree
}

/// Enabled plugins would let kustomize run helm too.
#[test]
fn helm_is_not_started_for_functions_of_this_program() {
    let kustomize = require!(kustomize(NEWEST));
    let scene = Scene::new(&kustomize);
    let tree = wired("helmCharts: [{name: x, repo: 'https://example.com', version: '1'}]\n");
    for arguments in [
        &["check"][..],
        &["check", "--one-by-one"],
        &["init", "--adopt", "--dry-run"],
    ] {
        let run = scene.run(&tree.path(""), arguments);
        assert!(!scene.has_run(), "{run:#?}");
        assert_eq!(run.code, Some(1), "{run:#?}");
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(told.contains("--enable-helm"), "{run:#?}");
    }
}

/// A field that only works in a build of its own does not turn the program's own functions into foreign ones.
#[test]
fn functions_of_this_program_are_skipped_in_builds_of_their_own() {
    let kustomize = require!(kustomize(NEWEST));
    let scene = Scene::new(&kustomize);
    for base in [
        "openapi: {path: schema.json}\n",
        "vars: [{name: NAME, objref: {apiVersion: v1, kind: Service, name: web}}]\n",
    ] {
        let tree = wired(base);
        tree.write("base/schema.json", "{\"definitions\": {}}\n");
        for builder in ["auto", "kustomize", "both"] {
            let run = scene.run(&tree.path(""), &["check", "--builder", builder]);
            assert!(!scene.has_run(), "{base}: {run:#?}");
            assert_eq!(run.code, Some(0), "{base}: {builder}: {run:#?}");
        }
        // Something foreign beside them is still refused.
        tree.write(
            "overlays/production/evil.yaml",
            &format!("apiVersion: example.com/v1\nkind: Evil\nmetadata:\n  name: x\n  annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n"),
        );
        tree.overlay(
            "overlays/production",
            "transformers: [evil.yaml, parity.yaml]\n",
        );
        for builder in ["auto", "kustomize"] {
            let run = scene.run(
                &tree.path(""),
                &["check", "--format", "json", "--builder", builder],
            );
            assert!(!scene.has_run(), "{base}: {run:#?}");
            assert_eq!(run.code, Some(1), "{base}: {run:#?}");
            let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
            let [finding] = report["findings"].as_array().expect("findings").as_slice() else {
                panic!("{base}: {report:#}");
            };
            // The words and the place are those of the function, not of the recorder in the base.
            let headline = finding["headline"].as_str().unwrap_or_default();
            assert!(
                headline.contains("'Evil'; this function was not run"),
                "{headline}"
            );
            assert_eq!(finding["place"]["file"], "overlays/production/evil.yaml");
        }
    }
}
