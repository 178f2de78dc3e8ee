//! The composition of the kustomizations in a repository, before it is decided which are
//! environments.

use std::collections::BTreeSet;

use super::Site;
use crate::path::Glob;
use crate::repo::{
    Kustomization, Ours, Parsed, Role, To, Why, is_inline, is_remote_directory, is_wiring,
};
use crate::yaml::{self, Node};

/// A kustomization and its bases.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Candidate {
    /// Its directory, in the form of all paths.
    pub directory: String,
    /// The same relative to the root of the repository, from which names are taken.
    pub place: String,
    /// The directories that it is made of.
    pub bases: Vec<String>,
    /// The bases that are in other repositories.
    pub remote: Vec<String>,
    /// Whether it only combines directories, and changes nothing in them.
    pub only_gathers: bool,
    /// Whether it changes the resources that it loads, rather than add to them.
    pub transforms: bool,
    /// Whether another kustomization has it as a base.
    pub is_loaded: bool,
    /// Whether its kind is Component.
    pub is_component: bool,
    /// Whether another kustomization includes it as a component.
    pub is_included: bool,
}

impl Candidate {
    /// All its bases, local and remote.
    pub fn all_bases(&self) -> impl Iterator<Item = &String> {
        self.bases.iter().chain(&self.remote)
    }

    /// Whether it has any base.
    pub fn has_base(&self) -> bool {
        self.all_bases().next().is_some()
    }
}

/// Every kustomization of a site that may be an environment, by directory.
pub fn candidates(parsed: &Parsed<'_>, site: &Site<'_>, ignore: &[Glob]) -> Vec<Candidate> {
    let unseen = parsed.sources.unseen().iter();
    let hidden: BTreeSet<&str> = unseen
        .filter(|unseen| unseen.why == Why::Hidden)
        .map(|unseen| unseen.path.as_str())
        .collect();
    let all: Vec<Kustomization<'_>> = parsed
        .kustomizations()
        .filter(|kustomization| !hidden.contains(kustomization.directory()))
        .collect();
    let included: BTreeSet<String> = all
        .iter()
        .flat_map(|one| components(parsed, *one).cloned())
        .collect();
    let all: Vec<Kustomization<'_>> = all
        .into_iter()
        .filter(|kustomization| !is_wiring(parsed, *kustomization))
        .collect();
    let loaded: BTreeSet<String> = all.iter().flat_map(|one| bases(parsed, *one)).collect();
    all.into_iter()
        .filter_map(|kustomization| {
            let directory = kustomization.directory();
            let place = site.place(directory)?;
            if site.is_ignored(directory, ignore) {
                return None;
            }
            let transforms =
                !kustomization.only_gathers() || !runs_only_checks(parsed, kustomization);
            let only_gathers = !transforms && loads_directories(parsed, kustomization);
            let remote = remote_bases(parsed, kustomization);
            let is_component = kustomization.is_component();
            Some(Candidate {
                directory: directory.to_owned(),
                place,
                bases: bases(parsed, kustomization),
                remote,
                only_gathers: only_gathers && !is_component,
                transforms,
                is_loaded: loaded.contains(directory),
                is_component,
                is_included: included.contains(directory),
            })
        })
        .collect()
}

/// The targets of the entries with a role.
fn named<'p>(
    parsed: &'p Parsed<'_>,
    kustomization: Kustomization<'_>,
    role: Role,
) -> impl Iterator<Item = &'p To> {
    let edges = parsed.graph().of_directory(kustomization.directory());
    let edges = edges.iter().filter(move |edge| edge.role == role);
    edges.map(|edge| &edge.to)
}

/// The directories that a kustomization includes as components.
fn components<'p>(
    parsed: &'p Parsed<'_>,
    kustomization: Kustomization<'_>,
) -> impl Iterator<Item = &'p String> {
    named(parsed, kustomization, Role::Component).filter_map(|to| match to {
        To::Kustomization(directory) => Some(directory),
        _ => None,
    })
}

/// Whether a kustomization adds no resource of its own.
fn loads_directories(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    named(parsed, kustomization, Role::Load)
        .all(|to| matches!(to, To::Kustomization(_) | To::Remote(_)))
}

