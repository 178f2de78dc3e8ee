//! Patches: what they say, and what they are applied to.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::kustomization::{Kustomization, may_patch_secret};
use crate::yaml::{Node, Tree, parse};

use super::item::{Item, Selector};
use super::piece::{Body, Mark, Piece};
use super::text::Shift;
use super::walk::{Walk, What};
use super::{merge, operations};

/// A patch, and whether it did anything.
#[derive(Clone, Debug)]
pub(super) struct Use {
    pub mark: Mark,
    /// How many documents it has.
    pub documents: usize,
    /// How far from the overlay's own kustomization it stands.
    pub reach: Nearness,
    /// What it was applied to: kind and first name.
    pub targets: Vec<(String, String)>,
    pub changed: bool,
    /// Whether all of it was followed.
    pub is_followed: bool,
}

/// Where a patch stands, as seen from the overlay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearness {
    /// In its own kustomization.
    Own,
    /// In a component of it.
    Component,
    /// Further away: in a layer below or in the base.
    Far,
}

/// One document of a patch.
struct Written<'w> {
    root: Node<'w>,
    origin: usize,
    shift: &'w Shift,
    /// The bytes of its file that it may take.
    whole: Range<usize>,
}

impl Walk<'_> {
    /// One patch, in a file or inline; `entry` holds target and options.
    pub(super) fn patch(
        &mut self,
        kustomization: Kustomization<'_>,
        body: Option<Node<'_>>,
        entry: Option<Node<'_>>,
        items: &mut Vec<Item>,
    ) {
        let parsed = self.parsed;
        let Some(body) = body else { return };
        let is_inline = entry.is_some_and(|entry| entry.get("path").is_none());
        let path = kustomization
            .resolve(body.text())
            .filter(|path| !is_inline && parsed.tree(path).is_some());
        let inner;
        let (tree, file, shift): (&Tree<'_>, &str, Shift) = match &path {
            Some(path) => match parsed.tree(path) {
                Some(tree) => (tree, path, Shift::None),
                None => return,
            },
            None => match parse(body.text()) {
                Ok(tree) if is_inline || body.text().contains(['\n', '{']) => {
                    inner = tree;
                    (&inner, kustomization.file, Shift::of(body))
                }
                _ => {
                    let origin = self.origin(kustomization.file, What::Strategic);
                    self.secrets.push((origin, body.span()));
                    self.complete = false;
                    return;
                }
            },
        };
        let at = self.origin(kustomization.file, What::Strategic);
        let key = entry.into_iter().flat_map(Node::entries);
        let key = key
            .filter(|(_, value)| *value == body)
            .map(|(key, _)| key)
            .next();
        let mark = self.pen(at, &Shift::None).mark(key, body);
        let has_options = entry.is_some_and(|entry| entry.get("options").is_some());
        let mut done = Use {
            mark,
            documents: tree.roots().filter(|root| !root.is_null()).count(),
            reach: self.nearness(),
            targets: Vec::new(),
            changed: false,
            is_followed: !has_options && kustomization.root.get("openapi").is_none(),
        };
        for root in tree.roots() {
            let what = if root.is_seq() {
                What::Json6902
            } else {
                What::Strategic
            };
            let written = Written {
                root,
                origin: self.origin(file, what),
                shift: &shift,
                whole: if path.is_some() {
                    root.span()
                } else {
                    body.span()
                },
            };
            self.patch_one(&written, entry, items, &mut done);
        }
        self.patches.push(done);
    }

    fn patch_one(
        &mut self,
        written: &Written<'_>,
        entry: Option<Node<'_>>,
        items: &mut Vec<Item>,
        done: &mut Use,
    ) {
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
        let mut chosen = match target {
            Some(target) => {
                let Some(selector) = Selector::read(target) else {
                    if may_be_secret {
                        self.secrets.push((origin, whole.clone()));
                    }
                    self.complete = false;
                    done.is_followed = false;
                    return;
                };
                (0..items.len())
                    .filter(|&at| selector.selects(&items[at]))
                    .collect()
            }
            None => addressed(items, root),
        };
        if chosen.is_empty() && !self.elsewhere.is_empty() {
            // What it patches is not here; what it says still is.
            if let Some(item) = self.stub(root, target) {
                items.push(item);
                chosen.push(items.len() - 1);
            }
        }
        // What a patch calls itself counts also where it misses; a target by name alone means what it has chosen.
        let calls_itself = root.str_at(&["kind"]) == Some("Secret")
            || target.is_none_or(|target| target.get("kind").is_some());
        if may_be_secret && (calls_itself || chosen.is_empty())
            || chosen.iter().any(|&at| items[at].is_secret())
        {
            self.secrets.push((origin, whole.clone()));
        }
        for &at in &chosen {
            let item = &items[at];
            let (_, name) = &item.ids[0];
            done.targets.push((item.kind.clone(), name.clone()));
            done.is_followed &= !item.partial;
        }
        if root.is_map() && merge::deletes(root) {
            done.changed |= !chosen.is_empty();
            let mark = match root.get("$patch") {
                Some(node) => self.pen(origin, shift).mark_of(node),
                None => return,
            };
            for at in chosen.into_iter().rev() {
                self.gone.push((items.remove(at), mark));
            }
            return;
        }
        for at in chosen {
            let item = &mut items[at];
            let ty = merge::type_of(&item.group, &item.version, &item.kind);
            let mut pen = self.pen(origin, shift);
            let followed = if root.is_seq() {
                operations::apply(&mut item.root, root, item.partial, &mut pen)
            } else if root.is_map() {
                merge::merge(&mut item.root, root, ty, &mut pen)
            } else {
                Some(())
            };
            done.changed |= pen.changed;
            self.complete &= followed.is_some();
            done.is_followed &= followed.is_some();
            renamed(item);
        }
    }

    /// A resource of which nothing is known but that it is patched.
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
        root.set(&["apiVersion"], Piece::text(&api_version, elsewhere), true);
        root.set(&["kind"], Piece::text(kind, elsewhere), true);
        root.set(&["metadata", "name"], Piece::text(name, elsewhere), true);
        let mut item = Item::new(root, Some(elsewhere))?;
        item.partial = true;
        Some(item)
    }
}

/// A patch may have given another name or namespace.
fn renamed(item: &mut Item) {
    let text = |path: &[&str]| item.root.at(path).and_then(Piece::scalar_text);
    let name = text(&["metadata", "name"]).unwrap_or_else(|| item.name().to_owned());
    let namespace = text(&["metadata", "namespace"]).unwrap_or_default();
    item.rename(&namespace, &name);
}

/// The resources that a patch without a target names.
fn addressed(items: &[Item], patch: Node<'_>) -> Vec<usize> {
    let (Some(kind), Some(name)) = (patch.str_at(&["kind"]), patch.at(&["metadata", "name"]))
    else {
        return Vec::new();
    };
    let api_version = patch.str_at(&["apiVersion"]).unwrap_or_default();
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    let namespace = patch.str_at(&["metadata", "namespace"]);
    let find = |namespace: Option<&str>| -> Vec<usize> {
        (0..items.len())
            .filter(|&at| {
                items[at].group == group && items[at].is_called(kind, name.text(), namespace)
            })
            .collect()
    };
    let exact = find(Some(namespace.unwrap_or_default()));
    if exact.is_empty() {
        find(namespace)
    } else {
        exact
    }
}
