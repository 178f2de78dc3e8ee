//! Globs and patterns that fit what was found, as a person writes them into a policy.

use super::{FieldPath, Path, Pattern, Segment};

/// A name as a glob that fits it, and as little beside it as globs can tell.
#[must_use]
pub fn glob(name: &str) -> String {
    let is_own = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    name.chars()
        .map(|c| if is_own(c) { c } else { '?' })
        .collect()
}

/// A service as a glob that also fits the name that a recorder can have for it.
#[must_use]
pub fn service_glob(name: &str) -> String {
    let is_own = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.chars()
        .map(|c| if is_own(c) { c } else { '?' })
        .collect()
}

/// A path as a pattern that fits it, and as little beside it as patterns can tell.
#[must_use]
pub fn pattern(path: &FieldPath<'_>) -> String {
    let plain = |text: &str| text.replace('*', "?").into();
    let segments = path.spots().iter().map(|spot| match &spot.segment {
        Segment::Field(name) => Segment::Field(plain(name)),
        Segment::Key(keys) => {
            let keys = keys.iter();
            Segment::Key(
                keys.map(|(key, value)| (key.clone(), plain(value)))
                    .collect(),
            )
        }
        Segment::Value(value) => Segment::Value(plain(value)),
        Segment::Index(index) => Segment::Index(*index),
    });
    let mut segments: Vec<Segment<'_>> = segments.collect();
    if segments.len() <= Pattern::MAX_PARTS {
        return Path(segments).to_string();
    }
    // No field of Kubernetes lies that deep; what does is cut where patterns end.
    segments.truncate(Pattern::MAX_PARTS - 1);
    format!("{}.**", Path(segments))
}
