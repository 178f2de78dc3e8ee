//! The result for a scalar whose text kustomize changes, or that passes through JSON.
//!
//! kustomize keeps the type of a scalar when it changes the text. A scalar without a type gets one
//! when it is written.

use serde_json::Value;

use crate::yaml::{Kind, Node, Number, Style, resolve_plain};

use super::look::{Look, is_date, is_plain_date};
use super::piece::{Body, Piece};

/// Gives a patch's value the style of the value that it replaces, as kustomize does; `None` if the
/// result is not known.
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

/// The boolean that an unquoted text is in YAML 1.1, which kustomize uses for operations and
/// kustomizations.
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

/// Whether a flag is on, in a field that kustomize reads as YAML 1.1.
pub(super) fn is_on(node: Node<'_>) -> bool {
    let text = node.text();
    let is_true = matches!(text, "true" | "True" | "TRUE") || flag(text) == Some(true);
    node.style() == Style::Plain && is_true
}

/// Turns the words that are booleans in YAML 1.1 into booleans, and says whether the result is
/// known.
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

/// The result of writing a folded text and reading it again: a blank line is added before
/// more-indented lines.
fn refolded(text: &str) -> String {
    let is_special = |c: char| c.is_control() && !matches!(c, '\n' | '\t') || c == '\u{feff}';
    if text.ends_with(' ') || text.contains(" \n") || text.contains(is_special) {
        // It is written in quotes.
        return text.to_owned();
    }
    let is_blank = |c: &char| matches!(c, ' ' | '\t');
    let mut out = String::with_capacity(text.len() + 8);
    // Whether the line begins with a blank; `None` before its first character.
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

/// Whether the result of writing a block text and reading it again is known.
pub(super) fn is_told(look: Look, text: &str) -> bool {
    match look {
        Look::Folded => {
            !text.starts_with([' ', '\t', '\n']) && (!text.ends_with("\n\n")) && !text.is_empty()
        }
        _ => true,
    }
}

/// Changes the scalars below to the result of writing them and reading them again.
///
/// A null without a written word becomes an empty string in brackets.
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

/// The largest integer up to which every integer is also a double.
const EXACT: u64 = 1 << 53;

/// Go writes a double with an exponent from this value on.
const LARGE: f64 = 1e6;

/// The smallest double that Go writes without an exponent.
const SMALL: f64 = 1e-4;

/// A scalar, and its written text.
pub(super) type Scalar = (Value, String);

/// The value of an unquoted text without a type; `None` if kustomize reads it differently.
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

/// The value of a scalar that gets another text and keeps its type; `None` if the text has another
/// type.
pub(super) fn retyped(old: &Piece, text: &str) -> Option<Scalar> {
    let Body::Scalar(value) = &old.body else {
        return None;
    };
    let new = resolve_plain(text);
    let fits = match value {
        // kustomize accepts no other text for a timestamp.
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

/// Passes a value through Go's JSON, where all numbers are doubles, and says whether it is
/// unchanged.
pub(super) fn through_json(piece: &mut Piece) -> bool {
    settle(piece, false);
    reread(piece)
}

/// Removes the style of values, as JSON does, and says whether they are unchanged.
pub(super) fn reread(piece: &mut Piece) -> bool {
    let is_folded = piece.look == Look::Folded;
    piece.look = Look::Plain;
    match &mut piece.body {
        // `all` would stop at the first change, but each value must be read.
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

/// Changes a resource in a list as kustomize does, which writes it as JSON and reads it again.
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

/// The text that kustomize reads in a map of strings, which is empty for null.
pub(super) fn said(node: Node<'_>) -> &str {
    if node.is_null() { "" } else { node.text() }
}

/// The text of a scalar after it went through Go's JSON into a map of strings.
pub(super) fn json_text(node: Node<'_>) -> String {
    let json = node.to_json();
    match &json {
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            let text = decimal(float);
            // A number without a fraction becomes an integer when it is read again.
            let is_integer = !text.contains(['.', 'e']);
            let other = spelled(float).filter(|_| !is_integer);
            other.unwrap_or(text)
        }
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        _ => said(node).to_owned(),
    }
}

/// The form in which Go writes a double, if it differs from JSON's.
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
    fn a_scalar_without_a_type_gets_the_type_of_its_text() {
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
