//! The files that a service is made of, so that a service without changed files can be skipped.

use std::collections::{BTreeMap, BTreeSet};

use super::service::{Overlay, Service};
use crate::repo::{Edge, Ours, Parsed, To, is_inline};
use crate::yaml::{self, Node, Tree};

/// Whether one of some files belongs to a service: a kustomization of it names the file or is
/// beside it.
#[must_use]
pub fn depends_on(parsed: &Parsed<'_>, service: &Service, changed: &BTreeSet<String>) -> bool {
    dependencies(parsed, service).is_none_or(|paths| is_touched(&paths, changed))
}

/// The largest number of words that are read from configurations of functions; beyond it, a service
/// depends on everything.
const MAX_WORDS: usize = 1 << 20;

/// Every path that a service's kustomizations may mean, files and directories; `None` if there are
/// too many.
///
/// Any word in the configuration of a function may be a path. A word that is not one leads to a
/// file that does not exist, which is harmless.
#[must_use]
pub fn dependencies(parsed: &Parsed<'_>, service: &Service) -> Option<BTreeSet<String>> {
    let graph = parsed.graph();
    let roots = service.overlays.iter().flat_map(Overlay::directories);
    let roots: Vec<&str> = roots.map(String::as_str).collect();
    let mut found: BTreeSet<String> = roots.iter().map(|root| (*root).to_owned()).collect();
    let mut words = Words {
        parsed,
        files: BTreeMap::new(),
        left: MAX_WORDS,
    };
    for (directory, edges) in graph.directories(&roots, |_| true) {
        let Some(kustomization) = parsed.kustomization(directory) else {
            continue;
        };
        found.extend([directory, kustomization.real].map(str::to_owned));
        let paths = edges.iter().filter_map(|edge| edge.to.path());
        found.extend(paths.map(str::to_owned));
        for edge in edges.iter().filter(|edge| edge.role.is_function()) {
            let paths = words.of(edge)?;
            found.extend(paths.iter().filter_map(|path| kustomization.resolve(path)));
        }
    }
    graph.is_whole().then_some(found)
}

/// The words in the configurations of functions; each file is read once.
struct Words<'p> {
    parsed: &'p Parsed<'p>,
    files: BTreeMap<&'p str, Vec<String>>,
    left: usize,
}

impl<'p> Words<'p> {
    /// Every word in the functions of an entry, however they are gathered.
    fn of(&mut self, edge: &'p Edge) -> Option<BTreeSet<String>> {
        let parsed = self.parsed;
        let mut words = BTreeSet::new();
        match &edge.to {
            To::Inline => {
                let text = parsed.node(edge).map_or("", Node::text);
                if let Ok(tree) = yaml::parse_lax(text) {
                    words.extend(tree.roots().flat_map(words_of));
                }
            }
            To::File(file) => words.extend(self.of_file(file).iter().cloned()),
            To::Kustomization(inner) => {
                for (directory, edges) in parsed.graph().directories(&[inner], |_| true) {
                    self.left = self.left.checked_sub(1 + edges.len())?;
                    let file = parsed.kustomization(directory).map_or("", |read| read.file);
                    words.extend(self.of_file(file).iter().cloned());
                    for file in edges.iter().filter_map(|edge| edge.to.path()) {
                        words.extend(self.of_file(file).iter().cloned());
                    }
                }
            }
            To::Absent(_) | To::Remote(_) => {}
        }
        self.left = self.left.checked_sub(words.len())?;
        // `key=path`, where the key is optional.
        let rest: Vec<String> = words
            .iter()
            .filter_map(|word| Some(word.split_once('=')?.1.to_owned()))
            .collect();
        words.extend(rest);
        Some(words)
    }

    /// Every word of a file; this program's own kinds name no files.
    fn of_file(&mut self, file: &'p str) -> &[String] {
        self.files.entry(file).or_insert_with(|| {
            let roots = self.parsed.tree(file).into_iter().flat_map(Tree::roots);
            let others = roots.filter(|root| Ours::read(*root).is_none());
            others.flat_map(words_of).collect()
        })
    }
}

/// Every text in a tree, including those in embedded texts such as a patch.
fn words_of(root: Node<'_>) -> Vec<String> {
    let mut words = Vec::new();
    for text in texts(root) {
        if is_inline(&text) {
            if let Ok(tree) = yaml::parse_lax(&text) {
                words.extend(tree.roots().flat_map(texts));
            }
        } else {
            words.push(text);
        }
    }
    words
}

fn texts(root: Node<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    let mut left = vec![root];
    while let Some(node) = left.pop() {
        if node.is_scalar() {
            texts.push(node.text().to_owned());
        }
        left.extend(node.items());
        left.extend(node.entries().map(|(_, value)| value));
    }
    texts
}

/// Whether one of some files is one of the paths, is below one, or is a submodule that contains
/// one.
#[must_use]
pub fn is_touched(paths: &BTreeSet<String>, changed: &BTreeSet<String>) -> bool {
    changed.iter().any(|file| {
        let inside = format!("{file}/");
        let mut within = paths.range(inside.clone()..);
        if within.next().is_some_and(|path| path.starts_with(&inside)) {
            return true;
        }
        let mut outer = file.as_str();
        loop {
            if paths.contains(outer) {
                return true;
            }
            match outer.rsplit_once('/') {
                Some((shorter, _)) => outer = shorter,
                // A kustomization in the root has every file beside it.
                None => return paths.contains(""),
            }
        }
    })
}
