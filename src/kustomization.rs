//! The files of kustomizations, as written: what they name, and where.
//!
//! Nothing here builds anything; kustomize does. All paths are relative to one
//! directory, lexically normal, with `/`, and may begin with `../`.

mod own;
mod quotes;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};

use crate::yaml::{self, Node, Tree, YamlError};

pub use own::{is_wiring, runs_only_own};
pub use secrets::{Secrets, may_patch_secret, redact, secrets};

/// The names that kustomize looks for, in its order.
pub const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// The texts of files, by path.
#[derive(Debug, Default)]
pub struct Sources {
    texts: BTreeMap<String, String>,
    linked: BTreeSet<String>,
}

impl Sources {
    /// Adds a file.
    pub fn insert(&mut self, path: String, text: String) {
        self.texts.insert(path, text);
    }

    /// Notes a directory that a link leads to, from which `..` leads elsewhere than its path says.
    pub fn insert_linked(&mut self, directory: String) {
        self.linked.insert(directory);
    }

    /// Whether a link leads to a directory.
    #[must_use]
    pub fn is_linked(&self, directory: &str) -> bool {
        self.linked.contains(directory)
    }

    /// Whether a file is there.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.texts.contains_key(path)
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The path of a file, as long as the texts live, and its text.
    #[must_use]
    pub fn entry(&self, path: &str) -> Option<(&str, &str)> {
        let (path, text) = self.texts.get_key_value(path)?;
        Some((path, text))
    }

    /// Every file with its text, by path.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// Parses every file that is YAML; the others are left out, since kustomize itself has the last word on them.
    #[must_use]
    pub fn parse(&self) -> Parsed<'_> {
        let mut parsed = Parsed {
            sources: self,
            trees: BTreeMap::new(),
            unreadable: BTreeMap::new(),
        };
        for (path, text) in self.iter() {
            match yaml::parse_lax(text) {
                Ok(tree) => {
                    parsed.trees.insert(path, tree);
                }
                Err(error) => {
                    parsed.unreadable.insert(path, error);
                }
            }
        }
        parsed
    }
}

/// Files as trees.
pub struct Parsed<'t> {
    /// Their texts.
    pub sources: &'t Sources,
    trees: BTreeMap<&'t str, Tree<'t>>,
    /// Files that are no YAML, and why; many are not meant to be.
    pub unreadable: BTreeMap<&'t str, YamlError>,
}

impl<'t> Parsed<'t> {
    /// The tree of a file.
    #[must_use]
    pub fn tree(&self, path: &str) -> Option<&Tree<'t>> {
        self.trees.get(path)
    }

    /// The kustomization of a directory.
    #[must_use]
    pub fn kustomization(&self, directory: &str) -> Option<Kustomization<'_>> {
        NAMES.iter().find_map(|name| {
            let (file, tree) = self.trees.get_key_value(join(directory, name).as_str())?;
            Kustomization::read(file, tree)
        })
    }

    /// Whether everybody reads the same in a kustomization: one document, where no key stands twice.
    #[must_use]
    pub fn is_unambiguous(&self, kustomization: Kustomization<'_>) -> bool {
        let text = self.sources.text(kustomization.file).unwrap_or_default();
        yaml::parse(text).is_ok_and(|tree| tree.roots().count() == 1)
    }

    /// Every kustomization, by directory.
    pub fn kustomizations(&self) -> impl Iterator<Item = Kustomization<'_>> {
        self.trees
            .iter()
            .filter(|(file, _)| NAMES.contains(&split(file).1))
            .filter_map(|(file, tree)| Kustomization::read(file, tree))
    }
}

/// A kustomization file.
#[derive(Clone, Copy, Debug)]
pub struct Kustomization<'a> {
    /// The path of the file.
    pub file: &'a str,
    /// Its one document.
    pub root: Node<'a>,
}

impl<'a> Kustomization<'a> {
    /// Sees a kustomization in a file of that name.
    #[must_use]
    pub fn read(file: &'a str, tree: &'a Tree<'_>) -> Option<Self> {
        let root = tree.roots().find(|root| root.is_map())?;
        Some(Self { file, root })
    }

