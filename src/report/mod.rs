//! Reports: the findings for people and for programs.
//!
//! There is one file per format, each a pure function. No renderer filters, counts or sorts on its
//! own, so all formats agree.
//!
//! | of a [`Report`](crate::finding::Report), as a function | |
//! |---|---|
//! | [`text`] | one screen on stderr |
//! | [`krm`] | the `results` of a `ResourceList` |
//!
//! Those of a whole [`Survey`](crate::survey::Survey) are in [`survey`], where [`survey::Format`]
//! lists them.

mod advice;
pub mod fingerprint;
pub mod krm;
mod markup;
pub mod survey;
pub mod text;

#[cfg(test)]
mod fixture;
