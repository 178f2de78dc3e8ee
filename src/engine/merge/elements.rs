//! Lists that are merged by keys, element by element, as kustomize does it.
//!
//! A port of kyaml's `walk/associative_sequence.go`, including its treatment of odd lists: an
//! element without its key, one of two keys that is on one side only, and duplicate elements.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::yaml::Node;

use super::super::piece::{Body, Piece};

/// The result of walking one element.
pub(super) enum Came {
    /// Nothing is left of it.
    Gone,
    /// The old element is still there, changed or not.
    Kept,
    /// The patch's own element.
    New(Piece),
}

/// Walks one element: its old value and its value in a patch.
pub(super) type Walk<'w> = dyn FnMut(Option<&mut Piece>, Option<Node<'_>>) -> Option<Came> + 'w;

/// The elements during a merge: all of them, by their places in one list.
struct Elements<'n> {
    all: Vec<Piece>,
    news: Vec<New<'n>>,
}

/// An element of a patch.
struct New<'n> {
    node: Node<'n>,
    /// Its place among all elements, once it was added.
    at: Option<usize>,
    /// Whether its directive was obeyed, which kustomize does only once.
    is_obeyed: bool,
}

/// The elements of the result: places of old elements, and new ones.
pub(super) enum Element {
    Old(usize, Piece),
    New(Piece),
}

/// The elements, and those that were removed.
pub(super) type Merged = (Vec<Element>, Vec<Piece>);

