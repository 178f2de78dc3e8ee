//! A revision's files in a form that builds can read: written from git's objects into a temporary
//! directory.
//!
//! Nothing is checked out over a work tree, and no second work tree is registered. Every file keeps
//! its full path below the temporary directory, so that all names are the same as in the work tree.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};

use super::files;
use super::git::WorkTree;
use super::git::objects::{Entry, Kind, MAX_FILE};
use super::remains::Temporary;
use super::since::short;

/// The total size of the written files, in bytes.
const MAX_BYTES: usize = 1 << 30;

/// The largest number of files that are written.
const MAX_FILES: usize = 300_000;

/// The deepest nesting of submodules that are read.
const MAX_DEPTH: usize = 8;

/// The start of a file whose content Git LFS stores elsewhere.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";

/// The files of a revision.
pub(super) struct Past {
    /// It is removed with its contents at the end, even after a signal.
    _directory: Temporary<tempfile::TempDir>,
    /// Every file is below it, at its full path.
    pub prefix: PathBuf,
    /// The real root of the repository.
    pub top: PathBuf,
    /// The name of the revision for people: `main (0123456789ab)`.
    pub name: String,
    /// The chosen commit, in words.
    pub told: String,
    /// The revision as given.
    pub revision: String,
    /// The files that could not be written, by their full paths, and why.
    pub unwritten: BTreeMap<PathBuf, String>,
}

impl Past {
    /// Reads the commit at which this branch left `revision`, or the revision itself if that is not
    /// known.
    ///
    /// # Errors
    ///
    /// Fails outside a repository, without git, on an unknown revision, and on one that is too
    /// large.
    pub(super) fn read(from: &Path, revision: &str, limit: Duration) -> anyhow::Result<Self> {
        if revision.starts_with('-') || revision.is_empty() {
            bail!("--new {revision}: this is not a revision");
        }
        let tree = WorkTree::find(from, "--new", limit)?;
        let shown = files::shown(Path::new(revision));
        let commit = tree.commit(revision)?;
        let commit = commit.with_context(|| format!("--new {shown}: {}", tree.lack()))?;
        let head = tree.commit("HEAD")?;
        let head = head.context("--new: this repository has no commit yet")?;
        let base = tree.merge_base(&commit, &head)?;
        let (meant, told) = match base {
            Some(base) if base == commit => {
                let told = format!(
                    "new findings are those that {shown} ({}) does not have",
                    short(&commit)
                );
                (commit, told)
            }
            Some(base) => {
                let told = format!(
                    "new findings are those that did not exist when this branch forked from {shown}, at {}",
                    short(&base)
                );
                (base, told)
            }
            None => {
                let told = format!(
                    "new findings are those that {shown} ({}) itself does not have, because this clone has no merge base",
                    short(&commit)
                );
                (commit, told)
            }
        };
        let make = || {
            let mut builder = tempfile::Builder::new();
            builder.prefix("krm-parity-").tempdir()
        };
        let directory = Temporary::new(make, tempfile::TempDir::path)
            .context("cannot create a temporary directory")?;
        let prefix =
            fs::canonicalize(directory.path()).context("cannot find the temporary directory")?;
        let top = fs::canonicalize(&tree.top).unwrap_or_else(|_| tree.top.clone());
        let mut past = Self {
            _directory: directory,
            prefix,
            top,
            name: format!("{shown} ({})", short(&meant)),
            told,
            revision: revision.to_owned(),
            unwritten: BTreeMap::new(),
        };
        past.write(&tree, &meant)
            .with_context(|| format!("--new {shown}: {} cannot be read", short(&meant)))?;
        Ok(past)
    }

    /// The place of a full path in this revision.
    pub(super) fn place_of(&self, full: &Path) -> PathBuf {
        files::mirrored(&self.prefix, full)
    }

    fn write(&mut self, tree: &WorkTree, commit: &str) -> anyhow::Result<()> {
        let mut budget = Budget::default();
        let top = self.top.clone();
        fs::create_dir_all(self.place_of(&top)).context("cannot write a temporary directory")?;
        self.write_tree(tree, &top, commit, 0, &mut budget)?;
        // A search for the root of the repository must find it here.
        let mark = self.place_of(&top).join(".git");
        fs::create_dir(mark).context("cannot write a temporary directory")?;
        Ok(())
    }

