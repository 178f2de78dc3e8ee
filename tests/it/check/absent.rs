//! Source files of Secrets that a repository does not contain: the rest of the environment is still judged.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{NEWEST, report};
use crate::support::{Tree, require, run};

const BASE: &str = "secretGenerator:\n- name: web\n  literals: [mode=plain]\n";

/// A service whose environments generate Secrets from files, in a repository that ignores some of them.
struct Shop(Tree);

impl Shop {
    fn new(base: &str) -> Self {
        let shop = Self(Tree::new());
        let text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n    \
            metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - {name: web, image: 'web:1', envFrom: [{secretRef: {name: web}}]}\n";
        shop.0.write("base/web.yaml", text);
        shop.0.write(
            "base/kustomization.yaml",
            &format!("resources: [web.yaml]\n{base}"),
        );
        shop
    }

    fn overlay(&self, environment: &str, text: &str) {
        self.0.write(
            &format!("overlays/{environment}/kustomization.yaml"),
            &format!("resources: [../../base]\n{text}"),
        );
    }

    /// An environment that applies a list of files to the base's Secret, by `merge` or another `behavior`.
    fn merges(&self, environment: &str, behavior: &str, sources: &str, more: &str) {
        let text =
            format!("secretGenerator:\n- name: web\n  behavior: {behavior}\n  {sources}\n{more}");
        self.overlay(environment, &text);
    }

    fn git(&self, arguments: &[&str]) {
        run(Command::new("git")
            .current_dir(self.0.path(""))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "user.name=x", "-c", "user.email=x@example.com"])
            .args(arguments))
        .expect_success("git");
    }

    fn commit(&self, ignored: &str) {
        self.0.write(".gitignore", ignored);
        self.git(&["init", "-q", "-b", "main"]);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "x"]);
    }

    fn report(&self, arguments: &[&str]) -> Value {
        let kustomize = crate::support::kustomize(NEWEST).expect("kustomize");
        report(&kustomize, &self.0.path(""), arguments)
    }

    /// `severity rule environment file:line`, and the field.
    fn found(&self, arguments: &[&str]) -> Vec<String> {
        let report = self.report(arguments);
        let findings = report["findings"].as_array().expect("findings").iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut told: Vec<String> = findings
            .map(|one| {
                let words = ["severity", "rule", "environment"].map(|word| text(&one[word]));
                let file = text(&one["place"]["file"]);
                let field = text(&one["field"]["path"]);
                let line = format!(
                    "{} {file}:{} {field}",
                    words.join(" "),
                    one["place"]["line"]
                );
                line.trim_end().to_owned()
            })
            .collect();
        told.sort();
        told
    }
}

const IMAGE: &str = "images:\n- name: web\n  newTag: '2'\n";

const DEV: &str = "warning unchecked-file dev overlays/dev/kustomization.yaml:5";

const PROD: &str = "warning unchecked-file prod overlays/prod/kustomization.yaml:5";

#[test]
fn the_rest_of_an_environment_is_judged_without_ignored_files() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(BASE);
    for (behavior, sources) in [
        ("merge", "envs: [secrets/web.properties]"),
        ("replace", "env: secrets/web.properties"),
        ("merge", "files: [config=secrets/web.properties]"),
    ] {
        shop.merges("dev", behavior, sources, "");
        shop.merges("prod", behavior, sources, IMAGE);
        if sources.starts_with("envs") {
            shop.commit("secrets/\n");
        }
        let mut expected = vec![
            "error image prod overlays/prod/kustomization.yaml:8 spec.template.spec.containers[name=web].image",
            DEV,
            PROD,
        ];
        if sources.starts_with("files") {
            // The key is known even without the file.
            expected.splice(
                0..0,
                [
                    "error config-keys dev overlays/dev/kustomization.yaml:5 data.config",
                    "error config-keys prod overlays/prod/kustomization.yaml:5 data.config",
                ],
            );
        }
        for arguments in [&[][..], &["--one-by-one"]] {
            assert_eq!(
                shop.found(arguments),
                expected,
                "{behavior} {sources} {arguments:?}"
            );
        }
    }
}

#[test]
fn one_environment_that_has_the_file_is_not_blamed_for_its_keys() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(BASE);
    shop.merges("dev", "merge", "envs: [.env]", "");
    shop.merges("prod", "merge", "envs: [.env]", "");
    shop.commit(".env\n");
    shop.0.write("overlays/dev/.env", "PASSWORD=a\n");
    assert_eq!(
        shop.found(&[]),
        [
            "error config-keys dev overlays/dev/.env:1 data.PASSWORD",
            PROD
        ]
    );
    // Both files exist: the keys of both are compared.
    shop.0.write("overlays/prod/.env", "PASSWORD=b\nMORE=c\n");
    let found = shop.found(&[]);
    assert!(
        found.iter().all(|one| one.starts_with("error")),
        "{found:#?}"
    );
    assert!(
        found.iter().any(|one| one.ends_with("data.MORE")),
        "{found:#?}"
    );
}

