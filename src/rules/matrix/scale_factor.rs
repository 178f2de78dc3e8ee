//! `scale-factor`: a resource quantity is many times another's, or a small part of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Class, RuleId};
use crate::compare::comparison::Comparison;
use crate::finding::Finding;
use crate::policy::Policy;
use crate::quantity::{Quantity, ratio, ratio_exceeds};
use crate::rules::matrix::inverted_resources::inverted;
use crate::rules::matrix::{Matrix, Place, Value};
use crate::rules::told::Saying;
use crate::rules::words;

pub(in crate::rules) const RULE: RuleId = RuleId::ScaleFactor;

/// Checks an environment against the baseline.
pub(in crate::rules) fn check(
    comparison: &Comparison<'_, '_>,
    policy: &Policy,
    findings: &mut Vec<Finding>,
) {
    let Some(max) = bound(policy) else { return };
    let far = comparison.values().filter(|value| is_far(value, max));
    findings.extend(far.map(|value| finding(&value, policy)));
}

/// Checks the environments of a service against each other, where nothing else has told it.
pub(in crate::rules) fn check_matrix(
    matrix: &Matrix<'_, '_>,
    policy: &Policy,
    findings: &mut Vec<Finding>,
) {
    let Some(max) = bound(policy) else { return };
    let inverted = inverted(matrix, policy);
    let told: BTreeSet<Place<'_>> = matrix
        .baselines
        .values()
        .flat_map(|comparison| comparison.values())
        .filter(|value| is_far(value, max))
        .map(|value| value.late)
        .collect();
    let mut farthest: BTreeMap<Place<'_>, Value<'_, '_>> = BTreeMap::new();
    for value in matrix
        .siblings
        .iter()
        .flat_map(|comparison| comparison.values())
    {
        let is_told = told.contains(&value.early)
            || told.contains(&value.late)
            || inverted.contains_key(&value.late);
        if is_told || !is_far(&value, max) {
            continue;
        }
        let is_farther = farthest.get(&value.late).is_none_or(|known| {
            if value.overlay > value.base {
                value.base <= known.base
            } else {
                value.base >= known.base
            }
        });
        if is_farther {
            farthest.insert(value.late.clone(), value);
        }
    }
    findings.extend(farthest.values().map(|value| finding(value, policy)));
}

/// The greatest factor that is fine, or nothing where the class is not allowed: then any change is an error already.
fn bound(policy: &Policy) -> Option<Quantity> {
    let max = Quantity::parse(policy.max(RULE)).ok()?;
    policy.allows(Class::ResourceValues).then_some(max)
}

fn is_far(value: &Value<'_, '_>, max: Quantity) -> bool {
    ratio_exceeds(value.base, value.overlay, max)
}

fn finding(value: &Value<'_, '_>, policy: &Policy) -> Finding {
    let (comparison, change) = (value.comparison, &value.change.change);
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    let mut names = change.fields().rev();
    let (key, list) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
    let list = list.trim_end_matches('s');
    let more = if value.overlay > value.base {
        "more"
    } else {
        "less"
    };
    let by = match ratio(value.overlay, value.base) {
        Some(times) => format!("{times} {more} than"),
        None => "far from".to_owned(),
    };
    let headline = format!(
        "the {key} {list}{} is {by} in {baseline}, beyond {}×",
        words::of_container(&change.steps),
        policy.max(RULE)
    );
    let saying = Saying {
        headline,
        demand: words::demand(RULE),
        help: format!(
            "Bring the two closer together, or raise spec.rules.{RULE}.max in the ParityPolicy if {environment} really needs it."
        ),
    };
    comparison.change_finding(RULE, value.pair, value.change, saying)
}
