//! Builds that fail on something with a Secret's value in it: the message does not show the value.

use std::fs;
use std::process::Command;

use krm_parity::report::survey::Format;

use super::{NEWEST, check};
use crate::support::Tree;
use crate::support::{binary, require, run};

/// A repository whose production does not build.
struct Case {
    name: &'static str,
    /// Files in addition to those that [`tree`] writes.
    files: &'static [(&'static str, &'static str)],
    /// Values that must not be seen, in any form.
    planted: &'static [&'static str],
    /// Words that help to fix the failure.
    kept: &'static [&'static str],
}

const BASE: &str = "base/kustomization.yaml";
const PROD: &str = "overlays/prod/kustomization.yaml";

/// Turns two resources of the base into one, so that kustomize shows both.
const CONFLICT: &str = "resources: [../../base]\nnamespace: prod\n";

/// Makes kustomize show each resource in Go's syntax.
const LABELS: &str = "resources: [../../base]\ncommonLabels: {on: \"yes\"}\n";

/// A component, so that the failure is quoted once more.
const COMPONENT: &str = "resources: [../../base]\ncomponents: [../c]\n";

/// A Secret of another namespace.
const ELSEWHERE: &str =
    "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: o}\nstringData: {a: hunter2}\n";

const CASES: &[Case] = &[
    Case {
        name: "a literal",
        files: &[
            (
                BASE,
                "secretGenerator:\n- {name: s, literals: [password=hunter2hunter2], options: {disableNameSuffixHash: true}}\n- {name: s, namespace: other, literals: [k=swordfish], options: {disableNameSuffixHash: true}}\n",
            ),
            (PROD, CONFLICT),
        ],
        planted: &["hunter2hunter2", "swordfish"],
        kept: &[
            "namespace transformation produces ID conflict",
            "Secret s of namespace prod",
        ],
    },
    Case {
        name: "files and envs",
        files: &[
            (
                BASE,
                "secretGenerator:\n- {name: s, files: [tls.key], options: {disableNameSuffixHash: true}}\n- {name: s, namespace: other, envs: [e.env], options: {disableNameSuffixHash: true}}\n",
            ),
            ("base/tls.key", "-----BEGIN KEY-----\nhunter2\nhunter3\n"),
            ("base/e.env", "K=swordfish\n"),
            (PROD, CONFLICT),
        ],
        planted: &["-----BEGIN KEY-----\nhunter2\nhunter3", "swordfish"],
        kept: &["ID conflict", "Secret s"],
    },
    Case {
        name: "short values",
        files: &[
            (
                BASE,
                "secretGenerator:\n- {name: s, literals: [pin=0#7], options: {disableNameSuffixHash: true}}\n- {name: s, namespace: other, literals: [pin=8~9], options: {disableNameSuffixHash: true}}\n",
            ),
            (PROD, CONFLICT),
        ],
        planted: &["0#7", "8~9"],
        kept: &["ID conflict", "Secret s"],
    },
    Case {
        name: "values that must be escaped",
        files: &[
            (
                "base/s.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  ml: |\n    first \"hunter2\" \\n <&>\n    second \"swordfish\"\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: o}\nstringData: {a: 'it''s \"opensesame\"'}\n",
            ),
            (PROD, CONFLICT),
        ],
        planted: &[
            "first \"hunter2\" \\n <&>\nsecond \"swordfish\"",
            "it's \"opensesame\"",
            "hunter2",
            "swordfish",
            "opensesame",
        ],
        kept: &["ID conflict", "Secret db"],
    },
    Case {
        name: "a folded value",
        files: &[
            (
                "base/s.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  a: >-\n    hunter2\n    swordfish\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: o}\n",
            ),
            (PROD, CONFLICT),
        ],
        planted: &["hunter2", "swordfish"],
        kept: &["ID conflict", "Secret db"],
    },
    Case {
        name: "Go syntax",
        files: &[
            (
                BASE,
                "secretGenerator:\n- {name: s, literals: [password=hunter2, other=\"sword\\\"fish\"]}\n",
            ),
            (PROD, LABELS),
        ],
        planted: &["hunter2", "sword\"fish"],
        kept: &["{Secret s-", "json: unsupported type"],
    },
    Case {
        name: "an error inside of an error",
        files: &[
            (PROD, COMPONENT),
            (
                "overlays/c/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [s.yaml]\nnamespace: prod\n",
            ),
            (
                "overlays/c/s.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: o}\nstringData: {a: swordfish}\n",
            ),
        ],
        planted: &["hunter2", "swordfish"],
        kept: &["ID conflict", "Secret db of namespace prod"],
    },
    Case {
        name: "an inline generator",
        files: &[
            ("base/s.yaml", ELSEWHERE),
            (
                PROD,
                "resources: [../../base]\nnamespace: prod\ngenerators:\n- |\n  apiVersion: builtin\n  kind: SecretGenerator\n  metadata: {name: db}\n  options: {disableNameSuffixHash: true}\n  literals: [a=swordfish]\n",
            ),
        ],
        planted: &["hunter2", "swordfish"],
        kept: &["ID conflict", "Secret db"],
    },
    Case {
        name: "a generator in a file",
        files: &[
            ("base/s.yaml", ELSEWHERE),
            (
                PROD,
                "resources: [../../base]\nnamespace: prod\ngenerators: [g.yaml]\n",
            ),
            (
                "overlays/prod/g.yaml",
                "apiVersion: builtin\nkind: SecretGenerator\nmetadata: {name: db}\noptions: {disableNameSuffixHash: true}\nliterals: [a=swordfish]\nfiles: [k=f.txt]\n",
            ),
            ("overlays/prod/f.txt", "opensesame\n"),
        ],
        planted: &["hunter2", "swordfish", "opensesame"],
        kept: &["ID conflict", "Secret db"],
    },
    Case {
        name: "a literal that is none",
        files: &[(
            PROD,
            "resources: [../../base]\nsecretGenerator:\n- {name: s, literals: [swordfish]}\n",
        )],
        planted: &["swordfish"],
        kept: &["expected key=value"],
    },
    Case {
        name: "a patch with a target by name",
        files: &[(
            PROD,
            "resources: [../../base]\npatches:\n- target: {name: db}\n  patch: |\n    - op: replace\n      path: /stringData/a\n      value: swordfish\n     x\n",
        )],
        planted: &["swordfish"],
        kept: &["PatchTransformer", "target: {name: db}", "unable to parse"],
    },
    Case {
        name: "a patch with a target by label",
        files: &[(
            PROD,
            "resources: [../../base]\npatches:\n- target: {labelSelector: a=b}\n  patch: '[{op: replace, path: /stringData/a, value: \"sword\\\"fish\"}'\n",
        )],
        planted: &["sword\"fish", "sword\\\"fish"],
        kept: &["labelSelector: a=b"],
    },
    Case {
        name: "a patch without a target",
        files: &[(
            PROD,
            "resources: [../../base]\npatches:\n- patch: |\n    - op: replace\n      path: /stringData/a\n      value: swordfish\n",
        )],
        planted: &["swordfish"],
        kept: &["must specify a target for JSON patch"],
    },
    Case {
        name: "a patch whose target is a pattern",
        files: &[(
            PROD,
            "resources: [../../base]\npatches:\n- target: {kind: Secret|ConfigMap}\n  patch: '[{op: replace, path: /stringData/a, value: swordfish}'\n",
        )],
        planted: &["swordfish"],
        kept: &["kind: Secret|ConfigMap"],
    },
    Case {
        name: "operations in flow style",
        files: &[(
            PROD,
            "resources: [../../base]\npatches:\n- patch: '[{op: replace, path: /stringData/a, value: swordfish}]'\n",
        )],
        planted: &["swordfish"],
        kept: &["unable to parse SM or JSON patch"],
    },
    Case {
        name: "a patch that forgets its kind",
        files: &[(
            PROD,
            "resources: [../../base]\npatches:\n- patch: 'stringData: {a: swordfish}'\n",
        )],
        planted: &["swordfish"],
        kept: &["unable to parse SM or JSON patch"],
    },
    Case {
        name: "an older patch that forgets its kind",
        files: &[(
            PROD,
            "resources: [../../base]\npatchesStrategicMerge:\n- |\n  stringData: {a: swordfish, b: \"open\\\"sesame\"}\n",
        )],
        planted: &["swordfish", "open\"sesame", "open\\\"sesame"],
        kept: &["PatchStrategicMergeTransformer"],
    },
    Case {
        name: "an older patch that is no YAML",
        files: &[(
            PROD,
            "resources: [../../base]\npatchesJson6902:\n- target: {version: v1, kind: Secret, name: db}\n  patch: |\n    - {op: replace, path: /stringData/a, value: swordfish\n",
        )],
        planted: &["swordfish"],
        kept: &[
            "PatchJson6902Transformer",
            "name: db",
            "did not find expected",
        ],
    },
    Case {
        name: "a list of Secrets",
        files: &[(
            PROD,
            "resources: [../../base]\npatches:\n- target: {kind: ConfigMap}\n  patch: |\n    apiVersion: v1\n    kind: SecretList\n    items:\n    - {apiVersion: v1, kind: Secret, metadata: {name: db}, stringData: {a: swordfish}}\n    - [\n",
        )],
        planted: &["swordfish"],
        kept: &["kind: ConfigMap", "unable to parse"],
    },
    Case {
        name: "a transformer with a patch",
        files: &[
            (PROD, "resources: [../../base]\ntransformers: [t.yaml]\n"),
            (
                "overlays/prod/t.yaml",
                "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: x}\npatch: 'stringData: {a: swordfish}'\n",
            ),
        ],
        planted: &["swordfish"],
        kept: &["unable to parse"],
    },
    Case {
        name: "a value of the wrong type",
        files: &[(
            PROD,
            "resources: [../../base]\nreplacements:\n- source: {kind: Secret, name: db, fieldPath: stringData.a}\n  targets:\n  - select: {kind: Secret}\n    fieldPaths: [stringData.a.b]\n",
        )],
        planted: &["hunter2"],
        kept: &["unable to find field", "wrong node kind"],
    },
    Case {
        name: "a part of a value",
        files: &[(
            PROD,
            "resources: [../../base]\nreplacements:\n- source: {kind: Secret, name: db, fieldPath: stringData.a, options: {delimiter: '-', index: 9}}\n  targets:\n  - select: {kind: Secret}\n    fieldPaths: [stringData.b]\n",
        )],
        planted: &["hunter2"],
        kept: &["out of bounds"],
    },
    Case {
        name: "a chart with a password",
        files: &[(
            PROD,
            "resources: [../../base]\nhelmCharts:\n- {name: x, version: 1.0.0, valuesInline: {password: swordfish}}\n",
        )],
        planted: &["swordfish"],
        kept: &[
            "name: x, valuesInline: <redacted>, version: 1.0.0",
            "must specify --enable-helm",
        ],
    },
    Case {
        name: "all on one line",
        files: &[(
            PROD,
            "{\"resources\": [\"../../base\", \"gone.yaml\"], \"secretGenerator\": [{\"name\": \"s\", \"literals\": [\"a=swordfish\"]}], \"generators\": [\"{\\\"apiVersion\\\": \\\"builtin\\\", \\\"kind\\\": \\\"SecretGenerator\\\", \\\"literals\\\": [\\\"a=opensesame\\\"]}\"]}\n",
        )],
        planted: &["swordfish", "opensesame"],
        kept: &["gone.yaml", PROD],
    },
    Case {
        name: "what is no path",
        files: &[(
            PROD,
            "resources: [../../base, gone.yaml, 'stringData: {a: swordfish}']\ntransformers: ['kind: SecretGenerator, literals: [a=opensesame]']\n",
        )],
        planted: &["swordfish", "opensesame"],
        kept: &["gone.yaml"],
    },
    Case {
        name: "a value that YAML takes for something else",
        files: &[
            (PROD, CONFLICT),
            (
                "base/s.yaml",
                "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  a: *swordfish\n",
            ),
        ],
        planted: &["swordfish"],
        kept: &["unknown anchor", "s.yaml", BASE],
    },
    Case {
        name: "all on one line that cannot be read",
        files: &[(
            PROD,
            "{\"resources\": [\"gone.yaml\"], \"secretGenerator\": [{\"name\": \"s\", \"literals\": [\"a=swordfish\"]}], \"resources\": [\"gone.yaml\"], }}\n",
        )],
        planted: &["swordfish"],
        kept: &[PROD],
    },
    Case {
        name: "a patch of something else",
        files: &[(
            PROD,
            "resources: [../../base]\npatches:\n- target: {kind: Deployment|StatefulSet}\n  patch: |\n    - {op: add, path: /spec/replicas\n",
        )],
        planted: &[],
        kept: &[
            "PatchTransformer",
            "Deployment|StatefulSet",
            "- {op: add, path: /spec/replicas",
        ],
    },
];

