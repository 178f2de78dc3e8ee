//! Directories above environments, or below them, which take their names from them.
//!
//! A kustomization that patches a collection of production environments changes production,
//! whatever its own name is, so it is an environment too.

use std::collections::{BTreeMap, BTreeSet};

use super::Site;
use super::candidates::Candidate;
use super::names::{Named, OPEN, Words, label};
use super::standing::{Kind, SHARED, Standing};
use crate::policy::Policy;
use crate::repo::split;

/// The environments that a directory is made of.
#[derive(Clone, PartialEq, Eq)]
enum Kin {
    One(String),
    Several,
}

impl Kin {
    fn join(self, other: &Self) -> Self {
        if self == *other { self } else { Self::Several }
    }
}

/// Turns a kustomization that changes environments of one name into another environment of that
/// name, in a service of its own.
pub fn rise(standing: &mut [Standing], site: &Site<'_>, policy: &Policy) {
    let words = Words {
        listed: &policy.environments,
    };
    let kin = kin(standing, words);
    let beside: BTreeSet<String> = standing.iter().filter_map(key_of_environment).collect();
    for one in standing.iter_mut() {
        let candidate = &one.candidate;
        let is_named = match &one.kind {
            Kind::Environment(_) => true,
            // Its siblings show that it is an environment.
            Kind::Unnamed(named) => named.is_in_overlays && beside.contains(&named.key),
            Kind::Composed | Kind::Unmatched | Kind::Other => false,
        };
        if is_named || !candidate.transforms || candidate.is_component {
            continue;
        }
        if let Some(Kin::One(environment)) = kin.get(&candidate.directory) {
            one.kind = Kind::Environment(above(candidate, environment, site));
        }
    }
}

fn key_of_environment(one: &Standing) -> Option<String> {
    match &one.kind {
        Kind::Environment(named) => Some(named.key.clone()),
        _ => None,
    }
}

/// The name of a directory above environments is its whole path, so that no other service needs a
/// longer name.
fn above(candidate: &Candidate, environment: &str, site: &Site<'_>) -> Named {
    let service = match candidate.place.as_str() {
        "" => format!("{}/all", site.name),
        place => place.to_owned(),
    };
    Named {
        key: format!("{}/{OPEN}", service.replace('/', "-")),
        service: Some(service),
        environment: environment.to_owned(),
        is_known: true,
        is_in_overlays: false,
        is_last: true,
        is_above: true,
    }
}

/// The environments that every directory is made of, by the words of their paths; a directory with
/// its own word is that environment.
fn kin(standing: &[Standing], words: Words<'_>) -> BTreeMap<String, Kin> {
    let mut kin: BTreeMap<String, Kin> = BTreeMap::new();
    let mut loads: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    let mut left: Vec<&str> = Vec::new();
    for one in standing {
        let candidate = &one.candidate;
        match &one.kind {
            Kind::Environment(named) if named.is_known && !is_shared(candidate) => {
                let name = words.stem(&named.environment);
                let name = name.map_or_else(|| named.environment.clone(), |(_, word)| word);
                kin.insert(candidate.directory.clone(), Kin::One(name));
                left.push(&candidate.directory);
            }
            _ => {
                for base in &candidate.bases {
                    loads.entry(base).or_default().push(candidate);
                }
            }
        }
    }
    // A directory becomes `One` and then `Several`, so this ends even if they load each other.
    while let Some(directory) = left.pop() {
        let Some(own) = kin.get(directory).cloned() else {
            continue;
        };
        for candidate in loads.get(directory).into_iter().flatten() {
            let before = kin.get(&candidate.directory);
            let after = before.map_or_else(|| own.clone(), |before| before.clone().join(&own));
            if before != Some(&after) {
                kin.insert(candidate.directory.clone(), after);
                left.push(&candidate.directory);
            }
        }
    }
    kin
}

/// Whether environments share it, although a directory above it has the name of one.
fn is_shared(candidate: &Candidate) -> bool {
    let name = split(&candidate.place).1;
    !candidate.has_base() && SHARED.contains(&name)
}

