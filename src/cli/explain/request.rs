//! The request of `explain`.

use std::path::PathBuf;

/// The longest value that a line shows, in characters.
pub(in super::super) const MAX_VALUE: usize = 60;

/// What the user asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// A rule, a class, or an overlay's file; `None` for the list of all.
    pub what: Option<String>,
    /// The base's file.
    pub base: Option<PathBuf>,
    /// The objects of a cluster, to compare with Git.
    pub live: Option<PathBuf>,
    /// The only object to explain, by its name or its kind and name.
    pub resource: Option<String>,
    /// The only path to explain.
    pub path: Option<String>,
    /// The policy's file; `None` for the defaults.
    pub policy: Option<PathBuf>,
    /// The environment of the overlay.
    pub environment: Option<String>,
    /// The service of base and overlay, for entries of a policy about some services.
    pub service: Option<String>,
}
