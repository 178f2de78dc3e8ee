//! The request to a cluster that caused a finding, in JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{self, Requested};

/// A request to a cluster, as an audit log records it.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// How sure it is that this request is the cause.
    pub confidence: Confidence,
    /// Who made it; left out if that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Requester>,
    /// When it was received; with confidence `tool`, when that tool wrote last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// Its id in the audit log.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "auditID")]
    pub audit_id: Option<String>,
    /// `create`, `update`, `patch`, `delete` or `deletecollection`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// The field manager, or the user agent of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// `Apply` or `Update`, as in managed fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// The subresource, such as `scale`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subresource: Option<String>,
    /// The cluster, if the log or the command line names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Its reversal, if the audit log shows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverted: Option<Reverted>,
}

/// Who made a request.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requester {
    /// The user name that the API server authenticated.
    pub name: String,
    /// The groups of that user.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
    /// The user that was impersonated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impersonated: Option<String>,
    /// Where the request came from: the client, and the proxies on its way.
    #[serde(default, skip_serializing_if = "Vec::is_empty", rename = "sourceIPs")]
    pub source_ips: Vec<String>,
    /// The user agent of the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

/// The reversal of a change.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reverted {
    /// The time.
    pub time: String,
    /// Who did it; left out if the log does not contain that request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// How sure it is that a request is the cause.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Its body sets that field, and no later request does.
    Field,
    /// It wrote the object with that tool at that time.
    Object,
    /// The log does not contain it; managed fields name a tool.
    Tool,
    /// Not known.
    Unknown,
}

impl From<finding::Confidence> for Confidence {
    fn from(confidence: finding::Confidence) -> Self {
        match confidence {
            finding::Confidence::Field => Self::Field,
            finding::Confidence::Object => Self::Object,
            finding::Confidence::Tool => Self::Tool,
            finding::Confidence::Unknown => Self::Unknown,
        }
    }
}

impl From<Confidence> for finding::Confidence {
    fn from(confidence: Confidence) -> Self {
        match confidence {
            Confidence::Field => Self::Field,
            Confidence::Object => Self::Object,
            Confidence::Tool => Self::Tool,
            Confidence::Unknown => Self::Unknown,
        }
    }
}

impl From<&Requested> for Request {
    fn from(requested: &Requested) -> Self {
        let requested = requested.clone();
        Self {
            confidence: requested.confidence.into(),
            user: requested.user.map(|name| Requester {
                name,
                groups: requested.groups,
                impersonated: requested.impersonated,
                source_ips: requested.source_ips,
                user_agent: requested.user_agent,
            }),
            time: requested.time,
            audit_id: requested.audit_id,
            verb: requested.verb,
            manager: requested.manager,
            operation: requested.operation,
            subresource: requested.subresource,
            cluster: requested.cluster,
            reverted: requested.reverted.map(|reverted| Reverted {
                time: reverted.time,
                by: reverted.by,
            }),
        }
    }
}

impl From<Request> for Requested {
    fn from(request: Request) -> Self {
        let user = request.user;
        let of = |of: fn(&Requester) -> Option<String>| user.as_ref().and_then(of);
        let all = |of: fn(&Requester) -> &Vec<String>| user.as_ref().map(of).cloned();
        Self {
            confidence: request.confidence.into(),
            groups: all(|user| &user.groups).unwrap_or_default(),
            impersonated: of(|user| user.impersonated.clone()),
            source_ips: all(|user| &user.source_ips).unwrap_or_default(),
            user_agent: of(|user| user.user_agent.clone()),
            user: of(|user| Some(user.name.clone())),
            time: request.time,
            audit_id: request.audit_id,
            verb: request.verb,
            manager: request.manager,
            operation: request.operation,
            subresource: request.subresource,
            cluster: request.cluster,
            reverted: request.reverted.map(|reverted| finding::Reverted {
                time: reverted.time,
                by: reverted.by,
            }),
        }
    }
}