fn tree(case: &Case) -> Tree {
    let tree = Tree::new();
    tree.write(BASE, "resources: [s.yaml]\n");
    tree.write(
        "base/s.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {a: hunter2}\n",
    );
    tree.overlay("overlays/dev", "");
    for (path, text) in case.files {
        tree.write(path, text);
    }
    tree
}

/// All output: every format, on every stream and in every file, with a name for each.
fn told(tree: &Tree, kustomize: &std::path::Path, builder: &str) -> Vec<(String, String)> {
    let mut arguments = vec!["--builder".to_owned(), builder.to_owned()];
    let files: Vec<_> = Format::ALL
        .map(|format| (format.id(), tree.path(&format!("out/{}", format.id()))))
        .into();
    fs::create_dir_all(tree.path("out")).expect("a folder");
    for (id, file) in &files {
        arguments.extend(["--format".to_owned(), format!("{id}={}", file.display())]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let checked = check(kustomize, &tree.path(""), &arguments);
    let mut all = vec![("check".to_owned(), checked.stdout + &checked.stderr)];
    for (id, file) in files {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{error}: {all:?}"));
        all.push((id.to_owned(), text));
    }
    let path = format!(
        "{}:/usr/bin:/bin",
        kustomize.parent().expect("a folder").display()
    );
    for arguments in [&["snapshot", "overlays/prod"][..], &["init", "--adopt"]] {
        let run = run(Command::new(binary())
            .current_dir(tree.path(""))
            .env("PATH", &path)
            .args(arguments));
        all.push((arguments[0].to_owned(), run.stdout + &run.stderr));
    }
    all
}

/// A value in the forms in which it may be shown.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    let json = serde_json::Value::from(value).to_string();
    forms.push(json[1..json.len() - 1].to_owned());
    forms.push(json.replace('<', "\\u003c").replace('&', "\\u0026")[1..json.len() - 1].to_owned());
    forms.push(
        value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('"', "&quot;"),
    );
    for text in [value.to_owned(), format!("{value}\n")] {
        let mut encoded =
            run(Command::new("sh").args(["-c", "printf %s \"$0\" | base64 -w0", &text])).stdout;
        encoded.truncate(encoded.trim_end_matches('=').len());
        // The last letter depends on the bytes that follow.
        encoded.pop();
        forms.push(encoded);
    }
    forms.extend(value.lines().map(str::to_owned));
    forms
}

#[test]
fn a_build_that_fails_shows_no_value_of_a_secret() {
    let kustomize = require!(kustomize(NEWEST));
    let mut wrong = Vec::new();
    for case in CASES {
        let tree = tree(case);
        let all = told(&tree, &kustomize, "kustomize");
        // The engine has its own messages for what it rejects.
        let own = told(&tree, &kustomize, "auto");
        for (place, text) in all.iter().chain(&own) {
            let fails = text.contains("build-failure") || text.contains("does not build");
            if !fails && place != "check" && place != "init" {
                wrong.push(format!("{}, {place}, builds", case.name));
            }
            for form in case.planted.iter().flat_map(|value| forms(value)) {
                if let Some(line) = text.lines().find(|line| line.contains(&form)) {
                    wrong.push(format!("{}, {place}, tells {form}: {line}", case.name));
                }
            }
        }
        let told = messages(&all);
        for words in case.kept {
            if !told.contains(words) {
                wrong.push(format!("{} does not tell {words}: {told}", case.name));
            }
        }
        let root = tree.path("").display().to_string();
        for words in ["deprecated", root.trim_end_matches('/')] {
            if told.contains(words) {
                wrong.push(format!("{} tells {words}: {told}", case.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The messages of the failures, and the file of each.
fn messages(all: &[(String, String)]) -> String {
    let (_, text) = all
        .iter()
        .find(|(place, _)| place == "json")
        .expect("a report");
    let report: serde_json::Value = serde_json::from_str(text).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .map(|finding| text(&finding["message"]) + " " + &text(&finding["place"]["file"]) + "\n")
        .collect()
}

/// Patches that do nothing, so that their own lines are quoted.
#[test]
fn a_patch_that_matches_nothing_shows_no_value_of_a_secret() {
    let kustomize = require!(kustomize(NEWEST));
    let operation = r#"'[{"op":"replace","path":"/stringData/a","value":"swordfish"}]'"#;
    let own = "'{apiVersion: v1, kind: Secret, metadata: {name: db}, stringData: {a: hunter2}}'";
    for (target, patch, is_shown) in [
        ("{kind: Secret, name: gone}", operation, false),
        ("{kind: Secret|ConfigMap, name: gone}", operation, false),
        ("{kind: '.*', name: gone}", operation, false),
        ("{name: gone}", operation, false),
        ("{labelSelector: a=b}", operation, false),
        ("{labelSelector: a=}", operation, false),
        ("{kind: Deployment, name: gone}", own, false),
        ("{name: gone}", own, false),
        ("{kind: Deployment, name: gone}", operation, true),
        ("{kind: Deployment|StatefulSet}", operation, true),
    ] {
        let case = Case {
            name: "",
            files: &[],
            planted: &[],
            kept: &[],
        };
        let tree = tree(&case);
        let text =
            format!("resources: [../../base]\npatches:\n- target: {target}\n  patch: {patch}\n");
        tree.write(PROD, &text);
        let all = told(&tree, &kustomize, "auto");
        assert!(messages(&all).contains("patch"), "{target}: {all:?}");
        for (place, text) in &all {
            let (value, format) = (["swordfish", "hunter2"], Format::from_id(place));
            let tells = value.iter().any(|value| text.contains(value));
            assert!(is_shown || !tells, "{target}, {place}: {text}");
            assert!(!is_shown || tells || format != Some(Format::Text), "{text}");
        }
    }
}

#[test]
fn the_line_of_an_inline_patch_for_something_else_is_shown() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write(BASE, "resources: [c.yaml]\n");
    let object = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
    tree.write("base/c.yaml", &format!("{object}data: {{a: b}}\n"));
    let patch = format!("{object}data: {{more: of-this}}\n").replace('\n', "\n  ");
    let text = format!("resources: [../../base]\npatchesStrategicMerge:\n- |-\n  {patch}\n");
    tree.write(PROD, &text);
    let run = check(&kustomize, &tree.path(""), &[]);
    assert!(
        run.stdout.contains("7 |   data: {more: of-this}\n"),
        "{run:#?}"
    );
}
