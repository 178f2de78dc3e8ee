//! Changes that are made to an overlay by hand, one field at a time.

use std::collections::BTreeSet;

use krm_parity::edit::{self, Item};
use krm_parity::finding::Finding;
use krm_parity::gate::Builds;
use krm_parity::layout::{Layout, Overlay};
use krm_parity::repo::NAMES;
use serde_json::{Value, json};

use super::repository::Repository;

/// Random numbers that are the same in every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below a bound.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

/// The rules that may report an amount that is far too small; the adopted finding there was about another amount.
const AMOUNTS: &[&str] = &["inverted-resources", "limit-request-ratio", "scale-factor"];

/// How an overlay's kustomization changes.
#[derive(Clone, Debug)]
enum Edit {
    /// One more inline patch.
    Patch { target: Value, patch: String },
    /// One more resource.
    Resource,
}

/// One change of one overlay, and where it must be reported.
#[derive(Clone, Debug)]
pub struct Drift {
    pub directory: String,
    kind: String,
    name: String,
    /// The field; empty for the whole resource.
    place: String,
    /// The rules that may report it.
    rules: &'static [&'static str],
    edit: Edit,
}

const ADDED: &str =
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: krm-drift\ndata:\n  a: b\n";

impl Drift {
    /// Every change that could be made to the environments of a layout; `old` are the findings that were adopted.
    pub fn all(layout: &Layout, builds: &Builds, old: &[Finding]) -> Vec<Self> {
        let mut all = Vec::new();
        for service in &layout.services {
            for overlay in &service.overlays {
                let old: Vec<&Finding> = old
                    .iter()
                    .filter(|finding| finding.service() == Some(&service.name))
                    .collect();
                of_overlay(overlay, builds, &old, &mut all);
            }
        }
        all
    }

    /// Whether a finding is about this change and nothing else.
    pub fn is_told_by(&self, finding: &Finding) -> bool {
        let resource = finding.resource.clone().unwrap_or_default();
        let path = finding
            .field
            .as_ref()
            .map_or_else(String::new, |field| field.path.to_string());
        let is_name =
            resource.name.contains(&self.name) || finding.base_name.as_deref() == Some(&self.name);
        let is_place = path.starts_with(&self.place) || self.place.starts_with(&path);
        resource.kind == self.kind
            && is_name
            && is_place
            && (self.rules.contains(&finding.rule.as_str())
                || finding.rule.as_str() == "environment-mismatch")
    }

    fn file(&self, repository: &Repository) -> Option<String> {
        let names = NAMES
            .iter()
            .map(|name| format!("{}/{name}", self.directory));
        names
            .map(|name| name.trim_start_matches('/').to_owned())
            .find(|name| repository.root().join(name).is_file())
    }

    fn added_file(&self) -> String {
        format!("{}/krm-drift.yaml", self.directory)
    }

    /// Makes the change; returns the previous text of the kustomization, or `None` if it has no place for the change.
    pub fn apply(&self, repository: &Repository) -> Option<String> {
        let file = self.file(repository)?;
        let before = repository.read(&file);
        let after = match &self.edit {
            Edit::Patch { target, patch } => {
                let value = json!({"patch": patch, "target": target});
                let item = Item {
                    comment: None,
                    block: format!("- {value}"),
                    value,
                };
                edit::append(&before, &["patches"], &[item])
            }
            Edit::Resource => {
                repository.write(&self.added_file(), ADDED);
                edit::append(&before, &["resources"], &[Item::text("krm-drift.yaml")])
            }
        };
        repository.write(&file, &after.ok()?);
        Some(before)
    }

    pub fn undo(&self, repository: &Repository, before: &str) {
        repository.write(&self.file(repository).unwrap(), before);
        if matches!(self.edit, Edit::Resource) {
            std::fs::remove_file(repository.root().join(self.added_file())).unwrap();
        }
    }
}

