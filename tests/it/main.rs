//! The tests from outside, as one program: one module per subject.
//!
//! It is linked once, and `cargo test --test it SUBJECT::` runs one subject. Its tests are threads
//! of one process and share its state: none of them changes the environment, the current directory,
//! the umask or a signal handler. A test that needs that starts a child process and changes it
//! there. The other program is `tests/hosts`: the function as kustomize, kubectl, kpt and a
//! container engine run it.

#[path = "../support/mod.rs"]
mod support;

mod edits;
mod fields;
mod lawbook;

mod adopt;
mod architecture;
mod audit;
mod blame;
mod cases;
mod check;
mod cli;
mod corpus;
mod docs;
mod documents;
mod drift;
mod engine;
mod escapes;
mod explain;
mod faces;
mod formats;
mod gitops;
mod hostile;
mod innocent;
mod laws;
mod messages;
mod msrv;
mod overlays;
mod package;
mod permissions;
mod published;
mod quantity;
mod recipes;
mod recorded;
mod release;
mod schema;
mod schema_deep_merge;
mod snapshot;
mod validate;
mod words;
