//! Why a difference is no drift.

use super::owned::Entry;
use crate::compare::diff::Change;

/// Why a difference is no drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Silence {
    /// The API server alone writes it.
    OfServer,
    /// Git has it encrypted.
    Encrypted,
    /// It is a zero value, which says what an absent one says.
    Zero,
    /// It is what the API server takes where nothing is said.
    Default,
    /// It is what the API server puts beside what somebody sets.
    Brought,
    /// The order of a list says nothing.
    Order,
    /// An autoscaler sets the number.
    Autoscaled,
    /// Git says a text, a map or a list with nothing in it.
    Empty,
    /// Git does not set it, and a controller does.
    Controller,
    /// It is a deployer's own note.
    Note,
    /// Git does not set it, and a deployer or a controller owns it, too.
    Shared,
    /// It came with what the deployer has applied.
    Came,
    /// It is another way to write the same.
    Spelling,
    /// Git does not set it, and nobody owns it.
    Unowned,
    /// Git does not set it, and the objects came without owners.
    Unknown,
}

/// A difference that is no drift.
#[derive(Clone, Debug)]
pub struct Silent<'a> {
    /// What Git says and what runs.
    pub change: Change<'a>,
    /// Why it is no drift.
    pub why: Silence,
    /// Whoever owns the live value, where that decided.
    pub owner: Option<Entry<'a>>,
}
