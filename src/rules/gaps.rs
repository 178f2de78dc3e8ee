//! Rules about everything that could not be compared because it is missing.

pub(in crate::rules) mod build_failure;
pub(in crate::rules) mod missing_baseline;
pub(in crate::rules) mod missing_environment;

use std::collections::BTreeSet;

use super::own::Repository;
use crate::finding::{Compared, Finding, Place};
use crate::rules::past::Past;

/// Everything that could not be compared because it is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gaps {
    /// Environments without a baseline to compare them with.
    pub baselines: Vec<Missing>,
    /// Environments that a service lacks.
    pub environments: Vec<Absent>,
    /// The directories that could not be built.
    pub failures: Vec<Failure>,
    /// Directories that look like overlays and were not judged.
    pub unjudged: Vec<Unjudged>,
    /// The overlays that are loaded for an environment of another name.
    pub gathered: Vec<Gathered>,
    /// The images that environments ran before, as far as the history is known.
    pub past: Past,
    /// Findings that no comparison shows, to be weighed with the rest.
    pub others: Vec<Finding>,
    /// How much of a repository was checked; `None` for a single build.
    pub look: Option<Look>,
    /// The repository that the deployer's objects name, if there is one.
    pub repository: Option<Repository>,
}

/// A comparison that was not possible, and its missing side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The service; `None` where it is not known.
    pub service: Option<String>,
    /// The environment that was to be judged; `None` where it is not known.
    pub environment: Option<String>,
    /// The environment that is missing.
    pub baseline: String,
    /// The environments that are there instead.
    pub present: Vec<String>,
    /// How many live resources there are.
    pub resources: usize,
    /// The kind of input.
    pub input: Input,
}

impl Missing {
    pub(in crate::rules) fn compared(&self) -> Compared {
        let environment = self.environment.as_deref().unwrap_or_default();
        Compared::with_base(environment, &self.baseline)
    }
}

/// The input in which nothing could be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Resources and snapshots.
    Built,
    /// The files of a kustomize tree that was not built.
    Unbuilt,
    /// The directories of a repository, all built.
    Directories,
    /// Environments, none of which has the name of the baseline or is made of one that has it.
    Others,
    /// The directories of a package whose files show no environment or no base.
    Untold,
    /// Directories that build, but to no resource at all.
    Nothing,
}

/// An environment that a service lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The service.
    pub service: String,
    /// The environment that is not there.
    pub environment: String,
    /// The environments that are there.
    pub present: Vec<String>,
    /// The environments that it should have and has.
    pub kept: Vec<String>,
}

/// A directory that could not be built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The service.
    pub service: String,
    /// The environment.
    pub environment: String,
    /// The directory.
    pub directory: String,
    /// Whether it is the environment's base, and not the environment.
    pub is_base: bool,
    /// The place that refers to it, if that is not the environment's own kustomization.
    pub place: Option<Place>,
    /// Whether it was rendered elsewhere, and only had to be read.
    pub is_rendered: bool,
    /// The builder's message.
    pub words: String,
}

/// Something that looks like an overlay and is not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// Its directory.
    pub directory: String,
    /// The service that it seems to belong to; empty if that is unknown.
    pub service: String,
    /// The name that it would have; empty if it names several.
    pub environment: String,
    /// Why it is not judged.
    pub reason: Reason,
    /// Whether an environment is made of the same base, or a link names it, so that this is an environment too.
    pub is_environment: bool,
    /// Where it is, as far as that was looked up.
    pub place: Option<Place>,
}

/// Why something that looks like an overlay is not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The overlays of these names share a base, and none of them says that it is an environment.
    Variants(Vec<String>),
    /// It is made of these directories, and nothing says which environment it is.
    Composed(Vec<String>),
    /// No pattern of `spec.layout` names it.
    Unmatched,
    /// It has no base, and holds what this service holds.
    Alone(String),
    /// Its name, or that of a directory above it, begins with a dot; so many others are there too.
    Hidden(usize),
    /// It has manifests, such as this file, but no kustomization.
    Bare(String),
    /// It is a link to a place outside of the repository.
    LeadsOut,
    /// It is a link to a directory above itself, and so a loop.
    LeadsUp,
    /// It is a link to nothing.
    LeadsNowhere,
    /// Its name is not UTF-8.
    NoText,
}

/// An overlay that a kustomization loads for an environment of another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// The directory of the kustomization.
    pub directory: String,
    /// The service of the overlay; empty if it is not judged.
    pub service: String,
    /// The environment that should have been loaded.
    pub environment: String,
    /// The directory of the overlay.
    pub loaded: String,
    /// The directory of the overlay that should have been loaded.
    pub right: String,
    /// The entry that loads it.
    pub place: Place,
}

/// A pattern of the policy that matches no directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedPattern {
    /// The list that it is in.
    pub list: Patterns,
    /// Its number there, from 0.
    pub index: usize,
    /// The directory that it may have meant.
    pub near: Option<String>,
}

/// The lists of a policy that hold patterns of directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patterns {
    /// `spec.layout.overlays`.
    Overlays,
    /// `spec.layout.ignore`.
    Ignore,
}

/// How much of a repository was checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Services with their environments that were judged.
    pub seen: BTreeSet<(String, String)>,
    /// Services with their environments that exist and were not judged.
    pub unseen: BTreeSet<(String, String)>,
    /// Services with their environments that were judged without keys of Secrets.
    pub lacking: BTreeSet<(String, String)>,
    /// Whether the policy may apply to services that this check does not know.
    pub is_part: bool,
    /// Patterns in the policy that match no directory, as far as all directories were read.
    pub unused: Vec<UnusedPattern>,
    /// Whether files were checked, and not only the resources that they build.
    pub has_files: bool,
}
