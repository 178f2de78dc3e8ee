//! `scripts/release` refuses to empty a folder that is not its own, and to sign or publish anything but a release.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::assembled::{Dist, TARGET, VERSION};
use super::{path, read};
use crate::support::{Run, Tree, binary, require, run};

/// Records how it was called; `sign-blob` writes the bundle that it was asked for.
const COSIGN: &str = "echo \"cosign $*\" >> \"$CALLS\"
while [ $# -gt 0 ]; do case $1 in --bundle) [ -s \"$2\" ] || echo {} > \"$2\" ;; esac; shift; done\n";

/// A clone with all that publishing needs, with an empty `dist/` elsewhere and tools that only record their calls.
struct Scene {
    dist: Dist,
    clone: Tree,
    tools: Tree,
}

impl Scene {
    fn new(dist: Dist) -> Self {
        let (clone, tools) = (Tree::new(), Tree::new());
        let mut copy = Command::new("cp");
        copy.current_dir(path(""))
            .args(["-R", "scripts", "packaging", "Cargo.toml", "Cargo.lock"])
            .arg(clone.path(""));
        run(&mut copy).expect_success("cp");
        let unreleased = format!("## {VERSION} (unreleased)");
        let log = read("CHANGELOG.md").replace(&unreleased, &format!("## {VERSION} (2026-01-01)"));
        clone.write("CHANGELOG.md", &log);
        tools.script("bin/cosign", COSIGN);
        for name in ["gh", "skopeo"] {
            tools.script(
                &format!("bin/{name}"),
                &format!("echo \"{name} $*\" >> \"$CALLS\"\n"),
            );
        }
        let scene = Self { dist, clone, tools };
        scene.git(&["init", "--quiet"]);
        scene.git(&["add", "--all"]);
        scene.commit("One");
        scene.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
        scene
    }

    fn git(&self, arguments: &[&str]) {
        let mut command = Command::new("git");
        command
            .current_dir(self.clone.path(""))
            .args(["-c", "user.name=a", "-c", "user.email=a@b.invalid"])
            .args(arguments);
        run(&mut command).expect_success("git");
    }

    fn commit(&self, message: &str) {
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
    }

    fn run(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Run {
        let path = std::env::var("PATH").expect("PATH");
        let mut command = self.dist.command(&self.clone.path("scripts/release"));
        command
            .args(arguments)
            .env("PATH", format!("{}:{path}", self.bin().display()))
            .env("CALLS", self.tools.path("calls"))
            .envs(variables.iter().copied());
        run(&mut command)
    }

    fn bin(&self) -> PathBuf {
        self.tools.path("bin")
    }

    /// The calls since the last time that this was asked.
    fn calls(&self) -> String {
        let calls = self.tools.read("calls");
        self.tools.write("calls", "");
        calls
    }

    /// The script ends with this error, and no tool was asked to sign or publish anything.
    #[track_caller]
    fn refuses(&self, arguments: &[&str], variables: &[(&str, &str)], part: &str) {
        self.calls();
        let ran = self.run(arguments, variables);
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        assert!(ran.stderr.contains(part), "{part}: {ran:#?}");
        let calls = self.calls();
        let outside = ["sign-blob", "gh ", "skopeo "];
        assert!(!outside.iter().any(|one| calls.contains(one)), "{calls}");
    }
}

/// The identity of a workflow, which any job with the permission can ask for.
const IDENTITY: (&str, &str) = ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://token.invalid");

#[test]
fn only_a_release_is_signed_and_published() {
    let binary = require!(release_binary());
    require!(program("ruby"));
    let dist = Dist::new(&binary);
    let mut command = dist.command(&path("scripts/release"));
    run(command.arg("--assemble")).expect_success("scripts/release --assemble");
    let scene = Scene::new(dist);
    let tag = format!("v{VERSION}");
    let ours = format!("refs/tags/{tag}");

    for verb in ["--sign", "--publish"] {
        let untagged = format!("HEAD is not tagged {tag}");
        scene.refuses(&[verb], &[IDENTITY], &untagged);
    }
    // A tag on a commit that was never merged.
    scene.commit("Two");
    scene.git(&["tag", &tag]);
    for verb in ["--sign", "--publish"] {
        scene.refuses(
            &[verb],
            &[IDENTITY],
            "HEAD is not in the history of origin/main",
        );
    }
    scene.git(&["update-ref", "refs/remotes/origin/main", "HEAD"]);
    // A run of a branch that is at the same commit.
    let branch = [IDENTITY, ("GITHUB_REF", "refs/heads/main")];
    let words = format!("this is a run of refs/heads/main, not of the tag {tag}");
    scene.refuses(&["--sign"], &branch, &words);
    scene.refuses(&["--publish"], &[], "SHA256SUMS is not signed");

    let right = [IDENTITY, ("GITHUB_REF", ours.as_str())];
    let ran = scene.run(&["--sign"], &right);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let calls = scene.calls();
    assert!(calls.contains("cosign sign-blob --yes "), "{calls}");
    // The signer must be this workflow, at this tag.
    let identity = format!(
        "--certificate-identity https://github.com/Tools/krm-parity/.github/workflows/release.yml@{ours} "
    );
    let verified = calls.lines().filter(|line| line.contains("verify-blob"));
    let verified: Vec<&str> = verified.collect();
    assert!(!verified.is_empty(), "{calls}");
    for line in verified {
        assert!(
            line.contains(&identity) && !line.contains("regexp"),
            "{line}"
        );
    }

    // A later change is noticed before anything is signed or published.
    let formula = scene.dist.path("krm-parity.rb");
    let good = fs::read(&formula).expect("a formula");
    fs::write(&formula, [&good[..], b"\n"].concat()).expect("a formula");
    for verb in ["--sign", "--publish"] {
        scene.refuses(&[verb], &right, "a checksum of SHA256SUMS is wrong");
    }
    fs::write(&formula, good).expect("a formula");
    let lacking = "there is no tarball for aarch64-unknown-linux-gnu";
    scene.refuses(&["--publish"], &right, lacking);
}

/// `KRM_PARITY_DIST` may name anything by mistake, such as a home directory.
#[test]
fn only_its_own_folder_is_emptied() {
    let dist = Dist { tree: Tree::new() };
    let kept = dist.tree.write("dist/letter.txt", "dear\n");
    for arguments in [&["--assemble"][..], &["--dry-run"], &["--build", TARGET]] {
        let mut command = dist.command(&path("scripts/release"));
        let ran = run(command.args(arguments));
        assert_eq!(ran.code, Some(1), "{ran:#?}");
        let part = "is not empty, and this script did not make it";
        assert!(ran.stderr.contains(part), "{ran:#?}");
        let left = fs::read_dir(dist.path("")).expect("a folder").count();
        assert_eq!(left, 1);
        assert_eq!(fs::read_to_string(&kept).expect("a letter"), "dear\n");
    }
    // A run that only verifies does not make a folder, either.
    let dist = Dist { tree: Tree::new() };
    let mut command = dist.command(&path("scripts/release"));
    let ran = run(command.arg("--verify"));
    assert!(ran.stderr.contains("is not there"), "{ran:#?}");
    assert!(!dist.path("").exists());
}

/// Another architecture must report the same; here the binary is this machine's, and a script of ours runs it.
#[test]
fn the_other_architecture_reports_the_same() {
    const OTHER: &str = "aarch64-unknown-linux-gnu";
    let binary = require!(release_binary());
    let dist = Dist::new(&binary);
    let place = dist.tree.path(&format!("dist/bin/{OTHER}/krm-parity"));
    fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
    fs::copy(&binary, &place).expect("a copy");
    let tools = Tree::new();
    let compare = |qemu: Option<&str>| {
        let mut command = dist.command(&path("scripts/release"));
        let mut path = std::env::var("PATH").expect("PATH");
        if let Some(script) = qemu {
            tools.script("bin/qemu-aarch64-static", script);
            path = format!("{}:{path}", tools.path("bin").display());
        }
        run(command.args(["--compare", OTHER]).env("PATH", path))
    };
    let ran = compare(Some("exec \"$@\"\n"));
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert!(ran.stderr.contains(" runs over the examples, "), "{ran:#?}");
    // One digit of one report differs.
    let ran = compare(Some(
        "case \"$*\" in *sarif*) \"$@\" | sed 's/2Gi/3Gi/'; exit 1 ;; esac; exec \"$@\"\n",
    ));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("reports something else"), "{ran:#?}");
    // The reports are the same, and yet it crashes.
    let ran = compare(Some(
        "case \"$*\" in *explain*) kill -ABRT $$ ;; esac; exec \"$@\"\n",
    ));
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(ran.stderr.contains("ends with 134"), "{ran:#?}");
}

/// If the other architecture cannot be run, the script says so to a person, and fails in the workflow.
#[test]
fn the_workflow_needs_the_emulator() {
    let dist = Dist::new(binary());
    let place = dist
        .tree
        .path("dist/bin/aarch64-unknown-linux-gnu/krm-parity");
    fs::create_dir_all(place.parent().expect("a parent")).expect("a folder");
    fs::copy(binary(), &place).expect("a copy");
    // A machine with only these programs.
    let tools = Tree::new();
    fs::create_dir_all(tools.path("bin")).expect("a folder");
    for name in ["bash", "dirname", "git", "uname"] {
        let found = require!(program(name));
        std::os::unix::fs::symlink(found, tools.path("bin").join(name)).expect("a link");
    }
    for (workflow, code, part) in [
        ("false", 0, "SKIPPED comparison of the reports"),
        ("true", 1, "install qemu-user-static"),
    ] {
        let mut command = dist.command(&path("scripts/release"));
        command
            .args(["--compare", "aarch64-unknown-linux-gnu"])
            .env("PATH", tools.path("bin"))
            .env("GITHUB_ACTIONS", workflow);
        let ran = run(&mut command);
        assert_eq!(ran.code, Some(code), "{ran:#?}");
        assert!(ran.stderr.contains(part), "{ran:#?}");
    }
}

/// A newly added format is compared as well.
#[test]
fn every_format_is_compared() {
    let help = run(Command::new(binary()).args(["check", "--help"])).expect_success("help");
    let formats = help
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("text, concise"));
    let listed = format!(
        "FORMATS=\"{}\"\n",
        formats.expect("formats").replace(", ", " ")
    );
    assert!(read("scripts/release").contains(&listed), "{listed}");
}
