//! The survey as a comment for a pull request.
//!
//! It begins with [`MARKER`], by which a bot finds its comment of the last run
//! and replaces it, and it always fits: what does not is counted instead.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{counts, resource_name, summary};
use crate::catalog::Severity;
use crate::finding::{Finding, Place, Totals};
use crate::report::text::{both_values, counted};
use crate::survey::matrix::{Cell, Matrix, Row, matrix};
use crate::survey::{State, Survey};
use crate::text::one_line;

/// The first line, which no reader sees.
pub const MARKER: &str = "<!-- krm-parity -->";

/// The longest comment that GitHub takes, in characters; this file counts bytes, which are never fewer.
pub const MAX_BYTES: usize = 65_536;

/// How much of that the table of environments may take.
const MAX_TABLE: usize = 16_384;

/// How much is kept for closing what is open and for saying what was left out.
const RESERVE: usize = 1024;

/// The most columns of the table.
const MAX_COLUMNS: usize = 12;

/// The longest text of a stranger's, in characters.
const MAX_TEXT: usize = 300;

/// How many findings are shown without a click.
const MAX_OPEN: usize = 10;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey) -> String {
    let report = &survey.report;
    let verdict = match (report.failed, report.findings.is_empty()) {
        (true, _) => "❌",
        (false, true) => "✅",
        (false, false) => "⚠️",
    };
    let mut out = format!("{MARKER}\n### {verdict} {}\n\n", prose(&summary(survey)));
    write_table(&mut out, &matrix(survey));
    for (index, note) in survey.notes.iter().enumerate() {
        let line = format!("> {}\n>\n", prose(note));
        if out.len() + line.len() > MAX_TABLE + 8192 {
            let _ = writeln!(
                out,
                "> … and {}",
                counted(survey.notes.len() - index, "more note")
            );
            break;
        }
        out.push_str(&line);
    }
    if !survey.notes.is_empty() {
        out.push('\n');
    }
    let shown = write_findings(&mut out, &report.findings);
    let left = report.findings.len() - shown;
    if left > 0 {
        let _ = writeln!(
            out,
            "**{} left out**, because a comment has room for {MAX_BYTES} characters. The full report has them all.",
            if left == 1 {
                "1 finding is".to_owned()
            } else {
                format!("{left} findings are")
            },
        );
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn write_table(out: &mut String, matrix: &Matrix<'_>) {
    let rows: Vec<_> = matrix.rows.iter().filter(|row| !row.is_clean()).collect();
    let clean = matrix.rows.len() - rows.len();
    if rows.is_empty() {
        return;
    }
    let start = out.len();
    let columns = matrix.environments.len().min(MAX_COLUMNS);
    let has_rest = rows.iter().any(|row| row.rest.findings() > 0);
    out.push_str("| service |");
    for name in &matrix.environments[..columns] {
        let _ = write!(out, " {} |", prose(name));
    }
    out.push_str(if has_rest {
        " as a whole |\n|---|"
    } else {
        "\n|---|"
    });
    for _ in 0..columns + usize::from(has_rest) {
        out.push_str(":--|");
    }
    out.push('\n');
    let mut shown = 0;
    for row in &rows {
        let line = table_row(row, columns, has_rest);
        if out.len() + line.len() > start + MAX_TABLE {
            break;
        }
        out.push_str(&line);
        shown += 1;
    }
    out.push('\n');
    let mut more = Vec::new();
    if shown < rows.len() {
        more.push(format!(
            "{} with findings",
            counted(rows.len() - shown, "more service")
        ));
    }
    if columns < matrix.environments.len() {
        more.push(counted(
            matrix.environments.len() - columns,
            "more environment",
        ));
    }
    if clean > 0 {
        more.push(format!("{} without findings", counted(clean, "service")));
    }
    if !more.is_empty() {
        let _ = writeln!(out, "… and {}.\n", more.join(", "));
    }
}

fn table_row(row: &Row<'_>, columns: usize, has_rest: bool) -> String {
    let name = if row.name.is_empty() {
        "(everything)"
    } else {
        row.name
    };
    let mut line = format!("| {} |", code(name));
    for cell in &row.cells[..columns] {
        let _ = write!(line, " {} |", cell_text(cell.as_ref()));
    }
    if has_rest {
        let _ = write!(line, " {} |", marks(&row.rest));
    }
    line.push('\n');
    line
}

fn cell_text(cell: Option<&Cell<'_>>) -> String {
    let Some(cell) = cell else {
        return "–".to_owned();
    };
    let found = marks(&cell.totals);
    match (cell.state(), found.is_empty()) {
        (State::Judged, true) => "✅".to_owned(),
        (State::Judged, false) => found,
        (State::Failed, _) => format!("❌ not built {found}").trim_end().to_owned(),
        (State::Missing, _) => format!("missing {found}").trim_end().to_owned(),
        (State::Skipped, _) => format!("left out {found}").trim_end().to_owned(),
    }
}

const fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "❌",
        Severity::Warning => "⚠️",
        Severity::Info | Severity::Ignore => "ℹ️",
    }
}

fn marks(totals: &Totals) -> String {
    let counts: Vec<_> = [
        (totals.errors, Severity::Error),
        (totals.warnings, Severity::Warning),
        (totals.infos, Severity::Info),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, severity)| format!("{} {count}", mark(severity)))
    .collect();
    counts.join(" ")
}

