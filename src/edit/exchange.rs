//! Removes elements from a list, and replaces them.
//!
//! A comment directly above an element belongs to it, and so do the lines below it that are further
//! right than its dash. Lines between elements that belong to none of them stay.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use serde_json::Value;

use super::item::{EditError, Item};
use super::lines::{Splice, dash, end_of_line, indented, line_end, newline, shape};
use crate::yaml::{self, Node, Style};

/// Removes elements from the list under a path of keys in the first document; an emptied list stays
/// as an empty list.
///
/// `heads` says whether a comment line above an element is a heading of the following elements too:
/// then it stays as long as the next remaining element has no comment of its own.
///
/// # Errors
///
/// Fails if the list is missing or lacks one of the elements, and on notations in which an element
/// cannot be removed: an anchor that others use, an alias in place of the list, a comment between
/// elements on one line.
pub fn remove(
    text: &str,
    path: &[&str],
    indices: &BTreeSet<usize>,
    heads: impl Fn(usize, &str) -> bool,
) -> Result<String, EditError> {
    let changes = indices.iter().map(|index| (*index, None)).collect();
    exchange(text, path, &changes, &heads)
}

/// Replaces some elements of the list under a path of keys; the comments above them stay.
///
/// # Errors
///
/// As [`remove`].
pub fn replace(
    text: &str,
    path: &[&str],
    items: &BTreeMap<usize, Item>,
) -> Result<String, EditError> {
    let changes = items.iter().map(|(index, item)| (*index, Some(item)));
    exchange(text, path, &changes.collect(), &|_, _| true)
}

/// The changes of elements by index: a replacement, or `None` to remove it.
type Changes<'i> = BTreeMap<usize, Option<&'i Item>>;

fn exchange(
    text: &str,
    path: &[&str],
    changes: &Changes<'_>,
    heads: &dyn Fn(usize, &str) -> bool,
) -> Result<String, EditError> {
    let Some(first) = changes.keys().next() else {
        return Ok(text.to_owned());
    };
    let what = path.join(".");
    let held = |index: usize, why| EditError::Held {
        what: format!("{what}[{index}]"),
        why,
    };
    let tree = yaml::parse_lax(text)?;
    let roots: Vec<Node<'_>> = tree.roots().collect();
    let Some(root) = roots.first() else {
        return Err(held(*first, "it does not exist"));
    };
    let list = list(text, *root, path)?;
    let items: Vec<Node<'_>> = list.items().collect();
    if let Some(index) = changes.keys().find(|index| **index >= items.len()) {
        return Err(held(*index, "it does not exist"));
    }
    let splices = match list.style() {
        Style::Flow => flow(text, &items, changes, heads),
        _ => block(text, &items, changes, heads),
    };
    let splices = splices.ok_or_else(|| held(*first, "it shares its lines with other entries"))?;
    let edited = apply(text, splices);

    let mut expected: Vec<Value> = roots.iter().map(|root| root.to_json()).collect();
    let is_block = list.style() != Style::Flow;
    if let Some(root) = expected.first_mut() {
        change(root, path, changes, is_block);
    }
    let Ok(found) = yaml::parse_lax(&edited) else {
        return Err(held(*first, "something else refers to it, as by an anchor"));
    };
    let found: Vec<Value> = found.roots().map(Node::to_json).collect();
    if found == expected {
        Ok(edited)
    } else {
        Err(held(*first, "the text around it would change with it"))
    }
}

/// The list under a path of keys, at the place where it is written.
pub(super) fn list<'n>(text: &str, root: Node<'n>, path: &[&str]) -> Result<Node<'n>, EditError> {
    let mut node = root;
    for (depth, key) in path.iter().enumerate() {
        if !node.is_map() {
            let what = path[..depth].join(".");
            let what = if what.is_empty() {
                "the document"
            } else {
                &what
            };
            return Err(shape(node, what, "a map"));
        }
        let entry = node.entries().find(|(name, _)| name.text() == *key);
        let Some((_, value)) = entry else {
            return Err(shape(node, &path[..=depth].join("."), "there"));
        };
        node = value;
    }
    if !node.is_seq() {
        return Err(shape(node, &path.join("."), "a list"));
    }
    // The parts of an alias have the position of the alias.
    if text[node.span().start..].starts_with('*') {
        return Err(EditError::Alias(path.join(".")));
    }
    Ok(node)
}

/// The value of the document afterwards; an emptied list in block style is `null`.
fn change(value: &mut Value, path: &[&str], changes: &Changes<'_>, is_block: bool) {
    if let [key, rest @ ..] = path {
        if let Some(inner) = value.get_mut(*key) {
            change(inner, rest, changes, is_block);
        }
        return;
    }
    if let Value::Array(all) = value {
        let left = all.drain(..).enumerate().filter_map(|(index, old)| {
            let new = changes.get(&index);
            new.map_or(Some(old), |new| new.map(|item| item.value.clone()))
        });
        let left: Vec<Value> = left.collect();
        *value = if left.is_empty() && is_block {
            Value::Null
        } else {
            left.into()
        };
    }
}

