//! Judges changes by the rules and the policy.
//!
//! Every rule is a file with the rule's name, its record and its check; `registry`
//! lists all of them. Severities are applied only here.

mod change;
mod exemption;
pub mod files;
mod found;
mod gaps;
mod live;
mod loosened_policy;
mod matrix;
mod overridden;
mod own;
mod past;
mod paste;
pub mod permission;
mod registry;
mod renamed;
mod told;
mod words;

use jiff::civil::Date;

use crate::audit::{Joined, Record};
use crate::catalog::{Rule, RuleId, Severity};
use crate::compare::comparison::{Against, Comparison};
use crate::finding::{self, Finding, Report, Totals};
use crate::live::Live;
use crate::policy::Policy;
use crate::resource::Resource;
use crate::text;

pub use exemption::about::is_of_distance;
pub use exemption::held::held;
pub use exemption::{exempting, nearby};
pub use gaps::build_failure::unreadable;
pub use gaps::missing_environment::gone;
pub use gaps::{
    Absent, Failure, Gaps, Gathered, Input, Look, Missing, Patterns, Reason, Unjudged,
    UnusedPattern,
};
pub use live::{Cluster, Names, Overlay, owner};
pub use loosened_policy::Stated;
pub use own::{Deployed, Notifications, Repository, called, deployed_changes, deploys};
pub use past::{Blind, Past, Question, Ran, is_same_image, version};
pub use registry::{RULES, record};

use found::Found;
use matrix::matrices;
use overridden::Overridden;
use registry::REGISTRY;

/// Judges comparisons, and the gaps where nothing could be compared.
#[must_use]
pub fn judge(
    comparisons: &[Comparison<'_, '_>],
    gaps: &Gaps,
    policy: &Policy,
    today: Date,
) -> Report {
    let mut found = Found::default();
    let mut matrices = matrices(comparisons);
    for matrix in &mut matrices {
        matrix.past = Some(&gaps.past);
    }
    let of_bases = || {
        let all = comparisons.iter();
        all.filter(|comparison| comparison.sides.against == Against::Baseline)
    };
    let overridden = Overridden::of(&matrices, gaps, policy);
    for comparison in of_bases() {
        change::class::check(comparison, &overridden, policy, &mut found);
        change::own_namespace::check(comparison, policy, &mut found);
        change::added_resource::check(comparison, &overridden, &mut found);
    }
    let environments = own::environments(comparisons, gaps.repository.as_ref());
    for entry in REGISTRY {
        if let Some(check) = entry.own {
            for environment in &environments {
                check(environment, policy, &mut found);
            }
        }
        if let Some(check) = entry.change {
            for comparison in of_bases() {
                check(comparison, policy, &mut found);
            }
        }
        if let Some(check) = entry.matrix {
            for matrix in &matrices {
                check(matrix, &overridden, policy, &mut found);
            }
        }
        if let Some(check) = entry.gaps {
            check(gaps, &mut found);
        }
    }
    for other in &gaps.others {
        // A rule may lower the severity of a single finding.
        match other.severity {
            less @ (Severity::Info | Severity::Warning) => found.push_as(less, other.clone()),
            _ => found.push(other.clone()),
        }
    }
    let weights = found.weights(|finding, default| severity(finding, default, policy));
    exemption::apply(
        comparisons,
        gaps.look.as_ref(),
        policy,
        today,
        &weights,
        &mut found.findings,
    );
    let mut findings = found.weigh(|finding, default| severity(finding, default, policy));
    matrix::foreign_environment::settle(&mut findings, policy);
    paste::settle(&mut findings, policy.file.as_deref());
    finding::sort(&mut findings);
    let mut report = Report {
        totals: Totals {
            resources: matrix::resources(comparisons),
            ..Totals::default()
        },
        failed: false,
        fail_on: Some(policy.fail_on),
        findings,
    };
    keep(&mut report, policy, |_| true);
    report
}

