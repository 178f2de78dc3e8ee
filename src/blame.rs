//! Finds the line of the file that set a field.
//!
//! A [`Replay`] records the writer of every value. It need not model everything that kustomize
//! does: a line is reported only if the replay has the same value as the finding. Otherwise the
//! kustomization is reported, with a note that the cause is not known.

mod absent;
mod beside;
mod locate;

use std::ops::Range;

use serde_json::Value;

use crate::engine::item::Item;
use crate::engine::piece::Mark;
use crate::engine::walk::{Nearness, SECRET, Use, What};
use crate::engine::{Form, Reason, Replay};
use crate::finding::{self, Compared, Finding, Place, REDACTED, ResourceRef, UNTOLD};
use crate::path::FieldPath;
use crate::repo::{Kustomization, NAMES, To, join, split, without_password};
use crate::resource::Resource;
use crate::yaml::Node;

/// The field of a resource whose cause is wanted.
#[derive(Clone, Copy, Debug)]
pub struct Target<'f> {
    /// The resource, by its names on this side.
    pub resource: &'f ResourceRef,
    /// Its name on this side.
    pub name: &'f str,
    /// The path of the field; `None` for the whole resource.
    pub path: Option<&'f FieldPath<'f>>,
    /// The value on this side; `None` if this side has none.
    pub value: Option<&'f Value>,
    /// The value on the other side.
    pub other: Option<&'f Value>,
    /// Whether the other side is the base, so that no line of the base can be the cause.
    pub against_base: bool,
}

impl<'f> Target<'f> {
    /// The target of a finding on the judged side, against the base or another environment.
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

    /// The target of a finding on the base's side, or on that of the environment in its place.
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
    /// Its kind.
    pub form: Form,
    /// The line that names it, or its own place if it is inline.
    pub place: Place,
    /// The number of its documents.
    pub documents: usize,
    /// Whether the overlay's own kustomization names it, rather than a component.
    pub is_own: bool,
    /// Its effect.
    pub effect: Effect,
}

/// The effect of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes something, or its effect is not known.
    Something,
    /// It has no target.
    NoTarget,
    /// Every value that it sets was already there.
    Nothing,
    /// kustomize gives the same result without it.
    Dropped,
    /// Without it, kustomize gives the same result for all targets that are not Secrets; about those, nothing is said.
    DroppedBesideSecrets,
}

impl Replay<'_> {
    /// The cause of a field on this side; the kustomization if the cause is not known.
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

    /// The place of a field on this side, or of its nearest parent; `None` if this side has no such
    /// resource.
    #[must_use]
    pub fn standing(&self, target: &Target<'_>) -> Option<Place> {
        let item = self.find(target)?;
        let mark = self.locate(item, target).unwrap_or(item.origin);
        Some(self.place(self.narrow(mark, target), target.is_hidden()))
    }

    /// The value of a field on this side, if it is a single value.
    #[must_use]
    pub fn value(&self, target: &Target<'_>) -> Option<String> {
        let mut piece = &self.find(target)?.root;
        for spot in target.path?.spots() {
            piece = piece.step(&spot.segment)?;
        }
        piece.scalar_text()
    }

    /// The kustomization, if no better place is known.
    fn untold(&self) -> Option<Place> {
        let what = UNTOLD.to_owned();
        Some(Place {
            what,
            ..self.kustomization()?
        })
    }

    /// The place for the overlay as a whole.
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
            // kustomize accepts files that are not text.
            let mut names = NAMES.iter().map(|name| join(&self.directory, name));
            let (file, text) = names.find_map(|path| parsed.sources.entry(&path))?;
            let start = line_with_content(text);
            let what = "the kustomization".to_owned();
            return Some(Place {
                // The file may contain anything.
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

    /// The place of a field of a kustomization, without the rest of its line.
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

    /// The patches and other entries of the overlay's own kustomization, of its parts and of its
    /// components.
    ///
    /// `base` and `built` are the built resources of the base and the overlay: the effect of an
    /// entry is reported only if the replay agrees with them.
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

    /// Whether only one kustomization loads the one that contains a mark.
    fn is_alone(&self, mark: Mark) -> bool {
        let parsed = self.walk.parsed;
        let file = self.walk.origins.get(mark.origin);
        let mut directory = file.map_or("", |origin| split(origin.file).0);
        // The file of a patch may be in a subdirectory.
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
            // A transformation with a wider reach affects more than patches do.
            let is_further = reason != Reason::Scalar;
            reason.hides_patches() || !done.form.is_patch() && is_further
        };
        let is_known = done.is_followed
            && self.walk.elsewhere.is_empty()
            && !self.walk.unknown.iter().any(|lost| hides(lost.reason));
        if !is_known {
            return Effect::Something;
        }
        // Whether a patch gives a Secret another value would confirm a guess, so nothing below may depend on that.
        if done.has_secret() {
            let others = |(kind, _): &&(String, String)| kind != SECRET;
            let others: Vec<_> = done.targets.iter().filter(others).collect();
            return if self.is_dropped(done, &others, base, built) {
                Effect::DroppedBesideSecrets
            } else {
                Effect::Something
            };
        }
        if done.changed {
            let targets: Vec<_> = done.targets.iter().collect();
            return if self.is_dropped(done, &targets, base, built) {
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

    /// Whether kustomize silently drops a patch: some of its targets are built as in the base, and no
    /// other entry changes them, so that nothing undoes the patch.
    fn is_dropped(
        &self,
        done: &Use,
        targets: &[&(String, String)],
        base: &[Resource<'_>],
        built: &[Resource<'_>],
    ) -> bool {
        let is_alone = |target: &(String, String)| {
            let mut uses = self.walk.uses.iter().filter(|other| {
                let may_change = other.changed || other.has_secret();
                !self.is_base(other.mark) && may_change && other.targets.contains(target)
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
        // An operation without effect may still be a test.
        done.form == Form::Strategic
            && !targets.is_empty()
            && targets
                .iter()
                .all(|target| is_alone(target) && is_kept(target))
    }

    /// Whether a mark belongs to a part of the base.
    fn is_base(&self, mark: Mark) -> bool {
        self.is_overlay
            && self
                .walk
                .origins
                .get(mark.origin)
                .is_some_and(|origin| origin.in_base)
    }

    /// For a file that is a whole value, the first line that differs from the other side.
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
        // If the other side only has more lines, the last line is the nearest.
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
            // Without a shared base, nothing is added to one.
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

    /// Whether a line belongs to a part that may contain the values of Secrets.
    fn may_show_secret(&self, file: &str, line: &Range<usize>) -> bool {
        self.walk.secrets.iter().any(|(of, range)| {
            let of = self.walk.origins.get(*of);
            of.is_some_and(|of| of.file == file)
                && range.start < line.end.max(line.start + 1)
                && line.start < range.end
        })
    }
}

/// The start of the first line that is not a comment.
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
