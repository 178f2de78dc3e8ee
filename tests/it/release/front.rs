//! The files by which pipelines use this project: the action, the hooks, the component, the entries of catalogues.

use std::fs;
use std::path::Path;
use std::process::Command;

use regex::Regex;
use serde::Deserialize as _;
use serde_yaml::Value;

use super::{keys, path, read, word, yaml};
use crate::recipes::{Shop, text};
use crate::support::{NEWEST, Run, Tree, binary, require, run};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The steps of the action, run as a runner does, with a folder as the release.
struct Runner {
    shop: Shop,
    action: Value,
    inputs: Vec<(&'static str, String)>,
    os: &'static str,
}

impl Runner {
    fn new(kustomize: &Path) -> Self {
        let runner = Self {
            shop: Shop::new(kustomize),
            action: yaml("action.yml"),
            inputs: Vec::new(),
            os: "Linux",
        };
        let name = format!("krm-parity-{VERSION}-x86_64-unknown-linux-gnu");
        let release = format!("server/tools/krm-parity/releases/download/v{VERSION}");
        let body = format!("exec '{}' \"$@\"", binary().display());
        runner
            .shop
            .tree
            .script(&format!("{release}/{name}/krm-parity"), &body);
        let script =
            format!("tar -czf {name}.tar.gz {name} && sha256sum {name}.tar.gz > SHA256SUMS");
        let mut command = Command::new("bash");
        command
            .args(["-ec", &script])
            .current_dir(runner.shop.tree.path(&release));
        run(&mut command).expect_success("a release");
        runner.shop.tree.write("output", "");
        runner
    }

