//! Fields: all that exist, the changes that are possible, and the class that docs/fields.md gives
//! them.

pub mod kinds;
pub mod mutate;
pub mod table;
