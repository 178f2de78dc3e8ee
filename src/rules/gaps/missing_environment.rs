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
}

pub(in crate::rules) fn check(absent: &[Absent], findings: &mut Vec<Finding>) {
    for absent in absent {
        let Absent {
            service,
            environment,
            present,
        } = absent;
        let headline = format!(
            "service {service} has no {environment}, only {}",
            present.join(", ")
        );
        let help = format!(
            "Add {environment} too, or take it out of spec.environments of the ParityPolicy; an exemption with `environments: [{environment}]` says that it is missing on purpose."
        );
        let message = format!("{headline}. {help}");
        findings.push(Finding {
            service: service.clone(),
            environment: environment.clone(),
            ..Finding::new(RuleId::MissingEnvironment, message, headline, help)
        });
    }
}
