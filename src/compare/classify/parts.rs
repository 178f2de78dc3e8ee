//! Parts of a container that have the same names in charts and claims.

use crate::catalog::Class;
use crate::compare::diff::{Change, ChangeKind, Step, quantity};
use crate::quantity::Quantity;
use crate::text::repository;
use crate::yaml::Node;

/// The class of a change below `resources`, where `steps` begin.
pub(super) fn in_resources(change: &Change<'_>, steps: &[Step<'_>]) -> Class {
    match steps {
        [Step::Field("requests" | "limits"), Step::Field(_)]
            if change.kind == ChangeKind::Modified =>
        {
            if is_reweighed(change) {
                Class::ResourceValues
            } else {
                Class::Other
            }
        }
        [] | [Step::Field("requests" | "limits"), ..] => Class::ResourceNames,
        _ => Class::Other,
    }
}

/// Whether both sides are amounts: any other value requests nothing that could be weighed.
pub(super) fn is_reweighed(change: &Change<'_>) -> bool {
    let is_amount = |node: Option<Node<'_>>| {
        node.and_then(quantity)
            .is_some_and(|amount| amount >= Quantity::ZERO)
    };
    change.kind == ChangeKind::Modified && is_amount(change.base) && is_amount(change.overlay)
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
