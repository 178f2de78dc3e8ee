//! `manual-removal`: what Git sets is gone from the cluster.

use super::told::{Subject, requester};
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ManualRemoval,
    severity: Severity::Error,
    summary: "What Git sets must not be removed in the cluster.",
    why: "A limit or a probe that is gone is missed when it is needed, and managed fields do not say who removed it.",
    example: "resources.limits of a container were removed with kubectl patch",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// What is said of a removal.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    let what = &subject.what;
    let (headline, demand) = match subject.requested.and_then(requester) {
        Some(done) => (
            format!("{what} was removed {done}"),
            RULE.summary.to_owned(),
        ),
        None => (
            format!("{what} is in Git, and gone from the cluster"),
            format!("{} Only an audit log knows who did.", RULE.summary),
        ),
    };
    Says {
        headline,
        demand,
        help: subject
            .recovery
            .or("bring it back, as a deployment does, also of what Git has only just got"),
    }
}
