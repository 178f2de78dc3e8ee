//! A program that keeps what went through the function.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_yaml::Value;

use super::engine::before_path;
use super::witness::{Tree, quoted};

/// More runs than any test has.
const MOST_RUNS: usize = 1000;

/// The function, by the bare name that the examples use, with a copy kept of all that it reads and says.
#[derive(Debug)]
pub struct Tap {
    tree: Tree,
}

/// One run of the function.
#[derive(Debug)]
pub struct Call {
    /// The arguments, joined by blanks.
    pub arguments: String,
    /// The exit code.
    pub code: i32,
    /// What it was given.
    pub stdin: String,
    /// What it answered.
    pub stdout: String,
    /// What it said to people.
    pub stderr: String,
}

/// One result, as it stands in a `ResourceList` or in kpt's results file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The tag `rule`.
    pub rule: String,
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// The whole of it.
    pub result: Value,
}

impl Tap {
    /// A tap on `program`.
    ///
    /// # Panics
    /// When its files cannot be written.
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

    /// Lets a host find the tap as `krm-parity`.
    pub fn apply(&self, command: &mut Command) {
        command.env("PATH", self.search_path());
    }

    /// Every run so far.
    ///
    /// # Panics
    /// When a run did not come to its end.
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
    /// Did what came in go out whole, with nothing more than something put in at one place?
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

    /// The results of the list that this run answered with.
    #[must_use]
    pub fn found(&self) -> Vec<Found> {
        found(&self.stdout)
    }
}

/// The results in a `ResourceList`.
///
/// # Panics
/// When it is none, or a result lacks what every result must have.
#[must_use]
pub fn found(list: &str) -> Vec<Found> {
    let list: Value = serde_yaml::from_str(list).expect("a ResourceList");
    assert_eq!(list["kind"].as_str(), Some("ResourceList"), "{list:?}");
    found_in(&list)
}

/// The results of anything that has `results`.
///
/// # Panics
/// When a result lacks a message, a severity, or the tags of a finding.
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

/// The rules of results, sorted, each once.
#[must_use]
pub fn rules(found: &[Found]) -> Vec<&str> {
    let mut rules: Vec<&str> = found.iter().map(|one| one.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}
