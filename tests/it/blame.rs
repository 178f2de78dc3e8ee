//! Every finding points at the line that caused it: that very place is edited or removed, and the finding goes or changes.
//!
//! Overlays are made at random, of layers, components and every way to write an edit down, and the overlays of
//! the corpus are taken as they are. Real kustomize builds each as it is and with one place edited.

mod generated;
mod judged;
pub mod mutate;
mod real;
mod write;
