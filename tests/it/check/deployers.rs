//! Resources that define what is deployed, wherever they are: in plain files beside the kustomizations, or in
//! separate kustomizations.

use std::process::Command;

use super::report;
use crate::support::{Tree, binary, run};

const BASE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: checkout}
data: {a: b}
";

/// A repository with a service in two environments, and these files.
fn repository(files: &[(&str, &str)]) -> Tree {
    let tree = Tree::new();
    tree.write(
        "services/checkout/base/kustomization.yaml",
        "resources: [all.yaml]\n",
    );
    tree.write("services/checkout/base/all.yaml", BASE);
    for environment in ["staging", "production"] {
        let path = format!("services/checkout/overlays/{environment}/kustomization.yaml");
        tree.write(&path, "resources: [../../base]\n");
    }
    for (path, text) in files {
        tree.write(path, text);
    }
    tree
}

/// An Application that deploys a path and heals itself.
fn application(name: &str, path: &str) -> String {
    format!(
        "\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: {name}, namespace: argocd}}
spec:
  project: default
  source: {{repoURL: 'https://git.example.com/shop/deploy.git', path: {path}, targetRevision: main}}
  destination: {{server: 'https://kubernetes.default.svc', namespace: shop}}
  syncPolicy:
    automated: {{prune: true, selfHeal: true}}
    syncOptions: [ServerSideApply=true]
"
    )
}

const PRODUCTION: &str = "services/checkout/overlays/production";

/// The findings: rule, line and headline of each.
fn told(tree: &Tree) -> Vec<String> {
    told_of(&report(binary(), &tree.path(""), &[]))
}

/// The same for a report.
fn told_of(report: &serde_json::Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap();
    let one = |finding: &serde_json::Value| {
        let place = &finding["place"];
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        format!(
            "{} {}:{} {}",
            text(&finding["rule"]),
            text(&place["file"]),
            place["line"],
            text(&finding["headline"])
        )
    };
    let mut told: Vec<String> = findings.iter().map(one).collect();
    told.sort();
    told
}

fn add_remote(tree: &Tree, address: &str) {
    let git = |arguments: &[&str]| {
        let run = run(Command::new("git")
            .arg("-C")
            .arg(tree.path(""))
            .args(arguments));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    };
    git(&["init", "-q"]);
    git(&["remote", "add", "origin", address]);
}

#[test]
fn an_application_in_a_plain_file_is_judged() {
    let paused = application("checkout-production", PRODUCTION)
        .replace("automated: {", "automated: {enabled: false, ");
    let tree = repository(&[
        ("argocd/apps/checkout.yaml", &paused),
        (
            "argocd/apps/staging.yaml",
            &application("checkout-staging", "services/checkout/overlays/staging"),
        ),
    ]);
    assert_eq!(
        told(&tree),
        [
            "argocd-paused argocd/apps/checkout.yaml:9 automated sync is paused: automated.enabled is false"
        ]
    );
}

#[test]
fn resources_of_a_separate_kustomization_are_judged_as_built() {
    let manual = application("checkout-production", PRODUCTION).replace(
        "    automated: {prune: true, selfHeal: true}\n",
        "    automated: {prune: true}\n",
    );
    let patch = "\
resources: [checkout.yaml]
patches:
- target: {kind: Application}
  patch: |
    - {op: add, path: /spec/syncPolicy/automated/selfHeal, value: SET}
";
    for (value, expected) in [
        ("true", vec![]),
        (
            "false",
            vec![
                "argocd-self-heal argocd/kustomization.yaml:5 selfHeal is off: changes in the cluster are not reverted",
            ],
        ),
    ] {
        let tree = repository(&[
            ("argocd/checkout.yaml", &manual),
            ("argocd/kustomization.yaml", &patch.replace("SET", value)),
        ]);
        assert_eq!(told(&tree), expected, "{value}");
    }
}

