//! Directories that look like overlays and are not judged, and why.
//!
//! An unread environment must not count as clean, so all of these become findings; intended
//! exceptions are listed in `spec.layout.ignore`.

use std::collections::{BTreeMap, BTreeSet};

use super::bare::{Bare, bare};
use super::candidates::{Candidate, bases, identities};
use super::names::Words;
use super::service::{Overlay, Service};
use super::site::Site;
use super::standing::{Kind, Standing};
use crate::policy::Policy;
use crate::repo::{PACKAGES, Parsed, Unseen, Why, split};
use crate::rules::{Reason, Unjudged};
use crate::text::one_line;

/// The service of each base that judged environments are made of.
type Judged<'s> = BTreeMap<&'s str, &'s str>;

/// Finds the directories that look like overlays, were asked for and are not judged, and notes
/// what has nothing to compare with.
pub fn unjudged(
    parsed: &Parsed<'_>,
    site: &Site<'_>,
    policy: &Policy,
    standing: &[Standing],
    alone: &[&Candidate],
    services: &[Service],
) -> (Vec<Unjudged>, Vec<String>) {
    let words = Words {
        listed: &policy.environments,
    };
    let mut judged = Judged::new();
    for service in services {
        for overlay in &service.overlays {
            for base in &overlay.bases {
                judged.entry(base).or_insert(&service.name);
            }
        }
    }
    let mut found = Vec::new();
    let environments: BTreeSet<&str> = services
        .iter()
        .flat_map(|service| &service.overlays)
        .map(|overlay| overlay.directory.as_str())
        .collect();
    let variants = services
        .iter()
        .filter_map(|service| variants(service, &environments));
    found.extend(variants);
    for one in standing {
        if site.is_asked(&one.candidate.directory) {
            found.extend(left_out(one, &judged, &environments, words));
        }
    }
    let is_asked = |one: &&Candidate| site.is_asked(&one.directory);
    let alone = alone.iter().copied();
    let mut alone: Vec<&Candidate> = alone.filter(is_asked).collect();
    for group in strays(parsed, standing, words) {
        let asked: Vec<&Candidate> = group.into_iter().filter(is_asked).collect();
        match asked.as_slice() {
            [first, _, ..] => found.push(without_base(first, &asked, words)),
            _ => alone.extend(asked),
        }
    }
    let copies = copies(parsed, &alone, services, words);
    let lone = lone(&alone, &copies, words);
    found.extend(copies);
    let unseen = parsed.sources.unseen().iter();
    let unseen: Vec<&Unseen> = unseen
        .filter(|unseen| site.is_looked_at(&unseen.path, &policy.layout.ignore))
        .collect();
    found.extend(hidden(parsed, &unseen, &judged, standing, words, site));
    found.extend(unseen.iter().filter_map(|unseen| link(unseen, words, site)));
    let Bare { beside, note } = bare(parsed, site, policy, standing, services);
    found.extend(beside);
    found.sort_by(|a, b| (&a.service, &a.directory).cmp(&(&b.service, &b.directory)));
    (found, lone.into_iter().chain(note).collect())
}

/// The most characters of a path in a note.
const MAX_PATH: usize = 200;

/// How many directories a note names.
const MAX_NAMED: usize = 3;

/// One line for the lone environments: they have no base, no sibling and no copy, so nothing can be
/// compared.
///
/// This may be intended, as for a repository with one cluster, but a reader must not think that
/// they were judged.
fn lone(alone: &[&Candidate], copies: &[Unjudged], words: Words<'_>) -> Option<String> {
    let is_told = |directory: &str| copies.iter().any(|copy| copy.directory == directory);
    let is_lone = |one: &&&Candidate| {
        let named = words.name(&one.place);
        !one.is_loaded
            && !one.is_component
            && !is_told(&one.directory)
            && named.is_some_and(|named| named.is_known && named.is_last)
    };
    let mut directories: Vec<&str> = alone
        .iter()
        .filter(is_lone)
        .map(|one| one.directory.as_str())
        .collect();
    directories.sort_unstable();
    let shown: Vec<String> = directories
        .iter()
        .take(MAX_NAMED)
        .map(|directory| one_line(directory, MAX_PATH).into_owned())
        .collect();
    let more = directories.len() - shown.len();
    let names = match (shown.as_slice(), more) {
        ([], _) => return None,
        ([only], 0) => {
            return Some(format!(
                "{only} is named like an environment but was not checked: it has no base and no other environment to compare with (to exclude it on purpose, add it to spec.layout.ignore of the ParityPolicy)"
            ));
        }
        ([others @ .., last], 0) => format!("{} and {last}", others.join(", ")),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    };
    Some(format!(
        "{names} are named like environments but were not checked: they have no base and no other environment to compare with (to exclude them on purpose, add them to spec.layout.ignore of the ParityPolicy)"
    ))
}

