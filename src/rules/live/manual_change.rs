//! `manual-change`: a person changed something in the cluster that Git sets.

use super::told::Subject;
use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ManualChange,
    severity: Severity::Error,
    summary: "A field that Git sets must not be changed in the cluster.",
    why: "A sync reverts the change, and the reason for it is lost; without a sync, the cluster runs something that was never reviewed.",
    example: "the image of a Deployment was set to 1.14.2-hotfix.1 with kubectl-set",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The message about a change.
pub(super) fn says(subject: &Subject<'_, '_>) -> Says {
    let what = &subject.what;
    Says {
        headline: match subject.done() {
            Some(done) => format!("{what} was changed {done}"),
            None => format!("{what} differs from Git"),
        },
        demand: match subject.done() {
            Some(_) => RULE.summary.to_owned(),
            None => "To see which tool changed it, pass the objects with --show-managed-fields."
                .to_owned(),
        },
        help: subject
            .recovery
            .or("undo it, as the next deployment does (Argo CD with selfHeal within seconds)"),
    }
}

/// The message about a write whose content is not in the log.
pub(super) fn of_object(done: &str) -> Says {
    Says {
        headline: format!("it was written {done}"),
        demand: "The log does not show which fields.".to_owned(),
        help: "Compare the object with Git with krm-parity drift. To log the fields, set the audit policy to the level Request, and to Metadata for Secrets."
            .to_owned(),
    }
}
