//! Changes to files: shown as a diff, and written all together or not at all.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead as _, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use similar::TextDiff;
use tempfile::NamedTempFile;

use super::remains::Temporary;
use super::{files, tree};
use crate::yaml::MAX_BYTES;

/// A file to write.
#[derive(Debug)]
pub(super) struct Change {
    /// Its path.
    pub path: PathBuf,
    /// Its name for people.
    pub name: String,
    /// Where it lies now and how that is called, if it moves.
    pub from: Option<(PathBuf, String)>,
    /// Its current text; `None` if it does not exist.
    pub before: Option<String>,
    /// Its new text.
    pub after: String,
}

/// Whether changes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Consent {
    /// Without a question.
    Given,
    /// They are only shown.
    Withheld,
    /// If the person at the terminal agrees.
    Ask,
}

/// The result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    /// The changes were written.
    Written,
    /// The changes were only shown, as requested.
    Shown,
}

/// Shows changes and, with consent, writes them.
///
/// # Errors
///
/// Fails if no one can be asked, if the answer is no, and if a file cannot be written; then no file
/// has changed.
pub(super) fn make(changes: &[Change], consent: Consent) -> anyhow::Result<Done> {
    super::write_out(&crate::text::lines(&diff(changes)))?;
    match consent {
        Consent::Withheld => return Ok(Done::Shown),
        Consent::Given => {}
        Consent::Ask if !io::stdin().is_terminal() => {
            bail!(
                "nothing was changed: there is no terminal to confirm on; --yes makes these changes, --dry-run only shows them"
            )
        }
        Consent::Ask => {
            let _ = write!(io::stderr().lock(), "Apply? [y/N] ");
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer)?;
            if !matches!(answer.trim(), "y" | "Y" | "yes" | "Yes") {
                bail!("nothing was changed");
            }
        }
    }
    apply(changes)?;
    Ok(Done::Written)
}

/// Changes as a unified diff.
fn diff(changes: &[Change]) -> String {
    let mut out = String::new();
    for change in changes {
        let before = change.before.as_deref().unwrap_or_default();
        let diff = TextDiff::from_lines(before, &change.after);
        let name = shown(&change.path, &change.name);
        let old = match (&change.from, &change.before) {
            (Some((path, from)), _) => {
                let from = shown(path, from);
                let _ = writeln!(
                    out,
                    "diff --git a/{from} b/{name}\nrename from {from}\nrename to {name}"
                );
                format!("a/{from}")
            }
            (None, Some(_)) => format!("a/{name}"),
            (None, None) => "/dev/null".to_owned(),
        };
        let new = format!("b/{name}");
        let _ = write!(out, "{}", diff.unified_diff().header(&old, &new));
    }
    out
}

/// The name of a file in a diff: one above this directory is named from the root of its repository,
/// as git does.
fn shown<'n>(path: &Path, name: &'n str) -> Cow<'n, str> {
    let below = || {
        let top = tree::repository(path.parent()?)?;
        Some(path.strip_prefix(top).ok()?.to_string_lossy().into_owned())
    };
    let above = name.starts_with("../").then(below).flatten();
    above.map_or(Cow::Borrowed(name), Cow::Owned)
}

/// A change that only needs a rename to take effect.
struct Staged<'c> {
    change: &'c Change,
    /// The file itself, if its path leads through links.
    target: PathBuf,
    text: Temporary<NamedTempFile>,
}

/// Writes changes, all or none.
///
/// # Errors
///
/// Fails if a file cannot be written; then no file has changed.
pub(super) fn apply(changes: &[Change]) -> anyhow::Result<()> {
    let mut made = Directories::default();
    let mut staged = Vec::new();
    for change in changes {
        staged.push(stage(change, &mut made)?);
    }
    let mut done: Vec<(&Change, PathBuf)> = Vec::new();
    for Staged {
        change,
        target,
        text,
    } in staged
    {
        let kept = text.keep(|text| text.persist(&target).map_err(|error| error.error));
        if let Err(error) = kept {
            undo(&done);
            return Err(error).with_context(|| {
                format!("cannot write {}, so nothing was changed", target.display())
            });
        }
        done.push((change, target));
    }
    // What has moved goes last, when it is there in its new place.
    for (from, name) in changes.iter().filter_map(|change| change.from.as_ref()) {
        if let Err(error) = fs::remove_file(from) {
            undo(&done);
            return Err(error)
                .with_context(|| format!("cannot remove {name}, so nothing was changed"));
        }
    }
    made.keep();
    Ok(())
}

/// Writes a text beside its target, which shows whether it can be written at all.
fn stage<'c>(change: &'c Change, made: &mut Directories) -> anyhow::Result<Staged<'c>> {
    let name = &change.name;
    let cannot = || format!("cannot write {name}, so nothing was changed");
    let target = if change.before.is_some() && change.from.is_none() {
        fs::canonicalize(&change.path).with_context(cannot)?
    } else {
        change.path.clone()
    };
    let read = |path: &Path| match files::read_file(path, MAX_BYTES) {
        Ok(now) => Ok(Some(now)),
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error).with_context(cannot),
    };
    // A file that moves is the one that it was before, and its new place is free.
    let old = change.from.as_ref().map_or(&target, |(from, _)| from);
    let now = read(old)?;
    let is_taken = change.from.is_some() && read(&target)?.is_some();
    if now.as_deref() != change.before.as_deref().map(str::as_bytes) || is_taken {
        bail!("nothing was written: {name} was changed by another program; run the command again");
    }
    let directory = target.parent().unwrap_or(Path::new("."));
    made.make(directory).with_context(cannot)?;
    let begin = || {
        tempfile::Builder::new()
            .prefix(".krm-parity-")
            .tempfile_in(directory)
    };
    let mut text = Temporary::new(begin, NamedTempFile::path).with_context(cannot)?;
    text.made()
        .write_all(change.after.as_bytes())
        .and_then(|()| text.made().as_file().sync_all())
        .with_context(cannot)?;
    if now.is_some() {
        // The permissions of the directory decide whether a file may be replaced, even if the file
        // is read-only.
        let permissions = fs::metadata(old).with_context(cannot)?.permissions();
        fs::set_permissions(text.path(), permissions).with_context(cannot)?;
    } else {
        readable(text.path()).with_context(cannot)?;
    }
    Ok(Staged {
        change,
        target,
        text,
    })
}

