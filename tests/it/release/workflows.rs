//! The workflows, and all other files that name a version that someone else could change.

use std::fs;
use std::process::Command;

use regex::Regex;
use serde_yaml::Value;

use super::{keys, path, read, word, yaml};
use crate::support::{binary, run};

const WORKFLOWS: [&str; 2] = [".github/workflows/ci.yml", ".github/workflows/release.yml"];

/// The text files of the examples, by their path from the root.
fn examples(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path(folder)).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{folder}/{}", entry.file_name().to_str().expect("a name"));
        if entry.path().is_dir() {
            found.extend(examples(&name));
        } else if fs::read_to_string(entry.path()).is_ok() {
            found.push(name);
        }
    }
    found.sort();
    found
}

/// A user who copies an example gets the release that it was tried with.
#[test]
fn examples_name_this_version() {
    let image =
        Regex::new(r"krm-parity(?:-with-[a-z]+)?:([0-9]+\.[0-9]+\.[0-9]+)").expect("a pattern");
    let mut files = examples("examples");
    files.push("templates/krm-parity.yml".to_owned());
    let mut named = 0;
    for file in &files {
        for found in image.captures_iter(&read(file)) {
            assert_eq!(&found[1], env!("CARGO_PKG_VERSION"), "{file}");
            named += 1;
        }
    }
    assert!(named > 10, "{named}");
}

/// Every `uses:` of our files, with the file.
fn uses() -> Vec<(String, String)> {
    let mut files: Vec<String> = WORKFLOWS.map(str::to_owned).to_vec();
    files.push("action.yml".to_owned());
    files.extend(examples("examples"));
    let line = Regex::new(r"(?m)^\s*(?:- )?uses: (.*)$").expect("a pattern");
    let of = |file: &String| {
        let text = read(file);
        let found = line
            .captures_iter(&text)
            .map(|found| (file.clone(), found[1].to_owned()));
        found.collect::<Vec<_>>()
    };
    files.iter().flat_map(of).collect()
}

/// By the hash of a commit, which cannot be moved, with the version for people and for Renovate.
#[test]
fn every_action_is_pinned() {
    let pinned =
        Regex::new(r"^[a-z]+/[a-z/-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+$").expect("a pattern");
    let uses = uses();
    assert!(uses.len() >= 12, "{uses:?}");
    for (file, action) in &uses {
        // Our own has no release yet; the recipe says what to put there.
        let ours = format!("OWNER/krm-parity@v{} # ", env!("CARGO_PKG_VERSION"));
        assert!(
            pinned.is_match(action) || action.starts_with(&ours),
            "{file}: {action}"
        );
    }
    // Every action has one version.
    let mut versions: Vec<&str> = uses.iter().map(|(_, action)| action.as_str()).collect();
    versions.sort_unstable();
    versions.dedup();
    let mut names: Vec<&str> = versions
        .iter()
        .filter_map(|one| one.split('@').next())
        .collect();
    names.dedup();
    assert_eq!(names.len(), versions.len(), "{versions:#?}");
}

fn jobs(workflow: &Value) -> Vec<(&str, &Value)> {
    let jobs = &workflow["jobs"];
    keys(jobs)
        .into_iter()
        .map(|name| (name, &jobs[name]))
        .collect()
}

/// A workflow may do nothing by itself, and each job says what it may do.
#[test]
fn workflows_have_few_permissions() {
    for file in WORKFLOWS {
        let workflow = yaml(file);
        assert_eq!(
            workflow["permissions"]
                .as_mapping()
                .map(serde_yaml::Mapping::len),
            Some(0),
            "{file}"
        );
        for (name, job) in jobs(&workflow) {
            let permissions = keys(&job["permissions"]);
            let expected: &[&str] = match name {
                "sign" => &["contents", "id-token", "attestations"],
                "publish" => &["contents", "packages"],
                _ => &["contents"],
            };
            assert_eq!(permissions, expected, "{file}: {name}");
            let writes = word(&job["permissions"], "contents") == "write";
            assert_eq!(writes, name == "publish", "{file}: {name}");
            assert!(job["timeout-minutes"].is_number(), "{file}: {name}");
        }
    }
    // A run that is started by hand, from whatever branch, gets neither an identity nor a release.
    let release = yaml(WORKFLOWS[1]);
    for name in ["sign", "publish"] {
        let job = &release["jobs"][name];
        assert_eq!(
            word(job, "if"),
            "github.event_name == 'push' && startsWith(github.ref, 'refs/tags/v')",
            "{name}"
        );
        assert_eq!(word(job, "environment"), "release", "{name}");
    }
    let tags = &release["on"]["push"];
    assert_eq!(keys(tags), ["tags"]);
    assert_eq!(
        tags["tags"].as_sequence().map(Vec::as_slice),
        Some(&[Value::from("v[0-9]+.[0-9]+.[0-9]+")][..])
    );
    // The script asks whether the commit was merged into this branch.
    assert_eq!(
        word(&release["env"], "KRM_PARITY_BRANCH"),
        "${{ github.event.repository.default_branch }}"
    );
}

