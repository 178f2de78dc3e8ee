//! `environment-mismatch`: two environments disagree where no comparison with a base has told it.
//!
//! Without a base every forbidden difference of two neighbours in promotion order
//! is one. With a base each environment was judged against it, and what is left
//! are the resources that both have added.

use super::matrix::Matrix;
use super::permission::{Guidance, verdict};
use super::{Against, Comparison, Saying, Told, words};
use crate::finding::Finding;
use crate::policy::Policy;

pub(super) const RULE: &str = "environment-mismatch";

pub(super) fn check(matrix: &Matrix<'_, '_>, policy: &Policy, findings: &mut Vec<Finding>) {
    for comparison in &matrix.siblings {
        if !matches!(
            comparison.sides.against,
            Against::Sibling { is_next: true, .. }
        ) {
            continue;
        }
        let added = |environment: &str| {
            let against_base = matrix.baselines.get(environment);
            against_base.map(|comparison| comparison.pairing.added.as_slice())
        };
        let early = added(comparison.sides.baseline);
        let late = added(comparison.sides.environment);
        check_changes(comparison, early, late, policy, findings);
        if matrix.baselines.is_empty() {
            check_resources(comparison, findings);
        }
    }
}

/// Reports the changes of resources; with a base, of those that it does not have.
fn check_changes(
    comparison: &Comparison<'_, '_>,
    early: Option<&[usize]>,
    late: Option<&[usize]>,
    policy: &Policy,
    findings: &mut Vec<Finding>,
) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    let is_new = |added: Option<&[usize]>, at: usize| added.is_none_or(|all| all.contains(&at));
    for (&(at, other), (pair, changes)) in comparison.pairing.matched.iter().zip(comparison.pairs())
    {
        if !is_new(early, at) || !is_new(late, other) {
            continue;
        }
        for classified in changes {
            let allows = |environment: &str| {
                verdict(policy, &Guidance::default(), environment, pair, classified).is_allowed()
            };
            if allows(comparison.sides.environment) || allows(comparison.sides.baseline) {
                continue;
            }
            let (change, class) = (&classified.change, classified.class);
            let headline = words::headline(change, class, environment, &baseline);
            let saying = Saying {
                headline,
                demand: words::demand(RULE),
                help: format!(
                    "Let {environment} and {baseline} say the same. {}",
                    words::permit(class, policy)
                ),
            };
            findings.push(comparison.change_finding(RULE, pair, classified, saying));
        }
    }
}

/// Reports the resources that one of two environments lacks.
fn check_resources(comparison: &Comparison<'_, '_>, findings: &mut Vec<Finding>) {
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    let added = comparison.pairing.added.iter();
    let added = added.map(|&at| (&comparison.sides.overlay[at], environment, &*baseline));
    let removed = comparison.pairing.removed.iter();
    let removed = removed.map(|&at| (&comparison.sides.base[at], &*baseline, environment));
    for (resource, with, without) in added.chain(removed) {
        let headline = format!("the resource is in {with}, but not in {without}");
        let told = Told {
            message: format!(
                "{} is in {with}, but not in {without}. {}",
                words::resource(resource),
                words::demand(RULE)
            ),
            headline,
            help: format!(
                "Give it to both, or set spec.rules.{RULE}.severity in the ParityPolicy."
            ),
        };
        findings.push(comparison.finding(RULE, resource, comparison.foreign_service(), told));
    }
}
