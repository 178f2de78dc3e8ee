//! The environments in an input, and the comparisons between them.
//!
//! Live items beside a snapshot of the baseline are an overlay and its base. Snapshots alone are a
//! matrix: every environment of a service is compared with its baseline, and with the others.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::names::Names;
use super::plan::{Environment, Given, Planned, absent, environments, siblings};
use crate::api::{ID, KUSTOMIZE_GROUP, PATH};
use crate::compare::comparison::Against;
use crate::compare::hidden;
use crate::compare::identity::Witness;
use crate::krm::same_content;
use crate::policy::Policy;
use crate::resource::Resource;
use crate::rules::{Gaps, Input, Missing};
use crate::snapshot::{self, Sealed, SnapshotError};
use crate::text::{MAX_NAME, one_line, quoted};
use crate::yaml::Tree;

/// Two snapshots of one environment that contradict each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.told())]
pub struct Contradiction {
    /// The line of the second snapshot, from 1.
    pub line: usize,
    /// The service of both, or of the second where services collide.
    pub service: String,
    /// The environment of both.
    pub environment: String,
    /// The kind of the resource.
    pub kind: String,
    /// The name of the resource.
    pub name: String,
    /// The name of the first snapshot.
    pub first: String,
    /// The name of the second snapshot.
    pub second: String,
}

impl Contradiction {
    fn told(&self) -> String {
        let name = |name: &str| quoted(name, MAX_NAME);
        format!(
            "line {}: two snapshots of environment {} of service {} contain {} {} with different contents: {} and {}; give the recorders different names or environments",
            self.line,
            name(&self.environment),
            name(&self.service),
            one_line(&self.kind, MAX_NAME),
            name(&self.name),
            name(&self.first),
            name(&self.second)
        )
    }
}

/// The items of an input, by purpose.
#[derive(Debug, Default)]
pub struct Items<'a> {
    /// The deployed resources.
    pub live: Vec<Resource<'a>>,
    /// Local configuration, which no host emits.
    pub hidden: Vec<Resource<'a>>,
    /// Sealed environments.
    pub sealed: Vec<Sealed<'a>>,
    /// Whether there are files of a kustomization that was not built.
    pub unbuilt: bool,
}

impl<'a> Items<'a> {
    /// The resources that a recorder seals: the deployed ones, and those that carry references
    /// until they are dropped.
    #[must_use]
    pub fn to_seal(&self) -> Vec<Resource<'a>> {
        self.live.iter().chain(&self.hidden).cloned().collect()
    }
}

/// Sorts items by purpose.
///
/// A host deploys every item that is not marked as local, whatever its group.
///
/// # Errors
///
/// Fails on a damaged snapshot.
pub fn sort<'a>(resources: &[Resource<'a>]) -> Result<Items<'a>, SnapshotError> {
    let mut items = Items::default();
    for resource in resources {
        if snapshot::is_snapshot(resource) {
            items.sealed.push(snapshot::open(resource)?);
        } else if resource.group() == KUSTOMIZE_GROUP && is_file(resource) {
            items.unbuilt = true;
        } else if is_kptfile(resource) {
            // It belongs to the package.
        } else if resource.is_local_config() {
            items.hidden.push(resource.clone());
        } else {
            items.live.push(resource.clone());
        }
    }
    Ok(items)
}

/// Whether an item is an unchanged file of a package; an item that a build has made from a file is
/// deployed.
///
/// kpt annotates every item with its file, and kustomize numbers the items that it passes on.
fn is_file(resource: &Resource<'_>) -> bool {
    resource.annotation(PATH).is_some() && resource.annotation(ID).is_none()
}

/// Whether an item is the Kptfile of a package, which kpt passes on and never deploys.
fn is_kptfile(resource: &Resource<'_>) -> bool {
    let path = resource.annotation(PATH);
    is_file(resource)
        && (resource.group(), resource.kind()) == ("kpt.dev", "Kptfile")
        && path.is_some_and(|path| path.rsplit('/').next() == Some("Kptfile"))
}

/// The comparisons, and the gaps between them.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// The comparisons.
    pub comparisons: Vec<Planned<'a>>,
    /// Environments that are missing, or have no counterpart.
    pub gaps: Gaps,
}

type Merged<'a> = BTreeMap<(&'a str, &'a str), Vec<(Resource<'a>, &'a str)>>;

