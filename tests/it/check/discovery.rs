//! Overlays that the survey could miss: components, hidden directories, links, variants. Checking a part of a
//! repository must give the same verdicts.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use super::bases::deployment;
use super::{NEWEST, check, findings, report};
use crate::support::{Tree, binary, require, run};

const IMAGE: &str = "images: [{name: app, newName: other}]\n";

/// A service with a base and dev, and this kustomization as production in another directory.
fn tree(production: &str, text: &str) -> Tree {
    let tree = Tree::new();
    fs::create_dir(tree.path(".git")).expect("a folder");
    tree.kustomization("apps/web/base", "web.yaml", &deployment("1", 10));
    tree.overlay("apps/web/overlays/dev", "");
    tree.write(&format!("{production}/kustomization.yaml"), text);
    tree
}

/// Rule, severity and file of each finding.
fn told(report: &Value) -> Vec<String> {
    let all = report["findings"].as_array().expect("findings");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.iter()
        .map(|finding| {
            format!(
                "{} {} {}",
                text(&finding["rule"]),
                text(&finding["severity"]),
                text(&finding["place"]["file"])
            )
        })
        .collect()
}

#[test]
fn a_component_that_is_built_directly_is_judged() {
    let kustomize = require!(kustomize(NEWEST));
    for (place, way, head) in [
        ("apps/web/overlays/prod", "../../base", "kind: Component\n"),
        (
            "envs/web/prod",
            "../../../apps/web/base",
            "Kind: Component\n",
        ),
        (
            "apps/web/prod",
            "../base",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
        ),
    ] {
        let tree = tree(place, &format!("{head}resources: [{way}]\n{IMAGE}"));
        let report = report(&kustomize, &tree.path(""), &[]);
        let expected = format!("image error {place}/kustomization.yaml");
        assert!(told(&report).contains(&expected), "{place}: {report:#}");
    }
    // A component that is only a part is never reported.
    let tree = tree("apps/web/parts/prod", "kind: Component\nnamespace: x\n");
    let report = report(&kustomize, &tree.path(""), &[]);
    assert!(findings(&report).is_empty(), "{report:#}");
}

#[test]
fn an_overlay_in_a_hidden_directory_is_reported() {
    let kustomize = require!(kustomize(NEWEST));
    for (place, way, weight) in [
        ("apps/web/overlays/.prod", "../../base", "error"),
        ("apps/web/.overlays/prod", "../../base", "error"),
        (".prod/web", "../../apps/web/base", "error"),
        (".archive/overlays/prod", "../../base", "warning"),
    ] {
        let tree = tree(place, &format!("resources: [{way}]\n{IMAGE}"));
        tree.write(".archive/base/kustomization.yaml", "namespace: x\n");
        let report = report(&kustomize, &tree.path(""), &[]);
        let expected = format!("unjudged-overlay {weight} {place}/kustomization.yaml");
        assert_eq!(told(&report), [expected], "{place}");
    }
}

#[test]
fn a_link_names_an_environment() {
    let kustomize = require!(kustomize(NEWEST));
    for (real, way) in [
        ("apps/web/.x", "../base"),
        ("shared/x", "../../apps/web/base"),
        ("envs/production", "../../apps/web/base"),
    ] {
        let tree = tree(real, &format!("resources: [{way}]\n{IMAGE}"));
        let link = tree.path("apps/web/overlays/prod");
        symlink(tree.path(real), &link).expect("a link");
        let report = report(&kustomize, &tree.path(""), &[]);
        assert!(
            findings(&report)
                .iter()
                .any(|line| line.starts_with("image web prod")),
            "{real}: {report:#}"
        );
    }
}

