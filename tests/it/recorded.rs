//! `krm-parity drift` and `krm-parity audit` over what `scripts/record-live` recorded of real API
//! servers.
//!
//! `tests/data/live/changes.sh` makes the changes, the tables beside it say what is right, and a
//! directory `tests/fixtures/live/vMAJOR.MINOR` has what a release of Kubernetes made of them. Every
//! release has the same scenarios.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{Run, Tree, binary, run};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// A scenario as a release of Kubernetes recorded it.
struct Recording {
    name: String,
    directory: PathBuf,
}

/// Every scenario of every release that was recorded.
fn recordings() -> Vec<Recording> {
    let list = |directory: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(directory).expect("a directory");
        let mut all: Vec<PathBuf> = entries.map(|one| one.expect("an entry").path()).collect();
        all.sort();
        all
    };
    let name = |path: &Path| -> String {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let releases = list(&root().join("fixtures/live"));
    let releases = releases
        .into_iter()
        .filter(|path| path.join("versions.tsv").exists());
    let all: Vec<Recording> = releases
        .flat_map(|release| list(&release))
        .filter(|path| path.is_dir())
        .map(|directory| Recording {
            name: name(&directory),
            directory,
        })
        .collect();
    assert!(!all.is_empty(), "nothing is recorded");
    all
}

