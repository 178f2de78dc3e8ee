//! Environments without anything to compare with.

use super::{found_in, site};
use crate::layout::discover;
use crate::policy::Policy;
use crate::repo::Sources;

/// A service with dev and prod, and other files.
fn sources(others: &[(&str, &str)]) -> Sources {
    let mut sources = Sources::default();
    let web = [
        ("apps/web/base", "resources: [web.yaml]"),
        ("apps/web/dev", "resources: [../base]"),
        ("apps/web/prod", "resources: [../base]"),
    ];
    for (directory, text) in web.iter().chain(others) {
        let file = crate::repo::join(directory, "kustomization.yaml");
        sources.insert(file, (*text).to_owned());
    }
    sources
}

fn notes(others: &[(&str, &str)]) -> Vec<String> {
    let sources = sources(others);
    let parsed = sources.parse();
    discover(&parsed, &site("repo"), &Policy::default()).notes
}

#[test]
fn a_lone_environment_is_noted_in_one_line() {
    const ALONE: &str = "resources: [x.yaml]";
    const LONE: &str = " is named like an environment but was not checked: it has no base and no other environment to compare with (to exclude it on purpose, add it to spec.layout.ignore of the ParityPolicy)";
    assert_eq!(
        notes(&[("apps/api/production", ALONE)]),
        [format!("apps/api/production{LONE}")]
    );
    // In an overlay's place, or with a similar name: `eu-prod` is a production.
    assert_eq!(
        notes(&[("clusters/eu-prod", ALONE)]),
        [format!("clusters/eu-prod{LONE}")]
    );
    let several = [
        ("a/api/prod", ALONE),
        ("b/cart/qa", ALONE),
        ("c/db/staging", ALONE),
        ("d/mail/live", ALONE),
        ("e/bus/dev", ALONE),
    ];
    let said = notes(&several);
    assert!(
        said.len() == 1
            && said[0].starts_with("a/api/prod, b/cart/qa, c/db/staging and 2 more are named"),
        "{said:?}"
    );
    let said = notes(&several[..2]);
    assert!(
        said.len() == 1 && said[0].starts_with("a/api/prod and b/cart/qa are named"),
        "{said:?}"
    );
}

#[test]
fn judged_reported_and_partial_directories_are_not_noted() {
    const ALONE: &str = "resources: [x.yaml]";
    for (why, others) in [
        (
            "two are compared",
            vec![("apps/api/dev", ALONE), ("apps/api/prod", ALONE)],
        ),
        (
            "it has a base",
            vec![
                ("apps/api/prod", "resources: [../lib]"),
                ("apps/api/lib", ALONE),
            ],
        ),
        (
            "it is a part",
            vec![
                ("apps/api/prod", ALONE),
                ("apps/all", "resources: [../api/prod]"),
            ],
        ),
        (
            "it lies below an environment",
            vec![("clusters/prod/ingress", ALONE)],
        ),
        (
            "it is a component",
            vec![("parts/prod", "kind: Component\nnamespace: x")],
        ),
        ("nothing calls it one", vec![("tools/ingress", ALONE)]),
    ] {
        assert_eq!(notes(&others), Vec::<String>::new(), "{why}");
    }
    // A copy of a service's environment is a finding, and is not reported twice.
    let copy = [("legacy/web/prod", "configMapGenerator: [{name: settings}]")];
    let mut sources = sources(&copy);
    sources.insert(
        "apps/web/base/kustomization.yaml".to_owned(),
        "configMapGenerator: [{name: settings}]".to_owned(),
    );
    let parsed = sources.parse();
    let layout = discover(&parsed, &site("repo"), &Policy::default());
    assert_eq!(layout.notes, Vec::<String>::new());
    assert!(
        found_in(&sources).contains(&"unjudged legacy/web/prod Alone(\"web\")".to_owned()),
        "{:?}",
        found_in(&sources)
    );
}
