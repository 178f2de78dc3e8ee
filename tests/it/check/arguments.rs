//! Arguments: permission for one does not cover another, whatever comes before it in the list.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::paste::entry;
use super::{NEWEST, check, report};
use crate::support::{Tree, require};

const HEAD: &str =
    "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec:\n";

/// A Deployment whose container and init container have these arguments.
fn deployment(args: &[&str], command: &[&str]) -> String {
    let list = |items: &[&str]| -> String {
        let items = items.iter();
        items.map(|item| format!("        - {item}\n")).collect()
    };
    let (args, command) = (list(args), list(command));
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app}}\nspec:\n  template:\n    spec:\n      initContainers:\n      - name: setup\n        command:\n{command}      containers:\n      - name: app\n        args:\n{args}"
    )
}

/// A service whose `prod` replaces both lists of its base, and whose `dev` leaves them unchanged.
fn service(base: (&[&str], &[&str]), prod: (&[&str], &[&str])) -> Tree {
    let tree = Tree::new();
    let image = "image: 'app:1'\n        ";
    let text = deployment(base.0, base.1);
    let text = text
        .replace("args:", &format!("{image}args:"))
        .replace("command:", &format!("{image}command:"));
    tree.kustomization("base", "app.yaml", &text);
    tree.overlay("overlays/dev", "");
    tree.overlay("overlays/prod", "patches: [{path: patch.yaml}]\n");
    tree.write("overlays/prod/patch.yaml", &deployment(prod.0, prod.1));
    tree
}

/// The errors: the path, the headline and the whole finding.
fn errors(kustomize: &Path, tree: &Tree) -> Vec<(String, String, Value)> {
    let report = report(kustomize, &tree.path(""), &[]);
    let all = report["findings"].as_array().expect("findings").iter();
    let errors = all.filter(|one| one["severity"] == "error");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut told: Vec<_> = errors
        .map(|one| {
            let path = text(&one["field"]["path"]);
            let path = path.replace("spec.template.spec.", "");
            (path, text(&one["headline"]), one.clone())
        })
        .collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    told
}

fn paths(errors: &[(String, String, Value)]) -> Vec<&str> {
    errors.iter().map(|(path, _, _)| path.as_str()).collect()
}

fn allow(tree: &Tree, entries: &[String]) {
    let entries: String = entries.iter().map(|one| format!("    - {one}\n")).collect();
    tree.write(
        "parity.yaml",
        &format!("{HEAD}  allow:\n    fields:\n{entries}"),
    );
}

