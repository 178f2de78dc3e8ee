//! `inverted-replicas`: a later environment runs fewer replicas than an earlier one.
//!
//! If an autoscaler scales a workload, its bounds are compared, unless it runs
//! nothing at all: Kubernetes' own autoscaler does not start what has no replica. A count
//! that neither an environment nor its base sets is left to the program that scales it.

use std::collections::BTreeMap;

use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::compare::comparison::{Classified, Comparison, Pair};
use crate::compare::diff::{Change, quantity};
use crate::compare::scaled::{Scaler, scaled, workloads};
use crate::compare::steps::keyed_path;
use crate::naming::segments;
use crate::policy::Policy;
use crate::quantity::Quantity;
use crate::resource::Resource;
use crate::rules::found::Found;
use crate::rules::matrix::{Matrix, Place};
use crate::rules::overridden::Overridden;
use crate::rules::told::Saying;
use crate::rules::words;
use crate::yaml::Node;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::InvertedReplicas,
    severity: Severity::Warning,
    summary: "An environment must not run fewer replicas than an earlier one in spec.environments.",
    why: "With one replica, every restart is an outage, which a staging with three replicas does not show. Zero replicas is an error.",
    example: "spec.replicas is 3 in staging and 1 in production",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: true,
};

/// A count that is higher in an earlier environment.
struct Fewer<'m, 'a> {
    comparison: &'m Comparison<'m, 'a>,
    pair: Pair<'m, 'a>,
    classified: &'m Classified<'a>,
    early: Quantity,
    late: Quantity,
}

pub(in crate::rules) fn check(
    matrix: &Matrix<'_, '_>,
    _: &Overridden<'_>,
    policy: &Policy,
    found: &mut Found,
) {
    // If the class is not allowed, any difference is an error already.
    if !policy.allows(Class::Replicas) {
        return;
    }
    for fewer in worst(matrix).into_values() {
        let comparison = fewer.comparison;
        let (environment, baseline) = (comparison.environment(), comparison.baseline());
        let change = &fewer.classified.change;
        let mut subject = words::subject(change, Class::Replicas);
        if let (None, Some(count)) = (change.overlay, default(fewer.pair.overlay, change)) {
            subject = format!("{subject}, which defaults to {count},");
        }
        let runs_nothing = fewer.late == Quantity::ZERO && !is_lower_bound(change);
        // A canary runs few copies on purpose.
        let mut segments = segments(comparison.sides.environment).into_iter();
        if !runs_nothing && segments.any(|segment| segment == "canary") {
            continue;
        }
        let (severity, headline) = if runs_nothing {
            (
                Severity::Error,
                format!("{subject} is 0, but not in {baseline}, which comes before {environment}"),
            )
        } else {
            (
                RULE.severity,
                format!("{subject} is lower than in {baseline}, which comes before {environment}"),
            )
        };
        let saying = Saying {
            headline,
            demand: RULE.summary,
            help: format!(
                "Raise it in {environment} to at least the value of {baseline}, or lower it in {baseline}. If {environment} really needs less, add an exemption to spec.exemptions of the ParityPolicy, or set spec.rules.{}.severity.",
                RULE.id
            ),
        };
        let finding = comparison.change_finding(RULE.id, fewer.pair, fewer.classified, saying);
        found.push_as(severity, finding);
    }
}

/// Every count that is too small, with the earlier environment that has the highest.
fn worst<'m, 'a>(matrix: &Matrix<'m, 'a>) -> BTreeMap<Place<'m>, Fewer<'m, 'a>> {
    let mut worst: BTreeMap<Place<'m>, Fewer<'m, 'a>> = BTreeMap::new();
    for comparison in matrix.compared(true) {
        let matched = comparison.pairing.matched.iter();
        for (&(_, other), (pair, changes)) in matched.zip(comparison.pairs()) {
            for classified in changes {
                let Some((early, late)) = counts(comparison, pair, classified) else {
                    continue;
                };
                let path = keyed_path(&classified.change.steps);
                let place = (comparison.sides.environment, other, path);
                if classified.change.overlay.is_none() && is_left_open(matrix, &place) {
                    continue;
                }
                let is_worse = worst.get(&place).is_none_or(|known| known.early <= early);
                let is_own = || !matrix.is_of_floor(comparison.sides.baseline, &place);
                if late < early && is_worse && is_own() {
                    let fewer = Fewer {
                        comparison,
                        pair,
                        classified,
                        early,
                        late,
                    };
                    worst.insert(place, fewer);
                }
            }
        }
    }
    worst
}

