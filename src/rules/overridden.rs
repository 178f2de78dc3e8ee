//! Overridden places: a change that every environment of a service makes is not a difference of a single one.
//!
//! At such a place the base is not a reference. The finding is reported once for the service, and the environments are
//! compared with each other there, so that an exemption about the base hides no difference between them. An addition that
//! two of them make is reported for each, and compared in the same way.

mod added;
mod own_names;
mod placeholder;
mod remembered;
mod steps;

use std::collections::{BTreeMap, HashMap, HashSet};

use super::exemption::about::Subject;
use super::gaps::{Gaps, Look};
use super::matrix::Matrix;
use super::matrix::odd::{Kin, Member, is_in};
use super::told::field;
use crate::compare::comparison::Comparison;
use crate::path::{Path, overlap};
use crate::policy::{IdentityMode, Policy};
use crate::resource::Resource;
use added::Added;
pub(super) use placeholder::{is_floating, is_placeholder, is_unpinned};
use remembered::company;
pub(super) use remembered::names_both;
use steps::{Step, Steps, forbidden, own_roots, rise};

/// Places of resources, by service, environment and resource of it.
type Places<'m> = HashMap<(&'m str, &'m str, usize), Vec<Path<'m>>>;

/// The overridden places of all services that are checked.
#[derive(Debug, Default)]
pub(super) struct Overridden<'m> {
    /// By service and environment: the changes against its base at such places, by pair and by change.
    changes: HashMap<(&'m str, &'m str), HashSet<(usize, usize)>>,
    /// The same for services of which an environment does not build: the changes that all built environments make.
    by_all_built: HashMap<(&'m str, &'m str), HashSet<(usize, usize)>>,
    /// Of these, those at which all environments have the same value, except for their own names in it.
    own_names: HashMap<(&'m str, &'m str), HashSet<(usize, usize)>>,
    /// By service, environment and resource of it: the places.
    places: Places<'m>,
    /// By service, environment and resource of it: the places that exemptions name, if a named one is like its base again.
    remembered: Places<'m>,
    /// By service and environment: its additions, whether others make them or not.
    added: HashMap<(&'m str, &'m str), Added<'m>>,
    /// By service and environment: the resources that every environment adds.
    added_by_all: HashMap<(&'m str, &'m str), HashSet<usize>>,
    /// Services that have only one environment, as far as all of their environments are known.
    sole: HashSet<String>,
}

impl<'m> Overridden<'m> {
    /// Finds the changes that every environment of a service makes, of at least two that are promoted and all built.
    pub fn of<'a: 'm>(matrices: &[Matrix<'m, 'a>], gaps: &Gaps, policy: &Policy) -> Self {
        let mut all = Self {
            sole: gaps.look.as_ref().map(sole).unwrap_or_default(),
            ..Self::default()
        };
        for matrix in matrices {
            let service = matrix.service();
            let added = added::added(matrix, policy).into_iter();
            all.added
                .extend(added.map(|(environment, added)| ((service, environment), added)));
            let is_whole = gaps.failures.iter().all(|one| one.service != service);
            if let Some(tower) = Tower::of(matrix) {
                tower.find(service, policy, is_whole, &mut all);
                if is_whole {
                    tower.find_added(matrix, &mut all);
                }
            }
        }
        all
    }

    /// Whether a change against the base is at an overridden place: by its pair, and by its number there.
    pub fn holds(&self, comparison: &Comparison<'_, '_>, pair: usize, change: usize) -> bool {
        let of = (comparison.foreign_service(), comparison.sides.environment);
        self.changes
            .get(&of)
            .is_some_and(|changes| changes.contains(&(pair, change)))
    }

    /// Whether every environment that was built changes the place, while another one does not build.
    pub fn is_by_all_built(
        &self,
        comparison: &Comparison<'_, '_>,
        pair: usize,
        change: usize,
    ) -> bool {
        let of = (comparison.foreign_service(), comparison.sides.environment);
        let changes = self.by_all_built.get(&of);
        changes.is_some_and(|changes| changes.contains(&(pair, change)))
    }

