//! `--since` asks git about a repository, and runs nothing that the repository configures.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Run, Tree, binary, run};

/// Two committed services, one of which has changed since, and a kustomize that builds one small resource.
struct Scene {
    /// The repository is in `work`; a program that it plants leaves its trace beside it.
    tree: Tree,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { tree: Tree::new() };
        scene.services("work");
        let build = "echo 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}'\n";
        scene.tree.script("bin/kustomize", build);
        scene
            .tree
            .script("evil", &format!("touch {}\ncat\n", scene.trace().display()));
        scene.git("work", &["init", "-q", "-b", "main"]);
        scene.commit("work");
        scene.change("work");
        scene
    }

    fn services(&self, place: &str) {
        for service in ["one", "two"] {
            let at = |file: &str| format!("{place}/{service}/{file}/kustomization.yaml");
            self.tree.write(&at("base"), "resources: []\n");
            for environment in ["dev", "production"] {
                let overlay = at(&format!("overlays/{environment}"));
                self.tree.write(&overlay, "resources: [../../base]\n");
            }
        }
    }

    /// Changes one service, and makes git unsure about the other.
    fn change(&self, place: &str) {
        self.tree.write(
            &format!("{place}/one/base/kustomization.yaml"),
            "resources: [] #\n",
        );
        let file = format!("{place}/two/base/kustomization.yaml");
        let text = self.tree.read(&file);
        fs::remove_file(self.tree.path(&file)).expect("a file");
        self.tree.write(&file, &text);
    }

    fn trace(&self) -> std::path::PathBuf {
        self.tree.path("trace")
    }

    fn evil(&self) -> String {
        self.tree.path("evil").display().to_string()
    }

    fn git(&self, place: &str, arguments: &[&str]) -> Run {
        run(Command::new("git")
            .current_dir(self.tree.path(place))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args([
                "-c",
                "protocol.file.allow=always",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(arguments))
    }

    fn commit(&self, place: &str) {
        self.git(place, &["add", "."]).expect_success("git");
        self.git(place, &["commit", "-q", "-m", "x"])
            .expect_success("git");
    }

    fn config(&self, name: &str, value: &str) {
        self.git("work", &["config", name, value])
            .expect_success("git");
    }

    fn command(&self, place: &str, arguments: &[&str]) -> Command {
        let bin = self.tree.path("bin");
        let mut command = Command::new(binary());
        command
            .current_dir(self.tree.path(place))
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["check", "--format", "json"])
            .args(arguments);
        command
    }

    /// The services that are checked, and the notes about them.
    fn looked_at(command: &mut Command) -> (Vec<String>, String) {
        let run = run(command);
        let report: Value =
            serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
        let services = report["services"].as_array().expect("services");
        let names = services
            .iter()
            .filter_map(|service| service["name"].as_str());
        let notes = report["notes"].as_array().into_iter().flatten();
        let notes: Vec<&str> = notes.filter_map(Value::as_str).collect();
        (names.map(str::to_owned).collect(), notes.join("\n"))
    }

    fn since(&self, place: &str) -> Vec<String> {
        Self::looked_at(&mut self.command(place, &["--since", "HEAD"])).0
    }
}

#[test]
fn nothing_that_a_repository_plants_is_run() {
    for (name, settings, attributes) in [
        ("fsmonitor", &["core.fsmonitor"][..], ""),
        ("an external diff", &["diff.external"], ""),
        ("a driver", &["diff.x.command"], "* diff=x\n"),
        ("textconv", &["diff.x.textconv"], "* diff=x\n"),
        (
            "a filter",
            &["filter.x.clean", "filter.x.smudge"],
            "* filter=x\n",
        ),
        (
            "a process",
            &["filter.x.process", "filter.x.clean"],
            "* filter=x\n",
        ),
        ("a dotted name", &["filter.a.b c.clean"], "* filter=a.b*\n"),
        ("a pager", &["core.pager", "pager.diff", "pager.config"], ""),
    ] {
        let scene = Scene::new();
        for setting in settings {
            scene.config(setting, &scene.evil());
        }
        scene.config("filter.x.required", "true");
        scene.tree.write("work/.git/info/attributes", attributes);
        assert_eq!(scene.since("work"), ["one"], "{name}");
        assert!(!scene.trace().exists(), "{name}");
        // A plain git runs it; but a pager needs a terminal, and a name with a blank is not an attribute.
        run(Command::new("git")
            .current_dir(scene.tree.path("work"))
            .arg("diff"));
        let is_run = scene.trace().exists();
        assert_eq!(
            is_run,
            !matches!(name, "a pager" | "a dotted name"),
            "{name}"
        );
    }
}

