//! Transformations that reach every resource: names, namespaces, labels, replicas.

use std::collections::BTreeMap;

use crate::yaml::Node;

use super::item::{Item, Reach, To, scan};
use super::look::{Look, is_ambiguous, is_no_made_key};
use super::piece::{Body, Mark, Pen, Piece, TEXT, is_same, lose};
use super::reach::Spec;
use super::scalar::{in_place_of, json_text};
use super::unknown::Reason;

/// The value to create in a missing field, if its spec allows that.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Make {
    Scalar,
    Map,
}

impl Make {
    fn body(self) -> Body {
        match self {
            Self::Scalar => Body::Scalar(serde_json::Value::Null),
            Self::Map => Body::Map(BTreeMap::new()),
        }
    }
}

/// A value on the way to a field that is neither a map nor a list, so that kustomize fails.
pub(super) struct Astray(pub Mark);

/// The change of a field.
type Change<'c> = &'c mut dyn FnMut(&mut Piece) -> Result<(), Astray>;

/// Changes every field that a path leads to, through all elements of the lists on its way.
pub(super) fn each_at(
    piece: &mut Piece,
    path: &[String],
    (make, mark): (Option<Make>, Mark),
    change: Change<'_>,
) -> Result<(), Astray> {
    let Some((step, rest)) = path.split_first() else {
        return change(piece);
    };
    match &mut piece.body {
        Body::List(items) => items
            .iter_mut()
            .try_for_each(|item| each_at(item, path, (make, mark), change)),
        Body::Map(map) => {
            let name = step.strip_suffix("[]");
            let (name, is_list) = (name.unwrap_or(step), name.is_some());
            if name.is_empty() {
                return Err(Astray(piece.mark));
            }
            let kind = make.filter(|_| !is_list);
            let kind = kind.map(|last| if rest.is_empty() { last } else { Make::Map });
            if !map.contains_key(name) {
                let Some(kind) = kind else { return Ok(()) };
                piece.touched = Some(mark);
                map.insert(name.to_owned(), Piece::new(kind.body(), mark));
            }
            let Some(field) = map.get_mut(name) else {
                return Ok(());
            };
            if field.is_null() {
                // kustomize creates an empty list if a path asks for one and there is nothing.
                match kind {
                    _ if is_list => *field = Piece::new(Body::List(Vec::new()), mark),
                    Some(Make::Map) => *field = Piece::new(Make::Map.body(), mark),
                    _ => {}
                }
            }
            each_at(field, rest, (make, mark), change)
        }
        Body::Unknown => Ok(()),
        Body::Scalar(value) if value.is_null() => Ok(()),
        Body::Scalar(_) => Err(Astray(piece.mark)),
    }
}

/// Changes a field of one resource, if it has that field; a wrong type on the way is noted.
pub(super) fn at_spec(
    item: &mut Item,
    spec: &Spec,
    (make, mark): (Option<Make>, Mark),
    pen: &mut Pen<'_>,
    change: &mut dyn FnMut(&mut Piece, &mut Pen<'_>) -> Result<(), Astray>,
) -> Option<()> {
    if !spec.is_of(item) {
        return Some(());
    }
    pen.spend(1)?;
    let make = make.filter(|_| spec.create);
    let mut paid = Some(());
    let done = each_at(&mut item.root, &spec.path, (make, mark), &mut |field| {
        paid = paid.and_then(|()| pen.spend(1));
        match paid {
            Some(()) => change(field, pen),
            None => Ok(()),
        }
    });
    if let Err(Astray(mark)) = done {
        lose(pen.unknown, Reason::Type, &spec.path.join("."), Some(mark));
    }
    paid
}

/// Gives a scalar a value; any other type is an error.
fn write(field: &mut Piece, new: &Piece, pen: &mut Pen<'_>) -> Result<(), Astray> {
    if !matches!(field.body, Body::Scalar(_)) {
        return Err(Astray(field.mark));
    }
    pen.changed |= !is_same(field, new);
    *field = new.clone();
    Ok(())
}

/// The fields of a namespace, and whether existing values are kept.
pub(super) struct Namespace<'n> {
    pub specs: &'n [Spec],
    pub unset_only: bool,
    pub subjects: Subjects,
}

/// The subjects of role bindings that get a namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subjects {
    /// Those with the name `default`.
    Default,
    /// All service accounts.
    Accounts,
    /// No subject.
    None,
}

