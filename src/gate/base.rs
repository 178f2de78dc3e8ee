//! What environments stand on.

use std::collections::BTreeSet;

use super::Resources;
use crate::resource::Resource;

/// What directories hold together, each resource once.
pub(super) fn base<'t>(bases: &[String], resources: &Resources<'t>) -> Vec<Resource<'t>> {
    let mut seen = BTreeSet::new();
    bases
        .iter()
        .filter_map(|directory| resources.get(directory.as_str()))
        .flatten()
        .filter(|resource| seen.insert((resource.group(), resource.identity)))
        .cloned()
        .collect()
}
