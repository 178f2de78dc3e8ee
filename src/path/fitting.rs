//! Globs and patterns for found values, in the form that people write in policies.

use super::{FieldPath, Path, Pattern, Segment};
use crate::text::is_unsafe;

/// The narrowest glob that matches a name.
#[must_use]
pub fn glob(name: &str) -> String {
    let is_own = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    name.chars()
        .map(|c| if is_own(c) { c } else { '?' })
        .collect()
}

/// A glob for the name of a service.
#[must_use]
pub fn service_glob(name: &str) -> String {
    let is_told = |c: char| c != '*' && !is_unsafe(c);
    name.chars()
        .map(|c| if is_told(c) { c } else { '?' })
        .collect()
}

/// Globs for a service that also match the name that its recorder can have, in lower case and with
/// hyphens only.
#[must_use]
pub fn service_globs(name: &str) -> Vec<String> {
    let is_own = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let glob: String = name
        .chars()
        .map(|c| if is_own(c) { c } else { '?' })
        .collect();
    let lower = glob.to_ascii_lowercase();
    if lower == glob {
        vec![glob]
    } else {
        vec![glob, lower]
    }
}

/// The narrowest pattern that matches a path.
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
    // No field of Kubernetes is that deep; a deeper one is cut at the limit of patterns.
    segments.truncate(Pattern::MAX_PARTS - 1);
    format!("{}.**", Path(segments))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Glob;

    #[test]
    fn a_service_is_named_by_its_name() {
        for (name, glob) in [
            ("SHOP-Web", "SHOP-Web"),
            ("shop/Web_1", "shop/Web_1"),
            ("a*\nb", "a??b"),
        ] {
            assert_eq!(service_glob(name), glob);
            assert!(Glob::new(glob).matches(name));
        }
        // The counterexample: it matches no other service with a name of that length.
        assert!(!Glob::new(&service_glob("SHOP-Web")).matches("shop-web"));
    }

    #[test]
    fn an_adopted_service_also_matches_its_recorders_name() {
        for (name, globs) in [
            ("web", &["web"][..]),
            ("shop/web", &["shop?web"]),
            ("Shop/Web", &["Shop?Web", "shop?web"]),
        ] {
            assert_eq!(service_globs(name), globs);
        }
    }
}