    /// Its directory; empty for the directory that all paths are relative to.
    #[must_use]
    pub fn directory(&self) -> &'a str {
        split(self.file).0
    }

    /// Whether it is a Component, which transforms what others load.
    #[must_use]
    pub fn is_component(&self) -> bool {
        self.root.str_at(&["kind"]) == Some("Component")
    }

    /// The strings of a list, as written.
    pub fn strings(&self, field: &str) -> impl Iterator<Item = Node<'a>> + use<'a> {
        self.root
            .get(field)
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
        (!is_remote(entry)).then(|| join(self.directory(), entry))
    }

    /// Whether it loads resources and changes nothing about them, unless a function does.
    #[must_use]
    pub fn only_gathers(&self) -> bool {
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
                || value.is_null()
                || (!value.is_scalar() && value.is_childless())
        })
    }

    /// Every local path that it names, of directories and of files.
    #[must_use]
    pub fn mentions(&self) -> Vec<String> {
        const LISTS: [&str; 9] = [
            "resources",
            "bases",
            "components",
            "patchesStrategicMerge",
            "generators",
            "transformers",
            "validators",
            "crds",
            "configurations",
        ];
        let mut found: Vec<&str> = LISTS
            .iter()
            .flat_map(|list| self.strings(list))
            .map(Node::text)
            .collect();
        for list in ["patches", "patchesJson6902", "replacements"] {
            let items = self.root.get(list).into_iter().flat_map(Node::items);
            found.extend(items.filter_map(|item| item.str_at(&["path"])));
        }
        for list in ["configMapGenerator", "secretGenerator"] {
            for item in self.root.get(list).into_iter().flat_map(Node::items) {
                for field in ["files", "envs"] {
                    let entries = item.get(field).into_iter().flat_map(Node::items);
                    found.extend(entries.filter_map(Node::as_str).map(|entry| {
                        // `key=path`, where the key is optional.
                        entry.split_once('=').map_or(entry, |(_, path)| path)
                    }));
                }
                found.extend(item.str_at(&["env"]));
            }
        }
        found
            .into_iter()
            .filter(|entry| !is_inline(entry))
            .filter_map(|entry| self.resolve(entry))
            .collect()
    }
}

/// Whether an entry of a list is no path, but the thing itself.
#[must_use]
pub fn is_inline(entry: &str) -> bool {
    entry.contains('\n') || entry.starts_with('{')
}

/// A path without its last part, and that part.
#[must_use]
pub fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// What an entry of a kustomization in a directory means, `.` and `..` worked out.
#[must_use]
pub fn join(directory: &str, entry: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in directory.split('/').chain(entry.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The way from one directory to a path, as a kustomization writes it.
#[must_use]
pub fn relative(from: &str, to: &str) -> String {
    let parts = |path: &'_ str| -> Vec<String> {
        path.split('/')
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (from, to) = (parts(from), parts(to));
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), from.len() - shared);
    let way: Vec<String> = up.chain(to[shared..].iter().cloned()).collect();
    if way.is_empty() {
        ".".to_owned()
    } else {
        way.join("/")
    }
}

/// Whether an entry names something that is not beside the kustomization: a URL, a repository, an absolute path.
#[must_use]
pub fn is_remote(entry: &str) -> bool {
    let host = entry.split('/').next().unwrap_or_default();
    entry.contains("://")
        || entry.contains("?ref=")
        || entry.starts_with('/')
        || entry.starts_with("git@")
        || entry.contains("//")
        || (host.contains('.') && !host.starts_with('.') && entry.matches('/').count() > 1 && {
            // github.com/owner/name, and not a file in a directory that is called `v1.2`.
            matches!(host, "github.com" | "gitlab.com" | "bitbucket.org")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_worked_out_lexically() {
        assert_eq!(join("overlays/dev", "../../base"), "base");
        assert_eq!(join("overlays/dev", "./../../base/"), "base");
        assert_eq!(join("", "../base"), "../base");
        assert_eq!(join("../a", "../../b"), "../../b");
        assert_eq!(join("base", "."), "base");
        assert_eq!(relative("overlays/dev", "base"), "../../base");
        assert_eq!(relative("", "base/x"), "base/x");
        assert_eq!(relative("a/b", "a/b"), ".");
        assert_eq!(relative("a/b", "a"), "..");
    }

    #[test]
    fn what_lies_elsewhere_is_told_from_what_is_here() {
        for entry in [
            "https://example.com/x.yaml",
            "github.com/owner/name/config",
            "git@github.com:owner/name.git",
            "ssh://git@example.com/x",
            "example.com/owner/name?ref=v1",
            "https://github.com/owner/name//deploy?ref=v1",
            "/etc/base",
        ] {
            assert!(is_remote(entry), "{entry}");
        }
        for entry in [
            "../base",
            "base",
            "v1.2/deployment.yaml",
            "./x.yaml",
            ".",
            "a.b/c/d.yaml",
        ] {
            assert!(!is_remote(entry), "{entry}");
        }
    }

    #[test]
    fn a_kustomization_names_its_files() {
        let mut sources = Sources::default();
        let text = "resources: [../../base, d.yaml]\ncomponents: [../c]\n\
                    patches: [{path: p.yaml}, {patch: 'x: 1'}]\npatchesStrategicMerge: [q.yaml, \"a: 1\\n\"]\n\
                    configMapGenerator: [{name: c, files: [k=f.txt, g.txt], envs: [e.env]}]\n";
        sources.insert(
            "overlays/dev/kustomization.yaml".to_owned(),
            text.to_owned(),
        );
        let parsed = sources.parse();
        let read = parsed.kustomization("overlays/dev").unwrap();
        assert_eq!(
            read.mentions(),
            [
                "base",
                "overlays/dev/d.yaml",
                "overlays/c",
                "overlays/dev/q.yaml",
                "overlays/dev/p.yaml",
                "overlays/dev/f.txt",
                "overlays/dev/g.txt",
                "overlays/dev/e.env"
            ]
        );
        assert!(!read.only_gathers() && !read.is_component());
        assert!(parsed.kustomization("overlays").is_none());
    }
}
