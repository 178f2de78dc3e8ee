//! Functions that start no other program: this program's own, and kustomize's built-in ones.
//!
//! [`Ours`] says which functions belong to this program, and a check leaves them out. A build with
//! plugins enabled runs whatever a repository declares: containers, and programs in the plugin
//! home. So such a build may only contain the functions that [`starts_nothing`] lists; anything
//! else is refused.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edge, Kustomization, Ours, Parsed, Role, To, is_inline};
use crate::api::{
    API_VERSION, CONTAINER, FUNCTION, LOCAL_CONFIG, OLD_CONTAINER, OLD_FUNCTION, POLICY, PREFIX,
    RECORDER,
};
use crate::yaml::{self, Node, Tree};

/// People do not write wiring with a deeper nesting.
const MAX_DEPTH: usize = 16;

/// The largest number of kustomizations that gather the wiring of a check.
const MAX_WIRING: usize = 64;

/// The largest number of entries; an entry counts again each time it is reached.
const MAX_ENTRIES: usize = 1024;

/// The fields of a kustomization that list functions.
const FUNCTIONS: [&str; 3] = ["generators", "transformers", "validators"];

/// Whether every function of a kustomization is built in or this program's own, so that it may be
/// left out of a build that is judged.
#[must_use]
pub fn runs_only_own(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    let mut search = Search {
        takes_wiring: true,
        ..Search::new(parsed, &is_own)
    };
    search.is_met_by_all(kustomization)
}

/// Whether a function is built in or this program's own.
fn is_own(root: Node<'_>) -> bool {
    Ours::run(root).is_some() || is_built_in(root)
}

/// The first function of another program in a build of a directory, and its document if that is in
/// a file of its own.
#[must_use]
pub fn foreign<'p>(
    parsed: &'p Parsed<'_>,
    directory: &str,
) -> Option<(&'p Edge, Option<(&'p str, Node<'p>)>)> {
    let is_other = |root: Node<'_>| !root.is_null() && !is_own(root);
    let all = parsed.graph().reach(&[directory], |_| true);
    let mut functions = all.map(|(_, edge)| edge).filter(|edge| {
        matches!(
            edge.role,
            Role::Generator | Role::Transformer | Role::Validator
        )
    });
    functions.find_map(|edge| {
        if !parsed.runs(edge, is_other) {
            return None;
        }
        let document = match &edge.to {
            To::File(file) => {
                let mut roots = parsed.tree(file).into_iter().flat_map(Tree::roots);
                roots
                    .find(|root| is_other(*root))
                    .map(|root| (file.as_str(), root))
            }
            _ => None,
        };
        Some((edge, document))
    })
}

/// Whether no function of a kustomization starts another program, even in a build with plugins
/// enabled: it is built in, or this program's own without a container.
#[must_use]
pub fn starts_only_own(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    Search::new(parsed, &starts_nothing).is_met_by_all(kustomization)
}

/// The entries of a kustomization that contain only this program's functions, by field and index.
#[must_use]
pub fn own_entries(
    parsed: &Parsed<'_>,
    kustomization: Kustomization<'_>,
) -> BTreeMap<&'static str, BTreeSet<usize>> {
    let is_ours = |root: Node<'_>| Ours::run(root).is_some();
    let mut search = Search {
        takes_wiring: true,
        ..Search::new(parsed, &is_ours)
    };
    let mut all = BTreeMap::new();
    for field in FUNCTIONS {
        let entries = kustomization.root.get(field);
        let entries = entries.into_iter().flat_map(Node::items).enumerate();
        let own = entries.filter(|(_, entry)| {
            entry.is_scalar() && search.is_met(kustomization, entry.text(), 0)
        });
        let own: BTreeSet<usize> = own.map(|(index, _)| index).collect();
        if !own.is_empty() {
            all.insert(field, own);
        }
    }
    all
}

/// Whether a kustomization contains only objects of this program's API: the wiring of a check, not
/// a service.
///
/// If it contains anything else, or may change these objects into something else, it is judged like
/// any other.
#[must_use]
pub fn is_wiring(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![kustomization];
    let mut objects = 0;
    while let Some(kustomization) = left.pop() {
        if !seen.insert(kustomization.file) {
            continue;
        }
        if seen.len() > MAX_WIRING
            || kustomization.is_component()
            || !only_gathers_ours(parsed, kustomization)
        {
            return false;
        }
        for entry in kustomization.loads() {
            let Some(path) = kustomization.resolve(entry.text()) else {
                return false;
            };
            if let Some(inner) = parsed.kustomization(&path) {
                left.push(inner);
                continue;
            }
            let Some(tree) = parsed.strict_tree(&path) else {
                return false;
            };
            for root in tree.roots().filter(|root| !root.is_null()) {
                if Ours::run(root).is_none() && Ours::read(root) != Some(Ours::Snapshot) {
                    return false;
                }
                objects += 1;
            }
        }
    }
    objects > 0
}

/// Whether a kustomization contains only functions of this program.
fn wires(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    let is_other = |root: Node<'_>| !root.is_null() && Ours::run(root).is_none();
    is_wiring(parsed, kustomization) && !parsed.gathers(kustomization.directory(), is_other)
}

