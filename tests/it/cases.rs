//! Cases: a base, an overlay, and the expected findings.
//!
//! `tests/cases/RULE/CASE/` holds `base.yaml`, `overlay.yaml`, `expected.yaml` and, if the defaults are not
//! enough, `policy.yaml`. The base is sealed as the snapshot of a service `case`, the overlay's documents are
//! the items beside it, and `expected.yaml` is what the function writes under `results:`, `[]` for nothing. A
//! case of a matrix has a folder `environments` instead of base and overlay, with one file per environment,
//! each of which is sealed. All findings of a case are of the rule that its folder is named after; cases under
//! `allowed/` have none.
//!
//! A new case is a new folder. `UPDATE=1 cargo test --test it cases::` writes the expected results, and
//! fails, so that a run that writes is never mistaken for one that tests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use krm_parity::catalog::Class;
use krm_parity::function::Output;
use krm_parity::rules::RULES;

use crate::lawbook::{
    assert_list_laws, assert_spliced, documents, findings, list, run, sealed, sealed_as,
};

/// The folder of the cases that must pass.
const ALLOWED: &str = "allowed";

struct Case {
    rule: String,
    name: String,
    folder: PathBuf,
    sides: Sides,
    policy: Option<String>,
    /// Missing if it is still to be written.
    expected: Option<String>,
}

enum Sides {
    Overlay {
        base: String,
        overlay: String,
    },
    /// Every environment with its documents.
    Matrix(Vec<(String, String)>),
}

fn folders(parent: &Path) -> Vec<(String, PathBuf)> {
    let mut all: Vec<_> = fs::read_dir(parent)
        .unwrap_or_else(|error| panic!("{}: {error}", parent.display()))
        .map(|entry| {
            let path = entry.unwrap().path();
            assert!(path.is_dir(), "{} is no folder", path.display());
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, path)
        })
        .collect();
    all.sort();
    all
}

fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty() && value != "0")
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases = Vec::new();
    for (rule, folder) in folders(&root) {
        let inner = folders(&folder);
        assert!(!inner.is_empty(), "{rule} has no case");
        for (name, folder) in inner {
            cases.push(read_case(&rule, name, folder));
        }
    }
    assert!(!cases.is_empty(), "there are no cases");
    cases
}

fn read_case(rule: &str, name: String, folder: PathBuf) -> Case {
    const OVERLAY: [&str; 4] = ["base.yaml", "overlay.yaml", "policy.yaml", "expected.yaml"];
    const MATRIX: [&str; 3] = ["environments", "policy.yaml", "expected.yaml"];
    let environments = folder.join("environments");
    let known: &[&str] = if environments.exists() {
        &MATRIX
    } else {
        &OVERLAY
    };
    let place = format!("{rule}/{name}");
    for entry in fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().file_name();
        let known = file.to_str().is_some_and(|file| known.contains(&file));
        assert!(known, "{place} holds {}, which no case has", file.display());
    }
    let read = |file: &str| {
        let path = folder.join(file);
        path.exists().then(|| fs::read_to_string(path).unwrap())
    };
    let must = |file| read(file).unwrap_or_else(|| panic!("{place} has no {file}"));
    let expected = if is_update() {
        read("expected.yaml")
    } else {
        Some(must("expected.yaml"))
    };
    let sides = if environments.exists() {
        Sides::Matrix(read_environments(&environments))
    } else {
        Sides::Overlay {
            base: must("base.yaml"),
            overlay: must("overlay.yaml"),
        }
    };
    Case {
        rule: rule.to_owned(),
        sides,
        policy: read("policy.yaml"),
        expected,
        name,
        folder,
    }
}

fn read_environments(folder: &Path) -> Vec<(String, String)> {
    let mut all: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            assert!(
                path.extension()
                    .is_some_and(|extension| extension == "yaml"),
                "{} is no environment",
                path.display()
            );
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    all.sort();
    assert!(!all.is_empty(), "{} is empty", folder.display());
    all
}

/// A list of sealed environments.
fn matrix(policy: Option<&str>, environments: &[(String, String)]) -> String {
    let snapshots: Vec<_> = environments
        .iter()
        .map(|(name, text)| sealed_as(name, text))
        .collect();
    let rest: Vec<_> = snapshots[1..]
        .iter()
        .map(|snapshot| snapshot.to_yaml(0, "\n"))
        .collect();
    list(policy, &snapshots[0], &rest)
}

impl Case {
    fn input(&self) -> String {
        let policy = self.policy.as_deref();
        match &self.sides {
            Sides::Overlay { base, overlay } => list(policy, &sealed(base), &documents(overlay)),
            Sides::Matrix(environments) => matrix(policy, environments),
        }
    }

