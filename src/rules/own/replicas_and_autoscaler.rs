//! `replicas-and-autoscaler`: Git sets replicas that an autoscaler also sets.

use super::{Own, Says, fields};
use crate::catalog::{Rule, RuleId, Severity};
use crate::compare::diff::quantity;
use crate::compare::scaled::{Scaler, all_scaled, workloads};
use crate::policy::Policy;
use crate::quantity::Quantity;
use crate::rules::found::Found;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ReplicasAndAutoscaler,
    severity: Severity::Warning,
    summary: "Git should not set the replicas of a workload that an autoscaler scales.",
    why: "Every sync resets them to the value in Git, until the autoscaler scales again.",
    example: "Git sets replicas: 2 for a Deployment that a HorizontalPodAutoscaler targets",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The message about two writers of replicas, seen in Git or in a cluster.
pub(in crate::rules) fn says() -> Says {
    Says {
        headline: "both Git and an autoscaler set the replicas".to_owned(),
        demand: RULE.summary.to_owned(),
        help: "Remove spec.replicas from Git; the autoscaler has its own bounds.".to_owned(),
    }
}

pub(in crate::rules) fn check(own: &Own<'_, '_>, _: &Policy, found: &mut Found) {
    let all = all_scaled(own.resources.iter());
    for resource in own.resources {
        let Some(scaler) = workloads(resource).find_map(|one| all.get(&one)) else {
            continue;
        };
        let is_woken = *scaler == Scaler::FromZero;
        let replicas = resource.node.at(&["spec", "replicas"]).and_then(quantity);
        // Kubernetes' own autoscaler ignores a workload with no replicas, which is how it is switched off.
        if replicas.is_some_and(|count| is_woken || count > Quantity::ZERO) {
            let way = fields(&["spec", "replicas"]);
            found.push(own.finding(RULE.id, resource, way, says()));
        }
    }
}
