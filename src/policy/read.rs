//! From a value to its settings: the kind, the types of the wire format, and the checks that types
//! cannot make.

use kube_core::{GroupVersion, TypeMeta};
use serde::Deserialize;
use serde_yaml::Value;

use super::config::{BASE, Config, Policy, Recorder};
use super::fault::{ConfigError, Fault, MAX_QUOTED};
use super::name::name;
use super::nearest::nearest;
use super::wire::{self, schema};
use super::{explain, layout, managers, permits, services, settings};
use crate::api::{GROUP, POLICY, RECORDER, SNAPSHOT, VERSION};
use crate::catalog::{Class, Rule, Severity};
use crate::text;

/// The name of the `ConfigMap` that kpt creates from `configMap:` in a Kptfile.
///
/// It is not a service, so a recorder must not use it as one.
const KPT_CONFIG_MAP: &str = "function-input";

/// Reads a functionConfig; without one, the default policy applies.
///
/// `rules` are those that a policy may set, as [`crate::rules::RULES`] lists them.
///
/// # Errors
///
/// Fails if the functionConfig has an unknown kind, an unknown key, a value of the wrong type, or
/// contradictory settings.
pub fn read(rules: &[&Rule], config: Option<&Value>) -> Result<Config, ConfigError> {
    let Some(config) = config.filter(|config| !config.is_null()) else {
        return Ok(Config::Policy(Policy::default()));
    };
    let kind = kind_of(config)?;
    match kind {
        wire::Kind::ParityPolicy => typed(rules, config, kind)
            .and_then(|config: wire::ParityPolicy| policy(rules, config.spec.unwrap_or_default()))
            .map(Config::Policy),
        wire::Kind::SnapshotRecorder => typed(rules, config, kind)
            .and_then(|config: wire::SnapshotRecorder| {
                recorder(config.spec.unwrap_or_default(), config.metadata)
            })
            .map(Config::Recorder),
        wire::Kind::ConfigMap if records(config) => {
            typed(rules, config, wire::Kind::RecorderConfigMap)
                .and_then(flat_recorder)
                .map_err(Fault::in_config_map)
                .map(Config::Recorder)
        }
        wire::Kind::ConfigMap | wire::Kind::RecorderConfigMap => typed(rules, config, kind)
            .and_then(|config| flat_policy(rules, config))
            .map_err(Fault::in_config_map)
            .map(Config::Policy),
    }
    .map_err(ConfigError::from)
}

/// The kind of the functionConfig.
pub(super) fn kind_of(config: &Value) -> Result<wire::Kind, ConfigError> {
    const EXPECTED: &str = "expected a ParityPolicy or a SnapshotRecorder of krm-parity.io/v1alpha1, or a ConfigMap of v1";
    if !config.is_mapping() {
        let what = format!("{EXPECTED}, found {}", explain::describe(config));
        return Err(Fault::new(&[], what).into());
    }
    let types = TypeMeta::deserialize(config).map_err(|_| {
        let key = ["kind", "apiVersion"]
            .into_iter()
            .find(|key| !config.get(key).is_some_and(Value::is_string))
            .unwrap_or("kind");
        let what = match config.get(key) {
            Some(value) => format!("expected a string, found {}", explain::describe(value)),
            None => format!("missing; {EXPECTED}"),
        };
        match config.get(key) {
            Some(_) => Fault::new(&[key], what),
            None => Fault::new(&[], format!("{key} is {what}")),
        }
    })?;
    let ours = format!("{GROUP}/{VERSION}");
    let found = text::quoted(&types.api_version, MAX_QUOTED);
    // Without a slash the whole text is the version, so this never fails.
    let api = types
        .api_version
        .parse::<GroupVersion>()
        .unwrap_or_else(|_| GroupVersion::gv("", &types.api_version));
    let kinds = [POLICY, RECORDER];
    let kind_fault =
        |what: &str| ConfigError::from(Fault::new(&["kind"], format!("{what}; {EXPECTED}")));
    let unknown_kind = format!("unknown kind {}", text::quoted(&types.kind, MAX_QUOTED));
    match (api.group.as_str(), types.kind.as_str()) {
        (GROUP, SNAPSHOT) => Err(kind_fault(
            "an EnvironmentSnapshot is an item, not a functionConfig",
        )),
        (GROUP, kind) => match kind {
            _ if api.version != VERSION => Err(Fault::new(
                &["apiVersion"],
                format!("unknown version {found}; this version of krm-parity reads {ours}"),
            )
            .into()),
            POLICY => Ok(wire::Kind::ParityPolicy),
            RECORDER => Ok(wire::Kind::SnapshotRecorder),
            _ => {
                let fault = explain::unknown(&["kind"], "kind", kind, &kinds);
                Err(Fault { key: None, ..fault }.into())
            }
        },
        ("", "ConfigMap") if api.version == "v1" => Ok(wire::Kind::ConfigMap),
        (_, "ConfigMap") => Err(Fault::new(
            &["apiVersion"],
            format!("the apiVersion of a ConfigMap is v1, found {found}"),
        )
        .into()),
        (_, kind) if kinds.contains(&kind) => Err(Fault::new(
            &["apiVersion"],
            format!("the apiVersion of a {kind} is {ours}, found {found}"),
        )
        .into()),
        (_, kind) => match nearest(kind, &kinds) {
            Some(near) => Err(Fault::new(
                &["kind"],
                format!("{unknown_kind}; did you mean {near} of {ours}?"),
            )
            .into()),
            None => Err(kind_fault(&unknown_kind)),
        },
    }
}

