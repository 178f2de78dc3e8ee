//! Values that every environment overrides: tags are not a debt, and information for all stays green in each build.

use std::path::Path;
use std::process::Command;

use super::repository::Repository;
use crate::support::{NEWEST, require, run};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'example.com/web:latest'}
";

/// A service whose environments each set a tag, by `images:` or by a patch.
struct Shop {
    repository: Repository,
    by_patch: bool,
}

impl Shop {
    fn new(kustomize: &Path, by_patch: bool) -> Self {
        let repository = Repository::new("shop", kustomize);
        repository.write("base/web.yaml", DEPLOYMENT);
        repository.write("base/kustomization.yaml", "resources: [web.yaml]\n");
        let shop = Self {
            repository,
            by_patch,
        };
        for environment in ["dev", "staging", "prod"] {
            shop.set(environment, "1");
        }
        shop.git(&["init", "-q", "-b", "main"]);
        shop.git(&["add", "."]);
        shop.git(&["commit", "-q", "-m", "x"]);
        shop
    }

    fn set(&self, environment: &str, tag: &str) {
        let says = if self.by_patch {
            format!(
                "patches:\n- target: {{kind: Deployment}}\n  patch: |\n    - {{op: replace, path: /spec/template/spec/containers/0/image, value: 'example.com/web:{tag}'}}\n"
            )
        } else {
            format!("images: [{{name: example.com/web, newTag: '{tag}'}}]\n")
        };
        let text = format!("resources: [../../base]\n{says}");
        let file = format!("overlays/{environment}/kustomization.yaml");
        let old = self.files().contains_key(&file).then(|| self.read(&file));
        let new = match old
            .as_deref()
            .and_then(|old| old.split_once("transformers"))
        {
            Some((_, wiring)) => format!("{text}transformers{wiring}"),
            None => text,
        };
        self.write(&file, &new);
    }

    fn git(&self, arguments: &[&str]) {
        run(Command::new("git")
            .current_dir(self.root())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments))
        .expect_success("git");
    }

    /// The findings that count as errors or warnings, by rule and environment.
    fn checked(&self) -> Vec<String> {
        let said = self.krm_parity(&["check", "--format", "json"]);
        let report: serde_json::Value = serde_json::from_str(&said.stdout).expect("a report");
        let findings = report["findings"].as_array().expect("findings").iter();
        let weighed = findings.filter(|one| one["severity"] != "info");
        let text = |one: &serde_json::Value| {
            format!("{} {} {}", one["severity"], one["rule"], one["environment"]).replace('"', "")
        };
        weighed.map(text).collect()
    }
}

impl std::ops::Deref for Shop {
    type Target = Repository;

    fn deref(&self) -> &Repository {
        &self.repository
    }
}

#[test]
fn a_wired_build_is_as_green_as_the_check_and_new_tags_are_red() {
    let kustomize = require!(kustomize(NEWEST));
    for by_patch in [false, true] {
        let shop = Shop::new(&kustomize, by_patch);
        // The environments are in parity, whatever the base says.
        assert_eq!(shop.checked(), [""; 0], "{by_patch}");
        let said = shop.krm_parity(&["init", "--adopt", "--wire", "--yes"]);
        assert!(said.succeeded(), "{said:#?}");
        let policy = shop.read("parity/policy/policy.yaml");
        assert!(policy.contains("hostnames, image-tag]"), "{policy}");
        assert!(!policy.contains("exemptions"), "{policy}");
        assert_eq!(shop.checked(), [""; 0], "{by_patch}");
        assert_eq!(shop.wired().len(), 3, "{:?}", shop.wired());
        for directory in shop.wired() {
            let built = shop.build(&directory, true);
            assert!(built.succeeded(), "{directory}: {built:#?}");
        }
        let again = shop.krm_parity(&["init", "--adopt", "--wire", "--yes"]);
        assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
        // The twin: a tag that no earlier environment has run.
        shop.set("prod", "2");
        assert_eq!(shop.checked(), ["error unpromoted-image prod"]);
        // A tag that an earlier environment runs, too, has come through it.
        shop.set("staging", "2");
        assert_eq!(shop.checked(), ["error unpromoted-image staging"]);
        shop.set("dev", "2");
        assert_eq!(shop.checked(), [""; 0]);
    }
}

