//! The quotes in kustomize's error messages: configurations, patches and whole objects.
//!
//! They may contain a Secret whose value comes from a source that was not read: a remote base, a
//! chart, the environment. So a quote is cut unless it is certainly not about a Secret. The rest
//! says what failed, for which resource and in which file.

use std::fmt::Write as _;

use super::patched::is_harmless;
use crate::text::REDACTED;
use crate::yaml::{self, Node};

/// The deepest nesting of errors that quote each other.
const MAX_DEPTH: usize = 8;

/// The text to show for a quote, and the number of bytes that it replaces.
type Shown = (String, usize);

/// The beginning of a quote, and the function that replaces it; its text begins with those words.
type Quote = (&'static str, fn(&str, &mut State) -> Shown);

/// The state of the scan.
#[derive(Default)]
struct State {
    depth: usize,
    /// A patch that is known to be harmless.
    harmless: Option<String>,
}

const QUOTES: [Quote; 31] = [
    ("with config: `\n", config),
    ("[patch: \"", patch),
    ("accumulateDirectory: \"", nested),
    ("loader.New \"", nested),
    ("{\"", |text, _| object(text)),
    ("{\\\"", rest),
    ("map[", |text, _| map(text)),
    ("[]interface {}{", |text, _| list(text, "[]interface {}")),
    ("[]string{", |text, _| list(text, "[]string")),
    ("&resource.Resource{", |text, _| {
        list(text, "&resource.Resource")
    }),
    ("cannot unmarshal !!", |text, _| {
        scalar(text, '`', "` into ")
    }),
    ("cannot decode !!", |text, _| scalar(text, '`', "` as a ")),
    ("unknown anchor '", |text, _| {
        scalar(text, '\'', "' referenced")
    }),
    (" &{0x", |text, _| pointer(text)),
    ("literal sources [", |text, _| literals(text)),
    ("env source files: [", |text, _| environment(text)),
    ("evalsymlink failure on '", |text, _| path(text)),
    ("accumulating resources from '", |text, _| path(text)),
    // These messages end with the quote.
    ("**** Too many possible referral targets", rest),
    ("Helm template:", rest),
    ("JSON patch 6902 from ", rest),
    ("JsonOp=", rest),
    ("Patch=", rest),
    ("for the following resource:", rest),
    ("must specify a target for patch ", rest),
    ("must specify one of patch and path in", rest),
    ("invalid document separator: ", rest),
    ("node contents:", rest),
    ("out of bounds for value ", rest),
    ("patch and path can't be set at the same time", rest),
    ("strategic merge patch strategy for ", rest),
];

/// A text without its quotes of resources and patches that may be Secrets.
pub(super) fn cut(text: &str) -> String {
    cut_with(text, &mut State::default())
}

fn cut_with(text: &str, state: &mut State) -> String {
    let find = |words: &str, from: usize| Some(from + text.get(from..)?.find(words)?);
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    // The next place of each beginning, so that a text with many quotes is searched once.
    let mut next = QUOTES.map(|(words, _)| find(words, 0));
    loop {
        for (place, (words, _)) in next.iter_mut().zip(&QUOTES) {
            if place.is_some_and(|place| place < done) {
                *place = find(words, done);
            }
        }
        let places = next.iter().zip(&QUOTES);
        let first = places.filter_map(|(place, (_, show))| Some(((*place)?, show)));
        let Some((at, show)) = first.min_by_key(|(at, _)| *at) else {
            out.push_str(text.get(done..).unwrap_or_default());
            return out;
        };
        out.push_str(text.get(done..at).unwrap_or_default());
        let (shown, length) = show(text.get(at..).unwrap_or_default(), state);
        out.push_str(&shown);
        // Every step consumes at least one byte.
        done = at + length.max(1);
    }
}

/// The beginning of a quote, and a mark in place of everything after it.
fn rest(text: &str, _: &mut State) -> Shown {
    let begin = QUOTES.iter().find(|(words, _)| text.starts_with(words));
    let begin = begin.map_or("", |(words, _)| words.trim_end_matches(['{', '\\', '"']));
    let gap = if begin.is_empty() || begin.ends_with([' ', '=']) {
        ""
    } else {
        " "
    };
    (format!("{begin}{gap}{REDACTED}"), text.len())
}

/// The configuration of a transformer: the place of its patch, and the target.
fn config(text: &str, state: &mut State) -> Shown {
    const BEGIN: &str = "with config: `\n";
    const END: &str = "\n`";
    let inner = text.get(BEGIN.len()..).unwrap_or_default();
    let length = inner.find(END).unwrap_or(inner.len());
    let end = (BEGIN.len() + length + END.len()).min(text.len());
    let inner = inner.get(..length).unwrap_or_default();
    let tree = yaml::parse_lax(inner).ok();
    let root = tree.as_ref().and_then(|tree| tree.roots().next());
    let mut shown = Vec::new();
    for (key, value) in root.into_iter().flat_map(Node::entries) {
        let is_patch = ["patch", "jsonOp"].contains(&key.text());
        let is_plain = |node: Node<'_>| node.is_scalar() && !node.text().contains(['\n', '{', ' ']);
        let told = if key.text() == "target" {
            let fields = value.entries();
            let fields = fields.map(|(key, value)| format!("{}: {}", key.text(), value.text()));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        } else if is_patch && is_harmless(root.and_then(|root| root.get("target")), value.text()) {
            state.harmless = Some(value.text().trim_end().to_owned());
            value.text().trim_end().to_owned()
        } else if ["name", "path", "version"].contains(&key.text()) && is_plain(value) {
            value.text().to_owned()
        } else if key.text() == "paths" && value.items().all(is_plain) {
            let paths: Vec<_> = value.items().map(Node::text).collect();
            paths.join(", ")
        } else {
            REDACTED.to_owned()
        };
        shown.push(format!("{}: {told}", key.text()));
    }
    if shown.is_empty() {
        shown.push(REDACTED.to_owned());
    }
    (format!("with config: `{}`", shown.join(", ")), end)
}

/// `[patch: "…"]`, in which Go quotes the text of an inline patch.
fn patch(text: &str, state: &mut State) -> Shown {
    const BEGIN: &str = "[patch: ";
    let Some((inner, length)) = unquoted(text.get(BEGIN.len()..).unwrap_or_default()) else {
        return (format!("{BEGIN}{REDACTED}"), text.len());
    };
    let end = BEGIN.len() + length;
    let is_known = state.harmless.as_deref() == Some(inner.trim_end());
    if is_known || is_harmless(None, &inner) {
        (text.get(..end).unwrap_or_default().to_owned(), end)
    } else {
        (format!("{BEGIN}{REDACTED}"), end)
    }
}

/// An error that is quoted by an outer error.
fn nested(text: &str, state: &mut State) -> Shown {
    let at = text.find('"').unwrap_or(text.len());
    let (begin, quote) = text.split_at(at);
    match unquoted(quote) {
        Some((inner, length)) if state.depth < MAX_DEPTH => {
            state.depth += 1;
            let inner = cut_with(&inner, state);
            state.depth -= 1;
            (format!("{begin}{inner}"), at + length)
        }
        _ => (format!("{begin}{REDACTED}"), text.len()),
    }
}

/// A value that the YAML reader quotes, or its beginning, and the words after it.
fn scalar(text: &str, quote: char, after: &str) -> Shown {
    let line = text.lines().next().unwrap_or_default();
    let Some((begin, value)) = line.split_once(quote) else {
        return (line.to_owned(), line.len());
    };
    // Without those words, it continues on the next line.
    let length = value
        .rfind(after)
        .map_or(text.len(), |at| begin.len() + 1 + at);
    (format!("{begin}{quote}{REDACTED}"), length)
}

/// A memory address, which differs in every run.
fn pointer(text: &str) -> Shown {
    let end = text.find('}').map_or(text.len(), |at| at + 1);
    (String::new(), end)
}

/// Literals of a generator, one of which is invalid.
fn literals(text: &str) -> Shown {
    const END: &str = ", expected key=value";
    let end = text.find(END).unwrap_or(text.len());
    (
        format!("literal sources: invalid literal source {REDACTED}"),
        end,
    )
}

/// The fault of a line in a generator's env file.
fn environment(text: &str) -> Shown {
    let Some(at) = text.find("]: ").map(|at| at + "]: ".len()) else {
        return (text.to_owned(), text.len());
    };
    let (begin, told) = text.split_at(at);
    if told.starts_with("line [") {
        let shown = format!("{begin}{REDACTED} has invalid utf8 bytes");
        return (shown, text.len());
    }
    if !told.starts_with('"') {
        return (begin.to_owned(), at);
    }
    let length = unquoted(told).map_or(told.len(), |(_, length)| length);
    (format!("{begin}{REDACTED}"), at + length)
}

/// A path, in whose place there may be a whole document.
fn path(text: &str) -> Shown {
    let at = text.find('\'').map_or(text.len(), |at| at + 1);
    let (begin, told) = text.split_at(at);
    let end = told.find('\'').unwrap_or(told.len());
    if told
        .get(..end)
        .is_some_and(|path| path.contains(['\n', '{']))
    {
        (format!("{begin}{REDACTED}"), text.len())
    } else {
        (begin.to_owned(), at)
    }
}

/// A list as Go writes it.
fn list(text: &str, begin: &str) -> Shown {
    let (_, length) = object(text.get(begin.len()..).unwrap_or_default());
    (REDACTED.to_owned(), begin.len() + length)
}

/// A map as Go writes it: with its types, as the value that it is, or only its type.
fn map(text: &str) -> Shown {
    const ANY: &str = "interface {}";
    let at = text.find(']').unwrap_or(text.len());
    let key = text.get("map[".len()..at).unwrap_or_default();
    let after = text.get(at + 1..).unwrap_or_default();
    if key.is_empty() {
        return ("map[]".to_owned(), at + 1);
    }
    if !["string", ANY, "any"].contains(&key) {
        // The end of a value cannot be found, so everything that may belong to it is cut.
        let end = text.rfind(']').map_or(text.len(), |at| at + 1);
        return (REDACTED.to_owned(), end);
    }
    let value = after.strip_prefix(ANY).unwrap_or_else(|| {
        after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "._*[]".contains(c))
    });
    let length = text.len() - value.len();
    if value.starts_with('{') {
        let (shown, inner) = object(value);
        (shown, length + inner)
    } else {
        (text.get(..length).unwrap_or_default().to_owned(), length)
    }
}

/// An object as JSON or Go writes it: only its identity is kept.
fn object(text: &str) -> Shown {
    let mut keys = [String::new(), String::new()];
    let mut told: [Option<String>; 4] = [const { None }; 4];
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(next) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let mut length = next.len_utf8();
        match next {
            '{' | '[' => depth += 1,
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    at += length;
                    break;
                }
            }
            '"' => {
                let rest = text.get(at..).unwrap_or_default();
                let Some((word, quoted)) = unquoted(rest) else {
                    at = text.len();
                    break;
                };
                length = quoted;
                let is_key = rest.get(quoted..).is_some_and(|rest| rest.starts_with(':'));
                if is_key && let Some(key) = depth.checked_sub(1).and_then(|at| keys.get_mut(at)) {
                    *key = word;
                } else if !is_key {
                    let place = match (depth, keys[0].as_str(), keys[1].as_str()) {
                        (1, "apiVersion", _) => Some(0),
                        (1, "kind", _) => Some(1),
                        (2, "metadata", "name") => Some(2),
                        (2, "metadata", "namespace") => Some(3),
                        _ => None,
                    };
                    if let Some(place) = place {
                        told[place] = Some(word);
                    }
                }
            }
            _ => {}
        }
        at += length;
    }
    let mut shown = REDACTED.to_owned();
    if let [Some(_), Some(kind), name, namespace] = told {
        shown = format!("{{{kind}");
        for (what, word) in [("", name), (" of namespace", namespace)] {
            if let Some(word) = word {
                let _ = write!(shown, "{what} {word}");
            }
        }
        let _ = write!(shown, ": {REDACTED}}}");
    }
    (shown, at.min(text.len()))
}