#[test]
fn the_target_of_a_link_is_judged_once_and_under_the_name_of_the_link() {
    let kustomize = require!(kustomize(NEWEST));
    for (real, way) in [
        ("apps/web/real/b", "../../base"),
        ("apps/web/overlays/x", "../../base"),
    ] {
        let tree = tree(real, &format!("resources: [{way}]\n{IMAGE}"));
        let link = tree.path("apps/web/overlays/prod");
        symlink(tree.path(real), &link).expect("a link");
        let report = report(&kustomize, &tree.path(""), &[]);
        let expected = "image error apps/web/overlays/prod/kustomization.yaml";
        assert_eq!(told(&report), [expected], "{real}");
        let services = report["services"].as_array().expect("services");
        assert_eq!(services.len(), 1, "{real}: {report:#}");
        let environments = services[0]["environments"].as_array().expect("some");
        assert_eq!(environments.len(), 2, "{real}: {report:#}");
    }
}

#[test]
fn environments_with_nothing_in_common_are_one_mismatch() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: alpha}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
    let both = format!("{}---\n{service}", deployment("1", 10));
    tree.kustomization("env/dev", "a.yaml", namespace);
    tree.kustomization("env/prod", "b.yaml", &both);
    let one = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(
        told(&one),
        ["environment-mismatch error env/prod/kustomization.yaml"]
    );
    assert_eq!(
        one["findings"][0]["headline"],
        "prod has no resource in common with dev"
    );
    // Two others agree, so only the third is wrong.
    tree.kustomization("env/staging", "b.yaml", &both);
    let one = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(
        told(&one),
        ["environment-mismatch error env/dev/kustomization.yaml"]
    );
}

#[test]
fn variants_are_one_warning_and_are_not_compared() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", &deployment("1", 10));
    for name in ["istio", "standalone", "aws"] {
        let text = format!("resources: [../../base]\nnamespace: {name}\n{IMAGE}");
        tree.write(&format!("overlays/{name}/kustomization.yaml"), &text);
    }
    let run = check(&kustomize, &tree.path(""), &[]);
    assert_eq!(run.code, Some(0), "{run:#?}");
    let one = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(
        told(&one),
        ["unjudged-overlay warning overlays/aws/kustomization.yaml"]
    );
    // If one of them is known as an environment, all are; a policy that lists one is enough.
    let head = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: ";
    tree.write("parity.yaml", &format!("{head}{{environments: [aws]}}\n"));
    let listed = report(&kustomize, &tree.path(""), &[]);
    let images = told(&listed).into_iter();
    assert_eq!(
        images.filter(|line| line.starts_with("image")).count(),
        3,
        "{listed:#}"
    );
}

#[test]
fn a_part_has_the_names_and_verdicts_of_the_whole() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = tree(
        "apps/web/overlays/prod",
        &format!("resources: [../../base]\n{IMAGE}"),
    );
    let whole = findings(&report(&kustomize, &tree.path(""), &[]));
    assert_eq!(whole.len(), 1, "{whole:?}");
    let from = |directory: &str, arguments: &[&str]| -> Vec<String> {
        findings(&report(&kustomize, &tree.path(directory), arguments))
    };
    for (directory, arguments) in [
        ("", &["apps/web/overlays"][..]),
        ("", &["apps/web/overlays/prod"]),
        ("apps/web/overlays", &[]),
        ("apps/web/overlays/prod", &[]),
        ("apps", &["web/overlays/prod"]),
    ] {
        assert_eq!(
            from(directory, arguments),
            whole,
            "{directory} {arguments:?}"
        );
    }
    assert!(from("", &["apps/web/overlays/dev"]).is_empty());
}

