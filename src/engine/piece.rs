//! A resource during a build, each piece with the place that wrote it.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;

use crate::resource::is_secret;
use crate::yaml::{Kind, Node, Style};

use super::copied::Copies;
use super::look::{Look, is_date, is_large, is_odd, is_odd_key, is_plain_date};
use super::origin::Origin;
use super::text::Shift;
use super::unknown::{MAX_UNKNOWN, Reason};

/// Deeper than any real resource; deeper nesting, at once or step by step, is not followed.
///
/// Everything below walks pieces by recursion, and so does their `drop`, so no piece may get
/// deeper.
pub(crate) const MAX_DEPTH: usize = 600;

/// The number of bytes of text that cost as much as one piece.
pub(crate) const TEXT: usize = 256;

/// The number of characters that a note keeps of a name.
const MAX_WHAT: usize = 200;

/// Where a value was written: a range of bytes in the file of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The index of the origin; a higher one was applied later.
    pub origin: usize,
    /// The first byte.
    pub start: usize,
    /// The byte after the last; if it is on another line, the mark ends with the first line.
    pub end: usize,
}

/// A part that was not followed exactly, with its mark.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub reason: Reason,
    pub what: String,
    pub mark: Option<Mark>,
}

/// Notes a part that was not followed, if the list has room for it.
pub(crate) fn lose(list: &mut Vec<Lost>, reason: Reason, what: &str, mark: Option<Mark>) {
    let is_first =
        || reason.hides_patches() && !list.iter().any(|lost| lost.reason.hides_patches());
    if list.len() < MAX_UNKNOWN || is_first() {
        let what: String = what.chars().take(MAX_WHAT).collect();
        list.push(Lost { reason, what, mark });
    }
}

/// The content of a piece.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// A value that only kustomize knows.
    Unknown,
    Scalar(Value),
    Map(BTreeMap<String, Piece>),
    List(Vec<Piece>),
}

/// A value and its writer.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub body: Body,
    /// The written text of a scalar, if JSON writes the same value differently.
    pub spelled: Option<Box<str>>,
    /// The style of kustomize's node.
    pub look: Look,
    pub mark: Mark,
    /// The last change that added, removed or moved children without writing the whole; for an
    /// image, the entry that renamed it.
    pub touched: Option<Mark>,
    /// Where the last strategic merge patch names this piece on the way to a value.
    pub named: Option<Box<Mark>>,
    /// The children that were removed.
    pub gone: Vec<Gone>,
    /// The group of scalars that are one node in kustomize; 0 if it is on its own.
    pub shared: usize,
}

/// A child that was removed.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    /// Its key, if it was in a map.
    pub key: Option<String>,
    pub piece: Piece,
    pub mark: Mark,
}

/// Writes pieces: the writer, the remaining budget, and the Secrets that were found.
pub(crate) struct Pen<'p> {
    pub origin: usize,
    pub shift: &'p Shift,
    /// The writers so far.
    pub origins: &'p [Origin<'p>],
    /// The number of pieces that the whole replay may still make.
    pub budget: &'p mut usize,
    /// Ranges that hold Secrets.
    pub secrets: &'p mut Vec<(usize, Range<usize>)>,
    /// The values that were copied out of Secrets.
    pub copies: &'p mut Copies,
    /// The parts that were not followed exactly.
    pub unknown: &'p mut Vec<Lost>,
    /// Whether any value changed.
    pub changed: bool,
    /// The resources that it was for: kind and first name.
    pub met: Vec<(String, String)>,
    /// Scalars that it wrote although kustomize shares their node with other fields.
    pub spread: Vec<Piece>,
}

/// The result of an entry of a list.
pub(crate) struct Wrote {
    pub mark: Mark,
    pub targets: Vec<(String, String)>,
    pub changed: bool,
    pub is_followed: bool,
}

/// Takes pieces from a budget; `None` if it is too small, and from then on.
pub(crate) fn spend(budget: &mut usize, pieces: usize) -> Option<()> {
    let left = budget.checked_sub(pieces);
    *budget = left.unwrap_or_default();
    left.map(|_| ())
}

