//! The reach of transformations: the fields of kinds, from kustomize's own lists and from
//! `configurations`.

mod defaults;
mod names;
mod variables;

use std::sync::{Arc, LazyLock};

use crate::yaml::Node;

use super::item::Item;
use super::scalar::is_on;

/// A field of resources, and which resources have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    /// Whether a missing field is created.
    pub create: bool,
    pub of: Kinds,
    /// The keys that lead to it, through every element of a list; a key that ends in `[]` is never
    /// created.
    pub path: Vec<String>,
}

/// The kinds of resources; an empty field matches any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Kinds {
    pub group: String,
    pub version: String,
    pub kind: String,
}

impl Kinds {
    /// Whether a resource is one of them.
    pub fn have(&self, group: &str, version: &str, kind: &str) -> bool {
        let is = |wanted: &str, said: &str| wanted.is_empty() || wanted == said;
        is(&self.group, group) && is(&self.version, version) && is(&self.kind, kind)
    }

    /// Whether all kinds here are included there.
    fn are_within(&self, other: &Self) -> bool {
        other.have(&self.group, &self.version, &self.kind)
    }
}

impl Spec {
    /// Whether a resource may have it.
    pub fn is_of(&self, item: &Item) -> bool {
        self.of.have(&item.group, &item.version, &item.kind)
    }

    /// Whether it is this path.
    pub fn is(&self, path: &[&str]) -> bool {
        self.path
            .iter()
            .map(String::as_str)
            .eq(path.iter().copied())
    }
}

/// A kind that is referred to by name, and the fields that refer to it.
#[derive(Clone, Debug)]
pub(crate) struct Referred {
    pub to: Kinds,
    pub by: Vec<Spec>,
}

/// The reach of all transformations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reaches {
    pub prefix: Vec<Spec>,
    pub suffix: Vec<Spec>,
    pub namespace: Vec<Spec>,
    pub selecting_labels: Vec<Spec>,
    pub labels: Vec<Spec>,
    pub template_labels: Vec<Spec>,
    pub annotations: Vec<Spec>,
    pub names: Vec<Referred>,
    pub variables: Vec<Spec>,
    pub images: Vec<Spec>,
    pub replicas: Vec<Spec>,
}

/// Two equal fields that disagree on whether a missing field is created, which kustomize refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Conflict;

/// Adds the fields that are not yet in the list.
pub(crate) fn add(to: &mut Vec<Spec>, more: &[Spec]) -> Result<(), Conflict> {
    for spec in more {
        let known = to
            .iter()
            .find(|known| known.of.are_within(&spec.of) && known.path == spec.path);
        match known {
            Some(known) if known.create != spec.create => return Err(Conflict),
            Some(_) => {}
            None => to.push(spec.clone()),
        }
    }
    Ok(())
}

/// The defaults of kustomize; made once.
static DEFAULTS: LazyLock<Arc<Reaches>> = LazyLock::new(|| Arc::new(Reaches::of_kustomize()));

impl Reaches {
    /// The defaults of kustomize.
    pub fn defaults() -> Arc<Self> {
        Arc::clone(&DEFAULTS)
    }

    fn of_kustomize() -> Self {
        let name = || vec![spec("- * * * metadata/name")];
        Self {
            prefix: name(),
            suffix: name(),
            namespace: table(defaults::NAMESPACE),
            selecting_labels: table(defaults::LABELS),
            labels: Vec::new(),
            template_labels: table(defaults::TEMPLATE_LABELS),
            annotations: table(defaults::ANNOTATIONS),
            names: referred(names::NAMES),
            variables: table(variables::VARS),
            images: table(defaults::IMAGES),
            replicas: table(defaults::REPLICAS),
        }
    }

    /// Adds the fields of another reach.
    pub fn merge(&mut self, other: &Self) -> Result<(), Conflict> {
        add(&mut self.prefix, &other.prefix)?;
        add(&mut self.suffix, &other.suffix)?;
        add(&mut self.namespace, &other.namespace)?;
        add(&mut self.selecting_labels, &other.selecting_labels)?;
        add(&mut self.labels, &other.labels)?;
        add(&mut self.template_labels, &other.template_labels)?;
        add(&mut self.annotations, &other.annotations)?;
        add(&mut self.variables, &other.variables)?;
        add(&mut self.images, &other.images)?;
        add(&mut self.replicas, &other.replicas)?;
        for more in &other.names {
            match self.names.iter_mut().find(|known| known.to == more.to) {
                Some(known) => add(&mut known.by, &more.by)?,
                None => self.names.push(more.clone()),
            }
        }
        Ok(())
    }

