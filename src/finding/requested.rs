//! The request to a cluster that caused a finding, according to an audit log.

use std::fmt::Write as _;

use crate::text::one_line;

/// How certain it is that a request was the cause.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// The body of the request sets that field, and no later request does.
    Field,
    /// It wrote that object with that tool at that time.
    Object,
    /// The log does not contain it: managed fields only name a tool.
    Tool,
    /// Not known.
    #[default]
    Unknown,
}

impl Confidence {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Field, Self::Object, Self::Tool, Self::Unknown];

    /// The word for it.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Field => "field",
            Self::Object => "object",
            Self::Tool => "tool",
            Self::Unknown => "unknown",
        }
    }
}

/// The reversal of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reverted {
    /// The time.
    pub time: String,
    /// The author; `None` if the log does not have it.
    pub by: Option<String>,
}

/// The request that caused a finding; unknown parts are empty.
///
/// Its texts are foreign, and were made harmless before they were stored here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requested {
    /// How certain it is.
    pub confidence: Confidence,
    /// The user name that the API server knows.
    pub user: Option<String>,
    /// The groups of that user.
    pub groups: Vec<String>,
    /// The user that it acted as.
    pub impersonated: Option<String>,
    /// The addresses that the request came from.
    pub source_ips: Vec<String>,
    /// The name that the client gave itself.
    pub user_agent: Option<String>,
    /// When it was received, or when the tool wrote last.
    pub time: Option<String>,
    /// The id that the audit log gives to it.
    pub audit_id: Option<String>,
    /// Its verb.
    pub verb: Option<String>,
    /// The field manager.
    pub manager: Option<String>,
    /// `Apply` or `Update`.
    pub operation: Option<String>,
    /// The subresource.
    pub subresource: Option<String>,
    /// The cluster.
    pub cluster: Option<String>,
    /// Its reversal, if the log shows one.
    pub reverted: Option<Reverted>,
}

/// The largest number of characters of a list.
const MAX_LIST: usize = 200;

impl Requested {
    /// The author in a sentence; `None` if it is not known.
    #[must_use]
    pub fn who(&self) -> Option<String> {
        let user = self.user.as_ref()?;
        Some(match &self.impersonated {
            Some(other) => format!("{user} as {other}"),
            None => user.clone(),
        })
    }

    /// The log's information about it, as a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.confidence {
            Confidence::Unknown => return "The audit log does not contain the request.".to_owned(),
            Confidence::Tool => {
                return "The audit log does not contain the request, so only the tool is known."
                    .to_owned();
            }
            Confidence::Field | Confidence::Object => {}
        }
        let id = self.audit_id.as_ref();
        let mut out = id.map_or_else(|| "A request".to_owned(), |id| format!("Request {id}"));
        if let Some(who) = self.who() {
            let _ = write!(out, " by {who}");
        }
        if !self.groups.is_empty() {
            let _ = write!(out, " ({})", one_line(&self.groups.join(", "), MAX_LIST));
        }
        if !self.source_ips.is_empty() {
            let _ = write!(
                out,
                " from {}",
                one_line(&self.source_ips.join(", "), MAX_LIST)
            );
        }
        if let Some(agent) = &self.user_agent {
            let _ = write!(out, " with {agent}");
        }
        out.push_str(match (self.confidence, self.verb.as_deref()) {
            (Confidence::Field, _) => " set it.",
            (_, Some("delete" | "deletecollection")) => " deleted it.",
            (_, Some("create")) => " created it.",
            _ => " wrote the object; the log does not show that it did this.",
        });
        out
    }
}
