//! Two environments that have each put their own prefix or suffix on all names.

use std::collections::HashSet;

use super::names::{is_never_renamed, plain_name};
use super::rest::{Key, Rest, key};
use crate::resource::Resource;

/// A prefix, or a suffix, of all names of one side, and that of the other side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnAffix {
    base: String,
    overlay: String,
    is_suffix: bool,
}

impl OwnAffix {
    /// Whether the names of two resources differ only in this.
    #[must_use]
    pub fn explains(&self, base: &Resource<'_>, overlay: &Resource<'_>) -> bool {
        let name = self.bare_base(base);
        name.is_some() && name == self.bare_overlay(overlay)
    }

    /// Whether two names of something else differ only in this.
    #[must_use]
    pub fn joins(&self, base: &str, overlay: &str) -> bool {
        let name = bare(base, &self.base, self.is_suffix);
        name.is_some_and(|name| !name.is_empty())
            && name == bare(overlay, &self.overlay, self.is_suffix)
    }

    fn bare_base<'n>(&self, resource: &Resource<'n>) -> Option<&'n str> {
        bare(plain_name(resource), &self.base, self.is_suffix)
    }

    fn bare_overlay<'n>(&self, resource: &Resource<'n>) -> Option<&'n str> {
        bare(plain_name(resource), &self.overlay, self.is_suffix)
    }
}

fn bare<'n>(name: &'n str, affix: &str, is_suffix: bool) -> Option<&'n str> {
    if is_suffix {
        name.strip_suffix(affix)
    } else {
        name.strip_prefix(affix)
    }
}

impl Rest<'_, '_, '_> {
    /// Matches by the rest of each name, without a prefix or a suffix that all names of a side share.
    pub(super) fn match_own_affixes(&mut self, found: &mut [Option<usize>]) -> Vec<OwnAffix> {
        let mut affixes = Vec::new();
        for is_suffix in [false, true] {
            if self.left.is_empty() || self.right.is_empty() {
                break;
            }
            let Some(best) = self.best(is_suffix) else {
                continue;
            };
            self.match_by_each(
                found,
                |base| key(base, best.bare_base(base).unwrap_or(base.name())),
                |overlay| {
                    key(
                        overlay,
                        best.bare_overlay(overlay).unwrap_or(overlay.name()),
                    )
                },
            );
            affixes.push(best);
        }
        affixes
    }

    /// The two affixes by which the most resources belong together.
    fn best(&self, is_suffix: bool) -> Option<OwnAffix> {
        let keys = |side: &[Resource<'_>], left: &[usize], affix: &str| -> HashSet<Key> {
            let all = left.iter().filter_map(|&at| side.get(at));
            all.filter_map(|resource| {
                let bare = bare(plain_name(resource), affix, is_suffix)?;
                Some(key(resource, bare))
            })
            .collect()
        };
        let mut best = None;
        let mut most = 0;
        let others = shared(self.overlay, is_suffix);
        for base in shared(self.base, is_suffix) {
            let left = keys(self.base, &self.left, &base);
            for overlay in &others {
                let right = keys(self.overlay, &self.right, overlay);
                let count = left.intersection(&right).count();
                if base != *overlay && count > most {
                    most = count;
                    best = Some(OwnAffix {
                        base: base.clone(),
                        overlay: overlay.clone(),
                        is_suffix,
                    });
                }
            }
        }
        best
    }
}

/// The prefixes up to a dash, or suffixes from a dash on, that all names of renamable resources share; the shortest first.
fn shared(resources: &[Resource<'_>], is_suffix: bool) -> Vec<String> {
    /// More dashes than this are not a naming scheme.
    const MAX_DASHES: usize = 8;
    let letters = |resource: &Resource<'_>| -> Vec<char> {
        let name = plain_name(resource).chars();
        if is_suffix {
            name.rev().collect()
        } else {
            name.collect()
        }
    };
    let renamed = resources.iter().filter(|one| !is_never_renamed(one));
    let mut names = renamed.map(letters);
    let Some(mut shared) = names.next() else {
        return Vec::new();
    };
    // Something of every name remains.
    shared.pop();
    for name in names {
        let same = shared.iter().zip(&name).take_while(|(a, b)| a == b).count();
        shared.truncate(same.min(name.len().saturating_sub(1)));
    }
    let dashes = shared.iter().enumerate().filter(|(_, one)| **one == '-');
    let affix = |(at, _): (usize, &char)| -> String {
        let affix = shared.iter().take(at + 1);
        if is_suffix {
            affix.rev().collect()
        } else {
            affix.collect()
        }
    };
    dashes.take(MAX_DASHES).map(affix).collect()
}
