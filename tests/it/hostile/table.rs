//! More bad input, and the error for each: `messages.txt` in the same folder has a line for each.
//!
//! `UPDATE=1` rewrites that file, and fails.

use krm_parity::resource::Resource;
use krm_parity::snapshot::seal;
use krm_parity::yaml::parse;

use super::HEAD;

/// It is in Secrets, and in no answer.
pub const HUSH: &str = "hunter2";

/// A list of items, unchanged.
pub fn list(items: &str) -> String {
    format!("{HEAD}items:\n{items}")
}

fn config(config: &str) -> String {
    format!("{HEAD}items: []\nfunctionConfig:\n{config}")
}

fn policy(spec: &str) -> String {
    config(&format!(
        "  apiVersion: krm-parity.io/v1alpha1\n  kind: ParityPolicy\n  spec:\n{spec}"
    ))
}

/// A snapshot of one `ConfigMap`, as an item.
pub fn snapshot(data: &str) -> String {
    let text = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings}}\ndata: {{a: {data}}}\n"
    );
    let tree = parse(&text).unwrap();
    let resource = Resource::read(tree.roots().next().unwrap()).unwrap();
    format!("- {}", seal("shop", "base", &[resource]).to_yaml(2, "\n"))
}

pub const SECRET: &str = "- apiVersion: v1\n  kind: Secret\n  metadata: {name: db}\n  stringData:\n    password: hunter2\n";

/// Every input that is refused, by name.
#[expect(clippy::too_many_lines, reason = "a table")]
pub fn refused() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |text: &str| text.repeat(100_000);
    let texts: Vec<(&str, String)> = vec![
        ("only a comment", "# hello\n".into()),
        ("null", "null\n".into()),
        ("a number beyond all bounds", "9".repeat(400) + "\n"),
        ("unclosed quote", format!("{HEAD}items: [\"a\n")),
        ("unclosed bracket", format!("{HEAD}items: [{{kind: A}}\n")),
        (
            "half a JSON",
            "{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"Resou".into(),
        ),
        (
            "tabs for indentation",
            format!("{HEAD}items:\n-\tkind: A\n\tmetadata: {{}}\n"),
        ),
        ("items a string", format!("{HEAD}items: none\n")),
        ("an item of an empty kind", list("- kind: ''\n")),
        ("an item that is null", list("- kind: A\n-\n")),
        ("an item that is a list", list("- - kind: A\n")),
        (
            "an item in a List without a kind",
            list("- apiVersion: v1\n  kind: List\n  items:\n  - kind: A\n  - metadata: {}\n"),
        ),
        (
            "a key twice among many",
            list(&format!(
                "- kind: A\n  data:\n{}    k7: x\n",
                (0..40).fold(String::new(), |text, at| text + &format!("    k{at}: x\n"))
            )),
        ),
        ("100,000 JSON maps", deep("{\"a\":")),
        ("100,000 question marks", deep("? ")),
        ("100,000 anchors", deep("&a ")),
        (
            "100,000 brackets in an item",
            list(&format!("- kind: A\n  a: {}", deep("["))),
        ),
        (
            "deeper and deeper",
            (0..2_000).fold(String::new(), |text, at| {
                text + &format!("{}a:\n", " ".repeat(at))
            }),
        ),
        (
            "an alias bomb of merge keys",
            (1..40).fold("a0: &a0 {k: 1}\n".into(), |text: String, at| {
                text + &format!("a{at}: &a{at} {{l: *a{}, r: *a{}}}\n", at - 1, at - 1)
            }),
        ),
        (
            "an alias bomb of one long text",
            format!(
                "a: &a {}\nb: [{}]\n",
                "x".repeat(1 << 20),
                ["*a"; 1_000].join(", ")
            ),
        ),
        (
            "an alias in its own anchor",
            list("- &a\n  kind: A\n  a: *a\n"),
        ),
        (
            "an alias of another document",
            "a: &a 1\n---\nb: *a\n".into(),
        ),
        ("a merge key of a number", list("- kind: A\n  <<: 3\n")),
        (
            "a terminal escape in a plain scalar",
            list("- kind: A\u{1b}[31m\n"),
        ),
        (
            "bidi characters in a key that stands twice",
            "\"a\u{202e}b\": 1\n\"a\u{202e}b\": 2\n".into(),
        ),
        (
            "a JSON key of 2,000 characters without quotes",
            format!("{{{}: 1, b}}", "k".repeat(2_000)),
        ),
        (
            "a snapshot with a name like a novel",
            list(&format!(
                "- apiVersion: krm-parity.io/v9\n  kind: EnvironmentSnapshot\n  metadata: {{name: {}}}\n",
                "n".repeat(5_000)
            )),
        ),
        (
            "two states of one resource for a recorder",
            format!(
                "{HEAD}functionConfig: {{apiVersion: krm-parity.io/v1alpha1, kind: SnapshotRecorder, metadata: {{name: shop}}}}\nitems:\n\
                 - {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{k: '1'}}}}\n\
                 - {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{k: '1'}}}}\n\
                 - {{apiVersion: v1, kind: ConfigMap, metadata: {{name: a}}, data: {{k: '2'}}}}\n"
            ),
        ),
        (
            "a functionConfig without a kind",
            config("  apiVersion: krm-parity.io/v1alpha1\n"),
        ),
        (
            "a functionConfig of another kind",
            config("  apiVersion: apps/v1\n  kind: Deployment\n"),
        ),
        (
            "a functionConfig of nearly the kind",
            config("  apiVersion: krm-parity.io/v1alpha1\n  kind: ParityPolice\n"),
        ),
        (
            "a functionConfig of another version",
            config("  apiVersion: krm-parity.io/v1\n  kind: ParityPolicy\n"),
        ),
        (
            "a policy with an unknown class",
            policy("    allow:\n      classes:\n      - replicas\n      - images\n"),
        ),
        (
            "a policy with an unknown severity",
            policy("    rules:\n      other:\n        severity: fatal\n"),
        ),
        (
            "a policy with a list for a word",
            policy("    environment: [production]\n"),
        ),
        (
            "a policy with a number for a word",
            policy("    environment: 5\n"),
        ),
        (
            "a policy with a factor below one",
            policy("    rules:\n      scale-factor:\n        max: 0.5\n"),
        ),
        (
            "a policy with a terminal escape",
            policy("    \"\\e]0;owned\\a\": 1\n"),
        ),
        (
            "a recorder without a service",
            config("  apiVersion: krm-parity.io/v1alpha1\n  kind: SnapshotRecorder\n"),
        ),
        (
            "a recorder of a service with a bad name",
            config(
                "  apiVersion: krm-parity.io/v1alpha1\n  kind: SnapshotRecorder\n  metadata: {name: Shop_1}\n",
            ),
        ),
        (
            "a damaged digest",
            list(&snapshot("x").replace("sha256:", "sha256:0")),
        ),
        (
            "a snapshot without a digest",
            list(&snapshot("x").replace("digest:", "digset:")),
        ),
        (
            "after a Secret: no YAML",
            list(&format!("{SECRET}  }}}}: [\n")),
        ),
        (
            "after a Secret: an edited snapshot",
            list(&(SECRET.to_owned() + &snapshot("x").replace("\"x\"", "\"y\""))),
        ),
        (
            "after a Secret: a broken policy",
            policy("    emti: none\n").replace("items: []\n", &format!("items:\n{SECRET}")),
        ),
        (
            "in a Secret: a bad escape",
            list(&SECRET.replace(HUSH, &format!("\"{HUSH}\\q\""))),
        ),
        (
            "a Secret alone",
            format!("kind: Secret\nstringData: {{a: {HUSH}}}\n"),
        ),
    ];
    let mut all: Vec<_> = texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    all.push((
        "UTF-16",
        list("- kind: A\n")
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect(),
    ));
    all.push((
        "bytes of a program",
        (0..=255).cycle().take(5_000).collect(),
    ));
    all
}

