//! The changes that only make an overlay an environment, which are cancelled before anything is judged.
//!
//! An overlay that only renames resources, moves them to a namespace or puts a label on
//! everything has changed nothing that a test could miss. So the renames, the
//! namespaces and the labels are learnt from all resources together, and a change
//! that says no more than they do is not a change.

mod asking;
mod helm;
mod names_in_text;
mod other_name;
mod own_name;
mod put;
mod references;
mod selector;

use std::collections::{HashMap, HashSet};

use super::classify::is_mesh_key;
use super::operative::is_operative;
use crate::catalog::Class;
use crate::compare::diff::{Change, ChangeKind, Step};
use crate::compare::pair::{OwnAffix, OwnWords, is_never_renamed, plain_name};
use crate::resource::{Resource, is_bookkeeping};
use crate::text::without_hash;
use crate::yaml::Node;

pub(super) use asking::{asking, is_left_behind};
pub use helm::Rendered;
pub use other_name::{says_name, share_a_name};
pub use own_name::{
    is_mere_name, may_name, puts_name_in, puts_own_name, says_environment, says_own_name,
};
pub use put::Witness;
use put::put_on_everything;
use references::Targets;
use selector::follows;
pub(super) use selector::{Pod, goes_with_label, pods};

/// What an overlay does to every resource.
#[derive(Debug, Default)]
pub struct Identity<'a> {
    /// The names that each base name became.
    names: HashMap<&'a str, HashSet<&'a str>>,
    /// The namespaces that each base namespace became; no set is empty.
    namespaces: HashMap<&'a str, HashSet<&'a str>>,
    /// The text before and after the base's name in each new name, and how often it occurs.
    affixes: HashMap<(&'a str, &'a str), usize>,
    /// Whether a resource that a prefix would reach kept its name, or several got the same prefix and suffix.
    others_agree: bool,
    /// How many resources went from one namespace to another.
    moves: HashMap<(&'a str, &'a str), usize>,
    /// The base namespaces in which a namespaced resource stayed.
    kept_namespaces: HashSet<&'a str>,
    /// The group and kind of each resource that stayed in a base namespace, whether the kind has namespaces or not.
    kept_kinds: HashSet<(&'a str, &'a str, &'a str)>,
    /// The pods that selectors may find.
    pods: Vec<Pod<'a>>,
    labels: HashSet<(&'a str, &'a str)>,
    annotations: HashSet<(&'a str, &'a str)>,
    /// The resources that references may lead to.
    targets: Targets<'a>,
    /// The prefixes and suffixes that two environments have put on all names, each its own.
    pub own_affixes: Vec<OwnAffix>,
    /// The words for their own environments that the names of both sides hold.
    pub own_words: Option<OwnWords>,
}

/// The resources whose pods a selector may find: those of all services of the two environments.
#[derive(Clone, Copy, Debug)]
pub struct Around<'r, 'a> {
    /// The resources that belong together.
    pub pairs: &'r [(&'r Resource<'a>, &'r Resource<'a>)],
    /// The resources that the overlay has added.
    pub added: &'r [&'r Resource<'a>],
}

