//! Reads the kustomizations below a directory, and the files that they name.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::kustomization::{Kustomization, NAMES, Sources, join, split};
use crate::yaml;

/// A file larger than this is no configuration that a person wrote, and is left to kustomize.
const MAX_BYTES: u64 = 16 << 20;

/// More directories than this are no repository.
const MAX_DIRECTORIES: usize = 200_000;

/// What is never one's own; any other name may be a service's.
const SKIPPED: &str = "node_modules";

/// Reads every kustomization below `directories`, and what each of them names.
///
/// All paths are relative to `root`.
///
/// # Errors
///
/// Fails on a directory that cannot be read.
pub(super) fn read(root: &Path, directories: &[String]) -> anyhow::Result<Sources> {
    let mut sources = Sources::default();
    let mut left: Vec<String> = Vec::new();
    for directory in directories {
        walk(root, directory, &mut left)?;
    }
    let mut seen: BTreeSet<String> = BTreeSet::new();
    while let Some(path) = left.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        if root.join(&path).is_dir() {
            let names = NAMES.iter().map(|name| join(&path, name));
            left.extend(names.filter(|file| root.join(file).is_file()));
            continue;
        }
        let Some(text) = text_of(&root.join(&path)) else {
            continue;
        };
        if is_kustomization(&path)
            && let Ok(tree) = yaml::parse_lax(&text)
            && let Some(kustomization) = Kustomization::read(&path, &tree)
        {
            left.extend(kustomization.mentions());
            let directory = kustomization.directory();
            if is_linked(root, directory) {
                sources.insert_linked(directory.to_owned());
            }
        }
        sources.insert(path, text);
    }
    Ok(sources)
}

/// Reads the files of a name beside kustomizations, whether anything names them or not.
///
/// One that is no text is there as well, without any.
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

/// Whether a directory is not where its path says, because of a link on the way from the root.
fn is_linked(root: &Path, directory: &str) -> bool {
    let Ok(root) = fs::canonicalize(root) else {
        return true;
    };
    let mut expected = root.clone();
    for part in directory.split('/').filter(|part| !part.is_empty()) {
        match part {
            ".." => {
                expected.pop();
            }
            part => expected.push(part),
        }
    }
    !fs::canonicalize(root.join(directory)).is_ok_and(|real| real == expected)
}

fn is_kustomization(path: &str) -> bool {
    NAMES.contains(&path.rsplit('/').next().unwrap_or_default())
}

/// The text of a file that is of a sane size, and text.
fn text_of(path: &Path) -> Option<String> {
    let is_sane = fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= MAX_BYTES);
    is_sane.then(|| fs::read_to_string(path).ok()).flatten()
}

/// Finds the kustomization files below a directory; links are not followed, so there is no way around in circles.
fn walk(root: &Path, directory: &str, found: &mut Vec<String>) -> anyhow::Result<()> {
    let mut left: Vec<(PathBuf, String)> = vec![(root.join(directory), directory.to_owned())];
    let mut count = 0_usize;
    while let Some((path, name)) = left.pop() {
        count += 1;
        if count > MAX_DIRECTORIES {
            bail!(
                "there are more than {MAX_DIRECTORIES} directories below {}; name those that hold the services",
                shown(directory)
            );
        }
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if count > 1 && error.kind() == std::io::ErrorKind::PermissionDenied => {
                continue;
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", path.display()))?;
            let (Ok(kind), Some(inner)) = (
                entry.file_type(),
                entry.file_name().to_str().map(str::to_owned),
            ) else {
                continue;
            };
            let inner_name = join(&name, &inner);
            if kind.is_dir() && !inner.starts_with('.') && inner != SKIPPED {
                left.push((entry.path(), inner_name));
            } else if !kind.is_dir() && NAMES.contains(&inner.as_str()) {
                found.push(inner_name);
            }
        }
    }
    Ok(())
}

fn shown(directory: &str) -> &str {
    if directory.is_empty() { "." } else { directory }
}
