//! Faults of a functionConfig, with their places.
//!
//! A place stays a list of keys until the end, because it also becomes a line number, and because a
//! `ConfigMap` has the same keys in other places.

use crate::path::{Path, Segment};

/// The longest piece of foreign text that an error repeats, in characters.
pub(super) const MAX_QUOTED: usize = 60;

/// The reason why a functionConfig cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConfigError {
    /// Keys and list indices from the functionConfig down to the fault.
    ///
    /// [`open()`](super::open()), which has the text, turns them into a line number. The last ones
    /// may be absent from the text, if the fault is that they are missing.
    pub path: Vec<String>,
    /// One line with the place, the fault and the right form.
    pub message: String,
}

/// A fault at one place, before the place becomes text.
#[derive(Debug)]
pub(super) struct Fault {
    /// The place that the message names.
    pub at: Vec<String>,
    /// The faulty key below that place, if the message names it itself.
    pub key: Option<String>,
    /// The fault, and the right form.
    pub what: String,
}

impl Fault {
    pub fn new(at: &[&str], what: impl Into<String>) -> Self {
        Self {
            at: at.iter().map(|&key| key.to_owned()).collect(),
            key: None,
            what: what.into(),
        }
    }

    pub fn below(mut self, at: &[&str], index: usize) -> Self {
        let place = at.iter().map(|key| (*key).to_owned());
        self.at.splice(0..0, place.chain([index.to_string()]));
        self
    }

    /// The same fault, in one element of the list that it names.
    pub fn at_index(mut self, index: usize) -> Self {
        self.at.push(index.to_string());
        self
    }

    /// The same fault at the place of the key in a `ConfigMap`: flat, under `data`.
    pub fn in_config_map(mut self) -> Self {
        if self.at.first().is_some_and(|key| key == "spec") {
            "data".clone_into(&mut self.at[0]);
            self.at.truncate(2);
        }
        self
    }
}

impl From<Fault> for ConfigError {
    fn from(fault: Fault) -> Self {
        let segment = |key: &String| {
            key.parse()
                .map_or_else(|_| Segment::Field(key.clone().into()), Segment::Index)
        };
        let place = Path(fault.at.iter().map(segment).collect()).to_string();
        let message = if place.is_empty() {
            fault.what
        } else {
            format!("{place}: {}", fault.what)
        };
        let mut path = fault.at;
        path.extend(fault.key);
        Self { path, message }
    }
}
