//! The markup that the table and the list of findings share.

use crate::catalog::Severity;
use crate::finding::Totals;
use crate::report::markup::escaped;
use crate::report::survey::told::Told;
use crate::text::one_line;

/// The longest foreign text, in characters.
const MAX_TEXT: usize = 1000;

/// The findings of one service in the same environments against one baseline.
pub(super) struct Group<'a> {
    /// The element's id.
    pub(super) id: String,
    pub(super) places: Vec<Told<'a>>,
}

impl<'a> Group<'a> {
    /// The service of all its findings.
    pub(super) fn service(&self) -> Option<&'a str> {
        self.places.first()?.first.service()
    }
}

/// Names as a list for the page's script: one per line, as shown on the page.
pub(super) fn names<'n>(all: impl Iterator<Item = &'n str>) -> String {
    all.map(short).collect::<Vec<_>>().join("\n")
}

/// The CSS class of an element about findings of this severity.
pub(super) const fn class_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "e",
        Severity::Warning => "w",
        Severity::Info | Severity::Ignore => "i",
    }
}

/// The symbol of that severity.
pub(super) const fn symbol_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "✗",
        Severity::Warning => "!",
        Severity::Info | Severity::Ignore => "i",
    }
}

/// The highest severity among the counts.
pub(super) const fn heaviest(totals: &Totals) -> Option<Severity> {
    match totals {
        Totals { errors: 1.., .. } => Some(Severity::Error),
        Totals { warnings: 1.., .. } => Some(Severity::Warning),
        Totals { infos: 1.., .. } => Some(Severity::Info),
        _ => None,
    }
}

/// A foreign text on one line, of bounded length, without markup.
pub(super) fn short(text: &str) -> String {
    escaped(&one_line(text, MAX_TEXT))
}
