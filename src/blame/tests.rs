mod beside;
mod ways;

use super::*;
use crate::engine::fixture::sources;
use crate::path::Path;
use serde_json::json;

/// The path of a text.
fn at(path: &str) -> FieldPath<'_> {
    Path::parse(path).unwrap().into()
}

/// `file:line:column "text at the place" what` of a field of the Deployment, or another kind.
fn cause(files: &[(&str, &str)], kind: &str, name: &str, path: &str, value: &Value) -> String {
    let sources = sources(files);
    let parsed = sources.parse();
    let bases = ["base".to_owned()];
    let replay = Replay::overlay(&parsed, "o", &bases);
    let api_version = if kind == "Deployment" {
        "apps/v1"
    } else {
        "v1"
    };
    let resource = ResourceRef {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        namespace: None,
    };
    let place = replay.cause(&Target {
        resource: &resource,
        name,
        path: Some(&at(path)).filter(|path| !path.is_empty()),
        value: Some(value).filter(|value| !value.is_null()),
        other: None,
        against_base: true,
    });
    let place = place.expect("a kustomization");
    let line = sources
        .text(&place.file)
        .unwrap()
        .lines()
        .nth(place.line - 1)
        .unwrap();
    let there: String = line
        .chars()
        .skip(place.column - 1)
        .take(place.length)
        .collect();
    let Place {
        file,
        line,
        column,
        what,
        ..
    } = place;
    format!("{file}:{line}:{column} {there} ({what})")
}

const WEB: &str = "spec.template.spec.containers[name=web]";

#[test]
#[allow(clippy::too_many_lines, reason = "it is a table")]
fn each_way_of_changing_a_field_is_found() {
    let memory = format!("{WEB}.resources.limits.memory");
    let env = format!("{WEB}.env[name=B].value");
    let image = format!("{WEB}.image");
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        resources: {limits: {memory: 2Gi}}\n        env:\n        - name: B\n          $patch: delete\n      - name: extra\n        image: x\n";
    let files = |text: &'static str| vec![("o/kustomization.yaml", text), ("o/p.yaml", patch)];
    let merge = "resources: [../base]\npatches:\n- path: p.yaml\n";
    let old = "resources: [../base]\npatchesStrategicMerge: [p.yaml]\n";
    let inline = "resources: [../base]\npatches:\n- target: {kind: Deployment, name: w.*}\n  patch: |-\n    - op: replace\n      path: /spec/template/spec/containers/0/env/1/value\n      value: x\n    - op: add\n      path: /spec/template/spec/containers/0/args/-\n      value: c\n    - op: remove\n      path: /spec/template/spec/containers/0/resources/limits/memory\n";
    let lists = "resources: [../base]\nnamePrefix: p-\nimages:\n- name: web\n  newTag: \"2\"\nreplicas:\n- {name: web, count: 5}\nlabels:\n- pairs:\n    team: a\n  includeSelectors: true\nconfigMapGenerator:\n- name: cfg\n  behavior: merge\n  literals:\n  - a=3\n  - c='4'\n";
    for (files, kind, name, path, value, expected) in [
        (
            files(merge),
            "Deployment",
            "web",
            memory.as_str(),
            json!("2Gi"),
            "o/p.yaml:9:38 2Gi (strategic merge patch)",
        ),
        (
            files(old),
            "Deployment",
            "web",
            &memory,
            json!("2Gi"),
            "o/p.yaml:9:38 2Gi (strategic merge patch)",
        ),
        (
            files(merge),
            "Deployment",
            "web",
            &format!("{WEB}.env[name=B]"),
            json!(null),
            "o/p.yaml:12:19 delete (strategic merge patch)",
        ),
        (
            files(merge),
            "Deployment",
            "web",
            "spec.template.spec.containers[name=extra]",
            json!({"name": "extra", "image": "x"}),
            "o/p.yaml:13:9 name: extra (strategic merge patch)",
        ),
        (
            files(merge),
            "Deployment",
            "web",
            &memory,
            json!("3Gi"),
            &format!("o/kustomization.yaml:1:1 resources ({UNTOLD})"),
        ),
        (
            files(inline),
            "Deployment",
            "web",
            &env,
            json!("x"),
            "o/kustomization.yaml:7:14 x (JSON6902 operation)",
        ),
        (
            files(inline),
            "Deployment",
            "web",
            &format!("{WEB}.args[2]"),
            json!("c"),
            "o/kustomization.yaml:10:14 c (JSON6902 operation)",
        ),
        (
            files(inline),
            "Deployment",
            "web",
            &memory,
            json!(null),
            "o/kustomization.yaml:12:13 /spec/template/spec/containers/0/resources/limits/memory (JSON6902 operation)",
        ),
        (
            files(lists),
            "Deployment",
            "p-web",
            &image,
            json!("web:2"),
            "o/kustomization.yaml:5:11 \"2\" (images)",
        ),
        (
            files(lists),
            "Deployment",
            "p-web",
            "spec.replicas",
            json!(5),
            "o/kustomization.yaml:7:22 5 (replicas)",
        ),
        (
            files(lists),
            "Deployment",
            "p-web",
            "metadata.name",
            json!("p-web"),
            "o/kustomization.yaml:2:13 p- (namePrefix)",
        ),
        (
            files(lists),
            "Deployment",
            "p-web",
            "metadata.labels.team",
            json!("a"),
            "o/kustomization.yaml:10:11 a (labels)",
        ),
        (
            files(lists),
            "Deployment",
            "p-web",
            "spec.template.metadata.labels.team",
            json!("a"),
            "o/kustomization.yaml:10:11 a (labels)",
        ),
        (
            files(lists),
            "ConfigMap",
            "p-cfg",
            "data.a",
            json!("3"),
            "o/kustomization.yaml:16:7 3 (configMapGenerator)",
        ),
        (
            files(lists),
            "ConfigMap",
            "p-cfg",
            "data.c",
            json!("4"),
            "o/kustomization.yaml:17:7 '4' (configMapGenerator)",
        ),
    ] {
        assert_eq!(cause(&files, kind, name, path, &value), expected, "{path}");
    }
}

