//! Two environments, side by side: which resource was made from which, what differs, and what each difference is for.
//!
//! [`pair`] finds out which resources belong together, [`diff`] walks two of them,
//! [`identity`] cancels the changes that only make an overlay an environment, and [`classify`]
//! gives every other change its one class.

pub mod addresses;
pub mod classify;
pub mod comparison;
pub mod defaults;
pub mod diff;
mod elements;
pub mod guidance;
pub mod hidden;
pub mod identity;
mod operative;
pub mod pair;
pub mod scaled;
pub mod steps;
