//! What Kubernetes says about lists and quantities, as data, so that a diff pairs elements as the API server merges them.
//!
//! A graph of types: [`Type::of`] finds the root of a resource, [`Type::field`] walks on. A field that holds neither a list nor a
//! quantity, nor leads to one, is not in the graph; asking for it is no mistake and answers [`Field::UNKNOWN`].
//!
//! `schema/builtin.rs` holds the types that Kubernetes publishes, `schema/custom.rs` those of well-known extensions, and
//! `schema/words.rs` the few words in which both are written. Nothing is built when the program starts.

mod words;

mod builtin;
mod custom;

/// A type in the graph, two bytes wide so that a diff can carry one at every step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Type(u16);

/// What stands under a field, in one value so that a diff asks once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The type of the value, or of a list's elements.
    pub ty: Type,
    /// How the elements of a list find each other; meaningless where no list stands.
    pub list: List,
    /// How a scalar here (or each scalar of a list here) compares.
    pub scalar: Scalar,
}

/// How the elements of a list are paired, because the same two lists are one change under one reading and ten under another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum List {
    /// Nothing is known: infer from the elements ([`infer_keys`]), else go by order.
    Unknown,
    /// Elements are found by their keys. Where two elements share all keys, fall back to order.
    Keyed {
        /// The keys, all of which must agree.
        keys: &'static [KeyField],
        /// Kubernetes (or a reader that it starts) also acts on the order.
        ordered: bool,
    },
    /// Order and repetition mean nothing. Elements that are maps pair by equality first, then by likeness.
    Set,
    /// The order means something: align by the longest common part.
    Ordered,
    /// Ingress `spec.rules`: paired by host, then by the shape of their paths.
    IngressRules,
    /// `spec.rules` of the Gateway API's routes: paired by their `matches`, then by shape.
    RouteRules,
}

/// One key of a keyed list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyField {
    /// The field that holds the key. May be a dotted path: `volumeClaimTemplates` are found by `metadata.name`.
    pub name: &'static str,
    /// What the API server takes the key for when it is absent; without one, an element that lacks the key has none.
    pub default: Option<&'static str>,
}

/// How scalars compare, because `1000m` and `1` are two texts and one amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalar {
    /// By their YAML value.
    Plain,
    /// As a [`Quantity`](crate::quantity::Quantity).
    Quantity,
    /// A map with free keys stands here, and its values are quantities (`limits`, `requests`, `hard`, …).
    QuantityMap,
}

impl Field {
    /// What is known of a field that the graph does not hold: nothing.
    pub const UNKNOWN: Self = Self {
        ty: Type::UNKNOWN,
        list: List::Unknown,
        scalar: Scalar::Plain,
    };
}

/// One type of the graph: its name and its fields, sorted; the field `*` stands for any other name.
struct Definition {
    name: &'static str,
    fields: &'static [(&'static str, Field)],
}

/// One root: group, kind, version (empty for all versions) and type. Sorted by group and kind, the preferred version first.
type Root = (&'static str, &'static str, &'static str, Type);

impl Type {
    /// A type of which nothing is known.
    pub const UNKNOWN: Self = builtin::Unknown;
    /// The pod specification, for pods found by looks rather than by kind.
    pub const POD_SPEC: Self = builtin::PodSpec;
    /// The metadata of any object.
    pub const OBJECT_META: Self = builtin::ObjectMeta;
    /// A container or an init container.
    pub const CONTAINER: Self = builtin::Container;

    /// Finds the root type of a resource.
    ///
    /// A version that is not described falls back to the newest of the same group and kind. For any other kind the answer is a type
    /// whose `metadata` is known and nothing else, since every object has that.
    #[must_use]
    pub fn of(group: &str, version: &str, kind: &str) -> Self {
        find(builtin::ROOTS, group, version, kind)
            .or_else(|| find(custom::ROOTS, group, version, kind))
            .unwrap_or(builtin::Object)
    }

    /// Looks a field up; total, since an unlisted field is an ordinary one.
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

    /// The listed fields, sorted by name, for tests and explanations; `*` stands for any name.
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

/// Every described root as (group, kind, version), for tests and explanations; the version is empty where all share one shape.
pub fn roots() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    builtin::ROOTS
        .iter()
        .chain(custom::ROOTS)
        .map(|root| (root.0, root.1, root.2))
}

/// The keys that kustomize infers for lists of unknown type, in its order of preference.
///
/// kyaml (`yaml/rnode.go`, `AssociativeSequenceKeys`, read in 0.18 to 0.21) infers `name` and nothing else. `kustomize build` itself does
/// not even do that: a patch to a type without a schema replaces the list whole. What it could infer is still the best guess at which
/// elements are one.
pub const INFERRED_KEYS: &[KeyField] = &[KeyField {
    name: "name",
    default: None,
}];

/// Chooses the key for a list of unknown type as kyaml would: the first inferred one that every element has.
///
/// `all_have` says whether every element of *both* lists is a map that holds the key with a scalar, unique within its list; the caller
/// knows the trees.
#[must_use]
pub fn infer_keys(all_have: impl Fn(&str) -> bool) -> Option<&'static [KeyField]> {
    INFERRED_KEYS
        .iter()
        .find(|key| all_have(key.name))
        .map(std::slice::from_ref)
}

/// Tells whether a map under this name is reported entry by entry when it stands on one side only.
///
/// Classes are about the entries of these maps, and an overlay that brings the first annotation has added one annotation.
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
    fn roots_are_sorted_and_said_once() {
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
