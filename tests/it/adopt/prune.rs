//! How `init --adopt` treats exemptions that no longer match anything.

use std::path::Path;

use super::repository::Repository;
use crate::support::{NEWEST, Run, require};

/// Two services of one container each, whose `production` is changed by patch operations.
struct Shop(Repository);

const IMAGE: &str =
    "{op: replace, path: /spec/template/spec/containers/0/image, value: 'example.com/x:2'}";
const PERIOD: &str =
    "{op: replace, path: /spec/template/spec/containers/0/livenessProbe/periodSeconds, value: 30}";

impl Shop {
    fn new(kustomize: &Path) -> Self {
        let shop = Self(Repository::new("shop", kustomize));
        for service in ["cart", "web"] {
            let write = |file: &str, text: &str| shop.0.write(&format!("{service}/{file}"), text);
            write(
                "base/deployment.yaml",
                &format!(
                    "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {service}}}\nspec:\n  selector: {{matchLabels: {{app: a}}}}\n  \
                     template:\n    metadata: {{labels: {{app: a}}}}\n    spec:\n      containers:\n      - name: {service}\n        image: example.com/x:1\n        \
                     livenessProbe: {{httpGet: {{path: /, port: 80}}, periodSeconds: 10}}\n"
                ),
            );
            write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
            write(
                "overlays/dev/kustomization.yaml",
                "resources: [../../base]\n",
            );
            shop.set(service, "production", &[]);
        }
        shop
    }

    fn set(&self, service: &str, environment: &str, operations: &[&str]) {
        let lines: String = operations
            .iter()
            .map(|one| format!("    - {one}\n"))
            .collect();
        let patches = if lines.is_empty() {
            String::new()
        } else {
            format!("patches:\n- target: {{kind: Deployment}}\n  patch: |\n{lines}")
        };
        self.0.write(
            &format!("{service}/overlays/{environment}/kustomization.yaml"),
            &format!("resources: [../../base]\n{patches}"),
        );
    }

    fn policy(&self, exemptions: &str) {
        self.0.write("parity.yaml", &format!("{HEAD}{exemptions}"));
    }

    fn init(&self, more: &[&str]) -> Run {
        self.0
            .krm_parity(&[&["init", "--adopt", "--yes"], more].concat())
    }

    /// Prunes, and checks that a second run has nothing to do.
    fn prune(&self) -> Run {
        let pruned = self.init(&["--prune"]);
        let text = self.0.read("parity.yaml");
        let again = self.init(&["--prune"]);
        assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
        assert_eq!(self.0.read("parity.yaml"), text);
        pruned
    }
}

const HEAD: &str = "# ours\napiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  environments: [dev, production]\n  exemptions:\n";

/// An exemption for a service's image or probe, until a day.
fn entry(service: &str, field: &str, expires: &str) -> String {
    let (rule, path) = match field {
        "image" => ("image", "**.image"),
        _ => ("health-checks", "**.periodSeconds"),
    };
    format!(
        "  - rule: {rule}\n    path: \"{path}\"\n    services: [{service}]\n    reason: {field} of {service} # inside\n    expires: \"{expires}\"\n"
    )
}

const SOON: &str = "2026-12-31";
const OVER: &str = "2026-06-01";

#[test]
fn exemptions_that_match_nothing_are_removed_and_all_else_stays() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    shop.set("web", "production", &[IMAGE]);
    let kept = entry("web", "image", SOON);
    let before = format!(
        "  # about the probe of web\n{}\n  # about the image of web\n{kept}\n  # about the image of cart\n{}{}  # the end\n  failOn: error # as ever\n",
        entry("web", "probe", SOON),
        entry("cart", "image", SOON),
        entry("cart", "probe", OVER),
    );
    shop.policy(&before);
    let shown = shop
        .0
        .krm_parity(&["init", "--adopt", "--prune", "--dry-run"]);
    assert!(
        shown.succeeded()
            && shown
                .stdout
                .contains("\nThis removes 3 exemptions that matched"),
        "{shown:#?}"
    );
    assert_eq!(shop.0.read("parity.yaml"), format!("{HEAD}{before}"));
    let pruned = shop.prune();
    assert!(pruned.succeeded(), "{pruned:#?}");
    assert_eq!(
        shop.0.read("parity.yaml"),
        format!("{HEAD}  # about the image of web\n{kept}  # the end\n  failOn: error # as ever\n")
    );
    for part in [
        "\nWrote parity.yaml.\nThere was no finding to adopt.\nRemoved 3 exemptions that matched nothing any more:\n",
        "  parity.yaml:8: spec.exemptions[0] (health-checks, probe of web) matched nothing: there is no finding",
        "  parity.yaml:27: spec.exemptions[3] (health-checks, probe of cart) matched nothing",
    ] {
        assert!(pruned.stdout.contains(part), "{part}: {pruned:#?}");
    }
    let checked = shop.0.krm_parity(&["check"]);
    assert!(checked.succeeded(), "{checked:#?}");
    assert!(!checked.stdout.contains("-exemption"), "{checked:#?}");
}

