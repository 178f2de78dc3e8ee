//! Today's findings, written down as exemptions, so that from now on only what is new fails.
//!
//! An exemption covers one place of one resource in the environments where it
//! was found, and nothing beside it; where the finding is about an amount, that
//! amount alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use crate::catalog::{RuleId, Severity};
use crate::compare::pair::plain_name;
use crate::edit::{Item, scalar};
use crate::finding::{Finding, Name, ResourceRef};
use crate::gate::Resources;
use crate::layout::{Layout, Overlay};
use crate::path::{FieldPath, Path, Pattern, Segment};
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::{exempting, record, scalar as value_of};
use crate::text::without_hash;
use crate::text::{is_unsafe, one_line};

/// What adoption looks at.
pub struct Scene<'s> {
    /// The policy as it is.
    pub policy: &'s Policy,
    /// Services and environments.
    pub layout: &'s Layout,
    /// What they hold, by directory.
    pub resources: &'s Resources<'s>,
    /// The day on which exemptions are weighed.
    pub today: Date,
}

/// What became of the findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adoption {
    /// Exemptions to be written down, in the order of their rules and paths.
    pub items: Vec<Item>,
    /// How many findings they are for.
    pub adopted: usize,
    /// What does not build or is not judged, a line each: nothing is known about it, so nothing can be exempt.
    pub unbuilt: Vec<String>,
    /// How many findings an exemption is for that has expired, and that somebody has to decide anew.
    pub expired: usize,
}

/// What an exemption is about, but for services and environments.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    rule: RuleId,
    path: Option<String>,
    target: Option<Target>,
    value: Option<String>,
}

/// The rules about how much there is of something, which may become worse without becoming another finding.
const AMOUNTS: [RuleId; 2] = [RuleId::InvertedResources, RuleId::ScaleFactor];

/// Which resource is meant; a group or a namespace only where the rest does not tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    kind: String,
    name: String,
    group: Option<String>,
    namespace: Option<String>,
}

/// The environments of each service.
type Where = BTreeMap<Option<Name>, BTreeSet<String>>;

/// Writes findings down as exemptions that hold until a day.
#[must_use]
pub fn adopt(scene: &Scene<'_>, findings: &[Finding], expires: Date) -> Adoption {
    let mut adoption = Adoption::default();
    let mut subjects: BTreeMap<Subject, Where> = BTreeMap::new();
    let mut counts: BTreeMap<RuleId, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for finding in findings {
        if finding.severity < Severity::Warning || finding.rule.is_about_exemptions() {
            continue;
        }
        if is_left(scene.policy, finding) && !finding.rule.is_blind() {
            continue;
        }
        if is_unknown(finding) {
            adoption.unbuilt.push(finding.headline.clone());
            continue;
        }
        let mut exempting = exempting(scene.policy, finding);
        let is_told = exempting.any(|(_, exemption)| exemption.expires < scene.today);
        if is_told {
            adoption.expired += 1;
            continue;
        }
        adoption.adopted += 1;
        let (count, services) = counts.entry(finding.rule).or_default();
        *count += 1;
        services.extend(finding.service());
        subjects
            .entry(scene.subject(finding))
            .or_default()
            .entry(finding.service.clone())
            .or_default()
            .extend(finding.environment().map(str::to_owned));
    }
    let mut last = None;
    for (subject, found) in &subjects {
        for (services, environments) in scene.split(subject, found) {
            let comment = (Some(subject.rule) != last).then(|| {
                let (count, services) = &counts[&subject.rule];
                heading(subject.rule, *count, services)
            });
            last = Some(subject.rule);
            let services: Vec<String> = services.iter().map(|name| service_glob(name)).collect();
            let item = item(subject, &services, &environments, scene.today, expires);
            adoption.items.push(Item { comment, ..item });
        }
    }
    adoption
}