/// One finding for the overlays of a base that no name marks as environments.
fn variants(service: &Service, environments: &BTreeSet<&str>) -> Option<Unjudged> {
    let first = service.variants.iter().find(|variant| variant.is_asked)?;
    let names = service.variants.iter().map(|variant| variant.name.clone());
    let mut bases = service.variants.iter().flat_map(|variant| &variant.bases);
    Some(Unjudged {
        directory: first.directory.clone(),
        service: service.name.clone(),
        environment: String::new(),
        reason: Reason::Variants(names.collect()),
        is_environment: bases.any(|base| environments.contains(base.as_str())),
        place: None,
    })
}

/// A kustomization with bases that was not classified.
fn left_out(
    one: &Standing,
    judged: &Judged<'_>,
    environments: &BTreeSet<&str>,
    words: Words<'_>,
) -> Option<Unjudged> {
    let candidate = &one.candidate;
    let sibling = candidate
        .all_bases()
        .find_map(|base| judged.get(base.as_str()).copied());
    let mut bases = candidate.bases.iter();
    let is_on_top = bases.any(|base| environments.contains(base.as_str()));
    // The kustomization that loads it does not get these changes.
    let changes_them = is_on_top && candidate.transforms && !candidate.is_component;
    let composed = || Reason::Composed(candidate.all_bases().cloned().collect());
    let reason = match &one.kind {
        Kind::Composed if sibling.is_some() || is_on_top => composed(),
        Kind::Other if changes_them => composed(),
        // Layers are judged through the overlays above them.
        Kind::Unmatched if candidate.has_base() && !candidate.is_loaded => Reason::Unmatched,
        _ => return None,
    };
    let environment = words.name(&candidate.place);
    Some(Unjudged {
        directory: candidate.directory.clone(),
        service: sibling.unwrap_or_default().to_owned(),
        environment: environment.map_or_else(String::new, |named| named.environment),
        reason,
        is_environment: sibling.is_some() || changes_them,
        place: None,
    })
}

/// Environments without a base that contain the same resources as another service.
fn copies<'c>(
    parsed: &Parsed<'_>,
    alone: &[&'c Candidate],
    services: &[Service],
    words: Words<'_>,
) -> Vec<Unjudged> {
    let mut held: Option<BTreeMap<(String, String), &str>> = None;
    let own = |directory: &str| {
        let all = identities(parsed, directory).into_iter();
        all.map(|(kind, name)| (kind, words.without(&name)))
    };
    let copy = |candidate: &&'c Candidate| {
        let held = held.get_or_insert_with(|| {
            let mut held = BTreeMap::new();
            for service in services {
                let directories: BTreeSet<&String> = service
                    .overlays
                    .iter()
                    .flat_map(Overlay::directories)
                    .collect();
                for identity in directories.into_iter().flat_map(|directory| own(directory)) {
                    held.entry(identity).or_insert(service.name.as_str());
                }
            }
            held
        });
        let named = words.name(&candidate.place)?;
        // A base of others is a part, and so is a directory below an environment.
        if candidate.is_loaded || !named.is_last {
            return None;
        }
        let service = own(&candidate.directory).find_map(|identity| held.get(&identity))?;
        Some(Unjudged {
            directory: candidate.directory.clone(),
            service: (*service).to_owned(),
            environment: named.environment,
            reason: Reason::Alone((*service).to_owned()),
            is_environment: false,
            place: None,
        })
    };
    alone.iter().filter_map(copy).collect()
}

