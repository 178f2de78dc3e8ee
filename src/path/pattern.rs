//! Patterns: the places that an entry of a policy or of a base applies to.
//!
//! The notation is that of a path. `*` matches any one segment, `**` any number of segments
//! including none, and `[*]` any element of a list. Within a name or a key's value, `*` matches any
//! characters and `?` any one.
//!
//! Matching costs at most the product of the two lengths: no pattern and no path can make it slow.

use std::fmt;

use super::one::{Path, PathError, Segment};

/// A text in which `*` matches any characters and `?` any one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glob(String);

impl Glob {
    /// Parses a glob; every text is valid.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The glob as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it matches only its own text.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        !self.0.contains(['*', '?'])
    }

    /// Whether some text matches both.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        let [one, other]: [Vec<char>; 2] = [self, other].map(|glob| glob.0.chars().collect());
        let of = |row: &[bool], at: usize| row.get(at).copied().unwrap_or_default();
        // For each suffix of the other glob, whether it meets the current suffix of this one.
        let mut after: Vec<bool> = (0..=other.len())
            .map(|at| other.iter().skip(at).all(|c| *c == '*'))
            .collect();
        for own in one.iter().rev() {
            let mut now = vec![false; after.len()];
            for at in (0..after.len()).rev() {
                let is_met = match (own, other.get(at)) {
                    ('*', None) => of(&after, at),
                    (_, None) => false,
                    // A star ends, or matches the other's next character.
                    ('*', Some(_)) | (_, Some('*')) => of(&after, at) || of(&now, at + 1),
                    (own, Some(next)) => {
                        (own == next || *own == '?' || *next == '?') && of(&after, at + 1)
                    }
                };
                if let Some(place) = now.get_mut(at) {
                    *place = is_met;
                }
            }
            after = now;
        }
        of(&after, 0)
    }

    /// Whether a whole text matches.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.as_str(), text);
        // The place of the last `*`, and the rest of the text at that point.
        let mut retry: Option<(&str, &str)> = None;
        loop {
            let (next, here) = (pattern.chars().next(), rest.chars().next());
            match (next, here) {
                (None, None) => return true,
                (Some('*'), _) => {
                    pattern = &pattern[1..];
                    retry = Some((pattern, rest));
                    continue;
                }
                (Some(wanted), Some(there)) if wanted == '?' || wanted == there => {
                    pattern = &pattern[wanted.len_utf8()..];
                    rest = &rest[there.len_utf8()..];
                    continue;
                }
                _ => {}
            }
            // The last `*` matches one character more.
            match retry {
                Some((after, left)) => {
                    let Some(skipped) = left.chars().next() else {
                        return false;
                    };
                    let left = &left[skipped.len_utf8()..];
                    (pattern, rest) = (after, left);
                    retry = Some((after, left));
                }
                None => return false,
            }
        }
    }
}

/// One step of a place, for matching against a pattern.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spot<'a> {
    /// The segment that identifies the step.
    pub segment: Segment<'a>,
    /// The element's index, which `[3]` matches whatever its segment is; `None` if the overlay
    /// lacks it.
    pub index: Option<usize>,
}