/// Whether a finding stays as it is: one about a file that fails nothing.
///
/// An exemption cannot tell one file from another, so it would hide too much.
#[must_use]
pub fn is_left(policy: &Policy, finding: &Finding) -> bool {
    let is_about_a_file = record(finding.rule).of_files;
    is_about_a_file && finding.severity < policy.fail_on
}

/// Whether a finding says that something was not looked at, of which nobody can say what it differs in.
#[must_use]
pub fn is_unknown(finding: &Finding) -> bool {
    finding.rule.is_blind() || finding.rule == RuleId::UnjudgedOverlay
}

/// What stands above the exemptions of a rule.
fn heading(rule: RuleId, count: usize, services: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<_> = services
        .iter()
        .take(SHOWN)
        .map(|service| one_line(service, 63))
        .collect();
    let findings = if count == 1 { "finding" } else { "findings" };
    let mut text = format!("{rule}: {count} {findings}");
    if !shown.is_empty() {
        text.push_str(" in ");
        text.push_str(&shown.join(", "));
    }
    if services.len() > SHOWN {
        let rest = (services.len() - SHOWN).to_string();
        text.extend([" and ", &rest, " more services"]);
    }
    text
}

impl Scene<'_> {
    fn subject(&self, finding: &Finding) -> Subject {
        Subject {
            rule: finding.rule,
            path: finding.field.as_ref().map(|field| pattern(&field.path)),
            target: finding
                .resource
                .as_ref()
                .map(|resource| self.target(finding, resource)),
            value: finding
                .field
                .as_ref()
                .filter(|_| AMOUNTS.contains(&finding.rule))
                .and_then(|field| value_of(field.overlay.as_ref()?)),
        }
    }

    /// The least that tells a resource from every other one of its service.
    fn target(&self, finding: &Finding, resource: &ResourceRef) -> Target {
        let own = match resource.kind.as_str() {
            "ConfigMap" | "Secret" => without_hash(&resource.name),
            _ => &resource.name,
        };
        let base = finding.base_name.as_deref().unwrap_or(own);
        // Two resources go by a name where one has it now and another had it in the base.
        let is_taken = base != own
            && self.overlays(finding.service()).any(|all| {
                [base, own]
                    .iter()
                    .all(|name| holds(all, &resource.kind, name))
            });
        let name = if is_taken { own } else { base };
        let alike = || {
            self.directories(finding.service()).filter_map(|all| {
                let alike = all
                    .iter()
                    .filter(|one| is_called(one, &resource.kind, name));
                let alike: Vec<&Resource<'_>> = alike.collect();
                (alike.len() > 1).then_some(alike)
            })
        };
        let group = |text: &str| {
            text.split_once('/')
                .map_or("", |(group, _)| group)
                .to_owned()
        };
        let has_groups = alike().any(|alike| {
            let groups: BTreeSet<&str> = alike.iter().map(|one| one.group()).collect();
            groups.len() > 1
        });
        let has_namespaces = alike().any(|alike| {
            let all: BTreeSet<&str> = alike.iter().map(|one| one.identity.namespace).collect();
            all.len() > 1
        });
        Target {
            kind: glob(&resource.kind),
            name: glob(name),
            group: has_groups.then(|| glob(&group(&resource.api_version))),
            namespace: has_namespaces
                .then(|| glob(resource.namespace.as_deref().unwrap_or_default())),
        }
    }

    /// What each directory of a service holds, bases included.
    fn directories(&self, service: Option<&str>) -> impl Iterator<Item = &[Resource<'_>]> {
        let services = self.layout.services.iter();
        let own = services.filter(move |other| Some(other.name.as_str()) == service);
        own.flat_map(|service| &service.overlays)
            .flat_map(Overlay::directories)
            .filter_map(|directory| self.resources.get(directory.as_str()))
            .map(Vec::as_slice)
    }

    /// What each environment of a service holds.
    fn overlays(&self, service: Option<&str>) -> impl Iterator<Item = &[Resource<'_>]> {
        let services = self.layout.services.iter();
        let own = services.filter(move |other| Some(other.name.as_str()) == service);
        own.flat_map(|service| &service.overlays)
            .filter_map(|overlay| self.resources.get(overlay.directory.as_str()))
            .map(Vec::as_slice)
    }

    /// Services and environments of the exemptions that a subject needs, none of which is about what was not found.
    ///
    /// They name their services, so that one that comes later is new. Only a name that comes from where the
    /// repository was checked out says nothing tomorrow, and is left out where no other service could be meant.
    fn split(&self, subject: &Subject, found: &Where) -> Vec<(Vec<String>, Vec<String>)> {
        let mut by_environments: BTreeMap<(Vec<String>, bool), Vec<String>> = BTreeMap::new();
        for (service, environments) in found {
            let key = (self.in_order(environments), service.is_none());
            let services = by_environments.entry(key).or_default();
            services.extend(service.as_ref().map(|name| name.as_str().to_owned()));
        }
        let is_held_elsewhere = || match &subject.target {
            Some(target) => self
                .layout
                .services
                .iter()
                .filter(|service| !found.contains_key(&Name::new(&service.name)))
                .any(|service| {
                    self.directories(Some(&service.name))
                        .any(|all| all.iter().any(|one| target.is_like(one)))
                }),
            None => self.layout.services.len() > 1,
        };
        let names_services = found.len() > 1
            || found.keys().all(|name| {
                name.as_ref()
                    .is_some_and(|name| self.is_lasting(name.as_str()))
            })
            || is_held_elsewhere();
        by_environments
            .into_iter()
            .map(|((environments, is_of_none), services)| {
                let services = if names_services && !is_of_none {
                    services
                } else {
                    Vec::new()
                };
                (services, environments)
            })
            .collect()
    }

    /// Whether a service is called after a directory of the repository, and not after the one that holds it all.
    fn is_lasting(&self, name: &str) -> bool {
        let word = name.rsplit('/').next().unwrap_or(name);
        let is_word = |part: &str| match self.policy.layout.overlays.as_slice() {
            [] => part == word,
            // A pattern may take a name out of the midst of a part.
            _ => part.contains(word),
        };
        let mut own = self.layout.services.iter();
        let own = own.find(|service| service.name == name);
        own.is_some_and(|service| {
            let mut overlays = service.overlays.iter();
            overlays.all(|overlay| overlay.directory.split('/').any(is_word))
        })
    }

    /// Environments as the policy lists them, or as they are promoted.
    fn in_order(&self, environments: &BTreeSet<String>) -> Vec<String> {
        let listed = &self.policy.environments;
        let mut all: Vec<String> = environments.iter().cloned().collect();
        all.sort_by_key(|name| {
            let place = listed.iter().position(|listed| listed == name);
            let rank = crate::environment::rank(name).unwrap_or(usize::MAX);
            (place.unwrap_or(usize::MAX), rank, name.clone())
        });
        all
    }
}

