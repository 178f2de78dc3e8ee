//! Directories above environments, below them and beside them.

use super::found_in;
use crate::repo::Sources;

/// The layout of these files beside `apps/web`, which has a base, dev and prod.
fn beside_web(files: &[(&str, &str)]) -> Vec<String> {
    let mut sources = Sources::default();
    let web = [
        ("apps/web/base", "resources: [x.yaml]"),
        ("apps/web/overlays/dev", "resources: [../../base]"),
        ("apps/web/overlays/prod", "resources: [../../base]"),
    ];
    for (directory, text) in web.iter().chain(files) {
        let file = if directory.rsplit('/').next() == Some("x.yaml") {
            (*directory).to_owned()
        } else {
            crate::repo::join(directory, "kustomization.yaml")
        };
        sources.insert(file, (*text).to_owned());
    }
    let mut found = found_in(&sources);
    for own in [
        "web dev apps/web/overlays/dev < apps/web/base",
        "web prod apps/web/overlays/prod < apps/web/base",
    ] {
        let at = found.iter().position(|line| line == own);
        found.remove(at.unwrap_or_else(|| panic!("{own} in {found:?}")));
    }
    found
}

/// A kustomization that changes an environment from above changes the deployed resources.
#[test]
fn a_change_of_an_environment_from_above_is_judged() {
    const PATCH: &str = "patches: [{path: p.yaml}]";
    let api = [
        ("apps/api/base", "resources: [x.yaml]"),
        ("apps/api/prod", "resources: [../base]"),
    ];
    let told = |files: &[(&str, &str)]| {
        let mut found = beside_web(&[&api, files].concat());
        let at = found
            .iter()
            .position(|line| line.starts_with("api prod apps/api/prod <"));
        found.remove(at.expect("api"));
        found
    };
    let both = "resources: [../apps/web/overlays/prod, ../apps/api/prod]";
    let patched = format!("{both}\n{PATCH}");
    assert_eq!(
        told(&[("all", &patched)]),
        ["all prod all < apps/api/prod apps/web/overlays/prod"]
    );
    // It changes only one environment, under an unrelated name.
    let one = format!("resources: [../../apps/web/overlays/prod]\n{PATCH}");
    assert_eq!(
        told(&[("deploy/web", &one)]),
        ["deploy/web prod deploy/web < apps/web/overlays/prod"]
    );
    assert_eq!(
        told(&[("clusters/blue", &one)]),
        ["clusters/blue prod clusters/blue < apps/web/overlays/prod"]
    );
    // In the root, and above a mere collection.
    let root = "resources: [all]\nimages: [{name: a, newTag: '2'}]";
    assert_eq!(told(&[("all", both), ("", root)]), ["repo/all prod  < all"]);
    // The kustomization that loads it does not get the change.
    assert_eq!(
        told(&[("all", &patched), ("", "resources: [all]")]),
        ["all prod all < apps/api/prod apps/web/overlays/prod"]
    );
    // A kustomization that only collects or adds changes no environment.
    assert_eq!(told(&[("all", both)]), [""; 0]);
    let added = "resources: [../apps/web/overlays/prod, ../apps/api/prod, more.yaml]";
    assert_eq!(
        told(&[("all", added)]),
        [r#"unjudged all Composed(["apps/api/prod", "apps/web/overlays/prod"])"#]
    );
}

/// A kustomization above several environments is ambiguous, which is an error.
#[test]
fn a_change_of_several_environments_from_above_is_an_error() {
    for files in [
        &[(
            "all",
            "resources: [../apps/web/overlays/dev, ../apps/web/overlays/prod]\nnamePrefix: x-",
        )][..],
        &[
            (
                "all",
                "resources: [../apps/web/overlays/dev, ../apps/web/overlays/prod]\nnamePrefix: x-",
            ),
            ("", "resources: [all]"),
        ],
    ] {
        assert_eq!(
            beside_web(files),
            [r#"unjudged! all Composed(["apps/web/overlays/dev", "apps/web/overlays/prod"])"#]
        );
    }
}

/// Overlays without a base and without a word for an environment are reported if they are side by
/// side, or have the resources of a service.
#[test]
fn overlays_without_a_base_do_not_vanish() {
    const SHOP: &str = "{kind: Deployment, metadata: {name: shop}}";
    const WEB: &str = "{kind: Deployment, metadata: {name: web}}";
    const OTHER: &str = "{kind: Deployment, metadata: {name: other}}";
    const X: &str = "resources: [x.yaml]";
    let told =
        |files: &[(&str, &str)]| beside_web(&[&[("apps/web/base/x.yaml", WEB)], files].concat());
    assert_eq!(
        told(&[
            ("shop/overlays/a", X),
            ("shop/overlays/a/x.yaml", SHOP),
            ("shop/overlays/b", X),
            ("shop/overlays/b/x.yaml", SHOP),
        ]),
        [r#"unjudged shop/overlays/a Variants(["a", "b"])"#]
    );
    // Siblings of the environments with the same resources.
    assert_eq!(
        told(&[
            ("apps/web/overlays/blue", X),
            ("apps/web/overlays/blue/x.yaml", WEB)
        ]),
        [r#"unjudged apps/web/overlays/blue Alone("web")"#]
    );
    // A loaded directory is a part; directories without common resources do not belong to one
    // service.
    assert_eq!(
        told(&[
            ("clusters/a", X),
            ("clusters/a/x.yaml", SHOP),
            ("clusters/b", X),
            ("clusters/b/x.yaml", OTHER),
        ]),
        [""; 0]
    );
}

/// An overlay below an environment belongs to the service of that environment.
#[test]
fn an_overlay_below_an_environment_belongs_to_its_service() {
    const PATCH: &str = "patches: [{path: p.yaml}]";
    let on = |way: &str| format!("resources: [{way}]\n{PATCH}");
    for (directory, way, expected) in [
        (
            "apps/web/overlays/prod/two",
            "..",
            "web prod-two apps/web/overlays/prod/two < apps/web/overlays/prod",
        ),
        (
            "apps/web/overlays/prod/two",
            "../../../base",
            "web prod-two apps/web/overlays/prod/two < apps/web/base",
        ),
        (
            "apps/web/overlays/prod/cells/two",
            "../..",
            "web prod-cells-two apps/web/overlays/prod/cells/two < apps/web/overlays/prod",
        ),
    ] {
        assert_eq!(beside_web(&[(directory, &on(way))]), [expected]);
    }
    // An overlay of another base belongs to another service.
    assert_eq!(
        beside_web(&[
            ("apps/web/overlays/prod/db", &on("../../../db")),
            ("apps/web/db", "resources: [x.yaml]")
        ]),
        ["db prod apps/web/overlays/prod/db < apps/web/db"]
    );
}
