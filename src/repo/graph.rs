//! The graph of a repository: the files that each kustomization loads, patches with, runs and
//! generates from.
//!
//! Reading, discovery and judging all use this graph, so they agree. It grows while files are read:
//! each file adds the files to read next. Trees may be hostile, so each kustomization is visited
//! once, and one bound covers everything that is followed; callers can ask whether it was reached.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::kustomization::{Kustomization, resolve};
use super::paths::is_inline;
use super::references::{Role, plugin_references, references};
use crate::yaml::{self, Tree};

/// The largest number of entries that are followed; entries that another kustomization runs count
/// again.
///
/// Thousands of overlays that all run one check have a few each.
const MAX_VISITS: usize = if cfg!(test) { 1 << 16 } else { 4 << 20 };

/// One entry of a kustomization, or of the configuration of a plugin that it runs.
#[derive(Clone, Debug)]
pub struct Edge {
    /// Its purpose.
    pub role: Role,
    /// Its target.
    pub to: To,
    /// The file that contains it.
    pub file: Arc<str>,
    /// The node in the file; for a plugin that is configured inline, the whole text.
    pub node: usize,
}

/// The target of an entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    /// A directory with a kustomization.
    Kustomization(String),
    /// A file.
    File(String),
    /// A target that is missing, cannot be read, or must not be read, such as a directory of
    /// charts.
    Absent(String),
    /// Another repository, the web, or a path outside every repository; as written.
    Remote(String),
    /// No target: the entry is the content itself.
    Inline,
}

impl To {
    /// The path or the URL; `None` for inline content.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Remote(name) => Some(name),
            to => to.path(),
        }
    }

    /// The path, if it is one.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Kustomization(path) | Self::File(path) | Self::Absent(path) => Some(path),
            Self::Remote(_) | Self::Inline => None,
        }
    }
}

/// Every edge, by the directory of its kustomization.
#[derive(Debug, Default)]
pub struct Graph {
    /// The full path of the directory that all paths are relative to, as in [`super::Sources::here`].
    here: String,
    edges: BTreeMap<String, Vec<Edge>>,
    /// The real path of each directory that a link leads to.
    real: BTreeMap<String, String>,
    /// The entries of the plugins that a file configures: the node, and the entry.
    plugins: BTreeMap<String, Vec<(usize, String)>>,
    /// The files and gathered directories that each kustomization runs.
    runs: BTreeSet<(String, String)>,
    /// The kustomizations that run a file or directory that was not yet read.
    waiting: BTreeMap<String, Vec<String>>,
    /// The paths to read next.
    wanted: Vec<String>,
    visits: usize,
}

impl Graph {
    /// An empty graph, for paths relative to a directory.
    #[must_use]
    pub fn new(here: &str) -> Self {
        Self {
            here: here.to_owned(),
            ..Self::default()
        }
    }

    /// Marks the missing targets, once everything was read.
    pub(super) fn settle(&mut self, is_file: impl Fn(&str) -> bool) {
        let directories: BTreeSet<String> = self.edges.keys().cloned().collect();
        for edge in self.edges.values_mut().flatten() {
            if let To::Absent(path) = &mut edge.to {
                if directories.contains(path.as_str()) {
                    edge.to = To::Kustomization(std::mem::take(path));
                } else if is_file(path) {
                    edge.to = To::File(std::mem::take(path));
                }
            }
        }
    }

    /// Adds the entries of a kustomization.
    pub fn add(&mut self, kustomization: Kustomization<'_>) {
        let directory = kustomization.directory().to_owned();
        if kustomization.real != directory {
            let real = kustomization.real.to_owned();
            self.real.insert(directory.clone(), real);
        }
        let file: Arc<str> = Arc::from(kustomization.file);
        let mut edges = Vec::new();
        let mut runs = Vec::new();
        for reference in references(kustomization.root) {
            if !self.visit(1) {
                break;
            }
            let to = if is_inline(reference.entry) {
                To::Inline
            } else {
                match kustomization.resolve(reference.entry) {
                    Some(path) => To::Absent(path),
                    None => To::Remote(reference.entry.to_owned()),
                }
            };
            if let To::Absent(path) = &to {
                if reference.role.is_function() {
                    runs.push(path.clone());
                }
                if reference.role != Role::HelmHome {
                    self.wanted.push(path.clone());
                }
            }
            let node = reference.node.position();
            if to == To::Inline
                && reference.role.is_function()
                && let Ok(tree) = yaml::parse_lax(reference.entry)
            {
                let named = plugin_references(tree.roots());
                let named = named
                    .into_iter()
                    .map(|inner| (node, inner.entry.to_owned()));
                edges.extend(self.run_by(kustomization.real, &file, named));
            }
            edges.push(Edge {
                role: reference.role,
                to,
                file: Arc::clone(&file),
                node,
            });
        }
        self.edges.insert(directory.clone(), edges);
        self.wake(&directory);
        self.run(
            runs.into_iter()
                .map(|path| (directory.clone(), path))
                .collect(),
        );
    }