/// Every kind of change to arguments; each is reported at its own path.
#[test]
fn an_entry_pasted_for_one_argument_permits_no_other() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = service(
        (
            &[
                "serve",
                "strict",
                "eu",
                "--leader-elect",
                "--authn=strict",
                "--metrics=:8080",
                "--peer=a",
                "--peer=b",
                "--log",
                "--cache",
                "small",
                "--sidecar",
            ],
            &["sh", "-c", "exec setup --fast"],
        ),
        (
            &[
                "serve",
                "us",
                "--leader-elect",
                "--metrics=0",
                "--peer=c",
                "--peer=a",
                "--log=debug",
                "--cache",
                "large",
                "-v=4",
            ],
            &["sh", "-c", "exec setup --slow"],
        ),
    );
    let before = errors(&kustomize, &tree);
    assert_eq!(
        paths(&before),
        [
            "containers[name=app].args[1]",
            "containers[name=app].args[after=--cache]",
            "containers[name=app].args[base=2]",
            "containers[name=app].args[flag=\"--peer=b\"]",
            "containers[name=app].args[flag=\"--peer=c\"]",
            "containers[name=app].args[flag=--authn]",
            "containers[name=app].args[flag=--log]",
            "containers[name=app].args[flag=--metrics]",
            "containers[name=app].args[flag=--sidecar]",
            "containers[name=app].args[flag=-v]",
            "initContainers[name=setup].command[2]",
        ]
    );
    let headline = |path: &str| {
        let mut all = before.iter();
        all.find(|one| one.0.ends_with(path))
            .map(|one| one.1.as_str())
    };
    assert_eq!(
        headline("[flag=--metrics]"),
        Some("flag --metrics of container app differs from the base")
    );
    assert_eq!(
        headline("[flag=--sidecar]"),
        Some("flag --sidecar of container app is in the base, but not in prod")
    );
    assert_eq!(
        headline("[after=--cache]"),
        Some("what follows flag --cache of container app differs from the base")
    );
    for (path, _, finding) in &before {
        let (_, file, entry) = entry(finding);
        allow(&tree, std::slice::from_ref(&entry));
        let after = errors(&kustomize, &tree);
        let mut wanted = paths(&before);
        wanted.retain(|one| one != path);
        assert_eq!(paths(&after), wanted, "{entry}");
        // As an exemption, it does not permit the others either.
        let exemption = entry
            .replacen('{', "{rule: other, ", 1)
            .replace("reason: x", "reason: x, expires: 2026-12-31");
        tree.write(
            "parity.yaml",
            &format!("{HEAD}  exemptions:\n  - {exemption}\n"),
        );
        let all = errors(&kustomize, &tree);
        let open: Vec<_> = all
            .iter()
            .filter(|one| one.2["exemption"].is_null())
            .collect();
        assert_eq!(open.len() + 1, before.len(), "{exemption}");
        assert!(open.iter().all(|one| one.0 != *path), "{exemption}");
        fs::remove_file(tree.path(&file)).expect("a file");
    }
    // All entries together permit everything, and so does one pattern.
    let all = before.iter().map(|(_, _, finding)| entry(finding).2);
    allow(&tree, &all.collect::<Vec<_>>());
    assert_eq!(paths(&errors(&kustomize, &tree)), [""; 0]);
    let pattern = "{path: '**.*[name=*].*[*]', reason: x}".to_owned();
    allow(&tree, &[pattern]);
    assert_eq!(paths(&errors(&kustomize, &tree)), [""; 0]);
}

/// A flag that is added or removed in front of a permitted one is reported, and the permitted one stays permitted.
#[test]
fn a_permitted_flag_stays_permitted_at_any_position() {
    let kustomize = require!(kustomize(NEWEST));
    let base: &[&str] = &["--leader-elect", "--runtime", "--metrics=:8080", "serve"];
    let setup: &[&str] = &["setup"];
    let entry =
        "{path: '**.containers[name=app].args[flag=--metrics]', environments: [prod], reason: x}";
    for (prod, wanted) in [
        (
            &["--leader-elect", "--runtime", "--metrics=0", "serve"][..],
            &[][..],
        ),
        (
            &["--leader-elect", "--metrics=0", "serve"],
            &["containers[name=app].args[flag=--runtime]"],
        ),
        (
            &[
                "--leader-elect",
                "--runtime",
                "--insecure",
                "--metrics=0",
                "serve",
            ],
            &["containers[name=app].args[flag=--insecure]"],
        ),
        // It is still permitted, but its position has changed.
        (
            &["--metrics=0", "--leader-elect", "--runtime", "serve"],
            &["containers[name=app].args[order=elements]"],
        ),
        // A second occurrence is another change.
        (
            &[
                "--leader-elect",
                "--runtime",
                "--metrics=:8080",
                "serve",
                "--metrics=0",
            ],
            &["containers[name=app].args[flag=\"--metrics=0\"]"],
        ),
        // After `--` it is not a flag of this program.
        (
            &[
                "--leader-elect",
                "--runtime",
                "--",
                "--metrics=:8080",
                "serve",
            ],
            &[
                "containers[name=app].args[2]",
                "containers[name=app].args[3]",
            ],
        ),
    ] {
        let tree = service((base, setup), (prod, setup));
        allow(&tree, &[entry.to_owned()]);
        assert_eq!(paths(&errors(&kustomize, &tree)), wanted, "{prod:?}");
    }
}

