//! Compares two resources field by field.

use std::collections::HashMap;

use super::align::{Pair, align_ordered, align_set};
use super::arguments;
use super::change::{By, Change, ChangeKind, Keys, Step};
use super::keys::{Marks, keyed, name_by_content};
use super::renamed::renamed;
use super::scalar::same_scalar;
use super::{pod, secret};
use crate::path::argument::is_of_arguments;
use crate::resource::{Resource, Secrecy, is_bookkeeping, secrecy};
use crate::schema::{self, Field, List, Scalar, Type};
use crate::yaml::Node;

/// Every difference between two resources.
#[must_use]
pub fn diff<'a>(base: &Resource<'a>, overlay: &Resource<'a>) -> Vec<Change<'a>> {
    let ty = Type::of(overlay.group(), overlay.version(), overlay.kind());
    let mut walk = Walk::default();
    if ty == Type::POD_SPEC {
        walk.pod = Some(0);
    }
    walk.maps(Some(base.node), Some(overlay.node), ty, false);
    walk.changes
}

/// Every difference between two maps without a schema.
#[must_use]
pub fn diff_maps<'a>(base: Node<'a>, overlay: Node<'a>) -> Vec<Change<'a>> {
    let mut walk = Walk::default();
    walk.maps(Some(base), Some(overlay), Type::UNKNOWN, false);
    walk.changes
}

