//! The documents agree with the program: their tables are generated from its data.
//!
//! `UPDATE=1 cargo test --test it docs::` rewrites the generated parts, and fails that run.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use krm_parity::catalog::{Class, DAYS, Rule, RuleId};
use krm_parity::policy::{self, wire};
use krm_parity::rules::RULES;
use krm_parity::yaml;
use serde_json::Value;

use crate::documents::documents;

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

pub fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// A generated part of a file: the file, the name of the part, and its expected text.
type Part<'p> = (&'p str, &'p str, String);

/// Compares generated parts with their expected texts; `UPDATE=1` rewrites them.
fn assert_generated(parts: &[Part<'_>]) {
    let mut wrong = Vec::new();
    for (name, part, wanted) in parts {
        let text = read(name);
        let start = format!("<!-- generated: {part} -->\n");
        let from = text
            .find(&start)
            .unwrap_or_else(|| panic!("{name} lacks {start}"))
            + start.len();
        let end = text[from..]
            .find("<!-- end -->")
            .unwrap_or_else(|| panic!("{name}: {part} has no end"));
        let (found, end) = (&text[from..from + end], from + end);
        if found == wanted {
            continue;
        }
        if std::env::var_os("UPDATE").is_some() {
            let whole = format!("{}{wanted}{}", &text[..from], &text[end..]);
            fs::write(path(name), whole).expect("the file can be written");
            wrong.push(format!("{name}: {part} was rewritten"));
        } else {
            let difference = found
                .lines()
                .zip(wanted.lines())
                .find(|(found, wanted)| found != wanted);
            let (found, wanted) = difference.unwrap_or(("(its length)", "(another length)"));
            wrong.push(format!(
                "{name}: {part} says\n  {found}\nbut must say\n  {wanted}"
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nUPDATE=1 cargo test --test it docs:: rewrites them; look at what changed, then run again without",
        wrong.join("\n")
    );
}

fn is_allowed(class: Class) -> bool {
    Class::ALLOWED_BY_DEFAULT.contains(&class)
}

fn class_table() -> String {
    let mut table = "| class | fields | default |\n|---|---|---|\n".to_owned();
    for class in Class::ALL {
        let default = if is_allowed(class) {
            "may differ"
        } else {
            "identical"
        };
        let _ = writeln!(
            table,
            "| `{}` | {} | {default} |",
            class.id(),
            class.fields()
        );
    }
    table
}

fn is_class(rule: &Rule) -> bool {
    Class::from_id(rule.id.as_str()).is_some()
}

fn default_of(rule: &Rule) -> String {
    match rule.max {
        Some(max) if rule.unit == DAYS => format!("{}; {max}{DAYS}", rule.severity.id()),
        Some(max) => format!("{} beyond {max}{}", rule.severity.id(), rule.unit),
        None => rule.severity.id().to_owned(),
    }
}

/// The rules that are more than their class.
fn rule_table() -> String {
    let mut table = "| rule | default | demand |\n|---|---|---|\n".to_owned();
    for rule in RULES.iter().filter(|rule| !is_class(rule)) {
        let _ = writeln!(
            table,
            "| `{}` | {} | {} |",
            rule.id.as_str(),
            default_of(rule),
            rule.summary
        );
    }
    table
}

/// The examples of a rule: directories of the gallery with its name.
fn examples(rule: &Rule) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(path("examples/gallery"))
        .expect("the gallery")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| {
            name == rule.id.as_str() || name.strip_prefix(rule.id.as_str()) == Some("-order")
        })
        .collect();
    names.sort();
    names
}

fn reference() -> String {
    let mut text = String::new();
    for rule in RULES {
        let _ = write!(
            text,
            "\n### `{}`\n\n{} {}\n\n",
            rule.id.as_str(),
            rule.summary,
            rule.why
        );
        if let Some(class) = Class::from_id(rule.id.as_str()) {
            let fields = match class {
                Class::Image => format!("{}; {}", class.fields(), Class::ImageTag.fields()),
                class => class.fields().to_owned(),
            };
            let _ = writeln!(text, "- Fields: {fields}.");
        }
        let _ = match Class::from_id(rule.id.as_str()) {
            Some(class) if is_allowed(class) => {
                writeln!(
                    text,
                    "- Default: these fields may differ. It is an error if the policy removes `{}` from `spec.allow.classes`.",
                    rule.id.as_str()
                )
            }
            Some(_) => writeln!(
                text,
                "- Default: {}. To allow such changes, add `{}` to `spec.allow.classes`; to report them without failing, set `spec.rules.{}.severity: warning`.",
                default_of(rule),
                rule.id.as_str(),
                rule.id.as_str()
            ),
            None if rule.max.is_some() => writeln!(
                text,
                "- Default: {}. To change it, set `max` (at least {}) or `severity` in `spec.rules.{}`.",
                default_of(rule),
                rule.least(),
                rule.id.as_str()
            ),
            None => writeln!(
                text,
                "- Default: {}. To change it, set `spec.rules.{}.severity`; `ignore` turns the rule off.",
                default_of(rule),
                rule.id.as_str()
            ),
        };
        let links: Vec<_> = examples(rule)
            .iter()
            .map(|name| format!("[examples/gallery/{name}](../examples/gallery/{name})"))
            .collect();
        let _ = if rule.id.is_live() {
            writeln!(
                text,
                "- Example: {}. `krm-parity drift` reports it: [drift.md](drift.md).",
                rule.example
            )
        } else if rule.of_files {
            let seen = match rule.id {
                RuleId::UncheckedFile => {
                    "Reported where a host passes on a tree that was not built, as kpt does"
                }
                _ => "`krm-parity check` reports it; a function in a build cannot",
            };
            writeln!(text, "- Example: {}. {seen}.", rule.example)
        } else {
            writeln!(
                text,
                "- Example: {}. To run: {}.",
                rule.example,
                links.join(", ")
            )
        };
    }
    text
}

#[test]
fn the_tables_of_classes_and_rules_are_the_catalogue() {
    assert_generated(&[
        ("docs/rules.md", "classes", class_table()),
        ("docs/rules.md", "rules", reference()),
        ("docs/rules.md", "overview", rule_table()),
    ]);
}

/// The rows for one field of the schema.
fn field_rows(schema: &Value, at: &str, rows: &mut String) {
    let Some(properties) = schema["properties"].as_object() else {
        return;
    };
    for (name, property) in properties {
        let path = format!("{at}{name}");
        if path == "spec.rules" {
            rows.push_str(RULES_ROWS);
            continue;
        }
        // Fields that every object has are described above the tables.
        if at.is_empty() && matches!(name.as_str(), "apiVersion" | "kind" | "metadata") {
            continue;
        }
        if !property["properties"].is_object() {
            let values = match property["enum"].as_array() {
                Some(values) => values
                    .iter()
                    .filter_map(Value::as_str)
                    .map(|value| format!("`{value}`"))
                    .collect::<Vec<_>>()
                    .join(", "),
                None => match property["type"].as_str() {
                    Some("array") => "list".to_owned(),
                    Some(other) => other.to_owned(),
                    None => String::new(),
                },
            };
            let default = match &property["default"] {
                Value::Null => String::new(),
                Value::String(text) => format!("`{text}`"),
                Value::Array(list) => list
                    .iter()
                    .filter_map(Value::as_str)
                    .map(|value| format!("`{value}`"))
                    .collect::<Vec<_>>()
                    .join(", "),
                other => other.to_string(),
            };
            let description = property["description"].as_str().unwrap_or_default();
            let _ = writeln!(rows, "| `{path}` | {values} | {default} | {description} |");
        }
        field_rows(property, &format!("{path}."), rows);
    }
}

/// All rules have the same settings, so there is one row for each of the two.
const RULES_ROWS: &str = "\
| `spec.rules.RULE.severity` | `error`, `warning`, `info`, `ignore` | the rule's own | The severity of the rule's findings. |
| `spec.rules.RULE.max` | number, at least 1; days: at least 0 | the rule's own | The greatest allowed factor or number, for rules that have one. |
";

fn fields_of(kind: wire::Kind) -> String {
    let mut rows = "| field | value | default | meaning |\n|---|---|---|---|\n".to_owned();
    field_rows(&policy::schema(RULES, kind), "", &mut rows);
    rows
}

#[test]
fn the_policy_reference_is_the_schema() {
    use wire::Kind::{ConfigMap, ParityPolicy, RecorderConfigMap, SnapshotRecorder};
    let part = |part, kind| ("docs/policy.md", part, fields_of(kind));
    assert_generated(&[
        part("ParityPolicy", ParityPolicy),
        part("SnapshotRecorder", SnapshotRecorder),
        part("ConfigMap policy", ConfigMap),
        part("ConfigMap recorder", RecorderConfigMap),
    ]);
}

/// The rows for the fields of one object in the report's schema.
fn report_rows(root: &Value, schema: &Value, at: &str, rows: &mut String) {
    let resolve = |schema: &'_ Value| -> Value {
        let of_union = schema["anyOf"][0].clone();
        let schema = if of_union.is_object() {
            of_union
        } else {
            schema.clone()
        };
        match schema["$ref"].as_str() {
            Some(name) => root.pointer(&name[1..]).expect("a definition").clone(),
            None => schema,
        }
    };
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let inner = resolve(property);
        let (path, inner) = if inner["items"].is_object() {
            (format!("{at}{name}[]"), resolve(&inner["items"]))
        } else {
            (format!("{at}{name}"), inner)
        };
        let kind = match (&inner["type"], inner["oneOf"].as_array()) {
            (_, Some(values)) => values
                .iter()
                .filter_map(|value| value["const"].as_str())
                .map(|value| format!("`{value}`"))
                .collect::<Vec<_>>()
                .join(", "),
            (Value::Array(kinds), _) => kinds[0].as_str().unwrap_or_default().to_owned(),
            (Value::String(kind), _) => kind.clone(),
            _ => "any".to_owned(),
        };
        let is_there = if required.contains(&Value::from(name.as_str())) {
            "yes"
        } else {
            ""
        };
        let meaning = property["description"].as_str().unwrap_or_default();
        let _ = writeln!(rows, "| `{path}` | {kind} | {is_there} | {meaning} |");
        report_rows(root, &inner, &format!("{path}."), rows);
    }
}

