//! Which policy applies, and that nothing in the place of a policy is skipped.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::time::{Duration, Instant};

use super::bases::deployment;
use super::{NEWEST, check, report};
use crate::support::{Tree, binary, require, run};

const POLICY: &str =
    "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\n";
const RECORDER: &str =
    "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata: {name: web}\n";

/// Every place where a policy is searched for.
const PLACES: [&str; 6] = [
    "parity.yaml",
    "parity.yml",
    "parity/policy.yaml",
    "parity/policy.yml",
    "parity/policy/policy.yaml",
    "parity/policy/policy.yml",
];

/// Creates something in the place of a policy.
type Make = fn(&std::path::Path);

fn service() -> Tree {
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", &deployment("1", 10));
    for environment in ["dev", "production"] {
        tree.overlay(&format!("overlays/{environment}"), "");
    }
    tree
}

#[test]
fn anything_but_a_policy_in_the_place_of_one_ends_the_run() {
    let kustomize = require!(kustomize(NEWEST));
    let misspelt = POLICY.replace("ParityPolicy", "ParityPolcy");
    let other_group = POLICY.replace("krm-parity.io/v1alpha1", "example.com/v1");
    let other_version = POLICY.replace("v1alpha1", "v2");
    let texts = [
        (misspelt.as_str(), "ParityPolicy"),
        (other_group.as_str(), "krm-parity.io/v1alpha1"),
        (other_version.as_str(), "krm-parity.io/v1alpha1"),
        ("", "the file is empty"),
        (
            "# apiVersion: krm-parity.io/v1alpha1\n",
            "the file is empty",
        ),
        ("---\n---\n", "the file is empty"),
        ("kind: [\n", "line"),
        ("- a\n", "ParityPolicy"),
        (
            "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
            "unknown kind \"Service\"",
        ),
        (
            "apiVersion: krm-parity.io/v1alpha1\nkind: parityPolicy\n",
            "ParityPolicy",
        ),
        ("spec: {failOn: warning}\n", "missing"),
    ];
    for place in PLACES {
        for (text, words) in texts {
            let tree = service();
            tree.write(place, text);
            let run = check(&kustomize, &tree.path(""), &[]);
            assert_eq!(run.code, Some(2), "{place} {text:?}: {run:#?}");
            assert!(
                run.stderr.contains(place) && run.stderr.contains(words),
                "{text:?}: {run:#?}"
            );
        }
        let tree = service();
        let two = format!("{POLICY}---\n{RECORDER}");
        tree.write(place, &two);
        let run = check(&kustomize, &tree.path(""), &[]);
        assert_eq!(run.code, Some(2), "{place}: {run:#?}");
    }
}

#[test]
fn anything_but_a_file_ends_the_run_at_once() {
    let kustomize = require!(kustomize(NEWEST));
    let kinds: [(Make, &str); 7] = [
        (
            |path| fs::create_dir(path).expect("a directory"),
            "a directory",
        ),
        (
            |path| symlink("gone.yaml", path).expect("a link"),
            "is a broken link",
        ),
        (
            |path| symlink(path, path).expect("a link"),
            "is a broken link",
        ),
        (
            |path| symlink("/dev/zero", path).expect("a link"),
            "a device",
        ),
        (
            |path| {
                let made = Command::new("mkfifo").arg(path).status();
                assert!(made.expect("mkfifo").success());
            },
            "a pipe",
        ),
        (
            |path| drop(UnixListener::bind(path).expect("a socket")),
            "a socket",
        ),
        (
            |path| fs::write(path, b"\xff\xfe").expect("a file"),
            "not UTF-8",
        ),
    ];
    for place in PLACES {
        for (make, words) in kinds {
            let tree = service();
            let path = tree.path(place);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
            make(&path);
            let flag = path.display().to_string();
            let faces: [&[&str]; 5] = [
                &["check"],
                &["check", "--policy", &flag],
                &["init", "--dry-run"],
                &["init", "--adopt", "--dry-run"],
                &["init", "--wire", "--dry-run"],
            ];
            for face in faces {
                let start = Instant::now();
                let mut command = Command::new(binary());
                let folder = kustomize.parent().expect("a folder").display();
                command
                    .current_dir(tree.path(""))
                    .env("PATH", format!("{folder}:/usr/bin:/bin"))
                    .args(face);
                let run = run(&mut command);
                assert_eq!(run.code, Some(2), "{place} {face:?}: {run:#?}");
                let is_told = run.stderr.contains(words) || face.contains(&"--policy");
                assert!(
                    is_told && run.stderr.contains(place),
                    "{place} {words}: {run:#?}"
                );
                assert!(
                    start.elapsed() < Duration::from_secs(10),
                    "{place} {face:?}"
                );
            }
        }
    }
}

#[test]
fn a_broken_link_on_the_way_to_a_policy_ends_the_run() {
    let kustomize = require!(kustomize(NEWEST));
    for link in ["parity", "parity/policy"] {
        let tree = service();
        let path = tree.path(link);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        symlink("gone", &path).expect("a link");
        let run = check(&kustomize, &tree.path(""), &[]);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains(link), "{run:#?}");
    }
}

