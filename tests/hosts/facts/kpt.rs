//! Functions under kpt.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::{DockerWitness, Run, Tree, Witness, require, run};

/// A package with one Deployment and one validator.
fn package(validator: &Path) -> Tree {
    let tree = Tree::new();
    tree.write(
        "package/Kptfile",
        &format!(
            "apiVersion: kpt.dev/v1
kind: Kptfile
metadata:
  name: package
pipeline:
  validators:
  - exec: {}
",
            validator.display()
        ),
    );
    tree.write(
        "package/deployment.yaml",
        "# A comment.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: app
spec:
  replicas: 1
",
    );
    tree
}

fn render(kpt: &Path, tree: &Tree, flags: &[&str]) -> Run {
    run(Command::new(kpt)
        .current_dir(tree.path(""))
        .args(["fn", "render"])
        .arg(tree.path("package"))
        .args(flags))
}

/// kpt refuses exec functions without their flag, with an error.
#[test]
fn exec_needs_its_flag() {
    let kpt = require!(kpt());
    let function = Witness::of_shell("cat\n");
    let tree = package(&function.path());
    let refused = render(&kpt, &tree, &[]).expect_failure("kpt");
    assert!(
        refused.contains("must run with `--allow-exec`"),
        "{refused}"
    );
    assert_eq!(function.runs(), 0);
    render(&kpt, &tree, &["--allow-exec"]).expect_success("kpt");
    assert_eq!(function.runs(), 1);
}

/// A validator's changes are discarded, and an empty answer passes.
#[test]
fn validators_get_a_copy() {
    let kpt = require!(kpt());
    for body in ["sed 's/replicas: 1/replicas: 9/'\n", "cat > /dev/null\n"] {
        let function = Witness::of_shell(body);
        let tree = package(&function.path());
        let before = tree.read("package/deployment.yaml");
        render(&kpt, &tree, &["--allow-exec"]).expect_success(body);
        assert_eq!(function.runs(), 1, "{body}");
        assert_eq!(tree.read("package/deployment.yaml"), before, "{body}");
    }
}

/// The exit code decides, not the severity. Results are shown without file and tags;
/// `--results-dir` has them completely.
#[test]
fn the_exit_code_decides_and_results_are_shown() {
    let kpt = require!(kpt());
    for code in [0, 1] {
        let function = Witness::of_shell(&format!(
            "cat > /dev/null
cat <<END
apiVersion: config.kubernetes.io/v1
kind: ResourceList
items: []
results:
- message: too many
  severity: error
  resourceRef: {{apiVersion: apps/v1, kind: Deployment, name: app}}
  field: {{path: spec.replicas, currentValue: 1}}
  file: {{path: deployment.yaml}}
  tags: {{rule: a-tag}}
END
exit {code}
"
        ));
        let tree = package(&function.path());
        let results = tree.path("results");
        fs::create_dir(&results).expect("a folder");
        let rendered = render(
            &kpt,
            &tree,
            &[
                "--allow-exec",
                "--results-dir",
                results.to_str().expect("UTF-8"),
            ],
        );
        assert_eq!(function.runs(), 1);
        assert_eq!(rendered.succeeded(), code == 0, "{rendered:#?}");
        let shown = format!("{}{}", rendered.stdout, rendered.stderr);
        assert!(
            shown.contains("[error] apps/v1/Deployment/app spec.replicas: too many"),
            "{shown}"
        );
        assert!(!shown.contains("a-tag"), "{shown}");
        let all = tree.read("results/results.yaml");
        assert!(all.contains("kind: FunctionResultList"), "{all}");
        assert!(all.contains("rule: a-tag"), "{all}");
    }
}