/// Merges a patch into a list; `None` if kustomize refuses it.
pub(super) fn merged(
    old: Vec<Piece>,
    new: &[Node<'_>],
    keys: &[&str],
    walk: &mut Walk<'_>,
) -> Option<Merged> {
    let keys: &[&str] = if keys.is_empty() { &[""] } else { keys };
    if is_plain(&old, new, keys) {
        return plainly(old, new, keys, walk);
    }
    let count = old.len();
    let mut dest: Vec<usize> = (0..count).collect();
    let mut elements = Elements {
        all: old,
        news: new
            .iter()
            .map(|node| New {
                node: *node,
                at: None,
                is_obeyed: false,
            })
            .collect(),
    };
    let mut wanted: Vec<Vec<String>> = Vec::new();
    let said = new
        .iter()
        .map(|node| keys.iter().map(|key| of_node(*node, key)).collect());
    let had = elements
        .all
        .iter()
        .map(|piece| keys.iter().map(|key| of_piece(piece, key)).collect());
    for values in said.chain(had) {
        if !wanted.contains(&values) {
            wanted.push(values);
        }
    }
    if keys.len() > 1 {
        unite(&mut wanted);
    }
    let mut items: Vec<usize> = Vec::new();
    let mut last = Vec::new();
    for one in &wanted {
        let (valid, values) = validate(&wanted, one, keys);
        last.clone_from(&valid);
        let (by, like) = validate(std::slice::from_ref(&values), &values, &valid);
        let at = dest
            .iter()
            .copied()
            .find(|at| elements.has(*at, &by, &like));
        let came = elements.walk(at, &by, &like, walk)?;
        let Some(came) = came.filter(|came| !is_nothing(&elements.all[*came])) else {
            elements.set(&mut dest, &valid, &values, None)?;
            continue;
        };
        for (key, value) in valid.iter().zip(&values) {
            let piece = &mut elements.all[came];
            if !key.is_empty() && !value.is_empty() && piece.get(key).is_none() {
                let mark = piece.mark;
                piece.set(&[key], Piece::text(value, mark));
            }
        }
        elements.set(&mut items, &valid, &values, Some(came))?;
    }
    if !wanted.is_empty() {
        for at in dest {
            elements.append(&mut items, at, &last)?;
        }
        dest = items;
    }
    let mut all: Vec<Option<Piece>> = elements.all.into_iter().map(Some).collect();
    let mut out = Vec::new();
    for at in dest {
        // No place occurs twice.
        if let Some(piece) = all.get_mut(at).and_then(Option::take) {
            out.push(if at < count {
                Element::Old(at, piece)
            } else {
                Element::New(piece)
            });
        }
    }
    all.truncate(count);
    Some((out, all.into_iter().flatten().collect()))
}

/// Whether every element of both lists is a map with the same single key, and no value of it occurs
/// twice.
fn is_plain(old: &[Piece], new: &[Node<'_>], keys: &[&str]) -> bool {
    let Some((first, others)) = keys.split_first() else {
        return false;
    };
    let mut seen = HashSet::new();
    let mut is_new = |key: String| !key.is_empty() && seen.insert(key);
    let is_old_plain = old.iter().all(|piece| {
        is_new(of_piece(piece, first)) && others.iter().all(|key| piece.get(key).is_none())
    });
    let mut seen = HashSet::new();
    let mut is_new = |key: String| !key.is_empty() && seen.insert(key);
    is_old_plain
        && !first.is_empty()
        && new.iter().all(|node| {
            is_new(of_node(*node, first)) && others.iter().all(|key| node.get(key).is_none())
        })
}

/// The same for lists without oddities: the elements of the patch come first, in their order.
fn plainly(
    old: Vec<Piece>,
    new: &[Node<'_>],
    keys: &[&str],
    walk: &mut Walk<'_>,
) -> Option<Merged> {
    let key = keys.first()?;
    let mut places = HashMap::new();
    let mut rest: Vec<Option<Piece>> = Vec::new();
    for (at, piece) in old.into_iter().enumerate() {
        places.insert(of_piece(&piece, key), at);
        rest.push(Some(piece));
    }
    let (mut out, mut gone) = (Vec::new(), Vec::new());
    for node in new {
        let at = places.get(&of_node(*node, key)).copied();
        let known = at.and_then(|at| Some((at, rest.get_mut(at)?.take()?)));
        match known {
            Some((at, mut piece)) => match walk(Some(&mut piece), Some(*node))? {
                Came::Gone => gone.push(piece),
                // kustomize puts the old element back in place of one that should replace it.
                Came::Kept | Came::New(_) => {
                    if !is_nothing(&piece) {
                        out.push(Element::Old(at, piece));
                    }
                }
            },
            None => {
                if let Came::New(piece) = walk(None, Some(*node))?
                    && !is_nothing(&piece)
                {
                    out.push(Element::New(piece));
                }
            }
        }
    }
    for (at, piece) in rest.into_iter().enumerate() {
        let Some(mut piece) = piece else { continue };
        if matches!(walk(Some(&mut piece), None)?, Came::Kept) && !is_nothing(&piece) {
            out.push(Element::Old(at, piece));
        } else {
            gone.push(piece);
        }
    }
    Some((out, gone))
}

impl Elements<'_> {
    /// Whether an element has these keys with these values.
    fn has(&self, at: usize, keys: &[&str], values: &[String]) -> bool {
        let piece = &self.all[at];
        keys.iter().zip(values).all(|(key, value)| {
            let field = if key.is_empty() {
                Some(piece)
            } else {
                piece.get(key)
            };
            field.is_some_and(|field| text_of(field) == *value)
        })
    }

    /// Whether an element has these keys; an empty value matches any.
    fn is(&self, at: usize, keys: &[&str], values: &[String]) -> bool {
        let piece = &self.all[at];
        keys.iter().zip(values).all(|(key, value)| {
            if key.is_empty() {
                return !is_null(piece) && text_of(piece) == *value;
            }
            piece
                .get(key)
                .is_some_and(|field| value.is_empty() || text_of(field) == *value)
        })
    }

    /// Walks an old element and its patch; the result is the place of the remaining element.
    #[expect(
        clippy::option_option,
        reason = "one says that it is refused, the other that nothing is left"
    )]
    fn walk(
        &mut self,
        old: Option<usize>,
        keys: &[&str],
        values: &[String],
        walk: &mut Walk<'_>,
    ) -> Option<Option<usize>> {
        let is_new = |new: &New<'_>| {
            keys.iter().zip(values).all(|(key, value)| {
                let field = if key.is_empty() {
                    Some(new.node)
                } else {
                    new.node.get(key)
                };
                field.is_some_and(|field| text(field) == *value)
            })
        };
        let new = self.news.iter().position(is_new);
        if let Some(at) = new.and_then(|new| self.news[new].at) {
            // It was added before, and is the same.
            return Some(Some(old.unwrap_or(at)));
        }
        let node = new.map(|new| self.news[new].node);
        if new.is_some_and(|new| self.news[new].is_obeyed) {
            // Without its directive it would be an ordinary element, which is too odd to follow.
            return None;
        }
        let came = walk(old.map(|at| &mut self.all[at]), node)?;
        Some(match came {
            Came::Gone => {
                if let Some(new) = new {
                    self.news[new].is_obeyed = true;
                }
                None
            }
            Came::Kept => old,
            Came::New(piece) => {
                self.all.push(piece);
                let at = self.all.len() - 1;
                if let Some(new) = new {
                    self.news[new].at = Some(at);
                }
                Some(at)
            }
        })
    }

    /// kyaml's `ElementSetter`: replaces or removes the element with these keys.
    fn set(
        &self,
        list: &mut Vec<usize>,
        keys: &[&str],
        values: &[String],
        element: Option<usize>,
    ) -> Option<()> {
        let is_for_maps = keys.first().is_some_and(|key| !key.is_empty())
            && values.first().is_some_and(|value| !value.is_empty());
        let mut out = Vec::new();
        let mut is_found = false;
        for &at in &*list {
            let piece = &self.all[at];
            if is_nothing(piece) {
                continue;
            }
            let is_map = matches!(piece.body, Body::Map(_));
            if !is_map && is_for_maps {
                out.push(at);
                continue;
            }
            if is_map == keys.first().is_none_or(|key| key.is_empty()) {
                return None;
            }
            // A key without a value keeps the result of the key before it.
            let (mut has, mut is_this) = (false, true);
            for (place, key) in keys.iter().enumerate() {
                if let Some(value) = values.get(place) {
                    has = self.is(at, &[key], std::slice::from_ref(value));
                }
                if !has {
                    is_this = false;
                    break;
                }
            }
            match (is_this, element) {
                (false, _) => out.extend((!values.is_empty()).then_some(at)),
                (true, None) => is_found = true,
                (true, Some(element)) => {
                    is_found = true;
                    out.push(element);
                }
            }
        }
        *list = out;
        if let Some(element) = element.filter(|_| !is_found) {
            list.push(element);
        }
        Some(())
    }

    /// kyaml's `appendListNode` for one element.
    fn append(&self, list: &mut Vec<usize>, at: usize, keys: &[&str]) -> Option<()> {
        let piece = &self.all[at];
        let mut values = Vec::new();
        for key in keys {
            let field = if key.is_empty() {
                Some(piece)
            } else {
                piece.get(key)
            };
            match field {
                Some(field) if !is_null(field) => values.push(text_of(field)),
                _ => list.push(at),
            }
        }
        if keys.len() > 1 {
            self.set(list, keys, &values, None)?;
        }
        self.set(list, keys, &values, Some(at))
    }
}

