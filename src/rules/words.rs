//! The words in which changes are told, the same in every format.

use serde_json::Value;

use crate::catalog::Class;
use crate::compare::diff::{By, Change, ChangeKind, Step};
use crate::policy::Policy;
use crate::resource::Resource;
use crate::text;

/// The most characters of a value in a one-line message.
const MAX_VALUE: usize = 80;

/// A resource as a sentence calls it.
pub(super) fn resource(resource: &Resource<'_>) -> String {
    match resource.name() {
        "" => resource.kind().to_owned(),
        name => format!("{} {name}", resource.kind()),
    }
}

/// A value as a sentence quotes it.
pub(super) fn value(value: Option<&Value>) -> String {
    match value {
        None => "absent".to_owned(),
        Some(value) => text::one_line(&value.to_string(), MAX_VALUE).into_owned(),
    }
}

/// The container that a change is in, as an addition to a sentence; empty elsewhere.
pub(super) fn of_container(steps: &[Step<'_>]) -> String {
    let container = steps.windows(2).find_map(|pair| match pair {
        [
            Step::Field(list @ ("containers" | "initContainers" | "ephemeralContainers")),
            Step::Element {
                by: By::Keys(keys), ..
            },
        ] => {
            let name = keys.iter().find(|(key, _)| *key == "name")?.1;
            Some((
                if *list == "initContainers" {
                    "init container"
                } else {
                    "container"
                },
                name,
            ))
        }
        _ => None,
    });
    match container {
        Some((kind, name)) => format!(" of {kind} {name}"),
        None => String::new(),
    }
}

/// What differs, as the subject of a sentence.
pub(super) fn subject(change: &Change<'_>, class: Class) -> String {
    let steps = change.steps.as_slice();
    let last = change.fields().next_back().unwrap_or("");
    let container = of_container(steps);
    let element = steps.iter().rev().find_map(|step| match step {
        Step::Element {
            by: By::Keys(keys), ..
        } => keys.first().map(|(_, value)| *value),
        Step::Element {
            by: By::Value(value),
            ..
        } => Some(*value),
        _ => None,
    });
    let reordered = change.kind == ChangeKind::Reordered;
    match class {
        Class::Containers | Class::Other if reordered => format!("the order of {last}"),
        Class::Image => format!("the image{container}"),
        Class::ImageTag => format!("the image's tag or digest{container}"),
        Class::HealthChecks => {
            let probe = change.fields().find_map(|field| match field {
                "livenessProbe" => Some("the liveness probe"),
                "readinessProbe" => Some("the readiness probe"),
                "startupProbe" => Some("the startup probe"),
                _ => None,
            });
            match probe {
                Some(probe) => format!("{probe}{container}"),
                None => format!("health-check annotation {last}"),
            }
        }
        Class::ResourceNames | Class::ResourceValues => {
            let names: Vec<_> = change
                .fields()
                .skip_while(|field| *field != "resources")
                .skip(1)
                .collect();
            let what = match names.as_slice() {
                ["limits", key] => format!("the {key} limit"),
                ["requests", key] => format!("the {key} request"),
                _ => "the list of resources".to_owned(),
            };
            format!("{what}{container}")
        }
        Class::EnvNames if reordered => format!("the order of environment variables{container}"),
        Class::EnvNames | Class::EnvValues if steps.contains(&Step::Field("env")) => {
            format!(
                "environment variable {}{container}",
                element.unwrap_or("list")
            )
        }
        Class::EnvNames | Class::EnvValues if steps.contains(&Step::Field("envFrom")) => {
            format!("a source of environment variables{container}")
        }
        Class::EnvNames | Class::EnvValues | Class::ConfigKeys => format!("key {last}"),
        Class::Labels => format!("label {last}"),
        Class::Annotations => format!("annotation {last}"),
        Class::Containers if change.kind == ChangeKind::Modified => format!("the name{container}"),
        Class::Containers => match container.strip_prefix(" of ") {
            Some(container) => container.to_owned(),
            None => format!("the list of {last}"),
        },
        Class::Replicas if last == "replicas" => "the replica count".to_owned(),
        Class::Replicas => format!("the replica bound {last}"),
        Class::Hostnames => "a hostname".to_owned(),
        Class::IngressStructure | Class::ServiceMesh | Class::Other => {
            let of = match class {
                Class::IngressStructure => "routing ",
                Class::ServiceMesh => "service-mesh ",
                _ => "",
            };
            match steps.last() {
                Some(Step::Element { .. }) => {
                    format!("an element of the {of}list {last}{container}")
                }
                _ => format!("the {of}field {last}{container}"),
            }
        }
    }
}

/// What happened, without where.
pub(super) fn headline(
    change: &Change<'_>,
    class: Class,
    environment: &str,
    baseline: &str,
) -> String {
    let subject = subject(change, class);
    let verb = match change.kind {
        ChangeKind::Added => format!("is in {environment}, but not in {baseline}"),
        ChangeKind::Removed => format!("is in {baseline}, but not in {environment}"),
        ChangeKind::Modified => format!("differs from {baseline}"),
        ChangeKind::Reordered => format!("differs from {baseline}, and order matters here"),
    };
    text::one_line(&format!("{subject} {verb}"), 300).into_owned()
}

/// How a policy would permit a change.
pub(super) fn permit(class: Class, policy: &Policy) -> String {
    // Naming the list replaces the default, so the whole list is told.
    let classes: Vec<_> = policy
        .allowed
        .iter()
        .chain([class])
        .map(Class::id)
        .collect();
    format!(
        "To permit it, use the ParityPolicy: spec.allow.fields for this field, spec.exemptions until a day, or \
         spec.allow.classes: [{}] for the class.",
        classes.join(", "),
    )
}

/// What to do about a forbidden change.
pub(super) fn help(change: &Change<'_>, class: Class, policy: &Policy, baseline: &str) -> String {
    let allow = permit(class, policy);
    let mend = match (class, change.kind) {
        (Class::Containers | Class::EnvNames, ChangeKind::Reordered) => {
            "A strategic merge patch moves what it patches to the front of the list: use a JSON6902 patch, which keeps the order.".to_owned()
        }
        (Class::Image | Class::ImageTag, _) => {
            format!("Set the image in {baseline}, so that every environment runs what was tested.")
        }
        (Class::EnvNames, ChangeKind::Added) => {
            format!("Declare the variable in {baseline} with a default, and set only its value here.")
        }
        (Class::ConfigKeys, ChangeKind::Added) => {
            format!("Declare the key in {baseline} with a default, and set only its value here.")
        }
        (_, ChangeKind::Added) => format!("Remove it from the overlay, or move it to {baseline} for every environment."),
        (_, ChangeKind::Removed) => format!("Keep it in the overlay, or drop it from {baseline} for every environment."),
        _ => format!("Remove the change from the overlay, or make it in {baseline} for every environment."),
    };
    format!("{mend} {allow}")
}
