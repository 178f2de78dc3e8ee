//! What a kustomization says about everything: names, namespaces, labels, replicas.

use std::collections::{BTreeMap, BTreeSet};

use crate::yaml::Node;

use super::item::{Item, Reach, To, as_text, is_cluster_wide, scan};
use super::piece::{Body, Pen, Piece, TEXT, is_same};
use super::unknown::Reason;

/// Where the labels of pod templates stand, by the kinds that have them.
const TEMPLATES: [(&[&str], &[&str]); 4] = [
    (
        &[
            "Deployment",
            "ReplicaSet",
            "DaemonSet",
            "StatefulSet",
            "ReplicationController",
            "Job",
        ],
        &["spec", "template", "metadata"],
    ),
    (&["CronJob"], &["spec", "jobTemplate", "metadata"]),
    (
        &["CronJob"],
        &["spec", "jobTemplate", "spec", "template", "metadata"],
    ),
    (&["Rollout"], &["spec", "template", "metadata"]),
];

/// Where selectors of labels stand, and whether kustomize makes one where there is none.
const SELECTORS: [(&[&str], &[&str], bool); 6] = [
    (
        &["Service", "ReplicationController"],
        &["spec", "selector"],
        true,
    ),
    (
        &["Deployment", "ReplicaSet", "DaemonSet", "StatefulSet"],
        &["spec", "selector", "matchLabels"],
        true,
    ),
    (
        &["Job", "PodDisruptionBudget"],
        &["spec", "selector", "matchLabels"],
        false,
    ),
    (
        &["CronJob"],
        &["spec", "jobTemplate", "spec", "selector", "matchLabels"],
        false,
    ),
    (
        &["NetworkPolicy"],
        &["spec", "podSelector", "matchLabels"],
        false,
    ),
    (
        &["PersistentVolumeClaim"],
        &["spec", "selector", "matchLabels"],
        false,
    ),
];

/// Workloads whose pods may be placed by the labels of others.
const PLACED: &[&str] = &["Deployment", "StatefulSet"];

/// What others refer to by name and namespace.
const REFERRED: [&str; 2] = ["ServiceAccount", "Service"];

/// Selectors in lists, where kustomize writes labels as far as they are there.
const PEERS: [(&[&str], &[&str]); 7] = [
    (
        PLACED,
        &[
            "spec",
            "template",
            "spec",
            "affinity",
            "podAffinity",
            "preferredDuringSchedulingIgnoredDuringExecution",
            "podAffinityTerm",
            "labelSelector",
            "matchLabels",
        ],
    ),
    (
        PLACED,
        &[
            "spec",
            "template",
            "spec",
            "affinity",
            "podAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
            "labelSelector",
            "matchLabels",
        ],
    ),
    (
        PLACED,
        &[
            "spec",
            "template",
            "spec",
            "affinity",
            "podAntiAffinity",
            "preferredDuringSchedulingIgnoredDuringExecution",
            "podAffinityTerm",
            "labelSelector",
            "matchLabels",
        ],
    ),
    (
        PLACED,
        &[
            "spec",
            "template",
            "spec",
            "affinity",
            "podAntiAffinity",
            "requiredDuringSchedulingIgnoredDuringExecution",
            "labelSelector",
            "matchLabels",
        ],
    ),
    (
        PLACED,
        &[
            "spec",
            "template",
            "spec",
            "topologySpreadConstraints",
            "labelSelector",
            "matchLabels",
        ],
    ),
    (
        &["NetworkPolicy"],
        &["spec", "ingress", "from", "podSelector", "matchLabels"],
    ),
    (
        &["NetworkPolicy"],
        &["spec", "egress", "to", "podSelector", "matchLabels"],
    ),
];

/// Every piece that a path of keys leads to, through all elements of the lists on its way.
fn each_at(piece: &mut Piece, path: &[&str], change: &mut impl FnMut(&mut Piece)) {
    if let Body::List(items) = &mut piece.body {
        for item in items {
            each_at(item, path, change);
        }
        return;
    }
    match path.split_first() {
        None => change(piece),
        Some((first, rest)) => {
            if let Some(next) = piece.get_mut(first) {
                each_at(next, rest, change);
            }
        }
    }
}

/// A namespace for everything that lives in one; nothing when too much was written, here and below.
pub(super) fn namespace(items: &mut [Item], value: Node<'_>, pen: &mut Pen<'_>) -> Option<()> {
    let (mark, text) = (pen.mark(None, value), value.text());
    pen.spend(scan(items))?;
    let known = known(items);
    for item in items {
        pen.spend(1 + text.len() / TEXT)?;
        item.reach.push(Reach {
            to: To::Namespace(text.to_owned()),
            mark,
        });
        refer(item, &known, &Piece::text(text, mark), pen)?;
        if item.kind == "Namespace" && item.group.is_empty() {
            item.root
                .set(&["metadata", "name"], Piece::text(text, mark));
            item.rename("", text);
        } else if !is_cluster_wide(&item.group, &item.kind) {
            item.root
                .set(&["metadata", "namespace"], Piece::text(text, mark));
            let name = item.name().to_owned();
            item.rename(text, &name);
        }
    }
    Some(())
}

