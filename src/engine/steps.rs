//! Steps of a field path through a resource, as findings name them.

use crate::path::Segment;
use crate::path::argument::{Named, Role, flag, roles};

use super::piece::{Body, Mark, Piece};

impl Piece {
    /// The child at a step.
    pub fn step(&self, step: &Segment<'_>) -> Option<&Self> {
        match step {
            Segment::Field(name) => self.get(name),
            Segment::Index(at) => self.items().get(*at),
            step => {
                if let Some(named) = step.named() {
                    return self.argument(named);
                }
                let items = self.items();
                let exact = items.iter().find(|item| item.is_named(step, false));
                exact.or_else(|| items.iter().find(|item| item.is_named(step, true)))
            }
        }
    }

    /// The element with a name in a list without keys; the list keeps its order.
    fn argument(&self, named: Named<'_>) -> Option<&Self> {
        let items = self.items();
        let texts: Vec<Option<&str>> = items.iter().map(Self::as_str).collect();
        let at = match named {
            Named::Order => return Some(self),
            Named::Removed(at) => Some(at),
            Named::Flag(wanted) => {
                let roles = roles(&texts);
                // One of several arguments is named by its whole text.
                let exact = texts.iter().position(|text| *text == Some(wanted));
                exact.or_else(|| roles.iter().position(|role| *role == Role::Flag(wanted)))
            }
            Named::After(flag) => roles(&texts)
                .iter()
                .position(|role| *role == Role::After(flag)),
        };
        items.get(at?)
    }

    /// The mark that removed or renamed the child at a step.
    pub fn lost(&self, step: &Segment<'_>) -> Option<Mark> {
        let removed = self.gone.iter().rev().find(|gone| match step {
            Segment::Field(name) => gone.key.as_deref() == Some(name),
            Segment::Index(_) => false,
            step => gone.key.is_none() && gone.piece.is_named(step, true),
        });
        removed
            .map(|gone| gone.mark)
            .or_else(|| self.items().iter().find_map(|item| item.renamed(step)))
    }

    /// The mark that gave an element a key other than that of a step.
    fn renamed(&self, step: &Segment<'_>) -> Option<Mark> {
        let Segment::Key(keys) = step else {
            return None;
        };
        keys.iter().find_map(|(key, value)| {
            let was = self.gone.iter().rev().find(|gone| {
                gone.key.as_deref() == Some(key)
                    && gone.piece.scalar_text().as_deref() == Some(value)
            });
            was.map(|gone| gone.mark)
        })
    }

    /// Whether a step names this element of a list; a missing key may have its default value.
    pub fn is_named(&self, step: &Segment<'_>, defaults: bool) -> bool {
        if let Some(Named::Flag(wanted)) = step.named() {
            let text = self.as_str();
            return text == Some(wanted) || text.and_then(flag) == Some(wanted);
        }
        match step {
            Segment::Value(value) => self.scalar_text().as_deref() == Some(value),
            Segment::Key(keys) => keys.iter().all(|(key, value)| {
                let steps: Vec<&str> = key.split('.').collect();
                match self.at(&steps).and_then(Self::scalar_text) {
                    Some(text) => text == *value,
                    None => {
                        defaults
                            && matches!(self.body, Body::Map(_))
                            && matches!(value.as_ref(), "" | "/" | "TCP")
                    }
                }
            }),
            _ => false,
        }
    }
}
