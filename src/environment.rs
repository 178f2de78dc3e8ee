//! Environments, whatever they come from: what an input holds, what they are called, and which are to be compared.

mod items;
mod names;
mod plan;

pub use items::{Contradiction, Fault, Items, Plan, plan, sort};
pub use names::Names;
pub use plan::{Environment, Given, Pair, Planned, absent, compare, environments, siblings};
