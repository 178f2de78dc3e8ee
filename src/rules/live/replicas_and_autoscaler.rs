//! `replicas-and-autoscaler`: Git sets replicas that an autoscaler sets, too.

use super::told::{Says, Subject};
use crate::catalog::{Rule, RuleId, Severity};

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ReplicasAndAutoscaler,
    severity: Severity::Warning,
    summary: "Git should not set the replicas of what an autoscaler scales.",
    why: "Every sync sets them back to what Git says, until the autoscaler scales again.",
    example: "Git sets replicas: 2 for a Deployment that a HorizontalPodAutoscaler targets",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// What is said of two who set replicas.
pub(super) fn says(_: &Subject<'_, '_>) -> Says {
    Says {
        headline: "Git sets the replicas, and so does an autoscaler".to_owned(),
        demand: RULE.summary.to_owned(),
        help: "Leave spec.replicas out of Git: the autoscaler has its own bounds.".to_owned(),
    }
}
