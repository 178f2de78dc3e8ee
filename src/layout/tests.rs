//! Layouts of repositories as people write them.

mod above;
mod alike;
mod bare;
mod lone;
mod whole;

use super::*;
use crate::naming::rank;
use crate::path::Glob;
use crate::policy::OverlayPattern;
use crate::repo::Sources;

/// Finds the layout of directories, each given with the directories that it loads.
fn found(tree: &[(&str, &[&str])]) -> Vec<String> {
    let mut sources = Sources::default();
    for (directory, loads) in tree {
        let text = if loads.is_empty() {
            "resources: [x.yaml]\n".to_owned()
        } else {
            format!("resources: [{}]\nnamespace: x\n", loads.join(", "))
        };
        sources.insert(crate::repo::join(directory, "kustomization.yaml"), text);
    }
    found_in(&sources)
}

fn found_in(sources: &Sources) -> Vec<String> {
    let parsed = sources.parse();
    let layout = discover(&parsed, &site("repo"), &Policy::default());
    let told = layout.services.iter().flat_map(|service| {
        service.overlays.iter().map(move |overlay| {
            format!(
                "{} {} {} < {}",
                service.name,
                overlay.name,
                overlay.directory,
                overlay.bases.join(" ")
            )
        })
    });
    let unjudged = layout.unjudged.iter().map(|unjudged| {
        let mark = if unjudged.is_environment { "!" } else { "" };
        format!(
            "unjudged{mark} {} {:?}",
            unjudged.directory, unjudged.reason
        )
    });
    told.chain(unjudged).collect()
}

/// All of a repository of that name.
fn site(name: &str) -> Site<'_> {
    const ALL: &[String] = &[String::new()];
    Site {
        asked: ALL,
        here: "",
        whole: "",
        root: "",
        name,
    }
}

const NONE: &[&str] = &[];

/// Directories with the directories that each of them loads.
type Directories = &'static [(&'static str, &'static [&'static str])];

/// The expected result: `service environment directory < bases`, and notes.
type Expected = &'static [&'static str];

