//! The structural difference of two resources, as Kubernetes reads them.
//!
//! Lists are compared by what their elements are, not by where they stand,
//! unless Kubernetes acts on their order. Three laws hold and are tested:
//! `diff(a, a)` is empty; `diff(b, a)` is `diff(a, b)` with the sides swapped;
//! every difference of the two trees lies under exactly one change.
//!
//! `null` equals an absent field, `{}` does not. Quantities compare by value.
//! The hosts' own annotations are no part of a resource and never differ.

mod align;
mod meaning;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::finding::REDACTED;
use crate::quantity::{Quantity, same_amount};
use crate::resource::{Resource, is_bookkeeping, is_secret, is_secret_data};
use crate::schema::{self, Field, KeyField, List, Scalar, Type};
use crate::yaml::{Kind, Node};

use align::{Pair, align_ordered, align_set};

/// One step from a resource towards a changed field.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<'a> {
    /// Into the value of a map's key.
    Field(&'a str),
    /// Into an element of a list.
    Element {
        /// Its index in the base; `None` where the base lacks it.
        base: Option<usize>,
        /// Its index in the overlay; `None` where the overlay lacks it.
        overlay: Option<usize>,
        /// What the element is known by.
        by: By<'a>,
    },
}

/// What a list element is known by.
#[derive(Clone, Debug, PartialEq)]
pub enum By<'a> {
    /// Its place.
    Index,
    /// Its values at the list's merge keys.
    Keys(Vec<(&'static str, &'a str)>),
    /// Itself, in a set of scalars.
    Value(&'a str),
}

/// How the two sides differ at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// Only the overlay has it.
    Added,
    /// Only the base has it.
    Removed,
    /// Both have it, with different values.
    Modified,
    /// Both lists have the same elements in an order that acts differently.
    Reordered,
}

/// One difference between a base and an overlay.
#[derive(Clone, Debug)]
pub struct Change<'a> {
    /// The way to the field; empty for the whole resource.
    pub steps: Vec<Step<'a>>,
    /// How the sides differ.
    pub kind: ChangeKind,
    /// The base's value.
    pub base: Option<Node<'a>>,
    /// The overlay's value.
    pub overlay: Option<Node<'a>>,
    /// How many steps lead to the pod specification that holds the field, if one does.
    pub pod: Option<usize>,
    /// Whether the values are those of a Secret and must not be shown.
    pub secret: bool,
}

impl<'a> Change<'a> {
    /// The names of the fields on the way, without the list elements.
    #[must_use]
    pub fn fields(&self) -> impl DoubleEndedIterator<Item = &'a str> + '_ {
        self.steps.iter().filter_map(|step| match step {
            Step::Field(name) => Some(*name),
            Step::Element { .. } => None,
        })
    }
}

/// Every difference between two resources.
#[must_use]
pub fn diff<'a>(base: &Resource<'a>, overlay: &Resource<'a>) -> Vec<Change<'a>> {
    let ty = Type::of(overlay.group(), overlay.version(), overlay.kind());
    let mut walk = Walk {
        steps: Vec::new(),
        changes: Vec::new(),
        pod: None,
        secret: false,
    };
    if ty == Type::POD_SPEC {
        walk.pod = Some(0);
    }
    walk.maps(Some(base.node), Some(overlay.node), ty, false);
    walk.changes
}

struct Walk<'a> {
    steps: Vec<Step<'a>>,
    changes: Vec<Change<'a>>,
    pod: Option<usize>,
    secret: bool,
}

/// Maps with more nodes than this are looked up through an index.
const INDEX_FROM: usize = 64;

impl<'a> Walk<'a> {
    fn emit(&mut self, kind: ChangeKind, base: Option<Node<'a>>, overlay: Option<Node<'a>>) {
        self.changes.push(Change {
            steps: self.steps.clone(),
            kind,
            base,
            overlay,
            pod: self.pod,
            secret: self.secret,
        });
    }

