//! One kustomization file, as written.

use super::paths::{fold, join, split};
use super::references::fields;
use super::remote::is_remote;
use crate::yaml::{Node, Tree};

/// The file names that kustomize looks for, in its order.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The path of an entry in the kustomization of a directory; `None` if it is elsewhere.
pub(super) fn resolve(here: &str, directory: &str, entry: &str) -> Option<String> {
    (!is_remote(entry)).then(|| fold(here, join(directory, entry)))
}

/// A kustomization file.
#[derive(Clone, Copy, Debug)]
pub struct Kustomization<'a> {
    /// The path of the file.
    pub file: &'a str,
    /// Its one document.
    pub root: Node<'a>,
    /// The real path of its directory if a link leads there; its entries are relative to that.
    pub real: &'a str,
    /// The full path of the directory that all paths are relative to, as in [`super::Sources::here`].
    pub here: &'a str,
}

impl<'a> Kustomization<'a> {
    /// A kustomization, if the file has one of its names.
    #[must_use]
    pub fn read(file: &'a str, tree: &'a Tree<'_>) -> Option<Self> {
        let root = tree.roots().find(|root| root.is_map())?;
        let real = split(file).0;
        Some(Self {
            file,
            root,
            real,
            here: "",
        })
    }

    /// Its directory; empty for the directory that all paths are relative to.
    #[must_use]
    pub fn directory(&self) -> &'a str {
        split(self.file).0
    }

    /// Whether it is a Component, which transforms what others load.
    #[must_use]
    pub fn is_component(&self) -> bool {
        fields(self.root, "kind").any(|kind| kind.as_str() == Some("Component"))
    }

    /// The strings of a list, as written.
    pub fn strings(&self, field: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let lists: Vec<Node<'a>> = fields(self.root, field).collect();
        lists
            .into_iter()
            .flat_map(Node::items)
            .filter(|item| item.is_scalar())
    }

    /// The entries that it loads: `resources`, and the older `bases`.
    pub fn loads(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.strings("resources").chain(self.strings("bases"))
    }

    /// The path of one of its entries; `None` if it is elsewhere.
    #[must_use]
    pub fn resolve(&self, entry: &str) -> Option<String> {
        resolve(self.here, self.real, entry)
    }

    /// Whether it only loads resources and does not change them, apart from functions.
    #[must_use]
    pub fn only_gathers(&self) -> bool {
        self.only_gathers_with(&[])
    }

    /// The same, with some more fields ignored.
    #[must_use]
    pub fn only_gathers_with(&self, more: &[&str]) -> bool {
        const GATHERING: [&str; 8] = [
            "apiVersion",
            "kind",
            "buildMetadata",
            "metadata",
            "resources",
            "bases",
            "transformers",
            "validators",
        ];
        self.root.entries().all(|(key, value)| {
            GATHERING.contains(&key.text())
                || more.contains(&key.text())
                || value.is_null()
                || (!value.is_scalar() && value.is_childless())
        })
    }
}
