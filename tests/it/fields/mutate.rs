//! Every field of a kind, with every possible change.
//!
//! A field is tested in the smallest object that can contain it: the plain values beside it are
//! present, and every list on the way has an element before that of the field. The expected result
//! depends on the place and the kind of change. The keys of list elements come from the table of
//! types, which tests/it/schema.rs compares with Kubernetes; nothing else comes from the program.

use krm_parity::schema::{Field, INFERRED_KEYS, KeyField, List, Type};
use serde_json::{Map, Value, json};

use super::kinds::Kind;
use super::table::{Change, Classes, Place, Seg};

/// An object, another one, and the changes between them.
pub struct Mutation {
    /// A description of the change.
    pub what: String,
    pub base: Value,
    pub overlay: Value,
    pub expected: Vec<(Place, Change)>,
}

/// How often a recursive type is followed.
const MOST_REPEATS: usize = 2;

/// The depth of a value that is only added or removed.
const DEPTH: usize = 3;

pub struct Walk<'t> {
    classes: &'t Classes<'t>,
    kind: &'t Kind,
    name: String,
    pub mutations: Vec<Mutation>,
    /// The number of tested fields.
    pub fields: usize,
}

/// The position of the walk.
#[derive(Clone)]
struct Here<'t> {
    place: Place,
    /// The object up to this place.
    root: Value,
    field: Field,
    /// The place of the nearest element of a keyed list, and its keys.
    element: Option<(usize, &'static [KeyField])>,
    types: Vec<&'t str>,
    /// Whether this is a field of a pod that is recognized only by its containers.
    by_looks: bool,
}

/// The relevant content of a schema.
enum Shape<'t> {
    Quantity,
    Scalar(&'t str),
    Any,
    Map(&'t Value),
    Object(&'t Map<String, Value>),
    List(&'t Value),
    OneOf(&'t [Value]),
}

/// All mutations of all fields of a kind.
#[must_use]
pub fn walk<'t>(kind: &'t Kind, classes: &'t Classes<'t>) -> Walk<'t> {
    let mut walk = Walk {
        classes,
        kind,
        name: kind.name(),
        mutations: Vec::new(),
        fields: 0,
    };
    let Shape::Object(properties) = walk.shape(&kind.schema).1 else {
        panic!("{} is no object", kind.kind)
    };
    let mut root =
        json!({"apiVersion": kind.api_version(), "kind": kind.kind, "metadata": {"name": "it"}});
    for (name, schema) in properties {
        if root.get(name).is_none()
            && let Some(value) = walk.plain(schema, 1)
        {
            root[name] = value;
        }
    }
    let here = Here {
        place: Place(Vec::new()),
        root,
        field: Field {
            ty: Type::of(&kind.group, &kind.version, &kind.kind),
            ..Field::UNKNOWN
        },
        element: None,
        types: Vec::new(),
        by_looks: false,
    };
    walk.entries(properties, &here);
    walk
}

/// A value for a type of plain field; each variant differs.
fn scalar(ty: &str, variant: usize) -> Value {
    match ty {
        "boolean" => json!(variant != 2),
        "integer" => json!(100 + variant),
        "number" => json!(0.5 + f64::from(u32::try_from(variant).expect("few"))),
        _ => json!(format!("value-{variant}")),
    }
}

/// The change of a scalar that is added or removed.
const fn alone(change: Change) -> Change {
    match change {
        Change::Added => Change::AddedAlone,
        Change::Removed => Change::RemovedAlone,
        other => other,
    }
}

fn quantity(variant: usize) -> Value {
    json!(format!("{}m", 1000 * (variant + 1)))
}

fn at<'v>(root: &'v mut Value, place: &Place) -> &'v mut Value {
    place.0.iter().fold(root, |value, seg| match seg {
        Seg::Field(name) => &mut value[name.as_str()],
        Seg::Index(index) => &mut value[*index],
    })
}

