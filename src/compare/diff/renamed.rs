//! Containers that have another name on the other side.
//!
//! A container is identified by its name, so a renamed one looks like one that was removed
//! and one that was added, which hides whatever else has changed in it.

use std::collections::HashMap;

use crate::text::repository;
use crate::yaml::Node;

/// Pairs the elements that are left over on one side with those of the other, as indices.
///
/// Two belong together if they run the same image, and no other left-over element does; their tags may differ. Where
/// two of one side run it, it is unknown which is which.
pub(super) fn renamed(
    (left, left_over): (&[Node<'_>], &[usize]),
    (right, right_over): (&[Node<'_>], &[usize]),
) -> Vec<(usize, usize)> {
    let (left, right) = (alone(left, left_over), alone(right, right_over));
    let mut pairs: Vec<(usize, usize)> = left
        .into_iter()
        .filter_map(|(image, at)| Some((at?, (*right.get(image)?)?)))
        .collect();
    pairs.sort_unstable();
    pairs
}

/// The elements by the images that they run; `None` for an image that several run.
fn alone<'a>(all: &[Node<'a>], left_over: &[usize]) -> HashMap<&'a str, Option<usize>> {
    let mut images = HashMap::new();
    for &at in left_over {
        let image = all.get(at).and_then(|element| element.str_at(&["image"]));
        let Some(image) = image.map(repository).filter(|image| !image.is_empty()) else {
            continue;
        };
        let place = images.entry(image);
        place.and_modify(|place| *place = None).or_insert(Some(at));
    }
    images
}
