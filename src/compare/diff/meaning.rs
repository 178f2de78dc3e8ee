//! What a value means, as a text: two values have the same text if nothing between them would be a change.
//!
//! Alignment asks which elements of two lists are equal, and must answer as
//! the rest of the diff does: a set within an element of a set has no order
//! either, `1000m` is `1`, and `null` is absent.

use super::keys::keyed;
use super::pod;
use super::scalar::quantity_text;
use crate::quantity::Quantity;
use crate::resource::is_bookkeeping;
use crate::schema::{self, Field, List, Scalar, Type};
use crate::text::push_quoted;
use crate::yaml::Node;

/// The meaning of every element of a list.
pub(super) fn of_elements(items: &[Node<'_>], field: Field) -> Vec<String> {
    items
        .iter()
        .map(|item| {
            // Nothing is known about a list in a list.
            of(*item, if item.is_seq() { Field::UNKNOWN } else { field })
        })
        .collect()
}

/// The meaning of a value.
pub(super) fn of(node: Node<'_>, field: Field) -> String {
    let mut out = String::new();
    write(node, field, &[], &mut out);
    out
}

/// `way` holds the names of the last two fields that lead here, neither of them a list's element.
fn write(node: Node<'_>, field: Field, way: &[&str], out: &mut String) {
    if node.is_map() {
        write_map(node, field, way, out);
    } else if node.is_seq() {
        write_list(node, field, out);
    } else if field.scalar == Scalar::Quantity
        && let Some(amount) = quantity_text(node).and_then(|text| Quantity::parse(&text).ok())
    {
        out.push_str(&amount.nanos().to_string());
        out.push('n');
    } else {
        node.write_canonical(out);
    }
}

fn write_map(map: Node<'_>, field: Field, way: &[&str], out: &mut String) {
    let ty = if field.ty == Type::UNKNOWN && pod::looks_like_one(map) {
        Type::POD_SPEC
    } else {
        field.ty
    };
    let last = way.last().copied().unwrap_or("");
    let quantities =
        field.scalar == Scalar::QuantityMap || matches!(way, ["resources", "limits" | "requests"]);
    let mut entries: Vec<_> = map
        .entries()
        .map(|(key, value)| (key.text(), value))
        .filter(|(key, value)| {
            !(is_nothing(key, *value) || last == "annotations" && is_bookkeeping(key))
        })
        .collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    out.push('{');
    for (key, value) in entries {
        push_quoted(out, key);
        out.push(':');
        let mut field = ty.field(key);
        if quantities {
            field.scalar = Scalar::Quantity;
        }
        write(value, field, &[last, key], out);
        out.push(',');
    }
    out.push('}');
}

/// Whether a field makes no change compared with an absent one.
///
/// A map that is reported entry by entry has nothing to report if all its entries are nothing.
fn is_nothing(name: &str, value: Node<'_>) -> bool {
    value.is_null()
        || (schema::is_transparent(name)
            && value.is_map()
            && !value.is_childless()
            && value.entries().all(|(key, value)| {
                (name == "annotations" && is_bookkeeping(key.text()))
                    || is_nothing(key.text(), value)
            }))
}

fn write_list(list: Node<'_>, field: Field, out: &mut String) {
    let items: Vec<_> = list.items().collect();
    let mut texts = of_elements(&items, field);
    match field.list {
        List::Set | List::IngressRules | List::RouteRules => {
            texts.sort_unstable();
            texts.dedup();
        }
        List::Keyed {
            keys,
            ordered: false,
        } if keyed(&items, keys).is_some() => texts.sort_unstable(),
        _ => {}
    }
    out.push('[');
    for text in texts {
        out.push_str(&text);
        out.push(',');
    }
    out.push(']');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    fn meaning(text: &str) -> String {
        let tree = parse(text).unwrap();
        of(tree.roots().next().unwrap(), Field::UNKNOWN)
    }

    #[test]
    fn values_without_a_change_have_one_meaning() {
        for (one, other) in [
            ("{a: null, b: 1}", "{b: 1}"),
            ("{metadata: {labels: {x: null}}}", "{}"),
            (
                "{metadata: {annotations: {config.kubernetes.io/index: '1'}}}",
                "{}",
            ),
            (
                "{annotations: {config.kubernetes.io/index: '1', a: b}}",
                "{annotations: {a: b}}",
            ),
            (
                "{resources: {limits: {cpu: 1000m}}}",
                "{resources: {limits: {cpu: '1'}}}",
            ),
            (
                "{resources: {requests: {cpu: 1000m}}}",
                "{resources: {requests: {cpu: 1}}}",
            ),
            (
                "{containers: [{name: a, image: i, ports: [{containerPort: 80}, {containerPort: 81}]}]}",
                "{containers: [{name: a, image: i, ports: [{containerPort: 81}, {containerPort: 80}]}]}",
            ),
        ] {
            assert_eq!(meaning(one), meaning(other), "{one} {other}");
        }
    }

    #[test]
    fn values_with_a_change_have_two_meanings() {
        for (one, other) in [
            ("{labels: {}}", "{}"),
            ("{labels: x}", "{}"),
            ("{labels: {x: '1'}}", "{}"),
            ("{labels: {x: null, y: '1'}}", "{}"),
            ("{other: {x: null}}", "{}"),
            ("{labels: {config.kubernetes.io/index: '1'}}", "{}"),
            ("{annotations: {a: b}}", "{}"),
            ("{annotations: {a: b}}", "{annotations: {a: c}}"),
            (
                "{labels: {config.kubernetes.io/index: '1', a: b}}",
                "{labels: {a: b}}",
            ),
            ("{cpu: 1000m}", "{cpu: '1'}"),
            ("{x: {limits: {cpu: 1000m}}}", "{x: {limits: {cpu: '1'}}}"),
            (
                "{resources: {other: {cpu: 1000m}}}",
                "{resources: {other: {cpu: '1'}}}",
            ),
            (
                "{containers: [{name: a, ports: [{containerPort: 80}, {containerPort: 81}]}]}",
                "{containers: [{name: a, ports: [{containerPort: 81}, {containerPort: 80}]}]}",
            ),
            ("[a, b]", "[b, a]"),
        ] {
            assert_ne!(meaning(one), meaning(other), "{one} {other}");
        }
    }
}
