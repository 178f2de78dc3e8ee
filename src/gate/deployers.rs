//! Judges objects that declare deployments and belong to no environment: Applications of Argo CD
//! and the like, in files that nothing names and in kustomizations of their own.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::{Gate, Scope};
use crate::blame::Target;
use crate::engine::Replay;
use crate::finding::Finding;
use crate::layout::{self, Overlay, Service, Site};
use crate::policy::Layout;
use crate::repo::{Edge, Parsed, Role, To, join, relative, speaks_of_deployers};
use crate::resource::Resource;
use crate::rules::{self, Deployed, Gathered, Notifications, Repository, called, deploys};
use crate::yaml::{self, Node, Tree};

/// The findings about these objects, with their lines.
pub fn deployers<'g>(
    gate: &Gate<'g>,
    parsed: &'g Parsed<'g>,
    repository: Option<&Repository>,
) -> Vec<Finding> {
    let site = gate.site.as_ref().filter(|_| gate.tells_deployers);
    // If no file mentions a deployer, there is nothing to find.
    let (Some(site), Some(repository)) = (site, repository) else {
        return Vec::new();
    };
    let services = services(gate);
    let overlays = services.flat_map(|service| &service.overlays);
    let roots: Vec<&str> = overlays
        .flat_map(Overlay::directories)
        .map(String::as_str)
        .collect();
    let environments = Reached::from(parsed, &roots);
    let is_asked = |file: &str| layout::is_looked_at(file, site, &gate.policy.layout);
    let mut findings = Vec::new();
    for file in parsed.sources.beside().filter(|file| is_asked(file)) {
        if holds(parsed, file) {
            let replay = Replay::file(parsed, file);
            judge(gate, &replay, &place(site, file), repository, &mut findings);
        }
    }
    for directory in tops(parsed, &environments) {
        if is_asked(parsed.kustomization(directory).map_or("", |one| one.file)) {
            let replay = Replay::overlay(parsed, directory, &[]);
            let from = place(site, directory);
            judge(gate, &replay, &from, repository, &mut findings);
        }
    }
    // Files that are also part of an environment are judged there.
    findings.retain(|finding| {
        let place = finding.place.as_ref();
        place.is_none_or(|place| !environments.files.contains(place.file.as_str()))
    });
    findings
}

/// The overlays that are loaded for an environment of another name.
///
/// Like objects that declare deployments, what loads them may belong to no service.
pub fn gathered(gate: &Gate<'_>) -> Vec<Gathered> {
    let site = gate.site.as_ref().filter(|_| gate.tells_deployers);
    let (Some(site), Some(parsed)) = (site, gate.parsed) else {
        return Vec::new();
    };
    let mut found = layout::gathered(parsed, site, gate.policy, services(gate));
    for one in &mut found {
        let mut judged = gate.layout.services.iter();
        if !judged.any(|service| service.name == one.service) {
            one.service.clear();
        }
    }
    found
}

/// Whether the files that were asked for contain objects of Argo CD or Flux, and no kustomization
/// loads anything else.
///
/// The rest of a service, such as a base whose overlays are gone, must not pass because of an
/// Application beside it.
pub fn has_deployers_alone(parsed: &Parsed<'_>, site: &Site<'_>, wanted: &Layout) -> bool {
    let is_asked = |file: &str| layout::is_looked_at(file, site, wanted);
    let mut files = parsed.sources.iter().map(|(file, _)| file);
    let graph = parsed.graph();
    let gathers = |edge: &Edge| match (&edge.to, edge.to.path()) {
        (To::Kustomization(_), _) => true,
        (_, Some(file)) => edge.role != Role::Load || holds(parsed, file),
        _ => false,
    };
    files.any(|file| is_asked(file) && holds(parsed, file))
        && parsed
            .kustomizations()
            .all(|one| graph.of_directory(one.directory()).iter().all(gathers))
}

/// Every service of the repository, including those that are left out.
fn services<'g>(gate: &Gate<'g>) -> impl Iterator<Item = &'g Service> + use<'g> {
    let left_out: &[Service] = match gate.scope {
        Scope::Unknown => &[],
        Scope::Repository { others, .. } => others,
    };
    gate.layout.services.iter().chain(left_out)
}

/// The parts of the repository that a deployer may name; `None` if no file mentions a deployer.
pub fn repository(gate: &Gate<'_>, parsed: &Parsed<'_>) -> Option<Repository> {
    let sources = parsed.sources;
    let site = gate.site.as_ref()?;
    if !sources.may_deploy() {
        return None;
    }
    let place = |path: &str| place(site, path);
    let unseen = sources.unseen().iter().map(|unseen| unseen.path.as_str());
    let links = sources.links().map(|(link, _)| link);
    let directories = sources.directories().iter();
    let directories = directories.map(|(path, is_of_use)| (place(path), *is_of_use));
    let (mut overlays, mut bases) = (BTreeMap::new(), BTreeMap::new());
    for service in services(gate) {
        for member in gate.members(&service.overlays) {
            let deployed = Deployed {
                service: service.name.clone(),
                environment: member.name.clone(),
            };
            overlays.insert(place(&member.overlay.directory), deployed);
            let own = member.overlay.bases.iter();
            bases.extend(own.map(|base| (place(base), service.name.clone())));
        }
    }
    let directories: BTreeMap<String, bool> = directories.collect();
    bases.retain(|base, _| !overlays.contains_key(base));
    Some(Repository {
        notifications: notifications(parsed),
        changes: changes(parsed),
        names: sources.addresses().iter().map(|one| called(one)).collect(),
        unseen: unseen
            .chain(links)
            .map(place)
            .filter(|path| !directories.contains_key(path))
            .collect(),
        directories,
        overlays,
        bases,
    })
}

