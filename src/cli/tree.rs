//! Reads the kustomizations below a directory, and the files that they name.

mod beside;
mod real;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use self::real::{Ways, real_path};
use super::files::{self, Unread};
use crate::repo::{
    Graph, Kustomization, NAMES, PACKAGES, Sources, Unseen, Why, fold, join, parse_kustomization,
    split,
};
use crate::yaml;

pub(super) use self::real::real_paths;

/// A repository does not have more directories than this.
const MAX_DIRECTORIES: usize = 200_000;

/// More hidden directories than this are a cache, and not environments.
const MAX_HIDDEN: usize = 10_000;

/// Reads every kustomization below `directories`, and the files that they name.
///
/// All paths are relative to `root`.
///
/// # Errors
///
/// Fails on a directory that cannot be read.
pub(super) fn read(root: &Path, directories: &[String]) -> anyhow::Result<Sources> {
    let mut sources = Sources::default();
    let mut found = Found::default();
    let real_root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    sources.here = real_root.to_string_lossy().into_owned();
    let mut links = Links::new(&real_root, directories);
    for directory in directories {
        walk(root, directory, &mut found, &mut links, &mut sources)?;
    }
    sources.sort();
    let mut left = found.kustomizations;
    let mut graph = Graph::new(&sources.here);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut ways = Ways::new(&real_root);
    while let Some(path) = left.pop().or_else(|| graph.next_path()) {
        if seen.insert(path.clone()) {
            let full = root.join(&path);
            if full.is_dir() {
                let names = NAMES.iter().map(|name| join(&path, name));
                left.extend(names.filter(|file| root.join(file).is_file()));
                continue;
            }
            let found = files::read_text(&full);
            if matches!(found, Ok(_) | Err(Unread::NotText(_) | Unread::TooLarge(_))) {
                let real = ways.of(&full).filter(|real| *real != path);
                if let Some(real) = real {
                    sources.insert_linked_file(path.clone(), real);
                }
            }
            match found {
                Ok(text) => sources.insert(path.clone(), text),
                // Other files may be anything, such as images.
                Err(unread) if is_kustomization(&path) => {
                    sources.insert_unread(path.clone(), why(unread));
                }
                Err(unread @ Unread::Kind(_)) => {
                    sources.insert_not_file(path.clone(), why(unread));
                }
                Err(Unread::NotText(bytes)) => sources.insert_other(path.clone(), Some(bytes)),
                Err(Unread::TooLarge(_)) => sources.insert_other(path.clone(), None),
                Err(Unread::Refused(_)) => {}
            }
            if is_kustomization(&path) {
                learn(&mut graph, &path, &mut ways, &mut sources);
            }
        }
        if graph.is_run(&path)
            && let Some(Ok(tree)) = sources.text(&path).map(yaml::parse_lax)
        {
            graph.add_configuration(&path, &tree);
        }
    }
    beside::read(root, found.beside, &mut sources);
    Ok(sources)
}

/// The files that a walk found.
#[derive(Default)]
struct Found {
    kustomizations: Vec<String>,
    /// Other files that may contain resources.
    beside: Vec<String>,
}

/// Adds the entries of a kustomization to the graph, relative to its real directory.
fn learn(graph: &mut Graph, file: &str, ways: &mut Ways<'_>, sources: &mut Sources) {
    let Some(Ok(tree)) = sources.text(file).map(parse_kustomization) else {
        return;
    };
    let Some(kustomization) = Kustomization::read(file, &tree) else {
        return;
    };
    let directory = kustomization.directory();
    let found = ways.of_directory(&ways.real_root.join(directory));
    let is_here = found.as_deref() == Some(directory);
    let real = found.unwrap_or_else(|| directory.to_owned());
    graph.add(Kustomization {
        real: &real,
        here: &sources.here,
        ..kustomization
    });
    if !is_here {
        let directory = directory.to_owned();
        sources.insert_linked(directory, real);
    }
}

/// Reads the files with a given name beside kustomizations, whether an entry names them or not.
///
/// A file that is not text is added without content.
pub(super) fn read_beside(root: &Path, sources: &mut Sources, name: &str) {
    let kustomizations = sources.iter().filter(|(path, _)| is_kustomization(path));
    let all: BTreeSet<String> = kustomizations
        .map(|(path, _)| join(split(path).0, name))
        .collect();
    for path in all {
        let file = root.join(&path);
        if !sources.contains(&path) && fs::symlink_metadata(&file).is_ok() {
            sources.insert(path, text_of(&file).unwrap_or_default());
        }
    }
}

