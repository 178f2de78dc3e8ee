//! From JSON lines to a tree, and from strings to JSON.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::bounds::{MAX_BYTES, MAX_DEPTH, YamlError};
use super::kind::{Kind, Style};
use super::parse::duplicate_key;
use super::tree::{Raw, Tree, offset};
use crate::text::{MAX_NAME, quoted};

/// Reads a text with one JSON value per line into a tree with one root per line.
///
/// # Errors
///
/// Fails on the first line that is not one JSON value, or that has a duplicate key.
pub fn parse_lines(source: &str) -> Result<Tree<'_>, YamlError> {
    if source.len() > MAX_BYTES {
        return Err(YamlError {
            line: 1,
            column: 1,
            message: format!("more than {MAX_BYTES} bytes"),
        });
    }
    let mut tree = Tree {
        source,
        side: String::new(),
        nodes: Vec::with_capacity(source.len() / 16),
        roots: Vec::new(),
    };
    let mut line_start = 0;
    for (index, line) in source.split_terminator('\n').enumerate() {
        let root = offset(tree.nodes.len());
        let mut reader = serde_json::Deserializer::from_str(line);
        // The tree bounds the depth, as it does for YAML.
        reader.disable_recursion_limit();
        Grow {
            tree: &mut tree,
            line_start: offset(line_start),
            depth: 0,
        }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| YamlError {
            line: index + 1,
            column: error.column(),
            // The parser's message ends with its place in the line.
            message: error
                .to_string()
                .split(" at line ")
                .next()
                .unwrap_or("not JSON")
                .to_owned(),
        })?;
        tree.roots.push(root);
        line_start += line.len() + 1;
    }
    Ok(tree)
}

/// YAML has two styles, each of which may nest this deep.
const DEEPEST: usize = 2 * MAX_DEPTH;

struct Grow<'b, 't> {
    tree: &'b mut Tree<'t>,
    line_start: u32,
    depth: usize,
}

impl<'t> Grow<'_, 't> {
    fn scalar(&mut self, kind: Kind, text: &str) {
        let at = offset(self.tree.side.len());
        self.tree.side.push_str(text);
        self.push(kind, at, offset(text.len()), true);
    }

    fn push(&mut self, kind: Kind, text: u32, len: u32, side: bool) {
        let next = offset(self.tree.nodes.len() + 1);
        self.tree.nodes.push(Raw {
            start: self.line_start,
            end: self.line_start,
            text,
            len,
            next,
            kind,
            side,
            style: Style::Flow,
        });
    }

    fn close(&mut self, at: usize) {
        self.tree.nodes[at].next = offset(self.tree.nodes.len());
    }

    fn reborrow(&mut self) -> Grow<'_, 't> {
        Grow {
            tree: self.tree,
            line_start: self.line_start,
            depth: self.depth + 1,
        }
    }

    fn check_depth<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.depth < DEEPEST {
            return Ok(());
        }
        Err(E::custom(format_args!(
            "nested deeper than {DEEPEST} levels"
        )))
    }
}

impl<'t> DeserializeSeed<'t> for Grow<'_, 't> {
    type Value = ();

    fn deserialize<D: Deserializer<'t>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'t> Visitor<'t> for Grow<'_, 't> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.scalar(Kind::Null, "null");
        Ok(())
    }

    fn visit_bool<E>(mut self, value: bool) -> Result<(), E> {
        self.scalar(Kind::Bool, if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_u64<E>(mut self, value: u64) -> Result<(), E> {
        self.scalar(Kind::Int, &value.to_string());
        Ok(())
    }

    fn visit_i64<E>(mut self, value: i64) -> Result<(), E> {
        self.scalar(Kind::Int, &value.to_string());
        Ok(())
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<(), E> {
        let text = serde_json::Number::from_f64(value)
            .map_or_else(|| ".nan".to_owned(), |number| number.to_string());
        self.scalar(Kind::Float, &text);
        Ok(())
    }

    fn visit_str<E>(mut self, value: &str) -> Result<(), E> {
        self.scalar(Kind::Str, value);
        Ok(())
    }

    fn visit_borrowed_str<E>(mut self, value: &'t str) -> Result<(), E> {
        let at = value.as_ptr() as usize - self.tree.source.as_ptr() as usize;
        self.push(Kind::Str, offset(at), offset(value.len()), false);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'t>>(mut self, mut seq: A) -> Result<(), A::Error> {
        self.check_depth()?;
        let at = self.tree.nodes.len();
        self.push(Kind::Seq, 0, 0, false);
        while seq.next_element_seed(self.reborrow())?.is_some() {}
        self.close(at);
        Ok(())
    }

    fn visit_map<A: MapAccess<'t>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.check_depth()?;
        let at = self.tree.nodes.len();
        self.push(Kind::Map, 0, 0, false);
        while map.next_key_seed(self.reborrow())?.is_some() {
            map.next_value_seed(self.reborrow())?;
        }
        self.close(at);
        match duplicate_key(self.tree, offset(at)) {
            Some(key) => Err(A::Error::custom(format!(
                "the key {} appears twice",
                quoted(key.text(), MAX_NAME)
            ))),
            None => Ok(()),
        }
    }
}
