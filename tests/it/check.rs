//! `krm-parity check` as a process: what it finds, builds and reports, and what it leaves alone.

mod absent;
mod additions;
mod advice;
mod arguments;
mod bare;
mod bases;
mod builders;
mod commands;
mod copies;
mod corpus;
mod deployers;
mod discovery;
mod disguise;
mod doors;
mod everything;
mod fleet;
mod functions;
mod gathered;
mod git;
mod helm;
mod hidden;
mod inputs;
mod lacking;
mod layers;
mod new;
mod odd;
mod overridden;
mod own_names;
mod owners;
mod paste;
mod places;
mod policies;
mod processes;
mod progress;
mod promotion;
mod references;
mod renamed;
mod rendered;
mod secrets;
mod since;
mod taken;
mod unused;
mod verdicts;
mod voters;

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{NEWEST, Run, Tree, binary, run};

/// Runs `krm-parity check` in a directory, with one builder first on PATH.
fn check(builder: &Path, directory: &Path, arguments: &[&str]) -> Run {
    let mut path = OsString::from(builder.parent().expect("a folder"));
    path.push(":/usr/bin:/bin");
    let mut command = Command::new(binary());
    command
        .current_dir(directory)
        .env("PATH", path)
        .env("SOURCE_DATE_EPOCH", "1781481600")
        .arg("check")
        .args(arguments);
    run(&mut command)
}

/// The same as a parsed JSON report, whatever the exit code.
fn report(builder: &Path, directory: &Path, arguments: &[&str]) -> Value {
    let run = check(
        builder,
        directory,
        &[&["--format", "json"], arguments].concat(),
    );
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

/// Rule, severity, service, environment, place and headline of each finding of a tree, built without a builder on PATH.
fn outlined(tree: &Tree, place: impl Fn(&Value) -> String) -> Vec<String> {
    let report = report(binary(), &tree.path(""), &[]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().expect("findings").iter();
    let one = |finding: &Value| {
        let fields = ["rule", "severity", "service", "environment"].map(|key| text(&finding[key]));
        let (fields, headline) = (fields.join(" "), text(&finding["headline"]));
        format!("{fields} {}: {headline}", place(&finding["place"]))
    };
    all.map(one).collect()
}

/// The findings as lines that do not depend on the hashes of names or on the names of files.
fn findings(report: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().expect("findings");
    let mut lines: Vec<String> = all
        .iter()
        .map(|finding| {
            [
                text(&finding["rule"]),
                text(&finding["service"]),
                text(&finding["environment"]),
                text(&finding["baseline"]),
                text(&finding["resource"]["kind"]),
                text(&finding["baseName"]),
                text(&finding["field"]["path"]),
            ]
            .join(" ")
        })
        .collect();
    lines.sort();
    lines
}
