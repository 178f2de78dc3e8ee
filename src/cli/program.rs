//! Programs on disk: whether they are executable, and how to link to them.

use std::fs;
use std::path::Path;

/// Whether a file is executable.
#[cfg(unix)]
pub(super) fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Gives a program a second name.
#[cfg(unix)]
pub(super) fn link(program: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(program, at)
}

/// Links need permissions on other systems, but copies do not.
#[cfg(not(unix))]
pub(super) fn link(program: &Path, at: &Path) -> std::io::Result<()> {
    fs::copy(program, at).map(|_| ())
}
