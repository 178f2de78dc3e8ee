//! `environment-mismatch`: two environments disagree where no comparison with a base has reported it.
//!
//! Without a base, every forbidden difference is one. If both have the same base, each
//! was compared with it, which leaves their additions, and the places that all environments override.
//! If their bases differ, or one has none, all is compared except resources that were made of one resource of both.
//!
//! The finding is about the environment that differs from most others, beside the earliest of
//! those; if two camps are equally large, about the later one.

mod disagreement;
mod names;
mod origin;
mod strangers;
mod voice;

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::compare::addresses::is_own_address;
use crate::compare::comparison::{Against, Classified, Comparison, Pair};
use crate::compare::defaults::is_default;
use crate::compare::diff::ChangeKind;
use crate::compare::guidance::{Guidance, guidance};
use crate::compare::steps::keyed_path;
use crate::finding::Finding;
use crate::path::{Path, overlap};
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::change::class::is_by_name;
use crate::rules::found::Found;
use crate::rules::matrix::Matrix;
use crate::rules::matrix::odd::{self, Kin, Member, Voice, is_next, turned, turned_change};
use crate::rules::overridden::{Overridden, names_both};
use crate::rules::paste::Environments;
use crate::rules::permission::verdict;
use crate::rules::told::{Saying, Told};
use crate::rules::words;
use disagreement::{Disagreement, are_same};
use origin::{Layers, Origin, Origins, is_same};
use strangers::{strangers, tell_strangers};
use voice::Matter;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::EnvironmentMismatch,
    severity: Severity::Error,
    summary: "Two environments of a service must have the same value where environments must not differ.",
    why: "Tests in one environment then do not cover the other, although each is allowed by itself.",
    example: "without a base, the readinessProbe waits 5 seconds in staging and 60 in production",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: true,
};

pub(in crate::rules) fn check(
    matrix: &Matrix<'_, '_>,
    overridden: &Overridden<'_>,
    policy: &Policy,
    found: &mut Found,
) {
    let kin = Kin::of(matrix);
    let order = odd::order(matrix);
    let mut layers = None;
    let mut disagreements = Vec::new();
    let mut lacks = Vec::new();
    let strangers = strangers(matrix, &order);
    for comparison in &matrix.siblings {
        let sides = &comparison.sides;
        if strangers.contains(sides.baseline) || strangers.contains(sides.environment) {
            continue;
        }
        let Against::Sibling { is_of_one_base, .. } = comparison.sides.against else {
            continue;
        };
        if is_of_one_base {
            let sides = &comparison.sides;
            let is_new = |environment: &str, at: usize| {
                overridden
                    .is_added(comparison, environment, at)
                    .unwrap_or(true)
            };
            let is_told = |at: usize, other: usize| {
                !is_new(sides.baseline, at) || !is_new(sides.environment, other)
            };
            let guides = |_, _| Vec::new();
            let from = (&kin, overridden, policy);
            collect(
                matrix,
                comparison,
                is_told,
                guides,
                from,
                &mut disagreements,
            );
            collect_remembered(comparison, from, &mut lacks);
            continue;
        }
        let layers = layers.get_or_insert_with(|| Layers::of(matrix));
        let early = Origins::of(matrix, layers, comparison.sides.baseline);
        let late = Origins::of(matrix, layers, comparison.sides.environment);
        let is_told = |at: usize, other: usize| match (early.of_one(at), late.of_one(other)) {
            (Origin::Made { root: a, .. }, Origin::Made { root: b, .. }) => is_same(a, b),
            _ => false,
        };
        let guides = |at: usize, other: usize| {
            let origins = [early.of_one(at), late.of_one(other)].into_iter();
            origins.filter_map(Origin::base).collect()
        };
        let from = (&kin, overridden, policy);
        collect(
            matrix,
            comparison,
            is_told,
            guides,
            from,
            &mut disagreements,
        );
        collect_lacks(comparison, &kin, &early, &late, &mut lacks);
    }
    let from = (&kin, overridden, policy);
    blame(matrix, from, &order, disagreements, found);
    blame_lacks(matrix, &order, lacks, found);
    tell_strangers(matrix, &order, &strangers, found);
}

/// A resource that one of two environments lacks.
struct Lack<'m, 'a> {
    comparison: &'m Comparison<'m, 'a>,
    kin: Member<'m>,
    resource: &'m Resource<'a>,
    with: &'m str,
    without: &'m str,
}

