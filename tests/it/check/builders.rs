//! The builders: only the engine, only kustomize, kustomize where the engine cannot build, and both.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{NEWEST, check, findings, report};
use crate::support::{Run, Tree, binary, copy, corpus, example, require, run};

const DEPLOYMENT: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - {name: web, image: 'web:1', livenessProbe: {periodSeconds: 10}}\n";

/// The program with an empty PATH, without even the system's own commands.
fn alone(directory: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(binary());
    command
        .current_dir(directory)
        .env("PATH", "")
        .env("SOURCE_DATE_EPOCH", "1781481600")
        .args(arguments);
    run(&mut command)
}

/// A service whose production has a looser probe, and `more` in the kustomization of production.
fn service(more: &str) -> Tree {
    let tree = Tree::new();
    tree.kustomization("web/base", "web.yaml", DEPLOYMENT);
    tree.overlay("web/overlays/dev", "");
    tree.overlay(
        "web/overlays/production",
        &format!(
            "patches: [{{patch: '{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web}}, spec: {{template: {{spec: {{containers: [{{name: web, livenessProbe: {{periodSeconds: 90}}}}]}}}}}}}}'}}]\n{more}"
        ),
    );
    tree
}

/// The build failures: environment, headline and line of each.
fn failures(report: &Value) -> Vec<(String, String, String)> {
    let all = report["findings"].as_array().expect("findings").iter();
    let failures = all.filter(|finding| finding["rule"] == "build-failure");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    failures
        .map(|finding| {
            let place = &finding["place"];
            (
                text(&finding["environment"]),
                text(&finding["headline"]),
                format!("{}:{}", text(&place["file"]), place["line"]),
            )
        })
        .collect()
}

