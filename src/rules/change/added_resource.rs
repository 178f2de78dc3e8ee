//! `added-resource`: the overlay holds a resource that the base does not.

use crate::catalog::{Rule, RuleId, Severity};
use crate::compare::comparison::Comparison;
use crate::finding::Finding;
use crate::resource::Resource;
use crate::rules::found::Found;
use crate::rules::overridden::Overridden;
use crate::rules::told::Told;
use crate::rules::words;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::AddedResource,
    severity: Severity::Error,
    summary: "An overlay must not have a resource that the base does not have.",
    why: "A resource that only one environment has was never tested in the others.",
    example: "production has a CronJob that the base, and therefore staging, does not have",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

pub(in crate::rules) fn check(
    comparison: &Comparison<'_, '_>,
    overridden: &Overridden<'_>,
    found: &mut Found,
) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for &at in &comparison.pairing.added {
        let resource = &comparison.sides.overlay[at];
        let name = words::resource(resource);
        let told = Told {
            message: format!(
                "{name} is in {environment}, but not in {baseline}. An overlay must not have a resource that {baseline} does not have."
            ),
            headline: format!("the resource is in {environment}, but not in {baseline}"),
            help: if is_bound_to_its_namespace(resource) {
                "It is encrypted for one namespace, so every environment needs its own. Make sure that each has one of this name, and permit it.".to_owned()
            } else if overridden.is_added_by_all(comparison, at) {
                format!(
                    "Every environment adds it. Move the resource to {baseline}, and keep only its differences in the overlays."
                )
            } else {
                format!("Move the resource to {baseline}; then every environment has it.")
            },
        };
        let service = comparison.foreign_service();
        found.push(Finding {
            permit: comparison.exempt(RULE.id, resource, service),
            ..comparison.finding(RULE.id, resource, service, told)
        });
    }
}

/// Whether a resource works in one namespace only, so that no base can hold it for all environments.
fn is_bound_to_its_namespace(resource: &Resource<'_>) -> bool {
    resource.group() == "bitnami.com" && resource.kind() == "SealedSecret"
}
