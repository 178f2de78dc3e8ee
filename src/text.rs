//! Makes foreign text safe for one line.
//!
//! Names and values come from files that anyone may have written. All code that shows them to a
//! person uses this module, so that no value can end a line, move the cursor, colour a terminal or
//! change the reading direction.

mod hosts;

pub use hosts::open_hosts;

use std::borrow::Cow;
use std::fmt::Write as _;

use hmac_sha256::Hash;

/// Whether a character must not reach a terminal or a log unescaped.
///
/// These are all control characters, all line breaks of Unicode, and every character that is
/// invisible or changes the direction of its neighbours.
#[must_use]
pub const fn is_unsafe(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}'
        | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Appends a character as JSON escapes it: `\n`, `\"`, `\u001b`.
///
/// Characters beyond the basic plane become a surrogate pair, as in JSON.
pub fn push_escape(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        _ => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
}

/// Appends a text in double quotes that parses back exactly and never breaks its line.
///
/// The result is also a JSON string.
pub fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') || is_unsafe(c) {
            push_escape(out, c);
        } else {
            out.push(c);
        }
    }
    out.push('"');
}

/// The line of a byte, from 1; a byte beyond the end is in the last line.
#[must_use]
pub fn line_at(bytes: &[u8], offset: usize) -> usize {
    1 + bytes[..offset.min(bytes.len())]
        .iter()
        .filter(|&&byte| byte == b'\n')
        .count()
}

/// The replacement for a Secret's value in a text.
pub const REDACTED: &str = "<redacted>";

/// The longest foreign name that an error repeats, in characters.
pub const MAX_NAME: usize = 100;

/// A text in double quotes, cut to at most `max` characters between them.
///
/// This is for error messages, which repeat a foreign word but not a long text.
#[must_use]
pub fn quoted(text: &str, max: usize) -> String {
    let mut out = String::new();
    match text.char_indices().nth(max) {
        Some((end, _)) => {
            push_quoted(&mut out, &text[..end]);
            out.push('…');
        }
        None => push_quoted(&mut out, text),
    }
    out
}

/// A text on one line, cut to at most `max` characters, with unsafe characters escaped.
///
/// Prose has no quotes, so the result is only for people and does not parse back.
#[must_use]
pub fn one_line(text: &str, max: usize) -> Cow<'_, str> {
    // The number of bytes bounds that of characters, which saves the count for nearly every text.
    if text.len() <= max && !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(max * 2));
    let mut width = 0;
    let mut kept = 0;
    for c in text.chars() {
        let start = out.len();
        if is_unsafe(c) {
            push_escape(&mut out, c);
        } else {
            out.push(c);
        }
        width += out[start..].chars().count();
        if width < max {
            kept = out.len();
        } else if width > max {
            out.truncate(kept);
            out.push('…');
            break;
        }
    }
    Cow::Owned(out)
}

/// A text of any number of lines for people, with unsafe characters escaped except line ends and
/// tabs.
#[must_use]
pub fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let is_end = c == '\r' && rest.peek() == Some(&'\n');
        if is_unsafe(c) && !matches!(c, '\n' | '\t') && !is_end {
            push_escape(&mut out, c);
        } else {
            out.push(c);
        }
    }
    out
}

/// A text of any number of lines in which no CI runner finds a foreign command.
///
/// The runner of GitHub Actions obeys `::error::…` at the start of a line, even after blanks, and
/// `##[error]…` anywhere; that of Azure Pipelines obeys `##vso[…]`. A backslash removes the
/// meaning.
#[must_use]
pub fn without_commands(text: &str) -> Cow<'_, str> {
    let is_command = |line: &str| line.trim_start().starts_with("::");
    // Lines end as in .NET, in which the runners are written.
    if !text.contains("##") && !text.split(['\n', '\r']).any(is_command) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 2);
    for line in text.split_inclusive(['\n', '\r']) {
        let rest = line.trim_start();
        let (blanks, rest) = line.split_at(line.len() - rest.len());
        out.push_str(blanks);
        if rest.starts_with("::") {
            out.push('\\');
        }
        out.push_str(&rest.replace("##[", "##\\[").replace("##vso[", "##\\vso["));
    }
    Cow::Owned(out)
}

/// The same JSON with every unsafe character escaped, and without commands.
///
/// JSON requires that for less than half of the characters in [`is_unsafe`]. All of them are inside
/// strings, because JSON has only ASCII outside.
#[must_use]
pub fn safe_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c == '\n' {
            out.push(c);
        } else if c == '#' && out.ends_with('#') {
            out.push_str("\\u0023");
        } else if is_unsafe(c) {
            push_escape(&mut out, c);
        } else {
            out.push(c);
        }
    }
    out
}

/// Writes a JSON list, using `write` for each item.
pub(crate) fn push_list<T>(
    out: &mut String,
    items: impl Iterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}

