//! Environments of one service that do not load the same base.

use std::process::Command;

use super::{NEWEST, check, findings, report};
use crate::support::{Tree, require, run};

/// A Deployment `web`, as an environment may have it.
pub(super) fn deployment(image: &str, period: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: app, image: 'app:{image}', livenessProbe: {{periodSeconds: {period}}}}}]}}}}}}\n"
    )
}

/// A base that `dev` and `staging` load unchanged.
fn web(tree: &Tree) {
    tree.kustomization("base", "web.yaml", &deployment("1", 10));
    for environment in ["dev", "staging"] {
        tree.overlay(&format!("overlays/{environment}"), "");
    }
}

fn patch(period: u32) -> String {
    format!(
        "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: web}}\n    spec: {{template: {{spec: {{containers: [{{name: app, livenessProbe: {{periodSeconds: {period}}}}}]}}}}}}\n"
    )
}

/// The findings, without the name of the service, which is that of the directory.
fn found(tree: &Tree, arguments: &[&str]) -> Vec<String> {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let service = tree.path("");
    let service = service.file_name().expect("a name").to_string_lossy();
    let report = report(&kustomize, &tree.path(""), arguments);
    let found = findings(&report).into_iter();
    found
        .map(|line| line.replace(&format!("{service} "), ""))
        .collect()
}

const PROBE: &str = "spec.template.spec.containers[name=app].livenessProbe.periodSeconds";

const IMAGE: &str = "spec.template.spec.containers[name=app].image";

#[test]
fn resources_of_another_base_are_compared() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    web(&tree);
    tree.kustomization(
        "extras",
        "job.yaml",
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: clean}\n",
    );
    // Resources of the shared base were judged against it, and are reported once.
    tree.write(
        "overlays/production/kustomization.yaml",
        &format!("resources: [../../base, ../../extras]\n{}", patch(60)),
    );
    let expected = [
        "environment-mismatch production dev CronJob  ".to_owned(),
        format!("health-checks production base Deployment web {PROBE}"),
    ];
    assert_eq!(found(&tree, &[]), expected);
    assert_eq!(found(&tree, &["--one-by-one"]), expected);
    // A resource that an environment adds itself is reported as added, and once.
    tree.write(
        "overlays/production/kustomization.yaml",
        "resources: [../../base, job.yaml]\n",
    );
    tree.write(
        "overlays/production/job.yaml",
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: clean}\n",
    );
    tree.write(
        "overlays/staging/kustomization.yaml",
        "resources: [../../base, ../../extras]\n",
    );
    assert_eq!(
        found(&tree, &[]),
        [
            "added-resource production base CronJob  ",
            "environment-mismatch staging dev CronJob  "
        ]
    );
}

#[test]
fn two_bases_are_compared_in_full() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    web(&tree);
    tree.kustomization("base-v2", "web.yaml", &deployment("2", 60));
    tree.write(
        "overlays/production/kustomization.yaml",
        "resources: [../../base-v2]\n",
    );
    let mismatch = format!("environment-mismatch production dev Deployment web {PROBE}");
    let image = mismatch.replace("livenessProbe.periodSeconds", "image");
    assert_eq!(found(&tree, &[]), [image.as_str(), mismatch.as_str()]);
    // A base may permit changes by its environments.
    let allowed = deployment("2", 60).replace(
        "{name: web}",
        "{name: web, annotations: {krm-parity.io/allow: 'spec.template.spec.containers[*].livenessProbe.**'}}",
    );
    tree.write("base-v2/web.yaml", &allowed);
    let all = found(&tree, &[]);
    assert!(!all.contains(&mismatch), "{all:?}");
}

#[test]
fn a_copy_without_a_base_is_compared_in_full() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    web(&tree);
    tree.write(
        "overlays/production/kustomization.yaml",
        "resources: [web.yaml, job.yaml]\n",
    );
    tree.write("overlays/production/web.yaml", &deployment("9", 99));
    tree.write(
        "overlays/production/job.yaml",
        "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: clean}\n",
    );
    assert_eq!(
        found(&tree, &[]),
        [
            "environment-mismatch production dev CronJob  ".to_owned(),
            format!("environment-mismatch production dev Deployment web {IMAGE}"),
            format!("environment-mismatch production dev Deployment web {PROBE}"),
        ]
    );
}

/// Makes another repository with a base, and returns its address.
fn remote(tree: &Tree) -> String {
    let git = |arguments: &[&str]| {
        run(Command::new("git")
            .current_dir(tree.path(""))
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments))
        .expect_success("git");
    };
    tree.kustomization("web", "web.yaml", &deployment("1", 10));
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "x"]);
    format!("git::file://{}//web?ref=main", tree.path("").display())
}

