//! The survey as a comment for a pull request.
//!
//! It begins with [`MARKER`], by which a bot finds its comment from the last run and replaces it.
//! It never exceeds the limit: findings that do not fit are counted instead.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::places::sides_by_weight;
use super::told::Told;
use super::view::View;
use super::{baseline_name, counts, environment_name, heaviest_first, resource_name, summary};
use crate::catalog::Severity;
use crate::finding::{ENTRY, Place, Totals};
use crate::report::advice::{Advice, Said};
use crate::report::text::{MAX_HELP, both_values, counted};
use crate::survey::matrix::{Cell, Matrix, Row, matrix};
use crate::survey::{Against, State, Survey};
use crate::text::one_line;

/// The first line, which is invisible to readers.
pub const MARKER: &str = "<!-- krm-parity -->";

/// The longest comment that GitHub accepts, in characters; this file counts bytes, of which there
/// are never fewer.
pub const MAX_BYTES: usize = 65_536;

/// The part of it that the table of environments may use.
const MAX_TABLE: usize = 16_384;

/// The part that is kept for closing open sections and for the note about omissions.
const RESERVE: usize = 1024;

/// The largest number of columns in the table.
const MAX_COLUMNS: usize = 12;

/// The longest foreign text, in characters.
const MAX_TEXT: usize = 300;

/// The number of findings that are visible without a click.
const MAX_OPEN: usize = 10;

/// Renders a survey.
#[must_use]
pub fn render(survey: &Survey, view: View) -> String {
    let report = &survey.report;
    let shown = view.pick(survey);
    let verdict = match (report.failed, report.findings.is_empty()) {
        (true, _) => "❌",
        (false, true) => "✅",
        (false, false) => "⚠️",
    };
    let mut out = format!("{MARKER}\n### {verdict} {}\n\n", prose(&summary(survey)));
    write_table(&mut out, &matrix(survey));
    if !view.quiet {
        let hidden = shown.note();
        let notes: Vec<&String> = survey.notes.iter().chain(&hidden).collect();
        write_notes(&mut out, &notes);
    }
    let left = write_findings(
        &mut out,
        &sides_by_weight(survey, &shown.findings).concat(),
        view,
    );
    if left.findings() > 0 {
        let _ = writeln!(
            out,
            "**{} left out**, because a comment is limited to {MAX_BYTES} characters. The full report has them all.",
            counts(&left),
        );
    }
    if let Some(against) = &survey.against {
        write_not_new(&mut out, against);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    for (index, step) in survey.next.iter().enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        let line = format!("{gap}- {} {}\n", code(&step.command), prose(&step.does));
        if out.len() + line.len() <= MAX_BYTES {
            out.push_str(&line);
        }
    }
    out
}

fn write_notes(out: &mut String, notes: &[&String]) {
    for (index, note) in notes.iter().enumerate() {
        let line = format!("> {}\n>\n", prose(note));
        if out.len() + line.len() > MAX_TABLE + 8192 {
            let left = counted(notes.len() - index, "more note");
            let _ = writeln!(out, "> … and {left}");
            break;
        }
        out.push_str(&line);
    }
    if !notes.is_empty() {
        out.push('\n');
    }
}