/// Whether a kustomization adds nothing to the resources that it loads, and does not change the
/// type of this program's objects.
fn only_gathers_ours(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    let is_patch = |item: Node<'_>| {
        let text = item.as_str();
        text.is_some_and(|text| completes_spec(parsed, kustomization, text))
    };
    parsed.is_unambiguous(kustomization)
        && kustomization.root.entries().all(|(key, value)| {
            let is_empty = value.is_null() || (!value.is_scalar() && value.is_childless());
            is_empty
                || match key.text() {
                    "apiVersion" | "kind" => value.is_scalar(),
                    "resources" | "bases" => value.items().all(Node::is_scalar),
                    "patches" | "patchesJson6902" => value
                        .items()
                        .all(|patch| completes_policy(parsed, kustomization, patch)),
                    "patchesStrategicMerge" => value.items().all(is_patch),
                    // These fields change name, namespace and labels of an object, but not its
                    // kind.
                    "metadata" | "buildMetadata" | "sortOptions" | "namePrefix" | "nameSuffix"
                    | "namespace" | "labels" | "commonLabels" => true,
                    "commonAnnotations" => value.entries().all(|(key, _)| {
                        ![FUNCTION, OLD_FUNCTION, CONTAINER, OLD_CONTAINER, "<<"]
                            .contains(&key.text())
                    }),
                    _ => false,
                }
        })
}

/// A search for functions that do not meet a condition.
struct Search<'s> {
    parsed: &'s Parsed<'s>,
    is_such: &'s dyn Fn(Node<'_>) -> bool,
    /// Whether a directory may also be the wiring of a check, however it names and labels it.
    takes_wiring: bool,
    /// The number of entries that may still be read.
    left: usize,
}

impl<'s> Search<'s> {
    fn new(parsed: &'s Parsed<'s>, is_such: &'s dyn Fn(Node<'_>) -> bool) -> Self {
        Self {
            parsed,
            is_such,
            takes_wiring: false,
            left: MAX_ENTRIES,
        }
    }

    /// Whether all functions of a kustomization meet the condition.
    fn is_met_by_all(&mut self, kustomization: Kustomization<'_>) -> bool {
        FUNCTIONS
            .iter()
            .flat_map(|field| kustomization.strings(field))
            .all(|entry| self.is_met(kustomization, entry.text(), 0))
    }

    /// Whether all functions of an entry (a file, a directory or inline text) meet the condition.
    fn is_met(&mut self, kustomization: Kustomization<'_>, entry: &str, depth: usize) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        if is_inline(entry) {
            return yaml::parse(entry).is_ok_and(|tree| self.holds(&tree));
        }
        let Some(path) = kustomization.resolve(entry) else {
            return false;
        };
        match self.parsed.kustomization(&path) {
            Some(inner) => {
                self.takes_wiring && wires(self.parsed, inner) || self.gathers(inner, depth + 1)
            }
            None => self
                .parsed
                .strict_tree(&path)
                .is_some_and(|tree| self.holds(tree)),
        }
    }

    /// Whether a kustomization only gathers such functions, sets their namespace, and completes the
    /// `spec` of a policy.
    fn gathers(&mut self, kustomization: Kustomization<'_>, depth: usize) -> bool {
        let parsed = self.parsed;
        let is_allowed = |(key, value): (Node<'_>, Node<'_>)| match key.text() {
            "apiVersion" | "kind" | "namespace" => value.is_scalar(),
            "resources" | "bases" => value
                .items()
                .all(|entry| entry.is_scalar() && self.is_met(kustomization, entry.text(), depth)),
            "patches" => value
                .items()
                .all(|patch| completes_policy(parsed, kustomization, patch)),
            _ => false,
        };
        depth < MAX_DEPTH
            && parsed.is_unambiguous(kustomization)
            && kustomization.loads().next().is_some()
            && kustomization.root.entries().all(is_allowed)
    }

    /// Whether all functions of a text meet the condition.
    fn holds(&self, tree: &Tree<'_>) -> bool {
        tree.roots()
            .filter(|root| !root.is_null())
            .all(self.is_such)
    }
}

/// Whether a patch changes nothing outside `spec`, which declares no function.
fn completes_policy(
    parsed: &Parsed<'_>,
    kustomization: Kustomization<'_>,
    patch: Node<'_>,
) -> bool {
    let is_known =
        |(key, _): (Node<'_>, Node<'_>)| ["patch", "path", "target"].contains(&key.text());
    // kustomize accepts only one of them.
    let text = match (patch.get("patch"), patch.get("path")) {
        (Some(text), None) | (None, Some(text)) => text.as_str(),
        _ => None,
    };
    patch.entries().all(is_known)
        && text.is_some_and(|text| {
            if patch.get("path").is_some() {
                let file = kustomization.resolve(text);
                let tree = file.and_then(|file| parsed.strict_tree(&file));
                tree.is_some_and(only_in_spec)
            } else {
                yaml::parse(text).is_ok_and(|tree| only_in_spec(&tree))
            }
        })
}