#[test]
fn a_missing_path_and_one_of_another_environment_are_reported() {
    let files = [
        (
            "argocd/good.yaml",
            application("checkout-production", PRODUCTION),
        ),
        (
            "argocd/slip.yaml",
            application("checkout-prod", "services/checkout/overlays/prodction"),
        ),
        (
            "argocd/swapped.yaml",
            application("shop-production", "./services/checkout/overlays/staging/"),
        ),
        (
            "argocd/root.yaml",
            application("all", ".").replace("path: .,", "path: ., directory: {recurse: true},"),
        ),
        (
            "argocd/absolute.yaml",
            application("a", "/services/checkout/overlays/staging"),
        ),
        (
            "argocd/base.yaml",
            application("checkout-staging", "services/checkout/base"),
        ),
        (
            "argocd/bare.yaml",
            application("b", "services/checkout/overlays"),
        ),
        (
            "argocd/outside.yaml",
            application("c", "services/../../overlays/staging"),
        ),
        (
            "argocd/elsewhere.yaml",
            application("web", "web/prod").replace("shop/deploy", "shop/web"),
        ),
        ("argocd/hidden.yaml", application("ci", ".argo/ci")),
        (
            "argocd/template.yaml",
            application("'{{name}}'", "'services/checkout/overlays/{{name}}'"),
        ),
    ];
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    let tree = repository(&files);
    add_remote(&tree, "git@github.com:somebody/Deploy");
    let anywhere = [
        "argocd-source argocd/absolute.yaml:6 its path \"/services/checkout/overlays/staging\" is not a path inside the repository",
        "argocd-source argocd/outside.yaml:6 its path \"services/../../overlays/staging\" is not a path inside the repository",
    ];
    let mut expected = vec![
        anywhere[0],
        "argocd-source argocd/bare.yaml:6 it deploys \"services/checkout/overlays\", which has no kustomization, chart or manifest",
        "argocd-source argocd/base.yaml:6 it is for staging, but deploys the base",
        anywhere[1],
        "argocd-source argocd/slip.yaml:6 it deploys \"services/checkout/overlays/prodction\", which does not exist",
        "argocd-source argocd/swapped.yaml:6 it is for production, but deploys the overlay of staging",
    ];
    expected.sort_unstable();
    assert_eq!(told(&tree), expected);
    // The name of the repository is unknown: paths beside environments count as its own.
    std::fs::remove_dir_all(tree.path(".git")).unwrap();
    expected.retain(|one| !one.contains("bare.yaml") && !one.contains("base.yaml"));
    assert_eq!(told(&tree), expected);
    // It is another repository.
    add_remote(&tree, "git@github.com:somebody/infrastructure");
    assert_eq!(told(&tree), anywhere);
}

#[test]
fn an_application_that_is_built_is_reported_once_and_a_patch_is_not_an_application() {
    let paused =
        application("checkout", PRODUCTION).replace("automated: {", "automated: {enabled: false, ");
    let tree = repository(&[
        ("services/checkout/base/application.yaml", &paused),
        // A kustomization above that loads an environment as well.
        (
            "clusters/one/kustomization.yaml",
            "resources: [../../services/checkout/overlays/production]\n",
        ),
        (
            "clusters/one/patch.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec: {syncPolicy: {automated: {enabled: false}}}\n",
        ),
        (
            "charts/app/templates/app.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: {{ .Values.name }}}\n",
        ),
    ]);
    tree.write(
        "services/checkout/base/kustomization.yaml",
        "resources: [all.yaml, application.yaml]\n",
    );
    let all = told(&tree);
    let paused = all.iter().filter(|one| one.starts_with("argocd-paused"));
    assert_eq!(paused.count(), 2, "once in each environment: {all:#?}");
    // Staging is what builds the Application that deploys production.
    let others: Vec<_> = all
        .iter()
        .filter(|one| !one.starts_with("argocd-paused"))
        .collect();
    assert!(
        matches!(others.as_slice(), [swapped, unjudged]
            if swapped.starts_with("argocd-source services/checkout/base/application.yaml")
                && unjudged.starts_with("unjudged-overlay clusters/one/")),
        "{all:#?}"
    );
}

#[test]
fn exemptions_ignored_directories_and_selections_apply_to_deployers() {
    let paused = application("checkout-production", PRODUCTION)
        .replace("automated: {", "automated: {enabled: false, ");
    let policy = |spec: &str| {
        format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {{name: parity}}\nspec: {spec}\n"
        )
    };
    let tree = repository(&[("argocd/checkout.yaml", &paused)]);
    assert_eq!(told(&tree).len(), 1);
    tree.write("parity.yaml", &policy("{layout: {ignore: [argocd]}}"));
    assert_eq!(told(&tree), [""; 0]);
    tree.write(
        "parity.yaml",
        &policy("{exemptions: [{rule: argocd-paused, target: {kind: Application, name: checkout-production}, reason: moving, expires: 2099-01-01}]}"),
    );
    let exempt = report(binary(), &tree.path(""), &[]);
    assert_eq!(told_of(&exempt).len(), 1, "{exempt:#}");
    assert_eq!(exempt["findings"][0]["severity"], "info");
    tree.write(
        "parity.yaml",
        &policy("{rules: {argocd-paused: {severity: ignore}}}"),
    );
    assert_eq!(told(&tree), [""; 0]);
    tree.write("parity.yaml", &policy("{}"));
    // The directory was not selected.
    assert_eq!(
        told_of(&report(binary(), &tree.path(""), &["services"])),
        [""; 0]
    );
    // Only one shard reports it.
    let of_shard =
        |shard: &str| told_of(&report(binary(), &tree.path(""), &["--shard", shard])).len();
    assert_eq!((of_shard("1/2"), of_shard("2/2")), (1, 0));
}

