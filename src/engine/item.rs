//! Resources on their way through a build, and how a kustomization finds them.

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;

use crate::yaml::Node;

use super::piece::{Mark, Piece};

/// One resource.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub root: Piece,
    pub group: String,
    pub version: String,
    pub kind: String,
    /// Namespace and name, as they were and as they are; never empty.
    pub ids: Vec<(String, String)>,
    /// Where the resource came from.
    pub origin: Mark,
    /// Whether a generator made it, so that its name may get a hash.
    pub generated: bool,
    /// Whether it comes from elsewhere, so that only what was patched is known.
    pub partial: bool,
    /// What gave it another name, but for a prefix or a suffix.
    pub named: Option<Mark>,
    /// What was done to names, namespaces and labels, which also reaches what refers to them.
    pub reach: Vec<Reach>,
}

/// A transformation that reaches more than one field.
#[derive(Clone, Debug)]
pub(crate) struct Reach {
    pub to: To,
    pub mark: Mark,
}

/// What a transformation of everything says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum To {
    Prefix(String),
    Suffix(String),
    Namespace(String),
    Label(String, String),
    Annotation(String, String),
}

impl Item {
    /// Its kind and the name that it had first.
    pub fn first(&self) -> (String, String) {
        let name = self.ids.first().map(|(_, name)| name.clone());
        (self.kind.clone(), name.unwrap_or_default())
    }

    /// Reads a resource that was just loaded; nothing for what has no kind or name.
    pub fn new(root: Piece, origin: Option<Mark>) -> Option<Self> {
        let text = |path: &[&str]| root.at(path).and_then(Piece::scalar_text);
        let api_version = text(&["apiVersion"]).unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
        let name = text(&["metadata", "name"])?;
        let named = root.at(&["metadata", "name"]).map(|name| name.mark);
        Some(Self {
            group: group.to_owned(),
            version: version.to_owned(),
            kind: text(&["kind"])?,
            ids: vec![(text(&["metadata", "namespace"]).unwrap_or_default(), name)],
            origin: origin.or(named).unwrap_or(root.mark),
            generated: false,
            partial: false,
            named: None,
            reach: Vec::new(),
            root,
        })
    }

    pub fn name(&self) -> &str {
        self.ids.last().map_or("", |(_, name)| name)
    }

    pub fn namespace(&self) -> &str {
        self.ids.last().map_or("", |(namespace, _)| namespace)
    }

    /// Notes that the resource is another one now.
    pub fn rename(&mut self, namespace: &str, name: &str) {
        let id = (namespace.to_owned(), name.to_owned());
        if self.ids.last() != Some(&id) {
            self.ids.push(id);
        }
    }

    /// Notes the name and namespace that something may have written into the resource.
    pub fn note_name(&mut self) {
        let text = |path: &[&str]| self.root.at(path).and_then(Piece::scalar_text);
        let name = text(&["metadata", "name"]).unwrap_or_else(|| self.name().to_owned());
        let namespace = text(&["metadata", "namespace"]).unwrap_or_default();
        if name != self.name() {
            self.named = self.root.at(&["metadata", "name"]).map(|name| name.mark);
        }
        self.rename(&namespace, &name);
    }

    /// Notes the name that a replacement may have written, of which kustomize keeps no book.
    pub fn note_replaced_name(&mut self) {
        let known = self.ids.len();
        self.note_name();
        if self.ids.len() > known
            && let [.., old, new] = self.ids.as_mut_slice()
        {
            std::mem::swap(old, new);
            self.ids.pop();
        }
    }

    /// What no two resources of one build may share.
    pub fn id(&self) -> (&str, &str, &str, &str, &str) {
        let namespace = match self.namespace() {
            "default" => "",
            namespace => namespace,
        };
        (
            &self.group,
            &self.version,
            &self.kind,
            namespace,
            self.name(),
        )
    }

    pub fn is_secret(&self) -> bool {
        self.kind == "Secret"
    }

    /// Whether the resource has or had a name, in a namespace where that is said.
    pub fn is_called(&self, kind: &str, name: &str, namespace: Option<&str>) -> bool {
        let normal = |namespace: &'_ str| {
            if namespace == "default" {
                String::new()
            } else {
                namespace.to_owned()
            }
        };
        self.kind == kind
            && self.ids.iter().any(|(within, called)| {
                called == name && namespace.is_none_or(|wanted| normal(wanted) == normal(within))
            })
    }
}

/// What it costs to look through all resources for the names that they have or had.
pub(crate) fn scan(items: &[Item]) -> usize {
    1 + items.iter().map(|item| item.ids.len()).sum::<usize>() / 4
}

