//! Values that name an environment: each of two has its own name, or one has the name of another.

use std::collections::BTreeSet;

use super::disagreement::Disagreement;
use crate::compare::comparison::{Classified, Comparison};
use crate::compare::identity::{may_name, says_name, says_own_name};
use crate::compare::steps::keyed_path;
use crate::policy::{IdentityMode, Policy};
use crate::rules::matrix::foreign_environment::is_other;
use crate::rules::matrix::{Matrix, Place};
use crate::yaml::Node;

/// Whether two environments say the same, each with its own name or with that of the layer from which it has the value.
///
/// `number` is that of the pair of resources. A comparison knows only the names of its own two environments.
pub(super) fn say_own_layers<'m>(
    matrix: &Matrix<'m, '_>,
    comparison: &Comparison<'m, '_>,
    number: usize,
    classified: &Classified<'_>,
    policy: &Policy,
) -> bool {
    let change = &classified.change;
    let texts = change.base.zip(change.overlay);
    let texts = texts.and_then(|(base, overlay)| base.as_str().zip(overlay.as_str()));
    let members = comparison.pairing.matched.get(number);
    let (Some((before, after)), Some(&(early, late))) = (texts, members) else {
        return false;
    };
    let sides = &comparison.sides;
    let kind = sides.overlay[late].kind();
    let may_differ = may_name(change, classified.class, kind) && !classified.is_left_behind;
    if policy.identity != IdentityMode::Cancel || !may_differ {
        return false;
    }
    let path = keyed_path(&change.steps);
    let names = |environment, at| layers(matrix, (environment, at, path.clone()));
    let (early, late) = (names(sides.baseline, early), names(sides.environment, late));
    early.iter().any(|one| {
        let mut all = late.iter();
        all.any(|other| says_own_name((one, before), (other, after)))
    })
}

/// An environment, and those below it from which it has a value.
fn layers<'m>(matrix: &Matrix<'m, '_>, place: Place<'m>) -> Vec<&'m str> {
    let mut names = vec![place.0];
    let mut place = place;
    // There are no more steps than environments, because directories may form a loop.
    for _ in &matrix.baselines {
        let Some(below) = matrix.below(&place) else {
            break;
        };
        names.push(below.0);
        place = below;
    }
    names
}

/// The environments with the name of another one in a value that may have their own.
pub(super) fn foreign<'m>(
    matrix: &Matrix<'m, '_>,
    place: &[Disagreement<'m, '_>],
    order: &[&'m str],
    policy: &Policy,
) -> BTreeSet<&'m str> {
    let mut foreign = BTreeSet::new();
    let Some(top) = place.first() else {
        return foreign;
    };
    let all = order.iter().chain(matrix.baselines.keys());
    let all: BTreeSet<&str> = all.copied().collect();
    for one in place.iter().filter(|one| one.path == top.path) {
        let (sides, change) = (&one.comparison.sides, &one.change.change);
        let kind = one.pair.overlay.kind();
        if policy.identity != IdentityMode::Cancel || !may_name(change, one.change.class, kind) {
            continue;
        }
        for (name, value) in [
            (sides.baseline, change.base),
            (sides.environment, change.overlay),
        ] {
            let Some(text) = value.and_then(Node::as_str) else {
                continue;
            };
            let (others, own): (Vec<&str>, Vec<&str>) =
                all.iter().partition(|other| is_other(matrix, name, other));
            let says = |name: &&str| says_name(text, name);
            if others.iter().any(says) && !own.iter().any(says) && !says_name(text, name) {
                foreign.insert(name);
            }
        }
    }
    foreign
}
