//! `dead-patch`: a patch that an overlay could do without.

use super::overlay::{Overlay, found};
use crate::blame::{Effect, Patch};
use crate::catalog::{Rule, RuleId, Severity};
use crate::finding::Finding;
use crate::policy::Policy;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::DeadPatch,
    severity: Severity::Warning,
    summary: "A patch of an overlay must change something.",
    why: "A patch that finds nothing to patch, or repeats what stands there, looks like a difference and hides that there is none.",
    example: "a patch of production sets replicas to 3, which is what the base has",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

pub(in crate::rules) fn check(
    _: Overlay<'_, '_>,
    patches: &[Patch],
    _: &Policy,
    findings: &mut Vec<Finding>,
) {
    findings.extend(patches.iter().filter_map(dead));
}

/// A patch that the overlay could do without; a component's may be meant for others.
fn dead(patch: &Patch) -> Option<Finding> {
    let (headline, help) = match patch.effect {
        _ if !patch.is_own => return None,
        Effect::Something => return None,
        Effect::NoTarget => (
            "the patch is for a resource that is not there",
            "Remove the patch, or correct its target.",
        ),
        Effect::Nothing => (
            "the patch changes nothing: all that it says stands there without it",
            "Remove the patch.",
        ),
    };
    Some(found(&RULE, headline.to_owned(), help, &patch.place))
}
