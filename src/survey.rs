//! Surveys: what a look at a whole repository has to say, services × environments.

use crate::finding::{Finding, Report};

pub mod against;
pub mod matrix;
pub mod merge;

/// What became of one environment of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was built and judged.
    Judged,
    /// It could not be built; a finding under `build-failure` has the builder's words.
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
    /// What became of it.
    pub state: State,
}

/// A base with its environments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// Its name, unique in the survey.
    pub name: String,
    /// The directories or files of the base, relative to the directory that was checked, or URLs; none where no base is known.
    pub bases: Vec<String>,
    /// Its environments in promotion order.
    pub environments: Vec<Environment>,
}

/// Which part of a check a survey is, where the check was split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which one, from 1 to [`Self::count`].
    pub index: usize,
    /// How many there are.
    pub count: usize,
    /// What was split, as hexadecimal digits: shards agree in it where they are of one check.
    pub of: String,
}

/// What a survey was held against.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Against {
    /// What a person calls it: `main (0123456789ab)`, `report.json`.
    pub name: String,
    /// What is there and was there before, in the order of output.
    pub known: Vec<Finding>,
    /// What was there before and is not there any more, in the order of output.
    pub fixed: Vec<Finding>,
}

/// Everything that a look at a repository has to say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Survey {
    /// The part that was looked at; `None` for all of it.
    pub shard: Option<Shard>,
    /// What was looked at, sorted by name.
    pub services: Vec<Service>,
    /// What was found, over all services; findings name theirs.
    pub report: Report,
    /// What it was held against, where it was; then the report has what is new, and no more.
    pub against: Option<Against>,
    /// What a reader must know to trust the rest, a line each: what was left out, and why.
    pub notes: Vec<String>,
    /// What helps somebody whose first run is red, a command and what it does; nothing for machines.
    pub next: Vec<Step>,
}

/// A command that helps, and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What to type: `krm-parity explain image`.
    pub command: String,
    /// What comes of it, as the rest of a sentence: `says what the rule wants, and why`.
    pub does: String,
}
