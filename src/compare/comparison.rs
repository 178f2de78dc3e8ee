//! A comparison: two environments, paired, with every classified change between them.

use std::cell::OnceCell;

pub use super::classify::Classified;
use super::classify::{Surroundings, classify};
use super::diff::{Change, Step, diff};
use super::elements::{self, OwnNames};
use super::guidance::guidance;
use super::hidden::hide;
use super::identity::{
    self, Around, Identity, Pod, Rendered, Witness, goes_with_label, is_left_behind, pods,
};
use super::pair::{Called, Early, Pairing, pair_called};
use crate::catalog::Class;
use crate::naming::plainest;
use crate::policy::IdentityMode;
use crate::resource::Resource;

/// The kind of side that an environment is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The baseline, which says what all environments share.
    Baseline,
    /// An earlier environment of the same service.
    Sibling {
        /// Whether there is no other environment between the two.
        is_next: bool,
        /// Whether the policy says so by listing both in promotion order.
        is_promoted: bool,
        /// Whether both are made from one base, so that both were already judged against it.
        is_of_one_base: bool,
    },
}

/// Two environments, about to be compared.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'c, 'a> {
    /// The environment that is judged.
    pub environment: &'c str,
    /// The environment that it is compared with.
    pub baseline: &'c str,
    /// How that side relates to the environment.
    pub against: Against,
    /// The one service of both sides; empty if the base may hold several.
    pub service: &'c str,
    /// The base's resources.
    pub base: &'c [Resource<'a>],
    /// The service of every resource of the base.
    pub services: &'c [&'a str],
    /// The overlay's resources.
    pub overlay: &'c [Resource<'a>],
    /// Items that only a transformation of everything reaches.
    pub witnesses: &'c [Witness],
    /// Values that were copied from Secrets into other resources, which no report may show.
    pub hidden: &'c [String],
    /// Whether another tool has rendered both, so that it may have left its own notes in them.
    pub is_rendered: bool,
}

/// Two environments, paired, with every classified change between them.
#[derive(Debug)]
pub struct Comparison<'c, 'a> {
    /// The two sides that are compared.
    pub sides: Sides<'c, 'a>,
    /// Which resources belong together.
    pub pairing: Pairing,
    /// The changes of every matched pair, in the order of [`Pairing::matched`].
    pub changes: Vec<Vec<Classified<'a>>>,
    /// The namespaces that the overlay brings for its own resources, which are not among those added, with the entries that controllers act on.
    pub namespaces: Vec<(usize, Vec<Classified<'a>>)>,
}

/// Pairs, diffs and classifies two environments.
#[must_use]
pub fn compare<'c, 'a>(sides: Sides<'c, 'a>, mode: IdentityMode) -> Comparison<'c, 'a> {
    compare_known(sides, mode, &[])
}

/// [`compare`], given resources that are known to belong together, as indices into base and overlay.
#[must_use]
pub fn compare_known<'c, 'a>(
    sides: Sides<'c, 'a>,
    mode: IdentityMode,
    known: &[(usize, usize)],
) -> Comparison<'c, 'a> {
    let called = Called {
        early: match sides.against {
            Against::Baseline => Early::Base(sides.baseline),
            Against::Sibling { .. } => Early::Sibling(sides.baseline),
        },
        late: sides.environment,
    };
    let mut pairing = pair_called(sides.base, sides.overlay, known, called);
    let identities = match mode {
        IdentityMode::Cancel => learn(&sides, &pairing),
        IdentityMode::Strict => Vec::new(),
    };
    let (own, added): (Vec<usize>, _) = pairing.added.iter().partition(|at: &&usize| {
        let mut identities = identities.iter();
        identities.any(|(_, identity)| identity.is_own_namespace(&sides.overlay[**at]))
    });
    pairing.added = added;
    let namespaces = own.into_iter().map(|at| {
        let around = Surroundings {
            resource: &sides.overlay[at],
            base: sides.base,
            overlay: sides.overlay,
        };
        let entries = identity::operative_entries(around.resource).into_iter();
        let classified = entries.map(|change| Classified {
            class: classify(&change, around),
            is_left_behind: false,
            change,
        });
        (at, classified.collect())
    });
    let namespaces = namespaces.collect();
    let early: Vec<&str> = match sides.against {
        Against::Baseline => plainest().collect(),
        Against::Sibling { .. } => vec![sides.baseline],
    };
    let names = OwnNames::of(&early, sides.environment, pairing.own_words.as_ref());
    let asking = OnceCell::new();
    let asking = || asking.get_or_init(|| identity::asking(sides.base, sides.overlay));
    let all = OnceCell::new();
    let all = || all.get_or_init(|| pods_of(&sides, &pairing)).as_slice();
    let changes_of = |&(at, other): &(usize, usize)| {
        let (base, overlay) = (&sides.base[at], &sides.overlay[other]);
        let identity = identities
            .iter()
            .find(|(service, _)| *service == sides.services[at])
            .map(|(_, identity)| identity);
        // A change that the base denies stays a change, whatever else it may be.
        let guidance = guidance(base);
        let rendered = Rendered {
            base: sides.base,
            overlay: sides.overlay,
            pairing: &pairing,
        };
        let around = Surroundings {
            resource: overlay,
            base: sides.base,
            overlay: sides.overlay,
        };
        let classified = |change: Change<'a>| {
            let class = match classify(&change, around) {
                Class::Other if is_of_selector(&change) => {
                    goes_with_label(&change, base, overlay, all()).unwrap_or(Class::Other)
                }
                class => class,
            };
            let is_label = change.fields().rev().nth(1) == Some("labels");
            Classified {
                is_left_behind: is_label && is_left_behind(&change, (base, overlay), asking()),
                change,
                class,
            }
        };
        let changes = diff(base, overlay).into_iter().map(classified).collect();
        let paired = elements::pair(changes, overlay, &names, classified);
        let is_left = |(at, classified): &(usize, Classified<'a>)| {
            let Classified { change, class, .. } = classified;
            let is_environment = identity.is_some_and(|identity| {
                paired.named.contains(at)
                    || identity.cancels(change, *class, base, overlay)
                    || is_own_name(&sides, &pairing, classified, overlay)
                    || sides.is_rendered && rendered.is_note(change, base, overlay)
            });
            !is_environment
                || guidance.denier(base, overlay, change).is_some()
                || classified.is_left_behind
        };
        let changes = paired.changes.into_iter().enumerate().filter(is_left);
        changes.map(|(_, classified)| classified).collect()
    };
    let mut changes: Vec<Vec<Classified<'a>>> = pairing.matched.iter().map(changes_of).collect();
    if !sides.hidden.is_empty() {
        let all = changes.iter_mut().flatten();
        all.for_each(|classified| hide(&mut classified.change, sides.hidden));
    }
    Comparison {
        sides,
        pairing,
        changes,
        namespaces,
    }
}

