//! Groups environments into services, and separates services that are side by side.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates::{Candidate, identities};
use super::names::{Named, OPEN, Placed, Words, service_names};
use super::recorders::recorded_service;
use super::service::{Baseline, Overlay, Service};
use super::site::Site;
use super::standing::{Kind, Standing};
use crate::naming::rank_among;
use crate::policy::Policy;
use crate::repo::Parsed;

/// A kustomization that looks like an environment by its name.
#[derive(Clone)]
struct Member<'s> {
    named: Named,
    candidate: &'s Candidate,
    /// Whether a pattern of the policy names it.
    is_matched: bool,
}

/// Kustomizations that look like environments of one service, by their common key.
type Groups<'s> = BTreeMap<String, Vec<Member<'s>>>;

/// The services, and the lone environments: without a base and without another environment of their
/// service.
pub fn services<'s>(
    parsed: &Parsed<'_>,
    site: &Site<'_>,
    standing: &'s [Standing],
    policy: &Policy,
) -> (Vec<Service>, Vec<&'s Candidate>) {
    let words = Words {
        listed: &policy.environments,
    };
    let by_patterns = !policy.layout.overlays.is_empty();
    let mut groups = Groups::new();
    for one in standing {
        let (Kind::Environment(named) | Kind::Unnamed(named)) = &one.kind else {
            continue;
        };
        groups.entry(named.key.clone()).or_default().push(Member {
            named: named.clone(),
            candidate: &one.candidate,
            is_matched: by_patterns,
        });
    }
    let mut alone = Vec::new();
    if !by_patterns {
        groups = tell_apart(parsed, groups, words);
        groups.retain(|_, members| {
            let is_service = is_service(members);
            if !is_service {
                alone.extend(members.iter().map(|member| member.candidate));
            }
            is_service
        });
    }
    let judged = judged_bases(&groups);
    let called = called(&groups);
    let given: Vec<Option<String>> = groups
        .values()
        .map(|members| given(parsed, members, &policy.baseline))
        .collect();
    let placed: Vec<Placed<'_>> = groups
        .keys()
        .zip(&given)
        .map(|(key, given)| Placed {
            key,
            given: given.as_deref(),
        })
        .collect();
    let names = service_names(&placed, site.name);
    let mut services: Vec<Service> = groups
        .into_values()
        .zip(names)
        .map(|(members, name)| service(name, members, (&judged, &called), site))
        .collect();
    services.sort_by(|a, b| a.name.cmp(&b.name));
    (services, alone)
}

/// The bases of overlays whose names say that they are environments.
fn judged_bases(groups: &Groups<'_>) -> BTreeSet<String> {
    groups
        .values()
        .flatten()
        .filter(|member| member.named.is_known)
        .flat_map(|member| member.candidate.all_bases().cloned())
        .collect()
}

/// The names of environments in a directory for overlays that also has one with a word for
/// environments.
fn called(groups: &Groups<'_>) -> BTreeSet<String> {
    let is_service = |members: &&Vec<Member<'_>>| members.iter().any(|one| one.named.is_known);
    groups
        .values()
        .filter(is_service)
        .flatten()
        .filter(|member| member.named.is_in_overlays && member.named.is_last)
        .map(|member| member.named.environment.clone())
        .collect()
}

/// The name of a service from a pattern of the policy, or from the recorder of its base.
fn given(parsed: &Parsed<'_>, members: &[Member<'_>], baseline: &str) -> Option<String> {
    let by_pattern = members
        .iter()
        .find_map(|member| member.named.service.clone());
    if by_pattern.is_some() {
        return by_pattern;
    }
    let recorded = |directories: BTreeSet<&String>| {
        let names: BTreeSet<String> = directories
            .into_iter()
            .filter_map(|directory| recorded_service(parsed, directory, baseline))
            .collect();
        (names.len() == 1)
            .then(|| names.into_iter().next())
            .flatten()
    };
    let bases = members.iter().flat_map(|member| &member.candidate.bases);
    let own = members.iter().map(|member| &member.candidate.directory);
    recorded(bases.collect()).or_else(|| recorded(own.collect()))
}

