//! Audit records: one JSON line per change that was made to a cluster, for archives.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::wire::{Confidence, Requester, Resource, Reverted};
use crate::catalog::RuleId;
use crate::finding::{Finding, REDACTED};
use crate::survey::Survey;
use crate::text;

/// The kind of a record, for its schema.
pub const KIND: &str = "AuditRecord";

/// The name of the format.
pub const ID: &str = "audit-record";

/// The JSON Schema (draft 2020-12) of a record.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(AuditRecord).to_value()
}

/// A change of an object in a cluster that is not in Git. Keys whose value is not known are left out.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AuditRecord {
    /// 32 hexadecimal digits, always the same for the same request and field.
    pub id: String,
    /// When the request was received; with confidence `tool`, when that tool wrote last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The service, as krm-parity check names it.
    pub application: String,
    /// The environment that runs in the cluster.
    pub environment: String,
    /// The cluster, if `--cluster` or the log names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The object.
    pub resource: Resource,
    /// The field, with list elements by key; left out if the change is of the whole object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The class of the field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The kind of change.
    pub change: Done,
    /// The rule that it breaks.
    pub rule: String,
    /// The value in Git; never of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Value>,
    /// The value in the cluster after the change; never of a Secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<Value>,
    /// The field manager, or the user agent of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// `Apply` or `Update`, as in managed fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The subresource, such as `scale`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Requester>,
    /// The id of the request in the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "auditID")]
    pub audit_id: Option<String>,
    /// `create`, `update`, `patch`, `delete` or `deletecollection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// How sure it is that the request is the cause.
    pub confidence: Confidence,
    /// Its reversal, if the log shows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverted: Option<Reverted>,
    /// Whether self-heal reverts it, which it does only for fields that Git sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub self_heal_reverts: Option<bool>,
    /// What to do about it.
    pub recovery: String,
    /// A strategic merge patch with which an overlay sets the cluster's value; left out if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<Value>,
}

/// The kind of change of a field or an object.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Done {
    /// A field that Git sets has another value.
    Changed,
    /// A field that Git sets was removed.
    Removed,
    /// A field that Git does not set was added.
    Added,
    /// The pods were restarted.
    Restarted,
    /// The object was written, and the log does not show which fields.
    Written,
    /// The object was deleted.
    Deleted,
    /// The object was created.
    Created,
    /// The deployer's value differs from Git.
    Deployed,
    /// A controller set it.
    Controlled,
}

/// Renders the findings about clusters, the earliest first, one line each.
#[must_use]
pub fn render(survey: &Survey) -> String {
    let mut all: Vec<AuditRecord> = survey.report.findings.iter().filter_map(record).collect();
    all.sort_by(|one, other| {
        (&one.time, &one.field, &one.id).cmp(&(&other.time, &other.field, &other.id))
    });
    let mut out = String::new();
    for record in &all {
        // The types contain strings and values that came from JSON, all of which can be written.
        let line = serde_json::to_string(record).unwrap_or_default();
        out.push_str(&text::safe_json(&line));
        out.push('\n');
    }
    out
}

fn record(finding: &Finding) -> Option<AuditRecord> {
    let requested = finding.requested.as_deref()?;
    let resource = finding.resource.as_ref()?;
    let field = finding.field.as_ref();
    let (change, heals) = done(finding.rule, field.is_some())?;
    let path = field.map(|field| field.path.to_string());
    let request: super::wire::Request = requested.into();
    let of = |value: Option<&Value>| value.filter(|value| is_shown(value)).cloned();
    let unsure = || {
        format!(
            "{:?} {:?} {:?}",
            requested.user, requested.manager, requested.time
        )
    };
    let identity = json!([
        requested.audit_id.clone().unwrap_or_else(unsure),
        resource
            .api_version
            .split_once('/')
            .map_or("", |(group, _)| group),
        resource.kind,
        resource.namespace,
        resource.name,
        path,
        finding.rule.as_str(),
    ]);
    let digest = text::sha256(identity.to_string().as_bytes());
    let id = text::hex(&digest[..16]);
    Some(AuditRecord {
        id,
        time: request.time,
        application: finding.service().unwrap_or_default().to_owned(),
        environment: finding.environment().unwrap_or_default().to_owned(),
        cluster: request.cluster,
        resource: resource.into(),
        class: finding.class.map(|class| class.id().to_owned()),
        change,
        rule: finding.rule.to_string(),
        wanted: field.and_then(|field| of(field.base.as_ref())),
        live: field.and_then(|field| of(field.overlay.as_ref())),
        manager: request.manager,
        operation: request.operation,
        subresource: request.subresource,
        user: request.user,
        audit_id: request.audit_id,
        verb: request.verb,
        confidence: request.confidence,
        reverted: request.reverted,
        self_heal_reverts: heals,
        recovery: finding.help.clone(),
        patch: finding.patch.as_deref().cloned(),
        field: path,
    })
}

/// The kind of change that a rule reports, and whether a sync with self-heal reverts it.
fn done(rule: RuleId, has_field: bool) -> Option<(Done, Option<bool>)> {
    Some(match (rule, has_field) {
        (RuleId::ManualChange, true) => (Done::Changed, Some(true)),
        (RuleId::ManualChange, false) => (Done::Written, None),
        (RuleId::ManualRemoval, _) => (Done::Removed, Some(true)),
        (RuleId::ManualAddition, _) => (Done::Added, Some(false)),
        (RuleId::RolloutRestart, _) => (Done::Restarted, Some(false)),
        (RuleId::MissingObject, _) => (Done::Deleted, Some(true)),
        (RuleId::ExtraObject, _) => (Done::Created, Some(false)),
        (RuleId::OutOfSync, _) => (Done::Deployed, None),
        (RuleId::ControllerChange, _) => (Done::Controlled, None),
        _ => return None,
    })
}

/// Whether no part of a value was removed.
fn is_shown(value: &Value) -> bool {
    match value {
        Value::String(text) => text != REDACTED,
        Value::Array(items) => items.iter().all(is_shown),
        Value::Object(map) => map.values().all(is_shown),
        _ => true,
    }
}
