//! `--new` and `--against`: a branch is responsible for its own changes, and for nothing else.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{NEWEST, check, findings, report};
use crate::support::{Run, Tree, require, run};

mod policy;

/// The Deployment that every environment shares.
fn deployment() -> String {
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\n  labels: {app: app}\nspec:\n  selector: {matchLabels: {app: app}}\n  template:\n    metadata: {labels: {app: app}}\n    spec:\n      containers:\n      - {name: app, image: 'app:1'}\n"
        .to_owned()
}

/// A patch of one field of every Deployment.
fn patch(path: &str, value: &str) -> String {
    format!(
        "- target: {{kind: Deployment}}\n  patch: |-\n    - op: add\n      path: {path}\n      value: {value}\n"
    )
}

fn probe(seconds: &str) -> String {
    let value = format!("{{httpGet: {{path: /x, port: 80}}, periodSeconds: {seconds}}}");
    patch("/spec/template/spec/containers/0/livenessProbe", &value)
}

const LABEL: &str = "/metadata/labels/tier";

/// A repository whose production drifted long ago, and which a branch is about to change.
struct Branch {
    tree: Tree,
    kustomize: PathBuf,
}

impl Branch {
    fn new(kustomize: PathBuf) -> Self {
        let branch = Self {
            tree: Tree::new(),
            kustomize,
        };
        branch.service("web");
        branch.overlay("web", "production", &probe("7"));
        branch.git(&["init", "-q", "-b", "main"]);
        branch.commit();
        branch
    }

    fn service(&self, name: &str) {
        let base = format!("{name}/base");
        self.tree.kustomization(&base, "web.yaml", &deployment());
        for environment in ["staging", "production"] {
            self.overlay(name, environment, "");
        }
    }

    fn overlay(&self, service: &str, environment: &str, patches: &str) {
        let patches = match patches {
            "" => String::new(),
            patches => format!("patches:\n{patches}"),
        };
        let folder = format!("{service}/overlays/{environment}");
        self.tree.overlay(&folder, &patches);
    }

    fn policy(&self, spec: &str) {
        let head = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\nspec:\n";
        self.tree.write("parity.yaml", &format!("{head}{spec}"));
    }

    fn git(&self, arguments: &[&str]) -> String {
        run(&mut self.git_command(arguments)).expect_success("git")
    }

    fn git_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .current_dir(self.tree.path(""))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments);
        command
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", "x"]);
    }

    fn report(&self, arguments: &[&str]) -> Value {
        report(&self.kustomize, &self.tree.path(""), arguments)
    }

    fn check(&self, arguments: &[&str]) -> Run {
        check(&self.kustomize, &self.tree.path(""), arguments)
    }

    /// The new findings, and the numbers of known and fixed ones.
    fn new_since(&self, arguments: &[&str]) -> (Vec<String>, usize, usize) {
        let report = self.report(arguments);
        let count = |what: &str| report["against"][what].as_array().map_or(0, Vec::len);
        (told(&report), count("known"), count("fixed"))
    }

    /// The message on stderr of a run that is refused.
    fn refusal(&self, arguments: &[&str]) -> String {
        let run = self.check(arguments);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stdout.is_empty(), "{run:#?}");
        run.stderr
    }
}

/// Rule, service, environment and field of each new finding.
fn told(report: &Value) -> Vec<String> {
    let all = findings(report).into_iter();
    let short = |line: String| {
        let parts: Vec<&str> = line.split(' ').collect();
        let path = parts[6].rsplit('.').next().unwrap_or_default();
        let own = [parts[0], parts[1], parts[2], path];
        own.join(" ").trim_end().to_owned()
    };
    all.map(short).collect()
}

fn none() -> Vec<String> {
    Vec::new()
}

