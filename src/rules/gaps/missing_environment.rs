//! `missing-environment`: a service lacks an environment that the policy lists.

use crate::catalog::{Rule, RuleId, Severity};
use crate::finding::{Compared, Finding, Name};
use crate::rules::found::Found;
use crate::rules::gaps::{Absent, Gaps};
use crate::text::one_line;

/// The longest name of an earlier state, in characters.
const MAX_NAME: usize = 200;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::MissingEnvironment,
    severity: Severity::Error,
    summary: "A service must have every environment that spec.environments lists.",
    why: "An environment that does not exist was not checked.",
    example: "the policy lists staging, but the service has only dev and production",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: true,
};

/// Findings about environments of a service that were judged at an earlier state, and are not judged any more.
///
/// `earlier` is the name that people use for that state.
#[must_use]
pub fn gone(service: &str, environments: &[&str], is_whole: bool, earlier: &str) -> Vec<Finding> {
    let earlier = one_line(earlier, MAX_NAME);
    let finding = |environment: &str, headline: String| {
        let help = format!(
            "Restore it, or find out why it is not found any more. If it was removed on purpose, merge: this finding compares with {earlier} and does not appear again."
        );
        Finding {
            service: Name::new(service),
            compared: Compared::with_base(environment, ""),
            ..Finding::new(RULE.id, format!("{headline}. {help}"), headline, help)
        }
    };
    if is_whole {
        let all = environments.join(", ");
        let headline = format!(
            "service {service} is gone: {all} was checked in {earlier} and is not checked any more"
        );
        return vec![finding("", headline)];
    }
    let one = |name: &&str| {
        let headline = format!(
            "{name} of service {service} was checked in {earlier} and is not checked any more"
        );
        finding(name, headline)
    };
    environments.iter().map(one).collect()
}

pub(in crate::rules) fn check(gaps: &Gaps, found: &mut Found) {
    for absent in &gaps.environments {
        let Absent {
            service,
            environment,
            present,
            kept,
        } = absent;
        let headline = if present.is_empty() {
            format!(
                "service {service} has no environment {environment}, and no other environment either"
            )
        } else {
            let present = present.join(", ");
            format!("service {service} has no environment {environment}, only {present}")
        };
        let help = format!(
            "Add {environment} to the service. If {service} does not need it, add to spec.services of the ParityPolicy: {{name: {service}, environments: [{}]}}",
            kept.join(", ")
        );
        let message = format!("{headline}. {help}");
        found.push(Finding {
            service: Name::new(service),
            compared: Compared::with_base(environment, ""),
            ..Finding::new(RULE.id, message, headline, help)
        });
    }
}
