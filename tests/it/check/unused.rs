//! Entries of a policy that match nothing: each is reported with what it may have meant, except those about parts
//! that were not checked.

use super::{NEWEST, report};
use crate::support::{Tree, require};

/// Two services: `production` of `cart` has a node selector, and `production` of `web` has another probe.
fn shop() -> Tree {
    let tree = Tree::new();
    for service in ["cart", "web"] {
        tree.kustomization(
            &format!("{service}/base"),
            "deployment.yaml",
            &format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {service}}}\nspec: {{template: {{spec: {{containers: [{{name: app, image: 'app:1', livenessProbe: {{periodSeconds: 10}}}}]}}}}}}\n"
            ),
        );
        for environment in ["dev", "production"] {
            tree.overlay(&format!("{service}/overlays/{environment}"), "");
        }
    }
    for (service, spec) in [
        ("cart", "nodeSelector: {disk: ssd}"),
        (
            "web",
            "containers: [{name: app, livenessProbe: {periodSeconds: 30}}]",
        ),
    ] {
        tree.overlay(
            &format!("{service}/overlays/production"),
            &format!(
                "patches:\n- patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata: {{name: {service}}}\n    spec: {{template: {{spec: {{{spec}}}}}}}\n"
            ),
        );
    }
    tree
}

/// Writes a policy with these entries of a list, each on its own line, from line 5 on.
fn policy(tree: &Tree, list: &str, entries: &[String]) {
    let ends = "}".repeat(1 + list.matches('{').count());
    let entries = entries.join(",\n  ");
    tree.write(
        "parity.yaml",
        &format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {{environments: [dev, production],\n  {list} [\n  {entries}\n  ]{ends}\n"
        ),
    );
}

/// The unused entries, as `line: headline`.
fn unused(tree: &Tree, directory: &str, arguments: &[&str]) -> Vec<String> {
    let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
    let report = report(&kustomize, &tree.path(directory), arguments);
    let all = report["findings"].as_array().expect("findings").iter();
    let own = all.filter(|one| one["rule"] == "unused-exemption");
    own.map(|one| {
        assert_eq!(one["severity"], "warning", "{one:#}");
        assert_eq!(one["exemption"], serde_json::Value::Null, "{one:#}");
        let headline = one["headline"].as_str().unwrap_or_default();
        format!("{}: {headline}", one["place"]["line"])
    })
    .collect()
}

const SELECTOR: &str = "spec.template.spec.nodeSelector";

#[test]
fn allowed_fields_that_match_nothing_are_reported_with_what_they_may_have_meant() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = shop();
    let field = |more: &str| format!("{{reason: why, {more}}}");
    for (entry, why) in [
        (format!("path: {SELECTOR}"), None),
        (format!("path: {SELECTOR}.disk, services: [cart]"), None),
        (format!("path: {SELECTOR}, target: {{name: c*}}"), None),
        // A field that its class permits as well still differs.
        ("path: '**.periodSeconds', services: [web]".to_owned(), None),
        (format!("path: {SELECTOR}.*"), None),
        (
            format!("path: {SELECTOR}, services: [crt]"),
            Some("no service has that name (did you mean cart?)"),
        ),
        (
            format!("path: {SELECTOR}, services: [web]"),
            Some("no difference that is checked is there"),
        ),
        (
            format!("path: {SELECTOR}, environments: [dev]"),
            Some("no difference that is checked is there"),
        ),
        (
            "path: spec.template.spec.nodeSelectr".to_owned(),
            Some(
                "no difference that is checked is there (did you mean spec.template.spec.nodeSelector?)",
            ),
        ),
        (
            format!("path: {SELECTOR}, target: {{kind: Deployment, name: catr}}"),
            Some("its target does not exist (did you mean cart?)"),
        ),
        (
            format!("path: {SELECTOR}, target: {{kind: Deploymnt, name: cart}}"),
            Some("no resource has the kind Deploymnt (did you mean Deployment?)"),
        ),
        (
            format!("path: {SELECTOR}, target: {{kind: Deployment, name: cart, namespace: shop}}"),
            Some("cart exists, but not in the namespace \"shop\""),
        ),
        (
            format!("path: {SELECTOR}, target: {{group: app, kind: Deployment}}"),
            Some("Deployment is in the group \"apps\""),
        ),
        (
            format!("path: {SELECTOR}, target: {{kind: Ingress}}"),
            Some("no resource of its services and environments matches its target"),
        ),
    ] {
        policy(&tree, "allow: {fields:", &[field(&entry)]);
        let expected: Vec<String> = why
            .iter()
            .map(|why| {
                let path = entry.split([' ', ',']).nth(1).unwrap().trim_matches('\'');
                format!("5: spec.allow.fields[0] ({path}, why) matched nothing: {why}")
            })
            .collect();
        assert_eq!(unused(&tree, "", &[]), expected, "{entry}");
    }
}