#[test]
fn a_branch_fails_on_its_own_changes_and_on_nothing_else() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    assert_eq!(branch.check(&[]).code, Some(1));
    // No change at all, then a permitted change.
    assert_eq!(branch.new_since(&["--new", "main"]), (none(), 1, 0));
    branch.overlay("web", "staging", "");
    let more = "replicas: [{name: app, count: 3}]\n";
    branch.tree.overlay("web/overlays/staging", more);
    let run = branch.check(&["--new", "HEAD"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(
        run.stdout.contains(": 0 new, 1 known, 0 fixed in "),
        "{}",
        run.stdout
    );
    assert!(!run.stdout.contains("livenessProbe"), "{}", run.stdout);
    assert!(
        run.stdout.contains("1 known\n"),
        "the matrix does not call it clean: {}",
        run.stdout
    );
    // A change that is not permitted, beside it.
    branch.overlay("web", "staging", &patch(LABEL, "x"));
    let run = branch.check(&["--new", "HEAD"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert_eq!(
        branch.new_since(&["--new", "HEAD"]),
        (vec!["labels web staging tier".to_owned()], 1, 0)
    );
    // The same if it is committed, and main has moved on and is clean by now.
    branch.git(&["checkout", "-q", "-b", "topic"]);
    branch.commit();
    branch.git(&["checkout", "-q", "main"]);
    branch.overlay("web", "production", "");
    branch.commit();
    branch.git(&["checkout", "-q", "topic"]);
    assert_eq!(
        branch.new_since(&["--new", "main"]),
        (vec!["labels web staging tier".to_owned()], 1, 0)
    );
}

#[test]
fn a_changed_value_is_new_and_a_fixed_one_is_fixed() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    branch.overlay("web", "production", &probe("8"));
    let new = vec!["health-checks web production livenessProbe".to_owned()];
    assert_eq!(branch.new_since(&["--new", "HEAD"]), (new.clone(), 0, 0));
    branch.overlay("web", "production", "");
    assert_eq!(branch.new_since(&["--new", "HEAD"]), (none(), 0, 1));
    assert_eq!(branch.check(&["--new", "HEAD"]).code, Some(0));
    // Fixed in one environment and broken in the other.
    branch.overlay("web", "staging", &probe("7"));
    let new = vec!["health-checks web staging livenessProbe".to_owned()];
    assert_eq!(branch.new_since(&["--new", "HEAD"]), (new, 0, 1));
}

#[test]
fn files_and_services_may_move() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    branch.git(&["mv", "web/base/web.yaml", "web/base/app.yaml"]);
    let kustomization = branch.tree.read("web/base/kustomization.yaml");
    let kustomization = kustomization.replace("web.yaml", "app.yaml");
    branch
        .tree
        .write("web/base/kustomization.yaml", &kustomization);
    assert_eq!(branch.new_since(&["--new", "HEAD"]), (none(), 1, 0));
    // A service under a new name keeps its known findings, and only its own changes are new.
    branch.git(&["mv", "web", "shop"]);
    assert_eq!(branch.new_since(&["--new", "HEAD"]), (none(), 1, 0));
    let notes = branch.report(&["--new", "HEAD"])["notes"].to_string();
    assert!(
        notes.contains("service shop has the resources that web had"),
        "{notes}"
    );
    branch.overlay("shop", "staging", &patch(LABEL, "x"));
    let new = vec!["labels shop staging tier".to_owned()];
    assert_eq!(branch.new_since(&["--new", "HEAD"]), (new, 1, 0));
    // A service that only has environments of the same names is another one, and the first is lost.
    branch.overlay("shop", "staging", "");
    let text = deployment().replace("name: app", "name: other");
    branch.tree.write("shop/base/app.yaml", &text);
    let (new, known, _) = branch.new_since(&["--new", "HEAD"]);
    let expected = [
        "health-checks shop production livenessProbe",
        "missing-environment web",
    ];
    assert_eq!((new, known), (expected.map(str::to_owned).to_vec(), 0));
}

#[test]
fn a_second_equal_finding_is_new() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    let dead = patch("/spec/replicas", "1").replace("kind: Deployment", "kind: StatefulSet");
    branch.overlay("web", "staging", &dead);
    branch.commit();
    let count = |branch: &Branch| {
        let (new, known, fixed) = branch.new_since(&["--new", "HEAD"]);
        let is_dead = |line: &&String| line.starts_with("dead-patch");
        (new.iter().filter(is_dead).count(), known, fixed)
    };
    assert_eq!(count(&branch), (0, 2, 0));
    branch.overlay("web", "staging", &format!("{dead}{dead}"));
    assert_eq!(count(&branch), (1, 2, 0));
    // One is fixed and another one is added, which quotes another line.
    let other = dead.replace("  patch: |-", "  patch: |2-");
    branch.overlay("web", "staging", &other);
    assert_eq!(
        count(&branch).0,
        1,
        "{:?}",
        branch.new_since(&["--new", "HEAD"])
    );
}

