//! Environments from any source: which ones an input contains, their names, and the comparisons
//! between them.

mod items;
mod names;
mod plan;

pub use items::{Contradiction, Fault, Items, Plan, plan, sort};
pub use names::Names;
pub use plan::{Environment, Given, Pair, Planned, absent, compare, environments, siblings};