impl Target {
    /// Whether a resource of another service may be meant by this too.
    fn is_like(&self, resource: &Resource<'_>) -> bool {
        let fits = |glob: &str, text: &str| crate::path::Glob::new(glob).matches(text);
        fits(&self.kind, resource.kind())
            && (fits(&self.name, resource.name()) || fits(&self.name, plain_name(resource)))
            && self
                .group
                .as_ref()
                .is_none_or(|group| fits(group, resource.group()))
    }
}

fn is_called(resource: &Resource<'_>, kind: &str, name: &str) -> bool {
    resource.kind() == kind && (resource.name() == name || plain_name(resource) == name)
}

fn holds(all: &[Resource<'_>], kind: &str, name: &str) -> bool {
    all.iter().any(|one| is_called(one, kind, name))
}

/// A name as a glob that fits it, and as little beside it as globs can tell.
fn glob(name: &str) -> String {
    let is_own = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':');
    name.chars()
        .map(|c| if is_own(c) { c } else { '?' })
        .collect()
}

/// A service as a glob that also fits the name that a recorder can have for it.
fn service_glob(name: &str) -> String {
    let is_own = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.chars()
        .map(|c| if is_own(c) { c } else { '?' })
        .collect()
}

/// A path as a pattern that fits it, and as little beside it as patterns can tell.
fn pattern(path: &FieldPath<'_>) -> String {
    let plain = |text: &str| text.replace('*', "?").into();
    let segments = path.spots().iter().map(|spot| match &spot.segment {
        Segment::Field(name) => Segment::Field(plain(name)),
        Segment::Key(keys) => {
            let keys = keys.iter();
            Segment::Key(
                keys.map(|(key, value)| (key.clone(), plain(value)))
                    .collect(),
            )
        }
        Segment::Value(value) => Segment::Value(plain(value)),
        Segment::Index(index) => Segment::Index(*index),
    });
    let mut segments: Vec<Segment<'_>> = segments.collect();
    if segments.len() <= Pattern::MAX_PARTS {
        return Path(segments).to_string();
    }
    // No field of Kubernetes lies that deep; what does is cut where patterns end.
    segments.truncate(Pattern::MAX_PARTS - 1);
    format!("{}.**", Path(segments))
}

