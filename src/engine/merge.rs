//! Strategic merge patches, as kustomize applies them.
//!
//! kustomize merges the lists that Kubernetes' own types merge, by the keys of
//! its schema, and puts what a patch names before what stays. Every other list
//! is replaced whole, and so is every list of a type that it does not know.

use std::collections::{BTreeMap, HashMap};

use crate::schema::{KeyField, List, Type};
use crate::yaml::Node;

use super::piece::{Body, Gone, Mark, Pen, Piece, is_same};
use super::unknown::Reason;

/// The lists of built-in types that are merged; others with keys are replaced.
const MERGED: [&str; 20] = [
    "conditions",
    "containers",
    "drivers",
    "env",
    "ephemeralContainers",
    "hostAliases",
    "imagePullSecrets",
    "initContainers",
    "matchConditions",
    "ownerReferences",
    "ports",
    "resourceClaims",
    "schedulingGates",
    "secrets",
    "topologySpreadConstraints",
    "volumeDevices",
    "volumeMounts",
    "volumes",
    "webhooks",
    "auditAnnotations",
];

/// The groups whose types kustomize has a schema for, beside those without a dot.
const GROUPS: [&str; 18] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
];

/// The type by which kustomize merges resources of a kind.
pub(super) fn type_of(group: &str, version: &str, kind: &str) -> Type {
    if group.contains('.') && !GROUPS.contains(&group) {
        Type::UNKNOWN
    } else {
        Type::of(group, version, kind)
    }
}

/// What a map of a patch orders beside what it says.
fn directive(node: Node<'_>) -> Option<&str> {
    node.str_at(&["$patch"])
}

fn is_directive(key: &str) -> bool {
    key == "$patch"
        || key == "$retainKeys"
        || key.starts_with("$setElementOrder/")
        || key.starts_with("$deleteFromPrimitiveList/")
}

/// Whether kustomize leaves a directive in what it builds, as if it were a field.
fn is_left(key: &str) -> bool {
    is_directive(key) && key != "$patch"
}

/// Whether a patch removes the whole resource.
pub(super) fn deletes(patch: Node<'_>) -> bool {
    directive(patch) == Some("delete")
}

/// Merges a patch into a resource; nothing when too much was written.
pub(super) fn merge(
    resource: &mut Piece,
    patch: Node<'_>,
    ty: Type,
    pen: &mut Pen<'_>,
) -> Option<()> {
    if directive(patch) == Some("replace") {
        // kustomize keeps who the resource is.
        let mut new = stripped(None, patch, pen)?;
        for key in ["apiVersion", "kind", "metadata"] {
            if let (Body::Map(map), Some(old)) = (&mut new.body, resource.get(key)) {
                map.insert(key.to_owned(), old.clone());
            }
        }
        pen.changed = true;
        *resource = new;
        return Some(());
    }
    map(resource, patch, ty, pen, true)
}

/// Writes who a resource is, where a patch says it and may.
pub(super) fn write(resource: &mut Piece, steps: &[&str], patch: Node<'_>, pen: &mut Pen<'_>) {
    let Some((last, parents)) = steps.split_last() else {
        return;
    };
    let mut entries = patch.at(parents).into_iter().flat_map(Node::entries);
    if let Some((key, value)) =
        entries.find(|(key, value)| key.text() == *last && value.is_scalar())
    {
        pen.changed = true;
        resource.set(steps, Piece::text(value.text(), pen.mark(Some(key), value)));
    }
}

fn map(
    dest: &mut Piece,
    patch: Node<'_>,
    ty: Type,
    pen: &mut Pen<'_>,
    is_root: bool,
) -> Option<()> {
    for (key, value) in patch.entries() {
        let name = key.text();
        if is_left(name) {
            pen.lose(Reason::Directive, name, key);
        }
        // Who a resource is stays as it was.
        if is_directive(name) || (is_root && matches!(name, "apiVersion" | "kind")) {
            continue;
        }
        let mark = pen.mark(Some(key), value);
        if value.is_null() || (value.is_map() && directive(value) == Some("delete")) {
            let mark = value
                .get("$patch")
                .map_or(mark, |directive| pen.mark_of(directive));
            pen.changed |= dest.remove(name, mark);
            continue;
        }
        let field = ty.field(name);
        if is_root
            && name == "metadata"
            && let Some(metadata) = dest.get_mut("metadata")
        {
            metadata.named = Some(Box::new(mark));
            metadata_of(metadata, value, pen)?;
            continue;
        }
        let Body::Map(children) = &mut dest.body else {
            return Some(());
        };
        let merged = match children.get_mut(name) {
            Some(old) if matches!(old.body, Body::Map(_)) && value.is_map() => {
                if directive(value) == Some("replace") {
                    false
                } else {
                    old.named = Some(Box::new(mark));
                    map(old, value, field.ty, pen, false)?;
                    true
                }
            }
            Some(old) if matches!(old.body, Body::List(_)) && value.is_seq() => match field.list {
                List::Keyed { keys, .. } if MERGED.contains(&name) => {
                    list(old, (name, value), keys, field.ty, mark, pen)?
                }
                _ => false,
            },
            _ => false,
        };
        if !merged {
            let is_new = put(children, Some(key), value, pen)?;
            dest.touched = Some(mark).filter(|_| is_new).or(dest.touched);
        }
    }
    Some(())
}

