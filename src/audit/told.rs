//! The changes that people made to objects of Git, in the form that rules report.

use super::history::Trail;
use super::join::{of, reverted};
use super::write::{Outcome, Touch, Write};
use crate::compare::classify::Surroundings;
use crate::compare::hidden::hide;
use crate::compare::steps::keyed_path;
use crate::finding::{Confidence, Requested};
use crate::live::{Drift, Group, unlike};
use crate::path::overlap;
use crate::resource::Resource;
use crate::yaml::{Tree, parse_json_lines};

/// One change that a person made to an object that Git has.
#[derive(Debug)]
pub struct Record<'s, 'a> {
    /// The resource in Git.
    pub want: &'s Resource<'a>,
    /// The object after the change; the resource in Git if the log does not show it.
    pub live: Resource<'a>,
    /// The field that differed from Git then; `None` for the object as a whole.
    pub drift: Option<Drift<'a>>,
    /// Whether the object was deleted.
    pub is_deleted: bool,
    /// The group of the author.
    pub group: Group,
    /// The request.
    pub requested: Requested,
    /// Who later gave it another value that also differs from Git, and when.
    pub replaced: Option<[String; 2]>,
}

impl Record<'_, '_> {
    /// Hides values that are equal to one of these texts, or contain one.
    pub fn hide(&mut self, hidden: &[String]) {
        if let Some(drift) = &mut self.drift {
            let changes = [&mut drift.change].into_iter().chain(&mut drift.inner);
            changes.for_each(|change| hide(change, hidden));
        }
    }
}

/// The states of objects after the reported writes, in the order of [`records`].
#[must_use]
pub fn states<'t>(trail: &'t Trail<'_, '_>) -> Vec<Option<Tree<'t>>> {
    let all = trail.objects.iter().flat_map(|object| &object.writes);
    let tree = |write: &'t Write| parse_json_lines(write.state.as_deref()?).ok();
    all.map(tree).collect()
}

/// All changes that differed from Git and were not made by a deployer, in the order of objects and
/// times.
#[must_use]
pub fn records<'s, 'a>(
    trail: &'s Trail<'s, 'a>,
    git: &'s [Resource<'a>],
    states: &'a [Option<Tree<'a>>],
) -> Vec<Record<'s, 'a>> {
    let mut out = Vec::new();
    let mut states = states.iter();
    for object in &trail.objects {
        for write in &object.writes {
            let tree = states.next().and_then(Option::as_ref);
            let Some(want) = object.want else { continue };
            if !is_told(write, object.has_deployer) {
                continue;
            }
            let live = tree.and_then(|tree| Resource::read(tree.roots().next()?));
            let live = live.unwrap_or_else(|| want.clone());
            let around = Surroundings {
                resource: &live,
                base: git,
                overlay: git,
            };
            let mut drifts = unlike(want, &live, around);
            for touch in write.touched.iter().filter(|touch| touch.differs) {
                let record = |drift| Record {
                    want,
                    live: live.clone(),
                    drift,
                    is_deleted: touch.is_gone && touch.path.0.is_empty(),
                    group: write.group,
                    requested: requested(write, touch),
                    replaced: match &touch.outcome {
                        Outcome::Replaced { time, by } => Some([time.clone(), by.clone()]),
                        _ => None,
                    },
                };
                if touch.path.0.is_empty() {
                    out.push(record(None));
                    continue;
                }
                let is_met =
                    |drift: &mut Drift<'a>| overlap(&keyed_path(&drift.change.steps), &touch.path);
                // If two paths lead to the same difference, it is reported for the first.
                for drift in drifts.extract_if(.., is_met) {
                    out.push(record(Some(drift)));
                }
            }
        }
    }
    out
}

/// Whether a write is reported. Deployers and controllers do their work, and a manager that applies
/// whole files counts as the deployer if none is known.
fn is_told(write: &Write, has_deployer: bool) -> bool {
    match write.group {
        Group::Deployer | Group::Controller => false,
        Group::Person | Group::Unknown => has_deployer || !write.is_applying,
    }
}

fn requested(write: &Write, touch: &Touch) -> Requested {
    let confidence = if touch.is_sure {
        Confidence::Field
    } else {
        Confidence::Object
    };
    let mut requested = of(write, confidence);
    if let Outcome::Reverted { time, by } = &touch.outcome {
        requested.reverted = Some(reverted(time, by.as_deref()));
    }
    requested
}
