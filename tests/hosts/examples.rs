//! Every example is a test, under every kustomize release that `scripts/setup` installs.
//!
//! The functions of the examples have the name `krm-parity` and are found on PATH, where a [`Tap`]
//! is. It shows the input and output of every run, and so also that there were runs.
//!
//! `UPDATE=1` rewrites the recorded files; `scripts/examples` does that and reports the changes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{
    Call, Host, NEWEST, Run, Tap, Tree, binary, copy_examples, example, found, require, rewrite,
    rules, run, without_functions,
};
use assert_cmd::assert::OutputAssertExt as _;
use krm_parity::catalog::{RuleId, Severity};
use krm_parity::rules::{RULES, record};

/// Every example that passes, and the number of runs of the function in it.
const GOOD: [(&str, usize); 24] = [
    ("services/catalog/overlays/dev", 2),
    ("services/catalog/overlays/production", 2),
    ("services/catalog/overlays/staging", 2),
    ("services/checkout/overlays/dev", 2),
    ("services/checkout/overlays/production", 2),
    ("services/checkout/overlays/staging", 2),
    ("services/inventory/overlays/dev", 2),
    ("services/inventory/overlays/production", 2),
    ("services/inventory/overlays/staging", 2),
    ("services/payments/overlays/dev", 2),
    ("services/payments/overlays/production", 2),
    ("services/payments/overlays/staging", 2),
    // The four bases record themselves.
    ("services/catalog/base", 1),
    ("services/checkout/base", 1),
    ("services/inventory/base", 1),
    ("services/payments/base", 1),
    ("component/production", 2),
    // Two bases, the policy, and the recorder of the middle layer.
    ("nested/production", 4),
    ("nested/production-eu", 5),
    ("nested/production-us", 5),
    ("validators/production", 2),
    ("argocd/basket/base", 1),
    ("argocd/basket/overlays/production", 2),
    ("argocd/basket/overlays/staging", 2),
];

/// Every example outside the gallery that fails: the number of runs, and the rules.
const BAD: [(&str, usize, &[&str]); 5] = [
    // Four environments, and the policy.
    ("fleet/inventory/parity", 5, &["inverted-resources"]),
    ("hotfix", 2, &["env-names", "health-checks", "image"]),
    ("component/broken", 2, &["image"]),
    ("nested/broken", 5, &["env-names"]),
    ("validators/broken", 2, &["health-checks"]),
];

/// The folders of the gallery that are not cases, but shared by them.
const SHARED: [&str; 2] = ["base", "strict"];

/// Checks that the build of a good example is right, and returns its stderr.
fn good(tap: &Tap, built: Run, runs: usize) -> Result<String, String> {
    let calls = tap.calls();
    if calls.len() != runs {
        return Err(format!(
            "the function ran {} times, not {runs}",
            calls.len()
        ));
    }
    if !calls.iter().all(Call::keeps_the_items) {
        return Err(format!("the items do not go on as they came: {calls:#?}"));
    }
    let silent = |call: &Call| call.code == 0 && call.stderr.is_empty();
    if !calls.iter().all(silent) || !built.succeeded() || !built.stderr.is_empty() {
        return Err(format!("not a silent success: {built:#?} {calls:#?}"));
    }
    Ok(built.stdout)
}

/// Checks that the policy found exactly these rules in a bad example, once each, and returns its
/// message.
fn bad(tap: &Tap, built: &Run, runs: usize, expected: &[&str]) -> Result<String, String> {
    let calls = tap.calls();
    let Some(last) = calls.last().filter(|_| calls.len() == runs) else {
        return Err(format!(
            "the function ran {} times, not {runs}",
            calls.len()
        ));
    };
    let found = last.found();
    if rules(&found) != expected {
        return Err(format!("{:?}, not {expected:?}", rules(&found)));
    }
    let fails = found.iter().any(|one| one.severity == "error");
    if fails != (last.code == 1) || fails == built.succeeded() {
        return Err(format!("the verdict got lost: {built:#?} {last:#?}"));
    }
    // kustomize shows nothing but the function's stderr.
    if !built.stderr.starts_with(&last.stderr) {
        return Err(format!("the message got lost: {built:#?} {last:#?}"));
    }
    Ok(last.stderr.clone())
}

/// All examples without any function.
fn plain_examples() -> Tree {
    let plain = copy_examples();
    rewrite(&plain.path(""), &without_functions);
    plain
}

