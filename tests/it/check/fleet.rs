//! The fleet of the examples, and fleets that are generated for one question.

use std::fs;
use std::process::Command;

use krm_parity::report::survey::Format;

use super::{NEWEST, check, findings, report};
use crate::support::Tree;
use crate::support::{binary, copy, example, require, run};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fleet/expected.txt");

/// The report without the note about `SOURCE_DATE_EPOCH`, as people normally see it.
fn as_today(report: &str) -> String {
    let note = "note: exemptions are judged as of 2026-06-15, the day of SOURCE_DATE_EPOCH\n";
    assert!(report.contains(note), "{report}");
    report.replace(note, "")
}

#[test]
fn the_incident_is_found_with_its_files_and_lines() {
    let kustomize = require!(kustomize(NEWEST));
    let run = check(&kustomize, &example(""), &["fleet"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert_eq!(run.stderr, "");
    let told = as_today(&run.stdout);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(GOLDEN, &told).expect("the golden file");
    }
    let golden = fs::read_to_string(GOLDEN).expect("the golden file");
    assert_eq!(told, golden, "UPDATE=1 records it anew");
    for part in [
        "error[inverted-resources]",
        "fleet/inventory/overlays/production/sizes.yaml:15:21",
        "fleet/inventory/overlays/staging/sizes.yaml:15:21",
        "memory: 512Mi",
        "memory: 2Gi",
        // No base, and two environments that disagree.
        "SKIP_INDEX_CHECK of container search is in production, but not in staging",
        "fleet/search/production/deployment.yaml:27:26",
    ] {
        assert!(run.stdout.contains(part), "{part}\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("web/"), "nothing is wrong with web");
}

#[test]
fn rendered_manifests_give_the_same_findings_without_a_builder() {
    let kustomize = require!(kustomize(NEWEST));
    let built = report(&kustomize, &example(""), &["fleet"]);
    let empty = Tree::new();
    let arguments = [
        "--policy",
        "fleet/parity.yaml",
        "--rendered",
        "fleet-rendered",
    ];
    let rendered = report(&empty.path("bin/none"), &example(""), &arguments);
    assert_eq!(findings(&rendered), findings(&built));
    // The rendered examples are what kustomize renders today.
    for (service, overlays) in [
        ("inventory", "overlays/"),
        ("web", "overlays/"),
        ("search", ""),
    ] {
        for environment in ["staging", "production"] {
            let directory = example(&format!("fleet/{service}/{overlays}{environment}"));
            let fresh = run(Command::new(&kustomize).arg("build").arg(directory));
            let kept = example(&format!("fleet-rendered/{service}/{environment}.yaml"));
            assert_eq!(
                fresh.stdout,
                fs::read_to_string(kept).expect("a rendered file")
            );
        }
    }
}

#[test]
fn kubectl_alone_can_build() {
    let kustomize = require!(kustomize(NEWEST));
    let kubectl = require!(kubectl());
    let tree = Tree::new();
    let link = tree.path("bin/kubectl");
    fs::create_dir_all(link.parent().expect("a parent")).expect("a folder");
    std::os::unix::fs::symlink(kubectl, &link).expect("a link");
    let one = report(&kustomize, &example(""), &["fleet"]);
    let other = report(&link, &example(""), &["fleet"]);
    assert_eq!(findings(&one), findings(&other));
    assert_eq!(one["services"], other["services"]);
}

#[test]
fn several_formats_are_written_at_once() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    let file = |name: &str| tree.path(name).display().to_string();
    let sarif = format!("sarif={}", file("p.sarif"));
    let junit = format!("junit={}", file("p.xml"));
    let arguments = [
        "fleet", "--format", "text", "--format", &sarif, "--format", &junit,
    ];
    let run = check(&kustomize, &example(""), &arguments);
    assert_eq!(run.code, Some(1));
    assert_eq!(
        as_today(&run.stdout),
        fs::read_to_string(GOLDEN).expect("the golden file")
    );
    let sarif: serde_json::Value =
        serde_json::from_str(&tree.read("p.sarif")).expect("a SARIF file");
    let results = sarif["runs"][0]["results"].as_array().expect("results");
    let lines: Vec<_> = results
        .iter()
        .map(|result| {
            let place = &result["locations"][0]["physicalLocation"];
            format!(
                "{}:{}",
                place["artifactLocation"]["uri"], place["region"]["startLine"]
            )
        })
        .collect();
    assert!(
        lines.contains(&"\"fleet/inventory/overlays/production/sizes.yaml\":15".to_owned()),
        "{lines:?}"
    );
    assert!(tree.read("p.xml").contains("inverted-resources"));
}

/// A fleet of `count` services; in every third one, production has another probe.
fn generated(count: usize) -> Tree {
    let tree = Tree::new();
    for number in 0..count {
        let service = format!("apps/s{number}");
        tree.write(
            &format!("{service}/base/kustomization.yaml"),
            "resources: [deployment.yaml]\n",
        );
        tree.write(
            &format!("{service}/base/deployment.yaml"),
            &format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: s{number}}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        image: app:1\n        livenessProbe: {{periodSeconds: 10}}\n"
            ),
        );
        for environment in ["dev", "production"] {
            let patch = if environment == "production" && number % 3 == 0 {
                format!(
                    "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: s{number}}}\n    spec: {{template: {{spec: {{containers: [{{name: app, livenessProbe: {{periodSeconds: 60}}}}]}}}}}}\n"
                )
            } else {
                String::new()
            };
            tree.overlay(
                &format!("{service}/overlays/{environment}"),
                &format!("namespace: {environment}\n{patch}"),
            );
        }
    }
    tree
}