/// Judges deployers' resources (such as Applications) that belong to no environment: a file or a directory by itself.
///
/// `from` is its path.
#[must_use]
pub fn judge_alone(
    resources: &[Resource<'_>],
    from: &str,
    repository: &Repository,
    policy: &Policy,
) -> Vec<Finding> {
    let own = own::alone(resources, from, repository);
    let mut found = Found::default();
    for check in REGISTRY.iter().filter_map(|entry| entry.own) {
        check(&own, policy, &mut found);
    }
    found.told()
}

/// Judges the live objects of a cluster, with the requests of an audit log, if one was read.
#[must_use]
pub fn judge_live(
    live: &Live<'_, '_>,
    joined: Option<&Joined>,
    cluster: Cluster<'_>,
    policy: &Policy,
    today: Date,
) -> Report {
    let found = live::check(live, joined, cluster, policy);
    judged(found, live.pairs.len() + live.extra.len(), policy, today)
}

/// Judges the changes by people in an audit log, for this many objects.
#[must_use]
pub fn judge_trail(
    records: &[Record<'_, '_>],
    objects: usize,
    cluster: Cluster<'_>,
    policy: &Policy,
    today: Date,
) -> Report {
    let found = live::check_trail(records, cluster, policy);
    judged(found, objects, policy, today)
}

/// The report about a cluster.
fn judged(mut found: Found, resources: usize, policy: &Policy, today: Date) -> Report {
    let weights = found.weights(|finding, default| severity(finding, default, policy));
    exemption::hold(policy, today, &weights, &mut found.findings);
    let mut findings = found.weigh(|finding, default| severity(finding, default, policy));
    paste::settle(&mut findings, policy.file.as_deref());
    finding::sort(&mut findings);
    let mut report = Report {
        totals: Totals {
            resources,
            ..Totals::default()
        },
        failed: false,
        fail_on: Some(policy.fail_on),
        findings,
    };
    report.count(policy.fail_on);
    report
}

/// The permissions of a policy that an earlier one did not have; `earlier` is the name that people use for that one.
#[must_use]
pub fn loosened(old: Stated<'_>, new: Stated<'_>, earlier: &str) -> Vec<Finding> {
    loosened_policy::loosened(RULES, old, new, earlier)
}

/// Adds to findings who must merge an entry that permits them, if a policy is compared with that of an earlier commit.
pub fn warn_branch(findings: &mut [Finding], earlier: &str) {
    paste::warn_branch(findings, &text::one_line(earlier, text::MAX_NAME));
}

/// The questions about earlier commits that comparisons need, each once.
#[must_use]
pub fn questions(
    comparisons: &[Comparison<'_, '_>],
    gaps: &Gaps,
    policy: &Policy,
) -> Vec<Question> {
    let mut matrices = matrices(comparisons);
    // Only different tags need the history, and the search for their places.
    matrices.retain(matrix::Matrix::has_tags);
    let overridden = Overridden::of(&matrices, gaps, policy);
    let all = matrices.iter();
    all.flat_map(|matrix| matrix::unpromoted_image::questions(matrix, &overridden, policy))
        .collect()
}

/// Removes the findings outside of the request, and counts the others.
pub fn keep(report: &mut Report, policy: &Policy, is_asked: impl Fn(&Finding) -> bool) {
    report.findings.retain(is_asked);
    report.count(policy.fail_on);
}

/// The severity of a finding. An exempt one is information, and a difference between two environments weighs at most as
/// much as a difference from the base.
fn severity(finding: &Finding, default: Option<Severity>, policy: &Policy) -> Severity {
    if finding.exemption.is_some() && !finding.rule.is_about_exemptions() {
        return Severity::Info;
    }
    let of = |rule: RuleId| policy.severity(record(rule));
    let own = match default {
        Some(severity) => policy.severity(&Rule {
            severity,
            ..*record(finding.rule)
        }),
        None => of(finding.rule),
    };
    // A finding that is reported as information stays that, whatever the severity of its rule.
    if default == Some(Severity::Info) {
        return own.min(Severity::Info);
    }
    match (finding.rule, finding.class) {
        // An ignored or exempt difference from the base does not hide a difference between environments.
        (RuleId::EnvironmentMismatch, _) if finding.overridden => own,
        (RuleId::EnvironmentMismatch, Some(class)) => own.min(of(class.rule())),
        (RuleId::EnvironmentMismatch, None) => own.min(of(RuleId::AddedResource)),
        _ => own,
    }
}