#[test]
fn services_and_patterns_of_the_layout_are_reported_too() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = shop();
    let all = [
        "{name: cart, environments: [dev, production]}",
        "{name: wbe, environments: [dev]}",
        "{name: '*', environments: [dev, production]}",
        "{name: web, environments: [dev]}",
        "{name: other, environments: [dev]}",
    ];
    policy(&tree, "services:", &all.map(str::to_owned));
    let services = [
        "6: spec.services[1] (wbe) matched nothing: no service has that name (did you mean web?)",
        "8: spec.services[3] (web) matched nothing: spec.services[2] comes first and matches the same service",
        "9: spec.services[4] (other) matched nothing: no service has that name",
    ];
    assert_eq!(unused(&tree, "", &[]), services);
    // A check of a part knows nothing about the rest.
    assert_eq!(unused(&tree, "web", &[]), [""; 0]);

    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  layout:\n    overlays:\n    - '{service}/overlays/{environment}'\n    - apps/{service}/{environment}\n    ignore:\n    - test/*\n    - 'web/*/dev'\n    - web/overlay/dev\n",
    );
    let patterns = [
        "7: spec.layout.overlays[1] (apps/{service}/{environment}) matched nothing: no directory with a kustomization matches it",
        "9: spec.layout.ignore[0] (test/*) matched nothing: no directory with a kustomization matches it",
        "11: spec.layout.ignore[2] (web/overlay/dev) matched nothing: no directory with a kustomization matches it (did you mean web/overlays/dev?)",
    ];
    let mut found = unused(&tree, "", &[]);
    found.sort_by_key(|line| {
        line.split(':')
            .next()
            .and_then(|line| line.parse::<u32>().ok())
    });
    assert_eq!(found, patterns);
    assert_eq!(unused(&tree, "web", &[]), [""; 0]);
}

/// An entry that another part of the repository may need, or an environment that was not built, is not reported.
#[test]
fn an_entry_about_an_unchecked_part_may_match() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = shop();
    let entries = [
        format!("{{path: {SELECTOR}, services: [cart], environments: [dev], reason: a}}"),
        format!("{{path: {SELECTOR}, environments: [dev], reason: b}}"),
        format!("{{path: {SELECTOR}, services: [web], reason: c}}"),
    ];
    policy(&tree, "allow: {fields:", &entries);
    let names = |found: Vec<String>| -> String {
        let reasons = found.iter().filter_map(|line| {
            line.split(", ")
                .nth(1)?
                .split(')')
                .next()
                .map(str::to_owned)
        });
        reasons.collect()
    };
    assert_eq!(names(unused(&tree, "", &[])), "abc");
    assert_eq!(names(unused(&tree, "web", &[])), "c");
    assert_eq!(names(unused(&tree, "", &["--shard", "1/2"])), "a");
    assert_eq!(names(unused(&tree, "", &["--shard", "2/2"])), "c");
    tree.write(
        "cart/overlays/dev/kustomization.yaml",
        "resources: [nowhere.yaml]\n",
    );
    assert_eq!(names(unused(&tree, "", &[])), "c");
    // Rendered manifests are all that is known, but not all that exists.
    let build = |directory: &str| {
        let built = std::process::Command::new(&kustomize)
            .args(["build", directory])
            .current_dir(tree.path("web"))
            .output()
            .expect("kustomize");
        String::from_utf8(built.stdout).expect("text")
    };
    for (name, directory) in [("base", "base"), ("production", "overlays/production")] {
        tree.write(&format!("out/{name}.yaml"), &build(directory));
    }
    let rendered = unused(&tree, "", &["--policy", "parity.yaml", "--rendered", "out"]);
    assert_eq!(rendered, [""; 0]);
}

