//! What can be told of values that a snapshot does not hold.

use crate::finding::REDACTED;
use crate::yaml::Node;

/// Whether one side of a Secret's value is not known, so that nothing can differ from it.
pub(super) fn is_unknown(base: Option<Node<'_>>, overlay: Option<Node<'_>>) -> bool {
    matches!((base, overlay), (Some(base), Some(overlay)) if base.text() == REDACTED || overlay.text() == REDACTED)
}

/// Whether two values inside of a Secret are the same, as far as a snapshot can tell.
pub(super) fn same(base: Node<'_>, overlay: Node<'_>) -> bool {
    if base.text() == REDACTED || overlay.text() == REDACTED {
        return true;
    }
    let is_there = |node: Option<&Node<'_>>| node.is_some_and(|node| !node.is_null());
    if base.is_map() && overlay.is_map() {
        let same = |key: &str| match (base.get(key), overlay.get(key)) {
            (Some(left), Some(right)) => same(left, right),
            (left, right) => !is_there(left.as_ref()) && !is_there(right.as_ref()),
        };
        return [base, overlay]
            .into_iter()
            .flat_map(Node::entries)
            .all(|(key, _)| same(key.text()));
    }
    if base.is_seq() && overlay.is_seq() {
        return base.items().count() == overlay.items().count()
            && base
                .items()
                .zip(overlay.items())
                .all(|(left, right)| same(left, right));
    }
    base.is_scalar() && overlay.is_scalar() && base.same_scalar(overlay)
}
