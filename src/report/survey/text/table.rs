//! The matrix of services and environments as a table that fits a terminal.

use std::cmp::Reverse;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style as Ansi};
use unicode_width::UnicodeWidthStr;

use super::super::closing::color_of;
use super::super::counts;
use crate::catalog::Severity;
use crate::finding::Totals;
use crate::report::text::{Style, painted};
use crate::survey::matrix::{self, Cell, Matrix, matrix};
use crate::survey::{State, Survey};
use crate::text;

/// The largest width of the table, in columns.
const MAX_WIDTH: usize = 100;

/// The largest number of rows; those with findings come first.
const MAX_ROWS: usize = 40;

/// The longest name in the table, in columns.
const MAX_NAME: usize = 32;

/// The text of a cell: `✓`, its counts, or the state of the environment.
fn cell_text(cell: Option<&Cell<'_>>) -> (String, Ansi) {
    let Some(cell) = cell else {
        return ("·".to_owned(), Ansi::new().dimmed());
    };
    let found = short_counts(&cell.totals);
    let ansi = weight(&cell.totals);
    match (cell.state(), found.is_empty()) {
        (State::Failed, true) => (
            "not built".to_owned(),
            color_of(Severity::Error).on_default(),
        ),
        (State::Missing, true) => (
            "missing".to_owned(),
            color_of(Severity::Warning).on_default(),
        ),
        (State::Skipped, true) => ("skipped".to_owned(), Ansi::new().dimmed()),
        (State::Judged, true) if cell.known > 0 => {
            (format!("{} known", cell.known), Ansi::new().dimmed())
        }
        (State::Judged, true) => ("✓".to_owned(), AnsiColor::Green.on_default()),
        (State::Missing, false) => (format!("missing {found}"), ansi),
        (_, false) => (found, ansi),
    }
}

/// `2E 1W`.
fn short_counts(totals: &Totals) -> String {
    let counts: Vec<_> = [
        (totals.errors, 'E'),
        (totals.warnings, 'W'),
        (totals.infos, 'I'),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, letter)| format!("{count}{letter}"))
    .collect();
    counts.join(" ")
}

fn weight(totals: &Totals) -> Ansi {
    let severity = match totals {
        Totals { errors: 1.., .. } => Severity::Error,
        Totals { warnings: 1.., .. } => Severity::Warning,
        _ => Severity::Info,
    };
    color_of(severity).on_default()
}

/// The columns of the table that fit; the names of services come first, and if there are too many
/// columns, the most severe are kept.
fn fitting(matrix: &Matrix<'_>, widths: &[usize]) -> Vec<usize> {
    let mut rest = Totals::default();
    for row in &matrix.rows {
        rest = rest.plus(&row.rest);
    }
    let weight_of = |column: usize| {
        let environment = column - 1;
        if environment < matrix.environments.len() {
            matrix.column_weight(environment)
        } else {
            matrix::weight(&rest)
        }
    };
    let mut by_weight: Vec<_> = (1..widths.len()).collect();
    by_weight.sort_by_cached_key(|&column| Reverse(weight_of(column)));
    let mut used = widths.first().copied().unwrap_or(0);
    let mut fitting: Vec<_> = by_weight
        .into_iter()
        .take_while(|&column| {
            used += 2 + widths[column];
            used <= MAX_WIDTH
        })
        .collect();
    fitting.push(0);
    fitting.sort_unstable();
    fitting
}

pub(super) fn write(out: &mut String, survey: &Survey, style: Style) {
    let matrix = matrix(survey);
    let shown = matrix.heaviest_rows(MAX_ROWS);
    let unclean = matrix.rows.iter().filter(|row| !row.is_clean()).count();
    let left = matrix.rows.len() - shown.len();

    let has_rest = shown.iter().any(|row| row.rest.findings() > 0);
    let mut names: Vec<String> = vec![String::new()];
    names.extend(
        matrix
            .environments
            .iter()
            .map(|name| text::one_line(name, MAX_NAME).into_owned()),
    );
    let plain = Ansi::new();
    let mut table: Vec<Vec<(String, Ansi)>> =
        vec![names.into_iter().map(|name| (name, plain.bold())).collect()];
    if has_rest {
        table[0].push(("(as a whole)".to_owned(), plain.bold()));
    }
    for row in &shown {
        let name = row.name.unwrap_or("(everything)");
        let mut line = vec![(text::one_line(name, MAX_NAME).into_owned(), plain)];
        line.extend(row.cells.iter().map(|cell| cell_text(cell.as_ref())));
        if has_rest {
            line.push((short_counts(&row.rest), weight(&row.rest)));
        }
        table.push(line);
    }
    let columns = table[0].len();
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            table
                .iter()
                .map(|line| line[at].0.width())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let fitting = fitting(&matrix, &widths);
    for line in &table {
        let mut text = String::new();
        for &at in &fitting {
            let (cell, ansi) = &line[at];
            let pad = " ".repeat(widths[at] - cell.width());
            if at > 0 {
                text.push_str("  ");
            }
            let cell = if cell.is_empty() {
                String::new()
            } else {
                painted(cell, *ansi, style)
            };
            let _ = write!(text, "{cell}{pad}");
        }
        let _ = writeln!(out, "{}", text.trim_end());
    }
    let mut more = Vec::new();
    if left > 0 {
        let hidden = unclean.saturating_sub(MAX_ROWS);
        let kind = if hidden == 0 { "clean " } else { "" };
        more.push(format!("{left} more {kind}services"));
    }
    if fitting.len() < columns {
        more.push(format!("{} more environments", columns - fitting.len()));
    }
    if !more.is_empty() {
        let _ = writeln!(out, "… and {}", more.join(", "));
    }
    if !counts(&survey.report.totals).is_empty() {
        let _ = writeln!(
            out,
            "{}",
            painted(
                "E errors, W warnings, I infos, ✓ clean, · not there",
                plain.dimmed(),
                style
            )
        );
    }
    out.push('\n');
}
