//! Every finding points at the line that caused it: that very place is edited or removed, and the finding goes or changes.
//!
//! Overlays are made at random, of layers, components and every way to write an edit down, and the overlays of
//! the corpus are taken as they are. Real kustomize builds each as it is and with one place edited.

#[path = "overlays/edit.rs"]
mod edit;
mod edits;
mod fields;
mod support;

#[path = "blame/generated.rs"]
mod generated;
#[path = "blame/judged.rs"]
mod judged;
#[path = "blame/mutate.rs"]
mod mutate;
#[path = "blame/real.rs"]
mod real;
#[path = "blame/write.rs"]
mod write;
