//! References that kustomize will turn at its very end, after everybody has looked.
//!
//! A build ends with letting references follow the names that resources once had.
//! What is local configuration never leaves the build, and still takes along
//! references that mean something else in the base, such as a role of the cluster
//! that a local one was called like before it was renamed. So what is compared
//! has followed already.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::api::NEEDS_HASH;
use crate::resource::{Identity, Resource};
use crate::yaml::Node;

/// The names that references will follow, by what they say now.
#[derive(Debug, Default)]
pub(super) struct Renames<'a> {
    /// The kind and the new name of each resource that had a name.
    names: HashMap<&'a str, Vec<(&'a str, Cow<'a, str>)>>,
}

impl<'a> Renames<'a> {
    /// Learns them from what is emitted and from what is not.
    ///
    /// The first name of what is emitted is the base's business, and so is what a layer made of it by a prefix or a suffix: references
    /// to it follow in the base, too. Any other name in between is not, and nothing is of what is not emitted, also where everything was
    /// renamed alike: nothing of that name is deployed.
    pub(super) fn learn(emitted: &[&Resource<'a>], hidden: &[&Resource<'a>]) -> Self {
        let mut renames = Self::default();
        for resource in emitted {
            renames.add(resource, between(resource));
        }
        for resource in hidden {
            renames.add(resource, resource.previous.iter());
            // What it will be is not known before the end.
            if resource.annotation(NEEDS_HASH).is_some() {
                let name = Cow::Owned(format!("{}-<hash>", resource.name()));
                let all = renames.names.entry(resource.name()).or_default();
                all.push((resource.kind(), name));
            }
        }
        renames
    }

    fn add<'r>(&mut self, resource: &Resource<'a>, previous: impl Iterator<Item = &'r Identity<'a>>)
    where
        'a: 'r,
    {
        for old in previous.filter(|old| old.name != resource.name()) {
            let all = self.names.entry(old.name).or_default();
            all.push((old.kind, Cow::Borrowed(resource.name())));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// What a value of a map will say, where it is a reference that follows.
    pub(super) fn follow(&self, place: Place<'_>, value: Node<'_>) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        let all = self.names.get(value.as_str()?)?;
        let (_, name) = all.iter().find(|(kind, _)| place.means(kind))?;
        Some(name)
    }
}

/// Where a value stands, as far as that tells what it refers to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'n> {
    /// The field that holds the map, or the list, that holds the value.
    outer: &'n str,
    /// The field that holds the value; empty in a list.
    field: &'n str,
    /// The `kind` that stands beside it.
    kind: Option<&'n str>,
}

impl<'n> Place<'n> {
    /// The place of a map's entry, the map standing here.
    pub(super) fn below(self, map: Node<'n>, key: &'n str) -> Self {
        Self {
            // A map in a list is known by the list.
            outer: if self.field.is_empty() {
                self.outer
            } else {
                self.field
            },
            field: key,
            kind: map.str_at(&["kind"]),
        }
    }

    /// The place of a list's element, the list standing here.
    pub(super) fn within(self) -> Self {
        Self {
            outer: self.field,
            field: "",
            kind: None,
        }
    }

    /// Whether a value here names a resource of a kind, by the conventions of the Kubernetes API.
    fn means(self, kind: &str) -> bool {
        // kustomize lists IngressClass under a group that there is none of, and so turns no reference to one. Labels are none,
        // whatever they are called.
        let is_never = ["metadata", "labels", "matchLabels", "selector"].contains(&self.outer);
        if is_never || kind == "IngressClass" {
            return false;
        }
        if let Some(beside) = self.kind {
            return beside == kind && self.field == "name";
        }
        // What a field is called after, or what holds a `name`, alone or among others.
        let (word, ends): (_, &[&str]) = match self.field {
            "name" | "" => (self.outer, &["KeyRef", "Ref", "Names", "s"]),
            field => (field, &["Name", "Ref"]),
        };
        let word = ends
            .iter()
            .find_map(|end| word.strip_suffix(end))
            .unwrap_or(word);
        let is_part = word.get(..1).is_some_and(|first| {
            let rest = kind.strip_suffix(word.get(1..).unwrap_or_default());
            rest.is_some_and(|rest| rest.ends_with(&first.to_ascii_uppercase()))
        });
        let ends_so = |word: &str| {
            word.to_ascii_lowercase()
                .ends_with(&kind.to_ascii_lowercase())
        };
        is_part || ends_so(word) || word == "resource"
    }
}

