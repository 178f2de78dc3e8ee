//! Keys of labels and annotations that a controller acts on, however many resources carry them.

use super::classify::is_within;

/// Domains of public projects whose keys only describe.
const DESCRIPTIVE: [&str; 2] = ["app.kubernetes.io", "tags.datadoghq.com"];

/// Endings of the domains of public projects; the keys of an organisation have other ones.
const PUBLIC: [&str; 3] = [".io", ".sh", ".dev"];

/// Other domains, including those below them, whose keys a published controller acts on according to its documentation.
#[rustfmt::skip]
const ACTED_ON: &[&str] = &[
    // Clouds: workload identity, load balancers, placement.
    "amazonaws.com", "cloud.google.com", "azure.com", "azure.workload.identity", "k8s.aws", "oraclecloud.com",
    "digitalocean.com", "hetzner.cloud", "openstack.org", "alibabacloud.com", "tailscale.com",
    // Secrets: injection and copies.
    "hashicorp.com", "sealedsecrets.bitnami.com", "emberstack.com", "mittwald.de", "appscode.com",
    "doppler.com", "infisical.com",
    // Routing.
    "konghq.com", "nginx.org", "nginx.com", "haproxy.org", "haproxy.com", "f5.com", "citrix.com", "metallb.universe.tf",
    "apisix.apache.org",
    // Networks and devices.
    "projectcalico.org", "ovn.org", "tigera.com", "nvidia.com", "intel.com", "amd.com",
    // Restarts, scaling and scheduling.
    "stakater.com", "wave.pusher.com", "fairwinds.com", "yunikorn.apache.org",
    // Agents beside the pods.
    "datadoghq.com", "elastic.co", "co.elastic.logs", "co.elastic.metrics", "newrelic.com", "dynatrace.com", "appdynamics.com",
    // Orders to deployment tools.
    "pulumi.com",
];

/// Whether a controller may act on a label or an annotation, so that it never counts as what makes an environment.
///
/// A mesh injects sidecars according to such a key, a deployment tool orders and prunes,
/// and Pod Security admits pods. A key without a domain, or of a domain without a
/// published controller, is its owner's word for the environment.
pub(super) fn is_operative(key: &str) -> bool {
    let Some((domain, _)) = key.split_once('/') else {
        return false;
    };
    let domain = domain.to_ascii_lowercase();
    let is_public = |end: &&str| domain.len() > end.len() && domain.ends_with(*end);
    !DESCRIPTIVE.contains(&domain.as_str())
        && (PUBLIC.iter().any(is_public) || is_within(&domain, ACTED_ON))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_controllers_act_on_are_distinguished_from_names() {
        for key in [
            "sidecar.istio.io/inject",
            "linkerd.io/inject",
            "Linkerd.IO/inject",
            "pod-security.kubernetes.io/enforce",
            "kubernetes.io/ingress.class",
            "alb.ingress.kubernetes.io/success-codes",
            "argocd.argoproj.io/sync-options",
            "helm.sh/hook",
            "kuma.io/mesh",
            "eventing.knative.dev/injection",
            "vault.hashicorp.com/agent-inject",
            "eks.amazonaws.com/role-arn",
            "cloud.google.com/backend-config",
            "azure.workload.identity/use",
            "elbv2.k8s.aws/pod-readiness-gate-inject",
            "admission.datadoghq.com/enabled",
            "Reloader.Stakater.com/auto",
        ] {
            assert!(is_operative(key), "{key}");
        }
        for key in [
            "env",
            "team",
            "istio.io",
            ".io/x",
            "app.kubernetes.io/instance",
            "tags.datadoghq.com/env",
            "example.com/environment",
            "acme.internal/stage",
            "notamazonaws.com/team",
            "vault.hashicorp.com.example/agent-inject",
        ] {
            assert!(!is_operative(key), "{key}");
        }
    }
}