#[test]
fn a_lost_environment_is_new() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    // Deleted.
    fs::remove_dir_all(branch.tree.path("web/overlays/production")).expect("a folder");
    let (new, _, fixed) = branch.new_since(&["--new", "HEAD"]);
    assert_eq!(
        (new, fixed),
        (vec!["missing-environment web production".to_owned()], 0)
    );
    assert_eq!(branch.check(&["--new", "HEAD"]).code, Some(1));
    // Hidden.
    branch.git(&["checkout", "-q", "--", "."]);
    branch.git(&["mv", "web/overlays/production", "web/overlays/.production"]);
    let found = branch.report(&["--new", "HEAD"]);
    let new = told(&found);
    assert_eq!(new.len(), 1, "{new:?}");
    assert!(new[0].starts_with("unjudged-overlay") || new[0].starts_with("missing-environment"));
    assert_eq!(found["findings"][0]["severity"], "error");
    // Ignored by the policy, which is looser for that reason too.
    branch.git(&["reset", "-q", "--hard"]);
    branch.policy("  layout: {ignore: ['web/overlays/production']}\n");
    let (new, ..) = branch.new_since(&["--new", "HEAD"]);
    let expected = ["loosened-policy", "missing-environment web production"];
    assert_eq!(new, expected);
    // A check of only one service does not report the others as lost.
    fs::remove_file(branch.tree.path("parity.yaml")).expect("a file");
    branch.service("cart");
    branch.commit();
    assert_eq!(branch.new_since(&["--new", "HEAD", "cart"]), (none(), 0, 0));
    fs::remove_dir_all(branch.tree.path("cart")).expect("a folder");
    assert_eq!(
        branch.new_since(&["--new", "HEAD"]).0,
        ["missing-environment cart"]
    );
    assert_eq!(branch.new_since(&["--new", "HEAD", "web"]), (none(), 1, 0));
}

#[test]
fn the_work_tree_is_left_alone_and_nothing_stays_behind() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    branch.overlay("web", "staging", &patch(LABEL, "x"));
    branch.tree.write("unknown.txt", "mine");
    let before = branch.git(&["status", "--porcelain"]);
    let temporary = Tree::new();
    let mut command = Command::new(crate::support::binary());
    let bin = branch.kustomize.parent().expect("a folder");
    command
        .current_dir(branch.tree.path(""))
        .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
        .env("TMPDIR", temporary.path(""))
        .args(["check", "--new", "HEAD"]);
    assert_eq!(run(&mut command).code, Some(1));
    assert_eq!(branch.git(&["status", "--porcelain"]), before);
    assert_eq!(branch.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(
        fs::read_dir(temporary.path("")).expect("a folder").count(),
        0
    );
}

#[test]
fn a_signal_removes_the_files_of_the_revision() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    let temporary = Tree::new();
    branch.tree.script("bin/kustomize", "sleep 600\n");
    let mut command = Command::new(crate::support::binary());
    command
        .current_dir(branch.tree.path(""))
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", branch.tree.path("bin").display()),
        )
        .env("TMPDIR", temporary.path(""))
        .args(["check", "--new", "HEAD", "--builder", "kustomize"])
        .stdout(Stdio::null());
    let mut child = command.spawn().expect("a process");
    let entries = || fs::read_dir(temporary.path("")).expect("a folder").count();
    let begin = std::time::Instant::now();
    // The revision, and the files that builds need.
    while entries() < 2 && begin.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(entries() >= 2);
    let mut kill = Command::new("kill");
    run(kill.args(["-TERM", &child.id().to_string()])).expect_success("kill");
    assert_eq!(child.wait().expect("an end").code(), Some(128 + 15));
    assert_eq!(entries(), 0);
}

