//! Every difference is covered by exactly one change, and every change covers a difference.
//!
//! This walks both trees guided by the changes. It shares the data about lists and quantities with
//! the diff, but none of its code: the diff pairs and compares, and this only counts.

use krm_parity::compare::diff::{By, Change, ChangeKind, Step, diff};
use krm_parity::finding::REDACTED;
use krm_parity::quantity::Quantity;
use krm_parity::resource::{Resource, Secrecy, is_bookkeeping, secrecy};
use krm_parity::schema::{Field, List, Scalar, Type, is_transparent};
use krm_parity::yaml::{Kind, Node};

/// Fails unless the changes of two resources are exactly their differences.
pub fn assert_covered(base: &Resource<'_>, overlay: &Resource<'_>) {
    let changes = diff(base, overlay);
    let below: Vec<_> = changes
        .iter()
        .map(|change| (change, change.steps.as_slice()))
        .collect();
    let place = Place {
        field: Field {
            ty: Type::of(overlay.group(), overlay.version(), overlay.kind()),
            ..Field::UNKNOWN
        },
        names: Vec::new(),
        quantities: false,
        secret: false,
    };
    if let Err(fault) = walk(Some(base.node), Some(overlay.node), &below, &place) {
        panic!(
            "{fault}\nbase:    {:?}\noverlay: {:?}\nchanges: {changes:#?}",
            base.node, overlay.node
        );
    }
}

/// A change, and its remaining steps.
type Below<'c, 'a> = (&'c Change<'a>, &'c [Step<'a>]);

struct Place<'a> {
    field: Field,
    /// The fields of the path; a list element is `[]`.
    names: Vec<&'a str>,
    /// Whether the scalars of this map are quantities.
    quantities: bool,
    secret: bool,
}

impl<'a> Place<'a> {
    fn field(&self, name: &'a str, sides: [Option<Node<'a>>; 2]) -> Self {
        let looks_like_pod = sides.into_iter().flatten().any(has_containers);
        let ty = if self.field.ty == Type::UNKNOWN && looks_like_pod {
            Type::POD_SPEC
        } else {
            self.field.ty
        };
        let field = ty.field(name);
        let mut names = self.names.clone();
        names.push(name);
        let secrecy = sides.into_iter().flatten().map(secrecy).max();
        Self {
            field: Field {
                scalar: if self.quantities {
                    Scalar::Quantity
                } else {
                    field.scalar
                },
                ..field
            },
            quantities: field.scalar == Scalar::QuantityMap
                || names.ends_with(&["resources", "limits"])
                || names.ends_with(&["resources", "requests"]),
            names,
            secret: self.secret || secrecy.unwrap_or_default().hides(name),
        }
    }

    fn element(&self) -> Self {
        let mut names = self.names.clone();
        names.push("[]");
        Self {
            field: Field {
                list: List::Unknown,
                ..self.field
            },
            names,
            quantities: false,
            secret: self.secret,
        }
    }

    fn fault(&self, what: &str) -> Result<(), String> {
        Err(format!("{}: {what}", self.names.join(".")))
    }
}

fn has_containers(map: Node<'_>) -> bool {
    map.get("containers").is_some_and(|list| {
        list.items().next().is_some()
            && list
                .items()
                .all(|item| item.get("name").is_some() && item.get("image").is_some())
    })
}

fn walk<'a>(
    base: Option<Node<'a>>,
    overlay: Option<Node<'a>>,
    changes: &[Below<'_, 'a>],
    place: &Place<'a>,
) -> Result<(), String> {
    let (here, below): (Vec<Below>, Vec<Below>) =
        changes.iter().partition(|(_, steps)| steps.is_empty());
    let (orders, values): (Vec<Below>, Vec<Below>) = here
        .iter()
        .partition(|(change, _)| change.kind == ChangeKind::Reordered);
    if let [(change, _), more @ ..] = values.as_slice() {
        if !more.is_empty() || !below.is_empty() || !orders.is_empty() {
            return place.fault("a difference lies under two changes");
        }
        return value(change, base, overlay, place);
    }
    if orders.len() > 1 {
        return place.fault("one list is reordered twice");
    }
    let present = [base, overlay].map(|side| side.filter(|node| !node.is_null()));
    if changes.is_empty() && same(present, place) {
        return Ok(());
    }
    match present {
        [base, overlay] if [base, overlay].iter().flatten().all(|node| node.is_map()) => {
            if !orders.is_empty() {
                return place.fault("a map is reordered");
            }
            maps(base, overlay, &below, place)
        }
        [base, overlay] if [base, overlay].iter().flatten().all(|node| node.is_seq()) => {
            lists(base, overlay, &below, !orders.is_empty(), place)
        }
        _ => place.fault("a difference lies under no change"),
    }
}

