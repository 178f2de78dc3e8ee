//! Which files a service is made of, so that it need not be looked at where none of them has changed.

use std::collections::BTreeSet;

use super::Service;
use crate::repo::{Parsed, is_inline};
use crate::yaml::{self, Node};

/// Whether one of some files belongs to a service: is named by one of its kustomizations, or lies beside one.
#[must_use]
pub fn depends_on(parsed: &Parsed<'_>, service: &Service, changed: &BTreeSet<String>) -> bool {
    is_touched(&dependencies(parsed, service), changed)
}

/// Every path that a service's kustomizations may mean, files and directories.
///
/// Any word of a kustomization may be one, and any word of what configures
/// kustomize's own plugins; what is no path lies beside the kustomization and
/// does no harm.
#[must_use]
pub fn dependencies(parsed: &Parsed<'_>, service: &Service) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let overlays = service.overlays.iter();
    let mut left: Vec<String> = overlays
        .flat_map(|overlay| overlay.bases.iter().chain([&overlay.directory]).cloned())
        .collect();
    while let Some(path) = left.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        let Some(kustomization) = parsed.kustomization(&path) else {
            continue;
        };
        left.push(kustomization.real.to_owned());
        left.extend(kustomization.mentions());
        let mut found = words(kustomization.root);
        for list in ["generators", "transformers", "validators"] {
            for entry in kustomization.strings(list) {
                let text = if is_inline(entry.text()) {
                    Some(entry.text())
                } else {
                    let path = kustomization.resolve(entry.text());
                    path.and_then(|path| parsed.sources.text(&path))
                };
                if let Some(Ok(tree)) = text.map(yaml::parse_lax) {
                    found.extend(tree.roots().flat_map(words));
                }
            }
        }
        let found = found.iter().filter(|word| !is_inline(word));
        // `key=path`, where the key is optional.
        let paths = found.flat_map(|word| {
            [
                Some(word.as_str()),
                word.split_once('=').map(|(_, path)| path),
            ]
        });
        left.extend(
            paths
                .flatten()
                .filter_map(|path| kustomization.resolve(path)),
        );
    }
    seen
}

/// Every text in a tree.
fn words(root: Node<'_>) -> Vec<String> {
    let mut words = Vec::new();
    let mut left = vec![root];
    while let Some(node) = left.pop() {
        if node.is_scalar() {
            words.push(node.text().to_owned());
        }
        left.extend(node.items());
        left.extend(node.entries().map(|(_, value)| value));
    }
    words
}

/// Whether one of some files is among paths, or lies below one, or is a submodule that holds one.
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
                // A kustomization of the root has everything beside it.
                None => return paths.contains(""),
            }
        }
    })
}
