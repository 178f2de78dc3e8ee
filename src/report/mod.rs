//! Reports: what was found, for people and for programs.
//!
//! One file a format, each a pure function. No renderer filters, counts or sorts
//! by its own lights, so all formats say the same.
//!
//! | of a [`Report`](crate::finding::Report), as a function | |
//! |---|---|
//! | [`text`] | one screen on stderr |
//! | [`krm`] | the `results` of a `ResourceList` |
//!
//! Those of a whole [`Survey`](crate::survey::Survey) stand in [`survey`], where
//! [`survey::Format`] lists them.

mod advice;
pub mod fingerprint;
pub mod krm;
mod markup;
pub mod survey;
pub mod text;

#[cfg(test)]
mod fixture;
