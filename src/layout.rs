//! The layout of a repository: which kustomizations are environments of which service.
//!
//! Guessed from what kustomizations load and how their directories are named,
//! unless the policy's `spec.layout` names the overlays.

mod dependencies;
mod names;
mod plain;

use std::collections::{BTreeMap, BTreeSet};

use crate::path::Glob;
use crate::policy::Layout as Wanted;
use crate::repo::{Kustomization, NAMES, Parsed, Role, To, is_remote_directory, is_wiring, split};
use crate::yaml::YamlError;

pub use dependencies::{dependencies, depends_on, is_touched};
pub use names::rank;
use names::{Named, OPEN, name_by_pattern, name_by_words, service_names, stem};
pub use plain::is_plain;

/// One environment, by where it is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// The environment's name.
    pub name: String,
    /// The directory of its kustomization.
    pub directory: String,
    /// The directories that its base is built from; none where it has no base of its own.
    pub bases: Vec<String>,
    /// How far along a promotion it seems to stand; `None` where its name does not tell.
    pub rank: Option<usize>,
}

/// A service, as directories show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name, unique in the layout.
    pub name: String,
    /// Its environments in promotion order, as far as that is known.
    pub overlays: Vec<Overlay>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The services by name.
    pub services: Vec<Service>,
    /// What looked like an environment and was left out, a line each with the reason.
    pub notes: Vec<String>,
}

impl Layout {
    /// Every environment of every service.
    pub fn overlays(&self) -> impl Iterator<Item = &Overlay> {
        self.services.iter().flat_map(|service| &service.overlays)
    }

    /// Every directory that must be built, each once, sorted.
    #[must_use]
    pub fn directories(&self) -> Vec<&str> {
        let all = self.overlays().flat_map(|overlay| {
            let bases = overlay.bases.iter().map(String::as_str);
            bases.chain([overlay.directory.as_str()])
        });
        let all: BTreeSet<&str> = all.collect();
        all.into_iter().collect()
    }

    /// Every directory of the services that have one of `some`, and of all that they share directories with.
    ///
    /// What is built to its end is not like what is sealed on the way there, so what
    /// is compared must be built alike.
    #[must_use]
    pub fn beside<'l>(&'l self, some: &[&'l str]) -> BTreeSet<&'l str> {
        let mut found: BTreeSet<&str> = some.iter().copied().collect();
        let directories = |service: &'l Service| {
            service.overlays.iter().flat_map(|overlay| {
                let bases = overlay.bases.iter().map(String::as_str);
                bases.chain([overlay.directory.as_str()])
            })
        };
        loop {
            let before = found.len();
            for service in &self.services {
                if directories(service).any(|directory| found.contains(directory)) {
                    found.extend(directories(service));
                }
            }
            if found.len() == before {
                return found;
            }
        }
    }

    /// Whether a directory is an environment.
    #[must_use]
    pub fn is_overlay(&self, directory: &str) -> bool {
        self.overlays()
            .any(|overlay| overlay.directory == directory)
    }
}

/// Directories for what environments share.
const SHARED: [&str; 5] = ["base", "bases", "common", "shared", "template"];

/// A kustomization, by what it loads.
struct Candidate {
    directory: String,
    bases: Vec<String>,
    /// The bases that lie in other repositories.
    remote: Vec<String>,
    only_gathers: bool,
    /// Whether another kustomization is made of it.
    is_loaded: bool,
}

/// Finds services and their environments.
///
/// `directories` are those that were asked for; what lies outside is known as a
/// base and judged by nobody. `root` names the service of a base that lies at the root.
#[must_use]
pub fn discover(
    parsed: &Parsed<'_>,
    directories: &[String],
    wanted: &Wanted,
    root: &str,
) -> Layout {
    let mut layout = Layout::default();
    let candidates = candidates(parsed, directories, &wanted.ignore);
    let mut found = Found::new();
    for candidate in candidates {
        let named = if wanted.overlays.is_empty() {
            match by_words(&candidate) {
                Ok(named) => named,
                Err(note) => {
                    layout.notes.extend(note);
                    continue;
                }
            }
        } else {
            match name_by_pattern(&candidate.directory, &wanted.overlays) {
                Some(named) => named,
                None => continue,
            }
        };
        found
            .entry(named.key.clone())
            .or_default()
            .push((named, candidate));
    }
    if wanted.overlays.is_empty() {
        found = tell_apart(found);
        found.retain(|_, members| is_service(members));
    }
    let keys: Vec<&str> = found.keys().map(String::as_str).collect();
    let names = service_names(&keys, root);
    for (members, name) in found.into_values().zip(names) {
        let given = members.iter().find_map(|(named, _)| named.service.clone());
        let name = given.unwrap_or(name);
        layout.services.push(service(name, members));
    }
    layout.services.sort_by(|a, b| a.name.cmp(&b.name));
    layout
}

