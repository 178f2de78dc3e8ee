//! `argocd-ignored-drift`: Argo CD is configured to ignore fields in which environments must be the same.

use super::applications::Application;
use super::{Own, Says, fields};
use crate::catalog::{Class, Rule, RuleId, Severity};
use crate::live::{Group, group};
use crate::path::Segment;
use crate::policy::Policy;
use crate::rules::found::Found;
use crate::text::one_line;
use crate::yaml::Node;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ArgocdIgnoredDrift,
    severity: Severity::Warning,
    summary: "Argo CD should not ignore fields that must be identical, nor changes by manual tools such as kubectl.",
    why: "Argo CD neither shows nor heals an ignored difference, so a change by hand stays unnoticed.",
    example: "ignoreDifferences of an Application names /spec/template/spec/containers/0/image",
    max: None,
    unit: "",
    of_files: false,
    of_siblings: false,
};

/// The class of a field of a pod, by its name.
const IN_POD: [(&str, Class); 9] = [
    ("image", Class::Image),
    ("env", Class::EnvNames),
    ("envFrom", Class::EnvNames),
    ("livenessProbe", Class::HealthChecks),
    ("readinessProbe", Class::HealthChecks),
    ("startupProbe", Class::HealthChecks),
    ("resources", Class::ResourceValues),
    ("limits", Class::ResourceValues),
    ("requests", Class::ResourceValues),
];

/// The longest path or name that a headline repeats, in characters.
const MAX_WORDS: usize = 120;

pub(in crate::rules) fn check(own: &Own<'_, '_>, policy: &Policy, found: &mut Found) {
    for application in own.resources.iter().filter_map(Application::of) {
        let way = ["spec", "ignoreDifferences"];
        let entries = application.at(&way);
        for (at, entry) in entries.iter().flat_map(|node| node.items()).enumerate() {
            let place = |list: &'static str, inner: usize| {
                let mut place = fields(&application.nearest(&way));
                place.push(Segment::Index(at));
                place.extend(fields(&[list]));
                place.push(Segment::Index(inner));
                place
            };
            for list in ["jsonPointers", "jqPathExpressions"] {
                for (inner, path) in texts(entry, list) {
                    // A policy that lets tags differ lets a program set them.
                    let is_allowed = |class: Class| {
                        policy.allows(class)
                            || class == Class::Image && policy.allows(Class::ImageTag)
                    };
                    let Some(class) = class(path).filter(|class| !is_allowed(*class)) else {
                        continue;
                    };
                    let says = Says {
                        headline: format!(
                            "Argo CD ignores changes of {}",
                            one_line(path, MAX_WORDS)
                        ),
                        demand: format!("Fields of the class {} must be identical in all environments.", class.id()),
                        help: "Remove the entry; if a controller writes this field, name the controller under managedFieldsManagers instead."
                            .to_owned(),
                    };
                    found.push(own.finding(
                        RULE.id,
                        application.resource,
                        place(list, inner),
                        says,
                    ));
                }
            }
            let managers = "managedFieldsManagers";
            for (inner, name) in texts(entry, managers) {
                if group(&policy.managers, name) != Group::Person {
                    continue;
                }
                let says = Says {
                    headline: format!(
                        "Argo CD ignores all changes by {}, which people use",
                        one_line(name, MAX_WORDS)
                    ),
                    demand: "A change by hand is neither shown nor healed.".to_owned(),
                    help: "Remove the tool, and name only controllers here.".to_owned(),
                };
                found.push(own.finding(
                    RULE.id,
                    application.resource,
                    place(managers, inner),
                    says,
                ));
            }
        }
    }
}

/// The texts of a list of an entry, with their places.
fn texts<'a>(entry: Node<'a>, list: &str) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
    let items = entry.get(list).into_iter().flat_map(Node::items);
    let texts: Vec<_> = items.map(Node::as_str).enumerate().collect();
    let texts = texts.into_iter();
    texts.filter_map(|(at, text)| Some((at, text?)))
}

/// The class of the field that a pointer or an expression reaches in a pod, or that of all containers.
///
/// Fields elsewhere are mostly written by controllers, which is what such entries are for.
fn class(path: &str) -> Option<Class> {
    let path = path.replace("~1", "/");
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let mut words = path
        .split(|c: char| !is_word(c))
        .filter(|word| !word.is_empty());
    if words.next() != Some("spec") {
        return None;
    }
    let words: Vec<&str> = words.filter(|word| *word != "jobTemplate").collect();
    // A whole spec, or a whole pod.
    let words = match words.as_slice() {
        [] | ["template"] | ["template", "spec"] => return Some(Class::Containers),
        ["template", "spec", rest @ ..] => rest,
        _ => return None,
    };
    let containers = ["containers", "initContainers"];
    if !containers.contains(words.first()?) {
        return None;
    }
    let mut words = words.iter().skip(1);
    let known = words.find_map(|word| IN_POD.iter().find(|(name, _)| name == word));
    let (name, class) = *known.unwrap_or(&("", Class::Containers));
    match name {
        "env" if words.any(|word| matches!(*word, "value" | "valueFrom")) => Some(Class::EnvValues),
        _ => Some(class),
    }
}