/// Writes as many findings as fit, and gives how many.
fn write_findings(out: &mut String, findings: &[Finding]) -> usize {
    const CLOSE: &str = "\n</details>\n\n";
    let mut helped = BTreeSet::new();
    let mut shown = 0;
    let of_one = |a: &Finding, b: &Finding| {
        (&a.service, &a.environment, &a.baseline) == (&b.service, &b.environment, &b.baseline)
    };
    for group in findings.chunk_by(of_one) {
        let mut totals = Totals::default();
        for finding in group {
            totals.add(finding.severity);
        }
        let open = if findings.len() <= MAX_OPEN {
            " open"
        } else {
            ""
        };
        let head = format!(
            "<details{open}><summary>{}: {}</summary>\n\n",
            side(&group[0]),
            counts(&totals)
        );
        let mut is_open = false;
        for finding in group {
            let is_new = !helped.contains(finding.help.as_str());
            let text = told(finding, is_new);
            let opening = if is_open { "" } else { &head };
            if out.len() + opening.len() + text.len() + CLOSE.len() + RESERVE > MAX_BYTES {
                if is_open {
                    out.push_str(CLOSE);
                }
                return shown;
            }
            out.push_str(opening);
            out.push_str(&text);
            is_open = true;
            helped.insert(finding.help.as_str());
            shown += 1;
        }
        out.push_str(CLOSE);
    }
    shown
}

fn side(finding: &Finding) -> String {
    let mut out = Vec::new();
    if !finding.service.is_empty() {
        out.push(format!("<b>{}</b>", prose(&finding.service)));
    }
    match (finding.environment.as_str(), finding.baseline.as_str()) {
        ("", "") => {}
        (environment, "") => out.push(prose(environment)),
        ("", baseline) => out.push(format!("against {}", prose(baseline))),
        (environment, baseline) => out.push(format!(
            "{} against {}",
            prose(environment),
            prose(baseline)
        )),
    }
    if out.is_empty() {
        out.push("everything".to_owned());
    }
    out.join(", ")
}

fn told(finding: &Finding, with_help: bool) -> String {
    let mut out = format!(
        "- {} **{}**: {}",
        mark(finding.severity),
        finding.rule,
        prose(&finding.headline)
    );
    if let Some(name) = resource_name(finding) {
        let _ = write!(out, "<br>{}", code(&name));
    }
    if let Some(field) = &finding.field {
        if !field.path.is_empty() {
            let _ = write!(out, "<br>at {}", code(&field.path));
        }
        if field.base.is_some() || field.overlay.is_some() {
            let (base, overlay) = both_values(field);
            let name =
                |name: &str, otherwise: &str| prose(if name.is_empty() { otherwise } else { name });
            let _ = write!(
                out,
                "<br>{} {}, {} {}",
                name(&finding.baseline, "base"),
                code(&base),
                name(&finding.environment, "overlay"),
                code(&overlay)
            );
        }
    }
    let place = |place: &Place| code(&format!("{}:{}", place.file, place.line));
    match (&finding.place, &finding.base_place) {
        (Some(own), Some(base)) => {
            let _ = write!(out, "<br>in {}, base in {}", place(own), place(base));
        }
        (Some(own), None) => {
            let _ = write!(out, "<br>in {}", place(own));
        }
        (None, Some(base)) => {
            let _ = write!(out, "<br>base in {}", place(base));
        }
        (None, None) => {}
    }
    if with_help && !finding.help.is_empty() {
        let _ = write!(out, "<br>💡 {}", prose(&finding.help));
    }
    out.push('\n');
    out
}

/// A stranger's text as words: no markup, no link, no mention, no reference to an issue.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for c in one_line(text, MAX_TEXT * 3).chars() {
        match c {
            // GitHub looks for these after it has read entities, but not inside code.
            '@' | '#' => {
                out.push_str("<code>");
                push(&mut out, c);
                out.push_str("</code>");
            }
            c => push(&mut out, c),
        }
    }
    out
}

/// A stranger's text as code, which backticks inside cannot end.
fn code(text: &str) -> String {
    let mut out = "<code>".to_owned();
    for c in one_line(text, MAX_TEXT).chars() {
        push(&mut out, c);
    }
    out.push_str("</code>");
    out
}

/// Everything that Markdown, its extensions or HTML could read a meaning into becomes an entity.
fn push(out: &mut String, c: char) {
    match c {
        '&' | '<' | '>' | '"' | '\'' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#'
        | '@' | '!' | '$' | ':' => {
            let _ = write!(out, "&#{};", u32::from(c));
        }
        // `www.` alone makes a link.
        '.' if out.ends_with("www") || out.ends_with("WWW") => out.push_str("&#46;"),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_stranger_is_markdown() {
        assert_eq!(
            prose("@team <b> `x` #1 a|b *c* www.x https://x\n"),
            "<code>&#64;</code>team &#60;b&#62; &#96;x&#96; <code>&#35;</code>1 a&#124;b &#42;c&#42; www&#46;x https&#58;//x&#92;n"
        );
        assert_eq!(code("</code>@x"), "<code>&#60;/code&#62;&#64;x</code>");
    }
}
