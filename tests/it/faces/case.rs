//! A folder of `tests/cases` as base and overlays.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use krm_parity::function;
use krm_parity::snapshot::{Snapshot, seal};
use krm_parity::yaml::parse;
use serde_json::{Value, json};

use super::face::{Rows, rows};
use crate::lawbook::{TODAY, documents, list, resources};
use crate::support::Tree;

/// The environment of an overlay whose policy does not name one.
const ENVIRONMENT: &str = "production";

pub struct Case {
    /// `RULE/CASE`.
    pub place: String,
    /// The name of its service in every tree.
    pub service: String,
    /// The text of every environment, `base` among them.
    pub environments: BTreeMap<String, String>,
    /// The environment of the overlay, unless the case is a matrix.
    overlay: Option<String>,
    /// The policy without the environment.
    policy: Value,
}

/// All cases that can be written as a tree, and the others with the reasons.
pub fn cases() -> (Vec<Case>, Vec<(String, &'static str)>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut all = Vec::new();
    let mut left = Vec::new();
    for rule in names(&root) {
        for name in names(&root.join(&rule)) {
            let place = format!("{rule}/{name}");
            let case = Case::read(&root.join(&place), place, all.len());
            match case.why_no_tree() {
                Some(reason) => left.push((case.place, reason)),
                None => all.push(case),
            }
        }
    }
    (all, left)
}

fn names(folder: &Path) -> Vec<String> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    all.sort();
    all
}

impl Case {
    fn read(folder: &Path, place: String, number: usize) -> Self {
        let read = |file: &str| fs::read_to_string(folder.join(file)).ok();
        let mut policy = read("policy.yaml").map_or_else(
            || json!({"apiVersion": "krm-parity.io/v1alpha1", "kind": "ParityPolicy", "metadata": {"name": "parity"}, "spec": {}}),
            |text| parsed(&text).remove(0),
        );
        let named = policy["spec"]
            .as_object_mut()
            .and_then(|spec| spec.shift_remove("environment"));
        let named = named.map_or(ENVIRONMENT.to_owned(), |value| {
            value.as_str().expect("a name").to_owned()
        });
        let matrix = folder.join("environments");
        let mut environments = BTreeMap::new();
        let mut overlay = None;
        if matrix.exists() {
            for file in names(&matrix) {
                let text = fs::read_to_string(matrix.join(&file)).unwrap();
                environments.insert(file.trim_end_matches(".yaml").to_owned(), text);
            }
        } else {
            environments.insert("base".to_owned(), read("base.yaml").expect("a base"));
            environments.insert(named.clone(), read("overlay.yaml").expect("an overlay"));
            overlay = Some(named);
        }
        Self {
            place,
            service: format!("case{number:03}"),
            environments,
            overlay,
            policy,
        }
    }

    pub fn is_overlay(&self) -> bool {
        self.overlay.is_some()
    }

    /// The part of a policy that a tree shares: the policy without the environment.
    pub fn group(&self) -> String {
        let alone = match self.policy["spec"]["exemptions"] {
            Value::Null => "",
            _ => &self.service,
        };
        format!("{alone}{}", self.policy)
    }

    /// The policy, with the overlay's environment if requested.
    pub fn policy(&self, with_environment: bool) -> Value {
        let mut policy = self.policy.clone();
        if let (true, Some(name)) = (with_environment, &self.overlay) {
            policy["spec"]["environment"] = json!(name);
        }
        policy
    }