#[test]
fn hooks_and_included_files_change_nothing() {
    let scene = Scene::new();
    let evil = scene.tree.read("evil");
    for hook in [
        "post-index-change",
        "fsmonitor-watchman",
        "reference-transaction",
    ] {
        scene.tree.script(
            &format!("work/.git/hooks/{hook}"),
            evil.trim_start_matches("#!/bin/sh\n"),
        );
    }
    let config = format!(
        "[core]\n\tfsmonitor = {evil}\n[filter \"x\"]\n\tclean = {evil}\n\trequired = true\n",
        evil = scene.evil()
    );
    scene.tree.write("more", &config);
    scene.config("include.path", "../../more");
    scene.tree.write("work/.gitattributes", "* filter=x\n");
    assert_eq!(scene.since("work"), ["one"]);
    assert!(!scene.trace().exists());
    run(Command::new("git")
        .current_dir(scene.tree.path("work"))
        .arg("status"));
    assert!(scene.trace().exists());
}

/// Objects that a partial clone lacks are not fetched, whatever the transport.
#[test]
fn nothing_is_fetched() {
    for (name, settings) in [
        ("ext", &[("remote.origin.url", "ext::EVIL")][..]),
        (
            "ssh",
            &[
                ("remote.origin.url", "ssh://x/y"),
                ("core.sshCommand", "EVIL"),
            ],
        ),
        (
            "file",
            &[
                ("remote.origin.url", "/"),
                ("remote.origin.uploadpack", "EVIL"),
            ],
        ),
        (
            "proxy",
            &[
                ("remote.origin.url", "git://x/y"),
                ("core.gitProxy", "EVIL"),
            ],
        ),
        (
            "helper",
            &[("remote.origin.url", "x"), ("remote.origin.vcs", "ext")],
        ),
    ] {
        let scene = Scene::new();
        scene.tree.write("work/new.yaml", "new\n");
        let id = scene.git("work", &["hash-object", "-w", "new.yaml"]).stdout;
        scene.commit("work");
        let (folder, file) = id.trim().split_at(2);
        let object = scene
            .tree
            .path(&format!("work/.git/objects/{folder}/{file}"));
        fs::remove_file(object).expect("an object");
        // git has to compare its contents.
        fs::remove_file(scene.tree.path("work/new.yaml")).expect("a file");
        scene.tree.write("work/new.yaml", "new\n");
        scene.config("core.repositoryFormatVersion", "1");
        scene.config("extensions.partialClone", "origin");
        scene.config("remote.origin.promisor", "true");
        scene.config("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*");
        scene.config("protocol.allow", "always");
        for (setting, value) in settings {
            scene.config(setting, &value.replace("EVIL", &scene.evil()));
        }
        run(&mut scene.command("work", &["--since", "HEAD~1"]));
        assert!(!scene.trace().exists(), "{name}");
    }
}

/// To git, a directory that looks like a bare repository is one, with its own settings.
#[test]
fn a_directory_that_looks_like_a_repository_is_not_used_as_one() {
    let scene = Scene::new();
    for place in ["work/one", "work/one/overlays"] {
        for folder in ["objects", "refs/heads"] {
            fs::create_dir_all(scene.tree.path(&format!("{place}/{folder}"))).expect("a folder");
        }
        scene
            .tree
            .write(&format!("{place}/HEAD"), "ref: refs/heads/main\n");
        let evil = scene.evil();
        let config = format!(
            "[core]\n\trepositoryFormatVersion = 0\n\tbare = false\n\tworktree = .\n\tfsmonitor = {evil}\n"
        );
        scene.tree.write(&format!("{place}/config"), &config);
        let index = scene.tree.path("work/.git/index");
        fs::copy(index, scene.tree.path(&format!("{place}/index"))).expect("an index");
        assert_eq!(scene.since(place).len(), 1, "{place}");
        assert!(!scene.trace().exists());
    }
    run(Command::new("git")
        .current_dir(scene.tree.path("work/one"))
        .arg("status"));
    assert!(scene.trace().exists(), "git itself is taken in");
}

#[test]
fn environment_variables_do_not_select_another_repository() {
    let scene = Scene::new();
    scene
        .git("", &["init", "-q", "other"])
        .expect_success("git");
    let other = |file: &str| scene.tree.path("other").join(file);
    let mut command = scene.command("work", &["--since", "HEAD"]);
    command
        .env("GIT_DIR", other(".git"))
        .env("GIT_WORK_TREE", other(""))
        .env("GIT_INDEX_FILE", other("index"))
        .env("GIT_OBJECT_DIRECTORY", other(".git/objects"))
        .env("GIT_COMMON_DIR", other(".git"))
        .env("GIT_NAMESPACE", "x")
        .env("GIT_EXTERNAL_DIFF", scene.evil())
        .env("GIT_PAGER", scene.evil())
        .env("GIT_SSH_COMMAND", scene.evil())
        .env(
            "GIT_CONFIG_PARAMETERS",
            format!("'core.fsmonitor'='{}'", scene.evil()),
        )
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.fsmonitor")
        .env("GIT_CONFIG_VALUE_0", scene.evil());
    assert_eq!(Scene::looked_at(&mut command).0, ["one"]);
    assert!(!scene.trace().exists());
}

