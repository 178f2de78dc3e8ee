//! Directories that a walk found but did not search, and why.
//!
//! An environment that was not read must not count as clean, so every possible one is recorded for
//! discovery to judge.

/// The directory of packages, which are rarely the user's own; treated like a hidden directory.
pub const PACKAGES: &str = "node_modules";

/// A directory, or a link to one, that the walk did not search under that name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// Its path.
    pub path: String,
    /// The reason.
    pub why: Why,
    /// Whether it directly contains a kustomization file.
    pub is_kustomization: bool,
}

/// The reason why a directory was not searched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its name begins with a dot, or that of a directory above it does.
    Hidden,
    /// There are more hidden directories than are searched.
    TooMany,
    /// It is a link to a place outside the repository.
    Outside,
    /// It is a link to a directory that is searched under this other name.
    Elsewhere(String),
    /// It is a link to a directory above the searched ones, which would lead in circles.
    Above,
    /// It is a link without a target.
    Dangling,
    /// Its name is not text; the path has a placeholder for the bytes that are not.
    NoText,
}
