//! The files that `init` writes into a repository that is not prepared for it.

use std::collections::BTreeMap;

use super::repository::Repository;
use crate::support::{NEWEST, require};

const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
spec:
  replicas: 1
  selector: {matchLabels: {app: checkout}}
  template:
    metadata: {labels: {app: checkout}}
    spec:
      containers:
      - name: checkout
        image: example.com/checkout:1
        livenessProbe: {httpGet: {path: /, port: 80}, periodSeconds: 10}
";

/// A base and two overlays, each kustomization in another notation.
fn shop(kustomize: &std::path::Path) -> Repository {
    let repository = Repository::new("shop", kustomize);
    repository.write("base/deployment.yaml", DEPLOYMENT);
    repository.write("base/kustomization.yaml", "resources: [deployment.yaml]");
    repository.write(
        "overlays/dev/kustomization.yaml",
        "# dev is small\nresources:\n  - ../../base   # all of it\n\nnamePrefix: dev-\n\n# That is all.\n",
    );
    repository.write(
        "overlays/production/kustomization.yaml",
        "resources:\r\n- ../../base\r\ntransformers: []\r\nreplicas: [{name: checkout, count: 3}]\r\n",
    );
    repository.write("README.md", "not ours\n");
    repository
}

/// The files that are new or have changed.
fn changed(before: &BTreeMap<String, String>, repository: &Repository) -> Vec<String> {
    let after = repository.files();
    assert!(before.keys().all(|name| after.contains_key(name)));
    let differs =
        |(name, text): (String, String)| (before.get(&name) != Some(&text)).then_some(name);
    after.into_iter().filter_map(differs).collect()
}

const POLICY: &str = "\
# How the environments of this repository may differ; `krm-parity check` enforces it.
apiVersion: krm-parity.io/v1alpha1
kind: ParityPolicy
metadata:
  name: parity
spec:
  # All environments in promotion order: a later one must not have less than an earlier one.
  environments: [dev, production]
  allow:
    # The defaults. Everything else must be the same as in the base.
    classes: [replicas, resource-values, env-values, hostnames]
";

#[test]
fn by_default_only_the_policy_is_written() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    let before = repository.files();

    let asked = repository.krm_parity(&["init"]);
    assert_eq!(asked.code, Some(2), "{asked:#?}");
    assert!(
        asked
            .stdout
            .starts_with("--- /dev/null\n+++ b/parity.yaml\n@@ -0,0 +1,11 @@\n+# How")
    );
    assert!(
        asked
            .stderr
            .contains("no terminal to confirm on; --yes makes"),
        "{asked:#?}"
    );
    let shown = repository.krm_parity(&["init", "--dry-run"]);
    assert!(
        shown.succeeded() && shown.stdout == asked.stdout,
        "{shown:#?}"
    );
    assert!(changed(&before, &repository).is_empty());

    let made = repository.krm_parity(&["init", "--yes"]);
    assert!(made.succeeded(), "{made:#?}");
    assert!(
        made.stdout.contains(
            "\nWrote parity.yaml.\nnext: `krm-parity check` compares every environment with its base and with the others\nnext: `krm-parity init --adopt` writes"
        ),
        "{made:#?}"
    );
    assert_eq!(changed(&before, &repository), ["parity.yaml"]);
    assert_eq!(repository.read("parity.yaml"), POLICY);
    assert!(repository.krm_parity(&["check"]).succeeded());

    let again = repository.krm_parity(&["init"]);
    assert!(again.succeeded(), "{again:#?}");
    assert_eq!(again.stdout, "Nothing to do: parity.yaml exists.\n");
    assert_eq!(repository.read("parity.yaml"), POLICY);
}

