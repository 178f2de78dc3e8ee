//! The policy of a branch does not permit the branch's own drift.

use super::{Branch, LABEL, NEWEST, none, patch, probe, told};
use crate::support::require;

/// The permissions in the policy of a branch that the policy of its last commit does not have.
fn loosened(branch: &Branch, spec: &str) -> Vec<String> {
    branch.policy(spec);
    let report = branch.report(&["--new", "HEAD"]);
    let all = report["findings"].as_array().expect("findings").iter();
    let own = all.filter(|finding| finding["rule"] == "loosened-policy");
    own.map(|finding| {
        assert_eq!(finding["place"]["file"], "parity.yaml");
        let headline = finding["headline"].as_str().unwrap_or_default();
        let what = headline.split(", unlike").next();
        what.unwrap_or_default().to_owned()
    })
    .collect()
}

/// Compares the severities and entries of an earlier policy with those of one that is looser, or not.
#[test]
fn a_looser_policy_is_a_separate_finding() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    let entry = |path: &str, environments: &str, day: &str| {
        format!(
            "  - {{rule: health-checks, path: '{path}', environments: [{environments}], reason: r, expires: {day}}}\n"
        )
    };
    let head = "  environments: [staging, production]\n  rules: {scale-factor: {max: 4}}\n";
    let old = format!(
        "{head}  allow: {{classes: [replicas, image]}}\n  exemptions:\n{}",
        entry("**.livenessProbe", "staging, production", "2027-01-31")
    );
    branch.policy(&old);
    branch.commit();
    let loosened = |spec: &str| loosened(&branch, spec);
    // Narrower, shorter, stricter, in another order, with another reason.
    let narrow = format!(
        "{head}  allow: {{classes: [image, replicas]}}\n  failOn: warning\n  exemptions:\n{}{}",
        entry("**.livenessProbe", "production", "2026-12-31").replace("reason: r", "reason: s"),
        entry("**.livenessProbe", "staging", "2027-01-31"),
    );
    assert_eq!(loosened(&old), none());
    assert_eq!(loosened(&narrow), none());
    let wider: [(&str, &str, &str); 11] = [
        (
            "image]",
            "image, labels]",
            "spec.allow.classes contains labels",
        ),
        (
            "2027-01-31",
            "2027-02-01",
            "spec.exemptions[0] (health-checks, r) lasts until 2027-02-01 instead of 2027-01-31",
        ),
        (
            "environments: [staging, production], reason",
            "reason",
            "spec.exemptions[0] (health-checks, r) is for all environments",
        ),
        (
            "path: '**.livenessProbe', ",
            "",
            "spec.exemptions[0] (health-checks, r) is for any path",
        ),
        (
            "rule: health-checks",
            "rule: labels",
            "spec.exemptions[0] (labels, r) is new, and lasts until 2027-01-31",
        ),
        (
            "max: 4",
            "max: 5, severity: info",
            "spec.rules.scale-factor.severity is lowered from warning to info",
        ),
        (
            "  environments: [staging, production]\n",
            "  environments: [production, staging, dev]\n",
            "",
        ),
        (
            "  allow:",
            "  baseline: staging\n  allow:",
            "spec.baseline is staging instead of base",
        ),
        (
            "  allow:",
            "  services: [{name: web, environments: [production]}]\n  allow:",
            "spec.services[0] lets web omit staging",
        ),
        (
            "  allow:",
            "  drift: {managers: {people: [my-cli], unknown: [helm]}}\n  allow:",
            "",
        ),
        (
            "  allow:",
            "  drift: {managers: {controllers: ['kubectl-*']}}\n  allow:",
            "spec.drift.managers.controllers contains kubectl-*",
        ),
    ];
    for (from, to, expected) in wider {
        let found = loosened(&old.replacen(from, to, 1));
        match expected {
            "" => assert_eq!(found, none(), "{to}"),
            expected => assert!(found.iter().any(|one| one == expected), "{to} {found:?}"),
        }
    }
    assert_eq!(branch.check(&["--new", "HEAD"]).code, Some(1));
    // The earlier policy decides its severity.
    branch.policy(&old.replace("max: 4}", "max: 4}, loosened-policy: {severity: ignore}"));
    assert_eq!(
        told(&branch.report(&["--new", "HEAD"])),
        ["loosened-policy"]
    );
    branch.commit();
    branch.policy(&old.replace("image]", "image, labels]"));
    assert_eq!(branch.new_since(&["--new", "HEAD"]).0, none());
    // The first policy is a single finding to agree to.
    let report = branch.report(&["--new", "HEAD~2"]);
    assert_eq!(told(&report), ["loosened-policy"], "{report:#}");
}

