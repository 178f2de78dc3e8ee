//! The order in which kustomize emits resources.

use std::cmp::Ordering;

use crate::yaml::Node;

use super::item::Item;

/// Kinds that come first by default, in this order.
const FIRST: [&str; 22] = [
    "Namespace",
    "ResourceQuota",
    "StorageClass",
    "CustomResourceDefinition",
    "ServiceAccount",
    "PodSecurityPolicy",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "Endpoints",
    "Service",
    "LimitRange",
    "PriorityClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Deployment",
    "StatefulSet",
    "CronJob",
    "PodDisruptionBudget",
];

/// Kinds that come last by default, in this order.
const LAST: [&str; 2] = [
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
];

/// How resources are sorted.
pub(super) enum Order {
    /// The order of loading.
    Came,
    /// These kinds first and last, then by name.
    Kinds(Vec<String>, Vec<String>),
}

impl Order {
    /// Reads `sortOptions`; the error is the node that kustomize does not accept.
    pub fn read(options: Option<Node<'_>>) -> Result<Self, Node<'_>> {
        let texts = |list: &[&str]| list.iter().map(|kind| (*kind).to_owned()).collect();
        let default = || Self::Kinds(texts(&FIRST), texts(&LAST));
        let Some(options) = options.filter(|options| !options.is_null()) else {
            return Ok(default());
        };
        let own = options.get("legacySortOptions");
        match (options.str_at(&["order"]), own) {
            (Some("fifo"), None) => Ok(Self::Came),
            (Some("legacy"), None) => Ok(default()),
            (Some("legacy"), Some(own)) => {
                let list = |key: &str| {
                    let items = own.get(key).into_iter().flat_map(Node::items);
                    items.map(|kind| kind.text().to_owned()).collect()
                };
                Ok(Self::Kinds(list("orderFirst"), list("orderLast")))
            }
            _ => Err(options),
        }
    }

    pub fn sort(&self, items: &mut [Item]) {
        if let Self::Kinds(first, last) = self {
            items.sort_by(|one, other| compare(one, other, first, last));
        }
    }
}

fn compare(one: &Item, other: &Item, first: &[String], last: &[String]) -> Ordering {
    let place = |item: &Item| {
        // The later of two mentions counts, and the last list wins over the first.
        let at = |list: &[String]| list.iter().rposition(|kind| *kind == item.kind);
        match (at(last), at(first)) {
            (Some(at), _) => i64::try_from(at + 1).unwrap_or(i64::MAX),
            (None, Some(at)) => i64::try_from(at)
                .unwrap_or(i64::MAX)
                .saturating_sub_unsigned(first.len() as u64),
            (None, None) => 0,
        }
    };
    let shown = |text: &str, none: &str| {
        if text.is_empty() {
            none.to_owned()
        } else {
            text.to_owned()
        }
    };
    let of_kind = |item: &Item| {
        let (group, version) = (shown(&item.group, "~G"), shown(&item.version, "~V"));
        format!("{group}_{version}_{}", item.kind)
    };
    let of_one = |item: &Item| {
        let (within, name) = (shown(item.namespace(), "~X"), shown(item.name(), "~N"));
        format!("{within}|{name}")
    };
    let are_alike =
        (&one.group, &one.version, &one.kind) == (&other.group, &other.version, &other.kind);
    if are_alike {
        return of_one(one).cmp(&of_one(other));
    }
    let by_kind = of_kind(one).cmp(&of_kind(other));
    let is_reversed = one.kind == "Namespace"
        && other.kind == "Namespace"
        && (one.group.is_empty() || other.group.is_empty());
    let by_kind = if is_reversed {
        by_kind.reverse()
    } else {
        by_kind
    };
    place(one).cmp(&place(other)).then(by_kind)
}