/// kpt does not run kustomize: a function gets the raw files of a kustomize tree, including patches
/// and even a kustomization.yaml without `apiVersion` and `kind`.
#[test]
fn a_kustomize_tree_arrives_as_raw_files() {
    let kpt = require!(kpt());
    let seen = Tree::new();
    let function = Witness::of_shell(&format!("tee '{}'\n", seen.path("seen").display()));
    let tree = package(&function.path());
    tree.write(
        "package/overlay/kustomization.yaml",
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [..]\npatches: [{path: patch.yaml}]\n",
    );
    tree.write(
        "package/overlay/patch.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\nspec:\n  replicas: 3\n",
    );
    tree.write("package/bare/kustomization.yaml", "resources: [..]\n");
    tree.write("package/bare/settings.env", "MODE=bare\n");

    render(&kpt, &tree, &["--allow-exec"]).expect_success("kpt");
    assert_eq!(function.runs(), 1);
    let seen = seen.read("seen");
    assert!(seen.contains("\n  kind: Kustomization\n"), "{seen}");
    assert_eq!(seen.matches("\n  kind: Deployment\n").count(), 2, "{seen}");
    for path in ["overlay/patch.yaml", "bare/kustomization.yaml"] {
        let line = format!("internal.config.kubernetes.io/path: '{path}'\n");
        assert!(seen.contains(&line), "{seen}");
    }
    assert!(
        seen.contains("\n- resources: [..]\n  metadata:\n"),
        "{seen}"
    );
    assert!(!seen.contains("MODE"), "{seen}");
    // Comments stay, even the one before the first key, and a missing configuration gives no field.
    assert!(
        seen.contains("\n- # A comment.\n  apiVersion: apps/v1\n"),
        "{seen}"
    );
    assert!(!seen.contains("functionConfig"), "{seen}");
}

/// Any other YAML file that is not a KRM resource, such as a JSON6902 patch, stops kpt itself
/// before a function runs.
#[test]
fn other_files_that_are_not_krm_are_refused_by_kpt() {
    let kpt = require!(kpt());
    for text in [
        "- {op: add, path: /spec/replicas, value: 3}\n",
        "mode: plain\n",
    ] {
        let function = Witness::of_shell("cat\n");
        let tree = package(&function.path());
        tree.write("package/patch.yaml", text);
        let refused = render(&kpt, &tree, &["--allow-exec"]).expect_failure(text);
        assert!(
            refused.contains("must contain only KRM resources: patch.yaml"),
            "{refused}"
        );
        assert_eq!(function.runs(), 0, "{text}");
    }
}

/// At most four lines of a failing function's stderr are shown.
#[test]
fn stderr_is_cut_after_four_lines() {
    let kpt = require!(kpt());
    let function = Witness::of_shell("cat > /dev/null\nseq -f line-%g 1 9 >&2\nexit 1\n");
    let tree = package(&function.path());
    let refused = render(&kpt, &tree, &["--allow-exec"]).expect_failure("kpt");
    assert_eq!(function.runs(), 1);
    assert!(refused.contains("line-4"), "{refused}");
    assert!(!refused.contains("line-5"), "{refused}");
}

/// A relative `exec:` starts from the caller's working directory, not from the package.
#[test]
fn relative_exec_paths_start_from_the_caller() {
    let kpt = require!(kpt());
    let tree = package(Path::new("./bin/function"));
    let log = tree.path("log");
    tree.script(
        "bin/function",
        &format!("pwd >> '{}'\ncat\n", log.display()),
    );
    render(&kpt, &tree, &["--allow-exec"]).expect_success("kpt");
    assert_eq!(tree.read("log").lines().count(), 1);
}

/// kpt runs an image that the engine already has, without pulling it; but it looks for a name
/// without a host part in its own registry.
#[test]
fn images_need_a_host_part_in_their_name() {
    let kpt = require!(kpt());
    let docker = require!(docker());
    let image = require!(image());
    let plain = format!("krm-parity-facts-plain:{}", std::process::id());
    run(docker.command().args(["tag", &image, &plain])).expect_success("docker tag");
    let calls = |image: &str| {
        let tree = package(Path::new("unused"));
        let kptfile = tree.read("package/Kptfile");
        tree.write(
            "package/Kptfile",
            &kptfile.replace("exec: unused", &format!("image: {image}")),
        );
        let witness = DockerWitness::new(&docker);
        let mut command = Command::new(&kpt);
        witness.apply(&mut command);
        // The function's answer does not matter here.
        run(command
            .args(["fn", "render", "--image-pull-policy=never"])
            .arg(tree.path("package")));
        (witness.runs(image), witness.calls())
    };

    let (runs, all) = calls(&image);
    assert_eq!(runs, 1, "{all:?}");
    let call = all
        .iter()
        .find(|call| call.contains(&image))
        .expect("a run");
    for option in [
        "--network none",
        "--user nobody",
        "--security-opt=no-new-privileges",
    ] {
        assert!(call.contains(option), "{call}");
    }

    let (runs, all) = calls(&plain);
    run(docker.command().args(["image", "rm", &plain])).expect_success("docker image rm");
    assert_eq!(runs, 0, "{all:?}");
    assert!(
        all.iter().any(|call| call.ends_with(&format!("/{plain}"))),
        "{all:?}"
    );
}
