//! Patches for which kustomize reads labels and annotations as strings before it merges: those with
//! a target, those of `patchesStrategicMerge`, and the annotations of patches that may change an
//! identity.

use crate::engine::look::Look;
use crate::engine::piece::{Body, Pen, Piece};
use crate::engine::unknown::Reason;
use crate::yaml::Node;

/// The maps of the metadata that may be read as strings.
const TEXTS: [&str; 2] = ["labels", "annotations"];

/// The labels and annotations of a resource before a patch is merged.
pub(in crate::engine) struct Texts([Option<Piece>; 2]);

impl Texts {
    pub(in crate::engine) fn before(resource: &Piece) -> Self {
        Self(TEXTS.map(|field| resource.at(&["metadata", field]).cloned()))
    }

    /// Corrects labels and annotations after a merge: a null writes the text `null` instead of
    /// removing a value, and an empty map counts as absent.
    pub(in crate::engine) fn correct(
        self,
        resource: &mut Piece,
        (patch, is_read): (Node<'_>, impl Fn(&str) -> bool),
        pen: &mut Pen<'_>,
    ) {
        for (field, before) in TEXTS.into_iter().zip(self.0) {
            let Some(said) = patch.at(&["metadata", field]).filter(|_| is_read(field)) else {
                continue;
            };
            if said.is_seq() {
                pen.lose(Reason::Scalar, field, said);
            } else if said.entries().next().is_none() {
                put(resource, field, before);
            } else {
                write(resource, before.as_ref(), (field, said), pen);
                let was = |key: &str| before.as_ref().is_some_and(|map| map.get(key).is_some());
                for (key, _) in said.entries().filter(|(key, _)| !was(key.text())) {
                    // It has lost its quotes.
                    let made = resource.at_mut(&["metadata", field, key.text()]);
                    let look = made.as_ref().and_then(|piece| piece.as_str());
                    let look = look.map(Look::of_made);
                    if let Some((piece, look)) = made.zip(look) {
                        piece.look = look;
                    }
                }
            }
        }
    }
}

/// Whether a patch removes kustomize's internal annotations; `is_read` says that annotations are
/// read as strings.
pub(in crate::engine) fn drops_notes(patch: Node<'_>, is_read: bool) -> bool {
    patch.at(&["metadata", "annotations"]).is_some_and(|said| {
        let order = said.get("$patch").map(Node::text);
        said.is_null() && !is_read || matches!(order, Some("replace" | "delete"))
    })
}

/// Restores the old value.
fn put(resource: &mut Piece, field: &str, before: Option<Piece>) {
    let metadata = resource.at_mut(&["metadata"]);
    let Some(Body::Map(map)) = metadata.map(|metadata| &mut metadata.body) else {
        return;
    };
    match before {
        Some(before) => map.insert(field.to_owned(), before),
        None => map.remove(field),
    };
}

/// Writes values that are not strings as text.
fn write(
    resource: &mut Piece,
    before: Option<&Piece>,
    (field, said): (&str, Node<'_>),
    pen: &mut Pen<'_>,
) {
    let is_odd = |value: Node<'_>| !value.to_json().is_string();
    let has_orders = said.entries().any(|(key, _)| key.text().starts_with('$'));
    for (key, value) in said.entries().filter(|(_, value)| is_odd(*value)) {
        if has_orders {
            pen.lose(Reason::Scalar, field, value);
            continue;
        }
        let text = if value.is_scalar() { value.text() } else { "" };
        let mark = pen.mark(Some(key), value);
        let place = ["metadata", field, key.text()];
        let old = before.and_then(|map| map.get(key.text()));
        if old.is_some_and(|old| matches!(old.body, Body::Map(_) | Body::List(_))) {
            // A text does not replace a map or a list.
            pen.lose(Reason::Operation, field, value);
            continue;
        }
        pen.changed |= resource.at(&place).and_then(Piece::as_str) != Some(text);
        resource.set(&place, Piece::text(text, mark));
    }
}
