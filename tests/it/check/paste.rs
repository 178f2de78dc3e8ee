//! The entry of a finding permits that finding when it is pasted, and nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{NEWEST, check, findings, report};
use crate::support::{Tree, require};

const HEAD: &str =
    "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec:\n";

/// Two services whose resources have the same names and drift in the same ways, in odd fields too.
struct Repository {
    tree: Tree,
    kustomize: PathBuf,
}

impl Repository {
    fn new(kustomize: PathBuf) -> Self {
        let tree = Tree::new();
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec:\n  selector: {matchLabels: {app: app}}\n  template:\n    metadata: {labels: {app: app}}\n    spec:\n      containers:\n      - {name: app, image: 'app:1', resources: {limits: {memory: 2Gi}, requests: {memory: 1Gi}}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: gone}\n";
        let patch = "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - {op: add, path: /spec/template/spec/containers/0/livenessProbe, value: {httpGet: {path: /x, port: 80}}}\n    - {op: add, path: /spec/template/spec/containers/0/image, value: 'other:1'}\n    - {op: add, path: /spec/template/spec/containers/0/resources/limits/memory, value: 128Mi}\n    - {op: add, path: /spec/template/spec/dnsPolicy, value: Default}\n    - {op: add, path: /metadata/annotations, value: {\"example.com/it's 'odd' [x]\": y}}\n- target: {kind: ConfigMap, name: gone}\n  patch: '{$patch: delete, apiVersion: v1, kind: ConfigMap, metadata: {name: gone}}'\nresources: [../../base, own.yaml]\n";
        for service in ["web", "api"] {
            tree.kustomization(&format!("{service}/base"), "app.yaml", deployment);
            for environment in ["staging", "production"] {
                let folder = format!("{service}/overlays/{environment}");
                // Some fields are overridden only in production.
                let patch = match environment {
                    "staging" => patch.replace("other:1", "app:1").replace("128Mi", "2Gi"),
                    _ => patch.to_owned(),
                };
                tree.write(&format!("{folder}/kustomization.yaml"), &patch);
                tree.write(
                    &format!("{folder}/own.yaml"),
                    &format!(
                        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: own-{environment}}}\n"
                    ),
                );
            }
        }
        Self { tree, kustomize }
    }

    fn report(&self) -> Value {
        report(&self.kustomize, &self.tree.path(""), &[])
    }
}

/// The list that a finding's entry belongs in, the file, and the entry, with a reason and a day where they are
/// required.
pub(super) fn entry(finding: &Value) -> (String, String, String) {
    let said = finding["permit"].as_str().expect("how to permit it");
    let (_, said) = said.split_once("add this entry to spec.").expect("a list");
    let (list, said) = said.split_once(" of ").expect("a file");
    let (file, said) = said.split_once(". ").expect("the end of a sentence");
    // It is at the end of the text, so that a user can paste all of it, and nothing else.
    let said = format!(" {said}");
    let (_, entry) = said.rsplit_once(" Entry: ").expect("an entry");
    assert!(entry.starts_with('{') && entry.ends_with('}'), "{entry}");
    let entry = entry
        .replace("reason: TODO", "reason: x")
        .replace("YYYY-MM-DD", "2026-12-31");
    (list.to_owned(), file.to_owned(), entry)
}

/// The findings that require an action, except those that follow from the others.
fn weighty(report: &Value) -> Vec<Value> {
    let all = report["findings"].as_array().expect("findings").iter();
    let is_weighty =
        |one: &&Value| one["severity"] != "info" && one["rule"] != "environment-mismatch";
    all.filter(is_weighty).cloned().collect()
}

fn lines(findings_of: &[Value]) -> BTreeSet<String> {
    let report = json!({ "findings": findings_of });
    findings(&report).into_iter().collect()
}

#[test]
fn a_pasted_entry_permits_its_finding_and_no_other() {
    let repository = Repository::new(require!(kustomize(NEWEST)));
    let before = weighty(&repository.report());
    let mut lists = BTreeSet::new();
    let mut told = BTreeSet::new();
    for finding in &before {
        let (list, file, entry) = entry(finding);
        assert_eq!(file, "parity.yaml");
        let spec = match list.as_str() {
            "allow.fields" => format!("  allow:\n    fields:\n    - {entry}\n"),
            _ => format!("  exemptions:\n  - {entry}\n"),
        };
        repository.tree.write(&file, &format!("{HEAD}{spec}"));
        let after = lines(&weighty(&repository.report()));
        let gone = lines(&before).difference(&after).count();
        // Where all environments override a field, one entry covers all of them.
        let meant = before
            .iter()
            .filter(|one| one["permit"] == finding["permit"]);
        assert_eq!(gone, meant.count(), "{entry}");
        told.insert(finding["rule"].as_str().unwrap_or_default().to_owned());
        lists.insert(list);
        fs::remove_file(repository.tree.path(&file)).expect("a file");
    }
    assert_eq!(lists.len(), 2);
    let expected = [
        "added-resource",
        "annotations",
        "health-checks",
        "image",
        "inverted-resources",
        "limit-request-ratio",
        "other",
        "removed-resource",
        "scale-factor",
    ];
    assert!(told.iter().eq(expected), "{told:?}");
}

/// Everything that is not understood is in the class `other`, so permitting the class would permit anything.
#[test]
fn no_finding_advises_to_permit_everything() {
    let repository = Repository::new(require!(kustomize(NEWEST)));
    let report = repository.report();
    let mut classes = 0;
    for finding in report["findings"].as_array().expect("findings") {
        let said = finding["permit"].as_str().unwrap_or_default();
        let classes_of = said
            .split("spec.allow.classes: [")
            .nth(1)
            .unwrap_or_default();
        assert!(!classes_of.contains("other"), "{said}");
        classes += usize::from(!classes_of.is_empty());
    }
    assert!(classes > 0);
    let text = check(&repository.kustomize, &repository.tree.path(""), &[]).stdout;
    assert!(
        text.contains("add this entry to spec.allow.fields of parity.yaml."),
        "{text}"
    );
    // A line holds only the entry, ready to paste.
    let entries = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("entry "));
    let entries: Vec<&str> = entries.map(str::trim_start).collect();
    assert!(!entries.is_empty(), "{text}");
    for entry in entries {
        assert!(entry.starts_with('{') && entry.ends_with('}'), "{entry}");
    }
}
