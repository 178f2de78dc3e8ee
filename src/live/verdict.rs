//! The verdict about a field, from three facts: whether Git sets it, whether the values are equal,
//! and who owns the live value.

use super::changes::{Difference, differences};
use super::managers::{Group, Managers};
use super::meaning::{
    is_nothing, is_of_deployer, is_of_server, is_same_as_absent, last_two, why_absent,
};
use super::owned::{Entry, Managed, Way, is_by_text, is_leaf, is_of, like, way};
use super::shown::hidden;
use super::silence::{Silence, Silent};
use super::silent::{Passed, notes, settle};
use crate::api::LAST_APPLIED;
use crate::catalog::Class;
use crate::compare::classify::{Surroundings, classify};
use crate::compare::diff::{By, Change, ChangeKind, Step};
use crate::compare::steps::Side;
use crate::resource::Resource;
use crate::yaml::{self, Node};

/// The annotation that a restart writes into a pod template.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

/// The verdict about a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// A person changed a field that Git sets.
    Changed,
    /// A field that Git sets was removed.
    Removed,
    /// A person added a field that Git does not set.
    Added,
    /// The deployer left it so: Git is ahead, or the value was rewritten during deployment.
    OutOfSync,
    /// A controller changed a field that Git sets.
    Controlled,
    /// Git sets a number of replicas that an autoscaler sets too.
    Autoscaled,
    /// A person restarted it.
    Restarted,
}

/// A field that differs from Git, with its owner.
#[derive(Clone, Debug)]
pub struct Drift<'a> {
    /// What became of it.
    pub verdict: Verdict,
    /// The value in Git and the live one.
    pub change: Change<'a>,
    /// The class of the field.
    pub class: Class,
    /// The owner of the live value; `None` if it has none or the owner is not known.
    pub owner: Option<Entry<'a>>,
    /// The differences within the field, if it is compared as one value.
    pub inner: Vec<Change<'a>>,
    /// Whether an autoscaler sets it, so that neither Git nor a person should.
    pub is_scaled: bool,
}

/// The context of a verdict besides the two resources.
#[derive(Clone, Copy)]
pub(super) struct Scene<'s, 'a> {
    pub around: Surroundings<'s, 'a>,
    /// Whether the objects came with their owners.
    pub is_managed: bool,
    /// Whether an autoscaler sets the replicas.
    pub is_autoscaled: bool,
    /// What the policy says about managers.
    pub said: &'s Managers,
}

/// Judges every field of a pair: the drift, and the differences that are not drift.
pub(super) fn judge<'a>(
    want: &Resource<'a>,
    live: &Resource<'a>,
    scene: Scene<'_, 'a>,
) -> (Vec<Drift<'a>>, Vec<Silent<'a>>) {
    let managed = scene.is_managed.then(|| Managed::read(live, scene.said));
    let applied = live.annotation(LAST_APPLIED).filter(|_| {
        let way = ["metadata", "annotations", LAST_APPLIED].map(Way::Field);
        let owners = managed.iter().flat_map(|managed| managed.holders(&way));
        owners
            .into_iter()
            .any(|owner| owner.group == Group::Deployer)
    });
    let applied = applied.and_then(|text| yaml::parse(text).ok());
    let applied = applied.as_ref().and_then(|tree| tree.roots().next());
    let mut drifts = Vec::new();
    let mut silent = Vec::new();
    for difference in differences(want, live, managed.as_ref(), scene.around, &mut silent) {
        match of_git(difference, (want, live), managed.as_ref(), applied, scene) {
            Ok(drift) => drifts.push(drift),
            Err(none) => silent.push(*none),
        }
    }
    drifts.extend(autoscaled(want, live, scene));
    let mut passed = Vec::new();
    if let Some(managed) = &managed {
        let mut walk = Additions {
            live,
            managed,
            applied,
            around: scene.around,
            way: Vec::new(),
            seen: Vec::new(),
            drifts: Vec::new(),
            passed: Vec::new(),
        };
        for entry in &managed.entries {
            if entry.subresource != "status" {
                walk.of(*entry, entry.fields, live.node, Some(want.node));
            }
        }
        drifts.extend(walk.drifts);
        passed = walk.passed;
    }
    let seen: Vec<Node<'a>> = drifts.iter().filter_map(|one| one.change.overlay).collect();
    let mut silent = settle(silent, &seen, &passed, live, managed.is_some());
    silent.extend(notes(want, live));
    let told = drifts.iter_mut().map(|drift| &mut drift.change);
    for change in told.chain(silent.iter_mut().map(|one| &mut one.change)) {
        hide(change, want, live);
    }
    for drift in &mut drifts {
        drift.is_scaled = scene.is_autoscaled && is_replicas(&drift.change.steps);
    }
    (drifts, silent)
}

