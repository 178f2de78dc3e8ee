//! The lists and quantities of Kubernetes types, as data, so that a diff pairs elements as the API
//! server merges them.
//!
//! This is a graph of types: [`Type::of`] finds the root of a resource, and [`Type::field`] goes on
//! from there. A field that is neither a list nor a quantity, and leads to none, is not in the
//! graph; for such a field the answer is [`Field::UNKNOWN`].
//!
//! `schema/builtin.rs` has the types that Kubernetes publishes, `schema/custom.rs` those of
//! well-known extensions, `schema/words.rs` the few words in which both are written, and
//! `schema/types.rs` the data types. All of it is constant: start-up costs nothing.

mod builtin;
mod custom;
mod types;
mod words;

use types::{Definition, Root};

pub use types::{Field, KeyField, List, Scalar, Type};

const _: () = assert!(builtin::Unknown.0 == Type::UNKNOWN.0);

impl Type {
    /// The pod specification, for pods that are recognized by their fields rather than by kind.
    pub const POD_SPEC: Self = builtin::PodSpec;
    /// The metadata of any object.
    pub const OBJECT_META: Self = builtin::ObjectMeta;
    /// A container or an init container.
    pub const CONTAINER: Self = builtin::Container;

    /// Finds the root type of a resource.
    ///
    /// An unknown version falls back to the newest one of the same group and kind. For an unknown
    /// kind, only `metadata` is known, because every object has that.
    #[must_use]
    pub fn of(group: &str, version: &str, kind: &str) -> Self {
        find(builtin::ROOTS, group, version, kind)
            .or_else(|| find(custom::ROOTS, group, version, kind))
            .unwrap_or(builtin::Object)
    }

    /// Looks up a field; an unlisted field is an ordinary one.
    #[must_use]
    pub fn field(self, name: &str) -> Field {
        let fields = self.definition().fields;
        match fields.binary_search_by(|(field, _)| (*field).cmp(name)) {
            Ok(at) => fields[at].1,
            Err(_) => match fields {
                [("*", any), ..] => *any,
                _ => Field::UNKNOWN,
            },
        }
    }

    /// The name of the type, for tests and explanations; unique.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.definition().name
    }

    /// Every type of the graph, for tests and explanations.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..custom::END).map(Self)
    }

    /// The listed fields, sorted by name, for tests and explanations; `*` matches any name.
    #[must_use]
    pub fn fields(self) -> &'static [(&'static str, Field)] {
        self.definition().fields
    }

    fn definition(self) -> &'static Definition {
        let at = usize::from(self.0);
        builtin::TYPES
            .get(at)
            .unwrap_or_else(|| &custom::TYPES[at - builtin::TYPES.len()])
    }
}

fn find(roots: &[Root], group: &str, version: &str, kind: &str) -> Option<Type> {
    let first = roots.partition_point(|root| (root.0, root.1) < (group, kind));
    let same = roots[first..]
        .iter()
        .take_while(|root| (root.0, root.1) == (group, kind));
    let exact = same.clone().find(|root| root.2 == version);
    exact.or(same.clone().next()).map(|root| root.3)
}

/// Every described root as (group, kind, version), for tests and explanations; the version is empty
/// if all versions share one type.
pub fn roots() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    builtin::ROOTS
        .iter()
        .chain(custom::ROOTS)
        .map(|root| (root.0, root.1, root.2))
}

/// The keys that kustomize infers for lists of unknown type, in its order of preference.
///
/// kyaml (`yaml/rnode.go`, `AssociativeSequenceKeys`, versions 0.18 to 0.21) infers only `name`.
/// `kustomize build` does not even do that: a patch to a type without a schema replaces the whole
/// list. The inferred key is still the best guess at which elements correspond.
pub const INFERRED_KEYS: &[KeyField] = &[KeyField {
    name: "name",
    default: None,
}];

/// Chooses the key for a list of unknown type as kyaml would: the first inferred one that every
/// element has.
///
/// `all_have` says whether every element of *both* lists is a map in which the key is a scalar that
/// is unique within its list; the caller knows the trees.
#[must_use]
pub fn infer_keys(all_have: impl Fn(&str) -> bool) -> Option<&'static [KeyField]> {
    INFERRED_KEYS
        .iter()
        .find(|key| all_have(key.name))
        .map(std::slice::from_ref)
}

/// Whether a map with this name that is on one side only is reported entry by entry.
///
/// Classes are about the entries of these maps, and an overlay with the first annotation has added
/// one annotation.
#[must_use]
pub fn is_transparent(field_name: &str) -> bool {
    TRANSPARENT.binary_search(&field_name).is_ok()
}

/// The names for [`is_transparent`], sorted.
const TRANSPARENT: &[&str] = &[
    "annotations",
    "binaryData",
    "data",
    "jobTemplate",
    "labelSelector",
    "labels",
    "limits",
    "matchLabels",
    "metadata",
    "podSelector",
    "requests",
    "resources",
    "selector",
    "spec",
    "stringData",
    "template",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_sorted_and_unique() {
        for roots in [builtin::ROOTS, custom::ROOTS] {
            assert!(roots.is_sorted_by_key(|root| (root.0, root.1)));
            for (at, root) in roots.iter().enumerate() {
                assert!(
                    roots[..at]
                        .iter()
                        .all(|other| (other.0, other.1, other.2) != (root.0, root.1, root.2)),
                    "{} twice",
                    root.1
                );
            }
        }
        for root in custom::ROOTS {
            assert!(
                find(builtin::ROOTS, root.0, root.2, root.1).is_none(),
                "{} is built in",
                root.1
            );
        }
    }

    #[test]
    fn the_last_type_is_the_last() {
        assert_eq!(
            Type::all().count(),
            builtin::TYPES.len() + custom::TYPES.len()
        );
        assert!(TRANSPARENT.is_sorted());
    }
}
