//! Bad input: one clear line, exit code 1, valid or no output, and neither a panic nor a hang.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use krm_parity::text::is_unsafe;
use krm_parity::{krm, snapshot, yaml};

mod table;

/// A process that runs longer than this counts as hanging.
const PATIENCE: Duration = Duration::from_mins(2);

const HEAD: &str = "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\n";
const POLICY: &str = "functionConfig:\n  apiVersion: krm-parity.io/v1alpha1\n  kind: ParityPolicy\n  spec: {environment: production}\n";

fn program() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("krm-parity"));
    for name in [
        "KUSTOMIZE_PLUGIN_CONFIG_ROOT",
        "KUSTOMIZE_PLUGIN_CONFIG_STRING",
    ] {
        command.env_remove(name);
    }
    command.env("SOURCE_DATE_EPOCH", "1780000000");
    command
}

/// Feeds a process, collects its output, and kills it if it hangs.
fn feed(
    mut command: Command,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send,
) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let collect = |from: &mut dyn io::Read| {
        let mut all = Vec::new();
        from.read_to_end(&mut all).map(|_| all).unwrap()
    };
    thread::scope(|scope| {
        let out = scope.spawn(move || collect(&mut stdout));
        let err = scope.spawn(move || collect(&mut stderr));
        // A program that has read enough may stop reading.
        scope.spawn(move || match write(&mut stdin) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => panic!("{error}"),
            _ => {}
        });
        let started = Instant::now();
        let status: ExitStatus = loop {
            match child.try_wait().unwrap() {
                Some(status) => break status,
                None if started.elapsed() > PATIENCE => {
                    child.kill().unwrap();
                    panic!("the program hangs");
                }
                None => thread::sleep(Duration::from_millis(2)),
            }
        };
        Output {
            status,
            stdout: out.join().unwrap(),
            stderr: err.join().unwrap(),
        }
    })
}

/// The one-line error for a bad input.
fn refused(input: &[u8]) -> String {
    let output = feed(program(), |stdin| stdin.write_all(input));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(!stdout.contains("hunter2"), "{stdout}");
    if !stdout.is_empty() {
        let tree = yaml::parse(&stdout).unwrap();
        krm::read(&tree).unwrap();
    }
    stderr.trim_end().to_owned()
}

fn list(items: &str) -> Vec<u8> {
    format!("{HEAD}items:\n{items}{POLICY}").into_bytes()
}

fn sealed(service: &str, image: &str) -> String {
    let text =
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec: {{image: {image}}}\n");
    let tree = yaml::parse(&text).unwrap();
    let resources = krm::read_documents(&tree).unwrap();
    let item = snapshot::seal(service, "base", &resources).to_yaml(2, "\n");
    format!("- {item}")
}

