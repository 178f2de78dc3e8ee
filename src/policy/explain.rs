//! Explains why a functionConfig does not match its schema, so that the user can fix it.
//!
//! The typed reader only says *that* there is a fault, and not where. This walk runs after it has
//! failed, follows the published schema, and stops at the first fault in the order of the text.

use serde_json::Value as Schema;
use serde_yaml::Value;

use super::fault::{Fault, MAX_QUOTED};
use super::nearest::nearest;
use crate::catalog::Class;
use crate::text;

/// The longest list of valid words in an error, in addition to the nearest one.
const MAX_LISTED: usize = 8;

/// The mark of a map that accepts every key.
const OPEN: &str = "x-kubernetes-preserve-unknown-fields";

/// The schema of the values in an open map: it has no type and accepts everything.
static ANYTHING: Schema = Schema::Null;

/// The first place at which a value does not match a structural schema.
pub(super) fn first_fault(value: &Value, schema: &Schema) -> Option<Fault> {
    walk(value, schema, &mut Vec::new()).err()
}

fn walk(value: &Value, schema: &Schema, at: &mut Vec<String>) -> Result<(), Fault> {
    if value.is_null() && schema["nullable"] == true {
        return Ok(());
    }
    match (schema["type"].as_str().unwrap_or_default(), value) {
        ("object", Value::Mapping(entries)) => {
            for (key, value) in entries {
                let Some(key) = key.as_str() else {
                    let what = format!("expected a string for a key, found {}", describe(key));
                    return Err(fault(at, what));
                };
                let Some(inner) = inner(schema, key) else {
                    return Err(unknown_key(schema, key, at));
                };
                at.push(key.to_owned());
                walk(value, inner, at)?;
                at.pop();
            }
            let required = schema["required"].as_array().into_iter().flatten();
            for key in required.filter_map(Schema::as_str) {
                if !entries.contains_key(key) {
                    return Err(fault(at, format!("{key} is missing")));
                }
            }
            Ok(())
        }
        ("array", Value::Sequence(elements)) => {
            for (index, element) in elements.iter().enumerate() {
                at.push(index.to_string());
                walk(element, &schema["items"], at)?;
                at.pop();
            }
            Ok(())
        }
        ("string", Value::String(word)) => match schema["enum"].as_array() {
            Some(words) if !words.iter().any(|known| known == word) => {
                let known: Vec<_> = words.iter().filter_map(Schema::as_str).collect();
                let at: Vec<_> = at.iter().map(String::as_str).collect();
                Err(Fault {
                    key: None,
                    ..unknown(&at, noun_of_value(&at), word, &known)
                })
            }
            _ => Ok(()),
        },
        ("number", Value::Number(_)) | ("", _) => Ok(()),
        (wanted, _) => {
            let mut what = format!(
                "expected {}, found {}",
                describe_type(wanted, schema),
                describe(value)
            );
            let is_free = wanted == "string" && schema["enum"].is_null();
            if is_free && matches!(value, Value::Number(_) | Value::Bool(_)) {
                what.push_str("; put it in quotes");
            }
            Err(fault(at, what))
        }
    }
}

/// The schema of one key, or `None` if the key is unknown.
fn inner<'a>(schema: &'a Schema, key: &str) -> Option<&'a Schema> {
    let known = schema["properties"].get(key);
    let any = || {
        schema
            .get("additionalProperties")
            .filter(|it| it.is_object())
    };
    known
        .or_else(any)
        .or_else(|| (schema[OPEN] == true).then_some(&ANYTHING))
}

fn unknown_key(schema: &Schema, key: &str, at: &[String]) -> Fault {
    let at: Vec<_> = at.iter().map(String::as_str).collect();
    let noun = if at == ["spec", "rules"] {
        "rule"
    } else {
        "key"
    };
    if let Some(class) =
        Class::from_id(key).filter(|class| noun == "rule" && class.rule().as_str() != key)
    {
        let rule = class.rule();
        let what =
            format!("unknown rule \"{key}\"; changes of that class come under the rule \"{rule}\"");
        return Fault {
            key: Some(key.to_owned()),
            ..Fault::new(&at, what)
        };
    }
    let known = schema["properties"].as_object();
    let known: Vec<_> = known
        .into_iter()
        .flat_map(|keys| keys.keys())
        .map(String::as_str)
        .collect();
    unknown(&at, noun, key, &known)
}

/// The fault of an unknown word.
pub(super) fn unknown(at: &[&str], noun: &str, word: &str, known: &[&str]) -> Fault {
    let mut what = format!("unknown {noun} {}", text::quoted(word, MAX_QUOTED));
    let near = nearest(word, known);
    if let Some(near) = near {
        what.push_str("; did you mean \"");
        what.push_str(near);
        what.push_str("\"?");
    }
    // The whole list helps if it is short, or if there is no near word.
    if near.is_none() || (2..=MAX_LISTED).contains(&known.len()) {
        what.push_str(if near.is_none() {
            "; expected "
        } else {
            " Expected "
        });
        if known.len() > 1 {
            what.push_str("one of ");
        }
        what.push_str(&known.join(", "));
    }
    Fault {
        key: Some(word.to_owned()),
        ..Fault::new(at, what)
    }
}

fn fault(at: &[String], what: String) -> Fault {
    Fault {
        at: at.to_vec(),
        key: None,
        what,
    }
}

/// The noun for a word from a fixed list, by its place.
fn noun_of_value(at: &[&str]) -> &'static str {
    match at {
        [.., "classes", _] => "class",
        [.., "severity" | "failOn"] => "severity",
        [.., "mode"] => "mode",
        [.., "identity"] => "identity mode",
        _ => "value",
    }
}

fn names(keys: &serde_json::Map<String, Schema>) -> String {
    let keys: Vec<_> = keys.keys().map(String::as_str).collect();
    keys.join(", ")
}

/// A type, in words.
fn describe_type(name: &str, schema: &Schema) -> String {
    match name {
        "object" => match schema["properties"].as_object() {
            Some(_) if schema[OPEN] == true => "a map".to_owned(),
            Some(keys) if keys.len() == 1 => format!("a map with the key {}", names(keys)),
            Some(keys) if keys.len() <= MAX_LISTED => {
                format!("a map with some of the keys {}", names(keys))
            }
            _ => "a map".to_owned(),
        },
        "array" => "a list".to_owned(),
        "string" => match schema["enum"].as_array() {
            Some(words) if words.len() <= MAX_LISTED => {
                let words: Vec<_> = words.iter().filter_map(Schema::as_str).collect();
                format!("one of {}", words.join(", "))
            }
            _ => "a string".to_owned(),
        },
        other => format!("a {other}"),
    }
}

/// A value, in words: its type, and the value itself if it is a scalar.
pub(super) fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing (null)".to_owned(),
        Value::Bool(value) => format!("the boolean {value}"),
        Value::Number(value) => format!("the number {value}"),
        Value::String(value) => format!("the string {}", text::quoted(value, MAX_QUOTED)),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Mapping(_) => "a map".to_owned(),
        Value::Tagged(_) => "a tagged value".to_owned(),
    }
}