/// The comparisons of a resource: by both environments, the comparison and the number of the pair in it.
type Seats<'m, 'a> = BTreeMap<(&'m str, &'m str), (&'m Comparison<'m, 'a>, usize)>;

/// Whether a path is in an addition of two environments, or at a place for which an exemption names both.
fn is_of_some(
    overridden: &Overridden<'_>,
    comparison: &Comparison<'_, '_>,
    members: (usize, usize),
    path: &Path<'_>,
) -> bool {
    overridden.is_in_additions(comparison, members, path)
        || overridden.is_remembered(comparison, members, path)
}

/// Finds the odd environment at every place where environments disagree.
fn blame<'m, 'a: 'm>(
    matrix: &Matrix<'m, 'a>,
    (kin, overridden, policy): (&Kin<'m>, &Overridden<'_>, &Policy),
    order: &[&'m str],
    mut all: Vec<Disagreement<'m, 'a>>,
    found: &mut Found,
) {
    all.sort_by(|a, b| (a.kin, &a.path).cmp(&(b.kin, &b.path)));
    let mut seats: BTreeMap<Member<'m>, Seats<'m, 'a>> =
        all.iter().map(|one| (one.kin, Seats::new())).collect();
    for comparison in &matrix.siblings {
        let sides = &comparison.sides;
        for (number, &(at, _)) in comparison.pairing.matched.iter().enumerate() {
            if let Some(seats) = seats.get_mut(&kin.root((sides.baseline, at))) {
                seats.insert((sides.baseline, sides.environment), (*comparison, number));
            }
        }
    }
    // In this order, the places inside of another one follow it.
    for place in all.chunk_by(|a, b| a.kin == b.kin && odd::is_in(&b.path, &a.path)) {
        let top = &place[0];
        let Some(seats) = seats.get(&top.kin) else {
            continue;
        };
        let has_say = |(comparison, number): &(&Comparison<'_, '_>, usize)| {
            let members = comparison.pairing.matched.get(*number);
            members.is_some_and(|one| is_of_some(overridden, comparison, *one, &top.path))
        };
        let mut seats = seats.clone();
        seats.retain(|_, seat| !top.is_of_some || has_say(seat));
        let seats = &seats;
        // With the name of another environment, the same value does not mean the same.
        let foreign = names::foreign(matrix, place, order, policy);
        let is_alike = |early: &str, late: &str| {
            foreign.contains(early) == foreign.contains(late)
                && match seats.get(&(early, late)) {
                    Some((comparison, number)) => comparison.changes[*number].iter().all(|one| {
                        !overlap(&keyed_path(&one.change.steps), &top.path)
                            || names::say_own_layers(matrix, comparison, *number, one, policy)
                    }),
                    None => has_one_value(place, early, late),
                }
        };
        let has_seat = |name: &&&str| {
            seats
                .keys()
                .any(|(early, late)| *early == **name || *late == **name)
        };
        let order: Vec<&str> = order.iter().filter(has_seat).copied().collect();
        let matter = Matter {
            pair: top.pair,
            change: top.change,
            path: &top.path,
        };
        let from = (overridden, policy);
        let voice = |name: &str| voice::of(matrix, from, matter, seats.values(), name);
        let majority = odd::majority(matrix, &order, is_alike, voice);
        let Some(&norm) = majority.first() else {
            continue;
        };
        for name in order.iter().filter(|name| !majority.contains(*name)) {
            // The environment whose name it has differs in nothing.
            let differs = |norm: &&&str| {
                let mut all = place.iter().map(|one| &one.comparison.sides);
                all.any(|sides| {
                    let both = (sides.baseline, sides.environment);
                    both == (**norm, *name) || both == (*name, **norm)
                })
            };
            let differing = majority.iter().find(differs);
            let norm = differing
                .filter(|_| foreign.contains(name))
                .map_or(norm, |one| *one);
            let is_known = seats.contains_key(&(norm, *name)) || seats.contains_key(&(*name, norm));
            for one in place {
                let sides = &one.comparison.sides;
                let is_its = if is_known {
                    [(norm, *name), (*name, norm)].contains(&(sides.baseline, sides.environment))
                } else {
                    sides.environment == *name && is_next(one.comparison)
                };
                let is_told = || {
                    disagreement::is_of_layer(matrix, one, name)
                        || disagreement::is_of_floor(matrix, one, name, &majority)
                        || disagreement::is_of_base(matrix, one, (overridden, policy))
                };
                if is_its && !is_told() {
                    tell(one, name, policy, found);
                }
            }
        }
    }
}

/// Whether two environments that are not compared have the same value there, as far as other comparisons show both.
fn has_one_value(place: &[Disagreement<'_, '_>], early: &str, late: &str) -> bool {
    let value = |name: &str| {
        place.iter().find_map(|one| {
            let sides = &one.comparison.sides;
            let change = &one.change.change;
            if sides.baseline == name {
                Some((&one.path, change.base))
            } else {
                (sides.environment == name).then_some((&one.path, change.overlay))
            }
        })
    };
    match (value(early), value(late)) {
        (Some((a, early)), Some((b, late))) => a == b && are_same(early, late),
        _ => false,
    }
}

/// Reports a disagreement, as a finding about one of its environments.
fn tell(one: &Disagreement<'_, '_>, blamed: &str, policy: &Policy, found: &mut Found) {
    let turned_around = (one.comparison.sides.environment != blamed).then(|| {
        let pair = Pair {
            base: one.pair.overlay,
            overlay: one.pair.base,
            service: one.pair.service,
        };
        (turned(one.comparison), pair, turned_change(one.change))
    });
    let (comparison, pair, classified) = match &turned_around {
        Some((comparison, pair, change)) => (comparison, *pair, change),
        None => (one.comparison, one.pair, one.change),
    };
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    let (change, class) = (&classified.change, classified.class);
    let headline = words::headline(change, class, environment, &baseline);
    let saying = Saying {
        headline,
        demand: RULE.summary,
        help: match change.kind {
            ChangeKind::Added => format!("Remove it from {environment}, or add it to {baseline}."),
            ChangeKind::Removed => {
                format!("Add it to {environment}, or remove it from {baseline}.")
            }
            ChangeKind::Modified | ChangeKind::Reordered => {
                format!("Set the same value in {environment} and {baseline}.")
            }
        },
    };
    let finding = Finding {
        permit: comparison.permit(RULE.id, pair, change, class, Environments::One, policy),
        overridden: one.is_overridden,
        ..comparison.change_finding(RULE.id, pair, classified, saying)
    };
    let is_name = is_by_name(pair, classified, comparison, policy);
    let is_address = is_own_address(change, pair.overlay, comparison.sides.base);
    if is_default(change, pair.overlay) || is_address || is_name {
        found.push_as(Severity::Info, finding);
    } else {
        found.push(finding);
    }
}

/// Finds the odd environment for every resource that some environments lack.
fn blame_lacks<'m>(
    matrix: &Matrix<'_, '_>,
    order: &[&'m str],
    mut all: Vec<Lack<'m, '_>>,
    found: &mut Found,
) {
    all.sort_by_key(|lack| lack.kin);
    for lacks in all.chunk_by(|a, b| a.kin == b.kin) {
        let with: BTreeSet<&str> = lacks.iter().map(|lack| lack.with).collect();
        let of = |name: &&&str| {
            let mut lacks = lacks.iter();
            lacks.any(|lack| lack.with == **name || lack.without == **name)
        };
        let order: Vec<&str> = order.iter().filter(of).copied().collect();
        let is_alike = |a: &str, b: &str| with.contains(a) == with.contains(b);
        let majority = odd::majority(matrix, &order, is_alike, |_| Voice::Vote);
        let Some(&norm) = majority.first() else {
            continue;
        };
        for &name in order.iter().filter(|name| !majority.contains(*name)) {
            let is_norm = |lack: &&Lack<'_, '_>| [lack.with, lack.without].contains(&norm);
            let is_its = |lack: &&Lack<'_, '_>| [lack.with, lack.without].contains(&name);
            let direct = lacks.iter().filter(is_its).find(is_norm);
            let late = || {
                let mut own = lacks.iter().filter(is_its);
                own.find(|lack| {
                    lack.comparison.sides.environment == name && is_next(lack.comparison)
                })
            };
            if let Some(lack) = direct.or_else(late) {
                tell_lack(lack, name, found);
            }
        }
    }
}

/// Collects the changes of resources, except those that a comparison with the base has reported.
///
/// `guides` are the resources of bases that may say what environments may change.
fn collect<'m, 'a: 'm>(
    matrix: &Matrix<'m, 'a>,
    comparison: &'m Comparison<'m, 'a>,
    is_told: impl Fn(usize, usize) -> bool,
    guides: impl Fn(usize, usize) -> Vec<&'m Resource<'a>>,
    (kin, overridden, policy): (&Kin<'m>, &Overridden<'_>, &Policy),
    all: &mut Vec<Disagreement<'m, 'a>>,
) {
    let sides = &comparison.sides;
    let says_own = |number: usize, classified: &Classified<'_>| {
        names::say_own_layers(matrix, comparison, number, classified, policy)
    };
    let matched = comparison.pairing.matched.iter().zip(comparison.pairs());
    for (number, (&(at, other), (pair, changes))) in matched.enumerate() {
        let is_told = is_told(at, other);
        if changes.is_empty() || is_told && !overridden.has(comparison, (at, other)) {
            continue;
        }
        let mut guidances = vec![Guidance::default()];
        let guides = guides(at, other).into_iter();
        guidances.extend(guides.map(guidance));
        for classified in changes {
            let path = keyed_path(&classified.change.steps);
            let is_overridden = overridden.is_between(comparison, (at, other), &path);
            let allows = |environment: &str| {
                guidances.iter().any(|guidance| {
                    verdict(policy, guidance, environment, pair, classified).is_allowed()
                })
            };
            let is_of_some = is_told && is_of_some(overridden, comparison, (at, other), &path);
            let is_open = is_overridden || is_of_some;
            // For an image that every environment sets, another rule asks where it comes from.
            if is_open && classified.class == Class::ImageTag {
                continue;
            }
            let is_free = allows(sides.environment) || allows(sides.baseline);
            if is_told && !is_open || is_free || says_own(number, classified) {
                continue;
            }
            all.push(Disagreement {
                comparison,
                kin: kin.root((sides.baseline, at)),
                path,
                members: (at, other),
                pair,
                change: classified,
                is_overridden,
                is_of_some,
            });
        }
    }
}

