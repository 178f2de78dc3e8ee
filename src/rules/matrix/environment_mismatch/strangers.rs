//! Environments of one service that have nothing in common.
//!
//! Directories that are named by nothing but words for environments are one service. If they have
//! no resource in common, that is one mistake, and not one for every resource.

use std::collections::BTreeSet;

use crate::catalog::RuleId;
use crate::compare::comparison::Comparison;
use crate::finding::{Compared, Finding, Name};
use crate::rules::found::Found;
use crate::rules::matrix::Matrix;
use crate::rules::matrix::odd::turned;

/// The environments without a base that have no resource in common with any other.
pub(super) fn strangers<'m>(matrix: &Matrix<'m, '_>, order: &[&'m str]) -> BTreeSet<&'m str> {
    let is_of = |comparison: &Comparison<'_, '_>, name: &str| {
        [comparison.sides.baseline, comparison.sides.environment].contains(&name)
    };
    let is_stranger = |name: &&&str| {
        let mut own = matrix.siblings.iter().filter(|one| is_of(one, name));
        !matrix.baselines.contains_key(**name)
            && own.all(|one| {
                let sides = &one.sides;
                one.pairing.matched.is_empty()
                    && !sides.base.is_empty()
                    && !sides.overlay.is_empty()
            })
    };
    order.iter().filter(is_stranger).copied().collect()
}

/// Reports each of them once. If there are only such, the others differ from the first.
pub(super) fn tell_strangers(
    matrix: &Matrix<'_, '_>,
    order: &[&str],
    strangers: &BTreeSet<&str>,
    found: &mut Found,
) {
    let norm = order.iter().find(|name| !strangers.contains(*name));
    let Some(&norm) = norm.or(order.first()) else {
        return;
    };
    for &name in order
        .iter()
        .filter(|name| strangers.contains(*name) && **name != norm)
    {
        let own = matrix
            .siblings
            .iter()
            .filter(|one| one.sides.environment == name || one.sides.baseline == name);
        let beside_norm = own
            .clone()
            .find(|one| [one.sides.environment, one.sides.baseline].contains(&norm));
        let Some(comparison) = beside_norm.or_else(|| own.clone().next()) else {
            continue;
        };
        let turned_around = (comparison.sides.environment != name).then(|| turned(comparison));
        let comparison = turned_around.as_ref().unwrap_or(comparison);
        let (environment, other) = (comparison.environment(), comparison.baseline());
        let headline = format!("{environment} has no resource in common with {other}");
        let help = format!(
            "Give {environment} and {other} the same resources. If they are not environments of one service, name their directories after their services, or list the layout in spec.layout.overlays of the ParityPolicy."
        );
        let sides = &comparison.sides;
        let message = format!("{headline}. {help}");
        found.push(Finding {
            service: Name::new(comparison.foreign_service()),
            compared: Compared::with_sibling(sides.environment, sides.baseline),
            ..Finding::new(RuleId::EnvironmentMismatch, message, headline, help)
        });
    }
}
