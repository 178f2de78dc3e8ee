//! One verdict: the findings are the same on every way to the gate.
//!
//! Every folder of `tests/cases` becomes a service of a repository, with base and overlays as a
//! team would write them, and passes through every face. The faces are: the gate with each of its
//! builders, rendered files, the function in a build, the older plugins, a matrix of sealed
//! environments, and an unbuilt tree as kpt passes it. The findings of a face, including their
//! texts, are compared with those of the function between the documents themselves. If a face
//! differs, `known.rs` gives the reason once; an entry there that is no longer needed fails as
//! well.

mod case;
mod face;
mod known;
mod wired;

use std::collections::{BTreeMap, BTreeSet};

use crate::support::{NEWEST, require};

use case::{Case, cases};
use face::{Face, Rows};

/// The differences of each face, as `case: +rule` and `case: -rule` with the findings behind them.
fn differences(face: Face, cases: &[&Case], found: &BTreeMap<String, Rows>) -> Vec<Difference> {
    let of = |service: &str| found.get(service).cloned().unwrap_or_default();
    let mut all = Vec::new();
    for case in cases {
        let mut found = of(&case.service);
        // A finding about the policy names no service.
        if cases.len() == 1 {
            found.extend(of(""));
        }
        let expected = case.expected();
        let more = found.difference(&expected).map(|row| ('+', row));
        let less = expected.difference(&found).map(|row| ('-', row));
        for (sign, row) in more.chain(less) {
            all.push(Difference {
                face,
                place: case.place.clone(),
                what: format!("{sign}{}", face::rule(row)),
                row: row.clone(),
            });
        }
    }
    all
}

/// A finding that only one of two faces has.
#[derive(Debug)]
struct Difference {
    face: Face,
    place: String,
    /// The sign and the rule.
    what: String,
    row: String,
}

/// Fails on differences that `known.rs` does not name, and on entries without a difference.
#[track_caller]
fn assert_known(faces: &[Face], differences: &[Difference]) {
    let mut left: BTreeSet<(Face, &str, &str)> = BTreeSet::new();
    for known in known::KNOWN {
        assert!(!known.reason.is_empty());
        for face in known.faces.iter().filter(|face| faces.contains(face)) {
            for case in known.cases {
                left.extend(known.what.iter().map(|what| (*face, *case, *what)));
            }
        }
    }
    let known = left.clone();
    let mut wrong = Vec::new();
    for Difference {
        face,
        place,
        what,
        row,
    } in differences
    {
        let is = (*face, place.as_str(), what.as_str());
        left.remove(&is);
        if !known.contains(&is) {
            wrong.push(format!("{face:?} {place} {what} {row}"));
        }
    }
    let gone = left
        .into_iter()
        .map(|(face, place, what)| format!("{face:?} {place} {what} no longer differs"));
    wrong.extend(gone);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Cases grouped by their policies, apart from the environment, because one tree can have one
/// policy. An exemption that one service uses would not be unused for another, so each case with
/// exemptions has its own tree.
fn groups(cases: &[Case]) -> Vec<Vec<&Case>> {
    let mut groups: BTreeMap<String, Vec<&Case>> = BTreeMap::new();
    for case in cases {
        groups.entry(case.group()).or_default().push(case);
    }
    groups.into_values().collect()
}

/// Excluded cases are listed with their reasons, and the list does not grow silently.
#[test]
fn excluded_cases_are_listed() {
    let (_, left) = cases();
    let left: Vec<_> = left
        .iter()
        .map(|(place, reason)| (place.as_str(), *reason))
        .collect();
    assert_eq!(left, known::NO_TREES);
}

#[test]
fn sealed_environments_are_judged_as_builds_are() {
    let (cases, _) = cases();
    let cases: Vec<_> = cases.iter().filter(|case| case.is_overlay()).collect();
    let found = cases
        .iter()
        .map(|case| (case.service.clone(), face::matrix(case)))
        .collect();
    let all = differences(Face::Matrix, &cases, &found);
    assert_known(&[Face::Matrix], &all);
}

#[test]
fn the_gate_has_the_same_findings_as_the_function() {
    let kustomize = require!(kustomize(NEWEST));
    let (cases, _) = cases();
    let faces = [Face::Check, Face::OneByOne, Face::Rendered];
    let mut all = Vec::new();
    for group in groups(&cases) {
        let tree = face::tree(&group);
        for face in faces {
            let found = face::checked(face, &kustomize, &tree, &group);
            all.extend(differences(face, &group, &found));
        }
    }
    assert_known(&faces, &all);
}

#[test]
fn a_build_has_the_same_findings_as_the_function() {
    let kustomize = require!(kustomize(NEWEST));
    let (cases, _) = cases();
    let cases: Vec<_> = cases.iter().filter(|case| case.is_overlay()).collect();
    let wired = wired::built(&kustomize, &cases, wired::Way::Exec);
    let found = wired
        .iter()
        .map(|(service, run)| (service.clone(), face::rows_of_all(&run.stdout)))
        .collect();
    let all = differences(Face::Wired, &cases, &found);
    // The older protocol has no results, only text.
    let plugin = wired::built(&kustomize, &cases, wired::Way::Plugin);
    for case in &cases {
        let (exec, plugin) = (&wired[&case.service], &plugin[&case.service]);
        assert_eq!(plugin.stderr, exec.stderr, "{}", case.place);
        assert_eq!(plugin.code, exec.code, "{}", case.place);
        assert_eq!(exec.code == 1, case.fails(), "{}", case.place);
    }
    assert_known(&[Face::Wired], &all);
}

/// The items above equal those that kpt passes on.
#[test]
fn kpt_passes_on_the_same_tree() {
    let kpt = require!(kpt());
    let (cases, _) = cases();
    let groups = groups(&cases).into_iter().filter(|group| group.len() > 1);
    for group in groups {
        let tree = face::tree(&group);
        let expected = face::package(&tree, &group);
        assert_eq!(wired::rendered(&kpt, &tree), expected, "{}", group[0].place);
    }
}

#[test]
fn an_unbuilt_tree_is_judged_like_a_build() {
    let (cases, _) = cases();
    let mut all = Vec::new();
    for group in groups(&cases) {
        let tree = face::tree(&group);
        let found = face::package(&tree, &group);
        all.extend(differences(Face::Package, &group, &found));
    }
    assert_known(&[Face::Package], &all);
}
