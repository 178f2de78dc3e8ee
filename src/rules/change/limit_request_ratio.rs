//! `limit-request-ratio`: limit ÷ request of a resource differs much from the base's.

use std::collections::BTreeMap;

use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::compare::comparison::{Classified, Comparison};
use crate::compare::diff::{Change, ChangeKind, Step, quantity};
use crate::compare::steps::{Side, base_path, field_path, keyed_path, locate};
use crate::finding::{FieldRef, Finding};
use crate::naming::is_workbench;
use crate::path::FieldPath;
use crate::policy::Policy;
use crate::quantity::{Quantity, quotient, ratio_is_smaller, ratio_of_ratios_exceeds};
use crate::rules::found::Found;
use crate::rules::told::{Told, field};
use crate::rules::words;
use crate::yaml::Node;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::LimitRequestRatio,
    severity: Severity::Warning,
    summary: "The ratio of limit to request must stay close to the base's.",
    why: "The ratio decides the quality-of-service class and how hard a container may be throttled or evicted.",
    example: "cpu has limit 500m and request 250m in the base (2), and limit 1 and request 250m in production (4)",
    max: Some("1.5"),
    unit: "×",
    of_files: false,
    of_siblings: false,
};

pub(in crate::rules) fn check(comparison: &Comparison<'_, '_>, policy: &Policy, found: &mut Found) {
    let max_text = policy.max(&RULE);
    let Ok(max) = Quantity::parse(max_text) else {
        return;
    };
    if !policy.allows(Class::ResourceValues) {
        return;
    }
    let (environment, baseline) = (comparison.environment(), comparison.baseline());
    for (pair, changes) in comparison.pairs() {
        let mut ratios = BTreeMap::new();
        for Classified { change, class, .. } in changes {
            // An added or removed name that is an error already does not need a second finding.
            let counts = *class == Class::ResourceValues
                || (*class == Class::ResourceNames && policy.allows(*class));
            let Some((steps, key)) = resources(change).filter(|_| counts) else {
                continue;
            };
            let ratio = ratios.entry((keyed_path(steps), key));
            let (_, halves) = ratio.or_insert((steps, Vec::new()));
            halves.push(change);
        }
        for ((_, key), (steps, halves)) in ratios {
            let ratio_on = |root, side| {
                locate(root, steps, side).and_then(|resources| ratio_in(resources, key))
            };
            let base = ratio_on(pair.base.node, Side::Base);
            let overlay = ratio_on(pair.overlay.node, Side::Overlay);
            let differs = match (base, overlay) {
                (Some(base), Some(overlay)) => ratio_of_ratios_exceeds(overlay, base, max),
                (None, None) => false,
                _ => true,
            };
            if !differs {
                continue;
            }
            let text = |ratio: Option<(Quantity, Quantity)>| match ratio {
                Some((limit, request)) => {
                    quotient(limit, request).unwrap_or_else(|| "undefined".to_owned())
                }
                None => "absent".to_owned(),
            };
            let is_above = overlay.is_some_and(|(limit, request)| limit < request);
            let above = if is_above {
                "; the API server rejects a request above its limit"
            } else {
                ""
            };
            let headline = format!(
                "{key} limit ÷ request{} is {}, {} in {baseline}, beyond a factor of {max_text}{above}",
                words::of_container(steps),
                text(overlay),
                text(base),
            );
            let told = Told {
                message: format!(
                    "{}: {headline}: {} in {environment}. The ratio of limit to request must stay close to {baseline}'s.",
                    words::resource(pair.overlay),
                    keyed_path(steps)
                ),
                headline,
                help: format!(
                    "Change limit and request by the same factor, or raise spec.rules.{}.max in the ParityPolicy.",
                    RULE.id
                ),
            };
            let finding = Finding {
                class: Some(Class::ResourceValues),
                permit: comparison.exempt_at(RULE.id, pair, &field_path(steps)),
                part: half(&halves, base.zip(overlay), max).map(field),
                field: Some(FieldRef {
                    path: field_path(steps).into_owned(),
                    base_path: base_path(steps).map(FieldPath::into_owned),
                    overlay: locate(pair.overlay.node, steps, Side::Overlay).map(Node::to_json),
                    base: locate(pair.base.node, steps, Side::Base).map(Node::to_json),
                }),
                ..comparison.pair_finding(RULE.id, pair, told)
            };
            // No one measures there how much a container needs, or a larger part of its limit is reserved for it.
            let is_closer = base
                .zip(overlay)
                .is_some_and(|(base, overlay)| ratio_is_smaller(overlay, base));
            let is_harmless = is_closer || is_workbench(comparison.sides.environment);
            if is_harmless && !is_above && !policy.weighs(RULE.id) {
                found.push_as(Severity::Info, finding);
            } else {
                found.push(finding);
            }
        }
    }
}

/// The path to the `resources` that a change is in, and the name of the resource.
fn resources<'c, 'a>(change: &'c Change<'a>) -> Option<(&'c [Step<'a>], &'a str)> {
    match change.steps.as_slice() {
        [
            way @ ..,
            Step::Field("limits" | "requests"),
            Step::Field(key),
        ] => Some((way, key)),
        _ => None,
    }
}

/// The half that makes the ratio differ, of those that do: the limit, unless the request does it alone.
fn half<'h, 'a>(
    halves: &[&'h Change<'a>],
    ratios: Option<((Quantity, Quantity), (Quantity, Quantity))>,
    max: Quantity,
) -> Option<&'h Change<'a>> {
    let of = |list: &str| {
        let mut halves = halves.iter().copied();
        halves.find(|change| change.fields().rev().nth(1) == Some(list))
    };
    let is_alone = |(base, overlay): ((Quantity, Quantity), (Quantity, Quantity))| {
        !ratio_of_ratios_exceeds((overlay.0, base.1), base, max)
            && ratio_of_ratios_exceeds((base.0, overlay.1), base, max)
    };
    let (limit, request) = (of("limits"), of("requests"));
    let Some(ratios) = ratios else {
        // One side lacks a half.
        let mut halves = [limit, request].into_iter().flatten();
        return halves
            .clone()
            .find(|half| half.kind != ChangeKind::Modified)
            .or_else(|| halves.next());
    };
    if is_alone(ratios) {
        request.or(limit)
    } else {
        limit.or(request)
    }
}

/// Limit and request of one resource, if both are quantities.
fn ratio_in(resources: Node<'_>, key: &str) -> Option<(Quantity, Quantity)> {
    let value = |list| resources.at(&[list, key]).and_then(quantity);
    Some((value("limits")?, value("requests")?))
}
