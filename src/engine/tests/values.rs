//! The values after patches, replacements and generators; each was compared with kustomize 5.8.1.

use serde_json::{Value, json};

use crate::engine::{Reason, Replay};
use crate::repo::Sources;

/// The resources that a directory builds from these files, or the reasons why it does not.
fn built(files: &[(&str, &str)]) -> Result<Vec<Value>, Vec<Reason>> {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.insert(format!("o/{path}"), (*text).to_owned());
    }
    let parsed = sources.parse();
    let built = Replay::base(&parsed, &["o".to_owned()]).build();
    match built {
        Ok(built) => Ok(built.into_iter().map(|one| one.resource).collect()),
        Err(unknown) => Err(unknown.into_iter().map(|one| one.reason).collect()),
    }
}

const THING: &str = "\
apiVersion: v1
kind: Thing
metadata: {name: t}
spec:
  int: 1
  octal: 0644
  float: 1.10
  yes: true
  none: ~
  text: a-b-c
  quoted: \"8080\"
  map: {a: 1}
  list: [1, two]
  named:
  - {name: web, image: a}
  - {name: web-2, image: b}
  inner: |
    a: 1
";

/// The value of a field of the thing after one patch or replacement.
fn after(change: &str, field: &str) -> Result<Value, Vec<Reason>> {
    let kustomization = format!("resources: [t.yaml]\n{change}");
    let built = built(&[("kustomization.yaml", &kustomization), ("t.yaml", THING)])?;
    Ok(built[0].pointer(field).cloned().unwrap_or(Value::Null))
}

/// Takes one field of the thing and writes it into another.
fn replaced(from: &str, to: &str, options: &str) -> String {
    format!(
        "replacements:\n- source: {{kind: Thing, fieldPath: '{from}'}}\n  targets:\n  - select: {{kind: Thing}}\n    fieldPaths: ['{to}']\n    options: {{{options}}}\n"
    )
}

#[test]
fn a_replacement_writes_text_and_the_field_keeps_its_type() {
    for (from, to, expected) in [
        ("spec.int", "spec.text", json!("1")),
        ("spec.octal", "spec.text", json!("0644")),
        ("spec.float", "spec.text", json!("1.10")),
        ("spec.float", "spec.quoted", json!("1.10")),
        ("spec.octal", "spec.int", json!(420)),
        ("spec.quoted", "spec.int", json!(8080)),
        ("spec.int", "spec.float", json!(1)),
        ("spec.map", "spec.list", json!({"a": 1})),
        ("spec.int", "spec.map", json!(1)),
        ("spec.map", "spec.text", json!("")),
        ("spec.text", "spec.list.*", json!("a-b-c")),
    ] {
        let field = format!("/{}", to.replace(".*", ".1").replace('.', "/"));
        let change = replaced(from, to, "");
        if to.ends_with('*') {
            // The first is a number, which does not accept a text.
            assert_eq!(after(&change, &field), Err(vec![Reason::Scalar]));
        } else {
            assert_eq!(after(&change, &field), Ok(expected), "{from} {to}");
        }
    }
    for to in ["spec.int", "spec.float", "spec.yes", "spec.none"] {
        let change = replaced("spec.text", to, "");
        assert_eq!(after(&change, ""), Err(vec![Reason::Scalar]), "{to}");
    }
}

