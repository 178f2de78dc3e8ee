//! Random overlays, built by the engine and by kustomize with the same result.
//!
//! The edits and frames are those of the function's tests, plus features that connect resources:
//! generated names, references, replacements, components and images.

use std::process::Command;

use krm_parity::text::without_hash;
use serde_json::{Value, json};

use super::{Frame, SERVICES, bases, edits, frame, kustomization, values};
use crate::edits::{Dice, first_seed, text};
use crate::engine::trees::{built, plain};
use crate::fields::table::read;
use crate::support::{NEWEST, Tree, copy_examples, require, rewrite, run, without_functions};

/// The number of overlays for each service; `KRM_PARITY_OVERLAYS` overrides it.
const OVERLAYS: u64 = 100;

/// The number of them that one build gathers.
const GATHERED: u64 = 25;

/// Entries beyond edits, about the resources of a base.
fn more(file: &mut Value, base: &[Value], dice: &mut Dice) {
    let workloads: Vec<&Value> = base
        .iter()
        .filter(|one| one.pointer("/spec/template/spec/containers").is_some())
        .collect();
    let other = dice.pick(base);
    let select = |one: &Value| json!({"kind": one["kind"], "name": one["metadata"]["name"]});
    if dice.roll(2) == 0 {
        let literals = [format!("SEED={}", dice.roll(1000)), "MODE=fast".to_owned()];
        push(
            file,
            "configMapGenerator",
            json!({"name": "made", "literals": literals}),
        );
        if let Some(workload) = workloads.first() {
            let patch = json!([{
                "op": "add",
                "path": "/spec/template/spec/volumes",
                "value": [{"name": "made", "configMap": {"name": "made"}}],
            }]);
            push(
                file,
                "patches",
                json!({"target": select(workload), "patch": patch.to_string()}),
            );
        }
    }
    if dice.roll(3) == 0 {
        let options = json!({
            "disableNameSuffixHash": dice.roll(2) == 0,
            "immutable": dice.roll(2) == 0,
            "labels": {"made": "true"},
        });
        let literals = [format!("TOKEN=t{}", dice.roll(1000))];
        push(
            file,
            "secretGenerator",
            json!({"name": "token", "literals": literals, "options": options}),
        );
    }
    if dice.roll(2) == 0 {
        let path = *dice.pick(&["metadata.name", "kind"]);
        let targets: Vec<Value> = workloads
            .iter()
            .map(|one| {
                json!({
                    "select": select(one),
                    "fieldPaths": [*dice.pick(&[
                        "metadata.annotations.from",
                        "metadata.annotations.[example.com/from]",
                        "spec.template.metadata.annotations.from",
                    ])],
                    "options": {"create": true},
                })
            })
            .collect();
        if !targets.is_empty() {
            push(
                file,
                "replacements",
                json!({"source": {"kind": other["kind"], "name": without_hash(text(other, "/metadata/name")), "fieldPath": path}, "targets": targets}),
            );
        }
    }
    if dice.roll(4) == 0 {
        file["sortOptions"] = json!({"order": *dice.pick(&["legacy", "fifo"])});
    }
    if dice.roll(4) == 0 {
        file["components"] = json!(["../component"]);
    }
}

fn push(file: &mut Value, field: &str, entry: Value) {
    match file[field].as_array_mut() {
        Some(list) => list.push(entry),
        None => file[field] = json!([entry]),
    }
}

/// Writes the overlays of a service that one build gathers.
fn gather(tree: &Tree, folder: &str, base: &[Value], seeds: std::ops::Range<u64>) {
    let table = read();
    let component = json!({
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "labels": [{"pairs": {"tier": "any"}, "includeTemplates": true}],
        "images": [{"name": "registry.example.com/none", "newTag": "1"}],
    });
    tree.write(
        &format!("{folder}/component/kustomization.yaml"),
        &component.to_string(),
    );
    let mut folders = Vec::new();
    for seed in seeds {
        let mut dice = Dice::new(seed);
        let guilty = dice.roll(2) == 0;
        let edits = edits(base, &table, &mut dice, guilty);
        let mut file = kustomization(&["../../../base"], &edits);
        let Frame { fields, .. } = frame(&mut dice);
        for (field, value) in fields {
            file[field] = value;
        }
        more(&mut file, base, &mut dice);
        // A gathered resource must not be a duplicate.
        let name = format!("e{seed}");
        file["namespace"] = name.clone().into();
        tree.write(
            &format!("{folder}/{name}/kustomization.yaml"),
            &file.to_string(),
        );
        folders.push(name);
    }
    let all: Vec<&str> = folders.iter().map(String::as_str).collect();
    let all = kustomization(&all, &[]).to_string();
    tree.write(&format!("{folder}/kustomization.yaml"), &all);
}

#[test]
fn random_overlays_are_built_as_kustomize_builds_them() {
    let host = require!(kustomize_host(NEWEST));
    let (tree, first) = (copy_examples(), first_seed() + 100_000);
    rewrite(&tree.path("services"), &without_functions);
    let (mut overlays, mut resources, mut faults) = (0, 0, Vec::new());
    let bases = bases(&host);
    let count = std::env::var("KRM_PARITY_OVERLAYS")
        .map_or(OVERLAYS, |text| text.parse().expect("a number"));
    for service in SERVICES {
        for start in (first..first + count).step_by(usize::try_from(GATHERED).expect("few")) {
            let folder = format!("services/{service}/random/g{start}");
            gather(&tree, &folder, &bases[service], start..start + GATHERED);
            let theirs = built(&host.program, &tree.path(&folder))
                .unwrap_or_else(|why| panic!("{folder}: {why}"));
            let ours = run(Command::new(env!("CARGO_BIN_EXE_krm-parity"))
                .args(["build", "--format", "json"])
                .arg(tree.path(&folder)));
            assert_eq!(
                ours.code,
                Some(0),
                "{service} from seed {start}: {}",
                ours.stderr
            );
            let ours: String = ours
                .stdout
                .lines()
                .map(|line| format!("---\n{line}\n"))
                .collect();
            let ours = values(&ours);
            assert_eq!(ours.len(), theirs.len(), "{service} from seed {start}");
            for (ours, theirs) in ours.iter().zip(&theirs) {
                let is_secret = text(theirs, "/kind") == "Secret";
                let (ours, theirs) = (plain(ours, is_secret), plain(theirs, is_secret));
                if is_secret {
                    // Values are redacted.
                    let names = |one: &Value| one["metadata"].clone();
                    assert_eq!(names(&ours), names(&theirs), "{service} from seed {start}");
                } else if ours != theirs {
                    let name = text(&theirs, "/metadata/namespace");
                    let file = tree.path(&format!("{folder}/{name}/kustomization.yaml"));
                    let file = std::fs::read_to_string(file).unwrap_or_default();
                    faults.push(format!(
                        "{service} {name}:\n  ours   {ours}\n  theirs {theirs}\n  {file}"
                    ));
                }
            }
            overlays += GATHERED;
            resources += theirs.len();
        }
    }
    println!(
        "{overlays} random overlays, {resources} resources, {} different",
        faults.len()
    );
    faults.iter().take(5).for_each(|fault| println!("{fault}"));
    assert!(faults.is_empty(), "{} faults", faults.len());
    assert!(overlays >= 4 * count);
}
