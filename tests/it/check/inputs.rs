//! Inputs are limited in size and kind, and messages about them in length.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Run, Tree, binary, run};

/// A repository whose kustomize builds one resource, whatever it is asked to build.
fn scene() -> Tree {
    let tree = Tree::new();
    tree.script(
        "bin/kustomize",
        "echo 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}'\n",
    );
    tree.write("work/base/kustomization.yaml", "resources: []\n");
    for environment in ["dev", "production"] {
        tree.overlay(&format!("work/overlays/{environment}"), "");
    }
    tree
}

fn command(tree: &Tree, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .current_dir(tree.path("work"))
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", tree.path("bin").display()),
        )
        .stdin(Stdio::null())
        .args(arguments);
    command
}

fn ask(tree: &Tree, arguments: &[&str]) -> Run {
    run(&mut command(tree, arguments))
}

fn pipe(tree: &Tree, at: &str) {
    run(Command::new("mkfifo").arg(tree.path(at))).expect_success("mkfifo");
}

/// No one writes to a pipe of a repository, so a program that reads it waits forever.
#[test]
fn pipes_of_a_repository_are_not_waited_for() {
    let tree = scene();
    fs::create_dir_all(tree.path("work/other")).expect("a folder");
    pipe(&tree, "work/other/kustomization.yaml");
    tree.write(
        "work/overlays/dev/kustomization.yaml",
        "resources: [../../base, pipe]\n",
    );
    pipe(&tree, "work/overlays/dev/pipe");
    fs::create_dir_all(tree.path("out")).expect("a folder");
    pipe(&tree, "out/dev.yaml");
    let out = tree.path("out").display().to_string();
    let begin = Instant::now();
    let found = ask(&tree, &["check"]);
    assert!(
        found.stdout.contains("it is a pipe, not a file"),
        "{found:#?}"
    );
    for arguments in [
        &["check", "--rendered", &out][..],
        &["snapshot", "--service", "x", &out],
        &[
            "snapshot",
            "--service",
            "x",
            "-o",
            "overlays/dev/pipe",
            "base",
        ],
    ] {
        let run = ask(&tree, arguments);
        assert_eq!(run.code, Some(2), "{run:#?}");
    }
    assert!(begin.elapsed() < Duration::from_secs(30));
}

/// A path that the user names may be a pipe, such as a shell makes from a command.
#[test]
fn pipes_that_are_named_are_read() {
    let tree = scene();
    let script = "\"$0\" check --rendered base=<(kustomize) --rendered dev=<(kustomize)";
    let mut command = Command::new("bash");
    let inner = self::command(&tree, &[]);
    for (name, value) in inner.get_envs() {
        command.env(name, value.expect("a value"));
    }
    let run = run(command.args(["-c", script]).arg(binary()));
    assert_eq!(run.code, Some(0), "{run:#?}");
}

/// A policy may come from a pipe outside of the checked files, and is named as the user named it.
#[test]
fn a_policy_may_be_a_pipe_that_is_named() {
    let tree = scene();
    tree.write(
        "strict.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {environments: [dev, qa, production]}\n",
    );
    pipe(&tree, "pipe");
    fs::create_dir_all(tree.path("work/.git")).expect("a folder");
    for (policy, name) in [
        ("../pipe", "../pipe"),
        ("<(cat ../strict.yaml)", "/dev/fd/"),
    ] {
        let script = format!(
            "(timeout 20 sh -c 'cat ../strict.yaml > ../pipe' &) 2>/dev/null; \"$0\" check --policy {policy}"
        );
        let mut command = Command::new("bash");
        let inner = self::command(&tree, &[]);
        for (name, value) in inner.get_envs() {
            command.env(name, value.expect("a value"));
        }
        command.current_dir(tree.path("work"));
        let run = run(command.args(["-c", &script]).arg(binary()));
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stdout.contains("has no environment qa"), "{run:#?}");
        let note = format!("the policy is {name}");
        assert!(run.stdout.contains(&note), "{run:#?}");
    }
    // The checked files must not be able to stop their own check.
    pipe(&tree, "work/config");
    let begin = Instant::now();
    let own = ask(&tree, &["check", "--policy", "config", "overlays/dev"]);
    assert_eq!(own.code, Some(2), "{own:#?}");
    assert!(
        own.stderr.contains("cannot read config: it is a pipe"),
        "{own:#?}"
    );
    assert!(begin.elapsed() < Duration::from_secs(30));
}

#[test]
fn paths_that_no_system_accepts_get_a_short_message() {
    let tree = scene();
    let (deep, wide) = ("a/".repeat(2500), "b".repeat(5000));
    for long in [&deep, &wide] {
        let (rendered, format) = (format!("dev={long}"), format!("json={long}"));
        for arguments in [
            &["check", long][..],
            &["check", "--policy", long],
            &["check", "--rendered", &rendered],
            &["check", "--rendered", long],
            &["check", "--format", &format],
            &["init", long],
            &["snapshot", long],
            &["snapshot", "--service", "x", "-o", long, "base"],
            &["merge", long],
            &["explain", long, "--base", "x"],
            &["plugin", "install", long],
        ] {
            let run = ask(&tree, arguments);
            assert_eq!(run.code, Some(2), "{run:#?}");
            assert!(run.stderr.len() < 1000, "{run:#?}");
            assert_eq!(run.stderr.lines().count(), 1, "{run:#?}");
        }
        let script = format!("echo \"Error: accumulating '{long}': it is too long\" >&2; exit 1\n");
        tree.script("bin/kustomize", &script);
        let run = ask(&tree, &["check", "--builder", "kustomize"]);
        assert!(run.stdout.contains("it is too long"), "{run:#?}");
        assert!(run.stdout.len() < 2000, "{run:#?}");
    }
}

#[test]
fn a_day_other_than_today_is_reported() {
    let tree = scene();
    let note = "exemptions are judged as of 2026-06-15, the day of SOURCE_DATE_EPOCH";
    let check = |day: Option<&str>| {
        let mut command = command(&tree, &["check", "--format", "json"]);
        command.env_remove("SOURCE_DATE_EPOCH");
        if let Some(day) = day {
            command.env("SOURCE_DATE_EPOCH", day);
        }
        run(&mut command).stdout
    };
    let day = Some("1781481600");
    assert!(!check(day).contains(note), "there is no exemption");
    tree.write(
        "work/parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: x}\nspec:\n  exemptions:\n  - {rule: image, reason: x, expires: '2099-01-01'}\n",
    );
    assert!(check(day).contains(note));
    assert!(!check(None).contains("SOURCE_DATE_EPOCH"));
}
