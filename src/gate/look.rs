//! The part of a repository that was checked, which decides whether exemptions count as unused, and
//! what the survey shows.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::{Gate, Member, Resources, Scope};
use crate::catalog::RuleId;
use crate::finding::{Compared, Finding};
use crate::layout::{self, Overlay, Service};
use crate::repo::without_password;
use crate::rules::{Look, Unjudged};
use crate::survey::{self, Environment, State};

/// The part of a repository that was checked.
pub fn look(gate: &Gate<'_>, resources: &Resources<'_>, others: &[Finding]) -> Option<Look> {
    let Scope::Repository {
        others: left_out,
        is_part,
    } = gate.scope
    else {
        return None;
    };
    let mut look = Look {
        // It is not known which services an unreadable file makes.
        is_part: is_part
            || others
                .iter()
                .any(|finding| finding.rule == RuleId::BuildFailure),
        has_files: gate.parsed.is_some(),
        ..Look::default()
    };
    for service in &gate.layout.services {
        // Environments are compared with each other, so one failed build leaves a gap in all.
        let mut directories = service.overlays.iter().flat_map(Overlay::directories);
        let is_built = directories.all(|directory| resources.contains_key(directory.as_str()));
        for member in gate.members(&service.overlays) {
            let is_asked = member.overlay.is_asked;
            let side = if is_built && is_asked && gate.is_judged(&member) {
                &mut look.seen
            } else {
                &mut look.unseen
            };
            let name = (service.name.clone(), member.environment.name);
            let mut directories = member.overlay.directories();
            if directories.any(|directory| gate.lacking.contains_key(directory)) {
                look.lacking.insert(name.clone());
            }
            side.insert(name);
        }
    }
    if let (false, Some(parsed), Some(site)) = (is_part, gate.parsed, &gate.site) {
        look.unused = layout::unused(parsed, site, &gate.policy.layout);
    }
    for service in left_out {
        for member in gate.members(&service.overlays) {
            look.unseen
                .insert((service.name.clone(), member.environment.name));
        }
    }
    Some(look)
}

/// The directories that look like overlays and are not judged, with their places if the files are
/// known.
pub fn unjudged(gate: &Gate<'_>) -> Vec<Unjudged> {
    let all = gate.layout.unjudged.iter();
    all.map(|one| Unjudged {
        place: gate.parsed.map(|parsed| one.find(parsed)),
        ..one.clone()
    })
    .collect()
}

/// The parts that were asked for of each service: some environments, or all.
#[derive(Default)]
pub struct Asked<'g> {
    services: BTreeMap<&'g str, Option<BTreeSet<String>>>,
}

impl<'g> Asked<'g> {
    /// Adds a service by its environments; none means all.
    pub fn add(&mut self, service: &'g Service, members: &[Member<'_>]) {
        let asked = members.iter().filter(|member| member.overlay.is_asked);
        let asked: BTreeSet<String> = asked.map(|member| member.name.clone()).collect();
        let is_all = members.iter().all(|member| member.overlay.is_asked);
        self.services
            .insert(&service.name, (!is_all).then_some(asked));
    }

    /// Whether a finding is about one of these environments, or about a service that was asked for
    /// as a whole.
    pub fn holds(&self, finding: &Finding) -> bool {
        let service = finding.service();
        let Some(Some(asked)) = service.and_then(|service| self.services.get(service)) else {
            return true;
        };
        finding.rule == RuleId::UnjudgedOverlay
            || finding
                .environment()
                .is_some_and(|name| asked.contains(name))
            || matches!(&finding.compared, Compared::Sibling { sibling, .. } if asked.contains(sibling.as_str()))
    }
}

/// A service in the survey: its environments that were asked for, with their states.
pub fn service(gate: &Gate<'_>, service: &Service, members: &[Member<'_>]) -> survey::Service {
    let all = service.overlays.iter().chain(&service.variants);
    let bases: BTreeSet<&String> = all.flat_map(|overlay| &overlay.bases).collect();
    let mut environments: Vec<Environment> = members
        .iter()
        .filter(|member| member.overlay.is_asked)
        .map(|member| Environment {
            name: member.name.clone(),
            directory: member.overlay.directory.clone(),
            state: match gate.builds.get(&member.overlay.directory) {
                // It was built for the others, and was not judged itself.
                Some(Ok(_)) if gate.leaves_out(member) => State::Skipped,
                Some(Ok(_)) => State::Judged,
                Some(Err(_)) => State::Failed,
                None => State::Skipped,
            },
        })
        .collect();
    if members.iter().all(|member| member.overlay.is_asked) {
        environments.extend(
            gate.absent(service, members)
                .into_iter()
                .map(|absent| Environment {
                    name: absent.environment,
                    directory: String::new(),
                    state: State::Missing,
                }),
        );
    }
    let variants = service.variants.iter();
    let variants = variants.filter(|variant| variant.is_asked);
    environments.extend(variants.map(|variant| Environment {
        name: variant.name.clone(),
        directory: variant.directory.clone(),
        state: State::Skipped,
    }));
    // The sort is stable: unlisted environments keep their order at the end.
    let listed = &gate.policy.environments;
    let place = |name: &String| {
        let member = members.iter().find(|member| member.name == *name);
        let own = member.and_then(|member| member.rank);
        own.or_else(|| listed.iter().position(|known| known == name))
    };
    environments.sort_by_key(|environment| place(&environment.name).unwrap_or(usize::MAX));
    survey::Service {
        name: service.name.clone(),
        bases: bases
            .into_iter()
            .map(|base| without_password(base).into_owned())
            .collect(),
        environments,
    }
}
