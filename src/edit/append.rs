//! Adding to the end of a list, and adding a key that is not there.

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
    put(text, 0, path, Added::Items(items))
}

/// Adds a key with a text or an empty map under a path of keys in a document, and makes the maps that the path lacks.
///
/// # Errors
///
/// As [`append`]; fails also if the key is there already, or if there is no such document.
pub fn insert(
    text: &str,
    document: usize,
    path: &[&str],
    value: &Value,
) -> Result<String, EditError> {
    put(text, document, path, Added::Value(value))
}

/// What is added.
#[derive(Clone, Copy)]
enum Added<'a> {
    /// Elements, to the list that a path leads to.
    Items(&'a [Item]),
    /// A value, under the last key of a path.
    Value(&'a Value),
}

fn put(text: &str, document: usize, path: &[&str], added: Added<'_>) -> Result<String, EditError> {
    let tree = yaml::parse_lax(text)?;
    let roots: Vec<Node<'_>> = tree.roots().collect();
    let notation = || EditError::Notation(path.join("."));
    let root = match (document, roots.get(document)) {
        (0, None) => None,
        (_, None) => return Err(notation()),
        (_, Some(root)) if root.is_map() => Some(*root),
        (0, Some(root)) if root.is_null() && roots.len() == 1 => None,
        (_, Some(root)) => return Err(shape(*root, "the document", "a map")),
    };
    let splice = match root {
        Some(root) => find(text, root, path, added)?.ok_or_else(notation)?,
        None => Splice::after(text, text.len(), &block(path, 0, added)),
    };
    let mut edited = String::with_capacity(text.len() + splice.text.len());
    edited.push_str(&text[..splice.range.start]);
    edited.push_str(&splice.text);
    edited.push_str(&text[splice.range.end..]);

    let mut expected: Vec<Value> = roots.iter().map(|root| root.to_json()).collect();
    if expected.is_empty() {
        expected.push(Value::Null);
    }
    if let Some(expected) = expected.get_mut(document) {
        add(expected, path, added);
    }
    let found = yaml::parse_lax(&edited).map_err(|_| notation())?;
    let found: Vec<Value> = found.roots().map(Node::to_json).collect();
    if found == expected {
        Ok(edited)
    } else {
        Err(notation())
    }
}

/// What the document says when it is in it.
fn add(value: &mut Value, path: &[&str], added: Added<'_>) {
    match (path, added) {
        ([], Added::Items(items)) => {
            if value.is_null() {
                *value = Value::Array(Vec::new());
            }
            if let Value::Array(all) = value {
                all.extend(items.iter().map(|item| item.value.clone()));
            }
        }
        ([], Added::Value(added)) => *value = added.clone(),
        ([key, rest @ ..], added) => {
            if value.is_null() {
                *value = Value::Object(Map::new());
            }
            if let Value::Object(map) = value {
                let inner = map.entry((*key).to_owned()).or_insert(Value::Null);
                add(inner, rest, added);
            }
        }
    }
}

/// Where it goes; nothing where the notation has no place for it.
fn find(
    text: &str,
    root: Node<'_>,
    path: &[&str],
    added: Added<'_>,
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
                added,
                is_flow,
            ));
        }
        if !node.is_map() {
            return Err(shape(node, &path[..depth].join("."), "a map"));
        }
        let Some((name, value)) = node.entries().find(|(name, _)| name.text() == *key) else {
            return Ok(if is_flow {
                Some(flow(text, node, &entry(text, node, &path[depth..], added)))
            } else {
                new_key(text, node, &path[depth..], added)
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
    let Added::Items(items) = added else {
        return Ok(None);
    };
    if node.is_null() {
        return Ok(fill(text, node, above, column, &[], added, is_flow));
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

/// Puts something where a key has no value, or null.
fn fill(
    text: &str,
    null: Node<'_>,
    key: Option<Node<'_>>,
    column: usize,
    rest: &[&str],
    added: Added<'_>,
    is_flow: bool,
) -> Option<Splice> {
    let span = null.span();
    let word = &text[span.clone()];
    let is_written = matches!(word, "null" | "Null" | "NULL" | "~");
    if is_flow {
        return is_written.then(|| Splice {
            range: span,
            text: inner(text, null, rest, added),
        });
    }
    let key = key?;
    let inner_column = if rest.is_empty() { column } else { column + 2 };
    let lines = block(rest, inner_column, added);
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
fn new_key(text: &str, map: Node<'_>, rest: &[&str], added: Added<'_>) -> Option<Splice> {
    let first = map.entries().map(|(key, _)| key.span().start).min()?;
    let column = column_of(text, first)?;
    let at = after_comments(text, end_of_line(text, map), column);
    Some(Splice::after(text, at, &block(rest, column, added)))
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

/// What is added under its missing keys, in flow style.
fn inner(text: &str, around: Node<'_>, rest: &[&str], added: Added<'_>) -> String {
    let whole = match added {
        Added::Items(items) => format!("[{}]", elements(text, around, items)),
        Added::Value(value) => value.to_string(),
    };
    rest.iter().rev().fold(whole, |inner, key| {
        format!("{{{}: {inner}}}", Value::from(*key))
    })
}

/// A missing key with the keys and the list below it, in flow style.
fn entry(text: &str, around: Node<'_>, rest: &[&str], added: Added<'_>) -> String {
    match rest {
        [key, rest @ ..] => {
            let inner = inner(text, around, rest, added);
            format!("{}: {inner}", Value::from(*key))
        }
        [] => String::new(),
    }
}

/// What is added under its missing keys, in block style.
fn block(rest: &[&str], column: usize, added: Added<'_>) -> String {
    let mut out = String::new();
    for (depth, key) in rest.iter().enumerate() {
        out.push_str(&" ".repeat(column + 2 * depth));
        out.push_str(key);
        out.push(':');
        if let (Added::Value(value), true) = (added, depth + 1 == rest.len()) {
            out.push(' ');
            out.push_str(&text_of(value, column + 2 * depth + 2));
        }
        out.push('\n');
    }
    if let Added::Items(items) = added {
        let depth = rest.len().saturating_sub(1);
        out.push_str(&indented(items, column + 2 * depth));
    }
    out
}

/// A value behind its key: a text of several lines as lines at a column.
fn text_of(value: &Value, column: usize) -> String {
    let Some(text) = value.as_str() else {
        return value.to_string();
    };
    match text.strip_suffix('\n') {
        Some(lines) if !lines.is_empty() && !lines.starts_with([' ', '\n']) => {
            let pad = " ".repeat(column);
            let lines = lines.lines().map(|line| format!("\n{pad}{line}"));
            format!("|{}", lines.collect::<String>())
        }
        _ => scalar(text),
    }
}
