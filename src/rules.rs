//! The judgement: what the policy makes of the changes.
//!
//! Every rule is a file of its name, with its record and its check; `registry`
//! lists them all. Severity is applied here, in one place, and nowhere else.

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

pub use exemption::about::is_of_distance;
pub use exemption::held::held;
pub use exemption::{exempting, nearby};
pub use gaps::build_failure::unreadable;
pub use gaps::missing_environment::gone;
pub use gaps::{
    Absent, Failure, Gaps, Input, Look, Missing, Patterns, Reason, Unjudged, UnusedPattern,
};
pub use live::{Cluster, Names, Overlay, owner};
pub use loosened_policy::Stated;
pub use own::{Deployed, Notifications, Repository, called, deploys};
pub use past::{Blind, Past, Question, Ran, is_same_image, version};
pub use registry::{RULES, record};

use found::Found;
use matrix::matrices;
use overridden::Overridden;
use registry::REGISTRY;

/// Judges comparisons, and what was not there to be compared.
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
        // Less than its record says it weighs where the rule says so itself.
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
    if let Some(file) = &policy.file {
        paste::name_policy(&mut findings, file);
    }
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

/// Judges what says what is deployed, where it stands in no environment: a file or a directory by itself.
#[must_use]
pub fn judge_alone(
    resources: &[Resource<'_>],
    repository: &Repository,
    policy: &Policy,
) -> Vec<Finding> {
    let own = own::alone(resources, repository);
    let mut found = Found::default();
    for check in REGISTRY.iter().filter_map(|entry| entry.own) {
        check(&own, policy, &mut found);
    }
    found.told()
}

/// Judges what runs in a cluster, with the requests of an audit log, if one was read.
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

/// Judges what an audit log shows of people's work on this many objects.
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

/// The report of what was found in a cluster.
fn judged(mut found: Found, resources: usize, policy: &Policy, today: Date) -> Report {
    let weights = found.weights(|finding, default| severity(finding, default, policy));
    exemption::hold(policy, today, &weights, &mut found.findings);
    let mut findings = found.weigh(|finding, default| severity(finding, default, policy));
    if let Some(file) = &policy.file {
        paste::name_policy(&mut findings, file);
    }
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

/// What a policy lets pass that an earlier one did not; `earlier` is what a person calls where that one stands.
#[must_use]
pub fn loosened(old: Stated<'_>, new: Stated<'_>, earlier: &str) -> Vec<Finding> {
    loosened_policy::loosened(RULES, old, new, earlier)
}

/// What the past has to be asked before comparisons can be judged, each question once.
#[must_use]
pub fn questions(
    comparisons: &[Comparison<'_, '_>],
    gaps: &Gaps,
    policy: &Policy,
) -> Vec<Question> {
    let mut matrices = matrices(comparisons);
    // Only where tags differ there is something to ask, and places are looked for.
    matrices.retain(matrix::Matrix::has_tags);
    let overridden = Overridden::of(&matrices, gaps, policy);
    let all = matrices.iter();
    all.flat_map(|matrix| matrix::unpromoted_image::questions(matrix, &overridden, policy))
        .collect()
}

/// Leaves out the findings that nobody asked for, and counts those that are left.
pub fn keep(report: &mut Report, policy: &Policy, is_asked: impl Fn(&Finding) -> bool) {
    report.findings.retain(is_asked);
    report.count(policy.fail_on);
}

/// The weight of a finding: what is exempt is information, and two environments that disagree weigh no more than one
/// that leaves the base.
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
    // What is only told weighs no more, however much its rule does.
    if default == Some(Severity::Info) {
        return own.min(Severity::Info);
    }
    match (finding.rule, finding.class) {
        // What is ignored or exempt about the base hides no difference between environments.
        (RuleId::EnvironmentMismatch, _) if finding.overridden => own,
        (RuleId::EnvironmentMismatch, Some(class)) => own.min(of(class.rule())),
        (RuleId::EnvironmentMismatch, None) => own.min(of(RuleId::AddedResource)),
        _ => own,
    }
}
