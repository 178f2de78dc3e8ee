//! The elements to insert into a list, and the reasons why they cannot be inserted.

use serde_json::Value;

use crate::yaml::{self, YamlError};

/// An element to be added to a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// A line above it, without the `#`; only used in block style.
    pub comment: Option<String>,
    /// Its form in a list in block style: lines of which the first begins with a dash.
    pub block: String,
    /// Its value, for lists in flow style and for verification.
    pub value: Value,
}

impl Item {
    /// An element that is a string.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self {
            comment: None,
            block: format!("- {}", scalar(text)),
            value: Value::from(text),
        }
    }
}

/// A string as YAML, with quotes only where some version of YAML could read it as another type.
#[must_use]
pub fn scalar(text: &str) -> String {
    const BOOLEANS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    let is_word = text.chars().all(is_plain)
        && !text.starts_with('-')
        && yaml::resolve_plain(text) == yaml::Kind::Str
        && !text.starts_with(|c: char| c.is_ascii_digit())
        && !BOOLEANS.contains(&text.to_ascii_lowercase().as_str());
    if is_word {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}

/// The reason why a text cannot be edited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// The value there is not a list.
    #[error("line {line}: {what} is not {expected}")]
    Shape {
        /// The line, from 1.
        line: usize,
        /// The part with the wrong type.
        what: String,
        /// The expected type.
        expected: &'static str,
    },
    /// The notation has no place to insert at.
    #[error("nothing can be inserted into {0} as it is written; edit it by hand")]
    Notation(String),
    /// The part to edit is an alias.
    #[error("{0} is an alias of another value; write it out, or edit it by hand")]
    Alias(String),
    /// A value cannot be changed without changing others.
    #[error("{what} cannot be changed in the file: {why}; edit it by hand")]
    Fixed {
        /// The value.
        what: String,
        /// The reason.
        why: &'static str,
    },
    /// An element cannot be removed without changing the text around it.
    #[error("{what} cannot be removed from the file: {why}; edit it by hand")]
    Held {
        /// The element.
        what: String,
        /// The reason.
        why: &'static str,
    },
}
