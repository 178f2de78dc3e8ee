//! Random edits of a base, each in the form of an overlay, with the expected findings.

use serde_json::{Value, json};

use crate::edits::{Dice, text, thousandths};
use crate::fields::table::{Change, Place, Seg, Table};
use krm_parity::text::without_hash;

/// The form of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// An entry of `images`.
    Images,
    /// An entry of `replicas`.
    Replicas,
    /// An entry of `configMapGenerator` that is merged with the base's.
    Generator,
    /// A JSON6902 patch.
    Json,
    /// A strategic merge patch.
    Merge,
}

impl Form {
    pub const ALL: [Self; 5] = [
        Self::Images,
        Self::Replicas,
        Self::Generator,
        Self::Json,
        Self::Merge,
    ];

    /// The list of a kustomization that contains such edits.
    pub fn field(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Replicas => "replicas",
            Self::Generator => "configMapGenerator",
            Self::Json | Self::Merge => "patches",
        }
    }
}

/// A place in a resource of the base.
#[derive(Clone, Debug)]
pub struct Spot {
    pub kind: String,
    /// The name without a generator's hash.
    pub name: String,
    pub place: Place,
}

/// One edit.
#[derive(Debug)]
pub struct Edit {
    pub form: Form,
    /// Its entry in the kustomization.
    pub entry: Value,
    /// The places that it changes, which no other edit may change.
    pub spots: Vec<Spot>,
    /// The expected findings: class, kind, name and path.
    pub expected: Vec<[String; 4]>,
}

/// A resource of the base.
struct Target<'b> {
    resource: &'b Value,
    /// `Kind.group`, as in docs/fields.md.
    kind: String,
}

impl<'b> Target<'b> {
    fn new(resource: &'b Value) -> Self {
        let kind = match text(resource, "/apiVersion").split_once('/') {
            Some((group, _)) => format!("{}.{group}", text(resource, "/kind")),
            None => text(resource, "/kind").to_owned(),
        };
        Self { resource, kind }
    }

    fn name(&self) -> &'b str {
        without_hash(text(self.resource, "/metadata/name"))
    }

    fn spot(&self, place: Place) -> Spot {
        Spot {
            kind: text(self.resource, "/kind").to_owned(),
            name: self.name().to_owned(),
            place,
        }
    }

    fn at(&self, place: &Place) -> Option<&'b Value> {
        self.resource.pointer(&pointer(place))
    }

    /// Kinds for which kustomize has no merge keys.
    fn is_custom(&self) -> bool {
        let group = self.kind.split_once('.').map_or("", |(_, group)| group);
        group.contains('.') && (!group.ends_with(".k8s.io") || group.starts_with("gateway."))
    }

    /// An edit of this resource, reported at `told`.
    fn edit(&self, form: Form, patch: &Value, class: &str, spot: Place, told: String) -> Edit {
        let (kind, name) = (text(self.resource, "/kind"), self.name());
        Edit {
            form,
            entry: json!({
                "target": {"kind": kind, "name": format!("^{name}$")},
                "patch": patch.to_string(),
            }),
            spots: vec![self.spot(spot)],
            expected: vec![[class.to_owned(), kind.to_owned(), name.to_owned(), told]],
        }
    }
}

/// Every place of a resource with a plain value, and every map and list.
#[derive(Default)]
struct Places {
    plain: Vec<Place>,
    maps: Vec<Place>,
    lists: Vec<Place>,
}

impl Places {
    fn collect(&mut self, value: &Value, place: &Place) {
        match value {
            Value::Object(entries) => {
                self.maps.push(place.clone());
                for (key, value) in entries {
                    self.collect(value, &place.field(key));
                }
            }
            Value::Array(items) => {
                self.lists.push(place.clone());
                for (at, item) in items.iter().enumerate() {
                    self.collect(item, &place.index(at));
                }
            }
            Value::Null => {}
            _ => self.plain.push(place.clone()),
        }
    }
}

fn names(place: &Place) -> Vec<&str> {
    let names = place.0.iter().map(|seg| match seg {
        Seg::Field(name) => name.as_str(),
        Seg::Index(_) => "[]",
    });
    names.collect()
}

pub fn parent(place: &Place) -> Place {
    let mut parent = place.clone();
    parent.0.pop();
    parent
}