    fn with(mut self, inputs: &[(&'static str, &str)]) -> Self {
        self.inputs = inputs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        self
    }

    fn place(&self, name: &str) -> String {
        self.shop.tree.path(name).display().to_string()
    }

    /// A value that steps have written for others to read.
    fn output(&self, name: &str) -> Option<String> {
        let written = self.shop.tree.read("output");
        let found = written
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{name}=")));
        found.map(str::to_owned)
    }

    /// The value of an expression, of those that the action uses.
    fn value(&self, expression: &str) -> String {
        let Some(expression) = expression.strip_prefix("${{ ") else {
            return expression.to_owned();
        };
        match expression.trim_end_matches(" }}") {
            "github.server_url" => format!("file://{}", self.place("server")),
            "github.action_repository || github.repository" => "tools/krm-parity".to_owned(),
            "steps.install.outputs.program" => self.output("program").unwrap_or_default(),
            other => {
                let name = other.strip_prefix("inputs.").expect(other);
                let given = self.inputs.iter().find(|(input, _)| *input == name);
                given.map_or_else(
                    || word(&self.action["inputs"][name], "default").to_owned(),
                    |(_, value)| value.clone(),
                )
            }
        }
    }

    fn step(&self, index: usize, base: &str) -> Run {
        let step = &self.action["runs"]["steps"][index];
        assert_eq!(step["shell"], "bash");
        let (output, summary, temporary) = (
            self.place("output"),
            self.place("summary"),
            self.place("temporary"),
        );
        let mut environment = vec![
            ("RUNNER_OS".to_owned(), self.os.to_owned()),
            ("RUNNER_ARCH".to_owned(), "X64".to_owned()),
            ("RUNNER_TEMP".to_owned(), temporary),
            ("GITHUB_OUTPUT".to_owned(), output),
            ("GITHUB_STEP_SUMMARY".to_owned(), summary),
            ("GITHUB_BASE_REF".to_owned(), base.to_owned()),
        ];
        for name in keys(&step["env"]) {
            environment.push((name.to_owned(), self.value(word(&step["env"], name))));
        }
        let environment: Vec<(&str, &str)> = environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        self.shop.shell(&text(&step["run"]), &environment)
    }

    fn run(&self, base: &str) -> Run {
        self.step(0, base).expect_success("install");
        self.step(1, base)
    }
}

#[test]
fn the_action_has_what_users_set_and_read() {
    let action = yaml("action.yml");
    let inputs = [
        "version",
        "dir",
        "formats",
        "new-only",
        "policy",
        "working-directory",
    ];
    assert_eq!(keys(&action["inputs"]), inputs);
    for name in inputs {
        assert!(
            !word(&action["inputs"][name], "description").is_empty(),
            "{name}"
        );
        assert!(action["inputs"][name]["default"].is_string(), "{name}");
    }
    assert_eq!(word(&action["inputs"]["version"], "default"), VERSION);
    assert_eq!(keys(&action["outputs"]), ["exit-code", "sarif", "program"]);
    assert_eq!(action["runs"]["using"], "composite");
    // Text from outside reaches a script only as a value.
    let steps = action["runs"]["steps"].as_sequence().expect("steps");
    assert_eq!(steps.len(), 2);
    for step in steps {
        assert!(!word(step, "run").contains("${{"), "{step:?}");
        assert!(step.get("uses").is_none());
    }
}

#[test]
fn the_action_fails_on_findings_and_reports_them() {
    let runner = Runner::new(&require!(kustomize(NEWEST)));
    let ran = runner.run("");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stdout.contains("::error "), "{}", ran.stdout);
    assert_eq!(runner.output("exit-code").as_deref(), Some("1"));
    let sarif = fs::read_to_string(runner.output("sarif").expect("a path")).expect("a report");
    assert!(sarif.contains("inverted-resources"));
    assert!(
        runner
            .shop
            .tree
            .read("summary")
            .contains("inverted-resources")
    );
}

#[test]
fn the_action_passes_its_inputs_on() {
    let kustomize = require!(kustomize(NEWEST));
    let runner = Runner::new(&kustomize).with(&[("new-only", "true")]);
    // Findings of the other branch are known; without a branch, everything counts.
    assert_eq!(runner.run("main").code, Some(0));
    runner.shop.drift();
    Shop::git(
        &runner.shop.clone(),
        &["commit", "-q", "-a", "-m", "hot fix"],
    );
    let ran = runner.run("main");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert_eq!(
        Runner::new(&kustomize)
            .with(&[("new-only", "origin/main")])
            .run("")
            .code,
        Some(0)
    );
    let runner = Runner::new(&kustomize).with(&[
        ("dir", "web\n"),
        ("formats", "json=one.json\nhtml=two.html"),
    ]);
    assert_eq!(runner.run("").code, Some(0));
    for name in ["clone/one.json", "clone/two.html"] {
        assert!(runner.shop.tree.path(name).is_file(), "{name}");
    }
    let runner = Runner::new(&kustomize).with(&[("policy", "nowhere.yaml")]);
    let ran = runner.run("");
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    assert_eq!(runner.output("exit-code").as_deref(), Some("2"));
    assert_eq!(runner.output("sarif"), None);
}

/// Text of a pull request is a value, never a command or an option.
#[test]
fn the_action_runs_nothing_that_an_input_says() {
    let kustomize = require!(kustomize(NEWEST));
    for name in ["dir", "formats", "new-only", "policy"] {
        for value in [
            "$(touch ../pwned)",
            "`touch ../pwned`",
            "x; touch ../pwned",
            "\"; touch ../pwned; \"",
        ] {
            let runner = Runner::new(&kustomize).with(&[(name, value)]);
            let ran = runner.run("");
            assert_eq!(ran.code, Some(2), "{name} {value}: {ran:#?}");
            assert!(!runner.shop.tree.path("pwned").exists(), "{name} {value}");
        }
    }
    let runner = Runner::new(&kustomize).with(&[("dir", "--help")]);
    let ran = runner.run("");
    assert_eq!(ran.code, Some(2), "{ran:#?}");
    for version in ["../../x", "0.1.0/..", "$(id)", ""] {
        let runner = Runner::new(&kustomize).with(&[("version", version)]);
        let ran = runner.step(0, "");
        assert_eq!(ran.code, Some(2), "{version}: {ran:#?}");
        assert!(
            ran.stdout.contains("is not the number of a release"),
            "{ran:#?}"
        );
    }
}

#[test]
fn the_action_runs_nothing_with_another_checksum() {
    let kustomize = require!(kustomize(NEWEST));
    let runner = Runner::new(&kustomize);
    let sums = format!("server/tools/krm-parity/releases/download/v{VERSION}/SHA256SUMS");
    let right = runner.shop.tree.read(&sums);
    let wrong: String = right.chars().rev().take(30).collect();
    for text in [
        right.replacen(|one: char| one.is_ascii_hexdigit(), "x", 1),
        String::new(),
        wrong,
    ] {
        runner.shop.tree.write(&sums, &text);
        let ran = runner.step(0, "");
        assert_eq!(ran.code, Some(2), "{ran:#?}");
        assert!(
            ran.stdout.contains("is not the one in SHA256SUMS"),
            "{ran:#?}"
        );
        assert_eq!(runner.output("program"), None);
    }
    let mut runner = Runner::new(&kustomize);
    runner.os = "Plan9";
    let ran = runner.step(0, "");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stdout
            .contains("No release has a binary for Plan9 on X64."),
        "{ran:#?}"
    );
    let runner = Runner::new(&kustomize).with(&[("version", "9.9.9")]);
    let ran = runner.step(0, "");
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stdout
            .contains("of release v9.9.9 of tools/krm-parity could not be downloaded"),
        "{ran:#?}"
    );
}

#[test]
fn the_hooks_are_called_for_trees() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_sequence().expect("hooks");
    let found: Vec<_> = hooks
        .iter()
        .map(|hook| (word(hook, "id"), word(hook, "language")))
        .collect();
    assert_eq!(
        found,
        [("krm-parity", "rust"), ("krm-parity-system", "system")]
    );
    for hook in hooks {
        assert_eq!(hook["pass_filenames"], false);
        assert_eq!(word(hook, "entry"), "krm-parity check");
        let files = Regex::new(word(hook, "files")).expect("a pattern");
        for path in [
            "kustomization.yaml",
            "shop/web/kustomization.yml",
            "Kustomization",
            "parity.yaml",
            "web/base/deployment.yaml",
            "web/overlays/production/sizes.yaml",
        ] {
            assert!(files.is_match(path), "{path}");
        }
        for path in [
            "src/main.rs",
            "README.md",
            "database/schema.sql",
            "my-kustomization.yaml.txt",
        ] {
            assert!(!files.is_match(path), "{path}");
        }
    }
}

