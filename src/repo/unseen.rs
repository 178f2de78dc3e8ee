//! What a walk over directories met and did not look into, and why.
//!
//! An environment that nobody looked at is not a clean one, so whatever may be
//! one is kept as a fact for discovery to judge.

/// Where packages are kept: hardly ever one's own, and looked at like what is hidden.
pub const PACKAGES: &str = "node_modules";

/// A directory, or a link to one, that the walk did not look into under that name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unseen {
    /// Its path.
    pub path: String,
    /// Why it was not looked into.
    pub why: Why,
    /// Whether a kustomization file lies directly in it.
    pub is_kustomization: bool,
}

/// Why a directory was not looked into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its name begins with a dot, or that of a directory above it does.
    Hidden,
    /// It lies in more hidden directories than are looked through.
    TooMany,
    /// It is a link that leads out of the repository.
    Outside,
    /// It is a link to a directory that is looked at under this other name.
    Elsewhere(String),
    /// It is a link to a directory above what is looked at, which would lead around in circles.
    Above,
    /// It is a link to nothing.
    Dangling,
    /// Its name is no text; the path has a placeholder for what is none.
    NoText,
}
