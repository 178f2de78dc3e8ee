//! `unused-exemption`: an exemption that matches nothing.

use crate::catalog::{Rule, RuleId, Severity};
use crate::policy::Exemption;
use crate::text;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::UnusedExemption,
    severity: Severity::Warning,
    summary: "An exemption must match a finding, and an entry that allows or excludes something must match something.",
    why: "An unused entry can hide a problem that comes later.",
    example: "an exemption names the Deployment paymnets, but it is called payments",
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
    let help = "Remove the exemption, or correct its target, path, value, services or environments. `krm-parity init --adopt --prune` removes all exemptions that match nothing.";
    (headline, help.to_owned())
}
