//! `replacements`, as far as one can tell what they reach.

use serde_json::Value;

use crate::yaml::Node;

use super::item::{Item, Selector};
use super::piece::{Body, Mark, Pen, Piece};

/// Follows one replacement to everything that it writes.
pub(super) fn apply(entry: Node<'_>, items: &mut [Item], pen: &Pen<'_>) {
    let source = entry.get("source");
    let value = source.and_then(|source| {
        let selector = Selector::read(source)?;
        let item = items.iter().find(|item| selector.selects(item))?;
        let path = source.str_at(&["fieldPath"]).unwrap_or("metadata.name");
        let steps = steps(path);
        let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
        (source.get("options").is_none()).then(|| item.root.at(&steps)?.to_json())?
    });
    for target in entry.get("targets").into_iter().flat_map(Node::items) {
        let selector = |field: &str| target.get(field).and_then(Selector::read);
        let Some(select) = selector("select") else {
            continue;
        };
        let rejects: Vec<Selector> = target
            .get("reject")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(Selector::read)
            .collect();
        let options = target.get("options");
        let is_part = options.is_some_and(|options| options.get("delimiter").is_some());
        let create = options
            .and_then(|options| options.get("create"))
            .is_some_and(|create| create.text() == "true");
        let body = match &value {
            Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) if !is_part => {
                Body::Scalar(value.clone())
            }
            _ => Body::Unknown,
        };
        let chosen = items.iter_mut().filter(|item| {
            select.selects(item) && !rejects.iter().any(|reject| reject.selects(item))
        });
        let paths: Vec<Node<'_>> = target
            .get("fieldPaths")
            .or_else(|| target.get("fieldpaths"))
            .into_iter()
            .flat_map(Node::items)
            .collect();
        for item in chosen {
            for path in &paths {
                let mark = pen.mark(None, *path);
                write(&mut item.root, &steps(path.text()), &body, mark, create);
            }
        }
    }
}

fn write(piece: &mut Piece, steps: &[String], body: &Body, mark: Mark, create: bool) {
    let Some((first, rest)) = steps.split_first() else {
        *piece = Piece::new(body.clone(), mark);
        return;
    };
    match &mut piece.body {
        Body::Map(map) => {
            if let Some(next) = map.get_mut(first) {
                write(next, rest, body, mark, create);
            } else if create {
                let names: Vec<&str> = steps.iter().map(String::as_str).collect();
                piece.set(&names, Piece::new(body.clone(), mark), true);
            }
        }
        Body::List(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                let is_meant = match first
                    .strip_prefix('[')
                    .and_then(|key| key.strip_suffix(']'))
                {
                    Some(pair) => pair.split_once('=').is_some_and(|(key, value)| {
                        item.get(key).and_then(Piece::scalar_text).as_deref() == Some(value)
                    }),
                    None => first == "*" || first.parse() == Ok(at),
                };
                if is_meant {
                    write(item, rest, body, mark, create);
                }
            }
        }
        _ => {}
    }
}

/// Splits `a.b\.c.[name=d.e].f`.
fn steps(path: &str) -> Vec<String> {
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
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_paths_are_split() {
        assert_eq!(
            steps(r"a.b\.c/d.[name=e.f].g.0"),
            ["a", "b.c/d", "[name=e.f]", "g", "0"]
        );
    }
}
