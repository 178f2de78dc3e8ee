//! Patches: their content, and the resources that they are applied to.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::repo::{Kustomization, may_patch_secret};
use crate::yaml::{Node, Style, Tree, parse};

use super::item::{Item, Selector, scan};
use super::look::{Look, has_odd_keys, has_odd_marks};
use super::piece::{Body, Mark, Pen, Piece};
use super::text::Shift;
use super::unknown::Reason;
use super::walk::{Form, Use, Walk, What};
use super::written::{self, How};
use super::{copies, merge, operations, scalar};

/// One document of a patch.
struct Written<'w> {
    root: Node<'w>,
    origin: usize,
    shift: &'w Shift,
    /// The bytes of its file that the document may span.
    whole: Range<usize>,
}

/// Where a patch is named: in a kustomization, or in a transformer that one runs.
pub(super) struct Named<'n> {
    /// Paths are relative to it.
    pub kustomization: Kustomization<'n>,
    /// The file that names it, and the position in it of the text that names the patch.
    pub file: &'n str,
    pub shift: &'n Shift,
    /// The node with target and options.
    pub entry: Option<Node<'n>>,
    /// Whether kustomize records the identity of a resource before operations change it.
    pub enters: bool,
}

impl Walk<'_> {
    /// One patch of a kustomization, in a file or inline; `entry` holds target and options.
    pub(super) fn patch(
        &mut self,
        kustomization: Kustomization<'_>,
        body: Option<Node<'_>>,
        (entry, enters): (Option<Node<'_>>, bool),
        items: &mut Vec<Item>,
    ) {
        let named = Named {
            kustomization,
            file: kustomization.file,
            shift: &Shift::None,
            entry,
            enters,
        };
        if let Some(body) = body {
            self.patch_named(&named, body, items);
        }
    }

    /// One patch, from a kustomization or a transformer.
    pub(super) fn patch_named(&mut self, named: &Named<'_>, body: Node<'_>, items: &mut Vec<Item>) {
        if self.budget == 0 {
            self.hide_unread(named, body);
            return;
        }
        let parsed = self.parsed;
        let (kustomization, entry) = (named.kustomization, named.entry);
        let is_said = |value: Node<'_>| !value.text().is_empty();
        let is_inline = entry.is_some_and(|entry| !entry.get("path").is_some_and(is_said));
        let path = kustomization
            .resolve(body.text())
            .filter(|path| !is_inline && parsed.tree(path).is_some());
        let inner;
        let (tree, file, shift): (&Tree<'_>, &str, Shift) = match &path {
            Some(path) => match parsed.tree(path) {
                Some(tree) => (tree, path, Shift::None),
                None => return,
            },
            // kustomize trims a patch, including the blanks at the end of a text in it.
            None => match parse(if is_inline && named.enters {
                body.text().trim_end()
            } else {
                body.text()
            }) {
                Ok(tree) if is_inline || body.text().contains(['\n', '{']) => {
                    inner = tree;
                    (&inner, named.file, Shift::of(body).within(named.shift))
                }
                _ => {
                    self.hide_unread(named, body);
                    let origin = self.origin(named.file, What::Elsewhere);
                    let reason = if is_inline {
                        Reason::Unreadable
                    } else {
                        Reason::NotHere
                    };
                    let is_path = !is_inline && !body.text().contains([' ', ':', '{', '\n']);
                    let what = if is_path { body.text() } else { "patch" };
                    self.pen(origin, named.shift).lose(reason, what, body);
                    return;
                }
            },
        };
        let what = |root: Node<'_>| {
            if root.is_seq() {
                What::Json6902
            } else {
                What::Strategic
            }
        };
        let said = tree.roots().find(|root| !root.is_null());
        let at = self.origin(named.file, said.map_or(What::Strategic, what));
        let key = entry.into_iter().flat_map(Node::entries);
        let key = key
            .filter(|(_, value)| *value == body)
            .map(|(key, _)| key)
            .next();
        let mark = self.pen(at, named.shift).mark(key, body);
        self.refuse(named, path.as_deref(), body, tree, mark);
        let has_options = entry.is_some_and(|entry| entry.get("options").is_some());
        let is_operations = said.is_some_and(Node::is_seq);
        let mut done = Use {
            form: if is_operations {
                Form::Json6902
            } else {
                Form::Strategic
            },
            mark,
            documents: tree.roots().filter(|root| !root.is_null()).count(),
            reach: self.nearness(),
            targets: Vec::new(),
            changed: false,
            is_followed: !has_options && kustomization.root.get("openapi").is_none(),
        };
        for root in tree.roots() {
            let written = Written {
                root,
                origin: self.origin(file, what(root)),
                shift: &shift,
                whole: if path.is_some() {
                    root.span()
                } else {
                    named.shift.outer(body.span())
                },
            };
            if let Err(reason) = self.patch_one(&written, named, items, &mut done) {
                self.note(reason, path.as_deref().unwrap_or("patch"), Some(mark));
                done.is_followed = false;
            }
        }
        self.uses.push(done);
    }

    /// Notes the faults for which kustomize refuses a patch, whatever its target.
    fn refuse(
        &mut self,
        named: &Named<'_>,
        path: Option<&str>,
        body: Node<'_>,
        tree: &Tree<'_>,
        mark: Mark,
    ) {
        let what = path.unwrap_or("patch");
        if let Some(path) = path {
            self.note_outside(named.kustomization, path, body);
        }
        let source = match path {
            Some(_) => tree.source(),
            None => tree.source().trim(),
        };
        let roots = || tree.roots().filter(|root| !root.is_null());
        let target = named.entry.and_then(|entry| entry.get("target"));
        let is_flow = source.starts_with('[')
            && serde_json::from_str::<serde::de::IgnoredAny>(source).is_err();
        let is_split = target.is_some() && roots().nth(1).is_some();
        let is_both = named
            .entry
            .is_some_and(|entry| entry.get("path").is_some() && entry.get("patch").is_some());
        let is_twice = path.is_some_and(|path| self.parsed.strict_tree(path).is_none());
        let how = match named.entry {
            None => How::Merge,
            Some(_) if named.enters => How::Either,
            Some(_) => How::Operations,
        };
        if !source.starts_with('[') && tree.roots().any(has_odd_marks) {
            self.note(Reason::Unreadable, what, Some(mark));
        }
        if tree.roots().filter(|root| root.is_map()).any(has_odd_keys) {
            self.note(Reason::Type, what, Some(mark));
        }
        if let Some(reason) = written::fault(tree, how) {
            self.note(reason, what, Some(mark));
        }
        for (is_so, reason) in [
            (is_flow, Reason::NotJson),
            (is_split || is_both || is_twice, Reason::Twice),
        ] {
            if is_so {
                self.note(reason, what, Some(mark));
            }
        }
    }

    /// Treats a patch that could not be read as one of a Secret.
    fn hide_unread(&mut self, named: &Named<'_>, body: Node<'_>) {
        let origin = self.origin(named.file, What::Strategic);
        self.secrets.push((origin, named.shift.outer(body.span())));
    }

    /// The resources that one document is for.
    fn chosen(
        &mut self,
        written: &Written<'_>,
        named: &Named<'_>,
        items: &mut Vec<Item>,
    ) -> Result<Vec<usize>, Reason> {
        let entry = named.entry;
        let Written {
            root,
            origin,
            shift,
            whole,
        } = written;
        let (root, origin) = (*root, *origin);
        let target = entry
            .and_then(|entry| entry.get("target"))
            .filter(|target| target.is_map());
        let may_be_secret = may_patch_secret(target, root);
        let selector = target.map(Selector::patched);
        let paid = self.pen(origin, shift).spend(scan(items));
        if may_be_secret && (paid.is_none() || matches!(selector, Some(None))) {
            self.secrets.push((origin, whole.clone()));
        }
        paid.ok_or(Reason::Bounds)?;
        let mut chosen = match selector {
            Some(selector) => {
                let selector = selector.ok_or(Reason::Selector)?;
                (0..items.len())
                    .filter(|&at| selector.selects(&items[at]))
                    .collect()
            }
            None => addressed(items, root),
        };
        if chosen.is_empty() && !self.elsewhere.is_empty() {
            // The patched resource is not here, but the values of the patch are.
            if let Some(item) = self.stub(root, target) {
                items.push(item);
                chosen.push(items.len() - 1);
            }
        }
        // A patch's own kind counts even if the patch misses; a target by name alone means the
        // resources that it chose.
        let calls_itself = root.str_at(&["kind"]) == Some("Secret")
            || target.is_none_or(|target| target.get("kind").is_some());
        if may_be_secret && (calls_itself || chosen.is_empty())
            || chosen.iter().any(|&at| items[at].is_secret())
        {
            self.secrets.push((origin, whole.clone()));
        }
        let is_lost = target.is_none() && !root.is_null();
        if is_lost && chosen.len() > 1 {
            self.pen(origin, shift).lose(Reason::Selector, "", root);
        }
        if is_lost && chosen.is_empty() {
            let text = |path: &[&str]| root.str_at(path).unwrap_or_default();
            let what = format!("{} {}", text(&["kind"]), text(&["metadata", "name"]));
            // kustomize splits a list.
            let is_taken = text(&["kind"]).ends_with("List") && root.get("items").is_some();
            let reason = if is_taken {
                Reason::Setting
            } else {
                Reason::NoTarget
            };
            self.pen(origin, shift).lose(reason, what.trim(), root);
        }
        Ok(chosen)
    }

    /// Applies one document; the error is the reason if it cannot be followed.
    fn patch_one(
        &mut self,
        written: &Written<'_>,
        named: &Named<'_>,
        items: &mut Vec<Item>,
        done: &mut Use,
    ) -> Result<(), Reason> {
        let entry = named.entry;
        let Written {
            root,
            origin,
            shift,
            ..
        } = written;
        let (root, origin) = (*root, *origin);
        let chosen = self.chosen(written, named, items)?;
        let paid = self.pen(origin, shift).spend(4 * chosen.len());
        paid.ok_or(Reason::Bounds)?;
        for &at in &chosen {
            let item = &items[at];
            done.targets.push(item.first());
            done.is_followed &= !item.partial;
        }
        if root.is_map() && merge::deletes(root) {
            done.changed |= !chosen.is_empty();
            let order = root.get("$patch").unwrap_or(root);
            let mark = self.pen(origin, shift).mark_of(order);
            self.delete(items, chosen, mark);
            return Ok(());
        }
        let target = entry.and_then(|entry| entry.get("target"));
        let has_target = target.is_some_and(Node::is_map);
        let options = entry.and_then(|entry| entry.get("options"));
        let may = |option: &str| {
            let value = options.and_then(|options| options.get(option));
            value.is_some_and(scalar::is_on)
        };
        for at in chosen {
            let item = &mut items[at];
            let (may_rename, may_retype) = (may("allowNameChange"), may("allowKindChange"));
            if root.is_seq() && named.enters || may_rename || may_retype {
                item.enter();
            }
            let shape = merge::Shape::of(&item.group, &item.version, &item.kind);
            let mut pen = self.pen(origin, shift);
            let followed = if root.is_seq() {
                operations::operate(item, root, &mut pen)
            } else if root.is_map() {
                // Patches of `patchesStrategicMerge` are merged like those with a target.
                let are_texts = has_target || entry.is_none();
                let is_read =
                    |field: &str| are_texts || field == "annotations" && (may_rename || may_retype);
                let texts = merge::Texts::before(&item.root);
                let version = root.get("apiVersion");
                let is_quoted = version.is_some_and(|one| one.style() == Style::Quoted);
                if are_texts && is_quoted && item.root.get("apiVersion").is_none() {
                    // It gets the version of the resource, which is empty and quoted.
                    let nothing = Piece::text("", pen.mark_of(root));
                    item.root.set(&["apiVersion"], nothing);
                }
                let merged = merge::merge(&mut item.root, root, shape, &mut pen);
                texts.correct(&mut item.root, (root, is_read), &mut pen);
                if merge::drops_notes(root, is_read("annotations")) {
                    item.forget();
                }
                without_nothing(&mut item.root);
                for path in [
                    &["kind"][..],
                    &["metadata", "name"],
                    &["metadata", "namespace"],
                ] {
                    // kustomize writes them again, without a type.
                    if let Some(piece) = item.root.at_mut(path) {
                        piece.look = Look::Unsure;
                    }
                }
                rename(item, root, (may_rename, may_retype), &mut pen);
                merged
            } else {
                Some(())
            };
            done.changed |= pen.changed;
            let spread = std::mem::take(&mut pen.spread);
            for written in &spread {
                item.spread(written);
            }
            if root.is_seq() {
                item.unshare();
            }
            if followed.is_none() {
                let reason = if *pen.budget == 0 {
                    Reason::Bounds
                } else {
                    Reason::Operation
                };
                pen.lose(reason, "", root);
                done.is_followed = false;
            }
            item.note_id();
        }
        Ok(())
    }

    /// Removes the chosen resources.
    fn delete(&mut self, items: &mut Vec<Item>, chosen: Vec<usize>, mark: Mark) {
        let mut places = chosen.into_iter().peekable();
        for (at, item) in std::mem::take(items).into_iter().enumerate() {
            if places.next_if_eq(&at).is_some() {
                self.gone.push((item, mark));
            } else {
                items.push(item);
            }
        }
    }

    /// A resource of which only its patches are known.
    fn stub(&self, patch: Node<'_>, target: Option<Node<'_>>) -> Option<Item> {
        let from = target.unwrap_or(patch);
        let name = match target {
            Some(target) => target.str_at(&["name"])?,
            None => patch.str_at(&["metadata", "name"])?,
        };
        let name = name.trim_start_matches('^').trim_end_matches('$');
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
        let kind = from
            .str_at(&["kind"])
            .filter(|kind| kind.chars().all(plain))?;
        if !name.chars().all(plain) {
            return None;
        }
        let elsewhere = *self.elsewhere.first()?;
        let api_version = match target {
            None => from.str_at(&["apiVersion"]).unwrap_or_default().to_owned(),
            Some(_) => match (from.str_at(&["group"]), from.str_at(&["version"])) {
                (Some(group), version) => format!("{group}/{}", version.unwrap_or("v1")),
                (None, version) => version.unwrap_or_default().to_owned(),
            },
        };
        let mut root = Piece::new(Body::Map(BTreeMap::new()), elsewhere);
        root.set(&["apiVersion"], Piece::text(&api_version, elsewhere));
        root.set(&["kind"], Piece::text(kind, elsewhere));
        root.set(&["metadata", "name"], Piece::text(name, elsewhere));
        let mut item = Item::new(root, Some(elsewhere))?;
        item.partial = true;
        Some(item)
    }
}