    /// Base and overlay, if the case has them.
    fn overlay(&self) -> Option<(&str, &str)> {
        match &self.sides {
            Sides::Overlay { base, overlay } => Some((base, overlay)),
            Sides::Matrix(_) => None,
        }
    }

    /// The text that the function adds below the input: nothing but the results.
    fn results(&self) -> String {
        let input = self.input();
        match run(&input).output {
            Output::Unchanged => "[]\n".to_owned(),
            Output::Text(output) => output
                .strip_prefix(&input)
                .and_then(|rest| rest.strip_prefix("results:\n"))
                .unwrap_or_else(|| panic!("{}/{}: {output}", self.rule, self.name))
                .to_owned(),
        }
    }
}

#[test]
fn every_case_has_the_expected_findings() {
    let mut wrong = Vec::new();
    for case in cases() {
        let place = format!("{}/{}", case.rule, case.name);
        let results = case.results();
        let found = run(&case.input()).report.findings;
        for finding in &found {
            // The finding that an exemption is for stays in the report; only then can the exemption be announced.
            let is_announced = case.rule == "expiring-exemption" && finding.is_exempt();
            assert!(
                finding.rule.as_str() == case.rule || is_announced,
                "{place}: {}",
                finding.message
            );
        }
        assert!(
            case.rule == ALLOWED || found.iter().any(|one| one.rule.as_str() == case.rule),
            "{place}: nothing is found"
        );
        assert_eq!(
            case.rule == ALLOWED,
            results == "[]\n",
            "{place}: {results}"
        );
        if case.expected.as_ref() == Some(&results) {
            continue;
        }
        if is_update() {
            fs::write(case.folder.join("expected.yaml"), &results).unwrap();
            wrong.push(format!("{place}: written"));
        } else {
            let expected = case.expected.unwrap_or_default();
            wrong.push(format!("{place}: expected\n{expected}but found\n{results}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        !is_update(),
        "nothing was to be written; now run without UPDATE"
    );
}

#[test]
fn every_rule_and_every_class_has_a_case() {
    let cases = cases();
    let rules: BTreeSet<&str> = cases.iter().map(|case| case.rule.as_str()).collect();
    let known: BTreeSet<&str> = RULES
        .iter()
        .filter(|rule| !rule.of_files && !rule.id.is_live())
        .map(|rule| rule.id.as_str())
        .chain([ALLOWED])
        .collect();
    assert_eq!(rules, known, "folders and rules");
    let classes: BTreeSet<Class> = cases
        .iter()
        .flat_map(|case| run(&case.input()).report.findings)
        .filter_map(|finding| finding.class)
        .collect();
    assert_eq!(
        classes.len(),
        Class::ALL.len(),
        "only {classes:?} have a case"
    );
}

#[test]
fn every_case_keeps_the_laws() {
    for case in cases() {
        println!("{}/{}", case.rule, case.name);
        let policy = case.policy.as_deref();
        match &case.sides {
            Sides::Overlay { base, overlay } => assert_list_laws(policy, base, overlay),
            Sides::Matrix(environments) => assert_matrix_laws(policy, environments),
        }
    }
}

/// The order of snapshots has no meaning, and environments that are the same agree.
fn assert_matrix_laws(policy: Option<&str>, environments: &[(String, String)]) {
    let input = matrix(policy, environments);
    let found = findings(&input);
    assert_spliced(&input, &run(&input).output, "results");
    let mut turned = environments.to_vec();
    for _ in environments {
        turned.rotate_left(1);
        assert_eq!(findings(&matrix(policy, &turned)), found);
    }
    turned.reverse();
    assert_eq!(findings(&matrix(policy, &turned)), found);
    let same: Vec<_> = environments
        .iter()
        .map(|(name, _)| (name.clone(), environments[0].1.clone()))
        .collect();
    for finding in run(&matrix(policy, &same)).report.findings {
        assert!(
            finding.rule.as_str().starts_with("missing-")
                || finding.rule.as_str() == "unused-exemption"
                || finding.rule.is_alone(),
            "{}",
            finding.message
        );
    }
}

/// Every rule over unrelated pairs: whatever a base is compared with, nothing panics and the input passes through.
#[test]
fn every_case_survives_its_neighbours() {
    const NEIGHBOURS: usize = 8;
    let cases = cases();
    let overlays: Vec<_> = cases.iter().filter_map(Case::overlay).collect();
    for (at, (base, _)) in overlays.iter().enumerate() {
        let snapshot = sealed(base);
        for (_, other) in overlays.iter().cycle().skip(at + 1).take(NEIGHBOURS) {
            let input = list(None, &snapshot, &documents(other));
            assert_spliced(&input, &run(&input).output, "results");
        }
    }
}
