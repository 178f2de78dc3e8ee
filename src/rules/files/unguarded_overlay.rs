//! `unguarded-overlay`: nothing checks an overlay after its last change.

use super::overlay::{Overlay, found};
use crate::blame::Entry;
use crate::catalog::{Rule, RuleId, Severity};
use crate::finding::Finding;
use crate::policy::Policy;
use crate::repo::is_guarded;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::UnguardedOverlay,
    severity: Severity::Ignore,
    summary: "A kustomization must call krm-parity after the last change of an overlay.",
    why: "What is checked only in a pipeline can be built without the check, and what is changed after the check is not judged.",
    example: "production replaces an image and names no ParityPolicy under transformers or validators, though its base does",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

pub(in crate::rules) fn check(
    overlay: Overlay<'_, '_>,
    _: &[Entry],
    _: &Policy,
    findings: &mut Vec<Finding>,
) {
    findings.extend(unguarded(overlay));
}

fn unguarded(overlay: Overlay<'_, '_>) -> Option<Finding> {
    if is_guarded(overlay.parsed, overlay.directory) {
        return None;
    }
    let place = overlay.replay.kustomization()?;
    Some(found(
        &RULE,
        "nothing calls krm-parity after the last change of the overlay".to_owned(),
        "Name a ParityPolicy under transformers or validators of the overlay.",
        &place,
    ))
}
