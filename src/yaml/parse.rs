//! From YAML events to a tree.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, Span, StructureStyle, Tag};

use super::bounds::{MAX_ALIAS_NODES, MAX_BYTES, MAX_DEPTH, YamlError};
use super::breaks::foreign_break;
use super::kind::{Kind, Style};
use super::number::resolve_plain;
use super::tree::{Node, Raw, Tree, offset};
use crate::text::line_at;

/// The number of bytes of a repeated alias text that count as one node.
const ALIAS_TEXT: usize = 256;

/// Parses bytes that should be UTF-8.
///
/// # Errors
///
/// As [`parse`], and for bytes that are not UTF-8.
pub fn parse_bytes(bytes: &[u8]) -> Result<Tree<'_>, YamlError> {
    let text = std::str::from_utf8(bytes).map_err(|error| YamlError {
        line: line_at(bytes, error.valid_up_to()),
        column: 1,
        message: "the input is not UTF-8".to_owned(),
    })?;
    parse(text)
}

/// Parses a YAML or JSON text of any number of documents.
///
/// # Errors
///
/// Fails on text that is not YAML, on a duplicate map key or one that is not a scalar, on an alias
/// inside its own anchor, and beyond [`MAX_BYTES`], [`MAX_DEPTH`] and [`MAX_ALIAS_NODES`].
pub fn parse(source: &str) -> Result<Tree<'_>, YamlError> {
    parse_with(source, Keys::Once)
}

/// Parses a text as [`parse`] does, but accepts duplicate keys, as the readers of kustomize do.
///
/// # Errors
///
/// As [`parse`], except for duplicate keys.
pub fn parse_lax(source: &str) -> Result<Tree<'_>, YamlError> {
    parse_with(source, Keys::Any)
}

/// Whether duplicate keys are accepted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keys {
    Once,
    Any,
}

fn parse_with(source: &str, keys: Keys) -> Result<Tree<'_>, YamlError> {
    if source.len() > MAX_BYTES {
        return Err(YamlError {
            line: 1,
            column: 1,
            message: format!("the input has more than {} MiB", MAX_BYTES >> 20),
        });
    }
    let options = granit_parser::options! {
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
        emit_comments: false,
    };
    let mut build = Build {
        tree: Tree {
            source,
            side: String::new(),
            nodes: Vec::with_capacity(source.len() / 12),
            roots: Vec::new(),
        },
        open: Vec::new(),
        anchors: HashMap::new(),
        replayed: 0,
        keys,
    };
    for event in Parser::new_from_str_with_options(source, options.clone()) {
        let (event, span) = event.map_err(|error| {
            let marker = error.marker();
            YamlError {
                line: marker.line().max(1),
                column: marker.col() + 1,
                message: match error.info().as_str() {
                    "recursion limit exceeded" => format!("nested deeper than {MAX_DEPTH} levels"),
                    info => info.to_owned(),
                },
            }
        })?;
        build.event(event, &span)?;
    }
    if let Some(at) = foreign_break(source, options) {
        let char = source[at..].chars().next().map_or(0, u32::from);
        let message = format!(
            "U+{char:04X} ends a line for kustomize and kubectl but not for other YAML readers; write a line feed, or quote the text"
        );
        return Err(at_offset(source, at, message));
    }
    Ok(build.tree)
}

struct Open {
    at: u32,
    /// Whether the map holds the merge key `<<`.
    merges: bool,
}

struct Build<'t> {
    tree: Tree<'t>,
    open: Vec<Open>,
    anchors: HashMap<usize, u32>,
    replayed: usize,
    keys: Keys,
}