#[test]
fn the_report_reference_is_the_schema() {
    let schema = krm_parity::report::survey::schema();
    let mut rows = "| field | value | always there | meaning |\n|---|---|---|---|\n".to_owned();
    report_rows(&schema, &schema, "", &mut rows);
    assert_generated(&[("docs/formats.md", "ParityReport", rows)]);
}

/// The fenced blocks of one language.
fn blocks<'t>(text: &'t str, language: &str) -> Vec<&'t str> {
    text.split(&format!("```{language}\n"))
        .skip(1)
        .filter_map(|rest| rest.split_once("```").map(|(block, _)| block))
        .collect()
}

#[test]
fn every_configuration_in_the_documents_is_read() {
    let mut seen = BTreeSet::new();
    for name in documents() {
        for block in blocks(&read(&name), "yaml") {
            let tree =
                yaml::parse(block).unwrap_or_else(|error| panic!("{name}: {error}\n{block}"));
            for root in tree.roots() {
                let kind = root.str_at(&["kind"]).unwrap_or_default();
                if matches!(kind, "ParityPolicy" | "SnapshotRecorder" | "ConfigMap")
                    && root.get("apiVersion").is_some()
                {
                    let config = policy::read(RULES, Some(&root.to_yaml_value()));
                    assert!(config.is_ok(), "{name}: {config:?}\n{block}");
                    seen.insert(kind.to_owned());
                }
            }
        }
    }
    assert_eq!(
        seen.len(),
        3,
        "a policy, a recorder and a ConfigMap stand in the documents: {seen:?}"
    );
}

