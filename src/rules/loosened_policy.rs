//! `loosened-policy`: what the policy of a branch permits that the earlier policy did not.
//!
//! A branch that could permit its own drift would not be judged at all. So `check --new` compares its policy with the
//! earlier one, entry by entry. An entry that is narrower, or that has moved within the file, is not looser.

use std::collections::BTreeSet;

use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::finding::{Finding, Place};
use crate::path::Glob;
use crate::policy::{AllowedField, Exemption, Group, Held, IdentityMode, Policy, Target};
use crate::quantity::Quantity;
use crate::text::one_line;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::LoosenedPolicy,
    severity: Severity::Error,
    summary: "A branch must not loosen the policy that it is checked with.",
    why: "Otherwise a branch could permit its own drift. --new compares its policy with the earlier one.",
    example: "a branch changes a probe of production and adds an exemption for it",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

/// The longest reason or list of names in a headline, in characters.
const MAX_WORDS: usize = 120;

/// A policy and its place.
#[derive(Clone, Copy, Debug)]
pub struct Stated<'p> {
    /// The policy.
    pub policy: &'p Policy,
    /// The name of its file in reports; `None` if there is none, and the defaults apply.
    pub file: Option<&'p str>,
}

/// What a policy permits that an earlier one did not; `earlier` is the name that people use for the place of that one.
pub(super) fn loosened(
    rules: &[&Rule],
    old: Stated<'_>,
    new: Stated<'_>,
    earlier: &str,
) -> Vec<Finding> {
    let earlier = one_line(earlier, MAX_WORDS);
    let mut said = Vec::new();
    permits(old.policy, new.policy, &mut said);
    settings(rules, old.policy, new.policy, &mut said);
    scope(old.policy, new.policy, &mut said);
    let place = |entry: Option<Place>| {
        let file = new.file.or(old.file)?;
        Some(entry.unwrap_or_else(|| Place {
            file: file.to_owned(),
            line: 1,
            column: 1,
            length: 1,
            what: "the policy".to_owned(),
            source: None,
        }))
    };
    let help = format!(
        "Remove it from this branch, or let the owner of the policy merge it separately. If every change of the policy is reviewed anyway, set spec.rules.loosened-policy.severity: warning; the setting in the policy of {earlier} counts."
    );
    let finding = |headline: String, entry: Option<Place>| Finding {
        place: place(entry),
        ..Finding::new(
            RULE.id,
            format!("{headline}. {help}"),
            headline,
            help.clone(),
        )
    };
    // Without an earlier policy, all of the new one is looser than the defaults: that is one thing to agree to.
    if let (None, Some(file), [_, _, ..]) = (old.file, new.file, said.as_slice()) {
        let headline = format!(
            "{earlier} has no policy, and {} entries of {file} permit more than the defaults",
            said.len()
        );
        return vec![finding(headline, None)];
    }
    let all = said.into_iter();
    all.map(|(what, entry)| finding(format!("{what}, unlike in {earlier}"), entry))
        .collect()
}

/// The permissions that were loosened, each with its place in the policy if it is an entry of a list.
type Said = Vec<(String, Option<Place>)>;

/// Classes, fields and exemptions that were added or widened.
fn permits(old: &Policy, new: &Policy, said: &mut Said) {
    for class in Class::ALL {
        let is_told = class == Class::ImageTag && new.allows(Class::Image);
        if new.allows(class) && !old.allows(class) && !is_told {
            let id = class.id();
            let place = new.places.get(&format!("spec.allow.classes.{id}"));
            said.push((
                format!("spec.allow.classes contains {id}"),
                place.or_else(|| new.places.get("spec.allow")).cloned(),
            ));
        }
    }
    for (index, field) in new.fields.iter().enumerate() {
        if !old.fields.iter().any(|old| holds_field(old, field)) {
            let what = format!(
                "spec.allow.fields[{index}] allows {}",
                one_line(&field.path.to_string(), MAX_WORDS)
            );
            said.push((what, field.place.clone()));
        }
    }
    for (index, exemption) in new.exemptions.iter().enumerate() {
        let same = old.exemptions.iter();
        let same = same.filter(|old| holds_exemption(old, exemption));
        let until = same.map(|old| old.expires).max();
        let what = match until {
            Some(until) if until >= exemption.expires => continue,
            Some(until) => format!("lasts until {} instead of {until}", exemption.expires),
            None => widened(old, exemption),
        };
        let what = format!(
            "spec.exemptions[{index}] ({}, {}) {what}",
            exemption.rule,
            one_line(&exemption.reason, MAX_WORDS)
        );
        said.push((what, exemption.place.clone()));
    }
}