/// Metadata: names and namespaces stay, finalizers are a set.
fn metadata_of(dest: &mut Piece, patch: Node<'_>, pen: &mut Pen<'_>) -> Option<()> {
    for (key, value) in patch.entries() {
        let name = key.text();
        if matches!(name, "name" | "namespace") || is_directive(name) {
            continue;
        }
        let mark = pen.mark(Some(key), value);
        if value.is_null() {
            pen.changed |= dest.remove(name, mark);
            continue;
        }
        match dest.get_mut(name) {
            Some(old) if matches!(old.body, Body::Map(_)) && value.is_map() => {
                old.named = Some(Box::new(mark));
                map(old, value, Type::UNKNOWN, pen, false)?;
            }
            Some(Piece {
                body: Body::List(items),
                touched,
                ..
            }) if name == "finalizers" && value.is_seq() => {
                pen.spend(items.len() / 8)?;
                let mut places: HashMap<Option<String>, usize> = HashMap::new();
                for (at, old) in items.iter().enumerate() {
                    places.entry(old.scalar_text()).or_insert(at);
                }
                let mut rest: Vec<Option<Piece>> = items.drain(..).map(Some).collect();
                let mut front = Vec::new();
                for item in value.items() {
                    let new = pen.piece(None, item)?;
                    let place = places.get(&new.scalar_text());
                    let known = place.and_then(|at| rest.get_mut(*at).and_then(Option::take));
                    pen.changed |= known.is_none();
                    front.push(known.unwrap_or(new));
                }
                front.extend(rest.into_iter().flatten());
                *items = front;
                *touched = Some(mark);
            }
            _ => {
                if let Body::Map(children) = &mut dest.body {
                    let is_new = put(children, Some(key), value, pen)?;
                    dest.touched = Some(mark).filter(|_| is_new).or(dest.touched);
                }
            }
        }
    }
    Some(())
}

/// Puts a value of a patch in the place of what was there; whether nobody but the base had said it before.
fn put(
    children: &mut BTreeMap<String, Piece>,
    key: Option<Node<'_>>,
    value: Node<'_>,
    pen: &mut Pen<'_>,
) -> Option<bool> {
    let new = stripped(key, value, pen)?;
    let name = key.map_or("", Node::text);
    let old = children.get(name);
    if old.is_some_and(|old| pen.keeps(old, &new)) {
        return Some(false);
    }
    pen.changed |= !old.is_some_and(|old| is_same(old, &new));
    children.insert(name.to_owned(), new);
    Some(true)
}

/// What a patch says as a new value: without directives, and without what they or nulls remove.
fn stripped(key: Option<Node<'_>>, value: Node<'_>, pen: &mut Pen<'_>) -> Option<Piece> {
    let mut piece = pen.piece(key, value)?;
    let mut left = None;
    piece.visit(&mut |piece| {
        if let Body::Map(map) = &piece.body {
            left = left.take().or(map.keys().find(|key| is_left(key)).cloned());
        }
    });
    if let Some(left) = left {
        pen.lose(Reason::Directive, &left, key.unwrap_or(value));
    }
    strip(&mut piece);
    Some(piece)
}

fn strip(piece: &mut Piece) {
    let is_deleted = |piece: &Piece| piece.get("$patch").and_then(Piece::as_str) == Some("delete");
    match &mut piece.body {
        Body::Map(map) => {
            map.retain(|key, value| !is_directive(key) && !value.is_null() && !is_deleted(value));
            map.values_mut().for_each(strip);
        }
        Body::List(items) => {
            items.retain(|item| {
                !is_deleted(item)
                    && !matches!(&item.body, Body::Map(map) if map.len() == 1 && map.contains_key("$patch"))
            });
            items.iter_mut().for_each(strip);
        }
        _ => {}
    }
}

