//! What a kustomization says about everything: names, namespaces, labels, images, replicas.

use std::collections::BTreeMap;

use regex::bytes::RegexBuilder;

use crate::yaml::Node;

use super::item::{Item, Reach, To, as_text, is_cluster_wide, scan};
use super::piece::{Body, Mark, Pen, Piece, TEXT};

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

/// A namespace for everything that lives in one; nothing when too much was written, here and below.
pub(super) fn namespace(items: &mut [Item], value: Node<'_>, pen: &mut Pen<'_>) -> Option<()> {
    let (mark, text) = (pen.mark(None, value), value.text());
    for item in items {
        pen.spend(1 + text.len() / TEXT)?;
        item.reach.push(Reach {
            to: To::Namespace(text.to_owned()),
            mark,
        });
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

/// A prefix or a suffix for every name.
pub(super) fn affix(
    items: &mut [Item],
    value: Node<'_>,
    is_prefix: bool,
    pen: &mut Pen<'_>,
) -> Option<()> {
    let (mark, text) = (pen.mark(None, value), value.text());
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
                    item.root.set(&path, child.clone());
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
                        claim.set(&["metadata", field, name], child.clone());
                    }
                }
            }
        }
    }
    Some(())
}

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
    for item in items {
        let scales = matches!(
            item.kind.as_str(),
            "Deployment" | "ReplicationController" | "ReplicaSet" | "StatefulSet"
        );
        if scales && item.ids.iter().any(|(_, called)| called == name.text()) {
            item.root.set(&["spec", "replicas"], child.clone());
        }
    }
    Some(())
}

/// What an entry of `images` says, each with its mark.
struct Image<'a> {
    name: Option<(&'a str, Mark)>,
    tag: Option<(&'a str, Mark)>,
    suffix: Option<(&'a str, Mark)>,
    digest: Option<(&'a str, Mark)>,
}

/// One entry of `images`.
pub(super) fn image(items: &mut [Item], entry: Node<'_>, pen: &mut Pen<'_>) -> Option<()> {
    // A look at every piece is cheaper than making it.
    let size: usize = items.iter().map(|item| item.root.measure().1).sum();
    pen.spend(1 + size / 64)?;
    let field = |name: &str| {
        let (key, value) = entry.entries().find(|(key, _)| key.text() == name)?;
        Some((value.text(), pen.mark(Some(key), value))).filter(|(text, _)| !text.is_empty())
    };
    let Some(name) = entry.get("name").map(Node::text) else {
        return Some(());
    };
    // kustomize takes the name for a pattern.
    let pattern = format!(
        "^{name}(@sha256:[a-fA-F0-9.{{0,64}}]*|:[a-zA-Z0-9_.{{}}-]*|@sha256:[a-fA-F0-9]*)*$"
    );
    let Ok(pattern) = RegexBuilder::new(&pattern)
        .unicode(false)
        .size_limit(1 << 20)
        .build()
    else {
        return Some(());
    };
    let new = Image {
        name: field("newName"),
        tag: field("newTag"),
        suffix: field("tagSuffix"),
        digest: field("digest"),
    };
    let mut paid = Some(());
    for item in items {
        if item.kind != "CustomResourceDefinition" {
            containers(&mut item.root, &mut |image: &mut Piece| {
                let Some(old) = image.as_str() else { return };
                if paid.is_some() && pattern.is_match(old.as_bytes()) {
                    new.apply(image);
                    paid = pen.spend(image.measure().1);
                }
            });
        }
    }
    paid
}

/// Every image of a container, at whatever depth.
fn containers(piece: &mut Piece, change: &mut impl FnMut(&mut Piece)) {
    match &mut piece.body {
        Body::Map(map) => each_container(map, change),
        Body::List(items) => items.iter_mut().for_each(|item| containers(item, change)),
        _ => {}
    }
}

fn each_container(map: &mut BTreeMap<String, Piece>, change: &mut impl FnMut(&mut Piece)) {
    for (key, piece) in map {
        if let (true, Body::List(items)) = (
            matches!(key.as_str(), "containers" | "initContainers"),
            &mut piece.body,
        ) {
            items
                .iter_mut()
                .filter_map(|item| item.get_mut("image"))
                .for_each(&mut *change);
        }
        containers(piece, change);
    }
}

impl Image<'_> {
    fn apply(&self, image: &mut Piece) {
        let Some(old) = image.as_str().map(str::to_owned) else {
            return;
        };
        let (rest, digest) = old
            .split_once('@')
            .map_or((old.as_str(), None), |(a, b)| (a, Some(b)));
        let start = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, old_tag) = match rest[start..].find(':') {
            Some(at) => (&rest[..start + at], Some(&rest[start + at + 1..])),
            None => (rest, None),
        };
        let new_name = self.name.map_or(name, |(name, _)| name);
        let (new_tag, new_digest) = match (self.tag, self.digest, self.suffix) {
            (Some((tag, _)), None, None) => (Some(tag.to_owned()), None),
            (Some((tag, _)), Some((digest, _)), _) => (Some(tag.to_owned()), Some(digest)),
            (None, Some((digest, _)), _) => (None, Some(digest)),
            (tag, None, Some((suffix, _))) => {
                let new = tag.map(|(tag, _)| tag).or(old_tag).unwrap_or("latest");
                (Some(format!("{new}{suffix}")), None)
            }
            (None, None, None) => (old_tag.map(str::to_owned), digest),
        };
        let mut text = new_name.to_owned();
        for (sign, part) in [(':', new_tag.as_deref()), ('@', new_digest)] {
            if let Some(part) = part {
                text.push(sign);
                text.push_str(part);
            }
        }
        let version_differs = new_tag.as_deref() != old_tag || new_digest != digest;
        let versions = [self.digest, self.tag, self.suffix];
        let versions = versions.into_iter().flatten().map(|(_, mark)| mark);
        let names = self.name.iter().map(|(_, mark)| *mark);
        let mark = if version_differs {
            versions.chain(names).next()
        } else if new_name != name {
            names.chain(versions).next()
        } else {
            versions.chain(names).next()
        };
        if let Some(mark) = mark {
            image.body = Body::Scalar(text.into());
            image.mark = mark;
        }
    }
}
