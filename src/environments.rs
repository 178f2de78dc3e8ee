//! Which environments an input holds, and which of them are to be compared.
//!
//! Live items beside a snapshot of the baseline are an overlay and its base.
//! Snapshots alone are a matrix: every environment against its baseline.

use std::collections::{BTreeMap, HashMap};

use crate::krm::same_content;
use crate::policy::Policy;
use crate::resource::{Identity, Resource};
use crate::rules::Missing;
use crate::snapshot::{self, Sealed, SnapshotError};
use crate::text::{MAX_NAME, one_line, quoted};
use crate::yaml::Tree;

/// Two snapshots of one environment that do not agree.
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
            "line {}: two snapshots of environment {} of service {} hold {} {} with different contents: {} and {}; \
             give the recorders names or environments of their own",
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

/// The items of an input, by what they are there for.
#[derive(Debug, Default)]
pub struct Items<'a> {
    /// What is deployed.
    pub live: Vec<Resource<'a>>,
    /// Sealed environments.
    pub sealed: Vec<Sealed<'a>>,
    /// Whether there are files of a kustomization that nobody has built.
    pub unbuilt: bool,
}

/// Sorts items by what they are there for.
///
/// # Errors
///
/// Fails on a snapshot that is damaged.
pub fn sort<'a>(resources: &[Resource<'a>]) -> Result<Items<'a>, SnapshotError> {
    let mut items = Items::default();
    for resource in resources {
        if snapshot::is_snapshot(resource) {
            items.sealed.push(snapshot::open(resource)?);
        } else if resource.group() == "kustomize.config.k8s.io" {
            items.unbuilt = true;
        } else if !resource.is_local_config()
            && !matches!(resource.group(), "kpt.dev" | crate::resource::GROUP)
        {
            items.live.push(resource.clone());
        }
    }
    Ok(items)
}

/// Two environments that are to be compared, with what the comparison borrows.
#[derive(Debug)]
pub struct Planned<'a> {
    /// The environment to judge; empty where the policy does not name it.
    pub environment: String,
    /// The base's resources.
    pub base: Vec<Resource<'a>>,
    /// The service of every resource of the base.
    pub services: Vec<&'a str>,
    /// The overlay's resources.
    pub overlay: Vec<Resource<'a>>,
}

/// Everything that is to be compared, and everything that cannot be.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// The comparisons.
    pub comparisons: Vec<Planned<'a>>,
    /// What has nothing to be compared with.
    pub missing: Vec<Missing>,
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
            match places.get(&(of, key(&resource))) {
                Some(&at) if same_content(&all[at].0, &resource) => {}
                Some(&at) => {
                    return Err(Fault::Contradiction(contradiction(
                        &all[at], &resource, snapshot,
                    )));
                }
                None => {
                    places.insert((of, key(&resource)), all.len());
                    all.push((resource, snapshot.item.name()));
                }
            }
        }
    }
    Ok(merged)
}

fn key<'a>(resource: &Resource<'a>) -> (&'a str, Identity<'a>) {
    (resource.group(), resource.identity)
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

/// Why snapshots cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// One of them is damaged.
    #[error(transparent)]
    Damaged(SnapshotError),
    /// Two of them do not agree.
    #[error(transparent)]
    Contradiction(Box<Contradiction>),
}

/// Decides what is compared with what.
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
    let is_sealed = |name: &str| merged.keys().any(|(environment, _)| *environment == name);
    // An overlay that drops everything leaves nothing but the snapshot of its base.
    let dropped_all = own.is_some_and(|own| !is_sealed(own)) && is_sealed(&policy.baseline);
    if items.unbuilt || !items.live.is_empty() || dropped_all || merged.is_empty() {
        live(items, &merged, policy)
    } else {
        Ok(matrix(&merged, policy))
    }
}

/// The live items against every service's baseline together.
fn live<'a>(items: &'a Items<'a>, merged: &Merged<'a>, policy: &Policy) -> Result<Plan<'a>, Fault> {
    let environment = policy.environment.clone().unwrap_or_default();
    let mut base: Vec<(Resource<'a>, &'a str, &'a str)> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    let mut found = false;
    for ((name, service), resources) in merged {
        if *name != policy.baseline {
            continue;
        }
        found = true;
        for (resource, snapshot) in resources {
            match known.get(&key(resource)) {
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
                    known.insert(key(resource), base.len());
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
            missing: vec![Missing {
                service: String::new(),
                environment,
                baseline: policy.baseline.clone(),
                present,
                resources: items.live.len(),
                unbuilt: items.unbuilt,
            }],
        });
    }
    Ok(Plan {
        comparisons: vec![Planned {
            environment,
            services: base.iter().map(|(_, service, _)| *service).collect(),
            base: base.into_iter().map(|(resource, ..)| resource).collect(),
            overlay: items.live.clone(),
        }],
        missing: Vec::new(),
    })
}

/// Every sealed environment against the baseline of its service.
fn matrix<'a>(merged: &Merged<'a>, policy: &Policy) -> Plan<'a> {
    let mut plan = Plan::default();
    let mut services: Vec<&str> = merged.keys().map(|(_, service)| *service).collect();
    services.sort_unstable();
    services.dedup();
    for service in services {
        let baseline = merged.get(&(policy.baseline.as_str(), service));
        let others: Vec<_> = merged
            .iter()
            .filter(|((name, of), _)| {
                *of == service
                    && *name != policy.baseline
                    && policy
                        .environment
                        .as_deref()
                        .is_none_or(|only| only == *name)
            })
            .collect();
        let missing = |present: Vec<String>| Missing {
            service: service.to_owned(),
            environment: policy.environment.clone().unwrap_or_default(),
            baseline: policy.baseline.clone(),
            present,
            resources: 0,
            unbuilt: false,
        };
        match baseline {
            Some(base) if !others.is_empty() => {
                for ((environment, _), overlay) in others {
                    plan.comparisons.push(Planned {
                        environment: (*environment).to_owned(),
                        base: base.iter().map(|(resource, _)| resource.clone()).collect(),
                        services: vec![service; base.len()],
                        overlay: overlay
                            .iter()
                            .map(|(resource, _)| resource.clone())
                            .collect(),
                    });
                }
            }
            _ => plan.missing.push(missing(
                merged
                    .keys()
                    .filter(|(_, of)| *of == service)
                    .map(|(name, _)| (*name).to_owned())
                    .collect(),
            )),
        }
    }
    plan
}
