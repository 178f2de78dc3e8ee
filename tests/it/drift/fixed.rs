//! `krm-parity drift OVERLAY --live FILE --fix`: permitted changes are written to the overlay, and
//! nothing else changes.

use std::fs;
use std::process::Command;

use super::recovery::{findings, overlay, scenarios};
use super::{drift, text};
use crate::support::{self, Run, Tree, binary, run};

const FILE: &str = "overlays/production/kustomization.yaml";

/// A patch that changes nothing.
const PATCH: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: checkout, namespace: t-scale}\nspec: {minReadySeconds: 0}\n";

fn fix(tree: &Tree, more: &[&str]) -> Run {
    let mut arguments = vec!["overlays/production", "--live", "live.yaml", "--fix"];
    arguments.extend(more);
    drift(&tree.path(""), &arguments)
}

fn read(tree: &Tree) -> String {
    fs::read_to_string(tree.path(FILE)).expect("the kustomization")
}

/// The remaining rules and paths.
fn left(tree: &Tree) -> Vec<String> {
    let all = findings(tree, &["overlays/production"]);
    all.iter().map(super::line).collect()
}

#[test]
fn every_permitted_recorded_change_is_written() {
    let Some(host) = support::kustomize_host("v5.8.1") else {
        support::missing("kustomize v5.8.1");
        return;
    };
    let mut written = 0;
    for scenario in scenarios() {
        let tree = overlay(&scenario, None);
        let before = read(&tree);
        let kept: Vec<String> = findings(&tree, &["overlays/production"])
            .iter()
            .filter(|one| text(&one["help"]).starts_with("To keep it"))
            .map(super::line)
            .collect();
        let shown = fix(&tree, &["--dry-run"]);
        assert_eq!(read(&tree), before, "{scenario}: {shown:#?}");
        let fixed = fix(&tree, &["--yes"]);
        let after = read(&tree);
        if kept.is_empty() {
            assert_eq!(after, before, "{scenario}: {fixed:#?}");
            assert!(fixed.stdout.starts_with("Nothing to do"), "{fixed:#?}");
            continue;
        }
        written += kept.len();
        assert!(after.starts_with(&before), "{scenario}: {after}");
        assert!(fixed.stdout.contains("+patches:"), "{scenario}: {fixed:#?}");
        let rest = left(&tree);
        for line in kept {
            assert!(!rest.contains(&line), "{scenario}: {line}: {after}");
        }
        assert_eq!(fixed.code, Some(i32::from(!rest.is_empty())), "{fixed:#?}");
        for line in &rest {
            let path = line.rsplit(' ').next().unwrap_or_default();
            let is_told = fixed
                .stderr
                .lines()
                .any(|told| told.contains("not written") && told.contains(path));
            assert!(is_told, "{scenario}: {line}: {}", fixed.stderr);
        }
        let built = host.build(&tree.path("overlays/production"), &[]);
        tree.write("built.yaml", &built.expect_success(&after));
        let by_kustomize = findings(&tree, &["--rendered", "built.yaml"]);
        let by_kustomize: Vec<String> = by_kustomize.iter().map(super::line).collect();
        assert_eq!(by_kustomize, rest, "{scenario}: {after}");
        // The written changes break no rule.
        let mut check = Command::new(binary());
        let check = run(check.current_dir(tree.path("")).args(["check", "."]));
        assert_eq!(check.code, Some(0), "{scenario}: {check:#?}");
        let again = fix(&tree, &["--yes"]);
        assert_eq!(read(&tree), after, "{scenario}: {again:#?}");
        assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
    }
    assert!(written > 6, "{written}");
}

