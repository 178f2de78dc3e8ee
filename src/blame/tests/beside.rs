//! A value that an environment's own patch lacks is reported at that patch; a value of its base
//! stays there.

use super::*;

/// A patch of the Deployment with these lines for the container.
fn patch(lines: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n{lines}"
    )
}

/// The place that is reported for a difference between `p` and `o` in a field with these values;
/// `None` is a null.
fn told(files: &[(&str, &str)], path: &str, ours: &Value, theirs: &Value) -> String {
    let sources = sources(files);
    let parsed = sources.parse();
    let bases = ["base".to_owned()];
    let replay = |directory| Replay::overlay(&parsed, directory, &bases);
    let (replay, other) = (replay("p"), replay("o"));
    let resource = ResourceRef {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        name: "web".to_owned(),
        namespace: None,
    };
    let path = at(path);
    let said = |value: &'_ Value| (!value.is_null()).then(|| value.clone());
    let (ours, theirs) = (said(ours), said(theirs));
    let target = Target {
        resource: &resource,
        name: "web",
        path: Some(&path),
        value: ours.as_ref(),
        other: theirs.as_ref(),
        against_base: false,
    };
    let there = Target {
        value: target.other,
        other: target.value,
        ..target
    };
    let place = replay.cause_beside(&target, &other, &there).unwrap();
    let source = place.source.unwrap_or_default();
    format!("{}:{} {}", place.file, place.line, source.trim())
}

const MERGE: &str = "resources: [../base]\npatches:\n- path: p.yaml\n";

/// The same of two overlays with a patch each.
fn of_patches(ours: &str, theirs: &str, path: &str, values: &[Value; 2]) -> String {
    let files = [
        ("p/kustomization.yaml", MERGE),
        ("p/p.yaml", ours),
        ("o/kustomization.yaml", MERGE),
        ("o/p.yaml", theirs),
    ];
    told(&files, path, &values[0], &values[1])
}

#[test]
fn a_missing_field_is_reported_at_its_nearest_parent_in_the_patch() {
    let element = format!("{WEB}.env[name=C]");
    let entry = json!({"name": "C", "value": "3"});
    let limits = format!("{WEB}.resources.limits");
    let theirs = patch(
        "        env:\n        - {name: C, value: '3'}\n        resources:\n          limits: {cpu: 1}\n          requests: {cpu: 1}\n",
    );
    for (ours, path, values, expected) in [
        // An entry beside one that the patch changes, and beside one that it adds.
        (
            "        env:\n        - {name: B, value: x}\n",
            &element,
            [Value::Null, entry.clone()],
            "p/p.yaml:9 env:",
        ),
        (
            "        env:\n        - {name: D, value: x}\n",
            &element,
            [Value::Null, entry.clone()],
            "p/p.yaml:9 env:",
        ),
        // The container alone, and not even the container.
        (
            "        args: [c]\n",
            &element,
            [Value::Null, entry.clone()],
            "p/p.yaml:8 - name: web",
        ),
        (
            "        resources:\n          limits: {memory: 2Gi}\n",
            &format!("{limits}.cpu"),
            [Value::Null, json!(1)],
            "p/p.yaml:10 limits: {memory: 2Gi}",
        ),
        (
            "        resources:\n          limits: {memory: 2Gi}\n",
            &format!("{WEB}.resources.requests"),
            [Value::Null, json!({"cpu": 1})],
            "p/p.yaml:9 resources:",
        ),
    ] {
        assert_eq!(of_patches(&patch(ours), &theirs, path, &values), expected);
    }
    // A value that the base has and the sibling changes.
    let ours = patch("        resources:\n          limits: {cpu: 1}\n");
    let theirs = patch("        resources:\n          limits: {memory: 2Gi}\n");
    let values = [json!("1Gi"), json!("2Gi")];
    assert_eq!(
        of_patches(&ours, &theirs, &format!("{limits}.memory"), &values),
        "p/p.yaml:10 limits: {cpu: 1}"
    );
}

