//! `removed-resource`: the base holds a resource that the overlay dropped.

use crate::catalog::{Rule, RuleId, Severity};
use crate::compare::comparison::Comparison;
use crate::finding::Finding;
use crate::policy::Policy;
use crate::rules::found::Found;
use crate::rules::told::Told;
use crate::rules::words;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::RemovedResource,
    severity: Severity::Error,
    summary: "An overlay must not remove a resource of the base.",
    why: "Every resource of the base must exist in every environment.",
    example: "production removes the PodDisruptionBudget of the base with $patch: delete",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

pub(in crate::rules) fn check(comparison: &Comparison<'_, '_>, _: &Policy, found: &mut Found) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for &at in &comparison.pairing.removed {
        let resource = &comparison.sides.base[at];
        let name = words::resource(resource);
        let told = Told {
            message: format!(
                "{name} is in {baseline}, but not in {environment}. An overlay must not remove a resource of {baseline}."
            ),
            headline: format!("the resource is in {baseline}, but not in {environment}"),
            help: format!(
                "Delete the patch that removes it, or remove the resource from {baseline}."
            ),
        };
        let service = comparison.sides.services[at];
        found.push(Finding {
            permit: comparison.exempt(RULE.id, resource, service),
            ..comparison.finding(RULE.id, resource, service, told)
        });
    }
}
