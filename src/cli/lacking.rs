//! The sources of Secrets that a repository lacks by design, so that the rest can be built and
//! judged without them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use strsim::damerau_levenshtein;

use super::build;
use super::git::WorkTree;
use super::{files, tree};
use crate::edit;
use crate::gate::Lacking;
use crate::repo::{self, Edge, Kustomization, NAMES, Parsed, Role, To, join, split};
use crate::yaml;

mod sops;

/// The facts that decide whether a file is absent by design.
pub(super) struct Design<'d> {
    /// The directory that all paths are relative to.
    pub root: &'d Path,
    /// The same directory in the work tree, for git.
    pub work: &'d Path,
    /// The same directory in the earlier revision: a file that existed there is absent by mistake.
    pub before: Option<&'d Path>,
    /// Whether the user allows functions to run.
    pub runs_functions: bool,
    /// The time limit of git.
    pub limit: Duration,
}

impl Design<'_> {
    /// The missing files of directories, if all of them are sources of Secrets that are absent by
    /// design.
    pub(super) fn absent(&self, parsed: &Parsed<'_>, directories: &[&str]) -> Lacking {
        let mut all = Lacking::new();
        for &directory in directories {
            let (edges, _) = parsed.graph().absent(directory);
            let edges = edges.into_iter();
            // A file that exists but is not text is not among the files that were read.
            let missing: Vec<&Edge> = edges.filter(|edge| self.is_missing(edge)).collect();
            let is_source = |edge: &&Edge| edge.role == Role::SecretData;
            if !missing.iter().all(is_source) {
                continue;
            }
            let decrypting = self.decrypting(parsed, directory);
            let lacking: Vec<Edge> = missing.into_iter().chain(decrypting).cloned().collect();
            if !lacking.is_empty() {
                all.insert(directory.to_owned(), lacking);
            }
        }
        if all.is_empty() {
            return all;
        }
        let sources = all.values().flatten();
        let sources = sources.filter(|edge| edge.role == Role::SecretData);
        let paths = sources.filter_map(|edge| edge.to.path());
        let paths: BTreeSet<String> = paths.map(str::to_owned).collect();
        let by_design = self.by_design(parsed, paths);
        let is_meant = |edge: &Edge| {
            let path = edge.to.path();
            edge.role == Role::Generator || path.is_some_and(|path| by_design.contains(path))
        };
        all.retain(|_, edges| edges.iter().all(is_meant));
        all
    }

    /// The generators of a directory that decrypt, if functions may not run.
    fn decrypting<'p>(&self, parsed: &'p Parsed<'_>, directory: &str) -> Vec<&'p Edge> {
        if self.runs_functions {
            return Vec::new();
        }
        let all = parsed.graph().reach(&[directory], |_| true);
        let generators = all.map(|(_, edge)| edge);
        let generators = generators.filter(|edge| edge.role == Role::Generator);
        let decrypts = |edge: &&Edge| match &edge.to {
            To::File(file) => sops::decrypts(parsed, file),
            _ => false,
        };
        generators.filter(decrypts).collect()
    }

    fn is_missing(&self, edge: &Edge) -> bool {
        match &edge.to {
            To::Absent(path) => !self.root.join(path).is_file(),
            _ => false,
        }
    }

    /// The paths that are absent by design.
    fn by_design(&self, parsed: &Parsed<'_>, mut paths: BTreeSet<String>) -> BTreeSet<String> {
        let was_there = |path: &str| {
            let before = self.before.map(|before| before.join(path));
            before.is_some_and(|before| before.symlink_metadata().is_ok())
        };
        let named = named(parsed);
        paths.retain(|path| !was_there(path) && !self.is_misspelt(path, &named));
        let mut trees: BTreeMap<PathBuf, Option<BTreeSet<PathBuf>>> = BTreeMap::new();
        let mut wanted: BTreeMap<PathBuf, Vec<PathBuf>> = BTreeMap::new();
        let place = |path: &str| {
            let full = files::normal(&self.work.join(path));
            tree::repository(full.parent()?).map(|top| (top, full))
        };
        for (top, full) in paths.iter().filter_map(|path| place(path)) {
            wanted.entry(top).or_default().push(full);
        }
        for (top, full) in wanted {
            let told = WorkTree::find(&top, "a source of a Secret that is missing", self.limit)
                .and_then(|tree| tree.ignored(&full));
            trees.insert(top, told.ok());
        }
        paths.retain(|path| {
            let known = place(path).and_then(|(top, full)| {
                let ignored = trees.get(&top)?.as_ref()?;
                Some(ignored.contains(&full))
            });
            known.unwrap_or_else(|| is_secret_by_name(split(path).1))
        });
        paths
    }

    /// Whether there is a file with a similar name beside the missing one that no kustomization
    /// names.
    fn is_misspelt(&self, path: &str, named: &BTreeSet<&str>) -> bool {
        let (directory, name) = split(path);
        let entries = std::fs::read_dir(self.root.join(directory));
        let mut beside = entries
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok());
        beside.any(|other| {
            !NAMES.contains(&other.as_str())
                && !named.contains(join(directory, &other).as_str())
                && is_slip(name, &other)
        })
    }
}

