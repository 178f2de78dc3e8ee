//! `extra-object`: the cluster has an object that Git does not have.

use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ExtraObject,
    severity: Severity::Warning,
    summary: "The cluster should hold nothing of an application that Git does not have.",
    why: "What was made by hand is in no review and in no backup, and what was dropped from Git waits to be pruned.",
    example: "a ConfigMap was made with kubectl create",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// What is said of an object that nobody wants.
pub(super) fn says(
    owner: &str,
    done: Option<String>,
    is_person: bool,
    command: Option<String>,
) -> Says {
    let made = if is_person {
        "was made by hand with"
    } else {
        "was deployed by"
    };
    let made = match done {
        Some(done) if is_person => format!("was made {done}"),
        _ => format!("{made} {owner}"),
    };
    Says {
        headline: format!("it {made}, and is not in Git"),
        demand: RULE.summary.to_owned(),
        help: match command {
            Some(command) => format!("Write it into Git, or delete it: {command}"),
            None => "Write it into Git, or delete it.".to_owned(),
        },
    }
}