/// A person at a terminal is asked, and only a yes changes anything.
#[test]
#[cfg(target_os = "linux")]
fn a_person_is_asked() {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    let kustomize = require!(kustomize(NEWEST));
    if Command::new("script").arg("--version").output().is_err() {
        crate::support::missing("script");
        return;
    }
    for (answer, is_yes) in [("y\n", true), ("n\n", false), ("\n", false)] {
        let repository = shop(&kustomize);
        let before = repository.files();
        let mut asked = Command::new("script")
            .args(["--quiet", "--return", "--command"])
            .arg(format!("{} init", crate::support::binary().display()))
            .arg("/dev/null")
            .current_dir(repository.root())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        asked
            .stdin
            .take()
            .unwrap()
            .write_all(answer.as_bytes())
            .unwrap();
        let asked = asked.wait_with_output().unwrap();
        let shown = String::from_utf8_lossy(&asked.stdout);
        assert!(shown.contains("Apply? [y/N]"), "{shown}");
        assert_eq!(shown.contains("nothing was changed"), !is_yes, "{shown}");
        let code = if is_yes { 0 } else { 2 };
        assert_eq!(asked.status.code(), Some(code), "{answer:?}: {shown}");
        let expected: &[&str] = if is_yes { &["parity.yaml"] } else { &[] };
        assert_eq!(changed(&before, &repository), expected, "{answer:?}");
    }
}

#[test]
fn wiring_inserts_lines_and_then_builds_check_themselves() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    let before = repository.files();
    let made = repository.krm_parity(&["init", "--wire", "--yes"]);
    assert!(made.succeeded(), "{made:#?}");
    assert_eq!(
        changed(&before, &repository),
        [
            "base/kustomization.yaml",
            "base/parity.yaml",
            "overlays/dev/kustomization.yaml",
            "overlays/production/kustomization.yaml",
            "parity/dev/kustomization.yaml",
            "parity/policy/kustomization.yaml",
            "parity/policy/policy.yaml",
            "parity/production/kustomization.yaml",
        ]
    );
    for (name, expected) in [
        (
            "base/kustomization.yaml",
            "resources: [deployment.yaml]\ntransformers:\n- parity.yaml\n",
        ),
        (
            "base/parity.yaml",
            "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata:\n  name: shop\n  annotations:\n    \
             config.kubernetes.io/function: |\n      exec:\n        path: krm-parity\n",
        ),
        (
            "overlays/dev/kustomization.yaml",
            "# dev is small\nresources:\n  - ../../base   # all of it\n\nnamePrefix: dev-\ntransformers:\n- ../../parity/dev\n\n# That is all.\n",
        ),
        (
            "overlays/production/kustomization.yaml",
            "resources:\r\n- ../../base\r\ntransformers: [\"../../parity/production\"]\r\nreplicas: [{name: checkout, count: 3}]\r\n",
        ),
        (
            "parity/policy/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- policy.yaml\n",
        ),
        (
            "parity/dev/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- ../policy\npatches:\n- target:\n    \
             kind: ParityPolicy\n  patch: |\n    - op: add\n      path: /spec/environment\n      value: dev\n",
        ),
    ] {
        assert_eq!(repository.read(name), expected, "{name}");
    }
    let function = "  annotations:\n    config.kubernetes.io/function: |\n      exec:\n        path: krm-parity\n";
    let policy = POLICY.replace("  name: parity\n", &format!("  name: parity\n{function}"));
    assert_eq!(repository.read("parity/policy/policy.yaml"), policy);

    let again = repository.krm_parity(&["init", "--wire"]);
    assert!(again.succeeded(), "{again:#?}");
    assert_eq!(
        again.stdout,
        "Nothing to do: parity/policy/policy.yaml exists, and everything that can be wired is wired.\n"
    );

    for overlay in ["overlays/dev", "overlays/production"] {
        let built = repository.build(overlay, true);
        assert!(built.succeeded() && built.stderr.is_empty(), "{built:#?}");
        assert!(!repository.build(overlay, false).succeeded());
    }
    assert!(repository.krm_parity(&["check"]).succeeded());
    let text = repository.read("overlays/dev/kustomization.yaml");
    let broken = text + "images: [{name: example.com/checkout, newTag: '2'}]\n";
    repository.write("overlays/dev/kustomization.yaml", &broken);
    let built = repository.build("overlays/dev", true);
    assert!(built.stderr.contains("error[image]"), "{built:#?}");

    // Adopted findings are exempt in builds as well.
    let adopted = repository.krm_parity(&["init", "--adopt", "--yes", "--expires", "2026-07-01"]);
    assert!(adopted.succeeded(), "{adopted:#?}");
    assert!(
        adopted.stdout.contains("+    expires: \"2026-07-01\"\n"),
        "{adopted:#?}"
    );
    let built = repository.build("overlays/dev", true);
    assert!(
        built.succeeded() && built.stderr.contains("info[image]"),
        "{built:#?}"
    );
}

