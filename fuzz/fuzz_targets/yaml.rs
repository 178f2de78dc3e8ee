//! The YAML reader: what it takes, it takes the same way again, and its places are inside of the text.
#![no_main]

use krm_parity::yaml::{parse, parse_bytes, parse_json_lines};
use krm_parity_fuzz::{canonical, has_long_key};
use libfuzzer_sys::fuzz_target;

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
        assert!((1..=lines).contains(&root.line()));
        assert!(
            tree.source().get(root.span()).is_some(),
            "{:?}",
            root.span()
        );
        let text = canonical(root);
        assert!(!text.contains('\n'));
        let again = parse_json_lines(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
        let roots: Vec<_> = again.roots().map(canonical).collect();
        assert_eq!(roots, [text.as_str()]);
        if !has_long_key(root) {
            let again = parse(&text).unwrap_or_else(|error| panic!("{error} in {text}"));
            let roots: Vec<_> = again.roots().map(canonical).collect();
            assert_eq!(roots, [text.as_str()]);
        }
        let _ = (root.to_json(), root.to_yaml_value(), root.size());
    }
});
