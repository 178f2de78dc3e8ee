//! Strategic merge patches, as kustomize applies them.
//!
//! A port of kyaml's `merge2` and `walk`. Lists are merged if kustomize's schema says so
//! ([`shape`]), and the elements of the patch come first. Every other list is replaced, and so is
//! every list of an unknown type. Lists that no patch names are walked as well.

mod elements;
mod shape;
mod targeted;

use crate::yaml::Node;

use super::look::Look;
use super::piece::{Body, Gone, Mark, Pen, Piece, is_same};
use super::scalar::in_place_of;
use super::unknown::Reason;

use elements::{Came, Element};
use shape::Field;

pub(super) use shape::Shape;
pub(super) use targeted::{Texts, drops_notes};

/// The fields that identify a resource, which a patch alone does not change.
const WHO: &[&str] = &["apiVersion", "kind"];

/// The same in its metadata.
const NAMES: &[&str] = &["name", "namespace"];

/// The keys of a list, and the schema of its elements.
type Listed = (&'static [&'static str], Known);

/// The schema of a map; `None` if kustomize does not know it.
type Known = Option<&'static Shape>;

/// The schema of a field without details, in a kind that is known.
const ORDINARY: Known = Some(&shape::NOTHING);

/// The directive of a map or a list in a patch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Merge,
    Replace,
    Delete,
}

impl Order {
    /// `None` for an unknown word.
    fn read(word: Option<&str>) -> Option<Self> {
        match word {
            None | Some("merge") => Some(Self::Merge),
            Some("replace") => Some(Self::Replace),
            Some("delete") => Some(Self::Delete),
            Some(_) => None,
        }
    }

    fn of_map(node: Node<'_>) -> Option<Self> {
        Self::read(node.get("$patch").map(Node::text))
    }

    /// The directive of a list, and its word, which removes the elements that carry it.
    fn of_list<'s>(
        says: impl Iterator<Item = (Option<&'s str>, usize)>,
    ) -> Option<(Self, Option<&'s str>)> {
        let mut says = says;
        let first = says.find(|(word, _)| word.is_some());
        let word = first.and_then(|(word, size)| word.filter(|_| size == 1));
        Some((Self::read(word)?, word))
    }
}

/// The owner of a value that is walked without a counterpart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// It existed, and no patch mentions it.
    Base,
    /// A patch added it.
    First,
    /// It is below an added value.
    Patch,
}

/// Whether a patch removes the whole resource.
pub(super) fn deletes(patch: Node<'_>) -> bool {
    patch.str_at(&["$patch"]) == Some("delete")
}

/// Whether a patch replaces the whole resource.
pub(super) fn replaces(patch: Node<'_>) -> bool {
    patch.str_at(&["$patch"]) == Some("replace")
}

/// A map that a patch has emptied and that has a comment beside its key: kustomize cannot read its
/// own output of it.
pub(super) fn unwritable<'n>(patch: Node<'n>, piece: &Piece) -> Option<Node<'n>> {
    patch.entries().find_map(|(key, value)| {
        let child = piece.get(key.text()).filter(|_| value.is_map())?;
        let between = key.span().end..value.span().start;
        let between = value.tree().source().get(between).unwrap_or_default();
        let is_empty = matches!(&child.body, Body::Map(map) if map.is_empty());
        if is_empty && !value.is_childless() && between.contains('#') {
            return Some(value);
        }
        unwritable(value, child)
    })
}

/// Merges a patch into a resource; `None` if too much was written, or if kustomize refuses it.
pub(super) fn merge(
    resource: &mut Piece,
    patch: Node<'_>,
    known: Known,
    pen: &mut Pen<'_>,
) -> Option<()> {
    // kustomize discards the content of a patch that replaces the whole resource.
    if Order::of_map(patch)? == Order::Replace {
        return Some(());
    }
    let size = resource.measure().1;
    pen.spend(size / 16)?;
    map(resource, patch, known, WHO, pen)
}

