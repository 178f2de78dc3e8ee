//! The sources and parts of a release: the files that lead users here, the workflows, the dependencies, the packages.

mod assembled;
mod checkers;
mod dependencies;
mod front;
mod guards;
mod workflows;

use std::fs;
use std::path::{Path, PathBuf};

use serde_yaml::Value;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Reads a file of one YAML document.
fn yaml(name: &str) -> Value {
    serde_yaml::from_str(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn keys(value: &Value) -> Vec<&str> {
    let mapping = value.as_mapping().expect("a mapping");
    let keys = mapping.keys().map(|key| key.as_str().expect("a word"));
    keys.collect()
}

fn word<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}
