//! `krm-parity audit`: the changes that people made, from the recorded audit logs alone.

mod secrets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{Run, Tree, binary, run};

fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/live")
}

/// The verb in a directory.
fn audit(directory: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(binary());
    command
        .current_dir(directory)
        .env("SOURCE_DATE_EPOCH", "1795651200")
        .arg("audit")
        .args(arguments);
    run(&mut command)
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

/// The verb over a scenario, with more arguments.
fn told(scenario: &str, more: &[&str]) -> Run {
    let all = [
        &["--rendered", "want.yaml", "--events", "audit.jsonl"],
        more,
    ]
    .concat();
    audit(&recordings().join(scenario), &all)
}

/// The same with a log other than the recorded one.
fn told_of(scenario: &str, log: &str, more: &[&str]) -> Run {
    let tree = Tree::new();
    let file = tree.write("audit.jsonl", log);
    let file = file.to_str().expect("a path");
    let all = [&["--rendered", "want.yaml", "--events", file], more].concat();
    audit(&recordings().join(scenario), &all)
}

const JSON: [&str; 2] = ["--format", "json"];

/// The findings of a run with JSON output.
fn findings(run: &Run) -> Vec<Value> {
    report(run)["findings"]
        .as_array()
        .expect("findings")
        .clone()
}

/// The findings about a scenario.
fn found(scenario: &str) -> Vec<Value> {
    findings(&told(scenario, &JSON))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// A finding as a row of the table.
fn row(scenario: &str, finding: &Value) -> Vec<String> {
    let (resource, request) = (&finding["resource"], &finding["request"]);
    let name = format!("{}/{}", text(&resource["kind"]), text(&resource["name"]));
    let all = [
        scenario,
        text(&finding["rule"]),
        &name,
        text(&finding["field"]["path"]),
        text(&finding["class"]),
        text(&request["user"]["name"]),
        text(&request["verb"]),
        text(&request["time"]),
        text(&request["confidence"]),
        text(&request["reverted"]["time"]),
        text(&request["reverted"]["by"]),
    ];
    all.map(str::to_owned).to_vec()
}

#[test]
fn every_recorded_write_is_reported_with_its_outcome() {
    let table = fs::read_to_string(recordings().join("trail.tsv")).expect("the table");
    let mut expected: Vec<Vec<String>> = table
        .lines()
        .skip(1)
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect();
    assert!(expected.len() > 40, "{}", expected.len());
    let entries = fs::read_dir(recordings()).expect("recordings");
    let logs = entries.map(|entry| entry.expect("an entry").path());
    let mut rows = Vec::new();
    for scenario in logs.filter(|path| path.join("audit.jsonl").exists()) {
        let name = scenario
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        rows.extend(found(&name).iter().map(|finding| row(&name, finding)));
    }
    rows.sort();
    expected.sort();
    assert_eq!(rows, expected);
}

/// The object no longer shows the change, because self-heal has overwritten it.
#[test]
fn a_reverted_change_is_a_warning_and_a_lasting_one_an_error() {
    let all = found("self-healed");
    let severity = |path: &str| {
        let of_path = |finding: &&Value| text(&finding["field"]["path"]).ends_with(path);
        let finding = all
            .iter()
            .find(of_path)
            .unwrap_or_else(|| panic!("{path}: {all:#?}"));
        (
            text(&finding["severity"]).to_owned(),
            text(&finding["headline"]).to_owned(),
        )
    };
    for path in ["spec.replicas", "env[name=LOG_LEVEL].value"] {
        let (severity, headline) = severity(path);
        assert_eq!(severity, "warning");
        assert!(
            headline.ends_with("; reverted at 2026-11-25T19:53:29.299785Z by argocd"),
            "{headline}"
        );
    }
    assert_eq!(severity("env[name=SKIP_FRAUD_CHECK]").0, "error");
    // A change that is over does not fail the run by itself.
    let run = told("changed-back", &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(run.stdout.contains("reverted at"), "{}", run.stdout);
}

#[test]
fn exemptions_and_allowed_fields_of_the_policy_hold() {
    let tree = Tree::new();
    let policy = |spec: &str| {
        tree.write("parity.yaml", &format!("apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {{name: parity}}\nspec: {spec}\n"));
        let file = tree.path("parity.yaml");
        let file = file.to_str().expect("a path").to_owned();
        told("self-healed", &["--policy", &file, "--format", "json"])
    };
    let run = policy("{allow: {fields: [{path: spec.replicas, reason: scaled by hand}]}}");
    let of = |run: &Run| findings(run).len();
    assert_eq!(of(&run), 2, "{run:#?}");
    let run = policy("{rules: {manual-change: {severity: ignore}}}");
    assert_eq!(of(&run), 1, "{run:#?}");
    let run = policy(
        "{exemptions: [{rule: manual-addition, path: '**.env[name=SKIP_FRAUD_CHECK]', reason: INC-42, expires: 2027-01-31}]}",
    );
    assert_eq!(run.code, Some(0), "{run:#?}");
    let run = policy(
        "{rules: {manual-change: {severity: error}}, exemptions: [{rule: manual-addition, path: '**.env[name=SKIP_FRAUD_CHECK]', reason: INC-42, expires: 2027-01-31}]}",
    );
    assert_eq!(run.code, Some(1), "{run:#?}");
}

#[test]
fn records_are_lines_that_their_schema_describes_and_that_stay_the_same() {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/auditrecord.json");
    let schema: Value =
        serde_json::from_str(&fs::read_to_string(schema).expect("a schema")).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let mut ids = Vec::new();
    for scenario in [
        "self-healed",
        "watch",
        "deleted",
        "patch-json",
        "cr",
        "annotate",
        "unset-env",
    ] {
        let records = ["--cluster", "one", "--format", "audit-record"];
        let run = told(scenario, &records);
        assert_eq!(
            run.stdout.lines().count(),
            found(scenario).len(),
            "{scenario}"
        );
        let mut last = String::new();
        for line in run.stdout.lines() {
            let record: Value = serde_json::from_str(line).expect("a record");
            assert!(validator.is_valid(&record), "{scenario}: {record:#}");
            assert_eq!(record["cluster"], "one");
            assert!(
                text(&record["time"]) >= last.as_str(),
                "{scenario}: in the order of time"
            );
            last = text(&record["time"]).to_owned();
            ids.push(text(&record["id"]).to_owned());
        }
        // A longer log has the same records, and more.
        let log =
            fs::read_to_string(recordings().join(scenario).join("audit.jsonl")).expect("a log");
        assert_eq!(
            told_of(scenario, &format!("{log}{log}"), &records).stdout,
            run.stdout,
            "{scenario}"
        );
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "no two records share an id");
}

#[test]
fn a_record_has_only_known_values() {
    let names = ["--service", "shop", "--environment", "production"];
    let run = told(
        "unset-env",
        &[&names[..], &["--format", "audit-record"]].concat(),
    );
    let record: Value = serde_json::from_str(run.stdout.trim()).expect("one record");
    assert_eq!(
        record,
        json!({
            "id": record["id"],
            "time": "2026-11-25T19:52:27.935831Z",
            "application": "shop",
            "environment": "production",
            "resource": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "checkout", "namespace": "t-unset-env"},
            "field": "spec.template.spec.containers[name=checkout].env[name=EMPTY]",
            "class": "env-names",
            "change": "removed",
            "rule": "manual-removal",
            "wanted": {"name": "EMPTY", "value": ""},
            "manager": "kubectl-set",
            "operation": "Update",
            "user": {"name": "alice@acme.example", "groups": ["sre", "system:authenticated"], "sourceIPs": ["127.0.0.1"], "userAgent": "kubectl/v1.32.4 (linux/amd64) kubernetes/4cb5f07"},
            "auditID": record["auditID"],
            "verb": "patch",
            "confidence": "field",
            "selfHealReverts": true,
            "recovery": record["recovery"],
            "patch": {
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": "checkout", "namespace": "t-unset-env"},
                "spec": {"template": {"spec": {"containers": [{"name": "checkout", "env": [{"name": "EMPTY", "$patch": "delete"}]}]}}},
            },
        })
    );
    let run = told("unset-env", &["--format", "audit-recrd"]);
    assert!(
        run.stderr.contains("did you mean audit-record?"),
        "{run:#?}"
    );
}

/// A user who applies files is the deployer if none is known; one who edits is not.
#[test]
fn service_accounts_and_deployers_are_not_people() {
    let log = fs::read_to_string(recordings().join("set-env").join("audit.jsonl")).expect("a log");
    let of = |user: &str| {
        let run = told_of("set-env", &log.replace("alice@acme.example", user), &JSON);
        findings(&run).len()
    };
    assert_eq!(
        of("system:serviceaccount:argocd:argocd-application-controller"),
        0
    );
    assert_eq!(
        of("system:serviceaccount:kube-system:replicaset-controller"),
        0
    );
    assert_eq!(
        of("system:serviceaccount:flux-system:kustomize-controller"),
        0
    );
    assert_eq!(of("system:node:one"), 0);
    // An unknown account is reported: it may belong to anyone.
    assert_eq!(of("system:serviceaccount:ci:runner"), 2);
    assert_eq!(of("bob@acme.example"), 2);
}

/// A log of level Metadata only shows that someone wrote.
#[test]
fn without_bodies_the_object_is_reported_as_a_whole() {
    let log = fs::read_to_string(recordings().join("set-env").join("audit.jsonl")).expect("a log");
    let lines: String = log
        .lines()
        .map(|line| {
            let mut event: Value = serde_json::from_str(line).expect("an event");
            for key in ["requestObject", "responseObject"] {
                event.as_object_mut().expect("an event").remove(key);
            }
            format!("{event}\n")
        })
        .collect();
    let run = told_of("set-env", &lines, &JSON);
    let all = findings(&run);
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0]["rule"], "manual-change");
    assert_eq!(all[0]["field"], Value::Null);
    assert_eq!(all[0]["request"]["confidence"], "object");
    assert!(
        text(&all[0]["message"]).contains("The log does not show which fields."),
        "{all:#?}"
    );
}

