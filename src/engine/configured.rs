//! kustomize's own transformers, written as resources under `transformers`.

use crate::repo::{Kustomization, Ours, is_inline};
use crate::yaml::{Node, parse};

use super::images;
use super::item::Item;
use super::patch::Named;
use super::text::Shift;
use super::transform::{self, Depth};
use super::unknown::Reason;
use super::walk::{Walk, What};

/// How many files one entry may lead to.
const MAX_FILES: usize = 256;

/// The API of the transformers that are kustomize's own.
const BUILTIN: &str = "builtin";

/// Where a transformer reaches, when it says no more than what is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Its own fields by default; what it says of fields is not followed.
    Default,
    /// One field of every resource, which it has to name.
    Field(&'static str),
    /// The namespace of every resource, which it may name.
    Namespace,
    /// The replicas of one kind.
    Replicas,
}

impl Reach {
    fn is_plain(self, specs: Node<'_>) -> bool {
        let mut entries = specs.items();
        let (Some(spec), None) = (entries.next(), entries.next()) else {
            return false;
        };
        let only = |path: &str, more: &[&str]| {
            spec.str_at(&["path"]) == Some(path)
                && spec
                    .entries()
                    .all(|(key, _)| key.text() == "path" || more.contains(&key.text()))
        };
        match self {
            Self::Default => false,
            Self::Field("metadata/name") => only("metadata/name", &[]),
            Self::Field(path) => {
                only(path, &["create"]) && spec.get("create").is_some_and(|it| it.text() == "true")
            }
            Self::Namespace => only("metadata/namespace", &["create"]),
            Self::Replicas => only("spec/replicas", &["kind"]),
        }
    }

    fn is_needed(self) -> bool {
        !matches!(self, Self::Default | Self::Namespace)
    }
}

