//! The registry: every rule with its checks, one per line.

use super::change::{added_resource, base_guidance, class, limit_request_ratio, removed_resource};
use super::exemption::{expired_exemption, expiring_exemption, unused_exemption};
use super::files::Overlay;
use super::files::{dead_patch, overlay_size, unchecked_file, unguarded_overlay, unjudged_overlay};
use super::found::Found;
use super::gaps::Gaps;
use super::gaps::{build_failure, missing_baseline, missing_environment};
use super::live::{
    controller_change, extra_object, manual_addition, manual_change, manual_removal,
    missing_object, out_of_sync, rollout_restart,
};
use super::loosened_policy;
use super::matrix::Matrix;
use super::matrix::{
    environment_mismatch, foreign_environment, inverted_replicas, inverted_resources, scale_factor,
    unpromoted_image,
};
use super::overridden::Overridden;
use super::own::Own;
use super::own::{
    argocd_ignored_drift, argocd_notifications, argocd_paused, argocd_self_heal, argocd_source,
    argocd_sync_options, replicas_and_autoscaler,
};
use crate::blame;
use crate::catalog::{Rule, RuleId};
use crate::compare::comparison::Comparison;
use crate::finding::Finding;
use crate::policy::Policy;

/// Reads an environment beside the base or environment that it is made of.
type OfChange = fn(&Comparison<'_, '_>, &Policy, &mut Found);
/// Reads an environment by itself.
type OfOwn = fn(&Own<'_, '_>, &Policy, &mut Found);
/// Reads the environments of one service together.
type OfMatrix = fn(&Matrix<'_, '_>, &Overridden<'_>, &Policy, &mut Found);
/// Reads what could not be compared because it is missing.
type OfGaps = fn(&Gaps, &mut Found);
/// Reads the files of an overlay.
type OfFiles = fn(Overlay<'_, '_>, &[blame::Entry], &Policy, &mut Vec<Finding>);

/// A rule and its checks.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    rule: &'static Rule,
    pub change: Option<OfChange>,
    pub own: Option<OfOwn>,
    pub matrix: Option<OfMatrix>,
    pub gaps: Option<OfGaps>,
    pub files: Option<OfFiles>,
}

