//! `krm-parity drift --follow`: streams of watch events, as sent by a real server.

use std::fs;
use std::io::{BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::recordings;
use crate::support::{Run, Tree, binary};

/// The verb, ready to be started.
fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .current_dir(directory)
        .env("SOURCE_DATE_EPOCH", "1795651200")
        .args(["drift", "--live", "-", "--follow"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn start(directory: &Path, arguments: &[&str]) -> Child {
    command(directory, arguments).spawn().expect("it starts")
}

/// The output for a stream.
fn follow(directory: &Path, arguments: &[&str], stream: &str) -> Run {
    let mut child = start(directory, arguments);
    let mut to = child.stdin.take().expect("a stream");
    let stream = stream.to_owned();
    let writer = std::thread::spawn(move || {
        // A program that has ended early stops reading.
        let _ = to.write_all(stream.as_bytes());
    });
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it was written");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

fn recorded() -> String {
    fs::read_to_string(recordings().join("watch/stream.json")).expect("a recorded stream")
}

const WATCH: [&str; 2] = ["--rendered", "want.yaml"];

/// The text of a line after its place, without the tool.
fn short(line: &str) -> String {
    let rest = line.split_once(": ").map_or(line, |(_, rest)| rest);
    rest.to_owned()
}

fn told(run: &Run) -> Vec<String> {
    run.stdout.lines().map(short).collect()
}

const TOLD: [&str; 6] = [
    "error manual-addition: Deployment checkout: environment variable NEW of container checkout was added by hand with kubectl-set (Update, 2026-11-25T19:53:16Z)",
    "error manual-change: Deployment checkout: the value of environment variable LOG_LEVEL of container checkout was changed by hand with kubectl-set (Update, 2026-11-25T19:53:39Z)",
    "warning manual-change: Deployment checkout: the value of environment variable LOG_LEVEL of container checkout was changed by hand with kubectl-set (Update, 2026-11-25T19:53:39Z); reverted at 2026-11-25T19:53:40Z with argocd-controller",
    "error manual-change: Deployment checkout: the replica count was changed by hand with kubectl (Update through scale, time not recorded)",
    "warning manual-change: Deployment checkout: the replica count was changed by hand with kubectl (Update through scale, time not recorded); reverted at 2026-11-25T19:53:42Z with argocd-controller",
    "error manual-addition: Deployment checkout: annotation incident was added by hand with kubectl-annotate (Update, 2026-11-25T19:53:42Z)",
];

/// The format of the events does not matter.
#[test]
fn every_change_of_a_recorded_stream_is_reported_once_and_at_its_end() {
    let directory = recordings().join("watch");
    let lines = recorded();
    let events: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect();
    let pretty: String = events
        .iter()
        .map(|event| format!("{}\n", serde_json::to_string_pretty(event).expect("JSON")))
        .collect();
    let documents: String = events
        .iter()
        .map(|event| {
            format!(
                "object: {}\ntype: {}\n---\n",
                event["object"], event["type"]
            )
        })
        .collect();
    let joined = lines.replace('\n', "");
    for (form, stream) in [
        ("lines", &lines),
        ("pretty", &pretty),
        ("YAML", &documents),
        ("joined", &joined),
    ] {
        let run = follow(&directory, &WATCH, stream);
        assert_eq!(run.code, Some(1), "{form}: {run:#?}");
        assert_eq!(told(&run), TOLD, "{form}: {run:#?}");
        assert!(run.stderr.contains("7 events"), "{form}: {run:#?}");
    }
    // A restarted watch repeats its first events, and nothing is reported twice.
    let again = format!("{lines}{}\n", lines.lines().next_back().unwrap_or_default());
    let again = again.replace("\"type\":\"MODIFIED\"", "\"type\":\"ADDED\"");
    let run = follow(&directory, &WATCH, &again);
    let told = told(&run);
    assert_eq!(
        told.iter()
            .filter(|line| line.contains("annotation incident"))
            .count(),
        1
    );
}

/// Each record is a separate line that the schema describes, also in a file.
#[test]
fn records_are_written_line_by_line_with_their_reversals() {
    let directory = recordings().join("watch");
    let tree = Tree::new();
    let file = format!("audit-record={}", tree.path("trail.jsonl").display());
    let arguments = [
        &WATCH[..],
        &[
            "--format",
            "concise",
            "--format",
            &file,
            "--cluster",
            "prod",
        ],
    ]
    .concat();
    let run = follow(&directory, &arguments, &recorded());
    assert_eq!(run.code, Some(1), "{run:#?}");
    let text = fs::read_to_string(tree.path("trail.jsonl")).expect("records");
    let records: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect();
    let schema =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/auditrecord.json"));
    let schema: Value = serde_json::from_str(&schema.expect("a schema")).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for record in &records {
        assert!(schema.is_valid(record), "{record:#}");
        assert_eq!(record["cluster"], "prod");
        assert_eq!(record["confidence"], "tool");
    }
    let row = |record: &Value| {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        [
            text(&record["field"]),
            text(&record["manager"]),
            text(&record["time"]),
            text(&record["reverted"]["time"]),
            text(&record["reverted"]["by"]),
        ]
        .join(" ")
    };
    let rows: Vec<String> = records.iter().map(row).collect();
    let level = "spec.template.spec.containers[name=checkout].env[name=LOG_LEVEL].value";
    assert_eq!(
        rows,
        [
            "spec.template.spec.containers[name=checkout].env[name=NEW] kubectl-set 2026-11-25T19:53:16Z - -".to_owned(),
            format!("{level} kubectl-set 2026-11-25T19:53:39Z - -"),
            format!("{level} kubectl-set 2026-11-25T19:53:39Z 2026-11-25T19:53:40Z argocd-controller"),
            // The time was not recorded, but the change was seen.
            "spec.replicas kubectl 2026-11-26T00:00:00Z - -".to_owned(),
            "spec.replicas kubectl 2026-11-26T00:00:00Z 2026-11-25T19:53:42Z argocd-controller".to_owned(),
            "metadata.annotations kubectl-annotate 2026-11-25T19:53:42Z - -".to_owned(),
        ]
    );
    assert_eq!(records[1]["id"], records[2]["id"]);
    assert_eq!(told(&run).len(), TOLD.len(), "{run:#?}");
}

/// The next line; at the latest, the test ends with it.
fn next(from: &mut impl std::io::BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("a line");
    line
}

/// Whether the parent process of the tests ignores a signal, as shells do in the background.
#[cfg(unix)]
fn is_ignored(number: u32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

#[cfg(unix)]
#[test]
fn a_change_is_reported_at_once_and_a_signal_ends_the_run_like_the_stream() {
    let directory = recordings().join("watch");
    let stream = recorded();
    for (signal, number, is_yaml) in [("INT", 2, false), ("TERM", 15, true), ("TERM", 15, false)] {
        if is_ignored(number) {
            continue;
        }
        let mut child = start(&directory, &WATCH);
        let mut to = child.stdin.take().expect("stdin");
        let mut from = BufReader::new(child.stdout.take().expect("stdout"));
        let mut lines = stream.lines();
        let first: Value = serde_json::from_str(lines.next().expect("an event")).expect("JSON");
        // A YAML document is reported too, although no next document ends it.
        let first = if is_yaml {
            format!("object: {}\ntype: {}\n", first["object"], first["type"])
        } else {
            format!("{first}\n")
        };
        to.write_all(first.as_bytes()).expect("it reads");
        assert_eq!(short(next(&mut from).trim_end()), TOLD[0]);
        let _ = lines.next();
        writeln!(to, "{}", lines.next().expect("an event")).expect("it reads");
        assert_eq!(short(next(&mut from).trim_end()), TOLD[1]);
        // The stream is still open, and an event has begun.
        to.write_all(b"{\"type\":").expect("it reads");
        to.flush().expect("it reads");
        let kill = Command::new("kill")
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status();
        assert!(kill.expect("kill").success());
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(1), "{signal}");
        let mut said = String::new();
        let mut errors = child.stderr.take().expect("stderr");
        errors.read_to_string(&mut said).expect("text");
        assert!(
            said.contains("2 events, 2 changes reported, 0 of them reverted, 2 still there"),
            "{said}"
        );
        assert!(!said.contains("is ignored"), "{said}");
        drop(to);
    }
}

/// A watch without any event, and a pipe without a writer.
#[cfg(unix)]
#[test]
fn a_signal_ends_a_waiting_run() {
    let tree = Tree::new();
    let directory = recordings().join("watch");
    let pipe = tree.path("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let end = |child: &mut Child| {
        std::thread::sleep(std::time::Duration::from_millis(500));
        let killed = Command::new("kill").arg(child.id().to_string()).status();
        assert!(killed.expect("kill").success());
        // `wait` closes the stream, which would also end the program.
        let _stream = child.stdin.take();
        child.wait().expect("it ends").code()
    };
    let mut command = Command::new(binary());
    command
        .current_dir(&directory)
        .args(["drift", "--follow", "--live"])
        .arg(&pipe)
        .args(WATCH)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    assert_eq!(end(&mut command.spawn().expect("it starts")), Some(0));
    let mut child = start(&directory, &WATCH);
    assert_eq!(end(&mut child), Some(0));
}

#[cfg(unix)]
#[test]
fn a_closed_stdout_is_not_a_failure() {
    let directory = recordings().join("watch");
    let mut child = start(&directory, &WATCH);
    drop(child.stdout.take());
    let mut to = child.stdin.take().expect("stdin");
    // The stream stays open: the program must end by itself.
    let _ = to.write_all(recorded().as_bytes());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(1));
    drop(to);
}

const GIT: &str = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: n}, data: {x: y}}\n---\n{apiVersion: v1, kind: Secret, metadata: {name: s, namespace: n}, stringData: {password: hunter1-git}}\n---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: bare}, data: {x: y}}\n";