#[test]
fn a_pull_request_fails_on_what_it_pauses() {
    let tree = repository(&[(
        "argocd/checkout.yaml",
        &application("checkout-production", PRODUCTION),
    )]);
    add_remote(&tree, "https://git.example.com/shop/deploy");
    let git = |arguments: &[&str]| {
        let run = run(Command::new("git")
            .arg("-C")
            .arg(tree.path(""))
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments));
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    };
    git(&["add", "."]);
    git(&["commit", "-qm", "all"]);
    let paused = application("checkout-production", PRODUCTION)
        .replace("automated: {", "automated: {enabled: false, ");
    tree.write("argocd/checkout.yaml", &paused);
    let new = report(binary(), &tree.path(""), &["--new", "HEAD"]);
    assert_eq!(told_of(&new).len(), 1, "{new:#}");
    git(&["commit", "-qam", "pause"]);
    let known = report(binary(), &tree.path(""), &["--new", "HEAD"]);
    let all = known["against"]["known"].as_array();
    assert_eq!(
        (told_of(&known).len(), all.map(Vec::len)),
        (0, Some(1)),
        "{known:#}"
    );
}

#[test]
fn the_configuration_of_a_subscription_may_be_in_another_file() {
    let subscribed = application("checkout-production", PRODUCTION).replace(
        "namespace: argocd}",
        "namespace: argocd, annotations: {notifications.argoproj.io/subscribe.on-sync-failed.slack: shop}}",
    );
    let config = "\
apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-notifications-cm, namespace: argocd}
data:
  service.slack: 'token: $slack'
  template.failed: 'message: it failed'
";
    let trigger = "  trigger.on-sync-failed: '[{when: x, send: [failed]}]'\n";
    let lacks = "argocd-notifications argocd/app.yaml:3 it subscribes to the trigger \"on-sync-failed\", which argocd-notifications-cm does not have";
    let with = |files: &[(&str, &str)]| {
        told(&repository(
            &[&[("argocd/app.yaml", subscribed.as_str())], files].concat(),
        ))
    };
    // Without the configuration, no one knows what exists.
    assert_eq!(with(&[]), [""; 0]);
    assert_eq!(with(&[("notify/config.yaml", config)]), [lacks]);
    assert_eq!(
        with(&[("notify/config.yaml", &[config, trigger].concat())]),
        [""; 0]
    );
    // The catalogue is loaded from elsewhere.
    let catalogue = "\
resources: ['https://example.com/notifications_catalog/install.yaml']
patches: [{path: config.yaml}]
";
    let files = [
        ("notify/config.yaml", config),
        ("notify/kustomization.yaml", catalogue),
    ];
    assert_eq!(with(&files), [""; 0]);
}

/// Ordinary repositories: other revisions, registries, and words that begin like an environment.
#[test]
fn references_that_may_be_right_are_not_reported() {
    let other = |path: &str, revision: &str| {
        application("web", path).replace(
            "targetRevision: main",
            &format!("targetRevision: {revision}"),
        )
    };
    let files = [
        (
            "argocd/rendered.yaml",
            other("rendered/production", "env/production"),
        ),
        ("argocd/tagged.yaml", other("old/dir", "v1.0.0")),
        (
            "argocd/oci.yaml",
            application("oci", "dist").replace("https://git.example.com", "oci://git.example.com"),
        ),
        (
            "argocd/words.yaml",
            application("product-catalog-stg", "services/checkout/overlays/staging"),
        ),
        (
            "argocd/list.yaml",
            format!(
                "apiVersion: v1\nkind: List\nitems:\n{}",
                application("listed", "nowhere")
                    .lines()
                    .enumerate()
                    .map(|(at, line)| format!("{}{line}\n", if at == 0 { "- " } else { "  " }))
                    .collect::<String>()
            ),
        ),
    ];
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(path, text)| (*path, text.as_str()))
        .collect();
    let tree = repository(&files);
    add_remote(&tree, "https://git.example.com/shop/deploy");
    assert_eq!(
        told(&tree),
        ["argocd-source argocd/list.yaml:9 it deploys \"nowhere\", which does not exist"]
    );
    // A line with a password is not shown.
    let secret = application("web", "nowhere").replace("https://git", "https://x:hunter2pw@git");
    tree.write("argocd/list.yaml", &secret);
    for format in ["text", "json", "sarif", "html", "markdown"] {
        let run = super::check(binary(), &tree.path(""), &["--format", format]);
        assert!(run.stdout.contains("argocd-source"), "{run:#?}");
        assert!(!run.stdout.contains("hunter2pw"), "{run:#?}");
    }
}

