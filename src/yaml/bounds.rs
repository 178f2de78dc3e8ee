//! The bounds of every input, and the error for a refused one.

/// The largest input in bytes: 512 MiB.
pub const MAX_BYTES: usize = 512 << 20;

/// The deepest nesting of maps and lists, of each of YAML's two styles.
pub const MAX_DEPTH: usize = 255;

/// The largest number of nodes that the aliases and merge keys of one input may add up to.
pub const MAX_ALIAS_NODES: usize = 1 << 20;

/// The reason why a text is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The fault, without the place.
    pub message: String,
}
