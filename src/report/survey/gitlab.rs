//! The survey for GitLab's code quality: a subset of the Code Climate format.

use serde_json::{Value, json};

use super::{advice, location};
use crate::catalog::Severity;
use crate::finding::Finding;
use crate::report::fingerprint::of_survey;
use crate::survey::Survey;
use crate::text;

/// The longest message and the longest advice of a description, in characters.
const MAX_DESCRIPTION: usize = 1000;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey) -> String {
    // GitLab itself compares the report of a branch with that of its target, so it needs the known
    // findings as well.
    let known = survey.against.iter().flat_map(|against| &against.known);
    let findings: Vec<Finding> = survey
        .report
        .findings
        .iter()
        .chain(known)
        .cloned()
        .collect();
    let new = survey.report.findings.len();
    let [mut prints, known, _] = of_survey(survey);
    prints.extend(known);
    let issues = findings.iter().zip(prints).enumerate();
    let issues: Vec<Value> = issues
        .map(|(at, (finding, fingerprint))| {
            let standing = if at < new { "" } else { "known: " };
            let message = text::one_line(&finding.message, MAX_DESCRIPTION);
            let help =
                advice(finding).map(|help| format!(" {}", text::one_line(&help, MAX_DESCRIPTION)));
            // GitLab requires a line; the first one represents the whole file.
            let (path, line) = location(survey, finding);
            json!({
                "description": format!("{standing}{message}{}", help.unwrap_or_default()),
                "check_name": finding.rule.as_str(),
                "fingerprint": fingerprint,
                "severity": match finding.severity {
                    Severity::Error => "major",
                    Severity::Warning => "minor",
                    Severity::Info | Severity::Ignore => "info",
                },
                "location": {"path": path, "lines": {"begin": line.unwrap_or(1)}},
            })
        })
        .collect();
    // Values that came from JSON can be written.
    let out = serde_json::to_string_pretty(&issues).unwrap_or_default();
    let mut out = text::safe_json(&out);
    out.push('\n');
    out
}
