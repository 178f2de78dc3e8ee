//! The permissions of a policy beyond the classes: single fields, and findings until a day.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::fault::{Fault, MAX_QUOTED};
use super::name::name as check_name;
use super::{explain, wire};
use crate::catalog::{Class, RuleId};
use crate::finding::{Place, ResourceRef};
use crate::path::{Glob, Path, Pattern, Segment, Spot};
use crate::text;

/// A selection of resources; a missing part matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The API group; the core group is empty.
    pub group: Option<Glob>,
    /// The API version without the group.
    pub version: Option<Glob>,
    /// The kind.
    pub kind: Option<Glob>,
    /// The namespace.
    pub namespace: Option<Glob>,
    /// The name.
    pub name: Option<Glob>,
}

impl Target {
    /// Whether it selects a resource; `names` are the names that the resource may have.
    #[must_use]
    pub fn matches(&self, resource: &ResourceRef, names: &[&str]) -> bool {
        self.matches_type(resource)
            && fits(
                self.namespace.as_ref(),
                resource.namespace.as_deref().unwrap_or(""),
            )
            && self
                .name
                .as_ref()
                .is_none_or(|glob| names.iter().any(|name| glob.matches(name)))
    }

    /// Whether it selects a resource's group, version and kind.
    #[must_use]
    pub fn matches_type(&self, resource: &ResourceRef) -> bool {
        let (group, version) = resource
            .api_version
            .split_once('/')
            .unwrap_or(("", &resource.api_version));
        fits(self.group.as_ref(), group)
            && fits(self.version.as_ref(), version)
            && fits(self.kind.as_ref(), &resource.kind)
    }
}

fn fits(glob: Option<&Glob>, text: &str) -> bool {
    glob.is_none_or(|glob| glob.matches(text))
}

/// The environments and services that an entry applies to; an empty list means all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extent<'p> {
    /// The environments.
    pub environments: &'p [String],
    /// The services.
    pub services: &'p [Glob],
}

impl Extent<'_> {
    /// Whether it includes an environment of a service.
    #[must_use]
    pub fn is_for(self, environment: &str, service: &str) -> bool {
        let is_empty = self.environments.is_empty();
        (is_empty || self.environments.iter().any(|name| name == environment))
            && self.is_of(service)
    }

    /// Whether it includes a service.
    #[must_use]
    pub fn is_of(self, service: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|glob| glob.matches(service))
    }
}

/// A field that may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedField {
    /// The resources that the entry applies to.
    pub target: Target,
    /// The places that the entry applies to.
    pub path: Pattern,
    /// The environments that the entry applies to; empty for all.
    pub environments: Vec<String>,
    /// The services that the entry applies to; empty for all.
    pub services: Vec<Glob>,
    /// The reason.
    pub reason: String,
    /// The place of the entry in the policy, if it is in a file.
    pub place: Option<Place>,
}

impl AllowedField {
    /// The environments and services that the entry applies to.
    #[must_use]
    pub fn extent(&self) -> Extent<'_> {
        Extent {
            environments: &self.environments,
            services: &self.services,
        }
    }

    /// Whether the entry applies to an environment of a service.
    #[must_use]
    pub fn is_for(&self, environment: &str, service: &str) -> bool {
        self.extent().is_for(environment, service)
    }
}

/// The values that an exemption applies to, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Held {
    /// Any value.
    #[default]
    Any,
    /// One value, in any environment.
    One(String),
    /// One value for each environment; the exemption applies to no other environment.
    Each(BTreeMap<String, String>),
}

/// Accepts findings until a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exemption {
    /// The rule, by its id in the catalogue.
    pub rule: RuleId,
    /// The resources that the exemption applies to.
    pub target: Target,
    /// The places that the exemption applies to; `None` for all.
    pub path: Option<Pattern>,
    /// The values that the exemption applies to.
    pub values: Held,
    /// The environments that the exemption applies to; empty for all.
    pub environments: Vec<String>,
    /// The services that the exemption applies to; empty for all.
    pub services: Vec<Glob>,
    /// The reason.
    pub reason: String,
    /// The last day on which it is valid.
    pub expires: Date,
    /// The place of the exemption in the policy, if it is in a file.
    pub place: Option<Place>,
}