#[test]
fn a_base_in_another_repository_is_a_base() {
    let kustomize = require!(kustomize(NEWEST));
    let (other, tree) = (Tree::new(), Tree::new());
    let base = remote(&other);
    let overlay = |environment: &str, more: &str| {
        tree.write(
            &format!("overlays/{environment}/kustomization.yaml"),
            &format!("resources: ['{base}']\n{more}"),
        );
    };
    // One environment, then two with the same looser probe.
    let probe =
        |environment: &str| format!("health-checks {environment} base Deployment web {PROBE}");
    overlay("production", &patch(60));
    assert_eq!(found(&tree, &[]), [probe("production")]);
    overlay("staging", &patch(60));
    assert_eq!(found(&tree, &[]), [probe("production"), probe("staging")]);
    let whole = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(whole["services"][0]["bases"][0], base.as_str());
    // A local base and a remote one.
    tree.kustomization("base", "web.yaml", &deployment("1", 20));
    overlay("production", "images: [{name: app, newTag: '9'}]\n");
    tree.overlay("overlays/staging", "");
    assert_eq!(
        found(&tree, &[]),
        [
            format!("environment-mismatch production staging Deployment web {IMAGE}"),
            format!("environment-mismatch production staging Deployment web {PROBE}"),
            format!("image production base Deployment web {IMAGE}"),
        ]
    );
    // A base that cannot be fetched is reported.
    tree.write(
        "overlays/production/kustomization.yaml",
        "resources: ['git::file:///gone//web?ref=main']\n",
    );
    let all = found(&tree, &[]);
    assert!(
        all.contains(&"build-failure production    ".to_owned()),
        "{all:?}"
    );
}

#[test]
fn an_extra_slash_does_not_make_another_repository() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    web(&tree);
    tree.write(
        "overlays/production/kustomization.yaml",
        &format!("resources: [../..//base]\n{}", patch(60)),
    );
    assert_eq!(
        found(&tree, &[]),
        [format!(
            "health-checks production base Deployment web {PROBE}"
        )]
    );
}

/// The last steps of kustomize, such as appending hashes, are done for all compared environments or for none.
#[test]
fn compared_environments_are_built_the_same_way() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write(
        "base/kustomization.yaml",
        "resources: [web.yaml]\nnamePrefix: x-\nconfigMapGenerator: [{name: settings, literals: [a=b]}]\n",
    );
    let text = deployment("1", 10).replace(
        "name: app,",
        "name: app, envFrom: [{configMapRef: {name: settings}}],",
    );
    tree.write("base/web.yaml", &text);
    tree.overlay("overlays/dev", "");
    tree.overlay("overlays/production", "helmGlobals: {chartHome: charts}\n");
    assert_eq!(found(&tree, &[]), [""; 0]);
    assert_eq!(found(&tree, &["--one-by-one"]), [""; 0]);
}

/// A build as it is deployed has lost the record of its names.
#[test]
fn environments_without_a_base_may_each_have_a_prefix() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    let text = deployment("1", 10).replace(
        "name: app,",
        "name: app, envFrom: [{configMapRef: {name: settings}}],",
    );
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    for (environment, fields) in [
        ("dev", "namePrefix: dev-"),
        ("production", "namePrefix: prd-"),
        ("staging", "namePrefix: stg-\nnamespace: staging"),
    ] {
        tree.write(
            &format!("env/{environment}/kustomization.yaml"),
            &format!("resources: [web.yaml]\nconfigMapGenerator: [{{name: settings, literals: [a=b]}}]\n{fields}\n"),
        );
        let text = format!("{text}{service}");
        tree.write(&format!("env/{environment}/web.yaml"), &text);
    }
    assert_eq!(found(&tree, &[]), [""; 0]);
    assert_eq!(found(&tree, &["--one-by-one"]), [""; 0]);
    tree.write("env/production/web.yaml", &deployment("1", 60));
    let expected = found(&tree, &[]);
    assert!(
        expected.iter().any(|line| line.contains(PROBE)),
        "{expected:?}"
    );
    let single = found(&tree, &["--one-by-one"]);
    assert_eq!(single.len(), expected.len(), "{single:?} {expected:?}");
}

#[test]
fn one_environment_without_a_base_is_reported_as_such() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("prod", "web.yaml", &deployment("1", 10));
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {layout: {overlays: ['{environment}']}}\n",
    );
    let run = check(&kustomize, &tree.path(""), &[]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert!(
        run.stdout
            .contains("there is only prod, and it loads no base")
            && !run.stdout.contains("snapshot"),
        "{}",
        run.stdout
    );
}

/// References follow a new name, and an overlay may declare any field a reference.
#[test]
fn a_reference_that_an_overlay_declares_is_compared_as_built() {
    let kustomize = require!(kustomize(NEWEST));
    let names = "nameReference:\n- kind: Deployment\n  fieldSpecs: [{path: spec/template/spec/containers/image}]\n";
    for place in ["overlays/production", "part", "layer", "base"] {
        let tree = Tree::new();
        web(&tree);
        let text = deployment("1", 10).replace("'app:1'", "web");
        tree.write("base/web.yaml", &text);
        let says = "configurations: [names.yaml]\n";
        let of = |this: &str| if this == place { says } else { "" };
        tree.write(&format!("{place}/names.yaml"), names);
        tree.write(
            "base/kustomization.yaml",
            &format!("resources: [web.yaml]\n{}", of("base")),
        );
        let component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
        tree.write("part/kustomization.yaml", &format!("{component}{says}"));
        let loads = if place == "layer" {
            let layer = format!("resources: [../base]\n{says}");
            tree.write("layer/kustomization.yaml", &layer);
            "resources: [../../layer]\n"
        } else if place == "part" {
            "resources: [../../base]\ncomponents: [../../part]\n"
        } else {
            "resources: [../../base]\n"
        };
        tree.write(
            "overlays/production/kustomization.yaml",
            &format!("{loads}namePrefix: other-\n{}", of("overlays/production")),
        );
        let found = findings(&report(&kustomize, &tree.path(""), &[]));
        let is_told = found.iter().any(|line| line.ends_with("[name=app].image"));
        // A field that the base itself declares a reference is one.
        assert_eq!(is_told, place != "base", "{place}: {found:?}");
    }
}