/// Learns from the pairs what the overlay does to every resource.
///
/// `removed` are base resources that the overlay dropped; only a transformation of everything reaches `witnesses`.
#[must_use]
pub fn learn<'a>(
    pairs: &[(&Resource<'a>, &Resource<'a>)],
    removed: &[&Resource<'a>],
    all: Around<'_, 'a>,
    witnesses: &[Witness],
) -> Identity<'a> {
    let mut identity = Identity::default();
    // References to a generated resource include its hash only as long as the resource is there.
    for base in removed {
        let plain = without_hash(base.name());
        if matches!(base.kind(), "ConfigMap" | "Secret") && plain != base.name() {
            let names = identity.names.entry(base.identity.name).or_default();
            names.insert(without_hash(base.identity.name));
        }
    }
    for (base, overlay) in pairs {
        let (from, to) = (base.identity, overlay.identity);
        let mut is_renamed = false;
        for affix in affixes(base, overlay) {
            let count = identity.affixes.entry(affix).or_default();
            *count += 1;
            identity.others_agree |= *count > 1;
            is_renamed = true;
        }
        if !is_renamed && from.name == to.name && !is_never_renamed(overlay) {
            identity.others_agree = true;
        }
        identity.targets.add(base, overlay);
        if from.namespace == to.namespace {
            let kept = (base.group(), from.kind, from.namespace);
            identity.kept_kinds.insert(kept);
            if is_namespaced(overlay.kind()) {
                identity.kept_namespaces.insert(from.namespace);
            }
        } else {
            let way = (from.namespace, to.namespace);
            *identity.moves.entry(way).or_default() += 1;
        }
        if from.name != to.name {
            identity.names.entry(from.name).or_default().insert(to.name);
        }
        if from.namespace != to.namespace {
            identity
                .namespaces
                .entry(from.namespace)
                .or_default()
                .insert(to.namespace);
        }
        if is_namespace(overlay) && from.name != to.name {
            identity
                .namespaces
                .entry(from.name)
                .or_default()
                .insert(to.name);
        }
    }
    identity.labels = put_on_everything("labels", pairs, witnesses);
    identity.annotations = put_on_everything("annotations", pairs, witnesses);
    if !identity.labels.is_empty() {
        identity.pods = pods(all.pairs, all.added);
    }
    identity
}