#[test]
fn one_environment_with_a_tag_of_its_own_is_a_debt() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&kustomize, false);
    shop.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\n",
    );
    let said = shop.krm_parity(&["init", "--adopt", "--yes"]);
    assert!(said.succeeded(), "{said:#?}");
    let policy = shop.read("parity.yaml");
    assert!(!policy.contains("image-tag"), "{policy}");
    assert!(policy.contains("rule: image\n"), "{policy}");
}

#[test]
fn a_policy_that_lists_no_classes_keeps_the_defaults() {
    let kustomize = require!(kustomize(NEWEST));
    let head = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata: {name: p}\n";
    for (spec, wanted) in [
        (
            "spec:\n  environments: [dev, staging, prod] # ours\n",
            vec![
                "replicas",
                "resource-values",
                "env-values",
                "hostnames",
                "image-tag",
            ],
        ),
        (
            "spec:\n  allow: {classes: [replicas]}\n",
            vec!["replicas", "image-tag"],
        ),
        (
            "spec:\n  allow:\n    classes:\n    - replicas\n",
            vec!["replicas", "image-tag"],
        ),
        // A policy that allows images allows tags.
        ("spec:\n  allow: {classes: [image]}\n", vec!["image"]),
    ] {
        let shop = Shop::new(&kustomize, false);
        shop.write("parity.yaml", &format!("{head}{spec}"));
        let said = shop.krm_parity(&["init", "--adopt", "--yes"]);
        assert!(said.succeeded(), "{said:#?}");
        let policy = shop.read("parity.yaml");
        let tree = krm_parity::yaml::parse(&policy).expect("a policy");
        let root = tree.roots().next().expect("a document");
        let classes = root.at(&["spec", "allow", "classes"]).expect("classes");
        let classes: Vec<_> = classes
            .items()
            .filter_map(krm_parity::yaml::Node::as_str)
            .collect();
        assert_eq!(classes, wanted, "{policy}");
    }
}

#[test]
fn information_for_all_is_adopted_where_builds_check_themselves() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = || {
        let repository = Repository::new("shop", &kustomize);
        repository.write(
            "base/web.yaml",
            &DEPLOYMENT.replace("{name: web}", "{name: web, labels: {tier: REPLACE_ME}}"),
        );
        repository.write("base/kustomization.yaml", "resources: [web.yaml]\n");
        for environment in ["dev", "staging", "prod"] {
            repository.write(
                &format!("overlays/{environment}/kustomization.yaml"),
                &format!("resources: [../../base]\npatches:\n- patch: '{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: web, labels: {{tier: web}}, annotations: {{example.com/role: role/{environment}-web}}}}}}'\n"),
            );
        }
        repository
    };
    let seen = shop();
    let checked = seen.krm_parity(&["check"]);
    assert!(
        checked.succeeded() && !checked.stdout.contains("error["),
        "{checked:#?}"
    );
    // Where builds do not check themselves, nothing needs an entry.
    let said = seen.krm_parity(&["init", "--adopt", "--yes"]);
    assert!(said.succeeded(), "{said:#?}");
    assert!(!seen.read("parity.yaml").contains("exemptions"));
    let wired = shop();
    let said = wired.krm_parity(&["init", "--adopt", "--wire", "--yes"]);
    assert!(said.succeeded(), "{said:#?}");
    for directory in wired.wired() {
        let built = wired.build(&directory, true);
        assert!(built.succeeded(), "{directory}: {built:#?}");
    }
    let checked = wired.krm_parity(&["check"]);
    assert!(
        checked.succeeded() && !checked.stdout.contains("warning["),
        "{checked:#?}"
    );
    let again = wired.krm_parity(&["init", "--adopt", "--wire", "--yes"]);
    assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
}
