//! Resources during a build, and how a kustomization selects them.

use std::collections::BTreeMap;

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;

use crate::yaml::Node;

use super::kinds::is_cluster_wide;
use super::labels::{Requirement, requirements};
use super::look::Look;
use super::piece::{Body, Mark, Piece};
use super::scalar::settle;

/// An identity that a resource has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Id {
    pub kind: String,
    pub namespace: String,
    pub name: String,
}

/// One resource.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub root: Piece,
    pub group: String,
    pub version: String,
    pub kind: String,
    /// The earlier identities that kustomize records, and the current one; never empty.
    pub ids: Vec<Id>,
    /// Where the resource came from.
    pub origin: Mark,
    /// Whether a generator made it.
    pub generated: bool,
    /// Whether its name gets a hash of its contents.
    pub hashed: bool,
    /// The values of a generated Secret by key, which only kustomize's output may show.
    pub sealed: Sealed,
    /// Whether it is from elsewhere, so that only its patches are known.
    pub partial: bool,
    /// The mark that renamed it, apart from a prefix or a suffix.
    pub named: Option<Mark>,
    /// The changes of names, namespaces and labels, which also reach references to it.
    pub reach: Vec<Reach>,
    /// The parts of its history that kustomize lost because its annotations were overwritten.
    pub forgotten: Option<Forgotten>,
    /// The variables that refer to one of its fields.
    pub variables: Vec<String>,
    /// How often several of its fields got one shared scalar.
    pub shares: usize,
}

/// The history of a resource that kustomize lost.
#[derive(Clone, Debug)]
pub(crate) struct Forgotten {
    /// The number of transformations that had reached it.
    pub reaches: usize,
    /// Whether it was a Secret, which is remembered here in any case.
    pub was_secret: bool,
}

/// A transformation that reaches more than one field.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub to: To,
    pub mark: Mark,
}

/// The effect of a transformation of everything.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum To {
    Prefix(String),
    Suffix(String),
    Namespace(String),
    Label(String, String),
    Annotation(String, String),
}

impl To {
    /// An entry of `labels`, or else of `annotations`.
    pub fn pair(field: &str, key: &str, value: &str) -> Self {
        let (key, value) = (key.to_owned(), value.to_owned());
        if field == "labels" {
            Self::Label(key, value)
        } else {
            Self::Annotation(key, value)
        }
    }
}

impl Item {
    /// Its kind and its first name.
    pub fn first(&self) -> (String, String) {
        (self.kind.clone(), self.original().name.clone())
    }

