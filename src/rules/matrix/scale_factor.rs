//! `scale-factor`: a resource quantity is many times another's, or a small part of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::compare::comparison::Comparison;
use crate::finding::Finding;
use crate::naming::is_workbench;
use crate::policy::Policy;
use crate::quantity::{Quantity, ratio, ratio_exceeds};
use crate::rules::found::Found;
use crate::rules::matrix::inverted_resources::inverted;
use crate::rules::matrix::{Matrix, Place, Value};
use crate::rules::overridden::Overridden;
use crate::rules::told::Saying;
use crate::rules::words;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ScaleFactor,
    severity: Severity::Warning,
    summary: "A resource quantity must stay within a factor of the base's and of every other environment's.",
    why: "A much smaller environment does not show how a larger one behaves.",
    example: "requests.memory is 256Mi in the base and 2Gi in production: 8 times as much",
    max: Some("4"),
    unit: "×",
    of_files: false,
    of_siblings: true,
};

/// Checks an environment against the baseline.
pub(in crate::rules) fn check(comparison: &Comparison<'_, '_>, policy: &Policy, found: &mut Found) {
    let Some(max) = bound(policy) else { return };
    let far = comparison.values().filter(|value| is_far(value, max));
    for value in far {
        tell(&value, policy, found);
    }
}

/// Checks the environments of a service against each other, where no other rule has reported it.
pub(in crate::rules) fn check_matrix(
    matrix: &Matrix<'_, '_>,
    _: &Overridden<'_>,
    policy: &Policy,
    found: &mut Found,
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
        if is_told || !is_far(&value, max) || matrix.is_of_floor(value.early.0, &value.late) {
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
    for value in farthest.values() {
        tell(value, policy, found);
    }
}

/// The greatest factor that is fine, or `None` if the class is not allowed: then any change is an error already.
fn bound(policy: &Policy) -> Option<Quantity> {
    let max = Quantity::parse(policy.max(&RULE)).ok()?;
    policy.allows(Class::ResourceValues).then_some(max)
}

fn is_far(value: &Value<'_, '_>, max: Quantity) -> bool {
    ratio_exceeds(value.base, value.overlay, max)
}

/// Reports a value that is far from another; as information if one of them is of an environment for development.
fn tell(value: &Value<'_, '_>, policy: &Policy, found: &mut Found) {
    let sides = &value.comparison.sides;
    let is_small_by_intent = is_workbench(sides.environment) || is_workbench(sides.baseline);
    if is_small_by_intent && !policy.weighs(RULE.id) {
        found.push_as(Severity::Info, finding(value, policy));
    } else {
        found.push(finding(value, policy));
    }
}

fn finding(value: &Value<'_, '_>, policy: &Policy) -> Finding {
    let (comparison, change) = (value.comparison, &value.change.change);
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
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
        "{} is {by} in {baseline}, beyond {}×",
        words::subject(change, value.change.class),
        policy.max(&RULE)
    );
    let saying = Saying {
        headline,
        demand: RULE.summary,
        help: format!(
            "Bring the two values closer together, or raise spec.rules.{}.max in the ParityPolicy if {environment} really needs it.",
            RULE.id
        ),
    };
    comparison.change_finding(RULE.id, value.pair, value.change, saying)
}
