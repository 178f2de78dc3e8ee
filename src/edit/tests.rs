use serde_json::Value;

use super::*;

fn added(text: &str) -> Result<String, EditError> {
    append(text, &["transformers"], &[Item::text("../parity/dev")])
}

/// Every notation, before and after.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn an_entry_is_added_in_every_notation() {
    for (before, after) in [
        ("", "transformers:\n- ../parity/dev\n"),
        (
            "# nothing yet\n",
            "# nothing yet\ntransformers:\n- ../parity/dev\n",
        ),
        ("---\n", "---\ntransformers:\n- ../parity/dev\n"),
        (
            "resources:\n- a.yaml\n",
            "resources:\n- a.yaml\ntransformers:\n- ../parity/dev\n",
        ),
        (
            "resources: [a.yaml]",
            "resources: [a.yaml]\ntransformers:\n- ../parity/dev\n",
        ),
        (
            "resources:\r\n- a.yaml\r\n",
            "resources:\r\n- a.yaml\r\ntransformers:\r\n- ../parity/dev\r\n",
        ),
        (
            "resources:\r\n- a.yaml",
            "resources:\r\n- a.yaml\r\ntransformers:\r\n- ../parity/dev\r\n",
        ),
        (
            "resources:\n  - a.yaml   # first\n  # - b.yaml\n\n# the end\n",
            "resources:\n  - a.yaml   # first\n  # - b.yaml\ntransformers:\n- ../parity/dev\n\n# the end\n",
        ),
        (
            "transformers:\n- a\nresources:\n- b\n",
            "transformers:\n- a\n- ../parity/dev\nresources:\n- b\n",
        ),
        (
            "transformers:\n# one\n-   a # why\n\n# about b\nresources:\n- b\n",
            "transformers:\n# one\n-   a # why\n- ../parity/dev\n\n# about b\nresources:\n- b\n",
        ),
        (
            "transformers:\n    - a\n",
            "transformers:\n    - a\n    - ../parity/dev\n",
        ),
        (
            "transformers:\n-\n  a\n",
            "transformers:\n-\n  a\n- ../parity/dev\n",
        ),
        (
            "transformers:\n- |\n  kind: X\n  a: b\n\nimages: []\n",
            "transformers:\n- |\n  kind: X\n  a: b\n- ../parity/dev\n\nimages: []\n",
        ),
        (
            "transformers:\n- |-\n  kind: X",
            "transformers:\n- |-\n  kind: X\n- ../parity/dev\n",
        ),
        ("transformers: [a]\n", "transformers: [a, ../parity/dev]\n"),
        (
            "transformers: [ a, 'b' ] # both\n",
            "transformers: [ a, 'b', ../parity/dev ] # both\n",
        ),
        (
            "transformers: [\n  a, # one\n  b,\n]\n",
            "transformers: [\n  a, # one\n  b, ../parity/dev,\n]\n",
        ),
        ("transformers: []\n", "transformers: [\"../parity/dev\"]\n"),
        (
            "transformers: [ ]\n",
            "transformers: [\"../parity/dev\" ]\n",
        ),
        (
            "transformers:\nresources: [a]\n",
            "transformers:\n- ../parity/dev\nresources: [a]\n",
        ),
        (
            "transformers:   # none\n",
            "transformers:   # none\n- ../parity/dev\n",
        ),
        (
            "transformers: null # none\nresources: [a]\n",
            "transformers:  # none\n- ../parity/dev\nresources: [a]\n",
        ),
        ("transformers: ~", "transformers: \n- ../parity/dev\n"),
        (
            "{\"resources\": [\"a\"]}\n",
            "{\"resources\": [\"a\"], \"transformers\": [\"../parity/dev\"]}\n",
        ),
        ("{}", "{\"transformers\": [\"../parity/dev\"]}"),
        (
            "{\"transformers\": null}",
            "{\"transformers\": [\"../parity/dev\"]}",
        ),
        (
            "\"resources\": [a]\nimages:\n",
            "\"resources\": [a]\nimages:\ntransformers:\n- ../parity/dev\n",
        ),
        (
            "patches:\n- patch: |\n    - op: add\n      path: /x\n  target: {kind: A}\n---\nkind: B\n",
            "patches:\n- patch: |\n    - op: add\n      path: /x\n  target: {kind: A}\ntransformers:\n- ../parity/dev\n---\nkind: B\n",
        ),
        (
            "resources: [a]\n...\n",
            "resources: [a]\ntransformers:\n- ../parity/dev\n...\n",
        ),
        (
            "resources: [a]\n# résumé: é\n# last",
            "resources: [a]\n# résumé: é\n# last\ntransformers:\n- ../parity/dev\n",
        ),
        (
            "  resources: [a]\n  images:\n    - name: x\n",
            "  resources: [a]\n  images:\n    - name: x\n  transformers:\n  - ../parity/dev\n",
        ),
        (
            "\u{feff}resources: [a]\n",
            "\u{feff}resources: [a]\ntransformers:\n- ../parity/dev\n",
        ),
        (
            "patches:\n- patch: |\n    a\n\n\n",
            "patches:\n- patch: |\n    a\ntransformers:\n- ../parity/dev\n\n\n",
        ),
        (
            "patches:\n- |+\n  a\n\n\n",
            "patches:\n- |+\n  a\n\n\ntransformers:\n- ../parity/dev\n",
        ),
    ] {
        assert_eq!(added(before).as_deref(), Ok(after), "{before:?}");
    }
}

