//! Field paths of replacements and variables, as kustomize splits and follows them.

use regex::bytes::{Regex, RegexBuilder};

use super::piece::{Body, Gone, MAX_DEPTH, Mark, Pen, Piece};
use super::scalar;
use super::unknown::Reason;

/// What to create at the end of a path that does not exist.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaf {
    Scalar,
    Map,
    List,
}

impl Leaf {
    fn of_step(next: Option<&String>, last: Self) -> Self {
        match next {
            None => last,
            Some(step) if is_bracketed(step) || place(step).is_some() => Self::List,
            Some(_) => Self::Map,
        }
    }

    fn piece(self, mark: Mark) -> Piece {
        let body = match self {
            Self::Scalar => Body::Scalar(serde_json::Value::Null),
            Self::Map => Body::Map(std::collections::BTreeMap::new()),
            Self::List => Body::List(Vec::new()),
        };
        Piece::new(body, mark)
    }
}

/// Splits `a.b\.c.[name=d.e].[f.g/h].i`; `None` for a path that is deeper than any resource.
pub(super) fn split(path: &str) -> Option<Vec<String>> {
    let mut parts = path.split('.').peekable();
    // A path may begin with a dot.
    if path.starts_with('.') {
        parts.next();
    }
    let mut escaped: Vec<String> = Vec::new();
    for part in parts {
        match escaped.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('.');
                last.push_str(part);
            }
            _ => escaped.push(part.to_owned()),
        }
        if escaped.len() >= MAX_DEPTH {
            return None;
        }
    }
    let mut steps = Vec::new();
    let mut parts = escaped.into_iter();
    while let Some(part) = parts.next() {
        if !part.starts_with('[') || part.ends_with(']') {
            steps.push(part);
            continue;
        }
        let mut whole = part;
        for part in parts.by_ref() {
            whole.push('.');
            whole.push_str(&part);
            if part.ends_with(']') {
                break;
            }
        }
        if whole.contains('=') {
            steps.push(whole);
        } else {
            steps.push(whole.trim_matches(['[', ']']).to_owned());
        }
    }
    Some(steps)
}

/// The same for the field path of a variable, where `a[0]` is an element of `a`.
pub(super) fn split_indexed(path: &str) -> Option<Vec<String>> {
    let mut steps = Vec::new();
    for step in split(path)? {
        let indexed = step
            .strip_suffix(']')
            .and_then(|step| step.rsplit_once('['));
        match indexed {
            Some((name, at)) if !at.is_empty() && at.bytes().all(|c| c.is_ascii_digit()) => {
                if !name.is_empty() {
                    steps.push(name.to_owned());
                }
                steps.push(at.to_owned());
            }
            _ => steps.push(step),
        }
    }
    Some(steps)
}

fn is_bracketed(step: &str) -> bool {
    step.starts_with('[') && step.ends_with(']')
}

/// The list index that a step is, if it is one.
fn place(step: &str) -> Option<usize> {
    step.parse().ok()
}

/// The key and the value in brackets; `None` unless both exist.
fn pair(step: &str) -> Option<(&str, &str)> {
    step.strip_prefix('[')?.strip_suffix(']')?.split_once('=')
}

/// The one value at a path.
pub(super) fn look<'p>(root: &'p Piece, steps: &[String]) -> Option<&'p Piece> {
    let steps = steps.iter().map(|step| step.trim());
    let mut steps = steps.filter(|step| !step.is_empty());
    steps.try_fold(root, |piece, step| match &piece.body {
        Body::List(items) => match step {
            "-" => items.last(),
            _ if is_bracketed(step) => {
                let (key, value) = pair(step)?;
                let is_it = |item: &&Piece| {
                    let text = match key {
                        "" => item.scalar_text(),
                        key => item.get(key).and_then(Piece::scalar_text),
                    };
                    text.as_deref() == Some(value)
                };
                items.iter().find(is_it)
            }
            _ => items.get(place(step)?),
        },
        Body::Map(map) => {
            let is_key = step != "-" && step != "*" && !is_bracketed(step);
            map.get(step)
                .filter(|_| is_key && step.parse::<i64>().is_err())
        }
        _ => None,
    })
}

