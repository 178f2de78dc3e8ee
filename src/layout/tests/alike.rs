//! Environments that are recognized although their names are not words for environments.

use super::{NONE, found};

/// `alpha` is made of `alpha/app` as `production` is made of `production/app`.
#[test]
fn similar_parts_belong_to_one_service() {
    let told = found(&[
        ("base", NONE),
        ("overlays/alpha", &["./app"]),
        ("overlays/alpha/app", &["../../../base"]),
        ("overlays/production", &["./app"]),
        ("overlays/production/app", &["../../../base"]),
    ]);
    assert!(
        told.iter()
            .any(|line| line.contains(" alpha overlays/alpha < ")),
        "{told:?}"
    );
    assert!(
        !told.iter().any(|line| line.starts_with("unjudged")),
        "{told:?}"
    );
}

/// A name of an environment in one service also means an environment in the others.
#[test]
fn other_services_decide_which_names_are_environments() {
    let layout = |name| {
        let path = format!("shop/overlays/{name}");
        let layout: &[(&str, &[&str])] = &[
            ("sandbox/base", NONE),
            ("sandbox/overlays/gcp", &["../../base"]),
            ("sandbox/overlays/stage0", &["../gcp"]),
            ("shop/base", NONE),
            (&path, &["../../base"]),
        ];
        found(layout)
    };
    let told = layout("gcp");
    assert!(
        told.contains(&"shop gcp shop/overlays/gcp < shop/base".to_owned()),
        "{told:?}"
    );
    let told = layout("istio");
    assert!(
        told.iter()
            .any(|line| line.starts_with("unjudged shop/overlays/istio")),
        "{told:?}"
    );
}