impl<'t> Build<'t> {
    fn event(&mut self, event: Event<'t>, span: &Span) -> Result<(), YamlError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.note_root();
                let place = match &text {
                    Cow::Borrowed(text) => place_in(self.tree.source, text),
                    Cow::Owned(_) => None,
                };
                self.scalar(&text, place, style, tag.as_deref(), span);
                self.anchor(anchor, self.tree.nodes.len() - 1);
            }
            Event::SequenceStart(style, anchor, _) => self.start(Kind::Seq, style, anchor, span),
            Event::MappingStart(style, anchor, _) => self.start(Kind::Map, style, anchor, span),
            Event::SequenceEnd | Event::MappingEnd => self.end(span)?,
            Event::Alias(id) => {
                self.note_root();
                self.alias(id, span)?;
            }
            Event::DocumentStart(..) => self.anchors.clear(),
            _ => {}
        }
        Ok(())
    }

    fn note_root(&mut self) {
        if self.open.is_empty() {
            self.tree.roots.push(offset(self.tree.nodes.len()));
        }
    }

    fn anchor(&mut self, anchor: usize, at: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, offset(at));
        }
    }

    /// `place` is the position of the text in the source; `None` if escapes or folding changed the
    /// text.
    fn scalar(
        &mut self,
        text: &str,
        place: Option<usize>,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: &Span,
    ) {
        let (start, end) = bytes(span);
        let is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        let text = if is_block {
            self.unended(text, end)
        } else {
            text
        };
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
            _ => Style::Quoted,
        };
        let kind = match tag.and_then(Tag::core_suffix) {
            Some("str" | "binary" | "timestamp") => Kind::Str,
            Some("null") => Kind::Null,
            Some(_) => resolve_plain(text),
            None if style == Style::Plain && tag.is_none() => resolve_plain(text),
            None => Kind::Str,
        };
        if kind == Kind::Str
            && style == Style::Plain
            && text == "<<"
            && let Some(open) = self.open.last_mut()
        {
            open.merges = true;
        }
        let len = offset(text.len());
        let (text, side) = if let Some(at) = place {
            (offset(at), false)
        } else {
            let at = offset(self.tree.side.len());
            self.tree.side.push_str(text);
            (at, true)
        };
        let next = offset(self.tree.nodes.len() + 1);
        self.tree.nodes.push(Raw {
            start,
            end,
            text,
            len,
            next,
            kind,
            side,
            style,
        });
    }

    /// The text of a block scalar, without a final line break that the source does not have.
    fn unended<'s>(&self, text: &'s str, end: u32) -> &'s str {
        let source = self.tree.source;
        let last = source.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let Some(cut) = text.strip_suffix('\n').filter(|_| end as usize > last) else {
            return text;
        };
        // A last line of blanks has a break only if it is deeper than the text.
        let of_text = cut.rsplit('\n').next().unwrap_or_default();
        let is_blank = source[last..].trim().is_empty();
        // The scalar may end after the leading blanks of the last line, whose rest belongs to
        // another node.
        let is_its = |line: &str| !line.trim_start().is_empty();
        if !is_blank && !source.get(last..end as usize).is_some_and(is_its) {
            return text;
        }
        let is_cut = !is_blank || !of_text.is_empty() && of_text.trim().is_empty();
        if is_cut { cut } else { text }
    }

    fn start(&mut self, kind: Kind, style: StructureStyle, anchor: usize, span: &Span) {
        self.note_root();
        let (start, end) = bytes(span);
        let at = self.tree.nodes.len();
        self.anchor(anchor, at);
        self.tree.nodes.push(Raw {
            start,
            end,
            text: 0,
            len: 0,
            // Zero marks a node that is still open: an alias to it is an error.
            next: 0,
            kind,
            side: false,
            style: match style {
                StructureStyle::Flow => Style::Flow,
                StructureStyle::Block => Style::Plain,
            },
        });
        self.open.push(Open {
            at: offset(at),
            merges: false,
        });
    }

    fn end(&mut self, span: &Span) -> Result<(), YamlError> {
        let Some(open) = self.open.pop() else {
            return Ok(());
        };
        let len = offset(self.tree.nodes.len());
        let at = open.at as usize;
        self.tree.nodes[at].next = len;
        self.tree.nodes[at].end = bytes(span).1;
        if self.tree.nodes[at].kind == Kind::Seq {
            return Ok(());
        }
        if let Some(key) = complex_key(&self.tree, open.at) {
            return Err(at_node(key, "a map key must be a scalar".to_owned()));
        }
        if self.keys == Keys::Once
            && let Some(key) = duplicate_key(&self.tree, open.at)
        {
            let message = format!(
                "the key {:?} appears twice in the same map",
                short(key.text())
            );
            return Err(at_node(key, message));
        }
        if open.merges {
            self.merge(open.at)
        } else {
            Ok(())
        }
    }

    fn alias(&mut self, id: usize, span: &Span) -> Result<(), YamlError> {
        let Some(&from) = self.anchors.get(&id) else {
            return Err(at_span(span, "an alias without an anchor"));
        };
        let end = self.tree.nodes[from as usize].next;
        if end == 0 {
            return Err(at_span(span, "an alias inside its own anchor"));
        }
        let nodes = &self.tree.nodes[from as usize..end as usize];
        let text: usize = nodes.iter().map(|raw| raw.len as usize).sum();
        self.replayed += nodes.len() + text / ALIAS_TEXT;
        if self.replayed > MAX_ALIAS_NODES {
            return Err(at_span(span, "the aliases expand to too many nodes"));
        }
        let place = bytes(span);
        let shift = offset(self.tree.nodes.len());
        for at in from..end {
            let mut raw = self.tree.nodes[at as usize];
            raw.next = raw.next - from + shift;
            (raw.start, raw.end) = place;
            self.tree.nodes.push(raw);
        }
        Ok(())
    }

    /// Replaces the merge keys of the map that was closed last with the keys that they merge.
    fn merge(&mut self, at: u32) -> Result<(), YamlError> {
        let map = Node {
            tree: &self.tree,
            at,
        };
        let mut seen: HashSet<&str> = map
            .entries()
            .filter(|(key, _)| !is_merge_key(*key))
            .map(|(key, _)| key.text())
            .collect();
        let mut kept: Vec<(u32, u32)> = Vec::new();
        let mut merged: Vec<(u32, u32)> = Vec::new();
        for (key, value) in map.entries() {
            if !is_merge_key(key) {
                kept.push((key.at, value.raw().next));
                continue;
            }
            let sources: Vec<_> = if value.is_seq() {
                value.items().collect()
            } else {
                vec![value]
            };
            for source in sources {
                if !source.is_map() {
                    return Err(at_node(
                        key,
                        "the merge key << needs a map or a list of maps".to_owned(),
                    ));
                }
                for (key, value) in source.entries() {
                    if seen.insert(key.text()) {
                        merged.push((key.at, value.raw().next));
                    }
                }
            }
        }
        let mut nodes = Vec::new();
        for (from, end) in kept.into_iter().chain(merged) {
            let shift = at + 1 + offset(nodes.len());
            for index in from..end {
                let mut raw = self.tree.nodes[index as usize];
                raw.next = raw.next - from + shift;
                nodes.push(raw);
            }
        }
        self.tree.nodes.truncate(at as usize + 1);
        self.tree.nodes.extend(nodes);
        self.tree.nodes[at as usize].next = offset(self.tree.nodes.len());
        Ok(())
    }
}

