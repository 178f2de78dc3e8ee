//! Programs on a disk: whether they can be run, and a second name for one.

use std::fs;
use std::path::Path;

/// Whether a file can be run.
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

/// Links need rights on other systems, which a copy does not.
#[cfg(not(unix))]
pub(super) fn link(program: &Path, at: &Path) -> std::io::Result<()> {
    fs::copy(program, at).map(|_| ())
}
