//! Reads the table in docs/fields.md.
//!
//! The classes here do not come from the program, so this is an independent opinion.

use std::fmt;

use krm_parity::path::Segment;
use krm_parity::path::argument::{self, Named};
use serde_json::Value;

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seg {
    /// A key of a map.
    Field(String),
    /// An element of a list.
    Index(usize),
}

/// A path in the notation of results: elements by index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub Vec<Seg>);

impl Place {
    /// The place below a field.
    #[must_use]
    pub fn field(&self, name: &str) -> Self {
        self.then(Seg::Field(name.to_owned()))
    }

    /// The place of an element.
    #[must_use]
    pub fn index(&self, at: usize) -> Self {
        self.then(Seg::Index(at))
    }

    fn then(&self, seg: Seg) -> Self {
        let mut segs = self.0.clone();
        segs.push(seg);
        Self(segs)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, seg) in self.0.iter().enumerate() {
            match seg {
                Seg::Index(index) => write!(f, "[{index}]")?,
                Seg::Field(name)
                    if !name.is_empty()
                        && name
                            .chars()
                            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '$')) =>
                {
                    write!(f, "{}{name}", if at == 0 { "" } else { "." })?;
                }
                Seg::Field(name) => write!(f, "[{}]", serde_json::Value::from(name.as_str()))?,
            }
        }
        Ok(())
    }
}

/// The place in an object of a path with keys, as findings show it to people.
#[must_use]
pub fn place_of<'p>(path: impl Iterator<Item = &'p Segment<'p>>, root: &Value) -> Option<Place> {
    let mut value = root;
    let mut place = Place(Vec::new());
    for segment in path {
        if let Segment::Field(name) = segment {
            place = place.field(name);
            value = value.get(name.as_ref()).unwrap_or(&Value::Null);
            continue;
        }
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if segment.named() == Some(Named::Order) {
            continue;
        }
        let of_flag = |at: usize, flag: &str| {
            let element = value.get(at).and_then(Value::as_str);
            element.is_some_and(|text| text == flag || argument::flag(text) == Some(flag))
        };
        let of_name = |at: usize| match segment.named()? {
            Named::Removed(index) => Some(at == index),
            Named::Flag(flag) => Some(of_flag(at, flag)),
            Named::After(flag) => Some(at > 0 && of_flag(at - 1, flag)),
            Named::Order => None,
        };
        let is_it = |at: usize, element: &Value| match segment {
            _ if of_name(at).is_some() => of_name(at) == Some(true),
            Segment::Index(index) => at == *index,
            Segment::Value(wanted) => text(element) == wanted.as_ref(),
            Segment::Key(keys) => keys.iter().all(|(key, wanted)| {
                let key = format!("/{}", key.replace('.', "/"));
                match element.pointer(&key) {
                    Some(value) => text(value) == wanted.as_ref(),
                    // A missing key has a default.
                    None => keys.len() > 1 || matches!(wanted.as_ref(), "/" | ""),
                }
            }),
            Segment::Field(_) => false,
        };
        let found = value
            .as_array()?
            .iter()
            .enumerate()
            .filter(|(at, element)| is_it(*at, element))
            .collect::<Vec<_>>();
        let [(at, element)] = found.as_slice() else {
            return None;
        };
        place = place.index(*at);
        value = element;
    }
    Some(place)
}

/// A change at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Changed,
    Added,
    Removed,
    Reordered,
    Retagged,
    /// The only element of a list was removed.
    Emptied,
    /// A scalar that was added.
    AddedAlone,
    /// A scalar that was removed.
    RemovedAlone,
    /// One amount became another.
    Reweighed,
}

enum Pattern {
    Deep,
    Any,
    Element,
    Names(Vec<String>),
}

/// The start of a row's pattern.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Top,
    Pod,
    Values,
}

struct Row {
    kinds: Vec<String>,
    /// The pattern, and its start.
    pattern: Vec<Pattern>,
    from: From,
    change: String,
    class: String,
}

/// The table of classes by field.
pub struct Table {
    pods: Vec<(Vec<String>, Vec<Pattern>)>,
    values: Vec<(Vec<String>, Vec<Pattern>)>,
    rows: Vec<Row>,
    /// The maps that are reported entry by entry.
    transparent: Vec<String>,
}

/// The table for one kind.
pub struct Classes<'t> {
    pods: Vec<&'t [Pattern]>,
    values: Vec<&'t [Pattern]>,
    rows: Vec<&'t Row>,
    transparent: &'t [String],
}

/// Reads the table from its document.
///
/// # Panics
/// If it does not have the documented form.
#[must_use]
pub fn read() -> Table {
    let text = include_str!("../../../docs/fields.md");
    let places = |head: &str| {
        let rows = rows(text, head);
        let read = |cells: &Vec<String>| (ticks(&cells[0]), pattern(&ticks(&cells[1]).remove(0)));
        rows.iter().map(read).collect()
    };
    let pods = places("| kinds | pod specification |");
    let values = places("| kinds | values of a chart |");
    let rows = rows(text, "| kinds | field | change | class |")
        .iter()
        .map(|cells| {
            let path = ticks(&cells[1]).remove(0);
            let (from, path) = match (path.strip_prefix("POD."), path.strip_prefix("VALUES.")) {
                (Some(rest), _) => (From::Pod, rest),
                (_, Some(rest)) => (From::Values, rest),
                _ => (From::Top, path.as_str()),
            };
            Row {
                kinds: ticks(&cells[0]),
                pattern: pattern(path),
                from,
                change: cells[2].clone(),
                class: cells[3].clone(),
            }
        })
        .collect();
    let (_, list) = text.split_once("entry by entry:\n\n").expect("the maps");
    let (list, _) = list.split_once(".\n").expect("their end");
    Table {
        pods,
        values,
        rows,
        transparent: ticks(list),
    }
}

