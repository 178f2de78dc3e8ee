//! Whether an exemption is about a field of a resource, and about its current value.

use serde_json::Value;

use super::held::{is_held, scalar};
use crate::catalog::RuleId;
use crate::finding::{FieldRef, ResourceRef};
use crate::path::{FieldPath, Spot};
use crate::policy::{About, Exemption, Policy};
use crate::quantity::Quantity;
use crate::rules::renamed::covers;
use crate::text;

/// A field in the form that patterns match; empty for the resource itself.
pub(super) fn place(field: Option<&FieldRef>) -> &[Spot<'static>] {
    field.map_or(&[], |field| field.path.spots())
}

/// The names by which a resource may be called: its own and the one in the base, with a generator's hash and without.
///
/// A generated name changes with the content, and only the end of a build adds the hash.
pub(in crate::rules) fn names<'n>(
    resource: &'n ResourceRef,
    in_base: Option<&'n str>,
) -> Vec<&'n str> {
    let mut names = vec![resource.name.as_str()];
    names.extend(in_base);
    if matches!(resource.kind.as_str(), "ConfigMap" | "Secret") {
        let plain: Vec<&str> = names.iter().map(|name| text::without_hash(name)).collect();
        names.extend(plain);
    }
    names
}

/// The subject of a finding, made or possible.
pub(in crate::rules) struct Subject<'a> {
    pub rule: RuleId,
    pub service: &'a str,
    pub environment: &'a str,
    pub resource: &'a ResourceRef,
    /// The name that the resource has in the base.
    pub base_name: Option<&'a str>,
    /// The field; `None` for the resource itself.
    pub field: Option<&'a FieldRef>,
}

/// The exemptions of a policy for a place of an environment, whatever its value, by their numbers.
pub(in crate::rules) fn standing<'p>(
    policy: &'p Policy,
    subject: &Subject<'_>,
) -> Vec<(usize, &'p Exemption)> {
    let names = names(subject.resource, subject.base_name);
    let near = policy.exemptions.near(About {
        rule: Some(subject.rule),
        resource: subject.resource,
        names: &names,
        place: place(subject.field),
        environment: subject.environment,
        service: subject.service,
    });
    near.filter(|(_, one)| {
        one.rule == subject.rule
            && one.is_for(subject.environment, subject.service)
            && is_at(one, subject.resource, &names, subject.field)
    })
    .collect()
}

/// Whether an exemption is about a field of a resource; `names` are those that it may have.
pub(in crate::rules) fn is_about(
    exemption: &Exemption,
    resource: &ResourceRef,
    names: &[&str],
    environment: &str,
    field: Option<&FieldRef>,
) -> bool {
    is_at(exemption, resource, names, field) && has_value(exemption, environment, field)
}

/// Whether an exemption is about the place of a field, whatever its value.
pub(super) fn is_at(
    exemption: &Exemption,
    resource: &ResourceRef,
    names: &[&str],
    field: Option<&FieldRef>,
) -> bool {
    let in_base = field.and_then(|field| field.base_path.as_ref());
    let in_base = in_base.map(FieldPath::spots);
    exemption.target.matches(resource, names)
        && exemption
            .path
            .as_ref()
            .is_none_or(|path| covers(path, place(field), in_base))
}

/// Whether a field has the value that an exemption holds for an environment, if it holds one; `512Mi` is `0.5Gi`.
///
/// If an exemption is for an amount that is too far from another, a nearer one does not need a separate exemption.
pub(super) fn has_value(
    exemption: &Exemption,
    environment: &str,
    field: Option<&FieldRef>,
) -> bool {
    let Some(wanted) = exemption.value(environment) else {
        return true;
    };
    let Some(field) = field else {
        return false;
    };
    if is_held(wanted, field) {
        return true;
    }
    let amount = |value: Option<&Value>| Quantity::parse(&scalar(value?)?).ok();
    let wanted = Quantity::parse(wanted).ok();
    let amounts = amount(field.overlay.as_ref()).zip(wanted);
    amounts.is_some_and(|(found, wanted)| {
        let base = amount(field.base.as_ref()).filter(|_| is_of_distance(exemption.rule));
        found == wanted
            || base.is_some_and(|base| wanted.min(base) <= found && found <= wanted.max(base))
    })
}

/// Whether a rule is about how far an amount is from another, so that a larger distance is not a new finding.
#[must_use]
pub fn is_of_distance(rule: RuleId) -> bool {
    matches!(
        rule,
        RuleId::InvertedReplicas | RuleId::InvertedResources | RuleId::ScaleFactor
    )
}
