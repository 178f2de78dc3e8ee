//! Adds elements to the end of a list.

use serde_json::{Map, Value};

use super::item::{EditError, Item, scalar};
use super::lines::{
    Splice, after_comments, column_of, dash, end_of_last, end_of_line, indented, line_end, newline,
    shape,
};
use crate::yaml::{self, Node, Style};

/// Adds elements to the end of the list under a path of keys in the first document, and creates
/// missing keys on the way.
///
/// # Errors
///
/// Fails on text that is not YAML, if the value there is not a list, and on notations without a
/// place to insert at, such as an alias.
pub fn append(text: &str, path: &[&str], items: &[Item]) -> Result<String, EditError> {
    if items.is_empty() {
        return Ok(text.to_owned());
    }
    let tree = yaml::parse_lax(text)?;
    let roots: Vec<Node<'_>> = tree.roots().collect();
    let notation = || EditError::Notation(path.join("."));
    let root = match roots.as_slice() {
        [] => None,
        [root, ..] if root.is_map() => Some(*root),
        [root] if root.is_null() => None,
        [root, ..] => return Err(shape(*root, "the document", "a map")),
    };
    let splice = match root {
        Some(root) => find(text, root, path, items)?.ok_or_else(notation)?,
        None => Splice::after(text, text.len(), &block(path, 0, items)),
    };
    let mut edited = String::with_capacity(text.len() + splice.text.len());
    edited.push_str(&text[..splice.range.start]);
    edited.push_str(&splice.text);
    edited.push_str(&text[splice.range.end..]);

    let mut expected: Vec<Value> = roots.iter().map(|root| root.to_json()).collect();
    if expected.is_empty() {
        expected.push(Value::Null);
    }
    add(&mut expected[0], path, items);
    let found = yaml::parse_lax(&edited).map_err(|_| notation())?;
    let found: Vec<Value> = found.roots().map(Node::to_json).collect();
    if found == expected {
        Ok(edited)
    } else {
        Err(notation())
    }
}

/// The value of the document with the elements in it.
fn add(value: &mut Value, path: &[&str], items: &[Item]) {
    match path {
        [] => {
            if value.is_null() {
                *value = Value::Array(Vec::new());
            }
            if let Value::Array(all) = value {
                all.extend(items.iter().map(|item| item.value.clone()));
            }
        }
        [key, rest @ ..] => {
            if value.is_null() {
                *value = Value::Object(Map::new());
            }
            if let Value::Object(map) = value {
                let inner = map.entry((*key).to_owned()).or_insert(Value::Null);
                add(inner, rest, items);
            }
        }
    }
}

/// The insertion of the elements; `None` if the notation has no place for them.
fn find(
    text: &str,
    root: Node<'_>,
    path: &[&str],
    items: &[Item],
) -> Result<Option<Splice>, EditError> {
    let mut node = root;
    let mut is_flow = node.style() == Style::Flow;
    // The column of the surrounding keys, and the key above the node.
    let mut column = 0;
    let mut above: Option<Node<'_>> = None;
    for (depth, key) in path.iter().enumerate() {
        if node.is_null() {
            return Ok(fill(
                text,
                node,
                above,
                column,
                &path[depth..],
                items,
                is_flow,
            ));
        }
        if !node.is_map() {
            return Err(shape(node, &path[..depth].join("."), "a map"));
        }
        let Some((name, value)) = node.entries().find(|(name, _)| name.text() == *key) else {
            return Ok(if is_flow {
                Some(flow(text, node, &entry(text, node, &path[depth..], items)))
            } else {
                new_key(text, node, &path[depth..], items)
            });
        };
        if !is_flow {
            let Some(found) = column_of(text, name.span().start) else {
                return Ok(None);
            };
            column = found;
        }
        above = Some(name);
        is_flow |= !value.is_scalar() && value.style() == Style::Flow;
        node = value;
    }
    if node.is_null() {
        return Ok(fill(text, node, above, column, &[], items, is_flow));
    }
    if !node.is_seq() {
        return Err(shape(node, &path.join("."), "a list"));
    }
    if is_flow {
        return Ok(Some(flow(text, node, &elements(text, node, items))));
    }
    let Some(column) = node.items().next().and_then(|first| dash(text, first)) else {
        return Ok(None);
    };
    let at = after_comments(text, end_of_line(text, node), column + 1);
    Ok(Some(Splice::after(text, at, &indented(items, column))))
}

