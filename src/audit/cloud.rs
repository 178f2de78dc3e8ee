//! Audit events in the envelopes of clouds: `CloudWatch` (EKS), Azure Monitor (AKS) and Cloud
//! Logging (GKE).
//!
//! EKS and AKS wrap the API server's own event, as a text or as a map. GKE converts it to Google's
//! `AuditLog`, which lacks the request's URI and with it the field manager.

use serde_json::{Map, Value};

use super::event::{Event, Other, Requester, Verb, list, text, text_of};

/// The deepest nesting of envelopes.
const MAX_DEPTH: usize = 8;

/// The fields that hold the content of an envelope, in the order of the search.
///
/// `@message` and `message` are those of `CloudWatch`, `logEvents` a subscription's, `events` that
/// of `aws logs filter-log-events`, `results` that of a query, `records` an event hub's, `log_s`
/// Log Analytics'. `log` is the field of log shippers.
const INSIDE: [&str; 11] = [
    "@message",
    "logEvents",
    "events",
    "results",
    "records",
    "properties",
    "message",
    "log",
    "log_s",
    "items",
    "value",
];

/// The content of an envelope, from the outside in.
#[derive(Debug)]
pub(super) enum Inside {
    Event(Box<Event>),
    Other(Other),
    /// Not an event of an API server.
    Strange,
    /// The reason why the content cannot be read.
    Unread(String),
}

/// Opens all envelopes in a value.
pub(super) fn open(line: usize, value: Value, out: &mut Vec<Inside>) {
    let before = out.len();
    open_at(line, value, 0, out);
    if out.len() == before {
        out.push(Inside::Strange);
    }
}

fn open_at(line: usize, value: Value, depth: usize, out: &mut Vec<Inside>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Object(map) => object(line, map, depth, out),
        Value::Array(all) => {
            // The answer to a query consists of pairs of field and value.
            let is_message = |one: &Value| text(one, "field") == "@message";
            if let Some(at) = all.iter().position(is_message) {
                let inner = all
                    .into_iter()
                    .nth(at)
                    .and_then(|mut one| one.as_object_mut().and_then(|one| one.remove("value")));
                if let Some(inner) = inner {
                    open_at(line, inner, depth + 1, out);
                }
                return;
            }
            for one in all {
                open_at(line, one, depth + 1, out);
            }
        }
        Value::String(text) if text.trim_start().starts_with('{') => {
            match serde_json::from_str(&text) {
                Ok(inner) => open_at(line, inner, depth + 1, out),
                Err(error) => {
                    out.push(Inside::Unread(format!("the event inside: {}", why(&error))));
                }
            }
        }
        _ => {}
    }
}

fn object(line: usize, mut map: Map<String, Value>, depth: usize, out: &mut Vec<Inside>) {
    let (kind, version) = (text_of(map.get("kind")), text_of(map.get("apiVersion")));
    if version.starts_with("audit.k8s.io/") && kind == "Event" {
        out.push(match Event::read(line, map) {
            Ok(event) => Inside::Event(Box::new(event)),
            Err(other) => Inside::Other(other),
        });
        return;
    }
    if let Some(Value::Object(log)) = map.remove("protoPayload") {
        out.push(google(line, &map, log));
        return;
    }
    for name in INSIDE {
        if let Some(inner) = map.remove(name) {
            let before = out.len();
            open_at(line, inner, depth + 1, out);
            if out.len() > before {
                return;
            }
        }
    }
}

/// An error of the parser without the place, which is only a place within a line or a text.
pub(super) fn why(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the JSON ends too early".to_owned();
    }
    let said = error.to_string();
    let what = said.split(" at line ").next().unwrap_or_default();
    crate::text::one_line(what, 200).into_owned()
}

