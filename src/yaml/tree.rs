//! The tree: every node of a text in one vector, in document order.

use std::ops::Range;

use super::kind::{Kind, Style};
use super::number::Number;
use crate::text::{line_at, push_list, push_map, push_quoted};

/// A node as the tree stores it.
#[derive(Clone, Copy)]
pub(super) struct Raw {
    /// The first byte in the source.
    pub(super) start: u32,
    /// The byte after the last in the source.
    pub(super) end: u32,
    /// The first byte of a scalar's text, in the source or in the side buffer.
    pub(super) text: u32,
    /// The length of a scalar's text.
    pub(super) len: u32,
    /// The index after the last node of this subtree.
    pub(super) next: u32,
    pub(super) kind: Kind,
    /// Whether the text is in the side buffer.
    pub(super) side: bool,
    /// Whether a collection is in flow style; whether a scalar is a block scalar.
    pub(super) style: Style,
}

/// A parsed text: all nodes in document order.
pub struct Tree<'t> {
    pub(super) source: &'t str,
    pub(super) side: String,
    pub(super) nodes: Vec<Raw>,
    pub(super) roots: Vec<u32>,
}

/// One node of a [`Tree`]; a cheap handle.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    pub(super) tree: &'a Tree<'a>,
    pub(super) at: u32,
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.to_json())
    }
}

impl PartialEq for Node<'_> {
    /// Two handles are equal if they refer to the same node of the same tree.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.tree, other.tree) && self.at == other.at
    }
}

impl<'t> Tree<'t> {
    /// The root of every document.
    pub fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.roots.iter().map(|&at| Node { tree: self, at })
    }

    /// The text that was parsed.
    #[must_use]
    pub fn source(&self) -> &'t str {
        self.source
    }

    /// The number of nodes, keys included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there is no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Replaces the text of a scalar, and keeps its place in the source.
    ///
    /// `position` is the scalar's [`Node::position`]; it has no effect on a map or a list.
    pub fn respell(&mut self, position: usize, text: &str) {
        let (start, len) = (self.side.len(), text.len());
        let (Ok(start), Ok(len)) = (u32::try_from(start), u32::try_from(len)) else {
            return;
        };
        let raw = self.nodes.get_mut(position);
        if let Some(raw) = raw.filter(|raw| !matches!(raw.kind, Kind::Map | Kind::Seq)) {
            (raw.text, raw.len, raw.side) = (start, len, true);
            self.side.push_str(text);
        }
    }

    /// The node at a [`Node::position`].
    #[must_use]
    pub fn node(&self, index: usize) -> Option<Node<'_>> {
        let at = u32::try_from(index).ok()?;
        (index < self.nodes.len()).then_some(Node { tree: self, at })
    }

    /// The line of a byte offset, from 1.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> usize {
        line_at(self.source.as_bytes(), offset)
    }
}

/// An index or offset as the tree stores it; inputs are bounded far below 4 GiB.
pub(super) fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