    /// Reads one file of `configurations`; the error is the node that kustomize does not accept.
    pub fn read(root: Node<'_>) -> Result<Self, Node<'_>> {
        let mut all = Self::default();
        if root.is_null() {
            return Ok(all);
        }
        if !root.is_map() {
            return Err(root);
        }
        for (key, value) in root.entries() {
            if key.text() == "nameReference" {
                for entry in entries(value)? {
                    all.names.push(Referred::read(entry)?);
                }
                continue;
            }
            let list = match key.text() {
                "namePrefix" => &mut all.prefix,
                "nameSuffix" => &mut all.suffix,
                "namespace" => &mut all.namespace,
                "commonLabels" => &mut all.selecting_labels,
                "labels" => &mut all.labels,
                "templateLabels" => &mut all.template_labels,
                "commonAnnotations" => &mut all.annotations,
                "varReference" => &mut all.variables,
                "images" => &mut all.images,
                "replicas" => &mut all.replicas,
                _ => return Err(key),
            };
            *list = specs(value)?;
        }
        Ok(all)
    }
}

impl Referred {
    fn read(entry: Node<'_>) -> Result<Self, Node<'_>> {
        let mut found = Self {
            to: Kinds::default(),
            by: Vec::new(),
        };
        for (key, value) in entry.entries() {
            match key.text() {
                "fieldSpecs" => found.by = specs(value)?,
                "group" => found.to.group = text(value)?,
                "version" => found.to.version = text(value)?,
                "kind" => found.to.kind = text(value)?,
                _ => return Err(key),
            }
        }
        Ok(found)
    }
}

fn entries(list: Node<'_>) -> Result<impl Iterator<Item = Node<'_>>, Node<'_>> {
    let is_list = list.is_null() || list.is_seq() && list.items().all(Node::is_map);
    if is_list { Ok(list.items()) } else { Err(list) }
}

fn text(node: Node<'_>) -> Result<String, Node<'_>> {
    match node.as_str() {
        Some(text) => Ok(text.to_owned()),
        None if node.is_null() => Ok(String::new()),
        None => Err(node),
    }
}

/// Reads `fieldSpecs`; the error is the node that is not such a list.
pub(crate) fn specs<'n>(list: Node<'n>) -> Result<Vec<Spec>, Node<'n>> {
    let read = |entry: Node<'n>| {
        let mut spec = Spec {
            create: false,
            of: Kinds::default(),
            path: Vec::new(),
        };
        for (key, value) in entry.entries() {
            match key.text() {
                "group" => spec.of.group = text(value)?,
                "version" => spec.of.version = text(value)?,
                "kind" => spec.of.kind = text(value)?,
                "path" => spec.path = split(&text(value)?),
                "create" if is_on(value) => {
                    spec.create = true;
                }
                "create" if value.is_null() || value.text() == "false" => {}
                "create" => return Err(value),
                _ => return Err(key),
            }
        }
        Ok(spec)
    };
    entries(list)?.map(read).collect()
}

/// The steps of a path with slashes; a backslash makes a slash part of its step.
pub(crate) fn split(path: &str) -> Vec<String> {
    let mut parts = path.split('/');
    let first = parts.next().unwrap_or_default();
    let mut steps: Vec<String> = Vec::new();
    if !first.is_empty() || !path.contains('/') {
        steps.push(first.to_owned());
    }
    for part in parts {
        match steps.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push('/');
                last.push_str(part);
            }
            _ => steps.push(part.to_owned()),
        }
    }
    steps
}

/// Reads a line of a table: whether a missing field is created, group, version, kind and path.
fn spec(line: &str) -> Spec {
    let (create, rest) = line.split_at(1.min(line.len()));
    let mut words = rest.split_whitespace();
    let of = kinds(&mut words);
    Spec {
        create: create == "+",
        of,
        path: split(words.next().unwrap_or_default()),
    }
}

fn kinds<'l>(words: &mut impl Iterator<Item = &'l str>) -> Kinds {
    let mut next = || match words.next() {
        None | Some("*") => String::new(),
        Some(word) => word.to_owned(),
    };
    Kinds {
        group: next(),
        version: next(),
        kind: next(),
    }
}

fn lines(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.lines().filter(|line| !line.is_empty())
}

fn table(text: &'static str) -> Vec<Spec> {
    lines(text).map(spec).collect()
}

fn referred(text: &'static str) -> Vec<Referred> {
    let mut all: Vec<Referred> = Vec::new();
    for line in lines(text) {
        match (line.strip_prefix("  "), all.last_mut()) {
            (Some(line), Some(last)) => last.by.push(spec(line)),
            _ => all.push(Referred {
                to: kinds(&mut line.split_whitespace()),
                by: Vec::new(),
            }),
        }
    }
    all
}
