//! Findings: a rule's verdict about one place, complete enough for any report.
//!
//! A finding owns its texts and values, which are already free of secrets, so that no report can
//! leak a value that was hidden.

use std::ops::Range;
use std::sync::Arc;

use crate::catalog::{Class, RuleId, Severity};
use crate::path::FieldPath;
use crate::text::without_hash;

mod requested;

pub use crate::text::REDACTED;
pub use requested::{Confidence, Requested, Reverted};

/// The resource of a finding, as the overlay names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceRef {
    /// `apiVersion` as written.
    pub api_version: String,
    /// `kind` as written.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, if it is set.
    pub namespace: Option<String>,
}

impl ResourceRef {
    /// The name without the hash that kustomize's generators append, which changes with every value
    /// inside.
    #[must_use]
    pub fn plain_name(&self) -> &str {
        if matches!(self.kind.as_str(), "ConfigMap" | "Secret") {
            without_hash(&self.name)
        } else {
            &self.name
        }
    }
}

/// The field of a finding, with both values.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldRef {
    /// The path to it, by key and by index in the overlay.
    pub path: FieldPath<'static>,
    /// The path to it in the base, if it differs, as in [`crate::compare::steps::base_path`]; no
    /// report has it.
    pub base_path: Option<FieldPath<'static>>,
    /// The overlay's value; `None` if the overlay has none.
    pub overlay: Option<serde_json::Value>,
    /// The base's value; `None` if the base has none.
    pub base: Option<serde_json::Value>,
}

/// The file that a resource came from, according to the host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileRef {
    /// A path as the host wrote it, usually relative to the package.
    pub path: String,
    /// The index of the resource in the file, from 0.
    pub index: Option<u64>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file, relative to the directory that was checked, with `/` on every system.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column of the first character, from 1, in characters.
    pub column: usize,
    /// Its length in characters on that line; at least 1.
    pub length: usize,
    /// A description of the place: `strategic merge patch`, `images`, `namePrefix`.
    pub what: String,
    /// The line itself; `None` if it may contain a secret.
    pub source: Option<String>,
}

/// The text before the entry to paste, which ends [`Finding::permit`] without a full stop.
pub const ENTRY: &str = " Entry: ";

/// What to do about a finding, as one text.
#[must_use]
pub fn advice(help: &str, permit: &str) -> String {
    match (help, permit) {
        (help, "") => help.to_owned(),
        ("", permit) => format!("To permit it, {permit}"),
        (help, permit) => format!("{help} To permit it, {permit}"),
    }
}

/// The description of a place that only names the kustomization.
pub const UNTOLD: &str = "the kustomization; the exact line is not known";

/// The longest line that a place repeats, in bytes: each of a hundred thousand findings may have
/// the same one.
pub(crate) const MAX_LINE: usize = 16 << 10;

impl Place {
    /// A range of a file's text, in bytes, as reports show it: its part on the first line.
    #[must_use]
    pub fn excerpt(file: &str, text: &str, range: Range<usize>, what: String) -> Self {
        let line = line_around(text, range.start);
        let start = floor(text, range.start);
        let source = text[line.clone()].trim_end_matches('\r');
        let end = floor(text, range.end.min(line.start + source.len())).max(start);
        Self {
            file: file.to_owned(),
            line: 1 + text.as_bytes()[..line.start]
                .iter()
                .filter(|&&byte| byte == b'\n')
                .count(),
            column: 1 + text[line.start..start].chars().count(),
            length: text[start..end].trim_end().chars().count().max(1),
            what,
            source: (source.len() <= MAX_LINE).then(|| source.to_owned()),
        }
    }
}

/// The bytes of the line that contains a byte.
pub(crate) fn line_around(text: &str, at: usize) -> Range<usize> {
    let at = floor(text, at);
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let end = text[at..].find('\n').map_or(text.len(), |to| at + to);
    start..end
}

/// The nearest character boundary at or before a byte.
pub(crate) fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// The name of a service or an environment, which is never empty: an unknown one has no name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(Arc<str>);

impl Name {
    /// A name; `None` for an empty text.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(Arc::from(text)))
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The environments of a finding, and their relation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Compared {
    /// None: it is about a file, a service or a policy.
    #[default]
    Nothing,
    /// One environment, which was not compared.
    Alone(Name),
    /// An environment and its base, whatever the base's name.
    Base {
        /// The environment that was judged; `None` if it is not known.
        environment: Option<Name>,
        /// Its base.
        base: Name,
    },
    /// An environment and a sibling.
    Sibling {
        /// The environment that was judged.
        environment: Name,
        /// The earlier one.
        sibling: Name,
    },
}

impl Compared {
    /// An environment and its base; an empty name is unknown.
    #[must_use]
    pub fn with_base(environment: &str, base: &str) -> Self {
        match (Name::new(environment), Name::new(base)) {
            (environment, Some(base)) => Self::Base { environment, base },
            (Some(environment), None) => Self::Alone(environment),
            (None, None) => Self::Nothing,
        }
    }

