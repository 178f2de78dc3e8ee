//! `dead-patch`: a patch, or another entry, that an overlay could do without.

use super::overlay::{Overlay, found};
use crate::blame::{Effect, Entry};
use crate::catalog::{Rule, RuleId, Severity};
use crate::engine::Form;
use crate::finding::Finding;
use crate::policy::Policy;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::DeadPatch,
    severity: Severity::Warning,
    summary: "A patch, an images, replicas or labels entry, and a replacement of an overlay must change something.",
    why: "An entry without effect looks like a difference where there is none. An entry that pins the image or the replicas of the base is reported as information.",
    example: "a patch of production sets replicas to 3, which is what the base has",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

pub(in crate::rules) fn check(
    _: Overlay<'_, '_>,
    entries: &[Entry],
    _: &Policy,
    findings: &mut Vec<Finding>,
) {
    findings.extend(entries.iter().filter_map(dead));
}

/// An entry that the overlay could do without; a component's may be meant for others.
fn dead(entry: &Entry) -> Option<Finding> {
    if !entry.is_own {
        return None;
    }
    let what = match entry.form {
        Form::Strategic | Form::Json6902 => "patch",
        Form::Images => "images entry",
        Form::Replicas => "replicas entry",
        Form::Labels => "labels entry",
        Form::Replacement => "replacement",
    };
    let is_pin = matches!(entry.form, Form::Images | Form::Replicas);
    let (headline, help) = match (entry.effect, entry.form) {
        (Effect::Something, _) => return None,
        (Effect::NoTarget, Form::Images) => (
            "no image has the name of this images entry, so the entry changes nothing".to_owned(),
            "Write the name of the image exactly as the containers do, with the registry if they have one and without the tag, or remove the entry.",
        ),
        (Effect::NoTarget, Form::Strategic | Form::Json6902) => (
            "the target of the patch does not exist".to_owned(),
            "Remove the patch, or correct its target.",
        ),
        (Effect::NoTarget, _) => (
            format!("the target of the {what} does not exist"),
            "Remove it, or correct the name of its target.",
        ),
        (Effect::Nothing, _) if is_pin => (
            format!("the {what} sets the value that the base already has"),
            "Remove it to follow the base, or keep it to stay at this value when the base changes.",
        ),
        (Effect::Nothing, _) => (
            format!("the {what} changes nothing: the resource already has its values"),
            if entry.form.is_patch() {
                "Remove the patch."
            } else {
                "Remove it."
            },
        ),
        (Effect::DroppedBesideSecrets, _) => (
            "the patch changes nothing outside of Secrets: the other resources are the same as in the base"
                .to_owned(),
            "Remove its documents for these resources. Whether it changes a Secret is not reported, because that would confirm a guessed value.",
        ),
        (Effect::Dropped, _) => (
            "kustomize silently ignores the patch: the resource is the same as in the base"
                .to_owned(),
            "Remove the patch, or give list elements all keys as the base writes them, such as port and protocol of a port; an unquoted value keeps the quotes of the base.",
        ),
    };
    let severity = if is_pin && entry.effect == Effect::Nothing {
        Severity::Info
    } else {
        RULE.severity
    };
    Some(Finding {
        severity,
        ..found(&RULE, headline, help, &entry.place)
    })
}
