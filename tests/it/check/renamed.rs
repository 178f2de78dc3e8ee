//! A container with another name in one environment is the same container, reported at the line that names it.

use serde_json::Value;

use super::{NEWEST, report};
use crate::support::{Tree, require};

const BASE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: template
        image: shop/web:1
        imagePullPolicy: Always
      - name: proxy
        image: shop/proxy:1
";

/// Environments of one base, each with these operations on the container.
fn service(environments: &[(&str, &str)]) -> Tree {
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", BASE);
    for (name, operations) in environments {
        let patch = format!("patches:\n- target: {{kind: Deployment}}\n  patch: |\n{operations}");
        let patch = if operations.is_empty() { "" } else { &patch };
        tree.write(
            &format!("overlays/{name}/kustomization.yaml"),
            &format!("resources: [../../base]\n{patch}"),
        );
    }
    tree
}

fn replace(field: &str, value: &str) -> String {
    format!(
        "    - {{op: replace, path: /spec/template/spec/containers/0/{field}, value: {value}}}\n"
    )
}

/// `severity rule environment baseline path place baseplace` of each finding, with places as `line:column`.
fn told(tree: &Tree) -> Vec<String> {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let report = report(&kustomize, &tree.path(""), &[]);
    let findings = report["findings"].as_array().expect("findings").iter();
    let place = |place: &Value| format!("{}:{}", place["line"], place["column"]);
    let told = findings.map(|one| {
        let words = ["severity", "rule", "environment", "baseline"];
        let words = words.map(|word| one[word].as_str().unwrap_or_default().to_owned());
        let path = one["field"]["path"].as_str().unwrap_or_default();
        let path = path.trim_start_matches("spec.template.spec.");
        let places = [&one["place"], &one["basePlace"]].map(place);
        format!("{} {path} {}", words.join(" "), places.join(" "))
    });
    told.collect()
}

#[test]
fn a_renamed_container_and_other_changes_to_it_are_reported() {
    let _kustomize = require!(kustomize(NEWEST));
    let patch = replace("name", "mail") + &replace("imagePullPolicy", "IfNotPresent");
    let tree = service(&[("dev", ""), ("prod", &patch)]);
    let name = "error containers prod base containers[name=mail].name 5:73 10:15";
    let pull = "error other prod base containers[name=mail].imagePullPolicy 6:84 12:26";
    assert_eq!(told(&tree), [pull, name]);
    // Permission for the name of the container does not cover its fields.
    let policy =
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\nspec:\n  ";
    for permits in [
        "allow: {classes: [containers]}",
        "allow: {fields: [{path: '**.containers[name=mail].name', reason: r}]}",
        "exemptions: [{rule: containers, reason: r, expires: '2027-01-01'}]",
    ] {
        tree.write("parity.yaml", &format!("{policy}{permits}\n"));
        let told = told(&tree);
        let told: Vec<_> = told.iter().filter(|one| one.starts_with("error")).collect();
        assert_eq!(told, [pull], "{permits}");
    }
    // Permission for the container under its new name does not cover the loss of the old one.
    for permits in [
        "allow: {fields: [{path: '**.containers[name=mail].**', reason: r}]}",
        "exemptions: [{rule: containers, path: '**.containers[name=mail].**', reason: r, expires: '2027-01-01'}]",
    ] {
        tree.write("parity.yaml", &format!("{policy}{permits}\n"));
        assert!(told(&tree).contains(&name.to_owned()), "{permits}");
    }
}

#[test]
fn environments_that_all_rename_it_are_compared_with_each_other() {
    let _kustomize = require!(kustomize(NEWEST));
    let name = replace("name", "mail");
    let patch = name.clone() + &replace("imagePullPolicy", "IfNotPresent");
    let tree = service(&[("dev", &name), ("staging", &name), ("prod", &patch)]);
    let told = told(&tree);
    let between = |one: &&String| !one.contains(" base ");
    assert_eq!(told.iter().filter(between).count(), 0, "{told:#?}");
    let pull = "error other prod base containers[name=mail].imagePullPolicy 6:84 12:26";
    assert!(told.contains(&pull.to_owned()), "{told:#?}");
    // Two environments that each give it another name are both reported.
    let tree = service(&[
        ("dev", ""),
        ("staging", &replace("name", "post")),
        ("prod", &name),
    ]);
    let named = self::told(&tree);
    let named = named.iter().filter(|one| one.contains("].name"));
    assert_eq!(named.count(), 2);
}

#[test]
fn an_earlier_environment_is_reported_with_its_own_name_for_it() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    for (name, container) in [("dev", "post"), ("staging", "mail"), ("prod", "mail")] {
        let text = BASE.replace("name: template", &format!("name: {container}"));
        tree.kustomization(&format!("environments/{name}"), "web.yaml", &text);
    }
    let wanted = "error environment-mismatch dev staging containers[name=post].name 10:15 10:15";
    assert_eq!(told(&tree), [wanted]);
}