#[test]
fn a_revision_that_cannot_be_read_is_refused() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    for (revision, why) in [
        (
            "gone",
            "this clone does not have that commit; run git fetch origin ",
        ),
        ("-x", "this is not a revision"),
        ("", "this is not a revision"),
        ("HEAD:web", "this clone does not have that commit"),
    ] {
        let said = branch.refusal(&[&format!("--new={revision}")]);
        assert!(said.contains(why), "{revision}: {said}");
    }
    let clash = branch.refusal(&["--new", "HEAD", "--against", "x.json"]);
    assert!(clash.contains("cannot be used with"), "{clash}");
    // A clone of only the last commit.
    let head = branch.git(&["rev-parse", "HEAD"]);
    branch.overlay("web", "staging", &patch(LABEL, "x"));
    branch.commit();
    let shallow = Tree::new();
    let from = format!("file://{}", branch.tree.path("").display());
    let to = shallow.path("shallow").display().to_string();
    branch.git(&["clone", "-q", "--depth", "1", &from, &to]);
    let run = check(
        &branch.kustomize,
        &shallow.path("shallow"),
        &["--new", head.trim()],
    );
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("fetch-depth: 0"), "{run:#?}");
    // The command in the message works.
    let (_, fetch) = run.stderr.split_once("; run ").expect("a command");
    let (fetch, _) = fetch.split_once(", or set ").expect("its end");
    let mut shell = Command::new("sh");
    shell.current_dir(shallow.path("shallow"));
    crate::support::run(shell.args(["-c", fetch])).expect_success(fetch);
    let run = check(
        &branch.kustomize,
        &shallow.path("shallow"),
        &["--new", head.trim()],
    );
    assert_ne!(run.code, Some(2), "{run:#?}");
    // Outside of a repository.
    let outside = Tree::new();
    outside.kustomization("base", "web.yaml", &deployment());
    let run = check(&branch.kustomize, &outside.path(""), &["--new", "HEAD"]);
    assert!(run.stderr.contains("which --new requires"), "{run:#?}");
}

#[test]
fn files_that_git_keeps_elsewhere_are_named() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    // A pointer of LFS, where the work tree has the file itself.
    let file = "web/overlays/production/patch.yaml";
    let text =
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: app}\nspec: {replicas: 4}\n";
    branch
        .tree
        .overlay("web/overlays/production", "patches: [{path: patch.yaml}]\n");
    branch.tree.write(
        file,
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n",
    );
    branch.tree.write(
        "logo.png",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n",
    );
    branch.commit();
    branch.tree.write(file, text);
    branch.tree.write("logo.png", "a logo");
    let said = branch.refusal(&["--new", "HEAD"]);
    let expected = format!("{file} is a pointer to a file in Git LFS");
    assert!(
        said.contains(&expected) && said.contains("--against"),
        "{said}"
    );
    // A pointer that no build reads does no harm.
    branch.git(&["add", file]);
    branch.git(&["commit", "-q", "-m", "x"]);
    assert_eq!(branch.new_since(&["--new", "HEAD"]), (none(), 0, 0));
}

#[test]
fn links_and_submodules_are_read_as_they_were() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    // An environment behind a link, with an old drift of its own.
    let more = format!("patches:\n{}", patch(LABEL, "x"));
    let loads = "resources: [../../web/base]\n";
    branch
        .tree
        .write("envs/live/kustomization.yaml", &format!("{loads}{more}"));
    fs::remove_dir_all(branch.tree.path("web/overlays/production")).expect("a folder");
    symlink(
        "../../envs/live",
        branch.tree.path("web/overlays/production"),
    )
    .expect("a link");
    // And a link out of the repository, which is not an environment before or after.
    let outside = Tree::new();
    outside.write("kustomization.yaml", "resources: []\n");
    symlink(outside.path(""), branch.tree.path("web/overlays/dev")).expect("a link");
    branch.commit();
    assert_eq!(branch.new_since(&["--new", "HEAD"]), (none(), 2, 0));
    // A base in a submodule.
    let inner = Branch::new(branch.kustomize.clone());
    let from = inner.tree.path("").display().to_string();
    branch.git(&["submodule", "add", "-q", &from, "vendor"]);
    for environment in ["staging", "production"] {
        let folder = format!("cart/overlays/{environment}/kustomization.yaml");
        branch
            .tree
            .write(&folder, "resources: [../../../vendor/web/base]\n");
    }
    branch.commit();
    let (new, ..) = branch.new_since(&["--new", "HEAD"]);
    assert_eq!(new, none());
}

