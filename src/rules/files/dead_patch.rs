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
    summary: "A patch of an overlay, an entry of images, replicas or labels, and a replacement must change something.",
    why: "What finds nothing to change, or repeats what stands there, looks like a difference and hides that there is none. An entry that pins the image or the replicas of the base is information.",
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
            "no image has the name of this images entry, so it changes nothing".to_owned(),
            "Write the whole name as the containers have it, registry included and tag left out, or remove the entry.",
        ),
        (Effect::NoTarget, Form::Strategic | Form::Json6902) => (
            "the patch is for a resource that is not there".to_owned(),
            "Remove the patch, or correct its target.",
        ),
        (Effect::NoTarget, _) => (
            format!("the {what} is for a resource that is not there"),
            "Remove it, or correct what it names.",
        ),
        (Effect::Nothing, _) if is_pin => (
            format!(
                "the {what} says what the base says: without it, the build is the same until the base changes"
            ),
            "Remove it to follow the base, or keep it to stay at this value when the base changes.",
        ),
        (Effect::Nothing, _) => (
            format!("the {what} changes nothing: all that it says stands there without it"),
            if entry.form.is_patch() {
                "Remove the patch."
            } else {
                "Remove it."
            },
        ),
        (Effect::Dropped, _) => (
            "kustomize drops the patch without a word: what it is for is built as in the base"
                .to_owned(),
            "Remove the patch, or write list elements with all of their keys as the base writes them, such as port and protocol of a port; an unquoted value keeps the quotes of the base.",
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
