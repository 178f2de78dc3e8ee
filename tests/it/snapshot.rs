//! `snapshot`: the same bytes as a recorder's, from directories, files and stdin. Also
//! `completions`.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{NEWEST, Run, Tap, Tree, binary, copy, example, require, run};

fn snapshot(arguments: &[&str], directory: &Path, kustomize: Option<&Path>) -> Run {
    let mut command = Command::new(binary());
    command
        .arg("snapshot")
        .args(arguments)
        .current_dir(directory);
    if let Some(kustomize) = kustomize {
        command.env("PATH", kustomize.parent().unwrap());
    }
    run(&mut command)
}

fn piped(arguments: &[&str], input: &str) -> Run {
    let mut child = Command::new(binary())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// kpt wrote the snapshot that is committed beside the package.
#[test]
fn a_package_is_sealed_as_kpt_seals_it() {
    let committed = fs::read_to_string(example("kpt/checkout/base-snapshot.yaml")).unwrap();
    let place = example("kpt");
    let sealed = snapshot(&["--service", "checkout", "blueprint"], &place, None);
    assert_eq!(sealed.stdout, committed);
    assert_eq!(
        sealed.stderr,
        "krm-parity: sealed 1 ConfigMap, 1 Deployment, 1 HorizontalPodAutoscaler, 1 Ingress, 1 Service as base of checkout\n"
    );

    let tree = Tree::new();
    let file = tree.path("sealed.yaml");
    let written = |arguments: &[&str]| {
        let file = file.to_str().unwrap();
        let arguments = [arguments, &["-o", file, "blueprint"]].concat();
        let written = snapshot(&arguments, &place, None);
        assert!(
            written.succeeded() && written.stdout.is_empty(),
            "{written:#?}"
        );
        fs::read_to_string(file).unwrap()
    };
    assert_eq!(written(&["--service", "checkout"]), committed);
    assert_eq!(written(&["--service", "checkout"]), committed);
    let other = written(&["--environment", "middle"]);
    assert!(
        other.contains("\n  service: \"blueprint\"\n  environment: \"middle\"\n"),
        "{other}"
    );
}

/// The base builds the same resources as the blueprint, and its own recorder does not interfere.
#[test]
fn a_kustomization_is_built() {
    let kustomize = require!(kustomize(NEWEST));
    let committed = fs::read_to_string(example("kpt/checkout/base-snapshot.yaml")).unwrap();
    let sealed = snapshot(&["services/checkout/base"], &example(""), Some(&kustomize));
    assert_eq!(sealed.stdout, committed, "{}", sealed.stderr);
    let refused = snapshot(&["services"], &example(""), Some(&kustomize));
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("name the directory to build"),
        "{refused:#?}"
    );
}

/// A simple file name is in the current directory, whether the file exists or not.
#[test]
fn a_snapshot_goes_to_a_file_of_the_current_directory() {
    let tree = Tree::new();
    let blueprint = example("kpt/blueprint");
    let blueprint = blueprint.to_str().unwrap();
    for file in ["sealed.yaml", "sealed.yaml", "new/sealed.yaml"] {
        let arguments = ["--service", "checkout", "-o", file, blueprint];
        let written = snapshot(&arguments, &tree.path(""), None);
        assert!(written.succeeded(), "{file}: {written:#?}");
        let sealed = fs::read_to_string(tree.path(file)).unwrap();
        assert!(sealed.contains("kind: EnvironmentSnapshot"), "{sealed}");
    }
}

