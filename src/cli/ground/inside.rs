//! What is inside of the directories of a run, and which of them are only a part.

use std::path::{Path, PathBuf};

use super::{Ground, full};
use crate::cli::tree;
use crate::layout::{Layout, Overlay};

impl Ground {
    /// Whether a file is below one of the directories.
    pub(in crate::cli) fn holds(&self, file: &Path) -> bool {
        let file = full(file);
        let mut directories = self.directories.iter();
        directories.any(|directory| file.starts_with(self.root.join(directory)))
    }

    /// Whether a file is below one of the directories, or in a repository of theirs.
    pub(in crate::cli) fn owns(&self, file: &Path) -> bool {
        let mut directories = self.directories.iter().map(|one| self.root.join(one));
        let is_in_repository = |directory: PathBuf| {
            tree::repository(&directory).is_some_and(|top| full(file).starts_with(top))
        };
        self.holds(file) || directories.any(is_in_repository)
    }

    /// The directory to which a first policy applies: the first directory, or the whole if that
    /// directory is only a part of a service.
    ///
    /// A policy covers only what is below its directory, so one in an overlay would not know the
    /// other environments.
    pub(in crate::cli) fn home(&self, layout: &Layout) -> PathBuf {
        let is_part = |overlay: &Overlay| {
            let directory = full(&self.root.join(&overlay.directory));
            !directory.starts_with(&self.first) || self.first.starts_with(&directory)
        };
        let mut asked = layout.services.iter().filter(|one| one.is_asked());
        if asked.any(|service| service.overlays.iter().any(is_part)) {
            PathBuf::from(&self.whole.directory)
        } else {
            self.first.clone()
        }
    }
}
