//! The first policy of a repository, and the wiring that lets builds check themselves.

mod functions;

use std::collections::{BTreeMap, BTreeSet};

use crate::api;
use crate::edit::{self, EditError, Item, scalar};
use crate::gate::name_of;
use crate::layout::{Layout, Overlay, Service};
use crate::naming::{is_word, rank};
use crate::policy::MAX_NAME;
use crate::repo::{Edge, Kustomization, Ours, Parsed, Role, is_guarded, join, relative};
use crate::yaml::{Node, Tree};

pub use functions::{RECORDER, loadable};
use functions::{Search, is_within, repair};

/// The function's annotation in a first policy.
pub const FUNCTION: &str = "exec:\n  path: krm-parity\n";

/// The place of a wired repository's policy, from which kustomize can load it.
pub const WIRED_POLICY: &str = "parity/policy/policy.yaml";

/// The places from which kustomize can load it.
const WIRED_POLICIES: [&str; 2] = [WIRED_POLICY, "parity/policy/policy.yml"];

/// The environments of a repository in promotion order; `Err` if their names do not show the order.
///
/// # Errors
///
/// Gives the names in an order that is only a guess.
pub fn promotion(layout: &Layout) -> Result<Vec<String>, Vec<String>> {
    let mut names: BTreeMap<usize, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut is_known = true;
    for service in &layout.services {
        let mut seen = BTreeSet::new();
        for overlay in &service.overlays {
            // With two of one rank in one service, their order is unknown.
            is_known &= overlay.rank.is_some_and(|rank| seen.insert(rank));
            let of_rank = names.entry(overlay.rank.unwrap_or(usize::MAX)).or_default();
            *of_rank.entry(&overlay.name).or_default() += 1;
        }
    }
    // `prod` here and `production` there are the same, but `qa` and `test` may be two.
    let is_one = |place: usize| place == rank("dev").unwrap_or(1) || Some(place) == rank("prod");
    is_known &= names
        .iter()
        .all(|(place, names)| names.len() == 1 || is_one(*place));
    if !is_known {
        let mut all: Vec<String> = Vec::new();
        for name in names.values().flat_map(BTreeMap::keys) {
            if !all.iter().any(|known| known == name) {
                all.push((*name).to_owned());
            }
        }
        return Err(all);
    }
    Ok(names
        .values()
        .filter_map(|names| {
            // `eu-prod` is a `prod`, but not the other way around.
            names
                .iter()
                .max_by_key(|(name, count)| (is_word(name), **count, std::cmp::Reverse(**name)))
        })
        .map(|(name, _)| (*name).to_owned())
        .collect())
}

/// The text of a first policy; `function` is for policies that builds load.
#[must_use]
pub fn policy(layout: &Layout, parsed: &Parsed<'_>, function: Option<&str>) -> String {
    let list = |names: &[String]| {
        let names: Vec<String> = names.iter().map(|name| scalar(name)).collect();
        format!("[{}]", names.join(", "))
    };
    let environments = match promotion(layout) {
        Ok(names) => format!(
            "  # All environments in promotion order: a later one must not have less than an earlier one.\n  environments: {}\n",
            list(&names)
        ),
        Err(names) => format!(
            "  # The names do not show the promotion order. List the environments in that order: a later one must\n  # not have less than an earlier one.\n  # environments: {}\n",
            list(&names)
        ),
    };
    let classes = if layout.services.iter().any(|one| sets_tags(one, parsed)) {
        "    # The defaults and image-tag, because environments set their own tags: `krm-parity check` reports a tag\n    # that no earlier environment has run. Everything else must be the same as in the base.\n    classes: [replicas, resource-values, env-values, hostnames, image-tag]\n"
    } else {
        "    # The defaults. Everything else must be the same as in the base.\n    classes: [replicas, resource-values, env-values, hostnames]\n"
    };
    format!(
        "# How the environments of this repository may differ; `krm-parity check` enforces it.\napiVersion: krm-parity.io/v1alpha1\nkind: ParityPolicy\nmetadata:\n  name: parity\n{}spec:\n{environments}  allow:\n{classes}",
        annotations(function)
    )
}

/// Whether every environment of a service sets tags of images in its kustomization.
fn sets_tags(service: &Service, parsed: &Parsed<'_>) -> bool {
    let sets = |overlay: &Overlay| {
        let own = parsed.kustomization(&overlay.directory);
        let mut images = own.iter().filter_map(|own| own.root.get("images"));
        images.any(|list| {
            let mut entries = list.items();
            entries.any(|entry| {
                entry
                    .get("newTag")
                    .or_else(|| entry.get("digest"))
                    .is_some()
            })
        })
    };
    service.overlays.len() > 1 && service.overlays.iter().all(sets)
}

