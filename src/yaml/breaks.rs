//! Characters that are line breaks for kustomize and kubectl, but not for other readers.
//!
//! Both read YAML 1.1, in which U+0085, U+2028 and U+2029 are line breaks: after one of them in a
//! comment, the text is a field. A text with two readings is refused if such a character could
//! change its structure. In quotes, and in block scalars that continue after it, the character is
//! plain text to all readers.

use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle};

/// NEL, the line separator and the paragraph separator.
const FOREIGN: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// The first character that is a line break in YAML 1.1 and would change the structure.
///
/// The parser has already accepted the text.
pub(super) fn foreign_break(source: &str, options: Options) -> Option<usize> {
    // Three searches are much faster than a look at every character.
    if !FOREIGN.iter().any(|char| source.contains(*char)) {
        return None;
    }
    let mut scalars = Vec::new();
    for event in Parser::new_from_str_with_options(source, options) {
        if let Ok((Event::Scalar(_, style, ..), span)) = event
            && let Some(start) = span.start.byte_offset()
            && let Some(end) = span.end.byte_offset()
        {
            scalars.push((start, end, style));
        }
    }
    let mut scalars = scalars.into_iter().peekable();
    let mut lines = Lines::default();
    let foreign = source.char_indices().filter(|&(_, char)| is_foreign(char));
    let mut foreign = foreign.map(|(at, _)| at);
    foreign.find(|&at| {
        while scalars.next_if(|&(_, end, _)| end <= at).is_some() {}
        match scalars.peek() {
            Some(&(start, end, style)) if start <= at => match style {
                ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => false,
                ScalarStyle::Literal | ScalarStyle::Folded => !lines.go_on(source, start..end, at),
                ScalarStyle::Plain => true,
            },
            _ => true,
        }
    })
}

fn is_foreign(char: char) -> bool {
    FOREIGN.contains(&char)
}

fn is_break(char: char) -> bool {
    matches!(char, '\n' | '\r') || is_foreign(char)
}

/// The lines of the last block scalar that was checked.
#[derive(Default)]
struct Lines {
    of: Range<usize>,
    /// The place of their first word, and their common number of leading spaces.
    known: Option<(usize, usize)>,
}

impl Lines {
    /// Whether a block scalar continues after a break in it, so that the break ends nothing.
    fn go_on(&mut self, source: &str, block: Range<usize>, at: usize) -> bool {
        if self.of != block {
            self.known = lines(source, &block);
            self.of = block;
        }
        // The text before the first word decides the indentation of the block.
        let Some((_, indent)) = self.known.filter(|&(first, _)| first < at) else {
            return false;
        };
        let behind = source.get(at..self.of.end).unwrap_or_default();
        let mut spaces = 0;
        for char in behind.chars().skip(1) {
            match char {
                ' ' => spaces += 1,
                char => return spaces >= indent || is_break(char),
            }
        }
        // A blank line ends nothing.
        true
    }
}

/// The place of the first word of a block scalar, and the smallest number of leading spaces of its
/// lines with words.
fn lines(source: &str, block: &Range<usize>) -> Option<(usize, usize)> {
    let before = source.get(..block.start)?;
    let line = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    // The parser places its start at its first word.
    if before[line..].contains(|char| char != ' ') {
        return None;
    }
    let content = source.get(line..block.end)?;
    let first = content.find(|char| char != ' ' && !is_break(char))?;
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let worded = content.split(['\n', '\r']);
    let worded = worded.filter(|line| spaces(line) < line.len());
    Some((line + first, worded.map(spaces).min()?))
}

#[cfg(test)]
mod tests {
    use super::FOREIGN;
    use crate::yaml::parse;

    /// Whether a text is refused with each of these characters in place of `~`.
    fn is_refused(text: &str) -> bool {
        let refused = FOREIGN.map(|char| {
            let text = text.replace('~', &char.to_string());
            match parse(&text) {
                Ok(_) => false,
                Err(error) => {
                    assert!(error.message.contains("ends a line"), "{text:?}: {error}");
                    true
                }
            }
        });
        assert!(refused.iter().all(|one| *one == refused[0]), "{text:?}");
        refused[0]
    }

    #[test]
    fn a_break_that_changes_the_structure_is_refused() {
        for text in [
            "a: 1 # ~b: 2\n",
            "# ~b: 2\na: 1\n",
            "a: 1\n# the end~",
            "a: x~b\n",
            "a: x~b:~  - c\n",
            "~a: 1\n",
            "a: [1, # ~\n 2]\n",
            "{a: 1, # ~b: 2\n c: 3}\n",
            "--- # ~b: 2\na: 1\n",
            "a: 1\n...\n# ~\n",
            // It ends a line that the block continues.
            "a: |\n  one~b: 2\n",
            "a: |\n  one~ b: 2\n  three\n",
            "a: >-\n    one~  b: 2\n    three\n",
            "a:\n- |\n  one~- two\n",
            "a: |\n  one~\n  two~# three\n",
            // It is in the line of the block indicator.
            "a: | # ~  one\n  two\n",
            // It decides the indentation of the block.
            "a: |\n  ~   one\n  two\n",
            "a: |\n\n    ~  one\n    two\n",
            "? |\n  key~b: 2\n: 1\n",
        ] {
            assert!(is_refused(text), "{text:?}");
        }
    }

    #[test]
    fn a_break_within_text_is_kept() {
        for text in [
            "a: 'x~y'\n",
            "a: \"x~y\" # z\n",
            "{\"a\": \"x~y\", \"b~\": 1}\n",
            "a: 'one\n\n  two~  three'\n",
            // This is how kustomize writes it.
            "a: |\n  one~  two\n  three\n",
            "a: |\n  one~\n  two\n",
            "a: |\n  one~\n",
            "a: |\n  one~~  two\n",
            "a: |-\n  one~    two\n    three\n",
            "a:\n  b: |2+\n      one\n    two~    three\n\nc: 1\n",
        ] {
            assert!(!is_refused(text), "{text:?}");
        }
    }

    #[test]
    fn many_breaks_take_linear_time() {
        let text = format!("a: |\n  x{}\n", "\u{2028}  y".repeat(100_000));
        assert!(parse(&text).is_ok());
        let text = format!("a: [{}]\n", "'\u{2028}', ".repeat(100_000));
        assert!(parse(&text).is_ok());
    }
}
