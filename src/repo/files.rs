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
    /// The full path of the directory that all paths are relative to; empty if nothing is above it.
    pub here: String,
    /// Whether the builder allows kustomizations to load files outside their directory.
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
    loose: BTreeSet<String>,
    directories: BTreeMap<String, bool>,
    addresses: Vec<String>,
}

impl Sources {
    /// Adds a file.
    pub fn insert(&mut self, path: String, text: String) {
        self.texts.insert(path, text);
    }

    /// Adds a file that no kustomization names, but that declares deployments.
    pub fn insert_beside(&mut self, path: String, text: String) {
        self.beside.insert(path.clone());
        self.insert(path, text);
    }

    /// The files that no kustomization names, but that declare deployments.
    pub fn beside(&self) -> impl Iterator<Item = &str> {
        self.beside.iter().map(String::as_str)
    }

    /// Records a file that no kustomization names, but that contains manifests.
    pub fn insert_loose(&mut self, path: String) {
        self.loose.insert(path);
    }

    /// The files that no kustomization names, but that contain manifests.
    pub fn loose(&self) -> impl Iterator<Item = &str> {
        self.loose.iter().map(String::as_str)
    }

    /// Records the addresses of the repository's remotes.
    pub fn insert_addresses(&mut self, addresses: Vec<String>) {
        self.addresses = addresses;
    }

    /// The addresses of the repository's remotes; empty if they are not known.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// Whether any file mentions objects of Argo CD or Flux.
    #[must_use]
    pub fn may_deploy(&self) -> bool {
        self.texts.values().any(|text| speaks_of_deployers(text))
    }

    /// Records a directory that was searched, and whether it contains anything that could be
    /// deployed.
    pub fn insert_directory(&mut self, path: String, is_of_use: bool) {
        self.directories.insert(path, is_of_use);
    }

    /// Every directory that was searched, with whether it contains anything that could be deployed;
    /// hidden directories were not searched.
    #[must_use]
    pub const fn directories(&self) -> &BTreeMap<String, bool> {
        &self.directories
    }

    /// Records a directory that a link leads to, and its real path: `..` starts from there.
    pub fn insert_linked(&mut self, directory: String, real: String) {
        self.linked.insert(directory, real);
    }

    /// Records a file whose path contains a link, and its real path.
    pub fn insert_linked_file(&mut self, path: String, real: String) {
        self.linked_files.insert(path, real);
    }

    /// The real path of a file if its path contains a link, else the path itself.
    #[must_use]
    pub fn real_file<'s>(&'s self, path: &'s str) -> &'s str {
        self.linked_files.get(path).map_or(path, String::as_str)
    }

    /// Records a kustomization file, or a directory that may contain one, that cannot be read, with
    /// the reason.
    pub fn insert_unread(&mut self, path: String, reason: String) {
        self.unread.insert(path, reason);
    }

    /// Records an object in place of a file, such as a pipe, that could block its reader forever.
    pub fn insert_not_file(&mut self, path: String, reason: String) {
        self.not_files.insert(path, reason);
    }

    /// Adds a file that is not text; without its bytes if there are too many.
    pub fn insert_other(&mut self, path: String, bytes: Option<Vec<u8>>) {
        self.others.insert(path, bytes);
    }

    /// The path of a file that is not text, and its bytes unless there are too many.
    #[must_use]
    pub fn other(&self, path: &str) -> Option<(&str, Option<&[u8]>)> {
        let (path, bytes) = self.others.get_key_value(path)?;
        Some((path, bytes.as_deref()))
    }

    /// Records a link to a directory, whether it was followed or not, and its target.
    pub fn insert_link(&mut self, link: String, to: String) {
        self.links.insert(link, to);
    }

    /// Records a directory that was not searched.
    pub fn insert_unseen(&mut self, unseen: Unseen) {
        self.unseen.push(unseen);
    }

    /// Every link to a directory that the walk found, and its target.
    pub fn links(&self) -> impl Iterator<Item = (&str, &str)> {
        self.links
            .iter()
            .map(|(link, to)| (link.as_str(), to.as_str()))
    }

    /// The directories that were not searched; sorted by path once the walk is over.
    #[must_use]
    pub fn unseen(&self) -> &[Unseen] {
        &self.unseen
    }

    /// Sorts the entries, which were found in file-system order, by path.
    pub fn sort(&mut self) {
        self.unseen.sort();
        self.unseen.dedup();
    }

    /// Whether a file or a directory exists but cannot be read.
    #[must_use]
    pub fn is_unread(&self, path: &str) -> bool {
        self.unread.contains_key(path)
    }

    /// Whether a link leads to a directory.
    #[must_use]
    pub fn is_linked(&self, directory: &str) -> bool {
        self.linked.contains_key(directory)
    }

    /// The real path of a directory if a link leads there, else the directory itself.
    #[must_use]
    pub fn real<'s>(&'s self, directory: &'s str) -> &'s str {
        self.linked.get(directory).map_or(directory, String::as_str)
    }

    /// Whether a file exists.
    #[must_use]
    pub fn contains(&self, path: &str) -> bool {
        self.texts.contains_key(path)
    }

    /// The text of a file.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// The path of a file, with the lifetime of the texts, and its text.
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

    /// Parses every file that is YAML. The others are left out; kustomize decides about them.
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
                    // kustomize uses the last of duplicate keys, and they may have equal values.
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

/// Whether a text may contain an object of Argo CD or Flux, from a quick search.
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
    /// Files in which a key occurs twice, in one spelling or two, or that are not YAML.
    doubled: BTreeSet<&'t str>,
    /// Files that are not YAML, and why; many are not meant to be. Also empty kustomizations, and
    /// files that cannot be read.
    pub unreadable: BTreeMap<&'t str, YamlError>,
    graph: OnceLock<Graph>,
}

impl<'t> Parsed<'t> {
    /// The tree of a file.
    #[must_use]
    pub fn tree(&self, path: &str) -> Option<&Tree<'t>> {
        self.trees.get(path)
    }

    /// The entries of all kustomizations, and where they lead; made at the first call.
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

    /// Whether one of the documents of a function entry meets a condition: inline, in a file, or
    /// gathered by a directory.
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

    /// Whether one of the documents that a directory gathers meets a condition.
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

    /// The node of an edge: the entry as written, or that of the inline configuration around it.
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

    /// An object that is not a file and that a build of a directory would read, and its type.
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

    /// Whether all readers agree on a kustomization: one document, without duplicate keys.
    #[must_use]
    pub fn is_unambiguous(&self, kustomization: Kustomization<'_>) -> bool {
        self.strict_tree(kustomization.file)
            .is_some_and(|tree| tree.roots().count() == 1)
    }

    /// The tree of a file without duplicate keys.
    #[must_use]
    pub fn strict_tree(&self, path: &str) -> Option<&Tree<'t>> {
        self.tree(path).filter(|_| !self.doubled.contains(path))
    }

    /// Every kustomization, one per directory.
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
    fn a_directory_has_one_kustomization_and_an_empty_one_is_reported() {
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
