//! The differences between Git and the cluster that matter to Kubernetes.

use std::collections::BTreeMap;

use super::managers::Group;
use super::meaning::{is_of_server, why_absent};
use super::owned::{Managed, Way, way};
use super::silence::{Silence, Silent};
use crate::catalog::Class;
use crate::compare::classify::{Surroundings, classify};
use crate::compare::diff::{By, Change, ChangeKind, Step, diff};
use crate::compare::steps::{Side, keyed_path, locate};
use crate::resource::Resource;
use crate::yaml::Node;

/// A difference, at the field that has one owner.
#[derive(Clone, Debug)]
pub(super) struct Difference<'a> {
    pub change: Change<'a>,
    pub class: Class,
    /// The differences within the field, if it is compared as one value.
    pub inner: Vec<Change<'a>>,
}

/// All differences of a pair, except fields outside Git's own that only the cluster has; `around`
/// is the context for classes. Differences without meaning to Kubernetes go to `silent`.
pub(super) fn differences<'a>(
    want: &Resource<'a>,
    live: &Resource<'a>,
    managed: Option<&Managed<'a>>,
    around: Surroundings<'_, 'a>,
    silent: &mut Vec<Silent<'a>>,
) -> Vec<Difference<'a>> {
    let mut out = Vec::new();
    let mut whole: BTreeMap<String, Difference<'a>> = BTreeMap::new();
    let mut renamed: Vec<Vec<Step<'a>>> = Vec::new();
    for change in diff(want, live) {
        let Some(change) = as_gone(change, want, &mut renamed) else {
            continue;
        };
        let mut pass = |change, why| {
            silent.push(Silent {
                change,
                why,
                owner: None,
            });
        };
        let why = if is_of_server(&change.steps) {
            Some(Silence::OfServer)
        } else if is_encrypted(want, &change) {
            Some(Silence::Encrypted)
        } else {
            why_absent(&change, live)
        };
        if let Some(why) = why {
            pass(change, why);
            continue;
        }
        let one = value_around(&change, want, live, managed);
        let Some(at) = one else {
            match change.kind {
                // A field that only the cluster has is reported through its owner.
                ChangeKind::Added => pass(change, Silence::Unowned),
                ChangeKind::Reordered => pass(change, Silence::Order),
                _ => out.push(Difference {
                    class: classify(&change, around),
                    change,
                    inner: Vec::new(),
                }),
            }
            continue;
        };
        let steps = change.steps[..at].to_vec();
        let key = keyed_path(&steps).to_string();
        let difference = whole.entry(key).or_insert_with(|| Difference {
            change: Change {
                kind: ChangeKind::Modified,
                base: locate(want.node, &steps, Side::Base),
                overlay: locate(live.node, &steps, Side::Overlay),
                pod: change.pod.filter(|pod| *pod <= at),
                secret: change.secret,
                steps,
            },
            class: Class::Other,
            inner: Vec::new(),
        });
        difference.inner.push(change);
    }
    for mut difference in whole.into_values() {
        let mut classes = difference
            .inner
            .iter()
            .map(|change| classify(change, around));
        let first = classes.next();
        difference.class = match first {
            Some(first) if classes.all(|class| class == first) => first,
            _ => classify(&difference.change, around),
        };
        out.push(difference);
    }
    out
}

/// Treats a renamed element as a removed one; the new element is reported through its owner.
fn as_gone<'a>(
    mut change: Change<'a>,
    want: &Resource<'a>,
    renamed: &mut Vec<Vec<Step<'a>>>,
) -> Option<Change<'a>> {
    let is_renamed = |step: &Step<'_>| {
        let by = match step {
            Step::Element { by, .. } => by,
            Step::Field(_) => return false,
        };
        matches!(by, By::Renamed { .. })
    };
    let Some(at) = change.steps.iter().position(is_renamed) else {
        return Some(change);
    };
    change.steps.truncate(at + 1);
    if let Some(Step::Element { by, overlay, .. }) = change.steps.last_mut() {
        if let By::Renamed { was, .. } = by {
            *by = By::Keys(was.clone());
        }
        *overlay = None;
    }
    if renamed.contains(&change.steps) {
        return None;
    }
    renamed.push(change.steps.clone());
    change.base = locate(want.node, &change.steps, Side::Base);
    change.overlay = None;
    change.kind = ChangeKind::Removed;
    change.pod = change.pod.filter(|pod| *pod <= at);
    Some(change)
}

/// Whether Git has an encrypted value, which the deployer decrypts.
fn is_encrypted(want: &Resource<'_>, change: &Change<'_>) -> bool {
    want.node.get("sops").is_some_and(Node::is_map)
        && (matches!(change.steps.first(), Some(Step::Field("sops")))
            || change
                .base
                .is_some_and(|base| base.text().starts_with("ENC[")))
}

/// The number of steps to the field around a difference that is one value to Kubernetes; `None` if
/// it has several owners or values.
fn value_around<'a>(
    change: &Change<'a>,
    want: &Resource<'a>,
    live: &Resource<'a>,
    managed: Option<&Managed<'a>>,
) -> Option<usize> {
    let has_both = |at: usize| {
        let steps = &change.steps[..at];
        let sides = [
            locate(want.node, steps, Side::Base),
            locate(live.node, steps, Side::Overlay),
        ];
        sides
            .iter()
            .all(|side| side.is_some_and(|side| !side.is_null()))
    };
    let mut ways = way(live.node, &change.steps, Side::Overlay);
    if ways.len() < change.steps.len() {
        // The removed field: the owner of everything around it has removed it.
        ways.push(Way::Field(""));
    }
    let owned = managed.and_then(|managed| managed.atomic(&ways));
    if let Some(at) = owned.filter(|at| has_both(*at)) {
        return is_told(change, managed, &ways[..at]).then_some(at);
    }
    let is_list = |step: &Step<'_>| match step {
        Step::Element { by, .. } => !matches!(by, By::Keys(_)),
        Step::Field(_) => false,
    };
    let at = change.steps.iter().position(is_list)?;
    let way = ways.get(..at).unwrap_or(&ways);
    // Anyone may add elements to a set that is owned in parts, such as finalizers.
    let is_set = change.steps[..at].ends_with(&[Step::Field("finalizers")])
        || managed.is_some_and(|managed| managed.is_shared(way));
    (!is_set && has_both(at) && is_told(change, managed, way)).then_some(at)
}

/// Whether an extra part of a list or a map is a difference. An element is one. A field within an
/// element may be a default, unless only managers other than the deployer wrote the element.
fn is_told(change: &Change<'_>, managed: Option<&Managed<'_>>, way: &[Way<'_>]) -> bool {
    if change.kind != ChangeKind::Added || matches!(change.steps.last(), Some(Step::Element { .. }))
    {
        return true;
    }
    let Some(managed) = managed else { return false };
    let owners = managed.owners(way);
    !owners.is_empty() && owners.iter().all(|owner| owner.group != Group::Deployer)
}
