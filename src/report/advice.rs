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
    entries: BTreeSet<(Severity, &'f str)>,
    /// Whether every entry is printed, and not only the first of a rule.
    is_each: bool,
    /// The number of findings with an entry that was not printed.
    hidden: usize,
}

/// The advice to print with a finding; empty if the reader has seen it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said<'f> {
    pub help: &'f str,
    pub permit: Cow<'f, str>,
    /// The entries that permit what is reported together with it.
    pub others: Vec<String>,
}

impl<'f> Advice<'f> {
    /// Advice with the entry of every finding, or only with the first of a rule.
    pub(super) fn new(is_each: bool) -> Self {
        Self {
            is_each,
            ..Self::default()
        }
    }

    /// The number of findings with an entry that was not printed.
    pub(super) const fn hidden(&self) -> usize {
        self.hidden
    }

    /// The advice that was not yet printed for this service: the help itself, and the first entry of a rule as an
    /// example, or every entry if that was asked for.
    ///
    /// Findings of one rule and severity keep their order in every list, so the length of the
    /// advice is always the same.
    pub(super) fn of(&mut self, finding: &'f Finding) -> Said<'f> {
        let service = finding.service();
        let is_new = self.help.insert((service, &finding.help));
        let help = if is_new { finding.help.as_str() } else { "" };
        let own = finding.permit.as_str();
        let permit = if own.is_empty() {
            ""
        } else {
            let is_first = self
                .permit
                .insert((service, finding.rule, finding.severity));
            let is_new = self.entries.insert((finding.severity, own));
            match own.find(ENTRY).and_then(|at| own.get(at..)) {
                _ if is_first => own,
                _ if !is_new => "",
                Some(entry) if self.is_each => entry,
                Some(_) => {
                    self.hidden += 1;
                    ""
                }
                None => "",
            }
        };
        Said {
            help,
            permit: Cow::Borrowed(permit),
            others: Vec::new(),
        }
    }

    /// The entry of a finding that is reported together with another one; nothing unless every entry was asked for.
    pub(super) fn also(&mut self, finding: &'f Finding, permit: &str) -> Option<String> {
        let (_, entry) = permit_and_entry(permit);
        let is_new = self.entries.insert((finding.severity, &finding.permit));
        if entry.is_empty() || !is_new {
            return None;
        }
        if !self.is_each {
            self.hidden += 1;
        }
        self.is_each.then(|| entry.to_owned())
    }
}

impl Said<'_> {
    /// The lines of a report for people, each with its label.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let (permit, entry) = permit_and_entry(&self.permit);
        let lines = [("help", self.help), ("permit", permit), ("entry", entry)];
        let others = self.others.iter().map(|entry| ("entry", entry.as_str()));
        let lines = lines.into_iter().chain(others);
        lines.filter(|(_, said)| !said.is_empty())
    }
}

/// The instruction for permitting a finding, split into the sentence and the entry to paste, which
/// goes on its own line.
pub(super) fn permit_and_entry(permit: &str) -> (&str, &str) {
    permit.split_once(ENTRY).unwrap_or((permit, ""))
}
