//! Values of Secrets that a replacement or a variable copied to other resources.

use super::Replay;
use super::copied::Copies;
use super::fieldpath::{look, split_indexed};
use super::item::Item;
use super::piece::{Body, Piece};
use crate::yaml::Node;

/// The fields of a Secret that hold its values.
const FIELDS: [&str; 2] = ["data", "stringData"];

/// Notes that a value is taken from a field of a resource.
///
/// A copy of a copy counts as a copy, and so does a part of one.
pub(super) fn note(copies: &mut Copies, item: &Item, path: &[String], taken: &Piece) {
    let mut steps = path.iter().map(|step| step.trim());
    let first = steps.find(|step| !step.is_empty());
    let is_secret = item.is_secret() && first.is_none_or(|first| FIELDS.contains(&first));
    let is_copy = || {
        let text = look(&item.root, path).and_then(Piece::scalar_text);
        let is_in = |text: &str| copies.texts.iter().any(|copy| text.contains(copy.as_str()));
        text.is_some_and(|text| is_in(&text))
    };
    if is_secret || is_copy() {
        add(copies, taken);
    }
}

/// Notes all values of a Secret, because its kind changes.
pub(super) fn whole(copies: &mut Copies, item: &Item) {
    if item.is_secret() {
        let all = FIELDS.iter().filter_map(|field| item.root.get(field));
        all.for_each(|values| add(copies, values));
    }
}

/// Notes the values that operations may move or copy out of a Secret, or leave behind when its kind
/// changes: all values of the Secret, and all values that the operations write.
pub(super) fn note_moved(copies: &mut Copies, item: &Item, patch: Node<'_>) {
    let is_such = |operation: Node<'_>| {
        let to = operation.get("path").map_or("", Node::text);
        matches!(operation.str_at(&["op"]), Some("move" | "copy"))
            || to.trim_start_matches('/') == "kind"
    };
    if !item.is_secret() || !patch.items().any(is_such) {
        return;
    }
    whole(copies, item);
    let is_of_data = |operation: &Node<'_>| {
        let to = operation.get("path").map_or("", Node::text);
        let first = to.trim_start_matches('/').split('/').next();
        first.is_some_and(|first| FIELDS.contains(&first))
    };
    let written = patch.items().filter(is_of_data);
    let written = written.filter_map(|operation| operation.get("value"));
    written.for_each(|value| add_written(copies, value));
}

fn add_written(copies: &mut Copies, value: Node<'_>) {
    value.items().for_each(|item| add_written(copies, item));
    let entries = value.entries();
    entries.for_each(|(_, inner)| add_written(copies, inner));
    if value.is_scalar() && !value.text().is_empty() {
        copies.texts.insert(value.text().to_owned());
    }
}

fn add(copies: &mut Copies, piece: &Piece) {
    match &piece.body {
        Body::Map(map) => map.values().for_each(|value| add(copies, value)),
        Body::List(items) => items.iter().for_each(|item| add(copies, item)),
        Body::Scalar(_) => {
            let text = piece.scalar_text().filter(|text| !text.is_empty());
            copies.texts.extend(text);
        }
        Body::Unknown => copies.has_hidden = true,
    }
}

impl Replay<'_> {
    /// The values that are copied out of Secrets during the build.
    #[must_use]
    pub fn copies(&self) -> Copies {
        let mut copies = self.walk.copies.clone();
        for var in &self.walk.vars {
            let Some(path) = split_indexed(&var.path) else {
                continue;
            };
            for item in self.items.iter().filter(|item| var.is_about(item)) {
                if let Some(value) = look(&item.root, &path) {
                    note(&mut copies, item, &path, value);
                }
            }
        }
        copies
    }
}
