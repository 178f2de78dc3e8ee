//! The checks of the fuzz targets: not only that nothing panics, but also that the output is right.

use jiff::civil::{Date, date};
use krm_parity::compare::diff::diff;
use krm_parity::compare::pair::pair;
use krm_parity::environment;
use krm_parity::function::{self, Answer, Output, Refusal};
use krm_parity::report;
use krm_parity::report::text::{Style, render};
use krm_parity::resource::Resource;
use krm_parity::snapshot::seal;
use krm_parity::yaml::{self, Node, Tree};
use serde_json::Value;

pub mod mutate;

/// The day on which every input is judged.
pub const TODAY: Date = date(2026, 6, 15);

/// The separator between the base, the overlay and the policy of an input.
pub const SEPARATOR: &str = "\n=====\n";

/// Runs the function on a list and checks its answer.
pub fn check_list(input: &[u8]) {
    let answer = function::run(input, TODAY);
    assert_eq!(
        told(&answer),
        told(&function::run(input, TODAY)),
        "the same input, the same answer"
    );
    match answer {
        Ok(answer) => check_answer(input, &answer),
        Err(refusal) => {
            check_refusal(&refusal);
            let list = refusal.to_list(input);
            yaml::parse(&list).expect("a refusal is a list");
        }
    }
}

/// Everything that an answer reports to hosts and to people.
fn told(answer: &Result<Answer, Refusal>) -> String {
    match answer {
        Ok(answer) => format!(
            "{:?}\n{}\n{:?}",
            answer.output,
            render(&answer.report, Style::default()),
            report::krm::results(&answer.report)
        ),
        Err(refusal) => refusal.to_string(),
    }
}

/// An error is one line for people.
pub fn check_refusal(refusal: &Refusal) {
    let text = refusal.to_string();
    assert!(
        !text.is_empty() && !text.chars().any(char::is_control),
        "{text:?}"
    );
    assert!(text.chars().count() < 2_000, "{text}");
}

fn check_answer(input: &[u8], answer: &Answer) {
    let tree = yaml::parse_bytes(input).expect("what was judged was read");
    let text = render(&answer.report, Style::default());
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(control), "{text:?}");
    let results = report::krm::results(&answer.report);
    let results: Vec<String> = results.iter().map(report::krm::to_json).collect();
    let all = text + &results.join("\n");
    for secret in secrets(&tree) {
        let elsewhere = tree.source().matches(secret.as_str()).count();
        assert!(
            elsewhere > 1 || !all.contains(secret.as_str()),
            "a value of a Secret is told: {all}"
        );
    }
    check_silence(&tree);
    if let Output::Text(output) = &answer.output {
        check_output(&tree, output, answer);
    }
}

/// Checks that the output is the input with results or one item inserted, and has the same meaning
/// when it is read again.
fn check_output(tree: &Tree<'_>, output: &str, answer: &Answer) {
    let after =
        yaml::parse(output).unwrap_or_else(|error| panic!("{error} in the output\n{output}"));
    let whole = |tree: &Tree<'_>| tree.roots().next().map(Node::to_json).unwrap_or_default();
    let (mut before, mut after) = (whole(tree), whole(&after));
    let count = |list: &Value| list["items"].as_array().map_or(0, Vec::len);
    // `mode: replace` and `emit: none` begin a new list, which has no configuration.
    let has_config = |list: &Value| list.get("functionConfig").is_some();
    if has_config(&before) && !has_config(&after) {
        assert!(count(&after) <= 1, "{output}");
        let is_fresh = ["apiVersion", "kind", "items"]
            .iter()
            .all(|key| after.get(key).is_some());
        assert!(is_fresh, "{output}");
        return;
    }
    let is_recorded = count(&after) == count(&before) + 1;
    if let Some(items) = after["items"].as_array_mut().filter(|_| is_recorded) {
        assert_eq!(items.remove(0)["kind"], "EnvironmentSnapshot", "{output}");
    }
    for list in [&mut before, &mut after] {
        list.as_object_mut().expect("a list").remove("results");
    }
    assert_eq!(before, after, "items pass through: {output}");
    check_splice(tree, output);
    if is_recorded {
        return;
    }
    let again = function::run(output.as_bytes(), TODAY);
    let again = again.unwrap_or_else(|error| panic!("{error} for the output\n{output}"));
    assert_eq!(
        report::krm::results(&again.report),
        report::krm::results(&answer.report),
        "the output is judged as the input was: {output}"
    );
}

