//! The data types of the tables.

/// A type in the graph, two bytes wide so that a diff can carry one at every step.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Type(pub(super) u16);

/// The properties of a field, in one value so that a diff needs one lookup.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The type of the value, or of a list's elements.
    pub ty: Type,
    /// How the elements of a list are paired; without meaning if the field is not a list.
    pub list: List,
    /// How a scalar here (or each scalar of a list here) compares.
    pub scalar: Scalar,
}

/// How the elements of a list are paired, because the same two lists may be one change in one
/// reading and ten in another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum List {
    /// Not known: infer the keys from the elements ([`infer_keys`](super::infer_keys)), else use
    /// the order.
    Unknown,
    /// Elements are paired by their keys. If two elements share all keys, the order is used.
    Keyed {
        /// The keys, all of which must agree.
        keys: &'static [KeyField],
        /// Kubernetes (or a program that it starts) also acts on the order.
        ordered: bool,
    },
    /// Order and repetition have no meaning. Elements that are maps are paired by equality first,
    /// then by similarity.
    Set,
    /// The order has a meaning: align by the longest common part.
    Ordered,
    /// Ingress `spec.rules`: paired by host, then by the form of their paths.
    IngressRules,
    /// `spec.rules` of the Gateway API's routes and `spec.routes` of Traefik's: paired by their
    /// `matches` or `match`, then by form.
    RouteRules,
}

/// One key of a keyed list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyField {
    /// The field of the key. May be a dotted path: `volumeClaimTemplates` are identified by
    /// `metadata.name`.
    pub name: &'static str,
    /// The API server's default for an absent key; without a default, an element without the key
    /// has none.
    pub default: Option<&'static str>,
}

/// How scalars are compared, because `1000m` and `1` are different texts for the same amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalar {
    /// By their YAML value.
    Plain,
    /// As a [`Quantity`](crate::quantity::Quantity).
    Quantity,
    /// The field is a map with free keys, whose values are quantities (`limits`, `requests`,
    /// `hard`, …).
    QuantityMap,
}

impl Type {
    /// An unknown type: the first of the table.
    pub const UNKNOWN: Self = Self(0);
}

impl Field {
    /// The properties of a field that the graph does not have.
    pub const UNKNOWN: Self = Self {
        ty: Type::UNKNOWN,
        list: List::Unknown,
        scalar: Scalar::Plain,
    };
}

/// One type of the graph: its name and its fields, sorted; the field `*` matches any other name.
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Field)],
}

/// One root: group, kind, version (empty for all versions) and type. Sorted by group and kind, the preferred version first.
pub(super) type Root = (&'static str, &'static str, &'static str, Type);
