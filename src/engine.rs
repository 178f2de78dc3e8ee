//! The built-in engine: builds kustomizations as kustomize does, without kustomize.
//!
//! It replays kustomize's transformations in the same order. Every value carries the
//! place that wrote it, so that `blame` can name the line that set a field, and
//! `package` can judge a tree that was not built.

mod absorb;
mod accumulate;
mod apply;
mod built;
mod configured;
mod copied;
mod copies;
mod definitions;
mod emit;
mod everything;
mod fieldpath;
mod finish;
#[cfg(test)]
pub(crate) mod fixture;
mod generate;
mod hash;
mod images;
pub(crate) mod item;
mod kinds;
mod labels;
mod look;
mod merge;
mod notes;
mod noting;
mod operations;
mod order;
mod origin;
mod patch;
pub(crate) mod piece;
mod places;
mod reach;
mod references;
mod replace;
mod scalar;
mod steps;
mod text;
mod transform;
mod unknown;
mod value;
mod variables;
pub(crate) mod walk;
mod written;

use crate::repo::{Parsed, split};

use item::Item;
use walk::Walk;

pub use built::Built;
pub use copied::Copies;
pub(crate) use kinds::is_cluster_wide;
pub(crate) use look::is_ambiguous;
pub use unknown::{Reason, Unknown};
pub use walk::Form;

/// The build of some directories, with the place that wrote each value.
pub struct Replay<'t> {
    pub(crate) walk: Walk<'t>,
    pub(crate) items: Vec<Item>,
    /// The directory to build.
    pub(crate) directory: String,
    pub(crate) is_overlay: bool,
}

impl<'t> Replay<'t> {
    /// Replays an overlay; `bases` are the directories whose resources are the base's.
    #[must_use]
    pub fn overlay(parsed: &'t Parsed<'t>, directory: &str, bases: &'t [String]) -> Self {
        let (base, shared) = accumulate::base(parsed, bases);
        let mut walk = Walk::new(parsed, bases, base, shared);
        let mut items = Vec::new();
        walk.accumulate(directory, &mut items);
        Self {
            walk,
            items,
            directory: directory.to_owned(),
            is_overlay: true,
        }
    }

    /// Reads a single file, as if a kustomization loaded it.
    #[must_use]
    pub fn file(parsed: &'t Parsed<'t>, path: &str) -> Self {
        let mut walk = Walk::bare(parsed);
        let items = walk.file(path);
        Self {
            walk,
            items,
            directory: split(path).0.to_owned(),
            is_overlay: false,
        }
    }

    /// Replays the directories of a base.
    #[must_use]
    pub fn base(parsed: &'t Parsed<'t>, directories: &[String]) -> Self {
        let mut walk = Walk::bare(parsed);
        let items = walk.together(directories);
        Self {
            walk,
            items,
            directory: directories.first().cloned().unwrap_or_default(),
            is_overlay: false,
        }
    }
}

#[cfg(test)]
mod tests;