/// Hides secret values, and fields that must not be named.
pub(super) fn hide<'a>(change: &mut Change<'a>, want: &Resource<'a>, live: &Resource<'a>) {
    let sides = [(want.node, Side::Base), (live.node, Side::Overlay)];
    let both = sides.map(|(root, side)| hidden(root, &way(root, &change.steps, side)));
    // The side that lacks a key knows fewer steps of the path.
    let named = both
        .into_iter()
        .filter_map(|(named, is_hidden)| is_hidden.then_some(named));
    if let Some(named) = named.max() {
        change.steps.truncate(named.max(1));
        change.secret = true;
    }
}

/// The verdict about a field that Git sets; the error is the reason why it is not drift.
fn of_git<'a>(
    difference: Difference<'a>,
    (want, live): (&Resource<'a>, &Resource<'a>),
    managed: Option<&Managed<'a>>,
    applied: Option<Node<'_>>,
    scene: Scene<'_, 'a>,
) -> Result<Drift<'a>, Box<Silent<'a>>> {
    let Difference {
        change,
        class,
        inner,
    } = difference;
    let is_gone = change.kind == ChangeKind::Removed;
    let ways = if is_gone {
        way(want.node, &change.steps, Side::Base)
    } else {
        way(live.node, &change.steps, Side::Overlay)
    };
    // A zero value within the removed field may still be owned.
    let owners = managed.map(|managed| match change.kind {
        ChangeKind::Removed => {
            let mut holders = managed.holders(&ways);
            holders.retain(|entry| !is_by_text(entry, &ways));
            holders
        }
        _ => managed.owners(&ways),
    });
    let owner = owners.as_deref().and_then(first);
    let is_ahead = || applied.is_some_and(|applied| like(applied, &change.steps).is_none());
    let group = owner.map(|owner| owner.group);
    let none = |change, why| Box::new(Silent { change, why, owner });
    let verdict = if is_restart(&change.steps) && !is_gone {
        Verdict::Restarted
    } else if scene.is_autoscaled && is_replicas(&change.steps) && group != Some(Group::Person) {
        return Err(none(change, Silence::Autoscaled));
    } else if is_gone {
        match group {
            Some(Group::Deployer) => Verdict::OutOfSync,
            _ if is_ahead() => Verdict::OutOfSync,
            _ => Verdict::Removed,
        }
    } else {
        match group {
            // The API server fills in an empty value.
            Some(Group::Deployer | Group::Controller) | None if is_empty(&change) => {
                return Err(none(change, Silence::Empty));
            }
            Some(Group::Deployer) => Verdict::OutOfSync,
            Some(Group::Controller) => Verdict::Controlled,
            None if managed.is_some() => Verdict::OutOfSync,
            // Without owners, all that is known is that the values differ.
            Some(Group::Person | Group::Unknown) | None => Verdict::Changed,
        }
    };
    Ok(Drift {
        verdict,
        change,
        class,
        owner: owner.filter(|_| !is_gone || verdict == Verdict::OutOfSync),
        inner,
        is_scaled: false,
    })
}

/// The owner to name: a deployer first, because no one took away its fields; then the last writer.
fn first<'a>(owners: &[Entry<'a>]) -> Option<Entry<'a>> {
    let rank = |owner: &&Entry<'a>| match owner.group {
        Group::Deployer => 0,
        Group::Person => 1,
        Group::Unknown => 2,
        Group::Controller => 3,
    };
    let least = owners.iter().map(|owner| rank(&owner)).min()?;
    let same = owners.iter().filter(|owner| rank(owner) == least);
    same.max_by_key(|owner| owner.time).copied()
}

/// Whether Git has an empty text, map or list.
fn is_empty(change: &Change<'_>) -> bool {
    change.base.is_some_and(|base| {
        let is_counted = base.is_scalar() && base.as_str().is_none();
        let (parent, name) = last_two(&change.steps);
        !is_counted && is_nothing(parent, name, base)
    })
}