impl<'a> Node<'a> {
    pub(super) fn raw(self) -> &'a Raw {
        &self.tree.nodes[self.at as usize]
    }

    fn sibling(self, at: u32) -> Self {
        Self {
            tree: self.tree,
            at,
        }
    }

    /// The type of the node.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.raw().kind
    }

    /// The style of the node.
    #[must_use]
    pub fn style(self) -> Style {
        self.raw().style
    }

    /// Whether the node is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// Whether the node is a map.
    #[must_use]
    pub fn is_map(self) -> bool {
        self.kind() == Kind::Map
    }

    /// Whether the node is a list.
    #[must_use]
    pub fn is_seq(self) -> bool {
        self.kind() == Kind::Seq
    }

    /// Whether the node is neither a map nor a list.
    #[must_use]
    pub fn is_scalar(self) -> bool {
        !self.is_map() && !self.is_seq()
    }

    /// Whether it is a scalar with a string tag.
    #[must_use]
    pub fn is_called_text(self) -> bool {
        let before = self.tree.source().get(..self.span().start);
        before.is_some_and(|before| before.trim_end().ends_with("!!str"))
    }

    /// The text of a scalar after escapes; empty for a map or a list.
    #[must_use]
    pub fn text(self) -> &'a str {
        let raw = self.raw();
        let range = raw.text as usize..(raw.text + raw.len) as usize;
        if raw.side {
            &self.tree.side[range]
        } else {
            &self.tree.source[range]
        }
    }

    /// The bytes of [`Self::text`], which are faster to compare.
    fn bytes(self) -> &'a [u8] {
        let raw = self.raw();
        let range = raw.text as usize..(raw.text + raw.len) as usize;
        if raw.side {
            &self.tree.side.as_bytes()[range]
        } else {
            &self.tree.source.as_bytes()[range]
        }
    }

    /// The text of a string; `None` for any other node.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        (self.kind() == Kind::Str).then(|| self.text())
    }

    /// The place in the source, in bytes.
    #[must_use]
    pub fn span(self) -> Range<usize> {
        let raw = self.raw();
        raw.start as usize..raw.end as usize
    }

    /// The line in the source, from 1.
    #[must_use]
    pub fn line(self) -> usize {
        self.tree.line_at(self.raw().start as usize)
    }

    /// Its index among all nodes of the tree.
    #[must_use]
    pub fn position(self) -> usize {
        self.at as usize
    }

    /// The tree that the node belongs to.
    #[must_use]
    pub fn tree(self) -> &'a Tree<'a> {
        self.tree
    }

    /// The elements of a list; empty for any other node.
    pub fn items(self) -> impl Iterator<Item = Node<'a>> {
        let end = if self.is_seq() { self.raw().next } else { 0 };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let node = self.sibling(at);
                at = node.raw().next;
                node
            })
        })
    }

    /// The keys and values of a map in order; empty for any other node.
    pub fn entries(self) -> impl Iterator<Item = (Node<'a>, Node<'a>)> {
        let end = if self.is_map() { self.raw().next } else { 0 };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            (at < end).then(|| {
                let (key, value) = (self.sibling(at), self.sibling(at + 1));
                at = value.raw().next;
                (key, value)
            })
        })
    }

    /// The value under a key, if the node is a map that has it.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Node<'a>> {
        self.entries()
            .find(|(name, _)| {
                name.raw().len as usize == key.len() && name.bytes() == key.as_bytes()
            })
            .map(|(_, value)| value)
    }

    /// The value under a path of keys.
    #[must_use]
    pub fn at(self, path: &[&str]) -> Option<Node<'a>> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Follows keys and list indices as far as possible: the last place, and whether the path was
    /// followed to its end.
    ///
    /// The place of a map's scalar is its key.
    #[must_use]
    pub fn follow(self, path: &[impl AsRef<str>]) -> (Node<'a>, bool) {
        let (mut node, mut place) = (self, self);
        for step in path {
            let step = step.as_ref();
            let next = match step.parse::<usize>() {
                Ok(index) if node.is_seq() => node.items().nth(index).map(|item| (item, item)),
                _ => node.entries().find(|(key, _)| key.text() == step),
            };
            let Some((key, value)) = next else {
                return (place, false);
            };
            node = value;
            place = if value.is_scalar() { key } else { value };
        }
        (place, true)
    }

    /// The string under a path of keys.
    #[must_use]
    pub fn str_at(self, path: &[&str]) -> Option<&'a str> {
        self.at(path)?.as_str()
    }

    /// The number of nodes in the subtree, itself and keys included.
    #[must_use]
    pub fn size(self) -> usize {
        (self.raw().next - self.at) as usize
    }

    /// Whether the node has no children.
    #[must_use]
    pub fn is_childless(self) -> bool {
        self.raw().next == self.at + 1
    }

    /// The number that a scalar means.
    #[must_use]
    pub fn number(self) -> Option<Number> {
        matches!(self.kind(), Kind::Int | Kind::Float)
            .then(|| Number::parse(self.text()))
            .flatten()
    }

    /// Whether two scalars mean the same.
    #[must_use]
    pub fn same_scalar(self, other: Node<'_>) -> bool {
        match (self.kind(), other.kind()) {
            (Kind::Null, Kind::Null) => true,
            (Kind::Str, Kind::Str) => self.bytes() == other.bytes(),
            (Kind::Bool, Kind::Bool) => self.text().eq_ignore_ascii_case(other.text()),
            (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => {
                self.bytes() == other.bytes() || self.number() == other.number()
            }
            _ => false,
        }
    }

    /// Whether two subtrees are equal, node by node and in the same order.
    ///
    /// A fast answer for the common case. `false` means only that a closer comparison is needed,
    /// because maps may have the same entries in another order.
    #[must_use]
    pub fn same_in_order(self, other: Node<'_>) -> bool {
        let (mine, theirs) = (self.raw(), other.raw());
        let len = mine.next - self.at;
        len == theirs.next - other.at
            && (0..len).all(|step| {
                let (a, b) = (self.sibling(self.at + step), other.sibling(other.at + step));
                let (x, y) = (a.raw(), b.raw());
                if x.kind != y.kind || x.next - a.at != y.next - b.at {
                    return false;
                }
                match x.kind {
                    Kind::Map | Kind::Seq => true,
                    _ => a.same_scalar(b),
                }
            })
    }

    /// The JSON value of the subtree, with keys in their written order.
    #[must_use]
    pub fn to_json(self) -> serde_json::Value {
        use serde_json::Value;
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(self.text().eq_ignore_ascii_case("true")),
            Kind::Int | Kind::Float => self
                .number()
                .and_then(Number::to_json)
                .unwrap_or_else(|| Value::String(self.text().to_owned())),
            Kind::Str => Value::String(self.text().to_owned()),
            Kind::Seq => Value::Array(self.items().map(Self::to_json).collect()),
            Kind::Map => Value::Object(
                self.entries()
                    .map(|(key, value)| (key.text().to_owned(), value.to_json()))
                    .collect(),
            ),
        }
    }

    /// The subtree as a value for the typed readers.
    #[must_use]
    pub fn to_yaml_value(self) -> serde_yaml::Value {
        use serde_yaml::Value;
        match self.kind() {
            Kind::Seq => Value::Sequence(self.items().map(Self::to_yaml_value).collect()),
            Kind::Map => Value::Mapping(
                self.entries()
                    .map(|(key, value)| {
                        (Value::String(key.text().to_owned()), value.to_yaml_value())
                    })
                    .collect(),
            ),
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(self.text().eq_ignore_ascii_case("true")),
            Kind::Int | Kind::Float => match self.number() {
                Some(Number::Int(int)) => i64::try_from(int)
                    .map(Value::from)
                    .or_else(|_| u64::try_from(int).map(Value::from))
                    .unwrap_or_else(|_| Value::String(self.text().to_owned())),
                Some(Number::Float(float)) => Value::from(float),
                None => Value::String(self.text().to_owned()),
            },
            Kind::Str => Value::String(self.text().to_owned()),
        }
    }

    /// Writes the subtree as canonical JSON: keys sorted, no spaces, numbers by value.
    ///
    /// Every character that has a special meaning in YAML or in a terminal is escaped, so that the
    /// text can be in a block scalar.
    pub fn write_canonical(self, out: &mut String) {
        use std::fmt::Write as _;
        match self.kind() {
            Kind::Null => out.push_str("null"),
            Kind::Bool => out.push_str(if self.text().eq_ignore_ascii_case("true") {
                "true"
            } else {
                "false"
            }),
            Kind::Int | Kind::Float => match self.number().and_then(Number::to_json) {
                Some(value) => {
                    let _ = write!(out, "{value}");
                }
                None => push_quoted(out, self.text()),
            },
            Kind::Str => push_quoted(out, self.text()),
            Kind::Seq => push_list(out, self.items(), |out, item| item.write_canonical(out)),
            Kind::Map => {
                let entries = self.entries().map(|(key, value)| (key.text(), value));
                push_map(out, entries, |out, _, value| value.write_canonical(out));
            }
        }
    }
}