/// Assigns a directory below an environment to its service, if it is made of the environment or its
/// bases.
pub fn nest(standing: &mut [Standing]) {
    let environments: BTreeMap<String, (Named, BTreeSet<String>)> = standing
        .iter()
        .filter_map(|one| match &one.kind {
            Kind::Environment(named) if named.is_last && one.candidate.has_base() => {
                let own = [one.candidate.directory.clone()];
                let bases = one.candidate.all_bases().cloned().chain(own);
                let of = (named.clone(), bases.collect());
                Some((one.candidate.place.clone(), of))
            }
            _ => None,
        })
        .collect();
    for one in standing.iter_mut() {
        let Kind::Environment(named) = &mut one.kind else {
            continue;
        };
        let place = one.candidate.place.as_str();
        let mut outer = place.match_indices('/').map(|(at, _)| place.split_at(at));
        let found = outer.find_map(|(outer, rest)| Some((environments.get(outer)?, rest)));
        let Some(((above, bases), rest)) = found.filter(|_| !named.is_last) else {
            continue;
        };
        if one.candidate.has_base() && one.candidate.all_bases().all(|base| bases.contains(base)) {
            named.environment = label(&format!("{}{rest}", above.environment));
            named.key.clone_from(&above.key);
        }
    }
}

/// Joins the service whose environments are the leaves of a tree with environments that have a leaf below their word, if
/// all are made of the same bases.
///
/// `prod/blue` beside `lab/dev` and `lab/staging` becomes `prod-blue` of their service, which gets the name of what they are
/// in. Nothing is joined if two services could have it, or if the service has an environment of that name.
pub fn level(standing: &mut [Standing]) {
    let mut homes: BTreeMap<String, Home> = BTreeMap::new();
    for one in standing.iter() {
        if let Kind::Environment(named) = &one.kind
            && !named.is_above
            && named.is_last
        {
            let home = homes.entry(named.key.clone()).or_default();
            home.bases.extend(bases(&one.candidate).map(str::to_owned));
            home.is_known &= named.is_known;
            home.names.insert(named.environment.clone());
        }
    }
    homes.retain(|_, home| home.is_known && home.names.len() > 1 && !home.bases.is_empty());
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for one in standing.iter_mut() {
        let Kind::Environment(named) = &mut one.kind else {
            continue;
        };
        let Some((before, leaf)) = named
            .key
            .split_once(OPEN)
            .filter(|(_, leaf)| !leaf.is_empty())
        else {
            continue;
        };
        let environment = label(&format!("{}{leaf}", named.environment));
        let is_near = |key: &str, home: &Home| {
            let between = key
                .strip_prefix(before)
                .and_then(|key| key.strip_suffix(OPEN));
            let depth = between.map(|between| between.matches('/').count());
            depth.is_some_and(|depth| depth == 0 || depth == leaf.matches('/').count())
                && bases(&one.candidate).eq(home.bases.iter().map(String::as_str))
                && !home.names.contains(&environment)
        };
        let mut near = homes.iter().filter(|(key, home)| is_near(key, home));
        if let (Some((key, _)), None) = (near.next(), near.next()) {
            let whole = format!("{before}{OPEN}");
            // Another service may have that place.
            let is_free = *key == whole || !homes.contains_key(&whole);
            let own = if is_free { whole } else { key.clone() };
            let own = joined.entry(key.clone()).or_insert(own);
            named.key.clone_from(own);
            named.environment = environment;
        }
    }
    for one in standing.iter_mut() {
        if let Kind::Environment(named) = &mut one.kind
            && named.is_last
            && let Some(own) = joined.get(&named.key)
        {
            named.key.clone_from(own);
        }
    }
}

/// A service whose environments are the leaves of its tree.
struct Home {
    bases: BTreeSet<String>,
    names: BTreeSet<String>,
    /// Whether every name is a word for an environment.
    is_known: bool,
}

impl Default for Home {
    fn default() -> Self {
        Self {
            bases: BTreeSet::new(),
            names: BTreeSet::new(),
            is_known: true,
        }
    }
}

/// The bases of a candidate, each once, sorted.
fn bases(candidate: &Candidate) -> impl Iterator<Item = &str> {
    let bases: BTreeSet<&str> = candidate.all_bases().map(String::as_str).collect();
    bases.into_iter()
}
