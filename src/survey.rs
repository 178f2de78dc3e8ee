//! Surveys: the result of a check of a whole repository, services × environments.

use crate::finding::{Finding, Report};

pub mod against;
pub mod matrix;
pub mod merge;

/// The outcome of one environment of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was built and judged.
    Judged,
    /// It could not be built; a finding under `build-failure` has the builder's message.
    Failed,
    /// The policy lists it and the service lacks it.
    Missing,
    /// It was left out on purpose, such as by `--since`.
    Skipped,
}

/// One environment of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// Its name: `production`.
    pub name: String,
    /// The directory or the file that it was made from, relative to the directory that was checked; empty for a missing one.
    pub directory: String,
    /// The outcome.
    pub state: State,
}

/// A base with its environments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name, unique in the survey.
    pub name: String,
    /// The directories or files of the base, relative to the directory that was checked, or URLs; none if no base is known.
    pub bases: Vec<String>,
    /// Its environments in promotion order.
    pub environments: Vec<Environment>,
}

/// The part of a check that a survey is, if the check was split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 1 to [`Self::count`].
    pub index: usize,
    /// How many there are.
    pub count: usize,
    /// The digest of the whole, as hexadecimal digits: shards of one check have the same.
    pub of: String,
}

/// The earlier report that a survey was compared with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Against {
    /// The name that people use for it: `main (0123456789ab)`, `report.json`.
    pub name: String,
    /// The findings that existed before and still exist, in the order of output.
    pub known: Vec<Finding>,
    /// The findings that existed before and are gone, in the order of output.
    pub fixed: Vec<Finding>,
}

/// The result of a check of a repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// The part that was checked; `None` for all of it.
    pub shard: Option<Shard>,
    /// The services that were checked, sorted by name.
    pub services: Vec<Service>,
    /// The findings of all services; each names its own.
    pub report: Report,
    /// The earlier report that it was compared with, if any; then the report has only the new findings.
    pub against: Option<Against>,
    /// The facts that a reader needs to trust the rest, one per line: the parts that were left out, and why.
    pub notes: Vec<String>,
    /// Commands that help the author of a first run with errors, each with its effect; empty for machines.
    pub next: Vec<Step>,
}

/// A command that helps, and its effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The command to type: `krm-parity explain image`.
    pub command: String,
    /// Its effect, as the rest of a sentence: `says what the rule wants, and why`.
    pub does: String,
}
