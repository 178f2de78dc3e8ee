//! The values that adopted exemptions hold: those that were found, and no others.

use super::repository::Repository;
use crate::support::{NEWEST, require};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {disk: ssd}
      containers:
      - name: web
        image: example.com/web:1
        imagePullPolicy: Always
        livenessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 10}
";

/// A base, a `dev` that leaves it as it is, and two environments with some operations each.
struct Shop(Repository);

impl Shop {
    fn new(kustomize: &std::path::Path) -> Self {
        let repository = Repository::new("shop", kustomize);
        repository.write("base/deployment.yaml", DEPLOYMENT);
        repository.write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
        repository.write(
            "overlays/dev/kustomization.yaml",
            "resources: [../../base]\n",
        );
        Self(repository)
    }

    fn set(&self, environment: &str, operations: &[&str]) {
        let lines: String = operations
            .iter()
            .map(|one| format!("    - {one}\n"))
            .collect();
        self.0.write(
            &format!("overlays/{environment}/kustomization.yaml"),
            &format!("resources: [../../base]\npatches:\n- target: {{kind: Deployment}}\n  patch: |\n{lines}"),
        );
    }

    fn adopt(&self, more: &[&str]) -> String {
        let made = self
            .0
            .krm_parity(&[&["init", "--adopt", "--yes"], more].concat());
        assert!(made.succeeded(), "{made:#?}");
        let checked = self.0.krm_parity(&["check"]);
        assert!(
            checked.succeeded() && !checked.stdout.contains("unused"),
            "{checked:#?}"
        );
        let policy = self.0.read("parity.yaml");
        let again = self
            .0
            .krm_parity(&[&["init", "--adopt", "--yes"], more].concat());
        assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
        assert_eq!(self.0.read("parity.yaml"), policy);
        policy
    }

    /// Checks that another value is red, and that `check` says this about it.
    fn red(&self, part: &str) {
        let checked = self.0.krm_parity(&["check"]);
        assert_eq!(checked.code, Some(1), "{checked:#?}");
        assert!(checked.stdout.contains(part), "{part}: {checked:#?}");
        assert!(!checked.stdout.contains("unused-exemption"), "{checked:#?}");
    }
}

const IMAGE: &str =
    "{op: replace, path: /spec/template/spec/containers/0/image, value: 'example.com/web:2'}";
const PERIOD: &str =
    "{op: replace, path: /spec/template/spec/containers/0/livenessProbe/periodSeconds, value: 30}";
const ARGS: &str =
    "{op: add, path: /spec/template/spec/containers/0/args, value: [--fast, --quiet]}";
const PULL: &str = "{op: remove, path: /spec/template/spec/containers/0/imagePullPolicy}";
const NODES: &str = "{op: add, path: /spec/template/spec/affinity, value: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In, values: [one, two, three]}]}]}}}}";

#[test]
fn another_value_at_an_adopted_place_is_new() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let all = [IMAGE, PERIOD, ARGS, PULL, NODES];
    shop.set("production", &all);
    let policy = shop.adopt(&[]);
    for held in [
        "image\n    value: \"example.com/web:2\"\n",
        "periodSeconds\n    value: \"30\"\n",
        "value: \"[\\\"--fast\\\",\\\"--quiet\\\"]\"\n",
        "value: \"<absent>\"\n",
        "value: \"sha256:",
    ] {
        assert!(policy.contains(held), "{held}: {policy}");
    }
    for (at, other, part) in [
        (
            0,
            IMAGE.replace(":2", ":3"),
            "is only for the value \"example.com/web:2\")",
        ),
        (
            1,
            PERIOD.replace("30", "60"),
            "is only for the value \"30\")",
        ),
        (2, ARGS.replace("--quiet", "--loud"), "--quiet\\\"]\")"),
        (
            3,
            PULL.replace("remove", "replace")
                .replace('}', ", value: Never}"),
            "is only for the value \"<absent>\")",
        ),
        (
            4,
            NODES.replace("three", "four"),
            "is only for the value \"sha256:",
        ),
    ] {
        let mut changed: Vec<&str> = all.to_vec();
        changed[at] = &other;
        shop.set("production", &changed);
        shop.red(part);
    }
    // The values that were found are still exempt, and the one that is like the base no longer needs an entry.
    shop.set("production", &all[1..]);
    let checked = shop.0.krm_parity(&["check"]);
    assert!(checked.succeeded(), "{checked:#?}");
    assert!(
        checked
            .stdout
            .contains("matched nothing: there is no finding of image"),
        "{checked:#?}"
    );
}

#[test]
fn environments_with_values_of_their_own_share_an_entry() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let later = IMAGE.replace(":2", ":3");
    shop.set("staging", &[&later]);
    shop.set("production", &[IMAGE]);
    let policy = shop.adopt(&[]);
    let held = "values: {staging: \"example.com/web:3\", production: \"example.com/web:2\"}\n";
    assert!(policy.contains(held), "{policy}");
    // Each environment must keep its own value, and may not have that of the other.
    shop.set("production", &[&later]);
    shop.red("is only for the value \"example.com/web:2\")");
}

