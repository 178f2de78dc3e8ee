//! The function in a kpt package, as a program and as an image.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use crate::support::{
    DockerWitness, Found, Run, Tap, Tree, copy, example, found_in, require, rules, run,
};
use crate::{files, rules_said};

const PROBE: &str = "          initialDelaySeconds: 5\n          periodSeconds: 10\n";

/// A copy of the package of the examples.
struct Package {
    tree: Tree,
    tap: Tap,
}

impl Package {
    fn new() -> Self {
        let tree = Tree::new();
        copy(&example("kpt/checkout"), &tree.path("checkout"));
        Self {
            tree,
            tap: Tap::on_binary(),
        }
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.tree.path("checkout").join(file);
        let text = fs::read_to_string(&path).expect("a file of the package");
        assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
        fs::write(path, text.replace(from, to)).expect("a file");
    }

    /// Gives the validator a configuration other than the policy's file.
    fn configure(&self, config: &str) {
        self.change("Kptfile", "    configPath: parity-policy.yaml\n", config);
        fs::remove_file(self.tree.path("checkout/parity-policy.yaml")).expect("a policy");
    }

    fn render(&self, kpt: &Path, flags: &[&str]) -> Run {
        let mut command = self.command(kpt, flags);
        self.tap.apply(&mut command);
        run(&mut command)
    }

    /// `kpt fn render`, from a working directory outside the package.
    fn command(&self, kpt: &Path, flags: &[&str]) -> Command {
        let mut command = Command::new(kpt);
        command
            .current_dir(self.tree.path(""))
            .args(["fn", "render", "checkout", "--results-dir", "results"])
            .args(flags);
        command
    }

    /// The exit code and the results in kpt's own file.
    fn results(&self) -> (i64, Vec<Found>) {
        let text = self.tree.read("results/results.yaml");
        let list: Value = serde_yaml::from_str(&text).expect("kpt's results");
        assert_eq!(list["kind"].as_str(), Some("FunctionResultList"), "{text}");
        let one = &list["items"][0];
        (one["exitCode"].as_i64().unwrap_or(0), found_in(one))
    }
}

#[test]
fn a_good_package_renders_and_stays_unchanged() {
    let kpt = require!(kpt());
    let package = Package::new();
    let before = files(&package.tree.path("checkout"));
    package
        .render(&kpt, &["--allow-exec"])
        .expect_success("kpt fn render");
    let calls = package.tap.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].code, calls[0].stderr.as_str()), (0, ""));
    // The comments of the package are in the function's input, and in its output.
    assert!(calls[0].stdin.contains("replicas: 3 # one a zone"));
    assert!(calls[0].stdin == calls[0].stdout);
    assert!(files(&package.tree.path("checkout")) == before);
    assert_eq!(package.results(), (0, Vec::new()));
}

/// Checks the parts that kpt keeps of the finding about one changed probe.
fn assert_is_about_the_probe((code, found): &(i64, Vec<Found>)) {
    assert_eq!((*code, rules(found)), (1, vec!["health-checks"]));
    assert_eq!(found.len(), 1);
    let expected: Value = serde_yaml::from_str(
        "severity: error
resourceRef: {apiVersion: apps/v1, kind: Deployment, name: checkout, namespace: shop}
field:
  path: spec.template.spec.containers[0].readinessProbe.periodSeconds
  currentValue: 60
  proposedValue: 10
file: {path: deployment.yaml}
tags:
  rule: health-checks
  class: health-checks
  environment: production
  service: checkout
  field-path: spec.template.spec.containers[name=checkout].readinessProbe.periodSeconds
",
    )
    .expect("a result");
    let mut result = found[0].result.clone();
    let message = result
        .as_mapping_mut()
        .and_then(|result| result.remove("message"))
        .expect("a message");
    assert_eq!(result, expected);
    let message = message.as_str().expect("a text");
    for word in ["Deployment checkout", "readiness", "60", "10", "production"] {
        assert!(message.contains(word), "{word}: {message}");
    }
}

#[test]
fn a_bad_package_fails_with_exactly_its_rule() {
    let kpt = require!(kpt());
    let package = Package::new();
    package.change("deployment.yaml", PROBE, &PROBE.replace("10", "60"));
    let before = files(&package.tree.path("checkout"));
    let said = package
        .render(&kpt, &["--allow-exec"])
        .expect_failure("kpt fn render");
    assert_eq!(package.tap.calls().len(), 1);
    assert_is_about_the_probe(&package.results());
    assert!(
        said.contains("[error] apps/v1/Deployment/shop/checkout"),
        "{said}"
    );
    assert!(files(&package.tree.path("checkout")) == before);
}

