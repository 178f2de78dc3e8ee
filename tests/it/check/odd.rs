//! Odd repositories, wrong arguments, and attempts to get past a gate.

use super::{NEWEST, check, findings, report};
use crate::support::Tree;
use crate::support::{example, require};

const BASE: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: b}\n";

#[test]
fn a_check_that_cannot_run_says_why_and_exits_2() {
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
        (&kustomize, &["readme.txt"], "not a directory"),
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
            "cannot be passed to kustomize",
        ),
        (
            &none,
            &["--builder", "kustomize", &fleet],
            "neither kustomize nor kubectl is on PATH",
        ),
    ] {
        let run = check(builder, &here, arguments);
        // The system's own directories may have a kubectl.
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
    tree.kustomization("base", "c.yaml", BASE);
    tree.overlay("overlays/dev", "");
    // Circles, a missing base, invalid YAML, a duplicate key, spaces and unusual letters in names.
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
    tree.kustomization("base", "c.yaml", BASE);
    tree.overlay("overlays/dev", "transformers: [f.yaml]\n");
    tree.write(
        "overlays/dev/f.yaml",
        &format!(
            "apiVersion: example.com/v1\nkind: F\nmetadata:\n  name: f\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {{path: {}}}\n",
            script.display()
        ),
    );
    let run = check(&kustomize, &tree.path(""), &[]);
    for part in ["error[build-failure]", "check -- --enable-alpha-plugins"] {
        assert!(run.stdout.contains(part), "{part}: {run:#?}");
    }
    assert!(!marker.exists());
    let flags = ["--", "--enable-alpha-plugins", "--enable-exec"];
    let run = check(&kustomize, &tree.path(""), &flags);
    assert_eq!(run.code, Some(0), "{run:#?}");
    assert!(marker.exists(), "the flags are passed on");
}

#[test]
fn a_policy_names_the_layout() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("web", "c.yaml", BASE);
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
fn a_wrong_exemption_is_shown_at_its_place() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("base", "c.yaml", BASE);
    tree.overlay("overlays/prod", "");
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
    // However the path of the policy is written, the place is relative to the directory that is checked.
    let outside = Tree::new();
    outside.write("p.yaml", &tree.read("parity.yaml"));
    let elsewhere = outside.path("p.yaml");
    let elsewhere = elsewhere.to_str().expect("UTF-8");
    for (directory, arguments, expected) in [
        (
            "",
            &["--policy", "./base/../parity.yaml"][..],
            "parity.yaml",
        ),
        (
            "",
            &[
                "--policy",
                tree.path("parity.yaml").to_str().expect("UTF-8"),
            ],
            "parity.yaml",
        ),
        ("base", &["..", "--policy", "../parity.yaml"], "parity.yaml"),
        ("", &["--policy", elsewhere], "/p.yaml"),
    ] {
        let report = self::report(&kustomize, &tree.path(directory), arguments);
        let file = report["findings"][0]["place"]["file"].as_str();
        let file = file.expect("a place");
        assert!(file.ends_with(expected), "{arguments:?}: {file}");
        let is_inside = expected == "parity.yaml";
        assert_eq!(file == expected, is_inside, "{arguments:?}: {file}");
        assert_eq!(file.starts_with("../"), !is_inside, "{arguments:?}: {file}");
    }
}

