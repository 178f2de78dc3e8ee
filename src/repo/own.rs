//! Which functions are this program's own, or kustomize's built-in ones, and start nothing else.
//!
//! A build with plugins enabled runs whatever a repository declares: containers,
//! and programs in the plugin home. So what is built that way holds nothing but
//! what is listed here; anything that is not recognised is refused.

use std::collections::BTreeSet;

use super::{Kustomization, Parsed, is_inline};
use crate::yaml::{self, Node, Tree};

/// Deeper nesting is no wiring that a person wrote.
const MAX_DEPTH: usize = 16;

/// How many kustomizations gather the wiring of a check at most.
const MAX_WIRING: usize = 64;

/// Nor is more than so many entries, those counted again that are reached again.
const MAX_ENTRIES: usize = 1024;

const FUNCTION: &str = "config.kubernetes.io/function";

/// Whether every function of a kustomization is harmless: this program's own, which no container runs, or built in.
#[must_use]
pub fn runs_only_own(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    let functions = ["generators", "transformers", "validators"];
    let mut left = MAX_ENTRIES;
    functions
        .iter()
        .flat_map(|field| kustomization.strings(field))
        .all(|entry| is_own(parsed, kustomization, entry.text(), 0, &mut left))
}

/// Whether a kustomization holds nothing but objects of this program's API: the wiring of a check, and no service.
#[must_use]
pub fn is_wiring(parsed: &Parsed<'_>, kustomization: Kustomization<'_>) -> bool {
    let mut seen = BTreeSet::new();
    let mut left = vec![kustomization];
    let mut objects = 0;
    while let Some(kustomization) = left.pop() {
        if !seen.insert(kustomization.file) {
            continue;
        }
        if seen.len() > MAX_WIRING {
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
            let Some(tree) = parsed.tree(&path) else {
                return false;
            };
            for root in tree.roots().filter(|root| !root.is_null()) {
                let api_version = root.str_at(&["apiVersion"]).unwrap_or_default();
                if !api_version.starts_with("krm-parity.io/") {
                    return false;
                }
                objects += 1;
            }
        }
    }
    objects > 0
}

/// Whether an entry, a file, a directory or the text itself, holds nothing but such functions.
fn is_own(
    parsed: &Parsed<'_>,
    kustomization: Kustomization<'_>,
    entry: &str,
    depth: usize,
    left: &mut usize,
) -> bool {
    if *left == 0 {
        return false;
    }
    *left -= 1;
    if is_inline(entry) {
        return yaml::parse(entry).is_ok_and(|tree| holds_own(&tree));
    }
    let Some(path) = kustomization.resolve(entry) else {
        return false;
    };
    match parsed.kustomization(&path) {
        Some(inner) => gathers_own(parsed, inner, depth + 1, left),
        None => parsed.strict_tree(&path).is_some_and(holds_own),
    }
}

/// Whether a kustomization does nothing but gather such functions, and complete the `spec` of a policy.
fn gathers_own(
    parsed: &Parsed<'_>,
    kustomization: Kustomization<'_>,
    depth: usize,
    left: &mut usize,
) -> bool {
    let is_allowed = |(key, value): (Node<'_>, Node<'_>)| match key.text() {
        "apiVersion" | "kind" => value.is_scalar(),
        "resources" | "bases" => value.items().all(|entry| {
            entry.is_scalar() && is_own(parsed, kustomization, entry.text(), depth, left)
        }),
        "patches" => value.items().all(completes_policy),
        _ => false,
    };
    depth < MAX_DEPTH
        && parsed.is_unambiguous(kustomization)
        && kustomization.loads().next().is_some()
        && kustomization.root.entries().all(is_allowed)
}

/// Whether a patch changes nothing outside of `spec`, where no function is declared.
fn completes_policy(patch: Node<'_>) -> bool {
    let is_in_spec = |operation: Node<'_>| {
        ["path", "from"].iter().all(|key| {
            operation.get(key).is_none_or(|path| {
                path.as_str()
                    .is_some_and(|path| path == "/spec" || path.starts_with("/spec/"))
            })
        })
    };
    let only_spec = |root: Node<'_>| {
        root.entries().all(|(key, value)| match key.text() {
            "apiVersion" | "kind" | "spec" => true,
            "metadata" => value.entries().all(|(key, _)| key.text() == "name"),
            _ => false,
        })
    };
    let is_known = |(key, _): (Node<'_>, Node<'_>)| ["patch", "target"].contains(&key.text());
    let text = patch.str_at(&["patch"]).unwrap_or_default();
    patch.entries().all(is_known)
        && yaml::parse(text).is_ok_and(|tree| {
            tree.roots().all(|root| {
                if root.is_seq() {
                    root.items().all(is_in_spec)
                } else {
                    root.is_map() && only_spec(root)
                }
            })
        })
}

/// Whether a text holds nothing but such functions.
fn holds_own(tree: &Tree<'_>) -> bool {
    tree.roots().filter(|root| !root.is_null()).all(is_function)
}

fn is_function(root: Node<'_>) -> bool {
    let kind = root.str_at(&["kind"]).unwrap_or_default();
    let is_known = match root.str_at(&["apiVersion"]).unwrap_or_default() {
        "builtin" => {
            kind.bytes().all(|byte| byte.is_ascii_alphabetic()) && !kind.starts_with("Helm")
        }
        // The path of a plugin is made of these two, so nothing but the exact words will do.
        "krm-parity.io/v1alpha1" => ["SnapshotRecorder", "ParityPolicy"].contains(&kind),
        _ => false,
    };
    is_known
        && root.entries().all(|(key, value)| match key.text() {
            "metadata" => has_harmless_metadata(value),
            // What merges, and what is a list of other things.
            "<<" | "items" => false,
            _ => true,
        })
}

/// Whether metadata names no function, or one that kustomize runs only where `--enable-exec` asks for it.
fn has_harmless_metadata(metadata: Node<'_>) -> bool {
    let is_harmless = |(key, value): (Node<'_>, Node<'_>)| match key.text() {
        FUNCTION => value.as_str().is_some_and(is_exec),
        "<<" => false,
        key => !key.starts_with("config.k8s.io/"),
    };
    metadata.entries().all(|(key, value)| match key.text() {
        "name" | "namespace" | "labels" => true,
        "annotations" => value.entries().all(is_harmless),
        _ => false,
    })
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
