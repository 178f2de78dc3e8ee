//! `replacements`: a value of one resource that is written into others.

use serde_json::Value;

use crate::yaml::Node;

use super::copies;
use super::fieldpath::{Follow, Leaf, look, split};
use super::item::{Item, Selector, scan};
use super::look::{Look, is_ambiguous};
use super::piece::{Body, Mark, Pen, Piece, TEXT, is_same};
use super::scalar::{is_on, resolved, retyped};
use super::unknown::Reason;

/// The path that is read and written if none is given.
const NAME: &str = "metadata.name";

/// The part of a text that a replacement reads or writes.
#[derive(Clone, Copy, Default)]
struct Part<'a> {
    delimiter: Option<&'a str>,
    index: i64,
    create: bool,
}

impl<'a> Part<'a> {
    fn read(node: Option<Node<'a>>) -> Self {
        let get = |key: &str| node.and_then(|options| options.get(key));
        Self {
            delimiter: get("delimiter")
                .map(Node::text)
                .filter(|text| !text.is_empty()),
            index: get("index").map_or(0, |index| index.text().parse().unwrap_or(0)),
            create: get("create").is_some_and(is_on),
        }
    }

    /// The part of a text that this reads.
    fn of(self, text: &str) -> Option<String> {
        match self.delimiter {
            None => Some(text.to_owned()),
            Some(delimiter) => {
                let at = usize::try_from(self.index).ok()?;
                parts(text, delimiter)
                    .get(at)
                    .map(|part| (*part).to_owned())
            }
        }
    }

    /// A text with that part replaced.
    fn put(self, old: &str, new: &str) -> String {
        let Some(delimiter) = self.delimiter else {
            return new.to_owned();
        };
        let mut parts = parts(old, delimiter);
        match usize::try_from(self.index) {
            Err(_) => parts.insert(0, new),
            Ok(at) if at >= parts.len() => parts.push(new),
            Ok(at) => parts[at] = new,
        }
        parts.join(delimiter)
    }
}

fn parts<'t>(text: &'t str, delimiter: &str) -> Vec<&'t str> {
    text.split(delimiter).collect()
}

/// The value that a replacement reads.
enum Taken {
    /// A text, and its value in a field without a type.
    Text {
        text: String,
        value: Option<Value>,
        look: Look,
    },
    /// A map or a list.
    Tree(Piece),
    /// A value that only kustomize knows.
    Hidden,
}

impl Taken {
    fn leaf(&self) -> Leaf {
        match self {
            Self::Text { .. } | Self::Hidden => Leaf::Scalar,
            Self::Tree(piece) if matches!(piece.body, Body::List(_)) => Leaf::List,
            Self::Tree(_) => Leaf::Map,
        }
    }
}

/// Applies one replacement to all its targets; the error is the reason if it cannot be followed.
pub(super) fn apply(entry: Node<'_>, items: &mut [Item], pen: &mut Pen<'_>) -> Result<(), Reason> {
    pen.spend(scan(items)).ok_or(Reason::Bounds)?;
    let said = |key: &str| entry.get(key).filter(|value| !value.is_null());
    let (source, value) = (said("source"), said("sourceValue"));
    let value = value.filter(|value| !value.text().is_empty());
    let has_targets = said("targets").is_some_and(|targets| !targets.is_childless());
    if !has_targets || source.is_some() == value.is_some() {
        pen.lose(Reason::Selector, "", entry);
        return Ok(());
    }
    let mut origin = None;
    let taken = match (source, value) {
        (Some(source), _) => match find(source, items, pen) {
            Some((at, steps)) => {
                let found = look(&items[at].root, &steps).cloned();
                let taken = taken(source, &items[at], &steps, pen);
                origin = found.map(|found| (at, steps, found));
                taken
            }
            None => None,
        },
        (None, Some(value)) => Some(Taken::Text {
            text: value.text().to_owned(),
            value: resolved(value.text()).map(|(value, _)| value),
            look: Look::Plain,
        }),
        (None, None) => None,
    };
    let Some(taken) = taken else {
        return Ok(());
    };
    let mut is_other = false;
    for target in entry.get("targets").into_iter().flat_map(Node::items) {
        let select = target.get("select").filter(|select| !select.is_null());
        let Some(select) = select else {
            pen.lose(Reason::Selector, "select", target);
            continue;
        };
        let select = Selector::replaced(select).ok_or(Reason::Selector)?;
        let rejects = target.get("reject").into_iter().flat_map(Node::items);
        let rejects = rejects
            .map(Selector::replaced)
            .collect::<Option<Vec<Selector>>>()
            .ok_or(Reason::Selector)?;
        let what = Write {
            taken: &taken,
            part: Part::read(target.get("options")),
        };
        let cost = scan(items).saturating_mul(1 + rejects.len());
        pen.spend(cost).ok_or(Reason::Bounds)?;
        let chosen = items.iter_mut().enumerate().filter(|(_, item)| {
            select.selects(item) && !rejects.iter().any(|reject| reject.rejects(item))
        });
        for (at, item) in chosen {
            pen.met.push(item.first());
            let mut paths = target
                .get("fieldPaths")
                .into_iter()
                .flat_map(Node::items)
                .peekable();
            let none = paths.peek().is_none().then_some((NAME, target));
            for (path, node) in none
                .into_iter()
                .chain(paths.map(|path| (path.text(), path)))
            {
                if is_other {
                    // kustomize uses parts of the changed source.
                    pen.lose(Reason::Setting, path, node);
                }
                if path.starts_with("metadata.annotations") && item.has_book() {
                    // The map exists for kustomize's internal annotations.
                    item.annotations();
                }
                what.at(item, (path, node), pen)?;
                let own = origin.as_ref().filter(|(own, ..)| *own == at);
                let has_changed = own.is_some_and(|(_, steps, was)| {
                    !look(&item.root, steps).is_some_and(|now| is_same(was, now))
                });
                let is_several = matches!(taken, Taken::Tree(_)) || path.contains(['*', '[']);
                if has_changed && is_several && !is_other {
                    // It may read a field that it has just created, or one that it wrote at the
                    // first of several places.
                    pen.lose(Reason::Setting, path, node);
                }
                is_other |= has_changed;
                if path == "metadata.annotations" || path == "metadata" {
                    item.forget();
                }
            }
            let spread = std::mem::take(&mut pen.spread);
            for written in &spread {
                item.spread(written);
            }
            item.note_id();
        }
    }
    Ok(())
}

