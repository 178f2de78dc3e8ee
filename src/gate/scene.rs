//! What the gate looks at, and the environments in it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;

use jiff::civil::Date;

use super::record::Ask;
use crate::environment::{self, Environment, Given, Names};
use crate::finding::Finding;
use crate::layout::{Baseline, Layout, Overlay, Service, Site};
use crate::policy::{BASE, Policy};
use crate::repo::{Edge, Parsed};
use crate::resource::Resource;
use crate::rules::Absent;
use crate::yaml::{self, Tree, YamlError};

/// What the builds of directories came to: sealed resources, one canonical JSON object a line, or the builder's words.
pub type Builds = BTreeMap<String, Result<String, String>>;

/// The entries of kustomizations that name sources of Secrets which are absent by design, by the directory that lacks them.
pub type Lacking = BTreeMap<String, Vec<Edge>>;

/// What no report may show of a directory that somebody else has built, since it stands in a Secret there as well.
pub type Hidden = BTreeMap<String, Vec<String>>;

/// Everything that the gate looks at.
#[derive(Clone)]
pub struct Gate<'g> {
    /// Services and environments.
    pub layout: &'g Layout,
    /// What they build, by directory.
    pub builds: &'g Builds,
    /// What some of them were built without.
    pub lacking: &'g Lacking,
    /// What no report may show of what somebody else has built.
    pub hidden: &'g Hidden,
    /// The policy.
    pub policy: &'g Policy,
    /// The day on which exemptions are weighed.
    pub today: Date,
    /// The sources, where findings are to be traced to them.
    pub parsed: Option<&'g Parsed<'g>>,
    /// Where services were looked for in the sources; nothing where their kustomizations are all known to be readable.
    pub site: Option<Site<'g>>,
    /// What else the policy may hold for.
    pub scope: Scope<'g>,
    /// Who can tell what the files were before; nothing where nobody can.
    pub history: Option<Ask<'g>>,
    /// Whether what says what is deployed, and is no service's, is judged here.
    pub tells_deployers: bool,
    /// Findings that only whoever built it can tell.
    pub others: Vec<Finding>,
}

/// What else a policy may hold for than what is looked at.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'g> {
    /// Anything: nobody knows what the environments are a part of.
    Unknown,
    /// The services of a repository.
    Repository {
        /// Those that are left out.
        others: &'g [Service],
        /// Whether there may be more of them where nobody has looked.
        is_part: bool,
    },
}

/// A directory's resources.
pub type Resources<'t> = BTreeMap<&'t str, Vec<Resource<'t>>>;

/// Opens what was built, for whoever looks at it.
///
/// # Errors
///
/// Fails where a build is not what [`crate::snapshot::seal`] writes.
pub fn open<T>(builds: &Builds, look: impl FnOnce(&Resources<'_>) -> T) -> Result<T, YamlError> {
    let mut trees: BTreeMap<&str, Tree<'_>> = BTreeMap::new();
    for (directory, built) in builds {
        if let Ok(content) = built {
            trees.insert(directory, yaml::parse_json_lines(content)?);
        }
    }
    let resources = |tree| Tree::roots(tree).filter_map(Resource::read).collect();
    let all = trees.iter();
    let all = all.map(|(directory, tree)| (*directory, resources(tree)));
    Ok(look(&all.collect()))
}

/// What directories hold together, each resource once.
pub fn base<'t>(bases: &[String], resources: &Resources<'t>) -> Vec<Resource<'t>> {
    let mut seen = BTreeSet::new();
    bases
        .iter()
        .filter_map(|directory| resources.get(directory.as_str()))
        .flatten()
        .filter(|resource| seen.insert(resource.key()))
        .cloned()
        .collect()
}

/// An environment of a service, and the overlay that it is.
pub struct Member<'g> {
    /// The environment.
    pub environment: Environment<'g>,
    /// The overlay.
    pub overlay: &'g Overlay,
}

impl<'g> Deref for Member<'g> {
    type Target = Environment<'g>;

    fn deref(&self) -> &Self::Target {
        &self.environment
    }
}

impl<'g> Gate<'g> {
    /// A service's environments by the names that the policy knows them by, in promotion order.
    pub(super) fn members(&self, overlays: &'g [Overlay]) -> Vec<Member<'g>> {
        // What others are compared with, as the policy says it.
        let named: BTreeSet<&String> = overlays
            .iter()
            .filter(|overlay| matches!(overlay.baseline, Baseline::Named(_)))
            .flat_map(Overlay::reference)
            .collect();
        let is_baseline = |overlay: &Overlay| {
            overlay.baseline == Baseline::Bases && named.contains(&overlay.directory)
        };
        let given: Vec<Given<'g>> = overlays
            .iter()
            .map(|overlay| Given {
                name: &overlay.name,
                source: &overlay.directory,
                stands_on: overlay.reference(),
                base: match overlay.baseline {
                    Baseline::Bases => BASE,
                    Baseline::Named(_) | Baseline::Absent => &self.policy.baseline,
                },
                is_baseline: is_baseline(overlay),
            })
            .collect();
        let all = environment::environments(&given, self.policy).into_iter();
        let member = |environment: Environment<'g>| {
            let overlay = overlays.get(environment.at)?;
            Some(Member {
                environment,
                overlay,
            })
        };
        all.filter_map(member).collect()
    }

    /// The names of all environments.
    #[must_use]
    pub fn environments(&self) -> BTreeSet<String> {
        let services = self.layout.services.iter();
        let members = services.flat_map(|service| self.members(&service.overlays));
        members.map(|member| member.environment.name).collect()
    }

    /// The service that a finding is about.
    pub(super) fn service_of(&self, finding: &Finding) -> Option<&'g Service> {
        let mut services = self.layout.services.iter();
        services.find(|service| finding.service() == Some(&service.name))
    }

    /// The environments that the policy lists and the service lacks.
    pub(super) fn absent(&self, service: &Service, members: &[Member<'_>]) -> Vec<Absent> {
        if service.is_above {
            return Vec::new();
        }
        environment::absent(&service.name, &of(members), self.policy)
    }

    /// Whether the policy judges an environment.
    pub(super) fn is_judged(&self, member: &Member<'_>) -> bool {
        member.is_judged(self.policy)
    }

    /// Whether the policy is about another environment alone.
    pub(super) fn leaves_out(&self, member: &Member<'_>) -> bool {
        let only = self.policy.environment.as_ref();
        only.is_some_and(|only| *only != member.name)
    }
}

/// The environments that members are.
pub fn of<'g>(members: &[Member<'g>]) -> Vec<Environment<'g>> {
    let all = members.iter().map(|member| member.environment.clone());
    all.collect()
}

/// What a policy that lists environments calls one of a service's overlays.
#[must_use]
pub fn name_of(overlay: &Overlay, overlays: &[Overlay], listed: &[String]) -> String {
    let all = overlays.iter().map(|other| other.name.as_str());
    Names::listed(all, listed)
        .known_as(&overlay.name)
        .to_owned()
}