#[test]
fn shards_together_report_what_one_run_reports() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = generated(10);
    let whole = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(findings(&whole).len(), 4);
    let files: Vec<String> = (1..=3)
        .map(|index| {
            let file = tree
                .path(&format!("shard-{index}.json"))
                .display()
                .to_string();
            let format = format!("json={file}");
            let shard = format!("{index}/3");
            check(
                &kustomize,
                &tree.path(""),
                &["--shard", &shard, "--format", &format],
            );
            file
        })
        .collect();
    let merged = run(Command::new(binary())
        .arg("merge")
        .args(&files)
        .args(["--format", "json"]));
    assert_eq!(merged.code, Some(1), "{merged:#?}");
    let merged: serde_json::Value = serde_json::from_str(&merged.stdout).expect("a report");
    assert_eq!(merged["services"], whole["services"]);
    assert_eq!(merged["findings"], whole["findings"]);
    assert_eq!(merged["totals"], whole["totals"]);
    assert!(merged.get("shard").is_none());
    // There is no verdict without the failing shard, or with a shard of another policy.
    let merge = |files: &[&str]| run(Command::new(binary()).arg("merge").args(files));
    let left = merge(&[&files[1], &files[2]]);
    assert_eq!(left.code, Some(2), "{left:#?}");
    assert!(left.stderr.contains("shard 1 of 3 is missing"), "{left:#?}");
    tree.write("parity.yaml", "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec: {failOn: warning}\n");
    let other = tree.path("other.json").display().to_string();
    let format = format!("json={other}");
    check(
        &kustomize,
        &tree.path(""),
        &["--shard", "1/3", "--format", &format],
    );
    let mixed = merge(&[&other, &files[1], &files[2]]);
    assert_eq!(mixed.code, Some(2), "{mixed:#?}");
    assert!(
        mixed.stderr.contains("under a different policy"),
        "{mixed:#?}"
    );
}

#[test]
fn only_changed_services_are_checked() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = generated(4);
    let git = |arguments: &[&str]| {
        run(Command::new("git")
            .current_dir(tree.path(""))
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments))
        .expect_success("git")
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "x"]);
    let services = |arguments: &[&str]| -> Vec<String> {
        let report = report(&kustomize, &tree.path(""), arguments);
        let all = report["services"].as_array().expect("services");
        all.iter()
            .map(|service| service["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    assert!(services(&["--since", "main"]).is_empty());
    assert_eq!(
        check(&kustomize, &tree.path(""), &["--since", "main"]).code,
        Some(0)
    );
    // A file that a kustomization names, a file beside one, and a file that does not belong to any service.
    tree.write(
        "apps/s1/base/deployment.yaml",
        "# changed\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: s1}\n",
    );
    tree.write("apps/s2/overlays/dev/new.txt", "new\n");
    tree.write("README.md", "new\n");
    assert_eq!(services(&["--since", "main"]), ["s1", "s2"]);
    git(&["checkout", "-q", "-b", "topic"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "y"]);
    assert_eq!(services(&["--since", "main"]), ["s1", "s2"]);
    // A commit on main in the meantime is not a change of this branch.
    git(&["checkout", "-q", "main"]);
    tree.write("apps/s3/base/x.txt", "x\n");
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "z"]);
    git(&["checkout", "-q", "topic"]);
    assert_eq!(services(&["--since", "main"]), ["s1", "s2"]);
    // A policy applies to every service.
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\n",
    );
    assert_eq!(services(&["--since", "main"]).len(), 4);
    for (revision, part) in [("gone", "gone"), ("--output=x", "not a revision")] {
        let flag = format!("--since={revision}");
        let run = check(&kustomize, &tree.path(""), &[&flag]);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains(part), "{run:#?}");
    }
}

