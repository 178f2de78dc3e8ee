//! The gate: a layout and what its directories build, judged as one survey.
//!
//! Every environment against its own base and against its siblings, as
//! [`crate::function`] does it for what one build holds.

mod base;
mod scope;
mod unjudged;

use std::collections::{BTreeMap, HashMap};
use std::slice::from_ref;

use jiff::civil::Date;

use crate::blame::Target;
use crate::compare::comparison::{Against, Comparison, Sides, compare_known};
use crate::compare::pair::Pairing;
use crate::engine::Replay;
use crate::finding::{Finding, Reference};
use crate::layout::{self, Layout, Overlay};
use crate::policy::Policy;
use crate::repo::{Parsed, without_password};
use crate::resource::Resource;
use crate::rules::{self, Absent, Failure, Gaps, Input, Missing, files};
use crate::survey::Survey;
use crate::yaml::{self, Tree, YamlError};

use base::{base, is_next, shares_base};
pub use scope::Scope;
pub use unjudged::unjudged;

/// What the builds of directories came to: sealed resources, one canonical JSON object a line, or the builder's words.
pub type Builds = BTreeMap<String, Result<String, String>>;

/// Everything that the gate looks at.
pub struct Gate<'g> {
    /// Services and environments.
    pub layout: &'g Layout,
    /// What they build, by directory.
    pub builds: &'g Builds,
    /// The policy.
    pub policy: &'g Policy,
    /// The day on which exemptions are weighed.
    pub today: Date,
    /// The sources, where findings are to be traced to them.
    pub parsed: Option<&'g Parsed<'g>>,
    /// What else the policy may hold for.
    pub scope: Scope<'g>,
}

/// A directory's resources, whose trees the caller holds.
pub type Resources<'t> = BTreeMap<&'t str, Vec<Resource<'t>>>;

/// Parses what was built, so that it can be compared.
///
/// # Errors
///
/// Fails where a build is not what [`crate::snapshot::seal`] writes.
pub fn parse(builds: &Builds) -> Result<BTreeMap<&str, Tree<'_>>, YamlError> {
    builds
        .iter()
        .filter_map(|(directory, built)| Some((directory.as_str(), built.as_ref().ok()?)))
        .map(|(directory, content)| Ok((directory, yaml::parse_json_lines(content)?)))
        .collect()
}

/// The resources of what was built.
#[must_use]
pub fn resources<'t>(trees: &'t BTreeMap<&'t str, Tree<'t>>) -> Resources<'t> {
    trees
        .iter()
        .map(|(directory, tree)| {
            (
                *directory,
                tree.roots().filter_map(Resource::read).collect(),
            )
        })
        .collect()
}

/// The replays, each made when it is first asked for.
#[derive(Default)]
struct Replays<'g> {
    overlays: BTreeMap<&'g str, Replay<'g>>,
    bases: BTreeMap<&'g [String], Replay<'g>>,
}

impl<'g> Replays<'g> {
    fn overlay(&mut self, parsed: &'g Parsed<'g>, overlay: &'g Overlay) -> &Replay<'g> {
        let make = || Replay::overlay(parsed, &overlay.directory, &overlay.bases);
        self.overlays.entry(&overlay.directory).or_insert_with(make)
    }

    fn base(&mut self, parsed: &'g Parsed<'g>, bases: &'g [String]) -> &Replay<'g> {
        let make = || Replay::base(parsed, bases);
        self.bases.entry(bases).or_insert_with(make)
    }
}

/// The environments of a service that are to be judged, with what they are called.
struct Member<'g> {
    name: String,
    rank: Option<usize>,
    /// What its base is called: the environment that it is made of, if it is one.
    baseline: String,
    overlay: &'g Overlay,
}

/// One comparison, before it borrows its sides.
struct Planned<'g, 't> {
    environment: String,
    baseline: String,
    against: Against,
    /// Whether both sides are made of the same directories.
    is_made_of_one_base: bool,
    service: &'g str,
    base: Vec<Resource<'t>>,
    overlay: &'g [Resource<'t>],
}

