//! The examples for Argo CD and Flux: they follow the schemas of their kinds, pass the project's
//! own rules, and work as described.

mod kinds;
mod notifications;
mod watch;

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use crate::recipes::{Shop, recipe, text};
use crate::support::{NEWEST, Run, binary, example, require, run};

/// The documents of a file of the examples.
fn documents(file: &Path) -> Vec<Value> {
    use serde::Deserialize as _;
    let content = fs::read_to_string(file).expect("a file");
    let documents = serde_yaml::Deserializer::from_str(&content);
    let parsed = documents.map(Value::deserialize);
    let parsed: Result<Vec<_>, _> = parsed.collect();
    parsed.unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The document of this kind in a file of examples/argocd.
fn of_argocd(file: &str, kind: &str) -> Value {
    let all = documents(&example("argocd").join(file)).into_iter();
    let mut all = all.filter(|document| document["kind"] == kind);
    all.next().unwrap_or_else(|| panic!("no {kind} in {file}"))
}

/// A repository with the Argo CD example in its root.
fn argocd(kustomize: &Path) -> Shop {
    let shop = Shop::of(kustomize, &[("argocd", "")]);
    let origin = shop.tree.path("origin");
    Shop::git(&origin, &["tag", &production_revision()]);
    shop
}

/// A repository as in the README of the Flux example.
fn flux(kustomize: &Path) -> Shop {
    let parts = [("side-tree", ""), ("flux/clusters", "clusters")];
    Shop::of(kustomize, &parts)
}

/// The revision that production follows, according to its Application.
fn production_revision() -> String {
    let overlay = documents(&example(
        "argocd/applications/overlays/production/kustomization.yaml",
    ));
    let patch: Value =
        serde_yaml::from_str(&text(&overlay[0]["patches"][0]["patch"])).expect("a patch");
    let mut operations = patch.as_sequence().expect("operations").iter();
    let revision = operations.find(|one| one["path"] == "/spec/source/targetRevision");
    text(&revision.expect("a revision")["value"])
}

/// Checks without kustomize: `drift` builds these overlays in the same way.
fn check(directory: &Path) -> Run {
    let mut command = Command::new(binary());
    let command = command.args(["check", "--builder", "engine"]);
    run(command.current_dir(directory))
}

/// The output of `init --wire` does not require kustomize, and does not change a build.
#[test]
fn the_engine_builds_wired_overlays() {
    let shop = argocd(&require!(kustomize(NEWEST)));
    let both = shop.shell("krm-parity check --builder both", &[]);
    assert_eq!(both.code, Some(0), "{both:#?}");
    assert!(both.stderr.contains("same"), "{both:#?}");
    let engine = check(&shop.clone());
    assert_eq!(engine.code, Some(0), "{engine:#?}");
}

#[test]
fn the_rules_find_nothing_in_the_examples() {
    let kustomize = require!(kustomize(NEWEST));
    let [argocd, flux] = [argocd(&kustomize), flux(&kustomize)];
    for (name, directory, services) in [
        ("argocd in a repository", argocd.clone(), 2),
        ("argocd here", example("argocd"), 2),
        ("flux in a repository", flux.clone(), 2),
        ("flux here", example("flux"), 1),
    ] {
        let run = check(&directory);
        assert_eq!(run.code, Some(0), "{name}: {run:#?}");
        let is_clean = run.stdout.contains(": nothing found in ");
        let counted = format!("{services} service");
        assert!(
            is_clean && run.stdout.contains(&counted),
            "{name}: {run:#?}"
        );
    }
    // An ApplicationSet belongs to no environment; if it is rendered, the same rules judge it.
    let rendered = example("argocd/applicationset.yaml").display().to_string();
    let set = |file: &str| {
        let sides = ["base", "production"].map(|side| format!("argocd/{side}={file}"));
        let mut command = Command::new(binary());
        let command = command.current_dir(argocd.tree.path("")).arg("check");
        run(command.args(["--rendered", &sides[0], "--rendered", &sides[1]]))
    };
    let judged = set(&rendered);
    assert!(
        judged.stdout.contains(": nothing found in 1 resource"),
        "{judged:#?}"
    );
    let paused = fs::read_to_string(&rendered).expect("a set");
    let paused = paused.replace("automated:\n", "automated:\n          enabled: false\n");
    let paused = argocd.tree.write("paused.yaml", &paused);
    let judged = set(&paused.display().to_string());
    assert!(
        judged.stdout.contains("warning[argocd-paused]"),
        "{judged:#?}"
    );
}

/// As in docs/drift.md: a pause is reported as long as it lasts, and does not fail the run.
#[test]
fn a_pause_is_reported() {
    let kustomize = require!(kustomize(NEWEST));
    let flux_line = fs::read_to_string(example("flux/README.md")).expect("a README");
    let flux_line = flux_line
        .lines()
        .find(|line| line.contains("/spec/suspend"));
    let argocd_line = "    - {op: add, path: /spec/syncPolicy/automated/enabled, value: false}";
    for (shop, file, line) in [
        (
            argocd(&kustomize),
            "clone/applications/overlays/production/kustomization.yaml",
            argocd_line,
        ),
        (
            flux(&kustomize),
            "clone/clusters/production/kustomization.yaml",
            flux_line.expect("a line to paste"),
        ),
    ] {
        let overlay = shop.tree.read(file);
        shop.tree.write(file, &format!("{overlay}{line}\n"));
        let run = check(&shop.clone());
        assert_eq!(run.code, Some(0), "{run:#?}");
        assert!(run.stdout.contains("warning[argocd-paused]"), "{run:#?}");
        assert!(run.stdout.contains(": 1 warning in "), "{run:#?}");
    }
}

/// The date of an exemption, pasted without quotes, in a policy that is completed for its
/// environment.
#[test]
fn a_build_that_checks_itself_reads_a_date_without_quotes() {
    let shop = argocd(&require!(kustomize(NEWEST)));
    let policy = "clone/parity/policy/policy.yaml";
    let exemption =
        "  exemptions:\n  - {rule: other, path: spec.x, reason: INC-1432, expires: 2030-12-31}\n";
    let policy_text = shop.tree.read(policy) + exemption;
    shop.tree.write(policy, &policy_text);
    let build = "kustomize build --enable-alpha-plugins --enable-exec basket/overlays/production";
    shop.shell(build, &[]).expect_success("production");
}

/// Every Application builds an existing overlay, and every subscription leads to a trigger and a
/// service.
#[test]
fn applications_lead_somewhere() {
    let notifications = of_argocd("install/argocd-notifications-cm.yaml", "ConfigMap");
    let application = of_argocd("applications/base/application.yaml", "Application");
    let set = of_argocd("applicationset.yaml", "ApplicationSet");
    for metadata in [
        &application["metadata"],
        &set["spec"]["template"]["metadata"],
    ] {
        let annotations = metadata["annotations"].as_mapping().expect("annotations");
        assert_eq!(annotations.len(), 3);
        for key in annotations.keys() {
            let key = text(key);
            let subscription = key.strip_prefix("notifications.argoproj.io/subscribe.");
            let (trigger, service) = subscription
                .and_then(|rest| rest.rsplit_once('.'))
                .expect("a subscription");
            for name in [
                format!("trigger.{trigger}"),
                format!("service.webhook.{service}"),
            ] {
                assert!(notifications["data"].get(&name).is_some(), "{name}");
            }
        }
    }
    let specs = [&application["spec"], &set["spec"]["template"]["spec"]];
    assert_eq!(specs[0]["syncPolicy"], specs[1]["syncPolicy"]);
    for environment in ["staging", "production"] {
        let overlay = format!("argocd/applications/overlays/{environment}/kustomization.yaml");
        let overlay = fs::read_to_string(example(&overlay)).expect("an overlay");
        let path = format!("basket/overlays/{environment}");
        assert!(overlay.contains(&format!("/spec/source/path, value: {path}}}")));
        assert!(example("argocd").join(path).is_dir());
        let cluster = format!("flux/clusters/{environment}/kustomization.yaml");
        let cluster = fs::read_to_string(example(&cluster)).expect("a cluster");
        let path = format!("apps/shop/overlays/{environment}");
        assert!(cluster.contains(&format!("value: ./{path}}}")), "{cluster}");
        assert!(example("side-tree").join(path).is_dir());
    }
    let elements = &set["spec"]["generators"][0]["list"]["elements"];
    assert_eq!(text(&elements[1]["revision"]), production_revision());
}

/// Runs the script of a container as its shell would, with a local repository and folder.
fn run_container(shop: &Shop, container: &Value, instead: &[(&str, &str)]) -> Run {
    let words = container["command"].as_sequence().expect("a command");
    let [shell, flags, script] = words.as_slice() else {
        panic!("no script: {words:?}");
    };
    assert_eq!((text(shell).as_str(), text(flags).as_str()), ("sh", "-euc"));
    let pod = shop.tree.path("pod");
    fs::remove_dir_all(&pod).ok();
    fs::create_dir_all(&pod).expect("a folder");
    let pod = pod.display().to_string();
    let mut script = text(script);
    for (from, to) in [("/tmp", pod.as_str())].iter().chain(instead) {
        assert!(script.contains(from), "{from}: {script}");
        script = script.replace(from, to);
    }
    let mut variables = container["env"].as_sequence().expect("variables").iter();
    let revision = variables.find(|one| one["name"] == "REVISION");
    let revision = text(&revision.expect("a revision")["value"]);
    let origin = format!("file://{}", shop.tree.path("origin").display());
    shop.shell(
        "exec sh -euc \"$SCRIPT\"",
        &[
            ("SCRIPT", &script),
            ("REPOSITORY", &origin),
            ("REVISION", &revision),
        ],
    )
}

/// The container of a job.
fn of_job(job: &Value) -> &Value {
    &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
}

/// Puts a kubectl on PATH that has one answer, and records its questions.
fn answer(shop: &Shop, live: &str) {
    let live = shop.tree.write("live.yaml", live).display().to_string();
    let asked = shop.tree.path("asked").display().to_string();
    let body = format!("echo \"$@\" > {asked}\ncat {live}");
    shop.tree.script("bin/kubectl", &body);
}

#[test]
fn the_scheduled_job_finds_an_addition_with_minimal_permissions() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = argocd(&kustomize);
    let built = shop.shell(
        "kustomize build --enable-alpha-plugins --enable-exec basket/overlays/production",
        &[],
    );
    let built = built.expect_success("production");
    let job = of_argocd("trail/scheduled.yaml", "CronJob");
    answer(&shop, &built);
    let run = run_container(&shop, of_job(&job), &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    // The state after `kubectl set env`.
    let managed = "  managedFields:\n  - {manager: argocd-controller, operation: Apply, apiVersion: apps/v1, fieldsType: FieldsV1, \
        fieldsV1: {'f:spec': {'f:template': {'f:spec': {'f:containers': {'k:{\"name\":\"basket\"}': {.: {}, 'f:image': {}, 'f:name': {}}}}}}}}\n  \
        - {manager: kubectl-set, operation: Update, apiVersion: apps/v1, time: '2026-11-25T19:53:36Z', fieldsType: FieldsV1, \
        fieldsV1: {'f:spec': {'f:template': {'f:spec': {'f:containers': {'k:{\"name\":\"basket\"}': {'f:env': {.: {}, 'k:{\"name\":\"DEBUG\"}': {.: {}, 'f:name': {}, 'f:value': {}}}}}}}}}}\n";
    let (above, deployment) = built
        .split_once("kind: Deployment\nmetadata:\n")
        .expect("one");
    let deployment = deployment.replacen(
        "        name: basket\n",
        "        name: basket\n        env:\n        - {name: DEBUG, value: 'true'}\n",
        1,
    );
    let live = format!("{above}kind: Deployment\nmetadata:\n{managed}{deployment}");
    answer(&shop, &live);
    let run = run_container(&shop, of_job(&job), &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("error[manual-addition]"), "{run:#?}");
    assert!(run.stdout.contains("kubectl-set"), "{run:#?}");
    // Its role allows exactly the requests that were made, which are those for Git's objects.
    let asked = shop.tree.read("asked");
    let asked = asked.split(' ').nth(1).expect("kinds");
    let kinds = asked
        .split(',')
        .map(|kind| kind.split('.').next().unwrap_or_default());
    let mut kinds: Vec<String> = kinds.map(str::to_owned).collect();
    kinds.sort();
    let mut built: Vec<String> = built
        .lines()
        .filter_map(|line| line.strip_prefix("kind: "))
        .map(|kind| format!("{}s", kind.to_lowercase()))
        .collect();
    built.sort();
    assert_eq!(kinds, built);
    let watched = allowed(
        &of_argocd("trail/watch.yaml", "Role"),
        &["get", "list", "watch"],
    );
    assert_eq!(
        allowed(&of_argocd("trail/scheduled.yaml", "Role"), &["get", "list"]),
        kinds
    );
    assert_eq!(watched, kinds);
}

/// The resources that a role allows these verbs on, sorted.
fn allowed(role: &Value, verbs: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for rule in role["rules"].as_sequence().expect("rules") {
        assert_eq!(rule["verbs"], serde_yaml::to_value(verbs).expect("verbs"));
        all.extend(
            rule["resources"]
                .as_sequence()
                .expect("resources")
                .iter()
                .map(text),
        );
    }
    all.sort();
    all
}

/// Uses a log of a real API server in which self-heal reverted a person's change.
#[test]
fn the_job_on_the_audit_log_reports_what_self_heal_reverted() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = argocd(&kustomize);
    let recorded = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/live/self-healed");
    // The recorded state of Git replaces the service.
    let want = fs::read_to_string(recorded.join("want.yaml")).expect("a recording");
    let overlay = "origin/basket/overlays/production";
    shop.tree.write(&format!("{overlay}/want.yaml"), &want);
    let kustomization = "resources: [want.yaml]\n";
    shop.tree
        .write(&format!("{overlay}/kustomization.yaml"), kustomization);
    let origin = shop.tree.path("origin");
    Shop::git(&origin, &["add", "."]);
    Shop::git(&origin, &["commit", "-q", "-m", "recorded"]);
    Shop::git(&origin, &["tag", "-f", &production_revision()]);
    let log = shop.tree.path("log");
    fs::create_dir_all(&log).expect("a folder");
    fs::copy(recorded.join("audit.jsonl"), log.join("audit.log")).expect("a log");
    let log = log.display().to_string();
    let job = of_argocd("trail/audit-log.yaml", "CronJob");
    let place = [("/var/log/kubernetes/audit", log.as_str())];
    let mounts = of_job(&job)["volumeMounts"].as_sequence().expect("mounts");
    assert!(mounts.iter().any(|mount| mount["mountPath"] == place[0].0));
    let run = run_container(&shop, of_job(&job), &place);
    assert_eq!(run.code, Some(0), "findings are in the log: {run:#?}");
    let records: Vec<serde_json::Value> = run
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect();
    let healed = records
        .iter()
        .filter(|one| one["reverted"]["by"] == "argocd");
    assert_eq!(healed.count(), 2, "{records:#?}");
    let is_alice = |one: &serde_json::Value| one["user"]["name"] == "alice@acme.example";
    assert!(records.iter().all(is_alice), "{records:#?}");
    // A log without events is an error: the job fails.
    fs::write(shop.tree.path("log/audit.log"), "").expect("a log");
    let run = run_container(&shop, of_job(&job), &place);
    assert!(!run.succeeded(), "{run:#?}");
    assert!(run.stderr.contains("no audit event"), "{run:#?}");
}

