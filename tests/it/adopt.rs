//! `init`: the files that it writes, those that it leaves alone, and that only new findings fail after `init --adopt`.

mod corpus;
mod drift;
mod first;
mod overridden;
mod part;
mod prune;
mod repository;
mod returned;
mod values;
mod wired;
