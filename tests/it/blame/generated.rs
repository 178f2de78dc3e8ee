//! Random overlays: edits of the examples' bases, in layers and components, in all forms.

use std::collections::BTreeMap;
use std::fs;

use krm_parity::engine::Replay;
use krm_parity::finding::{Finding, Place};
use krm_parity::policy::IdentityMode;
use krm_parity::repo::Sources;
use krm_parity::yaml::{Node, parse};
use serde_json::{Value, json};

use super::judged::{Sum, findings, sameness};
use super::mutate::mutations;
use super::real::{by_place, conclude, read};
use super::write::block;
use crate::edits::{Dice, first_seed, text};
use crate::fields::table::{Table, read as read_table};
use crate::overlays::edit::{Edit, Form, random};
use crate::support::{Host, NEWEST, Tree, copy_examples, require, rewrite, without_functions};

const SERVICES: [&str; 4] = ["catalog", "checkout", "inventory", "payments"];

/// The number of overlays of each service.
const EACH: usize = 134;

/// The number of overlays that one build gathers.
const GATHERED: usize = 40;

/// The layers of an overlay, the lowest first; the highest is built.
const LAYERS: [&str; 3] = ["middle", "component", "top"];

fn values(text: &str) -> Vec<Value> {
    let tree = parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    tree.roots().map(Node::to_json).collect()
}

/// One to five unrelated edits.
fn edits(base: &[Value], table: &Table, dice: &mut Dice) -> Vec<Edit> {
    let count = 1 + dice.roll(5);
    let mut all: Vec<Edit> = Vec::new();
    while all.len() < count {
        if let Some(edit) = random(base, table, dice)
            && !all.iter().any(|one| one.touches(&edit))
        {
            all.push(edit);
        }
    }
    // JSON6902 patches count elements, which strategic merge patches move.
    all.sort_by_key(|edit| edit.form);
    all
}

/// The files of one overlay, by path below its folder.
type Files = BTreeMap<String, String>;

/// One patch in one of its forms: inline or in a file, as YAML or as JSON, under the new or the old
/// name.
fn patch(
    layer: &str,
    at: usize,
    edit: &Edit,
    file: &mut Value,
    files: &mut Files,
    dice: &mut Dice,
) {
    let body: Value = serde_json::from_str(text(&edit.entry, "/patch")).expect("a patch");
    let target = &edit.entry["target"];
    let written = match dice.roll(3) {
        0 => serde_json::to_string_pretty(&body).expect("JSON") + "\n",
        1 => format!("# A patch.\n{}", block(&body, 0)),
        _ => block(&body, 0),
    };
    let mut list = |field: &str, entry: Value| {
        if !file[field].is_array() {
            file[field] = json!([]);
        }
        file[field].as_array_mut().expect("a list").push(entry);
    };
    let is_merge = edit.form == Form::Merge;
    let path = format!("{at}.yaml");
    let mut in_file = || {
        files.insert(format!("{layer}/{path}"), written.clone());
        path.clone()
    };
    match dice.roll(6) {
        0 if is_merge => {
            let path = in_file();
            list("patchesStrategicMerge", path.into());
        }
        1 if is_merge => list("patchesStrategicMerge", written.into()),
        2 if is_merge => {
            let path = in_file();
            list("patches", json!({"path": path}));
        }
        0..=2 => {
            let path = in_file();
            list("patches", json!({"path": path, "target": target}));
        }
        3 => list(
            "patches",
            json!({"target": target, "patch": body.to_string()}),
        ),
        _ => list("patches", json!({"target": target, "patch": written})),
    }
}

/// The settings of an overlay besides its edits.
fn frame(layer: &str, file: &mut Value, files: &mut Files, dice: &mut Dice) {
    if layer == "top" && dice.roll(3) == 0 {
        file["namePrefix"] = (*dice.pick(&["eu-", "production-"])).into();
    }
    if layer != "component" && dice.roll(4) == 0 {
        file["nameSuffix"] = json!("-1");
    }
    if dice.roll(4) == 0 {
        // It is on only one resource, so that it is not part of the environment's identity.
        let name = format!("{layer}-added");
        let resource = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]},
        });
        files.insert(format!("{layer}/added.yaml"), block(&resource, 0));
        file["resources"]
            .as_array_mut()
            .expect("a list")
            .push("added.yaml".into());
    }
    if dice.roll(4) == 0 {
        let (literals, mut entry) = (
            json!(["A=1", "B='two'"]),
            json!({"name": format!("{layer}-made")}),
        );
        match dice.roll(3) {
            0 => entry["literals"] = literals,
            1 => {
                files.insert(
                    format!("{layer}/made.env"),
                    "# Made.\nA=1\n\nB=two\n".to_owned(),
                );
                entry["envs"] = json!(["made.env"]);
            }
            _ => {
                files.insert(format!("{layer}/made.txt"), "one\ntwo\n".to_owned());
                entry["files"] = json!(["made.txt", "key=made.txt"]);
            }
        }
        if !file["configMapGenerator"].is_array() {
            file["configMapGenerator"] = json!([]);
        }
        let list = file["configMapGenerator"].as_array_mut().expect("a list");
        list.push(entry);
    }
    match dice.roll(8) {
        0 => {
            file["labels"] = json!([{"pairs": {"example.com/environment": "production"}, "includeTemplates": true}]);
        }
        1 => file["commonLabels"] = json!({"example.com/team": "shop"}),
        2 => file["commonAnnotations"] = json!({"example.com/owner": "shop"}),
        _ => {}
    }
}

