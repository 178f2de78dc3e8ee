//! Finds the odd one out, if environments of a service do not agree.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Matrix;
use crate::compare::comparison::{Against, Classified, Comparison, Sides};
use crate::compare::diff::{Change, ChangeKind, Step};
use crate::compare::pair::Pairing;
use crate::path::Path;

/// A resource of an environment, by the environment's name and its place in it.
pub(in crate::rules) type Member<'m> = (&'m str, usize);

/// The sets of resources that are the same one in all environments.
pub(in crate::rules) struct Kin<'m> {
    parents: HashMap<Member<'m>, Member<'m>>,
}

impl<'m> Kin<'m> {
    /// Reads them from the pairs of all comparisons of a service.
    pub fn of(matrix: &Matrix<'m, '_>) -> Self {
        let mut kin = Self {
            parents: HashMap::new(),
        };
        for comparison in &matrix.siblings {
            let sides = &comparison.sides;
            for &(at, other) in &comparison.pairing.matched {
                let (early, late) = ((sides.baseline, at), (sides.environment, other));
                let (a, b) = (kin.root(early), kin.root(late));
                if a != b {
                    kin.parents.insert(a.max(b), a.min(b));
                }
            }
        }
        kin
    }

    /// One member that stands for all that are the same resource.
    pub fn root(&self, member: Member<'m>) -> Member<'m> {
        let mut at = member;
        while let Some(&next) = self.parents.get(&at) {
            at = next;
        }
        at
    }
}

/// The environments of a service, the earlier ones first.
pub(in crate::rules) fn order<'m>(matrix: &Matrix<'m, '_>) -> Vec<&'m str> {
    let mut before: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for comparison in &matrix.siblings {
        let sides = &comparison.sides;
        before.entry(sides.baseline).or_default();
        let all = before.entry(sides.environment).or_default();
        all.insert(sides.baseline);
    }
    // In a chain in which only neighbours are compared, each comes after all that are before its neighbour.
    let mut order: Vec<&str> = Vec::new();
    while order.len() < before.len() {
        let mut left = before.iter().filter(|(name, _)| !order.contains(name));
        let next = left
            .clone()
            .find(|(_, others)| others.iter().all(|other| order.contains(other)))
            .or_else(|| left.next());
        let Some((next, _)) = next else { break };
        order.push(next);
    }
    order
}

/// An environment's voice on which one is odd.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum Voice {
    /// It counts.
    Vote,
    /// It counts, except that the other side wins if camps are equally large: this one is what has changed.
    Doubt,
    /// It does not count: it is known to differ there.
    None,
}

/// The environments that agree with most others, the earliest first; if two camps are equally large, that of the earliest.
///
/// Of environments made of one another, one counts; those without a vote do not, and one with a doubt decides no tie.
pub(in crate::rules) fn majority<'m>(
    matrix: &Matrix<'_, '_>,
    order: &[&'m str],
    is_alike: impl Fn(&str, &str) -> bool,
    voice: impl Fn(&str) -> Voice,
) -> Vec<&'m str> {
    let mut camps: Vec<Vec<&str>> = Vec::new();
    for name in order {
        let own = camps
            .iter_mut()
            .find(|camp| camp.iter().any(|other| is_alike(other, name)));
        match own {
            Some(camp) => camp.push(name),
            None => camps.push(vec![name]),
        }
    }
    // The first of equally large camps.
    let size = |camp: &&Vec<&str>| {
        let own = camp.iter();
        let counted = own.filter(|one| !camp.iter().any(|other| matrix.stands_on(one, other)));
        let voices: Vec<Voice> = counted.map(|one| voice(one)).collect();
        let count = |wanted: &[Voice]| {
            let all = voices.iter();
            all.filter(|one| wanted.contains(one)).count()
        };
        (count(&[Voice::Vote, Voice::Doubt]), count(&[Voice::Vote]))
    };
    let largest = camps.iter().rev().max_by_key(size);
    largest.cloned().unwrap_or_default()
}

/// Whether a path is that of a place, or is inside of it.
pub(in crate::rules) fn is_in(Path(path): &Path<'_>, Path(place): &Path<'_>) -> bool {
    path.starts_with(place)
}

/// A comparison read the other way around: the earlier environment is judged against the later one.
///
/// It holds only the sides, which is all that a finding needs.
pub(in crate::rules) fn turned<'m, 'a>(comparison: &Comparison<'m, 'a>) -> Comparison<'m, 'a> {
    let sides = comparison.sides;
    Comparison {
        sides: Sides {
            environment: sides.baseline,
            baseline: sides.environment,
            base: sides.overlay,
            overlay: sides.base,
            ..sides
        },
        pairing: Pairing::default(),
        changes: Vec::new(),
        namespaces: Vec::new(),
    }
}

/// A change read the other way around.
pub(in crate::rules) fn turned_change<'a>(classified: &Classified<'a>) -> Classified<'a> {
    let Change {
        steps,
        kind,
        base,
        overlay,
        pod,
        secret,
    } = &classified.change;
    let turn = |step: &Step<'a>| match step {
        Step::Field(name) => Step::Field(name),
        Step::Element { base, overlay, by } => Step::Element {
            base: *overlay,
            overlay: *base,
            by: by.turned(),
        },
    };
    Classified {
        change: Change {
            steps: steps.iter().map(turn).collect(),
            kind: match kind {
                ChangeKind::Added => ChangeKind::Removed,
                ChangeKind::Removed => ChangeKind::Added,
                other => *other,
            },
            base: *overlay,
            overlay: *base,
            pod: *pod,
            secret: *secret,
        },
        class: classified.class,
        is_left_behind: classified.is_left_behind,
    }
}

/// Whether no other environment comes between the two of a comparison.
pub(in crate::rules) const fn is_next(comparison: &Comparison<'_, '_>) -> bool {
    matches!(
        comparison.sides.against,
        Against::Sibling { is_next: true, .. }
    )
}
