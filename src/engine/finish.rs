//! The end of a build: names get their hashes, references follow, variables are replaced, and local
//! resources are left out.

use serde_json::Value;

use crate::api::LOCAL_CONFIG;

use super::Replay;
use super::built::Built;
use super::hash::hash;
use super::item::Item;
use super::notes;
use super::order::Order;
use super::piece::{Lost, Piece, lose};
use super::unknown::{MAX_UNKNOWN, Reason, Unknown};
use super::{references, variables};

impl Replay<'_> {
    /// The resources that `kustomize build` emits.
    ///
    /// # Errors
    ///
    /// The parts that are not modelled or that kustomize refuses, if there are any.
    pub fn build(&self) -> Result<Vec<Built>, Vec<Unknown>> {
        let (items, lost) = self.finish();
        let mut unknown = self.unknown();
        unknown.extend(lost.into_iter().map(|lost| self.placed(lost)));
        if !unknown.is_empty() {
            unknown.truncate(MAX_UNKNOWN);
            return Err(unknown);
        }
        Ok(items.iter().filter_map(emitted).collect())
    }

    /// The final resources, and the parts of them that are not known.
    pub(super) fn finish(&self) -> (Vec<Item>, Vec<Lost>) {
        let mut items = self.items.clone();
        let (mut lost, mut budget) = (Vec::new(), self.walk.budget);
        for (key, mark) in items.iter().filter_map(notes::acting) {
            lose(&mut lost, Reason::Setting, key, Some(mark));
        }
        for item in items.iter_mut().filter(|item| item.hashed) {
            let Some(hash) = hash(item) else {
                lose(&mut lost, Reason::Hidden, item.name(), Some(item.origin));
                continue;
            };
            item.enter();
            let name = format!("{}-{hash}", item.name());
            let named = item.root.at(&["metadata", "name"]);
            let mark = named.map_or(item.origin, |name| name.mark);
            item.root
                .set(&["metadata", "name"], Piece::text(&name, mark));
            item.note_id();
            if item.is_parted() {
                lose(&mut lost, Reason::Type, item.name(), Some(item.origin));
            }
        }
        let reaches = &self.walk.reaches;
        let done =
            references::follow(&mut items, &reaches.names, &mut budget, &mut lost).and_then(|()| {
                variables::resolve(
                    &mut items,
                    &self.walk.vars,
                    &reaches.variables,
                    &mut budget,
                    &mut lost,
                )
            });
        if done.is_none() {
            lose(&mut lost, Reason::Bounds, "", None);
        }
        items.retain(|item| {
            let local = item.root.at(&["metadata", "annotations", LOCAL_CONFIG]);
            local.is_none_or(|local| local.scalar_text().as_deref() == Some("false"))
        });
        let kustomization = self.walk.parsed.kustomization(&self.directory);
        for item in &mut items {
            if !self.walk.notes.finish(item) {
                lose(&mut lost, Reason::Type, "labels", Some(item.origin));
            }
        }
        let options = kustomization.and_then(|own| own.root.get("sortOptions"));
        match Order::read(options) {
            Ok(order) => order.sort(&mut items),
            Err(_) => lose(&mut lost, Reason::Type, "sortOptions", None),
        }
        (items, lost)
    }
}

/// A resource as it is emitted: without kustomize's internal annotations.
fn emitted(item: &Item) -> Option<Built> {
    let mut value = item.shown()?;
    let metadata = value.get_mut("metadata").and_then(Value::as_object_mut)?;
    let is_empty = metadata
        .get("annotations")
        .is_some_and(|map| map.as_object().is_some_and(serde_json::Map::is_empty));
    if is_empty {
        metadata.remove("annotations");
    }
    Some(Built {
        resource: value,
        is_secret: item.was_secret(),
        first_name: item.original().name.clone(),
    })
}
