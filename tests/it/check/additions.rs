//! Additions of several environments to one base are compared with each other, and chains of environments count once.

use super::{NEWEST, report};
use crate::support::{Tree, require};

const WEB: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    \
                   metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - {name: web, image: 'web:1', resources: {requests: {cpu: 200m}}}\n";

/// A service with these environments, each with its patch for the pods of the base's Deployment.
fn service(environments: &[(&str, &str)]) -> Tree {
    let tree = Tree::new();
    tree.kustomization("base", "web.yaml", WEB);
    for (name, patch) in environments {
        on(&tree, "../base", name, patch);
    }
    tree
}

/// An environment that loads `below` and patches its pods; if `pod` is empty, there is no patch.
fn on(tree: &Tree, below: &str, name: &str, pod: &str) {
    let patch = format!(
        "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: web}}\n    spec: {{template: {{spec: {{{pod}}}}}}}\n"
    );
    let patch = if pod.is_empty() { "" } else { &patch };
    tree.write(
        &format!("overlays/{name}/kustomization.yaml"),
        &format!("resources: [../{below}]\n{patch}"),
    );
}

/// A second container beside that of the base.
fn proxy(image: &str, more: &str) -> String {
    format!("containers: [{{name: proxy, image: '{image}'{more}}}]")
}

/// `severity rule environment baseline path:line` of each finding, without those that compare with the base.
fn told(tree: &Tree) -> Vec<String> {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let report = report(&kustomize, &tree.path(""), &[]);
    let findings = report["findings"].as_array().expect("findings").iter();
    let told = findings.map(|one| {
        let words = ["severity", "rule", "environment", "baseline"];
        let words = words.map(|word| one[word].as_str().unwrap_or_default().to_owned());
        let path = one["field"]["path"].as_str().unwrap_or_default();
        let path = path.trim_start_matches("spec.template.spec.");
        let line = &one["place"]["line"];
        format!("{} {path}:{line}", words.join(" "))
    });
    told.filter(|line| !line.contains(" base ")).collect()
}

const EXEMPT: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\nspec:\n  exemptions:\n  - {rule: containers, reason: r, expires: '2027-01-01'}\n";

#[test]
fn additions_of_two_environments_are_compared_with_each_other() {
    let _kustomize = require!(kustomize(NEWEST));
    let privileged = ", securityContext: {privileged: true}";
    let tree = service(&[
        ("dev", ""),
        ("staging", &proxy("proxy:1", "")),
        ("prod", &proxy("proxy:1", privileged)),
    ]);
    let odd = "error environment-mismatch prod staging containers[name=proxy].securityContext:7";
    assert_eq!(told(&tree), [odd]);
    // An exemption for the added container does not cover differences inside it.
    tree.write("parity.yaml", EXEMPT);
    assert_eq!(told(&tree), [odd]);
    // The majority of the environments that have the container is right; one without it has no vote.
    on(&tree, "../base", "qa", &proxy("proxy:1", privileged));
    assert_eq!(told(&tree), [odd.replace("prod staging", "staging qa")]);
}

#[test]
fn equal_additions_are_not_reported_and_permitted_differences_apply_inside() {
    let _kustomize = require!(kustomize(NEWEST));
    let more = |level: &str, cpu: &str| {
        let text = format!(
            ", env: [{{name: LEVEL, value: {level}}}], resources: {{requests: {{cpu: {cpu}}}}}"
        );
        proxy("proxy:1", &text)
    };
    let tree = service(&[
        ("dev", ""),
        ("staging", &more("debug", "100m")),
        ("prod", &more("debug", "100m")),
    ]);
    assert_eq!(told(&tree), [""; 0]);
    on(&tree, "../base", "prod", &more("info", "200m"));
    assert_eq!(told(&tree), [""; 0]);
    // Less than in the earlier environment is still reported.
    on(&tree, "../base", "prod", &more("info", "50m"));
    let less =
        "error inverted-resources prod staging containers[name=proxy].resources.requests.cpu:7";
    assert_eq!(told(&tree), [less]);
    // A variable that one of them lacks is more than another value.
    let lacks = proxy("proxy:1", ", resources: {requests: {cpu: 100m}}");
    on(&tree, "../base", "prod", &lacks);
    let lack = "error environment-mismatch prod staging containers[name=proxy].env[name=LEVEL]:7";
    assert_eq!(told(&tree), [lack]);
}

#[test]
fn the_image_of_a_container_that_two_add_must_pass_the_first() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = service(&[
        ("dev", ""),
        ("staging", &proxy("proxy:1", "")),
        ("prod", &proxy("proxy:2", "")),
    ]);
    let found = told(&tree);
    let place = "unpromoted-image prod staging containers[name=proxy].image:7";
    assert!(
        matches!(found.as_slice(), [one] if one.ends_with(place)),
        "{found:?}"
    );
    // An image from another repository is another program.
    on(&tree, "../base", "prod", &proxy("other/proxy:1", ""));
    let odd = "error environment-mismatch prod staging containers[name=proxy].image:7";
    assert_eq!(told(&tree), [odd]);
}

#[test]
fn the_addition_of_a_layer_is_compared_for_its_region() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = service(&[
        ("dev", ""),
        ("staging", &proxy("proxy:1", "")),
        ("prod", &proxy("proxy:1", ", tty: true")),
    ]);
    on(&tree, "prod", "prod-eu", "");
    let odd = "error environment-mismatch prod-eu staging containers[name=proxy].tty:7";
    assert_eq!(told(&tree), [odd]);
}

