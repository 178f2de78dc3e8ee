//! Adds elements to the lists of a YAML file, and removes them, without changing the rest of its
//! text.
//!
//! The user's text is kept byte for byte: order, comments, quotes, line ends. If the notation has
//! no place to insert at, the result is an error; nothing is reformatted.

mod append;
mod exchange;
mod item;
mod lines;
mod number;
mod written;

pub use append::append;
pub use exchange::{remove, replace};
pub use item::{EditError, Item, scalar};
pub use number::set_number;
pub use written::block;

#[cfg(test)]
mod tests;
