//! The scope of an exemption's services and environments, gathered once for all exemptions that name the same ones.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::about::names;
use crate::catalog::RuleId;
use crate::compare::comparison::{Against, Comparison};
use crate::compare::pair::plain_name;
use crate::compare::steps::keyed_path;
use crate::finding::{Finding, ResourceRef};
use crate::path::Glob;
use crate::policy::{Extent, Target, nearest};
use crate::resource::Resource;
use crate::text;

/// The most characters of a word in a message.
const MAX_WORD: usize = 63;

/// The group, the version and the kind that a target names.
type Type = [Option<Glob>; 3];

/// The comparisons and findings, by the names of services.
pub(super) struct Scopes<'f> {
    comparisons: &'f [Comparison<'f, 'f>],
    /// Which comparisons are about a service.
    judged: HashMap<&'f str, Vec<usize>>,
    /// Which environments of a service have findings.
    found: HashMap<&'f str, BTreeSet<&'f str>>,
    paths: Rc<Paths<'f>>,
    gathered: HashMap<Extent<'f>, Scope<'f>>,
}

impl<'f> Scopes<'f> {
    pub(super) fn new(comparisons: &'f [Comparison<'f, 'f>], findings: &'f [Finding]) -> Self {
        let mut judged: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, comparison) in comparisons.iter().enumerate() {
            for service in services(comparison) {
                judged.entry(service).or_default().push(at);
            }
        }
        let mut found: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for finding in findings {
            let service = finding.service().unwrap_or_default();
            let environments = found.entry(service).or_default();
            environments.insert(finding.environment().unwrap_or_default());
        }
        Self {
            comparisons,
            judged,
            found,
            paths: Rc::new(Paths::new(findings)),
            gathered: HashMap::new(),
        }
    }

    /// The scope of the environments and services of an entry.
    pub(super) fn of(&mut self, extent: Extent<'f>) -> &Scope<'f> {
        if !self.gathered.contains_key(&extent) {
            let scope = self.gather(extent);
            self.gathered.insert(extent, scope);
        }
        &self.gathered[&extent]
    }

    fn gather(&self, extent: Extent<'_>) -> Scope<'f> {
        let globs = extent.services;
        let is_named = !globs.is_empty() && globs.iter().all(Glob::is_literal);
        let mut here: Vec<usize> = Vec::new();
        let mut environments = BTreeSet::new();
        let mut add_found = |service: &str, all: &BTreeSet<&'f str>| {
            let all = all.iter().copied();
            environments.extend(all.filter(|name| extent.is_for(name, service)));
        };
        if is_named {
            for glob in globs {
                here.extend(self.judged.get(glob.as_str()).into_iter().flatten());
                if let Some(all) = self.found.get(glob.as_str()) {
                    add_found(glob.as_str(), all);
                }
            }
            here.sort_unstable();
            here.dedup();
        } else {
            here.extend(0..self.comparisons.len());
            for (service, all) in &self.found {
                add_found(service, all);
            }
        }
        let here: Vec<_> = here
            .into_iter()
            .map(|at| &self.comparisons[at])
            .filter(|comparison| is_for(extent, comparison))
            .collect();
        let of = |comparison: &&'f Comparison<'f, 'f>| comparison.sides.environment;
        let judged: BTreeSet<&str> = here.iter().map(of).collect();
        environments.extend(&judged);
        Scope {
            environments,
            has_siblings: here
                .iter()
                .any(|comparison| comparison.sides.against != Against::Baseline),
            judged,
            here,
            held: OnceCell::new(),
            paths: Rc::clone(&self.paths),
        }
    }
}

/// The services that a comparison is about; if they are many, also the one without a name.
fn services<'f>(comparison: &'f Comparison<'f, 'f>) -> BTreeSet<&'f str> {
    match comparison.sides.service {
        "" => comparison
            .sides
            .services
            .iter()
            .copied()
            .chain([""])
            .collect(),
        service => BTreeSet::from([service]),
    }
}

/// Whether an entry is about the sides of a comparison.
fn is_for(extent: Extent<'_>, comparison: &Comparison<'_, '_>) -> bool {
    let sides = &comparison.sides;
    let is_for = |service: &str| extent.is_for(sides.environment, service);
    match sides.service {
        "" => is_for("") || sides.services.iter().any(|name| is_for(name)),
        service => is_for(service),
    }
}

