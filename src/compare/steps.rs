//! The steps of a change, as paths and as directions through a tree.

use std::borrow::Cow;

use super::diff::{By, Keys, Step};
use crate::path::{FieldPath, Path, Segment, Spot};
use crate::yaml::Node;

/// A path that names elements by what they are.
#[must_use]
pub fn keyed_path<'a>(steps: &[Step<'a>]) -> Path<'a> {
    Path(
        steps
            .iter()
            .map(|step| match step {
                Step::Field(name) => Segment::Field(Cow::Borrowed(*name)),
                Step::Element {
                    by: By::Keys(keys) | By::Renamed { now: keys, .. },
                    ..
                } => by_keys(keys),
                Step::Element {
                    by: By::Value(value),
                    ..
                } => Segment::Value(Cow::Borrowed(*value)),
                Step::Element {
                    by: By::Flag(name), ..
                } => Segment::flag(*name),
                Step::Element {
                    by: By::After(name),
                    ..
                } => Segment::after(*name),
                Step::Element { by: By::Order, .. } => Segment::order(),
                Step::Element {
                    by: By::Index,
                    base,
                    overlay,
                } => match overlay {
                    Some(at) => Segment::Index(*at),
                    None => Segment::removed(base.unwrap_or(0)),
                },
            })
            .collect(),
    )
}

fn by_keys<'a>(keys: &Keys<'a>) -> Segment<'a> {
    let keys = keys.iter();
    let keys = keys.map(|(key, value)| (Cow::Borrowed(*key), Cow::Borrowed(*value)));
    Segment::Key(keys.collect())
}

/// A path that names elements by what they are, and by their place in the overlay.
///
/// An element that the overlay lacks has no place there: one index for both would name two differences.
#[must_use]
pub fn field_path<'a>(steps: &[Step<'a>]) -> FieldPath<'a> {
    let Path(segments) = keyed_path(steps);
    let spots = segments
        .into_iter()
        .zip(steps)
        .map(|(segment, step)| Spot {
            segment,
            index: match step {
                Step::Field(_) => None,
                Step::Element { overlay, .. } => *overlay,
            },
        })
        .collect();
    FieldPath::new(spots)
}

/// The path to the same place in the base, if that is different: its elements may have other names or other places there.
///
/// An element that the base lacks keeps the segment of the overlay, and has no index.
#[must_use]
pub fn base_path<'a>(steps: &[Step<'a>]) -> Option<FieldPath<'a>> {
    let is_other = |step: &Step<'_>| match step {
        Step::Element { by, base, overlay } => match by {
            By::Renamed { .. } => true,
            By::Index => overlay.is_some() && base != overlay,
            _ => false,
        },
        Step::Field(_) => false,
    };
    if !steps.iter().any(is_other) {
        return None;
    }
    let Path(segments) = keyed_path(steps);
    let spot = |(segment, step): (Segment<'a>, &Step<'a>)| match step {
        Step::Field(_) => Spot {
            segment,
            index: None,
        },
        Step::Element { base, by, .. } => Spot {
            segment: match by {
                By::Renamed { was, .. } => by_keys(was),
                By::Index => base.map_or(segment, Segment::Index),
                _ => segment,
            },
            index: *base,
        },
    };
    let spots = segments.into_iter().zip(steps).map(spot);
    Some(FieldPath::new(spots.collect()))
}

/// The side on which a path is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What all environments share.
    Base,
    /// What one environment makes of it.
    Overlay,
}

/// Follows steps from the root of one side.
#[must_use]
pub fn locate<'a>(root: Node<'a>, steps: &[Step<'_>], side: Side) -> Option<Node<'a>> {
    steps.iter().try_fold(root, |node, step| match step {
        Step::Field(name) => node.get(name),
        Step::Element { base, overlay, .. } => {
            let at = match side {
                Side::Base => *base,
                Side::Overlay => *overlay,
            };
            node.items().nth(at?)
        }
    })
}
