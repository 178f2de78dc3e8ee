//! Values of Secrets are in none of the function's additions.

use serde_yaml::Value;

use crate::support::{Call, require};
use crate::{BASE, Scene};

/// The texts that must not be visible, in the base and in the overlay, and their base64.
const VALUES: [(&str, &str); 4] = [
    ("swordfish-of-base", "c3dvcmRmaXNoLW9mLWJhc2U="),
    ("swordfish-of-overlay", "c3dvcmRmaXNoLW9mLW92ZXJsYXk="),
    ("opensesame-of-base", "b3BlbnNlc2FtZS1vZi1iYXNl"),
    ("opensesame-of-overlay", "b3BlbnNlc2FtZS1vZi1vdmVybGF5"),
];

/// A generated Secret, one with `stringData`, and one with `data` and a copy of itself in an annotation.
fn scene() -> Scene {
    let scene = Scene::new();
    let secrets = format!(
        "{BASE}---
apiVersion: v1
kind: Secret
metadata: {{name: plain}}
stringData:
  password: opensesame-of-base
  file: |
    first line
    opensesame-of-base
---
apiVersion: v1
kind: Secret
metadata:
  name: encoded
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{{\"data\":{{\"password\":\"{}\"}}}}'
data: {{password: {}}}
",
        VALUES[0].1, VALUES[0].1
    );
    scene.tree.write("base/app.yaml", &secrets);
    scene.base(
        "resources: [app.yaml]
configMapGenerator: [{name: settings, literals: [MODE=base]}]
secretGenerator: [{name: generated, literals: [password=swordfish-of-base]}]
",
    );
    scene
}

/// The function's own output: snapshots and results, and all of stderr.
fn own_words(call: &Call) -> String {
    let list: Value = serde_yaml::from_str(&call.stdout).expect("a ResourceList");
    let items = list["items"].as_sequence().expect("items");
    let mut words = call.stderr.clone();
    for item in items {
        if item["kind"].as_str() == Some("EnvironmentSnapshot") {
            words += &serde_yaml::to_string(item).expect("YAML");
        }
    }
    words + &serde_yaml::to_string(&list["results"]).expect("YAML")
}

#[track_caller]
fn assert_is_silent(words: &str) {
    for (plain, encoded) in VALUES {
        assert!(!words.contains(plain), "{plain}: {words}");
        assert!(!words.contains(encoded), "{encoded}: {words}");
    }
}

/// Overlays that change Secrets, with the rules that a strict policy finds.
const OVERLAYS: [(&str, &[&str]); 7] = [
    ("", &[]),
    (
        "secretGenerator: [{name: generated, behavior: replace, literals: [password=swordfish-of-overlay]}]\n",
        // The base's value is sealed nowhere, so the change cannot be found.
        &[],
    ),
    (
        "secretGenerator: [{name: generated, behavior: merge, literals: [other=swordfish-of-overlay]}]\n",
        &["config-keys"],
    ),
    (
        "secretGenerator: [{name: another, literals: [password=swordfish-of-overlay]}]\n",
        &["added-resource"],
    ),
    (
        "patches:
- target: {kind: Secret, name: plain}
  patch: |
    - {op: replace, path: /stringData/password, value: opensesame-of-overlay}
    - {op: remove, path: /stringData/file}
    - {op: add, path: /stringData/opensesame, value: opensesame-of-overlay}
    - {op: add, path: /type, value: Opaque}
",
        &["config-keys", "other"],
    ),
    (
        "patches:
- target: {kind: Secret, name: encoded}
  patch: |
    - {op: add, path: /stringData, value: {password: swordfish-of-overlay}}
    - {op: replace, path: /data, value: [c3dvcmRmaXNoLW9mLW92ZXJsYXk=]}
",
        &["config-keys"],
    ),
    (
        "patches:
- target: {kind: Secret, name: encoded}
  patch: |
    - op: replace
      path: /metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration
      value: '{\"stringData\":{\"password\":\"swordfish-of-overlay\"}}'
",
        &[],
    ),
];

#[test]
fn values_of_secrets_are_not_shown() {
    for host in require!(kustomizes()) {
        for (overlay, expected) in OVERLAYS {
            let scene = scene();
            scene.overlay(overlay);
            scene.policy("environment: production, allow: {classes: []}, identity: strict");
            let built = scene.build(&host);
            let found = built.found(2);
            let rules = crate::support::rules(&found);
            assert_eq!(rules, *expected, "{overlay}{:#?}", built.run);
            assert_eq!(built.run.succeeded(), expected.is_empty());
            for call in &built.calls {
                assert_is_silent(&own_words(call));
            }
            assert_is_silent(&built.run.stderr);
            // The items themselves are passed on, or nothing could be deployed.
            assert!(built.calls[1].stdout.contains("opensesame-of-"));
        }
    }
}

/// The sealed base keeps the keys of a Secret, or a lost key would not be noticed.
#[test]
fn keys_of_secrets_are_sealed() {
    for host in require!(kustomizes()) {
        let scene = scene();
        let built = scene.build(&host);
        built.passes(2);
        let sealed = own_words(&built.calls[0]);
        for name in ["generated", "plain", "encoded", "password", "file"] {
            assert!(sealed.contains(name), "{name}: {sealed}");
        }
    }
}

/// Errors do not repeat values either.
#[test]
fn errors_do_not_show_values() {
    let head = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- apiVersion: v1\n  kind: Secret\n  \
                metadata: {name: one}\n  stringData:\n";
    for broken in [
        "    password: swordfish-of-base\n    password: swordfish-of-overlay\n",
        "    password: \"swordfish-of-base\n",
        "    password: 'swordfish-of-base' swordfish-of-overlay\n",
        "    password: {swordfish-of-base: [}\n",
        "    password: *swordfish-of-base\n",
        "    password: !!int swordfish-of-base\n",
        "    password: swordfish-of-base\n   wrong: swordfish-of-overlay\n",
        "    swordfish-of-base\n",
        "    - swordfish-of-base\n    password: swordfish-of-overlay\n",
        "    password: | swordfish-of-base\n",
        "    password: swordfish-of-base: swordfish-of-overlay\n",
    ] {
        let mut command = assert_cmd::Command::new(crate::support::binary());
        let input = format!("{head}{broken}");
        let output = command.write_stdin(input.clone()).output().expect("a run");
        assert_eq!(output.status.code(), Some(1), "{broken}{output:?}");
        assert_is_silent(&String::from_utf8_lossy(&output.stderr));
        // If the item could be read after all, it is passed on.
        let answer = String::from_utf8(output.stdout).expect("UTF-8");
        assert_is_silent(answer.strip_prefix(input.as_str()).unwrap_or(&answer));
    }
}
