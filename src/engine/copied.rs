//! What was taken out of Secrets, which no report may show.

use std::collections::BTreeSet;

/// What was taken out of Secrets.
#[derive(Clone, Default)]
pub struct Copies {
    /// The values, as they stand in the Secrets.
    pub texts: BTreeSet<String>,
    /// Whether there are others that only kustomize knows.
    pub has_hidden: bool,
}

impl Copies {
    /// Whether nothing was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && !self.has_hidden
    }
}
