//! `managedFields`: which manager owns which field of a live object.
//!
//! The format is `FieldsV1` of structured-merge-diff: a map whose keys are steps. `f:name` is a
//! field, `k:{…}` an element with these keys, `v:…` an element of a set, `i:…` an element by its
//! place, and `.` the node itself. A step with nothing below it owns the whole value.

use serde_json::{Map, Value};

use super::managers::{Group, Managers, group, is_applier};
use crate::compare::diff::{By, Step};
use crate::compare::steps::Side;
use crate::resource::Resource;
use crate::yaml::Node;

/// The fields of an object that one manager has written.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The name that it gave itself.
    pub manager: &'a str,
    /// Its group for this object.
    pub group: Group,
    /// `Apply` or `Update`.
    pub operation: &'a str,
    /// The subresource that it wrote through, such as `scale`; empty for none.
    pub subresource: &'a str,
    /// The time of its last write according to the API server; it belongs to the entry, not to a
    /// field. A write through `scale` has none.
    pub time: Option<&'a str>,
    /// The fields that it owns.
    pub(super) fields: Node<'a>,
}

/// The field owners of one object.
#[derive(Debug, Default)]
pub(super) struct Managed<'a> {
    pub entries: Vec<Entry<'a>>,
}

/// One step of a path through a live object.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way<'a> {
    Field(&'a str),
    Element { node: Node<'a>, index: usize },
}

/// How a manager owns a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// The node itself.
    Whole,
    /// Only a part below it.
    Part,
}

impl<'a> Managed<'a> {
    /// Reads the entries of an object; those of its status own nothing that Git could set, except
    /// metadata.
    ///
    /// `said` is what the policy says about managers.
    pub fn read(live: &Resource<'a>, said: &Managers) -> Self {
        let mut entries = Self::known(live, said);
        let created = live.node.str_at(&["metadata", "creationTimestamp"]);
        // If no deployer is known, managers that apply whole files count as deployers, and so does
        // the creator, unless it is a tool of people: `replace --force` creates an object anew.
        if !entries.iter().any(|entry| entry.group == Group::Deployer) {
            for entry in &mut entries {
                let is_apply = entry.operation == "Apply" || is_applier(entry.manager);
                let is_maker =
                    entry.group == Group::Unknown && entry.time.is_some() && entry.time == created;
                let is_open =
                    entry.group != Group::Controller && said.group(entry.manager).is_none();
                if is_open && (is_apply || is_maker) {
                    entry.group = Group::Deployer;
                }
            }
        }
        Self { entries }
    }

    /// The entries of an object, each with the group of its manager.
    pub fn known(live: &Resource<'a>, said: &Managers) -> Vec<Entry<'a>> {
        let list = live.node.at(&["metadata", "managedFields"]);
        list.into_iter()
            .flat_map(Node::items)
            .filter_map(|entry| {
                let text = |key| entry.get(key).and_then(Node::as_str).unwrap_or_default();
                let manager = text("manager");
                Some(Entry {
                    manager,
                    group: group(said, manager),
                    operation: text("operation"),
                    subresource: text("subresource"),
                    time: Some(text("time")).filter(|time| !time.is_empty()),
                    fields: entry.get("fieldsV1").filter(|fields| fields.is_map())?,
                })
            })
            .collect()
    }

    /// How an entry owns the node at a path.
    pub fn hold(&self, entry: &Entry<'a>, way: &[Way<'_>]) -> Option<Hold> {
        let mut node = entry.fields;
        for (at, step) in way.iter().enumerate() {
            if is_leaf(node) && at > 0 {
                // An empty map is also owned as a leaf, but that does not own what others put into
                // it.
                return (!self.is_shared(&way[..at])).then_some(Hold::Whole);
            }
            node = child(node, step)?;
        }
        Some(if is_leaf(node) || node.get(".").is_some() {
            Hold::Whole
        } else {
            Hold::Part
        })
    }

