//! A difference of two environments, and whether another finding reports it already.

use crate::catalog::Class;
use crate::compare::comparison::{Classified, Comparison, Pair};
use crate::compare::guidance::guidance;
use crate::compare::steps::keyed_path;
use crate::path::Path;
use crate::policy::Policy;
use crate::rules::matrix::Matrix;
use crate::rules::matrix::odd::Member;
use crate::rules::overridden::Overridden;
use crate::rules::permission::{Verdict, verdict};
use crate::yaml::Node;

/// A difference between two environments that nothing allows and that no comparison with the base has reported.
pub(super) struct Disagreement<'m, 'a> {
    pub(super) comparison: &'m Comparison<'m, 'a>,
    /// The resource, the same one in every environment.
    pub(super) kin: Member<'m>,
    pub(super) path: Path<'m>,
    /// The resource in the earlier environment, and in the later one.
    pub(super) members: (usize, usize),
    pub(super) pair: Pair<'m, 'a>,
    pub(super) change: &'m Classified<'a>,
    pub(super) is_overridden: bool,
    /// Whether it is in an addition of both, or at a place for which an exemption names both; then no other has a say.
    pub(super) is_of_some: bool,
}

/// Whether an environment inherits the odd value from the one that it is made of, which is blamed itself.
pub(super) fn is_of_floor(
    matrix: &Matrix<'_, '_>,
    one: &Disagreement<'_, '_>,
    name: &str,
    majority: &[&str],
) -> bool {
    let sides = &one.comparison.sides;
    let (at, other) = if sides.environment == name {
        (one.members.1, sides.baseline)
    } else {
        (one.members.0, sides.environment)
    };
    let Some(floor) = matrix.floor(&(name, at, one.path.clone())) else {
        return false;
    };
    let mut all = matrix.siblings.iter();
    !majority.contains(&floor)
        && all.any(|one| {
            let sides = (one.sides.baseline, one.sides.environment);
            sides == (floor, other) || sides == (other, floor)
        })
}

/// Whether the same was reported for an environment against the environment that it is made of.
pub(super) fn is_of_layer(matrix: &Matrix<'_, '_>, one: &Disagreement<'_, '_>, name: &str) -> bool {
    let own = matrix.baselines.get(name);
    let Some(own) = own.filter(|own| matrix.baselines.contains_key(own.sides.baseline)) else {
        return false;
    };
    let sides = &one.comparison.sides;
    let change = &one.change.change;
    let (at, norm) = if sides.environment == name {
        (one.pair.overlay, change.base)
    } else {
        (one.pair.base, change.overlay)
    };
    own.pairs().any(|(pair, changes)| {
        pair.overlay.key() == at.key()
            && changes.iter().any(|there| {
                keyed_path(&there.change.steps) == one.path && are_same(there.change.base, norm)
            })
    })
}

/// Whether a comparison with a base has reported the same: one of the two environments changes its base there, and the other one
/// has what that base says.
///
/// Images that all environments set are not: those are compared with each other, whatever a base says.
pub(super) fn is_of_base(
    matrix: &Matrix<'_, '_>,
    one: &Disagreement<'_, '_>,
    (overridden, policy): (&Overridden<'_>, &Policy),
) -> bool {
    let class = one.change.class;
    if one.is_overridden || one.is_of_some || matches!(class, Class::Image | Class::ImageTag) {
        return false;
    }
    let sides = &one.comparison.sides;
    let change = &one.change.change;
    let both = [
        (sides.baseline, one.members.0, change.overlay),
        (sides.environment, one.members.1, change.base),
    ];
    both.into_iter().any(|(name, member, other)| {
        let Some(own) = matrix.baselines.get(name) else {
            return false;
        };
        let mut matched = own.pairing.matched.iter();
        let Some(number) = matched.position(|&(_, at)| at == member) else {
            return false;
        };
        own.pairs().nth(number).is_some_and(|(pair, changes)| {
            changes.iter().enumerate().any(|(place, there)| {
                keyed_path(&there.change.steps) == one.path
                    && are_same(there.change.base, other)
                    && !overridden.holds(own, number, place)
                    && verdict(policy, &guidance(pair.base), name, pair, there)
                        == Verdict::Forbidden
            })
        })
    })
}

/// Whether two environments have the same value, or both have none.
pub(super) fn are_same(one: Option<Node<'_>>, other: Option<Node<'_>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.same_in_order(other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