/// A text whose lines all end with a line feed, as the function passes a list on: the lines are the
/// same in YAML.
#[must_use]
pub fn with_line_feeds(text: &str) -> String {
    const WINDOWS: &str = "\u{0}";
    let text = text.replace("\r\n", WINDOWS).replace('\r', "\n");
    text.replace(WINDOWS, "\r\n")
}

/// Checks that every byte of the input is in the output, in order, with one text inserted.
///
/// Only a bare carriage return may become a line feed.
fn check_splice(tree: &Tree<'_>, output: &str) {
    let input = with_line_feeds(tree.source());
    let same = |(a, b): &(u8, u8)| a == b;
    let before = input.bytes().zip(output.bytes()).take_while(same).count();
    let after = input.bytes().rev().zip(output.bytes().rev());
    let after = after.take_while(same).count();
    let root = tree.roots().next().expect("a list");
    let had_null = root.get("results").is_some_and(Node::is_null);
    // A notation that cannot be spliced into is rewritten, on one line.
    let is_rewritten = output.starts_with('{') && output.trim_end().lines().count() == 1;
    assert!(
        before + after >= input.len() || had_null || is_rewritten,
        "the input did not pass byte for byte:\n{input}\n=>\n{output}"
    );
}

/// Checks that other values of Secrets do not change the report.
fn check_silence(tree: &Tree<'_>) {
    let Some(mut list) = tree.roots().next().map(Node::to_json) else {
        return;
    };
    let plain = list.to_string();
    let mut known = Vec::new();
    for item in list["items"].as_array_mut().into_iter().flatten() {
        if item["kind"] == "Secret" && item["apiVersion"] == "v1" {
            replace_values(item, &mut known);
        }
    }
    let told = |list: &str| match function::run(list.as_bytes(), TODAY) {
        Ok(answer) => render(&answer.report, Style::default()),
        Err(refusal) => refusal.to_string(),
    };
    if !known.is_empty() {
        assert_eq!(told(&plain), told(&list.to_string()), "{plain}");
    }
}

/// Replaces each value of a Secret by another one, equal values by equal ones.
fn replace_values(secret: &mut Value, known: &mut Vec<String>) {
    for key in ["data", "stringData"] {
        let values = secret.get_mut(key).and_then(Value::as_object_mut);
        for value in values.into_iter().flat_map(serde_json::Map::values_mut) {
            let Value::String(text) = value else { continue };
            let at = known.iter().position(|other| other == text);
            let at = at.unwrap_or_else(|| {
                known.push(text.clone());
                known.len() - 1
            });
            *text = format!("replaced{at}");
        }
    }
}

/// Checks that a comparison of a list with itself has no difference.
pub fn check_same(text: &str) {
    const STRICT: &str = "{apiVersion: krm-parity.io/v1alpha1, kind: ParityPolicy, \
        spec: {identity: strict, allow: {classes: []}, failOn: warning}}";
    let Ok(tree) = yaml::parse(text) else { return };
    let resources: Vec<_> = tree.roots().filter_map(Resource::read).collect();
    for resource in &resources {
        let changes = diff(resource, resource);
        assert!(changes.is_empty(), "{changes:?}");
    }
    // One resource that occurs twice, with two forged histories, is one in a snapshot.
    let mut seen = std::collections::HashSet::new();
    let is_new = |resource: &Resource<'_>| {
        seen.insert((
            resource.group().to_owned(),
            resource.kind().to_owned(),
            resource.name().to_owned(),
        ))
    };
    if !resources.iter().all(is_new) {
        return;
    }
    let list = list_of(text, text, STRICT);
    let Some(list) = list.filter(|_| !resources.is_empty()) else {
        return;
    };
    if let Ok(answer) = function::run(list.as_bytes(), TODAY) {
        // Wrong guidance of a base, and a base that contradicts itself, are findings without any
        // difference; and an overlay with only the annotations of hosts is empty.
        let aside = ["base-guidance", "missing-baseline"];
        let found = answer.report.findings.into_iter();
        let found: Vec<_> = found
            .filter(|found| !found.rule.is_alone() && !aside.contains(&found.rule.as_str()))
            .collect();
        assert!(found.is_empty(), "{found:?} in {list}");
    }
}

