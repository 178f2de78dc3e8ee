//! Generators that decrypt Secrets, which do not run here. Their Secrets are built from their
//! sources without values, because SOPS leaves names and keys readable.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::super::build::STUB;
use super::super::files;
use crate::repo::{Parsed, split};
use crate::yaml::{self, Node, Tree};

/// Whether every document of a configuration file decrypts Secrets.
pub(super) fn decrypts(parsed: &Parsed<'_>, file: &str) -> bool {
    let mut roots = parsed
        .tree(file)
        .into_iter()
        .flat_map(Tree::roots)
        .peekable();
    roots.peek().is_some() && roots.all(|root| Kind::of(root).is_some())
}

/// Generators that make the same Secrets with kustomize alone, without values; `None` if that is
/// not possible.
pub(super) fn stand_in(
    parsed: &Parsed<'_>,
    root: &Path,
    directory: &str,
    file: &str,
) -> Option<String> {
    let mut all = Vec::new();
    for node in parsed.tree(file)?.roots() {
        match Kind::of(node)? {
            Kind::Ksops => ksops(node, &root.join(directory), &mut all)?,
            Kind::Secret => all.push(secret(node, node)?),
        }
    }
    let all: Vec<String> = all.iter().map(Value::to_string).collect();
    Some(all.join("\n---\n"))
}

/// The kind of a decrypting generator.
enum Kind {
    /// Files with Secrets, and sources of Secrets.
    Ksops,
    /// Sources of one Secret.
    Secret,
}

impl Kind {
    fn of(node: Node<'_>) -> Option<Self> {
        let group = node.str_at(&["apiVersion"])?.split('/').next()?;
        match (group, node.str_at(&["kind"])?) {
            ("viaduct.ai", "ksops") => Some(Self::Ksops),
            ("goabout.com", "SopsSecretGenerator") => Some(Self::Secret),
            _ => None,
        }
    }
}

fn ksops(node: Node<'_>, directory: &Path, all: &mut Vec<Value>) -> Option<()> {
    for file in items(node, "files") {
        let text = files::read_text(&directory.join(file)).ok()?;
        let tree = yaml::parse_lax(&text).ok()?;
        for root in tree.roots().filter(|root| !root.is_null()) {
            all.push(decrypted(root)?);
        }
    }
    let sources = node.get("secretFrom").into_iter().flat_map(Node::items);
    for source in sources {
        all.push(secret(source, source)?);
    }
    Some(())
}

/// A generator for the encrypted Secret in a file.
fn decrypted(root: Node<'_>) -> Option<Value> {
    if root.str_at(&["kind"])? != "Secret" || !root.get("sops")?.is_map() {
        return None;
    }
    let data = ["data", "stringData"];
    let data = data.iter().filter_map(|field| root.get(field));
    let keys = data
        .flat_map(Node::entries)
        .map(|(key, _)| literal(key.text()));
    let metadata = root.get("metadata")?;
    Some(generator(metadata, root, &keys.collect::<Vec<_>>(), true))
}

/// A generator for the Secret from encrypted sources.
fn secret(node: Node<'_>, options: Node<'_>) -> Option<Value> {
    let mut literals = Vec::new();
    for field in ["files", "binaryFiles"] {
        for entry in items(node, field) {
            let key = entry
                .split_once('=')
                .map_or_else(|| split(entry).1, |(key, _)| key);
            literals.push(literal(key));
        }
    }
    let unknown = items(node, "envs").enumerate();
    literals.extend(unknown.map(|(at, _)| literal(&format!("{STUB}SOPS_{at}"))));
    let is_plain = options.str_at(&["disableNameSuffixHash"]) == Some("true")
        || options
            .get("disableNameSuffixHash")
            .is_some_and(|it| it.text() == "true");
    let is_ksops = Kind::of(node).is_none();
    Some(generator(
        node.get("metadata")?,
        node,
        &literals,
        is_plain || is_ksops,
    ))
}

fn generator(metadata: Node<'_>, of: Node<'_>, literals: &[Value], is_plain: bool) -> Value {
    const HASHED: &str = "kustomize.config.k8s.io/needs-hash";
    let texts = |field: &str| -> Map<String, Value> {
        let entries = metadata.get(field).into_iter().flat_map(Node::entries);
        let own = |key: &str| !key.starts_with("kustomize.config.k8s.io/");
        let entries = entries.filter(|(key, value)| own(key.text()) && value.is_scalar());
        entries
            .map(|(key, value)| (key.text().to_owned(), Value::from(value.text())))
            .collect()
    };
    let is_hashed = metadata.str_at(&["annotations", HASHED]) == Some("true");
    let mut out = json!({
        "apiVersion": "builtin",
        "kind": "SecretGenerator",
        "metadata": {},
        "literals": literals,
        "options": {
            "disableNameSuffixHash": is_plain && !is_hashed,
            "labels": texts("labels"),
            "annotations": texts("annotations"),
        },
    });
    for field in ["name", "namespace"] {
        if let Some(name) = metadata.str_at(&[field]) {
            out["metadata"][field] = name.into();
        }
    }
    for field in ["type", "behavior"] {
        if let Some(word) = of.str_at(&[field]) {
            out[field] = word.into();
        }
    }
    out
}

/// A key without a value.
fn literal(key: &str) -> Value {
    Value::from(format!("{key}="))
}

fn items<'a>(node: Node<'a>, field: &str) -> impl Iterator<Item = &'a str> {
    let list = node.get(field).into_iter().flat_map(Node::items);
    list.filter_map(Node::as_str)
}
