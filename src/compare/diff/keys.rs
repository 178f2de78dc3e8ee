//! What list elements are identified by.

use std::collections::{HashMap, HashSet};

use super::change::{By, Keys};
use crate::schema::{KeyField, List};
use crate::yaml::{Kind, Node};

/// The values of every element at the merge keys; `None` if one lacks them or two share them.
pub(super) fn keyed<'a>(items: &[Node<'a>], keys: &'static [KeyField]) -> Option<Vec<Keys<'a>>> {
    let mut seen = HashSet::new();
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            let node = item
                .is_map()
                .then(|| key.name.split('.').try_fold(*item, Node::get))?;
            let value = match node {
                Some(node) if node.is_scalar() && !node.is_null() => key_text(node)?,
                _ => key.default?,
            };
            values.push((key.name, value));
        }
        if !seen.insert(values.clone()) {
            return None;
        }
        all.push(values);
    }
    Some(all)
}

/// The text of a key, the same for every way to write it; `None` if it is written oddly.
fn key_text(node: Node<'_>) -> Option<&str> {
    let text = node.text();
    match node.kind() {
        Kind::Str => Some(text),
        Kind::Bool if text.eq_ignore_ascii_case("true") => Some("true"),
        Kind::Bool => Some("false"),
        Kind::Int => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            (is_plain && (!digits.starts_with('0') || text == "0")).then_some(text)
        }
        _ => None,
    }
}

/// A field that identifies elements of a list without keys, and whether each of its values is unique on both sides.
pub(super) struct Marks<'a> {
    key: &'static str,
    seen: HashMap<&'a str, bool>,
}

impl<'a> Marks<'a> {
    pub(super) fn of(list: List, sides: [&[Node<'a>]; 2]) -> Option<Self> {
        let key = match list {
            List::IngressRules => "host",
            List::RouteRules => "match",
            _ => return None,
        };
        let mut seen: HashMap<&str, bool> = HashMap::new();
        for side in sides {
            let mut own = HashSet::new();
            for mark in side.iter().filter_map(|item| item.str_at(&[key])) {
                let is_single = own.insert(mark);
                *seen.entry(mark).or_insert(true) &= is_single;
            }
        }
        Some(Self { key, seen })
    }

    /// What two elements that are the same one are identified by.
    fn both(&self, base: Node<'a>, overlay: Node<'a>) -> Option<By<'a>> {
        let mark = base.str_at(&[self.key])?;
        let is_one =
            overlay.str_at(&[self.key]) == Some(mark) && self.seen.get(mark) == Some(&true);
        is_one.then(|| By::Keys(vec![(self.key, mark)]))
    }
}

/// What an element of a list without keys is identified by.
pub(super) fn name_by_content<'a>(
    base: Option<Node<'a>>,
    overlay: Option<Node<'a>>,
    marks: Option<&Marks<'a>>,
    set: bool,
) -> By<'a> {
    if !set {
        return By::Index;
    }
    match (base, overlay) {
        // The text of any other scalar depends on how it was written.
        (Some(only), None) | (None, Some(only)) if only.kind() == Kind::Str => {
            By::Value(only.text())
        }
        (Some(left), Some(right)) => {
            let by = marks.and_then(|marks| marks.both(left, right));
            by.unwrap_or(By::Index)
        }
        _ => By::Index,
    }
}