/// The change of every value at a path. The flag says that the value was just created and has no
/// type yet.
pub(super) type Change<'c> =
    &'c mut dyn FnMut(&mut Piece, bool, &mut Pen<'_>) -> Result<(), Reason>;

/// A walk along a path through a resource.
pub(super) struct Follow<'f> {
    /// What to create where the path does not exist, if anything.
    pub create: Option<Leaf>,
    pub mark: Mark,
    pub change: Change<'f>,
    /// The number of changed values.
    pub count: usize,
}

impl Follow<'_> {
    /// Changes every value at a path. The error is the reason if kustomize fails, or if its result
    /// is not known.
    pub fn each(
        &mut self,
        piece: &mut Piece,
        steps: &[String],
        is_new: bool,
        pen: &mut Pen<'_>,
    ) -> Result<(), Reason> {
        pen.spend(1).ok_or(Reason::Bounds)?;
        let Some((step, rest)) = steps.split_first() else {
            self.count += 1;
            return (self.change)(piece, is_new, pen);
        };
        if let Some(at) = place(step) {
            return self.at_place(piece, at, rest, pen);
        }
        if is_bracketed(step) {
            let (key, value) = pair(step).ok_or(Reason::NoField)?;
            return self.at_pair(piece, key, value, rest, pen);
        }
        if step == "*" {
            let items = elements(piece)?;
            pen.spend(items.len()).ok_or(Reason::Bounds)?;
            let all = 0..items.len();
            return self.elements(piece, all.collect(), rest, pen);
        }
        if step.is_empty() {
            return Err(Reason::NoField);
        }
        self.at_key(piece, step, rest, pen)
    }

    fn at_key(
        &mut self,
        piece: &mut Piece,
        step: &str,
        rest: &[String],
        pen: &mut Pen<'_>,
    ) -> Result<(), Reason> {
        let map = match &mut piece.body {
            Body::Map(map) => map,
            Body::Unknown => return Err(Reason::Hidden),
            // Null cannot hold fields, and kustomize loses those created in it.
            Body::Scalar(value) if value.is_null() && self.create.is_none() => return Ok(()),
            // kustomize may parse a text as YAML or JSON, and continue in it.
            Body::Scalar(_) => return Err(Reason::Setting),
            Body::List(_) => return Err(Reason::NoField),
        };
        if let Some(field) = map.get_mut(step) {
            return self.each(field, rest, false, pen);
        }
        let Some(last) = self.create else {
            return Ok(());
        };
        let mut made = Leaf::of_step(rest.first(), last).piece(self.mark);
        self.each(&mut made, rest, true, pen)?;
        map.insert(step.to_owned(), made);
        piece.touched = Some(self.mark);
        pen.changed = true;
        Ok(())
    }

    fn at_place(
        &mut self,
        piece: &mut Piece,
        at: usize,
        rest: &[String],
        pen: &mut Pen<'_>,
    ) -> Result<(), Reason> {
        let items = elements(piece)?;
        if at < items.len() {
            return self.elements(piece, vec![at], rest, pen);
        }
        let last = self.create.filter(|_| at == items.len());
        let last = last.ok_or(Reason::NoField)?;
        let mut made = Leaf::of_step(rest.first(), last).piece(self.mark);
        self.each(&mut made, rest, true, pen)?;
        self.append(piece, made, pen);
        Ok(())
    }

    fn at_pair(
        &mut self,
        piece: &mut Piece,
        key: &str,
        value: &str,
        rest: &[String],
        pen: &mut Pen<'_>,
    ) -> Result<(), Reason> {
        let items = elements(piece)?;
        pen.spend(items.len()).ok_or(Reason::Bounds)?;
        let pattern = pattern(value)?;
        let mut found = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let said = if key.is_empty() {
                Some(item)
            } else {
                item.get(key)
            };
            if let Some(said) = said
                && is_met(&pattern, value, said)?
            {
                found.push(at);
            }
        }
        let rest = if key.is_empty() { &[] } else { rest };
        if !found.is_empty() || self.create.is_none() {
            return self.elements(piece, found, rest, pen);
        }
        if !pattern.is_match(value.as_bytes()) {
            // kustomize loops forever here.
            return Err(Reason::Selector);
        }
        let (json, text) = scalar::resolved(value).ok_or(Reason::Scalar)?;
        let mut named = Piece::new(Body::Scalar(json), self.mark);
        named.spelled = Some(text.into());
        let mut made = if key.is_empty() {
            named
        } else {
            let mut made = Leaf::Map.piece(self.mark);
            made.set(&[key], named);
            made
        };
        self.each(&mut made, rest, key.is_empty(), pen)?;
        self.append(piece, made, pen);
        Ok(())
    }

    fn elements(
        &mut self,
        piece: &mut Piece,
        which: Vec<usize>,
        rest: &[String],
        pen: &mut Pen<'_>,
    ) -> Result<(), Reason> {
        let Body::List(items) = &mut piece.body else {
            return Ok(());
        };
        for at in which {
            let Some(item) = items.get_mut(at) else {
                continue;
            };
            if rest.is_empty() {
                piece.gone.push(Gone {
                    key: None,
                    piece: item.clone(),
                    mark: self.mark,
                });
            }
            self.each(item, rest, false, pen)?;
        }
        Ok(())
    }

    fn append(&self, piece: &mut Piece, made: Piece, pen: &mut Pen<'_>) {
        if let Body::List(items) = &mut piece.body {
            items.push(made);
            piece.touched = Some(self.mark);
            pen.changed = true;
        }
    }
}

