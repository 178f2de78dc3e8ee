//! Environments that are assembled from separate parts.

use super::{NONE, found};

/// An environment of two parts, one with the base and one with settings, is judged as a whole.
#[test]
fn an_environment_is_assembled_from_its_parts() {
    let mut layout: Vec<(String, Vec<&str>)> = vec![("base/cluster".to_owned(), Vec::new())];
    for name in ["alpha", "production"] {
        layout.push((format!("overlays/{name}"), vec!["./yamls", "./configs"]));
        layout.push((
            format!("overlays/{name}/yamls"),
            vec!["../../../base/cluster"],
        ));
        layout.push((format!("overlays/{name}/configs"), Vec::new()));
    }
    let layout: Vec<(&str, &[&str])> = layout
        .iter()
        .map(|(directory, loads)| (directory.as_str(), loads.as_slice()))
        .collect();
    assert_eq!(
        found(&layout),
        [
            "repo alpha overlays/alpha < base/cluster",
            "repo production overlays/production < base/cluster",
        ]
    );
}

/// Applications that an environment collects remain services, and a part that others load remains a
/// part.
#[test]
fn a_collected_application_is_not_a_part() {
    let several = found(&[
        ("bases/web", NONE),
        ("bases/api", NONE),
        ("environments/dev", &["./web", "./api"]),
        ("environments/dev/web", &["../../../bases/web"]),
        ("environments/dev/api", &["../../../bases/api"]),
    ]);
    for service in [
        "api dev environments/dev/api",
        "web dev environments/dev/web",
    ] {
        assert!(
            several.iter().any(|line| line.starts_with(service)),
            "{several:?}"
        );
    }
    let shared = found(&[
        ("base", NONE),
        ("overlays/dev", &["./app", "./settings"]),
        ("overlays/dev/app", &["../../../base"]),
        ("overlays/dev/settings", NONE),
        ("tools", &["../overlays/dev/settings"]),
    ]);
    assert!(
        shared
            .iter()
            .any(|line| line.contains(" dev overlays/dev/app < base")),
        "{shared:?}"
    );
}
