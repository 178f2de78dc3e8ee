//! `extra-object`: the cluster has an object that Git does not have.

use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ExtraObject,
    severity: Severity::Warning,
    summary: "The cluster should have no object of an application that is not in Git.",
    why: "An object created by hand was never reviewed and is in no backup; one that was removed from Git waits to be pruned.",
    example: "a ConfigMap was created with kubectl create",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The message about an object that Git does not have.
pub(super) fn says(
    owner: &str,
    done: Option<String>,
    is_person: bool,
    command: Option<String>,
) -> Says {
    let made = if is_person {
        "was created by hand with"
    } else {
        "was deployed by"
    };
    let made = match done {
        Some(done) if is_person => format!("was created {done}"),
        _ => format!("{made} {owner}"),
    };
    Says {
        headline: format!("it {made} and is not in Git"),
        demand: RULE.summary.to_owned(),
        help: match command {
            Some(command) => format!("Add it to Git, or delete it: {command}"),
            None => "Add it to Git, or delete it.".to_owned(),
        },
    }
}