/// Sets a namespace on every namespaced resource; `None` if too much was written, as in the
/// functions below.
pub(super) fn namespace(
    items: &mut [Item],
    value: Node<'_>,
    how: &Namespace<'_>,
    pen: &mut Pen<'_>,
) -> Option<()> {
    let (mark, text) = (pen.mark(None, value), value.text());
    let new = Piece::text(text, mark);
    pen.spend(scan(items))?;
    let set = |field: &mut Piece, pen: &mut Pen<'_>| {
        let has = |field: &Piece| field.as_str().is_some_and(|old| !old.is_empty());
        if how.unset_only && has(field) {
            return Ok(());
        }
        write(field, &new, pen)
    };
    let own = Spec {
        create: true,
        of: super::reach::Kinds::default(),
        path: vec!["metadata".to_owned(), "namespace".to_owned()],
    };
    for item in items {
        pen.spend(1 + text.len() / TEXT)?;
        item.reach.push(Reach {
            to: To::Namespace(text.to_owned()),
            mark,
        });
        item.enter();
        if !item.is_cluster_wide() {
            at_spec(
                item,
                &own,
                (Some(Make::Scalar), mark),
                pen,
                &mut |field, pen| set(field, pen),
            )?;
        }
        let binds = matches!(item.kind.as_str(), "RoleBinding" | "ClusterRoleBinding");
        if binds {
            subjects(item, how.subjects, mark, pen, &set)?;
        }
        for spec in how.specs {
            let is_name = spec.is(&["metadata", "name"]);
            if spec.is(&["metadata", "namespace"])
                || is_name && !(item.group.is_empty() && item.version == "v1")
                || binds && is_binding(&spec.of.kind) && spec.is(&["subjects", "namespace"])
            {
                continue;
            }
            at_spec(
                item,
                spec,
                (Some(Make::Scalar), mark),
                pen,
                &mut |field, pen| set(field, pen),
            )?;
        }
        item.note_id();
    }
    Some(())
}

fn is_binding(kind: &str) -> bool {
    matches!(kind, "RoleBinding" | "ClusterRoleBinding")
}

