//! The recipes of the examples: their commands are run on the fleet, with a stubbed environment.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use krm_parity::report::survey::markdown::MARKER;
use serde_yaml::Value;

use crate::support::{NEWEST, Run, Tree, binary, copy, example, require, run};

/// A recipe as YAML.
pub fn recipe(name: &str) -> Value {
    let file = example("recipes").join(name);
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value:?}"))
        .to_owned()
}

/// An environment for pipelines: a clone of a repository with the fleet, and krm-parity and
/// kustomize on PATH.
pub struct Shop {
    pub tree: Tree,
    path: OsString,
}

impl Shop {
    pub fn new(kustomize: &Path) -> Self {
        Self::of(kustomize, &[("fleet", "")])
    }

    /// The same with other examples, each in a folder of the repository.
    pub fn of(kustomize: &Path, examples: &[(&str, &str)]) -> Self {
        let tree = Tree::new();
        let link = tree.path("bin/krm-parity");
        fs::create_dir_all(link.parent().expect("a parent")).expect("a folder");
        std::os::unix::fs::symlink(binary(), &link).expect("a link");
        let mut path = OsString::from(link.parent().expect("a parent"));
        path.push(":");
        path.push(kustomize.parent().expect("a parent"));
        path.push(":/usr/local/bin:/usr/bin:/bin");
        let shop = Self { tree, path };
        // The root of the repository is the example.
        let origin = shop.tree.path("origin");
        for (from, to) in examples {
            copy(&example(from), &origin.join(to));
        }
        Self::git(&origin, &["init", "-q", "-b", "main"]);
        Self::git(&origin, &["add", "."]);
        Self::git(&origin, &["commit", "-q", "-m", "all"]);
        let above = shop.tree.path("");
        Self::git(&above, &["clone", "-q", "origin", "clone"]);
        Self::git(&shop.clone(), &["checkout", "-q", "-b", "topic"]);
        shop
    }

    pub fn clone(&self) -> std::path::PathBuf {
        self.tree.path("clone")
    }

    pub fn git(directory: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        command
            .current_dir(directory)
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments);
        run(&mut command).expect_success("git");
    }

    /// Lowers production's memory of `web`, like a hot fix.
    pub fn drift(&self) {
        let file = "clone/web/overlays/production/sizes.yaml";
        let drifted = self.tree.read(file).replace("2Gi", "256Mi");
        self.tree.write(file, &drifted);
    }

    pub fn shell(&self, script: &str, environment: &[(&str, &str)]) -> Run {
        let mut command = Command::new("bash");
        command
            .args(["-eo", "pipefail", "-c", script])
            .current_dir(self.clone())
            .env("PATH", &self.path)
            .envs(environment.iter().copied());
        run(&mut command)
    }
}

/// The step of a workflow with that name.
fn step<'w>(workflow: &'w Value, name: &str) -> &'w Value {
    let steps = workflow["jobs"]["check"]["steps"].as_sequence();
    let mut steps = steps.expect("steps").iter();
    let found = steps.find(|step| {
        let uses = step["uses"].as_str().unwrap_or_default();
        let action = uses.split('@').next().unwrap_or_default();
        step["name"].as_str() == Some(name) || action.ends_with(&format!("/{name}"))
    });
    found.unwrap_or_else(|| panic!("no step {name}"))
}

#[test]
fn github_actions() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    let workflow = recipe("github-actions.yaml");
    let script = |name: &str| text(&step(&workflow, name)["run"]);
    let summary = shop.tree.path("summary").display().to_string();
    let around = [
        ("GITHUB_BASE_REF", "main"),
        ("GITHUB_STEP_SUMMARY", summary.as_str()),
    ];
    // Nothing has changed, and nothing is checked.
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
    shop.shell(&script("summary"), &around)
        .expect_success("summary");
    assert!(shop.tree.read("summary").contains("inverted-resources"));
    assert!(
        shop.tree
            .read("clone/parity.sarif")
            .contains("inverted-resources")
    );
    // After a push there is no base, and everything is checked.
    let run = shop.shell(&script("check"), &[("GITHUB_BASE_REF", "")]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("inventory"), "{}", run.stdout);
}

