//! The places at and below a change, as patterns that deny are matched against them.
//!
//! A change names its elements by what distinguishes two lists: a list that is added
//! as a whole names none, and one that holds a key twice names all by their index.
//! A pattern that denies an element by its key means it there, too.

use std::borrow::Cow;

use super::change::{By, Change, Step};
use crate::path::argument::{flag, is_of_arguments};
use crate::path::{Segment, Spot};
use crate::resource::Resource;
use crate::schema::{Field, KeyField, List, Type};
use crate::yaml::Node;

/// Shows the place of a change, and all places below it, on both sides; elements by everything that identifies them.
pub fn places<'a>(
    base: &Resource<'a>,
    overlay: &Resource<'a>,
    change: &Change<'a>,
    look: &mut impl FnMut(&[Spot<'_>]),
) {
    let ty = Type::of(overlay.group(), overlay.version(), overlay.kind());
    let sides = [(base.node, change.base), (overlay.node, change.overlay)];
    for (side, (root, node)) in sides.into_iter().enumerate() {
        let Some(node) = node else {
            continue;
        };
        let mut way = Way {
            place: Vec::with_capacity(change.steps.len()),
            field: Field {
                ty,
                ..Field::UNKNOWN
            },
            is_base: side == 0,
        };
        let mut here = Some(root);
        let mut last = None;
        for (at, step) in change.steps.iter().enumerate() {
            if change.pod == Some(at) {
                way.field.ty = Type::POD_SPEC;
            }
            here = match step {
                Step::Field(name) => {
                    way.enter(name);
                    here.and_then(|node| node.get(name))
                }
                // The order of a list has the place of the list.
                Step::Element { by: By::Order, .. } => here,
                Step::Element { base, overlay, .. } => {
                    let own = if side == 0 { base } else { overlay };
                    let item = here.and_then(|list| list.items().nth((*own)?));
                    way.element(overlay.or(*base).unwrap_or(0), item);
                    last = here.zip(*own).filter(|_| at + 1 == change.steps.len());
                    item
                }
            };
        }
        look(&way.place);
        if let Some((list, at)) = last {
            way.otherwise(&list.items().collect::<Vec<_>>(), at, look);
        }
        way.below(node, look);
    }
}

/// The way to a place, and what the schema says about the value there.
struct Way<'a> {
    place: Vec<Spot<'a>>,
    field: Field,
    is_base: bool,
}

impl<'a> Way<'a> {
    fn enter(&mut self, name: &'a str) {
        self.field = self.field.ty.field(name);
        self.place.push(Spot {
            segment: Segment::Field(Cow::Borrowed(name)),
            index: None,
        });
    }

    fn element(&mut self, index: usize, item: Option<Node<'a>>) {
        let keys = match self.field.list {
            List::Keyed { keys, .. } => keys,
            _ => &[],
        };
        let segment = item.and_then(|item| known_by(item, keys));
        self.place.push(Spot {
            segment: segment.unwrap_or(Segment::Index(index)),
            index: Some(index),
        });
        // Nothing is known about lists in lists.
        self.field.list = List::Unknown;
    }

    /// Shows every place below a node, which is at the end of the way.
    fn below(&mut self, node: Node<'a>, look: &mut impl FnMut(&[Spot<'_>])) {
        let here = self.field;
        for (key, value) in node.entries() {
            self.enter(key.text());
            self.leave(value, here, look);
        }
        let items: Vec<_> = node.items().collect();
        for (index, item) in items.iter().enumerate() {
            self.element(index, Some(*item));
            self.otherwise(&items, index, look);
            self.leave(*item, here, look);
        }
    }

    /// Shows the element at the end of the way by the other names of an argument, and by its index in its own list.
    ///
    /// A pattern that denies a flag means it wherever it is, even where it occurs twice.
    fn otherwise(&self, list: &[Node<'a>], at: usize, look: &mut impl FnMut(&[Spot<'_>])) {
        let Some((here, above)) = self.place.split_last() else {
            return;
        };
        let text = |at: usize| list.get(at).and_then(|item| item.as_str());
        let is_argument = above.last().is_some_and(
            |above| matches!(&above.segment, Segment::Field(name) if is_of_arguments(name)),
        );
        let mut names = vec![Segment::Index(at)];
        names.extend(self.is_base.then(|| Segment::removed(at)));
        if let Some(own) = text(at).filter(|_| is_argument) {
            let flags = flag(own).into_iter().flat_map(|name| [name, own]);
            names.extend(flags.map(Segment::flag));
            let before = at.checked_sub(1).and_then(text).and_then(flag);
            names.extend(before.map(Segment::after));
        }
        let index = here.index;
        let mut place = above.to_vec();
        for segment in names {
            place.push(Spot { segment, index });
            look(&place);
            place.pop();
        }
    }

    fn leave(&mut self, node: Node<'a>, back: Field, look: &mut impl FnMut(&[Spot<'_>])) {
        look(&self.place);
        self.below(node, look);
        self.place.pop();
        self.field = back;
    }
}

/// Everything that identifies an element: its value, or all of its scalars with the keys that it leaves to their defaults.
fn known_by<'a>(item: Node<'a>, keys: &'static [KeyField]) -> Option<Segment<'a>> {
    if item.is_scalar() {
        return Some(Segment::Value(Cow::Borrowed(item.text())));
    }
    let is_told = |node: Node<'_>| node.is_scalar() && !node.is_null();
    let entries = item.entries().filter(|(_, value)| is_told(*value));
    let mut known: Vec<(&'a str, &'a str)> = entries
        .map(|(key, value)| (key.text(), value.text()))
        .collect();
    for key in keys {
        let inner = key.name.split('.').try_fold(item, Node::get);
        match inner.filter(|inner| is_told(*inner)) {
            Some(inner) if key.name.contains('.') => known.push((key.name, inner.text())),
            Some(_) => {}
            None => known.extend(key.default.map(|default| (key.name, default))),
        }
    }
    let known = known.into_iter();
    let known = known.map(|(key, value)| (Cow::Borrowed(key), Cow::Borrowed(value)));
    let mut known: Vec<_> = known.collect();
    if let [only] = known.as_slice() {
        // A pair that occurs twice matches like one, and is not mistaken for the name of an argument.
        known.push(only.clone());
    }
    (!known.is_empty()).then_some(Segment::Key(known))
}