fn is_kustomization(path: &str) -> bool {
    NAMES.contains(&path.rsplit('/').next().unwrap_or_default())
}

/// The text of a file of limited size; the error is the reason if it has none.
fn text_of(path: &Path) -> Result<String, String> {
    files::read_text(path).map_err(why)
}

fn why(unread: Unread) -> String {
    match unread {
        Unread::Refused(error) => error.kind().to_string(),
        other => other.to_string(),
    }
}

/// The root of the repository that contains a directory.
pub(super) fn repository(directory: &Path) -> Option<PathBuf> {
    let mut above = directory.ancestors();
    let found = above.find(|directory| is_repository(directory));
    found.map(Path::to_path_buf)
}

/// Whether a directory is the root of a repository; a dangling link also counts.
pub(super) fn is_repository(directory: &Path) -> bool {
    fs::symlink_metadata(directory.join(".git")).is_ok()
}

/// The permitted targets of links between directories, so that no link leads in circles or outside.
struct Links {
    /// The repository, or the searched directory if it is in none.
    bounds: PathBuf,
    real_root: PathBuf,
    /// The directories that are searched completely, by their real paths.
    covered: Vec<PathBuf>,
}

impl Links {
    fn new(real_root: &Path, directories: &[String]) -> Self {
        let covered: Vec<PathBuf> = directories
            .iter()
            .map(|directory| real_root.join(directory))
            .map(|directory| fs::canonicalize(&directory).unwrap_or(directory))
            .collect();
        let mut outer = covered.iter().map(PathBuf::as_path);
        let outer = outer.find(|directory| real_root.starts_with(directory));
        Self {
            bounds: repository(real_root).unwrap_or_else(|| outer.unwrap_or(real_root).to_owned()),
            real_root: real_root.to_owned(),
            covered,
        }
    }

    /// The target of a link, and the reason if it must not be followed.
    fn follow(&mut self, path: &Path) -> (Option<PathBuf>, Option<Why>) {
        let Ok(real) = fs::canonicalize(path) else {
            return (None, Some(Why::Dangling));
        };
        // A hidden directory is searched only under the name of the link.
        let is_covered = self.covered.iter().any(|covered| {
            let below = real.strip_prefix(covered);
            below.is_ok_and(|below| !is_hidden(below))
        });
        let leads_up = self
            .covered
            .iter()
            .any(|covered| covered.starts_with(&real));
        let why = if !real.starts_with(&self.bounds) {
            Some(Why::Outside)
        } else if is_covered {
            let way = real_path(&self.real_root, &real).unwrap_or_default();
            Some(Why::Elsewhere(way))
        } else if leads_up {
            Some(Why::Above)
        } else {
            self.covered.push(real.clone());
            None
        };
        (Some(real), why)
    }
}

