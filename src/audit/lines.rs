//! Reads a log line by line, and keeps the lines that cannot be read.
//!
//! A line is read at most twice: first only its head, without the bodies of request and answer;
//! then the rest, if it is a write to an object that was asked about.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::cloud::{Inside, open, why};
use super::event::{Event, Other, Verb};

/// The longest line that is read: 32 MiB. An API server accepts objects of 3 MiB, and a log has
/// each one twice.
pub const MAX_LINE: usize = 32 << 20;

/// The longest document that spans several lines: 64 MiB.
const MAX_DOCUMENT: usize = 64 << 20;

/// The largest number of unreadable lines that are named.
const MAX_UNREAD: usize = 8;

/// The largest number of requests without a known end that are remembered.
const MAX_RECEIVED: usize = 10_000;

/// A line that could not be read, and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The line, from 1.
    pub line: usize,
    /// The reason.
    pub why: String,
}

/// A summary of the whole log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The number of lines, without empty ones.
    pub lines: usize,
    /// The number of events, of all verbs.
    pub events: usize,
    /// The first lines that could not be read.
    pub unread: Vec<Unread>,
    /// The number of lines that could not be read.
    pub unread_lines: usize,
    /// The requests that were received and whose end no line reports.
    pub received: BTreeSet<String>,
}

/// Reads a log line by line.
#[derive(Debug, Default)]
pub struct Log {
    /// The summary so far.
    pub seen: Seen,
    line: usize,
    /// The part read so far of a document that spans several lines.
    document: Vec<u8>,
    depth: Depth,
    /// The line at which it started.
    began: usize,
}

/// The nesting depth at the end of a line, in a document that spans several lines.
#[derive(Debug, Default)]
struct Depth {
    open: usize,
    is_in_string: bool,
}

impl Depth {
    fn read(&mut self, line: &[u8]) {
        let mut bytes = line.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => self.is_in_string = !self.is_in_string,
                b'\\' if self.is_in_string => {
                    let _ = bytes.next();
                }
                b'[' | b'{' if !self.is_in_string => self.open += 1,
                b']' | b'}' if !self.is_in_string => self.open = self.open.saturating_sub(1),
                _ => {}
            }
        }
    }
}

/// The head of an event, which decides whether the rest matters.
#[derive(Deserialize)]
struct Head<'a> {
    kind: &'a str,
    #[serde(rename = "apiVersion")]
    api_version: &'a str,
    verb: &'a str,
    #[serde(borrow, default, rename = "objectRef")]
    object: Option<Ref<'a>>,
}

#[derive(Deserialize)]
struct Ref<'a> {
    #[serde(default, rename = "apiGroup")]
    group: &'a str,
    #[serde(default)]
    name: &'a str,
    #[serde(default)]
    subresource: &'a str,
}

/// The objects that were asked about: their names, each with its API groups.
#[derive(Clone, Debug, Default)]
pub struct Asked(BTreeMap<String, Vec<String>>);

impl Asked {
    /// Adds an object to ask about.
    pub fn add(&mut self, group: &str, name: &str) {
        let groups = self.0.entry(name.to_owned()).or_default();
        if !groups.iter().any(|known| known == group) {
            groups.push(group.to_owned());
        }
    }

    /// Whether an object was asked about; an event without a name may be about any object.
    pub(super) fn has(&self, group: &str, name: &str) -> bool {
        name.is_empty()
            || self
                .0
                .get(name)
                .is_some_and(|groups| groups.iter().any(|known| known == group))
    }
}