#[test]
fn a_notation_without_a_place_is_an_error() {
    for (text, part) in [
        ("[a]", "line 1: the document is not a map"),
        ("transformers: a\n", "line 1: transformers is not a list"),
        ("transformers: {a: b}\n", "transformers is not a list"),
        ("x: &x [a]\ntransformers: *x\n", "nothing can be inserted"),
        ("x: &x\n- a\ntransformers: *x\n", "nothing can be inserted"),
        ("transformers: !!null ''\n", "nothing can be inserted"),
        ("a: [", "line 1"),
    ] {
        let error = added(text).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
}

#[test]
fn missing_keys_are_created() {
    let item = Item {
        comment: Some("why".to_owned()),
        block: "- rule: image\n  reason: x".to_owned(),
        value: serde_json::json!({"rule": "image", "reason": "x"}),
    };
    for (before, after) in [
        (
            "kind: P\n",
            "kind: P\nspec:\n  exemptions:\n  # why\n  - rule: image\n    reason: x\n",
        ),
        (
            "kind: P\nspec:\n",
            "kind: P\nspec:\n  exemptions:\n  # why\n  - rule: image\n    reason: x\n",
        ),
        (
            "spec: {} # none\n",
            "spec: {\"exemptions\": [\n  {\n    \"rule\": \"image\",\n    \"reason\": \"x\"\n  }]} # none\n",
        ),
        (
            "spec:\n    failOn: error # x\n    # more\nkind: P\n",
            "spec:\n    failOn: error # x\n    # more\n    exemptions:\n    # why\n    - rule: image\n      reason: x\nkind: P\n",
        ),
        (
            "spec:\n  exemptions: []\n",
            "spec:\n  exemptions: [\n    {\n      \"rule\": \"image\",\n      \"reason\": \"x\"\n    }]\n",
        ),
        (
            "spec:\n  exemptions:\n    - {rule: image}\n    # - {rule: other}\n  failOn: error\n",
            "spec:\n  exemptions:\n    - {rule: image}\n    # why\n    - rule: image\n      reason: x\n    # - {rule: other}\n  failOn: error\n",
        ),
        (
            "spec:\n  exemptions:\n  - rule: image\n    reason: y\n    # path: z\n\n  failOn: error\n",
            "spec:\n  exemptions:\n  - rule: image\n    reason: y\n    # path: z\n  # why\n  - rule: image\n    reason: x\n\n  failOn: error\n",
        ),
        (
            "{\"spec\": {\"exemptions\": [{\"a\": 1}]}}",
            "{\"spec\": {\"exemptions\": [{\"a\": 1},\n  {\n    \"rule\": \"image\",\n    \"reason\": \"x\"\n  }]}}",
        ),
    ] {
        let found = append(before, &["spec", "exemptions"], std::slice::from_ref(&item));
        assert_eq!(found.as_deref(), Ok(after), "{before:?}");
    }
    assert_eq!(append("x: [", &["a"], &[]), Ok("x: [".to_owned()));
}

#[test]
fn words_are_quoted_where_they_must_be() {
    for (text, block) in [
        ("../a/b.yaml", "- ../a/b.yaml"),
        ("-x", "- \"-x\""),
        ("a b", "- \"a b\""),
        ("a#", "- \"a#\""),
        ("12", "- \"12\""),
        ("", "- \"\""),
    ] {
        assert_eq!(Item::text(text).block, block);
    }
}

proptest::proptest! {
    /// Lines are only ever inserted: without them the text is unchanged.
    #[test]
    fn nothing_else_changes(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "a: 1\n", "transformers:\n", "- x\n", "  - y\n", "# c\n", "  # d\n", "\n", "b: |\n", "  t\n",
            "c: [1,\n  2]\n", "transformers: []\n", "d:\n", "  e: null\n", "---\n", "f: {g: h}\n", "  \n",
            "i: &i\n", "j: *i\n", "k: \"l\n", "  m\"\n", "<<: {n: o}\n", "\r\n",
        ]), 0..10),
        ends in proptest::bool::ANY,
    ) {
        let mut text: String = parts.concat();
        if ends {
            text.truncate(text.trim_end().len());
        }
        if let Ok(edited) = added(&text) {
            let start = edited.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            let end = edited.bytes().rev().zip(text.bytes().rev()).take_while(|(a, b)| a == b).count();
            let is_null_gone = text.contains("null") || text.contains('~');
            proptest::prop_assert!(start + end >= text.len() || is_null_gone, "{text:?}\n{edited:?}");
        }
    }
}

