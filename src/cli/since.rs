//! The changes since a revision, according to git.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

use super::files;
use super::git::WorkTree;
use crate::repo::{join, relative};

/// The deepest nesting of submodules that are compared.
const MAX_DEPTH: usize = 8;

/// The length of a commit's id for people.
const SHORT: usize = 12;

/// The differences from the commit at which a branch left a revision.
pub(super) struct Changed {
    /// The files, relative to the requested directory; a submodule counts as one file.
    pub files: BTreeSet<String>,
    /// The compared commits, in words.
    pub told: String,
}

/// The files that differ from the commit at which this branch left `revision`, relative to `root`;
/// including untracked ones.
///
/// # Errors
///
/// Fails outside a repository, without git, and on an unknown revision.
pub(super) fn changed(
    (root, inside): (&Path, &Path),
    revision: &str,
    limit: Duration,
) -> anyhow::Result<Changed> {
    if revision.starts_with('-') {
        bail!("--since {revision}: this is not a revision");
    }
    let tree = WorkTree::find(inside, "--since", limit)?;
    let shown = files::shown(Path::new(revision));
    let commit = tree.commit(revision)?;
    let commit = commit.with_context(|| format!("--since {shown}: {}", tree.lack()))?;
    let head = tree.commit("HEAD")?;
    let head = head.context("--since: this repository has no commit yet")?;
    // Without a common ancestor, as in a shallow clone, the revision itself is the next best.
    let base = tree.merge_base(&commit, &head)?;
    let files = differing(&tree, base.as_ref().unwrap_or(&commit), 0)?;
    let part = |path: &Path, of: &Path| {
        let inner = path.strip_prefix(of).unwrap_or(Path::new(""));
        inner.to_string_lossy().into_owned()
    };
    // The directory that paths are relative to may be above the repository.
    let (inner, outer) = (part(root, &tree.top), part(&tree.top, root));
    let name = |name: &String| relative(&inner, &join(&outer, name));
    let files: BTreeSet<String> = files.iter().map(name).collect();
    let how_many = match files.len() {
        0 => "no file differs".to_owned(),
        1 => "1 file differs".to_owned(),
        count => format!("{count} files differ"),
    };
    let from = match &base {
        Some(base) => format!("from the merge base {}", short(base)),
        None => "from it, because this clone has no merge base".to_owned(),
    };
    Ok(Changed {
        files,
        told: format!("since {shown} ({}): {how_many} {from}", short(&commit)),
    })
}

pub(super) fn short(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

/// The files that differ from a commit, and the untracked ones, relative to the root of the work
/// tree.
fn differing(tree: &WorkTree, commit: &str, depth: usize) -> anyhow::Result<BTreeSet<String>> {
    let mut files: BTreeSet<String> = tree.differing(commit)?.into_iter().collect();
    files.extend(tree.unknown()?);
    // git would read submodules with their own configuration.
    for name in tree.submodules()? {
        let place = tree.top.join(&name);
        let is_there = super::tree::is_repository(&place);
        if !is_there || files.contains(&name) {
            continue;
        }
        let inner = tree.inner(&place)?;
        let head = inner.commit("HEAD")?;
        let is_same = match head {
            Some(head) if depth < MAX_DEPTH => differing(&inner, &head, depth + 1)?.is_empty(),
            _ => false,
        };
        if !is_same {
            files.insert(name);
        }
    }
    Ok(files)
}
