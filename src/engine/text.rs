//! The position in a file of a text that is inside a scalar.

use std::ops::Range;

use crate::yaml::{Node, Style};

/// The position of a text's bytes in a file.
#[derive(Clone, Debug)]
pub(crate) enum Shift {
    /// The text is the file.
    None,
    /// The text is in the file unchanged, at this offset.
    By(usize),
    /// Part by part, such as line by line: the start of each part in the text and in the file.
    Parts(Vec<(usize, usize)>),
    /// The text was rewritten, from the text in this range.
    Whole(Range<usize>),
    /// The first maps into another text, the second from there to the file.
    Within(Box<Self>, Box<Self>),
}

impl Shift {
    /// The position of a scalar's text in its file.
    pub fn of(scalar: Node<'_>) -> Self {
        let source = scalar.tree().source();
        let (span, text) = (scalar.span(), scalar.text());
        if scalar.style() != Style::Block {
            let start = span.start + usize::from(scalar.style() == Style::Quoted);
            if source.get(start..start + text.len()) == Some(text) {
                return Self::By(start);
            }
        }
        parts(source, scalar).map_or_else(|| Self::Whole(head(source, &span)), Self::Parts)
    }

    /// The same for a text that is inside another text.
    pub fn within(self, outer: &Self) -> Self {
        match outer {
            Self::None => self,
            outer => Self::Within(Box::new(self), Box::new(outer.clone())),
        }
    }

    /// The range in the file for a range of the text.
    pub fn outer(&self, range: Range<usize>) -> Range<usize> {
        match self {
            Self::None => range,
            Self::By(by) => range.start + by..range.end + by,
            Self::Parts(parts) => {
                let place = |at: usize| {
                    let next = parts.partition_point(|(inner, _)| *inner <= at);
                    let (inner, outer) = parts[next.saturating_sub(1)];
                    outer + at.saturating_sub(inner)
                };
                let start = place(range.start);
                start..place(range.end).max(start)
            }
            Self::Whole(whole) => whole.clone(),
            Self::Within(inner, outer) => outer.outer(inner.outer(range)),
        }
    }
}

/// The range to report for a whole scalar: all of it if it is one line, else what introduces it.
///
/// Reporting the first of several lines would suggest that this line alone is meant.
fn head(source: &str, span: &Range<usize>) -> Range<usize> {
    let text = source.get(span.clone()).unwrap_or_default();
    if !text.trim_end().contains('\n') && text.starts_with(['"', '\'', '*']) {
        return span.clone();
    }
    // The introduction, such as `>-` or the key.
    let before = source.get(..span.start).unwrap_or_default().trim_end();
    let start = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    start..before.len()
}

/// Whether a byte may be folded away or be indentation.
fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// The parts of a text that are in the file unchanged; `None` unless the two match to the last
/// byte.
///
/// Lines may be indented and folded, and quoted texts may have escapes.
fn parts(source: &str, scalar: Node<'_>) -> Option<Vec<(usize, usize)>> {
    let (span, text) = (scalar.span(), scalar.text().as_bytes());
    let source = source.as_bytes();
    let is_quoted = scalar.style() == Style::Quoted;
    let quote = source.get(span.start).copied().filter(|_| is_quoted);
    // The first line of a block may follow blank lines, and is indented.
    let (mut inner, mut outer) = (0, span.start + usize::from(is_quoted));
    let mut parts = vec![(0, outer)];
    let blanks = |bytes: &[u8], from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| is_blank(**byte)).count()
    };
    if !is_quoted {
        (inner, outer) = (blanks(text, 0), blanks(source, outer));
        parts.push((inner, outer));
    }
    while inner < text.len() {
        let byte = *source.get(outer)?;
        if is_blank(byte) {
            let end = blanks(source, outer);
            if source.get(outer..end)?.contains(&b'\n') {
                (inner, outer) = (blanks(text, inner), end);
                parts.push((inner, outer));
                continue;
            }
        }
        let (said, length) = match (quote, byte) {
            (Some(b'"'), b'\\') => escape(source, outer)?,
            (Some(b'\''), b'\'') if source.get(outer + 1) == Some(&b'\'') => (Some('\''), 2),
            _ if text.get(inner) == Some(&byte) => {
                (inner, outer) = (inner + 1, outer + 1);
                continue;
            }
            _ => return None,
        };
        if let Some(said) = said {
            let mut bytes = [0; 4];
            let said = said.encode_utf8(&mut bytes).as_bytes();
            if !text.get(inner..)?.starts_with(said) {
                return None;
            }
            inner += said.len();
        }
        outer += length;
        parts.push((inner, outer));
    }
    Some(parts)
}

