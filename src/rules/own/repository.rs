//! What is known of the repository that a deployer's objects stand in.

use std::collections::{BTreeMap, BTreeSet};

use super::notifications::Notifications;

/// The repository, as far as what deploys from it names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repository {
    /// What its remotes are called, without whose they are; empty where nobody knows.
    pub names: BTreeSet<String>,
    /// Every directory that was looked into, from the root of the repository on, and whether anything lies in it that
    /// could be deployed.
    pub directories: BTreeMap<String, bool>,
    /// What was not looked into, such as links, from the root on.
    pub unseen: BTreeSet<String>,
    /// The environments of every service, by their directories from the root on.
    pub overlays: BTreeMap<String, Deployed>,
    /// What environments are made of, with the service.
    pub bases: BTreeMap<String, String>,
    /// What Applications can subscribe to.
    pub notifications: Notifications,
}

/// An environment of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployed {
    /// The service.
    pub service: String,
    /// The environment, as the policy calls it.
    pub environment: String,
}

/// What there is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Has {
    Nothing,
    /// A directory in which nothing lies that could be deployed, but for what lies deeper.
    Directories,
    /// A directory with files that could be deployed.
    Files,
}

impl Repository {
    /// Whether an address is that of this repository.
    ///
    /// Forks and mirrors are: what they are called is compared, and not whose they are. Where nobody knows what it is
    /// called, an address is taken for it at a path that lies beside environments.
    pub(super) fn is_at(&self, address: &str, path: &str) -> bool {
        if self.names.is_empty() {
            let beside = parent(path);
            let mut overlays = self.overlays.keys();
            return !beside.is_empty() && overlays.any(|overlay| parent(overlay) == beside);
        }
        self.names.contains(&called(address))
    }

    /// Whether a directory is there; nothing where nobody has looked.
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

    /// What the environments of the service at a path are called.
    pub(super) fn siblings(&self, service: &str) -> impl Iterator<Item = &str> {
        let all = self.overlays.values();
        let own = all.filter(move |one| one.service == service);
        own.map(|one| one.environment.as_str())
    }
}

/// What the repository at an address is called: the last part of it, in small letters.
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
