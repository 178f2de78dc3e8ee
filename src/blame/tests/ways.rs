//! Forms of a change whose place is as exact as that of a plain one.

use super::*;

/// The place that is reported for a field of the Deployment, in one `kustomization.yaml`.
fn told(text: &str, name: &str, path: &str, value: &Value) -> String {
    let files = [("o/kustomization.yaml", text), ("o/p.yaml", MERGE)];
    cause(&files, "Deployment", name, path, value)
}

const MERGE: &str =
    "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: other}\nspec: {replicas: 3}\n";

#[test]
fn every_line_of_a_folded_patch_has_its_own_place() {
    let head = "resources: [../base]\npatches:\n- target: {kind: Deployment}\n  patch: ";
    let (first, second) = (
        r#"{"op": "replace", "path": "/spec/replicas", "value": 3}"#,
        r#"{"op": "add", "path": "/metadata/labels/é", "value": "y"}"#,
    );
    let escaped = |text: &str| text.replace('"', "\\\"");
    for (patch, quote) in [
        (format!(">-\n    [{first},\n    {second}]\n"), "\""),
        (format!(">\n\n    [{first},\n\n       {second}]\n\n"), "\""),
        (format!("|-\n    [{first},\n    {second}]\n"), "\""),
        (format!("'[{first},\n    {second}]'\n"), "\""),
        (format!("'\n    [{first},\n\n    {second}]\n  '\n"), "\""),
        (
            format!("\"[{},\\\n    {}]\"\n", escaped(first), escaped(second)),
            "\\\"",
        ),
        (
            format!("\"[{},\\n\n    {}]\"\n", escaped(first), escaped(second)),
            "\\\"",
        ),
        (
            format!("\"[{},\n    {}]\"\n", escaped(first), escaped(second)),
            "\\\"",
        ),
    ] {
        let text = format!("{head}{patch}");
        let line = |word: &str| 1 + text[..text.find(word).unwrap()].matches('\n').count();
        for (word, path, value, there) in [
            ("/spec/replicas", "spec.replicas", json!(3), "3".to_owned()),
            (
                "/metadata",
                "metadata.labels[\"é\"]",
                json!("y"),
                format!("{quote}y{quote}"),
            ),
        ] {
            let told = told(&text, "web", path, &value);
            let start = format!("o/kustomization.yaml:{}:", line(word));
            let end = format!(" {there} (JSON6902 operation)");
            assert!(
                told.starts_with(&start) && told.ends_with(&end),
                "{told}\n{text}"
            );
        }
    }
}

#[test]
fn the_first_entry_that_sets_a_value_is_reported_and_not_a_repetition() {
    let merge = |lines: &str| {
        format!(
            "- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: web}}\n    spec: {{{lines}}}\n"
        )
    };
    let json = |value: u8| {
        format!(
            "- target: {{kind: Deployment}}\n  patch: '[{{\"op\": \"replace\", \"path\": \"/spec/replicas\", \"value\": {value}}}]'\n"
        )
    };
    let volumes = "template: {spec: {volumes: [{name: tmp, emptyDir: {}}]}}";
    let (three, four) = ("replicas: 3", "replicas: 4");
    let volume = "spec.template.spec.volumes[name=tmp]";
    let replicas = "spec.replicas";
    for (patches, path, value, line) in [
        (
            merge(volumes) + &merge(volumes),
            volume,
            json!({"name": "tmp", "emptyDir": {}}),
            7,
        ),
        (merge(three) + &merge(three), replicas, json!(3), 7),
        (json(3) + &json(3), replicas, json!(3), 4),
        (merge(three) + &json(3), replicas, json!(3), 7),
        // A later entry that restores it wins.
        (
            merge(three) + &merge(four) + &merge(three),
            replicas,
            json!(3),
            17,
        ),
        (json(3) + &json(4) + &json(3), replicas, json!(3), 8),
    ] {
        let text = format!("resources: [../base]\npatches:\n{patches}");
        let told = told(&text, "web", path, &value);
        let wanted = format!("o/kustomization.yaml:{line}:");
        assert!(told.starts_with(&wanted), "{told}\n{text}");
    }
}

#[test]
fn the_entry_that_renames_is_reported_and_not_the_prefix() {
    let named = "p-other";
    for (rest, expected) in [
        (
            "patches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: replace\n      path: /metadata/name\n      value: other\n",
            "o/kustomization.yaml:8:14 other (JSON6902 operation)",
        ),
        (
            "patches:\n- path: p.yaml\n  target: {kind: Deployment}\n  options: {allowNameChange: true}\n",
            "o/p.yaml:3:18 other (strategic merge patch)",
        ),
        (
            "replacements:\n- source: {kind: ConfigMap, name: cfg, fieldPath: kind}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [metadata.name]\n",
            "o/kustomization.yaml:7:18 metadata.name (replacements)",
        ),
    ] {
        let text = format!("resources: [../base]\nnamePrefix: p-\n{rest}");
        // A replacement runs after the prefix.
        let name = if rest.starts_with("replacements") {
            "ConfigMap"
        } else {
            named
        };
        assert_eq!(told(&text, name, "metadata.name", &json!(name)), expected);
    }
    let text = "resources: [../base]\nnamePrefix: p-\n";
    let prefix = "o/kustomization.yaml:2:13 p- (namePrefix)";
    assert_eq!(
        told(text, "p-web", "metadata.name", &json!("p-web")),
        prefix
    );
}