/// There is one comment among those of others: the line that formats.md documents identifies it.
#[test]
fn github_actions_keeps_one_comment() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    let script = text(&step(&recipe("github-actions.yaml"), "comment")["run"]);
    assert!(script.contains(MARKER), "{script}");
    let calls = shop.tree.path("calls").display().to_string();
    let around = [
        ("GITHUB_REPOSITORY", "shop/deploy"),
        ("NUMBER", "7"),
        ("CALLS", calls.as_str()),
    ];
    // It answers like GitHub after the filter for comments.
    let gh = |answer: &str| {
        let body = format!(
            "echo \"$@\" >> \"$CALLS\"\ncase \"$*\" in *--paginate*) printf '{answer}' ;; esac"
        );
        shop.tree.script("bin/gh", &body);
        shop.shell(&script, &around).expect_success("comment");
        let told = shop.tree.read("calls");
        let last = told.lines().last().unwrap_or_default().to_owned();
        assert!(last.ends_with("--field body=@parity.md"), "{told}");
        last
    };
    let first = gh("");
    assert!(
        first.contains("POST repos/shop/deploy/issues/7/comments"),
        "{first}"
    );
    let second = gh("11\\n12\\n");
    assert!(
        second.contains("PATCH repos/shop/deploy/issues/comments/12 "),
        "{second}"
    );
}

/// Steps after a check that could not run, and those for a fork's pull request, whose token can
/// only read.
#[test]
fn github_actions_does_only_what_it_can() {
    let workflow = recipe("github-actions.yaml");
    for (name, file, writes) in [
        ("summary", "parity.md", false),
        ("comment", "parity.md", true),
        ("upload-sarif", "parity.sarif", true),
    ] {
        let condition = text(&step(&workflow, name)["if"]);
        let has_file = format!("always() && hashFiles('{file}') != ''");
        assert!(condition.starts_with(&has_file), "{name}: {condition}");
        let is_guarded = condition.contains("env.MAY_WRITE == 'true'");
        assert_eq!(is_guarded, writes, "{name}: {condition}");
    }
    assert!(
        text(&workflow["env"]["MAY_WRITE"]).contains("head.repo.full_name == github.repository")
    );
    assert_eq!(workflow["on"]["push"]["branches"][0], "main");
    // The facts behind these conditions.
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    let script = text(&step(&workflow, "check")["run"]);
    let run = shop.shell(&script, &[("GITHUB_BASE_REF", "no-such-branch")]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(!shop.clone().join("parity.md").exists());
}

#[test]
fn gitlab_ci() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    shop.drift();
    let job = &recipe("gitlab-ci.yaml")["parity"];
    let rules = job["rules"].as_sequence().expect("rules");
    let rules: Vec<_> = rules.iter().map(|rule| text(&rule["if"])).collect();
    assert!(rules.contains(&"$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH".to_owned()));
    assert_eq!(text(&job["artifacts"]["when"]), "always");
    let run = shop.shell(&text(&job["script"][0]), &[]);
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

/// The hook is called in pre-commit's way: with the words of `entry`, without files, and for every
/// commit.
#[test]
fn pre_commit() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    let hook = &recipe("pre-commit-config.yaml")["repos"][0]["hooks"][0];
    assert_eq!(hook["always_run"], true);
    assert_eq!(hook["pass_filenames"], false);
    assert!(hook.get("files").is_none() && hook.get("types").is_none());
    let entry = text(&hook["entry"]);
    // The fleet has its own findings; without the services with findings it is clean.
    for service in ["inventory", "search"] {
        fs::remove_dir_all(shop.clone().join(service)).expect("a service");
    }
    let policy = shop.clone().join("parity.yaml");
    let text = fs::read_to_string(&policy).expect("a policy");
    let (kept, _) = text.split_once("  exemptions:").expect("an exemption");
    fs::write(&policy, kept).expect("a policy");
    let run = shop.shell(&entry, &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stdout.contains("web: ") || run.stdout.contains("web in web: "),
        "{run:#?}"
    );
    shop.drift();
    let is_red = |what: &str| {
        let run = shop.shell(&entry, &[]);
        assert_eq!(run.code, Some(1), "{what}: {run:#?}");
        let place = "web/overlays/production/sizes.yaml:15";
        assert!(run.stdout.contains(place), "{what}: {}", run.stdout);
    };
    is_red("before the commit");
    Shop::git(&shop.clone(), &["commit", "-q", "-a", "-m", "hot fix"]);
    is_red("after it, as in CI with --all-files");
    fs::remove_dir_all(shop.clone().join(".git")).expect("a repository");
    Shop::git(&shop.clone(), &["init", "-q"]);
    is_red("before the first commit");
}

