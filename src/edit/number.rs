//! Replaces a number, without changing the rest of a file's text.

use serde_json::Value;

use super::exchange::list;
use super::item::EditError;
use crate::yaml::{self, Node};

/// Replaces the number in a field of an element of the list under a path of keys.
///
/// # Errors
///
/// Fails on text that is not YAML, if there is no such list, element or field, and if other values
/// would change too, such as those of an alias.
pub fn set_number(
    text: &str,
    path: &[&str],
    index: usize,
    field: &str,
    number: &Value,
) -> Result<String, EditError> {
    let held = |why| EditError::Fixed {
        what: format!("{}[{index}].{field}", path.join(".")),
        why,
    };
    let tree = yaml::parse_lax(text)?;
    let roots: Vec<Node<'_>> = tree.roots().collect();
    let root = roots.first().ok_or_else(|| held("it is not there"))?;
    let element = list(text, *root, path)?.items().nth(index);
    let old = element.and_then(|element| element.get(field));
    let old = old
        .filter(|old| old.is_scalar())
        .ok_or_else(|| held("it is not there"))?;
    let mut edited = text.to_owned();
    edited.replace_range(old.span(), &number.to_string());

    let mut expected: Vec<Value> = roots.iter().map(|root| root.to_json()).collect();
    let mut value = expected.first_mut();
    for key in path {
        value = value.and_then(|value| value.get_mut(*key));
    }
    let element = value.and_then(|list| list.get_mut(index));
    if let Some(value) = element.and_then(|element| element.get_mut(field)) {
        value.clone_from(number);
    }
    let found = yaml::parse_lax(&edited);
    let found = found.map_err(|_| held("something else refers to it, as by an anchor"))?;
    let found: Vec<Value> = found.roots().map(Node::to_json).collect();
    if found == expected {
        Ok(edited)
    } else {
        Err(held("something else would change with it"))
    }
}

#[cfg(test)]
mod tests {
    use super::set_number;

    fn set(text: &str) -> Result<String, String> {
        set_number(text, &["replicas"], 1, "count", &6.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_but_the_number_stays() {
        for text in [
            "replicas:\n- {name: a, count: 1}\n- name: b # mine\n  # why\n  count: 3 # until May\n",
            "replicas: [{name: a, count: 1}, {name: b, count: 3}] # all\n",
            "replicas:\r\n- name: a\r\n  count: 1\r\n- count: 3\r\n  name: b\r\n",
            "replicas:\n- name: a\n  count: 1\n- name: b\n  count: &b 3\n",
            "x: &n 3\nreplicas:\n- name: a\n  count: 1\n- name: b\n  count: *n\n",
        ] {
            let old = if text.contains("*n") { "*n" } else { "3" };
            let at = text.rfind(old).expect("it is there");
            let expected = format!("{}6{}", &text[..at], &text[at + old.len()..]);
            assert_eq!(set(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_change_of_more_than_the_number_is_refused() {
        for (text, why) in [
            ("replicas:\n- name: a\n", "not there"),
            ("replicas:\n- name: a\n- name: b\n", "not there"),
            ("replicas: {}\n", "a list"),
            ("", "not there"),
            (
                "replicas:\n- name: a\n  count: 1\n- name: b\n  count: &n 3\nx: *n\n",
                "something else would change",
            ),
        ] {
            let error = set(text).expect_err(text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
