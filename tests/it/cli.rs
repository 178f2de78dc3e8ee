//! The command line from outside.

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn krm_parity() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("krm-parity"));
    command.env_remove("KUSTOMIZE_PLUGIN_CONFIG_ROOT");
    command.env_remove("KUSTOMIZE_PLUGIN_CONFIG_STRING");
    command.env_remove("KUSTOMIZE_PLUGIN_HOME");
    command.env_remove("XDG_CONFIG_HOME");
    command.env("SOURCE_DATE_EPOCH", "1780000000");
    command
}

fn run(args: &[&str]) -> Output {
    krm_parity()
        .args(args)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn version_and_help_go_to_stdout() {
    let version = run(&["--version"]);
    assert_eq!(
        stdout(&version),
        format!("krm-parity {}\n", env!("CARGO_PKG_VERSION"))
    );
    assert!(version.status.success());
    for args in [
        &["--help"][..],
        &["plugin"],
        &["plugin", "install", "--help"],
    ] {
        let help = run(args);
        assert!(help.status.success(), "{args:?}");
        assert!(
            stdout(&help).contains("Usage: krm-parity"),
            "{}",
            stdout(&help)
        );
        assert_eq!(stderr(&help), "");
    }
}

#[test]
fn help_and_version_are_verbs_too() {
    for (verb, flag) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "check"], &["check", "--help"]),
        (&["version"], &["--version"]),
    ] {
        let output = run(verb);
        assert_eq!(output.status.code(), Some(0), "{verb:?}");
        assert_eq!(stdout(&output), stdout(&run(flag)), "{verb:?}");
    }
}

#[test]
fn colors_are_for_terminals_unless_they_are_asked_for() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fleet");
    let check = |more: &[&str], no_color: &str| {
        let mut command = krm_parity();
        command.args(["check", directory]).args(more);
        let output = command.env("NO_COLOR", no_color).output().expect("it runs");
        assert_eq!(output.status.code(), Some(1), "{more:?}");
        stdout(&output).contains('\u{1b}')
    };
    assert!(check(&["--color", "always"], "1"));
    assert!(check(&["--color=always"], ""));
    assert!(!check(&["--color=never"], ""));
    assert!(!check(&["--color=auto"], ""));
    assert!(!check(&[], ""));
    let slip = run(&["check", "--color", "yes"]);
    assert_eq!(slip.status.code(), Some(2));
    assert!(stderr(&slip).contains("always"), "{}", stderr(&slip));
}

#[test]
fn an_unknown_word_cannot_run() {
    let output = run(&["plugni"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    assert!(stderr(&output).contains("'plugin'"), "{}", stderr(&output));
}

#[test]
fn a_file_alone_is_not_a_plugin_call() {
    assert_eq!(run(&["Cargo.toml"]).status.code(), Some(2));
    let output = krm_parity()
        .arg("no-such-file")
        .env("KUSTOMIZE_PLUGIN_CONFIG_ROOT", ".")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_plugin_goes_where_kustomize_looks() {
    let user = tempfile::tempdir().unwrap();
    let install = |args: &[&str], env: &[(&str, &Path)]| {
        let mut command = krm_parity();
        command
            .args(["plugin", "install"])
            .args(args)
            .env("HOME", user.path());
        let output = command.envs(env.iter().copied()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output).to_owned()
    };
    let kind = "krm-parity.io/v1alpha1/paritypolicy/ParityPolicy";
    let xdg = user.path().join(".config/kustomize/plugin");

    // An old home stays in use: a new one would hide its other plugins.
    let old = user.path().join("kustomize/plugin");
    std::fs::create_dir_all(&old).unwrap();
    assert!(install(&[], &[]).contains("finds it there"));
    assert!(old.join(kind).exists() && !xdg.exists());

    std::fs::remove_dir_all(&old).unwrap();
    let said = install(&[], &[]);
    assert!(
        said.starts_with("linked ") && said.contains("finds it there"),
        "{said}"
    );
    assert!(xdg.join(kind).is_symlink());
    assert!(install(&[], &[]).starts_with("already there "));

    let own = user.path().join("own");
    let said = install(&[own.to_str().unwrap(), "--copy"], &[]);
    assert!(said.contains("set KUSTOMIZE_PLUGIN_HOME="), "{said}");
    assert!(own.join(kind).is_file() && !own.join(kind).is_symlink());

    let set = user.path().join("set");
    assert!(install(&[], &[("KUSTOMIZE_PLUGIN_HOME", &set)]).contains("finds it there"));
    assert!(set.join(kind).is_symlink());
}

#[test]
fn a_failed_installation_cannot_run() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "").unwrap();
    let output = run(&["plugin", "install", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).starts_with("krm-parity: cannot "),
        "{}",
        stderr(&output)
    );
    let output = krm_parity()
        .args(["plugin", "install"])
        .env_remove("HOME")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("name the plugin directory"));
}