/// Collects the resources that one of two environments lacks, except those that were judged as added or removed.
fn collect_lacks<'m, 'a>(
    comparison: &'m Comparison<'m, 'a>,
    kin: &Kin<'m>,
    early: &Origins<'_, 'a>,
    late: &Origins<'_, 'a>,
    all: &mut Vec<Lack<'m, 'a>>,
) {
    let is_news = |own: &Origins<'_, 'a>, at: usize, other: &Origins<'_, 'a>| match own.of_one(at) {
        Origin::Untold => true,
        Origin::Added => false,
        Origin::Made { root, .. } => !other.holds(root),
    };
    let sides = &comparison.sides;
    let added = comparison.pairing.added.iter();
    let added = added.filter(|&&at| is_news(late, at, early));
    all.extend(added.map(|&at| Lack {
        comparison,
        kin: kin.root((sides.environment, at)),
        resource: &sides.overlay[at],
        with: sides.environment,
        without: sides.baseline,
    }));
    let removed = comparison.pairing.removed.iter();
    let removed = removed.filter(|&&at| is_news(early, at, late));
    all.extend(removed.map(|&at| Lack {
        comparison,
        kin: kin.root((sides.baseline, at)),
        resource: &sides.base[at],
        with: sides.baseline,
        without: sides.environment,
    }));
}

