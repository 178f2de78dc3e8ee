//! Environments that are assembled from parts: `overlays/alpha` from `overlays/alpha/workloads` and
//! `overlays/alpha/settings`.
//!
//! Only the whole is deployed, so the whole is the environment, and the base of its one part is its
//! base.

use super::candidates::Candidate;
use super::names::Words;

/// Gives an environment that alone loads its parts the base of one of them, and returns the indices
/// of the parts.
///
/// If several parts have bases, they are separate services, which the environment only collects.
pub fn put_together(all: &mut [Candidate], words: Words<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    for at in 0..all.len() {
        let whole = &all[at];
        let is_environment = words
            .name(&whole.place)
            .is_some_and(|named| named.is_last && (named.is_known || named.is_in_overlays));
        if !is_environment || whole.is_component || !whole.remote.is_empty() {
            continue;
        }
        let inside = format!("{}/", whole.directory);
        let is_part = |base: &String| base.starts_with(&inside);
        if whole.bases.len() < 2 || !whole.bases.iter().all(is_part) {
            continue;
        }
        let number = |base: &String| all.iter().position(|one| one.directory == *base);
        let parts: Option<Vec<usize>> = whole.bases.iter().map(number).collect();
        let Some(parts) = parts else { continue };
        let is_elsewhere = |part: usize| {
            let mut others = all.iter().enumerate().filter(|(other, _)| *other != at);
            others.any(|(_, other)| other.bases.contains(&all[part].directory))
        };
        let mut made = parts.iter().filter(|part| all[**part].has_base());
        let (Some(&made), None) = (made.next(), made.next()) else {
            continue;
        };
        let base = &all[made];
        let is_an_environment = |base: &String| {
            let base = all.iter().find(|one| one.directory == *base);
            let named = base.and_then(|base| words.name(&base.place));
            named.is_some_and(|named| named.is_known)
        };
        let stands_outside = base.remote.is_empty()
            && !base.bases.iter().any(is_part)
            && !base.bases.iter().any(is_an_environment);
        if !stands_outside || parts.iter().any(|part| is_elsewhere(*part)) {
            continue;
        }
        let bases = base.bases.clone();
        all[at].bases = bases;
        all[at].only_gathers = false;
        all[at].transforms = true;
        found.extend(parts);
    }
    found
}