#[test]
fn a_field_that_a_replacement_creates_has_no_quotes() {
    for (from, to, expected) in [
        ("spec.quoted", "spec.new", json!(8080)),
        ("spec.text", "spec.new", json!("a-b-c")),
        ("spec.text", "spec.new.deep.er", json!("a-b-c")),
        ("spec.map", "spec.new", json!({"a": 1})),
        ("spec.text", "metadata.labels.new", json!("a-b-c")),
        ("spec.int", "metadata.annotations.new", json!("1")),
        ("spec.text", "spec.list.2", json!("a-b-c")),
        ("spec.text", "spec.named.2.image", json!("a-b-c")),
        ("spec.text", "spec.rules[0]", json!("a-b-c")),
    ] {
        let change = replaced(from, to, "create: true");
        let field = format!("/{}", to.replace('.', "/"));
        assert_eq!(after(&change, &field), Ok(expected), "{from} {to}");
        assert!(after(&replaced(from, to, ""), &field).is_err(), "{to}");
    }
    let change = replaced("spec.text", "spec.named.[name=new].image", "create: true");
    let made = json!({"name": "new", "image": "a-b-c"});
    assert_eq!(after(&change, "/spec/named/2"), Ok(made));
}

#[test]
fn a_pair_in_brackets_is_a_pattern() {
    let change = replaced("spec.text", "spec.named.[name=web].image", "");
    for at in 0..2 {
        let field = format!("/spec/named/{at}/image");
        assert_eq!(after(&change, &field), Ok(json!("a-b-c")));
    }
    for (path, reason) in [
        ("spec.named.[name=^web$].image", Reason::Selector),
        ("spec.named.[name=none].image", Reason::NoField),
        ("spec.named.[0].image", Reason::NoField),
        ("spec.named.image", Reason::NoField),
        ("spec.map.0", Reason::NoField),
        ("spec.list.9", Reason::NoField),
        ("spec..text", Reason::NoField),
        ("spec.none.a", Reason::NoField),
        // kustomize may parse a text as YAML, and continue in it.
        ("spec.inner.a", Reason::Setting),
    ] {
        let change = replaced("spec.int", path, "");
        assert_eq!(after(&change, ""), Err(vec![reason]), "{path}");
    }
}

#[test]
fn a_replacement_without_both_ends_is_refused() {
    for entry in [
        "- source: {kind: Thing}\n",
        "- source: {kind: Thing}\n  targets: []\n",
        "- targets: [{select: {kind: Thing}}]\n",
        "- source: {kind: Thing}\n  sourceValue: a\n  targets: [{select: {kind: Thing}}]\n",
        "- sourceValue: a\n  targets: [{fieldPaths: [spec.text]}]\n",
    ] {
        let change = format!("replacements:\n{entry}");
        assert_eq!(after(&change, ""), Err(vec![Reason::Selector]), "{entry}");
    }
    // The default path is the name.
    let change = "replacements:\n- sourceValue: a\n  targets: [{select: {kind: Thing}}]\n";
    assert_eq!(after(change, "/metadata/name"), Ok(json!("a")));
    // Rejecting by name differs from rejecting by label.
    let rejected = |reject: &str| {
        let change = format!(
            "replacements:\n- sourceValue: x\n  targets:\n  - select: {{kind: Thing}}\n    reject: [{reject}]\n    fieldPaths: [spec.text]\n"
        );
        after(&change, "/spec/text").unwrap() == "a-b-c"
    };
    assert!(rejected("{kind: Thing, labelSelector: none=x}"));
    assert!(rejected("{kind: Other, labelSelector: '!none'}"));
    assert!(!rejected("{labelSelector: none=x}"));
    assert!(!rejected("{}"));
}

#[test]
fn a_patch_keeps_the_quotes_of_what_it_writes_over() {
    let patched = |field: &str, value: &str| {
        let change = format!(
            "patches:\n- patch: |-\n    apiVersion: v1\n    kind: Thing\n    metadata: {{name: t}}\n    spec:\n      {field}: {value}\n"
        );
        after(&change, &format!("/spec/{field}"))
    };
    for (field, value, expected) in [
        ("quoted", "9", json!("9")),
        ("quoted", "2.50", json!("2.50")),
        ("quoted", "false", json!("false")),
        ("inner", "9", json!("9")),
        ("text", "9", json!(9)),
        ("int", "\"9\"", json!("9")),
        ("int", "a", json!("a")),
        ("new", "9", json!(9)),
    ] {
        assert_eq!(patched(field, value), Ok(expected), "{field} {value}");
    }
}

