//! The judgement: what the policy makes of the changes.
//!
//! Every rule is a function in a file of its name that reads a [`Comparison`]
//! and tells what it found. Severity is applied here, in one place, and nowhere
//! else.

mod added_resource;
mod base_guidance;
mod build_failure;
mod class;
mod environment_mismatch;
mod exemption;
mod inverted_resources;
mod limit_request_ratio;
mod matrix;
mod missing_baseline;
mod missing_environment;
pub mod permission;
mod removed_resource;
mod scale_factor;
mod told;
mod words;

use std::borrow::Cow;

use jiff::civil::Date;

use crate::catalog::{Class, Severity};
use crate::classify::{Surroundings, classify};
use crate::diff::{By, Change, Step, diff};
use crate::finding::{Finding, Report, Totals};
use crate::identity::{self, Identity};
use crate::pair::{Pairing, pair, pair_siblings};
use crate::path::{Path, Segment, Spot};
use crate::policy::{IdentityMode, Policy};
use crate::resource::Resource;
use crate::yaml::Node;

pub use build_failure::{Failure, unreadable};
pub use exemption::{Look, complained_of, exempts, scalar};
use matrix::{Matrix, matrices};
pub use missing_baseline::{Input, Missing};
pub use missing_environment::Absent;
use told::{Saying, Told, field};

/// What an environment is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The baseline, which says what all environments share.
    Baseline,
    /// Another environment of the same service, which comes before it.
    Sibling {
        /// Whether no other environment stands between the two.
        is_next: bool,
        /// Whether the policy says so: it lists both in promotion order.
        is_promoted: bool,
        /// Whether both are made of one base, so that what it holds was judged against it in both.
        is_of_one_base: bool,
    },
}

/// What was not there to be compared.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gaps {
    /// What has nothing to be compared with.
    pub baselines: Vec<Missing>,
    /// Environments that a service lacks.
    pub environments: Vec<Absent>,
    /// What could not be built.
    pub failures: Vec<Failure>,
    /// Findings that no comparison shows, to be weighed with the rest.
    pub others: Vec<Finding>,
    /// How much of a repository was looked at; `None` for what one build holds.
    pub look: Option<Look>,
}

/// Two environments, about to be compared.
#[derive(Clone, Copy, Debug)]
pub struct Sides<'c, 'a> {
    /// The environment that is judged.
    pub environment: &'c str,
    /// The environment that it is compared with.
    pub baseline: &'c str,
    /// What that environment is to it.
    pub against: Against,
    /// The one service of both sides; empty where the base may be of several.
    pub service: &'c str,
    /// The base's resources.
    pub base: &'c [Resource<'a>],
    /// The service of every resource of the base.
    pub services: &'c [&'a str],
    /// The overlay's resources.
    pub overlay: &'c [Resource<'a>],
    /// Items that only a transformation of everything reaches.
    pub witnesses: &'c [&'c Resource<'a>],
}

/// Two environments, paired, with every classified change between them.
#[derive(Debug)]
pub struct Comparison<'c, 'a> {
    /// What is compared.
    pub sides: Sides<'c, 'a>,
    /// Which resources belong together.
    pub pairing: Pairing,
    /// The changes of every matched pair, in the order of [`Pairing::matched`].
    pub changes: Vec<Vec<Classified<'a>>>,
}

/// A change and what it is for.
#[derive(Clone, Debug)]
pub struct Classified<'a> {
    /// The change.
    pub change: Change<'a>,
    /// Its class.
    pub class: Class,
}

/// Pairs, diffs and classifies two environments.
#[must_use]
pub fn compare<'c, 'a>(sides: Sides<'c, 'a>, mode: IdentityMode) -> Comparison<'c, 'a> {
    compare_known(sides, mode, &[])
}

