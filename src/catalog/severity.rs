//! The weights of findings.

/// How much a finding weighs, from ignored to a failed build.
///
/// The order is the order of weight, so thresholds compare with `>=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The finding is dropped.
    Ignore,
    /// The finding is reported, and never fails a build.
    Info,
    /// The finding fails a build only under `failOn: warning`.
    Warning,
    /// The finding fails the build.
    Error,
}

impl Severity {
    /// All severities, lightest first.
    pub const ALL: [Self; 4] = [Self::Ignore, Self::Info, Self::Warning, Self::Error];

    /// The word that policies and results use.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}
