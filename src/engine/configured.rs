//! kustomize's own transformers, written as resources under `transformers`.

use crate::repo::{Kustomization, is_inline};
use crate::yaml::{Node, parse};

use super::item::Item;
use super::patch::Named;
use super::text::Shift;
use super::transform::{self, Depth};
use super::walk::{Walk, What};

/// How many files one entry may lead to.
const MAX_FILES: usize = 256;

/// The API of this program, whose functions change nothing that is judged.
const OWN: &str = crate::api::PREFIX;

impl Walk<'_> {
    /// Runs what `transformers` names, as far as it is kustomize's own.
    pub(super) fn configured(&mut self, kustomization: Kustomization<'_>, items: &mut Vec<Item>) {
        let parsed = self.parsed;
        for entry in kustomization.strings("transformers") {
            if is_inline(entry.text()) {
                match parse(entry.text()) {
                    Ok(tree) => {
                        let shift = Shift::of(entry);
                        for root in tree.roots() {
                            let file = kustomization.file;
                            self.configured_one(kustomization, file, &shift, root, items);
                        }
                    }
                    Err(_) => self.complete = false,
                }
                continue;
            }
            let mut waiting: Vec<String> =
                kustomization.resolve(entry.text()).into_iter().collect();
            let mut count = 0;
            while let Some(path) = waiting.pop() {
                count += 1;
                if count > MAX_FILES {
                    self.complete = false;
                    break;
                }
                if let Some(tree) = parsed.tree(&path) {
                    for root in tree.roots() {
                        self.configured_one(kustomization, &path, &Shift::None, root, items);
                    }
                } else if let Some(below) = parsed.kustomization(&path) {
                    let loads = below
                        .loads()
                        .filter_map(|entry| below.resolve(entry.text()));
                    let at = waiting.len();
                    waiting.extend(loads);
                    // The first is the next.
                    waiting[at..].reverse();
                } else {
                    self.complete = false;
                }
            }
        }
    }

    fn configured_one(
        &mut self,
        kustomization: Kustomization<'_>,
        file: &str,
        shift: &Shift,
        root: Node<'_>,
        items: &mut Vec<Item>,
    ) {
        let api_version = root.str_at(&["apiVersion"]).unwrap_or_default();
        if api_version != "builtin" {
            self.complete &= api_version.starts_with(OWN) || root.is_null();
            return;
        }
        let kind = root.str_at(&["kind"]).unwrap_or_default();
        let (what, said) = match kind {
            "ImageTagTransformer" => (What::Images, root.get("imageTag")),
            "ReplicaCountTransformer" => (What::Replicas, root.get("replica")),
            "PrefixTransformer" | "PrefixSuffixTransformer" => (What::Prefix, root.get("prefix")),
            "SuffixTransformer" => (What::Suffix, root.get("suffix")),
            "NamespaceTransformer" => (What::Namespace, root.at(&["metadata", "namespace"])),
            "LabelTransformer" => (What::Labels, root.get("labels")),
            "AnnotationsTransformer" => (What::Annotations, root.get("annotations")),
            "PatchTransformer" | "PatchJson6902Transformer" => {
                let body = ["path", "patch", "jsonOp"];
                let body = body.iter().find_map(|field| root.get(field));
                // A path is relative to the kustomization, wherever the transformer itself stands.
                let named = Named {
                    kustomization,
                    file,
                    shift,
                    entry: Some(root),
                };
                if let Some(body) = body {
                    self.patch_named(&named, body, items);
                }
                return;
            }
            _ => {
                self.complete = false;
                return;
            }
        };
        let Some(said) = said.filter(|_| self.budget > 0) else {
            return;
        };
        let origin = self.origin(file, what);
        let mut pen = self.pen(origin, shift);
        let pen = &mut pen;
        match what {
            What::Images => transform::image(items, said, pen),
            What::Replicas => transform::replicas(items, said, pen),
            What::Prefix => transform::affix(items, said, true, pen),
            What::Suffix => transform::affix(items, said, false, pen),
            What::Namespace => transform::namespace(items, said, pen),
            What::Labels => transform::pairs(items, "labels", said, Depth::Metadata, pen),
            _ => transform::pairs(items, "annotations", said, Depth::Metadata, pen),
        };
    }
}