fn write_table(out: &mut String, matrix: &Matrix<'_>) {
    let rows: Vec<_> = matrix.rows.iter().filter(|row| !row.is_clean()).collect();
    let clean = matrix.rows.len() - rows.len();
    if rows.is_empty() {
        return;
    }
    let start = out.len();
    let columns = matrix.heaviest_columns(MAX_COLUMNS);
    let has_rest = rows.iter().any(|row| row.rest.findings() > 0);
    out.push_str("| service |");
    for &column in &columns {
        let _ = write!(out, " {} |", prose(matrix.environments[column]));
    }
    out.push_str(if has_rest {
        " as a whole |\n|---|"
    } else {
        "\n|---|"
    });
    for _ in 0..columns.len() + usize::from(has_rest) {
        out.push_str(":--|");
    }
    out.push('\n');
    // If there is not room for all, the most severe ones stay.
    let lines: Vec<_> = rows
        .iter()
        .map(|row| table_row(row, &columns, has_rest))
        .collect();
    let mut by_weight: Vec<_> = (0..rows.len()).collect();
    by_weight.sort_by_key(|&at| Reverse(rows[at].weight()));
    let mut room = MAX_TABLE.saturating_sub(out.len() - start);
    let fits = |at: &usize| {
        let fits = lines[*at].len() <= room;
        room = room.saturating_sub(lines[*at].len());
        fits
    };
    let mut kept: Vec<_> = by_weight.into_iter().take_while(fits).collect();
    kept.sort_unstable();
    let shown = kept.len();
    out.extend(kept.into_iter().map(|at| lines[at].as_str()));
    out.push('\n');
    let mut more = Vec::new();
    if shown < rows.len() {
        more.push(format!(
            "{} with findings",
            counted(rows.len() - shown, "more service")
        ));
    }
    if columns.len() < matrix.environments.len() {
        more.push(counted(
            matrix.environments.len() - columns.len(),
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

fn table_row(row: &Row<'_>, columns: &[usize], has_rest: bool) -> String {
    let name = row.name.unwrap_or("(everything)");
    let mut line = format!("| {} |", code(name));
    for &column in columns {
        let _ = write!(line, " {} |", cell_text(row.cells[column].as_ref()));
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

/// The end of a section.
const CLOSE: &str = "\n</details>\n\n";

/// Writes as many findings as fit, the most severe first, and returns the number of omitted ones.
fn write_findings(out: &mut String, findings: &[Told<'_>], view: View) -> Totals {
    let groups: Vec<_> = findings.chunk_by(Told::is_of_one_side).collect();
    let heads: Vec<_> = groups
        .iter()
        .map(|group| {
            let is_heavy = group
                .iter()
                .any(|one| one.first.severity == Severity::Error);
            head(group, is_heavy || findings.len() <= MAX_OPEN)
        })
        .collect();
    let group_of: Vec<usize> = groups
        .iter()
        .enumerate()
        .flat_map(|(at, group)| std::iter::repeat_n(at, group.len()))
        .collect();

    // Advice has the same length everywhere, so the findings that fit in this order also fit in the
    // other.
    let by_weight = heaviest_first(findings);
    let mut advice = Advice::new(view.entries);
    let mut opened = BTreeSet::new();
    let mut room = MAX_BYTES.saturating_sub(out.len() + RESERVE);
    let mut count = 0;
    for &index in &by_weight {
        let finding = &findings[index];
        let mut needed = told(finding, &finding.said(&mut advice)).len();
        if opened.insert(group_of[index]) {
            needed += heads[group_of[index]].len() + CLOSE.len();
        }
        if needed > room {
            break;
        }
        room -= needed;
        count += 1;
    }
    let (kept, left) = by_weight.split_at(count);
    let kept: BTreeSet<_> = kept.iter().copied().collect();
    let mut totals = Totals::default();
    for &index in left {
        for finding in findings[index].every() {
            totals.add(finding.severity);
        }
    }

    let mut advice = Advice::new(view.entries);
    let mut open = None;
    for index in kept {
        let finding = &findings[index];
        let group = group_of[index];
        if open != Some(group) {
            if open.is_some() {
                out.push_str(CLOSE);
            }
            open = Some(group);
            out.push_str(&heads[group]);
        }
        out.push_str(&told(finding, &finding.said(&mut advice)));
    }
    if open.is_some() {
        out.push_str(CLOSE);
    }
    totals
}

/// Writes the known and the fixed findings, collapsed; those that do not fit are counted.
fn write_not_new(out: &mut String, against: &Against) {
    let name = prose(&against.name);
    for (what, findings) in [
        (format!("known, also found in {name}"), &against.known),
        (format!("fixed since {name}"), &against.fixed),
    ] {
        let head = format!("<details><summary>{} {what}</summary>\n\n", findings.len());
        let mut room = MAX_BYTES.saturating_sub(out.len() + head.len() + CLOSE.len() + RESERVE / 4);
        if findings.is_empty() || room == 0 {
            continue;
        }
        out.push_str(&head);
        for (at, finding) in findings.iter().enumerate() {
            let line = format!(
                "- {} **{}**: {} ({})\n",
                mark(finding.severity),
                finding.rule,
                prose(&finding.headline),
                side(&Told {
                    first: finding,
                    others: Vec::new(),
                    repeats: Vec::new(),
                })
            );
            if line.len() > room {
                let _ = writeln!(out, "- … and {} more", findings.len() - at);
                break;
            }
            room -= line.len();
            out.push_str(&line);
        }
        out.push_str(CLOSE);
    }
}

/// The start of the section about one side.
fn head(group: &[Told<'_>], is_open: bool) -> String {
    let mut totals = Totals::default();
    for finding in group.iter().flat_map(Told::every) {
        totals.add(finding.severity);
    }
    format!(
        "<details{}><summary>{}: {}</summary>\n\n",
        if is_open { " open" } else { "" },
        group.first().map(side).unwrap_or_default(),
        counts(&totals)
    )
}

fn side(told: &Told<'_>) -> String {
    let finding = told.first;
    let mut out = Vec::new();
    if let Some(service) = finding.service() {
        out.push(format!("<b>{}</b>", prose(service)));
    }
    out.extend(told.who().map(|who| prose(&who)));
    if out.is_empty() {
        out.push("everything".to_owned());
    }
    out.join(", ")
}

fn told(told: &Told<'_>, said: &Said<'_>) -> String {
    let finding = told.first;
    let mut out = format!(
        "- {} **{}**: {}",
        mark(finding.severity),
        finding.rule,
        prose(&told.headline())
    );
    let baseline = prose(baseline_name(finding));
    if let Some(name) = resource_name(finding) {
        let _ = write!(out, "<br>{}", code(&name));
    }
    let path = finding.field.as_ref().map(|field| field.path.to_string());
    if let Some(path) = path.filter(|path| !path.is_empty()) {
        let _ = write!(out, "<br>at {}", code(&path));
    }
    let mut base = None;
    let mut values = Vec::new();
    for one in told.all() {
        let fields = one.field.as_ref();
        let field = fields.filter(|field| field.base.is_some() || field.overlay.is_some());
        if let Some((before, overlay)) = field.map(both_values) {
            base.get_or_insert(before);
            let environment = prose(environment_name(one));
            values.push(format!("{environment} {}", code(&overlay)));
        }
    }
    if let Some(base) = base {
        let _ = write!(out, "<br>{baseline} {}, {}", code(&base), values.join(", "));
    }
    let place = |place: &Place| code(&format!("{}:{}", place.file, place.line));
    let own = told.all().filter_map(|one| one.place.as_ref()).map(place);
    let mut own: Vec<String> = own.collect();
    own.dedup();
    let base = finding
        .base_place
        .as_ref()
        .map(|base| format!("{baseline} in {}", place(base)));
    let own = (!own.is_empty()).then(|| format!("in {}", own.join(", ")));
    let places: Vec<String> = own.into_iter().chain(base).collect();
    if !places.is_empty() {
        let _ = write!(out, "<br>{}", places.join(", "));
    }
    let also = told.also();
    if !also.is_empty() {
        let _ = write!(out, "<br>also {}", prose(&also.join(", ")));
    }
    if !said.help.is_empty() {
        let _ = write!(out, "<br>💡 {}", prose_of(said.help, MAX_HELP));
    }
    if let Some(entry) = said.permit.strip_prefix(ENTRY) {
        let _ = write!(out, "<br>Entry: {}", prose(entry));
    } else if !said.permit.is_empty() {
        let _ = write!(out, "<br>To permit it, {}", prose(&said.permit));
    }
    for entry in &said.others {
        let _ = write!(out, "<br>Entry: {}", prose(entry));
    }
    out.push('\n');
    out
}

/// A foreign text as words: without markup, links, mentions, or references to issues.
fn prose(text: &str) -> String {
    prose_of(text, MAX_TEXT * 3)
}

/// The same for a text that may be longer.
fn prose_of(text: &str, max: usize) -> String {
    let mut out = String::new();
    for c in one_line(text, max).chars() {
        match c {
            // GitHub searches for these after it has decoded entities, but not inside code.
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

/// A foreign text as code, which backticks inside cannot end.
fn code(text: &str) -> String {
    let mut out = "<code>".to_owned();
    for c in one_line(text, MAX_TEXT).chars() {
        push(&mut out, c);
    }
    out.push_str("</code>");
    out
}

/// Every character that has a meaning in Markdown, its extensions or HTML becomes an entity.
fn push(out: &mut String, c: char) {
    match c {
        '&' | '<' | '>' | '"' | '\'' | '|' | '`' | '*' | '_' | '[' | ']' | '\\' | '~' | '#'
        | '@' | '!' | '$' | ':' => {
            let _ = write!(out, "&#{};", u32::from(c));
        }
        // `www.` alone creates a link.
        '.' if out.ends_with("www") || out.ends_with("WWW") => out.push_str("&#46;"),
        c => out.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_never_markdown() {
        assert_eq!(
            prose("@team <b> `x` #1 a|b *c* www.x https://x\n"),
            "<code>&#64;</code>team &#60;b&#62; &#96;x&#96; <code>&#35;</code>1 a&#124;b &#42;c&#42; www&#46;x https&#58;//x&#92;n"
        );
        assert_eq!(code("</code>@x"), "<code>&#60;/code&#62;&#64;x</code>");
    }
}