#[test]
fn every_form_of_a_kustomization_is_edited_or_left_unchanged() {
    let Some(host) = support::kustomize_host("v5.8.1") else {
        support::missing("kustomize v5.8.1");
        return;
    };
    for (name, file) in [
        (
            "line ends of Windows",
            "# mine\r\nresources:\r\n- ../../base # the base\r\n",
        ),
        ("no last line end", "# mine\nresources: [../../base]"),
        (
            "a list in brackets",
            "# mine\nresources: [../../base]\npatches: [{path: p.yaml}] # more\n",
        ),
        (
            "an empty list",
            "# mine\nresources: [../../base]\npatches: []\n",
        ),
        (
            "null",
            "# mine\nresources: [../../base]\npatches:\nnamePrefix: \"\"\n",
        ),
        (
            "older lists",
            "# mine\npatchesStrategicMerge:\n- p.yaml\nresources: [../../base]\n",
        ),
        (
            "a list",
            "# mine\nresources: [../../base]\npatches:\n  # why\n  - path: p.yaml\n  # the end\nlabels: []\n",
        ),
        ("JSON", "{\"resources\": [\"../../base\"]} # mine\n"),
        (
            "replicas",
            "# mine\nresources: [../../base]\nreplicas:\n# why\n- name: checkout\n  count: 3\n- {name: other, count: 1}\n",
        ),
        (
            "replicas in brackets",
            "# mine\nresources: [../../base]\nreplicas: [{name: checkout, count: 3}]\n",
        ),
        (
            "a namespace and a prefix",
            "# mine\nresources: [../../base]\nnamespace: t-scale\n",
        ),
    ] {
        let tree = overlay("scale", None);
        tree.write(FILE, file);
        tree.write("overlays/production/p.yaml", PATCH);
        if name.contains("replicas") {
            tree.write("base/other.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other, namespace: t-scale}\n");
            tree.write(
                "base/kustomization.yaml",
                "resources: [want.yaml, other.yaml]\n",
            );
        }
        let run = fix(&tree, &["--yes"]);
        let after = read(&tree);
        let left = left(&tree);
        assert!(
            !left.iter().any(|line| line.contains("replicas")),
            "{name}: {run:#?} {after} {left:?}"
        );
        for comment in file.split('#').skip(1) {
            let comment = comment.lines().next().unwrap_or_default();
            assert!(after.contains(&format!("#{comment}")), "{name}: {after}");
        }
        assert_eq!(after.contains("\r\n"), file.contains("\r\n"), "{name}");
        assert!(!after.replace("\r\n", "").contains('\r'), "{name}");
        if file.contains("\r\n") {
            assert!(
                !after.replace("\r\n", "").contains('\n'),
                "{name}: {after:?}"
            );
        }
        host.build(&tree.path("overlays/production"), &[])
            .expect_success(&after);
        let again = fix(&tree, &["--yes"]);
        assert_eq!(read(&tree), after, "{name}: {again:#?}");
    }
}

#[test]
fn a_kustomization_without_a_place_is_refused_and_unchanged() {
    for (name, file) in [
        (
            "an alias",
            "resources: [../../base]\nx-all: &all\n- path: p.yaml\npatches: *all\n",
        ),
        (
            "no list",
            "resources: [../../base]\npatches: {path: p.yaml}\n",
        ),
        ("nothing", ""),
        (
            "a chart",
            "resources: [../../base]\nhelmCharts: [{name: x}]\n",
        ),
    ] {
        let tree = overlay("scale", None);
        tree.write(FILE, file);
        tree.write("overlays/production/p.yaml", PATCH);
        let run = fix(&tree, &["--yes"]);
        assert_eq!(run.code, Some(2), "{name}: {run:#?}");
        assert_eq!(read(&tree), file, "{name}");
    }
}

