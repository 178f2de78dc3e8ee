//! `krm-parity schema`: the schemas of the functionConfigs and of the report, for editors,
//! catalogues and cluster tools.

use anyhow::{Context, bail};

use crate::policy::publish::{
    PUBLISHED, custom_resource, function_definition, json_schema, krmfile_definitions,
};
use crate::policy::{nearest, wire::Kind};
use crate::report::krm::to_yaml_document;
use crate::report::survey::{self, records};
use crate::rules::RULES;

/// The help of the verb.
pub(super) const LONG_ABOUT: &str = "\
Print the schema of a functionConfig, of a report of --format json, or of an audit record.

  krm-parity schema ParityPolicy                        JSON Schema, for editors
  krm-parity schema ParityPolicy --format definition    KRMFunctionDefinition
  krm-parity schema ParityPolicy --format crd           CustomResourceDefinition
  krm-parity schema --format krmfile                    openAPI.definitions for a Krmfile
  krm-parity schema ParityReport                        JSON Schema of the report
  krm-parity schema --format audit-record               JSON Schema of a line of --format audit-record";

/// The available forms.
pub(super) const FORMATS: [&str; 5] = [
    "json-schema",
    "definition",
    "crd",
    "krmfile",
    "audit-record",
];

/// The schema of a kind in one form.
///
/// # Errors
///
/// Fails if the kind is unknown, or has no such form.
pub fn print(kind: &str, format: &str) -> anyhow::Result<String> {
    if kind.eq_ignore_ascii_case(survey::KIND) {
        // A report is neither a functionConfig nor a resource of a cluster.
        if format != FORMATS[0] {
            bail!(
                "{} is available only as --format {}",
                survey::KIND,
                FORMATS[0]
            );
        }
        return json(&survey::schema());
    }
    if format == FORMATS[4] || kind.eq_ignore_ascii_case(records::KIND) {
        if !matches!(format, "json-schema" | "audit-record") {
            bail!(
                "{} is available only as --format {}",
                records::KIND,
                FORMATS[0]
            );
        }
        return json(&records::schema());
    }
    let (kind, name) = find(kind)?;
    Ok(match format {
        "definition" => to_yaml_document(&function_definition(RULES, kind, name)),
        "crd" => to_yaml_document(&custom_resource(RULES, kind, name)),
        "krmfile" => to_yaml_document(&krmfile_definitions(RULES)),
        _ => json(&json_schema(RULES, kind, name))?,
    })
}

fn json(schema: &serde_json::Value) -> anyhow::Result<String> {
    let text = serde_json::to_string_pretty(schema);
    Ok(text.context("the schema is not JSON")? + "\n")
}

fn find(wanted: &str) -> anyhow::Result<(Kind, &'static str)> {
    let found = PUBLISHED
        .into_iter()
        .find(|(_, name)| name.eq_ignore_ascii_case(wanted));
    if let Some(found) = found {
        return Ok(found);
    }
    let mut names = PUBLISHED.map(|(_, name)| name).to_vec();
    names.extend([survey::KIND, records::KIND]);
    let wanted = crate::text::quoted(wanted, 60);
    match nearest(&wanted, &names) {
        Some(near) => bail!("unknown kind {wanted}; did you mean {near}?"),
        None => bail!("unknown kind {wanted}; expected {}", names.join(" or ")),
    }
}
