//! Checks by other programs: schemas, linters, and the shells that load the completions.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::front::{built_command, manual};
use super::path;
use crate::support::{Run, Tree, binary, require, run};

/// Runs the program of a Python package that `scripts/setup` installed.
fn module<A: AsRef<OsStr>>(packages: &Path, name: &str, arguments: &[A]) -> Run {
    let mut command = Command::new("python3");
    command
        .current_dir(path(""))
        .env("PYTHONPATH", packages)
        .args(["-m", name])
        .args(arguments);
    run(&mut command)
}

#[track_caller]
fn passes(what: &str, ran: &Run) {
    assert_eq!(ran.code, Some(0), "{what}:\n{}\n{}", ran.stdout, ran.stderr);
}

#[test]
fn files_match_their_schemas() {
    let packages = require!(validators());
    let tree = Tree::new();
    let component = super::read("templates/krm-parity.yml");
    let (_, jobs) = component.split_once("\n---\n").expect("two documents");
    let jobs = tree.write("jobs.yml", jobs).display().to_string();
    for (schema, files) in [
        (
            "vendor.github-workflows",
            &[
                ".github/workflows/ci.yml",
                ".github/workflows/release.yml",
                "examples/recipes/github-actions.yaml",
                "examples/recipes/github-action.yaml",
            ][..],
        ),
        ("vendor.github-actions", &["action.yml"]),
        (
            "vendor.gitlab-ci",
            &[&jobs, "examples/recipes/gitlab-ci.yaml"],
        ),
        ("vendor.renovate", &["renovate.json"]),
    ] {
        for file in files {
            let ran = module(
                &packages,
                "check_jsonschema",
                &["--builtin-schema", schema, file],
            );
            passes(file, &ran);
        }
        // A schema that accepts anything proves nothing.
        let wrong = tree.write(
            "wrong.json",
            "{\"jobs\": 1, \"runs\": 1, \"x\": {\"script\": 1}, \"extends\": 1}",
        );
        let ran = module(
            &packages,
            "check_jsonschema",
            &["--builtin-schema", schema, &wrong.display().to_string()],
        );
        assert_eq!(ran.code, Some(1), "{schema}: {ran:#?}");
    }
}

#[test]
fn pre_commit_reads_the_hooks() {
    let packages = require!(validators());
    passes(
        "the manifest",
        &module(
            &packages,
            "pre_commit",
            &["validate-manifest", ".pre-commit-hooks.yaml"],
        ),
    );
    passes(
        "the recipe",
        &module(
            &packages,
            "pre_commit",
            &["validate-config", "examples/recipes/pre-commit-config.yaml"],
        ),
    );
}

/// No text of a pull request reaches a shell, no token has more rights than it needs, every action is pinned.
#[test]
fn zizmor_finds_nothing() {
    let packages = require!(validators());
    let zizmor = |files: &[&str]| {
        let mut command = Command::new(packages.join("bin/zizmor"));
        command
            .current_dir(path(""))
            .args(["--offline", "--no-progress", "--no-config", "--color=never"])
            .args(files);
        run(&mut command)
    };
    passes(
        "zizmor",
        &zizmor(&[
            ".github/workflows/ci.yml",
            ".github/workflows/release.yml",
            "action.yml",
        ]),
    );
    let tree = Tree::new();
    let wrong = super::read(".github/workflows/ci.yml")
        .replace("run: .ci/run", "run: echo ${{ github.head_ref }}");
    let wrong = tree.write(".github/workflows/wrong.yml", &wrong);
    let ran = zizmor(&[&wrong.display().to_string()]);
    assert!(ran.stdout.contains("template-injection"), "{ran:#?}");
}

#[test]
fn shellcheck_finds_nothing() {
    let shellcheck = require!(program("shellcheck"));
    let mut files = vec![path(".ci/run")];
    for entry in fs::read_dir(path("scripts")).expect("the scripts") {
        files.push(entry.expect("an entry").path());
    }
    let action = super::yaml("action.yml");
    let tree = Tree::new();
    for (index, step) in action["runs"]["steps"]
        .as_sequence()
        .expect("steps")
        .iter()
        .enumerate()
    {
        let text = format!(
            "#!/usr/bin/env bash\n# shellcheck disable=SC2153 # the step's environment is set\n{}",
            super::word(step, "run")
        );
        files.push(tree.write(&format!("action-{index}.sh"), &text));
    }
    let mut command = Command::new(shellcheck);
    passes(
        "shellcheck",
        &run(command
            .current_dir(path(""))
            .arg("--external-sources")
            .args(files)),
    );
}

#[test]
fn mandoc_reads_the_man_pages() {
    let mandoc = require!(program("mandoc"));
    let tree = Tree::new();
    manual::write(&tree.path(""), &built_command(), "krm-parity").expect("pages");
    let mut pages = 0;
    for entry in fs::read_dir(tree.path("")).expect("pages") {
        let page = entry.expect("an entry").path();
        let mut command = Command::new(&mandoc);
        let ran = run(command.args(["-T", "lint", "-W", "error"]).arg(&page));
        passes(&page.display().to_string(), &ran);
        let mut command = Command::new(&mandoc);
        let text = run(command.args(["-T", "ascii"]).arg(&page)).expect_success("mandoc");
        assert!(
            text.contains("SYNOPSIS") || text.contains("S\u{8}SY\u{8}YN"),
            "{text}"
        );
        pages += 1;
    }
    assert!(pages > 10, "{pages}");
}

/// Real shells load the completions, and offer the words that the program accepts.
#[test]
fn shells_load_the_completions() {
    let tree = Tree::new();
    let completions = |shell: &str| {
        let mut command = Command::new(binary());
        run(command.args(["completions", shell])).expect_success(shell)
    };
    let bash = require!(program("bash"));
    let file = tree
        .write("bash", &completions("bash"))
        .display()
        .to_string();
    let ask = format!(
        "set -eu; source '{file}'; ask() {{ COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); \
         $(complete -p krm-parity | sed 's/.* -F \\([^ ]*\\) .*/\\1/') krm-parity \"${{@: -1}}\" \"${{@: -2:1}}\"; echo \"${{COMPREPLY[*]}}\"; }}; \
         ask krm-parity ch; ask krm-parity check --format s; ask krm-parity explain health"
    );
    let said = run(Command::new(bash).args(["--norc", "-c", &ask])).expect_success("bash");
    assert_eq!(said, "check\nsarif\nhealth-checks\n");
    let fish = require!(program("fish"));
    let file = tree
        .write("fish", &completions("fish"))
        .display()
        .to_string();
    let ask = format!(
        "source '{file}'; complete -C 'krm-parity check --format sa'; complete -C 'krm-parity sche'"
    );
    let mut command = Command::new(fish);
    command
        .args(["--no-config", "-c", &ask])
        .env("HOME", tree.path(""));
    let said = run(&mut command).expect_success("fish");
    // clap_complete gives fish no words for arguments without a flag, so none for explain.
    assert!(said.contains("sarif") && said.contains("schema"), "{said}");
    let zsh = require!(program("zsh"));
    tree.write("functions/_krm-parity", &completions("zsh"));
    let functions = tree.path("functions").display().to_string();
    let ask = format!(
        "fpath=('{functions}' $fpath); autoload -Uz compinit && compinit -u -d '{functions}/dump' && \
         autoload +X _krm-parity && print ${{_comps[krm-parity]}}"
    );
    let said = run(Command::new(zsh).args(["-f", "-c", &ask])).expect_success("zsh");
    assert_eq!(said, "_krm-parity\n");
}