/// An overlay of several layers.
fn overlay(base: &[Value], table: &Table, dice: &mut Dice) -> Files {
    let mut files = Files::new();
    let mut edits = edits(base, table, dice);
    let mut below = "../../../base";
    for layer in LAYERS {
        let is_used = layer == "top" || dice.roll(3) == 0;
        if !is_used {
            continue;
        }
        let is_component = layer == "component";
        let mut file = json!({
            "apiVersion": if is_component { "kustomize.config.k8s.io/v1alpha1" } else { "kustomize.config.k8s.io/v1beta1" },
            "kind": if is_component { "Component" } else { "Kustomization" },
            "resources": if is_component { json!([]) } else { json!([below]) },
        });
        if layer == "top" && files.contains_key("component/kustomization.yaml") {
            file["components"] = json!(["../component"]);
        }
        // A component runs before the patches of its including kustomization.
        let count = if layer == "top" {
            edits.len()
        } else {
            dice.roll(edits.len() + 1)
        };
        for (at, edit) in edits.drain(..count).enumerate() {
            if matches!(edit.form, Form::Json | Form::Merge) {
                patch(layer, at, &edit, &mut file, &mut files, dice);
            } else {
                let field = edit.form.field();
                if !file[field].is_array() {
                    file[field] = json!([]);
                }
                file[field].as_array_mut().expect("a list").push(edit.entry);
            }
        }
        frame(layer, &mut file, &mut files, dice);
        if is_component && file["resources"] == json!([]) {
            file.as_object_mut().expect("a map").remove("resources");
        }
        if layer == "middle" {
            below = "../middle";
        }
        files.insert(format!("{layer}/kustomization.yaml"), block(&file, 0));
    }
    files
}

/// A folder of overlays beside one base.
struct World<'w> {
    host: &'w Host,
    tree: &'w Tree,
    service: &'static str,
}

impl World<'_> {
    fn folder(&self, name: &str) -> String {
        format!("services/{}/random/{name}", self.service)
    }

    fn write(&self, name: &str, files: &Files) {
        for (path, text) in files {
            self.tree
                .write(&format!("{}/{path}", self.folder(name)), text);
        }
    }

    /// Builds many overlays at once; those that kustomize refuses are left out.
    fn build(&self, overlays: &[(String, Files)]) -> BTreeMap<String, String> {
        let mut built = BTreeMap::new();
        for some in overlays.chunks(GATHERED) {
            for (name, files) in some {
                self.write(name, files);
                let wrapper = json!({"resources": [format!("../{name}/top")], "namespace": name});
                let path = format!("{}/kustomization.yaml", self.folder(&format!("in-{name}")));
                self.tree.write(&path, &wrapper.to_string());
            }
            self.gather(some, &mut built);
        }
        for (name, _) in overlays {
            for folder in [self.folder(name), self.folder(&format!("in-{name}"))] {
                fs::remove_dir_all(self.tree.path(&folder)).expect("a folder");
            }
        }
        built
    }

    fn gather(&self, overlays: &[(String, Files)], built: &mut BTreeMap<String, String>) {
        let resources: Vec<String> = overlays
            .iter()
            .map(|(name, _)| format!("../in-{name}"))
            .collect();
        let folder = self.folder(&format!("all-{}", overlays[0].0));
        let all = json!({"resources": resources}).to_string();
        self.tree
            .write(&format!("{folder}/kustomization.yaml"), &all);
        let run = self.host.build(&self.tree.path(&folder), &[]);
        fs::remove_dir_all(self.tree.path(&folder)).expect("a folder");
        if !run.succeeded() {
            if overlays.len() > 1 {
                let (left, right) = overlays.split_at(overlays.len() / 2);
                self.gather(left, built);
                self.gather(right, built);
            }
            return;
        }
        for (name, _) in overlays {
            built.insert(name.clone(), String::new());
        }
        for document in run.stdout.split("\n---\n") {
            let name = document
                .lines()
                .find_map(|line| line.strip_prefix("  namespace: "))
                .unwrap_or_else(|| panic!("no namespace in {document}"));
            let line = format!("\n  namespace: {name}");
            let text = built.get_mut(name).expect("an overlay");
            text.push_str("---\n");
            text.push_str(&document.replacen(&line, "", 1));
            text.push('\n');
        }
    }
}

