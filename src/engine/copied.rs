//! Values that were copied out of Secrets, which no report may show.

use std::collections::BTreeSet;

/// Values that were copied out of Secrets.
#[derive(Clone, Default)]
pub struct Copies {
    /// The values, as written in the Secrets.
    pub texts: BTreeSet<String>,
    /// Whether there are more values, which only kustomize knows.
    pub has_hidden: bool,
}

impl Copies {
    /// Whether no value was copied.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && !self.has_hidden
    }
}
