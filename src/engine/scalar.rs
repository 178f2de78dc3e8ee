//! What becomes of a scalar whose text kustomize changes, and of one that passes through JSON.
//!
//! kustomize keeps the type of a scalar that it gives another text, and finds
//! out what a scalar of no type is once it writes it.

use serde_json::Value;

use crate::yaml::{Kind, Node, Number, Style, resolve_plain};

use super::look::{Look, is_date, is_plain_date};
use super::piece::{Body, Piece};

/// Gives a value of a patch the look of what it takes the place of, as kustomize does; nothing where that is not known.
pub(super) fn in_place_of(mut new: Piece, old: Option<&Piece>) -> Option<Piece> {
    let Some(old) = old else { return Some(new) };
    match (&old.body, &new.body) {
        (Body::Scalar(Value::Null), Body::Scalar(_)) => new.look = Look::Plain,
        (Body::Scalar(_) | Body::Unknown, Body::Scalar(value)) => {
            let is_text = value.is_string();
            if old.look == Look::Unsure && !is_text {
                return None;
            }
            if old.look.makes_text() && !is_text {
                new.body = Body::Scalar(new.scalar_text()?.into());
                new.spelled = None;
            }
            new.look = old.look;
        }
        (Body::Map(was), Body::Map(_)) if !was.is_empty() => new.look = old.look,
        (Body::List(was), Body::List(_)) if !was.is_empty() => new.look = old.look,
        _ => {}
    }
    Some(new)
}

