//! Splits an endless stream into documents: JSON with or without line breaks, and YAML.
//!
//! A JSON text is complete at its last bracket, a YAML document when the next one begins or when
//! the stream pauses. A line that begins with `{` starts a new text, so that a truncated text does
//! not spoil the next.

use crate::audit::MAX_LINE;

/// A part of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// A complete text, with its first line.
    Document { line: usize, text: String },
    /// An unreadable part, with its line, and why.
    Unread { line: usize, why: &'static str },
}

/// The text that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Between,
    Json {
        depth: usize,
    },
    Yaml,
    /// A text that is too long; it is skipped to its end.
    Skipped,
}

/// Reads a stream line by line.
#[derive(Debug)]
pub(super) struct Splitter {
    state: State,
    line: usize,
    /// The first line of the text.
    start: usize,
    text: Vec<u8>,
    pieces: Vec<Piece>,
}

impl Default for Splitter {
    fn default() -> Self {
        Self {
            state: State::Between,
            line: 0,
            start: 0,
            text: Vec::new(),
            pieces: Vec::new(),
        }
    }
}

const FOREIGN: &str = "it is not a watch event";
const CUT: &str = "an event is cut off";
const LONG: &str = "an event is longer than 32 MiB";

impl Splitter {
    /// Adds a line with its line end, and returns the completed parts.
    pub fn take(&mut self, line: &[u8]) -> Vec<Piece> {
        self.line += 1;
        let is_start = line.starts_with(b"{");
        let is_border = line.trim_ascii_end() == b"---";
        match self.state {
            State::Json { .. } if is_start || is_border => self.unread(self.start, CUT),
            State::Yaml if is_start || is_border => self.document(),
            State::Skipped if is_start || is_border => self.reset(),
            _ => {}
        }
        match self.state {
            State::Skipped => {}
            State::Json { .. } => self.json(line),
            State::Yaml => self.add(line),
            State::Between if line.trim_ascii().is_empty() || is_border => {}
            State::Between => self.begin(line),
        }
        std::mem::take(&mut self.pieces)
    }

    /// Notes a line that is longer than any event.
    pub fn skip(&mut self) -> Vec<Piece> {
        self.line += 1;
        self.unread(self.line, LONG);
        self.state = State::Skipped;
        std::mem::take(&mut self.pieces)
    }

    /// Whether there is a text that only the next one would end.
    pub fn is_waiting(&self) -> bool {
        self.state == State::Yaml
    }

    /// Ends the current text; at the end of the stream, even an incomplete one.
    pub fn rest(&mut self, is_end: bool) -> Vec<Piece> {
        match self.state {
            State::Yaml => self.document(),
            State::Json { .. } if is_end => self.unread(self.start, CUT),
            _ => {}
        }
        std::mem::take(&mut self.pieces)
    }

    fn begin(&mut self, line: &[u8]) {
        self.start = self.line;
        let inner = line.trim_ascii_start();
        if inner.starts_with(b"{") {
            self.state = State::Json { depth: 0 };
            self.json(inner);
        } else if is_key(line) {
            self.state = State::Yaml;
            self.add(line);
        } else {
            self.unread(self.line, FOREIGN);
        }
    }

    /// Adds a line to a JSON text, up to its last bracket, and the rest of the line.
    fn json(&mut self, line: &[u8]) {
        let State::Json { mut depth } = self.state else {
            return;
        };
        let (mut is_text, mut is_escaped) = (false, false);
        for (at, byte) in line.iter().enumerate() {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' if is_text => is_escaped = true,
                b'"' => is_text = !is_text,
                _ if is_text => {}
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        let (own, rest) = line.split_at(at + 1);
                        self.add(own);
                        if self.state != State::Skipped {
                            self.document();
                        }
                        self.reset();
                        if !rest.trim_ascii().is_empty() {
                            self.begin(rest);
                        }
                        return;
                    }
                }
                _ => {}
            }
        }
        // No JSON string continues on the next line, so the following lines belong to a truncated
        // text.
        if is_text {
            self.unread(self.start, CUT);
            self.state = State::Skipped;
            return;
        }
        self.state = State::Json { depth };
        self.add(line);
    }

    fn add(&mut self, line: &[u8]) {
        if self.text.len() + line.len() > MAX_LINE {
            self.unread(self.start, LONG);
            self.state = State::Skipped;
            return;
        }
        self.text.extend_from_slice(line);
    }

    fn document(&mut self) {
        let text = std::mem::take(&mut self.text);
        let piece = match String::from_utf8(text) {
            Ok(text) => Piece::Document {
                line: self.start,
                text,
            },
            Err(_) => Piece::Unread {
                line: self.start,
                why: "it is not UTF-8",
            },
        };
        self.pieces.push(piece);
        self.reset();
    }

    fn unread(&mut self, line: usize, why: &'static str) {
        self.pieces.push(Piece::Unread { line, why });
        self.reset();
    }

    fn reset(&mut self) {
        self.text = Vec::new();
        self.state = State::Between;
    }
}