/// Workflows are thin: scripts do their work, and run on any machine.
#[test]
fn workflows_only_call_the_scripts() {
    let allowed = Regex::new(
        r"^(rustup toolchain install \S+ [a-z, -]+( && rustup default \S+)?|\.ci/run|scripts/test --fast|scripts/release( --[a-z-]+)?( .\$TARGET.)?|cargo \+\S+ (check|run|install) --locked.*|cargo \+\S+ deny check|chmod \+x dist/bin/\*/krm-parity\* && scripts/release --(assemble|sign|publish)|sudo apt-get update && sudo apt-get install --yes --no-install-recommends qemu-user-static|skopeo login --username .*)$",
    )
    .expect("a pattern");
    let rust = format!(" {} ", env!("CARGO_PKG_RUST_VERSION"));
    for file in WORKFLOWS {
        let workflow = yaml(file);
        for (name, job) in jobs(&workflow) {
            for step in job["steps"].as_sequence().expect("steps") {
                let script = word(step, "run");
                assert!(!script.contains("${{"), "{file}: {name}: {script}");
                for line in script.lines() {
                    assert!(allowed.is_match(line), "{file}: {name}: {line}");
                }
                if script.contains("rustup toolchain") {
                    assert!(script.contains(&rust), "{file}: {name}: {script}");
                }
            }
        }
    }
}

/// The workflow builds exactly the targets that the script packs, the action asks for, and cargo-deny checks.
#[test]
fn the_targets_are_the_same_everywhere() {
    let script = read("scripts/release");
    let line = script
        .lines()
        .find_map(|line| line.strip_prefix("TARGETS=\""))
        .expect("targets");
    let targets: Vec<&str> = line.trim_end_matches('"').split(' ').collect();
    assert_eq!(targets.len(), 5);
    let release = yaml(WORKFLOWS[1]);
    let matrix = &release["jobs"]["build"]["strategy"]["matrix"]["include"];
    let built: Vec<&str> = matrix
        .as_sequence()
        .expect("a matrix")
        .iter()
        .map(|one| word(one, "target"))
        .collect();
    assert_eq!(built, targets);
    for file in ["action.yml", "deny.toml", "packaging/sbom.py"] {
        let text = read(file);
        let missing: Vec<_> = targets
            .iter()
            .filter(|target| !text.contains(*target))
            .collect();
        assert!(missing.is_empty(), "{file}: {missing:?}");
    }
    // Homebrew runs on all of them except Windows.
    let formula = read("packaging/krm-parity.rb");
    for target in &targets[..4] {
        assert_eq!(
            formula
                .matches(&format!("krm-parity-@VERSION@-{target}.tar.gz"))
                .count(),
            1,
            "{target}"
        );
        assert!(formula.contains(&format!("@SHA256_{target}@")), "{target}");
    }
}

/// `cargo binstall` looks for the tarballs by the names that the script gives them.
#[test]
fn binstall_finds_the_tarballs() {
    let manifest = read("Cargo.toml");
    for (key, value) in [
        (
            "pkg-url",
            "{ repo }/releases/download/v{ version }/{ name }-{ version }-{ target }.tar.gz",
        ),
        ("pkg-fmt", "tgz"),
        (
            "bin-dir",
            "{ name }-{ version }-{ target }/{ bin }{ binary-ext }",
        ),
    ] {
        assert!(
            manifest.contains(&format!("{key} = \"{value}\"\n")),
            "{key}"
        );
    }
    assert!(read("scripts/release").contains("name=krm-parity-$VERSION-$1 "));
}

/// A release binary is the one of the image: the scripts and the Dockerfile have the same flags.
#[test]
fn the_scripts_build_as_the_dockerfile_does() {
    let dockerfile = read("Dockerfile");
    let flags = dockerfile
        .split("RUSTFLAGS=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("flags");
    let (flags, paths) = flags.split_once(" --remap-path-prefix=").expect("paths");
    assert!(
        read("scripts/lib.sh").contains(&format!("*-linux-gnu) printf '%s\\n' \"{flags} $paths\"")),
        "{flags}"
    );
    assert!(
        paths.ends_with("=/cargo --remap-path-prefix=/build=/krm-parity"),
        "{paths}"
    );
}

/// The check that the workflow runs on other systems passes here, too.
#[test]
fn the_check_of_the_workflow_passes() {
    let workflow = read(".github/workflows/ci.yml");
    let runs: Vec<&str> = workflow
        .lines()
        .filter_map(|line| line.split_once(" run --locked -- "))
        .map(|(_, arguments)| arguments)
        .collect();
    assert!(!runs.is_empty());
    for arguments in runs {
        let mut command = Command::new(binary());
        let command = command.current_dir(path("")).args(arguments.split(' '));
        run(command).expect_success(arguments);
    }
}