/// Builds the good examples whose path has this prefix, and compares the results with builds
/// without functions.
fn good_examples_build(host: &Host, beginning: &str) {
    let plain = plain_examples();
    let chosen = GOOD.iter().filter(|(path, _)| path.starts_with(beginning));
    for (path, runs) in chosen {
        let tap = Tap::on_binary();
        let built = host.build_tapped(&example(path), &tap);
        let built = good(&tap, built, *runs).unwrap_or_else(|why| panic!("{host:?} {path}: {why}"));
        let alone = host.build(&plain.path(path), &[]).expect_success(path);
        assert!(alone.contains("\nkind: "), "{path}: {alone}");
        assert!(built == alone, "{}: {path} differs", host.name);
    }
}

#[test]
fn every_overlay_of_the_services_builds_as_without_the_function() {
    for host in require!(kustomizes()) {
        good_examples_build(&host, "services/");
    }
}

#[test]
fn the_other_good_examples_build_as_without_the_function() {
    for host in require!(kustomizes()) {
        for beginning in ["argocd/", "component/", "nested/", "validators/"] {
            good_examples_build(&host, beginning);
        }
    }
}

#[test]
fn every_overlay_is_an_example_that_is_tested() {
    let mut services = Vec::new();
    for service in folders(&example("services")) {
        for overlay in folders(&example(&format!("services/{service}/overlays"))) {
            services.push(format!("services/{service}/overlays/{overlay}"));
        }
    }
    let tested: Vec<_> = GOOD.iter().map(|(path, _)| *path).collect();
    assert_eq!(services, tested[..12]);

    // Functions that are declared elsewhere are tested by name; plugin/ and kpt/ are in
    // tests/hosts.
    for folder in ["component", "nested", "validators"] {
        for overlay in folders(&example(folder)) {
            let path = format!("{folder}/{overlay}");
            let kustomization = fs::read_to_string(example(&path).join("kustomization.yaml"));
            let declares = ["\ntransformers:\n", "\nvalidators:\n"];
            let judged = kustomization
                .is_ok_and(|text| declares.iter().any(|key| text.contains(key)))
                && !matches!(overlay.as_str(), "base" | "parity" | "record");
            let known = tested.contains(&path.as_str()) || BAD.iter().any(|(bad, ..)| *bad == path);
            assert!(known || !judged, "{path} is not tested");
        }
    }
}

#[test]
fn the_side_tree_passes_and_leaves_nothing() {
    for host in require!(kustomizes()) {
        let tap = Tap::on_binary();
        let built = host.build_tapped(&example("side-tree/parity"), &tap);
        assert_eq!(good(&tap, built, 5).as_deref(), Ok(""), "{}", host.name);
        // Three overlays, each against the base.
        assert_eq!(
            tap.calls()[4]
                .stdin
                .matches("\n    digest: sha256:")
                .count(),
            4
        );

        // The deployed overlays declare no function.
        for overlay in ["dev", "production", "staging"] {
            let path = format!("side-tree/apps/shop/overlays/{overlay}");
            host.build(&example(&path), &[]).expect_success(&path);
        }
    }
}

/// The service of the incident: its environments are compared with each other, and its overlays are
/// unchanged.
#[test]
fn the_matrix_passes_and_leaves_nothing() {
    for host in require!(kustomizes()) {
        let tap = Tap::on_binary();
        let built = host.build_tapped(&example("parity/matrix"), &tap);
        // The base records itself four times, three overlays are judged, and four environments are
        // sealed.
        assert_eq!(good(&tap, built, 12).as_deref(), Ok(""), "{}", host.name);

        // The incident: production gets less than staging, and no single overlay shows it.
        let tree = copy_examples();
        let path = "services/inventory/overlays/production/statefulset.yaml";
        let overlay = fs::read_to_string(tree.path(path)).expect("an overlay");
        let less = overlay
            .replace("memory: 2Gi", "memory: 768Mi")
            .replace("memory: 4Gi", "memory: 1536Mi");
        assert_ne!(less, overlay);
        tree.write(path, &less);
        let tap = Tap::on_binary();
        let built = host.build_tapped(&tree.path("parity/matrix"), &tap);
        let rules = ["inverted-resources"];
        bad(&tap, &built, 12, &rules).unwrap_or_else(|why| panic!("{}: {why}", host.name));
        assert!(
            built.stderr.contains("(production against staging)"),
            "{}",
            built.stderr
        );
    }
}

#[test]
fn bad_examples_fail_with_exactly_their_rules() {
    for host in require!(kustomizes()) {
        for (path, runs, expected) in BAD {
            let tap = Tap::on_binary();
            let built = host.build_tapped(&example(path), &tap);
            bad(&tap, &built, runs, expected)
                .unwrap_or_else(|why| panic!("{}: {path}: {why}", host.name));
            assert_eq!(built.stdout, "", "{}: {path}", host.name);
            let found = tap.calls()[runs - 1].found();
            let rules: BTreeSet<_> = found.iter().map(|one| one.rule.as_str()).collect();
            assert_eq!(rules.len(), expected.len());
        }
    }
}