#[test]
fn a_base_that_lacks_a_file_is_still_compared() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new("namePrefix: shop-\nsecretGenerator:\n- name: web\n  envs: [.env]\n");
    shop.overlay("dev", "namespace: dev\n");
    shop.overlay("prod", IMAGE);
    shop.commit(".env\n");
    let base = |environment: &str| {
        format!("warning unchecked-file {environment} base/kustomization.yaml:5")
    };
    assert_eq!(
        shop.found(&[]),
        [
            "error image prod overlays/prod/kustomization.yaml:4 spec.template.spec.containers[name=web].image".to_owned(),
            base("dev"),
            base("prod")
        ]
    );
}

#[test]
fn a_secret_keeps_its_identity_without_its_source() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(BASE);
    shop.overlay("dev", "");
    shop.overlay("prod", "secretGenerator:\n- name: more\n  envs: [.env]\n");
    shop.commit(".env\n");
    assert_eq!(
        shop.found(&[]),
        [
            "error added-resource prod overlays/prod/kustomization.yaml:3",
            "warning unchecked-file prod overlays/prod/kustomization.yaml:4"
        ]
    );
}

#[test]
fn a_file_that_is_missing_by_mistake_fails_the_build() {
    let _kustomize = require!(kustomize(NEWEST));
    let is_failure = |shop: &Shop, arguments: &[&str]| {
        let found = shop.found(arguments);
        let failures = found
            .iter()
            .filter(|one| one.starts_with("error build-failure"));
        assert_eq!(failures.count(), 1, "{found:#?}");
        assert!(
            !found.iter().any(|one| one.contains("unchecked-file")),
            "{found:#?}"
        );
    };
    let with = |sources: &str| {
        let shop = Shop::new(BASE);
        shop.overlay("dev", "");
        shop.merges("prod", "merge", sources, "");
        shop
    };
    // git does not ignore the file.
    let shop = with("envs: [.env]");
    shop.commit("*.txt\n");
    is_failure(&shop, &[]);
    // Another file with a similar name exists.
    let shop = with("envs: [.env.prd]");
    shop.0.write("overlays/prod/.env.prod", "A=b\n");
    shop.commit(".env.prd\n");
    is_failure(&shop, &[]);
    // The file was removed, although git tracks it.
    let shop = with("envs: [.env]");
    shop.0.write("overlays/prod/.env", "A=b\n");
    shop.commit("");
    shop.0.write(".gitignore", ".env\n");
    fs::remove_file(shop.0.path("overlays/prod/.env")).expect("a file");
    is_failure(&shop, &[]);
    // A branch has removed it.
    shop.git(&["checkout", "-q", "-b", "branch"]);
    shop.git(&["add", "-A"]);
    shop.git(&["commit", "-q", "-m", "y"]);
    is_failure(&shop, &["--new", "main"]);
    // git ignores the file, but it is not the source of a Secret.
    let shop = with("envs: [.env]\nconfigMapGenerator:\n- name: c\n  envs: [.env.local]");
    shop.commit(".env*\n");
    is_failure(&shop, &[]);
}

#[test]
fn without_git_the_name_decides_whether_a_file_is_kept_out() {
    let _kustomize = require!(kustomize(NEWEST));
    for (name, is_kept_out) in [
        (".env.production", true),
        ("tls.key", true),
        ("web.properties", false),
    ] {
        let shop = Shop::new(BASE);
        shop.overlay("dev", "");
        shop.merges("prod", "merge", &format!("files: [config={name}]"), "");
        let found = shop.found(&[]);
        let is_told = found.iter().any(|one| one.starts_with(PROD));
        let fails = found
            .iter()
            .any(|one| one.starts_with("error build-failure"));
        assert_eq!((is_told, fails), (is_kept_out, !is_kept_out), "{found:#?}");
    }
}

#[test]
fn a_file_that_the_revision_also_lacked_is_not_new() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(BASE);
    shop.overlay("dev", "");
    shop.merges("prod", "merge", "envs: [secrets/db]", "");
    shop.commit("secrets/\n");
    shop.merges("prod", "merge", "envs: [secrets/db]", IMAGE);
    assert_eq!(
        shop.found(&["--new", "HEAD"]),
        [
            "error image prod overlays/prod/kustomization.yaml:8 spec.template.spec.containers[name=web].image"
        ]
    );
}

#[test]
fn values_and_placeholders_are_never_shown() {
    let kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(BASE);
    shop.overlay("dev", "");
    shop.overlay(
        "prod",
        "secretGenerator: [{name: web, behavior: merge, literals: [password=hunter2], envs: [.env]}]\n",
    );
    shop.commit(".env\n");
    for format in [
        "text", "json", "sarif", "markdown", "html", "junit", "github", "gitlab",
    ] {
        let run = super::check(&kustomize, &shop.0.path(""), &["--format", format]);
        for word in ["hunter2", "KRM_PARITY_ABSENT"] {
            assert!(
                !run.stdout.contains(word) && !run.stderr.contains(word),
                "{format}: {run:#?}"
            );
        }
    }
}