/// Writes the identity of a resource, if a patch gives it and may change it.
pub(super) fn write(resource: &mut Piece, steps: &[&str], patch: Node<'_>, pen: &mut Pen<'_>) {
    let Some((last, parents)) = steps.split_last() else {
        return;
    };
    let mut entries = patch.at(parents).into_iter().flat_map(Node::entries);
    if let Some((key, value)) =
        entries.find(|(key, value)| key.text() == *last && value.is_scalar())
    {
        pen.changed = true;
        resource.set(steps, Piece::text(value.text(), pen.mark(Some(key), value)));
    }
}

/// The schema of a map; where its place has none, its own kind decides.
fn called(known: Known, piece: &Piece) -> Known {
    known.or_else(|| {
        let text = |key: &str| piece.get(key).and_then(Piece::as_str);
        let (api_version, kind) = (text("apiVersion")?, text("kind")?);
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Shape::of(group, version, kind)
    })
}

/// The schema of a field: of a map in it, and the keys and elements of a list.
fn field(known: Known, name: &str) -> (Known, Option<Listed>) {
    match known.and_then(|shape| shape.field(name)) {
        Some(Field::Map(shape)) => (Some(shape), None),
        Some(Field::List(keys, shape)) => (ORDINARY, Some((keys, Some(shape)))),
        None => (known.and(ORDINARY), None),
    }
}

fn map(
    dest: &mut Piece,
    patch: Node<'_>,
    known: Known,
    kept: &[&str],
    pen: &mut Pen<'_>,
) -> Option<()> {
    let known = called(known, dest);
    let mut entries: Vec<(Node<'_>, Node<'_>)> = patch.entries().collect();
    entries.sort_by(|(one, _), (other, _)| one.text().cmp(other.text()));
    for (key, value) in entries {
        let name = key.text();
        if name == "$patch" || kept.contains(&name) {
            continue;
        }
        let mark = pen.mark(Some(key), value);
        let order = if value.is_map() {
            Order::of_map(value)
        } else {
            Some(Order::Merge)
        };
        if value.is_null() || order == Some(Order::Delete) {
            let order = value.get("$patch");
            let mark = order.map_or(mark, |order| pen.mark_of(order));
            if kept == WHO && name == "metadata" {
                pen.lose(Reason::Directive, name, key);
            }
            pen.changed |= dest.remove(name, mark);
            continue;
        }
        let kept = if kept == WHO && name == "metadata" {
            NAMES
        } else {
            &[]
        };
        one(dest, (key, value), known, kept, pen)?;
    }
    // Lists that the patch does not name are walked as well, and an unwritten null is dropped.
    let mark = pen.mark_of(patch);
    if let Body::Map(children) = &mut dest.body {
        children.retain(|name, child| !child.is_unwritten() || patch.get(name).is_some());
        let rest = children
            .iter_mut()
            .filter(|(name, _)| patch.get(name).is_none());
        for (name, child) in rest {
            settle(child, field(known, name), Whose::Base, mark, pen)?;
        }
    }
    Some(())
}

