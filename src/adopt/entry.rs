//! An exemption as an entry of a policy, in the style of a person.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::catalog::RuleId;
use crate::edit::{Item, scalar};
use crate::text::is_unsafe;

/// The subject of an exemption, except services, environments and values.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    pub rule: RuleId,
    pub path: Option<String>,
    pub target: Option<Target>,
}

/// The resource that is meant; with a group or a namespace only if the rest is ambiguous.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub kind: String,
    pub name: String,
    pub group: Option<String>,
    pub namespace: Option<String>,
}

/// The beginning of an adopted exemption's reason, before the day.
const ADOPTED: &str = "adopted ";

/// The rest of it, for its owner to replace.
const TODO: &str = ": TODO say why this may stay until then, and who fixes it";

/// The text before the reason of the exemption that this one replaces.
const BEFORE: &str = "; the reason for the value before: ";

/// The longest map of values that is written on one line, in characters.
const MAX_LINE: usize = 100;

/// An exemption in block style, and as a value.
pub(super) fn item(
    subject: &Subject,
    services: &[String],
    held: &[(String, Option<String>)],
    today: Date,
    expires: Date,
) -> Item {
    let reason = format!("{ADOPTED}{today}{TODO}");
    let expires = expires.to_string();
    let mut value = Map::new();
    let mut lines = vec![format!("- rule: {}", subject.rule)];
    let mut add = |key: &str, text: String, it: Value| {
        let space = if text.starts_with('\n') { "" } else { " " };
        lines.push(format!("  {key}:{space}{text}"));
        value.insert(key.to_owned(), it);
    };
    if let Some(target) = &subject.target {
        let parts = [
            ("group", target.group.as_ref()),
            ("kind", Some(&target.kind)),
            ("namespace", target.namespace.as_ref()),
            ("name", Some(&target.name)),
        ];
        let parts = || {
            parts
                .iter()
                .filter_map(|(key, text)| Some((*key, (*text)?)))
        };
        let text: Vec<String> = parts()
            .map(|(key, text)| format!("{key}: {}", scalar(text)))
            .collect();
        let map: Map<String, Value> = parts()
            .map(|(key, text)| (key.to_owned(), json!(text)))
            .collect();
        add("target", format!("{{{}}}", text.join(", ")), map.into());
    }
    if let Some(path) = &subject.path {
        add("path", path_scalar(path), json!(path));
    }
    let names = |names: &[&str]| {
        let text: Vec<String> = names.iter().map(|name| scalar(name)).collect();
        (format!("[{}]", text.join(", ")), json!(names))
    };
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    if !services.is_empty() {
        let (text, value) = names(&services);
        add("services", text, value);
    }
    let environments = held.iter().map(|(name, _)| name.as_str());
    let environments: Vec<&str> = environments.filter(|name| !name.is_empty()).collect();
    let values: BTreeSet<&str> = held
        .iter()
        .filter_map(|(_, value)| value.as_deref())
        .collect();
    match values.first() {
        Some(_) if values.len() > 1 => {
            let all = held.iter();
            let all = all.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?)));
            let text: Vec<String> = all
                .clone()
                .map(|(name, value)| format!("{}: {}", scalar(name), json!(value)))
                .collect();
            let flow = format!("{{{}}}", text.join(", "));
            let text = if flow.chars().count() <= MAX_LINE {
                flow
            } else {
                format!("\n    {}", text.join("\n    "))
            };
            let map: Map<String, Value> = all
                .map(|(name, value)| (name.to_owned(), json!(value)))
                .collect();
            add("values", text, map.into());
        }
        one => {
            if let Some(value) = one {
                add("value", json!(value).to_string(), json!(value));
            }
            if !environments.is_empty() {
                let (text, value) = names(&environments);
                add("environments", text, value);
            }
        }
    }
    add("reason", json!(reason).to_string(), json!(reason));
    add("expires", json!(expires).to_string(), json!(expires));
    let mut all = Map::new();
    all.insert("rule".to_owned(), json!(subject.rule.as_str()));
    all.append(&mut value);
    Item {
        comment: None,
        block: lines.join("\n"),
        value: all.into(),
    }
}

/// The reason that a person gave for an exemption; `None` if it is still as it was adopted.
pub(super) fn reason_of(reason: &str) -> Option<&str> {
    match reason.split_once(TODO) {
        Some((adopted, rest)) if adopted.starts_with(ADOPTED) => rest.strip_prefix(BEFORE),
        _ => Some(reason),
    }
}

/// An exemption that replaces another one, whose reason it keeps for its owner to review.
pub(super) fn after(item: &Item, reason: Option<&str>) -> Item {
    let mut item = Item {
        comment: None,
        ..item.clone()
    };
    let old = item.value.get("reason").and_then(Value::as_str);
    if let Some((old, reason)) = old.zip(reason) {
        let new = json!(format!("{old}{BEFORE}{reason}"));
        let line = |reason: &Value| format!("\n  reason: {reason}\n");
        item.block = item.block.replacen(&line(&json!(old)), &line(&new), 1);
        item.value["reason"] = new;
    }
    item
}

/// A path as a value in a map in block style, where brackets need no quotes.
pub(super) fn path_scalar(path: &str) -> String {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '[' | ']' | '=' | '_' | '-' | '/' | ',')
    };
    let starts = path.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts && path.contains(['.', '[']) && path.chars().all(is_plain) {
        path.to_owned()
    } else if path.contains(['\'', '\\']) || path.chars().any(is_unsafe) {
        json!(path).to_string()
    } else if path.contains('"') {
        format!("'{path}'")
    } else {
        scalar(path)
    }
}
