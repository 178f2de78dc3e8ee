//! The rules about what runs: what a cluster has made of what Git says.
//!
//! `crate::live` gives the verdict about a field. Each file here holds one rule: its record and its words.

pub(in crate::rules) mod controller_change;
pub(in crate::rules) mod extra_object;
pub(in crate::rules) mod manual_addition;
pub(in crate::rules) mod manual_change;
pub(in crate::rules) mod manual_removal;
pub(in crate::rules) mod missing_object;
pub(in crate::rules) mod out_of_sync;
pub(in crate::rules) mod replicas_and_autoscaler;
pub(in crate::rules) mod rollout_restart;
mod told;

use super::found::Found;
use super::permission::allowed_field;
use crate::catalog::RuleId;
use crate::compare::comparison::{Classified, Pair};
use crate::live::{Drift, Group, Live, Verdict};
use crate::policy::Policy;

pub use told::Cluster;
use told::{Says, Subject, deletion, of_object, owner, question, versions};

/// Finds what is not as Git says, but for the fields that a policy allows.
pub(super) fn check(live: &Live<'_, '_>, cluster: Cluster<'_>, policy: &Policy) -> Found {
    let mut found = Found::default();
    for pair in &live.pairs {
        if !pair.is_of_one_version {
            let [want, live] = versions(pair);
            let says = out_of_sync::of_version(&want, &live, question(pair.want));
            found.push(of_object(RuleId::OutOfSync, pair.live, cluster, says));
        }
        for drift in &pair.drifts {
            let subject = Subject {
                what: told::subject(drift),
                drift,
                resource: pair.live,
            };
            if is_allowed(drift, pair, cluster, policy) {
                continue;
            }
            let (rule, says) = of_drift(&subject);
            found.push(subject.finding(rule, pair.want, cluster, says));
        }
    }
    for (want, has_kind) in &live.missing {
        let says = missing_object::says(want.kind(), *has_kind);
        found.push(of_object(RuleId::MissingObject, want, cluster, says));
    }
    for (extra, maker) in &live.extra {
        let is_person = maker.group != Group::Deployer;
        let says = extra_object::says(&owner(maker), is_person, deletion(extra));
        found.push(of_object(RuleId::ExtraObject, extra, cluster, says));
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
            replicas_and_autoscaler::says(subject),
        ),
        Verdict::Restarted => (RuleId::RolloutRestart, rollout_restart::says(subject)),
    }
}

/// Whether the policy lets a field of this environment be what it is.
fn is_allowed(
    drift: &Drift<'_>,
    pair: &crate::live::Pair<'_, '_>,
    cluster: Cluster<'_>,
    policy: &Policy,
) -> bool {
    let sides = Pair {
        base: pair.want,
        overlay: pair.live,
        service: cluster.service,
    };
    let of = |change: &crate::compare::diff::Change<'_>| {
        let classified = Classified {
            change: change.clone(),
            class: drift.class,
        };
        allowed_field(policy, cluster.environment, sides, &classified).is_some()
    };
    // What is compared as one value is allowed where all that differs within it is.
    let parts = || !drift.inner.is_empty() && drift.inner.iter().all(of);
    drift.verdict != Verdict::Autoscaled && (of(&drift.change) || parts())
}
