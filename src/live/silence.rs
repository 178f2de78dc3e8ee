//! The reasons why a difference is not drift.

use super::owned::Entry;
use crate::compare::diff::Change;

/// The reason why a difference is not drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Silence {
    /// Only the API server writes it.
    OfServer,
    /// Git has it encrypted.
    Encrypted,
    /// It is a zero value, which means the same as an absent one.
    Zero,
    /// It is the API server's default for an absent value.
    Default,
    /// The API server adds it to a field that was set.
    Brought,
    /// The order of a list has no meaning.
    Order,
    /// An autoscaler sets the number.
    Autoscaled,
    /// Git has an empty text, map or list.
    Empty,
    /// Git does not set it, and a controller does.
    Controller,
    /// It is a deployer's own record.
    Note,
    /// Git does not set it, and a deployer or a controller owns it too.
    Shared,
    /// It came with the fields that the deployer applied.
    Came,
    /// It is another way to write the same value.
    Spelling,
    /// Git does not set it, and no manager owns it.
    Unowned,
    /// Git does not set it, and the objects came without owners.
    Unknown,
}

/// A difference that is not drift.
#[derive(Clone, Debug)]
pub struct Silent<'a> {
    /// The value in Git and the live one.
    pub change: Change<'a>,
    /// The reason.
    pub why: Silence,
    /// The owner of the live value, if it decided the reason.
    pub owner: Option<Entry<'a>>,
}
