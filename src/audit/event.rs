//! One request to an API server, as `audit.k8s.io/v1` describes it.
//!
//! The fields are those of `k8s.io/apiserver/pkg/apis/audit/v1`. A field of the wrong type counts
//! as missing.

use serde_json::{Map, Value};

/// The largest number of texts that are kept of a list of groups or addresses.
const MAX_LIST: usize = 64;

/// The effect of a request on an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// It created it.
    Create,
    /// It replaced it.
    Update,
    /// It changed parts of it.
    Patch,
    /// It deleted it.
    Delete,
    /// It deleted all objects of a kind, or those with a label.
    DeleteCollection,
}

impl Verb {
    /// The verb of that name; `None` for verbs that do not write.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        Some(match name {
            "create" => Self::Create,
            "update" => Self::Update,
            "patch" => Self::Patch,
            "delete" => Self::Delete,
            "deletecollection" => Self::DeleteCollection,
            _ => return None,
        })
    }

    /// The name, as in an audit log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// The author of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requester {
    /// The user name that the API server knows.
    pub user: String,
    /// The groups that the API server knows.
    pub groups: Vec<String>,
    /// The user that the request was made as, if that is another one.
    pub impersonated: Option<String>,
    /// The addresses that it came from: the client, and the proxies on its way.
    pub source_ips: Vec<String>,
    /// The name that the client gave itself.
    pub user_agent: String,
}

impl Requester {
    /// The name of the author in a sentence.
    #[must_use]
    pub fn called(&self) -> String {
        match &self.impersonated {
            Some(other) => format!("{} as {other}", self.user),
            None => self.user.clone(),
        }
    }
}

/// A request that writes.
#[derive(Clone, Debug)]
pub struct Event {
    /// The line of the log.
    pub line: usize,
    /// The id that all stages of the request share; may be empty.
    pub audit_id: String,
    /// The effect.
    pub verb: Verb,
    /// The author.
    pub by: Requester,
    /// The API group; empty for the core group.
    pub group: String,
    /// The plural name of the kind.
    pub resource: String,
    /// The subresource; empty for the object itself.
    pub subresource: String,
    /// The namespace; empty for none.
    pub namespace: String,
    /// The name; empty if the log does not have it.
    pub name: String,
    /// The field manager that the request names.
    pub manager: Option<String>,
    /// When it was received.
    pub received: String,
    /// When it was answered.
    pub answered: String,
    /// The cluster, if the log names it.
    pub cluster: String,
    /// The body of the request.
    pub request: Option<Value>,
    /// The body of the answer.
    pub response: Option<Value>,
}

/// A line that is not a request that has written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Other {
    /// It changes nothing: it reads, fails, is a dry run or writes a status.
    Harmless,
    /// A request that would write was received, and the line does not say how it ended.
    Received {
        /// The API group of the object.
        group: String,
        /// The name of the object.
        name: String,
        /// The id that all stages of the request share.
        audit_id: String,
    },
}

impl Event {
    /// Reads an event of `audit.k8s.io`.
    ///
    /// # Errors
    ///
    /// The error says what the event is if it is not a request that has written.
    pub fn read(line: usize, mut event: Map<String, Value>) -> Result<Self, Other> {
        let verb = Verb::read(text_of(event.get("verb"))).ok_or(Other::Harmless)?;
        match text_of(event.get("stage")) {
            "ResponseComplete" => {}
            "RequestReceived" | "ResponseStarted" => {
                let object = event.get("objectRef").unwrap_or(&Value::Null);
                return Err(Other::Received {
                    group: text(object, "apiGroup").to_owned(),
                    name: text(object, "name").to_owned(),
                    audit_id: text_of(event.get("auditID")).to_owned(),
                });
            }
            _ => return Err(Other::Harmless),
        }
        let status = event.get("responseStatus");
        let code = status.and_then(|status| status.get("code"));
        if code.and_then(Value::as_u64).is_some_and(|code| code >= 400) {
            return Err(Other::Harmless);
        }
        let uri = text_of(event.get("requestURI"));
        let manager = parameter(uri, "fieldManager");
        let is_dry = parameter(uri, "dryRun").is_some();
        let null = Value::Null;
        let user = event.get("user").unwrap_or(&null);
        let impersonated = event
            .get("impersonatedUser")
            .map_or("", |user| text(user, "username"));
        let object = event.get("objectRef").unwrap_or(&null);
        let read = Self {
            line,
            audit_id: text_of(event.get("auditID")).to_owned(),
            verb,
            by: Requester {
                user: text(user, "username").to_owned(),
                groups: list(user.get("groups")),
                impersonated: Some(impersonated.to_owned()).filter(|name| !name.is_empty()),
                source_ips: list(event.get("sourceIPs")),
                user_agent: text_of(event.get("userAgent")).to_owned(),
            },
            group: text(object, "apiGroup").to_owned(),
            resource: text(object, "resource").to_owned(),
            subresource: text(object, "subresource").to_owned(),
            namespace: text(object, "namespace").to_owned(),
            name: text(object, "name").to_owned(),
            manager,
            received: text_of(event.get("requestReceivedTimestamp")).to_owned(),
            answered: text_of(event.get("stageTimestamp")).to_owned(),
            cluster: String::new(),
            request: event.remove("requestObject").filter(|body| !body.is_null()),
            response: event
                .remove("responseObject")
                .filter(|body| !body.is_null()),
        };
        read.written(is_dry)
    }

