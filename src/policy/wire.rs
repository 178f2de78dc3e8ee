//! The functionConfig as written, and the schema that is generated from it.
//!
//! These types check names and types, but not meaning: [`super::read()`] checks the rest. Every
//! optional key may also be `null`, which means the same as leaving it out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use kube_core::schema::{OptionalEnum, StructuralSchemaRewriter};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use serde_json::{Map, Number, json};

use super::managers::DriftSpec;
use crate::catalog::{Class, Rule, RuleId, Severity};

/// The shapes that a functionConfig may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ParityPolicy`: what an overlay may do.
    ParityPolicy,
    /// `SnapshotRecorder`: seal the incoming items.
    SnapshotRecorder,
    /// A `ConfigMap` that carries the flat keys of a policy.
    ConfigMap,
    /// A `ConfigMap` that carries the keys of a recorder.
    RecorderConfigMap,
}

/// The structural `openAPIV3Schema` of a kind, in the form that Kubernetes and kpt require.
///
/// Every call builds it, which takes some hundred microseconds: call this only to show it, or to
/// explain a fault. `rules` are those that a policy may set.
#[must_use]
pub fn schema(rules: &[&Rule], kind: Kind) -> serde_json::Value {
    let settings = SchemaSettings::openapi3().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let generator = settings
        .with_transform(StructuralSchemaRewriter)
        .with_transform(OptionalEnum)
        .into_generator();
    let mut schema = match kind {
        Kind::ParityPolicy => generator.into_root_schema_for::<ParityPolicy>(),
        Kind::SnapshotRecorder => generator.into_root_schema_for::<SnapshotRecorder>(),
        Kind::ConfigMap => generator.into_root_schema_for::<PolicyConfigMap>(),
        Kind::RecorderConfigMap => generator.into_root_schema_for::<RecorderConfigMap>(),
    }
    .to_value();
    let settings = schema.pointer_mut("/properties/spec/properties/rules");
    if let Some(settings) = settings.and_then(serde_json::Value::as_object_mut) {
        let all = rules.iter();
        let all: Map<_, _> = all
            .map(|rule| (rule.id.to_string(), rule_schema(rule)))
            .collect();
        // It stays the last key, as everywhere.
        let nullable = settings.remove_entry("nullable");
        settings.insert("properties".to_owned(), all.into());
        settings.extend(nullable);
    }
    schema
}

/// The changes that overlays may make to their base, and the severity of each rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParityPolicy {
    /// Always `krm-parity.io/v1alpha1`.
    pub api_version: String,
    /// Always `ParityPolicy`.
    pub kind: String,
    /// The name of the policy, and labels and annotations of the tools that apply it.
    pub metadata: Option<Metadata>,
    /// The settings of the policy; without them the defaults apply.
    pub spec: Option<PolicySpec>,
}

/// The settings of a policy.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicySpec {
    /// The environment of the items. Not needed for a matrix of snapshots.
    pub environment: Option<String>,
    /// All environments, in promotion order.
    pub environments: Option<Vec<String>>,
    /// The environment that the others are compared with.
    #[schemars(extend("default" = "base"))]
    pub baseline: Option<String>,
    /// Whether name prefixes, namespaces and labels that are set on all resources are ignored (cancel, the default) or count as changes (strict).
    #[schemars(extend("default" = "cancel"))]
    pub identity: Option<IdentityMode>,
    /// The changes that overlays may make.
    pub allow: Option<Allow>,
    /// The settings of the rules, by id.
    pub rules: Option<Rules>,
    /// Findings that are accepted, each with a reason and a last day.
    pub exemptions: Option<Vec<ExemptionSpec>>,
    /// Services that intentionally have fewer environments than `environments` lists; these entries have no end date.
    pub services: Option<Vec<ServiceSpec>>,
    /// Where the overlays of the repository are, if `krm-parity check` does not find them by itself.
    pub layout: Option<LayoutSpec>,
    /// What `krm-parity drift` and `krm-parity audit` need to know about the clusters.
    pub drift: Option<DriftSpec>,
    /// The lowest severity that fails the build: error (the default) or warning.
    #[schemars(extend("default" = "error"))]
    pub fail_on: Option<FailOn>,
    /// Whether the function returns the items (items, the default) or nothing (none), as kustomize's `validators:` requires.
    #[schemars(extend("default" = "items"))]
    pub emit: Option<Emit>,
}

/// The environments of a service that has fewer than the policy lists.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceSpec {
    /// The services of this entry, as a glob with `*` and `?`. The first entry that matches a service applies.
    pub name: String,
    /// The environments that they have, out of `spec.environments`; the others are not reported as missing.
    pub environments: Vec<String>,
}

/// Where the overlays of a repository are.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LayoutSpec {
    /// Patterns of the overlays' directories, such as `apps/{service}/overlays/{environment}`: `*` matches any characters of one part, `**` any number of parts. The first match applies; a directory that matches no pattern is not an overlay.
    pub overlays: Option<Vec<String>>,
    /// Globs of directories to exclude, even if they look like overlays: `test/*`.
    pub ignore: Option<Vec<String>>,
}

