//! Fields that every environment overrides: the environments are compared with each other there, and not with the base.

use super::{NEWEST, report};
use crate::support::{Tree, require};

const PERIOD: &str = "/spec/template/spec/containers/0/livenessProbe/periodSeconds";

const ARGUMENTS: &str = "/spec/template/spec/containers/0/args";

const ROLE: &str = "/metadata/annotations/eks.amazonaws.com~1role-arn";

const OWNER: &str = "/metadata/annotations/example.com~1role";

/// A service whose environments each change one base.
struct Shop(Tree);

impl Shop {
    fn new() -> Self {
        let shop = Self(Tree::new());
        shop.base("{}", "ready");
        shop
    }

    /// Writes the base: the annotations of its Deployment, and the argument of its container.
    fn base(&self, annotations: &str, argument: &str) {
        let text = format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  annotations: {annotations}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    \
             metadata: {{labels: {{app: web}}}}\n    spec:\n      priorityClassName: shop-base-web\n      containers:\n      - {{name: web, image: 'web:1', args: ['{argument}'], livenessProbe: {{periodSeconds: 10}}}}\n"
        );
        self.0.kustomization("base", "web.yaml", &text);
    }

    /// Writes an environment that loads `below` and sets a value at a path.
    fn on(&self, below: &str, environment: &str, path: &str, value: &str) {
        let text = if path.is_empty() {
            String::new()
        } else {
            format!(
                "patches:\n- target: {{kind: Deployment}}\n  patch: |\n    - {{op: add, path: {path}, value: {value}}}\n"
            )
        };
        self.0.write(
            &format!("overlays/{environment}/kustomization.yaml"),
            &format!("resources: [../{below}]\n{text}"),
        );
    }

    /// Writes three environments that each set a value at a path; an empty value leaves the base unchanged.
    fn put(&self, path: &str, values: [&str; 3]) {
        for (environment, value) in ["dev", "staging", "prod"].into_iter().zip(values) {
            let path = if value.is_empty() { "" } else { path };
            self.on("../base", environment, path, value);
        }
    }

    fn policy(&self, spec: &str) {
        let head =
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\nspec:\n";
        self.0.write("parity.yaml", &format!("{head}{spec}"));
    }

    /// `severity rule environment baseline` of each finding, and `all` where all environments override the base.
    fn found(&self) -> Vec<String> {
        let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
        let report = report(&kustomize, &self.0.path(""), &[]);
        let findings = report["findings"].as_array().expect("findings").iter();
        let told = findings.map(|one| {
            let words = ["severity", "rule", "environment", "baseline"];
            let words = words.map(|word| one[word].as_str().unwrap_or_default().to_owned());
            let all = if one["overridden"] == true {
                " all"
            } else {
                ""
            };
            format!("{}{all}", words.join(" "))
        });
        told.collect()
    }
}

const PROBES: [&str; 3] = [
    "error health-checks dev base all",
    "error health-checks prod base all",
    "error health-checks staging base all",
];

/// The findings that all three environments have, and one more of production.
fn with(more: &str) -> Vec<String> {
    let mut all: Vec<String> = PROBES.map(str::to_owned).to_vec();
    all.insert(2, more.to_owned());
    all
}

const MISMATCH: &str = "error environment-mismatch prod dev all";

#[test]
fn environments_are_compared_where_all_override_the_base() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    shop.put(PERIOD, ["20", "20", "20"]);
    assert_eq!(shop.found(), PROBES);
    shop.put(PERIOD, ["20", "20", "30"]);
    assert_eq!(shop.found(), with(MISMATCH));
    // The majority is right, even if it is later: the early one is reported.
    shop.put(PERIOD, ["20", "30", "30"]);
    let odd = MISMATCH.replace("prod dev", "dev staging");
    assert!(shop.found().contains(&odd), "{:?}", shop.found());
    // An environment that keeps the value of the base makes the base the reference.
    shop.put(PERIOD, ["", "20", "30"]);
    assert_eq!(
        shop.found(),
        [
            "error health-checks prod base",
            "error health-checks staging base"
        ]
    );
}

#[test]
fn exemptions_against_the_base_hide_nothing_between_environments() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    shop.put(PERIOD, ["20", "20", "30"]);
    shop.policy("  exemptions:\n  - {rule: health-checks, reason: r, expires: '2027-01-01'}\n");
    let exempt: Vec<String> = with(MISMATCH)
        .iter()
        .map(|line| line.replace("error health", "info health"))
        .collect();
    assert_eq!(shop.found(), exempt);
    shop.policy("  rules:\n    health-checks: {severity: ignore}\n");
    assert_eq!(shop.found(), [MISMATCH]);
    // If the policy allows the field, both may differ.
    shop.policy("  allow:\n    fields:\n    - {target: {kind: Deployment}, path: '**.livenessProbe.**', reason: r}\n");
    assert_eq!(shop.found(), [""; 0]);
}

