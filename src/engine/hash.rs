//! The hash of a generated resource's contents, which kustomize appends to its name.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::text::{hex, sha256};

use super::item::Item;
use super::piece::{Body, Piece};

/// The characters of the hexadecimal digest that kustomize replaces, and their replacements.
const LETTERS: [(char, char); 5] = [('0', 'g'), ('1', 'h'), ('3', 'k'), ('a', 'm'), ('e', 't')];

/// The length of the hash.
const LENGTH: usize = 10;

/// The hash of a resource; `None` if a part of it is not known.
pub(super) fn hash(item: &Item) -> Option<String> {
    let mut text = String::new();
    write(&mut text, &hashed(item)?);
    let digest = hex(&sha256(text.as_bytes()));
    let letter = |letter: char| {
        let pair = LETTERS.iter().find(|(from, _)| *from == letter);
        pair.map_or(letter, |(_, to)| *to)
    };
    Some(digest.chars().take(LENGTH).map(letter).collect())
}

/// The contents that are hashed.
fn hashed(item: &Item) -> Option<Value> {
    if !matches!(item.kind.as_str(), "ConfigMap" | "Secret") {
        // Resources of other kinds are hashed as a whole.
        return None;
    }
    let text = |path: &[&str]| item.root.at(path).and_then(Piece::scalar_text);
    let is_odd = |piece: &Piece| piece.is_null() || !matches!(piece.body, Body::Scalar(_));
    if item.root.get("type").is_some_and(is_odd) && item.is_secret() {
        // kustomize hashes the written form.
        return None;
    }
    if item.root.get("data").is_some_and(Piece::is_null) {
        return None;
    }
    let part = |field: &str| match item.root.get(field) {
        None => Some(Value::String(String::new())),
        Some(piece) => unsealed(item, piece, field == "data"),
    };
    let mut map = Map::new();
    map.insert("kind".to_owned(), item.kind.as_str().into());
    // kustomize reads the name from the wrong place, so it is never part of the hash.
    map.insert("name".to_owned(), "".into());
    map.insert("data".to_owned(), part("data")?);
    let more = if item.is_secret() {
        let kind = text(&["type"]).unwrap_or_default();
        map.insert("type".to_owned(), kind.into());
        "stringData"
    } else {
        "binaryData"
    };
    if let Some(value) = Some(part(more)?).filter(Value::is_object) {
        map.insert(more.to_owned(), value);
    }
    Some(Value::Object(map))
}

/// A map of data, with the values that are kept apart.
fn unsealed(item: &Item, piece: &Piece, is_data: bool) -> Option<Value> {
    let Body::Map(map) = &piece.body else {
        // Anything else has its own form in the hash.
        return piece.to_json().filter(Value::is_null);
    };
    let mut found = Map::new();
    for (key, value) in map {
        let value = match &value.body {
            Body::Unknown if is_data => {
                let held = item.sealed.0.get(key)?;
                String::from_utf8(held.clone()).ok()?.into()
            }
            _ => value.to_json()?,
        };
        found.insert(key.clone(), value);
    }
    Some(Value::Object(found))
}

/// Writes JSON as Go does, which escapes characters of HTML.
fn write(out: &mut String, value: &Value) {
    match value {
        Value::Object(map) => {
            out.push('{');
            let mut sorted: Vec<(&String, &Value)> = map.iter().collect();
            sorted.sort_unstable_by_key(|(key, _)| *key);
            for (at, (key, value)) in sorted.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                text(out, key);
                out.push(':');
                write(out, value);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Value::String(value) => text(out, value),
        value => {
            let _ = write!(out, "{value}");
        }
    }
}

fn text(out: &mut String, value: &str) {
    out.push('"');
    for character in value.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            character => out.push(character),
        }
    }
    out.push('"');
}