impl Here<'_> {
    fn with(&self, value: Value) -> Value {
        let mut root = self.root.clone();
        *at(&mut root, &self.place) = value;
        root
    }

    fn without(&self) -> Value {
        let mut root = self.root.clone();
        let mut parent = self.place.clone();
        if let Some(Seg::Field(name)) = parent.0.pop() {
            at(&mut root, &parent)
                .as_object_mut()
                .expect("a map")
                .remove(&name);
        }
        root
    }

    fn last(&self) -> &str {
        match self.place.0.last() {
            Some(Seg::Field(name)) => name,
            _ => "",
        }
    }

    /// The element that has this field as a key.
    fn keyed(&self) -> Option<(Place, &'static KeyField)> {
        let (at, keys) = self.element?;
        let below: Vec<&str> = self.place.0[at + 1..]
            .iter()
            .map(|seg| match seg {
                Seg::Field(name) => name.as_str(),
                Seg::Index(_) => "",
            })
            .collect();
        let key = keys.iter().find(|key| key.name == below.join("."))?;
        Some((Place(self.place.0[..=at].to_vec()), key))
    }
}

impl<'t> Walk<'t> {
    fn resolve(&self, schema: &'t Value) -> (Option<&'t str>, &'t Value) {
        match schema.get("$ref").and_then(Value::as_str) {
            Some(name) => {
                let name = name.strip_prefix("#/$defs/").expect("a definition");
                (Some(name), &self.kind.schema["$defs"][name])
            }
            None => match schema.get("allOf").and_then(Value::as_array) {
                Some(all) => self.resolve(&all[0]),
                None => (None, schema),
            },
        }
    }