/// A change of a whole value: it is about exactly these nodes, and they differ.
fn value<'a>(
    change: &Change<'a>,
    base: Option<Node<'a>>,
    overlay: Option<Node<'a>>,
    place: &Place<'a>,
) -> Result<(), String> {
    if change.secret != place.secret {
        return place.fault("the values of a Secret are not marked, or others are");
    }
    let in_list = place.names.last() == Some(&"[]");
    let there = |side: Option<Node<'a>>| side.filter(|node| in_list || !node.is_null());
    let sides = [there(base), there(overlay)];
    let kind = match sides {
        [None, Some(_)] => ChangeKind::Added,
        [Some(_), None] => ChangeKind::Removed,
        _ => ChangeKind::Modified,
    };
    if change.kind != kind {
        return place.fault("a change of the wrong kind");
    }
    if change.base != sides[0] || change.overlay != sides[1] {
        return place.fault("a change has other values than its place");
    }
    if same(sides, place) {
        return place.fault("a change covers no difference");
    }
    Ok(())
}

/// For a map that only one side has, the entries are reported separately if that is more precise.
///
/// A map that contains only nulls is not a difference, because tools write `metadata:
/// {creationTimestamp: null}` for nothing; an empty one is a difference, as in the design.
fn maps<'a>(
    base: Option<Node<'a>>,
    overlay: Option<Node<'a>>,
    changes: &[Below<'_, 'a>],
    place: &Place<'a>,
) -> Result<(), String> {
    let mut names: Vec<&str> = [base, overlay]
        .into_iter()
        .flatten()
        .flat_map(Node::entries)
        .map(|(key, _)| key.text())
        .collect();
    names.sort_unstable();
    names.dedup();
    let is_annotations = place.names.last() == Some(&"annotations");
    let is_opaque = !place.names.last().is_some_and(|name| is_transparent(name));
    if base.is_some() != overlay.is_some() && (is_opaque || names.is_empty()) {
        return place.fault("a map on one side lies under no change");
    }
    let mut taken = 0;
    let sides = [base, overlay];
    let keys_of_secret = sides.into_iter().flatten().map(secrecy).max() == Some(Secrecy::All)
        && KEYS_OF_SECRET.iter().all(|name| names.contains(name))
        && KEYS_OF_SECRET.iter().all(|name| {
            let fields = sides
                .into_iter()
                .flatten()
                .filter_map(|side| side.get(name));
            fields.clone().any(|field| !field.is_null())
                && fields
                    .into_iter()
                    .all(|field| field.is_map() || field.is_null())
        });
    if keys_of_secret {
        names.retain(|name| !KEYS_OF_SECRET.contains(name));
        taken += secret_keys(sides, changes)?;
    }
    for name in names {
        let inner: Vec<Below> = changes
            .iter()
            .filter(|(_, steps)| steps[0] == Step::Field(name))
            .map(|(change, steps)| (*change, &steps[1..]))
            .collect();
        taken += inner.len();
        if is_annotations && is_bookkeeping(name) {
            if !inner.is_empty() {
                return place.fault("a host's own annotation is a change");
            }
            continue;
        }
        walk(
            base.and_then(|map| map.get(name)),
            overlay.and_then(|map| map.get(name)),
            &inner,
            &place.field(name, [base, overlay]),
        )?;
    }
    if taken < changes.len() {
        return place.fault("a change lies under a field that neither side has");
    }
    Ok(())
}

/// The fields of a Secret that the API server merges into one.
const KEYS_OF_SECRET: [&str; 2] = ["data", "stringData"];

