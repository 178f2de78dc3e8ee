//! Every finding points at the line that caused it: if exactly that place is edited or removed, the
//! finding goes or changes.
//!
//! Overlays are made at random, with layers, components and all forms of an edit; the overlays of
//! the corpus are used unchanged. Real kustomize builds each overlay unchanged and with one place
//! edited.

mod generated;
mod judged;
pub mod mutate;
mod real;
mod write;