    /// Reads a resource that was just loaded; `None` if it has no kind or name.
    pub fn new(root: Piece, origin: Option<Mark>) -> Option<Self> {
        let text = |path: &[&str]| root.at(path).and_then(Piece::scalar_text);
        let api_version = text(&["apiVersion"]).unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let said = |path: &[&str]| text(path).filter(|text| !text.is_empty());
        let name = said(&["metadata", "name"])?;
        let kind = said(&["kind"])?;
        let named = root.at(&["metadata", "name"]).map(|name| name.mark);
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            ids: vec![Id {
                kind: kind.clone(),
                namespace: text(&["metadata", "namespace"]).unwrap_or_default(),
                name,
            }],
            kind,
            origin: origin.or(named).unwrap_or(root.mark),
            generated: false,
            hashed: false,
            sealed: Sealed::default(),
            partial: false,
            named: None,
            reach: Vec::new(),
            forgotten: None,
            variables: Vec::new(),
            shares: 0,
            root,
        })
    }

    /// Its current identity.
    pub fn id(&self) -> &Id {
        // The list is never empty.
        self.ids.last().unwrap_or(&NOBODY)
    }

    /// Its first identity.
    pub fn original(&self) -> &Id {
        self.ids.first().unwrap_or(&NOBODY)
    }

    /// Its earlier identities, the oldest first.
    pub fn before(&self) -> &[Id] {
        &self.ids[..self.ids.len().saturating_sub(1)]
    }

    /// Whether an earlier name has a comma, with which kustomize separates the recorded names.
    pub fn is_parted(&self) -> bool {
        let mut before = self.before().iter();
        before.any(|id| id.name.contains(',') || id.namespace.contains(','))
    }

    pub fn name(&self) -> &str {
        &self.id().name
    }

    pub fn namespace(&self) -> &str {
        &self.id().namespace
    }

    /// Records the current identity before it changes.
    pub fn enter(&mut self) {
        let annotations = self.root.at_mut(&["metadata", "annotations"]);
        if let Some(piece) = annotations.filter(|piece| matches!(piece.body, Body::Scalar(_))) {
            // kustomize's record replaces a text.
            piece.body = Body::Map(BTreeMap::new());
        }
        self.ids.push(self.id().clone());
    }

    /// Whether kustomize keeps internal annotations on it.
    pub fn has_book(&self) -> bool {
        self.generated && self.forgotten.is_none() || self.hashed || self.ids.len() > 1
    }

    /// Creates the map of annotations, as kustomize does to keep its internal annotations.
    pub fn annotations(&mut self) {
        const MAP: [&str; 2] = ["metadata", "annotations"];
        let is_scalar = |piece: &Piece| matches!(piece.body, Body::Scalar(_));
        if self.root.at(&MAP).is_none_or(is_scalar) {
            let made = Piece::new(Body::Map(BTreeMap::new()), self.origin);
            self.root.set(&MAP, made);
        }
    }

    /// Writes all annotations again, as strings.
    pub fn write_annotations(&mut self) {
        self.annotations();
        let annotations = self.root.at_mut(&["metadata", "annotations"]);
        let Some(Body::Map(map)) = annotations.map(|piece| &mut piece.body) else {
            return;
        };
        for piece in map.values_mut() {
            piece.shared = 0;
            if matches!(&piece.body, Body::Scalar(value) if !value.is_string()) {
                let text = piece.written();
                piece.look = Look::of_made(&text);
                piece.body = Body::Scalar(text.into());
                piece.spelled = None;
            }
        }
    }

    /// Loses kustomize's internal annotations, because all annotations were overwritten.
    pub fn forget(&mut self) {
        let was_secret = self.was_secret();
        self.ids = vec![self.id().clone()];
        self.hashed = false;
        self.forgotten = Some(Forgotten {
            reaches: self.reach.len(),
            was_secret,
        });
    }

    /// Whether it is or was a Secret.
    pub fn was_secret(&self) -> bool {
        let forgotten = self.forgotten.as_ref();
        forgotten.is_some_and(|one| one.was_secret) || self.ids.iter().any(|id| id.kind == "Secret")
    }

    /// Copies a written value to all fields that share its scalar.
    ///
    /// kustomize uses one node for all fields of a resource to which it adds a label or an
    /// annotation, so overwriting one of them overwrites all.
    pub fn spread(&mut self, written: &Piece) {
        self.root.each(&mut |piece| {
            if piece.shared == written.shared {
                piece.body = written.body.clone();
                piece.mark = written.mark;
            }
        });
    }

    /// Gives every field its own scalar again, because all of them were written again.
    pub fn unshare(&mut self) {
        if self.shares > 0 {
            self.root.each(&mut |piece| piece.shared = 0);
        }
    }

    /// Reads the identity of the resource again, because a change may have written it.
    pub fn note_id(&mut self) {
        let text = |path: &[&str]| self.root.at(path).and_then(Piece::scalar_text);
        let name = text(&["metadata", "name"]).unwrap_or_else(|| self.name().to_owned());
        let namespace = text(&["metadata", "namespace"]).unwrap_or_default();
        let kind = text(&["kind"]).unwrap_or_else(|| self.kind.clone());
        let api_version = text(&["apiVersion"]).unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        (self.group, self.version) = (group.to_owned(), version.to_owned());
        if name != self.name() {
            self.named = self.root.at(&["metadata", "name"]).map(|name| name.mark);
        }
        self.kind.clone_from(&kind);
        if let Some(now) = self.ids.last_mut() {
            *now = Id {
                kind,
                namespace,
                name,
            };
        }
    }

    /// The namespace of one of its identities, as kustomize compares it.
    pub fn effective<'i>(&self, id: &'i Id) -> &'i str {
        if self.is_cluster_wide() {
            return NO_NAMESPACE;
        }
        match id.namespace.as_str() {
            "" => "default",
            namespace => namespace,
        }
    }

    /// Whether it has no namespace, according to kustomize's schema.
    pub fn is_cluster_wide(&self) -> bool {
        is_cluster_wide(&self.group, &self.version, &self.kind)
    }

    /// The key that must be unique in one build.
    pub fn key(&self) -> (&str, &str, &str, &str, &str) {
        (
            &self.group,
            &self.version,
            &self.kind,
            self.effective(self.id()),
            self.name(),
        )
    }

    /// The resource as JSON, without a generated Secret's values; `None` if more is not known.
    pub fn shown(&self) -> Option<Value> {
        let mut root = self.root.clone();
        // kustomize removes its internal annotations at the end, and writes the others again.
        if let Some(Piece {
            body: Body::Map(annotations),
            ..
        }) = root.at_mut(&["metadata", "annotations"])
        {
            for piece in annotations.values_mut() {
                if !matches!(piece.body, Body::Unknown) {
                    piece.body = Body::Scalar(piece.written().into());
                    piece.look = Look::Literal;
                }
            }
        }
        if let Some(metadata) = root.get_mut("metadata") {
            // kustomize drops annotations that are not a map when it removes its own.
            let is_map = |piece: &Piece| matches!(piece.body, Body::Map(_));
            let said = metadata.get("annotations").map(is_map);
            if let (Some(false), Body::Map(map)) = (said, &mut metadata.body) {
                map.remove("annotations");
            }
        }
        settle(&mut root, false);
        if let Some(Piece {
            body: Body::Map(data),
            ..
        }) = root.get_mut("data")
        {
            for (key, piece) in data {
                if matches!(piece.body, Body::Unknown) && self.sealed.0.contains_key(key) {
                    piece.body = Body::Scalar(String::new().into());
                }
            }
        }
        root.to_json()
    }

    /// Drops the values that were overwritten by a mark with values that are not known.
    pub fn unseal(&mut self, mark: Mark) {
        if self.sealed.0.is_empty() {
            return;
        }
        let data = self.root.get("data");
        self.sealed.0.retain(|key, _| {
            let piece = data.and_then(|data| data.get(key));
            piece.is_none_or(|piece| !(matches!(piece.body, Body::Unknown) && piece.mark == mark))
        });
    }

    pub fn is_secret(&self) -> bool {
        self.kind == "Secret"
    }

    /// Whether the resource has or had a name, in a namespace if one is given.
    pub fn is_called(&self, kind: &str, name: &str, namespace: Option<&str>) -> bool {
        let within = namespace.map(|namespace| match namespace {
            _ if self.is_cluster_wide() => NO_NAMESPACE,
            "" => "default",
            namespace => namespace,
        });
        self.ids.iter().any(|id| {
            id.kind == kind
                && id.name == name
                && within.is_none_or(|within| within == self.effective(id))
        })
    }
}

