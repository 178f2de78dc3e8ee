use super::*;

fn without(text: &str, indices: &[usize]) -> Result<String, EditError> {
    let indices = indices.iter().copied().collect();
    remove(text, &["spec", "list"], &indices, |_, line| {
        line.starts_with("# all ")
    })
}

/// Every notation, before and after.
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn elements_are_removed_in_every_notation() {
    for (before, gone, after) in [
        // Comments are removed with the element below them, and with the one around them.
        (
            "spec:\n  list:\n  # about a\n  - name: a # why\n    # more of a\n    of: x\n    # still a\n  # about b\n  - name: b\n  failOn: error\n",
            &[0][..],
            "spec:\n  list:\n  # about b\n  - name: b\n  failOn: error\n",
        ),
        (
            "spec:\n  list:\n  # about a\n  - name: a\n    # still a\n  # about b\n  - name: b\n  # nobody's\n  failOn: error\n",
            &[1],
            "spec:\n  list:\n  # about a\n  - name: a\n    # still a\n  # nobody's\n  failOn: error\n",
        ),
        // A heading stays as long as there is an element below it.
        (
            "spec:\n  list:\n  # all of one kind\n  # about a\n  - a\n  - b\n  # c\n  - c\n",
            &[0],
            "spec:\n  list:\n  # all of one kind\n  - b\n  # c\n  - c\n",
        ),
        (
            "spec:\n  list:\n  # all of one kind\n  - a\n  - b\n  # c\n  - c\n",
            &[0, 1],
            "spec:\n  list:\n  # c\n  - c\n",
        ),
        // Blank lines between remaining elements stay.
        (
            "spec:\n  list:\n  - a\n\n  - b\n\n  - c\n",
            &[1],
            "spec:\n  list:\n  - a\n\n  - c\n",
        ),
        (
            "spec:\n  list:\n  - a\n\n  - b\n\n  - c\n",
            &[0],
            "spec:\n  list:\n  - b\n\n  - c\n",
        ),
        (
            "spec:\n  list:\n  - a\n\n  - b\n\n  - c\n  failOn: error\n",
            &[1, 2],
            "spec:\n  list:\n  - a\n  failOn: error\n",
        ),
        (
            "spec:\n  list:\n  - a\n  - b\n\n  failOn: error\n",
            &[1],
            "spec:\n  list:\n  - a\n\n  failOn: error\n",
        ),
        (
            "spec:\n  list:\n  - a\n\n  # all of a kind\n  - b\n\n  - c\n",
            &[1],
            "spec:\n  list:\n  - a\n\n  # all of a kind\n  - c\n",
        ),
        // Sections further left belong to no element.
        (
            "spec:\n  list:\n  - a\n# section\n  - b\n# another\n  - c\n",
            &[1],
            "spec:\n  list:\n  - a\n# section\n# another\n  - c\n",
        ),
        // An emptied list stays as an empty list.
        (
            "spec:\n  list: # of things\n  - a\n  - b\n  failOn: error\n",
            &[0, 1],
            "spec:\n  list: # of things\n  failOn: error\n",
        ),
        ("spec:\n  list:\n    -   a", &[0], "spec:\n  list:\n"),
        (
            "spec:\n  list:\n  - rule: a\n    of: x\n  rules: {a: {}}\n",
            &[0],
            "spec:\n  list:\n  rules: {a: {}}\n",
        ),
        // Line ends, and a missing one.
        (
            "spec:\r\n  list:\r\n  # a\r\n  - a\r\n\r\n  - b\r\n",
            &[0],
            "spec:\r\n  list:\r\n  - b\r\n",
        ),
        (
            "spec:\n  list:\n  - a\n  - b",
            &[1],
            "spec:\n  list:\n  - a\n",
        ),
        (
            "spec:\n  list:\n  - a\n  - b",
            &[0],
            "spec:\n  list:\n  - b",
        ),
        // Scalars of several lines, in which nothing is a comment.
        (
            "spec:\n  list:\n  - |\n    x\n    # text\n\n  - \"b\n    # text\n    \"\n  - >-\n    c\n",
            &[1],
            "spec:\n  list:\n  - |\n    x\n    # text\n\n  - >-\n    c\n",
        ),
        (
            "spec:\n  list:\n  - |+\n    x\n\n\n  - b\nkind: P\n",
            &[1],
            "spec:\n  list:\n  - |+\n    x\n\n\nkind: P\n",
        ),
        (
            "spec:\n  list:\n  -\n    # inside\n    name: a\n  -\n    name: b\n",
            &[0],
            "spec:\n  list:\n  -\n    name: b\n",
        ),
        // An unused anchor, an alias within, and other documents.
        (
            "spec:\n  list:\n  - &x {a: 1}\n  - b\n---\nspec: {list: [c]}\n",
            &[0],
            "spec:\n  list:\n  - b\n---\nspec: {list: [c]}\n",
        ),
        (
            "x: &x [1]\nspec:\n  list:\n  - name: a\n    of:\n    - *x\n  - name: b\n    of: *x\n  - c\n",
            &[0, 1],
            "x: &x [1]\nspec:\n  list:\n  - c\n",
        ),
        (
            "spec:\n  list:\n  - &x {a: 1}\n  - *x\n",
            &[1],
            "spec:\n  list:\n  - &x {a: 1}\n",
        ),
        // In flow style on one line, and on separate lines.
        ("spec: {list: [a, b, c]}\n", &[0], "spec: {list: [b, c]}\n"),
        ("spec: {list: [a, b, c]}\n", &[1, 2], "spec: {list: [a]}\n"),
        ("spec: {list: [ a, b, ]}\n", &[1], "spec: {list: [ a, ]}\n"),
        ("spec: {list: [ a, b, ]}\n", &[0, 1], "spec: {list: [  ]}\n"),
        (
            "{\"spec\": {\"list\": [\"a#\", \"b\"]}}",
            &[0],
            "{\"spec\": {\"list\": [\"b\"]}}",
        ),
        (
            "spec:\n  list: [\n    # a\n    {name: a}, # why\n    # b\n    {name: b},\n    {name: c}\n  ]\n",
            &[0],
            "spec:\n  list: [\n    # b\n    {name: b},\n    {name: c}\n  ]\n",
        ),
        (
            "spec:\n  list: [\n    {name: a}, # why\n    # b\n    {name: b},\n    {\n      name: c\n    }\n  ]\n",
            &[1, 2],
            "spec:\n  list: [\n    {name: a} # why\n  ]\n",
        ),
        (
            "spec:\n  list: [\n    a,\n  ]\n",
            &[0],
            "spec:\n  list: [\n  ]\n",
        ),
        (
            "spec:\n  list: [{a: 1},\n    {b: 2}]\n",
            &[1],
            "spec:\n  list: [{a: 1}]\n",
        ),
    ] {
        assert_eq!(
            without(before, gone).as_deref(),
            Ok(after),
            "{before:?} {gone:?}"
        );
    }
}

