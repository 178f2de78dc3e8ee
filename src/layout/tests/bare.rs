//! Directories of manifests without a kustomization.

use super::{found_in, site};
use crate::layout::discover;
use crate::policy::Policy;
use crate::repo::Sources;

/// A service with dev and staging, and files that no kustomization names.
fn sources(loose: &[&str]) -> Sources {
    let mut sources = Sources::default();
    for (directory, text) in [
        ("web/base", "resources: [web.yaml]"),
        ("web/overlays/dev", "resources: [../../base]"),
        ("web/overlays/staging", "resources: [../../base]"),
        ("envs/dev/api", "resources: [../../../web/base]"),
        ("envs/qa/api", "resources: [../../../web/base]"),
        (
            "clusters/dev",
            "resources: [../../web/overlays/dev, ../../envs/dev/api]",
        ),
        ("web/overlays/uat/part", "kind: Component"),
    ] {
        let file = crate::repo::join(directory, "kustomization.yaml");
        sources.insert(file, text.to_owned());
    }
    for file in loose {
        sources.insert_loose((*file).to_owned());
    }
    sources
}

fn unjudged(loose: &[&str]) -> Vec<String> {
    let mut found = found_in(&sources(loose));
    found.retain(|line| line.starts_with("unjudged"));
    found
}

fn notes(loose: &[&str]) -> Vec<String> {
    let sources = sources(loose);
    let parsed = sources.parse();
    discover(&parsed, &site("repo"), &Policy::default()).notes
}

#[test]
fn manifests_in_the_place_of_an_environment_are_reported() {
    for (file, directory) in [
        (
            "web/overlays/production/web.yaml",
            "web/overlays/production",
        ),
        ("web/overlays/prod/all/web.yaml", "web/overlays/prod"),
        ("web/overlays/eu-prod/web.yaml", "web/overlays/eu-prod"),
        ("envs/prod/api/web.yaml", "envs/prod/api"),
        ("web/overlays/uat/web.yaml", "web/overlays/uat"),
    ] {
        let expected = format!("unjudged! {directory} Bare(\"{file}\")");
        assert_eq!(unjudged(&[file]), [expected]);
    }
    // What is beside it only gathers environments.
    assert_eq!(
        unjudged(&["clusters/prod/web.yaml"]),
        ["unjudged clusters/prod Bare(\"clusters/prod/web.yaml\")"]
    );
    // Once, however many files there are.
    let several = ["web/overlays/prod/a.yaml", "web/overlays/prod/b/b.yaml"];
    assert_eq!(unjudged(&several).len(), 1);
    for file in [
        // A directory of files that an environment, or all of them, may use.
        "web/overlays/dev/web.yaml",
        "web/overlays/dev/prod/web.yaml",
        "web/overlays/patches/web.yaml",
        "web/overlays/web.yaml",
        "web/overlays/uat/part/web.yaml",
        // No environment is beside it.
        "web/prod/web.yaml",
        "docs/production/web.yaml",
        "envs/prod/web.yaml",
    ] {
        assert!(unjudged(&[file]).is_empty(), "{file}");
        assert!(notes(&[file]).is_empty(), "{file}");
    }
}

#[test]
fn environments_of_manifests_alone_are_noted() {
    let all = [
        "flux/dev/a.yaml",
        "flux/production/a.yaml",
        "flux/staging/a.yaml",
    ];
    let rest = "have manifests but no kustomization, so they were not compared (to compare them, add a kustomization.yaml to each that lists its files)";
    assert_eq!(
        notes(&all),
        [format!("flux/dev, flux/production and flux/staging {rest}")]
    );
    let more = [&all[..], &["flux/qa/a.yaml"]].concat();
    assert_eq!(
        notes(&more),
        [format!("flux/dev, flux/production and 2 more {rest}")]
    );
    // They have nothing in common.
    assert!(notes(&["test/dev/a.yaml", "test/prod/b.yaml"]).is_empty());
}