/// A directory among overlays that loads nothing, is not loaded, and has no word for an
/// environment.
///
/// Directories side by side with the same resources are reported together.
fn strays<'s>(
    parsed: &Parsed<'_>,
    standing: &'s [Standing],
    words: Words<'_>,
) -> Vec<Vec<&'s Candidate>> {
    let is_stray = |one: &&Standing| {
        let candidate = &one.candidate;
        let named = words.name(&candidate.place);
        matches!(one.kind, Kind::Other)
            && !candidate.is_component
            && !candidate.is_loaded
            && !candidate.has_base()
            && named.is_some_and(|named| named.is_in_overlays && named.is_last)
    };
    let mut places: BTreeMap<&str, Vec<&Candidate>> = BTreeMap::new();
    for one in standing.iter().filter(is_stray) {
        let beside = split(&one.candidate.directory).0;
        places.entry(beside).or_default().push(&one.candidate);
    }
    let mut found = Vec::new();
    for group in places.into_values() {
        let mut holders: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        for (at, stray) in group.iter().enumerate() {
            for identity in identities(parsed, &stray.directory) {
                holders.entry(identity).or_default().push(at);
            }
        }
        let shared = holders.into_values().filter(|holders| holders.len() > 1);
        let alike: BTreeSet<usize> = shared.flatten().collect();
        let (alike, alone): (Vec<_>, Vec<_>) = group
            .into_iter()
            .enumerate()
            .partition(|(at, _)| alike.contains(at));
        found.push(alike.into_iter().map(|(_, stray)| stray).collect());
        found.extend(alone.into_iter().map(|(_, stray)| vec![stray]));
    }
    found
}

/// One finding for overlays side by side that have no base, and that no name marks as environments.
fn without_base(first: &Candidate, together: &[&Candidate], words: Words<'_>) -> Unjudged {
    let name = |one: &&Candidate| Some(words.name(&one.place)?.environment);
    Unjudged {
        directory: first.directory.clone(),
        service: String::new(),
        environment: String::new(),
        reason: Reason::Variants(together.iter().filter_map(name).collect()),
        is_environment: false,
        place: None,
    }
}

/// Overlays in hidden directories: one finding each if an environment shares their base, else one
/// per directory.
fn hidden(
    parsed: &Parsed<'_>,
    unseen: &[&Unseen],
    judged: &Judged<'_>,
    standing: &[Standing],
    words: Words<'_>,
    site: &Site<'_>,
) -> Vec<Unjudged> {
    let loaded: BTreeSet<&str> = standing
        .iter()
        .flat_map(|one| one.candidate.bases.iter().map(String::as_str))
        .collect();
    let mut found: Vec<Unjudged> = Vec::new();
    let mut others: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for unseen in unseen.iter().filter(|unseen| unseen.why == Why::Hidden) {
        let Some(kustomization) = parsed.kustomization(&unseen.path) else {
            continue;
        };
        let bases = bases(parsed, kustomization);
        if bases.is_empty() || loaded.contains(unseen.path.as_str()) {
            continue;
        }
        let sibling = bases.iter().find_map(|base| judged.get(base.as_str()));
        let top = top(&unseen.path);
        if sibling.is_none()
            && let Some((at, count)) = others.get_mut(top)
        {
            *count += 1;
            found[*at].reason = Reason::Hidden(*count);
            continue;
        }
        if sibling.is_none() {
            others.insert(top, (found.len(), 0));
        }
        let place = site.place(&unseen.path).unwrap_or_default();
        let shown = place.trim_start_matches('.').replace("/.", "/");
        found.push(Unjudged {
            directory: unseen.path.clone(),
            service: sibling.copied().unwrap_or_default().to_owned(),
            environment: words
                .name(&shown)
                .map_or_else(String::new, |named| named.environment),
            reason: Reason::Hidden(0),
            is_environment: sibling.is_some(),
            place: None,
        });
    }
    found
}

/// A path up to its first hidden part.
fn top(path: &str) -> &str {
    let mut end = 0;
    for part in path.split('/') {
        end += part.len() + 1;
        if part.starts_with('.') && part != ".." || part == PACKAGES {
            break;
        }
    }
    path.get(..end.saturating_sub(1)).unwrap_or(path)
}

/// A link or a name that is not text, which leads to no environment although its path names one or
/// it contains a kustomization.
fn link(unseen: &Unseen, words: Words<'_>, site: &Site<'_>) -> Option<Unjudged> {
    let reason = match unseen.why {
        Why::Outside => Reason::LeadsOut,
        Why::Above => Reason::LeadsUp,
        Why::Dangling => Reason::LeadsNowhere,
        Why::NoText => Reason::NoText,
        Why::Hidden | Why::TooMany | Why::Elsewhere(_) => return None,
    };
    let named = words.name(&site.place(&unseen.path)?)?;
    // `overlays` itself may be the link that leads outside.
    let holds_environments = words.holds_environments(split(&unseen.path).1);
    let names_one = named.is_last && (named.is_known || named.is_in_overlays);
    (unseen.is_kustomization || names_one || holds_environments).then(|| Unjudged {
        directory: unseen.path.clone(),
        service: String::new(),
        environment: named.environment,
        reason,
        is_environment: names_one || holds_environments,
        place: None,
    })
}
