//! The YAML reader: an accepted text is accepted again with the same result, and its places are
//! inside the text.
#![no_main]

use krm_parity::yaml::{Node, parse, parse_bytes, parse_json_lines};
use krm_parity_fuzz::{canonical, has_long_key};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|data: &[u8]| {
    let tree = match parse_bytes(data) {
        Ok(tree) => tree,
        Err(error) => {
            let text = error.to_string();
            assert!(
                !text.is_empty() && !text.chars().any(char::is_control),
                "{text:?}"
            );
            return;
        }
    };
    let lines = tree.source().lines().count() + 1;
    for root in tree.roots() {
        check_places(root, lines);
        let text = canonical(root);
        assert!(!text.contains('\n'));
        let again = parse_json_lines(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
        let roots: Vec<_> = again.roots().map(canonical).collect();
        assert_eq!(roots, [text.as_str()]);
        assert!(
            again.roots().all(|again| sorted(again) == sorted(root)),
            "{text}"
        );
        if !has_long_key(root) {
            let again = parse(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
            let roots: Vec<_> = again.roots().map(canonical).collect();
            assert_eq!(roots, [text.as_str()]);
        }
        let _ = (root.to_json(), root.to_yaml_value(), root.size());
    }
});

/// Every node has a place in the text.
fn check_places(node: Node<'_>, lines: usize) {
    let span = node.span();
    assert!(node.tree().source().get(span.clone()).is_some(), "{span:?}");
    assert!((1..=lines).contains(&node.line()), "{}", node.line());
    for (key, value) in node.entries() {
        check_places(key, lines);
        check_places(value, lines);
    }
    node.items().for_each(|item| check_places(item, lines));
}

/// The value of a node with sorted keys.
fn sorted(node: Node<'_>) -> Value {
    let mut value = node.to_json();
    value.sort_all_objects();
    value
}