#[derive(Default)]
pub(super) struct Walk<'a> {
    pub(super) steps: Vec<Step<'a>>,
    pub(super) changes: Vec<Change<'a>>,
    pub(super) pod: Option<usize>,
    pub(super) secret: bool,
}

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

    /// Compares the entries of two maps, or lists those of the only one.
    pub(super) fn maps(
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
                .any(pod::looks_like_one)
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
        let sides = [base, overlay].into_iter().flatten();
        let secrecy = sides.map(secrecy).max().unwrap_or_default();
        let one_set = secrecy == Secrecy::All && secret::has_two_fields(base, overlay);
        if one_set {
            self.keys_of_secret(base, overlay);
        }
        let index = Index::of(overlay);
        let mut matched = 0;
        for (key, value) in base.into_iter().flat_map(Node::entries) {
            let other = index.get(key.text());
            matched += usize::from(other.is_some());
            if other.is_some_and(|other| value.same_in_order(other)) {
                continue;
            }
            if (annotations && is_bookkeeping(key.text()))
                || (one_set && secret::is_field(key.text()))
            {
                continue;
            }
            self.entry(key.text(), Some(value), other, secrecy, ty, quantities);
        }
        if overlay.is_some_and(|overlay| matched < overlay.entries().count()) {
            let index = Index::of(base);
            for (key, value) in overlay.into_iter().flat_map(Node::entries) {
                if (annotations && is_bookkeeping(key.text()))
                    || (one_set && secret::is_field(key.text()))
                    || index.get(key.text()).is_some()
                {
                    continue;
                }
                self.entry(key.text(), None, Some(value), secrecy, ty, quantities);
            }
        }
        self.pod = outer;
    }

    /// Compares the keys of a Secret; each side may have some under `data` and some under `stringData`.
    fn keys_of_secret(&mut self, base: Option<Node<'a>>, overlay: Option<Node<'a>>) {
        let outer = std::mem::replace(&mut self.secret, true);
        let (left, right) = (secret::keys(base), secret::keys(overlay));
        let mut keys: Vec<&'a str> = left.keys().chain(right.keys()).copied().collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let (one, other) = (left.get(key).copied(), right.get(key).copied());
            if let (Some(one), Some(other)) = (one, other)
                && secret::same_value(one, other)
            {
                continue;
            }
            // A key that is under both is under `data` in the cluster.
            let field = match (one, other) {
                (Some((field, _)), Some((same, _))) if field == same => field,
                (Some((field, _)), None) | (None, Some((field, _))) => field,
                _ => "data",
            };
            self.steps.extend([Step::Field(field), Step::Field(key)]);
            self.values(
                one.map(|(_, value)| value),
                other.map(|(_, value)| value),
                Field::UNKNOWN,
            );
            self.steps.truncate(self.steps.len() - 2);
        }
        for field in secret::FIELDS {
            let [one, other] = [base, overlay].map(|side| {
                let value = side.and_then(|side| side.get(field));
                value.filter(|value| !value.is_null())
            });
            // An empty map has no keys, but still differs from an absent one.
            if let (Some(only), None) | (None, Some(only)) = (one, other)
                && only.is_childless()
            {
                self.steps.push(Step::Field(field));
                self.values(one, other, Field::UNKNOWN);
                self.steps.pop();
            }
        }
        self.secret = outer;
    }

    fn entry(
        &mut self,
        key: &'a str,
        base: Option<Node<'a>>,
        overlay: Option<Node<'a>>,
        secrecy: Secrecy,
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
        if secrecy.hides(key) {
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
        if self.secret && secret::is_unknown(base, overlay) {
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
                if !same_scalar(left, right, field.scalar) {
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
            // Elements are named by their values, which must not be shown.
            if !secret::same(base, overlay) {
                self.emit(ChangeKind::Modified, Some(base), Some(overlay));
            }
            return;
        }
        let name = self.last_field().unwrap_or("");
        if is_of_arguments(name)
            && matches!(field.list, List::Ordered | List::Unknown)
            && base.items().chain(overlay.items()).all(Node::is_scalar)
        {
            self.arguments(base, overlay, field);
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
        let marks = Marks::of(field.list, [&left, &right]);
        for Pair { base, overlay } in pairs {
            let base = base.map(|at| (at, left[at]));
            let overlay = overlay.map(|at| (at, right[at]));
            let [one, other] = [base, overlay].map(|side| side.map(|(_, node)| node));
            let by = name_by_content(one, other, marks.as_ref(), set);
            self.element(base, overlay, by, field);
        }
    }

    /// Compares two lists of arguments, in which flags are identified by their names.
    fn arguments(&mut self, base: Node<'a>, overlay: Node<'a>, field: Field) {
        let [left, right] = [base, overlay].map(|side| side.items().collect::<Vec<_>>());
        let aligned = arguments::align(&left, &right, field);
        for (pair, by) in aligned.pairs {
            let base = pair.base.map(|at| (at, left[at]));
            let overlay = pair.overlay.map(|at| (at, right[at]));
            self.element(base, overlay, by, field);
        }
        if aligned.is_moved {
            // An author who allows the list to differ as a whole has not seen this.
            self.steps.push(Step::Element {
                base: None,
                overlay: None,
                by: By::Order,
            });
            self.emit(ChangeKind::Reordered, Some(base), Some(overlay));
            self.steps.pop();
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
        let others = left_keys.iter();
        let others = others.map(|keys| places.get(keys.as_slice()).copied());
        let mut others: Vec<Option<usize>> = others.collect();
        let mut taken = vec![false; right.len()];
        for other in others.iter().flatten() {
            taken[*other] = true;
        }
        if self.is_list_of_containers() {
            let free = |taken: &[bool]| (0..taken.len()).filter(|at| !taken[*at]).collect();
            let is_paired: Vec<bool> = others.iter().map(Option::is_some).collect();
            let left_over: (Vec<usize>, Vec<usize>) = (free(&is_paired), free(&taken));
            for (at, other) in renamed((left, &left_over.0), (right, &left_over.1)) {
                others[at] = Some(other);
                taken[other] = true;
            }
        }
        let mut order = Vec::new();
        for (at, keys) in left_keys.into_iter().enumerate() {
            let other = others[at];
            let by = match other.map(|other| &right_keys[other]) {
                Some(now) if *now != keys => By::Renamed {
                    was: keys,
                    now: now.clone(),
                },
                _ => By::Keys(keys),
            };
            order.extend(other.map(|other| (at, other)));
            let overlay = other.map(|other| (other, right[other]));
            self.element(Some((at, left[at])), overlay, by, field);
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

    /// Whether the list at the end of the steps is one of a pod's containers.
    fn is_list_of_containers(&self) -> bool {
        let is_of_pod = self.pod.is_some_and(|pod| pod + 1 == self.steps.len());
        is_of_pod && matches!(self.last_field(), Some("containers" | "initContainers"))
    }

    /// Whether Kubernetes acts differently because common elements changed places.
    ///
    /// A strategic merge patch moves the elements that it patches to the front of a list,
    /// so order is reported only where it matters.
    fn order_acts(&self, left: &[Node<'a>], right: &[Node<'a>], order: &[(usize, usize)]) -> bool {
        match self.last_field() {
            // A variable sees those before it: `$(NAME)` stays as it is if NAME comes later.
            Some("env") if self.pod.is_some() => pod::env_order_acts(left, right, order),
            // The kubelet starts the next container when the postStart hook of the previous one has run.
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
                if !same_scalar(left, right, field.scalar) {
                    self.emit(ChangeKind::Modified, base, overlay);
                }
            }
            (Some(_), None) => self.emit(ChangeKind::Removed, base, None),
            (None, _) => self.emit(ChangeKind::Added, None, overlay),
        }
        self.steps.pop();
    }
}

/// Maps with more nodes than this are looked up through an index.
const INDEX_FROM: usize = 64;

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
