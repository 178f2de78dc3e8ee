//! The earlier contents of a repository's files, as plain data.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::rules::Blind;

/// Returns the earlier contents of the files at some paths, or below them.
pub type Ask<'g> = &'g dyn Fn(&BTreeSet<String>) -> Record;

/// The known past.
#[derive(Clone, Debug)]
pub enum Record {
    /// None, and the reason.
    Blind(Blind),
    /// The states of a branch.
    Known(History),
}

/// The states of a branch that are available.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The name of the branch for people.
    pub branch: String,
    /// Whether earlier states exist that are not available.
    pub is_shallow: bool,
    /// Its commits, the newest first, without those of merged branches.
    pub commits: Vec<Commit>,
    /// The texts of files by the names in [`Edit`]; a file that is not text, or is too large, has
    /// none.
    pub texts: BTreeMap<String, String>,
    /// The requested paths that are not in this repository.
    pub elsewhere: BTreeSet<String>,
}

/// One commit.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The day of its arrival on the branch, in UTC.
    pub day: Date,
    /// Its changes to files.
    pub edits: Vec<Edit>,
}

/// The change of a commit to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The path of the file in the sources.
    pub path: String,
    /// The name of its earlier text; `None` if the file did not exist.
    pub before: Option<String>,
    /// The name of its later text; `None` if the file no longer exists.
    pub after: Option<String>,
}
