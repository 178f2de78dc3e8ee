//! Reports: what was found, for people and for programs.
//!
//! One file a format, each a pure function of the [`Report`](crate::finding::Report).
//! No renderer filters, counts or sorts by its own lights, so all formats say the same.

pub mod krm;
pub mod text;

#[cfg(test)]
mod fixture;
