//! The past of a branch according to git: its commits, and the texts of files in them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::objects::object;
use super::{WorkTree, text};

/// A commit of a branch, and its changes to files.
#[derive(Debug)]
pub(in crate::cli) struct Commit {
    /// The day of its arrival on the branch, in UTC.
    pub day: Date,
    /// The files, by their paths from the root, with the ids of their texts before and after.
    pub edits: Vec<(String, Option<String>, Option<String>)>,
}

/// A configuration file is never larger, in bytes.
const MAX_FILE: usize = 4 << 20;

/// The total number of bytes of texts that are read.
const MAX_TEXTS: usize = 256 << 20;

/// The mark before each commit, which is in no path that git prints unquoted.
const MARK: char = '\u{1}';

impl WorkTree {
    /// The branch whose states count: its name for people, and the id of its last commit.
    ///
    /// This is the default branch of the remote, else a branch with a usual name, there or here, else `revision`,
    /// else the checked-out commit; `None` without commits. Of the less usual names, only one may exist.
    pub(in crate::cli) fn branch(
        &self,
        revision: Option<&str>,
    ) -> anyhow::Result<Option<(String, String)>> {
        const USUAL: [&str; 2] = ["main", "master"];
        const RARE: [&str; 5] = ["trunk", "develop", "development", "mainline", "default"];
        let mut command = self.command();
        command.args(["symbolic-ref", "--quiet", "refs/remotes/origin/HEAD"]);
        let output = self.output(&mut command)?;
        if output.status.success()
            && let Some(found) = self.named(text(output.stdout)?.trim())?
        {
            return Ok(Some(found));
        }
        let mut command = self.command();
        let output = self.output(command.args(["config", "--get", "init.defaultBranch"]))?;
        let configured = if output.status.success() {
            Some(text(output.stdout)?.trim().to_owned())
        } else {
            None
        };
        let usual = configured.iter().map(String::as_str).chain(USUAL);
        let usual: Vec<&str> = usual.filter(|name| !name.is_empty()).collect();
        for place in ["refs/remotes/origin/", "refs/heads/"] {
            for name in &usual {
                if let Some(found) = self.named(&format!("{place}{name}"))? {
                    return Ok(Some(found));
                }
            }
            let mut rare = Vec::new();
            for name in RARE {
                rare.extend(self.named(&format!("{place}{name}"))?);
            }
            if rare.len() == 1 {
                return Ok(rare.pop());
            }
        }
        for name in revision.into_iter().chain(["HEAD"]) {
            if let Some(found) = self.named(name)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// A revision by its name for people, and the id of its commit.
    fn named(&self, name: &str) -> anyhow::Result<Option<(String, String)>> {
        if name.starts_with('-') {
            return Ok(None);
        }
        let short = name
            .strip_prefix("refs/remotes/")
            .or_else(|| name.strip_prefix("refs/heads/"))
            .unwrap_or(name);
        let id = self.commit(name)?;
        Ok(id.map(|id| (short.to_owned(), id)))
    }

    /// That a revision is not there, and the command that fetches it: `git fetch` alone leaves out other branches.
    pub(in crate::cli) fn lack(&self) -> String {
        let whole = if self.is_shallow().unwrap_or_default() {
            " --unshallow"
        } else {
            ""
        };
        format!(
            "this clone does not have that commit; run git fetch{whole} origin '+refs/heads/*:refs/remotes/origin/*', or set fetch-depth: 0 in CI"
        )
    }

    /// Whether this clone lacks some commits.
    pub(in crate::cli) fn is_shallow(&self) -> anyhow::Result<bool> {
        let mut command = self.command();
        let told = self.text(command.args(["rev-parse", "--is-shallow-repository"]))?;
        Ok(told.trim() == "true")
    }

    /// The first parents of a commit, the newest first, that touch one of some paths or anything
    /// below.
    ///
    /// A merge is reported with its changes to the branch, without the commits behind it.
    pub(in crate::cli) fn first_parents(
        &self,
        commit: &str,
        paths: &BTreeSet<String>,
    ) -> anyhow::Result<Vec<Commit>> {
        let mut command = self.command();
        command.args(["--literal-pathspecs", "--no-replace-objects", "log"]);
        command.args([
            "--first-parent",
            "-m",
            "--root",
            "--raw",
            "-z",
            "--no-abbrev",
        ]);
        command.args([
            "--no-renames",
            "--no-relative",
            "--no-ext-diff",
            "--no-textconv",
        ]);
        command.args([
            "--no-show-signature",
            "--no-notes",
            "--no-color",
            "--no-decorate",
        ]);
        command.args([
            "--no-mailmap",
            "--ignore-submodules=all",
            "--format=%x01%ct",
        ]);
        command.arg(commit).arg("--").args(paths);
        commits(&self.text(&mut command)?)
    }

    /// The texts of some ids, without those that are too long or not text.
    ///
    /// # Errors
    ///
    /// Fails if their total is too long, and if one is missing, as in a partial clone.
    pub(in crate::cli) fn texts(
        &self,
        ids: &BTreeSet<&str>,
    ) -> anyhow::Result<BTreeMap<String, String>> {
        let all: Vec<&str> = ids.iter().copied().collect();
        let sizes = text(self.batch("--batch-check", &all)?)?;
        let mut total = 0_usize;
        let mut wanted = Vec::new();
        for (id, told) in all.iter().zip(sizes.lines()) {
            let size = size_of(told, id)?;
            if size <= MAX_FILE {
                total = total.saturating_add(size);
                wanted.push(*id);
            }
        }
        if total > MAX_TEXTS {
            bail!("the history of these files is longer than krm-parity reads");
        }
        let told = self.batch("--batch", &wanted)?;
        let mut rest = told.as_slice();
        let mut texts = BTreeMap::new();
        for id in wanted {
            if let Ok(text) = std::str::from_utf8(object(&mut rest, id)?) {
                texts.insert(id.to_owned(), text.to_owned());
            }
        }
        Ok(texts)
    }
}

/// The error if git's answer is shorter than requested.
const CUT: &str = "git's answer is incomplete";

/// Reads `ID blob SIZE`.
fn size_of(told: &str, id: &str) -> anyhow::Result<usize> {
    let size = told
        .strip_prefix(id)
        .and_then(|rest| rest.strip_prefix(" blob "));
    let size = size.and_then(|size| size.parse().ok());
    size.with_context(|| {
        format!("this clone lacks the file contents {id}, as a partial clone does")
    })
}

/// Parses commits, each with its edits, in the format of [`WorkTree::first_parents`].
fn commits(told: &str) -> anyhow::Result<Vec<Commit>> {
    let mut commits: Vec<Commit> = Vec::new();
    let mut words = told.split('\0');
    while let Some(word) = words.next() {
        let word = word.trim_start_matches('\n');
        if let Some(time) = word.strip_prefix(MARK) {
            let time = time
                .trim()
                .parse()
                .ok()
                .and_then(|time| Timestamp::from_second(time).ok());
            let time = time.context("git gives no time for a commit")?;
            commits.push(Commit {
                day: time.to_zoned(TimeZone::UTC).date(),
                edits: Vec::new(),
            });
        } else if let Some(about) = word.strip_prefix(':') {
            let path = words.next().context(CUT)?;
            let commit = commits.last_mut().context(CUT)?;
            let parts: Vec<&str> = about.split(' ').collect();
            let [mode_before, mode_after, before, after, _] = parts.as_slice() else {
                bail!(CUT);
            };
            // A link or a submodule is not the file's text.
            let id = |mode: &str, id: &str| mode.starts_with("100").then(|| id.to_owned());
            commit.edits.push((
                path.to_owned(),
                id(mode_before, before),
                id(mode_after, after),
            ));
        }
    }
    Ok(commits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_read_with_what_they_did() {
        let told =
            "\u{1}86400\0\n:100644 000000 aa 00 D\0\u{1}odd\0:000000 100755 00 bb A\0b\n\0\u{1}0\0";
        let commits = commits(told).unwrap();
        let told: Vec<_> = commits
            .iter()
            .map(|commit| (commit.day.to_string(), commit.edits.as_slice()))
            .collect();
        let edit = |path: &str, before: Option<&str>, after: Option<&str>| {
            (
                path.to_owned(),
                before.map(str::to_owned),
                after.map(str::to_owned),
            )
        };
        let edits = [
            edit("\u{1}odd", Some("aa"), None),
            edit("b\n", None, Some("bb")),
        ];
        assert_eq!(
            told,
            [
                ("1970-01-02".to_owned(), edits.as_slice()),
                ("1970-01-01".to_owned(), [].as_slice())
            ]
        );
        for cut in ["\u{1}1\0:100644", ":1 2 3 4 M\0a", "\u{1}x\0"] {
            assert!(super::commits(cut).is_err(), "{cut:?}");
        }
    }
}
