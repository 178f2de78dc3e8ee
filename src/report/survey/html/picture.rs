//! The matrix as a picture: a table of services × environments, each cell with its count and a
//! strip of the rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::marks::{Group, class_of, heaviest, short, symbol_of};
use crate::finding::Totals;
use crate::report::survey::counts;
use crate::report::survey::told::Told;
use crate::survey::matrix::{Cell, Matrix, Row};
use crate::survey::{State, Survey};

/// The largest total width of all strips of a row, in pixels.
const MAX_WIDTH: usize = 680;

/// The height of a strip, in pixels.
const HEIGHT: usize = 22;

/// The findings of a cell.
#[derive(Default)]
struct Content<'a> {
    rules: BTreeMap<&'a str, Totals>,
    groups: Vec<&'a str>,
}

/// The layout of the strips: one slot per rule, the same in every cell.
struct Strip<'a> {
    rules: Vec<&'a str>,
    /// The distance between two slots, in pixels.
    pitch: usize,
}

impl Strip<'_> {
    fn width(&self) -> usize {
        self.rules.len() * self.pitch
    }

    /// Whether marks have room for a number.
    fn has_numbers(&self) -> bool {
        self.pitch >= 16
    }
}

/// The findings of each cell, by service and environment.
type Contents<'a> = BTreeMap<(Option<&'a str>, Option<&'a str>), Content<'a>>;

