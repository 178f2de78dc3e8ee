//! Odd repositories, wrong arguments, and what somebody might do to a gate.

use super::support::Tree;
use super::support::{example, require};
use super::{NEWEST, check, findings, report};

const BASE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";

#[test]
fn what_cannot_run_says_why_and_exits_2() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write("readme.txt", "nothing here\n");
    tree.write(
        "bad/parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  rule: {}\n",
    );
    let none = tree.path("bin/none");
    let fleet = example("fleet").display().to_string();
    let here = tree.path("");
    for (builder, arguments, part) in [
        (&kustomize, &["."][..], "no service was found"),
        (&kustomize, &["gone"], "cannot find gone"),
        (&kustomize, &["readme.txt"], "no directory"),
        (&kustomize, &["bad"], "parity.yaml:4"),
        (
            &kustomize,
            &["--policy", "gone.yaml"],
            "cannot read gone.yaml",
        ),
        (
            &kustomize,
            &["--rendered", "x"],
            "expected [SERVICE/]ENV=PATH",
        ),
        (
            &kustomize,
            &["--rendered", "a=x", "--rendered", "a=y"],
            "named twice",
        ),
        (&kustomize, &["--shard", "3/2"], "expected I/N"),
        (&kustomize, &["--format", "jsn"], "json"),
        (
            &kustomize,
            &[&fleet, "--", "--output", "x"],
            "cannot be passed on",
        ),
        (&none, &[&fleet], "neither kustomize nor kubectl is on PATH"),
    ] {
        let run = check(builder, &here, arguments);
        // The system's own folders may have a kubectl.
        if run.code == Some(1) && part.starts_with("neither") {
            continue;
        }
        assert_eq!(run.code, Some(2), "{arguments:?}: {run:#?}");
        assert!(run.stderr.contains(part), "{arguments:?}: {run:#?}");
        assert_eq!(run.stdout, "", "{arguments:?}");
    }
}

#[test]
fn odd_trees_end_with_an_answer() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write("base/kustomization.yaml", "resources: [c.yaml]\n");
    tree.write("base/c.yaml", BASE);
    tree.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\n",
    );
    // Circles, a missing base, no YAML, a key that stands twice, spaces and odd letters in names.
    tree.write(
        "circle/overlays/a/kustomization.yaml",
        "resources: [../b]\nnamespace: x\n",
    );
    tree.write(
        "circle/overlays/b/kustomization.yaml",
        "resources: [../a]\nnamespace: x\n",
    );
    tree.write(
        "gone/overlays/prod/kustomization.yaml",
        "resources: [../../base, ../../../base]\n",
    );
    tree.write(
        "twice/overlays/prod/kustomization.yaml",
        "kind: Kustomization\nresources: [../../../base]\nkind: Kustomization\n",
    );
    tree.write(
        "odd ünd/overlays/pröd $x/kustomization.yaml",
        "resources: [../../../base]\ncommonAnnotations: {a: b}\n",
    );
    tree.write(
        "none/overlays/prod/kustomization.yaml",
        "resources: [../../../base\n",
    );
    let found = findings(&report(&kustomize, &tree.path(""), &[]));
    let is_there = |part: &str| found.iter().any(|line| line.starts_with(part));
    assert!(is_there("build-failure circle a"), "{found:#?}");
    assert!(is_there("build-failure circle b"), "{found:#?}");
    assert!(is_there("build-failure gone prod"), "{found:#?}");
    assert!(
        found.contains(&"build-failure      ".to_owned()),
        "{found:#?}"
    );
    assert!(
        !found
            .iter()
            .any(|line| line.contains("twice") || line.contains("odd")),
        "{found:#?}"
    );
    let run = check(&kustomize, &tree.path(""), &[]);
    assert!(run.stdout.contains("odd ünd"), "{}", run.stdout);
}

