//! Existing paths of a resource, in the notations of operations and replacements.

use super::resources::Known;
use super::write::Yaml;

/// A step of a path: a key, or an index of a list with the name of the element, if it has one.
#[derive(Clone, Debug)]
enum Step {
    Key(String),
    Place(usize, Option<String>),
}

fn name(item: &Yaml) -> Option<String> {
    let Yaml::Map(entries) = item else {
        return None;
    };
    entries.iter().find_map(|(key, value)| match value {
        Yaml::Text(name) if key == "name" => Some(name.clone()),
        _ => None,
    })
}

fn walk(value: &Yaml, way: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    let mut enter = |step, value: &Yaml| {
        way.push(step);
        found.push(way.clone());
        walk(value, way, found);
        way.pop();
    };
    match value {
        Yaml::Map(entries) => {
            for (key, value) in entries {
                enter(Step::Key(key.clone()), value);
            }
        }
        Yaml::List(items) => {
            for (at, item) in items.iter().enumerate() {
                enter(Step::Place(at, name(item)), item);
            }
        }
        _ => {}
    }
}

/// The paths to fields outside the resource's identity.
fn ways(one: &Known) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    walk(&one.value, &mut Vec::new(), &mut found);
    let is_key =
        |step: Option<&Step>, name: &str| matches!(step, Some(Step::Key(key)) if key == name);
    found.retain(|way| {
        let is_metadata = is_key(way.first(), "metadata");
        !is_key(way.first(), "apiVersion")
            && !is_key(way.first(), "kind")
            && !(is_metadata
                && (way.len() == 1
                    || is_key(way.get(1), "name")
                    || is_key(way.get(1), "namespace")))
    });
    found
}

/// The paths of existing fields, for operations.
pub fn pointers(one: &Known) -> Vec<String> {
    let write = |step: &Step| match step {
        Step::Key(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::Place(at, _) => format!("/{at}"),
    };
    ways(one)
        .iter()
        .map(|way| way.iter().map(write).collect())
        .collect()
}

/// The paths of existing fields, for replacements; `is_by_name` says how list elements are named.
pub fn fields(one: &Known, is_by_name: bool) -> Vec<String> {
    let write = |step: &Step| match step {
        Step::Key(key) if key.contains('/') && is_by_name => format!("[{key}]"),
        Step::Key(key) => key.replace('.', r"\."),
        Step::Place(_, Some(name)) if is_by_name => format!("[name={name}]"),
        Step::Place(at, _) => at.to_string(),
    };
    ways(one)
        .iter()
        .map(|way| way.iter().map(write).collect::<Vec<_>>().join("."))
        .collect()
}