/// The resources of a build.
fn values(builds: &Builds, directory: &str) -> Vec<Value> {
    let content = builds.get(directory).and_then(|built| built.as_ref().ok());
    let lines = content.into_iter().flat_map(|content| content.lines());
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'v>(value: &'v Value, pointer: &str) -> &'v str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or("")
}

fn of_overlay(overlay: &Overlay, builds: &Builds, old: &[&Finding], all: &mut Vec<Drift>) {
    let bases: Vec<Value> = overlay
        .bases
        .iter()
        .flat_map(|base| values(builds, base))
        .collect();
    let own = values(builds, &overlay.directory);
    // Without a base, two environments are compared with each other, and both would report what one of them adds.
    if bases.is_empty() || own.is_empty() {
        return;
    }
    if overlay.bases.iter().all(|base| !base.is_empty()) {
        all.push(Drift {
            directory: overlay.directory.clone(),
            kind: "ConfigMap".to_owned(),
            name: "krm-drift".to_owned(),
            place: String::new(),
            rules: &["added-resource"],
            edit: Edit::Resource,
        });
    }
    let called: Vec<(&str, &str)> = bases
        .iter()
        .map(|base| (text(base, "/kind"), text(base, "/metadata/name")))
        .collect();
    for base in &bases {
        let (kind, name) = (text(base, "/kind"), text(base, "/metadata/name"));
        // A patch cannot distinguish two resources with the same name.
        let is_alone = called.iter().filter(|one| **one == (kind, name)).count() == 1;
        let made = own
            .iter()
            .filter(|one| text(one, "/kind") == kind && text(one, "/metadata/name").contains(name));
        let made: Vec<&Value> = made.collect();
        let [made] = made.as_slice() else { continue };
        if !is_alone || name.is_empty() {
            continue;
        }
        let is_old = |place: &str| {
            old.iter().any(|finding| {
                let resource = finding.resource.clone().unwrap_or_default();
                let path = finding
                    .field
                    .as_ref()
                    .map_or_else(String::new, |field| field.path.to_string());
                resource.kind == kind
                    && (resource.name.contains(name) || finding.base_name.as_deref() == Some(name))
                    && (place.starts_with(&path) || path.starts_with(place))
            })
        };
        let mut add = |place: String, rules, operations: Vec<Value>| {
            if rules == AMOUNTS || !is_old(&place) {
                all.push(Drift {
                    directory: overlay.directory.clone(),
                    kind: kind.to_owned(),
                    name: name.to_owned(),
                    place,
                    rules,
                    edit: Edit::Patch {
                        target: json!({"kind": kind, "name": name}),
                        patch: Value::Array(operations).to_string(),
                    },
                });
            }
        };
        let operation =
            |pointer: &str, value: Value| json!({"op": "add", "path": pointer, "value": value});
        match kind {
            "Service" => add(
                "spec.sessionAffinity".to_owned(),
                &["other"],
                vec![operation("/spec/sessionAffinity", json!("ClientIP"))],
            ),
            "ConfigMap" if made["data"].is_object() => add(
                "data.KRM_DRIFT".to_owned(),
                &["config-keys"],
                vec![operation("/data/KRM_DRIFT", json!("x"))],
            ),
            _ => {}
        }
        if made["metadata"]["annotations"].is_object() && own.len() > 2 {
            add(
                "metadata.annotations.krm-drift".to_owned(),
                &["annotations"],
                vec![operation("/metadata/annotations/krm-drift", json!("x"))],
            );
        }
        for pointer in [
            "/spec/template/spec",
            "/spec/jobTemplate/spec/template/spec",
        ] {
            if let Some(pod) = made.pointer(pointer) {
                of_pod(pointer, pod, base, &mut add);
            }
        }
    }
    removals(overlay, &bases, &own, old, all);
}

