//! The history of each object, write by write.
//!
//! A write is compared with the state before it: its effect is every difference that its body sets.
//! A client-side apply names fields that it does not change, and a full update names all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::event::{Event, Verb};
use super::judge::Sides;
use super::lines::Asked;
use super::order::in_order;
use super::request::is_apply;
use super::state::{after, hidden_in, is_noted};
use super::who;
use super::write::{Object, Write};
use crate::live::{Group, Managers, is_applier};
use crate::resource::Resource;

/// The number of bytes of events that wait for sorting. Several API servers write several logs.
const MAX_WAITING: usize = 16 << 20;

/// The number of request ids that are remembered.
const MAX_SEEN: usize = 100_000;

/// The number of writes to one object that are remembered.
const MAX_WRITES: usize = 10_000;

/// The total size of the object states that are kept, in bytes.
const MAX_STATES: usize = 64 << 20;

/// The objects, and the events that wait for sorting.
#[derive(Debug)]
pub struct Trail<'s, 'a> {
    /// The objects that were asked about.
    pub objects: Vec<Object<'s, 'a>>,
    /// Texts that no report may show: values of Secrets that were in the log.
    pub hidden: BTreeSet<String>,
    /// The number of writes to these objects.
    pub writes: usize,
    /// Whether some states were dropped because there were too many.
    pub is_cut: bool,
    /// The namespace of resources that have none in Git.
    namespace: Option<String>,
    /// What the policy says about managers and users.
    said: &'s Managers,
    git: &'s [Resource<'a>],
    by_name: BTreeMap<(&'a str, &'a str), Vec<usize>>,
    waiting: Vec<Event>,
    waiting_bytes: usize,
    kept_bytes: usize,
    seen: BTreeSet<String>,
}