/// Kustomizations that look like the wiring of a check but do more: each gives production another image.
#[test]
fn production_that_looks_like_wiring_is_judged() {
    const PROD: &str = "apps/web/overlays/prod";
    let kustomize = require!(kustomize(NEWEST));
    let own = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: web}\n";
    let other = own.replace("v1alpha1", "v2");
    let component = format!("kind: Component\nresources: [../base]\n{IMAGE}");
    let into_kind = "patches: [{target: {kind: ParityPolicy}, options: {allowKindChange: true}, patch: \"- {op: replace, path: /kind, value: ConfigMap}\\n- {op: replace, path: /apiVersion, value: v1}\"}]\n";
    for (name, text, more) in [
        (
            "a component",
            "resources: [parity.yaml]\ncomponents: [../../parts]\n".to_owned(),
            vec![
                ("parity.yaml", own),
                ("../../parts/kustomization.yaml", component.as_str()),
            ],
        ),
        (
            "a patch of the kind",
            format!("resources: [parity.yaml]\ncomponents: [../../parts]\n{into_kind}"),
            vec![
                ("parity.yaml", own),
                ("../../parts/kustomization.yaml", component.as_str()),
            ],
        ),
        (
            "settings of charts",
            format!("resources: [parity.yaml, ../../base]\nhelmGlobals: {{chartHome: x}}\n{IMAGE}"),
            vec![("parity.yaml", own)],
        ),
        (
            "gatherings in gatherings",
            "resources: [one]\n".to_owned(),
            vec![
                ("one/kustomization.yaml", "resources: [two, ../parity]\n"),
                ("parity/kustomization.yaml", "resources: [parity.yaml]\n"),
                ("parity/parity.yaml", own),
                (
                    "one/two/kustomization.yaml",
                    "resources: [../../../../base]\nimages: [{name: app, newName: other}]\n",
                ),
            ],
        ),
        (
            "another version",
            format!("resources: [parity.yaml, ../../base]\n{IMAGE}"),
            vec![("parity.yaml", other.as_str())],
        ),
        (
            "keys in another case",
            "Resources: [parity.yaml, ../../base]\nImages: [{name: app, newName: other}]\n"
                .to_owned(),
            vec![("parity.yaml", own)],
        ),
    ] {
        let tree = tree(PROD, &text);
        for (file, text) in more {
            tree.write(&format!("{PROD}/{file}"), text);
        }
        let report = report(&kustomize, &tree.path(""), &[]);
        let found = findings(&report);
        // A directory below production may be a separate service; it is still production.
        let is_found = found
            .iter()
            .any(|line| line.starts_with("image ") && line.contains(" prod base "));
        assert!(is_found, "{name}: {report:#}");
    }
    // A kustomization that needs helm is reported as well.
    let text = format!("resources: [parity.yaml, ../../base]\nhelmCharts: [{{name: x}}]\n{IMAGE}");
    let tree = tree(PROD, &text);
    tree.write(&format!("{PROD}/parity.yaml"), own);
    let report = report(&kustomize, &tree.path(""), &[]);
    let said = told(&report);
    assert!(
        said.iter()
            .any(|line| line.starts_with("build-failure error")),
        "{report:#}"
    );
}

/// Shards report what does not belong to any service, and together they report it once.
#[test]
fn shards_report_an_unjudged_overlay_once() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = tree("apps/web/overlays/prod", "resources: [../../base]\n");
    for (place, way) in [
        ("apps/web/.x", "../base"),
        (".archive/overlays/prod", "../../base"),
    ] {
        tree.write(
            &format!("{place}/kustomization.yaml"),
            &format!("resources: [{way}]\n"),
        );
    }
    tree.write(".archive/base/kustomization.yaml", "namespace: x\n");
    symlink("gone", tree.path("apps/web/overlays/staging")).expect("a link");
    let whole = report(&kustomize, &tree.path(""), &[]);
    let unjudged = told(&whole);
    assert_eq!(unjudged.len(), 3, "{unjudged:?}");
    let files: Vec<String> = (1..=3)
        .map(|part| {
            let shard = format!("{part}/3");
            let file = tree.path(&format!("{part}.json")).display().to_string();
            let format = format!("json={file}");
            check(
                &kustomize,
                &tree.path(""),
                &["--shard", &shard, "--format", &format],
            );
            file
        })
        .collect();
    let merged = run(Command::new(binary())
        .args(["merge", "--format", "json"])
        .args(&files));
    let merged: Value = serde_json::from_str(&merged.stdout).expect("a report");
    assert_eq!(told(&merged), unjudged);
    assert_eq!(merged["totals"], whole["totals"]);
}

