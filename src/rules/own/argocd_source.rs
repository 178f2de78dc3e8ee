//! `argocd-source`: an Application deploys from a place without files, or from another environment than its own.

use std::collections::BTreeSet;

use super::applications::{Application, Switch, switch};
use super::repository::{Deployed, Has, Repository};
use super::{Own, Says, fields};
use crate::catalog::{Rule, RuleId, Severity};
use crate::naming;
use crate::path::Segment;
use crate::policy::{Policy, nearest};
use crate::rules::found::Found;
use crate::text::{MAX_NAME, quoted};
use crate::yaml::Node;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ArgocdSource,
    severity: Severity::Warning,
    summary: "The path of an Application must be an existing directory, and the overlay of the Application's environment.",
    why: "Argo CD reports a missing path only at the next sync, and never reports that production deploys the overlay of staging.",
    example: "checkout-production of Argo CD has path: services/checkout/overlays/staging",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

/// The revisions that are probably the checked one.
const HEADS: [&str; 5] = ["", "HEAD", "main", "master", "trunk"];

/// The prefix of an address that is not a Git repository.
const OCI: &str = "oci://";

/// The start of a template's parameter.
const PARAMETER: &str = "{{";

pub(in crate::rules) fn check(own: &Own<'_, '_>, _: &Policy, found: &mut Found) {
    let Some(repository) = own.repository else {
        return;
    };
    for application in own.resources.iter().filter_map(Application::of) {
        for source in sources(&application) {
            let Some(says) = fault(&source, &application, own, repository) else {
                continue;
            };
            found.push(own.finding(RULE.id, application.resource, source.way, says));
        }
    }
}

/// A directory that an Application deploys from.
struct Source<'a> {
    /// The path to its directory field within the resource.
    way: Vec<Segment<'a>>,
    address: &'a str,
    /// The path as it is written.
    written: &'a str,
    /// The path from the root of the repository; `None` if it leads out of the repository.
    path: Option<String>,
    /// Whether it is probably the revision that is checked: that of another branch or tag may
    /// have other directories.
    is_of_head: bool,
    /// Whether directories below are read, too.
    is_recursive: bool,
}

fn sources<'a>(application: &Application<'_, 'a>) -> Vec<Source<'a>> {
    let one = application.at(&["spec", "source"]);
    let many = application.at(&["spec", "sources"]);
    let many = many.iter().flat_map(|list| list.items()).enumerate();
    let many = many.map(|(at, node)| (node, Some(at)));
    let all = one.map(|node| (node, None)).into_iter().chain(many);
    all.filter_map(|(node, at)| source(application, node, at))
        .collect()
}

/// A source that names a directory of a repository, unless a template's parameters say which.
fn source<'a>(
    application: &Application<'_, 'a>,
    node: Node<'a>,
    at: Option<usize>,
) -> Option<Source<'a>> {
    let address = node.str_at(&["repoURL"])?;
    let written = node.str_at(&["path"])?;
    let is_open = [address, written]
        .iter()
        .any(|text| text.contains(PARAMETER));
    if is_open
        || address.starts_with(OCI)
        || node.get("chart").is_some_and(|chart| !chart.is_null())
    {
        return None;
    }
    let path = within(written);
    let name = if at.is_some() { "sources" } else { "source" };
    let mut way = fields(&application.nearest(&["spec", name]));
    way.extend(at.map(Segment::Index));
    way.extend(fields(&["path"]));
    Some(Source {
        way,
        address,
        written,
        path,
        is_of_head: node
            .str_at(&["targetRevision"])
            .is_none_or(|revision| HEADS.contains(&revision)),
        is_recursive: node
            .at(&["directory", "recurse"])
            .is_some_and(|recurse| switch(recurse) != Switch::Off)
            || node.get("plugin").is_some(),
    })
}

