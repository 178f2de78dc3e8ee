//! Environments of other services that a kustomization with the name of an environment loads.
//!
//! `clusters/production` gathers what production runs, so the overlay of staging in it is a mistake
//! that no comparison of environments shows.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Words;
use super::service::{Overlay, Service};
use super::site::Site;
use crate::naming::{are_alike, rank, without_own};
use crate::policy::Policy;
use crate::repo::{Edge, Parsed, Role, To};
use crate::rules::Gathered;
use crate::rules::files::entry_place;

/// An environment of a service, and the entry that loads it.
struct Loaded<'s> {
    edge: &'s Edge,
    service: &'s Service,
    overlay: &'s Overlay,
}

/// Finds the overlays that are loaded for an environment of another name, although their service
/// has an overlay of the right name.
pub fn gathered<'s>(
    parsed: &'s Parsed<'_>,
    site: &Site<'_>,
    policy: &Policy,
    services: impl Iterator<Item = &'s Service>,
) -> Vec<Gathered> {
    let mut overlays: BTreeMap<&str, (&Service, &Overlay)> = BTreeMap::new();
    for service in services.filter(|service| !service.is_above) {
        for overlay in &service.overlays {
            overlays.insert(&overlay.directory, (service, overlay));
        }
    }
    let words = Words {
        listed: &policy.environments,
    };
    let mut found = Vec::new();
    for kustomization in parsed.kustomizations().filter(|one| !one.is_component()) {
        let directory = kustomization.directory();
        if is_hidden(directory) || !site.is_looked_at(directory, &policy.layout.ignore) {
            continue;
        }
        let own = overlays.get(directory);
        let by_path = || {
            let named = site.place(directory).and_then(|place| words.name(&place));
            named
                .filter(|named| named.is_known)
                .map(|named| named.environment)
        };
        let own_name = own.map(|(_, overlay)| overlay.name.clone());
        let Some(environment) = own_name.or_else(by_path) else {
            continue;
        };
        let Some(position) = rank(&environment) else {
            continue;
        };
        let loaded = loaded(parsed, site, words, directory, &overlays);
        let is_right = |name: &str| {
            are_alike(name, &environment)
                || rank(name) == Some(position) && without_own(&environment, name).is_some()
        };
        for one in &loaded {
            let is_own = own.is_some_and(|(service, _)| service.name == one.service.name);
            let is_elsewhere = rank(&one.overlay.name).is_some_and(|other| other != position);
            // `dev` may be a cluster that runs all of them.
            let runs_both = loaded.iter().any(|other| {
                other.service.name == one.service.name && is_right(&other.overlay.name)
            });
            if is_own || !is_elsewhere || runs_both {
                continue;
            }
            let mut siblings = one.service.overlays.iter();
            let right = siblings.find(|sibling| is_right(&sibling.name));
            let place = entry_place(parsed, one.edge, "this is another environment");
            if let (Some(right), Some(place)) = (right, place) {
                found.push(Gathered {
                    directory: directory.to_owned(),
                    service: one.service.name.clone(),
                    environment: right.name.clone(),
                    loaded: one.overlay.directory.clone(),
                    right: right.directory.clone(),
                    place,
                });
            }
        }
    }
    found
}

fn is_hidden(directory: &str) -> bool {
    let mut parts = directory.split('/');
    parts.any(|part| part.starts_with('.') && part != "..")
}

/// The environments that a kustomization loads, directly or through kustomizations that are not
/// environments.
fn loaded<'s>(
    parsed: &'s Parsed<'_>,
    site: &Site<'_>,
    words: Words<'_>,
    directory: &'s str,
    overlays: &BTreeMap<&str, (&'s Service, &'s Overlay)>,
) -> Vec<Loaded<'s>> {
    let graph = parsed.graph();
    let (mut found, mut seen, mut left) = (Vec::new(), BTreeSet::new(), vec![directory]);
    while let Some(directory) = left.pop() {
        if !seen.insert(directory) {
            continue;
        }
        for edge in graph.of_directory(directory) {
            let To::Kustomization(inner) = &edge.to else {
                continue;
            };
            if edge.role != Role::Load {
                continue;
            }
            if let Some((service, overlay)) = overlays.get(inner.as_str()) {
                found.push(Loaded {
                    edge,
                    service,
                    overlay,
                });
                continue;
            }
            let named = site.place(inner).and_then(|place| words.name(&place));
            if !named.is_some_and(|named| named.is_known) {
                left.push(inner);
            }
        }
    }
    found
}
