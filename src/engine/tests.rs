//! Small files that ask for too much: each replay ends soon, and within its bounds.

use std::fmt::Write as _;

use super::fixture::sources;
use super::{Reason, Replay};

mod values;

/// Replays an overlay as the check and the unbuilt output do.
fn replayed(files: &[(&str, String)]) -> Option<String> {
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, &**text)).collect();
    let sources = sources(&files);
    let parsed = sources.parse();
    let bases = ["base".to_owned()];
    let replay = Replay::overlay(&parsed, "o", &bases);
    replay.lines().ok()
}

fn overlay(rest: &str) -> (&'static str, String) {
    (
        "o/kustomization.yaml",
        format!("resources: [../base]\n{rest}"),
    )
}

fn replacement(paths: &str, options: &str) -> String {
    format!(
        "- source: {{kind: ConfigMap, name: cfg, fieldPath: data.a}}\n  targets:\n  - select: {{kind: ConfigMap}}\n    fieldPaths: [{paths}]\n    options: {{{options}}}\n"
    )
}

#[test]
fn pieces_never_exceed_the_depth_that_can_be_walked() {
    let many = 300_000;
    let path = "a.".repeat(many) + "b";
    let pointer = "/a".repeat(many);
    let created = replacement(&path, "create: true");
    let steps = (1..40).map(|level| replacement(&"a.".repeat(level * 50), "create: true"));
    let steps: String = steps.collect();
    let deep = |depth: usize| "{a: ".repeat(depth) + "1" + &"}".repeat(depth);
    let nested = (0..60).fold(String::new(), |text, level| {
        let path = "/a".repeat(1 + level * 200);
        text + &format!(
            "    - {{op: add, path: /data{path}, value: {}}}\n",
            deep(200)
        )
    });
    let moved = (0..60).fold(String::new(), |text, _| {
        text + "    - {op: move, from: /data, path: /new}\n    - {op: add, path: /data, value: {}}\n    - {op: move, from: /new, path: /data/a}\n"
    });
    let elsewhere = format!(
        "- https://example.com/x.yaml\npatches:\n- target: {{kind: Job, name: x}}\n  patch: '[{{op: add, path: {pointer}, value: 1}}]'\n"
    );
    let json = |operations: &str| {
        format!("patches:\n- target: {{kind: ConfigMap}}\n  patch: |-\n{operations}")
    };
    for (name, rest) in [
        ("a path", format!("replacements:\n{created}")),
        (
            "a source",
            format!("replacements:\n{}", created.replace("data.a", &path)),
        ),
        ("paths", format!("replacements:\n{steps}")),
        (
            "a pointer",
            json(&format!("    - {{op: add, path: {pointer}, value: 1}}\n")),
        ),
        ("values in values", json(&nested)),
        ("moves", json(&moved)),
    ] {
        // Tests run on threads with small stacks.
        let lines = replayed(&[overlay(&rest)]);
        assert!(
            lines.is_none() || name == "moves",
            "{name}: it is not followed to its end"
        );
    }
    let text = elsewhere.replacen("- ", "resources:\n- ", 1);
    assert_eq!(replayed(&[("o/kustomization.yaml", text)]), None);
}

#[test]
fn the_size_of_a_replay_is_bounded() {
    let doubled: String = (0..64)
        .map(|_| replacement("data.a", "delimiter: '-', index: 99"))
        .collect();
    let copied: String = (0..64).fold(String::new(), |text, at| {
        text + &format!("    - {{op: copy, from: /data, path: /data/x{at}}}\n")
    });
    let long = "x".repeat(1 << 20);
    let named = (0..2_000).fold(String::new(), |text, at| {
        text + &format!("    - {{op: copy, from: /data/a, path: /data/x{at}}}\n")
    });
    let suffix = format!("- {{name: web, tagSuffix: {}}}\n", "y".repeat(1 << 10));
    let json = |operations: &str| {
        format!("patches:\n- target: {{kind: ConfigMap}}\n  patch: |-\n{operations}")
    };
    for (name, rest) in [
        (
            "doubled by replacements",
            format!("replacements:\n{doubled}"),
        ),
        ("doubled by operations", json(&copied)),
        (
            "a long text, often",
            json(&format!(
                "    - {{op: add, path: /data/a, value: {long}}}\n{named}"
            )),
        ),
        ("suffixes", format!("images:\n{}", suffix.repeat(5_000))),
    ] {
        assert_eq!(replayed(&[overlay(&rest)]), None, "{name}");
    }
}