/// The character that an escape in double quotes stands for, if any, and its length.
fn escape(source: &[u8], at: usize) -> Option<(Option<char>, usize)> {
    let hex = |count: usize| {
        let digits = std::str::from_utf8(source.get(at + 2..at + 2 + count)?).ok()?;
        let said = char::from_u32(u32::from_str_radix(digits, 16).ok()?)?;
        Some((Some(said), 2 + count))
    };
    let said = match *source.get(at + 1)? {
        b'n' => '\n',
        b't' | b'\t' => '\t',
        b'r' => '\r',
        byte @ (b'"' | b'\\' | b'/' | b' ') => char::from(byte),
        b'x' => return hex(2),
        b'u' => return hex(4),
        b'U' => return hex(8),
        // A line break, and the indentation of the next line.
        b'\n' | b'\r' => {
            let rest = source.get(at + 1..)?;
            return Some((
                None,
                1 + rest.iter().take_while(|byte| is_blank(**byte)).count(),
            ));
        }
        _ => return None,
    };
    Some((Some(said), 2))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    /// The position that is reported for a word of the inner text.
    fn found(source: &str, word: &str) -> Option<String> {
        let tree = parse(source).unwrap();
        let scalar = tree.roots().next()?.get("patch")?;
        let at = scalar.text().find(word)?;
        let range = Shift::of(scalar).outer(at..at + word.len());
        source.get(range).map(str::to_owned)
    }

    #[test]
    fn a_word_is_found_at_its_place() {
        for source in [
            "patch: |\n  a: 1\n  b:\n    c: word\nd: 1\n",
            "patch: |-\n  a: word",
            "patch: |2\n    a: 1\n\n    b: word\n",
            "patch: |\n\n  a: 1\n  b: word\n",
            "patch: |\r\n  a: ü\r\n  b: word\r\n",
            "patch: 'a: word'",
            "{\"patch\": \"[word]\"}",
            "{\"patch\": \"a: \\\"word\\\"\"}",
            "patch: >\n  a: 1\n  word: 2\n",
            "patch: >-\n  [{a: 1},\n\n   {b: 2},\n     {c: ü},\n\n\n  {d: word}]\n",
            "patch: >2\n    a: 1\n\n    b: word\n",
            "patch: '[{a: ''1''},\n  {b: ''word''}]'\n",
            "patch: \"[{a: \\\"1\\\\\\u00fc\\\"},\n\n  {b:\\n\n  word}]\"\n",
            "patch: \"[{a: 1}, \\\n   \\  {b: word}]\"\n",
            "patch: a 1\n  b word\n",
        ] {
            assert_eq!(found(source, "word").as_deref(), Some("word"), "{source}");
        }
    }

    #[test]
    fn a_word_that_cannot_be_found_gets_no_line_of_its_own() {
        for (source, whole) in [
            ("a: &a 'x word'\npatch: *a\n", "*a"),
            ("patch: \"a\n  \\\n  \\a word\"\n", "patch:"),
        ] {
            assert_eq!(found(source, "word").as_deref(), Some(whole), "{source}");
        }
    }
}