fn annotations(function: Option<&str>) -> String {
    let Some(function) = function else {
        return String::new();
    };
    let lines: String = function
        .lines()
        .map(|line| format!("      {line}\n"))
        .collect();
    format!("  annotations:\n    {}: |\n{lines}", api::FUNCTION)
}

/// The annotation of a policy's text by which hosts run its function; `None` for a plugin.
#[must_use]
pub fn function_of(tree: &Tree<'_>) -> Option<String> {
    let root = tree.roots().next()?;
    let text = root.str_at(&["metadata", "annotations", api::FUNCTION])?;
    Some(text.to_owned())
}

/// The result of wiring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wiring {
    /// The texts of files that are new or changed, by path.
    pub files: BTreeMap<String, String>,
    /// The files whose function gets its annotation.
    pub annotated: Vec<String>,
    /// The parts that stay unchanged, and why, one per line.
    pub notes: Vec<String>,
}

/// The input of wiring.
pub struct Plan<'p> {
    /// Services and environments.
    pub layout: &'p Layout,
    /// The files, with every [`RECORDER`] beside a kustomization.
    pub parsed: &'p Parsed<'p>,
    /// The directory that holds `parity/`; nothing outside of it changes.
    pub home: &'p str,
    /// The policy, at its future path.
    pub policy: &'p str,
    /// Whether functions without an annotation are to be left to the plugin.
    pub keeps_plugins: bool,
    /// The environments that the policy lists.
    pub environments: &'p [String],
    /// How hosts run the function; `None` for a plugin.
    pub function: Option<&'p str>,
    /// Whether the policy says anything about single services.
    pub names_services: bool,
}

/// Wires bases and overlays: the additions to each kustomization, and the files that they name.
///
/// # Errors
///
/// Fails on a kustomization in which nothing can be inserted, with its path.
pub fn wire(plan: &Plan<'_>) -> Result<Wiring, (String, EditError)> {
    let mut wiring = Wiring::default();
    plan.gather_policy(&mut wiring)?;
    let owners = owners(plan.layout);
    let mut recorded: BTreeSet<&str> = BTreeSet::new();
    let mut refused: BTreeSet<&str> = BTreeSet::new();
    for service in &plan.layout.services {
        for overlay in &service.overlays {
            let directory = overlay.directory.as_str();
            if overlay.bases.is_empty() {
                wiring.notes.push(format!(
                    "{directory} is not wired: it has no base to add a recorder to"
                ));
                continue;
            }
            let environment = name_of(overlay, &service.overlays, plan.environments);
            let layers: BTreeSet<_> = overlay
                .bases
                .iter()
                .map(|base| plan.environment_of(base))
                .collect();
            let mut layers = layers.into_iter();
            let (baseline, None) = (layers.next().flatten(), layers.next()) else {
                wiring.notes.push(format!(
                    "{directory} is not wired: it loads several environments, and a check compares with one baseline"
                ));
                continue;
            };
            if baseline.as_ref() == Some(&environment) {
                wiring.notes.push(format!(
                    "{directory} is not wired: it and the layer that it loads are both named {environment}; rename one of them"
                ));
                continue;
            }
            for base in &overlay.bases {
                if recorded.contains(base.as_str()) || refused.contains(base.as_str()) {
                    continue;
                }
                match plan.record(base, &owners, &mut wiring)? {
                    None => recorded.insert(base),
                    Some(reason) => {
                        wiring.notes.push(reason);
                        refused.insert(base)
                    }
                };
            }
            if overlay
                .bases
                .iter()
                .any(|base| refused.contains(base.as_str()))
            {
                wiring
                    .notes
                    .push(format!("{directory} is not wired, because its base is not"));
                continue;
            }
            plan.guard(directory, &environment, baseline.as_deref(), &mut wiring)?;
        }
    }
    if let Some(function) = plan.function.filter(|_| !plan.keeps_plugins) {
        let overlays = plan.layout.services.iter().flat_map(|one| &one.overlays);
        let all = overlays.flat_map(|one| one.bases.iter().chain([&one.directory]));
        let search = Search {
            parsed: plan.parsed,
            home: plan.home,
            policy: plan.policy,
            directories: &all.map(String::as_str).collect(),
        };
        let (files, notes) = repair(&search, function)?;
        wiring.annotated.extend(files.keys().cloned());
        wiring.files.extend(files);
        wiring.notes.extend(notes);
    }
    Ok(wiring)
}