/// Without the flag nothing is removed, and an expired exemption keeps its reason as long as its finding is there.
#[test]
fn an_exemption_that_needs_a_decision_stays() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    shop.set("web", "production", &[IMAGE]);
    let over = entry("web", "image", OVER);
    shop.policy(&format!("{over}{}", entry("cart", "image", SOON)));
    let before = shop.0.read("parity.yaml");
    let adopted = shop.init(&[]);
    assert_eq!(adopted.code, Some(1), "{adopted:#?}");
    assert_eq!(shop.0.read("parity.yaml"), before);
    let pruned = shop.prune();
    assert_eq!(pruned.code, Some(1), "{pruned:#?}");
    assert!(
        pruned
            .stderr
            .contains("1 finding whose exemption has expired; fix"),
        "{pruned:#?}"
    );
    assert_eq!(shop.0.read("parity.yaml"), format!("{HEAD}{over}"));
    let alone = shop.0.krm_parity(&["init", "--prune", "--yes"]);
    assert_eq!(alone.code, Some(2), "{alone:#?}");
}

/// It is unknown what an exemption matches in services that were not checked.
#[test]
fn exemptions_of_unchecked_services_stay() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let of_all = entry("'*'", "probe", SOON);
    shop.policy(&format!(
        "{}{}{of_all}",
        entry("cart", "image", SOON),
        entry("web", "image", SOON)
    ));
    let pruned = shop.init(&["--prune", "web"]);
    assert!(pruned.succeeded(), "{pruned:#?}");
    let left = format!("{HEAD}{}{of_all}", entry("cart", "image", SOON));
    assert_eq!(shop.0.read("parity.yaml"), left);
    // An environment that does not build may need it.
    shop.set(
        "cart",
        "production",
        &["{op: replace, path: /nothing/here, value: 1}"],
    );
    let pruned = shop.init(&["--prune"]);
    assert_eq!(pruned.code, Some(1), "{pruned:#?}");
    assert_eq!(shop.0.read("parity.yaml"), left);
    shop.set("cart", "production", &[]);
    let pruned = shop.prune();
    assert!(pruned.succeeded(), "{pruned:#?}");
    assert_eq!(shop.0.read("parity.yaml"), HEAD);
    // An empty list takes new entries, in the notation that a person would use.
    shop.set("web", "production", &[PERIOD]);
    let adopted = shop.init(&["--prune"]);
    assert!(adopted.succeeded(), "{adopted:#?}");
    let text = shop.0.read("parity.yaml");
    assert!(
        text.contains(
            "  exemptions:\n  # health-checks: 1 finding in web\n  - rule: health-checks\n"
        ),
        "{text}"
    );
}

/// Keys that only an absent file holds may be there where the file is.
#[test]
fn an_exemption_for_absent_keys_stays() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let generator = |more: &str| {
        format!(
            "secretGenerator:\n- name: keys\n  {more}\ngeneratorOptions: {{disableNameSuffixHash: true}}\n"
        )
    };
    let base = format!(
        "resources: [deployment.yaml]\n{}",
        generator("literals: [a=b]")
    );
    shop.0.write("web/base/kustomization.yaml", &base);
    shop.0.write(
        "web/overlays/production/kustomization.yaml",
        &format!(
            "resources: [../../base]\n{}",
            generator("behavior: merge\n  envs: [web.env]")
        ),
    );
    shop.0.write(".gitignore", "*.env\n");
    std::fs::remove_dir(shop.0.root().join(".git")).unwrap();
    let made = std::process::Command::new("git")
        .args(["init", "-q"])
        .current_dir(shop.0.root())
        .status();
    assert!(made.unwrap().success());
    let of = |kind: &str| {
        format!(
            "  - {{rule: config-keys, target: {{kind: {kind}}}, services: [web], reason: keys, expires: \"{SOON}\"}}\n"
        )
    };
    shop.policy(&format!("{}{}", of("Secret"), of("ConfigMap")));
    let pruned = shop.prune();
    assert!(pruned.succeeded(), "{pruned:#?}");
    assert_eq!(
        shop.0.read("parity.yaml"),
        format!("{HEAD}{}", of("Secret"))
    );
    let checked = shop.0.krm_parity(&["check"]);
    assert!(!checked.stdout.contains("unused-exemption"), "{checked:#?}");
    // Where the file is, nothing has to be guessed.
    shop.0.write("web/overlays/production/web.env", "a=c\n");
    let pruned = shop.prune();
    assert!(pruned.succeeded(), "{pruned:#?}");
    assert_eq!(shop.0.read("parity.yaml"), HEAD);
}

/// A policy may ignore exemptions that match nothing; that is not a reason to keep them.
#[test]
fn an_ignored_exemption_is_removed_too() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let rules = "  rules: {unused-exemption: {severity: ignore}}\n";
    shop.policy(&format!("{}{rules}", entry("web", "image", SOON)));
    let pruned = shop.prune();
    assert!(pruned.succeeded(), "{pruned:#?}");
    assert_eq!(shop.0.read("parity.yaml"), format!("{HEAD}{rules}"));
}

