//! What the tables of types are made of.

/// A type in the graph, two bytes wide so that a diff can carry one at every step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Type(pub(super) u16);

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
    /// Nothing is known: infer from the elements ([`infer_keys`](super::infer_keys)), else go by order.
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
    /// `spec.rules` of the Gateway API's routes and `spec.routes` of Traefik's: paired by their `matches` or `match`, then by shape.
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

impl Type {
    /// A type of which nothing is known: the first of the table.
    pub const UNKNOWN: Self = Self(0);
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
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Field)],
}

/// One root: group, kind, version (empty for all versions) and type. Sorted by group and kind, the preferred version first.
pub(super) type Root = (&'static str, &'static str, &'static str, Type);
