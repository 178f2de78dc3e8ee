//! `krm-parity drift --context`: real kubectl, and a server with recorded answers of a real one.

mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use self::server::{Server, World};
use super::{drift, found, line, recordings};
use crate::support::{Run, Tree, binary, require, run};

/// A tree with a kubeconfig of a context `prod`, whose namespace is `shop`.
fn tree(server: &Server) -> Tree {
    let tree = Tree::new();
    tree.write(
        "kubeconfig",
        &format!(
            "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: \"http://{}\"}}}}]\nusers: [{{name: u, user: {{token: t}}}}]\ncontexts: [{{name: prod, context: {{cluster: c, user: u, namespace: shop}}}}]\n",
            server.address
        ),
    );
    tree
}

/// The verb, with kubectl on PATH, asking the server.
fn ask(kubectl: &Path, tree: &Tree, directory: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(binary());
    command
        .current_dir(directory)
        .env("PATH", kubectl.parent().expect("a directory"))
        .env("HOME", tree.path(""))
        .env_remove("KUBECONFIG")
        .args(["drift", "--context", "prod", "--kubeconfig"])
        .arg(tree.path("kubeconfig"))
        .args(arguments);
    run(&mut command)
}

/// The objects of a file: a list, or documents.
fn objects(file: &Path) -> Vec<Value> {
    use serde::Deserialize as _;
    let text = fs::read_to_string(file).expect("a recording");
    let documents = serde_yaml::Deserializer::from_str(&text);
    let documents = documents.map(|one| Value::deserialize(one).expect("a document"));
    let all = documents.flat_map(|one| match one["items"].as_array() {
        Some(items) => items.clone(),
        None => vec![one],
    });
    all.filter(|one| !one.is_null()).collect()
}

fn report(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"))
}

fn lines(run: &Run) -> Vec<String> {
    let report = report(run);
    report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(line)
        .collect()
}

fn config_map(name: &str, namespace: &str, manager: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace,
        "managedFields": [{"manager": manager, "operation": "Update", "time": "2026-01-02T00:00:00Z", "fieldsV1": {"f:data": {"f:x": {}}}}]}, "data": {"x": "y"}})
}

const GIT: &str =
    "{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: shop}, data: {x: y}}\n";

#[test]
fn kubectl_gives_the_same_findings_as_its_output_in_a_file() {
    let kubectl = require!(kubectl());
    for scenario in [
        "set-env",
        "created",
        "deleted",
        "cr",
        "hpa",
        "untouched-ssa",
    ] {
        let directory = recordings().join(scenario);
        let objects = objects(&directory.join("live.yaml"));
        let server = Server::new(World {
            objects,
            // A kind that the recording lacks is still a known kind.
            kinds: vec![("v1", "ConfigMap", true), ("v1", "Secret", true)],
            ..World::default()
        });
        let tree = tree(&server);
        let run = ask(
            &kubectl,
            &tree,
            &directory,
            &["--rendered", "want.yaml", "--format", "json"],
        );
        let report = report(&run);
        let expected = found(&directory, "want.yaml", "live.yaml");
        assert_eq!(report["findings"], json!(expected), "{scenario}: {run:#?}");
        for line in server.asked() {
            assert!(line.starts_with("GET "), "{scenario}: {line}");
            // Secrets are read by name, and only in Git's namespace.
            assert!(!line.ends_with("/secrets"), "{scenario}: {line}");
            let own = line.contains("/namespaces/t") || !line.contains("/namespaces/");
            assert!(
                own || line.ends_with("/namespaces/shop"),
                "{scenario}: {line}"
            );
        }
    }
}

