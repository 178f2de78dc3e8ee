//! kustomize's own transformers, written as resources under `transformers`.

use crate::kustomization::Kustomization;
use crate::yaml::Node;

use super::item::Item;
use super::text::Shift;
use super::transform::{self, Depth};
use super::walk::{Walk, What};

/// How many files one entry may lead to.
const MAX_FILES: usize = 256;

impl Walk<'_> {
    /// Runs what `transformers` names, as far as it is kustomize's own.
    pub(super) fn configured(&mut self, kustomization: Kustomization<'_>, items: &mut Vec<Item>) {
        let parsed = self.parsed;
        for entry in kustomization.strings("transformers") {
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
                        self.configured_one(kustomization, &path, root, items);
                    }
                } else if let Some(below) = parsed.kustomization(&path) {
                    let loads = below
                        .loads()
                        .filter_map(|entry| below.resolve(entry.text()));
                    let at = waiting.len();
                    waiting.extend(loads);
                    // The first is the next.
                    waiting[at..].reverse();
                }
            }
        }
    }

    fn configured_one(
        &mut self,
        kustomization: Kustomization<'_>,
        file: &str,
        root: Node<'_>,
        items: &mut Vec<Item>,
    ) {
        if root.str_at(&["apiVersion"]) != Some("builtin") {
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
                let body = root
                    .get("path")
                    .or_else(|| root.get("patch"))
                    .or_else(|| root.get("jsonOp"));
                // Paths are relative to the file, which stands in a kustomization of its own.
                let own = Kustomization {
                    file,
                    ..kustomization
                };
                self.patch(own, body, Some(root), items);
                return;
            }
            _ => return,
        };
        let Some(said) = said else { return };
        let origin = self.origin(file, what);
        let pen = self.pen(origin, &Shift::None);
        match what {
            What::Images => transform::image(items, said, &pen),
            What::Replicas => transform::replicas(items, said, &pen),
            What::Prefix => transform::affix(items, said, true, &pen),
            What::Suffix => transform::affix(items, said, false, &pen),
            What::Namespace => transform::namespace(items, said, &pen),
            What::Labels => transform::pairs(items, "labels", said, Depth::Metadata, &pen),
            _ => transform::pairs(items, "annotations", said, Depth::Metadata, &pen),
        }
    }
}
