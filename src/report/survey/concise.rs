//! The survey with one line per finding, in the form of compiler messages, for editors and for long
//! lists.

use std::fmt::Write as _;

use anstyle::Style as Ansi;

use super::closing::{self, color_of};
use super::location;
use super::view::View;
use crate::finding::Finding;
use crate::report::text::{MAX_TEXT, painted};
use crate::survey::Survey;
use crate::text;

/// Renders a survey: `file:line:column: severity rule: headline`, the most severe last.
#[must_use]
pub fn render(survey: &Survey, view: View) -> String {
    let mut out = String::new();
    let mut shown = view.pick(survey);
    shown.findings.sort_by_key(|finding| finding.severity);
    for finding in &shown.findings {
        write_finding(&mut out, survey, finding, view);
    }
    closing::write(&mut out, survey, &shown, view);
    text::without_commands(&out).into_owned()
}

/// The lines of the findings that a view shows, in the order of the report, without closing lines.
#[must_use]
pub fn lines(survey: &Survey, view: View) -> String {
    let mut out = String::new();
    for finding in &view.pick(survey).findings {
        write_finding(&mut out, survey, finding, view);
    }
    text::without_commands(&out).into_owned()
}

fn write_finding(out: &mut String, survey: &Survey, finding: &Finding, view: View) {
    let (file, _) = location(survey, finding);
    let mut place = text::one_line(&file, MAX_TEXT).into_owned();
    if let Some(known) = &finding.place {
        let _ = write!(place, ":{}:{}", known.line, known.column);
    }
    // The line does not say which object of a cluster it is.
    let subject = finding.resource.as_ref().filter(|_| finding.rule.is_live());
    let subject = subject.map(|resource| format!("{} {}: ", resource.kind, resource.name));
    let headline = format!("{}{}", subject.unwrap_or_default(), finding.headline);
    let ansi = color_of(finding.severity).on_default().bold();
    let _ = writeln!(
        out,
        "{}: {} {}: {}",
        painted(&place, Ansi::new().bold(), view.style),
        painted(finding.severity.id(), ansi, view.style),
        finding.rule,
        text::one_line(&headline, MAX_TEXT)
    );
}