/// Writes a JSON map in the order of its keys, using `write` for each value.
pub(crate) fn push_map<'k, T>(
    out: &mut String,
    entries: impl Iterator<Item = (&'k str, T)>,
    mut write: impl FnMut(&mut String, &'k str, T),
) {
    let mut entries: Vec<_> = entries.collect();
    entries.sort_by_key(|(key, _)| *key);
    out.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        push_quoted(out, key);
        out.push(':');
        write(out, key, value);
    }
    out.push('}');
}

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// The SHA-256 digest of bytes.
#[must_use]
pub fn sha256(content: &[u8]) -> [u8; 32] {
    Hash::hash(content)
}

/// The SHA-256 digest of a text, in the form that is used everywhere here.
#[must_use]
pub fn digest(content: &str) -> String {
    format!("sha256:{}", hex(&sha256(content.as_bytes())))
}

/// An image reference without its tag and digest.
#[must_use]
pub fn repository(image: &str) -> &str {
    let image = image.split_once('@').map_or(image, |(name, _)| name);
    match image.rsplit_once(':') {
        // A colon before the last slash belongs to the registry's port.
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}

/// A name without kustomize's generator hash: a dash and ten of its sixteen characters.
#[must_use]
pub fn without_hash(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((plain, hash))
            if !plain.is_empty()
                && hash.len() == 10
                && hash.bytes().all(|byte| b"2456789bcdfghkmt".contains(&byte)) =>
        {
            plain
        }
        _ => name,
    }
}

/// Base64 with padding.
#[must_use]
pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at)) as usize & 63];
            out.push(if at > chunk.len() {
                '='
            } else {
                char::from(letter)
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_distinguished_from_tags() {
        for (image, name) in [
            ("nginx", "nginx"),
            ("nginx:1.2", "nginx"),
            ("host:5000/a/b", "host:5000/a/b"),
            ("host:5000/a/b:1@sha256:00", "host:5000/a/b"),
            ("a@sha256:00", "a"),
        ] {
            assert_eq!(repository(image), name);
        }
    }

    #[test]
    fn quoted_text_is_json_and_stays_on_its_line() {
        for text in [
            "",
            "plain",
            "a\"b\\c",
            "two\nlines\r\n\ttab",
            "\u{1b}[31mred\u{7f}\u{9b}",
            "right\u{202e}left\u{2028}line",
            "tag\u{e0041}\u{feff}",
            "übung 漢字 🦀",
        ] {
            let mut shown = String::new();
            push_quoted(&mut shown, text);
            assert!(!shown.chars().any(is_unsafe), "{shown}");
            assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        }
    }

    #[test]
    fn no_line_is_a_command() {
        for (text, expected) in [
            ("", ""),
            ("a :: b\n# c ## d\n", "a :: b\n# c ## d\n"),
            ("::error::x", "\\::error::x"),
            (
                "a\n  ::stop-commands::x\nb\n",
                "a\n  \\::stop-commands::x\nb\n",
            ),
            ("a\r::error::x", "a\r\\::error::x"),
            // Every kind of blank that the runner skips, and a line end as on Windows.
            (
                "\t\u{a0}\u{3000}::add-mask::x\r\n::x",
                "\t\u{a0}\u{3000}\\::add-mask::x\r\n\\::x",
            ),
            (
                "a ##[error]b ##vso[task.x]c",
                "a ##\\[error]b ##\\vso[task.x]c",
            ),
        ] {
            assert_eq!(without_commands(text), expected);
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(
            lines("+a:\tb\r\n-\u{1b}[2J\r\u{202e}c\n"),
            "+a:\tb\r\n-\\u001b[2J\\r\\u202ec\n"
        );
    }

    #[test]
    fn safe_json_is_the_same_json() {
        let text = "\u{9b}\u{7f}\u{202e}\u{2028}\u{e0041}\u{1b}\n\\ ##[x] ###[y] \u{1f980}";
        let json = serde_json::to_string_pretty(&serde_json::json!({ text: [text] })).unwrap();
        let safe = safe_json(&json);
        assert!(!safe.chars().any(|c| c != '\n' && is_unsafe(c)), "{safe}");
        assert!(!safe.contains("##"), "{safe}");
        let [before, after] =
            [&json, &safe].map(|json| serde_json::from_str::<serde_json::Value>(json).unwrap());
        assert_eq!(before, after);
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(quoted("äöü", 3), "\"äöü\"");
        assert_eq!(quoted("äöüß", 3), "\"äöü\"…");
        assert_eq!(one_line("äöüß", 4), "äöüß");
        assert_eq!(one_line("äöüßa", 4), "äöü…");
        assert_eq!(one_line("a\nb", 9), "a\\nb");
        // An escape is shown completely or not at all.
        assert_eq!(one_line("abc\u{1b}[0m", 6), "abc…");
    }

    #[test]
    fn base64_is_the_standard_alphabet() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0x3f]), "//4/");
    }
}
