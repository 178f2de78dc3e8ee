//! Why a text is no report that this program reads, and up to which bounds it is read at all.

use thiserror::Error;

use super::wire::API_VERSION;
use crate::text;

/// The largest report that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 20;

/// The deepest nesting that is read: that of the values in a finding, and room for the report around them.
pub(super) const MAX_DEPTH: usize = 300;

/// Why a text is no report that this program reads.
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
    /// It is no JSON, or has another shape.
    #[error("line {line}, column {column}: {what}")]
    Malformed {
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in bytes.
        column: usize,
        /// What is wrong.
        what: String,
    },
    /// It is something else.
    #[error("it is not a report of krm-parity, but {found}")]
    WrongKind {
        /// What it says it is.
        found: String,
    },
    /// It is of another version of the schema.
    #[error(
        "its apiVersion is {found}, and this version reads {API_VERSION}; use the same version of krm-parity for all reports"
    )]
    WrongVersion {
        /// The version that it names.
        found: String,
    },
    /// It holds a name that the catalogue does not.
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
    /// A path of it leads nowhere.
    #[error("{at}.field: {what}")]
    Path {
        /// The finding: `findings[0]`.
        at: String,
        /// Which path, and what is wrong with it.
        what: String,
    },
    /// It contradicts itself.
    #[error("{0}")]
    Inconsistent(String),
}

impl ReadError {
    /// Says which version wrote what this one cannot read, where that is another one.
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
