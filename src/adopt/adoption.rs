//! What adoption comes to.

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::edit::Item;

/// What became of the findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// Exemptions to be written down, in the order of their rules and paths.
    pub items: Vec<Item>,
    /// Which exemptions of the policy are about the place of each of them, for another value.
    pub near: Vec<BTreeSet<usize>>,
    /// The days on which they end, each once.
    pub ends: BTreeSet<Date>,
    /// How many findings they are for.
    pub adopted: usize,
    /// What does not build or is not judged, a line each: nothing is known about it, so nothing can be exempt.
    pub unbuilt: Vec<String>,
    /// How many findings an exemption is for that has expired, and that somebody has to decide anew.
    pub expired: usize,
    /// Whether the policy allows image tags from now on, since every environment sets its own.
    pub allows_tags: bool,
}
