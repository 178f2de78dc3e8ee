//! Every change of each environment against its base, with the decision about it and its lines.

use super::plan::plan;
use super::scene::{Gate, Resources};
use super::trace::{Replays, trace, witness};
use crate::compare::comparison::{Against, Comparison};
use crate::environment;
use crate::finding::{Compared, Finding, Name, Place};
use crate::policy::IdentityMode;
use crate::rules::Gaps;
use crate::rules::permission::{Decision, beside, decide};

/// An environment and its changes.
#[derive(Clone, Debug)]
pub struct Changed<'g> {
    /// The service.
    pub service: &'g str,
    /// The environment, under the policy's name.
    pub environment: String,
    /// The name of its baseline.
    pub baseline: String,
    /// Its changes, in the order of its resources.
    pub changes: Vec<Change<'g>>,
}

/// A change, and the places of both values.
#[derive(Clone, Debug)]
pub struct Change<'g> {
    /// The decision about it.
    pub decision: Decision<'g>,
    /// Whether it is judged; otherwise it is part of the environment's identity.
    pub is_judged: bool,
    /// Its cause, if the sources are known.
    pub place: Option<Place>,
    /// The place of the base's value, if the sources are known.
    pub base_place: Option<Place>,
}

/// Every change of the environments that were asked for and that the policy judges.
#[must_use]
pub fn changes<'g>(gate: &Gate<'g>, resources: &'g Resources<'g>) -> Vec<Changed<'g>> {
    let mut replays = Replays::default();
    let mut all = Vec::new();
    for of in &gate.layout.services {
        let members = gate.members(&of.overlays);
        let mut planned = Vec::new();
        plan(
            gate,
            of,
            &members,
            resources,
            &mut planned,
            &mut Gaps::default(),
        );
        let is_asked = |name: &str| {
            let mut members = members.iter();
            members.any(|member| member.name == name && member.overlay.is_asked)
        };
        planned.retain(|one| one.against == Against::Baseline && is_asked(&one.environment));
        if let Some(parsed) = gate.parsed {
            witness(parsed, &members, &mut planned, &mut replays);
        }
        let decided = |comparison: &Comparison<'_, '_>| decide(comparison, gate.policy, gate.today);
        let strict = environment::compare(&planned, IdentityMode::Strict);
        let judged = environment::compare(&planned, gate.policy.identity);
        for (strict, judged) in strict.iter().zip(&judged) {
            let sides = &strict.sides;
            let decisions = beside(decided(strict), decided(judged));
            let compared = Compared::with_base(sides.environment, sides.baseline);
            let mut findings: Vec<Finding> = decisions
                .iter()
                .map(|(decision, _)| Finding {
                    service: Name::new(sides.service),
                    compared: compared.clone(),
                    resource: Some(decision.resource.clone()),
                    base_name: Some(decision.base_name.clone()),
                    field: Some(decision.field.clone()),
                    ..Finding::new(decision.rule, String::new(), String::new(), String::new())
                })
                .collect();
            if let Some(parsed) = gate.parsed {
                trace(gate, parsed, &mut findings, &mut replays);
            }
            let change =
                |((decision, is_judged), traced): ((Decision<'g>, bool), Finding)| Change {
                    decision,
                    is_judged,
                    place: traced.place,
                    base_place: traced.base_place,
                };
            all.push(Changed {
                service: &of.name,
                environment: sides.environment.to_owned(),
                baseline: sides.baseline.to_owned(),
                changes: decisions.into_iter().zip(findings).map(change).collect(),
            });
        }
    }
    all
}
