//! The recipes of the examples: the lines that they hold are run, on the fleet, with what surrounds them stubbed.

mod support;

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_yaml::Value;

use support::{Run, Tree, binary, copy, example, require, run};

const NEWEST: &str = "v5.8.1";

/// A recipe as YAML.
fn recipe(name: &str) -> Value {
    let file = example("recipes").join(name);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value:?}"))
        .to_owned()
}

/// A place where pipelines run: a clone of a repository with the fleet in it, and krm-parity and kustomize on PATH.
struct Shop {
    tree: Tree,
    path: OsString,
}

impl Shop {
    fn new(kustomize: &Path) -> Self {
        let tree = Tree::new();
        let link = tree.path("bin/krm-parity");
        fs::create_dir_all(link.parent().expect("a parent")).expect("a folder");
        std::os::unix::fs::symlink(binary(), &link).expect("a link");
        let mut path = OsString::from(link.parent().expect("a parent"));
        path.push(":");
        path.push(kustomize.parent().expect("a parent"));
        path.push(":/usr/local/bin:/usr/bin:/bin");
        let shop = Self { tree, path };
        copy(&example("fleet"), &shop.tree.path("origin"));
        // As a repository, its root is the fleet.
        let origin = shop.tree.path("origin");
        Self::git(&origin, &["init", "-q", "-b", "main"]);
        Self::git(&origin, &["add", "."]);
        Self::git(&origin, &["commit", "-q", "-m", "fleet"]);
        let above = shop.tree.path("");
        Self::git(&above, &["clone", "-q", "origin", "clone"]);
        Self::git(&shop.clone(), &["checkout", "-q", "-b", "topic"]);
        shop
    }

    fn clone(&self) -> std::path::PathBuf {
        self.tree.path("clone")
    }

    fn git(directory: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        command
            .current_dir(directory)
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments);
        run(&mut command).expect_success("git");
    }

    /// Lowers production's memory of `web`, as a hot fix does.
    fn drift(&self) {
        let file = "clone/web/overlays/production/sizes.yaml";
        let drifted = self.tree.read(file).replace("2Gi", "256Mi");
        self.tree.write(file, &drifted);
    }

    fn shell(&self, script: &str, environment: &[(&str, &str)]) -> Run {
        let mut command = Command::new("bash");
        command
            .args(["-eo", "pipefail", "-c", script])
            .current_dir(self.clone())
            .env("PATH", &self.path)
            .envs(environment.iter().copied());
        run(&mut command)
    }
}

#[test]
fn github_actions() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    let workflow = recipe("github-actions.yaml");
    let steps = workflow["jobs"]["check"]["steps"]
        .as_sequence()
        .expect("steps");
    let script = |name: &str| {
        let step = steps
            .iter()
            .find(|step| step["name"].as_str() == Some(name));
        text(&step.expect("a step")["run"])
    };
    let summary = shop.tree.path("summary").display().to_string();
    shop.tree.script("bin/gh", "echo \"$@\" > \"$0.called\"");
    let around = [
        ("GITHUB_BASE_REF", "main"),
        ("GITHUB_HEAD_REF", "topic"),
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
    ];
    // Nothing has changed, and nothing is looked at.
    let run = shop.shell(&script("check"), &around);
    assert_eq!(run.code, Some(0), "{run:#?}");
    shop.drift();
    let run = shop.shell(&script("check"), &around);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("::error "), "{}", run.stdout);
    assert!(
        run.stdout
            .contains("file=web/overlays/production/sizes.yaml,line="),
        "{}",
        run.stdout
    );
    assert!(
        !run.stdout.contains("inventory"),
        "only what has changed: {}",
        run.stdout
    );
    shop.shell(&script("tell"), &around).expect_success("tell");
    assert!(shop.tree.read("summary").contains("inverted-resources"));
    assert!(
        shop.tree
            .read("bin/gh.called")
            .starts_with("pr comment topic")
    );
    assert!(
        shop.tree
            .read("clone/parity.sarif")
            .contains("inverted-resources")
    );
}

