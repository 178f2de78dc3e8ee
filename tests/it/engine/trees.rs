//! Small trees with one feature each, built by kustomize and by the engine.
//!
//! They are in `trees/*.txt`. A line `=== NAME` starts a tree, followed by its
//! `kustomization.yaml`; a line `>>> PATH` starts another of its files. Files of `trees/shared.txt`
//! are added to trees that name them. A name that ends with `(refused)` says that kustomize refuses
//! the tree.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use krm_parity::engine::{Built, Reason, Replay, Unknown};
use krm_parity::repo::Sources;
use krm_parity::yaml::Node;
use serde_json::Value;

use crate::support::{KUSTOMIZE_VERSIONS, NEWEST, Tree, require, run};

/// The trees that kustomize builds and the engine does not know; a tree that became known must
/// leave the list.
const UNKNOWN: [&str; 40] = [
    "a kustomization, one list and another said",
    "a kustomization, one thing and another said",
    "generators, IAMPolicyGenerator",
    "generators, a directory that says where they are",
    "generators, a label that is a flag, and is replaced",
    "generators, inline",
    "hashes, a type that is null",
    "hashes, of a flag in the place of the values",
    "hashes, of a list in the place of the values",
    "hashes, of what has become another kind",
    "images, an image that is a number",
    "notes that kustomize reads back, a hash by a patch",
    "notes that kustomize reads back, a hash",
    "notes that kustomize reads back, an earlier name",
    "openapi, a file",
    "operations, a value of a generated Secret is copied",
    "operations, a value of a generated Secret is moved to a new key",
    "operations, a value of a generated Secret is moved",
    "operations, a value of a generated Secret is tested",
    "patches, a list of resources",
    "patches, labels that are a text for a target",
    "replacements, a file with a flag",
    "replacements, a label that looks like a number, and variables",
    "replacements, a map into itself",
    "replacements, a name that looks like a number, behind a prefix",
    "replacements, a name that looks like a number, of what is patched",
    "replacements, a part of what a Secret generator made",
    "replacements, all annotations of what was renamed",
    "replacements, from one Secret into another that has no hash",
    "replacements, from one generated Secret into another",
    "replacements, what it has written before",
    "resources, a folded text in the column of its key",
    "resources, a list without a name and items",
    "scalars, a time as nobody writes it",
    "transformers, HashTransformer",
    "transformers, a directory that changes them",
    "transformers, a namespace that a directory says",
    "two documents",
    "vars, all annotations of what is generated",
    "vars, without a name",
];

/// The trees for which another release differs from the newest one. The reasons are its own name in
/// a label, values in a replacement itself (since 5.7), and inputs that only one of them refuses.
const OTHER_RELEASES: [(&str, &[&str]); 2] = [
    (
        "v5.5.0",
        &[
            "buildMetadata, all",
            "buildMetadata, the label",
            "buildMetadata, the label over another",
            "hashes, of a flag in the place of the values",
            "hashes, of what has become another kind",
            "images, all that look like it",
            "images, lists of nothing",
            "notes that kustomize takes away",
            "one scalar, and the label of the builder",
            "one scalar, overwritten by a replacement",
            "operations, a test without a value, of what is not there",
            "patches, an empty file",
            "patches, no operations for a target",
            "replacements, a file of several",
            "replacements, a file with a flag",
            "replacements, a file with a key that nobody knows",
            "replacements, a file with a number",
            "replacements, a label that looks like a number, and variables",
            "replacements, a name with a comma",
            "replacements, a part that is put after",
            "replacements, a part that is put before",
            "replacements, a value",
            "replacements, an empty select",
            "replacements, by a pattern",
            "replacements, by labels",
            "replacements, encoded",
            "replacements, encoded in an unknown way",
            "replacements, of the kind",
            "replacements, of the name, and references",
            "replacements, reject",
            "replacements, reject all",
            "replacements, to a field that is made",
            "replacements, to all elements",
            "replacements, to an element that is made",
            "replacements, to nobody",
            "replacements, without field paths",
            "transformers, ReplacementTransformer of a file",
        ],
    ),
    (
        "v5.7.1",
        &[
            "buildMetadata, all",
            "buildMetadata, the label",
            "buildMetadata, the label over another",
            "notes that kustomize takes away",
            "one scalar, and the label of the builder",
            "operations, a test without a value, of what is not there",
            "patches, an empty file",
            "replacements, by a pattern",
        ],
    ),
];

/// The files of a tree, by path.
pub type Files = BTreeMap<String, String>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/engine/trees")
}

