//! The policy of a repository: named, or found upwards, and read once.
//!
//! If a policy were skipped, the defaults would silently apply. So any file in one of its places
//! that is not a policy is an error.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::{files, tree};
use crate::policy::{self, Policy};
use crate::repo::Ours;
use crate::rules::RULES;
use crate::yaml::{self, Node};

/// The file name of a new policy.
pub(super) const FIRST: &str = "parity.yaml";

/// The places of a policy, in each directory upwards.
const PLACES: [&str; 6] = [
    FIRST,
    "parity.yml",
    "parity/policy.yaml",
    "parity/policy.yml",
    "parity/policy/policy.yaml",
    "parity/policy/policy.yml",
];

/// A policy with its file.
#[derive(Debug)]
pub(super) struct PolicyFile {
    /// Its path.
    pub path: PathBuf,
    /// Its name in reports.
    pub name: String,
    /// Its text.
    pub text: String,
    /// The policy.
    pub policy: Policy,
}

impl PolicyFile {
    /// Reads a policy that the user names; `is_own` says whether it belongs to the checked files.
    ///
    /// # Errors
    ///
    /// The error names the place in the file and the fault.
    pub(super) fn named(path: &Path, name: String, is_own: bool) -> anyhow::Result<Self> {
        // Such as `--policy <(...)`. One that belongs to the checked files is an error: they must
        // not be able to stop their own check.
        let is_stream = fs::metadata(path).is_ok_and(|data| !data.is_file() && !data.is_dir());
        if is_stream && !is_own {
            let name = files::shown(path);
            let bytes = files::read_named(path, files::MAX_BYTES);
            let bytes = bytes.with_context(|| format!("cannot read {name}"))?;
            return Self::from_bytes(path, name, &bytes);
        }
        Self::at(path, name)
    }

    /// Reads a policy from a file.
    ///
    /// # Errors
    ///
    /// As [`PolicyFile::named`].
    pub(super) fn at(path: &Path, name: String) -> anyhow::Result<Self> {
        let bytes = files::read(path).with_context(|| format!("cannot read {name}"))?;
        Self::from_bytes(path, name, &bytes)
    }

    fn from_bytes(path: &Path, name: String, bytes: &[u8]) -> anyhow::Result<Self> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            bail!("cannot read {name}: it is not UTF-8");
        };
        Ok(Self {
            policy: policy::parse(RULES, &name, text)?,
            path: path.to_owned(),
            text: text.to_owned(),
            name,
        })
    }

    /// Finds the policy for a directory: the nearest upwards, up to the root of the repository.
    ///
    /// `name_of` gives the name of a file in reports. Only a recorder with the name `parity.yaml`
    /// is skipped.
    ///
    /// # Errors
    ///
    /// Fails on any other file in one of the places that is not a policy, and if two of them exist.
    pub(super) fn find(
        directory: &Path,
        name_of: impl Fn(&Path) -> String,
    ) -> anyhow::Result<Option<Self>> {
        let mut here = Some(directory);
        while let Some(directory) = here {
            let mut found: Vec<(PathBuf, Vec<u8>)> = Vec::new();
            for place in PLACES {
                if !is_there(directory, place, &name_of)? {
                    continue;
                }
                let path = directory.join(place);
                let bytes = files::read(&path).with_context(|| {
                    let name = name_of(&path);
                    format!("cannot read {name}, where krm-parity looks for the policy")
                })?;
                if !is_recorder(&bytes) {
                    found.push((path, bytes));
                }
            }
            if let [(first, _), (second, _), ..] = found.as_slice() {
                for (path, bytes) in &found {
                    Self::from_bytes(path, name_of(path), bytes)?;
                }
                bail!(
                    "there are two policies, {} and {}; remove one of them",
                    name_of(first),
                    name_of(second)
                );
            }
            if let Some((path, bytes)) = found.pop() {
                let name = name_of(&path);
                return Self::from_bytes(&path, name, &bytes).map(Some);
            }
            if tree::is_repository(directory) {
                return Ok(None);
            }
            here = directory.parent();
        }
        Ok(None)
    }
}

/// Whether a place is occupied, even by a dangling link, or by one on its path.
fn is_there(
    directory: &Path,
    place: &str,
    name_of: impl Fn(&Path) -> String,
) -> anyhow::Result<bool> {
    let mut path = directory.to_owned();
    for part in place.split('/') {
        path.push(part);
        let is_link = match fs::symlink_metadata(&path) {
            Ok(data) => data.is_symlink(),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(false);
            }
            Err(error) => {
                return Err(error).with_context(|| {
                    let name = name_of(&path);
                    format!("cannot read {name}, where krm-parity looks for the policy")
                });
            }
        };
        if is_link && fs::metadata(&path).is_err() {
            bail!(
                "{} is a broken link, where krm-parity looks for the policy",
                name_of(&path)
            );
        }
    }
    Ok(true)
}

/// Whether a file is in a place of a policy.
pub(super) fn is_place(file: &str) -> bool {
    PLACES
        .iter()
        .any(|place| file == *place || file.ends_with(&format!("/{place}")))
}

/// The directory to which a file in one of those places applies.
pub(super) fn home(file: &Path) -> Option<PathBuf> {
    PLACES.iter().find_map(|place| {
        let parts = Path::new(place).components().count();
        file.ends_with(place)
            .then(|| file.ancestors().nth(parts).map(Path::to_path_buf))?
    })
}

/// Whether a file contains only recorders.
fn is_recorder(bytes: &[u8]) -> bool {
    let is_recorder = |root: Node<'_>| Ours::read(root) == Some(Ours::Recorder);
    yaml::parse_bytes(bytes).is_ok_and(|tree| {
        let mut roots = tree.roots().filter(|root| !root.is_null()).peekable();
        roots.peek().is_some() && roots.all(is_recorder)
    })
}
