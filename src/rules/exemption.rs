//! `expired-exemption`, `expiring-exemption` and `unused-exemption`: the exemptions themselves, and their effect.
//!
//! An exempt finding stays in the report as information. An exemption is weighed
//! once, over everything that was checked: a match anywhere makes it a used one.
//! One policy serves many services. A check of one build says nothing about an
//! exemption whose target is missing, unless the target looks like a typo; a
//! check of a repository reports every exemption that could not have matched
//! anything elsewhere.

pub(in crate::rules) mod about;
pub(in crate::rules) mod expired_exemption;
pub(in crate::rules) mod expiring_exemption;
pub mod held;
mod look;
mod scope;
pub(in crate::rules) mod unused_exemption;
mod unused_permit;

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::gaps::Look;
use super::registry::record;
use super::words;
use crate::catalog::{RuleId, Severity};
use crate::compare::comparison::Comparison;
use crate::finding::{Compared, Finding, ResourceRef};
use crate::policy::{Exemption, Policy};
use crate::text;
use about::{Subject, has_value, is_of_distance, standing};
use scope::{Scope, Scopes};

/// The most characters of a value in a message.
const MAX_VALUE: usize = 60;

/// Applies a policy's exemptions to the findings, and adds findings about the exemptions themselves.
///
/// Without a look, it is unknown what else the policy applies to. `weights` are those of the findings if nothing were
/// exempt. A message about an entry is given once, with a finding that it was for, unless that weighs less.
pub(super) fn apply(
    comparisons: &[Comparison<'_, '_>],
    look: Option<&Look>,
    policy: &Policy,
    today: Date,
    weights: &[Severity],
    findings: &mut Vec<Finding>,
) {
    let has_permits = |look: &Look| {
        !(policy.fields.is_empty() && policy.services.is_empty() && look.unused.is_empty())
    };
    if policy.exemptions.is_empty() && !look.is_some_and(has_permits) {
        return;
    }
    let near = weigh(policy, today, weights, findings);
    let mut scopes = Scopes::new(comparisons, findings);
    let mut told = Vec::new();
    for (index, exemption) in policy.exemptions.iter().enumerate() {
        let is_expired = exemption.expires < today;
        let near = &near[index];
        let is_used = near.is_used;
        // It is in the policy once, whatever it is about.
        if near.is_told || look.is_some() && is_used && !is_expired {
            continue;
        }
        let scope = scopes.of(exemption.extent());
        // An environment that is missing has findings and no comparison.
        let environments = match look {
            Some(_) => &BTreeSet::new(),
            None => &scope.environments,
        };
        if look.is_none() && environments.is_empty() {
            continue;
        }
        let nearest = near.first.and_then(|at| findings.get(at));
        let why = || why_unused(exemption, nearest, scope, look);
        let (rule, (headline, help)) = if is_expired {
            (
                RuleId::ExpiredExemption,
                expired_exemption::words(index, exemption),
            )
        } else if !is_used && let Some(why) = why() {
            (
                RuleId::UnusedExemption,
                unused_exemption::words(index, exemption, &why),
            )
        } else {
            continue;
        };
        // A finding of one build has a name if it is about one environment.
        let environment = match environments.first() {
            Some(environment) if environments.len() == 1 => *environment,
            _ => "",
        };
        let compared = match look {
            Some(_) => Compared::Nothing,
            None => Compared::with_base(environment, &policy.baseline),
        };
        told.push(Finding {
            exemption: Some(index),
            place: exemption.place.clone(),
            compared,
            ..Finding::new(rule, format!("{headline}. {help}"), headline, help)
        });
    }
    if let Some(look) = look {
        told.extend(unused_permit::check(comparisons, look, policy, &mut scopes));
    }
    let compared = match look {
        Some(_) => Compared::Nothing,
        None => of_one_build(policy),
    };
    let used = policy.exemptions.iter().enumerate();
    let used = used.filter(|(index, _)| near[*index].is_used);
    told.extend(expiring_exemption::announce(used, policy, today, &compared));
    findings.extend(told);
}

/// Applies the exemptions to findings; only a check of a repository can say anything else about the exemptions.
pub(super) fn hold(policy: &Policy, today: Date, weights: &[Severity], findings: &mut [Finding]) {
    weigh(policy, today, weights, findings);
}

/// The sides of a finding about a policy, in one build.
fn of_one_build(policy: &Policy) -> Compared {
    let environment = policy.environment.as_deref().unwrap_or_default();
    Compared::with_base(environment, &policy.baseline)
}

/// The findings that an exemption is about.
#[derive(Clone, Debug, Default)]
struct Near {
    /// The first finding that it is about, whatever its value.
    first: Option<usize>,
    /// Whether it matches a finding, its value included.
    is_used: bool,
    /// Whether a finding says what is wrong with it, so that it need not be said again.
    is_told: bool,
}