#[test]
fn the_image_does_the_same() {
    let kpt = require!(kpt());
    let docker = require!(docker());
    let image = require!(image());
    for good in [true, false] {
        let package = Package::new();
        let container = format!("  - image: {image}\n");
        package.change("Kptfile", "  - exec: krm-parity\n", &container);
        if !good {
            package.change("deployment.yaml", PROBE, &PROBE.replace("10", "60"));
        }
        let before = files(&package.tree.path("checkout"));
        let witness = DockerWitness::new(&docker);
        let mut command = package.command(&kpt, &["--image-pull-policy", "Never"]);
        witness.apply(&mut command);
        let rendered = run(&mut command);
        assert_eq!(
            witness.runs(&image),
            1,
            "{rendered:#?} {:?}",
            witness.calls()
        );
        assert_eq!(rendered.succeeded(), good, "{rendered:#?}");
        if good {
            assert_eq!(package.results(), (0, Vec::new()));
        } else {
            assert_is_about_the_probe(&package.results());
        }
        assert!(files(&package.tree.path("checkout")) == before);
    }
}

/// The rule about the package's own contradiction, which its policy ignores.
const ALONE: &str = "replicas-and-autoscaler";

/// Results without that rule.
fn compared((code, mut found): (i64, Vec<Found>)) -> (i64, Vec<Found>) {
    found.retain(|one| one.rule != ALONE);
    (code, found)
}

/// `configMap:` in a Kptfile: the flat keys of a policy.
#[test]
fn a_config_map_is_a_policy() {
    let kpt = require!(kpt());
    let package = Package::new();
    package.configure("    configMap:\n      environment: production\n");
    package
        .render(&kpt, &["--allow-exec"])
        .expect_success("kpt fn render");
    let calls = package.tap.calls();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].stdin.contains("\nfunctionConfig:"));
    assert_eq!(rules_said(&calls[0].stderr), [ALONE]);

    package.change("deployment.yaml", PROBE, &PROBE.replace("10", "60"));
    package
        .render(&kpt, &["--allow-exec"])
        .expect_failure("kpt fn render");
    assert_is_about_the_probe(&compared(package.results()));

    // Classes that are allowed by default are no longer allowed if the list differs.
    let package = Package::new();
    package.configure(
        "    configMap:\n      environment: production\n      allow: resource-values, env-values, hostnames\n",
    );
    package
        .render(&kpt, &["--allow-exec"])
        .expect_failure("kpt fn render");
    assert_eq!(rules(&compared(package.results()).1), ["replicas"]);
}

#[test]
fn no_configuration_means_the_defaults() {
    let kpt = require!(kpt());
    let package = Package::new();
    package.configure("");
    package
        .render(&kpt, &["--allow-exec"])
        .expect_success("kpt fn render");
    let calls = package.tap.calls();
    assert_eq!(calls.len(), 1);
    assert!(!calls[0].stdin.contains("\nfunctionConfig:"));

    package.change("deployment.yaml", PROBE, &PROBE.replace("10", "60"));
    package
        .render(&kpt, &["--allow-exec"])
        .expect_failure("kpt fn render");
    let (code, found) = compared(package.results());
    assert_eq!((code, rules(&found)), (1, vec!["health-checks"]));
    // The environment is not known.
    assert!(found[0].result["tags"]["environment"].is_null());
}

/// Without the committed snapshot there is nothing to compare with, which does not pass.
#[test]
fn a_package_without_its_snapshot_fails() {
    let kpt = require!(kpt());
    let package = Package::new();
    fs::remove_file(package.tree.path("checkout/base-snapshot.yaml")).expect("a snapshot");
    package
        .render(&kpt, &["--allow-exec"])
        .expect_failure("kpt fn render");
    assert_eq!(package.tap.calls().len(), 1);
    assert_eq!(rules(&package.results().1), ["missing-baseline"]);
}

/// A mistake in the policy is reported in one line, and as a result.
#[test]
fn a_mistake_in_the_policy_is_shown() {
    let kpt = require!(kpt());
    let package = Package::new();
    package.change("parity-policy.yaml", "  environment: ", "  enviroment: ");
    let said = package
        .render(&kpt, &["--allow-exec"])
        .expect_failure("kpt fn render");
    assert_eq!(package.tap.calls().len(), 1);
    for word in ["enviroment", "environment"] {
        assert!(said.contains(word), "{said}");
    }
}

/// Rendering needs no container engine and only one flag; without it kpt reports an error.
#[test]
fn a_missing_flag_or_program_fails() {
    let kpt = require!(kpt());
    let package = Package::new();
    let said = package.render(&kpt, &[]).expect_failure("kpt fn render");
    assert!(said.contains("must run with `--allow-exec`"), "{said}");
    let mut command = package.command(&kpt, &["--allow-exec"]);
    run(command.env("PATH", package.tree.path("checkout"))).expect_failure("kpt fn render");
    assert!(package.tap.calls().is_empty());
}