#[test]
fn an_operation_that_adds_to_the_list_is_the_nearest_place() {
    let operation = "resources: [../base]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: add\n      path: /spec/template/spec/containers/0/env/-\n      value: {name: D, value: x}\n";
    let theirs = patch("        env:\n        - {name: C, value: '3'}\n");
    let files = [
        ("p/kustomization.yaml", operation),
        ("o/kustomization.yaml", MERGE),
        ("o/p.yaml", &theirs),
    ];
    let entry = json!({"name": "C", "value": "3"});
    let path = format!("{WEB}.env[name=C]");
    let told = told(&files, &path, &Value::Null, &entry);
    assert!(told.starts_with("p/kustomization.yaml:"), "{told}");
}

#[test]
fn a_field_that_no_own_patch_names_stays_in_the_base() {
    let path = format!("{WEB}.env[name=C]");
    let entry = json!({"name": "C", "value": "3"});
    let theirs = patch("        env:\n        - {name: C, value: '3'}\n");
    let base = "base/d.yaml:14 env:";
    // No patch, a patch of another resource, and a patch of a component.
    let component = "resources: [../base]\ncomponents: [../c]\n";
    let own = patch("        env:\n        - {name: B, value: x}\n");
    let of_another =
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cfg}\ndata: {a: x}\n".to_owned();
    for (text, ours) in [
        ("resources: [../base]\n", ""),
        (MERGE, of_another.as_str()),
        (component, ""),
    ] {
        let files = [
            ("p/kustomization.yaml", text),
            ("p/p.yaml", ours),
            (
                "c/kustomization.yaml",
                "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\npatches:\n- path: c.yaml\n",
            ),
            ("c/c.yaml", own.as_str()),
            ("o/kustomization.yaml", MERGE),
            ("o/p.yaml", theirs.as_str()),
        ];
        assert_eq!(told(&files, &path, &Value::Null, &entry), base, "{text}");
    }
    // A value that this environment's own patch sets.
    let ours = patch("        env:\n        - {name: B, value: x}\n");
    let theirs = patch("        env:\n        - {name: B, value: y}\n");
    let path = format!("{WEB}.env[name=B].value");
    let values = [json!("x"), json!("y")];
    assert_eq!(
        of_patches(&ours, &theirs, &path, &values),
        "p/p.yaml:10 - {name: B, value: x}"
    );
    // A value from the sibling's base is missing here because of the line that removes it.
    let ours = patch("        env:\n        - {name: B, $patch: delete}\n");
    let path = format!("{WEB}.env[name=B]");
    let values = [Value::Null, json!({"name": "B", "value": "2"})];
    assert_eq!(
        of_patches(&ours, &patch("        args: [c]\n"), &path, &values),
        "p/p.yaml:10 - {name: B, $patch: delete}"
    );
}

#[test]
fn a_line_of_a_secret_is_not_shown_as_the_nearest() {
    let secret = |line: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{{line}}}\n")
    };
    let base = secret("a: s3cret-a");
    let (ours, theirs) = (secret("b: s3cret-b"), secret("c: s3cret-c"));
    let files = [
        ("base/kustomization.yaml", "resources: [d.yaml, s.yaml]"),
        ("base/s.yaml", &base),
        ("p/kustomization.yaml", MERGE),
        ("p/p.yaml", &ours),
        ("o/kustomization.yaml", MERGE),
        ("o/p.yaml", &theirs),
    ];
    let sources = sources(&files);
    let parsed = sources.parse();
    let bases = ["base".to_owned()];
    let (replay, other) = (
        Replay::overlay(&parsed, "p", &bases),
        Replay::overlay(&parsed, "o", &bases),
    );
    let resource = ResourceRef {
        api_version: "v1".to_owned(),
        kind: "Secret".to_owned(),
        name: "s".to_owned(),
        namespace: None,
    };
    let (path, hidden) = (at("stringData.c"), json!(REDACTED));
    let target = Target {
        resource: &resource,
        name: "s",
        path: Some(&path),
        value: None,
        other: Some(&hidden),
        against_base: false,
    };
    let there = Target {
        value: Some(&hidden),
        other: None,
        ..target
    };
    let place = replay.cause_beside(&target, &other, &there).unwrap();
    assert_eq!((place.file.as_str(), place.line), ("p/p.yaml", 4));
    assert_eq!(place.source, None);
}