/// The incident in the output of `check`: its first finding, and the end from the matrix on.
fn incident() -> String {
    let report = read("examples/fleet/expected.txt");
    let lines: Vec<&str> = report.lines().collect();
    let place = |start: &str| {
        let found = lines
            .iter()
            .position(|line| line.trim_start().starts_with(start));
        found.unwrap_or_else(|| panic!("no line of the incident begins with {start}"))
    };
    let (help, matrix) = (place("help "), place("dev "));
    let shown = [&lines[..=help], &["…"], &lines[matrix..]].concat();
    assert!(
        lines[1..help]
            .iter()
            .any(|line| line.contains("error[inverted-resources]"))
    );
    format!("```text\n{}\n```\n", shown.join("\n"))
}

/// The report at the start of the README, and the failing build on the function's page, are
/// recorded.
#[test]
fn the_messages_in_the_documents_are_real() {
    let input = fs::read(path("examples/resourcelist/bad.yaml")).expect("the recorded list");
    let answer = krm_parity::function::run(&input, jiff::civil::date(2026, 1, 1))
        .expect("the recorded list is read");
    let style = krm_parity::report::text::Style { color: false };
    let report = krm_parity::report::text::render(&answer.report, style);
    assert_generated(&[
        ("README.md", "incident", incident()),
        (
            "docs/function.md",
            "hotfix",
            format!("```text\n{}\n```\n", report.trim_end()),
        ),
    ]);
}

/// The commands that a newcomer and a contributor run first.
#[test]
fn the_readme_names_the_commands() {
    let readme = read("README.md");
    for command in [
        "tar -xzf krm-parity-*-x86_64-unknown-linux-gnu.tar.gz && sudo install krm-parity-*/krm-parity /usr/local/bin",
        "cargo install --locked --path .",
        "cargo run --release --quiet -- check examples/fleet",
        "scripts/test",
        "krm-parity check",
        "krm-parity init --adopt",
        "krm-parity init --wire",
    ] {
        let is_there = blocks(&readme, "sh").iter().any(|block| {
            block
                .lines()
                .any(|line| line.split('#').next().unwrap_or_default().trim() == command)
        });
        assert!(is_there, "the README has no line `{command}`");
    }
}
