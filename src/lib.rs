//! krm-parity keeps the overlays of a kustomize base in parity with it.

pub mod catalog;
pub mod cli;
pub mod finding;
pub mod path;
pub mod policy;
pub mod report;
pub mod text;
