//! Field managers by their names: who deploys, what people use, and what runs by itself.
//!
//! A manager is a name that a client gives itself, so that it says which tool was used and never who used it.

pub use crate::policy::{Group, Managers};

/// The managers that are known, of which the first that fits holds; `*` at an end stands for anything.
///
/// kubectl names itself after its command (`kubectl-edit`, `kubectl-set`); `kubectl` alone is `scale`, `rollout undo`
/// and `apply --server-side`. Lens calls itself `node-fetch`, and a dashboard is what its browser says.
/// `argocd-server` is the user interface of Argo CD, with its buttons. `before-first-apply` stands for
/// everybody who wrote before the first server-side apply.
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

/// What a manager is, by its name: as the policy says, or as it is known.
#[must_use]
pub fn group(said: &Managers, name: &str) -> Group {
    said.group(name).unwrap_or_else(|| known(name))
}

/// What a manager is to those who know nothing of this cluster.
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

/// Whether a manager applies whole files, so that it may be the one that deploys where no deployer is known.
#[must_use]
pub fn is_applier(name: &str) -> bool {
    name == "kubectl-client-side-apply" || name == "kubectl-create"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn managers_are_known_by_their_names() {
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