/// The rule has its own severity, as every rule does.
#[test]
fn an_unused_entry_has_the_severity_that_the_policy_sets() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = shop();
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  allow: {fields: [{path: spec.nothing, reason: why}]}\n  rules: {unused-exemption: {severity: error}}\n",
    );
    let report = report(&kustomize, &tree.path(""), &[]);
    let all = report["findings"].as_array().expect("findings").iter();
    let own: Vec<_> = all
        .filter(|one| one["rule"] == "unused-exemption")
        .collect();
    assert!(own.len() == 1 && own[0]["severity"] == "error", "{own:#?}");
}

/// An addition is allowed as a whole, or not at all.
#[test]
fn an_entry_for_part_of_an_addition_is_reported_as_such() {
    let _kustomize = require!(kustomize(NEWEST));
    let tree = shop();
    let patch = tree.read("cart/overlays/production/kustomization.yaml");
    let patch = patch.replace("{disk: ssd}", "{disk: ssd, zone: a}");
    tree.write("cart/overlays/production/kustomization.yaml", &patch);
    let entry = format!("{{reason: why, path: {SELECTOR}.disk}}");
    policy(&tree, "allow: {fields:", &[entry]);
    let why = format!(
        "5: spec.allow.fields[0] ({SELECTOR}.disk, why) matched nothing: it matches only a part of {SELECTOR}, which is added or removed as a whole"
    );
    assert_eq!(unused(&tree, "", &[]), [why]);
}

/// The suggestion for an exemption comes from its own services and target.
#[test]
fn an_exemption_is_reported_with_what_it_may_have_meant() {
    let kustomize = require!(kustomize(NEWEST));
    let tree = shop();
    let exemption = |more: &str| format!("{{reason: why, expires: 2027-01-31, {more}}}");
    let probe = "spec.template.spec.containers[name=app].livenessProbe";
    for (entry, why) in [
        (
            "rule: health-checks, path: '**.livenessProbe', services: [web]",
            "the nearest finding of this rule is at PROBE.periodSeconds",
        ),
        (
            "rule: health-checks, path: '**.livenessProbe', services: [cart]",
            "there is no finding of health-checks",
        ),
        (
            "rule: health-checks, path: '**.livenessProbe', target: {name: cart}",
            "there is no finding of health-checks",
        ),
        (
            "rule: health-checks, target: {kind: Deploymet}",
            "no resource has the kind Deploymet (did you mean Deployment?)",
        ),
        (
            "rule: health-checks, services: [wbe]",
            "no service has that name (did you mean web?)",
        ),
    ] {
        policy(&tree, "exemptions:", &[exemption(entry)]);
        let report = report(&kustomize, &tree.path(""), &[]);
        let all = report["findings"].as_array().expect("findings").iter();
        let own = all.filter(|one| one["rule"] == "unused-exemption");
        let told: Vec<_> = own.filter_map(|one| one["headline"].as_str()).collect();
        let rule = "spec.exemptions[0] (health-checks, why) matched nothing";
        let expected = format!("{rule}: {}", why.replace("PROBE", probe));
        assert_eq!(told, [expected], "{entry}");
    }
    // Without a list in the policy, the environments are those that exist.
    tree.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {exemptions: [{rule: image, environments: [prod], reason: why, expires: 2027-01-31}]}\n",
    );
    let report = report(&kustomize, &tree.path(""), &[]);
    assert!(
        report
            .to_string()
            .contains("none of its services has that environment (did you mean production?)"),
        "{report:#}"
    );
}