/// The namespace that kustomize uses for cluster-wide resources.
const NO_NAMESPACE: &str = "_non_namespaceable_";

static NOBODY: Id = Id {
    kind: String::new(),
    namespace: String::new(),
    name: String::new(),
};

/// Values that are never shown: equal to all others, and empty in a debug print.
#[derive(Clone, Default)]
pub(crate) struct Sealed(pub BTreeMap<String, Vec<u8>>);

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} sealed", self.0.len())
    }
}

/// The cost of searching all resources for the names that they have or had.
pub(crate) fn scan(items: &[Item]) -> usize {
    1 + items.iter().map(|item| item.ids.len()).sum::<usize>() / 4
}

/// The identities of a resource that a selector compares.
#[derive(Clone, Copy, Debug)]
enum By {
    /// The first and the last, as the target of a patch does.
    Ends,
    /// Every one, as a replacement does.
    Any,
}

/// `target` of a patch, `source`, `select` and `reject` of a replacement.
#[derive(Debug)]
pub(crate) struct Selector {
    by: By,
    patterns: [Option<Regex>; 5],
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

impl Selector {
    /// Reads the source of a replacement, whose words are not patterns.
    pub fn source(node: Node<'_>) -> Option<Self> {
        Self::build(node, false, By::Any)
    }