/// A key that only one side has, in any of the fields, is covered by one change; returns the number
/// of changes.
fn secret_keys<'a>(
    sides: [Option<Node<'a>>; 2],
    changes: &[Below<'_, 'a>],
) -> Result<usize, String> {
    let has = |side: Option<Node<'a>>, key: &str| {
        KEYS_OF_SECRET
            .iter()
            .filter_map(|field| side?.get(field)?.get(key))
            .any(|value| !value.is_null())
    };
    let own: Vec<_> = changes
        .iter()
        .filter(
            |(_, steps)| matches!(steps[0], Step::Field(name) if KEYS_OF_SECRET.contains(&name)),
        )
        .collect();
    let mut keys: Vec<&str> = sides
        .into_iter()
        .flatten()
        .flat_map(|side| {
            KEYS_OF_SECRET
                .iter()
                .filter_map(move |field| side.get(field))
        })
        .flat_map(Node::entries)
        .map(|(key, _)| key.text())
        .collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let told: Vec<_> = own
            .iter()
            .filter(|(_, steps)| steps.get(1) == Some(&Step::Field(key)))
            .map(|(change, _)| change.kind)
            .collect();
        let right = match sides.map(|side| has(side, key)) {
            [true, false] => told == [ChangeKind::Removed],
            [false, true] => told == [ChangeKind::Added],
            [true, true] => told.is_empty() || told == [ChangeKind::Modified],
            [false, false] => told.is_empty(),
        };
        if !right {
            return Err(format!("key {key} of a Secret is told as {told:?}"));
        }
    }
    Ok(own.len())
}

fn lists<'a>(
    base: Option<Node<'a>>,
    overlay: Option<Node<'a>>,
    changes: &[Below<'_, 'a>],
    reordered: bool,
    place: &Place<'a>,
) -> Result<(), String> {
    let items = |list: Option<Node<'a>>| list.into_iter().flat_map(Node::items).collect::<Vec<_>>();
    let (left, right) = (items(base), items(overlay));
    let inner = place.element();
    // A change of the order of a list without keys covers no element.
    let is_order = |(change, steps): &&Below<'_, '_>| {
        matches!(&steps[..], [Step::Element { by: By::Order, .. }])
            && change.kind == ChangeKind::Reordered
    };
    let (orders, changes): (Vec<Below>, Vec<Below>) =
        changes.iter().partition(|below| is_order(below));
    if orders.len() > 1 || reordered && !orders.is_empty() {
        return place.fault("one list is reordered twice");
    }
    let reordered = reordered || !orders.is_empty();
    let mut pairs: Vec<(Option<usize>, Option<usize>)> = Vec::new();
    for (_, steps) in &changes {
        let Step::Element { base, overlay, .. } = &steps[0] else {
            return place.fault("a change lies under a field of a list");
        };
        if !pairs.contains(&(*base, *overlay)) {
            pairs.push((*base, *overlay));
        }
    }
    let mut taken = (vec![false; left.len()], vec![false; right.len()]);
    for &(at, other) in &pairs {
        let twice = |side: &mut Vec<bool>, at: Option<usize>| {
            at.is_some_and(|at| at >= side.len() || std::mem::replace(&mut side[at], true))
        };
        if twice(&mut taken.0, at) || twice(&mut taken.1, other) {
            return place.fault("an element is paired with two others, or does not exist");
        }
        let steps: Vec<Below> = changes
            .iter()
            .filter(|(_, steps)| {
                matches!(&steps[0], Step::Element { base, overlay, .. } if (*base, *overlay) == (at, other))
            })
            .map(|(change, steps)| (*change, &steps[1..]))
            .collect();
        walk(
            at.map(|at| left[at]),
            other.map(|other| right[other]),
            &steps,
            &inner,
        )?;
    }
    let equal = |a: Node<'a>, b: Node<'a>| same([Some(a), Some(b)], &inner);
    let is_set = is_set(place);
    for at in 0..left.len() {
        if taken.0[at] {
            continue;
        }
        match (0..right.len()).find(|&other| !taken.1[other] && equal(left[at], right[other])) {
            Some(other) => {
                taken.1[other] = true;
                pairs.push((Some(at), Some(other)));
            }
            // In a set, repetition has no meaning.
            None if is_set && left[..at].iter().any(|before| equal(*before, left[at])) => {}
            None => return place.fault(&format!("element {at} of the base lies under no change")),
        }
    }
    for other in 0..right.len() {
        let repeats = || {
            right[..other]
                .iter()
                .any(|before| equal(*before, right[other]))
        };
        if !(taken.1[other] || is_set && repeats()) {
            return place.fault(&format!(
                "element {other} of the overlay lies under no change"
            ));
        }
    }
    let mut order: Vec<_> = pairs
        .into_iter()
        .filter_map(|(at, other)| Some((at?, other?)))
        .collect();
    order.sort_unstable();
    let moved = order.windows(2).any(|pair| pair[0].1 > pair[1].1);
    match (moved, reordered) {
        (true, false) if !is_free(place) => place.fault("another order lies under no change"),
        (false, true) => place.fault("a list is reordered and has its old order"),
        _ => Ok(()),
    }
}