    fn shape(&self, schema: &'t Value) -> (Option<&'t str>, Shape<'t>) {
        let (name, schema) = self.resolve(schema);
        if name.is_some_and(|name| name.ends_with("api.resource.Quantity")) {
            return (name, Shape::Quantity);
        }
        let shape = if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
            Shape::Object(properties)
        } else if let Some(values) = schema.get("additionalProperties") {
            Shape::Map(values)
        } else if let Some(items) = schema.get("items") {
            Shape::List(items)
        } else if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
            Shape::OneOf(choices)
        } else {
            match schema.get("type").and_then(Value::as_str) {
                Some(ty @ ("boolean" | "integer" | "number" | "string")) => Shape::Scalar(ty),
                _ if schema.get("x-kubernetes-int-or-string").is_some() => Shape::Scalar("integer"),
                _ => Shape::Any,
            }
        };
        (name, shape)
    }

    /// A value with nothing below it, if the schema has one.
    fn plain(&self, schema: &'t Value, variant: usize) -> Option<Value> {
        match self.shape(schema).1 {
            Shape::Quantity => Some(quantity(variant)),
            Shape::Scalar(ty) => Some(scalar(ty, variant)),
            _ => None,
        }
    }

    /// A value with all its plain parts, or if it has none, with the first part.
    fn value(&self, schema: &'t Value, variant: usize, depth: usize) -> Value {
        match self.shape(schema).1 {
            Shape::Quantity => quantity(variant),
            Shape::Scalar(ty) => scalar(ty, variant),
            Shape::Any => scalar("string", variant),
            Shape::Map(values) if depth > 0 => {
                json!({"k1": self.value(values, variant, depth - 1)})
            }
            Shape::List(items) if depth > 0 => json!([self.value(items, variant, depth - 1)]),
            Shape::OneOf(choices) => self.value(&choices[0], variant, depth),
            Shape::Object(properties) => {
                let mut map = Map::new();
                for (name, schema) in properties {
                    if let Some(value) = self.plain(schema, variant) {
                        map.insert(name.clone(), value);
                    }
                }
                if map.is_empty()
                    && depth > 0
                    && let Some((name, schema)) = properties.iter().next()
                {
                    map.insert(name.clone(), self.value(schema, variant, depth - 1));
                }
                Value::Object(map)
            }
            Shape::Map(_) => json!({}),
            Shape::List(_) => json!([]),
        }
    }

    /// An element of a list, with keys that differ from those of other variants.
    fn element(&self, items: &'t Value, keys: &[KeyField], variant: usize) -> Value {
        let mut value = self.value(items, variant, DEPTH);
        for key in keys.iter().filter(|key| key.name.contains('.')) {
            let (parent, name) = key.name.split_once('.').expect("a dot");
            value[parent] = json!({name: scalar("string", variant)});
        }
        // Equal elements get a field that no schema has, to make them distinct.
        if value.is_object() && value == self.value(items, variant + 3, DEPTH) {
            value["note"] = scalar("string", variant);
        }
        value
    }

    fn is_in_pod(&self, place: &Place) -> bool {
        self.classes.in_pod(&place.0).is_some()
    }

    /// The findings for a value that only one side has.
    fn one_sided(&self, place: &Place, value: &Value, change: Change) -> Vec<(Place, Change)> {
        let Some(Seg::Field(name)) = place.0.last() else {
            return vec![(place.clone(), change)];
        };
        match value {
            Value::Object(entries) if !entries.is_empty() && self.classes.is_transparent(name) => {
                entries
                    .iter()
                    .flat_map(|(key, value)| self.one_sided(&place.field(key), value, change))
                    .collect()
            }
            Value::Array(items)
                if !items.is_empty()
                    && self.is_in_pod(place)
                    && matches!(name.as_str(), "env" | "envFrom") =>
            {
                (0..items.len())
                    .map(|at| (place.index(at), change))
                    .collect()
            }
            Value::Object(_) | Value::Array(_) => vec![(place.clone(), change)],
            _ => vec![(place.clone(), alone(change))],
        }
    }

    fn push(
        &mut self,
        here: &Here,
        what: &str,
        base: Value,
        overlay: Value,
        expected: Vec<(Place, Change)>,
    ) {
        self.mutations.push(Mutation {
            what: format!("{} {} {what}", self.name, here.place),
            base,
            overlay,
            expected,
        });
    }

    /// A value on one side only, in both directions.
    fn come_and_go(&mut self, here: &Here, what: &str, value: &Value) {
        let (with, without) = (here.with(value.clone()), here.without());
        for (change, base, overlay) in [
            (Change::Added, &without, &with),
            (Change::Removed, &with, &without),
        ] {
            let expected = match here.keyed() {
                Some((element, key)) if key.default.is_some() => {
                    vec![(element.clone(), Change::Removed), (element, Change::Added)]
                }
                _ => self.one_sided(&here.place, value, change),
            };
            self.push(
                here,
                &format!("{what} {change:?}"),
                base.clone(),
                overlay.clone(),
                expected,
            );
        }
    }

    fn become_other(&mut self, here: &Here, base: &Value, overlay: &Value, change: Change) {
        let is_amount = |value: &Value| {
            value.is_number() || value.as_str().is_some_and(|text| text.ends_with("00m"))
        };
        let change = match change {
            Change::Changed if is_amount(base) && is_amount(overlay) => Change::Reweighed,
            other => other,
        };
        let expected = match here.keyed() {
            Some((element, _)) if !self.has_image(here, &element) => {
                vec![(element.clone(), Change::Removed), (element, Change::Added)]
            }
            // A container with an image is also identified by that.
            _ => vec![(here.place.clone(), change)],
        };
        let what = format!("{base} becomes {overlay}");
        self.push(
            here,
            &what,
            here.with(base.clone()),
            here.with(overlay.clone()),
            expected,
        );
    }

    /// Whether an element is a container with an image.
    fn has_image(&self, here: &Here, element: &Place) -> bool {
        let of_pod = self.classes.in_pod(&element.0);
        let is_container = matches!(
            of_pod,
            Some([Seg::Field(list), Seg::Index(_)]) if matches!(list.as_str(), "containers" | "initContainers")
        );
        let image = at(&mut here.root.clone(), element).get("image").cloned();
        is_container
            && image.is_some_and(|image| image.as_str().is_some_and(|image| !image.is_empty()))
    }

    /// The fields of an existing map.
    fn entries(&mut self, properties: &'t Map<String, Value>, here: &Here<'t>) {
        let is_pod = self
            .classes
            .in_pod(&here.place.0)
            .is_some_and(<[Seg]>::is_empty);
        let ty = if is_pod {
            Type::POD_SPEC
        } else {
            here.field.ty
        };
        let root = here.place.0.is_empty();
        let is_metadata = here.place.0 == [Seg::Field("metadata".to_owned())];
        for (name, schema) in properties {
            // The identity of a resource has separate tests.
            if (root && matches!(name.as_str(), "apiVersion" | "kind"))
                || (is_metadata && matches!(name.as_str(), "name" | "namespace"))
            {
                continue;
            }
            let there = Here {
                place: here.place.field(name),
                field: ty.field(name),
                by_looks: is_pod && here.field.ty == Type::UNKNOWN,
                ..here.clone()
            };
            self.field(schema, &there);
        }
        let unknown = Here {
            place: here.place.field("noSuchField"),
            field: Field::UNKNOWN,
            ..here.clone()
        };
        if self.name != "Secret" || !root {
            self.become_other(&unknown, &json!("a"), &json!("b"), Change::Changed);
        }
        self.come_and_go(&unknown, "", &json!("a"));
    }

    fn field(&mut self, schema: &'t Value, here: &Here<'t>) {
        let (ty, shape) = self.shape(schema);
        let mut here = here.clone();
        if let Some(ty) = ty {
            if here.types.iter().filter(|seen| **seen == ty).count() >= MOST_REPEATS {
                return;
            }
            here.types.push(ty);
        }
        self.fields += 1;
        match shape {
            Shape::Quantity => {
                self.scalar(&here, &quantity(1), &quantity(2));
                self.spelt(&here);
            }
            Shape::Scalar(ty) => {
                self.scalar(&here, &scalar(ty, 1), &scalar(ty, 2));
                if here.last() == "image" {
                    self.retagged(&here);
                }
            }
            Shape::Any => {
                self.scalar(&here, &json!("value-1"), &json!("value-2"));
                self.become_other(&here, &json!("value-1"), &json!({"a": 1}), Change::Changed);
            }
            Shape::OneOf(choices) => {
                for choice in choices {
                    self.field(choice, &here);
                }
            }
            Shape::Object(properties) => {
                let value = self.value(schema, 1, DEPTH);
                if here.place.0 != [Seg::Field("metadata".to_owned())] {
                    self.come_and_go(&here, "", &value);
                    self.come_and_go(&here, "as {}", &json!({}));
                    here.root = here.with(plain_part(&value));
                }
                self.entries(properties, &here);
            }
            Shape::Map(values) => self.map(values, &here),
            Shape::List(items) => self.list(items, &here),
        }
    }

    fn scalar(&mut self, here: &Here, one: &Value, other: &Value) {
        self.become_other(here, one, other, Change::Changed);
        self.come_and_go(here, "", one);
        if here.keyed().is_none() {
            self.push(
                here,
                "null",
                here.with(one.clone()),
                here.with(Value::Null),
                vec![(here.place.clone(), Change::RemovedAlone)],
            );
            self.push(
                here,
                "null is absent",
                here.without(),
                here.with(Value::Null),
                Vec::new(),
            );
        }
    }

    /// Two spellings of one amount are not a change.
    fn spelt(&mut self, here: &Here) {
        for other in [json!("2"), json!(2), json!("0.002k")] {
            self.push(
                here,
                &format!("2000m is spelt {other}"),
                here.with(json!("2000m")),
                here.with(other),
                Vec::new(),
            );
        }
    }

    fn retagged(&mut self, here: &Here) {
        let (one, two) = (json!("registry:5000/a/b:1"), json!("registry:5000/a/b:2"));
        self.become_other(here, &one, &two, Change::Retagged);
        let other = json!("registry:5001/a/b:1");
        self.become_other(here, &one, &other, Change::Changed);
    }

    fn map(&mut self, values: &'t Value, here: &Here<'t>) {
        let is_quantity = matches!(self.shape(values).1, Shape::Quantity);
        let plain = is_quantity || matches!(self.shape(values).1, Shape::Scalar(_));
        let one = self.value(values, 1, DEPTH);
        let whole = json!({"k1": one, "k2": one});
        self.come_and_go(here, "", &whole);
        self.come_and_go(here, "as {}", &json!({}));
        let keys: &[&str] = match here.last() {
            "labels" | "annotations" => SPECIAL_KEYS,
            _ => &["k1", "example.com/a.b"],
        };
        for key in keys {
            let entry = Here {
                place: here.place.field(key),
                root: here.with(json!({"k0": one})),
                field: here.field.ty.field(key),
                ..here.clone()
            };
            if plain {
                let other = self.value(values, 2, DEPTH);
                self.become_other(&entry, &one, &other, Change::Changed);
                self.come_and_go(&entry, "", &one);
                if is_quantity {
                    self.spelt(&entry);
                }
            } else {
                self.field(values, &entry);
            }
        }
    }

    fn list(&mut self, items: &'t Value, here: &Here<'t>) {
        let shape = self.shape(items).1;
        let plain = matches!(shape, Shape::Quantity | Shape::Scalar(_) | Shape::Any);
        let named = matches!(&shape, Shape::Object(fields) if fields.get("name").is_some_and(|name| self.plain(name, 0).is_some()));
        let keys = match here.field.list {
            List::Keyed { keys, .. } => Some(keys),
            List::Unknown if named => Some(INFERRED_KEYS),
            _ => None,
        };
        let element = |variant| self.element(items, keys.unwrap_or(&[]), variant);
        let all = [element(0), element(1), element(2)];
        let is_set = matches!(
            here.field.list,
            List::Set | List::RouteRules | List::IngressRules
        );
        // A list of booleans has only two values.
        let distinct = all[0] != all[1] && all[1] != all[2] && all[0] != all[2];
        self.come_and_go(here, "", &json!(all[..2]));
        if !here.by_looks {
            self.come_and_go(here, "as []", &json!([]));
        }
        let of = |elements: &[usize]| {
            let list: Vec<_> = elements.iter().map(|at| all[*at].clone()).collect();
            here.with(Value::Array(list))
        };
        let on = |at: usize, change| (here.place.index(at), change);
        if distinct {
            let (added, removed) = (Change::Added, Change::Removed);
            let gone = vec![on(0, Change::Emptied), on(1, Change::Emptied)];
            self.push(here, "emptied", of(&[0, 1]), of(&[]), gone);
            let come = vec![on(0, added), on(1, added)];
            self.push(here, "filled", of(&[]), of(&[0, 1]), come);
            for (more, fewer, at) in [
                ([0, 1, 2], [0, 1], 2),
                ([0, 1, 2], [0, 2], 1),
                ([0, 1, 2], [1, 2], 0),
            ] {
                self.push(
                    here,
                    &format!("[{at}] added"),
                    of(&fewer),
                    of(&more),
                    vec![on(at, added)],
                );
                self.push(
                    here,
                    &format!("[{at}] removed"),
                    of(&more),
                    of(&fewer),
                    vec![on(at, removed)],
                );
            }
            // A moved element is reported as one order, or as one removed and added element.
            let pod_list =
                self.is_in_pod(&here.place) && matches!(here.last(), "env" | "containers");
            let moved = match here.field.list {
                _ if is_set || pod_list => Vec::new(),
                List::Keyed { ordered: false, .. } => Vec::new(),
                _ if keys.is_some() => vec![(here.place.clone(), Change::Reordered)],
                _ => vec![on(0, removed), on(1, added)],
            };
            self.push(here, "reordered", of(&[0, 1]), of(&[1, 0]), moved);
            if plain {
                let expected = if is_set {
                    vec![on(1, removed), on(1, added)]
                } else {
                    vec![on(1, Change::Changed)]
                };
                self.push(here, "[1] changed", of(&[0, 1]), of(&[0, 2]), expected);
            }
        }
        if plain {
            return;
        }
        let mut inner = Here {
            place: here.place.index(1),
            root: here.with(json!([all[0], all[1]])),
            field: Field {
                list: List::Unknown,
                ..here.field
            },
            element: keys.map(|keys| (here.place.0.len(), keys)),
            ..here.clone()
        };
        match shape {
            Shape::Object(properties) => {
                if let Some(ty) = self.shape(items).0 {
                    if inner.types.iter().filter(|seen| **seen == ty).count() >= MOST_REPEATS {
                        return;
                    }
                    inner.types.push(ty);
                }
                self.entries(properties, &inner);
            }
            _ => panic!("{} {}: a list of lists or maps", self.name, here.place),
        }
    }
}

