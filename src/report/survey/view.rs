//! The part of a survey that the formats for people show.
//!
//! Omitted findings are counted, so that silence is not mistaken for a clean repository. Formats
//! for programs are complete, because a finding that is missing in them counts as fixed.

use crate::catalog::Severity;
use crate::finding::{Finding, Totals};
use crate::report::text::{Style, counted, counts};
use crate::survey::Survey;

/// A user's view of a survey.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The abilities of the terminal; only [`super::Format::Text`] and [`super::Format::Concise`]
    /// use it.
    pub style: Style,
    /// The lowest severity that is shown; `None` for all findings, or with [`Self::quiet`] for
    /// those that fail a run.
    pub least: Option<Severity>,
    /// Whether exempted findings are shown.
    pub exempt: bool,
    /// Whether every finding shows the entry that permits it, and not only the first of its rule.
    pub entries: bool,
    /// Whether only findings and the verdict are shown.
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

/// The findings that a view shows, in the report's order, and the number of hidden ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown<'s> {
    pub findings: Vec<&'s Finding>,
    /// The number of findings that are hidden because they are exempt.
    exempt: usize,
    /// The findings that are hidden because of a lower severity.
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
    /// The note about hidden findings; `None` if there are none.
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