impl<'g> Gate<'g> {
    /// Judges everything; `others` are findings that no comparison shows.
    #[must_use]
    pub fn survey(&self, resources: &'g Resources<'_>, mut others: Vec<Finding>) -> Survey {
        let mut replays = Replays::default();
        if let Some(parsed) = self.parsed {
            others.extend(self.lint(parsed, resources, &mut replays));
        }
        others.extend(unjudged(self.layout, self.parsed));
        let mut survey = Survey {
            notes: self.layout.notes.clone(),
            ..Survey::default()
        };
        let mut gaps = Gaps {
            look: self.look(resources, &others),
            others,
            ..Gaps::default()
        };
        let mut planned = Vec::new();
        for service in &self.layout.services {
            let members = self.members(&service.overlays);
            self.plan(&service.name, &members, resources, &mut planned, &mut gaps);
            survey.services.push(self.service(service, &members));
        }
        let names: Vec<Vec<&str>> = planned
            .iter()
            .map(|planned| vec![planned.service; planned.base.len()])
            .collect();
        let mut comparisons: Vec<Comparison<'_, '_>> = Vec::with_capacity(planned.len());
        // Every environment against its base comes before it is a side of another comparison.
        let mut baselines: HashMap<(&str, &str), usize> = HashMap::new();
        for (planned, services) in planned.iter().zip(&names) {
            let sides = Sides {
                environment: &planned.environment,
                baseline: &planned.baseline,
                against: planned.against,
                service: planned.service,
                base: &planned.base,
                services,
                overlay: planned.overlay,
                witnesses: &[],
            };
            let of = |name: &str| Some(&comparisons[*baselines.get(&(planned.service, name))?]);
            let known = match (
                planned.against,
                of(&planned.baseline),
                of(&planned.environment),
            ) {
                (Against::Sibling { .. }, Some(early), Some(late))
                    if planned.is_made_of_one_base =>
                {
                    Pairing::between(&early.pairing, &late.pairing)
                }
                _ => Vec::new(),
            };
            if planned.against == Against::Baseline {
                let of = (planned.service, planned.environment.as_str());
                baselines.insert(of, comparisons.len());
            }
            let mode = self.policy.identity;
            comparisons.push(compare_known(sides, mode, &known));
        }
        survey.report = rules::judge(&comparisons, &gaps, self.policy, self.today);
        rules::keep(&mut survey.report, self.policy, |finding| {
            self.is_asked(finding)
        });
        if let Some(parsed) = self.parsed {
            self.trace(parsed, &mut survey.report.findings, &mut replays);
        }
        survey
    }

    /// What can be said of the files of every overlay that builds.
    fn lint(
        &self,
        parsed: &'g Parsed<'g>,
        resources: &Resources<'_>,
        replays: &mut Replays<'g>,
    ) -> Vec<Finding> {
        let mut findings = Vec::new();
        for service in &self.layout.services {
            for member in self.members(&service.overlays) {
                let own = member.overlay;
                if !own.is_asked
                    || !self.is_judged(&member)
                    || !resources.contains_key(own.directory.as_str())
                {
                    continue;
                }
                let overlay = files::Overlay {
                    parsed,
                    replay: replays.overlay(parsed, own),
                    directory: &own.directory,
                    base: &base(own, resources),
                };
                let found = files::lint(overlay, self.policy).into_iter();
                findings.extend(found.map(|finding| Finding {
                    service: service.name.clone(),
                    environment: member.name.clone(),
                    baseline: member.baseline.clone(),
                    ..finding
                }));
            }
        }
        findings
    }

    /// Tells every finding the lines that it comes from.
    fn trace(&self, parsed: &'g Parsed<'g>, findings: &mut [Finding], replays: &mut Replays<'g>) {
        let of_one_service = |a: &Finding, b: &Finding| a.service == b.service;
        for findings in findings.chunk_by_mut(of_one_service) {
            let service = findings[0].service.as_str();
            let services = self.layout.services.iter();
            let Some(service) = services.into_iter().find(|known| known.name == service) else {
                continue;
            };
            let members = self.members(&service.overlays);
            let overlay = |name: &str| {
                let mut members = members.iter();
                members
                    .find(|member| member.name == name)
                    .map(|member| member.overlay)
            };
            for finding in findings
                .iter_mut()
                .filter(|finding| finding.place.is_none())
            {
                let Some(own) = overlay(&finding.environment) else {
                    continue;
                };
                let replay = replays.overlay(parsed, own);
                finding.place = match Target::overlay(finding) {
                    Some(target) => replay.cause(&target),
                    None => replay.kustomization(),
                };
                let Some(target) = Target::base(finding) else {
                    continue;
                };
                finding.base_place = match finding.reference {
                    Reference::Base => replays.base(parsed, &own.bases).standing(&target),
                    Reference::Sibling => overlay(&finding.baseline)
                        .and_then(|other| replays.overlay(parsed, other).cause(&target)),
                };
            }
        }
    }

