//! The judgement: what the policy makes of the changes.
//!
//! Every rule is a function in a file of its name that reads a [`Comparison`]
//! and tells what it found. Severity is applied here, in one place, and nowhere
//! else.

mod change;
mod exemption;
pub mod files;
mod gaps;
mod matrix;
pub mod permission;
mod told;
mod words;

use jiff::civil::Date;

use crate::catalog::{RuleId, Severity};
use crate::compare::comparison::{Against, Comparison};
use crate::finding::{self, Finding, Report, Totals};
use crate::policy::Policy;

pub use exemption::{Look, exempting, scalar};
pub use gaps::build_failure::{Failure, unreadable};
pub use gaps::missing_baseline::{Input, Missing};
pub use gaps::missing_environment::Absent;
use matrix::{Matrix, matrices};

/// What was not there to be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gaps {
    /// What has nothing to be compared with.
    pub baselines: Vec<Missing>,
    /// Environments that a service lacks.
    pub environments: Vec<Absent>,
    /// What could not be built.
    pub failures: Vec<Failure>,
    /// Findings that no comparison shows, to be weighed with the rest.
    pub others: Vec<Finding>,
    /// How much of a repository was looked at; `None` for what one build holds.
    pub look: Option<Look>,
}

/// A rule's way to look at a comparison.
type Check = fn(&Comparison<'_, '_>, &Policy, &mut Vec<Finding>);

/// Every rule that reads a comparison.
const CHECKS: &[Check] = &[
    change::class::check,
    change::base_guidance::check,
    change::added_resource::check,
    change::removed_resource::check,
    matrix::scale_factor::check,
    change::limit_request_ratio::check,
];

/// Every rule that looks at the environments of one service together.
const MATRIX_CHECKS: &[fn(&Matrix<'_, '_>, &Policy, &mut Vec<Finding>)] = &[
    matrix::environment_mismatch::check,
    matrix::inverted_resources::check,
    matrix::scale_factor::check_matrix,
];

/// Judges comparisons, and what was not there to be compared.
#[must_use]
pub fn judge(
    comparisons: &[Comparison<'_, '_>],
    gaps: &Gaps,
    policy: &Policy,
    today: Date,
) -> Report {
    let mut findings = Vec::new();
    for comparison in comparisons {
        if comparison.sides.against == Against::Baseline {
            for check in CHECKS {
                check(comparison, policy, &mut findings);
            }
        }
    }
    for matrix in matrices(comparisons) {
        for check in MATRIX_CHECKS {
            check(&matrix, policy, &mut findings);
        }
    }
    gaps::missing_baseline::check(&gaps.baselines, &mut findings);
    gaps::missing_environment::check(&gaps.environments, &mut findings);
    gaps::build_failure::check(&gaps.failures, &mut findings);
    findings.extend(gaps.others.iter().cloned());
    for finding in &mut findings {
        finding.severity = severity(finding, policy);
    }
    exemption::apply(
        comparisons,
        gaps.look.as_ref(),
        policy,
        today,
        &mut findings,
    );
    findings.retain(|finding| finding.severity != Severity::Ignore);
    finding::sort(&mut findings);
    let mut report = Report {
        totals: Totals {
            resources: matrix::resources(comparisons),
            ..Totals::default()
        },
        failed: false,
        findings,
    };
    keep(&mut report, policy, |_| true);
    report
}

/// Leaves out the findings that nobody asked for, and counts those that are left.
pub fn keep(report: &mut Report, policy: &Policy, is_asked: impl Fn(&Finding) -> bool) {
    report.findings.retain(is_asked);
    report.totals = Totals {
        resources: report.totals.resources,
        ..Totals::default()
    };
    report.failed = false;
    for finding in &report.findings {
        report.totals.add(finding.severity);
        report.failed |= finding.severity >= policy.fail_on;
    }
}

/// The weight of a finding: two environments that disagree weigh no more than one that leaves the base.
fn severity(finding: &Finding, policy: &Policy) -> Severity {
    let own = policy.severity(finding.rule);
    match (finding.rule, finding.class) {
        (matrix::environment_mismatch::RULE, Some(class)) => own.min(policy.severity(class.rule())),
        (matrix::environment_mismatch::RULE, None) => {
            own.min(policy.severity(RuleId::AddedResource))
        }
        // What is an environment by all signs weighs more than what may be one.
        (RuleId::UnjudgedOverlay, _) => match policy.rules.get(&finding.rule) {
            Some(setting) if setting.severity.is_some() => own,
            _ => finding.severity,
        },
        _ => own,
    }
}
