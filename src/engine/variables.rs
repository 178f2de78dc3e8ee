//! `vars`: replaces `$(NAME)` with the values of variables.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fieldpath::{look, split_indexed};
use super::item::Item;
use super::look::Look;
use super::piece::{Body, Lost, Mark, Piece, TEXT, lose, spend};
use super::reach::Spec;
use super::transform::{Astray, each_at};
use super::unknown::Reason;
use super::walk::Var;

/// The value of each variable, and its writer.
type Values = BTreeMap<String, (Value, Mark)>;

/// Replaces variables with their values, and notes those without one.
pub(super) fn resolve(
    items: &mut [Item],
    vars: &[Var],
    specs: &[Spec],
    budget: &mut usize,
    unknown: &mut Vec<Lost>,
) -> Option<()> {
    if vars.is_empty() {
        return Some(());
    }
    let mut values = Values::new();
    for var in vars {
        let mut owners = items
            .iter()
            .filter(|item| item.variables.contains(&var.name));
        let Some(owner) = owners.next() else {
            lose(unknown, Reason::NoTarget, &var.name, var.mark);
            continue;
        };
        let found = split_indexed(&var.path).and_then(|steps| look(&owner.root, &steps));
        if let Some(piece) = found.filter(|piece| piece.spelled.is_some()) {
            // kustomize formats a number in its own way here.
            lose(unknown, Reason::Scalar, &var.path, Some(piece.mark));
        }
        let is_empty = |piece: &&Piece| matches!(&piece.body, Body::Map(map) if map.is_empty());
        if let Some(piece) = found.filter(is_empty)
            && var.path == "metadata.annotations"
        {
            // Earlier changes decide whether kustomize has removed the empty map.
            lose(unknown, Reason::Setting, &var.path, Some(piece.mark));
        }
        match found.map(|piece| (piece.to_json(), piece.mark)) {
            Some((Some(value), mark)) => {
                values.insert(var.name.clone(), (value, mark));
            }
            Some((None, _)) => lose(unknown, Reason::Hidden, &var.name, var.mark),
            None => {
                let is_book = var.path.starts_with("metadata.annotations") && owner.has_book();
                // kustomize keeps its internal annotations there.
                let reason = if is_book {
                    Reason::Setting
                } else {
                    Reason::NoField
                };
                lose(unknown, reason, &var.path, var.mark);
            }
        }
    }
    for item in items {
        for spec in specs {
            if !spec.is_of(item) {
                continue;
            }
            spend(budget, 1)?;
            let mark = item.root.mark;
            let (mut paid, mut spread) = (Some(()), Vec::new());
            let done = each_at(&mut item.root, &spec.path, (None, mark), &mut |field| {
                match &mut field.body {
                    Body::Map(map) => {
                        // A value that a replacement created has no type yet, and becomes a string
                        // here.
                        let mut all = map.values();
                        if let Some(piece) = all.find(|piece| is_untyped(piece)) {
                            lose(
                                unknown,
                                Reason::Scalar,
                                &spec.path.join("."),
                                Some(piece.mark),
                            );
                        }
                        for piece in map.values_mut().filter(|piece| piece.as_str().is_some()) {
                            put(piece, &values, budget, &mut paid);
                            if piece.shared > 0 {
                                spread.push(piece.clone());
                            }
                        }
                    }
                    Body::List(items) => {
                        for piece in items {
                            if piece.as_str().is_none() {
                                return Err(Astray(piece.mark));
                            }
                            put(piece, &values, budget, &mut paid);
                        }
                    }
                    Body::Scalar(_) => put(field, &values, budget, &mut paid),
                    Body::Unknown => {}
                }
                Ok(())
            });
            if let Err(Astray(mark)) = done {
                lose(unknown, Reason::Type, &spec.path.join("."), Some(mark));
            }
            paid?;
            for written in spread {
                spend(budget, item.root.measure().1 / 16)?;
                item.spread(&written);
            }
        }
    }
    Some(())
}

/// Whether a value is an untyped scalar that does not look like a string.
fn is_untyped(piece: &Piece) -> bool {
    piece.look == Look::Unsure
        && matches!(&piece.body, Body::Scalar(value) if !value.is_string() && !value.is_null())
}

/// Replaces the variables in one text.
fn put(piece: &mut Piece, values: &Values, budget: &mut usize, paid: &mut Option<()>) {
    if piece.look == Look::Folded && piece.as_str().is_some_and(|text| text.contains('\n')) {
        // kustomize writes every text again that may hold a variable.
        piece.look = Look::Literal;
    }
    let Some(text) = piece.as_str().filter(|text| text.contains('$')) else {
        return;
    };
    let Some((new, by)) = replaced(text, values) else {
        return;
    };
    let size = new.as_str().map_or(0, str::len);
    *paid = paid.and_then(|()| spend(budget, 1 + size / TEXT));
    if paid.is_some() {
        piece.body = Body::Scalar(new);
        piece.touched = by.or(piece.touched);
    }
}

/// A text with its variables replaced, and the writer of the last one; `None` if nothing was
/// replaced.
fn replaced(text: &str, values: &Values) -> Option<(Value, Option<Mark>)> {
    let mut out = String::new();
    let mut by = None;
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, from) = rest.split_at(at);
        let after = &from[1..];
        let Some(next) = after.chars().next() else {
            break;
        };
        out.push_str(before);
        match next {
            '$' => {
                out.push('$');
                rest = &after[1..];
            }
            '(' => {
                let Some(end) = after.find(')') else {
                    out.push_str("$(");
                    rest = &after[1..];
                    continue;
                };
                let name = &after[1..end];
                let value = values.get(name).filter(|(value, _)| {
                    matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_))
                });
                if let Some((value, mark)) = value {
                    by = Some(*mark);
                    if text.len() == name.len() + 3 {
                        return Some((value.clone(), by));
                    }
                    match value {
                        Value::String(value) => out.push_str(value),
                        value => out.push_str(&value.to_string()),
                    }
                } else {
                    out.push_str("$(");
                    out.push_str(name);
                    out.push(')');
                }
                rest = &after[end + 1..];
            }
            next => {
                out.push('$');
                out.push(next);
                rest = &after[next.len_utf8()..];
            }
        }
    }
    out.push_str(rest);
    (out != text).then(|| (Value::String(out), by))
}