/// The changes that overlays may make.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Allow {
    /// The classes of fields that may differ. A list here replaces the default.
    #[schemars(extend("default" = Class::ALLOWED_BY_DEFAULT.map(Class::id)))]
    pub classes: Option<Vec<ClassName>>,
    /// Single fields that may differ, in addition to the classes.
    pub fields: Option<Vec<AllowedField>>,
}

/// A field that may differ, in addition to the classes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowedField {
    /// The resources of this entry; without it, all.
    pub target: Option<TargetSpec>,
    /// The pattern of the field's path: `*` matches one segment, `**` any number, `[*]` any element of a list, `[flag=--metrics]` a flag among arguments.
    pub path: String,
    /// The environments of this entry; without it, all.
    pub environments: Option<Vec<String>>,
    /// The services of this entry, as globs with `*` and `?`; without it, all.
    pub services: Option<Vec<String>>,
    /// Why the field may differ.
    pub reason: String,
}

/// Selects resources by globs with `*` and `?`; all of them must match.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// The API group; empty for the core group.
    pub group: Option<String>,
    /// The API version without the group.
    pub version: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// The namespace of the resource in the overlay.
    pub namespace: Option<String>,
    /// The name of the resource in the base or in the overlay.
    pub name: Option<String>,
}

/// Accepts findings until a day, for a reason.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExemptionSpec {
    /// The rule whose findings are exempt.
    pub rule: String,
    /// The resources of this entry; without it, all.
    pub target: Option<TargetSpec>,
    /// The pattern of the findings' path; without it, all.
    pub path: Option<String>,
    /// The value, as a string, that the field must have in the environment: `<absent>` for none, a list or a map as JSON, a long value by its `sha256:` digest. For rules that compare sizes (`inverted-resources`, `inverted-replicas`, `scale-factor`), values between it and the other environment's also match. Without it, any value; the value of a Secret never matches.
    pub value: Option<String>,
    /// The value in each environment, where they differ: `{staging: "1.4.0", production: "1.5.0"}`. The exemption applies to these environments, and must not have `value` or `environments`.
    pub values: Option<BTreeMap<String, String>>,
    /// The environments of this entry; without it, all.
    pub environments: Option<Vec<String>>,
    /// The services of this entry, as globs with `*` and `?`; without it, all.
    pub services: Option<Vec<String>>,
    /// Why the findings are accepted.
    pub reason: String,
    /// The last day of the exemption, as YYYY-MM-DD in UTC.
    #[schemars(extend("format" = "date"))]
    pub expires: String,
}

/// The settings of the rules, by id.
#[derive(Debug, Default, Deserialize)]
pub struct Rules(pub BTreeMap<RuleName, Option<RuleSpec>>);

impl JsonSchema for Rules {
    fn schema_name() -> Cow<'static, str> {
        "Rules".into()
    }

    /// A map; [`schema`] adds its keys.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "object"})
    }
}

/// The schema of one rule's settings, with their requirements and defaults.
fn rule_schema(rule: &Rule) -> serde_json::Value {
    let mut severities = Severity::ALL.map(Severity::id);
    severities.reverse();
    let mut properties = Map::new();
    if let Some(max) = rule.max {
        let bound = json!({
            "description": match rule.unit {
                _ if rule.id == RuleId::ExpiringExemption => {
                    "How many days before its last day an exemption is announced.".to_owned()
                }
                "×" => "The largest factor that is allowed.".to_owned(),
                unit => format!("The largest number of{unit} that is allowed."),
            },
            "default": max.parse::<Number>().ok(),
            "type": "number",
            "minimum": rule.least(),
            "nullable": true,
        });
        properties.insert("max".to_owned(), bound);
    }
    let severity = json!({
        "default": rule.severity.id(),
        "type": "string",
        "enum": severities,
        "nullable": true,
    });
    properties.insert("severity".to_owned(), severity);
    json!({
        "description": rule.summary,
        "type": "object",
        "properties": properties,
        "nullable": true,
    })
}

/// What one rule is set to.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// The weight of the rule's findings.
    pub severity: Option<SeverityName>,
    /// The greatest factor or number that is still fine.
    pub max: Option<Decimal>,
}

/// Records the incoming items in an `EnvironmentSnapshot`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SnapshotRecorder {
    /// Always `krm-parity.io/v1alpha1`.
    pub api_version: String,
    /// Always `SnapshotRecorder`.
    pub kind: String,
    /// The name of the service, and labels and annotations of the tools that apply it.
    pub metadata: Option<Metadata>,
    /// How to record; without it the items are recorded as the base.
    pub spec: Option<RecorderSpec>,
}