/// Accounts and Services by kind and name, with the namespaces that they are or were in.
type Known = BTreeMap<(&'static str, String), BTreeSet<String>>;

fn known(items: &[Item]) -> Known {
    let mut found = Known::new();
    for item in items {
        let Some(kind) = REFERRED.iter().find(|kind| **kind == item.kind) else {
            continue;
        };
        for (within, name) in &item.ids {
            let within = match within.as_str() {
                "default" => "",
                within => within,
            };
            let all = found.entry((kind, name.clone())).or_default();
            all.insert(within.to_owned());
        }
    }
    found
}

/// Whether a reference with a namespace of its own means one of these.
fn is_known(known: &Known, kind: &'static str, reference: &Piece) -> bool {
    let text = |key: &str| reference.get(key).and_then(Piece::scalar_text);
    let found = text("name").and_then(|name| known.get(&(kind, name)));
    let within = text("namespace").filter(|within| within != "default");
    match (found, within) {
        (Some(all), Some(within)) => all.contains(&within),
        (found, None) => found.is_some(),
        (None, _) => false,
    }
}

/// Gives what refers to a namespace the new one, as kustomize does: default accounts, and what means one of the set.
fn refer(item: &mut Item, known: &Known, new: &Piece, pen: &mut Pen<'_>) -> Option<()> {
    let mut paid = Some(());
    let mut write = |reference: &mut Piece, is_meant: bool| {
        paid = paid.and_then(|()| pen.spend(1));
        if paid.is_some() && is_meant {
            reference.set(&["namespace"], new.clone());
        }
    };
    match item.kind.as_str() {
        "RoleBinding" | "ClusterRoleBinding" => {
            each_at(&mut item.root, &["subjects"], &mut |subject| {
                let name = subject.get("name").and_then(Piece::scalar_text);
                let is_default = name.as_deref() == Some("default");
                let is_meant = is_default || is_known(known, "ServiceAccount", subject);
                write(subject, is_meant);
            });
        }
        "APIService" => {
            item.root
                .set(&["spec", "service", "namespace"], new.clone());
        }
        "CustomResourceDefinition" => {
            let path = ["spec", "conversion", "webhook", "clientConfig", "service"];
            each_at(&mut item.root, &path, &mut |service| {
                let is_meant = service.get("namespace").is_some();
                write(service, is_meant);
            });
        }
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            let path = ["webhooks", "clientConfig", "service"];
            each_at(&mut item.root, &path, &mut |service| {
                let is_meant = is_known(known, "Service", service);
                write(service, is_meant);
            });
        }
        _ => {}
    }
    paid
}

/// Notes references without a namespace to what has one, which kustomize adds where it follows a rename.
fn note_added(items: &mut [Item], value: Node<'_>, pen: &mut Pen<'_>) {
    let paths: [(&[&str], &'static str, &[&str]); 2] = [
        (
            &["RoleBinding", "ClusterRoleBinding"],
            "ServiceAccount",
            &["subjects"],
        ),
        (
            &[
                "ValidatingWebhookConfiguration",
                "MutatingWebhookConfiguration",
            ],
            "Service",
            &["webhooks", "clientConfig", "service"],
        ),
    ];
    let known = known(items);
    let has_namespace = |kind, name| {
        let all = known.get(&(kind, name));
        all.is_some_and(|all| all.iter().any(|within| !within.is_empty()))
    };
    let mut is_added = false;
    for (kinds, kind, path) in paths {
        let items = items
            .iter_mut()
            .filter(|item| kinds.contains(&item.kind.as_str()));
        for item in items {
            each_at(&mut item.root, path, &mut |reference| {
                let name = reference.get("name").and_then(Piece::scalar_text);
                is_added |= reference.get("namespace").is_none()
                    && name.is_some_and(|name| has_namespace(kind, name));
            });
        }
    }
    if is_added {
        pen.lose(Reason::Reach, "namespace", value);
    }
}

/// A prefix or a suffix for every name.
pub(super) fn affix(
    items: &mut [Item],
    value: Node<'_>,
    is_prefix: bool,
    pen: &mut Pen<'_>,
) -> Option<()> {
    let (mark, text) = (pen.mark(None, value), value.text());
    pen.spend(scan(items))?;
    note_added(items, value, pen);
    for item in items {
        pen.spend(1 + (item.name().len() + text.len()) / TEXT)?;
        if matches!(
            item.kind.as_str(),
            "CustomResourceDefinition" | "APIService" | "Namespace"
        ) {
            continue;
        }
        let (name, to) = if is_prefix {
            (
                format!("{text}{}", item.name()),
                To::Prefix(text.to_owned()),
            )
        } else {
            (
                format!("{}{text}", item.name()),
                To::Suffix(text.to_owned()),
            )
        };
        item.reach.push(Reach { to, mark });
        item.root
            .set(&["metadata", "name"], Piece::text(&name, mark));
        let namespace = item.namespace().to_owned();
        item.rename(&namespace, &name);
    }
    Some(())
}

/// How far labels reach.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Depth {
    Metadata,
    Templates,
    Selectors,
}

