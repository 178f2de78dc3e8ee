//! From text to tree: the only module that uses the YAML and JSON parsers.
//!
//! A [`Tree`] keeps every scalar as written and every node's place in the text, in one vector in
//! document order, because pass-through must be byte-exact and messages must name lines. Input may
//! be hostile: size, depth, aliases and duplicate keys are bounded here, so that later stages need
//! no bounds.
//!
//! Plain scalars resolve as in the YAML reader of kustomize and kpt: `0644` is 420, `1_000` is
//! 1000, `yes` is a string.

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
