//! `krm-parity explain OVERLAY --live FILE`: why each difference is drift or not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize as _;
use serde_json::Value;

use super::{found, is_near, recordings, rows, text};
use crate::support::{Run, Tree, binary, run};

fn explain(directory: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(binary());
    command
        .current_dir(directory)
        .env("SOURCE_DATE_EPOCH", "1781481600")
        .arg("explain")
        .args(arguments);
    run(&mut command)
}

/// The places that an explanation names.
fn places(said: &str) -> BTreeSet<String> {
    let lines = said
        .lines()
        .filter_map(|line| line.strip_prefix("  at      "));
    lines.map(str::to_owned).collect()
}

/// The places at which two values differ, down to the first list.
fn differing(want: Option<&Value>, live: Option<&Value>, path: &str, out: &mut BTreeSet<String>) {
    let none = serde_json::Map::new();
    match (want, live) {
        (Some(want), Some(live)) if want == live => {}
        (want, Some(Value::Object(live))) => {
            let want = want.and_then(Value::as_object).unwrap_or(&none);
            let keys: BTreeSet<&String> = want.keys().chain(live.keys()).collect();
            for key in keys {
                let inner = match path {
                    "" => key.clone(),
                    path => format!("{path}.{key}"),
                };
                differing(want.get(key), live.get(key), &inner, out);
            }
        }
        (None | Some(Value::Null), None | Some(Value::Null)) => {}
        _ => {
            out.insert(path.to_owned());
        }
    }
}

#[test]
fn every_difference_is_reported_or_has_a_reason() {
    let mut scenarios: Vec<String> = rows().into_iter().map(|row| row[0].clone()).collect();
    scenarios.dedup();
    let mut looked = 0;
    for scenario in scenarios {
        let directory = recordings().join(&scenario);
        let said = explain(&directory, &["want.yaml", "--live", "live.yaml"]);
        assert_eq!(said.code, Some(0), "{scenario}: {said:#?}");
        // The explanation includes every finding of `drift`, with its rule.
        for finding in found(&directory, "want.yaml", "live.yaml") {
            for word in [text(&finding["rule"]), text(&finding["field"]["path"])] {
                assert!(
                    said.stdout.contains(word),
                    "{scenario}: {word}: {}",
                    said.stdout
                );
            }
        }
        let all = |name: &str| -> Vec<Value> {
            let text = fs::read_to_string(directory.join(name)).expect("a recording");
            serde_yaml::Deserializer::from_str(&text)
                .map(|one| Value::deserialize(one).expect("an object"))
                .collect()
        };
        let live = all("live.yaml");
        for want in all("want.yaml") {
            let is_it = |live: &&Value| {
                live["kind"] == want["kind"] && live["metadata"]["name"] == want["metadata"]["name"]
            };
            let Some(live) = live.iter().find(is_it) else {
                continue;
            };
            let name = format!(
                "{}/{}",
                text(&want["kind"]),
                text(&want["metadata"]["name"])
            );
            let said = explain(&directory, &["want.yaml", "--live", "live.yaml", &name]);
            let places: Vec<String> = places(&said.stdout)
                .iter()
                .map(|one| super::plain(one))
                .collect();
            let mut paths = BTreeSet::new();
            differing(Some(&want), Some(live), "", &mut paths);
            for path in paths {
                let is_told = places.iter().any(|place| is_near(place, &path));
                assert!(is_told, "{scenario}: {name}: {path}: {}", said.stdout);
                looked += 1;
            }
        }
    }
    assert!(looked > 300, "{looked}");
}

#[test]
fn one_place_is_explained_with_its_owner_and_its_row() {
    let directory = recordings().join("set-env");
    let arguments = ["want.yaml", "--live", "live.yaml", "deployment/checkout"];
    let at = |path: &str| {
        let mut all = arguments.to_vec();
        all.push(path);
        explain(&directory, &all).stdout
    };
    let said = at("**.env[name=LOG_LEVEL]");
    for word in [
        "error     env-values apps/v1 Deployment checkout",
        "  at      spec.template.spec.containers[name=checkout].env[name=LOG_LEVEL].value\n",
        "  Git     \"info\"",
        "  live    \"debug\"",
        "  owner   kubectl-set (Update, 2026-11-25T19:52:12Z), a manual tool",
        "because Git sets it, it differs, and a manual tool owns the value",
        "  so      manual-change",
        "  help    To keep it, add to patches of",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert!(!said.contains("SKIP_FRAUD_CHECK"), "{said}");
    // The quantity has another spelling, and a default is the API server's.
    let said = at("spec.template.spec.containers[name=checkout].resources.limits.cpu");
    for word in [
        "  Git     \"1000m\"",
        "  live    \"1\"",
        "the same value, written differently",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let said = at("spec.progressDeadlineSeconds");
    assert!(said.contains("no drift"), "{said}");
    let said = at("spec.replicas");
    assert!(
        said.contains("no difference at \"spec.replicas\""),
        "{said}"
    );
    // An autoscaler's number is not drift, with a reason.
    let said = explain(
        &recordings().join("hpa-and-git-replicas"),
        &[
            "want.yaml",
            "--live",
            "live.yaml",
            "worker",
            "spec.replicas",
        ],
    );
    for word in [
        "an autoscaler targets the object",
        "kube-controller-manager",
    ] {
        assert!(said.stdout.contains(word), "{word}: {said:#?}");
    }
    // Without owners the reason is not known.
    let said = explain(&directory, &["want.yaml", "--live", "plain.yaml"]);
    assert!(
        said.stdout
            .contains("not known without --show-managed-fields"),
        "{said:#?}"
    );
    for arguments in [
        &["want.yaml", "--live", "live.yaml", "nothing"][..],
        &["want.yaml", "--live", "live.yaml", "checkout", "a..b"],
        &["--live", "live.yaml"],
        &["want.yaml", "checkout"],
        &["want.yaml", "--live", "live.yaml", "--base", "want.yaml"],
    ] {
        let said = explain(&directory, arguments);
        assert_eq!(said.code, Some(2), "{arguments:?}: {said:#?}");
    }
}

#[test]
fn an_overlay_is_explained_and_no_value_of_a_secret_is_shown() {
    let tree = Tree::new();
    tree.write("base/kustomization.yaml", "resources: [all.yaml]\n");
    tree.write(
        "base/all.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {password: PLANTED-git9, port: \"1000m\"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\ndata: {copy: x}\n",
    );
    tree.write(
        "overlays/production/kustomization.yaml",
        "resources: [../../base]\n",
    );
    tree.write(
        "live.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\ndata: {password: UExBTlRFRC1saXZlOQ==, port: MQ==, more: UExBTlRFRC1tb3JlOQ==}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop, annotations: {n: PLANTED-live9}}\ndata: {copy: PLANTED-git9, other: PLANTED-more9}\n",
    );
    let said = explain(
        &tree.path(""),
        &["overlays/production", "--live", "live.yaml"],
    );
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.stdout.contains("data.password"), "{said:#?}");
    for part in ["PLANTED", "UExB", "MQ=="] {
        assert!(!said.stdout.contains(part), "{part}: {}", said.stdout);
    }
}
