//! The identities that a resource had, as kustomize records them.

use std::collections::HashMap;

use super::names::plain_name;
use crate::resource::{Identity, Resource};

/// kustomize's records treat `default` and no namespace as the same.
fn normal(identity: Identity<'_>) -> Identity<'_> {
    Identity {
        namespace: if identity.namespace == "default" {
            ""
        } else {
            identity.namespace
        },
        ..identity
    }
}

/// Orders the copies of a resource, the closest first: the least renamed one, then the one with the shortest name.
///
/// All copies that one kustomization makes are ordered alike, so that those that belong together are paired together.
pub(super) fn closeness<'a>(of: Identity<'_>, resource: &Resource<'a>) -> impl Ord + use<'a> {
    let own = normal(resource.identity);
    (
        own != normal(of),
        resource.previous.len(),
        plain_name(resource).len(),
        own.namespace.len(),
        own.namespace,
        own.name,
    )
}

/// Pairs by the identities that a resource had, or by its present one; also returns which of the base are paired.
pub(super) fn by_history(
    base: &[Resource<'_>],
    overlay: &[Resource<'_>],
) -> (Vec<Option<usize>>, Vec<bool>) {
    let mut index: HashMap<(&str, Identity<'_>), Vec<usize>> = HashMap::with_capacity(base.len());
    for (at, resource) in base.iter().enumerate() {
        index
            .entry((resource.group(), normal(resource.identity)))
            .or_default()
            .push(at);
    }
    let mut used = vec![false; base.len()];
    let mut found: Vec<Option<usize>> = vec![None; overlay.len()];
    // The base's history is the beginning of the overlay's; the longest such beginning wins.
    let longest = |resource: &Resource<'_>| {
        let history: Vec<_> = resource.history().map(normal).collect();
        (0..history.len()).rev().find_map(|length| {
            index
                .get(&(resource.group(), history[length]))?
                .iter()
                .copied()
                .find(|&at| {
                    base[at]
                        .previous
                        .iter()
                        .copied()
                        .map(normal)
                        .eq(history[..length].iter().copied())
                })
        })
    };
    give(base, overlay, &mut found, &mut used, longest);
    let any = |resource: &Resource<'_>| {
        resource.history().map(normal).rev().find_map(|identity| {
            let all = index.get(&(resource.group(), identity))?;
            all.first().copied()
        })
    };
    give(base, overlay, &mut found, &mut used, any);
    (found, used)
}

/// Gives every resource of the base to the closest of the resources that ask for it.
fn give(
    base: &[Resource<'_>],
    overlay: &[Resource<'_>],
    found: &mut [Option<usize>],
    used: &mut [bool],
    asks_for: impl Fn(&Resource<'_>) -> Option<usize>,
) {
    let mut asked: Vec<(usize, usize)> = overlay
        .iter()
        .enumerate()
        .filter(|(at, _)| found[*at].is_none())
        .filter_map(|(at, resource)| Some((asks_for(resource)?, at)))
        .filter(|(of, _)| !used[*of])
        .collect();
    asked.sort_by_cached_key(|&(of, at)| (of, closeness(base[of].identity, &overlay[at]), at));
    for (of, at) in asked {
        if !used[of] {
            used[of] = true;
            found[at] = Some(of);
        }
    }
}