#[test]
fn a_repository_with_only_applications_is_judged() {
    let tree = Tree::new();
    let healing = application("shop", PRODUCTION);
    let manual = application("cart", PRODUCTION).replace("automated:", "managedNamespaceMetadata:");
    let manual = manual.replace("{prune: true, selfHeal: true}", "{labels: {team: shop}}");
    tree.write("apps/shop.yaml", &healing);
    tree.write("apps/cart.yaml", &manual);
    tree.write("README.md", "# Applications\n");
    let run = |arguments: &[&str]| {
        let mut check = Command::new(binary());
        run(check
            .current_dir(tree.path(""))
            .arg("check")
            .args(arguments))
    };
    let all = run(&[]);
    assert_eq!(all.code, Some(0), "{all:#?}");
    let told = "warning[argocd-self-heal]: Argo CD does not sync it automatically";
    assert!(all.stdout.contains(told), "{all:#?}");
    assert!(all.stdout.contains("apps/cart.yaml:8:3"), "{all:#?}");
    assert!(
        all.stdout.contains("note: no service was found"),
        "{all:#?}"
    );
    assert!(!all.stdout.contains("apps/shop.yaml"), "{all:#?}");
    // One shard reports it, and the others report nothing.
    assert!(run(&["--shard", "1/2"]).stdout.contains(told));
    let second = run(&["--shard", "2/2"]);
    assert_eq!(second.code, Some(0), "{second:#?}");
    assert!(!second.stdout.contains(told), "{second:#?}");
    // Without an object of Argo CD or Flux there is nothing to judge.
    tree.write("other/config.yaml", BASE);
    let none = run(&["other"]);
    assert_eq!(none.code, Some(2), "{none:#?}");
}

/// A service that has lost its environments does not pass because of an Application beside it.
#[test]
fn an_application_does_not_hide_a_lost_environment() {
    let base = ("base/kustomization.yaml", "resources: [all.yaml]\n");
    let all = ("base/all.yaml", BASE);
    let policy = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\nspec: {environments: [dev, production]}\n";
    let cases: [&[(&str, &str)]; 3] = [
        &[base, all],
        &[
            base,
            all,
            (
                "overlays/production/kustomization.yaml.off",
                "resources: [../../base]\n",
            ),
        ],
        &[("parity.yaml", policy)],
    ];
    for files in cases {
        let tree = Tree::new();
        for (path, text) in files {
            tree.write(path, text);
        }
        tree.write("apps/shop.yaml", &application("shop", PRODUCTION));
        let mut check = Command::new(binary());
        let run = run(check.current_dir(tree.path("")).arg("check"));
        assert_eq!(run.code, Some(2), "{files:?}: {run:#?}");
        assert!(run.stderr.contains("no service was found"), "{run:#?}");
    }
}

/// A Kustomization of Flux.
fn flux(name: &str, path: &str) -> String {
    format!(
        "\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: {name}, namespace: flux-system}}
spec:
  interval: 5m
  prune: true
  path: {path}
  sourceRef: {{kind: GitRepository, name: flux-system}}
"
    )
}

