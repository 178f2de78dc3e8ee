//! What environments stand on.

use std::collections::BTreeSet;

use super::Resources;
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
