//! Both places of every finding: its line is edited, `check` runs again, and the finding disappears or changes.

use std::fs;
use std::path::Path;

use krm_parity::finding::Place;
use serde_json::Value;

use super::{NEWEST, report};
use crate::blame::mutate::mutations;
use crate::support::{Tree, copy, example, require};

/// What identifies a finding.
fn sameness(finding: &Value) -> String {
    let parts = ["rule", "service", "environment", "baseline", "message"];
    parts.map(|part| finding[part].to_string()).join(" ")
}

fn all(report: &Value) -> Vec<Value> {
    report["findings"].as_array().expect("findings").clone()
}

fn place(value: &Value) -> Option<Place> {
    let number = |key: &str| usize::try_from(value[key].as_u64()?).ok();
    Some(Place {
        file: value["file"].as_str()?.to_owned(),
        line: number("line")?,
        column: number("column")?,
        length: number("length")?,
        what: value["what"].as_str()?.to_owned(),
        source: None,
    })
}

/// Whether the text at a place is on the way to a field, such as `env` or `name: app`.
fn is_around(path: &Value, text: &str, place: &Place) -> bool {
    let line = text.lines().nth(place.line - 1).expect("a line");
    let there: String = line
        .chars()
        .skip(place.column - 1)
        .take(place.length)
        .collect();
    let path = path.as_str().unwrap_or_default();
    path.contains(&there.replace(": ", "="))
}

/// Edits both places of every finding of a directory; returns the rule and the side of each.
fn prove(kustomize: &Path, root: &Path) -> Vec<String> {
    let before = all(&report(kustomize, root, &[]));
    let is_failure = |finding: &Value| finding["rule"] == "build-failure";
    assert!(!before.iter().any(is_failure), "{before:#?}");
    let mut proven = Vec::new();
    for finding in &before {
        let this = sameness(finding);
        for side in ["place", "basePlace"] {
            let Some(place) = place(&finding[side]) else {
                continue;
            };
            assert!(
                !place.what.contains("the exact line is not known"),
                "{finding:#}"
            );
            let path = root.join(&place.file);
            let text = fs::read_to_string(&path).expect("the file exists");
            let mut tried = 0;
            let is_proven = mutations(&text, &place).iter().any(|new| {
                fs::write(&path, new).expect("a file");
                let now = all(&report(kustomize, root, &[]));
                // A build that fails proves nothing.
                let is_built = !now.iter().any(is_failure);
                tried += usize::from(is_built);
                is_built && now.iter().all(|one| sameness(one) != this)
            });
            fs::write(&path, &text).expect("a file");
            // A side that does not have the field stays without it; its place is the nearest line that it has.
            let is_parent = side == "basePlace"
                && finding["field"]["base"].is_null()
                && is_around(&finding["field"]["path"], &text, &place);
            let is_proven = is_proven || is_parent;
            assert!(is_proven, "{side} after {tried} edits: {finding:#}\n{text}");
            proven.push(format!(
                "{} {side}",
                finding["rule"].as_str().expect("a rule")
            ));
        }
    }
    proven
}

#[test]
fn both_places_of_findings_in_the_fleet_are_right() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    copy(&example("fleet"), &tree.path("fleet"));
    let proven = prove(&kustomize, &tree.path("fleet"));
    assert!(proven.contains(&"inverted-resources basePlace".to_owned()));
    assert!(proven.contains(&"environment-mismatch basePlace".to_owned()));
}

const BASE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: app
        image: app:1
        env:
        - name: A
          value: one
        resources:
          limits:
            memory: 1Gi
";

/// How a change may be written.
#[derive(Clone, Copy)]
enum Way {
    MergeFile,
    MergeInline,
    JsonFile,
    JsonLiteral,
    JsonFolded,
    JsonSingle,
    JsonDouble,
    Transformer,
    InlineTransformer,
    Component,
}

const WAYS: [Way; 10] = [
    Way::MergeFile,
    Way::JsonFolded,
    Way::MergeInline,
    Way::JsonSingle,
    Way::Component,
    Way::JsonDouble,
    Way::Transformer,
    Way::JsonLiteral,
    Way::InlineTransformer,
    Way::JsonFile,
];