    /// Reads the selector of a replacement; `None` if it cannot be understood.
    pub fn replaced(node: Node<'_>) -> Option<Self> {
        Self::build(node, true, By::Any)
    }

    /// Reads the target of a patch; `None` if it cannot be understood.
    pub fn patched(node: Node<'_>) -> Option<Self> {
        Self::build(node, true, By::Ends)
    }

    fn build(node: Node<'_>, is_pattern: bool, by: By) -> Option<Self> {
        let pattern = |key: &str| -> Option<Option<Regex>> {
            let text = node
                .get(key)
                .filter(|value| !value.is_null())
                .map(Node::text);
            match text {
                None | Some("") => Some(None),
                Some(text) => RegexBuilder::new(&if is_pattern {
                    format!("^(?:{text})$")
                } else {
                    format!("^{}$", regex::escape(text))
                })
                .unicode(false)
                .size_limit(1 << 20)
                .build()
                .ok()
                .map(Some),
            }
        };
        let requirements = |key: &str| match node.str_at(&[key]) {
            None => Some(Vec::new()),
            Some(text) => requirements(text),
        };
        Some(Self {
            by,
            patterns: [
                pattern("group")?,
                pattern("version")?,
                pattern("kind")?,
                pattern("name")?,
                pattern("namespace")?,
            ],
            labels: requirements("labelSelector")?,
            annotations: requirements("annotationSelector")?,
        })
    }

    pub fn selects(&self, item: &Item) -> bool {
        self.names(item) && self.marks(item)
    }

    /// Whether a replacement rejects a resource, by its identity or by its labels and annotations.
    pub fn rejects(&self, item: &Item) -> bool {
        let has_names = self.patterns.iter().any(Option::is_some);
        let has_marks = !self.labels.is_empty() || !self.annotations.is_empty();
        has_names && self.names(item) || has_marks && self.marks(item)
    }

    /// Whether a resource has the selected labels and annotations.
    fn marks(&self, item: &Item) -> bool {
        let meets = |field: &str, requirements: &[Requirement]| {
            let map = item.root.at(&["metadata", field]);
            requirements.iter().all(|one| {
                // Null counts as a text as well.
                let is_scalar = |piece: &&Piece| matches!(piece.body, Body::Scalar(_));
                let value = map.and_then(|map| map.get(&one.key));
                let value = value.filter(is_scalar).map(Piece::written);
                let is_met = match (&one.values, &value) {
                    (None, value) => value.is_some(),
                    (Some(values), Some(value)) => values.contains(value),
                    (Some(_), None) => false,
                };
                is_met != one.is_negated
            })
        };
        meets("labels", &self.labels) && meets("annotations", &self.annotations)
    }

    /// Whether a selector matches an identity that the resource has or had.
    fn names(&self, item: &Item) -> bool {
        let [group, version, kind, name, namespace] = &self.patterns;
        let fits = |pattern: &Option<Regex>, text: &str| {
            pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(text.as_bytes()))
        };
        let (first, now) = (item.original(), item.id());
        let is_meant = match self.by {
            // kustomize compares name and namespace separately, each with both identities.
            By::Ends => {
                let either = |pattern, part: &dyn Fn(&Id) -> String| {
                    fits(pattern, &part(first)) || fits(pattern, &part(now))
                };
                fits(kind, &item.kind)
                    && either(name, &|id: &Id| id.name.clone())
                    && either(namespace, &|id: &Id| item.effective(id).to_owned())
            }
            By::Any => item.ids.iter().enumerate().any(|(at, id)| {
                let is_now = at + 1 == item.ids.len();
                let within = match id.namespace.as_str() {
                    // Only a recorded identity can have an empty namespace.
                    "" if is_now => "default",
                    within if is_now => within,
                    _ => item.effective(id),
                };
                fits(kind, &id.kind) && fits(name, &id.name) && fits(namespace, within)
            }),
        };
        fits(group, &item.group) && fits(version, &item.version) && is_meant
    }
}