impl Pen<'_> {
    /// Whether a new value equals the old one and need not be written again: an overlay may write
    /// the base's value again.
    pub fn keeps(&self, old: &Piece, new: &Piece) -> bool {
        let origin = self.origins.get(old.mark.origin);
        is_same(old, new) && origin.is_some_and(|origin| !origin.in_base)
    }

    /// Takes from the budget, as [`spend`] does.
    pub fn spend(&mut self, pieces: usize) -> Option<()> {
        spend(self.budget, pieces)
    }

    /// Notes a node that is not followed exactly.
    pub fn lose(&mut self, reason: Reason, what: &str, node: Node<'_>) {
        let mark = self.mark_of(node);
        lose(self.unknown, reason, what, Some(mark));
    }

    /// The result of one entry, and whether all of it was followed: nothing new is unknown.
    pub fn wrote(self, mark: Mark, before: usize, is_paid: bool) -> Wrote {
        let is_full = self.unknown.len() >= MAX_UNKNOWN;
        Wrote {
            mark,
            targets: self.met,
            changed: self.changed,
            is_followed: is_paid && !is_full && self.unknown.len() == before,
        }
    }

    /// The mark of a value: the value itself if it is on one line, else its key.
    pub fn mark(&self, key: Option<Node<'_>>, value: Node<'_>) -> Mark {
        let short = value.is_scalar() && value.style() != Style::Block && !value.is_null();
        let node = match key {
            Some(key) if !short || is_broken(value) => key,
            _ => value,
        };
        self.mark_of(node)
    }

    /// The mark of one node.
    pub fn mark_of(&self, node: Node<'_>) -> Mark {
        let Range { start, end } = self.shift.outer(node.span());
        Mark {
            origin: self.origin,
            start,
            end,
        }
    }

    /// A new piece for a node; `None` if too much was written.
    pub fn piece(&mut self, key: Option<Node<'_>>, value: Node<'_>) -> Option<Piece> {
        if value.is_map() && is_secret(value) {
            self.secrets
                .push((self.origin, self.shift.outer(value.span())));
        }
        self.spend(1 + value.text().len() / TEXT)?;
        let mark = self.mark(key, value);
        let mut spelled = None;
        let body = if value.is_map() {
            let mut map = BTreeMap::new();
            for (key, value) in value.entries() {
                if is_odd_key(key) {
                    // JSON has only string keys.
                    self.lose(Reason::Type, key.text(), key);
                }
                map.insert(key.text().to_owned(), self.piece(Some(key), value)?);
            }
            Body::Map(map)
        } else if value.is_seq() {
            let items = value.items().map(|item| self.piece(None, item));
            Body::List(items.collect::<Option<_>>()?)
        } else {
            let is_other = |text: &str| is_date(text) && !is_plain_date(text);
            let is_date = value.style() == Style::Plain && value.as_str().is_some_and(is_other);
            if is_date || is_odd(value) {
                // The note names the field, never the value, which may be secret.
                self.lose(Reason::Scalar, key.map_or("", Node::text), value);
            }
            let json = value.to_json();
            let is_number = matches!(value.kind(), Kind::Int | Kind::Float);
            let is_large = value.kind() == Kind::Float && json.as_f64().is_none_or(is_large);
            if is_number && (json.is_string() || is_large) {
                // It is infinite, or larger than the exact integers.
                self.lose(Reason::Scalar, key.map_or("", Node::text), value);
            }
            let source = value.tree().source().get(value.span());
            if json.is_null() {
                // An empty node has no text.
                let text = source.filter(|text| *text == value.text());
                spelled = Some(text.unwrap_or_default().into());
            } else if !json.is_string() {
                let text = json.to_string();
                spelled = (text != value.text()).then(|| value.text().into());
            }
            Body::Scalar(json)
        };
        Some(Piece {
            spelled,
            look: Look::of(value),
            ..Piece::new(body, mark)
        })
    }
}

fn is_broken(node: Node<'_>) -> bool {
    let span = node.span();
    node.tree()
        .source()
        .get(span)
        .is_some_and(|text| text.contains('\n'))
}

impl Piece {
    pub fn new(body: Body, mark: Mark) -> Self {
        Self {
            body,
            spelled: None,
            look: Look::default(),
            mark,
            touched: None,
            named: None,
            gone: Vec::new(),
            shared: 0,
        }
    }

