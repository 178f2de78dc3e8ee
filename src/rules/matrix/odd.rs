//! Who is the odd one out, where environments of a service do not agree.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::Matrix;
use crate::compare::comparison::{Against, Classified, Comparison, Sides};
use crate::compare::diff::{Change, ChangeKind, Step};
use crate::compare::pair::Pairing;
use crate::path::Path;

/// A resource of an environment, by the environment's name and its place in it.
pub(in crate::rules) type Member<'m> = (&'m str, usize);

/// What is one resource, through all environments.
pub(in crate::rules) struct Kin<'m> {
    parents: HashMap<Member<'m>, Member<'m>>,
}

impl<'m> Kin<'m> {
    /// Reads it out of the pairs of all comparisons of a service.
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
    // Of a chain in which only neighbours are compared, each stands behind all that are before its neighbour.
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

/// What an environment says to who is the odd one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::rules) enum Voice {
    /// It counts.
    Vote,
    /// It counts, but for the other side where camps are as large: it is what has changed.
    Doubt,
    /// It does not count: it is known to be another one there.
    None,
}

/// The environments that agree with most others, the earliest of them first; where two camps are as large, that of the earliest.
///
/// Those that stand on one another count once, those without a vote not at all, and among camps that are as large those with a doubt less.
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
    // The first of those that are as large.
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

/// Whether a path is that of a place, or leads further into it.
pub(in crate::rules) fn is_in(Path(path): &Path<'_>, Path(place): &Path<'_>) -> bool {
    path.starts_with(place)
}

/// A comparison read the other way around: the earlier environment is judged against the later one.
///
/// It holds the sides alone, which is all that a finding asks for.
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
    }
}

/// Whether no other environment stands between the two of a comparison.
pub(in crate::rules) const fn is_next(comparison: &Comparison<'_, '_>) -> bool {
    matches!(
        comparison.sides.against,
        Against::Sibling { is_next: true, .. }
    )
}
