//! `init`: what it writes, what it leaves alone, and that after `init --adopt` only what is new fails.

mod corpus;
mod drift;
mod first;
mod overridden;
mod prune;
mod repository;
mod returned;
mod values;
mod wired;
