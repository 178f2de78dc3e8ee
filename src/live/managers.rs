//! Field managers by their names: deployers, tools that people use, and controllers.
//!
//! A client chooses its manager name itself, so the name identifies the tool and never the person.

pub use crate::policy::{Group, Managers};

/// The known managers; the first match wins, and `*` at an end matches anything.
///
/// kubectl uses names for its commands (`kubectl-edit`, `kubectl-set`); `kubectl` alone is `scale`,
/// `rollout undo` and `apply --server-side`. Lens has the name `node-fetch`, and a dashboard that
/// of its browser. `argocd-server` is the user interface of Argo CD, with its buttons.
/// `before-first-apply` covers everyone who wrote before the first server-side apply.
const KNOWN: &[(&str, Group)] = &[
    ("argocd-server", Group::Person),
    ("argocd-*", Group::Deployer),
    ("before-first-apply", Group::Deployer),
    ("configsync", Group::Deployer),
    ("fleet-agent", Group::Deployer),
    ("fleetagent", Group::Deployer),
    ("flux", Group::Deployer),
    ("flux-*", Group::Deployer),
    ("gotk-*", Group::Deployer),
    ("helm", Group::Deployer),
    ("Helm", Group::Deployer),
    ("helm-controller", Group::Deployer),
    ("helm3", Group::Deployer),
    ("helmfile", Group::Deployer),
    ("HashiCorp", Group::Deployer),
    ("kapp", Group::Deployer),
    ("kapp-controller", Group::Deployer),
    ("kluctl*", Group::Deployer),
    ("kpt", Group::Deployer),
    ("kpt-*", Group::Deployer),
    ("kustomize-controller", Group::Deployer),
    ("pulumi*", Group::Deployer),
    ("skaffold", Group::Deployer),
    ("Terraform", Group::Deployer),
    ("terraform*", Group::Deployer),
    ("werf*", Group::Deployer),
    ("dashboard", Group::Person),
    ("freelens*", Group::Person),
    ("headlamp*", Group::Person),
    ("k9s", Group::Person),
    ("kubectl", Group::Person),
    ("kubectl-*", Group::Person),
    ("Mozilla", Group::Person),
    ("node-fetch", Group::Person),
    ("oc", Group::Person),
    ("oc-*", Group::Person),
    ("octant", Group::Person),
    ("openlens*", Group::Person),
    ("lens*", Group::Person),
    ("Lens*", Group::Person),
    ("apiextensions.crossplane.io/*", Group::Controller),
    ("cainjector", Group::Controller),
    ("cert-manager*", Group::Controller),
    ("clusterrole-aggregation-controller", Group::Controller),
    ("keda*", Group::Controller),
    ("kube-*", Group::Controller),
    ("kubelet", Group::Controller),
    ("linkerd*", Group::Controller),
    ("istio*", Group::Controller),
    ("pilot-discovery", Group::Controller),
    ("vpa-*", Group::Controller),
    ("*-autoscaler", Group::Controller),
    ("*-controller", Group::Controller),
    ("*-controller-manager", Group::Controller),
    ("*-operator", Group::Controller),
    ("*-provisioner", Group::Controller),
    ("*-webhook", Group::Controller),
];

/// The group of a manager: from the policy, or else from its known name.
#[must_use]
pub fn group(said: &Managers, name: &str) -> Group {
    said.group(name).unwrap_or_else(|| known(name))
}

/// The group of a manager without knowledge of this cluster.
fn known(name: &str) -> Group {
    let fits = |pattern: &str| match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(start)) => name.starts_with(start),
        _ => name == pattern,
    };
    let mut known = KNOWN.iter();
    let found = known.find(|(pattern, _)| fits(pattern));
    found.map_or(Group::Unknown, |(_, group)| *group)
}

/// Whether a manager applies whole files, so that it counts as the deployer if none is known.
#[must_use]
pub fn is_applier(name: &str) -> bool {
    name == "kubectl-client-side-apply" || name == "kubectl-create"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_are_recognized_by_their_names() {
        for (name, expected) in [
            ("argocd-controller", Group::Deployer),
            ("argocd-server", Group::Person),
            ("kustomize-controller", Group::Deployer),
            ("kubectl", Group::Person),
            ("kubectl-edit", Group::Person),
            ("kube-controller-manager", Group::Controller),
            ("rollouts-controller", Group::Controller),
            ("my-thing", Group::Unknown),
            ("kubectlx", Group::Unknown),
            ("", Group::Unknown),
        ] {
            assert_eq!(group(&Managers::default(), name), expected, "{name}");
        }
    }
}
