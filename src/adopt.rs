//! Writes today's findings down as exemptions, so that from now on only new findings fail.
//!
//! An exemption covers one place of one resource in the environments where it
//! was found, and nothing beside it. It holds the values that were found there,
//! unless the user wants it for any value.

mod adoption;
mod entry;
mod stale;
mod tags;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::catalog::{RuleId, Severity};
use crate::compare::pair::plain_name;
use crate::edit::Item;
use crate::finding::{Finding, Name, ResourceRef};
use crate::gate::Resources;
use crate::layout::{Layout, Overlay, Site};
use crate::path::fitting::{glob, pattern, service_globs};
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::{exempting, held, is_of_distance, nearby, record};
use crate::text::{one_line, without_hash};
pub use adoption::Adoption;
pub use stale::{idle, is_no_worse, join, undated, without};
pub use tags::{allow_tags, sets_tags};

use entry::{Subject, Target, item};

/// The input of an adoption.
pub struct Scene<'s> {
    /// The policy as it is.
    pub policy: &'s Policy,
    /// Services and environments.
    pub layout: &'s Layout,
    /// The area of the layout, if it is known.
    pub site: Option<Site<'s>>,
    /// Their resources, by directory.
    pub resources: &'s Resources<'s>,
    /// The day on which exemptions are judged.
    pub today: Date,
    /// Whether builds check themselves; a build sees one environment, and not which places all of them override.
    pub is_wired: bool,
}

/// The days on which exemptions end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first of them.
    pub first: Date,
    /// The last of them, which may be the first.
    pub last: Date,
}

/// The extent of what exemptions hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// The values that were found, so that another value at the same place is a new finding.
    Values,
    /// The places only, except for amounts, which may become worse without becoming another finding.
    Places,
}

/// The environments of each service, with the values that were found there; `None` for one that cannot be held.
type Where = BTreeMap<Option<Name>, BTreeMap<String, BTreeSet<Option<String>>>>;

/// The environments of an exemption, and the value of each; only the environments if it holds none.
type Held = Vec<(String, Option<String>)>;