/// When something else is wrong, the message is not about the function.
#[test]
fn a_wired_overlay_that_does_not_build_says_why() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    assert!(
        repository
            .krm_parity(&["init", "--wire", "--yes"])
            .succeeded()
    );
    let text = repository.read("overlays/dev/kustomization.yaml");
    let broken = text + "replicas: [{name: chekout, count: 2}]\n";
    repository.write("overlays/dev/kustomization.yaml", &broken);
    let checked = repository.krm_parity(&["check"]);
    assert!(checked.stdout.contains("chekout"), "{checked:#?}");
    assert!(
        !checked.stdout.contains("external plugins disabled"),
        "{checked:#?}"
    );
}

/// A base of two services cannot say whose exemptions apply in a build.
#[test]
fn a_shared_base_is_wired_unless_the_policy_names_services() {
    let kustomize = require!(kustomize(NEWEST));
    let shared = |with_image: bool| {
        let repository = Repository::new("shops", &kustomize);
        repository.write("base/deployment.yaml", DEPLOYMENT);
        repository.write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
        for service in ["cart", "web"] {
            let image = "images: [{name: example.com/checkout, newTag: '2'}]\n";
            let image = if with_image && service == "web" {
                image
            } else {
                ""
            };
            repository.write(
                &format!("{service}/overlays/dev/kustomization.yaml"),
                &format!("resources: [../../../base]\n{image}"),
            );
        }
        let made = repository.krm_parity(&["init", "--adopt", "--wire", "--yes"]);
        assert_eq!(made.code, Some(i32::from(with_image)), "{made:#?}");
        (repository.wired().len(), made.stderr)
    };
    assert_eq!(shared(false).0, 2);
    let (wired, said) = shared(true);
    assert_eq!(wired, 0, "{said}");
    assert!(
        said.contains("base is not wired: it is the base of several services"),
        "{said}"
    );
}

/// The text of a policy stays byte for byte; old exemptions stay, and expired ones are not written again.
#[test]
fn adoption_adds_to_a_policy() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    let head = "# Ours.\napiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n    exemptions:\n    \
                - rule: image      # since May\n      path: '**.image'\n      reason: why not\n      expires: \"2026-06-01\"\n";
    let tail = "\n    environments: [dev, production]\n";
    repository.write("parity.yaml", &format!("{head}{tail}"));
    repository.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\nimages: [{name: example.com/checkout, newTag: '2'}]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    \
         - {op: replace, path: /spec/template/spec/containers/0/livenessProbe/periodSeconds, value: 60}\n",
    );
    let made = repository.krm_parity(&["init", "--adopt", "--yes", "--days", "10"]);
    assert_eq!(made.code, Some(1), "{made:#?}");
    assert!(
        made.stderr
            .contains("not adopted: 1 finding whose exemption has expired"),
        "{made:#?}"
    );
    let added = "    # health-checks: 1 finding in shop\n    - rule: health-checks\n      target: {kind: Deployment, name: checkout}\n      \
                 path: spec.template.spec.containers[name=checkout].livenessProbe.periodSeconds\n      value: \"60\"\n      environments: [dev]\n      \
                 reason: \"adopted 2026-06-15: TODO say why this may stay until then, and who fixes it\"\n      \
                 expires: \"2026-06-25\"\n";
    assert_eq!(
        repository.read("parity.yaml"),
        format!("{head}{added}{tail}")
    );

    let again = repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert_eq!(again.code, Some(1), "{again:#?}");
    assert_eq!(
        again.stdout,
        "Nothing to do: parity.yaml exists, and none of the findings can be adopted.\n"
    );
    let checked = repository.krm_parity(&["check"]);
    let told = "(no longer exempt: spec.exemptions[0] expired after 2026-06-01: why not)";
    assert!(checked.stdout.contains(told), "{checked:#?}");
    assert!(
        !checked.stdout.contains("expired-exemption"),
        "{checked:#?}"
    );
}

