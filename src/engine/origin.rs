//! The writers of values, and their places.

/// The kind of writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Resource,
    Elsewhere,
    Strategic,
    Json6902,
    Images,
    Replicas,
    Prefix,
    Suffix,
    Namespace,
    Labels,
    Annotations,
    ConfigMapGenerator,
    SecretGenerator,
    ConfigMapFile,
    SecretFile,
    Replacements,
}

/// The writer of a mark.
#[derive(Clone, Debug)]
pub(crate) struct Origin<'t> {
    pub file: &'t str,
    pub what: What,
    /// Whether it belongs to the base.
    pub in_base: bool,
    /// The component that it belongs to.
    pub component: Option<String>,
}
