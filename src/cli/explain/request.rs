//! What is to be explained.

use std::path::PathBuf;

/// The longest value that a line shows, in characters.
pub(in super::super) const MAX_VALUE: usize = 60;

/// What the user asked for.
#[derive(Debug, Default)]
pub struct Request {
    /// A rule, a class, or an overlay's file; none for the list of all.
    pub what: Option<String>,
    /// The base's file.
    pub base: Option<PathBuf>,
    /// What a cluster runs, to be explained beside what Git says.
    pub live: Option<PathBuf>,
    /// The only object to be explained, by its name or its kind and name.
    pub resource: Option<String>,
    /// The only place to be explained.
    pub path: Option<String>,
    /// The policy's file; none for the defaults.
    pub policy: Option<PathBuf>,
    /// The environment that the overlay is.
    pub environment: Option<String>,
    /// The service that base and overlay are of, for what a policy says of some services alone.
    pub service: Option<String>,
}