fn event(
    kind: &str,
    name: &str,
    namespace: &str,
    version: u32,
    manager: &str,
    value: &str,
) -> String {
    let is_secret = name == "s";
    let object = json!({"apiVersion": "v1", "kind": if is_secret { "Secret" } else { "ConfigMap" },
        "metadata": {"name": name, "namespace": namespace, "resourceVersion": version.to_string(),
            "managedFields": [{"manager": manager, "operation": "Update", "time": format!("2026-01-02T00:00:{version:02}Z"),
                "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {if is_secret { "f:password" } else { "f:x" }: {}}}}]},
        "data": {if is_secret { "password" } else { "x" }: value}});
    format!("{}\n", json!({"type": kind, "object": object}))
}

/// The output for a stream about small objects: exit code, lines, and stderr.
fn small(arguments: &[&str], stream: &str) -> (Option<i32>, Vec<String>, String) {
    let tree = Tree::new();
    tree.write("git.yaml", GIT);
    let arguments = [&["--rendered", "git.yaml"], arguments].concat();
    let run = follow(&tree.path(""), &arguments, stream);
    for value in ["hunter1", "hunter2", "hunter3", "aHVudGVy"] {
        assert!(!format!("{run:?}").contains(value), "{value}: {run:#?}");
    }
    (run.code, told(&run), run.stderr)
}

#[test]
fn deleted_recreated_and_extra_objects_are_followed() {
    let stream = [
        event("ADDED", "a", "n", 1, "argocd-controller", "y"),
        event("DELETED", "a", "n", 2, "argocd-controller", "y"),
        event("ADDED", "a", "n", 3, "argocd-controller", "y"),
        event("ADDED", "b", "n", 4, "kubectl-create", "y"),
        event("MODIFIED", "b", "n", 5, "kubectl-edit", "z"),
        event("ADDED", "c", "n", 6, "something", "z"),
        event("DELETED", "b", "n", 7, "kubectl-edit", "z"),
        event("BOOKMARK", "a", "n", 8, "x", "z"),
    ]
    .concat();
    let (code, told, said) = small(&[], &stream);
    assert_eq!(
        told,
        [
            "error missing-object: ConfigMap a: it is in Git, but not in the cluster",
            "warning missing-object: ConfigMap a: it is in Git, but not in the cluster; reverted at 2026-01-02T00:00:03Z with argocd-controller",
            "warning extra-object: ConfigMap b: it was created by hand with kubectl-create (Update, 2026-01-02T00:00:04Z) and is not in Git",
            "warning extra-object: ConfigMap b: it was created by hand with kubectl-create (Update, 2026-01-02T00:00:04Z) and is not in Git; reverted at 2026-11-26T00:00:00Z",
        ],
        "{said}"
    );
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("8 events, 2 changes reported, 2 of them reverted, 0 still there"),
        "{said}"
    );
    let (code, ..) = small(
        &[],
        &event("DELETED", "a", "n", 2, "argocd-controller", "y"),
    );
    assert_eq!(code, Some(1));
}

#[test]
fn a_secret_is_reported_and_never_shown() {
    let stream = [
        event(
            "ADDED",
            "s",
            "n",
            1,
            "argocd-controller",
            "aHVudGVyMS1naXQ=",
        ),
        event("MODIFIED", "s", "n", 2, "kubectl-edit", "aHVudGVyMi1saXZl"),
        event("MODIFIED", "s", "n", 3, "kubectl-edit", "aHVudGVyMy1saXZl"),
        // A copy of it in another place.
        event("MODIFIED", "a", "n", 4, "kubectl-edit", "hunter3-live"),
        event("MODIFIED", "a", "n", 5, "kubectl-edit", "hunter2-live"),
    ]
    .concat();
    let (_, told, said) = small(&[], &stream);
    let of = |name: &str| told.iter().filter(|line| line.contains(name)).count();
    // Twice each, because each is another value.
    assert_eq!(
        (of("Secret s"), of("ConfigMap a")),
        (2, 2),
        "{told:#?} {said}"
    );
    let (_, told, _) = small(&["--format", "audit-record"], &stream);
    assert_eq!(told.len(), 4, "{told:#?}");
}

#[test]
fn an_object_without_a_namespace_in_git_is_the_first_or_the_named_one() {
    let stream = [
        event("ADDED", "bare", "one", 1, "kubectl-edit", "z"),
        event("ADDED", "bare", "two", 2, "kubectl-set", "z"),
    ]
    .concat();
    let (_, told, said) = small(&[], &stream);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("kubectl-edit"), "{told:?}");
    assert!(said.contains("line 2 of the stream is ignored: ConfigMap bare has no namespace in Git and is in one and two; choose one with --namespace"), "{said}");
    let (_, told, said) = small(&["--namespace", "two"], &stream);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("kubectl-set"), "{told:?}");
    assert!(!said.contains("is ignored"), "{said}");
}