/// The changes that deployers make to what they deploy, as their files say it.
fn changes(parsed: &Parsed<'_>) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, text) in parsed.sources.iter() {
        let tree = parsed.tree(file).filter(|_| speaks_of_deployers(text));
        let roots = tree.into_iter().flat_map(Tree::roots);
        let found = roots.filter_map(Resource::read);
        for (path, said) in found.filter_map(|one| rules::deployed_changes(&one)) {
            all.entry(path).or_default().insert(said);
        }
    }
    all
}

/// The names that Applications can subscribe to, wherever they are declared: in the `ConfigMap`, or
/// in a patch of it.
fn notifications(parsed: &Parsed<'_>) -> Notifications {
    let mut all = Notifications::default();
    let speaks = |(_, text): &(&str, &str)| text.contains("argocd-notifications-cm");
    let mut files = BTreeSet::new();
    for (file, _) in parsed.sources.iter().filter(speaks) {
        let tree = parsed.tree(file);
        let roots = tree.iter().flat_map(|tree| tree.roots());
        roots
            .filter_map(Resource::read)
            .for_each(|one| all.add(&one));
        files.insert(file);
    }
    // Argo CD's own catalogue is remote, and a generator names its keys differently.
    let graph = parsed.graph();
    all.is_part = parsed.kustomizations().any(|one| {
        let edges = graph.of_directory(one.directory());
        let is_its = files.contains(one.file)
            || edges
                .iter()
                .any(|edge| edge.to.path().is_some_and(|path| files.contains(path)));
        let is_elsewhere = |edge: &Edge| matches!(edge.to, To::Remote(_) | To::Absent(_));
        is_its && (files.contains(one.file) || edges.iter().any(is_elsewhere))
    });
    all
}

/// A path from the root of the repository.
fn place(site: &Site<'_>, path: &str) -> String {
    match relative(&join("", site.root), &join(site.here, path)).as_str() {
        "." => String::new(),
        path => path.to_owned(),
    }
}

/// Judges the resources of a replay of a file or a directory.
fn judge(
    gate: &Gate<'_>,
    replay: &Replay<'_>,
    from: &str,
    repository: &Repository,
    findings: &mut Vec<Finding>,
) {
    let built = replay.recorded();
    let Ok(tree) = yaml::parse_json_lines(&built) else {
        return;
    };
    let resources: Vec<Resource<'_>> = tree
        .roots()
        .filter_map(Resource::read)
        .filter(deploys)
        .collect();
    for mut finding in rules::judge_alone(&resources, from, repository, gate.policy) {
        finding.place = Target::overlay(&finding).and_then(|target| replay.cause(&target));
        findings.push(finding);
    }
}

/// Directories with everything that they load, and the files that these name.
struct Reached<'g> {
    directories: BTreeSet<&'g str>,
    files: BTreeSet<&'g str>,
}

impl<'g> Reached<'g> {
    fn from(parsed: &'g Parsed<'g>, roots: &[&str]) -> Self {
        let mut reached = Self {
            directories: BTreeSet::new(),
            files: BTreeSet::new(),
        };
        for (directory, edges) in parsed.graph().directories(roots, |_| true) {
            reached.directories.insert(directory);
            let paths = edges.iter().filter_map(|edge| edge.to.path());
            reached.files.extend(paths);
        }
        reached
    }
}

/// The kustomizations that gather deployer objects, belong to no environment, and are not loaded by
/// another.
fn tops<'g>(parsed: &'g Parsed<'g>, environments: &Reached<'g>) -> Vec<&'g str> {
    let graph = parsed.graph();
    let files = parsed.sources.iter().map(|(file, _)| file);
    let holding: BTreeSet<&str> = files
        .filter(|file| !environments.files.contains(file) && holds(parsed, file))
        .collect();
    if holding.is_empty() {
        return Vec::new();
    }
    let all = parsed.kustomizations();
    let all: Vec<&str> = all
        .filter(|one| !one.is_component())
        .map(|one| one.directory())
        .filter(|directory| !environments.directories.contains(directory))
        .collect();
    let mut loaded = BTreeSet::new();
    for directory in &all {
        for edge in graph.of_directory(directory) {
            if let To::Kustomization(inner) = &edge.to {
                loaded.insert(inner.as_str());
            }
        }
    }
    let gathers = |directory: &&str| {
        let mut edges = graph.reach(&[directory], |edge| edge.role == Role::Load);
        edges.any(|(_, edge)| {
            edge.role == Role::Load && edge.to.path().is_some_and(|file| holding.contains(file))
        })
    };
    let tops = all
        .into_iter()
        .filter(|directory| !loaded.contains(directory));
    tops.filter(gathers).collect()
}

/// Whether a file contains an object that declares deployments.
fn holds(parsed: &Parsed<'_>, file: &str) -> bool {
    let is_one = |root: Node<'_>| Resource::read(root).is_some_and(|resource| deploys(&resource));
    let is_such = |root: Node<'_>| {
        let kind = root.str_at(&["kind"]).unwrap_or_default();
        let items = root.get("items").filter(|_| kind.ends_with("List"));
        is_one(root) || items.into_iter().flat_map(Node::items).any(is_one)
    };
    parsed.sources.text(file).is_some_and(speaks_of_deployers)
        && parsed
            .tree(file)
            .is_some_and(|tree| tree.roots().any(is_such))
}
