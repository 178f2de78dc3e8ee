//! `removed-resource`: the base holds a resource that the overlay dropped.

use crate::catalog::RuleId;
use crate::compare::comparison::Comparison;
use crate::finding::Finding;
use crate::policy::Policy;
use crate::rules::told::Told;
use crate::rules::words;

pub(in crate::rules) fn check(
    comparison: &Comparison<'_, '_>,
    _: &Policy,
    findings: &mut Vec<Finding>,
) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for &at in &comparison.pairing.removed {
        let resource = &comparison.sides.base[at];
        let name = words::resource(resource);
        let told = Told {
            message: format!(
                "{name} is in {baseline}, but not in {environment}. An overlay must not drop a resource of {baseline}."
            ),
            headline: format!("the resource is in {baseline}, but not in {environment}"),
            help: format!(
                "Remove the patch that deletes it, or drop the resource from {baseline}; or set spec.rules.removed-resource.severity in the ParityPolicy."
            ),
        };
        findings.push(comparison.finding(
            RuleId::RemovedResource,
            resource,
            comparison.sides.services[at],
            told,
        ));
    }
}