impl Spot<'_> {
    /// Whether it leads to the field of this name.
    #[must_use]
    pub fn is_field(&self, name: &str) -> bool {
        matches!(&self.segment, Segment::Field(own) if own == name)
    }

    /// The index that a pattern may match; `None` if it has a more meaningful name.
    pub(super) fn asked(&self) -> Option<usize> {
        match self.segment {
            Segment::Index(index) => Some(index),
            _ => self.index.filter(|_| self.segment.named().is_none()),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// `**`
    Deep,
    /// `*`
    Any,
    Field(Glob),
    /// `[*]`
    Element,
    Index(usize),
    Key(Vec<(String, Glob)>),
    Value(Glob),
}

/// A pattern of places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    pub(super) parts: Vec<Part>,
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Pattern {
    /// The longest pattern, in segments; no field of Kubernetes is that deep.
    pub const MAX_PARTS: usize = 64;

    /// Parses a pattern.
    ///
    /// # Errors
    ///
    /// Fails if the text does not follow the grammar of a path, is empty, or has more than 64
    /// segments.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        let Path(segments) = Path::parse_globs(text)?;
        if segments.is_empty() || segments.len() > Self::MAX_PARTS {
            return Err(PathError {
                column: 1,
                message: "a pattern has 1 to 64 segments",
            });
        }
        let parts = segments
            .into_iter()
            .map(|segment| match segment {
                Segment::Field(name) if name == "**" => Part::Deep,
                Segment::Field(name) if name == "*" => Part::Any,
                Segment::Field(name) => Part::Field(Glob::new(&name)),
                Segment::Index(index) => Part::Index(index),
                Segment::Key(keys) if keys.is_empty() => Part::Element,
                Segment::Key(keys) => Part::Key(
                    keys.into_iter()
                        .map(|(name, value)| (name.into_owned(), Glob::new(&value)))
                        .collect(),
                ),
                Segment::Value(value) => Part::Value(Glob::new(&value)),
            })
            .collect();
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// Whether a whole place matches.
    #[must_use]
    pub fn matches(&self, place: &[Spot<'_>]) -> bool {
        // Bit n: the first n parts can match the steps so far.
        let mut states = self.skip_deep(1);
        for spot in place {
            let mut next = 0_u128;
            for (at, part) in self.parts.iter().enumerate() {
                if states & 1 << at == 0 {
                    continue;
                }
                if *part == Part::Deep {
                    next |= 1 << at;
                } else if part.fits(spot) {
                    next |= 1 << (at + 1);
                }
            }
            states = self.skip_deep(next);
            if states == 0 {
                return false;
            }
        }
        states & 1 << self.parts.len() != 0
    }

    /// Adds the states that a `**` reaches by matching no step.
    fn skip_deep(&self, mut states: u128) -> u128 {
        for (at, part) in self.parts.iter().enumerate() {
            if *part == Part::Deep && states & 1 << at != 0 {
                states |= 1 << (at + 1);
            }
        }
        states
    }
}

impl Part {
    pub(super) fn fits(&self, spot: &Spot<'_>) -> bool {
        match (self, &spot.segment) {
            (Self::Any | Self::Deep, _) => true,
            (Self::Field(glob), Segment::Field(name)) => glob.matches(name),
            (Self::Element, segment) => !matches!(segment, Segment::Field(_)),
            (Self::Index(index), _) => spot.asked() == Some(*index),
            (Self::Key(wanted), Segment::Key(keys)) => wanted.iter().all(|(name, glob)| {
                keys.iter()
                    .any(|(key, value)| key == name && glob.matches(value))
            }),
            (Self::Value(glob), Segment::Value(value)) => glob.matches(value),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(path: &str) -> Vec<Spot<'_>> {
        let Path(segments) = Path::parse(path).unwrap();
        segments
            .into_iter()
            .map(|segment| Spot {
                index: match segment {
                    Segment::Field(_) => None,
                    Segment::Index(index) => Some(index),
                    _ => Some(2),
                },
                segment,
            })
            .collect()
    }

    #[test]
    fn a_pattern_has_a_bounded_length() {
        let of = |count: usize| Pattern::parse(&vec!["a"; count].join("."));
        assert!(of(1).is_ok() && of(Pattern::MAX_PARTS).is_ok());
        assert!(of(Pattern::MAX_PARTS + 1).is_err() && of(0).is_err());
    }

    #[test]
    fn patterns_match_their_places() {
        for (pattern, path, fits) in [
            ("spec.replicas", "spec.replicas", true),
            ("spec.replicas", "spec", false),
            ("spec", "spec.replicas", false),
            ("spec.*", "spec.replicas", true),
            ("spec.*", "spec.a.b", false),
            ("spec.*", "spec[0]", true),
            ("spec[*]", "spec[0]", true),
            ("spec[*]", "spec[=a]", true),
            ("spec[*]", "spec.a", false),
            ("x.**.b", "b", false),
            ("x.**", "y", false),
            ("spec.**", "spec.a.b", true),
            ("spec.**", "spec", true),
            ("**", "spec.a[0]", true),
            ("**.image", "spec.containers[name=a].image", true),
            (
                "**.containers[*].image",
                "spec.containers[name=a].image",
                true,
            ),
            (
                "**.containers[2].image",
                "spec.containers[name=a].image",
                true,
            ),
            (
                "**.containers[1].image",
                "spec.containers[name=a].image",
                false,
            ),
            (
                "**.containers[name=a*].image",
                "spec.containers[name=abc].image",
                true,
            ),
            (
                "**.containers[name=b*].image",
                "spec.containers[name=abc].image",
                false,
            ),
            (
                "**.ports[containerPort=80]",
                "spec.ports[containerPort=80,protocol=TCP]",
                true,
            ),
            (
                "**.ports[port=80]",
                "spec.ports[containerPort=80,protocol=TCP]",
                false,
            ),
            (
                "metadata.annotations[\"nginx.*/*\"]",
                "metadata.annotations[\"nginx.io/x\"]",
                true,
            ),
            (
                "metadata.annotations[\"nginx.*/?\"]",
                "metadata.annotations[\"nginx.io/xy\"]",
                false,
            ),
            (
                "spec.hosts[=\"*.example.com\"]",
                "spec.hosts[=\"a.example.com\"]",
                true,
            ),
            ("spec.hosts[*]", "spec.hosts.x", false),
            ("**.**.**.a", "a", true),
            ("**.a.**.b", "x.a.y.z.b", true),
            ("**.a.**.b", "x.b.y.z.a", false),
        ] {
            let parsed =
                Pattern::parse(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(parsed.matches(&place(path)), fits, "{pattern} {path}");
            assert_eq!(parsed.to_string(), pattern);
        }
        assert!(Pattern::parse("").is_err());
        assert!(Pattern::parse("a..b").is_err());
        assert!(Pattern::parse("a[").is_err());
        assert!(Pattern::parse(&"**.".repeat(100)).is_err());
    }

    #[test]
    fn globs_meet_if_a_text_matches_both() {
        for (one, other, expected) in [
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("a", "a", true),
            ("a", "b", false),
            ("", "", true),
            ("", "*", true),
            ("", "?", false),
            ("a?", "?b", true),
            ("a?", "a", false),
            ("*a", "*b", false),
            ("*a*", "*b*", true),
            ("a*c", "a?b*", true),
            ("é?", "?*", true),
            ("ab*", "a?c", true),
            ("abd*", "a?c", false),
        ] {
            let [one, other] = [one, other].map(Glob::new);
            assert_eq!(one.meets(&other), expected, "{one:?} {other:?}");
            assert_eq!(other.meets(&one), expected, "{other:?} {one:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn globs_that_fit_one_text_meet(one in "[ab*?]{0,5}", other in "[ab*?]{0,5}", text in "[ab]{0,6}") {
            let [one, other] = [one, other].map(|glob| Glob::new(&glob));
            if one.matches(&text) && other.matches(&text) {
                proptest::prop_assert!(one.meets(&other));
            }
        }
    }

    #[test]
    fn hostile_patterns_are_bounded() {
        let pattern = Pattern::parse(&format!("{}x", "**.a.".repeat(31))).unwrap();
        let long = format!("{}b", "a.".repeat(20_000));
        assert!(!pattern.matches(&place(&long)));
        let glob = Glob::new(&"*a".repeat(500));
        assert!(!glob.matches(&"a".repeat(499)));
        assert!(!glob.matches(&("a".repeat(20_000) + "b")));
        assert!(Glob::new("a*é?").matches("aééx"));
        assert!(
            Glob::new("").matches("") && !Glob::new("").matches("a") && Glob::new("**").matches("")
        );
    }
}
