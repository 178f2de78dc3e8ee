//! Containers that have another name on the other side.
//!
//! A container is known by its name, so that one with another name looks like one that is gone
//! and one that is new, and nobody sees what else has changed in it.

use std::collections::HashMap;

use crate::text::repository;
use crate::yaml::Node;

/// Which of the elements that are left over on one side is which of the other, as indices.
///
/// An image that one element of each side runs alone, of those that are left over, says so; a tag may differ. Where two
/// run it, nobody can tell which is which.
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

/// The elements by the images that they run; none for an image that several run.
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
