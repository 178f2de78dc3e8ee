//! `ValueAddTransformer`: one value for fields, or for a part of the paths in them.

use crate::repo::Kustomization;
use crate::yaml::{Node, Style, parse};

use super::item::{Item, Selector};
use super::piece::{Body, Piece};
use super::reach::split;
use super::text::Shift;
use super::transform::{Astray, Make, each_at};
use super::unknown::Reason;
use super::walk::{Walk, What};

impl Walk<'_> {
    /// Runs one transformer.
    pub(super) fn add_value(
        &mut self,
        kustomization: Kustomization<'_>,
        (file, shift): (&str, &Shift),
        root: Node<'_>,
        items: &mut [Item],
    ) {
        let said = root.get("value").map(|value| value.text().trim());
        let said = said.filter(|text| !text.is_empty());
        let real = kustomization.real;
        let directory = if real.is_empty() {
            kustomization.here
        } else {
            real
        };
        let value = said.unwrap_or_else(|| directory.rsplit('/').next().unwrap_or_default());
        let origin = self.origin(file, What::Elsewhere);
        let mut targets: Vec<Node<'_>> = root
            .get("targets")
            .into_iter()
            .flat_map(Node::items)
            .collect();
        if let Some(path) = root
            .str_at(&["targetFilePath"])
            .filter(|path| !path.is_empty())
        {
            let parsed = self.parsed;
            let path = kustomization.resolve(path);
            match path.as_deref().and_then(|path| parsed.tree(path)) {
                Some(tree) => {
                    self.note_outside(kustomization, path.as_deref().unwrap_or_default(), root);
                    let more = tree.roots().filter_map(|root| root.get("targets"));
                    targets.extend(more.flat_map(Node::items));
                }
                None => self
                    .pen(origin, shift)
                    .lose(Reason::NotHere, "targetFilePath", root),
            }
        }
        let mut pen = self.pen(origin, shift);
        if targets.is_empty() || value.is_empty() {
            pen.lose(Reason::Type, "targets", root);
        }
        if !is_text(value) {
            pen.lose(Reason::Setting, "value", root);
        }
        let mark = pen.mark_of(root.get("value").unwrap_or(root));
        for target in targets {
            let path = target.str_at(&["fieldPath"]).unwrap_or_default();
            let position = target
                .get("filePathPosition")
                .map_or(Some(0), |at| at.text().parse().ok());
            let selector = target
                .get("selector")
                .filter(|selector| !selector.is_null());
            let selector = selector.map(Selector::patched);
            let (Some(position), false, false) =
                (position, path.is_empty(), matches!(selector, Some(None)))
            else {
                pen.lose(Reason::Type, "targets", target);
                continue;
            };
            let selector = selector.flatten();
            for item in &mut *items {
                if pen.spend(1 + value.len() / super::piece::TEXT).is_none() {
                    pen.lose(Reason::Bounds, "targets", target);
                    return;
                }
                if selector
                    .as_ref()
                    .is_some_and(|selector| !selector.selects(item))
                {
                    continue;
                }
                if path == "metadata/namespace" {
                    if item.kind.ends_with("RoleBinding") {
                        pen.lose(Reason::Setting, path, target);
                    }
                    if !item.is_cluster_wide() {
                        item.root
                            .set(&["metadata", "namespace"], Piece::text(value, mark));
                    }
                    item.note_id();
                    continue;
                }
                let mut is_in_list = false;
                let make = (Some(Make::Scalar), mark);
                let steps = split(path);
                let done = each_at(&mut item.root, &steps, make, &mut |field| {
                    let Body::Scalar(_) = field.body else {
                        return Err(Astray(field.mark));
                    };
                    let old = field.scalar_text().unwrap_or_default();
                    let new = placed(&old, position, value);
                    is_in_list |= !is_text(&new);
                    *field = Piece::text(&new, mark);
                    Ok(())
                });
                is_in_list |= passes_list(&item.root, &steps);
                if done.is_err() {
                    pen.lose(Reason::Type, path, target);
                } else if is_in_list {
                    pen.lose(Reason::Setting, path, target);
                }
                item.note_id();
            }
        }
    }
}

/// Whether a path leads through a list, or to a step that is not plain.
fn passes_list(root: &Piece, path: &[String]) -> bool {
    let mut piece = Some(root);
    path.iter().any(|step| {
        let is_odd = matches!(piece.map(|piece| &piece.body), Some(Body::List(_)))
            || step.starts_with('[')
            || step.parse::<usize>().is_ok();
        piece = piece.and_then(|piece| piece.get(step));
        is_odd
    })
}

/// Whether YAML reads an unquoted value as a string.
fn is_text(value: &str) -> bool {
    parse(value).is_ok_and(|tree| {
        let mut roots = tree.roots();
        let is_it = |root: Node<'_>| root.style() == Style::Plain && root.as_str() == Some(value);
        roots.next().is_some_and(is_it) && roots.next().is_none()
    })
}

/// A path with a part inserted at a position from 1; position 0 replaces the path.
fn placed(path: &str, position: usize, part: &str) -> String {
    let Some(at) = position.checked_sub(1) else {
        return part.to_owned();
    };
    if path.is_empty() {
        return part.to_owned();
    }
    let is_absolute = path.starts_with('/');
    let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    parts.insert(at.min(parts.len()), part);
    let sign = if is_absolute { "/" } else { "" };
    format!("{sign}{}", parts.join("/"))
}
