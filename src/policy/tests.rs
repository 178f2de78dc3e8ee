mod schemas;

use serde::Deserialize;
use serde_yaml::Value;

use super::read::kind_of;
use super::*;
use crate::catalog::{Class, RuleId, Severity};
use crate::rules::{RULES, record};
use crate::text;
use proptest::prelude::*;

fn read_text(text: &str) -> Result<Config, ConfigError> {
    read(RULES, Some(&serde_yaml::from_str(text).unwrap()))
}

fn read_policy(text: &str) -> Policy {
    match read_text(text) {
        Ok(Config::Policy(policy)) => policy,
        other => panic!("{other:?}"),
    }
}

fn read_recorder(text: &str) -> Recorder {
    match read_text(text) {
        Ok(Config::Recorder(recorder)) => recorder,
        other => panic!("{other:?}"),
    }
}

const POLICY: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\n";
const RECORDER: &str = "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\n";
const CONFIG_MAP: &str = "apiVersion: v1\nkind: ConfigMap\n";

#[test]
fn an_empty_config_means_the_defaults() {
    for config in [None, Some(&Value::Null)] {
        assert_eq!(read(RULES, config), Ok(Config::Policy(Policy::default())));
    }
    for rest in [
        "",
        "spec:",
        "spec: {}",
        "metadata: {name: parity}\nspec: {environments: null, rules: {image: null}, allow: {}}",
    ] {
        let mut policy = read_policy(&format!("{POLICY}{rest}"));
        policy.rules.clear();
        assert_eq!(policy, Policy::default(), "{rest}");
    }
    let policy = Policy::default();
    for rule in RULES {
        assert_eq!(policy.severity(rule), rule.severity);
        assert_eq!(policy.max(rule), rule.max.unwrap_or("1"));
    }
    for class in Class::ALL {
        assert_eq!(
            policy.allows(class),
            Class::ALLOWED_BY_DEFAULT.contains(&class)
        );
    }
}

#[test]
fn a_full_policy_is_read() {
    let policy = read_policy(&format!(
        "{POLICY}
metadata:
  name: parity
  namespace: x
  labels: {{a: b}}
  annotations: {{internal.config.kubernetes.io/path: p.yaml, config.kubernetes.io/function: 'exec: {{}}'}}
  creationTimestamp: null
spec:
  environment: production
  environments: [dev, staging, production]
  baseline: middle
  identity: strict
  allow: {{classes: [replicas, image, replicas]}}
  rules:
    scale-factor: {{severity: error, max: 2.50}}
    limit-request-ratio: {{max: 3}}
    image: {{severity: ignore}}
  failOn: warning
  emit: none
"
    ));
    assert_eq!(policy.environment.as_deref(), Some("production"));
    assert_eq!(policy.environments, ["dev", "staging", "production"]);
    assert_eq!(policy.baseline, "middle");
    assert_eq!(policy.identity, IdentityMode::Strict);
    let allowed = [Class::Replicas, Class::Image, Class::ImageTag];
    assert!(policy.allowed.iter().eq(allowed));
    assert_eq!(
        policy.severity(record(RuleId::ScaleFactor)),
        Severity::Error
    );
    assert_eq!(policy.max(record(RuleId::ScaleFactor)), "2.5");
    assert_eq!(
        policy.severity(record(RuleId::LimitRequestRatio)),
        Severity::Warning
    );
    assert_eq!(policy.max(record(RuleId::LimitRequestRatio)), "3");
    assert_eq!(policy.severity(record(RuleId::Image)), Severity::Ignore);
    assert_eq!(policy.severity(record(RuleId::Labels)), Severity::Error);
    assert_eq!(policy.fail_on, Severity::Warning);
    assert_eq!(policy.emit, Emit::None);
}

#[test]
fn a_recorders_name_is_the_default_service() {
    let expected = Recorder {
        service: "checkout-service".to_owned(),
        environment: BASE.to_owned(),
        mode: Mode::Append,
    };
    assert_eq!(
        read_recorder(&format!("{RECORDER}metadata: {{name: checkout-service}}")),
        expected
    );
    assert_eq!(
        read_recorder(&format!(
            "{RECORDER}metadata: {{name: x}}\nspec: {{service: checkout-service, environment: dev, mode: replace}}"
        )),
        Recorder {
            environment: "dev".to_owned(),
            mode: Mode::Replace,
            ..expected
        }
    );
}

