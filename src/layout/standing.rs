//! Classifies a kustomization by its path and its bases: an environment, a part, or something that
//! looks like an overlay.

use std::collections::{BTreeMap, BTreeSet};

use super::Site;
use super::candidates::{Candidate, candidates};
use super::names::{Named, Words, name_by_pattern};
use super::whole::put_together;
use crate::policy::Policy;
use crate::repo::Parsed;

/// Directories for what environments share.
pub const SHARED: [&str; 5] = ["base", "bases", "common", "shared", "template"];

/// A kustomization and its kind.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The kustomization.
    pub candidate: Candidate,
    /// The kind.
    pub kind: Kind,
}

/// The kind of a kustomization.
#[derive(Clone, Debug)]
pub enum Kind {
    /// An environment, by its name or by a pattern of the policy.
    Environment(Named),
    /// An overlay whose environment nothing names.
    Unnamed(Named),
    /// A kustomization without a name that is made of several others, or is in the root.
    Composed,
    /// An overlay that no pattern of the policy matches.
    Unmatched,
    /// Nothing to compare: a base, a part, a layer, or a mere collection of others.
    Other,
}

/// Classifies every kustomization of a site.
pub fn stand(parsed: &Parsed<'_>, site: &Site<'_>, policy: &Policy) -> Vec<Standing> {
    let words = Words {
        listed: &policy.environments,
    };
    let patterns = &policy.layout.overlays;
    let mut all = candidates(parsed, site, &policy.layout.ignore);
    let parts = if patterns.is_empty() {
        put_together(&mut all, words)
    } else {
        Vec::new()
    };
    let known: BTreeSet<&str> = all
        .iter()
        .filter(|candidate| candidate.has_base())
        .filter(|candidate| {
            words
                .name(&candidate.place)
                .is_some_and(|named| named.is_known)
        })
        .map(|candidate| candidate.directory.as_str())
        .collect();
    let kind = |(at, candidate): (usize, &Candidate)| {
        if parts.contains(&at) {
            return Kind::Other;
        }
        let by_words = by_words(candidate, words, site, &known);
        if patterns.is_empty() {
            return by_words;
        }
        let spellings = site.spellings(&candidate.directory);
        let named = spellings.iter().find_map(|path| {
            // The rest of the path makes services of one pattern distinct, wherever the pattern
            // begins.
            let outer = candidate.place.strip_suffix(path.as_str()).unwrap_or("");
            name_by_pattern(path, outer, patterns)
        });
        match (named, by_words) {
            (Some(named), _) if !is_part(candidate) => Kind::Environment(named),
            (_, Kind::Environment(_) | Kind::Unnamed(_)) => Kind::Unmatched,
            (_, kind) => kind,
        }
    };
    let kinds: Vec<Kind> = all.iter().enumerate().map(kind).collect();
    let standing = all.into_iter().zip(kinds);
    let mut standing: Vec<Standing> = standing
        .map(|(candidate, kind)| Standing { candidate, kind })
        .collect();
    if patterns.is_empty() {
        compose(&mut standing, words);
    }
    standing
}

/// Turns a kustomization that is composed only of an environment's bases into an overlay like that
/// environment.
fn compose(standing: &mut [Standing], words: Words<'_>) {
    let sets: Vec<BTreeSet<String>> = standing
        .iter()
        .filter(|one| matches!(one.kind, Kind::Environment(_)))
        .map(|one| one.candidate.all_bases().cloned().collect())
        .collect();
    for one in standing.iter_mut() {
        let candidate = &one.candidate;
        if matches!(one.kind, Kind::Composed)
            && sets
                .iter()
                .any(|set| candidate.all_bases().all(|base| set.contains(base)))
            && let Some(named) = words.name(&candidate.place)
        {
            one.kind = Kind::Unnamed(named);
        }
    }
}