/// Sets the namespace on the subjects of a binding.
fn subjects(
    item: &mut Item,
    which: Subjects,
    mark: Mark,
    pen: &mut Pen<'_>,
    set: &dyn Fn(&mut Piece, &mut Pen<'_>) -> Result<(), Astray>,
) -> Option<()> {
    let (key, wanted) = match which {
        Subjects::Default => ("name", "default"),
        Subjects::Accounts => ("kind", "ServiceAccount"),
        Subjects::None => return Some(()),
    };
    let subjects = match item.root.get_mut("subjects") {
        None => return Some(()),
        Some(found) if found.is_null() => return Some(()),
        Some(Piece {
            body: Body::List(subjects),
            ..
        }) => subjects,
        Some(other) => {
            lose(pen.unknown, Reason::Type, "subjects", Some(other.mark));
            return Some(());
        }
    };
    for subject in subjects {
        pen.spend(1)?;
        let is_scalar = |piece: &Piece| matches!(piece.body, Body::Scalar(_) | Body::Unknown);
        let said = subject.get(key);
        let is_map = matches!(subject.body, Body::Map(_)) || subject.is_null();
        if !is_map || said.is_some_and(|said| !is_scalar(said) && !said.is_null()) {
            lose(pen.unknown, Reason::Type, "subjects", Some(subject.mark));
        }
        if said.and_then(Piece::as_str) != Some(wanted) {
            continue;
        }
        let path = ["namespace".to_owned()];
        let done = each_at(subject, &path, (Some(Make::Scalar), mark), &mut |field| {
            set(field, pen)
        });
        if let Err(Astray(mark)) = done {
            lose(pen.unknown, Reason::Type, "subjects", Some(mark));
        }
    }
    Some(())
}

/// A prefix or a suffix for every name.
pub(super) fn affix(
    items: &mut [Item],
    value: Node<'_>,
    is_prefix: bool,
    specs: &[Spec],
    pen: &mut Pen<'_>,
) -> Option<()> {
    let (mark, text) = (pen.mark(None, value), value.text());
    pen.spend(scan(items))?;
    for item in items {
        pen.spend(1 + (item.name().len() + text.len()) / TEXT)?;
        let kind = item.original().kind.clone();
        let is_service = kind == "APIService" && item.group == "apiregistration.k8s.io";
        if is_service || matches!(kind.as_str(), "CustomResourceDefinition" | "Namespace") {
            continue;
        }
        for spec in specs {
            if !spec.of.have(&item.group, &item.version, &kind) {
                continue;
            }
            if spec.is(&["metadata", "name"]) {
                let to = if is_prefix {
                    To::Prefix(text.to_owned())
                } else {
                    To::Suffix(text.to_owned())
                };
                item.reach.push(Reach { to, mark });
                item.enter();
            }
            at_spec(
                item,
                spec,
                (Some(Make::Scalar), mark),
                pen,
                &mut |field, pen| {
                    let Some(old) = (match &field.body {
                        Body::Scalar(_) => Some(field.scalar_text().unwrap_or_default()),
                        _ => None,
                    }) else {
                        return Err(Astray(field.mark));
                    };
                    let name = if is_prefix {
                        format!("{text}{old}")
                    } else {
                        format!("{old}{text}")
                    };
                    if is_ambiguous(&name) && field.look != Look::Quoted {
                        // It has no quotes, so it may now be a number or another type.
                        lose(pen.unknown, Reason::Scalar, "name", Some(mark));
                    }
                    write(field, &Piece::text(&name, mark), pen)
                },
            )?;
        }
        let named = item.named;
        item.note_id();
        item.named = named;
    }
    Some(())
}

/// Labels, or annotations, for everything.
pub(super) fn pairs(
    items: &mut [Item],
    field: &str,
    pairs: Node<'_>,
    specs: &[Spec],
    pen: &mut Pen<'_>,
) -> Option<()> {
    for (key, value) in pairs.entries() {
        let (mark, name) = (pen.mark(Some(key), value), key.text());
        if is_no_made_key(key) {
            pen.lose(Reason::Type, name, key);
        }
        // Only a transformer in its own file can have a value that is not a string.
        let text = json_text(value);
        let child = Piece::text(&text, mark);
        for item in &mut *items {
            pen.spend(1 + text.len() / TEXT)?;
            let to = To::pair(field, name, &text);
            item.reach.push(Reach { to, mark });
            item.shares += 1;
            let shared = item.shares;
            for spec in specs {
                at_spec(item, spec, (Some(Make::Map), mark), pen, &mut |map, pen| {
                    let Body::Map(_) = map.body else {
                        return Err(Astray(map.mark));
                    };
                    let old = map.get(name);
                    pen.changed |= is_other(old, &child);
                    let mut new = child.clone();
                    new.shared = old.map_or(shared, |old| old.shared);
                    if old.is_some() && new.shared > 0 {
                        pen.spread.push(new.clone());
                    }
                    map.set(&[name], new);
                    Ok(())
                })?;
                for written in std::mem::take(&mut pen.spread) {
                    pen.spend(item.root.measure().1 / 16)?;
                    item.spread(&written);
                }
            }
        }
    }
    Some(())
}

/// Whether a field has another value so far, or none.
fn is_other(old: Option<&Piece>, new: &Piece) -> bool {
    old.is_none_or(|old| !is_same(old, new))
}

/// One entry of `replicas`.
pub(super) fn replicas(
    items: &mut [Item],
    entry: Node<'_>,
    specs: &[Spec],
    pen: &mut Pen<'_>,
) -> Option<()> {
    pen.spend(scan(items))?;
    let Some(name) = entry.get("name").filter(|name| !name.text().is_empty()) else {
        pen.lose(Reason::NoTarget, "", entry);
        return Some(());
    };
    let count = entry
        .entries()
        .find(|(key, value)| key.text() == "count" && !value.is_null());
    // A missing count means 0.
    let child = match count {
        Some((key, count)) => Piece::new(Body::Scalar(count.to_json()), pen.mark(Some(key), count)),
        None => Piece::new(Body::Scalar(0.into()), pen.mark_of(entry)),
    };
    let mut is_met = false;
    for item in items {
        let kinds: Vec<String> = item
            .ids
            .iter()
            .filter(|id| id.name == name.text())
            .map(|id| id.kind.clone())
            .collect();
        let mut is_this = false;
        for spec in specs {
            let is_meant = |kind: &String| spec.of.have(&item.group, &item.version, kind);
            if !kinds.iter().any(is_meant) {
                continue;
            }
            is_this = true;
            at_spec(
                item,
                spec,
                (Some(Make::Scalar), child.mark),
                pen,
                &mut |field, pen| {
                    if let Some(new) = in_place_of(child.clone(), Some(field)) {
                        return write(field, &new, pen);
                    }
                    lose(pen.unknown, Reason::Scalar, "replicas", Some(child.mark));
                    Ok(())
                },
            )?;
        }
        if is_this {
            pen.met.push(item.first());
            is_met = true;
        }
    }
    if !is_met {
        pen.lose(Reason::NoTarget, name.text(), entry);
    }
    Some(())
}