/// How an exemption is wider than an earlier one that differs from it in one thing; or that it is new.
fn widened(old: &Policy, new: &Exemption) -> String {
    let near = old.exemptions.iter().find_map(|old| {
        // With that one thing as before, the earlier exemption would cover it.
        let is_held = |narrow: Exemption| holds_exemption(old, &narrow);
        let as_before = || new.clone();
        let names = |names: Vec<&str>, all: &str, one: &str| match names.as_slice() {
            [] => format!("is for all {all}"),
            [only] => format!("is for the {one} {only}"),
            names => format!("is for the {all} {}", names.join(", ")),
        };
        let what = if is_held(Exemption {
            values: old.values.clone(),
            ..as_before()
        }) {
            let values = match &new.values {
                Held::Any => Vec::new(),
                Held::One(value) => vec![value.as_str()],
                Held::Each(values) => {
                    let values: BTreeSet<&str> = values.values().map(String::as_str).collect();
                    values.into_iter().collect()
                }
            };
            match values.as_slice() {
                [] => "is for any value".to_owned(),
                _ => names(values, "values", "value"),
            }
        } else if is_held(Exemption {
            environments: old.environments.clone(),
            ..as_before()
        }) {
            let environments = new.environments.iter().map(String::as_str);
            names(environments.collect(), "environments", "environment")
        } else if is_held(Exemption {
            services: old.services.clone(),
            ..as_before()
        }) {
            let services = new.services.iter().map(Glob::as_str);
            names(services.collect(), "services", "service")
        } else if is_held(Exemption {
            path: old.path.clone(),
            ..as_before()
        }) {
            let path = new.path.as_ref().map(ToString::to_string);
            path.map_or_else(
                || "is for any path".to_owned(),
                |path| format!("is for the path {path}"),
            )
        } else if is_held(Exemption {
            target: old.target.clone(),
            ..as_before()
        }) {
            "has a wider target".to_owned()
        } else {
            return None;
        };
        let until = (new.expires > old.expires).then(|| {
            format!(
                ", and lasts until {} instead of {}",
                new.expires, old.expires
            )
        });
        let what = one_line(&what, MAX_WORDS);
        Some(format!("{what}{}", until.unwrap_or_default()))
    });
    near.unwrap_or_else(|| format!("is new, and lasts until {}", new.expires))
}

/// Severities that were lowered and bounds that were raised.
fn settings(rules: &[&Rule], old: &Policy, new: &Policy, said: &mut Said) {
    let at = |key: &str| new.places.get(key).cloned();
    for rule in rules {
        let place = new.places.get(&format!("spec.rules.{}", rule.id));
        let (before, after) = (old.severity(rule), new.severity(rule));
        if after < before {
            let what = format!(
                "spec.rules.{}.severity is lowered from {} to {}",
                rule.id,
                before.id(),
                after.id()
            );
            said.push((what, place.cloned()));
        }
        let (before, after) = (old.max(rule), new.max(rule));
        let amounts = (Quantity::parse(before), Quantity::parse(after));
        let is_raised = match amounts {
            (Ok(before), Ok(after)) => after > before,
            _ => before != after,
        };
        if rule.max.is_some() && is_raised {
            let what = format!(
                "spec.rules.{}.max is raised from {before} to {after}",
                rule.id
            );
            said.push((what, place.cloned()));
        }
    }
    if new.fail_on > old.fail_on {
        let (before, after) = (old.fail_on.id(), new.fail_on.id());
        said.push((
            format!("spec.failOn is raised from {before} to {after}"),
            at("spec.failOn"),
        ));
    }
    if (old.identity, new.identity) == (IdentityMode::Strict, IdentityMode::Cancel) {
        said.push((
            "spec.identity is cancel instead of strict".to_owned(),
            at("spec.identity"),
        ));
    }
}