impl Log {
    /// Reads the next line, and passes on its writes to objects that were asked about.
    pub fn read(&mut self, line: &[u8], asked: &Asked, mut take: impl FnMut(Event)) {
        self.line += 1;
        let mut line = line;
        if self.line == 1 {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        let trimmed = line.trim_ascii();
        if !self.document.is_empty() {
            self.more(trimmed, asked, &mut take);
            return;
        }
        if trimmed.is_empty() {
            return;
        }
        self.seen.lines += 1;
        // Pretty-printed JSON breaks its first line there.
        if matches!(trimmed, b"{" | b"[")
            || (trimmed.first() == Some(&b'{') && trimmed.ends_with(b"["))
        {
            self.began = self.line;
            self.depth = Depth::default();
            self.more(trimmed, asked, &mut take);
            return;
        }
        self.one(self.line, event_in(trimmed), asked, &mut take);
    }

    /// Notes a line that was too long to be read.
    pub fn skip(&mut self) {
        self.line += 1;
        self.seen.lines += 1;
        self.drop_document();
        self.unread(
            self.line,
            format!("it is longer than {} MiB", MAX_LINE >> 20),
        );
    }

    /// Ends the log.
    pub fn end(&mut self) {
        self.drop_document();
    }

    fn drop_document(&mut self) {
        if !self.document.is_empty() {
            self.document = Vec::new();
            self.unread(
                self.began,
                "the JSON that begins there ends too early".to_owned(),
            );
        }
    }

    /// Adds a line to a document that spans several lines.
    fn more(&mut self, line: &[u8], asked: &Asked, take: &mut impl FnMut(Event)) {
        // A complete event can only be the next one of a log in which a line was cut off.
        if line.starts_with(b"{\"kind\":\"Event\"")
            && !self.document.is_empty()
            && self.depth.open < 2
        {
            self.drop_document();
            self.seen.lines += 1;
            self.one(self.line, line, asked, take);
            return;
        }
        self.depth.read(line);
        if self.document.len() + line.len() > MAX_DOCUMENT {
            let most = MAX_DOCUMENT >> 20;
            self.document = Vec::new();
            self.unread(
                self.began,
                format!("the JSON that begins there is larger than {most} MiB; write one event per line, as jq -c '.[]' does"),
            );
            return;
        }
        self.document.extend_from_slice(line);
        self.document.push(b'\n');
        if self.depth.open == 0 {
            let document = std::mem::take(&mut self.document);
            self.one(self.began, &document, asked, take);
        }
    }

    fn one(&mut self, at: usize, text: &[u8], asked: &Asked, take: &mut impl FnMut(Event)) {
        if let Ok(head) = serde_json::from_slice::<Head<'_>>(text)
            && head.kind == "Event"
            && head.api_version.starts_with("audit.k8s.io/")
        {
            let is_asked = head
                .object
                .is_some_and(|one| asked.has(one.group, one.name) && one.subresource != "status");
            if Verb::read(head.verb).is_none() || !is_asked {
                self.seen.events += 1;
                return;
            }
        }
        let value: Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(error) => return self.unread(at, why(&error)),
        };
        let mut all = Vec::new();
        open(at, value, &mut all);
        for inside in all {
            match inside {
                Inside::Event(event) => {
                    self.seen.events += 1;
                    self.seen.received.remove(&event.audit_id);
                    if asked.has(&event.group, &event.name) {
                        take(*event);
                    }
                }
                Inside::Other(Other::Harmless) => self.seen.events += 1,
                Inside::Other(Other::Received {
                    group,
                    name,
                    audit_id,
                }) => {
                    self.seen.events += 1;
                    if asked.has(&group, &name) && self.seen.received.len() < MAX_RECEIVED {
                        self.seen.received.insert(audit_id);
                    }
                }
                Inside::Strange => self.unread(at, "it is not an audit event".to_owned()),
                Inside::Unread(why) => self.unread(at, why),
            }
        }
    }

    fn unread(&mut self, line: usize, why: String) {
        self.seen.unread_lines += 1;
        if self.seen.unread.len() < MAX_UNREAD {
            self.seen.unread.push(Unread { line, why });
        }
    }
}

/// The JSON of a line that begins with a timestamp and the name of a stream.
fn event_in(line: &[u8]) -> &[u8] {
    const MAX_PREFIX: usize = 300;
    if !line.first().is_some_and(u8::is_ascii_digit) {
        return line;
    }
    let start = line.iter().take(MAX_PREFIX).position(|byte| *byte == b'{');
    start.and_then(|at| line.get(at..)).unwrap_or(line)
}
