//! The rules about what runs: the objects of a cluster beside those in Git.
//!
//! `crate::live` gives the verdict about a field. Each file here holds one rule: its record and its words.

mod cluster;
pub(in crate::rules) mod controller_change;
pub(in crate::rules) mod extra_object;
pub(in crate::rules) mod manual_addition;
pub(in crate::rules) mod manual_change;
pub(in crate::rules) mod manual_removal;
pub(in crate::rules) mod missing_object;
pub(in crate::rules) mod out_of_sync;
mod recovery;
pub(in crate::rules) mod rollout_restart;
mod shell;
mod told;

use super::found::Found;
use super::permission::allowed_field;
use crate::audit::{Joined, Record};
use crate::catalog::{RuleId, Severity};
use crate::compare::comparison::{Classified, Pair};
use crate::live::{Drift, Group, Live, Sides, Verdict};
use crate::policy::Policy;
use crate::resource::Resource;

use super::own::replicas_and_autoscaler;
use super::told::Says;
pub use cluster::{Cluster, Names, Overlay};
use recovery::Recovery;
use shell::deletion;
pub use told::owner;
use told::{Subject, of_object, question, requester, versions, with_request};

/// Finds differences from Git, except in fields that a policy allows; with the requests of an audit log, if one was read.
pub(super) fn check(
    live: &Live<'_, '_>,
    joined: Option<&Joined>,
    cluster: Cluster<'_>,
    policy: &Policy,
) -> Found {
    let mut found = Found::default();
    for (at, pair) in live.pairs.iter().enumerate() {
        if !pair.is_of_one_version {
            let [want, live] = versions(pair);
            let says = out_of_sync::of_version(&want, &live, question(pair.want));
            found.push(of_object(RuleId::OutOfSync, pair.live, cluster, says));
        }
        for (drift, number) in pair.drifts.iter().zip(0_usize..) {
            if is_allowed(drift, [pair.want, pair.live], cluster, policy) {
                continue;
            }
            let requested = joined.and_then(|joined| joined.drifts.get(at)?.get(number));
            let subject = Subject {
                what: told::subject(drift),
                drift,
                resource: pair.live,
                requested: requested.filter(|_| drift.verdict != Verdict::Autoscaled),
                recovery: Recovery::of(drift, pair.sides(), false, cluster, policy),
            };
            let (rule, says) = of_drift(&subject);
            found.push(subject.finding(rule, pair.want, cluster, says));
        }
    }
    for (at, (want, has_kind)) in live.missing.iter().enumerate() {
        let requested = joined.and_then(|joined| joined.missing.get(at));
        let says = match requested.and_then(requester) {
            Some(done) => missing_object::deleted(Some(&done)),
            None => missing_object::says(want.kind(), *has_kind),
        };
        let finding = of_object(RuleId::MissingObject, want, cluster, says);
        found.push(with_request(finding, requested));
    }
    for (at, (extra, maker)) in live.extra.iter().enumerate() {
        let requested = joined.and_then(|joined| joined.extra.get(at));
        let is_person = maker.group != Group::Deployer;
        let done = requested.and_then(requester);
        let says = extra_object::says(&owner(maker), done, is_person, deletion(extra));
        let finding = of_object(RuleId::ExtraObject, extra, cluster, says);
        found.push(with_request(finding, requested));
    }
    found
}

/// Finds manual changes in an audit log, except of fields that a policy allows.
///
/// A change that was reverted later is a warning: it is over, but worth knowing.
pub(super) fn check_trail(
    records: &[Record<'_, '_>],
    cluster: Cluster<'_>,
    policy: &Policy,
) -> Found {
    let mut found = Found::default();
    for record in records {
        let requested = Some(&record.requested);
        let done = requester(&record.requested);
        let mut finding = if let Some(drift) = &record.drift {
            if is_allowed(drift, [record.want, &record.live], cluster, policy) {
                continue;
            }
            let sides = Sides {
                want: record.want,
                live: &record.live,
            };
            let subject = Subject {
                what: told::subject(drift),
                drift,
                resource: &record.live,
                requested,
                recovery: Recovery::of(drift, sides, true, cluster, policy),
            };
            let (rule, says) = of_drift(&subject);
            subject.finding(rule, record.want, cluster, says)
        } else {
            let (rule, says) = if record.is_deleted {
                let says = missing_object::deleted(done.as_deref());
                (RuleId::MissingObject, says)
            } else {
                let done = done.as_deref().unwrap_or("by an unknown user");
                (RuleId::ManualChange, manual_change::of_object(done))
            };
            with_request(of_object(rule, record.want, cluster, says), requested)
        };
        if let Some([time, by]) = &record.replaced {
            let words = format!("; set again at {time} by {by}");
            finding.add(&crate::text::one_line(&words, 300));
        }
        let is_over = record.requested.reverted.is_some() && finding.rule != RuleId::RolloutRestart;
        if is_over {
            found.push_as(Severity::Warning, finding);
        } else {
            found.push(finding);
        }
    }
    found
}

fn of_drift(subject: &Subject<'_, '_>) -> (RuleId, Says) {
    match subject.drift.verdict {
        Verdict::Changed => (RuleId::ManualChange, manual_change::says(subject)),
        Verdict::Removed => (RuleId::ManualRemoval, manual_removal::says(subject)),
        Verdict::Added => (RuleId::ManualAddition, manual_addition::says(subject)),
        Verdict::OutOfSync => (RuleId::OutOfSync, out_of_sync::says(subject)),
        Verdict::Controlled => (RuleId::ControllerChange, controller_change::says(subject)),
        Verdict::Autoscaled => (
            RuleId::ReplicasAndAutoscaler,
            replicas_and_autoscaler::says(),
        ),
        Verdict::Restarted => (RuleId::RolloutRestart, rollout_restart::says(subject)),
    }
}

/// Whether the policy allows a field of this environment to differ.
fn is_allowed(
    drift: &Drift<'_>,
    [want, live]: [&Resource<'_>; 2],
    cluster: Cluster<'_>,
    policy: &Policy,
) -> bool {
    let sides = Pair {
        base: want,
        overlay: live,
        service: cluster.service,
    };
    let of = |change: &crate::compare::diff::Change<'_>| {
        let classified = Classified {
            change: change.clone(),
            class: drift.class,
            is_left_behind: false,
        };
        allowed_field(policy, cluster.environment, sides, &classified).is_some()
    };
    // A field that is compared as one value is allowed if all differences within it are.
    let parts = || !drift.inner.is_empty() && drift.inner.iter().all(of);
    drift.verdict != Verdict::Autoscaled && (of(&drift.change) || parts())
}