/// What is no longer judged, or is judged by something else.
fn scope(old: &Policy, new: &Policy, said: &mut Said) {
    let at = |key: &str| new.places.get(key).cloned();
    let dropped: Vec<&str> = old
        .environments
        .iter()
        .filter(|name| !new.environments.contains(name))
        .map(String::as_str)
        .collect();
    if !dropped.is_empty() {
        let names = one_line(&dropped.join(", "), MAX_WORDS).into_owned();
        said.push((
            format!("spec.environments no longer lists {names}"),
            at("spec.environments"),
        ));
    }
    if let Some(only) = &new.environment
        && old.environment.as_ref() != Some(only)
    {
        said.push((
            format!("spec.environment restricts the check to {only}"),
            at("spec.environment"),
        ));
    }
    if new.baseline != old.baseline {
        let (before, after) = (&old.baseline, &new.baseline);
        said.push((
            format!("spec.baseline is {after} instead of {before}"),
            at("spec.baseline"),
        ));
    }
    for (index, service) in new.services.iter().enumerate() {
        // The environments that an earlier entry or the list itself required of the services that this one is about.
        let name = service.name.as_str();
        let before: BTreeSet<&String> =
            match old.services.iter().find(|old| old.name == service.name) {
                Some(old) => old.environments.iter().collect(),
                None if service.name.is_literal() => old.expected(name).collect(),
                None => old.environments.iter().collect(),
            };
        let fewer: Vec<&str> = before
            .into_iter()
            .filter(|name| new.environments.contains(name))
            .filter(|name| !service.environments.contains(name))
            .map(String::as_str)
            .collect();
        if !fewer.is_empty() {
            let what = format!(
                "spec.services[{index}] lets {} omit {}",
                one_line(name, MAX_WORDS),
                one_line(&fewer.join(", "), MAX_WORDS)
            );
            said.push((what, service.place.clone()));
        }
    }
    // Changes by a deployer or a controller are no longer reported.
    for (name, group) in new.managers.iter() {
        let is_quiet = matches!(group, Group::Deployer | Group::Controller);
        if is_quiet && !old.managers.iter().any(|old| old == (name, group)) {
            let name = one_line(name, MAX_WORDS);
            said.push((
                format!("spec.drift.managers.{} contains {name}", group.key()),
                at("spec.drift"),
            ));
        }
    }
    for (index, glob) in new.layout.ignore.iter().enumerate() {
        if !old.layout.ignore.contains(glob) {
            let glob = one_line(glob.as_str(), MAX_WORDS);
            let place = new.layout.ignore_places.get(index).cloned();
            said.push((format!("spec.layout.ignore excludes {glob}"), place));
        }
    }
}

/// Whether an allowed field covers everything that another one covers.
fn holds_field(wide: &AllowedField, narrow: &AllowedField) -> bool {
    holds_target(&wide.target, &narrow.target)
        && wide.path == narrow.path
        && holds_names(&wide.environments, &narrow.environments)
        && holds_services(&wide.services, &narrow.services)
}

/// Whether an exemption covers everything that another one covers, whatever their dates.
fn holds_exemption(wide: &Exemption, narrow: &Exemption) -> bool {
    wide.rule == narrow.rule
        && holds_target(&wide.target, &narrow.target)
        && (wide.path.is_none() || wide.path == narrow.path)
        && holds_values(wide, narrow)
        && holds_names(&wide.environments, &narrow.environments)
        && holds_services(&wide.services, &narrow.services)
}

/// Whether the values of one, environment by environment, are among those of the other.
fn holds_values(wide: &Exemption, narrow: &Exemption) -> bool {
    match (&wide.values, &narrow.values) {
        (Held::Any, _) => true,
        (wide, narrow) if wide == narrow => true,
        (_, Held::Any) | (Held::One(_), Held::One(_)) => false,
        (Held::One(value), Held::Each(values)) => values.values().all(|own| own == value),
        (Held::Each(values), Held::Each(own)) => own
            .iter()
            .all(|(environment, value)| values.get(environment) == Some(value)),
        (Held::Each(values), Held::One(value)) => {
            let mut environments = narrow.environments.iter();
            !narrow.environments.is_empty()
                && environments.all(|one| values.get(one) == Some(value))
        }
    }
}

fn holds_target(wide: &Target, narrow: &Target) -> bool {
    [
        (&wide.group, &narrow.group),
        (&wide.version, &narrow.version),
        (&wide.kind, &narrow.kind),
        (&wide.namespace, &narrow.namespace),
        (&wide.name, &narrow.name),
    ]
    .into_iter()
    .all(|(wide, narrow)| match (wide, narrow) {
        (None, _) => true,
        (Some(wide), Some(narrow)) => holds_glob(wide, narrow),
        (Some(wide), None) => wide.as_str() == "*",
    })
}

/// An empty list stands for all names.
fn holds_names(wide: &[String], narrow: &[String]) -> bool {
    wide.is_empty() || !narrow.is_empty() && narrow.iter().all(|name| wide.contains(name))
}

fn holds_services(wide: &[Glob], narrow: &[Glob]) -> bool {
    let is_held = |narrow: &Glob| wide.iter().any(|wide| holds_glob(wide, narrow));
    wide.is_empty() || !narrow.is_empty() && narrow.iter().all(is_held)
}

fn holds_glob(wide: &Glob, narrow: &Glob) -> bool {
    wide == narrow || narrow.is_literal() && wide.matches(narrow.as_str())
}
