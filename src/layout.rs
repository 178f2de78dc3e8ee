//! The layout of a repository: which kustomizations are environments of which service.
//!
//! Guessed from what kustomizations load and how their directories are named,
//! unless the policy's `spec.layout` names the overlays.

mod names;

use std::collections::{BTreeMap, BTreeSet};

use crate::kustomization::{
    Kustomization, NAMES, Parsed, is_remote, is_wiring, runs_only_own, split,
};
use crate::path::Glob;
use crate::policy::Layout as Wanted;
use crate::yaml::YamlError;

pub use names::rank;
use names::{Named, name_by_pattern, name_by_words, service_names};

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
    let mut found: BTreeMap<String, Vec<(Named, Candidate)>> = BTreeMap::new();
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

/// Environments that stand alone are a service only where there are several, and by their names no others.
fn is_service(members: &[(Named, Candidate)]) -> bool {
    let has_base = members.iter().any(|(_, member)| !member.bases.is_empty());
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
            bases: candidate.bases,
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
        return if named.is_known { Ok(named) } else { Err(None) };
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

/// The kustomization files in `directories` that are no YAML, so that nobody knows what they are.
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
            NAMES.contains(&name) && is_asked_for(directory, directories, &wanted.ignore)
        })
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
            only_gathers: kustomization.only_gathers() && loads_directories(parsed, kustomization),
            is_loaded: loaded.contains(kustomization.directory()),
        })
        .collect()
}

/// Whether a kustomization adds no resource of its own.
fn loads_directories(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    kustomization.loads().all(|entry| {
        let path = kustomization.resolve(entry.text());
        path.is_none_or(|path| parsed.kustomization(&path).is_some())
    })
}

/// The directories that a kustomization is made of.
///
/// Directories inside of its own are parts of it, unless there are no others.
fn bases(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> Vec<String> {
    let directory = kustomization.directory();
    let inside = format!("{directory}/");
    let loads = kustomization
        .loads()
        .filter_map(|entry| kustomization.resolve(entry.text()))
        .filter(|load| load != directory)
        .filter(|load| {
            parsed
                .kustomization(load)
                .is_some_and(|load| !load.is_component())
        });
    let mut bases: Vec<String> = loads.collect();
    bases.sort();
    bases.dedup();
    let is_part = |load: &String| directory.is_empty() || load.starts_with(&inside);
    if !bases.iter().all(is_part) {
        bases.retain(|load| !is_part(load));
    }
    bases
}

/// Whether one of some files belongs to a service: is named by one of its kustomizations, or lies beside one.
#[must_use]
pub fn depends_on(parsed: &Parsed<'_>, service: &Service, changed: &BTreeSet<String>) -> bool {
    let mut seen = BTreeSet::new();
    let overlays = service.overlays.iter();
    let mut left: Vec<String> = overlays
        .flat_map(|overlay| overlay.bases.iter().chain([&overlay.directory]).cloned())
        .collect();
    while let Some(path) = left.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        if let Some(kustomization) = parsed.kustomization(&path) {
            left.extend(kustomization.mentions());
        }
    }
    changed.iter().any(|file| {
        let mut outer = file.as_str();
        loop {
            if seen.contains(outer) {
                return true;
            }
            match outer.rsplit_once('/') {
                Some((shorter, _)) => outer = shorter,
                // A kustomization of the root has everything beside it.
                None => return seen.contains(""),
            }
        }
    })
}

/// What a directory needs and nobody has, by the kustomization file that names it and its path; and how many paths were looked at.
#[must_use]
pub fn absent(parsed: &Parsed<'_>, directory: &str) -> (Vec<(String, String)>, usize) {
    let mut visits = 0;
    let mut seen = BTreeSet::new();
    let mut left = vec![directory.to_owned()];
    let mut absent = Vec::new();
    while let Some(directory) = left.pop() {
        if !seen.insert(directory.clone()) {
            continue;
        }
        let Some(kustomization) = parsed.kustomization(&directory) else {
            continue;
        };
        for path in kustomization.mentions() {
            visits += 1;
            if parsed.kustomization(&path).is_some() {
                left.push(path);
            } else if !parsed.sources.contains(&path) {
                absent.push((kustomization.file.to_owned(), path));
            }
        }
        let remote = kustomization
            .loads()
            .chain(kustomization.strings("components"))
            .filter(|entry| is_remote(entry.text()));
        absent.extend(remote.map(|entry| (kustomization.file.to_owned(), entry.text().to_owned())));
    }
    (absent, visits)
}

/// Whether a directory builds the same with and without plugins enabled, so that it can be sealed on the way.
///
/// That is so for kustomizations of known fields without functions, other than
/// this program's own, whose files are all here.
#[must_use]
pub fn is_plain(parsed: &Parsed<'_>, directory: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![directory.to_owned()];
    while let Some(directory) = left.pop() {
        if !seen.insert(directory.clone()) {
            continue;
        }
        let Some(kustomization) = parsed.kustomization(&directory) else {
            return false;
        };
        // What kustomize reads elsewhere, or otherwise, is not what is looked at here.
        if parsed.sources.is_linked(&directory) || !parsed.is_unambiguous(kustomization) {
            return false;
        }
        let is_known = |key: &str| PLAIN_FIELDS.contains(&key);
        let entries = || kustomization.root.entries();
        if !entries().all(|(key, value)| is_known(key.text()) || value.is_null()) {
            return false;
        }
        for entry in kustomization
            .loads()
            .chain(kustomization.strings("components"))
        {
            let entry = entry.text();
            if is_remote(entry) {
                return false;
            }
            let Some(path) = kustomization.resolve(entry) else {
                return false;
            };
            if parsed.kustomization(&path).is_some() {
                left.push(path);
            } else if !parsed.sources.contains(&path) {
                return false;
            }
        }
        if !runs_only_own(parsed, kustomization) {
            return false;
        }
    }
    true
}

/// The fields of a kustomization that work alike whatever stands around it.
const PLAIN_FIELDS: &[&str] = &[
    "apiVersion",
    "bases",
    "buildMetadata",
    "commonAnnotations",
    "commonLabels",
    "components",
    "configMapGenerator",
    "configurations",
    "crds",
    "generatorOptions",
    "generators",
    "images",
    "kind",
    "labels",
    "metadata",
    "namePrefix",
    "nameSuffix",
    "namespace",
    "patches",
    "patchesJson6902",
    "patchesStrategicMerge",
    "replacements",
    "replicas",
    "resources",
    "secretGenerator",
    "sortOptions",
    "transformers",
    "validators",
];

#[cfg(test)]
mod tests;
