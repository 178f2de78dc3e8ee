//! `krm-parity drift --audit`: the authors of differences, from the audit logs that were recorded
//! with the objects.

mod clouds;
mod hostile;

use std::collections::BTreeSet;
use std::fs;

use serde_json::{Value, json};

use super::{drift, recordings, resource, text};
use crate::support::{Run, Tree};

/// The log of a scenario, event by event.
pub fn events(scenario: &str) -> Vec<Value> {
    let file = recordings().join(scenario).join("audit.jsonl");
    let log = fs::read_to_string(file).expect("a recorded log");
    let events = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"));
    events.collect()
}

/// Events as a log.
pub fn log(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// The verb over a scenario, with more arguments.
fn told(scenario: &str, more: &[&str]) -> Run {
    let all = [&["--rendered", "want.yaml", "--live", "live.yaml"], more].concat();
    drift(&recordings().join(scenario), &all)
}

/// The same with a log.
fn told_of(scenario: &str, log: &str, more: &[&str]) -> Run {
    let tree = Tree::new();
    let file = tree.write("audit.jsonl", log);
    let file = file.to_str().expect("a path");
    told(scenario, &[&["--audit", file], more].concat())
}

/// The findings about a scenario with this log.
pub fn joined(scenario: &str, log: &str) -> Vec<Value> {
    let run = told_of(scenario, log, &["--format", "json"]);
    let report: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    report["findings"].as_array().expect("findings").clone()
}

/// The author of a finding: user, verb, manager, time, confidence.
fn who(finding: &Value) -> [String; 5] {
    let request = &finding["request"];
    let or_none = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    [
        or_none(&request["user"]["name"]),
        or_none(&request["verb"]),
        or_none(&request["manager"]),
        or_none(&request["time"]),
        or_none(&request["confidence"]),
    ]
}

/// One expected row: scenario, rule, resource, path, and author.
fn rows() -> Vec<Vec<String>> {
    let text = fs::read_to_string(recordings().join("who.tsv")).expect("the table");
    let rows = text.lines().skip(1);
    let rows: Vec<Vec<String>> = rows
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    assert!(rows.len() > 35, "{}", rows.len());
    rows
}

fn scenarios() -> Vec<String> {
    let entries = fs::read_dir(recordings()).expect("recordings");
    let entries = entries.map(|entry| entry.expect("an entry").path());
    let with_log =
        entries.filter(|path| path.join("audit.jsonl").exists() && path.join("live.yaml").exists());
    let mut names: Vec<String> = with_log
        .map(|path| {
            path.file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    assert_eq!(names.len(), 26);
    names
}

#[test]
fn every_recorded_change_is_joined_to_its_request() {
    for scenario in scenarios() {
        let file =
            fs::read_to_string(recordings().join(&scenario).join("audit.jsonl")).expect("a log");
        let mut found: Vec<Vec<String>> = joined(&scenario, &file)
            .iter()
            .filter(|finding| finding["rule"] != "replicas-and-autoscaler")
            .map(|finding| {
                let path = finding["field"]["path"].as_str().unwrap_or("-").to_owned();
                let mut row = vec![
                    scenario.clone(),
                    text(&finding["rule"]).to_owned(),
                    resource(finding),
                    path,
                ];
                row.extend(who(finding));
                row
            })
            .collect();
        let mut expected: Vec<_> = rows()
            .into_iter()
            .filter(|row| row[0] == scenario)
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{scenario}");
    }
}

#[test]
fn every_format_names_the_person_and_the_request() {
    for format in [
        "text", "concise", "json", "krm", "sarif", "junit", "github", "gitlab", "markdown", "html",
    ] {
        let run = told("unset-env", &["--audit", "audit.jsonl", "--format", format]);
        assert_eq!(run.code, Some(1), "{format}: {run:#?}");
        assert!(run.stdout.contains("alice"), "{format}: {}", run.stdout);
        assert!(run.stdout.contains("EMPTY"), "{format}: {}", run.stdout);
    }
    let run = told("unset-env", &["--audit", "audit.jsonl"]);
    for word in [
        "was removed by alice@acme.example",
        "sre",
        "127.0.0.1",
        "2026-11-25T19:52:27",
    ] {
        assert!(run.stdout.contains(word), "{word}: {}", run.stdout);
    }
}

/// A report without a log is unchanged.
#[test]
fn without_a_log_no_request_is_reported() {
    let run = told("set-env", &["--format", "json"]);
    assert!(
        !run.stdout.contains("request\"") && !run.stdout.contains("confidence"),
        "{}",
        run.stdout
    );
}

/// Changes a request's user everywhere.
fn by(mut event: Value, user: &str) -> Value {
    event["user"] = json!({"username": user, "groups": ["system:authenticated"]});
    event["auditID"] = json!(format!("{}-{user}", text(&event["auditID"])));
    event
}

/// Managed fields have one entry for both; the log has two requests.
#[test]
fn two_people_with_one_tool_are_distinguished() {
    let mut all = events("configmap");
    let both = all.pop().expect("the edit");
    let part = |user: &str, key: &str, other: &str, version: &str| {
        let mut event = by(both.clone(), user);
        event["requestObject"]["data"]
            .as_object_mut()
            .expect("data")
            .remove(other);
        let _ = key;
        event["responseObject"]["metadata"]["resourceVersion"] = json!(version);
        event
    };
    let version: u64 = text(&both["responseObject"]["metadata"]["resourceVersion"])
        .parse()
        .expect("a version");
    let mut first = part(
        "alice@acme.example",
        "timeout",
        "extra",
        &version.to_string(),
    );
    first["responseObject"]["data"]
        .as_object_mut()
        .expect("data")
        .remove("extra");
    let second = part(
        "bob@acme.example",
        "extra",
        "timeout",
        &(version + 1).to_string(),
    );
    all.extend([first, second]);
    let told: BTreeSet<(String, String, String)> = joined("configmap", &log(&all))
        .iter()
        .map(|finding| {
            let [user, _, manager, _, confidence] = who(finding);
            assert_eq!(manager, "kubectl-edit");
            (text(&finding["field"]["path"]).to_owned(), user, confidence)
        })
        .collect();
    let row = |path: &str, user: &str| (path.to_owned(), user.to_owned(), "field".to_owned());
    assert_eq!(
        told,
        BTreeSet::from([
            row("data.timeout", "alice@acme.example"),
            row("data.extra", "bob@acme.example")
        ])
    );
}

/// The logs of several API servers may be concatenated.
#[test]
fn the_last_writer_is_named_in_any_order_of_the_log() {
    let mut all = events("scale");
    let scale = all.pop().expect("the scale");
    let mut earlier = by(scale.clone(), "bob@acme.example");
    earlier["requestObject"]["spec"]["replicas"] = json!(9);
    earlier["responseObject"]["spec"]["replicas"] = json!(9);
    earlier["requestReceivedTimestamp"] = json!("2026-11-25T19:52:08.500000Z");
    earlier["stageTimestamp"] = json!("2026-11-25T19:52:08.600000Z");
    let version: u64 = text(&scale["responseObject"]["metadata"]["resourceVersion"])
        .parse()
        .expect("a version");
    let mut scale = scale;
    scale["responseObject"]["metadata"]["resourceVersion"] = json!((version + 1).to_string());
    earlier["responseObject"]["metadata"]["resourceVersion"] = json!(version.to_string());
    for order in [
        [&all[0], &earlier, &scale],
        [&scale, &all[0], &earlier],
        [&earlier, &scale, &all[0]],
    ] {
        let log: String = order.iter().map(|event| format!("{event}\n")).collect();
        let found = joined("scale", &log);
        assert_eq!(who(&found[0])[0], "alice@acme.example", "{found:#?}");
        assert_eq!(who(&found[0])[4], "field");
    }
}

#[test]
fn failed_requests_and_dry_runs_change_nothing() {
    let mut all = events("scale");
    let scale = all.last().cloned().expect("the scale");
    let mut failed = by(scale.clone(), "bob@acme.example");
    failed["responseStatus"]["code"] = json!(403);
    let mut tried = by(scale.clone(), "carol@acme.example");
    tried["requestURI"] = json!(format!("{}?dryRun=All", text(&scale["requestURI"])));
    let mut begun = by(scale.clone(), "dave@acme.example");
    begun["stage"] = json!("RequestReceived");
    for event in [&mut failed, &mut tried, &mut begun] {
        event["requestReceivedTimestamp"] = json!("2026-11-25T19:55:00.000000Z");
        event["stageTimestamp"] = json!("2026-11-25T19:55:00.000000Z");
    }
    let mut same = scale.clone();
    same["stage"] = json!("RequestReceived");
    all.extend([failed, tried, begun, same, scale]);
    let found = joined("scale", &log(&all));
    assert_eq!(who(&found[0])[0], "alice@acme.example", "{found:#?}");
    let run = told_of("scale", &log(&all), &[]);
    assert!(
        run.stdout.contains("does not say how 1 write"),
        "{}",
        run.stdout
    );
}

/// A request that is not in the log is not guessed.
#[test]
fn confidence_depends_on_the_evidence_in_the_log() {
    let mut all = events("set-env");
    // Without the request, only the tool is known.
    let confidences = |log: &str| -> BTreeSet<(String, String)> {
        let found = joined("set-env", log);
        let pair = |finding: &Value| (who(finding)[0].clone(), who(finding)[4].clone());
        found.iter().map(pair).collect()
    };
    let of =
        |user: &str, confidence: &str| BTreeSet::from([(user.to_owned(), confidence.to_owned())]);
    assert_eq!(confidences(&log(&all[..1])), of("-", "tool"));
    // Without bodies, the author who wrote the object with that tool at that time.
    for key in ["requestObject", "responseObject"] {
        all[1].as_object_mut().expect("an event").remove(key);
    }
    all[1]["level"] = json!("Metadata");
    assert_eq!(confidences(&log(&all)), of("alice@acme.example", "object"));
    // With only the request's body.
    let mut all = events("set-env");
    for event in &mut all {
        event
            .as_object_mut()
            .expect("an event")
            .remove("responseObject");
        event["level"] = json!("Request");
    }
    assert_eq!(confidences(&log(&all)), of("alice@acme.example", "field"));
    // If the log begins after the object was created.
    let all = events("set-env");
    assert_eq!(
        confidences(&log(&all[1..])),
        of("alice@acme.example", "field")
    );
    // If someone has written after the end of the log.
    let mut all = events("unset-env");
    all.pop();
    let found = joined("unset-env", &log(&all));
    assert_eq!(who(&found[0])[4], "unknown");
    assert!(text(&found[0]["message"]).contains("does not contain the request"));
}

#[test]
fn impersonation_is_reported_with_both_names() {
    let mut all = events("unset-env");
    all[1]["impersonatedUser"] = json!({"username": "system:admin", "groups": ["system:masters"]});
    let found = joined("unset-env", &log(&all));
    assert_eq!(found[0]["request"]["user"]["impersonated"], "system:admin");
    assert!(text(&found[0]["headline"]).contains("alice@acme.example as system:admin"));
}
