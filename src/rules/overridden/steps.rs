//! The changes of environments, by the resources of the lowest base that these are made of.

use std::collections::{BTreeMap, HashMap};

use crate::compare::comparison::Comparison;
use crate::compare::guidance::guidance;
use crate::compare::steps::keyed_path;
use crate::path::Path;
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::permission::{Verdict, verdict};

/// A change of an environment, by the pair of resources and by its number there.
pub(super) struct Step<'m> {
    pub pair: usize,
    pub change: usize,
    pub path: Path<'m>,
}

/// The changes of an environment, by the resource of the lowest base that they are about.
pub(super) type Steps<'m> = BTreeMap<usize, Vec<Step<'m>>>;

/// The resource of the lowest base that each resource of an environment was made of.
pub(super) fn own_roots(
    comparison: &Comparison<'_, '_>,
    below: &HashMap<usize, usize>,
) -> HashMap<usize, usize> {
    let matched = comparison.pairing.matched.iter();
    let own = matched.filter_map(|&(at, other)| {
        let root = *below.get(&at)?;
        Some((other, root))
    });
    own.collect()
}

/// The same for a layer above: by the index in its base, the lowest resource that each one was made of.
pub(super) fn rise(
    own: &HashMap<usize, usize>,
    overlay: &[Resource<'_>],
    base: &[Resource<'_>],
) -> HashMap<usize, usize> {
    let of: HashMap<_, _> = overlay.iter().map(Resource::key).zip(0..).collect();
    let risen = base.iter().enumerate().filter_map(|(at, resource)| {
        let root = own.get(of.get(&resource.key())?)?;
        Some((at, *root))
    });
    risen.collect()
}

/// The changes that an environment makes although nothing allows them, and that no base denies.
pub(super) fn forbidden<'m>(
    comparison: &'m Comparison<'m, '_>,
    roots: &HashMap<usize, usize>,
    policy: &Policy,
) -> Steps<'m> {
    let mut steps = Steps::new();
    let matched = comparison.pairing.matched.iter();
    for (number, (&(_, other), (pair, changes))) in matched.zip(comparison.pairs()).enumerate() {
        let Some(root) = roots.get(&other) else {
            continue;
        };
        if changes.is_empty() {
            continue;
        }
        let guidance = guidance(pair.base);
        for (at, classified) in changes.iter().enumerate() {
            let environment = comparison.sides.environment;
            let verdict = verdict(policy, &guidance, environment, pair, classified);
            if verdict == Verdict::Forbidden {
                steps.entry(*root).or_default().push(Step {
                    pair: number,
                    change: at,
                    path: keyed_path(&classified.change.steps),
                });
            }
        }
    }
    steps
}