pub(super) fn is_restart(steps: &[Step<'_>]) -> bool {
    matches!(
        steps,
        [.., Step::Field("template"), Step::Field("metadata"), Step::Field("annotations"), Step::Field(key)]
            if *key == RESTARTED
    )
}

fn is_replicas(steps: &[Step<'_>]) -> bool {
    matches!(steps, [Step::Field("spec"), Step::Field("replicas")])
}

/// The drift of a number that both Git and an autoscaler set, whatever its value is now.
fn autoscaled<'a>(
    want: &Resource<'a>,
    live: &Resource<'a>,
    scene: Scene<'_, 'a>,
) -> Option<Drift<'a>> {
    let replicas = |node: Node<'a>| {
        node.at(&["spec", "replicas"])
            .filter(|node| !node.is_null())
    };
    let base = replicas(want.node).filter(|_| scene.is_autoscaled)?;
    Some(Drift {
        verdict: Verdict::Autoscaled,
        change: Change {
            steps: vec![Step::Field("spec"), Step::Field("replicas")],
            kind: ChangeKind::Modified,
            base: Some(base),
            overlay: replicas(live.node),
            pod: None,
            secret: false,
        },
        class: Class::Replicas,
        owner: None,
        inner: Vec::new(),
        is_scaled: true,
    })
}

/// The fields that managers own and Git does not set.
struct Additions<'s, 'a> {
    live: &'s Resource<'a>,
    managed: &'s Managed<'a>,
    applied: Option<Node<'s>>,
    around: Surroundings<'s, 'a>,
    way: Vec<Way<'a>>,
    /// The positions of the live nodes that were reported.
    seen: Vec<usize>,
    drifts: Vec<Drift<'a>>,
    /// The nodes that are not drift, with their owners.
    passed: Vec<Passed<'a>>,
}

impl<'a> Additions<'_, 'a> {
    /// Walks the fields of an entry, along the live object and the resource in Git.
    fn of(&mut self, entry: Entry<'a>, fields: Node<'a>, live: Node<'a>, want: Option<Node<'a>>) {
        for (key, below) in fields.entries() {
            let Some((step, node)) = self.step(key.text(), live) else {
                continue;
            };
            let said = want.and_then(|want| counterpart(want, key.text(), node, step));
            let said = said.filter(|said| !said.is_null());
            self.way.push(step);
            if said.is_some() {
                if !is_leaf(below) {
                    self.of(entry, below, node, said);
                }
            } else if is_leaf(below) || below.get(".").is_some() {
                if !self.tell(entry, node, below) {
                    self.of(entry, below, node, None);
                }
            } else {
                self.of(entry, below, node, None);
            }
            self.way.pop();
        }
    }

    /// The step of a `FieldsV1` key, and the node that it leads to.
    fn step(&self, key: &'a str, live: Node<'a>) -> Option<(Way<'a>, Node<'a>)> {
        if let Some(name) = key.strip_prefix("f:") {
            // The API server has encoded the plain texts of a Secret.
            let node = live.get(name);
            let encoded = || match name {
                "stringData" if self.way.is_empty() => Some(("data", live.get("data")?)),
                _ => None,
            };
            let (name, node) = node.map(|node| (name, node)).or_else(encoded)?;
            return (!node.is_null()).then_some((Way::Field(name), node));
        }
        let mut items = live.items().enumerate();
        let (index, node) = items.find(|(index, item)| is_of(key, *item, *index))?;
        Some((Way::Element { node, index }, node))
    }

    /// Reports a node that an entry owns and Git does not set. Returns whether everything below it
    /// is reported or may be ignored.
    fn tell(&mut self, entry: Entry<'a>, node: Node<'a>, below: Node<'a>) -> bool {
        let steps = steps(&self.way);
        if self.seen.contains(&node.position()) {
            return true;
        }
        if is_of_server(&steps) || entry.group == Group::Controller {
            let is_server = is_of_server(&steps);
            let why = if is_server {
                Silence::OfServer
            } else {
                Silence::Controller
            };
            self.passed.push((node, why, entry));
            return true;
        }
        // A restart is reported separately.
        if !is_leaf(below) && node.get(RESTARTED).is_some() {
            return false;
        }
        let others = self.managed.entries.iter();
        let others = others.filter(|other| other.fields.position() != entry.fields.position());
        let rank = |group| matches!(group, Group::Deployer | Group::Controller);
        let is_shared = others
            .filter(|other| rank(other.group))
            .any(|other| self.managed.hold(other, &self.way).is_some());
        let is_deployer = entry.group == Group::Deployer;
        if is_shared && !is_deployer {
            self.passed.push((node, Silence::Shared, entry));
            return is_leaf(below);
        }
        let change = Change {
            pod: pod(&self.way, self.live),
            steps,
            kind: ChangeKind::Added,
            base: None,
            overlay: Some(node),
            secret: false,
        };
        let is_told = if is_deployer {
            if is_of_deployer(&change.steps) {
                self.passed.push((node, Silence::Note, entry));
                return true;
            }
            is_leaf(below) && self.is_dropped(entry, &change)
        } else {
            !is_same_as_absent(&change, self.live)
        };
        if !is_told {
            let why = why_absent(&change, self.live).unwrap_or(Silence::Came);
            self.passed.push((node, why, entry));
            return is_leaf(below) || !is_deployer;
        }
        self.seen.push(node.position());
        self.drifts.push(Drift {
            verdict: match entry.group {
                Group::Deployer => Verdict::OutOfSync,
                _ if is_restart(&change.steps) => Verdict::Restarted,
                _ => Verdict::Added,
            },
            class: classify(&change, self.around),
            change,
            owner: Some(entry),
            inner: Vec::new(),
            is_scaled: false,
        });
        true
    }

    /// Whether a deployer owns a field because it applied it, and not because the field accompanies
    /// another.
    fn is_dropped(&self, entry: Entry<'a>, change: &Change<'a>) -> bool {
        let (parent, name) = last_two(&change.steps);
        let is_zero = change
            .overlay
            .is_some_and(|node| is_nothing(parent, name, node));
        if is_zero || is_same_as_absent(change, self.live) {
            return false;
        }
        let was_applied = || {
            let applied = self.applied.and_then(|root| like(root, &change.steps));
            applied.is_some_and(|node| !node.is_null())
        };
        entry.operation == "Apply" || was_applied()
    }
}

