//! How much of a survey the formats for people show.
//!
//! What is left out is counted, so that nobody takes silence for a clean repository. Formats for programs hold everything,
//! since what is not in them counts as fixed.

use crate::catalog::Severity;
use crate::finding::{Finding, Totals};
use crate::report::text::{Style, counted, counts};
use crate::survey::Survey;

/// What a person wants to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// What the terminal can do; only [`super::Format::Text`] and [`super::Format::Concise`] heed it.
    pub style: Style,
    /// The lightest finding that is shown; `None` for all of them, or those that fail a run where it is [`Self::quiet`].
    pub least: Option<Severity>,
    /// Whether what an exemption lets exist is shown.
    pub exempt: bool,
    /// Whether every finding shows the entry that permits it, and not only the first of its rule.
    pub entries: bool,
    /// Whether nothing is shown but findings and the verdict.
    pub quiet: bool,
}

impl From<Style> for View {
    fn from(style: Style) -> Self {
        Self {
            style,
            ..Self::default()
        }
    }
}

/// The findings that a view shows, in the report's order, and how many it does not.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown<'s> {
    pub findings: Vec<&'s Finding>,
    /// How many are not shown because they are exempt.
    exempt: usize,
    /// What is not shown because it is lighter than what was asked for.
    light: Totals,
    /// How many findings do not show the entry that permits them.
    pub entries: usize,
}

impl View {
    /// Picks the findings that are shown.
    pub(super) fn pick(self, survey: &Survey) -> Shown<'_> {
        let all = if self.quiet {
            survey.report.failing()
        } else {
            Severity::Info
        };
        let least = self.least.unwrap_or(all);
        let mut shown = Shown::default();
        for finding in &survey.report.findings {
            if finding.severity < least {
                shown.light.add(finding.severity);
            } else if finding.is_exempt() && !self.exempt {
                shown.exempt += 1;
            } else {
                shown.findings.push(finding);
            }
        }
        shown
    }
}

impl Shown<'_> {
    /// What a reader must know of what is not shown; nothing where all of it is.
    pub(super) fn note(&self) -> Option<String> {
        let mut left = Vec::new();
        if self.exempt > 0 {
            let exempt = counted(self.exempt, "exempt finding");
            left.push(format!("{exempt} (--show-exempt shows them)"));
        }
        if self.light.findings() > 0 {
            let light = counts(&self.light);
            left.push(format!("{light} (below the requested severity)"));
        }
        if self.entries > 0 {
            let more = counted(self.entries, "more finding");
            left.push(format!(
                "the entries that permit {more} (--show-entries shows them)"
            ));
        }
        (!left.is_empty()).then(|| format!("not shown: {}", left.join(", ")))
    }
}