/// Of two services whose resources have the same names, one is exempt and the other is not.
#[test]
fn an_exemption_of_one_service_hides_nothing_of_another() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new("shops", &kustomize);
    let overlay = "resources: [../../base]\n";
    let image = "images: [{name: example.com/checkout, newTag: '2'}]\n";
    for service in ["cart", "web"] {
        repository.write(&format!("{service}/base/deployment.yaml"), DEPLOYMENT);
        let base = format!("{service}/base/kustomization.yaml");
        repository.write(&base, "resources: [deployment.yaml]\n");
        repository.write(
            &format!("{service}/overlays/dev/kustomization.yaml"),
            overlay,
        );
    }
    repository.write(
        "web/overlays/dev/kustomization.yaml",
        &format!("{overlay}{image}"),
    );
    assert!(
        repository
            .krm_parity(&["init", "--adopt", "--yes"])
            .succeeded()
    );
    assert!(
        repository
            .read("parity.yaml")
            .contains("    services: [web]\n")
    );
    assert!(repository.krm_parity(&["check"]).succeeded());
    repository.write(
        "cart/overlays/dev/kustomization.yaml",
        &format!("{overlay}{image}"),
    );
    let checked = repository.krm_parity(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:#?}");
    assert!(checked.stdout.contains("1 error, 1 info"), "{checked:#?}");
}

/// A service that is added later is new, even if it is a copy of an adopted one.
#[test]
fn a_service_that_is_added_later_is_new() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new("shops", &kustomize);
    let add = |service: &str| {
        let at = |path: &str| format!("apps/{service}/{path}");
        repository.write(&at("base/deployment.yaml"), DEPLOYMENT);
        repository.write(
            &at("base/kustomization.yaml"),
            "resources: [deployment.yaml]\n",
        );
        repository.write(
            &at("overlays/dev/kustomization.yaml"),
            "resources: [../../base]\nimages: [{name: example.com/checkout, newTag: '2'}]\n",
        );
    };
    let adopt = || repository.krm_parity(&["init", "--adopt", "--yes"]);
    add("a");
    assert!(adopt().succeeded());
    let policy = repository.read("parity.yaml");
    assert!(policy.contains("    services: [a]\n"), "{policy}");
    assert!(repository.krm_parity(&["check"]).succeeded());
    add("b");
    let checked = repository.krm_parity(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:#?}");
    assert!(checked.stdout.contains("1 error, 1 info"), "{checked:#?}");
    assert!(adopt().succeeded());
    assert!(repository.krm_parity(&["check"]).succeeded());
}

/// A policy in braces stays in braces, and can be read.
#[test]
fn exemptions_in_braces_have_lines_of_their_own() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    let head = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {environments: [dev, production]";
    repository.write("parity.yaml", &format!("{head}}} # ours\n"));
    repository.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\nimages: [{name: example.com/checkout, newTag: '2'}]\n",
    );
    let made = repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert!(made.succeeded(), "{made:#?}");
    let policy = repository.read("parity.yaml");
    let start = format!(
        "{head}, \"exemptions\": [\n  {{\n    \"rule\": \"image\",\n    \"target\": {{\"kind\":\"Deployment\",\"name\":\"checkout\"}},\n"
    );
    assert!(policy.starts_with(&start), "{policy}");
    assert!(policy.ends_with("\n  }]} # ours\n"), "{policy}");
    assert!(repository.krm_parity(&["check"]).succeeded());
}

/// It is unknown how an overlay differs that is not judged: it is named, and the rest is adopted.
#[test]
fn an_overlay_that_is_not_judged_stays_red() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    let image = "resources: [../../base]\nimages: [{name: example.com/checkout, newTag: '2'}]\n";
    for name in ["dev", ".staging"] {
        repository.write(&format!("overlays/{name}/kustomization.yaml"), image);
    }
    let made = repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert_eq!(made.code, Some(1), "{made:#?}");
    let said = "not adopted: overlays/.staging is an overlay in a hidden directory";
    assert!(made.stderr.contains(said), "{made:#?}");
    let policy = repository.read("parity.yaml");
    assert!(policy.contains("- rule: image\n"), "{policy}");
    assert!(!policy.contains("unjudged-overlay"), "{policy}");
    let checked = repository.krm_parity(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:#?}");
    assert!(checked.stdout.contains(": 1 error, 1 info"), "{checked:#?}");
    let again = repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert_eq!(again.code, Some(1), "{again:#?}");
    assert!(
        again.stdout.contains("none of the findings can be adopted"),
        "{again:#?}"
    );
}

