//! Resources that have no counterpart by their history, matched by name.

use std::collections::{HashMap, HashSet};

use super::history::closeness;
use super::names::{is_never_renamed, plain_name};
use crate::resource::Resource;

/// What two resources that belong together must have in common.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) group: String,
    pub(super) kind: String,
    pub(super) name: String,
}

pub(super) fn key(resource: &Resource<'_>, name: &str) -> Key {
    Key {
        group: resource.group().to_owned(),
        kind: resource.kind().to_owned(),
        name: name.to_owned(),
    }
}

/// The resources that have no counterpart yet.
pub(super) struct Rest<'r, 'b, 'o> {
    pub(super) base: &'r [Resource<'b>],
    pub(super) overlay: &'r [Resource<'o>],
    pub(super) left: Vec<usize>,
    pub(super) right: Vec<usize>,
}

impl<'r, 'b, 'o> Rest<'r, 'b, 'o> {
    pub(super) fn of(
        base: &'r [Resource<'b>],
        overlay: &'r [Resource<'o>],
        found: &[Option<usize>],
    ) -> Self {
        let used: HashSet<usize> = found.iter().flatten().copied().collect();
        Self {
            base,
            overlay,
            left: (0..base.len()).filter(|at| !used.contains(at)).collect(),
            right: (0..overlay.len())
                .filter(|&at| found[at].is_none())
                .collect(),
        }
    }

    /// Matches resources with the same key, if both sides have it once.
    pub(super) fn match_by(
        &mut self,
        found: &mut [Option<usize>],
        key: impl Fn(&Resource<'_>) -> Key,
    ) {
        self.match_by_each(found, &key, &key);
    }

    /// Matches resources with the same key, if the base has it once: of several copies, the closest one.
    pub(super) fn match_closest(
        &mut self,
        found: &mut [Option<usize>],
        key: impl Fn(&Resource<'_>) -> Key,
    ) {
        if self.left.is_empty() || self.right.is_empty() {
            return;
        }
        let mut keys: HashMap<Key, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for &at in &self.left {
            keys.entry(key(&self.base[at])).or_default().0.push(at);
        }
        for &at in &self.right {
            keys.entry(key(&self.overlay[at])).or_default().1.push(at);
        }
        for (left, right) in keys.into_values() {
            let [base] = left.as_slice() else {
                continue;
            };
            let of = self.base[*base].identity;
            let closest = right
                .into_iter()
                .min_by_key(|&at| (closeness(of, &self.overlay[at]), at));
            if let Some(overlay) = closest {
                found[overlay] = Some(*base);
            }
        }
        self.forget(found);
    }

    /// Matches resources with the same key, which each side forms in its own way.
    pub(super) fn match_by_each(
        &mut self,
        found: &mut [Option<usize>],
        base_key: impl Fn(&Resource<'_>) -> Key,
        overlay_key: impl Fn(&Resource<'_>) -> Key,
    ) {
        if self.left.is_empty() || self.right.is_empty() {
            return;
        }
        let mut keys: HashMap<Key, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for &at in &self.left {
            keys.entry(base_key(&self.base[at])).or_default().0.push(at);
        }
        for &at in &self.right {
            keys.entry(overlay_key(&self.overlay[at]))
                .or_default()
                .1
                .push(at);
        }
        for (left, right) in keys.into_values() {
            if let ([base], [overlay]) = (left.as_slice(), right.as_slice()) {
                found[*overlay] = Some(*base);
            }
        }
        self.forget(found);
    }

    pub(super) fn forget(&mut self, found: &[Option<usize>]) {
        let used: HashSet<usize> = self.right.iter().filter_map(|&at| found[at]).collect();
        self.left.retain(|at| !used.contains(at));
        self.right.retain(|&at| found[at].is_none());
    }

    /// Finds the prefix and suffix that most of the rest share.
    pub(super) fn match_affixes(&mut self, found: &mut [Option<usize>]) {
        /// More candidates than this are not a naming scheme but two different systems.
        const MAX_CANDIDATES: usize = 1 << 18;
        for _ in 0..4 {
            if self.left.len().saturating_mul(self.right.len()) > MAX_CANDIDATES {
                return;
            }
            let mut votes: HashMap<(&str, &str), usize> = HashMap::new();
            for &at in &self.right {
                let overlay = &self.overlay[at];
                for &other in &self.left {
                    let base = &self.base[other];
                    if (overlay.group(), overlay.kind()) == (base.group(), base.kind())
                        && let Some(affix) = affix(plain_name(base), plain_name(overlay))
                    {
                        *votes.entry(affix).or_default() += 1;
                    }
                }
            }
            let renamed_before = found.iter().enumerate().any(|(at, found)| {
                found.is_some_and(|base| {
                    self.base[base].name() == self.overlay[at].name()
                        && !is_never_renamed(&self.overlay[at])
                })
            });
            let best = votes
                .into_iter()
                .filter(|(_, count)| *count > 1 || !renamed_before)
                .max_by_key(|((prefix, suffix), count)| {
                    (
                        *count,
                        std::cmp::Reverse((prefix.len() + suffix.len(), *prefix, *suffix)),
                    )
                })
                .map(|((prefix, suffix), _)| (prefix.to_owned(), suffix.to_owned()));
            let Some((prefix, suffix)) = best else {
                return;
            };
            let before = self.right.len();
            self.match_by_each(
                found,
                |base| key(base, &format!("{prefix}{}{suffix}", plain_name(base))),
                |overlay| key(overlay, plain_name(overlay)),
            );
            if self.right.len() == before {
                return;
            }
        }
    }
}

/// The text before and after a name within another.
fn affix<'a>(name: &str, within: &'a str) -> Option<(&'a str, &'a str)> {
    if name.is_empty() || name == within {
        return None;
    }
    let at = within.find(name)?;
    Some((&within[..at], &within[at + name.len()..]))
}
