//! Inserts text between the bytes of a `ResourceList`.

use std::borrow::Cow;
use std::ops::Range;

use super::read::ResourceList;
use crate::snapshot::Snapshot;
use crate::yaml::{Node, Style};

/// The style of a `ResourceList`, so that the answer has the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Keys on separate lines.
    Block,
    /// Brackets throughout, as in JSON.
    Flow,
}

impl Form {
    /// The style of a document.
    #[must_use]
    pub fn of(root: Node<'_>) -> Self {
        match root.style() {
            Style::Flow => Self::Flow,
            _ => Self::Block,
        }
    }
}

/// Results in both styles, ready to be inserted.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// One JSON object per result.
    pub json: Vec<String>,
    /// A block-style list without indentation; no scalar in it spans lines.
    pub block: String,
}

/// The input's text with results spliced in; unchanged if there are none.
#[must_use]
pub fn with_results<'a>(list: &ResourceList<'a>, results: &Results) -> Cow<'a, str> {
    let source = list.root.tree().source();
    if results.json.is_empty() {
        return Cow::Borrowed(source);
    }
    let edit = match list.root.get("results") {
        Some(present) => add_to_present(source, list.root, present, results),
        None => match Form::of(list.root) {
            Form::Flow => add_flow_key(source, list.root, results),
            Form::Block => add_block_key(source, list.root, results),
        },
    };
    Cow::Owned(match edit {
        Some((range, text)) => splice(source, range, &text),
        None => rewritten(list, None, results),
    })
}

/// The input's text with one more item, in first place.
#[must_use]
pub fn append_item(list: &ResourceList<'_>, snapshot: &Snapshot) -> String {
    let source = list.root.tree().source();
    let start = list.items.span().start;
    let edit = match (list.items.style(), source.as_bytes().get(start)) {
        (Style::Flow, Some(b'[')) => {
            let comma = if list.items.is_childless() { "" } else { ", " };
            Some((start + 1, format!("{}{comma}", snapshot.to_json())))
        }
        (Style::Plain, _) => first_dash(source, list.root, "items").map(|(dash, column)| {
            let item = snapshot.to_yaml(column + 2, newline(source));
            (dash, format!("- {item}{}", " ".repeat(column)))
        }),
        _ => None,
    };
    match edit {
        Some((at, text)) => splice(source, at..at, &text),
        None => rewritten(list, Some(snapshot), &Results::default()),
    }
}

/// A new `ResourceList` that contains a snapshot or nothing.
#[must_use]
pub fn fresh(form: Form, snapshot: Option<&Snapshot>, results: &Results) -> String {
    match form {
        Form::Flow => {
            let item = snapshot.map(Snapshot::to_json).unwrap_or_default();
            let results = match results.json.as_slice() {
                [] => String::new(),
                some => format!(",\"results\":[{}]", some.join(",")),
            };
            format!(
                "{{\"apiVersion\":\"config.kubernetes.io/v1\",\"kind\":\"ResourceList\",\"items\":[{item}]{results}}}\n"
            )
        }
        Form::Block => {
            let items = snapshot.map_or_else(
                || "items: []\n".to_owned(),
                |snapshot| format!("items:\n- {}", snapshot.to_yaml(2, "\n")),
            );
            let results = match results.json.as_slice() {
                [] => String::new(),
                _ => format!("results:\n{}", results.block),
            };
            format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n{items}{results}")
        }
    }
}

fn splice(source: &str, range: Range<usize>, text: &str) -> String {
    let mut out = String::with_capacity(source.len() + text.len());
    out.push_str(&source[..range.start]);
    out.push_str(text);
    out.push_str(&source[range.end..]);
    out
}

