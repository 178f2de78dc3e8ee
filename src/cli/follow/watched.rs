//! The known state of Git's objects while events arrive, and the news in each event.
//!
//! For an object of Git, the findings are remembered, so that each is reported once, and once more
//! when it is over. Nothing else of an object is kept.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::slice;

use jiff::civil::Date;

use super::super::wanted::Look;
use crate::audit::{self, Trail};
use crate::catalog::{RuleId, Severity};
use crate::compare::hidden::values;
use crate::compare::steps::field_path;
use crate::finding::{Finding, Reverted};
use crate::live::{self, Live};
use crate::resource::Resource;
use crate::rules;
use crate::text::one_line;
use crate::yaml::Node;

/// The largest number of extra objects that are remembered: people could create any number.
const MAX_EXTRA: usize = 10_000;

/// The largest number of Secret values from events that are remembered.
const MAX_HIDDEN: usize = 100_000;

/// The type of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Added,
    Modified,
    Deleted,
}

/// Group, kind, namespace and name.
type Id = [String; 4];

/// The reported state of an object.
#[derive(Debug, Default)]
struct Known {
    /// The version of the object that was last judged.
    version: String,
    /// The last write in its managed fields: its time and its manager.
    newest: Option<[String; 2]>,
    /// Its findings, each with a digest of the cluster's value.
    findings: Vec<(Finding, u64)>,
}

/// An object in an event.
struct Seen {
    /// Whether Git has it.
    is_wanted: bool,
    is_deleted: bool,
    version: String,
    newest: Option<[String; 2]>,
    found: Vec<(Finding, u64)>,
}

/// The objects that are watched.
pub(super) struct Watched<'s, 'g> {
    git: &'s [Resource<'g>],
    look: &'s Look,
    today: Date,
    /// The namespace of resources that have none in Git, and the cluster.
    named: [Option<String>; 2],
    known: BTreeMap<Id, Known>,
    /// The first namespace of each object that has none in Git.
    spaces: BTreeMap<[String; 3], String>,
    extra: usize,
    hidden: Vec<String>,
    /// The number of these that come from Git, and are kept.
    own: usize,
    /// Whether an object came without managed fields.
    pub has_bare: bool,
    /// The number of reported findings, and of those that were reverted.
    pub counts: [usize; 2],
    /// The highest severity of the reverted ones.
    over: Option<Severity>,
}