/// An object without its deeper parts.
fn plain_part(value: &Value) -> Value {
    let entries = value.as_object().into_iter().flatten();
    entries
        .filter(|(_, value)| !value.is_object() && !value.is_array())
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

/// Labels and annotations with a meaning, and similar ones without.
const SPECIAL_KEYS: &[&str] = &[
    "k1",
    "example.com/a.b",
    "app.kubernetes.io/name",
    "istio-injection",
    "sidecar.istio.io/inject",
    "istio.io/rev",
    "linkerd.io/inject",
    "config.linkerd.io/proxy-cpu-request",
    "consul.hashicorp.com/connect-inject",
    "kuma.io/sidecar-injection",
    "policy.cilium.io/proxy-visibility",
    "specs.smi-spec.io/x",
    "notistio.io/inject",
    "istio.io.example.com/inject",
    "external-dns.alpha.kubernetes.io/hostname",
    "external-dns.alpha.kubernetes.io/ttl",
    "service.beta.kubernetes.io/aws-load-balancer-healthcheck-path",
    "service.beta.kubernetes.io/azure-load-balancer-health-probe-request-path",
    "load-balancer.hetzner.cloud/health-check-interval",
    "alb.ingress.kubernetes.io/success-codes",
    "kubernetes.io/ingress.class",
    "kubectl.kubernetes.io/last-applied-configuration",
    "kubectl.kubernetes.io/restartedAt",
    "config.kubernetes.io/depends-on",
    "prometheus.io/scrape",
];