/// Whether a change is about a label that a selector asks for.
fn is_of_selector(change: &Change<'_>) -> bool {
    matches!(
        change.steps.as_slice(),
        [
            Step::Field("spec"),
            Step::Field("selector"),
            Step::Field(_),
            ..
        ]
    )
}

/// All pods of the two sides.
fn pods_of<'a>(sides: &Sides<'_, 'a>, pairing: &Pairing) -> Vec<Pod<'a>> {
    let pairs = pairing.matched.iter();
    let pairs: Vec<_> = pairs
        .map(|&(at, other)| (&sides.base[at], &sides.overlay[other]))
        .collect();
    let added = pairing.added.iter();
    let added: Vec<_> = added.map(|&at| &sides.overlay[at]).collect();
    pods(&pairs, &added)
}

/// Whether both sides say the same, each with the name of its own environment.
///
/// A base that is not an environment may use the name of any other one.
fn is_own_name(
    sides: &Sides<'_, '_>,
    pairing: &Pairing,
    classified: &Classified<'_>,
    overlay: &Resource<'_>,
) -> bool {
    let Classified { change, class, .. } = classified;
    let texts = change.base.zip(change.overlay);
    let texts = texts.and_then(|(early, late)| early.as_str().zip(late.as_str()));
    let (own, other) = (sides.environment, sides.baseline);
    let own_words = pairing.own_words.as_ref();
    texts.is_some_and(|(early, late)| {
        identity::may_name(change, *class, overlay.kind())
            && (identity::says_own_name((other, early), (own, late))
                && sides.against != Against::Baseline
                || own_words.is_some_and(|words| {
                    identity::says_own_name((&words.base, early), (&words.overlay, late))
                })
                || identity::puts_own_name(early, own, late) && sides.against == Against::Baseline)
    })
}

/// Learns what the overlay does to every resource, for each service of the base.
fn learn<'a>(sides: &Sides<'_, 'a>, pairing: &Pairing) -> Vec<(&'a str, Identity<'a>)> {
    let mut services: Vec<&str> = sides.services.to_vec();
    services.sort_unstable();
    services.dedup();
    let matched = pairing.matched.iter();
    let all: Vec<_> = matched
        .map(|&(at, other)| (&sides.base[at], &sides.overlay[other]))
        .collect();
    let added = pairing.added.iter();
    let added: Vec<_> = added.map(|&at| &sides.overlay[at]).collect();
    let around = Around {
        pairs: &all,
        added: &added,
    };
    services
        .into_iter()
        .map(|service| {
            let pairs: Vec<_> = pairing
                .matched
                .iter()
                .filter(|(at, _)| sides.services[*at] == service)
                .map(|&(at, other)| (&sides.base[at], &sides.overlay[other]))
                .collect();
            let removed: Vec<_> = pairing
                .removed
                .iter()
                .filter(|at| sides.services[**at] == service)
                .map(|&at| &sides.base[at])
                .collect();
            let mut identity = identity::learn(&pairs, &removed, around, sides.witnesses);
            identity.own_affixes.clone_from(&pairing.own_affixes);
            identity.own_words.clone_from(&pairing.own_words);
            (service, identity)
        })
        .collect()
}

impl<'a> Comparison<'_, 'a> {
    /// Every matched pair with its changes.
    pub fn pairs(&self) -> impl Iterator<Item = (Pair<'_, 'a>, &[Classified<'a>])> {
        self.pairing
            .matched
            .iter()
            .zip(&self.changes)
            .map(|(&(at, other), changes)| {
                let pair = Pair {
                    base: &self.sides.base[at],
                    overlay: &self.sides.overlay[other],
                    service: self.sides.services[at],
                };
                (pair, changes.as_slice())
            })
    }

    /// The service of a resource that the base does not have.
    #[must_use]
    pub fn foreign_service(&self) -> &str {
        match self.sides.services {
            [first, rest @ ..] if rest.iter().all(|service| service == first) => first,
            [] => self.sides.service,
            _ => "",
        }
    }
}

/// A base resource and the overlay's version of it.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'p, 'a> {
    /// The resource as the base has it.
    pub base: &'p Resource<'a>,
    /// The resource as the overlay has it.
    pub overlay: &'p Resource<'a>,
    /// The service that it belongs to.
    pub service: &'a str,
}
