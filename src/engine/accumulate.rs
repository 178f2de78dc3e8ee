//! The walk through a tree of kustomizations, in kustomize's order of application.

use std::collections::BTreeSet;

use crate::repo::fields::{Fault, Found, faults, faults_of_replacements};
use crate::repo::{Kustomization, Parsed, is_inline, without_password};
use crate::yaml::Node;

use super::images;
use super::item::Item;
use super::piece::spend;
use super::replace;
use super::text::Shift;
use super::transform::{self, Depth};
use super::unknown::Reason;
use super::walk::{Form, Var, Walk, What};

/// How many kustomizations one replay visits at most.
const MAX_VISITS: usize = 4096;

/// How many of `vars` are looked at.
const MAX_VARS: usize = 1024;

/// How deep kustomizations may nest.
const MAX_NESTING: usize = 100;

/// What the directories of a base come to by themselves, and the files that they consist of.
pub(super) fn base<'t>(parsed: &'t Parsed<'t>, bases: &[String]) -> (Vec<Item>, BTreeSet<&'t str>) {
    let mut walk = Walk::bare(parsed);
    let items = walk.together(bases);
    let resources = walk
        .origins
        .iter()
        .filter(|origin| origin.what == What::Resource);
    (items, resources.map(|origin| origin.file).collect())
}