/// Merges one field of a patch.
fn one(
    dest: &mut Piece,
    (key, value): (Node<'_>, Node<'_>),
    known: Known,
    kept: &[&str],
    pen: &mut Pen<'_>,
) -> Option<()> {
    let (name, mark) = (key.text(), pen.mark(Some(key), value));
    let Body::Map(children) = &mut dest.body else {
        return None;
    };
    let (below, list) = field(known, name);
    let old = children.get_mut(name).filter(|old| !old.is_null());
    let is_merged = match old {
        None => false,
        Some(old) => match (&old.body, list) {
            (Body::Map(_), _) if value.is_map() => {
                if Order::of_map(value)? == Order::Replace {
                    false
                } else {
                    old.named = Some(Box::new(mark));
                    if matches!(&old.body, Body::Map(map) if map.is_empty()) {
                        old.look = Look::of(value);
                    }
                    map(old, value, below, kept, pen)?;
                    true
                }
            }
            (Body::List(_), Some(of)) if value.is_seq() => self::list(old, value, of, mark, pen)?,
            (Body::List(_), None) if value.is_seq() => false,
            // The unknown values of a Secret are strings.
            (Body::Scalar(_) | Body::Unknown, _) if value.is_scalar() => false,
            // kustomize does not replace a value with one of another type.
            _ => return None,
        },
    };
    if !is_merged {
        let is_known = children.get(name).is_some_and(|old| !old.is_null());
        let whose = if is_known { Whose::Patch } else { Whose::First };
        let Some(new) = own((Some(key), value), (below, list), whose, pen)? else {
            pen.changed |= dest.remove(name, mark);
            return Some(());
        };
        let old = children.get(name);
        let Some(new) = in_place_of(new, old) else {
            pen.lose(Reason::Scalar, name, key);
            return Some(());
        };
        if old.is_some_and(|old| pen.keeps(old, &new)) {
            return Some(());
        }
        pen.changed |= !old.is_some_and(|old| is_same(old, &new));
        let mut new = new;
        if let Some(shared) = old.map(|old| old.shared).filter(|shared| *shared > 0) {
            new.shared = shared;
            pen.spread.push(new.clone());
        }
        children.insert(name.to_owned(), new);
        dest.touched = Some(mark);
    }
    Some(())
}

/// A patch's own value, if it replaces everything; `Some(None)` if it removes itself.
#[expect(
    clippy::option_option,
    reason = "one says that it is refused, the other that it is gone"
)]
fn own(
    (key, value): (Option<Node<'_>>, Node<'_>),
    of: (Known, Option<Listed>),
    whose: Whose,
    pen: &mut Pen<'_>,
) -> Option<Option<Piece>> {
    let mut piece = pen.piece(key, value)?;
    let mark = piece.mark;
    Some(settle(&mut piece, of, whose, mark, pen)?.then_some(piece))
}

/// Walks a value without a counterpart, and says whether it stays.
fn settle(
    piece: &mut Piece,
    (known, list): (Known, Option<Listed>),
    whose: Whose,
    mark: Mark,
    pen: &mut Pen<'_>,
) -> Option<bool> {
    let known = match &piece.body {
        Body::Map(_) => called(known, piece),
        _ => known,
    };
    match &mut piece.body {
        Body::Map(map) => {
            if let Some(word) = map.get("$patch").filter(|_| whose != Whose::Base) {
                match (Order::read(word.scalar_text().as_deref()), whose) {
                    (Some(Order::Delete), _) => return Some(false),
                    (Some(_), _) => {
                        map.remove("$patch");
                    }
                    // kustomize checks the word only if a value existed before.
                    (None, Whose::First) => {}
                    (None, _) => return None,
                }
            }
            let below = if whose == Whose::Base {
                whose
            } else {
                Whose::Patch
            };
            let mut gone = Vec::new();
            for (name, child) in &mut *map {
                let stays = if child.is_null() {
                    below == Whose::Base && !child.is_unwritten()
                } else {
                    settle(child, field(known, name), below, mark, pen)?
                };
                if !stays {
                    gone.push(name.clone());
                }
            }
            for name in gone {
                map.remove(&name);
            }
            Some(true)
        }
        Body::List(items) => {
            let Some(of) = list else { return Some(true) };
            if whose == Whose::Patch {
                let says = items.iter().map(|item| match &item.body {
                    Body::Map(map) => (item.get("$patch").and_then(Piece::as_str), map.len()),
                    _ => (None, 0),
                });
                let (order, word) = Order::of_list(says)?;
                let word = word.map(str::to_owned);
                if order == Order::Delete {
                    return Some(false);
                }
                if let Some(word) = word {
                    items.retain(|item| item.get("$patch").and_then(Piece::as_str) != Some(&word));
                }
            }
            elements(piece, &[], of, whose, mark, pen)?;
            Some(true)
        }
        _ => Some(true),
    }
}

