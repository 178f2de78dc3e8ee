//! JSON6902 patches, operation by operation.

use std::collections::BTreeMap;

use crate::yaml::Node;

use super::item::Item;
use super::piece::{Body, Gone, MAX_DEPTH, Mark, Pen, Piece, is_same};
use super::scalar::{reread, with_flags};
use super::unknown::Reason;
use super::{copies, scalar};

/// Where kustomize keeps its internal annotations.
const ANNOTATIONS: [&str; 2] = ["metadata", "annotations"];

/// The number of list elements that may move for the cost of one new piece.
const MOVED: usize = 32;

/// Applies operations to a resource; `None` if kustomize does not build the result.
pub(super) fn operate(item: &mut Item, root: Node<'_>, pen: &mut Pen<'_>) -> Option<()> {
    if !scalar::through_json(&mut item.root) {
        pen.lose(Reason::Scalar, "", root);
    }
    if item.has_book() {
        item.annotations();
    }
    copies::note_moved(pen.copies, item, root);
    let done = apply(&mut item.root, root, item.partial, pen);
    // A held value belongs to the key where it was made, not to the one that it was moved or copied
    // to.
    for key in moved(root) {
        item.sealed.0.remove(&key);
    }
    let annotations = item.root.at(&["metadata", "annotations"]);
    match annotations.map(|piece| &piece.body) {
        Some(Body::Map(_)) => item.write_annotations(),
        Some(Body::Unknown) => {}
        // kustomize turns a list into pairs, or crashes.
        Some(Body::List(_)) => pen.lose(Reason::Setting, "annotations", root),
        Some(Body::Scalar(_)) | None => {
            let metadata = item.root.get_mut("metadata");
            metadata.map(|one| one.remove("annotations", pen.mark_of(root)));
            if item.has_book() {
                // kustomize restores its internal annotations.
                item.annotations();
            }
        }
    }
    let labels = item.root.at(&["metadata", "labels"]);
    if labels.is_some_and(|labels| matches!(labels.body, Body::List(_))) {
        pen.lose(Reason::Setting, "labels", root);
    }
    let is_said = |path: &[&str]| item.root.at(path).and_then(Piece::scalar_text).is_some();
    done.filter(|()| is_said(&["kind"]) && is_said(&["metadata", "name"]))
}

/// Applies the operations of a patch; `None` if one of them does not fit, because kustomize would
/// not build it.
///
/// `is_partial` says that only a part of the resource is known, so missing maps on the way are
/// created.
fn apply(resource: &mut Piece, patch: Node<'_>, is_partial: bool, pen: &mut Pen<'_>) -> Option<()> {
    for operation in patch.items() {
        if one(resource, operation, is_partial, pen).is_none() && !is_partial {
            return None;
        }
    }
    Some(())
}

/// The keys of data that operations move or copy a value to.
fn moved(patch: Node<'_>) -> impl Iterator<Item = String> {
    patch.items().filter_map(|operation| {
        let op = operation.str_at(&["op"])?;
        let to = steps(operation.get("path")?.text(), false)?;
        match to.as_slice() {
            [field, key] if field == "data" && matches!(op, "move" | "copy") => Some(key.clone()),
            _ => None,
        }
    })
}

fn one(
    resource: &mut Piece,
    operation: Node<'_>,
    is_partial: bool,
    pen: &mut Pen<'_>,
) -> Option<()> {
    let pointer = operation.get("path")?;
    let op = operation.str_at(&["op"])?;
    let path = steps(pointer.text(), matches!(op, "replace" | "test"))?;
    let of_path = pen.mark_of(pointer);
    let value = operation.entries().find(|(key, _)| key.text() == "value");
    match op {
        "test" => {
            // It changes nothing, but it can still stop a build.
            pen.changed = true;
            let wanted = match value {
                Some((key, value)) => Some(said(key, value, pen)?),
                None => None,
            };
            let is_met = match (look(resource, &path), &wanted) {
                (Some(old), Some(wanted)) => is_same(old, wanted),
                (old, wanted) => {
                    let is_there = old.is_some() || is_in_map(resource, &path);
                    is_there
                        && old.is_none_or(Piece::is_null)
                        && wanted.as_ref().is_none_or(Piece::is_null)
                }
            };
            is_met.then_some(())
        }
        "remove" => {
            take(resource, &path, of_path, pen)?;
            pen.changed = true;
            Some(())
        }
        op @ ("add" | "replace") => {
            // A missing value means null.
            let new = match value {
                Some((key, value)) => said(key, value, pen)?,
                None => nothing(of_path),
            };
            let old = look(resource, &path);
            let is_written = op == "replace" || is_in_map(resource, &path);
            if is_written && old.is_some_and(|old| pen.keeps(old, &new)) {
                return Some(());
            }
            pen.changed |= !old.is_some_and(|old| is_same(old, &new));
            let how = Put {
                mark: of_path,
                is_add: op == "add",
                is_partial,
            };
            put(resource, &path, new, how, pen)
        }
        op @ ("move" | "copy") => {
            let from = operation.get("from")?;
            let from_path = steps(from.text(), false)?;
            let source = look(resource, &from_path);
            let moved = match source {
                Some(source) => {
                    pen.spend(source.measure().1)?;
                    source.signed(of_path)
                }
                // A copy of a missing key is null.
                None if op == "copy" && is_in_map(resource, &from_path) => nothing(of_path),
                None => return None,
            };
            if op == "move" {
                let from = pen.mark_of(from);
                take(resource, &from_path, from, pen)?;
            }
            pen.changed = true;
            let how = Put {
                mark: of_path,
                is_add: true,
                is_partial,
            };
            put(resource, &path, moved, how, pen)
        }
        _ => None,
    }
}

