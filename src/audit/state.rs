//! The states of an object: its content after a write, and the differences of two states.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::event::{Event, Verb};
use super::request::merged;
use crate::compare::classify::Surroundings;
use crate::compare::hidden::values;
use crate::compare::steps::keyed_path;
use crate::live::{Group, Managers, group, unlike};
use crate::path::{Path, Segment};
use crate::resource::{Resource, Secrecy, secrecy};
use crate::yaml::{Tree, parse_json_lines};

/// The object after a write, if the log shows it.
pub(super) fn after(
    resource: &Resource<'_>,
    event: &Event,
    before: Option<&Value>,
) -> Option<Value> {
    let is_it = |body: &&Value| {
        body.get("kind").and_then(Value::as_str) == Some(resource.kind())
            && body.pointer("/metadata/name").and_then(Value::as_str) == Some(resource.name())
    };
    let whole = event.response.as_ref().filter(is_it);
    if let Some(whole) = whole {
        return Some(stripped(whole.clone()));
    }
    let body = event.request.as_ref()?;
    match (event.verb, event.subresource.as_str()) {
        (Verb::Patch, "") => merged(before?, body).map(stripped),
        (Verb::Create | Verb::Update, "") if is_it(&body) => Some(stripped(body.clone())),
        (Verb::Patch | Verb::Update, "scale") => {
            let scale = match (event.verb, &event.response) {
                (_, Some(answer)) => answer.clone(),
                (Verb::Update, None) => body.clone(),
                _ => merged(&serde_json::json!({"spec": {"replicas": 0}}), body)?,
            };
            let replicas = scale.pointer("/spec/replicas")?.clone();
            let mut after = before?.clone();
            after
                .get_mut("spec")?
                .as_object_mut()?
                .insert("replicas".to_owned(), replicas);
            Some(stripped(after))
        }
        _ => None,
    }
}

/// An object without the fields that only the API server writes.
fn stripped(mut object: Value) -> Value {
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}

/// Whether an answer lists a deployer among the owners of fields.
pub(super) fn is_noted(event: &Event, said: &Managers) -> bool {
    let entries = event
        .response
        .as_ref()
        .and_then(|body| body.pointer("/metadata/managedFields")?.as_array());
    let mut managers = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.get("manager")?.as_str());
    managers.any(|name| group(said, name) == Group::Deployer)
}

/// Records the values of a Secret that a log should not contain, so that no report shows them.
pub(super) fn hidden_in(body: &Value, resource: &Resource<'_>, hidden: &mut BTreeSet<String>) {
    if secrecy(resource.node) == Secrecy::None {
        return;
    }
    for field in ["data", "stringData", "binaryData"] {
        let map = body.get(field).and_then(Value::as_object);
        let texts = map
            .into_iter()
            .flatten()
            .filter_map(|(_, value)| value.as_str());
        let secret = serde_json::json!({"kind": "Secret", "metadata": {}, field: texts.enumerate().map(|(at, text)| (at.to_string(), text)).collect::<BTreeMap<_, _>>()});
        let text = secret.to_string();
        if let Ok(tree) = parse_json_lines(&text) {
            let all: Vec<Resource<'_>> = tree.roots().filter_map(Resource::read).collect();
            hidden.extend(values(&all));
        }
    }
}

/// The resource of a text of one line.
pub(super) fn resource<'t>(tree: &'t Tree<'_>) -> Option<Resource<'t>> {
    Resource::read(tree.roots().next()?)
}

/// The paths of all differences between two states, each with whether the field was removed.
pub(super) fn paths<'a>(
    base: &Resource<'a>,
    now: &Resource<'a>,
    git: &[Resource<'a>],
) -> Vec<(Path<'static>, bool)> {
    let around = Surroundings {
        resource: now,
        base: git,
        overlay: git,
    };
    let all = unlike(base, now, around).into_iter();
    all.map(|drift| {
        (
            owned(keyed_path(&drift.change.steps)),
            drift.change.overlay.is_none(),
        )
    })
    .collect()
}

fn owned(Path(segments): Path<'_>) -> Path<'static> {
    Path(segments.into_iter().map(Segment::into_owned).collect())
}
