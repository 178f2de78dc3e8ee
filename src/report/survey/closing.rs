//! The end of the terminal formats: notes, counts by rule, the next step, and the verdict in one
//! line.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};

use super::summary;
use super::view::{Shown, View};
use crate::catalog::{RuleId, Severity};
use crate::report::text::{MAX_TEXT, painted};
use crate::survey::Survey;
use crate::text;

/// Writes the end; only the verdict in quiet mode.
pub(super) fn write(out: &mut String, survey: &Survey, shown: &Shown<'_>, view: View) {
    if !view.quiet {
        let label = |word: &str| painted(word, Ansi::new().bold(), view.style);
        let hidden = shown.note();
        for note in survey.notes.iter().chain(&hidden) {
            let _ = writeln!(out, "{}: {}", label("note"), text::one_line(note, MAX_TEXT));
        }
        write_counts(out, survey, view);
        for step in &survey.next {
            let step = format!("`{}` {}", step.command, step.does);
            let _ = writeln!(
                out,
                "{}: {}",
                label("next"),
                text::one_line(&step, MAX_TEXT)
            );
        }
    }
    let _ = writeln!(out, "{}", summary(survey));
}

/// One line per rule and severity with the number of findings, in ascending order.
///
/// A single finding needs no count.
fn write_counts(out: &mut String, survey: &Survey, view: View) {
    let findings = &survey.report.findings;
    if findings.len() < 2 {
        return;
    }
    let mut counts: BTreeMap<(RuleId, Severity, bool), usize> = BTreeMap::new();
    for finding in findings {
        let key = (finding.rule, finding.severity, finding.is_exempt());
        *counts.entry(key).or_default() += 1;
    }
    let mut lines: Vec<_> = counts.into_iter().collect();
    lines.sort_by_key(|((_, severity, is_exempt), count)| (*severity, !*is_exempt, *count));
    let width = lines.iter().map(|(_, count)| count.to_string().len()).max();
    let width = width.unwrap_or(0);
    for ((rule, severity, is_exempt), count) in lines {
        let word = format!("{:7}", severity.id());
        let word = painted(&word, color_of(severity).on_default(), view.style);
        let exempt = if is_exempt { " (exempt)" } else { "" };
        let _ = writeln!(out, "{count:>width$} {word} {rule}{exempt}");
    }
}

pub(super) const fn color_of(severity: Severity) -> AnsiColor {
    match severity {
        Severity::Error => AnsiColor::Red,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Info | Severity::Ignore => AnsiColor::Cyan,
    }
}