#[test]
fn the_matrix_of_the_incident_names_both_values_and_both_files() {
    for host in require!(kustomizes()) {
        let built = host.build_tapped(&example("fleet/inventory/parity"), &Tap::on_binary());
        for part in [
            "production against staging",
            "resources.limits.memory",
            "staging    2Gi",
            "production 512Mi",
            "kustomize makes production in ../overlays/production/kustomization.yaml, \
             staging in ../overlays/staging/kustomization.yaml.",
        ] {
            assert!(
                built.stderr.contains(part),
                "{}: {part}: {built:#?}",
                host.name
            );
        }
    }
}

/// The folders of the gallery, each with its rule.
fn gallery() -> BTreeMap<String, &'static str> {
    let cases: BTreeMap<_, _> = folders(&example("gallery"))
        .into_iter()
        .filter(|name| !SHARED.contains(&name.as_str()))
        .map(|name| {
            let rule = RULES
                .iter()
                .map(|rule| rule.id.as_str())
                .filter(|id| {
                    name.strip_prefix(id)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
                })
                .max_by_key(|id| id.len())
                .unwrap_or_else(|| panic!("gallery/{name} is named after no rule"));
            (name, rule)
        })
        .collect();
    assert!(!cases.is_empty(), "the gallery is empty");
    cases
}

/// Whether a rule compares environments with each other.
fn is_matrix(rule: &str) -> bool {
    matches!(
        rule,
        "environment-mismatch"
            | "foreign-environment"
            | "inverted-replicas"
            | "inverted-resources"
            | "missing-environment"
            | "unpromoted-image"
    )
}

#[test]
fn every_rule_has_a_case_in_the_gallery_and_a_line_in_its_table() {
    let cases = gallery();
    let readme = fs::read_to_string(example("README.md")).expect("the examples' README");
    // kustomize builds the gallery, where the function does not see files.
    for rule in RULES
        .iter()
        .filter(|rule| !rule.of_files && !rule.id.is_live())
    {
        assert!(
            cases.values().any(|of| *of == rule.id.as_str()),
            "no case for {}",
            rule.id.as_str()
        );
    }
    for (name, rule) in cases {
        let ends = match RuleId::parse(rule).map(|rule| record(rule).severity) {
            Some(Severity::Error) => "fails",
            _ => "warns",
        };
        let listed = readme.lines().any(|line| {
            line.starts_with(&format!("| [{name}](gallery/{name}) | "))
                && line.ends_with(&format!(" | `{rule}` | {ends} |"))
        });
        assert!(listed, "examples/README.md does not list {name} right");
    }
}

#[test]
fn recorded_messages_of_the_gallery() {
    let mut hosts = require!(kustomizes());
    // The newest first: its output is recorded.
    hosts.reverse();
    let plain = plain_examples();
    let mut recorded = Recorded::default();
    for host in &hosts {
        for (name, rule) in gallery() {
            let path = format!("gallery/{name}");
            let tap = Tap::on_binary();
            let built = host.build_tapped(&example(&path), &tap);
            let sealed = folders(&example(&path)).len();
            let runs = match rule {
                // The fault of this one is that its base records nothing.
                "missing-baseline" => 1,
                // The base records itself in every environment, each is sealed, and the policy runs
                // once.
                _ if is_matrix(rule) => 2 * sealed + 1,
                _ => 2,
            };
            let rules: &[&str] = match rule {
                // The exempted finding stays in the report.
                "expiring-exemption" => &[rule, "health-checks"],
                _ => &[rule],
            };
            let said = bad(&tap, &built, runs, rules)
                .unwrap_or_else(|why| panic!("{}: {path}: {why}", host.name));
            recorded.compare(&format!("{path}/expected.txt"), &said);
            if built.succeeded() && is_matrix(rule) {
                // There are only sealed environments, and none of them is passed on.
                assert_eq!((built.stdout.as_str(), built.stderr), ("", said), "{path}");
            } else if built.succeeded() {
                assert_eq!(built.stderr, said, "{path}");
                let alone = host.build(&plain.path(&path), &[]).expect_success(&path);
                assert!(built.stdout == alone, "{}: {path} differs", host.name);
            } else {
                assert_eq!(built.stdout, "", "{path}");
            }
        }
    }
    recorded.end();
}

#[test]
fn recorded_resource_lists() {
    let host = require!(kustomize_host(NEWEST));
    let mut recorded = Recorded::default();
    for (file, path) in [
        ("good", "services/checkout/overlays/production"),
        ("bad", "hotfix"),
    ] {
        let tap = Tap::on_binary();
        let built = host.build_tapped(&example(path), &tap);
        let calls = tap.calls();
        assert_eq!(calls.len(), 2, "{built:#?}");
        recorded.compare(&format!("resourcelist/{file}.yaml"), &calls[1].stdin);
    }
    recorded.end();
}

