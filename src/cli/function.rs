//! The function: stdin to stdout, as KRM hosts and kustomize's plugin protocol call it.

use std::path::Path;
use std::process::ExitCode;

/// Runs as a KRM function, from a `ResourceList` on stdin to one on stdout.
///
/// It never passes in silence what it could not judge.
#[must_use]
pub fn function() -> ExitCode {
    super::complain("krm-parity: the function is not built into this version");
    ExitCode::FAILURE
}

/// Runs as a plugin of kustomize's older protocol, configured by a file.
///
/// Plain documents stand on both sides, and findings have stderr alone.
#[must_use]
pub fn plugin_protocol(_config: &Path) -> ExitCode {
    super::complain("krm-parity: the plugin protocol is not built into this version");
    ExitCode::FAILURE
}