fn is_merge_key(key: Node<'_>) -> bool {
    key.text() == "<<" && key.style() == Style::Plain
}

fn bytes(span: &Span) -> (u32, u32) {
    let start = span.start.byte_offset().unwrap_or(0);
    let end = span.end.byte_offset().unwrap_or(start);
    (offset(start), offset(end))
}

/// The position of a part in a text; `None` if the part is not from that text.
fn place_in(source: &str, part: &str) -> Option<usize> {
    let at = (part.as_ptr() as usize).checked_sub(source.as_ptr() as usize)?;
    (at + part.len() <= source.len()).then_some(at)
}

fn complex_key<'a>(tree: &'a Tree<'a>, map: u32) -> Option<Node<'a>> {
    // Each step goes over one key and one value, so a key with children is seen first.
    let end = tree.nodes[map as usize].next;
    let mut at = map + 1;
    while at < end {
        let key = Node { tree, at };
        if !key.is_scalar() {
            return Some(key);
        }
        at = tree.nodes.get(at as usize + 1)?.next;
    }
    None
}

/// The first key of a map that is a duplicate.
pub(super) fn duplicate_key<'a>(tree: &'a Tree<'a>, map: u32) -> Option<Node<'a>> {
    const FEW: usize = 12;
    let map = Node { tree, at: map };
    let mut few: [&str; FEW] = [""; FEW];
    for (count, (key, _)) in map.entries().enumerate() {
        if count == FEW {
            let mut seen = HashSet::new();
            return map
                .entries()
                .map(|(key, _)| key)
                .find(|key| !seen.insert(key.text()));
        }
        let text = key.text();
        if few[..count].contains(&text) {
            return Some(key);
        }
        few[count] = text;
    }
    None
}

fn at_node(node: Node<'_>, message: String) -> YamlError {
    at_offset(node.tree.source, node.span().start, message)
}

