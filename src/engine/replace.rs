//! `replacements`, as far as one can tell what they reach.

use serde_json::Value;

use crate::yaml::Node;

use super::item::{Item, Selector, scan};
use super::piece::{Body, Gone, MAX_DEPTH, Mark, Pen, Piece, TEXT, is_same};
use super::unknown::Reason;

/// Which part of a text a replacement takes or gives.
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
            create: get("create").is_some_and(|create| create.text() == "true"),
        }
    }

    /// The part of a text that this takes.
    fn of(self, text: &str) -> Option<String> {
        match self.delimiter {
            None => Some(text.to_owned()),
            Some(delimiter) => {
                let at = usize::try_from(self.index).ok()?;
                text.split(delimiter).nth(at).map(str::to_owned)
            }
        }
    }

    /// A text with that part replaced.
    fn put(self, old: &str, new: &str) -> String {
        let Some(delimiter) = self.delimiter else {
            return new.to_owned();
        };
        let mut parts: Vec<&str> = old.split(delimiter).collect();
        match usize::try_from(self.index) {
            Err(_) => parts.insert(0, new),
            Ok(at) if at >= parts.len() => parts.push(new),
            Ok(at) => parts[at] = new,
        }
        parts.join(delimiter)
    }
}

/// Follows one replacement to everything that it writes; the reason where that cannot be.
pub(super) fn apply(entry: Node<'_>, items: &mut [Item], pen: &mut Pen<'_>) -> Result<(), Reason> {
    pen.spend(scan(items)).ok_or(Reason::Bounds)?;
    let value = taken(entry, items, pen);
    for target in entry.get("targets").into_iter().flat_map(Node::items) {
        let Some(select) = target.get("select") else {
            pen.lose(Reason::Selector, "select", target);
            continue;
        };
        let select = Selector::replaced(select).ok_or(Reason::Selector)?;
        let rejects = target.get("reject").into_iter().flat_map(Node::items);
        let rejects = rejects
            .map(Selector::replaced)
            .collect::<Option<Vec<Selector>>>()
            .ok_or(Reason::Selector)?;
        let options = target.get("options");
        note_encoding(options, pen);
        let what = Write {
            value: value.as_ref(),
            part: Part::read(options),
        };
        let paths: Vec<Node<'_>> = target
            .get("fieldPaths")
            .into_iter()
            .flat_map(Node::items)
            .collect();
        let cost = scan(items).saturating_mul(1 + rejects.len());
        pen.spend(cost).ok_or(Reason::Bounds)?;
        let chosen = items.iter_mut().filter(|item| {
            select.selects(item) && !rejects.iter().any(|reject| reject.selects(item))
        });
        for item in chosen {
            pen.met.push(item.first());
            for path in &paths {
                let mark = pen.mark(None, *path);
                let steps = steps(path.text()).ok_or(Reason::Selector)?;
                let mut written = 0;
                what.write(&mut item.root, &steps, mark, pen, &mut written)
                    .ok_or(Reason::Bounds)?;
                if written == 0 && !item.partial {
                    pen.lose(Reason::NoField, path.text(), *path);
                }
            }
            item.note_id();
        }
    }
    Ok(())
}

/// The value that a replacement takes; nothing where only kustomize knows it.
fn taken(entry: Node<'_>, items: &[Item], pen: &mut Pen<'_>) -> Option<Value> {
    if let Some(value) = entry.get("sourceValue").filter(|value| !value.is_null()) {
        return Some(Value::String(value.text().to_owned()));
    }
    let source = entry.get("source")?;
    let options = source.get("options");
    note_encoding(options, pen);
    let Some(selector) = Selector::source(source) else {
        pen.lose(Reason::Selector, "source", source);
        return None;
    };
    let mut found = items.iter().filter(|item| selector.selects(item));
    let (first, second) = (found.next(), found.next());
    let Some(item) = first else {
        pen.lose(Reason::NoTarget, "source", source);
        return None;
    };
    if second.is_some() {
        pen.lose(Reason::Selector, "source", source);
    }
    let path = source.str_at(&["fieldPath"]).unwrap_or("metadata.name");
    let value = steps(path).and_then(|steps| read(&item.root, &steps));
    let value = value.filter(|value| !value.is_null());
    let Some(value) = value else {
        let reason = if item.partial {
            Reason::NotHere
        } else {
            Reason::NoField
        };
        pen.lose(reason, path, source);
        return None;
    };
    match value.to_json()? {
        Value::String(text) => {
            let part = Part::read(options).of(&text).map(Value::String);
            if part.is_none() {
                pen.lose(Reason::NoField, path, source);
            }
            part
        }
        value => Some(value),
    }
}

