//! The only planner: which environments of a service are compared, and how they are related.
//!
//! Environments that are built, rendered or sealed get the same comparisons, so that all entry
//! points reach the same verdicts.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use super::names::{Names, place};
use crate::compare::comparison::{Against, Comparison, Sides, compare_known};
use crate::compare::identity::Witness;
use crate::compare::pair::Pairing;
use crate::naming::rank_among;
use crate::policy::{IdentityMode, Policy};
use crate::resource::Resource;
use crate::rules::Absent;

/// The facts about an environment before planning.
#[derive(Clone, Copy, Debug)]
pub struct Given<'e> {
    /// Its name, as found.
    pub name: &'e str,
    /// The source of its resources: the directory, the file or the name under which it was sealed.
    pub source: &'e str,
    /// The sources that it is made of.
    pub stands_on: &'e [String],
    /// The name of these sources, if they are not an environment.
    pub base: &'e str,
    /// Whether it is the policy's baseline, for which the others are only steps of their promotion.
    pub is_baseline: bool,
}

/// An environment of a service, from any source.
#[derive(Clone, Debug)]
pub struct Environment<'e> {
    /// Its index in the input.
    pub at: usize,
    /// Its name, as in the policy.
    pub name: String,
    /// Its position in the promotion order: from the policy's list, else from its name; `None` if
    /// neither says it.
    pub rank: Option<usize>,
    /// The name of its base: the environment that it is made of, if it is one.
    pub baseline: String,
    /// The source of its resources.
    pub source: &'e str,
    /// The sources that it is made of.
    pub stands_on: &'e [String],
    /// Whether it is the policy's baseline.
    pub is_baseline: bool,
}

impl Environment<'_> {
    /// Whether a policy judges it: the one that it names, or else all with a base except the
    /// baseline.
    #[must_use]
    pub fn is_judged(&self, policy: &Policy) -> bool {
        let only = policy.environment.as_deref();
        let is_end = self.is_baseline && self.stands_on.is_empty();
        !is_end && only.is_none_or(|only| only == self.name)
    }

    fn is_made_of(&self, other: &Environment<'_>) -> bool {
        self.stands_on.iter().any(|source| source == other.source)
    }
}

/// The environments of a service under the policy's names, in promotion order.
#[must_use]
pub fn environments<'e>(given: &[Given<'e>], policy: &Policy) -> Vec<Environment<'e>> {
    let listed = policy.environments.as_slice();
    let names = Names::new(given.iter().map(|other| other.name), policy);
    let beside = || {
        let others = given.iter().filter(|other| !other.is_baseline);
        others.map(|other| other.name)
    };
    let environment = |(at, given): (usize, &Given<'e>)| {
        let name = names.known_as(given.name);
        Environment {
            at,
            name: name.to_owned(),
            // `production-eu` has the position of production in the list, if it cannot mean
            // another.
            rank: if listed.is_empty() {
                rank_among(name, beside())
            } else {
                place(name, listed)
            },
            baseline: given.base.to_owned(),
            source: given.source,
            stands_on: given.stands_on,
            is_baseline: given.is_baseline,
        }
    };
    let mut all: Vec<Environment<'e>> = given.iter().enumerate().map(environment).collect();
    let layers: Vec<Option<String>> = all.iter().map(|one| layer(one, &all)).collect();
    for (environment, layer) in all.iter_mut().zip(layers) {
        if let Some(layer) = layer {
            environment.baseline = layer;
        }
    }
    all.sort_by(|a, b| {
        let key = |one: &Environment<'_>| (one.rank.unwrap_or(usize::MAX), one.name.clone());
        key(a).cmp(&key(b))
    });
    all
}

/// The name of the only environment that another is made of, if there is exactly one.
fn layer(environment: &Environment<'_>, all: &[Environment<'_>]) -> Option<String> {
    let mut layers = all
        .iter()
        .filter(|other| other.source != environment.source && environment.is_made_of(other));
    let layer = layers.next()?;
    layers.next().is_none().then(|| layer.name.clone())
}

/// Two environments of a service to compare, by their positions in promotion order.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The earlier one.
    pub early: usize,
    /// The later one, which is judged.
    pub late: usize,
    /// The relation of the earlier one to it.
    pub against: Against,
    /// Whether both are made of the same sources.
    pub is_made_of_one_base: bool,
}

