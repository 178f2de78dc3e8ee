//! An unbuilt tree, as kpt passes it on: its findings equal those of `check` in kustomize's build.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use krm_parity::function;
use serde_json::Value;

use crate::support::{
    NEWEST, Tree, binary, copy, corpus, example, found_in, items, require, rules, run,
};

const TODAY: jiff::civil::Date = jiff::civil::date(2026, 6, 15);

fn judged(root: &Path, policy: &str) -> function::Answer {
    let list = items(root) + policy;
    function::run(list.as_bytes(), TODAY)
        .unwrap_or_else(|error| panic!("{}: {error}", root.display()))
}

/// The findings, by rule, service, environment, resource and field.
fn lines(answer: &function::Answer) -> Vec<String> {
    let mut lines: Vec<String> = answer
        .report
        .findings
        .iter()
        .map(|finding| {
            let kind = finding
                .resource
                .as_ref()
                .map_or("", |resource| &resource.kind);
            let path = finding
                .field
                .as_ref()
                .map_or_else(String::new, |field| field.path.to_string());
            [
                finding.rule.as_str(),
                finding.environment().unwrap_or_default(),
                finding.baseline().unwrap_or_default(),
                kind,
                &path,
            ]
            .join(" ")
        })
        .collect();
    lines.sort();
    lines
}

