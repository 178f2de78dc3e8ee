//! Reads the files of a commit from git's objects: nothing is checked out, and no filter runs.

use std::io::{Seek as _, Write as _};

use anyhow::{Context, bail};

use super::super::process;
use super::{WorkTree, words};

/// The largest file of a commit that is read, in bytes: people do not write larger configurations.
pub(in super::super) const MAX_FILE: usize = 16 << 20;

/// The number of bytes that are requested at once, so that a large repository is never in memory as
/// a whole.
const CHUNK: usize = 32 << 20;

/// The type of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    File,
    Link,
    Submodule,
}

/// One entry of a commit.
#[derive(Clone, Debug)]
pub(in super::super) struct Entry {
    /// Its path below the root, as git stores it.
    pub path: Vec<u8>,
    /// Its type.
    pub kind: Kind,
    /// The object; for a submodule, its commit.
    pub id: String,
    /// Its size in bytes; 0 for a submodule.
    pub size: usize,
}

impl WorkTree {
    /// All entries of a commit.
    ///
    /// # Errors
    ///
    /// Fails if git does, such as in a clone that lacks objects.
    pub(in super::super) fn entries(&self, commit: &str) -> anyhow::Result<Vec<Entry>> {
        let mut command = self.command();
        command.args(["ls-tree", "-r", "-z", "-l", "--full-tree", commit]);
        let output = self.output(&mut command)?;
        if !output.status.success() {
            bail!("{}", partial(&words(&output)));
        }
        let lines = output.stdout.split(|&byte| byte == 0);
        let lines = lines.filter(|line| !line.is_empty());
        lines
            .map(|line| entry(line).context("git lists a commit in an unknown form"))
            .collect()
    }

    /// Reads objects, each of at most [`MAX_FILE`] bytes, and passes on their contents in order.
    ///
    /// # Errors
    ///
    /// Fails if an object is missing, or if the callback does.
    pub(in super::super) fn contents(
        &self,
        entries: &[Entry],
        mut take: impl FnMut(&Entry, &[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut left = entries;
        while !left.is_empty() {
            let mut size = 0;
            let fits = left.iter().take_while(|entry| {
                size += entry.size;
                size <= CHUNK
            });
            let (chunk, rest) = left.split_at(fits.count().max(1));
            left = rest;
            let ids: Vec<&str> = chunk.iter().map(|entry| entry.id.as_str()).collect();
            let told = self.batch("--batch", &ids)?;
            let mut told = told.as_slice();
            for entry in chunk {
                let content = object(&mut told, &entry.id)?;
                take(entry, content)?;
            }
        }
        Ok(())
    }

    /// git's answer about objects, in their order: `what` is a flag of `git cat-file`.
    pub(super) fn batch(&self, what: &str, ids: &[&str]) -> anyhow::Result<Vec<u8>> {
        let mut names = tempfile::tempfile().context("cannot create a temporary file")?;
        let text: String = ids.iter().flat_map(|id| [id, "\n"]).collect();
        let written = names
            .write_all(text.as_bytes())
            .and_then(|()| names.rewind());
        written.context("cannot write a temporary file")?;
        let mut command = self.command();
        command.args(["--no-replace-objects", "cat-file", what]);
        let output = self.output_of(process::run_with(&mut command, names, self.limit))?;
        if !output.status.success() {
            bail!("{}", partial(&words(&output)));
        }
        Ok(output.stdout)
    }
}

/// `MODE TYPE ID SIZE\tPATH`.
fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|&byte| byte == b'\t')?;
    let about = std::str::from_utf8(&line[..tab]).ok()?;
    let mut parts = about.split_ascii_whitespace();
    let (mode, _, id, size) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let kind = match mode {
        "120000" => Kind::Link,
        "160000" => Kind::Submodule,
        _ => Kind::File,
    };
    Some(Entry {
        path: line[tab + 1..].to_vec(),
        kind,
        id: id.to_owned(),
        size: if kind == Kind::Submodule {
            0
        } else {
            size.parse().ok()?
        },
    })
}

/// Splits `ID TYPE SIZE`, a line break, the content and another line break off the start of git's
/// answer.
pub(super) fn object<'t>(told: &mut &'t [u8], id: &str) -> anyhow::Result<&'t [u8]> {
    let unknown = || format!("git does not print the object {id}");
    let end = told
        .iter()
        .position(|&byte| byte == b'\n')
        .with_context(unknown)?;
    let head = std::str::from_utf8(&told[..end])
        .ok()
        .with_context(unknown)?;
    let mut parts = head.split(' ');
    let (own, size) = (parts.next(), parts.nth(1));
    if head.ends_with(" missing") {
        bail!(
            "{}",
            partial(&format!("the object {id} is not in this clone"))
        );
    }
    let size: usize = size
        .and_then(|size| size.parse().ok())
        .with_context(unknown)?;
    let (start, after) = (end + 1, (end + 1).saturating_add(size));
    let content = told.get(start..after).with_context(unknown)?;
    if own != Some(id) || told.get(after) != Some(&b'\n') {
        bail!("{}", unknown());
    }
    *told = &told[after + 1..];
    Ok(content)
}

/// What to do about an object that a partial clone has not fetched.
fn partial(words: &str) -> String {
    format!(
        "{words}; a partial clone lacks objects: fetch them with git fetch --refetch --no-filter"
    )
}