/// Kustomizations that look like environments of one service, by what names it.
type Found = BTreeMap<String, Vec<(Named, Candidate)>>;

/// Tells services apart that stand side by side, each with a word for the environment in its name: `api-dev`, `app-dev`, `api-prod`, `app-prod`.
///
/// What is made of one base is of one service, whatever its names.
fn tell_apart(found: Found) -> Found {
    let mut told = Found::new();
    for (key, members) in found {
        let mut stems: BTreeMap<String, (usize, BTreeSet<&String>)> = BTreeMap::new();
        for (named, candidate) in &members {
            if let Some((stem, _)) = stem(&named.environment) {
                let (count, bases) = stems.entry(stem).or_default();
                *count += 1;
                bases.extend(candidate.bases.iter().chain(&candidate.remote));
            }
        }
        let mut seen = BTreeSet::new();
        let mut bases = stems.values().flat_map(|(_, bases)| bases);
        let share_none = bases.all(|base| seen.insert(*base));
        let several = stems.values().filter(|(count, _)| *count > 1).count() > 1;
        let are_all = stems.values().map(|(count, _)| count).sum::<usize>() == members.len();
        let are_apart = share_none && several && are_all;
        for (mut named, candidate) in members {
            let mut key = key.clone();
            if let Some((stem, word)) = stem(&named.environment).filter(|_| are_apart) {
                key = key.replace(OPEN, &format!("{stem}/{OPEN}"));
                named.environment = word;
            }
            told.entry(key).or_default().push((named, candidate));
        }
    }
    told
}

/// Environments that stand alone are a service only where there are several, and by their names no others.
fn is_service(members: &[(Named, Candidate)]) -> bool {
    let mut all = members.iter().map(|(_, member)| member);
    let has_base = all.any(|member| !member.bases.is_empty() || !member.remote.is_empty());
    let named = members.iter().filter(|(named, _)| named.is_known);
    has_base || named.count() > 1
}

fn service(name: String, members: Vec<(Named, Candidate)>) -> Service {
    let mut overlays: Vec<Overlay> = members
        .into_iter()
        .map(|(named, candidate)| Overlay {
            rank: rank(&named.environment),
            name: named.environment,
            directory: candidate.directory,
            bases: [candidate.bases, candidate.remote].concat(),
        })
        .collect();
    let order = |overlay: &Overlay| (overlay.rank.unwrap_or(usize::MAX), overlay.name.clone());
    overlays.sort_by_key(|overlay| (order(overlay), overlay.directory.clone()));
    // Two directories of one name: the later ones say where they are.
    for at in 1..overlays.len() {
        if overlays[..at]
            .iter()
            .any(|before| before.name == overlays[at].name)
        {
            overlays[at].name = overlays[at].directory.replace(['/', '.'], "-");
        }
    }
    Service { name, overlays }
}

/// The environment that a kustomization is, by the words of its path; else a reason that is worth telling.
fn by_words(candidate: &Candidate) -> Result<Named, Option<String>> {
    let named = name_by_words(&candidate.directory).ok_or(None)?;
    // The same environment once more, gathered for another purpose, such as one by a cluster.
    if let [base] = candidate.bases.as_slice()
        && candidate.only_gathers
        && name_by_words(base)
            .is_some_and(|base| base.is_known && base.environment == named.environment)
    {
        return Err(None);
    }
    if candidate.bases.is_empty() {
        // What is made of another repository alone may be anything, such as a tool that was installed.
        let is_overlay = named.is_in_overlays && !candidate.remote.is_empty();
        return if named.is_known || is_overlay {
            Ok(named)
        } else {
            Err(None)
        };
    }
    // What environments share is none of them, wherever it lies.
    let is_shared = SHARED
        .iter()
        .any(|shared| candidate.directory.rsplit('/').next() == Some(shared));
    if is_shared && !named.is_known {
        return Err(None);
    }
    if named.is_known || named.is_in_overlays {
        let is_gathering = candidate.only_gathers && candidate.bases.len() > 1;
        return if is_gathering && !named.is_in_overlays && !named.is_last {
            Err(None)
        } else {
            Ok(named)
        };
    }
    if candidate.only_gathers || candidate.is_loaded {
        return Err(None);
    }
    if candidate.bases.len() > 1 {
        return Err(Some(format!(
            "{} is made of {} and was not taken for an environment, because nothing in its path says which; spec.layout of the policy can name it",
            shown(&candidate.directory),
            candidate.bases.join(", ")
        )));
    }
    Ok(named)
}