/// `target` of a patch, `select` and `reject` of a replacement.
#[derive(Debug)]
pub(crate) struct Selector {
    patterns: [Option<Regex>; 5],
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

/// One requirement of a label selector.
#[derive(Debug)]
struct Requirement {
    key: String,
    /// The values that are meant; nothing for any.
    values: Option<Vec<String>>,
    is_negated: bool,
}

impl Selector {
    /// Reads the source of a replacement, whose words are no patterns.
    pub fn exact(node: Node<'_>) -> Option<Self> {
        Self::build(node, false)
    }

    /// Reads a selector; nothing where it cannot be understood.
    pub fn read(node: Node<'_>) -> Option<Self> {
        Self::build(node, true)
    }

    fn build(node: Node<'_>, is_pattern: bool) -> Option<Self> {
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
        let [group, version, kind, name, namespace] = &self.patterns;
        let fits = |pattern: &Option<Regex>, text: &str| {
            pattern
                .as_ref()
                .is_none_or(|pattern| pattern.is_match(text.as_bytes()))
        };
        let meets = |field: &str, requirements: &[Requirement]| {
            let map = item.root.at(&["metadata", field]);
            requirements.iter().all(|one| {
                let value = map
                    .and_then(|map| map.get(&one.key))
                    .and_then(Piece::scalar_text);
                let is_met = match (&one.values, &value) {
                    (None, value) => value.is_some(),
                    (Some(values), Some(value)) => values.contains(value),
                    (Some(_), None) => false,
                };
                is_met != one.is_negated
            })
        };
        fits(group, &item.group)
            && fits(version, &item.version)
            && fits(kind, &item.kind)
            && item
                .ids
                .iter()
                .any(|(within, called)| fits(name, called) && fits(namespace, within))
            && meets("labels", &self.labels)
            && meets("annotations", &self.annotations)
    }
}

/// Reads `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
fn requirements(text: &str) -> Option<Vec<Requirement>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = match (rest.find(','), rest.find('(')) {
            (Some(comma), Some(open)) if open < comma => {
                let close = rest.find(')')?;
                rest[close..].find(',').map(|at| close + at)
            }
            (comma, _) => comma,
        };
        let (one, after) = end.map_or((rest, ""), |end| (&rest[..end], &rest[end + 1..]));
        rest = after.trim_start();
        found.push(requirement(one.trim())?);
    }
    Some(found)
}

fn requirement(text: &str) -> Option<Requirement> {
    let make = |key: &str, values: Option<Vec<String>>, is_negated| Requirement {
        key: key.trim().to_owned(),
        values,
        is_negated,
    };
    let listed = |text: &str| -> Option<Vec<String>> {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(
            inner
                .split(',')
                .map(|word| word.trim().to_owned())
                .collect(),
        )
    };
    let single = |text: &str| Some(vec![text.trim().to_owned()]);
    if let Some((key, values)) = text.split_once(" notin ") {
        return Some(make(key, Some(listed(values)?), true));
    }
    if let Some((key, values)) = text.split_once(" in ") {
        return Some(make(key, Some(listed(values)?), false));
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Some(make(key, single(value), true));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(make(key, single(value), false));
    }
    match text.strip_prefix('!') {
        Some(key) => Some(make(key, None, true)),
        None => (!text.is_empty()).then(|| make(text, None, false)),
    }
}

/// Whether a kind has no namespace.
pub(crate) fn is_cluster_wide(group: &str, kind: &str) -> bool {
    match group {
        "" => matches!(
            kind,
            "Namespace" | "Node" | "PersistentVolume" | "ComponentStatus"
        ),
        "rbac.authorization.k8s.io" => kind.starts_with("Cluster"),
        "storage.k8s.io" => kind != "CSIStorageCapacity",
        "networking.k8s.io" => kind == "IngressClass",
        "policy" => kind == "PodSecurityPolicy",
        "apiextensions.k8s.io"
        | "apiregistration.k8s.io"
        | "admissionregistration.k8s.io"
        | "certificates.k8s.io"
        | "flowcontrol.apiserver.k8s.io"
        | "node.k8s.io"
        | "scheduling.k8s.io" => true,
        _ => false,
    }
}

/// A scalar as kustomize writes it into a map of strings.
pub(crate) fn as_text(node: Node<'_>) -> Value {
    Value::String(node.text().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_selectors_are_read() {
        for (text, count) in [
            ("a=b", 1),
            ("a==b,c!=d", 2),
            ("a in (b, c),d notin (e),f,!g", 4),
            ("", 0),
        ] {
            assert_eq!(
                requirements(text).map(|all| all.len()),
                Some(count),
                "{text}"
            );
        }
        assert!(requirements("a in (b").is_none());
    }
}