/// Merges the snapshots of each service and environment.
fn merge<'a>(sealed: &'a [Sealed<'a>], trees: &'a [Tree<'a>]) -> Result<Merged<'a>, Fault> {
    let mut merged = Merged::new();
    let mut places: HashMap<_, usize> = HashMap::new();
    for (snapshot, tree) in sealed.iter().zip(trees) {
        let of = (snapshot.environment, snapshot.service);
        let all = merged.entry(of).or_default();
        for resource in snapshot.resources(tree).map_err(Fault::Damaged)? {
            match places.get(&(of, resource.key())) {
                Some(&at) if same_content(&all[at].0, &resource) => {}
                Some(&at) => {
                    return Err(Fault::Contradiction(contradiction(
                        &all[at], &resource, snapshot,
                    )));
                }
                None => {
                    places.insert((of, resource.key()), all.len());
                    all.push((resource, snapshot.item.name()));
                }
            }
        }
    }
    Ok(merged)
}

fn contradiction(
    first: &(Resource<'_>, &str),
    resource: &Resource<'_>,
    second: &Sealed<'_>,
) -> Box<Contradiction> {
    Box::new(Contradiction {
        line: second.item.node.line(),
        service: second.service.to_owned(),
        environment: second.environment.to_owned(),
        kind: resource.kind().to_owned(),
        name: resource.name().to_owned(),
        first: first.1.to_owned(),
        second: second.item.name().to_owned(),
    })
}

/// The reason why snapshots cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// One of them is damaged.
    #[error(transparent)]
    Damaged(SnapshotError),
    /// Two of them contradict each other.
    #[error(transparent)]
    Contradiction(Box<Contradiction>),
}

/// Plans the comparisons.
///
/// # Errors
///
/// Fails on snapshots that are damaged or that contradict each other.
pub fn plan<'a>(
    items: &'a Items<'a>,
    trees: &'a [Tree<'a>],
    policy: &Policy,
) -> Result<Plan<'a>, Fault> {
    let merged = merge(&items.sealed, trees)?;
    let own = policy.environment.as_deref();
    let services = services(&items.sealed);
    let is_sealed = |own: &str| {
        services.values().any(|all| {
            let names = Names::new(all.iter().copied(), policy);
            all.iter().any(|name| names.is_called(name, own))
        })
    };
    // If an overlay drops everything, only the snapshot of its base is left.
    let dropped_all = own.is_some_and(|own| !is_sealed(own)) && is_sealed(&policy.baseline);
    let baselines = baselines(&services, policy);
    if items.unbuilt || !items.live.is_empty() || dropped_all || merged.is_empty() {
        live(items, &merged, &baselines, policy)
    } else {
        Ok(matrix(&merged, &services, &baselines, policy))
    }
}

/// The sealed environments of every service.
fn services<'a>(sealed: &[Sealed<'a>]) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut services: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for snapshot in sealed {
        let all = services.entry(snapshot.service).or_default();
        all.insert(snapshot.environment);
    }
    services
}

/// Each service's own name for the baseline of the policy.
fn baselines<'a>(
    services: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    policy: &Policy,
) -> BTreeMap<&'a str, &'a str> {
    let baseline = |(service, all): (&&'a str, &BTreeSet<&'a str>)| {
        let names = Names::new(all.iter().copied(), policy);
        let mut all = all.iter().copied();
        let own = all.find(|name| names.is_called(name, &policy.baseline))?;
        Some((*service, own))
    };
    services.iter().filter_map(baseline).collect()
}

impl<'a> Items<'a> {
    /// The snapshots of the policy's baseline.
    pub fn baselines(&self, policy: &Policy) -> impl Iterator<Item = &Sealed<'a>> {
        let baselines = baselines(&services(&self.sealed), policy);
        let is_baseline =
            move |sealed: &&Sealed<'a>| baselines.get(sealed.service) == Some(&sealed.environment);
        self.sealed.iter().filter(is_baseline)
    }
}