#[test]
fn resources_that_come_and_go_are_found() {
    let gone = "resources: [../base]\npatches:\n- patch: |\n    $patch: delete\n    apiVersion: v1\n    kind: ConfigMap\n    metadata: {name: cfg}\n";
    let come = "resources: [../base, new.yaml]\n";
    let new = "apiVersion: v1\nkind: Service\nmetadata:\n  name: svc\n";
    let elsewhere = "resources: [../base, 'https://example.com/x.yaml']\n";
    for (files, kind, name, expected) in [
        (
            vec![("o/kustomization.yaml", gone)],
            "ConfigMap",
            "cfg",
            "o/kustomization.yaml:4:13 delete (strategic merge patch)",
        ),
        (
            vec![("o/kustomization.yaml", come), ("o/new.yaml", new)],
            "Service",
            "svc",
            "o/new.yaml:4:9 svc (the resource that the overlay adds)",
        ),
        (
            vec![("o/kustomization.yaml", elsewhere)],
            "Service",
            "svc",
            "o/kustomization.yaml:1:22 'https://example.com/x.yaml' (a resource loaded from elsewhere)",
        ),
    ] {
        assert_eq!(cause(&files, kind, name, "", &Value::Null), expected);
    }
}

#[test]
fn places_in_the_base_are_found() {
    let sources = sources(&[]);
    let parsed = sources.parse();
    let replay = Replay::base(&parsed, &["base".to_owned()]);
    let resource = ResourceRef {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        name: "p-web".to_owned(),
        namespace: None,
    };
    for (path, value, expected) in [
        ("spec.replicas", json!(1), (7, 13, "  replicas: 1")),
        (
            "metadata.labels.team",
            json!(null),
            (5, 3, "  labels: {app: web}"),
        ),
        (
            "spec.template.spec.containers[name=extra]",
            json!(null),
            (10, 7, "      containers:"),
        ),
    ] {
        let place = replay
            .standing(&Target {
                resource: &resource,
                name: "web",
                path: Some(&at(path)),
                value: Some(&value).filter(|value| !value.is_null()),
                other: None,
                against_base: true,
            })
            .unwrap();
        assert_eq!(
            (place.line, place.column, place.source.as_deref().unwrap()),
            expected
        );
        assert_eq!(place.what, "the resource");
    }
}

