//! The area of a layout: the directories that were asked for, and the whole around them.

use crate::path::Glob;
use crate::repo::join;

/// The area of a layout. All paths except `asked` are full ones, or all are empty.
#[derive(Clone, Copy, Debug)]
pub struct Site<'s> {
    /// The directories that were asked for, in the form of all paths.
    pub asked: &'s [String],
    /// The directory that all paths are relative to.
    pub here: &'s str,
    /// The directory in which every kustomization is read; kustomizations outside are known only as
    /// bases.
    pub whole: &'s str,
    /// The root of the repository; the paths below it name services.
    pub root: &'s str,
    /// The name of a service at that root.
    pub name: &'s str,
}

impl Site<'_> {
    /// A directory's path below the root; `None` if it is not read.
    #[must_use]
    pub fn place(&self, directory: &str) -> Option<String> {
        self.below(self.whole, directory)?;
        // A whole that spans several repositories is not below one root.
        let place = self.below(self.root, directory);
        place.or_else(|| self.below(self.whole, directory))
    }

    /// The paths of a directory that a pattern of the policy may mean: relative to the whole, and
    /// to the root.
    pub(super) fn spellings(&self, directory: &str) -> Vec<String> {
        let mut all = Vec::new();
        for outer in [self.whole, self.root] {
            if let Some(path) = self.below(outer, directory)
                && !all.contains(&path)
            {
                all.push(path);
            }
        }
        all
    }

    fn below(&self, outer: &str, directory: &str) -> Option<String> {
        let full = join(self.here, directory);
        let outer = join("", outer);
        if outer.is_empty() {
            return (!full.starts_with("..")).then_some(full);
        }
        let rest = full.strip_prefix(&outer)?;
        if rest.is_empty() {
            return Some(String::new());
        }
        rest.strip_prefix('/').map(str::to_owned)
    }

    /// Whether a directory is inside one that was asked for.
    #[must_use]
    pub fn is_asked(&self, directory: &str) -> bool {
        self.asked.iter().any(|outer| {
            outer.is_empty() && !directory.starts_with("..")
                || directory == outer
                || directory
                    .strip_prefix(outer.as_str())
                    .is_some_and(|rest| rest.starts_with('/'))
        })
    }

    /// Whether a path was asked for and is not ignored by the policy.
    pub(super) fn is_looked_at(&self, path: &str, ignore: &[Glob]) -> bool {
        self.is_asked(path) && self.place(path).is_some() && !self.is_ignored(path, ignore)
    }

    pub(super) fn is_ignored(&self, directory: &str, ignore: &[Glob]) -> bool {
        let spellings = self.spellings(directory);
        let mut ignore = ignore.iter();
        ignore.any(|glob| spellings.iter().any(|path| glob.matches(path)))
    }
}