#[test]
fn an_overlay_that_does_not_build_affects_only_itself() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = generated(12);
    let whole = findings(&report(&kustomize, &tree.path(""), &[]));
    tree.overlay(
        "apps/s4/overlays/dev",
        "patches:\n- target: {kind: Deployment}\n  patch: |\n    - {op: test, path: /kind, value: Gone}\n",
    );
    let broken = report(&kustomize, &tree.path(""), &[]);
    let mut expected = whole.clone();
    expected.push("build-failure s4 dev    ".to_owned());
    expected.sort();
    assert_eq!(findings(&broken), expected);
    let failure = &broken["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .find(|finding| finding["rule"] == "build-failure")
        .expect("a failure")["message"];
    let message = failure.as_str().expect("a message");
    assert!(
        message.contains("dev of service s4 does not build"),
        "{message}"
    );
    assert!(
        message.contains("testing value /kind failed"),
        "kustomize's words: {message}"
    );
    assert!(!message.contains("/tmp/"), "{message}");
    // The broken base of one service is reported once for each of its environments, in the base.
    tree.write("apps/s5/base/deployment.yaml", "kind: {\n");
    let broken = report(&kustomize, &tree.path(""), &[]);
    let all = broken["findings"].as_array().expect("findings");
    let mut failures: Vec<_> = all
        .iter()
        .filter(|finding| finding["rule"] == "build-failure" && finding["service"] == "s5")
        .map(|finding| format!("{} {}", finding["environment"], finding["place"]["file"]))
        .collect();
    failures.sort();
    let base = "\"apps/s5/base/kustomization.yaml\"";
    let expected = ["dev", "production"].map(|name| format!("\"{name}\" {base}"));
    assert_eq!(failures, expected);
}

#[test]
fn the_examples_services_are_checked_without_running_their_functions() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    copy(&example(""), &tree.path("examples"));
    // The functions of these overlays are named `krm-parity`, and the one on PATH would fail.
    let stub = tree.script("bin/krm-parity", "echo ran >&2; touch \"$0.ran\"; exit 1");
    let mut path = std::ffi::OsString::from(stub.parent().expect("a parent"));
    path.push(":");
    path.push(kustomize.parent().expect("a parent"));
    path.push(":/usr/bin:/bin");
    for arguments in [
        &["check", "services"][..],
        &["check", "services", "--one-by-one"],
    ] {
        let run = run(Command::new(binary())
            .current_dir(tree.path("examples"))
            .env("PATH", &path)
            .args(arguments));
        assert_eq!(run.code, Some(0), "{run:#?}");
        let told = "4 services, 3 environments: 2 infos";
        assert!(run.stdout.contains(told), "{}", run.stdout);
    }
    assert!(!tree.path("bin/krm-parity.ran").exists());
}

#[test]
fn a_failure_does_not_quote_a_secret() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = generated(1);
    tree.overlay(
        "apps/s0/overlays/dev",
        "patches:\n- patch: |\n    apiVersion: v1\n    kind: Secret\n    stringData: {a: hunter2-very-secret\n",
    );
    let run = check(&kustomize, &tree.path(""), &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("build-failure"), "{}", run.stdout);
    assert!(!run.stdout.contains("very-secret"), "{}", run.stdout);
}