#[test]
fn config_maps_have_the_flat_keys() {
    let policy = read_policy(&format!(
        "{CONFIG_MAP}data: {{environment: dev, environments: 'dev, production', allow: 'image-tag,replicas', failOn: warning, emit: none, identity: strict, baseline: b}}"
    ));
    assert_eq!(policy.environments, ["dev", "production"]);
    assert!(policy.allowed.iter().eq([Class::Replicas, Class::ImageTag]));
    assert_eq!(policy.fail_on, Severity::Warning);
    assert_eq!(read_policy(CONFIG_MAP), Policy::default());
    let recorder = read_recorder(&format!(
        "{CONFIG_MAP}metadata: {{name: checkout}}\ndata: {{mode: replace, environment: dev}}"
    ));
    assert_eq!(recorder.service, "checkout");
    let recorder = read_recorder(&format!(
        "{CONFIG_MAP}metadata: {{name: function-input}}\ndata: {{service: cart}}"
    ));
    assert_eq!(recorder.service, "cart");
}

#[test]
fn numbers_keep_their_decimal_text() {
    for (written, kept) in [
        ("4", "4"),
        ("1.5", "1.5"),
        ("1", "1"),
        ("1.0", "1"),
        ("1.1", "1.1"),
        ("0x10", "16"),
        ("2.000000000000001", "2.000000000000001"),
        ("1e3", "1000"),
        ("18446744073709551615", "18446744073709551615"),
    ] {
        let policy = read_policy(&format!(
            "{POLICY}spec: {{rules: {{scale-factor: {{max: {written}}}}}}}"
        ));
        assert_eq!(policy.max(record(RuleId::ScaleFactor)), kept, "{written}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn errors_name_the_place_and_the_nearest_right_word() {
    let spec = |text: &str| format!("{POLICY}spec: {text}");
    let recorder = |text: &str| format!("{RECORDER}{text}");
    let data = |text: &str| format!("{CONFIG_MAP}data: {text}");
    let cases = [
        "[]".to_owned(),
        "text".to_owned(),
        "{}".to_owned(),
        "kind: ParityPolicy".to_owned(),
        "{apiVersion: 1, kind: ParityPolicy}".to_owned(),
        "{apiVersion: krm-parity.io/v1, kind: ParityPolicy}".to_owned(),
        "{apiVersion: krm-parity.dev/v1alpha1, kind: ParityPolicy}".to_owned(),
        "{apiVersion: krm-parity.io/v1alpha1, kind: parity-policy}".to_owned(),
        "{apiVersion: krm-parity.io/v1alpha1, kind: Deployment}".to_owned(),
        "{apiVersion: krm-parity.io/v1alpha1, kind: EnvironmentSnapshot}".to_owned(),
        "{apiVersion: apps/v1, kind: Deployment}".to_owned(),
        "{apiVersion: a/b/c, kind: Parity}".to_owned(),
        "{apiVersion: v2, kind: ConfigMap}".to_owned(),
        format!("{POLICY}sepc: {{}}"),
        format!("{POLICY}metadata: [x]"),
        format!("{POLICY}metadata: {{name: 5}}"),
        spec("[]"),
        spec("{enviroment: dev}"),
        spec("{image-tag: identical}"),
        spec("{exemptions: [{rule: image, reason: why, expires: \"20270131\"}]}"),
        spec("{exemptions: [{rule: image, reason: why, expires: \"2027-01-31T00:00:00\"}]}"),
        spec("{rules: {image: error}}"),
        spec("{allow: {classes: [5]}}"),
        spec("{fail_on: warning}"),
        spec("{something: else}"),
        spec("{true: x}"),
        spec("{environment: 7}"),
        spec("{environment: true}"),
        spec("{environment: ''}"),
        spec("{environment: Prod EU}"),
        spec("{environment: base}"),
        spec("{environment: prodution, environments: [dev, production]}"),
        spec("{environment: x, environments: [dev, production]}"),
        spec("{environments: dev}"),
        spec("{environments: [dev, [x]]}"),
        spec("{environments: [dev, '-x']}"),
        spec("{environments: [dev, prod, dev]}"),
        spec("{baseline: ''}"),
        spec("{identity: none}"),
        spec("{identity: stric}"),
        spec("{emit: no}"),
        spec("{failOn: info}"),
        spec("{failOn: 1}"),
        spec("{allow: [replicas]}"),
        spec("{allow: {class: [replicas]}}"),
        spec("{allow: {classes: [replica, image]}}"),
        spec("{allow: {classes: [everything]}}"),
        spec("{allow: {fields: [{path: spec.replicas}]}}"),
        spec("{allow: {fields: [{path: spec..replicas, reason: x}]}}"),
        spec("{allow: {fields: [{path: spec, reason: ' '}]}}"),
        spec("{allow: {fields: [{path: spec, reason: x, target: {knd: Pod}}]}}"),
        spec("{allow: {fields: [{path: spec, reason: x, target: {kind: '[a-z]'}}]}}"),
        spec(
            "{environments: [dev], allow: {fields: [{path: spec, reason: x, environments: [dve]}]}}",
        ),
        spec("{exemptions: [{rule: health-cheks, reason: x, expires: 2027-01-31}]}"),
        spec("{exemptions: [{rule: image-tag, reason: x, expires: 2027-01-31}]}"),
        spec("{exemptions: [{rule: health-checks, reason: x}]}"),
        spec("{exemptions: [{rule: health-checks, reason: x, expires: 2027-02-30}]}"),
        spec("{exemptions: [{rule: health-checks, reason: x, expires: 31.1.2027}]}"),
        spec("{exemptions: [{rule: unused-exemption, reason: x, expires: 2027-01-31}]}"),
        spec("{exemptions: [{rule: image, path: 'a[', reason: x, expires: 2027-01-31}]}"),
        spec(
            "{exemptions: [{rule: image, path: /metadata/annotations/a.b~1c/0, reason: x, expires: 2027-01-31}]}",
        ),
        spec("{exemptions: [{rule: image, value: 512, reason: x, expires: 2027-01-31}]}"),
        spec("{exemptions: [{rule: image, values: {dev: 512}, reason: x, expires: 2027-01-31}]}"),
        spec("{exemptions: [{rule: image, values: {}, reason: x, expires: 2027-01-31}]}"),
        spec("{exemptions: [{rule: image, values: [dev], reason: x, expires: 2027-01-31}]}"),
        spec(
            "{exemptions: [{rule: image, value: a, values: {dev: a}, reason: x, expires: 2027-01-31}]}",
        ),
        spec(
            "{exemptions: [{rule: image, environments: [dev], values: {dev: a}, reason: x, expires: 2027-01-31}]}",
        ),
        spec(
            "{environments: [dev], exemptions: [{rule: image, values: {dve: a}, reason: x, expires: 2027-01-31}]}",
        ),
        spec(
            "{exemptions: [{rule: image, values: {\"a\\nb\": a}, reason: x, expires: 2027-01-31}]}",
        ),
        spec("{rules: {scale-facter: {max: 4}}}"),
        spec("{rules: {image-tag: {severity: ignore}}}"),
        spec("{rules: {scale-factor: error}}"),
        spec("{rules: {scale-factor: {sevrity: error}}}"),
        spec("{rules: {scale-factor: {severity: fatal}}}"),
        spec("{rules: {scale-factor: {severity: warn}}}"),
        spec("{rules: {scale-factor: {max: '4'}}}"),
        spec("{rules: {scale-factor: {max: 0.5}}}"),
        spec("{rules: {scale-factor: {max: -1}}}"),
        spec("{rules: {scale-factor: {max: .inf}}}"),
        spec("{rules: {scale-factor: {max: .nan}}}"),
        spec("{rules: {image: {max: 4}}}"),
        spec(&format!("{{\"{}\\n\\e[31m\": 1}}", "x".repeat(100))),
        recorder(""),
        recorder("metadata: {name: Checkout.Service}"),
        recorder("metadata: {name: x}\nspec: {mode: apend}"),
        recorder("metadata: {name: x}\nspec: {environments: [x]}"),
        recorder("metadata: {name: x}\nspec: {service: ''}"),
        recorder(&format!(
            "metadata: {{name: x}}\nspec: {{service: {}}}",
            "a".repeat(64)
        )),
        data("{environment: [x]}"),
        data("{environments: 'dev,,x'}"),
        data("{environments: 'dev,dev'}"),
        data("{allow: ''}"),
        data("{allow: 'replicas, images'}"),
        data("{failon: error}"),
        data("{mode: replace}"),
        data("{mode: replace}\nmetadata: {name: function-input}"),
        data("{mode: replase, service: x}"),
        data("{service: x, allow: replicas}"),
        format!("{CONFIG_MAP}binaryData: {{}}"),
    ];
    let errors = cases.map(|case| {
        let error = read_text(&case).unwrap_err();
        assert!(!error.message.chars().any(text::is_unsafe), "{error}");
        format!("[{}] {error}", error.path.join(" "))
    });
    insta::assert_snapshot!(errors.join("\n"), @r#"
    [] expected a ParityPolicy or a SnapshotRecorder of krm-parity.io/v1alpha1, or a ConfigMap of v1, found a list
    [] expected a ParityPolicy or a SnapshotRecorder of krm-parity.io/v1alpha1, or a ConfigMap of v1, found the string "text"
    [] kind is missing; expected a ParityPolicy or a SnapshotRecorder of krm-parity.io/v1alpha1, or a ConfigMap of v1
    [] apiVersion is missing; expected a ParityPolicy or a SnapshotRecorder of krm-parity.io/v1alpha1, or a ConfigMap of v1
    [apiVersion] apiVersion: expected a string, found the number 1
    [apiVersion] apiVersion: unknown version "krm-parity.io/v1"; this version of krm-parity reads krm-parity.io/v1alpha1
    [apiVersion] apiVersion: the apiVersion of a ParityPolicy is krm-parity.io/v1alpha1, found "krm-parity.dev/v1alpha1"
    [kind] kind: unknown kind "parity-policy"; did you mean "ParityPolicy"? Expected one of ParityPolicy, SnapshotRecorder
    [kind] kind: unknown kind "Deployment"; expected one of ParityPolicy, SnapshotRecorder
    [kind] kind: an EnvironmentSnapshot is an item, not a functionConfig; expected a ParityPolicy or a SnapshotRecorder of krm-parity.io/v1alpha1, or a ConfigMap of v1
    [kind] kind: unknown kind "Deployment"; expected a ParityPolicy or a SnapshotRecorder of krm-parity.io/v1alpha1, or a ConfigMap of v1
    [kind] kind: unknown kind "Parity"; did you mean ParityPolicy of krm-parity.io/v1alpha1?
    [apiVersion] apiVersion: the apiVersion of a ConfigMap is v1, found "v2"
    [sepc] unknown key "sepc"; did you mean "spec"? Expected one of apiVersion, kind, metadata, spec
    [metadata] metadata: expected a map, found a list
    [metadata name] metadata.name: expected a string, found the number 5; put it in quotes
    [spec] spec: expected a map, found a list
    [spec enviroment] spec: unknown key "enviroment"; did you mean "environment"?
    [spec image-tag] spec: unknown key "image-tag"; expected one of allow, baseline, drift, emit, environment, environments, exemptions, failOn, identity, layout, rules, services
    [spec exemptions 0 expires] spec.exemptions[0].expires: "20270131" is not a date; write the last day as YYYY-MM-DD, such as 2027-01-31
    [spec exemptions 0 expires] spec.exemptions[0].expires: "2027-01-31T00:00:00" is not a date; write the last day as YYYY-MM-DD, such as 2027-01-31
    [spec rules image] spec.rules.image: expected a map with the key severity, found the string "error"
    [spec allow classes 0] spec.allow.classes[0]: expected a string, found the number 5
    [spec fail_on] spec: unknown key "fail_on"; did you mean "failOn"?
    [spec something] spec: unknown key "something"; expected one of allow, baseline, drift, emit, environment, environments, exemptions, failOn, identity, layout, rules, services
    [spec] spec: expected a string for a key, found the boolean true
    [spec environment] spec.environment: expected a string, found the number 7; put it in quotes
    [spec environment] spec.environment: expected a string, found the boolean true; put it in quotes
    [spec environment] spec.environment: "" cannot name an environment: use 1 to 63 lower-case letters, digits and inner hyphens
    [spec environment] spec.environment: "Prod EU" cannot name an environment: use 1 to 63 lower-case letters, digits and inner hyphens
    [spec environment] spec.environment: base is the baseline, which cannot be compared with itself; name the environment of the items
    [spec environment] spec.environment: unknown environment "prodution"; did you mean "production"? Expected one of dev, production (spec.environments)
    [spec environment] spec.environment: unknown environment "x"; expected one of dev, production (spec.environments)
    [spec environments] spec.environments: expected a list, found the string "dev"
    [spec environments 1] spec.environments[1]: expected a string, found a list
    [spec environments 1] spec.environments[1]: "-x" cannot name an environment: use 1 to 63 lower-case letters, digits and inner hyphens
    [spec environments 2] spec.environments[2]: dev is listed twice; the list is the promotion order
    [spec baseline] spec.baseline: "" cannot name an environment: use 1 to 63 lower-case letters, digits and inner hyphens
    [spec identity] spec.identity: unknown identity mode "none"; expected one of cancel, strict
    [spec identity] spec.identity: unknown identity mode "stric"; did you mean "strict"? Expected one of cancel, strict
    [spec emit] spec.emit: unknown value "no"; expected one of items, none
    [spec failOn] spec.failOn: unknown severity "info"; expected one of error, warning
    [spec failOn] spec.failOn: expected one of error, warning, found the number 1
    [spec allow] spec.allow: expected a map with some of the keys classes, fields, found a list
    [spec allow class] spec.allow: unknown key "class"; did you mean "classes"? Expected one of classes, fields
    [spec allow classes 0] spec.allow.classes[0]: unknown class "replica"; did you mean "replicas"?
    [spec allow classes 0] spec.allow.classes[0]: unknown class "everything"; expected one of replicas, resource-values, env-values, hostnames, image, image-tag, resource-names, env-names, config-keys, health-checks, ingress-structure, service-mesh, labels, annotations, containers, other
    [spec allow fields 0] spec.allow.fields[0]: reason is missing
    [spec allow fields 0 path] spec.allow.fields[0].path: "spec..replicas" is not a valid pattern: column 6: expected the name of a field; write names with special characters as ["a.b/c"]
    [spec allow fields 0 reason] spec.allow.fields[0].reason: the reason is empty; say why, so that a reader understands it in a year
    [spec allow fields 0 target knd] spec.allow.fields[0].target: unknown key "knd"; did you mean "kind"? Expected one of group, kind, name, namespace, version
    [spec allow fields 0 target kind] spec.allow.fields[0].target.kind: "[a-z]" cannot match a kind: use letters, digits, `-`, `.`, `_` and `:`, with `*` for any characters and `?` for any single one
    [spec allow fields 0 environments 0] spec.allow.fields[0].environments[0]: unknown environment "dve"; did you mean "dev"? (spec.environments)
    [spec exemptions 0 rule] spec.exemptions[0].rule: unknown rule "health-cheks"; did you mean "health-checks"?
    [spec exemptions 0 rule] spec.exemptions[0].rule: unknown rule "image-tag"; changes of that class come under the rule "image"
    [spec exemptions 0] spec.exemptions[0]: expires is missing
    [spec exemptions 0 expires] spec.exemptions[0].expires: "2027-02-30" is not a date; write the last day as YYYY-MM-DD, such as 2027-01-31
    [spec exemptions 0 expires] spec.exemptions[0].expires: "31.1.2027" is not a date; write the last day as YYYY-MM-DD, such as 2027-01-31
    [spec exemptions 0 rule] spec.exemptions[0].rule: unused-exemption is about exemptions and cannot be exempt itself; set its severity instead
    [spec exemptions 0 path] spec.exemptions[0].path: "a[" is not a valid pattern: column 3: expected a word; put words with special characters in double quotes
    [spec exemptions 0 path] spec.exemptions[0].path: "/metadata/annotations/a.b~1c/0" is a JSON pointer; write metadata.annotations["a.b/c"][0]
    [spec exemptions 0 value] spec.exemptions[0].value: expected a string, found the number 512; put it in quotes
    [spec exemptions 0 values dev] spec.exemptions[0].values.dev: expected a string, found the number 512; put it in quotes
    [spec exemptions 0 values] spec.exemptions[0].values: expected the value of at least one environment, such as {production: "1.5.0"}
    [spec exemptions 0 values] spec.exemptions[0].values: expected a map, found a list
    [spec exemptions 0 values] spec.exemptions[0].values: use either value or values: value is for all environments, values has one for each
    [spec exemptions 0 values] spec.exemptions[0].values: remove environments: values already names the environments
    [spec exemptions 0 values dve] spec.exemptions[0].values: unknown environment "dve"; did you mean "dev"? (spec.environments)
    [spec exemptions 0 values] spec.exemptions[0].values: "a\nb" cannot name an environment: use 1 to 63 lower-case letters, digits and inner hyphens
    [spec rules scale-facter] spec.rules: unknown rule "scale-facter"; did you mean "scale-factor"?
    [spec rules image-tag] spec.rules: unknown rule "image-tag"; changes of that class come under the rule "image"
    [spec rules scale-factor] spec.rules.scale-factor: expected a map with some of the keys max, severity, found the string "error"
    [spec rules scale-factor sevrity] spec.rules.scale-factor: unknown key "sevrity"; did you mean "severity"? Expected one of max, severity
    [spec rules scale-factor severity] spec.rules.scale-factor.severity: unknown severity "fatal"; expected one of error, warning, info, ignore
    [spec rules scale-factor severity] spec.rules.scale-factor.severity: unknown severity "warn"; did you mean "warning"? Expected one of error, warning, info, ignore
    [spec rules scale-factor max] spec.rules.scale-factor.max: expected a number, found the string "4"
    [spec rules scale-factor max] spec.rules.scale-factor.max: expected a factor of at least 1, found 0.5
    [spec rules scale-factor max] spec.rules.scale-factor.max: expected a factor of at least 1, found -1
    [spec rules scale-factor max] spec.rules.scale-factor.max: expected a factor of at least 1, found inf
    [spec rules scale-factor max] spec.rules.scale-factor.max: expected a factor of at least 1, found NaN
    [spec rules image max] spec.rules.image: unknown key "max"; expected severity
    [spec xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    [31m] spec: unknown key "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"…; expected one of allow, baseline, drift, emit, environment, environments, exemptions, failOn, identity, layout, rules, services
    [metadata] metadata: the service is not known; give the recorder a metadata.name or a spec.service
    [metadata name] metadata.name: "Checkout.Service" cannot name a service: use 1 to 63 lower-case letters, digits and inner hyphens; or set spec.service of the recorder
    [spec mode] spec.mode: unknown mode "apend"; did you mean "append"? Expected one of append, replace
    [spec environments] spec: unknown key "environments"; did you mean "environment"? Expected one of environment, mode, service
    [spec service] spec.service: "" cannot name a service: use 1 to 63 lower-case letters, digits and inner hyphens
    [spec service] spec.service: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"… cannot name a service: use 1 to 63 lower-case letters, digits and inner hyphens
    [data environment] data.environment: expected a string, found a list
    [data environments] data.environments: expected words separated by commas, found "dev,,x"
    [data environments] data.environments: dev is listed twice; the list is the promotion order
    [data allow] data.allow: expected words separated by commas, found ""
    [data allow] data.allow: unknown class "images"; did you mean "image"?
    [data failon] data: unknown key "failon"; did you mean "failOn"? Expected one of allow, baseline, emit, environment, environments, failOn, identity
    [metadata] metadata: the service is not known; give the recorder a metadata.name or a spec.service
    [data] data: the service is not known; add the key service
    [data mode] data.mode: unknown mode "replase"; did you mean "replace"? Expected one of append, replace
    [data allow] data: unknown key "allow"; expected one of environment, mode, service
    [binaryData] unknown key "binaryData"; expected one of apiVersion, data, kind, metadata
    "#);
}

/// Trees made of the words of policies, so that most of them are nearly valid.
fn nearly_a_spec() -> impl Strategy<Value = Value> {
    let word = proptest::sample::select(vec![
        "environment",
        "environments",
        "baseline",
        "identity",
        "allow",
        "classes",
        "rules",
        "image",
        "scale-factor",
        "severity",
        "max",
        "failOn",
        "emit",
        "error",
        "warning",
        "strict",
        "none",
        "dev",
        "replicas",
        "service",
        "mode",
    ]);
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..9_i64).prop_map(Value::from),
        word.clone().prop_map(Value::from),
        word.clone().prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 4, move |inner| {
        let entry = (word.clone(), inner.clone());
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Value::Sequence),
            proptest::collection::vec(entry, 0..4).prop_map(|entries| {
                Value::Mapping(
                    entries
                        .into_iter()
                        .map(|(key, value)| (key.into(), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn the_types_and_the_schema_agree(spec in nearly_a_spec(), kind in 0..2) {
        let mut config: Value = serde_yaml::from_str(if kind == 0 { POLICY } else { RECORDER }).unwrap();
        config["metadata"] = serde_yaml::from_str("name: x").unwrap();
        config["spec"] = spec;
        let kind = kind_of(&config).unwrap();
        let is_typed = match kind {
            wire::Kind::ParityPolicy => wire::ParityPolicy::deserialize(&config).is_ok(),
            _ => wire::SnapshotRecorder::deserialize(&config).is_ok(),
        };
        let fault = explain::first_fault(&config, &schema(RULES, kind));
        prop_assert!(is_typed || fault.is_some(), "a failure without an explanation");
        prop_assert!(fault.is_none() || read(RULES, Some(&config)).is_err(), "{fault:?}");
    }
}
