//! Which resource of an overlay was made of which resource of the base.
//!
//! kustomize records the identities that a resource had; where that record is
//! there, nothing is guessed. Rendered files have none: there a namespace, a
//! prefix, a suffix or a generator's hash is recognised from the names.

mod own_affix;

use std::collections::{HashMap, HashSet};

use crate::resource::{Identity, Resource};
use crate::text::without_hash;

pub use own_affix::OwnAffix;

/// The result of pairing, as indices into the two lists, in the overlay's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Base and overlay, each of them once: of what was made of one resource twice, one is a copy, which is added.
    pub matched: Vec<(usize, usize)>,
    /// Overlay resources without a base.
    pub added: Vec<usize>,
    /// Base resources that the overlay no longer has.
    pub removed: Vec<usize>,
    /// What two environments have put on all names, each in a way of its own.
    pub own_affixes: Vec<OwnAffix>,
}

impl Pairing {
    /// What belongs together in two overlays of one base: whatever was made of the same.
    #[must_use]
    pub fn between(early: &Self, late: &Self) -> Vec<(usize, usize)> {
        let made: HashMap<usize, usize> = early.matched.iter().copied().collect();
        let late = late.matched.iter();
        late.filter_map(|(base, other)| Some((*made.get(base)?, *other)))
            .collect()
    }
}

/// Pairs two lists of resources; `known` says what is known to belong together where no history tells.
#[must_use]
pub fn pair(base: &[Resource<'_>], overlay: &[Resource<'_>], known: &[(usize, usize)]) -> Pairing {
    paired(base, overlay, known, false)
}

