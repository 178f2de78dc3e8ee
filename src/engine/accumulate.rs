//! The walk through a tree of kustomizations, in kustomize's order of application.

use std::collections::BTreeSet;

use crate::repo::{Kustomization, Parsed};
use crate::yaml::Node;

use super::item::Item;
use super::replace;
use super::text::Shift;
use super::transform::{self, Depth};
use super::walk::{Var, Walk, What};

/// How many kustomizations one replay visits at most.
const MAX_VISITS: usize = 4096;

/// How many of `vars` are looked at.
const MAX_VARS: usize = 1024;

/// How deep kustomizations may nest.
const MAX_NESTING: usize = 100;

/// What the directories of a base come to by themselves, and the files that they consist of.
pub(super) fn base<'t>(parsed: &'t Parsed<'t>, bases: &[String]) -> (Vec<Item>, BTreeSet<&'t str>) {
    let mut walk = Walk::bare(parsed);
    let mut items = Vec::new();
    for directory in bases {
        walk.accumulate(directory, &mut items);
    }
    let resources = walk
        .origins
        .iter()
        .filter(|origin| origin.what == What::Resource);
    (items, resources.map(|origin| origin.file).collect())
}

impl Walk<'_> {
    /// Adds what a directory makes of everything that was there before.
    pub fn accumulate(&mut self, directory: &str, items: &mut Vec<Item>) {
        let parsed = self.parsed;
        let Some(kustomization) = parsed.kustomization(directory) else {
            return;
        };
        self.visits += 1;
        if self.visits > MAX_VISITS
            || self.stack.len() > MAX_NESTING
            || self.stack.iter().any(|above| above == directory)
        {
            self.complete = false;
            return;
        }
        let (outer, outer_component) = (self.in_base, self.component.clone());
        if self.bases.iter().any(|base| base == directory) {
            self.in_base = true;
            self.reached = true;
        }
        if kustomization.is_component() {
            self.component = Some(directory.to_owned());
        }
        self.stack.push(directory.to_owned());
        self.load(kustomization, items);
        self.generate(kustomization, items);
        for entry in kustomization.strings("components") {
            match kustomization.resolve(entry.text()) {
                Some(path) if parsed.kustomization(&path).is_some() => {
                    self.accumulate(&path, items);
                }
                _ => self.note_elsewhere(kustomization, entry),
            }
        }
        self.transform(kustomization, items);
        self.stack.pop();
        (self.in_base, self.component) = (outer, outer_component);
        if self.budget == 0 {
            self.complete = false;
        }
    }

    fn note_elsewhere(&mut self, kustomization: Kustomization<'_>, entry: Node<'_>) {
        let origin = self.origin(kustomization.file, What::Elsewhere);
        let node = entry
            .get("name")
            .or_else(|| entry.entries().next().map(|(key, _)| key))
            .unwrap_or(entry);
        let mark = self.pen(origin, &Shift::None).mark_of(node);
        self.elsewhere.push(mark);
    }

    fn load(&mut self, kustomization: Kustomization<'_>, items: &mut Vec<Item>) {
        let parsed = self.parsed;
        for entry in kustomization.loads() {
            let path = kustomization.resolve(entry.text());
            let Some(path) = path else {
                self.note_elsewhere(kustomization, entry);
                continue;
            };
            if let Some(tree) = parsed.tree(&path) {
                let origin = self.origin(&path, What::Resource);
                for root in tree.roots() {
                    self.load_one(root, origin, items);
                }
            } else if parsed.kustomization(&path).is_some() {
                let mut below = Vec::new();
                self.accumulate(&path, &mut below);
                items.append(&mut below);
            } else {
                self.note_elsewhere(kustomization, entry);
            }
        }
        for field in ["helmCharts", "helmChartInflationGenerator", "generators"] {
            for entry in kustomization
                .root
                .get(field)
                .into_iter()
                .flat_map(Node::items)
            {
                self.note_elsewhere(kustomization, entry);
                self.hide(kustomization, entry.get("valuesInline"));
            }
        }
        // Of patches, those that are about a Secret are hidden where they are followed.
        let lists = kustomization.root.entries();
        for (_, list) in lists.filter(|(key, _)| key.text() != "patchesStrategicMerge") {
            let texts = list.items().filter(|item| item.is_scalar());
            for text in texts.filter(|text| text.text().contains([' ', '{', '\n'])) {
                // No path, but the thing itself.
                self.hide(kustomization, Some(text));
            }
        }
    }

    /// Notes what may hold the values of Secrets, and is followed no further.
    fn hide(&mut self, kustomization: Kustomization<'_>, node: Option<Node<'_>>) {
        if let Some(node) = node {
            let origin = self.origin(kustomization.file, What::Elsewhere);
            self.secrets.push((origin, node.span()));
        }
    }

    fn load_one(&mut self, root: Node<'_>, origin: usize, items: &mut Vec<Item>) {
        let is_list = root
            .str_at(&["kind"])
            .is_some_and(|kind| kind.ends_with("List"));
        if let Some(list) = root.get("items").filter(|list| is_list && list.is_seq()) {
            for item in list.items().filter(|item| item.is_map()) {
                self.load_one(item, origin, items);
            }
            return;
        }
        if !root.is_map() {
            return;
        }
        match self.pen(origin, &Shift::None).piece(None, root) {
            Some(piece) => items.extend(Item::new(piece, None)),
            None => self.complete = false,
        }
    }

    fn transform(&mut self, kustomization: Kustomization<'_>, items: &mut Vec<Item>) {
        let root = kustomization.root;
        let list = |field: &str| root.get(field).into_iter().flat_map(Node::items);
        for entry in list("patchesStrategicMerge") {
            self.patch(kustomization, Some(entry), None, items);
        }
        for entry in list("patches") {
            let body = entry.get("path").or_else(|| entry.get("patch"));
            self.patch(kustomization, body, Some(entry), items);
        }
        self.rename(kustomization, items);
        self.label(kustomization, items);
        for entry in list("patchesJson6902") {
            let body = entry.get("path").or_else(|| entry.get("patch"));
            self.patch(kustomization, body, Some(entry), items);
        }
        for (field, what) in [
            ("replicas", What::Replicas),
            ("images", What::Images),
            ("imageTags", What::Images),
        ] {
            for entry in list(field) {
                if self.budget == 0 {
                    break;
                }
                let origin = self.origin(kustomization.file, what);
                let mut pen = self.pen(origin, &Shift::None);
                if what == What::Replicas {
                    transform::replicas(items, entry, &mut pen);
                } else {
                    transform::image(items, entry, &mut pen);
                }
            }
        }
        for entry in list("replacements") {
            self.replacement(kustomization, entry, items);
        }
        self.configured(kustomization, items);
        let left = MAX_VARS.saturating_sub(self.vars.len());
        self.complete &= list("vars").nth(left).is_none();
        self.vars
            .extend(list("vars").take(left).filter_map(Var::read));
    }

    fn rename(&mut self, kustomization: Kustomization<'_>, items: &mut [Item]) {
        for (field, what) in [
            ("namespace", What::Namespace),
            ("namePrefix", What::Prefix),
            ("nameSuffix", What::Suffix),
        ] {
            let value = kustomization.root.get(field);
            let Some(value) = value.filter(|value| value.is_scalar() && !value.text().is_empty())
            else {
                continue;
            };
            let origin = self.origin(kustomization.file, what);
            let mut pen = self.pen(origin, &Shift::None);
            match what {
                What::Namespace => transform::namespace(items, value, &mut pen),
                what => transform::affix(items, value, what == What::Prefix, &mut pen),
            };
        }
    }

    fn label(&mut self, kustomization: Kustomization<'_>, items: &mut [Item]) {
        let root = kustomization.root;
        let mut all = Vec::new();
        for entry in root.get("labels").into_iter().flat_map(Node::items) {
            let is_set = |field: &str| entry.get(field).is_some_and(|value| value.text() == "true");
            let depth = match (is_set("includeSelectors"), is_set("includeTemplates")) {
                (true, _) => Depth::Selectors,
                (false, true) => Depth::Templates,
                _ => Depth::Metadata,
            };
            all.extend(entry.get("pairs").map(|pairs| (What::Labels, pairs, depth)));
        }
        let common = root.get("commonLabels");
        all.extend(common.map(|pairs| (What::Labels, pairs, Depth::Selectors)));
        let common = root.get("commonAnnotations");
        all.extend(common.map(|pairs| (What::Annotations, pairs, Depth::Templates)));
        for (what, pairs, depth) in all {
            let origin = self.origin(kustomization.file, what);
            let field = if what == What::Labels {
                "labels"
            } else {
                "annotations"
            };
            let mut pen = self.pen(origin, &Shift::None);
            transform::pairs(items, field, pairs, depth, &mut pen);
        }
    }

    fn replacement(
        &mut self,
        kustomization: Kustomization<'_>,
        entry: Node<'_>,
        items: &mut [Item],
    ) {
        if self.budget == 0 {
            return;
        }
        let parsed = self.parsed;
        let origin = self.origin(kustomization.file, What::Replacements);
        let mut replace = |walk: &mut Self, entry, origin| {
            let mut pen = walk.pen(origin, &Shift::None);
            let done = replace::apply(entry, items, &mut pen);
            walk.complete &= done.is_some();
        };
        let Some(path) = entry.str_at(&["path"]) else {
            replace(self, entry, origin);
            return;
        };
        let Some((path, tree)) = kustomization
            .resolve(path)
            .and_then(|path| parsed.tree(&path).map(|tree| (path, tree)))
        else {
            self.complete = false;
            return;
        };
        let origin = self.origin(&path, What::Replacements);
        for root in tree.roots() {
            if root.is_seq() {
                root.items().for_each(|entry| replace(self, entry, origin));
            } else {
                replace(self, root, origin);
            }
        }
    }
}