/// The elements of a list; the error is the reason if kustomize fails.
fn elements(piece: &Piece) -> Result<&[Piece], Reason> {
    match &piece.body {
        Body::List(items) => Ok(items),
        Body::Unknown => Err(Reason::Hidden),
        Body::Scalar(_) => Err(Reason::Setting),
        Body::Map(_) => Err(Reason::NoField),
    }
}

/// kustomize reads the value in brackets as a pattern that may match anywhere in a text.
fn pattern(text: &str) -> Result<Regex, Reason> {
    let pattern = RegexBuilder::new(text)
        .unicode(false)
        .size_limit(1 << 20)
        .build();
    pattern.map_err(|_| Reason::Selector)
}

/// Whether a value matches. kustomize matches its YAML text, with quotes and comments.
fn is_met(pattern: &Regex, written: &str, value: &Piece) -> Result<bool, Reason> {
    let Some(text) = value.scalar_text() else {
        return match &value.body {
            Body::Scalar(_) => Ok(false),
            _ => Err(Reason::Selector),
        };
    };
    let is_met = pattern.is_match(text.as_bytes());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@, ".contains(c);
    if written.chars().all(is_plain) {
        // A comment or a line break may match although the text does not.
        return Ok(is_met);
    }
    let quoted = format!("\"{text}\"");
    let is_like = pattern.is_match(quoted.as_bytes()) == is_met;
    if is_like && !written.contains('$') && text.chars().all(is_plain) {
        Ok(is_met)
    } else {
        Err(Reason::Selector)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_paths_are_split() {
        for (path, steps) in [
            (
                r"a.b\.c/d.[name=e.f].g.0",
                &["a", "b.c/d", "[name=e.f]", "g", "0"][..],
            ),
            (".a.b", &["a", "b"]),
            ("a.[b.c/d].e", &["a", "b.c/d", "e"]),
            ("a.[b].c", &["a", "[b]", "c"]),
            ("a[0].b", &["a[0]", "b"]),
            ("a..b", &["a", "", "b"]),
            ("a", &["a"]),
            (".", &[""]),
        ] {
            assert_eq!(split(path).unwrap(), steps, "{path}");
        }
        assert!(split(&"a.".repeat(MAX_DEPTH)).is_none());
    }

    #[test]
    fn variables_may_index_lists() {
        assert_eq!(
            split_indexed("spec.rules[0].[1].[name=x].a[b]").unwrap(),
            ["spec", "rules", "0", "1", "[name=x]", "a[b]"]
        );
    }
}