fn at_offset(source: &str, offset: usize, message: String) -> YamlError {
    let before = &source[..offset.min(source.len())];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    YamlError {
        line: line_at(source.as_bytes(), offset),
        column: 1 + before[line_start..].chars().count(),
        message,
    }
}

fn at_span(span: &Span, message: &str) -> YamlError {
    YamlError {
        line: span.start.line().max(1),
        column: span.start.col() + 1,
        message: message.to_owned(),
    }
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(60).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        let tree = parse(text).unwrap();
        tree.roots()
            .map(|root| root.to_json().to_string())
            .collect::<Vec<_>>()
            .join(";")
    }

    #[test]
    fn documents_styles_and_line_ends() {
        assert_eq!(
            json("a: 1\n---\nb: [x, 'y']\n"),
            r#"{"a":1};{"b":["x","y"]}"#
        );
        assert_eq!(
            json("\u{feff}a: 1\r\nb: |\r\n  x\r\n  y\r\n"),
            r#"{"a":1,"b":"x\ny\n"}"#
        );
        assert_eq!(
            json("{\"a\": \"\\ud83d\\ude00\\/\",\n\t\"b\": [1,\t2]}"),
            "{\"a\":\"😀/\",\"b\":[1,2]}"
        );
        assert_eq!(json("a: !!str 1\nb: !!int \"2\"\n"), r#"{"a":"1","b":2}"#);
        assert_eq!(json(""), "");
    }

    #[test]
    fn aliases_and_merge_keys_are_replayed() {
        assert_eq!(
            json("a: &x {k: [1, 2]}\nb: *x\n"),
            r#"{"a":{"k":[1,2]},"b":{"k":[1,2]}}"#
        );
        assert_eq!(
            json(
                "d: &d {a: 1, b: 2}\ne: &e {b: 3, c: {x: 1}}\nf: {<<: [*d, *e], a: 9, z: 0}\ng: end\n"
            ),
            r#"{"d":{"a":1,"b":2},"e":{"b":3,"c":{"x":1}},"f":{"a":9,"z":0,"b":2,"c":{"x":1}},"g":"end"}"#
        );
    }

    #[test]
    fn bad_texts_are_refused_with_their_line() {
        for (text, line, words) in [
            ("a: 1\nb: 2\na: 3\n", 3, "appears twice"),
            ("a: &x\n  b: *x\n", 2, "inside its own anchor"),
            ("? [a]\n: 1\n", 1, "must be a scalar"),
            ("a: 1\n b: 2\n", 2, ""),
            ("a:\n\t- b\n", 2, ""),
            ("<<: 3\n", 1, "merge key"),
        ] {
            let error = parse(text)
                .err()
                .unwrap_or_else(|| panic!("{text:?} parses"));
            assert_eq!(error.line, line, "{text:?}: {error}");
            assert!(error.message.contains(words), "{error}");
        }
        let many: String =
            (0..30).fold(String::new(), |text, key| text + &format!("k{key}: 1\n")) + "k7: 1\n";
        assert_eq!(parse(&many).err().unwrap().line, 31);
    }

    #[test]
    fn depth_and_aliases_are_bounded() {
        for text in [
            "[".repeat(100_000),
            "- ".repeat(100_000),
            "{a: ".repeat(100_000),
            "a:\n".repeat(3),
        ] {
            let _ = parse(&text);
        }
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        let levels: Vec<_> = (1..12)
            .map(|level| {
                let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
                format!("a{level}: &a{level} [{aliases}]\n")
            })
            .collect();
        let bomb = format!("a0: &a0 [{}]\n{}", ["x"; 10].join(", "), levels.concat());
        assert!(
            parse(&bomb)
                .err()
                .unwrap()
                .message
                .contains("too many nodes")
        );
    }

    #[test]
    fn spans_are_exact() {
        let text = "a: {b: [1, 22]}\nc: word\n";
        let tree = parse(text).unwrap();
        let root = tree.roots().next().unwrap();
        assert_eq!(&text[root.at(&["a"]).unwrap().span()], "{b: [1, 22]}");
        assert_eq!(&text[root.at(&["a", "b"]).unwrap().span()], "[1, 22]");
        assert_eq!(&text[root.get("c").unwrap().span()], "word");
        assert_eq!(root.get("c").unwrap().line(), 2);
    }
}
