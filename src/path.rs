//! Field paths: the notation for one place in a resource, for people, policies and results.
//!
//! `spec.template.spec.containers[name=checkout].image` names a list element by its key rather than
//! its position, because an overlay may have moved it.
//!
//! # Grammar
//!
//! ```text
//! path    = [ first { "." field | "[" … "]" } ]     nothing at all is the whole resource
//! first   = field | "[" … "]"
//! field   = 1*( letter | digit | "_" | "-" | "$" )  ASCII only
//! "[" … "]":
//!   [3]                          the element at index 3, from 0
//!   [name=web]                   the element whose key has that value
//!   [containerPort=80,protocol=TCP]
//!   [="web"]                     the element of a set with this value
//!   ["a.b/c"]                    a field whose name is not plain
//!   [flag=--metrics]             the flag among arguments; a repeated one by its whole text
//!   [after=--port]               the value after that flag
//!   [base=1]                     an element that only the base has, by its index there
//!   [order=elements]             the order of a list of arguments
//! ```
//!
//! A key's value is plain if it consists of the characters of a field and of `. / : @ + ~ %`.
//! Everything else is in double quotes, with the escapes `\"`, `\\`, `
//! `, `\r`, `\t` and `\uXXXX` (a surrogate pair beyond the basic plane). Printing quotes every word
//! that is not plain and escapes every character that could break a line, so a printed path is
//! always one line, and always parses back to itself.
//!
//! `*` and `?` are never plain: they are kept for patterns.

pub mod argument;
mod field;
pub mod fitting;
mod index;
mod one;
mod overlap;
mod pattern;

pub use field::FieldPath;
pub use index::{Demand, Index};
pub use one::{Path, PathError, Segment};
pub use overlap::overlap;
pub use pattern::{Glob, Pattern, Spot};