/// Drops the real directories behind links: those without a word for an environment, and those of
/// which links rename all environments of a service in the same way.
///
/// A link to only one of several environments must not separate it from the others, with which it
/// is compared.
pub fn follow_links(parsed: &Parsed<'_>, standing: &mut [Standing]) {
    let mut keys: BTreeMap<&str, &str> = BTreeMap::new();
    for one in standing.iter() {
        if let Kind::Environment(named) = &one.kind {
            keys.insert(&one.candidate.directory, &named.key);
        }
    }
    let mut renamed: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for (link, to) in parsed.sources.links() {
        let (link, to): (&str, &str) = (link, to);
        if let (Some(new), Some(old)) = (keys.get(link), keys.get(to))
            && new != old
        {
            renamed.entry((old, new)).or_default().insert(to);
        }
    }
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for ((old, _), real) in &renamed {
        let mut all = keys.iter().filter(|(_, key)| *key == old);
        if all.all(|(directory, _)| real.contains(directory)) {
            gone.extend(real.iter().map(|&directory| directory.to_owned()));
        }
    }
    // `overlays/production` may lead to `real/b`, which is not an environment of its own.
    let named = parsed
        .sources
        .links()
        .filter(|(link, _)| keys.contains_key(link));
    let named: BTreeSet<String> = named.map(|(_, to)| to.to_owned()).collect();
    for one in standing.iter_mut() {
        let is_named =
            matches!(one.kind, Kind::Unnamed(_)) && named.contains(&one.candidate.directory);
        if is_named || gone.contains(&one.candidate.directory) {
            one.kind = Kind::Other;
        }
    }
}

/// Whether a component is a part of its including kustomization.
fn is_part(candidate: &Candidate) -> bool {
    candidate.is_component && !candidate.has_base()
}

/// The kind of a kustomization by the words of its path.
fn by_words(
    candidate: &Candidate,
    words: Words<'_>,
    site: &Site<'_>,
    known: &BTreeSet<&str>,
) -> Kind {
    let changes = !candidate.only_gathers && !candidate.is_loaded;
    let Some(named) = words.name(&candidate.place) else {
        return if changes && candidate.has_base() && !candidate.is_component {
            Kind::Composed
        } else {
            Kind::Other
        };
    };
    if candidate.is_component {
        // A component may be built on its own, unless it exists only to be included.
        let is_overlay = named.is_known && named.is_in_overlays && named.is_last;
        return match (candidate.has_base(), candidate.is_included, named.is_known) {
            (false, _, _) => Kind::Other,
            (true, true, _) if !is_overlay => Kind::Other,
            (true, _, true) => Kind::Environment(named),
            (true, _, false) => Kind::Unnamed(named),
        };
    }
    if gathers_environments(candidate, &named, words, site, known) {
        return Kind::Other;
    }
    if candidate.bases.is_empty() {
        // A kustomization whose bases are all remote may be anything, such as an installed tool.
        return match (named.is_known, named.is_in_overlays) {
            (true, _) => Kind::Environment(named),
            (false, true) if !candidate.remote.is_empty() => Kind::Unnamed(named),
            (false, _) => Kind::Other,
        };
    }
    // A directory that environments share is not an environment, wherever it is.
    let is_shared = SHARED
        .iter()
        .any(|shared| candidate.place.rsplit('/').next() == Some(shared));
    // A directory beside environments that no other loads is not shared.
    let stands_apart = named.is_in_overlays && !candidate.is_loaded;
    if is_shared && !named.is_known && !stands_apart {
        return Kind::Other;
    }
    if named.is_known || named.is_in_overlays {
        let is_gathering = candidate.only_gathers && candidate.bases.len() > 1;
        return if is_gathering && !named.is_in_overlays && !named.is_last {
            Kind::Other
        } else if named.is_known {
            Kind::Environment(named)
        } else {
            Kind::Unnamed(named)
        };
    }
    if !changes {
        Kind::Other
    } else if candidate.bases.len() > 1 {
        Kind::Composed
    } else {
        Kind::Unnamed(named)
    }
}

/// Whether a kustomization only collects environments that are judged separately, such as all those
/// of a cluster.
fn gathers_environments(
    candidate: &Candidate,
    named: &Named,
    words: Words<'_>,
    site: &Site<'_>,
    known: &BTreeSet<&str>,
) -> bool {
    if !candidate.only_gathers || candidate.bases.is_empty() {
        return false;
    }
    match candidate.bases.as_slice() {
        // The same environment once more, collected for another purpose, such as per cluster.
        [base] => {
            let base = site.place(base).and_then(|place| words.name(&place));
            base.is_some_and(|base| base.is_known && base.environment == named.environment)
        }
        several => several.iter().all(|base| known.contains(base.as_str())),
    }
}
