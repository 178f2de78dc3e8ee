//! Where every value of a build was written.

use serde_json::{Map, Value};

use crate::text::line_at;

use super::Replay;
use super::piece::{Body, Piece};

impl Replay<'_> {
    /// For every resource that a build emits, in the same order, a tree like it in which each value is the `file:line` that wrote it.
    #[must_use]
    pub fn places(&self) -> Vec<Value> {
        let (items, _) = self.finish();
        items
            .iter()
            .map(|item| self.places_of(&item.root))
            .collect()
    }

    fn places_of(&self, piece: &Piece) -> Value {
        match &piece.body {
            Body::Map(map) if !map.is_empty() => {
                let entries = map
                    .iter()
                    .map(|(key, piece)| (key.clone(), self.places_of(piece)));
                Value::Object(entries.collect::<Map<_, _>>())
            }
            Body::List(list) if !list.is_empty() => {
                list.iter().map(|piece| self.places_of(piece)).collect()
            }
            _ => self.place_of(piece).into(),
        }
    }

    /// The `file:line` that wrote a piece; empty where nobody did.
    fn place_of(&self, piece: &Piece) -> String {
        let Some(origin) = self.walk.origins.get(piece.mark.origin) else {
            return String::new();
        };
        let text = self.walk.parsed.sources.text(origin.file);
        let line = line_at(text.unwrap_or_default().as_bytes(), piece.mark.start);
        format!("{}:{line}", origin.file)
    }
}
