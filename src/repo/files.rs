//! The files of kustomizations, as texts and as trees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::fields;
use super::graph::{Edge, Graph, To};
use super::kustomization::{Kustomization, NAMES};
use super::paths::{join, split};
use super::references::Role;
use super::unseen::Unseen;
use crate::yaml::{self, Node, Tree, YamlError};

/// The texts of files, by path.
#[derive(Debug, Default)]
pub struct Sources {
    /// The full path of the directory that all paths are relative to; empty where nothing lies above it.
    pub here: String,
    /// Whether whoever builds lets kustomizations load what lies outside of their directory.
    pub is_unrestricted: bool,
    texts: BTreeMap<String, String>,
    linked: BTreeMap<String, String>,
    linked_files: BTreeMap<String, String>,
    unread: BTreeMap<String, String>,
    not_files: BTreeMap<String, String>,
    others: BTreeMap<String, Option<Vec<u8>>>,
    links: BTreeMap<String, String>,
    unseen: Vec<Unseen>,
    beside: BTreeSet<String>,
    directories: BTreeMap<String, bool>,
    addresses: Vec<String>,
}

impl Sources {
    /// Adds a file.
    pub fn insert(&mut self, path: String, text: String) {
        self.texts.insert(path, text);
    }

    /// Adds a file that no kustomization names, since it says what is deployed.
    pub fn insert_beside(&mut self, path: String, text: String) {
        self.beside.insert(path.clone());
        self.insert(path, text);
    }

    /// The files that no kustomization names, and that say what is deployed.
    pub fn beside(&self) -> impl Iterator<Item = &str> {
        self.beside.iter().map(String::as_str)
    }

    /// Notes where else the repository is, as its remotes say.
    pub fn insert_addresses(&mut self, addresses: Vec<String>) {
        self.addresses = addresses;
    }

    /// Where else the repository is; nothing where nobody has asked or nobody knows.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// Whether any file speaks of what Argo CD or Flux deploys.
    #[must_use]
    pub fn may_deploy(&self) -> bool {
        self.texts.values().any(|text| speaks_of_deployers(text))
    }

    /// Notes a directory that was looked into, and whether anything lies in it that could be deployed.
    pub fn insert_directory(&mut self, path: String, is_of_use: bool) {
        self.directories.insert(path, is_of_use);
    }

    /// Every directory that was looked into, with whether anything lies in it that could be deployed; what is hidden
    /// was not looked into.
    #[must_use]
    pub const fn directories(&self) -> &BTreeMap<String, bool> {
        &self.directories
    }

    /// Notes a directory that a link leads to, and where it really lies: from there `..` leads on.
    pub fn insert_linked(&mut self, directory: String, real: String) {
        self.linked.insert(directory, real);
    }

    /// Notes a file that a link is on the way to, and where it really lies.
    pub fn insert_linked_file(&mut self, path: String, real: String) {
        self.linked_files.insert(path, real);
    }

    /// Where a file really lies, if a link is on the way; else its own path.
    #[must_use]
    pub fn real_file<'s>(&'s self, path: &'s str) -> &'s str {
        self.linked_files.get(path).map_or(path, String::as_str)
    }

    /// Notes a kustomization file, or a directory that may hold some, that cannot be read, and why.
    pub fn insert_unread(&mut self, path: String, reason: String) {
        self.unread.insert(path, reason);
    }

    /// Notes what stands in the place of a file and could keep its reader waiting for ever, such as a pipe.
    pub fn insert_not_file(&mut self, path: String, reason: String) {
        self.not_files.insert(path, reason);
    }

    /// Adds a file that is no text; without its bytes where there are too many of them.
    pub fn insert_other(&mut self, path: String, bytes: Option<Vec<u8>>) {
        self.others.insert(path, bytes);
    }

    /// The path of a file that is no text, and its bytes, unless there are too many of them.
    #[must_use]
    pub fn other(&self, path: &str) -> Option<(&str, Option<&[u8]>)> {
        let (path, bytes) = self.others.get_key_value(path)?;
        Some((path, bytes.as_deref()))
    }

    /// Notes a link to a directory that the walk met, whether it was followed or not, and where it leads.
    pub fn insert_link(&mut self, link: String, to: String) {
        self.links.insert(link, to);
    }

    /// Notes what was not looked into.
    pub fn insert_unseen(&mut self, unseen: Unseen) {
        self.unseen.push(unseen);
    }

