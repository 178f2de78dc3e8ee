//! The report in JSON: the types that are written, read, and described by the published schema.
//!
//! They are separate from the types of the program, so that those can change without changing the
//! format.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

use crate::finding::{FieldRef, FileRef, Place, ResourceRef};
use crate::path::{FieldPath, Path};

mod request;

pub use request::{Confidence, Request, Requester, Reverted};

/// The kind of the document.
pub const KIND: &str = "ParityReport";

/// The API version of the document.
pub use crate::api::API_VERSION;

/// The JSON Schema (draft 2020-12) of the report.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(ParityReport).to_value();
    schema["properties"]["apiVersion"]["const"] = json!(API_VERSION);
    schema["properties"]["kind"]["const"] = json!(KIND);
    schema
}

/// The result of a check of a repository: services × environments, and all findings.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParityReport {
    /// Always `krm-parity.io/v1alpha1`. An incompatible change gets a new version; keys may be added to this one.
    pub api_version: String,
    /// Always `ParityReport`.
    pub kind: String,
    /// The program that wrote the report.
    pub tool: Tool,
    /// Which part of a check this is, if `--shard` split it; `krm-parity merge` requires all parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Whether the findings reach the policy's `failOn`, which is exit code 1; with `against`, only new findings count.
    pub failed: bool,
    /// The policy's `failOn`: the lowest severity that fails a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<Severity>,
    /// The number of findings.
    pub totals: Totals,
    /// The services that were checked, sorted by name.
    pub services: Vec<Service>,
    /// The findings, sorted by service, environment, baseline, resource and field; with `against`, only new ones.
    pub findings: Vec<Finding>,
    /// Known and fixed findings, if `--new` or `--against` compared with an earlier check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// Notes about the check, one per line, such as what was left out and why.
    pub notes: Vec<String>,
}

/// What a report was compared with, and the findings that are not new.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Against {
    /// Its name for people: `main (0123456789ab)`, `report.json`.
    pub name: String,
    /// Findings that also existed before; they do not count in `totals` and do not fail the run.
    pub known: Vec<Finding>,
    /// Findings that existed before and are gone, as they were then.
    pub fixed: Vec<Finding>,
}

/// Whether an earlier check had a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It did not.
    New,
    /// It did.
    Known,
    /// It did, and this check does not.
    Fixed,
}

/// The program that wrote a report.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tool {
    /// Always `krm-parity`.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// The part of a check that a report covers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shard {
    /// Which part, from 1.
    #[schemars(range(min = 1))]
    pub index: usize,
    /// The number of parts.
    #[schemars(range(min = 1))]
    pub count: usize,
    /// A digest of the services and the policy before the split; all shards of one check have the same.
    pub of: String,
}

/// The number of findings of each severity.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Totals {
    /// Findings that fail a run.
    pub errors: usize,
    /// Findings that fail a run only under `failOn: warning`.
    pub warnings: usize,
    /// Findings that never fail a run.
    pub infos: usize,
    /// Resources of overlays that were checked.
    pub resources: usize,
}

/// A base with its environments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// Its name, unique in the report.
    pub name: String,
    /// The directories or files of the base, relative to the directory that was checked.
    pub bases: Vec<String>,
    /// Its environments in promotion order.
    pub environments: Vec<Environment>,
}

/// One environment of a service.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// The directory or file that it was built from; empty for a missing one.
    pub directory: String,
    /// Its state.
    pub state: State,
}

/// The state of an environment.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was built and checked.
    Judged,
    /// It could not be built; a finding has the builder's message.
    Failed,
    /// The policy lists it, but the service does not have it.
    Missing,
    /// It was left out on purpose.
    Skipped,
}

/// The severity of a finding.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It never fails a run.
    Info,
    /// It fails a run only under `failOn: warning`.
    Warning,
    /// It fails a run.
    Error,
}

