//! Field paths: how a person, a policy and a result name one place in a resource.
//!
//! `spec.template.spec.containers[name=checkout].image` names a list element by
//! what it is, not by where it stands, because an overlay may have moved it.
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
//!   [="web"]                     the element of a set that is this value
//!   ["a.b/c"]                    a field whose name is not plain
//!   [flag=--metrics]             the flag among arguments; one that is there twice by its whole text
//!   [after=--port]               what follows that flag
//!   [base=1]                     what only the base has of a list without keys, by its index there
//!   [order=elements]             the order of a list of arguments
//! ```
//!
//! A key's value is plain when it consists of the characters of a field and of
//! `. / : @ + ~ %`. Everything else stands in double quotes, where `\"`, `\\`,
//! `\n`, `\r`, `\t` and `\uXXXX` (a surrogate pair beyond the basic plane) are the
//! escapes. Printing quotes whatever is not plain and escapes whatever could break
//! a line, so a printed path is always one line, and always parses back to itself.
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
