//! Values as YAML in block style.

use serde_json::Value;

use super::item::scalar;

/// A value as lines in block style; a text has quotes if some version of YAML could read it as
/// another type.
#[must_use]
pub fn block(value: &Value) -> String {
    let mut out = String::new();
    lines(&mut out, value, 0);
    out
}

fn lines(out: &mut String, value: &Value, column: usize) {
    let pad = " ".repeat(column);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, inner) in map {
                out.push_str(&pad);
                out.push_str(&scalar(key));
                out.push(':');
                // The dashes of a list may be in the column of its key.
                let inner_column = if inner.is_array() { column } else { column + 2 };
                below(out, inner, inner_column);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                out.push_str(&pad);
                out.push('-');
                if item.as_object().is_some_and(|map| !map.is_empty()) {
                    let mut inner = String::new();
                    lines(&mut inner, item, column + 2);
                    out.push(' ');
                    out.push_str(inner.trim_start_matches(' '));
                } else {
                    below(out, item, column + 2);
                }
            }
        }
        _ => {
            out.push_str(&pad);
            out.push_str(&word(value));
            out.push('\n');
        }
    }
}

/// The value after a key or a dash.
fn below(out: &mut String, value: &Value, column: usize) {
    let is_filled = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_filled {
        out.push('\n');
        lines(out, value, column);
    } else {
        out.push(' ');
        out.push_str(&word(value));
        out.push('\n');
    }
}

fn word(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}
