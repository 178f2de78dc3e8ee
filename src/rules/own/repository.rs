//! The known facts about the repository that holds a deployer's objects.

use std::collections::{BTreeMap, BTreeSet};

use super::notifications::Notifications;

/// The repository, as far as the objects that deploy from it name it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// The names of its remotes, without their owners; empty if they are unknown.
    pub names: BTreeSet<String>,
    /// Every directory that was read, by its path from the root of the repository, and whether it has anything that
    /// could be deployed.
    pub directories: BTreeMap<String, bool>,
    /// Paths that were not read, such as links, from the root.
    pub unseen: BTreeSet<String>,
    /// The environments of every service, by their directories from the root.
    pub overlays: BTreeMap<String, Deployed>,
    /// The directories that environments are made of, with the service.
    pub bases: BTreeMap<String, String>,
    /// The changes that Applications and Kustomizations of Flux make to what they deploy, as texts; by directory.
    pub changes: BTreeMap<String, BTreeSet<String>>,
    /// What Applications can subscribe to.
    pub notifications: Notifications,
}

/// An environment of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The service.
    pub service: String,
    /// The environment, by its name in the policy.
    pub environment: String,
}

/// The kind of content at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Has {
    Nothing,
    /// A directory without files that could be deployed, except in deeper directories.
    Directories,
    /// A directory with files that could be deployed.
    Files,
}

impl Repository {
    /// Whether an address is that of this repository.
    ///
    /// Forks and mirrors count: names are compared, without their owners. If the repository's name is unknown, an
    /// address matches at a path beside environments.
    pub(super) fn is_at(&self, address: &str, path: &str) -> bool {
        if self.names.is_empty() {
            let beside = parent(path);
            let mut overlays = self.overlays.keys();
            return !beside.is_empty() && overlays.any(|overlay| parent(overlay) == beside);
        }
        self.names.contains(&called(address))
    }

    /// Whether a directory exists; `None` if it was not read.
    pub(super) fn has(&self, path: &str) -> Option<Has> {
        let is_hidden = path.split('/').any(|part| part.starts_with('.'));
        let mut ways =
            std::iter::successors(Some(path), |way| (!way.is_empty()).then(|| parent(way)));
        if is_hidden
            || !self.directories.contains_key("")
            || ways.any(|way| self.unseen.contains(way))
        {
            return None;
        }
        Some(match self.directories.get(path) {
            None => Has::Nothing,
            Some(false) => Has::Directories,
            Some(true) => Has::Files,
        })
    }

    /// Whether every environment of a service that something deploys has just these changes, and there are several.
    pub(super) fn is_changed_everywhere(&self, service: &str, changes: &str) -> bool {
        let own = |path: &String| {
            let deployed = self.overlays.get(path);
            deployed.is_some_and(|one| one.service == service)
        };
        let mut all = self
            .changes
            .iter()
            .filter(|(path, _)| own(path))
            .map(|(_, said)| said);
        all.clone().count() > 1 && all.all(|said| said.iter().all(|one| one == changes))
    }

    /// The names of the environments of a service.
    pub(super) fn siblings(&self, service: &str) -> impl Iterator<Item = &str> {
        let all = self.overlays.values();
        let own = all.filter(move |one| one.service == service);
        own.map(|one| one.environment.as_str())
    }
}

/// The name of the repository at an address: its last part, in lower case.
#[must_use]
pub fn called(address: &str) -> String {
    let end = address.trim_end_matches('/');
    let end = end.strip_suffix(".git").unwrap_or(end);
    let last = end.rsplit(['/', ':']).next().unwrap_or_default();
    last.to_lowercase()
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(above, _)| above)
}

/// A path without `.` and `..`; `None` if it leads out of the repository.
pub(super) fn within(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