/// The directive of an element of a patch.
fn word(item: Node<'_>) -> Option<&str> {
    item.get("$patch").map(Node::text)
}

/// Merges a list by keys; `false` if the patch's list replaces it, and may itself be gone.
fn list(
    dest: &mut Piece,
    patch: Node<'_>,
    of: Listed,
    mark: Mark,
    pen: &mut Pen<'_>,
) -> Option<bool> {
    let says = patch
        .items()
        .map(|item| (word(item), item.entries().count()));
    let (order, said) = Order::of_list(says)?;
    if order != Order::Merge {
        return Some(false);
    }
    let new: Vec<Node<'_>> = patch
        .items()
        .filter(|item| said.is_none() || word(*item) != said)
        .collect();
    dest.named = Some(Box::new(mark));
    elements(dest, &new, of, Whose::Patch, mark, pen)?;
    Some(true)
}

/// Merges the elements of a list with those of a patch, and records the removed ones and what
/// removed them.
fn elements(
    dest: &mut Piece,
    new: &[Node<'_>],
    (keys, known): Listed,
    whose: Whose,
    mark: Mark,
    pen: &mut Pen<'_>,
) -> Option<()> {
    let Body::List(old) = &mut dest.body else {
        return None;
    };
    pen.spend((old.len() + new.len()) / 8)?;
    let count = old.len();
    let mut orders = Vec::new();
    let (old, of) = (std::mem::take(old), (known, None));
    let (merged, gone) = elements::merged(old, new, keys, &mut |old, new| {
        Some(match (old, new) {
            (None, None) => Came::Gone,
            (Some(old), None) => {
                if settle(old, of, whose, mark, pen)? {
                    Came::Kept
                } else {
                    Came::Gone
                }
            }
            (None, Some(new)) => match own((None, new), of, Whose::First, pen)? {
                Some(piece) => Came::New(piece),
                None => Came::Gone,
            },
            (Some(old), Some(new)) => match &old.body {
                Body::Map(_) if new.is_map() => match Order::of_map(new)? {
                    Order::Delete => {
                        let order = new.get("$patch");
                        let mark = order.map_or(mark, |order| pen.mark_of(order));
                        old.named = Some(Box::new(mark));
                        orders.push(mark);
                        Came::Gone
                    }
                    Order::Replace => match own((None, new), of, Whose::Patch, pen)? {
                        Some(piece) => Came::New(piece),
                        None => Came::Gone,
                    },
                    Order::Merge => {
                        old.named = Some(Box::new(pen.mark(None, new)));
                        map(old, new, known, &[], pen)?;
                        if old.is_of(pen.origin) {
                            // The element would be the same without its old value.
                            old.mark = pen.mark(None, new);
                        }
                        Came::Kept
                    }
                },
                Body::Scalar(_) if new.is_scalar() => Came::Kept,
                _ => return None,
            },
        })
    })?;
    let places = merged.iter().map(|element| match element {
        Element::Old(at, _) => Some(*at),
        Element::New(_) => None,
    });
    let is_same = count == merged.len() && places.enumerate().all(|(at, place)| place == Some(at));
    if !is_same {
        dest.touched = Some(mark);
        pen.changed |= whose != Whose::Base;
    }
    for piece in gone {
        let by = piece
            .named
            .as_deref()
            .copied()
            .filter(|by| orders.contains(by));
        let mark = by.unwrap_or(mark);
        dest.gone.push(Gone {
            key: None,
            piece,
            mark,
        });
    }
    let pieces = merged.into_iter().map(|element| match element {
        Element::Old(_, piece) | Element::New(piece) => piece,
    });
    dest.body = Body::List(pieces.collect());
    Some(())
}