impl Exemption {
    /// The environments and services that the exemption applies to.
    #[must_use]
    pub fn extent(&self) -> Extent<'_> {
        Extent {
            environments: &self.environments,
            services: &self.services,
        }
    }

    /// Whether the exemption applies to an environment of a service.
    #[must_use]
    pub fn is_for(&self, environment: &str, service: &str) -> bool {
        self.extent().is_for(environment, service)
    }

    /// The one value that the exemption applies to in an environment; `None` for any value.
    #[must_use]
    pub fn value(&self, environment: &str) -> Option<&str> {
        match &self.values {
            Held::Any => None,
            Held::One(value) => Some(value),
            Held::Each(values) => values.get(environment).map(String::as_str),
        }
    }

    /// Whether the exemption may apply to keys of a Secret.
    #[must_use]
    pub fn may_be_about_keys(&self) -> bool {
        match &self.target.kind {
            Some(kind) => kind.matches("Secret"),
            None => matches!(
                self.rule,
                RuleId::ConfigKeys
                    | RuleId::EnvValues
                    | RuleId::EnvironmentMismatch
                    | RuleId::Other
            ),
        }
    }

    /// Whether the exemption applies to a place.
    #[must_use]
    pub fn covers(&self, place: &[Spot<'_>]) -> bool {
        self.path.as_ref().is_none_or(|path| path.matches(place))
    }
}

pub(super) fn allowed_fields(
    specs: Vec<wire::AllowedField>,
    known: &[String],
) -> Result<Vec<AllowedField>, Fault> {
    let at = ["spec", "allow", "fields"];
    specs
        .into_iter()
        .enumerate()
        .map(|(index, spec)| allowed_field(spec, known).map_err(|fault| fault.below(&at, index)))
        .collect()
}

fn allowed_field(spec: wire::AllowedField, known: &[String]) -> Result<AllowedField, Fault> {
    Ok(AllowedField {
        target: target(spec.target)?,
        path: pattern(&spec.path)?,
        environments: environments(spec.environments, known)?,
        services: services(spec.services)?,
        reason: reason(&spec.reason)?,
        place: None,
    })
}

pub(super) fn exemptions(
    specs: Vec<wire::ExemptionSpec>,
    known: &[String],
) -> Result<Vec<Exemption>, Fault> {
    let at = ["spec", "exemptions"];
    specs
        .into_iter()
        .enumerate()
        .map(|(index, spec)| exemption(spec, known).map_err(|fault| fault.below(&at, index)))
        .collect()
}

fn exemption(spec: wire::ExemptionSpec, known: &[String]) -> Result<Exemption, Fault> {
    let (values, environments) = held(spec.value, spec.values, spec.environments, known)?;
    Ok(Exemption {
        rule: rule(&spec.rule)?,
        target: target(spec.target)?,
        path: spec.path.as_deref().map(pattern).transpose()?,
        values,
        environments,
        services: services(spec.services)?,
        reason: reason(&spec.reason)?,
        expires: date(&spec.expires)?,
        place: None,
    })
}

/// The values of an exemption and its environments, which `values` may name itself.
fn held(
    value: Option<String>,
    values: Option<BTreeMap<String, String>>,
    names: Option<Vec<String>>,
    known: &[String],
) -> Result<(Held, Vec<String>), Fault> {
    let Some(values) = values else {
        return Ok((
            value.map_or(Held::Any, Held::One),
            environments(names, known)?,
        ));
    };
    let at = ["values"];
    if value.is_some() {
        let what =
            "use either value or values: value is for all environments, values has one for each";
        return Err(Fault::new(&at, what));
    }
    if names.is_some() {
        let what = "remove environments: values already names the environments";
        return Err(Fault::new(&at, what));
    }
    if values.is_empty() {
        let what =
            "expected the value of at least one environment, such as {production: \"1.5.0\"}";
        return Err(Fault::new(&at, what));
    }
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    for name in values.keys() {
        environment(&at, name, &known)?;
    }
    let names = values.keys().cloned().collect();
    Ok((Held::Each(values), names))
}