/// Compares environments with earlier ones, except with one that they are made of, which is their
/// base.
///
/// Only those for which `is_there` holds are used.
#[must_use]
pub fn siblings(
    all: &[Environment<'_>],
    policy: &Policy,
    is_there: impl Fn(&Environment<'_>) -> bool,
) -> Vec<Pair> {
    let known: Vec<usize> = (0..all.len()).filter(|at| is_there(&all[*at])).collect();
    let beside: Vec<usize> = known
        .iter()
        .copied()
        .filter(|at| !all[*at].is_baseline)
        .collect();
    let place = |at: usize| beside.iter().position(|other| *other == at);
    // An environment that others of its own rank are made of, such as regions, is a layer that is
    // not deployed itself; one that environments of another rank are made of is their sibling.
    let is_layer = |one: &Environment<'_>| {
        let mut others = all.iter().filter(|other| other.is_made_of(one));
        others.any(|other| one.rank.is_none() || other.rank == one.rank)
    };
    let is_between = |early: &Environment<'_>, late: &Environment<'_>| {
        let mut between = beside.iter().map(|at| &all[*at]);
        between.any(|one| one.rank > early.rank && one.rank < late.rank)
    };
    let mut pairs = Vec::new();
    for (position, &at) in known.iter().enumerate() {
        for &before in &known[..position] {
            let (early, late) = (&all[before], &all[at]);
            let is_promoted = early.rank.zip(late.rank).is_some_and(|(a, b)| a < b);
            let is_step = early.is_baseline || late.is_baseline;
            let neighbours = place(before).zip(place(at));
            let is_next = neighbours.is_some_and(|(early, late)| early + 1 == late)
                || (!is_step && is_promoted && !is_between(early, late));
            let is_base = !is_step
                && (is_layer(early) != is_layer(late)
                    || early.is_made_of(late)
                    || late.is_made_of(early));
            if (!late.is_judged(policy) && !early.is_judged(policy))
                || is_base
                || !(is_next || is_promoted)
            {
                continue;
            }
            pairs.push(Pair {
                early: before,
                late: at,
                against: Against::Sibling {
                    is_next,
                    is_promoted,
                    is_of_one_base: shares_base(early, late, all),
                },
                is_made_of_one_base: early.stands_on == late.stands_on,
            });
        }
    }
    pairs
}

/// Whether two environments have the same sources, below all layers that are environments
/// themselves.
fn shares_base(early: &Environment<'_>, late: &Environment<'_>, all: &[Environment<'_>]) -> bool {
    let roots = |environment: &Environment<'_>| {
        let mut roots = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut left: Vec<String> = environment.stands_on.to_vec();
        while let Some(source) = left.pop() {
            if !seen.insert(source.clone()) {
                continue;
            }
            let mut layers = all.iter();
            let layer = layers.find(|layer| layer.source == source && !layer.stands_on.is_empty());
            match layer {
                Some(layer) => left.extend(layer.stands_on.iter().cloned()),
                None => {
                    roots.insert(source);
                }
            }
        }
        roots
    };
    let early = roots(early);
    !early.is_empty() && early == roots(late)
}

/// The environments that the policy lists and a service lacks.
#[must_use]
pub fn absent(service: &str, all: &[Environment<'_>], policy: &Policy) -> Vec<Absent> {
    let listed = &policy.environments;
    let is_there = |name: &String| {
        let place = listed.iter().position(|known| known == name);
        all.iter().any(|one| !one.is_baseline && one.rank == place)
    };
    // A listed baseline is the base of environments, and not one of them.
    let expected = policy.expected(service);
    let expected = expected.filter(|name| **name != policy.baseline);
    let (kept, absent): (Vec<&String>, Vec<&String>) = expected.partition(|name| is_there(name));
    let names = |names: &[&String]| names.iter().map(|name| (*name).clone()).collect();
    absent
        .into_iter()
        .map(|name| Absent {
            service: service.to_owned(),
            environment: name.clone(),
            present: all.iter().map(|one| one.name.clone()).collect(),
            kept: names(&kept),
        })
        .collect()
}

/// Two environments to compare, with the data that the comparison borrows.
#[derive(Debug)]
pub struct Planned<'a> {
    /// The environment to judge; empty if the policy does not name it.
    pub environment: String,
    /// The environment to compare it with.
    pub baseline: String,
    /// The relation of that environment to it.
    pub against: Against,
    /// Whether both sides are made of the same sources.
    pub is_made_of_one_base: bool,
    /// The service of both sides; empty if the base may belong to several.
    pub service: &'a str,
    /// The base's resources.
    pub base: Vec<Resource<'a>>,
    /// The service of every resource of the base.
    pub services: Vec<&'a str>,
    /// The overlay's resources.
    pub overlay: Cow<'a, [Resource<'a>]>,
    /// An item as the overlay's transformations of everything leave it, if one was there to see.
    pub witnesses: Vec<Witness>,
    /// The values copied out of Secrets into other resources, which no report may show.
    pub hidden: Vec<String>,
    /// Whether another tool has rendered both sides.
    pub is_rendered: bool,
}

/// Runs all planned comparisons; each environment is compared with its base before it is a side of
/// another comparison.
#[must_use]
pub fn compare<'c, 'a>(planned: &'c [Planned<'a>], mode: IdentityMode) -> Vec<Comparison<'c, 'a>> {
    let mut comparisons: Vec<Comparison<'c, 'a>> = Vec::with_capacity(planned.len());
    let mut baselines: HashMap<(&str, &str), usize> = HashMap::new();
    for planned in planned {
        let sides = Sides {
            environment: &planned.environment,
            baseline: &planned.baseline,
            against: planned.against,
            service: planned.service,
            base: &planned.base,
            services: &planned.services,
            overlay: &planned.overlay,
            witnesses: &planned.witnesses,
            hidden: &planned.hidden,
            is_rendered: planned.is_rendered,
        };
        let of = |name: &str| Some(&comparisons[*baselines.get(&(planned.service, name))?]);
        let known = match (
            planned.against,
            of(&planned.baseline),
            of(&planned.environment),
        ) {
            (Against::Sibling { .. }, Some(early), Some(late)) if planned.is_made_of_one_base => {
                Pairing::between(&early.pairing, &late.pairing)
            }
            _ => Vec::new(),
        };
        if planned.against == Against::Baseline {
            let of = (planned.service, planned.environment.as_str());
            baselines.insert(of, comparisons.len());
        }
        comparisons.push(compare_known(sides, mode, &known));
    }
    comparisons
}
