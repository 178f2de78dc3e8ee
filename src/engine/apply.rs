//! The transformations of a kustomization, in kustomize's order.

use std::borrow::Cow;
use std::sync::Arc;

use crate::repo::Kustomization;
use crate::repo::fields::{Fault, Found, faults_of_replacements};
use crate::yaml::{Kind, Node};

use super::images;
use super::item::{Item, scan};
use super::piece::spend;
use super::reach::{self, Kinds, Reaches, Spec};
use super::replace;
use super::scalar::{is_on, json_text};
use super::text::Shift;
use super::transform::{self, Namespace, Subjects};
use super::unknown::Reason;
use super::walk::{Form, Var, Walk, What};
use super::written;

/// The largest number of `vars` that are read.
const MAX_VARS: usize = 1024;

impl Walk<'_> {
    /// Applies the transformations of a kustomization to everything that it gathered, in
    /// kustomize's order.
    pub(super) fn transform(&mut self, kustomization: Kustomization<'_>, items: &mut Vec<Item>) {
        let root = kustomization.root;
        let list = |field: &str| root.get(field).into_iter().flat_map(Node::items);
        for entry in list("patchesStrategicMerge") {
            self.patch(kustomization, Some(entry), (None, true), items);
        }
        if list("patchesStrategicMerge").next().is_some() {
            self.note_transformation(kustomization, "PatchStrategicMergeTransformer", items);
        }
        for entry in list("patches") {
            self.patch_of(kustomization, entry, true, items);
            self.note_transformation(kustomization, "PatchTransformer", items);
        }
        self.rename(kustomization, items);
        self.label(kustomization, items);
        for entry in list("patchesJson6902") {
            let has_name = !entry
                .str_at(&["target", "name"])
                .unwrap_or_default()
                .is_empty();
            if !has_name {
                self.note_at(
                    Reason::NoTarget,
                    "patchesJson6902",
                    kustomization.file,
                    entry,
                );
            }
            self.patch_of(kustomization, entry, false, items);
            self.note_transformation(kustomization, "PatchJson6902Transformer", items);
        }
        let reaches = Arc::clone(&self.reaches);
        for (field, what, kind) in [
            ("replicas", What::Replicas, "ReplicaCountTransformer"),
            ("images", What::Images, "ImageTagTransformer"),
            ("imageTags", What::Images, "ImageTagTransformer"),
        ] {
            for entry in list(field) {
                if self.budget == 0 {
                    break;
                }
                let origin = self.origin(kustomization.file, what);
                let mut pen = self.pen(origin, &Shift::None);
                let before = pen.unknown.len();
                let (form, done) = if what == What::Replicas {
                    let done = transform::replicas(items, entry, &reaches.replicas, &mut pen);
                    (Form::Replicas, done)
                } else {
                    let done = images::image(items, entry, &reaches.images, &mut pen);
                    (Form::Images, done)
                };
                let mark = pen.mark_of(entry.get("name").unwrap_or(entry));
                let wrote = pen.wrote(mark, before, done.is_some());
                self.note_use(form, wrote);
                self.note_transformation(kustomization, kind, items);
            }
        }
        for entry in list("replacements") {
            let place = (kustomization.file, &Shift::None);
            self.replacement_of(kustomization, place, entry, items);
        }
        if list("replacements").next().is_some() {
            self.note_transformation(kustomization, "ReplacementTransformer", items);
        }
        self.configured(kustomization, items);
    }

    /// One entry of a list of patches.
    fn patch_of(
        &mut self,
        kustomization: Kustomization<'_>,
        entry: Node<'_>,
        enters: bool,
        items: &mut Vec<Item>,
    ) {
        let body = match written::named(entry) {
            Ok(body) => Some(body),
            Err(reason) => {
                self.note_at(reason, "patch", kustomization.file, entry);
                entry.get("path").or_else(|| entry.get("patch"))
            }
        };
        self.patch(kustomization, body, (Some(entry), enters), items);
    }

    /// Binds `vars` to their resources while these still have the names that the `vars` use.
    pub(super) fn bind(&mut self, kustomization: Kustomization<'_>, items: &mut [Item]) {
        let vars = kustomization.root.get("vars");
        for entry in vars.into_iter().flat_map(Node::items) {
            if self.vars.len() >= MAX_VARS || spend(&mut self.budget, scan(items)).is_none() {
                self.note_at(Reason::Bounds, "vars", kustomization.file, entry);
                return;
            }
            let origin = self.origin(kustomization.file, What::Elsewhere);
            let mark = self.pen(origin, &Shift::None).mark_of(entry);
            let Some(mut var) = Var::read(entry) else {
                // kustomize accepts some of them.
                self.note_at(Reason::Setting, "vars", kustomization.file, entry);
                continue;
            };
            if self.vars.iter().any(|known| known.name == var.name) {
                self.note_at(Reason::Twice, &var.name, kustomization.file, entry);
                continue;
            }
            let mut found = items.iter_mut().filter(|item| var.is_about(item));
            let (first, second) = (found.next(), found.next());
            let is_split = second.is_some();
            if let Some(item) = first {
                item.variables.push(var.name.clone());
            }
            if is_split {
                self.note_at(Reason::Ambiguous, &var.name, kustomization.file, entry);
            }
            var.mark = Some(mark);
            self.vars.push(var);
        }
    }

    fn rename(&mut self, kustomization: Kustomization<'_>, items: &mut [Item]) {
        for (field, what, kind) in [
            ("namespace", What::Namespace, "NamespaceTransformer"),
            ("namePrefix", What::Prefix, "PrefixTransformer"),
            ("nameSuffix", What::Suffix, "SuffixTransformer"),
        ] {
            let value = kustomization.root.get(field);
            let is_said = |value: &Node<'_>| {
                value.is_scalar() && !value.is_null() && !value.text().is_empty()
            };
            let Some(value) = value.filter(is_said) else {
                continue;
            };
            let origin = self.origin(kustomization.file, what);
            let reaches = Arc::clone(&self.reaches);
            let mut pen = self.pen(origin, &Shift::None);
            match what {
                What::Namespace => {
                    let how = Namespace {
                        specs: &reaches.namespace,
                        unset_only: false,
                        subjects: Subjects::Default,
                    };
                    transform::namespace(items, value, &how, &mut pen);
                    self.compare_names(items);
                }
                What::Prefix => {
                    transform::affix(items, value, true, &reaches.prefix, &mut pen);
                }
                _ => {
                    transform::affix(items, value, false, &reaches.suffix, &mut pen);
                }
            }
            self.note_transformation(kustomization, kind, items);
        }
    }

    fn label(&mut self, kustomization: Kustomization<'_>, items: &mut [Item]) {
        let root = kustomization.root;
        let reaches = Arc::clone(&self.reaches);
        let mut all = Vec::new();
        for entry in root.get("labels").into_iter().flat_map(Node::items) {
            let Some(specs) = self.specs_of(entry, &reaches, kustomization) else {
                continue;
            };
            let whole = entry.get("fields").is_none().then_some(entry);
            let pairs = entry.get("pairs");
            all.extend(pairs.map(|pairs| (What::Labels, pairs, Cow::Owned(specs), whole)));
        }
        let common = root.get("commonLabels");
        let specs = Cow::Borrowed(reaches.selecting_labels.as_slice());
        all.extend(common.map(|pairs| (What::Labels, pairs, specs, None)));
        let common = root.get("commonAnnotations");
        let specs = Cow::Borrowed(reaches.annotations.as_slice());
        all.extend(common.map(|pairs| (What::Annotations, pairs, specs, None)));
        for (what, pairs, specs, whole) in all {
            let origin = self.origin(kustomization.file, what);
            let field = if what == What::Labels {
                "labels"
            } else {
                "annotations"
            };
            let mut pen = self.pen(origin, &Shift::None);
            let before = pen.unknown.len();
            let done = transform::pairs(items, field, pairs, &specs, &mut pen);
            let done = done.and_then(|()| pen.spend(items.len()));
            let Some((entry, ())) = whole.zip(done) else {
                continue;
            };
            pen.met.extend(items.iter().map(Item::first));
            let key = pairs.entries().next().map_or(entry, |(key, _)| key);
            let mark = pen.mark_of(key);
            let wrote = pen.wrote(mark, before, true);
            self.note_use(Form::Labels, wrote);
        }
        let entries = root.get("labels").map_or(0, |list| list.items().count());
        if entries > 0
            || root
                .get("commonLabels")
                .is_some_and(|pairs| !pairs.is_childless())
        {
            // One copy per entry, and one for `commonLabels` if either exists.
            for _ in 0..=entries {
                self.note_transformation(kustomization, "LabelTransformer", items);
            }
        }
        if root
            .get("commonAnnotations")
            .is_some_and(|pairs| !pairs.is_childless())
        {
            self.note_transformation(kustomization, "AnnotationsTransformer", items);
        }
    }

    /// The fields that an entry of `labels` reaches; `None` if its `fieldSpecs` contradict the
    /// defaults.
    fn specs_of(
        &mut self,
        entry: Node<'_>,
        reaches: &Reaches,
        kustomization: Kustomization<'_>,
    ) -> Option<Vec<Spec>> {
        let is_set = |field: &str| entry.get(field).is_some_and(is_on);
        let own = entry
            .get("fields")
            .map_or_else(|| Ok(Vec::new()), reach::specs);
        let mut specs = match own {
            Ok(specs) => specs,
            Err(node) => {
                self.note_at(Reason::Undeclared, node.text(), kustomization.file, node);
                return None;
            }
        };
        let own = Spec {
            create: true,
            of: Kinds::default(),
            path: reach::split("metadata/labels"),
        };
        let mut merge = |more: &[Spec]| reach::add(&mut specs, more);
        let merged = merge(&reaches.labels).and_then(|()| {
            if is_set("includeSelectors") {
                return merge(&reaches.selecting_labels);
            }
            if is_set("includeTemplates") {
                merge(&reaches.template_labels)?;
            }
            merge(&[own])
        });
        if merged.is_err() {
            self.note_at(Reason::Twice, "create", kustomization.file, entry);
            return None;
        }
        Some(specs)
    }

    /// One replacement, or the file that an entry names, in whatever list the entry is.
    pub(super) fn replacement_of(
        &mut self,
        kustomization: Kustomization<'_>,
        (file, shift): (&str, &Shift),
        entry: Node<'_>,
        items: &mut [Item],
    ) {
        if self.budget == 0 {
            return;
        }
        let parsed = self.parsed;
        let origin = self.origin(file, What::Replacements);
        let mut follow = |walk: &mut Self, entry, origin, shift: &Shift| {
            let mut pen = walk.pen(origin, shift);
            let before = pen.unknown.len();
            if let Err(reason) = replace::apply(entry, items, &mut pen) {
                pen.lose(reason, "", entry);
            }
            let mark = pen.mark_of(entry);
            let wrote = pen.wrote(mark, before, true);
            walk.note_use(Form::Replacement, wrote);
        };
        let Some(path) = entry.str_at(&["path"]) else {
            follow(self, entry, origin, shift);
            return;
        };
        let mark = self.pen(origin, shift).mark_of(entry);
        let (said, path) = (path, kustomization.resolve(path).unwrap_or_default());
        let Some(tree) = parsed.tree(&path) else {
            self.note(self.absent(&path), said, Some(mark));
            return;
        };
        self.note_outside(kustomization, &path, entry);
        let is_said = |field: &str| entry.get(field).is_some_and(|value| !value.is_null());
        let has_targets = entry
            .get("targets")
            .is_some_and(|targets| !targets.is_childless());
        if is_said("source") || has_targets {
            self.note(Reason::Twice, &path, Some(mark));
        }
        // kustomize reads the first document, and accepts only a map or a list.
        let root = tree.roots().next().filter(|root| !root.is_scalar());
        if root.is_none() {
            self.note(Reason::Type, &path, Some(mark));
        }
        if parsed.strict_tree(&path).is_none() {
            self.note(Reason::Twice, &path, Some(mark));
        }
        let origin = self.origin(&path, What::Replacements);
        if let Some(root) = root {
            for Found { node, field, fault } in faults_of_replacements(root) {
                // kustomize turns a number into text here, as JSON writes it.
                let is_text = fault == Fault::Type
                    && matches!(field, "sourceValue" | "fieldPath" | "name" | "delimiter")
                    && node.is_scalar();
                if fault == Fault::Undeclared {
                    // kustomize ignores unknown fields here.
                } else if !is_text {
                    self.note_at(Reason::Type, field, &path, node);
                } else if field != "sourceValue"
                    || node.kind() == Kind::Str
                    || json_text(node) != node.text()
                {
                    // A word that kustomize reads as a boolean, such as `off`, or a number that it
                    // writes differently.
                    self.note_at(Reason::Scalar, field, &path, node);
                }
            }
            if root.is_seq() {
                root.items()
                    .for_each(|entry| follow(self, entry, origin, &Shift::None));
            } else {
                follow(self, root, origin, &Shift::None);
            }
        }
    }
}