#[test]
#[expect(clippy::too_many_lines, reason = "a table reads best whole")]
fn layouts_of_real_repositories_are_understood() {
    let layouts: &[(Directories, Expected)] = &[
        // One base with overlays, whose service has the repository's name.
        (
            &[
                ("base", NONE),
                ("overlays/production", &["../../base"]),
                ("overlays/dev", &["../../base"]),
            ],
            &[
                "repo dev overlays/dev < base",
                "repo production overlays/production < base",
            ],
        ),
        // Environments beside the base.
        (
            &[
                ("deploy/base", NONE),
                ("deploy/prod", &["../base"]),
                ("deploy/demo", &["../base"]),
            ],
            &[
                "repo demo deploy/demo < deploy/base",
                "repo prod deploy/prod < deploy/base",
            ],
        ),
        // Several services; one lacks an environment.
        (
            &[
                ("apps/web/base", NONE),
                ("apps/web/overlays/dev", &["../../base"]),
                ("apps/api/base", NONE),
                ("apps/api/overlays/dev", &["../../base"]),
                ("apps/api/overlays/prod", &["../../base"]),
            ],
            &[
                "api dev apps/api/overlays/dev < apps/api/base",
                "api prod apps/api/overlays/prod < apps/api/base",
                "web dev apps/web/overlays/dev < apps/web/base",
            ],
        ),
        // Services below environments, and bases elsewhere.
        (
            &[
                ("bases/web", NONE),
                ("bases/api", NONE),
                ("environments/dev/web", &["../../../bases/web"]),
                ("environments/dev/api", &["../../../bases/api"]),
                ("environments/live/web", &["../../../bases/web"]),
            ],
            &[
                "api dev environments/dev/api < bases/api",
                "web dev environments/dev/web < bases/web",
                "web live environments/live/web < bases/web",
            ],
        ),
        // Several bases, and parts of an overlay inside of it.
        (
            &[
                ("bases/a", NONE),
                ("bases/b", NONE),
                (
                    "overlays/dev",
                    &["../../bases/a", "../../bases/b", "monitoring"],
                ),
                ("overlays/dev/monitoring", NONE),
            ],
            &["repo dev overlays/dev < bases/a bases/b"],
        ),
        // Overlays of overlays, and regions below environments.
        (
            &[
                ("base", NONE),
                ("production/base", &["../../base"]),
                ("production/us-east-1", &["../base"]),
                ("production/eu", &["../base"]),
                ("staging/base", &["../../base"]),
            ],
            &[
                "repo staging staging/base < base",
                "repo production production/base < base",
                "repo production-eu production/eu < production/base",
                "repo production-us-east-1 production/us-east-1 < production/base",
            ],
        ),
        // One template and many jobs, which are separate services.
        (
            &[
                ("template", NONE),
                ("overlays/prod/cronjobs/clean", &["../../../../template"]),
                ("overlays/prod/cronjobs/mail", &["../../../../template"]),
                ("overlays/uat/cronjobs/mail", &["../../../../template"]),
            ],
            &[
                "clean prod overlays/prod/cronjobs/clean < template",
                "mail uat overlays/uat/cronjobs/mail < template",
                "mail prod overlays/prod/cronjobs/mail < template",
            ],
        ),
        // No base at all.
        (
            &[("env/dev", NONE), ("env/prod", NONE), ("docs", NONE)],
            &["repo dev env/dev < ", "repo prod env/prod < "],
        ),
        // A single directory with the name of an environment has nothing to compare with.
        (&[("env/dev", NONE)], &[]),
        // A cluster gathers environments of several services, and changes them all.
        (
            &[
                ("apps/web/base", NONE),
                ("apps/web/prod", &["../base"]),
                ("apps/api/base", NONE),
                ("apps/api/prod", &["../base"]),
                ("all", &["../apps/web/prod", "../apps/api/prod"]),
            ],
            &[
                "all prod all < apps/api/prod apps/web/prod",
                "api prod apps/api/prod < apps/api/base",
                "web prod apps/web/prod < apps/web/base",
            ],
        ),
        // The combined parts of an operator are not an environment.
        (
            &[
                ("config/crd", NONE),
                ("config/rbac", NONE),
                ("config/default", &["../crd", "../rbac"]),
            ],
            &[],
        ),
        // A base in another repository; a file is not a base, and neither is an installation
        // without a name for an environment.
        (
            &[
                (
                    "overlays/prod",
                    &[
                        "example.com/owner/web//deploy?ref=v1",
                        "https://example.com/x.yaml",
                    ],
                ),
                ("tool", &["example.com/owner/tool//deploy?ref=v1"]),
            ],
            &["repo prod overlays/prod < example.com/owner/web//deploy?ref=v1"],
        ),
        // Services side by side, each with the word in its name.
        (
            &[
                ("k8s/api-dev", NONE),
                ("k8s/api-prod", NONE),
                ("k8s/app-dev", NONE),
                ("k8s/app-prod", NONE),
            ],
            &[
                "api dev k8s/api-dev < ",
                "api prod k8s/api-prod < ",
                "app dev k8s/app-dev < ",
                "app prod k8s/app-prod < ",
            ],
        ),
        (
            &[
                ("bases/api", NONE),
                ("bases/app", NONE),
                ("overlays/dev-api", &["../../bases/api"]),
                ("overlays/prod-api", &["../../bases/api"]),
                ("overlays/dev-app", &["../../bases/app"]),
                ("overlays/prod-app", &["../../bases/app"]),
            ],
            &[
                "api dev overlays/dev-api < bases/api",
                "api prod overlays/prod-api < bases/api",
                "app dev overlays/dev-app < bases/app",
                "app prod overlays/prod-app < bases/app",
            ],
        ),
        // Variants of one service, identified by a common base or the name of a location.
        (
            &[
                ("base", NONE),
                ("overlays/gcp-dev", &["../../base"]),
                ("overlays/gcp-prod", &["../../base"]),
                ("overlays/aws-dev", &["../../base"]),
                ("overlays/aws-prod", &["../../base"]),
            ],
            &[
                "repo aws-dev overlays/aws-dev < base",
                "repo gcp-dev overlays/gcp-dev < base",
                "repo aws-prod overlays/aws-prod < base",
                "repo gcp-prod overlays/gcp-prod < base",
            ],
        ),
        (
            &[
                ("env/eu-dev", NONE),
                ("env/eu-prod", NONE),
                ("env/us-dev", NONE),
                ("env/us-prod", NONE),
            ],
            &[
                "repo eu-dev env/eu-dev < ",
                "repo us-dev env/us-dev < ",
                "repo eu-prod env/eu-prod < ",
                "repo us-prod env/us-prod < ",
            ],
        ),
        // A circle ends, and a missing directory is not a base.
        (
            &[
                ("overlays/dev", &["../prod", "../gone"]),
                ("overlays/prod", &["../dev"]),
            ],
            &[
                "repo dev overlays/dev < overlays/prod",
                "repo prod overlays/prod < overlays/dev",
            ],
        ),
    ];
    for (tree, expected) in layouts {
        assert_eq!(&found(tree), expected, "{tree:?}");
    }
}

