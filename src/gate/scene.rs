//! The input of the gate, and the environments in it.

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

/// The builds of directories: sealed resources, one canonical JSON object per line, or the
/// builder's error message.
pub type Builds = BTreeMap<String, Result<String, String>>;

/// The entries of kustomizations that name missing sources of Secrets, which are absent by design;
/// by directory.
pub type Lacking = BTreeMap<String, Vec<Edge>>;

/// The texts that no report may show of a directory that another tool has built, because they are
/// also in a Secret there.
pub type Hidden = BTreeMap<String, Vec<String>>;

/// The input of the gate.
#[derive(Clone)]
pub struct Gate<'g> {
    /// Services and environments.
    pub layout: &'g Layout,
    /// Their builds, by directory.
    pub builds: &'g Builds,
    /// The entries that some of them were built without.
    pub lacking: &'g Lacking,
    /// The texts that no report may show of builds by other tools.
    pub hidden: &'g Hidden,
    /// The policy.
    pub policy: &'g Policy,
    /// The day against which exemptions are checked.
    pub today: Date,
    /// The sources, if findings are traced to them.
    pub parsed: Option<&'g Parsed<'g>>,
    /// The area where services were searched for in the sources; `None` if all their kustomizations
    /// are known to be readable.
    pub site: Option<Site<'g>>,
    /// The rest of what the policy may apply to.
    pub scope: Scope<'g>,
    /// The source of the files' past; `None` if there is none.
    pub history: Option<Ask<'g>>,
    /// Whether objects that declare deployments and belong to no service are judged here.
    pub tells_deployers: bool,
    /// Findings of the builder, which the gate cannot make.
    pub others: Vec<Finding>,
}

/// The services outside the gate's input that a policy may also apply to.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'g> {
    /// It is not known what the environments are part of.
    Unknown,
    /// The services of a repository.
    Repository {
        /// The services that are left out.
        others: &'g [Service],
        /// Whether there may be more of them in directories that were not read.
        is_part: bool,
    },
}

/// The resources of each directory.
pub type Resources<'t> = BTreeMap<&'t str, Vec<Resource<'t>>>;

/// Opens builds and passes their resources on.
///
/// # Errors
///
/// Fails if a build was not written by [`crate::snapshot::seal`].
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

/// The resources of several directories together, each resource once.
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

/// An environment of a service, and its overlay.
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
    /// A service's environments under the policy's names, in promotion order.
    pub(super) fn members(&self, overlays: &'g [Overlay]) -> Vec<Member<'g>> {
        // The environments that others are compared with, according to the policy.
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

    /// Whether the policy is about another environment only.
    pub(super) fn leaves_out(&self, member: &Member<'_>) -> bool {
        let only = self.policy.environment.as_ref();
        only.is_some_and(|only| *only != member.name)
    }
}

/// The environments of members.
pub fn of<'g>(members: &[Member<'g>]) -> Vec<Environment<'g>> {
    let all = members.iter().map(|member| member.environment.clone());
    all.collect()
}

/// The name of a service's overlay for a policy that lists environments.
#[must_use]
pub fn name_of(overlay: &Overlay, overlays: &[Overlay], listed: &[String]) -> String {
    let all = overlays.iter().map(|other| other.name.as_str());
    Names::listed(all, listed)
        .known_as(&overlay.name)
        .to_owned()
}
