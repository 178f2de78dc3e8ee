//! Related changes by one file: variables of a container, keys of a `ConfigMap`, annotations of a
//! resource, parameters in one map.

use serde_json::Value;

use crate::catalog::{Class, RuleId};
use crate::finding::{Finding, UNTOLD};
use crate::path::{FieldPath, Segment};
use crate::report::text::both_values;

/// The properties that a family shares: the service, the resource, the rule, the surrounding field,
/// the kind of change, and the file that made it.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Family<'f> {
    service: &'f str,
    resource: [&'f str; 2],
    rule: RuleId,
    class: Class,
    parent: String,
    done: Done,
    file: &'f str,
}

/// The kind of change of a name.
#[derive(PartialEq, Eq, Hash)]
enum Done {
    Added,
    Removed,
    Changed,
}

/// The family of a finding; `None` if it is reported separately.
///
/// Names that are added or removed together are one change, and so are scalars of one map of
/// parameters. Fields with an effect of their own in a pod are not.
pub(super) fn family(finding: &Finding) -> Option<Family<'_>> {
    let class = finding.class?;
    let field = finding.field.as_ref()?;
    let done = match (&field.base, &field.overlay) {
        (None, Some(_)) => Done::Added,
        (Some(_), None) => Done::Removed,
        (Some(_), Some(_)) => Done::Changed,
        (None, None) => return None,
    };
    let is_one = match class {
        Class::EnvNames | Class::ConfigKeys | Class::Labels | Class::Annotations => {
            done != Done::Changed
        }
        Class::Other => done == Done::Changed && is_parameter(finding),
        _ => false,
    };
    let place = finding
        .place
        .as_ref()
        .filter(|place| is_one && place.what != UNTOLD)?;
    let (_, outer) = field.path.spots().split_last()?;
    name(finding)?;
    let resource = finding.resource.as_ref()?;
    Some(Family {
        service: finding.service().unwrap_or_default(),
        resource: [&resource.kind, &resource.name],
        rule: finding.rule,
        class,
        parent: FieldPath::new(outer.to_vec()).to_string(),
        done,
        file: &place.file,
    })
}

/// Whether a field is a scalar in a map of scalars, and not in a pod.
fn is_parameter(finding: &Finding) -> bool {
    let Some(field) = &finding.field else {
        return false;
    };
    let is_scalar = |value: &Option<Value>| {
        let value = value.as_ref();
        value.is_some_and(|value| !value.is_object() && !value.is_array())
    };
    let fields: Vec<&str> = field
        .path
        .spots()
        .iter()
        .filter_map(|spot| match &spot.segment {
            Segment::Field(name) => Some(name.as_ref()),
            _ => None,
        })
        .collect();
    let is_in_pod = fields
        .iter()
        .any(|name| matches!(*name, "template" | "containers") || name.ends_with("ecurityContext"));
    // `spec.a` and `spec.b` are unrelated.
    fields.len() > 2 && !is_in_pod && is_scalar(&field.base) && is_scalar(&field.overlay)
}

/// The added or removed name, or the parameter with both values.
pub(super) fn said(finding: &Finding) -> Option<String> {
    let field = finding.field.as_ref()?;
    let name = name(finding)?;
    let is_changed = field.base.is_some() && field.overlay.is_some();
    Some(if is_changed {
        let (base, overlay) = both_values(field);
        format!("{name}: {base} → {overlay}")
    } else {
        name.to_owned()
    })
}

/// The last name of the path.
fn name(finding: &Finding) -> Option<&str> {
    let field = finding.field.as_ref()?;
    match &field.path.spots().last()?.segment {
        Segment::Field(name) => Some(name),
        Segment::Key(keys) => match keys.as_slice() {
            [(key, value)] if key == "name" => Some(value),
            _ => None,
        },
        Segment::Index(_) | Segment::Value(_) => None,
    }
}