/// Git reads trees that it would not create: nothing in them is written outside, or behind a link.
#[test]
fn a_forged_tree_writes_nothing_elsewhere() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    let outside = Tree::new();
    let object = |kind: &str, bytes: &[u8]| -> String {
        let mut command =
            branch.git_command(&["hash-object", "-w", "--literally", "-t", kind, "--stdin"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git");
        child
            .stdin
            .take()
            .expect("stdin")
            .write_all(bytes)
            .expect("stdin");
        let output = child.wait_with_output().expect("git");
        String::from_utf8(output.stdout)
            .expect("an id")
            .trim()
            .to_owned()
    };
    let raw = |id: &str| -> Vec<u8> {
        let digits = id.as_bytes().chunks(2);
        let digits = digits.map(|pair| std::str::from_utf8(pair).expect("digits"));
        digits
            .map(|pair| u8::from_str_radix(pair, 16).expect("digits"))
            .collect()
    };
    let file = object("blob", b"evil");
    let link = object("blob", outside.path("").display().to_string().as_bytes());
    let tree_of = |entries: &[(&str, &str, &str)]| {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            bytes.extend(raw(id));
        }
        object("tree", &bytes)
    };
    let inner = tree_of(&[("100644", "evil", &file)]);
    let forged = [
        tree_of(&[("120000", "a", &link), ("40000", "a", &inner)]),
        tree_of(&[("40000", "..", &inner)]),
        tree_of(&[("40000", ".git", &inner)]),
        tree_of(&[("40000", ".GIT", &inner)]),
        tree_of(&[("100644", "a/../../evil", &file)]),
        tree_of(&[("100644", "a", &file), ("100644", "a", &file)]),
    ];
    for tree in forged {
        let commit = branch.git(&["commit-tree", &tree, "-m", "x"]);
        let run = branch.check(&["--new", commit.trim()]);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains("cannot be read"), "{run:#?}");
    }
    assert_eq!(fs::read_dir(outside.path("")).expect("a folder").count(), 0);
}

