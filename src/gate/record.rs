//! What the files of a repository were before, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::rules::Blind;

/// Tells what the files at some paths, or below them, were before.
pub type Ask<'g> = &'g dyn Fn(&BTreeSet<String>) -> Record;

/// What somebody could tell of the past.
#[derive(Clone, Debug)]
pub enum Record {
    /// Nothing, and why.
    Blind(Blind),
    /// What there was.
    Known(History),
}

/// The states of a branch, as far as they are here.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The branch, as a person calls it.
    pub branch: String,
    /// Whether there are earlier states, which are not here.
    pub is_shallow: bool,
    /// Its commits, the newest first, without those of branches that were merged into it.
    pub commits: Vec<Commit>,
    /// The texts of files, by what [`Edit`] calls them; what is no text of a sane size has none.
    pub texts: BTreeMap<String, String>,
    /// The paths, of those that were asked about, that are not in this repository.
    pub elsewhere: BTreeSet<String>,
}

/// One commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The day on which it came to the branch, in UTC.
    pub day: Date,
    /// What it did to files.
    pub edits: Vec<Edit>,
}

/// What a commit did to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The file, as the sources call it.
    pub path: String,
    /// The name of its text before; nothing where it was not there.
    pub before: Option<String>,
    /// The name of its text afterwards; nothing where it was not there.
    pub after: Option<String>,
}