/// After an update of the blueprint the new snapshot shows the changes that the package has missed.
#[test]
fn kpt_finds_the_snapshot_in_the_package() {
    let kpt = require!(kpt());
    let tree = Tree::new();
    copy(&example("kpt"), &tree.path("kpt"));
    let place = tree.path("kpt");
    let update = || {
        let output = "checkout/base-snapshot.yaml";
        let arguments = ["--service", "checkout", "-o", output, "blueprint"];
        assert!(snapshot(&arguments, &place, None).succeeded());
    };
    let render = || {
        let tap = Tap::on_binary();
        let mut command = Command::new(&kpt);
        command
            .current_dir(&place)
            .args(["fn", "render", "checkout", "--allow-exec"]);
        tap.apply(&mut command);
        let rendered = run(&mut command);
        assert_eq!(tap.calls().len(), 1, "{rendered:#?}");
        rendered
    };
    update();
    render().expect_success("kpt fn render");
    let file = place.join("blueprint/deployment.yaml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("initialDelaySeconds: 5"));
    fs::write(
        &file,
        text.replace("initialDelaySeconds: 5", "initialDelaySeconds: 9"),
    )
    .unwrap();
    update();
    let said = render().expect_failure("kpt fn render");
    assert!(said.contains("initialDelaySeconds"), "{said}");
}

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: key\ndata:\n  password: aHVudGVyMg==\n";

#[test]
fn values_of_secrets_stay_out() {
    let sealed = piped(&["snapshot", "--service", "shop", "-"], SECRET);
    assert!(
        sealed.succeeded() && sealed.stdout.contains("password"),
        "{sealed:#?}"
    );
    assert!(!sealed.stdout.contains("aHVudGVyMg"), "{sealed:#?}");
    assert!(
        sealed
            .stderr
            .contains("sealed 1 Secret (without values) as base of shop")
    );
    let list = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nitems:\n- {}",
        SECRET.trim_end().replace('\n', "\n  ")
    );
    let again = piped(&["snapshot", "--service", "shop", "-"], &list);
    assert_eq!(again.stdout, sealed.stdout);
}

#[test]
fn an_input_that_cannot_be_sealed_is_an_error() {
    let twice = format!("{SECRET}---\n{}", SECRET.replace("password", "other"));
    for (arguments, input, part) in [
        (&["-"][..], SECRET, "name it with --service NAME"),
        (
            &["--service", "A b", "-"],
            SECRET,
            "--service: \"A b\" cannot name a service",
        ),
        (
            &["--service", "a", "--environment", "", "-"],
            SECRET,
            "--environment: \"\" cannot name",
        ),
        (&["--service", "a", "-"], "", "contains no resource to seal"),
        (&["--service", "a", "-"], "a: [", "line 1"),
        (&["--service", "a", "-"], &twice, "the items contain"),
        (
            &["--service", "a", "no-such-file"],
            "",
            "cannot read no-such-file",
        ),
        // The file is at fault, not the missing name of a service.
        (
            &["no-such-file"],
            "",
            "cannot read no-such-file: No such file",
        ),
        (
            &["--service", "a", "-o", "/", "-"],
            SECRET,
            "krm-parity: / is a directory; -o requires a file",
        ),
        (
            &["--service", "a", "-o", "/dev/null/x", "-"],
            SECRET,
            "krm-parity: cannot read /dev/null/x",
        ),
        (
            &["--service", "a", "-", "--", "--enable-helm"],
            SECRET,
            "remove the flags for kustomize",
        ),
    ] {
        let said = piped(&[&["snapshot"], arguments].concat(), input);
        assert_eq!(said.code, Some(2), "{arguments:?} {said:#?}");
        assert!(said.stderr.contains(part), "{arguments:?} {said:#?}");
        assert_eq!(said.stdout, "", "{arguments:?}");
        assert!(!said.stderr.contains("sealed"), "{arguments:?} {said:#?}");
    }
}

#[test]
fn every_shell_has_its_completions() {
    for (shell, part) in [
        ("bash", "-o default krm-parity"),
        ("zsh", "#compdef krm-parity"),
        ("fish", "complete -c krm-parity"),
        ("elvish", "edit:completion:arg-completer[krm-parity]"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let printed = piped(&["completions", shell], "");
        assert!(printed.succeeded(), "{printed:#?}");
        assert!(printed.stdout.contains(part), "{shell}: {}", printed.stdout);
        for verb in ["check", "init", "snapshot", "explain"] {
            assert!(printed.stdout.contains(verb), "{shell} {verb}");
        }
    }
    assert_eq!(piped(&["completions", "csh"], "").code, Some(2));
    assert_eq!(piped(&["completions"], "").code, Some(2));
}
