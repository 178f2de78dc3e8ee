//! Reading the resources of a `ResourceList`, or of plain documents.

use crate::resource::{Resource, is_bookkeeping};
use crate::text::{MAX_NAME, quoted};
use crate::yaml::{Node, Tree};

/// The reason why a text is not a `ResourceList`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct KrmError {
    /// The line of the input, from 1.
    pub line: usize,
    /// The fault, and what was expected.
    pub message: String,
}

/// A `ResourceList` that was read.
#[derive(Debug)]
pub struct ResourceList<'a> {
    /// The whole document.
    pub root: Node<'a>,
    /// The list under `items`.
    pub items: Node<'a>,
    /// `functionConfig`, if there is one.
    pub config: Option<Node<'a>>,
    /// Every item; a `List` is replaced by its items.
    pub resources: Vec<Resource<'a>>,
}

fn error_at(node: Node<'_>, message: String) -> KrmError {
    KrmError {
        line: node.line(),
        message,
    }
}

fn error_at_top(message: &str) -> KrmError {
    KrmError {
        line: 1,
        message: message.to_owned(),
    }
}

/// Reads a parsed text as a `ResourceList`.
///
/// # Errors
///
/// Fails if there is no document or several, if the document has another kind or version, if
/// `items` is missing or is not a list, and if an item has no `kind`.
pub fn read<'a>(tree: &'a Tree<'a>) -> Result<ResourceList<'a>, KrmError> {
    const EXPECTED: &str = "expected a ResourceList of config.kubernetes.io/v1";
    let mut roots = tree.roots();
    let Some(root) = roots.next() else {
        return Err(error_at_top(&format!("the input is empty; {EXPECTED}")));
    };
    if let Some(second) = roots.find(|root| !root.is_null()) {
        return Err(error_at(
            second,
            format!("the input has a second document; {EXPECTED} only"),
        ));
    }
    if !root.is_map() {
        return Err(error_at(
            root,
            format!("the document is {}; {EXPECTED}", describe(root)),
        ));
    }
    let field = |key| root.get(key).and_then(Node::as_str);
    match (field("apiVersion"), field("kind")) {
        (
            Some(
                "config.kubernetes.io/v1"
                | "config.kubernetes.io/v1beta1"
                | "config.kubernetes.io/v1alpha1",
            ),
            Some("ResourceList"),
        ) => {}
        (version, kind) => {
            return Err(error_at(
                root,
                format!(
                    "apiVersion {}, kind {}; {EXPECTED}",
                    quoted(version.unwrap_or(""), MAX_NAME),
                    quoted(kind.unwrap_or(""), MAX_NAME)
                ),
            ));
        }
    }
    let items = match root.get("items") {
        Some(items) if items.is_seq() => items,
        Some(items) => {
            return Err(error_at(
                items,
                format!("items is {}; it must be a list", describe(items)),
            ));
        }
        None => {
            return Err(error_at(
                root,
                "the ResourceList has no items; it must have a list of them".to_owned(),
            ));
        }
    };
    let mut resources = Vec::new();
    for (index, item) in items.items().enumerate() {
        push_item(item, &format!("items[{index}]"), &mut resources)?;
    }
    let config = root
        .get("functionConfig")
        .filter(|config| !config.is_null());
    Ok(ResourceList {
        root,
        items,
        config,
        resources,
    })
}

/// Reads every document of a parsed text as a resource, as kustomize passes them to its older
/// plugins.
///
/// # Errors
///
/// Fails on a document that is not a resource.
pub fn read_documents<'a>(tree: &'a Tree<'a>) -> Result<Vec<Resource<'a>>, KrmError> {
    let mut resources = Vec::new();
    for (index, root) in tree.roots().enumerate().filter(|(_, root)| !root.is_null()) {
        push_item(root, &format!("document {}", index + 1), &mut resources)?;
    }
    Ok(resources)
}

/// Reads the resources of a `ResourceList` if there is one, else of the documents.
///
/// # Errors
///
/// Fails as [`read`] and [`read_documents`] do.
pub fn read_resources<'a>(tree: &'a Tree<'a>) -> Result<Vec<Resource<'a>>, KrmError> {
    if is_resource_list(tree) {
        Ok(read(tree)?.resources)
    } else {
        read_documents(tree)
    }
}

/// Whether a text is, or contains, a `ResourceList`.
#[must_use]
pub fn is_resource_list(tree: &Tree<'_>) -> bool {
    tree.roots()
        .any(|root| root.str_at(&["kind"]) == Some("ResourceList"))
}

/// Reads an item; the items of a plain `List` count separately.
fn push_item<'a>(
    item: Node<'a>,
    place: &str,
    resources: &mut Vec<Resource<'a>>,
) -> Result<(), KrmError> {
    if !item.is_map() {
        return Err(error_at(
            item,
            format!("{place} is {}; it must be a resource", describe(item)),
        ));
    }
    let Some(resource) = Resource::read(item).or_else(|| Resource::read_kustomization(item)) else {
        return Err(error_at(
            item,
            format!("{place} has no kind; every item must be a resource"),
        ));
    };
    match item.get("items") {
        Some(inner)
            if resource.kind() == "List" && resource.api_version == "v1" && inner.is_seq() =>
        {
            for (index, item) in inner.items().enumerate() {
                push_item(item, &format!("{place}.items[{index}]"), resources)?;
            }
        }
        _ => resources.push(resource),
    }
    Ok(())
}

fn describe(node: Node<'_>) -> &'static str {
    use crate::yaml::Kind;
    match node.kind() {
        Kind::Null => "null",
        Kind::Bool => "a boolean",
        Kind::Int | Kind::Float => "a number",
        Kind::Str => "a string",
        Kind::Seq => "a list",
        Kind::Map => "a map",
    }
}

/// Whether two resources are equal, apart from the annotations of hosts.
#[must_use]
pub fn same_content(a: &Resource<'_>, b: &Resource<'_>) -> bool {
    let clean = |resource: &Resource<'_>| {
        let mut value = resource.node.to_json();
        let annotations = value
            .pointer_mut("/metadata/annotations")
            .and_then(|value| value.as_object_mut());
        if let Some(annotations) = annotations {
            annotations.retain(|key, _| !is_bookkeeping(key));
            if annotations.is_empty()
                && let Some(metadata) = value
                    .pointer_mut("/metadata")
                    .and_then(|value| value.as_object_mut())
            {
                metadata.remove("annotations");
            }
        }
        value
    };
    a.node.same_in_order(b.node) || clean(a) == clean(b)
}