    /// Writes the tree of a commit for a directory, given by its full path.
    fn write_tree(
        &mut self,
        tree: &WorkTree,
        at: &Path,
        commit: &str,
        depth: usize,
        budget: &mut Budget,
    ) -> anyhow::Result<()> {
        let entries = tree.entries(commit)?;
        let mut files = Vec::new();
        let mut links = Vec::new();
        let mut submodules = Vec::new();
        for entry in entries {
            let full = at.join(path(&entry)?);
            if entry.kind != Kind::Submodule && entry.size > MAX_FILE {
                let why = format!("is larger than {} MiB", MAX_FILE >> 20);
                self.unwritten.insert(full, why);
                continue;
            }
            budget.add(entry.size)?;
            match entry.kind {
                Kind::File => files.push(entry),
                Kind::Link => links.push(entry),
                Kind::Submodule => submodules.push((full, entry.id)),
            }
        }
        // Links come last, so that nothing is written through one.
        let mut made = BTreeSet::new();
        tree.contents(&files, |entry, content| {
            let full = at.join(path(entry)?);
            if content.starts_with(POINTER) && !is_pointer(&full) {
                let why = "is a pointer to a file in Git LFS".to_owned();
                self.unwritten.insert(full, why);
                return Ok(());
            }
            let place = self.place_of(&full);
            make_parent(&place, &mut made)
                .and_then(|()| {
                    let mut options = fs::OpenOptions::new();
                    let mut file = options.write(true).create_new(true).open(&place)?;
                    io::Write::write_all(&mut file, content)
                })
                .with_context(|| format!("cannot write {} again", files::shown(&full)))
        })?;
        for (full, id) in submodules {
            let inner = match tree.inner(&full) {
                Ok(inner) if depth < MAX_DEPTH && is_same(&inner.top, &full) => inner,
                _ => {
                    let why = "is a submodule that is not checked out".to_owned();
                    self.unwritten.insert(full, why);
                    continue;
                }
            };
            if inner.commit(&id)?.is_none() {
                let why = format!("is a submodule that lacks its commit {}", short(&id));
                self.unwritten.insert(full, why);
                continue;
            }
            self.write_tree(&inner, &full, &id, depth + 1, budget)?;
        }
        let top = self.top.clone();
        tree.contents(&links, |entry, content| {
            let full = at.join(path(entry)?);
            let place = self.place_of(&full);
            let target = self.target(&full, PathBuf::from(os(content)?), &top);
            make_parent(&place, &mut made)
                .and_then(|()| link(&target, &place))
                .with_context(|| format!("cannot write {} again", files::shown(&full)))
        })
    }
}

impl Past {
    /// The target of a link: within the revision if it leads into the repository, otherwise the
    /// same as from its original place.
    fn target(&self, full: &Path, target: PathBuf, top: &Path) -> PathBuf {
        let mut at = full.parent().unwrap_or(full).to_owned();
        for part in target.components() {
            match part {
                Component::ParentDir => {
                    at.pop();
                }
                Component::Normal(name) => at.push(name),
                Component::RootDir | Component::Prefix(_) => at = PathBuf::from("/"),
                Component::CurDir => {}
            }
        }
        match (at.starts_with(top), target.is_absolute()) {
            (true, false) => target,
            (true, true) => self.place_of(&at),
            (false, _) => at,
        }
    }
}

/// The amount that was written.
#[derive(Default)]
struct Budget {
    files: usize,
    bytes: usize,
}

impl Budget {
    fn add(&mut self, size: usize) -> anyhow::Result<()> {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(size);
        if self.files > MAX_FILES || self.bytes > MAX_BYTES {
            bail!(
                "it has more than {MAX_FILES} files or {} MiB; compare with a report of it instead: run krm-parity check --format json=report.json there, and pass --against report.json here",
                MAX_BYTES >> 20
            );
        }
        Ok(())
    }
}

/// The path of an entry, if it is valid in a work tree.
fn path(entry: &Entry) -> anyhow::Result<PathBuf> {
    let path = PathBuf::from(os(&entry.path)?);
    let is_plain = |part: Component<'_>| match part {
        Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
        _ => false,
    };
    if entry.path.is_empty() || !path.components().all(is_plain) || entry.path.contains(&0) {
        bail!(
            "it contains a path that a work tree cannot have: {}",
            files::shown(&path)
        );
    }
    Ok(path)
}

#[cfg(unix)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "on other systems not every name is valid"
)]
fn os(bytes: &[u8]) -> anyhow::Result<OsString> {
    use std::os::unix::ffi::OsStrExt as _;
    Ok(std::ffi::OsStr::from_bytes(bytes).to_owned())
}

#[cfg(not(unix))]
fn os(bytes: &[u8]) -> anyhow::Result<OsString> {
    let text = std::str::from_utf8(bytes).context("git lists a file whose name is not UTF-8")?;
    Ok(OsString::from(text))
}

/// Creates the directory of a file; a file or a link in its way is an error.
fn make_parent(place: &Path, made: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    let Some(parent) = place.parent() else {
        return Ok(());
    };
    if made.contains(parent) {
        return Ok(());
    }
    match fs::symlink_metadata(parent) {
        Ok(data) if data.is_dir() => {}
        Ok(_) => return Err(io::ErrorKind::NotADirectory.into()),
        Err(_) => {
            make_parent(parent, made)?;
            fs::create_dir(parent)?;
        }
    }
    made.insert(parent.to_owned());
    Ok(())
}

/// Whether the same file in the work tree is also a pointer, which builds read as it is.
fn is_pointer(full: &Path) -> bool {
    files::read(full).is_ok_and(|content| content.starts_with(POINTER))
}

fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    real(one).is_some() && real(one) == real(other)
}

#[cfg(unix)]
fn link(target: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, place)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