#[test]
fn a_later_step_is_named_and_not_overwritten() {
    let tree = overlay("set-image", Some("image-tag"));
    tree.write(
        FILE,
        "resources: [../../base]\nimages: [{name: ghcr.io/acme/checkout-service, newTag: 1.14.2}]\n",
    );
    let before = read(&tree);
    let run = fix(&tree, &["--yes"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    assert_eq!(read(&tree), before);
    assert!(
        run.stderr
            .contains("a later step overrides the overlay's patches"),
        "{run:#?}"
    );
}

/// A patch finds a resource by its name before the overlay renamed it.
#[test]
fn names_are_those_before_the_prefix_of_the_overlay() {
    let Some(host) = support::kustomize_host("v5.8.1") else {
        support::missing("kustomize v5.8.1");
        return;
    };
    let tree = overlay("scale", None);
    let rename = |file: &str| {
        let text = fs::read_to_string(tree.path(file)).expect("a file");
        text.replace("  name: checkout\n", "  name: prod-checkout\n")
    };
    tree.write("live.yaml", &rename("live.yaml"));
    tree.write(
        FILE,
        "resources: [../../base]\nnamePrefix: prod-\nnamespace: t-scale\n",
    );
    let all = findings(&tree, &["overlays/production"]);
    let scaled = all
        .iter()
        .find(|one| one["field"]["path"] == "spec.replicas")
        .expect("the change");
    let help = text(&scaled["help"]);
    assert!(help.contains("kind: Deployment, name: checkout}"), "{help}");
    assert!(
        help.contains("patches of overlays/production/kustomization.yaml: "),
        "{help}"
    );
    let run = fix(&tree, &["--yes"]);
    assert!(
        !left(&tree)
            .iter()
            .any(|line| line.contains("spec.replicas")),
        "{run:#?}"
    );
    let built = host.build(&tree.path("overlays/production"), &[]);
    assert!(built.expect_success("the overlay").contains("replicas: 6"));
}

#[test]
fn nothing_is_written_without_consent_or_elsewhere() {
    let tree = overlay("scale", None);
    let before = read(&tree);
    for arguments in [
        &[
            "--rendered",
            "base/want.yaml",
            "--live",
            "live.yaml",
            "--fix",
        ][..],
        &["overlays/production", "--live", "live.yaml", "--yes"],
        &[
            "overlays/production",
            "--live",
            "live.yaml",
            "--fix",
            "--yes",
            "--dry-run",
        ],
        &[
            "overlays/production",
            "--live",
            "live.yaml",
            "--fix",
            "--format",
            "json",
        ],
        // No one can be asked.
        &["overlays/production", "--live", "live.yaml", "--fix"],
    ] {
        let run = drift(&tree.path(""), arguments);
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:#?}");
        assert_eq!(read(&tree), before, "{arguments:?}");
    }
    #[cfg(unix)]
    {
        tree.write("elsewhere.yaml", &before);
        fs::remove_file(tree.path(FILE)).expect("it is there");
        std::os::unix::fs::symlink("../../elsewhere.yaml", tree.path(FILE)).expect("a link");
        let run = fix(&tree, &["--yes"]);
        assert_eq!(run.code, Some(2), "{run:#?}");
        assert!(run.stderr.contains("is a link"), "{run:#?}");
        assert_eq!(read(&tree), before);
    }
}

fn deployment(namespace: &str, name: &str, replicas: u8) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{replicas: {replicas}}}\n"
    )
}

/// A name in a target matches the resources of that name in all namespaces.
#[test]
fn an_entry_that_would_change_more_is_left_out_and_the_others_are_written() {
    let all = |web: u8, api: u8| {
        [
            deployment("a", "web", web),
            deployment("b", "web", 1),
            deployment("a", "api", api),
        ]
        .join("---\n")
    };
    let tree = Tree::new();
    tree.write("base/all.yaml", &all(1, 1));
    tree.write("base/kustomization.yaml", "resources: [all.yaml]\n");
    tree.write(FILE, "resources: [../../base]\n");
    tree.write("live.yaml", &all(6, 4));
    let run = fix(&tree, &["--yes"]);
    assert_eq!(run.code, Some(1), "{run:#?}");
    let after = read(&tree);
    assert!(after.contains("name: api"), "{after}");
    assert!(!after.contains("name: web"), "{after}");
    let told =
        "not written: Deployment web: spec.replicas: the change would also change Deployment web";
    assert!(run.stderr.contains(told), "{run:#?}");
    assert_eq!(left(&tree).len(), 1);
    // A second run has nothing to write.
    let again = fix(&tree, &["--yes"]);
    assert_eq!(again.code, Some(2), "{again:#?}");
    assert!(again.stderr.contains("nothing was written"), "{again:#?}");
    assert_eq!(read(&tree), after);
}

#[test]
fn a_number_in_replicas_is_changed_there() {
    let tree = overlay("scale", None);
    let before = "resources: [../../base]\nreplicas:\n- name: checkout # mine\n  # until the sale is over\n  count: 3 # as agreed\n";
    tree.write(FILE, before);
    fix(&tree, &["--yes"]);
    assert_eq!(read(&tree), before.replace("count: 3", "count: 6"));
}

/// `replicas:` applies to every resource of that name.
#[test]
fn a_shared_number_is_not_changed() {
    let all = |deployment: u8| {
        let set = deployment_of("StatefulSet", "web", 3);
        [deployment_of("Deployment", "web", deployment), set].join("---\n")
    };
    let tree = Tree::new();
    tree.write("base/all.yaml", &all(3));
    tree.write("base/kustomization.yaml", "resources: [all.yaml]\n");
    let before = "resources: [../../base]\nreplicas: [{name: web, count: 3}]\n";
    tree.write(FILE, before);
    tree.write("live.yaml", &all(0));
    let run = fix(&tree, &["--yes"]);
    assert_eq!(run.code, Some(2), "{run:#?}");
    let told = "the change would also change StatefulSet web";
    assert!(run.stderr.contains(told), "{run:#?}");
    assert_eq!(read(&tree), before);
}

fn deployment_of(kind: &str, name: &str, replicas: u8) -> String {
    deployment("a", name, replicas).replace("kind: Deployment", &format!("kind: {kind}"))
}
