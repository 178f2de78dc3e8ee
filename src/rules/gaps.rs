//! Rules about what is not there to be compared.

pub(in crate::rules) mod build_failure;
pub(in crate::rules) mod missing_baseline;
pub(in crate::rules) mod missing_environment;

use std::collections::BTreeSet;

use super::own::Repository;
use crate::finding::{Compared, Finding, Place};
use crate::rules::past::Past;

/// What was not there to be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gaps {
    /// What has nothing to be compared with.
    pub baselines: Vec<Missing>,
    /// Environments that a service lacks.
    pub environments: Vec<Absent>,
    /// What could not be built.
    pub failures: Vec<Failure>,
    /// What looks like an overlay and was not judged.
    pub unjudged: Vec<Unjudged>,
    /// What environments have run before, as far as somebody could look.
    pub past: Past,
    /// Findings that no comparison shows, to be weighed with the rest.
    pub others: Vec<Finding>,
    /// How much of a repository was looked at; `None` for what one build holds.
    pub look: Option<Look>,
    /// The repository that what deploys names, where there is one.
    pub repository: Option<Repository>,
}

/// What should have been compared, and with what.
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
    /// What was looked at.
    pub input: Input,
}

impl Missing {
    pub(in crate::rules) fn compared(&self) -> Compared {
        let environment = self.environment.as_deref().unwrap_or_default();
        Compared::with_base(environment, &self.baseline)
    }
}

/// What was looked at, as far as nothing could be compared in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Resources and snapshots.
    Built,
    /// The files of a kustomize tree that nobody has built.
    Unbuilt,
    /// The directories of a repository, all built.
    Directories,
    /// Environments, none of which has the name of the baseline or is made of anything that has.
    Others,
    /// The directories of a package, of which no environment or no base could be told by its files.
    Untold,
    /// Directories that build, and come to no resource at all.
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
    /// Where it is told, if that is not the environment's own kustomization.
    pub place: Option<Place>,
    /// Whether it was rendered by somebody else, and only had to be read.
    pub is_rendered: bool,
    /// What the builder said.
    pub words: String,
}

/// Something that looks like an overlay and is not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    /// Its directory.
    pub directory: String,
    /// The service that it seems to belong to; empty where nobody can tell.
    pub service: String,
    /// What it would be called; empty where it speaks of several.
    pub environment: String,
    /// Why it is not judged.
    pub reason: Reason,
    /// Whether an environment is made of the same base, or a link names it, so that this is one too.
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
    /// Its name, or that of a directory above it, begins with a dot; so many others lie there too.
    Hidden(usize),
    /// It is a link that leads out of the repository.
    LeadsOut,
    /// It is a link to a directory above, which leads around in circles.
    LeadsUp,
    /// It is a link to nothing.
    LeadsNowhere,
    /// Its name is no text.
    NoText,
}

/// A pattern of the policy that no directory is like.
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

/// How much of a repository was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Services with their environments that were judged.
    pub seen: BTreeSet<(String, String)>,
    /// Services with their environments that are there and were not judged.
    pub unseen: BTreeSet<(String, String)>,
    /// Services with their environments that were judged without keys of Secrets.
    pub lacking: BTreeSet<(String, String)>,
    /// Whether the policy may hold for services that nobody has counted.
    pub is_part: bool,
    /// Patterns of directories in the policy that no directory is like, as far as all of them were looked at.
    pub unused: Vec<UnusedPattern>,
    /// Whether files were looked at, and not only what is built of them.
    pub has_files: bool,
}
