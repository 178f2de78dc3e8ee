//! What the rules find, on its way to its weight.

use std::collections::BTreeMap;

use crate::catalog::Severity;
use crate::finding::Finding;

/// Findings that nobody has weighed yet.
///
/// No rule sets a severity: it says what its finding weighs by default where its record does not, and
/// [`Self::weigh`] is the one place that sets any.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub findings: Vec<Finding>,
    /// The default weights that are not those of the record, by the number of the finding.
    defaults: BTreeMap<usize, Severity>,
}

impl Found {
    /// Takes a finding that weighs what the record of its rule says, unless the policy says otherwise.
    pub fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Takes a finding that weighs this much, unless the policy says otherwise.
    pub fn push_as(&mut self, default: Severity, finding: Finding) {
        self.defaults.insert(self.findings.len(), default);
        self.findings.push(finding);
    }

    /// Everything, with what weighs less than the record of its rule says marked so.
    pub fn told(mut self) -> Vec<Finding> {
        for (at, severity) in self.defaults {
            if let Some(finding) = self.findings.get_mut(at) {
                finding.severity = severity;
            }
        }
        self.findings
    }

    /// What every finding weighs before anything exempts it.
    pub fn weights(
        &self,
        weight: impl Fn(&Finding, Option<Severity>) -> Severity,
    ) -> Vec<Severity> {
        let all = self.findings.iter().enumerate();
        all.map(|(at, finding)| weight(finding, self.defaults.get(&at).copied()))
            .collect()
    }

    /// Gives every finding its weight, and leaves out those that weigh nothing.
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
