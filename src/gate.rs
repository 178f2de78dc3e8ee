//! The gate: a layout and what its directories build, judged as one survey.
//!
//! Every environment against its own base and against its siblings, as
//! [`crate::function`] does it for what one build holds.

mod base;
mod scope;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::slice::from_ref;

use jiff::civil::Date;

use crate::blame::Target;
use crate::compare::comparison::Against;
use crate::engine::Replay;
use crate::environment::{self, Environment, Given, Names, Planned};
use crate::finding::{Compared, Finding, Name};
use crate::layout::{Baseline, Layout, Overlay, Service};
use crate::policy::{BASE, Policy};
use crate::repo::{Parsed, without_password};
use crate::resource::Resource;
use crate::rules::{self, Absent, Failure, Gaps, Input, Missing, Unjudged, files};
use crate::survey::Survey;
use crate::yaml::{self, Tree, YamlError};

use base::base;
pub use scope::Scope;

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

/// An environment of a service, and the overlay that it is.
struct Member<'g> {
    environment: Environment<'g>,
    overlay: &'g Overlay,
}

impl<'g> Deref for Member<'g> {
    type Target = Environment<'g>;

    fn deref(&self) -> &Self::Target {
        &self.environment
    }
}

impl<'g> Gate<'g> {
    /// Judges everything; `others` are findings that no comparison shows.
    #[must_use]
    pub fn survey(&self, resources: &'g Resources<'g>, mut others: Vec<Finding>) -> Survey {
        let mut replays = Replays::default();
        if let Some(parsed) = self.parsed {
            others.extend(self.lint(parsed, resources, &mut replays));
        }
        let mut survey = Survey {
            notes: self.layout.notes.clone(),
            ..Survey::default()
        };
        let mut gaps = Gaps {
            look: self.look(resources, &others),
            others,
            unjudged: self.unjudged(),
            ..Gaps::default()
        };
        let mut planned = Vec::new();
        for service in &self.layout.services {
            let members = self.members(&service.overlays);
            self.plan(service, &members, resources, &mut planned, &mut gaps);
            survey.services.push(self.service(service, &members));
        }
        let comparisons = environment::compare(&planned, &[], self.policy.identity);
        survey.report = rules::judge(&comparisons, &gaps, self.policy, self.today);
        rules::keep(&mut survey.report, self.policy, |finding| {
            self.is_asked(finding)
        });
        if let Some(parsed) = self.parsed {
            self.trace(parsed, &mut survey.report.findings, &mut replays);
        }
        survey
    }