/// An environment with more or less memory and one more variable, each on its own line.
fn write(tree: &Tree, folder: &str, way: Way, memory: &str, variable: &str) {
    let merge = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n        env:\n        - name: {variable}\n          value: more\n        resources:\n          limits:\n            memory: {memory}\n"
    );
    let json = [
        "[".to_owned(),
        r#"{"op": "replace", "path": "/spec/replicas", "value": 2},"#.to_owned(),
        format!(
            r#"{{"op": "replace", "path": "/spec/template/spec/containers/0/resources/limits/memory", "value": "{memory}"}},"#
        ),
        format!(
            r#"{{"op": "add", "path": "/spec/template/spec/containers/0/env/-", "value": {{"name": "{variable}", "value": "more"}}}},"#
        ),
        r#"{"op": "replace", "path": "/spec/replicas", "value": 3}"#.to_owned(),
        "]".to_owned(),
    ];
    let indented = |lines: &str, by: usize| {
        lines
            .lines()
            .map(|line| " ".repeat(by) + line + "\n")
            .collect::<String>()
    };
    let lines = |by: usize| indented(&json.join("\n"), by);
    let target = "  target: {kind: Deployment}\n";
    let transformer = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\ntarget: {kind: Deployment}\n";
    let rest = match way {
        Way::MergeFile | Way::Component => "patches:\n- path: patch.yaml\n".to_owned(),
        Way::MergeInline => format!("patches:\n- patch: |-\n{}", indented(&merge, 4)),
        Way::JsonFile => format!("patches:\n- path: patch.yaml\n{target}"),
        Way::JsonLiteral => format!("patches:\n-{}  patch: |-\n{}", &target[1..], lines(4)),
        Way::JsonFolded => format!("patches:\n-{}  patch: >-\n{}", &target[1..], lines(4)),
        Way::JsonSingle => format!(
            "patches:\n-{}  patch: '{}'\n",
            &target[1..],
            lines(4).trim()
        ),
        Way::JsonDouble => {
            let text = lines(4).replace('"', "\\\"");
            format!("patches:\n-{}  patch: \"{}\"\n", &target[1..], text.trim())
        }
        Way::Transformer => "transformers:\n- inner/transformer.yaml\n".to_owned(),
        Way::InlineTransformer => {
            let text = format!("{transformer}patch: >-\n{}", lines(4));
            format!("transformers:\n- |-\n{}", indented(&text, 2))
        }
    };
    let mut own = folder.to_owned();
    if matches!(way, Way::Component) {
        own += "/part";
        tree.write(
            &format!("{folder}/kustomization.yaml"),
            "resources:\n- ../../base\ncomponents:\n- part\n",
        );
        tree.write(
            &format!("{own}/kustomization.yaml"),
            &format!("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n{rest}"),
        );
    } else {
        tree.write(
            &format!("{folder}/kustomization.yaml"),
            &format!("resources:\n- ../../base\n{rest}"),
        );
    }
    // A path in a transformer is relative to the kustomization that names it.
    tree.write(
        &format!("{folder}/inner/transformer.yaml"),
        &format!("{transformer}path: patch.yaml\n"),
    );
    let text = if matches!(way, Way::JsonFile) {
        lines(0)
    } else {
        merge
    };
    tree.write(&format!("{own}/patch.yaml"), &text);
}

#[test]
fn both_places_are_right_however_a_change_is_written() {
    let kustomize = require!(kustomize(NEWEST));
    let mut proven = Vec::new();
    for (at, way) in WAYS.into_iter().enumerate() {
        let tree = Tree::new();
        tree.write("base/kustomization.yaml", "resources:\n- d.yaml\n");
        tree.write("base/d.yaml", BASE);
        write(
            &tree,
            "overlays/production",
            way,
            "512Mi",
            "ONLY_IN_PRODUCTION",
        );
        write(
            &tree,
            "overlays/staging",
            WAYS[(at + 3) % WAYS.len()],
            "2Gi",
            "ONLY_IN_STAGING",
        );
        proven.extend(prove(&kustomize, &tree.path("")));
    }
    let count = |what: &str| proven.iter().filter(|one| *one == what).count();
    for what in ["inverted-resources place", "inverted-resources basePlace"] {
        assert!(count(what) >= WAYS.len(), "{what}: {proven:#?}");
    }
    assert!(proven.len() >= 6 * WAYS.len(), "{proven:#?}");
}