/// Whether all functions of a kustomization are recorders and policies, which change nothing.
fn runs_only_checks(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    let is_ours = |root: Node<'_>| Ours::run(root).is_some();
    ["transformers", "validators"]
        .into_iter()
        .flat_map(|field| kustomization.strings(field))
        .all(|entry| {
            if is_inline(entry.text()) {
                return yaml::parse(entry.text()).is_ok_and(|tree| tree.roots().all(is_ours));
            }
            let Some(path) = kustomization.resolve(entry.text()) else {
                return false;
            };
            match parsed.kustomization(&path) {
                Some(inner) => is_wiring(parsed, inner),
                None => parsed
                    .tree(&path)
                    .is_some_and(|tree| tree.roots().all(is_ours)),
            }
        })
}

/// The directories that a kustomization is made of.
///
/// Directories inside its own are parts of it, unless there are no others. A kustomization that
/// loads no directory itself may be made of those that its components load.
pub fn bases(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> Vec<String> {
    let own = own_bases(parsed, kustomization);
    if !own.is_empty() || kustomization.is_component() {
        return own;
    }
    let mut found = BTreeSet::new();
    through_components(parsed, kustomization, |component| {
        found.extend(own_bases(parsed, component));
    });
    found.remove(kustomization.real);
    found.into_iter().collect()
}

/// Visits every component that a kustomization includes, directly or through other components.
pub fn through_components<'p>(
    parsed: &'p Parsed<'_>,
    kustomization: Kustomization<'_>,
    mut look: impl FnMut(Kustomization<'p>),
) {
    let mut seen = BTreeSet::new();
    let mut left: Vec<&String> = components(parsed, kustomization).collect();
    while let Some(path) = left.pop() {
        if !seen.insert(path) {
            continue;
        }
        if let Some(component) = parsed.kustomization(path) {
            left.extend(components(parsed, component));
            look(component);
        }
    }
}

fn own_bases(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> Vec<String> {
    let directory = kustomization.real;
    let inside = format!("{directory}/");
    let is_base = |load: &&String| {
        let found = parsed.kustomization(load);
        *load != directory && found.is_some_and(|found| !found.is_component())
    };
    let loads = named(parsed, kustomization, Role::Load).filter_map(|to| match to {
        To::Kustomization(load) => Some(load),
        _ => None,
    });
    let mut bases: Vec<String> = loads.filter(is_base).cloned().collect();
    bases.sort();
    bases.dedup();
    let is_part = |load: &String| directory.is_empty() || load.starts_with(&inside);
    // Directories inside a component belong to the component.
    if kustomization.is_component() || !bases.iter().all(is_part) {
        bases.retain(|load| !is_part(load));
    }
    bases
}

/// The directories of other repositories that a kustomization is made of, as written.
fn remote_bases(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> Vec<String> {
    let own = |kustomization: Kustomization<'_>| -> Vec<String> {
        let loads = named(parsed, kustomization, Role::Load).filter_map(|to| match to {
            To::Remote(name) => Some(name),
            _ => None,
        });
        let loads = loads.filter(|name| is_remote_directory(name));
        loads.cloned().collect()
    };
    let mut bases = own(kustomization);
    if bases.is_empty() && own_bases(parsed, kustomization).is_empty() {
        through_components(parsed, kustomization, |component| {
            bases.extend(own(component));
        });
    }
    bases.sort();
    bases.dedup();
    bases
}

/// The largest number of files that are read to find the resources of a directory.
const MAX_FILES: usize = 4096;

/// Kind and name of every resource of a directory and its bases, according to the files.
///
/// A Namespace belongs to an environment rather than to a service, so it does not count.
pub fn identities(parsed: &Parsed<'_>, directory: &str) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let mut left = vec![directory.to_owned()];
    while let Some(path) = left.pop() {
        if !seen.insert(path.clone()) || seen.len() > MAX_FILES {
            continue;
        }
        if let Some(kustomization) = parsed.kustomization(&path) {
            let loads = named(parsed, kustomization, Role::Load).filter_map(To::path);
            left.extend(loads.map(str::to_owned));
            left.extend(components(parsed, kustomization).cloned());
            for (list, kind) in [
                ("configMapGenerator", "ConfigMap"),
                ("secretGenerator", "Secret"),
                ("helmCharts", "chart"),
            ] {
                let items = kustomization
                    .root
                    .get(list)
                    .into_iter()
                    .flat_map(Node::items);
                found.extend(items.filter_map(|item| {
                    Some((kind.to_owned(), item.str_at(&["name"])?.to_owned()))
                }));
            }
        } else if let Some(tree) = parsed.tree(&path) {
            found.extend(tree.roots().filter_map(|root| {
                let kind = root.str_at(&["kind"]).filter(|kind| *kind != "Namespace")?;
                let name = root.str_at(&["metadata", "name"])?;
                Some((kind.to_owned(), name.to_owned()))
            }));
        }
    }
    found
}
