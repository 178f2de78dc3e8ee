//! `argocd-source`: an Application deploys from a place without files, or from another environment than its own.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::applications::{Application, Switch, switch};
use super::deployed_changes::{changes, text};
use super::repository::{Deployed, Has, Repository, within};
use super::{Own, Says, fields};
use crate::catalog::{Rule, RuleId, Severity};
use crate::naming;
use crate::path::Segment;
use crate::policy::{Policy, nearest};
use crate::resource::Resource;
use crate::rules::found::Found;
use crate::text::{MAX_NAME, quoted};
use crate::yaml::Node;

/// The record of the rule.
pub(in crate::rules) const RULE: Rule = Rule {
    id: RuleId::ArgocdSource,
    severity: Severity::Warning,
    summary: "The path of an Application must be an existing directory, and the overlay of the Application's environment.",
    why: "Argo CD reports a missing path only at the next sync, and never reports that production deploys the overlay of staging. The same holds for an element of an ApplicationSet and for a Kustomization of Flux, whose environment may also be known from the path of its file. What these change in a build themselves, such as patches, is not checked.",
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
    let mut tell = |resource, source: Source<'_>, names: &[String]| {
        if let Some(says) = fault(&source, names, own, repository) {
            found.push(own.finding(RULE.id, resource, source.way, says));
        }
    };
    for application in own.resources.iter().filter_map(Application::of) {
        let names = names(&application);
        for source in sources(&application) {
            tell(application.resource, source, &names);
        }
        for element in elements(application.resource) {
            let names: Vec<String> = names.iter().map(|name| element.fill(name)).collect();
            if let Some(source) = element.source(&application) {
                tell(application.resource, source, &names);
            }
        }
    }
    for resource in own.resources {
        if let Some((source, names)) = flux(resource, own) {
            tell(resource, source, &names);
        }
    }
    for resource in own.resources {
        tell_changes(resource, own, repository, found);
    }
}

/// Reports what a deployer changes in the build of an overlay, unless it does the same for all
/// environments of the service.
fn tell_changes(
    resource: &Resource<'_>,
    own: &Own<'_, '_>,
    repository: &Repository,
    found: &mut Found,
) {
    let Some((written, changes)) = changes(resource) else {
        return;
    };
    let path = within(written).unwrap_or_default();
    let Some(deployed) = repository.overlays.get(&path) else {
        return;
    };
    if repository.is_changed_everywhere(&deployed.service, &text(&changes)) {
        return;
    }
    for change in changes {
        let what = change.name;
        let says = Says {
            headline: format!("its {what} change what was checked"),
            demand: "They are not part of the build of the overlay.".to_owned(),
            help: format!(
                "Move them to the kustomization of {}, where they are checked.",
                quoted(&path, MAX_NAME)
            ),
        };
        let finding = own.finding(RULE.id, resource, change.way, says);
        if change.is_version {
            found.push_as(Severity::Info, finding);
        } else {
            found.push(finding);
        }
    }
}

/// The names by which an Application says its environment.
fn names(application: &Application<'_, '_>) -> Vec<String> {
    let texts = [
        application.at(&["metadata", "name"]),
        application.at(&["spec", "destination", "namespace"]),
        application.at(&["spec", "destination", "name"]),
    ];
    let texts = texts.into_iter().flatten();
    texts.map(|node| node.text().to_owned()).collect()
}

/// A directory that an Application deploys from.
struct Source<'a> {
    /// The path to its directory field within the resource.
    way: Vec<Segment<'a>>,
    /// The address of its repository; `None` if another object has it.
    address: Option<Cow<'a, str>>,
    /// The path as it is written.
    written: Cow<'a, str>,
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
        address: Some(address.into()),
        written: written.into(),
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

/// The parameters that a list generator of an `ApplicationSet` gives to its template.
struct Element<'a> {
    node: Node<'a>,
    /// The numbers of the generator and of the element in it.
    at: (usize, usize),
}

/// The elements of the list generators of an `ApplicationSet`, but not of generators of generators.
fn elements<'a>(resource: &Resource<'a>) -> impl Iterator<Item = Element<'a>> {
    let generators = resource.node.at(&["spec", "generators"]);
    let generators = generators.into_iter().flat_map(Node::items).enumerate();
    generators.flat_map(|(generator, node)| {
        let elements = node.at(&["list", "elements"]);
        let elements = elements.into_iter().flat_map(Node::items).enumerate();
        elements.map(move |(element, node)| Element {
            node,
            at: (generator, element),
        })
    })
}

