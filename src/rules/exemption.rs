//! `expired-exemption` and `unused-exemption`: the exemptions themselves, and what they do.
//!
//! An exempt finding stays in the report as information. An exemption counts for
//! each environment on its own. One policy serves many services, so an exemption
//! whose target is not here is none of this comparison's business, unless the
//! target looks like a slip of the pen.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Comparison;
use crate::catalog::{Severity, find_rule};
use crate::finding::{FieldRef, Finding, ResourceRef};
use crate::pair::without_hash;
use crate::path::{Path, Segment, Spot};
use crate::policy::{Exemption, Policy, nearest};
use crate::text;

/// Applies a policy's exemptions to the findings, and adds what is wrong with them.
pub(super) fn apply(
    comparisons: &[Comparison<'_, '_>],
    policy: &Policy,
    today: Date,
    findings: &mut Vec<Finding>,
) {
    let mut told = Vec::new();
    // An environment that is missing has findings and no comparison.
    let environments: BTreeSet<String> = comparisons
        .iter()
        .map(|comparison| comparison.sides.environment)
        .chain(findings.iter().map(|finding| finding.environment.as_str()))
        .map(str::to_owned)
        .collect();
    for environment in &environments {
        let of_environment: Vec<_> = comparisons
            .iter()
            .filter(|comparison| comparison.sides.environment == environment)
            .collect();
        for (index, exemption) in policy.exemptions.iter().enumerate() {
            let is_for = |service: &str| exemption.is_for(environment, service);
            let here: Vec<_> = of_environment
                .iter()
                .copied()
                .filter(|comparison| match comparison.sides.service {
                    "" => is_for("") || comparison.sides.services.iter().any(|name| is_for(name)),
                    service => is_for(service),
                })
                .collect();
            let is_here =
                |finding: &Finding| finding.environment == *environment && is_for(&finding.service);
            if here.is_empty() && !findings.iter().any(is_here) {
                continue;
            }
            let expired = exemption.expires < today;
            let mut used = false;
            for finding in findings.iter_mut() {
                if finding.environment != *environment || !exempts(exemption, finding) {
                    continue;
                }
                used = true;
                if !expired {
                    mark(exemption, finding);
                }
            }
            if expired {
                told.push(expired_finding(index, exemption, environment, policy));
            } else if !used && let Some(hint) = hint(exemption, findings, &here) {
                told.push(unused_finding(index, exemption, environment, policy, &hint));
            }
        }
    }
    for finding in &mut told {
        finding.severity = policy.severity(finding.rule);
    }
    findings.extend(told);
}

/// Makes a finding information, and says until when.
fn mark(exemption: &Exemption, finding: &mut Finding) {
    finding.severity = Severity::Info;
    let until = format!(
        " (exempt until {}: {})",
        exemption.expires,
        text::one_line(&exemption.reason, 200)
    );
    finding.headline.push_str(&until);
    finding.message.push_str(&until);
}

/// Which exemption of the policy a finding complains about, where it is about one.
#[must_use]
pub fn complained_of(finding: &Finding) -> Option<usize> {
    let is_complaint = matches!(finding.rule, "expired-exemption" | "unused-exemption");
    let rest = finding.headline.strip_prefix("spec.exemptions[")?;
    let index = rest.split(']').next()?;
    is_complaint.then(|| index.parse().ok()).flatten()
}

/// Whether an exemption is about a finding, expired or not.
#[must_use]
pub fn exempts(exemption: &Exemption, finding: &Finding) -> bool {
    if finding.rule != exemption.rule || !exemption.is_for(&finding.environment, &finding.service) {
        return false;
    }
    let resource = finding.resource.clone().unwrap_or_default();
    let mut names = vec![resource.name.as_str()];
    names.extend(finding.base_name.as_deref());
    // A generated name changes with the content, and only the end of a build adds the hash.
    if matches!(resource.kind.as_str(), "ConfigMap" | "Secret") {
        names.push(without_hash(&resource.name));
    }
    is_about(exemption, &resource, &names, finding.field.as_ref())
}