/// The keys that matter, with the values of one element: those for which any element has a value.
fn validate<'k>(
    all: &[Vec<String>],
    values: &[String],
    keys: &[&'k str],
) -> (Vec<&'k str>, Vec<String>) {
    let is_valid = |place: usize| {
        all.iter()
            .any(|values| values.get(place).is_some_and(|value| !value.is_empty()))
    };
    let places: Vec<usize> = (0..keys.len()).filter(|place| is_valid(*place)).collect();
    if places.is_empty() {
        return (keys.to_vec(), values.to_vec());
    }
    let values = places
        .iter()
        .filter_map(|place| values.get(*place).cloned());
    (
        places.iter().map(|place| keys[*place]).collect(),
        values.collect(),
    )
}

/// Gives elements that may be the same, because no value contradicts it, the same values.
fn unite(wanted: &mut [Vec<String>]) {
    for one in 0..wanted.len() {
        let values = wanted[one].clone();
        for other in 0..wanted.len() {
            if let Some(both) = both(&values, &wanted[other]) {
                wanted[one].clone_from(&both);
                wanted[other] = both;
            }
        }
    }
}

fn both(one: &[String], other: &[String]) -> Option<Vec<String>> {
    let mut is_common = false;
    let mut out = Vec::new();
    for (a, b) in one.iter().zip(other) {
        if a == b {
            is_common = true;
        } else if !a.is_empty() && !b.is_empty() {
            return None;
        }
        out.push(if a.is_empty() { b.clone() } else { a.clone() });
    }
    is_common.then_some(out)
}

/// Whether a value is null or an empty map, which no list keeps.
fn is_nothing(piece: &Piece) -> bool {
    is_null(piece) || matches!(&piece.body, Body::Map(map) if map.is_empty())
}

fn is_null(piece: &Piece) -> bool {
    matches!(piece.body, Body::Scalar(Value::Null))
}

fn text_of(piece: &Piece) -> String {
    piece.scalar_text().unwrap_or_default()
}

fn text(node: Node<'_>) -> String {
    if node.is_scalar() && !node.is_null() {
        node.text().to_owned()
    } else {
        String::new()
    }
}

fn of_piece(piece: &Piece, key: &str) -> String {
    let field = if key.is_empty() {
        Some(piece)
    } else {
        piece.get(key)
    };
    field.map(text_of).unwrap_or_default()
}

fn of_node(node: Node<'_>, key: &str) -> String {
    let field = if key.is_empty() {
        Some(node)
    } else {
        node.get(key)
    };
    field.map(text).unwrap_or_default()
}