impl<'s, 'g> Watched<'s, 'g> {
    pub fn new(
        git: &'s [Resource<'g>],
        look: &'s Look,
        today: Date,
        named: [Option<String>; 2],
    ) -> Self {
        let hidden = look.hidden([git]);
        Self {
            git,
            look,
            today,
            named,
            known: BTreeMap::new(),
            spaces: BTreeMap::new(),
            extra: 0,
            own: hidden.len(),
            hidden,
            has_bare: false,
            counts: [0; 2],
            over: None,
        }
    }

    /// Processes an event with its time, and returns the findings to report.
    ///
    /// # Errors
    ///
    /// The error says why an object cannot be one of Git's.
    pub fn take(
        &mut self,
        verb: Verb,
        one: &Resource<'_>,
        now: &str,
    ) -> Result<Vec<Finding>, String> {
        let id = [one.group(), one.kind(), one.identity.namespace, one.name()].map(str::to_owned);
        let version = one.node.str_at(&["metadata", "resourceVersion"]);
        let version = version.unwrap_or_default().to_owned();
        let is_again = self.known.get(&id).is_some_and(|known| {
            verb != Verb::Deleted && !version.is_empty() && known.version == version
        });
        // A restarted watch repeats its first events.
        if is_again {
            return Ok(Vec::new());
        }
        self.hide_values(one);
        let (git, look) = (self.git, self.look);
        let live = slice::from_ref(one);
        let managers = &look.policy.managers;
        let mut compared = live::compare(git, live, managers).map_err(|error| error.to_string())?;
        compared.missing.clear();
        let want = compared.pairs.first().map(|pair| pair.want);
        if want.is_some_and(|want| want.identity.namespace.is_empty()) && !self.is_here(one)? {
            return Ok(Vec::new());
        }
        self.has_bare |= !compared.is_managed && verb != Verb::Deleted;
        if verb == Verb::Deleted {
            compared.missing.extend(want.map(|want| (want, true)));
            compared.pairs.clear();
            compared.extra.clear();
        }
        let seen = Seen {
            is_wanted: want.is_some(),
            is_deleted: verb == Verb::Deleted,
            version,
            newest: newest(one),
            found: self.judge(compared, verb, now),
        };
        Ok(self.note(&id, seen, now))
    }

    /// Whether a current or reverted finding is severe enough to fail the run.
    pub fn has_failed(&self) -> bool {
        let fail_on = self.look.policy.fail_on;
        let mut standing = self.standing();
        standing.any(|one| one.severity >= fail_on) || self.over.is_some_and(|one| one >= fail_on)
    }

    /// The day against which exemptions are checked.
    pub const fn today(&self) -> Date {
        self.today
    }

    /// The current findings.
    pub fn standing(&self) -> impl Iterator<Item = &Finding> {
        let all = self.known.values();
        all.flat_map(|known| &known.findings).map(|(one, _)| one)
    }

    /// Records the values of a Secret, which no output may contain.
    fn hide_values(&mut self, one: &Resource<'_>) {
        let new = values(slice::from_ref(one));
        let new: Vec<String> = new
            .into_iter()
            .filter(|value| !self.hidden.contains(value))
            .collect();
        let more = (self.hidden.len() + new.len()).saturating_sub(MAX_HIDDEN);
        let end = self.hidden.len().min(self.own + more);
        self.hidden.drain(self.own..end);
        self.hidden.extend(new);
    }

    /// Whether an object is the one that Git means without a namespace: the first one that was
    /// seen.
    fn is_here(&mut self, one: &Resource<'_>) -> Result<bool, String> {
        let space = one.identity.namespace;
        if let Some(named) = &self.named[0] {
            return Ok(space.is_empty() || named == space);
        }
        let key = [one.group(), one.kind(), one.name()].map(str::to_owned);
        let first = self.spaces.entry(key).or_insert_with(|| space.to_owned());
        if first == space {
            return Ok(true);
        }
        let names = format!("{first} and {space}");
        Err(format!(
            "{} {} has no namespace in Git and is in {}; choose one with --namespace",
            one_line(one.kind(), 100),
            one_line(one.name(), 100),
            one_line(&names, 200)
        ))
    }

    /// The findings by the rules and the policy, each with a digest of the cluster's value.
    fn judge<'a>(&self, mut compared: Live<'_, 'a>, verb: Verb, now: &str) -> Vec<(Finding, u64)>
    where
        'g: 'a,
    {
        // There is no audit log: only the tool is known.
        let trail = Trail::of(self.git, &self.look.policy.managers, []);
        let mut joined = audit::join(&mut compared, &trail);
        if let Some(name) = &self.named[1] {
            joined.name(name);
        }
        compared.hide(&self.hidden);
        let mut digests: BTreeMap<String, u64> = BTreeMap::new();
        for drift in compared.pairs.iter().flat_map(|pair| &pair.drifts) {
            let path = field_path(&drift.change.steps).to_string();
            let value = drift.change.overlay.map(Node::to_json);
            let mut digest = DefaultHasher::new();
            value.map(|value| value.to_string()).hash(&mut digest);
            let all = digests.entry(path).or_default();
            *all = all.rotate_left(1) ^ digest.finish();
        }
        let cluster = self.look.cluster();
        let policy = &self.look.policy;
        let report = rules::judge_live(&compared, Some(&joined), cluster, policy, self.today);
        let digest = |finding: &Finding| {
            let field = finding.field.as_ref();
            let path = field.map(|field| field.path.to_string());
            path.and_then(|path| digests.get(&path).copied())
        };
        let with = |mut finding: Finding| {
            // A change that is seen as it happens, and has no recorded time, happened now.
            if let Some(requested) = &mut finding.requested
                && verb != Verb::Added
                && requested.time.is_none()
            {
                requested.time = Some(now.to_owned());
            }
            let digest = digest(&finding).unwrap_or_default();
            (finding, digest)
        };
        report.findings.into_iter().map(with).collect()
    }

    /// Remembers the findings, and returns those that are new or over.
    fn note(&mut self, id: &Id, seen: Seen, now: &str) -> Vec<Finding> {
        let is_known = self.known.contains_key(id);
        let is_extra = !is_known && !seen.is_wanted;
        if is_extra && (seen.found.is_empty() || self.extra >= MAX_EXTRA) {
            self.counts[0] += seen.found.len();
            return seen.found.into_iter().map(|(finding, _)| finding).collect();
        }
        self.extra += usize::from(is_extra);
        let known = self.known.entry(id.clone()).or_default();
        let mut told = Vec::new();
        let write = seen.newest.as_ref();
        let write = write.filter(|_| known.newest != seen.newest);
        for (old, _) in &known.findings {
            // Changes of a deleted object are gone with it.
            let is_moot = seen.is_deleted && old.rule != RuleId::ExtraObject;
            if !is_moot && !seen.found.iter().any(|(new, _)| is_same(old, new)) {
                let back = taken_back(old, write.filter(|_| !seen.is_deleted), now);
                self.over = self.over.max(Some(back.severity));
                self.counts[1] += 1;
                told.push(back);
            }
        }
        // A reported finding stays as it was, so that its end is recognized as the same.
        let mut findings = Vec::new();
        for (new, digest) in seen.found {
            let is_told = |(old, known): &&(Finding, u64)| {
                is_same(old, &new) && old.rule == new.rule && *known == digest
            };
            if let Some(old) = known.findings.iter().find(is_told) {
                findings.push(old.clone());
            } else {
                self.counts[0] += 1;
                told.push(new.clone());
                findings.push((new, digest));
            }
        }
        if seen.is_deleted && !seen.is_wanted {
            self.known.remove(id);
            self.extra = self.extra.saturating_sub(1);
        } else {
            *known = Known {
                version: seen.version,
                newest: seen.newest,
                findings,
            };
        }
        told
    }
}