/// A patch in a kustomization that combines environments reaches production like any other patch.
#[test]
fn a_patch_from_above_is_judged() {
    let kustomize = require!(kustomize(NEWEST));
    let patched = |place: &str, text: &str| {
        let tree = tree("apps/web/overlays/prod", "resources: [../../base]\n");
        tree.write(
            "parity.yaml",
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {environments: [dev, prod]}\n",
        );
        tree.write(&format!("{place}kustomization.yaml"), text);
        tree
    };
    for (place, way) in [
        ("all/", "../apps/web/overlays/prod"),
        ("deploy/blue/", "../../apps/web/overlays/prod"),
        ("", "apps/web/overlays/prod"),
    ] {
        let tree = patched(place, &format!("resources: [{way}]\n{IMAGE}"));
        for arguments in [&[][..], &["--one-by-one"]] {
            let found = report(&kustomize, &tree.path(""), arguments);
            let file = format!("image error {place}kustomization.yaml");
            assert_eq!(told(&found), [file], "{found:#}");
        }
        // A kustomization that only sets the namespace does what an environment is for.
        let tree = patched(place, &format!("resources: [{way}]\nnamespace: live\n"));
        let run = check(&kustomize, &tree.path(""), &[]);
        assert_eq!(run.code, Some(0), "{run:#?}");
    }
    // It is unknown which of the two environments it changes.
    let both = "resources: [../apps/web/overlays/dev, ../apps/web/overlays/prod]\nnamePrefix: x-\n";
    let tree = patched("all/", both);
    assert_eq!(
        told(&report(&kustomize, &tree.path(""), &[])),
        ["unjudged-overlay error all/kustomization.yaml"]
    );
}

/// Overlays that load no base and are not named like environments, beside a service with both.
#[test]
fn overlays_that_are_not_known_as_environments_are_reported() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = tree("apps/web/overlays/prod", "resources: [../../base]\n");
    for (name, image) in [("a", "1"), ("b", "2")] {
        tree.write(
            &format!("shop/overlays/{name}/kustomization.yaml"),
            "resources: [shop.yaml]\n",
        );
        let text = deployment(image, 10).replace("{name: web}", "{name: shop}");
        tree.write(&format!("shop/overlays/{name}/shop.yaml"), &text);
    }
    assert_eq!(
        told(&report(&kustomize, &tree.path(""), &[])),
        ["unjudged-overlay warning shop/overlays/a/kustomization.yaml"]
    );
    // Checking only them does not pass.
    let run = check(&kustomize, &tree.path("shop"), &["."]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("overlays a, b"), "{run:#?}");
}

/// The name of a service at the root of a repository is the same in every checkout, and at the revision of `--new`.
#[test]
fn a_service_at_the_root_has_the_name_of_the_repository_at_its_origin() {
    let tree = Tree::new();
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        let git = git.arg("-C").arg(tree.path("some-checkout"));
        let git = git.args(["-c", "user.name=x", "-c", "user.email=x@example.com"]);
        run(git.args(arguments)).expect_success("git");
    };
    tree.write(
        "some-checkout/base/kustomization.yaml",
        "resources: [all.yaml]\n",
    );
    let all = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: all}\ndata: {a: b}\n";
    tree.write("some-checkout/base/all.yaml", all);
    for environment in ["dev", "production"] {
        let path = format!("some-checkout/overlays/{environment}/kustomization.yaml");
        tree.write(&path, "resources: [../../base]\n");
    }
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "all"]);
    let name = |arguments: &[&str]| {
        let found = report(binary(), &tree.path("some-checkout"), arguments);
        let services = found["services"].as_array().expect("services");
        services[0]["name"].as_str().expect("a name").to_owned()
    };
    assert_eq!(name(&[]), "some-checkout");
    git(&[
        "remote",
        "add",
        "origin",
        "https://user:PLANTED@git.example.com/shop/orders.git",
    ]);
    assert_eq!(name(&[]), "orders");
    // Differences that existed before are known under the same name.
    tree.write(
        "some-checkout/overlays/production/kustomization.yaml",
        "resources: [../../base]\npatches:\n- {target: {kind: ConfigMap}, patch: '[{op: add, path: /data/new, value: x}]'}\n",
    );
    git(&["commit", "-q", "-a", "-m", "more"]);
    let new = report(binary(), &tree.path("some-checkout"), &["--new", "HEAD"]);
    assert_eq!(new["failed"], false, "{new:#}");
}

