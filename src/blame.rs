//! Which line of which file made a field what it is.
//!
//! A [`Replay`] notes for every value who wrote it. It need not be right about
//! everything that kustomize does: a place is told only where the replay comes
//! to the very value that was found; elsewhere the kustomization is named, and
//! that the cause could not be told.

mod absent;
mod beside;
mod locate;

use std::ops::Range;

use serde_json::Value;

use crate::engine::item::Item;
use crate::engine::piece::Mark;
use crate::engine::walk::{Nearness, Use, What};
use crate::engine::{Form, Reason, Replay};
use crate::finding::{self, Compared, Finding, Place, REDACTED, ResourceRef, UNTOLD};
use crate::path::FieldPath;
use crate::repo::{Kustomization, NAMES, To, join, split, without_password};
use crate::resource::Resource;
use crate::yaml::Node;

/// The field of a resource whose place is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Target<'f> {
    /// The resource, by the names that it has on this side.
    pub resource: &'f ResourceRef,
    /// Its name on this side.
    pub name: &'f str,
    /// The path of the field; `None` for the whole resource.
    pub path: Option<&'f FieldPath<'f>>,
    /// The value on this side; `None` where this side has none.
    pub value: Option<&'f Value>,
    /// The value on the other side.
    pub other: Option<&'f Value>,
    /// Whether the other side is the base, so that no line of the base's can be the cause.
    pub against_base: bool,
}

impl<'f> Target<'f> {
    /// What a finding says of the environment that is judged, against the base or against another environment.
    #[must_use]
    pub fn overlay(finding: &'f Finding) -> Option<Self> {
        let resource = finding.resource.as_ref()?;
        let field = finding.traced();
        Some(Self {
            resource,
            name: &resource.name,
            path: field.map(|field| &field.path),
            value: field.and_then(|field| field.overlay.as_ref()),
            other: field.and_then(|field| field.base.as_ref()),
            against_base: !matches!(finding.compared, Compared::Sibling { .. })
                && !finding.rule.is_alone(),
        })
    }

    /// What a finding says of the base, or of the environment that stands in for it.
    #[must_use]
    pub fn base(finding: &'f Finding) -> Option<Self> {
        let resource = finding.resource.as_ref()?;
        let field = finding.traced();
        Some(Self {
            resource,
            name: finding.base_name.as_deref().unwrap_or(&resource.name),
            path: field.map(|field| field.base_path.as_ref().unwrap_or(&field.path)),
            value: field.and_then(|field| field.base.as_ref()),
            other: field.and_then(|field| field.overlay.as_ref()),
            against_base: false,
        })
    }

    fn is_hidden(&self) -> bool {
        let hidden = |value: Option<&Value>| value.and_then(Value::as_str) == Some(REDACTED);
        self.resource.kind == "Secret" || hidden(self.value) || hidden(self.other)
    }
}

/// A patch of an overlay, or another entry of its kustomization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub form: Form,
    /// Where it is named, or where it stands when it is inline.
    pub place: Place,
    /// How many documents it has.
    pub documents: usize,
    /// Whether the overlay's own kustomization names it, and not a component.
    pub is_own: bool,
    /// What it does.
    pub effect: Effect,
}

/// What a patch does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes something, or nobody can say.
    Something,
    /// There is nothing that it is for.
    NoTarget,
    /// Everything that it says stood there before.
    Nothing,
    /// kustomize makes the same without it.
    Dropped,
}

