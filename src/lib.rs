//! krm-parity keeps the overlays of a kustomize base in parity with it.

pub mod catalog;
pub mod classify;
pub mod cli;
pub mod diff;
pub mod environments;
pub mod finding;
pub mod function;
pub mod identity;
pub mod krm;
pub mod pair;
pub mod path;
pub mod policy;
pub mod quantity;
pub mod report;
pub mod resource;
pub mod rules;
pub mod schema;
pub mod snapshot;
pub mod text;
pub mod yaml;
