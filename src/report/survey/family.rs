//! Related changes by one file: variables of a container, keys of a `ConfigMap`, annotations of a
//! resource, parameters in one map.

use serde_json::Value;

use crate::catalog::{Class, RuleId};
use crate::finding::{FieldRef, Finding};
use crate::path::{FieldPath, Segment};
use crate::report::text::both_values;

/// What a family shares: the service, the resource, the rule, what they are in, what was done, and the file that did it.
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
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Done {
    Added,
    Removed,
    Changed,
}

/// The family of a finding; nothing where it stands for itself.
///
/// Names that come or go are read at once, as they are one change, and so are the annotations of a resource, the routes of one,
/// scalars of one map of parameters, the parts of a strategy or an affinity, the probes of a container and its sizes. What acts by
/// itself in a pod is not.
pub(super) fn family(finding: &Finding) -> Option<Family<'_>> {
    let class = finding.class?;
    let field = finding.field.as_ref()?;
    let done = done(field)?;
    let spots = field.path.spots();
    let is_keyed = matches!(spots.last()?.segment, Segment::Key(_));
    let in_container = below_container(field).filter(|at| *at < spots.len());
    let in_whole = below_whole(field).filter(|at| *at < spots.len());
    let (is_one, done, outer) = match class {
        Class::HealthChecks | Class::ResourceValues => {
            let outer = in_container?;
            let is_one = class == Class::HealthChecks || is_size(finding);
            (is_one, Done::Changed, outer)
        }
        Class::EnvNames | Class::ConfigKeys => (done != Done::Changed, done, spots.len() - 1),
        Class::Labels | Class::Annotations => (true, Done::Changed, spots.len() - 1),
        // All of them say where a request goes.
        Class::IngressStructure => (true, Done::Changed, 0),
        Class::Other if in_whole.is_some() => (true, Done::Changed, in_whole?),
        Class::Other if done == Done::Changed => (is_parameter(finding), done, spots.len() - 1),
        // Volumes, ports and other elements that have a key.
        Class::Other | Class::ServiceMesh => {
            (is_keyed && done != Done::Changed, done, spots.len() - 1)
        }
        _ => return None,
    };
    let place = finding.line().filter(|_| is_one)?;
    said(finding)?;
    let resource = finding.resource.as_ref()?;
    Some(Family {
        service: finding.service().unwrap_or_default(),
        resource: [&resource.kind, &resource.name],
        rule: finding.rule,
        class,
        parent: FieldPath::new(spots[..outer].to_vec()).to_string(),
        done,
        file: &place.file,
    })
}

/// What became of a field; nothing where neither side has it.
fn done(field: &FieldRef) -> Option<Done> {
    match (&field.base, &field.overlay) {
        (None, Some(_)) => Some(Done::Added),
        (Some(_), None) => Some(Done::Removed),
        (Some(_), Some(_)) => Some(Done::Changed),
        (None, None) => None,
    }
}

/// Where the way leads into a container, by the number of its parts so far; nothing where it leads into none.
pub(super) fn below_container(field: &FieldRef) -> Option<usize> {
    let spots = field.path.spots();
    let holder = spots.iter().rposition(|spot| {
        matches!(&spot.segment, Segment::Field(name) if matches!(name.as_ref(), "containers" | "initContainers"))
    });
    // The element behind the list is the container.
    holder.map(|at| (at + 2).min(spots.len()))
}

/// Where the way leads into a field whose parts only have a meaning together, by the number of its parts so far.
fn below_whole(field: &FieldRef) -> Option<usize> {
    const WHOLES: [&str; 8] = [
        "affinity",
        "behavior",
        "lifecycle",
        "metrics",
        "strategy",
        "tolerations",
        "topologySpreadConstraints",
        "updateStrategy",
    ];
    let spots = field.path.spots();
    let whole = spots.iter().position(
        |spot| matches!(&spot.segment, Segment::Field(name) if WHOLES.contains(&name.as_ref())),
    );
    whole.map(|at| at + 1)
}

/// Whether a finding is about the sizes of a container, which are read together.
fn is_size(finding: &Finding) -> bool {
    matches!(
        finding.rule,
        RuleId::InvertedResources | RuleId::LimitRequestRatio | RuleId::ScaleFactor
    )
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

/// The added or removed name, or the field with both values.
pub(super) fn said(finding: &Finding) -> Option<String> {
    let own = finding.field.as_ref()?;
    let done = done(own)?;
    let (field, from) = match finding.class? {
        Class::HealthChecks | Class::ResourceValues => {
            (finding.traced().unwrap_or(own), below_container(own))
        }
        Class::IngressStructure => (own, Some(0)),
        Class::Other => (own, below_whole(own)),
        _ => (own, None),
    };
    let spots = field.path.spots();
    let (what, is_plain) = if let Some(at) = from.filter(|at| *at < spots.len()) {
        (FieldPath::new(spots[at..].to_vec()).to_string(), false)
    } else {
        let is_map = matches!(finding.class, Some(Class::Annotations | Class::Labels));
        (name(finding)?.to_owned(), !is_map)
    };
    let (base, overlay) = both_values(field);
    Some(match done {
        Done::Changed => format!("{what}: {base} → {overlay}"),
        _ if is_plain => what,
        Done::Added => format!("{what} (added)"),
        Done::Removed => format!("{what} (removed)"),
    })
}

/// The last name of the path.
fn name(finding: &Finding) -> Option<&str> {
    let field = finding.field.as_ref()?;
    match &field.path.spots().last()?.segment {
        Segment::Field(name) => Some(name),
        Segment::Key(keys) => match keys.as_slice() {
            [(_, value)] => Some(value),
            _ => None,
        },
        Segment::Index(_) | Segment::Value(_) => None,
    }
}