#[test]
fn a_field_that_the_base_denies_is_an_error_in_each() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    shop.base("{krm-parity.io/deny: '**.livenessProbe.**'}", "ready");
    shop.put(PERIOD, ["20", "20", "30"]);
    assert_eq!(shop.found(), PROBES.map(|line| line.replace(" all", "")));
}

#[test]
fn a_placeholder_in_a_base_is_filled_in() {
    let _kustomize = require!(kustomize(NEWEST));
    for (argument, severity) in [
        ("", "info"),
        ("REPLACE_ME", "info"),
        ("CHANGE_ME-now", "info"),
        ("TODO", "info"),
        ("set-by-overlay", "info"),
        ("<argument>", "info"),
        // The base has a real value.
        ("ready", "error"),
        ("my TODO", "error"),
    ] {
        let shop = Shop::new();
        shop.base("{}", argument);
        shop.put(ARGUMENTS, ["[a]", "[a]", "[a]"]);
        let found = shop.found();
        assert_eq!(found.len(), 3, "{argument}: {found:?}");
        assert!(
            found.iter().all(|line| line.starts_with(severity)),
            "{argument}: {found:?}"
        );
    }
}

#[test]
fn a_region_counts_together_with_its_layer() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    shop.put(PERIOD, ["20", "20", "20"]);
    shop.on("prod", "prod-eu", "", "");
    assert_eq!(shop.found(), PROBES);
    // Production itself keeps the value of the base, and the region that loads it does not.
    shop.put(PERIOD, ["20", "20", ""]);
    shop.on("prod", "prod-eu", PERIOD, "20");
    let found = shop.found();
    assert!(
        found.contains(&"error health-checks prod-eu prod all".to_owned()),
        "{found:?}"
    );
}

#[test]
fn values_that_contain_the_own_name_of_each_environment_are_information() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    shop.base("{a: b}", "ready");
    let severities = |found: &[String]| -> Vec<String> {
        let words = found.iter().map(|line| line.split(' ').take(3));
        words
            .map(|words| words.collect::<Vec<_>>().join(" "))
            .collect()
    };
    let each = |severity: &str, rule: &str| {
        ["dev", "prod", "staging"].map(|name| format!("{severity} {rule} {name}"))
    };
    shop.put(ROLE, ["role/web-dev", "role/web-staging", "role/web-prod"]);
    assert_eq!(severities(&shop.found()), each("info", "annotations"));
    // In the spelling that each of them uses.
    shop.put(
        ROLE,
        [
            "role/web-development",
            "role/web-stg",
            "role/web-production",
        ],
    );
    assert_eq!(severities(&shop.found()), each("info", "annotations"));
    for (path, values, rule) in [
        // Another role, or the role of another environment.
        (
            ROLE,
            ["role/web-dev", "role/web-staging", "role/admin-prod"],
            "annotations",
        ),
        (
            ROLE,
            ["role/web-dev", "role/web-staging", "role/web-staging"],
            "annotations",
        ),
        // A whole value, an argument, and a field that a controller uses for routing.
        (ROLE, ["dev", "staging", "prod"], "annotations"),
        (
            ARGUMENTS,
            ["[web-dev]", "[web-staging]", "[web-prod]"],
            "other",
        ),
        (
            "/metadata/annotations/nginx.ingress.kubernetes.io~1upstream-vhost",
            ["web-dev", "web-staging", "web-prod"],
            "annotations",
        ),
    ] {
        shop.put(path, values);
        let found = shop.found();
        let errors = found
            .iter()
            .filter(|line| line.starts_with(&format!("error {rule}")));
        assert_eq!(errors.count(), 3, "{values:?}: {found:?}");
    }
    shop.put(ROLE, ["role/web-dev", "role/web-staging", "role/web-prod"]);
    shop.policy("  identity: strict\n");
    let found = shop.found();
    assert!(
        found.iter().all(|line| line.starts_with("error")),
        "{found:?}"
    );
}

