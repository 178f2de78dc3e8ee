//! `added-resource`: the overlay holds a resource that the base does not.

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
    for &at in &comparison.pairing.added {
        let resource = &comparison.sides.overlay[at];
        let name = words::resource(resource);
        let told = Told {
            message: format!(
                "{name} is in {environment}, but not in {baseline}. An overlay must not hold a resource that {baseline} does not have."
            ),
            headline: format!("the resource is in {environment}, but not in {baseline}"),
            help: format!(
                "Move the resource to {baseline}, so that every environment has it; or set spec.rules.added-resource.severity in the ParityPolicy."
            ),
        };
        findings.push(comparison.finding(
            RuleId::AddedResource,
            resource,
            comparison.foreign_service(),
            told,
        ));
    }
}