impl Walk<'_> {
    /// Runs what `transformers` names, as far as it is kustomize's own.
    pub(super) fn configured(&mut self, kustomization: Kustomization<'_>, items: &mut Vec<Item>) {
        self.each_declared(
            kustomization,
            "transformers",
            &mut |walk, file, shift, root| {
                walk.configured_one(kustomization, file, shift, root, items);
            },
        );
        // A validator changes nothing, or stops the build; what transforms does not validate.
        self.each_declared(
            kustomization,
            "validators",
            &mut |walk, file, shift, root| {
                if root.str_at(&["apiVersion"]) == Some(BUILTIN) {
                    let kind = root.str_at(&["kind"]).unwrap_or_default();
                    walk.lose(Reason::Transformer, kind, file, shift, root);
                }
            },
        );
    }

    /// Looks at every document that a list of functions names, in files, in directories or inline.
    fn each_declared(
        &mut self,
        kustomization: Kustomization<'_>,
        field: &str,
        look: &mut dyn FnMut(&mut Self, &str, &Shift, Node<'_>),
    ) {
        let parsed = self.parsed;
        for entry in kustomization.strings(field) {
            if is_inline(entry.text()) {
                match parse(entry.text()) {
                    Ok(tree) => {
                        let shift = Shift::of(entry);
                        for root in tree.roots() {
                            look(self, kustomization.file, &shift, root);
                        }
                    }
                    Err(_) => self.note_at(Reason::Unreadable, "", kustomization.file, entry),
                }
                continue;
            }
            let mut waiting: Vec<String> =
                kustomization.resolve(entry.text()).into_iter().collect();
            let mut count = 0;
            while let Some(path) = waiting.pop() {
                count += 1;
                if count > MAX_FILES {
                    self.note_at(Reason::Bounds, "", kustomization.file, entry);
                    break;
                }
                if let Some(tree) = parsed.tree(&path) {
                    for root in tree.roots() {
                        look(self, &path, &Shift::None, root);
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
                    self.note_at(Reason::NotHere, &path, kustomization.file, entry);
                }
            }
        }
    }

    /// Notes the settings of a transformer that are not followed: those of its own fields, and where it reaches.
    fn inspect_settings(
        &mut self,
        file: &str,
        shift: &Shift,
        root: Node<'_>,
        fields: &[&str],
        reach: Reach,
    ) {
        for (key, value) in root.entries() {
            let is_known = match key.text() {
                "apiVersion" | "kind" | "metadata" => true,
                "fieldSpecs" => reach.is_plain(value),
                key => fields.contains(&key),
            };
            if !is_known {
                self.lose(Reason::Setting, key.text(), file, shift, key);
            }
        }
        if root.get("fieldSpecs").is_none() && reach.is_needed() {
            self.lose(Reason::Setting, "fieldSpecs", file, shift, root);
        }
    }

    /// Notes something of a transformer that is not followed.
    fn lose(&mut self, reason: Reason, what: &str, file: &str, shift: &Shift, node: Node<'_>) {
        let origin = self.origin(file, What::Elsewhere);
        self.pen(origin, shift).lose(reason, what, node);
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
        if api_version != BUILTIN {
            // This program changes nothing that is judged; whatever an annotation names instead may.
            if Ours::run(root).is_none() && !root.is_null() {
                let kind = root.str_at(&["kind"]).unwrap_or_default();
                self.lose(Reason::Function, kind, file, shift, root);
            }
            return;
        }
        let kind = root.str_at(&["kind"]).unwrap_or_default();
        let (what, path, reach): (What, &[&str], Reach) = match kind {
            "ImageTagTransformer" => (What::Images, &["imageTag"], Reach::Default),
            "ReplicaCountTransformer" => (What::Replicas, &["replica"], Reach::Replicas),
            "PrefixTransformer" | "PrefixSuffixTransformer" => {
                (What::Prefix, &["prefix"], Reach::Field("metadata/name"))
            }
            "SuffixTransformer" => (What::Suffix, &["suffix"], Reach::Field("metadata/name")),
            "NamespaceTransformer" => (
                What::Namespace,
                &["metadata", "namespace"],
                Reach::Namespace,
            ),
            "LabelTransformer" => (What::Labels, &["labels"], Reach::Field("metadata/labels")),
            "AnnotationsTransformer" => (
                What::Annotations,
                &["annotations"],
                Reach::Field("metadata/annotations"),
            ),
            "PatchTransformer" | "PatchJson6902Transformer" => {
                let body = ["path", "patch", "jsonOp"];
                let fields = ["path", "patch", "jsonOp", "target", "options"];
                self.inspect_settings(file, shift, root, &fields, Reach::Default);
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
                self.lose(Reason::Transformer, kind, file, shift, root);
                return;
            }
        };
        self.inspect_settings(file, shift, root, path, reach);
        let said = root.at(path);
        let mut kinds = items.iter().map(|item| item.kind.as_str());
        let reaches_more = match what {
            What::Namespace => {
                kinds.any(|kind| matches!(kind, "APIService" | "CustomResourceDefinition"))
            }
            What::Replicas => {
                let specs = root.get("fieldSpecs").into_iter().flat_map(Node::items);
                let meant: Vec<&str> = specs.filter_map(|spec| spec.str_at(&["kind"])).collect();
                kinds.any(|kind| transform::SCALED.contains(&kind) && !meant.contains(&kind))
            }
            _ => false,
        };
        if reaches_more {
            self.lose(Reason::Reach, kind, file, shift, root);
        }
        let Some(said) = said.filter(|_| self.budget > 0) else {
            return;
        };
        let origin = self.origin(file, what);
        let mut pen = self.pen(origin, shift);
        let pen = &mut pen;
        match what {
            What::Images => images::image(items, said, pen),
            What::Replicas => transform::replicas(items, said, pen),
            What::Prefix => transform::affix(items, said, true, pen),
            What::Suffix => transform::affix(items, said, false, pen),
            What::Namespace => transform::namespace(items, said, pen),
            What::Labels => transform::pairs(items, "labels", said, Depth::Metadata, pen),
            _ => transform::pairs(items, "annotations", said, Depth::Metadata, pen),
        };
    }
}