/// The loose form accepts any value, except for amounts: both forms hold those.
#[test]
fn by_place_any_value_will_do() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    shop.set("staging", &[&IMAGE.replace(":2", ":3")]);
    shop.set("production", &[IMAGE]);
    let policy = shop.adopt(&["--by-place"]);
    assert!(
        !policy.contains("    value") && policy.contains("environments: [staging, production]\n"),
        "{policy}"
    );
    shop.set("production", &[&IMAGE.replace(":2", ":4")]);
    let checked = shop.0.krm_parity(&["check"]);
    assert!(checked.succeeded(), "{checked:#?}");
    let refused = shop.0.krm_parity(&["init", "--by-place"]);
    assert_eq!(refused.code, Some(2), "{refused:#?}");
}

/// An entry for any value shows that a value names another environment, which is adopted at the same time.
#[test]
fn by_place_the_name_of_another_environment_is_adopted_too() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let host = "{op: add, path: /spec/template/spec/containers/0/env, value: [{name: HOST, value: db.dev.example.com}]}";
    shop.set("production", &[host]);
    let policy = shop.adopt(&["--by-place"]);
    for rule in ["env-names", "foreign-environment"] {
        assert!(policy.contains(&format!("rule: {rule}\n")), "{policy}");
    }
    let shop = Shop::new(&kustomize);
    shop.set("production", &[host]);
    let policy = shop.adopt(&[]);
    assert!(!policy.contains("foreign-environment"), "{policy}");
}

/// A secret value is not written, and a value that no person could read is written as a digest.
#[test]
fn secrets_are_not_held_and_odd_values_are_held_by_a_digest() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new("shop", &kustomize);
    repository.write(
        "base/secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: web}\ndata: {user: YQ==}\n",
    );
    repository.write(
        "base/config.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {a: b}\n",
    );
    repository.write(
        "base/kustomization.yaml",
        "resources: [secret.yaml, config.yaml]\n",
    );
    repository.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\n",
    );
    let production = |secret: &str, odd: &str| {
        repository.write("overlays/production/kustomization.yaml", &format!(
            "resources: [../../base]\npatches:\n- patch: |\n    {{apiVersion: v1, kind: Secret, metadata: {{name: web}}, data: {{password: {secret}}}}}\n\
             - patch: |\n    {{apiVersion: v1, kind: ConfigMap, metadata: {{name: web}}, data: {{odd: \"{odd}\", more: \"{}\"}}}}\n",
            "x".repeat(5000)
        ));
    };
    production("aHVudGVyMg==", "two\\nlines \\u202e \\\" \\'");
    let made = repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert!(made.succeeded(), "{made:#?}");
    let policy = repository.read("parity.yaml");
    assert!(
        !policy.contains("aHVudGVyMg") && !policy.contains("xxx"),
        "{policy}"
    );
    assert_eq!(policy.matches("value: \"sha256:").count(), 2, "{policy}");
    let of_secret = policy.find("path: data.password").unwrap();
    assert!(
        policy[of_secret..].starts_with("path: data.password\n    environments"),
        "{policy}"
    );
    let checked = repository.krm_parity(&["check"]);
    assert!(checked.succeeded(), "{checked:#?}");
    // A Secret's value may change, because no entry holds it; the other may not.
    production("b3RoZXI=", "two\\nlines \\u202e \\\" \\'");
    assert!(repository.krm_parity(&["check"]).succeeded());
    production("b3RoZXI=", "two\\nlines");
    let checked = repository.krm_parity(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:#?}");
}