/// An existing recorder is used, and a file that is not a recorder is left alone.
#[test]
fn a_file_where_the_recorder_would_be_is_seen() {
    let kustomize = require!(kustomize(NEWEST));
    let recorder =
        "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata: {name: till}\n";
    for (text, is_used) in [(recorder, true), ("kind: Other\n", false), ("\u{0}", false)] {
        let repository = shop(&kustomize);
        repository.write("base/parity.yaml", text);
        let made = repository.krm_parity(&["init", "--wire", "--yes"]);
        assert_eq!(made.code, Some(i32::from(!is_used)), "{text}: {made:#?}");
        // The recorder gets the annotation that it lacks, and nothing else.
        let function = "{name: till, \"annotations\": {\"config.kubernetes.io/function\": \"exec:\\n  path: krm-parity\\n\"}}";
        let expected = text.replace("{name: till}", function);
        assert_eq!(repository.read("base/parity.yaml"), expected);
        let base = repository.read("base/kustomization.yaml");
        assert_eq!(base.contains("- parity.yaml"), is_used, "{base}");
        let is_refused = made
            .stderr
            .contains("base/parity.yaml exists already and contains no recorder");
        assert_eq!(is_refused, !is_used, "{text}: {made:#?}");
        // The second run fails, too, as long as something remains, and does not say that everything is wired.
        let again = repository.krm_parity(&["init", "--wire", "--yes"]);
        assert_eq!(again.code, made.code, "{text}: {again:#?}");
        assert!(again.stdout.starts_with("Nothing to do"), "{again:#?}");
        let is_all = again
            .stdout
            .contains("everything that can be wired is wired");
        assert_eq!(is_all, is_used, "{text}: {again:#?}");
        let is_left = again.stdout.contains("nothing more can be wired");
        assert_eq!(is_left, !is_used, "{text}: {again:#?}");
    }
}

/// An amount is adopted as it is: a smaller one is the incident getting worse.
#[test]
fn an_amount_that_becomes_worse_is_reported() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = Repository::new("shop", &kustomize);
    let memory = |limit: &str| {
        let text = "        resources: {limits: {memory: LIMIT}}\n";
        format!("{DEPLOYMENT}{}", text.replace("LIMIT", limit))
    };
    repository.write("base/deployment.yaml", &memory("1Gi"));
    repository.write("base/kustomization.yaml", "resources: [deployment.yaml]\n");
    repository.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\n",
    );
    let production = |limit: &str| {
        let patch = format!(
            "resources: [../../base]\npatches:\n- target: {{kind: Deployment}}\n  patch: |\n    - {{op: replace, path: \
             /spec/template/spec/containers/0/resources/limits/memory, value: {limit}}}\n"
        );
        repository.write("overlays/production/kustomization.yaml", &patch);
    };
    production("512Mi");
    let adopt = || repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert!(adopt().succeeded());
    let policy = repository.read("parity.yaml");
    assert!(
        policy.contains(".memory\n    value: \"512Mi\"\n    environments: [production]\n"),
        "{policy}"
    );
    // The same amount in another notation is the same amount, and more is better.
    for same in ["512Mi", "0.5Gi", "768Mi"] {
        production(same);
        let checked = repository.krm_parity(&["check"]);
        assert!(checked.succeeded(), "{checked:#?}");
        assert!(!checked.stdout.contains("unused"), "{checked:#?}");
    }
    production("400Mi");
    let checked = repository.krm_parity(&["check"]);
    assert_eq!(checked.code, Some(1), "{checked:#?}");
    let part = "(spec.exemptions[0] is only for the value \"512Mi\" or a closer one)";
    assert!(checked.stdout.contains(part), "{checked:#?}");
    // The finding says which value the entry is for, which is enough.
    assert!(!checked.stdout.contains("unused"), "{checked:#?}");
    // The owner may decide to accept this, too.
    assert!(adopt().succeeded());
    let checked = repository.krm_parity(&["check"]);
    assert!(checked.succeeded(), "{checked:#?}");
    assert!(
        !checked.stdout.contains("is only for the value"),
        "{checked:#?}"
    );
}