fn rule(id: &str) -> Result<RuleId, Fault> {
    match RuleId::parse(id) {
        Some(rule) if rule.is_blind() => Err(Fault::new(
            &["rule"],
            format!(
                "{rule} cannot be exempt, because it reports what could not be checked; exclude a directory that is not an environment with spec.layout.ignore"
            ),
        )),
        Some(RuleId::LoosenedPolicy) => Err(Fault::new(
            &["rule"],
            "loosened-policy is about exemptions too and cannot be exempt itself; set its severity instead",
        )),
        Some(rule) if rule.is_about_exemptions() => Err(Fault::new(
            &["rule"],
            format!(
                "{rule} is about exemptions and cannot be exempt itself; set its severity instead"
            ),
        )),
        Some(rule) => Ok(rule),
        None => {
            if let Some(class) = Class::from_id(id) {
                let rule = class.rule();
                let what = format!(
                    "unknown rule \"{id}\"; changes of that class come under the rule \"{rule}\""
                );
                return Err(Fault::new(&["rule"], what));
            }
            let ids: Vec<_> = RuleId::ALL.iter().map(|rule| rule.as_str()).collect();
            Err(Fault {
                key: None,
                ..explain::unknown(&["rule"], "rule", id, &ids)
            })
        }
    }
}

fn target(spec: Option<wire::TargetSpec>) -> Result<Target, Fault> {
    let spec = spec.unwrap_or_default();
    let glob = |key: &str, text: Option<String>| {
        let Some(text) = text else { return Ok(None) };
        let fits =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '*' | '?');
        if text.chars().all(fits) {
            return Ok(Some(Glob::new(&text)));
        }
        let found = text::quoted(&text, MAX_QUOTED);
        Err(Fault::new(
            &["target", key],
            format!(
                "{found} cannot match a {key}: use letters, digits, `-`, `.`, `_` and `:`, with `*` for any characters and `?` for any single one"
            ),
        ))
    };
    Ok(Target {
        group: glob("group", spec.group)?,
        version: glob("version", spec.version)?,
        kind: glob("kind", spec.kind)?,
        namespace: glob("namespace", spec.namespace)?,
        name: glob("name", spec.name)?,
    })
}

fn pattern(text: &str) -> Result<Pattern, Fault> {
    Pattern::parse(text).map_err(|error| {
        let found = text::quoted(text, MAX_QUOTED);
        if let Some(path) = of_pointer(text) {
            let what = format!("{found} is a JSON pointer; write {path}");
            return Fault::new(&["path"], what);
        }
        Fault::new(
            &["path"],
            format!("{found} is not a valid pattern: {error}"),
        )
    })
}

/// The path of a JSON pointer, as in JSON6902 patches.
fn of_pointer(text: &str) -> Option<String> {
    let parts = text.strip_prefix('/')?.split('/');
    let segment = |part: &str| {
        let part = part.replace("~1", "/").replace("~0", "~");
        match part.parse::<usize>() {
            Ok(index) => Segment::Index(index),
            Err(_) if part == "-" => Segment::Index(0),
            Err(_) => Segment::Field(part.into()),
        }
    };
    let path = Path(parts.map(segment).collect()).to_string();
    let is_short = path.len() <= 4 * MAX_QUOTED && !path.chars().any(text::is_unsafe);
    (is_short && Pattern::parse(&path).is_ok()).then_some(path)
}

pub(super) fn environments(
    names: Option<Vec<String>>,
    known: &[String],
) -> Result<Vec<String>, Fault> {
    let names = names.unwrap_or_default();
    let known: Vec<_> = known.iter().map(String::as_str).collect();
    for (index, name) in names.iter().enumerate() {
        environment(&["environments"], name, &known)
            .map_err(|fault| Fault { key: None, ..fault }.at_index(index))?;
    }
    Ok(names)
}

/// Checks the name of an environment, which must be a listed one if the policy lists any.
fn environment(at: &[&str], name: &str, known: &[&str]) -> Result<(), Fault> {
    check_name(at, name, "an environment")?;
    if known.is_empty() || known.contains(&name) {
        return Ok(());
    }
    let fault = explain::unknown(at, "environment", name, known);
    let what = format!("{} (spec.environments)", fault.what);
    Err(Fault { what, ..fault })
}

/// Services are also named after directories, so nearly every text may be a name.
pub(super) fn services(names: Option<Vec<String>>) -> Result<Vec<Glob>, Fault> {
    let names = names.unwrap_or_default();
    let glob = |(index, name): (usize, &String)| {
        if name.trim().is_empty() || name.chars().any(text::is_unsafe) {
            let found = text::quoted(name, MAX_QUOTED);
            let what = format!("{found} is not the name of a service");
            return Err(Fault::new(&["services"], what).at_index(index));
        }
        Ok(Glob::new(name))
    };
    names.iter().enumerate().map(glob).collect()
}

fn reason(text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() {
        return Err(Fault::new(
            &["reason"],
            "the reason is empty; say why, so that a reader understands it in a year",
        ));
    }
    Ok(text.to_owned())
}