/// Finds the kustomization files below a directory.
fn walk(
    root: &Path,
    directory: &str,
    found: &mut Found,
    links: &mut Links,
    sources: &mut Sources,
) -> anyhow::Result<()> {
    let mut left: Vec<(PathBuf, String)> = vec![(root.join(directory), directory.to_owned())];
    let mut hidden = Vec::new();
    let mut skipped = Vec::new();
    let mut count = 0_usize;
    while let Some((path, name)) = left.pop() {
        count += 1;
        if count > MAX_DIRECTORIES {
            bail!(
                "there are more than {MAX_DIRECTORIES} directories below {}; name the directories that contain the services",
                shown(directory)
            );
        }
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if count > 1 && error.kind() == std::io::ErrorKind::PermissionDenied => {
                sources.insert_unread(name, error.kind().to_string());
                continue;
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let (mut linked, mut is_of_use) = (Vec::new(), false);
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", path.display()))?;
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            let Ok(inner) = entry.file_name().into_string() else {
                note_no_text(&entry.path(), &name, sources);
                continue;
            };
            let inner_name = fold(&sources.here, join(&name, &inner));
            if inner == PACKAGES {
                if kind.is_dir() {
                    skipped.push((entry.path(), inner_name));
                }
                continue;
            }
            is_of_use |= beside::may_be_deployed(&inner);
            let is_hidden = inner.starts_with('.');
            if kind.is_dir() {
                if is_hidden {
                    hidden.push((entry.path(), inner_name));
                } else {
                    left.push((entry.path(), inner_name));
                }
            } else if NAMES.contains(&inner.as_str()) {
                found.kustomizations.push(inner_name);
            } else if kind.is_file() && !is_hidden && beside::may_hold_resources(&inner) {
                found.beside.push(inner_name);
            } else if kind.is_symlink() && !is_hidden {
                linked.push((entry.path(), inner_name));
            } else if kind.is_symlink() && holds_kustomization(&entry.path()) {
                found.kustomizations.push(inner_name.clone());
                sources.insert_unseen(Unseen {
                    path: inner_name,
                    why: Why::Hidden,
                    is_kustomization: true,
                });
            }
        }
        sources.insert_directory(name.clone(), is_of_use);
        // The first of two links to one directory is followed, whatever the order of the file
        // system.
        linked.sort();
        for (path, name) in linked {
            if path.is_file() {
                continue;
            }
            let (real, why) = links.follow(&path);
            if let Some(to) = real
                .as_ref()
                .and_then(|real| real_path(&links.real_root, real))
            {
                sources.insert_link(name.clone(), to);
            }
            // Under this name it may also be an environment.
            if matches!(why, Some(Why::Elsewhere(_))) && holds_kustomization(&path) {
                found.kustomizations.push(name.clone());
            }
            match why {
                None => left.push((path, name)),
                Some(why) => sources.insert_unseen(Unseen {
                    is_kustomization: real.is_some_and(|real| holds_kustomization(&real)),
                    path: name,
                    why,
                }),
            }
        }
    }
    // Each has its own bound, so that a cache of packages hides nothing else.
    for mut out_of_sight in [hidden, skipped] {
        out_of_sight.sort();
        look_for_hidden(out_of_sight, &mut found.kustomizations, sources);
    }
    Ok(())
}

/// Records the hidden directories with kustomizations, except git's own.
fn look_for_hidden(
    mut left: Vec<(PathBuf, String)>,
    found: &mut Vec<String>,
    sources: &mut Sources,
) {
    let mut count = 0_usize;
    left.retain(|(_, name)| split(name).1 != ".git");
    while let Some((path, name)) = left.pop() {
        count += 1;
        if count > MAX_HIDDEN {
            sources.insert_unseen(Unseen {
                path: name,
                why: Why::TooMany,
                is_kustomization: false,
            });
            return;
        }
        if holds_kustomization(&path) {
            // Discovery needs its entries.
            found.push(name.clone());
            sources.insert_unseen(Unseen {
                path: name.clone(),
                why: Why::Hidden,
                is_kustomization: true,
            });
        }
        let entries = fs::read_dir(&path).into_iter().flatten().flatten();
        let directories = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        let mut inner: Vec<(PathBuf, String)> = Vec::new();
        for entry in directories {
            match entry.file_name().into_string() {
                Ok(own) if own == ".git" => {}
                Ok(own) => inner.push((entry.path(), join(&name, &own))),
                Err(_) => note_no_text(&entry.path(), &name, sources),
            }
        }
        inner.sort();
        left.append(&mut inner);
    }
}

/// Records a directory whose name is not text, and so cannot be used here, if it contains a
/// kustomization at any depth.
fn note_no_text(path: &Path, above: &str, sources: &mut Sources) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut left = vec![path.to_owned()];
    let mut count = 0_usize;
    while let Some(directory) = left.pop() {
        count += 1;
        // A directory with so many entries is recorded as well.
        if count > MAX_HIDDEN || holds_kustomization(&directory) {
            sources.insert_unseen(Unseen {
                path: join(above, &name),
                why: Why::NoText,
                is_kustomization: true,
            });
            return;
        }
        let entries = fs::read_dir(&directory).into_iter().flatten().flatten();
        let inner = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        left.extend(inner.map(|entry| entry.path()));
    }
}

fn is_hidden(path: &Path) -> bool {
    let mut parts = path.components();
    parts.any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"."))
}

fn holds_kustomization(directory: &Path) -> bool {
    NAMES.iter().any(|name| directory.join(name).is_file())
}

fn shown(directory: &str) -> &str {
    if directory.is_empty() { "." } else { directory }
}