/// An entry is judged once, for all services and environments, and only if everything that it may match was checked.
#[test]
fn an_exemption_is_judged_once() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    for service in ["cart", "web"] {
        tree.kustomization(
            &format!("{service}/base"),
            "c.yaml",
            &BASE.replace("name: c", &format!("name: {service}")),
        );
        for environment in ["dev", "production"] {
            tree.overlay(&format!("{service}/overlays/{environment}"), "");
        }
    }
    tree.overlay(
        "web/overlays/production",
        "configMapGenerator: [{name: own, literals: [a=b], options: {disableNameSuffixHash: true}}]\n",
    );
    let entries = [
        // Used by one environment of one service.
        "{rule: added-resource",
        "{rule: added-resource, target: {kind: ConfigMap, name: own}, services: [web]",
        // Used nowhere.
        "{rule: image, services: [nope]",
        "{rule: image, services: [cart], environments: [qa]",
        "{rule: image, target: {name: nope}",
        "{rule: image, target: {kind: ConfigMap}, services: [cart], environments: [production]",
        "{rule: dead-patch, environments: [dev]",
        "{rule: image, services: [web], environments: [dev]",
        "{rule: image, services: [wep]",
    ];
    let mut policy = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  failOn: warning\n  exemptions:\n".to_owned();
    for entry in entries {
        policy.extend(["  - ", entry, ", reason: r, expires: 2099-01-01}\n"]);
    }
    policy.push_str("  - {rule: image, services: [nope], reason: r, expires: 2020-01-01}\n");
    tree.write("parity.yaml", &policy);

    let told = |arguments: &[&str]| -> Vec<String> {
        let report = report(&kustomize, &tree.path(""), arguments);
        let findings = report["findings"].as_array().expect("findings");
        let headlines = findings.iter().filter_map(|finding| {
            let (index, rest) = finding["headline"]
                .as_str()?
                .strip_prefix("spec.exemptions[")?
                .split_once("] (")?;
            let rest = rest.split_once("): ").or(rest.split_once(") "))?.1;
            Some(format!(
                "{index} {}",
                rest.trim_start_matches("matched nothing: ")
            ))
        });
        headlines.collect()
    };
    let none = "no service has that name";
    let all = [
        format!("2 {none}"),
        "3 none of its services has that environment".to_owned(),
        "4 no resource of its services and environments matches its target".to_owned(),
        "5 there is no finding of image".to_owned(),
        "6 there is no finding of dead-patch".to_owned(),
        "7 there is no finding of image".to_owned(),
        format!("8 {none} (did you mean web?)"),
        "9 expired after 2020-01-01".to_owned(),
    ];
    let pick = |some: &[usize]| -> Vec<String> {
        let is_meant = |line: &&String| {
            some.iter()
                .any(|index| line.starts_with(&index.to_string()))
        };
        all.iter().filter(is_meant).cloned().collect()
    };
    for (arguments, expected) in [
        (&[][..], &[2, 3, 4, 5, 6, 7, 8, 9][..]),
        (&["cart", "web"], &[3, 5, 7, 9]),
        (&["cart"], &[3, 5, 9]),
        (&["web"], &[7, 9]),
        (&["--shard", "1/2"], &[2, 3, 5, 8, 9]),
        (&["--shard", "2/2"], &[2, 3, 7, 8, 9]),
    ] {
        let mut told = told(arguments);
        told.sort();
        assert_eq!(told, pick(expected), "{arguments:?}");
    }
    // An overlay that does not build may be what an exemption is for.
    tree.write(
        "cart/overlays/dev/kustomization.yaml",
        "resources: [../../base, gone.yaml]\n",
    );
    let mut left = told(&[]);
    left.sort();
    assert_eq!(left, pick(&[2, 3, 7, 8, 9]));
}

/// A baseline that the policy also lists is not an environment that a service lacks.
#[test]
fn a_listed_baseline_is_not_missing() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("base", "c.yaml", BASE);
    tree.overlay("overlays/dev", "");
    let policy = |spec: &str| {
        let head = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:";
        tree.write("parity.yaml", &format!("{head} {{{spec}}}\n"));
    };
    policy("environments: [base, dev, production]");
    let found = report(&kustomize, &tree.path(""), &[]);
    assert_eq!(
        findings(&found),
        ["missing-environment PLACE production    "].map(|line| {
            let name = found["services"][0]["name"].as_str().expect("a name");
            line.replace("PLACE", name)
        })
    );
    let environments = found["services"][0]["environments"].as_array();
    assert_eq!(environments.map(Vec::len), Some(2), "{found}");

    policy("environments: [dev, production], baseline: dev");
    let rendered = [
        "--rendered",
        "dev=base/c.yaml",
        "--rendered",
        "production=base/c.yaml",
    ];
    let found = report(&kustomize, &tree.path(""), &rendered);
    assert!(findings(&found).is_empty(), "{found}");
}

/// A second document would not apply to anything.
#[test]
fn a_policy_file_holds_one_document() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = Tree::new();
    tree.kustomization("base", "c.yaml", BASE);
    tree.overlay("overlays/dev", "");
    let policy = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\n";
    for (text, line) in [
        (format!("{policy}---\n{policy}"), Some(4)),
        (format!("kind: ConfigMap\n---\n{policy}"), Some(3)),
        (format!("# One.\n---\n{policy}---\n# No more.\n---\n"), None),
    ] {
        tree.write("parity.yaml", &text);
        let run = check(&kustomize, &tree.path(""), &[]);
        let Some(line) = line else {
            assert!(run.succeeded(), "{text}: {run:#?}");
            continue;
        };
        assert_eq!(run.code, Some(2), "{text}: {run:#?}");
        let expected = format!("parity.yaml:{line}: a policy file must have one document");
        assert!(run.stderr.contains(&expected), "{text}: {run:#?}");
    }
}
