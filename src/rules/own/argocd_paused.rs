//! `argocd-paused`: a setting makes the deployer leave something alone.

use super::applications::{Application, FLUX_RECONCILES, Switch, switch};
use super::{Own, Says, fields};
use crate::catalog::{Rule, RuleId, Severity};
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::found::Found;
use crate::yaml::Node;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ArgocdPaused,
    severity: Severity::Warning,
    summary: "Argo CD and Flux should not stay paused after an emergency.",
    why: "While it is paused, changes in Git do not reach the cluster, and changes in the cluster are not reverted.",
    example: "an Application has syncPolicy.automated.enabled: false, or a Kustomization of Flux suspend: true",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The annotation that stops all work of Argo CD on an Application.
const SKIP: &str = "argocd.argoproj.io/skip-reconcile";

/// The value of Flux' annotation that makes it leave a resource alone.
const DISABLED: &str = "disabled";

/// The kinds of Flux that deploy something to a cluster, by the prefix of their group.
const OF_FLUX: [(&str, &str); 8] = [
    ("kustomize", "Kustomization"),
    ("helm", "HelmRelease"),
    ("source", "Bucket"),
    ("source", "GitRepository"),
    ("source", "HelmChart"),
    ("source", "HelmRepository"),
    ("source", "OCIRepository"),
    ("source", "ExternalArtifact"),
];

pub(in crate::rules) fn check(own: &Own<'_, '_>, _: &Policy, found: &mut Found) {
    for resource in own.resources {
        for (way, headline, help) in paused(resource) {
            let says = Says {
                headline: headline.to_owned(),
                demand: RULE.summary.to_owned(),
                help: help.to_owned(),
            };
            found.push(own.finding(RULE.id, resource, fields(&way), says));
        }
    }
}

/// Where a resource is paused: the place, what is wrong, and what to do.
fn paused(resource: &Resource<'_>) -> Vec<(Vec<&'static str>, &'static str, &'static str)> {
    let mut all = Vec::new();
    if let Some(application) = Application::of(resource) {
        let enabled = ["spec", "syncPolicy", "automated", "enabled"];
        if application.at(&enabled).map(switch) == Some(Switch::Off) {
            all.push((
                application.nearest(&enabled),
                "automated sync is paused: automated.enabled is false",
                "Write the changes that were made meanwhile into Git, and remove enabled: false.",
            ));
        }
        let skip = ["metadata", "annotations", SKIP];
        if application.at(&skip).map(Node::text) == Some("true") {
            all.push((
                application.nearest(&skip),
                "Argo CD does not reconcile it: it has the annotation skip-reconcile",
                "Write the changes that were made meanwhile into Git, and remove the annotation.",
            ));
        }
    }
    let suspend = ["spec", "suspend"];
    let of_flux = resource.group().strip_suffix(".toolkit.fluxcd.io");
    let is_of_flux = of_flux.is_some_and(|group| OF_FLUX.contains(&(group, resource.kind())));
    if is_of_flux && resource.node.at(&suspend).map(switch) == Some(Switch::On) {
        all.push((
            suspend.to_vec(),
            "reconciliation is suspended: spec.suspend is true",
            "Write the changes that were made meanwhile into Git, and remove suspend: true.",
        ));
    }
    if resource.annotation(FLUX_RECONCILES) == Some(DISABLED) {
        all.push((
            vec!["metadata", "annotations", FLUX_RECONCILES],
            "Flux does not reconcile it: it has the annotation reconcile: disabled",
            "Remove the annotation, or remove the resource from Flux's path.",
        ));
    }
    all
}
