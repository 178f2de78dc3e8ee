//! YAML as people write it: in blocks and in brackets, with and without quotes, with comments,
//! anchors and unusual indentation.

use crate::edits::Dice;

use super::scalars;

/// A value to write.
#[derive(Clone, Debug)]
pub enum Yaml {
    /// Written unchanged.
    Raw(String),
    /// A text, in any style that can represent it.
    Text(String),
    /// Any scalar, chosen when it is written.
    Free,
    Map(Vec<(String, Yaml)>),
    List(Vec<Yaml>),
}

impl Yaml {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn raw(text: impl Into<String>) -> Self {
        Self::Raw(text.into())
    }

    pub fn texts<S: AsRef<str>>(texts: &[S]) -> Self {
        Self::List(texts.iter().map(|text| Self::text(text.as_ref())).collect())
    }

    /// A map with these keys.
    pub fn map<const N: usize>(entries: [(&str, Self); N]) -> Self {
        let entries = entries.into_iter();
        Self::Map(
            entries
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    /// Adds a key to a map.
    pub fn with(mut self, key: &str, value: Self) -> Self {
        if let Self::Map(entries) = &mut self {
            entries.push((key.to_owned(), value));
        }
        self
    }

    /// Nested maps on the way to a value.
    pub fn nested(path: &[&str], value: Self) -> Self {
        let wrap = |inner, key: &&str| Self::Map(vec![((*key).to_owned(), inner)]);
        path.iter().rev().fold(value, wrap)
    }
}

/// Writes documents in the style of one person.
pub struct Writer<'d> {
    pub dice: &'d mut Dice,
    /// The extra indentation of list elements below their key.
    indent: usize,
    /// The number of anchors in the current document.
    anchors: usize,
    /// How rarely something unusual is written: a comment, an anchor, brackets.
    calm: usize,
}

impl<'d> Writer<'d> {
    pub fn new(dice: &'d mut Dice) -> Self {
        let indent = *dice.pick(&[0, 0, 2]);
        let calm = *dice.pick(&[8, 20, 60]);
        Self {
            dice,
            indent,
            anchors: 0,
            calm,
        }
    }

    fn is_odd(&mut self, times: usize) -> bool {
        self.dice.roll(self.calm * times) == 0
    }

    /// One document.
    pub fn document(&mut self, value: &Yaml) -> String {
        self.anchors = 0;
        let mut out = String::new();
        if self.is_odd(2) {
            out.push_str("# a note\n");
        }
        match value {
            Yaml::Map(entries) if !entries.is_empty() => self.map(entries, 0, &mut out),
            Yaml::List(items) if !items.is_empty() => self.list(items, 0, &mut out),
            value => {
                out.push_str(&self.flow(value));
                out.push('\n');
            }
        }
        out
    }

    fn map(&mut self, entries: &[(String, Yaml)], depth: usize, out: &mut String) {
        for (at, (key, value)) in entries.iter().enumerate() {
            if at > 0 || !out.ends_with("- ") {
                if self.is_odd(3) {
                    out.push_str(&" ".repeat(depth));
                    out.push_str("# a note\n");
                }
                out.push_str(&" ".repeat(depth));
            }
            out.push_str(&self.key(key));
            out.push(':');
            self.value(value, depth, self.indent, out);
        }
    }

    fn list(&mut self, items: &[Yaml], depth: usize, out: &mut String) {
        for item in items {
            out.push_str(&" ".repeat(depth));
            out.push('-');
            match item {
                Yaml::Map(entries) if !entries.is_empty() && !self.is_flow(item) => {
                    out.push(' ');
                    self.map(entries, depth + 2, out);
                }
                item => self.value(item, depth, 2, out),
            }
        }
    }