/// An index in an older policy covers the arguments without another name; if it covers none, it is reported as unused.
#[test]
fn an_index_of_an_older_policy_covers_unnamed_arguments() {
    let kustomize = require!(kustomize(NEWEST));
    let base: &[&str] = &[
        "--leader-elect",
        "--authn=strict",
        "--metrics=:8080",
        "eu",
        "strict",
    ];
    let setup: &[&str] = &["setup"];
    let at = |path: &str| format!("{{path: '**.containers[name=app].{path}', reason: x}}");
    let all = [
        "containers[name=app].args[2]",
        "containers[name=app].args[base=4]",
        "containers[name=app].args[flag=--authn]",
        "containers[name=app].args[flag=--metrics]",
    ];
    for (path, permitted) in [
        ("args[1]", &[][..]),
        ("args[2]", &[0]),
        ("args[4]", &[]),
        ("args", &[]),
        ("args[flag=*]", &[2, 3]),
        ("args[base=*]", &[1]),
        ("args[*]", &[0, 1, 2, 3]),
        ("args.**", &[0, 1, 2, 3]),
        ("args.*", &[0, 1, 2, 3]),
    ] {
        let tree = service(
            (base, setup),
            (&["--leader-elect", "--metrics=0", "us"], setup),
        );
        allow(&tree, &[at(path)]);
        let told = errors(&kustomize, &tree);
        let is_red = |at: &usize| !permitted.contains(at);
        let wanted: Vec<_> = (0..all.len()).filter(is_red).map(|at| all[at]).collect();
        assert_eq!(paths(&told), wanted, "{path}");
        let said = check(&kustomize, &tree.path(""), &[]).stdout;
        assert_eq!(
            said.contains("unused-exemption"),
            permitted.is_empty(),
            "{said}"
        );
    }
}

/// The nearest path is suggested, however long it is.
#[test]
fn an_index_that_matches_nothing_suggests_a_difference_in_that_list() {
    let kustomize = require!(kustomize(NEWEST));
    let setup: &[&str] = &["setup"];
    let tree = service((&["--a=1", "--b=2"], setup), (&["--a=1", "--b=3"], setup));
    let name = "a-container-with-a-name-that-is-as-long-as-such-a-name-can-be";
    for file in ["base/app.yaml", "overlays/prod/patch.yaml"] {
        let text = fs::read_to_string(tree.path(file)).expect("a file");
        tree.write(
            file,
            &text.replace("- name: app", &format!("- name: {name}")),
        );
    }
    let path = format!("spec.template.spec.containers[name={name}].args");
    allow(&tree, &[format!("{{path: '{path}[1]', reason: x}}")]);
    let said = check(&kustomize, &tree.path(""), &["--format", "concise"]).stdout;
    let near = format!("no difference that is checked is there (did you mean {path}[flag=--b]?)");
    assert!(said.contains(&near), "{said}");
}

/// Each error has both lines: the overlay's list where a flag is missing, and the base's list where one is new.
#[test]
fn an_argument_is_reported_at_its_line() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = service(
        (&["x", "y", "--a=1", "--b=1", "--p", "1"], &["setup", "--c"]),
        (&["y", "--new", "--b=2", "--p", "2"], &["setup"]),
    );
    let lines: Vec<String> = errors(&kustomize, &tree)
        .iter()
        .map(|(path, _, finding)| {
            let line = |key: &str| {
                let (file, line) = (&finding[key]["file"], &finding[key]["line"]);
                let text = fs::read_to_string(tree.path(file.as_str().unwrap_or_default()));
                let text = text.unwrap_or_default();
                let at = usize::try_from(line.as_u64().unwrap_or(1)).expect("a line") - 1;
                text.lines().nth(at).unwrap_or_default().trim().to_owned()
            };
            let path = path.replace("containers[name=app].", "");
            format!("{path}: {} | {}", line("place"), line("basePlace"))
        })
        .collect();
    assert_eq!(
        lines,
        [
            "args[after=--p]: - 2 | - 1",
            "args[base=0]: args: | - x",
            "args[flag=--a]: args: | - --a=1",
            "args[flag=--b]: - --b=2 | - --b=1",
            "args[flag=--new]: - --new | args:",
            "initContainers[name=setup].command[flag=--c]: command: | - --c",
        ]
    );
}
