//! Text from strangers ends up in the log of a build, whose runner obeys certain lines: none of it may be a command.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::support::{Run, Tree, binary, run};

/// A line that the runner of GitHub Actions obeys.
const COMMAND: &str = "::error file=x,title=y::pwned";

fn assert_obeyed_by_nobody(what: &str, said: &Run, streams: &[&str]) {
    for text in streams {
        assert!(text.contains("pwned"), "{what} shows it: {said:#?}");
        for line in text.split(['\n', '\r']) {
            assert!(!line.trim_start().starts_with("::"), "{what}: {line}");
        }
    }
}

fn krm_parity(tree: &Tree, arguments: &[&str]) -> Run {
    let mut command = Command::new(binary());
    run(command.args(arguments).current_dir(tree.path("")))
}

/// A resource whose `apiVersion` is a command.
fn resource(value: &str) -> String {
    format!("{{apiVersion: '{COMMAND}', kind: K, metadata: {{name: n}}, spec: {{a: {value}}}}}")
}

#[test]
fn no_line_of_check_or_explain_is_a_command() {
    let tree = Tree::new();
    for (environment, value) in [("base", "1"), ("production", "2")] {
        let file = format!("out/::error title=pwned::boo/{environment}.yaml");
        tree.write(&file, &resource(value));
        tree.write(&format!("{environment}.yaml"), &resource(value));
    }
    let said = krm_parity(&tree, &["check", "--rendered", "out"]);
    assert_eq!(said.code, Some(1), "{said:#?}");
    assert_obeyed_by_nobody("check", &said, &[&said.stdout]);
    let said = krm_parity(
        &tree,
        &["explain", "./production.yaml", "--base", "base.yaml"],
    );
    assert_obeyed_by_nobody("explain", &said, &[&said.stdout]);
    // There are no findings, and the files that were checked are listed.
    tree.write(
        "out/::error title=pwned::boo/production.yaml",
        &resource("1"),
    );
    let said = krm_parity(&tree, &["check", "--rendered", "out"]);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert_obeyed_by_nobody("a clean check", &said, &[&said.stdout]);
    // The program quotes a name, which may have several lines.
    let said = krm_parity(&tree, &["check", &format!("no\n{COMMAND}")]);
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert_obeyed_by_nobody("a complaint", &said, &[&said.stderr]);
}

#[test]
fn no_line_of_the_function_is_a_command() {
    let seal = krm_parity_piped(&["snapshot", "--service", "s", "-"], &resource("1"));
    let snapshot = seal.stdout.replace('\n', "\n  ");
    let input = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  apiVersion: krm-parity.io/v1alpha1\n  \
         kind: ParityPolicy\n  spec: {{environment: production}}\nitems:\n- {}\n- {}\n",
        snapshot.trim_end(),
        resource("2"),
    );
    let said = krm_parity_piped(&[], &input);
    assert_eq!(said.code, Some(1), "{said:#?}");
    assert_obeyed_by_nobody("the function", &said, &[&said.stderr]);
}

#[test]
fn no_line_of_a_diff_is_a_command() {
    let tree = Tree::new();
    let kustomization = format!("resources: [c.yaml]\nnamePrefix: |-\n  {COMMAND}\n");
    tree.write("base/kustomization.yaml", &kustomization);
    tree.write(
        "base/c.yaml",
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n",
    );
    tree.overlay("overlays/dev", "");
    let said = krm_parity(&tree, &["init", "--wire", "--dry-run"]);
    assert_obeyed_by_nobody("init", &said, &[&said.stdout]);
}

fn krm_parity_piped(arguments: &[&str], input: &str) -> Run {
    let mut child = Command::new(binary())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("it is read");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}
