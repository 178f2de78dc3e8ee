//! `out-of-sync`: the cluster differs from Git, and only the deployer wrote the value.

use super::told::Subject;
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::OutOfSync,
    severity: Severity::Warning,
    summary: "The cluster should match Git.",
    why: "Either Git is ahead of the cluster, or an admission webhook changes objects while they are deployed. No one changed it by hand.",
    example: "a webhook changes the registry of an image that Argo CD deployed",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The message about a field that the deployer wrote last.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    let what = &subject.what;
    let change = &subject.drift.change;
    let (headline, demand) = match (change.base, change.overlay, subject.owner()) {
        (None, _, Some(owner)) => (
            format!("{what} was deployed by {owner}, and is no longer in Git"),
            "It is removed when the deployer prunes.",
        ),
        (_, None, Some(owner)) => (
            format!("{what} was deployed by {owner}, but is not in the cluster"),
            "Something removed it on the way in, such as a webhook.",
        ),
        (_, None, None) => (
            format!("{what} is in Git, but is not deployed yet"),
            "Git is ahead of the cluster.",
        ),
        (_, _, Some(owner)) => (
            format!("{what} differs from Git, as deployed by {owner}"),
            "Git is ahead of the cluster, or a webhook changed it on the way in.",
        ),
        (_, _, None) => (
            format!("{what} differs from Git, and no manager owns it"),
            "Git is ahead of the cluster, or it was changed in a way that leaves no owner.",
        ),
    };
    Says {
        headline,
        demand: demand.to_owned(),
        help: "Deploy again. If the difference comes back, write the value that the webhook sets into Git."
            .to_owned(),
    }
}

/// The message about an object whose API version differs from Git's.
pub(super) fn of_version(want: &str, live: &str, command: Option<String>) -> Says {
    Says {
        headline: format!("it was not compared: it is {live} in the cluster and {want} in Git"),
        demand: "Fields of different API versions cannot be compared.".to_owned(),
        help: match command {
            Some(command) => format!("Get the version that Git uses: {command}"),
            None => "Get the version that Git uses with kubectl.".to_owned(),
        },
    }
}