#[test]
fn an_environment_that_another_loads_is_still_one() {
    let _kustomize = require!(kustomize(NEWEST));
    let cpu =
        |cpu: &str| format!("containers: [{{name: web, resources: {{requests: {{cpu: {cpu}}}}}}}]");
    let tree = service(&[("staging", &cpu("250m")), ("production", "")]);
    let less = |late: &str, early: &str, line: u32| {
        format!(
            "error inverted-resources {late} {early} containers[name=web].resources.requests.cpu:{line}"
        )
    };
    let inverted = told(&tree);
    assert_eq!(inverted.len(), 1, "{inverted:?}");
    // An environment that loads it is a separate one and does not replace it.
    on(&tree, "staging", "devenv", &cpu("100m"));
    assert_eq!(told(&tree), inverted);
    // Not even if the two are identical.
    on(&tree, "staging", "devenv", "");
    let found = told(&tree);
    assert_eq!(found.len(), 1, "{found:?}");
    // A difference that production inherits from staging is reported for staging.
    let tree = service(&[("dev", &cpu("250m")), ("staging", &cpu("100m"))]);
    on(&tree, "staging", "production", "");
    assert_eq!(told(&tree), [less("staging", "dev", 7)]);
    // A value that production itself makes worse is reported for production.
    on(&tree, "staging", "production", &cpu("50m"));
    assert_eq!(
        told(&tree),
        [less("production", "dev", 7), less("staging", "dev", 7)]
    );
}

/// The severities and rules of the findings against the base, and whether environments differ from each other.
fn weights(tree: &Tree) -> (Vec<String>, bool) {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let report = report(&kustomize, &tree.path(""), &[]);
    let findings = report["findings"].as_array().expect("findings");
    let of_base = findings.iter().filter(|one| one["baseline"] == "base");
    let weights = of_base.map(|one| {
        let words = ["severity", "rule"].map(|word| one[word].as_str().unwrap_or_default());
        words.join(" ")
    });
    let is_mismatch = findings
        .iter()
        .any(|one| one["rule"] == "environment-mismatch");
    (weights.collect(), is_mismatch)
}

#[test]
fn a_placeholder_image_of_a_base_is_filled_in() {
    let _kustomize = require!(kustomize(NEWEST));
    let image = |image: &str| format!("containers: [{{name: web, image: '{image}'}}]");
    for (placeholder, weight) in [
        ("controller:latest", "info image"),
        ("REGISTRY/web:1", "info image"),
        ("quay.io/shop/web:set-by-overlay", "info image"),
        ("docker.io/shop/web:1", "error image"),
    ] {
        let both = |prod: &str| {
            let tree = Tree::new();
            let text = WEB.replace("web:1", placeholder);
            tree.kustomization("base", "web.yaml", &text);
            on(&tree, "../base", "staging", &image("ghcr.io/shop/web:1"));
            on(&tree, "../base", "prod", &image(prod));
            weights(&tree)
        };
        let two = vec![weight.to_owned(); 2];
        assert_eq!(both("ghcr.io/shop/web:1"), (two.clone(), false));
        // All environments must fill in the same image.
        assert_eq!(both("other.io/shop/web:1"), (two, true));
    }
}

#[test]
fn the_only_environment_fills_in_an_open_field_of_the_base() {
    let _kustomize = require!(kustomize(NEWEST));
    let class = |class: &str| format!("priorityClassName: {class}");
    let base = |tree: &Tree, class: &str| {
        let text = WEB.replace(
            "      containers:",
            &format!("      priorityClassName: '{class}'\n      containers:"),
        );
        tree.kustomization("base", "web.yaml", &text);
    };
    let tree = Tree::new();
    base(&tree, "");
    on(&tree, "../base", "prod", &class("high"));
    assert_eq!(weights(&tree).0, ["info other"]);
    // A field that has a value in the base is not open.
    base(&tree, "low");
    assert_eq!(weights(&tree).0, ["error other"]);
    // The field is not filled in either where another environment leaves it empty.
    base(&tree, "");
    on(&tree, "../base", "staging", "");
    assert_eq!(weights(&tree).0, ["error other"]);
}

#[test]
fn the_help_fits_an_addition_of_every_environment() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = service(&[("staging", ""), ("prod", "")]);
    let help = |names: &[&str], kind: &str| {
        for name in ["staging", "prod"] {
            let resources = if names.contains(&name) {
                "resources: [../../base, extra.yaml]\n"
            } else {
                "resources: [../../base]\n"
            };
            tree.write(&format!("overlays/{name}/kustomization.yaml"), resources);
            let extra = format!("{kind}\nmetadata: {{name: extra}}\nspec: {{}}\n");
            tree.write(&format!("overlays/{name}/extra.yaml"), &extra);
        }
        let report = report(&kustomize, &tree.path(""), &[]);
        let finding = &report["findings"][0];
        assert_eq!(finding["rule"], "added-resource", "{finding:#}");
        finding["help"].as_str().unwrap_or_default().to_owned()
    };
    let service = "apiVersion: v1\nkind: Service";
    let all = help(&["staging", "prod"], service);
    assert!(
        all.starts_with("Every environment adds it. Move the resource to the base"),
        "{all}"
    );
    let one = help(&["prod"], service);
    assert!(one.contains("then every environment has it"), "{one}");
    // A base cannot hold a resource that is encrypted for one namespace.
    let sealed = "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret";
    let sealed = help(&["staging", "prod"], sealed);
    assert!(
        sealed.contains("every environment needs its own"),
        "{sealed}"
    );
}