/// The source of a replacement and the path of its value; `None` if there is none.
fn find(source: Node<'_>, items: &[Item], pen: &mut Pen<'_>) -> Option<(usize, Vec<String>)> {
    let Some(selector) = Selector::source(source) else {
        pen.lose(Reason::Selector, "source", source);
        return None;
    };
    let mut found = (0..items.len()).filter(|&at| selector.selects(&items[at]));
    let (first, second) = (found.next(), found.next());
    let Some(at) = first else {
        pen.lose(Reason::NoTarget, "source", source);
        return None;
    };
    if second.is_some() {
        pen.lose(Reason::Selector, "source", source);
    }
    Some((at, split(path_of(source)).unwrap_or_default()))
}

/// The path of the value that a replacement reads.
fn path_of(source: Node<'_>) -> &str {
    let path = source.str_at(&["fieldPath"]);
    path.filter(|path| !path.is_empty()).unwrap_or(NAME)
}

/// The value that a replacement reads; `None` if there is none.
fn taken(source: Node<'_>, item: &Item, steps: &[String], pen: &mut Pen<'_>) -> Option<Taken> {
    let path = path_of(source);
    if matches!(path, "metadata" | "metadata.annotations") && item.has_book() {
        // kustomize keeps its internal annotations there.
        pen.lose(Reason::Setting, path, source);
        return None;
    }
    let found = look(&item.root, steps).filter(|_| !steps.is_empty());
    let is_empty = |piece: &Piece| match &piece.body {
        Body::Map(map) => map.is_empty(),
        Body::List(items) => items.is_empty(),
        _ => piece.is_null(),
    };
    let Some(found) = found.filter(|piece| !is_empty(piece)) else {
        let reason = if item.partial {
            Reason::NotHere
        } else {
            Reason::NoField
        };
        pen.lose(reason, path, source);
        return None;
    };
    copies::note(pen.copies, item, steps, found);
    let part = Part::read(source.get("options"));
    match &found.body {
        Body::Unknown => Some(Taken::Hidden),
        Body::Scalar(value) => {
            let whole = found.scalar_text().unwrap_or_default();
            let Some(text) = part.of(&whole) else {
                pen.lose(Reason::NoField, path, source);
                return None;
            };
            let value = if part.delimiter.is_none() {
                Some(value.clone())
            } else {
                // The part alone must not be shown either.
                copies::note(pen.copies, item, steps, &Piece::text(&text, found.mark));
                retyped(found, &text).map(|(value, _)| value)
            };
            let look = found.look;
            Some(Taken::Text { text, value, look })
        }
        Body::Map(_) | Body::List(_) if part.delimiter.is_some() => {
            pen.lose(Reason::Type, "delimiter", source);
            None
        }
        Body::Map(_) | Body::List(_) => {
            pen.spend(found.measure().1)?;
            Some(Taken::Tree(found.clone()))
        }
    }
}

/// The value of a text in a field that was just created; an empty text stays a string.
fn resolved_new(text: &str) -> Option<(Value, String)> {
    match text {
        "" => Some(("".into(), String::new())),
        text => resolved(text),
    }
}

/// The value for one target.
struct Write<'w> {
    taken: &'w Taken,
    part: Part<'w>,
}