/// [`pair`] for two environments, neither of which is made of the other: each may have a prefix or a suffix of its own.
#[must_use]
pub fn pair_siblings(
    base: &[Resource<'_>],
    overlay: &[Resource<'_>],
    known: &[(usize, usize)],
) -> Pairing {
    paired(base, overlay, known, true)
}

fn paired(
    base: &[Resource<'_>],
    overlay: &[Resource<'_>],
    known: &[(usize, usize)],
    are_siblings: bool,
) -> Pairing {
    let (mut found, mut used) = by_history(base, overlay);
    for &(at, other) in known {
        if let (Some(place @ None), Some(used @ false)) = (found.get_mut(other), used.get_mut(at)) {
            *place = Some(at);
            *used = true;
        }
    }
    let mut rest = Rest::of(base, overlay, &found);
    rest.match_closest(&mut found, |resource| key(resource, resource.name()));
    rest.match_closest(&mut found, |resource| key(resource, plain_name(resource)));
    // Two environments of one base: each has renamed the same thing in a way of its own.
    rest.match_closest(&mut found, |resource| {
        let first = resource.history().next();
        key(resource, first.map_or(resource.name(), |first| first.name))
    });
    rest.match_affixes(&mut found);
    let own_affixes = if are_siblings {
        rest.match_own_affixes(&mut found)
    } else {
        Vec::new()
    };
    // An environment's own Namespace object: there is one, and it is named after the environment.
    rest.match_by(&mut found, |resource| {
        let own = resource.kind() == "Namespace" && resource.group().is_empty();
        key(resource, if own { "" } else { resource.name() })
    });
    // Another API group of the same kind, such as an Ingress that left `extensions`.
    rest.match_by(&mut found, |resource| Key {
        group: String::new(),
        ..key(resource, plain_name(resource))
    });

    let mut pairing = Pairing {
        own_affixes,
        ..Pairing::default()
    };
    let mut used = vec![false; base.len()];
    for (at, found) in found.into_iter().enumerate() {
        match found {
            Some(base) => {
                used[base] = true;
                pairing.matched.push((base, at));
            }
            None => pairing.added.push(at),
        }
    }
    pairing.removed = (0..base.len()).filter(|&at| !used[at]).collect();
    pairing
}

/// `default` and no namespace are the same in kustomize's records.
fn normal(identity: Identity<'_>) -> Identity<'_> {
    Identity {
        namespace: if identity.namespace == "default" {
            ""
        } else {
            identity.namespace
        },
        ..identity
    }
}

/// Which of several copies of a resource is the one that it became: the least renamed one, then the one with the shortest name.
///
/// All copies that one kustomization makes are alike in this, so that what belongs together is paired together.
fn closeness<'a>(of: Identity<'_>, resource: &Resource<'a>) -> impl Ord + use<'a> {
    let own = normal(resource.identity);
    (
        own != normal(of),
        resource.previous.len(),
        plain_name(resource).len(),
        own.namespace.len(),
        own.namespace,
        own.name,
    )
}

/// Pairs by the identities that a resource had, or by its present one; says as well which of the base are paired.
fn by_history(base: &[Resource<'_>], overlay: &[Resource<'_>]) -> (Vec<Option<usize>>, Vec<bool>) {
    let mut index: HashMap<(&str, Identity<'_>), Vec<usize>> = HashMap::with_capacity(base.len());
    for (at, resource) in base.iter().enumerate() {
        index
            .entry((resource.group(), normal(resource.identity)))
            .or_default()
            .push(at);
    }
    let mut used = vec![false; base.len()];
    let mut found: Vec<Option<usize>> = vec![None; overlay.len()];
    // The base's history is the beginning of the overlay's; the longest such beginning wins.
    let longest = |resource: &Resource<'_>| {
        let history: Vec<_> = resource.history().map(normal).collect();
        (0..history.len()).rev().find_map(|length| {
            index
                .get(&(resource.group(), history[length]))?
                .iter()
                .copied()
                .find(|&at| {
                    base[at]
                        .previous
                        .iter()
                        .copied()
                        .map(normal)
                        .eq(history[..length].iter().copied())
                })
        })
    };
    give(base, overlay, &mut found, &mut used, longest);
    let any = |resource: &Resource<'_>| {
        resource.history().map(normal).rev().find_map(|identity| {
            let all = index.get(&(resource.group(), identity))?;
            all.first().copied()
        })
    };
    give(base, overlay, &mut found, &mut used, any);
    (found, used)
}

/// Gives every resource of the base to the closest one of those that ask for it.
fn give(
    base: &[Resource<'_>],
    overlay: &[Resource<'_>],
    found: &mut [Option<usize>],
    used: &mut [bool],
    asks_for: impl Fn(&Resource<'_>) -> Option<usize>,
) {
    let mut asked: Vec<(usize, usize)> = overlay
        .iter()
        .enumerate()
        .filter(|(at, _)| found[*at].is_none())
        .filter_map(|(at, resource)| Some((asks_for(resource)?, at)))
        .filter(|(of, _)| !used[*of])
        .collect();
    asked.sort_by_cached_key(|&(of, at)| (of, closeness(base[of].identity, &overlay[at]), at));
    for (of, at) in asked {
        if !used[of] {
            used[of] = true;
            found[at] = Some(of);
        }
    }
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    group: String,
    kind: String,
    name: String,
}

fn key(resource: &Resource<'_>, name: &str) -> Key {
    Key {
        group: resource.group().to_owned(),
        kind: resource.kind().to_owned(),
        name: name.to_owned(),
    }
}

/// What has no counterpart yet.
struct Rest<'r, 'b, 'o> {
    base: &'r [Resource<'b>],
    overlay: &'r [Resource<'o>],
    left: Vec<usize>,
    right: Vec<usize>,
}

impl<'r, 'b, 'o> Rest<'r, 'b, 'o> {
    fn of(base: &'r [Resource<'b>], overlay: &'r [Resource<'o>], found: &[Option<usize>]) -> Self {
        let used: HashSet<usize> = found.iter().flatten().copied().collect();
        Self {
            base,
            overlay,
            left: (0..base.len()).filter(|at| !used.contains(at)).collect(),
            right: (0..overlay.len())
                .filter(|&at| found[at].is_none())
                .collect(),
        }
    }

    /// Matches what has the same key, where both sides have it once.
    fn match_by(&mut self, found: &mut [Option<usize>], key: impl Fn(&Resource<'_>) -> Key) {
        self.match_by_each(found, &key, &key);
    }

    /// Matches what has the same key, where the base has it once: the closest one, of several copies.
    fn match_closest(&mut self, found: &mut [Option<usize>], key: impl Fn(&Resource<'_>) -> Key) {
        if self.left.is_empty() || self.right.is_empty() {
            return;
        }
        let mut keys: HashMap<Key, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for &at in &self.left {
            keys.entry(key(&self.base[at])).or_default().0.push(at);
        }
        for &at in &self.right {
            keys.entry(key(&self.overlay[at])).or_default().1.push(at);
        }
        for (left, right) in keys.into_values() {
            let [base] = left.as_slice() else {
                continue;
            };
            let of = self.base[*base].identity;
            let closest = right
                .into_iter()
                .min_by_key(|&at| (closeness(of, &self.overlay[at]), at));
            if let Some(overlay) = closest {
                found[overlay] = Some(*base);
            }
        }
        self.forget(found);
    }

    /// Matches what has the same key, which each side has in a way of its own.
    fn match_by_each(
        &mut self,
        found: &mut [Option<usize>],
        base_key: impl Fn(&Resource<'_>) -> Key,
        overlay_key: impl Fn(&Resource<'_>) -> Key,
    ) {
        if self.left.is_empty() || self.right.is_empty() {
            return;
        }
        let mut keys: HashMap<Key, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for &at in &self.left {
            keys.entry(base_key(&self.base[at])).or_default().0.push(at);
        }
        for &at in &self.right {
            keys.entry(overlay_key(&self.overlay[at]))
                .or_default()
                .1
                .push(at);
        }
        for (left, right) in keys.into_values() {
            if let ([base], [overlay]) = (left.as_slice(), right.as_slice()) {
                found[*overlay] = Some(*base);
            }
        }
        self.forget(found);
    }

    fn forget(&mut self, found: &[Option<usize>]) {
        let used: HashSet<usize> = self.right.iter().filter_map(|&at| found[at]).collect();
        self.left.retain(|at| !used.contains(at));
        self.right.retain(|&at| found[at].is_none());
    }

    /// Finds the prefix and suffix that most of the rest share.
    fn match_affixes(&mut self, found: &mut [Option<usize>]) {
        /// More candidates than this are not a naming scheme but two different systems.
        const MAX_CANDIDATES: usize = 1 << 18;
        for _ in 0..4 {
            if self.left.len().saturating_mul(self.right.len()) > MAX_CANDIDATES {
                return;
            }
            let mut votes: HashMap<(&str, &str), usize> = HashMap::new();
            for &at in &self.right {
                let overlay = &self.overlay[at];
                for &other in &self.left {
                    let base = &self.base[other];
                    if (overlay.group(), overlay.kind()) == (base.group(), base.kind())
                        && let Some(affix) = affix(plain_name(base), plain_name(overlay))
                    {
                        *votes.entry(affix).or_default() += 1;
                    }
                }
            }
            let renamed_before = found.iter().enumerate().any(|(at, found)| {
                found.is_some_and(|base| {
                    self.base[base].name() == self.overlay[at].name()
                        && !is_never_renamed(&self.overlay[at])
                })
            });
            let best = votes
                .into_iter()
                .filter(|(_, count)| *count > 1 || !renamed_before)
                .max_by_key(|((prefix, suffix), count)| {
                    (
                        *count,
                        std::cmp::Reverse((prefix.len() + suffix.len(), *prefix, *suffix)),
                    )
                })
                .map(|((prefix, suffix), _)| (prefix.to_owned(), suffix.to_owned()));
            let Some((prefix, suffix)) = best else {
                return;
            };
            let before = self.right.len();
            self.match_by_each(
                found,
                |base| key(base, &format!("{prefix}{}{suffix}", plain_name(base))),
                |overlay| key(overlay, plain_name(overlay)),
            );
            if self.right.len() == before {
                return;
            }
        }
    }
}

/// Kinds that kustomize's prefix and suffix leave alone.
pub(crate) fn is_never_renamed(resource: &Resource<'_>) -> bool {
    matches!(
        resource.kind(),
        "Namespace" | "CustomResourceDefinition" | "APIService"
    )
}

/// What stands before and after a name within another.
fn affix<'a>(name: &str, within: &'a str) -> Option<(&'a str, &'a str)> {
    if name.is_empty() || name == within {
        return None;
    }
    let at = within.find(name)?;
    Some((&within[..at], &within[at + name.len()..]))
}

/// The name without the hash that a generator appended.
#[must_use]
pub fn plain_name<'a>(resource: &Resource<'a>) -> &'a str {
    let name = resource.name();
    if matches!(resource.kind(), "ConfigMap" | "Secret") {
        without_hash(name)
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Tree, parse};

    fn text(resources: &[(&str, &str, &str, &str)]) -> String {
        resources
            .iter()
            .map(|(kind, namespace, name, previous)| {
                let names: Vec<_> = previous.split(',').filter(|name| !name.is_empty()).collect();
                let defaults = vec!["default"; names.len()].join(",");
                let history = if names.is_empty() {
                    String::new()
                } else {
                    format!(
                        ", annotations: {{internal.config.kubernetes.io/previousNames: '{previous}', \
                         internal.config.kubernetes.io/previousNamespaces: '{defaults}'}}"
                    )
                };
                format!("kind: {kind}\nmetadata: {{name: {name}, namespace: '{namespace}'{history}}}\n---\n")
            })
            .collect()
    }

    fn resources<'a>(tree: &'a Tree<'a>) -> Vec<Resource<'a>> {
        tree.roots().filter_map(Resource::read).collect()
    }

    fn paired(base: &[(&str, &str, &str, &str)], overlay: &[(&str, &str, &str, &str)]) -> Pairing {
        let (base, overlay) = (text(base), text(overlay));
        let (base, overlay) = (parse(&base).unwrap(), parse(&overlay).unwrap());
        pair(&resources(&base), &resources(&overlay), &[])
    }

    #[test]
    fn history_beats_names() {
        // The prefixed `web` has the name that another base resource has already.
        let pairing = paired(
            &[("D", "", "web", ""), ("D", "", "prod-web", "")],
            &[
                ("D", "", "prod-web", "web"),
                ("D", "", "prod-prod-web", "prod-web"),
            ],
        );
        assert_eq!(pairing.matched, [(0, 0), (1, 1)]);
        // The base was renamed itself, and stayed.
        let pairing = paired(
            &[("D", "", "base-web", "web"), ("D", "", "web", "")],
            &[("D", "", "web", ""), ("D", "", "base-web", "web")],
        );
        assert_eq!(pairing.matched, [(1, 0), (0, 1)]);
    }

    #[test]
    fn a_copy_is_added() {
        let web = [("D", "", "web", "")];
        let copies = |overlay: &[(&str, &str, &str, &str)]| {
            let pairing = paired(&web, overlay);
            assert_eq!(pairing.removed, [0; 0], "{overlay:?}");
            assert_eq!(pairing.matched.len(), 1, "{overlay:?}");
            assert_eq!(pairing.added.len(), overlay.len() - 1, "{overlay:?}");
            pairing.matched[0].1
        };
        // What kept its name is the resource itself, wherever it stands.
        assert_eq!(
            copies(&[("D", "", "web", ""), ("D", "", "web-canary", "web")]),
            0
        );
        assert_eq!(
            copies(&[("D", "", "web-canary", "web"), ("D", "", "web", "")]),
            1
        );
        // Else what was renamed less often, with everything or by itself.
        assert_eq!(
            copies(&[
                ("D", "", "prod-web-canary", "web,web-canary"),
                ("D", "", "prod-web", "web"),
                ("D", "", "prod-web-blue", "web,web-blue"),
            ]),
            1
        );
        // Two of a kind: the same one for every resource.
        assert_eq!(
            copies(&[("D", "", "b-web", "web"), ("D", "", "a-web", "web")]),
            1
        );
        assert_eq!(
            copies(&[("D", "two", "web", "web"), ("D", "one", "web", "web")]),
            1
        );
        // Rendered, where no history tells.
        assert_eq!(
            copies(&[("D", "", "web-canary", ""), ("D", "", "web", "")]),
            1
        );
        assert_eq!(copies(&[("D", "b", "web", ""), ("D", "a", "web", "")]), 1);
        assert_eq!(copies(&[("D", "", "b-web", ""), ("D", "", "a-web", "")]), 1);
        // A copy without the original is the original under another name.
        assert_eq!(copies(&[("D", "", "web-canary", "web")]), 0);
        assert_eq!(copies(&[("D", "", "web-canary", "")]), 0);
        // A generated one, whose hash tells nothing.
        let pairing = paired(
            &[("ConfigMap", "", "conf-5h2t4mg9bk", "conf")],
            &[
                (
                    "ConfigMap",
                    "",
                    "conf-canary-bbbbcccc22",
                    "conf,conf-canary",
                ),
                ("ConfigMap", "", "conf-hhhhcccc22", "conf"),
            ],
        );
        assert_eq!((pairing.matched, pairing.added), (vec![(0, 1)], vec![0]));
    }

    #[test]
    fn siblings_may_have_affixes_of_their_own() {
        let paired = |base: &[(&str, &str, &str, &str)], overlay: &[(&str, &str, &str, &str)]| {
            let (base, overlay) = (text(base), text(overlay));
            let (base, overlay) = (parse(&base).unwrap(), parse(&overlay).unwrap());
            pair_siblings(&resources(&base), &resources(&overlay), &[]).matched
        };
        let pairs = paired(
            &[
                ("D", "", "dev-web", ""),
                ("D", "", "dev-web-api", ""),
                ("S", "", "dev-web", ""),
                ("ConfigMap", "", "dev-c-5h2t4mg9bk", ""),
                ("Namespace", "", "x", ""),
            ],
            &[
                ("ConfigMap", "", "prod-c-bbbbcccc22", ""),
                ("S", "", "prod-web", ""),
                ("D", "", "prod-web-api", ""),
                ("D", "", "prod-web", ""),
                ("D", "", "prod-more", ""),
            ],
        );
        assert_eq!(pairs, [(3, 0), (2, 1), (1, 2), (0, 3)]);
        let pairs = paired(
            &[("D", "", "web-dev", ""), ("S", "", "web-dev", "")],
            &[("D", "", "web-prod", ""), ("S", "", "web-prod", "")],
        );
        assert_eq!(pairs, [(0, 0), (1, 1)]);
        // One that has none shows that this is no prefix.
        let pairs = paired(
            &[("D", "", "a-web", ""), ("D", "", "all", "")],
            &[("D", "", "b-web", ""), ("D", "", "all", "")],
        );
        assert_eq!(pairs, [(1, 1)]);
        assert_eq!(
            paired(&[("D", "", "x", "")], &[("D", "", "x-", "")]),
            [(0, 0)]
        );
    }

    #[test]
    fn rendered_names_are_recognised() {
        let pairing = paired(
            &[
                ("ConfigMap", "", "conf-5h2t4mg9bk", ""),
                ("D", "", "web", ""),
                ("S", "a", "web", ""),
            ],
            &[
                ("S", "b", "web", ""),
                ("D", "", "web", ""),
                ("ConfigMap", "", "conf-bbbbcccc22", ""),
            ],
        );
        assert_eq!(pairing.matched, [(2, 0), (1, 1), (0, 2)]);
        let pairing = paired(
            &[
                ("ConfigMap", "", "conf-5h2t4mg9bk", ""),
                ("D", "", "web", ""),
                ("D", "", "web-api", ""),
            ],
            &[
                ("D", "", "prod-web-1", ""),
                ("D", "", "prod-web-api-1", ""),
                ("ConfigMap", "", "prod-conf-1-bbbbcccc22", ""),
            ],
        );
        assert_eq!(pairing.matched, [(1, 0), (2, 1), (0, 2)]);
        let pairing = paired(
            &[("D", "", "a", ""), ("D", "", "b", "")],
            &[("D", "", "a", ""), ("D", "", "zz", "")],
        );
        assert_eq!((pairing.added, pairing.removed), (vec![1], vec![1]));
    }
}
