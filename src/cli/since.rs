//! What has changed since a revision, as git knows it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::repo::relative;

/// The files that differ from where this branch has left `revision`, relative to `root`; also those that git does not know yet.
///
/// # Errors
///
/// Fails outside of a repository, without git, and on a revision that is not there.
pub(super) fn changed(root: &Path, revision: &str) -> anyhow::Result<BTreeSet<String>> {
    if revision.starts_with('-') {
        bail!("--since {revision}: this is no revision");
    }
    let top = git(root, &["rev-parse", "--show-toplevel"])?;
    let top = Path::new(top.trim_end_matches('\n'));
    // Without a common ancestor, as in a shallow clone, the revision itself is the next best.
    let from = git(root, &["merge-base", revision, "HEAD"]);
    let from = from.map_or_else(|_| revision.to_owned(), |from| from.trim().to_owned());
    let differing = git(
        top,
        &["diff", "--name-only", "-z", "--no-renames", &from, "--"],
    )?;
    let unknown = git(top, &["ls-files", "-z", "--others", "--exclude-standard"])?;
    let inner = root.strip_prefix(top).unwrap_or(Path::new(""));
    let inner = inner.to_string_lossy();
    Ok(differing
        .split('\0')
        .chain(unknown.split('\0'))
        .filter(|name| !name.is_empty())
        .map(|name| relative(&inner, name))
        .collect())
}

fn git(directory: &Path, arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(arguments)
        .output()
        .context("cannot run git, which --since needs")?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        bail!("git {}: {}", arguments.join(" "), told.trim());
    }
    String::from_utf8(output.stdout).context("git names a file that is no UTF-8")
}
