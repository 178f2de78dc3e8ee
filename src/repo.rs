//! The kustomizations of a repository as written: their entries, and where these lead.
//!
//! This module builds nothing; kustomize does. All paths are relative to one directory, lexically
//! normal, with `/`, and may begin with `../`.

pub mod fields;
mod files;
mod graph;
mod guard;
mod known;
mod kustomization;
mod loose;
mod ours;
mod own;
mod patched;
mod paths;
mod quotes;
mod references;
mod remote;
mod secrets;
mod unseen;

pub use fields::parse_kustomization;
pub use files::{Parsed, Sources, speaks_of_deployers};
pub use graph::{Edge, Graph, To};
pub use guard::is_guarded;
pub use kustomization::{Kustomization, NAMES};
pub use loose::holds_manifest;
pub use ours::Ours;
pub use own::{foreign, is_wiring, own_entries, runs_only_own, starts_only_own};
pub use patched::may_patch_secret;
pub use paths::{fold, is_inline, join, relative, split};
pub use references::Role;
pub use remote::{is_remote, is_remote_directory, without_password};
pub use secrets::{Secrets, redact, secrets};
pub use unseen::{PACKAGES, Unseen, Why};
