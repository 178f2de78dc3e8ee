//! `unpromoted-image`: an environment runs an image that none before it has run.
//!
//! If every environment sets its own tag, or may, the base is not a reference: what
//! counts is that an image came through the environments before. The history says what they
//! ran earlier; without it nothing can be proved, which the finding says.

mod alone;
mod beside;
mod scene;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{DAYS, Rule, RuleId, Severity};
use crate::finding::Finding;
use crate::policy::Policy;
use crate::quantity::Quantity;
use crate::rules::found::Found;
use crate::rules::matrix::{Matrix, Place};
use crate::rules::overridden::Overridden;
use crate::rules::past::{Past, Question, Ran};

use scene::{Difference, Layer, Scene, Step};
use words::{Case, DEMAND};

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::UnpromotedImage,
    severity: Severity::Error,
    summary: DEMAND,
    why: "Where environments set their own tags, an image that no earlier environment has run was never tested.",
    example: "production sets the tag 2.0.1-hotfix, which neither dev nor staging has run",
    max: Some("30"),
    unit: DAYS,
    of_files: false,
    of_siblings: true,
};

/// Reports every image that did not come through the environments before.
pub(in crate::rules) fn check(
    matrix: &Matrix<'_, '_>,
    overridden: &Overridden<'_>,
    policy: &Policy,
    found: &mut Found,
) {
    let Some(scene) = Scene::of(matrix, overridden, policy) else {
        return;
    };
    let nothing = Past::default();
    let past = matrix.past.unwrap_or(&nothing);
    let mut told = BTreeSet::new();
    // Several regions may inherit one image, which the layer below them answers for.
    let mut of_layers: BTreeMap<Place<'_>, (Severity, Finding)> = BTreeMap::new();
    for (place, steps) in scene.steps() {
        let layer = scene.layer(&place);
        if let Some((severity, finding)) = weigh(&steps, layer.as_ref(), policy, past) {
            if severity > Severity::Info {
                told.insert((place.0, place.1));
            }
            let Some(layer) = layer else {
                found.push_as(severity, finding);
                continue;
            };
            let of_layer = of_layers.entry((layer.name, layer.at, place.2));
            let of_layer = of_layer.or_insert_with(|| (severity, finding.clone()));
            if severity > of_layer.0 {
                *of_layer = (severity, finding);
            }
        }
    }
    for (severity, finding) in of_layers.into_values() {
        found.push_as(severity, finding);
    }
    beside::check(&scene, &told, found);
    alone::check(&scene, found);
}

/// The questions to the history that must be answered before a service can be judged.
pub(in crate::rules) fn questions(
    matrix: &Matrix<'_, '_>,
    overridden: &Overridden<'_>,
    policy: &Policy,
) -> Vec<Question> {
    if policy.severity(&RULE) == Severity::Ignore || is_zero(policy) {
        return Vec::new();
    }
    let scene = Scene::of(matrix, overridden, policy);
    let steps = scene.iter().flat_map(Scene::steps);
    let unknown = steps.filter(|(_, steps)| steps.iter().all(|step| step.difference.is_some()));
    let asked = unknown.flat_map(|(_, steps)| {
        let differences = steps.into_iter().filter_map(|step| step.difference);
        differences.map(|one| one.question()).collect::<Vec<_>>()
    });
    asked.collect()
}

/// Whether environments must run the same today, whatever they ran before.
fn is_zero(policy: &Policy) -> bool {
    max(policy).is_some_and(|max| max == Quantity::ZERO)
}

fn max(policy: &Policy) -> Option<Quantity> {
    Quantity::parse(policy.max(&RULE)).ok()
}

/// The finding about an image beside the environments before, the nearest of which comes last.
fn weigh(
    steps: &[Step<'_, '_>],
    layer: Option<&Layer<'_, '_>>,
    policy: &Policy,
    past: &Past,
) -> Option<(Severity, Finding)> {
    let nearest = steps.last()?.difference.as_ref()?;
    if is_zero(policy) {
        return Some(nearest.tell(Severity::Error, Case::Unequal, layer));
    }
    if let Some(same) = steps.iter().rev().find(|step| step.difference.is_none()) {
        let case = Case::Runs { other: same.name() };
        return Some(nearest.tell(Severity::Info, case, layer));
    }
    let all = steps
        .iter()
        .rev()
        .filter_map(|step| step.difference.as_ref());
    let answers: Vec<(&Difference<'_, '_>, Ran)> =
        all.map(|one| (one, past.ran(&one.question()))).collect();
    let left = answers.iter().filter_map(|(one, ran)| match ran {
        Ran::Left { days } => Some((*days, *one)),
        _ => None,
    });
    // Of those that have run it, the one that left it last, and is nearest.
    if let Some((days, one)) = left.min_by_key(|(days, _)| *days) {
        let is_old = max(policy)
            .is_some_and(|max| Quantity::parse(&days.to_string()).is_ok_and(|days| days > max));
        let weight = if is_old {
            Severity::Warning
        } else {
            Severity::Info
        };
        let branch = past.branch.as_str();
        let case = Case::Left {
            days,
            is_old,
            branch,
        };
        return Some(one.tell(weight, case, layer));
    }
    let mut unknown = answers.iter().filter_map(|(_, ran)| match ran {
        Ran::Unknown(blind) => Some(*blind),
        _ => None,
    });
    let branch = past.branch.as_str();
    let (weight, case) = if let Some(blind) = unknown.next() {
        (Severity::Warning, Case::Unknown(blind))
    } else if answers.iter().any(|(_, ran)| *ran == Ran::Shallow) {
        (Severity::Error, Case::Shallow { branch })
    } else {
        (Severity::Error, Case::Never { branch })
    };
    Some(nearest.tell(weight, case, layer))
}
