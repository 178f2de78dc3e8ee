//! Patterns of the policy's layout that match no directory.

use std::collections::BTreeSet;

use super::Site;
use crate::policy::{Layout as Wanted, nearest};
use crate::repo::{NAMES, Parsed, split};
use crate::rules::{Patterns, UnusedPattern};

/// The patterns of a policy that match no kustomization, readable or not.
#[must_use]
pub fn unused(parsed: &Parsed<'_>, site: &Site<'_>, wanted: &Wanted) -> Vec<UnusedPattern> {
    if wanted.overlays.is_empty() && wanted.ignore.is_empty() {
        return Vec::new();
    }
    let mut directories: Vec<String> = parsed
        .kustomizations()
        .map(|one| one.directory().to_owned())
        .collect();
    for file in parsed.unreadable.keys() {
        let (directory, name) = split(file);
        if NAMES.contains(&name) {
            directories.push(directory.to_owned());
        } else if parsed.sources.is_unread(file) {
            // A directory that cannot be read.
            directories.push((*file).to_owned());
        }
    }
    let beside = parsed.sources.beside();
    directories.extend(beside.map(|file| split(file).0.to_owned()));
    let unseen = parsed.sources.unseen().iter();
    directories.extend(unseen.map(|unseen| unseen.path.clone()));
    let all = directories.iter();
    let paths: BTreeSet<String> = all
        .flat_map(|directory| site.spellings(directory))
        .collect();
    let mut unused = Vec::new();
    for (index, pattern) in wanted.overlays.iter().enumerate() {
        if !paths.iter().any(|path| pattern.captures(path).is_some()) {
            unused.push(UnusedPattern {
                list: Patterns::Overlays,
                index,
                near: None,
            });
        }
    }
    let texts: Vec<&str> = paths.iter().map(String::as_str).collect();
    for (index, glob) in wanted.ignore.iter().enumerate() {
        if !texts.iter().any(|path| glob.matches(path)) {
            unused.push(UnusedPattern {
                list: Patterns::Ignore,
                index,
                near: nearest(glob.as_str(), &texts).map(str::to_owned),
            });
        }
    }
    unused
}