impl<'s, 'a> Trail<'s, 'a> {
    /// Starts a trail for these objects, each with its resource in Git if there is one; `said` is
    /// what the policy says about managers.
    #[must_use]
    pub fn of(
        git: &'s [Resource<'a>],
        said: &'s Managers,
        asked: impl IntoIterator<Item = (&'s Resource<'a>, Option<&'s Resource<'a>>)>,
    ) -> Self {
        let mut by_name: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        let mut objects = Vec::new();
        for (resource, want) in asked {
            let key = (resource.group(), resource.name());
            by_name.entry(key).or_default().push(objects.len());
            objects.push(Object {
                want,
                resource,
                namespaces: BTreeSet::new(),
                writes: Vec::new(),
                forgotten: 0,
                has_deployer: false,
                state: None,
                version: None,
                is_deleted: false,
            });
        }
        Self {
            objects,
            hidden: BTreeSet::new(),
            writes: 0,
            is_cut: false,
            namespace: None,
            said,
            git,
            by_name,
            waiting: Vec::new(),
            waiting_bytes: 0,
            kept_bytes: 0,
            seen: BTreeSet::new(),
        }
    }

    /// Sets the namespace of resources that have none in Git.
    pub fn in_namespace(&mut self, name: &str) {
        self.namespace = Some(name.to_owned());
    }

    /// The names to look for in a log.
    #[must_use]
    pub fn asked(&self) -> Asked {
        let mut asked = Asked::default();
        for (group, name) in self.by_name.keys() {
            asked.add(group, name);
        }
        asked
    }

    /// Takes an event of some length. The log may be in any order; the writes of an object are
    /// sorted.
    pub fn take(&mut self, event: Event, bytes: usize) {
        self.waiting.push(event);
        self.waiting_bytes += bytes;
        if self.waiting_bytes > MAX_WAITING {
            let later = self.waiting.len() / 2;
            self.settle(later);
        }
    }

    /// Ends the log.
    pub fn end(&mut self) {
        self.settle(0);
    }

    /// Processes all waiting events except the latest ones.
    fn settle(&mut self, later: usize) {
        in_order(&mut self.waiting);
        let at = self.waiting.len().saturating_sub(later);
        let rest = self.waiting.split_off(at);
        let now = std::mem::replace(&mut self.waiting, rest);
        self.waiting_bytes /= 2;
        for event in now {
            if self.seen.len() > MAX_SEEN {
                // Duplicates are close to each other.
                self.seen.clear();
            }
            let is_new = event.audit_id.is_empty() || self.seen.insert(event.audit_id.clone());
            if !is_new {
                continue;
            }
            for at in self.meant(&event) {
                self.write(at, &event);
            }
        }
    }

    /// The objects that an event writes.
    fn meant(&self, event: &Event) -> Vec<usize> {
        let is_it = |at: &usize| {
            let Some(object) = self.objects.get(*at) else {
                return false;
            };
            let own = object.resource.identity.namespace;
            let kind = object.resource.kind();
            let named = [&event.response, &event.request]
                .into_iter()
                .flatten()
                .find_map(|body| {
                    let kind = body.get("kind").and_then(Value::as_str)?;
                    body.get("metadata").is_some().then_some(kind)
                });
            let is_kind = named.filter(|_| event.subresource.is_empty()) == Some(kind)
                || is_plural(kind, &event.resource);
            let named = self.namespace.as_deref();
            let is_there = match own {
                "" => {
                    named.is_none_or(|named| event.namespace.is_empty() || named == event.namespace)
                }
                own => own == event.namespace,
            };
            is_kind && is_there
        };
        if event.name.is_empty() {
            if event.verb != Verb::DeleteCollection {
                return Vec::new();
            }
            let all = self
                .by_name
                .iter()
                .filter(|((group, _), _)| *group == event.group);
            let all = all.flat_map(|(_, all)| all).copied();
            return all
                .filter(is_it)
                .filter(|at| self.is_deleted_by(*at, event))
                .collect();
        }
        let key = (event.group.as_str(), event.name.as_str());
        let all = self.by_name.get(&key).into_iter().flatten().copied();
        all.filter(is_it).collect()
    }

    /// Whether a deletion of several objects included this one, according to its answer.
    fn is_deleted_by(&self, at: usize, event: &Event) -> bool {
        let items = event
            .response
            .as_ref()
            .and_then(|body| body.get("items")?.as_array());
        let name = self.objects.get(at).map(|object| object.resource.name());
        items.is_none_or(|items| {
            items
                .iter()
                .any(|item| item.pointer("/metadata/name").and_then(Value::as_str) == name)
        })
    }

    fn write(&mut self, at: usize, event: &Event) {
        let Self {
            objects, git, said, ..
        } = self;
        let Some(object) = objects.get_mut(at) else {
            return;
        };
        object.namespaces.insert(event.namespace.clone());
        let want = object.want.map(|want| want.node.to_json());
        let before = object
            .state
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        let after = after(object.resource, event, before.as_ref().or(want.as_ref()));
        for body in [&event.request, &event.response, &after]
            .into_iter()
            .flatten()
        {
            hidden_in(body, object.resource, &mut self.hidden);
        }
        let version = event
            .response
            .as_ref()
            .and_then(|body| body.pointer("/metadata/resourceVersion"));
        let version = version.and_then(Value::as_str).map(str::to_owned);
        if version.is_some() && version == object.version && event.subresource.is_empty() {
            return;
        }
        self.writes += 1;
        let manager = who::manager(event);
        let applies = event
            .request
            .as_ref()
            .is_some_and(|body| is_apply(event.verb, body));
        let mut write = Write {
            line: event.line,
            audit_id: event.audit_id.clone(),
            verb: event.verb,
            by: event.by.clone(),
            operation: if applies { "Apply" } else { "Update" },
            subresource: event.subresource.clone(),
            received: event.received.clone(),
            answered: event.answered.clone(),
            cluster: event.cluster.clone(),
            group: who::of(&event.by, &manager, said),
            touched: Vec::new(),
            state: None,
            is_applying: !who::is_said(&event.by, &manager, said)
                && (applies || event.verb == Verb::Create || is_applier(&manager)),
            manager,
        };
        object.has_deployer |= write.group == Group::Deployer || is_noted(event, said);
        let text = after
            .as_ref()
            .map(|after| Arc::<str>::from(after.to_string()));
        let sides = Sides {
            before: before.as_ref(),
            after: after.as_ref(),
            text: text.as_ref(),
        };
        object.judge(&mut write, event, sides, git);
        if write.group != Group::Deployer && write.touched.iter().any(|touch| touch.differs) {
            let size = text.as_ref().map_or(0, |text| text.len());
            if self.kept_bytes + size > MAX_STATES {
                self.is_cut = true;
            } else {
                self.kept_bytes += size;
                write.state.clone_from(&text);
            }
        }
        object.version = version;
        object.is_deleted = matches!(event.verb, Verb::Delete | Verb::DeleteCollection);
        object.state = text.filter(|_| !object.is_deleted);
        if object.writes.len() >= MAX_WRITES {
            let oldest = object.writes.iter().position(|write| write.state.is_none());
            object.writes.remove(oldest.unwrap_or(0));
            object.forgotten += 1;
        }
        object.writes.push(write);
    }
}

/// Whether a name is the plural of a kind, as the API server guesses it.
fn is_plural(kind: &str, resource: &str) -> bool {
    let kind = kind.to_lowercase();
    let endings = ["s", "x", "ch", "sh"];
    let plural = match kind.strip_suffix('y') {
        Some(start) if !start.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{start}ies"),
        _ if endings.iter().any(|ending| kind.ends_with(ending)) => format!("{kind}es"),
        _ => format!("{kind}s"),
    };
    resource == plural || resource == kind || resource == format!("{kind}s")
}
