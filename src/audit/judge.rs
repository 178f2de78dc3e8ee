//! The effect of a write compared with the state before it, and its effect on earlier writes.

use std::sync::Arc;

use serde_json::Value;

use super::event::{Event, Verb};
use super::request::Sent;
use super::state::{paths, resource};
use super::write::{Object, Outcome, Touch, Write};
use crate::api::LAST_APPLIED;
use crate::path::{Path, Segment, overlap};
use crate::resource::Resource;
use crate::yaml::parse_json_lines;

/// An object before and after a write, if known.
#[derive(Clone, Copy)]
pub(super) struct Sides<'v> {
    pub before: Option<&'v Value>,
    pub after: Option<&'v Value>,
    /// The state after it, as a text.
    pub text: Option<&'v Arc<str>>,
}

/// The changes of a write.
struct Changed {
    /// The paths of all changes, each with whether the field was removed, and whether the body of
    /// the request set it.
    all: Vec<(Path<'static>, bool, bool)>,
    /// The paths of the fields that differ from Git after it.
    differing: Vec<Path<'static>>,
    /// Whether the state before it is unknown.
    is_new: bool,
}

impl Changed {
    fn differs(&self, path: &Path<'_>) -> bool {
        self.differing.iter().any(|other| overlap(other, path))
    }
}

/// A touch of the object as a whole.
fn whole(is_gone: bool, differs: bool) -> Touch {
    Touch {
        path: Path::default(),
        is_gone,
        is_sure: false,
        differs,
        outcome: Outcome::Stands,
    }
}

impl Object<'_, '_> {
    /// Works out the effect of a write, and its effect on earlier writes.
    pub(super) fn judge(
        &mut self,
        write: &mut Write,
        event: &Event,
        sides: Sides<'_>,
        git: &[Resource<'_>],
    ) {
        if matches!(event.verb, Verb::Delete | Verb::DeleteCollection) {
            write.touched.push(whole(true, true));
            return;
        }
        self.is_back(write);
        let Some(text) = sides.text else {
            // All that is known is that it was written.
            write.touched.push(whole(false, true));
            return;
        };
        let sent = event.request.as_ref().map(|body| Sent {
            verb: event.verb,
            body,
            sides: [sides.before, sides.after],
        });
        let is_set = |path: &Path<'_>, is_gone: bool| {
            event.subresource == "scale" || sent.is_none_or(|sent| sent.covers(&path.0, is_gone))
        };
        let Some(changed) = self.changed(text, sides.before.is_none(), git, is_set) else {
            return;
        };
        self.take_back(write, &changed);
        // A full update without a known earlier state may contain the changes of others.
        let is_sure = sent.is_some() && !(changed.is_new && event.verb == Verb::Update);
        for (path, is_gone, is_set) in &changed.all {
            if !is_set {
                continue;
            }
            write.touched.push(Touch {
                differs: self.want.is_none() || changed.differs(path),
                path: path.clone(),
                is_gone: *is_gone,
                is_sure,
                outcome: Outcome::Stands,
            });
        }
        let copy = ["metadata", "annotations", LAST_APPLIED];
        let copy = Path(copy.map(|name| Segment::Field(name.into())).into());
        if applied(sides.before) != applied(sides.after) && is_set(&copy, false) {
            // The copy that an apply leaves is not part of the object, but still someone's.
            write.touched.push(Touch {
                path: copy,
                is_sure: sent.is_some(),
                ..whole(false, false)
            });
        }
        if self.want.is_none() && changed.is_new {
            write.touched.push(whole(false, true));
        }
    }

    /// The differences from the previous state, and from Git; Git replaces a previous state that is
    /// not known.
    fn changed(
        &self,
        text: &str,
        is_new: bool,
        git: &[Resource<'_>],
        is_set: impl Fn(&Path<'_>, bool) -> bool,
    ) -> Option<Changed> {
        let tree = parse_json_lines(text).ok()?;
        let now = resource(&tree)?;
        let old = self.state.as_deref();
        let old = old.and_then(|text| parse_json_lines(text).ok());
        let old = old.as_ref().and_then(resource);
        let differing = self
            .want
            .map_or_else(Vec::new, |want| paths(want, &now, git));
        let base = old.as_ref().or(self.want);
        let all = base.map_or_else(Vec::new, |base| paths(base, &now, git));
        let with_set = |(path, is_gone): (Path<'static>, bool)| {
            let is_set = is_set(&path, is_gone);
            (path, is_gone, is_set)
        };
        Some(Changed {
            all: all.into_iter().map(with_set).collect(),
            differing: differing.into_iter().map(|(path, _)| path).collect(),
            is_new,
        })
    }

    /// Notes which earlier changes a write has reverted or replaced.
    fn take_back(&mut self, write: &Write, changed: &Changed) {
        let (time, by) = (&write.received, write.by.called());
        for earlier in self.writes.iter_mut().flat_map(|write| &mut write.touched) {
            let is_whole = earlier.path.0.is_empty();
            if earlier.outcome != Outcome::Stands || !earlier.differs || is_whole {
                continue;
            }
            let met = changed.all.iter();
            let mut met = met
                .filter(|(path, ..)| overlap(path, &earlier.path))
                .peekable();
            if !changed.is_new && met.peek().is_none() {
                continue;
            }
            let is_own = changed.is_new || met.any(|(_, _, is_set)| *is_set);
            if !changed.differs(&earlier.path) {
                earlier.outcome = Outcome::Reverted {
                    time: time.clone(),
                    by: is_own.then(|| by.clone()),
                };
            } else if is_own && !changed.is_new {
                earlier.outcome = Outcome::Replaced {
                    time: time.clone(),
                    by: by.clone(),
                };
            }
        }
    }

    /// Notes that a deleted object exists again.
    fn is_back(&mut self, write: &Write) {
        for earlier in self.writes.iter_mut().flat_map(|write| &mut write.touched) {
            if earlier.is_gone && earlier.path.0.is_empty() && earlier.outcome == Outcome::Stands {
                earlier.outcome = Outcome::Reverted {
                    time: write.received.clone(),
                    by: Some(write.by.called()),
                };
            }
        }
    }
}

/// The annotation with the last applied state.
fn applied(side: Option<&Value>) -> Option<&Value> {
    side?.get("metadata")?.get("annotations")?.get(LAST_APPLIED)
}
