//! The laws of the whole function, for `ResourceList`s made of plain documents.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use krm_parity::catalog::RuleId;
use krm_parity::function::{self, Answer, Output};
use krm_parity::snapshot::{Snapshot, seal};
use krm_parity::yaml::{Node, parse};
use serde_json::Value;

use super::{assert_diff_laws, resources, shuffled, shuffled_keys};

/// The day on which every test runs, so that no exemption expires.
pub const TODAY: Date = date(2026, 6, 15);

/// The documents of a text, each without its separator.
pub fn documents(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    for line in text.lines() {
        if line == "---" {
            all.push(String::new());
        } else if let Some(last) = all.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    all.retain(|document| {
        document
            .lines()
            .any(|line| !line.trim().is_empty() && !line.starts_with('#'))
    });
    all
}

/// The documents of a text, sealed as the base of the service `case`.
pub fn sealed(text: &str) -> Snapshot {
    sealed_as("base", text)
}

/// The documents of a text, sealed as an environment of the service `case`.
pub fn sealed_as(environment: &str, text: &str) -> Snapshot {
    let tree = parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    seal("case", environment, &resources(&tree))
}

/// A `ResourceList` of a snapshot and documents, unchanged.
pub fn list(policy: Option<&str>, snapshot: &Snapshot, documents: &[String]) -> String {
    let indented = |text: &str| {
        text.lines()
            .map(|line| {
                if line.is_empty() {
                    "\n".to_owned()
                } else {
                    format!("  {line}\n")
                }
            })
            .collect::<String>()
    };
    let mut out = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n".to_owned();
    if let Some(policy) = policy {
        out.push_str("functionConfig:\n");
        out.push_str(&indented(policy));
    }
    out.push_str("items:\n- ");
    out.push_str(&snapshot.to_yaml(2, "\n"));
    for document in documents {
        let document = indented(document);
        // A comment may be above the first key, so the dash has its own line then.
        match document.strip_prefix("  ") {
            Some(rest) if !rest.starts_with('#') => out.extend(["- ", rest]),
            _ => out.extend(["-\n", document.as_str()]),
        }
    }
    out
}

/// The function's answer, which must not be a refusal.
pub fn run(input: &str) -> Answer {
    function::run(input.as_bytes(), TODAY).unwrap_or_else(|error| panic!("{error} for\n{input}"))
}

/// The findings, without the order of keys in values and without the messages.
pub type Findings = BTreeSet<String>;

/// The findings for a list.
pub fn findings(input: &str) -> Findings {
    let report = run(input).report;
    let told: Findings = report
        .findings
        .iter()
        .map(|finding| {
            let value = |value: &Option<Value>| value.as_ref().map(sorted);
            // A finding about one environment alone may exist in several.
            let environment = finding.environment().filter(|_| finding.rule.is_alone());
            format!(
                "{} {environment:?} {:?} {:?} {:?}",
                finding.rule.as_str(),
                finding.severity,
                finding.resource,
                finding.field.as_ref().map(|field| {
                    (
                        field.path.to_string(),
                        field.path.by_index().to_string(),
                        value(&field.base),
                        value(&field.overlay),
                    )
                })
            )
        })
        .collect();
    assert_eq!(
        told.len(),
        report.findings.len(),
        "one finding twice: {input}"
    );
    told
}

fn sorted(value: &Value) -> String {
    let mut text = value.clone();
    text.sort_all_objects();
    text.to_string()
}

/// The output is the input with one text inserted, and has the same meaning except for `key`.
pub fn assert_spliced(input: &str, output: &Output, key: &str) {
    let Output::Text(output) = output else {
        return;
    };
    let before = input
        .bytes()
        .zip(output.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let after = input
        .bytes()
        .rev()
        .zip(output.bytes().rev())
        .take_while(|(a, b)| a == b)
        .count();
    assert!(
        before + after >= input.len(),
        "the input did not pass byte for byte:\n{input}\n=>\n{output}"
    );
    let without = |text: &str| {
        let tree = parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
        let mut roots = tree.roots();
        let mut value = roots.next().map(Node::to_json).unwrap_or_default();
        assert!(roots.next().is_none(), "{text}");
        if let Some(entries) = value.as_object_mut() {
            entries.remove(key);
        }
        value
    };
    assert_eq!(without(input), without(output), "{input}\n=>\n{output}");
}

/// The findings for a list, without contradictions within one side.
pub fn differences(input: &str) -> Findings {
    let mut found = findings(input);
    found.retain(|one| !is_alone(one));
    found
}

/// Whether a line of [`findings`] is about one environment alone.
fn is_alone(finding: &str) -> bool {
    let name = finding.split(' ').next().unwrap_or_default();
    RuleId::parse(name).is_some_and(RuleId::is_alone)
}

/// Checks every law of a comparison on two texts of plain documents.
pub fn assert_list_laws(policy: Option<&str>, base: &str, overlay: &str) {
    assert_diff_laws(base, overlay);
    let (left, right) = (documents(base), documents(overlay));
    // Each is compared with itself, whatever the policy allows. Two empty sides are a missing
    // baseline, which is right.
    for text in [base, overlay]
        .into_iter()
        .filter(|text| !documents(text).is_empty())
    {
        let strict = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\n\
                      spec: {identity: strict, allow: {classes: []}, failOn: warning}\n";
        for policy in [None, Some(strict)] {
            let input = list(policy, &sealed(text), &documents(text));
            assert_eq!(differences(&input), Findings::new(), "{input}");
        }
    }
    let input = list(policy, &sealed(base), &right);
    let found = findings(&input);
    assert_spliced(&input, &run(&input).output, "results");
    for seed in 0..3 {
        let other = shuffled(left.clone(), seed).join("---\n");
        let items = shuffled(right.clone(), seed + 7);
        assert_eq!(
            found,
            findings(&list(policy, &sealed(&other), &items)),
            "items shuffled"
        );
        let keys = |documents: &[String]| {
            let texts = documents.iter().map(|document| {
                let tree = parse(document).unwrap();
                let value = tree.roots().next().map(Node::to_json).unwrap_or_default();
                format!("{}\n", shuffled_keys(&value, seed))
            });
            texts.collect::<Vec<_>>()
        };
        let other = keys(&left).join("---\n");
        let input = list(policy, &sealed(&other), &keys(&right));
        assert_eq!(found, findings(&input), "keys shuffled, as JSON");
        assert_spliced(&input, &run(&input).output, "results");
    }
}