#[test]
fn operations_are_yaml_1_1_and_their_numbers_are_doubles() {
    let added = |value: &str, field: &str| {
        let change = format!(
            "patches:\n- target: {{kind: Thing}}\n  patch: |-\n    - op: add\n      path: /spec/new\n      value: {value}\n{}",
            replaced(field, "spec.text", "")
        );
        after(&change, "/spec")
    };
    for (value, new, text) in [
        ("yes", json!(true), "true"),
        ("\"yes\"", json!("yes"), "yes"),
        ("1234567", json!(1_234_567), "1.234567e+06"),
        ("0644", json!(420), "420"),
    ] {
        let spec = added(value, "spec.new").unwrap();
        assert_eq!(
            (&spec["new"], &spec["text"]),
            (&new, &json!(text)),
            "{value}"
        );
    }
    assert_eq!(added("0o17", "spec.new"), Err(vec![Reason::Scalar]));
    assert_eq!(
        added("9007199254740993", "spec.int"),
        Err(vec![Reason::Scalar])
    );
    assert_eq!(added("1", "spec.float").unwrap()["text"], "1.1");
}

#[test]
fn folded_texts_gain_lines_when_they_are_written() {
    for (text, expected) in [
        (">\n  a\n  b\n", "a b\n"),
        (">\n  a\n    b\n  c\n", "a\n\n  b\nc\n"),
        (">-\n  a\n\n    b\n\n  c\n", "a\n\n\n  b\n\nc"),
        // A text with blanks before a line break is written in quotes.
        (">\n  a\n    \n  b\n", "a\n  \nb\n"),
        ("|\n  a\n    b\n  c\n", "a\n  b\nc\n"),
        ("'a\n\n    b'\n", "a\nb"),
    ] {
        let thing = format!("apiVersion: v1\nkind: Thing\nmetadata: {{name: t}}\nk: {text}");
        let files = [
            ("kustomization.yaml", "resources: [t.yaml]"),
            ("t.yaml", &thing),
        ];
        assert_eq!(built(&files).unwrap()[0]["k"], expected, "{text}");
        // The end of the file is not the end of a line.
        if text.starts_with('|') {
            let files = [files[0], ("t.yaml", thing.trim_end())];
            assert_eq!(
                built(&files).unwrap()[0]["k"],
                expected.trim_end(),
                "{text}"
            );
        }
    }
    for text in [">\n\n  a\n", ">+\n  a\n\n"] {
        let thing = format!("apiVersion: v1\nkind: Thing\nmetadata: {{name: t}}\nk: {text}");
        let files = [
            ("kustomization.yaml", "resources: [t.yaml]"),
            ("t.yaml", &thing),
        ];
        assert_eq!(built(&files), Err(vec![Reason::Scalar]), "{text}");
    }
}

#[test]
fn annotations_are_texts_at_the_end() {
    for (value, annotation, label) in [
        ("1", json!("1"), json!(1)),
        ("1.10", json!("1.10"), json!(1.1)),
        ("true", json!("true"), json!(true)),
        ("", json!(""), Value::Null),
        ("~", json!("~"), Value::Null),
        ("null", json!("null"), Value::Null),
        ("{a: b}", json!(""), json!({"a": "b"})),
        // They are no longer folded.
        (
            ">\n      a\n        b\n",
            json!("a\n  b\n"),
            json!("a\n\n  b\n"),
        ),
    ] {
        let thing = format!(
            "apiVersion: v1\nkind: Thing\nmetadata:\n  name: t\n  annotations:\n    k: {value}\n  labels:\n    k: {value}\n"
        );
        let files = [
            ("kustomization.yaml", "resources: [t.yaml]"),
            ("t.yaml", &thing),
        ];
        let metadata = &built(&files).unwrap()[0]["metadata"];
        assert_eq!(metadata["annotations"]["k"], annotation, "{value}");
        assert_eq!(metadata["labels"]["k"], label, "{value}");
    }
}

