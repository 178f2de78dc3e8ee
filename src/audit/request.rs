//! The bodies of requests: which fields a body sets, and the object that results.
//!
//! An event does not say which type a patch had. A list is a JSON patch, and a body with its own
//! kind was applied. Among the rest, strategic merge and JSON merge differ only in lists.

use serde_json::{Map, Value};

use super::event::Verb;
use crate::path::Segment;

/// The fields that identify elements of lists; the first that all elements have is used.
const KEYS: [&str; 10] = [
    "name",
    "containerPort",
    "port",
    "mountPath",
    "devicePath",
    "topologyKey",
    "ip",
    "key",
    "type",
    "uid",
];

/// A body, with the object around it if known.
#[derive(Clone, Copy)]
pub(super) struct Sent<'v> {
    pub verb: Verb,
    pub body: &'v Value,
    /// The object before and after.
    pub sides: [Option<&'v Value>; 2],
}

/// Whether a body is a server-side apply.
pub(super) fn is_apply(verb: Verb, body: &Value) -> bool {
    verb == Verb::Patch
        && ["apiVersion", "kind"]
            .iter()
            .all(|key| body.get(key).is_some())
}

impl Sent<'_> {
    /// Whether the body sets or removes a field.
    pub fn covers(&self, path: &[Segment<'_>], is_gone: bool) -> bool {
        match (self.verb, self.body) {
            (Verb::Create | Verb::Update, _) => true,
            (Verb::Patch, Value::Array(operations)) => operations.iter().any(|one| {
                let pointers = ["path", "from"].map(|key| one.get(key).and_then(Value::as_str));
                let mut pointers = pointers.into_iter().flatten();
                pointers.any(|pointer| self.leads_to(pointer, path))
            }),
            (Verb::Patch, body) => {
                is_gone && is_apply(self.verb, body) || sets(body, path, is_gone)
            }
            _ => false,
        }
    }

    /// Whether a JSON pointer leads to a field, into it, or to a field around it.
    fn leads_to(&self, pointer: &str, path: &[Segment<'_>]) -> bool {
        let mut nodes = self.sides;
        let mut path = path.iter();
        for part in pointer.split('/').skip(1) {
            let Some(segment) = path.next() else {
                return true;
            };
            let part = part.replace("~1", "/").replace("~0", "~");
            let index = part.parse::<usize>().ok();
            let next = |node: &Value| match (node, index) {
                (Value::Array(items), Some(at)) => {
                    items.get(at).is_some_and(|item| is_at(item, at, segment))
                }
                _ => false,
            };
            let is_it = match segment {
                Segment::Field(name) => *name == part,
                // The end of a list that does not exist is not known.
                _ if part == "-" || nodes.iter().flatten().next().is_none() => true,
                _ => nodes.iter().flatten().any(|node| next(node)),
            };
            if !is_it {
                return false;
            }
            nodes = nodes.map(|node| match (node, index) {
                (Some(Value::Array(items)), Some(at)) => items.get(at),
                (Some(node), _) => node.get(part.as_str()),
                (None, _) => None,
            });
        }
        true
    }
}

/// Whether a path segment identifies an element of a list.
fn is_at(item: &Value, index: usize, segment: &Segment<'_>) -> bool {
    match segment {
        Segment::Field(_) => false,
        Segment::Index(at) => *at == index,
        Segment::Value(value) => item.as_str() == Some(value),
        Segment::Key(keys) => keys.iter().all(|(key, value)| has(item, key, value)),
    }
}

fn has(item: &Value, key: &str, value: &str) -> bool {
    let own = key.split('.').try_fold(item, |item, key| item.get(key));
    match own {
        Some(Value::String(own)) => own == value,
        Some(Value::Number(own)) => own.to_string() == value,
        Some(Value::Bool(own)) => value == if *own { "true" } else { "false" },
        Some(_) => false,
        None => key == "protocol" && value == "TCP",
    }
}

/// Whether a merge sets or removes a field.
fn sets(body: &Value, path: &[Segment<'_>], is_gone: bool) -> bool {
    let Some((first, rest)) = path.split_first() else {
        return true;
    };
    match (body, first) {
        (Value::Object(map), _) if map.contains_key("$patch") => true,
        (Value::Object(map), Segment::Field(name)) => {
            let marked = |mark: &str| map.contains_key(&format!("{mark}{name}"));
            let plain = || (name == "data").then(|| map.get("stringData")).flatten();
            match map.get(name.as_ref()).or_else(plain) {
                Some(inner) => sets(inner, rest, is_gone),
                None => {
                    marked("$deleteFromPrimitiveList/")
                        || is_gone && map.contains_key("$retainKeys")
                }
            }
        }
        (Value::Object(_), _) => false,
        (Value::Array(items), Segment::Key(keys)) => {
            let is_it = |item: &&Value| keys.iter().all(|(key, value)| has(item, key, value));
            match items.iter().find(is_it) {
                Some(item) => sets(item, rest, is_gone),
                // A list that is replaced as a whole no longer has the removed element.
                None => is_gone,
            }
        }
        _ => true,
    }
}

/// The object that results from a body; `None` if it is not known.
pub(super) fn merged(before: &Value, body: &Value) -> Option<Value> {
    let mut after = before.clone();
    match body {
        Value::Array(operations) => {
            for one in operations {
                operate(&mut after, one)?;
            }
        }
        Value::Object(_) => merge(&mut after, body),
        _ => return None,
    }
    Some(after)
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(map) = target else { return };
    for (name, value) in patch {
        if name.starts_with('$') {
            continue;
        }
        match value {
            Value::Null => {
                map.remove(name);
            }
            Value::Array(new) => {
                let old = map.entry(name.clone()).or_insert(Value::Null);
                merge_lists(old, new);
            }
            _ => merge(map.entry(name.clone()).or_insert(Value::Null), value),
        }
    }
}

fn merge_lists(old: &mut Value, new: &[Value]) {
    let items = old.as_array().map_or(&[][..], Vec::as_slice);
    let key = KEYS.into_iter().find(|key| {
        let all = items.iter().chain(new);
        all.clone().next().is_some() && all.into_iter().all(|item| item.get(key).is_some())
    });
    let (Some(key), Value::Array(items)) = (key, &mut *old) else {
        *old = Value::Array(new.to_vec());
        return;
    };
    for one in new {
        let at = items.iter().position(|item| item.get(key) == one.get(key));
        let is_deleted = one.get("$patch").and_then(Value::as_str) == Some("delete");
        match at.and_then(|at| items.get_mut(at)) {
            Some(_) if is_deleted => items.retain(|item| item.get(key) != one.get(key)),
            Some(item) => merge(item, one),
            None if !is_deleted => items.push(one.clone()),
            None => {}
        }
    }
}

/// One operation of a JSON patch.
fn operate(target: &mut Value, one: &Value) -> Option<()> {
    let text = |key: &str| one.get(key).and_then(Value::as_str);
    let (operation, pointer) = (text("op")?, text("path")?);
    if operation == "test" {
        return Some(());
    }
    let (parent, last) = pointer.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    let parent = target.pointer_mut(parent)?;
    match (operation, parent) {
        ("remove", Value::Object(map)) => map.remove(&last).map(drop),
        ("remove", Value::Array(items)) => {
            let at = last.parse().ok().filter(|at| *at < items.len())?;
            items.remove(at);
            Some(())
        }
        ("add" | "replace", Value::Object(map)) => {
            map.insert(last, one.get("value")?.clone());
            Some(())
        }
        ("replace", Value::Array(items)) => {
            *items.get_mut(last.parse::<usize>().ok()?)? = one.get("value")?.clone();
            Some(())
        }
        ("add", Value::Array(items)) => {
            let at = if last == "-" {
                items.len()
            } else {
                last.parse().ok()?
            };
            (at <= items.len())
                .then(|| items.insert(at, one.get("value").cloned().unwrap_or_default()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::Path;
    use serde_json::json;

    fn covers(verb: Verb, body: &Value, before: &Value, path: &str, is_gone: bool) -> bool {
        let sent = Sent {
            verb,
            body,
            sides: [Some(before), None],
        };
        sent.covers(&Path::parse(path).unwrap().0, is_gone)
    }

    #[test]
    fn a_body_sets_the_fields_that_it_names() {
        let before =
            json!({"spec": {"containers": [{"name": "a"}, {"name": "b", "env": [{"name": "X"}]}]}});
        let merge = json!({"spec": {"replicas": 3, "paused": null, "containers": [
            {"name": "b", "env": [{"name": "X", "$patch": "delete"}], "image": "i"}]}});
        let pointer = json!([{"op": "remove", "path": "/spec/containers/1/env/0"}]);
        for (body, path, is_gone, expected) in [
            (&merge, "spec.replicas", false, true),
            (&merge, "spec.paused", true, true),
            (&merge, "spec.strategy", false, false),
            (&merge, "spec.containers[name=b].image", false, true),
            (&merge, "spec.containers[name=b].env[name=X]", true, true),
            (&merge, "spec.containers[name=a].image", false, false),
            (&merge, "spec", false, true),
            (&pointer, "spec.containers[name=b].env[name=X]", true, true),
            (&pointer, "spec.containers[name=b]", false, true),
            (&pointer, "spec.containers[name=a]", false, false),
            (&pointer, "spec.replicas", false, false),
        ] {
            assert_eq!(
                covers(Verb::Patch, body, &before, path, is_gone),
                expected,
                "{body} {path}"
            );
        }
        let applied = json!({"apiVersion": "v1", "kind": "Pod", "spec": {}});
        assert!(covers(
            Verb::Patch,
            &applied,
            &before,
            "spec.containers[name=b]",
            true
        ));
        assert!(!covers(
            Verb::Patch,
            &applied,
            &before,
            "spec.containers[name=b]",
            false
        ));
        assert!(covers(
            Verb::Update,
            &json!({}),
            &before,
            "spec.replicas",
            false
        ));
    }

    #[test]
    fn a_merged_object_equals_that_of_the_server() {
        let before = json!({"a": 1, "l": [{"name": "x", "v": 1}, {"name": "y"}], "s": ["a"]});
        let body = json!({"a": null, "b": {"c": 2}, "l": [{"name": "x", "v": 2}, {"name": "y", "$patch": "delete"}, {"name": "z"}], "s": ["b"], "$x": 1});
        let after = json!({"l": [{"name": "x", "v": 2}, {"name": "z"}], "s": ["b"], "b": {"c": 2}});
        assert_eq!(merged(&before, &body), Some(after));
        let body = json!([{"op": "replace", "path": "/l/0/v", "value": 3}, {"op": "remove", "path": "/l/1"}, {"op": "add", "path": "/s/-", "value": "c"}]);
        let after = json!({"a": 1, "l": [{"name": "x", "v": 3}], "s": ["a", "c"]});
        assert_eq!(merged(&before, &body), Some(after));
        for hostile in [
            json!([{"op": "remove", "path": "/l/9"}]),
            json!([1]),
            json!([{"op": "add", "path": "x"}]),
            json!(3),
        ] {
            assert_eq!(merged(&before, &hostile), None, "{hostile}");
        }
    }
}
