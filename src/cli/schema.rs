//! `krm-parity schema`: the schema of the functionConfigs, for editors, catalogues and clusters' tools.

use anyhow::{Context, bail};

use crate::policy::publish::{
    PUBLISHED, custom_resource, function_definition, json_schema, krmfile_definitions,
};
use crate::policy::{nearest, wire::Kind};
use crate::report::krm::to_yaml_document;

/// The help of the verb.
pub(super) const LONG_ABOUT: &str = "\
Print the schema of a functionConfig.

  krm-parity schema ParityPolicy                        JSON Schema, for editors
  krm-parity schema ParityPolicy --format definition    KRMFunctionDefinition
  krm-parity schema ParityPolicy --format crd           CustomResourceDefinition
  krm-parity schema --format krmfile                    what a Krmfile has under openAPI.definitions";

/// The forms that can be asked for.
pub(super) const FORMATS: [&str; 4] = ["json-schema", "definition", "crd", "krmfile"];

/// The schema of a kind in a form.
///
/// # Errors
///
/// When the kind is unknown.
pub fn print(kind: &str, format: &str) -> anyhow::Result<String> {
    let (kind, name) = find(kind)?;
    Ok(match format {
        "definition" => to_yaml_document(&function_definition(kind, name)),
        "crd" => to_yaml_document(&custom_resource(kind, name)),
        "krmfile" => to_yaml_document(&krmfile_definitions()),
        _ => {
            let text = serde_json::to_string_pretty(&json_schema(kind, name));
            text.context("the schema is no JSON")? + "\n"
        }
    })
}

fn find(wanted: &str) -> anyhow::Result<(Kind, &'static str)> {
    let found = PUBLISHED
        .into_iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(wanted));
    if let Some(found) = found {
        return Ok(found);
    }
    let names = PUBLISHED.map(|(_, name)| name);
    let wanted = crate::text::quoted(wanted, 60);
    match nearest(&wanted, &names) {
        Some(near) => bail!("unknown kind {wanted}; did you mean {near}?"),
        None => bail!("unknown kind {wanted}; expected {}", names.join(" or ")),
    }
}