impl Identity<'_> {
    /// Whether a change says no more than what the overlay does to every resource.
    #[must_use]
    pub fn cancels(
        &self,
        change: &Change<'_>,
        class: Class,
        base: &Resource<'_>,
        overlay: &Resource<'_>,
    ) -> bool {
        let Some(Step::Field(field)) = change.steps.last() else {
            return self.is_renamed_element(change) || self.is_renamed_text(change, class);
        };
        // A key that a controller acts on changes what runs, whether it is on one resource or on all.
        let may_be_put = !is_operative(field)
            && !matches!(
                class,
                Class::HealthChecks | Class::ServiceMesh | Class::IngressStructure
            );
        let parent = match change.steps.iter().rev().nth(1) {
            Some(Step::Field(parent)) => *parent,
            _ => "",
        };
        if change.steps.len() == 2 && parent == "metadata" {
            return match *field {
                "name" => self.is_own_rename(base, overlay),
                "namespace" => self.is_own_move(base, overlay),
                _ => false,
            };
        }
        if change.steps.len() == 1 && matches!(*field, "kind" | "apiVersion") {
            return false;
        }
        // A container has its name for its own sake, whatever else has the same name.
        if class == Class::Containers {
            return false;
        }
        let before = change.base.map(Node::text);
        let Some(after) = change.overlay.and_then(Node::as_str) else {
            return false;
        };
        // What a base says about its overlays is never part of an environment.
        if field.starts_with(crate::api::PREFIX) {
            return false;
        }
        match parent {
            "labels" => may_be_put && self.labels.contains(&(*field, after)),
            "matchLabels" | "selector" => {
                (may_be_put
                    && self.labels.contains(&(*field, after))
                    && follows(change, base, overlay, &self.pods))
                    || (*field == "kubernetes.io/metadata.name"
                        && self.is_moved(before.unwrap_or(""), after))
            }
            "annotations" => {
                (may_be_put && self.annotations.contains(&(*field, after)))
                    || before.is_some_and(|before| self.is_renamed_path(before, after))
            }
            _ if change.kind == ChangeKind::Removed => false,
            _ if *field == "namespace" => {
                self.is_moved(before.unwrap_or(""), after)
                    || self.targets.has_account(change, base, overlay)
            }
            _ if is_reference(field)
                && before.is_some_and(|before| {
                    self.is_renamed(before, after)
                        || references::is_source(parent, field) && self.goes_with_all(before, after)
                }) =>
            {
                true
            }
            _ => self.is_renamed_text(change, class),
        }
    }

    /// Whether the name of a source is another name with the prefix and suffix that all names got.
    ///
    /// The source may come from elsewhere, or from a file that is not here, so that the author wrote the
    /// name that kustomize would make. A source that is here and kept its name is something else.
    fn goes_with_all(&self, before: &str, after: &str) -> bool {
        let is_put = |(prefix, suffix): (&str, &str)| {
            let rest = after.strip_prefix(prefix);
            rest.and_then(|rest| rest.strip_suffix(suffix)) == Some(before)
        };
        let is_of_all = |count: &usize| *count > 1 || !self.others_agree;
        let mut affixes = self.affixes.iter();
        let mut own = self.own_affixes.iter();
        !before.is_empty()
            && !self.targets.has_kept(before)
            && (affixes.any(|(affix, count)| is_of_all(count) && is_put(*affix))
                || own.any(|affix| affix.joins(before, after)))
    }

    /// Whether a text differs only in names of resources that follow their renames, such as `--peer=web:8080`.
    fn is_renamed_text(&self, change: &Change<'_>, class: Class) -> bool {
        let texts = change
            .base
            .and_then(Node::as_str)
            .zip(change.overlay.and_then(Node::as_str));
        let is_open = class == Class::Other
            && !change.secret
            && !change
                .fields()
                .any(|field| field.ends_with("ecurityContext"));
        is_open
            && texts.is_some_and(|(before, after)| {
                names_in_text::follow(before, after, |old, new| self.is_renamed(old, new))
            })
    }

    /// Whether a new name has the same prefix and suffix that the others got.
    ///
    /// A namespace is named after its environment; a definition is named after what it defines.
    fn is_own_rename(&self, base: &Resource<'_>, overlay: &Resource<'_>) -> bool {
        if is_never_renamed(overlay) {
            return is_namespace(overlay);
        }
        let has_own = |affix: &OwnAffix| affix.explains(base, overlay);
        let has_words = |words: &OwnWords| words.explains(base, overlay);
        if self.own_affixes.iter().any(has_own) || self.own_words.as_ref().is_some_and(has_words) {
            return true;
        }
        let mut own = affixes(base, overlay).peekable();
        is_rename(base, overlay)
            && (!self.others_agree
                || own.peek().is_none()
                || own.any(|affix| self.affixes.get(&affix).is_some_and(|count| *count > 1)))
    }

    /// Whether a resource moved to the same namespace as the others.
    fn is_own_move(&self, base: &Resource<'_>, overlay: &Resource<'_>) -> bool {
        let (from, to) = (base.identity.namespace, overlay.identity.namespace);
        let is_left = self.kept_namespaces.contains(from)
            || self.kept_kinds.contains(&(base.group(), base.kind(), from))
            || self
                .moves
                .iter()
                .any(|(way, count)| way.0 == from && way.1 != to && *count > 1);
        !is_left || self.moves.get(&(from, to)).is_some_and(|count| *count > 1)
    }

    /// Whether an element of a list of names follows a rename, such as one of `imagePullSecrets` or `resourceNames`.
    fn is_renamed_element(&self, change: &Change<'_>) -> bool {
        let texts = (
            change.base.and_then(Node::as_str),
            change.overlay.and_then(Node::as_str),
        );
        matches!(texts, (Some(before), Some(after)) if self.is_renamed(before, after))
            && change
                .fields()
                .next_back()
                .is_some_and(|field| field.ends_with("Names") || field == "secrets")
    }

    fn is_renamed(&self, before: &str, after: &str) -> bool {
        self.names
            .get(before)
            .is_some_and(|names| names.contains(after))
    }

    fn is_moved(&self, before: &str, after: &str) -> bool {
        self.namespaces
            .get(before)
            .or_else(|| self.namespaces.get(if before == "default" { "" } else { before }))
            .is_some_and(|namespaces| namespaces.contains(after))
            // kustomize writes the namespace into a reference that had none, or another one.
            || (before.is_empty() && self.namespaces.values().any(|namespaces| namespaces.contains(after)))
    }

    /// Whether each part of a value such as `namespace/name` follows its own rename.
    fn is_renamed_path(&self, before: &str, after: &str) -> bool {
        let (mut old, mut new) = (before.split('/'), after.split('/'));
        loop {
            match (old.next(), new.next()) {
                (None, None) => return true,
                (Some(old), Some(new))
                    if old == new || self.is_renamed(old, new) || self.is_moved(old, new) => {}
                _ => return false,
            }
        }
    }
}