/// An adopted entry permits only the values that it holds: other values make it looser, and so does leaving them out.
#[test]
fn an_exemption_is_looser_where_it_holds_other_values() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    let policy = |held: &str| {
        format!(
            "  environments: [staging, production]\n  exemptions:\n  - {{rule: labels, {held}reason: r, expires: 2027-01-31}}\n"
        )
    };
    let looser = |before: &str, after: &str| {
        branch.policy(&policy(before));
        branch.commit();
        !loosened(&branch, &policy(after)).is_empty()
    };
    let any = "environments: [staging, production], ";
    let one = "environments: [staging, production], value: '20', ";
    let other = "environments: [staging, production], value: '30', ";
    let each = "values: {staging: '20', production: '20'}, ";
    let mixed = "values: {staging: '20', production: '30'}, ";
    for (before, after) in [
        (any, one),
        (any, mixed),
        (one, one),
        (one, each),
        (each, one),
    ] {
        assert!(!looser(before, after), "{before}to {after}");
        assert!(!looser(after, after), "{after}");
    }
    for (before, after) in [
        (one, any),
        (one, other),
        (one, mixed),
        (mixed, any),
        (mixed, one),
        (mixed, each),
    ] {
        assert!(looser(before, after), "{before}to {after}");
    }
    // The value was widened, not the day.
    for (before, after, said) in [
        (one, any, "is for any value"),
        (one, other, "is for the value 30"),
        (one, mixed, "is for the values 20, 30"),
    ] {
        branch.policy(&policy(before));
        branch.commit();
        let expected = format!("spec.exemptions[0] (labels, r) {said}");
        assert_eq!(loosened(&branch, &policy(after)), [expected]);
    }
    branch.policy(&policy(one));
    branch.commit();
    let longer = policy(any).replace("2027-01-31", "2027-02-28");
    assert_eq!(
        loosened(&branch, &longer),
        [
            "spec.exemptions[0] (labels, r) is for any value, and lasts until 2027-02-28 instead of 2027-01-31"
        ]
    );
}

/// A finding about a line of the policy is reported at that line.
#[test]
fn a_loosened_entry_is_reported_at_its_line() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    branch.policy("  environments: [staging, production]\n");
    branch.commit();
    branch.policy(
        "  environments: [production]\n  failOn: error\n  allow:\n    classes:\n    - replicas\n    - labels   # why not\n  rules:\n    scale-factor: {max: 9}\n  layout: {ignore: ['x/*']}\n",
    );
    let report = branch.report(&["--new", "HEAD"]);
    let all = report["findings"].as_array().expect("findings").iter();
    let own = all.filter(|finding| finding["rule"] == "loosened-policy");
    let places: Vec<_> = own
        .map(|finding| {
            let headline = finding["headline"].as_str().unwrap_or_default();
            let what = headline.split(' ').next().unwrap_or_default();
            let place = &finding["place"];
            format!("{what} {}:{}", place["line"], place["column"])
        })
        .collect();
    let mut places = places;
    places.sort();
    assert_eq!(
        places,
        [
            "spec.allow.classes 10:7",
            "spec.environments 5:17",
            "spec.layout.ignore 13:21",
            "spec.rules.scale-factor.max 12:19",
        ]
    );
}