fn date(text: &str) -> Result<Date, Fault> {
    // kustomize turns an unquoted date into a timestamp as soon as it changes the policy.
    let text = text.strip_suffix("T00:00:00Z").unwrap_or(text);
    let is_plain = text.len() == 10
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-');
    text.parse().ok().filter(|_| is_plain).ok_or_else(|| {
        let found = text::quoted(text, MAX_QUOTED);
        Fault::new(
            &["expires"],
            format!("{found} is not a date; write the last day as YYYY-MM-DD, such as 2027-01-31"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Config, Policy, read};

    fn policy(spec: &str) -> Policy {
        let text =
            format!("{{apiVersion: krm-parity.io/v1alpha1, kind: ParityPolicy, spec: {spec}}}");
        let value: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
        match read(crate::rules::RULES, Some(&value)) {
            Ok(Config::Policy(policy)) => policy,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn services_are_globs() {
        let at = "exemptions: [{rule: image, reason: why, expires: 2027-01-31";
        let named = policy(&format!("{{{at}, services: [shop/web, \"team-*\"]}}]}}"));
        let exemption = &named.exemptions[0];
        for (service, is_meant) in [
            ("shop/web", true),
            ("team-a", true),
            ("web", false),
            ("", false),
        ] {
            assert_eq!(exemption.is_for("dev", service), is_meant, "{service}");
        }
        let all = policy(&format!("{{{at}, environments: [dev], services: []}}]}}"));
        assert!(all.exemptions[0].is_for("dev", "") && !all.exemptions[0].is_for("test", ""));
        for wrong in ["''", "\"a\\nb\""] {
            let text = format!(
                "{{apiVersion: krm-parity.io/v1alpha1, kind: ParityPolicy, spec: {{{at}, services: [x, {wrong}]}}]}}}}"
            );
            let value: serde_yaml::Value = serde_yaml::from_str(&text).unwrap();
            let error = read(crate::rules::RULES, Some(&value)).unwrap_err();
            assert_eq!(error.path.join(" "), "spec exemptions 0 services 1");
        }
    }

    #[test]
    fn a_date_may_have_the_form_that_kustomize_writes() {
        let told = |expires: &str| {
            policy(&format!(
                "{{exemptions: [{{rule: image, reason: why, expires: {expires}}}]}}"
            ))
            .exemptions[0]
                .expires
        };
        assert_eq!(told("\"2027-01-31T00:00:00Z\""), told("2027-01-31"));
    }

    /// Every given part of a target must match; a missing part matches all.
    #[test]
    fn a_target_matches_if_all_its_parts_do() {
        let web = ResourceRef {
            api_version: "apps/v1".to_owned(),
            kind: "Deployment".to_owned(),
            name: "web".to_owned(),
            namespace: Some("shop".to_owned()),
        };
        for (target, fits) in [
            ("{}", true),
            (
                "{group: apps, version: v1, kind: Deployment, namespace: shop, name: web}",
                true,
            ),
            (
                "{group: app*, version: v?, kind: \"*\", namespace: sh*, name: w*b}",
                true,
            ),
            (
                "{group: batch, version: v1, kind: Deployment, namespace: shop, name: web}",
                false,
            ),
            (
                "{group: apps, version: v2, kind: Deployment, namespace: shop, name: web}",
                false,
            ),
            (
                "{group: apps, version: v1, kind: StatefulSet, namespace: shop, name: web}",
                false,
            ),
            (
                "{group: apps, version: v1, kind: Deployment, namespace: other, name: web}",
                false,
            ),
            (
                "{group: apps, version: v1, kind: Deployment, namespace: shop, name: api}",
                false,
            ),
            ("{group: \"\"}", false),
        ] {
            let policy = policy(&format!(
                "{{allow: {{fields: [{{target: {target}, path: spec, reason: why}}]}}}}"
            ));
            let target_is = &policy.fields[0].target;
            assert_eq!(target_is.matches(&web, &["web"]), fits, "{target}");
        }
        let any = policy("{allow: {fields: [{target: {name: web}, path: spec, reason: why}]}}");
        let target = &any.fields[0].target;
        assert!(target.matches(&web, &["production-web", "web"]) && !target.matches(&web, &[]));
        assert_eq!(
            format!("{:?}", Policy::default().allowed),
            r#"{"replicas", "resource-values", "env-values", "hostnames"}"#
        );
    }
}
