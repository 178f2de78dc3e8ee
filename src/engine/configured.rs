//! kustomize's own transformers, written as resources under `transformers`.

use std::collections::BTreeSet;

use crate::repo::{Kustomization, Ours, is_inline, is_wiring};
use crate::yaml::{Node, parse};

use super::images;
use super::item::Item;
use super::patch::Named;
use super::piece::{is_same, spend};
use super::reach;
use super::scalar::is_on;
use super::scalar::said as said_name;
use super::text::Shift;
use super::transform::{self, Namespace, Subjects};
use super::unknown::Reason;
use super::walk::{Walk, What};
use super::written::said;

/// The largest number of files that one entry may load.
const MAX_FILES: usize = 256;

/// The API version of kustomize's own transformers.
const BUILTIN: &str = "builtin";

/// The namespace that a directory sets on the transformers that it gathers.
type Within = Option<String>;

impl Walk<'_> {
    /// Runs the transformers that `transformers` lists, if they are kustomize's own.
    pub(super) fn configured(&mut self, kustomization: Kustomization<'_>, items: &mut Vec<Item>) {
        self.each_declared(
            kustomization,
            "transformers",
            &mut |walk, file, shift, root| {
                walk.configured_one(kustomization, file, shift, root, items);
                walk.note_declared(kustomization, (file, shift), root, items);
            },
        );
        // A validator either changes nothing or stops the build. A transformer is not a validator.
        self.each_declared(
            kustomization,
            "validators",
            &mut |walk, file, shift, root| {
                walk.validate(kustomization, (file, shift), root, items);
            },
        );
    }

    /// Runs one of kustomize's own transformers to check that it changes nothing.
    fn validate(
        &mut self,
        kustomization: Kustomization<'_>,
        (file, shift): (&str, &Shift),
        root: Node<'_>,
        items: &[Item],
    ) {
        let size: usize = items.iter().map(|item| item.root.measure().1).sum();
        if spend(&mut self.budget, size).is_none() {
            self.lose(Reason::Bounds, "validators", file, shift, root);
            return;
        }
        let mut changed = items.to_vec();
        self.configured_one(kustomization, file, shift, root, &mut changed);
        let is_as_it_was = items.len() == changed.len()
            && items
                .iter()
                .zip(&changed)
                .all(|(one, other)| is_same(&one.root, &other.root));
        if !is_as_it_was {
            let kind = root.str_at(&["kind"]).unwrap_or_default();
            self.lose(Reason::Operation, kind, file, shift, root);
        }
    }

    /// Visits every document of a list of functions: in files, in directories or inline.
    pub(super) fn each_declared(
        &mut self,
        kustomization: Kustomization<'_>,
        field: &str,
        look: &mut dyn FnMut(&mut Self, &str, &Shift, Node<'_>),
    ) {
        let parsed = self.parsed;
        let mut seen = BTreeSet::new();
        let mut look =
            |walk: &mut Self, (file, shift): (&str, &Shift), within: Within, root: Node<'_>| {
                if root.is_null() {
                    return;
                }
                let text = |path: &[&str]| root.str_at(path).unwrap_or_default().to_owned();
                // A number is also a valid name.
                let name = root
                    .at(&["metadata", "name"])
                    .map_or("", said_name)
                    .to_owned();
                let kind = text(&["kind"]);
                if within.is_some() && (field == "generators" || kind == "NamespaceTransformer") {
                    // The namespace is a setting of this kind, so overwriting it changes its
                    // effect.
                    walk.lose(Reason::Transformer, &kind, file, shift, root);
                }
                let within = within.unwrap_or_else(|| text(&["metadata", "namespace"]));
                let id = [text(&["apiVersion"]), kind, within, name.clone()];
                if name.is_empty() {
                    walk.lose(Reason::Nameless, field, file, shift, root);
                } else if !seen.insert(id) {
                    walk.lose(Reason::SameResource, &name, file, shift, root);
                }
                look(walk, file, shift, root);
            };
        for entry in kustomization.strings(field) {
            if is_inline(entry.text()) {
                match parse(entry.text()) {
                    Ok(tree) => {
                        let shift = Shift::of(entry);
                        for root in tree.roots() {
                            look(self, (kustomization.file, &shift), None, root);
                        }
                    }
                    Err(_) => self.note_at(Reason::Unreadable, "", kustomization.file, entry),
                }
                continue;
            }
            let path = kustomization.resolve(entry.text());
            let mut waiting: Vec<(String, Within)> =
                path.map(|path| (path, None)).into_iter().collect();
            let mut count = 0;
            while let Some((path, within)) = waiting.pop() {
                count += 1;
                if count > MAX_FILES {
                    self.note_at(Reason::Bounds, "", kustomization.file, entry);
                    break;
                }
                if let Some(tree) = parsed.tree(&path) {
                    if count == 1 {
                        self.note_outside(kustomization, &path, entry);
                    }
                    for root in tree.roots() {
                        look(self, (&path, &Shift::None), within.clone(), root);
                    }
                } else if let Some(below) = parsed.kustomization(&path) {
                    let only_gathers = below.only_gathers_with(&["namespace"])
                        && below.strings("transformers").next().is_none();
                    // A policy that is completed for an environment still changes nothing.
                    if !only_gathers && !is_wiring(parsed, below) {
                        // The transformations that it applies to transformers are not followed.
                        self.note_at(Reason::Transformer, &path, kustomization.file, entry);
                    }
                    // The outermost namespace wins.
                    let own = below
                        .root
                        .str_at(&["namespace"])
                        .filter(|own| !own.is_empty());
                    let within = within.or_else(|| own.map(str::to_owned));
                    let loads = below
                        .loads()
                        .filter_map(|entry| Some((below.resolve(entry.text())?, within.clone())));
                    let at = waiting.len();
                    waiting.extend(loads);
                    // `pop` takes from the end, so the first entry goes last.
                    waiting[at..].reverse();
                } else {
                    self.note_at(self.absent(&path), &path, kustomization.file, entry);
                }
            }
        }
    }

    /// Notes a part of a transformer that is not followed.
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
            // This program changes no judged resource; another function that an annotation names
            // may.
            if Ours::run(root).is_none() && !root.is_null() {
                let kind = root.str_at(&["kind"]).unwrap_or_default();
                self.lose(Reason::Function, kind, file, shift, root);
            }
            return;
        }
        let kind = root.str_at(&["kind"]).unwrap_or_default();
        let fields: &[(What, &[&str])] = match kind {
            "ImageTagTransformer" => &[(What::Images, &["imageTag"])],
            "ReplicaCountTransformer" => &[(What::Replicas, &["replica"])],
            "PrefixTransformer" => &[(What::Prefix, &["prefix"])],
            "SuffixTransformer" => &[(What::Suffix, &["suffix"])],
            "PrefixSuffixTransformer" => {
                &[(What::Prefix, &["prefix"]), (What::Suffix, &["suffix"])]
            }
            "NamespaceTransformer" => &[(What::Namespace, &["metadata", "namespace"])],
            "LabelTransformer" => &[(What::Labels, &["labels"])],
            "AnnotationsTransformer" => &[(What::Annotations, &["annotations"])],
            "ReplacementTransformer" => {
                let list = root.get("replacements");
                for entry in list.into_iter().flat_map(Node::items) {
                    self.replacement_of(kustomization, (file, shift), entry, items);
                }
                return;
            }
            "ValueAddTransformer" => {
                self.add_value(kustomization, (file, shift), root, items);
                return;
            }
            "PatchTransformer" | "PatchJson6902Transformer" | "PatchStrategicMergeTransformer" => {
                self.configured_patch(kustomization, (file, shift), root, items);
                return;
            }
            _ => {
                self.lose(Reason::Transformer, kind, file, shift, root);
                return;
            }
        };
        for (what, path) in fields {
            self.configured_fields((*what, path), (file, shift), root, items);
        }
    }

    /// A patch that is written as a transformer.
    fn configured_patch(
        &mut self,
        kustomization: Kustomization<'_>,
        (file, shift): (&str, &Shift),
        root: Node<'_>,
        items: &mut Vec<Item>,
    ) {
        let kind = root.str_at(&["kind"]).unwrap_or_default();
        // Paths are relative to the kustomization, not to the file of the transformer.
        let mut named = Named {
            kustomization,
            file,
            shift,
            entry: Some(root),
            enters: kind == "PatchTransformer",
        };
        if kind == "PatchStrategicMergeTransformer" {
            named.entry = None;
            let paths = root.get("paths").into_iter().flat_map(Node::items);
            if said(root, &["patches"]).is_none()
                && root.get("paths").is_none_or(Node::is_childless)
            {
                self.lose(Reason::Type, kind, file, shift, root);
            }
            for body in paths.chain(root.get("patches")) {
                self.patch_named(&named, body, items);
            }
            return;
        }
        let body = said(root, &["path", "patch", "jsonOp"]);
        let has_name = !root
            .str_at(&["target", "name"])
            .unwrap_or_default()
            .is_empty();
        if kind == "PatchJson6902Transformer" && !has_name {
            self.lose(Reason::NoTarget, kind, file, shift, root);
        }
        match body {
            Some(body) => self.patch_named(&named, body, items),
            None => self.lose(Reason::Type, kind, file, shift, root),
        }
    }

    /// One transformation of fields.
    fn configured_fields(
        &mut self,
        (what, path): (What, &[&str]),
        (file, shift): (&str, &Shift),
        root: Node<'_>,
        items: &mut [Item],
    ) {
        let specs = match root.get("fieldSpecs").map(reach::specs) {
            None if matches!(what, What::Prefix | What::Suffix) => {
                self.lose(Reason::NoField, "fieldSpecs", file, shift, root);
                return;
            }
            None => Vec::new(),
            Some(Ok(specs)) => specs,
            Some(Err(node)) => {
                self.lose(Reason::Setting, "fieldSpecs", file, shift, node);
                return;
            }
        };
        let said = root.at(path);
        // A missing image is an image without a name, which kustomize searches for as well.
        let said = said.or((what == What::Images).then_some(root));
        let Some(said) = said.filter(|_| self.budget > 0) else {
            return;
        };
        if matches!(what, What::Prefix | What::Suffix) && !said.is_scalar() {
            self.lose(Reason::Type, path.join(".").as_str(), file, shift, said);
        }
        let subjects = match root.str_at(&["setRoleBindingSubjects"]) {
            None | Some("" | "defaultOnly") => Subjects::Default,
            Some("allServiceAccounts") => Subjects::Accounts,
            Some("none") => Subjects::None,
            Some(other) => {
                self.lose(Reason::Type, other, file, shift, root);
                return;
            }
        };
        let unset_only = root.get("unsetOnly").is_some_and(is_on);
        let origin = self.origin(file, what);
        let mut pen = self.pen(origin, shift);
        let pen = &mut pen;
        match what {
            What::Images => images::image(items, said, &specs, pen),
            What::Replicas => transform::replicas(items, said, &specs, pen),
            What::Prefix => transform::affix(items, said, true, &specs, pen),
            What::Suffix => transform::affix(items, said, false, &specs, pen),
            What::Namespace => {
                let how = Namespace {
                    specs: &specs,
                    unset_only,
                    subjects,
                };
                transform::namespace(items, said, &how, pen)
            }
            What::Labels => transform::pairs(items, "labels", said, &specs, pen),
            _ => transform::pairs(items, "annotations", said, &specs, pen),
        };
        if what == What::Namespace {
            self.compare_names(items);
        }
    }
}