/// The files in a text; the first has no name of its own.
fn files(text: &str) -> Files {
    let (first, rest) = match text.find(">>> ") {
        Some(at) if at == 0 || text[..at].ends_with('\n') => text.split_at(at),
        _ => (text, ""),
    };
    let mut files = Files::from([("kustomization.yaml".to_owned(), first.to_owned())]);
    for file in rest.split(">>> ").filter(|file| !file.is_empty()) {
        let (path, text) = file.split_once('\n').expect("a path and a text");
        files.insert(path.to_owned(), text.to_owned());
    }
    files
}

/// All trees, by name.
fn trees() -> Vec<(String, Files)> {
    let read = |name: &str| fs::read_to_string(folder().join(name)).expect("a file of trees");
    let mut shared = files(&read("shared.txt"));
    shared.remove("kustomization.yaml");
    let entries = fs::read_dir(folder()).expect("a folder of trees");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    let mut all = Vec::new();
    for name in names.iter().filter(|name| *name != "shared.txt") {
        for tree in format!("\n{}", read(name)).split("\n=== ").skip(1) {
            let (name, text) = tree.split_once('\n').expect("a name and a kustomization");
            let mut files = files(&format!("{text}\n"));
            let said: String = files.values().map(String::as_str).collect();
            for (path, text) in &shared {
                let is_named = match path.strip_prefix("base/") {
                    Some(_) => said.contains("base"),
                    None => said.contains(path),
                };
                if is_named {
                    files.entry(path.clone()).or_insert_with(|| text.clone());
                }
            }
            all.push((name.to_owned(), files));
        }
    }
    all
}

/// The result for a tree.
pub enum Outcome {
    Same,
    /// Neither builds it.
    Refused,
    /// kustomize builds it, and the engine reports why it does not.
    Unknown(Vec<Unknown>),
    /// A result that must not occur.
    Wrong(String),
}

/// A value without those of a Secret, which the engine does not show, and without nulls.
pub fn plain(value: &Value, is_secret: bool) -> Value {
    match value {
        Value::Object(map) => {
            let shown = |key: &str, value: &Value| match (key, value) {
                ("data" | "stringData", Value::Object(data)) if is_secret => data
                    .keys()
                    .map(|key| (key.clone(), Value::String(String::new())))
                    .collect(),
                (_, value) => plain(value, false),
            };
            let kept = map.iter().filter(|(_, value)| !value.is_null());
            kept.map(|(key, value)| (key.clone(), shown(key, value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(|item| plain(item, false)).collect(),
        value => value.clone(),
    }
}

/// Compares the results of the engine and of kustomize.
fn compare(ours: Result<Vec<Built>, Vec<Unknown>>, theirs: Result<Vec<Value>, String>) -> Outcome {
    match (ours, theirs) {
        (Err(_), Err(_)) => Outcome::Refused,
        (Err(unknown), Ok(_)) => Outcome::Unknown(unknown),
        (Ok(_), Err(why)) => Outcome::Wrong(format!("kustomize refuses it: {why}")),
        (Ok(ours), Ok(theirs)) => {
            let ours = ours
                .iter()
                .map(|built| plain(&built.resource, built.is_secret));
            let ours: Vec<Value> = ours.collect();
            let is_secret = |value: &Value| value["kind"] == "Secret";
            let theirs: Vec<Value> = theirs
                .iter()
                .map(|value| plain(value, is_secret(value)))
                .collect();
            if ours == theirs {
                return Outcome::Same;
            }
            let pairs = ours
                .iter()
                .zip(&theirs)
                .find(|(ours, theirs)| ours != theirs);
            Outcome::Wrong(match pairs {
                Some((ours, theirs)) => format!("\n  ours   {ours}\n  theirs {theirs}"),
                None => format!("{} resources, and not {}", ours.len(), theirs.len()),
            })
        }
    }
}

/// kustomize's build of a directory, or its error.
pub fn built(kustomize: &Path, directory: &Path) -> Result<Vec<Value>, String> {
    let run = run(Command::new(kustomize)
        .arg("build")
        .arg(directory)
        .env("GOGC", "400"));
    if run.code != Some(0) {
        return Err(run.stderr);
    }
    let tree = krm_parity::yaml::parse(&run.stdout).expect("YAML");
    Ok(tree
        .roots()
        .filter(|root| !root.is_null())
        .map(Node::to_json)
        .collect())
}

/// Builds one tree with both.
pub fn build(kustomize: &Path, files: &Files) -> (Outcome, bool) {
    let tree = Tree::new();
    let mut sources = Sources::default();
    for (path, text) in files {
        tree.write(path, text);
        sources.insert(path.clone(), text.clone());
    }
    let theirs = built(kustomize, &tree.path(""));
    let is_refused = theirs.is_err();
    let parsed = sources.parse();
    let ours = Replay::base(&parsed, &[String::new()]).build();
    (compare(ours, theirs), is_refused)
}

/// Builds many trees, on two threads.
fn build_all(kustomize: &Path, trees: &[(String, Files)]) -> BTreeMap<String, (Outcome, bool)> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((name, files)) = trees.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = build(kustomize, files);
                    found
                        .lock()
                        .expect("no panic")
                        .insert(name.clone(), outcome);
                }
            });
        }
    });
    found.into_inner().expect("no panic")
}

