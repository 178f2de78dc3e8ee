//! `missing-object`: Git has an object that the cluster lacks.

use crate::catalog::{Rule, RuleId, Severity};
use crate::rules::told::Says;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::MissingObject,
    severity: Severity::Error,
    summary: "Every object in Git must be in the cluster.",
    why: "An object that was deleted by hand leaves no trace in the cluster, and everything that needs it fails later.",
    example: "a ConfigMap of Git was deleted with kubectl delete",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The message about an object that the cluster lacks; `has_kind` says whether it has any of that kind.
pub(super) fn says(kind: &str, has_kind: bool) -> Says {
    let doubt = if has_kind {
        String::new()
    } else {
        format!(
            " The live objects contain no {kind} at all; make sure that kubectl get includes this kind."
        )
    };
    Says {
        headline: "it is in Git, but not in the cluster".to_owned(),
        demand: format!("{}{doubt}", RULE.summary),
        help: "Deploy again to restore it, or remove it from Git.".to_owned(),
    }
}

/// The message about an object that a person has deleted.
pub(super) fn deleted(done: Option<&str>) -> Says {
    Says {
        headline: match done {
            Some(done) => format!("it was deleted {done}"),
            None => "it was deleted".to_owned(),
        },
        demand: RULE.summary.to_owned(),
        help: "Deploy again to restore it, or remove it from Git.".to_owned(),
    }
}