/// One object of an unbuilt kustomize tree, as kpt passes it on.
fn file(path: &str, index: usize, name: &str, fields: &str) -> String {
    format!(
        "- {{metadata: {{name: {name}, annotations: {{internal.config.kubernetes.io/path: {path}, internal.config.kubernetes.io/index: '{index}'}}}}, {fields}}}\n"
    )
}

fn kustomization(directory: &str, fields: &str) -> String {
    let head = "apiVersion: kustomize.config.k8s.io/v1beta1, kind: Kustomization";
    file(
        &format!("{directory}/kustomization.yaml"),
        0,
        "x",
        &format!("{head}, {fields}"),
    )
}

/// Trees that exceed the bounds, each with its name: their builds are not reported, and the program
/// survives.
pub fn trees() -> Vec<(&'static str, String)> {
    let base = |count: usize| {
        let fields = "apiVersion: v1, kind: ConfigMap, data: {a: b}";
        (0..count).fold(
            kustomization("base", "resources: [all.yaml]"),
            |text, at| text + &file("base/all.yaml", at, &format!("c{at}"), fields),
        )
    };
    let overlay = |fields: &str| {
        kustomization(
            "overlays/production",
            &format!("resources: [../../base], {fields}"),
        )
    };
    let replacement = |path: &str, options: &str| {
        format!(
            "{{source: {{kind: ConfigMap, name: c0, fieldPath: data.a}}, targets: [{{select: {{kind: ConfigMap}}, fieldPaths: [{path}], options: {{{options}}}}}]}}"
        )
    };
    let chain: String = (0..2_000)
        .map(|at| {
            kustomization(&format!("k{at}"), &format!("resources: [../k{}]", at + 1))
                + &kustomization(&format!("overlays/dev{at}"), "resources: [../../k0]")
        })
        .collect();
    let trees = [
        (
            "a path of 12,000 steps",
            base(1)
                + &overlay(&format!(
                    "replacements: [{}]",
                    replacement(&("a.".repeat(12_000) + "b"), "create: true")
                )),
        ),
        (
            "a path of 300,000 steps",
            base(1)
                + &overlay(&format!(
                    "replacements: [{}]",
                    replacement(&("a.".repeat(300_000) + "b"), "create: true")
                )),
        ),
        (
            "a pointer of 300,000 steps",
            base(1)
                + &overlay(&format!(
                    "patches: [{{target: {{kind: ConfigMap}}, patch: '[{{op: add, path: {}, value: 1}}]'}}]",
                    "/a".repeat(300_000)
                )),
        ),
        (
            "a text that doubles sixty times",
            base(1)
                + &overlay(&format!(
                    "replacements: [{}]",
                    vec![replacement("data.a", "delimiter: '-', index: 99"); 60].join(", ")
                )),
        ),
        (
            "3,000 patches of 3,000 resources",
            base(3_000)
                + &overlay(&format!(
                    "patches: [{}]",
                    vec!["{target: {kind: ConfigMap}, patch: '[]'}"; 3_000].join(", ")
                )),
        ),
        ("2,000 environments of 2,000 layers", base(1) + &chain),
    ];
    let config = "functionConfig: {apiVersion: krm-parity.io/v1alpha1, kind: ParityPolicy, spec: {environments: [production]}}\n";
    trees
        .into_iter()
        .map(|(name, items)| (name, list(&items) + config))
        .collect()
}