#[test]
fn recorded_snapshot_of_the_kpt_package() {
    let kpt = require!(kpt());
    let tap = Tap::on_binary();
    let mut command = Command::new(kpt);
    tap.apply(&mut command);
    let said = run(command
        .args(["fn", "eval"])
        .arg(example("kpt/blueprint"))
        .args(["--exec", "krm-parity", "-o", "unwrap", "--fn-config"])
        .arg(example("kpt/snapshot-recorder.yaml")))
    .expect_success("kpt fn eval");
    assert_eq!(tap.calls().len(), 1);
    let mut recorded = Recorded::default();
    recorded.compare("kpt/checkout/base-snapshot.yaml", &said);
    recorded.end();
}

/// They need no kustomize, no network, no files and no environment: a reader runs them first.
#[test]
fn the_recorded_lists_need_nothing_but_the_binary() {
    let elsewhere = Tree::new();
    let alone = |file: &str| {
        let input = fs::read(example(file)).expect("a recorded list");
        let mut command = Command::new(binary());
        command.env_clear().current_dir(elsewhere.path(""));
        let mut command = assert_cmd::Command::from_std(command);
        (
            command.write_stdin(input.clone()).output().expect("a run"),
            input,
        )
    };
    let (output, input) = alone("resourcelist/good.yaml");
    assert!(output.status.success(), "{output:?}");
    assert!(
        output.stdout == input,
        "the items do not go on as they came"
    );
    assert!(output.stderr.is_empty(), "{output:?}");

    let (output, input) = alone("resourcelist/bad.yaml");
    output.clone().assert().code(1);
    let answer = String::from_utf8(output.stdout).expect("UTF-8");
    let results = found(&answer);
    assert_eq!(rules(&results), ["env-names", "health-checks", "image"]);
    assert_eq!(results.len(), 3);
    let input = String::from_utf8(input).expect("UTF-8");
    assert!(
        answer.starts_with(&input),
        "the items do not go on as they came"
    );
}

/// The assertions of this file fail if nothing is checked. A user sees only what kustomize prints,
/// so docs/hosts.md names the flags, and recommends a build that must fail beside each wiring.
#[test]
fn a_skipped_function_turns_the_assertions_red() {
    for host in require!(kustomizes()) {
        let skipping = |path: &str| {
            let tap = Tap::on_binary();
            let mut command = host.command();
            tap.apply(&mut command);
            let built = run(command.arg("--enable-alpha-plugins").arg(example(path)));
            (tap, built)
        };
        let (tap, built) = skipping("services/checkout/overlays/production");
        assert!(built.succeeded() && built.stderr.is_empty(), "{built:#?}");
        assert_eq!(
            good(&tap, built, 2),
            Err("the function ran 0 times, not 2".to_owned())
        );
        let (tap, built) = skipping("hotfix");
        assert!(built.succeeded() && built.stderr.is_empty(), "{built:#?}");
        assert_eq!(
            bad(&tap, &built, 2, &["env-names", "health-checks", "image"]),
            Err("the function ran 0 times, not 2".to_owned())
        );
        // These two wirings fail closed, whichever flag is forgotten.
        for (path, why) in [
            ("validators/production", "shouldn't modify the resource map"),
            ("side-tree/parity", "already registered id"),
        ] {
            let (tap, built) = skipping(path);
            assert!(tap.calls().is_empty(), "{path}");
            let said = built.expect_failure(path);
            assert!(said.contains(why), "{path}: {said}");
        }
    }
}

/// The names of the folders in a folder, sorted.
fn folders(of: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(of)
        .unwrap_or_else(|error| panic!("{}: {error}", of.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.expect("a name in UTF-8").to_owned()
        })
        .collect();
    names.sort_unstable();
    names
}

/// Compares recorded files; under `UPDATE=1`, rewrites them and fails the test that did.
#[derive(Default)]
struct Recorded {
    written: Vec<PathBuf>,
}

impl Recorded {
    fn compare(&mut self, relative: &str, now: &str) {
        let path = example(relative);
        let before = fs::read_to_string(&path);
        if before.as_ref().is_ok_and(|before| before == now) {
            return;
        }
        let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
        assert!(
            update && !self.written.contains(&path),
            "examples/{relative} is not what the programs say today (UPDATE=1 records it anew).\n\
             recorded:\n{}\ntoday:\n{now}",
            before.as_deref().unwrap_or("nothing")
        );
        fs::write(&path, now).expect("a recorded file");
        self.written.push(path);
    }

    fn end(self) {
        assert!(
            self.written.is_empty(),
            "recorded anew, read the difference: {:?}",
            self.written
        );
    }
}
