//! Manifests in files that no kustomization names.
//!
//! Argo CD, Flux and `kubectl apply -f` deploy a directory of such files as it is, so it may be an
//! environment.

use crate::yaml;

/// The kinds that say what is deployed, rather than being deployed themselves.
const DEPLOYERS: [&str; 3] = ["Application", "ApplicationSet", "AppProject"];

/// The ends of API groups that no cluster serves: the configurations of tools.
const TOOLS: [&str; 15] = [
    "krm-parity.io",
    "config.k8s.io",
    "config.kubernetes.io",
    "kubeadm.k8s.io",
    "audit.k8s.io",
    "kind.x-k8s.io",
    "k3d.io",
    "kpt.dev",
    "eksctl.io",
    "ctlptl.dev",
    "tilt.dev",
    "kuttl.dev",
    "chainsaw.kyverno.io",
    "cli.kyverno.io",
    "backstage.io",
];

/// Whether a text contains a resource that a cluster would run, from a quick search.
///
/// Nothing is parsed but JSON: there may be thousands of such files, and templates among them.
#[must_use]
pub fn holds_manifest(text: &str) -> bool {
    if text.trim_start().starts_with('{') {
        let speaks = text.contains("\"apiVersion\"") && text.contains("\"kind\"");
        let tree = speaks.then(|| yaml::parse_lax(text));
        return tree.is_some_and(|tree| {
            tree.is_ok_and(|tree| {
                tree.roots().any(|root| {
                    let version = root.str_at(&["apiVersion"]);
                    let kind = root.str_at(&["kind"]);
                    version
                        .zip(kind)
                        .is_some_and(|(version, kind)| is_run(version, kind))
                })
            })
        });
    }
    let (mut version, mut kind) = (None, None);
    for line in text.lines().chain(["---"]) {
        if line.starts_with("---") {
            if version
                .take()
                .zip(kind.take())
                .is_some_and(|(version, kind)| is_run(version, kind))
            {
                return true;
            }
        } else if let Some(rest) = line.strip_prefix("apiVersion:") {
            version = Some(scalar(rest));
        } else if let Some(rest) = line.strip_prefix("kind:") {
            kind = Some(scalar(rest));
        }
    }
    false
}

/// A scalar on one line, without its quotes and the comment after it.
fn scalar(text: &str) -> &str {
    let text = text.split(" #").next().unwrap_or_default();
    text.trim().trim_matches(['"', '\''])
}

/// Whether a cluster runs resources of this kind.
fn is_run(version: &str, kind: &str) -> bool {
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let is_of = |end: &str| {
        let rest = group.strip_suffix(end);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let deploys = group == "argoproj.io" && DEPLOYERS.contains(&kind)
        || is_of("toolkit.fluxcd.io") && kind != "HelmRelease";
    // `v1` of `Config` is a kubeconfig.
    let is_tool = TOOLS.iter().any(|end| is_of(end)) || (version, kind) == ("v1", "Config");
    !version.is_empty() && !kind.is_empty() && !deploys && !is_tool
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_are_distinguished_from_other_files() {
        let document = |version: &str, kind: &str| {
            format!("# x\napiVersion: {version}\nkind: {kind} # x\nmetadata: {{name: a}}\n")
        };
        let application = document("argoproj.io/v1alpha1", "Application");
        for text in [
            document("apps/v1", "Deployment"),
            document("\"v1\"", "'Service'"),
            document("argoproj.io/v1alpha1", "Rollout"),
            document("helm.toolkit.fluxcd.io/v2", "HelmRelease"),
            document("policies.kyverno.io/v1", "ValidatingPolicy"),
            format!("---\n{application}---\n{}", document("v1", "Secret")),
            r#"{"apiVersion": "v1", "kind": "Service"}"#.to_owned(),
        ] {
            assert!(holds_manifest(&text), "{text}");
        }
        for text in [
            "replicas: 1\nimage: {kind: x}\n".to_owned(),
            "apiVersion: v2\nname: a\n".to_owned(),
            "a: |\n  apiVersion: v1\n  kind: Service\n".to_owned(),
            "apiVersion: v1\n---\nkind: Service\n".to_owned(),
            application,
            document("source.toolkit.fluxcd.io/v1", "GitRepository"),
            document("kustomize.config.k8s.io/v1beta1", "Kustomization"),
            document("krm-parity.io/v1alpha1", "ParityPolicy"),
            document("kind.x-k8s.io/v1alpha4", "Cluster"),
            document("v1", "Config"),
            r#"{"kind": "Service"}"#.to_owned(),
            r#"{"apiVersion": "k3d.io/v1alpha5", "kind": "Simple"}"#.to_owned(),
            "{{ if a }}\nx: 1\n{{ end }}\n".to_owned(),
        ] {
            assert!(!holds_manifest(&text), "{text}");
        }
    }
}
