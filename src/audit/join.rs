//! Joins each difference with the request that caused it.

use super::event::Verb;
use super::history::Trail;
use super::state::{paths, resource};
use super::who::is_within;
use super::write::{Object, Write};
use crate::compare::steps::keyed_path;
use crate::finding::{Confidence, Requested, Reverted};
use crate::live::{Drift, Entry, Group, Live, Verdict};
use crate::path::{Path, overlap};
use crate::resource::Resource;
use crate::text;
use crate::yaml::parse_json_lines;

/// The largest number of characters kept of a foreign text.
const MAX_TEXT: usize = 200;

/// The requests behind the results of `drift`, in the order of these results.
#[derive(Debug, Default)]
pub struct Joined {
    /// One list per pair, with one request per drift.
    pub drifts: Vec<Vec<Requested>>,
    /// One per missing object.
    pub missing: Vec<Requested>,
    /// One per extra object.
    pub extra: Vec<Requested>,
}

impl Joined {
    /// Sets the cluster of all requests.
    pub fn name(&mut self, cluster: &str) {
        let drifts = self.drifts.iter_mut().flatten();
        for one in drifts.chain(&mut self.missing).chain(&mut self.extra) {
            one.cluster = harmless(cluster);
        }
    }
}

/// Joins differences to the requests of a log, which also decides the verdict of fields without an
/// owner.
#[must_use]
pub fn join<'a>(live: &mut Live<'_, 'a>, trail: &Trail<'_, 'a>) -> Joined {
    let mut joined = Joined::default();
    for pair in &mut live.pairs {
        let object = find(trail, pair.live);
        let unsure = object.map_or_else(Vec::new, |object| stale(object, pair.live));
        let mut requests = Vec::new();
        for drift in &mut pair.drifts {
            let (request, group) = of_field(drift, object, &unsure);
            if request.confidence == Confidence::Field {
                decide(drift, group);
            }
            requests.push(request);
        }
        joined.drifts.push(requests);
    }
    for (want, _) in &live.missing {
        // If there are several namespaces, it is not known which one Git means.
        let object = find(trail, want).filter(|object| object.namespaces.len() < 2);
        let is_deletion =
            |write: &&Write| matches!(write.verb, Verb::Delete | Verb::DeleteCollection);
        let last = object.and_then(|object| object.writes.last());
        let request = last
            .filter(is_deletion)
            .map(|write| of(write, Confidence::Object));
        joined.missing.push(request.unwrap_or_default());
    }
    for (extra, entry) in &live.extra {
        let object = find(trail, extra);
        let is_creation = |write: &&Write| write.verb == Verb::Create || write.operation == "Apply";
        let first = object.and_then(|object| object.writes.iter().find(is_creation));
        let request = first.map(|write| of(write, Confidence::Object));
        joined
            .extra
            .push(request.unwrap_or_else(|| of_entry(Some(entry), object)));
    }
    joined
}

/// Decides the verdict that managed fields leave open, from the author of the request.
fn decide(drift: &mut Drift<'_>, group: Group) {
    match (drift.verdict, group) {
        (Verdict::OutOfSync, Group::Person | Group::Unknown)
            if drift.owner.is_none()
                && drift.change.base.is_some()
                && drift.change.overlay.is_some() =>
        {
            drift.verdict = Verdict::Changed;
        }
        (Verdict::Removed, Group::Deployer) => drift.verdict = Verdict::OutOfSync,
        _ => {}
    }
}

fn find<'t, 's, 'a>(trail: &'t Trail<'s, 'a>, one: &Resource<'_>) -> Option<&'t Object<'s, 'a>> {
    trail
        .objects
        .iter()
        .find(|object| object.resource.key() == one.key())
}

/// The paths at which the last state of the log differs from the live object: someone has written
/// after it.
fn stale(object: &Object<'_, '_>, live: &Resource<'_>) -> Vec<Path<'static>> {
    let tree = object
        .state
        .as_deref()
        .and_then(|text| parse_json_lines(text).ok());
    let Some(last) = tree.as_ref().and_then(resource) else {
        return Vec::new();
    };
    paths(&last, live, &[])
        .into_iter()
        .map(|(path, _)| path)
        .collect()
}

fn of_field(
    drift: &Drift<'_>,
    object: Option<&Object<'_, '_>>,
    unsure: &[Path<'static>],
) -> (Requested, Group) {
    let path = keyed_path(&drift.change.steps);
    let is_stale = unsure.iter().any(|other| overlap(other, &path));
    let writes = object
        .filter(|_| !is_stale)
        .map_or(&[][..], |object| object.writes.as_slice());
    let last = writes.iter().rev().find_map(|write| {
        let mut touched = write
            .touched
            .iter()
            .filter(|touch| !touch.path.0.is_empty());
        let touch = touched.find(|touch| overlap(&touch.path, &path))?;
        Some((write, touch))
    });
    match last {
        Some((write, touch)) => {
            let confidence = if touch.is_sure {
                Confidence::Field
            } else {
                Confidence::Object
            };
            (of(write, confidence), write.group)
        }
        None => (of_entry(drift.owner.as_ref(), object), Group::Unknown),
    }
}

/// The request behind an entry of managed fields; without a request, only the tool is known.
fn of_entry(entry: Option<&Entry<'_>>, object: Option<&Object<'_, '_>>) -> Requested {
    let Some(entry) = entry else {
        return Requested::default();
    };
    let writes = object.map_or(&[][..], |object| object.writes.as_slice());
    let is_it = |write: &&Write| {
        write.manager == entry.manager
            && write.subresource == entry.subresource
            && entry
                .time
                .is_none_or(|time| is_within(time, &write.received, &write.answered))
    };
    let mut found = writes.iter().rev().filter(is_it);
    // The time of an entry is in whole seconds, in which two people may have used one tool.
    let last = found.next();
    let last = last.filter(|last| found.all(|other| other.by.called() == last.by.called()));
    match last {
        Some(write) => of(write, Confidence::Object),
        None => Requested {
            confidence: Confidence::Tool,
            manager: harmless(entry.manager),
            operation: harmless(entry.operation),
            subresource: harmless(entry.subresource),
            time: entry.time.and_then(harmless),
            ..Requested::default()
        },
    }
}

/// A write in the form of a finding.
#[must_use]
pub fn of(write: &Write, confidence: Confidence) -> Requested {
    let all = |texts: &[String]| texts.iter().filter_map(|text| harmless(text)).collect();
    Requested {
        confidence,
        user: harmless(&write.by.user),
        groups: all(&write.by.groups),
        impersonated: write.by.impersonated.as_deref().and_then(harmless),
        source_ips: all(&write.by.source_ips),
        user_agent: harmless(&write.by.user_agent),
        time: harmless(&write.received),
        audit_id: harmless(&write.audit_id),
        verb: Some(write.verb.name().to_owned()),
        manager: harmless(&write.manager),
        operation: Some(write.operation.to_owned()),
        subresource: harmless(&write.subresource),
        cluster: harmless(&write.cluster),
        reverted: None,
    }
}

/// The fact that a change was reverted.
#[must_use]
pub fn reverted(time: &str, by: Option<&str>) -> Reverted {
    Reverted {
        time: harmless(time).unwrap_or_default(),
        by: by.and_then(harmless),
    }
}

/// A foreign text on one line; `None` if it is empty.
fn harmless(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text::one_line(text, MAX_TEXT).into_owned())
}