#[test]
fn an_exemption_that_cannot_be_removed_is_reported_and_nothing_is_written() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    shop.set("web", "production", &[PERIOD]);
    for (text, part) in [
        (
            "  - &one {rule: image, reason: none, expires: 2026-12-31}\n  - {<<: *one, rule: health-checks}\n",
            "spec.exemptions[0] cannot be removed from the file: something else refers to it, as by an anchor; edit it by hand",
        ),
        (
            "  - {rule: image, reason: &why none, expires: 2026-12-31}\n  - {rule: health-checks, reason: *why, expires: 2026-12-31}\n",
            "spec.exemptions[0] cannot be removed from the file: something else refers to it",
        ),
    ] {
        shop.policy(text);
        let refused = shop.init(&["--prune"]);
        assert_eq!(refused.code, Some(2), "{refused:#?}");
        assert!(
            refused.stderr.contains("nothing was changed: parity.yaml")
                && refused.stderr.contains(part),
            "{refused:#?}"
        );
        assert_eq!(shop.0.read("parity.yaml"), format!("{HEAD}{text}"));
    }
}

/// An exemption that holds a value makes room for the one of another value, and passes its reason on.
#[test]
fn another_value_replaces_the_previous_one() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    shop.set("web", "production", &[IMAGE, PERIOD]);
    let adopted = shop.init(&["--days", "30"]);
    assert!(adopted.succeeded(), "{adopted:#?}");
    let first = shop.0.read("parity.yaml");
    let todo = "\"adopted 2026-06-15: TODO say why this may stay until then, and who fixes it";
    let owned = first.replacen(&format!("{todo}\""), "\"INC-12, slow start\" # team web", 1);
    let owned = owned.replacen("  - rule: image", "  # agreed on\n  - rule: image", 1);
    shop.0.write("parity.yaml", &owned);
    shop.set(
        "web",
        "production",
        &[&IMAGE.replace(":2", ":3"), &PERIOD.replace("30", "60")],
    );
    let adopted = shop.init(&["--days", "60"]);
    assert!(adopted.succeeded(), "{adopted:#?}");
    let second = shop.0.read("parity.yaml");
    let expected = owned
        .replace("value: \"30\"", "value: \"60\"")
        .replace("x:2\"", "x:3\"")
        .replace("2026-07-15", "2026-08-14")
        .replace(
            "\"INC-12, slow start\" # team web",
            &format!("{todo}; the reason for the value before: INC-12, slow start\""),
        );
    assert_eq!(second, expected);
    // Whatever happens to it later, the person's own words stay.
    shop.set(
        "web",
        "production",
        &[&IMAGE.replace(":2", ":4"), &PERIOD.replace("30", "90")],
    );
    let adopted = shop.init(&["--days", "60"]);
    assert!(adopted.succeeded(), "{adopted:#?}");
    let third = second.replace("\"60\"", "\"90\"").replace("x:3\"", "x:4\"");
    assert_eq!(shop.0.read("parity.yaml"), third);
    let checked = shop.0.krm_parity(&["check"]);
    assert!(checked.succeeded(), "{checked:#?}");
    assert!(!checked.stdout.contains("-exemption"), "{checked:#?}");
    let again = shop.init(&[]);
    assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
}

/// Only an exemption that matches nothing makes room: one that applies elsewhere stays beside the new one.
#[test]
fn an_exemption_that_applies_elsewhere_stays() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let hold = |expires: &str| {
        format!(
            "  - {{rule: image, path: \"**.image\", value: \"example.com/x:2\", reason: both, expires: \"{expires}\"}}\n"
        )
    };
    shop.set("cart", "production", &[IMAGE]);
    shop.set("web", "production", &[&IMAGE.replace(":2", ":3")]);
    shop.policy(&hold(SOON));
    let adopted = shop.init(&[]);
    assert!(adopted.succeeded(), "{adopted:#?}");
    let text = shop.0.read("parity.yaml");
    assert!(
        text.starts_with(&format!("{HEAD}{}", hold(SOON))) && text.contains("services: [web]"),
        "{text}"
    );
    // If only a part is checked, it is unknown whether it applies elsewhere.
    shop.policy(&hold(SOON));
    let adopted = shop.init(&["web"]);
    assert!(adopted.succeeded(), "{adopted:#?}");
    assert!(
        shop.0
            .read("parity.yaml")
            .starts_with(&format!("{HEAD}{}", hold(SOON)))
    );
    // An expired one, for a value that nothing has, makes room as well.
    shop.set("cart", "production", &[]);
    shop.policy(&hold(OVER));
    let adopted = shop.init(&[]);
    assert!(adopted.succeeded(), "{adopted:#?}");
    let text = shop.0.read("parity.yaml");
    assert!(
        text.contains("the reason for the value before: both") && !text.contains(OVER),
        "{text}"
    );
    let checked = shop.0.krm_parity(&["check"]);
    assert!(
        checked.succeeded() && !checked.stdout.contains("expired"),
        "{checked:#?}"
    );
}