/// The line end that the text uses.
fn newline(source: &str) -> &'static str {
    match source.find('\n') {
        Some(at) if source[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The number of spaces before an offset on its line; `None` if the line has other characters
/// there.
fn column(source: &str, at: usize) -> Option<usize> {
    let start = source[..at].rfind('\n').map_or(0, |at| at + 1);
    let before = source[start..at].trim_start_matches('\u{feff}');
    before
        .bytes()
        .all(|byte| byte == b' ')
        .then_some(before.len())
}

/// The first dash of a block list under a key, and its column; `None` if no line begins with the
/// dash.
///
/// If a list is not indented below its key, the parser gives the place of its first element.
fn first_dash(source: &str, root: Node<'_>, key: &str) -> Option<(usize, usize)> {
    let value = after_colon(source, root, key)?;
    let mut at = source.len() - value.len();
    for (index, line) in value.split_inclusive('\n').enumerate() {
        let text = line.trim();
        // A comment, an anchor or a tag may be between a key and its list.
        let is_between = text.is_empty() || text.starts_with(['#', '&', '!']);
        if !is_between {
            let is_dash = index > 0 && (text == "-" || text.starts_with("- "));
            let dash = at + (line.len() - line.trim_start().len());
            return is_dash.then(|| Some((dash, column(source, dash)?)))?;
        }
        at += line.len();
    }
    None
}

/// The text after a key and its colon; `None` if they are separated.
fn after_colon<'a>(source: &'a str, root: Node<'_>, key: &str) -> Option<&'a str> {
    let (key, _) = root.entries().find(|(name, _)| name.text() == key)?;
    let after = &source[key.span().end..];
    after.trim_start_matches(' ').strip_prefix(':')
}

fn indented(block: &str, column: usize, newline: &str) -> String {
    let spaces = " ".repeat(column);
    block
        .lines()
        .flat_map(|line| [spaces.as_str(), line, newline])
        .collect()
}

/// Adds to the input's own `results`.
fn add_to_present(
    source: &str,
    root: Node<'_>,
    present: Node<'_>,
    results: &Results,
) -> Option<(Range<usize>, String)> {
    let span = present.span();
    let json = results.json.join(", ");
    match (present.style(), source.as_bytes().get(span.start)) {
        (Style::Flow, Some(b'[')) => {
            let comma = if present.is_childless() { "" } else { ", " };
            Some((span.start + 1..span.start + 1, format!("{json}{comma}")))
        }
        (Style::Plain, _) if present.is_seq() => {
            let (dash, column) = first_dash(source, root, "results")?;
            let block = indented(&results.block, column, newline(source));
            Some((
                dash..dash,
                format!("{}{}", &block[column..], " ".repeat(column)),
            ))
        }
        _ if present.is_null() && source[span.clone()].trim().is_empty() => {
            let after = source.len() - after_colon(source, root, "results")?.len();
            Some((after..after, format!(" [{json}]")))
        }
        _ if present.is_null() => Some((span, format!("[{json}]"))),
        _ => None,
    }
}

fn add_flow_key(source: &str, root: Node<'_>, results: &Results) -> Option<(Range<usize>, String)> {
    // Before the first key there can be no comment and no trailing comma.
    let open = root.span().start;
    (source.as_bytes().get(open) == Some(&b'{')).then(|| {
        (
            open + 1..open + 1,
            format!("\"results\":[{}],", results.json.join(",")),
        )
    })
}

fn add_block_key(
    source: &str,
    root: Node<'_>,
    results: &Results,
) -> Option<(Range<usize>, String)> {
    let newline = newline(source);
    let keys: Vec<_> = root.entries().collect();
    let (last_key, last_value) = *keys.last()?;
    let column = keys
        .iter()
        .skip(1)
        .find_map(|(key, _)| column(source, key.span().start))?;
    let block = indented(&format!("results:\n{}", results.block), column, newline);
    let tail = &source[last_key.span().start..];
    let marker = ["\n...", "\n---"]
        .iter()
        .any(|marker| tail.contains(marker));
    let complete = source.ends_with('\n');
    if !marker && (complete || deepest_last(last_value).style() != Style::Block) {
        let lead = if complete { "" } else { newline };
        return Some((source.len()..source.len(), format!("{lead}{block}")));
    }
    // It goes before a later key that begins a line.
    let at = keys
        .iter()
        .skip(1)
        .rev()
        .map(|(key, _)| key.span().start)
        .find(|&at| self::column(source, at) == Some(column))?
        - column;
    Some((at..at, block))
}

/// The last node of a subtree.
fn deepest_last(node: Node<'_>) -> Node<'_> {
    let mut node = node;
    loop {
        let last = node
            .items()
            .last()
            .or_else(|| node.entries().last().map(|(_, value)| value));
        match last {
            Some(last) => node = last,
            None => return node,
        }
    }
}

/// The list rewritten as JSON: the last resort for notations that cannot be spliced into.
fn rewritten(list: &ResourceList<'_>, snapshot: Option<&Snapshot>, results: &Results) -> String {
    let mut fields: Vec<String> = Vec::new();
    let quote = |text: &str| serde_json::Value::from(text).to_string();
    for (key, value) in list.root.entries() {
        let items = |node: Node<'_>, first: Vec<String>| {
            let rest = node.items().map(|item| item.to_json().to_string());
            first.into_iter().chain(rest).collect::<Vec<_>>().join(",")
        };
        let text = match key.text() {
            "items" => format!(
                "[{}]",
                items(value, snapshot.map(Snapshot::to_json).into_iter().collect())
            ),
            "results" => continue,
            _ => value.to_json().to_string(),
        };
        fields.push(format!("{}:{text}", quote(key.text())));
    }
    let present = list.root.get("results");
    let mut all = results.json.clone();
    all.extend(
        present
            .into_iter()
            .flat_map(Node::items)
            .map(|item| item.to_json().to_string()),
    );
    if !all.is_empty() {
        fields.push(format!("\"results\":[{}]", all.join(",")));
    }
    format!("{{{}}}\n", fields.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::krm::read;
    use crate::yaml::parse;

    fn results() -> Results {
        Results {
            json: vec![
                r#"{"message":"m"}"#.to_owned(),
                r#"{"message":"n"}"#.to_owned(),
            ],
            block: "- message: m\n- message: n\n".to_owned(),
        }
    }

    fn snapshot() -> Snapshot {
        Snapshot {
            service: "s".into(),
            environment: "base".into(),
            content: "{\"kind\":\"A\"}\n".into(),
        }
    }

    const LISTS: &[&str] = &[
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- kind: A\n",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- kind: A",
        "apiVersion: config.kubernetes.io/v1\r\nkind: ResourceList\r\nitems:\r\n- kind: A\r\n",
        "\u{feff}apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n  - kind: A\n    a: |+\n      x\n\n",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- kind: A\n  a: |\n    x",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [{kind: A}]\nresults:\n",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n-\n  kind: A\nresults:\n-   # old\n  message: old\n",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: &all # c\n\n# - c\n  !!seq\n  - kind: A\nresults: &r\n- message: old\n",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nresults: []\n",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: []\nresults: null # none\n",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nresults:\n- message: old\n- message: older\nitems: []\n",
        "results: [{message: old}]\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: [ # c\n {kind: A}, ]\n",
        "--- # c\n  apiVersion: config.kubernetes.io/v1\n  kind: ResourceList\n  items:\n  - kind: A\n...\n",
        "{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"ResourceList\", \"items\": [{\"kind\": \"A\"}]}",
        "{\n\t\"apiVersion\": \"config.kubernetes.io/v1\",\n\t\"kind\": \"ResourceList\",\n\t\"items\": []\n}\n",
        "{apiVersion: config.kubernetes.io/v1, kind: ResourceList, items: [], # c\n}\n",
        "? apiVersion\n: config.kubernetes.io/v1\n? kind\n: ResourceList\n? items\n: - kind: A\n",
        "x: &x [{kind: A}]\napiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems: *x\n",
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- kind: A\n# the end\nfunctionConfig:\n  kind: B\n  t: 'x\n\n    y'\n# bye",
    ];

    /// Whether a text is unchanged apart from an insertion at one place.
    fn is_spliced(before: &str, after: &str) -> bool {
        let alike = |(a, b): &(u8, u8)| a == b;
        let start = before.bytes().zip(after.bytes()).take_while(alike).count();
        let end = before.bytes().rev().zip(after.bytes().rev());
        start + end.take_while(alike).count() >= before.len()
    }

    /// Texts whose `items` cannot be spliced into.
    fn is_rewritten(text: &str) -> bool {
        text.contains("items: *x") || text.contains("? apiVersion")
    }

    #[test]
    fn results_are_spliced_into_every_notation_and_nothing_else_changes() {
        for text in LISTS {
            let tree = parse(text).unwrap();
            let list = read(&tree).unwrap();
            assert_eq!(with_results(&list, &Results::default()), *text);
            let spliced = with_results(&list, &results());
            assert!(
                is_spliced(text, &spliced) || text.contains("results: null") || is_rewritten(text),
                "{text}\n{spliced}"
            );
            let again = parse(&spliced).unwrap_or_else(|error| panic!("{error} in\n{spliced}"));
            let root = again.roots().next().unwrap();
            let mut expected = list.root.to_json();
            let mut all: Vec<serde_json::Value> = results()
                .json
                .iter()
                .map(|text| serde_json::from_str(text).unwrap())
                .collect();
            all.extend(
                list.root
                    .get("results")
                    .into_iter()
                    .flat_map(Node::items)
                    .map(Node::to_json),
            );
            expected
                .as_object_mut()
                .unwrap()
                .insert("results".into(), all.into());
            assert_eq!(root.to_json(), expected, "{text}\n{spliced}");
            if text.contains('\r') {
                assert!(!spliced.replace("\r\n", "").contains('\n'), "{spliced:?}");
            }
        }
    }

    #[test]
    fn a_snapshot_is_spliced_into_every_notation_and_nothing_else_changes() {
        for text in LISTS {
            let tree = parse(text).unwrap();
            let list = read(&tree).unwrap();
            let spliced = append_item(&list, &snapshot());
            assert!(
                is_spliced(text, &spliced) || is_rewritten(text),
                "{text}\n{spliced}"
            );
            let again = parse(&spliced).unwrap_or_else(|error| panic!("{error} in\n{spliced}"));
            let more = read(&again).unwrap_or_else(|error| panic!("{error} in\n{spliced}"));
            assert!(
                crate::snapshot::open(&more.resources[0]).is_ok(),
                "{spliced}"
            );
            let rest: Vec<_> = more.resources[1..]
                .iter()
                .map(|item| item.node.to_json())
                .collect();
            let before: Vec<_> = list
                .resources
                .iter()
                .map(|item| item.node.to_json())
                .collect();
            assert_eq!(rest, before, "{spliced}");
            assert_eq!(
                more.config.map(Node::to_json),
                list.config.map(Node::to_json)
            );
        }
    }

    #[test]
    fn fresh_lists_are_resource_lists() {
        for form in [Form::Block, Form::Flow] {
            for snapshot in [None, Some(&snapshot())] {
                for results in [Results::default(), results()] {
                    let text = fresh(form, snapshot, &results);
                    let tree = parse(&text).unwrap();
                    let list = read(&tree).unwrap();
                    assert_eq!(list.resources.len(), usize::from(snapshot.is_some()));
                    assert_eq!(
                        list.root
                            .get("results")
                            .into_iter()
                            .flat_map(Node::items)
                            .count(),
                        results.json.len()
                    );
                }
            }
        }
    }
}
