//! The same events in the envelopes of clouds have the same result.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{events, joined, log, who};

const SCENARIOS: [&str; 6] = [
    "set-env",
    "unset-env",
    "scale",
    "patch-json",
    "replace",
    "deleted",
];

fn of_all(name: &str, log_of: impl Fn(&[Value]) -> String) {
    for scenario in SCENARIOS {
        let all = events(scenario);
        let expected: Vec<_> = joined(scenario, &log(&all)).iter().map(who).collect();
        assert!(!expected.is_empty());
        let mut found: Vec<_> = joined(scenario, &log_of(&all)).iter().map(who).collect();
        // Cloud Logging has no URI: unless the answer names a manager, only the client's name is
        // known.
        for (found, expected) in found.iter_mut().zip(&expected) {
            if name.starts_with("GKE") && found[2] == "kubectl" {
                found[2].clone_from(&expected[2]);
            }
        }
        assert_eq!(found, expected, "{name}: {scenario}");
    }
}

fn lines(all: &[Value], of: impl Fn(&Value) -> Value) -> String {
    all.iter().map(|event| format!("{}\n", of(event))).collect()
}

#[test]
fn cloudwatch_of_eks() {
    of_all("insights, texts", |all| {
        lines(
            all,
            |event| json!({"@timestamp": "2026-11-25 19:52:12.482", "@message": event.to_string()}),
        )
    });
    of_all("insights, maps", |all| {
        lines(all, |event| json!({"@message": event}))
    });
    of_all("insights, fields", |all| {
        let rows: Vec<Value> = all.iter().map(|event| json!([{"field": "@timestamp", "value": "x"}, {"field": "@message", "value": event.to_string()}])).collect();
        json!({"results": rows, "status": "Complete"}).to_string()
    });
    let subscribed = |all: &[Value]| -> Vec<Value> {
        all.iter()
            .map(|event| json!({"id": "3", "timestamp": 1, "message": event.to_string()}))
            .collect()
    };
    of_all("subscription", |all| {
        json!({"messageType": "DATA_MESSAGE", "logGroup": "/aws/eks/one/cluster", "logStream": "kube-apiserver-audit-1", "logEvents": subscribed(all)}).to_string()
    });
    of_all("filter-log-events", |all| {
        serde_json::to_string_pretty(&json!({"events": subscribed(all), "searchedLogStreams": []}))
            .expect("JSON")
    });
    of_all("tail", |all| {
        all.iter()
            .map(|event| {
                format!("2026-11-25T19:52:12.482000+00:00 kube-apiserver-audit-1 {event}\n")
            })
            .collect()
    });
}

#[test]
fn azure_monitor_of_aks() {
    let record = |event: &Value| json!({"category": "kube-audit", "operationName": "x", "properties": {"log": format!("{event}\n"), "stream": "stdout", "pod": "kube-apiserver-1"}});
    of_all("records", |all| {
        json!({"records": all.iter().map(record).collect::<Vec<_>>()}).to_string()
    });
    of_all("lines", |all| lines(all, record));
    of_all("log analytics", |all| {
        serde_json::to_string_pretty(
            &all.iter()
                .map(|event| json!({"log_s": event.to_string()}))
                .collect::<Vec<_>>(),
        )
        .expect("JSON")
    });
}

/// The event in the form of Cloud Logging: no URI, and another structure.
fn google(event: &Value) -> Value {
    let object = &event["objectRef"];
    let text = |key: &str| object[key].as_str().unwrap_or_default();
    let group = if text("apiGroup").is_empty() {
        "core"
    } else {
        text("apiGroup")
    };
    let mut name = format!(
        "{group}/{}/namespaces/{}/{}/{}",
        text("apiVersion"),
        text("namespace"),
        text("resource"),
        text("name")
    );
    let mut method = format!("io.k8s.{group}.{}.{}", text("apiVersion"), text("resource"));
    if !text("subresource").is_empty() {
        let _ = write!(name, "/{}", text("subresource"));
        let _ = write!(method, ".{}", text("subresource"));
    }
    let noted = |body: &Value, kind: &str| match body {
        Value::Null => Value::Null,
        Value::Array(_) => json!({"@type": kind, "value": body}),
        body => {
            let mut body = body.clone();
            body["@type"] = json!(kind);
            body
        }
    };
    json!({
        "insertId": "1", "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
        "operation": {"first": true, "last": true, "id": event["auditID"], "producer": "k8s.io"},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "authenticationInfo": {"principalEmail": event["user"]["username"]},
            "methodName": format!("{method}.{}", event["verb"].as_str().unwrap_or_default()),
            "requestMetadata": {"callerIp": "10.1.2.3", "callerSuppliedUserAgent": event["userAgent"]},
            "resourceName": name, "serviceName": "k8s.io", "status": {},
            "request": noted(&event["requestObject"], "k8s.io/Patch"),
            "response": noted(&event["responseObject"], "apps.k8s.io/v1.Deployment"),
        },
        "resource": {"type": "k8s_cluster", "labels": {"cluster_name": "one"}},
        "timestamp": event["requestReceivedTimestamp"],
    })
}

#[test]
fn cloud_logging_of_gke() {
    of_all("GKE, lines", |all| lines(all, google));
    of_all("GKE, a list", |all| {
        serde_json::to_string_pretty(&all.iter().map(google).collect::<Vec<_>>()).expect("JSON")
    });
    let found = joined("set-env", &lines(&events("set-env"), google));
    assert_eq!(
        found[0]["request"]["user"]["sourceIPs"],
        json!(["10.1.2.3"])
    );
    // A refused request has no effect.
    let mut all: Vec<Value> = events("set-env").iter().map(google).collect();
    all[1]["protoPayload"]["status"] = json!({"code": 7, "message": "no"});
    assert_eq!(who(&joined("set-env", &log(&all))[0])[4], "tool");
}

#[test]
fn lists_of_events_are_logs() {
    of_all("a list", |all| {
        json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": all}).to_string()
    });
    of_all("a list for people", |all| {
        serde_json::to_string_pretty(
            &json!({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": all}),
        )
        .expect("JSON")
    });
    of_all("events for people", |all| {
        all.iter()
            .map(|event| serde_json::to_string_pretty(event).expect("JSON") + "\n")
            .collect()
    });
    of_all("with a mark", |all| {
        format!("\u{feff}{}", log(all).replace('\n', "\r\n\r\n"))
    });
}
