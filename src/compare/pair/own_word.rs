//! Names that contain the name of their environment, such as `web-staging-cache`.
//!
//! A chart names everything after its release, and releases are named after
//! environments; the text after that name is not a suffix that all names share.

use std::collections::{HashMap, HashSet};

use super::names::{is_never_renamed, plain_name};
use super::rest::Rest;
use crate::naming::{all_words, are_alike, is_segment, is_taken, own, pieces, rank, segments};
use crate::resource::Resource;

/// The names of the two sides of a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called<'n> {
    /// The side that the other is compared with.
    pub early: Early<'n>,
    /// The environment that is judged; empty if it is not known.
    pub late: &'n str,
}

/// The side that an environment is compared with, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Early<'n> {
    /// The base that it is made from, which may name any environment.
    Base(&'n str),
    /// Another environment; neither is made from the other.
    Sibling(&'n str),
}

/// The word of each side that is in all names that were matched by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnWords {
    /// The word of the base.
    pub base: String,
    /// The word of the overlay in its place.
    pub overlay: String,
}

impl OwnWords {
    /// Whether the names of two resources differ only in these words.
    #[must_use]
    pub fn explains(&self, base: &Resource<'_>, overlay: &Resource<'_>) -> bool {
        let name = without(plain_name(base), &self.base);
        name.is_some() && name == without(plain_name(overlay), &self.overlay)
    }
}

/// What two resources must have in common, with gaps in place of the words in their names.
#[derive(PartialEq, Eq, Hash)]
struct Gapped<'a> {
    group: &'a str,
    kind: &'a str,
    namespace: Vec<Option<&'a str>>,
    name: Vec<Option<&'a str>>,
}

/// The one resource that has a key; `None` if several have it.
type Sole<'a> = HashMap<Gapped<'a>, Option<usize>>;

impl Rest<'_, '_, '_> {
    /// Matches by the rest of each name, without the one word of each side for its own environment.
    pub(super) fn match_own_words(
        &mut self,
        found: &mut [Option<usize>],
        called: Called<'_>,
    ) -> Option<OwnWords> {
        if self.left.is_empty() || self.right.is_empty() {
            return None;
        }
        let (early, may_be_any) = match called.early {
            Early::Base(name) => (name, true),
            Early::Sibling(name) => (name, false),
        };
        let left = sides(self.base, &self.left, &words(early, may_be_any));
        let right = sides(self.overlay, &self.right, &words(called.late, false));
        let mut best = None;
        let mut most = 0;
        for early in &left {
            for late in right
                .iter()
                .filter(|late| !are_alike(&early.word, &late.word))
            {
                let count = early.keys.intersection(&late.keys).count();
                if count > most {
                    most = count;
                    best = Some((early.word.clone(), late.word.clone()));
                }
            }
        }
        let (base, overlay) = best?;
        // Resources whose namespaces agree are matched first; for two of one name, only the namespaces show which is which.
        for is_near in [true, false] {
            let left = sole(self.base, &self.left, &base, is_near);
            let right = sole(self.overlay, &self.right, &overlay, is_near);
            let pairs: Vec<(usize, usize)> = left
                .iter()
                .filter_map(|(key, at)| Some(((*at)?, (*right.get(key)?)?)))
                .collect();
            for (at, other) in pairs {
                if let Some(place) = found.get_mut(other) {
                    *place = Some(at);
                }
            }
            self.forget(found);
        }
        Some(OwnWords { base, overlay })
    }
}

/// A word of a side, and the keys of the resources whose names hold it.
struct Side<'a> {
    word: String,
    keys: HashSet<Gapped<'a>>,
}

/// The words that a side may use for itself.
///
/// A side whose name says which environment it is uses that name only; a base, or
/// a side without a name, may use the name of any environment.
fn words(called: &str, may_be_any: bool) -> Vec<String> {
    let mut words = Vec::new();
    if !called.is_empty() && !is_taken(called) {
        words.push(called.to_owned());
    }
    match rank(called) {
        Some(own) => {
            // `eu-prod` is a production environment.
            let parts = segments(called).into_iter();
            words.extend(parts.filter(|part| rank(part) == Some(own)));
        }
        None if may_be_any || called.is_empty() => words.extend(all_words().map(str::to_owned)),
        None => {}
    }
    words
}

