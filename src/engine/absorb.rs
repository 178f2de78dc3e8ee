//! A generated resource that replaces an existing one, or is merged with it.

use std::collections::BTreeMap;

use crate::api::ORIGIN;

use super::item::Item;
use super::look::Look;
use super::piece::{Body, Gone, Mark, Piece};

/// Replaces an existing resource with a generated one. The name, the labels and the annotations of
/// the old one are kept, and so is its data unless `replaces` is set.
pub(super) fn absorb(old: &mut Item, mut new: Item, replaces: bool, mark: Mark) {
    let Body::Map(fields) = &mut new.root.body else {
        return;
    };
    if let Some(metadata) = old.root.get("metadata") {
        let mut metadata = metadata.clone();
        if let Body::Map(map) = &mut metadata.body {
            // kustomize reads labels and annotations as maps, and writes new ones.
            let is_map = |piece: &Piece| matches!(piece.body, Body::Map(_));
            map.retain(|key, piece| {
                !matches!(key.as_str(), "labels" | "annotations") || is_map(piece)
            });
        }
        let own = fields.get("metadata");
        for field in ["labels", "annotations"] {
            let Some(Body::Map(map)) = own.and_then(|own| own.get(field)).map(|map| &map.body)
            else {
                continue;
            };
            for (key, piece) in map {
                let is_first = metadata.at(&[field, key]).is_none();
                // A merged resource keeps its origin.
                if replaces || is_first || key != ORIGIN {
                    metadata.set(&[field, key], piece.clone());
                }
            }
        }
        // Of the remaining metadata, only name and namespace are kept.
        if let Body::Map(map) = &mut metadata.body {
            let is_kept =
                |key: &str| matches!(key, "name" | "namespace" | "labels" | "annotations");
            map.retain(|key, _| is_kept(key));
        }
        // kustomize writes all labels again, as strings.
        if let Some(labels) = metadata.get_mut("labels") {
            labels.each(&mut |label| label.body = Body::Scalar(label.written().into()));
        }
        fields.insert("metadata".to_owned(), metadata);
    }
    for field in ["data", "binaryData"] {
        let Some(was) = old.root.get(field) else {
            // A merge leaves no empty map.
            let is_empty = |map: &Piece| matches!(&map.body, Body::Map(map) if map.is_empty());
            if !replaces && fields.get(field).is_some_and(is_empty) {
                fields.remove(field);
            }
            continue;
        };
        let mut is = was.clone();
        let own = fields.remove(field);
        let is_own = own.is_some();
        let own = own.map_or_else(BTreeMap::new, |own| match own.body {
            Body::Map(map) => map,
            _ => BTreeMap::new(),
        });
        match &mut is.body {
            Body::Map(map) if replaces => {
                let lost = std::mem::take(map).into_iter();
                let lost = lost.filter(|(key, _)| !own.contains_key(key));
                let gone = lost.map(|(key, piece)| Gone {
                    key: Some(key),
                    piece,
                    mark,
                });
                is.gone.extend(gone);
                is.touched = Some(mark);
            }
            Body::Map(map) => map.values_mut().for_each(as_datum),
            _ => is.body = Body::Map(BTreeMap::new()),
        }
        if let Body::Map(map) = &mut is.body {
            for (key, piece) in own {
                let by = piece.mark;
                if map.insert(key, piece).is_none() {
                    is.touched = Some(by);
                }
            }
            if !map.is_empty() || replaces && is_own {
                fields.insert(field.to_owned(), is);
            }
        }
    }
    if !replaces {
        for (key, value) in &old.sealed.0 {
            let is_same = |map: &Piece| matches!(map.body, Body::Unknown);
            let kept = fields.get("data").and_then(|data| data.get(key));
            if kept.is_some_and(is_same) {
                new.sealed
                    .0
                    .entry(key.clone())
                    .or_insert_with(|| value.clone());
            }
        }
    }
    old.root.body = new.root.body;
    old.sealed = new.sealed;
    old.hashed &= new.hashed;
    old.reach.extend(new.reach);
}

/// Turns a value into what kustomize makes of it when it merges data: its text, which is empty for
/// maps and lists.
fn as_datum(piece: &mut Piece) {
    if matches!(piece.body, Body::Unknown) {
        return;
    }
    let text = piece.scalar_text().unwrap_or_default();
    piece.look = Look::of_made(&text);
    piece.body = Body::Scalar(text.into());
    piece.spelled = None;
}
