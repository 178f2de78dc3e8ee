//! Values that a report may show: none of a Secret, and no copy of one.

use serde_json::Value;

use crate::finding::REDACTED;
use crate::resource::{Secrecy, is_bookkeeping, secrecy};
use crate::yaml::Node;

use super::owned::Way;

/// Whether an annotation may hold a copy of the whole object.
fn may_be_copy(key: &str) -> bool {
    is_bookkeeping(key) || key.contains("last-applied") || key.ends_with("/applied")
}

/// The number of steps of a path that may be named, and whether the value at its end must be
/// hidden.
pub(super) fn hidden(root: Node<'_>, way: &[Way<'_>]) -> (usize, bool) {
    let of_secret = secrecy(root) != Secrecy::None;
    let mut node = Some(root);
    let mut last = "";
    for (at, step) in way.iter().enumerate() {
        match step {
            Way::Field(name) => {
                if node.is_some_and(|node| secrecy(node).hides(name)) {
                    // The key may be named, but nothing below it.
                    return (way.len().min(at + 2), true);
                }
                if last == "annotations" && (of_secret || may_be_copy(name)) {
                    return (way.len().min(at + 1), true);
                }
                node = node.and_then(|node| node.get(name));
                last = name;
            }
            Way::Element { node: element, .. } => {
                node = Some(*element);
                last = "";
            }
        }
    }
    (way.len(), false)
}

/// Values with more nodes than this are counted, not shown.
pub(super) const MAX_NODES: usize = 1000;

/// The value of a field for a report; `is_hidden` says that it must not be shown.
#[must_use]
pub fn shown(node: Node<'_>, field: &str, is_hidden: bool, of_secret: bool) -> Value {
    if is_hidden {
        return REDACTED.into();
    }
    if node.size() > MAX_NODES {
        return format!("<{} nodes>", node.size()).into();
    }
    let mut value = redacted(node, of_secret, field);
    value.sort_all_objects();
    value
}

/// Whether nothing was removed from a value that [`shown`] has made.
pub(super) fn is_whole(value: &Value) -> bool {
    match value {
        Value::String(text) => text != REDACTED,
        Value::Array(items) => items.iter().all(is_whole),
        Value::Object(map) => map.values().all(is_whole),
        _ => true,
    }
}

fn redacted(node: Node<'_>, of_secret: bool, field: &str) -> Value {
    if node.is_map() {
        let secrecy = secrecy(node);
        let of_secret = of_secret || secrecy != Secrecy::None;
        let entries = node.entries().map(|(key, value)| {
            let key = key.text();
            let is_copy = field == "annotations" && (of_secret || may_be_copy(key));
            let value = if is_copy || secrecy.hides(key) && !value.is_map() {
                REDACTED.into()
            } else if secrecy.hides(key) {
                let keys = value.entries();
                keys.map(|(key, _)| (key.text().to_owned(), Value::from(REDACTED)))
                    .collect()
            } else {
                redacted(value, of_secret, key)
            };
            (key.to_owned(), value)
        });
        Value::Object(entries.collect())
    } else if node.is_seq() {
        let items = node.items().map(|item| redacted(item, of_secret, ""));
        Value::Array(items.collect())
    } else {
        node.to_json()
    }
}
