//! JSON6902 patches, operation by operation.

use std::collections::BTreeMap;

use crate::yaml::Node;

use super::piece::{Body, Gone, Mark, Pen, Piece};

/// Deeper than any resource: what a patch nests deeper is not followed.
const MAX_DEPTH: usize = 600;

/// Applies the operations of a patch; nothing where one of them does not fit, as kustomize would not build it.
///
/// `is_partial` says that the resource is only known in part, so that maps on the way may come.
pub(super) fn apply(
    resource: &mut Piece,
    patch: Node<'_>,
    is_partial: bool,
    pen: &mut Pen<'_>,
) -> Option<()> {
    for operation in patch.items() {
        if one(resource, operation, is_partial, pen).is_none() && !is_partial {
            return None;
        }
    }
    Some(())
}

fn one(
    resource: &mut Piece,
    operation: Node<'_>,
    is_partial: bool,
    pen: &mut Pen<'_>,
) -> Option<()> {
    let pointer = operation.get("path")?;
    let path = steps(pointer.text())?;
    let of_path = pen.mark_of(pointer);
    let value = operation.entries().find(|(key, _)| key.text() == "value");
    match operation.str_at(&["op"])? {
        "test" => {
            // It changes nothing, and still it can stop a build.
            pen.changed = true;
            Some(())
        }
        "remove" => {
            take(resource, &path, Some(of_path))?;
            pen.changed = true;
            Some(())
        }
        op @ ("add" | "replace") => {
            let (key, value) = value?;
            let new = pen.piece(Some(key), value)?;
            let old = look(resource, &path).and_then(Piece::to_json);
            pen.changed |= old.is_none() || old != new.to_json();
            put(resource, &path, new, of_path, op == "add", is_partial)
        }
        op @ ("move" | "copy") => {
            let from = operation.get("from")?;
            let from_path = steps(from.text())?;
            let mut moved = if op == "move" {
                take(resource, &from_path, Some(pen.mark_of(from)))?
            } else {
                look(resource, &from_path)?.clone()
            };
            let (depth, size) = moved.measure();
            *pen.budget = pen.budget.checked_sub(size)?;
            if depth + path.len() > MAX_DEPTH {
                return None;
            }
            sign(&mut moved, of_path);
            pen.changed = true;
            put(resource, &path, moved, of_path, true, is_partial)
        }
        _ => None,
    }
}

/// Everything of a copy was written by the operation.
fn sign(piece: &mut Piece, mark: Mark) {
    piece.mark = mark;
    piece.gone.clear();
    piece.touched = None;
    match &mut piece.body {
        Body::Map(map) => map.values_mut().for_each(|piece| sign(piece, mark)),
        Body::List(items) => items.iter_mut().for_each(|piece| sign(piece, mark)),
        _ => {}
    }
}

/// The steps of a JSON pointer.
pub(super) fn steps(pointer: &str) -> Option<Vec<String>> {
    if pointer.is_empty() {
        return Some(Vec::new());
    }
    let steps = pointer.strip_prefix('/')?.split('/');
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

/// An index, counted from the end where it is negative.
fn index(step: &str, length: usize) -> Option<usize> {
    match step.strip_prefix('-') {
        Some(back) => length.checked_sub(back.parse().ok()?),
        None => step.parse().ok(),
    }
}

fn take(resource: &mut Piece, path: &[String], mark: Option<Mark>) -> Option<Piece> {
    let (last, parents) = path.split_last()?;
    let parent = look_mut(resource, parents)?;
    let (key, piece) = match &mut parent.body {
        Body::Map(map) => (Some(last.clone()), map.remove(last)?),
        Body::List(items) => {
            let at = index(last, items.len()).filter(|at| *at < items.len())?;
            (None, items.remove(at))
        }
        _ => return None,
    };
    if let Some(mark) = mark {
        parent.touched = Some(mark);
        parent.gone.push(Gone {
            key,
            piece: piece.clone(),
            mark,
        });
    }
    Some(piece)
}

fn put(
    resource: &mut Piece,
    path: &[String],
    new: Piece,
    mark: Mark,
    is_add: bool,
    is_partial: bool,
) -> Option<()> {
    let Some((last, parents)) = path.split_last() else {
        *resource = new;
        return Some(());
    };
    if is_partial {
        come(resource, parents, mark);
    }
    let parent = look_mut(resource, parents)?;
    match &mut parent.body {
        Body::Map(map) => {
            if !is_add && !is_partial && !map.contains_key(last) {
                return None;
            }
            let by = new.mark;
            match map.insert(last.clone(), new) {
                Some(piece) => parent.gone.push(Gone {
                    key: Some(last.clone()),
                    piece,
                    mark: by,
                }),
                None => parent.touched = Some(mark),
            }
        }
        Body::List(items) => {
            if is_add {
                let at = if last == "-" {
                    items.len()
                } else {
                    index(last, items.len()).filter(|at| *at <= items.len())?
                };
                items.insert(at, new);
                parent.touched = Some(mark);
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

/// Makes the maps on the way to a place, as far as they are no lists.
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
