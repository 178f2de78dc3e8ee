//! `controller-change`: a controller changed what Git sets.

use super::told::Subject;
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ControllerChange,
    severity: Severity::Info,
    summary: "A controller should not write a field that Git sets.",
    why: "Where a controller and a deployer write the same field, each reverts the other.",
    example: "an operator changes the replicas of a StatefulSet that Git sets",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The message about a change by a controller.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    let what = &subject.what;
    Says {
        headline: match subject.owner() {
            Some(owner) => format!("{what} was changed by the controller {owner}"),
            None => format!("{what} was changed by a controller"),
        },
        demand: RULE.summary.to_owned(),
        help: "Remove the field from Git, or configure the controller not to write it.".to_owned(),
    }
}