/// The content of a text in double quotes, and its length in bytes with the quotes.
fn unquoted(text: &str) -> Option<(String, usize)> {
    let mut chars = text.char_indices();
    let (_, '"') = chars.next()? else {
        return None;
    };
    let mut out = Vec::new();
    let mut letter = [0; 4];
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((String::from_utf8_lossy(&out).into_owned(), at + 1)),
            '\\' => {
                let (_, escape) = chars.next()?;
                let mut number = |digits: usize| {
                    let digits: String = chars.by_ref().take(digits).map(|(_, c)| c).collect();
                    u32::from_str_radix(&digits, 16).ok()
                };
                let c = match escape {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    'a' | 'b' | 'f' | 'v' => ' ',
                    'x' => {
                        out.push(u8::try_from(number(2)?).ok()?);
                        continue;
                    }
                    // Half of a surrogate pair has no meaning.
                    'u' => char::from_u32(number(4)?).unwrap_or('\u{fffd}'),
                    'U' => char::from_u32(number(8)?)?,
                    c => c,
                };
                out.extend(c.encode_utf8(&mut letter).bytes());
            }
            c => out.extend(c.encode_utf8(&mut letter).bytes()),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_cut_and_the_rest_is_shown() {
        for (text, told) in [
            (
                r#"conflict: [{"apiVersion":"v1","data":{"a":"s\"}3cret"},"kind":"Secret","metadata":{"name":"s","namespace":"n"}} {"a":"s3cret"}]: no"#,
                "conflict: [{Secret s of namespace n: <redacted>} <redacted>]: no",
            ),
            (
                r#"map[string]interface {}{"apiVersion":"v1", "data":map[string]interface {}{"k":"s3cret"}, "kind":"Secret", "metadata":map[string]interface {}{"labels":map[interface {}]interface {}{true:"yes"}, "name":"s"}}: json: unsupported type: map[interface {}]interface {}"#,
                "{Secret s: <redacted>}: json: unsupported type: map[interface {}]interface {}",
            ),
            (
                "missing metadata.name in object {{v1 Secret} {{ } map[a:s3 cret] map[]}}': must build at 'x'",
                "missing metadata.name in object {{v1 Secret} {{ } <redacted>}}': must build at 'x'",
            ),
            (
                "builtin PatchTransformer with config: `\npatch: |\n  - op: x\n    value: s3cret `\ntarget:\n  name: db\n`: unable to parse from [patch: \"- op: x\\n  value: \\\"s3cret\"]",
                "builtin PatchTransformer with config: `patch: <redacted>, target: {name: db}`: unable to parse from [patch: <redacted>]",
            ),
            (
                "with config: `\npatch: 'spec: [{'\ntarget:\n  kind: Deployment|StatefulSet\n`: unable [patch: \"spec: [{\"]",
                "with config: `patch: spec: [{, target: {kind: Deployment|StatefulSet}`: unable [patch: \"spec: [{\"]",
            ),
            (
                "accumulateDirectory: \"conflict: [{\\\"apiVersion\\\":\\\"v1\\\",\\\"kind\\\":\\\"Secret\\\",\\\"data\\\":{\\\"k\\\":\\\"s3cret\\\"}}] accumulateDirectory: \\\"node contents:\\\\ns3cret\\\"\": no",
                "accumulateDirectory: conflict: [{Secret: <redacted>}] accumulateDirectory: node contents: <redacted>: no",
            ),
            (
                "yaml: line 3: cannot unmarshal !!str `s3cre...` into int",
                "yaml: line 3: cannot unmarshal !!str `<redacted>` into int",
            ),
            (
                "KV pairs: literal sources [s3cret]: invalid literal source s3cret, expected key=value",
                "KV pairs: literal sources: invalid literal source <redacted>, expected key=value",
            ),
            (
                "env source files: [e.env]: \"s3 cret\" is not a valid key name: no",
                "env source files: [e.env]: <redacted> is not a valid key name: no",
            ),
            (
                "env source files: [e.env]: line [255 58] has invalid utf8 bytes : s3cret",
                "env source files: [e.env]: <redacted> has invalid utf8 bytes",
            ),
            (
                "env source files: [e.env]: lstat e.env: no such file",
                "env source files: [e.env]: lstat e.env: no such file",
            ),
            (
                "evalsymlink failure on '/x/data: {a: s3cret}\n' : lstat",
                "evalsymlink failure on '<redacted>",
            ),
            (
                "evalsymlink failure on '/x/s.yaml' : lstat /x/s.yaml: no such file",
                "evalsymlink failure on '/x/s.yaml' : lstat /x/s.yaml: no such file",
            ),
            (
                "found multiple possible referrals: a, b\n\n**** Too many possible referral targets to referrer:\ndata: s3cret",
                "found multiple possible referrals: a, b\n\n**** Too many possible referral targets <redacted>",
            ),
            (
                "ScalarNode: node contents:\ns3cret\n",
                "ScalarNode: node contents: <redacted>",
            ),
            (
                "merging from generator &{0x33bb1510e0e0 <nil>}: id exists",
                "merging from generator: id exists",
            ),
            (
                "builtin X with config: `\npaths:\n- p.yaml\n- q.yaml\n`: missing metadata",
                "builtin X with config: `paths: p.yaml, q.yaml`: missing metadata",
            ),
            (
                "builtin X with config: `\nname: web\nvaluesInline:\n  a: s3cret\nversion: 1.0.0\n`: no",
                "builtin X with config: `name: web, valuesInline: <redacted>, version: 1.0.0`: no",
            ),
            (
                "yaml: cannot decode !!str `s3cret` as a !!int",
                "yaml: cannot decode !!str `<redacted>` as a !!int",
            ),
            (
                "yaml: unknown anchor 's3cret' referenced in File: s.yaml",
                "yaml: unknown anchor '<redacted>' referenced in File: s.yaml",
            ),
            (
                "invalid document separator: --- s3cret",
                "invalid document separator: <redacted>",
            ),
            (
                "unequal: &resource.Resource{RNode:yaml.RNode{x:[]string(nil)}, y:\"s3cret\"}: no",
                "unequal: <redacted>: no",
            ),
            ("left open {\"a\":\"s3cret", "left open <redacted>"),
            (
                "env source files: [e.env]: \"left open",
                "env source files: [e.env]: <redacted>",
            ),
            ("left open [patch: \"s3cret", "left open [patch: <redacted>"),
            ("escaped {\\\"a\\\": s3cret", "escaped <redacted>"),
        ] {
            assert_eq!(cut(text), told);
        }
    }

    #[test]
    fn many_quotes_are_cut_quickly() {
        for part in QUOTES.map(|(words, _)| words) {
            let text = part.repeat(1 << 15);
            assert!(cut(&text).len() <= text.len());
            let text = format!("{part}x\"}}]'` \u{fc}\\").repeat(1 << 13);
            assert!(!cut(&text).is_empty());
        }
    }

    proptest::proptest! {
        /// Any sequence of words is cut without a panic, and does not grow.
        #[test]
        fn any_words_can_be_cut(parts in proptest::collection::vec(0..QUOTES.len() + 12, 0..24)) {
            let others = ["\"", "\\", "}", "]", "'", "`", "\n`", "\\xff", "\\u00", "ü", "`: ", ": "];
            let words = QUOTES.iter().map(|(words, _)| *words).chain(others);
            let words: Vec<&str> = words.collect();
            let text: String = parts.iter().filter_map(|at| words.get(*at)).copied().collect();
            let told = cut(&text);
            proptest::prop_assert!(told.len() <= text.len() + 32 * (parts.len() + 1));
        }
    }
}
