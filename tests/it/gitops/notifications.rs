//! The trigger for self-heals, run by the package that Argo CD uses, and the rendered template.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{self, Run, Tree, example, require};

/// Applications in states that Argo CD leaves, by name.
fn application(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/notifications");
    folder.join(format!("{name}.yaml"))
}

const APPLICATIONS: [&str; 6] = [
    "fresh",
    "never-synced",
    "sync",
    "running-self-heal",
    "self-heal",
    "failed-self-heal",
];

fn run(program: &Path, config: &Path) -> Run {
    let mut command = Command::new(program);
    support::run(command.arg(config).args(APPLICATIONS.map(application)))
}

/// The notifications about an Application: trigger, its `oncePer` value, and the body.
fn sent(run: &Run, name: &str) -> Vec<(String, String, Value)> {
    let file = application(name).display().to_string();
    let lines = run.stdout.lines().map(|line| {
        let line: Value = serde_json::from_str(line).expect("JSON");
        line
    });
    lines
        .filter(|line| line["application"] == file.as_str() && line["triggered"] == true)
        .map(|line| {
            let word = |key: &str| line[key].as_str().expect("a word").to_owned();
            let body = line["bodies"]["audit-trail"].as_str().expect("a body");
            assert!(!body.trim_end().contains('\n'), "one line each: {body}");
            let body = serde_json::from_str(body).expect("JSON");
            (word("trigger"), word("oncePer"), body)
        })
        .collect()
}

#[test]
fn the_trigger_fires_on_a_self_heal_and_on_no_other_sync() {
    let program = require!(notifications());
    let config = example("argocd/install/argocd-notifications-cm.yaml");
    let run = run(&program, &config);
    // A failing expression is not an error of the program; Argo CD logs it at every evaluation.
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{run:#?}");
    for quiet in ["fresh", "never-synced", "sync", "running-self-heal"] {
        assert_eq!(sent(&run, quiet), [], "{quiet}");
    }
    let [(trigger, once, body)] = &sent(&run, "self-heal")[..] else {
        panic!("one message: {run:#?}");
    };
    assert_eq!(trigger, "on-self-heal");
    // The start of that self-heal: the next one at the same revision is reported too.
    assert_eq!(once, "2026-11-25T19:53:37Z");
    let expected = json!({
        "event": "self-heal",
        "time": "2026-11-25T19:53:38Z",
        "application": "basket",
        "namespace": "shop",
        "cluster": "https://kubernetes.default.svc",
        "phase": "Succeeded",
        "attempt": 1,
        "healed": [
            {"group": "apps", "kind": "Deployment", "namespace": "shop", "name": "basket", "status": "Synced"},
            {"group": "", "kind": "Service", "namespace": "shop", "name": "basket", "status": "Synced"},
        ],
        "url": "https://argocd.example.com/applications/argocd/basket",
    });
    assert_eq!(*body, expected);
    // Without a result there is no list of objects.
    let failed = sent(&run, "failed-self-heal");
    let triggers: Vec<&str> = failed
        .iter()
        .map(|(trigger, ..)| trigger.as_str())
        .collect();
    assert_eq!(
        triggers,
        ["on-health-degraded", "on-self-heal", "on-sync-failed"]
    );
    assert_eq!(failed[1].2["phase"], "Error");
    assert_eq!(failed[1].2["healed"], json!([]));
    assert_eq!(
        failed[2].2["message"],
        "the \"shop\" project does not permit it"
    );
}

/// Simple expressions, and why the real one is more complex.
#[test]
fn plain_expressions_fail_or_never_fire() {
    let program = require!(notifications());
    let config = example("argocd/install/argocd-notifications-cm.yaml");
    let config = fs::read_to_string(config).expect("a ConfigMap");
    let careful = "(app.status?.operationState?.operation?.sync?.autoHealAttemptsCount ?? 0) > 0";
    assert!(config.contains(careful));
    let tree = Tree::new();
    for plain in [
        "app.status.operationState.operation.sync.autoHealAttemptsCount > 0",
        "(app.status?.operationState.operation.sync.autoHealAttemptsCount ?? 0) > 0",
    ] {
        let changed = tree.write("config.yaml", &config.replace(careful, plain));
        let run = run(&program, &changed);
        let is_logged = run.stderr.contains("failed to execute when condition");
        assert!(is_logged, "{plain}: {run:#?}");
    }
    // Once per revision, as in the catalogue: a second self-heal has the same key as the sync, and
    // is not reported.
    let once = config.replace(
        "oncePer: app.status.operationState?.startedAt\n      send: [self-heal]",
        "oncePer: app.status.operationState?.syncResult?.revision\n      send: [self-heal]",
    );
    assert_ne!(once, config);
    let run = run(&program, &tree.write("config.yaml", &once));
    assert_eq!(
        sent(&run, "self-heal")[0].1,
        "4f1c0d2b6a7e8f90123456789abcdef012345678"
    );
}