/// Every path that a kustomization names.
fn named<'p>(parsed: &'p Parsed<'_>) -> BTreeSet<&'p str> {
    let graph = parsed.graph();
    let all = parsed.kustomizations();
    all.flat_map(|one| graph.of_directory(one.directory()))
        .filter_map(|edge| edge.to.path())
        .collect()
}

/// Whether one name is a typing error for the other: they differ in one or two letters.
fn is_slip(one: &str, other: &str) -> bool {
    const MAX_NAME: usize = 64;
    const LONG: usize = 8;
    let length = one.chars().count();
    if one.len() > MAX_NAME || other.len() > MAX_NAME {
        return false;
    }
    let most = if length >= LONG { 2 } else { 1 };
    damerau_levenshtein(&one.to_lowercase(), &other.to_lowercase()) <= most
}

/// Whether a name is one that repositories usually exclude, for directories without git.
fn is_secret_by_name(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with(".env")
        || name.contains(".enc.")
        || [".enc", ".key", ".pem"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// The files that a directory is built from without some of its sources, and without this program's
/// functions if plugins cannot be enabled for them; `None` if it needs more than files.
pub(super) fn without<'a>(
    parsed: &Parsed<'_>,
    root: &Path,
    directory: &'a str,
    absent: &[Edge],
    may_be_ours: bool,
) -> Option<build::Lacking<'a>> {
    let lacking = absent.iter().filter_map(|edge| edge.to.path());
    let lacking: BTreeSet<&str> = lacking.collect();
    let is_lacking = |path: &str| lacking.contains(path);
    let mut files = BTreeSet::new();
    let mut stubs = BTreeMap::new();
    for (inner, edges) in parsed.graph().directories(&[directory], |_| true) {
        if parsed.sources.is_linked(inner) {
            return None;
        }
        let kustomization = parsed.kustomization(inner)?;
        files.insert(kustomization.file.to_owned());
        let own = repo::own_entries(parsed, kustomization);
        if !may_be_ours && !own.is_empty() {
            let text = unwired(parsed, kustomization, &own)?;
            stubs.insert(kustomization.file.to_owned(), text);
        }
        for edge in edges {
            match &edge.to {
                _ if edge.role == Role::HelmHome => return None,
                To::File(path) if edge.role == Role::Generator && is_lacking(path) => {
                    stubs.insert(path.clone(), sops::stand_in(parsed, root, inner, path)?);
                }
                To::Absent(path) if is_lacking(path) => {
                    let number = stubs.len();
                    stubs.insert(path.clone(), format!("{}{number}=\n", build::STUB));
                }
                To::File(path) | To::Absent(path) => {
                    files.insert(path.clone());
                }
                To::Kustomization(_) | To::Remote(_) | To::Inline => {}
            }
        }
    }
    files.retain(|file| !stubs.contains_key(file));
    Some(build::Lacking {
        directory,
        may_be_ours,
        files,
        stubs,
    })
}

/// The text of a kustomization without some of its functions; `None` if they cannot be removed.
fn unwired(
    parsed: &Parsed<'_>,
    kustomization: Kustomization<'_>,
    functions: &BTreeMap<&str, BTreeSet<usize>>,
) -> Option<String> {
    // kustomize could read this file differently.
    if !parsed.is_unambiguous(kustomization) {
        return None;
    }
    let text = parsed.sources.text(kustomization.file)?.to_owned();
    let mut functions = functions.iter();
    functions.try_fold(text, |text, (field, indices)| {
        // kustomize reads keys without regard to case.
        let tree = yaml::parse_lax(&text).ok()?;
        let mut keys = tree.roots().next()?.entries().map(|(key, _)| key.text());
        let key = keys.find(|key| key.eq_ignore_ascii_case(field))?;
        edit::remove(&text, &[key], indices, |_, _| false).ok()
    })
}

/// The copy of a directory without this program's functions; `None` if it declares none of them, or
/// if they cannot be left out.
pub(super) fn without_own<'a>(
    parsed: &Parsed<'_>,
    root: &Path,
    directory: &'a str,
) -> Option<build::Lacking<'a>> {
    let copy = without(parsed, root, directory, &[], false)?;
    (!copy.stubs.is_empty()).then_some(copy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_distinguished_from_other_files() {
        for (one, other) in [
            (".env.prd", ".env.prod"),
            ("db.txt", "DB.txt"),
            ("passwrd.txt", "password.txt"),
        ] {
            assert!(is_slip(one, other), "{one} {other}");
        }
        for (one, other) in [
            (".env", ".envrc"),
            (".env", ".env.example"),
            ("a.pem", "kustomization.yaml"),
            ("tls.key", "tls.crt"),
        ] {
            assert!(!is_slip(one, other), "{one} {other}");
        }
    }

    #[test]
    fn without_git_names_decide() {
        for name in [
            ".env",
            ".ENV.production",
            "db.enc.yaml",
            "secrets.enc",
            "tls.key",
            "ca.pem",
        ] {
            assert!(is_secret_by_name(name), "{name}");
        }
        for name in [
            "env",
            "my.env.yaml",
            "encoded.txt",
            "key",
            "keys.txt",
            "pem",
        ] {
            assert!(!is_secret_by_name(name), "{name}");
        }
    }
}