#[test]
fn one_rename_under_a_prefix_is_found_where_it_is_written() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n";
    tree.write("base/kustomization.yaml", "resources:\n- all.yaml\n");
    tree.write("base/all.yaml", &[BASE, service, config].join("---\n"));
    let rename = "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: replace\n      path: /metadata/name\n      value: web-v2\n";
    for (environment, rest) in [("staging", ""), ("production", rename)] {
        tree.write(
            &format!("overlays/{environment}/kustomization.yaml"),
            &format!("namePrefix: {environment}-\nresources:\n- ../../base\n{rest}"),
        );
    }
    let root = tree.path("");
    let all = all(&report(&kustomize, &root, &["."]));
    let renamed = all
        .iter()
        .find(|one| one["field"]["path"] == "metadata.name");
    let place = &renamed.expect("a finding")["place"];
    assert_eq!(place["source"], "      value: web-v2", "{place:#}");
    assert!(prove(&kustomize, &root).contains(&"other place".to_owned()));
}

#[test]
fn one_entry_that_changes_many_containers_is_one_finding_for_people() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    let workload = |name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    \
             metadata: {{labels: {{app: {name}}}}}\n    spec:\n      containers:\n      - {{name: a, image: 'shop:1'}}\n      - {{name: b, image: 'shop:1'}}\n"
        )
    };
    let text = format!("{}---\n{}", workload("web"), workload("job"));
    tree.kustomization("base", "all.yaml", &text);
    tree.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\n",
    );
    tree.write(
        "overlays/prod/kustomization.yaml",
        "resources: [../../base]\nimages:\n- name: shop\n  newTag: '2'\n",
    );
    for (format, mark) in [
        ("text", "error[image]"),
        ("markdown", "❌ **image**"),
        ("html", "<details class=\"finding e\""),
    ] {
        let run = super::check(&kustomize, &tree.path(""), &["--format", format]);
        assert_eq!(run.stdout.matches(mark).count(), 1, "{format}: {run:#?}");
        assert!(run.stdout.contains("also"), "{format}: {run:#?}");
    }
    // A report for programs has all four.
    assert_eq!(all(&report(&kustomize, &tree.path(""), &[])).len(), 4);
}

#[test]
fn a_field_that_one_patch_lacks_is_reported_in_that_patch() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", BASE);
    let exempt = |name: &str| {
        format!(
            "\n  - {{rule: env-names, target: {{kind: Deployment, name: web}}, path: 'spec.template.spec.containers[name=app].env[name={name}]', value: '{{\"name\":\"{name}\",\"value\":\"x\"}}', environments: [dev, staging, prod], reason: x, expires: 2099-12-31}}"
        )
    };
    tree.write(
        "parity.yaml",
        &format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  environments: [dev, staging, prod]\n  exemptions:{}{}\n",
            exempt("URL"),
            exempt("LOG")
        ),
    );
    let head = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n      - name: app\n";
    let patch = |environment: &str, lines: &str| {
        let folder = format!("overlays/{environment}");
        tree.write(
            &format!("{folder}/kustomization.yaml"),
            "resources: [../../base]\npatches:\n- path: patch.yaml\n",
        );
        tree.write(&format!("{folder}/patch.yaml"), &format!("{head}{lines}"));
    };
    let url = "        env:\n        - {name: URL, value: x}\n";
    for environment in ["dev", "staging"] {
        patch(
            environment,
            &format!("{url}        - {{name: LOG, value: x}}\n"),
        );
    }
    let told = || {
        let found = all(&report(&kustomize, &tree.path(""), &[]));
        let is_it = |one: &&Value| {
            let field = one["field"]["path"].as_str().unwrap_or_default();
            one["rule"] == "environment-mismatch" && field.contains("LOG")
        };
        let place = &found.iter().find(is_it).expect("a mismatch")["place"];
        let file = place["file"].as_str().expect("a file");
        format!("{file}:{}", place["line"])
    };
    patch("prod", url);
    assert_eq!(told(), "overlays/prod/patch.yaml:10");
    patch("prod", "        args: [a]\n");
    assert_eq!(told(), "overlays/prod/patch.yaml:9");
    // The opposite: without a patch of its own, production has nothing nearer than its base.
    tree.write(
        "overlays/prod/kustomization.yaml",
        "resources: [../../base]\n",
    );
    assert_eq!(told(), "base/web.yaml:12");
}
