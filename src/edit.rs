//! Adding to the lists and maps of a YAML file, and taking out of them, without touching the rest of its text.
//!
//! What a person has written stays as it is, byte for byte: order, comments,
//! quotes, line ends. Where a notation leaves no place to insert at, that is
//! said; nothing is written anew.

mod append;
mod exchange;
mod item;
mod lines;
mod number;
mod written;

pub use append::{append, insert};
pub use exchange::{remove, replace};
pub use item::{EditError, Item, scalar};
pub use number::set_number;
pub use written::block;

#[cfg(test)]
mod tests;
