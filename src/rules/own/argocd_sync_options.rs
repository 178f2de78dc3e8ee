//! `argocd-sync-options`: Argo CD applies in a way that takes fields and objects from their owners.

use super::applications::Application;
use super::{Own, Says, fields};
use crate::catalog::{Rule, RuleId, Severity};
use crate::compare::scaled::{all_scaled, workloads};
use crate::path::Segment;
use crate::policy::Policy;
use crate::rules::found::Found;
use crate::yaml::Node;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ArgocdSyncOptions,
    severity: Severity::Warning,
    summary: "Argo CD should apply server-side, and should not replace objects that controllers also write.",
    why: "Replace=true overwrites the whole object at every sync, also an autoscaler's replicas and the fields of controllers. A server-side apply writes only the fields that Git sets, and reports conflicts.",
    example: "syncOptions of an Application contain Replace=true",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The annotation of a resource that holds its own options, separated by commas.
const OPTIONS: &str = "argocd.argoproj.io/sync-options";

const REPLACE: &str = "Replace=true";
const SERVER_SIDE: &str = "ServerSideApply=true";

pub(in crate::rules) fn check(own: &Own<'_, '_>, _: &Policy, found: &mut Found) {
    for application in own.resources.iter().filter_map(Application::of) {
        let way = ["spec", "syncPolicy", "syncOptions"];
        let options = application.at(&way);
        let all: Vec<&str> = options
            .iter()
            .flat_map(|node| node.items())
            .map(Node::text)
            .collect();
        let place = |at: usize| {
            let mut place = fields(&application.nearest(&way));
            place.push(Segment::Index(at));
            place
        };
        if let Some(at) = all.iter().position(|option| *option == REPLACE) {
            let says = Says {
                headline: "every sync replaces whole objects".to_owned(),
                demand: "Each sync overwrites the fields of autoscalers, controllers and admission webhooks."
                    .to_owned(),
                help: format!(
                    "Remove {REPLACE}; if one resource needs it, add to its annotations: {OPTIONS}: {REPLACE}"
                ),
            };
            found.push(own.finding(RULE.id, application.resource, place(at), says));
        } else if !application.is_patched
            && application.at(&["spec", "syncPolicy"]).is_some()
            && !all.contains(&SERVER_SIDE)
        {
            let says = Says {
                headline: "it is applied client-side".to_owned(),
                demand: "A server-side apply owns only the fields that Git sets, so live drift can be distinguished from them."
                    .to_owned(),
                help: format!("Add {SERVER_SIDE} to syncPolicy.syncOptions."),
            };
            let place = fields(&application.nearest(&way));
            let finding = own.finding(RULE.id, application.resource, place, says);
            found.push_as(Severity::Info, finding);
        }
    }
    let targets = all_scaled(own.resources.iter());
    for resource in own.resources {
        let options = resource.annotation(OPTIONS).unwrap_or_default();
        let is_replaced = options.split(',').any(|option| option.trim() == REPLACE);
        if is_replaced && workloads(resource).any(|one| targets.contains_key(&one)) {
            let says = Says {
                headline: "every sync replaces it, but an autoscaler scales it".to_owned(),
                demand: "Each sync resets it to the replicas in Git, or to one.".to_owned(),
                help: format!("Remove {REPLACE} from the annotation."),
            };
            let way = fields(&["metadata", "annotations", OPTIONS]);
            found.push(own.finding(RULE.id, resource, way, says));
        }
    }
}