/// The identity of a resource or an element: changing it would be a different edit.
fn is_identity(place: &Place) -> bool {
    match names(place).as_slice() {
        ["apiVersion" | "kind"]
        | ["metadata", "name" | "namespace"]
        | [.., "volumeClaimTemplates", "[]", "metadata", "name"] => true,
        [.., "[]", name] => matches!(
            *name,
            "name"
                | "containerPort"
                | "port"
                | "protocol"
                | "mountPath"
                | "path"
                | "type"
                | "topologyKey"
                | "whenUnsatisfiable"
        ),
        _ => false,
    }
}

fn pointer(place: &Place) -> String {
    let steps = place.0.iter().map(|seg| match seg {
        Seg::Field(name) => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        Seg::Index(at) => format!("/{at}"),
    });
    steps.collect()
}

/// The key by which kustomize merges a list.
fn merge_key(list: &Place) -> Option<&'static str> {
    match names(list).as_slice() {
        [
            ..,
            "containers" | "initContainers" | "env" | "volumes" | "imagePullSecrets",
        ] => Some("name"),
        [.., "containers", "[]", "ports"] => Some("containerPort"),
        ["spec", "ports"] => Some("port"),
        [.., "volumeMounts"] => Some("mountPath"),
        _ => None,
    }
}

/// A strategic merge patch that sets a value at a place, if every list on the way has a merge key.
fn merge_patch(target: &Target<'_>, place: &Place, value: Value) -> Option<Value> {
    let mut patch = value;
    let mut rest = place.clone();
    while let Some(seg) = rest.0.pop() {
        patch = match seg {
            Seg::Field(name) => json!({name: patch}),
            Seg::Index(_) if target.is_custom() => return None,
            Seg::Index(at) => {
                let key = merge_key(&rest)?;
                if let Some(element) = target.at(&rest.index(at)) {
                    patch[key] = element[key].clone();
                }
                json!([patch])
            }
        };
    }
    patch["apiVersion"] = target.resource["apiVersion"].clone();
    patch["kind"] = target.resource["kind"].clone();
    patch["metadata"]["name"] = target.name().into();
    Some(patch)
}

/// Another value of the same type.
fn other(place: &Place, value: &Value) -> Value {
    match value {
        // Slightly more, so that there is no finding about scale.
        value if names(place).contains(&"resources") => thousandths(value).map_or_else(
            || json!("1"),
            |amount| json!(format!("{}m", amount * 5 / 4)),
        ),
        Value::Bool(is) => json!(!is),
        Value::Number(number) => json!(number.as_i64().unwrap_or(0) + 1),
        Value::String(text) => json!(format!("{text}-x")),
        other => other.clone(),
    }
}

/// A field that is changed, added or removed, in one of the two forms of patches.
fn field(target: &Target<'_>, places: &Places, table: &Table, dice: &mut Dice) -> Option<Edit> {
    let (place, value, change) = match dice.roll(6) {
        0 => {
            let parent = dice.pick(&places.maps);
            // kustomize does not accept other fields in metadata and in the resource itself.
            if parent.0.len() < 2 && names(parent) != ["spec"] {
                return None;
            }
            (parent.field("added"), Some(json!("value")), Change::Added)
        }
        1 => {
            // An edit that would leave nothing behind is a different edit.
            let place = dice.pick(&places.plain).clone();
            if target.at(&parent(&place))?.as_object()?.len() < 2 {
                return None;
            }
            (place, None, Change::Removed)
        }
        _ => {
            let place = dice.pick(&places.plain).clone();
            let is_image = matches!(names(&place).as_slice(), [.., "[]", "image"]);
            let value = target.at(&place)?.clone();
            let (value, change) = if is_image && dice.roll(2) == 0 {
                // Before the last part of the name, so that it is another name.
                let value = text(&value, "").replacen('/', "/x/", 1);
                (value.into(), Change::Changed)
            } else if is_image {
                (other(&place, &value), Change::Retagged)
            } else {
                let is_amount =
                    names(&place).contains(&"resources") && thousandths(&value).is_some();
                let change = if is_amount {
                    Change::Reweighed
                } else {
                    Change::Changed
                };
                (other(&place, &value), change)
            };
            (place, Some(value), change)
        }
    };
    if is_identity(&place)
        || (target.kind == "Secret" && matches!(change, Change::Changed | Change::Reweighed))
    {
        return None;
    }
    let class = table.of(&target.kind).class(&place, change).to_owned();
    // An element of a list that is not a map: its meaning depends on the list.
    if let Some(Seg::Index(_)) = place.0.last() {
        let is_ordered = matches!(names(&parent(&place)).as_slice(), [.., "args" | "command"]);
        if !is_ordered && class != "hostnames" {
            return None;
        }
    }
    let merged = merge_patch(target, &place, value.clone().unwrap_or(Value::Null))
        .filter(|_| !matches!(place.0.last(), Some(Seg::Index(_))) && dice.roll(2) == 0);
    let told = place.to_string();
    if let Some(patch) = merged {
        let mut edit = target.edit(Form::Merge, &patch, &class, place.clone(), told);
        edit.expected.extend(moved(target, &place, table));
        return Some(edit);
    }
    let mut step = json!({"op": "remove", "path": pointer(&place)});
    if let Some(value) = value {
        step["op"] = if change == Change::Added {
            "add"
        } else {
            "replace"
        }
        .into();
        step["value"] = value;
    }
    Some(target.edit(Form::Json, &json!([step]), &class, place, told))
}