/// Whether a count is absent in the base as well, so that a program may set it; one that an overlay removed is not.
fn is_left_open(matrix: &Matrix<'_, '_>, (environment, at, path): &Place<'_>) -> bool {
    let Some(against_base) = matrix.baselines.get(environment) else {
        return false;
    };
    let matched = against_base.pairing.matched.iter();
    let mut pairs = matched.zip(against_base.pairs());
    let own = pairs.find(|((_, other), _)| other == at);
    own.is_some_and(|(_, (_, changes))| {
        let mut changes = changes.iter();
        changes.all(|one| keyed_path(&one.change.steps) != *path)
    })
}

/// How many replicas both sides run, if the change is about that and both counts are known.
fn counts(
    comparison: &Comparison<'_, '_>,
    pair: Pair<'_, '_>,
    classified: &Classified<'_>,
) -> Option<(Quantity, Quantity)> {
    let change = &classified.change;
    if classified.class != Class::Replicas || !is_count(change) {
        return None;
    }
    let count = |node: Option<Node<'_>>, resource: &Resource<'_>| match node
        .filter(|node| !node.is_null())
    {
        Some(node) => quantity(node),
        None => Quantity::parse(default(resource, change)?).ok(),
    };
    let early = count(change.base, pair.base)?;
    let late = count(change.overlay, pair.overlay)?;
    let sides = [
        (pair.base, comparison.sides.base),
        (pair.overlay, comparison.sides.overlay),
    ];
    let is_left_to_others = change.fields().eq(["spec", "replicas"])
        && sides.iter().any(|(resource, all)| {
            let scalers = scalers(resource, all);
            scalers
                .max()
                .is_some_and(|scaler| scaler == Scaler::FromZero || late > Quantity::ZERO)
        });
    (!is_left_to_others).then_some((early, late))
}

/// Whether a field says how many run, or may; a disruption budget says how many may be missing.
fn is_count(change: &Change<'_>) -> bool {
    !matches!(
        change.fields().next_back(),
        Some("idleReplicaCount" | "maxUnavailable" | "minAvailable")
    )
}

/// Whether a field bounds an autoscaler from below, so that 0 means a pause and not an end.
fn is_lower_bound(change: &Change<'_>) -> bool {
    matches!(
        change.fields().next_back(),
        Some("minReplicas" | "minReplicaCount")
    )
}

/// The count that Kubernetes, Argo Rollouts and KEDA use by default; `None` if that is unknown.
fn default(resource: &Resource<'_>, change: &Change<'_>) -> Option<&'static str> {
    let field = change.fields().next_back()?;
    match (resource.group(), resource.kind(), field) {
        ("apps" | "extensions", "Deployment" | "ReplicaSet" | "StatefulSet", "replicas")
        | ("", "ReplicationController", "replicas")
        | ("argoproj.io", "Rollout", "replicas")
        | ("autoscaling", _, "minReplicas") => Some("1"),
        ("keda.sh", _, "minReplicaCount") => Some("0"),
        ("keda.sh", _, "maxReplicaCount") => Some("100"),
        _ => None,
    }
}

/// The autoscalers among the resources of an environment that scale one of them.
fn scalers(resource: &Resource<'_>, all: &[Resource<'_>]) -> impl Iterator<Item = Scaler> {
    let own: Vec<_> = workloads(resource).collect();
    let scaled = all.iter().filter_map(scaled);
    scaled.filter_map(move |(scaler, workload)| own.contains(&workload).then_some(scaler))
}