    /// Every link to a directory that the walk met, and where it leads.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links
            .iter()
            .map(|(link, to)| (link.as_str(), to.as_str()))
    }

    /// What was not looked into, in the order of its paths where the walk is over.
    #[must_use]
    pub fn unseen(&self) -> &[Unseen] {
        &self.unseen
    }

    /// Brings what was found in the order of a file system into the order of paths.
    pub fn sort(&mut self) {
        self.unseen.sort();
        self.unseen.dedup();
    }

    /// Whether a file or a directory is there that cannot be read.
    #[must_use]
    pub fn is_unread(&self, path: &str) -> bool {
        self.unread.contains_key(path)
    }

    /// Whether a link leads to a directory.
    #[must_use]
    pub fn is_linked(&self, directory: &str) -> bool {
        self.linked.contains_key(directory)
    }

    /// Where a directory really lies, if a link leads there; else the directory itself.
    #[must_use]
    pub fn real<'s>(&'s self, directory: &'s str) -> &'s str {
        self.linked.get(directory).map_or(directory, String::as_str)
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
            doubled: BTreeSet::new(),
            unreadable: BTreeMap::new(),
            graph: OnceLock::new(),
        };
        let told = |message: &str| YamlError {
            line: 1,
            column: 1,
            message: message.to_owned(),
        };
        for (path, text) in self.iter() {
            let strict = yaml::parse(text);
            let is_strict = strict.is_ok();
            match strict.or_else(|_| yaml::parse_lax(text)) {
                Ok(mut tree) => {
                    let is_kustomization = NAMES.contains(&split(path).1);
                    // kustomize takes the last one of several keys, which may all say the same.
                    let may_be_twice =
                        || is_kustomization && !tree.roots().any(fields::contradicts);
                    if !is_strict && !may_be_twice() {
                        parsed.doubled.insert(path);
                    }
                    if is_kustomization {
                        fields::spell(&mut tree);
                        if fields::is_doubled(&tree) {
                            parsed.doubled.insert(path);
                        }
                        if Kustomization::read(path, &tree).is_none() {
                            let error = told("it is not a map of fields");
                            parsed.unreadable.insert(path, error);
                        }
                    }
                    parsed.trees.insert(path, tree);
                }
                Err(error) => {
                    parsed.doubled.insert(path);
                    parsed.unreadable.insert(path, error);
                }
            }
        }
        for (path, reason) in &self.unread {
            parsed.unreadable.insert(path, told(reason));
        }
        parsed
    }
}

/// Whether a text may hold an object of Argo CD or of Flux, which a look at it tells at once.
#[must_use]
pub fn speaks_of_deployers(text: &str) -> bool {
    const WORDS: [&str; 3] = [
        "argoproj.io/",
        ".toolkit.fluxcd.io/",
        "argocd-notifications-cm",
    ];
    WORDS.iter().any(|word| text.contains(word))
}

/// Files as trees.
pub struct Parsed<'t> {
    /// Their texts.
    pub sources: &'t Sources,
    pub(super) trees: BTreeMap<&'t str, Tree<'t>>,
    /// Files in which a key stands twice, in one spelling or in two, or that are no YAML.
    doubled: BTreeSet<&'t str>,
    /// Files that are no YAML, and why; many are not meant to be. Also kustomizations that hold nothing, and what cannot be read at all.
    pub unreadable: BTreeMap<&'t str, YamlError>,
    graph: OnceLock<Graph>,
}