/// Writes the table, with its head and its legend.
pub(super) fn write(out: &mut String, survey: &Survey, matrix: &Matrix<'_>, groups: &[Group<'_>]) {
    let mut contents: Contents<'_> = BTreeMap::new();
    let mut rules: BTreeSet<&str> = BTreeSet::new();
    for group in groups {
        for finding in group.places.iter().flat_map(Told::every) {
            let of = (finding.service(), finding.environment());
            let content = contents.entry(of).or_default();
            if content.groups.last() != Some(&group.id.as_str()) {
                content.groups.push(&group.id);
            }
            content
                .rules
                .entry(finding.rule.as_str())
                .or_default()
                .add(finding.severity);
            if finding.environment().is_some() {
                rules.insert(finding.rule.as_str());
            }
        }
    }
    let has_rest = matrix.rows.iter().any(|row| row.rest.findings() > 0);
    let places = (matrix.environments.len() * rules.len()).max(1);
    let strip = Strip {
        rules: rules.into_iter().collect(),
        pitch: match MAX_WIDTH / places {
            22.. => 22,
            16.. => 16,
            _ => 9,
        },
    };
    out.push_str("<h2 id=\"matrix\">Services × environments</h2>\n");
    if matrix.rows.is_empty() {
        out.push_str("<p class=\"empty\">There was nothing to check.</p>\n");
        return;
    }
    write_legend(out, survey, matrix, &strip);
    out.push_str(
        "<div class=\"window\" tabindex=\"0\" role=\"region\" aria-label=\"Services and environments\">\n<table class=\"matrix",
    );
    // It is wider than a sheet of paper, with the counts and the names.
    if matrix.environments.len() * (strip.width() + 95) > 560 {
        out.push_str(" wide");
    }
    out.push_str("\">\n<thead>\n<tr><th scope=\"col\">service</th>");
    for name in &matrix.environments {
        out.push_str("<th scope=\"col\">");
        write_names(out, &strip);
        let _ = write!(out, "<span class=\"env\">{}</span></th>", short(name));
    }
    if has_rest {
        out.push_str("<th scope=\"col\">as a whole</th>");
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for row in matrix.heaviest_rows(usize::MAX) {
        write_row(out, matrix, row, has_rest, &contents, &strip);
    }
    out.push_str("</tbody>\n</table>\n</div>\n");
    write_dots(out, &strip);
}

/// The empty strip, drawn once and used by every cell.
fn write_dots(out: &mut String, strip: &Strip<'_>) {
    if strip.rules.is_empty() {
        return;
    }
    let mut path = String::new();
    for at in 0..strip.rules.len() {
        let _ = write!(
            path,
            "M{} {}h2v2h-2z",
            at * strip.pitch + strip.pitch / 2 - 1,
            HEIGHT / 2 - 1
        );
    }
    let _ = writeln!(
        out,
        "<svg width=\"0\" height=\"0\" class=\"hidden-text\" aria-hidden=\"true\"><defs><path id=\"dots\" class=\"d\" d=\"{path}\"/></defs></svg>"
    );
}

fn write_legend(out: &mut String, survey: &Survey, matrix: &Matrix<'_>, strip: &Strip<'_>) {
    let totals = &survey.report.totals;
    out.push_str("<p class=\"legend\">");
    for (count, class, shape, word) in [
        (
            totals.errors,
            "e",
            "<rect x=\"2\" y=\"2\" width=\"14\" height=\"14\" rx=\"3\"/>",
            "✗ error",
        ),
        (
            totals.warnings,
            "w",
            "<rect x=\"2\" y=\"2\" width=\"14\" height=\"14\" rx=\"3\"/>",
            "! warning",
        ),
        (
            totals.infos,
            "i",
            "<circle cx=\"9\" cy=\"9\" r=\"7\"/>",
            "i info",
        ),
    ] {
        if count > 0 {
            let _ = write!(
                out,
                "<span><svg width=\"18\" height=\"18\" aria-hidden=\"true\"><g class=\"g {class}\">{shape}</g></svg>{word}</span>"
            );
        }
    }
    out.push_str("<span>✓ nothing found</span>");
    if matrix
        .rows
        .iter()
        .any(|row| row.cells.iter().any(Option::is_none))
    {
        out.push_str("<span>· not there</span>");
    }
    if !strip.has_numbers() {
        let _ = write!(
            out,
            "<span class=\"glyphs\">from left to right: {}</span>",
            strip.rules.join(", ")
        );
    }
    out.push_str("</p>\n");
}

/// The names of the rules above their slots.
fn write_names(out: &mut String, strip: &Strip<'_>) {
    if strip.rules.is_empty() || !strip.has_numbers() {
        return;
    }
    let longest = strip.rules.iter().map(|rule| rule.len()).max().unwrap_or(0);
    // Letters of this size are about six pixels wide, and the names are inclined by 60 degrees.
    let height = longest * 6 * 87 / 100 + 14;
    let _ = write!(
        out,
        "<svg class=\"names\" aria-hidden=\"true\" width=\"{}\" height=\"{height}\">",
        strip.width()
    );
    for (at, rule) in strip.rules.iter().enumerate() {
        let x = at * strip.pitch + strip.pitch / 2 + 3;
        let y = height - 3;
        let _ = write!(
            out,
            "<text x=\"{x}\" y=\"{y}\" transform=\"rotate(-60 {x} {y})\">{rule}</text>"
        );
    }
    out.push_str("</svg>");
}

fn write_row(
    out: &mut String,
    matrix: &Matrix<'_>,
    row: &Row<'_>,
    has_rest: bool,
    contents: &Contents<'_>,
    strip: &Strip<'_>,
) {
    let name = short(row.name.unwrap_or("(everything)"));
    let _ = write!(out, "<tr><th scope=\"row\" title=\"{name}\">{name}</th>");
    let environments = matrix.environments.iter().zip(&row.cells);
    for (environment, cell) in environments {
        write_cell(
            out,
            cell.as_ref(),
            contents.get(&(row.name, Some(*environment))),
            strip,
        );
    }
    if has_rest {
        let rest = Cell {
            environment: None,
            totals: row.rest,
            known: 0,
        };
        let cell = (row.rest.findings() > 0).then_some(&rest);
        let none = Strip {
            rules: Vec::new(),
            pitch: strip.pitch,
        };
        write_cell(out, cell, contents.get(&(row.name, None)), &none);
    }
    out.push_str("</tr>\n");
}

fn write_cell(
    out: &mut String,
    cell: Option<&Cell<'_>>,
    content: Option<&Content<'_>>,
    strip: &Strip<'_>,
) {
    let Some(cell) = cell else {
        out.push_str("<td><span class=\"cell no\"><b aria-hidden=\"true\">·</b><span class=\"hidden-text\">not there</span></span></td>");
        return;
    };
    let word = match cell.state() {
        State::Judged if cell.known > 0 => &format!("{} known", cell.known),
        State::Judged => "",
        State::Failed => "not built",
        State::Missing => "missing",
        State::Skipped => "left out",
    };
    let heaviest = heaviest(&cell.totals);
    let class = match (cell.state(), heaviest) {
        (State::Failed, _) => "e",
        (_, Some(severity)) => class_of(severity),
        (State::Judged, None) => "ok",
        (_, None) => "no",
    };
    let count = match (heaviest, cell.state()) {
        (Some(severity), _) => format!("{} {}", symbol_of(severity), cell.totals.findings()),
        (None, State::Judged) => "✓".to_owned(),
        (None, State::Failed) => "✗".to_owned(),
        (None, _) => "–".to_owned(),
    };
    let Some(content) = content else {
        let said = if word.is_empty() { "nothing found" } else { "" };
        let _ = write!(
            out,
            "<td><span class=\"cell {class}\"><b aria-hidden=\"true\">{count}</b><span class=\"hidden-text\">{said}</span>"
        );
        if word.is_empty() {
            write_strip(out, None, strip);
        } else {
            let _ = write!(out, "<span>{word}</span>");
        }
        out.push_str("</span></td>");
        return;
    };
    let rules: Vec<_> = content
        .rules
        .iter()
        .map(|(rule, totals)| format!("{rule} {}", totals.findings()))
        .collect();
    let _ = write!(
        out,
        "<td><a class=\"cell {class}\" href=\"#{}\" data-g=\"{}\"><b aria-hidden=\"true\">{count}</b><span class=\"hidden-text\">{}: {}</span>",
        content.groups[0],
        content.groups.join(" "),
        counts(&cell.totals),
        rules.join(", "),
    );
    write_strip(out, Some(content), strip);
    if !word.is_empty() {
        let _ = write!(out, "<span>{word}</span>");
    }
    out.push_str("</a></td>");
}

/// One mark per rule: a filled square for errors, an outlined one for warnings, a circle for
/// information.
fn write_strip(out: &mut String, content: Option<&Content<'_>>, strip: &Strip<'_>) {
    if strip.rules.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "<svg class=\"strip\" aria-hidden=\"true\" width=\"{}\" height=\"{HEIGHT}\"><use href=\"#dots\"/>",
        strip.width()
    );
    let marks = content.into_iter().flat_map(|content| &content.rules);
    for (rule, totals) in marks {
        let (Ok(at), Some(severity)) = (strip.rules.binary_search(rule), heaviest(totals)) else {
            continue;
        };
        let size = strip.pitch - 3;
        let x = at * strip.pitch + 1;
        let y = (HEIGHT - size) / 2;
        let (center, middle) = (x + size / 2, y + size / 2);
        let class = class_of(severity);
        let count = totals.findings();
        let _ = write!(
            out,
            "<g class=\"g {class}\" data-r=\"{rule}\"><title>{rule}: {count}</title>"
        );
        if class == "i" {
            let _ = write!(
                out,
                "<circle cx=\"{center}\" cy=\"{middle}\" r=\"{}\"/>",
                size / 2
            );
        } else {
            let radius = if strip.has_numbers() { 4 } else { 1 };
            let _ = write!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{size}\" height=\"{size}\" rx=\"{radius}\"/>"
            );
        }
        if strip.has_numbers() {
            let _ = write!(
                out,
                "<text x=\"{center}\" y=\"{}\">{}</text>",
                middle + 4,
                count.min(99)
            );
        }
        out.push_str("</g>");
    }
    out.push_str("</svg>");
}