/// Whether an exemption is about a field of a resource; `names` are those by which it may be called.
pub(super) fn is_about(
    exemption: &Exemption,
    resource: &ResourceRef,
    names: &[&str],
    field: Option<&FieldRef>,
) -> bool {
    exemption.target.matches(resource, names) && with_place(field, |place| exemption.covers(place))
}

/// Looks at a field as patterns do.
fn with_place<T>(field: Option<&FieldRef>, look: impl FnOnce(&[Spot<'_>]) -> T) -> T {
    let (keyed, indexed) = match field {
        Some(field) => (field.path.as_str(), field.index_path.as_str()),
        None => ("", ""),
    };
    // Paths that we printed parse back.
    let Path(segments) = Path::parse(keyed).unwrap_or_default();
    let Path(indices) = Path::parse(indexed).unwrap_or_default();
    let place: Vec<_> = segments
        .into_iter()
        .enumerate()
        .map(|(at, segment)| Spot {
            segment,
            index: match indices.get(at) {
                Some(Segment::Index(index)) => Some(*index),
                _ => None,
            },
        })
        .collect();
    look(&place)
}

/// What an unused exemption might have meant; `None` where it is about something that is not here.
fn hint(
    exemption: &Exemption,
    findings: &[Finding],
    here: &[&Comparison<'_, '_>],
) -> Option<String> {
    // What is about files is found elsewhere.
    if find_rule(exemption.rule).is_some_and(|rule| rule.of_files) {
        return None;
    }
    let resources: Vec<(ResourceRef, &str)> = here
        .iter()
        .flat_map(|comparison| comparison.sides.overlay.iter().chain(comparison.sides.base))
        .map(|resource| (resource.reference(), resource.name()))
        .collect();
    let target = &exemption.target;
    if resources
        .iter()
        .any(|(resource, name)| target.matches(resource, &[name]))
    {
        let path = exemption.path.as_ref()?.to_string();
        let environments: Vec<_> = here
            .iter()
            .map(|comparison| comparison.sides.environment)
            .collect();
        let paths: Vec<&str> = findings
            .iter()
            .filter(|finding| {
                finding.rule == exemption.rule
                    && environments.contains(&finding.environment.as_str())
            })
            .filter_map(|finding| Some(finding.field.as_ref()?.path.as_str()))
            .collect();
        let near = nearest(&path, &paths).or_else(|| paths.first().copied());
        return Some(match near {
            Some(near) => format!("there is a finding of this rule at {near}"),
            None => format!("there is no finding of {} here", exemption.rule),
        });
    }
    let name = target.name.as_ref()?.as_str();
    let names: Vec<&str> = resources
        .iter()
        .filter(|(resource, _)| target.matches_type(resource))
        .map(|(_, name)| *name)
        .collect();
    nearest(name, &names).map(|near| format!("its target is not here, but {near} is"))
}

fn unused_finding(
    index: usize,
    exemption: &Exemption,
    environment: &str,
    policy: &Policy,
    hint: &str,
) -> Finding {
    let headline = format!(
        "spec.exemptions[{index}] ({}, {}) matched nothing: {hint}",
        exemption.rule,
        text::one_line(&exemption.reason, 120)
    );
    finding(
        "unused-exemption",
        headline,
        "Remove the exemption, so that it cannot hide what comes later, or mend its target and path.".to_owned(),
        environment,
        policy,
    )
}

fn expired_finding(
    index: usize,
    exemption: &Exemption,
    environment: &str,
    policy: &Policy,
) -> Finding {
    let headline = format!(
        "spec.exemptions[{index}] ({}, {}) expired after {}",
        exemption.rule,
        text::one_line(&exemption.reason, 120),
        exemption.expires
    );
    finding(
        "expired-exemption",
        headline,
        "Mend what it exempted and remove it, or decide anew and give it a later date.".to_owned(),
        environment,
        policy,
    )
}

fn finding(
    rule: &'static str,
    headline: String,
    help: String,
    environment: &str,
    policy: &Policy,
) -> Finding {
    Finding {
        environment: environment.to_owned(),
        baseline: policy.baseline.clone(),
        ..Finding::new(rule, format!("{headline}. {help}"), headline, help)
    }
}