#[test]
fn flux_that_deploys_another_environment_is_reported() {
    const STAGING: &str = "./services/checkout/overlays/staging";
    let wrong = flux("checkout", STAGING);
    let said = |file: &str| {
        format!("argocd-source {file}:7 it is for production, but deploys the overlay of staging")
    };
    for (file, text) in [
        // Its environment is the one of its cluster, or of its name.
        ("clusters/production/checkout.yaml", wrong.clone()),
        ("clusters/prod/checkout.yaml", wrong.clone()),
        ("flux/checkout.yaml", flux("checkout-production", STAGING)),
        (
            "flux/checkout.yaml",
            format!("{wrong}  targetNamespace: checkout-production\n"),
        ),
    ] {
        assert_eq!(told(&repository(&[(file, &text)])), [said(file)], "{text}");
    }
    let elsewhere = "\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: flux-system}
spec: {url: 'https://git.example.com/shop/other.git'}
---
";
    for (file, text) in [
        ("clusters/staging/checkout.yaml", wrong.clone()),
        ("clusters/eu-west-1/checkout.yaml", wrong.clone()),
        // The name says more than the path of the file.
        (
            "clusters/production/checkout.yaml",
            flux("checkout-staging", STAGING),
        ),
        (
            "clusters/production/checkout.yaml",
            flux("checkout", PRODUCTION),
        ),
        (
            "clusters/production/checkout.yaml",
            flux("checkout", "./${env}"),
        ),
        (
            "clusters/production/checkout.yaml",
            format!("{elsewhere}{wrong}"),
        ),
        (
            "clusters/production/checkout.yaml",
            wrong.replace("GitRepository", "OCIRepository"),
        ),
    ] {
        let tree = repository(&[(file, &text)]);
        add_remote(&tree, "git@github.com:somebody/deploy");
        assert_eq!(told(&tree), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn an_element_of_an_application_set_is_judged_like_an_application() {
    let set = |path: &str, element: &str| {
        let application = application("'checkout-{{.env}}'", path);
        let (_, spec) = application.split_once("spec:\n").unwrap();
        let spec: String = spec.lines().map(|line| format!("    {line}\n")).collect();
        format!(
            "\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: checkout, namespace: argocd}}
spec:
  goTemplate: true
  generators:
  - list:
      elements:
      - {{env: staging, path: services/checkout/overlays/staging}}
      - {element}
  template:
    metadata: {{name: 'checkout-{{{{.env}}}}'}}
    spec:
{spec}"
        )
    };
    let wrong = set(
        "'{{ .path }}'",
        "{env: production, path: services/checkout/overlays/staging}",
    );
    assert_eq!(
        told(&repository(&[("argocd/set.yaml", &wrong)])),
        [
            "argocd-source argocd/set.yaml:10 it is for production, but deploys the overlay of staging"
        ]
    );
    for (path, element) in [
        (
            "'{{.path}}'",
            "{env: production, path: services/checkout/overlays/production}",
        ),
        ("'services/checkout/overlays/{{.env}}'", "{env: production}"),
        ("'{{.path}}/{{.more}}'", "{env: production, path: services}"),
    ] {
        let text = set(path, element);
        assert_eq!(
            told(&repository(&[("argocd/set.yaml", &text)])),
            Vec::<String>::new(),
            "{text}"
        );
    }
}

#[test]
fn what_a_deployer_changes_in_a_build_is_reported() {
    let patched = |environment: &str, more: &str| {
        let path = format!("services/checkout/overlays/{environment}");
        let text = flux(&format!("checkout-{environment}"), &path);
        (
            format!("clusters/{environment}/checkout.yaml"),
            format!("{text}{more}"),
        )
    };
    let said = |staging: &str, production: &str| {
        let files = [
            patched("staging", staging),
            patched("production", production),
        ];
        let files = files
            .each_ref()
            .map(|(path, text)| (path.as_str(), text.as_str()));
        let report = report(binary(), &repository(&files).path(""), &[]);
        let findings = report["findings"].as_array().unwrap();
        let severities = findings.iter().map(|one| one["severity"].to_string());
        let told = told_of(&report).into_iter().zip(severities);
        told.map(|(told, severity)| format!("{told} {severity}"))
            .collect::<Vec<_>>()
    };
    let patch = "  patches: [{patch: '- {op: remove, path: /a}', target: {kind: Deployment}}]\n";
    let file = "argocd-source clusters/production/checkout.yaml:9";
    assert_eq!(
        said("", patch),
        [format!(
            "{file} its patches change what was checked \"warning\""
        )]
    );
    assert_eq!(said(patch, patch), Vec::<String>::new());
    let image = "  images: [{name: app, newName: other}]\n";
    assert_eq!(
        said("", image),
        [format!(
            "{file} its images change what was checked \"warning\""
        )]
    );
    // This is what tools that update images write.
    let tag = "  images: [{name: app, newTag: v2}]\n";
    assert_eq!(
        said("", tag),
        [format!(
            "{file} its images change what was checked \"info\""
        )]
    );
    // An Application has them in its source.
    let app = application("checkout-production", PRODUCTION).replace(
        "targetRevision: main",
        "targetRevision: main, kustomize: {images: ['app=other:1']}",
    );
    assert_eq!(
        told(&repository(&[("argocd/checkout.yaml", &app)])),
        ["argocd-source argocd/checkout.yaml:6 its images change what was checked"]
    );
}