fn rows(text: &str, head: &str) -> Vec<Vec<String>> {
    let (_, rest) = text.split_once(head).expect("a table");
    let rows: Vec<_> = rest
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells = line.trim_matches('|').split('|');
            cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
        })
        .collect();
    assert!(!rows.is_empty(), "{head}");
    rows
}

fn ticks(cell: &str) -> Vec<String> {
    cell.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

fn pattern(text: &str) -> Vec<Pattern> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("[]") {
            out.push(Pattern::Element);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("[\"") {
            let (name, after) = after.split_once("\"]").expect("a quoted name");
            out.push(Pattern::Names(alternatives(name)));
            rest = after;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let mut depth = 0;
            let end = rest
                .find(|c| {
                    match c {
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        _ => {}
                    }
                    depth == 0 && matches!(c, '.' | '[')
                })
                .unwrap_or(rest.len());
            out.push(match &rest[..end] {
                "**" => Pattern::Deep,
                "*" => Pattern::Any,
                name => Pattern::Names(alternatives(name)),
            });
            rest = &rest[end..];
        }
    }
    out
}

/// The words of `{a,b}`.
fn alternatives(text: &str) -> Vec<String> {
    let Some((before, rest)) = text.split_once('{') else {
        return vec![text.to_owned()];
    };
    let (words, after) = rest.split_once('}').expect("a closing brace");
    words
        .split(',')
        .flat_map(|word| alternatives(&format!("{before}{word}{after}")))
        .collect()
}

fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len())
                .filter(|&at| rest.is_char_boundary(at))
                .any(|at| glob(after, &rest[at..]))
        }),
    }
}

fn fits(pattern: &[Pattern], path: &[Seg]) -> bool {
    match (pattern, path) {
        ([], path) => path.is_empty(),
        ([Pattern::Deep, rest @ ..], path) => {
            (0..=path.len()).any(|skipped| fits(rest, &path[skipped..]))
        }
        ([first, rest @ ..], [seg, path @ ..]) => {
            let here = match (first, seg) {
                (Pattern::Element, Seg::Index(_)) | (Pattern::Any, Seg::Field(_)) => true,
                (Pattern::Names(names), Seg::Field(name)) => {
                    names.iter().any(|wanted| glob(wanted, name))
                }
                _ => false,
            };
            here && fits(rest, path)
        }
        _ => false,
    }
}

fn is_kind(kinds: &[String], kind: &str) -> bool {
    kinds.iter().any(|wanted| glob(wanted, kind))
}

/// The rest of a path after the one of some places that contains it.
fn way_from<'p>(places: &[&[Pattern]], path: &'p [Seg]) -> Option<&'p [Seg]> {
    places.iter().find_map(|place| {
        let (before, rest) = path.split_at_checked(place.len())?;
        fits(place, before).then_some(rest)
    })
}

impl Table {
    /// The table for one `Kind.group`.
    #[must_use]
    pub fn of(&self, kind: &str) -> Classes<'_> {
        let pods = self.pods.iter().filter(|(kinds, _)| is_kind(kinds, kind));
        let values = self.values.iter().filter(|(kinds, _)| is_kind(kinds, kind));
        let rows = self.rows.iter().filter(|row| is_kind(&row.kinds, kind));
        Classes {
            pods: pods.map(|(_, pod)| pod.as_slice()).collect(),
            values: values.map(|(_, place)| place.as_slice()).collect(),
            rows: rows.collect(),
            transparent: &self.transparent,
        }
    }
}

impl Classes<'_> {
    /// The path from a pod specification to a place, if the place is in one.
    #[must_use]
    pub fn in_pod<'p>(&self, path: &'p [Seg]) -> Option<&'p [Seg]> {
        way_from(&self.pods, path)
    }

    /// Whether a map is reported entry by entry.
    #[must_use]
    pub fn is_transparent(&self, name: &str) -> bool {
        self.transparent.iter().any(|one| one == name)
    }

    /// The class of a change, or `none` if it must not be reported.
    ///
    /// # Panics
    /// If no row matches, which the last row rules out.
    #[must_use]
    pub fn class(&self, place: &Place, change: Change) -> &str {
        let pod = self.in_pod(&place.0);
        let values = way_from(&self.values, &place.0);
        let row = self.rows.iter().find(|row| {
            let path = match row.from {
                From::Top => Some(place.0.as_slice()),
                From::Pod => pod,
                From::Values => values,
            };
            path.is_some_and(|path| fits(&row.pattern, path))
                && match row.change.as_str() {
                    "any" => true,
                    "changed" => matches!(
                        change,
                        Change::Changed | Change::Retagged | Change::Reweighed
                    ),
                    "removed" => matches!(change, Change::Removed | Change::RemovedAlone),
                    "alone" => matches!(change, Change::AddedAlone | Change::RemovedAlone),
                    "emptied" => change == Change::Emptied,
                    "reweighed" => change == Change::Reweighed,
                    "retagged" => change == Change::Retagged,
                    other => panic!("{other} is no change"),
                }
        });
        &row.expect("a row that fits all").class
    }
}
