//! The questions to a cluster about the objects of Git, by kind.
//!
//! Words of a repository become arguments of a program here. So each must be a valid name in
//! Kubernetes, which does not begin with a hyphen and contains nothing that kubectl could read as
//! several names.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::bail;

use crate::engine::is_cluster_wide;
use crate::resource::Resource;
use crate::text::quoted;

/// The longest name, in characters, for nearly all kinds in Kubernetes.
const MAX_NAME: usize = 253;

/// A kind, at the API version that Git uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind<'g> {
    pub group: &'g str,
    pub version: &'g str,
    pub name: &'g str,
}

impl Kind<'_> {
    /// The form for kubectl: `Deployment.v1.apps`, `ConfigMap.v1.`.
    pub fn argument(self) -> String {
        format!("{}.{}.{}", self.name, self.version, self.group)
    }

    /// The same at the version that the server prefers. The core group has only one version, and
    /// kubectl could read its kinds without a version as other words, such as `all`.
    pub fn at_any_version(self) -> Option<String> {
        (!self.group.is_empty()).then(|| format!("{}.{}", self.name, self.group))
    }

    /// The text in kubectl's messages if the server cannot list the contents of this group.
    pub fn mention(self) -> String {
        match self.group {
            "" => format!("\"{}\"", self.version),
            group => format!("{group}/"),
        }
    }
}

/// One question to kubectl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Question<'g> {
    pub kind: Kind<'g>,
    /// Its namespace; `None` for that of the context, or for none.
    pub namespace: Option<&'g str>,
    /// The names that Git has there.
    pub names: BTreeSet<&'g str>,
    /// Whether all objects are listed, and not only these names.
    pub is_listed: bool,
}

/// Whether kubectl reads a word as Secrets: it ignores the case, and knows the plural.
fn is_secrets(group: &str, name: &str) -> bool {
    let words = ["secret", "secrets", "secretlist"];
    group.is_empty() && words.contains(&name.to_lowercase().as_str())
}

/// The questions for all objects of Git; `namespace` is the one of resources that have none in Git.
///
/// A whole namespace is listed if it is known, because only a list shows extra objects. Secrets are
/// read by name: the others are not needed, and many users may not list them. Two more are read by
/// name: objects without a namespace, because a list would cover the whole cluster, and kinds of
/// which Git has two versions, because their lists would contain all objects twice.
///
/// # Errors
///
/// Fails on a word that is not a valid name in Kubernetes.
pub(super) fn questions<'g>(
    git: &'g [Resource<'_>],
    namespace: Option<&'g str>,
) -> anyhow::Result<Vec<Question<'g>>> {
    let mut all: BTreeMap<(Kind<'g>, Option<&'g str>), BTreeSet<&'g str>> = BTreeMap::new();
    let mut versions: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for one in git {
        check(one)?;
        let kind = Kind {
            group: one.group(),
            version: one.version(),
            name: one.kind(),
        };
        let own = one.identity.namespace;
        let space = match own {
            "" if is_cluster_wide(kind.group, kind.version, kind.name) => None,
            "" => namespace,
            own => Some(own),
        };
        let names = all.entry((kind, space)).or_default();
        // A resource whose name the cluster generates can only be found in a list.
        names.extend(Some(one.name()).filter(|name| !name.is_empty()));
        let of_kind = versions.entry((kind.group, kind.name)).or_default();
        of_kind.insert(kind.version);
    }
    let question = |((kind, namespace), names)| {
        let Kind { group, name, .. } = kind;
        let is_one = versions
            .get(&(group, name))
            .is_none_or(|all| all.len() == 1);
        Question {
            kind,
            namespace,
            names,
            is_listed: namespace.is_some() && is_one && !is_secrets(group, name),
        }
    };
    let all = all.into_iter().map(question);
    Ok(all
        .filter(|one: &Question<'_>| one.is_listed || !one.names.is_empty())
        .collect())
}

/// Checks that all words about a resource are valid names.
fn check(one: &Resource<'_>) -> anyhow::Result<()> {
    let parts = [
        ("kind", one.kind(), is_kind(one.kind())),
        (
            "API group",
            one.group(),
            one.group().is_empty() || is_domain(one.group()),
        ),
        ("API version", one.version(), is_label(one.version())),
        (
            "name",
            one.name(),
            one.name().is_empty() || is_name(one.name()),
        ),
        (
            "namespace",
            one.identity.namespace,
            one.identity.namespace.is_empty() || is_label(one.identity.namespace),
        ),
    ];
    match parts.into_iter().find(|(_, _, is_fine)| !is_fine) {
        Some((what, word, _)) => bail!(
            "a cluster cannot be asked for {} {}: {} is not a valid {what} in Kubernetes",
            quoted(one.kind(), 60),
            quoted(one.name(), 60),
            quoted(word, 60)
        ),
        None => Ok(()),
    }
}