/// Writes findings down as exemptions that hold until a day, each service until its own.
#[must_use]
pub fn adopt(scene: &Scene<'_>, findings: &[Finding], hold: Hold, days: Days) -> Adoption {
    let mut adoption = Adoption::default();
    // Findings that an exemption covers with another value come last, because they may take its place in the list.
    let mut subjects: BTreeMap<(bool, Subject), Where> = BTreeMap::new();
    let mut nears: BTreeMap<Subject, BTreeSet<usize>> = BTreeMap::new();
    let mut counts: BTreeMap<(bool, RuleId), (usize, BTreeSet<&str>)> = BTreeMap::new();
    for finding in findings {
        let is_light = finding.severity < Severity::Warning;
        if is_light && !scene.is_red_in_builds(finding) || finding.rule.is_about_exemptions() {
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
        let subject = scene.subject(finding);
        let near = nearby(scene.policy, finding);
        let has_near = !near.is_empty();
        let (count, services) = counts.entry((has_near, finding.rule)).or_default();
        *count += 1;
        services.extend(finding.service());
        if has_near {
            nears.entry(subject.clone()).or_default().extend(near);
        }
        subjects
            .entry((has_near, subject))
            .or_default()
            .entry(finding.service.clone())
            .or_default()
            .entry(finding.environment().unwrap_or_default().to_owned())
            .or_default()
            .insert(value(finding, hold));
    }
    let mut last = None;
    for ((has_near, subject), found) in &subjects {
        let kind = (*has_near, subject.rule);
        for (services, environments) in scene.split(subject, found) {
            let comment = (Some(kind) != last).then(|| {
                let (count, services) = &counts[&kind];
                heading(subject.rule, *count, services)
            });
            last = Some(kind);
            let expires = scene.day(&services, days);
            adoption.ends.insert(expires);
            let services: Vec<String> = services
                .iter()
                .flat_map(|name| service_globs(name))
                .collect();
            let item = item(subject, &services, &environments, scene.today, expires);
            adoption.items.push(Item { comment, ..item });
            let near = nears.get(subject).filter(|_| *has_near);
            adoption.near.push(near.cloned().unwrap_or_default());
        }
    }
    adoption
}

/// Whether a finding stays as it is: one about a file that fails nothing.
///
/// An exemption cannot distinguish files, so it would hide too much.
#[must_use]
pub fn is_left(policy: &Policy, finding: &Finding) -> bool {
    let is_about_a_file = record(finding.rule).of_files;
    is_about_a_file && finding.severity < policy.fail_on
}

/// Whether a finding says that something was not checked, so that its differences are unknown.
#[must_use]
pub fn is_unknown(finding: &Finding) -> bool {
    finding.rule.is_blind() || finding.rule == RuleId::UnjudgedOverlay
}

/// The value that an exemption of a finding holds; `None` if it is for any value.
///
/// A ratio is about two values, and its field has more than those.
fn value(finding: &Finding, hold: Hold) -> Option<String> {
    let is_held = match hold {
        Hold::Values => finding.rule != RuleId::LimitRequestRatio,
        Hold::Places => is_of_distance(finding.rule),
    };
    held(finding.field.as_ref().filter(|_| is_held)?)
}

/// The exemptions for the values of environments: one, unless an environment has several values at one place.
fn layers(found: &BTreeMap<String, BTreeSet<Option<String>>>) -> Vec<Held> {
    let mut layers = Vec::new();
    let any: Held = found
        .iter()
        .filter(|(_, values)| values.contains(&None))
        .map(|(environment, _)| (environment.clone(), None))
        .collect();
    layers.extend((!any.is_empty()).then_some(any));
    for depth in 0.. {
        let nth = found.iter().filter(|(_, values)| !values.contains(&None));
        let nth = nth.filter_map(|(environment, values)| {
            Some((environment.clone(), values.iter().nth(depth)?.clone()))
        });
        let nth: Held = nth.collect();
        if nth.is_empty() {
            break;
        }
        layers.push(nth);
    }
    layers
}

/// The comment above the exemptions of a rule.
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
    /// Whether a build of one environment fails on a finding that is information if all environments are seen.
    fn is_red_in_builds(&self, finding: &Finding) -> bool {
        self.is_wired
            && finding.overridden
            && finding
                .class
                .is_some_and(|class| class.rule() == finding.rule)
            && finding.exemption.is_none()
            && self.policy.severity(record(finding.rule)) >= Severity::Warning
    }

    fn subject(&self, finding: &Finding) -> Subject {
        Subject {
            rule: finding.rule,
            path: finding.field.as_ref().map(|field| pattern(&field.path)),
            target: finding
                .resource
                .as_ref()
                .map(|resource| self.target(finding, resource)),
        }
    }

    /// The shortest target that distinguishes a resource from every other one of its service.
    fn target(&self, finding: &Finding, resource: &ResourceRef) -> Target {
        let own = match resource.kind.as_str() {
            "ConfigMap" | "Secret" => without_hash(&resource.name),
            _ => &resource.name,
        };
        let base = finding.base_name.as_deref().unwrap_or(own);
        // Two resources share a name if one has it now and another had it in the base.
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

    /// The resources of each directory of a service, bases included.
    fn directories(&self, service: Option<&str>) -> impl Iterator<Item = &[Resource<'_>]> {
        let services = self.layout.services.iter();
        let own = services.filter(move |other| Some(other.name.as_str()) == service);
        own.flat_map(|service| &service.overlays)
            .flat_map(Overlay::directories)
            .filter_map(|directory| self.resources.get(directory.as_str()))
            .map(Vec::as_slice)
    }

    /// The resources of each environment of a service.
    fn overlays(&self, service: Option<&str>) -> impl Iterator<Item = &[Resource<'_>]> {
        let services = self.layout.services.iter();
        let own = services.filter(move |other| Some(other.name.as_str()) == service);
        own.flat_map(|service| &service.overlays)
            .filter_map(|overlay| self.resources.get(overlay.directory.as_str()))
            .map(Vec::as_slice)
    }

    /// Services and environments of the exemptions that a subject needs; each covers only places with findings.
    ///
    /// They name their services, so that a later service is new. Only a name that comes from the path of the checkout
    /// may change tomorrow, and is left out if no other service could be meant.
    fn split(&self, subject: &Subject, found: &Where) -> Vec<(Vec<String>, Held)> {
        let mut by_environments: BTreeMap<(Held, bool), Vec<String>> = BTreeMap::new();
        for (service, environments) in found {
            // A finding without an environment cannot be in a list of them.
            let (unnamed, named) = environments
                .clone()
                .into_iter()
                .partition(|(name, _)| name.is_empty());
            let all = [named, unnamed];
            for held in all.iter().flat_map(layers) {
                let key = (self.in_order(held), service.is_none());
                let services = by_environments.entry(key).or_default();
                services.extend(service.as_ref().map(|name| name.as_str().to_owned()));
            }
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

    /// Whether a service is named after a directory of the repository, and not after the one that holds it all.
    fn is_lasting(&self, name: &str) -> bool {
        let word = name.rsplit('/').next().unwrap_or(name);
        let is_word = |part: &str| match self.policy.layout.overlays.as_slice() {
            [] => part == word,
            // A pattern may use the middle part of a name.
            _ => part.contains(word),
        };
        let mut own = self.layout.services.iter();
        let own = own.find(|service| service.name == name);
        own.is_some_and(|service| {
            let mut overlays = service.overlays.iter();
            overlays.all(|overlay| {
                // The directory in which the command runs has no influence.
                let place = self.site.and_then(|site| site.place(&overlay.directory));
                let place = place.as_deref().unwrap_or(&overlay.directory);
                place.split('/').any(is_word)
            })
        })
    }

    /// The day on which an exemption of some services ends: the first of theirs. The days are spread evenly over the
    /// sorted names of all services, so that another run gives the same ones.
    fn day(&self, services: &[String], days: Days) -> Date {
        let names: BTreeSet<&str> = self
            .layout
            .services
            .iter()
            .map(|service| service.name.as_str())
            .collect();
        let steps = i64::try_from(names.len().saturating_sub(1)).unwrap_or(i64::MAX);
        let first = services
            .iter()
            .filter_map(|name| names.iter().position(|one| one == name));
        let first = i64::try_from(first.min().unwrap_or_default()).unwrap_or_default();
        let span = days.last.duration_since(days.first).as_hours() / 24;
        let after = span.saturating_mul(first) / steps.max(1);
        let day = days.first.checked_add(jiff::Span::new().days(after));
        day.unwrap_or(days.first)
    }

    /// Environments as the policy lists them, or as they are promoted.
    fn in_order(&self, mut all: Held) -> Held {
        let listed = &self.policy.environments;
        all.sort_by_cached_key(|(name, _)| {
            let place = listed.iter().position(|listed| listed == name);
            let rank = crate::naming::rank(name).unwrap_or(usize::MAX);
            (place.unwrap_or(usize::MAX), rank, name.clone())
        });
        all
    }
}

impl Target {
    /// Whether this may also mean a resource of another service.
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

#[cfg(test)]
mod tests;