/// Each word with the keys of the resources whose names hold it.
fn sides<'a>(resources: &[Resource<'a>], left: &[usize], words: &[String]) -> Vec<Side<'a>> {
    let side = |word: &String| Side {
        keys: sole(resources, left, word, false).into_keys().collect(),
        word: word.clone(),
    };
    words
        .iter()
        .map(side)
        .filter(|side| !side.keys.is_empty())
        .collect()
}

fn sole<'a>(resources: &[Resource<'a>], left: &[usize], word: &str, is_near: bool) -> Sole<'a> {
    let mut all = Sole::new();
    for &at in left {
        let Some(resource) = resources.get(at).filter(|one| !is_never_renamed(one)) else {
            continue;
        };
        let Some(name) = without(plain_name(resource), word) else {
            continue;
        };
        let namespace = if is_near {
            gapped(resource.identity.namespace, word)
        } else {
            Vec::new()
        };
        let key = Gapped {
            group: resource.group(),
            kind: resource.kind(),
            namespace,
            name,
        };
        all.entry(key)
            .and_modify(|one| *one = None)
            .or_insert(Some(at));
    }
    all
}

/// A name with gaps for a word; `None` if it does not hold the word, or holds nothing else.
pub(in crate::compare) fn without<'a>(name: &'a str, word: &str) -> Option<Vec<Option<&'a str>>> {
    let gapped = gapped(name, word);
    let is_named = gapped.contains(&None);
    let is_more = gapped.iter().flatten().any(|piece| is_segment(piece));
    (is_named && is_more).then_some(gapped)
}

fn gapped<'a>(name: &'a str, word: &str) -> Vec<Option<&'a str>> {
    let pieces = pieces(name);
    let word = segments(word);
    let mut gapped = Vec::with_capacity(pieces.len());
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        if let Some(length) = own(&pieces, at, &word) {
            gapped.push(None);
            at += length;
        } else {
            gapped.push(Some(*piece));
            at += 1;
        }
    }
    gapped
}

#[cfg(test)]
mod tests {
    use super::super::{Pairing, pair_called};
    use super::*;
    use crate::yaml::parse;

    /// Pairs resources that are given as `KIND NAMESPACE/NAME`.
    fn paired(called: Called<'_>, base: &[&str], overlay: &[&str]) -> Pairing {
        let text = |all: &[&str]| -> String {
            let one = |id: &&str| {
                let (kind, id) = id.split_once(' ').unwrap();
                let (namespace, name) = id.split_once('/').unwrap_or(("", id));
                format!(
                    "kind: {kind}\nmetadata: {{name: '{name}', namespace: '{namespace}'}}\n---\n"
                )
            };
            all.iter().map(one).collect()
        };
        let (base, overlay) = (text(base), text(overlay));
        let (base, overlay) = (parse(&base).unwrap(), parse(&overlay).unwrap());
        let base: Vec<_> = base.roots().filter_map(Resource::read).collect();
        let overlay: Vec<_> = overlay.roots().filter_map(Resource::read).collect();
        pair_called(&base, &overlay, &[], called)
    }

    fn siblings<'n>(early: &'n str, late: &'n str) -> Called<'n> {
        Called {
            early: Early::Sibling(early),
            late,
        }
    }

    #[test]
    fn names_of_charts_pair_by_their_environments() {
        let pairing = paired(
            siblings("staging", "production"),
            &["D web-staging", "S web-staging-cache", "S web-staging"],
            &[
                "S web-production",
                "S web-production-cache",
                "D web-production",
            ],
        );
        assert_eq!(pairing.matched, [(2, 0), (1, 1), (0, 2)]);
        // The usual spelling of the name, or a part of it.
        for (early, late, base, overlay) in [
            ("dev", "production", "D web-dev-a", "D web-prod-a"),
            ("dev", "eu-prod", "D web-dev-a", "D web-prod-a"),
            ("dev", "eu-prod", "D web-dev-a", "D web-eu-prod-a"),
            ("blue", "green", "D web-blue-a", "D web-green-a"),
            ("qa", "uat", "D staging-qa-a", "D staging-uat-a"),
            ("dev", "prod", "D dev-web-dev-a", "D prod-web-prod-a"),
        ] {
            let pairing = paired(
                siblings(early, late),
                &[base, "D x-same"],
                &[overlay, "D x-same"],
            );
            assert_eq!(pairing.matched, [(0, 0), (1, 1)], "{base} {overlay}");
        }
    }

