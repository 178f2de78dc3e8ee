//! Environments before which none runs an image of that name, so that they are compared with the base.

use super::scene::{Scene, differing};
use super::words::Case;
use crate::catalog::{Class, RuleId, Severity};
use crate::compare::comparison::Comparison;
use crate::compare::guidance::guidance;
use crate::compare::steps::keyed_path;
use crate::path::{Path, overlap};
use crate::rules::found::Found;
use crate::rules::matrix::Matrix;
use crate::rules::permission::{Verdict, verdict};

/// Reports every environment whose tag is not the base's, if all environments before it run another image there.
///
/// The class may be allowed because tags come through the environments; this one does not.
pub(super) fn check(scene: &Scene<'_, '_, '_>, found: &mut Found) {
    for (environment, own) in &scene.matrix.baselines {
        if !scene.policy.allows(Class::ImageTag) || !scene.is_judged(environment) {
            continue;
        }
        let pairs: Vec<_> = own.pairs().map(|(pair, _)| pair).collect();
        for (number, other, path) in differing(own) {
            let Some(before) = others(scene.matrix, environment, other, &path) else {
                continue;
            };
            let Some(&pair) = pairs.get(number) else {
                continue;
            };
            let changes = own.changes.get(number).into_iter().flatten();
            let mut changes = changes.filter(|one| keyed_path(&one.change.steps) == path);
            let Some(change) = changes.next() else {
                continue;
            };
            let guidance = guidance(pair.base);
            if verdict(&scene.strict, &guidance, environment, pair, change) != Verdict::Forbidden {
                continue;
            }
            let text = |node: Option<crate::yaml::Node<'_>>| {
                node.and_then(|node| node.as_str().map(str::to_owned))
            };
            let (early, late) = (text(change.change.base), text(change.change.overlay));
            let (Some(early), Some(late)) = (early, late) else {
                continue;
            };
            let saying = Case::Alone { before }.saying(own, change, &early, &late);
            let finding = own.change_finding(RuleId::UnpromotedImage, pair, change, saying);
            found.push_as(Severity::Error, finding);
        }
    }
}

/// The last of the environments before one, if all of them run an image of another name there.
fn others<'m>(
    matrix: &Matrix<'m, '_>,
    environment: &str,
    at: usize,
    path: &Path<'_>,
) -> Option<&'m str> {
    let mut last = None;
    let before = matrix.compared(true);
    for comparison in before.filter(|one| one.sides.environment == environment) {
        let Some(is_other) = runs_another(comparison, at, path) else {
            continue;
        };
        if !is_other {
            return None;
        }
        last = Some(comparison.sides.baseline);
    }
    last
}

/// Whether the earlier of two environments runs an image of another name at a place; `None` if it has none.
fn runs_another(comparison: &Comparison<'_, '_>, at: usize, path: &Path<'_>) -> Option<bool> {
    let mut matched = comparison.pairing.matched.iter();
    let number = matched.position(|(_, other)| *other == at)?;
    let changes = comparison.changes.get(number)?;
    let mut here = changes
        .iter()
        .filter(|one| overlap(&keyed_path(&one.change.steps), path));
    match here.next() {
        None => Some(false),
        // A container that it lacks runs nothing.
        Some(one) if one.change.base.is_none() => None,
        Some(one) => Some(one.class == Class::Image),
    }
}
