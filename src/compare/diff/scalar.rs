//! Scalars, and the quantities that they stand for.

use std::borrow::Cow;

use crate::quantity::{Quantity, same_amount};
use crate::schema::Scalar;
use crate::yaml::{Kind, Node};

/// Whether two scalars are the same, compared according to their field.
pub(super) fn same_scalar(base: Node<'_>, overlay: Node<'_>, scalar: Scalar) -> bool {
    if !base.is_scalar() || !overlay.is_scalar() {
        return false;
    }
    if base.same_scalar(overlay) {
        return true;
    }
    scalar == Scalar::Quantity
        && matches!(
            (quantity_text(base), quantity_text(overlay)),
            (Some(left), Some(right)) if same_amount(&left, &right)
        )
}

/// The quantity that a scalar stands for, whether it is written as a number or as a string.
///
/// An amount that is too large to count is the largest one that can be counted.
#[must_use]
pub fn quantity(node: Node<'_>) -> Option<Quantity> {
    Quantity::parse_saturating(&quantity_text(node)?).ok()
}

/// The text of a scalar that may be a quantity; a number as JSON writes it, since `0644` is 420.
pub(super) fn quantity_text(node: Node<'_>) -> Option<Cow<'_, str>> {
    match node.kind() {
        Kind::Str => Some(Cow::Borrowed(node.text())),
        Kind::Int
            if !node.text().contains(['_', 'x', 'o', 'b', '+'])
                && !node.text().trim_start_matches('-').starts_with('0') =>
        {
            Some(Cow::Borrowed(node.text()))
        }
        Kind::Int | Kind::Float => Some(Cow::Owned(node.to_json().to_string())),
        _ => None,
    }
}
