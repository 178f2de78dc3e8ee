//! The real paths of files, behind the links on their way.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::repo::relative;

/// More links on a path are a circle, as for the system.
const MAX_LINKS: usize = 40;

/// The real path of a file, relative to a root without links; `None` if it does not exist.
pub(super) fn real_path(real_root: &Path, path: &Path) -> Option<String> {
    way_to(real_root, &fs::canonicalize(path).ok()?)
}

/// The relative path from a root to a file below it or elsewhere, both without links.
fn way_to(real_root: &Path, real: &Path) -> Option<String> {
    let way = relative(real_root.to_str()?, real.to_str()?);
    Some(if way == "." { String::new() } else { way })
}

/// The real paths of files, with one query per directory.
pub(super) struct Ways<'a> {
    pub(super) real_root: &'a Path,
    directories: HashMap<PathBuf, Option<PathBuf>>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(real_root: &'a Path) -> Self {
        Self {
            real_root,
            directories: HashMap::new(),
        }
    }

    /// As [`real_path`], for a file.
    pub(super) fn of(&mut self, file: &Path) -> Option<String> {
        let is_link = fs::symlink_metadata(file).ok()?.is_symlink();
        match (file.parent(), file.file_name()) {
            (Some(directory), Some(name)) if !is_link => {
                let real = self.real(directory)?.join(name);
                way_to(self.real_root, &real)
            }
            _ => real_path(self.real_root, file),
        }
    }

    /// As [`real_path`], for a directory.
    pub(super) fn of_directory(&mut self, directory: &Path) -> Option<String> {
        let real_root = self.real_root;
        way_to(real_root, self.real(directory)?)
    }

    fn real(&mut self, directory: &Path) -> Option<&Path> {
        let known = self.directories.entry(directory.to_owned());
        let real = known.or_insert_with(|| fs::canonicalize(directory).ok());
        real.as_deref()
    }
}

/// The real paths, and every link on the way to them.
///
/// A file that no longer exists has the path to which the links still lead.
pub(in crate::cli) fn real_paths(root: &Path, mut paths: BTreeSet<String>) -> BTreeSet<String> {
    let real_root = fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
    let mut more = BTreeSet::new();
    for path in &paths {
        follow_links(&real_root, path, &mut more);
    }
    paths.extend(more);
    paths
}

/// Follows a path from link to link, and collects each link and the final target.
fn follow_links(real_root: &Path, path: &str, found: &mut BTreeSet<String>) {
    let mut keep = |path: &Path| {
        if let (Some(root), Some(path)) = (real_root.to_str(), path.to_str()) {
            let way = relative(root, path);
            found.insert(if way == "." { String::new() } else { way });
        }
    };
    let mut left: Vec<PathBuf> = parts(Path::new(path));
    let mut at = real_root.to_owned();
    let mut links = 0;
    while let Some(part) = left.pop() {
        if part == Path::new("..") {
            at.pop();
            continue;
        }
        at.push(&part);
        let Ok(target) = fs::read_link(&at) else {
            continue;
        };
        links += 1;
        if links > MAX_LINKS {
            return;
        }
        keep(&at);
        at.pop();
        if target.is_absolute() {
            at = PathBuf::from("/");
        }
        left.append(&mut parts(&target));
    }
    if links > 0 {
        keep(&at);
    }
}

/// The parts of a path in reverse order.
fn parts(path: &Path) -> Vec<PathBuf> {
    let parts = path.components().filter_map(|part| match part {
        Component::Normal(part) => Some(PathBuf::from(part)),
        Component::ParentDir => Some(PathBuf::from("..")),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    let parts: Vec<PathBuf> = parts.collect();
    parts.into_iter().rev().collect()
}