fn config(spec: &str) -> Vec<u8> {
    format!(
        "{HEAD}items: []\nfunctionConfig:\n  apiVersion: krm-parity.io/v1alpha1\n  kind: ParityPolicy\n  spec:\n    {spec}\n"
    )
    .into_bytes()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_bad_input_gets_one_clear_line() {
    let secret = "- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n  stringData: {password: hunter2}\n";
    let damaged = sealed("shop", "a:1").replace("a:1", "a:2");
    let bomb: String = (1..12).fold(
        "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned(),
        |text, level| {
            let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
            text + &format!("a{level}: &a{level} [{aliases}]\n")
        },
    );
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("blank", b"\n\n  \n".to_vec()),
        ("a lone separator", b"---\n".to_vec()),
        ("not YAML", b"a: b: c\n".to_vec()),
        ("a tab", b"a:\n\t- b\n".to_vec()),
        ("a string", b"hello\n".to_vec()),
        ("another kind", b"apiVersion: v1\nkind: Pod\n".to_vec()),
        (
            "another version",
            b"apiVersion: config.kubernetes.io/v9\nkind: ResourceList\nitems: []\n".to_vec(),
        ),
        (
            "two lists",
            format!("{HEAD}items: []\n---\n{HEAD}items: []\n").into_bytes(),
        ),
        ("no items", HEAD.as_bytes().to_vec()),
        ("items null", format!("{HEAD}items:\n").into_bytes()),
        (
            "items no list",
            format!("{HEAD}items: {{a: b}}\n").into_bytes(),
        ),
        ("an item that is no map", list("- hello\n")),
        (
            "an item without kind",
            list("- apiVersion: v1\n  metadata: {name: a}\n"),
        ),
        (
            "an item whose kind is a number",
            list("- apiVersion: v1\n  kind: 5\n"),
        ),
        (
            "a second item without kind",
            list(&format!("{secret}- metadata: {{name: a}}\n")),
        ),
        (
            "a key twice",
            list(&secret.replace("metadata:", "kind: Secret\n  metadata:")),
        ),
        (
            "a key of a Secret twice",
            list(&secret.replace("hunter2}", "hunter2, password: hunter2}")),
        ),
        (
            "a broken Secret",
            list(&secret.replace("hunter2}", "hunter2")),
        ),
        (
            "an unknown anchor",
            list(&secret.replace("hunter2", "*hunter")),
        ),
        ("unknown key", config("alow: {}")),
        ("wrong type", config("environments: dev")),
        (
            "unknown rule",
            config("rules: {health-check: {severity: error}}"),
        ),
        (
            "unknown kind",
            config("x: y").into_iter().collect::<Vec<u8>>(),
        ),
        (
            "config no map",
            format!("{HEAD}items: []\nfunctionConfig: 5\n").into_bytes(),
        ),
        ("damaged snapshot", list(&damaged)),
        (
            "contradicting snapshots",
            list(&(sealed("shop", "a:1") + &sealed("shop", "a:2"))),
        ),
        (
            "snapshot of the future",
            list(&sealed("shop", "a:1").replace("v1alpha1", "v2")),
        ),
        (
            "snapshot without content",
            list(
                "- apiVersion: krm-parity.io/v1alpha1\n  kind: EnvironmentSnapshot\n  metadata: {name: a}\n",
            ),
        ),
        (
            "invalid UTF-8",
            [HEAD.as_bytes(), b"items: []\nx: \"\xff\xfe\"\n"].concat(),
        ),
        ("NUL", [HEAD.as_bytes(), b"items: []\nx: \"\0\"\n"].concat()),
        ("100,000 brackets", "[".repeat(100_000).into_bytes()),
        ("100,000 dashes", "- ".repeat(100_000).into_bytes()),
        ("100,000 maps", "{a: ".repeat(100_000).into_bytes()),
        (
            "deep JSON",
            format!("{{\"a\": {}", "[".repeat(5000)).into_bytes(),
        ),
        ("an alias bomb", bomb.into_bytes()),
        (
            "a map as a key",
            format!("{HEAD}items: []\n? {{a: b}}\n: c\n").into_bytes(),
        ),
        (
            "terminal escapes",
            format!("{HEAD}items: []\nx: 1\n\"\\e[31m\\n\": 2\n\"\\e[31m\\n\": 3\n").into_bytes(),
        ),
        ("reversed text", config("\"\\u202eecrof\": {}")),
    ];
    let told: Vec<String> = cases
        .into_iter()
        .map(|(name, input)| format!("{name}: {}", refused(&input)))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    empty: krm-parity: the input is not valid: line 1: the input is empty; expected a ResourceList of config.kubernetes.io/v1
    blank: krm-parity: the input is not valid: line 1: the input is empty; expected a ResourceList of config.kubernetes.io/v1
    a lone separator: krm-parity: the input is not valid: line 1: the document is null; expected a ResourceList of config.kubernetes.io/v1
    not YAML: krm-parity: the input cannot be read: line 1, column 5: mapping values are not allowed in this context
    a tab: krm-parity: the input cannot be read: line 2, column 2: tabs disallowed within this context (block indentation)
    a string: krm-parity: the input is not valid: line 1: the document is a string; expected a ResourceList of config.kubernetes.io/v1
    another kind: krm-parity: the input is not valid: line 1: apiVersion "v1", kind "Pod"; expected a ResourceList of config.kubernetes.io/v1
    another version: krm-parity: the input is not valid: line 1: apiVersion "config.kubernetes.io/v9", kind "ResourceList"; expected a ResourceList of config.kubernetes.io/v1
    two lists: krm-parity: the input is not valid: line 5: the input has a second document; expected a ResourceList of config.kubernetes.io/v1 only
    no items: krm-parity: the input is not valid: line 1: the ResourceList has no items; it must have a list of them
    items null: krm-parity: the input is not valid: line 3: items is null; it must be a list
    items no list: krm-parity: the input is not valid: line 3: items is a map; it must be a list
    an item that is no map: krm-parity: the input is not valid: line 4: items[0] is a string; it must be a resource
    an item without kind: krm-parity: the input is not valid: line 4: items[0] has no kind; every item must be a resource
    an item whose kind is a number: krm-parity: the input is not valid: line 4: items[0] has no kind; every item must be a resource
    a second item without kind: krm-parity: the input is not valid: line 8: items[1] has no kind; every item must be a resource
    a key twice: krm-parity: the input cannot be read: line 6, column 3: the key "kind" appears twice in the same map
    a key of a Secret twice: krm-parity: the input cannot be read: line 7, column 35: the key "password" appears twice in the same map
    a broken Secret: krm-parity: the input cannot be read: line 8, column 15: while parsing a flow mapping, did not find expected ',' or '}'
    an unknown anchor: krm-parity: the input cannot be read: line 7, column 26: while parsing node, found unknown anchor
    unknown key: krm-parity: the functionConfig is not valid: line 8: spec: unknown key "alow"; did you mean "allow"?
    wrong type: krm-parity: the functionConfig is not valid: line 8: spec.environments: expected a list, found the string "dev"
    unknown rule: krm-parity: the functionConfig is not valid: line 8: spec.rules: unknown rule "health-check"; did you mean "health-checks"?
    unknown kind: krm-parity: the functionConfig is not valid: line 8: spec: unknown key "x"; expected one of allow, baseline, drift, emit, environment, environments, exemptions, failOn, identity, layout, rules, services
    config no map: krm-parity: the functionConfig is not valid: line 4: expected a ParityPolicy or a SnapshotRecorder of krm-parity.io/v1alpha1, or a ConfigMap of v1, found the number 5
    damaged snapshot: krm-parity: line 11: EnvironmentSnapshot "shop-base-8bda9e7a466b": spec.digest does not match spec.resources: the snapshot was edited after it was recorded; record it again
    contradicting snapshots: krm-parity: line 16: two snapshots of environment "base" of service "shop" contain Pod "web" with different contents: "shop-base-8bda9e7a466b" and "shop-base-6557c9849da8"; give the recorders different names or environments
    snapshot of the future: krm-parity: line 4: EnvironmentSnapshot "shop-base-8bda9e7a466b": unsupported apiVersion "krm-parity.io/v2", this program reads krm-parity.io/v1alpha1
    snapshot without content: krm-parity: line 4: EnvironmentSnapshot "a": spec.resources must be a string
    invalid UTF-8: krm-parity: the input cannot be read: line 4, column 1: the input is not UTF-8
    NUL: krm-parity: the input cannot be read: line 4, column 5: unexpected character: `\u{0}'
    100,000 brackets: krm-parity: the input cannot be read: line 1, column 256: nested deeper than 255 levels
    100,000 dashes: krm-parity: the input cannot be read: line 1, column 511: nested deeper than 255 levels
    100,000 maps: krm-parity: the input cannot be read: line 1, column 1021: nested deeper than 255 levels
    deep JSON: krm-parity: the input cannot be read: line 1, column 261: nested deeper than 255 levels
    an alias bomb: krm-parity: the input cannot be read: line 6, column 50: the aliases expand to too many nodes
    a map as a key: krm-parity: the input cannot be read: line 4, column 3: a map key must be a scalar
    terminal escapes: krm-parity: the input cannot be read: line 6, column 1: the key "\u{1b}[31m\n" appears twice in the same map
    reversed text: krm-parity: the functionConfig is not valid: line 8: spec: unknown key "\u202eecrof"; expected one of allow, baseline, drift, emit, environment, environments, exemptions, failOn, identity, layout, rules, services
    "#);
}

#[test]
fn more_bad_input_has_the_recorded_errors() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/hostile/messages.txt");
    let mut told = String::new();
    for (name, input) in table::refused() {
        let line = refused(&input);
        assert!(!line.chars().any(is_unsafe), "{name}: {line:?}");
        assert!(line.len() < 1_000, "{name}: {line}");
        told.extend([name, "\n    ", &line, "\n"]);
    }
    if std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty() && value != "0") {
        std::fs::write(&file, told).unwrap();
        panic!("{} is written; now run without UPDATE", file.display());
    }
    let expected = std::fs::read_to_string(&file).unwrap();
    for (expected, told) in expected.lines().zip(told.lines()) {
        assert_eq!(expected, told);
    }
    assert_eq!(expected, told);
}

#[test]
fn a_tree_that_asks_for_too_much_is_not_followed() {
    for (name, input) in table::trees() {
        let output = feed(program(), |stdin| stdin.write_all(input.as_bytes()));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}: {stderr}");
        let told = "was not checked, because it cannot be built from its files alone";
        assert!(stderr.contains(told), "{name}: {stderr}");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.starts_with(&input), "{name}");
    }
}

#[test]
fn findings_move_no_cursor_and_show_no_secret() {
    // These differ from the base, and are reported in texts that move no cursor.
    let good = table::list(
        &(table::snapshot("x")
            + "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: settings}\n  data: {a: x}\n"),
    );
    let item = |text: &str| good.replace("data: {a: x}", text);
    for (name, input) in [
        ("a scalar of a megabyte", item(&format!("data: {{a: {}}}\n  b: {}", "x".repeat(1 << 20), "y".repeat(1 << 20)))),
        ("a key of a megabyte", item(&format!("data: {{a: x}}\n  ? \"{}\"\n  : 1", "k".repeat(1 << 20)))),
        ("an integer beyond 64 bits", item(&format!("data: {{a: x}}\n  b: {}", "9".repeat(60)))),
        ("a float beyond all bounds", item("data: {a: x}\n  b: 1e999")),
        ("annotations of every type", good.replace("{name: settings}", "{name: settings, annotations: {a: 1, b: [x], c: {d: e}, f: true}}")),
        ("annotations that are a list", good.replace("{name: settings}", "{name: settings, annotations: [a, b]}")),
        ("metadata that is a word", good.replace("{name: settings}", "settings")),
        ("earlier names with odd commas", good.replace("{name: settings}", "{name: other, annotations: {internal.config.kubernetes.io/previousNames: ',,a,', internal.config.kubernetes.io/previousNamespaces: ','}}")),
        ("a name with a terminal escape", good.replace("{name: settings}", "{name: \"\\e[31m\\a\\x9b\\u202e\\u2066\"}")),
        ("a kind with a line end", good.replace("  kind: ConfigMap", "  kind: \"Config\\nMap\"")),
        ("a key with a terminal escape", item("data: {a: x, \"\\e]0;x\\a\\u2028\": 1}")),
        ("a Secret", good.clone() + table::SECRET),
    ] {
        let done = feed(program(), |stdin| stdin.write_all(input.as_bytes()));
        let stderr = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(1), "{name}: {stderr}");
        assert!(!stderr.chars().any(|c| c != '\n' && is_unsafe(c)), "{name}: {stderr:?}");
        assert!(stderr.len() < 20_000, "{name}: {} bytes", stderr.len());
        assert!(!stderr.contains("panicked") && !stderr.contains(table::HUSH), "{name}: {stderr}");
        let stdout = String::from_utf8(done.stdout).unwrap();
        let rest = stdout.strip_prefix(&input).unwrap_or_else(|| panic!("{name}: {stdout}"));
        assert!(rest.starts_with("results:\n") && !rest.contains(table::HUSH), "{name}: {rest}");
    }
}

#[test]
fn odd_but_legal_input_is_judged() {
    let base = sealed("shop", "a:1");
    let live = "- apiVersion: v1\n  kind: Pod\n  metadata: {name: web}\n  spec: {image: \"a:1\"}\n";
    let plain = String::from_utf8(list(&(base.clone() + live))).unwrap();
    let long_key = format!(
        "{{\"apiVersion\": \"config.kubernetes.io/v1\", \"kind\": \"ResourceList\", \"items\": [], \"x\": \"{}\"}}",
        "y".repeat(5000)
    );
    for (name, input, code) in [
        ("plain", plain.clone(), 0),
        ("CRLF", plain.replace('\n', "\r\n"), 0),
        ("a byte order mark", format!("\u{feff}{plain}"), 0),
        ("an anchor among the items", plain.replace("- apiVersion: v1\n", "- &pod\n  apiVersion: v1\n"), 0),
        ("a merge key", plain.replace("metadata: {name: web}\n  spec", "metadata: {<<: {name: web}}\n  spec"), 0),
        ("numbers as annotations", plain.replace("{name: web}\n  spec", "{name: web, annotations: {a: 5}}\n  spec"), 1),
        ("odd history", plain.replace("{name: web}\n  spec", "{name: web, annotations: {internal.config.kubernetes.io/previousNames: ',,web,'}}\n  spec"), 0),
        ("large numbers", plain.replace("spec: {image: \"a:1\"}", "spec: {image: \"a:1\", n: 99999999999999999999999999}"), 1),
        ("a long string in JSON", long_key, 1),
        ("a long scalar", plain.replace("a:1\"}", &format!("{}\"}}", "z".repeat(1 << 20))), 1),
    ] {
        let output = feed(program(), |stdin| stdin.write_all(input.as_bytes()));
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{name}: {stderr}");
        assert!(!stderr.contains("panicked"), "{name}: {stderr}");
        if code == 0 {
            assert_eq!(output.stdout, input.as_bytes(), "{name}");
            assert_eq!(stderr, "", "{name}");
        }
    }
}

/// A bare carriage return is a line end in YAML, but not for code that splits documents.
#[test]
fn bare_carriage_returns_keep_the_items() {
    let items = "- apiVersion: v1\n  kind: ConfigMap # one\n  metadata: {name: a}\n  data: {t: \"x\n    y\"}\n# two\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: b}\n  data:\n    t: |\n      x\n      y\n";
    let documents = items.replace("- api", "--- # c\napi").replace("\n  ", "\n");
    let configs = [
        ("SnapshotRecorder", "environment: base"),
        ("SnapshotRecorder", "environment: base, mode: replace"),
        ("ParityPolicy", "environment: production"),
        (
            "ParityPolicy",
            "environment: production, rules: {missing-baseline: {severity: ignore}}",
        ),
    ];
    for (kind, spec) in configs {
        let config = format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{{spec}}}\n"
        );
        let list = format!(
            "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n{items}functionConfig:\n  {}\n",
            config.trim_end().replace('\n', "\n  ")
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.yaml");
        std::fs::write(&file, config.replace('\n', "\r")).unwrap();
        let function = |text: &str| feed(program(), |stdin| stdin.write_all(text.as_bytes()));
        let plugin = |text: &str| {
            let mut program = program();
            program.arg(&file).env("KUSTOMIZE_PLUGIN_CONFIG_ROOT", "/");
            feed(program, |stdin| stdin.write_all(text.as_bytes()))
        };
        for (text, run) in [
            (&list, &function as &dyn Fn(&str) -> std::process::Output),
            (&documents, &plugin),
        ] {
            let expected = run(text);
            for odd in [
                text.replace('\n', "\r"),
                text.trim_end().replace('\n', "\r") + "\n",
                text.replacen('\n', "\r", 7),
                text.replace("\n---", "\r---").replace("\n- ", "\r- "),
            ] {
                assert_eq!(run(&odd), expected, "{kind} {spec}: {odd:?}");
            }
        }
    }
}

#[test]
fn a_closed_stdout_changes_no_verdict() {
    let base = sealed("shop", "a:1");
    let filler: String = (0..2000)
        .map(|at| format!("- kind: A\n  metadata: {{name: a{at}}}\n"))
        .collect();
    for (live, code) in [("a:1", 0), ("a:2", 1)] {
        // Only one resource, so that the list is long and the verdict depends only on the image.
        let live = format!(
            "- apiVersion: v1\n  kind: Pod\n  metadata: {{name: web}}\n  spec: {{image: \"{live}\"}}\n"
        );
        let local = filler.replace(
            "metadata: {",
            "metadata: {annotations: {config.kubernetes.io/local-config: 'true'}, ",
        );
        let input = list(&(base.clone() + &live + &local));
        let mut child = program()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&input).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
    }
}

#[test]
fn a_closed_stderr_and_a_closed_stdin_cause_no_panic() {
    let input = list(&(sealed("shop", "a:1") + "- kind: A\n"));
    let mut child = program()
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    child.stdin.take().unwrap().write_all(&input).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let output = program().stdin(Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    if let Ok(full) = File::options().write(true).open("/dev/full") {
        let mut command = program();
        command
            .stdin(Stdio::piped())
            .stdout(full)
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("cannot write to stdout"));
    }
}

#[cfg(unix)]
#[test]
fn missing_streams_cause_no_panic() {
    let program = assert_cmd::cargo::cargo_bin!("krm-parity");
    for closed in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let output = Command::new("sh")
            .args(["-c", &format!("\"$0\" {closed}")])
            .arg(program)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{closed}");
        assert!(
            !String::from_utf8_lossy(&output.stderr).contains("panicked"),
            "{closed}"
        );
    }
}

/// Writes a list of this many `ConfigMap`s of one mebibyte each, beside the snapshot of one Pod.
fn large(items: usize) -> impl FnOnce(&mut dyn Write) -> io::Result<()> + Send {
    move |stdin| {
        let line = format!("      {}\n", "word ".repeat(25));
        let block = line.repeat((1 << 20) / line.len());
        stdin.write_all(HEAD.as_bytes())?;
        stdin.write_all(b"items:\n")?;
        stdin.write_all(sealed("shop", "a:1").as_bytes())?;
        for at in 0..items {
            let head = format!(
                "- apiVersion: v1\n  kind: ConfigMap\n  metadata: {{name: c{at}}}\n  data:\n    text: |\n"
            );
            stdin.write_all(head.as_bytes())?;
            stdin.write_all(block.as_bytes())?;
        }
        stdin.write_all(POLICY.as_bytes())
    }
}

#[test]
fn two_hundred_megabytes_work() {
    let output = feed(program(), large(200));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.ends_with("krm-parity: shop, production: 201 errors in 200 resources\n"),
        "{stderr}"
    );
    assert!(output.stdout.len() > 200 << 20);
}

#[test]
fn more_than_the_bound_is_refused() {
    let output = feed(program(), large(513));
    assert_eq!(
        String::from_utf8_lossy(&output.stderr),
        "krm-parity: the input cannot be read: line 1, column 1: the input has more than 512 MiB\n"
    );
    assert_eq!(output.status.code(), Some(1));
}
