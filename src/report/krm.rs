//! The report for programs: the `results` of a KRM function, and their notation.
//!
//! Hosts read a function's output with Go's YAML 1.1, where `yes` is a boolean and `2024-01-01` a
//! date. So this file has its own writer: a string has no quotes only if no reader can take it as
//! another type, and otherwise has JSON's double quotes.
//! else, and in JSON's double quotes otherwise.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::finding::{FieldRef, FileRef, Finding, Report, ResourceRef};
use crate::text;

/// The longest message of a result, in characters; the complete values are in the field.
pub const MAX_MESSAGE: usize = 1000;

/// The longest key that YAML accepts without a `?` before it, in bytes; the standard says 1024.
const MAX_SIMPLE_KEY: usize = 1000;

/// The results of a report, one per finding, in the report's order.
///
/// They follow the KRM functions specification; the tags have everything that it has no field for.
#[must_use]
pub fn results(report: &Report) -> Vec<Value> {
    results_of(&report.findings)
}

/// The results of findings, one each, in their order.
pub(super) fn results_of(findings: &[Finding]) -> Vec<Value> {
    findings.iter().map(result).collect()
}

fn result(finding: &Finding) -> Value {
    let resource = finding.resource.as_ref();
    object([
        (
            "message",
            Some(text::one_line(&finding.message, MAX_MESSAGE).into()),
        ),
        ("severity", Some(finding.severity.id().into())),
        ("resourceRef", resource.map(reference)),
        // The specification allows a field only with a resource.
        ("field", resource.and(finding.field.as_ref()).map(field_of)),
        ("file", finding.file.as_ref().map(file_of)),
        ("tags", Some(tags(finding))),
    ])
}

fn reference(resource: &ResourceRef) -> Value {
    object([
        ("apiVersion", Some(json!(resource.api_version))),
        ("kind", Some(json!(resource.kind))),
        ("name", Some(json!(resource.name))),
        (
            "namespace",
            resource.namespace.as_ref().map(|name| json!(name)),
        ),
    ])
}

fn file_of(file: &FileRef) -> Value {
    object([
        ("path", Some(json!(file.path))),
        ("index", file.index.map(|index| json!(index))),
    ])
}

fn field_of(field: &FieldRef) -> Value {
    object([
        ("path", Some(json!(field.path.by_index().to_string()))),
        ("currentValue", field.overlay.clone()),
        ("proposedValue", field.base.clone()),
    ])
}

/// The tags, which are strings and never empty.
fn tags(finding: &Finding) -> Value {
    let path = finding.field.as_ref().map(|field| field.path.to_string());
    object(
        [
            ("rule", finding.rule.as_str()),
            ("class", finding.class.map_or("", |class| class.id())),
            ("environment", finding.environment().unwrap_or_default()),
            ("service", finding.service().unwrap_or_default()),
            ("field-path", &path.unwrap_or_default()),
        ]
        .map(|(name, value)| (name, (!value.is_empty()).then(|| json!(value)))),
    )
}

fn object<const N: usize>(entries: [(&str, Option<Value>); N]) -> Value {
    let entries = entries.into_iter();
    let present = entries.filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect())
}

/// Writes results as the elements of a block list, each line indented by `indent` spaces.
///
/// The text is empty if there are no results: the caller writes the empty list.
#[must_use]
pub fn to_yaml(results: &[Value], indent: usize) -> String {
    let mut out = String::new();
    for result in results {
        pad(&mut out, indent);
        out.push('-');
        write_element(&mut out, result, indent);
    }
    out
}

/// Writes a map as a block-style document.
#[must_use]
pub fn to_yaml_document(value: &Value) -> String {
    let mut out = String::new();
    if let Value::Object(entries) = value {
        write_entries(&mut out, entries, 0, false);
    }
    out
}

/// Writes a result as compact JSON that YAML readers read the same way.
#[must_use]
pub fn to_json(result: &Value) -> String {
    let mut out = String::new();
    write_json(&mut out, result);
    out
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// The text after the `-` of a list element, including the line break.
fn write_element(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            out.push(' ');
            write_entries(out, entries, indent + 2, true);
        }
        _ => write_value(out, value, indent),
    }
}

/// The text after a `key:` or a `-`, including the line break; `indent` is that of the key or dash.
fn write_value(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Object(entries) if !entries.is_empty() => {
            out.push('\n');
            write_entries(out, entries, indent + 2, false);
        }
        Value::Array(elements) if !elements.is_empty() => {
            out.push('\n');
            for element in elements {
                pad(out, indent + 2);
                out.push('-');
                write_element(out, element, indent + 2);
            }
        }
        _ => {
            out.push(' ');
            match value {
                Value::String(text) => out.push_str(&scalar(text)),
                _ => write_json(out, value),
            }
            out.push('\n');
        }
    }
}