const KSOPS: &str = "apiVersion: viaduct.ai/v1\nkind: ksops\nmetadata:\n  name: db\n  annotations:\n    config.kubernetes.io/function: |\n      exec: {path: ksops}\nfiles: [./db.enc.yaml]\n";

/// A Secret as SOPS encrypts it.
fn encrypted(keys: &[&str]) -> String {
    let keys: String = keys
        .iter()
        .map(|key| format!("  {key}: ENC[AES256_GCM,data:aHVudGVyMg==,type:str]\n"))
        .collect();
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n  labels: {{app: web}}\ntype: Opaque\nstringData:\n{keys}sops:\n  mac: ENC[AES256_GCM,data:bWFj,type:str]\n"
    )
}

#[test]
fn a_decryptor_is_not_run_and_the_rest_is_judged() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(&format!("{BASE}generators: [ksops.yaml]\n"));
    shop.0.write("base/ksops.yaml", KSOPS);
    shop.0
        .write("base/db.enc.yaml", &encrypted(&["user", "password"]));
    shop.overlay("dev", "");
    shop.overlay("prod", &format!("namePrefix: prod-\n{IMAGE}"));
    shop.commit("");
    let base = |environment: &str| {
        format!("warning unchecked-file {environment} base/kustomization.yaml:5")
    };
    let image = "error image prod overlays/prod/kustomization.yaml:5 spec.template.spec.containers[name=web].image";
    assert_eq!(
        shop.found(&[]),
        [image.to_owned(), base("dev"), base("prod")]
    );
    // The keys are not encrypted, and a Secret that only production has is visible too.
    shop.0.write(
        "overlays/prod/ksops.yaml",
        &KSOPS.replace("name: db", "name: more"),
    );
    shop.0.write(
        "overlays/prod/db.enc.yaml",
        &encrypted(&["user"]).replace("name: db", "name: more"),
    );
    shop.overlay("prod", "generators: [ksops.yaml]\n");
    let found = shop.found(&[]);
    assert_eq!(found.len(), 4, "{found:#?}");
    assert!(
        found[0].starts_with("error added-resource prod overlays/prod/"),
        "{found:#?}"
    );
}

#[test]
fn a_generator_of_one_secret_hides_only_the_keys_of_variables() {
    let _kustomize = require!(kustomize(NEWEST));
    let shop = Shop::new(BASE);
    let sops = |more: &str| {
        format!(
            "apiVersion: goabout.com/v1beta1\nkind: SopsSecretGenerator\nmetadata: {{name: web}}\nbehavior: merge\n{more}"
        )
    };
    shop.0
        .write("overlays/dev/sops.yaml", &sops("envs: [web.enc.env]\n"));
    shop.overlay("dev", "generators: [sops.yaml]\n");
    shop.0.write(
        "overlays/prod/sops.yaml",
        &sops("files: [tls.key=tls.enc.key]\n"),
    );
    shop.overlay("prod", "generators: [sops.yaml]\n");
    let found = shop.found(&[]);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        found[0].starts_with("error config-keys prod") && found[0].ends_with("data[\"tls.key\"]"),
        "{found:#?}"
    );
    assert!(
        found[1..]
            .iter()
            .all(|one| one.starts_with("warning unchecked-file")),
        "{found:#?}"
    );
}

#[test]
fn a_generator_that_does_more_than_decrypt_does_not_build() {
    let _kustomize = require!(kustomize(NEWEST));
    for (generator, secret) in [
        // The encrypted file may hold anything.
        (
            KSOPS.to_owned(),
            encrypted(&["a"]).replace("kind: Secret", "kind: ConfigMap"),
        ),
        (
            KSOPS.to_owned(),
            encrypted(&["a"]).replace("sops:", "other:"),
        ),
        (
            format!("{KSOPS}---\napiVersion: example.com/v1\nkind: Other\nmetadata: {{name: o}}\n"),
            encrypted(&["a"]),
        ),
        (
            KSOPS.replace("viaduct.ai", "example.com"),
            encrypted(&["a"]),
        ),
        (
            KSOPS.replace("db.enc.yaml", "gone.enc.yaml"),
            encrypted(&["a"]),
        ),
    ] {
        let shop = Shop::new(BASE);
        shop.overlay("dev", "");
        shop.overlay("prod", "generators: [ksops.yaml]\n");
        shop.0.write("overlays/prod/ksops.yaml", &generator);
        shop.0.write("overlays/prod/db.enc.yaml", &secret);
        let found = shop.found(&[]);
        assert!(
            found.len() == 1 && found[0].starts_with("error build-failure prod"),
            "{generator} {found:#?}"
        );
    }
}
