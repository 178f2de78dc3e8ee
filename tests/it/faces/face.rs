//! The ways to the gate.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use krm_parity::function::{self, Output};
use krm_parity::rules::RULES;
use serde_yaml::Value;

use super::case::Case;
use super::known;
use crate::lawbook::TODAY;
use crate::support::{Tree, binary, items, run};

/// A way to the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    /// All environments sealed, in one list.
    Matrix,
    /// `check`, which builds many directories in one process.
    Check,
    /// `check --one-by-one`.
    OneByOne,
    /// `check --rendered`, with files that kustomize has built.
    Rendered,
    /// The function in a build, with a recorder in the base.
    Wired,
    /// The files of the tree as items, as kpt passes them on.
    Package,
}

/// Rules about files that were not judged, which would be a difference.
const LEFT_OUT: [&str; 3] = ["build-failure", "unchecked-file", "unjudged-overlay"];

/// Findings as results, one per line, without the file at fault.
pub type Rows = BTreeSet<String>;

/// The rule of a row.
pub fn rule(row: &str) -> &str {
    row.split_once(' ').expect("a row").0
}

/// The function's findings for a list.
pub fn rows(input: &str) -> Rows {
    let answer = function::run(input.as_bytes(), TODAY)
        .unwrap_or_else(|error| panic!("{error} for\n{input}"));
    match answer.output {
        Output::Unchanged => Rows::new(),
        Output::Text(output) => rows_of_all(&output),
    }
}

/// The results of a list, whatever their service.
pub fn rows_of_all(list: &str) -> Rows {
    rows_of(list).into_values().flatten().collect()
}

fn rows_of(list: &str) -> BTreeMap<String, Rows> {
    let list: Value = serde_yaml::from_str(list).unwrap_or_else(|error| panic!("{error}:\n{list}"));
    rows_in(&list)
}

/// The results of any value that has some, by service. Only the gate has rules about files, because
/// only it sees files.
pub fn rows_in(list: &Value) -> BTreeMap<String, Rows> {
    let mut all: BTreeMap<String, Rows> = BTreeMap::new();
    for result in list["results"].as_sequence().into_iter().flatten() {
        let rule = result["tags"]["rule"].as_str().expect("a rule");
        let is_of_files = RULES
            .iter()
            .any(|known| known.id.as_str() == rule && known.of_files);
        let mut rest = result.clone();
        let fields = rest.as_mapping_mut().expect("a result");
        fields.remove("file");
        if known::OF_THE_POLICY.contains(&rule) {
            fields["tags"]
                .as_mapping_mut()
                .expect("tags")
                .remove("environment");
        }
        let service = result["tags"]["service"].as_str().unwrap_or_default();
        if !is_of_files || LEFT_OUT.contains(&rule) {
            let mut rest = serde_json::to_value(&rest).expect("JSON");
            rest.sort_all_objects();
            let row = format!("{rule} {rest}");
            all.entry(service.to_owned()).or_default().insert(row);
        }
    }
    all
}

/// A repository of these services, with their one policy.
pub fn tree(cases: &[&Case]) -> Tree {
    let tree = Tree::new();
    tree.write("parity.yaml", &format!("{}\n", cases[0].policy(false)));
    for case in cases {
        case.write(&tree);
    }
    tree
}

pub fn matrix(case: &Case) -> Rows {
    rows(&case.as_matrix())
}

pub fn checked(
    face: Face,
    kustomize: &Path,
    tree: &Tree,
    cases: &[&Case],
) -> BTreeMap<String, Rows> {
    let mut path = OsString::from(kustomize.parent().expect("a folder"));
    path.push(":/usr/bin:/bin");
    let mut command = Command::new(binary());
    command
        .current_dir(tree.path(""))
        .env("PATH", path)
        .env("SOURCE_DATE_EPOCH", "1781481600")
        .args(["check", "--format", "krm"]);
    match face {
        Face::OneByOne => {
            command.arg("--one-by-one");
        }
        Face::Rendered => {
            for case in cases {
                for environment in case.environments.keys() {
                    let folder = match environment.as_str() {
                        "base" => format!("{}/base", case.service),
                        other => format!("{}/overlays/{other}", case.service),
                    };
                    let built = run(Command::new(kustomize).arg("build").arg(tree.path(&folder)))
                        .expect_success(&case.place);
                    let file = format!("out/{}/{environment}.yaml", case.service);
                    tree.write(&file, &built);
                    let named = format!("{}/{environment}={file}", case.service);
                    command.args(["--rendered", &named]);
                }
            }
        }
        _ => {}
    }
    let run = run(&mut command);
    assert!(matches!(run.code, Some(0 | 1)), "{run:#?}");
    // The function does not know the file of its policy, but the gate does.
    let said = run.stdout.replace(" parity.yaml", " the ParityPolicy");
    rows_of(&said)
}

pub fn package(tree: &Tree, cases: &[&Case]) -> BTreeMap<String, Rows> {
    let policy = cases[0].policy(false);
    let list = format!("{}functionConfig: {policy}\n", items(&tree.path("")));
    let answer = function::run(list.as_bytes(), TODAY).unwrap_or_else(|error| panic!("{error}"));
    match answer.output {
        Output::Unchanged => BTreeMap::new(),
        Output::Text(output) => rows_of(&output),
    }
}
