//! What environments stand on, and which stand next to each other.

use std::collections::BTreeSet;

use super::{Member, Resources};
use crate::layout::Overlay;
use crate::resource::Resource;

/// What the bases of an overlay hold, each resource once.
pub(super) fn base<'t>(overlay: &Overlay, resources: &Resources<'t>) -> Vec<Resource<'t>> {
    let mut seen = BTreeSet::new();
    overlay
        .bases
        .iter()
        .filter_map(|directory| resources.get(directory.as_str()))
        .flatten()
        .filter(|resource| seen.insert((resource.group(), resource.identity)))
        .cloned()
        .collect()
}

/// The environment that another is made of, which its base is called by: there is one, and one alone.
pub(super) fn layer<'m, 'g>(
    member: &Member<'g>,
    members: &'m [Member<'g>],
) -> Option<&'m Member<'g>> {
    let mut layers = members.iter().filter(|other| {
        let directory = &other.overlay.directory;
        *directory != member.overlay.directory && member.overlay.bases.contains(directory)
    });
    layers.next().filter(|_| layers.next().is_none())
}

/// Whether two environments stand on the same directories, below all layers that are environments themselves.
pub(super) fn shares_base(early: &Overlay, late: &Overlay, members: &[Member<'_>]) -> bool {
    let roots = |overlay: &Overlay| {
        let mut roots = BTreeSet::new();
        let mut seen = BTreeSet::new();
        let mut left: Vec<String> = overlay.bases.clone();
        while let Some(directory) = left.pop() {
            if !seen.insert(directory.clone()) {
                continue;
            }
            let layer = members
                .iter()
                .map(|member| member.overlay)
                .find(|layer| layer.directory == directory && !layer.bases.is_empty());
            match layer {
                Some(layer) => left.extend(layer.bases.iter().cloned()),
                None => {
                    roots.insert(directory);
                }
            }
        }
        roots
    };
    let early = roots(early);
    !early.is_empty() && early == roots(late)
}

/// Whether no environment stands between two in the promotion.
pub(super) fn is_next(members: &[&Member<'_>], early: &Member<'_>, late: &Member<'_>) -> bool {
    !members
        .iter()
        .any(|between| between.rank > early.rank && between.rank < late.rank)
}
