//! The result of a replay, for a tree that was not built.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::api::{NEEDS_HASH, PREVIOUS_KINDS, PREVIOUS_NAMES, PREVIOUS_NAMESPACES};
use crate::text::line_at;

use super::Replay;
use super::item::{Id, Item};
use super::piece::{Body, Lost, Mark, Piece, lose};
use super::scalar::is_told;
use super::unknown::{MAX_UNKNOWN, Reason, Unknown};
use super::walk::MAX_PIECES;

impl Replay<'_> {
    /// How much work the replay was: the pieces that it made and the kustomizations that it
    /// visited.
    #[must_use]
    pub fn size(&self) -> usize {
        MAX_PIECES - self.walk.budget + self.walk.visits
    }

    /// The parts that are not modelled exactly, or that kustomize refuses, with their places.
    /// [`Self::lines`] can be trusted if this is empty.
    #[must_use]
    pub fn unknown(&self) -> Vec<Unknown> {
        let mut lost = self.walk.unknown.clone();
        let mut seen = BTreeSet::new();
        for item in &self.items {
            if lost.len() >= MAX_UNKNOWN {
                break;
            }
            let name = format!("{} {}", item.kind, item.name());
            if !seen.insert(item.key()) && !item.partial {
                lose(&mut lost, Reason::SameResource, &name, Some(item.origin));
            }
            if item.name().is_empty() || item.kind.is_empty() {
                // A replacement has removed its name.
                lose(&mut lost, Reason::Nameless, &name, Some(item.origin));
            }
            if item.is_parted() {
                lose(&mut lost, Reason::Type, &name, Some(item.origin));
            }
            if item.partial && self.walk.elsewhere.is_empty() {
                lose(&mut lost, Reason::NoTarget, &name, Some(item.origin));
            }
            let (mut hidden, mut untold) = (None, None);
            let mut look = |piece: &Piece| {
                if hidden.is_none() && matches!(piece.body, Body::Unknown) {
                    hidden = Some(piece.mark);
                }
                if untold.is_none()
                    && piece
                        .as_str()
                        .is_some_and(|text| !is_told(piece.look, text))
                {
                    untold = Some(piece.mark);
                }
            };
            if let Body::Map(fields) = &item.root.body {
                for (field, piece) in fields {
                    match &piece.body {
                        Body::Map(data) if field == "data" => {
                            let unsealed = data
                                .iter()
                                .filter(|(key, _)| !item.sealed.0.contains_key(*key));
                            unsealed.for_each(|(_, piece)| piece.visit(&mut look));
                        }
                        _ => piece.visit(&mut look),
                    }
                }
            }
            if untold.is_some() {
                lose(&mut lost, Reason::Scalar, &name, untold);
            }
            let is_untold = hidden.is_some() && lost.is_empty();
            if is_untold || hidden.is_some() && item.is_secret() {
                lose(&mut lost, Reason::Hidden, &name, hidden);
            }
        }
        let mut found: Vec<Unknown> = lost.into_iter().map(|lost| self.placed(lost)).collect();
        // A problem that the walk meets twice is listed once, in the order of discovery.
        let mut seen = BTreeSet::new();
        found.retain(|unknown| seen.insert(unknown.clone()));
        found
    }

    pub(super) fn placed(&self, lost: Lost) -> Unknown {
        let Lost { reason, what, mark } = lost;
        Unknown {
            reason,
            what,
            place: mark.and_then(|mark| self.line_of(mark)),
        }
    }

    /// The file and line of a mark; `None` if it is in no file.
    pub(super) fn line_of(&self, mark: Mark) -> Option<(String, usize)> {
        let file = self.walk.origins.get(mark.origin)?.file;
        let text = self.walk.parsed.sources.text(file).unwrap_or_default();
        Some((file.to_owned(), line_at(text.as_bytes(), mark.start)))
    }

    /// The resources, one JSON object per line, with their earlier names.
    ///
    /// # Errors
    ///
    /// The parts that are not modelled, if there are any.
    pub fn lines(&self) -> Result<String, Vec<Unknown>> {
        let unknown = self.unknown();
        if !unknown.is_empty() {
            return Err(unknown);
        }
        Ok(self.recorded())
    }

    /// The same as [`Self::lines`], for callers that have already checked [`Self::unknown`].
    #[must_use]
    pub fn recorded(&self) -> String {
        let lines = self.items.iter().filter_map(resource);
        lines.map(|value| format!("{value}\n")).collect()
    }
}

fn resource(item: &Item) -> Option<Value> {
    let mut value = item.shown()?;
    let metadata = value.as_object_mut()?.entry("metadata");
    let metadata = metadata.or_insert_with(|| json!({})).as_object_mut()?;
    metadata.insert("name".to_owned(), item.name().into());
    if !item.namespace().is_empty() {
        metadata.insert("namespace".to_owned(), item.namespace().into());
    }
    if item.hashed || !item.before().is_empty() {
        let annotations = metadata.entry("annotations");
        let annotations = annotations.or_insert_with(|| json!({})).as_object_mut()?;
        note(annotations, item);
    }
    Some(value)
}

/// Adds kustomize's internal annotations: earlier identities, and that a name still needs its hash.
fn note(annotations: &mut Map<String, Value>, item: &Item) {
    if item.hashed {
        annotations.insert(NEEDS_HASH.to_owned(), "enabled".into());
    }
    if item.before().is_empty() {
        return;
    }
    let joined = |part: &dyn Fn(&Id) -> String| -> Value {
        let parts = item.before().iter().map(part);
        parts.collect::<Vec<_>>().join(",").into()
    };
    for (key, list) in [
        (PREVIOUS_NAMES, joined(&|id| id.name.clone())),
        (
            PREVIOUS_NAMESPACES,
            joined(&|id| item.effective(id).to_owned()),
        ),
        (PREVIOUS_KINDS, joined(&|id| id.kind.clone())),
    ] {
        annotations.insert(key.to_owned(), list);
    }
}
