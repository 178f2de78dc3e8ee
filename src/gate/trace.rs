//! The files and lines of findings, and findings about the files themselves.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use super::scene::{Gate, Member, Resources, base};
use crate::blame::Target;
use crate::catalog::RuleId;
use crate::compare::identity::Witness;
use crate::engine::{Copies, Replay};
use crate::environment::Planned;
use crate::finding::{Compared, Finding, Name};
use crate::layout::{Baseline, Overlay};
use crate::repo::{self, Parsed, Secrets};
use crate::rules::files;

/// The replays, each made at its first use.
#[derive(Default)]
pub struct Replays<'g> {
    overlays: BTreeMap<&'g str, Replay<'g>>,
    bases: BTreeMap<&'g [String], Replay<'g>>,
    secrets: OnceCell<Secrets>,
}

impl<'g> Replays<'g> {
    pub fn overlay(&mut self, parsed: &'g Parsed<'g>, overlay: &'g Overlay) -> &Replay<'g> {
        let make = || Replay::overlay(parsed, &overlay.directory, &overlay.bases);
        self.overlays.entry(&overlay.directory).or_insert_with(make)
    }

    /// The replays of two overlays.
    fn both(
        &mut self,
        parsed: &'g Parsed<'g>,
        one: &'g Overlay,
        other: &'g Overlay,
    ) -> (&Replay<'g>, &Replay<'g>) {
        self.overlay(parsed, one);
        self.overlay(parsed, other);
        let get = |overlay: &Overlay| &self.overlays[overlay.directory.as_str()];
        (get(one), get(other))
    }

    /// The values that these overlays copy out of Secrets into other resources.
    fn hidden(&mut self, parsed: &'g Parsed<'g>, members: &[Member<'g>]) -> Vec<String> {
        let mut all = Copies::default();
        for member in members {
            let copies = self.overlay(parsed, member.overlay).copies();
            all.texts.extend(copies.texts);
            all.has_hidden |= copies.has_hidden;
        }
        let mut texts: Vec<String> = all.texts.into_iter().collect();
        if all.has_hidden {
            let secrets = self.secrets.get_or_init(|| repo::secrets(parsed));
            texts.extend(secrets.texts().map(str::to_owned));
        }
        texts
    }

    fn base(&mut self, parsed: &'g Parsed<'g>, bases: &'g [String]) -> &Replay<'g> {
        let make = || Replay::base(parsed, bases);
        self.bases.entry(bases).or_insert_with(make)
    }
}

/// Gives every comparison the labels and annotations that the overlay adds to everything, as they
/// would be on a snapshot in a build, and the texts that no report may show.
pub fn witness<'g>(
    parsed: &'g Parsed<'g>,
    members: &[Member<'g>],
    planned: &mut [Planned<'_>],
    replays: &mut Replays<'g>,
) {
    let hidden = replays.hidden(parsed, members);
    for one in planned {
        one.hidden.clone_from(&hidden);
        let mut members = members.iter();
        let Some(own) = members.find(|member| member.name == one.environment) else {
            continue;
        };
        let (labels, annotations) = replays.overlay(parsed, own.overlay).everything();
        one.witnesses = vec![Witness {
            labels,
            annotations,
        }];
    }
}

/// Gives every comparison the texts that no report may show, if another tool has built both sides.
pub fn hide(gate: &Gate<'_>, members: &[Member<'_>], planned: &mut [Planned<'_>]) {
    let directories = members.iter().flat_map(|member| {
        let bases = member.stands_on.iter().chain(&member.overlay.bases);
        bases.chain([&member.overlay.directory])
    });
    let directories: BTreeSet<&String> = directories.collect();
    let hidden = directories
        .into_iter()
        .filter_map(|one| gate.hidden.get(one));
    let hidden: BTreeSet<&String> = hidden.flatten().collect();
    for one in planned {
        one.hidden = hidden.iter().copied().cloned().collect();
    }
}

/// The findings about the files of every overlay that builds.
pub fn lint<'g>(
    gate: &Gate<'g>,
    parsed: &'g Parsed<'g>,
    resources: &Resources<'_>,
    replays: &mut Replays<'g>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for service in &gate.layout.services {
        for member in gate.members(&service.overlays) {
            let own = member.overlay;
            if !own.is_asked
                || !gate.is_judged(&member)
                || !resources.contains_key(own.directory.as_str())
            {
                continue;
            }
            let overlay = files::Overlay {
                parsed,
                replay: replays.overlay(parsed, own),
                directory: &own.directory,
                base: &base(&own.bases, resources),
                built: &resources[own.directory.as_str()],
                lacking: gate.lacking.get(&own.directory).map_or(&[], Vec::as_slice),
            };
            let found = files::lint(overlay, gate.policy).into_iter();
            findings.extend(found.map(|finding| Finding {
                service: Name::new(&service.name),
                compared: Compared::with_base(&member.name, &member.baseline),
                ..finding
            }));
        }
    }
    findings
}

/// Adds the lines that cause them to findings.
pub fn trace<'g>(
    gate: &Gate<'g>,
    parsed: &'g Parsed<'g>,
    findings: &mut [Finding],
    replays: &mut Replays<'g>,
) {
    let of_one_service = |a: &Finding, b: &Finding| a.service == b.service;
    for findings in findings.chunk_by_mut(of_one_service) {
        let Some(service) = gate.service_of(&findings[0]) else {
            continue;
        };
        let members = gate.members(&service.overlays);
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
            // A base is asked for the place of its value, and another environment for the cause of
            // its value.
            let other = match (&finding.compared, &own.baseline) {
                (Compared::Sibling { .. }, _) | (_, Baseline::Named(_)) => {
                    finding.baseline().and_then(overlay)
                }
                (_, Baseline::Bases | Baseline::Absent) => None,
            };
            let target = Target::overlay(finding);
            // An existing value has a line; where environments must agree, it matters that the base
            // set it.
            let is_lack = target.is_some_and(|target| target.value.is_none());
            let theirs = match finding.compared {
                Compared::Sibling { .. }
                    if is_lack || finding.rule == RuleId::EnvironmentMismatch =>
                {
                    other.zip(Target::base(finding))
                }
                _ => None,
            };
            finding.place = match (target, theirs) {
                (Some(target), Some((other, theirs))) => {
                    let (replay, other) = replays.both(parsed, own, other);
                    replay.cause_beside(&target, other, &theirs)
                }
                (Some(target), None) => replays.overlay(parsed, own).cause(&target),
                (None, _) => replays.overlay(parsed, own).kustomization(),
            };
            let Some(target) = Target::base(finding) else {
                continue;
            };
            finding.base_place = match (&finding.compared, other) {
                (_, Some(other)) => replays.overlay(parsed, other).cause(&target),
                (Compared::Sibling { .. }, None) => None,
                (_, None) => replays.base(parsed, own.reference()).standing(&target),
            };
        }
    }
}
