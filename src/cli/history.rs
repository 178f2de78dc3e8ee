//! The history of a repository's files, for the gate.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::git::{self, WorkTree};
use super::tree;
use crate::gate::{Commit, Edit, History, Record};
use crate::repo::{NAMES, split};
use crate::rules::Blind;

/// Above this number, the paths are not passed to git one by one.
const MAX_PATHS: usize = 300;

/// The earlier contents of the files at some paths, or below them, on the branch that counts.
///
/// Paths are relative to `root`, and `inside` is in the repository. Nothing is checked out, and nothing of the repository
/// runs.
pub(super) fn record(
    (root, inside): (&Path, &Path),
    paths: &BTreeSet<String>,
    revision: Option<&str>,
    limit: Duration,
) -> Record {
    if tree::repository(inside).is_none() {
        return Record::Blind(Blind::NoRepository);
    }
    if git::find().is_none() {
        return Record::Blind(Blind::NoGit);
    }
    read((root, inside), paths, revision, limit).map_or(Record::Blind(Blind::Failed), Record::Known)
}

fn read(
    (root, inside): (&Path, &Path),
    paths: &BTreeSet<String>,
    revision: Option<&str>,
    limit: Duration,
) -> anyhow::Result<History> {
    let tree = WorkTree::find(inside, "the history of images", limit)?;
    let Some((branch, id)) = tree.branch(revision)? else {
        return Ok(History::default());
    };
    let mut places = Places::default();
    let top = std::fs::canonicalize(&tree.top).unwrap_or_else(|_| tree.top.clone());
    for path in paths {
        places.add(&top, root, path);
    }
    let commits = if places.names.is_empty() {
        Vec::new()
    } else {
        tree.first_parents(&id, &places.asked())?
    };
    let commits: Vec<Commit> = commits
        .into_iter()
        .map(|commit| Commit {
            day: commit.day,
            edits: commit
                .edits
                .iter()
                .flat_map(|edit| places.edits(edit))
                .collect(),
        })
        .collect();
    let edits = commits.iter().flat_map(|commit| &commit.edits);
    let ids: BTreeSet<&str> = edits
        .filter(|edit| may_set_image(&edit.path))
        .flat_map(|edit| [edit.before.as_deref(), edit.after.as_deref()])
        .flatten()
        .collect();
    let texts = tree.texts(&ids)?;
    Ok(History {
        branch,
        is_shallow: tree.is_shallow()?,
        texts,
        commits,
        elsewhere: places.elsewhere,
    })
}

/// Whether a file can be one that a kustomization loads, a patch, or a kustomization itself.
fn may_set_image(path: &str) -> bool {
    let name = split(path).1;
    let ends = [".yaml", ".yml", ".json"];
    NAMES.contains(&name) || ends.iter().any(|end| name.ends_with(end))
}

/// The real places of paths in a repository, and their names.
#[derive(Default)]
struct Places {
    /// The requested paths, by their place below the root of the work tree.
    names: BTreeMap<String, Vec<String>>,
    elsewhere: BTreeSet<String>,
}

impl Places {
    fn add(&mut self, top: &Path, root: &Path, path: &str) {
        let inner = real(&root.join(path)).and_then(|real| {
            let inner = real.strip_prefix(top).ok()?.to_owned();
            // A path below another repository's root belongs to that repository.
            let mut above = inner
                .ancestors()
                .filter(|above| !above.as_os_str().is_empty());
            let is_inner = above.any(|above| tree::is_repository(&top.join(above)));
            inner.to_str().filter(|_| !is_inner).map(str::to_owned)
        });
        match inner {
            Some(inner) => self.names.entry(inner).or_default().push(path.to_owned()),
            None => {
                self.elsewhere.insert(path.to_owned());
            }
        }
    }

    /// The paths for git: none is below another, and there are not too many.
    fn asked(&self) -> BTreeSet<String> {
        let mut asked: BTreeSet<String> = BTreeSet::new();
        for path in self.names.keys() {
            let mut above = path.match_indices('/').map(|(at, _)| &path[..at]);
            if !above.any(|above| asked.contains(above)) {
                asked.insert(path.clone());
            }
        }
        // No paths means all.
        if asked.len() > MAX_PATHS || asked.contains("") {
            asked.clear();
        }
        asked
    }

    /// The changes of a file, under each of its requested names.
    fn edits(&self, (path, before, after): &(String, Option<String>, Option<String>)) -> Vec<Edit> {
        let ends = path
            .match_indices('/')
            .map(|(at, _)| at)
            .chain([path.len()]);
        let named = ends.filter_map(|end| Some((self.names.get(&path[..end])?, &path[end..])));
        let paths: BTreeSet<String> = named
            .flat_map(|(names, rest)| names.iter().map(move |name| format!("{name}{rest}")))
            .collect();
        let edit = |path| Edit {
            path,
            before: before.clone(),
            after: after.clone(),
        };
        paths.into_iter().map(edit).collect()
    }
}

/// The real path; for a path that does not exist, the one that it would have.
fn real(path: &Path) -> Option<PathBuf> {
    if let Ok(real) = std::fs::canonicalize(path) {
        return Some(real);
    }
    let above = std::fs::canonicalize(path.parent()?).ok()?;
    Some(above.join(path.file_name()?))
}
