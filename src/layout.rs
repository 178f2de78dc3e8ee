//! The layout of a repository: which kustomizations are environments of which service.
//!
//! Guessed from what kustomizations load and how their directories are named,
//! unless the policy's `spec.layout` names the overlays. All of a repository is
//! looked at, whatever part of it was asked for, so that no name and no verdict
//! hangs on that.

mod above;
mod baseline;
mod candidates;
mod dependencies;
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

use above::{nest, rise};
pub use baseline::choose_baselines;
use candidates::candidates;
pub use dependencies::{dependencies, depends_on, is_touched};
pub use names::root_name;
pub use plain::is_plain;
pub use service::{Baseline, Overlay, Service};
use services::services;
pub use site::Site;
use standing::{follow_links, stand};
pub use unused::unused;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// The services by name.
    pub services: Vec<Service>,
    /// What looks like an overlay and is not judged.
    pub unjudged: Vec<Unjudged>,
    /// What a reader must know to trust the rest, a line each.
    pub notes: Vec<String>,
}

/// How directories are to be built, so that what is compared is built alike.
#[derive(Debug, Default)]
pub struct Ways<'l> {
    /// As a recorder sees them, before the end of a build.
    pub plain: Vec<&'l str>,
    /// These could be, and are compared with some that cannot.
    pub beside: Vec<&'l str>,
    /// As they are deployed.
    pub single: Vec<&'l str>,
}

impl Layout {
    /// Every environment of every service.
    pub fn overlays(&self) -> impl Iterator<Item = &Overlay> {
        self.services.iter().flat_map(|service| &service.overlays)
    }

    /// Takes out the services of which nothing was asked for, and gives them.
    pub fn leave_others(&mut self) -> Vec<Service> {
        let others = self.services.extract_if(.., |service| !service.is_asked());
        others.collect()
    }

    /// Leaves out every environment that was not asked for, and so what only a comparison with it would show.
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

    /// Every directory of the services that have one of `some`, and of all that they share directories with.
    ///
    /// What is built to its end is not like what is sealed on the way there, so what
    /// is compared must be built alike.
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

    /// How these directories are to be built; `others` are built as they are deployed, in a way of their own.
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
    rise(&mut standing, site, policy);
    follow_links(parsed, &mut standing);
    let (mut services, alone) = services(parsed, site, &standing, policy);
    choose_baselines(&mut services, policy, |overlay| {
        baseline::called(parsed, overlay, &policy.baseline)
    });
    let (unjudged, lone) = unjudged::unjudged(parsed, site, policy, &standing, &alone, &services);
    Layout {
        services,
        unjudged,
        notes: lone.into_iter().collect(),
    }
}

/// The kustomization files that were asked for and cannot be read, so that nobody knows what they are.
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

/// Whether a file lies below what was asked for, in no directory that the policy leaves out.
#[must_use]
pub fn is_looked_at(file: &str, site: &Site<'_>, wanted: &Wanted) -> bool {
    site.is_looked_at(split(file).0, &wanted.ignore)
}

/// The kustomizations that were asked for, each with what it is made of.
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