    /// Adds the entries of a file that configures functions.
    pub fn add_configuration(&mut self, path: &str, tree: &Tree<'_>) {
        if self.plugins.contains_key(path) {
            return;
        }
        let named = plugin_references(tree.roots()).into_iter();
        let named = named.map(|inner| (inner.node.position(), inner.entry.to_owned()));
        self.plugins.insert(path.to_owned(), named.collect());
        self.wake(path);
    }

    /// Continues with the kustomizations that waited for a file or a directory.
    fn wake(&mut self, path: &str) {
        let waiting = self.waiting.remove(path).into_iter().flatten();
        let woken: Vec<_> = waiting.map(|by| (by, path.to_owned())).collect();
        for pair in &woken {
            self.runs.remove(pair);
        }
        self.run(woken);
    }

    /// A path that an entry names and that was not yet requested, or is now requested as a
    /// configuration.
    pub fn next_path(&mut self) -> Option<String> {
        self.wanted.pop()
    }

    /// Whether a file that was not yet visited configures functions.
    #[must_use]
    pub fn is_run(&self, path: &str) -> bool {
        self.waiting.contains_key(path)
    }

    /// Pays for visiting entries; `false` if the budget is used up.
    fn visit(&mut self, entries: usize) -> bool {
        self.visits = self.visits.saturating_add(entries);
        self.is_whole()
    }

    /// Follows the functions of kustomizations through the directories that gather them.
    fn run(&mut self, mut left: Vec<(String, String)>) {
        left.reverse();
        while let Some((by, path)) = left.pop() {
            if !self.visit(1 + self.edges.get(&path).map_or(0, Vec::len)) {
                return;
            }
            if !self.runs.insert((by.clone(), path.clone())) {
                continue;
            }
            if let Some(edges) = self.edges.get(&path) {
                let is_gathered = |edge: &&Edge| matches!(edge.role, Role::Load | Role::Component);
                let loads = edges.iter().filter(is_gathered);
                let gathered: Vec<_> = loads
                    .filter_map(|edge| Some((by.clone(), edge.to.path()?.to_owned())))
                    .filter(|pair| !self.runs.contains(pair))
                    .collect();
                left.extend(gathered.into_iter().rev());
            } else if let Some(named) = self.plugins.get(&path) {
                let named = named.clone();
                let real = self.real.get(&by).cloned();
                let real = real.as_deref().unwrap_or(&by);
                let edges = self.run_by(real, &Arc::from(path.as_str()), named.into_iter());
                self.edges.entry(by).or_default().extend(edges);
            } else {
                let waiting = self.waiting.entry(path.clone()).or_default();
                if waiting.is_empty() {
                    self.wanted.push(path);
                }
                waiting.push(by);
            }
        }
    }

    /// Adds the entries of plugins, relative to the kustomization that runs them.
    fn run_by(
        &mut self,
        real: &str,
        file: &Arc<str>,
        named: impl Iterator<Item = (usize, String)>,
    ) -> Vec<Edge> {
        let mut edges = Vec::new();
        for (node, entry) in named {
            if !self.visit(1) {
                break;
            }
            let to = match resolve(&self.here, real, &entry) {
                _ if is_inline(&entry) => To::Inline,
                Some(path) => To::Absent(path),
                None => To::Remote(entry),
            };
            self.wanted.extend(to.path().map(str::to_owned));
            edges.push(Edge {
                role: Role::Plugin,
                to,
                file: Arc::clone(file),
                node,
            });
        }
        edges
    }

