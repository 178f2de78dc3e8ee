//! The structural difference between two resources, as Kubernetes reads them.
//!
//! List elements are compared by their identity, not by their position,
//! unless Kubernetes acts on their order. No two changes have the same path. Three laws hold and are tested:
//! `diff(a, a)` is empty; `diff(b, a)` is `diff(a, b)` with the sides swapped;
//! every difference between the two trees is under exactly one change.
//!
//! `null` equals an absent field, `{}` does not. Quantities compare by value.
//! The hosts' own annotations are not part of a resource and never differ.

mod align;
mod arguments;
mod change;
mod elements;
mod keys;
mod likeness;
mod meaning;
mod places;
mod pod;
mod renamed;
mod scalar;
pub(super) mod secret;
mod walk;

pub use change::{By, Change, ChangeKind, Keys, Step};
pub use elements::{diff_elements, is_in_order};
pub use places::places;
pub use scalar::quantity;
pub use walk::{diff, diff_maps};
