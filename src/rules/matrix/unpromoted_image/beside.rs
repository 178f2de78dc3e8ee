//! Environments of which none comes before the other, and which must run the same.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::{Difference, Found as Look, Scene, differing};
use super::words::Case;
use crate::catalog::{RuleId, Severity};
use crate::compare::comparison::{Comparison, Pair};
use crate::finding::Finding;
use crate::path::Path;
use crate::rules::found::Found;
use crate::rules::matrix::odd::{self, Kin, Member, Voice, turned, turned_change};

/// The images of two environments at one place.
struct Seat<'m, 'a> {
    comparison: &'m Comparison<'m, 'a>,
    members: (usize, usize),
    difference: Option<Difference<'m, 'a>>,
}

/// Reports each environment whose image differs from most of those that have no known order with it.
///
/// Resources of environments that are in `told` already are not reported again.
pub(super) fn check<'m, 'a: 'm>(
    scene: &Scene<'_, 'm, 'a>,
    told: &BTreeSet<(&str, usize)>,
    found: &mut Found,
) {
    let kin = Kin::of(scene.matrix);
    let mut places: BTreeMap<(Member<'m>, Path<'m>), Vec<Seat<'m, 'a>>> = BTreeMap::new();
    for comparison in scene.matrix.compared(false) {
        for (_, other, path) in differing(comparison) {
            let root = kin.root((comparison.sides.environment, other));
            places.entry((root, path)).or_default();
        }
    }
    if places.is_empty() {
        return;
    }
    for comparison in scene.matrix.compared(false) {
        for (number, &members) in comparison.pairing.matched.iter().enumerate() {
            let root = kin.root((comparison.sides.environment, members.1));
            let here = places.range_mut((root, Path(Vec::new()))..);
            for ((_, path), seats) in here.take_while(|((own, _), _)| *own == root) {
                // The environment that an image is inherited from answers for it.
                let sides = &comparison.sides;
                let sides = [(sides.baseline, members.0), (sides.environment, members.1)];
                let mut floors = sides
                    .into_iter()
                    .filter_map(|(name, at)| scene.matrix.floor(&(name, at, path.clone())));
                if floors.any(|floor| scene.order.contains(&floor)) {
                    continue;
                }
                let difference = match scene.look(comparison, number, path) {
                    Look::Same => None,
                    Look::Differs(difference) => Some(difference),
                    Look::Other => continue,
                };
                seats.push(Seat {
                    comparison,
                    members,
                    difference,
                });
            }
        }
    }
    for seats in places.values() {
        for group in groups(seats) {
            blame(scene, &group, told, found);
        }
    }
}

/// The seats of environments that are compared with one another, directly or through others.
fn groups<'s, 'm, 'a>(seats: &'s [Seat<'m, 'a>]) -> Vec<Vec<&'s Seat<'m, 'a>>> {
    let mut groups: Vec<(BTreeSet<&str>, Vec<&Seat<'_, '_>>)> = Vec::new();
    for seat in seats {
        let sides = &seat.comparison.sides;
        let mut names = BTreeSet::from([sides.baseline, sides.environment]);
        let mut own = vec![seat];
        let (near, apart): (Vec<_>, Vec<_>) = groups
            .into_iter()
            .partition(|(others, _)| !others.is_disjoint(&names));
        for (others, theirs) in near {
            names.extend(others);
            own.extend(theirs);
        }
        groups = apart;
        groups.push((names, own));
    }
    groups.into_iter().map(|(_, seats)| seats).collect()
}

/// Reports each environment whose image differs from most of the others.
fn blame(
    scene: &Scene<'_, '_, '_>,
    seats: &[&Seat<'_, '_>],
    told: &BTreeSet<(&str, usize)>,
    found: &mut Found,
) {
    let images = images(seats);
    let order: Vec<&str> = scene
        .order
        .iter()
        .copied()
        .filter(|name| images.contains_key(name))
        .collect();
    let majority = odd::majority(
        scene.matrix,
        &order,
        |a, b| images.get(a) == images.get(b),
        |_| Voice::Vote,
    );
    for name in order.iter().filter(|name| !majority.contains(*name)) {
        let of_it = |seat: &&&Seat<'_, '_>| {
            let sides = &seat.comparison.sides;
            seat.difference.is_some() && [sides.environment, sides.baseline].contains(name)
        };
        let own = || seats.iter().filter(of_it);
        let against_most = own().find(|seat| {
            let sides = &seat.comparison.sides;
            majority.contains(&sides.environment) || majority.contains(&sides.baseline)
        });
        let Some(seat) = against_most.or_else(|| own().next()) else {
            continue;
        };
        let Some(difference) = &seat.difference else {
            continue;
        };
        let is_late = seat.comparison.sides.environment == *name;
        let resource = if is_late {
            seat.members.1
        } else {
            seat.members.0
        };
        if !told.contains(&(*name, resource)) {
            found.push(tell(difference, is_late));
        }
    }
}

/// The image of every environment, as far as a difference shows it for one of those with the same image.
fn images<'m>(seats: &[&Seat<'m, '_>]) -> BTreeMap<&'m str, String> {
    let mut images: BTreeMap<&str, String> = BTreeMap::new();
    for seat in seats {
        if let Some(one) = &seat.difference {
            let sides = &seat.comparison.sides;
            images.insert(sides.baseline, one.early.to_owned());
            images.insert(sides.environment, one.late.to_owned());
        }
    }
    let mut is_new = true;
    while std::mem::take(&mut is_new) {
        for seat in seats.iter().filter(|seat| seat.difference.is_none()) {
            let sides = &seat.comparison.sides;
            for (from, to) in [
                (sides.baseline, sides.environment),
                (sides.environment, sides.baseline),
            ] {
                if let Some(image) = images.get(from).cloned()
                    && !images.contains_key(to)
                {
                    images.insert(to, image);
                    is_new = true;
                }
            }
        }
    }
    images
}

fn tell(one: &Difference<'_, '_>, is_late: bool) -> Finding {
    if is_late {
        return one.tell(Severity::Error, Case::Beside, None).1;
    }
    let comparison = turned(one.comparison);
    let change = turned_change(one.change);
    let pair = Pair {
        base: one.pair.overlay,
        overlay: one.pair.base,
        service: one.pair.service,
    };
    let saying = Case::Beside.saying(&comparison, &change, one.late, one.early);
    comparison.change_finding(RuleId::UnpromotedImage, pair, &change, saying)
}