/// Whether a text is a DNS label, like namespaces and versions.
pub(super) fn is_label(text: &str) -> bool {
    text.len() <= 63 && is_domain(text) && !text.contains('.')
}

/// Whether a text is a DNS name in lower case, like groups.
fn is_domain(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let is_edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.len() <= MAX_NAME
        && text.chars().all(is_plain)
        && text.starts_with(is_edge)
        && text.ends_with(is_edge)
}

fn is_kind(text: &str) -> bool {
    text.len() <= 63
        && text.chars().all(|c| c.is_ascii_alphanumeric())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether a text is a valid name: those of roles may have more characters than a DNS name.
fn is_name(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:@".contains(c);
    text.len() <= MAX_NAME
        && text.chars().all(is_plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    fn asked(git: &str, namespace: Option<&str>) -> anyhow::Result<Vec<String>> {
        let tree = yaml::parse(git)?;
        let git: Vec<Resource<'_>> = tree.roots().filter_map(Resource::read).collect();
        let all = questions(&git, namespace)?;
        let line = |one: Question<'_>| {
            let names: Vec<&str> = one.names.into_iter().collect();
            format!(
                "{} {} {}{}",
                one.kind.argument(),
                one.namespace.unwrap_or("-"),
                names.join(","),
                if one.is_listed { " and all" } else { "" }
            )
        };
        Ok(all.into_iter().map(line).collect())
    }

    fn object(api: &str, kind: &str, name: &str, namespace: &str) -> String {
        format!(
            "---\n{{apiVersion: {api:?}, kind: {kind:?}, metadata: {{name: {name:?}, namespace: {namespace:?}}}}}\n"
        )
    }

    #[test]
    fn namespaces_are_listed_and_secrets_are_read_by_name() {
        let git = [
            object("apps/v1", "Deployment", "a", "one"),
            object("apps/v1", "Deployment", "b", "one"),
            object("apps/v1", "Deployment", "a", "two"),
            object("v1", "Secret", "s", "one"),
            object("v1", "ConfigMap", "c", ""),
            object("v1", "Namespace", "one", ""),
            object(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                "system:x",
                "",
            ),
            object("autoscaling/v1", "HorizontalPodAutoscaler", "h", "one"),
            object("autoscaling/v2", "HorizontalPodAutoscaler", "i", "one"),
        ]
        .concat();
        let mut expected = vec![
            "ConfigMap.v1. - c",
            "Namespace.v1. - one",
            "Secret.v1. one s",
            "Deployment.v1.apps one a,b and all",
            "Deployment.v1.apps two a and all",
            "HorizontalPodAutoscaler.v1.autoscaling one h",
            "HorizontalPodAutoscaler.v2.autoscaling one i",
            "ClusterRole.v1.rbac.authorization.k8s.io - system:x",
        ];
        assert_eq!(asked(&git, None).unwrap(), expected);
        expected[0] = "ConfigMap.v1. shop c and all";
        assert_eq!(asked(&git, Some("shop")).unwrap(), expected);
    }

    #[test]
    fn an_invalid_name_never_becomes_an_argument() {
        for (api, kind, name, namespace) in [
            ("v1", "--kubeconfig=/tmp/x", "a", "n"),
            ("v1", "ConfigMap,Secret", "a", "n"),
            ("v1", "ConfigMap/a", "a", "n"),
            ("v1", "ConfigMap", "-A", "n"),
            ("v1", "ConfigMap", "--all-namespaces", "n"),
            ("v1", "ConfigMap", "a b", "n"),
            ("v1", "ConfigMap", "../x", "n"),
            ("v1", "ConfigMap", "a\n-A", "n"),
            ("v1", "ConfigMap", "a", "-A"),
            ("v1", "ConfigMap", "a", "x.y"),
            ("-x/v1", "ConfigMap", "a", "n"),
            ("x/v1/y", "ConfigMap", "a", "n"),
            ("x/", "ConfigMap", "a", "n"),
            ("", "ConfigMap", "a", "n"),
        ] {
            let error = asked(&object(api, kind, name, namespace), None).unwrap_err();
            assert!(error.to_string().contains("in Kubernetes"), "{error}");
        }
    }
}
