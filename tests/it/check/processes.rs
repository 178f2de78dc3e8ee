//! Programs that are started end, with everything that they have started; nothing temporary remains.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{NEWEST, report};
use crate::support::{Run, Tree, binary, require, run};

/// A repository of services, and a kustomize for the test that records the numbers of its processes.
struct Scene {
    tree: Tree,
    tools: Tree,
}

/// Builds nothing and never ends; one child ignores signals, and another has closed its streams.
const HANGS: &str = "trap '' HUP; (trap '' TERM; exec sleep 300) & echo $! >> \"$TRACE\"
(sleep 300 >/dev/null 2>&1 & echo $! >> \"$TRACE\"; wait) &
echo $$ >> \"$TRACE\"; : > \"$TMPDIR/left-behind\"; wait; sleep 300\n";

impl Scene {
    fn new(services: usize, script: &str) -> Self {
        let (tree, tools) = (Tree::new(), Tree::new());
        for number in 0..services {
            let base = format!("s{number}/base/kustomization.yaml");
            tree.write(&base, "resources: []\n");
            for environment in ["dev", "production"] {
                tree.overlay(&format!("s{number}/overlays/{environment}"), "");
            }
        }
        tools.script("bin/kustomize", script);
        fs::create_dir(tools.path("tmp")).expect("a folder");
        Self { tree, tools }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let bin = self.tools.path("bin");
        let mut command = Command::new(binary());
        command
            .current_dir(self.tree.path(""))
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("TMPDIR", self.tools.path("tmp"))
            .env("TRACE", self.trace())
            .args(arguments);
        // The engine would not start anything.
        if matches!(arguments, ["check" | "init", ..]) {
            command.args(["--builder", "kustomize"]);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        run(&mut self.command(arguments))
    }

    fn trace(&self) -> PathBuf {
        self.tools.path("trace")
    }

    fn numbers(&self) -> Vec<String> {
        let trace = fs::read_to_string(self.trace()).unwrap_or_default();
        trace.lines().map(str::to_owned).collect()
    }

    /// Asserts that no started process is alive, and that there is no temporary file.
    fn is_clean(&self) {
        let numbers = self.numbers();
        assert!(!numbers.is_empty(), "it was started");
        for number in numbers {
            assert!(soon(|| !lives(&number)), "{number} lives");
        }
        let left = fs::read_dir(self.tools.path("tmp")).expect("a folder");
        let left: Vec<PathBuf> = left.flatten().map(|entry| entry.path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new());
    }
}

fn lives(number: &str) -> bool {
    let state = fs::read_to_string(Path::new("/proc").join(number).join("stat"));
    state.is_ok_and(|state| !state.contains(") Z "))
}

fn soon(is_so: impl Fn() -> bool) -> bool {
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_secs(30) {
        if is_so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    is_so()
}

#[test]
fn a_build_that_never_ends_is_stopped_and_reported() {
    for arguments in [
        &["check", "--timeout", "1"][..],
        &["check", "--timeout=1", "--one-by-one"],
    ] {
        let scene = Scene::new(1, HANGS);
        let run = scene.run(arguments);
        assert_eq!(run.code, Some(1), "{run:#?}");
        for part in [
            "build-failure",
            "the base of dev and production of service s0",
            "kustomize build was stopped after 1 second; --timeout SECONDS allows more",
        ] {
            assert!(run.stdout.contains(part), "{part}: {run:#?}");
        }
        scene.is_clean();
    }
    let scene = Scene::new(1, HANGS);
    let run = scene.run(&["init", "--adopt", "--timeout", "1", "--dry-run"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stderr.contains("was stopped after 1 second"),
        "{run:#?}"
    );
    scene.is_clean();
}

/// One directory in a large batch hangs: only it is reported, and its time limit is not waited for again and again.
#[test]
fn one_build_that_hangs_costs_its_batch_one_more_wait() {
    let script =
        "case $2 in */gather-*) here=$(cat \"$2\"/r*/kustomization.yaml);; *) here=$2;; esac
case $here in *s7/overlays/dev*) echo hangs >> \"$TRACE\"; exec sleep 300;; esac
echo 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}'\n";
    let scene = Scene::new(10, script);
    let run = scene.run(&["check", "--timeout", "2"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let failures = run.stdout.matches("was stopped after 2 seconds").count();
    assert_eq!(failures, 1, "{run:#?}");
    assert_eq!(scene.numbers().len(), 2, "{run:#?}");
}

/// Processes that leave the group of the build, with or without its streams, directly or through a parent that has
/// ended.
#[cfg(target_os = "linux")]
#[test]
fn a_process_that_leaves_the_group_of_a_build_ends_with_it() {
    for escape in [
        "setsid sh -c 'echo $$ >> \"$TRACE\"; exec sleep 300' &",
        "setsid sh -c 'echo $$ >> \"$TRACE\"; exec sleep 300' >/dev/null 2>&1 &",
        "(setsid sh -c 'trap \"\" TERM; echo $$ >> \"$TRACE\"; sleep 300; sleep 300' &)",
        "(setsid sh -c '(setsid sh -c \"echo \\$\\$ >> $TRACE; exec sleep 300\" &)' >/dev/null &)",
    ] {
        let script = format!(
            "{escape}\nwhile ! [ -s \"$TRACE\" ]; do sleep 0.01; done\necho $$ >> \"$TRACE\"; sleep 300\n"
        );
        let scene = Scene::new(1, &script);
        let begin = Instant::now();
        let run = scene.run(&["check", "--timeout", "1"]);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(begin.elapsed() < Duration::from_mins(1), "{escape}");
        scene.is_clean();
        let scene = Scene::new(1, &script);
        let mut check = start(&mut scene.command(&["check"]));
        assert!(soon(|| scene.numbers().len() > 1), "it was started");
        send("TERM", &check);
        assert_eq!(check.wait().expect("its end").code(), Some(143), "{escape}");
        scene.is_clean();
    }
}

/// A few of the directories that hang are tried, and the others are reported without a build.
#[test]
fn many_builds_that_hang_cost_a_few_time_limits() {
    let hangs =
        "case $2 in */gather-*) here=$(cat \"$2\"/r*/kustomization.yaml);; *) here=$2;; esac
case $here in *s[0-9]*/overlays/*) echo hangs >> \"$TRACE\"; exec sleep 300;; esac
echo 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}'\n";
    for flags in [&[][..], &["--one-by-one"]] {
        let scene = Scene::new(100, hangs);
        let begin = Instant::now();
        let arguments = [&["check", "--timeout", "2", "--format", "json"], flags].concat();
        let run = scene.run(&arguments);
        assert!(begin.elapsed() < Duration::from_mins(1), "{run:#?}");
        assert_eq!(run.code, Some(1), "{run:#?}");
        let report: serde_json::Value = serde_json::from_str(&run.stdout).expect("a report");
        let all = report["findings"].as_array().expect("findings");
        let failures = all
            .iter()
            .filter(|finding| finding["rule"] == "build-failure");
        // Nothing is lost: two environments of each service fail, and none of them counts as built.
        assert_eq!(failures.clone().count(), 200, "{flags:?}");
        let said = |words: &str| {
            let says = |finding: &&serde_json::Value| {
                finding["message"]
                    .as_str()
                    .is_some_and(|message| message.contains(words))
            };
            failures.clone().filter(says).count()
        };
        let ended = said("was stopped after 2 seconds");
        let left = said("was not started, because builds of other directories");
        assert_eq!(ended + left, 200, "{flags:?}");
        // On a busy machine a base may be one of those that took too long.
        assert!(ended >= 1 && left > 100, "{flags:?}: {ended} {left}");
    }
}

#[test]
fn a_limit_is_a_number_of_seconds() {
    let scene = Scene::new(1, HANGS);
    for limit in ["0", "-1", "x", "1.5", "", "99999999999999999999"] {
        for verb in ["check", "init"] {
            let flag = format!("--timeout={limit}");
            let run = scene.run(&[verb, &flag]);
            assert_eq!(run.code, Some(2), "{run:#?}");
            assert!(run.stderr.contains("--timeout"), "{run:#?}");
        }
    }
}

#[test]
fn signals_end_everything() {
    for (signal, code) in [("TERM", 143), ("INT", 130), ("HUP", 129)] {
        let scene = Scene::new(3, HANGS);
        let mut check = start(&mut heeding(&scene.command(&["check"])));
        assert!(soon(|| !scene.numbers().is_empty()), "it was started");
        send(signal, &check);
        let status = check.wait().expect("its end");
        assert_eq!(status.code(), Some(code), "{signal}");
        scene.is_clean();
    }
}

/// The same command with no signal ignored; the tests may run in the background of a script, which ignores some.
fn heeding(command: &Command) -> Command {
    let flag = "--default-signal=INT,TERM,HUP";
    let is_known = Command::new("env").args([flag, "true"]).output();
    let mut env = Command::new("env");
    if is_known.is_ok_and(|output| output.status.success()) {
        env.arg(flag);
    } else {
        eprintln!("env of GNU is missing; signals that are ignored here stay so");
    }
    env.arg(command.get_program()).args(command.get_args());
    if let Some(directory) = command.get_current_dir() {
        env.current_dir(directory);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => env.env(name, value),
            None => env.env_remove(name),
        };
    }
    env
}

/// A run that was started under nohup goes on.
#[test]
fn an_ignored_signal_stays_ignored() {
    let scene = Scene::new(1, "echo $$ >> \"$TRACE\"; sleep 1; exit 1\n");
    let mut command = Command::new("/bin/sh");
    let inner = scene.command(&[]);
    for (name, value) in inner.get_envs() {
        command.env(name, value.expect("a value"));
    }
    command
        .current_dir(scene.tree.path(""))
        .args(["-c", "trap '' HUP; exec \"$0\" check --builder kustomize"])
        .arg(binary());
    let mut check = start(&mut command);
    assert!(soon(|| !scene.numbers().is_empty()), "it was started");
    send("HUP", &check);
    assert_eq!(check.wait().expect("its end").code(), Some(1));
}

fn start(command: &mut Command) -> Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a process")
}

fn send(signal: &str, to: &Child) {
    run(Command::new("kill").args([&format!("-{signal}"), &to.id().to_string()]))
        .expect_success("kill");
}

/// Programs are not searched for in the directory that is checked.
#[test]
fn relative_entries_of_path_are_ignored() {
    let scene = Scene::new(1, HANGS);
    for path in ["", ".", ":/usr/bin:/bin", "bin:/usr/bin:/bin"] {
        for name in ["kustomize", "bin/kustomize", "git", "bin/git"] {
            scene.tree.script(name, "echo $$ >> \"$TRACE\"\n");
        }
        for arguments in [&["check"][..], &["check", "--since", "HEAD"]] {
            run(scene.command(arguments).env("PATH", path));
        }
        assert_eq!(scene.numbers(), [""; 0], "{path}");
    }
}

#[test]
fn a_pipe_that_a_build_would_read_is_reported_at_once() {
    let kustomize = require!(kustomize(NEWEST));
    for (kustomization, pipe) in [
        (
            "resources: [../../base, pipe.yaml]\n",
            "overlays/production/pipe.yaml",
        ),
        (
            "resources: [../../base]\npatches: [{path: pipe.yaml}]\n",
            "overlays/production/pipe.yaml",
        ),
        (
            "resources: [../../base]\nconfigMapGenerator: [{name: c, files: [k=pipe]}]\n",
            "overlays/production/pipe",
        ),
        (
            "resources: [../../base]\ncomponents: [../../part]\n",
            "part/pipe.yaml",
        ),
    ] {
        let tree = Tree::new();
        tree.kustomization("base", "web.yaml", &super::bases::deployment("1", 10));
        tree.overlay("overlays/dev", "");
        tree.write("overlays/production/kustomization.yaml", kustomization);
        tree.write(
            "part/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [pipe.yaml]\n",
        );
        let made = Command::new("mkfifo").arg(tree.path(pipe)).status();
        assert!(made.expect("mkfifo").success());
        let start = Instant::now();
        let report = report(&kustomize, &tree.path(""), &[]);
        assert!(start.elapsed() < Duration::from_mins(1), "{pipe}");
        let all = report["findings"].as_array().expect("findings");
        let failure = all
            .iter()
            .find(|finding| finding["rule"] == "build-failure");
        let failure = failure.unwrap_or_else(|| panic!("{pipe}: {report:#}"));
        assert_eq!(failure["environment"], "production");
        let message = failure["message"].as_str().expect("a message");
        assert!(
            message.contains(pipe) && message.contains("it is a pipe"),
            "{message}"
        );
    }
}
