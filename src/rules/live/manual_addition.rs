//! `manual-addition`: a person added something in the cluster that Git does not set.

use super::told::Subject;
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ManualAddition,
    severity: Severity::Error,
    summary: "A field that Git does not set must not be added in the cluster.",
    why: "A sync does not remove such a field, and Argo CD shows Synced, so it stays until it is removed by hand.",
    example: "the variable SKIP_FRAUD_CHECK was added to a container with kubectl-set",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The message about an addition.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    let what = &subject.what;
    Says {
        headline: match subject.done() {
            Some(done) => format!("{what} was added {done}"),
            None => format!("{what} is not in Git"),
        },
        demand: "Self-heal does not revert it, because Git does not set it.".to_owned(),
        help: subject.recovery.or(match subject.recovery.command {
            Some(_) => "remove it",
            None => "remove it from the object with kubectl edit",
        }),
    }
}
