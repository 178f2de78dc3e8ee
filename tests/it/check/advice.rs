//! The advice of a finding works when someone follows it, and it names the right subject.

use serde_json::Value;

use super::paste::entry;
use super::{NEWEST, check, report};
use crate::support::{Tree, binary, require, run};

const HEAD: &str =
    "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec:\n";

/// A Deployment in the base, or no base, and a `ConfigMap` that every environment adds with its own data.
fn adding(has_base: bool, data: [&str; 3]) -> Tree {
    let tree = Tree::new();
    let base = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n  selector: {matchLabels: {app: app}}\n  template:\n    metadata: {labels: {app: app}}\n    spec: {containers: [{name: app, image: 'app:1'}]}\n";
    tree.kustomization("base", "app.yaml", base);
    for (environment, data) in ["dev", "staging", "production"].into_iter().zip(data) {
        let folder = format!("overlays/{environment}");
        let loads = if has_base { "../../base, " } else { "" };
        tree.write(
            &format!("{folder}/kustomization.yaml"),
            &format!("resources: [{loads}settings.yaml]\n"),
        );
        tree.write(
            &format!("{folder}/settings.yaml"),
            &format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{{data}}}\n"
            ),
        );
    }
    tree
}

/// The findings of a rule.
fn of<'r>(report: &'r Value, rule: &str) -> Vec<&'r Value> {
    let all = report["findings"].as_array().expect("findings").iter();
    all.filter(|finding| finding["rule"] == rule).collect()
}

/// An entry that silences a finding is used, no matter which of the two environments it names.
#[test]
fn a_pasted_entry_is_used_even_if_it_names_the_first_environment() {
    let kustomize = require!(kustomize(NEWEST));
    for has_base in [true, false] {
        for odd in 0..3 {
            let mut data = ["A: a"; 3];
            data[odd] = "A: a, EXTRA: b";
            let tree = adding(has_base, data);
            let before = report(&kustomize, &tree.path(""), &[]);
            let mismatches = of(&before, "environment-mismatch");
            let [mismatch] = mismatches.as_slice() else {
                panic!("{has_base} {odd}: {before:#}");
            };
            let (list, file, entry) = entry(mismatch);
            assert_eq!(list, "allow.fields");
            tree.write(
                &file,
                &format!("{HEAD}  allow:\n    fields:\n    - {entry}\n"),
            );
            let after = report(&kustomize, &tree.path(""), &[]);
            for rule in ["environment-mismatch", "unused-exemption"] {
                assert_eq!(of(&after, rule).len(), 0, "{has_base} {odd}: {after:#}");
            }
            // Once the difference is gone, the entry is no longer used.
            tree.write(
                &format!(
                    "overlays/{}/settings.yaml",
                    ["dev", "staging", "production"][odd]
                ),
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {A: a}\n",
            );
            let fixed = report(&kustomize, &tree.path(""), &[]);
            let unused = of(&fixed, "unused-exemption");
            let headline = unused.first().map(|one| one["headline"].as_str());
            let headline = headline.flatten().unwrap_or_default();
            // The resource still exists; only the difference is gone.
            let why = "matched nothing: no difference that is checked is there";
            assert!(unused.len() == 1 && headline.contains(why), "{fixed:#}");
        }
    }
}

/// A key that one environment lacks has no value to set.
#[test]
fn the_help_for_a_missing_key_says_to_add_or_remove_it() {
    let kustomize = require!(kustomize(NEWEST));
    for (data, expected) in [
        (
            ["A: a", "A: a", "A: a, EXTRA: b"],
            "Remove it from production, or add it to dev.",
        ),
        (
            ["A: a, B: b", "A: a, B: b", "A: a"],
            "Add it to production, or remove it from dev.",
        ),
    ] {
        let report = report(&kustomize, &adding(true, data).path(""), &[]);
        let mismatches = of(&report, "environment-mismatch");
        let help: Vec<_> = mismatches.iter().map(|one| &one["help"]).collect();
        assert_eq!(help, [expected], "{report:#}");
    }
}