/// What a text without quotes is where YAML 1.1 reads it, as it does in operations and kustomizations.
fn flag(text: &str) -> Option<bool> {
    let (yes, no) = (
        ["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"],
        ["n", "N", "no", "No", "NO", "off", "Off", "OFF"],
    );
    match (yes.contains(&text), no.contains(&text)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// Whether a flag is on, where kustomize reads YAML 1.1.
pub(super) fn is_on(node: Node<'_>) -> bool {
    let text = node.text();
    let is_true = matches!(text, "true" | "True" | "TRUE") || flag(text) == Some(true);
    node.style() == Style::Plain && is_true
}

/// Makes the words of a value flags that are flags in YAML 1.1; whether all of it is known.
pub(super) fn with_flags(piece: &mut Piece, node: Node<'_>) -> bool {
    match &mut piece.body {
        Body::Map(map) => node.entries().fold(true, |all, (key, value)| {
            let is_text = key.style() != Style::Plain || flag(key.text()).is_none();
            let one = map.get_mut(key.text());
            one.is_none_or(|one| with_flags(one, value)) && is_text && all
        }),
        Body::List(items) => {
            let pairs = items.iter_mut().zip(node.items());
            pairs.fold(true, |all, (one, value)| with_flags(one, value) && all)
        }
        Body::Scalar(_) if node.style() == Style::Plain && !node.is_called_text() => {
            if let Some(flag) = flag(node.text()) {
                piece.body = Body::Scalar(flag.into());
                piece.spelled = None;
            }
            let digits = node.text().trim_start_matches(['-', '+']);
            !(digits.starts_with("0o") || digits.starts_with("0O"))
        }
        _ => true,
    }
}

/// What comes of a folded text that kustomize writes and reads again: more-indented lines gain a blank one before them.
fn refolded(text: &str) -> String {
    let is_special = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || c == '\u{feff}';
    if text.ends_with(' ') || text.contains(" \n") || text.contains(is_special) {
        // It is written in quotes.
        return text.to_owned();
    }
    let is_blank = |c: &char| matches!(c, ' ' | '\t');
    let mut out = String::with_capacity(text.len() + 8);
    // Whether the line begins with a blank; nothing before its first character.
    let mut is_deep = None;
    let mut breaks = false;
    for c in text.chars() {
        if c == '\n' {
            breaks = true;
        } else {
            if breaks && is_blank(&c) && is_deep == Some(false) {
                out.push('\n');
            }
            if breaks || is_deep.is_none() {
                is_deep = Some(is_blank(&c));
            }
            breaks = false;
        }
        out.push(c);
    }
    out
}

/// Whether it is known what comes of a text in a block when kustomize writes it and reads it again.
pub(super) fn is_told(look: Look, text: &str) -> bool {
    match look {
        Look::Folded => {
            !text.starts_with([' ', '\t', '\n']) && (!text.ends_with("\n\n")) && !text.is_empty()
        }
        _ => true,
    }
}

/// Lets the scalars below be what they are once kustomize has written them.
///
/// What is written as nothing at all in brackets is a text then, which is empty.
pub(super) fn settle(piece: &mut Piece, in_flow: bool) {
    let in_flow = in_flow || piece.look == Look::Flow;
    let is_unwritten = piece.is_unwritten();
    match &mut piece.body {
        Body::Map(map) => map.values_mut().for_each(|one| settle(one, in_flow)),
        Body::List(items) => items.iter_mut().for_each(|one| settle(one, in_flow)),
        Body::Scalar(Value::String(text)) if piece.look == Look::Folded && !in_flow => {
            *text = refolded(text);
        }
        Body::Scalar(Value::Null) if in_flow && is_unwritten => {
            piece.body = Body::Scalar(String::new().into());
            piece.spelled = None;
        }
        _ => {}
    }
}

/// The largest integer below which every other one is a double as well.
const EXACT: u64 = 1 << 53;

/// From here on Go writes a double with an exponent.
const LARGE: f64 = 1e6;

/// The smallest double that Go writes without an exponent.
const SMALL: f64 = 1e-4;

/// A scalar, and the text that it is written as.
pub(super) type Scalar = (Value, String);

/// What a text without a type and without quotes comes to; nothing where that is another thing to kustomize.
pub(super) fn resolved(text: &str) -> Option<Scalar> {
    let value = match resolve_plain(text) {
        Kind::Null => Value::Null,
        Kind::Bool => Value::Bool(text.eq_ignore_ascii_case("true")),
        Kind::Int | Kind::Float => Number::parse(text)?.to_json()?,
        _ if is_date(text) || text == "<<" => return None,
        _ => text.into(),
    };
    Some((value, text.to_owned()))
}

/// What a scalar comes to when it gets another text and keeps its type; nothing where the text is not of that type.
pub(super) fn retyped(old: &Piece, text: &str) -> Option<Scalar> {
    let Body::Scalar(value) = &old.body else {
        return None;
    };
    let new = resolve_plain(text);
    let fits = match value {
        // kustomize takes no other text for a time.
        Value::String(was) if is_plain_date(was) => return None,
        Value::String(_) => return Some((text.into(), text.to_owned())),
        Value::Bool(_) => new == Kind::Bool,
        Value::Number(_) => {
            let was = resolve_plain(&old.scalar_text().unwrap_or_default());
            new == Kind::Int || new == Kind::Float && was == Kind::Float
        }
        _ => false,
    };
    resolved(text).filter(|_| fits)
}

/// Lets a value pass through Go's JSON, where all numbers are doubles; whether all is still what it was.
pub(super) fn through_json(piece: &mut Piece) -> bool {
    settle(piece, false);
    reread(piece)
}

/// Takes the looks of values away, as JSON does; whether all is still what it was.
pub(super) fn reread(piece: &mut Piece) -> bool {
    let is_folded = piece.look == Look::Folded;
    piece.look = Look::Plain;
    match &mut piece.body {
        // Each is read, whatever becomes of the others.
        Body::Map(map) => map.values_mut().map(reread).filter(|is_so| !is_so).count() == 0,
        Body::List(items) => items.iter_mut().map(reread).filter(|is_so| !is_so).count() == 0,
        Body::Scalar(Value::Number(number)) => {
            let is_exact = number
                .as_i64()
                .is_none_or(|int| int.unsigned_abs() <= EXACT)
                && (number.is_i64() || number.as_u64().is_none_or(|int| int <= EXACT));
            piece.spelled = number
                .as_f64()
                .and_then(spelled)
                .map(String::into_boxed_str);
            is_exact
        }
        Body::Scalar(Value::String(text)) => {
            piece.look = Look::of_made(text);
            !is_folded || is_told(Look::Folded, text)
        }
        Body::Scalar(_) => {
            piece.spelled = None;
            true
        }
        Body::Unknown => true,
    }
}

/// Makes of a resource in a list what kustomize makes of it, which writes it as JSON and reads it again.
pub(super) fn listed(piece: &mut Piece) {
    piece.look = match &mut piece.body {
        Body::Map(map) => {
            map.values_mut().for_each(listed);
            Look::Flow
        }
        Body::List(items) => {
            items.iter_mut().for_each(listed);
            Look::Flow
        }
        Body::Scalar(value) => {
            let float = value.as_f64().filter(|_| value.is_f64());
            piece.spelled = float.map(|float| decimal(float).into_boxed_str());
            if value.is_string() {
                Look::Quoted
            } else {
                Look::Plain
            }
        }
        Body::Unknown => return,
    };
}

/// How Go writes a double into JSON.
fn decimal(float: f64) -> String {
    let size = float.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return format!("{float}");
    }
    let text = format!("{float:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

/// The text that kustomize reads in a map of strings, which has none for null.
pub(super) fn said(node: Node<'_>) -> &str {
    if node.is_null() { "" } else { node.text() }
}

/// The text that a scalar has once it went through Go's JSON on its way to a map of texts.
pub(super) fn json_text(node: Node<'_>) -> String {
    let json = node.to_json();
    match &json {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            let text = decimal(float);
            // What has no fraction is an integer the next time that it is read.
            let is_integer = !text.contains(['.', 'e']);
            let other = spelled(float).filter(|_| !is_integer);
            other.unwrap_or(text)
        }
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => said(node).to_owned(),
    }
}

/// How Go writes a double, where that is another way than JSON's.
fn spelled(float: f64) -> Option<String> {
    let size = float.abs();
    if size == 0.0 || (SMALL..LARGE).contains(&size) {
        return None;
    }
    let text = format!("{float:e}");
    let (digits, exponent) = text.split_once('e')?;
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    Some(format!("{digits}e{sign}{exponent:0>2}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::piece::Mark;
    use super::*;

    fn scalar(value: Value) -> Piece {
        let mark = Mark {
            origin: 0,
            start: 0,
            end: 0,
        };
        Piece::new(Body::Scalar(value), mark)
    }

    #[test]
    fn a_scalar_keeps_its_type_under_another_text() {
        for (old, text, expected) in [
            (json!("a"), "1", Some(json!("1"))),
            (json!("a"), "2024-01-01", Some(json!("2024-01-01"))),
            (json!(1), "2", Some(json!(2))),
            (json!(1), "0x10", Some(json!(16))),
            (json!(1), "a", None),
            (json!(1), "1.5", None),
            (json!(1.5), "2", Some(json!(2))),
            (json!(1.5), "2.5", Some(json!(2.5))),
            (json!(true), "false", Some(json!(false))),
            (json!(true), "yes", None),
            (json!(null), "a", None),
        ] {
            let new = retyped(&scalar(old.clone()), text);
            assert_eq!(new.map(|(value, _)| value), expected, "{old} {text}");
        }
    }

    #[test]
    fn a_scalar_without_a_type_is_what_its_text_reads_like() {
        for (text, expected) in [
            ("1", Some(json!(1))),
            ("", Some(json!(null))),
            ("True", Some(json!(true))),
            ("web:1", Some(json!("web:1"))),
            ("2024-01-01", None),
            (".inf", None),
        ] {
            assert_eq!(resolved(text).map(|(value, _)| value), expected, "{text}");
        }
    }

    #[test]
    fn numbers_are_doubles_after_json() {
        for (value, text, is_exact) in [
            (json!(8080), "8080", true),
            (json!(1_000_000), "1e+06", true),
            (json!(-12_345_678), "-1.2345678e+07", true),
            (json!(0.00001), "1e-05", true),
            (
                json!(9_007_199_254_740_993_u64),
                "9.007199254740992e+15",
                false,
            ),
            (json!(u64::MAX), "1.8446744073709552e+19", false),
        ] {
            let mut piece = scalar(value);
            assert_eq!(through_json(&mut piece), is_exact, "{text}");
            assert_eq!(piece.scalar_text().as_deref(), Some(text));
        }
    }
}
