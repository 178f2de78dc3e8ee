//! `missing-environment`: a service lacks an environment that the policy lists.

use crate::catalog::RuleId;
use crate::finding::Finding;

/// An environment that a service lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The service.
    pub service: String,
    /// The environment that is not there.
    pub environment: String,
    /// The environments that are there.
    pub present: Vec<String>,
    /// The environments that it should have and has.
    pub kept: Vec<String>,
}

pub(in crate::rules) fn check(absent: &[Absent], findings: &mut Vec<Finding>) {
    for absent in absent {
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
        findings.push(Finding {
            service: service.clone(),
            environment: environment.clone(),
            ..Finding::new(RuleId::MissingEnvironment, message, headline, help)
        });
    }
}
