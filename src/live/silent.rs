//! The differences that are not drift, each with its reason.
//!
//! The verdict records a reason whenever it passes over a difference, so that an explanation never
//! contradicts the decision.

use super::meaning::why_absent;
use super::owned::Entry;
use super::silence::{Silence, Silent};
use crate::compare::diff::{By, Change, ChangeKind, Step, quantity};
use crate::resource::{Resource, is_bookkeeping};
use crate::yaml::Node;

/// A node that the walk through owners passed over, with the reason and the owner.
pub(super) type Passed<'a> = (Node<'a>, Silence, Entry<'a>);

/// Gives a reason to every value that only the cluster has, except the reported ones.
pub(super) fn settle<'a>(
    silent: Vec<Silent<'a>>,
    told: &[Node<'a>],
    passed: &[Passed<'a>],
    live: &Resource<'a>,
    is_managed: bool,
) -> Vec<Silent<'a>> {
    let mut settled = Settle {
        told,
        passed,
        live,
        is_managed,
        out: Vec::new(),
    };
    for one in silent {
        match one.change.overlay {
            Some(node) if one.why == Silence::Unowned => settled.add(one.change, node),
            _ => settled.out.push(one),
        }
    }
    settled.out
}

struct Settle<'s, 'a> {
    told: &'s [Node<'a>],
    passed: &'s [Passed<'a>],
    live: &'s Resource<'a>,
    is_managed: bool,
    out: Vec<Silent<'a>>,
}

impl<'a> Settle<'_, 'a> {
    fn add(&mut self, change: Change<'a>, node: Node<'a>) {
        if self.told.iter().any(|told| holds(*told, node)) {
            return;
        }
        let nodes = self.passed.iter().map(|(node, ..)| *node);
        let mut inner = self.told.iter().copied().chain(nodes);
        if inner.any(|inner| inner.position() != node.position() && holds(node, inner)) {
            for (step, below) in parts(node) {
                let mut part = change.clone();
                part.steps.push(step);
                part.overlay = Some(below);
                self.add(part, below);
            }
            return;
        }
        let mut passed = self.passed.iter();
        let found = passed.find(|(outer, ..)| holds(*outer, node));
        let (why, owner) = match found {
            Some((_, why, owner)) => (*why, Some(*owner)),
            None if !self.is_managed => (Silence::Unknown, None),
            None => (
                why_absent(&change, self.live).unwrap_or(Silence::Unowned),
                None,
            ),
        };
        self.out.push(Silent { change, why, owner });
    }
}

/// Whether a node is another one, or around it.
fn holds(outer: Node<'_>, inner: Node<'_>) -> bool {
    (outer.position()..outer.position() + outer.size()).contains(&inner.position())
}

/// The annotations of hosts and deployers, which are not part of a resource and are never compared.
pub(super) fn notes<'a>(want: &Resource<'a>, live: &Resource<'a>) -> Vec<Silent<'a>> {
    let annotations = |node: Node<'a>| node.at(&["metadata", "annotations"]);
    let own = annotations(want.node);
    let all = annotations(live.node).into_iter().flat_map(Node::entries);
    let is_equal = |key: &str, value: Node<'a>| {
        let said = own.and_then(|own| own.get(key));
        said.is_some_and(|said| said.same_scalar(value))
    };
    all.filter(|(key, value)| is_bookkeeping(key.text()) && !is_equal(key.text(), *value))
        .map(|(key, value)| Silent {
            change: Change {
                steps: ["metadata", "annotations", key.text()]
                    .map(Step::Field)
                    .to_vec(),
                kind: ChangeKind::Added,
                base: own.and_then(|own| own.get(key.text())),
                overlay: Some(value),
                pod: None,
                secret: false,
            },
            why: Silence::Note,
            owner: None,
        })
        .collect()
}

/// The parts of a map or a list, each with its step.
fn parts(node: Node<'_>) -> Vec<(Step<'_>, Node<'_>)> {
    let fields = node
        .entries()
        .map(|(key, value)| (Step::Field(key.text()), value));
    let elements = node.items().enumerate().map(|(index, item)| {
        let name = item.get("name").filter(|name| name.is_scalar());
        let by = name.map_or(By::Index, |name| By::Keys(vec![("name", name.text())]));
        let step = Step::Element {
            base: None,
            overlay: Some(index),
            by,
        };
        (step, item)
    });
    fields.chain(elements).collect()
}

/// Equal values that are written differently than in Git.
#[must_use]
pub fn spellings<'a>(want: &Resource<'a>, live: &Resource<'a>) -> Vec<Silent<'a>> {
    let mut out = Vec::new();
    let mut steps = Vec::new();
    spelled(want.node, live.node, &mut steps, &mut out);
    out
}

fn spelled<'a>(
    want: Node<'a>,
    live: Node<'a>,
    steps: &mut Vec<Step<'a>>,
    out: &mut Vec<Silent<'a>>,
) {
    if want.is_scalar() && live.is_scalar() {
        let is_one = || match (quantity(want), quantity(live)) {
            (Some(want), Some(live)) => want == live,
            _ => want.same_scalar(live),
        };
        if want.text() != live.text() && is_one() {
            out.push(Silent {
                change: Change {
                    steps: steps.clone(),
                    kind: ChangeKind::Modified,
                    base: Some(want),
                    overlay: Some(live),
                    pod: None,
                    secret: false,
                },
                why: Silence::Spelling,
                owner: None,
            });
        }
        return;
    }
    let others = parts(live);
    for (at, (step, inner)) in parts(want).into_iter().enumerate() {
        let is_it = |other: &Step<'_>| match (&step, other) {
            (Step::Field(name), Step::Field(other)) => name == other,
            (Step::Element { by: By::Index, .. }, Step::Element { overlay, .. }) => {
                *overlay == Some(at)
            }
            (Step::Element { by, .. }, Step::Element { by: other, .. }) => by == other,
            _ => false,
        };
        let Some((other, live)) = others.iter().find(|(other, _)| is_it(other)) else {
            continue;
        };
        steps.push(match other {
            Step::Element { overlay, by, .. } => Step::Element {
                base: Some(at),
                overlay: *overlay,
                by: by.clone(),
            },
            Step::Field(_) => step,
        });
        spelled(inner, *live, steps, out);
        steps.pop();
    }
}
