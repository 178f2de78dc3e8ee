//! `manual-addition`: somebody added in the cluster what Git does not set.

use super::told::Subject;
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ManualAddition,
    severity: Severity::Error,
    summary: "Nothing must be added in the cluster that Git does not set.",
    why: "A sync leaves alone what Git does not set, and Argo CD shows it as Synced, so it stays until somebody removes it.",
    example: "the variable SKIP_FRAUD_CHECK was added to a container with kubectl-set",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// What is said of an addition.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    let what = &subject.what;
    Says {
        headline: match subject.done() {
            Some(done) => format!("{what} was added {done}"),
            None => format!("{what} is not in Git"),
        },
        demand: "Self-heal does not take it back: Git does not set it.".to_owned(),
        help: subject.recovery.or(match subject.recovery.command {
            Some(_) => "remove it",
            None => "remove it from the object with kubectl edit",
        }),
    }
}