#[test]
fn only_texts_are_keys() {
    for (key, is_text) in [
        ("a", true),
        ("\"1\"", true),
        ("yes", true),
        ("1", false),
        ("true", false),
        ("~", false),
    ] {
        let thing = format!("apiVersion: v1\nkind: Thing\nmetadata: {{name: t}}\nk:\n  {key}: v\n");
        let files = [
            ("kustomization.yaml", "resources: [t.yaml]"),
            ("t.yaml", &thing),
        ];
        assert_eq!(built(&files).is_ok(), is_text, "{key}");
    }
}

#[test]
fn documents_end_as_kustomize_reads_it() {
    let second = "apiVersion: v1\nkind: Thing\nmetadata: {name: u}\n";
    for (between, count) in [
        ("---\n", Ok(2)),
        ("--- # note\n", Ok(2)),
        ("---\n---\n", Ok(2)),
        ("...\n---\n", Ok(2)),
        ("...\n", Err(vec![Reason::Unreadable])),
    ] {
        let text = format!("{THING}{between}{second}");
        let files = [
            ("kustomization.yaml", "resources: [t.yaml]"),
            ("t.yaml", &text),
        ];
        assert_eq!(built(&files).map(|all| all.len()), count, "{between}");
    }
}

#[test]
fn a_secret_without_data_has_an_empty_map() {
    let secret = |base: &str, behavior: &str, literals: &str| {
        let kustomization = format!(
            "resources: [b]\nsecretGenerator: [{{name: g, behavior: {behavior}, literals: [{literals}], options: {{disableNameSuffixHash: true}}}}]"
        );
        let files = [
            ("kustomization.yaml", kustomization.as_str()),
            ("b/kustomization.yaml", "resources: [s.yaml]"),
            ("b/s.yaml", base),
        ];
        built(&files).unwrap()[0].get("data").cloned()
    };
    let base = "apiVersion: v1\nkind: Secret\nmetadata: {name: g}\n";
    assert_eq!(secret(base, "replace", ""), Some(json!({})));
    assert_eq!(secret(base, "merge", ""), None);
    assert_eq!(
        secret(&format!("{base}data: {{a: b}}\n"), "replace", ""),
        Some(json!({}))
    );
    assert_eq!(secret(&format!("{base}data: {{}}\n"), "merge", ""), None);
    let alone = "secretGenerator: [{name: g}]\nconfigMapGenerator: [{name: c}]";
    let built = built(&[("kustomization.yaml", alone)]).unwrap();
    assert_eq!(built[1].get("data"), Some(&json!({})));
    assert_eq!(built[0].get("data"), None);
}

#[test]
fn merged_data_becomes_text() {
    let base = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: g}\ndata: {a: 1.10, b: true, c: ~, d: [1], e: x}\n";
    let files = [
        (
            "kustomization.yaml",
            "resources: [b]\nconfigMapGenerator: [{name: g, behavior: merge, literals: [e=y], options: {disableNameSuffixHash: true}}]",
        ),
        ("b/kustomization.yaml", "resources: [c.yaml]"),
        ("b/c.yaml", base),
    ];
    let expected = json!({"a": "1.10", "b": "true", "c": "", "d": "", "e": "y"});
    assert_eq!(built(&files).unwrap()[0]["data"], expected);
}

