//! References that kustomize updates at its very end, after all functions have run.
//!
//! A build ends by updating references to the names that resources once had. Local configuration
//! never leaves the build, but references to it are updated as well. Such a reference may mean
//! another resource in the base, such as a cluster's role with the name that a local one had before
//! it was renamed. So the compared resources have their references updated already.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::api::NEEDS_HASH;
use crate::resource::{Identity, Resource};
use crate::yaml::Node;

/// The future names of references, by their current ones.
#[derive(Debug, Default)]
pub(super) struct Renames<'a> {
    /// The kind and the new name of each resource that had a name.
    names: HashMap<&'a str, Vec<(&'a str, Cow<'a, str>)>>,
}

impl<'a> Renames<'a> {
    /// Learns the names from the emitted resources and from the others.
    ///
    /// The base updates references to the first name of an emitted resource itself, and also to a
    /// name that a layer made of it with a prefix or a suffix. It does not update references to any
    /// other name in between, nor to a resource that is not emitted, even if everything was renamed
    /// alike: no resource of that name is deployed.
    pub(super) fn learn(emitted: &[&Resource<'a>], hidden: &[&Resource<'a>]) -> Self {
        let mut renames = Self::default();
        for resource in emitted {
            renames.add(resource, between(resource));
        }
        for resource in hidden {
            renames.add(resource, resource.previous.iter());
            // Its final name is not known before the end.
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

    /// The future value of a map's entry, if it is a reference that is updated.
    pub(super) fn follow(&self, place: Place<'_>, value: Node<'_>) -> Option<&str> {
        if self.is_empty() {
            return None;
        }
        let all = self.names.get(value.as_str()?)?;
        let (_, name) = all.iter().find(|(kind, _)| place.means(kind))?;
        Some(name)
    }
}

/// The place of a value, as far as it decides what the value refers to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'n> {
    /// The field of the map or list that contains the value.
    outer: &'n str,
    /// The field of the value; empty in a list.
    field: &'n str,
    /// The `kind` beside it.
    kind: Option<&'n str>,
}

impl<'n> Place<'n> {
    /// The place of a map's entry, if the map is at this place.
    pub(super) fn below(self, map: Node<'n>, key: &'n str) -> Self {
        Self {
            // A map in a list takes the name of the list.
            outer: if self.field.is_empty() {
                self.outer
            } else {
                self.field
            },
            field: key,
            kind: map.str_at(&["kind"]),
        }
    }

    /// The place of a list's element, if the list is at this place.
    pub(super) fn within(self) -> Self {
        Self {
            outer: self.field,
            field: "",
            kind: None,
        }
    }

    /// Whether a value here names a resource of a kind, by the conventions of the Kubernetes API.
    fn means(self, kind: &str) -> bool {
        // kustomize has IngressClass under a group that does not exist, so it updates no reference
        // to one. Labels are never references, whatever their names.
        let is_never = ["metadata", "labels", "matchLabels", "selector"].contains(&self.outer);
        if is_never || kind == "IngressClass" {
            return false;
        }
        if let Some(beside) = self.kind {
            return beside == kind && self.field == "name";
        }
        // The name of the field, or of the field around a `name`, with or without siblings.
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

/// The earlier names of a resource, except those that only extended one another.
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

/// Whether a reference at a node or below it will be updated.
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

    /// Every place in kustomize's own table of references, by its target.
    #[test]
    fn references_are_known_by_their_places() {
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
