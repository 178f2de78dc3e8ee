//! A resource as it grows, each piece with the place that wrote it.

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

/// Deeper than any resource: what a file nests deeper, at once or bit by bit, is not followed.
///
/// Everything below walks pieces by recursion, and so does their end, so no piece ever gets deeper.
pub(crate) const MAX_DEPTH: usize = 600;

/// How many bytes of text cost as much as one piece.
pub(crate) const TEXT: usize = 256;

/// How many characters of a name a note of something unknown holds.
const MAX_WHAT: usize = 200;

/// Where something was written: a range of bytes in the file of an origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The index of the origin; a later one was applied later.
    pub origin: usize,
    /// The first byte.
    pub start: usize,
    /// The byte after the last; where it lies on another line, the line ends it.
    pub end: usize,
}

/// Something that was not followed exactly, by the mark where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Lost {
    pub reason: Reason,
    pub what: String,
    pub mark: Option<Mark>,
}

/// Notes what is lost, as far as the list is long enough for it.
pub(crate) fn lose(list: &mut Vec<Lost>, reason: Reason, what: &str, mark: Option<Mark>) {
    let is_first =
        || reason.hides_patches() && !list.iter().any(|lost| lost.reason.hides_patches());
    if list.len() < MAX_UNKNOWN || is_first() {
        let what: String = what.chars().take(MAX_WHAT).collect();
        list.push(Lost { reason, what, mark });
    }
}

/// What a piece is.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// A value that only kustomize knows.
    Unknown,
    Scalar(Value),
    Map(BTreeMap<String, Piece>),
    List(Vec<Piece>),
}

/// A value and who wrote it.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub body: Body,
    /// The text of a scalar as it is written, where JSON has another one for the same value.
    pub spelled: Option<Box<str>>,
    /// How kustomize's node is written.
    pub look: Look,
    pub mark: Mark,
    /// Who was the last to add, remove or move children, without writing the whole; of an image, who gave it its name.
    pub touched: Option<Mark>,
    /// Where the last strategic merge patch names it on the way to what it says.
    pub named: Option<Box<Mark>>,
    /// The children that are no more.
    pub gone: Vec<Gone>,
    /// Which scalars of its resource are one and the same to kustomize; 0 for none but itself.
    pub shared: usize,
}

/// A child that is no more.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    /// Its key, where it was of a map.
    pub key: Option<String>,
    pub piece: Piece,
    pub mark: Mark,
}

/// Writes pieces: who writes, how much more may be written, and what turned out to be secret.
pub(crate) struct Pen<'p> {
    pub origin: usize,
    pub shift: &'p Shift,
    /// Who wrote what there is.
    pub origins: &'p [Origin<'p>],
    /// How many more pieces the whole replay may make.
    pub budget: &'p mut usize,
    /// Ranges that hold Secrets.
    pub secrets: &'p mut Vec<(usize, Range<usize>)>,
    /// What is taken out of Secrets.
    pub copies: &'p mut Copies,
    /// What was not followed exactly.
    pub unknown: &'p mut Vec<Lost>,
    /// Whether anything became another value.
    pub changed: bool,
    /// What it was for: kind and first name.
    pub met: Vec<(String, String)>,
    /// Scalars that it wrote where kustomize has one for several places.
    pub spread: Vec<Piece>,
}

/// What an entry of a list came to.
pub(crate) struct Wrote {
    pub mark: Mark,
    pub targets: Vec<(String, String)>,
    pub changed: bool,
    pub is_followed: bool,
}

/// Takes from a budget, in pieces; nothing where it does not suffice, and from then on.
pub(crate) fn spend(budget: &mut usize, pieces: usize) -> Option<()> {
    let left = budget.checked_sub(pieces);
    *budget = left.unwrap_or_default();
    left.map(|_| ())
}

impl Pen<'_> {
    /// Whether a value has what another one says, and nobody has to say it again: the base's own may be said by the overlay.
    pub fn keeps(&self, old: &Piece, new: &Piece) -> bool {
        let origin = self.origins.get(old.mark.origin);
        is_same(old, new) && origin.is_some_and(|origin| !origin.in_base)
    }

    /// Takes from the budget, as [`spend`] does.
    pub fn spend(&mut self, pieces: usize) -> Option<()> {
        spend(self.budget, pieces)
    }

    /// Notes something about a node that is not followed exactly.
    pub fn lose(&mut self, reason: Reason, what: &str, node: Node<'_>) {
        let mark = self.mark_of(node);
        lose(self.unknown, reason, what, Some(mark));
    }

    /// What was written of one entry, and whether all of it was followed: nothing more is unknown than before.
    pub fn wrote(self, mark: Mark, before: usize, is_paid: bool) -> Wrote {
        let is_full = self.unknown.len() >= MAX_UNKNOWN;
        Wrote {
            mark,
            targets: self.met,
            changed: self.changed,
            is_followed: is_paid && !is_full && self.unknown.len() == before,
        }
    }

    /// The mark of a value: the value itself where it stands on one line, else its key.
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

    /// A new piece of what a node says; nothing when too much was written.
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
                    // Only texts are keys in JSON.
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
                // The field and never the value, which may be secret.
                self.lose(Reason::Scalar, key.map_or("", Node::text), value);
            }
            let json = value.to_json();
            let is_number = matches!(value.kind(), Kind::Int | Kind::Float);
            let is_large = value.kind() == Kind::Float && json.as_f64().is_none_or(is_large);
            if is_number && (json.is_string() || is_large) {
                // Infinite, or larger than what is exact.
                self.lose(Reason::Scalar, key.map_or("", Node::text), value);
            }
            let source = value.tree().source().get(value.span());
            if json.is_null() {
                // Of nothing there is no text.
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

    /// The text of a scalar as it is written, numbers included.
    pub fn scalar_text(&self) -> Option<String> {
        match (&self.body, &self.spelled) {
            (Body::Scalar(Value::String(text)), _) => Some(text.clone()),
            (Body::Scalar(Value::Null), _) => None,
            (Body::Scalar(_), Some(text)) => Some(text.to_string()),
            (Body::Scalar(value), None) => Some(value.to_string()),
            _ => None,
        }
    }

    /// The text of a scalar as it is written, that of null included; none of anything else.
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

    /// Whether it is a null of which not even a word is written.
    pub fn is_unwritten(&self) -> bool {
        self.is_null() && self.spelled.as_deref() == Some("")
    }

    /// Writes a child of maps, with the maps on the way that are not there yet.
    ///
    /// `path` leads from the root of a resource and `child` is shallow, or the caller has bounded both.
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

    /// The value as JSON; nothing where a part of it is not known.
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

    /// A copy that was written by one mark, without what it once was.
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

    /// How many levels there are, and how many pieces, long texts counted for several.
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

    /// Does something to every scalar below.
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

/// Whether two pieces are the same value, as far as it is known; it stops at the first difference.
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

/// Whether two values mean the same, numbers by value.
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
