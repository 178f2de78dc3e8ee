//! What permits or forbids a change: the classes, the policy's fields, and the base itself.
//!
//! The owner of a base may state in the base what overlays may change, by the
//! annotations `krm-parity.io/allow` and `krm-parity.io/deny`: patterns of
//! paths, separated by white space. Nothing allows what the base denies.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use jiff::civil::Date;

use super::exemption::about::{is_about, names};
use super::renamed;
use super::told::field;
use crate::catalog::{Class, RuleId};
use crate::compare::comparison::{Against, Classified, Comparison, Pair};
use crate::compare::diff::{By, Change, ChangeKind, Step};
use crate::compare::guidance::{Guidance, guidance, is_guidance};
use crate::compare::steps::{base_path, field_path, keyed_path};
use crate::finding::{FieldRef, ResourceRef};
use crate::path::argument::{self, is_of_arguments};
use crate::path::{FieldPath, Path, Pattern, Segment, Spot, overlap};
use crate::policy::{About, AllowedField, Entry, Exemption, Indexed, Policy};
use crate::resource::Key;
use crate::yaml::Node;

/// What decided about a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict<'p> {
    /// The policy allows the class.
    Class,
    /// The policy allows the field.
    Field(&'p AllowedField),
    /// The base allows the field, by this pattern.
    Base(String),
    /// The base denies the field, by this pattern.
    Denied(String),
    /// It is the guidance of the base for its overlays, which no overlay changes.
    Guidance,
    /// Nothing allows it.
    Forbidden,
}

impl Verdict<'_> {
    /// Whether the change is allowed.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        !matches!(self, Self::Denied(_) | Self::Guidance | Self::Forbidden)
    }
}

/// A change and the decision about it.
#[derive(Clone, Debug)]
pub struct Decision<'p> {
    /// The resource, as the overlay names it.
    pub resource: ResourceRef,
    /// The name that the resource has in the base.
    pub base_name: String,
    /// The field with both values, without those of Secrets.
    pub field: FieldRef,
    /// How the sides differ.
    pub kind: ChangeKind,
    /// What the field is for.
    pub class: Class,
    /// The rule that such a change breaks if it is not allowed.
    pub rule: RuleId,
    /// What decided.
    pub verdict: Verdict<'p>,
    /// Which of the policy's exemptions lets a forbidden change exist today, from 0.
    pub exemption: Option<usize>,
}

/// Every change of a comparison with what decides about it, in the order of the overlay.
#[must_use]
pub fn decide<'p>(
    comparison: &Comparison<'_, '_>,
    policy: &'p Policy,
    today: Date,
) -> Vec<Decision<'p>> {
    let environment = comparison.sides.environment;
    let mut decisions = Vec::new();
    for (pair, changes) in comparison.pairs() {
        let guidance = guidance(pair.base);
        for classified in changes {
            let verdict = verdict(policy, &guidance, environment, pair, classified);
            let rule = match verdict {
                Verdict::Guidance => RuleId::BaseGuidance,
                _ => classified.class.rule(),
            };
            let (resource, field) = (pair.overlay.reference(), field(&classified.change));
            let names = names(&resource, Some(pair.base.name()));
            let exempts = |exemption: &Exemption| {
                exemption.rule == rule
                    && exemption.is_for(environment, pair.service)
                    && exemption.expires >= today
                    && is_about(exemption, &resource, &names, environment, Some(&field))
            };
            let exemption = if verdict.is_allowed() {
                None
            } else {
                let about = About {
                    rule: Some(rule),
                    resource: &resource,
                    names: &names,
                    place: field.path.spots(),
                    environment,
                    service: pair.service,
                };
                let mut near = policy.exemptions.near(about);
                near.find_map(|(at, one)| exempts(one).then_some(at))
            };
            decisions.push(Decision {
                kind: classified.change.kind,
                class: classified.class,
                base_name: pair.base.name().to_owned(),
                resource,
                field,
                rule,
                verdict,
                exemption,
            });
        }
    }
    decisions
}

/// All changes, each with whether it is among those that are judged, which are in the same order.
#[must_use]
pub fn beside<'p>(all: Vec<Decision<'p>>, judged: Vec<Decision<'p>>) -> Vec<(Decision<'p>, bool)> {
    let is_same = |one: &Decision<'_>, other: &Decision<'_>| {
        one.resource == other.resource && one.field == other.field && one.kind == other.kind
    };
    let mut judged = judged.into_iter().peekable();
    let told = |change: Decision<'p>| match judged.next_if(|one| is_same(one, &change)) {
        Some(decision) => (decision, true),
        None => (change, false),
    };
    all.into_iter().map(told).collect()
}