#[test]
fn the_default_namespace_is_that_of_the_context_or_the_flag() {
    let kubectl = require!(kubectl());
    let server = Server::new(World {
        objects: vec![
            config_map("a", "shop", "argocd-controller"),
            config_map("by-hand", "shop", "kubectl-create"),
            config_map("a", "other", "argocd-controller"),
            config_map("other-by-hand", "other", "kubectl-create"),
        ],
        ..World::default()
    });
    let tree = tree(&server);
    let root = tree.path("");
    tree.write("bare.yaml", &GIT.replace(", namespace: shop", ""));
    tree.write("git.yaml", GIT);
    let told = |arguments: &[&str]| {
        let run = ask(
            &kubectl,
            &tree,
            &root,
            &[arguments, &["--format", "json"]].concat(),
        );
        (lines(&run), run.stdout)
    };
    // It is read only by name, which the report says.
    let (lines, all) = told(&["--rendered", "bare.yaml"]);
    assert!(lines.is_empty(), "{lines:?}");
    assert!(all.contains("these kinds were read by name only, so objects that Git does not have are not found: ConfigMap"), "{all}");
    assert!(
        all.contains("read from the context prod with kubectl"),
        "{all}"
    );
    let (lines, all) = told(&["--rendered", "git.yaml"]);
    assert_eq!(lines, ["extra-object ConfigMap/by-hand"]);
    assert!(!all.contains("read by name only"), "{all}");
    let (lines, _) = told(&["--rendered", "bare.yaml", "--namespace", "other"]);
    assert_eq!(lines, ["extra-object ConfigMap/other-by-hand"]);
}

#[test]
fn a_forbidden_list_is_read_by_name_and_a_forbidden_kind_is_reported_once() {
    let kubectl = require!(kubectl());
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "shop",
        "managedFields": [{"manager": "kubectl-edit", "operation": "Update", "time": "2026-01-02T00:00:00Z", "fieldsV1": {"f:data": {"f:password": {}}}}]}, "data": {"password": "aHVudGVyMg=="}});
    let objects = vec![
        config_map("a", "shop", "argocd-controller"),
        config_map("by-hand", "shop", "kubectl-create"),
        secret,
    ];
    let git = format!(
        "{GIT}---\n{{apiVersion: v1, kind: Secret, metadata: {{name: s, namespace: shop}}, stringData: {{password: hunter3}}}}\n"
    );
    for (denied, code, said) in [
        (
            vec![("list", "configmaps")],
            1,
            "are not found: ConfigMap, Secret",
        ),
        (vec![("list", "secrets")], 1, "are not found: Secret"),
        (
            vec![
                ("list", "configmaps"),
                ("get", "configmaps"),
                ("get", "secrets"),
            ],
            2,
            "kubectl is not allowed to get ConfigMap.v1. in the namespace shop, Secret.v1. in the namespace shop in the context prod",
        ),
    ] {
        let server = Server::new(World {
            objects: objects.clone(),
            denied,
            ..World::default()
        });
        let tree = tree(&server);
        tree.write("git.yaml", &git);
        let run = ask(
            &kubectl,
            &tree,
            &tree.path(""),
            &["--rendered", "git.yaml", "--format", "json"],
        );
        assert_eq!(run.code, Some(code), "{run:#?}");
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(all.contains(said), "{said}: {all}");
        assert!(
            code == 1 || run.stderr.trim_end().lines().count() == 1,
            "{run:#?}"
        );
        for value in ["hunter2", "hunter3", "aHVudGVyMg"] {
            assert!(!all.contains(value), "{value}: {all}");
        }
        if code == 1 {
            let told = lines(&run);
            assert!(
                told.contains(&"manual-change Secret/s data.password".to_owned()),
                "{told:?}"
            );
        }
    }
}

