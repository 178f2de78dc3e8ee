//! krm-parity keeps the overlays of a kustomize base in parity with it.
//!
//! A tour, in the order in which data flows. A stage never calls an earlier one.
//!
//! | stage | modules | from → to |
//! |---|---|---|
//! | read | [`yaml`], [`krm`], [`policy`] | bytes → tree → resources; the functionConfig → a [`policy::Policy`] or a [`policy::Recorder`] |
//! | seal | [`snapshot`] | a base's resources → one item that travels with the build |
//! | pair | [`environments`], [`compare::pair`] | all items → which environments to compare → which resource was made of which |
//! | diff | [`compare::diff`], with [`schema`] and [`quantity`] | two resources → [`compare::diff::Change`]s, as Kubernetes reads lists and quantities |
//! | classify | [`compare::identity`], [`compare::classify`] | a change → nothing, where it only makes an environment, or its one [`catalog::Class`] |
//! | judge | [`rules`], with [`catalog`] | classified changes and the policy → [`finding::Finding`]s |
//! | blame | [`blame`] and [`rules::files`], with [`engine`] and [`repo`] | a finding and the files of kustomizations → the line that caused it; the files themselves → findings |
//! | report | [`report`] | findings → results for hosts, text for people |
//!
//! Over a repository, `check` does the same many times, with more around it.
//!
//! | stage | modules | from → to |
//! |---|---|---|
//! | find | [`repo`], [`layout`] | files → services and their environments, which [`cli`] builds |
//! | judge | [`gate`] | what was built → one [`survey::Survey`] of all services |
//! | trace | [`engine`], [`blame`], [`rules::files`] | a finding → the line that caused it; what the files alone show |
//! | report | [`report::survey`] | the survey → the formats that CI systems speak |
//! | adopt | [`adopt`], [`init`], [`edit`] | findings → exemptions; the first policy; lines inserted into files |
//!
//! [`function`] strings the first together and stays pure, also for a [`package`] that nobody has built; [`cli`] alone touches
//! streams, files, the environment and exit codes.
//!
//! ```
//! use krm_parity::resource::Resource;
//! use krm_parity::{function, snapshot, yaml};
//! use serde_json::json;
//!
//! let web = |replicas: u32, period: u32| json!({
//!     "apiVersion": "apps/v1",
//!     "kind": "Deployment",
//!     "metadata": {"name": "web"},
//!     "spec": {"replicas": replicas, "template": {"spec": {"containers": [
//!         {"name": "web", "image": "web:1", "livenessProbe": {"periodSeconds": period}},
//!     ]}}},
//! }).to_string();
//!
//! // A base is sealed into one item that travels with the build.
//! let text = web(1, 10);
//! let tree = yaml::parse(&text)?;
//! let base: Vec<_> = tree.roots().filter_map(Resource::read).collect();
//! let snapshot = snapshot::seal("shop", "base", &base).to_json();
//!
//! // Beside it stands an overlay with more replicas, which it may, and a slower probe, which it may not.
//! let list = format!(
//!     r#"{{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": [{}, {snapshot}]}}"#,
//!     web(3, 60),
//! );
//! let answer = function::run(list.as_bytes(), jiff::civil::date(2026, 6, 15))?;
//! assert!(answer.report.failed);
//! let [finding] = answer.report.findings.as_slice() else { panic!("there is one finding") };
//! assert_eq!(finding.rule, "health-checks");
//! assert!(finding.message.contains("livenessProbe.periodSeconds is 60"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

// clippy.toml says what is banned, and why. Tests and benchmarks are crates of their own and may.
#![warn(clippy::disallowed_methods, clippy::disallowed_macros)]

pub mod adopt;
pub mod api;
pub mod blame;
pub mod catalog;
pub mod cli;
pub mod compare;
pub mod edit;
pub mod engine;
pub mod environments;
pub mod finding;
pub mod function;
pub mod gate;
pub mod init;
pub mod krm;
pub mod layout;
pub mod package;
pub mod path;
pub mod policy;
pub mod quantity;
pub mod repo;
pub mod report;
pub mod resource;
pub mod rules;
pub mod schema;
pub mod snapshot;
pub mod survey;
pub mod text;
pub mod yaml;
