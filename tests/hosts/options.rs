//! The settings of a policy, each under every kustomize.

use crate::Scene;
use crate::support::require;

const SLOW: &str =
    "{op: replace, path: /spec/template/spec/containers/0/livenessProbe/periodSeconds, value: 60}";

/// Six times the CPU: a warning.
const BIG: &str =
    "{op: replace, path: /spec/template/spec/containers/0/resources/requests/cpu, value: 600m}";

#[test]
fn warnings_fail_the_build_only_if_the_policy_says_so() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        scene.patch(BIG);
        let built = scene.build(&host);
        assert_eq!(crate::support::rules(&built.found(2)), ["scale-factor"]);
        assert!(built.run.succeeded(), "{:#?}", built.run);
        assert_eq!(built.run.stderr, built.calls[1].stderr);
        assert_eq!(built.run.stdout, scene.plain(&host));

        scene.policy("environment: production, failOn: warning");
        scene.build(&host).fails(2, &["scale-factor"]);
    }
}

#[test]
fn a_rule_may_be_ignored_or_less_severe() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        scene.patch(SLOW);
        scene.build(&host).fails(2, &["health-checks"]);

        scene.policy("rules: {health-checks: {severity: ignore}}");
        assert_eq!(scene.build(&host).passes(2), scene.plain(&host));

        for severity in ["info", "warning"] {
            scene.policy(&format!(
                "rules: {{health-checks: {{severity: {severity}}}}}"
            ));
            let built = scene.build(&host);
            let found = built.found(2);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].severity, severity);
            assert!(built.run.succeeded(), "{:#?}", built.run);
        }

        scene.patch(BIG);
        scene.policy("rules: {scale-factor: {max: 6}}");
        assert_eq!(scene.build(&host).passes(2), scene.plain(&host));
        scene.policy("rules: {scale-factor: {max: 5.99, severity: error}}");
        scene.build(&host).fails(2, &["scale-factor"]);
    }
}

#[test]
fn an_allowed_class_passes_and_no_other_does() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        scene.patch(SLOW);
        scene.policy("allow: {classes: [health-checks]}");
        assert_eq!(scene.build(&host).passes(2), scene.plain(&host));
        // A list replaces the default.
        scene.patch("{op: replace, path: /spec/replicas, value: 2}");
        scene.build(&host).fails(2, &["replicas"]);
    }
}

/// Changes that make an overlay an environment are not findings, unless the policy counts them.
#[test]
fn identity_counts_if_the_policy_is_strict() {
    let labels = "labels: [{pairs: {tier: gold}}]\n";
    let annotations = "commonAnnotations: {owner: shop}\n";
    for host in require!(kustomizes()) {
        for (body, strict) in [
            ("namePrefix: eu-\n", "other"),
            ("nameSuffix: -blue\n", "other"),
            ("namespace: production\n", "other"),
            (labels, "labels"),
            (annotations, "annotations"),
        ] {
            let scene = Scene::new();
            scene.overlay(body);
            assert_eq!(scene.build(&host).passes(2), scene.plain(&host), "{body}");
            scene.policy("environment: production, identity: strict");
            let said = scene.build(&host).fails(2, &[strict]).to_owned();
            // All three resources are named.
            for kind in ["v1 ConfigMap ", "v1 Service ", "apps/v1 Deployment "] {
                assert!(said.contains(kind), "{body}: {said}");
            }
        }
    }
}

/// With `emit: none` the function gives kustomize's `validators:` the only answer that it accepts.
#[test]
fn a_validator_emits_nothing_and_keeps_everything() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        let under = |key: &str| {
            let body = format!("resources: [../base]\n{key}: [policy.yaml]\n");
            scene.tree.write("overlay/kustomization.yaml", &body);
        };
        let plain = scene.plain(&host);
        under("validators");
        scene.policy("emit: none");
        let built = scene.build(&host);
        assert_eq!(built.passes(2), plain);
        assert!(built.calls[1].stdout.contains("items: []\n"));
        assert!(!built.calls[1].stdout.contains("Deployment"));

        // Returned items are refused, with an error; and `transformers:` would delete everything.
        scene.policy("emit: items");
        let built = scene.build(&host);
        assert_eq!((built.calls.len(), built.calls[1].code), (2, 0));
        let said = built.run.expect_failure(&host.name);
        assert!(said.contains("shouldn't modify the resource map"), "{said}");
        under("transformers");
        scene.policy("emit: none");
        assert_eq!(scene.build(&host).passes(2).trim(), "");

        under("validators");
        scene
            .tree
            .write("base/kustomization.yaml", "resources: [app.yaml]\n");
        scene.build(&host).fails(1, &["missing-baseline"]);
    }
}

/// The middle layer is the reference of the layer above it.
#[test]
fn the_baseline_may_be_a_layer() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        scene.tree.write(
            "middle/kustomization.yaml",
            "resources: [../base]\nimages: [{name: registry.example/app, newTag: '2'}]\ntransformers: [record.yaml]\n",
        );
        let record = crate::recorder("app", "spec: {environment: region}\n");
        scene.tree.write("middle/record.yaml", &record);
        let overlay = "resources: [../middle]\nnamePrefix: eu-\ntransformers: [policy.yaml]\n";
        scene.tree.write("overlay/kustomization.yaml", overlay);
        scene.build(&host).fails(3, &["image"]);
        scene.policy("environment: production, baseline: region");
        scene.build(&host).passes(3);
        scene.policy("environment: production, baseline: regoin");
        let said = scene
            .build(&host)
            .fails(3, &["missing-baseline"])
            .to_owned();
        assert!(said.contains("region"), "{said}");
    }
}

/// A function that kustomize cannot start fails the build. One that it may not start does not fail
/// it, so the examples' README names the flags, and recommends a build that must fail beside each
/// wiring.
#[test]
fn a_missing_program_fails_and_a_missing_flag_shows_in_the_count_of_runs() {
    for host in require!(kustomizes()) {
        let scene = Scene::new();
        scene.patch(SLOW);
        let mut command = host.command();
        command
            .args(["--enable-alpha-plugins", "--enable-exec"])
            .env("PATH", scene.tree.path(""))
            .arg(scene.tree.path("overlay"));
        let said = crate::support::run(&mut command).expect_failure(&host.name);
        assert!(said.contains("krm-parity"), "{said}");

        let skipped = host.build(&scene.tree.path("overlay"), &["--enable-alpha-plugins"]);
        assert!(scene.tap.calls().is_empty());
        assert!(skipped.succeeded() && skipped.stderr.is_empty());
        assert!(skipped.stdout.contains("periodSeconds: 60"));
    }
}

/// A mistake in the policy stops the build with one line, which names the place and the right word.
#[test]
fn a_mistake_in_the_policy_fails_the_build() {
    for host in require!(kustomizes()) {
        for (spec, words) in [
            ("enviroment: production", ["enviroment", "environment"]),
            (
                "rules: {health-check: {severity: ignore}}",
                ["health-check", "health-checks"],
            ),
            ("allow: {classes: [replica]}", ["replica", "replicas"]),
            ("failOn: never", ["never", "warning"]),
        ] {
            let scene = Scene::new();
            scene.policy(spec);
            let built = scene.build(&host);
            let said = built.refuses(2);
            assert!(words.iter().all(|word| said.contains(word)), "{said}");
            assert!(said.contains("line "), "{said}");
        }
    }
}
