//! What is there for the services and environments of an exemption, gathered once for all that have the same.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::catalog::RuleId;
use crate::compare::comparison::{Against, Comparison};
use crate::compare::pair::plain_name;
use crate::finding::Finding;
use crate::path::{FieldPath, Glob};
use crate::policy::{Exemption, Target, nearest};
use crate::resource::Resource;

/// The environments and services that an exemption is for.
type Key<'f> = (&'f [String], &'f [Glob]);

/// The group, the version and the kind that a target names.
type Type = [Option<Glob>; 3];

/// What was judged and found, by the names of services.
pub(super) struct Scopes<'f> {
    comparisons: &'f [Comparison<'f, 'f>],
    /// Which comparisons are about a service.
    judged: HashMap<&'f str, Vec<usize>>,
    /// Which environments of a service have findings.
    found: HashMap<&'f str, BTreeSet<&'f str>>,
    paths: Rc<Paths<'f>>,
    gathered: HashMap<Key<'f>, Scope<'f>>,
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

    /// What is there for an exemption.
    pub(super) fn of(&mut self, exemption: &'f Exemption) -> &Scope<'f> {
        let key: Key<'f> = (&exemption.environments, &exemption.services);
        if !self.gathered.contains_key(&key) {
            let scope = self.gather(exemption);
            self.gathered.insert(key, scope);
        }
        &self.gathered[&key]
    }

    fn gather(&self, exemption: &Exemption) -> Scope<'f> {
        let globs = &exemption.services;
        let is_named = !globs.is_empty() && globs.iter().all(Glob::is_literal);
        let mut here: Vec<usize> = Vec::new();
        let mut environments = BTreeSet::new();
        let mut add_found = |service: &str, all: &BTreeSet<&'f str>| {
            let all = all.iter().copied();
            environments.extend(all.filter(|name| exemption.is_for(name, service)));
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
            .filter(|comparison| is_for(exemption, comparison))
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

/// The services that a comparison is about; where they are many, also the one without a name.
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

/// Whether an exemption is about what a comparison judges.
fn is_for(exemption: &Exemption, comparison: &Comparison<'_, '_>) -> bool {
    let sides = &comparison.sides;
    let is_for = |service: &str| exemption.is_for(sides.environment, service);
    match sides.service {
        "" => is_for("") || sides.services.iter().any(|name| is_for(name)),
        service => is_for(service),
    }
}

/// What is there for the exemptions of the same services and environments.
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

    /// Whether a target is here.
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

    /// The name that is nearest to one, of resources of a target's type.
    pub(super) fn near_name(&self, target: &Target, name: &str) -> Option<&'f str> {
        let held = self.held();
        let key = [&target.group, &target.version, &target.kind].map(Clone::clone);
        let mut known = held.names.borrow_mut();
        let names = known.entry(key).or_insert_with(|| held.names_of(target));
        nearest(name, names)
    }

    /// The finding of a rule that is nearest to a path.
    pub(super) fn near_path(&self, rule: RuleId, path: &str) -> Option<String> {
        let paths = self.paths.of(rule, &self.judged);
        let texts: Vec<&str> = paths.iter().map(String::as_str).collect();
        let near = nearest(path, &texts).or_else(|| texts.first().copied());
        near.map(str::to_owned)
    }
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

    /// The names of what has a target's type, each once: of equals the first is the nearest.
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

/// The paths of a rule's findings in some environments, as they are written.
type Known<'f> = HashMap<(RuleId, BTreeSet<&'f str>), Rc<[String]>>;

/// The paths of findings.
struct Paths<'f> {
    /// Those of a rule in an environment, each once, with the finding that has it first.
    all: HashMap<(RuleId, &'f str), Vec<(usize, &'f FieldPath<'static>)>>,
    /// Those of a rule in some environments that were asked for.
    known: RefCell<Known<'f>>,
}

impl<'f> Paths<'f> {
    fn new(findings: &'f [Finding]) -> Self {
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        let mut seen = HashSet::new();
        for (at, finding) in findings.iter().enumerate() {
            let Some(field) = &finding.field else {
                continue;
            };
            let key = (finding.rule, finding.environment().unwrap_or_default());
            if seen.insert((key, &field.path)) {
                all.entry(key).or_default().push((at, &field.path));
            }
        }
        Self {
            all,
            known: RefCell::default(),
        }
    }

    fn of(&self, rule: RuleId, environments: &BTreeSet<&'f str>) -> Rc<[String]> {
        let key = (rule, environments.clone());
        let gather = || {
            let lists = environments.iter().map(|name| self.all.get(&(rule, *name)));
            let mut paths: Vec<_> = lists.flatten().flatten().copied().collect();
            paths.sort_unstable_by_key(|(at, _)| *at);
            let mut seen = HashSet::new();
            let paths = paths.into_iter().map(|(_, path)| path.to_string());
            paths.filter(|path| seen.insert(path.clone())).collect()
        };
        let mut known = self.known.borrow_mut();
        Rc::clone(known.entry(key).or_insert_with(gather))
    }
}
