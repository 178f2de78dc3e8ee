//! `unused-exemption`: an exemption that matches nothing.

use crate::catalog::{Rule, RuleId, Severity};
use crate::policy::Exemption;
use crate::text;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::UnusedExemption,
    severity: Severity::Warning,
    summary: "An exemption must exempt something, and an entry that allows or leaves out something must match something.",
    why: "An entry that matches nothing hides what comes later.",
    example: "an exemption names the Deployment paymnets, where there is only payments",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The headline and the help of a finding.
pub(in crate::rules) fn words(index: usize, exemption: &Exemption, why: &str) -> (String, String) {
    let headline = format!(
        "spec.exemptions[{index}] ({}, {}) matched nothing: {why}",
        exemption.rule,
        text::one_line(&exemption.reason, 120)
    );
    let help = "Remove the exemption, so that it cannot hide what comes later, or correct what it is about: its target, path, value, services or environments. `krm-parity init --adopt --prune` removes all that match nothing.";
    (headline, help.to_owned())
}
