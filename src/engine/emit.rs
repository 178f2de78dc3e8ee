//! What a replay comes to, for a tree that nobody builds.

use serde_json::{Map, Value, json};

use super::Replay;
use super::item::Item;
use super::walk::MAX_PIECES;

impl Replay<'_> {
    /// How much work it was: pieces that were made, and kustomizations that were visited.
    #[must_use]
    pub fn size(&self) -> usize {
        MAX_PIECES - self.walk.budget + self.walk.visits
    }

    /// The resources, one JSON object a line, with the names that they had; nothing where a part of them is not known.
    #[must_use]
    pub fn lines(&self) -> Option<String> {
        if !self.walk.complete || !self.walk.elsewhere.is_empty() {
            return None;
        }
        let lines = self.items.iter().map(|item| {
            let value = (!item.partial).then(|| resource(item)).flatten()?;
            Some(format!("{value}\n"))
        });
        lines.collect()
    }
}

fn resource(item: &Item) -> Option<Value> {
    let mut value = item.root.to_json()?;
    let metadata = value.as_object_mut()?.entry("metadata");
    let metadata = metadata.or_insert_with(|| json!({})).as_object_mut()?;
    metadata.insert("name".to_owned(), item.name().into());
    if !item.namespace().is_empty() {
        metadata.insert("namespace".to_owned(), item.namespace().into());
    }
    let before = &item.ids[..item.ids.len().saturating_sub(1)];
    if !before.is_empty() {
        let annotations = metadata.entry("annotations");
        let annotations = annotations.or_insert_with(|| json!({})).as_object_mut()?;
        note(annotations, &item.kind, before);
    }
    Some(value)
}

/// The book-keeping of kustomize about earlier identities.
fn note(annotations: &mut Map<String, Value>, kind: &str, before: &[(String, String)]) {
    let joined = |part: &dyn Fn(&(String, String)) -> String| -> Value {
        before.iter().map(part).collect::<Vec<_>>().join(",").into()
    };
    let namespace = |id: &(String, String)| match id.0.as_str() {
        "" => "default".to_owned(),
        namespace => namespace.to_owned(),
    };
    for (key, list) in [
        ("previousNames", joined(&|id| id.1.clone())),
        ("previousNamespaces", joined(&namespace)),
        ("previousKinds", joined(&|_| kind.to_owned())),
    ] {
        annotations.insert(format!("internal.config.kubernetes.io/{key}"), list);
    }
}