#[test]
fn no_other_program_is_needed() {
    let kustomize = require!(kustomize(NEWEST));
    let fleet = example("fleet");
    let run = alone(&fleet, &["check", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let own: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let theirs = report(&kustomize, &fleet, &["--builder", "kustomize"]);
    assert_eq!(own["findings"], theirs["findings"]);
    assert_eq!(findings(&own).len(), 5, "{own:#}");
    let run = alone(&fleet.join("web/overlays/production"), &["build"]);
    assert!(run.succeeded(), "{run:#?}");
    assert!(run.stdout.contains("\n  replicas: 6\n"), "{run:#?}");
    let noted = alone(&fleet, &["build", "web/overlays/production", "--origins"]);
    assert!(noted.succeeded(), "{noted:#?}");
    let lines = noted.stdout.lines().map(|line| line.split(" # ").next());
    let lines: Vec<&str> = lines.map(Option::unwrap_or_default).collect();
    assert_eq!(lines, run.stdout.lines().collect::<Vec<_>>());
    assert!(
        noted
            .stdout
            .contains("\n  replicas: 6 # web/overlays/production/"),
        "{noted:#?}"
    );
}

#[test]
fn a_feature_of_kustomize_alone_is_reported_with_its_line() {
    let chart = "helmCharts:\n- {name: x, repo: 'https://example.com', version: '1'}\n";
    let tree = service(chart);
    let run = alone(&tree.path(""), &["check", "--format", "json"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let [(environment, words, line)] = failures(&report).try_into().expect("one failure");
    assert_eq!(environment, "production");
    assert!(
        words.contains("the built-in engine cannot build it, and neither kustomize nor kubectl is on PATH: web/overlays/production/kustomization.yaml:4: x: only helm can render it"),
        "{words}"
    );
    assert_eq!(line, "web/overlays/production/kustomization.yaml:4");
    let only = alone(&tree.path(""), &["check", "--builder", "engine"]);
    assert_eq!(only.code, Some(1), "{only:#?}");
    assert!(
        only.stdout.contains("--builder auto runs kustomize"),
        "{only:#?}"
    );
    // kustomize would not help with a build that it rejects.
    let tree = service("replicas: [{name: wbe, count: 3}]\n");
    let run = alone(&tree.path(""), &["check", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    let [(_, words, line)] = failures(&report).try_into().expect("one failure");
    assert!(words.contains("kustomize rejects it: "), "{words}");
    assert!(words.contains("wbe: its target does not exist"), "{words}");
    assert_eq!(line, "web/overlays/production/kustomization.yaml:3");
}

#[test]
fn all_flags_except_one_are_for_kustomize() {
    let tree = service("configMapGenerator: [{name: c, files: [../../shared/a.txt]}]\n");
    tree.write("web/shared/a.txt", "a");
    let build = |arguments: &[&str]| {
        let run = alone(
            &tree.path(""),
            &[&["check", "--format", "json"], arguments].concat(),
        );
        (run.code, run.stdout, run.stderr)
    };
    let (_, strict, _) = build(&[]);
    assert!(
        strict.contains("the file is outside of the kustomization's directory"),
        "{strict}"
    );
    for flags in [
        &["--load-restrictor", "LoadRestrictionsNone"][..],
        &["--load-restrictor=LoadRestrictionsNone"],
    ] {
        let (_, lax, _) = build(&[&["--builder", "engine", "--"], flags].concat());
        let lax: Value = serde_json::from_str(&lax).expect("JSON");
        assert_eq!(failures(&lax), []);
        assert!(
            findings(&lax)
                .iter()
                .any(|line| line.starts_with("health-checks")),
            "{lax:#}"
        );
    }
    let (code, _, words) = build(&["--builder", "engine", "--", "--enable-helm"]);
    assert_eq!(code, Some(2));
    assert!(
        words.contains("--builder engine does not run kustomize"),
        "{words}"
    );
    let (code, _, words) = build(&["--", "--enable-helm"]);
    assert_eq!(code, Some(2));
    assert!(
        words.contains("neither kustomize nor kubectl is on PATH"),
        "{words}"
    );
}

/// A linked file is where its target is, and kustomize rejects a target outside of the directory.
#[cfg(unix)]
#[test]
fn links_lead_to_the_real_place_of_a_file() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = service("configMapGenerator: [{name: c, files: [a.txt]}]\n");
    tree.write("web/shared/a.txt", "a");
    std::os::unix::fs::symlink(
        "../../shared/a.txt",
        tree.path("web/overlays/production/a.txt"),
    )
    .expect("a link");
    let run = alone(&tree.path(""), &["check", "--format", "json"]);
    let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(failures(&report).len(), 1, "{report:#}");
    // The same applies if the kustomization is at the root of the directory that is built.
    let root = alone(&tree.path("web/overlays/production"), &["build"]);
    assert_eq!(root.code, Some(2), "{root:#?}");
    assert!(
        root.stderr
            .contains("the file is outside of the kustomization's directory"),
        "{root:#?}"
    );
    let both = check(&kustomize, &tree.path(""), &["--builder", "both"]);
    assert_eq!(both.code, Some(1), "{both:#?}");
    assert!(
        both.stderr
            .contains(": 2 same, 1 rejected by both, 0 different, 0 left to kustomize"),
        "{both:#?}"
    );
}

#[test]
fn both_builders_are_compared() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    copy(&example("fleet"), &tree.path(""));
    let run = check(&kustomize, &tree.path(""), &["--builder", "both"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let told = format!(
        "krm-parity: the built-in engine and kustomize {NEWEST}: 10 same, 0 rejected by both, 0 different, 0 left to kustomize\n"
    );
    assert!(run.stderr.contains(&told), "{run:#?}");
    // One kustomize that writes something else, and one that rejects everything.
    let tools = Tree::new();
    let real = kustomize.display();
    for (script, words) in [
        (
            format!("'{real}' \"$@\" | sed 's/replicas: 6/replicas: 7/'\n"),
            "inventory/overlays/production: the built-in engine and kustomize",
        ),
        (
            "echo 'Error: not today' >&2; exit 1\n".to_owned(),
            "the built-in engine builds it, and kustomize",
        ),
    ] {
        tools.script("bin/kustomize", &script);
        let run = check(
            &tools.path("bin/kustomize"),
            &tree.path(""),
            &["--builder", "both"],
        );
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains(words), "{run:#?}");
        let is_value = script.contains("sed");
        let field = "spec.replicas is 6 in the engine's build and 7 in kustomize's";
        assert_eq!(run.stderr.contains(field), is_value, "{run:#?}");
    }
}

/// No value of a Secret is shown, whether its kustomization builds or not.
#[test]
fn secrets_stay_where_they_are() {
    let kustomize = require!(kustomize(NEWEST));
    let value = "hunter2-and-more";
    let tree = service(&format!(
        "secretGenerator:\n- {{name: s, literals: [password={value}]}}\n- {{name: t, literals: ['{value}']}}\n"
    ));
    tree.write(
        "whole/kustomization.yaml",
        &format!("secretGenerator:\n- {{name: s, literals: [password={value}]}}\n"),
    );
    for arguments in [
        &["check"][..],
        &["check", "--builder", "engine"],
        &["build", "web/overlays/production"],
        &["build", "whole"],
        &["build", "--format", "json", "whole"],
    ] {
        let run = alone(&tree.path(""), arguments);
        let told = run.stdout.clone() + &run.stderr;
        assert!(!told.contains(value), "{run:#?}");
        assert!(!told.contains("aHVudGVyMi1hbmQtbW9yZQ"), "{run:#?}");
    }
    let built = alone(&tree.path(""), &["build", "whole"]);
    // The hash covers the value that is not shown.
    let theirs = run(Command::new(&kustomize)
        .arg("build")
        .arg(tree.path("whole")));
    let name = |text: &str| {
        let mut lines = text.lines();
        lines
            .find(|line| line.starts_with("  name: "))
            .map(str::to_owned)
    };
    assert!(name(&theirs.stdout).is_some());
    assert_eq!(name(&built.stdout), name(&theirs.stdout), "{built:#?}");
}

#[test]
fn the_corpus_is_built_as_kustomize_builds_it() {
    let kustomize = require!(kustomize(NEWEST));
    let Some(corpus) = corpus() else { return };
    let mut same = 0;
    let folders = std::fs::read_dir(&corpus).expect("the corpus");
    for folder in folders.map(|folder| folder.expect("a folder").path().join("source")) {
        if !folder.is_dir() {
            continue;
        }
        let run = check(&kustomize, &folder, &["--builder", "both"]);
        assert_ne!(run.code, Some(2), "{}: {run:#?}", folder.display());
        let line = run
            .stderr
            .lines()
            .find(|line| line.contains(" 0 different"));
        let line = line.unwrap_or_else(|| panic!("{}: {run:#?}", folder.display()));
        println!("{}: {line}", folder.display());
        let count = line
            .split_once(" same")
            .and_then(|(before, _)| before.rsplit(' ').next());
        same += count
            .and_then(|count| count.parse::<usize>().ok())
            .expect("a count");
    }
    assert!(same >= 95, "{same}");
}

/// A file that is not text is used as kustomize uses it: bytes in a `ConfigMap`, a value in a Secret, but not a
/// resource.
#[test]
fn bytes_are_built_as_kustomize_builds_them() {
    let kustomize = require!(kustomize(NEWEST));
    let more = "configMapGenerator: [{name: stores, files: [a.jks, b=a.jks, text.txt]}]\nsecretGenerator: [{name: store, files: [a.jks]}]\n";
    let tree = service(more);
    let bytes: Vec<u8> = (0_u8..=255).collect();
    let own = tree.path("web/overlays/production");
    fs::write(own.join("a.jks"), &bytes).expect("a file");
    tree.write("web/overlays/production/text.txt", "text\n");
    let ours = alone(&own, &["build"]);
    assert!(ours.succeeded(), "{ours:#?}");
    let theirs = run(Command::new(&kustomize).arg("build").arg(&own));
    let part = |text: &str| {
        let at = text.find("binaryData:").expect("bytes");
        text[at..].split("\n---").next().map(str::to_owned)
    };
    assert_eq!(part(&ours.stdout), part(&theirs.stdout));
    let both = check(&kustomize, &tree.path(""), &["--builder", "both"]);
    assert!(both.stderr.contains("0 different, 0 left"), "{both:#?}");
    // The resource is not text, so the engine cannot know its meaning, and kustomize rejects it.
    tree.write(
        "web/overlays/production/kustomization.yaml",
        "resources: [../../base, a.jks]\n",
    );
    let run = alone(&own, &["build"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("a.jks: it cannot be read"), "{run:#?}");
}

/// kubectl reads YAML 1.1: text that would be a boolean or a number there is quoted, as kustomize quotes it.
#[test]
fn text_stays_text_for_every_reader_of_a_build() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write("kustomization.yaml", "resources: [cm.yaml]\n");
    tree.write(
        "cm.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {debug: 'on', answer: 'y', size: '1_000', time: '1:30', version: 1.2.3-a, n: 'NO', word: one}\n",
    );
    let lines = |text: &str| -> Vec<String> {
        let mut lines: Vec<String> = text.lines().map(|line| line.replace('\'', "\"")).collect();
        lines.sort();
        lines
    };
    let ours = alone(&tree.path(""), &["build"]);
    let theirs = run(Command::new(&kustomize).arg("build").arg(tree.path("")));
    assert_eq!(lines(&ours.stdout), lines(&theirs.stdout));
}

/// A typo in a flag is not the fault of a service.
#[test]
fn a_flag_that_the_builder_does_not_know_ends_the_run() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = service("");
    for (flag, words) in [
        (&["--enable-hlem"][..], "unknown flag: --enable-hlem"),
        (&["-x"], "unknown shorthand flag"),
        (&["--enable-helm=perhaps"], "invalid argument"),
    ] {
        let arguments = [&[".", "--builder", "kustomize", "--"][..], flag].concat();
        let run = check(&kustomize, &tree.path(""), &arguments);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert_eq!(run.stderr.matches(words).count(), 1, "{run:#?}");
        assert!(run.stderr.contains("after `--`"), "{run:#?}");
        assert_eq!(run.stdout, "", "{run:#?}");
    }
}

/// What kustomize rejects about the head of a kustomization is said in words for that field.
#[test]
fn an_unknown_version_or_kind_of_a_kustomization_is_named() {
    for (head, words) in [
        (
            "apiVersion: kustomize.config.k8s.io/v1\n",
            "kustomize.config.k8s.io/v1: kustomize knows no such apiVersion of a Kustomization, only kustomize.config.k8s.io/v1beta1",
        ),
        (
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Component\n",
            "kustomize.config.k8s.io/v1beta1: kustomize knows no such apiVersion of a Component, only kustomize.config.k8s.io/v1alpha1",
        ),
        (
            "kind: Kustomisation\n",
            "Kustomisation: kustomize knows only the kinds Kustomization and Component here",
        ),
    ] {
        let tree = service("");
        tree.write(
            "web/overlays/dev/kustomization.yaml",
            &format!("{head}resources: [../../base]\n"),
        );
        let run = alone(&tree.path(""), &["check", "--format", "json"]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        let report: Value = serde_json::from_str(&run.stdout).expect("JSON");
        let failures = failures(&report);
        let [(environment, said, line)] = failures.as_slice() else {
            panic!("{head}: {failures:?}");
        };
        assert_eq!(environment, "dev");
        assert!(said.contains(words), "{said}");
        assert_eq!(line, "web/overlays/dev/kustomization.yaml:1");
    }
}
