//! The findings about running objects, put together.

use std::fmt::Write as _;

use super::cluster::Cluster;
use super::recovery::Recovery;
use super::shell::is_word;
use crate::catalog::RuleId;
use crate::compare::diff::{ChangeKind, Step};
use crate::compare::steps::{field_path, keyed_path};
use crate::finding::{Compared, FieldRef, Finding, Name, Requested};
use crate::live::{Drift, Entry, Group, Pair, shown};
use crate::path::fitting::pattern;
use crate::resource::Resource;
use crate::rules::told::Says;
use crate::rules::{paste, words};
use crate::text;
use crate::yaml::Node;

/// The name of the side with the wanted state.
const GIT: &str = "Git";

/// What to do about a change that was reverted.
const OVER: &str = "Ask why it was needed; a change that should stay belongs in Git.";

/// The most characters of a name that comes from outside.
const MAX_NAME: usize = 100;

/// A field that differs from Git.
pub(super) struct Subject<'s, 'a> {
    /// What it is, as the subject of a sentence.
    pub what: String,
    pub drift: &'s Drift<'a>,
    /// The live object.
    pub resource: &'s Resource<'a>,
    /// The request that made it so, if an audit log was read.
    pub requested: Option<&'s Requested>,
    /// What to do about it.
    pub recovery: Recovery,
}

/// What differs, as the subject of a sentence; if it is compared as one value, with the place of the difference within.
pub(super) fn subject(drift: &Drift<'_>) -> String {
    let what = entries(drift).unwrap_or_else(|| words::subject(&drift.change, drift.class));
    match drift.inner.as_slice() {
        [inner] if !drift.change.secret && inner.steps.len() > drift.change.steps.len() => {
            format!("{what} ({})", keyed_path(&inner.steps))
        }
        _ => what,
    }
}

/// Labels and annotations that were added together, by their keys.
fn entries(drift: &Drift<'_>) -> Option<String> {
    const MAX_KEYS: usize = 3;
    let noun = match drift.change.steps.last()? {
        Step::Field("labels") => "label",
        Step::Field("annotations") => "annotation",
        _ => return None,
    };
    let map = drift.change.overlay.or(drift.change.base)?;
    let keys: Vec<&str> = map.entries().map(|(key, _)| key.text()).collect();
    let shown = keys.iter().take(MAX_KEYS).copied().collect::<Vec<_>>();
    let (plural, more) = match keys.len() {
        0 => return None,
        1 => ("", String::new()),
        count if count > MAX_KEYS => ("s", format!(" and {} more", count - MAX_KEYS)),
        _ => ("s", String::new()),
    };
    let keys = text::one_line(&shown.join(", "), MAX_NAME * 2).into_owned();
    Some(format!("{noun}{plural} {keys}{more}"))
}

/// An owner as a sentence calls it: the tool, and when and how it wrote last.
#[must_use]
pub fn owner(entry: &Entry<'_>) -> String {
    let mut out = text::one_line(entry.manager, MAX_NAME).into_owned();
    let _ = write!(out, " ({}", text::one_line(entry.operation, MAX_NAME));
    if !entry.subresource.is_empty() {
        let _ = write!(
            out,
            " through {}",
            text::one_line(entry.subresource, MAX_NAME)
        );
    }
    match entry.time {
        Some(time) => {
            let _ = write!(out, ", {})", text::one_line(time, MAX_NAME));
        }
        None => out.push_str(", time not recorded)"),
    }
    out
}

impl Subject<'_, '_> {
    /// Who did something, as the end of a sentence: by hand, if the manager is a person's tool.
    pub fn done(&self) -> Option<String> {
        if let Some(known) = self.requested.and_then(requester) {
            return Some(known);
        }
        let entry = self.drift.owner.as_ref()?;
        Some(match entry.group {
            Group::Person => format!("by hand with {}", owner(entry)),
            _ => format!("by {}, an unknown manager", owner(entry)),
        })
    }

    /// The owner of the value, as a sentence names it.
    pub fn owner(&self) -> Option<String> {
        self.drift.owner.as_ref().map(owner)
    }

