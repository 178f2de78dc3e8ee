//! krm-parity finds differences between the environments of a kustomize base that should not exist.
//!
//! The stages, in the order in which data flows. A stage never calls an earlier one.
//!
//! | stage | modules | from → to |
//! |---|---|---|
//! | read | [`yaml`], [`krm`], [`policy`] | bytes → tree → resources; the functionConfig → a [`policy::Policy`] or a [`policy::Recorder`] |
//! | seal | [`snapshot`] | a base's resources → one item that travels with the build |
//! | pair | [`environment`], [`compare::pair`] | all items → the environments to compare → pairs of resources |
//! | diff | [`compare::diff`], with [`schema`] and [`quantity`] | two resources → [`compare::diff::Change`]s, as Kubernetes reads lists and quantities |
//! | classify | [`compare::identity`], [`compare::classify`] | a change → its one [`catalog::Class`], or nothing if the change only names the environment |
//! | judge | [`rules`], with [`catalog`] | classified changes and the policy → [`finding::Finding`]s |
//! | blame | [`blame`] and [`rules::files`], with [`engine`] and [`repo`] | a finding and the files of kustomizations → the line that caused it; the files themselves → findings |
//! | report | [`report`] | findings → results for kustomize and kpt, text for people |
//!
//! `check` does this for every environment of a repository, with more stages around it.
//!
//! | stage | modules | from → to |
//! |---|---|---|
//! | find | [`repo`], [`layout`] | files → services and their environments, which [`cli`] builds |
//! | judge | [`gate`] | builds → one [`survey::Survey`] of all services |
//! | trace | [`engine`], [`blame`], [`rules::files`] | a finding → the line that caused it; findings about the files themselves |
//! | report | [`report::survey`] | the survey → the formats that CI systems speak |
//! | adopt | [`adopt`], [`init`], [`edit`] | findings → exemptions; the first policy; lines inserted into files |
//!
//! [`function`] runs the first table and is pure; it also handles a [`package`] that was not built.
//! Only [`cli`] uses streams, files, the environment and exit codes.
//!
//! # The library
//!
//! Five names are for callers: [`Repository`], [`Policy`], [`check`], [`Report`] and [`Format`]. The modules are public for
//! the tests and benchmarks of this package, and may change with any version.
//!
//! ```
//! use jiff::civil::date;
//! use krm_parity::{Format, Policy, Repository, check};
//!
//! let files = [
//!     ("base/kustomization.yaml", "resources: [web.yaml]"),
//!     ("base/web.yaml", "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: ClusterIP}}"),
//!     ("overlays/dev/kustomization.yaml", "resources: [../../base]"),
//!     (
//!         "overlays/production/kustomization.yaml",
//!         "{resources: [../../base], patches: [{path: open.yaml}]}",
//!     ),
//!     (
//!         "overlays/production/open.yaml",
//!         "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {type: LoadBalancer}}",
//!     ),
//! ];
//! let repository: Repository = files.into_iter().collect();
//! let report = check(&repository, &Policy::default(), date(2026, 6, 15));
//! assert!(report.failed());
//! assert!(report.render(Format::Text).contains("spec.type"));
//! ```

// clippy.toml lists what is banned, and why. Tests and benchmarks are separate crates and are not affected.
#![warn(clippy::disallowed_methods, clippy::disallowed_macros)]

#[doc(hidden)]
pub mod adopt;
#[doc(hidden)]
pub mod api;
#[doc(hidden)]
pub mod audit;
#[doc(hidden)]
pub mod blame;
#[doc(hidden)]
pub mod catalog;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod compare;
#[doc(hidden)]
pub mod edit;
#[doc(hidden)]
pub mod engine;
#[doc(hidden)]
pub mod environment;
#[doc(hidden)]
pub mod finding;
#[doc(hidden)]
pub mod function;
#[doc(hidden)]
pub mod gate;
#[doc(hidden)]
pub mod init;
#[doc(hidden)]
pub mod krm;
#[doc(hidden)]
pub mod layout;
mod library;
#[doc(hidden)]
pub mod live;
#[doc(hidden)]
pub mod naming;
#[doc(hidden)]
pub mod package;
#[doc(hidden)]
pub mod path;
#[doc(hidden)]
pub mod policy;
#[doc(hidden)]
pub mod quantity;
#[doc(hidden)]
pub mod repo;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod resource;
#[doc(hidden)]
pub mod rules;
#[doc(hidden)]
pub mod schema;
#[doc(hidden)]
pub mod snapshot;
#[doc(hidden)]
pub mod survey;
#[doc(hidden)]
pub mod text;
#[doc(hidden)]
pub mod yaml;

pub use library::{Policy, Report, Repository, check};
pub use report::survey::Format;
