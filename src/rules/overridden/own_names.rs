//! The places at which every environment has its own name in one value.

use std::collections::BTreeMap;

use super::steps::Steps;
use crate::compare::comparison::Comparison;
use crate::compare::identity::{is_mere_name, says_own_name};
use crate::path::{Path, overlap};

/// Every environment against the base or environment that it is made of; the environments on the base; and those that are
/// made of each.
type Floors<'s, 'm, 'a> = (
    &'s BTreeMap<&'m str, &'m Comparison<'m, 'a>>,
    &'s [&'m str],
    &'s BTreeMap<&'m str, Vec<&'m str>>,
);

/// Whether every environment sets a value at a place, and all are equal except for the environment's name in it.
///
/// An environment that is made of another one inherits the value, or sets it with a name of its own or of one below.
pub(super) fn say_own_names<'m>(
    (floors, ground, above): Floors<'_, 'm, '_>,
    root: usize,
    path: &Path<'_>,
    steps: &BTreeMap<&str, Steps<'_>>,
) -> bool {
    let own = |environment: &str| steps.get(environment)?.get(&root);
    let text = |environment: &'m str| {
        let step = own(environment)?.iter().find(|step| step.path == *path)?;
        let comparison = floors[environment];
        let classified = comparison.changes.get(step.pair)?.get(step.change)?;
        let &(_, other) = comparison.pairing.matched.get(step.pair)?;
        let kind = comparison.sides.overlay[other].kind();
        let text = classified.change.overlay?.as_str()?;
        is_mere_name(&classified.change, classified.class, kind).then_some(text)
    };
    let value = |environment: &'m str| Some((environment, text(environment)?));
    let values: Option<Vec<_>> = ground.iter().map(|one| value(one)).collect();
    let Some([first, others @ ..]) = values.as_deref() else {
        return false;
    };
    let sets = |environment: &&&'m str| {
        let mut steps = own(environment).into_iter().flatten();
        steps.any(|step| overlap(&step.path, path))
    };
    let mut above = above.values().flatten().filter(sets);
    others.iter().all(|other| says_own_name(*first, *other))
        && above.all(|environment| {
            let mut names = below(floors, environment).into_iter();
            let text = text(environment);
            text.is_some_and(|text| names.any(|name| says_own_name(*first, (name, text))))
        })
}

/// An environment, and all below it.
fn below<'m>(
    floors: &BTreeMap<&'m str, &'m Comparison<'m, '_>>,
    environment: &'m str,
) -> Vec<&'m str> {
    let mut names = vec![environment];
    let mut at = environment;
    while let Some((&below, _)) = floors.get_key_value(floors[at].sides.baseline) {
        // Directories may form a loop.
        if names.contains(&below) {
            break;
        }
        names.push(below);
        at = below;
    }
    names
}
