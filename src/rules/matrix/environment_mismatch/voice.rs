//! Who has a vote on which environment is the odd one at a place.

use crate::catalog::RuleId;
use crate::compare::comparison::{Classified, Comparison, Pair};
use crate::compare::steps::keyed_path;
use crate::path::{Path, overlap};
use crate::policy::Policy;
use crate::rules::exemption::about::{Subject, standing};
use crate::rules::matrix::Matrix;
use crate::rules::matrix::odd::Voice;
use crate::rules::overridden::Overridden;
use crate::rules::told::field;

/// The subject of a disagreement.
#[derive(Clone, Copy)]
pub(super) struct Matter<'t, 'a> {
    pub pair: Pair<'t, 'a>,
    pub change: &'t Classified<'a>,
    pub path: &'t Path<'t>,
}

/// An environment's voice in a disagreement; `seats` are the comparisons of the resource, each with the pair's number.
///
/// An environment that an exemption names there for differing from the others has
/// no vote, or with its vote the next one that differs would be the norm. One
/// that is like the base again is the one that has changed.
pub(super) fn of<'m, 'a: 'm>(
    matrix: &Matrix<'_, '_>,
    (overridden, policy): (&Overridden<'_>, &Policy),
    top: Matter<'_, '_>,
    seats: impl Iterator<Item = &'m (&'m Comparison<'m, 'a>, usize)>,
    name: &str,
) -> Voice {
    if is_exempt(policy, top, name) {
        return Voice::None;
    }
    let mut own = seats.filter_map(|(comparison, number)| {
        let &(early, late) = comparison.pairing.matched.get(*number)?;
        let is_remembered = overridden.is_remembered(comparison, (early, late), top.path);
        let at = if comparison.sides.baseline == name {
            early
        } else {
            (comparison.sides.environment == name).then_some(late)?
        };
        is_remembered.then_some(at)
    });
    let base = matrix.baselines.get(name);
    match (own.next(), base) {
        (Some(at), Some(base)) if says_nothing(base, at, top) => Voice::Doubt,
        _ => Voice::Vote,
    }
}

/// Whether an environment leaves the base as it is at a place of one of its resources.
fn says_nothing(base: &Comparison<'_, '_>, at: usize, top: Matter<'_, '_>) -> bool {
    let matched = base.pairing.matched.iter().zip(&base.changes);
    let mut own = matched.filter(|((_, other), _)| *other == at);
    own.all(|(_, changes)| {
        let mut changes = changes.iter();
        !changes.any(|one| overlap(&keyed_path(&one.change.steps), top.path))
    })
}

/// Whether an exemption names an environment because it differs from the others there.
fn is_exempt(policy: &Policy, top: Matter<'_, '_>, name: &str) -> bool {
    let resource = top.pair.overlay.reference();
    let field = field(&top.change.change);
    let subject = Subject {
        rule: RuleId::EnvironmentMismatch,
        service: top.pair.service,
        environment: name,
        resource: &resource,
        base_name: Some(top.pair.base.name()),
        field: Some(&field),
    };
    let mut standing = standing(policy, &subject).into_iter();
    standing.any(|(_, one)| !one.environments.is_empty())
}