    /// Whether all environments have the same value there, except for their own names in it.
    pub fn is_own_name(&self, comparison: &Comparison<'_, '_>, pair: usize, change: usize) -> bool {
        let of = (comparison.foreign_service(), comparison.sides.environment);
        self.own_names
            .get(&of)
            .is_some_and(|changes| changes.contains(&(pair, change)))
    }

    /// Whether an environment, or one that it is made of, has added a resource; `None` if it has no base.
    pub fn is_added(
        &self,
        comparison: &Comparison<'_, '_>,
        environment: &str,
        at: usize,
    ) -> Option<bool> {
        let added = self
            .added
            .get(&(comparison.foreign_service(), environment))?;
        Some(added.resources.contains(&at))
    }

    /// Whether an environment is the only one of its service, so that a value that it fills in is filled in everywhere.
    pub fn is_sole(&self, comparison: &Comparison<'_, '_>) -> bool {
        self.sole.contains(comparison.foreign_service())
    }

    /// Whether every environment of the service adds a resource.
    pub fn is_added_by_all(&self, comparison: &Comparison<'_, '_>, at: usize) -> bool {
        let of = (comparison.foreign_service(), comparison.sides.environment);
        let all = self.added_by_all.get(&of);
        all.is_some_and(|all| all.contains(&at))
    }

    /// Whether two environments have made a resource from one of the base with overridden places, or have both added to it.
    pub fn has(&self, comparison: &Comparison<'_, '_>, (early, late): (usize, usize)) -> bool {
        let service = comparison.foreign_service();
        let sides = &comparison.sides;
        let has = |environment, at| self.places.contains_key(&(service, environment, at));
        let adds = |environment, at| !self.additions(service, environment, at).is_empty();
        let is_named = |environment, at| {
            let of = (service, environment, at);
            self.remembered.contains_key(&of)
        };
        has(sides.baseline, early) && has(sides.environment, late)
            || adds(sides.baseline, early) && adds(sides.environment, late)
            || is_named(sides.baseline, early) && is_named(sides.environment, late)
    }

    /// Whether an exemption names two environments that differ at a path, of which one matches the base again.
    pub fn is_remembered(
        &self,
        comparison: &Comparison<'_, '_>,
        members: (usize, usize),
        path: &Path<'_>,
    ) -> bool {
        are_at(&self.remembered, comparison, members, path)
    }

    /// The places of a resource of the base that an environment has added to it.
    fn additions<'s>(
        &'s self,
        service: &'s str,
        environment: &'s str,
        at: usize,
    ) -> &'s [Path<'s>] {
        let added = self.added.get(&(service, environment));
        let places = added.and_then(|added| added.places.get(&at));
        places.map_or(&[], Vec::as_slice)
    }

    /// Whether two environments differ at an overridden place: by the resources of both, and by the path.
    pub fn is_between(
        &self,
        comparison: &Comparison<'_, '_>,
        members: (usize, usize),
        path: &Path<'_>,
    ) -> bool {
        are_at(&self.places, comparison, members, path)
    }

    /// Whether two environments differ in something that both of them have added to a resource of the base.
    pub fn is_in_additions(
        &self,
        comparison: &Comparison<'_, '_>,
        (early, late): (usize, usize),
        path: &Path<'_>,
    ) -> bool {
        let service = comparison.foreign_service();
        let adds = |environment: &str, at: usize| {
            let places = self.additions(service, environment, at);
            places.iter().any(|place| is_in(path, place))
        };
        adds(comparison.sides.baseline, early) && adds(comparison.sides.environment, late)
    }
}

/// Whether both environments of a comparison have places at or around a path: by the resources of both.
fn are_at(
    all: &Places<'_>,
    comparison: &Comparison<'_, '_>,
    (early, late): (usize, usize),
    path: &Path<'_>,
) -> bool {
    let is_at = |environment: &str, at: usize| {
        let places = all.get(&(comparison.foreign_service(), environment, at));
        places.is_some_and(|places| places.iter().any(|place| overlap(place, path)))
    };
    is_at(comparison.sides.baseline, early) && is_at(comparison.sides.environment, late)
}

/// The services that have only one environment.
fn sole(look: &Look) -> HashSet<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (service, _) in look.seen.iter().chain(&look.unseen) {
        *counts.entry(service).or_default() += 1;
    }
    let sole = counts.into_iter().filter(|(_, count)| *count == 1);
    sole.map(|(service, _)| service.to_owned()).collect()
}