/// The side effect of a merge: kustomize moves the merged element to the front of its list.
///
/// A variable that refers to others is then before them, and they are not inserted into it.
fn moved(target: &Target<'_>, place: &Place, table: &Table) -> Option<[String; 4]> {
    let end = place
        .0
        .iter()
        .rposition(|seg| matches!(seg, Seg::Index(_)))?;
    let (list, element) = (
        Place(place.0[..end].to_vec()),
        Place(place.0[..=end].to_vec()),
    );
    let refers = text(target.at(&element)?, "/value").contains("$(");
    (names(&list).last() == Some(&"env") && refers).then(|| {
        let class = table
            .of(&target.kind)
            .class(&list, Change::Reordered)
            .to_owned();
        let kind = text(target.resource, "/kind").to_owned();
        [class, kind, target.name().to_owned(), list.to_string()]
    })
}

/// An element of a keyed list that is added or removed.
fn element(target: &Target<'_>, places: &Places, table: &Table, dice: &mut Dice) -> Option<Edit> {
    if places.lists.is_empty() {
        return None;
    }
    let list = dice.pick(&places.lists).clone();
    let items = target.at(&list)?.as_array()?;
    let classes = table.of(&target.kind);
    if merge_key(&list) != Some("name") || target.is_custom() {
        return None;
    }
    if dice.roll(2) == 0 {
        let place = list.index(items.len());
        let class = classes.class(&place, Change::Added).to_owned();
        let value = match names(&list).last() {
            Some(&"env") => json!({"name": "added", "value": "added"}),
            Some(&("containers" | "initContainers")) => {
                json!({"name": "added", "image": "added:1"})
            }
            _ => json!({"name": "added"}),
        };
        let (form, patch) = if dice.roll(2) == 0 {
            (Form::Merge, merge_patch(target, &place, value)?)
        } else {
            let path = format!("{}/-", pointer(&list));
            (
                Form::Json,
                json!([{"op": "add", "path": path, "value": value}]),
            )
        };
        let told = format!("{list}[name=added]");
        return Some(target.edit(form, &patch, &class, list, told));
    }
    // Removing the last one would leave an empty list.
    let at = dice.roll(items.len());
    if items.len() < 2 {
        return None;
    }
    let place = list.index(at);
    let class = classes.class(&place, Change::Removed).to_owned();
    let (form, patch) = if dice.roll(2) == 0 {
        (
            Form::Merge,
            merge_patch(target, &place, json!({"$patch": "delete"}))?,
        )
    } else {
        (
            Form::Json,
            json!([{"op": "remove", "path": pointer(&place)}]),
        )
    };
    Some(target.edit(form, &patch, &class, list, place.to_string()))
}

