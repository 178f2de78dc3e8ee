//! Why a side lacks a resource or a field.

use crate::engine::Replay;
use crate::engine::item::Item;
use crate::engine::piece::{Gone, Mark, Piece, same};
use crate::finding::Place;
use crate::path::Spot;
use crate::text::without_hash;

use super::Target;
use super::locate::{follow, is_of_list_without_keys};

impl Replay<'_> {
    /// The resource of this side that a target names.
    pub(super) fn find(&self, target: &Target<'_>) -> Option<&Item> {
        // If two match equally well, none is chosen.
        match self.all(target).as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }

    /// The resources of this side that a target may name.
    fn all(&self, target: &Target<'_>) -> Vec<&Item> {
        let group = target
            .resource
            .api_version
            .split_once('/')
            .map_or("", |(group, _)| group);
        let kind = &target.resource.kind;
        let alike = || self.items.iter().filter(|item| item.kind == *kind);
        let called = |item: &Item, name: &str| {
            item.name() == name || (item.generated && item.name() == without_hash(name))
        };
        let namespace = target.resource.namespace.as_deref().unwrap_or_default();
        let mut found: Vec<&Item> = alike().filter(|item| called(item, target.name)).collect();
        if found.is_empty() {
            found = alike()
                .filter(|item| item.ids.iter().any(|id| id.name == target.name))
                .collect();
        }
        for keep in [
            (|item: &Item, group: &str, _: &str| item.group == group)
                as fn(&Item, &str, &str) -> bool,
            |item, _, namespace| item.namespace() == namespace,
        ] {
            if found.len() > 1 && found.iter().any(|item| keep(item, group, namespace)) {
                found.retain(|item| keep(item, group, namespace));
            }
        }
        found
    }

    /// The mark that removed a resource from this side.
    pub(super) fn missing(&self, target: &Target<'_>) -> Option<Mark> {
        let kind = &target.resource.kind;
        let deleted = self.walk.gone.iter().rev().find(|(item, _)| {
            item.kind == *kind
                && item.ids.iter().any(|id| {
                    id.name == target.name || item.generated && id.name == without_hash(target.name)
                })
        });
        deleted.map(|(_, mark)| *mark).or_else(|| {
            self.elsewhere()
                .filter(|_| target.value.is_some() || target.path.is_none())
        })
    }

    /// The cause of a changed or missing hash in the name of a generated resource, which is in no
    /// line.
    pub(super) fn unreferred(&self, target: &Target<'_>) -> Option<Mark> {
        let name = target.value?.as_str()?;
        let is_it =
            |item: &Item, name: &str| item.generated && item.ids.iter().any(|id| id.name == name);
        let mut gone = self.walk.gone.iter().rev();
        if let Some((_, mark)) = gone.find(|(item, _)| is_it(item, name)) {
            return Some(*mark);
        }
        // The data decides the hash.
        let plain = without_hash(name);
        let mut made = self.items.iter().filter(|item| is_it(item, plain));
        let item = made.next().filter(|_| plain != name)?;
        let mark = self.writer(item, item.root.get("data")?);
        (made.next().is_none() && !self.is_base(mark)).then_some(mark)
    }

    /// The only entry of the overlay that loads from elsewhere, if there is one.
    fn elsewhere(&self) -> Option<Mark> {
        let own: Vec<Mark> = self
            .walk
            .elsewhere
            .iter()
            .copied()
            .filter(|mark| !self.is_base(*mark))
            .collect();
        match own.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }

    /// Why a path ends early: `piece` is its last existing piece, and `at` the step that does not
    /// exist.
    pub(super) fn absent(
        &self,
        item: &Item,
        piece: &Piece,
        steps: &[Spot<'_>],
        at: usize,
        target: &Target<'_>,
    ) -> Option<Mark> {
        if let Some(value) = target.value {
            let found = Self::reached(item, steps, value)
                .or_else(|| self.elsewhere_in_list(item, steps, value));
            let by_var = || {
                let elements = piece.items().iter();
                let mut marks = elements.filter_map(|element| self.through_var(element, value));
                marks.next().filter(|_| at + 1 == steps.len())
            };
            return found
                .or_else(by_var)
                .or_else(|| item.partial.then(|| self.elsewhere())?);
        }
        let is_last = at + 1 == steps.len();
        let same_value = |gone: &Gone| {
            target
                .other
                .zip(gone.piece.to_json())
                .is_some_and(|(other, json)| same(&json, other))
        };
        let lost = piece.lost(&steps[at].segment).or_else(|| {
            let mut gone = piece.gone.iter().rev();
            gone.find(|gone| gone.key.is_none() && is_last && same_value(gone))
                .map(|gone| gone.mark)
        });
        if lost.is_some() {
            return lost;
        }
        let own = if std::ptr::eq(piece, &raw const item.root) {
            item.origin
        } else {
            piece.mark
        };
        if !self.is_overlay || !self.is_base(own) {
            return Some(own);
        }
        item.partial.then(|| self.elsewhere())?
    }

    /// Why a list whose elements have no keys lacks an element.
    ///
    /// The element at the index is another one.
    pub(super) fn without_index(&self, item: &Item, target: &Target<'_>) -> Option<Mark> {
        let steps = target.path?.spots();
        let (element, above) = steps.split_last()?;
        let list = follow(&item.root, above)?;
        let is_by_index = is_of_list_without_keys(&element.segment);
        is_by_index.then(|| self.absent(item, list, steps, above.len(), target))?
    }

    /// The best place to show a missing resource or field that no line removes.
    ///
    /// For a field it is the nearest existing parent; for a resource it is the list of loaded
    /// resources.
    pub(super) fn lacking(&self, target: &Target<'_>) -> Option<Place> {
        if target.value.is_some() || self.is_lost() {
            return None;
        }
        match self.all(target).as_slice() {
            [] => self.loads(),
            // The base has the field, and the overlay removes it in a way that is not known.
            [item] if !target.against_base => self.nearest(item, target),
            _ => None,
        }
    }

    /// Whether this side may lack something for a reason that is not known.
    pub(super) fn is_lost(&self) -> bool {
        let mut unknown = self.walk.unknown.iter();
        !self.walk.elsewhere.is_empty() || unknown.any(|lost| lost.reason.hides_patches())
    }

    /// The nearest existing parent of a field.
    fn nearest(&self, item: &Item, target: &Target<'_>) -> Option<Place> {
        let steps = target.path?.spots();
        let mut piece = &item.root;
        let mut is_whole = true;
        for step in steps {
            let Some(next) = piece.step(&step.segment) else {
                is_whole = false;
                break;
            };
            piece = next;
        }
        if is_whole {
            return None;
        }
        let is_root = std::ptr::eq(piece, &raw const item.root);
        let mark = if is_root { item.origin } else { piece.mark };
        let place = self.place(mark, target.is_hidden());
        Some(Place {
            what: format!("{} (the nearest line that exists)", place.what),
            ..place
        })
    }

    /// The field of the kustomization that lists its resources.
    fn loads(&self) -> Option<Place> {
        let kustomization = self.walk.parsed.kustomization(&self.directory)?;
        let mut keys = kustomization.root.entries().map(|(key, _)| key);
        let key = keys.find(|key| key.text() == "resources")?;
        self.field_of(kustomization, key, "resources, which do not include it")
    }
}