/// An overlay that does not build is reported, and not adopted.
#[test]
fn an_overlay_that_does_not_build_stays_red() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    repository.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base, missing.yaml]\n",
    );
    let made = repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert_eq!(made.code, Some(1), "{made:#?}");
    assert!(
        made.stderr
            .contains("not adopted: dev of service shop does not build"),
        "{made:#?}"
    );
    assert!(!repository.read("parity.yaml").contains("build-failure"));
    assert_eq!(repository.krm_parity(&["check"]).code, Some(1));
}

#[test]
fn impossible_requests_are_reported_and_change_nothing() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    for (arguments, part) in [
        (&["init", "--expires", "2027-01-31"][..], "--adopt"),
        (
            &["init", "--adopt", "--expires", "20270131"],
            "expected a day as YYYY-MM-DD",
        ),
        (
            &["init", "--adopt", "--yes", "--expires", "2026-06-14"],
            "this day is in the past",
        ),
        (
            &["init", "--adopt", "--days", "0"],
            "expected a number of days from 1 to 3650",
        ),
        (
            &["init", "no-such-directory"],
            "cannot find no-such-directory",
        ),
        (&["init", "base", "--yes"], "no service was found"),
    ] {
        let before = repository.files();
        let said = repository.krm_parity(arguments);
        assert_eq!(said.code, Some(2), "{arguments:?} {said:#?}");
        assert!(said.stderr.contains(part), "{arguments:?} {said:#?}");
        assert!(changed(&before, &repository).is_empty(), "{arguments:?}");
    }
    repository.write(
        "parity.yaml",
        "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec: {environments: [production]}\n",
    );
    repository.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\nimages: [{name: example.com/checkout, newTag: '2'}]\n",
    );
    let said = repository.krm_parity(&["init", "--adopt", "--yes"]);
    assert_eq!(said.code, Some(2), "{said:#?}");
    assert!(
        said.stderr.contains("but the repository also has dev"),
        "{said:#?}"
    );
}

/// A region on a layer is deployed: the layer records itself, and the region is compared with it.
#[test]
fn regions_are_compared_with_their_layer() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    repository.write(
        "overlays/live/base/kustomization.yaml",
        "resources: [../../../base]\n",
    );
    repository.write(
        "overlays/live/eu/kustomization.yaml",
        "resources: [../base]\n",
    );
    let made = repository.krm_parity(&["init", "--wire", "--yes"]);
    assert_eq!(made.code, Some(0), "{made:#?}");
    let layer = repository.read("overlays/live/base/parity.yaml");
    assert!(layer.contains("  environment: live\n"), "{layer}");
    let region = repository.read("parity/live-eu-on-live/kustomization.yaml");
    assert!(
        region.contains("/spec/baseline\n      value: live\n"),
        "{region}"
    );
    let again = repository.krm_parity(&["init", "--wire", "--yes"]);
    assert!(
        again
            .stdout
            .contains("everything that can be wired is wired"),
        "{again:#?}"
    );
}

/// An overlay with an environment's word in its name belongs to that environment, but does not rename it.
#[test]
fn an_environment_keeps_its_own_name() {
    let kustomize = require!(kustomize(NEWEST));
    let repository = shop(&kustomize);
    for name in ["db-cn-dev", "db-cn-production"] {
        repository.write(
            &format!("examples/overlays/{name}/kustomization.yaml"),
            "resources: [../../base]\n",
        );
    }
    repository.write("examples/base/deployment.yaml", DEPLOYMENT);
    repository.write(
        "examples/base/kustomization.yaml",
        "resources: [deployment.yaml]",
    );
    let made = repository.krm_parity(&["init", "--yes"]);
    assert!(made.succeeded(), "{made:#?}");
    let policy = repository.read("parity.yaml");
    assert!(
        policy.contains("environments: [dev, production]\n"),
        "{policy}"
    );
}