fn service(
    name: String,
    members: Vec<Member<'_>>,
    (judged, called): (&BTreeSet<String>, &BTreeSet<String>),
    site: &Site<'_>,
) -> Service {
    // Whether other services of the repository have an environment of this name.
    let is_called = |member: &Member<'_>| {
        let named = &member.named;
        named.is_in_overlays && named.is_last && called.contains(&named.environment)
    };
    let are_called = members.iter().all(is_called);
    // If the name of one overlay says that it is an environment, all overlays of that base are.
    let is_environment = |member: &Member<'_>| {
        member.named.is_known
            || member.is_matched
            || member
                .candidate
                .all_bases()
                .any(|base| judged.contains(base))
    };
    let has_word = members.iter().any(|member| member.named.is_known);
    // A circle has no base of which it could be a variant; its build reports the circle.
    let own: BTreeSet<&String> = members.iter().map(|one| &one.candidate.directory).collect();
    let mut bases = members.iter().flat_map(|one| one.candidate.all_bases());
    let has_word = has_word || bases.all(|base| own.contains(base));
    let (environments, variants): (Vec<Member<'_>>, Vec<Member<'_>>) = members
        .into_iter()
        .partition(|member| has_word || are_called || is_environment(member));
    Service {
        name,
        is_above: environments.iter().any(|member| member.named.is_above),
        overlays: overlays(environments, site),
        variants: overlays(variants, site),
    }
}

fn overlays(members: Vec<Member<'_>>, site: &Site<'_>) -> Vec<Overlay> {
    let names: BTreeSet<String> = members
        .iter()
        .map(|member| member.named.environment.clone())
        .collect();
    let mut overlays: Vec<Overlay> = members
        .into_iter()
        .map(
            |Member {
                 named, candidate, ..
             }| Overlay {
                rank: rank_among(&named.environment, names.iter().map(String::as_str)),
                name: named.environment,
                directory: candidate.directory.clone(),
                bases: candidate.all_bases().cloned().collect(),
                baseline: Baseline::default(),
                is_asked: site.is_asked(&candidate.directory),
            },
        )
        .collect();
    let place = |overlay: &Overlay| site.place(&overlay.directory).unwrap_or_default();
    overlays.sort_by_cached_key(|overlay| {
        let rank = overlay.rank.unwrap_or(usize::MAX);
        (rank, overlay.name.clone(), place(overlay))
    });
    // If two directories have the same name, the later ones get a longer one.
    for at in 1..overlays.len() {
        if overlays[..at]
            .iter()
            .any(|before| before.name == overlays[at].name)
        {
            overlays[at].name = place(&overlays[at]).replace(['/', '.'], "-");
        }
    }
    overlays
}

/// Environments without a base are a service only if several of them have a word for an environment
/// in their names.
fn is_service(members: &[Member<'_>]) -> bool {
    let has_base = members.iter().any(|member| member.candidate.has_base());
    let named = members.iter().filter(|member| member.named.is_known);
    has_base || named.count() > 1
}

/// Separates services that are side by side, each with a word for the environment in its name:
/// `api-dev`, `app-dev`, `api-prod`, `app-prod`.
///
/// Overlays of one base belong to one service, whatever their names. So do overlays without a base
/// that contain the same resources, and overlays whose names are only words for environments.
fn tell_apart<'s>(parsed: &Parsed<'_>, groups: Groups<'s>, words: Words<'_>) -> Groups<'s> {
    let mut told = Groups::new();
    for (key, members) in groups {
        let parts = parts(parsed, &members, words);
        let are_several = parts.len() > 1;
        for part in parts {
            let (key, part) = key_of(&key, part, are_several, words);
            let mut own = key.clone();
            // A service beside it may already have that name.
            while told.contains_key(&own) {
                let first = part.first().map(|member| member.named.environment.as_str());
                own = key.replace(OPEN, &format!("{}/{OPEN}", first.unwrap_or_default()));
                if told.contains_key(&own) {
                    own = format!("{own}/{}", told.len());
                }
            }
            told.insert(own, part);
        }
    }
    told
}

/// The root of a member's tree in a forest of unions.
fn root(roots: &[usize], mut at: usize) -> usize {
    while roots[at] != at {
        at = roots[at];
    }
    at
}

/// Kinds that another service of an environment may share with one.
const SUPPORT: [&str; 3] = ["ConfigMap", "Secret", "ServiceAccount"];

/// Whether a member without a base has a word and a name of its own beside the environment of that word: `prod-tools` beside `prod`.
fn is_beside(member: &Member<'_>, members: &[Member<'_>], words: Words<'_>) -> bool {
    let stem = words.stem(&member.named.environment);
    let is_it = |word: &str| {
        let mut others = members.iter();
        others.any(|other| other.candidate.has_base() && other.named.environment == word)
    };
    !member.candidate.has_base() && stem.is_some_and(|(_, word)| is_it(&word))
}