/// The environments of a service in layers: those on the base, and those that are made of other environments.
struct Tower<'s, 'm, 'a> {
    /// Every environment against the base or environment that it is made of.
    floors: &'s BTreeMap<&'m str, &'m Comparison<'m, 'a>>,
    /// The environments that are made of the base itself.
    ground: Vec<&'m str>,
    /// The environments that are made of each environment.
    above: BTreeMap<&'m str, Vec<&'m str>>,
}

impl<'s, 'm, 'a: 'm> Tower<'s, 'm, 'a> {
    /// `None` if no two environments with their own bases are promoted one to the other.
    fn of(matrix: &'s Matrix<'m, 'a>) -> Option<Self> {
        let floors = &matrix.baselines;
        let mut ground = Vec::new();
        let mut above: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (&environment, comparison) in floors {
            match floors.get_key_value(comparison.sides.baseline) {
                Some((&layer, _)) if layer != environment => {
                    above.entry(layer).or_default().push(environment);
                }
                _ => ground.push(environment),
            }
        }
        let tower = Self {
            floors,
            ground,
            above,
        };
        let is_ranked = matrix.compared(true).any(|comparison| {
            let sides = &comparison.sides;
            tower.bottom(sides.baseline) != tower.bottom(sides.environment)
        });
        (is_ranked && tower.ground.len() > 1).then_some(tower)
    }

    /// The lowest environment below another, which is made of the base.
    fn bottom(&self, environment: &str) -> Option<&'m str> {
        let mut at = *self.floors.get_key_value(environment)?.0;
        // There are no more steps than floors, because directories may form a loop.
        for _ in self.floors {
            match self.floors.get_key_value(self.floors[at].sides.baseline) {
                Some((&layer, _)) if layer != at => at = layer,
                _ => return Some(at),
            }
        }
        None
    }

    /// For each environment on the ground, the numbers of its base's resources; equal resources share a number.
    fn bases(&self) -> Vec<(&'m str, HashMap<usize, usize>)> {
        let mut known: HashMap<_, Vec<(usize, &Resource<'_>)>> = HashMap::new();
        let mut count = 0;
        let mut number = |resource: &'m Resource<'a>| {
            let alike = known.entry(resource.key()).or_default();
            let mut same = alike
                .iter()
                .filter(|(_, one)| one.node.same_in_order(resource.node));
            if let Some((number, _)) = same.next() {
                return *number;
            }
            count += 1;
            alike.push((count, resource));
            count
        };
        let numbers = |name: &&'m str| {
            let base = self.floors[*name].sides.base.iter();
            (*name, base.map(&mut number).enumerate().collect())
        };
        self.ground.iter().map(numbers).collect()
    }

    /// Finds and marks the places; if an environment does not build, only those that exemptions remember.
    fn find(&self, service: &'m str, policy: &Policy, is_whole: bool, all: &mut Overridden<'m>) {
        let mut steps: BTreeMap<&'m str, Steps<'m>> = BTreeMap::new();
        let mut roots = BTreeMap::new();
        let mut left = self.bases();
        while let Some((environment, below)) = left.pop() {
            let comparison = self.floors[environment];
            let own = own_roots(comparison, &below);
            steps.insert(environment, forbidden(comparison, &own, policy));
            for &next in self.above.get(environment).into_iter().flatten() {
                let below = rise(&own, comparison.sides.overlay, self.floors[next].sides.base);
                left.push((next, below));
            }
            roots.insert(environment, own);
        }
        // An environment that removes the resource has no say in it.
        let mut removed: HashSet<(&str, usize)> = HashSet::new();
        for (name, below) in self.bases() {
            removed.extend(below.into_values().map(|root| (name, root)));
            for root in roots.get(name).into_iter().flat_map(HashMap::values) {
                removed.remove(&(name, *root));
            }
        }
        let is_named = policy.identity == IdentityMode::Cancel;
        let floors = (self.floors, &*self.ground, &self.above);
        let mut places: BTreeMap<usize, Vec<Path<'m>>> = BTreeMap::new();
        let mut remembered: BTreeMap<(&'m str, usize), Vec<Path<'m>>> = BTreeMap::new();
        for (&environment, own) in &steps {
            for (&root, steps_of_one) in own {
                for step in steps_of_one {
                    let covers = |other: &&'m str| self.covers(other, root, &step.path, &steps);
                    let holds = |name: &&&'m str| !removed.contains(&(**name, root));
                    let is_by_all = self.ground.iter().filter(holds).count() > 1
                        && self.ground.iter().filter(holds).all(covers);
                    if is_by_all && !is_whole {
                        let built = all.by_all_built.entry((service, environment)).or_default();
                        built.insert((step.pair, step.change));
                    }
                    if !is_whole || !is_by_all {
                        let named = self.remembered(environment, step, policy);
                        if named.iter().all(covers) {
                            continue;
                        }
                        for name in named.into_iter().chain([environment]) {
                            let there = remembered.entry((name, root)).or_default();
                            there.push(step.path.clone());
                        }
                        continue;
                    }
                    let changes = all.changes.entry((service, environment)).or_default();
                    changes.insert((step.pair, step.change));
                    if is_named && own_names::say_own_names(floors, root, &step.path, &steps) {
                        let own = all.own_names.entry((service, environment)).or_default();
                        own.insert((step.pair, step.change));
                    }
                    let places = places.entry(root).or_default();
                    if !places.contains(&step.path) {
                        places.push(step.path.clone());
                    }
                }
            }
        }
        for (environment, own) in roots {
            for (at, root) in own {
                let of = (service, environment, at);
                if let Some(places) = places.get(&root) {
                    all.places.insert(of, places.clone());
                }
                if let Some(places) = remembered.remove(&(environment, root)) {
                    all.remembered.insert(of, places);
                }
            }
        }
    }

    /// The other environments on the ground that exemptions name together with one for a change.
    fn remembered(&self, environment: &'m str, step: &Step<'m>, policy: &Policy) -> Vec<&'m str> {
        let comparison = self.floors[environment];
        let pairs = comparison.pairs().nth(step.pair);
        let Some((pair, changes)) = pairs.filter(|_| self.ground.contains(&environment)) else {
            return Vec::new();
        };
        let Some(classified) = changes.get(step.change) else {
            return Vec::new();
        };
        let field = field(&classified.change);
        let deed = Subject {
            rule: classified.class.rule(),
            service: pair.service,
            environment,
            resource: &pair.overlay.reference(),
            base_name: Some(pair.base.name()),
            field: Some(&field),
        };
        let company = company(policy, &deed);
        let ground = self.ground.iter().copied();
        ground.filter(|name| company.contains(name)).collect()
    }

    /// Finds the resources that all environments on the ground add.
    fn find_added(&self, matrix: &Matrix<'m, 'a>, all: &mut Overridden<'m>) {
        let kin = Kin::of(matrix);
        let added = |name: &&'m str| {
            let added = self.floors[*name].pairing.added.iter();
            let roots = added.map(|&at| (kin.root((*name, at)), at));
            (*name, roots.collect::<Vec<_>>())
        };
        let added: Vec<_> = self.ground.iter().map(added).collect();
        let holders = added.iter().flat_map(|(_, own)| own);
        let mut counts: HashMap<Member<'_>, usize> = HashMap::new();
        for (root, _) in holders {
            *counts.entry(*root).or_default() += 1;
        }
        for (name, own) in added {
            let shared = own
                .iter()
                .filter(|(root, _)| counts[root] >= self.ground.len());
            let shared = shared.map(|(_, at)| *at).collect();
            all.added_by_all.insert((matrix.service(), name), shared);
        }
    }

    /// Whether an environment, or all that are made of it, change a place.
    fn covers(
        &self,
        environment: &str,
        root: usize,
        path: &Path<'_>,
        steps: &BTreeMap<&str, Steps<'_>>,
    ) -> bool {
        let own = steps.get(environment).and_then(|own| own.get(&root));
        let mut own = own.into_iter().flatten();
        if own.any(|step| overlap(&step.path, path)) {
            return true;
        }
        let above = self.above.get(environment).map_or(&[][..], Vec::as_slice);
        let mut others = above.iter();
        !above.is_empty() && others.all(|other| self.covers(other, root, path, steps))
    }
}