    fn why_no_tree(&self) -> Option<&'static str> {
        for text in self.environments.values() {
            if text.contains("internal.config.kubernetes.io")
                || text.contains("config.kubernetes.io/")
            {
                return Some("notes that kustomize makes and takes away itself");
            }
            let mut seen = BTreeSet::new();
            for document in parsed(text) {
                if document["metadata"]["name"].as_str().is_none() {
                    return Some("a resource without a name");
                }
                if !seen.insert(identity(&document)) {
                    return Some("one resource twice");
                }
            }
            if seen.is_empty() {
                return Some("an environment of nothing");
            }
        }
        None
    }

    fn sealed(&self, environment: &str) -> Snapshot {
        let tree = parse(&self.environments[environment]).expect("documents");
        seal(&self.service, environment, &resources(&tree))
    }

    /// All environments sealed.
    pub fn as_matrix(&self) -> String {
        let snapshots: Vec<_> = self
            .environments
            .keys()
            .map(|name| self.sealed(name))
            .collect();
        let rest: Vec<_> = snapshots[1..]
            .iter()
            .map(|snapshot| snapshot.to_yaml(0, "\n"))
            .collect();
        let policy = self.policy(false).to_string();
        list(Some(&policy), &snapshots[0], &rest)
    }

    /// The environment of the overlay, unless the case is a matrix.
    pub fn overlay(&self) -> Option<&str> {
        self.overlay.as_deref()
    }

    /// Whether the function fails for the documents themselves.
    pub fn fails(&self) -> bool {
        let answer = function::run(self.as_list().as_bytes(), TODAY);
        answer.expect("an answer").report.failed
    }

    /// The function's findings for the documents themselves.
    pub fn expected(&self) -> Rows {
        rows(&self.as_list())
    }

    fn as_list(&self) -> String {
        match &self.overlay {
            Some(overlay) => {
                let policy = self.policy(true).to_string();
                let items = documents(&self.environments[overlay]);
                list(Some(&policy), &self.sealed("base"), &items)
            }
            None => self.as_matrix(),
        }
    }

    /// Writes base and overlays as directories of the service.
    pub fn write(&self, tree: &Tree) {
        let write = |file: &str, text: &str| {
            tree.write(&format!("{}/{file}", self.service), text);
        };
        let base = self.environments.get("base");
        if let Some(base) = base {
            write("base/kustomization.yaml", "resources: [all.yaml]\n");
            write("base/all.yaml", base);
        }
        for (name, text) in &self.environments {
            match base {
                _ if name == "base" => {}
                None => {
                    write(
                        &format!("overlays/{name}/kustomization.yaml"),
                        "resources: [all.yaml]\n",
                    );
                    write(&format!("overlays/{name}/all.yaml"), text);
                }
                Some(base) => {
                    let (kustomization, added) = changes(&parsed(base), &parsed(text));
                    write(
                        &format!("overlays/{name}/kustomization.yaml"),
                        &kustomization,
                    );
                    for (index, added) in added.iter().enumerate() {
                        let file = format!("overlays/{name}/added{index}.yaml");
                        write(&file, &format!("{added}\n"));
                    }
                }
            }
        }
    }
}

fn parsed(text: &str) -> Vec<Value> {
    let tree = parse(text).unwrap_or_else(|error| panic!("{error} in\n{text}"));
    let all = tree.roots().map(krm_parity::yaml::Node::to_json);
    all.filter(|value| !value.is_null()).collect()
}

fn identity(resource: &Value) -> [String; 4] {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    [
        text(&resource["apiVersion"]),
        text(&resource["kind"]),
        text(&resource["metadata"]["namespace"]),
        text(&resource["metadata"]["name"]),
    ]
}

/// The kustomization that turns one into the other, and the resources that it adds.
fn changes(base: &[Value], overlay: &[Value]) -> (String, Vec<Value>) {
    let mut patches = Vec::new();
    for old in base {
        let [api_version, kind, namespace, name] = identity(old);
        let Some(new) = overlay.iter().find(|new| identity(new) == identity(old)) else {
            let patch = json!({"$patch": "delete", "apiVersion": api_version, "kind": kind, "metadata": old["metadata"]});
            patches.push(json!({"patch": patch.to_string()}));
            continue;
        };
        let (Some(before), Some(after)) = (old.as_object(), new.as_object()) else {
            continue;
        };
        let mut operations = Vec::new();
        for (key, value) in after {
            let op = match before.get(key) {
                Some(old) if old == value => continue,
                Some(_) => "replace",
                None => "add",
            };
            operations.push(json!({"op": op, "path": pointer(key), "value": value}));
        }
        for key in before.keys().filter(|key| !after.contains_key(*key)) {
            operations.push(json!({"op": "remove", "path": pointer(key)}));
        }
        if !operations.is_empty() {
            let (group, version) = api_version.rsplit_once('/').unwrap_or(("", &api_version));
            let target = json!({"group": group, "version": version, "kind": kind, "name": name, "namespace": namespace});
            patches.push(json!({"target": target, "patch": Value::from(operations).to_string()}));
        }
    }
    let added: Vec<Value> = overlay
        .iter()
        .filter(|new| !base.iter().any(|old| identity(old) == identity(new)))
        .cloned()
        .collect();
    let files = (0..added.len()).map(|index| format!("added{index}.yaml"));
    let resources: Vec<_> = ["../../base".to_owned()].into_iter().chain(files).collect();
    let kustomization = json!({"resources": resources, "patches": patches});
    (format!("{kustomization}\n"), added)
}

fn pointer(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}