/// Whether a line begins a map in YAML: `object:`.
fn is_key(line: &[u8]) -> bool {
    let end = line.iter().position(|byte| !byte.is_ascii_alphabetic());
    let rest = end.filter(|end| *end > 0).and_then(|end| line.get(end..));
    rest.is_some_and(|rest| matches!(rest, [b':'] | [b':', b' ' | b'\n' | b'\r', ..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a stream, in short form.
    fn pieces(stream: &str) -> Vec<String> {
        let mut splitter = Splitter::default();
        let mut all = Vec::new();
        for line in stream.split_inclusive('\n') {
            all.extend(splitter.take(line.as_bytes()));
        }
        all.extend(splitter.rest(true));
        let short = |piece: Piece| match piece {
            Piece::Document { line, text } => {
                format!("{line} {}", text.split_whitespace().collect::<String>())
            }
            Piece::Unread { line, why } => format!("{line}! {why}"),
        };
        all.into_iter().map(short).collect()
    }

    #[test]
    fn texts_are_found_however_they_are_written() {
        let pretty = "{\n    \"a\": {\n        \"b\": \"}{\\\"\"\n    }\n}\n";
        for (stream, expected) in [
            ("{\"a\":1}\n{\"a\":2}\n", vec!["1 {\"a\":1}", "2 {\"a\":2}"]),
            (
                "{\"a\":1}{\"a\":[2]} {}",
                vec!["1 {\"a\":1}", "1 {\"a\":[2]}", "1 {}"],
            ),
            (pretty, vec!["1 {\"a\":{\"b\":\"}{\\\"\"}}"]),
            (
                "object:\n  a: 1\ntype: ADDED\n---\nobject: {}\n",
                vec!["1 object:a:1type:ADDED", "5 object:{}"],
            ),
            (
                "object: {}\n{\"a\":1}\n",
                vec!["1 object:{}", "2 {\"a\":1}"],
            ),
            ("\n---\n\n", Vec::new()),
            ("", Vec::new()),
        ] {
            assert_eq!(pieces(stream), expected, "{stream}");
        }
    }

    #[test]
    fn truncated_and_foreign_texts_spoil_nothing_else() {
        for (stream, expected) in [
            (
                "Unable to connect\n{\"a\":1}\n",
                vec!["1! it is not a watch event", "2 {\"a\":1}"],
            ),
            (
                "{\"a\":{\n{\"a\":1}\n",
                vec!["1! an event is cut off", "2 {\"a\":1}"],
            ),
            (
                "{\n  \"a\": \"x\n{\"a\":1}\n",
                vec!["1! an event is cut off", "3 {\"a\":1}"],
            ),
            ("{\"a\":", vec!["1! an event is cut off"]),
            (
                "{}}\n{}\n",
                vec!["1 {}", "1! it is not a watch event", "2 {}"],
            ),
            ("]\n", vec!["1! it is not a watch event"]),
            ("{} x\n", vec!["1 {}", "1! it is not a watch event"]),
        ] {
            assert_eq!(pieces(stream), expected, "{stream}");
        }
    }

    #[test]
    fn a_text_that_is_too_long_is_skipped_to_its_end() {
        let mut splitter = Splitter::default();
        assert!(splitter.take(b"{\n").is_empty());
        let long = vec![b' '; MAX_LINE];
        let said = splitter.take(&long);
        assert!(
            matches!(said.as_slice(), [Piece::Unread { line: 1, .. }]),
            "{said:?}"
        );
        assert!(splitter.take(b"}\n").is_empty());
        assert_eq!(splitter.take(b"{}\n").len(), 1);
        assert_eq!(splitter.skip().len(), 1);
        assert_eq!(splitter.take(b"{}\n").len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken(lines in proptest::collection::vec("[{}\\[\\]\"\\\\a: -]{0,8}\n", 0..20)) {
            let mut splitter = Splitter::default();
            for line in &lines {
                splitter.take(line.as_bytes());
            }
            splitter.rest(true);
            // A text that begins a line is found whatever precedes it.
            let found = splitter.take(b"{\"type\":\"ADDED\"}\n");
            let is_found = matches!(found.last(), Some(Piece::Document { .. }));
            proptest::prop_assert!(is_found);
        }
    }
}