    /// A service's environments by the names that the policy knows them by, in promotion order.
    fn members(&self, overlays: &'g [Overlay]) -> Vec<Member<'g>> {
        let listed = &self.policy.environments;
        // `production-eu` stands where production is listed, if it can only mean that.
        let place = |name: &String, overlay: &Overlay| {
            let own = listed.iter().position(|listed| listed == name);
            let is_alike =
                |listed: &String| overlay.rank.is_some() && layout::rank(listed) == overlay.rank;
            let is_one = listed.iter().filter(|name| is_alike(name)).count() == 1;
            own.or_else(|| listed.iter().position(|name| is_one && is_alike(name)))
        };
        let mut members: Vec<Member<'g>> = overlays
            .iter()
            .map(|overlay| {
                let name = name_of(overlay, overlays, listed);
                let rank = if listed.is_empty() {
                    overlay.rank
                } else {
                    place(&name, overlay)
                };
                Member {
                    name,
                    rank,
                    baseline: self.policy.baseline.clone(),
                    overlay,
                }
            })
            .collect();
        let layers: Vec<Option<String>> = members
            .iter()
            .map(|member| base::layer(member, &members).map(|layer| layer.name.clone()))
            .collect();
        for (member, layer) in members.iter_mut().zip(layers) {
            member.baseline = layer.unwrap_or_else(|| self.policy.baseline.clone());
        }
        members.sort_by(|a, b| {
            let key =
                |member: &Member<'_>| (member.rank.unwrap_or(usize::MAX), member.name.clone());
            key(a).cmp(&key(b))
        });
        members
    }

    fn plan<'t>(
        &self,
        service: &'g str,
        members: &[Member<'g>],
        resources: &'g Resources<'t>,
        planned: &mut Vec<Planned<'g, 't>>,
        gaps: &mut Gaps,
    ) {
        let before = (planned.len(), gaps.failures.len());
        self.plan_baselines(service, members, resources, planned, gaps);
        self.plan_siblings(service, members, resources, planned);
        let present = || members.iter().map(|member| member.name.clone()).collect();
        // A failure has been told.
        let is_empty = |overlay: &Overlay| {
            let own = resources.get(overlay.directory.as_str());
            own.is_some_and(Vec::is_empty) && base(overlay, resources).is_empty()
        };
        let input = if before != (planned.len(), gaps.failures.len()) {
            let is_nothing = members.iter().all(|member| is_empty(member.overlay));
            (is_nothing && !members.is_empty()).then_some(Input::Nothing)
        } else if members.is_empty() {
            // Variants alone, which is told elsewhere.
            None
        } else if members.iter().all(|member| member.overlay.bases.is_empty()) {
            Some(Input::Directories)
        } else {
            Some(Input::Untold)
        };
        if let Some(input) = input {
            gaps.baselines.push(Missing {
                service: service.to_owned(),
                environment: self.policy.environment.clone().unwrap_or_default(),
                baseline: self.policy.baseline.clone(),
                present: present(),
                resources: 0,
                input,
            });
        }
        if self.policy.environment.is_none() {
            let absent: Vec<&String> = self.absent(service, members).collect();
            let expected = self.policy.expected(service);
            let kept =
                expected.filter(|name| !absent.contains(name) && **name != self.policy.baseline);
            let kept: Vec<String> = kept.cloned().collect();
            gaps.environments
                .extend(absent.into_iter().map(|name| Absent {
                    service: service.to_owned(),
                    environment: name.clone(),
                    present: present(),
                    kept: kept.clone(),
                }));
        }
    }

    /// The environments that the policy lists and the service lacks.
    fn absent<'m>(
        &'m self,
        service: &'m str,
        members: &'m [Member<'_>],
    ) -> impl Iterator<Item = &'m String> {
        let listed = &self.policy.environments;
        let is_there = |name: &String| {
            let place = listed.iter().position(|known| known == name);
            members.iter().any(|member| member.rank == place)
        };
        // A baseline that is listed too is what environments are made of, not one of them.
        let expected = self.policy.expected(service);
        expected.filter(move |name| **name != self.policy.baseline && !is_there(name))
    }

    fn is_judged(&self, member: &Member<'_>) -> bool {
        let only = self.policy.environment.as_deref();
        only.is_none_or(|only| only == member.name)
    }

    /// Every environment against what its own base builds.
    fn plan_baselines<'t>(
        &self,
        service: &'g str,
        members: &[Member<'g>],
        resources: &'g Resources<'t>,
        planned: &mut Vec<Planned<'g, 't>>,
        gaps: &mut Gaps,
    ) {
        for member in members.iter().filter(|member| self.is_judged(member)) {
            let overlay = member.overlay;
            let failures = gaps.failures.len();
            for directory in overlay.bases.iter().chain([&overlay.directory]) {
                let is_base = *directory != overlay.directory;
                // What its base breaks is told once.
                let is_told = !is_base && gaps.failures.len() > failures;
                if let Some(Err(words)) = self.builds.get(directory).filter(|_| !is_told) {
                    let base = self.parsed.filter(|_| is_base);
                    let base = base.map(|parsed| Replay::base(parsed, from_ref(directory)));
                    gaps.failures.push(Failure {
                        service: service.to_owned(),
                        environment: member.name.clone(),
                        directory: without_password(directory).into_owned(),
                        is_base,
                        place: base.and_then(|base| base.kustomization()),
                        // What is rendered has no sources.
                        is_rendered: self.parsed.is_none(),
                        words: words.clone(),
                    });
                }
            }
            if gaps.failures.len() > failures || overlay.bases.is_empty() {
                continue;
            }
            let Some(own) = resources.get(overlay.directory.as_str()) else {
                continue;
            };
            planned.push(Planned {
                environment: member.name.clone(),
                baseline: member.baseline.clone(),
                against: Against::Baseline,
                is_made_of_one_base: false,
                service,
                base: base(overlay, resources),
                overlay: own,
            });
        }
    }

    /// Environments against those before them, but not against one that they are made of, which is their base.
    fn plan_siblings<'t>(
        &self,
        service: &'g str,
        members: &[Member<'g>],
        resources: &'g Resources<'t>,
        planned: &mut Vec<Planned<'g, 't>>,
    ) {
        let built: Vec<&Member<'_>> = members
            .iter()
            .filter(|member| resources.contains_key(member.overlay.directory.as_str()))
            .collect();
        let is_made_of = |one: &Overlay, other: &Overlay| one.bases.contains(&other.directory);
        // What others are made of is deployed by none of them.
        let is_layer = |overlay: &Overlay| {
            let mut others = members.iter();
            others.any(|other| is_made_of(other.overlay, overlay))
        };
        for (at, late) in built.iter().enumerate() {
            for (place, early) in built[..at].iter().enumerate() {
                let is_promoted = early.rank.zip(late.rank).is_some_and(|(a, b)| a < b);
                let is_next = place + 1 == at || (is_promoted && is_next(&built, early, late));
                if (!self.is_judged(late) && !self.is_judged(early))
                    || is_layer(early.overlay) != is_layer(late.overlay)
                    || is_made_of(early.overlay, late.overlay)
                    || is_made_of(late.overlay, early.overlay)
                    || !(is_next || is_promoted)
                {
                    continue;
                }
                planned.push(Planned {
                    environment: late.name.clone(),
                    baseline: early.name.clone(),
                    against: Against::Sibling {
                        is_next,
                        is_promoted,
                        is_of_one_base: shares_base(early.overlay, late.overlay, members),
                    },
                    is_made_of_one_base: early.overlay.bases == late.overlay.bases,
                    service,
                    base: resources[early.overlay.directory.as_str()].clone(),
                    overlay: &resources[late.overlay.directory.as_str()],
                });
            }
        }
    }
}

/// What a policy that lists environments calls one of a service's overlays.
#[must_use]
pub fn name_of(overlay: &Overlay, overlays: &[Overlay], listed: &[String]) -> String {
    if listed.contains(&overlay.name) {
        return overlay.name.clone();
    }
    // `prod` is what the policy calls production, if neither name could mean another.
    let is_alike = |name: &&String| overlay.rank.is_some() && layout::rank(name) == overlay.rank;
    let mut alike = listed.iter().filter(is_alike);
    let same_rank = overlays.iter().filter(|other| other.rank == overlay.rank);
    match (alike.next(), alike.next()) {
        (Some(name), None) if same_rank.count() == 1 => name.clone(),
        _ => overlay.name.clone(),
    }
}
