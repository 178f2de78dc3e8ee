//! Where every value of a build was written.

use serde_json::{Map, Value};

use super::Replay;
use super::piece::{Body, Piece};

impl Replay<'_> {
    /// One tree per emitted resource, in the same order and of the same form, in which each value
    /// is the `file:line` that wrote it.
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
            _ => {
                let line = self.line_of(piece.mark);
                line.map_or_else(String::new, |(file, line)| format!("{file}:{line}"))
                    .into()
            }
        }
    }
}