#[test]
fn forms_that_kustomize_understands_are_followed() {
    let replicas = |text: &str| told(text, "web", "spec.replicas", &json!(3));
    for (rest, expected) in [
        (
            "replacements:\n- source: {kind: ConfigMap, name: cfg, fieldPath: data.b}\n  targets:\n  - select: {kind: Dep.*, name: we.*}\n    reject: [{name: x.*}]\n    fieldPaths: [spec.replicas]\n",
            "o/kustomization.yaml:7:18 spec.replicas (replacements)",
        ),
        (
            "transformers: [t/t.yaml]\n",
            "o/p.yaml:4:18 3 (strategic merge patch)",
        ),
        (
            "transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: t}\n  path: p.yaml\n  target: {kind: Deployment}\n",
            "o/p.yaml:4:18 3 (strategic merge patch)",
        ),
        (
            "transformers:\n- |-\n  apiVersion: builtin\n  kind: PatchTransformer\n  metadata: {name: t}\n  target: {kind: Deployment}\n  patch: >-\n    [{op: add, path: /spec/x, value: 1},\n    {op: replace, path: /spec/replicas, value: 3}]\n",
            "o/kustomization.yaml:10:48 3 (JSON6902 operation)",
        ),
        (
            "patchesStrategicMerge:\n- '{apiVersion: apps/v1, kind: Deployment, metadata: {name: web},\n\n  spec: {replicas: 3}}'\n",
            "o/kustomization.yaml:5:20 3 (strategic merge patch)",
        ),
    ] {
        let text = format!("resources: [../base]\n{rest}");
        let value = if rest.starts_with("replacements") {
            // It stays a number because it replaces one.
            json!(2)
        } else {
            json!(3)
        };
        let transformer = "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: p.yaml\ntarget: {kind: Deployment}\n";
        let files = [
            ("o/kustomization.yaml", text.as_str()),
            ("o/p.yaml", MERGE),
            ("o/t/t.yaml", transformer),
        ];
        assert_eq!(
            cause(&files, "Deployment", "web", "spec.replicas", &value),
            expected
        );
    }
    // The words of a source are not patterns.
    let text = "resources: [../base]\nreplacements:\n- source: {kind: ConfigMap, name: cf., fieldPath: data.b}\n  targets:\n  - select: {kind: Deployment}\n    fieldPaths: [spec.replicas]\n";
    assert!(!replicas(text).ends_with("data.b (replacements)"));
}

#[test]
fn a_patch_is_described_by_its_kind() {
    for (body, what) in [
        ("[{op: remove, path: /a}]", "JSON6902 operation"),
        (
            "{kind: Job, metadata: {name: none}}",
            "strategic merge patch",
        ),
    ] {
        let text =
            format!("resources: [../base]\npatches:\n- target: {{kind: Job}}\n  patch: '{body}'\n");
        let sources = sources(&[("o/kustomization.yaml", &text)]);
        let parsed = sources.parse();
        let bases = ["base".to_owned()];
        let patches = Replay::overlay(&parsed, "o", &bases).entries(&[], &[]);
        let [patch] = patches.as_slice() else {
            panic!("{patches:?}");
        };
        assert_eq!(
            (patch.place.what.as_str(), patch.effect),
            (what, Effect::NoTarget)
        );
    }
}

/// kustomize keeps internal annotations, so the map exists for every operation.
#[test]
fn an_operation_adds_the_first_annotation() {
    let operation = |op: &str, path: &str, indent: &str| {
        format!("{indent}- op: {op}\n{indent}  path: {path}\n{indent}  value: x\n")
    };
    let both = |op: &str| {
        let first = operation(op, "/metadata/annotations/example.com~1a", "    ");
        first + &operation(op, "/metadata/annotations/b", "    ")
    };
    for op in ["add", "replace"] {
        let inline = format!(
            "resources: [../base]\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n{}",
            both(op)
        );
        for (path, value, line) in [
            (
                r#"metadata.annotations["example.com/a"]"#,
                json!("x"),
                "7:14 x",
            ),
            ("metadata.annotations.b", json!("x"), "10:14 x"),
            (
                "metadata.annotations",
                json!({"example.com/a": "x", "b": "x"}),
                "6:13 /metadata/annotations/example.com~1a",
            ),
        ] {
            assert_eq!(
                told(&inline, "web", path, &value),
                format!("o/kustomization.yaml:{line} (JSON6902 operation)"),
                "{op} {path}"
            );
        }
        let patch = operation(op, "/metadata/annotations/a", "");
        let files = [
            (
                "o/kustomization.yaml",
                "resources: [../base]\npatches:\n- {path: p.yaml, target: {kind: Deployment}}\n",
            ),
            ("o/p.yaml", &*patch),
        ];
        assert_eq!(
            cause(
                &files,
                "Deployment",
                "web",
                "metadata.annotations.a",
                &json!("x")
            ),
            "o/p.yaml:3:10 x (JSON6902 operation)"
        );
    }
    // The counterexample: other maps are not created, and kustomize does not build this.
    let labels = format!(
        "resources: [../base]\npatches:\n- target: {{kind: Deployment}}\n  patch: |-\n{}",
        operation("add", "/spec/selector/none/a", "    ")
    );
    let said = told(&labels, "web", "spec.selector.none.a", &json!("x"));
    assert!(said.contains("the exact line is not known"), "{said}");
}