#[test]
fn nothing_of_a_secret_is_shown() {
    let flow = "{resources: [../base], secretGenerator: [{name: s, literals: [a=hunter2]}], images: [{name: web, newTag: x}]}";
    let sources = sources(&[("o/kustomization.yaml", flow)]);
    let parsed = sources.parse();
    let bases = ["base".to_owned()];
    let replay = Replay::overlay(&parsed, "o", &bases);
    for (kind, path) in [
        ("Secret", "data.a"),
        ("Deployment", &format!("{WEB}.image")),
    ] {
        let resource = ResourceRef {
            api_version: if kind == "Secret" { "v1" } else { "apps/v1" }.to_owned(),
            kind: kind.to_owned(),
            name: if kind == "Secret" { "s" } else { "web" }.to_owned(),
            namespace: None,
        };
        let value = json!(if kind == "Secret" { REDACTED } else { "web:x" });
        let place = replay.cause(&Target {
            resource: &resource,
            name: &resource.name,
            path: Some(&at(path)),
            value: Some(&value),
            other: None,
            against_base: true,
        });
        let place = place.unwrap();
        assert_ne!(place.what, UNTOLD);
        assert_eq!(place.source, None);
    }
}

#[test]
fn the_first_line_that_differs_in_a_file_is_reported() {
    let files = sources(&[
        (
            "o/kustomization.yaml",
            "configMapGenerator: [{name: f, files: [t.txt]}]",
        ),
        ("o/t.txt", "one\ntwo\nthree\n"),
    ]);
    let parsed = files.parse();
    let replay = Replay::overlay(&parsed, "o", &[]);
    let resource = ResourceRef {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        name: "f-52d679kdb7".to_owned(),
        namespace: None,
    };
    let value = json!("one\ntwo\nthree\n");
    for (other, line) in [
        (None, 1),
        (Some("none"), 1),
        (Some("one\n2\nthree\n"), 2),
        (Some("one\ntwo\nthree\nfour\n"), 3),
    ] {
        let other = other.map(|other| json!(other));
        let place = replay.cause(&Target {
            resource: &resource,
            name: &resource.name,
            path: Some(&at("data[\"t.txt\"]")),
            value: Some(&value),
            other: other.as_ref(),
            against_base: true,
        });
        let place = place.unwrap();
        assert_eq!((place.file.as_str(), place.line), ("o/t.txt", line));
    }
}

/// A kustomization that uses every field, to be corrupted.
const EVERYTHING: &str = "resources: [../base, o.yaml]\nnamespace: n\nnamePrefix: p-\nnameSuffix: -s\ncommonLabels: {a: b}\ncommonAnnotations: {a: b}\nlabels:\n- pairs: {c: d}\n  includeSelectors: true\nimages:\n- {name: web, newTag: x}\nreplicas:\n- {name: web, count: 3}\ncomponents: [../c]\npatchesStrategicMerge: [p.yaml]\npatches:\n- target: {kind: Deployment, name: 'w.*', labelSelector: 'app=web'}\n  patch: |-\n    - {op: move, from: /spec/template, path: /spec/replicas}\n    - {op: copy, from: /spec, path: /spec/x}\n    - {op: add, path: /spec/x/-, value: {a: [1, 2]}}\n    - {op: remove, path: /metadata/labels/app}\n- patch: '{\"kind\": \"Deployment\", \"metadata\": {\"name\": \"web\"}, \"spec\": {\"$patch\": \"replace\"}}'\nconfigMapGenerator:\n- name: cfg\n  behavior: replace\n  literals: [a=1, b]\n  envs: [p.yaml]\n  files: [k=p.yaml]\nreplacements:\n- source: {kind: Deployment, fieldPath: metadata.name, options: {delimiter: '-', index: 1}}\n  targets:\n  - select: {kind: ConfigMap}\n    fieldPaths: [data.a, 'data.[b]', '*.x']\n    options: {create: true, delimiter: ü, index: -1}\nvars:\n- {name: V, objref: {kind: ConfigMap, name: cfg}, fieldref: {fieldpath: data.a}}\ntransformers:\n- t.yaml\n- \"{apiVersion: builtin, kind: PatchTransformer, target: {}, patch: '[{op: add, path: /y,\\n\n  value: 1}]'}\"\n";