/// Decides about a change.
pub(super) fn verdict<'p>(
    policy: &'p Policy,
    guidance: &Guidance,
    environment: &str,
    pair: Pair<'_, '_>,
    classified: &Classified<'_>,
) -> Verdict<'p> {
    let Classified { change, class, .. } = classified;
    if is_guidance(change) {
        return Verdict::Guidance;
    }
    let site = Site::of(change);
    let place = site.place.spots();
    // The base's annotations are about this resource alone.
    let about = About {
        rule: None,
        resource: &ResourceRef::default(),
        names: &[],
        place,
        environment,
        service: pair.service,
    };
    if let Some(pattern) = guidance.denier(pair.base, pair.overlay, change) {
        return Verdict::Denied(pattern.to_string());
    }
    if policy.allows(*class) {
        return Verdict::Class;
    }
    if let Some(field) = field_at(policy, environment, pair, &site) {
        return Verdict::Field(field);
    }
    let first = || site.first();
    match first_near(&guidance.allow, about, first, |pattern| {
        site.covers(pattern)
    }) {
        Some(pattern) => Verdict::Base(pattern.to_string()),
        None => Verdict::Forbidden,
    }
}

/// The field of a policy that allows a change, whatever the policy says of its class.
pub(super) fn allowed_field<'p>(
    policy: &'p Policy,
    environment: &str,
    pair: Pair<'_, '_>,
    classified: &Classified<'_>,
) -> Option<&'p AllowedField> {
    field_at(policy, environment, pair, &Site::of(&classified.change))
}

fn field_at<'p>(
    policy: &'p Policy,
    environment: &str,
    pair: Pair<'_, '_>,
    site: &Site<'_, '_>,
) -> Option<&'p AllowedField> {
    let reference = pair.overlay.reference();
    let names = names(&reference, Some(pair.base.name()));
    let asked = About {
        rule: None,
        resource: &reference,
        names: &names,
        place: site.place.spots(),
        environment,
        service: pair.service,
    };
    first_near(
        &policy.fields,
        asked,
        || site.first(),
        |field| {
            field.is_for(environment, pair.service)
                && field.target.matches(&reference, &names)
                && site.covers(&field.path)
        },
    )
}

/// Where a change is, for patterns.
struct Site<'c, 'a> {
    change: &'c Change<'a>,
    place: FieldPath<'a>,
    in_base: Option<FieldPath<'a>>,
    below: OnceCell<Option<Vec<Vec<Spot<'a>>>>>,
}

impl<'c, 'a> Site<'c, 'a> {
    fn of(change: &'c Change<'a>) -> Self {
        Self {
            change,
            place: field_path(&change.steps),
            in_base: base_path(&change.steps),
            below: OnceCell::new(),
        }
    }

    /// The places of all values below it; `None` if they are too many to check.
    fn below(&self) -> Option<&[Vec<Spot<'a>>]> {
        let place = self.place.spots();
        let below = self.below.get_or_init(|| leaves(self.change, place));
        below.as_deref()
    }

    /// A pattern that covers all values below a change covers the first of them.
    fn first(&self) -> Option<&[Spot<'a>]> {
        self.below().and_then(<[_]>::first).map(Vec::as_slice)
    }

    fn covers(&self, pattern: &Pattern) -> bool {
        let in_base = self.in_base.as_ref().map(FieldPath::spots);
        renamed::covers(pattern, self.place.spots(), in_base)
            || self.below().is_some_and(|leaves| {
                !leaves.is_empty() && leaves.iter().all(|leaf| pattern.matches(leaf))
            })
    }
}

/// The use of an allowed field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// No change.
    Nothing,
    /// Only parts of a value that changes as a whole, here.
    Parts(String),
    /// A change.
    Change,
}

/// The places that comparisons with bases have judged, by service, environment and resource.
#[derive(Default)]
pub(super) struct Judged<'c>(HashMap<(&'c str, &'c str, Key<'c>), Vec<Path<'c>>>);

impl<'c> Judged<'c> {
    pub(super) fn of(comparisons: &'c [Comparison<'c, 'c>]) -> Self {
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        for comparison in comparisons {
            let sides = &comparison.sides;
            if sides.against != Against::Baseline {
                continue;
            }
            for (pair, changes) in comparison.pairs() {
                let key = (sides.service, sides.environment, pair.overlay.key());
                let paths = changes.iter().map(|one| keyed_path(&one.change.steps));
                all.entry(key).or_default().extend(paths);
            }
        }
        Self(all)
    }

    /// Whether a resource is equal to its base at a place, so that the place is not a difference from any base.
    fn is_as_base(
        &self,
        comparison: &Comparison<'_, '_>,
        pair: Pair<'_, '_>,
        path: &Path<'_>,
    ) -> bool {
        let sides = &comparison.sides;
        let key = (sides.service, sides.baseline, pair.base.key());
        let paths = self.0.get(&key);
        paths.is_some_and(|paths| !paths.iter().any(|one| overlap(one, path)))
    }
}

/// Notes the policy's allowed fields that are about a change of a comparison, whatever decides about that change.
///
/// Of two environments that are compared with each other, an entry may be about either.
pub(super) fn fields_about(
    comparison: &Comparison<'_, '_>,
    judged: &Judged<'_>,
    policy: &Policy,
    uses: &mut [Use],
) {
    let sides = &comparison.sides;
    let is_between = sides.against != Against::Baseline;
    for (pair, changes) in comparison.pairs() {
        let reference = pair.overlay.reference();
        let names = names(&reference, Some(pair.base.name()));
        for Classified { change, .. } in changes {
            let path = keyed_path(&change.steps);
            let place = field_path(&change.steps);
            let place = place.spots();
            let below = leaves(change, place).unwrap_or_default();
            let earlier = (is_between && !judged.is_as_base(comparison, pair, &path))
                .then_some(sides.baseline);
            for environment in [sides.environment].into_iter().chain(earlier) {
                let about = About {
                    rule: None,
                    resource: &reference,
                    names: &names,
                    place,
                    environment,
                    service: pair.service,
                };
                note(policy, about, &below, &path, uses);
            }
        }
    }
}

