//! The images of a service's environments that the rule is about, and the images to compare each with.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::words::Case;
use crate::catalog::{Class, RuleId, Severity};
use crate::compare::comparison::{Classified, Comparison, Pair, Sides};
use crate::compare::guidance::{Guidance, guidance};
use crate::compare::pair::Pairing;
use crate::compare::steps::{base_path, field_path, keyed_path};
use crate::finding::Finding;
use crate::path::{Path, overlap};
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::matrix::{Matrix, Place, odd};
use crate::rules::overridden::Overridden;
use crate::rules::past::{Question, is_same_image};
use crate::rules::permission::{Verdict, verdict};

/// A service, as far as the rule is about it.
pub(super) struct Scene<'s, 'm, 'a> {
    pub matrix: &'s Matrix<'m, 'a>,
    overridden: &'s Overridden<'m>,
    pub policy: &'s Policy,
    /// The policy as it would be if images were not allowed to differ.
    pub strict: Cow<'s, Policy>,
    /// The environments, the earlier ones first.
    pub order: Vec<&'m str>,
}

/// An environment that comes before another, and how their images differ; both run the same where they do not.
pub(super) struct Step<'m, 'a> {
    pub comparison: &'m Comparison<'m, 'a>,
    pub difference: Option<Difference<'m, 'a>>,
}

impl<'m> Step<'m, '_> {
    /// The environment that comes before.
    pub fn name(&self) -> &'m str {
        self.comparison.sides.baseline
    }
}

/// Two different images of one name.
#[derive(Clone, Copy)]
pub(super) struct Difference<'m, 'a> {
    pub comparison: &'m Comparison<'m, 'a>,
    pub pair: Pair<'m, 'a>,
    pub change: &'m Classified<'a>,
    /// The earlier environment's image.
    pub early: &'a str,
    /// The later one's image.
    pub late: &'a str,
}

impl Difference<'_, '_> {
    /// Whether the earlier environment has ever run what the later one runs.
    pub fn question(&self) -> Question {
        let steps = &self.change.change.steps;
        Question {
            service: self.pair.service.to_owned(),
            environment: self.comparison.sides.baseline.to_owned(),
            resource: self.pair.base.reference(),
            path: base_path(steps)
                .unwrap_or_else(|| field_path(steps))
                .into_owned(),
            today: self.early.to_owned(),
            image: self.late.to_owned(),
        }
    }

    /// A finding about the later environment, or about the layer from which it inherits the image.
    pub fn tell(
        &self,
        weight: Severity,
        case: Case<'_>,
        layer: Option<&Layer<'_, '_>>,
    ) -> (Severity, Finding) {
        let of_layer = layer.map(|layer| {
            let sides = Sides {
                environment: layer.name,
                overlay: layer.resources,
                ..self.comparison.sides
            };
            let comparison = Comparison {
                sides,
                pairing: Pairing::default(),
                changes: Vec::new(),
                namespaces: Vec::new(),
            };
            let pair = Pair {
                overlay: &layer.resources[layer.at],
                ..self.pair
            };
            (comparison, pair)
        });
        let (comparison, pair) = match &of_layer {
            Some((comparison, pair)) => (comparison, *pair),
            None => (self.comparison, self.pair),
        };
        let saying = case.saying(comparison, self.change, self.early, self.late);
        let id = RuleId::UnpromotedImage;
        let finding = comparison.change_finding(id, pair, self.change, saying);
        (weight, finding)
    }
}

/// An environment that others are made of, and that has set their image.
pub(super) struct Layer<'m, 'a> {
    pub name: &'m str,
    resources: &'m [Resource<'a>],
    /// The number of the resource with the image.
    pub at: usize,
}

/// The images of two compared environments at one place.
pub(super) enum Found<'m, 'a> {
    /// One image.
    Same,
    /// Two different ones of one name.
    Differs(Difference<'m, 'a>),
    /// A difference that this rule does not judge: another repository, no such container, or an allowed one.
    Other,
}

