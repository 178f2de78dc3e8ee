//! The walk through a tree of kustomizations, in kustomize's order of application.

use std::collections::{BTreeSet, VecDeque};
use std::mem::replace;
use std::sync::Arc;

use crate::repo::fields::{Fault, Found, faults};
use crate::repo::{Kustomization, NAMES, Parsed, is_inline, join, runs_only_own, without_password};
use crate::yaml::{Node, Tree};

use super::definitions::{self, Wrong};
use super::item::Item;
use super::look::has_odd_marks;
use super::notes::Notes;
use super::piece::spend;
use super::reach::Reaches;
use super::scalar::listed;
use super::text::Shift;
use super::unknown::Reason;
use super::walk::{Walk, What};

/// The largest number of kustomizations that one replay visits.
const MAX_VISITS: usize = 4096;

/// The deepest nesting of kustomizations.
const MAX_NESTING: usize = 100;

/// The resources of a base's directories, built on their own, and the files that the base consists
/// of.
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
    /// The resources of several directories, each built on its own.
    pub fn together(&mut self, directories: &[String]) -> Vec<Item> {
        let mut all = Vec::new();
        for directory in directories {
            // A transformation of one directory does not reach the others.
            let mut own = Vec::new();
            self.accumulate(directory, &mut own);
            all.append(&mut own);
        }
        all
    }

    /// The contents of a file.
    pub fn file(&mut self, path: &str) -> Vec<Item> {
        let mut items = Vec::new();
        if let Some(tree) = self.parsed.tree(path) {
            let origin = self.origin(path, What::Resource);
            self.load_all(tree, origin, &mut items);
        }
        items
    }

    /// Adds the resources of a directory that an entry loads.
    fn enter(&mut self, directory: &str, entry: &str, items: &mut Vec<Item>) {
        let trail = join(&self.trail, entry);
        let outer = replace(&mut self.trail, trail);
        self.accumulate(directory, items);
        self.trail = outer;
    }

    /// Adds the resources of a directory, and applies its transformations to everything gathered so
    /// far.
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
        if self.stack.is_empty() {
            self.notes = Notes::read(kustomization);
            self.trail.clear();
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
        let is_part = kustomization.is_component();
        let outer_reaches = (!is_part).then(|| replace(&mut self.reaches, Reaches::defaults()));
        self.stack.push(directory.to_owned());
        let count = items.len();
        self.load(kustomization, items);
        self.configure(kustomization, "configurations", |root| {
            Reaches::read(root).map_err(Wrong::Key)
        });
        self.configure(kustomization, "crds", definitions::read);
        self.generate(kustomization, items);
        if items.len() > count {
            self.compare_names(items);
        }
        for entry in kustomization.strings("components") {
            match kustomization.resolve(entry.text()) {
                Some(path) if parsed.kustomization(&path).is_some() => {
                    self.note_unless(true, &path, kustomization, entry);
                    self.enter(&path, entry.text(), items);
                }
                Some(path) => self.note_elsewhere(self.absent(&path), kustomization, entry),
                None => self.note_elsewhere(Reason::Remote, kustomization, entry),
            }
        }
        self.transform(kustomization, items);
        self.bind(kustomization, items);
        self.stack.pop();
        if let Some(outer) = outer_reaches {
            // A component's settings of where transformations reach also hold for its loader.
            let inner = replace(&mut self.reaches, outer);
            if !Arc::ptr_eq(&inner, &Reaches::defaults()) {
                self.widen(&inner, kustomization, kustomization.root);
            }
        }
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

    /// Notes the parts of a kustomization that kustomize refuses, and those that are not modelled.
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
        if has_odd_marks(root) {
            self.note_at(Reason::Unreadable, "", file, root);
        }
        if !self.parsed.is_unambiguous(kustomization) {
            self.note_at(Reason::Twice, "", file, root);
        }
        let directory = kustomization.directory();
        let files = NAMES.iter().filter(|name| {
            let file = join(directory, name);
            self.parsed.sources.contains(&file) || self.parsed.sources.is_unread(&file)
        });
        if files.count() > 1 {
            self.note_at(Reason::Several, directory, file, root);
        }
        if !runs_only_own(self.parsed, kustomization) {
            self.note_at(Reason::Function, "", file, root);
        }
        let (kind, version, reason) = if kustomization.is_component() {
            (
                "Component",
                "kustomize.config.k8s.io/v1alpha1",
                Reason::ComponentVersion,
            )
        } else {
            (
                "Kustomization",
                "kustomize.config.k8s.io/v1beta1",
                Reason::Version,
            )
        };
        for (field, wanted, reason) in [
            ("kind", kind, Reason::Kind),
            ("apiVersion", version, reason),
        ] {
            let other = root.get(field).filter(|value| {
                !value.is_null() && !value.text().is_empty() && value.text() != wanted
            });
            if let Some(value) = other {
                self.note_at(reason, value.text(), file, value);
            }
        }
        let is_said = |(key, value): (Node<'_>, Node<'_>)| {
            !matches!(key.text(), "kind" | "apiVersion") && !value.is_null()
        };
        if !root.entries().any(is_said) {
            self.note_at(Reason::Empty, "", file, root);
        }
        let schema = root.entries().find(|(key, _)| key.text() == "openapi");
        for (key, value) in schema.iter().flat_map(|(_, value)| value.entries()) {
            // This is the schema that kustomize uses by default.
            if !(key.text() == "version" && value.text() == "v1.21.2") {
                self.note_at(Reason::OpenApi, "openapi", file, key);
            }
        }
    }

    /// Adds the settings of `configurations` or `crds` files to the fields that transformations
    /// reach.
    fn configure(
        &mut self,
        kustomization: Kustomization<'_>,
        field: &str,
        read: for<'n> fn(Node<'n>) -> Result<Reaches, Wrong<'n>>,
    ) {
        for entry in kustomization.strings(field) {
            let path = kustomization.resolve(entry.text()).unwrap_or_default();
            let Some(tree) = self.parsed.tree(&path) else {
                self.note_elsewhere(self.absent(&path), kustomization, entry);
                continue;
            };
            self.note_outside(kustomization, &path, entry);
            let mut roots = tree.roots();
            let read = roots.next().map(read);
            if roots.next().is_some() || self.parsed.strict_tree(&path).is_none() {
                self.note_at(Reason::Twice, &path, kustomization.file, entry);
            }
            match read {
                None => {}
                Some(Ok(more)) => self.widen(&more, kustomization, entry),
                Some(Err(Wrong::Key(node))) => {
                    self.note_at(Reason::Undeclared, node.text(), &path, node);
                }
                Some(Err(Wrong::Type(node))) => self.note_at(Reason::Type, field, &path, node),
                Some(Err(Wrong::Bounds)) => {
                    self.note_at(Reason::Bounds, field, kustomization.file, entry);
                }
            }
        }
    }

    /// Extends the reach of transformations from here on.
    fn widen(&mut self, more: &Reaches, kustomization: Kustomization<'_>, entry: Node<'_>) {
        if Arc::make_mut(&mut self.reaches).merge(more).is_err() {
            self.note_at(Reason::Twice, "create", kustomization.file, entry);
        }
    }

    /// Notes resources with the same identity, which kustomize refuses.
    pub(super) fn compare_names(&mut self, items: &[Item]) {
        if spend(&mut self.budget, 1 + items.len() / 8).is_none() {
            return;
        }
        let mut seen = BTreeSet::new();
        for item in items {
            if !seen.insert(item.key()) && !item.partial {
                let what = format!("{} {}", item.kind, item.name());
                self.note(Reason::SameResource, &what, Some(item.origin));
            }
        }
    }

    /// Notes a file that kustomize does not load because it is outside the directory that names it.
    pub(super) fn note_outside(
        &mut self,
        kustomization: Kustomization<'_>,
        path: &str,
        entry: Node<'_>,
    ) {
        let root = kustomization.real;
        let file = self.parsed.sources.real_file(path);
        let is_inside = match file.strip_prefix(root) {
            Some(rest) if !root.is_empty() => rest.starts_with('/'),
            _ => root.is_empty() && !file.starts_with("../"),
        };
        if !is_inside && !self.parsed.sources.is_unrestricted {
            self.note_at(Reason::Outside, path, kustomization.file, entry);
        }
    }

    /// Notes a directory of the wrong type: a component where kustomize expects none, or the
    /// reverse.
    fn note_unless(
        &mut self,
        is_component: bool,
        path: &str,
        kustomization: Kustomization<'_>,
        entry: Node<'_>,
    ) {
        let loaded = self.parsed.kustomization(path);
        if loaded.is_some_and(|loaded| loaded.is_component() != is_component) {
            self.note_at(Reason::Type, path, kustomization.file, entry);
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
                if tree.source().contains('?') && tree.roots().any(has_odd_marks) {
                    self.note_at(Reason::Unreadable, &path, kustomization.file, entry);
                }
                if has_odd_ends(tree.source()) {
                    self.note_at(Reason::Unreadable, &path, kustomization.file, entry);
                }
                let origin = self.origin(&path, What::Resource);
                let count = items.len();
                self.load_all(tree, origin, items);
                let all = items.iter_mut().skip(count);
                all.for_each(|item| self.note_file(item, entry.text()));
            } else if parsed.kustomization(&path).is_some() {
                self.note_unless(false, &path, kustomization, entry);
                let mut below = Vec::new();
                self.enter(&path, entry.text(), &mut below);
                items.append(&mut below);
            } else {
                self.note_elsewhere(self.absent(&path), kustomization, entry);
            }
        }
        let charts = ["helmCharts", "helmChartInflationGenerator"];
        let charts = charts.map(|field| kustomization.root.get(field));
        for entry in charts.into_iter().flatten().flat_map(Node::items) {
            self.note_elsewhere(Reason::Helm, kustomization, entry);
            self.hide(kustomization, entry.get("valuesInline"));
        }
        // Patches of a Secret are hidden where they are followed.
        let lists = kustomization.root.entries();
        for (_, list) in lists.filter(|(key, _)| key.text() != "patchesStrategicMerge") {
            let texts = list.items().filter(|item| item.is_scalar());
            for text in texts.filter(|text| text.text().contains([' ', '{', '\n'])) {
                // The text is the resource itself, not a path.
                self.hide(kustomization, Some(text));
            }
        }
    }

    /// Notes a part that may hold the values of Secrets and is not followed further.
    fn hide(&mut self, kustomization: Kustomization<'_>, node: Option<Node<'_>>) {
        if let Some(node) = node {
            let origin = self.origin(kustomization.file, What::Elsewhere);
            self.secrets.push((origin, node.span()));
        }
    }

    /// Loads documents. As in kustomize, the items of a list come after all documents.
    fn load_all(&mut self, tree: &Tree<'_>, origin: usize, items: &mut Vec<Item>) {
        // kustomize splits a list only if it is the one document; otherwise it passes the items
        // through JSON.
        let is_split = |line: &str| line.starts_with("---");
        let is_alone = !tree.source().lines().skip(1).any(is_split);
        let mut roots: VecDeque<_> = tree.roots().map(|root| (root, false)).collect();
        while let Some((root, is_listed)) = roots.pop_front() {
            let is_list = root
                .str_at(&["kind"])
                .is_some_and(|kind| kind.ends_with("List"));
            match root.get("items").filter(|_| is_list) {
                None => self.load_one(root, is_listed, origin, items),
                Some(list) if list.is_seq() => {
                    let kind = root.str_at(&["kind"]);
                    let is_plain = is_alone && matches!(kind, Some("List" | "ResourceList"));
                    let is_listed = is_listed || !is_plain;
                    for item in list.items() {
                        if item.is_map() {
                            roots.extend((!item.is_childless()).then_some((item, is_listed)));
                        } else if !item.is_null() {
                            self.pen(origin, &Shift::None)
                                .lose(Reason::Type, "items", item);
                        }
                    }
                }
                Some(list) if list.is_null() => {}
                Some(list) => self
                    .pen(origin, &Shift::None)
                    .lose(Reason::Type, "items", list),
            }
        }
    }

    fn load_one(&mut self, root: Node<'_>, is_listed: bool, origin: usize, items: &mut Vec<Item>) {
        if root.is_null() {
            return;
        }
        let mut pen = self.pen(origin, &Shift::None);
        let mut piece = pen.piece(None, root);
        if let Some(piece) = piece.as_mut().filter(|_| is_listed) {
            listed(piece);
        }
        match piece.map(|piece| Item::new(piece, None)) {
            Some(Some(item)) => {
                let version = root.get("apiVersion");
                if let Some(version) = version.filter(|one| one.is_null()) {
                    // kustomize fails here when it resolves references.
                    pen.lose(Reason::Setting, "apiVersion", version);
                }
                items.push(item);
            }
            Some(None) => {
                // A list may have no name, whatever happens to it later.
                let kind = root.str_at(&["kind"]).unwrap_or_default();
                let reason = if kind.ends_with("List") {
                    Reason::Setting
                } else {
                    Reason::Nameless
                };
                pen.lose(reason, kind, root);
            }
            None => pen.lose(Reason::Bounds, "", root),
        }
    }
}

/// Whether documents begin or end in a way that kustomize cannot read, or after which it stops
/// reading.
fn has_odd_ends(text: &str) -> bool {
    // kustomize drops the line after a directive.
    let mut is_over = false;
    text.starts_with('%')
        || text.lines().skip(1).any(|line| {
            if let Some(note) = line.strip_prefix("---") {
                is_over = false;
                let note = note.trim_start();
                return !note.is_empty() && !note.starts_with('#');
            }
            let said = line.trim_start();
            if is_over && !said.is_empty() && !said.starts_with('#') {
                return true;
            }
            is_over |= line.starts_with("...");
            is_over && !matches!(line.trim_end(), "..." | "")
        })
}