/// Inserts elements where a key has no value, or null.
fn fill(
    text: &str,
    null: Node<'_>,
    key: Option<Node<'_>>,
    column: usize,
    rest: &[&str],
    items: &[Item],
    is_flow: bool,
) -> Option<Splice> {
    let span = null.span();
    let word = &text[span.clone()];
    let is_written = matches!(word, "null" | "Null" | "NULL" | "~");
    if is_flow {
        return is_written.then(|| Splice {
            range: span,
            text: inner(text, null, rest, items),
        });
    }
    let key = key?;
    let inner_column = if rest.is_empty() { column } else { column + 2 };
    let lines = block(rest, inner_column, items);
    if !is_written {
        let at = line_end(text, key.span().end);
        return word.is_empty().then(|| Splice::after(text, at, &lines));
    }
    // The null is removed; the rest of its line stays.
    let at = line_end(text, span.end);
    let added = Splice::after(text, at, &lines);
    Some(Splice {
        range: span.start..at,
        text: format!("{}{}", &text[span.end..at], added.text),
    })
}

/// Inserts a new key after the others of a map in block style.
fn new_key(text: &str, map: Node<'_>, rest: &[&str], items: &[Item]) -> Option<Splice> {
    let first = map.entries().map(|(key, _)| key.span().start).min()?;
    let column = column_of(text, first)?;
    let at = after_comments(text, end_of_line(text, map), column);
    Some(Splice::after(text, at, &block(rest, column, items)))
}

/// Inserts text after the last element of a list or a map in flow style.
fn flow(text: &str, node: Node<'_>, added: &str) -> Splice {
    let at = if node.is_childless() {
        node.span().start + 1
    } else {
        end_of_last(node)
    };
    let comma = if node.is_childless() { "" } else { "," };
    let is_spaced = added.starts_with(['\n', '\r']) || comma.is_empty();
    let space = if is_spaced { "" } else { " " };
    // There may already be a space after the bracket.
    let added = if comma.is_empty() && text[at..].starts_with(' ') {
        added.trim_end()
    } else {
        added
    };
    Splice {
        range: at..at,
        text: format!("{comma}{space}{added}"),
    }
}

/// The elements in brackets; maps, and several elements, are on separate lines.
fn elements(text: &str, around: Node<'_>, items: &[Item]) -> String {
    if let [item] = items
        && let Some(word) = item.value.as_str()
    {
        // A list without quotes is not JSON, so the elements need no quotes either.
        let is_plain = around.items().any(|other| other.style() == Style::Plain);
        return if is_plain {
            scalar(word)
        } else {
            item.value.to_string()
        };
    }
    let start = text[..around.span().start]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let line = &text[start..];
    let column = line.len() - line.trim_start_matches(' ').len() + 2;
    let lead = format!("{}{}", newline(text), " ".repeat(column));
    let written = |item: &Item| {
        let Some(map) = item.value.as_object() else {
            return format!("{lead}{}", item.value);
        };
        let entries = map.iter();
        let entries: Vec<String> = entries
            .map(|(key, value)| format!("{lead}  {}: {value}", Value::from(key.as_str())))
            .collect();
        format!("{lead}{{{}{lead}}}", entries.join(","))
    };
    items.iter().map(written).collect::<Vec<_>>().join(",")
}

/// The list under its missing keys, in flow style.
fn inner(text: &str, around: Node<'_>, rest: &[&str], items: &[Item]) -> String {
    let list = format!("[{}]", elements(text, around, items));
    rest.iter().rev().fold(list, |inner, key| {
        format!("{{{}: {inner}}}", Value::from(*key))
    })
}

/// A missing key with the keys and the list below it, in flow style.
fn entry(text: &str, around: Node<'_>, rest: &[&str], items: &[Item]) -> String {
    match rest {
        [key, rest @ ..] => {
            let inner = inner(text, around, rest, items);
            format!("{}: {inner}", Value::from(*key))
        }
        [] => String::new(),
    }
}

/// The list under its missing keys, in block style.
fn block(rest: &[&str], column: usize, items: &[Item]) -> String {
    let mut out = String::new();
    for (depth, key) in rest.iter().enumerate() {
        out.push_str(&" ".repeat(column + 2 * depth));
        out.push_str(key);
        out.push_str(":\n");
    }
    let depth = rest.len().saturating_sub(1);
    out.push_str(&indented(items, column + 2 * depth));
    out
}
