//! No value of a Secret in an audit log is in any output.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Tree, binary, run};

const FORMATS: [&str; 11] = [
    "text",
    "concise",
    "json",
    "krm",
    "sarif",
    "junit",
    "github",
    "gitlab",
    "markdown",
    "html",
    "audit-record",
];

/// Texts that must not be in the output, in plain form and encoded.
const PLANTED: [(&str, &str); 5] = [
    ("plant-wanted-4711", "cGxhbnQtd2FudGVkLTQ3MTE="),
    ("plant-sent-4712", "cGxhbnQtc2VudC00NzEy"),
    ("plant-answered-4713", "cGxhbnQtYW5zd2VyZWQtNDcxMw=="),
    ("plant-applied-4714", "cGxhbnQtYXBwbGllZC00NzE0"),
    ("plant-string-4715", "cGxhbnQtc3RyaW5nLTQ3MTU="),
];

fn event(
    at: usize,
    user: &str,
    manager: &str,
    verb: &str,
    object: (&str, &str),
    request: &Value,
    response: &Value,
) -> Value {
    let (resource, name) = object;
    json!({
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": format!("id-{at}"), "stage": "ResponseComplete",
        "requestURI": format!("/api/v1/namespaces/shop/{resource}/{name}?fieldManager={manager}"), "verb": verb,
        "user": {"username": user, "groups": ["system:authenticated"]}, "sourceIPs": ["10.0.0.1"], "userAgent": "kubectl/v1.34.1",
        "objectRef": {"resource": resource, "namespace": "shop", "name": name, "apiVersion": "v1"},
        "responseStatus": {"code": 200}, "requestObject": request, "responseObject": response,
        "requestReceivedTimestamp": format!("2026-06-15T10:00:{at:02}.000000Z"), "stageTimestamp": format!("2026-06-15T10:00:{at:02}.100000Z"),
    })
}

fn secret(version: usize, data: &Value, applied: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": "db", "namespace": "shop", "resourceVersion": version.to_string(), "annotations": {"kubectl.kubernetes.io/last-applied-configuration": applied, "note": "plant-applied-4714"}},
        "data": data,
    })
}

/// A tree with Git's side, the live side and the log, and with values of Secrets in all of them.
fn planted() -> Tree {
    let tree = Tree::new();
    let [wanted, sent, answered, applied, string] = PLANTED;
    let git = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"}, "data": {"password": wanted.1}});
    let config = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "namespace": "shop"}, "data": {"url": "x"}});
    tree.write("git.yaml", &format!("{git}\n---\n{config}\n"));
    let copy = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"password": applied.0}, "data": {"password": applied.1}}).to_string();
    let first = secret(1, &json!({"password": wanted.1}), "");
    let sent_body = json!({"data": {"password": sent.1, "extra": sent.1}, "stringData": {"more": string.0}, "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": copy, "note": applied.0}}});
    let now = secret(
        2,
        &json!({"password": answered.1, "extra": sent.1, "more": string.1}),
        &copy,
    );
    let leaked = json!({"data": {"url": format!("postgres://app:{}@db", answered.0), "copy": string.0}, "metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": copy}}});
    let after = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "namespace": "shop", "resourceVersion": "4", "annotations": leaked["metadata"]["annotations"]}, "data": leaked["data"]});
    let pointer = json!([{"op": "add", "path": "/data/again", "value": sent.1}, {"op": "replace", "path": "/data/password", "value": answered.1}]);
    let last = secret(5, &json!({"password": answered.1, "again": sent.1}), &copy);
    let events = [
        event(
            1,
            "argocd",
            "argocd-controller",
            "create",
            ("secrets", "db"),
            &first,
            &first,
        ),
        event(
            2,
            "alice",
            "kubectl-edit",
            "patch",
            ("secrets", "db"),
            &sent_body,
            &now,
        ),
        event(
            3,
            "argocd",
            "argocd-controller",
            "create",
            ("configmaps", "app"),
            &config,
            &config,
        ),
        event(
            4,
            "alice",
            "kubectl-edit",
            "patch",
            ("configmaps", "app"),
            &leaked,
            &after,
        ),
        event(
            5,
            "bob",
            "kubectl-patch",
            "patch",
            ("secrets", "db"),
            &pointer,
            &last,
        ),
        event(
            6,
            "bob",
            "kubectl-patch",
            "patch",
            ("secrets", "db"),
            &sent_body,
            &Value::Null,
        ),
    ];
    let mut log = String::new();
    for event in &events {
        let _ = writeln!(log, "{event}");
        // The same, truncated in the middle of a value.
        let text = event.to_string();
        let _ = writeln!(log, "{}", &text[..text.len() / 2]);
    }
    tree.write("audit.jsonl", &log);
    let items = json!({"apiVersion": "v1", "kind": "List", "items": [last, after]});
    tree.write("live.yaml", &items.to_string());
    tree
}

#[test]
fn planted_values_come_out_nowhere() {
    let tree = planted();
    for format in FORMATS {
        for verb in [
            &["audit", "--events", "audit.jsonl"][..],
            &["drift", "--live", "live.yaml", "--audit", "audit.jsonl"],
        ] {
            let mut command = Command::new(binary());
            command
                .current_dir(tree.path(""))
                .env("SOURCE_DATE_EPOCH", "1781481600")
                .args(verb)
                .args([
                    "--rendered",
                    "git.yaml",
                    "--show-exempt",
                    "--format",
                    format,
                ]);
            let run = run(&mut command);
            assert_eq!(run.code, Some(1), "{verb:?} {format}: {run:#?}");
            for (plain, encoded) in PLANTED {
                for text in [plain, encoded] {
                    assert!(
                        !run.stdout.contains(text) && !run.stderr.contains(text),
                        "{verb:?} {format}: {text}: {}",
                        run.stdout
                    );
                }
            }
            assert!(
                run.stdout.contains("alice"),
                "{verb:?} {format}: {}",
                run.stdout
            );
            assert!(
                run.stdout.contains("password") || verb[0] == "drift",
                "{format}: keys are told: {}",
                run.stdout
            );
        }
    }
}
