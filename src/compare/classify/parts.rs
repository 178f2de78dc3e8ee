//! Parts that a container has, and that charts and claims call by the same names.

use crate::catalog::Class;
use crate::compare::diff::{Change, ChangeKind, Step, quantity};
use crate::quantity::Quantity;
use crate::text::repository;
use crate::yaml::Node;

/// The class of a change below `resources`, where its steps begin.
pub(super) fn in_resources(change: &Change<'_>, steps: &[Step<'_>]) -> Class {
    match steps {
        [Step::Field("requests" | "limits"), Step::Field(_)]
            if change.kind == ChangeKind::Modified =>
        {
            // What is no amount gives or takes nothing that could be weighed.
            let is_amount = |node| quantity(node).is_some_and(|amount| amount >= Quantity::ZERO);
            match (change.base, change.overlay) {
                (Some(base), Some(overlay)) if is_amount(base) && is_amount(overlay) => {
                    Class::ResourceValues
                }
                _ => Class::Other,
            }
        }
        [] | [Step::Field("requests" | "limits"), ..] => Class::ResourceNames,
        _ => Class::Other,
    }
}

/// The class of a change of an image.
pub(super) fn image(change: &Change<'_>) -> Class {
    match (
        change.base.and_then(Node::as_str),
        change.overlay.and_then(Node::as_str),
    ) {
        (Some(base), Some(overlay)) if repository(base) == repository(overlay) => Class::ImageTag,
        _ => Class::Image,
    }
}