/// Checks that a reversed comparison has as many changes, at the same places.
pub fn check_reversal(base: &str, overlay: &str) {
    let (Ok(base), Ok(overlay)) = (yaml::parse(base), yaml::parse(overlay)) else {
        return;
    };
    let read =
        |tree| -> Vec<Resource<'_>> { Tree::roots(tree).filter_map(Resource::read).collect() };
    let (base, overlay) = (read(&base), read(&overlay));
    for (at, other) in pair(&base, &overlay, &[]).matched {
        let (base, overlay) = (&base[at], &overlay[other]);
        // Both are read as the overlay is.
        let of = |resource: &Resource<'_>| {
            let (group, version) = (resource.group().to_owned(), resource.version().to_owned());
            (group, version, resource.kind().to_owned())
        };
        if of(base) != of(overlay) {
            continue;
        }
        let there = diff(base, overlay).len();
        assert_eq!(there, diff(overlay, base).len(), "{base:?}\n{overlay:?}");
    }
}

/// The values of Secrets that are long enough to be distinguished from other text.
fn secrets(tree: &Tree<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let items = tree.roots().filter_map(|root| root.get("items"));
    for item in items.flat_map(Node::items) {
        if item.str_at(&["kind"]) != Some("Secret") || item.str_at(&["apiVersion"]) != Some("v1") {
            continue;
        }
        for key in ["data", "stringData"] {
            let data = item.get(key).into_iter();
            let values = data
                .flat_map(Node::entries)
                .filter_map(|(_, value)| value.as_str());
            found.extend(values.filter(|value| value.len() > 8).map(str::to_owned));
        }
    }
    found
}

/// A list of a sealed base, the documents of an overlay and a policy; `None` if a part is not YAML.
pub fn list_of(base: &str, overlay: &str, policy: &str) -> Option<String> {
    let documents = |text: &str| -> Option<Vec<String>> {
        let tree = yaml::parse(text).ok()?;
        Some(
            tree.roots()
                .filter(|root| !root.is_null())
                .map(canonical)
                .collect(),
        )
    };
    let base = yaml::parse(base).ok()?;
    let resources: Vec<_> = base.roots().filter_map(Resource::read).collect();
    let sealed = environment::sort(&resources).ok()?.to_seal();
    let mut items = documents(overlay)?;
    items.push(seal("fuzz", "base", &sealed).to_json());
    let policy = documents(policy)?.into_iter().next();
    let policy = policy.unwrap_or_else(|| "null".to_owned());
    Some(format!(
        "{{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"ResourceList\", \"functionConfig\": {policy}, \"items\": [{}]}}",
        items.join(",\n")
    ))
}

/// A node as canonical JSON.
pub fn canonical(node: Node<'_>) -> String {
    let mut out = String::new();
    node.write_canonical(&mut out);
    out
}

/// Whether a key is longer than YAML accepts without a question mark before it.
pub fn has_long_key(node: Node<'_>) -> bool {
    let is_long = |key: Node<'_>| canonical(key).chars().count() > 1_000;
    node.entries()
        .any(|(key, value)| is_long(key) || has_long_key(value))
        || node.items().any(has_long_key)
}