#[test]
fn unreadable_texts_are_named_and_skipped() {
    let good = event("MODIFIED", "a", "n", 2, "kubectl-edit", "z");
    let cut = good.get(..60).expect("a part");
    let object: Value = serde_json::from_str(&good).expect("JSON");
    let plain = format!("{}\n", object["object"]);
    for (stream, said) in [
        (
            format!("Unable to connect to the server\n{good}"),
            "line 1 of the stream is ignored: it is not a watch event",
        ),
        (
            format!("{cut}\n{good}"),
            "line 1 of the stream is ignored: an event is cut off",
        ),
        (
            format!("{good}{cut}"),
            "line 2 of the stream is ignored: an event is cut off",
        ),
        (
            format!("{plain}{good}"),
            "line 1 of the stream is ignored: it is not a watch event; pass --output-watch-events to kubectl get --watch",
        ),
        (
            format!("{{\"type\": \"ADDED\", \"object\": {{}}}}\n{good}"),
            "line 1 of the stream is ignored: its object lacks a kind or a name",
        ),
        (
            format!("{{\"type\": \"OTHER\", \"object\": {{}}}}\n{good}"),
            "line 1 of the stream is ignored: its type is not one of a watch event",
        ),
        (
            format!("{{\"type\": [}}\n{good}"),
            "line 1 of the stream is ignored: ",
        ),
    ] {
        let (code, told, errors) = small(&[], &stream);
        assert_eq!(code, Some(1), "{stream}: {errors}");
        assert_eq!(told.len(), 1, "{stream}: {told:?} {errors}");
        assert!(errors.contains(said), "{stream}: {errors}");
    }
    let many = "x\n".repeat(1000);
    let (_, told, errors) = small(&[], &format!("{many}{good}"));
    assert_eq!(told.len(), 1);
    assert!(errors.lines().count() < 30, "{errors}");
    assert!(
        errors.contains("1000 lines of the stream were ignored in total"),
        "{errors}"
    );
}