impl<'s, 'm, 'a: 'm> Scene<'s, 'm, 'a> {
    /// `None` if no environment differs from another in a tag or a digest.
    pub fn of(
        matrix: &'s Matrix<'m, 'a>,
        overridden: &'s Overridden<'m>,
        policy: &'s Policy,
    ) -> Option<Self> {
        if !matrix.has_tags() && !policy.allows(Class::ImageTag) {
            return None;
        }
        let strict = if policy.allows(Class::ImageTag) {
            let is_other = |class: &Class| !matches!(class, Class::Image | Class::ImageTag);
            Cow::Owned(Policy {
                allowed: policy.allowed.iter().filter(is_other).collect(),
                ..policy.clone()
            })
        } else {
            Cow::Borrowed(policy)
        };
        Some(Self {
            matrix,
            overridden,
            policy,
            strict,
            order: odd::order(matrix),
        })
    }

    /// Whether the policy judges an environment.
    pub fn is_judged(&self, environment: &str) -> bool {
        let only = self.policy.environment.as_ref();
        only.is_none_or(|only| only == environment)
    }

    /// The lowest environment from which another one inherits the image at a place; `None` if it has set it itself.
    ///
    /// That one may be compared with none, as it only exists below its regions.
    pub fn layer(&self, place: &Place<'m>) -> Option<Layer<'m, 'a>> {
        let mut place = place.clone();
        let mut layer = None;
        // There are no more steps than environments, because directories may form a loop.
        for _ in &self.matrix.baselines {
            let below = self.matrix.below(&place);
            let Some(below) = below.filter(|(name, ..)| self.is_judged(name)) else {
                break;
            };
            layer = Some(Layer {
                name: below.0,
                resources: self.matrix.baselines.get(below.0)?.sides.overlay,
                at: below.1,
            });
            place = below;
        }
        layer
    }

    /// Every image that differs from one before it, with all environments before it, the nearest last.
    pub fn steps(&self) -> BTreeMap<Place<'m>, Vec<Step<'m, 'a>>> {
        let ordered = || self.matrix.compared(true);
        let mut all: BTreeMap<Place<'m>, Vec<Step<'m, 'a>>> = BTreeMap::new();
        for comparison in ordered() {
            let environment = comparison.sides.environment;
            if !self.is_judged(environment) {
                continue;
            }
            for (number, other, path) in differing(comparison) {
                // The environment that an image is inherited from answers for it.
                let floor = self.matrix.floor(&(environment, other, path.clone()));
                if floor.is_some_and(|floor| self.order.contains(&floor)) {
                    continue;
                }
                if matches!(self.look(comparison, number, &path), Found::Differs(_)) {
                    all.entry((environment, other, path)).or_default();
                }
            }
        }
        if all.is_empty() {
            return all;
        }
        for comparison in ordered() {
            let environment = comparison.sides.environment;
            for (number, &(_, other)) in comparison.pairing.matched.iter().enumerate() {
                let first = (environment, other, Path(Vec::new()));
                let here = all.range_mut(first..);
                let here = here.take_while(|((a, b, _), _)| (*a, *b) == (environment, other));
                for ((_, _, path), steps) in here {
                    let difference = match self.look(comparison, number, path) {
                        Found::Same => None,
                        Found::Differs(difference) => Some(difference),
                        Found::Other => continue,
                    };
                    steps.push(Step {
                        comparison,
                        difference,
                    });
                }
            }
        }
        let position =
            |step: &Step<'_, '_>| self.order.iter().position(|name| *name == step.name());
        for steps in all.values_mut() {
            steps.sort_by_key(position);
        }
        all
    }

    /// Compares the images of two environments at a place.
    pub fn look(
        &self,
        comparison: &'m Comparison<'m, 'a>,
        number: usize,
        path: &Path<'_>,
    ) -> Found<'m, 'a> {
        let changes = comparison
            .changes
            .get(number)
            .map_or(&[][..], Vec::as_slice);
        let mut here = changes
            .iter()
            .filter(|one| overlap(&keyed_path(&one.change.steps), path));
        let Some(change) = here.next() else {
            return Found::Same;
        };
        let both = change.change.base.zip(change.change.overlay);
        let both = both.and_then(|(early, late)| early.as_str().zip(late.as_str()));
        let is_tag = change.class == Class::ImageTag && here.next().is_none();
        let (Some((early, late)), true) = (both, is_tag) else {
            return Found::Other;
        };
        if is_same_image(early, late) {
            return Found::Same;
        }
        let (Some(pair), Some(&members)) = (
            comparison.pairs().nth(number).map(|(pair, _)| pair),
            comparison.pairing.matched.get(number),
        ) else {
            return Found::Other;
        };
        if !self.is_open(comparison, members, path)
            || self.is_free(comparison, members, pair, change)
        {
            return Found::Other;
        }
        Found::Differs(Difference {
            comparison,
            pair,
            change,
            early,
            late,
        })
    }

    /// Whether this rule judges a difference there: all override the base, both add the container, or they may differ.
    fn is_open(
        &self,
        comparison: &Comparison<'_, '_>,
        members: (usize, usize),
        path: &Path<'_>,
    ) -> bool {
        self.policy.allows(Class::ImageTag)
            || self.overridden.is_between(comparison, members, path)
            || self.overridden.is_in_additions(comparison, members, path)
            || self.overridden.is_remembered(comparison, members, path)
    }

    /// Whether the policy or the base allows this very field, or the base denies it, which another rule reports.
    fn is_free(
        &self,
        comparison: &Comparison<'_, '_>,
        (_, other): (usize, usize),
        pair: Pair<'_, '_>,
        change: &Classified<'_>,
    ) -> bool {
        let own = self.matrix.baselines.get(comparison.sides.environment);
        let made = own.and_then(|own| {
            let mut matched = own.pairing.matched.iter();
            let (base, _) = matched.find(|(_, overlay)| *overlay == other)?;
            own.sides.base.get(*base)
        });
        let guidance = made.map_or_else(Guidance::default, guidance);
        let sides = [comparison.sides.environment, comparison.sides.baseline];
        let mut verdicts = sides
            .iter()
            .map(|environment| verdict(&self.strict, &guidance, environment, pair, change));
        verdicts.any(|verdict| verdict != Verdict::Forbidden)
    }
}

/// The places where two environments differ in a tag or a digest: the pair, the later one's resource, and the path.
pub(super) fn differing<'m>(
    comparison: &'m Comparison<'m, '_>,
) -> impl Iterator<Item = (usize, usize, Path<'m>)> {
    let matched = comparison.pairing.matched.iter().zip(&comparison.changes);
    let matched = matched.enumerate();
    matched.flat_map(|(number, (&(_, other), changes))| {
        let tags = changes.iter().filter(|one| one.class == Class::ImageTag);
        tags.map(move |one| (number, other, keyed_path(&one.change.steps)))
    })
}
