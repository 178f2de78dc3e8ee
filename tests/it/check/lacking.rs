//! Places of fields that one side lacks: the line that removes the field, or the nearest line that exists, but
//! never nothing.

use std::fs;

use serde_json::Value;

use super::{NEWEST, report};
use crate::support::{Tree, require};

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: shop/web:1
        args:
        - --first
        - --second
        - --third
";

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: flags}\ndata: {A: a}\n";

/// A strategic merge patch for the container.
fn patch(lines: &str) -> String {
    let lines: String = lines.lines().fold(String::new(), |all, line| {
        all + "            " + line + "\n"
    });
    format!(
        "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: web}}\n    spec:\n      template:\n        spec:\n          \
         containers:\n          - name: web\n{lines}"
    )
}

fn overlay(tree: &Tree, directory: &str, base: &str, rest: &str) {
    let text = format!("resources: [{base}]\n{rest}");
    tree.write(&format!("{directory}/kustomization.yaml"), &text);
}

/// `rule environment baseline path: place | base place` of each finding; a place is a file and the text of its line.
fn told(tree: &Tree) -> Vec<String> {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let root = tree.path("");
    let report = report(&kustomize, &root, &[]);
    let place = |place: &Value| {
        let (file, line) = (place["file"].as_str()?, place["line"].as_u64()?);
        let text = fs::read_to_string(root.join(file)).expect("a file");
        let line = text.lines().nth(usize::try_from(line).ok()? - 1)?;
        let what = place["what"].as_str()?;
        let nearest = what.ends_with("(the nearest line that exists)");
        let mark = if nearest { "~" } else { "" };
        Some(format!("{mark}{file} {}", line.trim()))
    };
    let findings = report["findings"].as_array().expect("findings").iter();
    let told = findings.map(|one| {
        let words = ["rule", "environment", "baseline"];
        let words = words.map(|word| one[word].as_str().unwrap_or_default().to_owned());
        let path = one["field"]["path"].as_str().unwrap_or_default();
        let path = path.trim_start_matches("spec.template.spec.containers[name=web].");
        let places = [&one["place"], &one["basePlace"]].map(|one| place(one).unwrap_or_default());
        format!("{} {path}: {}", words.join(" "), places.join(" | "))
    });
    told.collect()
}

fn assert_told(told: &[String], wanted: &str) {
    assert!(told.iter().any(|one| one == wanted), "{wanted}\n{told:#?}");
}

#[test]
fn an_element_that_one_side_lacks_is_placed_at_the_list_of_that_side() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", WEB);
    overlay(&tree, "overlays/dev", "../../base", "");
    for (args, kind, wanted) in [
        (
            "args: [--none, --first, --second, --third]",
            "--none",
            "overlays/prod/kustomization.yaml args: [--none, --first, --second, --third] | base/web.yaml args:",
        ),
        (
            "args:\n- --first\n- --third",
            "--second",
            "overlays/prod/kustomization.yaml args: | base/web.yaml - --second",
        ),
        (
            "args:\n- --first\n- --second",
            "--third",
            "overlays/prod/kustomization.yaml args: | base/web.yaml - --third",
        ),
    ] {
        overlay(&tree, "overlays/prod", "../../base", &patch(args));
        let told = told(&tree);
        assert_eq!(told.len(), 1, "{kind}: {told:#?}");
        assert!(told[0].ends_with(wanted), "{kind}: {told:#?}");
    }
}

#[test]
fn an_addition_of_another_environment_is_placed_at_the_nearest_line() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("apps/base", "web.yaml", WEB);
    let levels = patch("imagePullPolicy: Always");
    overlay(&tree, "apps/overlays/staging", "../../base", &levels);
    overlay(&tree, "apps/overlays/prod", "../../base", "");
    // The places for an overlay that loads other overlays are in those.
    for name in ["staging", "prod"] {
        let below = format!("../../apps/overlays/{name}");
        overlay(
            &tree,
            &format!("overlays/{name}"),
            &below,
            "nameSuffix: -x\n",
        );
    }
    let wanted = "environment-mismatch prod staging imagePullPolicy: ~apps/base/web.yaml - name: web | apps/overlays/staging/kustomization.yaml imagePullPolicy: Always";
    assert_told(&told(&tree), wanted);
}

#[test]
fn a_missing_resource_is_placed_at_the_list_of_resources() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    for (name, also) in [("staging", ", ../parts"), ("prod", "")] {
        let directory = format!("environments/{name}");
        tree.write(&format!("{directory}/web.yaml"), WEB);
        overlay(&tree, &directory, &format!("web.yaml{also}"), "");
    }
    tree.kustomization("environments/parts", "flags.yaml", MAP);
    let missing = "environments/prod/kustomization.yaml resources: [web.yaml]";
    let there = "environments/parts/flags.yaml metadata: {name: flags}";
    let wanted = format!("environment-mismatch prod staging : {missing} | {there}");
    assert_told(&told(&tree), &wanted);
    // A deleted resource is reported at the line that deletes it.
    let delete = "patches:\n- patch: |\n    $patch: delete\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: flags}\n";
    overlay(&tree, "environments/prod", "web.yaml, ../parts", delete);
    let missing = "environments/prod/kustomization.yaml $patch: delete";
    let wanted = format!("removed-resource prod base : {missing} | {there}");
    assert_told(&told(&tree), &wanted);
}

#[test]
fn a_part_of_a_base_is_not_the_place_of_another_part() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("parts/crd", "flags.yaml", MAP);
    let labels = |key: &str| format!("labels:\n- pairs:\n    {key}: b\n");
    overlay(&tree, "parts/crd", "flags.yaml", &labels("team"));
    let other = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: other\n";
    tree.kustomization("parts/cert", "other.yaml", other);
    let both = "../../parts/crd, ../../parts/cert";
    overlay(&tree, "overlays/dev", both, "");
    overlay(
        &tree,
        "overlays/prod",
        both,
        &labels("cluster.x-k8s.io/provider"),
    );
    let wanted = "labels prod base metadata.labels[\"cluster.x-k8s.io/provider\"]: overlays/prod/kustomization.yaml cluster.x-k8s.io/provider: b | parts/cert/other.yaml metadata:";
    assert_told(&told(&tree), wanted);
}