    /// The request, unless it changed nothing.
    pub(super) fn written(mut self, is_dry: bool) -> Result<Self, Other> {
        // An eviction holds the options of its deletion.
        let is_dry = is_dry
            || ["/dryRun", "/deleteOptions/dryRun"].iter().any(|place| {
                let options = self.request.as_ref().and_then(|body| body.pointer(place));
                options
                    .and_then(Value::as_array)
                    .is_some_and(|all| !all.is_empty())
            });
        match (self.verb, self.subresource.as_str()) {
            _ if is_dry => return Err(Other::Harmless),
            // What is sent to a pod or through it is not written into the object.
            (_, "status" | "proxy") => return Err(Other::Harmless),
            (Verb::Create, "eviction") => self.verb = Verb::Delete,
            // Tokens, bindings and sessions are created for an object, not in it.
            (Verb::Create, name) if !name.is_empty() => return Err(Other::Harmless),
            _ => {}
        }
        let answered = self.response.as_ref().and_then(|body| body.get("metadata"));
        if self.name.is_empty() && self.verb == Verb::Create {
            answered
                .map_or("", |metadata| text(metadata, "name"))
                .clone_into(&mut self.name);
        }
        Ok(self)
    }
}

/// A text; empty if there is none.
pub(super) fn text_of(value: Option<&Value>) -> &str {
    value.and_then(Value::as_str).unwrap_or_default()
}

/// The text of a field; empty if there is none.
pub(super) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    text_of(value.get(key))
}

/// The texts of a list.
pub(super) fn list(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    let texts = items.filter_map(Value::as_str).take(MAX_LIST);
    texts.map(str::to_owned).collect()
}

/// The value of a parameter of a request's URI.
fn parameter(uri: &str, name: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let mut all = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = all.find(|(key, value)| *key == name && !value.is_empty())?;
    Some(unescaped(value))
}

/// A part of a URI with its escapes decoded.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = match tail {
            [high, low, ..] if *first == b'%' => {
                [high, low].map(|digit| char::from(*digit).to_digit(16))
            }
            _ => [None; 2],
        };
        if let [Some(high), Some(low)] = digits {
            out.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(if *first == b'+' { b' ' } else { *first });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_a_request_are_decoded() {
        let uri = "/apis/apps/v1/deployments?dryRun=&fieldManager=my%20tool%2b+%zz%4&x";
        assert_eq!(
            parameter(uri, "fieldManager").as_deref(),
            Some("my tool+ %zz%4")
        );
        assert_eq!(parameter(uri, "dryRun"), None);
        assert_eq!(parameter("/a?dryRun=All", "dryRun").as_deref(), Some("All"));
        assert_eq!(parameter("/a", "dryRun"), None);
    }

    #[test]
    fn requests_on_subresources_write_the_object_or_do_not() {
        let read = |verb: &str, subresource: &str, body: Value| {
            let event = serde_json::json!({
                "verb": verb, "stage": "ResponseComplete", "requestObject": body,
                "objectRef": {"resource": "pods", "name": "a", "subresource": subresource},
            });
            let event = event.as_object().cloned().unwrap_or_default();
            Event::read(1, event).map(|event| event.verb).ok()
        };
        for (verb, subresource, written) in [
            ("create", "", Some(Verb::Create)),
            ("create", "eviction", Some(Verb::Delete)),
            ("create", "token", None),
            ("create", "binding", None),
            ("create", "exec", None),
            ("delete", "proxy", None),
            ("update", "proxy", None),
            ("update", "status", None),
            ("update", "scale", Some(Verb::Update)),
            ("patch", "resize", Some(Verb::Patch)),
            ("patch", "ephemeralcontainers", Some(Verb::Patch)),
        ] {
            let found = read(verb, subresource, Value::Null);
            assert_eq!(found, written, "{verb} {subresource}");
        }
        let options = serde_json::json!({"deleteOptions": {"dryRun": ["All"]}});
        assert_eq!(read("create", "eviction", options), None);
    }
}