    /// An environment and a sibling; both have names, or there would not be two.
    #[must_use]
    pub fn with_sibling(environment: &str, sibling: &str) -> Self {
        match (Name::new(environment), Name::new(sibling)) {
            (Some(environment), Some(sibling)) => Self::Sibling {
                environment,
                sibling,
            },
            _ => Self::with_base(environment, sibling),
        }
    }

    /// The environment that was judged.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::Alone(environment) | Self::Sibling { environment, .. } => {
                Some(environment.as_str())
            }
            Self::Base { environment, .. } => environment.as_ref().map(Name::as_str),
        }
    }

    /// The environment that it was compared with.
    #[must_use]
    pub fn baseline(&self) -> Option<&str> {
        match self {
            Self::Nothing | Self::Alone(_) => None,
            Self::Base { base: other, .. } | Self::Sibling { sibling: other, .. } => {
                Some(other.as_str())
            }
        }
    }
}

/// One verdict about one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's id in the catalogue.
    pub rule: RuleId,
    /// The severity under the policy; never [`Severity::Ignore`].
    pub severity: Severity,
    /// The class of the change, for findings about a single change.
    pub class: Option<Class>,
    /// The service that the base belongs to; `None` if it is not known.
    pub service: Option<Name>,
    /// The environment that was judged, and its baseline.
    pub compared: Compared,
    /// The resource, unless the finding is about the whole input.
    pub resource: Option<ResourceRef>,
    /// Whether every environment of the service differs from the base there, so that the base is
    /// not a reference.
    pub overridden: bool,
    /// The name of the resource in the base, if the base has it.
    pub base_name: Option<String>,
    /// The field, unless the finding is about the whole resource.
    pub field: Option<FieldRef>,
    /// The part of the field that makes it a finding, if there is one; lines are reported for this
    /// part.
    pub part: Option<FieldRef>,
    /// The file, if the host named it.
    pub file: Option<FileRef>,
    /// The request that caused it, if an audit log was read.
    pub requested: Option<Box<Requested>>,
    /// The exemption of the policy that covers it, or that it is about; from 0.
    pub exemption: Option<usize>,
    /// Its cause, if the sources are known.
    pub place: Option<Place>,
    /// The place of the base's value, if the sources are known.
    pub base_place: Option<Place>,
    /// One complete line: what, where, both values, and what the rule requires.
    pub message: String,
    /// One line for the heading of a text report: what is wrong, without the place.
    pub headline: String,
    /// What to do about it, in one or two sentences.
    pub help: String,
    /// A strategic merge patch with which an overlay sets the cluster's value, for findings about
    /// clusters.
    pub patch: Option<Box<serde_json::Value>>,
    /// The entry of `patches` in an overlay that keeps it, if the policy lets overlays differ:
    /// `target`, and `patch` as a value.
    pub entry: Option<Box<serde_json::Value>>,
    /// How to permit it in the policy, with the entry to paste: `add to spec.exemptions of …`;
    /// empty if that is impossible or wrong.
    pub permit: String,
}

impl Finding {
    /// A finding without a subject, to be completed.
    #[must_use]
    pub fn new(rule: RuleId, message: String, headline: String, help: String) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            class: None,
            service: None,
            compared: Compared::Nothing,
            resource: None,
            overridden: false,
            base_name: None,
            field: None,
            part: None,
            file: None,
            requested: None,
            exemption: None,
            place: None,
            base_place: None,
            message,
            headline,
            help,
            patch: None,
            entry: None,
            permit: String::new(),
        }
    }

    /// What to do about it, and how to permit it.
    #[must_use]
    pub fn advice(&self) -> String {
        advice(&self.help, &self.permit)
    }

    /// Whether an exemption of the policy covers it, which makes it information.
    #[must_use]
    pub fn is_exempt(&self) -> bool {
        self.exemption.is_some() && !self.rule.is_about_exemptions()
    }

    /// The cause, if its exact line is known.
    #[must_use]
    pub fn line(&self) -> Option<&Place> {
        self.place.as_ref().filter(|place| place.what != UNTOLD)
    }

    /// The field whose lines are reported: the part that makes it a finding, or else all of it.
    #[must_use]
    pub fn traced(&self) -> Option<&FieldRef> {
        self.part.as_ref().or(self.field.as_ref())
    }

    /// Adds a note to its message.
    pub fn add(&mut self, note: &str) {
        self.headline.push_str(note);
        self.message.push_str(note);
    }

    /// The name of the service.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.service.as_ref().map(Name::as_str)
    }

    /// The environment that was judged.
    #[must_use]
    pub fn environment(&self) -> Option<&str> {
        self.compared.environment()
    }

    /// The environment that it was compared with.
    #[must_use]
    pub fn baseline(&self) -> Option<&str> {
        self.compared.baseline()
    }

    /// The compared sides, by which reports group findings.
    #[must_use]
    pub fn sides(&self) -> Sides<'_> {
        [self.service(), self.environment(), self.baseline()]
    }
}

