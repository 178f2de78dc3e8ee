//! A tree as kpt passes it to a function.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The files of a tree as items, as kpt passes them on: YAML documents with a kind, and
/// kustomizations even without one, each with its path.
#[must_use]
pub fn items(root: &Path) -> String {
    let mut out = String::from("apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n");
    let mut left = vec![root.to_path_buf()];
    let mut files: Vec<PathBuf> = Vec::new();
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(
                fs::read_dir(path)
                    .expect("a folder")
                    .map(|entry| entry.expect("an entry").path()),
            );
        } else {
            files.push(path);
        }
    }
    files.sort();
    for file in files {
        let is_yaml = file
            .extension()
            .is_some_and(|end| end == "yaml" || end == "yml");
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        let Some(tree) = is_yaml
            .then(|| krm_parity::yaml::parse_lax(&text).ok())
            .flatten()
        else {
            continue;
        };
        let path = file
            .strip_prefix(root)
            .expect("below")
            .display()
            .to_string();
        let is_kustomization = file
            .file_name()
            .is_some_and(|name| name == "kustomization.yaml");
        let objects = tree
            .roots()
            .filter(|root| root.is_map() && (is_kustomization || root.str_at(&["kind"]).is_some()));
        for (index, object) in objects.enumerate() {
            let mut value = object.to_json();
            if !value["metadata"].is_object() {
                value["metadata"] = Value::Object(serde_json::Map::default());
            }
            if !value["metadata"]["annotations"].is_object() {
                value["metadata"]["annotations"] = Value::Object(serde_json::Map::default());
            }
            let notes = &mut value["metadata"]["annotations"];
            notes["internal.config.kubernetes.io/path"] = path.as_str().into();
            notes["internal.config.kubernetes.io/index"] = index.to_string().into();
            let _ = writeln!(out, "- {value}");
        }
    }
    out
}