#[test]
fn no_format_shows_a_secret() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    let secret = "hunter2-very-secret";
    tree.write(
        "base/kustomization.yaml",
        "resources: [s.yaml]\nsecretGenerator:\n- name: g\n  literals: [a=base-very-secret]\n",
    );
    tree.write(
        "base/s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: base-very-secret}\n",
    );
    tree.overlay(
        "overlays/prod",
        &format!("secretGenerator:\n- name: g\n  behavior: merge\n  literals: [a={secret}, b={secret}]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Secret\n    metadata: {{name: s}}\n    stringData: {{a: {secret}, b: {secret}}}\n"),
    );
    for format in Format::ALL.map(Format::id) {
        for arguments in [
            &["--format", format][..],
            &["--format", format, "--one-by-one"],
        ] {
            let run = check(&kustomize, &tree.path(""), arguments);
            assert_eq!(run.code, Some(1), "{run:#?}");
            let told = format!("{}{}", run.stdout, run.stderr);
            assert!(!told.contains("very-secret"), "{format}: {told}");
            assert!(told.contains("config-keys"), "{format}: {told}");
        }
    }
}

/// Two environments that name everything in their own way, without the records of kustomize that map the names.
#[test]
fn prefixes_do_not_hide_an_incident_in_rendered_manifests() {
    let tree = Tree::new();
    let deployment = |prefix: &str, memory: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {prefix}web}}\nspec: {{template: {{spec: {{containers: [{{name: app, image: 'app:1', resources: {{limits: {{memory: {memory}}}}}}}]}}}}}}\n"
        )
    };
    for (name, prefix, memory) in [
        ("base", "", "1Gi"),
        ("staging", "stg-", "2Gi"),
        ("production", "prd-", "512Mi"),
    ] {
        tree.write(&format!("out/{name}.yaml"), &deployment(prefix, memory));
    }
    let report = report(
        &tree.path("bin/none"),
        &tree.path(""),
        &["--rendered", "out"],
    );
    let found = findings(&report);
    let inverted = "inverted-resources rendered production staging Deployment stg-web spec.template.spec.containers[name=app].resources.limits.memory";
    assert_eq!(found, [inverted], "{report:#}");
}

/// The incident is in the regions; their layers are fine.
#[test]
fn regions_are_compared_with_regions() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    let patch = |memory: &str| {
        format!(
            "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: web}}\n    spec: {{template: {{spec: {{containers: [{{name: app, resources: {{limits: {{memory: {memory}}}}}}}]}}}}}}\n"
        )
    };
    tree.kustomization(
        "base",
        "d.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: app, image: 'app:1', resources: {limits: {memory: 1Gi}}}]}}}\n",
    );
    for (layer, region, memory) in [
        ("staging", "eu", "2Gi"),
        ("production", "eu", "512Mi"),
        ("production", "us", "2Gi"),
    ] {
        tree.write(
            &format!("{layer}/base/kustomization.yaml"),
            &format!("namespace: {layer}\nresources: [../../base]\n"),
        );
        tree.write(
            &format!("{layer}/{region}/kustomization.yaml"),
            &format!("resources: [../base]\n{}", patch(memory)),
        );
    }
    let inverted = "inverted-resources NAME production-eu staging-eu Deployment web spec.template.spec.containers[name=app].resources.limits.memory";
    let name = tree
        .path("")
        .file_name()
        .expect("a name")
        .to_string_lossy()
        .into_owned();
    let expected = vec![inverted.replace("NAME", &name)];
    assert_eq!(findings(&report(&kustomize, &tree.path(""), &[])), expected);
    // A policy that lists the layers includes their regions, and none of them is missing.
    tree.write("parity.yaml", "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {environments: [staging, production]}\n");
    assert_eq!(findings(&report(&kustomize, &tree.path(""), &[])), expected);
    std::fs::remove_file(tree.path("parity.yaml")).expect("the policy");
    tree.write("parity.yaml", "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {environments: [dev, staging, production]}\n");
    let missing = format!("missing-environment {name} dev    ");
    assert_eq!(
        findings(&report(&kustomize, &tree.path(""), &[])),
        [&expected[..], &[missing]].concat()
    );
}

#[test]
fn every_file_in_a_report_for_a_code_host_exists() {
    let kustomize = require!(kustomize(NEWEST));
    let fleet = example("fleet");
    let run = check(&kustomize, &fleet, &["--format", "gitlab"]);
    let found: serde_json::Value = serde_json::from_str(&run.stdout).expect("JSON");
    let found = found.as_array().expect("findings");
    assert_eq!(found.len(), 5, "{run:#?}");
    for finding in found {
        let path = finding["location"]["path"].as_str().expect("a path");
        assert!(fleet.join(path).is_file(), "{path}: {finding}");
    }
}