/// The service names of each base: those that are made of it, or its own directory.
fn owners(layout: &Layout) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for service in &layout.services {
        for base in service.overlays.iter().flat_map(|overlay| &overlay.bases) {
            owners.entry(base).or_default().insert(&service.name);
        }
    }
    owners
}

impl Plan<'_> {
    /// Lets the directory of the policy load it.
    fn gather_policy(&self, wiring: &mut Wiring) -> Result<(), (String, EditError)> {
        let (directory, name) = self.policy.rsplit_once('/').unwrap_or(("", self.policy));
        let Some(kustomization) = self.parsed.kustomization(directory) else {
            let file = join(directory, "kustomization.yaml");
            wiring.files.insert(file, gather(name));
            return Ok(());
        };
        let mut edges = self.parsed.graph().of_directory(directory).iter();
        if edges.any(|edge| edge.to.path() == Some(self.policy)) {
            return Ok(());
        }
        self.list(kustomization, "resources", name, wiring)
    }

    /// The environment of a directory, by the name that builds use for it; `None` for a base.
    fn environment_of(&self, directory: &str) -> Option<String> {
        self.layout.services.iter().find_map(|service| {
            let overlays = &service.overlays;
            let found = overlays.iter().find(|one| one.directory == directory)?;
            Some(name_of(found, overlays, self.environments))
        })
    }

    /// Lets a base record itself; returns the reason if that is impossible.
    fn record(
        &self,
        base: &str,
        owners: &BTreeMap<&str, BTreeSet<&str>>,
        wiring: &mut Wiring,
    ) -> Result<Option<String>, (String, EditError)> {
        let shown = if base.is_empty() { "." } else { base };
        let Some(kustomization) = self.parsed.kustomization(base) else {
            return Ok(Some(format!(
                "{shown} is not wired: its kustomization cannot be read"
            )));
        };
        if declares(self.parsed, base, Ours::Recorder) {
            return Ok(None);
        }
        if !is_within(base, self.home) {
            return Ok(Some(format!(
                "{shown} is not wired: it is outside of the directory given to init"
            )));
        }
        // A layer records itself beside the base that it is made of.
        let layer = self.environment_of(base);
        let inner = match layer {
            Some(_) => BTreeSet::new(),
            None => inner_bases(self.parsed, base),
        };
        if let Some(inner) = inner.iter().find(|inner| owners.contains_key(*inner)) {
            return Ok(Some(format!(
                "{shown} is not wired: it loads {inner}, which is also a base, and only one of the two can have a recorder"
            )));
        }
        let owners = owners.get(base);
        if self.names_services && owners.is_some_and(|services| services.len() > 1) {
            return Ok(Some(format!(
                "{shown} is not wired: it is the base of several services, and the policy has exemptions for single services"
            )));
        }
        let file = join(base, RECORDER);
        if self.parsed.sources.contains(&file) {
            let there = self.parsed.tree(&file);
            let is_recorder = |root: Node<'_>| Ours::run(root) == Some(Ours::Recorder);
            if there.is_some_and(|tree| tree.roots().any(is_recorder)) {
                self.list(kustomization, "transformers", RECORDER, wiring)?;
                return Ok(None);
            }
            return Ok(Some(format!(
                "{file} exists already and contains no recorder for krm-parity; rename or remove it"
            )));
        }
        let service = match owners {
            Some(services) if services.len() == 1 => services.iter().next().copied(),
            _ => base.rsplit('/').next(),
        };
        let service = service_name(service.unwrap_or_default());
        wiring.files.insert(
            file,
            format!(
                "apiVersion: krm-parity.io/v1alpha1\nkind: SnapshotRecorder\nmetadata:\n  name: {}\n{}{}",
                scalar(&service),
                annotations(self.function),
                layer.map_or_else(String::new, |name| format!(
                    "spec:\n  environment: {}\n",
                    scalar(&name)
                ))
            ),
        );
        self.list(kustomization, "transformers", RECORDER, wiring)?;
        Ok(None)
    }

    /// Lets an overlay check itself.
    fn guard(
        &self,
        directory: &str,
        environment: &str,
        baseline: Option<&str>,
        wiring: &mut Wiring,
    ) -> Result<(), (String, EditError)> {
        let Some(kustomization) = self.parsed.kustomization(directory) else {
            return Ok(());
        };
        if is_guarded(self.parsed, directory) {
            return Ok(());
        }
        if declares(self.parsed, directory, Ours::Policy) {
            wiring.notes.push(format!(
                "{directory} calls krm-parity before its last change; make the check the last of its transformers, or a validator"
            ));
            return Ok(());
        }
        let name = match baseline {
            // The base may have an environment of the same name in another service.
            Some(baseline) => format!("{environment}-on-{baseline}"),
            None => environment.to_owned(),
        };
        let place = join(self.home, &format!("parity/{name}"));
        let is_policy = |root: Node<'_>| Ours::run(root) == Some(Ours::Policy);
        match self.parsed.kustomization(&place) {
            Some(_) if !self.parsed.gathers(&place, is_policy) => {
                wiring.notes.push(format!(
                    "{directory} is not wired: {place} exists already and contains no policy for krm-parity; rename or remove it"
                ));
                return Ok(());
            }
            Some(_) => {}
            None => {
                let file = join(&place, "kustomization.yaml");
                wiring
                    .files
                    .insert(file, environment_text(environment, baseline));
            }
        }
        let entry = relative(directory, &place);
        self.list(kustomization, "transformers", &entry, wiring)
    }

    /// Adds an entry to a list of a kustomization.
    fn list(
        &self,
        kustomization: Kustomization<'_>,
        field: &str,
        entry: &str,
        wiring: &mut Wiring,
    ) -> Result<(), (String, EditError)> {
        let file = kustomization.file;
        let text = wiring.files.get(file).map(String::as_str);
        let text = text.or_else(|| self.parsed.sources.text(file));
        let edited = edit::append(text.unwrap_or_default(), &[field], &[Item::text(entry)])
            .map_err(|error| (file.to_owned(), error))?;
        wiring.files.insert(file.to_owned(), edited);
        Ok(())
    }
}

