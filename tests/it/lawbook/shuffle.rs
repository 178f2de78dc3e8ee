//! Random changes of orders that have no meaning.

use krm_parity::schema::{List, Type};
use serde_json::{Map, Value};

/// The elements in another order, the same for the same seed.
pub fn shuffled<T>(mut items: Vec<T>, seed: u64) -> Vec<T> {
    let mut state = seed ^ 0x9e37_79b9_7f4a_7c15;
    for at in (1..items.len()).rev() {
        // The generator of Knuth's MMIX; its high bits are random enough.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(state >> 33).unwrap_or(0) % (at + 1);
        items.swap(at, other);
    }
    items
}

/// The same value with the keys of every map in another order.
pub fn shuffled_keys(value: &Value, seed: u64) -> Value {
    match value {
        Value::Object(entries) => {
            let entries: Vec<_> = entries
                .iter()
                .map(|(key, value)| (key.clone(), shuffled_keys(value, seed + 1)))
                .collect();
            Value::Object(shuffled(entries, seed).into_iter().collect())
        }
        Value::Array(items) => items
            .iter()
            .map(|item| shuffled_keys(item, seed + 1))
            .collect(),
        scalar => scalar.clone(),
    }
}

/// The same resource with every list in another order if Kubernetes ignores its order.
pub fn shuffled_unordered(resource: &Value, seed: u64) -> Value {
    let text = |key: &str| resource[key].as_str().unwrap_or("");
    let (group, version) = match text("apiVersion").split_once('/') {
        Some(parts) => parts,
        None => ("", text("apiVersion")),
    };
    within(resource, Type::of(group, version, text("kind")), seed)
}

fn within(value: &Value, ty: Type, seed: u64) -> Value {
    let Value::Object(entries) = value else {
        return value.clone();
    };
    let mut out = Map::new();
    for (key, value) in entries {
        let field = ty.field(key);
        let value = match value {
            Value::Array(items) => {
                let items: Vec<_> = items
                    .iter()
                    .map(|item| within(item, field.ty, seed))
                    .collect();
                if is_unordered(field.list, &items) {
                    shuffled(items, seed).into()
                } else {
                    items.into()
                }
            }
            value => within(value, field.ty, seed),
        };
        out.insert(key.clone(), value);
    }
    out.into()
}

fn is_unordered(list: List, items: &[Value]) -> bool {
    match list {
        List::Set | List::IngressRules | List::RouteRules => true,
        List::Keyed {
            keys,
            ordered: false,
        } => {
            let mut all: Vec<String> = Vec::new();
            for item in items {
                let mut own = String::new();
                for key in keys {
                    let value = key.name.split('.').fold(item, |value, name| &value[name]);
                    let text = match value {
                        Value::Null | Value::Array(_) | Value::Object(_) => key.default,
                        Value::String(text) => Some(text.as_str()),
                        Value::Bool(_) | Value::Number(_) => None,
                    };
                    let Some(text) = text
                        .map(str::to_owned)
                        .or_else(|| value.is_number().then(|| value.to_string()))
                    else {
                        return false;
                    };
                    own.push_str(&text);
                    own.push('\0');
                }
                all.push(own);
            }
            all.sort();
            all.windows(2).all(|pair| pair[0] != pair[1])
        }
        _ => false,
    }
}