/// Merges a list by keys; `false` where it is to be replaced.
fn list(
    dest: &mut Piece,
    (name, patch): (&str, Node<'_>),
    keys: &'static [KeyField],
    ty: Type,
    mark: Mark,
    pen: &mut Pen<'_>,
) -> Option<bool> {
    let Body::List(old) = &mut dest.body else {
        return Some(false);
    };
    let orders_all = |item: Node<'_>| item.entries().count() == 1 && item.get("$patch").is_some();
    if patch
        .items()
        .any(|item| orders_all(item) && directive(item) == Some("replace"))
        || patch.items().any(|item| !item.is_map())
    {
        return Some(false);
    }
    pen.spend(old.len() / 8)?;
    let mut is_sure = is_paired(old, patch, keys);
    let keys = common_keys(old, patch, keys);
    let mut places: HashMap<Vec<String>, usize> = HashMap::new();
    for (at, piece) in old.iter().enumerate() {
        let place = *places.entry(keys_of_piece(piece, &keys)).or_insert(at);
        is_sure &= place == at;
    }
    if !is_sure {
        pen.lose(Reason::Pairing, name, patch);
    }
    let count = old.len();
    let mut rest: Vec<Option<Piece>> = old.drain(..).map(Some).collect();
    let mut front: Vec<Piece> = Vec::new();
    let mut order = Vec::new();
    let mut touched = false;
    for item in patch.items() {
        let name: Vec<String> = keys
            .iter()
            .map(|key| at(item, key).map_or_else(String::new, |node| node.text().to_owned()))
            .collect();
        let place = places.get(&name).copied();
        let known = place.and_then(|at| rest.get_mut(at).and_then(Option::take));
        match (known, directive(item)) {
            (known, Some("delete")) => {
                if let Some(piece) = known {
                    let mark = item
                        .get("$patch")
                        .map_or(mark, |directive| pen.mark_of(directive));
                    dest.gone.push(Gone {
                        key: None,
                        piece,
                        mark,
                    });
                    touched = true;
                }
            }
            (Some(mut piece), None) if matches!(piece.body, Body::Map(_)) => {
                piece.named = Some(Box::new(pen.mark(None, item)));
                map(&mut piece, item, ty, pen, false)?;
                if piece.is_of(pen.origin) {
                    // Without what was there before it would be the same.
                    piece.mark = pen.mark(None, item);
                }
                order.extend(place);
                front.push(piece);
            }
            (known, _) => {
                touched = true;
                order.extend(place.filter(|_| known.is_some()));
                front.push(stripped(None, item, pen)?);
            }
        }
    }
    let is_moved = order.iter().enumerate().any(|(at, place)| at != *place) && count > 0;
    front.extend(rest.into_iter().flatten());
    dest.body = Body::List(front);
    dest.named = Some(Box::new(mark));
    if touched || is_moved {
        dest.touched = Some(mark);
        pen.changed = true;
    }
    Some(true)
}

/// Whether the elements of both lists say by which keys they are paired: all have the first, and all or none each other.
fn is_paired(old: &[Piece], patch: Node<'_>, keys: &[KeyField]) -> bool {
    keys.iter().enumerate().all(|(place, key)| {
        let steps: Vec<&str> = key.name.split('.').collect();
        let mut has = (old.iter().map(|piece| piece.at(&steps).is_some()))
            .chain(patch.items().map(|item| item.at(&steps).is_some()));
        let first = has.next().unwrap_or(true);
        (first || place > 0) && has.all(|other| other == first)
    })
}

/// The keys that every element of both lists has; the first one where there is none.
fn common_keys(old: &[Piece], patch: Node<'_>, keys: &'static [KeyField]) -> Vec<&'static str> {
    let has = |key: &KeyField| {
        let steps: Vec<&str> = key.name.split('.').collect();
        old.iter().all(|piece| piece.at(&steps).is_some())
            && patch.items().all(|item| item.at(&steps).is_some())
    };
    let found: Vec<_> = keys
        .iter()
        .filter(|key| has(key))
        .map(|key| key.name)
        .collect();
    if found.is_empty() {
        keys.first().map(|key| key.name).into_iter().collect()
    } else {
        found
    }
}

fn keys_of_piece(piece: &Piece, keys: &[&str]) -> Vec<String> {
    let text = |key: &&str| {
        let steps: Vec<&str> = key.split('.').collect();
        piece
            .at(&steps)
            .and_then(Piece::scalar_text)
            .unwrap_or_default()
    };
    keys.iter().map(text).collect()
}

fn at<'a>(node: Node<'a>, key: &str) -> Option<Node<'a>> {
    key.split('.').try_fold(node, Node::get)
}