    /// The text after a key or a dash, including the end of its line.
    fn value(&mut self, value: &Yaml, depth: usize, indent: usize, out: &mut String) {
        match value {
            Yaml::Map(entries) if !entries.is_empty() && !self.is_flow(value) => {
                self.end(out);
                self.map(entries, depth + 2, out);
            }
            Yaml::List(items) if !items.is_empty() && !self.is_flow(value) => {
                self.end(out);
                self.list(items, depth + indent, out);
            }
            Yaml::Text(text) if text.contains('\n') && is_block(text) && self.dice.roll(6) > 0 => {
                block(text, depth, out);
            }
            Yaml::Free if self.is_odd(1) => {
                let text = self.dice.pick(&scalars::BLOCKS).to_string();
                let head = *self.dice.pick(&["|", "|-", ">", ">-", "|+", ">+"]);
                out.push(' ');
                out.push_str(head);
                out.push('\n');
                indented(&text, depth + 2, out);
            }
            value => {
                out.push(' ');
                out.push_str(&self.flow(value));
                self.end(out);
            }
        }
    }

    fn end(&mut self, out: &mut String) {
        if self.is_odd(2) {
            out.push_str(" # beside it");
        }
        out.push('\n');
    }

    fn is_flow(&mut self, value: &Yaml) -> bool {
        size(value) < 8 && self.dice.roll(self.calm.min(10)) == 0
    }

    fn key(&mut self, key: &str) -> String {
        if is_plain(key) && !self.is_odd(2) {
            key.to_owned()
        } else {
            self.quoted(key)
        }
    }

    /// A value on one line.
    fn flow(&mut self, value: &Yaml) -> String {
        match value {
            Yaml::Raw(text) => text.clone(),
            Yaml::Text(text) if is_plain(text) && self.dice.roll(5) > 0 => text.clone(),
            Yaml::Text(text) => self.quoted(text),
            Yaml::Free => self.free(),
            Yaml::Map(entries) => {
                let entries: Vec<String> = entries
                    .iter()
                    .map(|(key, value)| format!("{}: {}", self.key(key), self.flow(value)))
                    .collect();
                format!("{{{}}}", entries.join(", "))
            }
            Yaml::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.flow(item)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    fn free(&mut self) -> String {
        let text = scalars::any(self.dice);
        if self.anchors > 0 && self.is_odd(2) {
            return format!("*a{}", self.anchors);
        }
        if self.is_odd(2) && !text.starts_with('!') && !text.is_empty() {
            self.anchors += 1;
            return format!("&a{} {text}", self.anchors);
        }
        text
    }

    fn quoted(&mut self, text: &str) -> String {
        let is_single = !text.contains(|c: char| c.is_control());
        if is_single && self.dice.roll(2) == 0 {
            format!("'{}'", text.replace('\'', "''"))
        } else {
            serde_json::Value::from(text).to_string()
        }
    }
}

/// A text of several lines.
fn block(text: &str, depth: usize, out: &mut String) {
    let head = if text.ends_with('\n') {
        " |\n"
    } else {
        " |-\n"
    };
    out.push_str(head);
    indented(text, depth + 2, out);
}

fn indented(text: &str, depth: usize, out: &mut String) {
    for line in text.trim_end_matches('\n').split('\n') {
        if !line.is_empty() {
            out.push_str(&" ".repeat(depth));
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// Whether a text of several lines can be a plain block.
fn is_block(text: &str) -> bool {
    !text.starts_with([' ', '\n', '\t']) && !text.ends_with("\n\n") && !text.contains('\r')
}

fn size(value: &Yaml) -> usize {
    match value {
        Yaml::Map(entries) => 1 + entries.iter().map(|(_, value)| size(value)).sum::<usize>(),
        Yaml::List(items) => 1 + items.iter().map(size).sum::<usize>(),
        Yaml::Text(text) if text.contains('\n') => 100,
        _ => 1,
    }
}

/// Whether a text needs no quotes for any reader.
fn is_plain(text: &str) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || "$_".contains(c);
    let is_flag = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    text.starts_with(is_first)
        && !is_flag.contains(&text.to_ascii_lowercase().as_str())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./$".contains(c))
}