#[test]
fn an_unknown_kind_is_missing_unless_its_group_cannot_be_listed() {
    let kubectl = require!(kubectl());
    let git = format!(
        "{GIT}---\n{{apiVersion: acme.io/v1, kind: Widget, metadata: {{name: w, namespace: shop}}}}\n---\n{{apiVersion: autoscaling/v1, kind: HorizontalPodAutoscaler, metadata: {{name: h, namespace: shop}}, spec: {{maxReplicas: 3}}}}\n"
    );
    let scaler = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h", "namespace": "shop"}, "spec": {"maxReplicas": 3}});
    let world = World {
        objects: vec![config_map("a", "shop", "argocd-controller"), scaler],
        ..World::default()
    };
    let server = Server::new(world.clone());
    let tree = tree(&server);
    tree.write("git.yaml", &git);
    let arguments = ["--rendered", "git.yaml", "--format", "json"];
    let run = ask(&kubectl, &tree, &tree.path(""), &arguments);
    assert_eq!(
        lines(&run),
        [
            "missing-object Widget/w",
            "out-of-sync HorizontalPodAutoscaler/h"
        ]
    );
    assert!(
        run.stdout
            .contains("does not have the kind Widget.v1.acme.io, so it has no such object"),
        "{run:#?}"
    );
    let server = Server::new(World {
        broken: vec!["acme.io/v1"],
        ..world
    });
    let tree = self::tree(&server);
    tree.write("git.yaml", &git);
    let run = ask(&kubectl, &tree, &tree.path(""), &arguments);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(
        run.stderr
            .contains("the server does not list that API group now"),
        "{run:#?}"
    );
}

#[test]
fn an_unreachable_cluster_is_reported_in_one_line() {
    let kubectl = require!(kubectl());
    let server = Server::new(World {
        hangs: true,
        ..World::default()
    });
    let tree = tree(&server);
    tree.write("git.yaml", GIT);
    let root = tree.path("");
    let said = |arguments: &[&str]| {
        let run = ask(&kubectl, &tree, &root, arguments);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert_eq!(run.stderr.trim_end().lines().count(), 1, "{run:#?}");
        run.stderr
    };
    let late = said(&["--rendered", "git.yaml", "--timeout", "1"]);
    assert!(late.contains("kubectl --context=prod get --namespace=shop ConfigMap.v1. was stopped after 1 second; --timeout SECONDS allows more"), "{late}");
    tree.write("kubeconfig", "apiVersion: v1\nkind: Config\n");
    let unknown = said(&["--rendered", "git.yaml"]);
    assert!(unknown.contains("failed: "), "{unknown}");
    assert!(
        unknown.contains("list the contexts with kubectl config get-contexts"),
        "{unknown}"
    );
    let label = said(&["--rendered", "git.yaml", "--namespace=-A"]);
    assert!(label.contains("--namespace"), "{label}");
    // Without kubectl no request is made.
    let mut command = Command::new(binary());
    command.current_dir(&root).env("PATH", &root).args([
        "drift",
        "--context",
        "prod",
        "--rendered",
        "git.yaml",
    ]);
    let run = run(&mut command);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(
        run.stderr.contains("--context requires kubectl"),
        "{run:#?}"
    );
}

/// `--follow` reads kubectl's own output of a watch, as JSON and as YAML.
#[test]
fn a_watch_of_kubectl_is_followed() {
    let kubectl = require!(kubectl());
    let directory = recordings().join("watch");
    let stream = fs::read_to_string(directory.join("stream.json")).expect("a recorded stream");
    let events: Vec<Value> = stream
        .lines()
        .map(|line| serde_json::from_str(line).expect("an event"))
        .collect();
    let (first, later) = events.split_at(2);
    let server = Server::new(World {
        objects: first.iter().map(|event| event["object"].clone()).collect(),
        events: later.to_vec(),
        ..World::default()
    });
    let tree = tree(&server);
    let mut told = Vec::new();
    for form in ["json", "yaml"] {
        let mut watch = Command::new(&kubectl)
            .env("HOME", tree.path(""))
            .args(["--context=prod", "--kubeconfig"])
            .arg(tree.path("kubeconfig"))
            .args(["get", "deployments", "--namespace=t-watch", "--watch"])
            .args(["--output-watch-events", "--show-managed-fields", "-o", form])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("kubectl");
        let mut command = Command::new(binary());
        command
            .current_dir(&directory)
            .args([
                "drift",
                "--rendered",
                "want.yaml",
                "--live",
                "-",
                "--follow",
            ])
            .stdin(watch.stdout.take().expect("its stream"));
        let output = command.output().expect("it runs");
        assert!(watch.wait().expect("it ends").success());
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(
            said.contains("7 events, 4 changes reported, 2 of them reverted, 2 still there"),
            "{form}: {said}"
        );
        told.push(String::from_utf8(output.stdout).expect("UTF-8"));
    }
    assert_eq!(told[0].lines().count(), 6, "{told:#?}");
    assert_eq!(told[0], told[1]);
}