/// The same for a patch in a list of strings: a file or inline text.
fn completes_spec(parsed: &Parsed<'_>, kustomization: Kustomization<'_>, entry: &str) -> bool {
    if is_inline(entry) {
        return yaml::parse(entry).is_ok_and(|tree| only_in_spec(&tree));
    }
    let path = kustomization.resolve(entry);
    path.and_then(|path| parsed.strict_tree(&path))
        .is_some_and(only_in_spec)
}

/// Whether all fields of a patch are below `spec`.
fn only_in_spec(tree: &Tree<'_>) -> bool {
    const OPERATION: [&str; 4] = ["op", "path", "from", "value"];
    let is_in_spec = |operation: Node<'_>| {
        operation.is_map()
            && operation.get("path").is_some()
            && operation.entries().all(|(key, value)| match key.text() {
                "path" | "from" => value
                    .as_str()
                    .is_some_and(|path| path == "/spec" || path.starts_with("/spec/")),
                key => OPERATION.contains(&key),
            })
    };
    let only_spec = |root: Node<'_>| {
        root.entries().all(|(key, value)| match key.text() {
            "apiVersion" => value.as_str() == Some(API_VERSION),
            "kind" => value
                .as_str()
                .is_some_and(|kind| [POLICY, RECORDER].contains(&kind)),
            "spec" => true,
            "metadata" => value
                .entries()
                .all(|(key, value)| key.text() == "name" && value.is_scalar()),
            _ => false,
        })
    };
    tree.roots().filter(|root| !root.is_null()).all(|root| {
        if root.is_seq() {
            root.items().all(is_in_spec)
        } else {
            root.is_map() && only_spec(root)
        }
    })
}

/// Whether a function is part of kustomize, and starts no program.
fn is_built_in(root: Node<'_>) -> bool {
    root.str_at(&["apiVersion"]) == Some("builtin") && starts_nothing(root)
}

/// Whether kustomize starts no other program for a function, even with plugins enabled.
fn starts_nothing(root: Node<'_>) -> bool {
    let kind = root.str_at(&["kind"]).unwrap_or_default();
    let fields: Option<&[&str]> = match root.str_at(&["apiVersion"]) {
        // The other fields are its settings; kinds that start a program are not among these.
        Some("builtin") => BUILT_IN.contains(&kind).then_some(&[]),
        // A plugin's path consists of these two, so they must match exactly. A function that is
        // another program would be left out of the build, although the deployed resources depend on
        // it.
        Some("v1") => Ours::run(root).map(|_| &["data"][..]),
        Some(API_VERSION) => Ours::run(root).map(|_| &["spec"][..]),
        _ => None,
    };
    fields.is_some_and(|fields| {
        root.entries().all(|(key, value)| match key.text() {
            "apiVersion" | "kind" => value.is_scalar(),
            "metadata" => has_harmless_metadata(value),
            // A merge key, and the items of a list.
            "<<" | "items" => false,
            key => fields.is_empty() || fields.contains(&key),
        })
    })
}

/// The functions that are part of kustomize and start no program
/// (`api/internal/plugins/builtinhelpers`).
const BUILT_IN: &[&str] = &[
    "AnnotationsTransformer",
    "ConfigMapGenerator",
    "HashTransformer",
    "IAMPolicyGenerator",
    "ImageTagTransformer",
    "LabelTransformer",
    "NamespaceTransformer",
    "PatchJson6902Transformer",
    "PatchStrategicMergeTransformer",
    "PatchTransformer",
    "PrefixSuffixTransformer",
    "PrefixTransformer",
    "ReplacementTransformer",
    "ReplicaCountTransformer",
    "SecretGenerator",
    "SortOrderTransformer",
    "SuffixTransformer",
    "ValueAddTransformer",
];

/// Whether metadata names no function, or only one that kustomize runs with `--enable-exec`.
fn has_harmless_metadata(metadata: Node<'_>) -> bool {
    metadata.entries().all(|(key, value)| match key.text() {
        "name" | "namespace" | "labels" => true,
        "annotations" => value.entries().all(is_harmless_annotation),
        _ => false,
    })
}

/// Whether an annotation is known to start no program.
///
/// An annotation without a domain is a person's: every host puts its domain before the name.
fn is_harmless_annotation((key, value): (Node<'_>, Node<'_>)) -> bool {
    match key.text() {
        FUNCTION | OLD_FUNCTION => value.as_str().is_some_and(is_exec),
        LOCAL_CONFIG => true,
        "<<" => false,
        key => {
            !key.contains('/') || key.starts_with(PREFIX) || key.starts_with("app.kubernetes.io/")
        }
    }
}

fn is_exec(function: &str) -> bool {
    yaml::parse(function).is_ok_and(|tree| {
        let mut roots = tree.roots();
        let only = |node: Node<'_>, name: &str| {
            let mut keys = node.entries();
            keys.next().is_some_and(|(key, _)| key.text() == name) && keys.next().is_none()
        };
        roots.next().is_some_and(|root| {
            only(root, "exec") && root.get("exec").is_some_and(|exec| only(exec, "path"))
        }) && roots.next().is_none()
    })
}
