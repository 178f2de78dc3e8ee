//! The findings of the rules, before they have their severity.

use std::collections::BTreeMap;

use crate::catalog::Severity;
use crate::finding::Finding;

/// Findings whose severity is not decided yet.
///
/// No rule sets a severity: it gives a default for a finding if that differs from its record's, and
/// [`Self::weigh`] is the only place that sets one.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub findings: Vec<Finding>,
    /// The defaults that differ from the record of the rule, by the number of the finding.
    defaults: BTreeMap<usize, Severity>,
}

impl Found {
    /// Adds a finding with the severity of its rule's record, unless the policy says otherwise.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Adds a finding with this severity, unless the policy says otherwise.
    pub fn push_as(&mut self, default: Severity, finding: Finding) {
        self.defaults.insert(self.findings.len(), default);
        self.findings.push(finding);
    }

    /// All findings; those with a default of their own have that as their severity.
    pub fn told(mut self) -> Vec<Finding> {
        for (at, severity) in self.defaults {
            if let Some(finding) = self.findings.get_mut(at) {
                finding.severity = severity;
            }
        }
        self.findings
    }

    /// The severity of every finding before anything exempts it.
    pub fn weights(
        &self,
        weight: impl Fn(&Finding, Option<Severity>) -> Severity,
    ) -> Vec<Severity> {
        let all = self.findings.iter().enumerate();
        all.map(|(at, finding)| weight(finding, self.defaults.get(&at).copied()))
            .collect()
    }

    /// Sets the severity of every finding, and leaves out those that the policy ignores.
    pub fn weigh(
        mut self,
        weight: impl Fn(&Finding, Option<Severity>) -> Severity,
    ) -> Vec<Finding> {
        let weights = self.weights(weight);
        for (finding, severity) in self.findings.iter_mut().zip(weights) {
            finding.severity = severity;
        }
        self.findings
            .retain(|finding| finding.severity != Severity::Ignore);
        self.findings
    }
}

impl Extend<Finding> for Found {
    fn extend<T: IntoIterator<Item = Finding>>(&mut self, findings: T) {
        self.findings.extend(findings);
    }
}