/// A path without `.` and `..`; `None` if it leads out of the repository.
fn within(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What is wrong with a source.
fn fault(
    source: &Source<'_>,
    application: &Application<'_, '_>,
    own: &Own<'_, '_>,
    repository: &Repository,
) -> Option<Says> {
    let written = quoted(source.written, MAX_NAME);
    let nowhere = |headline: String, help: String| Says {
        headline,
        demand: "It cannot be synced.".to_owned(),
        help,
    };
    let Some(path) = source
        .path
        .as_deref()
        .filter(|_| !source.written.starts_with('/'))
    else {
        return Some(nowhere(
            format!("its path {written} is not a path inside the repository"),
            "Write the path from the root of the repository, without a leading slash.".to_owned(),
        ));
    };
    if !repository.is_at(source.address, path) {
        return None;
    }
    let near = || match near(path, repository) {
        Some(near) => format!("Did you mean {}?", quoted(near, MAX_NAME)),
        None => {
            "Write the path of an existing directory, from the root of the repository.".to_owned()
        }
    };
    match repository.has(path).filter(|_| source.is_of_head) {
        Some(Has::Nothing) => {
            let headline = format!("it deploys {written}, which does not exist");
            return Some(nowhere(headline, near()));
        }
        Some(Has::Directories) if !source.is_recursive => {
            let headline =
                format!("it deploys {written}, which has no kustomization, chart or manifest");
            return Some(nowhere(headline, near()));
        }
        Some(Has::Directories | Has::Files) | None => {}
    }
    if let Some(service) = repository.bases.get(path) {
        let base = Deployed {
            service: service.clone(),
            environment: String::new(),
        };
        let meant = meant(application, own, &base, repository)?;
        return Some(Says {
            headline: format!("it is for {meant}, but deploys the base"),
            demand: "The environment runs without its overlay.".to_owned(),
            help: right(service, &meant, repository),
        });
    }
    let deployed = repository.overlays.get(path)?;
    let meant = meant(application, own, deployed, repository)?;
    let Deployed {
        service,
        environment,
    } = deployed;
    Some(Says {
        headline: format!("it is for {meant}, but deploys the overlay of {environment}"),
        demand: "The environment runs the overlay of another one.".to_owned(),
        help: right(service, &meant, repository),
    })
}

/// The overlay that the path should name.
fn right(service: &str, environment: &str, repository: &Repository) -> String {
    let mut overlays = repository.overlays.iter();
    let right = overlays.find(|(_, one)| one.service == service && one.environment == environment);
    match right {
        Some((path, _)) => format!("Set path to {}.", quoted(path, MAX_NAME)),
        None => format!("Set path to the overlay of {environment}."),
    }
}

/// The directory that a path probably means.
fn near<'r>(path: &str, repository: &'r Repository) -> Option<&'r str> {
    let overlays: Vec<&str> = repository.overlays.keys().map(String::as_str).collect();
    nearest(path, &overlays).or_else(|| {
        let (above, _) = path.rsplit_once('/').unwrap_or(("", path));
        let beside = repository.directories.keys().map(String::as_str);
        let beside: Vec<&str> = beside
            .filter(|one| one.rsplit_once('/').unwrap_or(("", one)).0 == above)
            .collect();
        nearest(path, &beside)
    })
}

/// The environment that an Application means by its name or its destination, if it deploys another one.
fn meant(
    application: &Application<'_, '_>,
    own: &Own<'_, '_>,
    deployed: &Deployed,
    repository: &Repository,
) -> Option<String> {
    let texts = [
        application.at(&["metadata", "name"]),
        application.at(&["spec", "destination", "namespace"]),
        application.at(&["spec", "destination", "name"]),
    ];
    let texts = texts.into_iter().flatten().map(Node::text);
    let texts = texts.chain([own.environment]);
    let texts: Vec<&str> = texts.filter(|text| !text.contains(PARAMETER)).collect();
    let says = |environment: &str| {
        let wanted = naming::segments(environment);
        texts.iter().any(|text| {
            let words = naming::segments(text);
            !wanted.is_empty()
                && words
                    .windows(wanted.len())
                    .any(|some| is_same(some, &wanted))
        })
    };
    if says(&deployed.environment) {
        return None;
    }
    let others: BTreeSet<&str> = repository
        .siblings(&deployed.service)
        .filter(|environment| says(environment))
        .collect();
    // If it names several, it is unknown which of them is meant.
    let mut others = others.into_iter();
    let only = others.next().filter(|_| others.next().is_none())?;
    Some(only.to_owned())
}

/// Whether words are the same, or spellings of one environment.
fn is_same(some: &[String], wanted: &[String]) -> bool {
    let mut both = some.iter().zip(wanted);
    both.all(|(one, other)| naming::are_alike(one, other))
}
