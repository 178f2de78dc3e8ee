//! A program that records the input and output of the function.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::Value;

use super::engine::before_path;
use super::witness::{Tree, quoted};

/// No test has more runs.
const MOST_RUNS: usize = 1000;

/// The function, under the name that the examples use, with a copy of its input and output.
#[derive(Debug)]
pub struct Tap {
    tree: Tree,
}

/// One run of the function.
#[derive(Debug)]
pub struct Call {
    /// The arguments, joined by spaces.
    pub arguments: String,
    /// The exit code.
    pub code: i32,
    /// Its input.
    pub stdin: String,
    /// Its output.
    pub stdout: String,
    /// Its stderr.
    pub stderr: String,
}

/// One result, from a `ResourceList` or from kpt's results file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The tag `rule`.
    pub rule: String,
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// The complete result.
    pub result: Value,
}

impl Tap {
    /// A tap on `program`.
    ///
    /// # Panics
    /// If its files cannot be written.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        let tree = Tree::new();
        fs::create_dir_all(tree.path("runs")).expect("a folder");
        let body = format!(
            "kept={runs}\nn=1\nwhile [ -e \"$kept/$n.arguments\" ]; do n=$((n + 1)); done\n\
             printf '%s' \"$*\" > \"$kept/$n.arguments\"\ncat > \"$kept/$n.stdin\"\ncode=0\n\
             {program} \"$@\" < \"$kept/$n.stdin\" > \"$kept/$n.stdout\" 2> \"$kept/$n.stderr\" || code=$?\n\
             printf '%s' \"$code\" > \"$kept/$n.code\"\n\
             cat \"$kept/$n.stderr\" >&2\ncat \"$kept/$n.stdout\"\nexit \"$code\"\n",
            runs = quoted(&tree.path("runs")),
            program = quoted(program),
        );
        tree.script("bin/krm-parity", &body);
        Self { tree }
    }

    /// The function under test.
    #[must_use]
    pub fn on_binary() -> Self {
        Self::new(super::binary())
    }

    /// The script itself.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.tree.path("bin/krm-parity")
    }

    /// PATH, with this tap as the first `krm-parity` on it.
    #[must_use]
    pub fn search_path(&self) -> OsString {
        before_path(Some(&self.tree.path("bin")))
    }

    /// Makes a host find the tap as `krm-parity`.
    pub fn apply(&self, command: &mut Command) {
        command.env("PATH", self.search_path());
    }

    /// Every run so far.
    ///
    /// # Panics
    /// If a run did not end.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        let file = |n: usize, what: &str| self.tree.path(&format!("runs/{n}.{what}"));
        (1..=MOST_RUNS)
            .take_while(|n| file(*n, "arguments").exists())
            .map(|n| {
                let read = |what: &str| {
                    let bytes = fs::read(file(n, what)).expect("a run that has ended");
                    String::from_utf8_lossy(&bytes).into_owned()
                };
                Call {
                    arguments: read("arguments"),
                    code: read("code").parse().expect("an exit code"),
                    stdin: read("stdin"),
                    stdout: read("stdout"),
                    stderr: read("stderr"),
                }
            })
            .collect()
    }
}

impl Call {
    /// Whether the output is the complete input, with at most one text inserted.
    ///
    /// A functionConfig may ask for another answer, with `emit: none` or `mode: replace`.
    #[must_use]
    pub fn keeps_the_items(&self) -> bool {
        let (_, config) = self
            .stdin
            .split_once("\nfunctionConfig:")
            .unwrap_or_default();
        if config.contains("emit: none") || config.contains("mode: replace") {
            return true;
        }
        let alike = |(a, b): &(u8, u8)| a == b;
        let (before, after) = (self.stdin.bytes(), self.stdout.bytes());
        let start = before.clone().zip(after.clone()).take_while(alike).count();
        let end = before.rev().zip(after.rev()).take_while(alike).count();
        start + end >= self.stdin.len()
    }

    /// The results in the output of this run.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        found(&self.stdout)
    }
}

/// The results in a `ResourceList`.
///
/// # Panics
/// If it is not one, or a result lacks a required field.
#[must_use]
pub fn found(list: &str) -> Vec<Found> {
    let list: Value = serde_yaml::from_str(list).expect("a ResourceList");
    assert_eq!(list["kind"].as_str(), Some("ResourceList"), "{list:?}");
    found_in(&list)
}

/// The results of any value with `results`.
///
/// # Panics
/// If a result lacks a message, a severity, or the tags of a finding.
#[must_use]
pub fn found_in(value: &Value) -> Vec<Found> {
    let results = match &value["results"] {
        Value::Sequence(results) => results.as_slice(),
        _ => &[],
    };
    results
        .iter()
        .map(|result| {
            let text = |value: &Value| {
                value
                    .as_str()
                    .unwrap_or_else(|| panic!("{result:?}"))
                    .to_owned()
            };
            assert!(!text(&result["message"]).contains('\n'), "{result:?}");
            Found {
                rule: text(&result["tags"]["rule"]),
                severity: text(&result["severity"]),
                result: result.clone(),
            }
        })
        .collect()
}

/// The rules of results, sorted, without duplicates.
#[must_use]
pub fn rules(found: &[Found]) -> Vec<&str> {
    let mut rules: Vec<&str> = found.iter().map(|one| one.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}