/// Collects the resources that an exemption lets both environments add, or remove, if one no longer does.
fn collect_remembered<'m, 'a>(
    comparison: &'m Comparison<'m, 'a>,
    (kin, overridden, policy): (&Kin<'m>, &Overridden<'_>, &Policy),
    all: &mut Vec<Lack<'m, 'a>>,
) {
    let sides = &comparison.sides;
    let (early, late) = (sides.baseline, sides.environment);
    let mut collect = |(with, without), at: usize, resource: &'m Resource<'a>| {
        let (rule, whose) = if overridden.is_added(comparison, with, at) == Some(true) {
            (RuleId::AddedResource, (with, without))
        } else {
            (RuleId::RemovedResource, (without, with))
        };
        if names_both(comparison, (rule, resource), whose, policy) {
            all.push(Lack {
                comparison,
                kin: kin.root((with, at)),
                resource,
                with,
                without,
            });
        }
    };
    for &at in &comparison.pairing.added {
        collect((late, early), at, &sides.overlay[at]);
    }
    for &at in &comparison.pairing.removed {
        collect((early, late), at, &sides.base[at]);
    }
}

/// Reports a resource that only one environment has, or only one lacks.
fn tell_lack(lack: &Lack<'_, '_>, blamed: &str, found: &mut Found) {
    let turned_around =
        (lack.comparison.sides.environment != blamed).then(|| turned(lack.comparison));
    let comparison = turned_around.as_ref().unwrap_or(lack.comparison);
    let called = |name: &str| {
        if name == comparison.sides.environment {
            comparison.environment().to_owned()
        } else {
            comparison.baseline().into_owned()
        }
    };
    let (with, without) = (called(lack.with), called(lack.without));
    let told = Told {
        message: format!(
            "{} is in {with}, but not in {without}. {}",
            words::resource(lack.resource),
            RULE.summary
        ),
        headline: format!("the resource is in {with}, but not in {without}"),
        help: "Add it to both.".to_owned(),
    };
    let service = comparison.foreign_service();
    found.push(Finding {
        permit: comparison.exempt(RULE.id, lack.resource, service),
        ..comparison.finding(RULE.id, lack.resource, service, told)
    });
}
