//! The survey as `JUnit` XML: one suite per service, one test per environment.
//!
//! A test that exists in every run shows in a CI's history when parity broke and when it was
//! restored. A test per finding would not.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{counts, location, resource_name};
use crate::catalog::Severity;
use crate::finding::Finding;
use crate::report::advice::permit_and_entry;
use crate::report::markup::{escaped, escaped_lines};
use crate::survey::matrix::{Cell, Row, matrix};
use crate::survey::{State, Survey};

/// The findings, by service and environment.
type Findings<'a> = BTreeMap<(Option<&'a str>, Option<&'a str>), Vec<&'a Finding>>;

/// The findings that are not new, by service and environment: `known` or `fixed`.
type NotNew<'a> = BTreeMap<(Option<&'a str>, Option<&'a str>), Vec<(&'static str, &'a Finding)>>;

/// One test.
struct Case {
    name: String,
    /// The content of the element; empty for a test that passed without findings.
    body: String,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Broken,
    Skipped,
}

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey) -> String {
    let matrix = matrix(survey);
    let mut findings: Findings<'_> = BTreeMap::new();
    for finding in &survey.report.findings {
        let of = (finding.service(), finding.environment());
        findings.entry(of).or_default().push(finding);
    }
    let mut not_new: NotNew<'_> = BTreeMap::new();
    if let Some(against) = &survey.against {
        for (standing, all) in [("known", &against.known), ("fixed", &against.fixed)] {
            for finding in all {
                let of = (finding.service(), finding.environment());
                not_new.entry(of).or_default().push((standing, finding));
            }
        }
    }
    let mut body = String::new();
    let mut sum = [0_usize; 3];
    for row in &matrix.rows {
        let cases = cases(survey, &findings, &not_new, &matrix.environments, row);
        let count = |outcome| cases.iter().filter(|case| case.outcome == outcome).count();
        let (failures, errors) = (count(Outcome::Failed), count(Outcome::Broken));
        sum[0] += cases.len();
        sum[1] += failures;
        sum[2] += errors;
        let _ = writeln!(
            body,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{}\">",
            escaped(row.name.unwrap_or("(everything)")),
            cases.len(),
            count(Outcome::Skipped),
        );
        // The schema has no properties of the whole.
        if !survey.notes.is_empty() || survey.against.is_some() {
            body.push_str("    <properties>\n");
            for standing in survey.against.iter().flat_map(|_| ["known", "fixed"]) {
                let of_row = not_new
                    .iter()
                    .filter(|((service, _), _)| *service == row.name);
                let all = of_row.flat_map(|(_, all)| all);
                let count = all.filter(|(own, _)| *own == standing).count();
                let _ = writeln!(
                    body,
                    "      <property name=\"{standing}\" value=\"{count}\"/>"
                );
            }
            for note in &survey.notes {
                let _ = writeln!(
                    body,
                    "      <property name=\"note\" value=\"{}\"/>",
                    escaped(note)
                );
            }
            body.push_str("    </properties>\n");
        }
        for case in &cases {
            let _ = write!(
                body,
                "    <testcase name=\"{}\" classname=\"{}\"",
                escaped(&case.name),
                escaped(row.name.unwrap_or("(everything)")),
            );
            if case.body.is_empty() {
                body.push_str("/>\n");
            } else {
                let _ = writeln!(body, ">\n{}    </testcase>", case.body);
            }
        }
        body.push_str("  </testsuite>\n");
    }
    let [tests, failures, errors] = sum;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"krm-parity\" tests=\"{tests}\" \
         failures=\"{failures}\" errors=\"{errors}\">\n{body}</testsuites>\n"
    )
}

fn cases(
    survey: &Survey,
    findings: &Findings<'_>,
    not_new: &NotNew<'_>,
    environments: &[&str],
    row: &Row<'_>,
) -> Vec<Case> {
    let of = |environment| {
        findings
            .get(&(row.name, environment))
            .map_or(&[][..], Vec::as_slice)
    };
    let not_new = |environment| {
        not_new
            .get(&(row.name, environment))
            .map_or(&[][..], Vec::as_slice)
    };
    let mut cases = Vec::new();
    for (name, cell) in environments.iter().zip(&row.cells) {
        if let Some(cell) = cell {
            let (of, not_new) = (of(Some(name)), not_new(Some(name)));
            cases.push(case(survey, of, not_new, name, Some(cell)));
        }
    }
    if row.rest.findings() > 0 {
        cases.push(case(survey, of(None), not_new(None), "(as a whole)", None));
    }
    cases
}

fn case(
    survey: &Survey,
    findings: &[&Finding],
    not_new: &[(&str, &Finding)],
    name: &str,
    cell: Option<&Cell<'_>>,
) -> Case {
    let threshold = survey.report.failing();
    let (fatal, other): (Vec<_>, Vec<_>) = findings
        .iter()
        .copied()
        .partition(|finding| finding.severity >= threshold);
    let state = cell.map_or(&State::Judged, Cell::state);
    let mut body = String::new();
    let outcome = match state {
        State::Failed => {
            write_failure(
                &mut body,
                "error",
                "the environment could not be built",
                survey,
                &fatal,
            );
            Outcome::Broken
        }
        _ if !fatal.is_empty() => {
            let mut totals = crate::finding::Totals::default();
            for finding in &fatal {
                totals.add(finding.severity);
            }
            write_failure(&mut body, "failure", &counts(&totals), survey, &fatal);
            Outcome::Failed
        }
        State::Missing | State::Skipped => {
            let why = if *state == State::Missing {
                "the service does not have it"
            } else {
                "left out"
            };
            let _ = writeln!(body, "      <skipped>{why}</skipped>");
            Outcome::Skipped
        }
        State::Judged => Outcome::Passed,
    };
    let mut said = told(survey, &other);
    for (standing, finding) in not_new {
        let _ = write!(said, "{standing}: {}", told(survey, &[*finding]));
    }
    if !said.is_empty() {
        let _ = writeln!(body, "      <system-out>{said}</system-out>");
    }
    Case {
        name: name.to_owned(),
        body,
        outcome,
    }
}

fn write_failure(
    out: &mut String,
    element: &str,
    message: &str,
    survey: &Survey,
    findings: &[&Finding],
) {
    let mut rules: Vec<_> = findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect();
    rules.dedup();
    let kind = rules.first().copied().unwrap_or("build");
    let _ = writeln!(
        out,
        "      <{element} type=\"{}\" message=\"{}\">{}</{element}>",
        escaped(kind),
        escaped(message),
        told(survey, findings)
    );
}

/// The findings as text, each on a few lines.
fn told(survey: &Survey, findings: &[&Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let (file, line) = location(survey, finding);
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let severity = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info | Severity::Ignore => "info",
        };
        let mut lines = vec![format!(
            "{severity}[{}]: {}",
            finding.rule,
            one(&finding.message)
        )];
        if let Some(name) = resource_name(finding) {
            lines.push(format!("  in   {}", one(&name)));
        }
        lines.push(format!("  at   {}{line}", one(&file)));
        let (permit, entry) = permit_and_entry(&finding.permit);
        for (label, said) in [
            ("help", &*finding.help),
            ("permit", permit),
            ("entry", entry),
        ] {
            if !said.is_empty() {
                lines.push(format!("  {label} {}", one(said)));
            }
        }
        out.push_str(&escaped_lines(&lines.join("\n")));
        out.push('\n');
    }
    out
}

fn one(text: &str) -> std::borrow::Cow<'_, str> {
    crate::text::one_line(text, 1000)
}
