//! Text to tree: the only place that knows the YAML and JSON parsers.
//!
//! A [`Tree`] keeps every scalar as it was written and every node's place in
//! the text, in one vector in document order, because pass-through has to be
//! exact to the byte and messages have to name lines. Input is hostile: size,
//! depth, aliases and duplicate keys are bounded here, so that no later stage
//! has to.
//!
//! Plain scalars resolve as the YAML reader of kustomize and kpt resolves
//! them: `0644` is 420, `1_000` is 1000, `yes` is a string.

mod bounds;
mod breaks;
mod json;
mod kind;
mod number;
mod parse;
mod tree;

pub use bounds::{MAX_ALIAS_NODES, MAX_BYTES, MAX_DEPTH, YamlError};
pub use json::parse_lines as parse_json_lines;
pub use kind::{Kind, Style};
pub use number::{Number, resolve_plain};
pub use parse::{parse, parse_bytes, parse_lax};
pub use tree::{Node, Tree};
