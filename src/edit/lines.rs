//! The beginnings and ends of nodes in the text of a file.

use std::ops::Range;

use super::item::{EditError, Item};
use crate::yaml::{Node, Style};

pub(super) fn shape(node: Node<'_>, what: &str, expected: &'static str) -> EditError {
    EditError::Shape {
        line: node.line(),
        what: what.to_owned(),
        expected,
    }
}

/// A range of the text, and its replacement.
pub(super) struct Splice {
    pub range: Range<usize>,
    pub text: String,
}

impl Splice {
    /// Lines after the line that ends at an offset.
    pub(super) fn after(text: &str, at: usize, lines: &str) -> Self {
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
pub(super) fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

pub(super) fn indented(items: &[Item], column: usize) -> String {
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

/// The number of spaces before an offset on its line; `None` if the line has other characters
/// there.
pub(super) fn column_of(text: &str, at: usize) -> Option<usize> {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let before = text[start..at].trim_start_matches('\u{feff}');
    let is_blank = before.bytes().all(|byte| byte == b' ');
    is_blank.then_some(before.len())
}

/// The column of the dash before an element.
pub(super) fn dash(text: &str, item: Node<'_>) -> Option<usize> {
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

/// The end of a node's text.
fn end_of(node: Node<'_>) -> usize {
    let is_whole = node.is_scalar() || node.style() == Style::Flow || node.is_childless();
    if is_whole {
        node.span().end
    } else {
        end_of_last(node)
    }
}

/// The end of the text of a list's or a map's last element.
pub(super) fn end_of_last(node: Node<'_>) -> usize {
    // Merged entries are written elsewhere, so the last one is found by its position.
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
pub(super) fn end_of_line(text: &str, node: Node<'_>) -> usize {
    let end = end_of(node);
    if !text[..end].ends_with('\n') {
        return line_end(text, end);
    }
    // A block scalar ends after its trailing blank lines, which belong to it only if it keeps them.
    if deepest_last(node).text().ends_with("\n\n") {
        return end;
    }
    let body = text[..end].trim_end_matches([' ', '\r', '\n']).len();
    line_end(text, body)
}

/// The last node of a subtree in block style.
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

pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// Skips the comments that follow directly and are at least as far right as their subject.
pub(super) fn after_comments(text: &str, at: usize, column: usize) -> usize {
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
