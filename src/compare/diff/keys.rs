//! What list elements are known by.

use std::collections::HashSet;

use super::change::{By, Keys};
use crate::schema::{KeyField, List};
use crate::yaml::{Kind, Node};

/// The values of every element at the merge keys; nothing where one lacks them or two share them.
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

/// The text of a key, the same for every way to write it; nothing where it is written oddly.
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

/// What an element is known by, of a list without keys.
pub(super) fn name_by_content<'a>(
    base: Option<(usize, Node<'a>)>,
    overlay: Option<(usize, Node<'a>)>,
    list: List,
    set: bool,
) -> By<'a> {
    let node = |side: Option<(usize, Node<'a>)>| side.map(|(_, node)| node);
    let (base, overlay) = (node(base), node(overlay));
    if !set {
        return By::Index;
    }
    match (base, overlay) {
        // The text of any other scalar depends on how somebody wrote it.
        (Some(only), None) | (None, Some(only)) if only.kind() == Kind::Str => {
            By::Value(only.text())
        }
        (Some(left), Some(right)) if list == List::IngressRules => {
            match (left.str_at(&["host"]), right.str_at(&["host"])) {
                (Some(host), Some(same)) if host == same => By::Keys(vec![("host", host)]),
                _ => By::Index,
            }
        }
        (Some(left), Some(right)) if list == List::RouteRules => {
            match (left.str_at(&["match"]), right.str_at(&["match"])) {
                (Some(expression), Some(same)) if expression == same => {
                    By::Keys(vec![("match", expression)])
                }
                _ => By::Index,
            }
        }
        _ => By::Index,
    }
}