/// Notes the allowed fields that are about one place in one environment, or about the values below it.
fn note(
    policy: &Policy,
    about: About<'_>,
    below: &[Vec<Spot<'_>>],
    path: &Path<'_>,
    uses: &mut [Use],
) {
    let place = about.place;
    let near = |place| policy.fields.near(About { place, ..about });
    let first = below.first().into_iter().flat_map(|place| near(place));
    for (at, field) in near(place).chain(first) {
        if let Some(used) = uses.get_mut(at)
            && *used != Use::Change
            && field.is_for(about.environment, about.service)
            && field.target.matches(about.resource, about.names)
        {
            let covered = below.iter();
            let covered = covered.filter(|leaf| field.path.matches(leaf)).count();
            if field.path.matches(place) || covered > 0 && covered == below.len() {
                *used = Use::Change;
            } else if covered > 0 && *used == Use::Nothing {
                *used = Use::Parts(path.to_string());
            }
        }
    }
}

/// The first entry that matches, of those that may be about a place or about the first value below it.
fn first_near<'p, 'a: 'l, 'l, T: Entry>(
    all: &'p Indexed<T>,
    about: About<'_>,
    first: impl Fn() -> Option<&'l [Spot<'a>]>,
    mut holds: impl FnMut(&T) -> bool,
) -> Option<&'p T> {
    if all.is_empty() {
        return None;
    }
    let mut find = |about| all.near(about).find(|(_, entry)| holds(entry));
    let here = find(about);
    let below = first().and_then(|place| find(About { place, ..about }));
    let found = here.into_iter().chain(below).min_by_key(|(at, _)| *at);
    found.map(|(_, entry)| entry)
}

/// The places of all values below a change; `None` if they are too many to check.
fn leaves<'a>(change: &Change<'a>, place: &[Spot<'a>]) -> Option<Vec<Vec<Spot<'a>>>> {
    let mut leaves = Vec::new();
    if matches!(
        change.steps.last(),
        Some(Step::Element { by: By::Order, .. })
    ) {
        return Some(leaves);
    }
    for (node, is_base) in [(change.base, true), (change.overlay, false)] {
        let Some(node) = node.filter(|node| !node.is_scalar() && !node.is_childless()) else {
            continue;
        };
        collect(node, is_base, &mut place.to_vec(), &mut leaves)?;
    }
    Some(leaves)
}

/// The most values below one change that are checked one by one.
const MAX_LEAVES: usize = 4096;

fn collect<'a>(
    node: Node<'a>,
    is_base: bool,
    place: &mut Vec<Spot<'a>>,
    leaves: &mut Vec<Vec<Spot<'a>>>,
) -> Option<()> {
    if node.is_scalar() || node.is_childless() {
        leaves.push(place.clone());
        return (leaves.len() <= MAX_LEAVES).then_some(());
    }
    let items: Vec<Node<'a>> = node.items().collect();
    let is_argument = place
        .last()
        .is_some_and(|last| matches!(&last.segment, Segment::Field(name) if is_of_arguments(name)));
    let texts = items.iter().filter(|_| is_argument);
    let texts: Vec<Option<&str>> = texts.map(|item| item.as_str()).collect();
    let mut arguments = argument::names(&texts);
    let elements = items.into_iter().enumerate().map(|(index, item)| {
        let argument = arguments.get_mut(index).and_then(Option::take);
        (element(index, is_base, item, argument), item)
    });
    let entries = node.entries().map(|(key, value)| (entry(key), value));
    for (spot, inner) in entries.chain(elements) {
        place.push(spot);
        collect(inner, is_base, place, leaves)?;
        place.pop();
    }
    Some(())
}

fn entry(key: Node<'_>) -> Spot<'_> {
    Spot {
        segment: Segment::Field(Cow::Borrowed(key.text())),
        index: None,
    }
}

/// An element of a list that is added or removed as a whole, with the name that it would have alone.
fn element<'a>(
    index: usize,
    is_base: bool,
    item: Node<'a>,
    argument: Option<Segment<'a>>,
) -> Spot<'a> {
    let name = item.get("name").filter(|name| name.is_scalar());
    let by_name =
        |name: Node<'a>| Segment::Key(vec![(Cow::Borrowed("name"), Cow::Borrowed(name.text()))]);
    let by_place = if is_base {
        Segment::removed(index)
    } else {
        Segment::Index(index)
    };
    Spot {
        segment: argument.unwrap_or_else(|| name.map_or(by_place, by_name)),
        index: Some(index).filter(|_| !is_base),
    }
}

#[cfg(test)]
mod tests;
