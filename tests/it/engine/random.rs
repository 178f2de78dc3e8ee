//! Random trees from a seed: bases, components and overlays with many resources and features,
//! including faulty ones.
//!
//! `KRM_PARITY_TREES` is the number of trees to build, and `KRM_PARITY_EXPLORE` the first seed. If
//! the engine's build of a directory differs from kustomize's, the tree is reduced to the smallest
//! one with the same fault, and written to `target/tmp/random/SEED` with both outputs.

mod fields;
mod patches;
mod paths;
mod pods;
mod replacements;
mod resources;
mod scalars;
mod shrink;
mod spoil;
mod tree;
mod write;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use krm_parity::engine::{Built, Replay, Unknown};
use krm_parity::repo::Sources;
use serde_json::Value;

use crate::edits::first_seed;
use crate::support::{NEWEST, Tree, require};

use super::trees::{Files, assert_row, built};

/// The number of trees in every run.
const TREES: u64 = 200;

/// The result of a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Came {
    Same,
    RefusedAlike,
    LeftToKustomize,
    Different,
    BuiltThoughRefused,
    RefusedThoughBuilt,
}

impl Came {
    const fn is_wrong(self) -> bool {
        matches!(
            self,
            Self::Different | Self::BuiltThoughRefused | Self::RefusedThoughBuilt
        )
    }
}

/// The results of the engine and of kustomize.
struct Both {
    ours: Result<Vec<Built>, Vec<Unknown>>,
    theirs: Result<Vec<Value>, String>,
}

impl Both {
    fn of(kustomize: &Path, files: &Files, root: &str) -> Self {
        let tree = Tree::new();
        let mut sources = Sources::default();
        for (path, text) in files {
            tree.write(path, text);
            sources.insert(path.clone(), text.clone());
        }
        let theirs = built(kustomize, &tree.path(root));
        let parsed = sources.parse();
        let ours = if parsed.kustomization(root).is_some() {
            Replay::base(&parsed, &[root.to_owned()]).build()
        } else {
            Err(Vec::new())
        };
        Self { ours, theirs }
    }

    fn came(&self) -> Came {
        match (&self.ours, &self.theirs) {
            (Err(_), Err(_)) => Came::RefusedAlike,
            (Err(unknown), Ok(_)) if unknown.iter().all(|one| one.reason.is_refusal()) => {
                Came::RefusedThoughBuilt
            }
            (Err(_), Ok(_)) => Came::LeftToKustomize,
            (Ok(_), Err(_)) => Came::BuiltThoughRefused,
            (Ok(ours), Ok(theirs)) => {
                let is_same = ours.len() == theirs.len()
                    && ours
                        .iter()
                        .zip(theirs)
                        .all(|(ours, theirs)| is_same(ours, theirs));
                if is_same { Came::Same } else { Came::Different }
            }
        }
    }

    /// Both outputs, in the form of files beside a tree.
    fn told(&self) -> (String, String) {
        let ours = match &self.ours {
            Ok(built) => built
                .iter()
                .map(|one| format!("{}\n", one.resource))
                .collect(),
            Err(unknown) => unknown
                .iter()
                .map(|one| format!("{}\n", one.placed()))
                .collect(),
        };
        let theirs = match &self.theirs {
            Ok(built) => built.iter().map(|one| format!("{one}\n")).collect(),
            Err(why) => why.clone(),
        };
        (ours, theirs)
    }
}

/// Whether two resources are equal without nulls, and without the values of a Secret that the
/// engine does not have.
fn is_same(ours: &Built, theirs: &Value) -> bool {
    let mut theirs = super::trees::plain(theirs, false);
    let resource = super::trees::plain(&ours.resource, false);
    if ours.is_secret {
        for field in ["data", "stringData"] {
            let (Some(held), Some(values)) = (resource.get(field), theirs.get_mut(field)) else {
                continue;
            };
            for (key, value) in values.as_object_mut().into_iter().flatten() {
                if held.get(key).and_then(Value::as_str) == Some("") {
                    *value = "".into();
                }
            }
        }
    }
    resource == theirs
}