impl Identity<'_> {
    /// Whether an added resource is the namespace that the overlay's resources are in.
    ///
    /// Labels and annotations that only describe it do not matter. Any other content makes it
    /// a resource like any other, and entries that a controller acts on are reported separately.
    #[must_use]
    pub fn is_own_namespace(&self, added: &Resource<'_>) -> bool {
        let mut entered = self.namespaces.values();
        let metadata = added.node.at(&["metadata"]).into_iter();
        is_namespace(added)
            && entered.any(|names| names.contains(added.name()))
            && metadata.flat_map(Node::entries).all(|(key, _)| {
                matches!(
                    key.text(),
                    "name" | "labels" | "annotations" | "namespace" | "creationTimestamp"
                )
            })
            && added.node.entries().all(|(key, value)| {
                matches!(key.text(), "apiVersion" | "kind" | "metadata") || value.is_null()
            })
    }
}

/// The labels and annotations of a resource that a controller acts on.
#[must_use]
pub fn operative_entries<'a>(resource: &Resource<'a>) -> Vec<Change<'a>> {
    let mut all = Vec::new();
    for field in ["labels", "annotations"] {
        let entries = resource.node.at(&["metadata", field]).into_iter();
        for (key, value) in entries.flat_map(Node::entries) {
            let key = key.text();
            let names_itself =
                key == "kubernetes.io/metadata.name" && value.text() == resource.name();
            let may_act = is_operative(key) || is_mesh_key(key);
            if !may_act
                || names_itself
                || is_bookkeeping(key)
                || key.starts_with(crate::api::PREFIX)
            {
                continue;
            }
            all.push(Change {
                steps: vec![
                    Step::Field("metadata"),
                    Step::Field(field),
                    Step::Field(key),
                ],
                kind: ChangeKind::Added,
                base: None,
                overlay: Some(value),
                pod: None,
                secret: false,
            });
        }
    }
    all
}

/// The text before and after the base's name in the overlay's, for every place where it occurs; none if it was not renamed.
///
/// A short name may also occur in the new one by chance, and a hash may have stayed or changed.
fn affixes<'a>(
    base: &Resource<'a>,
    overlay: &Resource<'a>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    let (plain, to) = (plain_name(base), plain_name(overlay));
    let is_renamed = plain != to && !plain.is_empty() && !is_never_renamed(overlay);
    let full = Some(base.name()).filter(|full| *full != plain);
    let names = [Some(plain), full].into_iter().flatten();
    let around = move |from: &'a str| {
        // A few places are enough for any name that can be deployed.
        let places = to.match_indices(from).take(8);
        places.map(move |(at, _)| (&to[..at], &to[at + from.len()..]))
    };
    names.filter(move |_| is_renamed).flat_map(around)
}

/// Built-in kinds that certainly have a namespace; for other kinds it is unknown.
fn is_namespaced(kind: &str) -> bool {
    matches!(
        kind,
        "ConfigMap"
            | "CronJob"
            | "DaemonSet"
            | "Deployment"
            | "HorizontalPodAutoscaler"
            | "Ingress"
            | "Job"
            | "NetworkPolicy"
            | "PersistentVolumeClaim"
            | "Pod"
            | "PodDisruptionBudget"
            | "ReplicaSet"
            | "Role"
            | "RoleBinding"
            | "Secret"
            | "Service"
            | "ServiceAccount"
            | "StatefulSet"
    )
}

/// Whether the overlay's name is the base's with something before or after it.
fn is_rename(base: &Resource<'_>, overlay: &Resource<'_>) -> bool {
    overlay.name().contains(without_hash(base.name())) || has_same_origin(base, overlay)
}

/// Whether both were renamed from the same name, as two environments of one base are.
fn has_same_origin(base: &Resource<'_>, overlay: &Resource<'_>) -> bool {
    let first = |resource: &Resource<'_>| Some(resource.previous.first()?.name.to_owned());
    first(base).is_some_and(|name| Some(name) == first(overlay))
}

fn is_namespace(resource: &Resource<'_>) -> bool {
    resource.kind() == "Namespace" && resource.group().is_empty()
}

/// Whether a field holds the name of another resource, by the conventions of the Kubernetes API.
fn is_reference(field: &str) -> bool {
    matches!(
        field,
        "name" | "serviceAccount" | "host" | "service" | "secret" | "configMap"
    ) || field.ends_with("Name")
        || field.ends_with("Ref")
}