/// A program with the name kubectl that records its runs.
#[cfg(unix)]
fn witness(tree: &Tree) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let file = tree.path("bin/ran");
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {}\necho '{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[]}}'\n",
        file.display()
    );
    let program = tree.write("bin/kubectl", &script);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("rights");
    file
}

#[cfg(unix)]
#[test]
fn only_valid_names_of_a_repository_become_arguments() {
    let tree = Tree::new();
    let ran = witness(&tree);
    let ask = |git: &str, arguments: &[&str]| {
        tree.write("git.yaml", git);
        let mut command = Command::new(binary());
        command
            .current_dir(tree.path(""))
            .env(
                "PATH",
                format!("{}:/bin:/usr/bin", tree.path("bin").display()),
            )
            .args(["drift", "--rendered", "git.yaml"])
            .args(arguments);
        run(&mut command)
    };
    for git in [
        GIT.replace("name: a", "name: --all-namespaces"),
        GIT.replace("name: a", "name: -A"),
        GIT.replace("name: a", "name: a/b"),
        GIT.replace("kind: ConfigMap", "kind: --kubeconfig=x"),
        GIT.replace("kind: ConfigMap", "kind: \"ConfigMap,Secret\""),
        GIT.replace("namespace: shop", "namespace: -A"),
        GIT.replace("apiVersion: v1", "apiVersion: -x/v1"),
    ] {
        let run = ask(&git, &["--context", "prod"]);
        assert_eq!(run.code, Some(2), "{git}: {run:#?}");
        assert!(run.stderr.contains("in Kubernetes"), "{git}: {run:#?}");
    }
    for arguments in [
        &["--context", ""][..],
        &["--context", "prod", "--live", "git.yaml"],
        &["--live", "git.yaml", "--kubeconfig", "x"],
        &["--live", "git.yaml", "--namespace", "x"],
        &[],
    ] {
        let run = ask(GIT, arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:#?}");
    }
    // With a file for the live side, no program is started.
    assert_eq!(ask(GIT, &["--live", "git.yaml"]).code, Some(0));
    assert!(!ran.exists());
    // A context may have the name of a flag, and is still read as a name.
    assert_eq!(ask(GIT, &["--context=--token=x"]).code, Some(1));
    let told = fs::read_to_string(&ran).expect("a run");
    assert_eq!(
        told,
        "--context=--token=x get --output=json --show-managed-fields --namespace=shop -- ConfigMap.v1.\n"
    );
}

/// A program in the checked directory is not run.
#[cfg(unix)]
#[test]
fn kubectl_is_not_found_by_a_relative_path() {
    let tree = Tree::new();
    let ran = witness(&tree);
    tree.write("git.yaml", GIT);
    let mut command = Command::new(binary());
    command
        .current_dir(tree.path(""))
        .env("PATH", "bin:.:")
        .args(["drift", "--rendered", "git.yaml", "--context", "prod"]);
    assert_eq!(run(&mut command).code, Some(2));
    assert!(!ran.exists());
    assert_eq!(
        drift(
            &tree.path(""),
            &["--rendered", "git.yaml", "--live", "git.yaml"]
        )
        .code,
        Some(0)
    );
}
