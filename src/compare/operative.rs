//! Keys of labels and annotations that somebody acts on, however many resources carry them.

/// Domains of public projects whose keys only describe.
const DESCRIPTIVE: [&str; 1] = ["app.kubernetes.io"];

/// Ends of the domains that public projects have; what an organisation calls its own keys is not among them.
const PUBLIC: [&str; 3] = [".io", ".sh", ".dev"];

/// Whether a controller may act on a label or an annotation, so that it is never taken for what makes an environment.
///
/// A mesh injects by such a key, a deployment tool orders and prunes by it, Pod
/// Security admits by it. A key without a domain, or of a domain that nobody
/// publishes a controller for, is its owner's word for the environment.
pub(super) fn is_operative(key: &str) -> bool {
    let Some((domain, _)) = key.split_once('/') else {
        return false;
    };
    !DESCRIPTIVE.contains(&domain)
        && PUBLIC
            .iter()
            .any(|end| domain.len() > end.len() && domain.to_ascii_lowercase().ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_somebody_acts_on_are_told_from_names() {
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
        ] {
            assert!(is_operative(key), "{key}");
        }
        for key in [
            "env",
            "team",
            "istio.io",
            ".io/x",
            "app.kubernetes.io/instance",
            "example.com/environment",
            "acme.internal/stage",
        ] {
            assert!(!is_operative(key), "{key}");
        }
    }
}