/// [`compare`], where it is known that some resources belong together, as indices into the base and the overlay.
#[must_use]
pub fn compare_known<'c, 'a>(
    sides: Sides<'c, 'a>,
    mode: IdentityMode,
    known: &[(usize, usize)],
) -> Comparison<'c, 'a> {
    let pair = match sides.against {
        Against::Baseline => pair,
        Against::Sibling { .. } => pair_siblings,
    };
    let mut pairing = pair(sides.base, sides.overlay, known);
    let identities = match mode {
        IdentityMode::Cancel => learn(&sides, &pairing),
        IdentityMode::Strict => Vec::new(),
    };
    pairing.added.retain(|&at| {
        !identities
            .iter()
            .any(|(_, identity)| identity.is_own_namespace(&sides.overlay[at]))
    });
    let changes_of = |&(at, other): &(usize, usize)| {
        let (base, overlay) = (&sides.base[at], &sides.overlay[other]);
        let identity = identities
            .iter()
            .find(|(service, _)| *service == sides.services[at])
            .map(|(_, identity)| identity);
        let around = Surroundings {
            resource: overlay,
            base: sides.base,
            overlay: sides.overlay,
        };
        diff(base, overlay)
            .into_iter()
            .filter(|change| {
                identity.is_none_or(|identity| !identity.cancels(change, base, overlay))
            })
            .map(|change| Classified {
                class: classify(&change, around),
                change,
            })
            .collect()
    };
    let changes = pairing.matched.iter().map(changes_of).collect();
    Comparison {
        sides,
        pairing,
        changes,
    }
}

/// What the overlay does to everything, for every service of the base.
fn learn<'a>(sides: &Sides<'_, 'a>, pairing: &Pairing) -> Vec<(&'a str, Identity<'a>)> {
    let mut services: Vec<&str> = sides.services.to_vec();
    services.sort_unstable();
    services.dedup();
    services
        .into_iter()
        .map(|service| {
            let pairs: Vec<_> = pairing
                .matched
                .iter()
                .filter(|(at, _)| sides.services[*at] == service)
                .map(|&(at, other)| (&sides.base[at], &sides.overlay[other]))
                .collect();
            let removed: Vec<_> = pairing
                .removed
                .iter()
                .filter(|at| sides.services[**at] == service)
                .map(|&at| &sides.base[at])
                .collect();
            let mut identity = identity::learn(&pairs, &removed, sides.witnesses);
            identity.own_affixes.clone_from(&pairing.own_affixes);
            (service, identity)
        })
        .collect()
}

/// A rule's way to look at a comparison.
type Check = fn(&Comparison<'_, '_>, &Policy, &mut Vec<Finding>);

/// Every rule that reads a comparison.
const CHECKS: &[Check] = &[
    class::check,
    base_guidance::check,
    added_resource::check,
    removed_resource::check,
    scale_factor::check,
    limit_request_ratio::check,
];

/// Every rule that looks at the environments of one service together.
const MATRIX_CHECKS: &[fn(&Matrix<'_, '_>, &Policy, &mut Vec<Finding>)] = &[
    environment_mismatch::check,
    inverted_resources::check,
    scale_factor::check_matrix,
];

/// Judges comparisons, and what was not there to be compared.
#[must_use]
pub fn judge(
    comparisons: &[Comparison<'_, '_>],
    gaps: &Gaps,
    policy: &Policy,
    today: Date,
) -> Report {
    let mut findings = Vec::new();
    for comparison in comparisons {
        if comparison.sides.against == Against::Baseline {
            for check in CHECKS {
                check(comparison, policy, &mut findings);
            }
        }
    }
    for matrix in matrices(comparisons) {
        for check in MATRIX_CHECKS {
            check(&matrix, policy, &mut findings);
        }
    }
    missing_baseline::check(&gaps.baselines, &mut findings);
    missing_environment::check(&gaps.environments, &mut findings);
    build_failure::check(&gaps.failures, &mut findings);
    findings.extend(gaps.others.iter().cloned());
    for finding in &mut findings {
        finding.severity = severity(finding, policy);
    }
    exemption::apply(
        comparisons,
        gaps.look.as_ref(),
        policy,
        today,
        &mut findings,
    );
    findings.retain(|finding| finding.severity != Severity::Ignore);
    findings.sort_by(|a, b| a.order().cmp(&b.order()));
    let count = |severity| {
        findings
            .iter()
            .filter(|finding| finding.severity == severity)
            .count()
    };
    Report {
        totals: Totals {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            infos: count(Severity::Info),
            resources: matrix::resources(comparisons),
        },
        failed: findings
            .iter()
            .any(|finding| finding.severity >= policy.fail_on),
        findings,
    }
}