#[test]
fn reports_for_people_show_a_field_once() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    shop.put(PERIOD, ["20", "20", "25"]);
    let told = |format: &str| {
        let arguments = ["--format", format];
        super::check(&kustomize, &shop.0.path(""), &arguments).stdout
    };
    for (format, mark) in [
        ("text", "error[health-checks]"),
        ("markdown", "**health-checks**"),
        ("html", "<span class=\"rule\">health-checks<"),
    ] {
        let text = told(format);
        assert_eq!(text.matches(mark).count(), 1, "{format}: {text}");
        assert!(
            text.contains("dev, staging and prod</b> against base")
                || text.contains("dev, staging and prod against base"),
            "{format}: {text}"
        );
        for environment in ["dev", "prod", "staging"] {
            let file = format!("overlays/{environment}/kustomization.yaml");
            assert!(text.contains(&file), "{format}: {text}");
        }
    }
    let text = told("text");
    assert!(
        text.contains("prod    25  --> overlays/prod/kustomization.yaml:5:"),
        "{text}"
    );
    // Findings that the environments do not share are reported for each.
    shop.put(PERIOD, ["20", "20", ""]);
    shop.on("../base", "prod", ARGUMENTS, "[other]");
    assert_eq!(told("text").matches("error[health-checks]").count(), 1);
    assert_eq!(told("text").matches("error[other]").count(), 1);
}

#[test]
fn other_resources_of_a_base_do_not_matter() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    shop.put(PERIOD, ["20", "20", "30"]);
    let staging = shop.0.read("overlays/staging/kustomization.yaml");
    let more = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: clean}\n";
    shop.0.kustomization("more", "job.yaml", more);
    let more = staging.replace("[../../base]", "[../../base, ../../more]");
    shop.0.write("overlays/staging/kustomization.yaml", &more);
    let found = shop.found();
    assert!(found.contains(&MISMATCH.to_owned()), "{found:?}");
    for line in PROBES {
        assert!(found.contains(&line.to_owned()), "{found:?}");
    }
    // Another base is another reference.
    let other = shop.0.read("base/web.yaml").replace("web:1", "web:2");
    shop.0.kustomization("other", "web.yaml", &other);
    let text = staging.replace("../../base", "../../other");
    shop.0.write("overlays/staging/kustomization.yaml", &text);
    let found = shop.found();
    let is_told = |line: &String| line.starts_with("error health-checks") && line.ends_with("all");
    assert!(!found.iter().any(is_told), "{found:?}");
}

#[test]
fn a_region_is_compared_only_with_its_layer() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    shop.put(PERIOD, ["20", "20", "20"]);
    shop.on("prod", "prod-eu", PERIOD, "40");
    let found = shop.found();
    assert_eq!(
        found
            .iter()
            .filter(|line| line.contains("prod-eu"))
            .collect::<Vec<_>>(),
        ["error health-checks prod-eu prod all"],
        "{found:?}"
    );
}

#[test]
fn a_base_may_name_another_environment() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    shop.base("{example.com/role: role/web-dev-api}", "ready");
    shop.put(OWNER, ["", "role/web-stg-api", "role/web-prod-api"]);
    assert_eq!(shop.found(), [""; 0]);
    // Another role, or the role of another environment.
    shop.put(
        OWNER,
        ["", "role/web-staging-admin", "role/web-staging-api"],
    );
    assert_eq!(
        shop.found(),
        [
            "error annotations prod base",
            "error annotations staging base"
        ]
    );
    shop.put(OWNER, ["", "", "role/web-prod-api"]);
    shop.policy("  identity: strict\n");
    // Staging keeps a value that names dev, and only production names itself.
    assert_eq!(
        shop.found(),
        [
            "error annotations prod base",
            "warning foreign-environment staging prod"
        ]
    );
}

