//! Manifests that others have rendered, as build tools, editors and mounted volumes leave them.

use super::{check, findings, report};
use crate::support::Tree;

fn config_map(name: &str, value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  {value}: x\n")
}

#[test]
fn any_file_may_begin_with_a_byte_order_mark_or_a_directive() {
    let tree = Tree::new();
    let (first, second) = (config_map("a", "k"), config_map("b", "k"));
    tree.write("base.yaml", &format!("{first}---\n{second}"));
    tree.write("dev/1.yaml", &format!("\u{feff}{first}"));
    tree.write("dev/2.yaml", &format!("%YAML 1.2\n---\n{second}"));
    let arguments = ["--rendered", "base=base.yaml", "--rendered", "dev=dev"];
    let run = check(&tree.path("none"), &tree.path(""), &arguments);
    assert_eq!(run.code, Some(0), "{run:#?}");
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_its_line() {
    let tree = Tree::new();
    tree.write("base.yaml", &config_map("a", "k"));
    tree.write("dev/1.yaml", &config_map("a", "k"));
    tree.write("dev/2.yaml", "a: 1\nb: [\n");
    let rendered = |dev: &str| {
        let dev = format!("dev={dev}");
        let arguments = ["--rendered", "base=base.yaml", "--rendered", &dev];
        check(&tree.path("none"), &tree.path(""), &arguments)
    };
    let run = rendered("dev");
    assert_eq!(run.code, Some(1), "{run:#?}");
    let told = "dev of service rendered cannot be read: dev/2.yaml: line 2, column 4: ";
    assert!(run.stdout.contains("build-failure"), "{run:#?}");
    assert!(
        run.stdout.contains(told) && !run.stdout.contains("kustomize"),
        "{run:#?}"
    );
    // A missing file is not an environment that fails to build, but a mistake in the command.
    let run = rendered("gone.yaml");
    assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{run:#?}");
    assert!(run.stderr.contains("cannot read gone.yaml"), "{run:#?}");
}

/// kubectl reads YAML 1.1: text that looks like part of a comment to other readers is a key to it.
#[test]
fn a_file_that_others_read_differently_is_not_compared() {
    for char in ['\u{85}', '\u{2028}', '\u{2029}'] {
        let tree = Tree::new();
        let base = config_map("a", "k");
        let more = base.replace("  k: x", &format!("  k: x # a comment{char}  more: x"));
        tree.write("base.yaml", &base);
        tree.write("dev.yaml", &more);
        let arguments = ["--rendered", "base=base.yaml", "--rendered", "dev=dev.yaml"];
        let run = check(&tree.path("none"), &tree.path(""), &arguments);
        assert_eq!(run.code, Some(1), "{run:#?}");
        assert!(run.stdout.contains("build-failure"), "{run:#?}");
        assert!(
            run.stdout.contains("dev.yaml: line 6, column 19: U+"),
            "{run:#?}"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    use std::os::unix::fs::symlink;

    let tree = Tree::new();
    let link = |to: &str, from: &str| symlink(to, tree.path(from)).expect("a link");
    let base = config_map("a", "k") + "---\n" + &config_map("b", "k");
    // A mounted ConfigMap: every file is a link to the newest version, which is itself a link.
    tree.write("out/..2026/base.yaml", &base);
    tree.write(
        "out/..2026/dev.yaml",
        &(base.clone() + "---\n" + &config_map("c", "k")),
    );
    link("..2026", "out/..data");
    link("..data/base.yaml", "out/base.yaml");
    link("..data/dev.yaml", "out/dev.yaml");
    // A build tool: a tree of links to files elsewhere, and one link that leads back.
    tree.write("store/b.yaml", &config_map("b", "k"));
    tree.write("tree/inner/a.yaml", &config_map("a", "k"));
    link("../store/b.yaml", "tree/b.yaml");
    link("..", "tree/inner/up");
    let found =
        |arguments: &[&str]| findings(&report(&tree.path("none"), &tree.path(""), arguments));
    assert_eq!(
        found(&["--rendered", "out"]),
        ["added-resource rendered dev base ConfigMap  "]
    );
    let both = ["--rendered", "base=out/base.yaml", "--rendered", "dev=tree"];
    assert_eq!(found(&both), [""; 0]);
    // A link to nothing is a missing file.
    link("nowhere", "tree/c.yaml");
    let run = check(&tree.path("none"), &tree.path(""), &both);
    assert_eq!(run.code, Some(2), "{run:#?}");
    assert!(run.stderr.contains("cannot read tree/c.yaml"), "{run:#?}");
}

/// A baseline that is a step of the promotion is compared as one: the next step must not have less than it.
#[test]
fn a_baseline_is_a_step_as_well() {
    let tree = Tree::new();
    let policy = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {environments: [staging, production], baseline: staging}\n";
    tree.write("parity.yaml", policy);
    let web = |memory: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web}}\nspec: {{template: {{spec: {{containers: [{{name: app, image: app, resources: {{limits: {{memory: {memory}}}}}}}]}}}}}}\n"
        )
    };
    tree.write("staging.yaml", &web("2Gi"));
    tree.write("production.yaml", &web("1Gi"));
    for name in ["production", "prod"] {
        let production = format!("{name}=production.yaml");
        let arguments = [
            "--rendered",
            "staging=staging.yaml",
            "--rendered",
            &production,
        ];
        let found = findings(&report(&tree.path("none"), &tree.path(""), &arguments));
        assert_eq!(
            found,
            [
                "inverted-resources rendered production staging Deployment web spec.template.spec.containers[name=app].resources.limits.memory"
            ]
        );
    }
}

/// kubectl applies everything that a host has written, whatever an annotation says to hosts.
#[test]
fn a_resource_that_is_marked_as_local_is_still_applied() {
    let local = "  annotations: {config.kubernetes.io/local-config: \"true\"}\n";
    let deployment = |image: &str, annotations: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n{annotations}spec:\n  template:\n    spec:\n      containers:\n      - {{name: web, image: 'web:{image}'}}\n"
        )
    };
    let added =
        "---\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: more\n".to_owned() + local;
    let own =
        "---\napiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata:\n  name: parity\n"
            .to_owned()
            + local;
    let plain = deployment("1", "");
    for (base, dev, rule) in [
        (
            plain.clone(),
            plain.clone() + &added,
            Some("added-resource"),
        ),
        (
            plain.clone() + &added,
            plain.clone(),
            Some("removed-resource"),
        ),
        (
            deployment("1", local),
            deployment("2", local),
            Some("image"),
        ),
        (plain.clone(), deployment("1", local), Some("annotations")),
        (plain.clone(), plain.clone() + &own, None),
    ] {
        let tree = Tree::new();
        tree.write("base.yaml", &base);
        tree.write("dev.yaml", &dev);
        let arguments = ["--rendered", "base=base.yaml", "--rendered", "dev=dev.yaml"];
        let run = check(&tree.path("none"), &tree.path(""), &arguments);
        let code = if rule.is_some() { Some(1) } else { Some(0) };
        assert_eq!(run.code, code, "{dev}\n{run:#?}");
        assert!(run.stdout.contains(rule.unwrap_or_default()), "{run:#?}");
    }
}