/// Reads a functionConfig as the type of its kind; the schema explains a failure.
fn typed<'de, T: Deserialize<'de>>(
    rules: &[&Rule],
    config: &'de Value,
    kind: wire::Kind,
) -> Result<T, Fault> {
    T::deserialize(config).map_err(|error| {
        explain::first_fault(config, &schema(rules, kind)).unwrap_or_else(|| {
            let error = error.to_string();
            Fault::new(&[], text::one_line(&error, 4 * MAX_QUOTED))
        })
    })
}

fn policy(known: &[&Rule], spec: wire::PolicySpec) -> Result<Policy, Fault> {
    let defaults = Policy::default();
    let needs_baseline = spec.baseline.is_some();
    let baseline = spec.baseline.unwrap_or(defaults.baseline);
    name(&["spec", "baseline"], &baseline, "an environment")?;
    let environments = spec.environments.unwrap_or_default();
    for (index, environment) in environments.iter().enumerate() {
        let at = ["spec", "environments"];
        name(&at, environment, "an environment").map_err(|fault| fault.at_index(index))?;
        if environments[..index].contains(environment) {
            let what = format!("{environment} is listed twice; the list is the promotion order");
            return Err(Fault::new(&at, what).at_index(index));
        }
    }
    if let Some(environment) = &spec.environment {
        let at = ["spec", "environment"];
        name(&at, environment, "an environment")?;
        if *environment == baseline {
            let what = format!(
                "{environment} is the baseline, which cannot be compared with itself; name the environment of the items"
            );
            return Err(Fault::new(&at, what));
        }
        if !environments.is_empty() && !environments.contains(environment) {
            let known: Vec<_> = environments.iter().map(String::as_str).collect();
            let fault = explain::unknown(&at, "environment", environment, &known);
            return Err(Fault {
                key: None,
                what: format!("{} (spec.environments)", fault.what),
                ..fault
            });
        }
    }
    let rules = settings::settings(spec.rules.unwrap_or_default(), known)?;
    let allow = spec.allow.unwrap_or_default();
    let classes = allow.classes;
    Ok(Policy {
        file: None,
        services: services::services(spec.services.unwrap_or_default(), &environments)?,
        places: defaults.places,
        fields: permits::allowed_fields(allow.fields.unwrap_or_default(), &environments)?.into(),
        exemptions: permits::exemptions(spec.exemptions.unwrap_or_default(), &environments)?.into(),
        environment: spec.environment,
        environments,
        baseline,
        needs_baseline,
        identity: spec.identity.unwrap_or_default(),
        allowed: classes.map_or(defaults.allowed, |classes| {
            classes
                .into_iter()
                .map(|wire::ClassName(class)| class)
                .collect()
        }),
        rules,
        layout: layout::layout(spec.layout.unwrap_or_default())?,
        managers: managers::managers(spec.drift.unwrap_or_default())?,
        fail_on: match spec.fail_on.unwrap_or_default() {
            wire::FailOn::Error => Severity::Error,
            wire::FailOn::Warning => Severity::Warning,
        },
        emit: spec.emit.unwrap_or_default(),
    })
}