/// Neither a finding that no one sees nor one that all environments have shows which environment is wrong.
#[test]
fn the_name_of_another_environment_is_reported_beside_a_finding_about_the_base() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    let [dev, prod] = ["dev", "prod"].map(|name| format!("role/web-{name}-api"));
    let put = |values: [&str; 2]| {
        for (environment, value) in ["dev", "prod"].into_iter().zip(values) {
            let path = if value.is_empty() { "" } else { OWNER };
            shop.on("../base", environment, path, value);
        }
    };
    put([&dev, &dev]);
    let foreign = "warning foreign-environment prod base";
    let of_all = |severity: &str| {
        let class = |name| format!("{severity} annotations {name} base all");
        [class("dev"), class("prod"), foreign.to_owned()]
    };
    assert_eq!(shop.found(), of_all("error"));
    let entry = "{rule: annotations, target: {kind: Deployment}, path: '**', reason: its own, expires: '2027-01-01'}";
    shop.policy(&format!("  exemptions: [{entry}]\n"));
    assert_eq!(shop.found(), of_all("info"));
    shop.policy("  rules: {annotations: {severity: ignore}}\n");
    assert_eq!(shop.found(), [foreign]);
    put([&dev, &prod]);
    assert_eq!(shop.found(), [""; 0]);
    // A finding about production alone is enough, unless it cannot fail.
    let hosts = "[{name: HOST, value: db.dev.example.com}]";
    shop.on("../base", "dev", "", "");
    shop.on(
        "../base",
        "prod",
        "/spec/template/spec/containers/0/env",
        hosts,
    );
    let warning = "warning foreign-environment prod base";
    assert_eq!(shop.found(), ["error env-names prod base"]);
    shop.policy("  rules: {env-names: {severity: ignore}}\n");
    assert_eq!(shop.found(), [warning]);
    shop.policy("  rules: {env-names: {severity: info}}\n");
    assert_eq!(shop.found(), ["info env-names prod base", warning]);
    let entry = entry.replace("annotations", "env-names");
    shop.policy(&format!("  exemptions: [{entry}]\n"));
    assert_eq!(shop.found(), ["info env-names prod base", warning]);
    // An exemption for this very value is a decision about the value.
    let held = entry.replace(
        "reason",
        r#"value: '{"name":"HOST","value":"db.dev.example.com"}', reason"#,
    );
    shop.policy(&format!("  exemptions: [{held}]\n"));
    assert_eq!(shop.found(), ["info env-names prod base"]);
}

/// The environment with the name of another one is the odd one, and not the one whose name it has.
#[test]
fn the_environment_with_a_foreign_name_is_blamed() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    let [dev, staging, prod] =
        ["dev", "staging", "prod"].map(|name| format!("role/web-{name}-api"));
    let of_all = |mismatch: &str| {
        let class = |name| format!("error annotations {name} base all");
        let mut all = ["dev", "prod", "staging"].map(class).to_vec();
        all.push(format!("error environment-mismatch {mismatch} all"));
        all.sort_by_key(|one| one.split(' ').nth(2).map(str::to_owned));
        all
    };
    for (values, mismatch) in [
        ([&dev, &staging, &staging], "prod dev"),
        ([&dev, &prod, &prod], "staging dev"),
        ([&staging, &staging, &prod], "dev prod"),
    ] {
        shop.put(OWNER, values.map(String::as_str));
        let mut found = shop.found();
        found.sort_by_key(|one| one.split(' ').nth(2).map(str::to_owned));
        assert_eq!(found, of_all(mismatch), "{values:?}");
    }
}

/// A region has the name of the layer from which it has a value.
#[test]
fn a_region_inherits_the_name_of_its_layer() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    let [dev, staging, prod, region] =
        ["dev", "staging", "prod", "prod-eu"].map(|name| format!("role/web-{name}-api"));
    shop.on("../base", "dev", OWNER, &dev);
    shop.on("../base", "staging", OWNER, &staging);
    shop.on("../../base", "prod/base", OWNER, &prod);
    shop.on("base", "prod/eu", "", "");
    let own = ["dev", "prod", "staging"].map(|name| format!("info annotations {name} base all"));
    assert_eq!(shop.found(), own);
    shop.on("../base", "staging", OWNER, &prod);
    let found = shop.found();
    let mut odd = found.iter().filter(|one| one.contains("mismatch"));
    assert_eq!(
        odd.next().map(String::as_str),
        Some("error environment-mismatch staging dev all"),
        "{found:?}"
    );
    assert_eq!(odd.next(), None, "{found:?}");
    // The region may set its own name as well, but not another one.
    shop.on("../base", "staging", OWNER, &staging);
    shop.on("base", "prod/eu", OWNER, &region);
    let errors = || {
        let mut found = shop.found();
        found.retain(|one| one.starts_with("error"));
        found
    };
    assert_eq!(errors(), [""; 0]);
    shop.on("base", "prod/eu", OWNER, "role/web-admin");
    assert_ne!(errors(), [""; 0]);
}

/// A base that names a version says more than environments that all follow whatever is newest.
#[test]
fn a_version_that_all_replace_by_one_that_moves_is_an_error() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new();
    let image = "/spec/template/spec/containers/0/image";
    let of_all = |severity: &str| {
        ["dev", "prod", "staging"].map(|name| format!("{severity} image {name} base all"))
    };
    for (value, severity) in [
        ("web:latest", "error"),
        ("web", "error"),
        ("'web:2'", "info"),
    ] {
        shop.put(image, [value; 3]);
        assert_eq!(shop.found(), of_all(severity), "{value}");
    }
}