    /// What looks like an overlay and is not judged, with its place where the files are here.
    fn unjudged(&self) -> Vec<Unjudged> {
        let all = self.layout.unjudged.iter();
        all.map(|one| Unjudged {
            place: self.parsed.map(|parsed| one.find(parsed)),
            ..one.clone()
        })
        .collect()
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
                    base: &base(&own.bases, resources),
                };
                let found = files::lint(overlay, self.policy).into_iter();
                findings.extend(found.map(|finding| Finding {
                    service: Name::new(&service.name),
                    compared: Compared::with_base(&member.name, &member.baseline),
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
            let Some(service) = self.service_of(&findings[0]) else {
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
                let Some(own) = finding.environment().and_then(overlay) else {
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
                // What it is made of is asked where a value stands there, another environment what made it so.
                let other = match (&finding.compared, &own.baseline) {
                    (Compared::Sibling { .. }, _) | (_, Baseline::Named(_)) => {
                        finding.baseline().and_then(overlay)
                    }
                    (_, Baseline::Bases | Baseline::Absent) => None,
                };
                finding.base_place = match (&finding.compared, other) {
                    (_, Some(other)) => replays.overlay(parsed, other).cause(&target),
                    (Compared::Sibling { .. }, None) => None,
                    (_, None) => replays.base(parsed, own.reference()).standing(&target),
                };
            }
        }
    }

    /// The service that a finding is about.
    fn service_of(&self, finding: &Finding) -> Option<&'g Service> {
        let mut services = self.layout.services.iter();
        services.find(|service| finding.service() == Some(&service.name))
    }

    /// A service's environments by the names that the policy knows them by, in promotion order.
    fn members(&self, overlays: &'g [Overlay]) -> Vec<Member<'g>> {
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

    fn plan(
        &self,
        of: &'g Service,
        members: &[Member<'g>],
        resources: &'g Resources<'g>,
        planned: &mut Vec<Planned<'g>>,
        gaps: &mut Gaps,
    ) {
        let service = of.name.as_str();
        if self.lacks_baseline(service, members, gaps) {
            self.plan_siblings(service, members, resources, planned);
            return;
        }
        let before = (planned.len(), gaps.failures.len());
        self.plan_baselines(service, members, resources, planned, gaps);
        self.plan_siblings(service, members, resources, planned);
        let present = || members.iter().map(|member| member.name.clone()).collect();
        // A failure has been told.
        let is_empty = |overlay: &Overlay| {
            let own = resources.get(overlay.directory.as_str());
            own.is_some_and(Vec::is_empty) && base(overlay.reference(), resources).is_empty()
        };
        let input = if before != (planned.len(), gaps.failures.len()) {
            let is_nothing = members.iter().all(|member| is_empty(member.overlay));
            (is_nothing && !members.is_empty()).then_some(Input::Nothing)
        } else if members.is_empty() {
            // Variants alone, which is told elsewhere.
            None
        } else if members.iter().all(|member| member.stands_on.is_empty()) {
            Some(Input::Directories)
        } else {
            Some(Input::Untold)
        };
        if let Some(input) = input {
            gaps.baselines.push(Missing {
                service: Some(service.to_owned()),
                environment: self.policy.environment.clone(),
                baseline: self.policy.baseline.clone(),
                present: present(),
                resources: 0,
                input,
            });
        }
        if self.policy.environment.is_none() {
            let absent = self.absent(of, members);
            gaps.environments.extend(absent);
        }
    }

    /// Whether the policy names a baseline that the service, or any of its environments, is not made of.
    fn lacks_baseline(&self, service: &str, members: &[Member<'g>], gaps: &mut Gaps) -> bool {
        let judged = members.iter().filter(|member| self.is_judged(member));
        let (absent, there): (Vec<_>, Vec<_>) =
            judged.partition(|member| member.overlay.baseline == Baseline::Absent);
        let missing = |environment: Option<String>| Missing {
            service: Some(service.to_owned()),
            environment,
            baseline: self.policy.baseline.clone(),
            present: members.iter().map(|member| member.name.clone()).collect(),
            resources: 0,
            input: Input::Directories,
        };
        if there.is_empty() && !absent.is_empty() {
            gaps.baselines
                .push(missing(self.policy.environment.clone()));
            return true;
        }
        let absent = absent.into_iter().map(|member| Some(member.name.clone()));
        gaps.baselines.extend(absent.map(missing));
        false
    }

    /// The environments that the policy lists and the service lacks.
    fn absent(&self, service: &Service, members: &[Member<'_>]) -> Vec<Absent> {
        if service.is_above {
            return Vec::new();
        }
        environment::absent(&service.name, &of(members), self.policy)
    }

    fn is_judged(&self, member: &Member<'_>) -> bool {
        member.is_judged(self.policy)
    }

    /// Every environment against what its own base builds.
    fn plan_baselines(
        &self,
        service: &'g str,
        members: &[Member<'g>],
        resources: &'g Resources<'g>,
        planned: &mut Vec<Planned<'g>>,
        gaps: &mut Gaps,
    ) {
        for member in members.iter().filter(|member| self.is_judged(member)) {
            let overlay = member.overlay;
            let failures = gaps.failures.len();
            for directory in member.stands_on.iter().chain([&overlay.directory]) {
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
            if gaps.failures.len() > failures || member.stands_on.is_empty() {
                continue;
            }
            let Some(own) = resources.get(overlay.directory.as_str()) else {
                continue;
            };
            let base = base(member.stands_on, resources);
            planned.push(Planned {
                environment: member.name.clone(),
                baseline: member.baseline.clone(),
                against: Against::Baseline,
                is_made_of_one_base: false,
                service,
                services: vec![service; base.len()],
                base,
                overlay: Cow::Borrowed(own),
            });
        }
    }

    /// Environments against those before them.
    fn plan_siblings(
        &self,
        service: &'g str,
        members: &[Member<'g>],
        resources: &'g Resources<'g>,
        planned: &mut Vec<Planned<'g>>,
    ) {
        let resources = |one: &Environment<'_>| resources.get(one.source);
        let all = of(members);
        let listed = &self.policy.environments;
        let is_step = |one: &Environment<'_>| !one.is_baseline || listed.contains(&one.name);
        let pairs = environment::siblings(&all, self.policy, |one| {
            resources(one).is_some() && is_step(one)
        });
        for pair in pairs {
            let (early, late) = (&all[pair.early], &all[pair.late]);
            let (Some(base), Some(overlay)) = (resources(early), resources(late)) else {
                continue;
            };
            planned.push(Planned {
                environment: late.name.clone(),
                baseline: early.name.clone(),
                against: pair.against,
                is_made_of_one_base: pair.is_made_of_one_base,
                service,
                services: vec![service; base.len()],
                base: base.clone(),
                overlay: Cow::Borrowed(overlay),
            });
        }
    }
}

fn of<'g>(members: &[Member<'g>]) -> Vec<Environment<'g>> {
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