#[test]
fn many_small_entries_are_fast_together() {
    let many = 20_000;
    let resources = (0..many).fold(String::new(), |mut text, at| {
        let _ = write!(
            text,
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{at}, finalizers: [a]}}\n"
        );
        text
    });
    let list = |count: usize| {
        (0..count)
            .map(|at| format!("x{at}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let job = format!(
        "---\napiVersion: v1\nkind: Job\nmetadata: {{name: j, finalizers: [{}]}}\n",
        list(many)
    );
    let pairs = (0..many).fold(String::new(), |text, at| text + &format!("  l{at}: x\n"));
    let often = |entry: &str| entry.repeat(many);
    for (_, rest) in [
        (
            "patches of everything",
            format!(
                "patches:\n{}",
                often("- {target: {kind: ConfigMap}, patch: '[]'}\n")
            ),
        ),
        (
            "patches of nothing",
            format!(
                "patches:\n{}",
                often("- patch: '{kind: A, metadata: {name: b}}'\n")
            ),
        ),
        ("labels", format!("commonLabels:\n{pairs}")),
        (
            "images",
            format!("images:\n{}", often("- {name: a, newTag: b}\n")),
        ),
        (
            "replicas",
            format!("replicas:\n{}", often("- {name: a, count: 1}\n")),
        ),
        (
            "replacements",
            format!(
                "replacements:\n{}",
                often(&replacement("data.a, data.a", "create: true"))
            ),
        ),
        (
            "generators",
            format!(
                "configMapGenerator:\n{}",
                often("- {name: cfg, behavior: merge}\n")
            ),
        ),
        (
            "prefixes",
            format!(
                "transformers:\n{}",
                often(
                    "- '{apiVersion: builtin, kind: PrefixTransformer, prefix: ppppppppppppppp}'\n"
                )
            ),
        ),
        (
            "finalizers",
            format!(
                "patches:\n- target: {{kind: Job}}\n  patch: '{{metadata: {{finalizers: [{}]}}}}'\n",
                list(many)
            ),
        ),
        (
            "a list from its front",
            format!(
                "patches:\n- target: {{kind: Job}}\n  patch: |-\n{}",
                often("    - {op: add, path: /metadata/finalizers/0, value: x}\n")
            ),
        ),
        (
            "deletions",
            "patches:\n- {target: {kind: ConfigMap, name: .*1}, patch: '{$patch: delete}'}\n"
                .to_owned(),
        ),
    ] {
        let files = [
            (
                "o/kustomization.yaml",
                format!("resources: [../base, all.yaml]\n{rest}"),
            ),
            ("o/all.yaml", format!("{resources}{job}")),
        ];
        replayed(&files);
    }
}

#[test]
fn circular_kustomizations_end() {
    let sources = sources(&[
        (
            "o/kustomization.yaml",
            "resources: [../o, ../a, ../base, ../../../..]\ncomponents: [../a]\n",
        ),
        (
            "a/kustomization.yaml",
            "resources: [../o, ../a]\ncomponents: [../o]\n",
        ),
    ]);
    let parsed = sources.parse();
    let bases = ["base".to_owned()];
    let unknown = Replay::overlay(&parsed, "o", &bases).unknown();
    assert!(
        unknown.iter().any(|one| one.reason == Reason::Circle),
        "{unknown:#?}"
    );
}
