//! An environment returns to the base, while those that were adopted with it do not.

use std::process::Command;

use super::repository::Repository;
use crate::support::{NEWEST, require, run};

const BASE: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: example.com/web:1
        args: [serve]
        livenessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 10}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: b}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 1, selector: {matchLabels: {app: web}}}
";

/// The changes that environments make to the base: a name, a patch, and the place that is reported.
#[rustfmt::skip]
const DEEDS: &[(&str, &str, &str)] = &[
    ("limit", "{op: add, path: /spec/template/spec/containers/0/resources, value: {limits: {memory: 1Gi}}}", "resources.limits.memory"),
    ("probe", "{op: replace, path: /spec/template/spec/containers/0/livenessProbe/periodSeconds, value: 30}", "livenessProbe.periodSeconds"),
    ("no probe", "{op: remove, path: /spec/template/spec/containers/0/livenessProbe}", "livenessProbe"),
    ("variable", "{op: add, path: /spec/template/spec/containers/0/env, value: [{name: A, value: a}]}", "env[name=A]"),
    ("field", "{op: add, path: /spec/template/spec/shareProcessNamespace, value: true}", "shareProcessNamespace"),
    ("tag", "{op: replace, path: /spec/template/spec/containers/0/image, value: 'example.org/web:2'}", "image"),
];

struct Shop {
    repository: Repository,
}

impl Shop {
    /// An adopted service in which these environments change something.
    fn new(kustomize: &std::path::Path, doing: &[&str], says: &str) -> Self {
        let repository = Repository::new("shop", kustomize);
        repository.write("base/web.yaml", BASE);
        repository.write("base/kustomization.yaml", "resources: [web.yaml]\n");
        let shop = Self { repository };
        for environment in ["dev", "staging", "prod"] {
            let is_doing = doing.contains(&environment);
            shop.set(environment, if is_doing { says } else { "" });
        }
        shop.git(&["init", "-q", "-b", "main"]);
        shop.git(&["add", "."]);
        shop.git(&["commit", "-q", "-m", "x"]);
        let said = shop.repository.krm_parity(&["init", "--adopt", "--yes"]);
        assert!(said.succeeded(), "{said:#?}");
        assert_eq!(shop.checked(), [""; 0], "{says}");
        shop
    }

    fn set(&self, environment: &str, says: &str) {
        let directory = format!("overlays/{environment}");
        let own = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\ndata: {a: b}\n";
        self.repository.write(&format!("{directory}/own.yaml"), own);
        let text = format!("resources: [../../base]\n{says}");
        let file = format!("{directory}/kustomization.yaml");
        self.repository.write(&file, &text);
    }

    fn git(&self, arguments: &[&str]) {
        run(Command::new("git")
            .current_dir(self.repository.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments))
        .expect_success("git");
    }