/// Marks the findings that exemptions match, and notes on others which exemption has expired or holds another value.
fn weigh(
    policy: &Policy,
    today: Date,
    weights: &[Severity],
    findings: &mut [Finding],
) -> Vec<Near> {
    let mut all = vec![Near::default(); policy.exemptions.len()];
    let of_expired = policy.severity(record(RuleId::ExpiredExemption));
    for (at, finding) in findings.iter_mut().enumerate() {
        let weight = weights.get(at).copied().unwrap_or(Severity::Error);
        let near = near(policy, finding);
        let environment = finding.environment().unwrap_or_default();
        for (index, _) in &near {
            all[*index].first.get_or_insert(at);
        }
        let is_valid = |(_, exemption): &&(usize, &Exemption)| exemption.expires >= today;
        let other = || {
            let mut valid = near.iter().filter(is_valid);
            valid.find_map(|(index, one)| Some((*index, one.rule, one.value(environment)?)))
        };
        let about: Vec<_> = near
            .iter()
            .filter(|(_, one)| has_value(one, environment, finding.field.as_ref()))
            .collect();
        for (index, _) in &about {
            all[*index].is_used = true;
        }
        if let Some((index, exemption)) = about.first()
            && !about.iter().any(is_valid)
        {
            finding.add(&expired_exemption::note(*index, exemption));
            for (index, _) in &about {
                all[*index].is_told |= weight >= of_expired;
            }
        } else if about.is_empty()
            && let Some((index, rule, value)) = other()
        {
            finding.add(&other_value(index, rule, value));
            all[index].is_told |= weight > Severity::Info;
        }
        for (index, exemption) in about.into_iter().filter(|one| is_valid(one)) {
            mark(*index, exemption, finding);
        }
    }
    all
}

/// The exemptions that are about a finding, whatever its value, by their numbers.
fn near<'p>(policy: &'p Policy, finding: &Finding) -> Vec<(usize, &'p Exemption)> {
    let nothing = ResourceRef::default();
    let resource = finding.resource.as_ref().unwrap_or(&nothing);
    let subject = Subject {
        rule: finding.rule,
        service: finding.service().unwrap_or_default(),
        environment: finding.environment().unwrap_or_default(),
        resource,
        base_name: finding.base_name.as_deref(),
        field: finding.field.as_ref(),
    };
    standing(policy, &subject)
}

/// The exemptions that are about a finding, expired or not, by their numbers.
pub fn exempting<'p>(
    policy: &'p Policy,
    finding: &Finding,
) -> impl Iterator<Item = (usize, &'p Exemption)> {
    let mut near = near(policy, finding);
    let environment = finding.environment().unwrap_or_default();
    near.retain(|(_, one)| has_value(one, environment, finding.field.as_ref()));
    near.into_iter()
}

/// The numbers of the exemptions that are about the place of a finding, but hold a value other than its own.
#[must_use]
pub fn nearby(policy: &Policy, finding: &Finding) -> Vec<usize> {
    let environment = finding.environment().unwrap_or_default();
    let mut near = near(policy, finding);
    near.retain(|(_, one)| !has_value(one, environment, finding.field.as_ref()));
    near.into_iter().map(|(index, _)| index).collect()
}

/// The note that an exemption would apply to a finding if it did not hold another value.
fn other_value(index: usize, rule: RuleId, value: &str) -> String {
    format!(
        " (spec.exemptions[{index}] is only for the value {}{})",
        text::quoted(value, MAX_VALUE),
        if is_of_distance(rule) {
            " or a closer one"
        } else {
            ""
        }
    )
}

/// Notes on a finding which exemption allows it, and until when; that makes it information.
fn mark(index: usize, exemption: &Exemption, finding: &mut Finding) {
    finding.exemption.get_or_insert(index);
    finding.add(&format!(
        " (exempt until {}: {})",
        exemption.expires,
        text::one_line(&exemption.reason, 200)
    ));
}

/// Why an exemption matches nothing, and what it might have meant; `None` if it may be about something else.
fn why_unused(
    exemption: &Exemption,
    near: Option<&Finding>,
    scope: &Scope<'_>,
    look: Option<&Look>,
) -> Option<String> {
    // Another command checks the objects that run, and only that one could say.
    if exemption.rule.is_live() || look.is_some_and(|look| !look.is_enough_for(exemption)) {
        return None;
    }
    let target = &exemption.target;
    let is_target_here = scope.holds(target);
    let known = || {
        if let Some(near) = near
            && let Some(value) = exemption.value(near.environment().unwrap_or_default())
        {
            let found = words::value(near.field.as_ref().and_then(|field| field.overlay.as_ref()));
            let value = text::quoted(value, MAX_VALUE);
            return Some(format!("the value is now {found}, and not {value}"));
        }
        if is_target_here {
            let path = exemption.path.as_ref()?.to_string();
            let near = scope.near_path(exemption.rule, exemption.extent(), target, &path)?;
            return Some(format!("the nearest finding of this rule is at {near}"));
        }
        scope.near_target(target)
    };
    match look {
        Some(look) => known().or_else(|| Some(look.why(exemption, is_target_here))),
        // Findings about files have another source, and some differences are seen only beside another environment.
        None if record(exemption.rule).of_files => None,
        None if record(exemption.rule).of_siblings && !scope.has_siblings => None,
        None => known().or_else(|| {
            let is_exact = is_target_here && exemption.path.is_some();
            is_exact.then(|| format!("there is no finding of {}", exemption.rule))
        }),
    }
}

#[cfg(test)]
mod tests;
