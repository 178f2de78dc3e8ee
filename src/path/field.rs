//! The path of a field in a finding, with the keys and the positions of its elements.

use std::fmt;

use super::one::{Path, Segment, write_segment};
use super::pattern::Spot;

/// The path to a field of a resource, with both the key and the index of each element.
///
/// One value has both forms, so that they cannot lead to different places. It prints in the form
/// for people, with elements by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct FieldPath<'a>(Vec<Spot<'a>>);

impl<'a> FieldPath<'a> {
    /// A path of these steps.
    #[must_use]
    pub const fn new(spots: Vec<Spot<'a>>) -> Self {
        Self(spots)
    }

    /// Joins the two forms of one path; `None` if they lead to different places.
    ///
    /// An element without an index is the same in both forms.
    #[must_use]
    pub fn join(keyed: Path<'a>, indexed: &Path<'_>) -> Option<Self> {
        if keyed.0.len() != indexed.0.len() {
            return None;
        }
        let both = keyed.0.into_iter().zip(&indexed.0);
        let spots = both.map(|(segment, other)| match (&segment, other) {
            (Segment::Field(_), other) => {
                let index = None;
                (segment == *other).then_some(Spot { segment, index })
            }
            (_, Segment::Index(at)) => {
                let index = Some(*at);
                Some(Spot { segment, index })
            }
            (_, other) => {
                let index = None;
                (segment == *other).then_some(Spot { segment, index })
            }
        });
        spots.collect::<Option<_>>().map(Self)
    }

    /// The steps, in the form that patterns match.
    #[must_use]
    pub fn spots(&self) -> &[Spot<'a>] {
        &self.0
    }

    /// Whether it leads to the resource itself.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The form with elements by index, as in the KRM specification.
    #[must_use]
    pub const fn by_index(&self) -> impl fmt::Display {
        ByIndex(self.0.as_slice())
    }

    /// An owned copy.
    #[must_use]
    pub fn into_owned(self) -> FieldPath<'static> {
        let owned = |spot: Spot<'a>| Spot {
            segment: spot.segment.into_owned(),
            index: spot.index,
        };
        FieldPath(self.0.into_iter().map(owned).collect())
    }
}

impl<'a> From<Path<'a>> for FieldPath<'a> {
    /// A path whose elements have an index only if their segment is one.
    fn from(Path(segments): Path<'a>) -> Self {
        let spot = |segment| {
            let index = match segment {
                Segment::Index(at) => Some(at),
                _ => None,
            };
            Spot { segment, index }
        };
        Self(segments.into_iter().map(spot).collect())
    }
}

impl fmt::Display for FieldPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut spots = self.0.iter().enumerate();
        spots.try_for_each(|(at, spot)| write_segment(f, at, &spot.segment))
    }
}

/// A path that prints with elements by index.
struct ByIndex<'p>(&'p [Spot<'p>]);

impl fmt::Display for ByIndex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut spots = self.0.iter().enumerate();
        spots.try_for_each(|(at, spot)| match spot.index {
            Some(index) => write_segment(f, at, &Segment::Index(index)),
            None => write_segment(f, at, &spot.segment),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(keyed: &str, indexed: &str) -> Option<String> {
        let [keyed, indexed] = [keyed, indexed].map(|text| Path::parse(text).unwrap());
        let path = FieldPath::join(keyed, &indexed)?;
        Some(format!("{path} {}", path.by_index()))
    }

    #[test]
    fn both_forms_of_a_path_are_joined() {
        for (keyed, indexed) in [
            ("spec.replicas", "spec.replicas"),
            ("a[name=web].b[=\"x\"]", "a[2].b[0]"),
            ("a[3].b", "a[3].b"),
            // Its position is not known.
            ("a[name=web].b", "a[name=web].b"),
        ] {
            assert_eq!(join(keyed, indexed), Some(format!("{keyed} {indexed}")));
        }
        for (keyed, indexed) in [
            ("a.b", "a"),
            ("a", "a.b"),
            ("a.b", "a.c"),
            ("a.b", "a[0]"),
            ("a[name=web]", "a.b"),
            ("a[name=web]", "a[name=api]"),
        ] {
            assert_eq!(join(keyed, indexed), None, "{keyed} {indexed}");
        }
        assert!(FieldPath::default().is_empty());
    }
}