/// A place of an overlay to edit.
struct Question {
    overlay: usize,
    place: Place,
    findings: Vec<Finding>,
    left: Vec<Finding>,
    mutations: std::vec::IntoIter<String>,
    was_built: bool,
}

fn service(world: &World<'_>, base: &str, table: &Table, sum: &mut Sum) {
    let resources = values(base);
    let overlays: Vec<(String, Files)> = (0..EACH)
        .map(|at| {
            let seed = first_seed() + 20_000 + u64::try_from(at).expect("few");
            let files = overlay(&resources, table, &mut Dice::new(seed));
            (format!("o{at}"), files)
        })
        .collect();
    let built = world.build(&overlays);
    let bases = [format!("services/{}/base", world.service)];
    let mut before: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut questions = Vec::new();
    for (at, (name, files)) in overlays.iter().enumerate() {
        let label = format!("{} {name}", world.service);
        let Some(text) = built.get(name) else {
            continue;
        };
        sum.overlays += 1;
        let found = findings(base, text, IdentityMode::Strict);
        let mut sources = Sources::default();
        for (path, text) in files {
            sources.insert(format!("{}/{path}", world.folder(name)), text.clone());
        }
        let shared = read(&world.tree.path(&bases[0]));
        for (path, text) in shared.iter() {
            sources.insert(format!("{}/{path}", bases[0]), text.to_owned());
        }
        let parsed = sources.parse();
        let replay = Replay::overlay(&parsed, &format!("{}/top", world.folder(name)), &bases);
        before.insert(at, found.iter().map(sameness).collect());
        for (place, findings) in by_place(&replay, &sources, &found, &label, sum) {
            let text = sources.text(&place.file).expect("a file");
            questions.push(Question {
                overlay: at,
                mutations: mutations(text, &place).into_iter(),
                left: findings.clone(),
                findings,
                place,
                was_built: false,
            });
        }
    }
    // Each round edits every place that has not yet been shown to matter, in another way.
    loop {
        let mut round = Vec::new();
        for (at, question) in questions.iter_mut().enumerate() {
            if question.left.is_empty() {
                continue;
            }
            let Some(new) = question.mutations.next() else {
                continue;
            };
            let (name, files) = &overlays[question.overlay];
            let mut files = files.clone();
            let folder = format!("{}/", world.folder(name));
            let file = question.place.file.strip_prefix(&folder);
            let file = file.unwrap_or_else(|| panic!("{:?} is of the base", question.place));
            files.insert(file.to_owned(), new);
            round.push((format!("q{at}"), files));
        }
        if round.is_empty() {
            break;
        }
        for (name, text) in world.build(&round) {
            let at: usize = name[1..].parse().expect("a number");
            let question = &mut questions[at];
            question.was_built = true;
            let now = findings(base, &text, IdentityMode::Strict);
            let now: Vec<String> = now.iter().map(sameness).collect();
            let before = &before[&question.overlay];
            question.left.retain(|finding| {
                let count = |all: &[String]| {
                    let this = sameness(finding);
                    all.iter().filter(|one| **one == this).count()
                };
                count(&now) >= count(before)
            });
        }
    }
    for question in questions {
        let (name, files) = &overlays[question.overlay];
        let label = format!("{} {name}", world.service);
        let Question {
            place,
            findings,
            left,
            was_built,
            ..
        } = question;
        let faults = sum.faults.len();
        conclude(&place, &left, findings.len(), was_built, &label, sum);
        if sum.faults.len() > faults {
            sum.faults.push(format!("{label} is {files:#?}"));
        }
    }
}

#[test]
fn in_generated_overlays_every_place_is_the_cause_of_its_finding() {
    let host = require!(kustomize_host(NEWEST));
    let tree = copy_examples();
    rewrite(&tree.path("services"), &without_functions);
    let table = read_table();
    let sums: Vec<Sum> = std::thread::scope(|scope| {
        let work = |services: &'static [&'static str]| {
            let (host, tree, table) = (&host, &tree, &table);
            move || {
                let mut sum = Sum::default();
                for name in services {
                    let world = World {
                        host,
                        tree,
                        service: name,
                    };
                    let base = host.build(&tree.path(&format!("services/{name}/base")), &[]);
                    service(&world, &base.expect_success(name), table, &mut sum);
                }
                sum
            }
        };
        let (first, second) = SERVICES.split_at(2);
        let threads = [scope.spawn(work(first)), scope.spawn(work(second))];
        threads
            .into_iter()
            .map(|thread| thread.join().expect("a sum"))
            .collect()
    });
    let mut sum = Sum::default();
    for one in sums {
        sum.merge(one);
    }
    println!("{} overlays", sum.overlays);
    assert!(sum.overlays >= 500);
    sum.close("generated", 2.0, 1.0);
}
