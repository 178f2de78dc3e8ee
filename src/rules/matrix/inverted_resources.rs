//! `inverted-resources`: a later environment gets less of a resource than an earlier one.
//!
//! Both may be within bounds of their base, so no check of one overlay alone
//! shows it.

use std::collections::BTreeMap;

use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::compare::comparison::Comparison;
use crate::policy::Policy;
use crate::rules::found::Found;
use crate::rules::matrix::{Matrix, Place, Value};
use crate::rules::overridden::Overridden;
use crate::rules::told::Saying;
use crate::rules::words;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::InvertedResources,
    severity: Severity::Error,
    summary: "An environment must not have a lower request or limit than an earlier one in spec.environments.",
    why: "A service that passes staging with 2Gi of memory can be killed in production with 512Mi.",
    example: "limits.memory is 2Gi in staging and 512Mi in production",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: true,
};

pub(in crate::rules) fn check(
    matrix: &Matrix<'_, '_>,
    _: &Overridden<'_>,
    policy: &Policy,
    found: &mut Found,
) {
    for value in inverted(matrix, policy).into_values() {
        let comparison = value.comparison;
        let (environment, baseline) = (comparison.environment(), comparison.baseline());
        let change = &value.change.change;
        let headline = format!(
            "{} is lower than in {baseline}, which comes before {environment}",
            words::subject(change, value.change.class)
        );
        let saying = Saying {
            headline,
            demand: RULE.summary,
            help: format!(
                "Raise it in {environment} to at least the value of {baseline}, or lower it in {baseline}, so that {baseline} shows how {environment} will behave."
            ),
        };
        found.push(comparison.change_finding(RULE.id, value.pair, value.change, saying));
    }
}

/// Every value that is higher in an earlier environment, with the environment that has the highest.
pub(in crate::rules) fn inverted<'m, 'a>(
    matrix: &Matrix<'m, 'a>,
    policy: &Policy,
) -> BTreeMap<Place<'m>, Value<'m, 'a>> {
    let mut worst: BTreeMap<Place<'m>, Value<'m, 'a>> = BTreeMap::new();
    // If the class is not allowed, any change is an error already, however small.
    if !policy.allows(Class::ResourceValues) {
        return worst;
    }
    for value in matrix.compared(true).flat_map(Comparison::values) {
        if value.overlay >= value.base || matrix.is_of_floor(value.early.0, &value.late) {
            continue;
        }
        let is_worse = worst
            .get(&value.late)
            .is_none_or(|known| known.base <= value.base);
        if is_worse {
            worst.insert(value.late.clone(), value);
        }
    }
    worst
}