#[test]
fn a_policy_names_the_layout_if_words_do_not() {
    let mut sources = Sources::default();
    for (directory, text) in [
        ("web", "resources: [x.yaml]"),
        ("web-blue", "resources: [../web]\nnamespace: x"),
        ("web-green", "resources: [../web]\nnamespace: x"),
        ("test/web-red", "resources: [../../web]\nnamespace: x"),
    ] {
        sources.insert(format!("{directory}/kustomization.yaml"), text.to_owned());
    }
    let parsed = sources.parse();
    let wanted = Wanted {
        overlays: vec![OverlayPattern::parse("{environment}").unwrap()],
        ignore: vec![Glob::new("web")],
        ..Wanted::default()
    };
    let policy = Policy {
        layout: wanted,
        ..Policy::default()
    };
    let layout = discover(&parsed, &site("shop"), &policy);
    let [service] = layout.services.as_slice() else {
        panic!("{layout:?}")
    };
    assert_eq!(service.name, "shop");
    let names: Vec<_> = service
        .overlays
        .iter()
        .map(|overlay| overlay.name.as_str())
        .collect();
    assert_eq!(names, ["web-blue", "web-green"]);
    assert_eq!(layout.directories(), ["web", "web-blue", "web-green"]);
}

#[test]
fn words_are_in_promotion_order() {
    let ranks = [
        "kind",
        "dev-2",
        "qa",
        "Pre-Prod",
        "staging_eu",
        "production",
        "PRD",
    ]
    .map(rank);
    assert!(
        ranks.iter().all(Option::is_some) && ranks.is_sorted(),
        "{ranks:?}"
    );
    assert_eq!(rank("pre-prod"), rank("staging"));
    assert_eq!(rank("non-prod"), rank("staging"));
    for unknown in ["blue", "dev-to-prod", "", "product", "us-east-1"] {
        assert_eq!(rank(unknown), None, "{unknown}");
    }
}

