//! The written style of a scalar, which decides its type for kustomize, and the unusual scalars.

use crate::yaml::{Kind, Node, Style, resolve_plain};

/// The style of a node in kustomize, which decides the result when another value replaces it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Look {
    /// Without quotes.
    Plain,
    /// In quotes.
    Quoted,
    /// With `|`.
    Literal,
    /// With `>`.
    Folded,
    /// A collection in brackets.
    Flow,
    /// Not known.
    #[default]
    Unsure,
}

impl Look {
    /// The style of a node.
    pub fn of(node: Node<'_>) -> Self {
        match node.style() {
            // Merging adds quotes to a text that some readers take as another type.
            Style::Plain if node.as_str().is_some_and(is_ambiguous) => Self::Unsure,
            Style::Plain => Self::Plain,
            Style::Quoted => Self::Quoted,
            Style::Flow => Self::Flow,
            Style::Block if is_folded(node) => Self::Folded,
            Style::Block => Self::Literal,
        }
    }

    /// The style in which kustomize writes a text that it created.
    pub fn of_made(text: &str) -> Self {
        if text.contains('\n') {
            Self::Literal
        } else if is_ambiguous(text) {
            Self::Quoted
        } else if text
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || b"-_./".contains(&c))
        {
            Self::Plain
        } else {
            Self::Unsure
        }
    }

    /// Whether any value written here becomes a text.
    pub const fn makes_text(self) -> bool {
        matches!(self, Self::Quoted | Self::Literal | Self::Folded)
    }
}

/// Whether some reader takes an unquoted text as another type.
pub(crate) fn is_ambiguous(text: &str) -> bool {
    const FLAGS: [&str; 8] = ["y", "yes", "on", "n", "no", "off", "=", "<<"];
    let is_sixties = text.contains(':') && text.bytes().all(|c| b"0123456789:.+-_".contains(&c));
    resolve_plain(text) != Kind::Str
        || FLAGS.iter().any(|flag| flag.eq_ignore_ascii_case(text))
        || is_date(text)
        || is_sixties
}

/// Whether kustomize reads a scalar in its own way: binary data, a date, a custom type, or a block
/// that begins with a tab, which it refuses.
pub(super) fn is_odd(node: Node<'_>) -> bool {
    let text = node.text();
    let source = node.tree().source();
    let Some(before) = source.get(..node.span().start) else {
        return true;
    };
    if node.style() == Style::Block {
        let mut lines = text
            .lines()
            .filter(|line| !line.trim_matches(' ').is_empty());
        let is_tabbed = lines
            .next()
            .is_some_and(|line| line.trim_start_matches(' ').starts_with('\t'));
        let head = before.trim_end().rsplit('\n').next().unwrap_or_default();
        return is_tabbed || head.split_whitespace().any(is_odd_tag);
    }
    let before = before.trim_end_matches(' ');
    let tag = before
        .rsplit([' ', '\n', '[', '{', ','])
        .next()
        .unwrap_or_default();
    is_odd_tag(tag)
}

fn is_odd_tag(word: &str) -> bool {
    word.starts_with("!!binary") || word.starts_with("!!timestamp") || word.starts_with("!<")
}

/// Whether a text without quotes, as kustomize writes the keys that it creates, is not a string
/// key.
pub(super) fn is_no_key(text: &str) -> bool {
    resolve_plain(text) != Kind::Str || is_date(text) || text == "<<"
}

/// Whether a key of a kustomization is no longer a string in kustomize's output, where it has no
/// quotes.
pub(super) fn is_no_made_key(key: Node<'_>) -> bool {
    is_no_key(key.text()) || key.style() == Style::Plain && is_ambiguous(key.text())
}

/// Whether kustomize refuses a map because of its keys, or any map below it.
pub(super) fn has_odd_keys(node: Node<'_>) -> bool {
    node.items().any(has_odd_keys)
        || node
            .entries()
            .any(|(key, value)| is_odd_key(key) || has_odd_keys(value))
}

/// Whether an unquoted scalar in brackets has a question mark, at which kustomize ends it and
/// fails.
pub(super) fn has_odd_marks(node: Node<'_>) -> bool {
    has_marks(node, false)
}

fn has_marks(node: Node<'_>, in_flow: bool) -> bool {
    if node.is_scalar() {
        return in_flow && node.style() == Style::Plain && node.text().contains('?');
    }
    let in_flow = in_flow || node.style() == Style::Flow;
    node.items().any(|item| has_marks(item, in_flow))
        || node
            .entries()
            .any(|(key, value)| has_marks(key, in_flow) || has_marks(value, in_flow))
}

/// Whether a key is not a string, or is a merge key.
pub(super) fn is_odd_key(key: Node<'_>) -> bool {
    let is_plain = key.style() == Style::Plain;
    key.kind() != Kind::Str || key.text() == "<<" || is_plain && is_no_key(key.text())
}

/// Whether a block scalar is folded.
fn is_folded(node: Node<'_>) -> bool {
    let source = node.tree().source().as_bytes();
    let mut before = source.get(..node.span().start).unwrap_or_default();
    if source.get(node.span().start) == Some(&b'>') {
        return true;
    }
    // Its indicator is at the end of a line, before which there may be blank lines or a comment.
    loop {
        let trimmed = before.trim_ascii_end();
        let start = trimmed
            .iter()
            .rposition(|c| *c == b'\n')
            .map_or(0, |at| at + 1);
        let line = trimmed.get(start..).unwrap_or_default();
        let is_head = |word: &[u8]| {
            word.split_first().is_some_and(|(first, rest)| {
                matches!(first, b'|' | b'>')
                    && rest.len() < 3
                    && rest.iter().all(|c| c.is_ascii_digit() || b"+-".contains(c))
            })
        };
        let mut words = line.split(u8::is_ascii_whitespace);
        if let Some(head) = words.rfind(|word| is_head(word)) {
            return head.first() == Some(&b'>');
        }
        if start == 0 {
            return false;
        }
        before = trimmed.get(..start).unwrap_or_default();
    }
}

/// Whether kustomize reads an unquoted text as a date, with or without a time.
pub(super) fn is_date(text: &str) -> bool {
    let mut bytes = text.bytes();
    let year = bytes.by_ref().take(4).filter(u8::is_ascii_digit).count();
    let is_rest = |byte: u8| {
        byte.is_ascii_digit()
            || matches!(byte, b'-' | b'+' | b':' | b'.' | b' ' | b'T' | b't' | b'Z')
    };
    year == 4 && bytes.next() == Some(b'-') && text.matches('-').count() >= 2 && bytes.all(is_rest)
}

/// Whether a date has the form in which kustomize writes it, so that reading it as one changes
/// nothing.
pub(super) fn is_plain_date(text: &str) -> bool {
    const FORM: &str = "0000-00-00T00:00:00Z";
    let mut pairs = text.bytes().zip(FORM.bytes());
    text.len() == FORM.len()
        && pairs.all(|(is, form)| {
            if form == b'0' {
                is.is_ascii_digit()
            } else {
                is == form
            }
        })
}

/// Whether a double is so large that it may differ from its written form.
pub(super) fn is_large(float: f64) -> bool {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    float.abs() > LIMIT
}

/// Whether kustomize turns it into text when it reads its own resource as JSON.
pub(super) fn is_number(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::Int | Kind::Float | Kind::Bool)
}
