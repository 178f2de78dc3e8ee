//! Findings: a rule's verdict about one place, complete enough for any report.
//!
//! A finding holds text and values of its own, already free of secrets, so
//! that no report can leak what the judgement has hidden.

use crate::catalog::{Class, Severity};

/// What stands in a report instead of a Secret's value.
pub const REDACTED: &str = "<redacted>";

/// The resource that a finding speaks of, as the overlay names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ResourceRef {
    /// `apiVersion` as written.
    pub api_version: String,
    /// `kind` as written.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, where it is set.
    pub namespace: Option<String>,
}

/// The field that a finding speaks of, with both values.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldRef {
    /// The path for people, with elements by key: `containers[name=web].image`.
    pub path: String,
    /// The path for the KRM specification, with elements by index in the overlay.
    pub index_path: String,
    /// The overlay's value; `None` where the overlay has none.
    pub overlay: Option<serde_json::Value>,
    /// The base's value; `None` where the base has none.
    pub base: Option<serde_json::Value>,
}

/// The file that a resource came from, as the host told it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileRef {
    /// A path as the host wrote it, usually relative to the package.
    pub path: String,
    /// The index of the resource in the file, from 0.
    pub index: Option<u64>,
}

/// One verdict about one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The rule's id in the catalogue.
    pub rule: &'static str,
    /// The weight after the policy has spoken; never [`Severity::Ignore`].
    pub severity: Severity,
    /// The class of the change, for findings about a single change.
    pub class: Option<Class>,
    /// The service that the base belongs to; empty where it is not known.
    pub service: String,
    /// The environment that was judged; empty where it is not known.
    pub environment: String,
    /// The environment that it was compared with.
    pub baseline: String,
    /// The resource, unless the finding speaks of the whole input.
    pub resource: Option<ResourceRef>,
    /// The name that the resource has in the base, where the base has it.
    pub base_name: Option<String>,
    /// The field, unless the finding speaks of the whole resource.
    pub field: Option<FieldRef>,
    /// The file, where the host told it.
    pub file: Option<FileRef>,
    /// One line that stands alone: what, where, which value here, which in the base, what is demanded.
    pub message: String,
    /// One line for the text report's head: what happened, without where.
    pub headline: String,
    /// What to do about it, in one or two sentences.
    pub help: String,
}

/// How many findings of each weight there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Findings that fail the build.
    pub errors: usize,
    /// Findings that fail the build only under `failOn: warning`.
    pub warnings: usize,
    /// Findings that never fail a build.
    pub infos: usize,
    /// Overlay resources that were looked at.
    pub resources: usize,
}

/// Everything that a judgement has to say, counted once and sorted.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// All findings in the order of output.
    pub findings: Vec<Finding>,
    /// The counts over [`Self::findings`].
    pub totals: Totals,
    /// Whether the policy's `failOn` is reached.
    pub failed: bool,
}