/// The request's body is enough if answers are not logged.
#[test]
fn without_answers_the_requests_are_enough() {
    for scenario in [
        "set-env",
        "self-healed",
        "unset-env",
        "annotate",
        "watch",
        "configmap",
    ] {
        let log =
            fs::read_to_string(recordings().join(scenario).join("audit.jsonl")).expect("a log");
        let lines: String = log
            .lines()
            .map(|line| {
                let mut event: Value = serde_json::from_str(line).expect("an event");
                event
                    .as_object_mut()
                    .expect("an event")
                    .remove("responseObject");
                format!("{event}\n")
            })
            .collect();
        let run = told_of(scenario, &lines, &JSON);
        let all = findings(&run);
        let rows: Vec<_> = all.iter().map(|finding| row(scenario, finding)).collect();
        let expected: Vec<_> = found(scenario)
            .iter()
            .map(|finding| row(scenario, finding))
            .collect();
        assert_eq!(rows, expected, "{scenario}");
    }
}

#[test]
fn an_object_that_was_deleted_and_came_back_is_a_warning() {
    let log = fs::read_to_string(recordings().join("deleted").join("audit.jsonl")).expect("a log");
    let mut again: Value =
        serde_json::from_str(log.lines().next().expect("a line")).expect("an event");
    again["auditID"] = json!("again");
    again["stageTimestamp"] = json!("2026-11-25T19:54:09.000000Z");
    again["requestReceivedTimestamp"] = json!("2026-11-25T19:54:08.900000Z");
    again["responseObject"]["metadata"]["resourceVersion"] = json!("99999");
    let run = told_of("deleted", &format!("{log}{again}\n"), &JSON);
    let all = findings(&run);
    assert_eq!(all.len(), 1, "{all:#?}");
    assert_eq!(all[0]["rule"], "missing-object");
    assert_eq!(all[0]["severity"], "warning");
    assert_eq!(
        all[0]["request"]["reverted"],
        json!({"time": "2026-11-25T19:54:08.900000Z", "by": "argocd"})
    );
}

