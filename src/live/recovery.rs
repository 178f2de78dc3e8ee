//! The changes that make Git and the cluster equal again: patches for Git, and operations on the
//! object.
//!
//! They contain real values, so none are made for values that a report must not show.

use serde_json::{Map, Value, json};

use super::owned::like;
use super::shown::{MAX_NODES, is_whole, shown};
use super::verdict::Drift;
use crate::compare::diff::{By, Step};
use crate::compare::steps::{Side, locate};
use crate::resource::Resource;
use crate::yaml::Node;

/// The resource in Git and the live one.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'s, 'a> {
    /// The resource in Git.
    pub want: &'s Resource<'a>,
    /// The object that runs, or ran.
    pub live: &'s Resource<'a>,
}

impl<'a> Sides<'_, 'a> {
    /// A strategic merge patch that changes Git to match the cluster.
    ///
    /// `None` for values that must not be shown, and for elements of lists without keys.
    #[must_use]
    pub fn merge_patch(self, drift: &Drift<'a>) -> Option<Value> {
        let steps = &drift.change.steps;
        let value = match drift.change.overlay {
            // kustomize writes a null in these maps as text.
            None if is_of_metadata(steps) => return None,
            Some(_) => {
                let value = self.value(drift, Side::Overlay)?;
                over(drift.change.base, value)
            }
            None => Value::Null,
        };
        let inner = (0..steps.len())
            .rev()
            .try_fold(value, |inner, at| self.around(inner, steps, at))?;
        let mut patch = inner.as_object()?.clone();
        patch.insert("apiVersion".to_owned(), self.want.api_version.into());
        patch.insert("kind".to_owned(), self.want.kind().into());
        let metadata = patch.entry("metadata").or_insert_with(|| json!({}));
        let metadata = metadata.as_object_mut()?;
        metadata.insert("name".to_owned(), self.want.name().into());
        if !self.want.identity.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), self.want.identity.namespace.into());
        }
        let mut patch = Value::Object(patch);
        patch.sort_all_objects();
        Some(patch)
    }

    /// The operations of a JSON Patch (RFC 6902) that change Git to match the cluster.
    #[must_use]
    pub fn of_git(self, drift: &Drift<'a>) -> Option<Value> {
        let value = match drift.change.overlay {
            Some(_) => Some(self.value(drift, Side::Overlay)?),
            None => None,
        };
        operations(self.want.node, &drift.change.steps, Side::Base, value)
    }

    /// The operations of a JSON Patch that change the object to match Git.
    ///
    /// The name of a list element is tested first, so that a list that has changed since is
    /// refused.
    #[must_use]
    pub fn of_live(self, drift: &Drift<'a>) -> Option<Value> {
        if let Some(swap) = self.swap(drift) {
            return Some(swap);
        }
        let value = match drift.change.base {
            Some(_) => Some(self.value(drift, Side::Base)?),
            None => None,
        };
        operations(self.live.node, &drift.change.steps, Side::Overlay, value)
    }

    /// The operations that replace an element by the one of Git that has its name.
    ///
    /// A port that got another number is one element removed and one added to Kubernetes, but it
    /// refuses two elements of one name, and a Service without any.
    fn swap(self, drift: &Drift<'a>) -> Option<Value> {
        let change = &drift.change;
        let (Step::Element { by, .. }, around) = change.steps.split_last()? else {
            return None;
        };
        let is_by_name = |by: &By<'_>| matches!(by, By::Keys(keys) if keys.iter().any(|(key, _)| *key == "name"));
        if !matches!(by, By::Keys(_)) || is_by_name(by) {
            return None;
        }
        let ((None, Some(own)) | (Some(own), None)) = (change.base, change.overlay) else {
            return None;
        };
        let name = own.get("name").and_then(Node::as_str)?;
        let named = |list: Node<'a>| {
            let mut items = list.items().enumerate();
            items.find(|(_, item)| item.get("name").and_then(Node::as_str) == Some(name))
        };
        let (index, _) = named(locate(self.live.node, around, Side::Overlay)?)?;
        let (_, wanted) = named(locate(self.want.node, around, Side::Base)?)?;
        let of_secret = self.want.is_secret() || self.live.is_secret();
        if wanted.size() > MAX_NODES {
            return None;
        }
        let value = Some(shown(wanted, "", change.secret, of_secret)).filter(is_whole)?;
        let mut steps = around.to_vec();
        steps.push(Step::Element {
            base: None,
            overlay: Some(index),
            by: By::Index,
        });
        operations(self.live.node, &steps, Side::Overlay, Some(value))
    }

    /// The value of a side, unless a part of it must not be shown.
    fn value(self, drift: &Drift<'a>, side: Side) -> Option<Value> {
        let change = &drift.change;
        let node = match side {
            Side::Base => change.base?,
            Side::Overlay => change.overlay?,
        };
        if node.size() > MAX_NODES {
            return None;
        }
        let of_secret = self.want.is_secret() || self.live.is_secret();
        let last = change.fields().next_back().unwrap_or_default();
        Some(shown(node, last, change.secret, of_secret)).filter(is_whole)
    }

    /// Wraps a value into the fields around it, step by step outwards; `None` for an element
    /// without keys.
    fn around(self, inner: Value, steps: &[Step<'a>], at: usize) -> Option<Value> {
        let (way, by) = match steps.get(at)? {
            Step::Field(name) => return Some(json!({*name: inner})),
            Step::Element { by, .. } => (steps.get(..=at)?, by),
        };
        let By::Keys(keys) = by else { return None };
        // kustomize merges no list by keys that are deeper in its elements.
        if keys.iter().any(|(key, _)| key.contains('.')) {
            return None;
        }
        let mut element = match inner {
            Value::Object(map) => map,
            // A removed element is removed as a whole.
            Value::Null => Map::from_iter([("$patch".to_owned(), "delete".into())]),
            _ => return None,
        };
        let node = locate(self.live.node, way, Side::Overlay);
        let node = node.or_else(|| locate(self.want.node, way, Side::Base));
        for (key, text) in keys {
            let own = node.and_then(|node| node.get(key));
            let value = own.map_or_else(|| Value::from(*text), Node::to_json);
            element.entry((*key).to_owned()).or_insert(value);
        }
        Some(Value::Array(vec![Value::Object(element)]))
    }
}

