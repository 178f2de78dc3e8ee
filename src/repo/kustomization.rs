//! One kustomization file, as it is written.

use super::paths::{fold, join, split};
use super::references::fields;
use super::remote::is_remote;
use crate::yaml::{Node, Tree};

/// The names that kustomize looks for, in its order.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The path that an entry means to a kustomization in a directory; `None` for what lies elsewhere.
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
    /// Where its directory really lies, if a link leads there; what it names is relative to that.
    pub real: &'a str,
    /// The full path of the directory that all paths are relative to, as in [`super::Sources::here`].
    pub here: &'a str,
}

impl<'a> Kustomization<'a> {
    /// Sees a kustomization in a file of that name.
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

    /// What it loads: `resources`, and the older `bases`.
    pub fn loads(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.strings("resources").chain(self.strings("bases"))
    }

    /// The path that one of its entries means; `None` for what lies elsewhere.
    #[must_use]
    pub fn resolve(&self, entry: &str) -> Option<String> {
        resolve(self.here, self.real, entry)
    }

    /// Whether it loads resources and changes nothing about them, unless a function does.
    #[must_use]
    pub fn only_gathers(&self) -> bool {
        self.only_gathers_with(&[])
    }

    /// The same, where some more fields do not matter.
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
