//! Fields: which there are, what may happen to them, and which class docs/fields.md gives them.

#![allow(dead_code, reason = "each test program uses a part of this")]

pub mod kinds;
pub mod mutate;
pub mod table;