/// Reads an entry of Cloud Logging.
fn google(line: usize, entry: &Map<String, Value>, mut log: Map<String, Value>) -> Inside {
    let strange = text_of(log.get("serviceName")) != "k8s.io";
    // `io.k8s.apps.v1.deployments.patch`: group, version, kind, subresource, verb.
    let method = text_of(log.get("methodName"));
    let verb = method.rsplit('.').next().unwrap_or_default();
    let Some(verb) = Verb::read(verb) else {
        return if strange {
            Inside::Strange
        } else {
            Inside::Other(Other::Harmless)
        };
    };
    let null = Value::Null;
    let code = log.get("status").and_then(|status| status.get("code"));
    let failed = code.and_then(Value::as_i64).is_some_and(|code| code != 0);
    let operation = entry.get("operation").unwrap_or(&null);
    let identity = log.get("authenticationInfo").unwrap_or(&null);
    let metadata = log.get("requestMetadata").unwrap_or(&null);
    let name = text_of(log.get("resourceName"));
    let place = Place::read(name);
    let ip = text(metadata, "callerIp");
    let id = Some(text(operation, "id")).filter(|id| !id.is_empty());
    let received = Some(text(operation, "receiveTimestamp")).filter(|time| !time.is_empty());
    let time = text_of(entry.get("timestamp"));
    let cluster = entry
        .get("resource")
        .and_then(|resource| resource.get("labels"));
    let cluster = cluster.unwrap_or(&null);
    let event = Event {
        line,
        audit_id: id
            .unwrap_or_else(|| text_of(entry.get("insertId")))
            .to_owned(),
        verb,
        by: Requester {
            user: text(identity, "principalEmail").to_owned(),
            groups: list(identity.get("groups")),
            impersonated: None,
            source_ips: [ip]
                .into_iter()
                .filter(|ip| !ip.is_empty())
                .map(str::to_owned)
                .collect(),
            user_agent: text(metadata, "callerSuppliedUserAgent").to_owned(),
        },
        group: place.group.to_owned(),
        resource: place.resource.to_owned(),
        subresource: place.subresource.to_owned(),
        namespace: place.namespace.to_owned(),
        name: place.name.to_owned(),
        manager: None,
        received: received.unwrap_or(time).to_owned(),
        answered: time.to_owned(),
        cluster: text(cluster, "cluster_name").to_owned(),
        request: None,
        response: None,
    };
    if failed {
        return Inside::Other(Other::Harmless);
    }
    if operation.get("first") == Some(&Value::Bool(true))
        && operation.get("last") != Some(&Value::Bool(true))
    {
        return Inside::Other(Other::Received {
            group: event.group,
            name: event.name,
            audit_id: event.audit_id,
        });
    }
    let [request, response] = ["request", "response"].map(|key| log.remove(key).and_then(plain));
    match (Event {
        request,
        response,
        ..event
    })
    .written(false)
    {
        Ok(event) => Inside::Event(Box::new(event)),
        Err(other) => Inside::Other(other),
    }
}

/// A body without the type that Google adds; a patch that is a list is in a field of its own.
fn plain(body: Value) -> Option<Value> {
    let Value::Object(mut map) = body else {
        return Some(body).filter(|body| !body.is_null());
    };
    map.remove("@type");
    if map.len() == 1
        && let Some(list @ Value::Array(_)) = map.get_mut("value")
    {
        return Some(list.take());
    }
    (!map.is_empty()).then_some(Value::Object(map))
}

/// The address of an object, as Google writes it: `apps/v1/namespaces/shop/deployments/web/scale`.
#[derive(Default)]
struct Place<'n> {
    group: &'n str,
    namespace: &'n str,
    resource: &'n str,
    name: &'n str,
    subresource: &'n str,
}

impl<'n> Place<'n> {
    fn read(name: &'n str) -> Self {
        let parts: Vec<&str> = name.split('/').collect();
        let [group, _, rest @ ..] = parts.as_slice() else {
            return Self::default();
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (*namespace, rest),
            rest => ("", rest),
        };
        let at = |index: usize| rest.get(index).copied().unwrap_or_default();
        Self {
            group: if *group == "core" { "" } else { group },
            namespace,
            resource: at(0),
            name: at(1),
            subresource: at(2),
        }
    }
}