/// A service whose production patches its container and its `ConfigMap`, and whose policy permits these classes.
fn patched(env: &str, data: &str, classes: &str) -> Tree {
    let tree = Tree::new();
    let base = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n  selector: {matchLabels: {app: app}}\n  template:\n    metadata: {labels: {app: app}}\n    spec: {containers: [{name: app, image: 'app:1'}]}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";
    tree.kustomization("base", "app.yaml", base);
    for environment in ["dev", "staging"] {
        tree.overlay(&format!("overlays/{environment}"), "");
    }
    let keys = match data {
        "" => String::new(),
        data => format!(
            "- patch: |\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {{name: settings}}\n    data: {{{data}}}\n"
        ),
    };
    tree.overlay(
        "overlays/production",
        &format!(
            "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: app}}\n    spec: {{template: {{spec: {{containers: [{{name: app, env: [{env}]}}]}}}}}}\n{keys}"
        ),
    );
    tree.write(
        "parity.yaml",
        &format!("{HEAD}  allow: {{classes: [env-values, {classes}]}}\n"),
    );
    tree
}

/// Additions of a single environment are checked too where the policy permits them.
#[test]
fn an_added_name_or_key_that_names_another_environment_is_reported() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = patched(
        "{name: DB_HOST, value: db.staging.example.com}, {name: OWN, value: db.production.example.com}",
        "CACHE: cache.staging.example.com, OTHER: cache.example.com",
        "env-names, config-keys",
    );
    let found = report(&kustomize, &tree.path(""), &[]);
    let foreign = of(&found, "foreign-environment");
    let mut paths: Vec<_> = foreign
        .iter()
        .map(|one| {
            assert_eq!(one["environment"], "production");
            one["field"]["path"].as_str().unwrap_or_default()
        })
        .collect();
    paths.sort_unstable();
    let expected = [
        "data.CACHE",
        "spec.template.spec.containers[name=app].env[name=DB_HOST]",
    ];
    assert_eq!(paths, expected, "{found:#}");
    // Where the addition itself is a finding, that is enough.
    let tree = patched(
        "{name: DB_HOST, value: db.staging.example.com}",
        "CACHE: cache.staging.example.com",
        "hostnames",
    );
    let found = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(of(&found, "foreign-environment").len(), 0, "{found:#}");
    assert_eq!(of(&found, "env-names").len(), 1, "{found:#}");
}

/// The entries that a text report shows.
fn entries(text: &str) -> Vec<&str> {
    let lines = text.lines().map(str::trim_start);
    let lines = lines.filter_map(|line| line.strip_prefix("entry "));
    lines.map(str::trim_start).collect()
}

/// Two findings of one rule need two entries: a flag shows both, and the default output says that one is hidden.
#[test]
fn every_finding_can_show_its_own_entry() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = patched("{name: A, value: a}, {name: B, value: b}", "", "hostnames");
    let found = report(&kustomize, &tree.path(""), &[]);
    let own: Vec<String> = of(&found, "env-names")
        .into_iter()
        .map(|one| entry(one).2.replace("reason: x", "reason: TODO"))
        .collect();
    assert_eq!(own.len(), 2, "{found:#}");
    let short = check(&kustomize, &tree.path(""), &[]).stdout;
    assert_eq!(entries(&short), own[..1], "{short}");
    assert!(
        short.contains(
            "note: not shown: the entries that permit 1 more finding (--show-entries shows them)"
        ),
        "{short}"
    );
    let long = check(&kustomize, &tree.path(""), &["--show-entries"]).stdout;
    assert_eq!(entries(&long), own, "{long}");
    assert_eq!(long.matches("permit  ").count(), 1, "{long}");
    assert!(!long.contains("not shown"), "{long}");
    let markdown = check(
        &kustomize,
        &tree.path(""),
        &["--show-entries", "--format", "markdown"],
    );
    assert_eq!(markdown.stdout.matches("TODO").count(), 2, "{markdown:#?}");
}

/// An exempt finding is already permitted.
#[test]
fn an_exempt_finding_does_not_say_how_to_permit_it() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = patched("{name: A, value: a}", "", "hostnames");
    tree.write(
        "parity.yaml",
        &format!("{HEAD}  exemptions: [{{rule: env-names, reason: r, expires: 2027-01-31}}]\n"),
    );
    let found = report(&kustomize, &tree.path(""), &[]);
    let [exempt] = of(&found, "env-names")[..] else {
        panic!("{found:#}");
    };
    assert_eq!(exempt["severity"], "info");
    assert!(
        exempt["permit"].as_str().unwrap_or_default().is_empty(),
        "{exempt:#}"
    );
    let mut explain = std::process::Command::new(binary());
    explain
        .current_dir(tree.path(""))
        .env("SOURCE_DATE_EPOCH", "1781481600")
        .args(["explain", "overlays/production"]);
    let said = run(&mut explain);
    assert!(said.stdout.contains("info[env-names]"), "{said:#?}");
    assert!(!said.stdout.contains("permit"), "{said:#?}");
}