/// The documents of the component: its inputs, and the jobs.
fn component() -> (Value, Value) {
    let text = read("templates/krm-parity.yml");
    let mut documents = serde_yaml::Deserializer::from_str(&text);
    let mut next = || Value::deserialize(documents.next().expect("a document")).expect("YAML");
    (next(), next())
}

#[test]
fn the_component_uses_the_inputs_that_it_declares() {
    let (head, jobs) = component();
    let mut declared = keys(&head["spec"]["inputs"]);
    declared.sort_unstable();
    let text = read("templates/krm-parity.yml");
    let (_, body) = text.split_once("\n---\n").expect("two documents");
    let used = Regex::new(r"\$\[\[ inputs\.([a-z-]+) \]\]").expect("a pattern");
    let mut used: Vec<&str> = used
        .captures_iter(body)
        .filter_map(|found| Some(found.get(1)?.as_str()))
        .collect();
    used.sort_unstable();
    assert_eq!(used, declared);
    // An input is inserted into the text of a job, so no script may contain one.
    let job = &jobs["krm-parity"];
    for part in ["script", "before_script"] {
        for line in job[part].as_sequence().expect("lines") {
            assert!(!line.as_str().expect("a line").contains("$[["), "{line:?}");
        }
    }
}

#[test]
fn the_component_fails_on_findings() {
    let kustomize = require!(kustomize(NEWEST));
    let (_, jobs) = component();
    let script = text(&jobs["krm-parity"]["script"][0]);
    let shop = Shop::new(&kustomize);
    let around = |dir: &'static str, new: &'static str| {
        [
            ("PARITY_DIR", dir),
            ("PARITY_POLICY", ""),
            ("PARITY_NEW_ONLY", new),
            ("CI_MERGE_REQUEST_DIFF_BASE_SHA", "HEAD"),
        ]
    };
    let ran = shop.shell(&script, &around(".", "false"));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let reports = &jobs["krm-parity"]["artifacts"]["reports"];
    for report in ["codequality", "junit"] {
        let file = format!("clone/{}", word(reports, report));
        assert!(
            shop.tree.read(&file).contains("inverted-resources"),
            "{report}"
        );
    }
    assert_eq!(shop.shell(&script, &around(".", "true")).code, Some(0));
    assert_eq!(shop.shell(&script, &around("web", "false")).code, Some(0));
}

/// The entry has the fields that the catalogue asks for, and leads to a schema that is here.
#[test]
fn the_schemastore_entry_leads_to_the_schema() {
    let entry: serde_json::Value =
        serde_json::from_str(&read("packaging/schemastore.json")).expect("JSON");
    let fields: Vec<_> = entry.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["name", "description", "fileMatch", "url"]);
    let url = entry["url"].as_str().expect("a URL");
    let (_, file) = url.split_once("/main/").expect("a file of the branch");
    assert!(path(file).is_file(), "{file}");
    assert!(
        entry["fileMatch"]
            .as_array()
            .expect("names")
            .contains(&"parity.yaml".into())
    );
}

/// A catalogue's entry is the text that the program prints, with the image of a release in it.
#[test]
fn the_catalogue_entry_names_an_image_of_this_version() {
    for kind in ["ParityPolicy", "SnapshotRecorder"] {
        let mut command = Command::new(binary());
        let printed = run(command.args(["schema", kind, "--format", "definition"]));
        let printed: Value = serde_yaml::from_str(&printed.expect_success(kind)).expect("YAML");
        let version = &printed["spec"]["versions"][0];
        let image = word(&version["runtime"]["container"], "image");
        assert_eq!(image, format!("krm-parity:{VERSION}"));
    }
    // The script puts a registry before the image: it looks for this line.
    assert!(read("scripts/release").contains(r#"sed "s,^\( *image: \).*,"#));
}

#[test]
fn every_verb_has_a_man_page() {
    let tree = Tree::new();
    manual::write(&tree.path(""), &built_command(), "krm-parity").expect("pages");
    let page = tree.read("krm-parity.1");
    assert!(
        page.contains(".TH KRM\\-PARITY 1") || page.contains(".TH KRM-PARITY 1"),
        "{page}"
    );
    for verb in [
        "check",
        "drift",
        "audit",
        "init",
        "explain",
        "plugin-install",
    ] {
        assert!(
            tree.path(&format!("krm-parity-{verb}.1")).is_file(),
            "{verb}"
        );
    }
    assert!(
        tree.read("krm-parity-check.1")
            .contains("\\-\\-min\\-severity")
    );
}

pub(super) fn built_command() -> clap::Command {
    let mut command = krm_parity::cli::command();
    command.build();
    command
}

#[allow(dead_code, reason = "its main is the example's")]
#[path = "../../../examples/manual.rs"]
pub(super) mod manual;
