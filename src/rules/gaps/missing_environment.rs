//! `missing-environment`: a service lacks an environment that the policy lists.

use crate::catalog::{Rule, RuleId, Severity};
use crate::finding::{Compared, Finding, Name};
use crate::rules::found::Found;
use crate::rules::gaps::{Absent, Gaps};

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::MissingEnvironment,
    severity: Severity::Error,
    summary: "A service must have every environment that spec.environments lists.",
    why: "An environment that is not there was not checked.",
    example: "the policy lists staging, and only dev and production are sealed",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: true,
};

pub(in crate::rules) fn check(gaps: &Gaps, found: &mut Found) {
    for absent in &gaps.environments {
        let Absent {
            service,
            environment,
            present,
            kept,
        } = absent;
        let headline = if present.is_empty() {
            format!("service {service} has no {environment}, nor any other environment")
        } else {
            let present = present.join(", ");
            format!("service {service} has no {environment}, only {present}")
        };
        let help = format!(
            "Add {environment} too. If {service} is meant to have none, say so in spec.services of the ParityPolicy: {{name: {service}, environments: [{}]}}.",
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