/// An expired entry is reported with the finding that it was for, or alone if there is none.
#[test]
fn an_expired_entry_is_reported_once() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    shop.set("production", &[IMAGE]);
    let entry = |rule: &str, path: &str| {
        format!(
            "  - rule: {rule}\n    path: \"{path}\"\n    reason: why not\n    expires: \"2026-06-01\"\n"
        )
    };
    let head = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  exemptions:\n";
    shop.0.write(
        "parity.yaml",
        &format!("{head}{}", entry("image", "**.image")),
    );
    let checked = shop.0.krm_parity(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:#?}");
    assert!(
        checked
            .stdout
            .contains("(no longer exempt: spec.exemptions[0] expired after 2026-06-01: why not)"),
        "{checked:#?}"
    );
    assert!(
        !checked.stdout.contains("expired-exemption"),
        "{checked:#?}"
    );
    assert!(checked.stdout.contains("1 error"), "{checked:#?}");

    // An entry that nothing needs is reported alone.
    shop.0.write(
        "parity.yaml",
        &format!(
            "{head}{}{}",
            entry("image", "**.image"),
            entry("image", "spec.x")
        ),
    );
    let checked = shop.0.krm_parity(&["check"]);
    assert!(
        checked
            .stdout
            .contains("error[expired-exemption]: spec.exemptions[1]"),
        "{checked:#?}"
    );
    assert!(checked.stdout.contains("2 errors"), "{checked:#?}");

    // A finding that fails nothing does not replace one that does.
    shop.0.write(
        "parity.yaml",
        &format!(
            "{head}{}  rules: {{image: {{severity: warning}}}}\n",
            entry("image", "**.image")
        ),
    );
    let checked = shop.0.krm_parity(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:#?}");
    assert!(
        checked.stdout.contains("1 error, 1 warning"),
        "{checked:#?}"
    );
}

/// A first red run ends with the next step; a green one, or one with a policy that already adopts, does not.
#[test]
fn a_first_red_run_says_what_to_do_next() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize);
    let next = "krm-parity init --adopt";
    let of = |arguments: &[&str]| shop.0.krm_parity(&[&["check"], arguments].concat());
    shop.set("production", &[PERIOD]);
    let red = of(&[]);
    let lines: Vec<&str> = red.stdout.lines().rev().take(3).collect();
    assert!(
        lines[1].starts_with("next: `krm-parity init --adopt` writes"),
        "{red:#?}"
    );
    assert!(
        lines[2].starts_with("next: `krm-parity explain health-checks` says"),
        "{red:#?}"
    );
    // The commands check the same directories, as far as a shell leaves the arguments unchanged.
    for (arguments, wanted) in [
        (&["."][..], "init --adopt` writes"),
        (
            &["overlays/production"],
            "init --adopt overlays/production` writes",
        ),
        (
            &[".", "--", "--load-restrictor=LoadRestrictionsNone"],
            "init --adopt -- --load-restrictor=LoadRestrictionsNone` writes",
        ),
        (&["base", "overlays"], "init --adopt` writes"),
    ] {
        let red = of(arguments);
        assert!(red.stdout.contains(wanted), "{wanted}: {red:#?}");
    }
    assert!(
        of(&["--format", "markdown"])
            .stdout
            .contains("- <code>krm-parity init --adopt</code> writes")
    );
    assert!(!of(&["--format", "json"]).stdout.contains(next));
    shop.adopt(&[]);
    shop.set("production", &[PERIOD, IMAGE]);
    let red = of(&[]);
    assert!(
        red.code == Some(1) && !red.stdout.contains(next),
        "{red:#?}"
    );

    let green = Shop::new(&kustomize);
    green.set("production", &["{op: add, path: /spec/replicas, value: 3}"]);
    let checked = green.0.krm_parity(&["check"]);
    assert!(
        checked.succeeded() && !checked.stdout.contains(next),
        "{checked:#?}"
    );
    // An overlay that does not build cannot be adopted.
    green.set(
        "production",
        &["{op: replace, path: /spec/nothing/here, value: 3}"],
    );
    let checked = green.0.krm_parity(&["check"]);
    assert!(
        checked.code == Some(1) && !checked.stdout.contains(next),
        "{checked:#?}"
    );
}

/// Each service gets its own day between two days, and another run finds the same day.
#[test]
fn days_are_spread_over_the_services() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new("shops", &kustomize);
    for service in ["cart", "pay", "web"] {
        let write = |file: &str, text: &str| repository.write(&format!("{service}/{file}"), text);
        write("base/deployment.yaml", DEPLOYMENT);
        write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
        write(
            "overlays/dev/kustomization.yaml",
            "resources: [../../base]\n",
        );
        write(
            "overlays/production/kustomization.yaml",
            &format!(
                "resources: [../../base]\nimages: [{{name: example.com/web, newTag: '{service}'}}]\n"
            ),
        );
    }
    for wrong in [
        "0", "30..", "..30", "30..20", "1..4000", "-1", "+1", "1..2..3", "a", "30.. 40",
    ] {
        let days = format!("--days={wrong}");
        let refused = repository.krm_parity(&["init", "--adopt", "--yes", &days]);
        assert_eq!(refused.code, Some(2), "{wrong}: {refused:#?}");
        assert!(
            refused.stderr.contains("such as 30..120"),
            "{wrong}: {refused:#?}"
        );
    }
    let made = repository.krm_parity(&["init", "--adopt", "--yes", "--days", "10..30"]);
    assert!(made.succeeded(), "{made:#?}");
    let policy = repository.read("parity.yaml");
    let days: Vec<&str> = policy
        .lines()
        .filter_map(|line| line.trim().strip_prefix("expires: "))
        .collect();
    assert_eq!(days, ["\"2026-06-25\"", "\"2026-07-05\"", "\"2026-07-15\""]);
    // The first of them is near enough to be announced.
    let checked = repository.krm_parity(&["check"]);
    let told =
        "info[expiring-exemption]: an exemption ends after 2026-06-25: spec.exemptions[0] (image)";
    assert!(
        checked.succeeded() && checked.stdout.contains(told),
        "{checked:#?}"
    );
    assert_eq!(
        checked.stdout.matches("info[expiring-exemption]").count(),
        1,
        "{checked:#?}"
    );
}