    /// Whether every entry was followed; otherwise there are more than a person would write.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.visits <= MAX_VISITS
    }

    /// The entries of a directory's kustomization, field by field, and those of the plugins that it
    /// runs.
    #[must_use]
    pub fn of_directory(&self, directory: &str) -> &[Edge] {
        self.edges.get(directory).map_or(&[], Vec::as_slice)
    }

    /// Every edge that can be reached from directories over edges that `follow` accepts; each
    /// kustomization is visited once.
    pub fn reach<'g, F: FnMut(&Edge) -> bool>(
        &'g self,
        from: &[&str],
        follow: F,
    ) -> impl Iterator<Item = (&'g str, &'g Edge)> + use<'g, F> {
        self.directories(from, follow)
            .flat_map(|(directory, edges)| edges.iter().map(move |edge| (directory, edge)))
    }

    /// Every directory that can be reached, with its entries; each once, and after the directories
    /// that lead to it.
    pub fn directories<'g, F: FnMut(&Edge) -> bool>(
        &'g self,
        from: &[&str],
        mut follow: F,
    ) -> impl Iterator<Item = (&'g str, &'g [Edge])> + use<'g, F> {
        let mut seen = BTreeSet::new();
        let roots = from.iter().rev();
        let mut left: Vec<_> = roots
            .filter_map(|root| self.edges.get_key_value(*root))
            .collect();
        std::iter::from_fn(move || {
            loop {
                let (directory, edges) = left.pop()?;
                if !seen.insert(directory.as_str()) {
                    continue;
                }
                let below = edges.iter().rev().filter_map(|edge| match &edge.to {
                    To::Kustomization(inner) if follow(edge) => self.edges.get_key_value(inner),
                    _ => None,
                });
                left.extend(below);
                return Some((directory.as_str(), edges.as_slice()));
            }
        })
    }

    /// The entries of a directory whose targets are missing, each once; and the number of entries
    /// visited.
    #[must_use]
    pub fn absent(&self, directory: &str) -> (Vec<&Edge>, usize) {
        let mut count = 0;
        let edges = self.reach(&[directory], |_| true).map(|(_, edge)| edge);
        let absent = edges.inspect(|_| count += 1).filter(|edge| match edge.to {
            To::Absent(_) => edge.role != Role::HelmHome,
            To::Remote(_) => true,
            To::Kustomization(_) | To::File(_) | To::Inline => false,
        });
        (absent.collect(), count)
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::Sources;
    use super::*;
    use crate::yaml::Node;

    fn sources(files: &[(&str, &str)]) -> Sources {
        let mut sources = Sources::default();
        for (path, text) in files {
            sources.insert((*path).to_owned(), (*text).to_owned());
        }
        sources
    }

    /// The edges of a directory, as `role: kind of target and name`.
    fn edges(graph: &Graph, directory: &str) -> Vec<String> {
        let edges = graph.of_directory(directory).iter();
        edges
            .map(|edge| format!("{:?}: {:?}", edge.role, edge.to).replace('"', ""))
            .collect()
    }

    #[test]
    fn every_field_that_leads_somewhere_is_an_edge() {
        let text = "Resources: [../../base, d.yaml, https://example.com/x.yaml]\nbases: [../gone]\n\
            components: [../c]\npatches: [{Path: p.yaml}, {patch: 'x: 1'}]\npatchesJson6902: [{path: j.yaml}]\n\
            patchesStrategicMerge: [q.yaml, \"a: 1\\n\"]\nreplacements: [{path: r.yaml}, {source: {kind: A}}]\n\
            configMapGenerator: [{name: c, files: [k=f.txt, g.txt], envs: [e.env], Env: old.env}]\n\
            secretGenerator: [{name: s, files: [s.txt]}]\nopenapi: {path: schema.json}\ncrds: [crd.json]\n\
            configurations: [conf.yaml]\nhelmGlobals: {chartHome: ../charts}\n\
            helmCharts: [{name: a, valuesFile: v.yaml, additionalValuesFiles: [w.yaml]}]\n\
            helmChartInflationGenerator: [{chartName: b, values: u.yaml}]\n\
            generators: [g.yaml]\ntransformers: [t.yaml]\nvalidators: [v2.yaml]\nvars: [{name: X}]\n";
        let sources = sources(&[
            ("base/kustomization.yaml", "resources: []"),
            ("overlays/c/kustomization.yaml", "kind: Component"),
            ("overlays/dev/d.yaml", ""),
            ("overlays/dev/kustomization.yaml", text),
        ]);
        let parsed = sources.parse();
        assert_eq!(
            edges(parsed.graph(), "overlays/dev"),
            [
                "Load: Kustomization(base)",
                "Load: File(overlays/dev/d.yaml)",
                "Load: Remote(https://example.com/x.yaml)",
                "Load: Absent(overlays/gone)",
                "Component: Kustomization(overlays/c)",
                "Patch: Absent(overlays/dev/q.yaml)",
                "Patch: Inline",
                "Generator: Absent(overlays/dev/g.yaml)",
                "Transformer: Absent(overlays/dev/t.yaml)",
                "Validator: Absent(overlays/dev/v2.yaml)",
                "Crd: Absent(overlays/dev/crd.json)",
                "Configuration: Absent(overlays/dev/conf.yaml)",
                "Patch: Absent(overlays/dev/p.yaml)",
                "Patch: Absent(overlays/dev/j.yaml)",
                "Replacement: Absent(overlays/dev/r.yaml)",
                "Data: Absent(overlays/dev/f.txt)",
                "Data: Absent(overlays/dev/g.txt)",
                "Data: Absent(overlays/dev/e.env)",
                "Data: Absent(overlays/dev/old.env)",
                "SecretData: Absent(overlays/dev/s.txt)",
                "HelmValues: Absent(overlays/dev/v.yaml)",
                "HelmValues: Absent(overlays/dev/w.yaml)",
                "HelmValues: Absent(overlays/dev/u.yaml)",
                "OpenApi: Absent(overlays/dev/schema.json)",
                "HelmHome: Absent(overlays/charts)",
            ]
        );
        assert_eq!(edges(parsed.graph(), "nowhere"), [""; 0]);
        // The node of an edge is the written entry.
        let edge = &parsed.graph().of_directory("overlays/dev")[15];
        assert_eq!(parsed.node(edge).map(Node::text), Some("k=f.txt"));
    }

    #[test]
    fn plugins_name_paths_relative_to_the_kustomization_that_runs_them() {
        let sources = sources(&[
            (
                "a/kustomization.yaml",
                "transformers: [../tools, '{apiVersion: builtin, kind: PatchTransformer, path: inline.yaml}']",
            ),
            ("b/x/kustomization.yaml", "generators: [../../tools/inner]"),
            ("tools/kustomization.yaml", "resources: [inner, other.yaml]"),
            ("tools/other.yaml", "apiVersion: v1\npath: no.yaml\n"),
            ("tools/inner/kustomization.yaml", "resources: [p.yaml]"),
            (
                "tools/inner/p.yaml",
                "apiVersion: builtin\nPath: ../shared/p.yaml\npaths: [q.yaml]\n---\napiVersion: builtin\n\
                 files: [k=f.txt]\nreplacements: [{path: r.yaml}]\nvaluesFile: v.yaml\n",
            ),
        ]);
        let parsed = sources.parse();
        let plugins = |directory: &str| -> Vec<String> {
            let edges = edges(parsed.graph(), directory).into_iter();
            edges
                .filter_map(|edge| Some(edge.strip_prefix("Plugin: Absent(")?.replace(')', "")))
                .collect()
        };
        assert_eq!(
            plugins("a"),
            [
                "a/inline.yaml",
                "shared/p.yaml",
                "a/q.yaml",
                "a/f.txt",
                "a/v.yaml",
                "a/r.yaml"
            ]
        );
        assert_eq!(
            plugins("b/x"),
            [
                "b/shared/p.yaml",
                "b/x/q.yaml",
                "b/x/f.txt",
                "b/x/v.yaml",
                "b/x/r.yaml"
            ]
        );
        let (absent, _) = parsed.graph().absent("b/x");
        assert_eq!(absent.len(), 5, "{absent:?}");
    }

    #[test]
    fn circular_kustomizations_end() {
        let sources = sources(&[
            (
                "a/kustomization.yaml",
                "resources: [../b, ../a]\ntransformers: [../b]",
            ),
            (
                "b/kustomization.yaml",
                "resources: [../a]\ntransformers: [../b, ../a]",
            ),
        ]);
        let parsed = sources.parse();
        let found: Vec<_> = parsed.graph().directories(&["a"], |_| true).collect();
        assert_eq!(
            found.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
            ["a", "b"]
        );
        let none = parsed
            .graph()
            .reach(&["a"], |edge| edge.role == Role::Component);
        assert_eq!(none.count(), 3);
    }

    #[test]
    fn a_hostile_tree_costs_no_more_than_its_size() {
        // Each of many runs all of many, which gather all of many.
        let count = 400;
        let list = |of: &str| -> String {
            let all: Vec<String> = (0..count).map(|at| format!("../{of}{at}")).collect();
            format!("[{}]", all.join(", "))
        };
        let (gatherers, files) = (list("t"), list("f"));
        let mut sources = Sources::default();
        for at in 0..count {
            let text = format!("transformers: {gatherers}");
            sources.insert(format!("k{at}/kustomization.yaml"), text);
            let text = format!("resources: {files}");
            sources.insert(format!("t{at}/kustomization.yaml"), text);
            sources.insert(
                format!("f{at}"),
                "{apiVersion: builtin, path: x}".to_owned(),
            );
        }
        let parsed = sources.parse();
        // Each runs each directory and each file, which makes a cube.
        assert!(!parsed.graph().is_whole());
    }

    #[test]
    fn a_fleet_that_runs_one_check_is_followed_to_its_end() {
        let mut sources = sources(&[
            ("policy/kustomization.yaml", "resources: [../configs]"),
            ("configs/kustomization.yaml", "resources: [c.yaml]"),
            ("configs/c.yaml", "{apiVersion: builtin, path: x}"),
        ]);
        for at in 0..1000 {
            let text = "transformers: [../policy]".to_owned();
            sources.insert(format!("k{at}/kustomization.yaml"), text);
        }
        let parsed = sources.parse();
        assert!(parsed.graph().is_whole());
        assert_eq!(edges(parsed.graph(), "k999")[1], "Plugin: Absent(k999/x)");
    }
}