fn shown(directory: &str) -> &str {
    if directory.is_empty() { "." } else { directory }
}

/// The kustomization files in `directories` that cannot be read, so that nobody knows what they are.
pub fn unreadable<'p>(
    parsed: &'p Parsed<'_>,
    directories: &'p [String],
    wanted: &'p Wanted,
) -> impl Iterator<Item = (&'p str, &'p YamlError)> {
    parsed
        .unreadable
        .iter()
        .map(|(file, error)| (*file, error))
        .filter(|(file, _)| {
            let (directory, name) = split(file);
            let is_directory = parsed.sources.is_unread(file) && !NAMES.contains(&name);
            let directory = if is_directory { file } else { directory };
            (is_directory || NAMES.contains(&name))
                && is_asked_for(directory, directories, &wanted.ignore)
        })
}

/// The kustomizations in `directories`, each with what it is made of.
#[must_use]
pub fn told(
    parsed: &Parsed<'_>,
    directories: &[String],
    wanted: &Wanted,
) -> Vec<(String, Vec<String>)> {
    let candidates = candidates(parsed, directories, &wanted.ignore).into_iter();
    candidates
        .map(|candidate| {
            let bases = [candidate.bases, candidate.remote].concat();
            (candidate.directory, bases)
        })
        .collect()
}

fn is_asked_for(directory: &str, directories: &[String], ignore: &[Glob]) -> bool {
    let is_within = |outer: &str| {
        outer.is_empty() && !directory.starts_with("..")
            || directory == outer
            || directory
                .strip_prefix(outer)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    directories.iter().any(|outer| is_within(outer))
        && !ignore.iter().any(|glob| glob.matches(directory))
}

fn candidates(parsed: &Parsed<'_>, directories: &[String], ignore: &[Glob]) -> Vec<Candidate> {
    let all: Vec<Kustomization<'_>> = parsed
        .kustomizations()
        .filter(|kustomization| !kustomization.is_component() && !is_wiring(parsed, *kustomization))
        .collect();
    let loaded: BTreeSet<String> = all
        .iter()
        .flat_map(|kustomization| bases(parsed, *kustomization))
        .collect();
    all.into_iter()
        .filter(|kustomization| is_asked_for(kustomization.directory(), directories, ignore))
        .map(|kustomization| Candidate {
            directory: kustomization.directory().to_owned(),
            bases: bases(parsed, kustomization),
            remote: remote_bases(parsed, kustomization),
            only_gathers: kustomization.only_gathers() && loads_directories(parsed, kustomization),
            is_loaded: loaded.contains(kustomization.directory()),
        })
        .collect()
}

/// What a kustomization is made of.
fn loads<'p>(
    parsed: &'p Parsed<'_>,
    kustomization: Kustomization<'_>,
) -> impl Iterator<Item = &'p To> {
    let edges = parsed.graph().of_directory(kustomization.directory());
    let loads = edges.iter().filter(|edge| edge.role == Role::Load);
    loads.map(|edge| &edge.to)
}

/// Whether a kustomization adds no resource of its own.
fn loads_directories(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    loads(parsed, kustomization).all(|to| matches!(to, To::Kustomization(_) | To::Remote(_)))
}

/// The directories that a kustomization is made of.
///
/// Directories inside of its own are parts of it, unless there are no others.
fn bases(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> Vec<String> {
    let directory = kustomization.real;
    let inside = format!("{directory}/");
    let is_base = |load: &&String| {
        let found = parsed.kustomization(load);
        *load != directory && found.is_some_and(|found| !found.is_component())
    };
    let loads = loads(parsed, kustomization).filter_map(|to| match to {
        To::Kustomization(load) => Some(load),
        _ => None,
    });
    let mut bases: Vec<String> = loads.filter(is_base).cloned().collect();
    bases.sort();
    bases.dedup();
    let is_part = |load: &String| directory.is_empty() || load.starts_with(&inside);
    if !bases.iter().all(is_part) {
        bases.retain(|load| !is_part(load));
    }
    bases
}

/// The directories of other repositories that a kustomization is made of, as it names them.
fn remote_bases(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> Vec<String> {
    let loads = loads(parsed, kustomization).filter_map(|to| match to {
        To::Remote(name) => Some(name),
        _ => None,
    });
    let loads = loads.filter(|name| is_remote_directory(name));
    let mut bases: Vec<String> = loads.cloned().collect();
    bases.sort();
    bases.dedup();
    bases
}

#[cfg(test)]
mod tests;
