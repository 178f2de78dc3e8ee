//! Logs that are truncated, broken or hostile: they are reported with their lines, and never cause
//! a panic.

use std::fs;

use serde_json::{Value, json};

use super::{drift, events, joined, log, recordings, who};
use crate::support::{Run, Tree};

fn with_bytes(scenario: &str, bytes: &[u8]) -> Run {
    let tree = Tree::new();
    let file = tree.path("audit.jsonl");
    fs::write(&file, bytes).expect("a log");
    drift(
        &recordings().join(scenario),
        &[
            "--rendered",
            "want.yaml",
            "--live",
            "live.yaml",
            "--audit",
            file.to_str().expect("a path"),
        ],
    )
}

#[test]
fn unreadable_lines_are_reported_with_their_numbers() {
    let all = events("set-env");
    let cut = all[0].to_string();
    let mut bytes = log(&all[..1]).into_bytes();
    bytes.extend(&cut.as_bytes()[..cut.len() / 2]);
    bytes.extend(b"\nnot JSON at all\n{\"a\": 1}\n\n{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"verb\":\"patch\",\"stage\":\"ResponseComplete\",\"objectRef\":{\"name\":\"checkout\",\"apiGroup\":\"apps\"},\"user\":{\"username\":\"\xff\"}}\n");
    bytes.extend(log(&all[1..]).into_bytes());
    let run = with_bytes("set-env", &bytes);
    assert_eq!(run.code, Some(1), "{run:#?}");
    for words in [
        "4 lines of",
        "line 2: the JSON ends too early",
        "line 3: ",
        "line 4: it is not an audit event",
        "line 6: ",
        "alice@acme.example",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.stdout);
    }
}

#[test]
fn a_log_without_events_is_an_error() {
    for bytes in [
        &b""[..],
        b"\n\n",
        b"kind: Event\n",
        b"[]",
        b"{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"items\":[]}",
        b"{\n\"kind\":\n",
    ] {
        let run = with_bytes("set-env", bytes);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains("contains no audit event"), "{run:#?}");
    }
    let run = drift(
        &recordings().join("set-env"),
        &["--rendered", "want.yaml", "--live", "-", "--audit", "-"],
    );
    assert_eq!(run.code, Some(2));
    assert!(
        run.stderr
            .contains("--live and --audit cannot both read stdin"),
        "{run:#?}"
    );
}

/// The event of the change, with one part replaced.
fn with(change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut all = events("set-env");
    change(&mut all[1]);
    log(&all).into_bytes()
}

#[test]
fn nothing_in_an_event_breaks_the_reader() {
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let deep_maps = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
    let event = events("set-env")[1].to_string();
    let mut logs: Vec<Vec<u8>> = vec![];
    for inside in [
        deep.as_str(),
        deep_maps.as_str(),
        "1e999",
        "-1e-999",
        "123456789012345678901234567890",
    ] {
        let line = event.replacen(
            "{\"$setElementOrder",
            &format!("{{\"x\":{inside},\"$setElementOrder"),
            1,
        );
        assert_ne!(line, event);
        logs.push(format!("{}\n{line}\n", events("set-env")[0]).into_bytes());
        logs.push(format!("{}\n{inside}\n", events("set-env")[0]).into_bytes());
        logs.push(format!("{}\n{{\"@message\": {inside}}}\n", events("set-env")[0]).into_bytes());
    }
    for strange in [
        json!(null),
        json!(1),
        json!("x"),
        json!([]),
        json!({}),
        json!([[1]]),
        json!({"metadata": 1, "spec": []}),
    ] {
        for key in [
            "user",
            "objectRef",
            "requestObject",
            "responseObject",
            "responseStatus",
            "sourceIPs",
            "stage",
            "verb",
            "requestURI",
            "auditID",
            "stageTimestamp",
            "requestReceivedTimestamp",
            "impersonatedUser",
            "userAgent",
        ] {
            logs.push(with(|event| event[key] = strange.clone()));
        }
        logs.push(with(|event| {
            event["requestObject"]["spec"] = strange.clone();
        }));
        logs.push(with(|event| {
            event["responseObject"]["spec"] = strange.clone();
        }));
        logs.push(with(|event| {
            event["responseObject"]["metadata"]["managedFields"] = strange.clone();
        }));
        logs.push(with(|event| {
            event["requestObject"] =
                json!([{"op": "add", "path": "/spec/template", "value": strange}]);
        }));
        logs.push(with(|event| event["requestObject"] = json!([strange])));
    }
    for pointer in [
        "",
        "/",
        "//",
        "/spec/template/spec/containers/99999999999999999999/env/-",
        "~",
        "/~2",
    ] {
        for op in ["add", "remove", "replace", "move", "copy", "test", "x"] {
            logs.push(with(|event| {
                event["requestObject"] =
                    json!([{"op": op, "path": pointer, "from": pointer, "value": 1}]);
                event["responseObject"] = Value::Null;
            }));
        }
    }
    for bytes in logs {
        let run = with_bytes("set-env", &bytes);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(!run.stderr.contains("panicked"), "{run:#?}");
    }
}

#[test]
fn a_line_that_is_too_long_is_skipped() {
    let all = events("set-env");
    let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(33 << 20));
    let bytes = format!("{}{long}{}", log(&all[..1]), log(&all[1..]));
    let run = with_bytes("set-env", bytes.as_bytes());
    assert!(
        run.stdout.contains("line 2: it is longer than 32 MiB"),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("alice@acme.example"), "{}", run.stdout);
}

/// Names in a log are foreign text.
#[test]
fn no_name_in_a_log_forges_a_line() {
    let mut all = events("unset-env");
    all[1]["user"]["username"] = json!("eve\n::error::x\u{1b}[31m\u{202e}");
    all[1]["userAgent"] = json!("a\r\n##[error]b");
    let found = joined("unset-env", &log(&all));
    assert!(who(&found[0])[0].starts_with("eve\\n"), "{found:#?}");
    let run = with_bytes("unset-env", log(&all).as_bytes());
    assert!(
        !run.stdout.contains('\u{1b}') && !run.stdout.contains("\n::error"),
        "{}",
        run.stdout
    );
}