impl Replay<'_> {
    /// What caused a field of this side to be as it is; the kustomization where that cannot be told.
    #[must_use]
    pub fn cause(&self, target: &Target<'_>) -> Option<Place> {
        let mark = match self.find(target) {
            Some(item) => self.locate(item, target),
            None => self.missing(target),
        };
        let is_foreign = |mark: &Mark| target.against_base && self.is_base(*mark);
        let mark = match mark {
            Some(mark) if is_foreign(&mark) => self.unreferred(target),
            mark => mark,
        };
        match mark {
            Some(mark) => Some(self.place(self.narrow(mark, target), target.is_hidden())),
            None => self.lacking(target).or_else(|| self.untold()),
        }
    }

    /// Where this side says what a field is, or its nearest parent; nothing where it has no such resource.
    #[must_use]
    pub fn standing(&self, target: &Target<'_>) -> Option<Place> {
        let item = self.find(target)?;
        let mark = self.locate(item, target).unwrap_or(item.origin);
        Some(self.place(self.narrow(mark, target), target.is_hidden()))
    }

    /// What this side comes to at a field, where that is a single value.
    #[must_use]
    pub fn value(&self, target: &Target<'_>) -> Option<String> {
        let mut piece = &self.find(target)?.root;
        for spot in target.path?.spots() {
            piece = piece.step(&spot.segment)?;
        }
        piece.scalar_text()
    }

    /// The kustomization, where nothing more can be told.
    fn untold(&self) -> Option<Place> {
        let what = UNTOLD.to_owned();
        Some(Place {
            what,
            ..self.kustomization()?
        })
    }

    /// The place that stands for the overlay as a whole.
    #[must_use]
    pub fn kustomization(&self) -> Option<Place> {
        const RELEVANT: [&str; 6] = [
            "transformers",
            "generators",
            "replacements",
            "vars",
            "helmCharts",
            "resources",
        ];
        let parsed = self.walk.parsed;
        let Some(kustomization) = parsed.kustomization(&self.directory) else {
            // kustomize takes files that the one reader of text refuses.
            let mut names = NAMES.iter().map(|name| join(&self.directory, name));
            let (file, text) = names.find_map(|path| parsed.sources.entry(&path))?;
            let start = line_with_content(text);
            let what = "the kustomization".to_owned();
            return Some(Place {
                // It may hold anything.
                source: None,
                ..Place::excerpt(file, text, start..text.len(), what)
            });
        };
        let entries = || kustomization.root.entries().map(|(key, _)| key);
        let key = RELEVANT
            .iter()
            .find_map(|name| entries().find(|key| key.text() == *name))
            .or_else(|| entries().next())?;
        self.field_of(kustomization, key, "the kustomization")
    }

    /// The place of a field of a kustomization, without what else its line may hold.
    fn field_of(
        &self,
        kustomization: Kustomization<'_>,
        key: Node<'_>,
        what: &str,
    ) -> Option<Place> {
        let file = kustomization.file;
        let text = self.walk.parsed.sources.text(file)?;
        let span = key.span();
        let mut place = Place::excerpt(file, text, span.clone(), what.to_owned());
        let line = finding::line_around(text, span.start);
        let keys = kustomization.root.entries().map(|(key, _)| key);
        let others = keys.filter(|key| line.contains(&key.span().start));
        if others.count() > 1 || self.may_show_secret(file, &line) {
            place.source = None;
        }
        Some(place)
    }

    /// The patches and the other entries of the overlay's own kustomization, of its parts and of its components.
    ///
    /// `base` and `built` are the base and the overlay as they were built: what an entry does is told where the replay
    /// agrees with them.
    #[must_use]
    pub fn entries(&self, base: &[Resource<'_>], built: &[Resource<'_>]) -> Vec<Entry> {
        let own = self.walk.uses.iter();
        own.filter(|done| done.reach != Nearness::Far)
            .map(|done| Entry {
                form: done.form,
                place: self.place(done.mark, false),
                documents: done.documents,
                is_own: done.reach == Nearness::Own
                    || done.reach == Nearness::Part && self.is_alone(done.mark),
                effect: self.effect(done, base, built),
            })
            .collect()
    }

    /// Whether one kustomization alone loads the one that a mark stands in.
    fn is_alone(&self, mark: Mark) -> bool {
        let parsed = self.walk.parsed;
        let file = self.walk.origins.get(mark.origin);
        let mut directory = file.map_or("", |origin| split(origin.file).0);
        // A file of a patch may lie deeper.
        while !directory.is_empty() && parsed.kustomization(directory).is_none() {
            directory = split(directory).0;
        }
        let mut loaders = parsed.kustomizations().filter(|other| {
            let mut edges = parsed.graph().of_directory(other.directory()).iter();
            edges.any(|edge| matches!(&edge.to, To::Kustomization(to) if to == directory))
        });
        loaders.next().is_some() && loaders.next().is_none()
    }

    fn effect(&self, done: &Use, base: &[Resource<'_>], built: &[Resource<'_>]) -> Effect {
        let hides = |reason: Reason| {
            // What reaches further than the defaults reaches more than patches do.
            let is_further = reason != Reason::Scalar;
            reason.hides_patches() || !done.form.is_patch() && is_further
        };
        let is_known = done.is_followed
            && self.walk.elsewhere.is_empty()
            && !self.walk.unknown.iter().any(|lost| hides(lost.reason));
        if !is_known {
            return Effect::Something;
        }
        if done.changed {
            return if self.is_dropped(done, base, built) {
                Effect::Dropped
            } else {
                Effect::Something
            };
        }
        if done.targets.is_empty() {
            return Effect::NoTarget;
        }
        let is_sure = done.targets.iter().all(|target| {
            let ours = self.shared(target);
            ours.is_some_and(|ours| base.iter().any(|resource| ours.is_built(resource)))
        });
        if is_sure {
            Effect::Nothing
        } else {
            Effect::Something
        }
    }

    /// The one resource of the base that had this kind and name.
    fn shared(&self, (kind, name): &(String, String)) -> Option<&Item> {
        let mut ours = self
            .walk
            .base
            .iter()
            .filter(|item| item.kind == *kind && item.ids.iter().any(|id| id.name == *name));
        ours.next().filter(|_| ours.next().is_none())
    }

    /// Whether kustomize leaves out a patch without a word: all that it is for is built as in the base, and nothing else
    /// changes any of it, so that nothing undoes it.
    fn is_dropped(&self, done: &Use, base: &[Resource<'_>], built: &[Resource<'_>]) -> bool {
        let is_alone = |target: &(String, String)| {
            let mut uses = self.walk.uses.iter().filter(|other| {
                !self.is_base(other.mark) && other.changed && other.targets.contains(target)
            });
            uses.all(|other| std::ptr::eq(other, done))
        };
        let is_kept = |target: &(String, String)| {
            let Some(ours) = self.shared(target).filter(|ours| !ours.is_secret()) else {
                return false;
            };
            let as_ours = |all: &[Resource<'_>]| {
                let mut found = all.iter().filter(|resource| {
                    resource.kind() == ours.kind
                        && resource.group() == ours.group
                        && resource.name() == ours.name()
                });
                let one = found.next().filter(|_| found.next().is_none());
                one.filter(|one| !one.is_secret())
                    .map(|one| one.node.to_json())
            };
            let before = as_ours(base);
            before.is_some() && before == as_ours(built)
        };
        // An operation that does nothing may still be a test.
        done.form == Form::Strategic
            && !done.targets.is_empty()
            && done
                .targets
                .iter()
                .all(|target| is_alone(target) && is_kept(target))
    }

    /// Whether a mark belongs to what the overlay takes from the base.
    fn is_base(&self, mark: Mark) -> bool {
        self.is_overlay
            && self
                .walk
                .origins
                .get(mark.origin)
                .is_some_and(|origin| origin.in_base)
    }

    /// Of a file that is a value as a whole, the first line that the other side does not have there.
    fn narrow(&self, mark: Mark, target: &Target<'_>) -> Mark {
        let text = self.walk.origins.get(mark.origin).and_then(|origin| {
            let is_file = origin.what == What::ConfigMapFile && mark.start == 0;
            self.walk
                .parsed
                .sources
                .text(origin.file)
                .filter(|_| is_file)
        });
        let (Some(text), Some(other)) = (text, target.other.and_then(Value::as_str)) else {
            return mark;
        };
        if target.value.and_then(Value::as_str) != Some(text) {
            return mark;
        }
        let mut start = 0;
        for (ours, theirs) in text.split_inclusive('\n').zip(other.split_inclusive('\n')) {
            if ours != theirs {
                break;
            }
            start += ours.len();
        }
        // Where the other side has more, the last line is as near as it gets.
        if start == text.len() {
            start = text
                .trim_end_matches('\n')
                .rfind('\n')
                .map_or(0, |at| at + 1);
        }
        Mark { start, ..mark }
    }

    fn place(&self, mark: Mark, is_hidden: bool) -> Place {
        let Some(origin) = self.walk.origins.get(mark.origin) else {
            return Place::excerpt("", "", 0..0, UNTOLD.to_owned());
        };
        let text = self
            .walk
            .parsed
            .sources
            .text(origin.file)
            .unwrap_or_default();
        let mut what = match origin.what {
            What::Resource if !self.is_overlay => "the resource",
            What::Resource if origin.in_base => "the resource of the base",
            // Where nothing is shared, nothing is added.
            What::Resource if !self.walk.has_bases() => "the resource",
            What::Resource => "the resource that the overlay adds",
            What::Elsewhere => "a resource loaded from elsewhere",
            What::Strategic => "strategic merge patch",
            What::Json6902 => "JSON6902 operation",
            What::Images => "images",
            What::Replicas => "replicas",
            What::Prefix => "namePrefix",
            What::Suffix => "nameSuffix",
            What::Namespace => "namespace",
            What::Labels => "labels",
            What::Annotations => "commonAnnotations",
            What::ConfigMapGenerator => "configMapGenerator",
            What::SecretGenerator => "secretGenerator",
            What::ConfigMapFile => "file of a configMapGenerator",
            What::SecretFile => "file of a secretGenerator",
            What::Replacements => "replacements",
        }
        .to_owned();
        if let Some(component) = &origin.component {
            let name = split(component).1;
            what = format!("{what} (component {name})");
        }
        let mut place = Place::excerpt(origin.file, text, mark.start..mark.end, what);
        let line = finding::line_around(text, mark.start);
        let has_password = place
            .source
            .as_deref()
            .is_some_and(|source| without_password(source) != source);
        if is_hidden || has_password || self.may_show_secret(origin.file, &line) {
            place.source = None;
        }
        place
    }

    /// Whether a line is a part of what may hold the values of Secrets.
    fn may_show_secret(&self, file: &str, line: &Range<usize>) -> bool {
        self.walk.secrets.iter().any(|(of, range)| {
            let of = self.walk.origins.get(*of);
            of.is_some_and(|of| of.file == file)
                && range.start < line.end.max(line.start + 1)
                && line.start < range.end
        })
    }
}

/// Where the first line begins that is no comment.
fn line_with_content(text: &str) -> usize {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let said = line.trim();
        if !said.is_empty() && !said.starts_with('#') && said != "---" {
            return at;
        }
        at += line.len();
    }
    0
}

#[cfg(test)]
mod tests;