fn item(
    subject: &Subject,
    services: &[String],
    environments: &[String],
    today: Date,
    expires: Date,
) -> Item {
    let reason =
        format!("adopted {today}: TODO say why this may stay until then, and who mends it");
    let expires = expires.to_string();
    let mut value = Map::new();
    let mut lines = vec![format!("- rule: {}", subject.rule)];
    let mut add = |key: &str, text: String, it: Value| {
        lines.push(format!("  {key}: {text}"));
        value.insert(key.to_owned(), it);
    };
    if let Some(target) = &subject.target {
        let parts = [
            ("group", target.group.as_ref()),
            ("kind", Some(&target.kind)),
            ("namespace", target.namespace.as_ref()),
            ("name", Some(&target.name)),
        ];
        let parts = || {
            parts
                .iter()
                .filter_map(|(key, text)| Some((*key, (*text)?)))
        };
        let text: Vec<String> = parts()
            .map(|(key, text)| format!("{key}: {}", scalar(text)))
            .collect();
        let map: Map<String, Value> = parts()
            .map(|(key, text)| (key.to_owned(), json!(text)))
            .collect();
        add("target", format!("{{{}}}", text.join(", ")), map.into());
    }
    if let Some(path) = &subject.path {
        add("path", path_scalar(path), json!(path));
    }
    if let Some(value) = &subject.value {
        add("value", json!(value).to_string(), json!(value));
    }
    for (key, names) in [("services", services), ("environments", environments)] {
        if !names.is_empty() {
            let text: Vec<String> = names.iter().map(|name| scalar(name)).collect();
            add(key, format!("[{}]", text.join(", ")), json!(names));
        }
    }
    add("reason", json!(reason).to_string(), json!(reason));
    add("expires", json!(expires).to_string(), json!(expires));
    let mut all = Map::new();
    all.insert("rule".to_owned(), json!(subject.rule.as_str()));
    all.append(&mut value);
    Item {
        comment: None,
        block: lines.join("\n"),
        value: all.into(),
    }
}

/// A path as a value in a map in block style, where brackets need no quotes.
fn path_scalar(path: &str) -> String {
    let is_plain = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '[' | ']' | '=' | '_' | '-' | '/' | ',')
    };
    let starts = path.starts_with(|c: char| c.is_ascii_alphabetic());
    if starts && path.contains(['.', '[']) && path.chars().all(is_plain) {
        path.to_owned()
    } else if path.contains(['\'', '\\']) || path.chars().any(is_unsafe) {
        json!(path).to_string()
    } else if path.contains('"') {
        format!("'{path}'")
    } else {
        scalar(path)
    }
}

#[cfg(test)]
mod tests;
