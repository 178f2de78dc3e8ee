//! `expired-exemption`: an exemption that outlived its date.

use crate::catalog::{Rule, RuleId, Severity};
use crate::policy::Exemption;
use crate::text;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ExpiredExemption,
    severity: Severity::Error,
    summary: "An exemption must not outlive its date.",
    why: "A temporary exception without an end becomes permanent.",
    example: r#"an exemption with expires: "2026-06-30" is still in the policy on 2026-07-01"#,
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The headline and the help of a finding.
pub(in crate::rules) fn words(index: usize, exemption: &Exemption) -> (String, String) {
    let headline = format!(
        "spec.exemptions[{index}] ({}, {}) expired after {}",
        exemption.rule,
        text::one_line(&exemption.reason, 120),
        exemption.expires
    );
    let help = "Fix the cause and remove the exemption, or give it a later date.";
    (headline, help.to_owned())
}

/// The note on a finding whose exemption has expired.
pub(in crate::rules) fn note(index: usize, exemption: &Exemption) -> String {
    format!(
        " (no longer exempt: spec.exemptions[{index}] expired after {}: {})",
        exemption.expires,
        text::one_line(&exemption.reason, 200)
    )
}
