//! The survey as workflow commands of GitHub Actions, which become annotations of the changed
//! files.
//!
//! GitHub shows ten annotations of each severity per step and silently drops the others. So the
//! others are plain lines in the log.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::view::View;
use super::{advice, counts, location, summary};
use crate::catalog::Severity;
use crate::finding::{Finding, Totals};
use crate::survey::Survey;
use crate::text;

/// The number of annotations of one severity that GitHub shows for a step.
const MAX_ANNOTATIONS: usize = 10;

/// The longest message, in characters; GitHub cuts at 4 KiB.
const MAX_MESSAGE: usize = 1000;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey, view: View) -> String {
    let mut out = String::new();
    let mut told = [0_usize; 4];
    let mut beyond = Totals::default();
    let shown = view.pick(survey);
    for &finding in &shown.findings {
        let count = &mut told[finding.severity as usize];
        *count += 1;
        if *count <= MAX_ANNOTATIONS {
            write_command(&mut out, survey, finding);
        } else {
            beyond.add(finding.severity);
            write_line(&mut out, survey, finding);
        }
    }
    let hidden = shown.note();
    let notes = survey.notes.iter().chain(&hidden);
    for note in notes.take_while(|_| !view.quiet) {
        let _ = writeln!(
            out,
            "note: {}",
            text::without_commands(&text::one_line(note, MAX_MESSAGE))
        );
    }
    if beyond.findings() > 0 && !view.quiet {
        let _ = writeln!(
            out,
            "note: GitHub shows {MAX_ANNOTATIONS} annotations of each severity; {} more are only in this log",
            counts(&beyond)
        );
    }
    let _ = writeln!(out, "{}", summary(survey));
    out
}

fn write_command(out: &mut String, survey: &Survey, finding: &Finding) {
    let (file, line) = location(survey, finding);
    let command = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Ignore => "notice",
    };
    let _ = write!(out, "::{command} file={}", property(&file));
    if let Some(line) = line {
        let _ = write!(out, ",line={line}");
    }
    if let Some(place) = &finding.place {
        // GitHub requires the last column itself.
        let end = place.column.saturating_add(place.length.max(1) - 1);
        let _ = write!(out, ",col={},endColumn={end}", place.column);
    }
    let mut title = finding.rule.to_string();
    for name in [finding.service(), finding.environment()]
        .into_iter()
        .flatten()
    {
        let _ = write!(title, " {name}");
    }
    let _ = write!(out, ",title={}", property(title.trim()));
    let mut message = message(finding).into_owned();
    if let Some(help) = advice(finding) {
        message.push('\n');
        message.push_str(&text::one_line(&help, MAX_MESSAGE));
    }
    let _ = writeln!(out, "::{}", data(&message));
}

fn write_line(out: &mut String, survey: &Survey, finding: &Finding) {
    let (file, line) = location(survey, finding);
    let mut place = text::one_line(&file, MAX_MESSAGE).into_owned();
    if let Some(line) = line {
        let _ = write!(place, ":{line}");
    }
    let text = format!(
        "{}[{}] {place}: {}",
        finding.severity.id(),
        finding.rule,
        message(finding)
    );
    let _ = writeln!(out, "{}", text::without_commands(&text));
}

fn message(finding: &Finding) -> Cow<'_, str> {
    text::one_line(&finding.message, MAX_MESSAGE)
}

/// Escapes the text after the second `::`.
fn data(text: &str) -> String {
    text.replace("##[", "##\\[")
        .replace("##vso[", "##\\vso[")
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(&text::one_line(text, MAX_MESSAGE))
        .replace(':', "%3A")
        .replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_and_messages_are_escaped() {
        assert_eq!(property("a,b:c%d\ne"), "a%2Cb%3Ac%25d\\ne");
        assert_eq!(data("50%: a,b\r\n::error::x"), "50%25: a,b%0D%0A::error::x");
        assert_eq!(data("##[add-mask]x"), "##\\[add-mask]x");
    }
}
