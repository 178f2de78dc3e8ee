//! Values of Secrets that stand elsewhere as well, since a replacement or a variable has taken them there.

use super::Replay;
use super::copied::Copies;
use super::fieldpath::{look, split_indexed};
use super::item::Item;
use super::piece::{Body, Piece};

/// The fields of a Secret that hold its values.
const FIELDS: [&str; 2] = ["data", "stringData"];

/// Notes that something is taken from a field of a resource.
///
/// A copy that is taken further is one again, and so is a part of it.
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
    /// What is taken out of Secrets on the way to what is built.
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
