//! The result of an adoption.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::edit::Item;

/// The outcome for the findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// Exemptions to be written down, in the order of their rules and paths.
    pub items: Vec<Item>,
    /// The exemptions of the policy about the place of each of them, for another value.
    pub near: Vec<BTreeSet<usize>>,
    /// The days on which they end, each once.
    pub ends: BTreeSet<Date>,
    /// How many findings they are for.
    pub adopted: usize,
    /// Environments that do not build or are not judged, one per line: they are unknown, so nothing can be exempt.
    pub unbuilt: Vec<String>,
    /// How many findings have an exemption that has expired, so that its owner has to decide again.
    pub expired: usize,
    /// Whether the policy allows image tags from now on, because every environment sets its own.
    pub allows_tags: bool,
}
