//! JSON as people write YAML.

use serde_json::Value;

/// A value in block style.
pub fn block(value: &Value, indent: usize) -> String {
    let mut out = String::new();
    push(&mut out, value, indent);
    out
}

fn push(out: &mut String, value: &Value, indent: usize) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                out.push_str(&pad);
                out.push_str(&scalar(key));
                out.push(':');
                below(out, value, indent);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let mut text = block(item, indent + 2);
                if text.starts_with(' ') {
                    text.replace_range(..indent + 2, "");
                }
                out.push_str(&pad);
                out.push_str("- ");
                out.push_str(&text);
            }
        }
        Value::String(text) => {
            out.push_str(&scalar(text));
            out.push('\n');
        }
        other => {
            out.push_str(&other.to_string());
            out.push('\n');
        }
    }
}

fn below(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            push(out, value, indent + 2);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            push(out, value, indent);
        }
        Value::String(text) if text.contains('\n') && text.starts_with(['[', '{']) => {
            json_below(out, text, indent + 2);
        }
        Value::String(text) if text.contains('\n') => {
            let pad = " ".repeat(indent + 2);
            out.push_str(if text.ends_with('\n') {
                " |\n"
            } else {
                " |-\n"
            });
            for line in text.trim_end_matches('\n').split('\n') {
                if !line.is_empty() {
                    out.push_str(&pad);
                    out.push_str(line);
                }
                out.push('\n');
            }
        }
        value => {
            out.push(' ');
            push(out, value, 0);
        }
    }
}

/// JSON over several lines in every style; its length decides the style, because its line ends do
/// not matter.
fn json_below(out: &mut String, text: &str, indent: usize) {
    let pad = " ".repeat(indent);
    let (head, end) = match text.len() % 5 {
        0 => (" |-\n", ""),
        1 | 2 => (" >-\n", ""),
        3 => (" '", "'"),
        _ => (" \"", "\""),
    };
    out.push_str(head);
    for (at, line) in text.trim_end().split('\n').enumerate() {
        let line = match end {
            "'" => line.replace('\'', "''"),
            "\"" => line.replace('\\', "\\\\").replace('"', "\\\""),
            _ => line.to_owned(),
        };
        // Deeper lines of a folded scalar are not folded; some must be.
        let is_folded = text.len() % 5 == 2;
        let line = if is_folded { line.trim_start() } else { &line };
        if at > 0 {
            out.push('\n');
        }
        if at > 0 || end.is_empty() {
            out.push_str(&pad);
        }
        out.push_str(line);
    }
    out.push_str(end);
    out.push('\n');
}

fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | '_');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(plain)
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
        );
    if is_plain {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}
