//! Pods: how to recognise one, and when the order of its variables matters.

use std::collections::HashMap;

use crate::yaml::Node;

/// Whether a map looks like a pod specification that no schema knows: its containers all have a name and an image.
pub(super) fn looks_like_one(map: Node<'_>) -> bool {
    map.get("containers").is_some_and(|containers| {
        containers.is_seq()
            && !containers.is_childless()
            && containers
                .items()
                .all(|item| item.get("name").is_some() && item.get("image").is_some())
    })
}

/// Whether a change of order changes what some `$(NAME)` in a value stands for.
pub(super) fn env_order_acts(
    left: &[Node<'_>],
    right: &[Node<'_>],
    order: &[(usize, usize)],
) -> bool {
    let places: HashMap<&str, (usize, usize)> = order
        .iter()
        .filter_map(|&(base, overlay)| Some((left[base].get("name")?.text(), (base, overlay))))
        .collect();
    order.iter().any(|&(base, overlay)| {
        [left[base], right[overlay]]
            .into_iter()
            .filter_map(|item| item.get("value"))
            .flat_map(|value| references(value.text()))
            .filter_map(|name| places.get(name))
            .any(|&(named_base, named_overlay)| (named_base < base) != (named_overlay < overlay))
    })
}

/// The names in `$(NAME)`.
fn references(value: &str) -> impl Iterator<Item = &str> {
    value
        .split("$(")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(name, _)| name)
}