    /// A finding about a field.
    pub fn finding(
        &self,
        rule: RuleId,
        want: &Resource<'_>,
        cluster: Cluster<'_>,
        says: Says,
    ) -> Finding {
        let change = &self.drift.change;
        let of_secret = want.is_secret() || self.resource.is_secret();
        let last = change.fields().next_back().unwrap_or_default();
        let value = |node: Node<'_>| shown(node, last, change.secret, of_secret);
        let field = FieldRef {
            path: field_path(&change.steps).into_owned(),
            base_path: None,
            overlay: change.overlay.map(value),
            base: change.base.map(value),
        };
        let [live, git] = words::values(field.overlay.as_ref(), field.base.as_ref());
        let values = match change.kind {
            ChangeKind::Added => format!("{} is {live} in the cluster", field.path),
            _ => format!("{} is {live} in the cluster, {git} in Git", field.path),
        };
        let message = format!(
            "{}: {}: {values}. {}",
            words::resource(self.resource),
            says.headline,
            says.demand
        );
        let path = pattern(&field.path);
        let finding = Finding {
            class: Some(self.drift.class),
            base_name: Some(want.name().to_owned()),
            permit: paste::exempt_alone(rule, self.resource, Some(&path), cluster.named),
            field: Some(field),
            patch: self.recovery.patch.clone().map(Box::new),
            entry: self.recovery.entry.clone().map(Box::new),
            ..Finding::new(rule, message, says.headline, says.help)
        };
        with_request(of(finding, self.resource, cluster), self.requested)
    }
}

/// A finding about a whole object.
pub(super) fn of_object(
    rule: RuleId,
    resource: &Resource<'_>,
    cluster: Cluster<'_>,
    says: Says,
) -> Finding {
    let message = format!(
        "{}: {}. {}",
        words::resource(resource),
        says.headline,
        says.demand
    );
    let finding = Finding {
        permit: paste::exempt_alone(rule, resource, None, cluster.named),
        ..Finding::new(rule, message, says.headline, says.help)
    };
    of(finding, resource, cluster)
}

fn of(finding: Finding, resource: &Resource<'_>, cluster: Cluster<'_>) -> Finding {
    Finding {
        service: Name::new(cluster.service),
        compared: Compared::with_base(cluster.environment, GIT),
        resource: Some(resource.reference()),
        ..finding
    }
}

/// The person or program that made a request, as the end of a sentence; `None` if that is unknown.
pub(super) fn requester(requested: &Requested) -> Option<String> {
    let who = requested.who()?;
    let mut out = format!("by {who}");
    if let Some(manager) = &requested.manager {
        let _ = write!(out, " with {manager}");
    }
    let how = match (&requested.subresource, requested.verb.as_deref()) {
        (Some(subresource), _) => Some(format!("through {subresource}")),
        (None, Some("patch" | "update" | "create")) => requested.operation.clone(),
        (None, verb) => verb.map(str::to_owned),
    };
    let words: Vec<String> = how.into_iter().chain(requested.time.clone()).collect();
    if !words.is_empty() {
        let _ = write!(out, " ({})", words.join(", "));
    }
    Some(out)
}

/// Adds to a finding the request that made it so.
pub(super) fn with_request(mut finding: Finding, requested: Option<&Requested>) -> Finding {
    let Some(requested) = requested else {
        return finding;
    };
    if let Some(reverted) = &requested.reverted {
        OVER.clone_into(&mut finding.help);
        let by = match &reverted.by {
            Some(by) => format!(" by {by}"),
            None => " by a request that is not in the log".to_owned(),
        };
        finding.add(&format!("; reverted at {}{by}", reverted.time));
    }
    let _ = write!(finding.message, " {}", requested.sentence());
    finding.requested = Some(Box::new(requested.clone()));
    finding
}

/// The API versions in Git and in the cluster.
pub(super) fn versions(pair: &Pair<'_, '_>) -> [String; 2] {
    [pair.want.api_version, pair.live.api_version]
        .map(|text| text::one_line(text, MAX_NAME * 2).into_owned())
}

/// The command that reads an object in the version of Git.
pub(super) fn question(want: &Resource<'_>) -> Option<String> {
    let mut kind = format!("{}.{}", want.kind().to_lowercase(), want.version());
    if !want.group().is_empty() {
        let _ = write!(kind, ".{}", want.group());
    }
    is_word(&kind).then(|| format!("kubectl get {kind} --show-managed-fields -o yaml"))
}
