//! The structural difference of two resources, as Kubernetes reads them.
//!
//! Lists are compared by what their elements are, not by where they stand,
//! unless Kubernetes acts on their order. No two changes have one path. Three laws hold and are tested:
//! `diff(a, a)` is empty; `diff(b, a)` is `diff(a, b)` with the sides swapped;
//! every difference of the two trees lies under exactly one change.
//!
//! `null` equals an absent field, `{}` does not. Quantities compare by value.
//! The hosts' own annotations are no part of a resource and never differ.

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
