//! From the path of a field to the mark of its writer.

use serde_json::Value;

use crate::engine::Replay;
use crate::engine::item::{Item, To};
use crate::engine::piece::{Body, Mark, Piece, same};
use crate::finding::REDACTED;
use crate::path::argument::Named;
use crate::path::{Path, Segment, Spot};
use crate::resource::{Resource, is_bookkeeping};
use crate::text::{repository, without_hash};

use super::Target;

impl Replay<'_> {
    /// The writer of a field; `None` if the replay has another value.
    pub(super) fn locate(&self, item: &Item, target: &Target<'_>) -> Option<Mark> {
        let Some(path) = target.path else {
            return Some(item.origin);
        };
        let steps = path.spots();
        let mut piece = &item.root;
        for (at, step) in steps.iter().enumerate() {
            // The place of a removed element is on the side that has it.
            let is_gone =
                target.value.is_none() && matches!(step.segment.named(), Some(Named::Removed(_)));
            let next = piece.step(&step.segment).filter(|_| !is_gone);
            let Some(next) = next else {
                return self.absent(item, piece, steps, at, target);
            };
            piece = next;
        }
        let Some(value) = target.value else {
            // The replay has a value that the build lacks; a null counts as absent.
            let null = piece.is_null().then_some(piece.mark);
            return null.or_else(|| self.without_index(item, target));
        };
        if is_agreed(item, piece, value) {
            let own = self
                .own_name(item, steps)
                .or_else(|| renamed(piece, target));
            return Some(own.unwrap_or_else(|| self.writer(item, piece)));
        }
        if let Some(mark) = self.through_var(piece, value) {
            return Some(mark);
        }
        Self::reached(item, steps, value).or_else(|| self.elsewhere_in_list(item, steps, value))
    }

    /// The mark that renamed a resource; a prefix for all resources is only a part of that.
    fn own_name(&self, item: &Item, steps: &[Spot<'_>]) -> Option<Mark> {
        let is_name = match steps {
            [metadata, name] => metadata.is_field("metadata") && name.is_field("name"),
            _ => false,
        };
        item.named.filter(|mark| is_name && !self.is_base(*mark))
    }

    /// The writer of a piece; for a map or a list of the base, the last change in it.
    pub(super) fn writer(&self, item: &Item, piece: &Piece) -> Mark {
        let own = if std::ptr::eq(piece, &raw const item.root) {
            item.origin
        } else {
            piece.mark
        };
        if !self.is_overlay || !self.is_base(own) {
            return own;
        }
        let mut last: Option<Mark> = None;
        let mut note = |mark: Mark| {
            if !self.is_base(mark) && last.is_none_or(|last| last.origin <= mark.origin) {
                last = Some(mark);
            }
        };
        piece.visit(&mut |piece| {
            note(piece.mark);
            piece.touched.into_iter().for_each(&mut note);
        });
        last.unwrap_or(own)
    }

    /// The writer of the value of a `$(NAME)` in a text, if replacing it gives this value.
    ///
    /// The text itself is the cause if the overlay wrote it.
    pub(super) fn through_var(&self, piece: &Piece, value: &Value) -> Option<Mark> {
        let text = piece.as_str()?;
        let mut text = text.to_owned();
        let mut last = None;
        for var in &self.walk.vars {
            let name = format!("$({})", var.name);
            if !text.contains(&name) {
                continue;
            }
            let item = self
                .items
                .iter()
                .find(|item| item.is_called(&var.kind, &var.resource, None))?;
            let path = Path::parse(&var.path).ok()?;
            let source = path.0.iter().try_fold(&item.root, Piece::step)?;
            let said = source.scalar_text()?;
            // A value may contain other names; a hostile file must not make it grow forever.
            if text.len() + said.len() > value.as_str()?.len() + name.len() {
                return None;
            }
            text = text.replacen(&name, &said, 1);
            last = Some(self.writer(item, source));
        }
        let is_own = !self.is_base(piece.mark);
        (value.as_str() == Some(&text)).then(|| last.filter(|_| !is_own).unwrap_or(piece.mark))
    }

    /// A transformation of all resources that sets exactly this value.
    pub(super) fn reached(item: &Item, steps: &[Spot<'_>], value: &Value) -> Option<Mark> {
        let text = value.as_str()?;
        let name = |step: Option<&Spot<'_>>| match step.map(|step| &step.segment) {
            Some(Segment::Field(name)) => Some(name.to_string()),
            _ => None,
        };
        let last = name(steps.last())?;
        let parent = steps
            .len()
            .checked_sub(2)
            .and_then(|at| name(steps.get(at)));
        let piece = follow(&item.root, steps);
        let before = piece.and_then(Piece::as_str);
        item.reach.iter().rev().find_map(|reach| {
            let says = match &reach.to {
                To::Namespace(namespace) => last == "namespace" && namespace == text,
                To::Label(key, label) => {
                    *key == last
                        && label == text
                        && matches!(
                            parent.as_deref(),
                            Some("labels" | "matchLabels" | "selector")
                        )
                }
                To::Annotation(key, annotation) => {
                    *key == last && annotation == text && parent.as_deref() == Some("annotations")
                }
                To::Prefix(prefix) => before.is_some_and(|before| {
                    text.strip_prefix(prefix.as_str())
                        .is_some_and(|rest| rest.contains(before))
                }),
                To::Suffix(suffix) => before.is_some_and(|before| {
                    without_hash(text)
                        .strip_suffix(suffix.as_str())
                        .is_some_and(|rest| rest.contains(before))
                }),
            };
            says.then_some(reach.mark)
        })
    }

    /// The one element of a list with this value, if the build has the list in another order.
    pub(super) fn elsewhere_in_list(
        &self,
        item: &Item,
        steps: &[Spot<'_>],
        value: &Value,
    ) -> Option<Mark> {
        let at = steps
            .iter()
            .rposition(|step| is_of_list_without_keys(&step.segment))?;
        let list = follow(&item.root, &steps[..at])?;
        let mut found = list
            .items()
            .iter()
            .filter_map(|element| follow(element, &steps[at + 1..]))
            .filter(|piece| is_agreed(item, piece, value));
        let only = found.next()?;
        found.next().is_none().then(|| self.writer(item, only))
    }
}

impl Item {
    /// Whether a built resource equals this one, apart from the annotations of hosts and hashes.
    pub(super) fn is_built(&self, resource: &Resource<'_>) -> bool {
        let is_it = resource.kind() == self.kind
            && (resource.name() == self.name() || without_hash(resource.name()) == self.name());
        if !is_it || self.is_secret() {
            return false;
        }
        let mut built = resource.node.to_json();
        if let Some(metadata) = built.get_mut("metadata").and_then(Value::as_object_mut) {
            let annotations = metadata
                .get_mut("annotations")
                .and_then(Value::as_object_mut);
            let is_empty = annotations.is_some_and(|annotations| {
                annotations.retain(|key, _| !is_bookkeeping(key));
                annotations.is_empty()
            });
            if is_empty {
                metadata.remove("annotations");
            }
        }
        is_alike(self, &self.root, &built, true)
    }
}

/// The mark that renamed an image, if the other side has another name.
fn renamed(piece: &Piece, target: &Target<'_>) -> Option<Mark> {
    let ours = piece.as_str()?;
    let theirs = target.other?.as_str()?;
    piece
        .touched
        .filter(|_| repository(ours) != repository(theirs))
}

/// Whether a step leads to an element without keys, which may be at another index in the build.
pub(super) fn is_of_list_without_keys(step: &Segment<'_>) -> bool {
    matches!(step, Segment::Index(_)) || step.named().is_some()
}

pub(super) fn follow<'p>(piece: &'p Piece, steps: &[Spot<'_>]) -> Option<&'p Piece> {
    let mut steps = steps.iter().map(|step| &step.segment);
    steps.try_fold(piece, Piece::step)
}

/// Whether a piece equals the value in the build, if its value is known and may be shown.
fn is_agreed(item: &Item, piece: &Piece, value: &Value) -> bool {
    let is_told = value.as_str().is_none_or(|text| {
        text != REDACTED && !(text.starts_with('<') && text.ends_with(" nodes>"))
    });
    !is_told || is_alike(item, piece, value, false)
}

/// `within` says that the value is part of one that was written as a whole, so a rename does not
/// matter.
fn is_alike(item: &Item, piece: &Piece, value: &Value, within: bool) -> bool {
    match (&piece.body, value) {
        (Body::Unknown, _) => true,
        (Body::Scalar(Value::String(ours)), Value::String(theirs)) => {
            ours == theirs || refers(item, ours, theirs, within)
        }
        (Body::Scalar(ours), theirs) => same(ours, theirs),
        (Body::List(items), Value::Array(values)) => {
            items.len() == values.len()
                && items
                    .iter()
                    .zip(values)
                    .all(|(piece, value)| is_alike(item, piece, value, true))
        }
        (Body::Map(map), Value::Object(values)) => {
            let ours = map.iter().filter(|(_, piece)| !piece.is_null());
            let count = values.values().filter(|value| !value.is_null()).count();
            ours.clone().count() == count
                && ours.into_iter().all(|(key, piece)| {
                    values
                        .get(key)
                        .is_some_and(|value| is_alike(item, piece, value, true))
                })
        }
        _ => false,
    }
}

/// Whether a text is a name that kustomize followed through a rename.
fn refers(item: &Item, ours: &str, theirs: &str, within: bool) -> bool {
    let mut rest = theirs;
    for reach in item.reach.iter().rev() {
        rest = match &reach.to {
            To::Prefix(prefix) => rest.strip_prefix(prefix.as_str()).unwrap_or(rest),
            To::Suffix(suffix) => without_hash(rest)
                .strip_suffix(suffix.as_str())
                .unwrap_or(rest),
            _ => rest,
        };
        if rest == ours || without_hash(rest) == ours {
            // A single reference may be the base's own; another line moved it.
            return within || rest.len() == theirs.len();
        }
    }
    without_hash(theirs) == ours
}