    /// The owners of the node at a path; if it has none, the owners of parts below it.
    pub fn owners(&self, way: &[Way<'_>]) -> Vec<Entry<'a>> {
        let whole = self.holders(way);
        if !whole.is_empty() {
            return whole;
        }
        let all = self.entries.iter();
        let part = all.filter(|entry| self.hold(entry, way) == Some(Hold::Part));
        part.copied().collect()
    }

    /// The owners of the node itself at a path, even if the node does not exist.
    pub fn holders(&self, way: &[Way<'_>]) -> Vec<Entry<'a>> {
        let all = self.entries.iter();
        let own = all.filter(|entry| self.hold(entry, way) == Some(Hold::Whole));
        let (texts, others): (Vec<_>, Vec<_>) = own.partition(|entry| is_by_text(entry, way));
        let last = |all: &[Entry<'a>]| all.iter().map(|entry| entry.time).max();
        // Both own the key under different names, so neither takes it from the other: the last one
        // has it.
        if others.is_empty() || last(&texts) > last(&others) {
            texts
        } else {
            others
        }
    }

    /// Whether a manager owns parts of a node, so that it is more than one value.
    pub fn is_shared(&self, way: &[Way<'_>]) -> bool {
        let mut all = self.entries.iter();
        all.any(|entry| follow(entry.fields, way).is_some_and(|fields| !is_leaf(fields)))
    }

    /// The number of steps to a node that is owned as one value, so that nothing below it has its
    /// own owner.
    pub fn atomic(&self, way: &[Way<'_>]) -> Option<usize> {
        (1..way.len()).find(|&at| {
            let mut found = self
                .entries
                .iter()
                .filter_map(|entry| follow(entry.fields, &way[..at]))
                .peekable();
            found.peek().is_some() && found.all(is_leaf)
        })
    }
}

/// Whether an entry owns a key of a Secret only by the plain text that it applied.
///
/// The API server encodes the text into `data`, and leaves the entry as it is if others change or
/// remove the key there.
pub(super) fn is_by_text(entry: &Entry<'_>, way: &[Way<'_>]) -> bool {
    let [Way::Field("data" | "stringData"), Way::Field(key), ..] = way else {
        return false;
    };
    let own = |fields: Node<'_>, name: &str| {
        let mut entries = fields.entries();
        entries.any(|(field, _)| field.text().strip_prefix("f:") == Some(name))
    };
    let data = child(entry.fields, &Way::Field("data"));
    own(entry.fields, "stringData")
        && !own(entry.fields, "data")
        && data.is_some_and(|data| own(data, key))
}

/// Whether a step has nothing below it.
pub(super) fn is_leaf(fields: Node<'_>) -> bool {
    fields.is_childless()
}

fn follow<'a>(fields: Node<'a>, way: &[Way<'_>]) -> Option<Node<'a>> {
    way.iter().try_fold(fields, child)
}

fn child<'a>(fields: Node<'a>, step: &Way<'_>) -> Option<Node<'a>> {
    let mut entries = fields.entries();
    match step {
        Way::Field(name) => {
            let find = |name: &str| {
                let mut entries = fields.entries();
                entries.find(|(key, _)| key.text().strip_prefix("f:") == Some(name))
            };
            // Plain texts of an applied Secret own the encoded values.
            let found = find(name).or_else(|| match *name {
                "data" => find("stringData"),
                _ => None,
            });
            found.map(|(_, value)| value)
        }
        Way::Element { node, index } => entries
            .find(|(key, _)| is_of(key.text(), *node, *index))
            .map(|(_, value)| value),
    }
}

/// Whether a step leads to an element of a list.
pub(super) fn is_of(step: &str, element: Node<'_>, index: usize) -> bool {
    match step.split_at_checked(2) {
        Some(("k:", keys)) => serde_json::from_str::<Map<String, Value>>(keys).is_ok_and(|keys| {
            let mut keys = keys.iter();
            element.is_map()
                && keys.all(|(key, value)| match element.get(key) {
                    Some(own) => own.to_json() == *value,
                    // Git may leave out a value that the API server adds as a default.
                    None => key == "protocol" && value == "TCP",
                })
        }),
        Some(("v:", value)) => {
            serde_json::from_str::<Value>(value).is_ok_and(|value| element.to_json() == value)
        }
        Some(("i:", at)) => at.parse() == Ok(index),
        _ => false,
    }
}

/// The path of some steps on one side, as far as that side has it.
pub(super) fn way<'a>(root: Node<'a>, steps: &[Step<'a>], side: Side) -> Vec<Way<'a>> {
    let mut out = Vec::with_capacity(steps.len());
    let mut node = root;
    for step in steps {
        let next = match step {
            Step::Field(name) => node.get(name).map(|next| (Way::Field(name), next)),
            Step::Element { base, overlay, .. } => {
                let at = if side == Side::Base { *base } else { *overlay };
                at.and_then(|index| {
                    let node = node.items().nth(index)?;
                    Some((Way::Element { node, index }, node))
                })
            }
        };
        let Some((step, next)) = next else { break };
        out.push(step);
        node = next;
    }
    out
}

/// Follows steps in a tree that is neither side, by the keys of elements.
pub(super) fn like<'a>(root: Node<'a>, steps: &[Step<'_>]) -> Option<Node<'a>> {
    steps.iter().try_fold(root, |node, step| match step {
        Step::Field(name) => node.get(name),
        Step::Element { by, base, overlay } => match by {
            By::Keys(keys) => node.items().find(|item| {
                keys.iter().all(|(key, text)| {
                    let own = key.split('.').try_fold(*item, Node::get);
                    own.map_or(*text == "TCP", |own| own.text() == *text)
                })
            }),
            By::Value(text) => node.items().find(|item| item.text() == *text),
            _ => node.items().nth((*base).or(*overlay)?),
        },
    })
}