    fn last_field(&self) -> Option<&'a str> {
        match self.steps.last() {
            Some(Step::Field(name)) => Some(name),
            _ => None,
        }
    }

    /// Compares the entries of two maps, or lists those of the one that there is.
    fn maps(
        &mut self,
        base: Option<Node<'a>>,
        overlay: Option<Node<'a>>,
        ty: Type,
        quantities: bool,
    ) {
        let outer = self.pod;
        let mut ty = ty;
        if ty == Type::UNKNOWN
            && [base, overlay]
                .into_iter()
                .flatten()
                .any(looks_like_pod_spec)
        {
            ty = Type::POD_SPEC;
        }
        if ty == Type::POD_SPEC {
            self.pod = Some(self.steps.len());
        }
        let annotations = self.last_field() == Some("annotations");
        let quantities = quantities
            || (matches!(self.last_field(), Some("limits" | "requests"))
                && self.is_under_resources());
        let in_secret = [base, overlay].into_iter().flatten().any(is_secret);
        let index = Index::of(overlay);
        let mut matched = 0;
        for (key, value) in base.into_iter().flat_map(Node::entries) {
            let other = index.get(key.text());
            matched += usize::from(other.is_some());
            if other.is_some_and(|other| value.same_in_order(other)) {
                continue;
            }
            if annotations && is_bookkeeping(key.text()) {
                continue;
            }
            self.entry(key.text(), Some(value), other, in_secret, ty, quantities);
        }
        if overlay.is_some_and(|overlay| matched < overlay.entries().count()) {
            let index = Index::of(base);
            for (key, value) in overlay.into_iter().flat_map(Node::entries) {
                if (annotations && is_bookkeeping(key.text())) || index.get(key.text()).is_some() {
                    continue;
                }
                self.entry(key.text(), None, Some(value), in_secret, ty, quantities);
            }
        }
        self.pod = outer;
    }

    fn entry(
        &mut self,
        key: &'a str,
        base: Option<Node<'a>>,
        overlay: Option<Node<'a>>,
        in_secret: bool,
        ty: Type,
        quantities: bool,
    ) {
        let scalars = [base, overlay].into_iter().flatten().all(Node::is_scalar);
        let mut field = if scalars && !quantities && ty == Type::UNKNOWN {
            Field::UNKNOWN
        } else {
            ty.field(key)
        };
        if quantities {
            field.scalar = Scalar::Quantity;
        }
        let outer = self.secret;
        if in_secret && is_secret_data(key) {
            self.secret = true;
        }
        self.steps.push(Step::Field(key));
        self.values(base, overlay, field);
        self.steps.pop();
        self.secret = outer;
    }

    fn is_under_resources(&self) -> bool {
        let mut fields = self.steps.iter().rev();
        fields.next();
        matches!(fields.next(), Some(Step::Field("resources")))
    }

    fn values(&mut self, base: Option<Node<'a>>, overlay: Option<Node<'a>>, field: Field) {
        let base = base.filter(|node| !node.is_null());
        let overlay = overlay.filter(|node| !node.is_null());
        let quantities = field.scalar == Scalar::QuantityMap;
        if self.is_unknown_secret(base, overlay) {
            return;
        }
        match (base, overlay) {
            (None, None) => {}
            (Some(left), Some(right)) if left.is_map() && right.is_map() => {
                self.maps(base, overlay, field.ty, quantities);
            }
            (Some(left), Some(right)) if left.is_seq() && right.is_seq() => {
                self.lists(left, right, field);
            }
            (Some(left), Some(right)) => {
                if !Self::same(left, right, field.scalar) {
                    self.emit(ChangeKind::Modified, base, overlay);
                }
            }
            (Some(only), None) | (None, Some(only)) => {
                let name = self.last_field().unwrap_or("");
                if only.is_map() && !only.is_childless() && schema::is_transparent(name) {
                    self.maps(base, overlay, field.ty, quantities);
                } else if only.is_seq()
                    && !only.is_childless()
                    && self.pod.is_some()
                    && matches!(name, "env" | "envFrom")
                {
                    self.one_sided_list(only, base.is_some(), field);
                } else {
                    let kind = if base.is_some() {
                        ChangeKind::Removed
                    } else {
                        ChangeKind::Added
                    };
                    self.emit(kind, base, overlay);
                }
            }
        }
    }

    /// A snapshot does not hold the values of Secrets, so that nothing can differ from them.
    fn is_unknown_secret(&self, base: Option<Node<'a>>, overlay: Option<Node<'a>>) -> bool {
        self.secret
            && matches!((base, overlay), (Some(base), Some(overlay)) if base.text() == REDACTED || overlay.text() == REDACTED)
    }

    fn same(base: Node<'a>, overlay: Node<'a>, scalar: Scalar) -> bool {
        if !base.is_scalar() || !overlay.is_scalar() {
            return false;
        }
        if base.same_scalar(overlay) {
            return true;
        }
        scalar == Scalar::Quantity
            && matches!(
                (quantity_text(base), quantity_text(overlay)),
                (Some(left), Some(right)) if same_amount(&left, &right)
            )
    }

    fn one_sided_list(&mut self, list: Node<'a>, is_base: bool, field: Field) {
        let items: Vec<_> = list.items().collect();
        let keys = match field.list {
            List::Keyed { keys, .. } => keyed(&items, keys),
            _ => None,
        };
        for (at, item) in items.into_iter().enumerate() {
            let by = keys
                .as_ref()
                .map_or(By::Index, |keys| By::Keys(keys[at].clone()));
            let (base, overlay) = if is_base {
                (Some((at, item)), None)
            } else {
                (None, Some((at, item)))
            };
            self.element(base, overlay, by, field);
        }
    }

    fn lists(&mut self, base: Node<'a>, overlay: Node<'a>, field: Field) {
        if base.same_in_order(overlay) {
            return;
        }
        if self.secret {
            // Elements are named by their values, and these must not be named.
            if !same_but_for_secrets(base, overlay) {
                self.emit(ChangeKind::Modified, Some(base), Some(overlay));
            }
            return;
        }
        if base.is_childless() || overlay.is_childless() {
            // One is empty and the other is not, or they would be the same.
            let (only, is_base) = if base.is_childless() {
                (overlay, false)
            } else {
                (base, true)
            };
            self.one_sided_list(only, is_base, field);
            return;
        }
        let left: Vec<_> = base.items().collect();
        let right: Vec<_> = overlay.items().collect();
        let (keys, ordered) = match field.list {
            List::Keyed { keys, ordered } => (Some(keys), ordered),
            List::Unknown => (Some(schema::INFERRED_KEYS), true),
            _ => (None, true),
        };
        if let Some(keys) = keys
            && let Some(left_keys) = keyed(&left, keys)
            && let Some(right_keys) = keyed(&right, keys)
        {
            self.keyed_lists(
                (base, &left, left_keys),
                (overlay, &right, right_keys),
                field,
                ordered,
            );
            return;
        }
        let (pairs, set) = match field.list {
            List::Set | List::RouteRules | List::IngressRules => {
                (align_set(&left, &right, field), true)
            }
            _ => (align_ordered(&left, &right, field), false),
        };
        for Pair { base, overlay } in pairs {
            let base = base.map(|at| (at, left[at]));
            let overlay = overlay.map(|at| (at, right[at]));
            let by = name_by_content(base, overlay, field.list, set);
            self.element(base, overlay, by, field);
        }
    }

    fn keyed_lists(
        &mut self,
        (base, left, left_keys): (Node<'a>, &[Node<'a>], Vec<Keys<'a>>),
        (overlay, right, right_keys): (Node<'a>, &[Node<'a>], Vec<Keys<'a>>),
        field: Field,
        ordered: bool,
    ) {
        let places: HashMap<&[(&str, &str)], usize> = right_keys
            .iter()
            .enumerate()
            .map(|(at, keys)| (keys.as_slice(), at))
            .collect();
        let mut taken = vec![false; right.len()];
        let mut order = Vec::new();
        for (at, keys) in left_keys.iter().enumerate() {
            let other = places.get(keys.as_slice()).copied();
            if let Some(other) = other {
                taken[other] = true;
                order.push((at, other));
            }
            let overlay = other.map(|other| (other, right[other]));
            self.element(Some((at, left[at])), overlay, By::Keys(keys.clone()), field);
        }
        for (at, keys) in right_keys.iter().enumerate().filter(|(at, _)| !taken[*at]) {
            self.element(None, Some((at, right[at])), By::Keys(keys.clone()), field);
        }
        if ordered
            && order.windows(2).any(|pair| pair[0].1 > pair[1].1)
            && self.order_acts(left, right, &order)
        {
            self.emit(ChangeKind::Reordered, Some(base), Some(overlay));
        }
    }

    /// Whether Kubernetes does something else because common elements changed places.
    ///
    /// A strategic merge patch moves what it patches to the front of a list, so
    /// order is reported where it acts and nowhere else.
    fn order_acts(&self, left: &[Node<'a>], right: &[Node<'a>], order: &[(usize, usize)]) -> bool {
        match self.last_field() {
            // A variable sees those before it: `$(NAME)` stays as it is when NAME comes later.
            Some("env") if self.pod.is_some() => env_order_acts(left, right, order),
            // The kubelet starts the next container when the postStart hook of the one before has run.
            Some("containers") if self.pod.is_some() => left
                .iter()
                .chain(right)
                .any(|container| container.at(&["lifecycle", "postStart"]).is_some()),
            _ => true,
        }
    }

    fn element(
        &mut self,
        base: Option<(usize, Node<'a>)>,
        overlay: Option<(usize, Node<'a>)>,
        by: By<'a>,
        field: Field,
    ) {
        self.steps.push(Step::Element {
            base: base.map(|(at, _)| at),
            overlay: overlay.map(|(at, _)| at),
            by,
        });
        let (base, overlay) = (base.map(|(_, node)| node), overlay.map(|(_, node)| node));
        match (base, overlay) {
            (Some(left), Some(right)) if left.is_map() && right.is_map() => {
                self.maps(base, overlay, field.ty, false);
            }
            (Some(left), Some(right)) if left.is_seq() && right.is_seq() => {
                self.lists(left, right, Field::UNKNOWN);
            }
            (Some(left), Some(right)) => {
                if !Self::same(left, right, field.scalar) {
                    self.emit(ChangeKind::Modified, base, overlay);
                }
            }
            (Some(_), None) => self.emit(ChangeKind::Removed, base, None),
            (None, _) => self.emit(ChangeKind::Added, None, overlay),
        }
        self.steps.pop();
    }
}

/// Whether two values inside of a Secret are the same, as far as a snapshot can tell.
fn same_but_for_secrets(base: Node<'_>, overlay: Node<'_>) -> bool {
    if base.text() == REDACTED || overlay.text() == REDACTED {
        return true;
    }
    let is_there = |node: Option<&Node<'_>>| node.is_some_and(|node| !node.is_null());
    if base.is_map() && overlay.is_map() {
        let same = |key: &str| match (base.get(key), overlay.get(key)) {
            (Some(left), Some(right)) => same_but_for_secrets(left, right),
            (left, right) => !is_there(left.as_ref()) && !is_there(right.as_ref()),
        };
        return [base, overlay]
            .into_iter()
            .flat_map(Node::entries)
            .all(|(key, _)| same(key.text()));
    }
    if base.is_seq() && overlay.is_seq() {
        return base.items().count() == overlay.items().count()
            && base
                .items()
                .zip(overlay.items())
                .all(|(left, right)| same_but_for_secrets(left, right));
    }
    base.is_scalar() && overlay.is_scalar() && base.same_scalar(overlay)
}

/// Looks up keys of a map, by an index where the map is large.
enum Index<'a> {
    Scan(Option<Node<'a>>),
    Map(HashMap<&'a str, Node<'a>>),
}

impl<'a> Index<'a> {
    fn of(map: Option<Node<'a>>) -> Self {
        match map {
            Some(map) if map.size() > INDEX_FROM && map.entries().count() > INDEX_FROM / 4 => {
                Self::Map(
                    map.entries()
                        .map(|(key, value)| (key.text(), value))
                        .collect(),
                )
            }
            map => Self::Scan(map),
        }
    }

    fn get(&self, key: &str) -> Option<Node<'a>> {
        match self {
            Self::Scan(map) => map.and_then(|map| map.get(key)),
            Self::Map(map) => map.get(key).copied(),
        }
    }
}