#[test]
fn work_trees_of_all_kinds_are_found() {
    let scene = Scene::new();
    // A linked work tree.
    scene
        .git("work", &["worktree", "add", "-q", "../linked"])
        .expect_success("git");
    assert_eq!(scene.since("linked"), [""; 0]);
    scene.change("linked");
    assert_eq!(scene.since("linked"), ["one"]);
    // A submodule, seen from inside and from outside.
    scene.services("outer");
    scene
        .git("outer", &["init", "-q", "-b", "main"])
        .expect_success("git");
    let from = scene.tree.path("work").display().to_string();
    scene
        .git("outer", &["submodule", "add", "-q", &from, "inner"])
        .expect_success("git");
    scene.commit("outer");
    assert_eq!(scene.since("outer/inner"), [""; 0]);
    assert_eq!(scene.since("outer"), [""; 0]);
    scene.change("outer/inner");
    assert_eq!(scene.since("outer/inner"), ["one"]);
    let outer = scene.since("outer");
    assert!(outer.contains(&"inner/one".to_owned()), "{outer:?}");
    assert!(!outer.contains(&"two".to_owned()), "{outer:?}");
    // A program that a submodule plants for those who inspect it is not run.
    scene
        .git("outer/inner", &["config", "core.fsmonitor", &scene.evil()])
        .expect_success("git");
    scene.since("outer");
    assert!(!scene.trace().exists());
    // A shallow clone does not have the common ancestor of branches.
    scene.commit("work");
    let from = format!("file://{from}");
    scene
        .git(
            "",
            &[
                "clone",
                "-q",
                "--depth",
                "1",
                "--no-single-branch",
                &from,
                "shallow",
            ],
        )
        .expect_success("git");
    let mut command = scene.command("shallow", &["--since", "origin/linked"]);
    let (services, notes) = Scene::looked_at(&mut command);
    assert_eq!(services, ["one"]);
    assert!(notes.contains("this clone has no merge base"), "{notes}");
}

#[test]
fn the_compared_commits_are_in_the_report() {
    let scene = Scene::new();
    let id = |revision: &str| {
        let told = scene.git("work", &["rev-parse", revision]).stdout;
        told.get(..12).unwrap_or_default().to_owned()
    };
    let first = id("HEAD");
    scene
        .git("work", &["checkout", "-q", "-b", "topic"])
        .expect_success("git");
    scene.commit("work");
    scene
        .git("work", &["checkout", "-q", "main"])
        .expect_success("git");
    scene.tree.write("work/README.md", "x\n");
    scene.commit("work");
    let main = id("main");
    scene
        .git("work", &["checkout", "-q", "topic"])
        .expect_success("git");
    let (_, notes) = Scene::looked_at(&mut scene.command("work", &["--since", "main"]));
    let told = format!(
        "since main ({main}): 1 file differs from the merge base {first}; 1 of 2 services are checked"
    );
    assert!(notes.lines().any(|note| note == told), "{notes}");
    let (services, notes) = Scene::looked_at(&mut scene.command("work", &["--since", "HEAD"]));
    let topic = id("HEAD");
    assert_eq!(services, [""; 0]);
    let told = format!(
        "since HEAD ({topic}): no file differs from the merge base {topic}; 0 of 2 services are checked"
    );
    assert!(notes.lines().any(|note| note == told), "{notes}");
}

#[test]
fn a_refusal_by_git_is_reported() {
    let scene = Scene::new();
    for (place, revision, words) in [
        ("", "HEAD", "is not in the work tree of a git repository"),
        (
            "work",
            "gone",
            "--since gone: this clone does not have that commit; run git fetch origin ",
        ),
        ("work", "HEAD:one", "this clone does not have that commit"),
        ("work", "", "this clone does not have that commit"),
        ("broken", "HEAD", "does not name a git directory"),
        ("young", "HEAD", "this clone does not have that commit"),
    ] {
        scene.services(place);
        match place {
            "broken" => drop(scene.tree.write("broken/.git", "gitdir: nowhere\n")),
            "young" => drop(scene.git("", &["init", "-q", "young"])),
            _ => {}
        }
        let flag = format!("--since={revision}");
        let run = run(&mut scene.command(place, &[&flag]));
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains(words), "{words}: {run:#?}");
    }
    // A repository that belongs to another user, which only root can set up.
    let mut chown = Command::new("chown");
    chown.args(["-R", "12345"]).arg(scene.tree.path("work"));
    if run(&mut chown).code == Some(0) {
        let run = run(&mut scene.command("work", &["--since", "HEAD"]));
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains("dubious ownership"), "{run:#?}");
        // The user can trust it, as CI systems do.
        scene.change("work");
        let mut trusting = scene.command("work", &["--since", "HEAD"]);
        trusting
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*");
        assert_eq!(Scene::looked_at(&mut trusting).0, ["one"]);
    }
}

/// A git that never ends is stopped.
#[test]
fn git_has_a_limit() {
    let scene = Scene::new();
    scene.tree.script("bin/git", "exec sleep 300\n");
    let run = run(&mut scene.command("work", &["--since", "HEAD", "--timeout", "1"]));
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(
        run.stderr.contains("git was stopped after 1 second"),
        "{run:#?}"
    );
    let place = Path::new("work");
    assert!(
        run.stderr.contains(place.to_str().expect("a name")),
        "{run:#?}"
    );
}
