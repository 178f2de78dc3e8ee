//! The form that kustomize requires of a patch, whatever its target.

use crate::yaml::{Node, Tree};

use super::unknown::Reason;

/// The field that names a patch.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// `patches`, which takes both kinds.
    Either,
    /// `patchesJson6902`.
    Operations,
    /// `patchesStrategicMerge`.
    Merge,
}

/// The first of some fields with a value.
pub(super) fn said<'n>(entry: Node<'n>, fields: &[&str]) -> Option<Node<'n>> {
    let mut found = fields.iter().filter_map(|field| entry.get(field));
    found.find(|value| !value.is_null() && !value.text().trim().is_empty())
}

/// The node of an entry that names its patch; the error is the reason if kustomize refuses it.
pub(super) fn named(entry: Node<'_>) -> Result<Node<'_>, Reason> {
    match (said(entry, &["path"]), said(entry, &["patch"])) {
        (Some(body), None) | (None, Some(body)) => Ok(body),
        (Some(_), Some(_)) => Err(Reason::Twice),
        (None, None) => Err(Reason::NoField),
    }
}

/// The reason why kustomize refuses the documents of a patch, if it does.
pub(super) fn fault(tree: &Tree<'_>, how: How) -> Option<Reason> {
    let mut roots = tree.roots().filter(|root| !root.is_null()).peekable();
    let Some(first) = roots.peek().copied() else {
        return (how != How::Either).then_some(Reason::Empty);
    };
    let is_operations = first.is_seq();
    match how {
        How::Operations if !is_operations => Some(Reason::Type),
        How::Operations if first.is_childless() => Some(Reason::Empty),
        How::Merge if is_operations => Some(Reason::Type),
        // An operation is a map, even if it is never applied.
        _ if is_operations && first.items().any(|one| !one.is_map() && !one.is_null()) => {
            Some(Reason::Type)
        }
        _ if is_operations => roots.nth(1).map(|_| Reason::Type),
        _ => roots.find_map(nameless),
    }
}

/// The reason why a document is not a resource, if it is not.
fn nameless(root: Node<'_>) -> Option<Reason> {
    if !root.is_map() {
        return Some(Reason::Type);
    }
    let text = |path: &[&str]| {
        let value = root.at(path).filter(|value| !value.is_null());
        value.map_or("", Node::text)
    };
    let kind = text(&["kind"]);
    let is_named = kind.ends_with("List") || !text(&["metadata", "name"]).is_empty();
    (kind.is_empty() || !is_named).then_some(Reason::Nameless)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    #[test]
    fn documents_that_are_not_patches_are_found() {
        let map = "{kind: A, metadata: {name: b}}";
        for (text, how, expected) in [
            (map, How::Either, None),
            (map, How::Merge, None),
            (map, How::Operations, Some(Reason::Type)),
            ("[{op: remove}]", How::Either, None),
            ("[{op: remove}]", How::Operations, None),
            ("[{op: remove}]", How::Merge, Some(Reason::Type)),
            ("[]", How::Either, None),
            ("[]", How::Operations, Some(Reason::Empty)),
            ("# nothing", How::Either, None),
            ("# nothing", How::Merge, Some(Reason::Empty)),
            ("a", How::Either, Some(Reason::Type)),
            ("data: {}", How::Either, Some(Reason::Nameless)),
            ("{kind: A}", How::Either, Some(Reason::Nameless)),
            ("{metadata: {name: b}}", How::Either, Some(Reason::Nameless)),
        ] {
            assert_eq!(fault(&parse(text).unwrap(), how), expected, "{text}");
        }
    }

    #[test]
    fn an_entry_names_exactly_one_patch() {
        for (text, expected) in [
            ("path: a", Ok("a")),
            ("{path: '', patch: b}", Ok("b")),
            ("{path: a, patch: b}", Err(Reason::Twice)),
            ("{patch: ' '}", Err(Reason::NoField)),
            ("target: {}", Err(Reason::NoField)),
        ] {
            let tree = parse(text).unwrap();
            let entry = tree.roots().next().unwrap();
            assert_eq!(named(entry).map(Node::text), expected, "{text}");
        }
    }
}
