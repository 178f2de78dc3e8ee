//! `argocd-source`: an Application deploys from where nothing is, or another environment than its own.

use std::collections::BTreeSet;

use super::applications::Application;
use super::repository::{Deployed, Repository};
use super::{Own, Says, fields};
use crate::catalog::{Rule, RuleId, Severity};
use crate::path::Segment;
use crate::policy::{Policy, nearest};
use crate::rules::found::Found;
use crate::text::{MAX_NAME, quoted};
use crate::yaml::Node;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ArgocdSource,
    severity: Severity::Warning,
    summary: "The path of an Application must be a directory of the repository, and the overlay of its own environment.",
    why: "Argo CD says at the next sync, and not at the pull request, that a path is not there; that production deploys staging's overlay it never says.",
    example: "checkout-production of Argo CD has path: services/checkout/overlays/staging",
    max: None,
    unit: "",
    of_files: true,
    of_siblings: false,
};

/// What a template puts in.
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
    /// The way to its path within the resource.
    way: Vec<Segment<'a>>,
    address: &'a str,
    /// The path as it is written.
    written: &'a str,
    /// The path from the root of the repository on.
    path: String,
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
    if is_open || node.get("chart").is_some_and(|chart| !chart.is_null()) {
        return None;
    }
    let mut parts = Vec::new();
    for part in written.split('/') {
        match part {
            "" | "." => {}
            // It leads out of what can be looked at, or back.
            ".." => return None,
            part => parts.push(part),
        }
    }
    let name = if at.is_some() { "sources" } else { "source" };
    let mut way = fields(&application.nearest(&["spec", name]));
    way.extend(at.map(Segment::Index));
    way.extend(fields(&["path"]));
    Some(Source {
        way,
        address,
        written,
        path: parts.join("/"),
    })
}

/// What is wrong with a source.
fn fault(
    source: &Source<'_>,
    application: &Application<'_, '_>,
    own: &Own<'_, '_>,
    repository: &Repository,
) -> Option<Says> {
    let path = source.path.as_str();
    if !repository.is_at(source.address, path) {
        return None;
    }
    let written = quoted(source.written, MAX_NAME);
    if repository.has(path) == Some(false) {
        let help = match near(path, repository) {
            Some(near) => format!("Did you mean {}?", quoted(near, MAX_NAME)),
            None => {
                "Name a directory that is there, from the root of the repository on.".to_owned()
            }
        };
        return Some(Says {
            headline: format!("it deploys {written}, and there is no such directory"),
            demand: "Nothing of it can be synced.".to_owned(),
            help,
        });
    }
    let deployed = repository.overlays.get(path)?;
    let meant = meant(application, own, deployed, repository)?;
    let Deployed {
        service,
        environment,
    } = deployed;
    let mut overlays = repository.overlays.iter();
    let right = overlays.find(|(_, one)| one.service == *service && one.environment == meant);
    Some(Says {
        headline: format!("it is of {meant}, and deploys the overlay of {environment}"),
        demand: "What runs there is what another environment was made for.".to_owned(),
        help: match right {
            Some((path, _)) => format!("Let path be {}.", quoted(path, MAX_NAME)),
            None => format!("Let path be the overlay of {meant}."),
        },
    })
}

/// The directory that a path probably means.
fn near<'r>(path: &str, repository: &'r Repository) -> Option<&'r str> {
    let overlays: Vec<&str> = repository.overlays.keys().map(String::as_str).collect();
    nearest(path, &overlays).or_else(|| {
        let (above, _) = path.rsplit_once('/').unwrap_or(("", path));
        let beside = repository.directories.iter().map(String::as_str);
        let beside: Vec<&str> = beside
            .filter(|one| one.rsplit_once('/').unwrap_or(("", one)).0 == above)
            .collect();
        nearest(path, &beside)
    })
}

/// The environment that an Application is of, where its name or its destination says another one than it deploys.
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
        let wanted: Vec<String> = words(environment).collect();
        texts.iter().any(|text| {
            let words: Vec<String> = words(text).collect();
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
    // Where it says several, nobody knows which of them is meant.
    let mut others = others.into_iter();
    let only = others.next().filter(|_| others.next().is_none())?;
    Some(only.to_owned())
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

/// Whether words are the same but for being cut short: `prod` is `production`.
fn is_same(some: &[String], wanted: &[String]) -> bool {
    const LEAST: usize = 3;
    some.iter().zip(wanted).all(|(one, other)| {
        one == other
            || one.len() >= LEAST && other.starts_with(one.as_str())
            || other.len() >= LEAST && one.starts_with(other.as_str())
    })
}