/// Whether repetition has no meaning in a list.
fn is_set(place: &Place<'_>) -> bool {
    matches!(
        place.field.list,
        List::Set | List::IngressRules | List::RouteRules
    )
}

/// Whether the order of a list has no meaning, always or sometimes.
///
/// The order of `env` and `containers` only matters sometimes; goldens show when.
fn is_free(place: &Place<'_>) -> bool {
    is_set(place)
        || matches!(place.field.list, List::Keyed { ordered: false, .. })
        || (!place.secret && matches!(place.names.last(), Some(&"env" | &"containers")))
}

/// Whether a field means the same as an absent one; `maps` has the reason.
fn is_nothing(name: &str, value: Node<'_>) -> bool {
    let mut entries = value.entries().peekable();
    value.is_null()
        || (is_transparent(name)
            && entries.peek().is_some()
            && entries.all(|(key, value)| {
                (name == "annotations" && is_bookkeeping(key.text()))
                    || is_nothing(key.text(), value)
            }))
}

/// Whether two values mean the same; an absent value equals null.
fn same(sides: [Option<Node<'_>>; 2], place: &Place<'_>) -> bool {
    let [base, overlay] = sides;
    let (Some(base), Some(overlay)) = (base, overlay) else {
        let name = place.names.last().copied().unwrap_or("");
        return [base, overlay]
            .into_iter()
            .flatten()
            .all(|only| name != "[]" && is_nothing(name, only));
    };
    if place.secret && [base, overlay].iter().any(|node| node.text() == REDACTED) {
        return true;
    }
    match (base.kind(), overlay.kind()) {
        (Kind::Map, Kind::Map) => {
            let has_own =
                |key: &str| place.names.last() == Some(&"annotations") && is_bookkeeping(key);
            base.entries()
                .all(|(key, value)| match overlay.get(key.text()) {
                    _ if has_own(key.text()) => true,
                    Some(other) => same(
                        [value, other].map(|side| Some(side).filter(|node| !node.is_null())),
                        &place.field(key.text(), [Some(base), Some(overlay)]),
                    ),
                    None => is_nothing(key.text(), value),
                })
                && overlay.entries().all(|(key, value)| {
                    has_own(key.text())
                        || base.get(key.text()).is_some()
                        || is_nothing(key.text(), value)
                })
        }
        (Kind::Seq, Kind::Seq) => {
            let inner = place.element();
            let equal = |a: Node<'_>, b: Node<'_>| same([Some(a), Some(b)], &inner);
            let (left, right) = (base.items().count(), overlay.items().count());
            (left == right && base.items().zip(overlay.items()).all(|(a, b)| equal(a, b)))
                || (is_free(place)
                    && (left == right || is_set(place))
                    && base.items().all(|a| overlay.items().any(|b| equal(a, b)))
                    && overlay.items().all(|b| base.items().any(|a| equal(a, b))))
        }
        (Kind::Map | Kind::Seq, _) | (_, Kind::Map | Kind::Seq) => false,
        _ if number(base).is_some() && number(base) == number(overlay) => true,
        (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => base.text() == overlay.text(),
        (one, other) if one == other && base.to_json() == overlay.to_json() => true,
        _ => {
            let amount = |node: Node<'_>| match node.kind() {
                Kind::Str => Quantity::parse(node.text()).ok(),
                // The written form of a number may not be a quantity, or may be another one: `0644`
                // is 420.
                Kind::Int | Kind::Float => Quantity::parse(&node.to_json().to_string()).ok(),
                _ => None,
            };
            place.field.scalar == Scalar::Quantity
                && amount(base).is_some()
                && amount(base) == amount(overlay)
        }
    }
}

fn number(node: Node<'_>) -> Option<serde_json::Value> {
    matches!(node.kind(), Kind::Int | Kind::Float)
        .then(|| node.to_json())
        .filter(serde_json::Value::is_number)
}