/// No one ever writes to a pipe that is in the place of git's configuration.
#[test]
fn a_pipe_in_the_place_of_a_file_of_git_is_not_read() {
    for place in [".git/config", ".git"] {
        let tree = Tree::new();
        tree.write("base/kustomization.yaml", "resources: []\n");
        tree.write(
            "overlays/dev/kustomization.yaml",
            "resources: [../../base]\n",
        );
        if place.contains('/') {
            fs::create_dir(tree.path(".git")).expect("a directory");
        }
        run(Command::new("mkfifo").arg(tree.path(place))).expect_success("mkfifo");
        let mut check = Command::new("timeout");
        let check = check.arg("60").arg(binary()).current_dir(tree.path(""));
        let run = run(check.args(["check", "--builder", "engine"]));
        assert_ne!(run.code, Some(124), "{place}: {run:#?}");
    }
}

#[test]
fn environments_at_different_depths_of_one_tree_are_one_service() {
    let names = |tree: &Tree| {
        let report = report(binary(), &tree.path(""), &[]);
        let services = report["services"].as_array().expect("services").iter();
        services
            .map(|service| {
                let all = service["environments"].as_array().expect("environments");
                let all: Vec<&str> = all.iter().filter_map(|one| one["name"].as_str()).collect();
                format!(
                    "{}: {}",
                    service["name"].as_str().unwrap_or_default(),
                    all.join(" ")
                )
            })
            .collect::<Vec<_>>()
    };
    let tree = Tree::new();
    tree.kustomization("web/base", "web.yaml", &deployment("1", 10));
    for name in ["lab/dev", "lab/staging", "prod/blue", "prod/green"] {
        tree.write(
            &format!("web/overlays/{name}/kustomization.yaml"),
            "resources: [../../../base]\n",
        );
    }
    assert_eq!(names(&tree), ["web: dev staging prod-blue prod-green"]);
    // What staging has and production has not is found.
    tree.write(
        "web/overlays/prod/green/kustomization.yaml",
        "resources: [../../../base]\nimages: [{name: app, newName: other}]\n",
    );
    let found = told(&report(binary(), &tree.path(""), &[]));
    assert_eq!(
        found,
        ["image error web/overlays/prod/green/kustomization.yaml"]
    );
    // Another base is another service, and so is an application of each environment.
    tree.kustomization("jobs/base", "jobs.yaml", &deployment("1", 10));
    tree.write(
        "web/overlays/prod/blue/kustomization.yaml",
        "resources: [../../../../jobs/base]\n",
    );
    let other = names(&tree);
    assert!(other.contains(&"blue: prod".to_owned()), "{other:?}");
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", &deployment("1", 10));
    for name in ["dev/api", "prod/api", "dev/web", "prod/web"] {
        tree.write(
            &format!("overlays/{name}/kustomization.yaml"),
            "resources: [../../../base]\n",
        );
    }
    assert_eq!(names(&tree), ["api: dev prod", "web: dev prod"]);
    // The one production that has parts is beside the others.
    let tree = Tree::new();
    tree.kustomization("web/base", "web.yaml", &deployment("1", 10));
    for (name, up) in [
        ("dev", "../.."),
        ("staging", "../.."),
        ("prod/blue", "../../.."),
    ] {
        tree.write(
            &format!("web/overlays/{name}/kustomization.yaml"),
            &format!("resources: [{up}/base]\n"),
        );
    }
    assert_eq!(names(&tree), ["web: dev staging prod-blue"]);
}