#[test]
fn an_element_that_cannot_be_removed_is_an_error() {
    for (text, gone, part) in [
        (
            "spec:\n  list:\n  - &x {a: 1}\n  - *x\n",
            0,
            "spec.list[0] cannot be removed from the file: something else refers to it, as by an anchor; edit it by hand",
        ),
        (
            "x: &x [a, b]\nspec:\n  list: *x\n",
            0,
            "spec.list is an alias of another value",
        ),
        (
            "x: &x\n  list:\n  - a\nspec: *x\n",
            0,
            "spec.list is an alias of another value",
        ),
        (
            "spec:\n  list:\n  - a: &x 1\n  - b\nfor: *x\n",
            0,
            "something else refers to it",
        ),
        (
            "spec:\n  list: [a, # about a\n    b]\n",
            0,
            "it shares its lines with other entries",
        ),
        (
            "spec:\n  list: [a]\n",
            1,
            "spec.list[1] cannot be removed from the file: it does not exist; edit it by hand",
        ),
        ("spec:\n  list: a\n", 0, "line 2: spec.list is not a list"),
        ("spec: {}\n", 0, "line 1: spec.list is not there"),
        ("- a\n", 0, "line 1: the document is not a map"),
        ("", 0, "it does not exist"),
        ("a: [", 0, "line 1"),
    ] {
        let error = without(text, &[gone]).unwrap_err().to_string();
        assert!(error.contains(part), "{text:?}: {error}");
    }
    assert_eq!(without("x: [", &[]), Ok("x: [".to_owned()));
}

#[test]
fn an_element_is_replaced_at_its_place() {
    let item = Item {
        comment: Some("not written".to_owned()),
        block: "- rule: image\n  reason: x".to_owned(),
        value: serde_json::json!({"rule": "image", "reason": "x"}),
    };
    for (before, at, after) in [
        (
            "spec:\n    list:\n    # why\n    - rule: old # a\n      of: a\n\n    - b\n",
            0,
            "spec:\n    list:\n    # why\n    - rule: image\n      reason: x\n\n    - b\n",
        ),
        (
            "spec:\r\n  list:\r\n  - a\r\n  - b",
            1,
            "spec:\r\n  list:\r\n  - a\r\n  - rule: image\r\n    reason: x",
        ),
        (
            "spec: {list: [a, b]}\n",
            0,
            "spec: {list: [{\"rule\":\"image\",\"reason\":\"x\"}, b]}\n",
        ),
    ] {
        let items = BTreeMap::from([(
            at,
            Item {
                comment: None,
                ..item.clone()
            },
        )]);
        let found = replace(before, &["spec", "list"], &items);
        assert_eq!(found.as_deref(), Ok(after), "{before:?}");
    }
}

proptest::proptest! {
    /// Only whole lines are removed, with their values; nothing is reformatted.
    #[test]
    fn nothing_else_changes(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "spec:\n", "  list:\n", "  - a\n", "  - name: b\n", "    of: c\n", "  # d\n", "    # e\n", "\n", "# f\n",
            "  - |\n", "    # text\n", "  - &i x\n", "  - *i\n", "  - \"l\n", "    m\"\n", "---\n", "  - [g,\n", "    h]\n",
            "  list: [p, q]\n", "  list: [\n", "    r,\n", "    {s: t}, # u\n", "    v ]\n", "  ]\n", "  x: y\n", "\r\n",
        ]), 0..14),
        ends in proptest::bool::ANY,
        gone in proptest::collection::btree_set(0_usize..5, 0..4),
    ) {
        let mut text: String = ["spec:\n  list:\n", &parts.concat()].concat();
        if ends {
            text.truncate(text.trim_end().len());
        }
        let edited = remove(&text, &["spec", "list"], &gone, |_, line| line.contains('d'));
        if let Ok(edited) = edited {
            let mut rest = text.chars();
            let is_part = edited.chars().all(|c| rest.any(|other| other == c));
            proptest::prop_assert!(is_part, "{text:?}\n{edited:?}");
            // A comment within an element is removed with it.
            if !text.contains(['|', '[', '"']) && !text.contains("of:") {
                proptest::prop_assert_eq!(text.matches("# f").count(), edited.matches("# f").count());
            }
        }
    }
}
