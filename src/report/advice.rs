//! What to do about findings, said once where many are alike.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::catalog::{RuleId, Severity};
use crate::finding::{ENTRY, Finding};

/// What was said already.
#[derive(Clone, Debug, Default)]
pub(super) struct Advice<'f> {
    help: BTreeSet<(Option<&'f str>, &'f str)>,
    permit: BTreeSet<(Option<&'f str>, RuleId, Severity)>,
}

/// What is to be said with a finding; empty where a reader knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said<'f> {
    pub help: &'f str,
    pub permit: Cow<'f, str>,
}

impl<'f> Advice<'f> {
    /// What has not been said in this service: the help itself, and of the entries of a rule the first, as an example.
    ///
    /// Findings of one rule and weight keep their order wherever they are listed, so what is said is always as long.
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

/// How to permit a finding, without and with the entry to paste, which a person copies from a line of its own.
pub(super) fn permit_and_entry(permit: &str) -> (&str, &str) {
    permit.split_once(ENTRY).unwrap_or((permit, ""))
}
