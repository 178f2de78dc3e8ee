//! `base-guidance`: the guidance of a base for its overlays is readable, and no overlay changes it.

use crate::catalog::{Rule, RuleId, Severity};
use crate::compare::comparison::Comparison;
use crate::compare::guidance::{guidance, is_guidance};
use crate::policy::Policy;
use crate::rules::found::Found;
use crate::rules::told::{Saying, Told};
use crate::rules::words;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::BaseGuidance,
    severity: Severity::Error,
    summary: "A base's annotations about its overlays must be valid, and overlays must not change them.",
    why: "Otherwise an overlay could allow itself any field.",
    example: "production removes the annotation krm-parity.io/deny from a Deployment of the base",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

pub(in crate::rules) fn check(comparison: &Comparison<'_, '_>, _: &Policy, found: &mut Found) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for (pair, changes) in comparison.pairs() {
        for (key, text, error) in guidance(pair.base).faults {
            let text = crate::text::quoted(&text, 60);
            let headline =
                format!("annotation {key} of {baseline} is not a valid pattern: {text}: {error}");
            let told = Told {
                message: format!("{}: {headline}.", words::resource(pair.base)),
                headline,
                help: format!(
                    "In {baseline}, write path patterns separated by spaces, such as spec.template.spec.nodeSelector.**"
                ),
            };
            found.push(comparison.pair_finding(RULE.id, pair, told));
        }
        for classified in changes
            .iter()
            .filter(|classified| is_guidance(&classified.change))
        {
            let headline = format!(
                "{environment} changes an annotation in which {baseline} limits its overlays"
            );
            let saying = Saying {
                headline,
                demand: RULE.summary,
                help: format!(
                    "Remove the annotation from the overlay; only those of {baseline} count."
                ),
            };
            found.push(comparison.change_finding(RULE.id, pair, classified, saying));
        }
    }
}