/// The members of a group that belong together.
fn parts<'s>(
    parsed: &Parsed<'_>,
    members: &[Member<'s>],
    words: Words<'_>,
) -> Vec<Vec<Member<'s>>> {
    let mut roots: Vec<usize> = (0..members.len()).collect();
    let unite = |roots: &mut Vec<usize>, one: usize, other: usize| {
        let (one, other) = (root(roots, one), root(roots, other));
        let (first, later) = (one.min(other), one.max(other));
        roots[later] = first;
    };
    // Members that share one of these marks belong to one service: the others join the first one
    // with it.
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    for (at, member) in members.iter().enumerate() {
        let stem = words.stem(&member.named.environment);
        let name = match stem {
            Some((stem, _)) => Some(format!("stem {stem}")),
            None if member.named.is_known => Some("words".to_owned()),
            None => None,
        };
        let bases = member
            .candidate
            .all_bases()
            .map(|base| format!("base {base}"));
        let own = format!("base {}", member.candidate.directory);
        // `alpha` is made of `alpha/app` as `production` is made of `production/app`.
        let inside = format!("{}/", member.candidate.directory);
        let is_stemless = words.stem(&member.named.environment).is_none();
        let parts = member.candidate.bases.iter().filter(|_| is_stemless);
        let parts = parts.filter_map(|base| base.strip_prefix(&inside));
        let parts = parts.map(|part| format!("part {part}"));
        for mark in name.into_iter().chain(bases).chain([own]).chain(parts) {
            let known = *first.entry(mark).or_insert(at);
            unite(&mut roots, known, at);
        }
    }
    let is_one = |roots: &[usize]| (0..members.len()).all(|at| root(roots, at) == root(roots, 0));
    if !is_one(&roots) && members.iter().any(|member| !member.candidate.has_base()) {
        let held: Vec<BTreeSet<(String, String)>> = members
            .iter()
            .map(|member| {
                let is_beside = is_beside(member, members, words);
                let held = identities(parsed, &member.candidate.directory).into_iter();
                held.filter(|(kind, _)| !(is_beside && SUPPORT.contains(&kind.as_str())))
                    .map(|(kind, name)| (kind, words.without(&name)))
                    .collect()
            })
            .collect();
        let mut first: BTreeMap<&(String, String), Vec<usize>> = BTreeMap::new();
        for (at, held) in held.iter().enumerate() {
            for identity in held {
                first.entry(identity).or_default().push(at);
            }
        }
        for together in first.values() {
            let bare = together
                .iter()
                .find(|at| !members[**at].candidate.has_base());
            if let Some(bare) = bare {
                for at in together {
                    unite(&mut roots, *bare, *at);
                }
            }
        }
    }
    let mut parts: BTreeMap<usize, Vec<Member<'s>>> = BTreeMap::new();
    for (at, member) in members.iter().enumerate() {
        parts
            .entry(root(&roots, at))
            .or_default()
            .push(member.clone());
    }
    parts.into_values().collect()
}

/// The key of the members of one service, without the word for the environment if the rest of each
/// name is the service's.
fn key_of<'s>(
    key: &str,
    mut members: Vec<Member<'s>>,
    are_several: bool,
    words: Words<'_>,
) -> (String, Vec<Member<'s>>) {
    let stems: Option<Vec<(String, String)>> = members
        .iter()
        .map(|member| words.stem(&member.named.environment))
        .collect();
    let open = |name: &str| key.replace(OPEN, &format!("{name}/{OPEN}"));
    if let Some(stems) = stems
        && let Some((stem, _)) = stems.first()
        && stems.iter().all(|(other, _)| other == stem)
    {
        // `shop-dev` of the base `shop`, but not `gke-dev` of the base `web`.
        let names_base = |member: &Member<'_>| {
            let mut bases = member.candidate.all_bases();
            !member.candidate.has_base()
                || bases.any(|base| base.split('/').any(|part| part == stem))
        };
        if are_several || members.iter().all(names_base) {
            let key = open(stem);
            for (member, (_, word)) in members.iter_mut().zip(stems) {
                member.named.environment = word;
            }
            return (key, members);
        }
    }
    let is_word = |member: &Member<'_>| {
        member.named.is_known && words.stem(&member.named.environment).is_none()
    };
    if !are_several || members.iter().any(is_word) {
        return (key.to_owned(), members);
    }
    let [only] = members.as_slice() else {
        let bases = members
            .first()
            .and_then(|member| member.candidate.bases.first());
        let mut parts = bases.into_iter().flat_map(|base| base.rsplit('/'));
        let name = parts.find(|part| !matches!(*part, "base" | "bases" | "" | ".."));
        return (name.map_or_else(|| key.to_owned(), open), members);
    };
    let name = only.named.environment.clone();
    (open(&name), members)
}
