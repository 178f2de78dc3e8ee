//! The survey as SARIF 2.1.0, in the form that GitHub's code scanning reads.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{advice, baseline_name, counts, heaviest_first, location, resource_name};
use crate::catalog::{Rule, Severity};
use crate::finding::{Finding, Place, Totals};
use crate::report::fingerprint::of_survey;
use crate::rules::RULES;
use crate::survey::Survey;
use crate::text;

/// The schema that the result follows.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The directory that paths are relative to; for GitHub it is the repository.
const ROOT: &str = "%SRCROOT%";

/// How many results GitHub accepts in one run.
const MAX_RESULTS: usize = 25_000;

/// The longest message, in characters.
const MAX_MESSAGE: usize = 1000;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey) -> String {
    let mut findings: Vec<Finding> = survey.report.findings.clone();
    let mut states = vec!["new"; findings.len()];
    if let Some(against) = &survey.against {
        for (state, more) in [("unchanged", &against.known), ("absent", &against.fixed)] {
            findings.extend(more.iter().cloned());
            states.resize(findings.len(), state);
        }
    }
    let findings = findings.as_slice();
    let mut notes: Vec<String> = survey.notes.clone();
    let mut kept = heaviest_first(findings);
    // The sort is stable: new findings come before the rest.
    kept.sort_by_key(|&index| states[index] != "new");
    let mut left = Totals::default();
    for index in kept.drain(MAX_RESULTS.min(findings.len())..) {
        left.add(findings[index].severity);
    }
    kept.sort_unstable();
    if left.findings() > 0 {
        notes.push(format!(
            "left out, because code scanning accepts {MAX_RESULTS} results: {}",
            counts(&left)
        ));
    }
    let prints = of_survey(survey).concat();
    let results = kept.into_iter().map(|index| {
        let mut result = result(survey, &findings[index], &prints[index]);
        if survey.against.is_some() {
            result["baselineState"] = json!(states[index]);
        }
        result
    });
    let notifications = notes
        .iter()
        .map(|note| json!({"level": "note", "message": {"text": plain(note)}}));
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "krm-parity",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().copied().map(rule).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
            }],
            "originalUriBaseIds": {ROOT: {"description": {"text": "The directory that was checked."}}},
            "columnKind": "unicodeCodePoints",
            "results": results.collect::<Vec<_>>(),
        }],
    });
    // Values that came from JSON can be written.
    let out = serde_json::to_string_pretty(&log).unwrap_or_default();
    let mut out = text::safe_json(&out);
    out.push('\n');
    out
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
        Severity::Ignore => "none",
    }
}

fn rule(rule: &Rule) -> Value {
    let help = format!(
        "{} {}\n\nExample: {}.",
        rule.summary, rule.why, rule.example
    );
    json!({
        "id": rule.id.as_str(),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": format!("{} {}", rule.summary, rule.why)},
        "help": {
            "text": format!("{help}\n\nTo see how to permit it, run krm-parity explain {}.", rule.id),
            "markdown": format!("{help}\n\nTo see how to permit it, run `krm-parity explain {}`.", rule.id),
        },
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {
            "tags": ["kustomize", "environment-parity"],
            "precision": "very-high",
            "problem.severity": match rule.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                _ => "recommendation",
            },
        },
    })
}

fn result(survey: &Survey, finding: &Finding, fingerprint: &str) -> Value {
    let mut message = plain(&finding.message);
    let name = plain(baseline_name(finding));
    let mut related = Vec::new();
    if let Some(place) = &finding.base_place {
        // GitHub shows a related location if the message links to it.
        let link = name.replace('[', "(").replace(']', ")").replace('\\', "/");
        let _ = write!(message, " ([{link}](1))");
        related.push(json!({
            "id": 1,
            "message": {"text": if name == "base" {
                "in the base".to_owned()
            } else {
                format!("in {name}")
            }},
            "physicalLocation": {
                "artifactLocation": artifact(&place.file),
                "region": region(place),
            },
        }));
    }
    if let Some(help) = advice(finding) {
        let _ = write!(message, "\n\n{}", plain(&help));
    }
    let (file, _) = location(survey, finding);
    let mut at = json!({
        "physicalLocation": {
            "artifactLocation": artifact(&file),
            // Without a place the finding is about the file as a whole, for which code scanning
            // requires the first line.
            "region": finding.place.as_ref().map_or_else(|| json!({"startLine": 1}), region),
        },
    });
    if let Some(name) = resource_name(finding) {
        at["logicalLocations"] = json!([{"fullyQualifiedName": name, "kind": "resource"}]);
    }
    let mut out = json!({
        "ruleId": finding.rule.as_str(),
        "level": level(finding.severity),
        "message": {"text": message},
        "locations": [at],
        "partialFingerprints": {
            "krmParityFinding/v1": fingerprint,
            // GitHub reads only this one.
            "primaryLocationLineHash": format!("{fingerprint}:1"),
        },
        "properties": properties(finding),
        "ruleIndex": finding.rule as usize,
    });
    // All results have it or none, so that a viewer knows whether it was considered.
    out["suppressions"] = match finding.exemption {
        Some(index) if finding.is_exempt() => json!([{
            "kind": "external",
            "status": "accepted",
            "justification": format!("spec.exemptions[{index}] of the policy"),
        }]),
        _ => json!([]),
    };
    if !related.is_empty() {
        out["relatedLocations"] = json!(related);
    }
    out
}

/// The data that SARIF has no field for.
fn properties(finding: &Finding) -> Value {
    let field = finding.field.as_ref();
    let path = field.map(|field| field.path.to_string());
    let entries = [
        ("service", finding.service().unwrap_or_default()),
        ("environment", finding.environment().unwrap_or_default()),
        ("baseline", finding.baseline().unwrap_or_default()),
        ("class", finding.class.map_or("", |class| class.id())),
        ("fieldPath", path.as_deref().unwrap_or_default()),
        ("help", &finding.help),
        ("permit", &finding.permit),
    ];
    let entries = entries.into_iter().filter(|(_, value)| !value.is_empty());
    let mut out: Map<String, Value> = entries
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    let values = field.map(|field| [("base", &field.base), ("overlay", &field.overlay)]);
    for (name, value) in values.into_iter().flatten() {
        if let Some(value) = value {
            out.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(out)
}

fn region(place: &Place) -> Value {
    let mut out = json!({
        "startLine": place.line,
        "startColumn": place.column,
        // The column is exclusive, as in SARIF.
        "endColumn": place.column.saturating_add(place.length.max(1)),
    });
    if let Some(source) = &place.source {
        out["snippet"] = json!({"text": source});
    }
    out
}

fn artifact(file: &str) -> Value {
    json!({"uri": uri(file), "uriBaseId": ROOT})
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let path = path.trim_start_matches("./").trim_start_matches('/');
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// A message without links.
fn plain(message: &str) -> String {
    text::one_line(message, MAX_MESSAGE).replace("](", "] (")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_relative_uris() {
        assert_eq!(uri("./a b/ä:c?#%.yaml"), "a%20b/%C3%A4%3Ac%3F%23%25.yaml");
        assert_eq!(uri("/etc/x"), "etc/x");
        assert_eq!(uri("../base/x.yaml"), "../base/x.yaml");
    }
}