#[test]
fn a_report_is_compared_with_as_a_revision_is() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    let file = branch.tree.path("old.json").display().to_string();
    let json = format!("json={file}");
    assert_eq!(branch.check(&["--format", &json]).code, Some(1));
    branch.overlay("web", "staging", &patch(LABEL, "x"));
    let new = vec!["labels web staging tier".to_owned()];
    let against = ["--against", file.as_str()];
    assert_eq!(branch.new_since(&against), (new.clone(), 1, 0));
    // Findings that are known there are known in the next report as well.
    let chained = branch.tree.path("next.json").display().to_string();
    let json = format!("json={chained}");
    assert_eq!(
        branch
            .check(&[&against[..], &["--format", &json]].concat())
            .code,
        Some(1)
    );
    assert_eq!(branch.new_since(&["--against", &chained]), (none(), 2, 0));
    assert_eq!(branch.check(&["--against", &chained]).code, Some(0));
    // An environment that was not selected, and one that is lost.
    assert_eq!(
        branch
            .new_since(&["--against", &file, "web/overlays/staging"])
            .0,
        new
    );
    fs::remove_dir_all(branch.tree.path("web/overlays/production")).expect("a folder");
    assert!(
        branch
            .new_since(&against)
            .0
            .contains(&"missing-environment web production".to_owned())
    );
    // Hostile and strange reports.
    let good = branch.tree.read("old.json");
    for (text, why) in [
        ("", "it is cut short"),
        ("[]", "it is not a report of krm-parity"),
        (
            &good.replace("krm-parity.io/v1alpha1", "krm-parity.io/v1"),
            "its apiVersion is",
        ),
        (&"[".repeat(1 << 20), "nested deeper"),
        (
            &good.replace("\"rule\": \"health-checks\"", "\"rule\": \"imagined\""),
            "unknown rule \"imagined\"",
        ),
        (&good[..good.len() / 2], "it is cut short"),
        (
            &good
                .replace("\"version\": \"", "\"version\": \"9")
                .replacen("\"failed\"", "\"later\": 1, \"failed\"", 1),
            "it was written by krm-parity \"9",
        ),
        (
            &good.replacen(
                "\"failed\"",
                "\"shard\": {\"index\": 1, \"count\": 2, \"of\": \"0f\"}, \"failed\"",
                1,
            ),
            "is only shard 1 of 2",
        ),
    ] {
        branch.tree.write("bad.json", text);
        let said = branch.refusal(&["--against", "bad.json"]);
        assert!(said.contains(why), "{why}: {said}");
    }
    let said = branch.refusal(&["--against", "gone.json"]);
    assert!(said.contains("gone.json"), "{said}");
    let endless = branch.refusal(&["--against", "/dev/zero"]);
    assert!(endless.contains("larger than 256 MiB"), "{endless}");
    branch.tree.write(
        "bad.json",
        &good.replace("\"version\": \"", "\"version\": \"9"),
    );
    let notes = branch.report(&["--against", "bad.json"])["notes"].to_string();
    assert!(
        notes.contains("bad.json was written by krm-parity"),
        "{notes}"
    );
}

#[test]
fn neither_side_holds_values_of_secrets() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    let secret = |value: &str| {
        let text = format!("secretGenerator: [{{name: s, literals: [{value}]}}]\n");
        branch.tree.overlay("web/overlays/staging", &text);
    };
    secret("token=geheim-1");
    branch.commit();
    secret("token=geheim-2");
    let run = branch.check(&["--new", "HEAD", "--format", "json"]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(!run.stdout.contains("geheim"), "{run:#?}");
    secret("other=geheim-3");
    for format in ["text", "json", "markdown", "html", "sarif", "junit"] {
        let run = branch.check(&["--new", "HEAD", "--format", format]);
        assert!(!run.stdout.contains("geheim"), "{run:#?}");
    }
}

#[test]
fn shards_know_their_new_findings() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    for name in ["cart", "mail"] {
        branch.service(name);
        branch.overlay(name, "production", &probe("9"));
    }
    branch.commit();
    branch.overlay("mail", "staging", &patch(LABEL, "x"));
    fs::remove_dir_all(branch.tree.path("cart")).expect("a folder");
    let whole = branch.new_since(&["--new", "HEAD"]);
    let new = ["labels mail staging tier", "missing-environment cart"];
    assert_eq!(whole, (new.map(str::to_owned).to_vec(), 2, 0));
    let shards: Vec<String> = (1..=2)
        .map(|index| {
            let file = branch
                .tree
                .path(&format!("{index}.json"))
                .display()
                .to_string();
            let (shard, json) = (format!("{index}/2"), format!("json={file}"));
            branch.check(&["--new", "HEAD", "--shard", &shard, "--format", &json]);
            file
        })
        .collect();
    let mut command = Command::new(crate::support::binary());
    let merged = run(command
        .arg("merge")
        .args(&shards)
        .args(["--format", "json"]));
    assert_eq!(merged.code, Some(1), "{merged:#?}");
    let merged: Value = serde_json::from_str(&merged.stdout).expect("a report");
    assert_eq!(told(&merged), whole.0);
    assert_eq!(merged["against"]["known"].as_array().map(Vec::len), Some(2));
    // Services that are not checked because of `--since` are neither new nor lost.
    let since = branch.new_since(&["--new", "HEAD", "--since", "HEAD"]);
    assert!(since.0.contains(&new[0].to_owned()), "{since:?}");
    let mut command = Command::new(crate::support::binary());
    let halves = run(command.arg("merge").arg(&shards[0]).args(["old.json"]));
    assert_eq!(halves.code, Some(2));
}