/// Notes that a value is to be encoded or decoded on its way.
fn note_encoding(options: Option<Node<'_>>, pen: &mut Pen<'_>) {
    let encoding = options.and_then(|options| options.get("encoding"));
    if let Some(encoding) = encoding.filter(|encoding| !matches!(encoding.text(), "" | "none")) {
        pen.lose(Reason::Setting, "encoding", encoding);
    }
}

/// What one target gets.
struct Write<'w> {
    /// Nothing where only kustomize knows it.
    value: Option<&'w Value>,
    part: Part<'w>,
}

impl Write<'_> {
    fn body(&self, old: Option<&Piece>) -> Body {
        match (self.value, old.map(|old| &old.body)) {
            (_, Some(Body::Unknown)) if self.part.delimiter.is_some() => Body::Unknown,
            (Some(Value::String(new)), old) => {
                let old = match old {
                    Some(Body::Scalar(Value::String(old))) => old.as_str(),
                    _ => "",
                };
                Body::Scalar(self.part.put(old, new).into())
            }
            (Some(value @ (Value::Number(_) | Value::Bool(_))), _) => Body::Scalar(value.clone()),
            _ => Body::Unknown,
        }
    }

    /// Pays for what comes of a piece, whose text may double with every replacement.
    fn pay(&self, old: Option<&Piece>, steps: usize, pen: &mut Pen<'_>) -> Option<()> {
        let text = self.value.and_then(Value::as_str).unwrap_or_default();
        let old = old.map_or(0, |old| old.measure().1);
        pen.spend(1 + steps + old + text.len() / TEXT)
    }

    fn write(
        &self,
        piece: &mut Piece,
        steps: &[String],
        mark: Mark,
        pen: &mut Pen<'_>,
        written: &mut usize,
    ) -> Option<()> {
        let Some((first, rest)) = steps.split_first() else {
            self.pay(Some(piece), 0, pen)?;
            *written += 1;
            let new = Piece::new(self.body(Some(piece)), mark);
            pen.changed |= !is_same(piece, &new);
            *piece = new;
            return Some(());
        };
        match &mut piece.body {
            Body::Map(map) => {
                let name = inner(first).unwrap_or(first);
                if let Some(next) = map.get_mut(name) {
                    self.write(next, rest, mark, pen, written)?;
                } else if self.part.create {
                    self.pay(None, steps.len(), pen)?;
                    *written += 1;
                    let names: Vec<&str> = steps
                        .iter()
                        .map(|step| inner(step).unwrap_or(step))
                        .collect();
                    pen.changed = true;
                    piece.set(&names, Piece::new(self.body(None), mark));
                }
            }
            Body::List(items) => {
                pen.spend(items.len() / 8)?;
                for (at, item) in items.iter_mut().enumerate() {
                    if !is_meant(item, at, first) {
                        continue;
                    }
                    if rest.is_empty() {
                        piece.gone.push(Gone {
                            key: None,
                            piece: item.clone(),
                            mark,
                        });
                    }
                    self.write(item, rest, mark, pen, written)?;
                }
            }
            _ => {}
        }
        Some(())
    }
}

fn inner(step: &str) -> Option<&str> {
    step.strip_prefix('[')?.strip_suffix(']')
}

/// Whether a step of a field path means this element of a list.
fn is_meant(item: &Piece, at: usize, step: &str) -> bool {
    match inner(step) {
        Some(pair) => pair.split_once('=').is_some_and(|(key, value)| {
            let text = if key.is_empty() {
                item.scalar_text()
            } else {
                item.get(key).and_then(Piece::scalar_text)
            };
            text.as_deref() == Some(value)
        }),
        None => step == "*" || step.parse() == Ok(at),
    }
}

pub(super) fn read<'p>(piece: &'p Piece, steps: &[String]) -> Option<&'p Piece> {
    steps
        .iter()
        .try_fold(piece, |piece, step| match &piece.body {
            Body::Map(map) => map.get(inner(step).unwrap_or(step)),
            Body::List(items) => items
                .iter()
                .enumerate()
                .find(|(at, item)| is_meant(item, *at, step))
                .map(|(_, item)| item),
            _ => None,
        })
}

/// Splits `a.b\.c.[name=d.e].f`; nothing for what leads deeper than any resource is.
pub(super) fn steps(path: &str) -> Option<Vec<String>> {
    let mut steps = vec![String::new()];
    let mut depth = 0_usize;
    let mut chars = path.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                if let (Some(last), Some(next)) = (steps.last_mut(), chars.next()) {
                    last.push(next);
                }
                continue;
            }
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => {
                steps.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = steps.last_mut() {
            last.push(c);
        }
    }
    steps.retain(|step| !step.is_empty());
    (steps.len() < MAX_DEPTH).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_paths_are_split() {
        assert_eq!(
            steps(r"a.b\.c/d.[name=e.f].g.0").unwrap(),
            ["a", "b.c/d", "[name=e.f]", "g", "0"]
        );
        assert!(steps(&"a.".repeat(MAX_DEPTH)).is_none());
    }
}