proptest::proptest! {
    #[test]
    fn no_files_make_it_panic(
        cut in 0..EVERYTHING.len(),
        length in 0..60_usize,
        instead in "([a-z{}:, \\[\\]|'\"$/-]|\\PC|\n){0,8}",
        path in r"([a-z.=0-9]|\[|\]|\PC){0,12}",
    ) {
        let end = (cut + length).min(EVERYTHING.len());
        let (start, end) = (finding::floor(EVERYTHING, cut), finding::floor(EVERYTHING, end));
        let text = format!("{}{instead}{}", &EVERYTHING[..start], &EVERYTHING[end..]);
        let files = [
            ("o/kustomization.yaml", text.as_str()),
            ("c/kustomization.yaml", &text),
            ("o/p.yaml", &text),
            ("o/t.yaml", "apiVersion: builtin\nkind: PatchTransformer\npath: p.yaml\n"),
        ];
        let sources = sources(&files);
        let parsed = sources.parse();
        let bases = ["base".to_owned()];
        let replay = Replay::overlay(&parsed, "o", &bases);
        let _ = replay.entries(&[], &[]);
        for (kind, name) in [("Deployment", "p-web-s"), ("ConfigMap", "cfg")] {
            let resource = ResourceRef {
                api_version: "apps/v1".to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
                namespace: None,
            };
            let image = format!("{WEB}.image");
            for path in [None, Some(path.as_str()), Some(&image), Some("data.a"), Some("spec")] {
                let path = path.and_then(|path| Some(FieldPath::from(Path::parse(path).ok()?)));
                let value = json!("web:x");
                let target = Target {
                    resource: &resource,
                    name,
                    path: path.as_ref(),
                    value: Some(&value),
                    other: None,
                    against_base: true,
                };
                let _ = replay.standing(&target);
                if let Some(place) = replay.cause(&target) {
                    let text = sources.text(&place.file).unwrap();
                    let line = text.split('\n').nth(place.line - 1).unwrap().trim_end_matches('\r');
                    let end = place.column - 1 + place.length;
                    proptest::prop_assert!(end <= line.chars().count().max(1), "{place:?}");
                    proptest::prop_assert!(place.source.is_none_or(|source| source == line));
                }
            }
        }
    }
}

#[test]
fn a_long_line_is_not_repeated_by_every_finding() {
    let text = |pad: usize| {
        let pad = " ".repeat(pad);
        format!("{{resources: [../base], {pad}replicas: [{{name: web, count: 3}}]}}")
    };
    for (pad, is_shown) in [(0, true), (finding::MAX_LINE, false)] {
        let sources = sources(&[("o/kustomization.yaml", &text(pad))]);
        let parsed = sources.parse();
        let bases = ["base".to_owned()];
        let resource = ResourceRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: "web".to_owned(),
            namespace: None,
        };
        let place = Replay::overlay(&parsed, "o", &bases).cause(&Target {
            resource: &resource,
            name: "web",
            path: Some(&at("spec.replicas")),
            value: Some(&json!(3)),
            other: None,
            against_base: true,
        });
        let place = place.unwrap();
        assert_eq!((place.length, place.source.is_some()), (1, is_shown));
    }
}

/// The place that is reported for an image that has another value on the other side.
fn image(entry: &str, value: &str, other: &str) -> String {
    let text = format!("resources: [../base]\nimages:\n- name: web\n{entry}");
    let sources = sources(&[("o/kustomization.yaml", &text)]);
    let parsed = sources.parse();
    let bases = ["base".to_owned()];
    let replay = Replay::overlay(&parsed, "o", &bases);
    let resource = ResourceRef {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        name: "web".to_owned(),
        namespace: None,
    };
    let (value, other) = (json!(value), json!(other));
    let place = replay.cause(&Target {
        resource: &resource,
        name: "web",
        path: Some(&at(&format!("{WEB}.image"))),
        value: Some(&value),
        other: Some(&other),
        against_base: true,
    });
    let place = place.unwrap();
    format!("{}:{}", place.file, place.line)
}

#[test]
fn a_renamed_image_is_reported_at_its_name() {
    for entry in [
        "  newName: other\n  newTag: \"2\"\n",
        "  newName: other\n  digest: sha256:0\n",
    ] {
        let value = if entry.contains("newTag") {
            "other:2"
        } else {
            "other@sha256:0"
        };
        assert_eq!(image(entry, value, "web:1"), "o/kustomization.yaml:4");
        // An image of the same name differs only in the tag.
        assert_eq!(image(entry, value, "other:1"), "o/kustomization.yaml:5");
    }
    // Nor if the tag is the base's own, repeated or left out.
    let again = "  newName: other\n  newTag: \"1\"\n";
    assert_eq!(image(again, "other:1", "web:1"), "o/kustomization.yaml:4");
    assert_eq!(image(again, "other:1", "other:2"), "o/kustomization.yaml:5");
    let left = "  newName: other\n";
    assert_eq!(image(left, "other:1", "web:1"), "o/kustomization.yaml:4");
    assert_eq!(image(left, "other:1", "other:2"), "o/kustomization.yaml:3");
    let tag_alone = "  newName: web\n  newTag: \"2\"\n";
    assert_eq!(image(tag_alone, "web:2", "web:1"), "o/kustomization.yaml:5");
}