#[test]
fn two_policies_in_one_directory_end_the_run() {
    let kustomize = require!(kustomize(NEWEST));
    for (at, first) in PLACES.iter().enumerate() {
        for second in &PLACES[at + 1..] {
            let tree = service();
            tree.write(first, POLICY);
            tree.write(second, POLICY);
            let run = check(&kustomize, &tree.path(""), &[]);
            assert_eq!(run.code, Some(2), "{run:#?}");
            assert!(
                run.stderr.contains(first) && run.stderr.contains(second),
                "{run:#?}"
            );
            // A recorder is not a policy, and if a policy is named, no other is searched for.
            let named = check(&kustomize, &tree.path(""), &["--policy", first]);
            assert_eq!(named.code, Some(0), "{named:#?}");
            tree.write(second, RECORDER);
            let run = check(&kustomize, &tree.path(""), &[]);
            assert_eq!(run.code, Some(0), "{run:#?}");
        }
    }
}

#[test]
fn every_report_names_the_policy_that_it_used() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = service();
    let notes =
        |arguments: &[&str]| report(&kustomize, &tree.path(""), arguments)["notes"].to_string();
    assert!(notes(&[]).contains("no policy file"));
    // A recorder beside a base is skipped.
    tree.write("parity.yaml", RECORDER);
    assert!(notes(&[]).contains("no policy file"));
    tree.write("parity/policy.yaml", POLICY);
    assert!(notes(&[]).contains("the policy is parity/policy.yaml"));
    tree.write("other.yaml", POLICY);
    let named = notes(&["--policy", "other.yaml"]);
    assert!(named.contains("the policy is other.yaml"), "{named}");
    for format in ["text", "markdown", "html", "github"] {
        let run = check(&kustomize, &tree.path(""), &["--format", format]);
        assert!(
            run.stdout.contains("parity/policy.yaml"),
            "{format}: {run:#?}"
        );
    }
}

/// `spec.environment`, which one overlay needs in its own build, would hide all other environments from a gate.
#[test]
fn an_environment_that_the_policy_leaves_out_is_not_shown_as_judged() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = service();
    let state = |spec: &str| {
        tree.write("parity.yaml", &format!("{POLICY}spec: {{{spec}}}\n"));
        let report = report(&kustomize, &tree.path(""), &[]);
        let environments = report["services"][0]["environments"].as_array().cloned();
        let environments = environments.expect("environments");
        let states: Vec<String> = environments
            .iter()
            .map(|one| format!("{} {}", one["name"], one["state"]).replace('"', ""))
            .collect();
        (states, report["notes"].to_string())
    };
    let (states, notes) = state("");
    assert_eq!(states, ["dev judged", "production judged"]);
    assert!(!notes.contains("spec.environment"), "{notes}");
    let (states, notes) = state("environment: production");
    assert_eq!(states, ["dev skipped", "production judged"]);
    let told = "only production is checked, because spec.environment of the policy names it";
    assert!(notes.contains(told), "{notes}");
}

/// The severities and rules of a service that has only dev and production, with this policy.
fn judged(spec: &str) -> Vec<String> {
    let Some(kustomize) = crate::support::kustomize(NEWEST) else {
        crate::support::missing("kustomize");
        return vec!["skipped".to_owned()];
    };
    let tree = service();
    tree.write("parity.yaml", &format!("{POLICY}spec: {{{spec}}}\n"));
    let run = check(&kustomize, &tree.path(""), &["--format", "json"]);
    let Ok(report) = serde_json::from_str::<serde_json::Value>(&run.stdout) else {
        return vec![run.stderr];
    };
    let all = report["findings"].as_array().expect("findings").iter();
    all.map(|one| format!("{} {}", one["severity"], one["rule"]).replace('"', ""))
        .collect()
}

#[test]
fn a_listed_environment_is_missing_unless_its_service_is_an_exception() {
    let listed = "environments: [dev, staging, production]";
    let service = "services: [{name: ";
    for (spec, expected) in [
        (listed.to_owned(), "error missing-environment"),
        (
            format!("{listed}, {service}'*', environments: [dev, production]}}]"),
            "",
        ),
        (
            format!("{listed}, {service}other, environments: [dev, production]}}]"),
            "warning unused-exemption\nerror missing-environment",
        ),
        // The first entry that matches decides.
        (
            format!(
                "{listed}, services: [{{name: '*', environments: [staging]}}, {{name: '*', environments: [dev]}}]"
            ),
            "warning unused-exemption\nerror missing-environment",
        ),
        (
            format!("{listed}, rules: {{missing-environment: {{severity: warning}}}}"),
            "warning missing-environment",
        ),
    ] {
        let found = judged(&spec);
        if found == ["skipped"] {
            return;
        }
        let expected: Vec<&str> = expected.split_terminator('\n').collect();
        assert_eq!(found, expected, "{spec}");
    }
    for (spec, words) in [
        (
            format!("{listed}, {service}'*', environments: [prodction]}}]"),
            "did you mean \"production\"?",
        ),
        (
            format!("{service}'*', environments: [dev]}}]"),
            "spec.environments",
        ),
        (
            format!("{listed}, {service}'', environments: [dev]}}]"),
            "is not the name of a service",
        ),
    ] {
        let found = judged(&spec).join("");
        assert!(
            found.contains(words) || found == "skipped",
            "{spec}: {found}"
        );
    }
}

#[test]
fn a_failure_to_check_cannot_be_allowed() {
    for rule in ["build-failure", "missing-baseline"] {
        let exempt = format!("exemptions: [{{rule: {rule}, reason: why, expires: '2027-01-31'}}]");
        let ignored = format!("rules: {{{rule}: {{severity: ignore}}}}");
        let info = format!("rules: {{{rule}: {{severity: info}}}}");
        for spec in [exempt, ignored, info] {
            let found = judged(&spec).join("");
            let is_refused =
                found.contains("parity.yaml:4") && found.contains("could not be checked");
            assert!(is_refused || found == "skipped", "{spec}: {found}");
        }
    }
}