/// Temporary files are private to their owner; a repository's files must be readable by everyone.
#[cfg(unix)]
fn readable(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Restores the old files, if possible.
fn undo(done: &[(&Change, PathBuf)]) {
    for (change, target) in done {
        let _ = match &change.before {
            Some(before) if change.from.is_none() => fs::write(target, before),
            before => {
                if let (Some(before), Some((from, _))) = (before, &change.from)
                    && !from.exists()
                {
                    let _ = fs::write(from, before);
                }
                fs::remove_file(target)
            }
        };
    }
}

/// Directories that were created on the way, and are removed again unless they are kept.
#[derive(Default)]
struct Directories(Vec<PathBuf>);

impl Directories {
    fn make(&mut self, directory: &Path) -> io::Result<()> {
        // The parent of a single name is the empty path, which means the current directory but does
        // not exist.
        let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
        let missing = directory.ancestors().take_while(is_missing);
        let missing: Vec<PathBuf> = missing.map(Path::to_path_buf).collect();
        for directory in missing.into_iter().rev() {
            fs::create_dir(&directory)?;
            self.0.push(directory);
        }
        Ok(())
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Directories {
    fn drop(&mut self) {
        for directory in self.0.iter().rev() {
            let _ = fs::remove_dir(directory);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: PathBuf, before: Option<&str>, after: &str) -> Change {
        Change {
            name: path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            path,
            from: None,
            before: before.map(str::to_owned),
            after: after.to_owned(),
        }
    }

    #[test]
    fn all_files_are_written_or_none() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("a"), "old\n").unwrap();
        fs::write(at("b"), "other\n").unwrap();
        let stale = [
            change(at("a"), Some("old\n"), "new\n"),
            change(at("new/deep/c"), None, "c\n"),
            change(at("b"), Some("what it was\n"), "new\n"),
        ];
        let error = apply(&stale).unwrap_err();
        assert!(error.to_string().contains("b was changed"), "{error}");
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "old\n");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);

        // A file cannot become a directory.
        let blocked = [
            change(at("a"), Some("old\n"), "new\n"),
            change(at("b/c"), None, "c\n"),
        ];
        let error = apply(&blocked).unwrap_err();
        assert!(error.to_string().contains("nothing was changed"), "{error}");
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "old\n");

        let good = [
            change(at("a"), Some("old\n"), "new\n"),
            change(at("new/deep/c"), None, "c\n"),
        ];
        apply(&good).unwrap();
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "new\n");
        assert_eq!(fs::read_to_string(at("new/deep/c")).unwrap(), "c\n");
        assert_eq!(
            diff(&good),
            "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-old\n+new\n--- /dev/null\n+++ b/c\n@@ -0,0 +1 @@\n+c\n"
        );
    }

    #[test]
    fn a_file_that_moves_is_in_one_place() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("a"), "old\n").unwrap();
        let moved = || Change {
            from: Some((at("a"), "a".to_owned())),
            ..change(at("new/a"), Some("old\n"), "new\n")
        };
        // Another change that cannot be made keeps it where it is.
        let blocked = [moved(), change(at("a/c"), None, "c\n")];
        assert!(apply(&blocked).is_err());
        assert_eq!(fs::read_to_string(at("a")).unwrap(), "old\n");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);

        apply(&[moved()]).unwrap();
        assert!(!at("a").exists());
        assert_eq!(fs::read_to_string(at("new/a")).unwrap(), "new\n");

        // Its new place must be free.
        fs::write(at("a"), "old\n").unwrap();
        assert!(apply(&[moved()]).is_err());
        assert_eq!(fs::read_to_string(at("new/a")).unwrap(), "new\n");
    }

    #[test]
    #[cfg(unix)]
    fn links_and_permissions_stay() {
        use std::os::unix::fs::PermissionsExt;
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("real"), "old\n").unwrap();
        fs::set_permissions(at("real"), fs::Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::symlink("real", at("link")).unwrap();
        apply(&[change(at("link"), Some("old\n"), "new\n")]).unwrap();
        assert!(fs::symlink_metadata(at("link")).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(at("real")).unwrap(), "new\n");
        let mode = fs::metadata(at("real")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        fs::set_permissions(at("real"), fs::Permissions::from_mode(0o400)).unwrap();
        apply(&[change(at("link"), Some("new\n"), "newer\n")]).unwrap();
        assert_eq!(fs::read_to_string(at("real")).unwrap(), "newer\n");
        let mode = fs::metadata(at("real")).unwrap().permissions().mode();
        assert_eq!(
            mode & 0o777,
            0o400,
            "a read-only file is replaced and stays one"
        );
    }
}