/// The value of an operation, which kustomize reads as YAML 1.1 if it is not JSON.
fn said(key: Node<'_>, value: Node<'_>, pen: &mut Pen<'_>) -> Option<Piece> {
    let mut new = pen.piece(Some(key), value)?;
    let is_json = value.tree().source().starts_with('[');
    let is_known = is_json || with_flags(&mut new, value);
    if !reread(&mut new) || !is_known {
        pen.lose(Reason::Scalar, key.text(), value);
    }
    Some(new)
}

fn nothing(mark: Mark) -> Piece {
    Piece::new(Body::Scalar(serde_json::Value::Null), mark)
}

/// The steps of a JSON pointer, which begin after its first slash, whatever precedes it.
///
/// A pointer to the whole document has no steps, and not every operation accepts it.
fn steps(pointer: &str, may_be_whole: bool) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return may_be_whole.then(Vec::new);
    }
    let (_, steps) = pointer.split_once('/')?;
    let steps = steps.split('/');
    Some(
        steps
            .map(|step| step.replace("~1", "/").replace("~0", "~"))
            .collect(),
    )
}

fn look<'p>(resource: &'p Piece, path: &[String]) -> Option<&'p Piece> {
    path.iter()
        .try_fold(resource, |piece, step| match &piece.body {
            Body::Map(map) => map.get(step),
            Body::List(items) => items.get(index(step, items.len())?),
            _ => None,
        })
}

/// Whether a path ends at a key of a map, where `add` overwrites the old value.
fn is_in_map(resource: &Piece, path: &[String]) -> bool {
    let parent = path
        .split_last()
        .and_then(|(_, parents)| look(resource, parents));
    parent.is_some_and(|parent| matches!(parent.body, Body::Map(_)))
}

fn look_mut<'p>(resource: &'p mut Piece, path: &[String]) -> Option<&'p mut Piece> {
    path.iter()
        .try_fold(resource, |piece, step| match &mut piece.body {
            Body::Map(map) => map.get_mut(step),
            Body::List(items) => {
                let at = index(step, items.len())?;
                items.get_mut(at)
            }
            _ => None,
        })
}

/// An index; a negative one counts from the end.
fn index(step: &str, length: usize) -> Option<usize> {
    let at: isize = step.parse().ok()?;
    if at < 0 {
        length.checked_sub(at.unsigned_abs())
    } else {
        Some(at.unsigned_abs())
    }
}

fn take(resource: &mut Piece, path: &[String], mark: Mark, pen: &mut Pen<'_>) -> Option<()> {
    let (last, parents) = path.split_last()?;
    let parent = look_mut(resource, parents)?;
    let (key, piece) = match &mut parent.body {
        Body::Map(map) => (Some(last.clone()), map.remove(last)?),
        Body::List(items) => {
            let at = index(last, items.len()).filter(|at| *at < items.len())?;
            pen.spend((items.len() - at) / MOVED)?;
            (None, items.remove(at))
        }
        _ => return None,
    };
    parent.touched = Some(mark);
    parent.gone.push(Gone { key, piece, mark });
    Some(())
}

/// How an operation puts a value somewhere.
#[derive(Clone, Copy)]
struct Put {
    mark: Mark,
    is_add: bool,
    is_partial: bool,
}

fn put(
    resource: &mut Piece,
    path: &[String],
    new: Piece,
    how: Put,
    pen: &mut Pen<'_>,
) -> Option<()> {
    if path.len() + new.measure().0 > MAX_DEPTH {
        return None;
    }
    let Some((last, parents)) = path.split_last() else {
        *resource = new;
        return Some(());
    };
    if how.is_partial {
        pen.spend(parents.len())?;
        come(resource, parents, how.mark);
    }
    let parent = look_mut(resource, parents)?;
    match &mut parent.body {
        Body::Map(map) => {
            // kustomize's `replace` adds a missing key.
            let by = new.mark;
            if map.is_empty() && parents == ANNOTATIONS {
                // A map that exists only for kustomize's internal annotations is not visible.
                parent.mark = how.mark;
            }
            match map.insert(last.clone(), new) {
                Some(piece) => parent.gone.push(Gone {
                    key: Some(last.clone()),
                    piece,
                    mark: by,
                }),
                None => parent.touched = Some(how.mark),
            }
        }
        Body::List(items) => {
            if how.is_add {
                let at = if last == "-" {
                    items.len()
                } else {
                    // It counts from the end of the longer list.
                    index(last, items.len() + 1).filter(|at| *at <= items.len())?
                };
                pen.spend((items.len() - at) / MOVED)?;
                items.insert(at, new);
                parent.touched = Some(how.mark);
            } else {
                let at = index(last, items.len())?;
                let by = new.mark;
                let piece = std::mem::replace(items.get_mut(at)?, new);
                parent.gone.push(Gone {
                    key: None,
                    piece,
                    mark: by,
                });
            }
        }
        _ => return None,
    }
    Some(())
}

/// Creates the maps on the way to a place; lists are not created.
fn come(resource: &mut Piece, path: &[String], mark: Mark) {
    let mut piece = resource;
    for step in path {
        let Body::Map(map) = &mut piece.body else {
            return;
        };
        if step == "-" || step.parse::<usize>().is_ok() {
            return;
        }
        piece = map
            .entry(step.clone())
            .or_insert_with(|| Piece::new(Body::Map(BTreeMap::new()), mark));
    }
}