/// Every rule, in the order of [`RuleId::ALL`].
///
/// The rules of classes share one check, [`class::check`], which like [`added_resource::check`] is given the changes of
/// all environments. Those about exemptions are found where exemptions
/// are applied, unchecked files by the reader of a package, and those about running objects by [`super::judge_live`].
pub(super) const REGISTRY: &[Entry] = &[
    rule(&added_resource::RULE),
    rule(&class::ANNOTATIONS),
    rule(&argocd_ignored_drift::RULE).own(argocd_ignored_drift::check),
    rule(&argocd_notifications::RULE).own(argocd_notifications::check),
    rule(&argocd_paused::RULE).own(argocd_paused::check),
    rule(&argocd_self_heal::RULE).own(argocd_self_heal::check),
    rule(&argocd_source::RULE).own(argocd_source::check),
    rule(&argocd_sync_options::RULE).own(argocd_sync_options::check),
    rule(&base_guidance::RULE).change(base_guidance::check),
    rule(&build_failure::RULE).gaps(build_failure::check),
    rule(&class::CONFIG_KEYS),
    rule(&class::CONTAINERS),
    rule(&controller_change::RULE),
    rule(&dead_patch::RULE).files(dead_patch::check),
    rule(&class::ENV_NAMES),
    rule(&class::ENV_VALUES),
    rule(&environment_mismatch::RULE).matrix(environment_mismatch::check),
    rule(&expired_exemption::RULE),
    rule(&expiring_exemption::RULE),
    rule(&extra_object::RULE),
    rule(&foreign_environment::RULE)
        .matrix(foreign_environment::check)
        .gaps(foreign_environment::check_gathered),
    rule(&class::HEALTH_CHECKS),
    rule(&class::HOSTNAMES),
    rule(&class::IMAGE),
    rule(&class::INGRESS_STRUCTURE),
    rule(&inverted_replicas::RULE).matrix(inverted_replicas::check),
    rule(&inverted_resources::RULE).matrix(inverted_resources::check),
    rule(&class::LABELS),
    rule(&limit_request_ratio::RULE).change(limit_request_ratio::check),
    rule(&loosened_policy::RULE),
    rule(&manual_addition::RULE),
    rule(&manual_change::RULE),
    rule(&manual_removal::RULE),
    rule(&missing_baseline::RULE).gaps(missing_baseline::check),
    rule(&missing_environment::RULE).gaps(missing_environment::check),
    rule(&missing_object::RULE),
    rule(&class::OTHER),
    rule(&out_of_sync::RULE),
    rule(&overlay_size::RULE).files(overlay_size::check),
    rule(&removed_resource::RULE).change(removed_resource::check),
    rule(&class::REPLICAS),
    rule(&replicas_and_autoscaler::RULE).own(replicas_and_autoscaler::check),
    rule(&class::RESOURCE_NAMES),
    rule(&class::RESOURCE_VALUES),
    rule(&rollout_restart::RULE),
    rule(&scale_factor::RULE)
        .change(scale_factor::check)
        .matrix(scale_factor::check_matrix),
    rule(&class::SERVICE_MESH),
    rule(&unchecked_file::RULE).files(unchecked_file::check),
    rule(&unguarded_overlay::RULE).files(unguarded_overlay::check),
    rule(&unjudged_overlay::RULE).gaps(unjudged_overlay::check),
    rule(&unpromoted_image::RULE).matrix(unpromoted_image::check),
    rule(&unused_exemption::RULE),
];

const fn rule(rule: &'static Rule) -> Entry {
    Entry {
        rule,
        change: None,
        own: None,
        matrix: None,
        gaps: None,
        files: None,
    }
}

impl Entry {
    const fn change(self, check: OfChange) -> Self {
        let change = Some(check);
        Self { change, ..self }
    }

    const fn own(self, check: OfOwn) -> Self {
        let own = Some(check);
        Self { own, ..self }
    }

    const fn matrix(self, check: OfMatrix) -> Self {
        let matrix = Some(check);
        Self { matrix, ..self }
    }

    const fn gaps(self, check: OfGaps) -> Self {
        let gaps = Some(check);
        Self { gaps, ..self }
    }

    const fn files(self, check: OfFiles) -> Self {
        let files = Some(check);
        Self { files, ..self }
    }
}

/// The record of every rule, sorted by name.
pub const RULES: &[&Rule] = &records();

/// The records of the registry; it does not compile unless every [`RuleId`] has exactly one, in its place.
const fn records() -> [&'static Rule; RuleId::ALL.len()] {
    assert!(REGISTRY.len() == RuleId::ALL.len());
    let mut all = [REGISTRY[0].rule; RuleId::ALL.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = REGISTRY[at].rule;
        assert!(all[at].id as usize == at);
        at += 1;
    }
    all
}

/// The record of a rule.
#[must_use]
pub const fn record(rule: RuleId) -> &'static Rule {
    RULES[rule as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_exactly_one_record_and_all_its_words() {
        let ids: Vec<RuleId> = RULES.iter().map(|rule| rule.id).collect();
        assert_eq!(ids, RuleId::ALL);
        for rule in RULES {
            assert_eq!(record(rule.id).id, rule.id);
            for sentence in [rule.summary, rule.why] {
                assert!(sentence.ends_with('.'), "{}: {sentence}", rule.id);
            }
            assert!(
                !rule.example.is_empty() && !rule.example.ends_with('.'),
                "{}",
                rule.id
            );
            assert_eq!(rule.max.is_some(), !rule.unit.is_empty(), "{}", rule.id);
        }
    }
}
