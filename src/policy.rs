//! The functionConfig: the settings of a policy or a recorder, checked before anything else runs.
//!
//! Reading has two steps. The types of [`wire`] define the format, and the published schema is
//! generated from them; [`read()`] turns them into plain structs in which every name is known and
//! every default is filled in. A fault costs one line that names the place and the nearest right
//! word: only then is the schema built, so that a valid policy costs microseconds.

mod class_set;
mod config;
mod explain;
mod fault;
mod indexed;
mod layout;
mod managers;
mod name;
mod nearest;
mod open;
mod permits;
pub mod publish;
mod read;
mod services;
mod settings;
pub mod wire;

pub use class_set::ClassSet;
pub use config::{BASE, Config, Policy, Recorder};
pub use fault::ConfigError;
pub use indexed::{About, Entry, Indexed};
pub use layout::{Captured, Layout, OverlayPattern};
pub use managers::{Group, Managers};
pub use name::MAX_NAME;
pub use nearest::nearest;
pub use open::{OpenError, ParseError, open, parse};
pub use permits::{AllowedField, Exemption, Extent, Held, Target};
pub use read::read;
pub use services::ServiceEnvironments;
pub use settings::RuleSetting;
pub use wire::{Emit, IdentityMode, Mode, schema};

#[cfg(test)]
mod tests;