/// An entry of `images`, which reaches every container that has the image.
fn image(base: &[Value], table: &Table, dice: &mut Dice) -> Option<Edit> {
    let mut containers = Vec::new();
    for target in base.iter().map(Target::new) {
        let mut places = Places::default();
        places.collect(target.resource, &Place(Vec::new()));
        for place in places.plain {
            if matches!(names(&place).as_slice(), [.., "[]", "image"]) {
                let image = text(target.at(&place)?, "").to_owned();
                containers.push((target.spot(place), target.kind.clone(), image));
            }
        }
    }
    let repository = |image: &str| {
        let end = image.find('@').or_else(|| image.rfind(':'));
        image[..end.unwrap_or(image.len())].to_owned()
    };
    let chosen = repository(&dice.pick(&containers).2);
    let (entry, change) = if dice.roll(2) == 0 {
        (
            json!({"name": chosen, "newTag": dice.word()}),
            Change::Retagged,
        )
    } else {
        (
            json!({"name": chosen, "newName": format!("{chosen}-x")}),
            Change::Changed,
        )
    };
    containers.retain(|(_, _, image)| repository(image) == chosen);
    let (spot, kind, _) = containers.first()?;
    let class = table.of(kind).class(&spot.place, change).to_owned();
    let told = |spot: &Spot| {
        [
            class.clone(),
            spot.kind.clone(),
            spot.name.clone(),
            spot.place.to_string(),
        ]
    };
    Some(Edit {
        form: Form::Images,
        entry,
        expected: containers.iter().map(|(spot, ..)| told(spot)).collect(),
        spots: containers.into_iter().map(|(spot, ..)| spot).collect(),
    })
}

/// An entry of `replicas`.
fn replicas(target: &Target<'_>, table: &Table, dice: &mut Dice) -> Option<Edit> {
    let place = Place(Vec::new()).field("spec").field("replicas");
    target.at(&place)?;
    let class = table
        .of(&target.kind)
        .class(&place, Change::Changed)
        .to_owned();
    let entry = json!({"name": target.name(), "count": 3 + dice.roll(20)});
    let told = place.to_string();
    let edit = target.edit(Form::Replicas, &json!(null), &class, place, told);
    Some(Edit { entry, ..edit })
}

/// An entry of `configMapGenerator`: another value of a key, or another key.
fn generator(target: &Target<'_>, table: &Table, dice: &mut Dice) -> Option<Edit> {
    let data = target.resource["data"].as_object()?;
    if target.kind != "ConfigMap" || target.name() == text(target.resource, "/metadata/name") {
        return None;
    }
    let keys: Vec<_> = data.keys().cloned().collect();
    let (key, change) = if dice.roll(3) == 0 {
        ("ADDED".to_owned(), Change::Added)
    } else {
        (dice.pick(&keys).clone(), Change::Changed)
    };
    let place = Place(Vec::new()).field("data").field(&key);
    let class = table.of(&target.kind).class(&place, change).to_owned();
    let literal = format!("{key}={}", dice.word());
    let entry = json!({"name": target.name(), "behavior": "merge", "literals": [literal]});
    let told = place.to_string();
    let edit = target.edit(Form::Generator, &json!(null), &class, place, told);
    Some(Edit { entry, ..edit })
}

/// A random edit of a random resource.
pub fn random(base: &[Value], table: &Table, dice: &mut Dice) -> Option<Edit> {
    let target = Target::new(dice.pick(base));
    let mut places = Places::default();
    places.collect(target.resource, &Place(Vec::new()));
    match dice.roll(12) {
        0 => image(base, table, dice),
        1 => replicas(&target, table, dice),
        2 => generator(&target, table, dice),
        3 | 4 => element(&target, &places, table, dice),
        _ => field(&target, &places, table, dice),
    }
}

impl Edit {
    /// Whether two edits are related: one within the other, or side by side.
    pub fn touches(&self, other: &Self) -> bool {
        let near = |one: &Spot, two: &Spot| {
            one.kind == two.kind
                && one.name == two.name
                && (one.place.0.starts_with(&two.place.0)
                    || two.place.0.starts_with(&one.place.0)
                    || parent(&one.place) == parent(&two.place))
        };
        let is_merged = |edit: &Self| edit.form == Form::Generator;
        self.spots.iter().any(|one| other.spots.iter().any(|two| near(one, two)))
            // A generator has one entry for each ConfigMap.
            || (is_merged(self) && is_merged(other))
    }
}