#[test]
fn an_invalid_follow_cannot_run() {
    let good = event("ADDED", "a", "n", 2, "argocd-controller", "y");
    let error = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"message\":\"too old resource version: 1 (2)\",\"code\":410}}\n";
    for (arguments, stream, expected) in [
        (&[][..], "", "the stream had no watch event"),
        (
            &[],
            "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}\n",
            "the stream had no watch event",
        ),
        (
            &[],
            error,
            "the API server ended the watch: too old resource version: 1 (2); start it again",
        ),
        (
            &["--format", "json"],
            &good,
            "--format json needs a whole report, and --follow reports each change as it happens; use concise or audit-record",
        ),
        (
            &["--format", "text"],
            &good,
            "--format text needs a whole report",
        ),
        (&["--audit", "x"], &good, "--audit"),
        (&["--context", "x"], &good, "--context"),
    ] {
        let (code, told, said) = small(arguments, stream);
        assert_eq!(code, Some(2), "{arguments:?} {stream}: {said}");
        assert!(told.is_empty(), "{told:?}");
        assert!(said.contains(expected), "{arguments:?}: {said}");
    }
    // The severity of the findings outranks how the watch ended.
    let changed = event("MODIFIED", "a", "n", 2, "kubectl-edit", "z");
    let (code, told, said) = small(&[], &format!("{changed}{error}"));
    assert_eq!((code, told.len()), (Some(1), 1), "{said}");
    assert!(said.contains("the API server ended the watch"), "{said}");
}
