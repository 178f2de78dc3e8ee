//! What says that something is an environment, though its name does not.

use super::{NONE, found};

/// `alpha` is made of `alpha/app` as `production` is made of `production/app`.
#[test]
fn what_is_made_alike_is_of_one_service() {
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

/// What is an environment of one service is one of the others.
#[test]
fn other_services_say_what_is_an_environment() {
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
