//! The layout of a repository: which kustomizations are environments of which service.
//!
//! It is guessed from the entries of kustomizations and the names of their directories, unless the
//! policy's `spec.layout` names the overlays. The whole repository is always read, whatever part
//! was asked for, so that no name and no verdict depends on that part.

mod above;
mod bare;
mod baseline;
mod candidates;
mod dependencies;
mod gathers;
mod names;
mod plain;
mod recorders;
mod service;
mod services;
mod site;
mod standing;
mod unjudged;
mod unused;
mod whole;

use std::collections::BTreeSet;

use crate::policy::{Layout as Wanted, Policy};
use crate::repo::{NAMES, Parsed, split};
use crate::rules::Unjudged;
use crate::yaml::YamlError;

use above::{level, nest, rise};
pub use baseline::choose_baselines;
use candidates::candidates;
pub use dependencies::{dependencies, depends_on, is_touched};
pub use gathers::gathered;
pub use names::root_name;
pub use plain::{is_plain, starts_only_own};
pub use service::{Baseline, Overlay, Service};
use services::services;
pub use site::Site;
use standing::{follow_links, stand};
pub use unused::unused;

/// The layout that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The services by name.
    pub services: Vec<Service>,
    /// The directories that look like overlays and are not judged.
    pub unjudged: Vec<Unjudged>,
    /// Facts that a reader needs to trust the rest, one line each.
    pub notes: Vec<String>,
}

/// The ways to build directories, so that both sides of a comparison are built in the same way.
#[derive(Debug, Default)]
pub struct Ways<'l> {
    /// As a recorder sees them, before the end of a build.
    pub plain: Vec<&'l str>,
    /// As deployed, although they could be recorded, because they are compared with some that
    /// cannot.
    pub beside: Vec<&'l str>,
    /// As deployed.
    pub single: Vec<&'l str>,
}

impl Layout {
    /// Every environment of every service.
    pub fn overlays(&self) -> impl Iterator<Item = &Overlay> {
        self.services.iter().flat_map(|service| &service.overlays)
    }

    /// Removes and returns the services of which no part was asked for.
    pub fn leave_others(&mut self) -> Vec<Service> {
        let others = self.services.extract_if(.., |service| !service.is_asked());
        others.collect()
    }

    /// Removes every environment that was not asked for, and with it all findings of comparisons
    /// with it.
    pub fn leave_siblings(&mut self) {
        for service in &mut self.services {
            service.overlays.retain(|overlay| overlay.is_asked);
        }
    }

    /// Every directory that must be built, each once, sorted.
    #[must_use]
    pub fn directories(&self) -> Vec<&str> {
        let all = self.overlays().flat_map(Overlay::directories);
        let all: BTreeSet<&str> = all.map(String::as_str).collect();
        all.into_iter().collect()
    }

    /// Every directory of the services that have one of `some`, and of all services that share
    /// directories with these.
    ///
    /// A finished build differs from one that is sealed midway, so both sides of a comparison must
    /// be built in the same way.
    fn beside<'l>(&'l self, some: &[&'l str]) -> BTreeSet<&'l str> {
        let mut found: BTreeSet<&str> = some.iter().copied().collect();
        let directories = |service: &'l Service| {
            let all = service.overlays.iter().flat_map(Overlay::directories);
            all.map(String::as_str)
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

    /// The way to build each of these directories; `others` are built as deployed, separately.
    #[must_use]
    pub fn ways<'l>(
        &'l self,
        parsed: &Parsed<'_>,
        directories: Vec<&'l str>,
        others: &[&'l str],
    ) -> Ways<'l> {
        let (plain, single): (Vec<&str>, Vec<&str>) = directories
            .into_iter()
            .partition(|directory| is_plain(parsed, directory));
        let services = self.services.iter();
        let unlike = services.filter(|service| plain::refers_unlike(parsed, service));
        let unlike = unlike.flat_map(|service| &service.overlays);
        let unlike = unlike.map(|overlay| overlay.directory.as_str());
        let alone = single.iter().chain(others).copied().chain(unlike);
        let beside = self.beside(&alone.collect::<Vec<_>>());
        let (beside, plain) = plain
            .into_iter()
            .partition(|directory| beside.contains(directory));
        Ways {
            plain,
            beside,
            single,
        }
    }

    /// Whether a directory is an environment.
    #[must_use]
    pub fn is_overlay(&self, directory: &str) -> bool {
        self.overlays()
            .any(|overlay| overlay.directory == directory)
    }
}

/// Finds services and their environments.
#[must_use]
pub fn discover(parsed: &Parsed<'_>, site: &Site<'_>, policy: &Policy) -> Layout {
    let mut standing = stand(parsed, site, policy);
    nest(&mut standing);
    level(&mut standing);
    rise(&mut standing, site, policy);
    follow_links(parsed, &mut standing);
    let (mut services, alone) = services(parsed, site, &standing, policy);
    choose_baselines(&mut services, policy, |overlay| {
        baseline::called(parsed, overlay, &policy.baseline)
    });
    let (unjudged, notes) = unjudged::unjudged(parsed, site, policy, &standing, &alone, &services);
    Layout {
        services,
        unjudged,
        notes,
    }
}

/// The kustomization files that were asked for and cannot be read, so that their role is not known.
pub fn unreadable<'p>(
    parsed: &'p Parsed<'_>,
    site: &'p Site<'_>,
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
                && site.is_asked(directory)
                && !site.is_ignored(directory, &wanted.ignore)
        })
}

/// Whether a file is below a directory that was asked for, and not below one that the policy
/// ignores.
#[must_use]
pub fn is_looked_at(file: &str, site: &Site<'_>, wanted: &Wanted) -> bool {
    site.is_looked_at(split(file).0, &wanted.ignore)
}

/// The kustomizations that were asked for, each with the directories that it is made of.
#[must_use]
pub fn told(parsed: &Parsed<'_>, site: &Site<'_>, wanted: &Wanted) -> Vec<(String, Vec<String>)> {
    candidates(parsed, site, &wanted.ignore)
        .into_iter()
        .filter(|candidate| !candidate.is_component && site.is_asked(&candidate.directory))
        .map(|candidate| {
            let bases = [candidate.bases, candidate.remote].concat();
            (candidate.directory, bases)
        })
        .collect()
}

#[cfg(test)]
mod tests;
