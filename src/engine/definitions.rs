//! `crds`: type definitions, which declare the fields that hold labels, annotations and names of
//! other resources.

use crate::yaml::Node;

use super::reach::{Kinds, Reaches, Referred, Spec, split};

/// The deepest chain of definitions that refer to each other.
const MAX_DEPTH: usize = 32;

/// The largest number of fields that one file may add.
const MAX_FIELDS: usize = 4096;

/// The fault of some definitions.
pub(super) enum Wrong<'n> {
    /// A key that kustomize does not know, or a value where a key belongs.
    Key(Node<'n>),
    /// kustomize does not accept the value.
    Type(Node<'n>),
    /// There are more definitions than the bounds allow.
    Bounds,
}

/// Reads one file of definitions.
pub(super) fn read(root: Node<'_>) -> Result<Reaches, Wrong<'_>> {
    let mut all = Reaches::default();
    if root.is_null() {
        return Ok(all);
    }
    if let Some((_, other)) = root
        .entries()
        .find(|(_, value)| !value.is_map() && !value.is_null())
    {
        return Err(Wrong::Type(other));
    }
    if !root.is_map() {
        return Err(Wrong::Type(root));
    }
    for (name, definition) in root.entries() {
        let has = |field: &str| properties(definition).is_some_and(|all| all.get(field).is_some());
        if ["kind", "apiVersion", "metadata"].into_iter().all(has) {
            let kind = name.text().rsplit('.').next().unwrap_or_default();
            let mut count = 0;
            follow(
                &mut all,
                (root, kind),
                name.text(),
                &mut Vec::new(),
                &mut count,
            )?;
        }
    }
    Ok(all)
}

/// The properties of a definition.
fn properties(definition: Node<'_>) -> Option<Node<'_>> {
    let mut entries = definition.entries();
    let (_, schema) = entries.find(|(key, _)| key.text().eq_ignore_ascii_case("schema"))?;
    schema
        .get("properties")
        .filter(|properties| properties.is_map())
}

fn follow<'n>(
    all: &mut Reaches,
    (root, kind): (Node<'n>, &str),
    name: &str,
    path: &mut Vec<String>,
    count: &mut usize,
) -> Result<(), Wrong<'n>> {
    if path.len() > MAX_DEPTH {
        return Err(Wrong::Bounds);
    }
    let Some(properties) = root.get(name).and_then(properties) else {
        return Ok(());
    };
    for (field, property) in properties.entries() {
        *count += 1;
        if *count > MAX_FIELDS {
            return Err(Wrong::Bounds);
        }
        path.push(field.text().to_owned());
        let said = |name: &str| {
            let mut entries = property.entries();
            let found = entries.find(|(key, _)| key.text().eq_ignore_ascii_case(name));
            found.and_then(|(_, value)| value.as_str())
        };
        let spec = |path: &[String]| Spec {
            create: false,
            of: Kinds {
                kind: kind.to_owned(),
                ..Kinds::default()
            },
            path: split(&path.join("/")),
        };
        for (word, list) in [
            ("x-kubernetes-annotation", &mut all.annotations),
            ("x-kubernetes-label-selector", &mut all.selecting_labels),
            ("x-kubernetes-identity", &mut all.prefix),
        ] {
            if said(word).is_some() {
                list.push(spec(path));
            }
        }
        let to =
            said("x-kubernetes-object-ref-api-version").zip(said("x-kubernetes-object-ref-kind"));
        if let Some((version, kind)) = to {
            path.push(
                said("x-kubernetes-object-ref-name-key")
                    .unwrap_or("name")
                    .to_owned(),
            );
            all.names.push(Referred {
                to: Kinds {
                    version: version.to_owned(),
                    kind: kind.to_owned(),
                    ..Kinds::default()
                },
                by: vec![spec(path)],
            });
            path.pop();
        }
        if let Some(other) = property.str_at(&["$ref"]) {
            follow(all, (root, kind), other, path, count)?;
        }
        path.pop();
    }
    Ok(())
}
