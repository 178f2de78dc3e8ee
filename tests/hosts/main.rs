//! The function under the programs that run it: kustomize, kubectl, kpt, a container engine.
//!
//! `facts` tests the behaviour of those programs, `examples` the examples, and `packaging` the
//! image. The rest tests the configurations that a user may choose. Every test shows that the
//! function ran. The tests are threads of one process: the head of `tests/it/main.rs` explains the
//! consequences.

mod containers;
mod examples;
mod facts;
mod kpt;
mod layouts;
mod options;
mod packaging;
mod plugin;
mod secrets;
mod side_tree;
mod snapshots;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

use support::{Call, Found, Host, Run, Tap, Tree, rules};

/// A base that records itself, an overlay of it, and the function under the name `krm-parity`.
struct Scene {
    tree: Tree,
    tap: Tap,
}

/// A build of the overlay, and every run of the function in it.
struct Built {
    run: Run,
    calls: Vec<Call>,
}

/// The annotation that makes kustomize run a functionConfig as the program `krm-parity`.
const EXEC: &str =
    "  annotations:\n    config.kubernetes.io/function: 'exec: {path: krm-parity}'\n";

const BASE: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
  labels: {app: app}
spec:
  replicas: 1
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      containers:
      - name: app
        image: registry.example/app:1
        env:
        - {name: LOG_LEVEL, value: info}
        envFrom: [{configMapRef: {name: settings}}]
        resources:
          requests: {cpu: 100m, memory: 256Mi}
          limits: {memory: 512Mi}
        livenessProbe: {httpGet: {path: /live, port: 8080}, periodSeconds: 10}
---
apiVersion: v1
kind: Service
metadata:
  name: app
  labels: {app: app}
spec:
  selector: {app: app}
  ports: [{name: http, port: 80, targetPort: 8080}]
";

/// A `SnapshotRecorder` for exec functions.
fn recorder(service: &str, spec: &str) -> String {
    format!(
        "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata:\n  name: {service}\n{EXEC}{spec}"
    )
}

/// A `ParityPolicy` for exec functions; `spec` is its content on one line of YAML, without braces.
fn policy(spec: &str) -> String {
    format!(
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata:\n  name: parity\n{EXEC}spec: {{{spec}}}\n"
    )
}

impl Scene {
    /// A small service with an overlay that changes nothing yet.
    fn new() -> Self {
        let scene = Self {
            tree: Tree::new(),
            tap: Tap::on_binary(),
        };
        scene.tree.write("base/app.yaml", BASE);
        scene.base(
            "resources: [app.yaml]\nconfigMapGenerator: [{name: settings, literals: [MODE=base, SIZE=1]}]\n",
        );
        scene.tree.write("base/record.yaml", &recorder("app", ""));
        scene.overlay("");
        scene.policy("environment: production");
        scene
    }

    /// Gives the base another kustomization.
    fn base(&self, body: &str) {
        let text = format!("{body}transformers: [record.yaml]\n");
        self.tree.write("base/kustomization.yaml", &text);
    }

    /// Gives the overlay another kustomization.
    fn overlay(&self, body: &str) {
        self.tree.write(
            "overlay/kustomization.yaml",
            &format!("resources: [../base]\n{body}transformers: [policy.yaml]\n"),
        );
    }

    /// Gives the overlay a JSON 6902 patch of the Deployment, on one line.
    fn patch(&self, operations: &str) {
        self.overlay(&format!(
            "patches:\n- target: {{kind: Deployment}}\n  patch: |\n    - {operations}\n"
        ));
    }

    /// Gives the overlay another policy.
    fn policy(&self, spec: &str) {
        self.tree.write("overlay/policy.yaml", &policy(spec));
    }

    /// Builds the overlay with exec functions.
    fn build(&self, host: &Host) -> Built {
        self.build_folder(host, "overlay")
    }

    /// Builds another folder with exec functions; earlier runs do not count.
    fn build_folder(&self, host: &Host, folder: &str) -> Built {
        let before = self.tap.calls().len();
        let run = host.build_tapped(&self.tree.path(folder), &self.tap);
        let calls = self.tap.calls().into_iter().skip(before).collect();
        Built { run, calls }
    }

    /// kustomize's build of the overlay without any function.
    fn plain(&self, host: &Host) -> String {
        let plain = Tree::new();
        for folder in ["base", "overlay"] {
            support::copy(&self.tree.path(folder), &plain.path(folder));
        }
        support::rewrite(&plain.path(""), &|text: &str| {
            text.lines()
                .filter(|line| !line.starts_with("transformers: ["))
                .fold(String::new(), |text, line| text + line + "\n")
        });
        host.build(&plain.path("overlay"), &[])
            .expect_success("a build without functions")
    }
}

impl Built {
    /// The results of the policy, which ran last; `runs` is the expected number of runs.
    #[track_caller]
    fn found(&self, runs: usize) -> Vec<Found> {
        assert_eq!(self.calls.len(), runs, "{:#?}", self.run);
        self.calls[runs - 1].found()
    }

    /// Checks that the build passed silently, and returns its output.
    #[track_caller]
    fn passes(&self, runs: usize) -> &str {
        assert_eq!(self.calls.len(), runs, "{:#?}", self.run);
        assert!(self.run.succeeded(), "{:#?}", self.run);
        assert_eq!(self.run.stderr, "");
        for call in &self.calls {
            assert!(call.keeps_the_items(), "{call:#?}");
        }
        &self.run.stdout
    }

    /// Checks that the build failed with exactly these rules, and returns its stderr.
    #[track_caller]
    fn fails(&self, runs: usize, expected: &[&str]) -> &str {
        assert_eq!(rules(&self.found(runs)), expected, "{:#?}", self.run);
        assert_eq!(self.calls[runs - 1].code, 1);
        assert!(!self.run.succeeded(), "{:#?}", self.run);
        assert!(self.run.stderr.starts_with(&self.calls[runs - 1].stderr));
        &self.run.stderr
    }

    /// Checks that the function refused its input, and returns its message.
    #[track_caller]
    fn refuses(&self, runs: usize) -> &str {
        assert_eq!(self.calls.len(), runs, "{:#?}", self.run);
        assert_eq!(self.calls[runs - 1].code, 1);
        assert!(!self.run.succeeded(), "{:#?}", self.run);
        let said = &self.calls[runs - 1].stderr;
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(self.run.stderr.contains(said.as_str()), "{:#?}", self.run);
        said
    }
}

/// The rules named on stderr, sorted, without duplicates: `  error[RULE]: …`.
fn rules_said(stderr: &str) -> Vec<String> {
    let mut rules: Vec<_> = stderr
        .lines()
        .filter_map(|line| {
            let (severity, rest) = line.trim_start().split_once('[')?;
            let (rule, _) = rest.split_once("]: ")?;
            ["error", "warning", "info"]
                .contains(&severity)
                .then(|| rule.to_owned())
        })
        .collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Every file below a folder with its content, sorted.
fn files(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let content = std::fs::read(&path).expect("a file");
            all.push((path, content));
        }
    }
    all.sort();
    all
}