#[test]
fn gitlab_ci() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    shop.drift();
    let job = &recipe("gitlab-ci.yaml")["parity"];
    let script = text(&job["script"][0]);
    let run = shop.shell(&script, &[("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let reports = &job["artifacts"]["reports"];
    let quality = shop
        .tree
        .read(&format!("clone/{}", text(&reports["codequality"])));
    let quality: serde_json::Value = serde_json::from_str(&quality).expect("JSON");
    assert!(!quality.as_array().expect("a list").is_empty());
    let junit = shop
        .tree
        .read(&format!("clone/{}", text(&reports["junit"])));
    assert!(junit.contains("<testsuite"));
}

/// The hook is called as pre-commit calls it: by the words of `entry`, without files.
#[test]
fn pre_commit() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    let hook = &recipe("pre-commit-config.yaml")["repos"][0]["hooks"][0];
    let entry = text(&hook["entry"]);
    assert_eq!(shop.shell(&entry, &[]).code, Some(0));
    shop.drift();
    let run = shop.shell(&entry, &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stdout.contains("web/overlays/production/sizes.yaml:15"),
        "{}",
        run.stdout
    );
}

#[test]
fn argo_cd_at_every_build() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let options = text(&recipe("argo-cd/argocd-cm.yaml")["data"]["kustomize.buildOptions"]);
    let build = |directory: &str| {
        let directory = example(directory).display().to_string();
        shop.shell(&format!("kustomize build {options} {directory}"), &[])
    };
    build("services/checkout/overlays/production").expect_success("a good overlay");
    let told = build("hotfix").expect_failure("a bad overlay");
    assert!(told.contains("error[health-checks]"), "{told}");
    // The image copies itself to where both ways of calling it look.
    let patch = recipe("argo-cd/repo-server.yaml");
    let pod = &patch["spec"]["template"]["spec"];
    let words = pod["initContainers"][0]["command"]
        .as_sequence()
        .expect("a command");
    let plugins = shop.tree.path("plugins").display().to_string();
    let mut command = Command::new(binary());
    command.args(words[1..].iter().map(|word| match word.as_str() {
        Some("/plugins") => plugins.clone(),
        word => word.expect("a word").to_owned(),
    }));
    run(&mut command).expect_success("plugin install");
    let mounts = pod["containers"][0]["volumeMounts"]
        .as_sequence()
        .expect("mounts");
    let program = shop.tree.path("plugins").join(text(&mounts[1]["subPath"]));
    let version = run(Command::new(program).arg("--version")).expect_success("the copy");
    assert!(version.starts_with("krm-parity "), "{version}");
    let directory = example("plugin/production").display().to_string();
    shop.shell(
        &format!("kustomize build --enable-alpha-plugins {directory}"),
        &[("KUSTOMIZE_PLUGIN_HOME", &plugins)],
    )
    .expect_success("a plugin");
}

#[test]
fn argo_cd_before_a_sync() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    let job = recipe("argo-cd/pre-sync.yaml");
    let container = &job["spec"]["template"]["spec"]["containers"][0];
    let script = text(&container["command"][2]);
    let place = shop.tree.path("pod").display().to_string();
    let script = script.replace("/tmp/repository", &place);
    let origin = format!("file://{}", shop.tree.path("origin").display());
    let run = shop.shell(&script, &[("REPOSITORY", &origin), ("REVISION", "main")]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("inverted-resources"), "{}", run.stdout);
}

#[test]
fn argo_workflows() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    let workflow = recipe("argo-workflows/fleet.yaml");
    let templates = workflow["spec"]["templates"]
        .as_sequence()
        .expect("templates");
    let source = |name: &str| {
        let template = templates
            .iter()
            .find(|one| one["name"].as_str() == Some(name));
        text(&template.expect("a template")["script"]["source"])
    };
    let reports = shop.tree.path("reports").display().to_string();
    fs::create_dir_all(&reports).expect("a folder");
    for shard in 1..=2 {
        let script = source("check")
            .replace("{{inputs.parameters.shard}}", &shard.to_string())
            .replace("{{workflow.parameters.shards}}", "2")
            .replace("/reports", &reports);
        shop.shell(&script, &[]).expect_success("a shard");
    }
    let run = shop.shell(&source("merge").replace("/reports", &reports), &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("3 services"), "{}", run.stdout);
    assert!(Path::new(&reports).join("parity.html").is_file());
}
