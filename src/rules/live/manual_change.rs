//! `manual-change`: somebody changed in the cluster what Git sets.

use super::told::Subject;
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ManualChange,
    severity: Severity::Error,
    summary: "What Git sets must not be changed in the cluster.",
    why: "A sync takes the change back and the reason for it is lost; without one, what runs is not what was reviewed.",
    example: "the image of a Deployment was set to 1.14.2-hotfix.1 with kubectl-set",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// What is said of a change.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    let what = &subject.what;
    Says {
        headline: match subject.done() {
            Some(done) => format!("{what} was changed {done}"),
            None => format!("{what} is not what Git says"),
        },
        demand: match subject.done() {
            Some(_) => RULE.summary.to_owned(),
            None => "Who changed it is not told: pass the objects with --show-managed-fields."
                .to_owned(),
        },
        help: subject
            .recovery
            .or("take it back, as a deployment does, and Argo CD with selfHeal within seconds"),
    }
}

/// What is said of a write of which a log does not say what it wrote.
pub(super) fn of_object(done: &str) -> Says {
    Says {
        headline: format!("it was written {done}"),
        demand: "The log does not say which fields.".to_owned(),
        help: "Compare the object with Git: krm-parity drift. An audit policy has bodies at the level Request and above; those of Secrets belong at Metadata."
            .to_owned(),
    }
}
