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