/// Plans the live items against the baselines of all services together.
fn live<'a>(
    items: &'a Items<'a>,
    merged: &Merged<'a>,
    baselines: &BTreeMap<&'a str, &'a str>,
    policy: &Policy,
) -> Result<Plan<'a>, Fault> {
    let environment = policy.environment.clone();
    let mut base: Vec<(Resource<'a>, &'a str, &'a str)> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    let mut found = false;
    for ((name, service), resources) in merged {
        if baselines.get(service) != Some(name) {
            continue;
        }
        found = true;
        for (resource, snapshot) in resources {
            match known.get(&resource.key()) {
                Some(&at) if same_content(&base[at].0, resource) => {}
                Some(&at) => {
                    let second = items
                        .sealed
                        .iter()
                        .find(|sealed| sealed.item.name() == *snapshot);
                    let first = (base[at].0.clone(), base[at].2);
                    if let Some(second) = second {
                        return Err(Fault::Contradiction(contradiction(
                            &first, resource, second,
                        )));
                    }
                }
                None => {
                    known.insert(resource.key(), base.len());
                    base.push((resource.clone(), service, snapshot));
                }
            }
        }
    }
    if !found || items.unbuilt {
        let mut present: Vec<String> = merged.keys().map(|(name, _)| (*name).to_owned()).collect();
        present.dedup();
        return Ok(Plan {
            comparisons: Vec::new(),
            gaps: Gaps {
                baselines: vec![Missing {
                    service: None,
                    environment,
                    baseline: policy.baseline.clone(),
                    present,
                    resources: items.live.len(),
                    input: if items.unbuilt {
                        Input::Unbuilt
                    } else {
                        Input::Built
                    },
                }],
                ..Gaps::default()
            },
        });
    }
    Ok(Plan {
        comparisons: vec![Planned {
            environment: environment.unwrap_or_default(),
            baseline: policy.baseline.clone(),
            against: Against::Baseline,
            is_made_of_one_base: false,
            service: "",
            services: base.iter().map(|(_, service, _)| *service).collect(),
            base: base.into_iter().map(|(resource, ..)| resource).collect(),
            overlay: Cow::Borrowed(&items.live),
            is_rendered: false,
            hidden: hidden::values(&items.live),
            witnesses: items
                .baselines(policy)
                .map(|sealed| Witness::of(&sealed.item))
                .collect(),
        }],
        gaps: Gaps::default(),
    })
}

/// Plans every sealed environment against the baseline of its service, and against the service's
/// others.
fn matrix<'a>(
    merged: &Merged<'a>,
    services: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    baselines: &BTreeMap<&'a str, &'a str>,
    policy: &Policy,
) -> Plan<'a> {
    let mut plan = Plan::default();
    for (service, present) in services {
        let baseline = baselines.get(service).copied();
        plan_service(&mut plan, merged, (service, baseline), present, policy);
    }
    plan
}

/// Plans one service of a matrix.
fn plan_service<'a>(
    plan: &mut Plan<'a>,
    merged: &Merged<'a>,
    (service, baseline): (&'a str, Option<&'a str>),
    present: &BTreeSet<&'a str>,
    policy: &Policy,
) {
    let is_baseline = |name: &str| Some(name) == baseline;
    let names = Names::new(present.iter().copied(), policy);
    let is_listed = |name: &str| {
        let mut listed = policy.environments.iter();
        listed.any(|listed| names.is_called(name, listed))
    };
    let base: Vec<String> = baseline.map(str::to_owned).into_iter().collect();
    // The baseline may itself be a step of the promotion, such as production.
    let steps = present
        .iter()
        .filter(|name| !is_baseline(name) || is_listed(name));
    let given: Vec<Given<'_>> = steps
        .map(|name| Given {
            name,
            source: name,
            stands_on: if is_baseline(name) { &[] } else { &base },
            base: &policy.baseline,
            is_baseline: is_baseline(name),
        })
        .collect();
    let all = environments(&given, policy);
    let side = |source: &str| -> Vec<Resource<'a>> {
        let all = merged.get(&(source, service)).into_iter().flatten();
        all.map(|(resource, _)| resource.clone()).collect()
    };
    let compare = |environment: &Environment<'_>, baseline: (&str, &str), against| {
        let base = side(baseline.1);
        Planned {
            environment: environment.name.clone(),
            baseline: baseline.0.to_owned(),
            against,
            is_made_of_one_base: false,
            service,
            services: vec![service; base.len()],
            base,
            overlay: Cow::Owned(side(environment.source)),
            // A sealed environment no longer contains its snapshot.
            is_rendered: false,
            witnesses: Vec::new(),
            hidden: Vec::new(),
        }
    };
    let judged = all.iter().filter(|one| one.is_judged(policy));
    if let Some(baseline) = baseline {
        let against_base = judged.clone();
        plan.comparisons.extend(
            against_base.map(|one| compare(one, (&one.baseline, baseline), Against::Baseline)),
        );
    }
    for pair in siblings(&all, policy, |_| true) {
        let (early, late) = (&all[pair.early], &all[pair.late]);
        plan.comparisons.push(Planned {
            is_made_of_one_base: pair.is_made_of_one_base,
            ..compare(late, (&early.name, early.source), pair.against)
        });
    }
    let others = all.iter().filter(|one| !one.is_baseline).count();
    let is_enough =
        judged.count() > 0 && (baseline.is_some() || (!policy.needs_baseline && others > 1));
    if !is_enough {
        plan.gaps.baselines.push(Missing {
            service: Some(service.to_owned()),
            environment: policy.environment.clone(),
            baseline: policy.baseline.clone(),
            present: present.iter().map(|name| (*name).to_owned()).collect(),
            resources: 0,
            input: Input::Built,
        });
    } else if policy.environment.is_none() {
        plan.gaps.environments.extend(absent(service, &all, policy));
    }
}
