//! The entries of a document, field by field: the one list of the fields of a kustomization that
//! lead somewhere.
//!
//! Keys are matched as kustomize matches them, whatever their case.

use super::fields::is_alike;
use crate::yaml::Node;

/// The role of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Resources that the kustomization consists of.
    Load,
    /// A component that changes these resources.
    Component,
    /// A patch.
    Patch,
    /// A function that makes resources, or a directory of such functions.
    Generator,
    /// A function that changes resources, or a directory of such functions.
    Transformer,
    /// A function that only reads resources, or a directory of such functions.
    Validator,
    /// A file whose content becomes that of a generated `ConfigMap`.
    Data,
    /// A file whose content becomes that of a generated Secret.
    SecretData,
    /// A replacement.
    Replacement,
    /// The fields that kustomize's own transformers reach.
    Configuration,
    /// A definition that kustomize reads for its reference fields.
    Crd,
    /// The schema by which kustomize merges.
    OpenApi,
    /// Values of a chart.
    HelmValues,
    /// A directory of charts, or of Helm's own configuration.
    HelmHome,
    /// An entry in the configuration of one of kustomize's own plugins, relative to the
    /// kustomization that runs it.
    Plugin,
}

impl Role {
    /// Whether it runs while a kustomization is built.
    #[must_use]
    pub fn is_function(self) -> bool {
        matches!(self, Self::Generator | Self::Transformer | Self::Validator)
    }
}

/// An entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference<'a> {
    pub role: Role,
    /// The node that contains it.
    pub node: Node<'a>,
    /// The path, the URL or the inline content.
    pub entry: &'a str,
}

/// The values of a field; several if its key occurs in several spellings.
pub(super) fn fields<'a>(node: Node<'a>, field: &str) -> impl Iterator<Item = Node<'a>> {
    node.entries()
        .filter(move |(key, _)| key.text() == field || is_alike(key.text(), field))
        .map(|(_, value)| value)
}

/// The entries of a kustomization, in the order of this list.
pub(super) fn references(root: Node<'_>) -> Vec<Reference<'_>> {
    const LISTS: [(&str, Role); 9] = [
        ("resources", Role::Load),
        ("bases", Role::Load),
        ("components", Role::Component),
        ("patchesStrategicMerge", Role::Patch),
        ("generators", Role::Generator),
        ("transformers", Role::Transformer),
        ("validators", Role::Validator),
        ("crds", Role::Crd),
        ("configurations", Role::Configuration),
    ];
    const OF_ITEMS: [(&str, &[&str], Role); 8] = [
        ("patches", &["path"], Role::Patch),
        ("patchesJson6902", &["path"], Role::Patch),
        ("replacements", &["path"], Role::Replacement),
        ("configMapGenerator", DATA, Role::Data),
        ("secretGenerator", DATA, Role::SecretData),
        ("helmCharts", HELM_VALUES, Role::HelmValues),
        ("helmChartInflationGenerator", &["values"], Role::HelmValues),
        ("helmChartInflationGenerator", HELM_HOMES, Role::HelmHome),
    ];
    const OF_MAPS: [(&str, &[&str], Role); 2] = [
        ("openapi", &["path"], Role::OpenApi),
        ("helmGlobals", HELM_HOMES, Role::HelmHome),
    ];
    let mut found = Vec::new();
    for (list, role) in LISTS {
        for value in fields(root, list) {
            found.extend(named(value, role));
        }
    }
    for (list, inner, role) in OF_ITEMS {
        for item in fields(root, list).flat_map(Node::items) {
            in_fields(item, inner, role, &mut found);
        }
    }
    for (map, inner, role) in OF_MAPS {
        for map in fields(root, map) {
            in_fields(map, inner, role, &mut found);
        }
    }
    found
}

const DATA: &[&str] = &["files", "envs", "env"];
const HELM_VALUES: &[&str] = &["valuesFile", "additionalValuesFiles"];
const HELM_HOMES: &[&str] = &["chartHome", "configHome"];

/// The entries in the documents of one of kustomize's own plugins.
pub(super) fn plugin_references<'a>(roots: impl Iterator<Item = Node<'a>>) -> Vec<Reference<'a>> {
    let mut found = Vec::new();
    for root in roots {
        let is_builtin = |version: Node<'_>| version.as_str() == Some("builtin");
        if !fields(root, "apiVersion").any(is_builtin) {
            continue;
        }
        for inner in [&["path", "paths"], DATA, HELM_VALUES, HELM_HOMES] {
            in_fields(root, inner, Role::Plugin, &mut found);
        }
        for item in fields(root, "replacements").flat_map(Node::items) {
            in_fields(item, &["path"], Role::Plugin, &mut found);
        }
    }
    found
}

fn in_fields<'a>(item: Node<'a>, inner: &[&str], role: Role, found: &mut Vec<Reference<'a>>) {
    for field in inner {
        for value in fields(item, field) {
            let own = Some(value).filter(|value| value.is_scalar() && !value.is_null());
            let own = own.map(|node| Reference {
                role,
                node,
                entry: node.text(),
            });
            found.extend(named(value, role).chain(own).map(|reference| {
                let entry = reference.entry;
                // `key=path`, where the key is optional.
                let path = match entry.split_once('=') {
                    Some((_, path)) if DATA.contains(field) => path,
                    _ => entry,
                };
                Reference {
                    entry: path,
                    ..reference
                }
            }));
        }
    }
}

/// The entries of a list.
fn named(list: Node<'_>, role: Role) -> impl Iterator<Item = Reference<'_>> {
    list.items()
        .filter(|item| item.is_scalar() && !item.is_null())
        .map(move |node| Reference {
            role,
            node,
            entry: node.text(),
        })
}