    pub fn text(text: &str, mark: Mark) -> Self {
        Self::new(Body::Scalar(text.into()), mark)
    }

    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.body {
            Body::Map(map) => map.get(key),
            _ => None,
        }
    }

    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.body {
            Body::Map(map) => map.get_mut(key),
            _ => None,
        }
    }

    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |piece, key| piece.get(key))
    }

    pub fn at_mut(&mut self, path: &[&str]) -> Option<&mut Self> {
        path.iter().try_fold(self, |piece, key| piece.get_mut(key))
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.body {
            Body::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The written text of a scalar, including numbers.
    pub fn scalar_text(&self) -> Option<String> {
        match (&self.body, &self.spelled) {
            (Body::Scalar(Value::String(text)), _) => Some(text.clone()),
            (Body::Scalar(Value::Null), _) => None,
            (Body::Scalar(_), Some(text)) => Some(text.to_string()),
            (Body::Scalar(value), None) => Some(value.to_string()),
            _ => None,
        }
    }

    /// The written text of a scalar, including null; empty for anything else.
    pub fn written(&self) -> String {
        match &self.body {
            Body::Scalar(Value::Null) => self.spelled.as_deref().unwrap_or("null").to_owned(),
            _ => self.scalar_text().unwrap_or_default(),
        }
    }

    pub fn items(&self) -> &[Self] {
        match &self.body {
            Body::List(items) => items,
            _ => &[],
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.body, Body::Scalar(Value::Null))
    }

    /// Whether it is a null without any written word.
    pub fn is_unwritten(&self) -> bool {
        self.is_null() && self.spelled.as_deref() == Some("")
    }

    /// Writes a child of nested maps, and creates the missing maps on the way.
    ///
    /// `path` leads from the root of a resource and `child` is shallow, or the caller has bounded
    /// both.
    pub fn set(&mut self, path: &[&str], child: Self) -> bool {
        if path.len() > MAX_DEPTH {
            return false;
        }
        let mark = child.mark;
        let mut piece = self;
        for step in path {
            if piece.is_null() {
                piece.body = Body::Map(BTreeMap::new());
            }
            let Body::Map(map) = &mut piece.body else {
                return false;
            };
            if !map.contains_key(*step) {
                piece.touched = Some(mark);
            }
            piece = map
                .entry((*step).to_owned())
                .or_insert_with(|| Self::new(Body::Map(BTreeMap::new()), mark));
        }
        *piece = child;
        true
    }

    /// Removes a child of a map.
    pub fn remove(&mut self, key: &str, mark: Mark) -> bool {
        let Body::Map(map) = &mut self.body else {
            return false;
        };
        let Some(piece) = map.remove(key) else {
            return false;
        };
        self.touched = Some(mark);
        self.gone.push(Gone {
            key: Some(key.to_owned()),
            piece,
            mark,
        });
        true
    }

    /// The value as JSON; `None` if a part of it is not known.
    pub fn to_json(&self) -> Option<Value> {
        match &self.body {
            Body::Unknown => None,
            Body::Scalar(value) => Some(value.clone()),
            Body::List(items) => items.iter().map(Self::to_json).collect(),
            Body::Map(map) => map
                .iter()
                .filter(|(_, piece)| !piece.is_null())
                .map(|(key, piece)| Some((key.clone(), piece.to_json()?)))
                .collect::<Option<serde_json::Map<_, _>>>()
                .map(Value::Object),
        }
    }

    /// A copy that was written by one mark, without its history.
    pub fn signed(&self, mark: Mark) -> Self {
        let body = match &self.body {
            Body::Map(map) => Body::Map(
                map.iter()
                    .map(|(key, piece)| (key.clone(), piece.signed(mark)))
                    .collect(),
            ),
            Body::List(items) => Body::List(items.iter().map(|item| item.signed(mark)).collect()),
            body => body.clone(),
        };
        Self {
            spelled: self.spelled.clone(),
            look: self.look,
            ..Self::new(body, mark)
        }
    }

    /// The depth and the number of pieces; a long text counts as several.
    pub fn measure(&self) -> (usize, usize) {
        let join = |(deep, size): (usize, usize), piece: &Self| {
            let (below, more) = piece.measure();
            (deep.max(below + 1), size + more)
        };
        match &self.body {
            Body::Map(map) => map.values().fold((1, 1), join),
            Body::List(items) => items.iter().fold((1, 1), join),
            Body::Scalar(Value::String(text)) => (1, 1 + text.len() / TEXT),
            _ => (1, 1),
        }
    }

    /// Whether one origin wrote every scalar in it.
    pub fn is_of(&self, origin: usize) -> bool {
        match &self.body {
            Body::Map(map) => map.values().all(|piece| piece.is_of(origin)),
            Body::List(items) => items.iter().all(|piece| piece.is_of(origin)),
            _ => self.mark.origin == origin,
        }
    }

    /// Applies a change to every scalar below.
    pub fn each(&mut self, change: &mut impl FnMut(&mut Self)) {
        match &mut self.body {
            Body::Map(map) => map.values_mut().for_each(|piece| piece.each(change)),
            Body::List(items) => items.iter_mut().for_each(|piece| piece.each(change)),
            _ => change(self),
        }
    }

    /// Every piece below, itself first.
    pub fn visit<'p>(&'p self, look: &mut impl FnMut(&'p Self)) {
        look(self);
        match &self.body {
            Body::Map(map) => map.values().for_each(|piece| piece.visit(look)),
            Body::List(items) => items.iter().for_each(|piece| piece.visit(look)),
            _ => {}
        }
    }
}

/// Whether two pieces have the same value, if it is known; stops at the first difference.
pub(crate) fn is_same(left: &Piece, right: &Piece) -> bool {
    match (&left.body, &right.body) {
        (Body::Scalar(left), Body::Scalar(right)) => left == right,
        (Body::List(left), Body::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| is_same(a, b))
        }
        (Body::Map(left), Body::Map(right)) => {
            let mut left = left.iter().filter(|(_, piece)| !piece.is_null());
            let mut right = right.iter().filter(|(_, piece)| !piece.is_null());
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return true,
                    (Some((a, one)), Some((b, other))) if a == b && is_same(one, other) => {}
                    _ => return false,
                }
            }
        }
        _ => false,
    }
}

/// Whether two values mean the same; numbers are compared by value.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            let size =
                |map: &serde_json::Map<_, Value>| map.values().filter(|v| !v.is_null()).count();
            size(a) == size(b)
                && a.iter()
                    .filter(|(_, value)| !value.is_null())
                    .all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => left == right,
    }
}