/// Gives a resource the name and the kind of a merged patch, if they may change.
fn rename(item: &mut Item, root: Node<'_>, may: (bool, bool), pen: &mut Pen<'_>) {
    if let Some(node) = merge::unwritable(root, &item.root) {
        pen.lose(Reason::Unreadable, "", node);
    }
    // A patch that replaces the whole resource has no effect.
    if merge::replaces(root) {
        return;
    }
    if may.0 {
        merge::write(&mut item.root, &["metadata", "name"], root, pen);
    }
    if may.1 {
        copies::whole(pen.copies, item);
        merge::write(&mut item.root, &["kind"], root, pen);
    }
}

/// Removes annotations that have no written value, not even a null, as kustomize does in every
/// merge.
fn without_nothing(resource: &mut Piece) {
    let annotations = resource.at_mut(&["metadata", "annotations"]);
    if let Some(Body::Map(map)) = annotations.map(|piece| &mut piece.body) {
        map.retain(|_, piece| !piece.is_unwritten());
    }
}

/// The resources that a patch without a target names.
fn addressed(items: &[Item], patch: Node<'_>) -> Vec<usize> {
    let (Some(kind), Some(name)) = (patch.str_at(&["kind"]), patch.at(&["metadata", "name"]))
    else {
        return Vec::new();
    };
    let api_version = patch.str_at(&["apiVersion"]).unwrap_or_default();
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let namespace = patch.str_at(&["metadata", "namespace"]);
    (0..items.len())
        .filter(|&at| {
            let item = &items[at];
            let is_called = item.is_called(kind, name.text(), Some(namespace.unwrap_or_default()));
            item.group == group && item.version == version && is_called
        })
        .collect()
}