/// The node in Git for a step of `FieldsV1`.
fn counterpart<'a>(want: Node<'a>, key: &str, node: Node<'a>, step: Way<'_>) -> Option<Node<'a>> {
    if let Way::Field(name) = step {
        let plain = || match name {
            "data" if want.get("kind").is_some() => want.get("stringData"),
            _ => None,
        };
        return want.get(name).or_else(plain);
    }
    let mut items = want.items().enumerate();
    let found = items.find(|(index, item)| is_of(key, *item, *index));
    found
        .or_else(|| {
            let mut items = want.items().enumerate();
            items.find(|(_, item)| item.is_scalar() && item.same_scalar(node))
        })
        .map(|(_, item)| item)
}

/// The keys that identify elements of keyed lists, as in paths.
const KEYS: [&str; 12] = [
    "name",
    "containerPort",
    "mountPath",
    "devicePath",
    "port",
    "ip",
    "key",
    "protocol",
    "topologyKey",
    "type",
    "uid",
    "whenUnsatisfiable",
];

/// The steps of a change, from a path through a live object.
fn steps<'a>(way: &[Way<'a>]) -> Vec<Step<'a>> {
    let step = |step: &Way<'a>| match step {
        Way::Field(name) => Step::Field(name),
        Way::Element { node, index } => {
            let of = |key: &'static str| {
                let value = node.get(key).filter(|value| value.is_scalar())?;
                Some((key, value.text()))
            };
            let name = of("name");
            let port = of("containerPort").or_else(|| of("port"));
            let keys: Vec<(&'static str, &'a str)> = match (port, name) {
                (Some(port), _) => [Some(port), of("protocol")].into_iter().flatten().collect(),
                (None, Some(name)) => vec![name],
                (None, None) => KEYS.into_iter().find_map(of).into_iter().collect(),
            };
            Step::Element {
                base: None,
                overlay: Some(*index),
                by: match keys.is_empty() {
                    true if node.as_str().is_some() => By::Value(node.text()),
                    true => By::Index,
                    false => By::Keys(keys),
                },
            }
        }
    };
    way.iter().map(step).collect()
}

/// The number of steps to the pod specification on a path.
fn pod(way: &[Way<'_>], live: &Resource<'_>) -> Option<usize> {
    if live.kind() == "Pod" && live.group().is_empty() {
        return matches!(way.first(), Some(Way::Field("spec"))).then_some(1);
    }
    let names: Vec<&str> = way
        .iter()
        .map(|step| match step {
            Way::Field(name) => *name,
            Way::Element { .. } => "",
        })
        .collect();
    let at = names
        .windows(2)
        .rposition(|two| matches!(two, ["template", "spec"]))?;
    let is_pod = names.get(at + 2).is_some();
    is_pod.then_some(at + 2)
}