/// Whether a field is a label or an annotation of the object itself.
fn is_of_metadata(steps: &[Step<'_>]) -> bool {
    matches!(
        steps,
        [
            Step::Field("metadata"),
            Step::Field("labels" | "annotations"),
            _,
            ..
        ]
    )
}

/// A value that is merged over another: keys that only the other has are removed with a null.
fn over(below: Option<Node<'_>>, value: Value) -> Value {
    let (Some(below), Value::Object(mut map)) = (below.filter(|node| node.is_map()), value.clone())
    else {
        return value;
    };
    for (key, own) in below.entries() {
        let name = key.text().to_owned();
        let merged = match map.remove(&name) {
            Some(value) => over(Some(own), value),
            None => Value::Null,
        };
        map.insert(name, merged);
    }
    Value::Object(map)
}

/// The operations that set or remove a value on one side.
fn operations(
    root: Node<'_>,
    steps: &[Step<'_>],
    side: Side,
    value: Option<Value>,
) -> Option<Value> {
    let mut tests = Vec::new();
    let mut pointer = String::new();
    let mut node = root;
    let mut rest = steps;
    let mut found = true;
    while let [step, after @ ..] = rest {
        let (token, next) = match step {
            Step::Field(name) => (name.replace('~', "~0").replace('/', "~1"), node.get(name)),
            Step::Element { .. } => {
                let index = index_of(node, step, side);
                let token = index.map_or_else(|| "-".to_owned(), |index| index.to_string());
                (token, index.and_then(|index| node.items().nth(index)))
            }
        };
        pointer.push('/');
        pointer.push_str(&token);
        rest = after;
        let Some(next) = next.filter(|next| !next.is_null()) else {
            found = false;
            break;
        };
        if let Some(name) = next.get("name").filter(|name| name.as_str().is_some())
            && matches!(step, Step::Element { .. })
        {
            let path = format!("{pointer}/name");
            tests.push(json!({"op": "test", "path": path, "value": name.text()}));
        }
        node = next;
    }
    let last = match value {
        None if found => json!({"op": "remove", "path": pointer}),
        None => return None,
        Some(value) if found => json!({"op": "replace", "path": pointer, "value": value}),
        Some(value) => {
            let value = rest
                .iter()
                .rev()
                .try_fold(value, |inner, step| match step {
                    Step::Field(name) => Some(json!({*name: inner})),
                    Step::Element { .. } => None,
                })?;
            json!({"op": "add", "path": pointer, "value": value})
        }
    };
    tests.push(last);
    Some(Value::Array(tests))
}

/// The index of a list element on a side: from the change, or else by its keys.
fn index_of(list: Node<'_>, step: &Step<'_>, side: Side) -> Option<usize> {
    let Step::Element { base, overlay, by } = step else {
        return None;
    };
    let known = if side == Side::Base { *base } else { *overlay };
    if known.is_some() || !matches!(by, By::Keys(_) | By::Value(_)) {
        return known;
    }
    let found = like(list, std::slice::from_ref(step))?;
    list.items()
        .position(|item| item.position() == found.position())
}