/// The lines of an element.
#[derive(Clone, Debug)]
struct Lines {
    /// The start of the comments above it.
    comments: usize,
    /// The start of its own first line.
    start: usize,
    /// The start of the line after its last.
    end: usize,
}

fn block(
    text: &str,
    items: &[Node<'_>],
    changes: &Changes<'_>,
    heads: &dyn Fn(usize, &str) -> bool,
) -> Option<Vec<Splice>> {
    let column = dash(text, *items.first()?)?;
    let starts = items.iter().map(|item| {
        let (start, found) = dash_line(text, *item)?;
        (found == column).then_some(start)
    });
    let starts: Vec<usize> = starts.collect::<Option<_>>()?;
    let mut all: Vec<Lines> = Vec::with_capacity(items.len());
    let mut floor = 0;
    for (index, (item, start)) in items.iter().zip(&starts).enumerate() {
        let is_own = |line: &str| indent(line) == column && line.trim_start().starts_with('#');
        let comments = above(text, *start, floor, is_own);
        let end = end_of_line(text, *item).max(line_end(text, item.span().start));
        // The end of an empty scalar may be after the dash of the next element.
        let most = starts.get(index + 1).copied().unwrap_or(text.len());
        let end = deeper(text, end.min(most), column);
        all.push(Lines {
            comments,
            start: *start,
            end,
        });
        floor = end;
    }
    let mut splices = removals(text, &all, changes, heads);
    for (index, item) in changes
        .iter()
        .filter_map(|(at, item)| Some((*at, (*item)?)))
    {
        let lines = &all[index];
        let is_open = lines.end == text.len() && !text.ends_with('\n');
        let new = indented(std::slice::from_ref(item), column);
        let mut new = new.replace('\n', newline(text));
        if is_open {
            new.truncate(new.trim_end().len());
        }
        splices.push(Splice {
            range: lines.start..lines.end,
            text: new,
        });
    }
    Some(splices)
}

fn flow(
    text: &str,
    items: &[Node<'_>],
    changes: &Changes<'_>,
    heads: &dyn Fn(usize, &str) -> bool,
) -> Option<Vec<Splice>> {
    let is_gone = |index: usize| changes.get(&index).is_some_and(Option::is_none);
    let mut splices: Vec<Splice> = changes
        .iter()
        .filter_map(|(index, item)| {
            Some(Splice {
                range: items[*index].span(),
                text: (*item)?.value.to_string(),
            })
        })
        .collect();
    let gone: Vec<usize> = (0..items.len()).filter(|index| is_gone(*index)).collect();
    let last_kept = (0..items.len()).rev().find(|index| !is_gone(*index));
    if let Some(all) = gone
        .iter()
        .map(|index| own_lines(text, *items.get(*index)?))
        .collect::<Option<Vec<_>>>()
    {
        // Only the removed elements need lines; the others bound them.
        let mut lines: Vec<Lines> = items
            .iter()
            .map(|item| Lines {
                comments: item.span().start,
                start: item.span().start,
                end: item.span().end,
            })
            .collect();
        for (index, own) in gone.iter().zip(all) {
            lines[*index] = own;
        }
        for index in gone.iter().copied() {
            let floor = index.checked_sub(1).map_or(0, |before| {
                line_end(text, lines[before].end.saturating_sub(1))
            });
            let is_own = |line: &str| line.trim_start().starts_with('#');
            lines[index].comments = above(text, lines[index].start, floor, is_own);
        }
        splices.extend(removals(text, &lines, changes, heads));
        // The last element has no comma after it if there was none before.
        let has_comma = |index: usize| {
            text[items[index].span().end..]
                .trim_start()
                .starts_with(',')
        };
        if let Some(last) = last_kept
            && last + 1 < items.len()
            && !has_comma(items.len() - 1)
        {
            let end = items[last].span().end;
            let comma = end + text[end..].find(',')?;
            splices.push(Splice {
                range: comma..comma + 1,
                text: String::new(),
            });
        }
        return Some(splices);
    }
    for index in gone {
        let item = items[index].span();
        let next = items.get(index + 1).map(|next| next.span().start);
        let range = match (next, last_kept) {
            // All elements after the last remaining one are removed with the comma before them.
            (_, Some(last)) if index > last => {
                let before = items[index - 1].span().end;
                before..item.end
            }
            (Some(next), _) => item.start..next,
            (None, _) => {
                let rest = &text[item.end..];
                let inner = rest.trim_start();
                let comma = rest.len() - inner.len() + 1;
                let end = if inner.starts_with(',') { comma } else { 0 };
                item.start..item.end + end
            }
        };
        let around = [
            range.start..item.start.max(range.start),
            item.end.min(range.end)..range.end,
        ];
        if around.into_iter().any(|part| text[part].contains('#')) {
            return None;
        }
        splices.push(Splice {
            range,
            text: String::new(),
        });
    }
    Some(splices)
}

/// The lines to remove with the elements: their own, the comments above them, and superfluous blank
/// lines.
fn removals(
    text: &str,
    all: &[Lines],
    changes: &Changes<'_>,
    heads: &dyn Fn(usize, &str) -> bool,
) -> Vec<Splice> {
    let is_gone = |index: usize| changes.get(&index).is_some_and(Option::is_none);
    let mut runs: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for index in (0..all.len()).filter(|index| is_gone(*index)) {
        let lines = &all[index];
        let next = (index + 1..all.len()).find(|next| !is_gone(*next));
        let is_bare = |next: usize| all[next].comments == all[next].start;
        let stays = next.is_some_and(is_bare);
        let mut start = lines.comments;
        while stays && start < lines.start {
            let end = line_end(text, start);
            if !heads(index, text[start..end].trim()) {
                break;
            }
            start = end;
        }
        match runs.last_mut() {
            Some((indices, run))
                if indices.end == index
                    && start == lines.comments
                    && text[run.end..start].trim().is_empty() =>
            {
                indices.end = index + 1;
                run.end = lines.end;
            }
            _ => runs.push((index..index + 1, start..lines.end)),
        }
    }
    let runs = runs.into_iter().map(|(indices, range)| {
        let floor = indices
            .start
            .checked_sub(1)
            .map_or(0, |before| all[before].end);
        let before = blank_above(text, range.start, floor);
        let after = blank_below(text, range.end);
        let is_first = indices.start == 0;
        let has_heading = range.start > all[indices.start].comments;
        let range = if after > range.end && (before < range.start || is_first || has_heading) {
            range.start..after
        } else if indices.end == all.len() && after == range.end {
            before..range.end
        } else {
            range
        };
        Splice {
            range,
            text: String::new(),
        }
    });
    runs.collect()
}

/// Applies changes, which may touch or overlap if both only remove.
fn apply(text: &str, mut splices: Vec<Splice>) -> String {
    splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for splice in splices {
        out.push_str(text.get(at..splice.range.start).unwrap_or_default());
        out.push_str(&splice.text);
        at = at.max(splice.range.end);
    }
    out.push_str(&text[at..]);
    out
}

/// The start of the line with the dash of an element, and its column.
fn dash_line(text: &str, item: Node<'_>) -> Option<(usize, usize)> {
    let column = dash(text, item)?;
    let mut end = item.span().start;
    loop {
        let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        let line = &text[start..];
        if line.trim_start_matches(' ').starts_with('-') && indent(line) == column {
            return Some((start, column));
        }
        end = start.checked_sub(1)?;
    }
}

/// The lines of an element in flow style, if it shares them with no other.
fn own_lines(text: &str, item: Node<'_>) -> Option<Lines> {
    let span = item.span();
    let start = text[..span.start].rfind('\n')? + 1;
    let end = line_end(text, span.end);
    let behind = text[span.end..end].trim_start_matches([' ', '\t']);
    let behind = behind.strip_prefix(',').unwrap_or(behind).trim();
    let is_alone = text[start..span.start].trim().is_empty()
        && (behind.is_empty() || behind.starts_with('#'))
        && text[..end].ends_with('\n');
    is_alone.then_some(Lines {
        comments: start,
        start,
        end,
    })
}

/// The start of the lines directly above an offset that meet a condition, down to a floor.
fn above(text: &str, start: usize, floor: usize, holds: impl Fn(&str) -> bool) -> usize {
    let mut at = start;
    while at > floor {
        let line = text[..at - 1].rfind('\n').map_or(0, |end| end + 1);
        if line < floor || !holds(&text[line..at]) {
            break;
        }
        at = line;
    }
    at
}

/// The start of the blank lines directly above a line.
fn blank_above(text: &str, start: usize, floor: usize) -> usize {
    above(text, start, floor, |line| line.trim().is_empty())
}

/// The end of the blank lines directly below a line.
fn blank_below(text: &str, end: usize) -> usize {
    let mut at = end;
    while at < text.len() {
        let next = line_end(text, at);
        if !text[at..next].trim().is_empty() {
            break;
        }
        at = next;
    }
    at
}

/// The end of the lines directly below that are further right than a column.
fn deeper(text: &str, end: usize, column: usize) -> usize {
    let mut at = end;
    while at < text.len() {
        let next = line_end(text, at);
        let line = &text[at..next];
        if line.trim().is_empty() || indent(line) <= column {
            break;
        }
        at = next;
    }
    at
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests;