/// One finding about one place.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// The severity, after the policy was applied.
    pub severity: Severity,
    /// Whether it existed before, if `--new` or `--against` was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// The class of the change, for findings about a single change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// 32 hexadecimal digits that do not change when lines move or messages are reworded; unique in a report.
    pub fingerprint: String,
    /// 32 hexadecimal digits that are the same for one place in several environments; left out if there is only one finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether every environment of the service differs from the base there, so that the base is not a reference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overridden: bool,
    /// The service; empty if it is not known.
    pub service: String,
    /// The environment that was checked; empty if it is not known.
    pub environment: String,
    /// The environment that it was compared with.
    pub baseline: String,
    /// The resource as the overlay names it, unless the finding is about the whole input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// The name of the resource in the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_name: Option<String>,
    /// The field, unless the finding is about the whole resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Field>,
    /// The file of the resource, as kustomize or kpt passed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// The request to the cluster that caused it, if an audit log was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// The file and line that caused it, if the sources are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<SourcePlace>,
    /// The file and line of the baseline's value, if the sources are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_place: Option<SourcePlace>,
    /// One complete line: what, where, both values, and what the rule requires.
    pub message: String,
    /// One line that says what is wrong, without the place.
    pub headline: String,
    /// What to do about it.
    pub help: String,
    /// How to permit it in the policy; it ends with the entry to paste.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub permit: String,
}

/// A resource.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resource {
    /// `apiVersion` as written.
    pub api_version: String,
    /// `kind` as written.
    pub kind: String,
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`, where it is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

/// A field with both values; a Secret's values are `<redacted>`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Field {
    /// The path with elements by key: `containers[name=web].image`.
    pub path: String,
    /// The path with elements by index in the overlay; by key for elements that it lacks.
    pub index_path: String,
    /// The overlay's value; left out if it has none.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub overlay: Option<Value>,
    /// The base's value; left out if it has none.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub base: Option<Value>,
}

/// A value that exists, including `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A file that a resource came from.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct File {
    /// The path, as kustomize or kpt wrote it.
    pub path: String,
    /// The index of the resource in the file, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// A place in a file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourcePlace {
    /// The file, relative to the directory that was checked, with `/` on every system.
    pub file: String,
    /// The line, from 1.
    #[schemars(range(min = 1))]
    pub line: usize,
    /// The column of the first character, from 1, in characters.
    #[schemars(range(min = 1))]
    pub column: usize,
    /// Its length in characters, on that line.
    #[schemars(range(min = 1))]
    pub length: usize,
    /// What is in that place: `strategic merge patch`, `images`, `namePrefix`.
    pub what: String,
    /// The text of the line; left out if it may contain a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl From<&ResourceRef> for Resource {
    fn from(resource: &ResourceRef) -> Self {
        let resource = resource.clone();
        Self {
            api_version: resource.api_version,
            kind: resource.kind,
            name: resource.name,
            namespace: resource.namespace,
        }
    }
}

impl From<Resource> for ResourceRef {
    fn from(resource: Resource) -> Self {
        Self {
            api_version: resource.api_version,
            kind: resource.kind,
            name: resource.name,
            namespace: resource.namespace,
        }
    }
}

impl From<&FieldRef> for Field {
    fn from(field: &FieldRef) -> Self {
        Self {
            path: field.path.to_string(),
            index_path: field.path.by_index().to_string(),
            overlay: field.overlay.clone(),
            base: field.base.clone(),
        }
    }
}

impl TryFrom<Field> for FieldRef {
    /// The faulty key, and the reason.
    type Error = String;

    fn try_from(field: Field) -> Result<Self, Self::Error> {
        let read = |key, text| Path::parse(text).map_err(|error| format!("{key}: {error}"));
        let keyed = read("path", &field.path)?;
        let indexed = read("indexPath", &field.index_path)?;
        let path = FieldPath::join(keyed, &indexed);
        Ok(Self {
            path: path
                .ok_or("path and indexPath point to different fields")?
                .into_owned(),
            base_path: None,
            overlay: field.overlay,
            base: field.base,
        })
    }
}

impl From<&FileRef> for File {
    fn from(file: &FileRef) -> Self {
        Self {
            path: file.path.clone(),
            index: file.index,
        }
    }
}

impl From<File> for FileRef {
    fn from(file: File) -> Self {
        Self {
            path: file.path,
            index: file.index,
        }
    }
}

impl From<&Place> for SourcePlace {
    fn from(place: &Place) -> Self {
        let place = place.clone();
        Self {
            file: place.file,
            line: place.line,
            column: place.column,
            length: place.length,
            what: place.what,
            source: place.source,
        }
    }
}

impl From<SourcePlace> for Place {
    /// Lines, columns and lengths are at least 1, whatever the report says.
    fn from(place: SourcePlace) -> Self {
        Self {
            file: place.file,
            line: place.line.max(1),
            column: place.column.max(1),
            length: place.length.max(1),
            what: place.what,
            source: place.source,
        }
    }
}
