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
    summary: "An overlay's kustomization must call krm-parity after its last change.",
    why: "An overlay without the check can be built and deployed unchecked, and changes after the check are not seen.",
    example: "production replaces an image, and only its base names a ParityPolicy under transformers",
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
        "the overlay does not call krm-parity after its last change".to_owned(),
        "Add a ParityPolicy to transformers or validators of the overlay.",
        &place,
    ))
}