fn write_entries(
    out: &mut String,
    entries: &Map<String, Value>,
    indent: usize,
    mut is_inline: bool,
) {
    for (key, value) in entries {
        if !std::mem::take(&mut is_inline) {
            pad(out, indent);
        }
        let key = scalar(key);
        if key.len() > MAX_SIMPLE_KEY {
            let _ = writeln!(out, "? {key}");
            pad(out, indent);
            out.push(':');
            // After `:` alone, a nested block is a separate value and needs no deeper indentation.
            write_value(out, value, indent);
        } else {
            let _ = write!(out, "{key}:");
            write_value(out, value, indent);
        }
    }
}

/// A string as a YAML scalar on one line: plain if that is certainly safe, else in double quotes.
fn scalar(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 2);
    write_quoted(&mut out, text, |out, c| {
        // JSON's surrogate pairs are not valid YAML.
        let _ = write!(out, "\\U{:08x}", u32::from(c));
    });
    Cow::Owned(out)
}

/// Whether every YAML reader reads the unquoted text as this string.
///
/// It starts with a letter, so it is not a number, date, list, comment or quoted text. It is not a
/// word with a special meaning in any version of YAML, and it contains nothing that could end it.
fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || " _-./()=+@[]<>,;'\":*".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(is_harmless)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// A value as compact JSON that is also YAML.
fn write_json(out: &mut String, value: &Value) {
    match value {
        Value::Object(entries) => {
            let mut separator = '{';
            for (key, value) in entries {
                out.push(separator);
                write_json_string(out, key);
                out.push(':');
                write_json(out, value);
                separator = ',';
            }
            if entries.is_empty() {
                out.push(separator);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            let mut separator = '[';
            for element in elements {
                out.push(separator);
                write_json(out, element);
                separator = ',';
            }
            if elements.is_empty() {
                out.push(separator);
            }
            out.push(']');
        }
        Value::String(text) => write_json_string(out, text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

fn write_json_string(out: &mut String, text: &str) {
    // Beyond the basic plane, JSON's escapes are not valid YAML, but the unescaped character is
    // valid in both.
    write_quoted(out, text, String::push);
}

/// A text in double quotes; `astral` writes unsafe characters beyond the basic plane.
fn write_quoted(out: &mut String, text: &str, astral: fn(&mut String, char)) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => text::push_escape(out, c),
            // Two of them before a bracket are a command to some CI runners.
            '#' if out.ends_with('#') => out.push_str("\\u0023"),
            c if !text::is_unsafe(c) => out.push(c),
            '\u{10000}'.. => astral(out, c),
            c => text::push_escape(out, c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{change, finding, findings, report};
    use super::*;
    use crate::finding::Compared;
    use proptest::prelude::*;

    #[test]
    fn results_follow_the_specification() {
        let results = results(&report(findings()));
        insta::assert_snapshot!(to_yaml(&results, 0), @r#"
        - message: the readiness probe of container checkout waits 30, 10 in the base
          severity: error
          resourceRef:
            apiVersion: apps/v1
            kind: Deployment
            name: checkout
          field:
            path: spec.template.spec.containers[0].readinessProbe.periodSeconds
            currentValue: 30
            proposedValue: 10
          file:
            path: deployment.yaml
            index: 1
          tags:
            rule: health-checks
            class: health-checks
            environment: production
            service: checkout-service
            field-path: spec.template.spec.containers[name=checkout].readinessProbe.periodSeconds
        - message: the message
          severity: info
          resourceRef:
            apiVersion: apps/v1
            kind: Deployment
            name: checkout
          tags:
            rule: labels
            environment: production
            service: checkout-service
        - message: the readiness probe of container checkout waits 30, 10 in the base
          severity: error
          resourceRef:
            apiVersion: apps/v1
            kind: Deployment
            name: checkout
          field:
            path: spec.template.spec.containers[0].livenessProbe
            proposedValue:
              httpGet:
                path: "/health/live"
                port: 8080
              periodSeconds: 20
          file:
            path: deployment.yaml
            index: 1
          tags:
            rule: health-checks
            class: health-checks
            environment: production
            service: checkout-service
            field-path: spec.template.spec.containers[name=checkout].livenessProbe
        - message: the message
          severity: error
          resourceRef:
            apiVersion: v1
            kind: ConfigMap
            name: extra
            namespace: shop
          tags:
            rule: added-resource
            environment: production
            service: checkout-service
        - message: the message
          severity: warning
          resourceRef:
            apiVersion: apps/v1
            kind: Deployment
            name: checkout
          field:
            path: spec.memory
            currentValue: "256Mi"
            proposedValue: "2Gi"
          tags:
            rule: scale-factor
            class: other
            environment: production
            service: checkout-service
            field-path: spec.memory
        - message: the message
          severity: error
          tags:
            rule: missing-baseline
            environment: production
        "#);
    }

    #[test]
    fn a_message_is_one_line_of_bounded_length() {
        let mut long = finding("image");
        long.message = "a\nb".repeat(1000);
        let message = results(&report(vec![long]))[0]["message"].clone();
        let message = message.as_str().unwrap();
        assert!(!message.contains('\n'));
        assert!(message.chars().count() <= MAX_MESSAGE);
    }

    #[test]
    fn empty_parts_are_left_out() {
        let mut bare = change("x", "spec.x", json!(1), json!(2));
        bare.resource = None;
        bare.service = None;
        bare.compared = Compared::with_base("", "base");
        bare.class = None;
        let result = &results(&report(vec![bare]))[0];
        assert_eq!(
            *result,
            json!({"message": "the message", "severity": "error", "tags": {"rule": "other", "field-path": "spec.x"}})
        );
    }

    const TRICKY: &[&str] = &[
        "",
        " ",
        "yes",
        "No",
        "ON",
        "y",
        "null",
        "Null",
        "~",
        "true",
        "1",
        "1_000",
        "0x1",
        "0o7",
        "0777",
        "1e3",
        ".5",
        "+1",
        "-1",
        ".inf",
        ".nan",
        "2024-01-01",
        "12:30:45",
        "=",
        "<<",
        "a: b",
        "a:",
        "a #b",
        "#",
        "- a",
        "-",
        "? a",
        "[a]",
        "{a}",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "'a'",
        "\"a\"",
        " a",
        "a ",
        "a\n",
        "\n",
        "a\nb",
        "a\r\nb",
        "\t",
        "a\tb",
        "\0",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        "\u{feff}",
        "\u{fffe}",
        "\u{ad}",
        "\u{e0041}",
        "🦀",
        "äöü",
        "---",
        "...",
        "a\\b",
        "containers[name=x].image: a",
        "NaN",
        "e1",
        "\u{1b}[31m",
    ];

    #[test]
    fn tricky_strings_come_back() {
        let map: Map<_, _> = TRICKY
            .iter()
            .map(|text| ((*text).to_owned(), json!(text)))
            .collect();
        let value = json!({"list": TRICKY, "map": map, "empty": [{}, [], [[1, {"a": []}]]]});
        let yaml = to_yaml(std::slice::from_ref(&value), 2);
        let back: Value = serde_yaml::from_str(&format!("results:\n{yaml}")).unwrap();
        assert_eq!(back["results"], json!([value]));
        assert!(yaml.chars().all(|c| c == '\n' || !text::is_unsafe(c)));
        let compact = to_json(&value);
        assert_eq!(serde_json::from_str::<Value>(&compact).unwrap(), value);
        assert_eq!(serde_yaml::from_str::<Value>(&compact).unwrap(), value);
        for text in TRICKY {
            assert_eq!(
                scalar(text).starts_with('"'),
                *text != "NaN" && *text != "e1",
                "{text}"
            );
        }
    }

    #[test]
    fn long_keys_and_large_numbers_come_back() {
        let long = "k".repeat(2000);
        let value = json!({&long: {&long: [1, {&long: 2}]}, "z": {&long: "x"}});
        let yaml = to_yaml(std::slice::from_ref(&value), 0);
        let back: Value = serde_yaml::from_str(&yaml).unwrap();
        assert_eq!(back, json!([value]));
        assert_eq!(
            to_yaml(&[json!({"x": u64::MAX})], 4),
            "    - x: 18446744073709551615\n"
        );
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let text = prop_oneof![
            any::<String>(),
            "[a-z: #\\[\\]\"'\n-]{0,8}",
            proptest::sample::select(TRICKY).prop_map(str::to_owned)
        ];
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            text.clone().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(text.clone(), inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back(value in any_value(), indent in 0..5_usize) {
            let yaml = to_yaml(std::slice::from_ref(&value), indent);
            let back: Value = serde_yaml::from_str(&format!("r:\n{yaml}after: 1\n")).unwrap_or(Value::Null);
            prop_assert_eq!(&back["r"][0], &value, "{}", yaml);
            let compact: Value = serde_yaml::from_str(&to_json(&value)).unwrap_or(Value::Null);
            prop_assert_eq!(&compact, &value);
        }
    }
}
