//! The relation of two places in one resource.

use super::Path;

/// Whether one place equals the other or contains it.
#[must_use]
pub fn overlap(Path(a): &Path<'_>, Path(b): &Path<'_>) -> bool {
    let shared = a.len().min(b.len());
    a[..shared] == b[..shared]
}