/// The directories that a kustomization is made of, at any depth.
fn inner_bases<'p>(parsed: &'p Parsed<'_>, directory: &str) -> BTreeSet<&'p str> {
    let is_load = |edge: &Edge| edge.role == Role::Load;
    let all = parsed.graph().directories(&[directory], is_load);
    all.map(|(inner, _)| inner).skip(1).collect()
}

/// Whether a kustomization, or a component of it, runs a function of ours of a kind.
fn declares(parsed: &Parsed<'_>, directory: &str, kind: Ours) -> bool {
    let is_component = |edge: &Edge| edge.role == Role::Component;
    let mut edges = parsed.graph().reach(&[directory], is_component);
    edges.any(|(_, edge)| {
        matches!(edge.role, Role::Transformer | Role::Validator)
            && parsed.runs(edge, |root| Ours::run(root) == Some(kind))
    })
}

fn gather(entry: &str) -> String {
    format!(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- {entry}\n"
    )
}

/// The kustomization that names the environment of an overlay.
fn environment_text(environment: &str, baseline: Option<&str>) -> String {
    let mut text = format!(
        "{}patches:\n- target:\n    kind: ParityPolicy\n  patch: |\n    - op: add\n      path: /spec/environment\n      \
         value: {}\n",
        gather("../policy"),
        scalar(environment)
    );
    if let Some(baseline) = baseline {
        let value = scalar(baseline);
        text.push_str("    - op: add\n      path: /spec/baseline\n      value: ");
        text.push_str(&value);
        text.push('\n');
    }
    text
}

/// A service's name in the form that a recorder accepts: lower-case letters, digits and inner hyphens.
#[must_use]
pub fn service_name(name: &str) -> String {
    let lower = name.to_lowercase();
    let kept = lower.chars().map(|c| match c {
        'a'..='z' | '0'..='9' => c,
        _ => '-',
    });
    let kept: String = kept.collect();
    let short: String = kept.trim_matches('-').chars().take(MAX_NAME).collect();
    match short.trim_matches('-') {
        "" => "service".to_owned(),
        name => name.to_owned(),
    }
}

/// The directory of a policy file, as seen from the directory that it applies to.
#[must_use]
pub fn home_of(policy: &str) -> Option<&str> {
    let mut homes = WIRED_POLICIES.iter();
    let home = homes.find_map(|place| policy.strip_suffix(place))?;
    match home.strip_suffix('/') {
        Some(home) => Some(home),
        None => home.is_empty().then_some(""),
    }
}