/// Each container of the watch watches what the role allows, and together they cover all of Git's
/// kinds.
#[test]
fn the_watch_has_a_container_for_each_resource() {
    let deployment = of_argocd("trail/watch.yaml", "Deployment");
    let pod = &deployment["spec"]["template"]["spec"];
    let containers = pod["containers"].as_sequence().expect("containers");
    let mut watched: Vec<String> = containers
        .iter()
        .map(|container| {
            let words = container["command"].as_sequence().expect("a command");
            let resource = text(words.last().expect("a resource"));
            resource.split('.').next().unwrap_or_default().to_owned()
        })
        .collect();
    watched.sort();
    let role = of_argocd("trail/watch.yaml", "Role");
    assert_eq!(watched, allowed(&role, &["get", "list", "watch"]));
    let clone = &pod["initContainers"][0]["env"];
    assert_eq!(text(&clone[1]["value"]), production_revision());
}

/// The branch that Flux follows moves with commits that pass, and otherwise stays.
#[test]
fn the_gate_of_flux_holds_failing_commits_back() {
    let shop = flux(&require!(kustomize(NEWEST)));
    let gate = recipe("../flux/gate.yaml");
    let source = documents(&example("flux/clusters/base/flux.yaml"));
    assert_eq!(source[0]["spec"]["ref"]["branch"], "checked");
    let steps = gate["jobs"]["check"]["steps"].as_sequence().expect("steps");
    let scripts = steps.iter().filter(|step| {
        let name = step["name"].as_str().unwrap_or_default();
        matches!(name, "check" | "release")
    });
    let scripts: Vec<String> = scripts.map(|step| text(&step["run"])).collect();
    assert_eq!(scripts.len(), 2);
    let at = |revision: &str| {
        let mut git = Command::new("git");
        git.current_dir(shop.tree.path("origin"));
        run(git.args(["rev-parse", revision])).stdout
    };
    let gate = || {
        let passed = scripts
            .iter()
            .take_while(|script| shop.shell(script, &[]).succeeded());
        passed.count()
    };
    assert_eq!(gate(), 2);
    let first = at("checked");
    assert_eq!(first, at("main"));
    let overlay = "clone/apps/shop/overlays/production/kustomization.yaml";
    let drifted = shop.tree.read(overlay)
        + "images:\n- {name: registry.example.com/shop/search, newTag: 6.1.9}\n";
    shop.tree.write(overlay, &drifted);
    Shop::git(&shop.clone(), &["commit", "-q", "-a", "-m", "hot fix"]);
    assert_eq!(gate(), 0);
    assert_eq!(at("checked"), first);
    Shop::git(&shop.clone(), &["revert", "--no-edit", "HEAD"]);
    assert_eq!(gate(), 2);
    assert_ne!(at("checked"), first);
}

/// The audit policy of the example is the one that docs/drift.md explains.
#[test]
fn the_audit_policy_is_the_one_of_the_documents() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/drift.md");
    let page = fs::read_to_string(page).expect("a document");
    let file = fs::read_to_string(example("argocd/trail/audit-policy.yaml")).expect("a policy");
    assert!(page.contains(&format!("```yaml\n{file}```")), "{file}");
}
