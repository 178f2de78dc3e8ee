//! The values that exemptions hold: how a policy writes each, and what that text means.
//!
//! A value is written as a person reads it, or as a digest if no person could read it.
//! A value that a report does not show, above all a Secret's, is never written.

use std::borrow::Cow;

use serde_json::Value;

use crate::finding::{FieldRef, REDACTED};
use crate::path::Segment;
use crate::text::{digest, is_unsafe, without_hash};

/// How a policy writes that there is no value.
const ABSENT: &str = "<absent>";

/// The longest value that a policy writes out, in characters.
const MAX_HELD: usize = 120;

/// A field's value in the environment as an exemption writes it; `None` if no exemption can hold it.
#[must_use]
pub fn held(field: &FieldRef) -> Option<String> {
    let Some(found) = &field.overlay else {
        return field.base.as_ref().map(|_| ABSENT.to_owned());
    };
    if found == REDACTED {
        return None;
    }
    let found = plain(found, name_of(field));
    let text = written(&found);
    let is_readable = text.chars().count() <= MAX_HELD && !text.chars().any(is_unsafe);
    Some(if is_readable && text != ABSENT {
        text
    } else {
        digest(&text)
    })
}

/// Whether a field has the value that an exemption writes.
pub(super) fn is_held(wanted: &str, field: &FieldRef) -> bool {
    let Some(found) = &field.overlay else {
        return wanted == ABSENT && field.base.is_some();
    };
    if wanted == ABSENT {
        return false;
    }
    let name = name_of(field);
    let found = plain(found, name);
    if scalar(&found).is_none()
        && let Ok(wanted) = serde_json::from_str::<Value>(wanted)
        && plain(&wanted, name) == found
    {
        return true;
    }
    let text = written(&found);
    let wanted = match name {
        Some(name) if is_name(name) => without_hash(wanted),
        _ => wanted,
    };
    text == wanted || wanted.starts_with("sha256:") && digest(&text) == wanted
}

/// A value as an exemption writes it; `None` for lists and maps.
pub(super) fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn written(value: &Value) -> String {
    scalar(value).unwrap_or_else(|| {
        let mut sorted = value.clone();
        sorted.sort_all_objects();
        sorted.to_string()
    })
}

/// The name of a field, unless it is an element of a list.
fn name_of(field: &FieldRef) -> Option<&str> {
    match &field.path.spots().last()?.segment {
        Segment::Field(name) => Some(name),
        _ => None,
    }
}

/// Whether a field holds the name of a resource, which gets its hash only at the end of a build.
fn is_name(field: &str) -> bool {
    field == "name" || field.ends_with("Name")
}

/// A value without the hashes of generators, which change with a content that this value is not about.
fn plain<'v>(value: &'v Value, name: Option<&str>) -> Cow<'v, Value> {
    match value {
        Value::String(text) if name.is_some_and(is_name) && without_hash(text) != text => {
            Cow::Owned(without_hash(text).into())
        }
        Value::Array(all) => Cow::Owned(
            all.iter()
                .map(|one| plain(one, None).into_owned())
                .collect(),
        ),
        Value::Object(all) => Cow::Owned(Value::Object(
            all.iter()
                .map(|(key, one)| (key.clone(), plain(one, Some(key)).into_owned()))
                .collect(),
        )),
        _ => Cow::Borrowed(value),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::path::{FieldPath, Path};

    fn field(path: &str, overlay: Option<Value>, base: Option<Value>) -> FieldRef {
        FieldRef {
            path: FieldPath::from(Path::parse(path).unwrap()).into_owned(),
            base_path: None,
            overlay,
            base,
        }
    }

    fn at(path: &str, overlay: Value) -> FieldRef {
        field(path, Some(overlay), None)
    }

    #[test]
    fn a_written_value_means_that_value_and_no_other() {
        let long = "x".repeat(MAX_HELD + 1);
        let values = [
            json!("v1.5.0"),
            json!(""),
            json!(30),
            json!(31),
            json!(true),
            json!(ABSENT),
            json!(["a", "b"]),
            json!(["b", "a"]),
            json!({"a": {"b": 1}}),
            json!({"a": {"b": 2}}),
            json!({}),
            json!([]),
            json!(long),
            json!(format!("{long}y")),
            json!({ long.clone(): 1 }),
            json!("two\nlines"),
            json!("right\u{202e}left"),
            json!("漢字 🦀"),
            json!("sha256:0123"),
        ];
        let mut fields: Vec<_> = values
            .iter()
            .map(|value| at("spec.x", value.clone()))
            .collect();
        fields.push(field("spec.x", None, Some(json!(1))));
        for (mine, one) in fields.iter().enumerate() {
            let text = held(one).unwrap();
            assert!(
                text.len() <= 4 * MAX_HELD && !text.chars().any(is_unsafe),
                "{text}"
            );
            for (other, another) in fields.iter().enumerate() {
                assert_eq!(is_held(&text, another), mine == other, "{text} {another:?}");
            }
        }
    }

    #[test]
    fn a_person_may_write_json_in_any_way() {
        let probe = at("spec.probe", json!({"httpGet": {"path": "/", "port": 80}}));
        assert!(is_held(
            r#"{ "httpGet": {"port": 80,  "path": "/"} }"#,
            &probe
        ));
        assert!(!is_held(
            r#"{"httpGet": {"port": 81, "path": "/"}}"#,
            &probe
        ));
    }

    #[test]
    fn values_that_are_not_shown_are_not_held() {
        let secret = field(
            "data.password",
            Some(json!(REDACTED)),
            Some(json!(REDACTED)),
        );
        assert_eq!(held(&secret), None);
        assert_eq!(held(&field("spec.x", None, None)), None);
        let removed = field("data.password", None, Some(json!(REDACTED)));
        assert_eq!(held(&removed).as_deref(), Some(ABSENT));
    }

    /// A function sees a generated name before it gets its hash, `check` sees it afterwards.
    #[test]
    fn a_hash_is_part_of_every_value_except_of_a_name() {
        let name = |text: &str| at("spec.configMap.name", json!(text));
        let text = held(&name("web-5h8k2m6b2f")).unwrap();
        assert_eq!(text, "web");
        for (other, is) in [("web", true), ("web-9f7d2hcm58", true), ("web-new", false)] {
            assert_eq!(is_held(&text, &name(other)), is, "{other}");
        }
        assert!(is_held("web-5h8k2m6b2f", &name("web-9f7d2hcm58")));
        let volume = |text: &str| at("spec.volumes[name=x]", json!({"configMap": {"name": text}}));
        let text = held(&volume("web-5h8k2m6b2f")).unwrap();
        assert!(is_held(&text, &volume("web")) && !is_held(&text, &volume("shop")));
        let tag = |text: &str| at("spec.image", json!(text));
        let text = held(&tag("web:1-5h8k2m6b2f")).unwrap();
        assert!(!is_held(&text, &tag("web:1-9f7d2hcm58")));
    }
}
