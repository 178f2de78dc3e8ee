//! The messages of a long run on stderr while it works.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use crate::support::{Tree, binary};

/// A kustomize that waits for the test before it fails, but not forever.
const WAITS: &str =
    "i=0; while [ ! -e \"$RELEASE\" ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done
echo no >&2; exit 1\n";

/// A build that takes longer than a second on any machine.
const SLOW: &str = "sleep 1.5; echo no >&2; exit 1\n";

struct Scene {
    tree: Tree,
    tools: Tree,
}

impl Scene {
    fn new(script: &str) -> Self {
        let (tree, tools) = (Tree::new(), Tree::new());
        tree.write("base/kustomization.yaml", "resources: []\n");
        tree.overlay("overlays/dev", "");
        tree.overlay("overlays/production", "");
        tools.script("bin/kustomize", script);
        Self { tree, tools }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let bin = self.tools.path("bin");
        let mut command = Command::new(binary());
        command
            .current_dir(self.tree.path(""))
            .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
            .env("RELEASE", self.tools.path("release"))
            .args(["check", "--builder", "kustomize"])
            .args(arguments)
            .stdin(Stdio::null());
        command
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The builds do not end before the line is printed, so a machine cannot be too fast for this test.
#[test]
fn a_log_says_that_a_long_run_works() {
    let scene = Scene::new(WAITS);
    let mut child = scene
        .command(&[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut errors = BufReader::new(child.stderr.take().expect("its stderr"));
    let mut first = String::new();
    errors.read_line(&mut first).expect("a line");
    fs::write(scene.tools.path("release"), "").expect("a file");
    let Output { status, stdout, .. } = child.wait_with_output().expect("its end");
    assert_eq!(first, "krm-parity: 0 of 3 builds done after 1 s\n");
    assert_eq!(status.code(), Some(1));
    assert!(!text(&stdout).contains("builds done"), "{}", text(&stdout));
}

#[test]
fn a_quiet_run_does_not_report_its_progress() {
    let scene = Scene::new(SLOW);
    let Output { status, stderr, .. } = scene.command(&["-q"]).output().expect("an end");
    assert_eq!(status.code(), Some(1), "{}", text(&stderr));
    assert!(!text(&stderr).contains("builds done"), "{}", text(&stderr));
}