    #[test]
    fn a_base_may_hold_the_word_of_any_environment() {
        let base = |name, late| Called {
            early: Early::Base(name),
            late,
        };
        for (called, are_one) in [
            (base("base", "production"), true),
            (base("", "production"), true),
            (base("base", ""), true),
            (base("qa", "production"), true),
            (base("staging", "production"), false),
            (base("base", "staging"), false),
            (siblings("eu", "production"), false),
        ] {
            let pairing = paired(
                called,
                &["D web-qa-a", "S web-qa-b", "D same"],
                &["D web-production-a", "S web-production-b", "D same"],
            );
            assert_eq!(
                pairing.matched.len(),
                if are_one { 3 } else { 1 },
                "{called:?}"
            );
        }
        // All names share one word.
        let pairing = paired(
            base("base", "production"),
            &["D web-qa-a", "S web-qa-b", "S web-uat-c"],
            &[
                "D web-production-a",
                "S web-production-b",
                "S web-production-c",
            ],
        );
        assert_eq!(pairing.matched, [(0, 0), (1, 1)]);
    }

    #[test]
    fn names_that_do_not_surely_match_stay_apart() {
        let called = siblings("staging", "production");
        for (base, overlay) in [
            // Nothing but the name, or a part of a word.
            (&["D staging"][..], &["D production"][..]),
            (&["D -staging-"], &["D -production-"]),
            (&["D stagingweb-a"], &["D productionweb-a"]),
            // Another place in the name, another rest, another kind, another case.
            (&["D web-staging-a"], &["D web-a-production"]),
            (&["D web-staging-a"], &["D web-production-b"]),
            (&["D web-staging-a"], &["S web-production-a"]),
            (&["D web-staging-a"], &["D Web-production-a"]),
            // The name of another environment.
            (&["D web-staging-a"], &["D web-dev-a"]),
            (&["D web-production-a"], &["D web-staging-a"]),
            (&["D web-staging-a"], &["D web-pre-production-a"]),
            (&["D web-staging-a"], &["D web-nonproduction-a"]),
            // Two candidates.
            (
                &["D web-staging-a"],
                &["D web-production-a", "D web-prod-a"],
            ),
            (&["D web-staging-a", "D web-stg-a"], &["D web-production-a"]),
            (
                &["D a/web-staging-a", "D b/web-staging-a"],
                &["D c/web-production-a"],
            ),
            (
                &["D web-staging-a"],
                &["D web-production-a", "D web-PRODUCTION-a"],
            ),
        ] {
            // A resource with the same name on both sides shows that no prefix is on all names.
            let pairing = paired(
                called,
                &[&["D same"], base].concat(),
                &[&["D same"], overlay].concat(),
            );
            assert_eq!(pairing.matched, [(0, 0)], "{base:?} {overlay:?}");
            assert_eq!(pairing.added.len(), overlay.len(), "{base:?} {overlay:?}");
            assert_eq!(pairing.removed.len(), base.len(), "{base:?} {overlay:?}");
        }
        // The API gives the name a meaning.
        let called = siblings("default", "baseline");
        assert_eq!(
            paired(
                called,
                &["D same", "D a-default-b"],
                &["D same", "D a-baseline-b"]
            )
            .matched,
            [(0, 0)]
        );
    }

    #[test]
    fn namespaces_distinguish_two_of_one_name() {
        let called = siblings("staging", "production");
        let pairing = paired(
            called,
            &["D a/web-staging-x", "D shop-staging/web-staging-x"],
            &["D shop-production/web-production-x", "D a/web-production-x"],
        );
        assert_eq!(pairing.matched, [(1, 0), (0, 1)]);
        // The two that remain after that are the only ones of their kind.
        let pairing = paired(
            called,
            &["D a/web-staging-x", "D b/web-staging-x"],
            &["D c/web-production-x", "D a/web-production-x"],
        );
        assert_eq!(pairing.matched, [(1, 0), (0, 1)]);
    }

    #[test]
    fn a_copy_beside_what_kept_its_name_is_added() {
        let pairing = paired(
            siblings("staging", "production"),
            &["D web", "D web-staging-a"],
            &["D web", "D web-production-a", "D web-production"],
        );
        assert_eq!(pairing.matched, [(0, 0), (1, 1)]);
        assert_eq!(pairing.added, [2]);
    }
}