/// The weight of a finding: two environments that disagree weigh no more than one that leaves the base.
fn severity(finding: &Finding, policy: &Policy) -> Severity {
    let own = policy.severity(finding.rule);
    match (finding.rule, finding.class) {
        (environment_mismatch::RULE, Some(class)) => own.min(policy.severity(class.rule())),
        (environment_mismatch::RULE, None) => own.min(policy.severity("added-resource")),
        _ => own,
    }
}

impl<'a> Comparison<'_, 'a> {
    /// Every matched pair with its changes.
    fn pairs(&self) -> impl Iterator<Item = (Pair<'_, 'a>, &[Classified<'a>])> {
        self.pairing
            .matched
            .iter()
            .zip(&self.changes)
            .map(|(&(at, other), changes)| {
                let pair = Pair {
                    base: &self.sides.base[at],
                    overlay: &self.sides.overlay[other],
                    service: self.sides.services[at],
                };
                (pair, changes.as_slice())
            })
    }

    /// The service of a resource that the base does not have.
    fn foreign_service(&self) -> &str {
        match self.sides.services {
            [first, rest @ ..] if rest.iter().all(|service| service == first) => first,
            [] => self.sides.service,
            _ => "",
        }
    }
}

/// A base resource and what the overlay made of it.
#[derive(Clone, Copy)]
struct Pair<'p, 'a> {
    base: &'p Resource<'a>,
    overlay: &'p Resource<'a>,
    service: &'a str,
}

/// A path with elements by what they are.
fn keyed_path<'a>(steps: &[Step<'a>]) -> Path<'a> {
    Path(
        steps
            .iter()
            .map(|step| match step {
                Step::Field(name) => Segment::Field(Cow::Borrowed(*name)),
                Step::Element {
                    by: By::Keys(keys), ..
                } => Segment::Key(
                    keys.iter()
                        .map(|(key, value)| (Cow::Borrowed(*key), Cow::Borrowed(*value)))
                        .collect(),
                ),
                Step::Element {
                    by: By::Value(value),
                    ..
                } => Segment::Value(Cow::Borrowed(*value)),
                Step::Element {
                    by: By::Index,
                    base,
                    overlay,
                } => Segment::Index(overlay.or(*base).unwrap_or(0)),
            })
            .collect(),
    )
}

/// A path with elements by their place in the overlay, or in the base where the overlay lacks them.
fn index_path<'a>(steps: &[Step<'a>]) -> Path<'a> {
    Path(
        steps
            .iter()
            .map(|step| match step {
                Step::Field(name) => Segment::Field(Cow::Borrowed(*name)),
                Step::Element { base, overlay, .. } => {
                    Segment::Index(overlay.or(*base).unwrap_or(0))
                }
            })
            .collect(),
    )
}

/// A path as patterns look at it.
fn spots<'a>(steps: &[Step<'a>]) -> Vec<Spot<'a>> {
    let Path(segments) = keyed_path(steps);
    segments
        .into_iter()
        .zip(steps)
        .map(|(segment, step)| Spot {
            segment,
            index: match step {
                Step::Field(_) => None,
                Step::Element { base, overlay, .. } => overlay.or(*base),
            },
        })
        .collect()
}

/// Which of the two sides a path is followed on.
#[derive(Clone, Copy)]
enum Side {
    Base,
    Overlay,
}

/// Follows steps from the root of one side.
fn locate<'a>(root: Node<'a>, steps: &[Step<'_>], side: Side) -> Option<Node<'a>> {
    steps.iter().try_fold(root, |node, step| match step {
        Step::Field(name) => node.get(name),
        Step::Element { base, overlay, .. } => {
            let at = match side {
                Side::Base => *base,
                Side::Overlay => *overlay,
            };
            node.items().nth(at?)
        }
    })
}