    /// The findings that count as errors: rule, environment, kind and path.
    fn checked(&self) -> Vec<String> {
        let said = self.repository.krm_parity(&["check", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&said.stdout).expect("a report");
        let findings = report["findings"].as_array().expect("findings").iter();
        let weighed = findings.filter(|one| one["severity"] == "error");
        let text = |one: &serde_json::Value| {
            let path = one["field"]["path"].as_str().unwrap_or_default();
            let kind = one["resource"]["kind"].as_str().unwrap_or_default();
            format!("{} {} {kind} {path}", one["rule"], one["environment"]).replace('"', "")
        };
        weighed.map(text).collect()
    }
}

fn patch(operation: &str) -> String {
    format!("patches:\n- target: {{kind: Deployment}}\n  patch: |-\n    - {operation}\n")
}

#[test]
fn an_environment_that_returns_to_the_base_alone_is_reported() {
    let kustomize = require!(kustomize(NEWEST));
    for (name, operations, place) in DEEDS {
        let says = patch(operations);
        for (doing, returns) in [
            (&["dev", "staging", "prod"][..], "prod"),
            (&["dev", "staging", "prod"], "dev"),
            (&["staging", "prod"], "prod"),
            (&["staging", "prod"], "staging"),
        ] {
            let shop = Shop::new(&kustomize, doing, &says);
            shop.set(returns, "");
            let told = shop.checked();
            let is_it = |line: &String| {
                let rule = line.starts_with("environment-mismatch")
                    || line.starts_with("unpromoted-image");
                rule && line.contains(&format!(" {returns} ")) && line.ends_with(place)
            };
            assert!(
                told.len() == 1 && is_it(&told[0]),
                "{name}, {returns} of {doing:?}: {told:?}"
            );
            // If no environment is left that does it, all is well.
            for environment in doing {
                shop.set(environment, "");
            }
            assert_eq!(shop.checked(), [""; 0], "{name}");
        }
    }
}

#[test]
fn an_environment_that_gives_up_an_added_or_removed_resource_alone_is_reported() {
    let kustomize = require!(kustomize(NEWEST));
    let removes = "patches:\n- patch: '{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, $patch: delete}'\n";
    for (says, kind) in [
        ("- own.yaml\n".to_owned(), "ConfigMap"),
        (removes.to_owned(), "PodDisruptionBudget"),
    ] {
        let says = if kind == "ConfigMap" {
            "configMapGenerator: [{name: own, literals: [a=b]}]\n".to_owned()
        } else {
            says
        };
        let shop = Shop::new(&kustomize, &["dev", "staging", "prod"], &says);
        shop.set("prod", "");
        assert_eq!(
            shop.checked(),
            [format!("environment-mismatch prod {kind} ")],
            "{says}"
        );
    }
}

/// An environment that does not build says nothing, and hides no finding of the others.
#[test]
fn a_broken_environment_hides_nothing_of_the_others() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize, &["dev", "staging", "prod"], &patch(DEEDS[3].1));
    shop.set("dev", "patches: [{path: nowhere.yaml}]\n");
    shop.set("prod", "");
    let told = shop.checked();
    let is_told = |rule: &str| told.iter().any(|line| line.starts_with(rule));
    assert!(
        is_told("environment-mismatch prod Deployment") && is_told("build-failure dev"),
        "{told:?}"
    );
}

/// The twin: an exemption of one environment alone says nothing about the others.
#[test]
fn an_exemption_of_one_environment_is_its_own() {
    let kustomize = require!(kustomize(NEWEST));
    for (_, operations, _) in DEEDS {
        let shop = Shop::new(&kustomize, &["dev"], &patch(operations));
        assert_eq!(shop.checked(), [""; 0]);
    }
}

/// Another twin: an entry that holds no value says what may be there, and not what was there.
#[test]
fn a_field_that_may_have_any_value_may_be_absent() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize, &["dev", "staging", "prod"], &patch(DEEDS[1].1));
    let policy = shop.repository.read("parity.yaml");
    let lines = policy.lines().map(|line| {
        let is_value = line.trim_start().starts_with("value: ");
        if is_value { "" } else { line }
    });
    let without: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
    shop.repository
        .write("parity.yaml", &(without.join("\n") + "\n"));
    shop.set("prod", "");
    assert_eq!(shop.checked(), [""; 0], "{without:?}");
}

/// Among environments without a common base, one that was adopted as the odd one has no vote on the next odd one.
#[test]
fn an_environment_known_as_the_odd_one_has_no_vote() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new("shop", &kustomize);
    let shop = Shop { repository };
    let write = |environment: &str, has_limit: bool| {
        let limit = "        resources: {limits: {memory: 1Gi}}\n        livenessProbe";
        let text = if has_limit {
            BASE.replace("        livenessProbe", limit)
        } else {
            BASE.to_owned()
        };
        let directory = format!("overlays/{environment}");
        shop.repository
            .write(&format!("{directory}/web.yaml"), &text);
        let file = format!("{directory}/kustomization.yaml");
        shop.repository.write(&file, "resources: [web.yaml]\n");
    };
    for environment in ["dev", "test", "staging", "prod"] {
        write(environment, environment != "dev");
    }
    shop.git(&["init", "-q", "-b", "main"]);
    shop.git(&["add", "."]);
    shop.git(&["commit", "-q", "-m", "x"]);
    let said = shop.repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert!(said.succeeded(), "{said:#?}");
    assert_eq!(shop.checked(), [""; 0]);
    write("prod", false);
    let told = shop.checked();
    assert!(
        told.len() == 1
            && told[0].starts_with("environment-mismatch prod Deployment ")
            && told[0].ends_with("resources.limits.memory"),
        "{told:?}"
    );
}