impl<'a> Element<'a> {
    /// The parameters with their spellings in a template.
    fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let entries = self.node.entries();
        let entries = entries.filter(|(_, value)| value.is_scalar());
        entries.map(|(key, value)| (key.text(), value.text()))
    }

    /// A template with its parameters replaced.
    fn fill(&self, template: &str) -> String {
        let mut text = template.to_owned();
        for (key, value) in self.parameters() {
            for spelling in spellings(key) {
                text = text.replace(&spelling, value);
            }
        }
        text
    }

    /// The directory that the template deploys from for this element, if the element decides it.
    fn source(&self, application: &Application<'_, 'a>) -> Option<Source<'a>> {
        let node = application.at(&["spec", "source"])?;
        let template = node.str_at(&["path"])?;
        let has = |(key, _): &(&str, &str)| {
            let mut all = spellings(key).into_iter();
            all.any(|spelling| template.contains(&spelling))
        };
        let (key, _) = self.parameters().find(has)?;
        let written = self.fill(template);
        let address = self.fill(node.str_at(&["repoURL"])?);
        let is_open = written.contains(PARAMETER) || address.contains(PARAMETER);
        if is_open || address.starts_with(OCI) {
            return None;
        }
        let mut way = fields(&["spec", "generators"]);
        way.push(Segment::Index(self.at.0));
        way.extend(fields(&["list", "elements"]));
        way.push(Segment::Index(self.at.1));
        way.extend(fields(&[key]));
        let revision = node.str_at(&["targetRevision"]).unwrap_or_default();
        Some(Source {
            way,
            address: Some(address.into()),
            path: within(&written),
            written: written.into(),
            is_of_head: HEADS.contains(&revision),
            is_recursive: true,
        })
    }
}

/// The ways to write a parameter in a template.
fn spellings(key: &str) -> [String; 4] {
    [
        format!("{{{{{key}}}}}"),
        format!("{{{{ {key} }}}}"),
        format!("{{{{.{key}}}}}"),
        format!("{{{{ .{key} }}}}"),
    ]
}

/// The directory that a Kustomization of Flux deploys from, with the names by which it says its
/// environment.
fn flux<'a>(resource: &Resource<'a>, own: &Own<'_, '_>) -> Option<(Source<'a>, Vec<String>)> {
    let node = resource.node;
    let reference = node.at(&["spec", "sourceRef"])?;
    if resource.group() != "kustomize.toolkit.fluxcd.io"
        || resource.kind() != "Kustomization"
        || reference.str_at(&["kind"]) != Some("GitRepository")
    {
        return None;
    }
    let written = node.str_at(&["spec", "path"])?;
    let name = reference.str_at(&["name"]);
    let mut repositories = own.resources.iter().filter(|one| {
        one.kind() == "GitRepository" && one.node.str_at(&["metadata", "name"]) == name
    });
    let address = repositories
        .next()
        .and_then(|one| one.node.str_at(&["spec", "url"]));
    let names = [&["metadata", "name"][..], &["spec", "targetNamespace"]];
    let names = names.into_iter().filter_map(|path| node.str_at(path));
    let source = Source {
        way: fields(&["spec", "path"]),
        address: address.map(|address| address.to_owned().into()),
        written: written.into(),
        path: within(written),
        is_of_head: false,
        is_recursive: true,
    };
    // Files of variables decide the rest of the path.
    (!written.contains("${")).then(|| (source, names.map(str::to_owned).collect()))
}

/// What is wrong with a source.
fn fault(
    source: &Source<'_>,
    names: &[String],
    own: &Own<'_, '_>,
    repository: &Repository,
) -> Option<Says> {
    let written = quoted(&source.written, MAX_NAME);
    let nowhere = |headline: String, help: String| Says {
        headline,
        demand: "It cannot be synced.".to_owned(),
        help,
    };
    let Some(path) = source
        .path
        .as_deref()
        .filter(|_| source.address.is_none() || !source.written.starts_with('/'))
    else {
        return Some(nowhere(
            format!("its path {written} is not a path inside the repository"),
            "Write the path from the root of the repository, without a leading slash.".to_owned(),
        ));
    };
    let address = source.address.as_deref();
    if address.is_some_and(|address| !repository.is_at(address, path)) {
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
        let meant = meant(names, own, &base, repository)?;
        return Some(Says {
            headline: format!("it is for {meant}, but deploys the base"),
            demand: "The environment runs without its overlay.".to_owned(),
            help: right(service, &meant, repository),
        });
    }
    let deployed = repository.overlays.get(path)?;
    let meant = meant(names, own, deployed, repository)?;
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

/// The environment that an Application means by its names, else by the path of its file, if it
/// deploys another one.
fn meant(
    names: &[String],
    own: &Own<'_, '_>,
    deployed: &Deployed,
    repository: &Repository,
) -> Option<String> {
    let names = names.iter().map(String::as_str).chain([own.environment]);
    let names: Vec<&str> = names.filter(|text| !text.contains(PARAMETER)).collect();
    for texts in [names.as_slice(), &[own.from]] {
        if says(texts, &deployed.environment) {
            return None;
        }
        let siblings = repository.siblings(&deployed.service);
        let others: BTreeSet<&str> = siblings.filter(|name| says(texts, name)).collect();
        let mut others = others.into_iter();
        // If it names several, it is unknown which of them is meant.
        match (others.next(), others.next()) {
            (None, _) => {}
            (Some(only), None) => return Some(only.to_owned()),
            (Some(_), Some(_)) => return None,
        }
    }
    None
}

/// Whether one of some texts contains the name of an environment.
fn says(texts: &[&str], environment: &str) -> bool {
    let wanted = naming::segments(environment);
    texts.iter().any(|text| {
        let words = naming::segments(text);
        !wanted.is_empty()
            && words
                .windows(wanted.len())
                .any(|some| is_same(some, &wanted))
    })
}

/// Whether words are the same, or spellings of one environment.
fn is_same(some: &[String], wanted: &[String]) -> bool {
    let mut both = some.iter().zip(wanted);
    both.all(|(one, other)| naming::are_alike(one, other))
}