type Keys<'a> = Vec<(&'static str, &'a str)>;

/// The values of every element at the merge keys; nothing where one lacks them or two share them.
fn keyed<'a>(items: &[Node<'a>], keys: &'static [KeyField]) -> Option<Vec<Keys<'a>>> {
    let mut seen = std::collections::HashSet::new();
    let mut all = Vec::with_capacity(items.len());
    for item in items {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            let node = item
                .is_map()
                .then(|| key.name.split('.').try_fold(*item, Node::get))?;
            let value = match node {
                Some(node) if node.is_scalar() && !node.is_null() => key_text(node)?,
                _ => key.default?,
            };
            values.push((key.name, value));
        }
        if !seen.insert(values.clone()) {
            return None;
        }
        all.push(values);
    }
    Some(all)
}

/// The text of a key, the same for every way to write it; nothing where it is written oddly.
fn key_text(node: Node<'_>) -> Option<&str> {
    let text = node.text();
    match node.kind() {
        Kind::Str => Some(text),
        Kind::Bool if text.eq_ignore_ascii_case("true") => Some("true"),
        Kind::Bool => Some("false"),
        Kind::Int => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            (is_plain && (!digits.starts_with('0') || text == "0")).then_some(text)
        }
        _ => None,
    }
}

fn name_by_content<'a>(
    base: Option<(usize, Node<'a>)>,
    overlay: Option<(usize, Node<'a>)>,
    list: List,
    set: bool,
) -> By<'a> {
    let node = |side: Option<(usize, Node<'a>)>| side.map(|(_, node)| node);
    let (base, overlay) = (node(base), node(overlay));
    if !set {
        return By::Index;
    }
    match (base, overlay) {
        // The text of any other scalar depends on how somebody wrote it.
        (Some(only), None) | (None, Some(only)) if only.kind() == Kind::Str => {
            By::Value(only.text())
        }
        (Some(left), Some(right)) if list == List::IngressRules => {
            match (left.str_at(&["host"]), right.str_at(&["host"])) {
                (Some(host), Some(same)) if host == same => By::Keys(vec![("host", host)]),
                _ => By::Index,
            }
        }
        _ => By::Index,
    }
}

/// A pod specification that no schema knows of: a map with containers that have a name and an image.
fn looks_like_pod_spec(map: Node<'_>) -> bool {
    map.get("containers").is_some_and(|containers| {
        containers.is_seq()
            && !containers.is_childless()
            && containers
                .items()
                .all(|item| item.get("name").is_some() && item.get("image").is_some())
    })
}

/// Whether a change of order changes what some `$(NAME)` in a value stands for.
fn env_order_acts(left: &[Node<'_>], right: &[Node<'_>], order: &[(usize, usize)]) -> bool {
    let places: HashMap<&str, (usize, usize)> = order
        .iter()
        .filter_map(|&(base, overlay)| Some((left[base].get("name")?.text(), (base, overlay))))
        .collect();
    order.iter().any(|&(base, overlay)| {
        [left[base], right[overlay]]
            .into_iter()
            .filter_map(|item| item.get("value"))
            .flat_map(|value| references(value.text()))
            .filter_map(|name| places.get(name))
            .any(|&(named_base, named_overlay)| (named_base < base) != (named_overlay < overlay))
    })
}

/// The names in `$(NAME)`.
fn references(value: &str) -> impl Iterator<Item = &str> {
    value
        .split("$(")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(name, _)| name)
}

/// The quantity that a scalar stands for, whether it is written as a number or as a string.
///
/// Amounts beyond all counting are the largest one that can be counted.
#[must_use]
pub fn quantity(node: Node<'_>) -> Option<Quantity> {
    Quantity::parse_saturating(&quantity_text(node)?).ok()
}

/// The text of a scalar that may be a quantity; a number as JSON writes it, since `0644` is 420.
fn quantity_text(node: Node<'_>) -> Option<Cow<'_, str>> {
    match node.kind() {
        Kind::Str => Some(Cow::Borrowed(node.text())),
        Kind::Int
            if !node.text().contains(['_', 'x', 'o', 'b', '+'])
                && !node.text().trim_start_matches('-').starts_with('0') =>
        {
            Some(Cow::Borrowed(node.text()))
        }
        Kind::Int | Kind::Float => Some(Cow::Owned(node.to_json().to_string())),
        _ => None,
    }
}
