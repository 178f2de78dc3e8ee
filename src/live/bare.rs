//! The differences between two states of an object, without owners: the evidence of an audit log.

use super::changes::differences;
use super::meaning::{is_of_server, is_same_as_absent};
use super::verdict::{Drift, Verdict, hide, is_restart};
use crate::compare::classify::{Surroundings, classify};
use crate::compare::diff::{By, Change, ChangeKind, Step, diff};
use crate::compare::steps::{Side, locate};
use crate::resource::Resource;

/// All differences of two states, each with the verdict for a change by a person.
#[must_use]
pub fn unlike<'a>(
    want: &Resource<'a>,
    live: &Resource<'a>,
    around: Surroundings<'_, 'a>,
) -> Vec<Drift<'a>> {
    let drift = |change, class, inner| Drift {
        verdict: Verdict::Changed,
        change,
        class,
        owner: None,
        inner,
        is_scaled: false,
    };
    let mut out: Vec<Drift<'a>> = differences(want, live, None, around, &mut Vec::new())
        .into_iter()
        .map(|one| drift(one.change, one.class, one.inner))
        .collect();
    // An element of a list without keys is part of the list, which is reported as one value.
    let is_value = |step: &Step<'_>| match step {
        Step::Element { by, .. } => !matches!(by, By::Keys(_)),
        Step::Field(_) => false,
    };
    let mut renamed: Vec<Vec<Step<'a>>> = Vec::new();
    for change in diff(want, live) {
        let Some(change) = as_new(change, live, &mut renamed) else {
            continue;
        };
        if change.kind == ChangeKind::Added
            && !change.steps.iter().any(is_value)
            && !is_of_server(&change.steps)
            && !is_same_as_absent(&change, live)
        {
            let class = classify(&change, around);
            out.push(drift(change, class, Vec::new()));
        }
    }
    for drift in &mut out {
        drift.verdict = match (drift.change.base, drift.change.overlay) {
            (_, Some(_)) if is_restart(&drift.change.steps) => Verdict::Restarted,
            (None, _) => Verdict::Added,
            (_, None) => Verdict::Removed,
            _ => Verdict::Changed,
        };
        hide(&mut drift.change, want, live);
    }
    out
}

/// Keeps the new element of a renamed one, whose old name is reported as gone.
fn as_new<'a>(
    mut change: Change<'a>,
    live: &Resource<'a>,
    renamed: &mut Vec<Vec<Step<'a>>>,
) -> Option<Change<'a>> {
    let is_renamed = |step: &Step<'_>| match step {
        Step::Element { by, .. } => matches!(by, By::Renamed { .. }),
        Step::Field(_) => false,
    };
    let Some(at) = change.steps.iter().position(is_renamed) else {
        return Some(change);
    };
    change.steps.truncate(at + 1);
    change.overlay = locate(live.node, &change.steps, Side::Overlay);
    if let Some(Step::Element { by, base, .. }) = change.steps.last_mut() {
        if let By::Renamed { now, .. } = by {
            *by = By::Keys(now.clone());
        }
        *base = None;
    }
    if renamed.contains(&change.steps) {
        return None;
    }
    renamed.push(change.steps.clone());
    change.base = None;
    change.kind = ChangeKind::Added;
    change.pod = change.pod.filter(|pod| *pod <= at);
    Some(change)
}