#[test]
fn a_closed_stdout_is_not_an_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = krm_parity().arg("--help").stdout(writer).status().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_rule_is_explained_and_a_typing_error_is_corrected() {
    let output = run(&["explain", "scale-factor"]);
    assert!(output.status.success());
    insta::assert_snapshot!(stdout(&output), @"
    scale-factor

      A resource quantity must stay within a factor of the base's and of every other environment's.
      A much smaller environment does not show how a larger one behaves.

      example   requests.memory is 256Mi in the base and 2Gi in production: 8 times as much
      default   warning
      bound     spec.rules.scale-factor.max, by default 4
      severity  spec.rules.scale-factor.severity: error, warning, info or ignore
      exempt    spec.exemptions with rule: scale-factor, a reason and a last day
    ");
    let output = run(&["explain", "helth-checks"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "krm-parity: unknown rule or class \"helth-checks\"; did you mean health-checks?\n"
    );
}

/// A file of a case: rendered files, and a policy. Tests run in the package's directory.
fn case(name: &str, file: &str) -> String {
    format!("tests/cases/{name}/{file}")
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_change_of_an_overlay_is_explained() {
    let explain = |name: &str| {
        let policy = case(name, "policy.yaml");
        let (overlay, base) = (case(name, "overlay.yaml"), case(name, "base.yaml"));
        let mut args = vec!["explain", &overlay, "--base", &base];
        if Path::new(&policy).is_file() {
            args.extend(["--policy", &policy]);
        }
        let output = krm_parity()
            .args(&args)
            .env("SOURCE_DATE_EPOCH", "1781481600")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        stdout(&output).to_owned()
    };
    insta::assert_snapshot!(explain("allowed/a-field-that-the-policy-names"), @r#"
    allowed   other  apps/v1 Deployment payments
      at      spec.template.spec.nodeSelector (added)
      base    (absent)
      overlay {"pool":"gpu","zone":"a"}
      because spec.allow.fields[0] (tests/cases/allowed/a-field-that-the-policy-names/policy.yaml:8) has spec.template.spec.nodeSelector.** (production has its own node pool)
    "#);
    insta::assert_snapshot!(explain("other/a-field-that-the-base-denies"), @r#"
    forbidden other  apps/v1 Deployment payments
      at      spec.template.spec.nodeSelector (added)
      base    (absent)
      overlay {"pool":"gpu","zone":"a"}
      because the base has krm-parity.io/deny: **.nodeSelector

    apps/v1 Deployment payments (against base)
      error[other]: the field nodeSelector is in the overlay, but not in the base
        at      spec.template.spec.nodeSelector
        base    (absent)
        overlay {"pool":"gpu","zone":"a"}
        help    Remove the change, or ask the owner of the base to change its annotation krm-parity.io/deny, which forbids it.
    krm-parity: 1 error in 1 resource
    "#);
    insta::assert_snapshot!(explain("replicas/denied-by-the-base"), @"
    forbidden replicas  apps/v1 Deployment payments
      at      spec.replicas (modified)
      base    2
      overlay 3
      because the base has krm-parity.io/deny: spec.replicas

    apps/v1 Deployment payments (against base)
      error[replicas]: the replica count differs from the base
        at      spec.replicas
        base    2
        overlay 3
        help    Remove the change, or ask the owner of the base to change its annotation krm-parity.io/deny, which forbids it.
    krm-parity: 1 error in 1 resource
    ");
    insta::assert_snapshot!(explain("base-guidance/an-overlay-lifts-a-ban"), @r#"
    forbidden annotations  apps/v1 Deployment payments
      at      metadata.annotations["krm-parity.io/deny"] (removed)
      base    "**.readinessProbe.** **.nodeSelector"
      overlay (absent)
      because overlays must not change the base's annotations about them

    apps/v1 Deployment payments (production against base)
      error[base-guidance]: production changes an annotation in which the base limits its overlays
        at      metadata.annotations["krm-parity.io/deny"]
        base    **.readinessProbe.** **.nodeSelector
        overlay (absent)
        help    Remove the annotation from the overlay; only those of the base count.
    krm-parity: production: 1 error in 1 resource
    "#);
    insta::assert_snapshot!(explain("health-checks/exempt-until-a-day"), @"
    exempt    health-checks  apps/v1 Deployment payments
      at      spec.template.spec.containers[name=payments].readinessProbe.periodSeconds (modified)
      base    10
      overlay 60
      because no entry allows it, and spec.allow.classes (the default) does not contain health-checks, but spec.exemptions[0] (tests/cases/health-checks/exempt-until-a-day/policy.yaml:9) exempts it until 2026-06-15 (INC-1432, slow start until the cache is rebuilt)

    apps/v1 Deployment payments (production against base)
      info[health-checks]: periodSeconds of the readiness probe of container payments differs from the base (exempt until 2026-06-15: INC-1432, slow start until the cache is rebuilt)
        at      spec.template.spec.containers[name=payments].readinessProbe.periodSeconds
        base    10
        overlay 60
        help    Remove the change from the overlay, or make it in the base for every environment.
    krm-parity: production: 1 info in 1 resource
    ");
    insta::assert_snapshot!(explain("added-resource/exempt"), @r#"
    v1 ConfigMap extra (production against base)
      info[added-resource]: the resource is in production, but not in the base (exempt until 2026-12-31: the migration job reads it)
        help    Move the resource to the base; then every environment has it.
    krm-parity: production: 1 info in 2 resources
    "#);
    insta::assert_snapshot!(explain("allowed/the-first-case-checkout"), @r#"
    allowed   replicas  apps/v1 Deployment checkout
      at      spec.replicas (modified)
      base    2
      overlay 3
      because spec.allow.classes contains replicas (the default)

    allowed   resource-values  apps/v1 Deployment checkout
      at      spec.template.spec.containers[name=checkout].resources.limits.cpu (modified)
      base    "500m"
      overlay "1000m"
      because spec.allow.classes contains resource-values (the default)

    allowed   resource-values  apps/v1 Deployment checkout
      at      spec.template.spec.containers[name=checkout].resources.limits.memory (modified)
      base    "512Mi"
      overlay "1Gi"
      because spec.allow.classes contains resource-values (the default)

    allowed   resource-values  apps/v1 Deployment checkout
      at      spec.template.spec.containers[name=checkout].resources.requests.cpu (modified)
      base    "100m"
      overlay "250m"
      because spec.allow.classes contains resource-values (the default)

    allowed   resource-values  apps/v1 Deployment checkout
      at      spec.template.spec.containers[name=checkout].resources.requests.memory (modified)
      base    "256Mi"
      overlay "512Mi"
      because spec.allow.classes contains resource-values (the default)
    "#);
}

#[test]
fn the_changes_of_a_list_are_explained_with_the_lines_of_its_own_policy() {
    let output = run(&["explain", "examples/resourcelist/bad.yaml"]);
    assert!(output.status.success(), "{output:?}");
    let text = stdout(&output);
    let policy = std::fs::read_to_string("examples/resourcelist/bad.yaml").unwrap();
    let line = 1 + policy
        .lines()
        .position(|line| line.trim() == "- replicas")
        .expect("the classes of the policy");
    for part in [
        format!(
            "because spec.allow.classes contains replicas (examples/resourcelist/bad.yaml:{line})\n"
        ),
        "cancelled apps/v1 Deployment checkout\n  at      metadata.namespace (added)\n".to_owned(),
        "forbidden image-tag  apps/v1 Deployment checkout\n".to_owned(),
        "error[image]: ".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}\n{text}");
    }
    let stdin = assert_cmd::Command::from_std(krm_parity())
        .args(["explain", "-", "--environment", "staging"])
        .write_stdin(policy)
        .output()
        .unwrap();
    assert!(stdout(&stdin).contains(&format!("replicas (stdin:{line})\n")));
    assert!(stdout(&stdin).contains("(staging against base)"));
}

#[test]
fn severities_of_a_policy_are_explained() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    let file = "health-checks/exempt-until-a-day";
    let (overlay, base) = (case(file, "overlay.yaml"), case(file, "base.yaml"));
    for (severity, word) in [
        ("warning", "warning"),
        ("info", "info"),
        ("ignore", "ignored"),
    ] {
        let text = format!(
            "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nspec:\n  rules:\n    health-checks:\n      severity: {severity}\n"
        );
        std::fs::write(&policy, text).unwrap();
        let policy = policy.to_str().unwrap();
        let output = run(&["explain", &overlay, "--base", &base, "--policy", policy]);
        let text = stdout(&output);
        assert!(
            text.starts_with(&format!("{word:9} health-checks ")),
            "{text}"
        );
        let why = format!("spec.rules.health-checks.severity ({policy}:6) is {severity}\n");
        assert!(text.contains(&why), "{text}");
    }
}

/// `init --adopt` writes exemptions for services, so a base without a recorder needs a name.
#[test]
fn a_policys_entry_for_one_service_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.yaml");
    let exempt = case("health-checks/exempt-until-a-day", "policy.yaml");
    let exempt = std::fs::read_to_string(exempt).unwrap();
    let rule = "- rule: health-checks\n";
    assert_eq!(exempt.matches(rule).count(), 1, "{exempt}");
    let text = exempt.replace(rule, &format!("{rule}    services: [payments]\n"));
    std::fs::write(&policy, text).unwrap();
    let file = "health-checks/exempt-until-a-day";
    let (overlay, base) = (case(file, "overlay.yaml"), case(file, "base.yaml"));
    let first = |more: &[&str]| {
        let policy = policy.to_str().unwrap();
        let named = ["explain", &overlay, "--base", &base, "--policy", policy];
        let text = stdout(&run(&[&named[..], more].concat())).to_owned();
        text.split(' ').next().unwrap().to_owned()
    };
    assert_eq!(first(&[]), "forbidden");
    assert_eq!(first(&["--service", "checkout"]), "forbidden");
    assert_eq!(first(&["--service", "payments"]), "exempt");
}

#[test]
fn an_unexplainable_word_is_an_error() {
    let told = |args: &[&str]| {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2));
        stderr(&output).to_owned()
    };
    let base = case("added-resource/exempt", "base.yaml");
    let missing = told(&["explain", "nowhere.yaml", "--base", &base]);
    assert!(
        missing.starts_with("krm-parity: cannot read nowhere.yaml: "),
        "{missing}"
    );
    insta::assert_snapshot!(told(&["explain", &base]), @"krm-parity: tests/cases/added-resource/exempt/base.yaml: this is not a ResourceList with a snapshot of its base; name the base with --base");
    insta::assert_snapshot!(told(&["explain", &base, "--base", &base, "--policy", "examples/services/checkout/base/parity.yaml"]), @"krm-parity: examples/services/checkout/base/parity.yaml: this is a SnapshotRecorder, not a ParityPolicy");
    insta::assert_snapshot!(told(&["explain", &base, "--base", &base, "--policy", "tests/cases/added-resource/exempt/overlay.yaml"]), @r#"krm-parity: tests/cases/added-resource/exempt/overlay.yaml:2: kind: unknown kind "Deployment"; expected a ParityPolicy or a SnapshotRecorder of krm-parity.io/v1alpha1, or a ConfigMap of v1"#);
    insta::assert_snapshot!(told(&["explain", "--base", &base]), @"krm-parity: name the overlay's rendered file, or - for stdin");
}