fn recorder(spec: wire::RecorderSpec, metadata: Option<wire::Metadata>) -> Result<Recorder, Fault> {
    let environment = spec.environment.unwrap_or_else(|| BASE.to_owned());
    name(&["spec", "environment"], &environment, "an environment")?;
    let service = if let Some(service) = spec.service {
        name(&["spec", "service"], &service, "a service")?;
        service
    } else {
        let named = metadata.and_then(|metadata| metadata.name).ok_or_else(|| {
            Fault::new(
                &["metadata"],
                "the service is not known; give the recorder a metadata.name or a spec.service",
            )
        })?;
        name(&["metadata", "name"], &named, "a service").map_err(|mut fault| {
            fault.what.push_str("; or set spec.service of the recorder");
            fault
        })?;
        named
    };
    Ok(Recorder {
        service,
        environment,
        mode: spec.mode.unwrap_or_default(),
    })
}

/// Whether a `ConfigMap` is a recorder: it has a key that only a recorder has.
fn records(config: &Value) -> bool {
    let has = |key| {
        config
            .get("data")
            .is_some_and(|data| data.get(key).is_some())
    };
    has("mode") || has("service")
}

fn flat_policy(rules: &[&Rule], config: wire::PolicyConfigMap) -> Result<Policy, Fault> {
    let data = config.data.unwrap_or_default();
    let mut allow = None;
    if let Some(list) = &data.allow {
        let at = ["spec", "allow"];
        let known: Vec<_> = Class::ALL.into_iter().map(Class::id).collect();
        let classes: Result<_, _> = words(&at, list)?
            .into_iter()
            .map(|word| {
                let class = Class::from_id(word).map(wire::ClassName);
                class.ok_or_else(|| Fault {
                    key: None,
                    ..explain::unknown(&at, "class", word, &known)
                })
            })
            .collect();
        allow = Some(wire::Allow {
            classes: Some(classes?),
            fields: None,
        });
    }
    let mut environments = None;
    if let Some(list) = &data.environments {
        let words = words(&["spec", "environments"], list)?;
        environments = Some(words.into_iter().map(str::to_owned).collect());
    }
    let spec = wire::PolicySpec {
        environment: data.environment,
        environments,
        baseline: data.baseline,
        identity: data.identity,
        allow,
        rules: None,
        services: None,
        layout: None,
        drift: None,
        exemptions: None,
        fail_on: data.fail_on,
        emit: data.emit,
    };
    policy(rules, spec)
}

fn flat_recorder(config: wire::RecorderConfigMap) -> Result<Recorder, Fault> {
    let data = config.data.unwrap_or_default();
    let is_anonymous = |metadata: &wire::Metadata| metadata.name.as_deref() == Some(KPT_CONFIG_MAP);
    if data.service.is_none() && config.metadata.as_ref().is_some_and(is_anonymous) {
        return Err(Fault::new(
            &["data"],
            "the service is not known; add the key service",
        ));
    }
    recorder(data, config.metadata)
}

/// The words of a comma-separated list; an empty word is an error.
fn words<'a>(at: &[&str], list: &'a str) -> Result<Vec<&'a str>, Fault> {
    let words: Vec<_> = list.split(',').map(str::trim).collect();
    if words.contains(&"") {
        let list = text::quoted(list, MAX_QUOTED);
        let what = format!("expected words separated by commas, found {list}");
        return Err(Fault::new(at, what));
    }
    Ok(words)
}
