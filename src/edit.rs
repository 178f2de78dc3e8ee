//! Adding to the lists of a YAML file without touching the rest of its text.
//!
//! What a person has written stays as it is, byte for byte: order, comments,
//! quotes, line ends. Where a notation leaves no place to insert at, that is
//! said; nothing is written anew.

use std::ops::Range;

use serde_json::{Map, Value};

use crate::yaml::{self, Node, Style, YamlError};

/// An element to be added to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// A line above it, without the `#`; only where the list is in block style.
    pub comment: Option<String>,
    /// It as an element of a list in block style: lines of which the first begins with a dash.
    pub block: String,
    /// It as a value, for lists in flow style and for proof.
    pub value: Value,
}

impl Item {
    /// An element that is a string.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self {
            comment: None,
            block: format!("- {}", scalar(text)),
            value: Value::from(text),
        }
    }
}

/// A string as YAML, in quotes only where a reader of any version could take it for something else.
#[must_use]
pub fn scalar(text: &str) -> String {
    const BOOLEANS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let is_word = text.chars().all(is_plain)
        && !text.starts_with('-')
        && yaml::resolve_plain(text) == yaml::Kind::Str
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !BOOLEANS.contains(&text.to_ascii_lowercase().as_str());
    if is_word {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

/// Why nothing could be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is no YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// Something else than a list stands there.
    #[error("line {line}: {what} is not {expected}")]
    Shape {
        /// The line, from 1.
        line: usize,
        /// What has the wrong shape.
        what: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The text is written in a way that leaves no place to insert at.
    #[error("{0} is written in a way that nothing can be inserted into")]
    Notation(String),
}

/// Adds elements to the end of the list under a path of keys in the first document, making what is missing on the way.
///
/// # Errors
///
/// Fails on text that is no YAML, where something else than a list stands there,
/// and on notations without a place to insert at, such as an alias.
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

fn shape(node: Node<'_>, what: &str, expected: &'static str) -> EditError {
    EditError::Shape {
        line: node.line(),
        what: what.to_owned(),
        expected,
    }
}

/// What the document says when the elements are in it.
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

/// A range of the text, and what is to stand there.
struct Splice {
    range: Range<usize>,
    text: String,
}

impl Splice {
    /// Lines after the line that ends at an offset.
    fn after(text: &str, at: usize, lines: &str) -> Self {
        let newline = newline(text);
        let is_open = at > 0 && !text[..at].ends_with('\n');
        let mut out = String::new();
        if is_open {
            out.push_str(newline);
        }
        for line in lines.lines() {
            out.push_str(line);
            out.push_str(newline);
        }
        Self {
            range: at..at,
            text: out,
        }
    }
}

/// The line end that a text uses.
fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Where the elements go; nothing where the notation has no place for them.
fn find(
    text: &str,
    root: Node<'_>,
    path: &[&str],
    items: &[Item],
) -> Result<Option<Splice>, EditError> {
    let mut node = root;
    let mut is_flow = node.style() == Style::Flow;
    // The column of the keys around, and the key that stands above the node.
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

/// Puts elements where a key has no value, or null.
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
    // The word goes, what stands behind it on its line stays.
    let at = line_end(text, span.end);
    let added = Splice::after(text, at, &lines);
    Some(Splice {
        range: span.start..at,
        text: format!("{}{}", &text[span.end..at], added.text),
    })
}

/// Puts a new key behind the others of a map in block style.
fn new_key(text: &str, map: Node<'_>, rest: &[&str], items: &[Item]) -> Option<Splice> {
    let first = map.entries().map(|(key, _)| key.span().start).min()?;
    let column = column_of(text, first)?;
    let at = after_comments(text, end_of_line(text, map), column);
    Some(Splice::after(text, at, &block(rest, column, items)))
}

/// Puts something behind the last element of a list or a map in flow style.
fn flow(text: &str, node: Node<'_>, added: &str) -> Splice {
    let at = if node.is_childless() {
        node.span().start + 1
    } else {
        end_of_last(node)
    };
    let comma = if node.is_childless() { "" } else { "," };
    let is_spaced = added.starts_with(['\n', '\r']) || comma.is_empty();
    let space = if is_spaced { "" } else { " " };
    // Right behind a bracket there may be a space already.
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

/// The elements as they stand in brackets: several of them, and maps, on lines of their own.
fn elements(text: &str, around: Node<'_>, items: &[Item]) -> String {
    if let [item] = items
        && let Some(word) = item.value.as_str()
    {
        // A list without quotes is no JSON, and needs none here either.
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

/// A missing key with what belongs under it, in flow style.
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

fn indented(items: &[Item], column: usize) -> String {
    let spaces = " ".repeat(column);
    let mut out = String::new();
    for item in items {
        let comment = item.comment.iter().map(|comment| format!("# {comment}"));
        for line in comment.chain(item.block.lines().map(str::to_owned)) {
            out.push_str(&spaces);
            out.push_str(&line);
            out.push('\n');
        }
    }
    out
}

/// The spaces before an offset on its line; nothing where something else stands there.
fn column_of(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let before = text[start..at].trim_start_matches('\u{feff}');
    let is_blank = before.bytes().all(|byte| byte == b' ');
    is_blank.then_some(before.len())
}

/// The column of the dash before an element.
fn dash(text: &str, item: Node<'_>) -> Option<usize> {
    let mut end = item.span().start;
    loop {
        let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        let line = &text[start..end];
        let inner = line.trim_start_matches(' ');
        if inner.starts_with('-') {
            return Some(line.len() - inner.len());
        }
        let is_between = inner.is_empty() || inner.starts_with(['#', '&', '!', '\r']);
        if start == 0 || !is_between {
            return None;
        }
        end = start - 1;
    }
}

/// Where the text of a node ends.
fn end_of(node: Node<'_>) -> usize {
    let is_whole = node.is_scalar() || node.style() == Style::Flow || node.is_childless();
    if is_whole {
        node.span().end
    } else {
        end_of_last(node)
    }
}

/// Where the text of a list's or a map's last element ends.
fn end_of_last(node: Node<'_>) -> usize {
    // Merged entries stand elsewhere, so the last one is found by its place.
    let entries = node.entries().map(|(key, value)| {
        let end = if value.is_null() && value.span().is_empty() {
            key.span().end
        } else {
            end_of(value).max(key.span().end)
        };
        (key.span().start, end)
    });
    let items = node.items().map(|item| (item.span().start, end_of(item)));
    let last = entries.chain(items).max();
    last.map_or(node.span().end, |(_, end)| end)
}

/// The offset after the last line of a node in block style.
fn end_of_line(text: &str, node: Node<'_>) -> usize {
    let end = end_of(node);
    if !text[..end].ends_with('\n') {
        return line_end(text, end);
    }
    // A block scalar ends after the blank lines behind it, which belong to it only where it keeps them.
    if deepest_last(node).text().ends_with("\n\n") {
        return end;
    }
    let body = text[..end].trim_end_matches([' ', '\r', '\n']).len();
    line_end(text, body)
}

/// The node that ends a subtree in block style.
fn deepest_last(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    loop {
        let values = node.entries().map(|(_, value)| value);
        match values.chain(node.items()).last() {
            Some(last) => node = last,
            None => return node,
        }
    }
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// Skips the comments that follow directly and stand at least as far right as what they are about.
fn after_comments(text: &str, at: usize, column: usize) -> usize {
    let mut at = at;
    while at < text.len() {
        let end = line_end(text, at);
        let line = &text[at..end];
        let inner = line.trim_start_matches(' ');
        if !inner.starts_with('#') || line.len() - inner.len() < column {
            break;
        }
        at = end;
    }
    at
}

#[cfg(test)]
mod tests;