/// The names that a resource had on the way, but for those that only grew out of one another.
fn between<'r, 'a>(resource: &'r Resource<'a>) -> impl Iterator<Item = &'r Identity<'a>> {
    let names = &resource.previous;
    let name = |at: usize| {
        names
            .get(at)
            .map_or(resource.name(), |identity| identity.name)
    };
    let grows = move |at: usize| name(at + 1).contains(name(at));
    let between = names.iter().enumerate().skip(1);
    between.filter_map(move |(at, identity)| (!grows(at - 1) || !grows(at)).then_some(identity))
}

/// Whether a reference at a node or below it will be turned.
pub(super) fn reaches(node: Node<'_>, place: Place<'_>, renames: &Renames<'_>) -> bool {
    renames.follow(place, node).is_some()
        || node
            .entries()
            .any(|(key, value)| reaches(value, place.below(node, key.text()), renames))
        || node
            .items()
            .any(|item| reaches(item, place.within(), renames))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every place of kustomize's own table of references, by what it is about.
    #[test]
    fn references_are_known_by_where_they_stand() {
        let means = |kind: &str, path: &[&'static str], beside: Option<&'static str>| {
            let place = Place {
                outer: path[0],
                field: path[1],
                kind: beside,
            };
            place.means(kind)
        };
        for (kind, path, beside) in [
            ("ConfigMap", ["configMap", "name"], None),
            ("ConfigMap", ["configMapRef", "name"], None),
            ("ConfigMap", ["configMapKeyRef", "name"], None),
            ("ConfigMap", ["resourceNames", ""], None),
            ("Secret", ["secret", "secretName"], None),
            ("Secret", ["tls", "secretName"], None),
            ("Secret", ["secretKeyRef", "name"], None),
            ("Secret", ["imagePullSecrets", "name"], None),
            ("Secret", ["secrets", "name"], None),
            (
                "Secret",
                ["annotations", "nginx.ingress.kubernetes.io/auth-secret"],
                None,
            ),
            ("Secret", ["nodePublishSecretRef", "name"], None),
            ("Service", ["spec", "serviceName"], None),
            ("Service", ["service", "name"], None),
            ("ServiceAccount", ["spec", "serviceAccountName"], None),
            (
                "ServiceAccount",
                ["subjects", "name"],
                Some("ServiceAccount"),
            ),
            ("ClusterRole", ["roleRef", "name"], Some("ClusterRole")),
            ("Deployment", ["scaleTargetRef", "name"], Some("Deployment")),
            (
                "PersistentVolumeClaim",
                ["persistentVolumeClaim", "claimName"],
                None,
            ),
            ("PersistentVolume", ["spec", "volumeName"], None),
            ("StorageClass", ["spec", "storageClassName"], None),
            ("PriorityClass", ["spec", "priorityClassName"], None),
        ] {
            assert!(means(kind, &path, beside), "{kind} {path:?}");
        }
        for (kind, path, beside) in [
            ("ConfigMap", ["metadata", "name"], None),
            ("Service", ["labels", "service"], None),
            ("Service", ["matchLabels", "service"], None),
            ("Service", ["selector", "service"], None),
            ("ConfigMap", ["containers", "name"], None),
            ("ConfigMap", ["env", "value"], None),
            ("Secret", ["configMapRef", "name"], None),
            ("ServiceAccount", ["subjects", "name"], Some("User")),
            ("Role", ["spec", "e"], None),
            ("IngressClass", ["spec", "ingressClassName"], None),
        ] {
            assert!(!means(kind, &path, beside), "{kind} {path:?}");
        }
    }
}