/// Compares a row of the table in docs/engine.md with the counts: directories, equal, refused by
/// both, left to kustomize, different.
pub fn assert_row(start: &str, counts: [usize; 5]) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/engine.md");
    let page = fs::read_to_string(page).expect("the page");
    let start = format!("| {start}");
    let row = page.lines().find(|line| line.starts_with(&start));
    let end = counts.map(|count| format!(" {count} |")).concat();
    let row = row.unwrap_or_else(|| panic!("no row begins with {start}"));
    assert!(
        row.ends_with(&format!(" |{end}")),
        "{row}\n  must end with{end}"
    );
}

/// Whether a reason claims that kustomize refuses a part, so that it must not be reported where
/// kustomize builds.
fn says_refused(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::Circle | Reason::Empty | Reason::NotJson | Reason::Outside | Reason::SameResource
    )
}

#[test]
fn every_tree_builds_as_with_kustomize() {
    let kustomize = require!(kustomize(NEWEST));
    let trees = trees();
    let names: BTreeSet<&str> = trees.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), trees.len(), "no name is there twice");
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    let mut counts = BTreeMap::<String, usize>::new();
    for (name, (outcome, is_refused)) in build_all(&kustomize, &trees) {
        if is_refused != name.ends_with("(refused)") {
            wrong.push(format!(
                "{name}: the name says something else than kustomize"
            ));
        }
        let count = match outcome {
            Outcome::Same => "same".to_owned(),
            Outcome::Refused => "refused alike".to_owned(),
            Outcome::Wrong(why) => {
                wrong.push(format!("{name}: {why}"));
                "different".to_owned()
            }
            Outcome::Unknown(reasons) => {
                let words: Vec<String> = reasons.iter().map(ToString::to_string).collect();
                if reasons.iter().all(|one| says_refused(one.reason)) {
                    wrong.push(format!("{name}: kustomize does not refuse it: {words:?}"));
                }
                println!("{name}: {words:?}");
                unknown.push(name);
                format!("unknown: {:?}", reasons[0].reason)
            }
        };
        *counts.entry(count).or_default() += 1;
    }
    println!("{counts:#?}");
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    let row = [
        trees.len(),
        count("same"),
        count("refused alike"),
        unknown.len(),
        count("different"),
    ];
    assert!(wrong.is_empty(), "{}\n{counts:#?}", wrong.join("\n"));
    let mut listed: Vec<&str> = UNKNOWN.to_vec();
    listed.sort_unstable();
    assert_eq!(
        unknown, listed,
        "the trees that kustomize builds and the engine does not know"
    );
    assert_row("trees of one feature each", row);
}

/// Where another release has another result, so does the engine, and the list names these trees.
#[test]
fn other_releases_differ_where_the_list_says() {
    let trees: Vec<(String, Files)> = trees();
    let listed: Vec<&str> = OTHER_RELEASES.map(|(version, _)| version).to_vec();
    let others = KUSTOMIZE_VERSIONS.into_iter();
    let others: Vec<&str> = others.filter(|version| *version != NEWEST).collect();
    assert_eq!(listed, others);
    for (version, names) in OTHER_RELEASES {
        let kustomize = require!(kustomize(version));
        let mut differing = Vec::new();
        let mut same = 0;
        for (name, (outcome, is_refused)) in build_all(&kustomize, &trees) {
            let is_wrong = matches!(outcome, Outcome::Wrong(_));
            if is_wrong || is_refused != name.ends_with("(refused)") {
                differing.push(name);
            } else {
                same += 1;
            }
        }
        println!("{version}: {same} alike, {} not", differing.len());
        assert_eq!(differing, names, "{version}");
    }
}