#[test]
fn env_files_are_read_as_kustomize_reads_them() {
    let data = |text: &str| {
        let files = [
            (
                "kustomization.yaml",
                "configMapGenerator: [{name: g, envs: [e]}]",
            ),
            ("e", text),
        ];
        built(&files).map(|all| all[0]["data"].clone())
    };
    for (text, expected) in [
        ("a=b\n# c\n\n  d=e f \n", json!({"a": "b", "d": "e f "})),
        ("\u{feff}a=b\r\nc\n", json!({"a": "b", "c": ""})),
        ("export a=b\n=c", json!({"export a": "b"})),
        ("a=\"b\" # c", json!({"a": "\"b\" # c"})),
        ("", Value::Null),
    ] {
        assert_eq!(data(text), Ok(expected), "{text:?}");
    }
    assert_eq!(data("a=b\na=c\n"), Err(vec![Reason::Twice]));
    let long = format!("a={}\n", "x".repeat(1 << 16));
    assert_eq!(data(&long), Err(vec![Reason::Bounds]));
}

#[test]
fn sources_of_a_generator_are_pairs() {
    let keys = |field: &str, entry: &str| {
        let kustomization = format!("configMapGenerator: [{{name: g, {field}: ['{entry}']}}]");
        let files = [
            ("kustomization.yaml", kustomization.as_str()),
            ("f", "x"),
            ("d/f", "x"),
        ];
        let built = built(&files)?;
        let data = built[0]["data"].as_object().cloned().unwrap_or_default();
        Ok(data.keys().cloned().collect::<Vec<_>>())
    };
    for (field, entry, expected) in [
        ("files", "f", Ok(vec!["f".to_owned()])),
        ("files", "d/f", Ok(vec!["f".to_owned()])),
        ("files", "k=d/f", Ok(vec!["k".to_owned()])),
        ("files", "=f", Err(vec![Reason::Type])),
        ("files", "k=", Err(vec![Reason::Type])),
        ("files", "k=f=g", Err(vec![Reason::Type])),
        ("literals", "a=b=c", Ok(vec!["a".to_owned()])),
        ("literals", "=b", Err(vec![Reason::Type])),
        ("literals", "a", Err(vec![Reason::Type])),
    ] {
        assert_eq!(keys(field, entry), expected, "{field} {entry}");
    }
}

#[test]
fn components_and_kustomizations_load_only_through_their_own_fields() {
    let part = "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\nnamePrefix: a-\n";
    for (kustomization, expected) in [
        ("resources: [t.yaml]\ncomponents: [p]", None),
        ("resources: [t.yaml, w]", None),
        ("resources: [t.yaml]\ncomponents: [w]", Some(Reason::Type)),
        ("resources: [t.yaml, p]", Some(Reason::Type)),
        ("resources: [t.yaml]\napiVersion: v1", Some(Reason::Version)),
    ] {
        let files = [
            ("kustomization.yaml", kustomization),
            ("t.yaml", THING),
            ("p/kustomization.yaml", part),
            ("w/kustomization.yaml", "resources: [u.yaml]"),
            (
                "w/u.yaml",
                "apiVersion: v1\nkind: Thing\nmetadata: {name: u}\n",
            ),
        ];
        let reasons = built(&files).err().unwrap_or_default();
        assert_eq!(reasons.first().copied(), expected, "{kustomization}");
    }
}

#[test]
fn a_transformer_may_prefix_and_suffix_at_once() {
    let transformer = "apiVersion: builtin\nkind: PrefixSuffixTransformer\nmetadata: {name: p}\nprefix: a-\nsuffix: -b\nfieldSpecs: [{path: metadata/name}]\n";
    let files = [
        (
            "kustomization.yaml",
            "resources: [t.yaml]\ntransformers: [p.yaml]",
        ),
        ("t.yaml", THING),
        ("p.yaml", transformer),
    ];
    assert_eq!(built(&files).unwrap()[0]["metadata"]["name"], "a-t-b");
    let alone = transformer.replace("fieldSpecs: [{path: metadata/name}]\n", "");
    let files = [files[0], files[1], ("p.yaml", alone.as_str())];
    let refused = built(&files).err().unwrap_or_default();
    assert_eq!(refused.first(), Some(&Reason::NoField));
}