/// Whether two findings are about the same place.
fn is_same(one: &Finding, other: &Finding) -> bool {
    let path = |finding: &Finding| finding.field.as_ref().map(|field| field.path.to_string());
    let is_whole = one.field.is_none() && other.field.is_none();
    path(one) == path(other) && (!is_whole || one.rule == other.rule)
}

/// A finding that was reported, and is over.
fn taken_back(old: &Finding, write: Option<&[String; 2]>, now: &str) -> Finding {
    let mut back = old.clone();
    let (time, by) = match write {
        Some([time, by]) => (time.clone(), Some(by.clone())),
        None => (now.to_owned(), None),
    };
    let tool = by
        .as_ref()
        .map_or_else(String::new, |by| format!(" with {by}"));
    back.add(&format!("; reverted at {time}{tool}"));
    if let Some(requested) = &mut back.requested {
        requested.reverted = Some(Reverted { time, by });
    }
    back.severity = back.severity.min(Severity::Warning);
    back
}

/// The last write in managed fields.
fn newest(one: &Resource<'_>) -> Option<[String; 2]> {
    let entries = one.node.at(&["metadata", "managedFields"])?.items();
    let entries = entries.filter_map(|entry| {
        let text = |key| entry.get(key).and_then(Node::as_str);
        let is_status = text("subresource") == Some("status");
        let both = [text("time")?, text("manager")?];
        (!is_status).then(|| both.map(|text| one_line(text, 100).into_owned()))
    });
    entries.max()
}
