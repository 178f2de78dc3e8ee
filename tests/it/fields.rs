//! Fields: which there are, what may happen to them, and which class docs/fields.md gives them.

pub mod kinds;
pub mod mutate;
pub mod table;