#[test]
fn functions_of_the_repository_are_not_run_unless_flags_say_so() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    let marker = tree.path("marker");
    let script = tree.script("tool", &format!("touch {}; cat", marker.display()));
    tree.write("base/kustomization.yaml", "resources: [c.yaml]\n");
    tree.write("base/c.yaml", BASE);
    tree.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\ntransformers: [f.yaml]\n",
    );
    tree.write(
        "overlays/dev/f.yaml",
        &format!(
            "apiVersion: example.com/v1\nkind: F\nmetadata:\n  name: f\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {{path: {}}}\n",
            script.display()
        ),
    );
    let found = findings(&report(&kustomize, &tree.path(""), &[]));
    assert!(
        found.iter().any(|line| line.starts_with("build-failure")),
        "{found:?}"
    );
    assert!(!marker.exists());
    let flags = ["--", "--enable-alpha-plugins", "--enable-exec"];
    let run = check(&kustomize, &tree.path(""), &flags);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(marker.exists(), "the flags are passed on");
}

/// Everything that kustomize would start a program for, with plugins enabled, dressed up as what this program lets pass.
#[test]
fn no_disguise_makes_a_function_of_the_repository_run() {
    const CONTAINER: &str = "container: {image: example.com/evil:1}";
    let kustomize = require!(kustomize(NEWEST));
    let own = |annotations: &str| {
        format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata:\n  name: web\n  annotations:\n    {annotations}\n"
        )
    };
    let plain =
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: parity}\n";
    let loader = |more: &str| format!("resources: [f.yaml]\n{more}");
    // What stands in `transformers: [f]`: the kustomization of that directory, and its file.
    let disguises: Vec<(&str, String, String)> = vec![
        (
            "the older annotation",
            loader(""),
            own(&format!("config.k8s.io/function: '{CONTAINER}'")),
        ),
        (
            "an escaped word",
            loader(""),
            own("config.kubernetes.io/function: '{\"\\u0063ontainer\": {\"image\": \"example.com/evil:1\"}}'"),
        ),
        (
            "a key that stands twice",
            loader(""),
            own(&format!(
                "a: b\n  annotations:\n    config.kubernetes.io/function: '{CONTAINER}'"
            )),
        ),
        (
            "metadata.configFn",
            loader(""),
            format!("apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata:\n  name: parity\n  configFn: {{{CONTAINER}}}\n"),
        ),
        (
            "a built-in one",
            loader(""),
            format!("apiVersion: builtin\nkind: NamespaceTransformer\nmetadata:\n  name: x\n  annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n"),
        ),
        (
            "a list",
            loader(""),
            format!("apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicyList\nitems:\n- apiVersion: example.com/v1\n  kind: F\n  metadata:\n    name: f\n    annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n"),
        ),
        (
            "annotations for all",
            loader(&format!("commonAnnotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n")),
            plain.to_owned(),
        ),
        (
            "a generator",
            loader(&format!("configMapGenerator:\n- name: f\n  options: {{annotations: {{config.kubernetes.io/function: '{CONTAINER}'}}}}\n")),
            plain.to_owned(),
        ),
        (
            "a patch",
            loader(&format!("patches:\n- target: {{kind: ParityPolicy}}\n  patch: |\n    - op: add\n      path: /metadata/annotations\n      value: {{config.kubernetes.io/function: '{CONTAINER}'}}\n")),
            plain.to_owned(),
        ),
        (
            "a component",
            loader("components: [more]\n"),
            plain.to_owned(),
        ),
        (
            // The path of a plugin is made of its kind.
            "a kind that is a path",
            loader(""),
            "apiVersion: krm-parity.io/v1alpha1\nkind: ../../../../../REPOSITORY/evil\nmetadata: {name: x}\n".to_owned(),
        ),
    ];
    let marker = Tree::new();
    let ran = marker.path("ran");
    let engine = marker.script("docker", &format!("echo ran >> {}; cat", ran.display()));
    let kustomize = {
        let link = engine.with_file_name("kustomize");
        std::os::unix::fs::symlink(&kustomize, &link).expect("a link");
        link
    };
    for (name, loader, file) in disguises {
        let tree = Tree::new();
        let evil = tree.script("evil/evil", &format!("echo ran >> {}; cat", ran.display()));
        let up = "../".repeat(12);
        let here = evil
            .parent()
            .and_then(std::path::Path::parent)
            .expect("a directory");
        let file = file.replace(
            "../../../../../REPOSITORY",
            &format!("{up}{}", here.display().to_string().trim_start_matches('/')),
        );
        tree.write("base/kustomization.yaml", "resources: [c.yaml]\n");
        tree.write("base/c.yaml", BASE);
        tree.write(
            "overlays/dev/kustomization.yaml",
            "resources: [../../base]\ntransformers: [f]\n",
        );
        tree.write("overlays/dev/f/kustomization.yaml", &loader);
        tree.write("overlays/dev/f/f.yaml", &file);
        tree.write(
            "overlays/dev/f/more/kustomization.yaml",
            &format!("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {{config.kubernetes.io/function: '{CONTAINER}'}}\n"),
        );
        for flags in [&[][..], &["--one-by-one"]] {
            let report = report(&kustomize, &tree.path(""), flags);
            let found = findings(&report);
            assert!(!ran.exists(), "{name} ran: {found:?}");
            // Said, not silently passed over; kustomize's own ones are built without plugins.
            assert!(
                name == "a built-in one"
                    || found.iter().any(|line| line.starts_with("build-failure")),
                "{name}: {found:?}"
            );
        }
    }
    // What is linked is not where its path says, and so is what stands beside it.
    let tree = Tree::new();
    tree.write("base/kustomization.yaml", "resources: [c.yaml]\n");
    tree.write("base/c.yaml", BASE);
    tree.write(
        "elsewhere/f.yaml",
        &own(&format!("config.kubernetes.io/function: '{CONTAINER}'")),
    );
    tree.write(
        "elsewhere/middle/kustomization.yaml",
        "resources: [../../base]\ntransformers: [../f.yaml]\n",
    );
    tree.write("overlays/f.yaml", plain);
    tree.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../middle]\n",
    );
    std::os::unix::fs::symlink(tree.path("elsewhere/middle"), tree.path("overlays/middle"))
        .expect("a link");
    let found = findings(&report(&kustomize, &tree.path(""), &[]));
    assert!(!ran.exists(), "behind a link: {found:?}");
}