impl Walk<'_> {
    /// What directories come to, each by itself.
    pub fn together(&mut self, directories: &[String]) -> Vec<Item> {
        let mut all = Vec::new();
        for directory in directories {
            // What one says about everything says nothing about the others.
            let mut own = Vec::new();
            self.accumulate(directory, &mut own);
            all.append(&mut own);
        }
        all
    }

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
            let is_circle = self.stack.iter().any(|above| above == directory);
            let reason = if is_circle {
                Reason::Circle
            } else {
                Reason::Bounds
            };
            self.note_at(reason, directory, kustomization.file, kustomization.root);
            return;
        }
        self.inspect(kustomization);
        let (outer, outer_component) = (self.in_base, self.component.clone());
        if self.bases.iter().any(|base| base == directory) {
            self.in_base = true;
            self.reached = true;
        }
        if kustomization.is_component() {
            self.component = Some(directory.to_owned());
        }
        self.stack.push(directory.to_owned());
        let count = items.len();
        self.load(kustomization, items);
        self.generate(kustomization, items);
        if items.len() > count {
            self.compare_names(items);
        }
        for entry in kustomization.strings("components") {
            match kustomization.resolve(entry.text()) {
                Some(path) if parsed.kustomization(&path).is_some() => {
                    self.accumulate(&path, items);
                }
                Some(_) => self.note_elsewhere(Reason::NotHere, kustomization, entry),
                None => self.note_elsewhere(Reason::Remote, kustomization, entry),
            }
        }
        self.transform(kustomization, items);
        self.stack.pop();
        (self.in_base, self.component) = (outer, outer_component);
        if self.budget == 0 {
            self.note_at(
                Reason::Bounds,
                directory,
                kustomization.file,
                kustomization.root,
            );
        }
    }

    /// Notes what a kustomization says that kustomize refuses, or obeys in a way that is not followed.
    fn inspect(&mut self, kustomization: Kustomization<'_>) {
        let Kustomization { file, root, .. } = kustomization;
        for Found { node, field, fault } in faults(root) {
            let reason = match fault {
                Fault::Undeclared => Reason::Undeclared,
                Fault::Twice => Reason::Twice,
                Fault::Type => Reason::Type,
            };
            self.note_at(reason, field, file, node);
        }
        if !self.parsed.is_unambiguous(kustomization) {
            self.note_at(Reason::Twice, "", file, root);
        }
        let (kind, version) = if kustomization.is_component() {
            ("Component", "kustomize.config.k8s.io/v1alpha1")
        } else {
            ("Kustomization", "kustomize.config.k8s.io/v1beta1")
        };
        for (field, wanted) in [("kind", kind), ("apiVersion", version)] {
            let other = root.get(field).filter(|value| {
                !value.is_null() && !matches!(value.text(), "" | "v1") && value.text() != wanted
            });
            if let Some(value) = other {
                self.note_at(Reason::Type, value.text(), file, value);
            }
        }
        let is_said = |(key, value): (Node<'_>, Node<'_>)| {
            !matches!(key.text(), "kind" | "apiVersion") && !value.is_null()
        };
        if !root.entries().any(is_said) {
            self.note_at(Reason::Empty, "", file, root);
        }
        for (key, value) in root.entries().filter(|(_, value)| !value.is_childless()) {
            let reason = match key.text() {
                "vars" => Reason::Vars,
                "openapi" => Reason::OpenApi,
                "crds" => Reason::Crds,
                "configurations" => Reason::Configurations,
                "buildMetadata" if value.items().any(|word| word.text() == "managedByLabel") => {
                    Reason::Setting
                }
                _ => continue,
            };
            self.note_at(reason, key.text(), file, key);
            if reason == Reason::Configurations {
                self.extend(kustomization);
            }
        }
    }

    /// Notes which entries of kustomizations reach further by `configurations`; of what cannot be read, all may.
    fn extend(&mut self, kustomization: Kustomization<'_>) {
        const ALL: [Form; 4] = [
            Form::Images,
            Form::Replicas,
            Form::Labels,
            Form::Replacement,
        ];
        for entry in kustomization.strings("configurations") {
            let path = kustomization.resolve(entry.text());
            let Some(tree) = path.and_then(|path| self.parsed.tree(&path)) else {
                self.extended.extend(ALL);
                continue;
            };
            let fields = tree.roots().flat_map(Node::entries);
            let said = fields.filter(|(_, value)| !value.is_null() && !value.is_childless());
            // Everything else says where names, references and prefixes stand.
            let reached = said.filter_map(|(key, _)| match key.text() {
                "images" => Some(Form::Images),
                "replicas" => Some(Form::Replicas),
                "labels" | "commonLabels" | "templateLabels" => Some(Form::Labels),
                _ => None,
            });
            self.extended.extend(reached);
        }
        // Each once, however often a kustomization is loaded.
        let mut known = Vec::new();
        for form in std::mem::take(&mut self.extended) {
            if !known.contains(&form) {
                known.push(form);
            }
        }
        self.extended = known;
    }

    /// Notes resources of one name, which kustomize does not take together.
    fn compare_names(&mut self, items: &[Item]) {
        if spend(&mut self.budget, 1 + items.len() / 8).is_none() {
            return;
        }
        let mut seen = BTreeSet::new();
        for item in items {
            if !seen.insert(item.id()) && !item.partial {
                let what = format!("{} {}", item.kind, item.name());
                self.note(Reason::SameResource, &what, Some(item.origin));
            }
        }
    }

    /// Notes a file that kustomize does not load, since it lies outside of the directory that names it.
    pub(super) fn note_outside(
        &mut self,
        kustomization: Kustomization<'_>,
        path: &str,
        entry: Node<'_>,
    ) {
        let root = kustomization.real;
        let is_inside = match path.strip_prefix(root) {
            Some(rest) if !root.is_empty() => rest.starts_with('/'),
            _ => root.is_empty() && !path.starts_with("../"),
        };
        if !is_inside {
            self.note_at(Reason::Outside, path, kustomization.file, entry);
        }
    }

    fn note_elsewhere(
        &mut self,
        reason: Reason,
        kustomization: Kustomization<'_>,
        entry: Node<'_>,
    ) {
        let origin = self.origin(kustomization.file, What::Elsewhere);
        let node = entry
            .get("name")
            .or_else(|| entry.entries().next().map(|(key, _)| key))
            .unwrap_or(entry);
        let mark = self.pen(origin, &Shift::None).mark_of(node);
        self.elsewhere.push(mark);
        let what = without_password(node.text());
        let what = if is_inline(&what) { "" } else { &*what };
        self.note(reason, what, Some(mark));
    }

    fn load(&mut self, kustomization: Kustomization<'_>, items: &mut Vec<Item>) {
        let parsed = self.parsed;
        for entry in kustomization.loads() {
            let path = kustomization.resolve(entry.text());
            let Some(path) = path else {
                self.note_elsewhere(Reason::Remote, kustomization, entry);
                continue;
            };
            if let Some(tree) = parsed.tree(&path) {
                self.note_outside(kustomization, &path, entry);
                if parsed.strict_tree(&path).is_none() {
                    self.note_at(Reason::Twice, &path, kustomization.file, entry);
                }
                let origin = self.origin(&path, What::Resource);
                for root in tree.roots() {
                    self.load_one(root, origin, items);
                }
            } else if parsed.kustomization(&path).is_some() {
                let mut below = Vec::new();
                self.accumulate(&path, &mut below);
                items.append(&mut below);
            } else {
                self.note_elsewhere(Reason::NotHere, kustomization, entry);
            }
        }
        for (field, reason) in [
            ("helmCharts", Reason::Helm),
            ("helmChartInflationGenerator", Reason::Helm),
            ("generators", Reason::Generator),
        ] {
            for entry in kustomization
                .root
                .get(field)
                .into_iter()
                .flat_map(Node::items)
            {
                self.note_elsewhere(reason, kustomization, entry);
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
        if root.is_null() {
            return;
        }
        let mut pen = self.pen(origin, &Shift::None);
        for field in ["labels", "annotations"] {
            let pairs = root.at(&["metadata", field]).into_iter();
            for (key, value) in pairs.flat_map(Node::entries) {
                if !value.is_null() && value.as_str().is_none() {
                    pen.lose(Reason::Type, key.text(), value);
                }
            }
        }
        match pen.piece(None, root).map(|piece| Item::new(piece, None)) {
            Some(Some(item)) => items.push(item),
            Some(None) => pen.lose(Reason::Nameless, "", root),
            None => pen.lose(Reason::Bounds, "", root),
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
                let before = pen.unknown.len();
                let (form, done) = if what == What::Replicas {
                    (Form::Replicas, transform::replicas(items, entry, &mut pen))
                } else {
                    (Form::Images, images::image(items, entry, &mut pen))
                };
                let mark = pen.mark_of(entry.get("name").unwrap_or(entry));
                let wrote = pen.wrote(mark, before, done.is_some());
                self.note_use(form, wrote);
            }
        }
        for entry in list("replacements") {
            self.replacement(kustomization, entry, items);
        }
        self.configured(kustomization, items);
        let left = MAX_VARS.saturating_sub(self.vars.len());
        if let Some(var) = list("vars").nth(left) {
            self.note_at(Reason::Bounds, "vars", kustomization.file, var);
        }
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
            if let Some(fields) = entry.get("fields").filter(|fields| !fields.is_childless()) {
                self.note_at(Reason::Setting, "fields", kustomization.file, fields);
            }
            let whole = entry.get("fields").is_none().then_some(entry);
            all.extend(
                entry
                    .get("pairs")
                    .map(|pairs| (What::Labels, pairs, depth, whole)),
            );
        }
        let common = root.get("commonLabels");
        all.extend(common.map(|pairs| (What::Labels, pairs, Depth::Selectors, None)));
        let common = root.get("commonAnnotations");
        all.extend(common.map(|pairs| (What::Annotations, pairs, Depth::Templates, None)));
        for (what, pairs, depth, whole) in all {
            let origin = self.origin(kustomization.file, what);
            let field = if what == What::Labels {
                "labels"
            } else {
                "annotations"
            };
            let mut pen = self.pen(origin, &Shift::None);
            let before = pen.unknown.len();
            let done = transform::pairs(items, field, pairs, depth, &mut pen);
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
            let before = pen.unknown.len();
            if let Err(reason) = replace::apply(entry, items, &mut pen) {
                pen.lose(reason, "", entry);
            }
            let mark = pen.mark_of(entry);
            let wrote = pen.wrote(mark, before, true);
            walk.note_use(Form::Replacement, wrote);
        };
        let Some(path) = entry.str_at(&["path"]) else {
            replace(self, entry, origin);
            return;
        };
        let mark = self.pen(origin, &Shift::None).mark_of(entry);
        let Some((path, tree)) = kustomization
            .resolve(path)
            .and_then(|path| parsed.tree(&path).map(|tree| (path, tree)))
        else {
            self.note(Reason::NotHere, path, Some(mark));
            return;
        };
        self.note_outside(kustomization, &path, entry);
        let origin = self.origin(&path, What::Replacements);
        for root in tree.roots() {
            for Found { node, field, .. } in faults_of_replacements(root) {
                self.note_at(Reason::Undeclared, field, &path, node);
            }
            if root.is_seq() {
                root.items().for_each(|entry| replace(self, entry, origin));
            } else {
                replace(self, root, origin);
            }
        }
    }
}
