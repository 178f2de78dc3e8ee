//! A container with another name, as a permission sees it.
//!
//! It is gone under its old name and new under its new one. A pattern that permits all changes of a container
//! that may exist does not permit the loss of another one.

use crate::path::{Pattern, Segment, Spot};

/// Whether a pattern covers a place that may be another one in the base.
///
/// A pattern covers the name of a container with another name in the base if it says `name`, or fits both.
pub(super) fn covers(pattern: &Pattern, place: &[Spot<'_>], in_base: Option<&[Spot<'_>]>) -> bool {
    let says_name = || {
        let text = pattern.to_string();
        text.rsplit_once('.')
            .is_some_and(|(_, last)| last == "name")
    };
    let fits_both = || in_base.is_none_or(|in_base| pattern.matches(in_base));
    pattern.matches(place) && (!is_renamed(place, in_base) || says_name() || fits_both())
}

/// Whether a place is the key of an element that has another one in the base.
fn is_renamed(place: &[Spot<'_>], in_base: Option<&[Spot<'_>]>) -> bool {
    let element = |place: &[Spot<'_>]| match place {
        [.., element, last] if last.is_field("name") => Some(element.segment.clone().into_owned()),
        _ => None,
    };
    let here = element(place).filter(|here| matches!(here, Segment::Key(_)));
    here.is_some_and(|here| in_base.and_then(element) != Some(here) && in_base.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::{FieldPath, Path};

    #[test]
    fn a_permitted_container_permits_no_loss_of_another() {
        let [new, old, same] = ["proxy", "app", "proxy"].map(|name| {
            let path = format!("spec.containers[name={name}].name");
            FieldPath::from(Path::parse(&path).unwrap()).into_owned()
        });
        for (pattern, is_meant) in [
            ("spec.containers[name=proxy].name", true),
            ("**.name", true),
            ("spec.containers[*].**", true),
            ("spec.**", true),
            ("spec.containers[name=proxy].**", false),
            ("spec.containers[name=proxy].*", false),
            ("spec.containers[name=app].name", false),
            ("spec.containers[name=proxy]", false),
        ] {
            let pattern = Pattern::parse(pattern).unwrap();
            let is_covered = covers(&pattern, new.spots(), Some(old.spots()));
            assert_eq!(is_covered, is_meant, "{pattern}");
            // Nothing is renamed there.
            for in_base in [None, Some(same.spots())] {
                let is_covered = covers(&pattern, new.spots(), in_base);
                assert_eq!(is_covered, pattern.matches(new.spots()), "{pattern}");
            }
        }
    }
}
