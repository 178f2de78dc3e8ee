//! Permissions of a policy that have no date and match nothing: allowed fields, and services with fewer environments.
//!
//! They are reported like exemptions, but only by a check of a repository: what one build lacks, another may hold.

use super::about::names;
use super::scope::Scopes;
use super::unused_exemption::RULE;
use crate::compare::comparison::{Against, Comparison};
use crate::finding::{Finding, Place};
use crate::policy::{AllowedField, Policy, ServiceEnvironments, nearest};
use crate::rules::gaps::{Look, Patterns};
use crate::rules::permission::{Judged, Use, fields_about};
use crate::text;

/// The findings about permissions that match nothing.
pub(super) fn check<'f>(
    comparisons: &[Comparison<'_, '_>],
    look: &Look,
    policy: &'f Policy,
    scopes: &mut Scopes<'f>,
) -> Vec<Finding> {
    let mut uses = vec![Use::Nothing; policy.fields.len()];
    if !uses.is_empty() {
        let judged = Judged::of(comparisons);
        for comparison in comparisons {
            fields_about(comparison, &judged, policy, &mut uses);
        }
    }
    let fields = policy.fields.iter().zip(uses).enumerate();
    let fields = fields.filter_map(|(index, (field, used))| {
        let is_told = used != Use::Change && look.holds(field.extent());
        let why = match used {
            _ if !is_told => return None,
            Use::Parts(path) => format!(
                "it matches only a part of {}, which is added or removed as a whole",
                text::one_line(&path, 120)
            ),
            _ => why_no_field(field, comparisons, look, scopes),
        };
        let what = format!(
            "spec.allow.fields[{index}] ({}, {})",
            text::one_line(&field.path.to_string(), 120),
            text::one_line(&field.reason, 120)
        );
        let help = "Remove the entry, or correct its target, path, services or environments.";
        Some(finding(&what, &why, help, field.place.as_ref()))
    });
    let mut told: Vec<Finding> = fields.collect();
    if !look.is_part {
        let names = look.services();
        told.extend(
            policy
                .services
                .iter()
                .enumerate()
                .filter_map(|(index, one)| {
                    let why = why_no_service(index, one, &policy.services, &names)?;
                    let what = format!(
                        "spec.services[{index}] ({})",
                        text::one_line(one.name.as_str(), 120)
                    );
                    let help = "Remove the entry, or correct its name.";
                    Some(finding(&what, &why, help, one.place.as_ref()))
                }),
        );
    }
    let layout = &policy.layout;
    told.extend(look.unused.iter().filter_map(|one| {
        let (list, text, places, help) = match one.list {
            Patterns::Overlays => (
                "overlays",
                layout.overlays.get(one.index)?.to_string(),
                &layout.overlay_places,
                "Remove the pattern, or correct it. A directory that no pattern matches is not checked.",
            ),
            Patterns::Ignore => (
                "ignore",
                layout.ignore.get(one.index)?.as_str().to_owned(),
                &layout.ignore_places,
                "Remove the pattern, or correct it.",
            ),
        };
        let what = format!(
            "spec.layout.{list}[{}] ({})",
            one.index,
            text::one_line(&text, 120)
        );
        let near = one.near.as_ref();
        let near = near.map_or_else(String::new, |near| {
            format!(" (did you mean {}?)", text::one_line(near, 120))
        });
        let why = format!("no directory with a kustomization matches it{near}");
        Some(finding(&what, &why, help, places.get(one.index)))
    }));
    told
}

fn finding(what: &str, why: &str, help: &str, place: Option<&Place>) -> Finding {
    let headline = format!("{what} matched nothing: {why}");
    Finding {
        place: place.cloned(),
        ..Finding::new(
            RULE.id,
            format!("{headline}. {help}"),
            headline,
            help.to_owned(),
        )
    }
}

/// Why an allowed field matches no difference, and what it might have meant.
fn why_no_field<'f>(
    field: &'f AllowedField,
    comparisons: &[Comparison<'_, '_>],
    look: &Look,
    scopes: &mut Scopes<'f>,
) -> String {
    if let Some(why) = look.why_none(field.extent()) {
        return why;
    }
    let scope = scopes.of(field.extent());
    if let Some(why) = scope.why_no_target(&field.target)
        && !comparisons.iter().any(|one| is_of_earlier(field, one))
    {
        return why;
    }
    let path = field.path.to_string();
    match scope.near_change(field.extent(), &field.target, &path) {
        Some(near) => format!("no difference that is checked is there (did you mean {near}?)"),
        None => "no difference that is checked is there".to_owned(),
    }
}

/// Whether the target is in the earlier of two environments, which without a base is judged in no other comparison.
fn is_of_earlier(field: &AllowedField, comparison: &Comparison<'_, '_>) -> bool {
    let sides = &comparison.sides;
    sides.against != Against::Baseline
        && field.is_for(sides.baseline, sides.service)
        && sides.base.iter().any(|resource| {
            let reference = resource.reference();
            let names = names(&reference, None);
            field.target.matches(&reference, &names)
        })
}

/// Why an entry matches no service, and which one it might have meant.
fn why_no_service(
    index: usize,
    entry: &ServiceEnvironments,
    all: &[ServiceEnvironments],
    names: &[&str],
) -> Option<String> {
    let mut own = names
        .iter()
        .filter(|name| entry.name.matches(name))
        .peekable();
    if own.peek().is_none() {
        let near = nearest(entry.name.as_str(), names);
        let near = near.map_or_else(String::new, |near| format!(" (did you mean {near}?)"));
        return Some(format!("no service has that name{near}"));
    }
    let first = |name: &str| all.iter().position(|other| other.name.matches(name));
    let firsts: Vec<usize> = own.filter_map(|name| first(name)).collect();
    let other = firsts.first().filter(|_| !firsts.contains(&index))?;
    Some(format!(
        "spec.services[{other}] comes first and matches the same service"
    ))
}