#[test]
fn a_policy_names_the_layout() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write("web/kustomization.yaml", "resources: [c.yaml]\n");
    tree.write("web/c.yaml", BASE);
    for colour in ["blue", "green"] {
        tree.write(
            &format!("cells/{colour}/web/kustomization.yaml"),
            "resources: [../../../web]\nconfigMapGenerator:\n- {name: extra, literals: [a=b]}\n",
        );
    }
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  layout:\n    overlays: ['cells/{environment}/{service}']\n    ignore: ['cells/green/*']\n",
    );
    let report = report(&kustomize, &tree.path(""), &[]);
    let service = &report["services"][0];
    assert_eq!(service["name"], "web");
    assert_eq!(service["environments"].as_array().map(Vec::len), Some(1));
    assert_eq!(service["environments"][0]["name"], "blue");
    assert_eq!(
        findings(&report),
        ["added-resource web blue base ConfigMap  "]
    );
}

#[test]
fn an_exemption_that_is_wrong_is_shown_where_it_stands() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.write("base/kustomization.yaml", "resources: [c.yaml]\n");
    tree.write("base/c.yaml", BASE);
    tree.write(
        "overlays/prod/kustomization.yaml",
        "resources: [../../base]\n",
    );
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  exemptions:\n  - rule: image\n    path: spec.x\n    reason: old\n    expires: 2020-01-01\n  - {rule: image, path: spec.x, reason: none, expires: 2099-01-01}\n",
    );
    let report = report(&kustomize, &tree.path(""), &[]);
    let all = report["findings"].as_array().expect("findings");
    let places: Vec<_> = all
        .iter()
        .map(|finding| {
            let place = &finding["place"];
            format!(
                "{} {}:{}:{}",
                finding["rule"], place["file"], place["line"], place["column"]
            )
        })
        .collect();
    assert_eq!(
        places,
        [
            "\"expired-exemption\" \"parity.yaml\":5:5",
            "\"unused-exemption\" \"parity.yaml\":9:5"
        ]
    );
}
