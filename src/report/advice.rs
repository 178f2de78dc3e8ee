//! What to do about findings; repeated advice is printed once.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::catalog::{RuleId, Severity};
use crate::finding::{ENTRY, Finding};

/// The advice that was already printed.
#[derive(Clone, Debug, Default)]
pub(super) struct Advice<'f> {
    help: BTreeSet<(Option<&'f str>, &'f str)>,
    permit: BTreeSet<(Option<&'f str>, RuleId, Severity)>,
}

/// The advice to print with a finding; empty if the reader has seen it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said<'f> {
    pub help: &'f str,
    pub permit: Cow<'f, str>,
}

impl<'f> Advice<'f> {
    /// The advice that was not yet printed for this service: the help itself, and one example entry
    /// per rule.
    ///
    /// Findings of one rule and severity keep their order in every list, so the length of the
    /// advice is always the same.
    pub(super) fn of(&mut self, finding: &'f Finding) -> Said<'f> {
        let service = finding.service();
        let is_new = self.help.insert((service, &finding.help));
        let help = if is_new { finding.help.as_str() } else { "" };
        let key = (service, finding.rule, finding.severity);
        let is_new = !finding.permit.is_empty() && self.permit.insert(key);
        let permit = if is_new { finding.permit.as_str() } else { "" };
        Said {
            help,
            permit: Cow::Borrowed(permit),
        }
    }
}

impl Said<'_> {
    /// The lines of a report for people, each with its label.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let (permit, entry) = permit_and_entry(&self.permit);
        let lines = [("help", self.help), ("permit", permit), ("entry", entry)];
        lines.into_iter().filter(|(_, said)| !said.is_empty())
    }
}

/// The instruction for permitting a finding, split into the sentence and the entry to paste, which
/// goes on its own line.
pub(super) fn permit_and_entry(permit: &str) -> (&str, &str) {
    permit.split_once(ENTRY).unwrap_or((permit, ""))
}