/// The names of a service, of the judged environment and of its baseline.
pub type Sides<'f> = [Option<&'f str>; 3];

/// Sorts findings for reports: by the place as written, then by the rule.
pub fn sort(findings: &mut Vec<Finding>) {
    let with_path = |finding: Finding| {
        let path = finding.field.as_ref().map(|field| field.path.to_string());
        (path, finding)
    };
    let mut all: Vec<_> = std::mem::take(findings)
        .into_iter()
        .map(with_path)
        .collect();
    all.sort_by(|(path, a), (other, b)| order(a, path.as_deref()).cmp(&order(b, other.as_deref())));
    findings.extend(all.into_iter().map(|(_, finding)| finding));
}

fn order<'f>(finding: &'f Finding, path: Option<&'f str>) -> impl Ord + 'f {
    (
        finding.sides(),
        &finding.resource,
        path,
        finding.rule,
        &finding.message,
    )
}

/// The number of findings of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Findings that fail the build.
    pub errors: usize,
    /// Findings that fail the build only under `failOn: warning`.
    pub warnings: usize,
    /// Findings that never fail a build.
    pub infos: usize,
    /// Overlay resources that were checked.
    pub resources: usize,
}

impl Totals {
    /// Counts one more finding.
    pub const fn add(&mut self, severity: Severity) {
        match severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Info => self.infos += 1,
            Severity::Ignore => {}
        }
    }

    /// The sum of both.
    #[must_use]
    pub const fn plus(mut self, other: &Self) -> Self {
        self.errors += other.errors;
        self.warnings += other.warnings;
        self.infos += other.infos;
        self.resources += other.resources;
        self
    }

    /// The number of findings of any severity.
    #[must_use]
    pub const fn findings(&self) -> usize {
        self.errors + self.warnings + self.infos
    }
}

/// The result of a judgement, counted once and sorted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// All findings in the order of output.
    pub findings: Vec<Finding>,
    /// The counts over [`Self::findings`].
    pub totals: Totals,
    /// Whether the policy's `failOn` is reached.
    pub failed: bool,
    /// That `failOn`, for callers that leave findings out; `None` if a report does not have it.
    pub fail_on: Option<Severity>,
}

impl Report {
    /// The lowest severity that failed a run with this result.
    ///
    /// An older report does not have it; if only warnings have failed the run, it was `warning`.
    #[must_use]
    pub fn failing(&self) -> Severity {
        let told = if self.failed && self.totals.errors == 0 {
            Severity::Warning
        } else {
            Severity::Error
        };
        self.fail_on.unwrap_or(told)
    }

    /// Counts the findings again, after some were left out.
    pub fn count(&mut self, fail_on: Severity) {
        self.totals = Totals {
            resources: self.totals.resources,
            ..Totals::default()
        };
        self.failed = false;
        for finding in &self.findings {
            self.totals.add(finding.severity);
            self.failed |= finding.severity >= fail_on;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Path;

    #[test]
    fn findings_are_sorted_by_paths_as_written() {
        let mut findings: Vec<Finding> = ["a.b", "a[10]", "a[2]", "a-b", "ab", "a[\"x.y\"]"]
            .into_iter()
            .map(|text| Finding {
                field: Some(FieldRef {
                    path: Path::parse(text).unwrap().into(),
                    base_path: None,
                    overlay: None,
                    base: None,
                }),
                ..Finding::new(RuleId::Other, String::new(), String::new(), String::new())
            })
            .collect();
        sort(&mut findings);
        let told = findings.iter().filter_map(|finding| finding.field.as_ref());
        let told: Vec<String> = told.map(|field| field.path.to_string()).collect();
        assert_eq!(told, ["a-b", "a.b", "a[\"x.y\"]", "a[10]", "a[2]", "ab"]);
    }
}