/// Labels, or annotations, for everything.
pub(super) fn pairs(
    items: &mut [Item],
    field: &str,
    pairs: Node<'_>,
    depth: Depth,
    pen: &mut Pen<'_>,
) -> Option<()> {
    for (key, value) in pairs.entries() {
        let (mark, name) = (pen.mark(Some(key), value), key.text());
        let child = Piece::new(Body::Scalar(as_text(value)), mark);
        for item in &mut *items {
            let text = value.text().to_owned();
            pen.spend(1 + text.len() / TEXT)?;
            let to = if field == "labels" {
                To::Label(name.to_owned(), text)
            } else {
                To::Annotation(name.to_owned(), text)
            };
            item.reach.push(Reach { to, mark });
            let mut paths = vec![(vec!["metadata", field, name], true)];
            if depth >= Depth::Templates {
                let templates = TEMPLATES
                    .iter()
                    .filter(|(kinds, _)| kinds.contains(&item.kind.as_str()));
                paths.extend(templates.map(|(kinds, path)| {
                    (
                        [path, [field, name].as_slice()].concat(),
                        kinds[0] != "Rollout",
                    )
                }));
            }
            if depth >= Depth::Selectors && field == "labels" {
                let selectors = SELECTORS
                    .iter()
                    .filter(|(kinds, ..)| kinds.contains(&item.kind.as_str()));
                paths.extend(
                    selectors
                        .map(|(_, path, create)| ([path, [name].as_slice()].concat(), *create)),
                );
            }
            for (path, create) in paths {
                let parent = &path[..path.len() - 1];
                if create || item.root.at(parent).is_some() {
                    pen.changed |= is_other(item.root.at(&path), &child);
                    item.root.set(&path, child.clone());
                }
            }
            if depth >= Depth::Selectors && field == "labels" {
                for (_, path) in PEERS
                    .iter()
                    .filter(|(kinds, _)| kinds.contains(&&*item.kind))
                {
                    pen.spend(1)?;
                    let mut paid = Some(());
                    each_at(&mut item.root, path, &mut |selector| {
                        paid = paid.and_then(|()| pen.spend(1));
                        if paid.is_some() {
                            pen.changed |= is_other(selector.get(name), &child);
                            selector.set(&[name], child.clone());
                        }
                    });
                    paid?;
                }
            }
            if depth >= Depth::Templates && field == "labels" && item.kind == "StatefulSet" {
                let claims = item.root.at_mut(&["spec", "volumeClaimTemplates"]);
                if let Some(Piece {
                    body: Body::List(claims),
                    ..
                }) = claims
                {
                    pen.spend(claims.len())?;
                    for claim in claims {
                        pen.changed |= is_other(claim.at(&["metadata", field, name]), &child);
                        claim.set(&["metadata", field, name], child.clone());
                    }
                }
            }
        }
    }
    Some(())
}

/// Whether a place has another value so far, or none.
fn is_other(old: Option<&Piece>, new: &Piece) -> bool {
    old.is_none_or(|old| !is_same(old, new))
}

/// The kinds whose replicas `replicas` sets.
pub(super) const SCALED: [&str; 4] = [
    "Deployment",
    "ReplicationController",
    "ReplicaSet",
    "StatefulSet",
];

/// One entry of `replicas`.
pub(super) fn replicas(items: &mut [Item], entry: Node<'_>, pen: &mut Pen<'_>) -> Option<()> {
    pen.spend(scan(items))?;
    let Some((name, (key, count))) = entry
        .get("name")
        .zip(entry.entries().find(|(key, _)| key.text() == "count"))
    else {
        return Some(());
    };
    let child = Piece::new(Body::Scalar(count.to_json()), pen.mark(Some(key), count));
    let mut is_met = false;
    for item in items {
        let scales = SCALED.contains(&item.kind.as_str());
        if scales && item.ids.iter().any(|(_, called)| called == name.text()) {
            pen.changed |= is_other(item.root.at(&["spec", "replicas"]), &child);
            item.root.set(&["spec", "replicas"], child.clone());
            pen.met.push(item.first());
            is_met = true;
        }
    }
    if !is_met {
        pen.lose(Reason::NoTarget, name.text(), entry);
    }
    Some(())
}
