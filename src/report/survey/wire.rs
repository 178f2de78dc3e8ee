//! The report as JSON has it: the types that are written, read, and described by the published schema.
//!
//! They are apart from the types that the program works with, so that those can
//! change without changing what others read.

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

/// What a look at a repository found: services × environments, and every finding.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParityReport {
    /// Always `krm-parity.io/v1alpha1`. A change that readers must know of comes with another version; keys may be added to this one.
    pub api_version: String,
    /// Always `ParityReport`.
    pub kind: String,
    /// The program that wrote the report.
    pub tool: Tool,
    /// The part of a check that this is, where `--shard` split it; `krm-parity merge` makes sure that all are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// Whether the policy's `failOn` is reached, which is exit code 1; with `against`, by what is new.
    pub failed: bool,
    /// The policy's `failOn`: the lightest finding that fails a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_on: Option<Severity>,
    /// How much was found.
    pub totals: Totals,
    /// What was looked at, sorted by name.
    pub services: Vec<Service>,
    /// What was found, sorted by service, environment, baseline, resource and field; with `against`, what is new.
    pub findings: Vec<Finding>,
    /// What was known before and what is fixed, where `--new` or `--against` has held it against an earlier look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<Against>,
    /// What a reader must know to trust the rest, a line each: what was left out, and why.
    pub notes: Vec<String>,
}

/// What a report was held against, and what is not new.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Against {
    /// What a person calls it: `main (0123456789ab)`, `report.json`.
    pub name: String,
    /// What is there and was there before; it does not count in `totals` and fails nothing.
    pub known: Vec<Finding>,
    /// What was there before and is not there any more, as it was found then.
    pub fixed: Vec<Finding>,
}

/// Whether a finding was there in an earlier look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// It was not.
    New,
    /// It was.
    Known,
    /// It was, and is not any more.
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

/// The part of a check that a report tells.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shard {
    /// Which one, from 1.
    #[schemars(range(min = 1))]
    pub index: usize,
    /// How many there are.
    #[schemars(range(min = 1))]
    pub count: usize,
    /// A digest of the services and of the policy before they were split; all shards of one check have the same.
    pub of: String,
}

/// How many findings of each weight there are.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Totals {
    /// Findings that fail a run.
    pub errors: usize,
    /// Findings that fail a run only under `failOn: warning`.
    pub warnings: usize,
    /// Findings that never fail a run.
    pub infos: usize,
    /// Resources of overlays that were looked at.
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
    /// The directory or the file that it was made from; empty for a missing one.
    pub directory: String,
    /// What became of it.
    pub state: State,
}

/// What became of an environment.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was built and judged.
    Judged,
    /// It could not be built; a finding has the builder's words.
    Failed,
    /// The policy lists it and the service lacks it.
    Missing,
    /// It was left out on purpose.
    Skipped,
}

/// The weight of a finding.
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

/// One verdict about one place.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// The weight after the policy has spoken.
    pub severity: Severity,
    /// Whether it was there before, where `--new` or `--against` has asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<Standing>,
    /// The class of the change, for findings about a single change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// 32 hexadecimal digits that stay when lines shift or words change; no two findings of a report share them.
    pub fingerprint: String,
    /// 32 hexadecimal digits that the findings of one place share, an environment each; left out where there is one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Whether every environment of the service differs from the base there, so that the base is no reference.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub overridden: bool,
    /// The service; empty where it is not known.
    pub service: String,
    /// The environment that was judged; empty where it is not known.
    pub environment: String,
    /// The environment that it was compared with.
    pub baseline: String,
    /// The resource as the overlay names it, unless the finding speaks of the whole input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// The name that the resource has in the base.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_name: Option<String>,
    /// The field, unless the finding speaks of the whole resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<Field>,
    /// The file that the resource came from, as the host told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// The request to the cluster that made it so, where an audit log was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// What caused it, where the sources are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<SourcePlace>,
    /// Where the baseline says what is not so here, where the sources are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_place: Option<SourcePlace>,
    /// One line that stands alone: what, where, which value here, which in the base, what is demanded.
    pub message: String,
    /// One line that says what happened, without where.
    pub headline: String,
    /// What to do about it.
    pub help: String,
    /// How the policy would permit it, with the entry to paste.
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
    /// The path with elements by index in the overlay; by key those that it lacks.
    pub index_path: String,
    /// The overlay's value; left out where the overlay has none.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub overlay: Option<Value>,
    /// The base's value; left out where the base has none.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    pub base: Option<Value>,
}

/// A value that is there, `null` included.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A file that a resource came from.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct File {
    /// A path as the host wrote it.
    pub path: String,
    /// The index of the resource in the file, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

/// Where in a file something stands.
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
    /// How many characters of that line it takes.
    #[schemars(range(min = 1))]
    pub length: usize,
    /// What stands there: `strategic merge patch`, `images`, `namePrefix`.
    pub what: String,
    /// The line itself; left out where it may hold a secret.
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
    /// Which key is wrong, and why.
    type Error = String;

    fn try_from(field: Field) -> Result<Self, Self::Error> {
        let read = |key, text| Path::parse(text).map_err(|error| format!("{key}: {error}"));
        let keyed = read("path", &field.path)?;
        let indexed = read("indexPath", &field.index_path)?;
        let path = FieldPath::join(keyed, &indexed);
        Ok(Self {
            path: path
                .ok_or("path and indexPath lead to different places")?
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
    /// Lines, columns and lengths are at least 1, whatever was written.
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
