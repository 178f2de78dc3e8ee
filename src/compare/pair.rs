//! Which resource of an overlay was made from which resource of the base.
//!
//! kustomize records the identities that a resource had; if there is such a record,
//! nothing is guessed. Rendered files have none: for them, a namespace, a
//! prefix, a suffix or a generator's hash is recognised from the names.

mod history;
mod names;
mod own_affix;
mod own_word;
mod rest;

use std::collections::HashMap;

use crate::resource::Resource;
use history::by_history;
use rest::{Key, Rest, key};

pub(crate) use names::is_never_renamed;
pub use names::plain_name;
pub use own_affix::OwnAffix;
pub(in crate::compare) use own_word::without;
pub use own_word::{Called, Early, OwnWords};

/// The result of pairing, as indices into the two lists, in the overlay's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairing {
    /// Base and overlay, each of them once: if one resource became two, one of those is a copy, which counts as added.
    pub matched: Vec<(usize, usize)>,
    /// Overlay resources without a base.
    pub added: Vec<usize>,
    /// Base resources that the overlay no longer has.
    pub removed: Vec<usize>,
    /// The prefixes and suffixes that two environments have put on all names, each its own.
    pub own_affixes: Vec<OwnAffix>,
    /// The words for their own environments that the names of both sides hold.
    pub own_words: Option<OwnWords>,
}

impl Pairing {
    /// The resources that belong together in two overlays of one base: those made from the same resource.
    #[must_use]
    pub fn between(early: &Self, late: &Self) -> Vec<(usize, usize)> {
        let made: HashMap<usize, usize> = early.matched.iter().copied().collect();
        let late = late.matched.iter();
        late.filter_map(|(base, other)| Some((*made.get(base)?, *other)))
            .collect()
    }
}

/// Pairs two lists of resources; `known` are pairs that are known to belong together, for resources without a history.
#[must_use]
pub fn pair(base: &[Resource<'_>], overlay: &[Resource<'_>], known: &[(usize, usize)]) -> Pairing {
    pair_called(
        base,
        overlay,
        known,
        Called {
            early: Early::Base(""),
            late: "",
        },
    )
}

/// [`pair`] for two sides whose names are known; each name may occur in what belongs to that side.
///
/// Two environments, neither of which is made from the other, may also have their own prefixes or suffixes.
#[must_use]
pub fn pair_called(
    base: &[Resource<'_>],
    overlay: &[Resource<'_>],
    known: &[(usize, usize)],
    called: Called<'_>,
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
    // Two environments of one base: each has renamed the same resource in its own way.
    rest.match_closest(&mut found, |resource| {
        let first = resource.history().next();
        key(resource, first.map_or(resource.name(), |first| first.name))
    });
    rest.match_affixes(&mut found);
    let own_words = rest.match_own_words(&mut found, called);
    let own_affixes = match called.early {
        Early::Sibling(_) => rest.match_own_affixes(&mut found),
        Early::Base(_) => Vec::new(),
    };
    // An environment's own Namespace object: there is one, and it is named after the environment.
    rest.match_by(&mut found, |resource| {
        let own = resource.kind() == "Namespace" && resource.group().is_empty();
        key(resource, if own { "" } else { resource.name() })
    });
    // The same kind in another API group, such as an Ingress that left `extensions`.
    rest.match_by(&mut found, |resource| Key {
        group: String::new(),
        ..key(resource, plain_name(resource))
    });

    let mut pairing = Pairing {
        own_affixes,
        own_words,
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
        // The prefixed `web` gets the name that another base resource already has.
        let pairing = paired(
            &[("D", "", "web", ""), ("D", "", "prod-web", "")],
            &[
                ("D", "", "prod-web", "web"),
                ("D", "", "prod-prod-web", "prod-web"),
            ],
        );
        assert_eq!(pairing.matched, [(0, 0), (1, 1)]);
        // The base itself renamed a resource, and the overlay did not.
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
        // The one that kept its name is the resource itself, wherever it is in the list.
        assert_eq!(
            copies(&[("D", "", "web", ""), ("D", "", "web-canary", "web")]),
            0
        );
        assert_eq!(
            copies(&[("D", "", "web-canary", "web"), ("D", "", "web", "")]),
            1
        );
        // Otherwise it is the one that was renamed less often, with everything or alone.
        assert_eq!(
            copies(&[
                ("D", "", "prod-web-canary", "web,web-canary"),
                ("D", "", "prod-web", "web"),
                ("D", "", "prod-web-blue", "web,web-blue"),
            ]),
            1
        );
        // Two are equally close: the choice is the same for every resource.
        assert_eq!(
            copies(&[("D", "", "b-web", "web"), ("D", "", "a-web", "web")]),
            1
        );
        assert_eq!(
            copies(&[("D", "two", "web", "web"), ("D", "one", "web", "web")]),
            1
        );
        // Rendered, without a history.
        assert_eq!(
            copies(&[("D", "", "web-canary", ""), ("D", "", "web", "")]),
            1
        );
        assert_eq!(copies(&[("D", "b", "web", ""), ("D", "a", "web", "")]), 1);
        assert_eq!(copies(&[("D", "", "b-web", ""), ("D", "", "a-web", "")]), 1);
        // A copy without the original is the original under another name.
        assert_eq!(copies(&[("D", "", "web-canary", "web")]), 0);
        assert_eq!(copies(&[("D", "", "web-canary", "")]), 0);
        // A generated one, whose hash says nothing.
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
            let called = Called {
                early: Early::Sibling("one"),
                late: "other",
            };
            pair_called(&resources(&base), &resources(&overlay), &[], called).matched
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
        // A resource without it shows that this is not a prefix.
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
