//! What the fuzz targets demand: not only that nothing panics, but that what comes out is right.

use jiff::civil::{Date, date};
use krm_parity::function::{self, Answer, Output, Refusal};
use krm_parity::report::text::{Style, render};
use krm_parity::resource::Resource;
use krm_parity::snapshot::seal;
use krm_parity::yaml::{self, Node, Tree};
use serde_json::Value;

/// The day on which every input is judged.
pub const TODAY: Date = date(2026, 6, 15);

/// Between the base, the overlay and the policy of an input.
pub const SEPARATOR: &str = "\n=====\n";

/// Runs the function on a list and checks what it says of it.
pub fn check_list(input: &[u8]) {
    match function::run(input, TODAY) {
        Ok(answer) => check_answer(input, &answer),
        Err(refusal) => {
            check_refusal(&refusal);
            let list = refusal.to_list(input);
            yaml::parse(&list).expect("a refusal is a list");
        }
    }
    let again = |input| function::run(input, TODAY).map(|answer| answer.output);
    assert_eq!(
        again(input),
        again(input),
        "the same input, the same answer"
    );
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
    let report = render(&answer.report, Style::default());
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!report.contains(control), "{report:?}");
    for secret in secrets(&tree) {
        let elsewhere = tree.source().matches(secret.as_str()).count();
        assert!(
            elsewhere > 1 || !report.contains(secret.as_str()),
            "a value of a Secret is told: {report}"
        );
    }
    let Output::Text(output) = &answer.output else {
        return;
    };
    let after =
        yaml::parse(output).unwrap_or_else(|error| panic!("{error} in the output\n{output}"));
    let items = |tree: &Tree<'_>| -> Option<Value> {
        let items = tree.roots().next()?.get("items")?;
        Some(items.to_json())
    };
    let (Some(Value::Array(before)), Some(Value::Array(after))) = (items(&tree), items(&after))
    else {
        return;
    };
    // A recorder adds one item, `mode: replace` and `emit: none` drop all; nothing else changes any.
    if after.len() >= before.len() {
        assert_eq!(before[..], after[..before.len()], "items pass through");
        assert!(after.len() <= before.len() + 1);
    } else {
        assert!(after.len() <= 1, "{output}");
    }
}

/// The values of Secrets that are long enough to be told from other text.
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

/// A list of a sealed base, the documents of an overlay and a policy; nothing where a part is no YAML.
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
    let mut items = documents(overlay)?;
    items.push(seal("fuzz", "base", &resources).to_json());
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

/// Whether a key is longer than YAML takes without a question mark before it.
pub fn has_long_key(node: Node<'_>) -> bool {
    let is_long = |key: Node<'_>| canonical(key).chars().count() > 1_000;
    node.entries()
        .any(|(key, value)| is_long(key) || has_long_key(value))
        || node.items().any(has_long_key)
}