#[test]
fn only_directories_that_build_the_same_with_plugins_are_sealed_midway() {
    let is_plain = |text: &str| {
        let mut sources = Sources::default();
        for (path, text) in [
            ("dev/kustomization.yaml", text),
            ("base/kustomization.yaml", "resources: [x.yaml]"),
            ("base/x.yaml", ""),
            ("vars/kustomization.yaml", "vars: [{name: X}]"),
            ("policy/kustomization.yaml", "resources: [policy.yaml]"),
            (
                "policy/policy.yaml",
                "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy",
            ),
            (
                "dev/own.yaml",
                "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {annotations: {config.kubernetes.io/function: 'exec: {path: krm-parity}'}}",
            ),
            (
                "dev/another.yaml",
                "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {annotations: {config.kubernetes.io/function: 'exec: {path: x}'}}",
            ),
            (
                "dev/image.yaml",
                "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {annotations: {config.kubernetes.io/function: 'container: {image: x}'}}",
            ),
            ("dev/other.yaml", "apiVersion: example.com/v1\nkind: Other"),
            (
                "dev/builtin.yaml",
                "apiVersion: builtin\nkind: NamespaceTransformer",
            ),
            (
                "dev/helm.yaml",
                "apiVersion: builtin\nkind: HelmChartInflationGenerator",
            ),
        ] {
            sources.insert(path.to_owned(), text.to_owned());
        }
        super::is_plain(&sources.parse(), "dev")
    };
    for plain in [
        "resources: [../base]",
        "resources: [../base]\nvars: null",
        "resources: [../base]\nsortOptions: {order: fifo}",
        "resources: [../base]\nsortOptions: {order: legacy, legacySortOptions: {orderFirst: [Namespace], orderLast: []}}",
        "resources: [../base]\ntransformers: [../policy, own.yaml, builtin.yaml]",
        "resources: [../base]\ntransformers: [\"apiVersion: krm-parity.io/v1alpha1\\nkind: SnapshotRecorder\\n\"]",
    ] {
        assert!(is_plain(plain), "{plain}");
    }
    for other in [
        "resources: [../base]\ntransformers: [another.yaml]",
        "resources: [https://example.com/x]",
        "resources: [../gone]",
        "resources: [../vars]",
        "helmCharts: [{name: x}]",
        "openapi: {path: x.json}",
        "transformers: [image.yaml]",
        "transformers: [other.yaml]",
        "generators: [helm.yaml]",
        "transformers: [gone.yaml]",
        "unheard: x",
        "sortOptions: {order: bogus}",
        "sortOptions: {order: fifo, legacySortOptions: {orderFirst: [x]}}",
        "sortOptions: {order: legacy, legacySortOptions: {order: []}}",
    ] {
        assert!(!is_plain(other), "{other}");
    }
}

#[test]
fn services_get_the_shortest_unique_names() {
    let keys = [
        "apps/web/overlays/{environment}",
        "team-a/api/{environment}",
        "team-b/api/{environment}",
        "overlays/{environment}",
    ];
    let called = |services: &[(&str, Option<&str>)]| {
        let placed: Vec<_> = services
            .iter()
            .map(|(key, given)| names::Placed { key, given: *given })
            .collect();
        names::service_names(&placed, "repo")
    };
    let by_path = |keys: &[&str]| {
        let services: Vec<_> = keys.iter().map(|key| (*key, None)).collect();
        called(&services)
    };
    assert_eq!(by_path(&keys), ["web", "team-a/api", "team-b/api", "repo"]);
    // Parts without meaning are used in names only if nothing else makes them unique.
    let keys = ["apps/{environment}", "deploy/{environment}"];
    assert_eq!(by_path(&keys), ["apps", "deploy"]);
    let keys = [
        "manifests/app/shop/overlays/{environment}/main",
        "manifests/app/shop/overlays/{environment}/full",
        "manifests/app/cart/overlays/{environment}/main",
    ];
    assert_eq!(by_path(&keys), ["shop/main", "shop/full", "cart"]);
    // A recorder's name comes first, unless several services have the same one.
    let services = [
        ("apps/web/{environment}", Some("shop")),
        ("apps/shop/{environment}", None),
        ("apps/cart/{environment}", Some("template")),
        ("apps/mail/{environment}", Some("template")),
    ];
    assert_eq!(called(&services), ["shop", "apps/shop", "cart", "mail"]);
}
