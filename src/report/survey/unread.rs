//! The reasons why a text is not a readable report, and the bounds of reading.

use thiserror::Error;

use super::wire::API_VERSION;
use crate::text;

/// The largest report that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 20;

/// The deepest nesting that is read: that of the values in a finding, and room for the report around them.
pub(super) const MAX_DEPTH: usize = 300;

/// The reason why a text is not a readable report.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ReadError {
    /// It is larger than [`MAX_BYTES`].
    #[error("it is larger than {} MiB", MAX_BYTES >> 20)]
    TooLarge,
    /// Its values are nested too deep.
    #[error("line {line}: nested deeper than {MAX_DEPTH} levels")]
    TooDeep {
        /// The line, from 1.
        line: usize,
    },
    /// It ends too early.
    #[error("line {line}: it is cut short")]
    Truncated {
        /// The last line.
        line: usize,
    },
    /// It is not JSON, or has another structure.
    #[error("line {line}, column {column}: {what}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in bytes.
        column: usize,
        /// The fault.
        what: String,
    },
    /// It is another kind of document.
    #[error("it is not a report of krm-parity, but {found}")]
    WrongKind {
        /// The kind that it names.
        found: String,
    },
    /// It has another version of the schema.
    #[error(
        "its apiVersion is {found}, and this version reads {API_VERSION}; use the same version of krm-parity for all reports"
    )]
    WrongVersion {
        /// The version that it names.
        found: String,
    },
    /// It has a name that the catalogue does not have.
    #[error("{at}: unknown {noun} {name}; it was written by krm-parity {version}, and this is {}", env!("CARGO_PKG_VERSION"))]
    UnknownName {
        /// The finding: `findings[0]`.
        at: String,
        /// `rule` or `class`.
        noun: &'static str,
        /// The name, quoted.
        name: String,
        /// The version that wrote it, quoted.
        version: String,
    },
    /// One of its paths is invalid.
    #[error("{at}.field: {what}")]
    Path {
        /// The finding: `findings[0]`.
        at: String,
        /// The path, and the fault.
        what: String,
    },
    /// It contradicts itself.
    #[error("{0}")]
    Inconsistent(String),
}

impl ReadError {
    /// Adds the version that wrote the report, if it differs from this one.
    pub(super) fn of_version(self, version: Option<&str>) -> Self {
        match (self, version) {
            (Self::Malformed { line, column, what }, Some(version))
                if version != env!("CARGO_PKG_VERSION") =>
            {
                let version = text::quoted(version, text::MAX_NAME);
                let own = env!("CARGO_PKG_VERSION");
                Self::Malformed {
                    line,
                    column,
                    what: format!(
                        "{what}; it was written by krm-parity {version}, and this is {own}"
                    ),
                }
            }
            (error, _) => error,
        }
    }
}
