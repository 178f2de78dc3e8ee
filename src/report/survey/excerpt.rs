//! A line of a file with a mark under a part of it, in the form of compiler messages.

use unicode_width::UnicodeWidthChar;

use crate::finding::Place;
use crate::text::{is_unsafe, push_escape};

/// The largest number of columns that are shown of a line.
const MAX_WIDTH: usize = 88;

/// The number of columns of a long line before the marked part.
const LEAD: usize = 24;

/// The spaces for a tab.
const TAB: &str = "    ";

/// A line and its mark, safe to print and aligned.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Excerpt {
    /// The line before the marked part, or the end of that text.
    pub before: String,
    /// The marked part.
    pub meant: String,
    /// The rest of the line, or the beginning of it.
    pub after: String,
    /// The width of [`Self::before`] in columns.
    pub indent: usize,
    /// The width of a mark under [`Self::meant`] in columns; at least 1.
    pub width: usize,
}

/// Cuts the line of a place to the part that can be shown; `None` if the line is not known.
pub(super) fn excerpt(place: &Place) -> Option<Excerpt> {
    let source = place.source.as_deref()?;
    let mut shown = Vec::new();
    for c in source.trim_end_matches(['\r', '\n']).chars() {
        shown.push(match c {
            '\t' => (TAB.to_owned(), TAB.len()),
            c if is_unsafe(c) => {
                let mut escape = String::new();
                push_escape(&mut escape, c);
                let width = escape.len();
                (escape, width)
            }
            c => (c.to_string(), c.width().unwrap_or(0)),
        });
    }
    let start = place.column.saturating_sub(1).min(shown.len());
    let end = start.saturating_add(place.length.max(1)).min(shown.len());
    let width = |from: usize, to: usize| {
        shown[from..to]
            .iter()
            .map(|(_, width)| width)
            .sum::<usize>()
    };

    // A long line loses its beginning only if the marked part would not be visible otherwise.
    let mut from = 0;
    if width(0, end) > MAX_WIDTH {
        from = start;
        let mut lead = 0;
        while from > 0 && lead + shown[from - 1].1 <= LEAD {
            from -= 1;
            lead += shown[from].1;
        }
    }
    let mut out = Excerpt {
        indent: usize::from(from > 0) + width(from, start),
        ..Excerpt::default()
    };
    if from > 0 {
        out.before.push('…');
    }
    let mut used = 0;
    let mut to = from;
    while to < shown.len() && used + shown[to].1 <= MAX_WIDTH {
        let part = match to {
            at if at < start => &mut out.before,
            at if at < end => &mut out.meant,
            _ => &mut out.after,
        };
        part.push_str(&shown[to].0);
        used += shown[to].1;
        to += 1;
    }
    if to < shown.len() {
        out.after.push('…');
    }
    out.width = width(start, end.min(to).max(start)).max(1);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(source: &str, column: usize, length: usize) -> String {
        let place = Place {
            file: String::new(),
            line: 1,
            column,
            length,
            what: String::new(),
            source: Some(source.to_owned()),
        };
        let shown = excerpt(&place).unwrap();
        let line = format!("{}{}{}", shown.before, shown.meant, shown.after);
        let mark = "^".repeat(shown.width);
        format!("{}\n{}{mark}", line.trim_end(), " ".repeat(shown.indent))
    }

    #[test]
    fn the_mark_is_under_the_marked_part() {
        assert_eq!(show("  a: 5", 6, 1), "  a: 5\n     ^");
        assert_eq!(show("\ta: 漢字 x", 5, 2), "    a: 漢字 x\n       ^^^^");
        assert_eq!(show("a\u{1b}b", 2, 1), "a\\u001bb\n ^^^^^^");
        assert_eq!(show("ab", 9, 9), "ab\n  ^");
        assert_eq!(show("", 1, 1), "\n^");
        assert_eq!(show("a: b   \r\n", 4, usize::MAX), "a: b\n   ^^^^");
        assert_eq!(show("a", usize::MAX, usize::MAX), "a\n ^");
    }

    #[test]
    fn long_lines_are_cut_around_the_marked_part() {
        let long = format!("{}x{}", "a".repeat(300), "b".repeat(300));
        let shown = show(&long, 301, 1);
        let (line, mark) = shown.split_once('\n').unwrap();
        assert_eq!(line.chars().count(), MAX_WIDTH + 2);
        assert_eq!(line.chars().nth(mark.chars().count() - 1), Some('x'));
        assert!(show(&long, 1, 1).ends_with("…\n^"));
        let all = show(&long, 1, 600);
        assert_eq!(all.split_once('\n').unwrap().1, "^".repeat(MAX_WIDTH));
    }
}
