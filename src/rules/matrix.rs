//! The environments of one service, side by side, and the rules that compare them.

pub(in crate::rules) mod environment_mismatch;
pub(in crate::rules) mod foreign_environment;
pub(in crate::rules) mod inverted_replicas;
pub(in crate::rules) mod inverted_resources;
pub(in crate::rules) mod odd;
pub(in crate::rules) mod scale_factor;
pub(in crate::rules) mod unpromoted_image;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::Class;
use crate::compare::comparison::{Against, Classified, Comparison, Pair};
use crate::compare::diff::{ChangeKind, quantity};
use crate::compare::steps::keyed_path;
use crate::path::{Path, overlap};
use crate::quantity::Quantity;
use crate::rules::past::Past;

/// Every comparison of one service.
#[derive(Default)]
pub(in crate::rules) struct Matrix<'m, 'a> {
    /// Every environment against the baseline, by the environment's name; empty where no baseline is known.
    pub baselines: BTreeMap<&'m str, &'m Comparison<'m, 'a>>,
    /// Environments against those before them, in promotion order.
    pub siblings: Vec<&'m Comparison<'m, 'a>>,
    /// The images that environments ran before; `None` if the history was not asked.
    pub past: Option<&'m Past>,
}

impl<'m, 'a> Matrix<'m, 'a> {
    /// The environments that are compared with one before them, or with one that has no known place in the order.
    pub(in crate::rules) fn compared(
        &self,
        ordered: bool,
    ) -> impl Iterator<Item = &'m Comparison<'m, 'a>> {
        let all = self.siblings.iter().copied();
        all.filter(move |comparison| {
            matches!(comparison.sides.against, Against::Sibling { is_promoted, .. } if is_promoted == ordered)
        })
    }

    /// Whether two environments differ in the tag or the digest of an image.
    pub(in crate::rules) fn has_tags(&self) -> bool {
        let mut changes = self.siblings.iter().flat_map(|one| &one.changes).flatten();
        changes.any(|one| one.class == Class::ImageTag)
    }

    /// Whether an environment is made of another, directly or through others.
    pub(in crate::rules) fn stands_on(&self, upper: &str, lower: &str) -> bool {
        let mut at = upper;
        // There are no more steps than environments, because directories may form a loop.
        for _ in &self.baselines {
            let Some(comparison) = self.baselines.get(at) else {
                return false;
            };
            at = comparison.sides.baseline;
            if at == lower {
                return upper != lower;
            }
        }
        false
    }

    /// The environment that another is made of, if a place comes from that one, which then answers for both.
    pub(in crate::rules) fn floor(&self, (environment, at, path): &Place<'_>) -> Option<&'m str> {
        let own = self.baselines.get(environment)?;
        let (floor, _) = self.baselines.get_key_value(own.sides.baseline)?;
        let number = own
            .pairing
            .matched
            .iter()
            .position(|(_, other)| other == at)?;
        let mut changes = own.changes.get(number)?.iter();
        changes
            .all(|one| !overlap(&keyed_path(&one.change.steps), path))
            .then_some(*floor)
    }

    /// The same place in the environment that another is made of, if it comes from that one.
    pub(in crate::rules) fn below(&self, place: &Place<'m>) -> Option<Place<'m>> {
        let floor = self.floor(place)?;
        let (environment, at, path) = place;
        let own = self.baselines.get(environment)?;
        let mut matched = own.pairing.matched.iter();
        let (made_of, _) = matched.find(|(_, other)| other == at)?;
        let key = own.sides.base.get(*made_of)?.key();
        let mut below = self.baselines.get(floor)?.sides.overlay.iter();
        Some((floor, below.position(|one| one.key() == key)?, path.clone()))
    }

    /// Whether the later environment inherits a place from one that is itself compared with the earlier environment.
    pub(in crate::rules) fn is_of_floor(&self, early: &str, late: &Place<'_>) -> bool {
        self.floor(late).is_some_and(|floor| {
            let mut all = self.siblings.iter();
            all.any(|one| one.sides.baseline == early && one.sides.environment == floor)
        })
    }

    /// The service.
    pub(in crate::rules) fn service(&self) -> &'m str {
        let mut all = self.siblings.iter().chain(self.baselines.values());
        all.next()
            .map_or("", |comparison| comparison.foreign_service())
    }
}

/// A resource value of an environment: the environment, the index of the resource in it, the path.
pub(in crate::rules) type Place<'m> = (&'m str, usize, Path<'m>);

/// A resource value that differs between two environments.
pub(in crate::rules) struct Value<'m, 'a> {
    pub comparison: &'m Comparison<'m, 'a>,
    pub pair: Pair<'m, 'a>,
    pub change: &'m Classified<'a>,
    /// Its place in the earlier environment.
    pub early: Place<'m>,
    /// Its place in the later environment.
    pub late: Place<'m>,
    /// The earlier environment's, or the baseline's.
    pub base: Quantity,
    /// The later environment's.
    pub overlay: Quantity,
}

/// The comparisons by service, for services that are compared in more than one way.
pub(in crate::rules) fn matrices<'m, 'a>(
    comparisons: &'m [Comparison<'m, 'a>],
) -> Vec<Matrix<'m, 'a>> {
    let mut matrices: BTreeMap<&str, Matrix<'m, 'a>> = BTreeMap::new();
    for comparison in comparisons {
        let matrix = matrices.entry(comparison.foreign_service()).or_default();
        match comparison.sides.against {
            Against::Baseline => {
                matrix
                    .baselines
                    .insert(comparison.sides.environment, comparison);
            }
            Against::Sibling { .. } => matrix.siblings.push(comparison),
        }
    }
    matrices
        .into_values()
        .filter(|matrix| !matrix.siblings.is_empty())
        .collect()
}

/// How many resources were checked, each counted once.
pub(in crate::rules) fn resources(comparisons: &[Comparison<'_, '_>]) -> usize {
    let mut seen = BTreeSet::new();
    let mut count = 0;
    for comparison in comparisons {
        let sides = &comparison.sides;
        let service = comparison.foreign_service();
        if seen.insert((service, sides.environment)) {
            count += sides.overlay.len();
        }
        if sides.against != Against::Baseline && seen.insert((service, sides.baseline)) {
            count += sides.base.len();
        }
    }
    count
}

impl<'m, 'a> Comparison<'m, 'a> {
    /// Every resource value that both sides have and that differs.
    pub(in crate::rules) fn values(&'m self) -> impl Iterator<Item = Value<'m, 'a>> {
        let matched = self.pairing.matched.iter();
        matched
            .zip(self.pairs())
            .flat_map(move |(&(at, other), (pair, changes))| {
                changes.iter().filter_map(move |classified| {
                    let change = &classified.change;
                    if classified.class != Class::ResourceValues
                        || change.kind != ChangeKind::Modified
                    {
                        return None;
                    }
                    let path = keyed_path(&change.steps);
                    Some(Value {
                        comparison: self,
                        pair,
                        change: classified,
                        early: (self.sides.baseline, at, path.clone()),
                        late: (self.sides.environment, other, path),
                        base: change.base.and_then(quantity)?,
                        overlay: change.overlay.and_then(quantity)?,
                    })
                })
            })
    }
}
