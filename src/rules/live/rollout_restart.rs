//! `rollout-restart`: a person restarted the pods of a workload.

use super::told::{Subject, requester};
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::RolloutRestart,
    severity: Severity::Info,
    summary: "Restarts of pods are reported.",
    why: "A restart changes no setting, but the reason for it may be worth knowing.",
    example: "a Deployment was restarted with kubectl rollout restart",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The message about a restart.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    Says {
        headline: match (subject.requested.and_then(requester), subject.owner()) {
            (Some(done), _) => format!("the pods were restarted {done}"),
            (None, Some(owner)) => format!("the pods were restarted with {owner}"),
            (None, None) => "the pods were restarted".to_owned(),
        },
        demand: "It changes no setting.".to_owned(),
        help: "There is nothing to do.".to_owned(),
    }
}