/// The comparisons and findings for the exemptions of the same services and environments.
pub(super) struct Scope<'f> {
    /// The environments that were judged or have findings.
    pub environments: BTreeSet<&'f str>,
    /// Whether environments are compared with each other.
    pub has_siblings: bool,
    judged: BTreeSet<&'f str>,
    here: Vec<&'f Comparison<'f, 'f>>,
    held: OnceCell<Held<'f>>,
    paths: Rc<Paths<'f>>,
}

impl<'f> Scope<'f> {
    fn held(&self) -> &Held<'f> {
        self.held.get_or_init(|| Held::new(&self.here))
    }

    /// Whether a target exists here.
    pub(super) fn holds(&self, target: &Target) -> bool {
        let held = self.held();
        let literal = |glob: &Option<Glob>| glob.clone().filter(Glob::is_literal);
        let is_meant = |resource: &&Resource<'_>| {
            let names = [resource.name(), plain_name(resource)];
            target.matches(&resource.reference(), &names)
        };
        let by = |all: &HashMap<&str, Vec<&'f Resource<'f>>>, word: &Glob| {
            let all = all.get(word.as_str());
            all.is_some_and(|all| all.iter().any(&is_meant))
        };
        match (literal(&target.name), literal(&target.kind)) {
            (Some(name), _) => by(&held.by_name, &name),
            (None, Some(kind)) => by(&held.by_kind, &kind),
            (None, None) => held.by_kind.values().flatten().any(is_meant),
        }
    }

    /// What a target that is not here might have meant: a resource of its type, or another type, group or namespace.
    pub(super) fn near_target(&self, target: &Target) -> Option<String> {
        let held = self.held();
        if let Some(name) = &target.name {
            let key = [&target.group, &target.version, &target.kind].map(Clone::clone);
            let mut known = held.names.borrow_mut();
            let names = known.entry(key).or_insert_with(|| held.names_of(target));
            if let Some(namespace) = &target.namespace
                && names.iter().any(|known| name.matches(known))
            {
                let (name, namespace) = (name.as_str(), namespace.as_str());
                return Some(format!(
                    "{name} exists, but not in the namespace {}",
                    text::quoted(namespace, MAX_WORD)
                ));
            }
            if let Some(near) = nearest(name.as_str(), names) {
                return Some(format!("its target does not exist (did you mean {near}?)"));
            }
        }
        let kind = target.kind.as_ref()?;
        let word = kind.as_str();
        let of_kind = held.by_kind.iter().filter(|(known, _)| kind.matches(known));
        let groups: BTreeSet<&str> = of_kind
            .flat_map(|(_, all)| all)
            .map(|resource| resource.group())
            .collect();
        if groups.is_empty() {
            let kinds: BTreeSet<&str> = held.by_kind.keys().copied().collect();
            let kinds: Vec<&str> = kinds.into_iter().collect();
            let near = nearest(word, &kinds)?;
            return Some(format!(
                "no resource has the kind {word} (did you mean {near}?)"
            ));
        }
        let group = target.group.as_ref()?;
        let is_other = !groups.iter().any(|known| group.matches(known));
        let known = groups.first().filter(|_| is_other)?;
        Some(format!(
            "{word} is in the group {}",
            text::quoted(known, MAX_WORD)
        ))
    }

    /// Why a target means no resource; `None` if it means one.
    pub(super) fn why_no_target(&self, target: &Target) -> Option<String> {
        let is_here = *target == Target::default() || self.holds(target);
        let why = || {
            let near = self.near_target(target);
            near.unwrap_or_else(|| {
                "no resource of its services and environments matches its target".to_owned()
            })
        };
        (!is_here).then(why)
    }

    /// The rule's finding with the path nearest to another path, among the resources that a target means.
    pub(super) fn near_path(
        &self,
        rule: RuleId,
        extent: Extent<'_>,
        target: &Target,
        path: &str,
    ) -> Option<String> {
        let nothing = ResourceRef::default();
        let is_meant = |finding: &&Finding| {
            let resource = finding.resource.as_ref().unwrap_or(&nothing);
            let names = names(resource, finding.base_name.as_deref());
            extent.is_of(finding.service().unwrap_or_default()) && target.matches(resource, &names)
        };
        let mut seen = HashSet::new();
        let paths = self.paths.of(rule, &self.judged).into_iter();
        let paths = paths
            .filter(is_meant)
            .filter_map(|finding| finding.field.as_ref());
        let paths = paths.filter(|field| seen.insert(&field.path));
        let paths: Vec<String> = paths.map(|field| field.path.to_string()).collect();
        let texts: Vec<&str> = paths.iter().map(String::as_str).collect();
        let near = nearest(path, &texts).or_else(|| of_one_list(path, &texts));
        let near = near.or_else(|| texts.first().copied());
        near.map(str::to_owned)
    }

    /// The difference with the path nearest to another path, among the resources that a target means.
    pub(super) fn near_change(
        &self,
        extent: Extent<'_>,
        target: &Target,
        path: &str,
    ) -> Option<String> {
        let mut paths = BTreeSet::new();
        for comparison in &self.here {
            for (pair, changes) in comparison.pairs() {
                let reference = pair.overlay.reference();
                let names = names(&reference, Some(pair.base.name()));
                if extent.is_of(pair.service) && target.matches(&reference, &names) {
                    let all = changes.iter();
                    paths.extend(all.map(|one| keyed_path(&one.change.steps).to_string()));
                }
            }
        }
        let texts: Vec<&str> = paths.iter().map(String::as_str).collect();
        let near = nearest(path, &texts).or_else(|| of_one_list(path, &texts));
        near.map(str::to_owned)
    }
}