impl<'t> Parsed<'t> {
    /// The tree of a file.
    #[must_use]
    pub fn tree(&self, path: &str) -> Option<&Tree<'t>> {
        self.trees.get(path)
    }

    /// What every kustomization names, and where that leads; made when it is first asked for.
    pub fn graph(&self) -> &Graph {
        self.graph.get_or_init(|| {
            let mut graph = Graph::new(&self.sources.here);
            for kustomization in self.kustomizations() {
                graph.add(kustomization);
            }
            while let Some(path) = graph.next_path() {
                if let Some(tree) = self.tree(&path).filter(|_| graph.is_run(&path)) {
                    graph.add_configuration(&path, tree);
                }
            }
            graph.settle(|path| self.sources.contains(path));
            graph
        })
    }

    /// Whether one of the documents that an entry of functions leads to is such: inline, in a file, or in what a directory gathers.
    pub fn runs(&self, edge: &Edge, is_such: impl Fn(Node<'_>) -> bool) -> bool {
        match &edge.to {
            To::Inline => {
                let tree = self.node(edge).map(|entry| yaml::parse(entry.text()));
                tree.is_some_and(|tree| tree.is_ok_and(|tree| tree.roots().any(is_such)))
            }
            To::File(file) => self
                .tree(file)
                .is_some_and(|tree| tree.roots().any(is_such)),
            To::Kustomization(directory) => self.gathers(directory, is_such),
            To::Absent(_) | To::Remote(_) => false,
        }
    }

    /// Whether one of the documents that a directory is made of is such.
    pub fn gathers(&self, directory: &str, is_such: impl Fn(Node<'_>) -> bool) -> bool {
        let is_load = |edge: &Edge| edge.role == Role::Load;
        let mut loads = self.graph().reach(&[directory], is_load);
        loads.any(|(_, edge)| match &edge.to {
            To::File(file) if is_load(edge) => self
                .tree(file)
                .is_some_and(|tree| tree.roots().any(&is_such)),
            _ => false,
        })
    }

    /// The node of an edge: the entry as it is written, or that of the inline configuration that it is in.
    #[must_use]
    pub fn node(&self, edge: &Edge) -> Option<Node<'_>> {
        self.tree(&edge.file)?.node(edge.node)
    }

    /// The kustomization of a directory.
    #[must_use]
    pub fn kustomization(&self, directory: &str) -> Option<Kustomization<'_>> {
        NAMES.iter().find_map(|name| {
            let (file, tree) = self.trees.get_key_value(join(directory, name).as_str())?;
            let found = Kustomization::read(file, tree)?;
            let real = self.sources.linked.get(found.directory());
            Some(Kustomization {
                real: real.map_or(found.real, String::as_str),
                here: &self.sources.here,
                ..found
            })
        })
    }

    /// What a build of a directory would read that is not a file, and what it is.
    #[must_use]
    pub fn not_file(&self, directory: &str) -> Option<(&str, &str)> {
        let not_files = &self.sources.not_files;
        if not_files.is_empty() {
            return None;
        }
        let mut edges = self.graph().reach(&[directory], |_| true);
        edges.find_map(|(_, edge)| {
            let (path, reason) = not_files.get_key_value(edge.to.path()?)?;
            Some((path.as_str(), reason.as_str()))
        })
    }

    /// Whether everybody reads the same in a kustomization: one document, where no key stands twice.
    #[must_use]
    pub fn is_unambiguous(&self, kustomization: Kustomization<'_>) -> bool {
        self.strict_tree(kustomization.file)
            .is_some_and(|tree| tree.roots().count() == 1)
    }

    /// The tree of a file in which no key stands twice.
    #[must_use]
    pub fn strict_tree(&self, path: &str) -> Option<&Tree<'t>> {
        self.tree(path).filter(|_| !self.doubled.contains(path))
    }

    /// Every kustomization, one a directory.
    pub fn kustomizations(&self) -> impl Iterator<Item = Kustomization<'_>> {
        let files = self.trees.keys().map(|file| (*file, split(file)));
        files
            .filter(|(_, (_, name))| NAMES.contains(name))
            .filter_map(|(file, (directory, _))| {
                let found = self.kustomization(directory)?;
                (found.file == file).then_some(found)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_kustomization_and_one_that_holds_nothing_is_told() {
        let mut sources = Sources::default();
        for (path, text) in [
            ("a/kustomization.yaml", "resources: [../b]"),
            ("a/kustomization.yml", "resources: [../c]"),
            ("b/kustomization.yaml", ""),
            ("c/kustomization.yaml", "# nothing\n"),
            ("d/kustomization.yaml", "[x]"),
            ("e/list.yaml", "[x]"),
        ] {
            sources.insert(path.to_owned(), text.to_owned());
        }
        sources.insert_unread("f".to_owned(), "permission denied".to_owned());
        sources.insert_linked("a".to_owned(), "shared/deep/a".to_owned());
        let parsed = sources.parse();
        let all: Vec<_> = parsed.kustomizations().collect();
        let [only] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert_eq!(only.file, "a/kustomization.yaml");
        let paths: Vec<_> = parsed.graph().of_directory("a").iter().collect();
        let [edge] = paths.as_slice() else {
            panic!("{paths:?}")
        };
        assert_eq!(edge.to.path(), Some("shared/deep/b"));
        let unreadable: Vec<_> = parsed.unreadable.keys().copied().collect();
        assert_eq!(
            unreadable,
            [
                "b/kustomization.yaml",
                "c/kustomization.yaml",
                "d/kustomization.yaml",
                "f"
            ]
        );
    }
}
