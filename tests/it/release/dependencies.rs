//! The crates that the program is linked from: every one is used, and there are few.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{path, read};
use crate::support::run;

/// As many as there are today, this one included. One more crate is a decision, and these numbers are where it is made.
const MOST_LINKED: usize = 59;
/// With those that run only in the compiler: derive macros and their dependencies.
const MOST_CRATES: usize = 70;

/// The names in a table of Cargo.toml, as code spells them.
fn named(table: &str) -> Vec<String> {
    let manifest = read("Cargo.toml");
    let (_, rest) = manifest.split_once(&format!("\n[{table}]\n")).expect(table);
    let lines = rest.lines().take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, _)| name.replace('-', "_"))
        .collect()
}

fn code(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path: PathBuf = entry.expect("an entry").path();
        if path.is_dir() {
            code(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = fs::read_to_string(&path).expect("a source");
            let lines = file
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"));
            text.extend(lines.flat_map(|line| [line, "\n"]));
        }
    }
}

fn unused(table: &str, folders: &[&str]) -> Vec<String> {
    let mut text = String::new();
    for folder in folders {
        code(&path(folder), &mut text);
    }
    let words: BTreeSet<&str> = text
        .split(|one: char| !one.is_alphanumeric() && one != '_')
        .collect();
    let mut names = named(table);
    assert!(!names.is_empty(), "{table}");
    names.retain(|name| !words.contains(name.as_str()));
    names
}

#[test]
fn every_dependency_is_used() {
    // k8s-openapi is there for a feature, as Cargo.toml says.
    assert_eq!(unused("dependencies", &["src"]), ["k8s_openapi"]);
    assert!(unused("target.'cfg(unix)'.dependencies", &["src"]).is_empty());
    let tests = ["src", "tests", "benches", "examples"];
    assert_eq!(unused("dev-dependencies", &tests), [""; 0]);
}

/// The crates of a release binary, as `cargo tree` follows these edges.
fn crates(edges: &str) -> BTreeSet<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(path(""))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--prefix=none",
            "--format={p}",
        ])
        .args(["--target=x86_64-unknown-linux-gnu", "--edges", edges]);
    let listed = run(&mut command).expect_success("cargo tree");
    listed
        .lines()
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn few_crates_are_linked() {
    for (edges, most) in [
        ("normal", MOST_CRATES),
        ("normal,no-proc-macro", MOST_LINKED),
    ] {
        let crates = crates(edges);
        println!("{edges}: {} crates", crates.len());
        assert!(crates.len() > 20, "{crates:?}");
        assert!(crates.len() <= most, "{} crates: {crates:#?}", crates.len());
    }
}

/// Whether the allowed licences satisfy an SPDX expression.
fn is_allowed(expression: &str, allowed: &BTreeSet<String>) -> bool {
    // `/` is the older spelling of OR. No crate nests deeper than one pair of parentheses.
    let text = expression.replace('/', " OR ");
    let parts: Vec<&str> = text.split(" AND ").collect();
    parts.iter().all(|part| {
        let choices = part.trim_matches(['(', ')', ' ']);
        choices
            .split(" OR ")
            .any(|one| allowed.contains(one.trim()))
    })
}

/// Only the licences of deny.toml are used; cargo-deny checks the same, where it is installed.
#[test]
fn licences_are_those_that_are_allowed() {
    let deny = read("deny.toml");
    let (_, list) = deny.split_once("\nallow = [").expect("a list");
    let (list, _) = list.split_once(']').expect("its end");
    let allowed: BTreeSet<String> = list
        .split(',')
        .map(|one| one.trim().trim_matches('"').to_owned())
        .collect();
    for (expression, expected) in [
        ("MIT OR GPL-3.0", true),
        ("GPL-3.0", false),
        ("(MIT OR GPL-3.0) AND GPL-3.0", false),
        ("GPL-3.0/Apache-2.0", true),
        ("Apache-2.0 WITH LLVM-exception", false),
    ] {
        assert_eq!(is_allowed(expression, &allowed), expected, "{expression}");
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(path("")).args([
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        "--filter-platform=x86_64-unknown-linux-gnu",
    ]);
    let metadata: Value =
        serde_json::from_str(&run(&mut command).expect_success("cargo metadata")).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    assert!(packages.len() > 100);
    let refused: Vec<_> = packages
        .iter()
        .filter(|package| !is_allowed(package["license"].as_str().unwrap_or_default(), &allowed))
        .map(|package| format!("{}: {}", package["name"], package["license"]))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    // Every allowed licence is used.
    let used = |licence: &String| {
        let mut all = packages
            .iter()
            .filter_map(|package| package["license"].as_str());
        all.any(|text| text.split(['/', ' ', '(', ')']).any(|word| word == licence))
    };
    assert!(allowed.iter().all(used), "{allowed:?}");
    let sources = packages
        .iter()
        .filter_map(|package| package["source"].as_str());
    let mut others = sources.filter(|source| {
        !source.contains("crates.io-index") && !source.contains("index.crates.io")
    });
    assert_eq!(others.next(), None, "every crate comes from crates.io");
}
