//! `manual-removal`: something that Git sets is gone from the cluster.

use super::told::{Subject, requester};
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ManualRemoval,
    severity: Severity::Error,
    summary: "A field that Git sets must not be removed in the cluster.",
    why: "A missing limit or probe is noticed only when it is needed, and managed fields do not show who removed it.",
    example: "resources.limits of a container were removed with kubectl patch",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The message about a removal.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    let what = &subject.what;
    let (headline, demand) = match subject.requested.and_then(requester) {
        Some(done) => (
            format!("{what} was removed {done}"),
            RULE.summary.to_owned(),
        ),
        None => (
            format!("{what} is in Git, but not in the cluster"),
            format!("{} Only an audit log shows who removed it.", RULE.summary),
        ),
    };
    Says {
        headline,
        demand,
        help: subject
            .recovery
            .or("restore it, as the next deployment does, also if it is new in Git"),
    }
}
