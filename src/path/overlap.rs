//! How two places of one resource lie to each other.

use super::Path;

/// Whether one place is the other one, or lies in it.
#[must_use]
pub fn overlap(Path(a): &Path<'_>, Path(b): &Path<'_>) -> bool {
    let shared = a.len().min(b.len());
    a[..shared] == b[..shared]
}
