//! The reference: granit-parser's events in an ordinary tree with spans, and nothing else.
//!
//! This is the natural code for a reader that needs every node with its place in the text and has
//! no other requirements: borrowed scalars, no resolution of types, no bounds of its own, no check
//! for duplicate keys.

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle};

/// The place of a node in the text, in bytes.
#[derive(Clone, Copy)]
#[expect(
    dead_code,
    reason = "a tree keeps them for its readers, and the yardstick has none"
)]
pub struct Span {
    start: u32,
    end: u32,
}

/// One node with its content.
#[expect(
    dead_code,
    reason = "a tree keeps them for its readers, and the yardstick has none"
)]
pub enum Node<'t> {
    /// A scalar as written, after escapes.
    Scalar(Cow<'t, str>, ScalarStyle, Span),
    /// A list.
    Seq(Vec<Node<'t>>, Span),
    /// A map, in its order of writing.
    Map(Vec<(Node<'t>, Node<'t>)>, Span),
    /// A reference to an anchor.
    Alias(usize, Span),
}

/// Builds the tree of the first document.
///
/// # Panics
///
/// Panics on text that is not YAML.
#[must_use]
pub fn tree(source: &str) -> Option<Node<'_>> {
    let options = granit_parser::options! { emit_comments: false };
    let mut open: Vec<Open<'_>> = Vec::new();
    for event in Parser::new_from_str_with_options(source, options) {
        let (event, place) = event.expect("the generated text is YAML");
        let offset = |marker: Option<usize>| u32::try_from(marker.unwrap_or(0)).unwrap_or(u32::MAX);
        let span = Span {
            start: offset(place.start.byte_offset()),
            end: offset(place.end.byte_offset()),
        };
        let node = match event {
            Event::Scalar(text, style, ..) => Node::Scalar(text, style, span),
            Event::Alias(anchor) => Node::Alias(anchor, span),
            Event::SequenceStart(..) => {
                open.push(Open::Seq(Vec::new(), span.start));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(Vec::new(), None, span.start));
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => match open.pop()? {
                Open::Seq(items, start) => Node::Seq(items, Span { start, ..span }),
                Open::Map(entries, _, start) => Node::Map(entries, Span { start, ..span }),
            },
            _ => continue,
        };
        match open.last_mut() {
            None => return Some(node),
            Some(Open::Seq(items, _)) => items.push(node),
            Some(Open::Map(entries, key, _)) => match key.take() {
                None => *key = Some(node),
                Some(key) => entries.push((key, node)),
            },
        }
    }
    None
}

/// A list or a map that is still open, with the place of its start.
enum Open<'t> {
    Seq(Vec<Node<'t>>, u32),
    Map(Vec<(Node<'t>, Node<'t>)>, Option<Node<'t>>, u32),
}