/// A key joins every notation, in the document that is meant, and only where it is missing.
#[test]
fn a_key_joins_every_notation() {
    let path = ["metadata", "annotations", "a.b/c"];
    let added = |text: &str, document| {
        let value = Value::from("exec:\n  path: x\n");
        insert(text, document, &path, &value)
    };
    for (before, after) in [
        (
            "kind: X\nmetadata:\n  name: y # z\n\nspec: {}\n",
            "kind: X\nmetadata:\n  name: y # z\n  annotations:\n    a.b/c: |\n      exec:\n        path: x\n\nspec: {}\n",
        ),
        (
            "metadata:\n  annotations:\nkind: X",
            "metadata:\n  annotations:\n    a.b/c: |\n      exec:\n        path: x\nkind: X",
        ),
        (
            "metadata: {annotations: {d: e}}\n",
            "metadata: {annotations: {d: e, \"a.b/c\": \"exec:\\n  path: x\\n\"}}\n",
        ),
        (
            r#"{"metadata":{}}"#,
            r#"{"metadata":{"annotations": {"a.b/c": "exec:\n  path: x\n"}}}"#,
        ),
    ] {
        assert_eq!(added(before, 0).as_deref(), Ok(after));
        let second = format!("kind: First\n---\n{before}");
        let expected = format!("kind: First\n---\n{after}");
        assert_eq!(added(&second, 1).as_deref(), Ok(expected.as_str()));
        assert!(added(after, 0).is_err(), "{after}");
    }
    assert!(added("kind: X\n", 1).is_err());
    assert!(added("metadata: []\n", 0).is_err());
    assert!(added("a: &a {b: c}\nmetadata: *a\n", 0).is_err());
}