#[test]
fn argo_cd_at_every_build() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let options =
        text(&recipe("../argocd/install/argocd-cm.yaml")["data"]["kustomize.buildOptions"]);
    let build = |directory: &str| {
        let directory = example(directory).display().to_string();
        shop.shell(&format!("kustomize build {options} {directory}"), &[])
    };
    build("services/checkout/overlays/production").expect_success("a good overlay");
    let told = build("hotfix").expect_failure("a bad overlay");
    assert!(told.contains("error[health-checks]"), "{told}");
    // The image copies itself to the places for both kinds of call.
    let patch = recipe("../argocd/install/repo-server.yaml");
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
    // It is in an application: in the base of every environment.
    let annotations = &job["metadata"]["annotations"];
    assert_eq!(annotations["argocd.argoproj.io/hook"], "PreSync");
    let file = example("recipes").join("argo-cd/pre-sync.yaml");
    fs::copy(file, shop.clone().join("web/base/pre-sync.yaml")).expect("a copy");
    let kustomization = "clone/web/base/kustomization.yaml";
    let listed = shop.tree.read(kustomization) + "- pre-sync.yaml\n";
    shop.tree.write(kustomization, &listed);
    let built = shop.shell("kustomize build web/overlays/production", &[]);
    let built = built.expect_success("an application with the hook");
    assert!(
        built.contains("argocd.argoproj.io/hook: PreSync"),
        "{built}"
    );
}

#[test]
fn argo_workflows() {
    let shop = Shop::new(&require!(kustomize(NEWEST)));
    let workflow = recipe("argo-workflows/fleet.yaml");
    let templates = workflow["spec"]["templates"]
        .as_sequence()
        .expect("templates");
    let template = |name: &str| {
        let found = templates.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("no template {name}"))
    };
    assert_eq!(
        workflow["spec"]["volumeClaimGC"]["strategy"],
        "OnWorkflowCompletion"
    );
    let image = &template("check")["script"]["image"];
    assert_eq!(image, &template("merge")["script"]["image"]);
    assert!(text(image).contains("/krm-parity-with-kustomize:"));
    let page = text(&template("merge")["outputs"]["artifacts"][0]["path"]);
    let reports = shop.tree.path("reports").display().to_string();
    fs::create_dir_all(&reports).expect("a folder");
    for shard in 1..=2 {
        let script = text(&template("check")["script"]["source"])
            .replace("{{inputs.parameters.shard}}", &shard.to_string())
            .replace("{{workflow.parameters.shards}}", "2")
            .replace("/reports", &reports);
        shop.shell(&script, &[]).expect_success("a shard");
    }
    let merge = text(&template("merge")["script"]["source"]);
    assert!(merge.contains(&format!("html={page}")), "{merge}");
    let here = shop.tree.path("parity.html").display().to_string();
    let merge = merge.replace(&page, &here).replace("/reports", &reports);
    let run = shop.shell(&merge, &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(run.stdout.contains("3 services"), "{}", run.stdout);
    assert!(Path::new(&here).is_file());
    // A pod that has left no report must not count as success.
    fs::remove_file(Path::new(&reports).join("shard-1.json")).expect("a report");
    let run = shop.shell(&merge, &[]);
    assert_eq!(run.code, Some(2), "{run:#?}");
}