/// The counts.
#[derive(Default)]
struct Sum {
    came: BTreeMap<Came, usize>,
    reasons: BTreeMap<String, usize>,
    faults: BTreeMap<u64, String>,
}

/// The folder for a failing tree.
fn scratch(seed: u64) -> PathBuf {
    let below = Path::new(env!("CARGO_TARGET_TMPDIR")).join("random");
    below.join(seed.to_string())
}

fn write_tree(folder: &Path, files: &Files) {
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
}

/// Writes a reduced failing tree and both outputs, and returns a line about it.
fn write_down(kustomize: &Path, seed: u64, files: &Files, root: &str, came: Came) -> String {
    let is_it = |files: &Files| Both::of(kustomize, files, root).came() == came;
    let small = shrink::shrunk(files.clone(), &is_it);
    let folder = scratch(seed);
    let _ = fs::remove_dir_all(&folder);
    write_tree(&folder.join("whole"), files);
    write_tree(&folder.join("small"), &small);
    let (ours, theirs) = Both::of(kustomize, &small, root).told();
    let came_of = format!("{came:?} {root}\n");
    let told = [("ours", ours), ("theirs", theirs), ("came", came_of)];
    write_tree(
        &folder,
        &told.map(|(name, text)| (name.to_owned(), text)).into(),
    );
    format!("seed {seed}, {root}: {came:?}; see {}", folder.display())
}

fn count() -> u64 {
    let said = std::env::var("KRM_PARITY_TREES");
    said.map_or(TREES, |text| text.parse().expect("a number"))
}

/// Builds the trees of many seeds, on two threads.
fn build_all(kustomize: &Path, seeds: std::ops::Range<u64>) -> Sum {
    let (next, sum) = (AtomicU64::new(seeds.start), Mutex::new(Sum::default()));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let tree = tree::tree(seed);
                    for root in &tree.roots {
                        let both = Both::of(kustomize, &tree.files, root);
                        let came = both.came();
                        let fault = came
                            .is_wrong()
                            .then(|| write_down(kustomize, seed, &tree.files, root, came));
                        let mut sum = sum.lock().expect("no panic");
                        *sum.came.entry(came).or_default() += 1;
                        if let (Came::LeftToKustomize, Err(unknown)) = (came, &both.ours) {
                            let first = unknown.iter().find(|one| !one.reason.is_refusal());
                            let reason = first.map_or("", |one| one.reason.words());
                            let placed = first.map(Unknown::placed).unwrap_or_default();
                            println!("left to kustomize: seed {seed}, {placed}");
                            if std::env::var_os("KRM_PARITY_EXPLORE").is_some() {
                                write_tree(&scratch(seed).join("left"), &tree.files);
                            }
                            *sum.reasons.entry(reason.to_owned()).or_default() += 1;
                        }
                        if let Some(fault) = fault {
                            println!("{fault}");
                            sum.faults.insert(seed, fault);
                            break;
                        }
                    }
                }
            });
        }
    });
    sum.into_inner().expect("no panic")
}

#[test]
fn random_trees_build_as_with_kustomize() {
    let kustomize = require!(kustomize(NEWEST));
    let (first, count) = (first_seed(), count());
    let sum = build_all(&kustomize, first..first + count);
    let directories: usize = sum.came.values().sum();
    println!(
        "{count} random trees, {directories} directories: {:#?}",
        sum.came
    );
    println!("left to kustomize: {:#?}", sum.reasons);
    assert!(sum.faults.is_empty(), "{:#?}", sum.faults);
    let came = |came| sum.came.get(&came).copied().unwrap_or_default();
    let same = came(Came::Same);
    assert!(
        same * 10 >= directories * 4,
        "{same} of {directories} are built"
    );
    if (first, count) == (0, TREES) {
        let (refused, left) = (came(Came::RefusedAlike), came(Came::LeftToKustomize));
        assert_row("random trees", [directories, same, refused, left, 0]);
    }
}