/// The first path of an element in the list that another path leads into.
fn of_one_list<'p>(path: &str, paths: &[&'p str]) -> Option<&'p str> {
    let (list, _) = path.rsplit_once('[')?;
    let is_in = |other: &&&str| {
        other
            .strip_prefix(list)
            .is_some_and(|rest| rest.starts_with('['))
    };
    paths.iter().find(is_in).copied()
}

/// The resources of a scope.
struct Held<'f> {
    all: Vec<&'f Resource<'f>>,
    by_name: HashMap<&'f str, Vec<&'f Resource<'f>>>,
    by_kind: HashMap<&'f str, Vec<&'f Resource<'f>>>,
    /// The names of each type that was asked for, each once.
    names: RefCell<HashMap<Type, Vec<&'f str>>>,
}

impl<'f> Held<'f> {
    fn new(here: &[&'f Comparison<'f, 'f>]) -> Self {
        let sides = here.iter().map(|comparison| &comparison.sides);
        let all: Vec<&Resource<'_>> = sides
            .flat_map(|sides| sides.overlay.iter().chain(sides.base))
            .collect();
        let mut by_name: HashMap<&str, Vec<_>> = HashMap::new();
        let mut by_kind: HashMap<&str, Vec<_>> = HashMap::new();
        for &resource in &all {
            let (name, plain) = (resource.name(), plain_name(resource));
            by_name.entry(name).or_default().push(resource);
            if plain != name {
                by_name.entry(plain).or_default().push(resource);
            }
            by_kind.entry(resource.kind()).or_default().push(resource);
        }
        Self {
            all,
            by_name,
            by_kind,
            names: RefCell::default(),
        }
    }

    /// The names of the resources of a target's type, each once: of equally near names the first is the nearest.
    fn names_of(&self, target: &Target) -> Vec<&'f str> {
        let mut types: HashMap<(&str, &str), bool> = HashMap::new();
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        for resource in &self.all {
            let is_meant = types
                .entry((resource.api_version, resource.kind()))
                .or_insert_with(|| target.matches_type(&resource.reference()));
            let name = plain_name(resource);
            if *is_meant && seen.insert(name) {
                names.push(name);
            }
        }
        names
    }
}

/// The findings of a rule in an environment that have a path, with their numbers.
struct Paths<'f>(HashMap<(RuleId, &'f str), Vec<(usize, &'f Finding)>>);

impl<'f> Paths<'f> {
    fn new(findings: &'f [Finding]) -> Self {
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        for (at, finding) in findings.iter().enumerate() {
            if finding.field.is_some() {
                let key = (finding.rule, finding.environment().unwrap_or_default());
                all.entry(key).or_default().push((at, finding));
            }
        }
        Self(all)
    }

    /// The findings of a rule in some environments, in their order.
    fn of(&self, rule: RuleId, environments: &BTreeSet<&'f str>) -> Vec<&'f Finding> {
        let lists = environments.iter();
        let lists = lists.filter_map(|name| self.0.get(&(rule, *name)));
        let mut found: Vec<(usize, &Finding)> = lists.flatten().copied().collect();
        found.sort_unstable_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, finding)| finding).collect()
    }
}