fn of_pod(
    pointer: &str,
    pod: &Value,
    base: &Value,
    add: &mut impl FnMut(String, &'static [&'static str], Vec<Value>),
) {
    let operation =
        |pointer: &str, value: Value| json!({"op": "add", "path": pointer, "value": value});
    let place = pointer.trim_start_matches('/').replace('/', ".");
    add(
        format!("{place}.terminationGracePeriodSeconds"),
        &["other"],
        vec![operation(
            &format!("{pointer}/terminationGracePeriodSeconds"),
            json!(777),
        )],
    );
    let all = base.pointer(&format!("{pointer}/containers"));
    let all = || all.and_then(Value::as_array).into_iter().flatten();
    let names: BTreeSet<&str> = all().map(|container| text(container, "/name")).collect();
    let containers = pod["containers"].as_array().into_iter().flatten();
    for (at, container) in containers.enumerate() {
        let name = text(container, "/name");
        if !names.contains(name) {
            continue;
        }
        let at = format!("{pointer}/containers/{at}");
        // The order may be different when the patch is applied.
        let test = json!({"op": "test", "path": format!("{at}/name"), "value": name});
        let mut change = |field: &str, rules, pointer: &str, value: Value| {
            let operations = vec![test.clone(), operation(&format!("{at}/{pointer}"), value)];
            add(
                format!("{place}.containers[name={name}].{field}"),
                rules,
                operations,
            );
        };
        for probe in ["livenessProbe", "readinessProbe"] {
            if container[probe].is_object() {
                let field = format!("{probe}.periodSeconds");
                let pointer = format!("{probe}/periodSeconds");
                change(&field, &["health-checks"], &pointer, json!(77));
            } else {
                let value = json!({"tcpSocket": {"port": 8077}});
                change(probe, &["health-checks"], probe, value);
            }
        }
        let variable = json!({"name": "KRM_DRIFT", "value": "x"});
        if container["env"].is_array() {
            change("env[name=KRM_DRIFT]", &["env-names"], "env/-", variable);
        } else {
            change("env", &["env-names"], "env", json!([variable]));
        }
        change(
            "image",
            &["image"],
            "image",
            json!("drift.example.com/x:77"),
        );
        change(
            "imagePullPolicy",
            &["other"],
            "imagePullPolicy",
            json!("Never"),
        );
        if container["args"].is_array() {
            change("args", &["other"], "args/-", json!("--krm-drift"));
        } else {
            change("args", &["other"], "args", json!(["--krm-drift"]));
        }
        let memory = |one: &Value| one.pointer("/resources/limits/memory").is_some();
        if memory(container) && all().any(|one| text(one, "/name") == name && memory(one)) {
            change(
                "resources.limits.memory",
                AMOUNTS,
                "resources/limits/memory",
                json!("1Ki"),
            );
        }
        if container["securityContext"].is_object() {
            change(
                "securityContext.runAsUser",
                &["other"],
                "securityContext/runAsUser",
                json!(7777),
            );
        } else {
            change(
                "securityContext",
                &["other"],
                "securityContext",
                json!({"runAsUser": 7777}),
            );
        }
    }
}

/// Removals of Services, where no finding about them was adopted.
fn removals(
    overlay: &Overlay,
    bases: &[Value],
    own: &[Value],
    old: &[&Finding],
    all: &mut Vec<Drift>,
) {
    for base in bases.iter().filter(|base| base["kind"] == "Service") {
        let name = text(base, "/metadata/name");
        let is_there = own
            .iter()
            .any(|one| one["kind"] == "Service" && text(one, "/metadata/name") == name);
        let is_old = old.iter().any(|finding| {
            finding
                .resource
                .as_ref()
                .is_some_and(|one| one.kind == "Service")
        });
        if is_there && !is_old && own.len() > 2 {
            let patch = format!(
                "{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, $patch: delete}}"
            );
            all.push(Drift {
                directory: overlay.directory.clone(),
                kind: "Service".to_owned(),
                name: name.to_owned(),
                place: String::new(),
                rules: &["removed-resource"],
                edit: Edit::Patch {
                    target: json!({"kind": "Service", "name": name}),
                    patch,
                },
            });
        }
    }
}
