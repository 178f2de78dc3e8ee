//! The type of a node, and its style.

/// The type of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`, `~`, or nothing at all.
    Null,
    /// `true` or `false`.
    Bool,
    /// An integer of 64 bits.
    Int,
    /// Any other number.
    Float,
    /// A string.
    Str,
    /// A list.
    Seq,
    /// A map whose keys are scalars.
    Map,
}

/// The style of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A scalar without quotes, or a collection in block style.
    Plain,
    /// A scalar in quotes.
    Quoted,
    /// A literal or folded scalar.
    Block,
    /// A collection in brackets.
    Flow,
}
