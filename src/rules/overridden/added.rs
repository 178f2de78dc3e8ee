//! The additions of environments to their bases, so that those with the same addition are compared there.
//!
//! A base that lacks a container says nothing about its image. An environment that
//! adds it has a finding about the container alone, and only another environment that
//! adds it too shows what is odd inside.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::compare::comparison::Comparison;
use crate::compare::diff::ChangeKind;
use crate::compare::guidance::guidance;
use crate::compare::steps::keyed_path;
use crate::path::Path;
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::matrix::Matrix;
use crate::rules::permission::{Verdict, verdict};

/// The additions of one environment, with those of all environments that it is made of.
#[derive(Debug, Default)]
pub(super) struct Added<'m> {
    /// The resources, by their number in the environment.
    pub resources: HashSet<usize>,
    /// The places in other resources, by the number of the resource.
    pub places: HashMap<usize, Vec<Path<'m>>>,
}

/// The additions of every environment of a service.
pub(super) fn added<'m>(matrix: &Matrix<'m, '_>, policy: &Policy) -> BTreeMap<&'m str, Added<'m>> {
    let mut all = BTreeMap::new();
    for &environment in matrix.baselines.keys() {
        // The environments that it is made of come first; these may form a loop.
        let mut floors = vec![environment];
        while let Some(comparison) = floors.last().and_then(|top| matrix.baselines.get(*top)) {
            let below = comparison.sides.baseline;
            if floors.contains(&below) || !matrix.baselines.contains_key(below) {
                break;
            }
            floors.push(below);
        }
        for floor in floors.into_iter().rev() {
            if let (false, Some(comparison)) =
                (all.contains_key(floor), matrix.baselines.get(floor))
            {
                let below = matrix.baselines.get(comparison.sides.baseline);
                let below = below.and_then(|below| {
                    let added = all.get(comparison.sides.baseline)?;
                    Some((below.sides.overlay, added))
                });
                let own = of_one(comparison, below, policy);
                all.insert(floor, own);
            }
        }
    }
    all
}

/// The additions of one environment, and those that it inherits from the one that it is made of.
fn of_one<'m>(
    comparison: &Comparison<'m, '_>,
    below: Option<(&[Resource<'_>], &Added<'m>)>,
    policy: &Policy,
) -> Added<'m> {
    let mut own = Added {
        resources: comparison.pairing.added.iter().copied().collect(),
        places: HashMap::new(),
    };
    let matched = comparison.pairing.matched.iter();
    for (&(_, other), (pair, changes)) in matched.zip(comparison.pairs()) {
        if changes.is_empty() {
            continue;
        }
        let guidance = guidance(pair.base);
        for classified in changes {
            let change = &classified.change;
            let is_whole = change.kind == ChangeKind::Added
                && change.overlay.is_some_and(|node| !node.is_scalar());
            let environment = comparison.sides.environment;
            let is_free = || {
                let verdict = verdict(policy, &guidance, environment, pair, classified);
                matches!(
                    verdict,
                    Verdict::Field(_) | Verdict::Base(_) | Verdict::Guidance
                )
            };
            if is_whole && !is_free() {
                let places = own.places.entry(other).or_default();
                places.push(keyed_path(&change.steps));
            }
        }
    }
    if let Some((resources, added)) = below {
        let of: HashMap<_, _> = resources.iter().map(Resource::key).zip(0..).collect();
        for &(at, other) in &comparison.pairing.matched {
            let Some(at) = of.get(&comparison.sides.base[at].key()) else {
                continue;
            };
            if added.resources.contains(at) {
                own.resources.insert(other);
            }
            if let Some(places) = added.places.get(at) {
                let all = own.places.entry(other).or_default();
                all.extend(places.iter().cloned());
            }
        }
    }
    own
}