impl Write<'_> {
    /// Writes to every field of a resource that a path leads to.
    fn at(
        &self,
        item: &mut Item,
        (path, node): (&str, Node<'_>),
        pen: &mut Pen<'_>,
    ) -> Result<(), Reason> {
        let mark = pen.mark(None, node);
        let steps = split(path).ok_or(Reason::Selector)?;
        let is_name = matches!(path, "metadata.name" | "metadata.namespace" | "kind");
        let mut follow = Follow {
            create: self.part.create.then(|| self.taken.leaf()),
            mark,
            change: &mut |piece, is_new, pen| self.write(piece, (is_new, is_name), mark, pen),
            count: 0,
        };
        let followed = follow.each(&mut item.root, &steps, false, pen);
        let is_missed = follow.count == 0 && !item.partial;
        item.unseal(mark);
        for field in ["annotations", "labels"] {
            let all = item.root.at(&["metadata", field]);
            if all.is_some_and(|all| matches!(all.body, Body::List(_))) {
                // kustomize turns it into pairs, or crashes.
                pen.lose(Reason::Setting, field, node);
            }
        }
        match followed {
            Err(Reason::Bounds) => return Err(Reason::Bounds),
            Err(Reason::NoField) if item.partial => {}
            Err(reason) => pen.lose(reason, path, node),
            Ok(()) if is_missed => pen.lose(Reason::NoField, path, node),
            Ok(()) => {}
        }
        Ok(())
    }

    fn write(
        &self,
        piece: &mut Piece,
        (is_new, is_name): (bool, bool),
        mark: Mark,
        pen: &mut Pen<'_>,
    ) -> Result<(), Reason> {
        self.pay(piece, pen).ok_or(Reason::Bounds)?;
        let mut new = self.body(piece, (is_new, is_name), mark)?;
        pen.changed |= is_new || !is_same(piece, &new);
        new.shared = piece.shared;
        if new.shared > 0 {
            pen.spread.push(new.clone());
        }
        *piece = new;
        Ok(())
    }

    fn body(
        &self,
        old: &Piece,
        (is_new, is_name): (bool, bool),
        mark: Mark,
    ) -> Result<Piece, Reason> {
        let is_scalar = matches!(old.body, Body::Scalar(_) | Body::Unknown);
        if self.part.delimiter.is_some() && !is_scalar {
            return Err(Reason::Type);
        }
        let was_hidden = matches!(old.body, Body::Unknown);
        let (text, value) = match self.taken {
            Taken::Hidden => return Ok(Piece::new(Body::Unknown, mark)),
            _ if was_hidden && self.part.delimiter.is_some() => {
                return Ok(Piece::new(Body::Unknown, mark));
            }
            Taken::Text { text, value, .. } => (text.as_str(), value.as_ref()),
            Taken::Tree(tree) if !is_scalar => return Ok(tree.signed(mark)),
            // A scalar that is created from a map or a list has a type that is not followed.
            Taken::Tree(_) if is_new => return Err(Reason::Setting),
            // kustomize writes the text of a map or a list, which is empty.
            Taken::Tree(_) => ("", None),
        };
        let scalar = if was_hidden {
            Some((text.into(), text.to_owned()))
        } else if !is_scalar {
            value.map(|value| (value.clone(), text.to_owned()))
        } else if is_new {
            resolved_new(&self.part.put("", text))
        } else {
            let before = old.scalar_text().unwrap_or_default();
            let new = self.part.put(&before, text);
            // A name that was patched or got a prefix has lost its type.
            let is_typed = !(is_name && old.look == Look::Unsure && is_ambiguous(&new));
            retyped(old, &new).filter(|_| is_typed)
        };
        let (value, text) = scalar.ok_or(Reason::Scalar)?;
        let spelled = (!value.is_string()).then(|| text.into());
        let look = match is_scalar {
            // It has no type yet, whatever it looks like.
            true if is_new && !value.is_string() => Look::Unsure,
            true if is_new => Look::Plain,
            true => old.look,
            false => self.look(),
        };
        Ok(Piece {
            spelled,
            look,
            ..Piece::new(Body::Scalar(value), mark)
        })
    }

    /// The style of a text that replaces something other than a scalar; a new field has no quotes.
    fn look(&self) -> Look {
        match self.taken {
            Taken::Text { look, .. } => *look,
            _ => Look::Plain,
        }
    }

    /// Pays for the result of a piece, whose text may double with every replacement.
    fn pay(&self, old: &Piece, pen: &mut Pen<'_>) -> Option<()> {
        let size = match self.taken {
            Taken::Text { text, .. } => text.len() / TEXT,
            Taken::Tree(piece) => piece.measure().1,
            Taken::Hidden => 0,
        };
        pen.spend(1 + size + old.measure().1)
    }
}