/// The advice in a finding of a branch resolves the finding, and does not lead to another one.
#[test]
fn the_advice_to_a_branch_says_who_has_to_follow_it() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    branch.policy("  environments: [staging, production]\n");
    branch.commit();
    branch.overlay("web", "staging", &patch(LABEL, "x"));
    let permit = |arguments: &[&str]| {
        let report = branch.report(arguments);
        let all = report["findings"].as_array().expect("findings").iter();
        let mut own = all.filter(|finding| finding["rule"] == "labels");
        let permit = own.next().expect("a finding")["permit"].clone();
        permit.as_str().unwrap_or_default().to_owned()
    };
    let said = permit(&["--new", "HEAD"]);
    let (_, sentence) = said
        .split_once(" Let the owner of the policy ")
        .expect("who");
    assert!(
        sentence.starts_with("merge the entry into HEAD ("),
        "{said}"
    );
    let end = ") first: in this branch alone it is a loosened-policy finding. Entry: {";
    assert!(sentence.contains(end), "{said}");
    assert!(!permit(&[]).contains("loosened-policy"));
    // Where the policy of HEAD allows a branch to loosen it, the entry works as it is.
    branch.policy(
        "  environments: [staging, production]\n  rules: {loosened-policy: {severity: warning}}\n",
    );
    branch.commit();
    branch.overlay("web", "staging", &patch(LABEL, "y"));
    let said = permit(&["--new", "HEAD"]);
    assert!(!said.contains("loosened-policy"), "{said}");
}

/// A difference that a branch only permits does not count as fixed.
#[test]
fn a_difference_that_a_branch_allows_is_not_fixed() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    branch.policy("  environments: [staging, production]\n");
    branch.overlay(
        "web",
        "staging",
        &format!("{}{}", patch(LABEL, "x"), probe("8")),
    );
    branch.commit();
    let classes = |more: &str| {
        branch.policy(&format!(
            "  environments: [staging, production]\n  allow: {{classes: [replicas, resource-values, env-values, hostnames{more}]}}\n"
        ));
    };
    classes(", labels");
    let (new, _, fixed) = branch.new_since(&["--new", "HEAD"]);
    assert_eq!((new, fixed), (vec!["loosened-policy".to_owned()], 0));
    // A fix in the same branch counts.
    branch.overlay("web", "production", "");
    branch.overlay("web", "staging", &patch(LABEL, "x"));
    let (new, _, fixed) = branch.new_since(&["--new", "HEAD"]);
    assert_eq!(new, ["loosened-policy"]);
    assert!(fixed > 0);
    let all = branch.report(&["--new", "HEAD"]);
    let fixed = all["against"]["fixed"].as_array().expect("a list").iter();
    assert!(
        fixed.into_iter().all(|one| one["rule"] != "labels"),
        "{all:#}"
    );
}

#[test]
fn a_branch_that_exempts_its_own_finding_still_fails() {
    let branch = Branch::new(require!(kustomize(NEWEST)));
    branch.policy("  environments: [staging, production]\n");
    branch.commit();
    branch.overlay("web", "staging", &patch(LABEL, "x"));
    branch.policy("  environments: [staging, production]\n  exemptions: [{rule: labels, reason: r, expires: 2027-01-31}]\n");
    let report = branch.report(&["--new", "HEAD"]);
    let weights: Vec<_> = report["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| (finding["rule"].as_str(), finding["severity"].as_str()))
        .collect();
    let expected = [
        (Some("loosened-policy"), Some("error")),
        (Some("labels"), Some("info")),
    ];
    assert_eq!(weights, expected);
    assert_eq!(branch.check(&["--new", "HEAD"]).code, Some(1));
    // An exemption that has expired on both sides is not new.
    branch.policy("  exemptions: [{rule: health-checks, reason: r, expires: 2026-01-31}]\n");
    branch.commit();
    branch.overlay("web", "staging", "");
    assert_eq!(branch.check(&["--new", "HEAD"]).code, Some(0));
}