/// The lines of a table without its head.
fn table(file: &Path) -> Vec<Vec<String>> {
    let text =
        fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let lines = text.lines();
    lines
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

/// What is right about a scenario, by a table of `tests/data/live`.
fn expected(file: &str, scenario: &str) -> BTreeSet<Vec<String>> {
    let rows = table(&root().join("data/live").join(file));
    let rows = rows.into_iter().skip(1);
    rows.filter(|row| row[0] == scenario).collect()
}

impl Recording {
    /// A verb over the scenario.
    fn run(&self, verb: &str, arguments: &[&str]) -> Run {
        let mut command = Command::new(binary());
        command
            .current_dir(&self.directory)
            .env("SOURCE_DATE_EPOCH", "1781481600")
            .args([verb, "--rendered", "want.yaml"])
            .args(arguments);
        run(&mut command)
    }

    /// The findings of a verb.
    fn found(&self, verb: &str, arguments: &[&str]) -> Vec<Value> {
        let run = self.run(verb, &[arguments, &["--format", "json"]].concat());
        let report: Value = serde_json::from_str(&run.stdout)
            .unwrap_or_else(|error| panic!("{}: {error}: {run:#?}", self.directory.display()));
        report["findings"].as_array().expect("findings").clone()
    }

    /// Recorded objects as `kubectl get -o json` prints them without `--show-managed-fields`.
    fn plain(&self, file: &str) -> String {
        let text = fs::read_to_string(self.directory.join(file)).expect("objects");
        let mut list: Value = serde_json::from_str(&text).expect("a list");
        let items = list["items"].as_array_mut().expect("items");
        for item in items {
            let metadata = item["metadata"].as_object_mut().expect("metadata");
            metadata.remove("managedFields");
        }
        list.to_string()
    }

    /// Who did it and when: the commands that people ran, without those of deployers.
    fn did(&self) -> Vec<[String; 3]> {
        let rows = table(&self.directory.join("did.tsv")).into_iter();
        rows.map(|row| [row[0].clone(), row[1].clone(), row[2].clone()])
            .collect()
    }

    /// Whether a user ran a command at a time, which has whole seconds or parts of them.
    fn is_when(&self, user: Option<&str>, time: &str) -> bool {
        let second = |time: &str| time.get(..19).unwrap_or_default().to_owned();
        self.did().into_iter().any(|[who, from, until]| {
            let is_his = user.is_none_or(|user| user == who);
            is_his && second(&from) <= second(time) && second(time) <= second(&until)
        })
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// The first four columns of the tables: scenario, rule, resource, path.
fn place(scenario: &str, finding: &Value) -> Vec<String> {
    let resource = &finding["resource"];
    let name = format!("{}/{}", text(&resource["kind"]), text(&resource["name"]));
    let path = text(&finding["field"]["path"]);
    [scenario, text(&finding["rule"]), &name, path]
        .map(str::to_owned)
        .to_vec()
}

/// The user of a finding's request, and the one that this user took the rights of.
fn user(finding: &Value) -> String {
    let user = &finding["request"]["user"];
    match user["impersonated"].as_str() {
        Some(other) => format!("{} as {other}", text(&user["name"])),
        None => text(&user["name"]).to_owned(),
    }
}

#[test]
fn every_scenario_is_recorded_and_has_its_files() {
    let script = fs::read_to_string(root().join("data/live/changes.sh")).expect("the script");
    let (_, list) = script.split_once("SCENARIOS='\n").expect("the list");
    let (list, _) = list.split_once("'\n").expect("its end");
    let names: BTreeSet<&str> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(names.len() > 30, "{names:?}");
    let all = recordings();
    let recorded: BTreeSet<&str> = all.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(recorded, names);
    assert_eq!(all.len() % names.len(), 0, "a release lacks a scenario");
    for recording in &all {
        for file in ["want.yaml", "live.json", "audit.jsonl", "did.tsv"] {
            assert!(
                recording.directory.join(file).exists(),
                "{} {file}",
                recording.name
            );
        }
    }
    for file in ["expect.tsv", "trail.tsv"] {
        for row in table(&root().join("data/live").join(file)).iter().skip(1) {
            assert!(names.contains(row[0].as_str()), "{file}: {row:?}");
        }
    }
}

/// Every scenario starts from what a deployer made of Git, with controllers at work.
#[test]
fn untouched_objects_are_silent() {
    for recording in recordings() {
        let before = if recording.directory.join("before.json").exists() {
            "before.json"
        } else {
            "live.json"
        };
        let tree = Tree::new();
        let plain = tree.write("plain.json", &recording.plain(before));
        for live in [before, plain.to_str().expect("a path")] {
            let found = recording.found("drift", &["--live", live]);
            assert!(
                found.is_empty(),
                "{} {live}: {found:#?}",
                recording.directory.display()
            );
            let found = recording.found("drift", &["--live", live, "--audit", "audit.jsonl"]);
            assert!(
                found.is_empty(),
                "{} {live}: {found:#?}",
                recording.directory.display()
            );
        }
    }
}

#[test]
fn every_change_is_reported_once_with_its_tool_and_its_time() {
    for recording in recordings() {
        let mut told = Vec::new();
        for finding in recording.found("drift", &["--live", "live.json"]) {
            let row = place(&recording.name, &finding);
            let rows = expected("expect.tsv", &recording.name);
            let manager = rows
                .iter()
                .find(|wanted| wanted[..4] == row)
                .map(|wanted| wanted[4].clone());
            let message = text(&finding["message"]);
            if let Some(manager) = manager.filter(|manager| manager != "-") {
                let (tool, operation) = manager.split_once(' ').expect("tool and operation");
                let operation = operation.replace('/', " through ");
                let (_, time) = message
                    .split_once(&format!("{tool} ({operation}, "))
                    .unwrap_or_else(|| panic!("{row:?}: {manager}: {message}"));
                let (time, _) = time.split_once(')').expect("a time");
                let is_when = match time {
                    "time not recorded" => operation.contains("scale"),
                    time => recording.is_when(None, time),
                };
                assert!(is_when, "{row:?}: {time}: {message}");
            }
            told.push(row);
        }
        told.sort();
        let wanted: Vec<Vec<String>> = expected("expect.tsv", &recording.name)
            .into_iter()
            .map(|row| row[..4].to_vec())
            .collect();
        assert_eq!(told, wanted, "{}", recording.directory.display());
    }
}

/// Without managed fields, only what differs from Git is known, and not that a map such as a
/// Service's selector is one value.
#[test]
fn without_managed_fields_changed_and_missing_values_are_reported() {
    for recording in recordings() {
        let tree = Tree::new();
        let plain = tree.write("plain.json", &recording.plain("live.json"));
        let plain = plain.to_str().expect("a path");
        let mut wanted: Vec<Vec<String>> = expected("expect.tsv", &recording.name)
            .into_iter()
            .filter(|row| {
                !["manual-addition", "extra-object", "rollout-restart"].contains(&row[1].as_str())
            })
            .map(|row| row[..4].to_vec())
            .collect();
        for finding in recording.found("drift", &["--live", plain]) {
            let told = place(&recording.name, &finding);
            let is_it = |row: &Vec<String>| {
                let below = told[3].strip_prefix(&row[3]);
                row[..3] == told[..3]
                    && below.is_some_and(|below| below.is_empty() || below.starts_with('.'))
            };
            let at = wanted.iter().position(is_it);
            let at = at.unwrap_or_else(|| panic!("{}: {told:?}", recording.directory.display()));
            wanted.remove(at);
        }
        assert!(
            wanted.is_empty(),
            "{}: {wanted:?}",
            recording.directory.display()
        );
    }
}

#[test]
fn every_change_is_joined_to_its_request() {
    for recording in recordings() {
        let arguments = ["--live", "live.json", "--audit", "audit.jsonl"];
        let mut told = BTreeSet::new();
        for finding in recording.found("drift", &arguments) {
            let mut row = place(&recording.name, &finding);
            let request = &finding["request"];
            let who = user(&finding);
            row.extend([
                who.clone(),
                text(&request["verb"]).to_owned(),
                text(&request["confidence"]).to_owned(),
            ]);
            if let Some(time) = request["time"].as_str() {
                let who = who.split(' ').next();
                assert!(recording.is_when(who, time), "{row:?}: {time}");
            }
            told.insert(row);
        }
        let wanted: BTreeSet<Vec<String>> = expected("expect.tsv", &recording.name)
            .into_iter()
            .map(|row| [&row[..4], &row[5..]].concat())
            .collect();
        assert_eq!(told, wanted, "{}", recording.directory.display());
    }
}

#[test]
fn the_log_alone_has_every_write_and_its_outcome() {
    for recording in recordings() {
        let mut told = BTreeSet::new();
        for finding in recording.found("audit", &["--events", "audit.jsonl"]) {
            let mut row = place(&recording.name, &finding);
            let request = &finding["request"];
            let who = user(&finding);
            let time = text(&request["time"]);
            assert!(
                recording.is_when(who.split(' ').next(), time),
                "{row:?}: {time}"
            );
            row.extend([
                who,
                text(&request["verb"]).to_owned(),
                text(&request["confidence"]).to_owned(),
                text(&request["reverted"]["by"]).to_owned(),
            ]);
            told.insert(row);
        }
        let wanted = expected("trail.tsv", &recording.name);
        assert_eq!(told, wanted, "{}", recording.directory.display());
    }
}

/// Where the log has no bodies, the time of an entry decides, and it is in whole seconds.
#[test]
fn two_people_in_one_second_are_not_distinguished() {
    let all = recordings();
    let recording = all.iter().find(|one| one.name == "secret");
    let recording = recording.expect("the scenario");
    let log = fs::read_to_string(recording.directory.join("audit.jsonl")).expect("a log");
    let mut events: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect();
    let is_of = |event: &Value, user: &str| {
        text(&event["user"]["username"]) == user
            && text(&event["objectRef"]["name"]) == "checkout-db"
    };
    let author = |events: &[Value]| {
        let tree = Tree::new();
        let lines: Vec<String> = events.iter().map(Value::to_string).collect();
        let log = tree.write("audit.jsonl", &lines.join("\n"));
        let log = log.to_str().expect("a path");
        let found = recording.found("drift", &["--live", "live.json", "--audit", log]);
        let mut of_key = found
            .iter()
            .filter(|one| text(&one["field"]["path"]) == "data.password");
        let finding = of_key.next().expect("a finding");
        format!(
            "{} {}",
            user(finding),
            text(&finding["request"]["confidence"])
        )
    };
    assert_eq!(author(&events), "alice@acme.example object");
    let alice = events
        .iter()
        .find(|event| is_of(event, "alice@acme.example"));
    let alice = alice.expect("her request").clone();
    for event in &mut events {
        if is_of(event, "bob@acme.example") {
            for time in ["requestReceivedTimestamp", "stageTimestamp"] {
                event[time] = alice[time].clone();
            }
        }
    }
    assert_eq!(author(&events), "- tool");
}

/// The commands that a real API server refused, and what it takes instead: `scripts/record-live
/// --recover` runs them.
#[test]
fn the_way_back_is_one_that_the_api_server_takes() {
    let swap = r#"kubectl -n service-port patch service checkout --type=json -p '[{"op":"test","path":"/spec/ports/0/name","value":"http"},{"op":"replace","path":"/spec/ports/0","value":{"name":"http","port":80,"targetPort":"http"}}]'"#;
    let again = "Or delete the object and deploy again, because Kubernetes does not change this in place: kubectl -n";
    let tests = [
        ("debug", "spec.ephemeralContainers", format!("{again} debug delete pod shell")),
        ("locked", "immutable", format!("{again} locked delete configmap checkout-config")),
        ("locked", "metadata.finalizers", r#"-p '[{"op":"remove","path":"/metadata/finalizers"}]'"#.to_owned()),
        ("resize", "spec.containers[name=shell].resources.limits.cpu", r#"kubectl -n resize patch pod shell --subresource=resize --type=json -p '[{"op":"test","path":"/spec/containers/0/name","value":"shell"},{"op":"replace","path":"/spec/containers/0/resources/limits/cpu","value":"100m"}]'"#.to_owned()),
        ("service-port", "spec.ports[port=80,protocol=TCP]", swap.to_owned()),
        ("service-port", "spec.ports[port=8080,protocol=TCP]", swap.to_owned()),
        ("relabel", r#"metadata.annotations["acme.example/owner"]"#, r#"--type=merge -p '{"metadata":{"annotations":{"acme.example/owner":"payments"}}}'"#.to_owned()),
        ("relabel", r#"metadata.annotations["acme.example/oncall"]"#, r#"--type=merge -p '{"metadata":{"annotations":{"acme.example/oncall":null}}}'"#.to_owned()),
        ("relabel", r#"metadata.labels["app.kubernetes.io/part-of"]"#, r#"--type=merge -p '{"metadata":{"labels":{"app.kubernetes.io/part-of":"shop"}}}'"#.to_owned()),
    ];
    for recording in recordings() {
        let found = recording.found("drift", &["--live", "live.json"]);
        for (_, path, end) in tests.iter().filter(|(name, ..)| *name == recording.name) {
            let mut of_path = found
                .iter()
                .filter(|one| text(&one["field"]["path"]) == *path);
            let help = text(&of_path.next().expect("a finding")["help"]);
            assert!(
                help.ends_with(end.as_str()),
                "{} {path}: {help}",
                recording.name
            );
        }
    }
}

/// The recordings have planted values, as Git, people and controllers write them.
#[test]
fn no_value_of_a_secret_is_in_any_output() {
    for recording in recordings() {
        for (verb, arguments) in [
            (
                "drift",
                &["--live", "live.json", "--audit", "audit.jsonl"][..],
            ),
            ("audit", &["--events", "audit.jsonl"]),
        ] {
            for format in ["text", "json", "audit-record", "html"] {
                let run = recording.run(verb, &[arguments, &["--format", format]].concat());
                let all = format!("{}{}", run.stdout, run.stderr);
                for part in ["planted-", "cGxhbnRlZC"] {
                    assert!(
                        !all.contains(part),
                        "{} {verb} {format}: {all}",
                        recording.name
                    );
                }
            }
        }
    }
}