fn built_lines(kustomize: &Path, root: &Path) -> Vec<String> {
    let mut path = std::ffi::OsString::from(kustomize.parent().expect("a folder"));
    path.push(":/usr/bin:/bin");
    let run = run(Command::new(binary())
        .current_dir(root)
        .env("PATH", path)
        .env("SOURCE_DATE_EPOCH", "1781481600")
        .args(["check", "--format", "json"]));
    let report: Value =
        serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().expect("findings");
    let mut lines: Vec<String> = findings
        .iter()
        .map(|finding| {
            [
                text(&finding["rule"]),
                text(&finding["environment"]),
                text(&finding["baseline"]),
                text(&finding["resource"]["kind"]),
                text(&finding["field"]["path"]),
            ]
            .join(" ")
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn the_fleet_is_judged_without_a_build() {
    let answer = judged(
        &example("fleet"),
        "functionConfig:\n  apiVersion: krm-parity.io/v1alpha1\n  kind: ParityPolicy\n  spec: {environments: [staging, production]}\n",
    );
    let found = lines(&answer);
    let inverted = found
        .iter()
        .filter(|line| line.starts_with("inverted-resources production staging"));
    assert_eq!(inverted.count(), 2, "{found:#?}");
    let memory = &answer.report.findings[0];
    let file = memory.file.as_ref().expect("a file");
    assert_eq!(file.path, "inventory/overlays/production/sizes.yaml");
    assert_eq!(file.index, Some(0));
    assert!(answer.report.failed);
}

#[test]
fn a_file_that_was_not_passed_on_is_an_error() {
    let tree = Tree::new();
    copy(&example("fleet"), &tree.path(""));
    let file = "web/overlays/production/kustomization.yaml";
    let changed = tree.read(file) + "- path: operations.yaml\n  target: {kind: Deployment}\n";
    tree.write(file, &changed);
    tree.write(
        "web/overlays/production/operations.yaml",
        "- {op: replace, path: /spec/replicas, value: 7}\n",
    );
    let answer = judged(&tree.path(""), "");
    let unchecked: Vec<_> = answer
        .report
        .findings
        .iter()
        .filter(|finding| finding.rule.as_str() == "unchecked-file")
        .collect();
    let [unchecked] = unchecked.as_slice() else {
        panic!("{unchecked:#?}")
    };
    assert!(
        unchecked
            .message
            .contains("web/overlays/production/operations.yaml"),
        "{}",
        unchecked.message
    );
    assert_eq!(
        unchecked.file.as_ref().map(|file| file.path.as_str()),
        Some(file)
    );
    assert!(answer.report.failed);
    // If there is nothing else to compare, this is reported: there is a base.
    for other in [
        "inventory",
        "search",
        "web/overlays/staging",
        "web/overlays/dev",
    ] {
        fs::remove_dir_all(tree.path(other)).expect("a directory of the fleet");
    }
    let answer = judged(&tree.path(""), "");
    let headlines = answer.report.findings.iter();
    let headlines: Vec<_> = headlines.map(|finding| &*finding.headline).collect();
    assert!(
        headlines.contains(
            &"there is no base to compare with: production and its base cannot be built from their files alone"
        ),
        "{headlines:#?}"
    );
}

/// A tree that kustomize refuses, or that only kustomize can build, does not pass; one that
/// kustomize accepts in any case is judged.
#[test]
fn an_unknown_part_is_an_error_with_its_reason() {
    let file = "web/overlays/production/kustomization.yaml";
    for (rest, words) in [
        ("patch: []\n", "patch: kustomize does not have this field"),
        (
            "images: [{nme: web}]\n",
            "nme: kustomize does not have this field",
        ),
        (
            "replicas: [{name: wbe, count: 3}]\n",
            "wbe: its target does not exist",
        ),
        (
            "namePrefix: 1\n",
            "namePrefix: the value has a type that kustomize does not accept here",
        ),
        (
            "nameSuffix: ''\nNameSuffix: -x\n",
            "NameSuffix: it appears twice",
        ),
        (
            "patchesStrategicMerge: ['{apiVersion: v1, kind: ConfigMap, metadata: {name: nobody}}']\n",
            "ConfigMap nobody: its target does not exist",
        ),
    ] {
        let tree = Tree::new();
        copy(&example("fleet"), &tree.path(""));
        let changed = tree.read(file) + rest;
        tree.write(file, &changed);
        let answer = judged(&tree.path(""), "");
        let findings = answer.report.findings.iter();
        let unchecked: Vec<_> = findings
            .filter(|finding| finding.rule.as_str() == "unchecked-file")
            .collect();
        let [unchecked] = unchecked.as_slice() else {
            panic!("{rest}: {unchecked:#?}")
        };
        let wanted = format!("built from its files alone: {words}");
        assert!(
            unchecked.headline.contains(&wanted),
            "{}",
            unchecked.headline
        );
        assert_eq!(unchecked.file.as_ref().map(|file| &*file.path), Some(file));
        assert!(answer.report.failed);
    }
    let tree = Tree::new();
    copy(&example("fleet"), &tree.path(""));
    let changed =
        tree.read(file) + "NAMEPREFIX: p-\nCommonAnnotations: {linkerd.io/inject: enabled}\n";
    tree.write(file, &changed);
    let spelled = changed.replace("NAMEPREFIX", "namePrefix");
    let spelled = spelled.replace("CommonAnnotations", "commonAnnotations");
    let found = lines(&judged(&tree.path(""), ""));
    tree.write(file, &spelled);
    assert_eq!(found, lines(&judged(&tree.path(""), "")));
    assert!(
        !found.iter().any(|line| line.starts_with("unchecked-file")),
        "{found:#?}"
    );
}

#[test]
fn kpt_passes_on_all_needed_files() {
    let kpt = require!(kpt());
    let tree = Tree::new();
    copy(&example("fleet"), &tree.path("fleet"));
    fs::remove_dir_all(tree.path("fleet/inventory/parity"))
        .expect("the wiring of the other example");
    tree.write(
        "fleet/Kptfile",
        &format!("apiVersion: kpt.dev/v1\nkind: Kptfile\nmetadata: {{name: fleet}}\npipeline:\n  validators:\n  - exec: {}\n    configPath: parity.yaml\n", binary().display()),
    );
    let run = run(Command::new(kpt).current_dir(tree.path("")).args([
        "fn",
        "render",
        "fleet",
        "--allow-exec",
        "--results-dir",
        "results",
    ]));
    assert_eq!(run.code, Some(1), "{run:#?}");
    let results: serde_yaml::Value =
        serde_yaml::from_str(&tree.read("results/results.yaml")).expect("results");
    let found = found_in(&results["items"][0]);
    let found = rules(&found);
    for rule in [
        "inverted-resources",
        "environment-mismatch",
        "missing-environment",
    ] {
        assert!(found.contains(&rule), "{found:?}");
    }
}

/// A tree that is passed on completely has the same findings; an incomplete one is reported.
#[test]
fn files_have_the_same_findings_as_builds_over_the_corpus() {
    let kustomize = require!(kustomize(NEWEST));
    let Some(corpus) = corpus() else {
        return;
    };
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for entry in fs::read_dir(corpus).expect("the corpus") {
        let source = entry.expect("an entry").path().join("source");
        if !source.is_dir() {
            continue;
        }
        let answer = judged(&source, "");
        let is_open = answer.report.findings.iter().any(|finding| {
            matches!(
                finding.rule.as_str(),
                "unchecked-file" | "build-failure" | "missing-baseline"
            )
        });
        if is_open {
            *told.entry("not all passed on").or_default() += 1;
            assert!(answer.report.failed);
            continue;
        }
        let (files, built) = (lines(&answer), built_lines(&kustomize, &source));
        if files == built {
            *told.entry("the same").or_default() += 1;
        } else {
            let only = |a: &[String], b: &[String]| {
                a.iter()
                    .filter(|line| !b.contains(line))
                    .cloned()
                    .collect::<Vec<_>>()
            };
            wrong.push(format!(
                "{}: only in files {:#?}, only in builds {:#?}",
                source.display(),
                only(&files, &built),
                only(&built, &files)
            ));
        }
    }
    println!("{told:?}");
    assert!(told["the same"] >= 8, "{told:?}");
    assert!(wrong.is_empty(), "{told:?}\n{}", wrong.join("\n"));
}

/// Every layer loads both of the ones below: the result doubles forty times.
#[test]
fn a_tree_that_doubles_is_an_answer_and_not_a_wait() {
    let mut items =
        String::from("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n");
    let mut push = |path: &str, object: &str| {
        let _ = writeln!(
            items,
            "- {{{object}, metadata: {{name: x, annotations: {{internal.config.kubernetes.io/path: {path}}}}}}}"
        );
    };
    let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization";
    push(
        "l0/overlays/dev/kustomization.yaml",
        &format!("{kustomization}, resources: [c.yaml]"),
    );
    push(
        "l0/overlays/dev/c.yaml",
        "apiVersion: v1, kind: ConfigMap, data: {a: b}",
    );
    push(
        "l0/overlays/prod/kustomization.yaml",
        &format!("{kustomization}, resources: [../dev]"),
    );
    for layer in 1..=40 {
        let below = layer - 1;
        for name in ["dev", "prod"] {
            let loads =
                format!("[../../../l{below}/overlays/dev, ../../../l{below}/overlays/prod]");
            push(
                &format!("l{layer}/overlays/{name}/kustomization.yaml"),
                &format!("{kustomization}, namePrefix: {name}-, resources: {loads}"),
            );
        }
    }
    let answer = function::run(items.as_bytes(), TODAY).expect("an answer");
    assert!(answer.report.failed);
    let is_told = |rule: &str| {
        answer
            .report
            .findings
            .iter()
            .any(|finding| finding.rule.as_str() == rule)
    };
    assert!(
        is_told("unchecked-file"),
        "{:#?}",
        answer.report.findings.first()
    );
}

/// A build is judged as a build, whatever its annotations say about files.
#[test]
fn items_of_a_build_never_count_as_files() {
    let kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization";
    let files = [
        (
            "base/kustomization.yaml",
            format!("{kustomization}, resources: [c.yaml]"),
        ),
        (
            "base/c.yaml",
            "apiVersion: v1, kind: ConfigMap, data: {a: b}".to_owned(),
        ),
        (
            "overlays/prod/kustomization.yaml",
            format!("{kustomization}, resources: [../../base]"),
        ),
    ];
    // A sealed state differs from the live one.
    let sealing = "items:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: x}, data: {b: c}}\nfunctionConfig: {apiVersion: krm-parity.io/v1alpha1, kind: SnapshotRecorder, metadata: {name: x}, spec: {mode: replace}}\n";
    let recorded = function::run(
        format!("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n{sealing}").as_bytes(),
        TODAY,
    );
    let Ok(function::Output::Text(recorded)) = recorded.map(|answer| answer.output) else {
        panic!("no snapshot")
    };
    let recorded = krm_parity::yaml::parse(&recorded).expect("a list");
    let mut snapshot = recorded
        .roots()
        .find_map(|root| root.at(&["items"])?.items().next())
        .expect("a snapshot")
        .to_json();
    snapshot["metadata"]["annotations"]["internal.config.kubernetes.io/path"] = "z/s.yaml".into();
    let snapshot = format!("- {snapshot}\n");
    let list = |more: &str, mark: &dyn Fn(&str) -> String| {
        let mut items =
            String::from("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n");
        for (path, object) in &files {
            let marks = mark(path);
            let _ = writeln!(
                items,
                "- {{{object}, metadata: {{name: x, annotations: {{{marks}}}}}}}"
            );
        }
        items + more
    };
    let path = |path: &str| format!("internal.config.kubernetes.io/path: {path}");
    let origin = |path: &str| format!("config.kubernetes.io/origin: 'path: {path}'");
    let rules = |items: &str| {
        let answer = function::run(items.as_bytes(), TODAY).expect("an answer");
        let rules: Vec<String> = answer
            .report
            .findings
            .iter()
            .map(|finding| finding.rule.as_str().to_owned())
            .collect();
        (answer.report.failed, rules)
    };
    // With kpt's annotations they are a package, and a clean one.
    assert_eq!(rules(&list("", &path)), (false, Vec::new()));
    let made: [&dyn Fn(&str) -> String; 6] = [
        &origin,
        &|_| "kustomize.config.k8s.io/id: '1'".to_owned(),
        &|name| format!("kustomize.config.k8s.io/id: '1', {}", path(name)),
        &|name| format!("kustomize.config.k8s.io/id: '1', {}", origin(name)),
        &|name| {
            format!(
                "internal.config.kubernetes.io/previousNames: x, {}",
                path(name)
            )
        },
        &|name| format!("config.kubernetes.io/path: {name}"),
    ];
    for (number, mark) in made.iter().enumerate() {
        let (failed, rules) = rules(&list("", mark));
        assert!(
            failed && rules == ["missing-baseline"],
            "{number}: {rules:?}"
        );
    }
    // One item of a build is enough; and so is a snapshot, whatever its annotations.
    for more in [
        "- {apiVersion: v1, kind: Secret, metadata: {name: y, annotations: {kustomize.config.k8s.io/id: '7', internal.config.kubernetes.io/path: z/y.yaml}}}\n".to_owned(),
        "- {apiVersion: v1, kind: Secret, metadata: {name: y}}\n".to_owned(),
        snapshot,
    ] {
        let (failed, rules) = rules(&list(&more, &path));
        assert!(failed && !rules.is_empty(), "{more}: {rules:?}");
    }
}

#[test]
fn a_package_within_a_package_is_a_part_of_the_tree() {
    let item = |package: &str, path: &str, rest: &str| {
        format!(
            "- metadata: {{name: web, annotations: {{internal.config.kubernetes.io/path: {path}, internal.config.kubernetes.io/package-path: {package}}}}}\n{rest}"
        )
    };
    let kustomization = |rest: &str| {
        format!("  apiVersion: kustomize.config.k8s.io/v1beta1\n  kind: Kustomization\n  {rest}\n")
    };
    let service = "  apiVersion: v1\n  kind: Service\n  spec: {type: ClusterIP}\n";
    let patch = kustomization(
        "resources: [../../base]\n  patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: NodePort}}'}]",
    );
    let plain = kustomization("resources: [../../base]");
    for (own, path) in [
        ("/app", "overlays/prod/kustomization.yaml"),
        ("/app/overlays/prod", "kustomization.yaml"),
        ("/app/overlays", "prod/kustomization.yaml"),
    ] {
        for (base, base_path) in [("/app", "base/"), ("/app/base", "")] {
            let list = [
                "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n".to_owned(),
                item(own, path, &patch),
                item("/app", "overlays/dev/kustomization.yaml", &plain),
                item(
                    base,
                    &format!("{base_path}kustomization.yaml"),
                    &kustomization("resources: [web.yaml]"),
                ),
                item(base, &format!("{base_path}web.yaml"), service),
            ]
            .concat();
            let answer = function::run(list.as_bytes(), TODAY).expect("a list");
            assert_eq!(
                lines(&answer),
                ["other prod base Service spec.type"],
                "{own} {base}: {:#?}",
                answer.report.findings
            );
        }
    }
}