#[test]
fn an_overlay_is_built_by_the_engine() {
    let tree = Tree::new();
    let want =
        fs::read_to_string(recordings().join("set-env").join("want.yaml")).expect("a recording");
    tree.write("shop/base/deployment.yaml", &want);
    tree.write(
        "shop/base/kustomization.yaml",
        "resources: [deployment.yaml]\n",
    );
    tree.write(
        "shop/overlays/production/kustomization.yaml",
        "resources: [../../base]\n",
    );
    let log = fs::read_to_string(recordings().join("set-env").join("audit.jsonl")).expect("a log");
    tree.write("audit.jsonl", &log);
    let run = audit(
        &tree.path(""),
        &["shop/overlays/production", "--events", "audit.jsonl"],
    );
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stdout.contains("shop, production against Git"),
        "{}",
        run.stdout
    );
    let run = audit(
        &tree.path(""),
        &["shop/overlays/production", "--events", "nothing.jsonl"],
    );
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("cannot read nothing.jsonl"), "{run:#?}");
}

/// If several objects have the same name, it is not known which one Git means.
#[test]
fn without_a_namespace_the_log_must_have_one_object_of_a_name() {
    let directory = recordings().join("set-env");
    let want = fs::read_to_string(directory.join("want.yaml")).expect("a recording");
    let log = fs::read_to_string(directory.join("audit.jsonl")).expect("a log");
    let other = log.replace("t-set-env", "other").replace("alice", "bob");
    // Each request has its own id.
    let other = other.replace("\"auditID\":\"", "\"auditID\":\"other-");
    let tree = Tree::new();
    tree.write("git.yaml", &want.replace("  namespace: t-set-env\n", ""));
    tree.write("audit.jsonl", &format!("{log}{other}"));
    let of = |more: &[&str]| {
        let mut arguments = vec!["--rendered", "git.yaml", "--events", "audit.jsonl"];
        arguments.extend(more);
        audit(&tree.path(""), &arguments)
    };
    let run = of(&[]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(
        run.stderr
            .contains("the log has it in other, t-set-env; choose one with --namespace"),
        "{run:#?}"
    );
    let run = of(&["--namespace", "t-set-env"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stdout.contains("alice") && !run.stdout.contains("bob"),
        "{}",
        run.stdout
    );
}
