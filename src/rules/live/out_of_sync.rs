//! `out-of-sync`: what runs is not what Git says, and nobody but the deployer made it so.

use super::told::Subject;
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::OutOfSync,
    severity: Severity::Warning,
    summary: "What was deployed should be what Git says.",
    why: "Either Git is ahead of the cluster, or an admission webhook rewrites what is deployed; neither is the work of a person.",
    example: "a webhook changes the registry of an image that Argo CD deployed",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// What is said of what the deployer left.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    let what = &subject.what;
    let change = &subject.drift.change;
    let (headline, demand) = match (change.base, change.overlay, subject.owner()) {
        (None, _, Some(owner)) => (
            format!("{what} was deployed by {owner}, and is no longer in Git"),
            "It goes when the deployer prunes it.",
        ),
        (_, None, Some(owner)) => (
            format!("{what} was deployed by {owner}, and is not there"),
            "Something dropped it on the way in, such as a webhook.",
        ),
        (_, None, None) => (
            format!("{what} is in Git, and was not deployed yet"),
            "Git is ahead of the cluster.",
        ),
        (_, _, Some(owner)) => (
            format!("{what} is not what Git says, as deployed by {owner}"),
            "Git is ahead of the cluster, or a webhook rewrote it on the way in.",
        ),
        (_, _, None) => (
            format!("{what} is not what Git says, and nobody owns it"),
            "Git is ahead of the cluster, or it was changed in a way that leaves no owner.",
        ),
    };
    Says {
        headline,
        demand: demand.to_owned(),
        help: "Deploy what Git says; if it comes back, have Git say what the webhook makes of it."
            .to_owned(),
    }
}

/// What is said of an object that speaks another version of the API than Git.
pub(super) fn of_version(want: &str, live: &str, command: Option<String>) -> Says {
    Says {
        headline: format!("it was not compared: it is {live} here, and {want} in Git"),
        demand: "Fields of two versions cannot be compared.".to_owned(),
        help: match command {
            Some(command) => format!("Ask for the version of Git: {command}"),
            None => "Ask kubectl for the version of Git.".to_owned(),
        },
    }
}
