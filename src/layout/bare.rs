//! Directories of manifests without a kustomization, in the places of environments.
//!
//! `overlays/production` with only `deployment.yaml` in it, beside the kustomizations of
//! `overlays/dev` and `overlays/staging`, may well be what production runs: Argo CD, Flux and
//! `kubectl apply -f` deploy such a directory as it is.

use std::collections::{BTreeMap, BTreeSet};

use super::names::{Named, Words, name_by_pattern};
use super::service::Service;
use super::site::Site;
use super::standing::{Kind, Standing};
use crate::naming::{is_word, rank};
use crate::policy::Policy;
use crate::repo::{NAMES, Parsed, split};
use crate::rules::{Reason, Unjudged};
use crate::text::one_line;

/// The directories of both kinds.
pub struct Bare {
    /// Those beside environments, which are environments too.
    pub beside: Vec<Unjudged>,
    /// One line for those that are environments of each other.
    pub note: Option<String>,
}

/// A directory of manifests that is named like an environment.
struct Place<'f> {
    named: Named,
    /// The first of its manifests.
    file: &'f str,
    /// The paths of all its manifests below it.
    inside: BTreeSet<&'f str>,
}

/// Finds directories of manifests in the places of environments, as far as they were asked for.
pub fn bare(
    parsed: &Parsed<'_>,
    site: &Site<'_>,
    policy: &Policy,
    standing: &[Standing],
    services: &[Service],
) -> Bare {
    let judged = judged(standing, services, site, policy);
    let mut places = places(parsed, site, policy, services);
    let mut beside: Vec<Unjudged> = Vec::new();
    places.retain(|directory, place| {
        let Some(service) = judged.get(place.named.key.as_str()) else {
            return true;
        };
        // `production/files` belongs to `production`.
        let is_told = beside.iter().any(|one| is_in(directory, &one.directory));
        if !is_told {
            beside.push(Unjudged {
                directory: directory.clone(),
                service: (*service).to_owned(),
                environment: place.named.environment.clone(),
                reason: Reason::Bare(place.file.to_owned()),
                is_environment: !service.is_empty(),
                place: None,
            });
        }
        false
    });
    let is_asked = |directory: &str| site.is_looked_at(directory, &policy.layout.ignore);
    beside.retain(|one| is_asked(&one.directory));
    places.retain(|directory, _| is_asked(directory));
    Bare {
        beside,
        note: note(&places),
    }
}

/// The service of every key of judged environments; empty for those that only gather others.
fn judged<'s>(
    standing: &'s [Standing],
    services: &'s [Service],
    site: &Site<'_>,
    policy: &Policy,
) -> BTreeMap<String, &'s str> {
    let all = services.iter().flat_map(|service| {
        let overlays = service.overlays.iter();
        overlays.map(|overlay| (overlay.directory.as_str(), service.name.as_str()))
    });
    let services: BTreeMap<&str, &str> = all.collect();
    let mut found = BTreeMap::new();
    for one in standing {
        let candidate = &one.candidate;
        let service = services.get(candidate.directory.as_str());
        if let (Kind::Environment(named), Some(service)) = (&one.kind, service)
            && !named.is_above
        {
            found.insert(named.key.clone(), *service);
        } else if candidate.only_gathers
            && candidate.has_base()
            && let Some(named) = named(&candidate.directory, site, policy)
            && named.is_last
        {
            found.entry(named.key).or_insert("");
        }
    }
    found
}

/// The directories of manifests with the name of an environment and without any kustomization.
fn places<'f>(
    parsed: &'f Parsed<'_>,
    site: &Site<'_>,
    policy: &Policy,
    services: &[Service],
) -> BTreeMap<String, Place<'f>> {
    let unreadable = parsed.unreadable.keys().map(|file| split(file));
    let unreadable = unreadable.filter(|(_, name)| NAMES.contains(name));
    let built = parsed
        .kustomizations()
        .map(|one| one.directory().to_owned());
    let built = built.chain(unreadable.map(|(directory, _)| directory.to_owned()));
    let mut taken: BTreeSet<String> = built.collect();
    // A directory above an environment only holds it, as `production` does `production/web`.
    let judged = services.iter().flat_map(|service| &service.overlays);
    taken.extend(judged.flat_map(|overlay| ways(&overlay.directory).map(str::to_owned)));
    let mut found: BTreeMap<String, Place<'f>> = BTreeMap::new();
    for file in parsed.sources.loose() {
        for directory in ways(split(file).0) {
            if taken.contains(directory) {
                break;
            }
            let Some(named) = named(directory, site, policy) else {
                continue;
            };
            let place = found.entry(directory.to_owned()).or_insert_with(|| Place {
                named,
                file,
                inside: BTreeSet::new(),
            });
            place.inside.extend(file.strip_prefix(directory));
        }
    }
    found
}

/// A directory and all directories above it, from the inside out.
fn ways(directory: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(directory), |way| {
        (!way.is_empty()).then(|| split(way).0)
    })
}

/// The name of a directory, if it is a word for an environment.
fn named(directory: &str, site: &Site<'_>, policy: &Policy) -> Option<Named> {
    let place = site.place(directory)?;
    let words = Words {
        listed: &policy.environments,
    };
    let patterns = &policy.layout.overlays;
    let named = if patterns.is_empty() {
        words.name(&place)?
    } else {
        let spellings = site.spellings(directory);
        spellings.iter().find_map(|path| {
            let outer = place.strip_suffix(path.as_str()).unwrap_or("");
            name_by_pattern(path, outer, patterns)
        })?
    };
    let name = &named.environment;
    let is_one = rank(name).is_some() || is_word(name) || policy.environments.contains(name);
    (named.is_known && is_one).then_some(named)
}

fn is_in(directory: &str, outer: &str) -> bool {
    let rest = directory.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The most characters of a path in a note.
const MAX_PATH: usize = 200;

/// How many directories a note names.
const MAX_NAMED: usize = 3;

/// One line for directories that hold the same files under several names of environments.
///
/// Their contents are not compared, and a reader must not think that they were.
fn note(places: &BTreeMap<String, Place<'_>>) -> Option<String> {
    let mut groups: BTreeMap<&str, Vec<(&str, &Place<'_>)>> = BTreeMap::new();
    for (directory, place) in places.iter().filter(|(_, place)| place.named.is_last) {
        groups
            .entry(&place.named.key)
            .or_default()
            .push((directory, place));
    }
    let mut directories: Vec<&str> = Vec::new();
    for group in groups.values() {
        let is_like = |(directory, place): &&(&str, &Place<'_>)| {
            let mut others = group.iter().filter(|(other, _)| other != directory);
            others.any(|(_, other)| {
                rank(&other.named.environment) != rank(&place.named.environment)
                    && !other.inside.is_disjoint(&place.inside)
            })
        };
        directories.extend(
            group
                .iter()
                .filter(is_like)
                .map(|(directory, _)| *directory),
        );
    }
    let (last, others) = directories.split_last()?;
    let shown = others.iter().take(MAX_NAMED - 1);
    let shown: Vec<_> = shown
        .map(|directory| one_line(directory, MAX_PATH))
        .collect();
    let last = match others.len() - shown.len() {
        0 => one_line(last, MAX_PATH).into_owned(),
        more => format!("{} more", more + 1),
    };
    Some(format!(
        "{} and {last} have manifests but no kustomization, so they were not compared (to compare them, add a kustomization.yaml to each that lists its files)",
        shown.join(", ")
    ))
}
