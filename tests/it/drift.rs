//! `krm-parity drift`: Git compared with the answers of real API servers, recorded in
//! `tests/fixtures/live`.

mod audit;
mod context;
mod explained;
mod fixed;
mod follow;
mod git;
mod managers;
mod objects;
mod recovery;
mod rewrites;
mod secrets;
mod twins;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{Run, Tree, binary, run};

fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/live")
}

/// The verb in a directory.
fn drift(directory: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(binary());
    command
        .current_dir(directory)
        .env("SOURCE_DATE_EPOCH", "1781481600")
        .arg("drift")
        .args(arguments);
    run(&mut command)
}

/// The findings of two files.
fn found(directory: &Path, git: &str, live: &str) -> Vec<Value> {
    let arguments = ["--rendered", git, "--live", live, "--format", "json"];
    let run = drift(directory, &arguments);
    let report: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    report["findings"].as_array().expect("findings").clone()
}

/// The findings of two texts, in short form: rule, resource and path.
fn short(git: &str, live: &str) -> Vec<String> {
    let tree = Tree::new();
    tree.write("git.yaml", git);
    tree.write("live.yaml", live);
    let all = found(&tree.path(""), "git.yaml", "live.yaml");
    all.iter().map(line).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn resource(finding: &Value) -> String {
    let resource = &finding["resource"];
    format!("{}/{}", text(&resource["kind"]), text(&resource["name"]))
}

fn line(finding: &Value) -> String {
    let path = text(&finding["field"]["path"]);
    let line = format!("{} {} {path}", text(&finding["rule"]), resource(finding));
    line.trim_end().to_owned()
}

/// The rule for a verdict of the recordings.
fn rule(verdict: &str) -> &'static str {
    match verdict.split(' ').next().unwrap_or_default() {
        "MANUAL" => "manual-change",
        "REMOVED" => "manual-removal",
        "ADDED" => "manual-addition",
        "MISSING" => "missing-object",
        "EXTRA" => "extra-object",
        "restart" => "rollout-restart",
        "autoscaler" => "replicas-and-autoscaler",
        "OUT-OF-SYNC" => "out-of-sync",
        other => panic!("{other}"),
    }
}

/// One row: scenario, resource, path, verdict, manager.
fn rows() -> Vec<Vec<String>> {
    let text = fs::read_to_string(recordings().join("expect.tsv")).expect("the table");
    let rows: Vec<Vec<String>> = text
        .lines()
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    assert!(rows.len() > 40, "{}", rows.len());
    rows
}

/// A path as the table writes it: keys without quotes.
fn plain(path: &str) -> String {
    path.replace("[\"", ".").replace("\"]", "")
}

/// Whether a place equals another one, or contains it, or is in it, up to the first list.
fn is_near(place: &str, path: &str) -> bool {
    let place = place.split('[').next().unwrap_or_default();
    let is_in = |inner: &str, outer: &str| {
        let rest = inner.strip_prefix(outer);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    is_in(place, path) || is_in(path, place)
}

#[test]
fn every_recorded_change_is_reported_once_with_its_tool_and_time() {
    let mut scenarios: Vec<String> = rows().into_iter().map(|row| row[0].clone()).collect();
    scenarios.dedup();
    assert_eq!(scenarios.len(), 27);
    for scenario in scenarios {
        let directory = recordings().join(&scenario);
        let all = found(&directory, "want.yaml", "live.yaml");
        let told: Vec<String> = all.iter().map(line).collect();
        let mut left = all.clone();
        let mut around: Vec<Value> = Vec::new();
        for row in rows().iter().filter(|row| row[0] == scenario) {
            let [_, on, path, verdict, manager @ ..] = row.as_slice() else {
                panic!("{row:?}")
            };
            if verdict.starts_with("nothing") {
                assert!(told.is_empty(), "{scenario}: {told:?}");
                continue;
            }
            let rule = rule(verdict);
            let is_it = |finding: &Value| {
                text(&finding["rule"]) == rule
                    && resource(finding) == *on
                    && plain(text(&finding["field"]["path"])) == *path
            };
            // A removed part is reported once, and not for each of its leaves.
            let is_around = |finding: &Value| {
                let own = plain(text(&finding["field"]["path"]));
                rule == "manual-removal" && path.starts_with(&format!("{own}."))
            };
            let finding = if let Some(at) = left.iter().position(is_it) {
                left.remove(at)
            } else if let Some(at) = left.iter().position(is_around) {
                around.push(left.remove(at));
                continue;
            } else {
                assert!(
                    around.iter().any(is_around),
                    "{scenario} lacks {rule} {path}: {told:?}"
                );
                continue;
            };
            let message = text(&finding["message"]);
            let who = match verdict.split_once("who=") {
                Some((_, who)) => who,
                None => manager.first().map_or("", String::as_str),
            };
            // The autoscaler is the manager in the table, and the rule is about Git.
            if rule == "replicas-and-autoscaler" {
                continue;
            }
            for word in who.split([' ', '/']).filter(|word| *word != "-") {
                assert!(message.contains(word), "{scenario}: {word}: {message}");
            }
        }
        let left: Vec<String> = left.iter().map(line).collect();
        assert!(left.is_empty(), "{scenario} tells too much: {left:?}");
    }
}

#[test]
fn without_managed_fields_only_values_are_reported() {
    for scenario in ["untouched-ssa", "untouched-argo-csa", "hpa", "changed-back"] {
        let all = found(&recordings().join(scenario), "want.yaml", "plain.yaml");
        assert!(all.is_empty(), "{scenario}: {all:#?}");
    }
    let directory = recordings().join("set-env");
    let all = found(&directory, "want.yaml", "plain.yaml");
    let told: Vec<String> = all.iter().map(line).collect();
    assert_eq!(
        told,
        [
            "manual-change Deployment/checkout spec.template.spec.containers[name=checkout].env[name=LOG_LEVEL].value"
        ]
    );
    assert!(text(&all[0]["message"]).contains("To see which tool changed it"));
    let run = drift(
        &directory,
        &["--rendered", "want.yaml", "--live", "plain.yaml"],
    );
    assert_eq!(run.code, Some(1));
    assert!(
        run.stdout.contains("--show-managed-fields"),
        "{}",
        run.stdout
    );
}

/// All forms in which kubectl prints objects have the same result.
#[test]
fn lists_documents_and_json_are_one() {
    let directory = recordings().join("created");
    let wanted = found(&directory, "want.yaml", "live.yaml");
    assert_eq!(wanted.len(), 1);
    let list = fs::read_to_string(directory.join("live.yaml")).expect("a recording");
    let list: Value = serde_yaml::from_str(&list).expect("a list");
    let items = list["items"].as_array().expect("items");
    let documents: Vec<String> = items.iter().map(Value::to_string).collect();
    let git = fs::read_to_string(directory.join("want.yaml")).expect("a recording");
    let tree = Tree::new();
    tree.write("git.yaml", &git);
    tree.write("list.json", &list.to_string());
    tree.write("documents.yaml", &documents.join("\n---\n"));
    for live in ["list.json", "documents.yaml"] {
        assert_eq!(found(&tree.path(""), "git.yaml", live), wanted, "{live}");
    }
}