/// How to record.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecorderSpec {
    /// The service that the items belong to. Default: the recorder's name.
    pub service: Option<String>,
    /// The environment of the items.
    #[schemars(extend("default" = "base"))]
    pub environment: Option<String>,
    /// Whether the snapshot is added to the items (append, the default) or replaces them (replace).
    #[schemars(extend("default" = "append"))]
    pub mode: Option<Mode>,
}

/// A policy in a `ConfigMap`: the keys of a `ParityPolicy` that are flat.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PolicyConfigMap {
    /// Always `v1`.
    pub api_version: String,
    /// Always `ConfigMap`.
    pub kind: String,
    /// The name of the policy, and labels and annotations of the tools that apply it.
    pub metadata: Option<Metadata>,
    /// The settings of the policy.
    pub data: Option<FlatPolicy>,
}

/// The settings of a policy in a `ConfigMap`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlatPolicy {
    /// The environment of the items.
    pub environment: Option<String>,
    /// All environments in promotion order, separated by commas.
    pub environments: Option<String>,
    /// The environment that the others are compared with.
    #[schemars(extend("default" = "base"))]
    pub baseline: Option<String>,
    /// As `spec.identity` of a `ParityPolicy`.
    #[schemars(extend("default" = "cancel"))]
    pub identity: Option<IdentityMode>,
    /// The classes of fields that may differ, separated by commas.
    pub allow: Option<String>,
    /// As `spec.failOn` of a `ParityPolicy`.
    #[schemars(extend("default" = "error"))]
    pub fail_on: Option<FailOn>,
    /// As `spec.emit` of a `ParityPolicy`.
    #[schemars(extend("default" = "items"))]
    pub emit: Option<Emit>,
}

/// A recorder in a `ConfigMap`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecorderConfigMap {
    /// Always `v1`.
    pub api_version: String,
    /// Always `ConfigMap`.
    pub kind: String,
    /// The name of the service, and labels and annotations of the tools that apply it.
    pub metadata: Option<Metadata>,
    /// How to record.
    pub data: Option<RecorderSpec>,
}

/// The part of an object's metadata that means something here.
///
/// Everything else is tolerated, since hosts add labels and annotations as they please.
#[derive(Debug, Default, Deserialize)]
pub struct Metadata {
    /// The name of the object.
    pub name: Option<String>,
}

impl JsonSchema for Metadata {
    fn schema_name() -> Cow<'static, str> {
        "Metadata".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "properties": {"name": {"type": "string", "nullable": true}},
            "x-kubernetes-preserve-unknown-fields": true,
        })
    }
}

/// What becomes of the items that a recorder seals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The items stay, and the snapshot is added.
    #[default]
    Append,
    /// Only the snapshot is returned.
    Replace,
}

/// What counts as a change of what a resource is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdentityMode {
    /// Names, namespaces and labels that are set on all resources are ignored.
    #[default]
    Cancel,
    /// Every difference counts.
    Strict,
}

/// What goes on to the next function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Emit {
    /// The items, unchanged.
    #[default]
    Items,
    /// No items, as kustomize's `validators:` requires.
    None,
}

/// The lowest severity that fails the build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Errors fail the build.
    #[default]
    Error,
    /// Errors and warnings fail the build.
    Warning,
}

/// A class by its id.
#[derive(Debug)]
pub struct ClassName(pub Class);

impl<'de> Deserialize<'de> for ClassName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = Cow::<str>::deserialize(deserializer)?;
        let class = Class::from_id(&id);
        class
            .map(Self)
            .ok_or_else(|| de::Error::custom("unknown class"))
    }
}

impl JsonSchema for ClassName {
    fn schema_name() -> Cow<'static, str> {
        "ClassName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": Class::ALL.map(Class::id)})
    }
}

/// A severity by its id.
#[derive(Debug)]
pub struct SeverityName(pub Severity);

impl<'de> Deserialize<'de> for SeverityName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = Cow::<str>::deserialize(deserializer)?;
        let severity = Severity::ALL
            .into_iter()
            .find(|severity| severity.id() == id);
        severity
            .map(Self)
            .ok_or_else(|| de::Error::custom("unknown severity"))
    }
}

/// A rule by its id.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RuleName(pub RuleId);

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = Cow::<str>::deserialize(deserializer)?;
        let rule = RuleId::parse(&id);
        rule.map(Self)
            .ok_or_else(|| de::Error::custom("unknown rule"))
    }
}

/// A number as decimal text.
///
/// The YAML parser has already turned a number with a fraction into a float. This is the shortest
/// decimal with that value, which equals the written one up to 15 digits.
#[derive(Debug)]
pub struct Decimal(pub String);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyNumber;
        impl Visitor<'_> for AnyNumber {
            type Value = Decimal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Decimal, E> {
                Ok(Decimal(number.to_string()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Decimal, E> {
                Ok(Decimal(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Decimal, E> {
                Ok(Decimal(number.to_string()))
            }
        }
        deserializer.deserialize_any(AnyNumber)
    }
}
